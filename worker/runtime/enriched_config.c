/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds the keys of plugins to a connector's definition: see enriched_config_priv.h.
 *
 * The worker's converters are the defaults. Each alias of a transform or predicate adds
 * `<list>.<alias>.type`, its version and, when that names a known class, the class's own keys.
 */
#include "runtime/enriched_config_priv.h"

#include "config/config_keys.h"
#include "config/definition.h"
#include "source/topic_creation.h"

#include <stdlib.h>
#include <string.h>

/* What is listed by alias. */
struct alias_family {
    const char *list; /* the key that lists aliases */
    const char *group;
    const char *base_class;
    const char *lower_name;
    enum kc_plugin_kind kind;
    bool implicit_keys; /* predicate and negate */
};

static const struct alias_family families[] = {
    {"transforms", "Transforms", "Transformation", "transformation", KC_PLUGIN_TRANSFORMATION,
     true},
    {"predicates", "Predicates", "Predicate", "predicate", KC_PLUGIN_PREDICATE, false},
};
enum { FAMILY_COUNT = sizeof(families) / sizeof(families[0]) };

/* The converters that a connector may choose. */
static const struct converter_key {
    const char *name;
    const char *version;
    const char *base_class;
    enum kc_plugin_kind kind;
} converters[] = {
    {"key.converter", "key.converter.plugin.version", "Converter", KC_PLUGIN_CONVERTER},
    {"value.converter", "value.converter.plugin.version", "Converter", KC_PLUGIN_CONVERTER},
    {"header.converter", "header.converter.plugin.version", "HeaderConverter",
     KC_PLUGIN_HEADER_CONVERTER},
};
enum { CONVERTER_COUNT = sizeof(converters) / sizeof(converters[0]) };

static const struct kc_config_key implicit_keys[] = {
    {.name = "predicate",
     .type = KC_CONFIG_STRING,
     .importance = KC_IMPORTANCE_MEDIUM,
     .order = -1,
     .documentation = "Name of the predicate that decides whether a record passes this "
                      "transformation."},
    {.name = "negate",
     .type = KC_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = KC_IMPORTANCE_MEDIUM,
     .order = -1,
     .documentation = "Turns the predicate's answer round."},
};

/* The distinct aliases of a family; an empty one is one, too. */
static void list_aliases(const struct alias_family *family, const struct kc_map *config,
                         struct kc_strings *aliases)
{
    struct kc_strings all = {0};
    struct kc_map *distinct = kc_map_new();
    kc_strings_split(&all, kc_map_get_or(config, family->list, ""));
    for (size_t i = 0; i < all.count; i++)
        kc_map_set(distinct, all.items[i], NULL);
    kc_map_foreach (distinct, entry)
        kc_strings_add(aliases, entry->key);
    kc_map_destroy(distinct);
    kc_strings_destroy(&all);
}

static const struct kc_plugin *find(const struct kc_plugins *plugins, const char *class_name,
                                    enum kc_plugin_kind kind)
{
    return class_name ? kc_plugins_find(plugins, class_name, 1U << kind) : NULL;
}

/* ---- the definition ---- */

static void add_type(struct kc_config_def *def, const struct alias_family *family,
                     const char *alias, const char *prefix, const char *group)
{
    char *display = kc_asprintf("%s type for %s", family->base_class, alias);
    char *documentation = kc_asprintf("Class of the %s '%s'.", family->lower_name, alias);
    struct kc_config_key key = {
        .name = "type",
        .type = KC_CONFIG_CLASS,
        .default_value = kc_config_required,
        .importance = KC_IMPORTANCE_HIGH,
        .width = KC_WIDTH_LONG,
        .display_name = display,
        .documentation = documentation,
    };
    kc_config_def_embed(def, prefix, group, 0, &key);
    free(documentation);
    free(display);
}

