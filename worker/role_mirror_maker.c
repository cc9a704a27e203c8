/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connect-mirror-maker: MirrorMaker 2 by its own configuration file (MirrorMaker.java).
 *
 * Each flow has a distributed herder on its target cluster, with three connectors that the leader
 * of the flow's group keeps configured. Several nodes share the work if they can reach each other:
 * `dedicated.mode.enable.internal.rest`.
 */
#include "base/java_environment.h"
#include "base/logging.h"
#include "config/java_options.h"
#include "config/mirror_maker_check.h"
#include "config/mirror_maker_config.h"
#include "config/properties.h"
#include "connect/plugin.h"
#include "http/http_client.h"
#include "kafka/library.h"
#include "rest/rest_request.h"
#include "rest/rest_server.h"
#include "roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorMaker");

struct flow {
    struct kc_worker_config *config;
    struct kc_plugins *plugins;
    char *worker_id; /* "source->target" */
    char *rest_path; /* "source/target/", percent-encoded */
};

struct mirror_maker {
    struct kc_map *properties;
    struct kc_map *lines; /* where each stands */
    struct kc_mm2_config *mm2;
    struct kc_worker_config *rest_config;
    struct kc_rest_server *rest; /* NULL unless internal REST is on */
    struct flow *flows;
    struct kc_herder **herders;
    size_t started;
};

static void destroy(struct mirror_maker *maker)
{
    size_t count = maker->mm2 ? maker->mm2->count : 0;
    kc_rest_server_destroy(maker->rest);
    for (size_t i = 0; i < count && maker->flows; i++) {
        kc_herder_destroy(maker->herders[i]);
        kc_plugins_destroy(maker->flows[i].plugins);
        kc_worker_config_destroy(maker->flows[i].config);
        free(maker->flows[i].worker_id);
        free(maker->flows[i].rest_path);
    }
    free(maker->flows);
    free(maker->herders);
    kc_worker_config_destroy(maker->rest_config);
    kc_mm2_config_destroy(maker->mm2);
    kc_map_destroy(maker->properties);
    kc_map_destroy(maker->lines);
}

/* ---- settings ---- */

static struct kc_error *read_clusters(int argc, char **argv, struct kc_strings *clusters)
{
    if (argc > 2 && (strcmp(argv[2], "--clusters") != 0 || argc == 3))
        return kc_error_new(KC_ERR_CONFIG, "Unknown argument '%s'; known is --clusters ALIAS...",
                            argv[2]);
    for (int i = 3; i < argc; i++)
        kc_strings_add(clusters, argv[i]);
    return NULL;
}

static struct kc_error *read_settings(struct mirror_maker *maker, int argc, char **argv)
{
    struct kc_strings clusters = {0};
    maker->properties = kc_map_new();
    maker->lines = kc_map_new();
    struct kc_error *err = read_clusters(argc, argv, &clusters);
    if (!err)
        err = kc_properties_load(argv[1], maker->properties, maker->lines);
    if (!err)
        err = kc_role_logging(maker->properties);
    if (!err)
        kc_java_options_take_file(maker->properties);
    if (!err) {
        err = kc_mm2_parse(maker->properties, &clusters, &maker->mm2);
        if (err)
            err = kc_error_prefix(err, "%s", argv[1]);
    }
    kc_strings_destroy(&clusters);
    return err;
}

/* ---- REST between the nodes ---- */

/* The listeners' settings stand at the top of the file. The first flow has the other settings of a
 * worker. */
static struct kc_error *start_rest(struct mirror_maker *maker, const char *file)
{
    static const char *const prefixes[] = {"listeners", "rest.advertised.", "ssl.", "metrics.",
                                           "response.http.headers.config"};
    if (!maker->mm2->internal_rest)
        return NULL;
    struct kc_map *settings = kc_map_copy(maker->mm2->flows[0].worker);
    kc_map_foreach (maker->properties, entry) {
        for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
            if (strncmp(entry->key, prefixes[i], strlen(prefixes[i])) == 0)
                kc_map_set(settings, entry->key, entry->value);
    }
    struct kc_error *err =
        kc_worker_config_new(KC_WORKER_DISTRIBUTED, settings, file, NULL, &maker->rest_config);
    if (!err)
        err = kc_rest_server_new(maker->rest_config, &maker->rest);
    kc_map_destroy(settings);
    return err;
}

/* ---- flows ---- */

