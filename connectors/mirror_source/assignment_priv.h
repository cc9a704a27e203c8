/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partitions that a mirror task has been given: names, target topics, positions.
 *
 * Everything that records point to (names, source partitions) belongs to this object, which each
 * batch keeps alive by a reference; so it may outlive the task. Made on the task's thread and used
 * there; references may be dropped by any.
 */
#ifndef CONNECTORS_MIRROR_SOURCE_ASSIGNMENT_PRIV_H
#define CONNECTORS_MIRROR_SOURCE_ASSIGNMENT_PRIV_H

#include "connect/record.h"
#include "mirror/mirror_config.h"
#include "mirror/mirror_series.h"
#include "mirror/offset_index_writer.h"
#include "mirror/offset_sync_writer.h"

/* One partition that the task mirrors. */
struct kc_mirrored_partition {
    char *topic;
    char *remote; /* topic name on the target */
    int32_t partition;
    int64_t next_offset; /* -1: nothing is known yet */
    struct kc_source_partition *source;
    struct kc_sync_partition sync;
    struct kc_index_partition index;
    struct kc_mirror_series *series; /* source_metrics_priv.h */
};

struct kc_mirror_assignment;

/* assigned: "topic-0,topic-1"; a malformed list is a KC_ERR_CONFIG. */
struct kc_error *kc_mirror_assignment_new(const struct kc_mirror_config *config,
                                          const char *assigned,
                                          struct kc_mirror_assignment **assignment) KC_MUST_CHECK;
struct kc_mirror_assignment *kc_mirror_assignment_ref(struct kc_mirror_assignment *assignment);
void kc_mirror_assignment_unref(struct kc_mirror_assignment *assignment); /* NULL is fine */

/* The task is ending: partitions released from now on may not have been mirrored to their end. Any
 * thread. */
void kc_mirror_assignment_end(struct kc_mirror_assignment *assignment);
bool kc_mirror_assignment_ended(const struct kc_mirror_assignment *assignment);

size_t kc_mirror_assignment_count(const struct kc_mirror_assignment *assignment);
struct kc_mirrored_partition *kc_mirror_assignment_at(struct kc_mirror_assignment *assignment,
                                                      size_t index);
/* NULL: not of this assignment. *index as for kc_mirror_assignment_at(). */
struct kc_mirrored_partition *kc_mirror_assignment_find(struct kc_mirror_assignment *assignment,
                                                        const char *topic, int32_t partition,
                                                        size_t *index);

#endif
