/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker: its life, and what others see of the connectors and tasks that run on it. See
 * worker.h; worker_connectors.c and worker_tasks.c start and stop them.
 *
 * The herder's thread is the only one that changes the lists; the mutex is for those who look on
 * from other threads. A task or connector that outlived its time-out and still runs when the worker
 * ends keeps the objects that it uses.
 */
#include "runtime/worker.h"

#include "base/window.h"
#include "connect/log.h"
#include "runtime/worker_priv.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.Worker");

enum { LOST_WAIT_MS = 1000 };

/* ---- between hosts and herder ---- */

/* The flag that the start of a connector or task has been counted; NULL: it isn't listed. With the
 * mutex. */
static bool *counted_flag(struct kc_worker *worker, const char *connector, int task)
{
    struct task_entry *task_entry;
    LL_FOREACH (worker->tasks, task_entry)
        if (kc_task_host_task(task_entry->host) == task &&
            strcmp(kc_task_host_connector(task_entry->host), connector) == 0)
            return &task_entry->counted;
    struct connector_entry *entry;
    if (task == KC_CONNECTOR_STATUS)
        LL_FOREACH (worker->connectors, entry)
            if (strcmp(kc_connector_host_name(entry->host), connector) == 0)
                return &entry->counted;
    return NULL;
}

static void count_state(struct kc_worker *worker, const char *connector, int task,
                        enum kc_state state)
{
    struct kc_worker_counts *counts = &worker->counts;
    if (state != KC_STATE_RUNNING && state != KC_STATE_FAILED)
        return;
    bool running = state == KC_STATE_RUNNING;
    pthread_mutex_lock(&worker->mutex);
    bool *counted = counted_flag(worker, connector, task);
    if (counted && *counted)
        ; /* a resumed one, or one that failed after its start */
    else if (task == KC_CONNECTOR_STATUS)
        ++*(running ? &counts->connector_successes : &counts->connector_failures);
    else
        ++*(running ? &counts->task_successes : &counts->task_failures);
    if (counted)
        *counted = true;
    pthread_mutex_unlock(&worker->mutex);
}

static void on_state(void *opaque, const char *connector, int task, enum kc_state state,
                     const char *trace, const char *version)
{
    struct kc_worker *worker = opaque;
    count_state(worker, connector, task, state);
    worker->listener.state_changed(worker->opaque, connector, task, state, trace, version);
}

static void on_reconfiguration(void *opaque, const char *connector)
{
    struct kc_worker *worker = opaque;
    if (worker->listener.reconfiguration_requested)
        worker->listener.reconfiguration_requested(worker->opaque, connector);
}

static void on_topic(void *opaque, const char *connector, int task, const char *topic)
{
    struct kc_worker *worker = opaque;
    if (worker->listener.topic_used)
        worker->listener.topic_used(worker->opaque, connector, task, topic);
}

static struct kc_error *on_fence(void *opaque, const char *connector)
{
    struct kc_worker *worker = opaque;
    return worker->listener.fence_zombies
               ? worker->listener.fence_zombies(worker->opaque, connector)
               : NULL;
}

static struct kc_error *on_verify(void *opaque, const char *connector, int task, int generation)
{
    struct kc_worker *worker = opaque;
    return worker->listener.verify_task
               ? worker->listener.verify_task(worker->opaque, connector, task, generation)
               : NULL;
}

static struct kc_error *on_confirm(void *opaque, const char *connector, int task, int64_t since_ms)
{
    struct kc_worker *worker = opaque;
    return worker->listener.confirm_task
               ? worker->listener.confirm_task(worker->opaque, connector, task, since_ms)
               : NULL;
}

/* ---- life ---- */

struct kc_error *kc_worker_new(const struct kc_worker_config *config,
                               const struct kc_plugins *plugins, struct kc_offset_store *offsets,
                               const char *worker_id, const struct kc_worker_listener *listener,
                               void *opaque, struct kc_worker **worker)
{
    struct kc_worker *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = kc_offset_committer_new(
        kc_config_long(config->values, "offset.flush.interval.ms"), &made->committer);
    if (err) {
        free(made);
        return err;
    }
    int64_t window = kc_config_long(config->values, "metrics.sample.window.ms");
    int64_t samples = kc_config_long(config->values, "metrics.num.samples");
    kc_window_set_half_ms(window < INT64_MAX / samples ? window * samples / 2 : INT64_MAX);
    made->config = config;
    made->plugins = plugins;
    made->offsets = offsets ? kc_offset_store_ref(offsets) : NULL;
    made->id = kc_strdup(worker_id);
    made->listener = *listener;
    made->opaque = opaque;
    made->counting = (struct kc_worker_listener){
        .state_changed = on_state,
        .reconfiguration_requested = on_reconfiguration,
        .topic_used = on_topic,
        .fence_zombies = on_fence,
        .verify_task = on_verify,
        .confirm_task = on_confirm,
    };
    pthread_mutex_init(&made->mutex, NULL);
    *worker = made;
    return NULL;
}

static void stop_everything(struct kc_worker *worker)
{
    struct kc_strings names = {0};
    kc_worker_connectors(worker, &names);
    kc_worker_stop_connectors(worker, &names);
    kc_strings_destroy(&names);
    struct kc_task_id *ids;
    size_t count = kc_worker_tasks(worker, &ids);
    kc_worker_stop_tasks(worker, ids, count);
    free(ids);
}

