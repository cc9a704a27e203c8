/* SPDX-License-Identifier: Apache-2.0 */
/* The search between two pairs of offsets, see offset_lookup.h. */
#include "mirror/offset_lookup.h"

#include <stdlib.h>

enum {
    BEFORE = 192, /* records of the source that are read before and behind the wanted one */
    BEHIND = 320,
    AROUND = 512,       /* records of the target around a guess */
    FAR_AROUND = 4096,  /* the same, where the guess is a rough one */
    SCANNED = 65536,    /* records that are read through at most */
    SCAN_WINDOW = 8192, /* at a time */
    ROUNDS = 24,        /* of narrowing */
};

struct search {
    const struct kc_lookup_reader *reader;
    int64_t upstream;
    int64_t deadline_ms;
    struct kc_index_pair low, high; /* upstream -1: none */
    int64_t source_low, source_high, target_low, target_high;
    struct kc_record_window source; /* around the wanted record */
    size_t at;                      /* the wanted one in it, or the last before it */
    bool behind;                    /* at is the last before it */
    int64_t found;                  /* -1 */
    bool narrowed;                  /* by the last window */
};

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static bool late(const struct search *search)
{
    return kc_mono_ms() >= search->deadline_ms;
}

/* The range [from, to) of the target's offsets that must have the record. */
static int64_t range_from(const struct search *search)
{
    int64_t from = search->low.upstream >= 0 ? search->low.downstream : search->target_low;
    return clamp(from, search->target_low, search->target_high);
}

static int64_t range_to(const struct search *search)
{
    int64_t to = search->high.upstream >= 0 ? search->high.downstream + 1 : search->target_high;
    return clamp(to, range_from(search), search->target_high);
}

/* ---- the wanted record ---- */

static struct kc_error *open_source(struct search *search)
{
    const struct kc_lookup_reader *reader = search->reader;
    int64_t from = clamp(search->upstream - BEFORE, search->source_low, search->source_high);
    struct kc_record_window *window = &search->source;
    struct kc_error *err = reader->read(reader->arg, KC_LOOKUP_SOURCE, from, search->source_high,
                                        BEFORE + BEHIND, window);
    /* If no record is left so near, for example behind a compacted stretch, begin further back. */
    if (!err && (window->count == 0 || window->records[0].offset > search->upstream) &&
        from > search->source_low) {
        kc_record_window_clear(window);
        from = clamp(search->upstream - 32 * BEFORE, search->source_low, search->source_high);
        err = reader->read(reader->arg, KC_LOOKUP_SOURCE, from, search->source_high,
                           33 * BEFORE + BEHIND, window);
    }
    if (err || window->count == 0)
        return err;
    while (search->at < window->count && window->records[search->at].offset < search->upstream)
        search->at++;
    search->behind = search->at == window->count;
    if (search->behind)
        search->at--;
    return NULL;
}

static const struct kc_record_mark *wanted(const struct search *search)
{
    return &search->source.records[search->at];
}

/* ---- windows ---- */

/* A pair that was matched brings the neighbours closer. */
static void narrow(struct search *search, struct kc_index_pair pair)
{
    int64_t upstream = wanted(search)->offset;
    if (pair.upstream <= upstream && pair.downstream > search->low.downstream) {
        search->low = pair;
        search->narrowed = true;
    }
    if (pair.upstream > upstream &&
        (search->high.upstream < 0 || pair.downstream < search->high.downstream)) {
        search->high = pair;
        search->narrowed = true;
    }
}

static void match(struct search *search, const struct kc_record_window *target)
{
    size_t in_source, in_target;
    if (kc_record_match(&search->source, search->at, target, &in_target)) {
        search->found = target->records[in_target].offset + (search->behind ? 1 : 0);
    } else if (kc_record_match_near(&search->source, search->at, target, &in_source, &in_target)) {
        narrow(search, (struct kc_index_pair){search->source.records[in_source].offset,
                                              target->records[in_target].offset});
    }
}

