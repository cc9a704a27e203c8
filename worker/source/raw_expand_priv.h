/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns record batches as bytes (connect/record.h, kc_raw) into what the task's loop sends: spans
 * (raw_span.h), which are unchanged or made anew, and records, if a batch must be opened.
 *
 * Functions of their input and the task's rules, on the task's thread; the bytes are untrusted.
 */
#ifndef WORKER_SOURCE_RAW_EXPAND_PRIV_H
#define WORKER_SOURCE_RAW_EXPAND_PRIV_H

#include "fetch/aborted.h"
#include "metrics/raw_way.h"
#include "source/raw_rules_priv.h"
#include "source/raw_span.h"

/* What went which way. */
struct kc_raw_counts {
    uint64_t records[KC_RAW_WAYS]; /* of KC_RAW_DROPPED those that the batches claim */
    uint64_t batches[KC_RAW_WAYS];
    const char
        *last_reason; /* why the last batch didn't pass; NULL: it did; lives as long as the rules */
};

/* How far a batch of raw parts has been expanded; zeroed: not at all. */
struct kc_raw_cursor {
    size_t part;                      /* that is next; the number of parts: all done */
    size_t at;                        /* bytes of it that are done */
    struct kc_aborted_filter aborted; /* up to there; owned */
    const char *opens; /* the next batch must be opened, for this reason, once nothing is in flight;
                          then set drained */
    bool drained;
};
void kc_raw_cursor_clear(struct kc_raw_cursor *cursor);

/* Makes *to from the next raw parts of from: spans or records, never both. *to keeps from. open_all
 * (static text): the reason why only records are made; NULL: both are possible. rules NULL: none.
 * The memory of one call is bounded, however well the batches are compressed: call it until
 * cursor->part is at the end. Control batches, aborted transactions and records before first_offset
 * are left out, so *to may be empty. */
struct kc_error *kc_raw_expand(struct kc_batch *from, const char *open_all,
                               struct kc_raw_rules *rules, struct kc_raw_cursor *cursor,
                               struct kc_raw_counts *counts, struct kc_batch **to) KC_MUST_CHECK;

#endif
