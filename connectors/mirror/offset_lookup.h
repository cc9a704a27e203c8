/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds a source record's offset on the target by reading both topics, when neither the offset
 * index nor an offset sync tells it exactly.
 *
 * It tries a few guesses between two known pairs of offsets: the difference is still that of one
 * pair; it changes evenly; the timestamps tell. For each guess it reads some records of both sides
 * and matches them. A match that isn't the record itself narrows the search. A number of reads and
 * a deadline bound the work. The caller reads the records (struct kc_lookup_reader).
 */
#ifndef CONNECTORS_MIRROR_OFFSET_LOOKUP_H
#define CONNECTORS_MIRROR_OFFSET_LOOKUP_H

#include "mirror/offset_index_store.h"
#include "mirror/record_match.h"

enum kc_lookup_side { KC_LOOKUP_SOURCE, KC_LOOKUP_TARGET };

/* Access to one partition on both sides. Each function may fail; then the look-up ends. */
struct kc_lookup_reader {
    void *arg;
    /* Where the log begins, and ends. */
    struct kc_error *(*bounds)(void *arg, enum kc_lookup_side side, int64_t *low, int64_t *high);
    /* Adds records with offsets in [from, to) to window, in order, at most max of them; sets
     * at_start and at_end. */
    struct kc_error *(*read)(void *arg, enum kc_lookup_side side, int64_t from, int64_t to,
                             size_t max, struct kc_record_window *window);
    /* The target's first offset with such a timestamp or a later one; -1: none. */
    struct kc_error *(*by_time)(void *arg, int64_t timestamp, int64_t *offset);
    /* Optional: the target will soon be read from that offset on, so it may be fetched now. */
    void (*ahead)(void *arg, int64_t from);
};

enum kc_lookup_result {
    KC_LOOKUP_FOUND,
    KC_LOOKUP_NOT_FOUND, /* it isn't there, not yet there, or can't be told from others */
};

/* The target's offset of the source's first record at or after upstream. If the source has none,
 * the offset behind its last one. low and high as in kc_index_place. */
struct kc_error *kc_offset_lookup(const struct kc_lookup_reader *reader, int64_t upstream,
                                  struct kc_index_pair low, struct kc_index_pair high,
                                  int64_t deadline_ms, enum kc_lookup_result *result,
                                  int64_t *downstream) KC_MUST_CHECK;

#endif
