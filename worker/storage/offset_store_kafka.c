/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets on a compacted topic: KafkaOffsetBackingStore, for the worker's own topic and for a
 * connector's.
 *
 * Any thread.
 */
#include "storage/internal_topic.h"
#include "storage/offset_store_kafka_priv.h"
#include "storage/offset_store_priv.h"
#include "storage/offset_table_priv.h"

#include <stdlib.h>
#include <string.h>

struct kafka_store {
    struct kc_offset_store base;
    struct kc_kafka_log *log;
    struct kc_offset_table *table;
};

static void on_record(void *opaque, const struct kc_log_record *record)
{
    struct kafka_store *store = opaque;
    kc_offset_table_put(store->table, record->key, record->key_len, record->value,
                        record->value_len);
}

static struct kc_error *kafka_start(struct kc_offset_store *base, const atomic_bool *cancel)
{
    return kc_kafka_log_start(((struct kafka_store *)base)->log, cancel);
}

static struct kc_error *kafka_refresh(struct kc_offset_store *base, int timeout_ms)
{
    return kc_kafka_log_read_to_end(((struct kafka_store *)base)->log, timeout_ms);
}

static char *kafka_lookup(struct kc_offset_store *base, const char *key)
{
    return kc_offset_table_get(((struct kafka_store *)base)->table, key);
}

static void kafka_keys(struct kc_offset_store *base, const char *connector, struct kc_strings *keys)
{
    kc_offset_table_keys(((struct kafka_store *)base)->table, connector, keys);
}

static void kafka_set(struct kc_offset_store *base, const struct kc_offset_pair *pairs,
                      size_t count, kc_offset_done done, void *opaque)
{
    struct kafka_store *store = (struct kafka_store *)base;
    struct kc_offset_answers *answers = kc_offset_answers_new(count, done, opaque);
    for (size_t i = 0; i < count; i++)
        kc_kafka_log_send(store->log, pairs[i].key, strlen(pairs[i].key), pairs[i].value,
                          pairs[i].value ? strlen(pairs[i].value) : 0, kc_offset_answers_give,
                          answers);
}

static void kafka_destroy(struct kc_offset_store *base)
{
    struct kafka_store *store = (struct kafka_store *)base;
    kc_kafka_log_destroy(store->log);
    kc_offset_table_destroy(store->table);
    free(store);
}

static const struct kc_offset_ops kafka_ops = {
    kafka_start, kafka_refresh, kafka_lookup, kafka_keys, kafka_set, kafka_destroy,
};

static struct kafka_store *kafka_new(void)
{
    struct kafka_store *store = kc_calloc(1, sizeof(*store));
    store->base.ops = &kafka_ops;
    atomic_init(&store->base.references, 1);
    store->table = kc_offset_table_new();
    return store;
}

static struct kc_error *give(struct kafka_store *store, struct kc_error *err,
                             struct kc_offset_store **result)
{
    if (err)
        kafka_destroy(&store->base);
    else
        *result = &store->base;
    return err;
}

struct kc_error *kc_offset_store_kafka_new(const struct kc_worker_config *config,
                                           struct kc_offset_store **result)
{
    struct kafka_store *store = kafka_new();
    struct kc_error *err =
        kc_internal_topic_log(config, KC_TOPIC_OFFSET, on_record, store, &store->log);
    return give(store, err, result);
}

struct kc_error *kc_offset_store_topic_new(const struct kc_worker_config *config, const char *topic,
                                           const struct kc_map *producer,
                                           const struct kc_map *consumer,
                                           const struct kc_map *admin, bool read_committed,
                                           struct kc_offset_store **result)
{
    struct kafka_store *store = kafka_new();
    struct kc_error *err = kc_internal_topic_offsets_log(
        config, topic, producer, consumer, admin, read_committed, on_record, store, &store->log);
    return give(store, err, result);
}
