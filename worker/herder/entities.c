/* SPDX-License-Identifier: Apache-2.0 */
/* REST's entities: see entities_priv.h. */
#include "herder/entities_priv.h"

#include "config/config_json.h"
#include "config/definition.h"
#include "config/worker_config.h"

#include <stdlib.h>
#include <string.h>

const char *kc_connector_type(const struct kc_plugins *plugins, const struct kc_map *config)
{
    const char *class_name = config ? kc_map_get(config, "connector.class") : NULL;
    const struct kc_plugin *plugin =
        class_name ? kc_plugins_find(plugins, class_name, KC_CONNECTOR_KINDS) : NULL;
    if (!plugin)
        return "unknown";
    return plugin->kind == KC_PLUGIN_SOURCE ? "source" : "sink";
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *kc_map_json(const struct kc_map *map)
{
    json_t *object = json_object();
    kc_map_foreach (map, entry)
        json_object_set_new(object, entry->key, text_or_null(entry->value));
    return object;
}

static json_t *task_id_json(const char *connector, int task)
{
    return json_pack("{s:s, s:i}", "connector", connector, "task", task);
}

/* ---- configurations ---- */

json_t *kc_connector_info_json(const struct kc_cluster_state *state,
                               const struct kc_plugins *plugins, const char *connector,
                               const struct kc_map *config)
{
    if (!config)
        config = kc_cluster_state_config(state, connector);
    if (!config)
        return NULL;
    json_t *tasks = json_array();
    int count = kc_cluster_state_task_count(state, connector);
    for (int task = 0; task < count; task++)
        json_array_append_new(tasks, task_id_json(connector, task));
    return json_pack("{s:s, s:o, s:o, s:s}", "name", connector, "config", kc_map_json(config),
                     "tasks", tasks, "type", kc_connector_type(plugins, config));
}

json_t *kc_task_infos_json(const struct kc_cluster_state *state, const char *connector)
{
    json_t *infos = json_array();
    int count = kc_cluster_state_task_count(state, connector);
    for (int task = 0; task < count; task++) {
        const struct kc_map *config = kc_cluster_state_task_config(state, connector, task);
        json_t *info = json_pack("{s:o, s:o}", "id", task_id_json(connector, task), "config",
                                 config ? kc_map_json(config) : json_null());
        json_array_append_new(infos, info);
    }
    return infos;
}

/* ---- statuses ---- */

json_t *kc_state_json(int id, const struct kc_status *status)
{
    json_t *state = json_object();
    if (id != KC_CONNECTOR_STATUS)
        json_object_set_new(state, "id", json_integer(id));
    json_object_set_new(state, "state", json_string(kc_state_name(status->state)));
    json_object_set_new(state, "worker_id", text_or_null(status->worker_id));
    /* PluginInfo.NoVersionFilter: null is shown, "undefined" isn't. */
    if (!status->version || strcmp(status->version, "undefined") != 0)
        json_object_set_new(state, "version", text_or_null(status->version));
    if (status->trace && *status->trace)
        json_object_set_new(state, "trace", json_string(status->trace));
    return state;
}

static json_t *task_states(struct kc_status_store *store, const char *connector)
{
    json_t *states = json_array();
    int *tasks = NULL;
    size_t count = kc_status_store_tasks(store, connector, false, &tasks);
    for (size_t i = 0; i < count; i++) {
        struct kc_status status = {0};
        if (!kc_status_store_get(store, connector, tasks[i], &status))
            continue;
        json_array_append_new(states, kc_state_json(tasks[i], &status));
        kc_status_clear(&status);
    }
    free(tasks);
    return states;
}

json_t *kc_connector_state_json(struct kc_status_store *store, const char *connector,
                                const char *type)
{
    struct kc_status status = {0};
    if (!kc_status_store_get(store, connector, KC_CONNECTOR_STATUS, &status))
        return NULL;
    json_t *info = json_pack("{s:s, s:o, s:o, s:s}", "name", connector, "connector",
                             kc_state_json(KC_CONNECTOR_STATUS, &status), "tasks",
                             task_states(store, connector), "type", type);
    kc_status_clear(&status);
    return info;
}

json_t *kc_active_topics_json(struct kc_status_store *store, const char *connector)
{
    struct kc_strings topics = {0};
    kc_status_store_topics(store, connector, &topics);
    json_t *names = json_array();
    for (size_t i = 0; i < topics.count; i++)
        json_array_append_new(names, json_string(topics.items[i]));
    kc_strings_destroy(&topics);
    return json_pack("{s:{s:o}}", connector, "topics", names);
}

/* ---- plugins ---- */

json_t *kc_plugin_list_json(const struct kc_plugins *plugins, bool connectors_only)
{
    json_t *list = json_array();
    for (size_t i = 0; i < kc_plugins_count(plugins); i++) {
        const struct kc_plugin *plugin = kc_plugins_at(plugins, i);
        if (!((connectors_only ? KC_CONNECTOR_KINDS : KC_LISTED_KINDS) & (1U << plugin->kind)))
            continue;
        json_t *info = json_pack("{s:s, s:s}", "class", plugin->class_name, "type",
                                 kc_plugin_kind_name(plugin->kind));
        if (plugin->version && strcmp(plugin->version, "undefined") != 0)
            json_object_set_new(info, "version", json_string(plugin->version));
        json_array_append_new(list, info);
    }
    return list;
}

/* A key of the framework: its connector's version is known. */
static void append_key(json_t *list, const struct kc_plugin *plugin,
                       const struct kc_config_key *key)
{
    struct kc_config_key copy = *key;
    if (key->internal)
        return;
    if (strcmp(key->name, "connector.plugin.version") == 0)
        copy.default_value = plugin->version;
    json_array_append_new(list, kc_config_key_json(&copy));
}

static bool has_key(const struct kc_plugin *plugin, const char *name)
{
    for (size_t i = 0; i < plugin->config_key_count; i++)
        if (strcmp(plugin->config_keys[i].name, name) == 0)
            return true;
    return false;
}

/* The plugin's own keys come first, then those of the framework that it lacks. */
struct kc_error *kc_plugin_config_json(const struct kc_plugins *plugins, const char *name,
                                       json_t **keys)
{
    const struct kc_plugin *plugin = kc_plugins_find(plugins, name, ~0U);
    if (!plugin)
        return kc_error_new(KC_ERR_NOT_FOUND, "Unknown plugin %s.", name);
    const struct kc_config_def *base = NULL;
    if (KC_CONNECTOR_KINDS & (1U << plugin->kind))
        base = kc_connector_config_def(plugin->kind == KC_PLUGIN_SOURCE);
    *keys = json_array();
    for (size_t i = 0; i < plugin->config_key_count; i++)
        if (!plugin->config_keys[i].internal)
            json_array_append_new(*keys, kc_config_key_json(&plugin->config_keys[i]));
    for (size_t i = 0; base && i < kc_config_def_size(base); i++) {
        const struct kc_config_key *key = kc_config_def_at(base, i);
        if (!has_key(plugin, key->name))
            append_key(*keys, plugin, key);
    }
    return NULL;
}
