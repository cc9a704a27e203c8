/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts connectors and has their tasks configured, in both herders.
 *
 * The worker starts connectors and asks them for task configs on threads of their own. So each of
 * these goes tick thread → connector thread → tick thread, by a request. A connector that hangs
 * delays only those who wait for it.
 */
#include "connect/log.h"
#include "herder/entities_priv.h"
#include "herder/herder_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.AbstractHerder");

enum { BACKOFF_INITIAL_MS = 250, BACKOFF_MAX_MS = 60000, KEY_ROTATION_GRACE_MS = 60000 };

/* The argument of the call on the connector's thread. */
struct journey {
    struct kc_herder *herder;
    struct kc_herder_args *args;
};

static struct journey *depart(struct kc_herder *herder, const char *connector,
                              struct kc_request *waiting)
{
    struct journey *journey = kc_calloc(1, sizeof(*journey));
    journey->herder = herder;
    journey->args = kc_herder_args_new(connector);
    journey->args->waiting = waiting;
    return journey;
}

static void arrive(struct journey *journey, kc_request_run run)
{
    kc_herder_post(journey->herder, 0, run, journey->args);
    free(journey);
}

/* Ends the request that waits for args; takes err. */
static void finish(struct kc_herder *herder, struct kc_herder_args *args, struct kc_error *err)
{
    struct kc_request *waiting = args->waiting;
    args->waiting = NULL;
    if (!waiting) {
        kc_error_destroy(err);
        return;
    }
    struct kc_herder_args *theirs = kc_request_args(waiting);
    if (!err && theirs->wants_info)
        theirs->result =
            kc_connector_info_json(herder->config_state, herder->plugins, theirs->connector, NULL);
    kc_request_complete(waiting, err);
    kc_request_unref(waiting);
}

/* ---- task configs ---- */

static bool should_reconfigure(struct kc_herder *herder, const char *connector)
{
    enum kc_target_state target = kc_cluster_state_target(herder->config_state, connector);
    if (!kc_cluster_state_has(herder->config_state, connector) ||
        !kc_worker_has_connector(herder->worker, connector)) {
        kc_info("Skipping reconfiguration of connector %s since it is not running", connector);
        return false;
    }
    if (target != KC_TARGET_STARTED) {
        kc_info("Skipping reconfiguration of connector %s since its target state is %s", connector,
                kc_target_state_name(target));
        return false;
    }
    return true;
}

static void generate(struct kc_herder *herder, const char *connector, int attempts,
                     int64_t began_ms, struct kc_request *waiting);

static void run_retry(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    generate(herder, args->connector, args->attempts, args->began_ms, NULL);
    kc_request_complete(request, NULL);
}

void kc_herder_retry_reconfigure(struct kc_herder *herder, const struct kc_herder_args *args,
                                 struct kc_error *err)
{
    if (kc_error_code(err) == KC_ERR_TOO_MANY_TASKS) {
        kc_debug("Connector %s generated too many tasks; will not retry configuring it",
                 args->connector);
        kc_error_destroy(err);
        return;
    }
    int64_t delay = BACKOFF_MAX_MS;
    if (args->attempts < 8)
        delay = (int64_t)BACKOFF_INITIAL_MS << args->attempts;
    if (kc_error_code(err) == KC_ERR_FORBIDDEN &&
        kc_now_ms() <= args->began_ms + KEY_ROTATION_GRACE_MS)
        kc_debug("Failed to reconfigure the tasks of connector %s, possibly due to an expired "
                 "session key. Retrying in %lld ms",
                 args->connector, (long long)delay);
    else
        kc_log_error("Failed to reconfigure the tasks of connector %s, retrying in %lld ms: %s",
                     args->connector, (long long)delay, kc_error_text(err));
    kc_error_destroy(err);
    struct kc_herder_args *again = kc_herder_args_new(args->connector);
    again->attempts = args->attempts + 1;
    again->began_ms = args->began_ms;
    kc_herder_post(herder, delay < BACKOFF_MAX_MS ? delay : BACKOFF_MAX_MS, run_retry, again);
}

static struct kc_error *publish_if_changed(struct kc_herder *herder, struct kc_herder_args *args)
{
    const char *connector = args->connector;
    if (!should_reconfigure(herder, connector))
        return NULL;
    kc_providers_reverse(kc_cluster_state_config(herder->config_state, connector), &args->configs);
    if (!kc_task_configs_changed(herder->config_state, connector, &args->configs)) {
        kc_debug("Skipping reconfiguration of connector %s as generated configs appear unchanged",
                 connector);
        return NULL;
    }
    return herder->ops->publish_tasks(herder, args);
}

static void run_generated(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    struct kc_error *err = args->err;
    args->err = NULL;
    if (!err)
        err = publish_if_changed(herder, args);
    if (err)
        kc_herder_retry_reconfigure(herder, args, err);
    finish(herder, args, NULL); /* retries are nobody's wait */
    kc_request_complete(request, NULL);
}

static void on_task_configs(void *opaque, struct kc_error *err, struct kc_maps *configs)
{
    struct journey *journey = opaque;
    journey->args->err = err;
    if (configs) {
        journey->args->configs = *configs;
        *configs = (struct kc_maps){0};
    }
    arrive(journey, run_generated);
}

