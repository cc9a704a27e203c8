/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses the partition of a record that has none, on a raw lane, as a producer's partitioner does.
 * The task's thread.
 */
#ifndef WORKER_SOURCE_RAW_PLACING_PRIV_H
#define WORKER_SOURCE_RAW_PLACING_PRIV_H

#include "host/task_host.h"
#include "source/raw_lane_priv.h"

struct kc_raw_placing;

/* Both are borrowed. */
struct kc_raw_placing *kc_raw_placing_new(struct kc_raw_lane *lane, struct kc_task_host *host);
void kc_raw_placing_destroy(struct kc_raw_placing *placing); /* NULL is fine */

/* The partition of a record with the key, as in Java's producer (without a key, KIP-480: some
 * partition, the same for a while). Asks the cluster now and then; ends early when the task is
 * cancelled. */
struct kc_error *kc_raw_placing_find(struct kc_raw_placing *placing, const char *topic,
                                     const void *key, size_t key_len,
                                     int32_t *partition) KC_MUST_CHECK;

#endif
