/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration helpers of both herders: the error of a validation, patches, and whether tasks must
 * be written again (AbstractHerder). Pure functions, any thread.
 */
#include "herder/herder_priv.h"

struct kc_error *kc_config_infos_error(const json_t *infos)
{
    json_int_t count = json_integer_value(json_object_get(infos, "error_count"));
    if (count <= 0)
        return NULL;
    struct kc_str text = {0};
    kc_str_appendf(&text,
                   "Connector configuration is invalid and contains the following %lld error(s):",
                   (long long)count);
    size_t i;
    json_t *info;
    json_array_foreach (json_object_get(infos, "configs"), i, info) {
        size_t j;
        json_t *message;
        json_array_foreach (json_object_get(json_object_get(info, "value"), "errors"), j, message)
            kc_str_appendf(&text, "\n%s", json_string_value(message));
    }
    kc_str_append(&text, "\nYou can also find the above list of errors at the endpoint "
                         "`/connector-plugins/{connectorType}/config/validate`");
    struct kc_error *err = kc_error_new(KC_ERR_BAD_REQUEST, "%s", text.data);
    kc_str_destroy(&text);
    return err;
}

struct kc_map *kc_config_patch(const struct kc_map *config, const struct kc_map *patch)
{
    struct kc_map *patched = kc_map_copy(config);
    kc_map_foreach (patch, entry) {
        if (entry->value)
            kc_map_set(patched, entry->key, entry->value);
        else
            kc_map_remove(patched, entry->key);
    }
    return patched;
}

bool kc_task_configs_changed(const struct kc_cluster_state *state, const char *connector,
                             const struct kc_maps *configs)
{
    int count = kc_cluster_state_task_count(state, connector);
    if (configs->count != (size_t)count)
        return true;
    for (int task = 0; task < count; task++) {
        const struct kc_map *stored = kc_cluster_state_task_config(state, connector, task);
        if (!stored || !kc_map_equal(configs->items[task], stored))
            return true;
    }
    const struct kc_map *applied = kc_cluster_state_applied_config(state, connector);
    const struct kc_map *current = kc_cluster_state_config(state, connector);
    if (!applied || !current)
        return applied != current;
    return !kc_map_equal(applied, current);
}

struct kc_error *kc_connector_not_found(const char *connector)
{
    return kc_error_new(KC_ERR_NOT_FOUND, "Connector %s not found", connector);
}

struct kc_error *kc_offsets_need_stopped(const char *connector)
{
    return kc_error_new(KC_ERR_BAD_REQUEST,
                        "Connectors must be in the STOPPED state before their offsets can be "
                        "modified. This can be done for the specified connector by issuing a 'PUT' "
                        "request to the '/connectors/%s/stop' endpoint",
                        connector);
}
