/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches built and compressed anew for connectors: see connect/record_batch.h. A builder is the
 * worker's own with the contract's types, and the recoder that it compresses by.
 */
#include "batch/batch_builder.h"
#include "connect/record_batch.h"

#include <stdlib.h>
#include <string.h>

static const char no_memory[] = "there is no memory for the records";

/* ---- from records ---- */

struct kc_record_batch_builder {
    struct kc_batch_builder inner;
    struct kc_wire_header *headers; /* of the record that is being added */
    int32_t header_cap;
};

struct kc_record_batch_builder *kc_record_batch_builder_new(enum kc_codec codec, int level,
                                                            bool close_gaps)
{
    struct kc_record_batch_builder *builder = kc_calloc(1, sizeof(*builder));
    builder->inner = (struct kc_batch_builder){
        .codec = codec, .level = level, .recoder = kc_recoder_new(), .close_gaps = close_gaps};
    return builder;
}

static struct kc_wire_bytes wire_bytes(struct kc_bytes bytes)
{
    return (struct kc_wire_bytes){bytes.data, bytes.len};
}

static bool take_headers(struct kc_record_batch_builder *builder,
                         const struct kc_plain_record *record)
{
    if (record->header_count > builder->header_cap) {
        struct kc_wire_header *more =
            kc_try_realloc(builder->headers, sizeof(*more) * (size_t)record->header_count);
        if (!more)
            return false;
        builder->headers = more;
        builder->header_cap = record->header_count;
    }
    for (int32_t i = 0; i < record->header_count; i++)
        builder->headers[i] = (struct kc_wire_header){wire_bytes(record->headers[i].key),
                                                      wire_bytes(record->headers[i].value)};
    return true;
}

static struct kc_wire_record wire_record(const struct kc_record_batch_builder *builder,
                                         const struct kc_plain_record *record)
{
    return (struct kc_wire_record){
        .offset = record->offset,
        .timestamp = record->timestamp,
        .key = wire_bytes(record->key),
        .value = wire_bytes(record->value),
        .headers = builder->headers,
        .header_count = record->header_count,
    };
}

const char *kc_record_batch_builder_add(struct kc_record_batch_builder *builder,
                                        const struct kc_plain_record *record)
{
    if (!take_headers(builder, record))
        return no_memory;
    struct kc_wire_record wire = wire_record(builder, record);
    return kc_batch_builder_add(&builder->inner, &wire);
}

int32_t kc_record_batch_builder_count(const struct kc_record_batch_builder *builder)
{
    return builder->inner.count;
}

size_t kc_record_batch_builder_size_with(const struct kc_record_batch_builder *builder,
                                         const struct kc_plain_record *record)
{
    struct kc_record_batch_builder *writable = (struct kc_record_batch_builder *)builder;
    if (!take_headers(writable, record))
        return SIZE_MAX;
    struct kc_wire_record wire = wire_record(builder, record);
    return kc_batch_builder_size_with(&builder->inner, &wire);
}

const char *kc_record_batch_builder_finish(struct kc_record_batch_builder *builder,
                                           struct kc_str *out)
{
    return kc_batch_builder_finish(&builder->inner, out);
}

void kc_record_batch_builder_destroy(struct kc_record_batch_builder *builder)
{
    if (!builder)
        return;
    kc_recoder_destroy(builder->inner.recoder);
    kc_batch_builder_destroy(&builder->inner);
    free(builder->headers);
    free(builder);
}

/* ---- from plain bytes ---- */

/* Appends the batch of plain, its records, under header: codec and size are made anew. */
static const char *pack(const struct kc_record_batch *header, const struct kc_compression *how,
                        const struct kc_str *plain, struct kc_str *out)
{
    static const char room[KC_BATCH_HEADER];
    struct kc_recoder *recoder = kc_recoder_new();
    size_t start = out->len;
    kc_str_append_n(out, room, sizeof(room));
    const char *why = kc_recoder_compress(recoder, how, plain->data, plain->len, out);
    kc_recoder_destroy(recoder);
    if (why) {
        out->len = start;
        return why;
    }
    kc_batch_put_header((uint8_t *)out->data + start, out->len - start, header);
    return NULL;
}

