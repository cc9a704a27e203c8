/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the raw lane's parts: raw_lane.c (life cycle, sending), raw_results.c (results),
 * raw_recover.c (what the target sent back), raw_missing.c (missing topics). See raw_lane.c for
 * owners and the lock.
 */
#ifndef WORKER_SOURCE_RAW_LANE_STATE_PRIV_H
#define WORKER_SOURCE_RAW_LANE_STATE_PRIV_H

#include "append/appender.h"
#include "connect/hash.h"
#include "source/raw_lane_priv.h"
#include "source/raw_target_priv.h"
#include "wire/record_errors.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { KC_RAW_IN_FLIGHT_BYTES = 8 << 20 };

/* A partition of the target. */
struct raw_part {
    char *key;
    const char *topic; /* within key */
    int32_t partition;
    bool records; /* note_record(); the task's thread */
    uint64_t next_sequence;
    int64_t announced_ms; /* the thread that serves */
    bool warned;
    int64_t warned_ms;
    size_t unwarned;
    struct kc_source_partition *queue; /* kc_raw_lane_queue(); the task's thread */
    size_t too_large; /* bytes of the smallest batch that the target found too large; 0: none */
    size_t in_flight; /* spans without a result; with mutex */
    struct kc_raw_span *returned; /* the same */
    UT_hash_handle hh;
};

struct kc_raw_lane {
    struct kc_lane lane;          /* first */
    struct kc_raw_target *target; /* NULL: closed */
    bool transactional;           /* what can't be mended fails the task */
    kc_raw_refused refused;       /* NULL: batches that can't be mended are opened */
    void *refused_opaque;
    kc_raw_take_record take_record; /* NULL: records don't take this lane */
    void *take_opaque;
    struct kc_lane *followed; /* kc_raw_lane_follow(); NULL: no other lane has records */
    atomic_bool cancelled;
    _Atomic(const char *) broken;
    atomic_size_t bytes; /* of spans without a result */
    atomic_uint_fast64_t extra;
    struct raw_part *parts;    /* the task's thread */
    bool any_too_large;        /* of a part; the same */
    bool asks;                 /* kc_raw_lane_ask_for_topics() */
    struct kc_strings missing; /* topics that aren't there; the same */
    int64_t missing_ms;        /* when they are looked for again */
    int64_t missing_wait_ms;
    void (*tell_missing)(void *opaque, const struct kc_strings *topics); /* NULL: nobody */
    pthread_mutex_t mutex;
    pthread_cond_t moved;       /* something was acknowledged or came back */
    pthread_cond_t room;        /* much less is in flight than may be */
    struct kc_raw_span *acked;  /* for serve(); NULL-terminated, in order */
    struct kc_raw_span *newest; /* its last */
    size_t acked_bytes;         /* of `acked` */
    size_t in_flight;           /* spans without a result */
    size_t unserved;            /* spans in flight or in `acked` */
    size_t returned;            /* spans that came back, in all parts */
    int drainers;               /* who waits until nothing is unserved */
    int64_t told_ms;            /* when serving was last asked for because all was acknowledged */
};

/* raw_results.c: the functions of the lane's table, and the first one, which the appender calls. */
void kc_raw_lane_result(void *span, const struct kc_append_result *result);
bool kc_raw_lane_serve(struct kc_lane *lane);
bool kc_raw_lane_has_returned(struct kc_lane *lane);
/* Records of a span beyond its one slot. Records of a built span have slots of their own. */
uint64_t kc_raw_lane_extra_of(const struct kc_raw_span *span);

/* raw_recover.c; of the table. */
struct kc_error *kc_raw_lane_fit(struct kc_lane *lane, struct kc_batch **batch);
struct kc_error *kc_raw_lane_recover(struct kc_lane *lane, struct kc_raw_counts *counts,
                                     struct kc_batch **batch);

/* raw_missing.c; of the table. */
struct kc_error *kc_raw_lane_prepare_topic(struct kc_lane *lane, const char *topic);
void kc_raw_lane_tend(struct kc_lane *lane);

/* raw_lane.c */

/* Forgets why the span came back. */
void kc_raw_lane_clear(struct kc_raw_span *span);
/* The part of topic and partition, made if need be. The task's thread. */
struct raw_part *kc_raw_part_get(struct kc_raw_lane *lane, const char *topic, int32_t partition);
/* Adds a span to those of its part that came back, in order. With mutex. */
void kc_raw_part_return(struct kc_raw_lane *lane, struct kc_raw_span *span);
/* Waits a moment, or until something was acknowledged or has come back. With mutex. */
void kc_raw_lane_wait_moved(struct kc_raw_lane *lane);

#endif
