/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables in configurations: see config/providers.h (ConfigTransformer, WorkerConfigTransformer).
 *
 * Made by the worker's configuration, used by the herder for every connector and task
 * configuration, on any thread. Values never go to the log, because most are secrets.
 */
#include "config/providers.h"

#include "config/provider_sources_priv.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.common.config.ConfigTransformer");

struct kc_providers {
    struct kc_provider **items;
    size_t count;
};

/* One variable: ${provider:[path:]key}. */
struct variable {
    const char *start; /* at the dollar sign */
    const char *end;   /* behind the brace */
    char *provider;
    char *path; /* "" when absent */
    char *key;
};

/* The files that one resolution has read so far. */
struct lookups {
    struct kc_provider_lookup *items;
    size_t count;
};

/* Finds the first match of \$\{([^}]*?):(([^}]*?):)?([^}]*?)\} at or behind text: the first colon
 * ends the provider, the second, if any, the path; the key may have more of them. */
static bool next_variable(const char *text, struct variable *variable)
{
    for (const char *start = strstr(text, "${"); start; start = strstr(start + 2, "${")) {
        const char *body = start + 2;
        const char *end = strchr(body, '}');
        const char *colon = end ? memchr(body, ':', (size_t)(end - body)) : NULL;
        const char *second;

        if (!end)
            return false;
        if (!colon)
            continue;
        second = memchr(colon + 1, ':', (size_t)(end - colon - 1));
        variable->start = start;
        variable->end = end + 1;
        variable->provider = kc_strndup(body, (size_t)(colon - body));
        variable->path =
            second ? kc_strndup(colon + 1, (size_t)(second - colon - 1)) : kc_strdup("");
        colon = second ? second : colon;
        variable->key = kc_strndup(colon + 1, (size_t)(end - colon - 1));
        return true;
    }
    return false;
}

static void variable_clear(struct variable *variable)
{
    free(variable->provider);
    free(variable->path);
    free(variable->key);
    memset(variable, 0, sizeof(*variable));
}

bool kc_providers_has_variable(const char *value)
{
    struct variable variable = {0};
    bool found = value && next_variable(value, &variable);

    variable_clear(&variable);
    return found;
}

static struct kc_error *provider_add(struct kc_providers *providers, const char *name,
                                     const struct kc_map *config)
{
    char *class_key = kc_asprintf("config.providers.%s.class", name);
    char *param_prefix = kc_asprintf("config.providers.%s.param.", name);
    struct kc_map *params = kc_map_subset(config, param_prefix, true);
    struct kc_provider *provider = NULL;
    struct kc_error *err;

    if (!kc_map_get(config, class_key))
        err = kc_error_new(KC_ERR_CONFIG,
                           "Missing required configuration \"%s\" which has no default value.",
                           class_key);
    else
        err = kc_provider_new(name, class_key, kc_map_get(config, class_key), params, &provider);
    if (!err)
        providers->items[providers->count++] = provider;
    kc_map_destroy(params);
    free(param_prefix);
    free(class_key);
    return err;
}

struct kc_error *kc_providers_new(const struct kc_map *config, struct kc_providers **providers)
{
    struct kc_strings names = {0};
    struct kc_providers *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = NULL;

    *providers = NULL;
    kc_strings_split(&names, kc_map_get_or(config, "config.providers", ""));
    made->items = kc_calloc(names.count + 1, sizeof(struct kc_provider *));
    for (size_t i = 0; !err && i < names.count; i++) {
        if (*names.items[i])
            err = provider_add(made, names.items[i], config);
    }
    kc_strings_destroy(&names);
    if (err) {
        kc_providers_destroy(made);
        return err;
    }
    *providers = made;
    return NULL;
}

void kc_providers_destroy(struct kc_providers *providers)
{
    if (!providers)
        return;
    for (size_t i = 0; i < providers->count; i++)
        kc_provider_destroy(providers->items[i]);
    free(providers->items);
    free(providers);
}

