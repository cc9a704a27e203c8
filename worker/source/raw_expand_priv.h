/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From record batches as bytes (connect/record.h, kc_raw) to what the task's loop sends: spans
 * (raw_span.h), which are appended as they lie or made anew, and records, where a batch has to be
 * opened.
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
        *last_reason; /* as long as the rules: why the last batch didn't pass; NULL: it did */
};

/* How far a batch of raw parts has been expanded; zeroed: not at all. */
struct kc_raw_cursor {
    size_t part;                      /* that is next; the number of parts: all done */
    size_t at;                        /* bytes of it that are done */
    struct kc_aborted_filter aborted; /* up to there; owned */
    const char *opens; /* the next batch is to be opened, for this reason, once nothing is in
                        * flight: then set drained */
    bool drained;
};
void kc_raw_cursor_clear(struct kc_raw_cursor *cursor);

/* Makes *to, which keeps from, of the raw parts of from that come next: spans, or records, never
 * both; when open_all says why (static text), records only. rules NULL: none. Of what takes memory
 * it makes a bounded part at a time, whatever the batches were compressed to: call it until
 * cursor->part says that all is done. Control batches, aborted transactions and what lies before
 * first_offset are left out, so that *to may be empty. */
struct kc_error *kc_raw_expand(struct kc_batch *from, const char *open_all,
                               struct kc_raw_rules *rules, struct kc_raw_cursor *cursor,
                               struct kc_raw_counts *counts, struct kc_batch **to) KC_MUST_CHECK;

#endif
