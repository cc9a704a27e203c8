/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks by partition, see offset_index_store.h. */
#include "mirror/offset_index_store.h"

#include "connect/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A chunk in its coded form, and what a search looks at. */
struct kept {
    int64_t sequence;
    int64_t from; /* of its first run */
    bool fresh;
    int32_t slot;
    uint32_t len, count;
    char *data;
};

struct partition_index {
    char *key;           /* "topic-partition" */
    struct kept *chunks; /* ascending by sequence */
    size_t count, cap;
    UT_hash_handle hh;
};

struct kc_offset_index {
    char *flow;
    struct partition_index *partitions;
    struct kc_index_chunk *decoded; /* the last that was looked into */
};

struct kc_offset_index *kc_offset_index_new(const char *flow)
{
    struct kc_offset_index *index = kc_calloc(1, sizeof(*index));
    index->flow = kc_strdup(flow);
    index->decoded = kc_calloc(1, sizeof(*index->decoded));
    return index;
}

static void partition_destroy(struct partition_index *partition)
{
    for (size_t i = 0; i < partition->count; i++)
        free(partition->chunks[i].data);
    free(partition->chunks);
    free(partition->key);
    free(partition);
}

void kc_offset_index_destroy(struct kc_offset_index *index)
{
    struct partition_index *partition, *next;
    if (!index)
        return;
    HASH_ITER (hh, index->partitions, partition, next) {
        HASH_DEL(index->partitions, partition);
        partition_destroy(partition);
    }
    kc_index_chunk_clear(index->decoded);
    free(index->decoded);
    free(index->flow);
    free(index);
}

/* ---- taking in ---- */

static struct partition_index *find(const struct kc_offset_index *index, const char *topic,
                                    int32_t partition)
{
    struct partition_index *found = NULL;
    char key[300]; /* topic names end at 249 bytes */
    snprintf(key, sizeof(key), "%s-%d", topic, partition);
    HASH_FIND_STR(index->partitions, key, found);
    return found;
}

static struct partition_index *need(struct kc_offset_index *index, const struct kc_index_key *key)
{
    struct partition_index *partition = find(index, key->topic, key->partition);
    if (partition)
        return partition;
    partition = kc_calloc(1, sizeof(*partition));
    partition->key = kc_asprintf("%s-%d", key->topic, key->partition);
    HASH_ADD_KEYPTR(hh, index->partitions, partition->key, strlen(partition->key), partition);
    return partition;
}

static void remove_at(struct partition_index *partition, size_t at)
{
    free(partition->chunks[at].data);
    partition->count--;
    memmove(partition->chunks + at, partition->chunks + at + 1,
            (partition->count - at) * sizeof(*partition->chunks));
}

static void remove_slot(struct partition_index *partition, int32_t slot)
{
    for (size_t i = partition->count; i-- > 0;)
        if (partition->chunks[i].slot == slot)
            remove_at(partition, i);
}

static void insert(struct partition_index *partition, const struct kept *chunk)
{
    size_t at = partition->count;
    if (partition->count == partition->cap) {
        partition->cap = partition->cap + partition->cap / 2 + 1;
        partition->chunks =
            kc_realloc(partition->chunks, partition->cap * sizeof(*partition->chunks));
    }
    while (at > 0 && partition->chunks[at - 1].sequence > chunk->sequence)
        at--;
    memmove(partition->chunks + at + 1, partition->chunks + at,
            (partition->count - at) * sizeof(*partition->chunks));
    partition->chunks[at] = *chunk;
    partition->count++;
}

/* Chunks before one with a new log are about another log. */
static void drop_stale(struct partition_index *partition)
{
    size_t first = partition->count;
    while (first > 0 && !partition->chunks[first - 1].fresh)
        first--;
    for (size_t i = 0; first > 1 && i < first - 1; i++)
        remove_at(partition, 0);
}

struct kc_error *kc_offset_index_put(struct kc_offset_index *index, const void *key, size_t key_len,
                                     const void *value, size_t value_len)
{
    struct kc_index_key whose;
    struct kc_index_chunk *chunk = index->decoded;
    struct kc_error *err = kc_index_key_decode(key, key_len, &whose);
    if (err)
        return err;
    bool ours = strcmp(whose.flow, index->flow) == 0;
    if (value && ours)
        err = kc_index_chunk_decode(value, value_len, chunk);
    if (!err && ours) {
        struct partition_index *partition = need(index, &whose);
        remove_slot(partition, whose.slot);
        if (value && chunk->count > 0)
            insert(partition, &(struct kept){.sequence = chunk->sequence,
                                             .from = chunk->runs[0].from,
                                             .fresh = chunk->fresh,
                                             .slot = whose.slot,
                                             .len = (uint32_t)value_len,
                                             .count = (uint32_t)chunk->count,
                                             .data = kc_memdup(value, value_len)});
        drop_stale(partition);
    }
    kc_index_key_clear(&whose);
    return err;
}

/* ---- answers ---- */

static void decode(const struct kc_offset_index *index, const struct kept *chunk)
{
    /* It was decoded before it was kept. */
    kc_error_destroy(kc_index_chunk_decode(chunk->data, chunk->len, index->decoded));
}

