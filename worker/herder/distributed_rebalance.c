/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles a distributed herder's assignments: stops what is revoked, agrees on the config offset,
 * starts what is new (RebalanceListener and handleRebalanceCompleted). Tick thread only.
 */
#include "connect/log.h"
#include "herder/distributed_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.DistributedHerder");

enum { BACKOFF_RETRIES = 5, STATUS_FLUSH_MS = 5000 };

/* ---- the membership's listener ---- */

static struct kc_cluster_state *snapshot(void *opaque)
{
    struct kc_herder *herder = opaque;
    return kc_config_store_snapshot(herder->config_store);
}

/* Classes of Isthmus's own, such as links; those of others' plugins may be Java's as well. */
static bool is_native(void *opaque, const struct kc_map *config)
{
    static const char own[] = "org.isthmus.";
    const struct kc_herder *herder = opaque;
    const char *name = config ? kc_map_get(config, "connector.class") : NULL;
    const struct kc_plugin *plugin =
        name ? kc_plugins_find(herder->plugins, name, KC_CONNECTOR_KINDS) : NULL;
    return plugin && strncmp(plugin->class_name, own, strlen(own)) == 0;
}

static void delete_connector_statuses(struct kc_herder *herder,
                                      const struct kc_cluster_state *state,
                                      const struct kc_strings *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *connector = names->items[i];
        if (!kc_cluster_state_has(state, connector)) {
            kc_debug("Cleaning status information for connector %s", connector);
            kc_herder_delete_statuses(herder, connector);
            continue;
        }
        int *tasks = NULL;
        size_t count = kc_status_store_tasks(herder->status_store, connector, true, &tasks);
        for (size_t j = 0; j < count; j++)
            if (tasks[j] >= kc_cluster_state_task_count(state, connector))
                kc_herder_put_status(herder, connector, tasks[j], KC_STATE_DESTROYED);
        free(tasks);
    }
}

/* Statuses of connectors and tasks that were removed before this rebalance. */
static void clean_statuses(struct kc_herder *herder)
{
    struct kc_cluster_state *state = kc_config_store_snapshot(herder->config_store);
    struct kc_strings names = {0};
    kc_status_store_connectors(herder->status_store, &names);
    delete_connector_statuses(herder, state, &names);
    kc_strings_destroy(&names);
    kc_cluster_state_unref(state);
}

static void become_leader(struct kc_distributed *herder)
{
    clean_statuses(&herder->base);
    struct kc_error *err = kc_config_store_claim_write_privileges(herder->base.config_store);
    if (!err)
        return;
    herder->fenced = true;
    kc_log_error(
        "Unable to claim write privileges for config topic after being elected leader during "
        "rebalance: %s",
        kc_error_text(err));
    kc_error_destroy(err);
}

static void note_protocol(struct kc_distributed *herder)
{
    int now = herder->member->ops->protocol_version(herder->member);
    int before = atomic_exchange(&herder->protocol_version, now);
    if (before < 2 && now >= 2)
        kc_info("Internal request validation has been re-enabled");
    if (before >= 2 && now < 2)
        kc_warn("The protocol used by this Connect cluster has been downgraded to version %d and "
                "internal request validation is now disabled. This is most likely caused by a new "
                "worker joining the cluster with an older protocol specified for the "
                "connect.protocol configuration; if this is not intentional, change it to "
                "'sessioned' there",
                now);
}

static void on_assigned(void *opaque, const struct kc_assignment *assignment, int generation)
{
    struct kc_distributed *herder = opaque;
    note_protocol(herder);
    char *work = kc_work_print(&assignment->work);
    char *revoked = kc_work_print(&assignment->revoked);
    kc_info("Joined group at generation %d with protocol version %d and got assignment: error %d, "
            "leader %s (%s), offset %lld, %s, revoked %s with rebalance delay: %d",
            generation, atomic_load(&herder->protocol_version), assignment->error,
            assignment->leader, assignment->leader_url, (long long)assignment->offset, work,
            revoked, assignment->delay_ms);
    free(work);
    free(revoked);
    kc_assignment_copy(&herder->assignment, assignment);
    kc_distributed_note_assignment(herder);
    atomic_store(&herder->base.generation, generation);
    herder->scheduled_rebalance_ms =
        assignment->delay_ms > 0 ? kc_mono_ms() + assignment->delay_ms : INT64_MAX;
    herder->rebalance_resolved = false;
    if (kc_distributed_is_leader(herder))
        become_leader(herder);
    herder->member->ops->wakeup(herder->member);
}

