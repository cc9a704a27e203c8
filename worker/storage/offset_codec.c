/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and values of the offset topic, byte by byte as JsonConverter writes them.
 *
 * A lookup compares raw bytes, so member order counts: that of Java's HashMap.
 */
#include "storage/offset_codec_priv.h"

#include "connect/java_json.h"

#include <string.h>

char *kc_offset_key(const char *connector, const json_t *partition)
{
    struct kc_str out = {0};
    kc_str_append_char(&out, '[');
    kc_json_write_string(&out, connector, strlen(connector));
    kc_str_append_char(&out, ',');
    if (partition)
        kc_json_write(&out, partition, KC_JSON_HASH_MAP);
    else
        kc_str_append(&out, "null");
    kc_str_append_char(&out, ']');
    return kc_str_take(&out);
}

char *kc_offset_value(const json_t *offset)
{
    return offset && !json_is_null(offset) ? kc_json_print(offset, KC_JSON_HASH_MAP) : NULL;
}

struct kc_error *kc_offset_key_read(const char *key, size_t len, char **connector,
                                    json_t **partition)
{
    json_t *pair = NULL;
    struct kc_error *err = kc_json_parse(key ? key : "", len, &pair);
    const char *name = json_string_value(json_array_get(pair, 0));
    json_t *found = json_array_get(pair, 1);
    if (!err && json_array_size(pair) != 2)
        err = kc_error_new(KC_ERR_DATA, "the key is no array of two elements");
    if (!err && !name)
        err = kc_error_new(KC_ERR_DATA, "the key's first element is no string");
    if (!err && !json_is_object(found) && !json_is_null(found))
        err = kc_error_new(KC_ERR_DATA, "the key's second element is no object");
    if (!err) {
        *connector = kc_strdup(name);
        *partition = json_incref(found);
    }
    json_decref(pair);
    return err;
}

struct kc_error *kc_offset_value_read(const char *value, size_t len, json_t **offset)
{
    *offset = NULL;
    if (!value)
        return NULL;
    struct kc_error *err = kc_json_parse(value, len, offset);
    if (!err && json_is_object(*offset))
        return NULL;
    if (!err && !json_is_null(*offset))
        err = kc_error_new(KC_ERR_DATA, "the offset is no object");
    json_decref(*offset);
    *offset = NULL;
    return err;
}