/* waiting is taken. */
static void generate(struct kc_herder *herder, const char *connector, int attempts,
                     int64_t began_ms, struct kc_request *waiting)
{
    struct journey *journey = depart(herder, connector, waiting);
    journey->args->attempts = attempts;
    journey->args->began_ms = began_ms;
    if (!should_reconfigure(herder, connector)) {
        finish(herder, journey->args, NULL);
        kc_herder_args_destroy(journey->args);
        free(journey);
        return;
    }
    kc_worker_task_configs(herder->worker, connector,
                           kc_cluster_state_config(herder->config_state, connector),
                           on_task_configs, journey);
}

void kc_herder_reconfigure(struct kc_herder *herder, const char *connector)
{
    generate(herder, connector, 0, kc_now_ms(), NULL);
}

static void run_reconfigure(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    kc_herder_reconfigure(herder, args->connector);
    kc_request_complete(request, NULL);
}

void kc_herder_reconfiguration_requested(void *opaque, const char *connector)
{
    kc_herder_post(opaque, 0, run_reconfigure, kc_herder_args_new(connector));
}

/* A connector without a status gets one before its start, because the start may wait for an absent
 * cluster. (Java has no status until start() returns, and answers 404 meanwhile.) */
static void say_it_starts(struct kc_herder *herder, const char *connector, int task)
{
    struct kc_status status = {0};
    if (!kc_status_store_get(herder->status_store, connector, task, &status))
        kc_herder_state_changed(herder, connector, task, KC_STATE_UNASSIGNED, NULL, NULL);
    kc_status_clear(&status);
}

/* ---- connectors ---- */

static void run_started(struct kc_herder *herder, struct kc_request *request, void *data)
{
    struct kc_herder_args *args = data;
    struct kc_request *waiting = args->waiting;
    if (args->err) {
        kc_log_error("Failed to start connector %s: %s", args->connector, kc_error_text(args->err));
        finish(herder, args,
               kc_error_caused(
                   kc_error_new(KC_ERR_CONNECT, "Failed to start connector: %s", args->connector),
                   args->err));
        args->err = NULL;
    } else {
        args->waiting = NULL;
        generate(herder, args->connector, 0, kc_now_ms(), waiting);
    }
    kc_request_complete(request, NULL);
}

static void on_started(void *opaque, struct kc_error *err)
{
    struct journey *journey = opaque;
    journey->args->err = err;
    arrive(journey, run_started);
}

void kc_herder_start_connector(struct kc_herder *herder, const char *connector,
                               struct kc_request *waiting)
{
    const struct kc_map *config = kc_cluster_state_config(herder->config_state, connector);
    struct journey *journey = depart(herder, connector, waiting);
    if (!config) {
        on_started(journey, kc_connector_not_found(connector));
        return;
    }
    kc_info("Starting connector %s", connector);
    say_it_starts(herder, connector, KC_CONNECTOR_STATUS);
    kc_worker_start_connector(herder->worker, connector, config,
                              kc_cluster_state_target(herder->config_state, connector), on_started,
                              journey);
}

void kc_herder_stop_one(struct kc_herder *herder, const char *connector)
{
    struct kc_strings names = {0};
    kc_strings_add(&names, connector);
    kc_worker_stop_connectors(herder->worker, &names);
    kc_strings_destroy(&names);
}

static void on_target_state(void *opaque, struct kc_error *err)
{
    struct journey *journey = opaque;
    if (err) {
        kc_log_error("Failed to transition connector %s to its target state: %s",
                     journey->args->connector, kc_error_text(err));
        kc_error_destroy(err);
        kc_herder_args_destroy(journey->args);
        free(journey);
        return;
    }
    arrive(journey, run_reconfigure);
}

void kc_herder_apply_target_state(struct kc_herder *herder, const char *connector)
{
    enum kc_target_state target = kc_cluster_state_target(herder->config_state, connector);
    bool runs = target == KC_TARGET_STARTED && kc_worker_has_connector(herder->worker, connector);
    kc_worker_set_target_state(herder->worker, connector, target, runs ? on_target_state : NULL,
                               runs ? depart(herder, connector, NULL) : NULL);
}

/* ---- tasks ---- */

struct kc_error *kc_herder_start_task(struct kc_herder *herder, const char *connector, int task)
{
    const struct kc_cluster_state *state = herder->config_state;
    const struct kc_map *config = kc_cluster_state_config(state, connector);
    const struct kc_map *task_config = kc_cluster_state_task_config(state, connector, task);
    struct kc_task_id id = {connector, task};
    if (!config || !task_config)
        return kc_error_new(KC_ERR_CONNECT,
                            "Failed to start task %s-%d: the config topic has no configuration of "
                            "it; PUT the connector's configuration again or restart the connector",
                            connector, task);
    kc_info("Starting task %s-%d", connector, task);
    say_it_starts(herder, connector, task);
    return kc_worker_start_task(herder->worker, id, config, task_config,
                                kc_cluster_state_target(state, connector),
                                kc_cluster_state_generation(state, connector));
}
