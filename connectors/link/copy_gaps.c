/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of the source as pieces for the target, see copy_gaps_priv.h. */
#include "link/copy_gaps_priv.h"

#include <stdlib.h>
#include <utlist.h>

enum {
    INLINE_MOST = 1000,        /* fillers in a row that go into the batch of their record */
    INLINE_BYTES = 64 << 10,   /* the same, as bytes of their keys */
    REBUILT_BYTES = 512 << 10, /* uncompressed, of a batch with several records */
    MERGED_BYTES = 128 << 10,  /* of a merged batch: any topic takes so much */
    SMALL_BYTES = 16 << 10,    /* of a batch that is worth merging */
};

void link_piece_free(struct copy_piece *piece)
{
    if (piece->owned)
        free(piece->data);
    free(piece);
}

static struct copy_piece *append(struct copy_gaps *gaps, enum copy_piece_kind kind, int64_t offset,
                                 int64_t count)
{
    struct copy_piece *piece = kc_calloc(1, sizeof(*piece));
    *piece = (struct copy_piece){
        .kind = kind, .offset = gaps->map ? gaps->placed : offset, .count = count};
    gaps->placed += count;
    DL_APPEND(gaps->pieces, piece);
    return piece;
}

/* Records of the source that come next, without a gap between them. */
static void place(struct copy_gaps *gaps, int64_t source, int64_t count)
{
    if (!gaps->map)
        return;
    size_t changed = link_map_note(gaps->map, source, gaps->target, count);
    if (changed < gaps->map->count && changed < gaps->changed)
        gaps->changed = changed;
    gaps->target += count;
    gaps->next = source + count;
}

/* Pieces take up this many offsets more. A map counts them by place(). */
static void take_up(struct copy_gaps *gaps, int64_t count)
{
    if (!gaps->map)
        gaps->next += count;
}

static void append_batch(struct copy_gaps *gaps, const struct kc_record_batch *batch)
{
    struct copy_piece *piece = append(gaps, COPY_BATCH, batch->base_offset, batch->count);
    piece->data = (uint8_t *)batch->data;
    piece->len = batch->size;
    piece->source_end = kc_record_batch_last_offset(batch) + 1;
    piece->timestamp = batch->max_timestamp;
}

/* ---- runs of small batches ---- */

static void append_merged(struct copy_gaps *gaps, struct kc_str *merged)
{
    int64_t count = 0;
    for (size_t i = 0; i < gaps->run_count; i++)
        count += gaps->run[i].count;
    struct copy_piece *piece = append(gaps, COPY_BATCH, gaps->run[0].base_offset, count);
    piece->source_end = kc_record_batch_last_offset(&gaps->run[gaps->run_count - 1]) + 1;
    piece->data = (uint8_t *)merged->data;
    piece->len = merged->len;
    piece->owned = true;
    piece->timestamp = gaps->run[0].max_timestamp;
    for (size_t i = 0; i < gaps->run_count; i++) {
        if (gaps->run[i].max_timestamp > piece->timestamp)
            piece->timestamp = gaps->run[i].max_timestamp;
    }
}

void link_gaps_end(struct copy_gaps *gaps)
{
    struct kc_str merged = {0};
    if (gaps->run_count > 1 && !kc_record_batch_merge(gaps->run, gaps->run_count, &merged)) {
        append_merged(gaps, &merged);
    } else {
        kc_str_destroy(&merged);
        for (size_t i = 0; i < gaps->run_count; i++)
            append_batch(gaps, &gaps->run[i]);
    }
    gaps->run_count = 0;
    gaps->run_bytes = 0;
}

/* False: batch goes by itself, behind what waited. */
static bool join_run(struct copy_gaps *gaps, const struct kc_record_batch *batch)
{
    bool fits = batch->size <= SMALL_BYTES && kc_record_batch_mergeable(batch);
    if (!fits || gaps->run_count == COPY_RUN_MOST || gaps->run_bytes + batch->size > MERGED_BYTES)
        link_gaps_end(gaps);
    if (!fits)
        return false;
    gaps->run[gaps->run_count++] = *batch;
    gaps->run_bytes += batch->size;
    take_up(gaps, batch->count);
    place(gaps, batch->base_offset, batch->count);
    return true;
}

