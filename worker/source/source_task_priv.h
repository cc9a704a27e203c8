/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the source task's loop and its two deliveries.
 *
 * The fields belong to the task's thread, unless marked otherwise.
 */
#ifndef WORKER_SOURCE_SOURCE_TASK_PRIV_H
#define WORKER_SOURCE_SOURCE_TASK_PRIV_H

#include "connect/thread.h"
#include "source/acks_priv.h"
#include "source/raw_expand_priv.h"
#include "source/source_task.h"
#include "source/topic_creation.h"
#include "storage/connector_offsets.h"

struct kc_source_task;

/* The differences between at-least-once and exactly-once. On the task's thread, unless stated
 * otherwise; an error fails the task. */
struct kc_delivery {
    struct kc_lane_events events; /* what the lanes tell it */
    void *(*create)(struct kc_source_task *task);
    void (*destroy)(void *delivery); /* after the lanes have gone; the batch may be unfinished */
    /* Before the offset store and the plugin's task start: sees to it that the lanes are served,
     * then opens them. */
    struct kc_error *(*prepare)(void *delivery);
    void (*enter_loop)(void *delivery);
    struct kc_error *(*before_poll)(void *delivery);
    /* A batch (taken) whose records will be dropped or submitted one by one. */
    void (*begin_batch)(void *delivery, struct kc_batch *batch);
    struct kc_error *(*check_topic)(void *delivery, const char *topic); /* the first record to it */
    struct kc_error *(*dropped)(void *delivery, const struct kc_record *record);
    /* The slot that a lane is given with the record. */
    struct kc_error *(*submit)(void *delivery, const struct kc_record *record, void **slot);
    struct kc_error *(*dispatched)(void *delivery, const struct kc_record *record); /* optional */
    struct kc_error *(*batch_done)(void *delivery);
    /* The acknowledgement thread, after each round; whether something is under way. Optional. */
    bool (*served)(void *delivery);
    struct kc_error *(*paused)(void *delivery);
    struct kc_error *(*final_commit)(void *delivery, bool failed);
    void (*transaction)(void *delivery, bool commit); /* asked for by the connector */
};
extern const struct kc_delivery kc_at_least_once;
extern const struct kc_delivery kc_exactly_once;

struct kc_source_context {
    struct kc_source_task *task;
};

struct kc_source_task {
    struct kc_task_core core;
    struct kc_offset_committer *committer;
    struct kc_offset_store *worker_offsets;
    struct kc_offset_store *offsets;  /* what this task reads and writes */
    atomic_bool give_up;              /* any thread: ends waits of the store's start */
    struct kc_topic_creation *topics; /* NULL: none */
    struct kc_source_context context;
    const struct kc_delivery *how;
    void *delivery;
    struct kc_lanes lanes; /* changed with mutex */
    struct kc_target_topics *targets;
    struct kc_acks *acks;      /* NULL: the task's thread serves the lanes, or they aren't open */
    const char *raw_refusal;   /* why record batches are opened; NULL: they pass */
    struct kc_raw_rules rules; /* what is asked of batches */
    struct kc_strings raw_failures; /* what raw_refusal may point to, one for each life */
    struct kc_batch *polled;        /* raw parts, some of which must still be expanded; or NULL */
    struct kc_raw_cursor expanded;  /* how much of it */
    const char *told_lane;          /* in the log */
    int64_t told_lane_ms;
    bool plain;          /* the producer has no producer id; the task's thread */
    bool builds_batches; /* records go in batches built here, so that refused ones are found */

    struct kc_batch *batch; /* being sent, NULL: poll for one; owned by the delivery */
    size_t next;            /* its first record that hasn't been dealt with */
    size_t count;

    pthread_mutex_t mutex;
    pthread_cond_t wakers_gone;
    void *task; /* the plugin's; NULL before and after its life; with mutex for other threads */
    int wakers; /* threads in its stop(); with mutex */
    bool told_to_stop;
};

/* SourceTask.commit, its failure logged. */
void kc_source_task_commit(struct kc_source_task *task);
/* record_committed() of the plugin, if it has one. */
void kc_source_task_record_committed(struct kc_source_task *task, const struct kc_record *record,
                                     const struct kc_record_metadata *metadata);
/* Records of raw were acknowledged, in order, the first of them at target_offset (-1: unknown):
 * raw_committed() of the plugin, if it has one. */
void kc_source_task_raw_committed(struct kc_source_task *task, const struct kc_raw *raw,
                                  const struct kc_raw_run *runs, int32_t run_count,
                                  int64_t target_offset, const struct kc_raw_facts *facts);

/* source_task_lanes.c */

/* Makes the lanes, and decides which; the task's thread. */
struct kc_error *kc_source_task_make_lanes(struct kc_source_task *task) KC_MUST_CHECK;
/* Has the lanes served by a thread, with the delivery's served() after each round. The same. */
struct kc_error *kc_source_task_start_acks(struct kc_source_task *task) KC_MUST_CHECK;
/* Waits up to timeout_ms for records in flight, and ends lanes and thread. The same. */
void kc_source_task_end_lanes(struct kc_source_task *task, int timeout_ms);
/* The target gives no producer id: the user's next producer does without. False: not with these
 * settings. Any thread. */
bool kc_source_task_make_plain(struct kc_source_task *task);
/* Logs once that the lane for batches works without a producer id. The task's thread. */
void kc_source_task_watch_plain(struct kc_source_task *task);

/* source_task_raw.c; the task's thread. */

/* Whether the plugin can take record batches as bytes. */
bool kc_source_task_knows_raw(const struct kc_source_task *task);
/* Whether record batches pass through the task's lane as they are. */
bool kc_source_task_passes_raw(const struct kc_source_task *task);
/* The batch to send next, before another poll; *batch NULL: none. */
struct kc_error *kc_source_task_next_raw(struct kc_source_task *task,
                                         struct kc_batch **batch) KC_MUST_CHECK;
/* The batch that came back from the target and must be sent first; *batch NULL: none. */
struct kc_error *kc_source_task_recover_raw(struct kc_source_task *task,
                                            struct kc_batch **batch) KC_MUST_CHECK;
void kc_source_task_drop_polled(struct kc_source_task *task);
/* Tells status and, now and then, the log which lane the records take. */
void kc_source_task_tell_lane(struct kc_source_task *task, const char *lane);

/* The acknowledgement thread: ends a poll when something has to be sent again first. */
void kc_source_task_wake_returned(struct kc_source_task *task);

/* Counts records that were polled; the task's thread. */
void kc_source_task_count_records(struct kc_source_task *task, uint64_t records);
/* Counts a commit of offsets in the metrics. */
void kc_source_task_count_commit(struct kc_source_task *task, int64_t started_ms, bool succeeded);

#endif