static struct kc_error *make_herder(struct mirror_maker *maker, size_t index, const char *file)
{
    const struct kc_mm2_flow *mm2 = &maker->mm2->flows[index];
    struct flow *flow = &maker->flows[index];
    struct kc_herder_connector connectors[KC_MM2_CONNECTORS];
    for (int i = 0; i < KC_MM2_CONNECTORS; i++)
        connectors[i] = (struct kc_herder_connector){
            kc_mm2_connector_name((enum kc_mm2_connector)i), mm2->connectors[i]};
    char *source = kc_http_escape(mm2->source);
    char *target = kc_http_escape(mm2->target);
    flow->worker_id = kc_asprintf("%s->%s", mm2->source, mm2->target);
    flow->rest_path = kc_asprintf("%s/%s/", source, target);
    free(source);
    free(target);
    kc_info("Creating herder for %s", flow->worker_id);
    struct kc_error *err =
        kc_worker_config_new(KC_WORKER_DISTRIBUTED, mm2->worker, file, NULL, &flow->config);
    if (err)
        return kc_error_prefix(err, "flow %s", flow->worker_id);
    flow->plugins = kc_plugins_of_worker(flow->config->originals);
    struct kc_herder_settings settings = {
        .config = flow->config,
        .plugins = flow->plugins,
        .worker_id = flow->worker_id,
        .rest_url = maker->rest ? kc_rest_server_url(maker->rest) : "NOTUSED",
        .rest_path = flow->rest_path,
        .connectors = connectors,
        .connector_count = KC_MM2_CONNECTORS,
    };
    return kc_herder_distributed_new(&settings, &maker->herders[index]);
}

/* Java's workers of such flows rebalance for ever and log nothing else. */
static void warn_of_shared_group(const struct kc_mm2_config *mm2)
{
    char *text = kc_mm2_shared_group(mm2);
    if (text)
        kc_warn("%s.", text);
    free(text);
}

static void warn_of_settings_without_effect(const struct mirror_maker *maker, const char *file)
{
    struct kc_strings clusters = {0};
    if (!maker->mm2->internal_rest && kc_map_has(maker->properties, "listeners"))
        kc_warn("%s: 'listeners' has no effect, and there are no metrics to ask for, without "
                "dedicated.mode.enable.internal.rest=true.",
                file);
    kc_strings_split(&clusters, kc_map_get(maker->properties, "clusters"));
    kc_map_foreach (maker->properties, entry) {
        const char *line = kc_map_get(maker->lines, entry->key);
        char *why = kc_mm2_without_effect(&clusters, entry->key);
        if (why)
            kc_warn("%s:%s: '%s' has no effect: %s.", file, line ? line : "?", entry->key, why);
        free(why);
    }
    kc_strings_destroy(&clusters);
}

static struct kc_error *start(struct mirror_maker *maker, const char *file)
{
    size_t count = maker->mm2->count;
    maker->flows = kc_calloc(count, sizeof(*maker->flows));
    maker->herders = kc_calloc(count, sizeof(struct kc_herder *));
    struct kc_error *err = start_rest(maker, file);
    for (size_t i = 0; i < count && !err; i++)
        err = make_herder(maker, i, file);
    for (size_t i = 0; i < count && !err; i++) {
        err = kc_herder_start(maker->herders[i]);
        maker->started += err ? 0 : 1;
        if (!err && maker->rest)
            kc_rest_server_mount(maker->rest, maker->mm2->flows[i].source,
                                 maker->mm2->flows[i].target, maker->herders[i]);
    }
    return err;
}

/* Waits for all flows; one that fails doesn't end the others. */
static int wait_for_all(struct mirror_maker *maker)
{
    int status = KC_EXIT_OK;
    for (size_t i = 0; i < maker->started; i++) {
        struct kc_error *err = kc_herder_wait(maker->herders[i]);
        if (!err)
            continue;
        kc_log_error("The flow %s has failed", maker->flows[i].worker_id);
        status = kc_role_fail(err, KC_EXIT_FAILED);
    }
    return status;
}

static int run(struct mirror_maker *maker, const char *file)
{
    kc_java_environment_explain();
    warn_of_settings_without_effect(maker, file);
    warn_of_shared_group(maker->mm2);
    struct kc_error *err = start(maker, file);
    if (!err)
        err = kc_role_signals_start(maker->herders, maker->started, NULL);
    if (err) {
        bool config = kc_error_code(err) == KC_ERR_CONFIG;
        for (size_t i = 0; i < maker->started; i++)
            kc_herder_stop(maker->herders[i]);
        wait_for_all(maker);
        return kc_role_fail(err, config ? KC_EXIT_ERROR : KC_EXIT_START);
    }
    kc_info("Kafka MirrorMaker started with %zu flow%s", maker->started,
            maker->started == 1 ? "" : "s");
    int status = wait_for_all(maker);
    kc_role_signals_end();
    kc_info("Kafka MirrorMaker stopped");
    return status;
}

int kc_role_mirror_maker(int argc, char **argv)
{
    struct mirror_maker maker = {0};
    struct kc_error *err = read_settings(&maker, argc, argv);
    if (!err)
        kc_library_report();
    int status = err ? kc_role_fail(err, KC_EXIT_ERROR) : run(&maker, argv[1]);
    destroy(&maker);
    return status;
}
