/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishes changed task configs: writes them to the config topic if this worker leads; otherwise
 * sends them to the leader's internal endpoint. Two jobs may block: sending to the leader, and
 * writing the connectors that a dedicated MirrorMaker's leader maintains (MirrorHerder). They run
 * on the background thread, one at a time (Java's forwardRequestExecutor).
 */
#include "connect/java_json.h"
#include "connect/log.h"
#include "herder/distributed_priv.h"
#include "herder/entities_priv.h"
#include "herder/peer_client_priv.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.DistributedHerder");

enum { CONFIGURE_TIMEOUT_MS = 90000 };

struct publish_job {
    void (*run)(struct kc_distributed *herder, struct publish_job *job);
    struct kc_herder_args *args;
    char *url;
};

static void job_destroy(void *data)
{
    struct publish_job *job = data;
    kc_herder_args_destroy(job->args);
    free(job->url);
    free(job);
}

/* ---- the background thread ---- */

static void *background(void *arg)
{
    struct kc_distributed *herder = arg;
    struct publish_job *job;
    while ((job = kc_queue_pop(herder->background, INT64_MAX))) {
        if (!atomic_load(&herder->base.stopping))
            job->run(herder, job);
        job_destroy(job);
    }
    return NULL;
}

struct kc_error *kc_distributed_start_background(struct kc_distributed *herder)
{
    herder->background = kc_queue_new(job_destroy);
    struct kc_error *err =
        kc_thread_start(&herder->background_thread, "ForwardRequest", background, herder);
    herder->background_started = !err;
    return err;
}

void kc_distributed_end_background(struct kc_distributed *herder)
{
    if (!herder->background)
        return;
    kc_queue_close(herder->background);
    if (herder->background_started)
        pthread_join(herder->background_thread, NULL);
    herder->background_started = false;
    kc_queue_destroy(herder->background);
    herder->background = NULL;
}

static void enqueue(struct kc_distributed *herder, struct publish_job *job)
{
    if (!kc_queue_push(herder->background, job))
        job_destroy(job);
}

/* ---- task configs ---- */

struct kc_error *kc_distributed_send(struct kc_distributed *herder, const char *url,
                                     const char *method, const char *connector,
                                     const char *resource, const char *body)
{
    struct kc_session_key key = {0};
    if (!url || !*url)
        return kc_error_new(KC_ERR_CONNECT,
                            "Request to leader to reconfigure connector tasks failed because the "
                            "URL of the leader's REST interface is empty!");
    kc_distributed_session_key(herder, &key);
    struct kc_peer_request request = {
        .config = herder->base.config,
        .key = key.key ? &key : NULL,
        .method = method,
        .base_url = url,
        .path = herder->rest_path,
        .connector = connector,
        .resource = resource,
        .body = body,
    };
    struct kc_error *err = kc_peer_send(&request);
    kc_session_key_clear(&key);
    return err;
}

static char *configs_json(const struct kc_maps *configs)
{
    json_t *array = json_array();
    for (size_t i = 0; i < configs->count; i++)
        json_array_append_new(array, kc_map_json(configs->items[i]));
    char *text = kc_json_print(array, KC_JSON_AS_IS);
    json_decref(array);
    return text;
}

static void forward_tasks(struct kc_distributed *herder, struct publish_job *job)
{
    char *body = configs_json(&job->args->configs);
    kc_debug("Forwarding task configurations for connector %s to leader", job->args->connector);
    struct kc_error *err =
        kc_distributed_send(herder, job->url, "POST", job->args->connector, "tasks", body);
    free(body);
    if (err)
        kc_herder_retry_reconfigure(
            &herder->base, job->args,
            kc_error_prefix(err, "Request to leader to reconfigure connector tasks failed"));
}

struct kc_error *kc_distributed_publish_tasks(struct kc_herder *base, struct kc_herder_args *args)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    if (kc_distributed_is_leader(herder))
        return kc_distributed_write_tasks(herder, args->connector, &args->configs);
    if (!herder->has_rest)
        return kc_distributed_not_leader(
            herder, "This worker is not able to communicate with the leader of the cluster, which "
                    "is required for dynamically-reconfiguring connectors. If running MirrorMaker "
                    "2 in dedicated mode, consider enabling inter-worker communication via the "
                    "'dedicated.mode.enable.internal.rest' property.");
    struct publish_job *job = kc_calloc(1, sizeof(*job));
    job->run = forward_tasks;
    job->url = kc_strdup(kc_distributed_leader_url(herder));
    job->args = kc_herder_args_new(args->connector);
    job->args->attempts = args->attempts;
    job->args->began_ms = args->began_ms;
    job->args->configs = args->configs;
    args->configs = (struct kc_maps){0};
    enqueue(herder, job);
    return NULL;
}

/* ---- connectors of a dedicated MirrorMaker ---- */

static void put_connector(struct kc_distributed *herder, struct publish_job *job)
{
    json_t *info = NULL;
    bool created = false;
    const char *name = job->args->connector;
    struct kc_error *err =
        kc_herder_put_connector(&herder->base, name, job->args->config, KC_TARGET_NONE, true,
                                CONFIGURE_TIMEOUT_MS, &info, &created);
    if (!err)
        kc_info("%s connector configured.", name);
    else if (kc_error_code(err) == KC_ERR_WRONG_TARGET)
        kc_info("This node lost leadership while trying to update the connector configuration for "
                "%s. Using existing connector configuration.",
                name);
    else
        kc_log_error("Failed to configure %s connector: %s", name, kc_error_text(err));
    json_decref(info);
    kc_error_destroy(err);
}

void kc_distributed_configure_connectors(struct kc_distributed *herder)
{
    for (size_t i = 0; i < herder->connector_count; i++) {
        const struct kc_herder_connector *wanted = &herder->connectors[i];
        const struct kc_map *stored =
            kc_cluster_state_config(herder->base.config_state, wanted->name);
        if (stored && kc_map_equal(stored, wanted->config)) {
            kc_info("This node is the leader and the configuration for %s is already up to date.",
                    wanted->name);
            continue;
        }
        kc_info("This node is now the leader. Configuring connector %s...", wanted->name);
        struct publish_job *job = kc_calloc(1, sizeof(*job));
        job->run = put_connector;
        job->args = kc_herder_args_new(wanted->name);
        job->args->config = kc_map_copy(wanted->config);
        enqueue(herder, job);
    }
}
