/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a herder shows beyond Java's REST API: its metrics, and what a connector and its tasks do
 * and why. Any thread.
 */
#include "herder/entities_priv.h"
#include "herder/herder_priv.h"
#include "host/task_host.h"
#include "metrics/series.h"
#include "metrics/task_metrics.h"
#include "wire/access.h"

#include <string.h>

void kc_herder_expose(struct kc_herder *herder, struct kc_exposition *exposition,
                      struct kc_series_collection *series)
{
    kc_worker_expose(herder->worker, exposition, series);
    if (herder->ops->expose)
        herder->ops->expose(herder, exposition);
}

/* ---- explanations ---- */

struct explanation {
    const char *connector;
    json_t *states;           /* ConnectorStateInfo, to which words are added */
    struct kc_series_lag lag; /* of the tasks on this worker */
};

/* The reasons why clients can't use their clusters. */
static void add_troubles(json_t *item, const char *connector, int task)
{
    struct kc_strings troubles = {0};
    json_t *list;
    kc_access_explain(connector, task, &troubles);
    if (troubles.count) {
        list = json_array();
        for (size_t i = 0; i < troubles.count; i++)
            json_array_append_new(list, json_string(troubles.items[i]));
        json_object_set_new(item, "trouble", list);
    }
    kc_strings_destroy(&troubles);
}

static void explain_connector(void *opaque, const struct kc_connector_info *info)
{
    struct explanation *explanation = opaque;
    json_t *item = json_object_get(explanation->states, "connector");
    if (strcmp(info->connector, explanation->connector) != 0)
        return;
    if (info->note)
        json_object_set_new(item, "note", json_string(info->note));
    add_troubles(item, info->connector, -1);
}

static json_t *task_of(struct explanation *explanation, int task)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(explanation->states, "tasks"), i, item) {
        if (json_integer_value(json_object_get(item, "id")) == task)
            return item;
    }
    return NULL;
}

static json_int_t counter(const atomic_uint_fast64_t *number)
{
    return (json_int_t)atomic_load_explicit(number, memory_order_relaxed);
}

/* Counts by the ways of batches. */
static json_t *ways(const atomic_uint_fast64_t *counts)
{
    json_t *object = json_object();
    for (int way = 0; way < KC_RAW_WAYS; way++)
        json_object_set_new(object, kc_raw_way_name((enum kc_raw_way)way),
                            json_integer(counter(&counts[way])));
    return object;
}

static json_t *lag_json(const struct kc_series_lag *lag)
{
    return json_pack("{s:I, s:I, s:f}", "records", (json_int_t)lag->records, "bytes",
                     (json_int_t)lag->bytes, "seconds", lag->seconds);
}

/* The task's lag, and that of all tasks here. */
static void explain_lag(struct explanation *explanation, json_t *task, struct kc_series_list *list)
{
    struct kc_series_lag lag = kc_series_list_lag(list), *all = &explanation->lag;
    if (!lag.known)
        return;
    json_object_set_new(task, "lag", lag_json(&lag));
    all->known = true;
    all->records += lag.records;
    all->bytes += lag.bytes;
    if (lag.seconds > all->seconds)
        all->seconds = lag.seconds;
}

static void explain_task(void *opaque, const struct kc_task_info *info)
{
    struct explanation *explanation = opaque;
    bool wanted = strcmp(info->connector, explanation->connector) == 0;
    json_t *task = wanted ? task_of(explanation, info->task) : NULL;
    const struct kc_task_metrics *metrics = info->metrics;
    if (!task)
        return;
    bool goes_on = info->state != KC_STATE_FAILED && info->state != KC_STATE_UNASSIGNED;
    if (*info->lane && goes_on) {
        json_object_set_new(task, "lane", json_string(info->lane));
        json_object_set_new(task, "reason", json_string(info->lane_reason));
    }
    if (info->note)
        json_object_set_new(task, "note", json_string(info->note));
    if (info->is_source) {
        json_object_set_new(task, "records", ways(metrics->way_records));
        json_object_set_new(task, "batches", ways(metrics->way_batches));
        json_object_set_new(json_object_get(task, "records"), "acknowledged",
                            json_integer(counter(&metrics->records_out)));
        json_object_set_new(json_object_get(task, "records"), "skipped",
                            json_integer(counter(&metrics->records_skipped)));
        json_object_set_new(json_object_get(task, "records"), "quarantined",
                            json_integer(counter(&metrics->quarantined)));
    }
    add_troubles(task, info->connector, info->task);
    json_object_set_new(task, "bytes_in_flight", json_integer((json_int_t)info->bytes_in_flight));
    explain_lag(explanation, task, info->series);
    kc_task_host_add_shown(info->host, task);
}

struct kc_error *kc_herder_explain(struct kc_herder *herder, const char *connector, json_t **states)
{
    struct kc_error *err = kc_herder_status(herder, connector, states);
    if (err)
        return err;
    struct explanation explanation = {.connector = connector, .states = *states};
    kc_worker_each_connector(herder->worker, explain_connector, &explanation);
    kc_worker_each_task(herder->worker, explain_task, &explanation);
    if (explanation.lag.known)
        json_object_set_new(*states, "lag", lag_json(&explanation.lag));
    return NULL;
}
