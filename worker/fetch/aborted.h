/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells which batches of a fetch a read_committed reader gets: no control batches, and none of
 * aborted transactions (KIP-98; Java's CompletedFetch).
 *
 * A transaction counts as aborted from its first offset to its marker. One thread.
 */
#ifndef WORKER_FETCH_ABORTED_H
#define WORKER_FETCH_ABORTED_H

#include "batch/batch.h"
#include "connect/fetch.h"

/* Zeroed: no transaction is left out. */
struct kc_aborted_filter {
    const struct kc_aborted *aborted; /* ascending by first_offset; borrowed */
    int32_t count;
    int32_t next;  /* of them, to be opened */
    int64_t *open; /* producer ids; owned */
    int32_t open_count;
};

/* aborted must outlive the filter; NULL with a count of 0. Returns NULL, or why it can't begin; end
 * it in either case. */
const char *kc_aborted_begin(struct kc_aborted_filter *filter, const struct kc_aborted *aborted,
                             int32_t count) KC_MUST_CHECK;
/* Whether batch, which follows that of the last call, has records for the reader. */
bool kc_aborted_admits(struct kc_aborted_filter *filter, const struct kc_record_batch *batch);
void kc_aborted_end(struct kc_aborted_filter *filter); /* may begin again */

#endif
