/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for a task's batches: see raw_rules_priv.h. */
#include "source/raw_rules_priv.h"

#include "connect/hash.h"
#include "source/target_topics_priv.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_BYTES = 1048576 /* max.request.size, unless it is set */ };

struct kc_raw_routes {
    char *topic;
    struct kc_raw_route route;
    UT_hash_handle hh;
};

/* ---- making ---- */

/* Static, for status and metrics outlive the rules. */
static const char *const codec_reasons[KC_CODECS] = {
    [KC_CODEC_NONE] = "the producer's compression.type is none",
    [KC_CODEC_GZIP] = "the producer's compression.type is gzip",
    [KC_CODEC_SNAPPY] = "the producer's compression.type is snappy",
    [KC_CODEC_LZ4] = "the producer's compression.type is lz4",
    [KC_CODEC_ZSTD] = "the producer's compression.type is zstd",
};

static bool number_of(const struct kc_map *map, const char *key, long *number)
{
    const char *text = kc_map_get(map, key);
    char *end = NULL;
    if (!text)
        return true;
    *number = strtol(text, &end, 10);
    return end != text && !*end && *number >= INT_MIN && *number <= INT_MAX;
}

/* The levels that Java's producer takes for the codec. */
static bool level_valid(enum kc_codec codec, long level)
{
    switch (codec) {
    case KC_CODEC_GZIP:
        return level == KC_GZIP_LEVEL || (level >= 1 && level <= 9);
    case KC_CODEC_LZ4:
        return level >= 1 && level <= 17;
    case KC_CODEC_ZSTD:
        return level >= -131072 && level <= 22;
    default:
        return true;
    }
}

const char *kc_raw_rules_set_codec(struct kc_raw_rules *rules, const struct kc_map *producer)
{
    const char *name = kc_map_get(producer, "compression.type");
    if (!name)
        return NULL;
    struct kc_compression *how = &rules->compression;
    if (!kc_codec_parse(name, &how->codec))
        return "compression.type names no codec: give none, gzip, snappy, lz4 or zstd";
    char *key = kc_asprintf("compression.%s.level", kc_codec_name((int)how->codec));
    long level = kc_codec_level(how->codec);
    bool valid = number_of(producer, key, &level) && level_valid(how->codec, level);
    free(key);
    if (!valid)
        return "the level of compression is none of its codec's";
    how->level = (int)level;
    rules->codec_reason = codec_reasons[how->codec];
    return NULL;
}

void kc_raw_rules_finish(struct kc_raw_rules *rules, const struct kc_map *producer)
{
    long most = BATCH_BYTES;
    if (!number_of(producer, "max.request.size", &most) || most <= 0)
        most = BATCH_BYTES;
    if (rules->header || rules->codec_reason) {
        rules->batch_bytes = (size_t)most;
        rules->recoder = kc_recoder_new();
    }
}

void kc_raw_rules_clear(struct kc_raw_rules *rules)
{
    struct kc_raw_routes *entry, *next;
    HASH_ITER (hh, rules->routes, entry, next) {
        HASH_DEL(rules->routes, entry);
        free(entry->topic);
        free(entry->route.topic);
        free(entry);
    }
    kc_recoder_destroy(rules->recoder);
    *rules = (struct kc_raw_rules){0};
}

/* ---- topics ---- */

const struct kc_raw_route *kc_raw_rules_route(struct kc_raw_rules *rules, const char *topic)
{
    struct kc_raw_routes *entry = NULL;
    if (!rules->route)
        return NULL;
    HASH_FIND_STR(rules->routes, topic, entry);
    if (entry)
        return &entry->route;
    entry = kc_calloc(1, sizeof(*entry));
    entry->topic = kc_strdup(topic);
    entry->route.opens = rules->route(rules->opaque, topic, &entry->route.topic);
    /* An appender would wait for a topic with an impossible name as for a missing one; a producer
     * of records is told. */
    if (entry->route.topic && !kc_is_topic_name(entry->route.topic)) {
        free(entry->route.topic);
        entry->route.topic = NULL;
        entry->route.opens = "transforms name a topic that can't be";
    }
    HASH_ADD_KEYPTR(hh, rules->routes, entry->topic, strlen(entry->topic), entry);
    return &entry->route;
}
