/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translates a committed offset of the source by all that is known of a partition: the offset index
 * and the offset syncs. Pure; the stores belong to the caller.
 *
 * If the index knows it, the result is the offset of the first mirrored record at or after the
 * committed one. If there are only offset syncs, the result is that of Java's task: it may point
 * further back, but never too far forward. An inexact result comes with its neighbours, between
 * which it can be looked up (offset_lookup.h).
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
    bool unmirrored; /* according to the index, nothing at or after the offset has been mirrored
                        yet; a look-up may find that there is nothing to mirror */
    bool lookup;     /* a look-up between low and high (-1: unknown) may tell it exactly */
    bool soon;       /* the index may tell it in a moment */
    struct kc_index_pair low, high;
};

struct kc_translation kc_offset_translate(const struct kc_offset_index *index,
                                          const struct kc_offset_sync_store *syncs,
                                          const char *topic, int32_t partition, int64_t upstream);

#endif
