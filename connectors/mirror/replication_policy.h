/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How topics are named on the other cluster: MM2's replication policies.
 *
 * Java class names choose one among the plugins: those linked in (builtin_policies.c) and those of
 * shared objects on plugin.path. Names follow Java 4.1.0: a topic is internal when it begins with
 * `__` or `.`, when it is a checkpoints topic, or when it begins with `mm2` and ends in the
 * internal suffix (KIP-1074). Immutable: any thread may ask.
 */
#ifndef CONNECTORS_MIRROR_REPLICATION_POLICY_H
#define CONNECTORS_MIRROR_REPLICATION_POLICY_H

#include "connect/plugin.h"

#define KC_HEARTBEATS_TOPIC "heartbeats"

struct kc_replication_policy;

/* The plugin of that class; NULL: there is none. */
const struct kc_plugin *kc_replication_policy_find(const char *class_name);

/* From a connector's raw properties (replication.policy.*, source.cluster.alias). A policy class
 * that isn't here is a KC_ERR_CONFIG. */
struct kc_error *kc_replication_policy_new(const struct kc_map *properties,
                                           struct kc_replication_policy **policy) KC_MUST_CHECK;
void kc_replication_policy_destroy(struct kc_replication_policy *policy);

/* Whether remote topics keep their names, as under IdentityReplicationPolicy. Such names don't tell
 * where a topic comes from. */
bool kc_policy_is_identity(const struct kc_replication_policy *policy);

/* Names; all owned by the caller. A remote topic is NULL if the policy has no name for it. */
char *kc_policy_remote_topic(const struct kc_replication_policy *policy, const char *source,
                             const char *topic);
char *kc_policy_topic_source(const struct kc_replication_policy *policy,
                             const char *topic); /* NULL: not a remote topic */
char *kc_policy_upstream_topic(const struct kc_replication_policy *policy,
                               const char *topic); /* NULL: not a remote topic */
char *kc_policy_original_topic(const struct kc_replication_policy *policy, const char *topic);
char *kc_policy_offset_syncs_topic(const struct kc_replication_policy *policy, const char *cluster);
char *kc_policy_offset_index_topic(const struct kc_replication_policy *policy, const char *cluster);
char *kc_policy_checkpoints_topic(const struct kc_replication_policy *policy, const char *cluster);

bool kc_policy_is_heartbeats(const struct kc_replication_policy *policy, const char *topic);
bool kc_policy_is_checkpoints(const struct kc_replication_policy *policy, const char *topic);
bool kc_policy_is_mm2_internal(const struct kc_replication_policy *policy, const char *topic);
bool kc_policy_is_internal(const struct kc_replication_policy *policy, const char *topic);

/* Whether topic has been on cluster before: one of the aliases on its way is cluster. */
bool kc_policy_is_cycle(const struct kc_replication_policy *policy, const char *topic,
                        const char *cluster);

#endif
