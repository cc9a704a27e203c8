/* SPDX-License-Identifier: Apache-2.0 */
/* The partitions of a mirror task, see assignment_priv.h. */
#include "mirror_source/assignment_priv.h"

#include "connect/hash.h"
#include "mirror/mirror_offsets.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A topic with some of its partitions. */
struct assigned_topic {
    char *name;
    char *remote;
    size_t *index; /* by partition number; SIZE_MAX: not assigned */
    int32_t limit; /* of index */
    UT_hash_handle hh;
};

struct kc_mirror_assignment {
    atomic_uint refs;
    atomic_bool ended;
    struct assigned_topic *topics;
    struct kc_mirrored_partition *partitions;
    size_t count;
};

static struct kc_error *parse_partition(const char *text, char **topic, int32_t *number)
{
    const char *dash = strrchr(text, '-');
    char *end = NULL;
    long value = dash ? strtol(dash + 1, &end, 10) : -1;
    if (!dash || dash == text || end == dash + 1 || *end || value < 0 || value >= INT32_MAX)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration task.assigned.partitions: expected "
                            "<topic>-<partition>",
                            text);
    *topic = kc_strndup(text, (size_t)(dash - text));
    *number = (int32_t)value;
    return NULL;
}

/* NULL: the replication policy has no name for it. */
static struct assigned_topic *topic_of(struct kc_mirror_assignment *assignment,
                                       const struct kc_mirror_config *config, const char *name)
{
    struct assigned_topic *topic;
    HASH_FIND_STR(assignment->topics, name, topic);
    if (topic)
        return topic;
    char *remote = kc_policy_remote_topic(config->policy, config->source, name);
    if (!remote)
        return NULL;
    topic = kc_calloc(1, sizeof(*topic));
    topic->name = kc_strdup(name);
    topic->remote = remote;
    HASH_ADD_KEYPTR(hh, assignment->topics, topic->name, strlen(topic->name), topic);
    return topic;
}

static void topic_add(struct assigned_topic *topic, int32_t number, size_t index)
{
    if (number >= topic->limit) {
        int32_t limit = number < INT32_MAX - 16 ? number + 16 : INT32_MAX;
        topic->index = kc_realloc(topic->index, sizeof(*topic->index) * (size_t)limit);
        for (int32_t i = topic->limit; i < limit; i++)
            topic->index[i] = SIZE_MAX;
        topic->limit = limit;
    }
    topic->index[number] = index;
}

static struct kc_error *add_partition(struct kc_mirror_assignment *assignment,
                                      const struct kc_mirror_config *config, const char *name,
                                      int32_t number)
{
    struct assigned_topic *topic = topic_of(assignment, config, name);
    if (!topic)
        return kc_error_new(KC_ERR_CONFIG,
                            "The replication policy of replication.policy.class has no name on %s "
                            "for the topic %s, which the task is to mirror",
                            config->target, name);
    size_t index = assignment->count++;
    struct kc_mirrored_partition *partition = &assignment->partitions[index];
    json_t *map = kc_mirror_source_partition(config->source, name, number);
    *partition = (struct kc_mirrored_partition){
        .topic = topic->name,
        .remote = topic->remote,
        .partition = number,
        .next_offset = -1,
        .source = kc_source_partition_new(map),
    };
    json_decref(map);
    kc_sync_partition_init(&partition->sync, topic->name, number);
    kc_index_partition_init(&partition->index, topic->name, number);
    topic_add(topic, number, index);
    return NULL;
}

struct kc_error *kc_mirror_assignment_new(const struct kc_mirror_config *config,
                                          const char *assigned,
                                          struct kc_mirror_assignment **assignment)
{
    struct kc_mirror_assignment *made = kc_calloc(1, sizeof(*made));
    struct kc_strings list = {0};
    struct kc_error *err = NULL;
    atomic_init(&made->refs, 1);
    kc_strings_split(&list, assigned);
    made->partitions = kc_calloc(list.count ? list.count : 1, sizeof(*made->partitions));
    for (size_t i = 0; !err && i < list.count; i++) {
        char *topic = NULL;
        int32_t number = 0;
        err = parse_partition(list.items[i], &topic, &number);
        if (!err)
            err = add_partition(made, config, topic, number);
        free(topic);
    }
    kc_strings_destroy(&list);
    if (err) {
        kc_mirror_assignment_unref(made);
        return err;
    }
    *assignment = made;
    return NULL;
}

struct kc_mirror_assignment *kc_mirror_assignment_ref(struct kc_mirror_assignment *assignment)
{
    atomic_fetch_add_explicit(&assignment->refs, 1, memory_order_relaxed);
    return assignment;
}

void kc_mirror_assignment_unref(struct kc_mirror_assignment *assignment)
{
    if (!assignment || atomic_fetch_sub_explicit(&assignment->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < assignment->count; i++) {
        kc_source_partition_unref(assignment->partitions[i].source);
        kc_mirror_series_destroy(assignment->partitions[i].series);
        kc_index_partition_clear(&assignment->partitions[i].index);
    }
    struct assigned_topic *topic, *next;
    HASH_ITER (hh, assignment->topics, topic, next) {
        HASH_DEL(assignment->topics, topic);
        free(topic->index);
        free(topic->name);
        free(topic->remote);
        free(topic);
    }
    free(assignment->partitions);
    free(assignment);
}

void kc_mirror_assignment_end(struct kc_mirror_assignment *assignment)
{
    atomic_store(&assignment->ended, true);
}

bool kc_mirror_assignment_ended(const struct kc_mirror_assignment *assignment)
{
    return atomic_load(&assignment->ended);
}

size_t kc_mirror_assignment_count(const struct kc_mirror_assignment *assignment)
{
    return assignment->count;
}

struct kc_mirrored_partition *kc_mirror_assignment_at(struct kc_mirror_assignment *assignment,
                                                      size_t index)
{
    return &assignment->partitions[index];
}

struct kc_mirrored_partition *kc_mirror_assignment_find(struct kc_mirror_assignment *assignment,
                                                        const char *topic, int32_t partition,
                                                        size_t *index)
{
    struct assigned_topic *found;
    HASH_FIND_STR(assignment->topics, topic, found);
    if (!found || partition < 0 || partition >= found->limit || found->index[partition] == SIZE_MAX)
        return NULL;
    *index = found->index[partition];
    return &assignment->partitions[*index];
}
