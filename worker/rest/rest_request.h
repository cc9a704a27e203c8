/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request and its answer, free of libmicrohttpd, as resources see them.
 *
 * Made on the server's event thread, handled there or on a request thread, never on both at once.
 */
#ifndef WORKER_REST_REST_REQUEST_H
#define WORKER_REST_REST_REQUEST_H

#include "herder/herder.h"
#include "rest/byte_budget.h"

#define KC_REST_MAX_PARAMS 4
#define KC_REST_TIMEOUT_MS 90000
#define KC_REST_HEALTH_MS  10000

/* A flow of dedicated mode. */
struct kc_rest_flow {
    char *source;
    char *target;
    struct kc_herder *herder;
};

struct kc_route;
struct kc_mounts;

struct kc_rest_request {
    /* the question */
    const char *method;
    char *path;          /* raw, with its escapes, without the query */
    char *query;         /* raw; NULL: none */
    const char *version; /* "HTTP/1.1" */
    char *authority;     /* "http://host:port", from the Host header */
    struct kc_strings query_names;
    struct kc_strings query_values;
    struct kc_map *headers;     /* names in lower case */
    struct kc_str body;         /* kept only for routes that read it */
    size_t body_size;           /* bytes that came */
    struct kc_byte_share share; /* what body, parsing and answer take of the server's memory */
    char *params[KC_REST_MAX_PARAMS]; /* decoded path parameters, in order */
    size_t param_count;
    struct kc_herder *herder;         /* NULL: the request is about all flows */
    const struct kc_rest_flow *flows; /* in dedicated mode; borrowed */
    size_t flow_count;
    const struct kc_worker_config *config;
    const struct kc_route *route;   /* that answers it */
    const struct kc_mounts *mounts; /* resources of plugins; borrowed */

    /* the answer */
    int status;
    char *answer; /* NULL: empty */
    size_t answer_len;
    const char *content_type;
    char *own_type;         /* what content_type points to, where it isn't static */
    struct kc_map *replies; /* further headers of the answer; NULL: none */
    char *location;
    char *allow;
};

void kc_rest_request_destroy(struct kc_rest_request *request);

/* Fills path and query from the request line's URI, as it stands there. Once per request. */
void kc_rest_request_set_uri(struct kc_rest_request *request, const char *uri);

/* The first value of a query parameter; NULL when absent. */
const char *kc_rest_query(const struct kc_rest_request *request, const char *name);
/* Java's Boolean: "true" in any case is true, anything else false. */
bool kc_rest_query_bool(const struct kc_rest_request *request, const char *name, bool absent);

/* Answers. Each takes what it is given. JSON that couldn't be made (NULL) is a 500. */
/* Bytes of a media type, which is copied. */
void kc_rest_answer_bytes(struct kc_rest_request *request, int status, const char *type, void *data,
                          size_t len);
/* Text of a media type, which is static. */
void kc_rest_answer_text(struct kc_rest_request *request, int status, const char *type, char *text);
/* A header beside the answer; both are copied. Content-Length and the like are the server's. */
void kc_rest_answer_header(struct kc_rest_request *request, const char *name, const char *value);
/* How the answer may be kept: ETag and Cache-Control, NULL: none. A client that has it already
 * (If-None-Match) gets a 304 in its place. */
void kc_rest_answer_cached(struct kc_rest_request *request, const char *etag,
                           const char *cache_control);
/* Makes the 304 of an answer with an ETag that the client has; the server asks for it once. */
void kc_rest_revalidate(struct kc_rest_request *request);
void kc_rest_answer_json(struct kc_rest_request *request, int status, json_t *body);
void kc_rest_answer_empty(struct kc_rest_request *request, int status);
void kc_rest_answer_error(struct kc_rest_request *request, struct kc_error *err);
void kc_rest_answer_status(struct kc_rest_request *request, int status, const char *fmt, ...)
    KC_PRINTF(3, 4);
/* 201 with Location for a connector; takes info. */
void kc_rest_answer_created(struct kc_rest_request *request, const char *connector, json_t *info);

/* HTTP status of an error (ConnectExceptionMapper). */
int kc_rest_status(const struct kc_error *err);

/* The body as JSON, and nothing after it. *json NULL for an empty body. */
struct kc_error *kc_rest_body_json(struct kc_rest_request *request, json_t **json) KC_MUST_CHECK;
/* The same, but each number becomes its text in the body ("1.50", "1e3"), because Jackson doesn't
 * look at a number's value when it reads strings. */
struct kc_error *kc_rest_body_texts(struct kc_rest_request *request, json_t **json) KC_MUST_CHECK;
/* A JSON object of scalars as a map; numbers and booleans become text, as Jackson coerces them.
 * what names it in errors. */
struct kc_error *kc_rest_json_map(const json_t *json, const char *what,
                                  struct kc_map **map) KC_MUST_CHECK;

/* As String.trim(); owned by the caller. */
char *kc_rest_trimmed(const char *text);

/* A path segment with its escapes decoded, or NULL when they are malformed; owned by the caller. */
char *kc_rest_unescape(const char *text, size_t len, bool plus_is_space);

#endif
