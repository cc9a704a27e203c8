/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of a sink task: loop (sink_task.c), commits (sink_commit.c), rebalances and
 * subscription (sink_rebalance.c), positions (sink_positions.c). All on the task's thread: the
 * consumer's callbacks come out of its poll.
 */
#ifndef WORKER_SINK_SINK_TASK_PRIV_H
#define WORKER_SINK_SINK_TASK_PRIV_H

#include "connect/kafka.h"
#include "connect/regex.h"
#include "connect/thread.h"
#include "data/dead_letter_queue.h"
#include "sink/sink_task.h"

enum { KC_NO_OFFSET = -1 };

/* The task's position in one assigned partition; offsets are the next ones, or KC_NO_OFFSET. */
struct kc_sink_position {
    char *topic;
    int32_t partition;
    int64_t delivered; /* put() has returned for all before it */
    int64_t consumed;  /* in the batch that is being delivered */
    int64_t committed;
    bool paused;   /* by the task */
    bool selected; /* scratch for code that walks the list */
};

struct kc_sink_positions {
    struct kc_sink_position *items;
    size_t count;
    size_t cap;
    size_t last; /* found last */
};
struct kc_sink_position *kc_sink_positions_find(struct kc_sink_positions *positions,
                                                const char *topic, int32_t partition);
struct kc_sink_position *kc_sink_positions_add(struct kc_sink_positions *positions,
                                               const char *topic, int32_t partition);
void kc_sink_positions_remove(struct kc_sink_positions *positions, const char *topic,
                              int32_t partition);
void kc_sink_positions_destroy(struct kc_sink_positions *positions);

struct kc_sink_task;
struct kc_sink_context {
    struct kc_sink_task *task;
};

struct kc_sink_task {
    struct kc_task_core core;
    struct kc_dead_letter_queue *dead_letters; /* NULL: none */
    struct kc_sink_context context;
    int64_t flush_interval_ms;
    int64_t reset_back_ms; /* auto.offset.reset=by_duration; -1: another one */

    void *task; /* the plugin's */
    bool task_started;
    bool task_stopped;
    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue; /* the consumer's; with mutex for other threads */
    pthread_mutex_t mutex;

    struct kc_regex *topics_regex; /* NULL: topics by name */
    struct kc_strings subscribed;
    struct kc_strings unasked; /* topics by name that brokers weren't asked for yet */
    int64_t next_listing_ms;

    struct kc_sink_positions positions;
    struct kc_batch *batch;        /* being delivered */
    rd_kafka_message_t **messages; /* of batch, owned by it */
    size_t message_count;
    struct kc_error *rebalance_error;
    bool paused; /* by target state */
    bool paused_for_redelivery;

    bool committing;
    bool commit_requested;
    uintptr_t commit_seqno;
    int64_t commit_started_ms;
    int64_t next_commit_ms;
    int64_t retry_timeout_ms;               /* asked for by the task; -1: none */
    rd_kafka_topic_partition_list_t *seeks; /* asked for by the task; NULL: none */
};

/* sink_commit.c */
/* Commits the delivered offsets of the selected positions. closing: after the plugin's close();
 * waits for the answer. */
struct kc_error *kc_sink_commit(struct kc_sink_task *task, bool closing) KC_MUST_CHECK;
void kc_sink_select_all(struct kc_sink_task *task);
/* The selected positions as plugins see them; count in *count; free() it. */
struct kc_topic_partition *kc_sink_selected(struct kc_sink_task *task, size_t *count,
                                            bool with_offsets_only);

/* sink_reset.c */
/* Sets where partitions without a committed offset begin, if auto.offset.reset is a duration. */
struct kc_error *
kc_sink_begin_by_duration(struct kc_sink_task *task,
                          rd_kafka_topic_partition_list_t *partitions) KC_MUST_CHECK;

/* sink_rebalance.c */
struct kc_error *kc_sink_subscribe(struct kc_sink_task *task) KC_MUST_CHECK;
/* Topics that match the pattern come and go. */
void kc_sink_refresh_topics(struct kc_sink_task *task);
void kc_sink_on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t *partitions, void *opaque);
void kc_sink_pause_all(struct kc_sink_task *task);
void kc_sink_resume_all(struct kc_sink_task *task); /* but what the task has paused */
/* Seeks to what the task asked for. */
void kc_sink_rewind(struct kc_sink_task *task);

#endif
