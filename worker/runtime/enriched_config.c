/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transforms and predicates in a connector's definition: see enriched_config.h.
 *
 * Each alias adds `<list>.<alias>.type` and, when that names a known class, the class's own keys.
 */
#include "runtime/enriched_config.h"

#include <stdlib.h>
#include <string.h>

/* What is listed by alias. */
struct family {
    const char *list; /* the key that lists aliases */
    const char *group;
    const char *base_class;
    const char *lower_name;
    enum kc_plugin_kind kind;
    bool implicit_keys; /* predicate and negate */
};

static const struct family families[] = {
    {"transforms", "Transforms", "Transformation", "transformation", KC_PLUGIN_TRANSFORMATION,
     true},
    {"predicates", "Predicates", "Predicate", "predicate", KC_PLUGIN_PREDICATE, false},
};
enum { FAMILY_COUNT = sizeof(families) / sizeof(families[0]) };

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

/* The distinct aliases of a family. */
static void list_aliases(const struct family *family, const struct kc_map *config,
                         struct kc_strings *aliases)
{
    struct kc_strings all = {0};
    kc_strings_split(&all, kc_map_get_or(config, family->list, ""));
    for (size_t i = 0; i < all.count; i++)
        if (!kc_strings_contain(aliases, all.items[i]))
            kc_strings_add(aliases, all.items[i]);
    kc_strings_destroy(&all);
}

static void add_type(struct kc_config_def *def, const struct family *family, const char *alias,
                     const char *prefix, const char *group)
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

static void add_alias(struct kc_config_def *def, const struct kc_plugins *plugins,
                      const struct family *family, const struct kc_map *config, const char *alias)
{
    char *prefix = kc_asprintf("%s.%s.", family->list, alias);
    char *group = kc_asprintf("%s: %s", family->group, alias);
    char *type_name = kc_asprintf("%stype", prefix);
    const char *type = kc_map_get(config, type_name);
    const struct kc_plugin *plugin =
        type ? kc_plugins_find(plugins, type, 1u << family->kind) : NULL;
    int order = 1;
    add_type(def, family, alias, prefix, group);
    for (size_t i = 0; plugin && family->implicit_keys && i < 2; i++)
        kc_config_def_embed(def, prefix, group, order++, &implicit_keys[i]);
    for (size_t i = 0; plugin && i < plugin->config_key_count; i++)
        kc_config_def_embed(def, prefix, group, order++, &plugin->config_keys[i]);
    free(type_name);
    free(group);
    free(prefix);
}

struct kc_config_def *kc_enriched_config_def(const struct kc_plugins *plugins, bool is_source,
                                             const struct kc_map *config)
{
    const struct kc_config_def *base = kc_connector_config_def(is_source);
    struct kc_config_def *def = kc_config_def_new(NULL, 0);
    for (size_t i = 0; i < kc_config_def_size(base); i++)
        kc_config_def_add(def, kc_config_def_at(base, i), 1);
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        struct kc_strings aliases = {0};
        list_aliases(&families[f], config, &aliases);
        for (size_t i = 0; i < aliases.count; i++)
            add_alias(def, plugins, &families[f], config, aliases.items[i]);
        kc_strings_destroy(&aliases);
    }
    return def;
}

/* ---- what only the registry knows ---- */

static const unsigned any_kind = ~0u;

/* A class that nobody has is no value at all. */
static bool check_known(const struct kc_plugins *plugins, struct kc_config_value *value)
{
    if (!value->value || kc_plugins_find(plugins, value->value, any_kind))
        return value->value != NULL;
    kc_config_value_add_error(value,
                              "Invalid value %s for configuration %s: Class %s could not be found.",
                              value->value, value->name, value->value);
    free(value->value);
    value->value = NULL;
    return false;
}

static void check_class(const struct kc_plugins *plugins, const char *name, unsigned kinds,
                        const char *base_class, struct kc_config_values *values)
{
    struct kc_config_value *value = kc_config_values_get(values, name);
    if (!check_known(plugins, value) || kc_plugins_find(plugins, value->value, kinds))
        return;
    kc_config_value_add_error(value, "Invalid value %s for configuration %s: Not a %s",
                              value->value, name, base_class);
}

static void check_negate(const struct kc_map *config, const char *prefix, const char *type_name,
                         struct kc_config_values *values)
{
    char *negate = kc_asprintf("%snegate", prefix);
    char *predicate = kc_asprintf("%spredicate", prefix);
    if (kc_map_has(config, negate) && !kc_map_has(config, predicate))
        kc_config_value_add_error(kc_config_values_get(values, type_name),
                                  "Config '%s' was provided but there is no config '%s' defining a "
                                  "predicate to be negated.",
                                  negate, predicate);
    free(predicate);
    free(negate);
}

static void check_alias(const struct kc_plugins *plugins, const struct family *family,
                        const struct kc_map *config, const char *alias,
                        struct kc_config_values *values)
{
    char *prefix = kc_asprintf("%s.%s.", family->list, alias);
    char *type_name = kc_asprintf("%stype", prefix);
    if (family->implicit_keys)
        check_negate(config, prefix, type_name, values);
    check_class(plugins, type_name, 1u << family->kind, family->base_class, values);
    free(type_name);
    free(prefix);
}

void kc_enriched_config_validate(const struct kc_plugins *plugins, const struct kc_config_def *def,
                                 const struct kc_map *config, struct kc_config_values *values)
{
    unsigned converters = 1u << KC_PLUGIN_CONVERTER;
    kc_config_validate(def, config, values);
    check_class(plugins, "key.converter", converters, "Converter", values);
    check_class(plugins, "value.converter", converters, "Converter", values);
    check_class(plugins, "header.converter", 1u << KC_PLUGIN_HEADER_CONVERTER, "HeaderConverter",
                values);
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        struct kc_strings aliases = {0};
        list_aliases(&families[f], config, &aliases);
        for (size_t i = 0; i < aliases.count; i++)
            check_alias(plugins, &families[f], config, aliases.items[i], values);
        kc_strings_destroy(&aliases);
    }
}
