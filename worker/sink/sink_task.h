/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sink tasks: Connect's WorkerSinkTask. Made on the herder's thread, run on the task's.
 */
#ifndef WORKER_SINK_SINK_TASK_H
#define WORKER_SINK_SINK_TASK_H

#include "host/task_core.h"

/* Makes converters, transforms and policy; contacts nobody. */
struct kc_error *kc_sink_task_new(const struct kc_task_core_settings *settings,
                                  struct kc_task_host **host) KC_MUST_CHECK;

#endif
