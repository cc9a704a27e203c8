/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which batches of a fetch hold records for a reader of committed ones: none that are control
 * batches, none of transactions that were aborted (KIP-98; Java's CompletedFetch).
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

/* aborted lives until the end of the filter; NULL with a count of 0. NULL, or why it can't begin;
 * it is to be ended all the same. */
const char *kc_aborted_begin(struct kc_aborted_filter *filter, const struct kc_aborted *aborted,
                             int32_t count) KC_MUST_CHECK;
/* Whether batch, which follows the last one asked about, holds records for the reader. */
bool kc_aborted_admits(struct kc_aborted_filter *filter, const struct kc_record_batch *batch);
void kc_aborted_end(struct kc_aborted_filter *filter); /* may begin again */

#endif
