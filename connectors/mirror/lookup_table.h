/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of a lookup_queue: offsets to look up, and results.
 *
 * Its size is bounded. When it is full, entries that were found and reported make room, and entries
 * that weren't found. If these are few, a new offset isn't taken in until later. So the offsets of
 * any number of groups get their turn, round by round. Pure except for time, which the caller
 * passes in; the caller locks.
 */
#ifndef CONNECTORS_MIRROR_LOOKUP_TABLE_H
#define CONNECTORS_MIRROR_LOOKUP_TABLE_H

#include "mirror/offset_lookup.h"

/* One look-up: the parameters of kc_offset_lookup(). */
struct kc_lookup {
    const char *topic;  /* of the source */
    const char *remote; /* its name on the target */
    int32_t partition;
    int64_t upstream;
    struct kc_index_pair low, high;
};
/* Whether an earlier result (-1: none) still lies between the neighbours. If not, records have been
 * mirrored anew since. */
bool kc_lookup_holds(const struct kc_lookup *lookup, int64_t downstream);

enum { KC_LOOKUP_THREADS = 4 };

struct kc_lookup_table;
struct kc_lookup_entry;

struct kc_lookup_table *kc_lookup_table_new(size_t most);
/* No entry may be under way. */
void kc_lookup_table_destroy(struct kc_lookup_table *table);

/* Whether the offset is known. If not, it waits to be looked up, delay_ms after the first call. */
bool kc_lookup_table_ask(struct kc_lookup_table *table, const struct kc_lookup *lookup,
                         int64_t delay_ms, int64_t now_ms, int64_t *downstream);
/* Takes out the next item for one of several threads; its texts are valid until it is settled. Due
 * items come sorted by partition and offset; each thread gets a part of its own. NULL: none is due.
 */
struct kc_lookup_entry *kc_lookup_table_take(struct kc_lookup_table *table, size_t thread,
                                             int64_t now_ms, struct kc_lookup *lookup);
/* The result of a look-up. downstream -1: not found; it is looked for again, ever less often. */
void kc_lookup_table_settle(struct kc_lookup_table *table, struct kc_lookup_entry *entry,
                            int64_t now_ms, int64_t downstream);

/* It was taken out in vain, and waits again. */
void kc_lookup_table_put_back(struct kc_lookup_table *table, struct kc_lookup_entry *entry);
/* No thread is at work any more; others may begin. */
void kc_lookup_table_pause(struct kc_lookup_table *table);

/* How many wait, and are under way. */
size_t kc_lookup_table_waiting(const struct kc_lookup_table *table);
size_t kc_lookup_table_open(const struct kc_lookup_table *table);

#endif
