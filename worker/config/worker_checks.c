/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks that a Java worker makes at its start: addresses, listeners, algorithms, policy,
 * heartbeat.
 *
 * Called by worker_config.c at start; pure except for warnings.
 */
#include "config/worker_checks_priv.h"

#include "connect/log.h"
#include "connect/regex.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerConfig");

typedef struct kc_error *(*check)(const struct kc_worker_config *config, const char *key);

/* Whether every item of a list setting matches; *bad is the first that doesn't (borrowed). */
static bool all_match(const struct kc_strings *items, const char *pattern, const char **bad)
{
    struct kc_regex *regex = NULL;
    struct kc_error *err = kc_regex_new(pattern, &regex);

    *bad = NULL;
    for (size_t i = 0; !err && !*bad && i < items->count; i++) {
        if (!kc_regex_matches(regex, items->items[i]))
            *bad = items->items[i];
    }
    kc_regex_destroy(regex);
    kc_error_destroy(err);
    return !*bad;
}

/* ClientUtils.parseAndValidateAddresses, without resolving names. */
static struct kc_error *check_bootstrap(const struct kc_worker_config *config, const char *key)
{
    const struct kc_strings *urls = kc_config_list(config->values, key);
    const char *bad;

    if (urls->count == 0)
        return kc_error_new(KC_ERR_CONFIG, "No resolvable bootstrap urls given in %s", key);
    if (all_match(urls, "(?:[0-9a-zA-Z\\-%._]*://)?\\[?([0-9a-zA-Z\\-%._:]*)]?:([0-9]+)|\\s*",
                  &bad))
        return NULL;
    return kc_error_new(KC_ERR_CONFIG, "Invalid url in %s: %s", key, bad);
}

/* RestServer.createConnector. */
static struct kc_error *check_listeners(const struct kc_worker_config *config, const char *key)
{
    const char *bad;

    if (kc_config_is_null(config->values, key))
        return NULL;
    const struct kc_strings *urls = kc_config_list(config->values, key);
    if (!all_match(urls, ".*://\\[?[0-9a-zA-Z\\-%._:]*\\]?:-?[0-9]+", &bad))
        return kc_config_invalid(
            key, bad, "Listener doesn't have the right format (protocol://hostname:port).");
    if (!all_match(urls, "(?i)https?://.*", &bad))
        return kc_config_invalid(key, bad,
                                 "Listener protocol must be either \"http\" or \"https\".");
    return NULL;
}

static struct kc_error *check_advertised(const struct kc_worker_config *config, const char *key)
{
    const char *protocol = kc_config_string(config->values, key);

    if (!protocol || strcasecmp(protocol, "http") == 0 || strcasecmp(protocol, "https") == 0)
        return NULL;
    return kc_config_invalid(key, protocol,
                             "Listener protocol must be either \"http\" or \"https\".");
}

static struct kc_error *check_policy(const struct kc_worker_config *config, const char *key)
{
    const char *policy = kc_config_string(config->values, key);

    if (kc_override_policy_known(policy))
        return NULL;
    return kc_config_invalid(key, policy,
                             "This worker has the policies All, None, Principal and Allowlist, "
                             "also under their Java class names");
}

static struct kc_error *check_heartbeat(const struct kc_worker_config *config, const char *key)
{
    int64_t heartbeat = kc_config_long(config->values, key);
    char text[24];

    if (heartbeat < kc_config_long(config->values, "session.timeout.ms"))
        return NULL;
    snprintf(text, sizeof(text), "%lld", (long long)heartbeat);
    return kc_config_invalid(key, text, "Heartbeat must be set lower than the session timeout");
}

static struct kc_error *check_signature(const struct kc_worker_config *config, const char *key)
{
    const char *algorithm = kc_config_string(config->values, key);

    if (kc_strings_contain(kc_config_list(config->values, "inter.worker.verification.algorithms"),
                           algorithm))
        return NULL;
    return kc_config_invalid(key, algorithm,
                             "Signature algorithm must be present in "
                             "inter.worker.verification.algorithms list");
}

/* KeyGenerator.init of Java's HMAC generators: at least 40 bits, in whole bytes or not. */
static struct kc_error *check_key_size(const struct kc_worker_config *config, const char *key)
{
    int64_t bits = kc_config_long(config->values, key);

    if (kc_config_is_null(config->values, key) || bits >= 40)
        return NULL;
    return kc_error_new(
        KC_ERR_CONFIG,
        "Unable to create key generator with algorithm %s and key size %lld: Key length must be at "
        "least 40 bits",
        kc_config_string(config->values, "inter.worker.key.generation.algorithm"), (long long)bits);
}

/* CommonClientConfigs.warnDisablingExponentialBackoff. */
static void warn_backoff(const struct kc_worker_config *config, const char *first, const char *most,
                         const char *what)
{
    int64_t from = kc_config_long(config->values, first);
    int64_t to = kc_config_long(config->values, most);

    if (from > to)
        kc_warn("Configuration '%s' with value '%lld' is greater than configuration '%s' with "
                "value '%lld'. A static %s with value '%lld' will be applied.",
                first, (long long)from, most, (long long)to, what, (long long)to);
}

static const struct {
    const char *key;
    check check;
    bool distributed_only;
} checks[] = {
    {"bootstrap.servers", check_bootstrap, false},
    {"listeners", check_listeners, false},
    {"admin.listeners", check_listeners, false},
    {"rest.advertised.listener", check_advertised, false},
    {"connector.client.config.override.policy", check_policy, false},
    {"heartbeat.interval.ms", check_heartbeat, true},
    {"inter.worker.key.size", check_key_size, true},
    {"inter.worker.signature.algorithm", check_signature, true},
};

struct kc_error *kc_worker_config_check(const struct kc_worker_config *config, const char **key)
{
    bool distributed = config->mode == KC_WORKER_DISTRIBUTED;

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        struct kc_error *err = NULL;

        if (distributed || !checks[i].distributed_only)
            err = checks[i].check(config, checks[i].key);
        if (err) {
            *key = checks[i].key;
            return err;
        }
    }
    if (distributed) {
        warn_backoff(config, "retry.backoff.ms", "retry.backoff.max.ms", "backoff");
        warn_backoff(config, "socket.connection.setup.timeout.ms",
                     "socket.connection.setup.timeout.max.ms", "connection setup timeout");
    }
    return NULL;
}
