/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans and records of raw batches: see raw_span.h.
 *
 * What makes a batch unfit for passing is found in its header alone, in one table of reasons; only
 * then is it decompressed. A repacked batch keeps keys, values, headers, times and codec; its
 * offsets are closed up, which is what a broker demands of a produced batch.
 */
#include "runtime/raw_span.h"

#include "wire/batch_builder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPEN_BYTES = 256 << 10,   /* that are opened at once: beyond it the rest waits */
    PACKED_BYTES = 256 << 10, /* of old messages, about, in one new batch */
    DELETE_HORIZON = 64,      /* attribute: the cleaner's, not a producer's (KIP-534) */
};

/* ---- spans ---- */

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

/* runs and data live as long as batch. */
static void add_span(struct kc_batch *batch, const struct kc_raw *raw, uint8_t *data, size_t len,
                     const struct kc_raw_run *runs, int32_t run_count)
{
    struct kc_raw_span *span = kc_batch_alloc(batch, sizeof(*span));
    *span = (struct kc_raw_span){.raw = raw,
                                 .batch = batch,
                                 .data = data,
                                 .len = len,
                                 .runs = runs,
                                 .run_count = run_count,
                                 .base_offset = -1,
                                 .log_append_time_ms = -1};
    for (int32_t i = 0; i < run_count; i++)
        span->count += runs[i].count;
    const struct kc_raw_run *last = &runs[run_count - 1];
    add_record(batch, raw, last->source_offset + last->count - 1)->span = span;
}

static void pass(struct kc_batch *batch, const struct kc_raw *raw, const struct kc_wire_batch *wire)
{
    struct kc_raw_run run = {
        .source_offset = wire->base_offset, .target_offset = -1, .count = wire->count};
    add_span(batch, raw, raw->data + (wire->data - raw->data), wire->size,
             kc_batch_dup(batch, &run, sizeof(run)), 1);
}

void kc_raw_again(const struct kc_raw_span *span, struct kc_batch *batch)
{
    add_span(batch, span->raw, span->data, span->len, span->runs, span->run_count);
}

struct kc_raw_span *kc_raw_add_built(struct kc_batch *batch, const struct kc_raw *raw,
                                     uint8_t *data, size_t len, int32_t count)
{
    struct kc_raw_run run = {.target_offset = -1, .count = count};
    add_span(batch, raw, data, len, kc_batch_dup(batch, &run, sizeof(run)), 1);
    struct kc_raw_span *span = kc_batch_at(batch, kc_batch_count(batch) - 1)->span;
    span->built = true;
    return span;
}

/* ---- reading a batch whose offsets may be the appender's ---- */

/* The records of a batch with their offsets at the source. */
struct source_reader {
    struct kc_record_reader reader;
    const struct kc_raw_run *runs; /* NULL: the offsets are those in the batch */
    int32_t run;
    int32_t in_run;
};

static const char *source_open(struct source_reader *source, const struct kc_wire_batch *wire,
                               const struct kc_raw_run *runs)
{
    *source = (struct source_reader){.runs = runs};
    return kc_record_reader_open(&source->reader, wire, KC_BATCH_PLAIN_LIMIT);
}

static bool source_next(struct source_reader *source, struct kc_wire_record *record,
                        const char **why)
{
    if (!kc_record_reader_next(&source->reader, record, why))
        return false;
    if (!source->runs)
        return true;
    const struct kc_raw_run *run = &source->runs[source->run];
    record->offset = run->source_offset + source->in_run;
    if (++source->in_run == run->count) {
        source->run++;
        source->in_run = 0;
    }
    return true;
}

static struct kc_error *damaged(const struct kc_raw *raw, int64_t offset, const char *why)
{
    return kc_error_new(KC_ERR_DATA,
                        "The batch at source offset %lld that is to go to %s-%d can't be read: %s. "
                        "Look at the source's log segment, or set the connector's offset behind it",
                        (long long)offset, raw->topic, raw->partition, why);
}

/* ---- repacking ---- */

struct runs {
    struct kc_raw_run *items;
    size_t count;
    size_t cap;
};

