/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validating a connector's configuration as REST does: AbstractHerder.validateConnectorConfig and
 * DistributedHerder's checks on top.
 *
 * Called by request threads and the herder; nothing is kept. The answer is a ConfigInfos: the
 * framework's keys, the connector's own, then blocks for client overrides and converters, each with
 * its prefix.
 */
#include "config/client_definitions.h"
#include "config/config_json.h"
#include "config/definition.h"
#include "config/secret_keys.h"
#include "config/version_range.h"
#include "connect/regex.h"
#include "kafka/client_group.h"
#include "runtime/enriched_config_priv.h"
#include "runtime/worker_priv.h"
#include "source/quarantine.h"
#include "source/topic_creation.h"
#include "storage/connector_offsets.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One validation under way, and the ConfigInfos that it makes. */
struct config_check {
    struct kc_worker *worker;
    struct kc_map *config; /* resolved */
    const struct kc_plugin *plugin;
    struct kc_config_def *def;      /* the framework's, enriched */
    struct kc_config_def *own_def;  /* the connector's */
    struct kc_config_values values; /* the framework's, and what has no definition */
    struct kc_config_values own;    /* the connector's */
    json_t *configs;
    json_t *groups;
    struct kc_map *known_groups; /* their names */
    int error_count;
};

static bool blank(const char *text)
{
    return !text || text[strspn(text, " \t\r\n\f")] == '\0';
}

static const char *get(const struct config_check *check, const char *key)
{
    return kc_map_get(check->config, key);
}

static bool is_source(const struct config_check *check)
{
    return check->plugin->kind == KC_PLUGIN_SOURCE;
}

static bool distributed(const struct config_check *check)
{
    return check->worker->config->mode == KC_WORKER_DISTRIBUTED;
}

/* The value called name; a new one is filled from config. */
static struct kc_config_value *value_of(struct config_check *check, const char *name)
{
    size_t before = check->values.count;
    struct kc_config_value *value = kc_config_values_get(&check->values, name);
    if (check->values.count > before)
        value->value = kc_strdup(get(check, name));
    return value;
}

/* ---- sinks ---- */

static void check_topics(struct config_check *check, bool by_name, bool by_regex)
{
    if (by_name && by_regex) {
        static const char text[] =
            "topics and topics.regex are mutually exclusive options, but both are set.";
        kc_config_value_add_error(value_of(check, "topics"), "%s", text);
        kc_config_value_add_error(value_of(check, "topics.regex"), "%s", text);
    }
    if (!by_name && !by_regex) {
        static const char text[] = "Must configure one of topics or topics.regex";
        kc_config_value_add_error(value_of(check, "topics"), "%s", text);
        kc_config_value_add_error(value_of(check, "topics.regex"), "%s", text);
    }
}

static void check_dead_letters_by_name(struct config_check *check, const char *topic)
{
    struct kc_strings all = {0}, topics = {0};
    kc_strings_split(&all, get(check, "topics"));
    kc_strings_copy_distinct(&topics, &all);
    if (kc_strings_contain(&topics, topic)) {
        char *list = kc_strings_join(&topics, ", ");
        kc_config_value_add_error(value_of(check, "topics"),
                                  "The DLQ topic '%s' may not be included in the list of topics "
                                  "('topics=[%s]') consumed by the connector",
                                  topic, list);
        free(list);
    }
    kc_strings_destroy(&topics);
    kc_strings_destroy(&all);
}

static void check_dead_letters_by_regex(struct config_check *check, const char *topic)
{
    struct kc_regex *regex = NULL;
    const char *pattern = get(check, "topics.regex");
    struct kc_error *err = kc_regex_new(pattern, &regex);
    if (!err && kc_regex_matches(regex, topic))
        kc_config_value_add_error(value_of(check, "topics.regex"),
                                  "The DLQ topic '%s' may not be matched by the regex for the "
                                  "topics ('topics.regex=%s') consumed by the connector",
                                  topic, pattern);
    kc_error_destroy(err); /* the key's own validator has said so */
    kc_regex_destroy(regex);
}

