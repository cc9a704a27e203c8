/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka's compression codecs, whole buffers at a time, as record batches carry them.
 *
 * Decompression is bounded by the caller's limit, whatever the data claims. Pure, any thread.
 */
#ifndef WORKER_BATCH_COMPRESS_H
#define WORKER_BATCH_COMPRESS_H

#include "connect/mem.h"

/* The value in a batch's attributes. */
enum kc_codec { KC_CODEC_NONE, KC_CODEC_GZIP, KC_CODEC_SNAPPY, KC_CODEC_LZ4, KC_CODEC_ZSTD };
#define KC_CODECS 5

/* "none", "gzip", ...; as compression.type. "unknown" for others. */
const char *kc_codec_name(int codec);
/* False when name is none of them. */
bool kc_codec_parse(const char *name, enum kc_codec *codec);

/* Appends. NULL, or a static text that says what is wrong. */
const char *kc_compress(enum kc_codec codec, const void *data, size_t len, struct kc_str *out);
const char *kc_decompress(enum kc_codec codec, const void *data, size_t len, size_t limit,
                          struct kc_str *out);

/* For what compresses by itself: room for at least size more bytes behind out's end, NULL where
 * there is no memory. How many were written there is told by advance. */
char *kc_compress_reserve(struct kc_str *out, size_t size);
void kc_compress_advance(struct kc_str *out, size_t size);

/* LZ4 as Kafka before 0.10 wrote it, with a wrong header checksum (KAFKA-3160). */
const char *kc_decompress_lz4_legacy(const void *data, size_t len, size_t limit,
                                     struct kc_str *out);

#endif