static void runs_add(struct runs *runs, int64_t offset)
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

/* Records of one part on their way into new batches. Zero-initialise, set the first three. */
struct packer {
    struct kc_batch *batch;
    const struct kc_raw *raw;
    int32_t most; /* records in a batch */
    struct kc_batch_builder builder;
    struct runs runs;
    uint64_t packed; /* records that spans have been made of */
};

static void packer_destroy(struct packer *packer)
{
    kc_batch_builder_destroy(&packer->builder);
    free(packer->runs.items);
}

/* Makes a span of what the builder holds; resets builder and runs. */
static const char *finish(struct packer *packer)
{
    struct kc_str out = {0};
    struct runs *runs = &packer->runs;
    if (runs->count == 0)
        return NULL;
    packer->packed += (uint64_t)packer->builder.count;
    const char *why = kc_batch_builder_finish(&packer->builder, &out);
    if (why) {
        kc_str_destroy(&out);
        return why;
    }
    kc_batch_own(packer->batch, out.data, free);
    add_span(packer->batch, packer->raw, (uint8_t *)out.data, out.len,
             kc_batch_dup(packer->batch, runs->items, runs->count * sizeof(*runs->items)),
             (int32_t)runs->count);
    runs->count = 0;
    return NULL;
}

/* Whether wire's records may follow those that are in the builder: messages of old formats come
 * one by one, and a batch for each would be slow. */
static bool joins(const struct packer *packer, const struct kc_wire_batch *wire)
{
    return wire->magic < 2 && packer->builder.codec == (enum kc_codec)kc_batch_codec(wire) &&
           packer->builder.records.len < PACKED_BYTES;
}

/* Packs the records from raw->first_offset on; the last are left in the builder. */
static const char *pack(struct packer *packer, const struct kc_wire_batch *wire,
                        const struct kc_raw_run *known, enum kc_codec codec)
{
    struct source_reader source;
    struct kc_wire_record record;
    const char *why = joins(packer, wire) ? NULL : finish(packer);
    if (why)
        return why;
    packer->builder.codec = codec;
    packer->builder.close_gaps = true;
    why = source_open(&source, wire, known);
    while (!why && source_next(&source, &record, &why)) {
        if (record.offset < packer->raw->first_offset)
            continue;
        if (record.timestamp < KC_TIMELESS) /* a target may refuse it */
            record.timestamp = kc_now_ms();
        why = kc_batch_builder_add(&packer->builder, &record);
        runs_add(&packer->runs, record.offset);
        if (!why && packer->builder.count == packer->most)
            why = finish(packer);
    }
    kc_record_reader_close(&source.reader);
    return why;
}

static struct kc_error *span_batch(const struct kc_raw_span *span, struct kc_wire_batch *wire)
{
    const char *why = "it is cut off";
    if (kc_batch_parse(span->data, span->len, wire, &why) == KC_BATCH_OK)
        return NULL;
    return damaged(span->raw, span->runs[0].source_offset, why);
}

struct kc_error *kc_raw_split(const struct kc_raw_span *span, size_t size, struct kc_batch *batch)
{
    struct kc_wire_batch wire;
    struct kc_error *err = span_batch(span, &wire);
    if (err)
        return err;
    size_t most = (size_t)span->count * size / span->len;
    most = most < 1 ? 1 : most > (size_t)span->count ? (size_t)span->count : most;
    struct packer packer = {.batch = batch, .raw = span->raw, .most = (int32_t)most};
    const char *why = pack(&packer, &wire, span->runs, (enum kc_codec)kc_batch_codec(&wire));
    if (!why)
        why = finish(&packer);
    packer_destroy(&packer);
    return why ? damaged(span->raw, span->runs[0].source_offset, why) : NULL;
}

struct kc_error *kc_raw_rebuild(const struct kc_raw_span *span, struct kc_batch *batch)
{
    struct kc_wire_batch wire;
    struct kc_error *err = span_batch(span, &wire);
    if (err)
        return err;
    struct packer packer = {.batch = batch, .raw = span->raw, .most = INT32_MAX};
    const char *why = pack(&packer, &wire, span->runs, KC_CODEC_NONE);
    if (!why)
        why = finish(&packer);
    packer_destroy(&packer);
    return why ? damaged(span->raw, span->runs[0].source_offset, why) : NULL;
}

