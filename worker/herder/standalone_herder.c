/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The herder of a worker on its own (StandaloneHerder): configurations in memory, offsets in a
 * file, everything at once on one thread.
 */
#include "connect/log.h"
#include "herder/entities_priv.h"
#include "herder/herder_priv.h"
#include "herder/restart_plan_priv.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.standalone.StandaloneHerder");

/* ---- tasks ---- */

static size_t task_ids(struct kc_herder *herder, const char *connector, struct kc_task_id **ids)
{
    size_t count = (size_t)kc_cluster_state_task_count(herder->config_state, connector);
    *ids = kc_calloc(count, sizeof(**ids));
    for (size_t i = 0; i < count; i++)
        (*ids)[i] = (struct kc_task_id){connector, (int)i};
    return count;
}

/* Stops the tasks and forgets their configs and statuses. */
static struct kc_error *remove_tasks(struct kc_herder *herder, const char *connector)
{
    struct kc_task_id *ids = NULL;
    size_t count = task_ids(herder, connector, &ids);
    struct kc_error *err = NULL;
    if (count > 0) {
        struct kc_maps none = {0};
        kc_worker_stop_tasks(herder->worker, ids, count);
        err = kc_config_store_put_tasks(herder->config_store, connector, &none);
        kc_herder_update_state(herder);
        for (size_t i = 0; i < count; i++)
            kc_herder_put_status(herder, connector, ids[i].task, KC_STATE_DESTROYED);
    }
    free(ids);
    return err;
}

static void start_tasks(struct kc_herder *herder, const char *connector, const int *tasks,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kc_error *err = kc_herder_start_task(herder, connector, tasks[i]);
        if (err)
            kc_log_error("Couldn't start task %s-%d: %s", connector, tasks[i], kc_error_text(err));
        kc_error_destroy(err);
    }
}

static struct kc_error *publish_tasks(struct kc_herder *herder, struct kc_herder_args *args)
{
    const char *connector = args->connector;
    kc_herder_update_state(herder);
    if (args->configs.count > 0 &&
        kc_cluster_state_target(herder->config_state, connector) == KC_TARGET_STOPPED) {
        kc_info("Connector %s has been stopped before its tasks were to be started", connector);
        return NULL;
    }
    struct kc_error *err = remove_tasks(herder, connector);
    if (!err)
        err = kc_config_store_put_tasks(herder->config_store, connector, &args->configs);
    kc_herder_update_state(herder);
    if (err)
        return err;
    size_t count = (size_t)kc_cluster_state_task_count(herder->config_state, connector);
    int *tasks = kc_calloc(count, sizeof(*tasks));
    for (size_t i = 0; i < count; i++)
        tasks[i] = (int)i;
    start_tasks(herder, connector, tasks, count);
    free(tasks);
    return NULL;
}

/* ---- requests ---- */

static bool known(struct kc_herder *herder, struct kc_request *request, const char *connector)
{
    if (kc_cluster_state_has(herder->config_state, connector))
        return true;
    kc_request_complete(request, kc_connector_not_found(connector));
    return false;
}

static void run_ping(struct kc_herder *herder, struct kc_request *request, void *data)
{
    kc_request_complete(request, NULL);
}

static void run_info(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    args->result =
        kc_connector_info_json(herder->config_state, herder->plugins, args->connector, NULL);
    kc_request_complete(request, args->result ? NULL : kc_connector_not_found(args->connector));
}

static void run_tasks(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (!known(herder, request, args->connector))
        return;
    args->result = kc_task_infos_json(herder->config_state, args->connector);
    kc_request_complete(request, NULL);
}

static void run_put(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    bool exists = kc_cluster_state_has(herder->config_state, args->connector);
    if (exists && !args->allow_replace) {
        kc_request_complete(
            request, kc_error_new(KC_ERR_CONFLICT, "Connector %s already exists", args->connector));
        return;
    }
    if (exists)
        kc_herder_stop_one(herder, args->connector);
    struct kc_error *err = kc_config_store_put_connector(herder->config_store, args->connector,
                                                         args->config, args->state);
    kc_herder_update_state(herder);
    if (err) {
        kc_request_complete(request, err);
        return;
    }
    args->created = !exists;
    args->wants_info = true;
    kc_herder_start_connector(herder, args->connector, kc_request_ref(request));
}

static void run_patch(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (!known(herder, request, args->connector))
        return;
    const struct kc_map *config = kc_cluster_state_config(herder->config_state, args->connector);
    struct kc_map *patched = kc_config_patch(config, args->config);
    kc_map_destroy(args->config);
    args->config = patched;
    kc_request_complete(request, NULL);
}

static void run_delete(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (!known(herder, request, args->connector))
        return;
    struct kc_error *err = remove_tasks(herder, args->connector);
    kc_herder_stop_one(herder, args->connector);
    if (!err)
        err = kc_config_store_remove_connector(herder->config_store, args->connector);
    kc_herder_update_state(herder);
    if (!err) {
        kc_herder_delete_statuses(herder, args->connector);
        kc_status_store_reset_topics(herder->status_store, args->connector);
    }
    kc_request_complete(request, err);
}

