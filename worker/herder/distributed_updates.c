/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles changes of the config topic (ConfigUpdateListener and the second half of a tick). The
 * listener runs on the config store's thread and only stages them.
 */
#include "base/logging.h"
#include "connect/log.h"
#include "herder/distributed_priv.h"
#include "herder/entities_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.DistributedHerder");

/* ---- staging: the config store's thread ---- */

static void stage(struct kc_strings *names, const char *name)
{
    if (!kc_strings_contain(names, name))
        kc_strings_add(names, name);
}

static void wake(struct kc_distributed *herder)
{
    herder->member->ops->wakeup(herder->member);
}

static void stage_connector(struct kc_distributed *herder, const char *connector,
                            bool rebalance_if_known)
{
    pthread_mutex_lock(&herder->base.lock);
    bool known =
        herder->base.config_state && kc_cluster_state_has(herder->base.config_state, connector);
    if (known == rebalance_if_known)
        herder->staged.needs_rebalance = true;
    else
        stage(&herder->staged.connectors, connector);
    pthread_mutex_unlock(&herder->base.lock);
    wake(herder);
}

static void on_connector_updated(void *opaque, const char *connector)
{
    kc_info("Connector %s config updated", connector);
    stage_connector(opaque, connector, false);
}

static void on_connector_removed(void *opaque, const char *connector)
{
    kc_info("Connector %s config removed", connector);
    stage_connector(opaque, connector, true);
}

static void on_tasks_updated(void *opaque, const char *connector)
{
    struct kc_distributed *herder = opaque;
    kc_info("Tasks of connector %s: configs updated", connector);
    pthread_mutex_lock(&herder->base.lock);
    stage(&herder->staged.tasks, connector);
    kc_distributed_cancel_fencing(herder, connector);
    pthread_mutex_unlock(&herder->base.lock);
    wake(herder);
}

static void on_target_state_changed(void *opaque, const char *connector)
{
    struct kc_distributed *herder = opaque;
    kc_info("Connector %s target state change", connector);
    pthread_mutex_lock(&herder->base.lock);
    stage(&herder->staged.target_states, connector);
    pthread_mutex_unlock(&herder->base.lock);
    wake(herder);
}

/* Keeps the restart with the highest impact for each connector. Lock held. */
static void stage_restart(struct kc_staged_updates *staged,
                          const struct kc_restart_request *request)
{
    for (size_t i = 0; i < staged->restart_count; i++) {
        struct kc_restart_request *known = &staged->restarts[i];
        if (strcmp(known->connector, request->connector) != 0)
            continue;
        if (kc_restart_impact(request) > kc_restart_impact(known)) {
            known->include_tasks = request->include_tasks;
            known->only_failed = request->only_failed;
        }
        return;
    }
    staged->restarts =
        kc_realloc(staged->restarts, (staged->restart_count + 1) * sizeof(*staged->restarts));
    staged->restarts[staged->restart_count++] = (struct kc_restart_request){
        kc_strdup(request->connector), request->include_tasks, request->only_failed};
}

static void on_restart_requested(void *opaque, const char *connector, bool include_tasks,
                                 bool only_failed)
{
    struct kc_distributed *herder = opaque;
    struct kc_restart_request request = {(char *)connector, include_tasks, only_failed};
    kc_info("Received a request to restart connector %s (includeTasks=%d, onlyFailed=%d)",
            connector, include_tasks, only_failed);
    pthread_mutex_lock(&herder->base.lock);
    stage_restart(&herder->staged, &request);
    pthread_mutex_unlock(&herder->base.lock);
    wake(herder);
}

static void on_logger_level_updated(void *opaque, const char *name, const char *level)
{
    kc_herder_set_worker_log_level(name, level);
}

const struct kc_config_listener kc_distributed_config_listener = {
    .connector_updated = on_connector_updated,
    .connector_removed = on_connector_removed,
    .tasks_updated = on_tasks_updated,
    .target_state_changed = on_target_state_changed,
    .session_key_updated = kc_distributed_session_key_updated,
    .restart_requested = on_restart_requested,
    .logger_level_updated = on_logger_level_updated,
};

void kc_staged_updates_clear(struct kc_staged_updates *staged)
{
    kc_strings_destroy(&staged->connectors);
    kc_strings_destroy(&staged->target_states);
    kc_strings_destroy(&staged->tasks);
    for (size_t i = 0; i < staged->restart_count; i++)
        free(staged->restarts[i].connector);
    free(staged->restarts);
    *staged = (struct kc_staged_updates){0};
}

/* ---- acting: the tick thread ---- */

/* Takes everything except the restarts. The eager protocol drops the rest if a rebalance comes
 * anyway. */
