/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks over the records of a batch for connectors, and control records: see
 * connect/record_batch.h. A walk is a record reader whose records have the contract's types.
 */
#include "base/byte_reader.h"
#include "batch/record_reader.h"
#include "connect/record_batch.h"

#include <stdlib.h>

static const char no_memory[] = "there is no memory for a record's headers";

struct kc_record_walk {
    struct kc_record_reader reader;
    struct kc_plain_header *headers;
    int32_t header_cap;
};

static struct kc_bytes plain_bytes(struct kc_wire_bytes bytes)
{
    return (struct kc_bytes){bytes.data, bytes.len};
}

const char *kc_record_walk_begin(const struct kc_record_batch *batch, size_t limit,
                                 struct kc_record_walk **walk)
{
    *walk = kc_calloc(1, sizeof(**walk));
    return kc_record_reader_open(&(*walk)->reader, batch, limit);
}

/* NULL, or why not: their count comes from the record. */
static const char *take_headers(struct kc_record_walk *walk, const struct kc_wire_record *from)
{
    if (from->header_count > walk->header_cap) {
        struct kc_plain_header *more =
            kc_try_realloc(walk->headers, sizeof(*more) * (size_t)from->header_count);
        if (!more)
            return no_memory;
        walk->headers = more;
        walk->header_cap = from->header_count;
    }
    for (int32_t i = 0; i < from->header_count; i++)
        walk->headers[i] = (struct kc_plain_header){plain_bytes(from->headers[i].key),
                                                    plain_bytes(from->headers[i].value)};
    return NULL;
}

bool kc_record_walk_next(struct kc_record_walk *walk, struct kc_plain_record *record,
                         const char **why)
{
    struct kc_wire_record from;
    if (!kc_record_reader_next(&walk->reader, &from, why))
        return false;
    *why = take_headers(walk, &from);
    if (*why)
        return false;
    *record = (struct kc_plain_record){
        .offset = from.offset,
        .timestamp = from.timestamp,
        .key = plain_bytes(from.key),
        .value = plain_bytes(from.value),
        .headers = from.header_count ? walk->headers : NULL,
        .header_count = from.header_count,
    };
    return true;
}

void kc_record_walk_end(struct kc_record_walk *walk)
{
    if (!walk)
        return;
    kc_record_reader_close(&walk->reader);
    free(walk->headers);
    free(walk);
}

/* ---- control records ---- */

/* The key is version and type, the value of a marker version and coordinator epoch
 * (ControlRecordType, EndTransactionMarker). Fields of later versions follow them. */
static const char *read_control(const struct kc_wire_record *record,
                                struct kc_control_record *control)
{
    if (record->key.len < 4)
        return "a control record has no type";
    struct reader key = {record->key.data, record->key.data + record->key.len, NULL};
    read_int(&key, 2);
    int64_t type = read_int(&key, 2);
    *control = (struct kc_control_record){
        .type = type >= 0 && type <= KC_CONTROL_KRAFT_VOTERS ? (enum kc_control_type)type
                                                             : KC_CONTROL_UNKNOWN,
        .offset = record->offset,
        .timestamp = record->timestamp,
        .coordinator_epoch = -1,
    };
    bool marker = control->type == KC_CONTROL_ABORT || control->type == KC_CONTROL_COMMIT;
    if (!marker || record->value.len < 6)
        return NULL;
    struct reader value = {record->value.data, record->value.data + record->value.len, NULL};
    read_int(&value, 2);
    control->coordinator_epoch = (int32_t)read_int(&value, 4);
    return NULL;
}

const char *kc_control_read(const struct kc_record_batch *batch, struct kc_control_record *control)
{
    struct kc_record_reader reader;
    struct kc_wire_record record;
    if (!kc_record_batch_control(batch))
        return "it is no control batch";
    const char *why = kc_record_reader_open(&reader, batch, KC_RECORDS_LIMIT);
    if (!why && kc_record_reader_next(&reader, &record, &why))
        why = read_control(&record, control);
    else if (!why)
        why = "a control batch has no record";
    kc_record_reader_close(&reader);
    return why;
}
