/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REST's requests in the distributed herder, each in Java's order of checks: pending rebalance,
 * leadership, existence. Tick thread only.
 */
#include "base/wrong_target.h"
#include "herder/distributed_priv.h"
#include "herder/entities_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- checks ---- */

/* Ends request and returns false when a rebalance is expected (checkRebalanceNeeded). */
static bool settled(struct kc_distributed *herder, struct kc_request *request)
{
    if (!kc_distributed_rebalance_pending(herder))
        return true;
    kc_request_complete(request,
                        kc_error_new(KC_ERR_REBALANCE_NEEDED, "Request cannot be completed because "
                                                              "a rebalance is expected"));
    return false;
}

static bool leads(struct kc_distributed *herder, struct kc_request *request, const char *why)
{
    if (kc_distributed_is_leader(herder))
        return true;
    kc_request_complete(request, kc_distributed_not_leader(herder, why));
    return false;
}

static bool has(struct kc_herder *herder, const char *connector)
{
    return kc_cluster_state_has(herder->config_state, connector);
}

static bool found(struct kc_herder *herder, struct kc_request *request, const char *connector)
{
    if (has(herder, connector))
        return true;
    kc_request_complete(request, kc_connector_not_found(connector));
    return false;
}

static struct kc_error *unknown(const char *connector)
{
    return kc_error_new(KC_ERR_NOT_FOUND, "Unknown connector: %s", connector);
}

/* ---- reads ---- */

static void run_ping(struct kc_herder *base, struct kc_request *request, void *data)
{
    kc_request_complete(request, NULL);
}

static void run_info(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (!settled(kc_distributed_of(base), request) || !found(base, request, args->connector))
        return;
    /* Like Java, from a snapshot that may be newer than the herder's. */
    struct kc_cluster_state *state = kc_config_store_snapshot(base->config_store);
    args->result = kc_connector_info_json(state, base->plugins, args->connector, NULL);
    kc_cluster_state_unref(state);
    kc_request_complete(request, args->result ? NULL : kc_connector_not_found(args->connector));
}

static void run_tasks(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (!settled(kc_distributed_of(base), request) || !found(base, request, args->connector))
        return;
    args->result = kc_task_infos_json(base->config_state, args->connector);
    kc_request_complete(request, NULL);
}

/* ---- configurations ---- */

/* The error for a connector that this herder still has. If it is gone from the config topic, GET no
 * longer shows it, and the herder will follow in a moment. */
static struct kc_error *exists_already(struct kc_herder *base, const char *connector)
{
    struct kc_cluster_state *newest = kc_config_store_snapshot(base->config_store);
    bool listed = kc_cluster_state_has(newest, connector);
    kc_cluster_state_unref(newest);
    return listed ? kc_error_new(KC_ERR_CONFLICT, "Connector %s already exists", connector)
                  : kc_error_new(KC_ERR_STALE_CONFIG, "Connector %s is being deleted", connector);
}

static void run_put(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    if (!leads(herder, request, "Only the leader can set connector configs."))
        return;
    bool exists = has(base, args->connector);
    if (exists && !args->allow_replace) {
        kc_request_complete(request, exists_already(base, args->connector));
        return;
    }
    kc_stage_begin(&base->stage, "writing a config for connector %s to the config topic",
                   args->connector);
    struct kc_error *err = kc_distributed_wrote(
        herder, kc_config_store_put_connector(base->config_store, args->connector, args->config,
                                              args->state));
    kc_stage_end(&base->stage);
    if (!err) {
        args->created = !exists;
        args->result = kc_connector_info_json(base->config_state, base->plugins, args->connector,
                                              args->config);
    }
    kc_request_complete(request, err);
}

static void run_patch(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    if (!leads(kc_distributed_of(base), request, "Only the leader can set connector configs."))
        return;
    struct kc_cluster_state *state = kc_config_store_snapshot(base->config_store);
    const struct kc_map *config = kc_cluster_state_config(state, args->connector);
    if (config) {
        struct kc_map *patched = kc_config_patch(config, args->config);
        kc_map_destroy(args->config);
        args->config = patched;
    }
    kc_request_complete(request, config ? NULL : kc_connector_not_found(args->connector));
    kc_cluster_state_unref(state);
}

