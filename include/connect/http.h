/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests of connectors, with the TLS settings of Java's clients (API 1.3).
 *
 * A client has a thread of its own that makes one request after the other; callers don't wait.
 * Redirects aren't followed: where a request goes is what its URL says.
 */
#ifndef CONNECT_HTTP_H
#define CONNECT_HTTP_H

#include "connect/map.h"

KC_API_BEGIN

/* One request. A field that is NULL or 0 isn't used, or has its default. Never grows. */
struct kc_http_request {
    const char *method;               /* NULL: GET, or POST with a body */
    const char *url;                  /* http or https */
    const struct kc_strings *headers; /* "Name: value" */
    const char *body;
    size_t body_len;       /* 0: the body is a terminated text */
    const char *body_type; /* its Content-Type, unless headers have one */
    size_t max_reply;      /* bytes of the answer's body; a larger answer is an error; 0: 1 MiB */
    int timeout_ms;        /* from the connection to the last byte; 0: 30000 */
    const char *user;      /* of basic authentication */
    const char *password;
};

/* An answer. Never grows. */
struct kc_http_reply {
    long status; /* 200, 404, ... */
    struct kc_str body;
    char *location;         /* the header; NULL: none */
    struct kc_map *headers; /* all of them, names in lower case; NULL: there is no answer */
};

struct kc_http_client;

/* settings: ssl.* of Java's clients (ssl.truststore.location, ssl.keystore.location,
 * ssl.endpoint.identification.algorithm, ...); other keys are ignored. KC_ERR_CONFIG names the
 * setting that is wrong. name is for the thread. */
struct kc_error *kc_http_client_new(const struct kc_map *settings, const char *name,
                                    struct kc_http_client **client) KC_MUST_CHECK;
/* Before this returns, waiting requests come back with KC_ERR_WAKEUP, and the running one within
 * about a second. Not from a request's function. NULL is fine. */
void kc_http_client_destroy(struct kc_http_client *client);

/* On the client's thread (where it can't be started, on the caller's). err NULL: there is an
 * answer, whatever its status. Else reply is NULL: a retriable KC_ERR_IO when nobody answered in
 * time or the answer was too large, KC_ERR_WAKEUP. Both are borrowed. */
typedef void (*kc_http_done)(void *arg, const struct kc_http_reply *reply,
                             const struct kc_error *err);
/* Makes the request later; everything is copied. done runs once. Any thread. */
void kc_http_client_send(struct kc_http_client *client, const struct kc_http_request *request,
                         kc_http_done done, void *arg);

/* Percent-encodes everything but unreserved characters, for a path segment. Owned by the caller. */
char *kc_http_escape(const char *text);

KC_API_END

#endif
