/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The herder of a worker in a cluster (DistributedHerder): its creation and its tick.
 *
 * One tick: read the configs if that failed before, be a member, bring a rebalance to its end, do
 * the leader's duties, run requests that are due, act on what the config topic brought, then poll
 * the group until something happens.
 */
#include "connect/log.h"
#include "herder/distributed_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.DistributedHerder");

enum { WRITE_PRIVILEGES_BACKOFF_MS = 250 };

/* ---- the tick ---- */

/* err NULL: continue. A wake-up ends the tick, any other error the herder. */
static struct kc_error *woken(struct kc_error *err, bool *end_tick)
{
    *end_tick = err != NULL;
    if (err && kc_error_code(err) == KC_ERR_WAKEUP)
        kc_error_clear(&err);
    return err;
}

static struct kc_error *be_member(struct kc_distributed *herder, bool *end_tick)
{
    if (!herder->can_read_configs) {
        if (!kc_distributed_read_configs(herder)) {
            *end_tick = true;
            return NULL;
        }
        herder->can_read_configs = true;
    }
    kc_stage_begin(&herder->base.stage, "ensuring membership in the cluster");
    struct kc_error *err = herder->member->ops->ensure_active(herder->member);
    kc_stage_end(&herder->base.stage);
    err = woken(err, end_tick);
    if (!*end_tick)
        *end_tick = !kc_distributed_resolve(herder);
    return err;
}

/* After another leader's writes: true if writing works again or isn't this worker's duty any more.
 */
static bool reclaim_privileges(struct kc_distributed *herder)
{
    if (!herder->fenced)
        return true;
    if (kc_distributed_is_leader(herder)) {
        struct kc_herder *base = &herder->base;
        kc_stage_begin(&base->stage, "reclaiming write privileges for the config topic");
        struct kc_error *err = kc_config_store_claim_write_privileges(base->config_store);
        kc_stage_end(&base->stage);
        if (err) {
            kc_warn("Unable to claim write privileges for config topic. Will backoff and possibly "
                    "retry if still the leader: %s",
                    kc_error_text(err));
            kc_error_destroy(err);
            kc_distributed_pause(herder, WRITE_PRIVILEGES_BACKOFF_MS);
            return false;
        }
    }
    herder->fenced = false;
    return true;
}

/* The time of the next due work, in kc_mono_ms() units. */
static int64_t next_due(struct kc_distributed *herder, int64_t next_request_ms)
{
    int64_t due = next_request_ms;
    if (herder->scheduled_rebalance_ms < INT64_MAX) {
        herder->rebalance_resolved = false;
        if (herder->scheduled_rebalance_ms < due)
            due = herder->scheduled_rebalance_ms;
    }
    int64_t rotation = kc_distributed_next_rotation(herder);
    return rotation < due ? rotation : due;
}

static struct kc_error *poll_group(struct kc_distributed *herder, int64_t due_ms)
{
    struct kc_tick_stage *stage = &herder->base.stage;
    int64_t timeout = INT64_MAX;
    if (due_ms < INT64_MAX) {
        timeout = due_ms - kc_mono_ms();
        timeout = timeout > 0 ? timeout : 0;
        kc_stage_begin(stage, "polling the group coordinator for up to %lldms or until interrupted",
                       (long long)timeout);
    } else {
        kc_stage_begin(stage, "polling the group coordinator until interrupted");
    }
    bool end_tick = false;
    struct kc_error *err = woken(herder->member->ops->poll(herder->member, timeout), &end_tick);
    kc_stage_end(stage);
    if (!end_tick)
        kc_distributed_resolve(herder);
    return err;
}

static struct kc_error *tick(struct kc_herder *base)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    bool end_tick = false;
    struct kc_error *err = be_member(herder, &end_tick);
    if (end_tick)
        return err;
    if (!reclaim_privileges(herder) || !kc_distributed_rotate_key(herder))
        return NULL;
    int64_t next_ms = INT64_MAX;
    kc_herder_run_requests(base, &next_ms);
    kc_distributed_run_restarts(herder);
    int64_t due_ms = next_due(herder, next_ms);
    if (kc_distributed_update(herder) || atomic_load(&base->stopping))
        return NULL;
    /* The first tick makes the herder ready: it doesn't wait. */
    return poll_group(herder, atomic_load(&base->ready) ? due_ms : kc_mono_ms());
}

/* ---- start and end ---- */

static struct kc_error *start(struct kc_herder *base)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_error *err = kc_distributed_start_background(herder);
    if (!err)
        err = kc_herder_find_cluster_id(base);
    if (!err)
        err = kc_herder_start_stores(base);
    return err;
}

static void halt(struct kc_herder *base)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_strings names = {0};
    struct kc_task_id *ids = NULL;
    kc_info("Stopping connectors and tasks that are still assigned to this worker.");
    kc_worker_connectors(base->worker, &names);
    kc_worker_stop_connectors(base->worker, &names);
    size_t count = kc_worker_tasks(base->worker, &ids);
    kc_worker_stop_tasks(base->worker, ids, count);
    kc_strings_destroy(&names);
    free(ids);
    kc_distributed_end_fencings(herder);
    kc_status_store_flush(base->status_store, herder->sync_timeout_ms);
    herder->member->ops->leave(herder->member, "worker shutting down");
    /* A leader that waits for us in a rebalance answers our requests once we have left. */
    kc_distributed_end_background(herder);
}

static void wakeup(struct kc_herder *base)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    if (herder->member) /* none in a herder whose making failed */
        herder->member->ops->wakeup(herder->member);
}