static void run_restart_task(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (!known(herder, request, args->connector))
        return;
    struct kc_task_id id = {args->connector, args->task};
    if (!kc_cluster_state_task_config(herder->config_state, id.connector, id.task)) {
        kc_request_complete(
            request, kc_error_new(KC_ERR_NOT_FOUND, "Task %s-%d not found", id.connector, id.task));
        return;
    }
    kc_worker_stop_tasks(herder->worker, &id, 1);
    struct kc_error *err = kc_herder_start_task(herder, id.connector, id.task);
    if (err)
        err = kc_error_caused(
            kc_error_new(KC_ERR_CONNECT, "Failed to start task: %s-%d", id.connector, id.task),
            err);
    kc_request_complete(request, err);
}

static void run_restart_connector(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (!known(herder, request, args->connector))
        return;
    kc_herder_stop_one(herder, args->connector);
    kc_herder_start_connector(herder, args->connector, kc_request_ref(request));
}

static void execute(struct kc_herder *herder, const char *connector,
                    const struct kc_restart_plan *plan)
{
    if (plan->restart_connector) {
        kc_herder_stop_one(herder, connector);
        kc_herder_put_status(herder, connector, KC_CONNECTOR_STATUS, KC_STATE_RESTARTING);
    }
    struct kc_task_id *ids = kc_calloc(plan->task_count, sizeof(*ids));
    for (size_t i = 0; i < plan->task_count; i++)
        ids[i] = (struct kc_task_id){connector, plan->tasks[i]};
    kc_worker_stop_tasks(herder->worker, ids, plan->task_count);
    for (size_t i = 0; i < plan->task_count; i++)
        kc_herder_put_status(herder, connector, plan->tasks[i], KC_STATE_RESTARTING);
    free(ids);
    if (plan->restart_connector)
        kc_herder_start_connector(herder, connector, NULL);
    start_tasks(herder, connector, plan->tasks, plan->task_count);
}

static void run_restart_plan(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    struct kc_restart_request restart = {args->connector, args->include_tasks, args->only_failed};
    struct kc_restart_plan plan = {0};
    const char *type = kc_connector_type(
        herder->plugins, kc_cluster_state_config(herder->config_state, args->connector));
    struct kc_error *err = NULL;
    if (!kc_cluster_state_has(herder->config_state, args->connector))
        err = kc_error_new(KC_ERR_NOT_FOUND, "Unknown connector: %s", args->connector);
    else if (!kc_restart_plan_make(&plan, &restart, herder->status_store, type))
        err = kc_error_new(KC_ERR_NOT_FOUND, "Status for connector %s not found", args->connector);
    if (!err) {
        execute(herder, args->connector, &plan);
        args->result = json_incref(plan.state);
    }
    kc_restart_plan_clear(&plan);
    kc_request_complete(request, err);
}

static void run_stop(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    struct kc_error *err = NULL;
    if (!kc_cluster_state_has(herder->config_state, args->connector))
        err = kc_error_new(KC_ERR_NOT_FOUND, "Unknown connector %s", args->connector);
    if (!err)
        err = remove_tasks(herder, args->connector);
    if (!err)
        err = kc_config_store_put_target_state(herder->config_store, args->connector,
                                               KC_TARGET_STOPPED);
    kc_request_complete(request, err);
}

static void run_offsets(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (!known(herder, request, args->connector))
        return;
    args->config = kc_map_copy(kc_cluster_state_config(herder->config_state, args->connector));
    kc_request_complete(request, NULL);
}

static void run_ask(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (kc_herder_may_ask(herder, request, args))
        kc_herder_pass_question(herder, request, args);
}

static void run_alter_offsets(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (!known(herder, request, args->connector))
        return;
    if (kc_cluster_state_target(herder->config_state, args->connector) != KC_TARGET_STOPPED ||
        kc_cluster_state_task_count(herder->config_state, args->connector) != 0)
        kc_request_complete(request, kc_offsets_need_stopped(args->connector));
    else
        run_offsets(herder, request, data);
}

static void refuse_tasks(struct kc_herder *herder, struct kc_request *request, void *data)
{
    kc_request_complete(request,
                        kc_error_new(KC_ERR_CONNECT, "Kafka Connect in standalone mode does not "
                                                     "support externally setting task "
                                                     "configurations."));
}

static void refuse_fence(struct kc_herder *herder, struct kc_request *request, void *data)
{
    kc_request_complete(request,
                        kc_error_new(KC_ERR_CONNECT, "Kafka Connect in standalone mode does not "
                                                     "support exactly-once source connectors."));
}

static struct kc_error *set_log_level(struct kc_herder *herder, const char *name, const char *level)
{
    kc_herder_set_worker_log_level(name, level); /* this worker is the cluster */
    return NULL;
}

