/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source tasks: Connect's AbstractWorkerSourceTask.
 *
 * Made on the herder's thread; the loop of poll, convert and send runs on the task's. How offsets
 * are committed is the business of a delivery: at_least_once.c or eos_source_task.c.
 */
#ifndef WORKER_SOURCE_SOURCE_TASK_H
#define WORKER_SOURCE_SOURCE_TASK_H

#include "host/task_host.h"
#include "source/offset_commit.h"

struct kc_source_task_settings {
    struct kc_task_settings task;
    const struct kc_worker_config *config; /* borrowed, outlives the task */
    const struct kc_plugins *plugins;      /* the same */
    const struct kc_plugin *plugin;        /* the connector's */
    const struct kc_map *connector_config; /* variables resolved; copied */
    const struct kc_map *task_config;      /* the same */
    struct kc_offset_store *offsets;       /* the worker's; ref'ed */
    struct kc_offset_committer *committer; /* borrowed, outlives the task */
};

/* Makes converters, transforms and policy; contacts nobody. */
struct kc_error *kc_source_task_new(const struct kc_source_task_settings *settings,
                                    struct kc_task_host **host) KC_MUST_CHECK;

#endif
