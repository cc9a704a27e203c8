/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source partitions and offsets of MM2's connectors, as they stand in Connect's offsets topic.
 *
 * Pure functions, any thread. Checks of offsets from outside (PATCH .../offsets) answer with the
 * texts of Java's MirrorUtils.
 */
#ifndef CONNECTORS_MIRROR_MIRROR_OFFSETS_H
#define CONNECTORS_MIRROR_MIRROR_OFFSETS_H

#include "connect/record.h"

/* {"cluster":..,"topic":..,"partition":..}: a source partition of MirrorSourceConnector. */
json_t *kc_mirror_source_partition(const char *cluster, const char *topic, int32_t partition);
/* {"group":..,"topic":..,"partition":..}: of MirrorCheckpointConnector. The names are JSON strings,
 * which many partitions may share; borrowed. */
json_t *kc_mirror_checkpoint_partition(json_t *group, json_t *topic, int32_t partition);
/* {"sourceClusterAlias":..,"targetClusterAlias":..}: of MirrorHeartbeatConnector. */
json_t *kc_mirror_heartbeat_partition(const char *source, const char *target);

/* The number in {"offset":number}; -1 when map is NULL or has none. */
int64_t kc_mirror_offset_number(const json_t *map);

/* What one connector accepts. */
struct kc_mirror_offset_rules {
    const char *strings[3]; /* required text members of the partition, NULL-terminated */
    bool has_partition;     /* an integer member "partition" is required */
    bool only_zero;         /* the offset must be 0 */
};
extern const struct kc_mirror_offset_rules kc_mirror_source_offset_rules;
extern const struct kc_mirror_offset_rules kc_mirror_checkpoint_offset_rules;
extern const struct kc_mirror_offset_rules kc_mirror_heartbeat_offset_rules;

/* Checks [{"partition":..,"offset":..}]; null offsets are always fine. */
struct kc_error *kc_mirror_check_offsets(const struct kc_mirror_offset_rules *rules,
                                         const json_t *offsets) KC_MUST_CHECK;

#endif
