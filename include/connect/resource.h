/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REST resources of a connector class (API 1.3).
 *
 * A plugin that names a struct kc_resource has a mount, say /things, on every worker's listeners:
 *
 *     GET /things                       all connectors of the class, or
 *     GET /things/-/parts               a route of each, as one list
 *     POST /things/{connector}/parts    a request to one
 *
 * A request runs on the connector's own thread, between its other functions, on the worker that
 * owns the connector; any other worker forwards it. It goes through everything that Connect's own
 * requests go through: authentication, limits on bodies and memory, CORS, the access log. HEAD and
 * OPTIONS are answered by the worker. Requests for something that doesn't exist, or can't be asked
 * now, are answered as Connect does, in its form {"error_code":N,"message":"..."}:
 *
 *     404  no such route, no such connector, or one of another class
 *     405  the path is known, the method isn't
 *     409  a rebalance is under way; or the connector is paused, stopped or has failed
 *     413  the body is larger than rest.request.body.max.bytes
 *     503  the connector is shutting down, or the worker has too much to do
 *     500  the connector didn't answer in 90 seconds
 */
#ifndef CONNECT_RESOURCE_H
#define CONNECT_RESOURCE_H

#include "connect/contract.h"
#include "connect/map.h"

#include <jansson.h>

KC_API_BEGIN

struct kc_resource_request;

enum kc_resource_flag {
    KC_RESOURCE_BODY = 1,     /* reads the request's body */
    KC_RESOURCE_BYTES = 2,    /* answers other things than JSON: Accept isn't looked at */
    KC_RESOURCE_ANY_TYPE = 4, /* takes bodies of any Content-Type, not JSON alone */
    KC_RESOURCE_ALL = 8,      /* a GET whose JSON can be listed for all connectors */
    KC_RESOURCE_ANYWHERE = 16 /* needs the connector's configuration alone: runs on the worker that
                                 is asked, whether the connector runs or not, on a request thread,
                                 several at a time; connector is NULL */
};

/* A table row. Never grows. */
struct kc_resource_route {
    const char *method; /* GET, POST, PUT, PATCH or DELETE */
    /* Behind /mount/{connector}: "", "/parts", "/parts/{}", "/parts:pause". Each {} is one segment
     * of the path; there are three at most. */
    const char *pattern;
    unsigned flags;
    /* Answers the request; without an answer it is a 204. May block for as long as the connector's
     * other functions may wait for it. */
    void (*handle)(void *connector, struct kc_resource_request *request);
};

/* Static data. May grow. */
struct kc_resource {
    size_t size;
    const char *prefix; /* "/things": one segment that no other resource has */
    /* In a list over all connectors, a connector that couldn't be asked is an item with this field,
     * which has its name, and with error_code and message. */
    const char *name_field;
    const struct kc_resource_route *routes;
    size_t route_count;
    /* The same connectors in the words of another API: a resource with routes of its own, that has
     * no alias. Its prefix may have several segments, and {} for any one of them:
     * "/other/v1/areas/{}/things". What that matches comes before other parameters. NULL: none. */
    const struct kc_resource *alias;
    /* Answers a list over all connectors in a form of its own. list is taken: what each connector
     * answered, or its elements, and name_field, error_code and message of those that couldn't be
     * asked. On a request thread, without a connector. NULL: list is the answer. */
    void (*answer_all)(struct kc_resource_request *request, json_t *list);
    /* POST to the prefix itself: a new connector of the class, in the words of this resource. Fills
     * in its name and its configuration, the class but excepted; both stay NULL where nothing is to
     * be made, as in a dry run. It is made as by Connect's POST /connectors then, and the answer is
     * a 204. An error is answered. On a request thread, without a connector. NULL: there is none.
     */
    struct kc_error *(*create)(struct kc_resource_request *request, char **name,
                               struct kc_map **config);
};

/* ---- the question; returned pointers are valid until the handler returns ---- */

const char *kc_resource_method(const struct kc_resource_request *request);
const char *kc_resource_connector(const struct kc_resource_request *request); /* its name */
/* What was asked for, without the query: "http://host:port/things/a/parts". */
const char *kc_resource_url(const struct kc_resource_request *request);
/* The nth {} of the pattern, decoded, from 0 on; NULL: there are fewer. */
const char *kc_resource_param(const struct kc_resource_request *request, size_t n);
/* The nth value of a query parameter, decoded; NULL: there are fewer. */
const char *kc_resource_query(const struct kc_resource_request *request, const char *name,
                              size_t n);
/* "true" in any case is true, anything else false. */
bool kc_resource_query_bool(const struct kc_resource_request *request, const char *name,
                            bool absent);
/* name in lower case; NULL: there is none. */
const char *kc_resource_header(const struct kc_resource_request *request, const char *name);
/* The body as it came; of routes with KC_RESOURCE_BODY. */
const void *kc_resource_body(const struct kc_resource_request *request, size_t *len);
/* The same as JSON: a new reference, NULL for an empty body. An error is to be answered. */
struct kc_error *kc_resource_json(struct kc_resource_request *request, json_t **json) KC_MUST_CHECK;
/* The connector's configuration, variables resolved; NULL unless the route is
 * KC_RESOURCE_ANYWHERE. */
const struct kc_map *kc_resource_config(const struct kc_resource_request *request);

/* ---- the answer; the last one counts. Its status is from 200 to 599; others become a 500 ---- */

/* Takes body; NULL (what JSON can't express) is a 500. */
void kc_resource_answer_json(struct kc_resource_request *request, int status, json_t *body);
/* Copies the bytes and their media type. */
void kc_resource_answer_bytes(struct kc_resource_request *request, int status, const char *type,
                              const void *data, size_t len);
void kc_resource_answer_empty(struct kc_resource_request *request, int status);
/* Takes err, whose code gives the status (KC_ERR_NOT_FOUND: 404, KC_ERR_CONFLICT: 409, ...; 500
 * where it says none). NULL isn't an answer. */
void kc_resource_answer_error(struct kc_resource_request *request, struct kc_error *err);
/* An error with a status of one's own. */
void kc_resource_answer_status(struct kc_resource_request *request, int status, const char *fmt,
                               ...) KC_PRINTF(3, 4);
/* A header beside the answer. With an ETag, a GET whose If-None-Match has it becomes a 304. */
void kc_resource_answer_header(struct kc_resource_request *request, const char *name,
                               const char *value);

/* ---- what follows on the answer ---- */

/* Behind an answer of success the worker deletes the connector, or changes its configuration, as
 * Connect's DELETE /connectors/{name} and PATCH /connectors/{name}/config do. Where that fails, its
 * error is the answer. The last call counts; none in a route that is KC_RESOURCE_ANYWHERE. */
void kc_resource_then_delete(struct kc_resource_request *request);
/* Takes changes: keys with their new values, NULL for those that go away. */
void kc_resource_then_configure(struct kc_resource_request *request, struct kc_map *changes);

KC_API_END

#endif
