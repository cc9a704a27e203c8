/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP(S) requests to other workers (RestClient): one set of time limits and TLS settings for
 * forwarding by REST and for the herder's internal requests.
 *
 * Over https the worker presents the key of its listeners' key store and trusts the certificates of
 * their trust store (listeners.https.ssl.*, else ssl.*); stores are read anew for each request.
 * Blocks: any thread but the tick thread and event threads.
 */
#ifndef WORKER_HTTP_HTTP_CLIENT_H
#define WORKER_HTTP_HTTP_CLIENT_H

#include "config/worker_config.h"
#include "connect/http.h"

/* Once, before threads start. */
void kc_http_init(void);

/* Beside the request's headers there are Accept and User-Agent; a body is JSON, and the time is
 * limited to 90 s, unless the request says otherwise. Any status is success; KC_ERR_CONNECT with
 * Java's text when there was no answer, KC_ERR_CONFIG when a store can't be used. reply is zeroed
 * at first. */
struct kc_error *kc_http_send(const struct kc_worker_config *config,
                              const struct kc_http_request *request,
                              struct kc_http_reply *reply) KC_MUST_CHECK;
/* The same for those who have no worker's settings: ssl are ssl.* of Java's clients, NULL: what the
 * system trusts. No answer is a retriable KC_ERR_IO that says why. Proxies of the environment
 * aren't used. */
struct kc_error *kc_http_ask(const struct kc_map *ssl, const struct kc_http_request *request,
                             struct kc_http_reply *reply) KC_MUST_CHECK;
void kc_http_reply_clear(struct kc_http_reply *reply);

#endif
