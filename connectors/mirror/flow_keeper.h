/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the target of a flow like its source: topics and partitions, their settings, ACLs, what
 * clients may do. MirrorSourceConnector and MirrorSinkConnector share it.
 *
 * A thread of its own looks at the clusters; the functions below are called on the connector's.
 * When the mirrored partitions change, it asks the worker for a reconfiguration.
 */
#ifndef CONNECTORS_MIRROR_FLOW_KEEPER_H
#define CONNECTORS_MIRROR_FLOW_KEEPER_H

#include "connect/connector.h"
#include "mirror/flow_loads.h"
#include "mirror/flow_topics.h"
#include "mirror/provenance.h"

struct kc_flow_keeper;

/* Parses a connector's properties by the plugin's keys, as its first step. *enabled is false, and
 * the log says so, if the flow mirrors nothing. */
struct kc_error *kc_flow_config_new(const struct kc_plugin *plugin, const struct kc_map *properties,
                                    struct kc_mirror_config **config, bool *enabled) KC_MUST_CHECK;

/* Starts, and waits for the first look at the clusters, at most admin.timeout.ms. config, flow and
 * loads stay the caller's and outlive it; loads may be NULL. */
struct kc_error *kc_flow_keeper_new(struct kc_connector_context *context,
                                    struct kc_mirror_config *config, struct kc_flow *flow,
                                    struct kc_flow_loads *loads,
                                    struct kc_flow_keeper **keeper) KC_MUST_CHECK;
void kc_flow_keeper_destroy(struct kc_flow_keeper *keeper); /* NULL is fine */

/* How many partitions can be mirrored now; and which, in the order of topics and numbers, each as
 * "topic-partition". */
size_t kc_flow_keeper_count(struct kc_flow_keeper *keeper);
void kc_flow_keeper_list(struct kc_flow_keeper *keeper, struct kc_strings *ready);
/* Says, for people, why there are no tasks, that some partitions wait, or what the target lacks. */
void kc_flow_keeper_explain(struct kc_flow_keeper *keeper, size_t tasks);
/* The same for a connector without a keeper, because its flow isn't enabled. */
void kc_flow_explain_disabled(struct kc_connector_context *context,
                              const struct kc_mirror_config *config);

#endif
