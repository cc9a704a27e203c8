/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds a record of the source among records of the target, by what mirroring doesn't change: key,
 * value, timestamp and order. Pure.
 *
 * Records that are alike are told apart by their neighbours: of several places the one wins where
 * most records around it agree, and none if two are as good.
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
    bool at_start; /* offset 0 is where they begin: the log never had anything before them */
    bool at_end;   /* the log has nothing behind them yet */
};
void kc_record_window_add(struct kc_record_window *window, const struct kc_record_mark *mark);
void kc_record_window_clear(struct kc_record_window *window);

/* The number of target's record that is source's number `at`; false: it isn't there, or can't be
 * told from others. */
bool kc_record_match(const struct kc_record_window *source, size_t at,
                     const struct kc_record_window *target, size_t *found);
/* The same for any record of source: some pair of the two, near `at`. */
bool kc_record_match_near(const struct kc_record_window *source, size_t at,
                          const struct kc_record_window *target, size_t *in_source,
                          size_t *in_target);

#endif