/* ---- gaps ---- */

static struct copy_piece *add(struct copy_gaps *gaps, enum copy_piece_kind kind, int64_t count)
{
    link_gaps_end(gaps);
    struct copy_piece *piece = append(gaps, kind, gaps->next, count);
    take_up(gaps, count);
    piece->source_end = gaps->next;
    return piece;
}

static void add_fillers(struct copy_gaps *gaps, int64_t end, const struct kc_bytes *key,
                        int64_t timestamp)
{
    struct copy_piece *piece = add(gaps, COPY_FILLERS, end - gaps->next);
    piece->timestamp = timestamp;
    piece->null_key = !key || key->len < 0;
    if (piece->null_key || key->len == 0)
        return;
    piece->data = kc_memdup(key->data, (size_t)key->len);
    piece->len = (size_t)key->len;
    piece->owned = true;
}

static void add_markers(struct copy_gaps *gaps, int64_t end)
{
    link_gaps_end(gaps);
    if (gaps->pieces && gaps->pieces->prev->kind == COPY_MARKERS) {
        gaps->pieces->prev->count += end - gaps->next;
        gaps->next = end;
    } else {
        add(gaps, COPY_MARKERS, end - gaps->next);
    }
}

void link_gaps_close(struct copy_gaps *gaps, int64_t end)
{
    if (end > gaps->next)
        add_markers(gaps, end);
}

/* Offsets up to end without a record that is to be seen; key and timestamp are of the record
 * there. */
static void fill(struct copy_gaps *gaps, int64_t end, const struct kc_bytes *key, int64_t timestamp)
{
    if (end <= gaps->next)
        return;
    if (gaps->map)
        gaps->next = end;
    else if (gaps->rules.compacted)
        add_fillers(gaps, end, key, timestamp);
    else if (end - gaps->next > gaps->rules.most_markers)
        add_fillers(gaps, end, NULL, timestamp);
    else
        add_markers(gaps, end);
}

/* Where the next record isn't known yet: a compacted topic waits for its key. */
static void fill_later(struct copy_gaps *gaps, int64_t end, int64_t timestamp)
{
    if (!gaps->rules.compacted)
        fill(gaps, end, NULL, timestamp);
}

/* ---- batches that are built anew ---- */

struct rebuild {
    struct copy_gaps *gaps;
    struct kc_record_batch_builder *builder;
    int64_t max_timestamp;
};

static const char *flush(struct rebuild *rebuild)
{
    struct kc_str out = {0};
    int32_t count = kc_record_batch_builder_count(rebuild->builder);
    if (count == 0)
        return NULL;
    const char *why = kc_record_batch_builder_finish(rebuild->builder, &out);
    if (why) {
        kc_str_destroy(&out);
        return why;
    }
    struct copy_piece *piece = add(rebuild->gaps, COPY_BATCH, count);
    piece->data = (uint8_t *)out.data;
    piece->len = out.len;
    piece->owned = true;
    piece->timestamp = rebuild->max_timestamp;
    return NULL;
}

static const char *put(struct rebuild *rebuild, const struct kc_plain_record *record)
{
    struct kc_record_batch_builder *builder = rebuild->builder;
    const char *why =
        kc_record_batch_builder_size_with(builder, record) > REBUILT_BYTES ? flush(rebuild) : NULL;
    if (!why && !kc_record_batch_builder_add(builder, record))
        return NULL;
    why = flush(rebuild);
    return why ? why : kc_record_batch_builder_add(rebuild->builder, record);
}

static bool fits_inline(const struct copy_gaps *gaps, const struct kc_plain_record *record,
                        int64_t count)
{
    return gaps->rules.compacted && count <= INLINE_MOST && record->key.len * count <= INLINE_BYTES;
}

/* Whether what is taken so far goes beyond the record. */
static bool is_taken(const struct rebuild *rebuild, const struct kc_plain_record *record)
{
    int64_t pending = rebuild->gaps->map ? 0 : kc_record_batch_builder_count(rebuild->builder);
    return record->offset < rebuild->gaps->next + pending;
}