static const struct kc_provider *provider_find(const struct kc_providers *providers,
                                               const char *name)
{
    /* If two providers have one name, the later one wins, as in Java's map. */
    for (size_t i = providers->count; i > 0; i--) {
        if (strcmp(kc_provider_name(providers->items[i - 1]), name) == 0)
            return providers->items[i - 1];
    }
    return NULL;
}

/* The values at path, read once per resolution; borrowed from lookups. */
static struct kc_error *lookup(struct lookups *lookups, const struct kc_provider *provider,
                               const char *path, struct kc_provider_lookup **found)
{
    for (size_t i = 0; i < lookups->count; i++) {
        *found = &lookups->items[i];
        if ((*found)->provider == provider && strcmp((*found)->path, path) == 0)
            return NULL;
    }
    lookups->items = kc_realloc(lookups->items, (lookups->count + 1) * sizeof(*lookups->items));
    struct kc_provider_lookup *made = *found = &lookups->items[lookups->count++];
    *made = (struct kc_provider_lookup){.provider = provider, .path = kc_strdup(path)};
    return kc_lookup_open(made);
}

/* *value: what replaces the variable; NULL when it stays as it is. Owned by the caller. */
static struct kc_error *variable_value(const struct kc_providers *providers,
                                       const struct variable *variable, struct lookups *lookups,
                                       char **value)
{
    const struct kc_provider *provider = provider_find(providers, variable->provider);
    struct kc_provider_lookup *found = NULL;

    *value = NULL;
    if (!provider)
        return NULL;
    struct kc_error *err = lookup(lookups, provider, variable->path, &found);
    if (!err)
        err = kc_lookup_get(found, variable->key, value);
    if (!err && !*value)
        kc_debug("Provider '%s' has no value for variable '%s' at '%s'", variable->provider,
                 variable->key, variable->path);
    return err;
}

static struct kc_error *resolve_value(const struct kc_providers *providers, const char *key,
                                      const char *text, struct lookups *lookups,
                                      struct kc_map *resolved)
{
    struct kc_str out = {0};
    struct variable variable = {0};
    struct kc_error *err = NULL;

    while (!err && next_variable(text, &variable)) {
        char *value = NULL;

        err = variable_value(providers, &variable, lookups, &value);
        if (err)
            err = kc_error_prefix(err, "Variable '%s' of configuration '%s'", variable.key, key);
        kc_str_append_n(&out, text, (size_t)(variable.start - text));
        if (value)
            kc_str_append(&out, value);
        else
            kc_str_append_n(&out, variable.start, (size_t)(variable.end - variable.start));
        text = variable.end;
        free(value);
        variable_clear(&variable);
    }
    kc_str_append(&out, text);
    if (!err)
        kc_map_set(resolved, key, out.data ? out.data : "");
    kc_str_destroy(&out);
    return err;
}

struct kc_error *kc_providers_resolve(const struct kc_providers *providers,
                                      const struct kc_map *config, struct kc_map **resolved)
{
    struct kc_map *copy = kc_map_copy(config);
    struct lookups lookups = {0};
    struct kc_error *err = NULL;

    *resolved = NULL;
    kc_map_foreach (config, entry) {
        if (!providers || err)
            break;
        if (entry->value && strstr(entry->value, "${"))
            err = resolve_value(providers, entry->key, entry->value, &lookups, copy);
    }
    for (size_t i = 0; i < lookups.count; i++)
        kc_lookup_close(&lookups.items[i]);
    free(lookups.items);
    if (err) {
        kc_map_destroy(copy);
        return err;
    }
    *resolved = copy;
    return NULL;
}

void kc_providers_reverse(const struct kc_map *connector_config, struct kc_maps *task_configs)
{
    kc_map_foreach (connector_config, entry) {
        if (!kc_providers_has_variable(entry->value))
            continue;
        for (size_t i = 0; i < task_configs->count; i++) {
            if (kc_map_has(task_configs->items[i], entry->key))
                kc_map_set(task_configs->items[i], entry->key, entry->value);
        }
    }
}