/* True if none of the threads left behind runs any more. */
static bool reap_lost(struct kc_worker *worker)
{
    int64_t deadline = kc_mono_ms() + LOST_WAIT_MS;
    struct task_entry *task, *next_task;
    LL_FOREACH_SAFE (worker->lost_tasks, task, next_task) {
        if (!kc_task_host_await(task->host, deadline))
            continue;
        LL_DELETE(worker->lost_tasks, task);
        kc_task_host_destroy(task->host);
        free(task);
    }
    struct connector_entry *connector, *next_connector;
    LL_FOREACH_SAFE (worker->lost_connectors, connector, next_connector) {
        if (!kc_connector_host_await(connector->host, deadline))
            continue;
        LL_DELETE(worker->lost_connectors, connector);
        kc_connector_host_destroy(connector->host);
        free(connector);
    }
    return !worker->lost_tasks && !worker->lost_connectors;
}

void kc_worker_destroy(struct kc_worker *worker)
{
    if (!worker)
        return;
    stop_everything(worker);
    if (!reap_lost(worker)) {
        kc_warn("Connectors or tasks are still running that did not stop in time");
        return; /* their threads use the worker: it stays */
    }
    kc_offset_committer_destroy(worker->committer);
    kc_offset_store_unref(worker->offsets);
    pthread_mutex_destroy(&worker->mutex);
    free(worker->id);
    free(worker);
}

/* ---- configurations ---- */

struct kc_error *kc_worker_resolve(struct kc_worker *worker, const struct kc_map *config,
                                   struct kc_map **resolved)
{
    return kc_providers_resolve(worker->config->providers, config, resolved);
}

/* "class (version), class (version)", owned by the caller. */
static char *list_connectors(const struct kc_plugins *plugins)
{
    struct kc_str list = {0};
    kc_str_append(&list, "");
    for (size_t i = 0; i < kc_plugins_count(plugins); i++) {
        const struct kc_plugin *plugin = kc_plugins_at(plugins, i);
        if (KC_CONNECTOR_KINDS & (1U << plugin->kind))
            kc_str_appendf(&list, "%s%s (%s)", list.len ? ", " : "", plugin->class_name,
                           plugin->version ? plugin->version : "no version");
    }
    return kc_str_take(&list);
}

struct kc_error *kc_worker_connector_plugin(struct kc_worker *worker, const struct kc_map *resolved,
                                            const struct kc_plugin **plugin)
{
    const char *class_name = kc_map_get(resolved, "connector.class");
    *plugin = class_name ? kc_plugins_find(worker->plugins, class_name, KC_CONNECTOR_KINDS) : NULL;
    if (*plugin)
        return NULL;
    if (class_name && kc_plugins_hides(worker->plugins, class_name))
        kc_warn("%s is not enabled, because it reads or writes any file of this worker's user: "
                "set " KC_FILE_PLUGINS "=true in the worker's settings, or put Apache's "
                "connect-file jar on plugin.path",
                class_name);
    char *known = list_connectors(worker->plugins);
    struct kc_error *err =
        kc_error_new(KC_ERR_CONNECT,
                     "Failed to find any class that implements Connector and which name matches "
                     "%s, available connectors are: %s",
                     class_name ? class_name : "null", known);
    free(known);
    return err;
}

struct kc_error *kc_worker_open_config(struct kc_worker *worker, const struct kc_map *config,
                                       const struct kc_plugin **plugin, struct kc_map **resolved)
{
    *resolved = NULL;
    struct kc_error *err = kc_worker_resolve(worker, config, resolved);
    return err ? err : kc_worker_connector_plugin(worker, *resolved, plugin);
}

/* ---- onlookers ---- */

void kc_worker_each_task(struct kc_worker *worker,
                         void (*each)(void *opaque, const struct kc_task_info *info), void *opaque)
{
    pthread_mutex_lock(&worker->mutex);
    struct task_entry *entry;
    LL_FOREACH (worker->tasks, entry) {
        struct kc_task_info info = {
            kc_task_host_connector(entry->host),
            kc_task_host_task(entry->host),
            entry->is_source,
            kc_task_host_state(entry->host),
            kc_task_host_lane(entry->host),
            kc_task_host_lane_reason(entry->host),
            kc_task_host_note(entry->host),
            kc_task_host_ratio(entry->host, KC_STATE_RUNNING),
            kc_task_host_ratio(entry->host, KC_STATE_PAUSED),
            kc_task_host_bytes_in_flight(entry->host),
            kc_task_host_metrics(entry->host),
            kc_task_host_series(entry->host),
            entry->host,
        };
        each(opaque, &info);
    }
    pthread_mutex_unlock(&worker->mutex);
}

void kc_worker_each_connector(struct kc_worker *worker,
                              void (*each)(void *opaque, const struct kc_connector_info *info),
                              void *opaque)
{
    pthread_mutex_lock(&worker->mutex);
    struct connector_entry *entry;
    LL_FOREACH (worker->connectors, entry) {
        char *note = kc_connector_host_note(entry->host);
        struct kc_connector_info info = {
            kc_connector_host_name(entry->host),
            kc_connector_host_plugin(entry->host),
            kc_connector_host_state(entry->host),
            note,
        };
        each(opaque, &info);
        free(note);
    }
    pthread_mutex_unlock(&worker->mutex);
}

void kc_worker_count(struct kc_worker *worker, struct kc_worker_counts *counts)
{
    struct task_entry *task;
    struct connector_entry *connector;
    size_t tasks = 0, connectors = 0;
    pthread_mutex_lock(&worker->mutex);
    LL_COUNT(worker->tasks, task, tasks);
    LL_COUNT(worker->connectors, connector, connectors);
    *counts = worker->counts;
    pthread_mutex_unlock(&worker->mutex);
    counts->tasks = tasks;
    counts->connectors = connectors;
}
