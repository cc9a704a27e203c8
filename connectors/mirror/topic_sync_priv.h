/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps settings of remote topics like those of their source topics.
 *
 * Compares first and writes only what differs. On the connector's scheduler thread; the
 * decisions are pure functions.
 */
#ifndef CONNECTORS_MIRROR_TOPIC_SYNC_PRIV_H
#define CONNECTORS_MIRROR_TOPIC_SYNC_PRIV_H

#include "mirror/flow_topics.h"

/* Copies settings of the topics that exist on the target. KC_ERR_UNSUPPORTED: the target has no
 * IncrementalAlterConfigs, and the connector can't continue. Trouble with single topics is logged.
 */
struct kc_error *kc_sync_topic_configs(const struct kc_flow *flow,
                                       const struct kc_flow_topics *topics) KC_MUST_CHECK;

/* The operations that make a remote topic like its source topic. ops has room for source->count.
 * target NULL: unknown; write everything. Values are borrowed from source. */
size_t kc_sync_config_ops(const struct kc_flow *flow, const struct kc_config_entries *source,
                          const struct kc_config_entries *target, struct kc_config_op *ops);

#endif
