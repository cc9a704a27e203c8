/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompresses the records of one batch after the other, to look into them, and compresses them
 * again with another codec.
 *
 * A recoder keeps the codecs' contexts and a buffer between batches, because making them would cost
 * more than the bytes. It belongs to one thread; input is untrusted. It keeps a few megabytes. A
 * zstd frame may ask for a window of up to 128 MiB, which is freed with its batch.
 */
#ifndef WORKER_BATCH_RECODE_H
#define WORKER_BATCH_RECODE_H

#include "batch/batch.h"

/* compression.type and the level of its codec. */
struct kc_compression {
    enum kc_codec codec;
    int level;
};
#define KC_GZIP_LEVEL -1
#define KC_LZ4_LEVEL  9 /* Java's default stands for the fast compressor */
#define KC_ZSTD_LEVEL 3

enum {
    KC_RECODE_WINDOW = 1 << 20, /* plain bytes that are in memory at once */
};

struct kc_recoder;
struct kc_recoder *kc_recoder_new(void);
void kc_recoder_destroy(struct kc_recoder *recoder); /* NULL is fine */

/* ---- decompressing ---- */

/* Begins with the records of a magic 2 batch, which stays until the last read. */
const char *kc_recoder_begin(struct kc_recoder *recoder, const struct kc_record_batch *batch);
/* The next plain bytes, at least one unless at the end, behind the last `keep` bytes before. *data
 * is valid until the next read. *end: there are no more. NULL, or a static text. */
const char *kc_recoder_read(struct kc_recoder *recoder, size_t keep, const uint8_t **data,
                            size_t *len, bool *end);

/* ---- compressing ---- */

/* Appends; otherwise as kc_compress(). */
const char *kc_recoder_compress(struct kc_recoder *recoder, const struct kc_compression *how,
                                const void *data, size_t len, struct kc_str *out);

#endif
