/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target's offset for a committed one of the source, from all that is known of a partition: the
 * offset index and the offset syncs. Pure; the stores belong to the caller.
 *
 * The offset is that of the first mirrored record at or after the committed one where the index
 * tells, and as Java's task has it where there are only offset syncs: then it may point further
 * back, never too far on. What can't be told exactly comes with its neighbours, between which it
 * can be looked up (offset_lookup.h).
 */
#ifndef CONNECTORS_MIRROR_OFFSET_TRANSLATION_H
#define CONNECTORS_MIRROR_OFFSET_TRANSLATION_H

#include "mirror/offset_index_store.h"
#include "mirror/offset_sync_store.h"

enum kc_translated_by {
    KC_BY_NOTHING, /* no offset */
    KC_BY_SYNC,
    KC_BY_INDEX,
    KC_BY_LOOKUP,
};
const char *kc_translated_by_name(enum kc_translated_by by); /* "none", "sync", "index", "lookup" */

struct kc_translation {
    int64_t downstream; /* or KC_NOT_TRANSLATED, KC_TOO_OLD */
    enum kc_translated_by by;
    int64_t upstream; /* the source's offset that it stands for: what lies between that and the one
                         asked for is read again; -1: none */
    bool exact;
    bool unmirrored; /* nothing at or after the offset has been mirrored yet, as far as the index
                        says: a look-up may find that there is nothing to mirror */
    bool lookup;     /* looking may tell it exactly: between low and high, of which -1 is unknown */
    bool soon;       /* the index may tell it in a moment */
    struct kc_index_pair low, high;
};

struct kc_translation kc_offset_translate(const struct kc_offset_index *index,
                                          const struct kc_offset_sync_store *syncs,
                                          const char *topic, int32_t partition, int64_t upstream);

#endif
