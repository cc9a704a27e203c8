/* SPDX-License-Identifier: Apache-2.0 */
/* Last checkpoints by group and partition, see checkpoint_store_priv.h. */
#include "mirror_checkpoint/checkpoint_store_priv.h"

#include "connect/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stored {
    char *key; /* the topic and partition, within a group */
    struct kc_checkpoint_entry entry;
    UT_hash_handle hh;
};

struct group {
    char *name;
    struct stored *entries;
    UT_hash_handle hh;
};

struct kc_checkpoint_store {
    struct group *groups;
};

struct kc_checkpoint_store *kc_checkpoint_store_new(void)
{
    return kc_calloc(1, sizeof(struct kc_checkpoint_store));
}

static void stored_destroy(struct stored *stored)
{
    kc_checkpoint_clear(&stored->entry.checkpoint);
    if (stored->entry.partition)
        kc_source_partition_unref(stored->entry.partition);
    kc_mirror_series_destroy(stored->entry.series);
    free(stored->key);
    free(stored);
}

void kc_checkpoint_store_clear(struct kc_checkpoint_store *store)
{
    struct group *group, *next_group;
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
}

void kc_checkpoint_store_destroy(struct kc_checkpoint_store *store)
{
    if (!store)
        return;
    kc_checkpoint_store_clear(store);
    free(store);
}

static struct group *find_group(const struct kc_checkpoint_store *store, const char *name)
{
    struct group *group = NULL;
    HASH_FIND_STR(store->groups, name, group);
    return group;
}

static struct stored *find(const struct group *group, const char *topic, int32_t partition)
{
    struct stored *stored = NULL;
    char *key = kc_asprintf("%s-%d", topic, partition);
    HASH_FIND_STR(group->entries, key, stored);
    free(key);
    return stored;
}

static struct group *need_group(struct kc_checkpoint_store *store, const char *name)
{
    struct group *group = find_group(store, name);
    if (group)
        return group;
    group = kc_calloc(1, sizeof(*group));
    group->name = kc_strdup(name);
    HASH_ADD_KEYPTR(hh, store->groups, group->name, strlen(group->name), group);
    return group;
}

struct kc_checkpoint_entry *kc_checkpoint_store_put(struct kc_checkpoint_store *store,
                                                    const struct kc_checkpoint *checkpoint)
{
    struct group *group = need_group(store, checkpoint->group);
    struct stored *stored = find(group, checkpoint->topic, checkpoint->partition);
    if (!stored) {
        stored = kc_calloc(1, sizeof(*stored));
        stored->key = kc_asprintf("%s-%d", checkpoint->topic, checkpoint->partition);
        stored->entry.looked_for = stored->entry.found = -1;
        HASH_ADD_KEYPTR(hh, group->entries, stored->key, strlen(stored->key), stored);
    }
    struct kc_checkpoint copy = *checkpoint;
    copy.group = kc_strdup(checkpoint->group);
    copy.topic = kc_strdup(checkpoint->topic);
    copy.metadata = kc_strdup(checkpoint->metadata ? checkpoint->metadata : "");
    kc_checkpoint_clear(&stored->entry.checkpoint);
    stored->entry.checkpoint = copy;
    return &stored->entry;
}

struct kc_checkpoint_entry *kc_checkpoint_store_find(const struct kc_checkpoint_store *store,
                                                     const char *group, const char *topic,
                                                     int32_t partition)
{
    const struct group *found = find_group(store, group);
    struct stored *stored = found ? find(found, topic, partition) : NULL;
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
    for (const struct group *group = store->groups; group; group = group->hh.next)
        count += HASH_COUNT(group->entries);
    return count;
}

void kc_checkpoint_store_each(const struct kc_checkpoint_store *store, const char *group,
                              kc_checkpoint_visit visit, void *arg)
{
    const struct group *found = find_group(store, group);
    if (!found)
        return;
    for (const struct stored *stored = found->entries; stored; stored = stored->hh.next)
        visit(arg, &stored->entry.checkpoint);
}
