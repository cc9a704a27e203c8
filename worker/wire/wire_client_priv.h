/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the client share: wire_client.c (thread, posting, timers), wire_router.c (which
 * connection a request takes), metadata.c, conn*.c (one connection). All of it belongs to
 * the loop thread, but for what `mutex` guards.
 */
#ifndef WORKER_WIRE_WIRE_CLIENT_PRIV_H
#define WORKER_WIRE_WIRE_CLIENT_PRIV_H

#include "connect/hash.h"
#include "connect/log.h"
#include "wire/settings.h"
#include "wire/wire_client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <utlist.h>
#include <uv.h>

struct wire_conn;
struct wire_metadata;
struct wire_security;
struct kc_access;

/* A request on its way. In exactly one list: client->parked, conn->waiting or conn->in_flight. */
struct wire_pending {
    struct kc_wire_request *request;
    bool keep_request; /* kc_wire_call() sends it again */
    kc_wire_done done;
    void *arg;
    int64_t deadline_ms;  /* the caller's; 0: none */
    int64_t answer_by_ms; /* request.timeout.ms after it was sent: else the connection is closed */
    size_t reply_max;     /* the request's; 0: none */
    enum kc_api api;
    int32_t correlation;
    int16_t version;
    struct wire_pending *prev, *next;
};

/* A place to connect to: broker and lane, or a bootstrap server (id -1, -2, ...). */
struct wire_node {
    int64_t key;
    int32_t id;
    int lane;
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

struct kc_wire_client {
    char *name;
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
    struct wire_pending *parked; /* waiting for metadata or a coordinator */
    bool stopping;
    bool about_to_wait; /* in before_wait: what is posted now is for the next turn */
    bool quiet;         /* ticks slowly */
    unsigned int round_robin;
    int32_t next_correlation;
    char staging[65536]; /* where sockets are read to; empty between callbacks */
};

/* wire_client.c */
void wire_pending_finish(struct wire_pending *pending,
                         struct kc_wire_reply *reply);                      /* takes both */
void wire_pending_fail(struct wire_pending *pending, struct kc_error *err); /* takes both */
/* Tells the caller of err now; pending stays in its list until the answer comes. Takes err. */
void wire_pending_abandon(struct wire_pending *pending, struct kc_error *err);
/* Takes both; frame's memory is of cap bytes. */
struct kc_wire_reply *wire_reply_new(uint8_t *frame, size_t cap, struct kc_arena *arena);
/* Something may be due soon: tick at the usual pace. */
void wire_client_hurry(struct kc_wire_client *client);
void wire_client_send(struct kc_wire_client *client, struct wire_pending *pending);
struct wire_pending *wire_pending_new(struct kc_wire_request *request, kc_wire_done done,
                                      void *arg);

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
/* A connection ended: err (borrowed) says why, NULL when idle. */
void wire_node_closed(struct wire_node *node, const struct kc_error *err, bool was_ready);
void wire_node_ready(struct wire_node *node);
struct wire_node *wire_node_find(struct kc_wire_client *client, int32_t id, int lane);

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

/* coordinator_lookup.c, kept by the metadata */
struct wire_coordinators;
struct wire_coordinators *wire_coordinators_new(struct kc_wire_client *client);
void wire_coordinators_destroy(struct wire_coordinators *coordinators);
struct wire_coordinators *wire_metadata_coordinators(struct wire_metadata *metadata);
/* The coordinator's broker id; -1: a look-up is under way. */
int32_t wire_coordinator_find(struct wire_coordinators *coordinators, enum kc_wire_target_kind kind,
                              const char *key);
void wire_coordinators_lost(struct wire_coordinators *coordinators, int32_t broker_id);
void wire_coordinators_tick(struct wire_coordinators *coordinators, int64_t now);

#endif
