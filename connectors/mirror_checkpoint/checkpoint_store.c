/* SPDX-License-Identifier: Apache-2.0 */
/* Last checkpoints by group and partition, see checkpoint_store_priv.h. */
#include "mirror_checkpoint/checkpoint_store_priv.h"

#include "connect/hash.h"

#include <stdlib.h>
#include <string.h>

/* There may be a hundred thousand: names are kept once. */
struct stored_topic {
    char *name;
    UT_hash_handle hh;
};

/* Within a group. Compared as bytes: without padding. */
struct stored_place {
    const struct stored_topic *topic;
    int64_t partition;
};

struct stored {
    struct stored_place place;
    struct kc_checkpoint_entry entry;
    UT_hash_handle hh;
};

struct stored_group {
    char *name;
    struct stored *entries;
    UT_hash_handle hh;
};

struct kc_checkpoint_store {
    struct stored_group *groups;
    struct stored_topic *topics;
};

struct kc_checkpoint_store *kc_checkpoint_store_new(void)
{
    return kc_calloc(1, sizeof(struct kc_checkpoint_store));
}

static void stored_destroy(struct stored *stored)
{
    free(stored->entry.checkpoint.metadata);
    if (stored->entry.partition)
        kc_source_partition_unref(stored->entry.partition);
    kc_mirror_series_destroy(stored->entry.series);
    free(stored);
}

static void clear_topics(struct kc_checkpoint_store *store)
{
    struct stored_topic *topic, *next;
    HASH_ITER (hh, store->topics, topic, next) {
        HASH_DEL(store->topics, topic);
        free(topic->name);
        free(topic);
    }
}

void kc_checkpoint_store_clear(struct kc_checkpoint_store *store)
{
    struct stored_group *group, *next_group;
    struct stored *stored, *next;
    HASH_ITER (hh, store->groups, group, next_group) {
        HASH_ITER (hh, group->entries, stored, next) {
            HASH_DEL(group->entries, stored);
            stored_destroy(stored);
        }
        HASH_DEL(store->groups, group);
        free(group->name);
        free(group);
    }
    clear_topics(store);
}

void kc_checkpoint_store_destroy(struct kc_checkpoint_store *store)
{
    if (!store)
        return;
    kc_checkpoint_store_clear(store);
    free(store);
}

/* ---- places ---- */

static struct stored_group *find_group(const struct kc_checkpoint_store *store, const char *name)
{
    struct stored_group *group = NULL;
    HASH_FIND_STR(store->groups, name, group);
    return group;
}

static struct stored_topic *find_topic(const struct kc_checkpoint_store *store, const char *name)
{
    struct stored_topic *topic = NULL;
    HASH_FIND_STR(store->topics, name, topic);
    return topic;
}

static struct stored *find(const struct stored_group *group, const struct stored_place *place)
{
    struct stored *stored = NULL;
    HASH_FIND(hh, group->entries, place, sizeof(*place), stored);
    return stored;
}

static struct stored_group *need_group(struct kc_checkpoint_store *store, const char *name)
{
    struct stored_group *group = find_group(store, name);
    if (group)
        return group;
    group = kc_calloc(1, sizeof(*group));
    group->name = kc_strdup(name);
    HASH_ADD_KEYPTR(hh, store->groups, group->name, strlen(group->name), group);
    return group;
}

static struct stored_topic *need_topic(struct kc_checkpoint_store *store, const char *name)
{
    struct stored_topic *topic = find_topic(store, name);
    if (topic)
        return topic;
    topic = kc_calloc(1, sizeof(*topic));
    topic->name = kc_strdup(name);
    HASH_ADD_KEYPTR(hh, store->topics, topic->name, strlen(topic->name), topic);
    return topic;
}

static struct stored *need(struct kc_checkpoint_store *store, const char *group_name,
                           const char *topic_name, int32_t partition)
{
    struct stored_group *group = need_group(store, group_name);
    struct stored_topic *topic = need_topic(store, topic_name);
    struct stored_place place = {topic, partition};
    struct stored *stored = find(group, &place);
    if (stored)
        return stored;
    stored = kc_calloc(1, sizeof(*stored));
    stored->place = place;
    stored->entry.checkpoint =
        (struct kc_checkpoint){.group = group->name, .topic = topic->name, .partition = partition};
    stored->entry.looked_for = stored->entry.found = -1;
    HASH_ADD(hh, group->entries, place, sizeof(stored->place), stored);
    return stored;
}

/* ---- checkpoints ---- */

struct kc_checkpoint_entry *kc_checkpoint_store_put(struct kc_checkpoint_store *store,
                                                    const struct kc_checkpoint *checkpoint)
{
    struct stored *stored =
        need(store, checkpoint->group, checkpoint->topic, checkpoint->partition);
    struct kc_checkpoint *kept = &stored->entry.checkpoint;
    const char *metadata = checkpoint->metadata;
    char *copy = metadata && *metadata ? kc_strdup(metadata) : NULL;
    free(kept->metadata);
    kept->upstream = checkpoint->upstream;
    kept->downstream = checkpoint->downstream;
    kept->metadata = copy;
    return &stored->entry;
}

struct kc_checkpoint_entry *kc_checkpoint_store_find(const struct kc_checkpoint_store *store,
                                                     const char *group, const char *topic,
                                                     int32_t partition)
{
    const struct stored_group *found = find_group(store, group);
    const struct stored_topic *named = find_topic(store, topic);
    const struct stored_place place = {named, partition};
    struct stored *stored = found && named ? find(found, &place) : NULL;
    return stored ? &stored->entry : NULL;
}

bool kc_checkpoint_is_newer(const struct kc_checkpoint_entry *last,
                            const struct kc_checkpoint *checkpoint)
{
    return !last || checkpoint->upstream < last->checkpoint.upstream ||
           checkpoint->downstream > last->checkpoint.downstream;
}

size_t kc_checkpoint_store_count(const struct kc_checkpoint_store *store)
{
    size_t count = 0;
    for (const struct stored_group *group = store->groups; group; group = group->hh.next)
        count += HASH_COUNT(group->entries);
    return count;
}

void kc_checkpoint_store_each(const struct kc_checkpoint_store *store, const char *group,
                              kc_checkpoint_visit visit, void *arg)
{
    const struct stored_group *found = find_group(store, group);
    if (!found)
        return;
    for (const struct stored *stored = found->entries; stored; stored = stored->hh.next)
        visit(arg, &stored->entry.checkpoint);
}
