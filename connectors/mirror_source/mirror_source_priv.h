/* SPDX-License-Identifier: Apache-2.0 */
/* MirrorSourceConnector: its plugin descriptor, and the tables that it is made of. */
#ifndef CONNECTORS_MIRROR_SOURCE_MIRROR_SOURCE_PRIV_H
#define CONNECTORS_MIRROR_SOURCE_MIRROR_SOURCE_PRIV_H

#include "connect/plugin.h"

#define KC_TASK_PARTITIONS "task.assigned.partitions"

extern const struct kc_plugin kc_mirror_source_plugin;

/* mirror_source_config.c */
void kc_mirror_source_validate(const struct kc_map *config, struct kc_config_values *values);
enum kc_support kc_mirror_source_exactly_once(const struct kc_map *config);

/* mirror_source_connector.c */
extern const struct kc_connector_ops kc_mirror_source_connector_ops;

/* mirror_source_task.c */
extern const struct kc_source_task_ops kc_mirror_source_task_ops;

#endif
