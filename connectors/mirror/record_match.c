/* SPDX-License-Identifier: Apache-2.0 */
/* Records by their content and neighbours, see record_match.h. */
#include "mirror/record_match.h"

#include "connect/mem.h"

#include <stdlib.h>

/* ---- marks ---- */

/* FNV-1a. */
static uint64_t mix_byte(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * UINT64_C(0x100000001b3);
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
    for (int shift = 0; shift < 64; shift += 8)
        hash = mix_byte(hash, (unsigned char)(number >> shift));
    return hash;
}

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < len; i++)
        hash = mix_byte(hash, bytes[i]);
    return hash;
}

uint64_t kc_record_content(const void *key, size_t key_len, const void *value, size_t value_len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    hash = mix_number(hash, key ? key_len : UINT64_MAX);
    hash = mix_number(hash, value ? value_len : UINT64_MAX);
    hash = mix(hash, key, key ? key_len : 0);
    return mix(hash, value, value ? value_len : 0);
}

void kc_record_window_add(struct kc_record_window *window, const struct kc_record_mark *mark)
{
    if (window->count == window->cap) {
        window->cap = window->cap ? 2 * window->cap : 64;
        window->records = kc_realloc(window->records, window->cap * sizeof(*window->records));
    }
    window->records[window->count++] = *mark;
}

void kc_record_window_clear(struct kc_record_window *window)
{
    free(window->records);
    *window = (struct kc_record_window){0};
}

/* ---- matching ---- */

static bool alike(const struct kc_record_mark *a, const struct kc_record_mark *b)
{
    bool timed = a->timestamp >= 0 && b->timestamp >= 0;
    return a->content == b->content && (!timed || a->timestamp == b->timestamp);
}

/* How the neighbours of a place agree. */
struct agreement {
    size_t records;
    bool anchored; /* among them is one that the record itself is not like */
};

static void look(const struct kc_record_window *source, size_t at,
                 const struct kc_record_window *target, size_t place, int step,
                 struct agreement *agreement)
{
    const struct kc_record_mark *self = &source->records[at];
    size_t i = at + (size_t)step, j = place + (size_t)step; /* below 0 is beyond the count */
    while (i < source->count && j < target->count &&
           alike(&source->records[i], &target->records[j])) {
        agreement->records++;
        agreement->anchored = agreement->anchored || !alike(&source->records[i], self);
        i += (size_t)step;
        j += (size_t)step;
    }
    /* The beginning or the end of both logs counts like an equal record. */
    bool start = step < 0 && i >= source->count && j >= target->count && source->at_start &&
                 target->at_start;
    bool end =
        step > 0 && i >= source->count && j >= target->count && source->at_end && target->at_end;
    agreement->anchored = agreement->anchored || start || end;
    agreement->records += start || end;
}

static struct agreement agree(const struct kc_record_window *source, size_t at,
                              const struct kc_record_window *target, size_t place)
{
    struct agreement agreement = {0};
    look(source, at, target, place, -1, &agreement);
    look(source, at, target, place, 1, &agreement);
    return agreement;
}

static bool repeated(const struct kc_record_window *source, size_t at)
{
    for (size_t i = 0; i < source->count; i++)
        if (i != at && alike(&source->records[i], &source->records[at]))
            return true;
    return false;
}

bool kc_record_match(const struct kc_record_window *source, size_t at,
                     const struct kc_record_window *target, size_t *found)
{
    size_t places = 0, most = 0, as_good = 0;
    bool anchored = false;
    for (size_t j = 0; j < target->count; j++) {
        if (!alike(&source->records[at], &target->records[j]))
            continue;
        struct agreement here = agree(source, at, target, j);
        as_good = places > 0 && here.records == most ? as_good + 1 : as_good;
        if (places++ == 0 || here.records > most) {
            most = here.records;
            anchored = here.anchored;
            as_good = 0;
            *found = j;
        }
    }
    if (places == 0 || as_good > 0)
        return false;
    return anchored || (places == 1 && !repeated(source, at));
}

bool kc_record_match_near(const struct kc_record_window *source, size_t at,
                          const struct kc_record_window *target, size_t *in_source,
                          size_t *in_target)
{
    /* A few records spread over the window suffice, because one match tells how far off the rest
     * is. */
    size_t step = source->count / 16 + 1;
    for (size_t distance = 0; distance < source->count; distance += step) {
        size_t sides[] = {at - distance, at + distance};
        for (int i = 0; i < 2; i++) {
            *in_source = sides[i];
            if (sides[i] < source->count && kc_record_match(source, sides[i], target, in_target))
                return true;
        }
    }
    return false;
}
