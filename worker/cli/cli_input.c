/* SPDX-License-Identifier: Apache-2.0 */
/* Files and settings of people: see cli_input_priv.h. */
#include "cli/cli_input_priv.h"

#include "base/file_read.h"
#include "config/properties.h"
#include "connect/java_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE KC_PROPERTIES_MAX_FILE

/* ---- files ---- */

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

static const char *shown(const char *path)
{
    return is_stdin(path) ? "standard input" : path;
}

static struct kc_error *read_text(const char *path, struct kc_str *text)
{
    int code = is_stdin(path) ? kc_fd_append(text, STDIN_FILENO, MAX_FILE)
                              : kc_file_append(text, path, MAX_FILE);
    if (code == EFBIG)
        return kc_error_new(KC_ERR_BAD_REQUEST, "%s has more than %zu MiB", shown(path),
                            MAX_FILE >> 20);
    return code ? kc_error_new(KC_ERR_BAD_REQUEST, "can't read %s: %s", shown(path), strerror(code))
                : NULL;
}

/* An error of what people gave is one of the command line. Takes err. */
static struct kc_error *as_usage(struct kc_error *err, const char *path)
{
    struct kc_error *usage =
        path ? kc_error_new(KC_ERR_BAD_REQUEST, "%s: %s", path, kc_error_text(err))
             : kc_error_new(KC_ERR_BAD_REQUEST, "%s", kc_error_text(err));
    kc_error_destroy(err);
    return usage;
}

struct kc_error *cli_read_json(const char *path, json_t **json)
{
    struct kc_str text = {0};
    struct kc_error *err = read_text(path, &text);
    if (!err) {
        err = kc_json_parse(text.data, text.len, json);
        err = err ? as_usage(err, shown(path)) : NULL;
    }
    kc_str_destroy(&text);
    return err;
}

struct kc_error *cli_read_document(const char *path, json_t **json)
{
    struct kc_str text = {0};
    struct kc_error *err = read_text(path, &text);
    if (err)
        goto out;
    const char *first = text.data + strspn(text.data, " \t\r\n");
    if (*first == '{' || *first == '[') {
        err = kc_json_parse(text.data, text.len, json);
        err = err ? as_usage(err, shown(path)) : NULL;
    } else if (strlen(text.data) != text.len) {
        err = kc_error_new(KC_ERR_BAD_REQUEST, "%s: has a zero byte in it", shown(path));
    } else {
        err = cli_yaml_parse(text.data, shown(path), json);
    }
out:
    kc_str_destroy(&text);
    return err;
}

/* ---- configurations ---- */

/* Numbers and booleans as Connect takes them: their texts. */
static struct kc_error *add_json(const char *path, const json_t *json, struct kc_map *config)
{
    const char *key;
    json_t *value;
    if (!json_is_object(json))
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "%s: a configuration is an object: {\"KEY\": \"VALUE\", ...}", path);
    json_object_foreach ((json_t *)json, key, value) {
        if (json_is_object(value) || json_is_array(value))
            return kc_error_new(KC_ERR_BAD_REQUEST, "%s: the value of '%s' isn't a text", path,
                                key);
        char *text = json_is_string(value) ? NULL : kc_json_print(value, KC_JSON_AS_IS);
        kc_map_set(config, key,
                   json_is_null(value) ? NULL
                   : text              ? text
                                       : json_string_value(value));
        free(text);
    }
    return NULL;
}

static struct kc_error *parse_json(const char *path, const struct kc_str *text,
                                   struct kc_map *config)
{
    json_t *json = NULL;
    struct kc_error *err = kc_json_parse(text->data, text->len, &json);
    if (err)
        return as_usage(err, path);
    const json_t *inner = json_object_get(json, "config");
    const char *name = json_string_value(json_object_get(json, "name"));
    err = add_json(path, json_is_object(inner) ? inner : json, config);
    if (!err && name)
        kc_map_set(config, "name", name);
    json_decref(json);
    return err;
}

static struct kc_error *read_file(const char *path, struct kc_map *config)
{
    struct kc_str text = {0};
    struct kc_error *err = read_text(path, &text);
    if (err)
        goto out;
    const char *first = text.data + strspn(text.data, " \t\r\n");
    if (*first == '{' || *first == '[')
        err = parse_json(shown(path), &text, config);
    else
        err = kc_properties_parse(text.data, text.len, shown(path), config, NULL);
    if (err && kc_error_code(err) != KC_ERR_BAD_REQUEST)
        err = as_usage(err, NULL);
out:
    kc_str_destroy(&text);
    return err;
}

static struct kc_error *apply_sets(const struct cli *cli, struct kc_map *config)
{
    const struct kc_strings *sets = &cli->flags[CLI_SET];
    for (size_t i = 0; i < sets->count; i++) {
        const char *equals = strchr(sets->items[i], '=');
        if (!equals || equals == sets->items[i])
            return kc_error_new(KC_ERR_BAD_REQUEST, "--set needs KEY=VALUE, not '%s'",
                                sets->items[i]);
        char *key = kc_strndup(sets->items[i], (size_t)(equals - sets->items[i]));
        kc_map_set(config, key, equals + 1);
        free(key);
    }
    return NULL;
}

struct kc_error *cli_read_config(const struct cli *cli, const char *path, struct kc_map **config,
                                 char **name)
{
    struct kc_map *map = kc_map_new();
    struct kc_error *err = path ? read_file(path, map) : NULL;
    if (!err)
        err = apply_sets(cli, map);
    if (err) {
        kc_map_destroy(map);
        return err;
    }
    if (name)
        *name = kc_strdup(kc_map_get(map, "name"));
    *config = map;
    return NULL;
}

json_t *cli_config_json(const struct kc_map *config)
{
    json_t *json = json_object();
    kc_map_foreach (config, entry)
        json_object_set_new(json, entry->key,
                            entry->value ? json_string(entry->value) : json_null());
    return json;
}
