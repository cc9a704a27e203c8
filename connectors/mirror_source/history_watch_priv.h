/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the source's log that a mirror task has met, and its policy's decisions
 * (history_priv.h). They are logged and counted by kind; explanations show the last one.
 *
 * On the task's thread.
 */
#ifndef CONNECTORS_MIRROR_SOURCE_HISTORY_WATCH_PRIV_H
#define CONNECTORS_MIRROR_SOURCE_HISTORY_WATCH_PRIV_H

#include "mirror_source/assignment_priv.h"
#include "mirror_source/history_priv.h"

enum kc_history_kind {
    KC_HISTORY_GAP,       /* records were deleted before they were mirrored */
    KC_HISTORY_TRUNCATED, /* records that were mirrored are no longer there */
    KC_HISTORY_RECREATED, /* the topic is another one of the same name */
    KC_HISTORY_KINDS
};

struct kc_history_watch;

/* config is borrowed, context too (NULL: nothing is counted or shown); reset: auto.offset.reset. */
struct kc_history_watch *kc_history_watch_new(struct kc_source_context *context,
                                              const struct kc_mirror_config *config,
                                              const char *reset);
void kc_history_watch_destroy(struct kc_history_watch *watch); /* NULL is fine */
enum kc_history_policy kc_history_watch_policy(const struct kc_history_watch *watch);

/* Decides what happens when the next offset, `asked`, isn't in the partition's log [low, high), or
 * belongs to a former topic (recreated). *going_on: the offset at which the policy continues. An
 * error: the policy fails the task. */
struct kc_error *kc_history_watch_lost(struct kc_history_watch *watch,
                                       const struct kc_mirrored_partition *partition,
                                       bool recreated, int64_t asked, int64_t low, int64_t high,
                                       int64_t *going_on) KC_MUST_CHECK;
/* The broker says that the log was cut at offset, and the policy continues there. */
void kc_history_watch_cut(struct kc_history_watch *watch,
                          const struct kc_mirrored_partition *partition, int64_t offset);

#endif
