/* SPDX-License-Identifier: Apache-2.0 */
/* Connectors in files, see connector_file.h. */
#include "herder/connector_file.h"

#include "base/file_read.h"
#include "config/properties.h"
#include "connect/java_json.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define MAX_FILE_BYTES ((size_t)16 << 20)

static struct kc_error *read_file(const char *path, struct kc_str *text)
{
    int code = kc_file_append(text, path, MAX_FILE_BYTES);
    if (code == EFBIG)
        return kc_error_new(KC_ERR_IO, "Can't read %s: it is larger than 16 MiB", path);
    return code ? kc_error_new(KC_ERR_IO, "Can't read %s: %s", path, strerror(code)) : NULL;
}

static bool is_flat(const json_t *json)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)json, key, value) {
        if (!json_is_string(value) && !json_is_null(value))
            return false;
    }
    return json_is_object(json);
}

static enum kc_target_state initial_state(const json_t *json)
{
    const char *text = json_string_value(json_object_get(json, "initial_state"));
    if (!text)
        return KC_TARGET_NONE;
    return strcasecmp(text, "PAUSED") == 0    ? KC_TARGET_PAUSED
           : strcasecmp(text, "STOPPED") == 0 ? KC_TARGET_STOPPED
                                              : KC_TARGET_STARTED;
}

/* A flat map, or a create request {name, config, initial_state}. */
struct kc_error *kc_connector_file_parse(const char *path, const char *text, size_t len,
                                         struct kc_map *config, enum kc_target_state *state)
{
    const char *key;
    json_t *value;
    json_t *json = NULL;
    struct kc_error *err = kc_json_parse(text, len, &json);
    if (err)
        return kc_error_prefix(err, "%s", path);
    const json_t *map = is_flat(json) ? json : json_object_get(json, "config");
    if (!is_flat(map)) {
        json_decref(json);
        return kc_error_new(KC_ERR_CONFIG,
                            "%s: expected a flat object of strings, or an object with name, config "
                            "and initial_state",
                            path);
    }
    *state = KC_TARGET_NONE;
    json_object_foreach ((json_t *)map, key, value)
        kc_map_set(config, key, json_string_value(value));
    if (map != json) {
        *state = initial_state(json);
        kc_map_set_default(config, "name", json_string_value(json_object_get(json, "name")));
    }
    json_decref(json);
    return NULL;
}

struct kc_error *kc_connector_file_load(const char *path, struct kc_map *config,
                                        enum kc_target_state *state)
{
    struct kc_str text = {0};
    *state = KC_TARGET_NONE;
    size_t path_len = strlen(path);
    if (path_len < 5 || strcmp(path + path_len - 5, ".json") != 0)
        return kc_properties_load(path, config, NULL);
    struct kc_error *err = read_file(path, &text);
    if (!err)
        err = kc_connector_file_parse(path, text.data, text.len, config, state);
    kc_str_destroy(&text);
    return err;
}
