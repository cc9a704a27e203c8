/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host of connectors and tasks: Connect's Worker.
 *
 * The herder decides what runs; this makes it run. One thread per connector and one per task. All
 * functions are called on the herder's thread unless marked "any thread"; none waits for a plugin
 * longer than stated. Configurations come in raw; variables are resolved here, and the values never
 * go back out.
 */
#ifndef WORKER_RUNTIME_WORKER_H
#define WORKER_RUNTIME_WORKER_H

#include "config/worker_config.h"
#include "data/plugins.h"
#include "host/connector_host.h"
#include "metrics/task_metrics.h"
#include "storage/cluster_state.h"
#include "storage/offset_store.h"

struct kc_worker;

/* offsets: the worker's offset store, a reference is taken. */
struct kc_error *kc_worker_new(const struct kc_worker_config *config,
                               const struct kc_plugins *plugins, struct kc_offset_store *offsets,
                               const char *worker_id, const struct kc_worker_listener *listener,
                               void *opaque, struct kc_worker **worker) KC_MUST_CHECK;

/* Stops everything within task.shutdown.graceful.timeout.ms (tasks beyond it are cancelled), frees.
 */
void kc_worker_destroy(struct kc_worker *worker);

/* Starts a connector in target state (PAUSED and STOPPED: without calling its start()). Its failure
 * to start is also reported as FAILED to the listener. */
void kc_worker_start_connector(struct kc_worker *worker, const char *name,
                               const struct kc_map *config, enum kc_target_state target,
                               kc_worker_done done, void *opaque);
/* Stops connectors: waits up to 5 s in all, then leaves them to end by themselves. Unknown names
 * are ignored. */
void kc_worker_stop_connectors(struct kc_worker *worker, const struct kc_strings *names);
bool kc_worker_has_connector(struct kc_worker *worker, const char *name);
void kc_worker_connectors(struct kc_worker *worker, struct kc_strings *names);

/* See kc_worker_task_configs_done. TOO_MANY_TASKS as Connect's tasks.max.enforce. */
void kc_worker_task_configs(struct kc_worker *worker, const char *name, const struct kc_map *config,
                            kc_worker_task_configs_done done, void *opaque);

/* Calls call(connector object, arg) on the connector's own thread, then done, there or here.
 * KC_ERR_UNAVAILABLE: the connector isn't in this worker, or is shutting down; KC_ERR_CONFLICT: it
 * isn't started. */
void kc_worker_call_connector(struct kc_worker *worker, const char *name, kc_connector_call call,
                              void *arg, kc_worker_done done, void *opaque);

struct kc_task_id {
    const char *connector;
    int task;
};

/* Starts a task; an error here (unknown class, bad converter) has also been reported as FAILED.
 * generation: of the task configs (kc_cluster_state_generation()). */
struct kc_error *kc_worker_start_task(struct kc_worker *worker, struct kc_task_id id,
                                      const struct kc_map *connector_config,
                                      const struct kc_map *task_config, enum kc_target_state target,
                                      int generation) KC_MUST_CHECK;
/* Tells all to stop, then waits for all of them up to the graceful time-out, then cancels the rest.
 */
void kc_worker_stop_tasks(struct kc_worker *worker, const struct kc_task_id *ids, size_t count);
/* Tasks that run here; strings are borrowed until the next change; free() the array. */
size_t kc_worker_tasks(struct kc_worker *worker, struct kc_task_id **ids);

/* Moves a connector and its tasks that run here to target (pause, resume, stop). done as at start;
 * called with NULL at once when the connector isn't here. */
void kc_worker_set_target_state(struct kc_worker *worker, const char *connector,
                                enum kc_target_state target, kc_worker_done done, void *opaque);

/* ---- blocking calls for request threads; any thread but the herder's ---- */

/* {"offsets":[...]}, new reference (KIP-875). */
struct kc_error *kc_worker_offsets(struct kc_worker *worker, const char *connector,
                                   const struct kc_map *config, json_t **offsets) KC_MUST_CHECK;
/* The plugin that a connector's configuration names, and the configuration with its variables
 * resolved, owned by the caller. Any thread. */
struct kc_error *kc_worker_open_config(struct kc_worker *worker, const struct kc_map *config,
                                       const struct kc_plugin **plugin,
                                       struct kc_map **resolved) KC_MUST_CHECK;
/* offsets: the "offsets" array of the request; NULL resets all. message: what REST answers, owned
 * by the caller. */
struct kc_error *kc_worker_alter_offsets(struct kc_worker *worker, const char *connector,
                                         const struct kc_map *config, const json_t *offsets,
                                         char **message) KC_MUST_CHECK;
/* Fences the producers of count former tasks of a connector (KIP-618). */
struct kc_error *kc_worker_fence_zombies(struct kc_worker *worker, const char *connector,
                                         const struct kc_map *config, int count) KC_MUST_CHECK;

/* Validates a connector configuration as REST does (ConfigInfos); new reference. An
 * error is what Java throws (BAD_REQUEST: no or unknown connector.class). Any thread. */
struct kc_error *kc_worker_validate(struct kc_worker *worker, const struct kc_map *config,
                                    json_t **infos) KC_MUST_CHECK;

/* ---- what runs here, for metrics and status; any thread ---- */

/* Calls each for every task of this worker, one after the other; info is valid for the call. The
 * function must not call the worker. */
void kc_worker_each_task(struct kc_worker *worker,
                         void (*each)(void *opaque, const struct kc_task_info *info), void *opaque);

struct kc_connector_info {
    const char *connector;
    const struct kc_plugin *plugin;
    enum kc_state state;
    const char *note; /* its own text about what it does or waits for; NULL: none */
};
/* The same for connectors. */
void kc_worker_each_connector(struct kc_worker *worker,
                              void (*each)(void *opaque, const struct kc_connector_info *info),
                              void *opaque);

struct kc_exposition;
struct kc_series_collection;
/* Adds all metrics of the worker, its connectors and tasks to exposition, and the series that tasks
 * have made to series. One scrape at a time in the process. */
void kc_worker_expose(struct kc_worker *worker, struct kc_exposition *exposition,
                      struct kc_series_collection *series);

/* Since the worker's start (connect-worker-metrics). */
struct kc_worker_counts {
    uint64_t connector_attempts;
    uint64_t connector_successes;
    uint64_t connector_failures;
    uint64_t task_attempts;
    uint64_t task_successes;
    uint64_t task_failures;
    uint64_t connectors; /* now */
    uint64_t tasks;      /* now */
};
void kc_worker_count(struct kc_worker *worker, struct kc_worker_counts *counts);

#endif
