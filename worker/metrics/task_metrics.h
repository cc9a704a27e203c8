/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of tasks, connectors and the worker as samples (ConnectMetricsRegistry), by tables.
 * One scrape at a time in the process: rates remember the last look.
 */
#ifndef WORKER_METRICS_TASK_METRICS_H
#define WORKER_METRICS_TASK_METRICS_H

#include "metrics/exposition.h"
#include "metrics/metrics.h"
#include "metrics/series.h"
#include "storage/status_store.h"

struct kc_task_host;

/* The metrics that a running task shows. Strings are borrowed. */
struct kc_task_info {
    const char *connector;
    int task;
    bool is_source;
    enum kc_state state;
    const char *lane; /* the lane, "bytes" or "records"; "" while it is unknown */
    const char *lane_reason;
    const char *note;     /* a further note; NULL: none */
    double running_ratio; /* shares of its life */
    double pause_ratio;
    size_t bytes_in_flight;
    struct kc_task_metrics *metrics;
    struct kc_series_list *series;
    struct kc_task_host *host; /* for what its plugin shows */
};

/* Zeroed metrics of a task that begins now. */
void kc_task_metrics_start(struct kc_task_metrics *metrics);

/* A gauge for each state, 1 for the present one; labels has room for one behind count. */
void kc_state_expose(struct kc_exposition *exposition, const char *name, const char *help,
                     struct kc_label *labels, size_t count, enum kc_state state);

void kc_task_metrics_expose(const struct kc_task_info *info, struct kc_exposition *exposition);

#endif