static void add_version(struct kc_config_def *def, const struct alias_family *family,
                        const char *alias, const char *prefix, const char *group,
                        const struct kc_plugin *plugin)
{
    char *display = kc_asprintf("%s version for %s", family->base_class, alias);
    char *documentation =
        kc_asprintf("Version of the %s '%s', exact or as a range.", family->lower_name, alias);
    struct kc_config_key key = {
        .name = "plugin.version",
        .type = KC_CONFIG_STRING,
        .default_value = plugin ? plugin->version : NULL,
        .importance = KC_IMPORTANCE_HIGH,
        .width = KC_WIDTH_LONG,
        .display_name = display,
        .documentation = documentation,
    };
    kc_config_def_embed(def, prefix, group, 1, &key);
    free(documentation);
    free(display);
}

/* ConfigDef.sortedConfigs: keys without a group first, required ones before those with a default,
 * then by importance and name. Groups stay in their order. */
static bool goes_before(const struct kc_config_key *a, const struct kc_config_key *b)
{
    bool a_required = a->default_value == kc_config_required;
    bool b_required = b->default_value == kc_config_required;
    if (!a->group != !b->group)
        return !a->group;
    if (a->group && strcmp(a->group, b->group) != 0)
        return false;
    if (a->order != b->order)
        return a->order < b->order;
    if (a_required != b_required)
        return a_required;
    if (a->importance != b->importance)
        return a->importance < b->importance;
    return strcmp(a->name, b->name) < 0;
}

