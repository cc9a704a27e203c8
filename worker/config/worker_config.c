/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's settings from its file: see config/worker_config.h.
 *
 * Called once at start, before threads exist. It finds the errors that Java finds at start, with
 * the file and line in front. Unknown settings are named, so that typing errors are noticed.
 */
#include "config/worker_config.h"

#include "base/logging.h"
#include "config/config_def_priv.h"
#include "config/config_keys.h"
#include "config/definition.h"
#include "config/mirror_maker_config.h"
#include "config/worker_checks_priv.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerConfig");

/* Where settings came from. */
struct origin {
    const char *file;
    const struct kc_map *lines;
};

/* "<file>:<line>: " or "<file>: " or "", owned by the caller. */
static char *place_of(const struct origin *origin, const char *key)
{
    const char *line = origin->lines && key ? kc_map_get(origin->lines, key) : NULL;

    if (!origin->file)
        return kc_strdup("");
    return line ? kc_asprintf("%s:%s: ", origin->file, line) : kc_asprintf("%s: ", origin->file);
}

static struct kc_error *locate(struct kc_error *err, const struct origin *origin, const char *key)
{
    const char *line = origin->lines && key ? kc_map_get(origin->lines, key) : NULL;

    if (!origin->file)
        return err;
    return line ? kc_error_prefix(err, "%s:%s", origin->file, line)
                : kc_error_prefix(err, "%s", origin->file);
}

enum verdict { KNOWN, JAVA_ONLY, OTHER_MODE, REMOVED, UNKNOWN };

static const char *after_prefix(const char *key, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(key, prefix, len) == 0 && key[len] ? key + len : NULL;
}

static enum verdict judge_client_key(const char *key)
{
    if (kc_client_key_java_only(key))
        return JAVA_ONLY;
    return kc_client_key_known(key) ? KNOWN : UNKNOWN;
}

/* Families of keys whose members are not a worker's to know. */
static const struct {
    const char *prefix;
    enum verdict distributed;
    enum verdict standalone;
} families[] = {
    {"key.converter.", KNOWN, KNOWN},
    {"value.converter.", KNOWN, KNOWN},
    {"header.converter.", KNOWN, KNOWN},
    {"config.providers.", KNOWN, KNOWN},
    {"listeners.https.", KNOWN, KNOWN},
    {"admin.listeners.https.", KNOWN, KNOWN},
    {"metrics.context.", JAVA_ONLY, JAVA_ONLY},
    {"config.storage.", KNOWN, OTHER_MODE},
    {"offset.storage.", KNOWN, OTHER_MODE},
    {"status.storage.", KNOWN, OTHER_MODE},
    {"gateway.", KNOWN, KNOWN},
    {"java.security.auth.login.config", KNOWN, KNOWN},
    {"org.apache.kafka.sasl.oauthbearer.allowed.", KNOWN, KNOWN},
    {"source.cluster.", KNOWN, KNOWN},
    {"internal.key.converter", REMOVED, REMOVED},
    {"internal.value.converter", REMOVED, REMOVED},
    {"rest.host.name", REMOVED, REMOVED},
    {"rest.port", REMOVED, REMOVED},
};

static enum verdict judge_family(enum kc_worker_mode mode, const char *key)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (strncmp(key, families[i].prefix, strlen(families[i].prefix)) == 0)
            return mode == KC_WORKER_DISTRIBUTED ? families[i].distributed : families[i].standalone;
    }
    return UNKNOWN;
}

static enum verdict judge(enum kc_worker_mode mode, const char *key)
{
    static const char *const clients[] = {"producer.", "consumer.", "admin."};
    enum kc_worker_mode other =
        mode == KC_WORKER_STANDALONE ? KC_WORKER_DISTRIBUTED : KC_WORKER_STANDALONE;

    if (kc_client_key_java_only(key))
        return JAVA_ONLY;
    if (kc_config_def_find(kc_worker_config_def(mode), key) || kc_client_key_known(key))
        return KNOWN;
    if (kc_config_def_find(kc_worker_config_def(other), key))
        return OTHER_MODE;
    enum verdict verdict = judge_family(mode, key);
    for (size_t i = 0; verdict == UNKNOWN && i < sizeof(clients) / sizeof(clients[0]); i++) {
        if (after_prefix(key, clients[i]))
            verdict = judge_client_key(after_prefix(key, clients[i]));
    }
    return verdict;
}

