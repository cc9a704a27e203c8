/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KafkaLinkConnector's settings, parsed once; immutable, any thread may read them.
 */
#ifndef CONNECTORS_LINK_LINK_CONFIG_PRIV_H
#define CONNECTORS_LINK_LINK_CONFIG_PRIV_H

#include "connect/kafka.h"
#include "connect/link.h"
#include "connect/plugin.h"
#include "mirror/name_filter.h"

enum link_guard { LINK_GUARD_DETECT, LINK_GUARD_ACL };
enum link_markers { LINK_MARKERS_AUTO, LINK_MARKERS_COORDINATOR, LINK_MARKERS_DIRECT };

struct link_config {
    struct kc_config *values;
    const struct kc_map *properties; /* as given; belongs to values */
    const char *name;                /* the link's: the connector's */
    int task;                        /* -1: the connector itself */
    int tasks;                       /* how many there are; of tasks only */
    enum kc_link_offsets offsets;    /* translate also by link.gaps=translate */
    enum kc_link_gaps gaps;          /* translate: offsets are the source's up to the first gap, and
                                        translated from there on */
    int64_t start;                   /* -2: earliest, -1: latest, else ms since the epoch */
    bool promote_groups;
    int64_t group_idle_ms;
    int64_t group_sync_ms;
    enum link_guard guard;
    enum link_markers markers;
    int64_t throttle; /* bytes a second of the whole link; -1: none */
    int64_t verify_interval_ms;
    int64_t lease_ms;         /* link.lease.ms */
    const char *topic_prefix; /* "" : none */
    const char *group_prefix;
    const char *reverse_of;          /* the link whose promoted topics come back; "": none */
    struct kc_name_filter *topics;   /* topics, topics.exclude */
    struct kc_name_filter *groups;   /* groups, groups.exclude */
    struct kc_name_filter *settings; /* config.properties.exclude */
};

enum link_side { LINK_SOURCE, LINK_TARGET };

/* is_task: properties have task.index and task.count, too. KC_ERR_CONFIG. */
struct kc_error *link_config_new(const struct kc_map *properties, bool is_task,
                                 struct link_config **config) KC_MUST_CHECK;
void link_config_destroy(struct link_config *config); /* NULL is fine */

/* The properties of one client (source.cluster.*, source.consumer.*, ... as MM2's connectors), with
 * the client id `<link>|<use>`. New map. */
struct kc_map *link_client_properties(const struct link_config *config, enum link_side side,
                                      enum kc_client_role role, const char *use);
struct kc_error *link_admin_new(const struct link_config *config, enum link_side side,
                                const char *use, struct kc_admin **admin) KC_MUST_CHECK;

/* Names on the target: with the prefix. The caller's. */
char *link_target_topic(const struct link_config *config, const char *source_topic);
char *link_target_group(const struct link_config *config, const char *source_group);
/* Names on the source; NULL: the name hasn't the prefix. The caller's. */
char *link_source_topic(const struct link_config *config, const char *target_topic);
char *link_source_group(const struct link_config *config, const char *target_group);

/* Which task of the link works for a topic or group: the same on all workers. */
int link_task_of(const char *name, int tasks);

#define LINK_CONFIG_KEYS 38
extern const struct kc_config_key link_config_keys[LINK_CONFIG_KEYS];

#endif