static void check_group(struct config_check *check)
{
    const char *worker_group = kc_config_string(check->worker->config->values, "group.id");
    if (kc_map_has(check->config, "consumer.override.group.id")) {
        const char *group = get(check, "consumer.override.group.id");
        struct kc_config_value *value = value_of(check, "consumer.override.group.id");
        if (group && strcmp(group, worker_group) == 0)
            kc_config_value_add_error(value,
                                      "Consumer group %s conflicts with Connect worker group %s",
                                      group, worker_group);
        return;
    }
    const char *name = kc_map_get_or(check->config, "name", "null");
    if (strncmp(worker_group, "connect-", 8) == 0 && strcmp(worker_group + 8, name) == 0)
        kc_config_value_add_error(value_of(check, "name"),
                                  "Consumer group for sink connector named %s conflicts with "
                                  "Connect worker group %s",
                                  name, worker_group);
}

static void check_sink(struct config_check *check)
{
    bool by_name = !blank(get(check, "topics")), by_regex = !blank(get(check, "topics.regex"));
    const char *dead_letters = get(check, "errors.deadletterqueue.topic.name");
    check_topics(check, by_name, by_regex);
    if (!blank(dead_letters)) {
        struct kc_strings trimmed = {0};
        kc_strings_split(&trimmed, dead_letters);
        const char *topic = trimmed.count == 1 ? trimmed.items[0] : dead_letters;
        if (by_name)
            check_dead_letters_by_name(check, topic);
        if (by_regex)
            check_dead_letters_by_regex(check, topic);
        kc_strings_destroy(&trimmed);
    }
    if (distributed(check))
        check_group(check);
}

/* ---- sources ---- */

static void check_exactly_once(struct config_check *check)
{
    struct kc_config_value *value = value_of(check, "exactly.once.support");
    if (value->errors.count || !value->value || strcasecmp(value->value, "required") != 0)
        return;
    if (!kc_exactly_once_enabled(check->worker->config))
        kc_config_value_add_error(value,
                                  "This worker does not have exactly-once source support enabled.");
    enum kc_support support = check->plugin->connector->exactly_once_support
                                  ? check->plugin->connector->exactly_once_support(check->config)
                                  : KC_SUPPORT_UNDEFINED;
    if (support == KC_SUPPORT_UNDEFINED)
        kc_config_value_add_error(
            value, "The connector does not implement the API required for preflight validation of "
                   "exactly-once source support. Please consult the documentation for the "
                   "connector to determine whether it supports exactly-once semantics, and then "
                   "consider reconfiguring the connector to use the value \"requested\" for this "
                   "property (which will disable this preflight check and allow the connector to "
                   "be created).");
    else if (support == KC_SUPPORT_UNSUPPORTED)
        kc_config_value_add_error(value, "The connector does not support exactly-once semantics "
                                         "with the provided configuration.");
}

static void check_boundary(struct config_check *check)
{
    struct kc_config_value *value = value_of(check, "transaction.boundary");
    if (value->errors.count || !value->value || strcasecmp(value->value, "connector") != 0)
        return;
    const struct kc_connector_ops *ops = check->plugin->connector;
    if (!ops->can_define_transaction_boundaries ||
        ops->can_define_transaction_boundaries(check->config) != KC_SUPPORT_SUPPORTED)
        kc_config_value_add_error(
            value, "The connector does not support connector-defined transaction boundaries with "
                   "the given configuration. Please reconfigure it to use a different transaction "
                   "boundary definition.");
}

/* ---- the main block ---- */

/* AbstractHerder.validateConverterConfig: the class as it is written, in the version asked for. */
static void check_converter_plugin(struct config_check *check, const char *property, unsigned kinds)
{
    char *version_name = kc_asprintf("%s.plugin.version", property);
    const char *class_name = get(check, property);
    value_of(check, property); /* so that it is there, and the next doesn't move it */
    struct kc_config_value *version = value_of(check, version_name);
    struct kc_config_value *value = value_of(check, property);
    if (class_name && !value->errors.count && !version->errors.count) {
        const struct kc_plugin *plugin = kc_plugins_find(check->worker->plugins, class_name, kinds);
        struct kc_error *err = plugin ? kc_plugins_check_version(check->worker->plugins, plugin,
                                                                 get(check, version_name))
                                      : NULL;
        if (!plugin)
            kc_config_value_add_error(value, "Failed to load class %s: %s", class_name, class_name);
        if (err) {
            kc_config_value_add_error(value, "%s", kc_error_text(err));
            kc_config_value_add_error(version, "%s", kc_error_text(err));
        }
        kc_error_destroy(err);
    }
    free(version_name);
}

