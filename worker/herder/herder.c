/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a herder that its callers use: snapshot reads, and posting requests to the tick
 * thread. See herder.h for the contract, herder_priv.h for the inside, and herder_thread.c for the
 * life cycle.
 */
#include "herder/herder.h"

#include "base/logging.h"
#include "herder/entities_priv.h"
#include "herder/herder_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.AbstractHerder");

/* ---- requests ---- */

struct kc_herder_args *kc_herder_args_new(const char *connector)
{
    struct kc_herder_args *args = kc_calloc(1, sizeof(*args));
    args->connector = kc_strdup(connector);
    return args;
}

void kc_herder_args_destroy(void *data)
{
    struct kc_herder_args *args = data;
    free(args->connector);
    kc_map_destroy(args->config);
    kc_maps_destroy(&args->configs);
    json_decref(args->result);
    kc_error_destroy(args->err);
    if (args->question.arg)
        args->question.destroy(args->question.arg);
    if (args->waiting) {
        kc_request_complete(args->waiting, kc_error_new(KC_ERR_CONNECT, "Worker is shutting down"));
        kc_request_unref(args->waiting);
    }
    free(args);
}

void kc_herder_post(struct kc_herder *herder, int64_t delay_ms, kc_request_run run_request,
                    struct kc_herder_args *args)
{
    struct kc_request *request = kc_request_new(run_request, args, kc_herder_args_destroy);
    if (kc_requests_add(herder->requests, request, delay_ms))
        herder->ops->wakeup(herder);
    kc_request_unref(request);
}

/* "Request timed out. <stage>" */
static struct kc_error *with_stage(struct kc_herder *herder, struct kc_error *err)
{
    char *stage = kc_stage_summary(&herder->stage);
    struct kc_error *staged = kc_error_new(KC_ERR_TIMEOUT, "Request timed out. %s", stage);
    free(stage);
    kc_error_destroy(err);
    return staged;
}

struct kc_error *kc_herder_call(struct kc_herder *herder, kc_request_run run_request,
                                struct kc_herder_args *args, int timeout_ms,
                                struct kc_request **request)
{
    *request = kc_request_new(run_request, args, kc_herder_args_destroy);
    if (kc_requests_add(herder->requests, *request, 0))
        herder->ops->wakeup(herder);
    struct kc_error *err = kc_request_wait(*request, timeout_ms);
    if (err && kc_error_code(err) == KC_ERR_TIMEOUT &&
        strcmp(kc_error_text(err), "Request timed out") == 0)
        err = with_stage(herder, err);
    return err;
}

/* Call it for writes that bypass the tick thread and need the stores. */
static struct kc_error *await_stores(struct kc_herder *herder, int timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    pthread_mutex_lock(&herder->lock);
    while (!herder->stores_started && !herder->ended && !atomic_load(&herder->stopping))
        if (!kc_cond_wait_until(&herder->changed, &herder->lock, deadline))
            break;
    bool ready = herder->stores_started;
    bool over = herder->ended || atomic_load(&herder->stopping);
    pthread_mutex_unlock(&herder->lock);
    if (ready)
        return NULL;
    return over ? kc_error_new(KC_ERR_CONNECT, "Worker is shutting down")
                : with_stage(herder, NULL);
}

void kc_herder_run_requests(struct kc_herder *herder, int64_t *next_ms)
{
    struct kc_request *request;
    while ((request = kc_requests_next(herder->requests, next_ms))) {
        kc_request_run_now(herder, request);
        kc_request_unref(request);
        if (atomic_load(&herder->stopping))
            return;
    }
}

/* Call it after a request has ended: then the tick thread doesn't touch it any more. */
static json_t *take_result(struct kc_herder_args *args)
{
    json_t *result = args->result;
    args->result = NULL;
    return result;
}

/* Posts one of the table's requests; the JSON result, if wanted, goes to *result. */
static struct kc_error *call(struct kc_herder *herder, enum kc_herder_request kind,
                             struct kc_herder_args *args, int timeout_ms, json_t **result)
{
    struct kc_request *request = NULL;
    struct kc_error *err =
        kc_herder_call(herder, herder->ops->requests[kind], args, timeout_ms, &request);
    if (!err && result)
        *result = take_result(args);
    kc_request_unref(request);
    return err;
}

