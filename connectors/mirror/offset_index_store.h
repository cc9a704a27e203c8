/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offset index in memory, as read from its topic, and the answers from it.
 *
 * Chunks stay encoded, some five bytes per change, and are decoded when asked. One thread at a
 * time.
 */
#ifndef CONNECTORS_MIRROR_OFFSET_INDEX_STORE_H
#define CONNECTORS_MIRROR_OFFSET_INDEX_STORE_H

#include "mirror/offset_index.h"

struct kc_offset_index;

/* Of one flow (kc_mirror_flow()). */
struct kc_offset_index *kc_offset_index_new(const char *flow);
void kc_offset_index_destroy(struct kc_offset_index *index);

/* Takes in a record of the topic, unless it is another flow's. value NULL: the slot is empty
 * now. */
struct kc_error *kc_offset_index_put(struct kc_offset_index *index, const void *key, size_t key_len,
                                     const void *value, size_t value_len) KC_MUST_CHECK;

enum kc_index_answer {
    KC_INDEX_NOTHING, /* the index doesn't know the partition */
    KC_INDEX_HOLE,    /* a hole: the index has no entry for it; see low and high */
    KC_INDEX_EXACT,
    KC_INDEX_END, /* beyond the end of the index; low is that end */
};

/* A record's offsets on both sides; upstream -1: unknown. */
struct kc_index_pair {
    int64_t upstream, downstream;
};

struct kc_index_place {
    enum kc_index_answer answer;
    int64_t downstream; /* EXACT: of the first mirrored record at or after the asked offset */
    /* HOLE and END: the neighbours. Records from low.upstream on are at low.downstream or behind
     * it; high is a record. */
    struct kc_index_pair low, high;
};

struct kc_index_place kc_offset_index_find(const struct kc_offset_index *index, const char *topic,
                                           int32_t partition, int64_t upstream);
/* Whether the index agrees with an offset sync of the same partition. It doesn't if the sync was
 * written after the records were mirrored anew, or by others. */
bool kc_offset_index_fits(const struct kc_offset_index *index, const char *topic, int32_t partition,
                          int64_t upstream, int64_t downstream);

/* The number of changes, and the bytes that they take with all overhead. */
size_t kc_offset_index_changes(const struct kc_offset_index *index);
size_t kc_offset_index_bytes(const struct kc_offset_index *index);
/* Partitions that have an entry. */
size_t kc_offset_index_count(const struct kc_offset_index *index);

#endif
