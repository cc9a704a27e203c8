/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ConfigKeyInfo, ConfigValueInfo and ConfigInfo of Connect's REST API, from our tables.
 *
 * Called by the herder when it answers /connector-plugins; any thread. Members are in Java's order.
 */
#include "config/config_json.h"

#include "config/config_def_priv.h"

static const char *const types[] = {
    [KC_CONFIG_BOOLEAN] = "BOOLEAN",   [KC_CONFIG_STRING] = "STRING",
    [KC_CONFIG_INT] = "INT",           [KC_CONFIG_SHORT] = "SHORT",
    [KC_CONFIG_LONG] = "LONG",         [KC_CONFIG_DOUBLE] = "DOUBLE",
    [KC_CONFIG_LIST] = "LIST",         [KC_CONFIG_CLASS] = "CLASS",
    [KC_CONFIG_PASSWORD] = "PASSWORD",
};
static const char *const importances[] = {"HIGH", "MEDIUM", "LOW"};
static const char *const widths[] = {"NONE", "SHORT", "MEDIUM", "LONG"};

static json_t *text_or_null(const char *text)
{
    json_t *json = text ? json_string(text) : NULL;

    return json ? json : json_null();
}

static json_t *strings_json(const struct kc_strings *strings)
{
    json_t *array = json_array();

    for (size_t i = 0; i < strings->count; i++)
        json_array_append_new(array, text_or_null(strings->items[i]));
    return array;
}

/* The default as ConfigDef.convertToString prints it; NULL for none and for null. */
static char *default_text(const struct kc_config_key *key)
{
    struct kc_parsed parsed = {0};

    if (!key->default_value || key->default_value == kc_config_required)
        return NULL;
    if (key->type == KC_CONFIG_PASSWORD)
        return kc_strdup("[hidden]");
    struct kc_error *err = kc_config_parse_type(key->name, key->type, key->default_value, &parsed);
    char *text = kc_strdup(err ? key->default_value : parsed.text);
    kc_error_destroy(err);
    kc_parsed_destroy(&parsed);
    return text;
}

static json_t *prefixed(const char *prefix, const char *name)
{
    char *text = kc_asprintf("%s%s", prefix, name);
    json_t *json = text_or_null(text);

    free(text);
    return json;
}

static json_t *key_json(const struct kc_config_key *key, const char *prefix)
{
    json_t *json = json_object();
    json_t *dependents = json_array();
    char *text = default_text(key);

    for (size_t i = 0; key->dependents && key->dependents[i]; i++)
        json_array_append_new(dependents, json_string(key->dependents[i]));
    json_object_set_new(json, "name", prefixed(prefix, key->name));
    json_object_set_new(json, "type", json_string(types[key->type]));
    json_object_set_new(json, "required", json_boolean(key->default_value == kc_config_required));
    json_object_set_new(json, "default_value", text_or_null(text));
    json_object_set_new(json, "importance", json_string(importances[key->importance]));
    json_object_set_new(json, "documentation", text_or_null(key->documentation));
    json_object_set_new(json, "group", text_or_null(key->group));
    json_object_set_new(json, "width", json_string(widths[key->width]));
    json_object_set_new(json, "display_name",
                        text_or_null(key->display_name ? key->display_name : key->name));
    json_object_set_new(json, "dependents", dependents);
    json_object_set_new(json, "order", json_integer(key->order));
    free(text);
    return json;
}

json_t *kc_config_key_json(const struct kc_config_key *key)
{
    return key_json(key, "");
}

json_t *kc_config_info_json(const struct kc_config_key *key, const struct kc_config_value *value,
                            const char *prefix)
{
    json_t *info = json_object();
    json_t *result = json_object();

    json_object_set_new(result, "name", prefixed(prefix, value->name));
    json_object_set_new(result, "value", text_or_null(value->value));
    json_object_set_new(result, "recommended_values", strings_json(&value->recommended));
    json_object_set_new(result, "errors", strings_json(&value->errors));
    json_object_set_new(result, "visible", json_boolean(value->visible));
    json_object_set_new(info, "definition", key ? key_json(key, prefix) : json_null());
    json_object_set_new(info, "value", result);
    return info;
}
