/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the parts of the client. Each may call those named before it: wire_loop.c (posting,
 * timers), wire_send.c (sending), metadata.c, coordinator_lookup.c, wire_router.c (which connection
 * a request takes), wire_client.c (its life). Connections (conn.h) know nothing of the client. All
 * of it belongs to the loop thread, except what `mutex` guards.
 */
#ifndef WORKER_WIRE_WIRE_CLIENT_PRIV_H
#define WORKER_WIRE_WIRE_CLIENT_PRIV_H

#include "connect/hash.h"
#include "connect/log.h"
#include "wire/conn.h"
#include "wire/pending_priv.h"
#include "wire/settings.h"
#include "wire/wire_client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

/* How often a client ticks when nothing can be due for a while. */
#define WIRE_QUIET_TICK_MS 500

struct wire_metadata;
struct wire_coordinators;
struct wire_security;

/* A place to connect to: broker and channel, or a bootstrap server (id -1, -2, ...). */
struct wire_node {
    int64_t key;
    int32_t id;
    int channel;
    struct kc_wire_client *client;
    struct wire_conn *conn; /* NULL: not connected */
    int failures;           /* in a row */
    int64_t retry_at_ms;    /* not before */
    struct kc_error *last_error;
    UT_hash_handle hh;
};

struct wire_post {
    void (*fn)(void *arg);
    void *arg;
    struct wire_post *next;
};

struct kc_wire_timer {
    struct kc_wire_client *client;
    uv_timer_t uv;
    void (*fn)(void *arg);
    void *arg;
};

/* The router's functions for the parts below it. */
struct wire_client_calls {
    void (*route)(struct kc_wire_client *client, struct wire_pending *pending); /* takes pending */
    void (*metadata_changed)(struct kc_wire_client *client);
    /* A look-up was refused for good; err is borrowed. */
    void (*coordinator_failed)(struct kc_wire_client *client, enum kc_wire_target_kind kind,
                               const char *key, const struct kc_error *err);
};

struct kc_wire_client {
    char *name;
    const struct wire_client_calls *calls;
    struct kc_wire_settings *settings;
    struct wire_security *security;
    struct kc_access *access;
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t wake;
    uv_prepare_t before_wait; /* what the loop posts to itself */
    uv_timer_t tick;

    pthread_mutex_t mutex;
    struct wire_post *posts; /* guarded by mutex, as the next two */
    struct wire_post *last_post;
    bool closed;       /* no more posts */
    atomic_int wakers; /* about to touch `wake` */

    struct wire_node *nodes;
    int16_t transaction_version; /* the cluster's feature level (KIP-890); 0: none */
    struct wire_metadata *metadata;
    struct wire_coordinators *coordinators;
    struct wire_pending *parked; /* waiting for metadata or a coordinator */
    bool stopping;
    bool about_to_wait; /* in before_wait: a task posted now runs in the next turn */
    bool quiet;         /* ticks slowly */
    unsigned int round_robin;
    struct wire_conn_shared conns;
};

/* wire_loop.c */
struct kc_error *wire_loop_start(struct kc_wire_client *client, uv_timer_cb on_tick) KC_MUST_CHECK;
void wire_loop_stop(struct kc_wire_client *client); /* the last thing that the loop does */
void wire_loop_join(struct kc_wire_client *client); /* not on the loop thread */
/* Something may be due soon: tick at the usual pace. */
void wire_client_hurry(struct kc_wire_client *client);
/* Nothing is due for a while: tick slowly. */
void wire_client_rest(struct kc_wire_client *client);

/* wire_send.c */
void wire_client_send(struct kc_wire_client *client, struct wire_pending *pending);

/* Sleeps a back-off, not past the deadline. Not on the loop thread. */
void wire_back_off(const struct kc_wire_client *client, int attempt, int64_t deadline_ms);

/* wire_router.c */
void wire_route(struct kc_wire_client *client, struct wire_pending *pending);
void wire_route_parked(struct kc_wire_client *client);
/* Fails the parked requests for a coordinator; err is copied. */
void wire_route_fail(struct kc_wire_client *client, enum kc_wire_target_kind kind, const char *key,
                     const struct kc_error *err);
void wire_router_tick(struct kc_wire_client *client, int64_t now);
/* Whether a request or a connection may need wire_router_tick() before then. */
bool wire_router_due(struct kc_wire_client *client, int64_t then);
void wire_router_close(struct kc_wire_client *client);
/* The connection's callbacks into its node. */
extern const struct wire_conn_events wire_node_events;
struct wire_node *wire_node_find(struct kc_wire_client *client, int32_t id, int channel);

/* metadata.c */
struct wire_metadata *wire_metadata_new(struct kc_wire_client *client);
void wire_metadata_destroy(struct wire_metadata *metadata);
void wire_metadata_tick(struct wire_metadata *metadata, int64_t now);
bool wire_metadata_refreshes(const struct wire_metadata *metadata); /* soon */
bool wire_metadata_address(const struct wire_metadata *metadata, int32_t id, const char **host,
                           int *port);
int32_t wire_metadata_controller(const struct wire_metadata *metadata); /* -1: not known */
/* The broker ids known, in no order; how many. */
size_t wire_metadata_brokers(const struct wire_metadata *metadata, int32_t *ids, size_t max);
/* Ask for the topic once, without tracking it. */
void wire_metadata_want(struct wire_metadata *metadata, const char *topic);
struct kc_error *
wire_metadata_last_error(const struct wire_metadata *metadata); /* a copy, or NULL */

/* coordinator_lookup.c */
struct wire_coordinators *wire_coordinators_new(struct kc_wire_client *client);
void wire_coordinators_destroy(struct wire_coordinators *coordinators);
/* The coordinator's broker id; -1: a look-up is under way. */
int32_t wire_coordinator_find(struct wire_coordinators *coordinators, enum kc_wire_target_kind kind,
                              const char *key);
void wire_coordinators_lost(struct wire_coordinators *coordinators, int32_t broker_id);
void wire_coordinators_tick(struct wire_coordinators *coordinators, int64_t now);

#endif
