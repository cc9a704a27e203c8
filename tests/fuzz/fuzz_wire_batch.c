/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record batches of any magic and codec, with and without a CRC that fits: parsed, read within a
 * limit, rewritten, split, looked through for headers.
 */
#include "batch/batch_builder.h"
#include "batch/header_scan.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_records(const struct kc_record_batch *batch)
{
    struct kc_record_reader reader;
    struct kc_wire_record record;
    const char *why = kc_record_reader_open(&reader, batch, LIMIT);
    volatile uint8_t sink = 0;

    while (!why && kc_record_reader_next(&reader, &record, &why)) {
        if (record.key.len > 0)
            sink ^= record.key.data[record.key.len - 1];
        if (record.value.len > 0)
            sink ^= record.value.data[record.value.len - 1];
        for (int32_t i = 0; i < record.header_count; i++)
            sink ^= record.headers[i].key.len > 0 ? record.headers[i].key.data[0] : 0;
    }
    kc_record_reader_close(&reader);
}

/* What is known to have no headers has none for whoever reads it. */
static void scan(const struct kc_record_batch *batch)
{
    static struct kc_recoder *recoder;
    struct kc_record_reader reader;
    struct kc_wire_record record;
    const uint8_t *plain;
    size_t plain_len;
    const char *why;

    if (!recoder)
        recoder = kc_recoder_new();
    if (kc_header_scan(recoder, batch, &plain, &plain_len, &why) == KC_HEADERS_SOME)
        return;
    why = kc_record_reader_open(&reader, batch, LIMIT);
    while (!why && kc_record_reader_next(&reader, &record, &why))
        if (record.header_count > 0)
            abort();
    kc_record_reader_close(&reader);
}

static void rewrite(const struct kc_record_batch *batch)
{
    uint8_t *copy = kc_memdup(batch->data, batch->size);
    struct kc_str out = {0};
    struct kc_record_batch again;
    const char *why;

    kc_record_batch_rebase(copy, batch->size,
                           &(struct kc_record_batch_identity){7, 1, 2, 3, 4, true});
    if (kc_record_batch_parse(copy, batch->size, &again, &why) == KC_BATCH_OK &&
        kc_record_batch_intact(&again) != kc_record_batch_intact(batch))
        abort();
    const char *refusal = kc_record_batch_split(batch, 500, LIMIT, &out);
    if (refusal && !*refusal)
        abort();
    kc_str_destroy(&out);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct kc_str plain = {0};
    struct kc_record_batch batch;
    const char *why;
    size_t at = 0;

    while (at < len && kc_record_batch_parse(data + at, len - at, &batch, &why) == KC_BATCH_OK) {
        kc_record_batch_intact(&batch);
        read_records(&batch);
        if (batch.magic == 2) {
            scan(&batch);
            rewrite(&batch);
        }
        at += batch.size;
    }
    if (len > 1)
        kc_decompress((enum kc_codec)(data[0] % KC_CODECS), data + 1, len - 1, LIMIT, &plain);
    if (plain.len > LIMIT * 2)
        abort();
    kc_str_destroy(&plain);
    return 0;
}
