/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source tasks: Connect's AbstractWorkerSourceTask.
 *
 * Made on the herder's thread; the loop of poll, convert and send runs on the task's. How offsets
 * are committed is the business of a delivery: at_least_once.c or eos_source_task.c.
 */
#ifndef WORKER_SOURCE_SOURCE_TASK_H
#define WORKER_SOURCE_SOURCE_TASK_H

#include "host/task_core.h"
#include "source/offset_commit.h"

struct kc_source_task_settings {
    struct kc_task_core_settings core;
    struct kc_offset_store *offsets;       /* the worker's; ref'ed */
    struct kc_offset_committer *committer; /* borrowed, outlives the task */
};

/* Makes converters, transforms and policy; contacts nobody. */
struct kc_error *kc_source_task_new(const struct kc_source_task_settings *settings,
                                    struct kc_task_host **host) KC_MUST_CHECK;

#endif
