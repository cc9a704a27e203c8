/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP(S) exchange on libcurl: the one place where a handle is set up. Forwarding, logins and
 * connectors differ in trust, time-outs and in what counts as a failure.
 *
 * Each request has a handle of its own, because requests are rare, and a kept connection would
 * outlive changed stores. libcurl must be built on OpenSSL: our reader of the ssl.* settings fills
 * its context, so that stores of every kind work. Redirects are never followed. Blocking; any
 * thread.
 */
#ifndef WORKER_HTTP_HTTP_TRANSFER_PRIV_H
#define WORKER_HTTP_HTTP_TRANSFER_PRIV_H

#include "connect/http.h"

#include <curl/curl.h>
#include <stdatomic.h>

/* Borrowed; what is NULL or 0 isn't used. */
struct http_transfer {
    const struct kc_http_request *request;
    const char *const *headers;   /* beside the request's; NULL-terminated */
    const struct kc_map *ssl;     /* ssl.* of Java; NULL: what libcurl trusts, or ca_file */
    const char *ca_file;          /* PEM */
    long connect_ms;              /* 0: 10 s */
    bool no_proxy;                /* whatever the environment says */
    const atomic_bool *cancelled; /* ends the transfer about a second later */

    struct kc_http_reply *reply;
    struct kc_error *tls_error; /* out, the caller's: the settings can't be used */
    char why[CURL_ERROR_SIZE];  /* out, with a failure */
};

/* Any status is success. A failure says why in `why` or tls_error. */
CURLcode http_transfer_run(struct http_transfer *transfer);

#endif
