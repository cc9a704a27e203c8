/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connect-distributed and connect-standalone: ConnectDistributed and ConnectStandalone.
 *
 * Order of a start: file, providers, settings, REST listeners (their port is part of the worker's
 * id), herder, REST resources, then (standalone) the connectors of the files. A stop goes the other
 * way.
 */
#include "base/java_environment.h"
#include "base/logging.h"
#include "config/java_options.h"
#include "config/properties.h"
#include "connect/plugin.h"
#include "gateway/gateway.h"
#include "herder/connector_file.h"
#include "kafka/library.h"
#include "rest/rest_server.h"
#include "roles.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.cli.AbstractConnectCli");

#define CREATE_TIMEOUT_MS 90000

struct worker {
    struct kc_worker_config *config;
    struct kc_plugins *plugins;
    struct kc_rest_server *rest;
    struct kc_herder *herder;
    struct gateway_config
        *gateway_config; /* NULL: no gateway is asked for, or it has been started */
    struct gateway *gateway;
    struct kc_stop *stop; /* for who waits outside the herder */
};

static void worker_destroy(struct worker *worker)
{
    kc_rest_server_destroy(worker->rest);
    kc_herder_destroy(worker->herder);
    gateway_config_destroy(worker->gateway_config);
    kc_stop_destroy(worker->stop);
    kc_plugins_destroy(worker->plugins);
    kc_worker_config_destroy(worker->config);
}

/* ---- settings ---- */

static struct kc_error *apply_override(struct kc_map *properties, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return kc_error_new(KC_ERR_CONFIG, "--override needs KEY=VALUE, not '%s'", text);
    char *key = kc_strndup(text, (size_t)(equals - text));
    kc_map_set(properties, key, equals + 1);
    free(key);
    return NULL;
}

static struct kc_error *read_overrides(struct kc_map *properties, int argc, char **argv)
{
    for (int i = 2; i < argc; i += 2) {
        if (strcmp(argv[i], "--override") != 0 || i + 1 == argc)
            return kc_error_new(KC_ERR_CONFIG,
                                "Unknown argument '%s'; known is --override KEY=VALUE", argv[i]);
        struct kc_error *err = apply_override(properties, argv[i + 1]);
        if (err)
            return err;
    }
    return NULL;
}

/* The settings of a gateway in the worker's file: its own, and the clients' ones as the worker's
 * clients have them. */
static struct kc_error *read_gateway(struct worker *worker, const char *file,
                                     const struct kc_map *lines)
{
    static const char *const prefixes[] = {"gateway.", "source.cluster."};
    const struct kc_map *originals = worker->config->originals;
    const char *key = NULL;

    if (!gateway_config_wanted(originals))
        return NULL;
    struct kc_map *settings = kc_worker_client_properties(worker->config, "isthmus-gateway");
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        struct kc_map *own = kc_map_subset(originals, prefixes[i], false);
        kc_map_merge(settings, own);
        kc_map_destroy(own);
    }
    struct kc_error *err = gateway_config_new_named(settings, &worker->gateway_config, &key);
    const char *line = key ? kc_map_get(lines, key) : NULL;
    kc_map_destroy(settings);
    if (!err)
        return NULL;
    return line ? kc_error_prefix(err, "%s:%s", file, line) : kc_error_prefix(err, "%s", file);
}

static struct kc_error *read_settings(struct worker *worker, enum kc_worker_mode mode, int argc,
                                      char **argv)
{
    struct kc_map *properties = kc_map_new();
    struct kc_map *lines = kc_map_new();
    struct kc_error *err = kc_properties_load(argv[1], properties, lines);
    if (!err && mode == KC_WORKER_DISTRIBUTED)
        err = read_overrides(properties, argc, argv);
    if (!err)
        err = kc_role_logging(properties);
    if (!err)
        kc_java_options_take_file(properties);
    if (!err)
        err = kc_worker_config_new(mode, properties, argv[1], lines, &worker->config);
    if (!err)
        err = read_gateway(worker, argv[1], lines);
    kc_map_destroy(properties);
    kc_map_destroy(lines);
    return err;
}

/* ---- life ---- */

/* Unlike in Java, an unknown converter class isn't an error, because connectors may name their own
 * converters and a Java worker's file must work. */
static void check_converters(const struct worker *worker)
{
    static const struct {
        const char *key;
        unsigned kinds;
    } keys[] = {{"key.converter", 1U << KC_PLUGIN_CONVERTER},
                {"value.converter", 1U << KC_PLUGIN_CONVERTER},
                {"header.converter", 1U << KC_PLUGIN_HEADER_CONVERTER}};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *name = kc_config_string(worker->config->values, keys[i].key);
        if (name && !kc_plugins_find(worker->plugins, name, keys[i].kinds))
            kc_warn("%s=%s: there is no such class here, neither built in nor under plugin.path; "
                    "connectors that don't set a %s of their own will fail",
                    keys[i].key, name, keys[i].key);
    }
}

