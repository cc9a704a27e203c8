/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of MM2 configurations, see mirror_config.h. */
#include "mirror/mirror_config.h"

#include "mirror/name_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- validators ---- */

struct option_set {
    const char *name;
    const char *const *options;
    bool ignore_case;
};

static const char *const protocols[] = {"SASL_SSL", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", NULL};
static const char *const locations[] = {"source", "target", NULL};
static const char *const tolerances[] = {"none", "all", NULL};
static const char *const reload_actions[] = {"none", "restart", NULL};
static const char *const assertion_algorithms[] = {"ES256", "RS256", NULL};

static const struct option_set option_sets[] = {
    {"security.protocol", protocols, true},
    {"offset-syncs.topic.location", locations, false},
    {"errors.tolerance", tolerances, false},
    {"config.action.reload", reload_actions, false},
    {"sasl.oauthbearer.assertion.algorithm", assertion_algorithms, true},
};

struct kc_error *kc_mirror_valid_option(const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof(option_sets) / sizeof(option_sets[0]); i++)
        if (strcmp(option_sets[i].name, name) == 0)
            return kc_config_one_of(name, value, option_sets[i].options,
                                    option_sets[i].ignore_case);
    return NULL;
}

struct range {
    const char *name;
    double min, max;
    const char *min_text, *max_text; /* as Java prints the bounds */
};

static const struct range ranges[] = {
    {"sasl.login.refresh.window.factor", 0.5, 1.0, "0.5", "1.0"},
    {"sasl.login.refresh.window.jitter", 0.0, 0.25, "0.0", "0.25"},
    {"sasl.login.refresh.min.period.seconds", 0, 900, "0", "900"},
    {"sasl.login.refresh.buffer.seconds", 0, 3600, "0", "3600"},
    {"sasl.oauthbearer.assertion.claim.exp.seconds", 0, 86400, "0", "86400"},
    {"sasl.oauthbearer.assertion.claim.nbf.seconds", 0, 3600, "0", "3600"},
};

struct kc_error *kc_mirror_valid_range(const char *name, const char *value)
{
    char why[64];
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        const struct range *range = &ranges[i];
        if (strcmp(range->name, name) != 0)
            continue;
        if (!value)
            return kc_config_invalid(name, value, "Value must be non-null");
        double number = strtod(value, NULL);
        if (number < range->min)
            snprintf(why, sizeof(why), "Value must be at least %s", range->min_text);
        else if (number > range->max)
            snprintf(why, sizeof(why), "Value must be no more than %s", range->max_text);
        else
            return NULL;
        return kc_config_invalid(name, value, why);
    }
    return NULL;
}

/* ---- classes ---- */

static bool has_class(const char *key, const char *class_name)
{
    static const struct {
        const char *key;
        enum kc_filter_kind kind;
    } filters[] = {
        {"topic.filter.class", KC_FILTER_TOPICS},
        {"group.filter.class", KC_FILTER_GROUPS},
        {"config.property.filter.class", KC_FILTER_PROPERTIES},
    };
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
        if (strcmp(filters[i].key, key) == 0)
            return kc_name_filter_find(filters[i].kind, class_name);
    if (strcmp(key, "forwarding.admin.class") == 0)
        return strcmp(class_name, "org.apache.kafka.clients.admin.ForwardingAdmin") == 0;
    return strcmp(key, "replication.policy.class") != 0 || kc_replication_policy_find(class_name);
}

void kc_mirror_validate_classes(const struct kc_map *config, struct kc_config_values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        struct kc_config_value *value = &values->items[i];
        if (!value->value || has_class(value->name, value->value))
            continue;
        const char *raw = kc_map_get_or(config, value->name, value->value);
        kc_config_value_add_error(
            value, "Invalid value %s for configuration %s: Class %s could not be found.", raw,
            value->name, raw);
        free(value->value);
        value->value = NULL;
    }
}

bool kc_mirror_is_false(const struct kc_map *config, const char *key)
{
    const char *value = kc_map_get(config, key);
    return value && strcmp(value, "false") == 0;
}

static bool configures_offset_syncs(const struct kc_map *config)
{
    static const char prefix[] = "offset-syncs"; /* "offset-syncs-" and "offset-syncs.topic." */
    kc_map_foreach (config, entry) {
        const char *rest = entry->key + sizeof(prefix) - 1;
        if (strncmp(entry->key, prefix, sizeof(prefix) - 1) == 0 &&
            (*rest == '-' || strncmp(rest, ".topic.", 7) == 0))
            return true;
    }
    return false;
}

