/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides the way of a batch: see raw_expand_priv.h.
 *
 * choose() is the one place that decides, first by the batch's header, then by the task's rules.
 * Only rules make it look into the batch (header_scan.h). No batch passes without a check against
 * the rules on headers and codec.
 */
#include "source/raw_expand_priv.h"

#include "batch/header_scan.h"
#include "data/batch_read.h"
#include "source/raw_pack_priv.h"

#include <stdlib.h>

enum {
    OPEN_BYTES = 256 << 10, /* that are opened at once: beyond it the rest waits */
    MADE_SHARE = 4,         /* as many bytes of new batches take part in that as one */
    SMALL_BYTES = 8 << 10,  /* batches whose records are less are made anew together */
    DELETE_HORIZON = 64,    /* attribute: the cleaner's, not a producer's (KIP-534) */
};

/* One call's work on a part. */
struct expander {
    struct kc_batch *to;
    const struct kc_raw *raw; /* with the topic that it is routed to */
    const char *open_all;
    struct kc_raw_rules *rules; /* NULL: none */
    struct kc_raw_cursor *cursor;
    struct kc_raw_counts *counts;
    struct kc_raw_packer packer;
    bool drops;
    size_t plain; /* memory that was taken */
};

/* ---- which way ---- */

struct choice {
    enum kc_raw_way way;
    const char *reason;   /* NULL: it passes */
    const uint8_t *plain; /* its records, where they have been decompressed as a whole */
    size_t plain_len;
    bool joins; /* batches beside it, in a new one */
};

/* Why the header forbids passing a batch of data as it is; NULL: it doesn't. */
static const char *unfit(const struct kc_raw *raw, const struct kc_record_batch *wire)
{
    if (wire->magic < 2)
        return "an old message format";
    if (wire->base_offset < raw->first_offset)
        return "a batch that begins before the wanted offset";
    if (kc_record_batch_has_gaps(wire))
        return "offset gaps left by compaction";
    if (kc_record_batch_log_append_time(wire))
        return "times set by the source's broker (LogAppendTime)";
    if (wire->base_timestamp < KC_TIMELESS || wire->max_timestamp < KC_TIMELESS)
        return "records from before 1970";
    if (wire->attributes & DELETE_HORIZON)
        return "a batch marked by the source's cleaner";
    return NULL;
}

/* Looks for headers. */
static const char *scan(struct kc_raw_rules *rules, const struct kc_record_batch *wire,
                        struct choice *choice)
{
    const char *why;
    if (kc_header_scan(rules->recoder, wire, &choice->plain, &choice->plain_len, &why) ==
            KC_HEADERS_SOME &&
        !why) {
        choice->way = KC_RAW_REPACKED;
        choice->reason = rules->headers_reason;
    }
    return why;
}

/* Decompresses the records, as a whole if they aren't too large. */
static const char *look(struct kc_raw_rules *rules, const struct kc_record_batch *wire,
                        struct choice *choice)
{
    bool end = false;
    const char *why = kc_recoder_begin(rules->recoder, wire);
    if (!why)
        why = kc_recoder_read(rules->recoder, 0, &choice->plain, &choice->plain_len, &end);
    if (!end)
        choice->plain = NULL;
    return why;
}

static const char *choose_by_rules(struct kc_raw_rules *rules, const struct kc_record_batch *wire,
                                   struct choice *choice)
{
    bool codec_differs =
        rules->codec_reason && kc_record_batch_codec(wire) != (int)rules->compression.codec;
    const char *why = rules->header ? scan(rules, wire, choice) : NULL;
    if (!why && codec_differs && !choice->plain)
        why = look(rules, wire, choice);
    choice->joins = choice->plain && choice->plain_len <= SMALL_BYTES;
    if (why || choice->reason || !codec_differs)
        return why;
    choice->reason = rules->codec_reason;
    /* More than a batch may have is divided. */
    bool whole = choice->plain && !choice->joins && choice->plain_len <= rules->batch_bytes;
    choice->way = whole ? KC_RAW_TRANSCODED : KC_RAW_REPACKED;
    return NULL;
}

