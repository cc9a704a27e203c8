/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of configuration keys in order of definition: see connect/config_def.h.
 *
 * Connectors, transforms and the worker itself define their keys here at start; embedded keys own a
 * copy of their strings. Once no more keys are added, any thread may read a definition.
 */
#include "config/config_def_priv.h"
#include "config/definition.h"
#include "connect/map.h"

#include <stdlib.h>
#include <string.h>

const char kc_config_required[] = "(required)";

struct kc_config_def {
    struct kc_def_entry **entries;
    size_t count;
    size_t cap;
    struct kc_def_entry *by_name;
};

struct kc_config_def *kc_config_def_new(const struct kc_config_key *keys, size_t count)
{
    struct kc_config_def *def = kc_calloc(1, sizeof(*def));

    kc_config_def_add(def, keys, count);
    return def;
}

static struct kc_def_entry *entry_find(const struct kc_config_def *def, const char *name)
{
    struct kc_def_entry *entry = NULL;

    HASH_FIND_STR(def->by_name, name, entry);
    return entry;
}

static struct kc_def_entry *entry_add(struct kc_config_def *def, const struct kc_config_key *key)
{
    struct kc_def_entry *entry = kc_calloc(1, sizeof(*entry));

    if (def->count == def->cap) {
        def->cap = def->cap ? 2 * def->cap : 32;
        def->entries = kc_realloc(def->entries, def->cap * sizeof(struct kc_def_entry *));
    }
    entry->key = key;
    entry->name = key->name;
    def->entries[def->count++] = entry;
    HASH_ADD_KEYPTR(hh, def->by_name, entry->name, strlen(entry->name), entry);
    return entry;
}

void kc_config_def_add(struct kc_config_def *def, const struct kc_config_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!entry_find(def, keys[i].name))
            entry_add(def, &keys[i]);
    }
}

static const char **prefixed_dependents(const char *prefix, const char *const *dependents)
{
    size_t count = 0;
    const char **copy;

    if (!dependents)
        return NULL;
    while (dependents[count])
        count++;
    copy = kc_calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = kc_asprintf("%s%s", prefix, dependents[i]);
    return copy;
}

void kc_config_def_embed(struct kc_config_def *def, const char *prefix, const char *group,
                         int order_base, const struct kc_config_key *key)
{
    char *name = kc_asprintf("%s%s", prefix, key->name);

    if (entry_find(def, name)) {
        free(name);
        return;
    }
    struct kc_config_key *copy = kc_memdup(key, sizeof(*key));
    copy->name = name;
    copy->group = key->group ? kc_asprintf("%s: %s", group, key->group) : kc_strdup(group);
    copy->order = order_base;
    copy->display_name = kc_strdup(key->display_name ? key->display_name : key->name);
    copy->documentation = kc_strdup(key->documentation);
    if (key->default_value && key->default_value != kc_config_required)
        copy->default_value = kc_strdup(key->default_value);
    copy->dependents = prefixed_dependents(prefix, key->dependents);
    struct kc_def_entry *entry = entry_add(def, copy);
    entry->owned = copy;
    entry->prefix_len = strlen(prefix);
}

size_t kc_config_def_size(const struct kc_config_def *def)
{
    return def->count;
}

const struct kc_config_key *kc_config_def_at(const struct kc_config_def *def, size_t index)
{
    return index < def->count ? def->entries[index]->key : NULL;
}

const struct kc_config_key *kc_config_def_find(const struct kc_config_def *def, const char *name)
{
    const struct kc_def_entry *entry = entry_find(def, name);

    return entry ? entry->key : NULL;
}

const struct kc_def_entry *kc_config_def_entry(const struct kc_config_def *def, size_t index)
{
    return def->entries[index];
}

static void owned_key_destroy(struct kc_config_key *key)
{
    if (!key)
        return;
    if (key->dependents) {
        for (size_t i = 0; key->dependents[i]; i++)
            free((char *)key->dependents[i]);
        free((void *)key->dependents);
    }
    if (key->default_value != kc_config_required)
        free((char *)key->default_value);
    free((char *)key->name);
    free((char *)key->group);
    free((char *)key->display_name);
    free((char *)key->documentation);
    free(key);
}

void kc_config_def_destroy(struct kc_config_def *def)
{
    if (!def)
        return;
    HASH_CLEAR(hh, def->by_name);
    for (size_t i = 0; i < def->count; i++) {
        owned_key_destroy(def->entries[i]->owned);
        free(def->entries[i]);
    }
    free(def->entries);
    free(def);
}

struct kc_error *kc_config_invalid(const char *name, const char *value, const char *why)
{
    return kc_error_new(KC_ERR_CONFIG, "Invalid value %s for configuration %s%s%s",
                        value ? value : "null", name, why ? ": " : "", why ? why : "");
}