static void add_null_errors(struct config_check *check)
{
    kc_map_foreach (check->config, entry)
        if (!entry->value)
            kc_config_value_add_error(value_of(check, entry->key),
                                      "Null value can not be supplied as the configuration value.");
}

static void check_quarantine(struct config_check *check)
{
    struct kc_config_value *value = value_of(check, KC_QUARANTINE_TOPIC_SETTING);
    if (value->errors.count || blank(value->value))
        return;
    const char *why = kc_quarantine_refusal(get(check, "errors.tolerance"),
                                            kc_exactly_once_enabled(check->worker->config));
    if (why)
        kc_config_value_add_error(value, "%s", why);
}

static void check_framework(struct config_check *check)
{
    kc_enriched_config_validate(check->worker->plugins, check->def, check->config, &check->values);
    if (!is_source(check)) {
        check_sink(check);
    } else if (distributed(check)) {
        check_exactly_once(check);
        check_boundary(check);
    }
    if (is_source(check))
        check_quarantine(check);
    add_null_errors(check);
    check_converter_plugin(check, "header.converter", 1u << KC_PLUGIN_HEADER_CONVERTER);
    check_converter_plugin(check, "key.converter", 1u << KC_PLUGIN_CONVERTER);
    check_converter_plugin(check, "value.converter", 1u << KC_PLUGIN_CONVERTER);
}

static void check_own(struct config_check *check)
{
    check->own_def = kc_config_def_new(check->plugin->config_keys, check->plugin->config_key_count);
    kc_config_validate(check->own_def, check->config, &check->own);
    kc_enriched_config_check_own(check->worker->plugins, check->own_def, &check->own);
    if (check->plugin->connector->validate)
        check->plugin->connector->validate(check->config, &check->own);
}

static void add_group(struct config_check *check, const char *group)
{
    if (!group || kc_map_has(check->known_groups, group))
        return;
    kc_map_set(check->known_groups, group, NULL);
    json_array_append_new(check->groups, json_string(group));
}

static void add_info(struct config_check *check, const struct kc_config_key *key,
                     const struct kc_config_value *value)
{
    json_array_append_new(check->configs, kc_config_info_json(key, value, ""));
    check->error_count += (int)value->errors.count;
}

static void add_undefined(struct config_check *check, const struct kc_config_values *values)
{
    for (size_t i = 0; i < values->count; i++)
        if (!kc_config_def_find(check->def, values->items[i].name) &&
            !kc_config_def_find(check->own_def, values->items[i].name))
            add_info(check, NULL, &values->items[i]);
}

/* A key that both define has the framework's place and the connector's content. */
static void add_defined(struct config_check *check, const struct kc_config_def *def, bool is_own)
{
    for (size_t i = 0; i < kc_config_def_size(def); i++) {
        const struct kc_config_key *key = kc_config_def_at(def, i);
        const struct kc_config_key *own_key = kc_config_def_find(check->own_def, key->name);
        if (key->internal || (is_own && kc_config_def_find(check->def, key->name)))
            continue;
        const struct kc_config_value *value = kc_config_values_find(&check->own, key->name);
        if (!value)
            value = kc_config_values_find(&check->values, key->name);
        if (value)
            add_info(check, own_key ? own_key : key, value);
        add_group(check, key->group);
    }
}

static void add_main_block(struct config_check *check)
{
    add_undefined(check, &check->values);
    add_undefined(check, &check->own);
    add_defined(check, check->def, false);
    add_defined(check, check->own_def, true);
}

/* ---- appended blocks: an entry with errors counts once ---- */