static bool take_staged(struct kc_distributed *herder, struct kc_staged_updates *taken)
{
    bool eager = atomic_load(&herder->protocol_version) == 0;
    pthread_mutex_lock(&herder->base.lock);
    struct kc_staged_updates *staged = &herder->staged;
    *taken = *staged;
    taken->restarts = NULL;
    taken->restart_count = 0;
    staged->needs_rebalance = false;
    staged->connectors = staged->target_states = staged->tasks = (struct kc_strings){0};
    pthread_mutex_unlock(&herder->base.lock);
    bool any = taken->needs_rebalance || taken->connectors.count || taken->target_states.count ||
               taken->tasks.count;
    if (any)
        kc_herder_update_state(&herder->base);
    if (eager && (taken->needs_rebalance || taken->tasks.count > 0)) {
        kc_staged_updates_clear(taken);
        taken->needs_rebalance = true;
    }
    return any;
}

/* Whether a connector came or went since the snapshot of the last rebalance. If so, it needs
 * another rebalance, whichever snapshot the listener saw. */
static bool came_or_went(const struct kc_distributed *herder, const char *connector)
{
    bool is = kc_cluster_state_has(herder->base.config_state, connector);
    bool was = herder->joined_state && kc_cluster_state_has(herder->joined_state, connector);
    return is != was;
}

static void update_connectors(struct kc_distributed *herder, const struct kc_strings *names)
{
    struct kc_herder *base = &herder->base;
    for (size_t i = 0; i < names->count; i++) {
        const char *connector = names->items[i];
        if (!kc_work_has_connector(&herder->assignment.work, connector))
            continue;
        bool remains = kc_cluster_state_has(base->config_state, connector);
        /* One that goes by a rebalance is stopped by its revocation. */
        if (!remains && came_or_went(herder, connector))
            continue;
        kc_info("Handling connector-only config update by %s connector %s",
                remains ? "restarting" : "stopping", connector);
        kc_stage_begin(&base->stage, "stopping connector %s", connector);
        kc_herder_stop_one(base, connector);
        kc_stage_end(&base->stage);
        if (remains)
            kc_herder_start_connector(base, connector, NULL);
    }
}

static void update_target_states(struct kc_distributed *herder, const struct kc_strings *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (kc_cluster_state_has(herder->base.config_state, names->items[i]))
            kc_herder_apply_target_state(&herder->base, names->items[i]);
        else
            kc_debug("Received target state change for unknown connector: %s", names->items[i]);
    }
}

static void stop_reconfigured_tasks(struct kc_distributed *herder, const struct kc_strings *names)
{
    const struct kc_work *assigned = &herder->assignment.work;
    struct kc_task_id *ids = kc_calloc(assigned->task_count, sizeof(*ids));
    size_t count = 0;
    for (size_t i = 0; i < assigned->task_count; i++) {
        const struct kc_work_task *task = &assigned->tasks[i];
        if (!kc_strings_contain(names, task->connector))
            continue;
        ids[count++] = (struct kc_task_id){task->connector, task->task};
        kc_work_add_task(&herder->to_restart, task->connector, task->task);
    }
    if (count > 0) {
        kc_info("Handling task config update by stopping %zu tasks, which will be restarted after "
                "rebalance if still assigned to this worker",
                count);
        kc_stage_begin(&herder->base.stage, "stopping %zu reconfigured tasks", count);
        kc_worker_stop_tasks(herder->base.worker, ids, count);
        kc_stage_end(&herder->base.stage);
    }
    free(ids);
}

/* Exactly-once tasks are fenced together, so they also begin together. */
static bool may_grow(struct kc_distributed *herder, const struct kc_strings *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *connector = names->items[i];
        if (!herder->tasks_state ||
            (herder->exactly_once && kc_distributed_is_source(herder, connector)) ||
            !kc_task_configs_grow(herder->tasks_state, herder->base.config_state, connector))
            return false;
    }
    return true;
}

static bool config_changed(const struct kc_distributed *herder, const struct kc_work_task *task)
{
    const struct kc_map *was =
        kc_cluster_state_task_config(herder->tasks_state, task->connector, task->task);
    const struct kc_map *is =
        kc_cluster_state_task_config(herder->base.config_state, task->connector, task->task);
    return was && is && !kc_map_equal(was, is);
}

/* Restarts the tasks here whose own configs have changed; all others run on. */
static void grow_tasks(struct kc_distributed *herder, const struct kc_strings *names)
{
    const struct kc_work *assigned = &herder->assignment.work;
    struct kc_herder *base = &herder->base;
    struct kc_task_id *ids = kc_calloc(assigned->task_count, sizeof(*ids));
    size_t count = 0;
    for (size_t i = 0; i < assigned->task_count; i++) {
        const struct kc_work_task *task = &assigned->tasks[i];
        if (kc_strings_contain(names, task->connector) && config_changed(herder, task))
            ids[count++] = (struct kc_task_id){task->connector, task->task};
    }
    kc_info("Handling task config update without a rebalance: %zu tasks here take up more work",
            count);
    kc_stage_begin(&base->stage, "restarting %zu reconfigured tasks", count);
    kc_worker_stop_tasks(base->worker, ids, count);
    for (size_t i = 0; i < count; i++) {
        struct kc_error *err = kc_herder_start_task(base, ids[i].connector, ids[i].task);
        if (err)
            kc_log_error("Task %s-%d could not be started again: %s", ids[i].connector, ids[i].task,
                         kc_error_text(err));
        kc_error_destroy(err);
    }
    kc_stage_end(&base->stage);
    free(ids);
    kc_cluster_state_unref(herder->tasks_state);
    herder->tasks_state = kc_cluster_state_ref(base->config_state);
}

