/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records into new batches: see raw_pack_priv.h. A repacked batch keeps keys, values and times, and
 * headers and codec unless the task's rules say otherwise; its offsets are made consecutive,
 * because a broker demands that of a produced batch.
 */
#include "source/raw_pack_priv.h"

#include "source/header_name_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    PACKED_BYTES = 256 << 10, /* of batches that are joined, about, in one */
    HEADER_ARENA = 4096,
};

/* ---- reading ---- */

const char *kc_raw_reader_open(struct kc_raw_reader *reader, const struct kc_raw_input *input)
{
    *reader = (struct kc_raw_reader){.runs = input->known};
    if (!input->plain)
        return kc_record_reader_open(&reader->reader, input->wire, KC_BATCH_PLAIN_LIMIT);
    kc_record_reader_open_plain(&reader->reader, input->wire, input->plain, input->plain_len);
    return NULL;
}

bool kc_raw_reader_next(struct kc_raw_reader *reader, struct kc_wire_record *record,
                        const char **why)
{
    if (!kc_record_reader_next(&reader->reader, record, why))
        return false;
    if (!reader->runs)
        return true;
    const struct kc_raw_run *run = &reader->runs[reader->run];
    record->offset = run->source_offset + reader->in_run;
    if (++reader->in_run == run->count) {
        reader->run++;
        reader->in_run = 0;
    }
    return true;
}

struct kc_error *kc_raw_damaged(const struct kc_raw *raw, int64_t offset, const char *why)
{
    return kc_error_new(KC_ERR_DATA,
                        "The batch at source offset %lld that is to go to %s-%d can't be read: %s. "
                        "Look at the source's log segment, or set the connector's offset behind it",
                        (long long)offset, raw->topic, raw->partition, why);
}

/* ---- records ---- */

static struct kc_value bytes_of(const struct kc_wire_bytes *bytes)
{
    return kc_value_bytes(bytes->len < 0 ? NULL : bytes->data,
                          bytes->len < 0 ? 0 : (size_t)bytes->len);
}

/* As MirrorSourceTask.convertHeaders() and ConnectHeaders.addBytes() do. */
static struct kc_header header_of(struct kc_arena *arena, const struct kc_wire_header *from)
{
    const char *name =
        kc_header_name_read(arena, (const char *)from->key.data, (size_t)from->key.len);
    return (struct kc_header){name, from->value.len < 0 ? KC_OPTIONAL_BYTES : KC_BYTES,
                              bytes_of(&from->value)};
}

static void open_headers(struct kc_batch *batch, struct kc_record *record,
                         const struct kc_wire_record *from)
{
    if (from->header_count == 0)
        return;
    size_t count = (size_t)from->header_count;
    struct kc_header *headers = kc_batch_alloc(batch, count * sizeof(*headers));
    for (size_t i = 0; i < count; i++)
        headers[i] = header_of(kc_batch_arena(batch), &from->headers[i]);
    record->headers = headers;
    record->header_count = (uint32_t)count;
}

static struct kc_record *add_record(struct kc_batch *batch, const struct kc_raw *raw,
                                    int64_t offset)
{
    struct kc_record *record = kc_batch_add(batch);
    record->topic = raw->topic;
    record->partition = raw->partition;
    record->source_partition = raw->source_partition;
    record->source_offset = (struct kc_source_offset){.field = raw->offset_field, .number = offset};
    record->task_data = raw->task_data;
    return record;
}

