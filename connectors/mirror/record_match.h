/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds a record of the source among records of the target, by what mirroring doesn't change: key,
 * value, timestamp and order. Pure.
 *
 * Neighbours tell equal records apart: the place wins where most records around it agree. If two
 * places are equally good, none wins.
 */
#ifndef CONNECTORS_MIRROR_RECORD_MATCH_H
#define CONNECTORS_MIRROR_RECORD_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kc_record_mark {
    int64_t offset;
    int64_t timestamp; /* -1: none, or the broker's own, which says nothing */
    uint64_t content;  /* hash of key and value */
};

uint64_t kc_record_content(const void *key, size_t key_len, const void *value, size_t value_len);

/* Some of a partition's records, as they follow each other. */
struct kc_record_window {
    struct kc_record_mark *records;
    size_t count, cap;
    bool at_start; /* they begin at offset 0: the log never had anything before them */
    bool at_end;   /* the log has nothing behind them yet */
};
void kc_record_window_add(struct kc_record_window *window, const struct kc_record_mark *mark);
void kc_record_window_clear(struct kc_record_window *window);

/* Finds the record of target that is record `at` of source; false: it isn't there, or can't be told
 * from others. */
bool kc_record_match(const struct kc_record_window *source, size_t at,
                     const struct kc_record_window *target, size_t *found);
/* Finds any pair of equal records near `at`. */
bool kc_record_match_near(const struct kc_record_window *source, size_t at,
                          const struct kc_record_window *target, size_t *in_source,
                          size_t *in_target);

#endif
