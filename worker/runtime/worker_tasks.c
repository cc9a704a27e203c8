/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tasks that run on this worker: see worker.h. The herder's thread.
 *
 * One that doesn't end in time is cancelled and kept apart, until the worker ends.
 */
#include "connect/log.h"
#include "host/task_configs.h"
#include "runtime/worker_priv.h"
#include "sink/sink_task.h"
#include "source/source_task.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.Worker");

static struct task_entry *find_task(struct kc_worker *worker, struct kc_task_id id)
{
    struct task_entry *entry;
    LL_FOREACH (worker->tasks, entry)
        if (kc_task_host_task(entry->host) == id.task &&
            strcmp(kc_task_host_connector(entry->host), id.connector) == 0)
            return entry;
    return NULL;
}

struct task_order {
    struct kc_task_id id;
    struct kc_map *connector_config; /* resolved */
    struct kc_map *task_config;      /* the same */
    const struct kc_plugin *plugin;
    enum kc_target_state target;
    int generation;
};

static struct kc_error *make_task(struct kc_worker *worker, const struct task_order *order,
                                  struct kc_task_host **host)
{
    const struct kc_task_core_settings core = {
        .host =
            {
                .connector = order->id.connector,
                .task = order->id.task,
                .generation = order->generation,
                .version = order->plugin->version,
                .target = order->target,
                .listener = &worker->counting,
                .opaque = worker,
            },
        .config = worker->config,
        .plugins = worker->plugins,
        .plugin = order->plugin,
        .connector_config = order->connector_config,
        .task_config = order->task_config,
    };
    if (order->plugin->kind != KC_PLUGIN_SOURCE)
        return kc_sink_task_new(&core, host);
    const struct kc_source_task_settings source = {core, worker->offsets, worker->committer};
    return kc_source_task_new(&source, host);
}

static struct kc_error *prepare_task(struct kc_worker *worker, struct task_order *order,
                                     const struct kc_map *connector_config,
                                     const struct kc_map *task_config)
{
    struct kc_error *err = kc_worker_resolve(worker, connector_config, &order->connector_config);
    if (!err)
        err = kc_worker_resolve(worker, task_config, &order->task_config);
    if (!err)
        err = kc_worker_connector_plugin(worker, order->connector_config, &order->plugin);
    if (err)
        return err;
    assert(order->plugin);
    return kc_task_configs_check(order->id.connector, order->connector_config,
                                 order->plugin->kind == KC_PLUGIN_SOURCE,
                                 (size_t)order->id.task + 1);
}

static struct task_entry *add_task(struct kc_worker *worker, struct kc_task_host *host,
                                   bool is_source)
{
    struct task_entry *entry = kc_calloc(1, sizeof(*entry));
    entry->host = host;
    entry->is_source = is_source;
    pthread_mutex_lock(&worker->mutex);
    LL_APPEND(worker->tasks, entry);
    pthread_mutex_unlock(&worker->mutex);
    return entry;
}

static struct kc_error *launch_task(struct kc_worker *worker, struct task_order *order,
                                    const struct kc_map *connector_config,
                                    const struct kc_map *task_config)
{
    struct kc_task_host *host = NULL;
    struct kc_error *err = prepare_task(worker, order, connector_config, task_config);
    if (!err)
        err = make_task(worker, order, &host);
    if (err) {
        char *trace = kc_error_trace(err);
        kc_log_error("Failed to start task %s-%d: %s", order->id.connector, order->id.task,
                     kc_error_text(err));
        worker->counting.state_changed(worker, order->id.connector, order->id.task, KC_STATE_FAILED,
                                       trace, order->plugin ? order->plugin->version : NULL);
        free(trace);
        return err;
    }
    struct task_entry *entry = add_task(worker, host, order->plugin->kind == KC_PLUGIN_SOURCE);
    err = kc_task_host_run(host); /* reports its failure itself */
    if (!err)
        return NULL;
    pthread_mutex_lock(&worker->mutex);
    LL_DELETE(worker->tasks, entry);
    pthread_mutex_unlock(&worker->mutex);
    kc_task_host_destroy(host);
    free(entry);
    return err;
}

struct kc_error *kc_worker_start_task(struct kc_worker *worker, struct kc_task_id id,
                                      const struct kc_map *connector_config,
                                      const struct kc_map *task_config, enum kc_target_state target,
                                      int generation)
{
    if (find_task(worker, id))
        return kc_error_new(KC_ERR_CONNECT, "Task already exists in this worker: %s-%d",
                            id.connector, id.task);
    kc_info("Creating task %s-%d", id.connector, id.task);
    pthread_mutex_lock(&worker->mutex);
    worker->counts.task_attempts++;
    pthread_mutex_unlock(&worker->mutex);
    struct task_order order = {.id = id, .target = target, .generation = generation};
    struct kc_error *err = launch_task(worker, &order, connector_config, task_config);
    kc_map_destroy(order.connector_config);
    kc_map_destroy(order.task_config);
    return err;
}

static struct task_entry *take_tasks(struct kc_worker *worker, const struct kc_task_id *ids,
                                     size_t count)
{
    struct task_entry *taken = NULL;
    for (size_t i = 0; i < count; i++) {
        struct task_entry *entry = find_task(worker, ids[i]);
        if (!entry)
            continue;
        kc_info("Stopping task %s-%d", ids[i].connector, ids[i].task);
        pthread_mutex_lock(&worker->mutex);
        LL_DELETE(worker->tasks, entry);
        pthread_mutex_unlock(&worker->mutex);
        entry->next = NULL;
        LL_APPEND(taken, entry);
        kc_task_host_stop(entry->host);
    }
    return taken;
}

void kc_worker_stop_tasks(struct kc_worker *worker, const struct kc_task_id *ids, size_t count)
{
    struct task_entry *taken = take_tasks(worker, ids, count), *entry, *next;
    int64_t deadline =
        kc_deadline_ms(kc_config_long(worker->config->values, "task.shutdown.graceful.timeout.ms"));
    LL_FOREACH_SAFE (taken, entry, next) {
        if (kc_task_host_await(entry->host, deadline)) {
            kc_task_host_destroy(entry->host);
            free(entry);
            continue;
        }
        kc_log_error("Graceful stop of task %s-%d failed.", kc_task_host_connector(entry->host),
                     kc_task_host_task(entry->host));
        kc_task_host_cancel(entry->host);
        LL_PREPEND(worker->lost_tasks, entry);
    }
}

size_t kc_worker_tasks(struct kc_worker *worker, struct kc_task_id **ids)
{
    struct task_entry *entry;
    size_t count = 0;
    LL_COUNT(worker->tasks, entry, count);
    *ids = kc_calloc(count + 1, sizeof(**ids));
    count = 0;
    LL_FOREACH (worker->tasks, entry)
        (*ids)[count++] = (struct kc_task_id){kc_task_host_connector(entry->host),
                                              kc_task_host_task(entry->host)};
    return count;
}
