/* SPDX-License-Identifier: Apache-2.0 */
/* Structs as JSON objects, by tables: see link_fields_priv.h. */
#include "link/link_fields_priv.h"

#include "base/utf8.h"
#include "connect/java_json.h"

#include <stdlib.h>
#include <string.h>

/* What an enum's member is read and written as. */
_Static_assert(sizeof(enum kc_link_topic_state) == sizeof(unsigned), "enums are as wide as int");

#define MEMBER(object, field, type) ((type *)((char *)(object) + (field)->offset))
#define READ(object, field, type)   (*(type const *)((const char *)(object) + (field)->offset))

bool kc_link_names_find(const struct kc_link_names *names, const char *text, unsigned *value)
{
    for (unsigned i = 0; i < names->count; i++) {
        if (strcmp(names->names[i], text) == 0) {
            *value = i;
            return true;
        }
    }
    return false;
}

const char *kc_link_names_get(const struct kc_link_names *names, unsigned value)
{
    return value < names->count ? names->names[value] : "?";
}

/* ---- writing ---- */

static json_t *replaced_text(const char *text)
{
    struct kc_str out = {0};
    size_t len = strlen(text);

    for (size_t at = 0; at < len;) {
        size_t step = kc_utf8_length(text + at, len - at);

        if (step)
            kc_str_append_n(&out, text + at, step);
        else
            kc_utf8_append(&out, 0xFFFD);
        at += step ? step : 1;
    }
    json_t *json = json_stringn(out.data ? out.data : "", out.len);
    kc_str_destroy(&out);
    return json;
}

json_t *kc_link_text(const char *text)
{
    json_t *json = json_string(text);

    return json ? json : replaced_text(text);
}

static json_t *write_uuid(const struct kc_uuid *uuid)
{
    char text[KC_UUID_TEXT_SIZE];

    return json_string(kc_uuid_print(uuid, text));
}

static json_t *write_map(const struct kc_map *map)
{
    if (!map)
        return NULL;
    json_t *object = json_object();
    kc_map_foreach (map, entry)
        json_object_set_new(object, entry->key,
                            entry->value ? kc_link_text(entry->value) : json_null());
    return object;
}

static json_t *write_texts(const struct kc_strings *texts)
{
    json_t *array = json_array();

    for (size_t i = 0; i < texts->count; i++)
        json_array_append_new(array, kc_link_text(texts->items[i]));
    return array;
}

static json_t *write_items(const struct kc_link_field *field, const void *object)
{
    const char *items = READ(object, field, char *);
    size_t count = *(const size_t *)((const char *)object + field->count_offset);
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array,
                              kc_link_fields_write(field->items, items + i * field->items->size));
    return array;
}

/* A new reference; NULL: nothing is written. */
static json_t *write_field(const struct kc_link_field *field, const void *object)
{
    const char *text;

    switch (field->kind) {
    case KC_LINK_FIELD_INT64:
        return json_integer(READ(object, field, int64_t));
    case KC_LINK_FIELD_INT32:
        return json_integer(READ(object, field, int32_t));
    case KC_LINK_FIELD_UINT32:
        return json_integer(READ(object, field, uint32_t));
    case KC_LINK_FIELD_BOOL:
        return json_boolean(READ(object, field, bool));
    case KC_LINK_FIELD_ENUM:
        return json_string(kc_link_names_get(field->names, READ(object, field, unsigned)));
    case KC_LINK_FIELD_UUID:
        return write_uuid(MEMBER(object, field, struct kc_uuid));
    case KC_LINK_FIELD_TEXT:
        text = READ(object, field, char *);
        return kc_link_text(text ? text : "");
    case KC_LINK_FIELD_OPTION:
        text = READ(object, field, char *);
        return text ? kc_link_text(text) : NULL;
    case KC_LINK_FIELD_MAP:
        return write_map(READ(object, field, struct kc_map *));
    case KC_LINK_FIELD_ARRAY:
    case KC_LINK_FIELD_OBJECT:
        return json_incref(READ(object, field, json_t *));
    case KC_LINK_FIELD_TEXTS:
        return write_texts(MEMBER(object, field, struct kc_strings));
    case KC_LINK_FIELD_ITEMS:
        return write_items(field, object);
    }
    return NULL;
}

json_t *kc_link_fields_write(const struct kc_link_layout *layout, const void *object)
{
    json_t *json = layout->is_row ? json_array() : json_object();

    for (size_t i = 0; i < layout->count; i++) {
        json_t *value = write_field(&layout->fields[i], object);

        if (layout->is_row)
            json_array_append_new(json, value ? value : json_null());
        else if (value)
            json_object_set_new(json, layout->fields[i].name, value);
    }
    return json;
}

