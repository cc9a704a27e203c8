/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorSinkConnector: MirrorSourceConnector the other way round. It runs in a worker beside the
 * source, which consumes for it, and pushes to a target that may be far away (KIP-382 describes it;
 * Java never had it). Its plugin descriptor, and the tables that it is made of.
 */
#ifndef CONNECTORS_MIRROR_SINK_MIRROR_SINK_PRIV_H
#define CONNECTORS_MIRROR_SINK_MIRROR_SINK_PRIV_H

#include "connect/plugin.h"

extern const struct kc_plugin kc_mirror_sink_plugin;

/* mirror_sink_config.c */
void kc_mirror_sink_validate(const struct kc_map *config, struct kc_config_values *values);

/* mirror_sink_connector.c */
extern const struct kc_connector_ops kc_mirror_sink_connector_ops;

/* mirror_sink_task.c */
extern const struct kc_sink_task_ops kc_mirror_sink_task_ops;

#endif