void kc_mirror_validate_offset_syncs(const char *connector, const struct kc_map *config,
                                     struct kc_config_values *values)
{
    static const char key[] = "emit.offset-syncs.enabled";
    if (kc_mirror_is_false(config, key) && configures_offset_syncs(config))
        kc_config_value_add_error(kc_config_values_get(values, key),
                                  "%s can't setup offset-syncs feature while %s set to false",
                                  connector, key);
}

/* ---- parsing ---- */

struct kc_error *kc_mirror_config_new(const struct kc_plugin *plugin,
                                      const struct kc_map *properties, bool is_task,
                                      struct kc_mirror_config **config)
{
    struct kc_mirror_config *made = kc_calloc(1, sizeof(*made));
    struct kc_config_def *def = kc_config_def_new(plugin->config_keys, plugin->config_key_count);
    struct kc_error *err = kc_config_parse(def, properties, &made->values);
    kc_config_def_destroy(def);
    if (err)
        goto out;
    made->properties = kc_config_originals(made->values);
    made->connector = kc_config_string(made->values, "name");
    made->source = kc_config_string(made->values, "source.cluster.alias");
    made->target = kc_config_string(made->values, "target.cluster.alias");
    err = kc_replication_policy_new(made->properties, &made->policy);
    if (err)
        goto out;
    const char *index = kc_map_get_or(properties, "task.index", "?");
    made->label = kc_asprintf("%s->%s|%s%s%s", made->source, made->target, made->connector,
                              is_task ? "-" : "", is_task ? index : "");
    *config = made;
    made = NULL;
out:
    kc_mirror_config_destroy(made);
    return err;
}

char *kc_mirror_removed_settings(const struct kc_map *properties)
{
    static const char *const names[][2] = {
        {"topics.blacklist", "topics.exclude"},
        {"groups.blacklist", "groups.exclude"},
        {"config.properties.blacklist", "config.properties.exclude"},
    };
    struct kc_strings found = {0};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (kc_map_has(properties, names[i][0]) && !kc_map_has(properties, names[i][1]))
            kc_strings_take(&found, kc_asprintf("%s (write %s)", names[i][0], names[i][1]));
    char *list = kc_strings_join(&found, ", ");
    char *text = found.count > 0
                     ? kc_asprintf("Kafka 4.0 has removed these settings, and nothing is left out "
                                   "for them: %s",
                                   list)
                     : NULL;
    free(list);
    kc_strings_destroy(&found);
    return text;
}

void kc_mirror_config_destroy(struct kc_mirror_config *config)
{
    if (!config)
        return;
    kc_config_destroy(config->values);
    kc_replication_policy_destroy(config->policy);
    free(config->label);
    free(config);
}

bool kc_mirror_bool(const struct kc_mirror_config *config, const char *key)
{
    return kc_config_bool(config->values, key);
}

int64_t kc_mirror_long(const struct kc_mirror_config *config, const char *key)
{
    return kc_config_long(config->values, key);
}

int64_t kc_mirror_seconds_ms(const struct kc_mirror_config *config, const char *key)
{
    int64_t seconds = kc_mirror_long(config, key);
    if (seconds < 0)
        return -1;
    return seconds == 0 ? 1 : seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
}

int64_t kc_mirror_interval_ms(const struct kc_mirror_config *config, const char *what)
{
    char key[64];
    snprintf(key, sizeof(key), "%s.enabled", what);
    if (!kc_mirror_bool(config, key))
        return -1;
    snprintf(key, sizeof(key), "%s.interval.seconds", what);
    return kc_mirror_seconds_ms(config, key);
}

/* ---- clients ---- */

static const struct kc_config_key connection_keys[] = {
#include "mirror/mirror_base_keys.inc"
};

/* MirrorClientConfig.CLIENT_CONFIG_DEF: what "source.cluster." may set of a client. */
static bool is_connection_key(const char *name)
{
    if (strcmp(name, "bootstrap.servers") == 0 || strcmp(name, "security.protocol") == 0)
        return true;
    if (strncmp(name, "ssl.", 4) != 0 && strncmp(name, "sasl.", 5) != 0)
        return false;
    for (size_t i = 0; i < sizeof(connection_keys) / sizeof(connection_keys[0]); i++)
        if (strcmp(connection_keys[i].name, name) == 0)
            return true;
    return false;
}

static void merge_prefixed(struct kc_map *to, const struct kc_map *from, const char *prefix)
{
    struct kc_map *part = kc_map_subset(from, prefix, true);
    kc_map_merge(to, part);
    kc_map_destroy(part);
}