/* ---- reading ---- */

/* The wrong value for a message, cut short. The caller's. */
static char *shown(const json_t *value)
{
    char *text = value ? kc_json_print(value, KC_JSON_AS_IS) : kc_strdup("nothing");
    size_t cut = 60;

    if (strlen(text) <= cut)
        return text;
    while (cut > 0 && (text[cut] & 0xC0) == 0x80)
        cut--;
    text[cut] = 0;
    char *shortened = kc_asprintf("%s...", text);
    free(text);
    return shortened;
}

static struct kc_error *wrong(const struct kc_link_field *field, const json_t *value,
                              const char *expected)
{
    char *text = shown(value);
    struct kc_error *err =
        kc_error_new(KC_ERR_SCHEMA, "field %s must be %s, not %s", field->name, expected, text);

    free(text);
    return err;
}

static struct kc_error *read_number(const struct kc_link_field *field, const json_t *value,
                                    void *object)
{
    char expected[96];
    int64_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < field->least || number > field->most) {
        snprintf(expected, sizeof(expected), "a whole number from %lld to %lld",
                 (long long)field->least, (long long)field->most);
        return wrong(field, value, expected);
    }
    if (field->kind == KC_LINK_FIELD_INT64)
        *MEMBER(object, field, int64_t) = number;
    else if (field->kind == KC_LINK_FIELD_INT32)
        *MEMBER(object, field, int32_t) = (int32_t)number;
    else
        *MEMBER(object, field, uint32_t) = (uint32_t)number;
    return NULL;
}

/* The value as a text without zeros; NULL: it is none. Borrowed. */
static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static struct kc_error *read_text(const struct kc_link_field *field, const json_t *value,
                                  void *object)
{
    const char *text = text_of(value);

    if (!text)
        return wrong(field, value, "a text without zeros");
    *MEMBER(object, field, char *) = kc_strdup(text);
    return NULL;
}

static struct kc_error *read_enum(const struct kc_link_field *field, const json_t *value,
                                  void *object)
{
    const char *text = text_of(value);

    if (text && kc_link_names_find(field->names, text, MEMBER(object, field, unsigned)))
        return NULL;
    struct kc_strings names = {0};
    for (size_t i = 0; i < field->names->count; i++)
        kc_strings_add(&names, field->names->names[i]);
    char *joined = kc_strings_join(&names, ", ");
    char *expected = kc_asprintf("one of %s", joined);
    struct kc_error *err = wrong(field, value, expected);
    free(expected);
    free(joined);
    kc_strings_destroy(&names);
    return err;
}

static struct kc_error *read_uuid(const struct kc_link_field *field, const json_t *value,
                                  void *object)
{
    const char *text = text_of(value);

    if (!text || !kc_uuid_parse(text, MEMBER(object, field, struct kc_uuid)))
        return wrong(field, value, "a topic id of 22 characters");
    return NULL;
}

static struct kc_error *read_map(const struct kc_link_field *field, const json_t *value,
                                 void *object)
{
    const char *key;
    json_t *item;

    if (!json_is_object(value))
        return wrong(field, value, "an object of texts");
    struct kc_map *map = *MEMBER(object, field, struct kc_map *) = kc_map_new();
    json_object_foreach ((json_t *)value, key, item) {
        if (!json_is_null(item) && !text_of(item))
            return wrong(field, value, "an object of texts");
        kc_map_set(map, key, text_of(item));
    }
    return NULL;
}

static struct kc_error *read_json(const struct kc_link_field *field, const json_t *value,
                                  void *object)
{
    bool is_array = field->kind == KC_LINK_FIELD_ARRAY;

    if (is_array ? !json_is_array(value) : !json_is_object(value))
        return wrong(field, value, is_array ? "an array" : "an object");
    *MEMBER(object, field, json_t *) = json_incref((json_t *)value);
    return NULL;
}

static struct kc_error *read_texts(const struct kc_link_field *field, const json_t *value,
                                   void *object)
{
    size_t i;
    json_t *item;

    if (!json_is_array(value))
        return wrong(field, value, "an array of texts");
    json_array_foreach (value, i, item) {
        if (!text_of(item))
            return wrong(field, item, "an array of texts");
        kc_strings_add(MEMBER(object, field, struct kc_strings), text_of(item));
    }
    return NULL;
}