#define LOG_APPEND_TIME 8

const char *kc_record_batch_recompress(const struct kc_record_batch *batch, enum kc_codec codec,
                                       int level, size_t limit, struct kc_str *out)
{
    const struct kc_compression how = {codec, level};
    struct kc_record_batch header = *batch;
    struct kc_str plain = {0};
    if (batch->magic != 2 || kc_record_batch_control(batch))
        return "only batches of magic 2 with data are compressed anew";
    const char *why =
        kc_decompress((enum kc_codec)kc_record_batch_codec(batch), batch->data + KC_BATCH_HEADER,
                      batch->size - KC_BATCH_HEADER, limit, &plain);
    header.attributes = (int16_t)((batch->attributes & LOG_APPEND_TIME) | (int)codec);
    if (!why)
        why = pack(&header, &how, &plain, out);
    kc_str_destroy(&plain);
    return why;
}

/* ---- fillers ---- */

enum {
    VARINT_MAX = 5,
    HEAD_MAX = 2 * VARINT_MAX + 2, /* length, attributes, time, offset */
    KEY_MAX = 1 << 20,
};

static uint8_t *put_varint(uint8_t *to, int32_t value)
{
    uint32_t zigzag = (uint32_t)value << 1 ^ (value < 0 ? UINT32_MAX : 0);
    for (; zigzag >= 0x80; zigzag >>= 7)
        *to++ = (uint8_t)(zigzag | 0x80);
    *to++ = (uint8_t)zigzag;
    return to;
}

static int varint_size(int32_t value)
{
    uint8_t room[VARINT_MAX];
    return (int)(put_varint(room, value) - room);
}

/* The part that all fillers share: key, value, no headers. */
static void put_tail(struct kc_str *tail, const struct kc_filler *filler)
{
    uint8_t number[VARINT_MAX];
    int32_t key_len = filler->key.data ? filler->key.len : -1;
    kc_str_append_n(tail, number, (size_t)(put_varint(number, key_len) - number));
    if (key_len > 0)
        kc_str_append_n(tail, filler->key.data, (size_t)key_len);
    kc_str_append_n(tail, number, (size_t)(put_varint(number, filler->empty ? 0 : -1) - number));
    kc_str_append_char(tail, 0);
}

/* No call for each byte: there may be millions a second. */
static const char *put_fillers(const struct kc_str *tail, int32_t count, struct kc_str *plain)
{
    if (!kc_str_try_reserve(plain, (HEAD_MAX + tail->len) * (size_t)count))
        return no_memory;
    uint8_t *at = (uint8_t *)plain->data;
    for (int32_t i = 0; i < count; i++) {
        at = put_varint(at, 2 + varint_size(i) + (int32_t)tail->len);
        *at++ = 0; /* attributes */
        *at++ = 0; /* time */
        at = put_varint(at, i);
        memcpy(at, tail->data, tail->len);
        at += tail->len;
    }
    plain->len = (size_t)(at - (uint8_t *)plain->data);
    return NULL;
}

const char *kc_filler_batch(const struct kc_filler *filler, int32_t count, struct kc_str *out)
{
    const struct kc_compression how = {filler->codec, filler->level};
    const struct kc_record_batch header = {
        .attributes = (int16_t)filler->codec,
        .last_offset_delta = count - 1,
        .base_timestamp = filler->timestamp,
        .max_timestamp = filler->timestamp,
        .count = count,
    };
    struct kc_str tail = {0}, plain = {0};
    if (count < 1 || count > KC_FILLERS_MAX)
        return "a batch has 1 to 1,000,000 fillers";
    if (filler->key.data && filler->key.len > KEY_MAX)
        return "a filler's key is larger than 1 MiB";
    put_tail(&tail, filler);
    const char *why = put_fillers(&tail, count, &plain);
    if (!why)
        why = pack(&header, &how, &plain, out);
    kc_str_destroy(&tail);
    kc_str_destroy(&plain);
    return why;
}