/* ---- health and cluster ---- */

bool kc_herder_ready(struct kc_herder *herder)
{
    return atomic_load(&herder->ready);
}

const struct kc_plugins *kc_herder_plugins(struct kc_herder *herder)
{
    return herder->plugins;
}

struct kc_error *kc_herder_ping(struct kc_herder *herder, int timeout_ms)
{
    return call(herder, KC_REQUEST_PING, kc_herder_args_new(NULL), timeout_ms, NULL);
}

char *kc_herder_stage(struct kc_herder *herder)
{
    return kc_stage_summary(&herder->stage);
}

const char *kc_herder_cluster_id(struct kc_herder *herder)
{
    pthread_mutex_lock(&herder->lock);
    const char *id = herder->cluster_id; /* set once, before the first tick */
    pthread_mutex_unlock(&herder->lock);
    return id ? id : "";
}

/* ---- snapshot reads ---- */

void kc_herder_connectors(struct kc_herder *herder, struct kc_strings *names)
{
    struct kc_cluster_state *state = kc_config_store_snapshot(herder->config_store);
    kc_strings_copy(names, kc_cluster_state_connectors(state));
    kc_cluster_state_unref(state);
}

struct kc_error *kc_herder_status(struct kc_herder *herder, const char *connector, json_t **status)
{
    struct kc_cluster_state *state = kc_config_store_snapshot(herder->config_store);
    const char *type =
        kc_connector_type(herder->plugins, kc_cluster_state_config(state, connector));
    *status = kc_connector_state_json(herder->status_store, connector, type);
    kc_cluster_state_unref(state);
    return *status ? NULL
                   : kc_error_new(KC_ERR_NOT_FOUND, "No status found for connector %s", connector);
}

struct kc_error *kc_herder_task_status(struct kc_herder *herder, const char *connector, int task,
                                       json_t **state)
{
    struct kc_status status = {0};
    if (task < 0 || !kc_status_store_get(herder->status_store, connector, task, &status))
        return kc_error_new(KC_ERR_NOT_FOUND, "No status found for task %s-%d", connector, task);
    *state = kc_state_json(task, &status);
    kc_status_clear(&status);
    return NULL;
}

struct kc_error *kc_herder_topics(struct kc_herder *herder, const char *connector, json_t **topics)
{
    if (!herder->topic_tracking)
        return kc_error_new(KC_ERR_FORBIDDEN, "Topic tracking is disabled.");
    *topics = kc_active_topics_json(herder->status_store, connector);
    return *topics ? NULL
                   : kc_error_new(KC_ERR_BAD_REQUEST, "The connector's name isn't valid UTF-8");
}

struct kc_error *kc_herder_reset_topics(struct kc_herder *herder, const char *connector,
                                        int timeout_ms)
{
    if (!herder->topic_tracking)
        return kc_error_new(KC_ERR_FORBIDDEN, "Topic tracking is disabled.");
    if (!kc_config_bool(herder->config->values, "topic.tracking.allow.reset"))
        return kc_error_new(KC_ERR_FORBIDDEN, "Topic tracking reset is disabled.");
    struct kc_error *err = await_stores(herder, timeout_ms);
    if (!err)
        kc_status_store_reset_topics(herder->status_store, connector);
    return err;
}

struct kc_error *kc_herder_info_snapshot(struct kc_herder *herder, const char *connector,
                                         json_t **info)
{
    struct kc_cluster_state *state = kc_config_store_snapshot(herder->config_store);
    *info = kc_connector_info_json(state, herder->plugins, connector, NULL);
    kc_cluster_state_unref(state);
    return *info ? NULL : kc_connector_not_found(connector);
}

json_t *kc_herder_plugin_list(struct kc_herder *herder, bool connectors_only)
{
    return kc_plugin_list_json(herder->plugins, connectors_only);
}

