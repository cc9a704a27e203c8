/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about a batch filled by a plugin (connect/record.h) that only the worker asks. Any
 * thread, once it is handed over. */
#ifndef WORKER_DATA_BATCH_READ_H
#define WORKER_DATA_BATCH_READ_H

#include "connect/record.h"

/* The parts that were added by kc_batch_add_raw(). */
size_t kc_batch_raw_count(const struct kc_batch *batch);
struct kc_raw *kc_batch_raw_at(struct kc_batch *batch, size_t index);

/* Bytes of keys and values, for budgets. */
size_t kc_batch_bytes(const struct kc_batch *batch);

#endif
