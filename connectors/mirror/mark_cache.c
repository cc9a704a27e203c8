/* SPDX-License-Identifier: Apache-2.0 */
/* Stretches of marks, see mark_cache_priv.h. */
#include "mirror/mark_cache_priv.h"

#include "connect/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEEP_MS = 10000,
    END_MS = 2000, /* how long a log is taken to end where it did */
    STRETCHES = 64,
    FIRST_MARKS = 256, /* that a stretch has room for; doubled each time */
};

TAILQ_HEAD(stretches, kc_mark_stretch);

struct kc_mark_cache {
    struct stretches stretches; /* the last used first */
    size_t stretch_count;
    size_t room; /* marks that there is memory for */
};

struct kc_mark_cache *kc_mark_cache_new(void)
{
    struct kc_mark_cache *cache = kc_calloc(1, sizeof(*cache));
    TAILQ_INIT(&cache->stretches);
    return cache;
}

static void drop(struct kc_mark_cache *cache, struct kc_mark_stretch *stretch)
{
    TAILQ_REMOVE(&cache->stretches, stretch, link);
    cache->stretch_count--;
    cache->room -= stretch->cap;
    free(stretch->marks);
    free(stretch->topic);
    free(stretch);
}

static bool is_of(const struct kc_mark_stretch *stretch, const char *topic, int32_t partition)
{
    return stretch->partition == partition && strcmp(stretch->topic, topic) == 0;
}

void kc_mark_cache_forget(struct kc_mark_cache *cache, const char *topic, int32_t partition)
{
    struct kc_mark_stretch *stretch, *next;
    for (stretch = TAILQ_FIRST(&cache->stretches); stretch; stretch = next) {
        next = TAILQ_NEXT(stretch, link);
        if (!topic || is_of(stretch, topic, partition))
            drop(cache, stretch);
    }
}

void kc_mark_cache_destroy(struct kc_mark_cache *cache)
{
    if (!cache)
        return;
    kc_mark_cache_forget(cache, NULL, 0);
    free(cache);
}

size_t kc_mark_cache_room(const struct kc_mark_cache *cache)
{
    return cache->room;
}

/* ---- stretches ---- */

struct kc_mark_stretch *kc_mark_cache_find(struct kc_mark_cache *cache, const char *topic,
                                           int32_t partition, int64_t offset, int64_t now_ms)
{
    struct kc_mark_stretch *stretch, *next;
    for (stretch = TAILQ_FIRST(&cache->stretches); stretch; stretch = next) {
        next = TAILQ_NEXT(stretch, link);
        if (now_ms - stretch->begun_ms > KEEP_MS) {
            drop(cache, stretch);
            continue;
        }
        if (offset < stretch->from || offset > stretch->next + KC_MARKS_GAP ||
            !is_of(stretch, topic, partition))
            continue;
        TAILQ_REMOVE(&cache->stretches, stretch, link);
        TAILQ_INSERT_HEAD(&cache->stretches, stretch, link);
        return stretch;
    }
    return NULL;
}

struct kc_mark_stretch *kc_mark_cache_begin(struct kc_mark_cache *cache, const char *topic,
                                            int32_t partition, int64_t from, int64_t now_ms)
{
    struct kc_mark_stretch *stretch = kc_calloc(1, sizeof(*stretch));
    if (cache->stretch_count == STRETCHES)
        drop(cache, TAILQ_LAST(&cache->stretches, stretches));
    stretch->topic = kc_strdup(topic);
    stretch->partition = partition;
    stretch->from = stretch->next = from;
    stretch->begun_ms = now_ms;
    stretch->ended_ms = INT64_MIN;
    TAILQ_INSERT_HEAD(&cache->stretches, stretch, link);
    cache->stretch_count++;
    return stretch;
}

/* Lets the first half go. */
static void halve(struct kc_mark_stretch *stretch)
{
    size_t gone = stretch->count / 2;
    stretch->count -= gone;
    memmove(stretch->marks, stretch->marks + gone, stretch->count * sizeof(*stretch->marks));
    stretch->from = stretch->marks[0].offset;
}

/* Room for one more, which is stretch's. */
static void make_room(struct kc_mark_cache *cache, struct kc_mark_stretch *stretch)
{
    struct kc_mark_stretch *last;
    if (stretch->count < stretch->cap)
        return;
    if (stretch->count == KC_MARKS_PER_STRETCH) {
        halve(stretch);
        return;
    }
    size_t more = stretch->cap ? stretch->cap : FIRST_MARKS;
    while (cache->room + more > KC_MARKS_IN_CACHE &&
           (last = TAILQ_LAST(&cache->stretches, stretches)) != stretch)
        drop(cache, last);
    stretch->cap += more;
    cache->room += more;
    stretch->marks = kc_realloc(stretch->marks, stretch->cap * sizeof(*stretch->marks));
}

void kc_mark_cache_add(struct kc_mark_cache *cache, struct kc_mark_stretch *stretch,
                       const struct kc_record_mark *mark)
{
    make_room(cache, stretch);
    stretch->marks[stretch->count++] = *mark;
    stretch->next = mark->offset + 1;
    stretch->ended_ms = INT64_MIN;
}

void kc_mark_stretch_end(struct kc_mark_stretch *stretch, int64_t offset, int64_t now_ms)
{
    if (offset > stretch->next) /* markers of transactions are behind the last record */
        stretch->next = offset;
    stretch->ended_ms = now_ms;
}

/* ---- reading ---- */

static size_t first_at(const struct kc_mark_stretch *stretch, int64_t offset)
{
    size_t low = 0, high = stretch->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stretch->marks[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool ends(const struct kc_mark_stretch *stretch, int64_t now_ms)
{
    return stretch->ended_ms != INT64_MIN && now_ms - stretch->ended_ms <= END_MS;
}

size_t kc_mark_stretch_missing(const struct kc_mark_stretch *stretch, int64_t from, int64_t to,
                               size_t max, int64_t now_ms)
{
    size_t have = stretch->count - first_at(stretch, from);
    if (have >= max || stretch->next >= to || ends(stretch, now_ms))
        return 0;
    return max - have;
}

void kc_mark_stretch_copy(const struct kc_mark_stretch *stretch, int64_t from, int64_t to,
                          size_t max, int64_t now_ms, struct kc_record_window *window)
{
    size_t i = first_at(stretch, from);
    for (; i < stretch->count && window->count < max && stretch->marks[i].offset < to; i++)
        kc_record_window_add(window, &stretch->marks[i]);
    window->at_end = i == stretch->count && ends(stretch, now_ms);
}
