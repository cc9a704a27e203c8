/* SPDX-License-Identifier: Apache-2.0 */
/* Slots of offset syncs, see offset_sync_store.h. */
#include "mirror/offset_sync_store.h"

#include "connect/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct partition_syncs {
    char *key; /* "topic-partition" */
    struct kc_sync_slot slots[KC_SYNCS_PER_PARTITION];
    UT_hash_handle hh;
};

struct kc_offset_sync_store {
    struct partition_syncs *partitions;
    uint64_t last_id;
    bool newest_only;
    bool loaded;
};

struct kc_offset_sync_store *kc_offset_sync_store_new(void)
{
    struct kc_offset_sync_store *store = kc_calloc(1, sizeof(*store));
    store->newest_only = true;
    return store;
}

void kc_offset_sync_store_destroy(struct kc_offset_sync_store *store)
{
    struct partition_syncs *syncs, *next;
    if (!store)
        return;
    HASH_ITER (hh, store->partitions, syncs, next) {
        HASH_DEL(store->partitions, syncs);
        free(syncs->key);
        free(syncs);
    }
    free(store);
}

void kc_offset_sync_store_begin(struct kc_offset_sync_store *store, bool newest_only)
{
    store->newest_only = newest_only;
}

void kc_offset_sync_store_loaded(struct kc_offset_sync_store *store)
{
    store->loaded = true;
}

static struct partition_syncs *find(const struct kc_offset_sync_store *store, const char *topic,
                                    int32_t partition)
{
    struct partition_syncs *syncs = NULL;
    char key[300]; /* topic names end at 249 bytes */
    snprintf(key, sizeof(key), "%s-%d", topic, partition);
    HASH_FIND_STR(store->partitions, key, syncs);
    return syncs;
}

static bool same(const struct kc_sync_slot *a, const struct kc_sync_slot *b)
{
    return a->id == b->id;
}

/* Sums wrap as Java's do; a negative bound is an overflow. */
static int64_t wrapping_sum(int64_t a, uint64_t b)
{
    return (int64_t)((uint64_t)a + b);
}

static bool holds_b(const struct kc_sync_slot *in_i, const struct kc_sync_slot *in_j, int i, int j)
{
    int64_t bound = wrapping_sum(in_j->upstream, (UINT64_C(1) << j) - (UINT64_C(1) << i));
    return same(in_i, in_j) || bound < 0 || in_i->upstream <= bound;
}

static bool holds_c(const struct kc_sync_slot *in_i, const struct kc_sync_slot *in_j, int i)
{
    int64_t bound = wrapping_sum(in_j->upstream, UINT64_C(1) << (i > 2 ? i - 2 : 0));
    return same(in_i, in_j) || (bound >= 0 && in_i->upstream >= bound);
}

static void fill(struct kc_sync_slot *slots, const struct kc_sync_slot *sync)
{
    for (int i = 0; i < KC_SYNCS_PER_PARTITION; i++)
        slots[i] = *sync;
}

/*
 * The best value for slots[current]: the next old value that fits between its neighbours, or the
 * last one that did. *next is where the search in the old values continues; it never runs ahead of
 * current.
 */
static void choose(const struct kc_sync_slot *slots, const struct kc_sync_slot *old, int current,
                   int *next, struct kc_sync_slot *chosen)
{
    int previous = current - 1;
    bool skip;
    do {
        const struct kc_sync_slot *value = &old[*next];
        bool recent = holds_b(&slots[previous], value, previous, current);
        bool apart = holds_c(&slots[previous], value, previous);
        bool apart_from_next =
            current + 1 >= KC_SYNCS_PER_PARTITION || holds_c(value, &slots[current + 1], current);
        bool repeated = *next + 1 < KC_SYNCS_PER_PARTITION && same(value, &old[*next + 1]);
        bool take = recent && apart && apart_from_next;
        if (take)
            *chosen = *value;
        /* A value too close to its predecessor won't fit further up either. */
        skip = repeated || !apart;
        if (take || skip)
            ++*next;
    } while (*next < current && skip);
}

/* Puts sync in slot 0 and moves the others up until all invariants hold again. */
static void push(struct kc_sync_slot *slots, const struct kc_sync_slot *sync)
{
    struct kc_sync_slot old[KC_SYNCS_PER_PARTITION];
    struct kc_sync_slot chosen = *sync;
    int next = 0;
    memcpy(old, slots, sizeof(old));
    slots[0] = *sync;
    for (int current = 1; current < KC_SYNCS_PER_PARTITION; current++) {
        choose(slots, old, current, &next, &chosen);
        /* If B holds for an old value, it holds for all that follow. */
        if (holds_b(&slots[current - 1], &slots[current], current - 1, current))
            return;
        slots[current] = chosen;
    }
}

void kc_offset_sync_store_add(struct kc_offset_sync_store *store, const struct kc_offset_sync *sync)
{
    struct kc_sync_slot slot = {sync->upstream, sync->downstream, ++store->last_id};
    struct partition_syncs *syncs = find(store, sync->topic, sync->partition);
    if (!syncs) {
        syncs = kc_malloc(sizeof(*syncs));
        syncs->key = kc_asprintf("%s-%d", sync->topic, sync->partition);
        fill(syncs->slots, &slot);
        HASH_ADD_KEYPTR(hh, store->partitions, syncs->key, strlen(syncs->key), syncs);
        return;
    }
    bool newest_only = !store->loaded && store->newest_only;
    bool rewound = slot.upstream < syncs->slots[0].upstream;
    if (newest_only || rewound)
        fill(syncs->slots, &slot);
    else
        push(syncs->slots, &slot);
}

int64_t kc_offset_sync_store_translate(const struct kc_offset_sync_store *store, const char *topic,
                                       int32_t partition, int64_t upstream)
{
    if (!store->loaded)
        return KC_NOT_TRANSLATED;
    const struct partition_syncs *syncs = find(store, topic, partition);
    if (!syncs)
        return KC_NOT_TRANSLATED;
    for (int i = 0; i < KC_SYNCS_PER_PARTITION; i++) {
        const struct kc_sync_slot *slot = &syncs->slots[i];
        if (slot->upstream <= upstream)
            /* It is unknown how many records follow the sync downstream: at least one. */
            return slot->downstream + (slot->upstream == upstream ? 0 : 1);
    }
    return KC_TOO_OLD;
}

size_t kc_offset_sync_store_count(const struct kc_offset_sync_store *store)
{
    return HASH_COUNT(store->partitions);
}

const struct kc_sync_slot *kc_offset_sync_store_slots(const struct kc_offset_sync_store *store,
                                                      const char *topic, int32_t partition)
{
    const struct partition_syncs *syncs = find(store, topic, partition);
    return syncs ? syncs->slots : NULL;
}
