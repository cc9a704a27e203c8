/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of a worker and its connectors: the tables of connect-worker-metrics and
 * connector-metrics, see worker.h. Any thread, one scrape at a time.
 */
#include "metrics/task_metrics.h"
#include "runtime/worker_priv.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* ---- the worker ---- */

struct count_metric {
    const char *name;
    enum kc_metric_type type;
    size_t at;
    const char *help;
};

#define AT(field) offsetof(struct kc_worker_counts, field)

static const struct count_metric counts_table[] = {
    {"kafka_connect_worker_connector_count", KC_METRIC_GAUGE, AT(connectors),
     "Connectors that run in this worker"},
    {"kafka_connect_worker_task_count", KC_METRIC_GAUGE, AT(tasks),
     "Tasks that run in this worker"},
    {"kafka_connect_worker_connector_startup_attempts_total", KC_METRIC_COUNTER,
     AT(connector_attempts), "Connectors that this worker has tried to start"},
    {"kafka_connect_worker_connector_startup_success_total", KC_METRIC_COUNTER,
     AT(connector_successes), "Starts of connectors that succeeded"},
    {"kafka_connect_worker_connector_startup_failure_total", KC_METRIC_COUNTER,
     AT(connector_failures), "Starts of connectors that failed"},
    {"kafka_connect_worker_task_startup_attempts_total", KC_METRIC_COUNTER, AT(task_attempts),
     "Tasks that this worker has tried to start"},
    {"kafka_connect_worker_task_startup_success_total", KC_METRIC_COUNTER, AT(task_successes),
     "Starts of tasks that succeeded"},
    {"kafka_connect_worker_task_startup_failure_total", KC_METRIC_COUNTER, AT(task_failures),
     "Starts of tasks that failed"},
};

static const struct {
    const char *name;
    size_t part;
    size_t rest;
    const char *help;
} shares_table[] = {
    {"kafka_connect_worker_connector_startup_success_percentage", AT(connector_successes),
     AT(connector_failures), "Share of connector starts that succeeded, 0 to 1"},
    {"kafka_connect_worker_connector_startup_failure_percentage", AT(connector_failures),
     AT(connector_successes), "Share of connector starts that failed, 0 to 1"},
    {"kafka_connect_worker_task_startup_success_percentage", AT(task_successes), AT(task_failures),
     "Share of task starts that succeeded, 0 to 1"},
    {"kafka_connect_worker_task_startup_failure_percentage", AT(task_failures), AT(task_successes),
     "Share of task starts that failed, 0 to 1"},
};

static double count_at(const struct kc_worker_counts *counts, size_t at)
{
    return (double)*(const uint64_t *)((const char *)counts + at);
}

static void expose_counts(struct kc_worker *worker, struct kc_exposition *exposition)
{
    struct kc_worker_counts counts;
    kc_worker_count(worker, &counts);
    for (size_t i = 0; i < sizeof(counts_table) / sizeof(counts_table[0]); i++)
        kc_exposition_add(exposition, counts_table[i].name, counts_table[i].type,
                          counts_table[i].help, NULL, 0, count_at(&counts, counts_table[i].at));
    for (size_t i = 0; i < sizeof(shares_table) / sizeof(shares_table[0]); i++) {
        double part = count_at(&counts, shares_table[i].part);
        double whole = part + count_at(&counts, shares_table[i].rest);
        kc_exposition_add(exposition, shares_table[i].name, KC_METRIC_GAUGE, shares_table[i].help,
                          NULL, 0, whole > 0 ? part / whole : 0);
    }
}

/* ---- tasks by state, for each connector that has a part here ---- */

struct tally {
    char *connector;
    size_t total;
    size_t by_state[KC_STATE_STOPPED + 1];
    struct tally *next;
};

