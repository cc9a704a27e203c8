/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal requests to other workers over HTTP (RestClient), signed with the session key. Blocks:
 * any thread but the tick thread.
 */
#ifndef WORKER_HERDER_PEER_CLIENT_PRIV_H
#define WORKER_HERDER_PEER_CLIENT_PRIV_H

#include "herder/herder.h"

struct kc_peer_request {
    const struct kc_worker_config *config; /* for TLS and inter.worker.signature.algorithm */
    const struct kc_session_key *key;      /* NULL: unsigned */
    const char *method;
    const char *base_url; /* "http://host:port/" */
    const char *path;     /* rest_path or "" */
    const char *connector;
    const char *resource; /* "tasks", "fence" */
    const char *body;     /* NULL: none */
};

/* <base_url><path>connectors/<connector>/<resource>. An answer of 400 and more becomes an error
 * with the peer's message (403: KC_ERR_FORBIDDEN, 409: KC_ERR_CONFLICT). */
struct kc_error *kc_peer_send(const struct kc_peer_request *request) KC_MUST_CHECK;

#endif
