/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of Kafka clients as Connect makes them from a worker's and a connector's (Worker.java,
 * ConnectUtils), and the policy on what a connector may override.
 *
 * Called whenever a client is made, on any thread; pure. Settings keep the names of Java's clients.
 * Classes (serializers) and Java's metrics context are left out, because they mean nothing here.
 */
#include "config/config_keys.h"
#include "config/definition.h"
#include "config/worker_config.h"

#include <stdlib.h>
#include <string.h>

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Keys of the worker's file that its clients don't inherit: those of the group membership, those
 * with their own prefix, and bootstrap.servers, which they get as a parsed list. */
static bool is_own_key(const struct kc_worker_config *config, const char *key)
{
    static const char *const prefixes[] = {
        "producer.",        "consumer.",        "admin.",
        "key.converter.",   "value.converter.", "header.converter.",
        "listeners.https.", "config.providers", "internal.key.converter",
        "config.storage.",  "offset.storage.",  "internal.value.converter",
        "status.storage.",  "gateway.",         "source.cluster.",
    };
    static const char *const exact[] = {"bootstrap.servers", "group.id", "session.timeout.ms",
                                        "heartbeat.interval.ms", "rebalance.timeout.ms"};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (starts_with(key, prefixes[i]))
            return true;
    }
    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
        if (strcmp(key, exact[i]) == 0)
            return true;
    }
    return !kc_client_key_known(key) && kc_config_def_find(kc_worker_config_def(config->mode), key);
}

static void set_bootstrap(const struct kc_worker_config *config, struct kc_map *properties)
{
    char *servers = kc_strings_join(kc_config_list(config->values, "bootstrap.servers"), ",");

    kc_map_set(properties, "bootstrap.servers", servers);
    free(servers);
}

static void merge_unprefixed(const struct kc_worker_config *config, struct kc_map *properties)
{
    kc_map_foreach (config->originals, entry) {
        if (!is_own_key(config, entry->key))
            kc_map_set(properties, entry->key, entry->value);
    }
}

static void merge_prefixed(struct kc_map *properties, const struct kc_map *from, const char *prefix)
{
    struct kc_map *subset = kc_map_subset(from, prefix, true);

    kc_map_merge(properties, subset);
    kc_map_destroy(subset);
}

struct kc_map *kc_worker_client_properties(const struct kc_worker_config *config,
                                           const char *client_id)
{
    struct kc_map *properties = kc_map_new();

    merge_unprefixed(config, properties);
    set_bootstrap(config, properties);
    kc_map_set(properties, "client.id", client_id);
    kc_map_trim(properties);
    return properties;
}

/* Worker.baseProducerConfigs: retries for ever, in order. Java turns idempotence off, because its
 * producer keeps the order with one request in flight. librdkafka's doesn't when a broker dies, so
 * ours stays idempotent, as clients are by default. Since 2.8 brokers ask for no further right
 * (KIP-679). */
static void producer_defaults(struct kc_map *properties, const struct kc_map *connector)
{
    kc_map_set(properties, "max.block.ms", "9223372036854775807");
    kc_map_set(properties, "acks", "all");
    kc_map_set(properties, "max.in.flight.requests.per.connection", "1");
    kc_map_set(properties, "delivery.timeout.ms", "2147483647");
}

/* Worker.baseConsumerConfigs. */
static void consumer_defaults(struct kc_map *properties, const struct kc_map *connector)
{
    const char *name = connector ? kc_map_get(connector, "name") : NULL;

    if (name)
        kc_map_setf(properties, "group.id", "connect-%s", name);
    kc_map_set(properties, "enable.auto.commit", "false");
    kc_map_set(properties, "auto.offset.reset", "earliest");
}

static const struct {
    const char *kind;
    void (*defaults)(struct kc_map *properties, const struct kc_map *connector);
    bool inherits; /* the worker's unprefixed settings, too */
    const char *worker_prefix;
    const char *override_prefix;
} kinds[] = {
    {"producer", producer_defaults, false, "producer.", "producer.override."},
    {"consumer", consumer_defaults, false, "consumer.", "consumer.override."},
    {"admin", NULL, true, "admin.", "admin.override."},
};