struct kc_raw_facts kc_raw_span_facts(const struct kc_raw_span *span)
{
    struct kc_raw_facts facts = {span->len, -1, -1};
    struct kc_wire_batch wire;
    const char *why;
    if (kc_batch_parse(span->data, span->len, &wire, &why) == KC_BATCH_OK) {
        facts.base_timestamp = wire.base_timestamp;
        facts.max_timestamp = wire.max_timestamp;
    }
    return facts;
}

/* ---- opening ---- */

static struct kc_value bytes_of(const struct kc_wire_bytes *bytes)
{
    return kc_value_bytes(bytes->len < 0 ? NULL : bytes->data,
                          bytes->len < 0 ? 0 : (size_t)bytes->len);
}

static void open_headers(struct kc_batch *batch, struct kc_record *record,
                         const struct kc_wire_record *from)
{
    if (from->header_count == 0)
        return;
    size_t count = (size_t)from->header_count;
    struct kc_header *headers = kc_batch_alloc(batch, count * sizeof(*headers));
    for (size_t i = 0; i < count; i++) {
        const struct kc_wire_bytes *key = &from->headers[i].key;
        char *name = kc_batch_alloc(batch, (size_t)key->len + 1);
        memcpy(name, key->data, (size_t)key->len);
        name[key->len] = '\0';
        headers[i] = (struct kc_header){name, KC_OPTIONAL_BYTES, bytes_of(&from->headers[i].value)};
    }
    record->headers = headers;
    record->header_count = (uint32_t)count;
}

static const char *open_records(struct kc_batch *batch, const struct kc_raw *raw,
                                const struct kc_wire_batch *wire, const struct kc_raw_run *known,
                                uint64_t *opened, size_t *plain)
{
    struct source_reader source;
    struct kc_wire_record from;
    const char *why = source_open(&source, wire, known);
    size_t before = kc_batch_count(batch);
    while (!why && source_next(&source, &from, &why)) {
        if (from.offset < raw->first_offset)
            continue;
        struct kc_record *record = add_record(batch, raw, from.offset);
        /* A target may refuse a time before 1970, and with it the record. */
        record->timestamp = from.timestamp >= KC_TIMELESS ? from.timestamp : KC_NO_TIMESTAMP;
        record->key_schema = record->value_schema = KC_OPTIONAL_BYTES;
        record->key = bytes_of(&from.key);
        record->value = bytes_of(&from.value);
        open_headers(batch, record, &from);
        ++*opened;
    }
    *plain += (kc_batch_count(batch) - before) * sizeof(struct kc_record);
    *plain += source.reader.plain.data ? source.reader.plain.len : wire->size;
    /* Keys and values may lie in what was decompressed. */
    if (source.reader.plain.data) {
        kc_batch_own(batch, source.reader.plain.data, free);
        source.reader.plain = (struct kc_str){0};
    }
    kc_record_reader_close(&source.reader);
    return why;
}

struct kc_error *kc_raw_open(const struct kc_raw_span *span, struct kc_batch *batch)
{
    struct kc_wire_batch wire;
    uint64_t opened = 0;
    size_t plain = 0;
    struct kc_error *err = span_batch(span, &wire);
    if (err)
        return err;
    const char *why = open_records(batch, span->raw, &wire, span->runs, &opened, &plain);
    return why ? damaged(span->raw, span->runs[0].source_offset, why) : NULL;
}

/* ---- which way ---- */

