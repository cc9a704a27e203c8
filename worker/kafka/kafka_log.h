/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compacted topic as a replayed log: KafkaBasedLog.
 *
 * A thread of its own consumes all partitions from the beginning and hands each record to the
 * listener, in order. Callers write, and wait until their writes have been read back. Start blocks
 * until the end offsets sampled at start are reached. Poll errors are logged and retried for ever.
 */
#ifndef WORKER_KAFKA_KAFKA_LOG_H
#define WORKER_KAFKA_KAFKA_LOG_H

#include "connect/kafka.h"
#include "connect/topic_log.h"

#include <stdatomic.h>

struct kc_kafka_log_settings {
    const char *topic;
    const struct kc_map *producer; /* Java properties; the log's fixed ones (KafkaBasedLog) are set
                                      on top by the caller */
    const struct kc_map *consumer;
    const struct kc_map *admin;
    bool create;                       /* make the topic when it is missing */
    int32_t partitions;                /* -1: broker's default */
    int16_t replication_factor;        /* -1: broker's default */
    const struct kc_map *topic_config; /* cleanup.policy=compact is added */
    const char *config_key;            /* "config.storage.topic", for messages */
    const char *purpose;               /* "connector configurations", for messages */
    bool single_partition;             /* refuse a topic with more than one */
    bool read_committed;
    bool read_only;  /* no producer */
    bool made_by_us; /* writing to a topic that was deleted fails: brokers don't make it again
                        by their own defaults, as they do for Java's logs */
    kc_log_listener listener; /* on the log's thread (on the caller's own during
                                 kc_kafka_log_start()); must not call the log */
    void *opaque;
};

struct kc_kafka_log;

/* Copies what it needs; nothing is contacted yet. */
struct kc_error *kc_kafka_log_new(const struct kc_kafka_log_settings *settings,
                                  struct kc_kafka_log **log) KC_MUST_CHECK;

/* Creates or checks the topic, reads it to the end and starts the thread. While brokers are too few
 * or absent it retries, until deadline. *cancel (may be NULL) set by another thread ends it early
 * with KC_ERR_WAKEUP. */
struct kc_error *kc_kafka_log_start(struct kc_kafka_log *log,
                                    const atomic_bool *cancel) KC_MUST_CHECK;

/* Waits until everything that was in the topic when called has been given to the listener. Any
 * thread but the listener's. KC_ERR_TIMEOUT after timeout_ms. */
struct kc_error *kc_kafka_log_read_to_end(struct kc_kafka_log *log, int timeout_ms) KC_MUST_CHECK;

/* Sends one record (key and value copied; value NULL: tombstone; partition by key) and calls done,
 * once, on an unspecified thread: err NULL when acknowledged; done owns err. done may be NULL. Any
 * thread. */
void kc_kafka_log_send(struct kc_kafka_log *log, const void *key, size_t key_len, const void *value,
                       size_t value_len, kc_log_sent done, void *opaque);

/* Sends count records and waits until all are acknowledged. */
struct kc_error *kc_kafka_log_write(struct kc_kafka_log *log, const struct kc_log_record *records,
                                    size_t count, int timeout_ms) KC_MUST_CHECK;

int32_t kc_kafka_log_partitions(const struct kc_kafka_log *log);

void kc_kafka_log_destroy(struct kc_kafka_log *log); /* stops; NULL is fine */

#endif
