/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway: the Kafka-protocol proxy as a role of its own (gateway/gateway.h).
 *
 * `gateway check FILE` says what is missing before clients move (gateway/gateway_check.h).
 * Order of a start: file, providers, settings, ports, the target's brokers. A stop signal drains.
 */
#include "base/logging.h"
#include "config/config_keys.h"
#include "config/java_options.h"
#include "config/properties.h"
#include "config/providers.h"
#include "connect/thread.h"
#include "gateway/gateway.h"
#include "gateway/gateway_check.h"
#include "roles.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway");

/* A gateway's file. */
struct gateway_file {
    const char *path;
    struct kc_map *properties;
    struct kc_map *lines; /* where each stands */
    struct kc_map *resolved;
};

static void file_clear(struct gateway_file *file)
{
    kc_map_destroy(file->properties);
    kc_map_destroy(file->lines);
    kc_map_destroy(file->resolved);
}

static struct kc_error *resolve(struct gateway_file *file)
{
    struct kc_providers *providers = NULL;
    struct kc_error *err = kc_providers_new(file->properties, &providers);

    if (!err)
        err = kc_providers_resolve(providers, file->properties, &file->resolved);
    kc_providers_destroy(providers);
    return err ? kc_error_prefix(err, "%s", file->path) : NULL;
}

static bool is_known(const char *key)
{
    static const char *const families[] = {"config.providers.", "java.security.auth.login.config",
                                           "org.apache.kafka.sasl.oauthbearer.allowed."};
    static const char *const exact[] = {"config.providers", "log.level", "log.format",
                                        "tcp.user.timeout.ms"};

    if (strncmp(key, "source.cluster.", 15) == 0)
        key += 15;
    for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
        if (strncmp(key, families[i], strlen(families[i])) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof(exact) / sizeof(*exact); i++) {
        if (strcmp(key, exact[i]) == 0)
            return true;
    }
    return gateway_config_knows(key) || kc_client_key_known(key) || kc_client_key_java_only(key);
}

/* Unknown settings are named, so that typing errors are noticed. */
static void report_keys(const struct gateway_file *file)
{
    kc_map_foreach (file->properties, entry) {
        if (!is_known(entry->key))
            kc_warn("%s:%s: unknown configuration '%s': neither the gateway nor a Kafka client "
                    "knows it. Check its spelling.",
                    file->path, kc_map_get_or(file->lines, entry->key, "?"), entry->key);
    }
}

static struct kc_error *read_config(const struct gateway_file *file, struct gateway_config **config)
{
    const char *key = NULL;
    struct kc_error *err = gateway_config_new_named(file->resolved, config, &key);
    const char *line = key ? kc_map_get(file->lines, key) : NULL;

    if (!err)
        return NULL;
    return line ? kc_error_prefix(err, "%s:%s", file->path, line)
                : kc_error_prefix(err, "%s", file->path);
}

static struct kc_error *read_file(struct gateway_file *file, int argc, char **argv,
                                  struct gateway_config **config)
{
    file->path = argv[1];
    file->properties = kc_map_new();
    file->lines = kc_map_new();
    if (argc > 2)
        return kc_error_new(KC_ERR_CONFIG, "Unknown argument '%s': gateway takes a FILE alone",
                            argv[2]);
    struct kc_error *err = kc_properties_load(file->path, file->properties, file->lines);
    if (!err)
        err = kc_role_logging(file->properties);
    if (err)
        return err;
    kc_java_options_take_file(file->properties);
    err = resolve(file);
    if (err)
        return err;
    report_keys(file);
    return read_config(file, config);
}

/* Takes config. */
static int serve(struct gateway_config *config)
{
    struct kc_stop *stop = kc_stop_new();
    struct gateway *gateway = NULL;
    int status = KC_EXIT_OK;
    struct kc_error *err = kc_role_signals_start(NULL, 0, stop);

    if (err) {
        gateway_config_destroy(config);
        kc_stop_destroy(stop);
        return kc_role_fail(err, KC_EXIT_START);
    }
    err = gateway_start(config, stop, &gateway);
    if (err && kc_error_code(err) == KC_ERR_WAKEUP) {
        kc_error_clear(&err);
    } else if (err) {
        status = kc_role_fail(err, KC_EXIT_START);
    } else {
        kc_stop_wait_until(stop, INT64_MAX);
        gateway_stop(gateway);
    }
    kc_role_signals_end();
    kc_stop_destroy(stop);
    return status;
}

int kc_role_gateway(int argc, char **argv)
{
    if (strcmp(argv[1], "check") == 0)
        return gateway_check(argc - 1, argv + 1);
    struct gateway_file file = {0};
    struct gateway_config *config = NULL;
    struct kc_error *err = read_file(&file, argc, argv, &config);

    file_clear(&file);
    if (!config)
        return kc_role_fail(err, KC_EXIT_ERROR);
    kc_info("Isthmus %s (%s) starting as gateway %s", KC_VERSION, KC_COMMIT, config->name);
    const int status = serve(config);
    if (status == KC_EXIT_OK)
        kc_info("Isthmus stopped");
    return status;
}
