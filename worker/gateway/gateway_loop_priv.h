/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loops of a gateway: each has a thread, and sessions that live and end on it.
 *
 * What comes from other threads is posted. A loop looks at its sessions twice a second, for what is
 * due by time. "Loop thread" is said of what only that thread may call.
 */
#ifndef WORKER_GATEWAY_GATEWAY_LOOP_PRIV_H
#define WORKER_GATEWAY_GATEWAY_LOOP_PRIV_H

#include "gateway/gateway_say_priv.h"
#include "gateway/gateway_session_priv.h"

#include <jansson.h>
#include <pthread.h>

/* Shared by all loops and sessions of a gateway, which outlives them. */
struct gateway_common {
    const struct gateway_config *config;
    struct gateway_nodes *nodes;
    struct gateway_limits *limits;
    struct gateway_versions versions;
    const struct gateway_router *router; /* NULL: everything is relayed */
    bool target_tls;
    bool check_hostname;
    struct kc_map *target_ssl;      /* ssl.* for clients' connections to the target */
    atomic_int sessions;            /* now */
    atomic_int members;             /* sessions with heartbeats of groups' members */
    atomic_int aside;               /* enum gateway_aside */
    atomic_int_least64_t aside_ms;  /* since when it isn't GATEWAY_ASIDE_NOT (kc_mono_ms()) */
    atomic_int_least64_t all_ms;    /* since when it is GATEWAY_ASIDE_ALL */
    atomic_bool left;               /* the last client has left since then */
    struct gateway_say say_refused; /* clients that take too much, or nothing */
    struct gateway_say say_broken;  /* connections that break */
};

/* Brokers' own addresses are told to clients from now on, as aside says, and clients' connections
 * end as soon as nothing is under way that a client would miss: members' at their next heartbeat,
 * all of them a while after GATEWAY_ASIDE_ALL. Any thread. */
void gateway_step_aside(struct gateway_common *common, enum gateway_aside aside);

struct gateway_post;

struct gateway_loop {
    struct gateway_common *common;
    int index;
    pthread_t thread;
    uv_loop_t uv;
    uv_async_t wake;
    uv_timer_t tick;
    pthread_mutex_t mutex;
    struct gateway_post *posts; /* guarded by mutex, as the next two */
    struct gateway_post *last_post;
    bool closed; /* no more posts */
    struct wire_stream_staging staging;
    struct wire_tls_context **listener_tls; /* per listener; NULL: plain */
    struct wire_tls_context *target_tls;    /* NULL: plain */
    struct gateway_session *sessions;
    atomic_int session_count;
    bool draining; /* no new requests are taken */
    bool stopping; /* nothing is left to wait for */
    /* Beside the sessions, on each tick; NULL: nothing. */
    void (*ticked)(void *arg);
    void *ticked_arg;
};

/* Makes the TLS contexts and starts the thread. */
struct kc_error *gateway_loop_new(struct gateway_common *common, int index,
                                  struct gateway_loop **loop) KC_MUST_CHECK;
/* Ends its sessions at once, and the thread. Posts are refused from then on. */
void gateway_loop_end(struct gateway_loop *loop);
/* After gateway_loop_end(), and after everybody who may post. NULL is fine. */
void gateway_loop_destroy(struct gateway_loop *loop);

/* Runs fn(arg) on the loop's thread, in order of posting; false: the loop has ended, and it never
 * runs. Any thread. */
bool gateway_loop_post(struct gateway_loop *loop, void (*fn)(void *arg), void *arg);
bool gateway_loop_is_own(const struct gateway_loop *loop); /* this thread is the loop's */
void gateway_loop_own(const struct gateway_loop *loop);    /* from now on it is */
/* Takes no new requests from now on, and ends each session that has none under way. Any thread. */
void gateway_loop_drain(struct gateway_loop *loop);

/* Takes a client's socket. broker: behind the port; -1: bootstrap, or by the host name (SNI). Any
 * thread. */
void gateway_loop_accept(struct gateway_loop *loop, size_t listener, int32_t broker, int fd,
                         const char *address);
/* Appends what the loop's clients are: objects as gateway_describe() has them. Loop thread. */
void gateway_loop_describe(const struct gateway_loop *loop, json_t *clients);

#endif