/* Looks at the part of [from, to) of the target where the record may be. */
static struct kc_error *look_at(struct search *search, int64_t from, int64_t to, size_t max)
{
    const struct kc_lookup_reader *reader = search->reader;
    struct kc_record_window target = {0};
    from = clamp(from, range_from(search), range_to(search));
    to = clamp(to, range_from(search), range_to(search));
    search->narrowed = false;
    if (from >= to || search->found >= 0 || late(search))
        return NULL;
    struct kc_error *err = reader->read(reader->arg, KC_LOOKUP_TARGET, from, to, max, &target);
    if (!err)
        match(search, &target);
    kc_record_window_clear(&target);
    return err;
}

static struct kc_error *look_around(struct search *search, int64_t guess, int64_t width)
{
    return look_at(search, guess - width / 2, guess + width / 2, (size_t)width);
}

/* ---- guesses ---- */

static int64_t by_low(const struct search *search, int64_t upstream)
{
    return search->low.downstream + upstream - search->low.upstream;
}

/* The first guess needs no record of the source, so the target may fetch while the source is read.
 */
static void fetch_ahead(const struct search *search)
{
    const struct kc_lookup_reader *reader = search->reader;
    if (!reader->ahead || search->low.upstream < 0)
        return;
    int64_t from = by_low(search, search->upstream) - AROUND / 2;
    reader->ahead(reader->arg, clamp(from, range_from(search), range_to(search)));
}

/* The difference is still that of one of the neighbours. */
static struct kc_error *guess_same_difference(struct search *search)
{
    int64_t upstream = wanted(search)->offset;
    struct kc_error *err = NULL;
    if (search->low.upstream >= 0)
        err = look_around(search, by_low(search, upstream), AROUND);
    if (!err && search->high.upstream >= 0)
        err = look_around(search, search->high.downstream - (search->high.upstream - upstream),
                          AROUND);
    if (!err && search->high.upstream < 0)
        err = look_around(search, search->target_high - (search->source_high - upstream), AROUND);
    if (!err && search->low.upstream < 0)
        err = look_around(search, search->target_low + upstream - search->source_low, AROUND);
    return err;
}

/* The first record with the same time is at or before the wanted one. */
static struct kc_error *guess_by_time(struct search *search)
{
    int64_t offset = -1, timestamp = wanted(search)->timestamp;
    if (timestamp < 0 || search->found >= 0 || late(search))
        return NULL;
    struct kc_error *err = search->reader->by_time(search->reader->arg, timestamp, &offset);
    if (err || offset < 0)
        return err;
    return look_at(search, offset - BEFORE, offset + FAR_AROUND, BEFORE + FAR_AROUND);
}

/* The neighbours if known, otherwise the ends of the logs. */
static struct kc_index_pair low_end(const struct search *search)
{
    return search->low.upstream >= 0
               ? search->low
               : (struct kc_index_pair){search->source_low, search->target_low};
}

static struct kc_index_pair high_end(const struct search *search)
{
    return search->high.upstream >= 0
               ? search->high
               : (struct kc_index_pair){search->source_high, search->target_high};
}

/* An offset's place if the difference changes evenly between the neighbours. */
static int64_t interpolated(const struct search *search, int64_t upstream)
{
    struct kc_index_pair low = low_end(search), high = high_end(search);
    double share = high.upstream > low.upstream
                       ? (double)(upstream - low.upstream) / (double)(high.upstream - low.upstream)
                       : 0;
    return low.downstream + (int64_t)(share * (double)(high.downstream - low.downstream));
}

/* Looks for a pair near an offset of the source other than the wanted one. */
static struct kc_error *probe(struct search *search, int64_t upstream)
{
    const struct kc_lookup_reader *reader = search->reader;
    struct kc_record_window source = {0}, target = {0};
    int64_t guess = interpolated(search, upstream);
    int64_t from = clamp(guess - FAR_AROUND / 2, range_from(search), range_to(search));
    int64_t to = clamp(guess + FAR_AROUND / 2, range_from(search), range_to(search));
    size_t in_source, in_target;
    search->narrowed = false;
    struct kc_error *err =
        reader->read(reader->arg, KC_LOOKUP_SOURCE, upstream, search->source_high, BEFORE, &source);
    if (!err)
        err = reader->read(reader->arg, KC_LOOKUP_TARGET, from, to, FAR_AROUND, &target);
    if (!err && source.count > 0 &&
        kc_record_match_near(&source, source.count / 2, &target, &in_source, &in_target))
        narrow(search, (struct kc_index_pair){source.records[in_source].offset,
                                              target.records[in_target].offset});
    kc_record_window_clear(&source);
    kc_record_window_clear(&target);
    return err;
}

