/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by gateway_source.c (the client) and gateway_source_write.c (writes on their way). What a
 * write needs lives on the client's loop thread, but for what `mutex` guards.
 */
#ifndef WORKER_GATEWAY_GATEWAY_SOURCE_WRITE_PRIV_H
#define WORKER_GATEWAY_GATEWAY_SOURCE_WRITE_PRIV_H

#include "connect/hash.h"
#include "gateway/gateway_source_priv.h"

#include <pthread.h>
#include <stdatomic.h>

/* A topic whose leaders are kept known. */
struct gateway_tracked {
    char *topic;
    UT_hash_handle hh;
};

/* A write on its way. */
struct gateway_flow {
    struct gateway_source *source;
    struct gateway_write *write;
    bool *sent;                       /* by batch */
    size_t unsent;                    /* batches that wait for their leader */
    size_t waiting;                   /* batches without a result */
    struct gateway_flow *prev, *next; /* in `waiting`, while unsent > 0 */
};

struct gateway_source {
    struct kc_wire_client *client;
    atomic_uint next_channel;
    _Atomic int64_t tag; /* of cluster_id; -1: not known yet */
    pthread_mutex_t mutex;
    char *cluster_id;

    struct gateway_tracked *tracked; /* these and what follows: loop thread */
    struct gateway_flow *waiting;    /* in the order of their calls */
    struct kc_wire_timer *timer;
    bool asking; /* who the cluster is */
    bool ending;
    int64_t told_ms; /* of the last line about a refusal */
};

/* Metadata without topics: its answer names the cluster. */
struct kc_wire_request *gateway_source_identity_request(void);
void gateway_source_note_identity(struct gateway_source *source, const struct kc_wire_reply *reply);

void gateway_writes_begin(struct gateway_source *source);
/* Answers what waits, and sends nothing any more. Blocks until the loop has done so. */
void gateway_writes_end(struct gateway_source *source);

#endif
