/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch of several: what a source's producer sent record by record goes on together.
 *
 * Only uncompressed batches: the numbers that change lie within the records, so that a compressed
 * batch would have to be opened. Pure, any thread; input is untrusted.
 */
#ifndef WORKER_BATCH_BATCH_MERGE_H
#define WORKER_BATCH_BATCH_MERGE_H

#include "batch/batch.h"

/* Whether the batch may be part of a merged one: magic 2 with data, uncompressed, times of the
 * producer, offsets without gaps. */
bool kc_batch_mergeable(const struct kc_wire_batch *batch);

/* Appends to out the batch that holds the records of all of them in order, without producer; its
 * base offset is 0. Keys, values, headers, record attributes and times are kept. NULL, or a static
 * text: out is as it was. */
const char *kc_batch_merge(const struct kc_wire_batch *batches, size_t count, struct kc_str *out);

#endif
