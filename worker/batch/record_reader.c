/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records out of batches. See record_reader.h.
 *
 * Magic 0 and 1 are message sets: a compressed message holds a set of its own, whose offsets are
 * absolute in magic 0 and relative to the wrapper's, counted from the end, in magic 1 (KIP-31).
 */
#include "batch/record_reader.h"

#include "base/byte_reader.h"

#include <stdlib.h>

static const char damaged[] = "a record is damaged";

/* ---- Legacy ---- */

struct message {
    int64_t offset;
    int8_t magic;
    int8_t attributes;
    int64_t timestamp;
    struct kc_wire_bytes key, value;
};

static struct kc_wire_bytes read_nullable(struct reader *in, int64_t len)
{
    if (len == -1)
        return (struct kc_wire_bytes){NULL, -1};
    const uint8_t *data = read_bytes(in, len);
    return data ? (struct kc_wire_bytes){data, (int32_t)len} : (struct kc_wire_bytes){NULL, -1};
}

static bool read_message(struct reader *in, struct message *message)
{
    struct reader inner = {0};

    message->offset = read_int(in, 8);
    int64_t size = read_int(in, 4);
    const uint8_t *body = read_bytes(in, size);
    if (!body)
        return false;
    inner = (struct reader){.at = body, .end = body + size};
    read_int(&inner, 4);
    message->magic = (int8_t)read_int(&inner, 1);
    message->attributes = (int8_t)read_int(&inner, 1);
    message->timestamp = message->magic == 1 ? read_int(&inner, 8) : -1;
    message->key = read_nullable(&inner, read_int(&inner, 4));
    message->value = read_nullable(&inner, read_int(&inner, 4));
    if (message->magic < 0 || message->magic > 1)
        inner.bad = damaged;
    in->bad = in->bad ? in->bad : inner.bad;
    return !in->bad;
}

static const char *decompress_set(struct kc_record_reader *reader, const struct message *wrapper,
                                  size_t limit)
{
    enum kc_codec codec = (enum kc_codec)(wrapper->attributes & 7);

    if (wrapper->value.len < 0)
        return "a compressed message has no value";
    if (codec == KC_CODEC_LZ4 && wrapper->magic == 0)
        return kc_decompress_lz4_legacy(wrapper->value.data, (size_t)wrapper->value.len, limit,
                                        &reader->plain);
    return kc_decompress(codec, wrapper->value.data, (size_t)wrapper->value.len, limit,
                         &reader->plain);
}

/* The last inner offset is the wrapper's, which gives the base of the relative ones. */
static const char *find_base(struct kc_record_reader *reader, const struct message *wrapper)
{
    struct reader in = {.at = reader->at, .end = reader->end};
    struct message message = {0};

    if (wrapper->magic == 0)
        return NULL;
    while (reader_left(&in) > 0) {
        if (!read_message(&in, &message))
            return damaged;
    }
    reader->offset_base = (int64_t)((uint64_t)wrapper->offset - (uint64_t)message.offset);
    return NULL;
}

static const char *open_legacy(struct kc_record_reader *reader, size_t limit)
{
    struct reader in = {.at = reader->batch.data, .end = reader->batch.data + reader->batch.size};
    struct message wrapper;

    reader->at = in.at;
    reader->end = in.end;
    if (!read_message(&in, &wrapper))
        return damaged;
    if ((wrapper.attributes & 7) == KC_CODEC_NONE)
        return NULL;
    const char *why = decompress_set(reader, &wrapper, limit);
    if (why)
        return why;
    reader->at = (const uint8_t *)reader->plain.data;
    reader->end = reader->at + reader->plain.len;
    return reader->at ? find_base(reader, &wrapper) : damaged;
}

static bool next_legacy(struct kc_record_reader *reader, struct kc_wire_record *record,
                        const char **why)
{
    struct reader in = {.at = reader->at, .end = reader->end};
    struct message message;

    if (reader_left(&in) == 0)
        return false;
    if (!read_message(&in, &message) || message.attributes & 7) {
        *why = damaged;
        return false;
    }
    reader->at = in.at;
    *record = (struct kc_wire_record){
        .offset = (int64_t)((uint64_t)reader->offset_base + (uint64_t)message.offset),
        .timestamp = kc_record_batch_log_append_time(&reader->batch) ? reader->batch.max_timestamp
                                                                     : message.timestamp,
        .key = message.key,
        .value = message.value,
    };
    return true;
}