/* The keys of a transform or predicate, as Java numbers them. */
static void add_sorted(struct kc_config_def *def, const struct alias_family *family,
                       const struct kc_plugin *plugin, const char *prefix, const char *group)
{
    size_t count = 0;
    const struct kc_config_key **keys = kc_calloc(plugin->config_key_count + 2, sizeof(*keys));
    for (size_t i = 0; i < plugin->config_key_count; i++)
        keys[count++] = &plugin->config_keys[i];
    for (size_t i = 0; family->implicit_keys && i < 2; i++)
        keys[count++] = &implicit_keys[i];
    for (size_t i = 1; i < count; i++) {
        const struct kc_config_key *key = keys[i];
        size_t at = i;
        for (; at > 0 && goes_before(key, keys[at - 1]); at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
    for (size_t i = 0; i < count; i++)
        kc_config_def_embed(def, prefix, group, (int)i + 2, keys[i]);
    free(keys);
}

/* "<prefix>plugin.version" of config; owned by the caller. */
static struct kc_error *check_version(const struct kc_plugins *plugins,
                                      const struct kc_plugin *plugin, const struct kc_map *config,
                                      const char *prefix)
{
    char *name = kc_asprintf("%splugin.version", prefix);
    struct kc_error *err = kc_plugins_check_version(plugins, plugin, kc_map_get(config, name));
    free(name);
    return err;
}

static bool has_version(const struct kc_plugins *plugins, const struct kc_plugin *plugin,
                        const struct kc_map *config, const char *prefix)
{
    struct kc_error *err = check_version(plugins, plugin, config, prefix);
    bool has = !err;
    kc_error_destroy(err);
    return has;
}

static void add_alias(struct kc_config_def *def, const struct kc_plugins *plugins,
                      const struct alias_family *family, const struct kc_map *config,
                      const char *alias)
{
    char *prefix = kc_asprintf("%s.%s.", family->list, alias);
    char *group = kc_asprintf("%s: %s", family->group, alias);
    char *type_name = kc_asprintf("%stype", prefix);
    const struct kc_plugin *plugin = find(plugins, kc_map_get(config, type_name), family->kind);
    add_type(def, family, alias, prefix, group);
    add_version(def, family, alias, prefix, group, plugin);
    if (plugin && has_version(plugins, plugin, config, prefix))
        add_sorted(def, family, plugin, prefix, group);
    free(type_name);
    free(group);
    free(prefix);
}

/* The converter that the connector will use, its own or the worker's. */
static const struct kc_plugin *chosen_converter(const struct kc_plugins *plugins,
                                                const struct converter_key *converter,
                                                const struct kc_config *worker,
                                                const struct kc_map *config)
{
    const char *own = kc_map_get(config, converter->name);
    return find(plugins, own ? own : kc_config_string(worker, converter->name), converter->kind);
}

/* The default of one of the framework's keys, of this connector on this worker. */
static const char *default_of(const struct kc_plugins *plugins, const struct kc_config *worker,
                              const struct kc_map *config, const struct kc_config_key *key)
{
    const struct kc_plugin *plugin = NULL;
    for (size_t i = 0; i < CONVERTER_COUNT; i++) {
        const struct converter_key *converter = &converters[i];
        if (strcmp(key->name, converter->name) == 0) {
            const char *class_name = kc_config_string(worker, converter->name);
            plugin = find(plugins, class_name, converter->kind);
            return plugin ? plugin->class_name : class_name;
        }
        if (strcmp(key->name, converter->version) == 0) {
            plugin = chosen_converter(plugins, converter, worker, config);
            return plugin ? plugin->version : NULL;
        }
    }
    if (strcmp(key->name, "connector.plugin.version") != 0)
        return key->default_value;
    plugin =
        kc_plugins_find(plugins, kc_map_get_or(config, "connector.class", ""), KC_CONNECTOR_KINDS);
    return plugin ? plugin->version : NULL;
}

static void add_base_key(struct kc_config_def *def, const struct kc_config_key *key,
                         const char *default_value)
{
    if (default_value == key->default_value) {
        kc_config_def_add(def, key, 1);
        return;
    }
    struct kc_config_key copy = *key;
    copy.default_value = default_value;
    copy.group = NULL; /* the embedding's */
    kc_config_def_embed(def, "", key->group, key->order, &copy);
}

struct kc_config_def *kc_enriched_config_common(const struct kc_plugins *plugins,
                                                const struct kc_map *config)
{
    struct kc_config_def *def = kc_config_def_new(NULL, 0);
    for (size_t i = 0; i < kc_connector_keys.count; i++) {
        const struct kc_config_key *key = &kc_connector_keys.keys[i];
        bool version = strcmp(key->name, "connector.plugin.version") == 0;
        add_base_key(def, key,
                     version ? default_of(plugins, NULL, config, key) : key->default_value);
    }
    return def;
}

struct kc_config_def *kc_enriched_config_def(const struct kc_plugins *plugins,
                                             const struct kc_config *worker, bool is_source,
                                             const struct kc_map *config)
{
    const struct kc_config_def *base = kc_connector_config_def(is_source);
    struct kc_config_def *def = kc_config_def_new(NULL, 0);
    for (size_t i = 0; i < kc_config_def_size(base); i++) {
        const struct kc_config_key *key = kc_config_def_at(base, i);
        add_base_key(def, key, default_of(plugins, worker, config, key));
    }
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        struct kc_strings aliases = {0};
        list_aliases(&families[f], config, &aliases);
        for (size_t i = 0; i < aliases.count; i++)
            add_alias(def, plugins, &families[f], config, aliases.items[i]);
        kc_strings_destroy(&aliases);
    }
    return def;
}

/* ---- the start ---- */

/* EnrichablePlugin.configDefsForClass, which takes the class as it is written. */
static struct kc_error *check_alias_start(const struct kc_plugins *plugins,
                                          const struct alias_family *family,
                                          const struct kc_map *config, const char *alias)
{
    char *name = kc_asprintf("%s.%s.type", family->list, alias);
    const char *type = kc_map_get(config, name);
    const struct kc_plugin *plugin = find(plugins, type, family->kind);
    char *prefix = kc_asprintf("%s.%s.", family->list, alias);
    struct kc_error *err = plugin ? check_version(plugins, plugin, config, prefix) : NULL;
    free(prefix);
    if (!plugin) {
        char *why = type ? kc_asprintf("Error getting config definition from %s: %s",
                                       family->base_class, type)
                         : kc_asprintf("Not a %s", family->base_class);
        err = kc_config_invalid(name, type, why);
        free(why);
    }
    free(name);
    return err;
}

/* Checks the versions of the connector and its converters. An unknown class is reported where it is
 * made. */
static struct kc_error *check_versions(const struct kc_plugins *plugins,
                                       const struct kc_map *config)
{
    const struct kc_plugin *plugin =
        kc_plugins_find(plugins, kc_map_get_or(config, "connector.class", ""), KC_CONNECTOR_KINDS);
    struct kc_error *err = plugin ? check_version(plugins, plugin, config, "connector.") : NULL;
    for (size_t i = 0; i < CONVERTER_COUNT && !err; i++) {
        char *class_name = kc_trimmed(kc_map_get(config, converters[i].name));
        plugin = find(plugins, class_name, converters[i].kind);
        if (plugin)
            err = kc_plugins_check_version(plugins, plugin,
                                           kc_map_get(config, converters[i].version));
        free(class_name);
    }
    return err;
}

static struct kc_error *check_aliases(const struct kc_plugins *plugins, const struct kc_map *config)
{
    struct kc_error *err = NULL;
    for (size_t f = 0; f < FAMILY_COUNT && !err; f++) {
        struct kc_strings aliases = {0};
        list_aliases(&families[f], config, &aliases);
        for (size_t i = 0; i < aliases.count && !err; i++)
            err = check_alias_start(plugins, &families[f], config, aliases.items[i]);
        kc_strings_destroy(&aliases);
    }
    return err;
}

struct kc_error *kc_enriched_config_check(const struct kc_plugins *plugins,
                                          const struct kc_worker_config *worker, bool is_source,
                                          const struct kc_map *config)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = check_versions(plugins, config);
    if (!err)
        err = check_aliases(plugins, config);
    if (err)
        return err;
    struct kc_config_def *def = kc_enriched_config_def(plugins, worker->values, is_source, config);
    err = kc_config_parse(def, config, &parsed);
    if (!err && is_source && kc_config_bool(worker->values, "topic.creation.enable") &&
        kc_topic_creation_used(config))
        err = kc_topic_creation_check(config);
    kc_config_destroy(parsed);
    kc_config_def_destroy(def);
    return err;
}

