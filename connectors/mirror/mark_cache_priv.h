/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the marks of recently read records, so that look-ups of near offsets share what was
 * fetched.
 *
 * A stretch is a part of one partition without a hole. It grows at its end. Stretches that are too
 * old go; when there are too many, the least recently used go. Pure except for time, which the
 * caller passes in; one thread at a time.
 */
#ifndef CONNECTORS_MIRROR_MARK_CACHE_PRIV_H
#define CONNECTORS_MIRROR_MARK_CACHE_PRIV_H

#include "mirror/record_match.h"

#include <sys/queue.h>

enum {
    KC_MARKS_PER_STRETCH = 32768, /* at most; then its first half goes */
    KC_MARKS_IN_CACHE = 4 * KC_MARKS_PER_STRETCH,
    KC_MARKS_GAP = 2048, /* a gap of so many offsets is read through, not jumped over */
};

struct kc_mark_stretch {
    char *topic;
    int32_t partition;
    int64_t from, next; /* all records with offsets in [from, next) are in it */
    struct kc_record_mark *marks;
    size_t count, cap;
    int64_t begun_ms;
    int64_t ended_ms; /* when the log had nothing behind next; INT64_MIN: it had something */
    TAILQ_ENTRY(kc_mark_stretch) link;
};

struct kc_mark_cache;

struct kc_mark_cache *kc_mark_cache_new(void);
void kc_mark_cache_destroy(struct kc_mark_cache *cache); /* NULL is fine */

/* The stretch that has the offset or ends a little before it; NULL: none. Borrowed until the next
 * find, begin or add. */
struct kc_mark_stretch *kc_mark_cache_find(struct kc_mark_cache *cache, const char *topic,
                                           int32_t partition, int64_t offset, int64_t now_ms);
/* A new one that is still empty. */
struct kc_mark_stretch *kc_mark_cache_begin(struct kc_mark_cache *cache, const char *topic,
                                            int32_t partition, int64_t from, int64_t now_ms);
/* The next record of the log behind what stretch has. */
void kc_mark_cache_add(struct kc_mark_cache *cache, struct kc_mark_stretch *stretch,
                       const struct kc_record_mark *mark);
/* The log ends at offset. */
void kc_mark_stretch_end(struct kc_mark_stretch *stretch, int64_t offset, int64_t now_ms);
/* Of one partition, or of all (topic NULL). */
void kc_mark_cache_forget(struct kc_mark_cache *cache, const char *topic, int32_t partition);
/* How many marks there is memory for: at most KC_MARKS_IN_CACHE. */
size_t kc_mark_cache_room(const struct kc_mark_cache *cache);

/* How many records must still be read before [from, to), or max records of it, can be copied. */
size_t kc_mark_stretch_missing(const struct kc_mark_stretch *stretch, int64_t from, int64_t to,
                               size_t max, int64_t now_ms);
/* Copies its marks of [from, to), at most max, and sets at_end. window is empty at first. */
void kc_mark_stretch_copy(const struct kc_mark_stretch *stretch, int64_t from, int64_t to,
                          size_t max, int64_t now_ms, struct kc_record_window *window);

#endif
