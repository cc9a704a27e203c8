/* SPDX-License-Identifier: Apache-2.0 */
/* Task configurations of a connector, complete as they are stored (Worker.connectorTaskConfigs). */
#ifndef WORKER_HOST_TASK_CONFIGS_H
#define WORKER_HOST_TASK_CONFIGS_H

#include "connect/plugin.h"

/* Asks connector for at most tasks.max configurations, appends them to configs and adds task.class
 * and, for sinks, the topics. KC_ERR_TOO_MANY_TASKS. On the connector's thread. */
struct kc_error *kc_task_configs_generate(const struct kc_plugin *plugin, void *connector,
                                          const char *name, const struct kc_map *config,
                                          struct kc_maps *configs) KC_MUST_CHECK;

/* tasks.max and tasks.max.enforce against a number of tasks. */
struct kc_error *kc_task_configs_check(const char *name, const struct kc_map *config,
                                       bool is_source, size_t count) KC_MUST_CHECK;

#endif
