/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics that a flow mirrors, and their state on the target.
 *
 * A struct kc_flow is made by MirrorSourceConnector and then immutable; a list of topics is made
 * anew by each look at the clusters. Functions that take a list run on the connector's scheduler
 * thread.
 */
#ifndef CONNECTORS_MIRROR_FLOW_TOPICS_H
#define CONNECTORS_MIRROR_FLOW_TOPICS_H

#include "connect/regex.h"
#include "mirror/mirror_config.h"
#include "mirror/name_filter.h"

struct kc_flow {
    struct kc_mirror_config *config;
    struct kc_name_filter *topics;
    struct kc_name_filter *groups;     /* whose ACLs and settings are copied */
    struct kc_name_filter *properties; /* topic settings */
    bool heartbeats;                   /* heartbeats topics pass even unlisted */
    struct kc_regex *subscription;     /* NULL: all topics; otherwise only matching ones */
    struct kc_admin *source;
    struct kc_admin *target;
};

/* One mirrored topic. */
struct kc_flow_topic {
    char *name;
    char *remote;
    int32_t partitions;        /* on the source */
    int32_t remote_partitions; /* on the target; 0: missing */
    bool not_ours_to_create;   /* this user has no right to create it; somebody else may */
    bool unlisted; /* the target has it and doesn't list it yet: its brokers learn one by one */
};

struct kc_flow_topics {
    struct kc_flow_topic *items; /* by name */
    size_t count;
};

struct kc_error *kc_flow_new(struct kc_mirror_config *config, struct kc_flow **flow) KC_MUST_CHECK;
/* For a sink: only topics that it reads (topics, topics.regex) are mirrored. */
struct kc_error *kc_flow_subscribed_new(struct kc_mirror_config *config,
                                        struct kc_flow **flow) KC_MUST_CHECK;
void kc_flow_destroy(struct kc_flow *flow); /* config stays the caller's */

/* Whether the flow mirrors topic: it is chosen (or heartbeats), not internal, and hasn't been on
 * the target before. */
bool kc_flow_replicates(const struct kc_flow *flow, const char *topic);

/* Lists the source's topics; remote_partitions are 0. */
struct kc_error *kc_flow_list_source(const struct kc_flow *flow,
                                     struct kc_flow_topics *topics) KC_MUST_CHECK;
/* Fills in remote_partitions; never lowers one that a creation has just set. */
struct kc_error *kc_flow_list_target(const struct kc_flow *flow,
                                     struct kc_flow_topics *topics) KC_MUST_CHECK;
/* Makes missing topics and partitions on the target. Failures of single topics are logged and show
 * in remote_partitions. */
struct kc_error *kc_flow_create_missing(const struct kc_flow *flow,
                                        struct kc_flow_topics *topics) KC_MUST_CHECK;

/* Whether a and b have the same topics with the same partitions on the source. */
bool kc_flow_topics_equal_source(const struct kc_flow_topics *a, const struct kc_flow_topics *b);
/* Takes over the facts about the target that `from` has; only of topics that are unlisted, or of
 * all. */
void kc_flow_topics_inherit(struct kc_flow_topics *topics, const struct kc_flow_topics *from,
                            bool only_unlisted);
/* Partitions of one topic that tasks may mirror now. */
int32_t kc_flow_topic_ready(const struct kc_flow_topic *topic);
/* The same of all. */
size_t kc_flow_topics_ready(const struct kc_flow_topics *topics);
void kc_flow_topics_clear(struct kc_flow_topics *topics);

/* The settings of the source topic that a created topic gets. New map. */
struct kc_map *kc_flow_creation_config(const struct kc_flow *flow,
                                       const struct kc_config_entries *entries);
/* Whether a setting of a source topic concerns the remote one at all. */
bool kc_flow_copies_entry(const struct kc_flow *flow, const struct kc_config_entry *entry);

#endif
