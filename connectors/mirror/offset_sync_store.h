/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offset syncs in memory, and the translation of offsets with them (MM2's OffsetSyncStore).
 *
 * The store keeps 64 syncs of each source partition. They are dense near the partition's end and
 * sparse towards its beginning:
 *   A  slot 0 is the newest sync;
 *   B  for i < j: slot[i].upstream <= slot[j].upstream + 2^j - 2^i, unless they are the same sync;
 *   C  for i < j: slot[i].upstream >= slot[j].upstream + 2^max(i-2, 0), unless they are the same;
 *   D  slot 63 is the oldest sync that may be used.
 * An update costs one pass. A translation never points behind the true position. One thread at a
 * time.
 */
#ifndef CONNECTORS_MIRROR_OFFSET_SYNC_STORE_H
#define CONNECTORS_MIRROR_OFFSET_SYNC_STORE_H

#include "mirror/mirror_records.h"

#define KC_SYNCS_PER_PARTITION 64

#define KC_NOT_TRANSLATED (-2) /* nothing known of the partition, or not loaded yet */
#define KC_TOO_OLD        (-1) /* older than the oldest sync */

struct kc_offset_sync_store;

struct kc_offset_sync_store *kc_offset_sync_store_new(void);
void kc_offset_sync_store_destroy(struct kc_offset_sync_store *store);

/* newest_only: before kc_offset_sync_store_loaded(), only the last sync of each partition counts,
 * because an earlier task may have used earlier ones. */
void kc_offset_sync_store_begin(struct kc_offset_sync_store *store, bool newest_only);
/* The topic has been read to its end: translation begins. */
void kc_offset_sync_store_loaded(struct kc_offset_sync_store *store);

void kc_offset_sync_store_add(struct kc_offset_sync_store *store,
                              const struct kc_offset_sync *sync);

/* The downstream offset for a committed upstream offset, or one of the constants above. */
int64_t kc_offset_sync_store_translate(const struct kc_offset_sync_store *store, const char *topic,
                                       int32_t partition, int64_t upstream);

/* How many partitions have syncs. */
size_t kc_offset_sync_store_count(const struct kc_offset_sync_store *store);

/* One sync; id tells syncs with equal offsets apart. */
struct kc_sync_slot {
    int64_t upstream;
    int64_t downstream;
    uint64_t id;
};
/* The KC_SYNCS_PER_PARTITION slots of a partition, borrowed until the next change; NULL: unknown.
 */
const struct kc_sync_slot *kc_offset_sync_store_slots(const struct kc_offset_sync_store *store,
                                                      const char *topic, int32_t partition);

#endif
