/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One blocking HTTP(S) request of a login: a token endpoint, an STS, an instance's metadata.
 *
 * Redirects are never followed, because only the settings may say where a request goes.
 */
#ifndef WORKER_HTTP_WEB_REQUEST_PRIV_H
#define WORKER_HTTP_WEB_REQUEST_PRIV_H

#include "connect/mem.h"

#include <stdatomic.h>

/* Borrowed; what is NULL or 0 isn't used. */
struct wire_web_request {
    const char *method; /* NULL: GET, or POST with a body */
    const char *url;
    const char *headers[4]; /* "Name: value" */
    const char *body;       /* a form, unless a header says something else */
    const char *user;       /* of basic authentication */
    const char *password;
    const char *ca_file; /* PEM; NULL: the system's */
    long connect_ms;     /* 0: 10 s */
    long answer_ms;      /* 0: 30 s */
    bool no_proxy;       /* link-local addresses and the like */
    const atomic_bool *cancelled;
};

struct wire_web_reply { /* zero-initialise */
    long status;
    struct kc_str body; /* up to 1 MiB */
};

/* Any status is success; a retriable KC_ERR_IO says why there was no answer. Blocks for the time
 * limits, or about a second after *cancelled. */
struct kc_error *wire_web_send(const struct wire_web_request *request,
                               struct wire_web_reply *reply) KC_MUST_CHECK;
void wire_web_reply_clear(struct wire_web_reply *reply);

#endif
