/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replayed logs for connectors: connect/topic_log.h, on the worker's own kafka_log.h.
 *
 * Messages name the setting that the topic comes from; a connector's log has none, and its topic's
 * name stands in its place.
 */
#include "connect/topic_log.h"
#include "base/stop_flag.h"
#include "kafka/kafka_log.h"

#include <stdlib.h>

struct kc_topic_log {
    struct kc_kafka_log *log;
};

struct kc_error *kc_topic_log_open(const struct kc_topic_log_settings *settings,
                                   const struct kc_stop *stop, struct kc_topic_log **result)
{
    const struct kc_kafka_log_settings inner = {
        .topic = settings->topic,
        .producer = settings->client,
        .consumer = settings->client,
        .admin = settings->client,
        .create = !settings->read_only,
        .partitions = settings->partitions,
        .replication_factor = settings->replication_factor,
        .topic_config = settings->topic_config,
        .config_key = settings->topic,
        .purpose = "a connector's state",
        .read_committed = settings->read_committed,
        .read_only = settings->read_only,
        .made_by_us = true,
        .listener = settings->listener,
        .opaque = settings->opaque,
    };
    struct kc_kafka_log *log = NULL;
    struct kc_error *err = kc_kafka_log_new(&inner, &log);
    if (!err)
        err = kc_kafka_log_start(log, kc_stop_flag(stop));
    if (err) {
        kc_kafka_log_destroy(log);
        return err;
    }
    *result = kc_malloc(sizeof(**result));
    (*result)->log = log;
    return NULL;
}

void kc_topic_log_close(struct kc_topic_log *log)
{
    if (!log)
        return;
    kc_kafka_log_destroy(log->log);
    free(log);
}

int32_t kc_topic_log_partitions(const struct kc_topic_log *log)
{
    return kc_kafka_log_partitions(log->log);
}

struct kc_error *kc_topic_log_read_to_end(struct kc_topic_log *log, int timeout_ms)
{
    return kc_kafka_log_read_to_end(log->log, timeout_ms);
}

void kc_topic_log_send(struct kc_topic_log *log, const void *key, size_t key_len, const void *value,
                       size_t value_len, kc_log_sent done, void *opaque)
{
    kc_kafka_log_send(log->log, key, key_len, value, value_len, done, opaque);
}

struct kc_error *kc_topic_log_write(struct kc_topic_log *log, const struct kc_log_record *records,
                                    size_t count, int timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct kc_error *err = kc_kafka_log_write(log->log, records, count, timeout_ms);
    int64_t left = deadline - kc_mono_ms();
    return err ? err : kc_kafka_log_read_to_end(log->log, kc_timeout_ms(left > 1 ? left : 1));
}
