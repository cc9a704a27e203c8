/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP(S) requests to other workers (RestClient): one set of time limits and TLS settings for
 * forwarding by REST and for the herder's internal requests.
 *
 * Over https the worker presents the key of its own listeners' key store and trusts what their
 * trust store holds (listeners.https.ssl.*, else ssl.*); stores are read anew for each request.
 * Blocks: any thread but the tick thread and event threads.
 */
#ifndef WORKER_HTTP_HTTP_CLIENT_H
#define WORKER_HTTP_HTTP_CLIENT_H

#include "config/worker_config.h"

struct kc_http_request {
    const char *method;
    const char *url;
    const struct kc_strings *headers; /* "Name: value", beside Accept, User-Agent, Content-Type */
    const char *body;                 /* NULL: none */
    size_t body_len;                  /* 0: body is text */
    const char *body_type;            /* its Content-Type; NULL: JSON */
    size_t max_reply;                 /* bytes; a larger answer is an error */
};

struct kc_http_reply { /* zero-initialise */
    long status;
    struct kc_str body;
    char *location;         /* NULL: none */
    struct kc_map *headers; /* all of them, names in lower case; NULL: no answer */
};

/* Once, before threads start. */
void kc_http_init(void);

/* Any status is success; KC_ERR_CONNECT with Java's text when there was no answer, KC_ERR_CONFIG
 * when a store can't be used. */
struct kc_error *kc_http_send(const struct kc_worker_config *config,
                              const struct kc_http_request *request,
                              struct kc_http_reply *reply) KC_MUST_CHECK;
void kc_http_reply_clear(struct kc_http_reply *reply);

/* Percent-encodes everything but unreserved characters, for a path segment. Owned by the caller. */
char *kc_http_escape(const char *text);

#endif