static struct kc_error *read_items(const struct kc_link_field *field, const json_t *value,
                                   void *object)
{
    size_t *count = (size_t *)((char *)object + field->count_offset);
    size_t size = field->items->size;

    if (!json_is_array(value))
        return wrong(field, value, "an array of objects");
    if (json_array_size(value) == 0)
        return NULL;
    char *items = kc_try_calloc(json_array_size(value), size);
    if (!items)
        return kc_error_memory(json_array_size(value) * size, "field %s", field->name);
    *MEMBER(object, field, char *) = items;
    for (; *count < json_array_size(value); (*count)++) {
        struct kc_error *err =
            kc_link_fields_read(field->items, json_array_get(value, *count), items + *count * size);
        if (err)
            return kc_error_prefix(err, "field %s", field->name);
    }
    return NULL;
}

static bool may_be_missing(enum kc_link_field_kind kind)
{
    return kind == KC_LINK_FIELD_OPTION || kind == KC_LINK_FIELD_MAP ||
           kind == KC_LINK_FIELD_ARRAY || kind == KC_LINK_FIELD_OBJECT;
}

static struct kc_error *read_field(const struct kc_link_field *field, const json_t *value,
                                   void *object)
{
    if (may_be_missing(field->kind) && (!value || json_is_null(value)))
        return NULL;
    switch (field->kind) {
    case KC_LINK_FIELD_INT64:
    case KC_LINK_FIELD_INT32:
    case KC_LINK_FIELD_UINT32:
        return read_number(field, value, object);
    case KC_LINK_FIELD_BOOL:
        *MEMBER(object, field, bool) = json_is_true(value);
        return json_is_boolean(value) ? NULL : wrong(field, value, "true or false");
    case KC_LINK_FIELD_ENUM:
        return read_enum(field, value, object);
    case KC_LINK_FIELD_UUID:
        return read_uuid(field, value, object);
    case KC_LINK_FIELD_TEXT:
    case KC_LINK_FIELD_OPTION:
        return read_text(field, value, object);
    case KC_LINK_FIELD_MAP:
        return read_map(field, value, object);
    case KC_LINK_FIELD_ARRAY:
    case KC_LINK_FIELD_OBJECT:
        return read_json(field, value, object);
    case KC_LINK_FIELD_TEXTS:
        return read_texts(field, value, object);
    case KC_LINK_FIELD_ITEMS:
        return read_items(field, value, object);
    }
    return NULL;
}

struct kc_error *kc_link_fields_read(const struct kc_link_layout *layout, const json_t *json,
                                     void *object)
{
    struct kc_error *err = NULL;

    memset(object, 0, layout->size);
    if (layout->is_row ? !json_is_array(json) : !json_is_object(json))
        return kc_error_new(KC_ERR_SCHEMA, "%s: the value is no JSON %s", layout->what,
                            layout->is_row ? "array" : "object");
    for (size_t i = 0; !err && i < layout->count; i++) {
        const struct kc_link_field *field = &layout->fields[i];
        err = read_field(
            field, layout->is_row ? json_array_get(json, i) : json_object_get(json, field->name),
            object);
    }
    if (!err)
        return NULL;
    kc_link_fields_clear(layout, object);
    return kc_error_prefix(err, "%s", layout->what);
}

/* ---- freeing ---- */

static void clear_field(const struct kc_link_field *field, void *object)
{
    size_t count = 0;

    switch (field->kind) {
    case KC_LINK_FIELD_TEXT:
    case KC_LINK_FIELD_OPTION:
        free(*MEMBER(object, field, char *));
        return;
    case KC_LINK_FIELD_MAP:
        kc_map_destroy(*MEMBER(object, field, struct kc_map *));
        return;
    case KC_LINK_FIELD_ARRAY:
    case KC_LINK_FIELD_OBJECT:
        json_decref(*MEMBER(object, field, json_t *));
        return;
    case KC_LINK_FIELD_TEXTS:
        kc_strings_destroy(MEMBER(object, field, struct kc_strings));
        return;
    case KC_LINK_FIELD_ITEMS:
        count = *(size_t *)((char *)object + field->count_offset);
        for (size_t i = 0; i < count; i++)
            kc_link_fields_clear(field->items,
                                 *MEMBER(object, field, char *) + i * field->items->size);
        free(*MEMBER(object, field, char *));
        return;
    default:
        return;
    }
}

void kc_link_fields_clear(const struct kc_link_layout *layout, void *object)
{
    for (size_t i = 0; i < layout->count; i++)
        clear_field(&layout->fields[i], object);
    memset(object, 0, layout->size);
}