struct kc_error *kc_herder_plugin_config(struct kc_herder *herder, const char *plugin,
                                         json_t **keys)
{
    return kc_plugin_config_json(herder->plugins, plugin, keys);
}

/* ---- plain requests ---- */

struct kc_error *kc_herder_info(struct kc_herder *herder, const char *connector, int timeout_ms,
                                json_t **info)
{
    return call(herder, KC_REQUEST_INFO, kc_herder_args_new(connector), timeout_ms, info);
}

struct kc_error *kc_herder_connector_config(struct kc_herder *herder, const char *connector,
                                            int timeout_ms, json_t **config)
{
    json_t *info = NULL;
    struct kc_error *err = kc_herder_info(herder, connector, timeout_ms, &info);
    if (!err)
        *config = json_incref(json_object_get(info, "config"));
    json_decref(info);
    return err;
}

struct kc_error *kc_herder_tasks(struct kc_herder *herder, const char *connector, int timeout_ms,
                                 json_t **tasks)
{
    return call(herder, KC_REQUEST_TASKS, kc_herder_args_new(connector), timeout_ms, tasks);
}

struct kc_error *kc_herder_delete_connector(struct kc_herder *herder, const char *connector,
                                            int timeout_ms)
{
    return call(herder, KC_REQUEST_DELETE, kc_herder_args_new(connector), timeout_ms, NULL);
}

struct kc_error *kc_herder_restart_task(struct kc_herder *herder, const char *connector, int task,
                                        int timeout_ms)
{
    struct kc_herder_args *args = kc_herder_args_new(connector);
    args->task = task;
    return call(herder, KC_REQUEST_RESTART_TASK, args, timeout_ms, NULL);
}

struct kc_error *kc_herder_restart_connector(struct kc_herder *herder, const char *connector,
                                             int timeout_ms)
{
    return call(herder, KC_REQUEST_RESTART_CONNECTOR, kc_herder_args_new(connector), timeout_ms,
                NULL);
}

struct kc_error *kc_herder_restart_plan(struct kc_herder *herder, const char *connector,
                                        bool include_tasks, bool only_failed, int timeout_ms,
                                        json_t **state)
{
    struct kc_herder_args *args = kc_herder_args_new(connector);
    args->include_tasks = include_tasks;
    args->only_failed = only_failed;
    return call(herder, KC_REQUEST_RESTART_PLAN, args, timeout_ms, state);
}

struct kc_error *kc_herder_stop_connector(struct kc_herder *herder, const char *connector,
                                          int timeout_ms)
{
    return call(herder, KC_REQUEST_STOP, kc_herder_args_new(connector), timeout_ms, NULL);
}

/* Any worker writes these to the config topic by itself. */
static struct kc_error *put_target_state(struct kc_herder *herder, const char *connector,
                                         enum kc_target_state target, int timeout_ms)
{
    struct kc_error *err = await_stores(herder, timeout_ms);
    if (err)
        return err;
    struct kc_cluster_state *state = kc_config_store_snapshot(herder->config_store);
    bool known = kc_cluster_state_has(state, connector);
    kc_cluster_state_unref(state);
    if (!known)
        return kc_error_new(KC_ERR_NOT_FOUND, "Unknown connector %s", connector);
    return kc_config_store_put_target_state(herder->config_store, connector, target);
}

struct kc_error *kc_herder_pause(struct kc_herder *herder, const char *connector, int timeout_ms)
{
    return put_target_state(herder, connector, KC_TARGET_PAUSED, timeout_ms);
}

struct kc_error *kc_herder_resume(struct kc_herder *herder, const char *connector, int timeout_ms)
{
    return put_target_state(herder, connector, KC_TARGET_STARTED, timeout_ms);
}

/* ---- requests in several steps ---- */

static int time_left(int64_t deadline_ms)
{
    int64_t left = deadline_ms - kc_mono_ms();
    return left > 0 ? (int)left : 0;
}

/* ConnectorsResource.checkAndPutConnectorConfigName */
static struct kc_error *put_name(struct kc_map *config, const char *connector)
{
    const char *included = kc_map_get(config, "name");
    if (included && strcmp(included, connector) != 0)
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "Connector name configuration (%s) doesn't match connector name in "
                            "the URL (%s)",
                            included, connector);
    kc_map_set(config, "name", connector);
    return NULL;
}

