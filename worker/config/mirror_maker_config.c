/* SPDX-License-Identifier: Apache-2.0 */
/* From mm2.properties to workers and connectors, see mirror_maker_config.h. */
#include "config/mirror_maker_config.h"

#include "config/providers.h"
#include "connect/config_def.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The keys of MirrorSourceConnector, MirrorCheckpointConnector and MirrorHeartbeatConnector; a test
 * compares this with their tables. */
const char *const kc_mm2_keys[] = {
    "name",
    "connector.class",
    "connector.plugin.version",
    "tasks.max",
    "tasks.max.enforce",
    "key.converter",
    "key.converter.plugin.version",
    "value.converter",
    "value.converter.plugin.version",
    "header.converter",
    "header.converter.plugin.version",
    "transforms",
    "predicates",
    "config.action.reload",
    "errors.retry.timeout",
    "errors.retry.delay.max.ms",
    "errors.tolerance",
    "errors.log.enable",
    "errors.log.include.messages",
    "enabled",
    "source.cluster.alias",
    "target.cluster.alias",
    "admin.timeout.ms",
    "replication.policy.class",
    "replication.policy.separator",
    "replication.policy.internal.topic.separator.enabled",
    "forwarding.admin.class",
    "metric.reporters",
    "security.protocol",
    "ssl.protocol",
    "ssl.provider",
    "ssl.cipher.suites",
    "ssl.enabled.protocols",
    "ssl.keystore.type",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.key.password",
    "ssl.keystore.key",
    "ssl.keystore.certificate.chain",
    "ssl.truststore.certificates",
    "ssl.truststore.type",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.keymanager.algorithm",
    "ssl.trustmanager.algorithm",
    "ssl.endpoint.identification.algorithm",
    "ssl.secure.random.implementation",
    "ssl.engine.factory.class",
    "sasl.kerberos.service.name",
    "sasl.kerberos.kinit.cmd",
    "sasl.kerberos.ticket.renew.window.factor",
    "sasl.kerberos.ticket.renew.jitter",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.login.refresh.window.factor",
    "sasl.login.refresh.window.jitter",
    "sasl.login.refresh.min.period.seconds",
    "sasl.login.refresh.buffer.seconds",
    "sasl.mechanism",
    "sasl.jaas.config",
    "sasl.client.callback.handler.class",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.login.connect.timeout.ms",
    "sasl.login.read.timeout.ms",
    "sasl.login.retry.backoff.max.ms",
    "sasl.login.retry.backoff.ms",
    "sasl.oauthbearer.jwt.retriever.class",
    "sasl.oauthbearer.jwt.validator.class",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.assertion.algorithm",
    "sasl.oauthbearer.assertion.claim.aud",
    "sasl.oauthbearer.assertion.claim.exp.seconds",
    "sasl.oauthbearer.assertion.claim.iss",
    "sasl.oauthbearer.assertion.claim.jti.include",
    "sasl.oauthbearer.assertion.claim.nbf.seconds",
    "sasl.oauthbearer.assertion.claim.sub",
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.template.file",
    "sasl.oauthbearer.scope.claim.name",
    "sasl.oauthbearer.sub.claim.name",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.oauthbearer.jwks.endpoint.url",
    "sasl.oauthbearer.jwks.endpoint.refresh.ms",
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms",
    "sasl.oauthbearer.clock.skew.seconds",
    "sasl.oauthbearer.expected.audience",
    "sasl.oauthbearer.expected.issuer",
    "sasl.oauthbearer.header.urlencode",
    "consumer.poll.timeout.ms",
    "groups",
    "groups.exclude",
    "group.filter.class",
    "refresh.groups.enabled",
    "refresh.groups.interval.seconds",
    "emit.checkpoints.enabled",
    "emit.checkpoints.interval.seconds",
    "sync.group.offsets.enabled",
    "sync.group.offsets.interval.seconds",
    "checkpoints.topic.replication.factor",
    "offset-syncs.topic.location",
    "topic.filter.class",
    "topics",
    "topics.exclude",
    "config.properties.exclude",
    "config.property.filter.class",
    "refresh.topics.enabled",
    "refresh.topics.interval.seconds",
    "sync.topic.configs.enabled",
    "sync.topic.configs.interval.seconds",
    "sync.topic.acls.enabled",
    "sync.topic.acls.interval.seconds",
    "replication.factor",
    "offset-syncs.topic.replication.factor",
    "offset.lag.max",
    "emit.offset-syncs.enabled",
    "heartbeats.replication.enabled",
    "emit.heartbeats.enabled",
    "emit.heartbeats.interval.seconds",
    "heartbeats.topic.replication.factor",
    NULL,
};

