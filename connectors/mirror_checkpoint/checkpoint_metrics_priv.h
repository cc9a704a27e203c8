/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint task's metrics: MirrorCheckpointMetrics for each group and partition; for each group
 * its lag, and whether members on the target keep its offsets from being synced.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_CHECKPOINT_METRICS_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_CHECKPOINT_METRICS_PRIV_H

#include "mirror/mirror_config.h"
#include "mirror/mirror_series.h"
#include "mirror_checkpoint/checkpoint_store_priv.h"
#include "mirror_checkpoint/group_lag_priv.h"

/* The series of one checkpointed partition; the caller owns it. The task's thread. */
struct kc_mirror_series *kc_checkpoint_metrics_open(struct kc_source_context *context,
                                                    const struct kc_mirror_config *config,
                                                    const struct kc_checkpoint *checkpoint);
/* The checkpoint, emitted at timestamp, was acknowledged. The acknowledgement thread. */
void kc_checkpoint_metrics_committed(struct kc_mirror_series *series, int64_t timestamp);

/* The series of one group; as above. */
struct kc_series *kc_group_metrics_open(struct kc_source_context *context,
                                        const struct kc_mirror_config *config, const char *group);
/* How many members it has on the target. */
void kc_group_metrics_members(struct kc_series *series, int members);
/* Offsets were committed for it on the target. */
void kc_group_metrics_synced(struct kc_series *series, int offsets);

/* How far it is behind. */
void kc_group_metrics_lag(struct kc_series *series, const struct kc_group_lag *lag);

/* The series of the task's rounds; as above. */
struct kc_series *kc_round_metrics_open(struct kc_source_context *context,
                                        const struct kc_mirror_config *config);
/* One round's duration and findings. */
struct kc_round_figures {
    int64_t checkpoints_ms; /* -1: no checkpoints were made */
    int64_t sync_ms;        /* -1: nothing was synced */
    size_t offsets, inexact, unmirrored, lookups_waiting;
    size_t index_changes, index_bytes;
};
void kc_round_metrics_report(struct kc_series *series, const struct kc_round_figures *figures);

#endif
