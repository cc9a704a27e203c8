/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of batches as bytes on their way into new batches, which become spans: see raw_span.h.
 * For raw_span.c and raw_expand.c alone; the task's thread.
 */
#ifndef WORKER_SOURCE_RAW_PACK_PRIV_H
#define WORKER_SOURCE_RAW_PACK_PRIV_H

#include "batch/batch_builder.h"
#include "source/raw_rules_priv.h"
#include "source/raw_span.h"

/* ---- the records of a batch with their offsets at the source ---- */

struct kc_raw_reader {
    struct kc_record_reader reader;
    const struct kc_raw_run *runs; /* NULL: the offsets are those in the batch */
    int32_t run;
    int32_t in_run;
};
/* A batch; known NULL: its offsets are the source's; plain NULL: its records are to be
 * decompressed. */
struct kc_raw_input {
    const struct kc_record_batch *wire;
    const struct kc_raw_run *known;
    const uint8_t *plain;
    size_t plain_len;
};
/* As kc_record_reader_open() and _next(). */
const char *kc_raw_reader_open(struct kc_raw_reader *reader, const struct kc_raw_input *input);
bool kc_raw_reader_next(struct kc_raw_reader *reader, struct kc_wire_record *record,
                        const char **why);

/* ---- packing ---- */

struct kc_raw_runs {
    struct kc_raw_run *items;
    size_t count;
    size_t cap;
};

/* Zero-initialise, set what comes before builder; records of one part. */
struct kc_raw_packer {
    struct kc_batch *batch;
    const struct kc_raw *raw;
    int32_t most;               /* records in a batch */
    struct kc_raw_rules *rules; /* NULL: records stay as they are */
    kc_raw_picker pick;         /* NULL: all records, joined */
    void *pick_opaque;

    struct kc_batch_builder builder;
    struct kc_raw_runs runs;
    uint64_t packed; /* records that spans have been made of */
    size_t made;     /* bytes of these spans */
};

/* Packs the records from raw->first_offset on into batches of the codec; the last ones stay in the
 * builder. joins: they may share a batch with those before. NULL, or a static text. */
const char *kc_raw_pack(struct kc_raw_packer *packer, const struct kc_raw_input *input,
                        enum kc_codec codec, bool joins);
/* Makes a span of what the builder holds. */
const char *kc_raw_packer_finish(struct kc_raw_packer *packer);
void kc_raw_packer_destroy(struct kc_raw_packer *packer);

/* ---- what both make ---- */

/* runs and data, whose header is copied, live as long as batch. */
struct kc_raw_span *kc_raw_add_span(struct kc_batch *batch, const struct kc_raw *raw, uint8_t *data,
                                    const struct kc_record_batch *header,
                                    const struct kc_raw_run *runs, int32_t run_count);
/* The same of a batch that was just built. */
struct kc_raw_span *kc_raw_add_made(struct kc_batch *batch, const struct kc_raw *raw,
                                    const struct kc_str *made, const struct kc_raw_run *runs,
                                    int32_t run_count);
/* Adds the batch's records. converted: they have been through transforms and converters. Of *opened
 * the records are counted, of *plain the bytes of memory. */
const char *kc_raw_add_records(struct kc_batch *batch, const struct kc_raw *raw,
                               const struct kc_raw_input *input, bool converted, uint64_t *opened,
                               size_t *plain);

struct kc_error *kc_raw_damaged(const struct kc_raw *raw, int64_t offset, const char *why);

#endif
