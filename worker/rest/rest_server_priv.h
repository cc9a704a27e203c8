/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by rest_server.c (listeners, life) and exchange.c (requests). */
#ifndef WORKER_REST_REST_SERVER_PRIV_H
#define WORKER_REST_REST_SERVER_PRIV_H

#include "rest/http_daemon_priv.h"
#include "rest/mounts_priv.h"
#include "rest/request_pool_priv.h"
#include "rest/rest_auth_priv.h"
#include "rest/rest_filter_priv.h"
#include "rest/rest_server.h"

#include <stdatomic.h>

#define KC_REST_MAX_LISTENERS 16
#define KC_REST_MAX_MOUNTS    256

/* A listener and its event thread. */
struct kc_endpoint {
    struct kc_rest_server *server;
    struct kc_listener listener;
    struct kc_http_daemon *daemon;
};

/* One pool per thing that a request may wait for, so that a kind of request that hangs doesn't stop
 * the others. */
enum kc_rest_pool {
    KC_POOL_SIGHT,   /* /health, /metrics */
    KC_POOL_HERDER,  /* what the herder answers */
    KC_POOL_OUTSIDE, /* what plugins, brokers and other workers answer */
    KC_POOLS,
};

struct kc_rest_server {
    const struct kc_worker_config *config;
    struct kc_endpoint endpoints[KC_REST_MAX_LISTENERS];
    size_t count;
    char *url;
    char *worker_id;
    unsigned main_excluded; /* route flags that the main listeners don't serve */
    struct kc_rest_filter *filter;
    struct kc_rest_auth *auth;
    struct kc_request_pool *pools[KC_POOLS];
    struct kc_connection_guard *guard;
    struct kc_byte_budget *budget;
    size_t max_body;
    size_t max_connections;
    struct kc_mounts *resources; /* NULL until there is a herder */
    _Atomic(struct kc_herder *) herder;
    struct kc_rest_flow mounts[KC_REST_MAX_MOUNTS];
    atomic_size_t mount_count;
    atomic_int open_requests; /* whose answers haven't been sent */
};

/* libmicrohttpd's handlers of a listener's requests. */
struct kc_http_handlers kc_exchange_handlers(struct kc_endpoint *endpoint);

/* The job of a request pool: handles the request, and wakes its connection. */
void kc_exchange_run(void *exchange);

#endif
