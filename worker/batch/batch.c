/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of record batches. See batch.h. */
#include "batch/batch.h"

#include "base/byte_reader.h"
#include "batch/crc32c_priv.h"

#include <string.h>
#include <zlib.h>

/* The positions of a magic 2 header's fields. */
enum {
    AT_BASE_OFFSET = 0,
    AT_LENGTH = 8,
    AT_LEADER_EPOCH = 12,
    AT_MAGIC = 16, /* the same in every magic */
    AT_CRC = 17,
    AT_ATTRIBUTES = 21,
    AT_LAST_OFFSET_DELTA = 23,
    AT_BASE_TIMESTAMP = 27,
    AT_MAX_TIMESTAMP = 35,
    AT_PRODUCER_ID = 43,
    AT_PRODUCER_EPOCH = 51,
    AT_BASE_SEQUENCE = 53,
    AT_COUNT = 57,
};

#define OVERHEAD      12 /* offset and length, which the length doesn't count */
#define TRANSACTIONAL 16
#define LEGACY_CRC_AT 12
#define LEGACY_MIN    26 /* magic 0: offset, size, crc, magic, attributes, two lengths */
#define LEGACY_MIN_V1 34

static void parse_v2(struct reader *in, struct kc_record_batch *batch)
{
    batch->leader_epoch = (int32_t)read_int(in, 4);
    in->at++;
    batch->crc = (uint32_t)read_int(in, 4);
    batch->attributes = (int16_t)read_int(in, 2);
    batch->last_offset_delta = (int32_t)read_int(in, 4);
    batch->base_timestamp = read_int(in, 8);
    batch->max_timestamp = read_int(in, 8);
    batch->producer_id = read_int(in, 8);
    batch->producer_epoch = (int16_t)read_int(in, 2);
    batch->base_sequence = (int32_t)read_int(in, 4);
    batch->count = (int32_t)read_int(in, 4);
}

static void parse_legacy(struct reader *in, struct kc_record_batch *batch)
{
    batch->leader_epoch = -1;
    batch->crc = (uint32_t)read_int(in, 4);
    in->at++;
    batch->attributes = (int16_t)read_int(in, 1);
    batch->base_timestamp = batch->magic == 1 ? read_int(in, 8) : -1;
    batch->max_timestamp = batch->base_timestamp;
    batch->last_offset_delta = 0;
    batch->producer_id = -1;
    batch->producer_epoch = -1;
    batch->base_sequence = -1;
    batch->count = 1;
}

static enum kc_record_batch_result bad(const char **why, const char *text)
{
    *why = text;
    return KC_BATCH_BAD;
}

enum kc_record_batch_result kc_record_batch_parse(const uint8_t *data, size_t len,
                                                  struct kc_record_batch *batch, const char **why)
{
    struct reader in = {.at = data, .end = data + len};

    if (len < AT_MAGIC + 1)
        return KC_BATCH_PARTIAL;
    batch->base_offset = read_int(&in, 8);
    int64_t length = read_int(&in, 4);
    batch->magic = (int8_t)data[AT_MAGIC];
    if (batch->magic < 0 || batch->magic > 2)
        return bad(why, "its magic isn't known");
    size_t least = batch->magic == 2   ? KC_BATCH_HEADER
                   : batch->magic == 1 ? LEGACY_MIN_V1
                                       : LEGACY_MIN;
    if (length < (int64_t)(least - OVERHEAD))
        return bad(why, "its length is less than its header's");
    if (len - OVERHEAD < (size_t)length)
        return KC_BATCH_PARTIAL;
    batch->data = data;
    batch->size = OVERHEAD + (size_t)length;
    if (batch->magic < 2)
        parse_legacy(&in, batch);
    else
        parse_v2(&in, batch);
    bool sensible = batch->magic < 2 ||
                    (batch->last_offset_delta >= 0 && batch->count >= 0 && batch->base_offset >= 0);
    /* The offset behind the last one is a number, too. */
    if (!sensible || batch->base_offset >= INT64_MAX - batch->last_offset_delta)
        return bad(why, "its offsets don't make sense");
    return KC_BATCH_OK;
}

bool kc_record_batch_intact(const struct kc_record_batch *batch)
{
    const uint8_t *from = batch->data + AT_ATTRIBUTES;

    if (batch->magic == 2)
        return kc_crc32c(from, batch->size - AT_ATTRIBUTES) == batch->crc;
    from = batch->data + LEGACY_CRC_AT + 4;
    return (uint32_t)crc32_z(0, from, batch->size - LEGACY_CRC_AT - 4) == batch->crc;
}