/* admin.listeners.* belongs to the REST server, although it begins like a client's prefix. */
static void drop_listeners(struct kc_map *properties)
{
    struct kc_map *listeners = kc_map_subset(properties, "listeners", false);

    kc_map_foreach (listeners, entry)
        kc_map_remove(properties, entry->key);
    kc_map_destroy(listeners);
}

struct kc_map *kc_task_client_properties(const struct kc_worker_config *config, const char *kind,
                                         const struct kc_map *connector_config,
                                         const char *client_id)
{
    struct kc_map *properties = kc_map_new();

    set_bootstrap(config, properties);
    kc_map_set(properties, "client.id", client_id);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        if (kinds[i].defaults)
            kinds[i].defaults(properties, connector_config);
        if (kinds[i].inherits)
            merge_unprefixed(config, properties);
        merge_prefixed(properties, config->originals, kinds[i].worker_prefix);
        drop_listeners(properties);
        if (connector_config)
            merge_prefixed(properties, connector_config, kinds[i].override_prefix);
    }
    kc_map_trim(properties);
    return properties;
}

char *kc_worker_client_id_base(const struct kc_worker_config *config)
{
    bool distributed = config->mode == KC_WORKER_DISTRIBUTED;
    const char *group = distributed ? kc_config_string(config->values, "group.id") : "connect";
    const char *id = distributed ? kc_config_string(config->values, "client.id") : NULL;

    return id && *id ? kc_asprintf("%s-%s-", group, id) : kc_asprintf("%s-", group);
}

/* ---- connector.client.config.override.policy ---- */

static bool allow_all(const struct kc_worker_config *config, const char *key)
{
    return true;
}

static bool allow_none(const struct kc_worker_config *config, const char *key)
{
    return false;
}

static bool allow_principal(const struct kc_worker_config *config, const char *key)
{
    return strcmp(key, "sasl.jaas.config") == 0 || strcmp(key, "sasl.mechanism") == 0 ||
           strcmp(key, "security.protocol") == 0;
}

/* KIP-1188 */
static bool allow_listed(const struct kc_worker_config *config, const char *key)
{
    return kc_strings_contain(
        kc_config_list(config->values, "connector.client.config.override.allowlist"), key);
}

static const struct policy {
    const char *name;
    bool (*allows)(const struct kc_worker_config *config, const char *key);
} policies[] = {
    {"All", allow_all},
    {"None", allow_none},
    {"Principal", allow_principal},
    {"Allowlist", allow_listed},
};

/* By alias, simple or full Java class name; NULL when there is none such. */
static const struct policy *policy_find(const char *name)
{
    static const char package[] = "org.apache.kafka.connect.connector.policy.";
    static const char suffix[] = "ConnectorClientConfigOverridePolicy";

    if (!name)
        return NULL;
    if (starts_with(name, package))
        name += sizeof(package) - 1;
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        size_t len = strlen(policies[i].name);

        if (starts_with(name, policies[i].name) && (!name[len] || strcmp(name + len, suffix) == 0))
            return &policies[i];
    }
    return NULL;
}

bool kc_override_policy_known(const char *name)
{
    return policy_find(name) != NULL;
}

const char *kc_override_policy_name(const struct kc_worker_config *config)
{
    return policy_find(kc_config_string(config->values, "connector.client.config.override.policy"))
        ->name;
}

bool kc_override_allowed(const struct kc_worker_config *config, const char *key)
{
    const struct policy *policy =
        policy_find(kc_config_string(config->values, "connector.client.config.override.policy"));

    return policy && policy->allows(config, key);
}

struct kc_map *kc_worker_ssl_settings(const struct kc_worker_config *config, const char *prefix)
{
    struct kc_map *settings = kc_map_subset(config->originals, prefix, true);

    if (kc_map_size(settings))
        return settings;
    kc_map_destroy(settings);
    return kc_map_subset(config->originals, "ssl.", false);
}
