/* SPDX-License-Identifier: Apache-2.0 */
/* What Prometheus's client libraries tell of a process, out of /proc. Any thread. */
#ifndef WORKER_METRICS_PROCESS_METRICS_H
#define WORKER_METRICS_PROCESS_METRICS_H

#include "metrics/exposition.h"

void kc_process_expose(struct kc_exposition *exposition);

#endif
