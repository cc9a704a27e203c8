/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints as records, see checkpoint_emission_priv.h. */
#include "mirror_checkpoint/checkpoint_emission_priv.h"

#include "mirror/mirror_offsets.h"
#include "mirror_checkpoint/checkpoint_metrics_priv.h"

#include <stdlib.h>
#include <string.h>

struct kc_emission {
    struct kc_source_context *context;
    const struct kc_mirror_config *config;
    const char *topic;
    struct kc_checkpoint_entry **entries;
    size_t count, cap;
    size_t next; /* to be handed over */
    int64_t timestamp;
    /* Names in source partitions, of the last one that was made: its neighbours share them. */
    json_t *group_name, *topic_name;
};

struct kc_emission *kc_emission_new(struct kc_source_context *context,
                                    const struct kc_mirror_config *config, const char *topic)
{
    struct kc_emission *emission = kc_calloc(1, sizeof(*emission));
    emission->context = context;
    emission->config = config;
    emission->topic = topic;
    return emission;
}

void kc_emission_destroy(struct kc_emission *emission)
{
    if (!emission)
        return;
    free(emission->entries);
    json_decref(emission->group_name);
    json_decref(emission->topic_name);
    free(emission);
}

void kc_emission_add(struct kc_emission *emission, struct kc_checkpoint_entry *entry,
                     int64_t timestamp)
{
    if (emission->count == emission->cap) {
        emission->cap = emission->cap ? 2 * emission->cap : 64;
        emission->entries =
            kc_realloc(emission->entries, emission->cap * sizeof(struct kc_checkpoint_entry *));
    }
    emission->entries[emission->count++] = entry;
    emission->timestamp = timestamp;
}

size_t kc_emission_waiting(const struct kc_emission *emission)
{
    return emission->count - emission->next;
}

static json_t *name_of(json_t **last, const char *name)
{
    if (!*last || strcmp(json_string_value(*last), name) != 0) {
        json_decref(*last);
        *last = json_string(name);
    }
    return *last;
}

/* Prepares an entry when its checkpoint is first emitted. */
static void open_entry(struct kc_emission *emission, struct kc_checkpoint_entry *entry)
{
    const struct kc_checkpoint *checkpoint = &entry->checkpoint;
    json_t *map = kc_mirror_checkpoint_partition(name_of(&emission->group_name, checkpoint->group),
                                                 name_of(&emission->topic_name, checkpoint->topic),
                                                 checkpoint->partition);
    entry->partition = kc_source_partition_new(map);
    entry->series = kc_checkpoint_metrics_open(emission->context, emission->config, checkpoint);
    json_decref(map);
}

static void add_record(struct kc_emission *emission, struct kc_checkpoint_entry *entry,
                       struct kc_batch *batch, const char *topic)
{
    const struct kc_checkpoint *checkpoint = &entry->checkpoint;
    struct kc_record *record = kc_batch_add(batch);
    struct kc_str key = {0}, value = {0};
    if (!entry->partition)
        open_entry(emission, entry);
    kc_checkpoint_encode(checkpoint, &key, &value);
    record->topic = topic;
    record->partition = 0;
    record->timestamp = emission->timestamp;
    record->key_schema = record->value_schema = kc_schema_simple(KC_TYPE_BYTES, false);
    record->key = kc_value_bytes(kc_batch_dup(batch, key.data, key.len), key.len);
    record->value = kc_value_bytes(kc_batch_dup(batch, value.data, value.len), value.len);
    record->source_partition = entry->partition;
    record->task_data = entry->series;
    record->source_offset = (struct kc_source_offset){.field = "offset", .number = 0};
    kc_str_destroy(&key);
    kc_str_destroy(&value);
}

/* All of the round have been handed over. */
static void finish(struct kc_emission *emission)
{
    free(emission->entries);
    emission->entries = NULL;
    emission->count = emission->cap = emission->next = 0;
}

struct kc_batch *kc_emission_next(struct kc_emission *emission)
{
    size_t waiting = kc_emission_waiting(emission);
    size_t count = waiting < KC_CHECKPOINTS_PER_BATCH ? waiting : KC_CHECKPOINTS_PER_BATCH;
    if (count == 0)
        return NULL;
    struct kc_batch *batch = kc_batch_new(count);
    const char *topic = kc_batch_dup(batch, emission->topic, strlen(emission->topic) + 1);
    for (size_t i = 0; i < count; i++)
        add_record(emission, emission->entries[emission->next++], batch, topic);
    if (emission->next == emission->count)
        finish(emission);
    return batch;
}