/* Why a batch with data can't be passed as it is; NULL: it can. */
static const char *unfit(const struct kc_raw *raw, const struct kc_wire_batch *wire)
{
    if (wire->magic < 2)
        return "an old message format";
    if (wire->base_offset < raw->first_offset)
        return "a batch that begins before the wanted offset";
    if (kc_batch_has_gaps(wire))
        return "offset gaps left by compaction";
    if (kc_batch_log_append_time(wire))
        return "times set by the source's broker (LogAppendTime)";
    if (wire->base_timestamp < KC_TIMELESS || wire->max_timestamp < KC_TIMELESS)
        return "records from before 1970";
    if (wire->attributes & DELETE_HORIZON)
        return "a batch marked by the source's cleaner";
    return NULL;
}

static const char *take(struct packer *packer, const struct kc_wire_batch *wire,
                        const char *open_all, struct kc_raw_counts *counts, size_t *plain)
{
    const char *reason = open_all ? open_all : unfit(packer->raw, wire);
    if (reason)
        counts->last_reason = reason;
    if (open_all)
        return open_records(packer->batch, packer->raw, wire, NULL, &counts->opened, plain);
    if (reason)
        return pack(packer, wire, NULL, (enum kc_codec)kc_batch_codec(wire));
    const char *why = finish(packer);
    if (why)
        return why;
    counts->passed += (uint64_t)wire->count;
    pass(packer->batch, packer->raw, wire);
    return NULL;
}

/* The batch that is next, which the cursor moves behind. Control batches say what is aborted; of
 * the others *data is set for those that are to be taken. */
static const char *next_batch(const struct kc_raw *raw, struct kc_raw_cursor *cursor,
                              struct kc_wire_batch *wire, bool *data)
{
    const char *why = "it is cut off";
    if (kc_batch_parse(raw->data + cursor->at, raw->len - cursor->at, wire, &why) != KC_BATCH_OK)
        return why;
    cursor->at += wire->size;
    *data = kc_aborted_admits(&cursor->aborted, wire) &&
            kc_batch_last_offset(wire) >= raw->first_offset;
    return NULL;
}

/* Takes what is next of the part. *plain counts what it takes in memory once opened. */
static struct kc_error *expand_part(struct kc_batch *to, const struct kc_raw *raw,
                                    const char *open_all, struct kc_raw_cursor *cursor,
                                    struct kc_raw_counts *counts, size_t *plain)
{
    struct packer packer = {.batch = to, .raw = raw, .most = INT32_MAX};
    struct kc_wire_batch wire = {.base_offset = raw->first_offset};
    const char *why = NULL;
    bool data = false;
    if (cursor->at == 0)
        kc_aborted_begin(&cursor->aborted, raw->aborted,
                         raw->read_committed ? raw->aborted_count : 0);
    while (!why && cursor->at < raw->len && *plain < OPEN_BYTES) {
        why = next_batch(raw, cursor, &wire, &data);
        if (!why && data)
            why = take(&packer, &wire, open_all, counts, plain);
    }
    if (!why)
        why = finish(&packer);
    counts->repacked += packer.packed;
    packer_destroy(&packer);
    if (why)
        return damaged(raw, wire.base_offset, why);
    if (cursor->at < raw->len)
        return NULL;
    kc_aborted_end(&cursor->aborted);
    cursor->at = 0;
    cursor->part++;
    return NULL;
}

static void release_batch(void *batch)
{
    kc_batch_unref(batch);
}

void kc_raw_cursor_clear(struct kc_raw_cursor *cursor)
{
    kc_aborted_end(&cursor->aborted);
    *cursor = (struct kc_raw_cursor){0};
}

struct kc_error *kc_raw_expand(struct kc_batch *from, const char *open_all,
                               struct kc_raw_cursor *cursor, struct kc_raw_counts *counts,
                               struct kc_batch **to)
{
    size_t parts = kc_batch_raw_count(from), plain = 0;
    struct kc_batch *made = kc_batch_new((parts - cursor->part) * 8);
    struct kc_error *err = NULL;
    kc_batch_own(made, kc_batch_ref(from), release_batch);
    while (!err && cursor->part < parts && plain < OPEN_BYTES)
        err = expand_part(made, kc_batch_raw_at(from, cursor->part), open_all, cursor, counts,
                          &plain);
    if (err) {
        kc_batch_unref(made);
        return err;
    }
    *to = made;
    return NULL;
}
