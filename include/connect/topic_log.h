/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compacted topic as a replayed log of keys and values that one writes to: state that several
 * workers share (Connect's KafkaBasedLog; API 1.3).
 *
 * Opening reads the topic from its beginning to its end. A thread of the log follows it from then
 * on. A writer learns when its write is acknowledged, or when it has been read back. By then every
 * earlier record of the partition has been read, too.
 */
#ifndef CONNECT_TOPIC_LOG_H
#define CONNECT_TOPIC_LOG_H

#include "connect/thread.h"
#include "connect/topic_stream.h"

KC_API_BEGIN

struct kc_topic_log;

/* Never grows. */
struct kc_topic_log_settings {
    const char *topic;
    const struct kc_map *client;       /* Java client properties of reader, writer and admin */
    bool read_only;                    /* nothing is written, and the topic isn't made */
    bool read_committed;               /* records of open and aborted transactions are left out */
    int32_t partitions;                /* of a topic that isn't there; -1: the broker's default */
    int16_t replication_factor;        /* the same */
    const struct kc_map *topic_config; /* the same; cleanup.policy=compact is added. May be NULL */
    /* Gets each record, in the order of its partition; a NULL value is a tombstone. Runs on the
     * opening thread, later on the log's. It mustn't call the log or block. */
    kc_log_listener listener;
    void *opaque;
};

/* Makes the topic unless it is there, checks that it is compacted, and reads it to the end. Blocks;
 * waits for brokers that are away, up to minutes. It ends early with KC_ERR_WAKEUP when stop (may
 * be NULL) is set. KC_ERR_CONFIG: a property is wrong, or the topic isn't compacted. The settings'
 * texts are copied. */
struct kc_error *kc_topic_log_open(const struct kc_topic_log_settings *settings,
                                   const struct kc_stop *stop,
                                   struct kc_topic_log **log) KC_MUST_CHECK;
/* Waits some seconds for writes that aren't acknowledged. NULL is fine. */
void kc_topic_log_close(struct kc_topic_log *log);

int32_t kc_topic_log_partitions(const struct kc_topic_log *log);

/* Waits until the listener has had everything that was in the topic when this was called. A
 * retriable KC_ERR_TIMEOUT after timeout_ms. Any thread but the listener's. */
struct kc_error *kc_topic_log_read_to_end(struct kc_topic_log *log, int timeout_ms) KC_MUST_CHECK;

/* Runs on a thread of the log, which it must not block. err NULL: all in-sync replicas have
 * acknowledged; otherwise done destroys err. */
typedef void (*kc_log_sent)(void *opaque, struct kc_error *err);
/* Sends one record, to the partition that Java's producer would choose for the key. Key and value
 * are copied; a NULL value is a tombstone. done, which may be NULL, runs once. Any thread. */
void kc_topic_log_send(struct kc_topic_log *log, const void *key, size_t key_len, const void *value,
                       size_t value_len, kc_log_sent done, void *opaque);

/* Writes count records (their key and value count) and waits until all are acknowledged and the
 * listener has had them, so that the caller sees its own writes. After an error some may be written
 * nevertheless. Any thread but the listener's. */
struct kc_error *kc_topic_log_write(struct kc_topic_log *log, const struct kc_log_record *records,
                                    size_t count, int timeout_ms) KC_MUST_CHECK;

KC_API_END

#endif
