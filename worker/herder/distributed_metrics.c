/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of a distributed herder's rebalances: connect-worker-rebalance-metrics and the
 * Connect part of connect-coordinator-metrics. Noted on the tick thread, read by any.
 */
#include "herder/distributed_priv.h"
#include "metrics/exposition.h"

#include <stdlib.h>

void kc_distributed_note_assignment(struct kc_distributed *herder)
{
    struct kc_rebalances *seen = &herder->rebalances;
    const struct kc_work *work = &herder->assignment.work;
    atomic_store(&seen->assigned_connectors, work->connectors.count);
    atomic_store(&seen->assigned_tasks, work->task_count);
    if (!atomic_exchange(&seen->rebalancing, true))
        seen->began_ms = kc_mono_ms();
    const char *url = herder->assignment.leader_url;
    pthread_mutex_lock(&herder->base.lock);
    free(seen->leader_url);
    seen->leader_url = url ? kc_strdup(url) : NULL;
    pthread_mutex_unlock(&herder->base.lock);
}

void kc_distributed_note_resolved(struct kc_distributed *herder)
{
    struct kc_rebalances *seen = &herder->rebalances;
    int64_t now = kc_mono_ms();
    if (!atomic_exchange(&seen->rebalancing, false))
        return;
    kc_window_add_one(&seen->time_ms, now, now - seen->began_ms);
    atomic_store(&seen->last_ms, now);
    atomic_fetch_add(&seen->completed, 1);
}

static void add(struct kc_exposition *exposition, const char *name, const char *help, double value)
{
    kc_exposition_add(exposition, name, KC_METRIC_GAUGE, help, NULL, 0, value);
}

static void expose_info(struct kc_distributed *herder, struct kc_exposition *exposition)
{
    static const char *const protocols[] = {"eager", "compatible", "sessioned"};
    int version = atomic_load(&herder->protocol_version);
    pthread_mutex_lock(&herder->base.lock);
    struct kc_label labels[] = {
        {"connect_protocol", protocols[version < 0 || version > 2 ? 2 : version]},
        {"leader_name", herder->rebalances.leader_url},
    };
    kc_exposition_add(exposition, "kafka_connect_worker_rebalance_info", KC_METRIC_GAUGE,
                      "1; the labels are connect-protocol and leader-name", labels, 2, 1);
    pthread_mutex_unlock(&herder->base.lock);
}

void kc_distributed_expose(struct kc_herder *base, struct kc_exposition *exposition)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_rebalances *seen = &herder->rebalances;
    int64_t now = kc_mono_ms(), last = atomic_load(&seen->last_ms);
    struct kc_window_view view = {0};
    expose_info(herder, exposition);
    add(exposition, "kafka_connect_worker_rebalance_epoch", "Generation of the worker group",
        (double)atomic_load(&base->generation));
    kc_exposition_add(exposition, "kafka_connect_worker_rebalance_completed_rebalances_total",
                      KC_METRIC_COUNTER, "Rebalances that this worker has completed", NULL, 0,
                      (double)atomic_load(&seen->completed));
    add(exposition, "kafka_connect_worker_rebalance_rebalancing",
        "1 while this worker is rebalancing", atomic_load(&seen->rebalancing));
    kc_window_read(&seen->time_ms, now, &view);
    if (view.count > 0) {
        add(exposition, "kafka_connect_worker_rebalance_rebalance_max_time_ms",
            "Longest time of a rebalance, in milliseconds", (double)view.max);
        add(exposition, "kafka_connect_worker_rebalance_rebalance_avg_time_ms",
            "Average time of a rebalance, in milliseconds", (double)view.sum / (double)view.count);
    }
    if (last)
        add(exposition, "kafka_connect_worker_rebalance_time_since_last_rebalance_ms",
            "Time since the last rebalance was completed, in milliseconds", (double)(now - last));
    add(exposition, "kafka_connect_coordinator_assigned_connectors",
        "Connectors assigned to this worker", (double)atomic_load(&seen->assigned_connectors));
    add(exposition, "kafka_connect_coordinator_assigned_tasks", "Tasks assigned to this worker",
        (double)atomic_load(&seen->assigned_tasks));
}