static void add_prefixed(struct config_check *check, const struct kc_config_key *key,
                         const struct kc_config_value *value, const char *prefix)
{
    json_array_append_new(check->configs, kc_config_info_json(key, value, prefix));
    check->error_count += value->errors.count > 0;
    if (key)
        add_group(check, key->group);
}

/* The text that REST shows for an override: by its type, if it can be parsed. */
static void show_override(const struct kc_config_key *key, const struct kc_map_entry *entry,
                          struct kc_config_value *value)
{
    bool secret = kc_config_is_secret(entry->key);
    struct kc_error *err = NULL;
    char *text = key ? kc_client_setting_text(key, entry->value, &err) : kc_strdup(entry->value);
    value->value = kc_strdup(secret && text ? "[hidden]" : text);
    if (err)
        kc_config_value_add_error(value, "%s", kc_error_text(err));
    kc_error_destroy(err);
    free(text);
}

static void add_taken(struct kc_config_value *value, struct kc_error *err)
{
    if (err)
        kc_config_value_add_error(value, "%s", kc_error_text(err));
    kc_error_destroy(err);
}

static void add_overrides(struct config_check *check, enum kc_client_role role, const char *prefix)
{
    struct kc_map *overrides = kc_map_subset(check->config, prefix, true);
    kc_map_foreach (overrides, entry) {
        struct kc_config_values one = {0};
        struct kc_config_value *value = kc_config_values_get(&one, entry->key);
        const struct kc_config_key *key = kc_client_definition(role, entry->key);
        show_override(key, entry, value);
        if (role == KC_CLIENT_CONSUMER)
            add_taken(value, kc_consumer_check_setting(entry->key, entry->value));
        if (!kc_override_allowed(check->worker->config, entry->key))
            kc_config_value_add_error(value,
                                      "The '%s' policy does not allow '%s' to be overridden in the "
                                      "connector configuration.",
                                      kc_override_policy_name(check->worker->config), entry->key);
        add_prefixed(check, key, value, prefix);
        kc_config_values_destroy(&one);
    }
    kc_map_destroy(overrides);
}

static bool separate_offsets(const struct config_check *check)
{
    return is_source(check) && distributed(check) &&
           (kc_exactly_once_enabled(check->worker->config) ||
            !blank(get(check, "offsets.storage.topic")));
}

static void add_override_blocks(struct config_check *check)
{
    bool dead_letters = !blank(get(check, "errors.deadletterqueue.topic.name"));
    if (is_source(check) || dead_letters)
        add_overrides(check, KC_CLIENT_PRODUCER, "producer.override.");
    if (!is_source(check) || separate_offsets(check))
        add_overrides(check, KC_CLIENT_CONSUMER, "consumer.override.");
    if (is_source(check) ? kc_topic_creation_used(check->config) || separate_offsets(check) ||
                               !blank(get(check, KC_QUARANTINE_TOPIC_SETTING))
                         : dead_letters)
        add_overrides(check, KC_CLIENT_ADMIN, "admin.override.");
}

static bool version_is_wrong(const struct config_check *check, const char *property)
{
    char *name = kc_asprintf("%s.plugin.version", property);
    const struct kc_config_value *version = kc_config_values_find(&check->values, name);
    free(name);
    return version && version->errors.count;
}

static void add_converter(struct config_check *check, const char *property, unsigned kinds,
                          const char *type)
{
    const char *class_name = get(check, property);
    const struct kc_config_value *own = kc_config_values_find(&check->values, property);
    if (!class_name || !own || own->errors.count || version_is_wrong(check, property))
        return;
    const struct kc_plugin *plugin = kc_plugins_find(check->worker->plugins, class_name, kinds);
    if (!plugin)
        return;
    char *prefix = kc_asprintf("%s.", property);
    struct kc_map *config = kc_map_subset(check->config, prefix, true);
    kc_map_set_default(config, "converter.type", type);
    struct kc_config_def *def = kc_config_def_new(plugin->config_keys, plugin->config_key_count);
    struct kc_config_values values = {0};
    kc_config_validate(def, config, &values);
    for (size_t i = 0; i < values.count; i++)
        add_prefixed(check, kc_config_def_find(def, values.items[i].name), &values.items[i],
                     prefix);
    kc_config_values_destroy(&values);
    kc_config_def_destroy(def);
    kc_map_destroy(config);
    free(prefix);
}