/* ---- what only the registry knows ---- */

static const unsigned any_kind = ~0u;

/* An unknown class is shown as no value; a known one by its full name. */
static bool check_known(const struct kc_plugins *plugins, struct kc_config_value *value)
{
    if (!value->value)
        return false;
    const struct kc_plugin *plugin = kc_plugins_find(plugins, value->value, any_kind);
    char *class_name = plugin ? kc_strdup(plugin->class_name) : NULL;
    if (!plugin)
        kc_config_value_add_error(
            value, "Invalid value %s for configuration %s: Class %s could not be found.",
            value->value, value->name, value->value);
    free(value->value);
    value->value = class_name;
    return plugin;
}

static void check_class(const struct kc_plugins *plugins, const char *name,
                        enum kc_plugin_kind kind, const char *base_class,
                        struct kc_config_values *values)
{
    struct kc_config_value *value = kc_config_values_get(values, name);
    if (!check_known(plugins, value) || find(plugins, value->value, kind))
        return;
    kc_config_value_add_error(value, "Class class %s does not implement the %s interface",
                              value->value, base_class);
}

/* A version can be chosen once the class is. */
static void check_converter(const struct kc_plugins *plugins, const struct converter_key *converter,
                            struct kc_config_values *values)
{
    check_class(plugins, converter->name, converter->kind, converter->base_class, values);
    bool chosen = kc_config_values_get(values, converter->name)->value != NULL;
    kc_config_values_get(values, converter->version)->visible = chosen;
}

/* True when it found something wrong. */
static bool check_negate(const struct kc_map *config, const char *prefix, const char *type_name,
                         struct kc_config_values *values)
{
    char *negate = kc_asprintf("%snegate", prefix);
    char *predicate = kc_asprintf("%spredicate", prefix);
    bool lonely = kc_map_has(config, negate) && !kc_map_has(config, predicate);
    if (lonely)
        kc_config_value_add_error(kc_config_values_get(values, type_name),
                                  "Config '%s' was provided but there is no config '%s' defining a "
                                  "predicate to be negated.",
                                  negate, predicate);
    free(predicate);
    free(negate);
    return lonely;
}