static const char *choose(const struct expander *self, const struct kc_record_batch *wire,
                          struct choice *choice)
{
    *choice = (struct choice){.way = KC_RAW_PASSED};
    if (self->drops) {
        choice->way = KC_RAW_DROPPED;
        return NULL;
    }
    if (self->open_all) {
        choice->way = KC_RAW_OPENED;
        choice->reason = self->open_all;
        return NULL;
    }
    choice->reason = unfit(self->raw, wire);
    if (choice->reason) {
        choice->way = KC_RAW_REPACKED;
        choice->joins = wire->magic < 2;
        return NULL;
    }
    return self->rules ? choose_by_rules(self->rules, wire, choice) : NULL;
}

/* ---- going it ---- */

static struct kc_raw_run whole_run(const struct kc_record_batch *wire)
{
    return (struct kc_raw_run){
        .source_offset = wire->base_offset, .target_offset = -1, .count = wire->count};
}

static struct kc_raw_span *add_whole(struct expander *self, const struct kc_record_batch *header,
                                     uint8_t *data)
{
    const struct kc_raw_run run = whole_run(header);
    return kc_raw_add_span(self->to, self->raw, data, header,
                           kc_batch_dup(self->to, &run, sizeof(run)), 1);
}

static void pass(struct expander *self, const struct kc_record_batch *wire)
{
    add_whole(self, wire, self->raw->data + (wire->data - self->raw->data));
}

static const char *transcode(struct expander *self, const struct kc_record_batch *wire,
                             const struct choice *choice)
{
    static const char room[KC_BATCH_HEADER];
    const struct kc_compression *how = &self->rules->compression;
    struct kc_record_batch header = *wire;
    struct kc_str out = {0};
    kc_str_append_n(&out, room, sizeof(room));
    const char *why =
        kc_recoder_compress(self->rules->recoder, how, choice->plain, choice->plain_len, &out);
    if (why) {
        kc_str_destroy(&out);
        return why;
    }
    header.attributes = (int16_t)how->codec;
    kc_batch_put_header((uint8_t *)out.data, out.len, &header);
    kc_batch_own(self->to, out.data, free);
    header.data = (uint8_t *)out.data;
    header.size = out.len;
    add_whole(self, &header, (uint8_t *)out.data);
    self->plain += out.len / MADE_SHARE;
    return NULL;
}

static const char *repack(struct expander *self, const struct kc_record_batch *wire,
                          const struct choice *choice)
{
    const struct kc_raw_input input = {
        .wire = wire, .plain = choice->plain, .plain_len = choice->plain_len};
    bool recodes = self->rules && self->rules->codec_reason;
    size_t made = self->packer.made;
    const char *why = kc_raw_pack(&self->packer, &input,
                                  recodes ? self->rules->compression.codec
                                          : (enum kc_codec)kc_record_batch_codec(wire),
                                  choice->joins);
    self->plain += (self->packer.made - made) / MADE_SHARE;
    return why;
}

static void drop(struct expander *self, const struct kc_record_batch *wire)
{
    const struct kc_raw_run run = {
        .source_offset = kc_record_batch_last_offset(wire), .target_offset = -1, .count = 1};
    kc_raw_add_span(self->to, self->raw, NULL, &(struct kc_record_batch){0},
                    kc_batch_dup(self->to, &run, sizeof(run)), 1)
        ->dropped = true;
}

static const char *go(struct expander *self, const struct kc_record_batch *wire,
                      const struct choice *choice)
{
    const struct kc_raw_input input = {.wire = wire};
    const char *why = choice->way == KC_RAW_REPACKED ? NULL : kc_raw_packer_finish(&self->packer);
    if (why)
        return why;
    switch (choice->way) {
    case KC_RAW_PASSED:
        pass(self, wire);
        break;
    case KC_RAW_TRANSCODED:
        why = transcode(self, wire, choice);
        break;
    case KC_RAW_REPACKED:
        return repack(self, wire, choice); /* its records are counted when they are packed */
    case KC_RAW_OPENED:
        return kc_raw_add_records(self->to, self->raw, &input, false,
                                  &self->counts->records[KC_RAW_OPENED], &self->plain);
    case KC_RAW_DROPPED:
        drop(self, wire);
        break;
    }
    self->counts->records[choice->way] += (uint64_t)wire->count;
    return why;
}

