/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life cycle of a herder: the common part, the tick thread from start to end, and the parts'
 * start. Called by both kinds of herder and by main (herder.h).
 */
#include "connect/kafka.h"
#include "connect/log.h"
#include "herder/herder_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.AbstractHerder");

/* ---- life cycle ---- */

void kc_herder_init(struct kc_herder *herder, const struct kc_herder_ops *ops,
                    const struct kc_herder_settings *settings)
{
    herder->ops = ops;
    herder->config = settings->config;
    herder->plugins = settings->plugins;
    herder->worker_id = kc_strdup(settings->worker_id);
    herder->topic_tracking = kc_config_bool(settings->config->values, "topic.tracking.enable");
    herder->requests = kc_requests_new();
    kc_stage_init(&herder->stage);
    pthread_mutex_init(&herder->lock, NULL);
    kc_cond_init(&herder->changed);
}

struct kc_error *kc_herder_equip(struct kc_herder *herder, const struct kc_herder_parts *parts,
                                 const struct kc_worker_listener *listener)
{
    herder->offsets = parts->offsets;
    herder->config_store = parts->config_store;
    herder->status_store = parts->status_store;
    return kc_worker_new(herder->config, herder->plugins, herder->offsets, herder->worker_id,
                         listener, herder, &herder->worker);
}

static void *run(void *arg)
{
    struct kc_herder *herder = arg;
    kc_info("Herder starting");
    kc_stage_begin(&herder->stage, "initializing and reading to the end of internal topics");
    struct kc_error *err = herder->ops->start(herder);
    kc_stage_end(&herder->stage);
    if (!err)
        kc_info("Herder started");
    while (!err && !atomic_load(&herder->stopping)) {
        err = herder->ops->tick(herder);
        if (!err)
            atomic_store(&herder->ready, true);
    }
    kc_stage_begin(&herder->stage, "shutting down");
    kc_requests_close(herder->requests);
    herder->ops->halt(herder);
    if (err && atomic_load(&herder->stopping))
        kc_error_clear(&err); /* a start that was cut short by a stop hasn't failed */
    pthread_mutex_lock(&herder->lock);
    herder->failure = err;
    herder->ended = true;
    pthread_cond_broadcast(&herder->changed);
    pthread_mutex_unlock(&herder->lock);
    kc_info("Herder stopped");
    return NULL;
}

struct kc_error *kc_herder_start(struct kc_herder *herder)
{
    struct kc_error *err = kc_thread_start(&herder->thread, herder->ops->name, run, herder);
    herder->started = !err;
    return err;
}

struct kc_error *kc_herder_wait(struct kc_herder *herder)
{
    pthread_mutex_lock(&herder->lock);
    while (herder->started && !herder->ended)
        pthread_cond_wait(&herder->changed, &herder->lock);
    struct kc_error *err = herder->failure;
    herder->failure = NULL;
    pthread_mutex_unlock(&herder->lock);
    return err;
}

void kc_herder_stop(struct kc_herder *herder)
{
    if (atomic_exchange(&herder->stopping, true))
        return;
    kc_info("Herder stopping");
    herder->cancel = true;
    pthread_mutex_lock(&herder->lock);
    pthread_cond_broadcast(&herder->changed);
    pthread_mutex_unlock(&herder->lock);
    herder->ops->wakeup(herder);
}

void kc_herder_destroy(struct kc_herder *herder)
{
    if (!herder)
        return;
    kc_herder_stop(herder);
    if (herder->started)
        pthread_join(herder->thread, NULL);
    kc_requests_close(herder->requests);
    kc_worker_destroy(herder->worker);
    kc_status_store_destroy(herder->status_store);
    kc_config_store_destroy(herder->config_store);
    kc_offset_store_unref(herder->offsets);
    kc_cluster_state_unref(herder->config_state);
    kc_requests_destroy(herder->requests);
    kc_error_destroy(herder->failure);
    kc_stage_destroy(&herder->stage);
    pthread_mutex_destroy(&herder->lock);
    pthread_cond_destroy(&herder->changed);
    free(herder->worker_id);
    free(herder->cluster_id);
    herder->ops->destroy(herder);
}

/* ---- start of the parts ---- */

void kc_herder_update_state(struct kc_herder *herder)
{
    struct kc_cluster_state *state = kc_config_store_snapshot(herder->config_store);
    pthread_mutex_lock(&herder->lock);
    struct kc_cluster_state *old = herder->config_state;
    herder->config_state = state;
    pthread_mutex_unlock(&herder->lock);
    kc_cluster_state_unref(old);
}

struct kc_error *kc_herder_start_stores(struct kc_herder *herder)
{
    struct kc_error *err = kc_offset_store_start(herder->offsets, &herder->cancel);
    if (!err)
        err = kc_status_store_start(herder->status_store, &herder->cancel);
    if (!err)
        err = kc_config_store_start(herder->config_store, &herder->cancel);
    if (err)
        return err;
    kc_herder_update_state(herder);
    pthread_mutex_lock(&herder->lock);
    herder->stores_started = true;
    pthread_cond_broadcast(&herder->changed);
    pthread_mutex_unlock(&herder->lock);
    return NULL;
}

enum { CLUSTER_ID_PATIENCE_MS = 60000, CLUSTER_ID_ATTEMPT_MS = 3000 };

/* Short attempts, so that a stop is heard. */
static struct kc_error *ask_cluster_id(struct kc_herder *herder, struct kc_admin *admin, char **id)
{
    int64_t deadline = kc_mono_ms() + CLUSTER_ID_PATIENCE_MS;
    kc_admin_set_timeout(admin, CLUSTER_ID_ATTEMPT_MS);
    for (;;) {
        struct kc_error *err = kc_admin_cluster_id(admin, id);
        if (!err || atomic_load(&herder->stopping) || kc_mono_ms() >= deadline)
            return err;
        kc_warn("Can't reach the Kafka cluster yet: %s", kc_error_text(err));
        kc_error_destroy(err);
        kc_herder_sleep(herder, 500);
    }
}

struct kc_error *kc_herder_find_cluster_id(struct kc_herder *herder)
{
    struct kc_map *properties = kc_worker_client_properties(herder->config, NULL);
    struct kc_admin *admin = NULL;
    char *id = NULL;
    struct kc_error *err = kc_admin_new(properties, &admin);
    if (!err)
        err = ask_cluster_id(herder, admin, &id);
    if (err) {
        err = kc_error_prefix(err, "Failed to connect to and describe Kafka cluster. Check "
                                   "worker's broker connection and security properties");
        goto out;
    }
    kc_info("Kafka cluster ID: %s", id ? id : "");
    pthread_mutex_lock(&herder->lock);
    herder->cluster_id = id; /* never changes again: readers keep the pointer */
    pthread_mutex_unlock(&herder->lock);
out:
    kc_admin_destroy(admin);
    kc_map_destroy(properties);
    return err;
}

void kc_herder_sleep(struct kc_herder *herder, int64_t ms)
{
    int64_t deadline = kc_mono_ms() + ms;
    pthread_mutex_lock(&herder->lock);
    while (!atomic_load(&herder->stopping))
        if (!kc_cond_wait_until(&herder->changed, &herder->lock, deadline))
            break;
    pthread_mutex_unlock(&herder->lock);
}
