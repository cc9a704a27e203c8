/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka's compression codecs, whole buffers at a time, as record batches carry them.
 *
 * Decompression is bounded by the caller's limit, whatever the data claims. Pure, any thread.
 */
#ifndef WORKER_BATCH_COMPRESS_H
#define WORKER_BATCH_COMPRESS_H

#include "connect/record_batch.h"

/* Appends. NULL, or a static text that says what is wrong. */
const char *kc_compress(enum kc_codec codec, const void *data, size_t len, struct kc_str *out);
const char *kc_decompress(enum kc_codec codec, const void *data, size_t len, size_t limit,
                          struct kc_str *out);

/* For code that writes output itself: makes room for at least size more bytes behind out's end;
 * NULL: no memory. Call advance with the number of written bytes. */
char *kc_compress_reserve(struct kc_str *out, size_t size);
void kc_compress_advance(struct kc_str *out, size_t size);

/* LZ4 as Kafka before 0.10 wrote it, with a wrong header checksum (KAFKA-3160). */
const char *kc_decompress_lz4_legacy(const void *data, size_t len, size_t limit,
                                     struct kc_str *out);

#endif