/* A missing version is reported for both keys, the class and the version. */
static void check_alias_version(const struct kc_plugins *plugins, const struct alias_family *family,
                                const struct kc_map *config, const char *prefix, bool lonely,
                                struct kc_config_values *values)
{
    char *type_name = kc_asprintf("%stype", prefix);
    char *version_name = kc_asprintf("%splugin.version", prefix);
    struct kc_config_value *type = kc_config_values_get(values, type_name);
    const struct kc_plugin *plugin = find(plugins, type->value, family->kind);
    struct kc_error *err = plugin ? check_version(plugins, plugin, config, prefix) : NULL;
    if (err && !lonely)
        kc_config_value_add_error(type, "%s", kc_error_text(err));
    if (err)
        kc_config_value_add_error(kc_config_values_get(values, version_name), "%s",
                                  kc_error_text(err));
    kc_error_destroy(err);
    free(version_name);
    free(type_name);
}

/* ---- recommendations ---- */

static void recommend_classes(const struct kc_plugins *plugins, const char *name,
                              enum kc_plugin_kind kind, struct kc_config_values *values)
{
    struct kc_config_value *value = kc_config_values_get(values, name);
    for (size_t i = 0; i < kc_plugins_count(plugins); i++) {
        const struct kc_plugin *plugin = kc_plugins_at(plugins, i);
        if (plugin->kind == kind)
            kc_strings_add(&value->recommended, plugin->class_name);
    }
}

/* There is one version of each plugin. */
static void recommend_version(const struct kc_plugin *plugin, const char *name,
                              struct kc_config_values *values)
{
    if (plugin && plugin->version)
        kc_strings_add(&kc_config_values_get(values, name)->recommended, plugin->version);
}

/* The plugin of a CLASS value. */
static const struct kc_plugin *plugin_of(const struct kc_plugins *plugins, const char *name,
                                         enum kc_plugin_kind kind, struct kc_config_values *values)
{
    return find(plugins, kc_config_values_get(values, name)->value, kind);
}

/* ---- the validation ---- */

static void check_alias(const struct kc_plugins *plugins, const struct alias_family *family,
                        const struct kc_map *config, const char *alias,
                        struct kc_config_values *values)
{
    char *prefix = kc_asprintf("%s.%s.", family->list, alias);
    char *type_name = kc_asprintf("%stype", prefix);
    char *version_name = kc_asprintf("%splugin.version", prefix);
    bool lonely = family->implicit_keys && check_negate(config, prefix, type_name, values);
    check_class(plugins, type_name, family->kind, family->base_class, values);
    check_alias_version(plugins, family, config, prefix, lonely, values);
    recommend_classes(plugins, type_name, family->kind, values);
    recommend_version(plugin_of(plugins, type_name, family->kind, values), version_name, values);
    free(version_name);
    free(type_name);
    free(prefix);
}

void kc_enriched_config_validate(const struct kc_plugins *plugins, const struct kc_config_def *def,
                                 const struct kc_map *config, struct kc_config_values *values)
{
    kc_config_validate(def, config, values);
    const char *class_name = kc_map_get_or(config, "connector.class", "");
    recommend_version(kc_plugins_find(plugins, class_name, KC_CONNECTOR_KINDS),
                      "connector.plugin.version", values);
    for (size_t i = 0; i < CONVERTER_COUNT; i++) {
        check_converter(plugins, &converters[i], values);
        recommend_classes(plugins, converters[i].name, converters[i].kind, values);
        recommend_version(plugin_of(plugins, converters[i].name, converters[i].kind, values),
                          converters[i].version, values);
    }
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        struct kc_strings aliases = {0};
        list_aliases(&families[f], config, &aliases);
        for (size_t i = 0; i < aliases.count; i++)
            check_alias(plugins, &families[f], config, aliases.items[i], values);
        kc_strings_destroy(&aliases);
    }
}

void kc_enriched_config_validate_common(const struct kc_plugins *plugins,
                                        const struct kc_config_def *def,
                                        const struct kc_map *config,
                                        struct kc_config_values *values)
{
    kc_config_validate(def, config, values);
    for (size_t i = 0; i < CONVERTER_COUNT; i++)
        check_converter(plugins, &converters[i], values);
}

void kc_enriched_config_check_own(const struct kc_plugins *plugins, const struct kc_config_def *def,
                                  struct kc_config_values *values)
{
    for (size_t i = 0; i < CONVERTER_COUNT; i++)
        if (kc_config_def_find(def, converters[i].name) &&
            kc_config_def_find(def, converters[i].version))
            check_converter(plugins, &converters[i], values);
}
