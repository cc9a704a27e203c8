/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of a replayed log: what kafka_log.c, its topic and its writer share.
 *
 * Settings and clients are constant between start and destroy. positions and stop are guarded by
 * lock.
 */
#ifndef WORKER_KAFKA_KAFKA_LOG_PRIV_H
#define WORKER_KAFKA_KAFKA_LOG_PRIV_H

#include "kafka/kafka_log.h"

#include <pthread.h>

struct kc_kafka_log {
    struct kc_kafka_log_settings settings; /* maps and texts are copies */
    struct kc_admin *admin;
    rd_kafka_t *writer; /* NULL: read-only */
    rd_kafka_topic_t *writer_topic;
    rd_kafka_t *reader;
    rd_kafka_queue_t *reader_queue;
    int32_t partitions;
    pthread_t thread;
    bool running;

    pthread_mutex_t lock;
    pthread_cond_t moved; /* a position has grown, or stop */
    int64_t *positions;   /* next offset to read, by partition */
    bool stop;
};

/* Creates or checks the topic and finds its partitions (kafka_log_topic.c). */
struct kc_error *kc_kafka_log_prepare_topic(struct kc_kafka_log *log,
                                            const atomic_bool *cancel) KC_MUST_CHECK;
/* Sleeps in small steps; KC_ERR_WAKEUP when *cancel gets set. */
struct kc_error *kc_kafka_log_pause(const atomic_bool *cancel, int64_t ms) KC_MUST_CHECK;

/* The producer (kafka_log_writer.c). */
struct kc_error *kc_kafka_log_open_writer(struct kc_kafka_log *log) KC_MUST_CHECK;
void kc_kafka_log_close_writer(struct kc_kafka_log *log);

#endif