static struct kc_index_pair start_of(const struct kc_index_run *run)
{
    return (struct kc_index_pair){run->upstream, run->downstream};
}

static struct kc_index_pair end_of(const struct kc_index_run *run)
{
    return (struct kc_index_pair){kc_index_run_end(run), kc_index_run_end_downstream(run)};
}

/* The newest chunk that begins at or before upstream. If two overlap, the newer one counts, because
 * its records were mirrored last. Returns its number + 1, 0 for none. */
static size_t chunk_upto(const struct partition_index *partition, int64_t upstream)
{
    size_t at = partition->count;
    while (at > 0 && partition->chunks[at - 1].from > upstream)
        at--;
    return at;
}

/* The first run of the next chunk that isn't superseded; such a chunk begins after upstream. Uses
 * the decoded chunk's room. */
static bool next_chunk_run(const struct kc_offset_index *index,
                           const struct partition_index *partition, size_t at,
                           struct kc_index_run *run)
{
    size_t best = partition->count;
    for (size_t i = at; i < partition->count; i++)
        if (best == partition->count || partition->chunks[i].from <= partition->chunks[best].from)
            best = i;
    if (best == partition->count)
        return false;
    decode(index, &partition->chunks[best]);
    *run = index->decoded->runs[0];
    return true;
}

/* Between two runs the answer is exact only if somebody saw that nothing lies there. */
static struct kc_index_place between(const struct kc_index_run *before,
                                     const struct kc_index_run *after, int64_t upstream)
{
    struct kc_index_place place = {.low = {-1, -1}, .high = {-1, -1}};
    if (before)
        place.low = end_of(before);
    if (after)
        place.high = start_of(after);
    bool watched =
        after && (upstream >= after->from ||
                  (before && (after->from <= kc_index_run_end(before) ||
                              after->downstream == kc_index_run_end_downstream(before))));
    place.answer = watched ? KC_INDEX_EXACT : after ? KC_INDEX_HOLE : KC_INDEX_END;
    place.downstream = watched ? after->downstream : -1;
    return place;
}

/* A place in the decoded chunk, number `at` of the partition. */
static struct kc_index_place find_in_chunk(const struct kc_offset_index *index,
                                           const struct partition_index *partition, size_t at,
                                           int64_t upstream)
{
    const struct kc_index_chunk *chunk = index->decoded;
    size_t upto = kc_index_chunk_upto(chunk, upstream);
    const struct kc_index_run *run = &chunk->runs[upto - 1];
    struct kc_index_run last = *run, next;
    if (upstream < run->upstream)
        return between(NULL, run, upstream);
    if (upstream < kc_index_run_end(run))
        return (struct kc_index_place){.answer = KC_INDEX_EXACT,
                                       .downstream = run->downstream + upstream - run->upstream};
    if (upto < chunk->count)
        return between(run, run + 1, upstream);
    bool more = next_chunk_run(index, partition, at + 1, &next);
    return between(&last, more ? &next : NULL, upstream);
}

struct kc_index_place kc_offset_index_find(const struct kc_offset_index *index, const char *topic,
                                           int32_t partition, int64_t upstream)
{
    const struct partition_index *found = find(index, topic, partition);
    struct kc_index_run next;
    if (!found || found->count == 0)
        return (struct kc_index_place){.answer = KC_INDEX_NOTHING};
    size_t upto = chunk_upto(found, upstream);
    if (upto == 0) {
        next_chunk_run(index, found, 0, &next);
        return between(NULL, &next, upstream);
    }
    decode(index, &found->chunks[upto - 1]);
    return find_in_chunk(index, found, upto - 1, upstream);
}

bool kc_offset_index_fits(const struct kc_offset_index *index, const char *topic, int32_t partition,
                          int64_t upstream, int64_t downstream)
{
    struct kc_index_place place = kc_offset_index_find(index, topic, partition, upstream);
    if (place.answer == KC_INDEX_EXACT)
        return place.downstream == downstream;
    if (place.answer == KC_INDEX_END)
        return downstream >= place.low.downstream;
    return true;
}

/* ---- sizes ---- */

size_t kc_offset_index_changes(const struct kc_offset_index *index)
{
    size_t changes = 0;
    for (const struct partition_index *p = index->partitions; p; p = p->hh.next)
        for (size_t i = 0; i < p->count; i++)
            changes += p->chunks[i].count;
    return changes;
}

size_t kc_offset_index_bytes(const struct kc_offset_index *index)
{
    size_t bytes = sizeof(*index) + sizeof(*index->decoded) +
                   index->decoded->cap * sizeof(*index->decoded->runs);
    for (const struct partition_index *p = index->partitions; p; p = p->hh.next) {
        bytes += sizeof(*p) + strlen(p->key) + 1 + p->cap * sizeof(*p->chunks);
        for (size_t i = 0; i < p->count; i++)
            bytes += p->chunks[i].len;
    }
    return bytes;
}

size_t kc_offset_index_count(const struct kc_offset_index *index)
{
    return HASH_COUNT(index->partitions);
}