static const struct {
    const char *name;
    int state; /* -1: all */
    const char *help;
} tally_table[] = {
    {"kafka_connect_worker_connector_total_task_count", -1,
     "Tasks of the connector in this worker"},
    {"kafka_connect_worker_connector_running_task_count", KC_STATE_RUNNING,
     "Tasks of the connector in this worker that are running"},
    {"kafka_connect_worker_connector_paused_task_count", KC_STATE_PAUSED,
     "Tasks of the connector in this worker that are paused"},
    {"kafka_connect_worker_connector_failed_task_count", KC_STATE_FAILED,
     "Tasks of the connector in this worker that have failed"},
    {"kafka_connect_worker_connector_unassigned_task_count", KC_STATE_UNASSIGNED,
     "Tasks of the connector in this worker that are starting or have ended"},
    {"kafka_connect_worker_connector_destroyed_task_count", KC_STATE_DESTROYED,
     "Tasks of the connector in this worker that were destroyed"},
    {"kafka_connect_worker_connector_restarting_task_count", KC_STATE_RESTARTING,
     "Tasks of the connector in this worker that are restarting"},
};

struct scrape {
    struct kc_exposition *exposition;
    struct tally *tallies;
};

static struct tally *tally_get(struct scrape *scrape, const char *connector)
{
    struct tally *tally;
    LL_FOREACH (scrape->tallies, tally)
        if (strcmp(tally->connector, connector) == 0)
            return tally;
    tally = kc_calloc(1, sizeof(*tally));
    tally->connector = kc_strdup(connector);
    LL_APPEND(scrape->tallies, tally);
    return tally;
}

static void end_tallies(struct scrape *scrape)
{
    struct tally *tally, *next;
    LL_FOREACH_SAFE (scrape->tallies, tally, next) {
        struct kc_label label = {"connector", tally->connector};
        for (size_t i = 0; i < sizeof(tally_table) / sizeof(tally_table[0]); i++) {
            int state = tally_table[i].state;
            kc_exposition_add(scrape->exposition, tally_table[i].name, KC_METRIC_GAUGE,
                              tally_table[i].help, &label, 1,
                              (double)(state < 0 ? tally->total : tally->by_state[state]));
        }
        free(tally->connector);
        free(tally);
    }
}

/* ---- connectors and tasks ---- */

static void expose_connector(void *opaque, const struct kc_connector_info *info)
{
    struct scrape *scrape = opaque;
    struct kc_label labels[] = {
        {"connector", info->connector},
        {"class", info->plugin->class_name},
        {"type", info->plugin->kind == KC_PLUGIN_SOURCE ? "source" : "sink"},
        {"version", info->plugin->version},
    };
    tally_get(scrape, info->connector);
    kc_exposition_add(scrape->exposition, "kafka_connect_connector_info", KC_METRIC_GAUGE,
                      "1; the labels are connector-class, connector-type and connector-version",
                      labels, 4, 1);
    kc_state_expose(scrape->exposition, "kafka_connect_connector_status",
                    "1 for the state that the connector is in", labels, 1, info->state);
}

static void expose_task(void *opaque, const struct kc_task_info *info)
{
    struct scrape *scrape = opaque;
    struct tally *tally = tally_get(scrape, info->connector);
    tally->total++;
    tally->by_state[info->state]++;
    kc_task_metrics_expose(info, scrape->exposition);
}

static void collect_series(struct kc_worker *worker, struct kc_series_collection *series)
{
    struct connector_entry *connector;
    struct task_entry *task;
    pthread_mutex_lock(&worker->mutex);
    LL_FOREACH (worker->connectors, connector)
        kc_series_collect(series, kc_connector_host_series(connector->host));
    LL_FOREACH (worker->tasks, task)
        kc_series_collect(series, kc_task_host_series(task->host));
    pthread_mutex_unlock(&worker->mutex);
}

void kc_worker_expose(struct kc_worker *worker, struct kc_exposition *exposition,
                      struct kc_series_collection *series)
{
    struct scrape scrape = {.exposition = exposition};
    expose_counts(worker, exposition);
    kc_worker_each_connector(worker, expose_connector, &scrape);
    kc_worker_each_task(worker, expose_task, &scrape);
    end_tallies(&scrape);
    collect_series(worker, series);
}