/* Narrows the range by matches around the guesses. If a guess is too far off to match anything, it
 * tries half the way. */
static struct kc_error *close_in(struct search *search)
{
    int64_t upstream = wanted(search)->offset, next = upstream;
    struct kc_error *err = NULL;
    for (int round = 0; !err && search->found < 0 && round < ROUNDS && !late(search); round++) {
        if (next == upstream)
            err = look_around(search, interpolated(search, upstream), FAR_AROUND);
        else
            err = probe(search, next);
        int64_t low = low_end(search).upstream;
        next = search->narrowed ? upstream : low + (next - low) / 2;
        if (next - low < BEFORE)
            break;
    }
    return err;
}

/* Timestamps tell which half of the range has the record. A wrong turn finds nothing. */
static struct kc_error *bisect(struct search *search, int64_t *from, int64_t *to)
{
    const struct kc_lookup_reader *reader = search->reader;
    int64_t timestamp = wanted(search)->timestamp;
    struct kc_record_window window = {0};
    struct kc_error *err = NULL;
    while (!err && timestamp >= 0 && *to - *from > SCANNED / 2 && !late(search)) {
        int64_t middle = *from + (*to - *from) / 2;
        err = reader->read(reader->arg, KC_LOOKUP_TARGET, middle, *to, 1, &window);
        bool after = !err && (window.count == 0 || window.records[0].timestamp > timestamp);
        bool before = !err && window.count > 0 && window.records[0].timestamp < timestamp;
        kc_record_window_clear(&window);
        if (after)
            *to = middle + 1;
        else if (before)
            *from = middle;
        else
            break;
    }
    return err;
}

/* Continues through the range, up to the bound. Windows overlap. */
static struct kc_error *scan(struct search *search)
{
    int64_t from = range_from(search), to = range_to(search);
    struct kc_error *err = search->found < 0 ? bisect(search, &from, &to) : NULL;
    for (int64_t read = 0; !err && search->found < 0 && from < to && read < SCANNED;
         read += SCAN_WINDOW) {
        err = look_at(search, from, from + SCAN_WINDOW + BEFORE + BEHIND,
                      SCAN_WINDOW + BEFORE + BEHIND);
        from += SCAN_WINDOW;
        if (late(search))
            break;
    }
    return err;
}

struct kc_error *kc_offset_lookup(const struct kc_lookup_reader *reader, int64_t upstream,
                                  struct kc_index_pair low, struct kc_index_pair high,
                                  int64_t deadline_ms, enum kc_lookup_result *result,
                                  int64_t *downstream)
{
    struct search search = {.reader = reader,
                            .upstream = upstream,
                            .deadline_ms = deadline_ms,
                            .low = low,
                            .high = high,
                            .found = -1};
    static struct kc_error *(*const steps[])(struct search *) = {
        guess_same_difference, guess_by_time, close_in, guess_same_difference, scan};
    *result = KC_LOOKUP_NOT_FOUND;
    struct kc_error *err =
        reader->bounds(reader->arg, KC_LOOKUP_SOURCE, &search.source_low, &search.source_high);
    if (!err)
        err =
            reader->bounds(reader->arg, KC_LOOKUP_TARGET, &search.target_low, &search.target_high);
    if (!err)
        fetch_ahead(&search);
    if (!err)
        err = open_source(&search);
    for (size_t i = 0; !err && search.source.count > 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
        err = steps[i](&search);
    kc_record_window_clear(&search.source);
    if (!err && search.found >= 0) {
        *result = KC_LOOKUP_FOUND;
        *downstream = search.found;
    }
    return err;
}