/* Settings beyond Java's, which stand in no table of the connectors. */
const char *const kc_mm2_own_keys[] = {
    "errors.quarantine.topic.name",
    "errors.quarantine.topic.replication.factor",
    "metric.names.formats",
    "offset.index.enabled",
    "raw.lane.enabled",
    "replication.balance.enabled",
    "replication.balance.interval.ms",
    "replication.cycle.detection.enabled",
    "source.history.policy",
    "sync.group.acls.enabled",
    "sync.group.configs.enabled",
    "sync.quotas.enabled",
    "sync.topic.acls.delete",
    "sync.transactional.id.acls.enabled",
    NULL,
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_among(const char *const keys[], const char *key)
{
    for (size_t i = 0; keys[i]; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

bool kc_mm2_declares(const char *key)
{
    return is_among(kc_mm2_keys, key) || is_among(kc_mm2_own_keys, key);
}

const char *kc_mm2_connector_name(enum kc_mm2_connector connector)
{
    static const char *const names[] = {
        [KC_MM2_SOURCE] = "MirrorSourceConnector",
        [KC_MM2_HEARTBEAT] = "MirrorHeartbeatConnector",
        [KC_MM2_CHECKPOINT] = "MirrorCheckpointConnector",
    };
    return names[connector];
}

/* ---- the file itself ---- */

static struct kc_error *valid_protocol(const char *name, const char *value)
{
    static const char *const protocols[] = {"SASL_SSL", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", NULL};
    return kc_config_one_of(name, value, protocols, true);
}

static const struct kc_config_key file_keys[] = {
    {.name = "clusters",
     .type = KC_CONFIG_LIST,
     .default_value = kc_config_required,
     .importance = KC_IMPORTANCE_HIGH,
     .order = -1,
     .documentation = "The aliases of the clusters that this file is about."},
    {.name = "dedicated.mode.enable.internal.rest",
     .type = KC_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = KC_IMPORTANCE_HIGH,
     .order = -1,
     .documentation =
         "Whether several nodes talk to each other over REST, which they need in order "
         "to work on the same flow."},
    {.name = "config.providers",
     .type = KC_CONFIG_LIST,
     .default_value = "",
     .importance = KC_IMPORTANCE_LOW,
     .order = -1,
     .documentation = "Names of the config providers."},
    {.name = "security.protocol",
     .type = KC_CONFIG_STRING,
     .default_value = "PLAINTEXT",
     .validator = valid_protocol,
     .importance = KC_IMPORTANCE_MEDIUM,
     .order = -1,
     .documentation = "How clients talk to brokers, where a cluster doesn't say otherwise."},
};

/* ---- maps ---- */

/* Adds the entries of from whose key begins with prefix; the last of equal keys wins. */
static void add_prefixed(struct kc_map *to, const struct kc_map *from, const char *prefix)
{
    kc_map_foreach (from, entry)
        if (starts_with(entry->key, prefix))
            kc_map_set(to, entry->key, entry->value);
}

static void add_stripped(struct kc_map *to, const struct kc_map *from, const char *prefix)
{
    size_t len = strlen(prefix);
    kc_map_foreach (from, entry)
        if (starts_with(entry->key, prefix) && entry->key[len])
            kc_map_set(to, entry->key + len, entry->value);
}

static void set_default_prefixed(struct kc_map *map, const char *prefix, const char *key,
                                 const char *value)
{
    char *name = kc_asprintf("%s%s", prefix, key);
    kc_map_set_default(map, name, value);
    free(name);
}

/* MirrorClientConfig.CLIENT_CONFIG_DEF. */
static bool is_client_key(const char *key)
{
    if (strcmp(key, "bootstrap.servers") == 0 || strcmp(key, "security.protocol") == 0)
        return true;
    return (starts_with(key, "ssl.") || starts_with(key, "sasl.")) && kc_mm2_declares(key);
}

static void spread_client_key(struct kc_map *properties, const char *key, const char *value)
{
    set_default_prefixed(properties, "producer.", key, value);
    set_default_prefixed(properties, "consumer.", key, value);
    set_default_prefixed(properties, "admin.", key, value);
}

/* "<cluster>.x" as x; connection settings of the cluster, then those of the whole file, also for
 * each kind of client. */
static struct kc_map *cluster_properties(const struct kc_map *file, const char *cluster)
{
    struct kc_map *properties = kc_map_new();
    char *prefix = kc_asprintf("%s.", cluster);
    add_stripped(properties, file, prefix);
    free(prefix);
    struct kc_map *own = kc_map_copy(properties);
    kc_map_foreach (own, entry)
        if (entry->value && is_client_key(entry->key))
            spread_client_key(properties, entry->key, entry->value);
    kc_map_destroy(own);
    kc_map_foreach (file, entry)
        if (entry->value && is_client_key(entry->key)) {
            spread_client_key(properties, entry->key, entry->value);
            kc_map_set_default(properties, entry->key, entry->value);
        }
    return properties;
}

/* ---- workers ---- */

static const char *const worker_prefixes[] = {
    "offset.storage",   "config.storage", "status.storage", "key.converter",      "value.converter",
    "header.converter", "task",           "worker",         "replication.policy",
};

static void set_topic(struct kc_map *worker, const char *key, const char *what, const char *source)
{
    char *topic = kc_asprintf("mm2-%s.%s.internal", what, source);
    kc_map_set_default(worker, key, topic);
    free(topic);
}

static void set_worker_defaults(struct kc_map *worker, const struct kc_mm2_flow *flow)
{
    static const char converter[] = "org.apache.kafka.connect.converters.ByteArrayConverter";
    char *client_id = kc_asprintf("%s->%s", flow->source, flow->target);
    char *group_id = kc_asprintf("%s-mm2", flow->source);
    kc_map_set_default(worker, "client.id", client_id);
    kc_map_set_default(worker, "group.id", group_id);
    set_topic(worker, "offset.storage.topic", "offsets", flow->source);
    set_topic(worker, "status.storage.topic", "status", flow->source);
    set_topic(worker, "config.storage.topic", "configs", flow->source);
    kc_map_set_default(worker, "key.converter", converter);
    kc_map_set_default(worker, "value.converter", converter);
    kc_map_set_default(worker, "header.converter", converter);
    free(client_id);
    free(group_id);
}

static struct kc_error *make_worker(const struct kc_map *file, const struct kc_providers *providers,
                                    struct kc_mm2_flow *flow)
{
    struct kc_map *raw = cluster_properties(file, flow->target);
    for (size_t i = 0; i < sizeof(worker_prefixes) / sizeof(worker_prefixes[0]); i++)
        add_prefixed(raw, file, worker_prefixes[i]);
    struct kc_error *err = kc_providers_resolve(providers, raw, &flow->worker);
    kc_map_destroy(raw);
    if (err)
        return kc_error_prefix(err, "Settings of the worker for %s->%s", flow->source,
                               flow->target);
    add_prefixed(flow->worker, file, "config.providers");
    set_worker_defaults(flow->worker, flow);
    return NULL;
}

/* ---- connectors ---- */

/* A cluster's settings: those of one kind of client as "source.consumer.x", others as
 * "source.cluster.x". */
static void add_cluster(struct kc_map *connector, const struct kc_map *file, const char *side,
                        const char *cluster)
{
    struct kc_map *properties = cluster_properties(file, cluster);
    kc_map_foreach (properties, entry) {
        bool of_client = starts_with(entry->key, "consumer") ||
                         starts_with(entry->key, "producer") || starts_with(entry->key, "admin");
        char *key = kc_asprintf("%s.%s%s", side, of_client ? "" : "cluster.", entry->key);
        kc_map_set(connector, key, entry->value);
        free(key);
    }
    kc_map_destroy(properties);
}

static struct kc_map *make_connector(const struct kc_map *file, const struct kc_mm2_flow *flow,
                                     enum kc_mm2_connector which)
{
    struct kc_map *connector = kc_map_new();
    const char *name = kc_mm2_connector_name(which);
    kc_map_foreach (file, entry)
        if (kc_mm2_declares(entry->key))
            kc_map_set(connector, entry->key, entry->value);
    add_prefixed(connector, file, "config.providers");
    add_prefixed(connector, file, "replication.policy");
    add_cluster(connector, file, "source", flow->source);
    add_cluster(connector, file, "target", flow->target);
    kc_map_set_default(connector, "name", name);
    if (!kc_map_has(connector, "connector.class"))
        kc_map_setf(connector, "connector.class", "org.apache.kafka.connect.mirror.%s", name);
    kc_map_set_default(connector, "source.cluster.alias", flow->source);
    kc_map_set_default(connector, "target.cluster.alias", flow->target);
    char *prefix = kc_asprintf("%s->%s.", flow->source, flow->target);
    add_stripped(connector, file, prefix);
    free(prefix);
    kc_map_set_default(connector, "enabled", "false");
    return connector;
}

/* ---- flows ---- */

/* Boolean.parseBoolean. */
static bool is_true(const char *value)
{
    return value && strcasecmp(value, "true") == 0;
}

static const char *flow_setting(const struct kc_map *file, const char *source, const char *target,
                                const char *key, const char *fallback)
{
    char *name = kc_asprintf("%s->%s.%s", source, target, key);
    const char *value = kc_map_has(file, name) ? kc_map_get(file, name) : fallback;
    free(name);
    return value;
}

/* A disabled direction runs all the same if it emits heartbeats, which is the default. */
static bool is_flow(const struct kc_map *file, const char *source, const char *target)
{
    const char *beats = kc_map_has(file, "emit.heartbeats.enabled")
                            ? kc_map_get(file, "emit.heartbeats.enabled")
                            : "true";
    return strcmp(source, target) != 0 &&
           (is_true(flow_setting(file, source, target, "enabled", NULL)) ||
            is_true(flow_setting(file, source, target, "emit.heartbeats.enabled", beats)));
}

static struct kc_error *add_flow(struct kc_mm2_config *config, const struct kc_map *file,
                                 const struct kc_providers *providers, const char *source,
                                 const char *target)
{
    struct kc_mm2_flow *flow = &config->flows[config->count++];
    flow->source = kc_strdup(source);
    flow->target = kc_strdup(target);
    for (int i = 0; i < KC_MM2_CONNECTORS; i++)
        flow->connectors[i] = make_connector(file, flow, i);
    return make_worker(file, providers, flow);
}

static struct kc_error *add_flows(struct kc_mm2_config *config, const struct kc_map *file,
                                  const struct kc_providers *providers,
                                  const struct kc_strings *clusters,
                                  const struct kc_strings *targets)
{
    struct kc_error *err = NULL;
    struct kc_strings unique = {0};
    for (size_t i = 0; i < clusters->count; i++)
        if (!kc_strings_contain(&unique, clusters->items[i]))
            kc_strings_add(&unique, clusters->items[i]);
    config->flows = kc_calloc(unique.count * unique.count + 1, sizeof(*config->flows));
    for (size_t s = 0; s < unique.count; s++)
        for (size_t t = 0; !err && t < unique.count; t++) {
            const char *source = unique.items[s], *target = unique.items[t];
            bool wanted = !targets || targets->count == 0 || kc_strings_contain(targets, target);
            if (wanted && is_flow(file, source, target))
                err = add_flow(config, file, providers, source, target);
        }
    kc_strings_destroy(&unique);
    if (!err && config->count == 0 && targets && targets->count > 0)
        err = kc_error_new(KC_ERR_CONFIG, "No source->target replication flows lead to the "
                                          "clusters that --clusters names. It takes aliases of "
                                          "'clusters', which are targets of flows");
    else if (!err && config->count == 0)
        err = kc_error_new(KC_ERR_CONFIG, "No source->target replication flows. Enable one with "
                                          "<source>-><target>.enabled=true for two of 'clusters'");
    return err;
}

struct kc_error *kc_mm2_parse(const struct kc_map *properties, const struct kc_strings *targets,
                              struct kc_mm2_config **config)
{
    struct kc_mm2_config *made = kc_calloc(1, sizeof(*made));
    struct kc_config *values = NULL;
    struct kc_providers *providers = NULL;
    struct kc_config_def *def =
        kc_config_def_new(file_keys, sizeof(file_keys) / sizeof(file_keys[0]));
    struct kc_error *err = kc_config_parse(def, properties, &values);
    if (!err)
        err = kc_providers_new(properties, &providers);
    if (!err) {
        made->internal_rest = kc_config_bool(values, "dedicated.mode.enable.internal.rest");
        err = add_flows(made, properties, providers, kc_config_list(values, "clusters"), targets);
    }
    kc_providers_destroy(providers);
    kc_config_destroy(values);
    kc_config_def_destroy(def);
    if (err)
        kc_mm2_config_destroy(made);
    else
        *config = made;
    return err;
}

static bool share_group(const struct kc_mm2_flow *a, const struct kc_mm2_flow *b)
{
    static const char *const keys[] = {"group.id", "bootstrap.servers"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *of_a = kc_map_get(a->worker, keys[i]), *of_b = kc_map_get(b->worker, keys[i]);
        if (!of_a || !of_b || strcmp(of_a, of_b) != 0)
            return false;
    }
    return true;
}

static char *say_shared(const struct kc_mm2_flow *a, const struct kc_mm2_flow *b)
{
    return kc_asprintf(
        "The flows %s->%s and %s->%s have one group.id on cluster %s, %s: their workers take each "
        "other for members of one cluster, and only one of the flows is mirrored. Remove "
        "%s.group.id: then the groups are %s-mm2 and %s-mm2",
        a->source, a->target, b->source, b->target, a->target, kc_map_get(a->worker, "group.id"),
        a->target, a->source, b->source);
}

char *kc_mm2_shared_group(const struct kc_mm2_config *config)
{
    for (size_t i = 0; i < config->count; i++)
        for (size_t j = i + 1; j < config->count; j++)
            if (share_group(&config->flows[i], &config->flows[j]))
                return say_shared(&config->flows[i], &config->flows[j]);
    return NULL;
}

void kc_mm2_config_destroy(struct kc_mm2_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->count; i++) {
        struct kc_mm2_flow *flow = &config->flows[i];
        free(flow->source);
        free(flow->target);
        kc_map_destroy(flow->worker);
        for (int c = 0; c < KC_MM2_CONNECTORS; c++)
            kc_map_destroy(flow->connectors[c]);
    }
    free(config->flows);
    free(config);
}
