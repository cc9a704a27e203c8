/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last checkpoint of each group and partition (MM2's CheckpointStore).
 *
 * Filled from the checkpoints topic when a task starts, kept up to date by what the task emits. One
 * thread at a time.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_CHECKPOINT_STORE_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_CHECKPOINT_STORE_PRIV_H

#include "connect/record.h"
#include "mirror/mirror_records.h"
#include "mirror/mirror_series.h"

struct kc_checkpoint_store;

/* The stored checkpoint of one group and partition. */
struct kc_checkpoint_entry {
    struct kc_checkpoint checkpoint;       /* texts are the store's; metadata NULL: none */
    struct kc_source_partition *partition; /* made when first emitted; NULL before */
    struct kc_mirror_series *series;       /* the same */
    int64_t looked_for, found; /* offsets, of the last look-up that found one; -1: there was none */
};

struct kc_checkpoint_store *kc_checkpoint_store_new(void);
void kc_checkpoint_store_destroy(struct kc_checkpoint_store *store);

/* Remembers a copy of checkpoint as the last one; borrowed until the next change. */
struct kc_checkpoint_entry *kc_checkpoint_store_put(struct kc_checkpoint_store *store,
                                                    const struct kc_checkpoint *checkpoint);
/* Borrowed until the next change; NULL: there is none. */
struct kc_checkpoint_entry *kc_checkpoint_store_find(const struct kc_checkpoint_store *store,
                                                     const char *group, const char *topic,
                                                     int32_t partition);
/* Whether checkpoint tells something new: there is no last one, or the group went back upstream, or
 * got on downstream. Never goes back downstream otherwise. */
bool kc_checkpoint_is_newer(const struct kc_checkpoint_entry *last,
                            const struct kc_checkpoint *checkpoint);
void kc_checkpoint_store_clear(struct kc_checkpoint_store *store);
size_t kc_checkpoint_store_count(const struct kc_checkpoint_store *store);

/* Calls visit for each checkpoint, one group's after the other in no particular order of groups. */
typedef void (*kc_checkpoint_visit)(void *arg, const struct kc_checkpoint *checkpoint);
void kc_checkpoint_store_each(const struct kc_checkpoint_store *store, const char *group,
                              kc_checkpoint_visit visit, void *arg);

#endif
