/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Iterates the records of a batch of any magic, decompressing where needed.
 *
 *     why = kc_record_reader_open(&reader, &batch, limit);
 *     while (!why && kc_record_reader_next(&reader, &record, &why))
 *         ...
 *     kc_record_reader_close(&reader);
 *
 * A reader belongs to one thread. A record's pointers are valid until close. Control batches are
 * readable as any; the caller looks at kc_record_batch_control().
 */
#ifndef WORKER_BATCH_RECORD_READER_H
#define WORKER_BATCH_RECORD_READER_H

#include "batch/batch.h"
#include "wire/codec.h"

#define KC_BATCH_PLAIN_LIMIT KC_RECORDS_LIMIT

struct kc_wire_header {
    struct kc_wire_bytes key;   /* UTF-8, never null */
    struct kc_wire_bytes value; /* len -1: null */
};

struct kc_wire_record {
    int64_t offset;
    int64_t timestamp; /* -1: none (magic 0) */
    struct kc_wire_bytes key;
    struct kc_wire_bytes value;
    const struct kc_wire_header *headers;
    int32_t header_count;
};

struct kc_record_reader {
    struct kc_record_batch batch;
    struct kc_str plain; /* decompressed records */
    const uint8_t *at;
    const uint8_t *end;
    int32_t left;        /* records to come, of magic 2 */
    int64_t offset_base; /* what legacy inner offsets are relative to */
    struct kc_wire_header *headers;
    int32_t header_cap;
};

/* NULL, or a static text that says what is wrong; close in either case. The batch's bytes are
 * borrowed. limit: bytes that the records may take decompressed. */
const char *kc_record_reader_open(struct kc_record_reader *reader,
                                  const struct kc_record_batch *batch, size_t limit);
/* The same for a batch of magic 2 whose records have been decompressed; they are borrowed, too. */
void kc_record_reader_open_plain(struct kc_record_reader *reader,
                                 const struct kc_record_batch *batch, const uint8_t *plain,
                                 size_t len);
/* False at the end, or when *why is set. */
bool kc_record_reader_next(struct kc_record_reader *reader, struct kc_wire_record *record,
                           const char **why);
void kc_record_reader_close(struct kc_record_reader *reader);

#endif
