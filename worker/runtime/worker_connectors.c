/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connectors that run on this worker: see worker.h. The herder's thread.
 *
 * One that doesn't end in time is cancelled and kept apart, until the worker ends.
 */
#include "connect/log.h"
#include "runtime/enriched_config_priv.h"
#include "runtime/worker_priv.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.Worker");

enum { CONNECTOR_STOP_MS = 5000 };

static struct connector_entry *find_connector(struct kc_worker *worker, const char *name)
{
    struct connector_entry *entry;
    LL_FOREACH (worker->connectors, entry)
        if (strcmp(kc_connector_host_name(entry->host), name) == 0)
            return entry;
    return NULL;
}

static void answer(kc_worker_done done, void *opaque, struct kc_error *err)
{
    if (done)
        done(opaque, err);
    else
        kc_error_destroy(err);
}

/* Reports a connector that couldn't be made: to its status and to the caller. */
static void refuse_connector(struct kc_worker *worker, const char *name, kc_worker_done done,
                             void *opaque, struct kc_error *err)
{
    kc_log_error("Failed to start connector %s: %s", name, kc_error_text(err));
    char *trace = kc_error_trace(err);
    worker->counting.state_changed(worker, name, KC_CONNECTOR_STATUS, KC_STATE_FAILED, trace, NULL);
    free(trace);
    answer(done, opaque, err);
}

static struct kc_error *make_connector(struct kc_worker *worker, const char *name,
                                       const struct kc_map *config, struct kc_connector_host **host)
{
    struct kc_map *resolved = NULL;
    const struct kc_plugin *plugin = NULL;
    struct kc_error *err = kc_worker_resolve(worker, config, &resolved);
    if (!err)
        err = kc_worker_connector_plugin(worker, resolved, &plugin);
    bool source = plugin && plugin->kind == KC_PLUGIN_SOURCE;
    if (!err)
        err = kc_enriched_config_check(worker->plugins, worker->config, source, resolved);
    struct kc_connector_settings settings = {name, plugin, resolved, &worker->counting, worker};
    if (!err) {
        *host = kc_connector_host_new(&settings);
        kc_connector_host_run(*host);
    }
    kc_map_destroy(resolved);
    return err;
}

void kc_worker_start_connector(struct kc_worker *worker, const char *name,
                               const struct kc_map *config, enum kc_target_state target,
                               kc_worker_done done, void *opaque)
{
    if (find_connector(worker, name)) {
        answer(done, opaque,
               kc_error_new(KC_ERR_CONNECT, "Connector with name %s already exists", name));
        return;
    }
    kc_info("Creating connector %s", name);
    pthread_mutex_lock(&worker->mutex);
    worker->counts.connector_attempts++;
    pthread_mutex_unlock(&worker->mutex);
    struct kc_connector_host *host = NULL;
    struct kc_error *err = make_connector(worker, name, config, &host);
    if (err) {
        kc_connector_host_destroy(host);
        refuse_connector(worker, name, done, opaque, err);
        return;
    }
    struct connector_entry *entry = kc_calloc(1, sizeof(*entry));
    entry->host = host;
    pthread_mutex_lock(&worker->mutex);
    LL_APPEND(worker->connectors, entry);
    pthread_mutex_unlock(&worker->mutex);
    kc_connector_host_set_target(host, target, done, opaque);
}

/* Moves the entries called names to a list of their own and tells them to stop. */
static struct connector_entry *take_connectors(struct kc_worker *worker,
                                               const struct kc_strings *names)
{
    struct connector_entry *taken = NULL;
    for (size_t i = 0; i < names->count; i++) {
        struct connector_entry *entry = find_connector(worker, names->items[i]);
        if (!entry)
            continue;
        pthread_mutex_lock(&worker->mutex);
        LL_DELETE(worker->connectors, entry);
        pthread_mutex_unlock(&worker->mutex);
        entry->next = NULL;
        LL_APPEND(taken, entry);
        kc_info("Stopping connector %s", names->items[i]);
        kc_connector_host_stop(entry->host);
    }
    return taken;
}

void kc_worker_stop_connectors(struct kc_worker *worker, const struct kc_strings *names)
{
    struct connector_entry *taken = take_connectors(worker, names), *entry, *next;
    int64_t deadline = kc_mono_ms() + CONNECTOR_STOP_MS;
    LL_FOREACH_SAFE (taken, entry, next) {
        if (kc_connector_host_await(entry->host, deadline)) {
            kc_connector_host_destroy(entry->host);
            free(entry);
            continue;
        }
        kc_log_error(
            "Connector '%s' failed to properly shut down, has become unresponsive, and may be "
            "consuming external resources. Correct the configuration for this connector or "
            "remove the connector. After fixing the connector, it may be necessary to restart "
            "this worker to release any consumed resources.",
            kc_connector_host_name(entry->host));
        kc_connector_host_cancel(entry->host);
        LL_PREPEND(worker->lost_connectors, entry);
    }
}

bool kc_worker_has_connector(struct kc_worker *worker, const char *name)
{
    return find_connector(worker, name) != NULL;
}

void kc_worker_connectors(struct kc_worker *worker, struct kc_strings *names)
{
    struct connector_entry *entry;
    LL_FOREACH (worker->connectors, entry)
        kc_strings_add(names, kc_connector_host_name(entry->host));
}

void kc_worker_task_configs(struct kc_worker *worker, const char *name, const struct kc_map *config,
                            kc_worker_task_configs_done done, void *opaque)
{
    struct connector_entry *entry = find_connector(worker, name);
    struct kc_map *resolved = NULL;
    if (!entry) {
        done(opaque, kc_error_new(KC_ERR_CONNECT, "Connector %s not found in this worker.", name),
             NULL);
        return;
    }
    struct kc_error *err = kc_worker_resolve(worker, config, &resolved);
    if (err)
        done(opaque, err, NULL);
    else
        kc_connector_host_task_configs(entry->host, resolved, done, opaque);
    kc_map_destroy(resolved);
}

void kc_worker_call_connector(struct kc_worker *worker, const char *name, kc_connector_call call,
                              void *arg, kc_worker_done done, void *opaque)
{
    struct connector_entry *entry = find_connector(worker, name);
    if (entry)
        kc_connector_host_call(entry->host, call, arg, done, opaque);
    else
        done(opaque, kc_error_new(KC_ERR_UNAVAILABLE,
                                  "Connector %s doesn't run in this worker at the moment. Try "
                                  "again later, or see its status",
                                  name));
}

void kc_worker_set_target_state(struct kc_worker *worker, const char *connector,
                                enum kc_target_state target, kc_worker_done done, void *opaque)
{
    kc_info("Setting connector %s state to %s", connector, kc_target_state_name(target));
    struct task_entry *task;
    LL_FOREACH (worker->tasks, task)
        if (strcmp(kc_task_host_connector(task->host), connector) == 0)
            kc_task_host_set_target(task->host, target);
    struct connector_entry *entry = find_connector(worker, connector);
    if (entry)
        kc_connector_host_set_target(entry->host, target, done, opaque);
    else
        answer(done, opaque, NULL);
}
