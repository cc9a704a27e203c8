/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits the offsets of at-least-once source tasks: SourceTaskOffsetCommitter.
 *
 * One thread per worker, which calls each task's commit every offset.flush.interval.ms.
 */
#ifndef WORKER_SOURCE_OFFSET_COMMIT_H
#define WORKER_SOURCE_OFFSET_COMMIT_H

#include "connect/error.h"

#include <stdint.h>

struct kc_offset_committer;

struct kc_error *kc_offset_committer_new(int64_t interval_ms,
                                         struct kc_offset_committer **committer) KC_MUST_CHECK;
void kc_offset_committer_destroy(struct kc_offset_committer *committer);

/* commit(opaque) is called on the committer's thread until removed. Any thread. */
void kc_offset_committer_add(struct kc_offset_committer *committer, void (*commit)(void *opaque),
                             void *opaque);
/* Waits for a commit of opaque that is under way. Any thread but the committer's. */
void kc_offset_committer_remove(struct kc_offset_committer *committer, void *opaque);

#endif
