/* SPDX-License-Identifier: Apache-2.0 */
/* MirrorCheckpointConnector: its plugin descriptor, and the tables that it is made of. */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_MIRROR_CHECKPOINT_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_MIRROR_CHECKPOINT_PRIV_H

#include "connect/plugin.h"

#define KC_TASK_GROUPS "task.assigned.groups"

extern const struct kc_plugin kc_mirror_checkpoint_plugin;

/* mirror_checkpoint_connector.c */
extern const struct kc_connector_ops kc_mirror_checkpoint_connector_ops;
/* mirror_checkpoint_task.c */
extern const struct kc_source_task_ops kc_mirror_checkpoint_task_ops;

/* mirror_checkpoint_config.c */
void kc_mirror_checkpoint_validate(const struct kc_map *config, struct kc_config_values *values);

#endif
