/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers of all parts of the distributed herder: who leads, a fresh snapshot of the configs, the
 * leader's writes, and backing off. Tick thread, unless distributed_priv.h says otherwise.
 */
#include "base/wrong_target.h"
#include "connect/log.h"
#include "herder/distributed_priv.h"
#include "herder/entities_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.DistributedHerder");

bool kc_distributed_is_leader(const struct kc_distributed *herder)
{
    return herder->assignment.leader &&
           strcmp(herder->member->ops->id(herder->member), herder->assignment.leader) == 0;
}

const char *kc_distributed_leader_url(const struct kc_distributed *herder)
{
    return herder->assignment.leader_url;
}

struct kc_error *kc_distributed_not_leader(struct kc_distributed *herder, const char *why)
{
    return kc_error_wrong_target_new(kc_distributed_leader_url(herder), "%s", why);
}

bool kc_distributed_is_source(const struct kc_distributed *herder, const char *connector)
{
    const struct kc_map *config = kc_cluster_state_config(herder->base.config_state, connector);
    return strcmp(kc_connector_type(herder->base.plugins, config), "source") == 0;
}

bool kc_distributed_refresh(struct kc_distributed *herder)
{
    struct kc_herder *base = &herder->base;
    kc_stage_begin(&base->stage, "reading to the end of the config topic");
    struct kc_error *err = kc_config_store_refresh(base->config_store, herder->sync_timeout_ms);
    kc_stage_end(&base->stage);
    if (err) {
        kc_warn("Didn't reach end of config log quickly enough: %s", kc_error_text(err));
        kc_error_destroy(err);
        herder->can_read_configs = false;
        return false;
    }
    kc_herder_update_state(base);
    kc_debug("Finished reading to end of log and updated config snapshot, new config log offset: "
             "%lld",
             (long long)kc_cluster_state_offset(base->config_state));
    return true;
}

struct kc_error *kc_distributed_wrote(struct kc_distributed *herder, struct kc_error *err)
{
    if (!err || kc_error_code(err) != KC_ERR_FENCED)
        return err;
    kc_warn("Failed to write to config topic as leader; will rejoin group if necessary and, if "
            "still leader, attempt to reclaim write privileges for the config topic: %s",
            kc_error_text(err));
    herder->fenced = true;
    return kc_error_caused(kc_error_new(KC_ERR_CONNECT,
                                        "Failed to write to config topic; this may be due to a "
                                        "transient error and the request can be safely retried"),
                           err);
}

struct kc_error *kc_distributed_write_tasks(struct kc_distributed *herder, const char *connector,
                                            const struct kc_maps *configs)
{
    struct kc_herder *base = &herder->base;
    if (configs->count > 0 &&
        kc_cluster_state_target(base->config_state, connector) == KC_TARGET_STOPPED)
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "Cannot submit non-empty set of task configs for stopped connector %s",
                            connector);
    kc_stage_begin(&base->stage, "writing %zu task configs for connector %s to the config topic",
                   configs->count, connector);
    struct kc_error *err = kc_config_store_put_tasks(base->config_store, connector, configs);
    kc_stage_end(&base->stage);
    return kc_distributed_wrote(herder, err);
}

void kc_distributed_pause(struct kc_distributed *herder, int64_t ms)
{
    kc_stage_begin(&herder->base.stage, "sleeping for a backoff duration of %lldms", (long long)ms);
    kc_herder_sleep(&herder->base, ms);
    kc_stage_end(&herder->base.stage);
}

void kc_distributed_sleep(struct kc_distributed *herder, int64_t ms)
{
    if (atomic_load(&herder->protocol_version) == 0) {
        kc_distributed_pause(herder, ms);
        return;
    }
    if (herder->backoff_retries > 0) {
        kc_distributed_pause(herder, herder->max_delay_ms / 10 / herder->backoff_retries);
        herder->backoff_retries--;
        return;
    }
    char *work = kc_work_print(&herder->running);
    kc_info("Revoking current running assignment %s because after %d retries the worker has not "
            "caught up with the latest Connect cluster updates",
            work, KC_BACKOFF_RETRIES);
    free(work);
    struct kc_work running = {0};
    kc_work_copy(&running, &herder->running);
    herder->member->ops->revoke(herder->member, &running);
    kc_work_clear(&running);
    herder->backoff_retries = KC_BACKOFF_RETRIES;
}

bool kc_distributed_rebalance_pending(struct kc_distributed *herder)
{
    pthread_mutex_lock(&herder->base.lock);
    /* Whether new task configs need a rebalance is decided when they are handled. */
    bool pending = herder->staged.needs_rebalance || herder->staged.tasks.count > 0;
    pthread_mutex_unlock(&herder->base.lock);
    return pending;
}

void kc_distributed_rejoin(struct kc_distributed *herder, const char *reason)
{
    kc_debug("Requesting rebalance: %s", reason);
    herder->member->ops->request_rejoin(herder->member, reason);
}