/* ---- the whole ---- */

static json_t *result_of(const struct config_check *check)
{
    return json_pack("{s:s, s:i, s:O, s:O}", "name", get(check, "connector.class"), "error_count",
                     check->error_count, "groups", check->groups, "configs", check->configs);
}

/* AbstractHerder.invalidVersionedConnectorValidation: only what all connectors have in common. */
static json_t *refuse_version(struct config_check *check, const struct kc_error *why)
{
    static const char *const blamed[] = {"connector.class", "connector.plugin.version"};
    check->def = kc_enriched_config_common(check->worker->plugins, check->config);
    check->own_def = kc_config_def_new(NULL, 0);
    kc_enriched_config_validate_common(check->worker->plugins, check->def, check->config,
                                       &check->values);
    for (size_t i = 0; i < sizeof(blamed) / sizeof(blamed[0]); i++)
        kc_config_value_add_error(value_of(check, blamed[i]), "%s", kc_error_text(why));
    kc_strings_add(&value_of(check, blamed[1])->recommended, check->plugin->version);
    add_null_errors(check);
    add_main_block(check);
    return result_of(check);
}

static json_t *run(struct config_check *check)
{
    struct kc_error *why = kc_plugins_check_version(check->worker->plugins, check->plugin,
                                                    get(check, "connector.plugin.version"));
    check->configs = json_array();
    check->groups = json_array();
    check->known_groups = kc_map_new();
    if (why) {
        json_t *refused = refuse_version(check, why);
        kc_error_destroy(why);
        return refused;
    }
    check->def = kc_enriched_config_def(check->worker->plugins, check->worker->config->values,
                                        is_source(check), check->config);
    check_framework(check);
    check_own(check);
    add_main_block(check);
    add_override_blocks(check);
    add_converter(check, "header.converter", 1u << KC_PLUGIN_HEADER_CONVERTER, "header");
    add_converter(check, "key.converter", 1u << KC_PLUGIN_CONVERTER, "key");
    add_converter(check, "value.converter", 1u << KC_PLUGIN_CONVERTER, "value");
    return result_of(check);
}

/* As in Java, an unreadable version refuses the whole configuration. */
static struct kc_error *check_version_syntax(const struct config_check *check)
{
    struct kc_version_range *range = NULL;
    struct kc_error *err = kc_version_range_parse(get(check, "connector.plugin.version"), &range);
    kc_version_range_destroy(range);
    return err;
}

static struct kc_error *open_check(struct config_check *check, const struct kc_map *config)
{
    struct kc_error *err = kc_worker_resolve(check->worker, config, &check->config);
    if (err)
        return err;
    if (!get(check, "connector.class")) {
        char *text = kc_config_print(config); /* with variables, not what they stand for */
        err = kc_error_new(KC_ERR_BAD_REQUEST, "Connector config %s contains no connector type",
                           text);
        free(text);
        return err;
    }
    err = check_version_syntax(check);
    if (!err)
        err = kc_worker_connector_plugin(check->worker, check->config, &check->plugin);
    if (!err)
        return NULL;
    struct kc_error *bad = kc_error_new(KC_ERR_BAD_REQUEST, "%s", kc_error_text(err));
    kc_error_destroy(err);
    return bad;
}

struct kc_error *kc_worker_validate(struct kc_worker *worker, const struct kc_map *config,
                                    json_t **infos)
{
    struct config_check check = {.worker = worker};
    struct kc_error *err = open_check(&check, config);
    if (!err)
        *infos = run(&check);
    kc_config_values_destroy(&check.values);
    kc_config_values_destroy(&check.own);
    kc_config_def_destroy(check.def);
    kc_config_def_destroy(check.own_def);
    json_decref(check.configs);
    json_decref(check.groups);
    kc_map_destroy(check.known_groups);
    kc_map_destroy(check.config);
    return err;
}