static struct kc_map *layered_properties(const struct kc_map *properties, const char *cluster,
                                         const char *kind)
{
    char prefix[64];
    struct kc_map *result = kc_map_new();
    snprintf(prefix, sizeof(prefix), "%s.cluster.", cluster);
    struct kc_map *connection = kc_map_subset(properties, prefix, true);
    kc_map_foreach (connection, entry)
        if (is_connection_key(entry->key))
            kc_map_set(result, entry->key, entry->value);
    kc_map_destroy(connection);
    snprintf(prefix, sizeof(prefix), "%s.", kind);
    merge_prefixed(result, properties, prefix);
    snprintf(prefix, sizeof(prefix), "%s.%s.", cluster, kind);
    merge_prefixed(result, properties, prefix);
    if (strcmp(kind, "consumer") == 0) {
        kc_map_set(result, "enable.auto.commit", "false");
        kc_map_set_default(result, "auto.offset.reset", "earliest");
    }
    kc_map_trim(result);
    return result;
}

struct kc_map *kc_mirror_source_consumer_properties(const struct kc_map *properties)
{
    return layered_properties(properties, "source", "consumer");
}

struct kc_map *kc_mirror_client_properties(const struct kc_mirror_config *config,
                                           enum kc_mirror_cluster cluster, enum kc_client_role role,
                                           const char *use)
{
    static const char *const clusters[] = {"source", "target"};
    static const char *const kinds[] = {
        [KC_CLIENT_PRODUCER] = "producer",
        [KC_CLIENT_CONSUMER] = "consumer",
        [KC_CLIENT_ADMIN] = "admin",
    };
    struct kc_map *result = layered_properties(config->properties, clusters[cluster], kinds[role]);
    const char *own = kc_map_get(result, "client.id");
    char *id = kc_asprintf("%s%s%s|%s", own ? own : "", own ? "|" : "", config->label, use);
    kc_map_set(result, "client.id", id);
    free(id);
    return result;
}

struct kc_error *kc_mirror_admin_new(const struct kc_mirror_config *config,
                                     enum kc_mirror_cluster cluster, const char *use,
                                     struct kc_admin **admin)
{
    struct kc_map *properties = kc_mirror_client_properties(config, cluster, KC_CLIENT_ADMIN, use);
    struct kc_error *err = kc_admin_new(properties, admin);
    kc_map_destroy(properties);
    if (err)
        return kc_error_prefix(err, "Could not make the admin client of the %s cluster '%s'",
                               cluster == KC_MIRROR_SOURCE ? "source" : "target",
                               cluster == KC_MIRROR_SOURCE ? config->source : config->target);
    int64_t timeout = kc_mirror_long(config, "admin.timeout.ms");
    kc_admin_set_timeout(*admin, kc_timeout_ms(timeout));
    return NULL;
}

enum kc_mirror_cluster kc_mirror_offset_syncs_cluster(const struct kc_mirror_config *config)
{
    const char *location = kc_config_string(config->values, "offset-syncs.topic.location");
    return location && strcmp(location, "source") == 0 ? KC_MIRROR_SOURCE : KC_MIRROR_TARGET;
}

char *kc_mirror_offset_syncs_topic(const struct kc_mirror_config *config)
{
    bool on_source = kc_mirror_offset_syncs_cluster(config) == KC_MIRROR_SOURCE;
    return kc_policy_offset_syncs_topic(config->policy,
                                        on_source ? config->target : config->source);
}

char *kc_mirror_offset_index_topic(const struct kc_mirror_config *config)
{
    bool on_source = kc_mirror_offset_syncs_cluster(config) == KC_MIRROR_SOURCE;
    return kc_policy_offset_index_topic(config->policy,
                                        on_source ? config->target : config->source);
}

bool kc_mirror_has_offset_index(const struct kc_mirror_config *config)
{
    return strcasecmp(kc_map_get_or(config->properties, KC_OFFSET_INDEX_SETTING, "true"),
                      "false") != 0;
}

char *kc_mirror_flow(const struct kc_mirror_config *config)
{
    char *remote = kc_mirror_target_topic(config, "topic");
    char *flow = kc_asprintf("%s:%s", config->source, remote ? remote : "");
    free(remote);
    return flow;
}

char *kc_mirror_target_topic(const struct kc_mirror_config *config, const char *topic)
{
    char *source = kc_policy_topic_source(config->policy, topic);
    bool came_from_target = source && strcmp(source, config->target) == 0;
    free(source);
    return came_from_target ? kc_policy_original_topic(config->policy, topic)
                            : kc_policy_remote_topic(config->policy, config->source, topic);
}
