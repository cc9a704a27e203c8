/* SPDX-License-Identifier: Apache-2.0 */
/* A request to stop (connect/thread.h) as the flag that the worker's own waits look at. */
#ifndef WORKER_BASE_STOP_FLAG_H
#define WORKER_BASE_STOP_FLAG_H

#include "connect/thread.h"

#include <stdatomic.h>

/* True once stop is set; lives as long as stop. NULL for NULL. Any thread. */
const atomic_bool *kc_stop_flag(const struct kc_stop *stop);

#endif