static void report_keys(enum kc_worker_mode mode, const struct kc_map *properties,
                        const struct origin *origin)
{
    kc_map_foreach (properties, entry) {
        enum verdict verdict = judge(mode, entry->key);
        char *place;

        /* lines NULL: a flow's worker, which has the whole file's "task" and "replication.policy"
         * settings, as in Java. */
        if (verdict == KNOWN || (!origin->lines && kc_mm2_declares(entry->key)))
            continue;
        place = place_of(origin, entry->key);
        if (verdict == JAVA_ONLY)
            kc_info("%s'%s' is accepted; it has a meaning in a JVM only", place, entry->key);
        else if (verdict == OTHER_MODE)
            kc_info("%s'%s' is accepted; it has no meaning in %s mode", place, entry->key,
                    mode == KC_WORKER_DISTRIBUTED ? "distributed" : "standalone");
        else if (verdict == REMOVED)
            kc_warn("%s'%s' was removed from Kafka Connect in 3.0 and has no effect", place,
                    entry->key);
        else
            kc_warn("%sunknown configuration '%s': neither the worker nor a Kafka client knows "
                    "it. Check its spelling.",
                    place, entry->key);
        free(place);
    }
}

/* The file's settings as they stand there: variables unresolved, passwords hidden. */
static void log_values(const struct kc_worker_config *config, const struct kc_map *properties)
{
    const struct kc_config_def *def = kc_worker_config_def(config->mode);
    struct kc_strings items = {0};

    for (size_t i = 0; i < kc_config_def_size(def); i++) {
        const struct kc_config_key *key = kc_config_def_at(def, i);
        const char *value = kc_map_get(properties, key->name);

        if (value)
            kc_strings_take(&items,
                            kc_asprintf("%s = %s", key->name,
                                        key->type == KC_CONFIG_PASSWORD ? "[hidden]" : value));
    }
    char *head = kc_asprintf("%s values that differ from their defaults:%s",
                             config->mode == KC_WORKER_DISTRIBUTED ? "DistributedConfig"
                                                                   : "StandaloneConfig",
                             items.count ? "" : " none");
    if (kc_log_enabled(&log, KC_LOG_INFO))
        kc_log_write_list(&log, KC_LOG_INFO, head, &items);
    kc_strings_destroy(&items);
    free(head);
}

/* CommonClientConfigs.postProcessReconnectBackoffConfigs: a fixed back-off when only it is set. */
static void fix_backoff(struct kc_map *settings)
{
    const char *backoff = kc_map_get(settings, "reconnect.backoff.ms");

    if (!backoff || kc_map_has(settings, "reconnect.backoff.max.ms"))
        return;
    kc_warn("Disabling exponential reconnect backoff because reconnect.backoff.ms is set, but "
            "reconnect.backoff.max.ms is not.");
    kc_map_set(settings, "reconnect.backoff.max.ms", backoff);
}

static struct kc_error *fill(struct kc_worker_config *config, const struct kc_map *properties,
                             const char **key)
{
    struct kc_map *settings = NULL;

    *key = "config.providers";
    struct kc_error *err = kc_providers_new(properties, &config->providers);
    if (err)
        return err;
    *key = NULL;
    err = kc_providers_resolve(config->providers, properties, &config->originals);
    if (err)
        return err;
    settings = kc_map_copy(config->originals);
    fix_backoff(settings);
    err = kc_config_parse_named(kc_worker_config_def(config->mode), settings, &config->values, key);
    if (!err)
        err = kc_worker_config_check(config, key);
    kc_map_destroy(settings);
    return err;
}

struct kc_error *kc_worker_config_new(enum kc_worker_mode mode, const struct kc_map *properties,
                                      const char *file, const struct kc_map *lines,
                                      struct kc_worker_config **config)
{
    struct kc_worker_config *made = kc_calloc(1, sizeof(*made));
    struct origin origin = {file, lines};
    const char *key = NULL;

    *config = NULL;
    made->mode = mode;
    struct kc_error *err = fill(made, properties, &key);
    if (err) {
        err = locate(err, &origin, key);
        kc_worker_config_destroy(made);
        return err;
    }
    if (file)
        report_keys(mode, properties, &origin);
    log_values(made, properties);
    *config = made;
    return NULL;
}

void kc_worker_config_destroy(struct kc_worker_config *config)
{
    if (!config)
        return;
    kc_config_destroy(config->values);
    kc_map_destroy(config->originals);
    kc_providers_destroy(config->providers);
    free(config);
}
