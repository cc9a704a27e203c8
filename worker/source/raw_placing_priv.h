/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a record without a partition goes on a raw lane, whose batches are a partition's: what a
 * producer's partitioner does. The task's thread.
 */
#ifndef WORKER_SOURCE_RAW_PLACING_PRIV_H
#define WORKER_SOURCE_RAW_PLACING_PRIV_H

#include "host/task_host.h"
#include "source/raw_lane_priv.h"

struct kc_raw_placing;

/* Both are borrowed. */
struct kc_raw_placing *kc_raw_placing_new(struct kc_raw_lane *lane, struct kc_task_host *host);
void kc_raw_placing_destroy(struct kc_raw_placing *placing); /* NULL is fine */

/* Where a record with the key goes, as Java's producer has it (KIP-480 without one: some partition,
 * the same for a while). Asks the cluster now and then; ends early when the task is cancelled. */
struct kc_error *kc_raw_placing_find(struct kc_raw_placing *placing, const char *topic,
                                     const void *key, size_t key_len,
                                     int32_t *partition) KC_MUST_CHECK;

#endif
