/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The predicates (HasHeaderKey, RecordIsTombstone, TopicNameMatches) and Filter, which lives off
 * them.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "connect/regex.h"
#include "transforms/transform_priv.h"

#include <stdlib.h>
#include <string.h>

#define PREDICATE_PLUGIN(symbol, class_, keys_, count_, ops_, ...)                                 \
    const struct kc_plugin symbol = {KC_PLUGIN_HEAD,                                               \
                                     .kind = KC_PLUGIN_PREDICATE,                                  \
                                     .class_name =                                                 \
                                         "org.apache.kafka.connect.transforms.predicates." class_, \
                                     .version = TRANSFORM_VERSION,                                 \
                                     .config_keys = (keys_),                                       \
                                     .config_key_count = (count_),                                 \
                                     .predicate = (ops_),                                          \
                                     __VA_ARGS__}

static struct kc_error *create_nothing(const struct kc_map *config, void **object)
{
    *object = NULL;
    return NULL;
}

static void destroy_nothing(void *object)
{
}

/* ---- HasHeaderKey ---- */

static const struct kc_config_key header_keys[] = {
    TRANSFORM_KEY("name", STRING, kc_config_required, kc_config_non_empty, MEDIUM,
                  "The name of the header to look for."),
};

static struct kc_error *create_header(const struct kc_map *config, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(header_keys, 1, config, &parsed);
    if (!err)
        *object = kc_strdup(kc_config_string(parsed, "name"));
    kc_config_destroy(parsed);
    return err;
}

static bool test_header(void *object, const struct kc_record *record)
{
    for (uint32_t i = 0; i < record->header_count; i++)
        if (strcmp(record->headers[i].key, object) == 0)
            return true;
    return false;
}

static const struct kc_predicate_ops header_ops = {create_header, free, test_header};
PREDICATE_PLUGIN(kc_has_header_key, "HasHeaderKey", header_keys, 1, &header_ops);

/* ---- RecordIsTombstone ---- */

static bool test_tombstone(void *object, const struct kc_record *record)
{
    return record->value.type == KC_TYPE_NULL;
}

static const struct kc_predicate_ops tombstone_ops = {create_nothing, destroy_nothing,
                                                      test_tombstone};
PREDICATE_PLUGIN(kc_record_is_tombstone, "RecordIsTombstone", NULL, 0, &tombstone_ops);

/* ---- TopicNameMatches ---- */

static struct kc_error *check_pattern(const char *name, const char *value)
{
    struct kc_error *err = kc_config_non_empty(name, value);
    return err ? err : kc_config_is_regex(name, value);
}

static const struct kc_config_key topic_keys[] = {
    TRANSFORM_KEY("pattern", STRING, kc_config_required, check_pattern, MEDIUM,
                  "A Java regular expression that the whole name of the topic must match."),
};

static struct kc_error *create_topic(const struct kc_map *config, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_regex *regex = NULL;
    struct kc_error *err = kc_transform_config(topic_keys, 1, config, &parsed);
    if (!err)
        err = kc_regex_new(kc_config_string(parsed, "pattern"), &regex);
    kc_config_destroy(parsed);
    *object = regex;
    return err;
}

static void destroy_topic(void *object)
{
    kc_regex_destroy(object);
}

static bool test_topic(void *object, const struct kc_record *record)
{
    return record->topic && kc_regex_matches(object, record->topic);
}

static const struct kc_predicate_ops topic_ops = {create_topic, destroy_topic, test_topic};
PREDICATE_PLUGIN(kc_topic_name_matches, "TopicNameMatches", topic_keys, 1, &topic_ops,
                 .topic_only = true);

/* ---- Filter ---- */

static struct kc_error *drop(void *object, struct kc_batch *batch, struct kc_record *record,
                             bool *keep)
{
    *keep = false;
    return NULL;
}

static const struct kc_transform_ops filter_ops = {create_nothing, destroy_nothing, drop};
TRANSFORM_PLUGIN(kc_filter, "Filter", NULL, 0, &filter_ops, .topic_only = true);