static void destroy(struct kc_herder *base)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    kc_distributed_end_background(herder);
    if (herder->member)
        herder->member->ops->destroy(herder->member);
    for (size_t i = 0; i < herder->connector_count; i++) {
        free((char *)herder->connectors[i].name);
        kc_map_destroy((struct kc_map *)herder->connectors[i].config);
    }
    free(herder->connectors);
    kc_staged_updates_clear(&herder->staged);
    kc_session_key_clear(&herder->session_key);
    kc_assignment_clear(&herder->assignment);
    kc_work_clear(&herder->running);
    kc_work_clear(&herder->to_restart);
    kc_cluster_state_unref(herder->joined_state);
    kc_cluster_state_unref(herder->tasks_state);
    free(herder->rebalances.leader_url);
    free(herder->rest_path);
    free(herder);
}

static struct kc_error *set_log_level(struct kc_herder *base, const char *name, const char *level)
{
    return kc_config_store_put_logger_level(base->config_store, name, level);
}

static const struct kc_worker_listener worker_listener = {
    .state_changed = kc_herder_state_changed,
    .reconfiguration_requested = kc_herder_reconfiguration_requested,
    .topic_used = kc_herder_topic_used,
    .fence_zombies = kc_distributed_fence_zombies,
    .verify_task = kc_distributed_verify_task,
    .confirm_task = kc_distributed_confirm_task,
};

static void read_settings(struct kc_distributed *herder, const struct kc_herder_settings *settings)
{
    const struct kc_config *values = settings->config->values;
    herder->rest_path = kc_strdup(settings->rest_path ? settings->rest_path : "");
    herder->has_rest = settings->rest_url && strcmp(settings->rest_url, "NOTUSED") != 0;
    herder->exactly_once =
        strcasecmp(kc_config_string(values, "exactly.once.source.support"), "enabled") == 0;
    herder->sync_timeout_ms = (int)kc_config_long(values, "worker.sync.timeout.ms");
    herder->unsync_backoff_ms = (int)kc_config_long(values, "worker.unsync.backoff.ms");
    herder->max_delay_ms = (int)kc_config_long(values, "scheduled.rebalance.max.delay.ms");
    herder->key_ttl_ms = kc_config_long(values, "inter.worker.key.ttl.ms");
    herder->connector_count = settings->connector_count;
    herder->connectors = kc_calloc(settings->connector_count, sizeof(*herder->connectors));
    for (size_t i = 0; i < settings->connector_count; i++) {
        const char *name = settings->connectors[i].name;
        struct kc_map *config = kc_map_copy(settings->connectors[i].config);
        kc_map_set(config, "name", name); /* as it is stored */
        herder->connectors[i] = (struct kc_herder_connector){kc_strdup(name), config};
    }
}

/* The protocol that this worker prefers, by the table of connect.protocol. */
static int configured_protocol(const struct kc_herder_settings *settings)
{
    const char *protocol = kc_config_string(settings->config->values, "connect.protocol");
    return strcasecmp(protocol, "eager") == 0 ? 0 : strcasecmp(protocol, "compatible") == 0 ? 1 : 2;
}

static const struct kc_herder_ops ops;

struct kc_herder *kc_distributed_prepare(const struct kc_herder_settings *settings)
{
    struct kc_distributed *herder = kc_calloc(1, sizeof(*herder));
    kc_herder_init(&herder->base, &ops, settings);
    read_settings(herder, settings);
    herder->key_expiration_ms = INT64_MAX;
    herder->scheduled_rebalance_ms = INT64_MAX;
    herder->rebalance_resolved = true;
    herder->can_read_configs = true;
    herder->backoff_retries = KC_BACKOFF_RETRIES;
    atomic_store(&herder->protocol_version, configured_protocol(settings));
    if (configured_protocol(settings) < 2)
        kc_warn("Internal request verification will be disabled for this cluster as this worker's "
                "connect.protocol configuration has been set to '%s'. If this is not intentional, "
                "change its value to 'sessioned'; see KIP-507",
                kc_config_string(settings->config->values, "connect.protocol"));
    return &herder->base;
}

struct kc_error *kc_distributed_equip(struct kc_herder *herder, struct kc_membership *member,
                                      const struct kc_herder_parts *parts)
{
    kc_distributed_of(herder)->member = member;
    return kc_herder_equip(herder, parts, &worker_listener);
}

struct kc_error *kc_herder_distributed_new(const struct kc_herder_settings *settings,
                                           struct kc_herder **result)
{
    struct kc_herder *herder = kc_distributed_prepare(settings);
    struct kc_membership *member = NULL;
    struct kc_herder_parts parts = {0};
    struct kc_error *err = kc_offset_store_kafka_new(settings->config, &parts.offsets);
    if (!err)
        err = kc_status_store_kafka_new(settings->config, &parts.status_store);
    if (!err)
        err = kc_config_store_kafka_new(settings->config, &kc_distributed_config_listener, herder,
                                        &parts.config_store);
    if (!err)
        err = kc_membership_group_new(settings->config, settings->worker_id, settings->rest_url,
                                      &kc_distributed_membership_listener, herder, &member);
    if (!err) {
        err = kc_distributed_equip(herder, member, &parts);
    } else {
        kc_offset_store_unref(parts.offsets);
        kc_status_store_destroy(parts.status_store);
        kc_config_store_destroy(parts.config_store);
    }
    if (err)
        kc_herder_destroy(herder);
    else
        *result = herder;
    return err;
}

static const struct kc_herder_ops ops = {
    .name = "DistributedHerder",
    .start = start,
    .tick = tick,
    .halt = halt,
    .wakeup = wakeup,
    .destroy = destroy,
    .publish_tasks = kc_distributed_publish_tasks,
    .set_log_level = set_log_level,
    .check_signature = kc_distributed_check_signature,
    .expose = kc_distributed_expose,
    .requests = kc_distributed_requests,
};