static void forget_topics(struct kc_distributed *herder, const struct kc_work *work)
{
    struct kc_herder *base = &herder->base;
    struct kc_strings names = {0};
    if (!base->topic_tracking)
        return;
    kc_strings_copy(&names, &work->connectors);
    for (size_t i = 0; i < work->task_count; i++)
        if (!kc_strings_contain(&names, work->tasks[i].connector))
            kc_strings_add(&names, work->tasks[i].connector);
    struct kc_cluster_state *state = kc_config_store_snapshot(base->config_store);
    for (size_t i = 0; i < names.count; i++)
        if (!kc_cluster_state_has(state, names.items[i]))
            kc_status_store_reset_topics(base->status_store, names.items[i]);
    kc_cluster_state_unref(state);
    kc_strings_destroy(&names);
}

static void stop_work(struct kc_distributed *herder, const struct kc_work *work)
{
    struct kc_herder *base = &herder->base;
    kc_stage_begin(&base->stage, "stopping %zu and %zu tasks", work->connectors.count,
                   work->task_count);
    kc_worker_stop_connectors(base->worker, &work->connectors);
    struct kc_task_id *ids = kc_calloc(work->task_count, sizeof(*ids));
    for (size_t i = 0; i < work->task_count; i++)
        ids[i] = (struct kc_task_id){work->tasks[i].connector, work->tasks[i].task};
    kc_worker_stop_tasks(base->worker, ids, work->task_count);
    free(ids);
    kc_stage_end(&base->stage);
    kc_info("Finished stopping tasks in preparation for rebalance");
}

static void on_revoked(void *opaque, const struct kc_work *work)
{
    struct kc_distributed *herder = opaque;
    if (!herder->rebalance_resolved && atomic_load(&herder->protocol_version) == 0) {
        kc_info("Wasn't able to resume work after last rebalance, can skip stopping connectors and "
                "tasks");
        return;
    }
    stop_work(herder, work);
    kc_work_remove_all(&herder->running, work);
    forget_topics(herder, work);
    /* Else a late status would overwrite that of the next owner. */
    kc_stage_begin(&herder->base.stage, "flushing updates to the status topic");
    kc_status_store_flush(herder->base.status_store, STATUS_FLUSH_MS);
    kc_stage_end(&herder->base.stage);
}

static void on_poll_timeout(void *opaque)
{
    struct kc_herder *herder = opaque;
    char *stage = kc_stage_summary(&herder->stage);
    kc_warn("worker poll timeout has expired. %s Consider increasing rebalance.timeout.ms, which "
            "also is the time for each worker to join the group once a rebalance has begun",
            stage);
    free(stage);
}

const struct kc_membership_listener kc_distributed_membership_listener = {
    .snapshot = snapshot,
    .is_native = is_native,
    .assigned = on_assigned,
    .revoked = on_revoked,
    .poll_timeout = on_poll_timeout,
};

/* ---- starting work ---- */

static void start_task(struct kc_herder *herder, const struct kc_work_task *task)
{
    struct kc_error *err = kc_herder_start_task(herder, task->connector, task->task);
    if (!err)
        return;
    /* As Java's onFailure; nothing is reported for a deleted connector. */
    if (kc_cluster_state_config(herder->config_state, task->connector))
        kc_herder_state_changed(herder, task->connector, task->task, KC_STATE_FAILED,
                                kc_error_text(err), NULL);
    kc_log_error(
        "Couldn't instantiate task %s-%d. This task will not execute until reconfigured: %s",
        task->connector, task->task, kc_error_text(err));
    kc_error_destroy(err);
}

static void remember_joined_state(struct kc_distributed *herder)
{
    kc_cluster_state_unref(herder->joined_state);
    kc_cluster_state_unref(herder->tasks_state);
    herder->joined_state = kc_cluster_state_ref(herder->base.config_state);
    herder->tasks_state = kc_cluster_state_ref(herder->base.config_state);
}

/* A worker that was away, for example frozen, keeps work that it is given again. Meanwhile other
 * workers have reported having it and giving it up, so this worker reports it anew. (In Java the
 * others' reports stay.) */
static void claim_kept(struct kc_distributed *herder, const struct kc_work *fresh)
{
    struct kc_herder *base = &herder->base;
    int generation = atomic_load(&base->generation);
    struct kc_work kept = {0};
    kc_work_copy(&kept, &herder->assignment.work);
    kc_work_remove_all(&kept, fresh);
    for (size_t i = 0; i < kept.connectors.count; i++)
        kc_status_store_claim(base->status_store, kept.connectors.items[i], KC_CONNECTOR_STATUS,
                              generation);
    for (size_t i = 0; i < kept.task_count; i++)
        kc_status_store_claim(base->status_store, kept.tasks[i].connector, kept.tasks[i].task,
                              generation);
    kc_work_clear(&kept);
}

