/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins of MirrorMaker 2's connectors: how remote topics are named, and which names are mirrored
 * (API 1.3).
 *
 * Java's ReplicationPolicy, TopicFilter, GroupFilter and ConfigPropertyFilter. A connector makes
 * its own object from its properties. Any thread may call it, several at a time, so it must not
 * change once it is made. These tables never grow within a major version.
 */
#ifndef CONNECT_MIRROR_H
#define CONNECT_MIRROR_H

#include "connect/map.h"

KC_API_BEGIN

/* A plugin of kind KC_PLUGIN_REPLICATION_POLICY. Names are malloc'ed and the caller's. Never grows.
 */
struct kc_replication_policy_ops {
    /* properties: all of the connector's (replication.policy.*, source.cluster.alias). */
    struct kc_error *(*create)(const struct kc_map *properties, void **policy);
    void (*destroy)(void *policy);
    /* The target's name for a topic of the cluster called source; NULL: it has none, and isn't
     * mirrored. */
    char *(*remote_topic)(void *policy, const char *source, const char *topic);
    /* The alias of the cluster that a remote topic came from; NULL: not a remote topic. */
    char *(*topic_source)(void *policy, const char *topic);
    /* A remote topic's name on that cluster; NULL: not a remote topic. */
    char *(*upstream_topic)(void *policy, const char *topic);
    /* Optional; NULL: as the default methods of Java's interface. */
    char *(*offset_syncs_topic)(void *policy, const char *cluster);
    char *(*checkpoints_topic)(void *policy, const char *cluster);
    bool (*is_checkpoints)(void *policy, const char *topic);
    bool (*is_mm2_internal)(void *policy, const char *topic);
    bool (*is_internal)(void *policy, const char *topic);
};

/* A plugin of kind KC_PLUGIN_TOPIC_FILTER, _GROUP_FILTER or _CONFIG_PROPERTY_FILTER. Never grows.
 */
struct kc_name_filter_ops {
    struct kc_error *(*create)(const struct kc_map *properties, void **filter);
    void (*destroy)(void *filter);
    /* Whether the topic, group or topic setting called name is mirrored. */
    bool (*accepts)(void *filter, const char *name);
    /* For settings, optional: whether the target gets a setting that has the source's default value
     * (ConfigPropertyFilter.shouldReplicateSourceDefault); NULL: it doesn't. */
    bool (*keeps_default)(void *filter, const char *name);
};

KC_API_END

#endif