/* Validates on the calling thread, then has the tick thread write. Takes args. */
static struct kc_error *validate_and_put(struct kc_herder *herder, struct kc_herder_args *args,
                                         int64_t deadline_ms, json_t **info, bool *created)
{
    json_t *infos = NULL;
    struct kc_error *err = kc_worker_validate(herder->worker, args->config, &infos);
    if (!err)
        err = kc_config_infos_error(infos);
    json_decref(infos);
    if (err) {
        kc_herder_args_destroy(args);
        return err;
    }
    struct kc_request *request = NULL;
    err = kc_herder_call(herder, herder->ops->requests[KC_REQUEST_PUT], args,
                         time_left(deadline_ms), &request);
    if (!err) {
        *info = take_result(args);
        if (created)
            *created = args->created;
    }
    kc_request_unref(request);
    return err;
}

struct kc_error *kc_herder_put_connector(struct kc_herder *herder, const char *connector,
                                         const struct kc_map *config, enum kc_target_state state,
                                         bool allow_replace, int timeout_ms, json_t **info,
                                         bool *created)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct kc_herder_args *args = kc_herder_args_new(connector);
    args->config = kc_map_copy(config);
    args->state = state;
    args->allow_replace = allow_replace;
    struct kc_error *err = put_name(args->config, connector);
    if (err) {
        kc_herder_args_destroy(args);
        return err;
    }
    return validate_and_put(herder, args, deadline, info, created);
}

struct kc_error *kc_herder_patch_connector(struct kc_herder *herder, const char *connector,
                                           const struct kc_map *patch, int timeout_ms,
                                           json_t **info)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct kc_herder_args *args = kc_herder_args_new(connector);
    args->config = kc_map_copy(patch);
    struct kc_request *request = NULL;
    struct kc_error *err =
        kc_herder_call(herder, herder->ops->requests[KC_REQUEST_PATCH], args, timeout_ms, &request);
    struct kc_herder_args *put = NULL;
    if (!err) {
        put = kc_herder_args_new(connector);
        put->config = kc_map_copy(args->config);
        put->allow_replace = true;
        const char *name = kc_map_get(put->config, "name");
        if (name && strcmp(name, connector) != 0)
            err = put_name(put->config, connector);
    }
    kc_request_unref(request);
    if (err) {
        if (put)
            kc_herder_args_destroy(put);
        return err;
    }
    return validate_and_put(herder, put, deadline, info, NULL);
}

/* Asks the tick thread whether offsets may be read or changed; *config is the connector's. */
static struct kc_error *may_touch_offsets(struct kc_herder *herder, enum kc_herder_request kind,
                                          const char *connector, int timeout_ms,
                                          struct kc_map **config, bool *needs_fencing)
{
    struct kc_herder_args *args = kc_herder_args_new(connector);
    struct kc_request *request = NULL;
    struct kc_error *err =
        kc_herder_call(herder, herder->ops->requests[kind], args, timeout_ms, &request);
    if (!err) {
        *config = args->config;
        *needs_fencing = args->needs_fencing;
        args->config = NULL;
    }
    kc_request_unref(request);
    return err;
}

/* The checks of a change; exactly-once sources are fenced between two rounds of them. */
static struct kc_error *may_alter_offsets(struct kc_herder *herder, const char *connector,
                                          int64_t deadline_ms, struct kc_map **config)
{
    bool needs_fencing = false;
    struct kc_error *err = may_touch_offsets(herder, KC_REQUEST_ALTER_OFFSETS, connector,
                                             time_left(deadline_ms), config, &needs_fencing);
    if (err || !needs_fencing)
        return err;
    err =
        call(herder, KC_REQUEST_FENCE, kc_herder_args_new(connector), time_left(deadline_ms), NULL);
    if (err)
        return kc_error_caused(kc_error_new(KC_ERR_CONNECT,
                                            "Failed to perform zombie fencing for source connector "
                                            "prior to modifying offsets"),
                               err);
    kc_map_destroy(*config);
    *config = NULL;
    return may_touch_offsets(herder, KC_REQUEST_ALTER_OFFSETS, connector, time_left(deadline_ms),
                             config, &needs_fencing);
}