bool kc_distributed_update(struct kc_distributed *herder)
{
    struct kc_staged_updates taken = {0};
    if (!take_staged(herder, &taken))
        return false;
    bool rebalance = taken.needs_rebalance;
    for (size_t i = 0; i < taken.connectors.count && !rebalance; i++)
        rebalance = came_or_went(herder, taken.connectors.items[i]);
    rebalance = rebalance || !may_grow(herder, &taken.tasks);
    if (rebalance)
        kc_distributed_rejoin(herder, "connectors or tasks have changed");
    update_connectors(herder, &taken.connectors);
    update_target_states(herder, &taken.target_states);
    if (rebalance)
        stop_reconfigured_tasks(herder, &taken.tasks);
    else if (taken.tasks.count > 0)
        grow_tasks(herder, &taken.tasks);
    kc_staged_updates_clear(&taken);
    return rebalance;
}

/* ---- restarts ---- */

/* Marks and stops those of the plan's connector and tasks that this worker has. Returns the number
 * of tasks. */
static size_t stop_planned(struct kc_distributed *herder, const char *connector,
                           const struct kc_restart_plan *plan, bool restart_connector,
                           struct kc_task_id *ids)
{
    struct kc_herder *base = &herder->base;
    if (restart_connector) {
        kc_stage_begin(&base->stage, "stopping to-be-restarted connector %s", connector);
        kc_herder_stop_one(base, connector);
        kc_stage_end(&base->stage);
        kc_herder_put_status(base, connector, KC_CONNECTOR_STATUS, KC_STATE_RESTARTING);
    }
    size_t count = 0;
    for (size_t i = 0; i < plan->task_count; i++)
        if (kc_work_has_task(&herder->assignment.work, connector, plan->tasks[i]))
            ids[count++] = (struct kc_task_id){connector, plan->tasks[i]};
    kc_stage_begin(&base->stage, "stopping %zu to-be-restarted tasks for connector %s", count,
                   connector);
    kc_worker_stop_tasks(base->worker, ids, count);
    kc_stage_end(&base->stage);
    for (size_t i = 0; i < count; i++)
        kc_herder_put_status(base, connector, ids[i].task, KC_STATE_RESTARTING);
    return count;
}

static void run_restart(struct kc_distributed *herder, const struct kc_restart_request *request)
{
    struct kc_herder *base = &herder->base;
    struct kc_restart_plan plan;
    const char *connector = request->connector;
    const char *type =
        kc_connector_type(base->plugins, kc_cluster_state_config(base->config_state, connector));
    if (!kc_restart_plan_make(&plan, request, base->status_store, type)) {
        kc_debug("Skipping restart of connector '%s' since no status is available", connector);
        return;
    }
    bool with_connector =
        plan.restart_connector && kc_work_has_connector(&herder->assignment.work, connector);
    struct kc_task_id *ids = kc_calloc(plan.task_count, sizeof(*ids));
    size_t count = stop_planned(herder, connector, &plan, with_connector, ids);
    if (with_connector)
        kc_herder_start_connector(base, connector, NULL);
    for (size_t i = 0; i < count; i++) {
        struct kc_error *err = kc_herder_start_task(base, connector, ids[i].task);
        if (err)
            kc_log_error("Task '%s-%d' restart failed: %s", connector, ids[i].task,
                         kc_error_text(err));
        kc_error_destroy(err);
    }
    kc_info("Restarted connector %s here: %s, %zu of %zu tasks", connector,
            with_connector ? "itself" : "not itself", count, plan.task_count);
    free(ids);
    kc_restart_plan_clear(&plan);
}

void kc_distributed_run_restarts(struct kc_distributed *herder)
{
    struct kc_staged_updates taken = {0};
    pthread_mutex_lock(&herder->base.lock);
    taken.restarts = herder->staged.restarts;
    taken.restart_count = herder->staged.restart_count;
    herder->staged.restarts = NULL;
    herder->staged.restart_count = 0;
    pthread_mutex_unlock(&herder->base.lock);
    for (size_t i = 0; i < taken.restart_count; i++) {
        kc_stage_begin(&herder->base.stage, "handling restart request for connector %s",
                       taken.restarts[i].connector);
        run_restart(herder, &taken.restarts[i]);
        kc_stage_end(&herder->base.stage);
    }
    kc_staged_updates_clear(&taken);
}