static const char *take(struct expander *self, const struct kc_record_batch *wire)
{
    struct choice choice;
    const char *why = choose(self, wire, &choice);
    if (!why)
        why = go(self, wire, &choice);
    self->counts->batches[choice.way]++;
    if (choice.reason)
        self->counts->last_reason = choice.reason;
    return why;
}

/* ---- parts ---- */

/* The next batch; moves the cursor behind it. Control batches tell which transactions are aborted.
 * *data: the batch has records to take. */
static const char *next_batch(const struct kc_raw *raw, struct kc_raw_cursor *cursor,
                              struct kc_record_batch *wire, bool *data)
{
    const char *why = "it is cut off";
    if (kc_record_batch_parse(raw->data + cursor->at, raw->len - cursor->at, wire, &why) !=
        KC_BATCH_OK)
        return why;
    cursor->at += wire->size;
    *data = kc_aborted_admits(&cursor->aborted, wire) &&
            kc_record_batch_last_offset(wire) >= raw->first_offset;
    return NULL;
}

/* Finds where the part's batches go. False: not now, because they must be opened and something else
 * comes before or after them. */
static bool route(struct expander *self, const struct kc_raw *raw)
{
    struct kc_raw_cursor *cursor = self->cursor;
    const struct kc_raw_route *found =
        self->rules && !self->open_all ? kc_raw_rules_route(self->rules, raw->topic) : NULL;
    bool any = kc_batch_count(self->to) > 0;
    self->raw = raw;
    if (found && found->opens) {
        if (!cursor->drained) {
            cursor->opens = found->opens;
            return false;
        }
        self->open_all = found->opens;
        return true;
    }
    if (cursor->drained && any) /* these are records */
        return false;
    cursor->drained = false;
    self->drops = found && !found->topic;
    if (found && found->topic) {
        struct kc_raw *routed = kc_batch_dup(self->to, raw, sizeof(*raw));
        routed->topic = kc_arena_strdup(kc_batch_arena(self->to), found->topic);
        self->raw = routed;
    }
    return true;
}

/* Takes what is next of the part. */
static struct kc_error *expand_part(struct expander *self)
{
    struct kc_raw_cursor *cursor = self->cursor;
    const struct kc_raw *raw = self->raw;
    struct kc_record_batch wire = {.base_offset = raw->first_offset};
    const char *why = NULL;
    bool data = false;
    self->packer = (struct kc_raw_packer){
        .batch = self->to, .raw = raw, .most = INT32_MAX, .rules = self->rules};
    if (cursor->at == 0)
        why = kc_aborted_begin(&cursor->aborted, raw->aborted,
                               raw->read_committed ? raw->aborted_count : 0);
    while (!why && cursor->at < raw->len && self->plain < OPEN_BYTES) {
        why = next_batch(raw, cursor, &wire, &data);
        if (!why && data)
            why = take(self, &wire);
    }
    if (!why)
        why = kc_raw_packer_finish(&self->packer);
    self->counts->records[KC_RAW_REPACKED] += self->packer.packed;
    kc_raw_packer_destroy(&self->packer);
    if (why)
        return kc_raw_damaged(raw, wire.base_offset, why);
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
                               struct kc_raw_rules *rules, struct kc_raw_cursor *cursor,
                               struct kc_raw_counts *counts, struct kc_batch **to)
{
    size_t parts = kc_batch_raw_count(from), plain = 0;
    struct kc_batch *made = kc_batch_new((parts - cursor->part) * 8);
    struct kc_error *err = NULL;
    kc_batch_own(made, kc_batch_ref(from), release_batch);
    while (!err && cursor->part < parts && plain < OPEN_BYTES) {
        struct expander self = {.to = made,
                                .open_all = open_all,
                                .rules = rules,
                                .cursor = cursor,
                                .counts = counts,
                                .plain = plain};
        if (!route(&self, kc_batch_raw_at(from, cursor->part)))
            break;
        err = expand_part(&self);
        plain = self.plain;
    }
    if (err) {
        kc_batch_unref(made);
        return err;
    }
    *to = made;
    return NULL;
}