static void run_delete(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    if (!leads(herder, request, "Only the leader can delete connector configs.") ||
        !found(base, request, args->connector))
        return;
    kc_stage_begin(&base->stage, "removing the config for connector %s from the config topic",
                   args->connector);
    struct kc_error *err = kc_distributed_wrote(
        herder, kc_config_store_remove_connector(base->config_store, args->connector));
    kc_stage_end(&base->stage);
    kc_request_complete(request, err);
}

static void run_put_tasks(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    if (!leads(herder, request, "Only the leader may write task configurations.") ||
        !found(base, request, args->connector))
        return;
    kc_request_complete(request,
                        kc_distributed_write_tasks(herder, args->connector, &args->configs));
}

/* ---- states ---- */

/* First no tasks, then STOPPED: if the second write fails, the cluster is still consistent. */
static void run_stop(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    struct kc_maps none = {0};
    if (!has(base, args->connector)) {
        kc_request_complete(
            request, kc_error_new(KC_ERR_NOT_FOUND, "Unknown connector %s", args->connector));
        return;
    }
    if (!leads(herder, request, "Only the leader can transition connectors to the STOPPED state."))
        return;
    struct kc_error *err = kc_distributed_write_tasks(herder, args->connector, &none);
    if (!err) {
        kc_stage_begin(&base->stage,
                       "writing the STOPPED target stage for connector %s to the config topic",
                       args->connector);
        err = kc_config_store_put_target_state(base->config_store, args->connector,
                                               KC_TARGET_STOPPED);
        kc_stage_end(&base->stage);
    }
    if (!err)
        kc_distributed_refresh(herder); /* a failure has been logged; the state is written */
    kc_request_complete(request, err);
}

static void run_restart_connector(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    if (!settled(herder, request))
        return;
    if (!has(base, args->connector)) {
        kc_request_complete(request, unknown(args->connector));
    } else if (kc_work_has_connector(&herder->assignment.work, args->connector)) {
        kc_stage_begin(&base->stage, "stopping restarted connector %s", args->connector);
        kc_herder_stop_one(base, args->connector);
        kc_stage_end(&base->stage);
        kc_herder_start_connector(base, args->connector, kc_request_ref(request));
    } else if (leads(herder, request, "Only the leader can process restart requests.")) {
        char *url =
            herder->member->ops->owner_url(herder->member, args->connector, KC_CONNECTOR_STATUS);
        kc_request_complete(request,
                            kc_error_wrong_target_new(url, "Cannot restart connector since it is "
                                                           "not assigned to this member"));
        free(url);
    }
}

static struct kc_error *restart_task_here(struct kc_herder *base, struct kc_task_id id)
{
    kc_stage_begin(&base->stage, "restarting task %s-%d", id.connector, id.task);
    kc_worker_stop_tasks(base->worker, &id, 1);
    struct kc_error *err = kc_herder_start_task(base, id.connector, id.task);
    kc_stage_end(&base->stage);
    if (!err)
        return NULL;
    return kc_error_caused(
        kc_error_new(KC_ERR_CONNECT, "Failed to start task: %s-%d", id.connector, id.task), err);
}

static void run_restart_task(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    if (!settled(herder, request))
        return;
    if (!has(base, args->connector)) {
        kc_request_complete(request, unknown(args->connector));
    } else if (!kc_cluster_state_task_config(base->config_state, args->connector, args->task)) {
        kc_request_complete(request, kc_error_new(KC_ERR_NOT_FOUND, "Unknown task: %s-%d",
                                                  args->connector, args->task));
    } else if (kc_work_has_task(&herder->assignment.work, args->connector, args->task)) {
        struct kc_task_id id = {args->connector, args->task};
        kc_request_complete(request, restart_task_here(base, id));
    } else if (leads(herder, request,
                     "Cannot restart task since it is not assigned to this member")) {
        char *url = herder->member->ops->owner_url(herder->member, args->connector, args->task);
        kc_request_complete(request,
                            kc_error_wrong_target_new(url, "Cannot restart task since it is not "
                                                           "assigned to this member"));
        free(url);
    }
}