static struct kc_error *check_signature(struct kc_herder *herder,
                                        const struct kc_signature *signature)
{
    return NULL; /* refused for another reason */
}

/* ---- what the config store tells ---- */

static void run_target_state(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    kc_herder_update_state(herder);
    if (kc_cluster_state_has(herder->config_state, args->connector))
        kc_herder_apply_target_state(herder, args->connector);
    kc_request_complete(request, NULL);
}

static void on_target_state_changed(void *opaque, const char *connector)
{
    kc_herder_post(opaque, 0, run_target_state, kc_herder_args_new(connector));
}

static void ignore_connector(void *opaque, const char *connector)
{
}

static void ignore_key(void *opaque)
{
}

static void ignore_restart(void *opaque, const char *connector, bool include_tasks,
                           bool only_failed)
{
}

static void ignore_level(void *opaque, const char *name, const char *level)
{
}

/* Its own writes take effect within their request. Only pause and resume come from elsewhere. */
static const struct kc_config_listener config_listener = {
    .connector_updated = ignore_connector,
    .connector_removed = ignore_connector,
    .tasks_updated = ignore_connector,
    .target_state_changed = on_target_state_changed,
    .session_key_updated = ignore_key,
    .restart_requested = ignore_restart,
    .logger_level_updated = ignore_level,
};

/* ---- the thread ---- */

static struct kc_error *start(struct kc_herder *herder)
{
    struct kc_error *err = kc_herder_find_cluster_id(herder);
    return err ? err : kc_herder_start_stores(herder);
}

static struct kc_error *tick(struct kc_herder *herder)
{
    int64_t next_ms = INT64_MAX;
    kc_herder_run_requests(herder, &next_ms);
    /* The first tick makes the herder ready: it doesn't wait. */
    if (atomic_load(&herder->ready) && !atomic_load(&herder->stopping))
        kc_requests_wait(herder->requests, next_ms);
    return NULL;
}

static void halt(struct kc_herder *herder)
{
    struct kc_strings names = {0};
    struct kc_task_id *ids = NULL;
    size_t count = kc_worker_tasks(herder->worker, &ids);
    kc_worker_stop_tasks(herder->worker, ids, count);
    kc_worker_connectors(herder->worker, &names);
    kc_worker_stop_connectors(herder->worker, &names);
    kc_strings_destroy(&names);
    free(ids);
}

static void wakeup(struct kc_herder *herder)
{
    kc_requests_wakeup(herder->requests);
}

static void destroy(struct kc_herder *herder)
{
    free(herder);
}

static const kc_request_run requests[KC_REQUEST_COUNT] = {
    [KC_REQUEST_PING] = run_ping,
    [KC_REQUEST_INFO] = run_info,
    [KC_REQUEST_TASKS] = run_tasks,
    [KC_REQUEST_PUT] = run_put,
    [KC_REQUEST_PATCH] = run_patch,
    [KC_REQUEST_DELETE] = run_delete,
    [KC_REQUEST_RESTART_TASK] = run_restart_task,
    [KC_REQUEST_RESTART_CONNECTOR] = run_restart_connector,
    [KC_REQUEST_RESTART_PLAN] = run_restart_plan,
    [KC_REQUEST_STOP] = run_stop,
    [KC_REQUEST_OFFSETS] = run_offsets,
    [KC_REQUEST_ALTER_OFFSETS] = run_alter_offsets,
    [KC_REQUEST_PUT_TASKS] = refuse_tasks,
    [KC_REQUEST_FENCE] = refuse_fence,
    [KC_REQUEST_ASK] = run_ask,
};

static const struct kc_herder_ops ops = {
    .name = "StandaloneHerder",
    .start = start,
    .tick = tick,
    .halt = halt,
    .wakeup = wakeup,
    .destroy = destroy,
    .publish_tasks = publish_tasks,
    .set_log_level = set_log_level,
    .check_signature = check_signature,
    .requests = requests,
};

static const struct kc_worker_listener worker_listener = {
    .state_changed = kc_herder_state_changed,
    .reconfiguration_requested = kc_herder_reconfiguration_requested,
    .topic_used = kc_herder_topic_used,
};

struct kc_error *kc_herder_standalone_new(const struct kc_herder_settings *settings,
                                          struct kc_herder **result)
{
    struct kc_herder *herder = kc_calloc(1, sizeof(*herder));
    kc_herder_init(herder, &ops, settings);
    struct kc_herder_parts parts = {0};
    struct kc_error *err = kc_offset_store_file_new(
        kc_config_string(settings->config->values, "offset.storage.file.filename"), &parts.offsets);
    if (!err) {
        parts.config_store = kc_config_store_memory_new(&config_listener, herder);
        parts.status_store = kc_status_store_memory_new();
        err = kc_herder_equip(herder, &parts, &worker_listener);
    }
    if (err)
        kc_herder_destroy(herder);
    else
        *result = herder;
    return err;
}