static struct kc_error *worker_start(struct worker *worker)
{
    const struct kc_worker_config *config = worker->config;
    struct kc_herder_settings settings = {.config = config};
    worker->plugins = kc_plugins_of_worker(config->originals);
    check_converters(worker);
    struct kc_error *err = kc_rest_server_new(config, &worker->rest);
    if (err)
        return err;
    settings.plugins = worker->plugins;
    settings.worker_id = kc_rest_server_worker_id(worker->rest);
    settings.rest_url = kc_rest_server_url(worker->rest);
    err = config->mode == KC_WORKER_STANDALONE
              ? kc_herder_standalone_new(&settings, &worker->herder)
              : kc_herder_distributed_new(&settings, &worker->herder);
    if (!err)
        err = kc_herder_start(worker->herder);
    if (!err)
        kc_rest_server_serve(worker->rest, worker->herder);
    return err;
}

/* A gateway that waits for its cluster ends with the worker. */
static struct kc_error *start_gateway(struct worker *worker)
{
    struct gateway_config *config = worker->gateway_config;
    if (!config)
        return NULL;
    worker->gateway_config = NULL;
    struct kc_error *err = gateway_start(config, worker->stop, &worker->gateway);
    if (err && kc_error_code(err) == KC_ERR_WAKEUP)
        kc_error_clear(&err);
    return err;
}

/* Runs a started worker until it stops. Calls started once it serves; an error of that ends it. */
static int worker_run(struct worker *worker, struct kc_error *(*started)(struct worker *, void *),
                      void *opaque)
{
    int status = KC_EXIT_OK;
    worker->stop = kc_stop_new();
    struct kc_error *err = kc_role_signals_start(&worker->herder, 1, worker->stop);
    if (err)
        return kc_role_fail(err, KC_EXIT_START);
    err = start_gateway(worker);
    if (!err && started)
        err = started(worker, opaque);
    if (err) {
        kc_log_error("Stopping after an error at the start: %s", kc_error_text(err));
        kc_error_destroy(err);
        status = KC_EXIT_START;
        kc_herder_stop(worker->herder);
    }
    err = kc_herder_wait(worker->herder);
    gateway_stop(worker->gateway);
    if (err)
        status = kc_role_fail(err, KC_EXIT_ERROR);
    kc_role_signals_end();
    return status;
}

static int fail_start(struct kc_error *err)
{
    return kc_role_fail(err, kc_error_code(err) == KC_ERR_CONFIG ? KC_EXIT_ERROR : KC_EXIT_START);
}

static int run(enum kc_worker_mode mode, int argc, char **argv,
               struct kc_error *(*started)(struct worker *, void *), void *opaque)
{
    struct worker worker = {0};
    int status = KC_EXIT_OK;
    struct kc_error *err = read_settings(&worker, mode, argc, argv);
    if (err) {
        status = kc_role_fail(err, KC_EXIT_ERROR);
    } else {
        kc_info("Isthmus %s (%s) starting as %s", KC_VERSION, KC_COMMIT, argv[0]);
        kc_library_report();
        kc_java_environment_explain();
        err = worker_start(&worker);
        status = err ? fail_start(err) : worker_run(&worker, started, opaque);
    }
    worker_destroy(&worker);
    if (status == KC_EXIT_OK)
        kc_info("Isthmus stopped");
    return status;
}

int kc_role_distributed(int argc, char **argv)
{
    return run(KC_WORKER_DISTRIBUTED, argc, argv, NULL, NULL);
}

/* ---- connectors from files ---- */

struct connector_files {
    char **paths;
    int count;
};

static struct kc_error *create_connector(struct kc_herder *herder, const char *path)
{
    struct kc_map *config = kc_map_new();
    enum kc_target_state state;
    json_t *info = NULL;
    bool created;
    struct kc_error *err = kc_connector_file_load(path, config, &state);
    if (!err)
        err = kc_herder_put_connector(herder, kc_map_get_or(config, "name", ""), config, state,
                                      false, CREATE_TIMEOUT_MS, &info, &created);
    if (err)
        err = kc_error_prefix(err, "Failed to create connector for %s", path);
    else
        kc_info("Created connector %s", kc_map_get_or(config, "name", ""));
    json_decref(info);
    kc_map_destroy(config);
    return err;
}

static struct kc_error *create_connectors(struct worker *worker, void *opaque)
{
    const struct connector_files *files = opaque;
    for (int i = 0; i < files->count; i++) {
        struct kc_error *err = create_connector(worker->herder, files->paths[i]);
        if (err)
            return err;
    }
    return NULL;
}

int kc_role_standalone(int argc, char **argv)
{
    struct connector_files files = {argv + 2, argc - 2};
    return run(KC_WORKER_STANDALONE, argc, argv, create_connectors, &files);
}