static struct kc_error *request_restart(struct kc_herder *base, struct kc_herder_args *args)
{
    struct kc_restart_request restart = {args->connector, args->include_tasks, args->only_failed};
    struct kc_restart_plan plan;
    const char *type = kc_connector_type(
        base->plugins, kc_cluster_state_config(base->config_state, args->connector));
    kc_stage_begin(&base->stage, "writing restart request for connector %s to the config topic",
                   args->connector);
    struct kc_error *err =
        kc_distributed_wrote(kc_distributed_of(base),
                             kc_config_store_put_restart(base->config_store, args->connector,
                                                         args->include_tasks, args->only_failed));
    kc_stage_end(&base->stage);
    if (err)
        return err;
    if (!kc_restart_plan_make(&plan, &restart, base->status_store, type))
        return kc_error_new(KC_ERR_NOT_FOUND, "Status for connector %s not found", args->connector);
    args->result = json_incref(plan.state);
    kc_restart_plan_clear(&plan);
    return NULL;
}

static void run_restart_plan(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    if (!settled(herder, request))
        return;
    if (!has(base, args->connector))
        kc_request_complete(request, unknown(args->connector));
    else if (leads(herder, request, "Only the leader can process restart requests."))
        kc_request_complete(request, request_restart(base, args));
}

/* ---- questions ---- */

/* Only the leader knows the owner, so other workers name the leader. */
static void run_ask(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    if (!settled(herder, request) || !kc_herder_may_ask(base, request, args))
        return;
    if (kc_work_has_connector(&herder->assignment.work, args->connector)) {
        kc_herder_pass_question(base, request, args);
    } else if (leads(herder, request, "Only the leader knows which worker owns a connector.")) {
        char *url =
            herder->member->ops->owner_url(herder->member, args->connector, KC_CONNECTOR_STATUS);
        kc_request_complete(request,
                            kc_error_wrong_target_new(url, "The connector is not assigned to this "
                                                           "member"));
        free(url);
    }
}

/* ---- offsets ---- */

static void run_offsets(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    struct kc_cluster_state *state = kc_config_store_snapshot(base->config_store);
    const struct kc_map *config = kc_cluster_state_config(state, args->connector);
    if (config)
        args->config = kc_map_copy(config);
    kc_request_complete(request, config ? NULL : kc_connector_not_found(args->connector));
    kc_cluster_state_unref(state);
}

/* After this the caller's thread changes the offsets. Exactly-once sources are fenced first, and
 * then this runs again. */
static void run_alter_offsets(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    if (!settled(herder, request) ||
        !leads(herder, request,
               "Only the leader can process external offsets modification "
               "requests"))
        return;
    if (!kc_distributed_refresh(herder)) {
        kc_request_complete(request,
                            kc_error_new(KC_ERR_CONNECT, "Failed to read to end of config topic "
                                                         "before modifying connector offsets"));
        return;
    }
    if (!found(base, request, args->connector))
        return;
    if (kc_cluster_state_target(base->config_state, args->connector) != KC_TARGET_STOPPED ||
        kc_cluster_state_task_count(base->config_state, args->connector) != 0) {
        kc_request_complete(request, kc_offsets_need_stopped(args->connector));
        return;
    }
    args->needs_fencing = herder->exactly_once && kc_distributed_is_source(herder, args->connector);
    args->config = kc_map_copy(kc_cluster_state_config(base->config_state, args->connector));
    kc_request_complete(request, NULL);
}

const kc_request_run kc_distributed_requests[KC_REQUEST_COUNT] = {
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
    [KC_REQUEST_PUT_TASKS] = run_put_tasks,
    [KC_REQUEST_FENCE] = kc_distributed_run_fence,
    [KC_REQUEST_ASK] = run_ask,
};