static void start_work(struct kc_distributed *herder)
{
    struct kc_herder *base = &herder->base;
    kc_info("Starting connectors and tasks using config offset %lld",
            (long long)herder->assignment.offset);
    struct kc_work fresh = {0};
    kc_work_remove_all(&herder->running, &herder->to_restart);
    kc_work_clear(&herder->to_restart);
    kc_work_copy(&fresh, &herder->assignment.work);
    kc_work_remove_all(&fresh, &herder->running);
    claim_kept(herder, &fresh);
    kc_stage_begin(&base->stage, "starting %zu connector(s) and task(s) after a rebalance",
                   fresh.connectors.count + fresh.task_count);
    for (size_t i = 0; i < fresh.connectors.count; i++)
        kc_herder_start_connector(base, fresh.connectors.items[i], NULL);
    for (size_t i = 0; i < fresh.task_count; i++)
        start_task(base, &fresh.tasks[i]);
    kc_stage_end(&base->stage);
    kc_work_clear(&fresh);
    if (atomic_load(&herder->protocol_version) == 0)
        kc_work_clear(&herder->running);
    else
        kc_work_copy(&herder->running, &herder->assignment.work);
    remember_joined_state(herder);
    kc_info("Finished starting connectors and tasks");
}

/* ---- agreeing on the config offset ---- */

bool kc_distributed_read_configs(struct kc_distributed *herder)
{
    kc_info("Reading to end of config log; current config state offset: %lld",
            (long long)kc_cluster_state_offset(herder->base.config_state));
    if (kc_distributed_refresh(herder)) {
        herder->backoff_retries = BACKOFF_RETRIES;
        return true;
    }
    herder->member->ops->leave(herder->member, "taking too long to read the log");
    kc_distributed_sleep(herder, herder->unsync_backoff_ms);
    return false;
}

static bool lags(const struct kc_distributed *herder)
{
    return kc_cluster_state_offset(herder->base.config_state) < herder->assignment.offset;
}

static bool needs_reading(const struct kc_distributed *herder)
{
    if (herder->assignment.error == KC_ASSIGNMENT_OK) {
        if (lags(herder))
            kc_warn("Catching up to assignment's config offset.");
        return lags(herder);
    }
    bool read = kc_distributed_is_leader(herder) || lags(herder);
    kc_warn("Join group completed, but assignment failed. %s",
            read ? "Reading to end of config and retrying." : "We were up to date, so retrying.");
    return read;
}

static void configure_as_new_leader(struct kc_distributed *herder)
{
    bool leads = kc_distributed_is_leader(herder);
    if (leads && !herder->was_leader)
        kc_distributed_configure_connectors(herder);
    herder->was_leader = leads;
}

bool kc_distributed_resolve(struct kc_distributed *herder)
{
    if (herder->rebalance_resolved)
        return true;
    if (!herder->assignment.leader)
        return false;
    bool rejoin = herder->assignment.error != KC_ASSIGNMENT_OK;
    bool read = needs_reading(herder);
    const char *why = "assignment failed";
    if (herder->scheduled_rebalance_ms <= kc_mono_ms()) {
        rejoin = true;
        why = "scheduled rebalance timeout has been reached";
        herder->scheduled_rebalance_ms = INT64_MAX;
    }
    if (read) {
        herder->can_read_configs = kc_distributed_read_configs(herder);
        rejoin = rejoin || !herder->can_read_configs;
    }
    if (rejoin) {
        kc_distributed_rejoin(herder, why);
        return false;
    }
    if (kc_cluster_state_offset(herder->base.config_state) != herder->assignment.offset) {
        kc_info("Current config state offset %lld does not match group assignment %lld. Forcing "
                "rebalance.",
                (long long)kc_cluster_state_offset(herder->base.config_state),
                (long long)herder->assignment.offset);
        kc_distributed_rejoin(herder, "config offset differs from the assignment's");
        return false;
    }
    start_work(herder);
    herder->rebalance_resolved = true;
    kc_distributed_note_resolved(herder);
    if (!kc_work_empty(&herder->assignment.revoked)) {
        kc_work_clear(&herder->assignment.revoked);
        kc_distributed_rejoin(herder, "work was revoked");
        return false;
    }
    configure_as_new_leader(herder);
    return true;
}
