/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging batches, see connect/record_batch.h. Only uncompressed batches can be merged, because the
 * numbers that change lie within the records.
 *
 * A record has its time and its offset as differences to the batch's. These two and the record's
 * length are written anew; everything else is copied unchanged.
 */
#include "batch/batch.h"

#include "base/byte_reader.h"

#define TRANSACTIONAL 16

bool kc_record_batch_mergeable(const struct kc_record_batch *batch)
{
    return batch->magic == 2 && (batch->attributes & ~TRANSACTIONAL) == 0 && batch->count > 0 &&
           batch->base_timestamp >= 0 && batch->max_timestamp >= 0 &&
           !kc_record_batch_has_gaps(batch);
}

static size_t put_varlong(uint8_t *to, int64_t value)
{
    uint64_t zigzag = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
    size_t len = 0;

    for (; zigzag >= 0x80; zigzag >>= 7)
        to[len++] = (uint8_t)(zigzag | 0x80);
    to[len++] = (uint8_t)zigzag;
    return len;
}

/* The amounts by which a batch's records are moved. */
struct shift {
    int64_t time;
    int32_t offset;
};

#define VARLONG_MAX 10

static void copy_record(struct reader *in, const struct shift *shift, int32_t expected,
                        struct kc_str *out)
{
    uint8_t head[1 + 2 * VARLONG_MAX], length[VARLONG_MAX];
    int32_t size = read_varint(in), offset;
    const uint8_t *data = read_bytes(in, size);
    struct reader body = {.at = data, .end = data ? data + size : NULL};
    size_t head_len = 1;

    if (in->bad)
        return;
    head[0] = (uint8_t)read_int(&body, 1);
    int64_t time = read_varlong(&body);
    offset = read_varint(&body);
    if (body.bad || offset != expected) {
        in->bad = body.bad ? body.bad : "a record's offset isn't its number";
        return;
    }
    head_len += put_varlong(head + head_len, (int64_t)((uint64_t)time + (uint64_t)shift->time));
    head_len += put_varlong(head + head_len, offset + shift->offset);
    kc_str_append_n(out, length, put_varlong(length, (int64_t)(head_len + reader_left(&body))));
    kc_str_append_n(out, head, head_len);
    kc_str_append_n(out, body.at, reader_left(&body));
}

static const char *copy_records(const struct kc_record_batch *batch, const struct shift *shift,
                                struct kc_str *out)
{
    struct reader in = {.at = batch->data + KC_BATCH_HEADER, .end = batch->data + batch->size};

    for (int32_t i = 0; i < batch->count && !in.bad; i++)
        copy_record(&in, shift, i, out);
    if (!in.bad && reader_left(&in) > 0)
        return "there are bytes behind its records";
    return in.bad;
}

static const char *copy_all(const struct kc_record_batch *batches, size_t count, int64_t *max_time,
                            int32_t *records, struct kc_str *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct shift shift = {batches[i].base_timestamp - batches[0].base_timestamp,
                                    *records};
        const char *why;

        if (!kc_record_batch_mergeable(&batches[i]) || batches[i].count > INT32_MAX - *records)
            return "it can't be merged";
        why = copy_records(&batches[i], &shift, out);
        if (why)
            return why;
        *records += batches[i].count;
        if (batches[i].max_timestamp > *max_time)
            *max_time = batches[i].max_timestamp;
    }
    return NULL;
}

static void append_header(struct kc_str *out)
{
    static const uint8_t zeros[KC_BATCH_HEADER];

    kc_str_append_n(out, zeros, sizeof(zeros));
}

const char *kc_record_batch_merge(const struct kc_record_batch *batches, size_t count,
                                  struct kc_str *out)
{
    size_t start = out->len;
    int64_t max_time = INT64_MIN;
    int32_t records = 0;

    append_header(out);
    const char *why = copy_all(batches, count, &max_time, &records, out);
    if (!why && (count == 0 || out->len - start > INT32_MAX))
        why = "there is nothing, or too much, to merge";
    if (why) {
        out->len = start;
        out->data[start] = '\0';
        return why;
    }
    kc_batch_put_header((uint8_t *)out->data + start, out->len - start,
                        &(struct kc_record_batch){.base_timestamp = batches[0].base_timestamp,
                                                  .max_timestamp = max_time,
                                                  .last_offset_delta = records - 1,
                                                  .count = records});
    return NULL;
}
