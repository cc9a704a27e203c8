/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of mirror topics, see link_settings_priv.h. */
#include "link/link_settings_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOREVER "9223372036854775807"

/* Why each is held: records keep their own times, however old or wrong these are; nothing is
 * deleted but by the link, which follows the source's log start; batches pass as they are. */
static const struct {
    const char *name;
    const char *value;
} held[] = {
    {"message.timestamp.type", "CreateTime"},
    {"message.timestamp.difference.max.ms", FOREVER}, /* before Kafka 4.0 */
    {"message.timestamp.before.max.ms", FOREVER},     /* since Kafka 3.6 */
    {"message.timestamp.after.max.ms", FOREVER},
    {"retention.ms", "-1"},
    {"retention.bytes", "-1"},
    {"compression.type", "producer"},
};

/* Batches may be older than the source's present limit; a request has at most 100 MB anyway. */
#define LARGEST_BATCH 104857600

/* Of compacted topics: "delete", so that the log's start can be moved (DeleteRecords); the other,
 * so that the fillers between records go soon. */
static const struct {
    const char *name;
    const char *value;
} held_compacted[] = {
    {"cleanup.policy", "compact,delete"},
    {"min.cleanable.dirty.ratio", "0.01"},
};

/* What a target may not be able to do. */
static const char *const never_copied[] = {
    "remote.storage.enable",         "remote.log.copy.disable",
    "remote.log.delete.on.disable",  "local.retention.ms",
    "local.retention.bytes",         "message.format.version",
    "message.downconversion.enable",
};

const struct kc_config_entry *link_settings_find(const struct kc_config_entries *entries,
                                                 const char *name)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->items[i].name, name) == 0)
            return &entries->items[i];
    return NULL;
}

bool link_settings_compacted(const struct kc_config_entries *source)
{
    const struct kc_config_entry *policy = link_settings_find(source, "cleanup.policy");
    return policy && policy->value && strstr(policy->value, "compact");
}

/* What was set for the topic itself. */
static bool is_own(const struct kc_config_entry *entry)
{
    return entry && entry->source == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
}

static bool is_followed(const struct kc_name_filter *filter, const char *name)
{
    for (size_t i = 0; i < sizeof(never_copied) / sizeof(never_copied[0]); i++)
        if (strcmp(never_copied[i], name) == 0)
            return false;
    return kc_name_filter_accepts(filter, name);
}

static bool is_copied(const struct kc_name_filter *filter, const struct kc_config_entry *entry)
{
    return entry->value && !entry->is_read_only && !entry->is_sensitive &&
           is_followed(filter, entry->name) &&
           (is_own(entry) || kc_name_filter_keeps_default(filter, entry->name));
}

static void hold(const struct kc_name_filter *filter, const struct kc_config_entries *source,
                 const struct kc_config_entries *target, const char *name, const char *value,
                 struct kc_map *now, struct kc_map *later)
{
    const struct kc_config_entry *entry = link_settings_find(source, name);
    if (!link_settings_find(target, name))
        return;
    kc_map_set(now, name, value);
    kc_map_set(later, name, entry && is_copied(filter, entry) ? entry->value : NULL);
}

static void hold_batch_size(const struct kc_name_filter *filter,
                            const struct kc_config_entries *source,
                            const struct kc_config_entries *target, struct kc_map *now,
                            struct kc_map *later)
{
    const struct kc_config_entry *entry = link_settings_find(source, "max.message.bytes");
    long long own = entry && entry->value ? strtoll(entry->value, NULL, 10) : 0;
    char value[24];
    snprintf(value, sizeof(value), "%lld", own > LARGEST_BATCH ? own : (long long)LARGEST_BATCH);
    hold(filter, source, target, "max.message.bytes", value, now, later);
}

/* Records stay for as long as the source's brokers keep them, whoever sets it there: a group that
 * is to go on at the target hasn't read them yet. */
static void hold_compaction_lag(const struct kc_name_filter *filter,
                                const struct kc_config_entries *source,
                                const struct kc_config_entries *target, struct kc_map *now,
                                struct kc_map *later)
{
    const struct kc_config_entry *entry = link_settings_find(source, "min.compaction.lag.ms");
    hold(filter, source, target, "min.compaction.lag.ms",
         entry && entry->value ? entry->value : "0", now, later);
}

void link_settings_plan(const struct kc_name_filter *filter, const struct kc_config_entries *source,
                        const struct kc_config_entries *target, struct kc_map *now,
                        struct kc_map *later)
{
    for (size_t i = 0; i < source->count; i++) {
        const struct kc_config_entry *entry = &source->items[i];
        if (is_copied(filter, entry) && link_settings_find(target, entry->name))
            kc_map_set(now, entry->name, entry->value);
    }
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        hold(filter, source, target, held[i].name, held[i].value, now, later);
    hold_batch_size(filter, source, target, now, later);
    if (!link_settings_compacted(source)) {
        hold(filter, source, target, "cleanup.policy", "delete", now, later);
        return;
    }
    for (size_t i = 0; i < sizeof(held_compacted) / sizeof(held_compacted[0]); i++)
        hold(filter, source, target, held_compacted[i].name, held_compacted[i].value, now, later);
    hold_compaction_lag(filter, source, target, now, later);
}

size_t link_settings_ops(const struct kc_name_filter *filter, const struct kc_map *now,
                         const struct kc_config_entries *target, struct kc_config_op *ops)
{
    size_t count = 0;
    kc_map_foreach (now, entry) {
        const struct kc_config_entry *is = link_settings_find(target, entry->key);
        if (!is_own(is) || !is->value || strcmp(is->value, entry->value) != 0)
            ops[count++] = (struct kc_config_op){entry->key, entry->value};
    }
    for (size_t i = 0; i < target->count; i++) {
        const struct kc_config_entry *is = &target->items[i];
        if (is_own(is) && !kc_map_has(now, is->name) && is_followed(filter, is->name))
            ops[count++] = (struct kc_config_op){is->name, NULL};
    }
    return count;
}
