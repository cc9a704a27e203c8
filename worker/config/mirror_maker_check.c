/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a mm2.properties without effect, see mirror_maker_check.h. */
#include "config/mirror_maker_check.h"

#include "config/config_keys.h"
#include "config/definition.h"
#include "config/mirror_maker_config.h"
#include "config/worker_config.h"

#include <string.h>

/* Prefixes of further settings of a connector. */
static const char *const connector_families[] = {
    "transforms.",
    "predicates.",
    "topic.creation.",
    "source.",
    "target.",
    "producer.",
    "consumer.",
    "admin.",
    "key.converter.",
    "value.converter.",
    "header.converter.",
    "config.providers",
    "offset-syncs.topic.",
    "checkpoints.topic.",
    "heartbeats.topic.",
    NULL,
};

/* Settings that count at the top of the file, in addition to the connectors' own. */
static const char *const file_families[] = {
    "config.providers",
    "offset.storage",
    "config.storage",
    "status.storage",
    "key.converter",
    "value.converter",
    "header.converter",
    "task",
    "worker",
    "replication.policy",
    "listeners",
    "rest.advertised.",
    "ssl.",
    "metrics.",
    "response.http.headers.config",
    "log.",
    "java.security.auth.login.config",
    "org.apache.kafka.sasl.oauthbearer.allowed.",
    NULL,
};

static const char *const file_keys[] = {"clusters", "bootstrap.servers",
                                        "dedicated.mode.enable.internal.rest", NULL};

static bool begins_with_any(const char *key, const char *const prefixes[])
{
    for (size_t i = 0; prefixes[i]; i++)
        if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

/* The rest of key behind the longest "<alias>." of a cluster; NULL: there is none. */
static const char *after_alias(const struct kc_strings *clusters, const char *text)
{
    const char *rest = NULL;
    for (size_t i = 0; i < clusters->count; i++) {
        size_t len = strlen(clusters->items[i]);
        if (strncmp(text, clusters->items[i], len) == 0 && text[len] == '.' &&
            (!rest || text + len + 1 > rest))
            rest = text + len + 1;
    }
    return rest;
}

static bool is_alias(const struct kc_strings *clusters, const char *text, size_t len)
{
    for (size_t i = 0; i < clusters->count; i++)
        if (strlen(clusters->items[i]) == len && strncmp(text, clusters->items[i], len) == 0)
            return true;
    return false;
}

static bool is_connectors(const char *key)
{
    return kc_mm2_declares(key) || kc_config_def_find(kc_connector_config_def(true), key) ||
           begins_with_any(key, connector_families);
}

/* The new name (since Kafka 2.8) of a setting whose old name 4.0 removed; NULL: it is no such
 * setting. */
static const char *renamed(const char *key)
{
    static const char *const names[][2] = {
        {"topics.blacklist", "topics.exclude"},
        {"groups.blacklist", "groups.exclude"},
        {"config.properties.blacklist", "config.properties.exclude"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i][0], key) == 0)
            return names[i][1];
    return NULL;
}

static char *say_unknown(const char *key)
{
    if (renamed(key))
        return kc_asprintf("Kafka 4.0 has removed this name: write %s", renamed(key));
    return kc_asprintf("neither MirrorMaker nor a Kafka client knows '%s'; check its spelling",
                       key);
}

static char *judge_flow(const struct kc_strings *clusters, const char *key, const char *arrow)
{
    const char *setting = after_alias(clusters, arrow + 2);
    if (!setting || !is_alias(clusters, key, (size_t)(arrow - key)))
        return kc_strdup("'clusters' doesn't name both ends of this flow; case matters");
    if (is_connectors(setting) || kc_client_key_known(setting))
        return NULL;
    return say_unknown(setting);
}

static char *judge_top(const char *key)
{
    static const char *const of_cluster[] = {"producer.", "consumer.", "admin.", NULL};
    if (kc_mm2_declares(key) || begins_with_any(key, file_families))
        return NULL;
    for (size_t i = 0; file_keys[i]; i++)
        if (strcmp(file_keys[i], key) == 0)
            return NULL;
    if (is_connectors(key) && (strstr(key, ".override.") || !begins_with_any(key, of_cluster)))
        return kc_asprintf("it counts for a flow only, as in Java: write <source>-><target>.%s",
                           key);
    if (begins_with_any(key, of_cluster) || kc_client_key_known(key) ||
        kc_config_def_find(kc_worker_config_def(KC_WORKER_DISTRIBUTED), key))
        return kc_asprintf("it counts for a cluster only, as in Java: write <alias>.%s", key);
    return say_unknown(key);
}

char *kc_mm2_without_effect(const struct kc_strings *clusters, const char *key)
{
    const char *arrow = strstr(key, "->");
    if (after_alias(clusters, key))
        return NULL;
    return arrow ? judge_flow(clusters, key, arrow) : judge_top(key);
}