struct kc_error *kc_herder_offsets(struct kc_herder *herder, const char *connector, int timeout_ms,
                                   json_t **offsets)
{
    struct kc_map *config = NULL;
    bool needs_fencing = false;
    struct kc_error *err = may_touch_offsets(herder, KC_REQUEST_OFFSETS, connector, timeout_ms,
                                             &config, &needs_fencing);
    if (!err)
        err = kc_worker_offsets(herder->worker, connector, config, offsets);
    kc_map_destroy(config);
    return err;
}

struct kc_error *kc_herder_open_config(struct kc_herder *herder, const char *connector,
                                       int timeout_ms, const struct kc_plugin **plugin,
                                       struct kc_map **config)
{
    struct kc_map *raw = NULL;
    bool needs_fencing = false;
    *config = NULL;
    struct kc_error *err =
        may_touch_offsets(herder, KC_REQUEST_OFFSETS, connector, timeout_ms, &raw, &needs_fencing);
    if (!err)
        err = kc_worker_open_config(herder->worker, raw, plugin, config);
    kc_map_destroy(raw);
    return err;
}

struct kc_error *kc_herder_alter_offsets(struct kc_herder *herder, const char *connector,
                                         const json_t *offsets, int timeout_ms, char **message)
{
    if (offsets && (!json_is_array(offsets) || json_array_size(offsets) == 0))
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "Partitions / offsets need to be provided for an alter offsets "
                            "request");
    struct kc_map *config = NULL;
    struct kc_error *err = may_alter_offsets(herder, connector, kc_mono_ms() + timeout_ms, &config);
    if (!err)
        err = kc_worker_alter_offsets(herder->worker, connector, config, offsets, message);
    kc_map_destroy(config);
    return err;
}

struct kc_error *kc_herder_validate(struct kc_herder *herder, const struct kc_map *config,
                                    int timeout_ms, json_t **infos)
{
    (void)timeout_ms; /* plugins validate on the caller's thread */
    return kc_worker_validate(herder->worker, config, infos);
}

/* ---- log levels ---- */

void kc_herder_set_worker_log_level(const char *name, const char *text)
{
    enum kc_log_level level;
    if (kc_log_level_parse(text, &level))
        kc_logging_set_level(name, level, NULL);
    else
        kc_warn("Ignoring the unknown log level %s for logger %s", text, name);
}

struct kc_error *kc_herder_set_cluster_log_level(struct kc_herder *herder, const char *name,
                                                 const char *level, int timeout_ms)
{
    struct kc_error *err = await_stores(herder, timeout_ms);
    return err ? err : herder->ops->set_log_level(herder, name, level);
}

/* ---- internal requests ---- */

struct kc_error *kc_herder_check_signature(struct kc_herder *herder,
                                           const struct kc_signature *signature)
{
    return herder->ops->check_signature(herder, signature);
}

struct kc_error *kc_herder_put_tasks(struct kc_herder *herder, const char *connector,
                                     const struct kc_maps *configs,
                                     const struct kc_signature *signature, int timeout_ms)
{
    struct kc_error *err = herder->ops->check_signature(herder, signature);
    if (err)
        return err;
    struct kc_herder_args *args = kc_herder_args_new(connector);
    for (size_t i = 0; i < configs->count; i++)
        kc_maps_take(&args->configs, kc_map_copy(configs->items[i]));
    return call(herder, KC_REQUEST_PUT_TASKS, args, timeout_ms, NULL);
}

struct kc_error *kc_herder_fence(struct kc_herder *herder, const char *connector,
                                 const struct kc_signature *signature, int timeout_ms)
{
    struct kc_error *err = herder->ops->check_signature(herder, signature);
    if (err)
        return err;
    return call(herder, KC_REQUEST_FENCE, kc_herder_args_new(connector), timeout_ms, NULL);
}
