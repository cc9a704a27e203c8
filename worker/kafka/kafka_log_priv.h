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

struct kc_log_writer;

struct kc_kafka_log {
    struct kc_kafka_log_settings settings; /* maps and texts are copies */
    struct kc_admin *admin;                /* until it has started */
    struct kc_log_writer *writer;          /* NULL: read-only */
    struct kc_topic_stream *reader;
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

/* The producer (kafka_log_writer.c). settings lives as long as the writer. */
struct kc_error *kc_log_writer_open(const struct kc_kafka_log_settings *settings,
                                    struct kc_log_writer **writer) KC_MUST_CHECK;
void kc_log_writer_close(struct kc_log_writer *writer); /* NULL is fine */
/* Waits for what is in flight. Any thread. */
void kc_log_writer_flush(struct kc_log_writer *writer, int timeout_ms);
/* Ends the client if it hasn't been used for a while; the next record makes a new one. One
 * thread. */
void kc_log_writer_rest(struct kc_log_writer *writer);

#endif