/* ---- Magic 2 ---- */

static const char *open_v2(struct kc_record_reader *reader, size_t limit)
{
    const uint8_t *records = reader->batch.data + KC_BATCH_HEADER;
    size_t len = reader->batch.size - KC_BATCH_HEADER;

    reader->left = reader->batch.count;
    reader->at = records;
    reader->end = records + len;
    if (kc_record_batch_codec(&reader->batch) == KC_CODEC_NONE)
        return NULL;
    const char *why = kc_decompress((enum kc_codec)kc_record_batch_codec(&reader->batch), records,
                                    len, limit, &reader->plain);
    reader->at = (const uint8_t *)reader->plain.data;
    reader->end = reader->at ? reader->at + reader->plain.len : NULL;
    return why;
}

#define HEADER_MIN 2 /* bytes */

static void read_headers(struct kc_record_reader *reader, struct reader *in,
                         struct kc_wire_record *record)
{
    int32_t count = read_varint(in);

    if (count < 0 || (size_t)count > reader_left(in) / HEADER_MIN)
        in->bad = in->bad ? in->bad : damaged;
    if (in->bad)
        return;
    if (count > reader->header_cap) {
        struct kc_wire_header *more =
            kc_try_realloc(reader->headers, sizeof(*reader->headers) * (size_t)count);

        if (!more) {
            in->bad = "there is no memory for a record's headers";
            return;
        }
        reader->header_cap = count;
        reader->headers = more;
    }
    for (int32_t i = 0; i < count && !in->bad; i++) {
        int32_t len = read_varint(in);

        reader->headers[i].key = (struct kc_wire_bytes){read_bytes(in, len), len};
        reader->headers[i].value = read_nullable(in, read_varint(in));
    }
    record->headers = reader->headers;
    record->header_count = count;
}

static bool next_v2(struct kc_record_reader *reader, struct kc_wire_record *record,
                    const char **why)
{
    struct reader in = {.at = reader->at, .end = reader->end}, body;
    const struct kc_record_batch *batch = &reader->batch;

    if (reader->left == 0)
        return false;
    int32_t size = read_varint(&in);
    const uint8_t *data = read_bytes(&in, size);
    if (!data) {
        *why = in.bad;
        return false;
    }
    body = (struct reader){.at = data, .end = data + size};
    *record = (struct kc_wire_record){0};
    read_int(&body, 1);
    record->timestamp = (int64_t)((uint64_t)batch->base_timestamp + (uint64_t)read_varlong(&body));
    record->offset = (int64_t)((uint64_t)batch->base_offset + (uint64_t)read_varint(&body));
    if (kc_record_batch_log_append_time(batch))
        record->timestamp = batch->max_timestamp;
    record->key = read_nullable(&body, read_varint(&body));
    record->value = read_nullable(&body, read_varint(&body));
    read_headers(reader, &body, record);
    *why = body.bad;
    reader->at = in.at;
    reader->left--;
    return !body.bad;
}

/* ---- All ---- */

const char *kc_record_reader_open(struct kc_record_reader *reader,
                                  const struct kc_record_batch *batch, size_t limit)
{
    *reader = (struct kc_record_reader){.batch = *batch};
    return batch->magic < 2 ? open_legacy(reader, limit) : open_v2(reader, limit);
}

void kc_record_reader_open_plain(struct kc_record_reader *reader,
                                 const struct kc_record_batch *batch, const uint8_t *plain,
                                 size_t len)
{
    *reader = (struct kc_record_reader){
        .batch = *batch, .at = plain, .end = plain + len, .left = batch->count};
}

bool kc_record_reader_next(struct kc_record_reader *reader, struct kc_wire_record *record,
                           const char **why)
{
    *why = NULL;
    bool any =
        reader->batch.magic < 2 ? next_legacy(reader, record, why) : next_v2(reader, record, why);
    if (any && (record->offset < 0 || record->offset == INT64_MAX)) {
        *why = "its offsets don't make sense";
        return false;
    }
    return any;
}

void kc_record_reader_close(struct kc_record_reader *reader)
{
    kc_str_destroy(&reader->plain);
    free(reader->headers);
    *reader = (struct kc_record_reader){0};
}
