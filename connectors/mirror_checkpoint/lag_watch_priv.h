/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches how far a checkpoint task's groups are behind, for metrics and explanations.
 *
 * A round has four steps: note the partitions in which groups have offsets; ask both clusters once
 * for their end offsets; add each group's partitions; report the figures. The task's thread.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_LAG_WATCH_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_LAG_WATCH_PRIV_H

#include "connect/measure.h"
#include "mirror/mirror_config.h"
#include "mirror/offset_translation.h"
#include "mirror_checkpoint/group_lag_priv.h"

struct kc_lag_watch;

/* A partition on both sides, as long as the watch lives. */
struct kc_watched {
    struct kc_log_end *source, *target;
};

/* All are borrowed. */
struct kc_lag_watch *kc_lag_watch_new(struct kc_source_context *context,
                                      const struct kc_mirror_config *config,
                                      const struct kc_strings *groups, struct kc_admin *source,
                                      struct kc_admin *target);
void kc_lag_watch_destroy(struct kc_lag_watch *watch); /* NULL is fine */
/* The groups' series, in their order; borrowed. */
struct kc_series *const *kc_lag_watch_series(const struct kc_lag_watch *watch);

struct kc_watched kc_lag_watch_meet(struct kc_lag_watch *watch, const char *topic,
                                    const char *remote, int32_t partition);
/* Begins a round. */
void kc_lag_watch_look(struct kc_lag_watch *watch);
/* The group's offsets are known and added next. A group that can't be asked keeps its former
 * figures. */
void kc_lag_watch_begin(struct kc_lag_watch *watch, size_t group);
/* Whether the target's log ends before offset, so that offset can't be a translation. False if the
 * end is unknown. */
bool kc_lag_watch_is_past_end(const struct kc_watched *partition, int64_t downstream);
/* One partition of the group with that index. record_bytes as kc_lag_place has it. */
void kc_lag_watch_take(struct kc_lag_watch *watch, size_t group, const struct kc_watched *partition,
                       int64_t committed, const struct kc_translation *translation,
                       double record_bytes);
/* Ends a round. */
void kc_lag_watch_tell(struct kc_lag_watch *watch);

#endif