const char *kc_raw_add_records(struct kc_batch *batch, const struct kc_raw *raw,
                               const struct kc_raw_input *input, bool converted, uint64_t *opened,
                               size_t *plain)
{
    struct kc_raw_reader source;
    struct kc_wire_record from;
    const char *why = kc_raw_reader_open(&source, input);
    size_t before = kc_batch_count(batch);
    while (!why && kc_raw_reader_next(&source, &from, &why)) {
        if (from.offset < raw->first_offset)
            continue;
        struct kc_record *record = add_record(batch, raw, from.offset);
        /* A target may refuse a time before 1970, and with it the record. */
        record->timestamp = from.timestamp >= KC_TIMELESS ? from.timestamp : KC_NO_TIMESTAMP;
        record->key_schema = KC_OPTIONAL_BYTES;
        record->value_schema = KC_BYTES;
        record->key = bytes_of(&from.key);
        record->value = bytes_of(&from.value);
        record->converted = converted;
        open_headers(batch, record, &from);
        ++*opened;
    }
    *plain += (kc_batch_count(batch) - before) * sizeof(struct kc_record);
    *plain += source.reader.plain.data ? source.reader.plain.len : input->wire->size;
    /* Keys and values may lie in the decompressed bytes. */
    if (source.reader.plain.data) {
        kc_batch_own(batch, source.reader.plain.data, free);
        source.reader.plain = (struct kc_str){0};
    }
    kc_record_reader_close(&source.reader);
    return why;
}

/* ---- spans ---- */

struct kc_raw_span *kc_raw_add_span(struct kc_batch *batch, const struct kc_raw *raw, uint8_t *data,
                                    const struct kc_record_batch *header,
                                    const struct kc_raw_run *runs, int32_t run_count)
{
    struct kc_raw_span *span = kc_batch_alloc(batch, sizeof(*span));
    *span = (struct kc_raw_span){.raw = raw,
                                 .batch = batch,
                                 .home = batch,
                                 .data = data,
                                 .len = header->size,
                                 .header = *header,
                                 .runs = runs,
                                 .run_count = run_count,
                                 .base_offset = -1,
                                 .log_append_time_ms = -1};
    for (int32_t i = 0; i < run_count; i++)
        span->count += runs[i].count;
    const struct kc_raw_run *last = &runs[run_count - 1];
    add_record(batch, raw, last->source_offset + last->count - 1)->span = span;
    return span;
}

struct kc_raw_span *kc_raw_add_made(struct kc_batch *batch, const struct kc_raw *raw,
                                    const struct kc_str *made, const struct kc_raw_run *runs,
                                    int32_t run_count)
{
    struct kc_record_batch header;
    const char *why;
    uint8_t *data = (uint8_t *)made->data;
    enum kc_record_batch_result result = kc_record_batch_parse(data, made->len, &header, &why);
    assert(result == KC_BATCH_OK);
    (void)result;
    return kc_raw_add_span(batch, raw, data, &header, runs, run_count);
}

static void runs_add(struct kc_raw_runs *runs, int64_t offset)
{
    struct kc_raw_run *last = runs->count ? &runs->items[runs->count - 1] : NULL;
    if (last && last->source_offset + last->count == offset) {
        last->count++;
        return;
    }
    if (!runs->items || runs->count == runs->cap) {
        runs->cap = runs->cap ? 2 * runs->cap : 8;
        runs->items = kc_realloc(runs->items, runs->cap * sizeof(*runs->items));
    }
    runs->items[runs->count++] =
        (struct kc_raw_run){.source_offset = offset, .target_offset = -1, .count = 1};
}

void kc_raw_packer_destroy(struct kc_raw_packer *packer)
{
    kc_batch_builder_destroy(&packer->builder);
    free(packer->runs.items);
}

const char *kc_raw_packer_finish(struct kc_raw_packer *packer)
{
    struct kc_str out = {0};
    struct kc_raw_runs *runs = &packer->runs;
    if (runs->count == 0)
        return NULL;
    packer->packed += (uint64_t)packer->builder.count;
    const char *why = kc_batch_builder_finish(&packer->builder, &out);
    if (why) {
        kc_str_destroy(&out);
        return why;
    }
    packer->made += out.len;
    kc_batch_own(packer->batch, out.data, free);
    kc_raw_add_made(packer->batch, packer->raw, &out,
                    kc_batch_dup(packer->batch, runs->items, runs->count * sizeof(*runs->items)),
                    (int32_t)runs->count);
    runs->count = 0;
    return NULL;
}