/* The gap before record, in the batch that is being built or as pieces. */
static const char *bridge(struct rebuild *rebuild, const struct kc_plain_record *record)
{
    struct copy_gaps *gaps = rebuild->gaps;
    int64_t at = gaps->next + kc_record_batch_builder_count(rebuild->builder);
    const char *why = NULL;
    if (gaps->map || record->offset <= at)
        return NULL;
    if (!fits_inline(gaps, record, record->offset - at)) {
        why = flush(rebuild);
        if (!why)
            fill(gaps, record->offset, &record->key, record->timestamp);
        return why;
    }
    for (; !why && at < record->offset; at++)
        why = put(rebuild, &(struct kc_plain_record){.offset = at,
                                                     .timestamp = record->timestamp,
                                                     .key = record->key,
                                                     .value = {.len = -1}});
    return why;
}

static const char *build_all(struct rebuild *rebuild, struct kc_record_walk *walk)
{
    struct kc_plain_record record;
    const char *why = NULL;
    while (!why && kc_record_walk_next(walk, &record, &why)) {
        if (is_taken(rebuild, &record))
            continue;
        why = bridge(rebuild, &record);
        if (!why)
            why = put(rebuild, &record);
        if (!why)
            place(rebuild->gaps, record.offset, 1);
    }
    return why ? why : flush(rebuild);
}

static const char *take_anew(struct copy_gaps *gaps, const struct kc_record_batch *batch)
{
    enum kc_codec codec = (enum kc_codec)kc_record_batch_codec(batch);
    struct rebuild rebuild = {gaps, kc_record_batch_builder_new(codec, kc_codec_level(codec), true),
                              batch->max_timestamp};
    struct kc_record_walk *walk = NULL;
    const char *why = kc_record_walk_begin(batch, KC_RECORDS_LIMIT, &walk);
    if (!why)
        why = build_all(&rebuild, walk);
    kc_record_walk_end(walk);
    kc_record_batch_builder_destroy(rebuild.builder);
    return why;
}

/* ---- batches that go as they are ---- */

/* A broker refuses times of the log, which only brokers set. */
static bool goes_as_it_is(const struct copy_gaps *gaps, const struct kc_record_batch *batch)
{
    return batch->magic == 2 && !kc_record_batch_has_gaps(batch) &&
           !kc_record_batch_log_append_time(batch) && batch->base_offset >= gaps->next;
}

static const char *fill_before(struct copy_gaps *gaps, const struct kc_record_batch *batch)
{
    struct kc_record_walk *walk = NULL;
    struct kc_plain_record record = {.key = {.len = -1}};
    const char *why = NULL;
    if (batch->base_offset <= gaps->next)
        return NULL;
    if (!gaps->rules.compacted) {
        fill(gaps, batch->base_offset, NULL, batch->base_timestamp);
        return NULL;
    }
    why = kc_record_walk_begin(batch, KC_RECORDS_LIMIT, &walk);
    if (!why && kc_record_walk_next(walk, &record, &why))
        fill(gaps, batch->base_offset, &record.key, record.timestamp);
    kc_record_walk_end(walk);
    return why;
}

static const char *take_whole(struct copy_gaps *gaps, const struct kc_record_batch *batch)
{
    const char *why = fill_before(gaps, batch);
    if (why || join_run(gaps, batch))
        return why;
    append_batch(gaps, batch);
    take_up(gaps, batch->count);
    place(gaps, batch->base_offset, batch->count);
    return NULL;
}

const char *link_gaps_take(struct copy_gaps *gaps, const struct kc_record_batch *batch,
                           bool visible)
{
    int64_t end = kc_record_batch_last_offset(batch) + 1;
    const char *why = NULL;
    if (end <= gaps->next)
        return NULL;
    if (visible)
        why = goes_as_it_is(gaps, batch) ? take_whole(gaps, batch) : take_anew(gaps, batch);
    if (!why)
        fill_later(gaps, end, batch->max_timestamp);
    return why;
}
