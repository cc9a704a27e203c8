/* SPDX-License-Identifier: Apache-2.0 */
/* The process metrics of Prometheus's client libraries, from /proc. Any thread. */
#ifndef WORKER_METRICS_PROCESS_METRICS_H
#define WORKER_METRICS_PROCESS_METRICS_H

#include "metrics/exposition.h"

void kc_process_expose(struct kc_exposition *exposition);
/* From now on kc_process_expose() calls it, too: for what the process has beside a worker. One at
 * most. */
void kc_process_expose_also(void (*expose)(struct kc_exposition *exposition));

#endif