/* Writes the record's headers anew, as the rules say. */
static const char *convert_headers(const struct kc_raw_packer *packer, struct kc_arena *arena,
                                   struct kc_wire_record *record)
{
    size_t count = (size_t)record->header_count;
    struct kc_wire_header *headers = kc_arena_alloc(arena, count * sizeof(*headers));
    for (size_t i = 0; i < count; i++) {
        const struct kc_header header = header_of(arena, &record->headers[i]);
        const void *data = NULL;
        size_t len = 0;
        struct kc_error *err = packer->rules->header(packer->rules->opaque, packer->raw->topic,
                                                     &header, arena, &data, &len);
        bool failed = err || len > INT32_MAX;
        kc_error_destroy(err);
        if (failed)
            return "the header converter takes one of its headers for none";
        headers[i].key = record->headers[i].key;
        headers[i].value = (struct kc_wire_bytes){data, data ? (int32_t)len : -1};
    }
    record->headers = headers;
    return NULL;
}

/* Whether the batch under construction is full, so that the record doesn't fit. */
static bool full(const struct kc_raw_packer *packer, const struct kc_wire_record *record)
{
    size_t most = packer->rules ? packer->rules->batch_bytes : 0;
    const struct kc_batch_builder *builder = &packer->builder;
    return builder->count == packer->most ||
           (most && builder->count > 0 && kc_batch_builder_size_with(builder, record) > most);
}

static const char *pack_record(struct kc_raw_packer *packer, struct kc_arena **arena,
                               struct kc_wire_record *record)
{
    const char *why = NULL;
    if (record->timestamp < KC_TIMELESS) /* a target may refuse it */
        record->timestamp = kc_now_ms();
    if (record->header_count > 0 && packer->rules && packer->rules->header) {
        if (!*arena)
            *arena = kc_arena_new(HEADER_ARENA);
        why = convert_headers(packer, *arena, record);
    }
    if (!why && full(packer, record))
        why = kc_raw_packer_finish(packer);
    if (!why)
        why = kc_batch_builder_add(&packer->builder, record);
    if (!why)
        runs_add(&packer->runs, record->offset);
    return why;
}

/* Whether the records may join those in the builder. */
static bool fits(const struct kc_raw_packer *packer, enum kc_codec codec)
{
    return packer->builder.codec == codec && packer->builder.records.len < PACKED_BYTES;
}

const char *kc_raw_pack(struct kc_raw_packer *packer, const struct kc_raw_input *input,
                        enum kc_codec codec, bool joins)
{
    struct kc_raw_reader source;
    struct kc_wire_record record;
    struct kc_arena *arena = NULL; /* of headers */
    const char *why = joins && fits(packer, codec) ? NULL : kc_raw_packer_finish(packer);
    if (why)
        return why;
    packer->builder.codec = codec;
    packer->builder.close_gaps = true;
    if (packer->rules && packer->rules->recoder) {
        packer->builder.recoder = packer->rules->recoder;
        packer->builder.level =
            packer->rules->codec_reason ? packer->rules->compression.level : kc_codec_level(codec);
    }
    why = kc_raw_reader_open(&source, input);
    enum kc_raw_pick pick = KC_PICK_JOINED, last = KC_PICK_JOINED;
    for (int32_t i = 0; !why && kc_raw_reader_next(&source, &record, &why); i++) {
        if (packer->pick)
            pick = packer->pick(packer->pick_opaque, i);
        if (pick == KC_PICK_NOT || record.offset < packer->raw->first_offset)
            continue;
        if (pick == KC_PICK_ALONE || last == KC_PICK_ALONE)
            why = kc_raw_packer_finish(packer);
        if (!why)
            why = pack_record(packer, &arena, &record);
        last = pick;
    }
    kc_record_reader_close(&source.reader);
    kc_arena_destroy(arena);
    return why;
}