static void put(uint8_t *at, uint64_t value, int size)
{
    for (int i = size - 1; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

void kc_batch_set_base_offset(uint8_t *data, int64_t base_offset)
{
    put(data + AT_BASE_OFFSET, (uint64_t)base_offset, 8);
}

void kc_record_batch_set_place(uint8_t *data, int64_t base_offset, int32_t leader_epoch)
{
    kc_batch_set_base_offset(data, base_offset);
    put(data + AT_LEADER_EPOCH, (uint32_t)leader_epoch, 4);
}

static void set_producer(uint8_t *data, const struct kc_record_batch_identity *identity)
{
    put(data + AT_PRODUCER_ID, (uint64_t)identity->producer_id, 8);
    put(data + AT_PRODUCER_EPOCH, (uint16_t)identity->producer_epoch, 2);
    put(data + AT_BASE_SEQUENCE, (uint32_t)identity->base_sequence, 4);
    if (identity->transactional)
        data[AT_ATTRIBUTES + 1] |= TRANSACTIONAL;
    else
        data[AT_ATTRIBUTES + 1] &= (uint8_t)~TRANSACTIONAL;
}

/* The rewritable fields that the CRC covers. */
enum { FIELDS = AT_COUNT - AT_ATTRIBUTES };

static uint32_t crc_of(const uint8_t *data)
{
    uint32_t crc = 0;

    for (int i = 0; i < 4; i++)
        crc = crc << 8 | data[AT_CRC + i];
    return crc;
}

/* Lets the CRC follow from fields, which the header had before. */
static void amend_crc(uint8_t *data, size_t size, const uint8_t before[FIELDS])
{
    uint32_t crc =
        kc_crc32c_changed(crc_of(data), before, data + AT_ATTRIBUTES, FIELDS, size - AT_COUNT);
    put(data + AT_CRC, crc, 4);
}

/* crc joined with the records is crc joined with header and records, less what the header adds. */
uint32_t kc_record_batch_records_crc(const uint8_t *data, size_t size, uint32_t crc)
{
    uint32_t header = kc_crc32c(data + AT_ATTRIBUTES, KC_BATCH_HEADER - AT_ATTRIBUTES);
    return kc_crc32c_joined(crc ^ header, crc_of(data), size - KC_BATCH_HEADER);
}

void kc_record_batch_rebase(uint8_t *data, size_t size,
                            const struct kc_record_batch_identity *identity)
{
    uint8_t before[FIELDS];

    memcpy(before, data + AT_ATTRIBUTES, FIELDS);
    kc_record_batch_set_place(data, identity->base_offset, identity->leader_epoch);
    set_producer(data, identity);
    amend_crc(data, size, before);
}

void kc_record_batch_set_producer(uint8_t *data, size_t size, int64_t producer_id,
                                  int16_t producer_epoch, int32_t base_sequence)
{
    const struct kc_record_batch_identity identity = {
        .producer_id = producer_id,
        .producer_epoch = producer_epoch,
        .base_sequence = base_sequence,
        .transactional = data[AT_ATTRIBUTES + 1] & TRANSACTIONAL,
    };
    uint8_t before[FIELDS];

    memcpy(before, data + AT_ATTRIBUTES, FIELDS);
    set_producer(data, &identity);
    amend_crc(data, size, before);
}

int32_t kc_sequence_after(int32_t sequence, int64_t count)
{
    return (int32_t)(((int64_t)sequence + count) & INT32_MAX);
}

void kc_batch_put_header(uint8_t *data, size_t size, const struct kc_record_batch *header)
{
    put(data + AT_LENGTH, size - OVERHEAD, 4);
    data[AT_MAGIC] = 2;
    put(data + AT_ATTRIBUTES, (uint16_t)header->attributes, 2);
    put(data + AT_LAST_OFFSET_DELTA, (uint32_t)header->last_offset_delta, 4);
    put(data + AT_BASE_TIMESTAMP, (uint64_t)header->base_timestamp, 8);
    put(data + AT_MAX_TIMESTAMP, (uint64_t)header->max_timestamp, 8);
    put(data + AT_COUNT, (uint32_t)header->count, 4);
    kc_batch_set_base_offset(data, 0);
    put(data + AT_LEADER_EPOCH, UINT32_MAX, 4);
    set_producer(data, &(struct kc_record_batch_identity){0, -1, -1, -1, -1, false});
    put(data + AT_CRC, kc_crc32c(data + AT_ATTRIBUTES, size - AT_ATTRIBUTES), 4);
}
