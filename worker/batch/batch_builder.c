/* SPDX-License-Identifier: Apache-2.0 */
/* Records into batches. See batch_builder.h. */
#include "batch/batch_builder.h"

#include "batch/crc32c_priv.h"

#include <stdlib.h>
#include <string.h>

#define AT_LENGTH     8
#define AT_CRC        17
#define AT_ATTRIBUTES 21
#define VARLONG_MAX   10

static void append_varlong(struct kc_str *out, int64_t value)
{
    uint64_t zigzag = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);

    for (; zigzag >= 0x80; zigzag >>= 7)
        kc_str_append_char(out, (char)(zigzag | 0x80));
    kc_str_append_char(out, (char)zigzag);
}

static size_t varlong_size(int64_t value)
{
    uint64_t zigzag = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
    size_t size = 1;

    for (; zigzag >= 0x80; zigzag >>= 7)
        size++;
    return size;
}

static size_t bytes_size(const struct kc_wire_bytes *bytes)
{
    return varlong_size(bytes->len) + (bytes->len > 0 ? (size_t)bytes->len : 0);
}

static void append_bytes(struct kc_str *out, const struct kc_wire_bytes *bytes)
{
    append_varlong(out, bytes->len);
    if (bytes->len > 0)
        kc_str_append_n(out, bytes->data, (size_t)bytes->len);
}

static size_t body_size(const struct kc_wire_record *record, int64_t time_delta,
                        int64_t offset_delta)
{
    size_t size = 1 + varlong_size(time_delta) + varlong_size(offset_delta) +
                  bytes_size(&record->key) + bytes_size(&record->value) +
                  varlong_size(record->header_count);

    for (int32_t i = 0; i < record->header_count; i++)
        size += bytes_size(&record->headers[i].key) + bytes_size(&record->headers[i].value);
    return size;
}

static int64_t offset_of(const struct kc_batch_builder *builder,
                         const struct kc_wire_record *record)
{
    if (builder->count > 0 && builder->close_gaps)
        return builder->last_offset + 1;
    return record->offset;
}

/* As Java subtracts: records say any time, and readers add the difference in the same way. */
static int64_t minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

size_t kc_batch_builder_size_with(const struct kc_batch_builder *builder,
                                  const struct kc_wire_record *record)
{
    int64_t time = builder->count ? minus(record->timestamp, builder->base_timestamp) : 0;
    int64_t offset = builder->count ? minus(offset_of(builder, record), builder->base_offset) : 0;
    size_t size = body_size(record, time, offset);

    return KC_BATCH_HEADER + builder->records.len + varlong_size((int64_t)size) + size;
}

static void begin(struct kc_batch_builder *builder, const struct kc_wire_record *record)
{
    builder->base_offset = record->offset;
    builder->last_offset = record->offset - 1;
    builder->base_timestamp = record->timestamp;
    builder->max_timestamp = record->timestamp;
}

const char *kc_batch_builder_add(struct kc_batch_builder *builder,
                                 const struct kc_wire_record *record)
{
    struct kc_str *out = &builder->records;

    if (builder->count == 0)
        begin(builder, record);
    int64_t offset = offset_of(builder, record);
    if (offset == INT64_MAX) /* readers count on to the next one */
        return "a record's offset is the largest number";
    if (offset <= builder->last_offset)
        return "the records' offsets don't ascend";
    int64_t offset_delta = offset - builder->base_offset;
    if (offset_delta > INT32_MAX)
        return "the records' offsets are too far apart for one batch";
    int64_t time_delta = minus(record->timestamp, builder->base_timestamp);
    size_t size = body_size(record, time_delta, offset_delta);
    if (!kc_str_try_reserve(out, VARLONG_MAX + size))
        return "there is no memory for the records";
    append_varlong(out, (int64_t)size);
    kc_str_append_char(out, 0);
    append_varlong(out, time_delta);
    append_varlong(out, offset_delta);
    append_bytes(out, &record->key);
    append_bytes(out, &record->value);
    append_varlong(out, record->header_count);
    for (int32_t i = 0; i < record->header_count; i++) {
        append_bytes(out, &record->headers[i].key);
        append_bytes(out, &record->headers[i].value);
    }
    builder->last_offset = offset;
    builder->count++;
    if (record->timestamp > builder->max_timestamp)
        builder->max_timestamp = record->timestamp;
    return NULL;
}

static void append_header(const struct kc_batch_builder *builder, struct kc_str *out)
{
    int16_t attributes = (int16_t)builder->codec;

    if (builder->log_append_time)
        attributes |= 8;
    kc_str_append_i64(out, builder->base_offset);
    kc_str_append_i32(out, 0);  /* length, below */
    kc_str_append_i32(out, -1); /* leader epoch */
    kc_str_append_char(out, 2);
    kc_str_append_i32(out, 0); /* CRC, below */
    kc_str_append_i16(out, attributes);
    kc_str_append_i32(out, (int32_t)(builder->last_offset - builder->base_offset));
    kc_str_append_i64(out, builder->base_timestamp);
    kc_str_append_i64(out, builder->max_timestamp);
    kc_str_append_i64(out, -1);
    kc_str_append_i16(out, -1);
    kc_str_append_i32(out, -1);
    kc_str_append_i32(out, builder->count);
}

static void put_i32(char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(value >> (24 - 8 * i));
}

static void reset(struct kc_batch_builder *builder)
{
    kc_str_clear(&builder->records);
    builder->count = 0;
}

static const char *compress(struct kc_batch_builder *builder, struct kc_str *out)
{
    const struct kc_compression how = {builder->codec, builder->level};
    const struct kc_str *records = &builder->records;

    if (builder->recoder)
        return kc_recoder_compress(builder->recoder, &how, records->data, records->len, out);
    return kc_compress(builder->codec, records->data, records->len, out);
}

const char *kc_batch_builder_finish(struct kc_batch_builder *builder, struct kc_str *out)
{
    size_t start = out->len;

    if (builder->count == 0)
        return NULL;
    append_header(builder, out);
    const char *why = compress(builder, out);
    if (!why) {
        put_i32(out->data + start + AT_LENGTH, (uint32_t)(out->len - start - 12));
        put_i32(out->data + start + AT_CRC,
                kc_crc32c(out->data + start + AT_ATTRIBUTES, out->len - start - AT_ATTRIBUTES));
    }
    reset(builder);
    return why;
}

void kc_batch_builder_destroy(struct kc_batch_builder *builder)
{
    kc_str_destroy(&builder->records);
}

const char *kc_record_batch_split(const struct kc_record_batch *batch, size_t max_size,
                                  size_t limit, struct kc_str *out)
{
    struct kc_batch_builder builder = {
        .codec = (enum kc_codec)kc_record_batch_codec(batch),
        .log_append_time = kc_record_batch_log_append_time(batch),
    };
    struct kc_record_reader reader;
    struct kc_wire_record record;
    const char *why = kc_record_reader_open(&reader, batch, limit);

    while (!why && kc_record_reader_next(&reader, &record, &why)) {
        if (builder.count && kc_batch_builder_size_with(&builder, &record) > max_size)
            why = kc_batch_builder_finish(&builder, out);
        if (!why)
            why = kc_batch_builder_add(&builder, &record);
        if (why)
            break;
    }
    if (!why)
        why = kc_batch_builder_finish(&builder, out);
    kc_record_reader_close(&reader);
    kc_batch_builder_destroy(&builder);
    return why;
}
