/* SPDX-License-Identifier: Apache-2.0 */
/* The records of refused batches: see refused_record.h. */
#include "source/refused_record.h"

#include "source/raw_pack_priv.h"
#include "source/submitted_records_priv.h"

static const void *data_of(const struct kc_wire_bytes *bytes)
{
    return bytes->len < 0 ? NULL : bytes->data;
}

static size_t len_of(const struct kc_wire_bytes *bytes)
{
    return bytes->len < 0 ? 0 : (size_t)bytes->len;
}

static const struct kc_build_header *headers_of(struct kc_arena *arena,
                                                const struct kc_wire_record *from)
{
    size_t count = (size_t)from->header_count;
    struct kc_build_header *headers = kc_arena_alloc(arena, (count + 1) * sizeof(*headers));
    for (size_t i = 0; i < count; i++) {
        const struct kc_wire_header *header = &from->headers[i];
        headers[i] = (struct kc_build_header){(const char *)header->key.data, len_of(&header->key),
                                              data_of(&header->value), len_of(&header->value)};
    }
    return headers;
}

/* The source: the record's own if it was built into the batch. */
static void set_source(struct kc_refused_record *record, const struct kc_raw_span *span,
                       int64_t offset)
{
    record->slot = span->slot;
    record->source_partition = span->raw->source_partition;
    record->source_offset =
        (struct kc_source_offset){.field = span->raw->offset_field, .number = offset};
    if (!span->built)
        return;
    const struct kc_built *built = span->raw->task_data;
    record->slot = built->owners[offset];
    const struct kc_record *owner = kc_slot_record(record->slot);
    record->source_partition = owner->source_partition;
    record->source_offset = owner->source_offset;
}

static struct kc_error *visit_one(const struct kc_raw_span *span, const struct kc_wire_record *from,
                                  kc_refused_visit visit, void *opaque)
{
    enum { ARENA = 1024 };
    struct kc_arena *arena = kc_arena_new(ARENA);
    struct kc_refused_record record = {
        .sent = {.timestamp = from->timestamp,
                 .key = data_of(&from->key),
                 .key_len = len_of(&from->key),
                 .value = data_of(&from->value),
                 .value_len = len_of(&from->value),
                 .headers = headers_of(arena, from),
                 .header_count = (size_t)from->header_count},
        .topic = span->raw->topic,
        .partition = span->raw->partition,
    };
    set_source(&record, span, from->offset);
    struct kc_error *err = visit(opaque, &record);
    kc_arena_destroy(arena);
    return err;
}

struct kc_error *kc_refused_each(const struct kc_raw_span *span, kc_refused_visit visit,
                                 void *opaque)
{
    struct kc_raw_reader reader;
    struct kc_wire_record record;
    struct kc_error *err = NULL;
    const struct kc_raw_input input = {.wire = &span->header, .known = span->runs};
    const char *why = kc_raw_reader_open(&reader, &input);
    while (!why && !err && kc_raw_reader_next(&reader, &record, &why))
        err = visit_one(span, &record, visit, opaque);
    kc_record_reader_close(&reader.reader);
    return err || !why ? err : kc_raw_damaged(span->raw, span->runs[0].source_offset, why);
}
