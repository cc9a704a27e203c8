/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record batches as bytes: connect/record_batch.h, and what only the worker needs beside it.
 * Messages of magic 0 and 1 are read, not written.
 *
 * Pure functions, any thread; input is untrusted. Hot path: codes and static texts, no error
 * objects.
 */
#ifndef WORKER_BATCH_BATCH_H
#define WORKER_BATCH_BATCH_H

#include "batch/compress.h"

/* Writes the header and the CRC of a magic 2 batch without producer, whose records lie behind the
 * header; size bytes in all. Attributes, times, last_offset_delta and count come from header. */
void kc_batch_put_header(uint8_t *data, size_t size, const struct kc_record_batch *header);
/* Rewrites the base offset only, which the CRC doesn't cover. */
void kc_batch_set_base_offset(uint8_t *data, int64_t base_offset);

#endif
