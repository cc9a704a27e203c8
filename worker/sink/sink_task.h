/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sink tasks: Connect's WorkerSinkTask. Made on the herder's thread, run on the task's.
 */
#ifndef WORKER_SINK_SINK_TASK_H
#define WORKER_SINK_SINK_TASK_H

#include "host/task_host.h"

struct kc_sink_task_settings {
    struct kc_task_settings task;
    const struct kc_worker_config *config; /* borrowed, outlives the task */
    const struct kc_plugins *plugins;      /* the same */
    const struct kc_plugin *plugin;        /* the connector's */
    const struct kc_map *connector_config; /* variables resolved; copied */
    const struct kc_map *task_config;      /* the same */
};

struct kc_error *kc_sink_task_new(const struct kc_sink_task_settings *settings,
                                  struct kc_task_host **host) KC_MUST_CHECK;

#endif
