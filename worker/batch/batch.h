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

/* Writes the header of a magic 2 batch whose records lie behind it, size bytes in all, without
 * producer: attributes, times, last_offset_delta and count are header's; and the CRC. */
void kc_batch_put_header(uint8_t *data, size_t size, const struct kc_record_batch *header);
/* Rewrites the base offset only, which the CRC doesn't cover. */
void kc_batch_set_base_offset(uint8_t *data, int64_t base_offset);

/* Former names, for source/. */
#define kc_wire_batch            kc_record_batch
#define kc_batch_parse           kc_record_batch_parse
#define kc_batch_intact          kc_record_batch_intact
#define kc_batch_codec           kc_record_batch_codec
#define kc_batch_log_append_time kc_record_batch_log_append_time
#define kc_batch_transactional   kc_record_batch_transactional
#define kc_batch_control         kc_record_batch_control
#define kc_batch_last_offset     kc_record_batch_last_offset
#define kc_batch_has_gaps        kc_record_batch_has_gaps
#define kc_batch_mergeable       kc_record_batch_mergeable
#define kc_batch_merge           kc_record_batch_merge
#define kc_batch_split           kc_record_batch_split
#define kc_batch_rebase          kc_record_batch_rebase
#define kc_batch_identity        kc_record_batch_identity
#define kc_compression_level     kc_codec_level

#endif
