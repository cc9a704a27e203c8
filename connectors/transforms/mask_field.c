/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MaskField: puts nothing (0, false, an empty text) or a replacement in place of what fields hold.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "transforms/transform_priv.h"
#include "values/decimal.h"

#include <stdlib.h>
#include <string.h>

struct mask_field {
    bool is_key;
    bool replace_null;
    struct kc_strings fields;
    char *replacement; /* NULL: nothing */
};

static const char purpose[] = "mask fields";

static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("fields", LIST, kc_config_required, kc_check_non_empty_list, HIGH,
                  "The fields to mask."),
    TRANSFORM_KEY("replacement", STRING, NULL, kc_config_non_empty, LOW,
                  "What is put in their place, converted to each field's type; for numbers and "
                  "strings only."),
    REPLACE_NULL_KEY,
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void destroy(void *object)
{
    struct mask_field *mask = object;
    if (!mask)
        return;
    kc_strings_destroy(&mask->fields);
    free(mask->replacement);
    free(mask);
}

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, KEY_COUNT, config, &parsed);
    if (err)
        return err;
    struct mask_field *mask = kc_calloc(1, sizeof(*mask));
    mask->is_key = is_key;
    mask->replace_null = kc_config_bool(parsed, "replace.null.with.default");
    mask->replacement = kc_strdup(kc_config_string(parsed, "replacement"));
    kc_strings_copy(&mask->fields, kc_config_list(parsed, "fields"));
    kc_config_destroy(parsed);
    *object = mask;
    return NULL;
}

/* ---- masking one value ---- */

static struct kc_error *mask_with_nothing(const struct kc_schema *schema, struct kc_value *value)
{
    bool decimal = kc_schema_is(schema, KC_LOGICAL_DECIMAL);
    switch (value->type) {
    case KC_TYPE_STRUCT:
        break;
    case KC_TYPE_BYTES:
        if (!decimal)
            break;
        *value = kc_value_bytes("", 1); /* one zero byte: the text's end */
        return NULL;
    case KC_TYPE_STRING:
        *value = kc_value_string("", 0);
        return NULL;
    case KC_TYPE_ARRAY:
    case KC_TYPE_MAP:
        value->count = 0;
        return NULL;
    case KC_TYPE_FLOAT32:
    case KC_TYPE_FLOAT64:
        value->u.d = 0;
        return NULL;
    case KC_TYPE_BOOLEAN:
        value->u.b = false;
        return NULL;
    default:
        value->u.i = 0;
        return NULL;
    }
    return kc_error_new(KC_ERR_DATA, "Cannot mask value of type: %s",
                        kc_value_java_class(value, schema));
}

/* Wraps to the width of type, as Java's casts do. */
static int64_t narrow(enum kc_type type, int64_t number)
{
    return type == KC_TYPE_INT8    ? (int8_t)number
           : type == KC_TYPE_INT16 ? (int16_t)number
           : type == KC_TYPE_INT32 ? (int32_t)number
                                   : number;
}

static bool is_date(const struct kc_schema *schema)
{
    return kc_schema_is(schema, KC_LOGICAL_DATE) || kc_schema_is(schema, KC_LOGICAL_TIME) ||
           kc_schema_is(schema, KC_LOGICAL_TIMESTAMP);
}

static struct kc_error *mask_decimal(const char *replacement, struct kc_arena *arena,
                                     const struct kc_schema *schema, struct kc_value *value)
{
    struct kc_decimal decimal;
    int32_t scale;
    struct kc_error *err = kc_decimal_schema_scale(schema, &scale);
    if (err)
        return err;
    if (!kc_decimal_parse(arena, replacement, strlen(replacement), &decimal))
        return kc_error_new(KC_ERR_DATA, "Unable to convert %s (class java.lang.String) to number",
                            replacement);
    if (!kc_decimal_set_scale(arena, &decimal, scale))
        return kc_error_new(KC_ERR_DATA, "Replacement %s doesn't fit the scale %d of its field",
                            replacement, (int)scale);
    *value = kc_decimal_bytes(arena, &decimal);
    return NULL;
}

static struct kc_error *mask_with(const char *replacement, struct kc_arena *arena,
                                  const struct kc_schema *schema, struct kc_value *value)
{
    struct kc_decimal decimal;
    if (value->type == KC_TYPE_STRING) {
        size_t len = strlen(replacement);
        *value = kc_value_string(kc_arena_dup(arena, replacement, len + 1), len);
        return NULL;
    }
    if (value->type == KC_TYPE_BYTES && kc_schema_is(schema, KC_LOGICAL_DECIMAL))
        return mask_decimal(replacement, arena, schema, value);
    if (value->type < KC_TYPE_INT8 || value->type > KC_TYPE_FLOAT64 || is_date(schema))
        return kc_error_new(KC_ERR_DATA, "Cannot mask value of type %s with custom replacement.",
                            kc_value_java_class(value, schema));
    if (!kc_decimal_parse(arena, replacement, strlen(replacement), &decimal))
        return kc_error_new(
            KC_ERR_DATA, "Unable to convert %s (class java.lang.String) to a number", replacement);
    if (value->type >= KC_TYPE_FLOAT32) {
        double number = kc_decimal_double(&decimal);
        value->u.d = value->type == KC_TYPE_FLOAT32 ? (double)(float)number : number;
    } else {
        value->u.i = narrow(value->type, kc_decimal_long(&decimal));
    }
    return NULL;
}

static struct kc_error *mask_value(const struct mask_field *mask, struct kc_batch *batch,
                                   const struct kc_schema *schema, struct kc_value *value)
{
    if (value->type == KC_TYPE_NULL)
        return NULL;
    return mask->replacement ? mask_with(mask->replacement, kc_batch_arena(batch), schema, value)
                             : mask_with_nothing(schema, value);
}

/* ---- records ---- */

static struct kc_error *apply_struct(const struct mask_field *mask, struct kc_batch *batch,
                                     struct kc_side side)
{
    const struct kc_schema *schema = *side.schema;
    struct kc_value *items;
    struct kc_error *err = kc_require_struct(schema, side.value, purpose);
    if (err)
        return err;
    struct kc_value masked = kc_struct_new(batch, schema, &items);
    for (size_t i = 0; i < masked.count && !err; i++) {
        struct kc_value value = kc_field_value(schema, side.value, i, mask->replace_null);
        if (kc_strings_contain(&mask->fields, kc_schema_field_name(schema, i)))
            err = mask_value(mask, batch, kc_schema_field(schema, i), &value);
        if (!err)
            err = kc_struct_put(schema, items, i, value);
    }
    if (!err)
        *side.value = masked;
    return err;
}

static struct kc_error *apply_map(const struct mask_field *mask, struct kc_batch *batch,
                                  struct kc_side side)
{
    struct kc_error *err = kc_require_map(side.value, purpose);
    if (err)
        return err;
    struct kc_map_edit edit = kc_map_edit(batch, side.value);
    for (size_t i = 0; i < mask->fields.count && !err; i++) {
        const struct kc_value *found = kc_map_value(side.value, mask->fields.items[i]);
        struct kc_value value = found ? *found : kc_value_null();
        err = mask_value(mask, batch, NULL, &value);
        kc_map_edit_put_name(&edit, mask->fields.items[i], value);
    }
    if (!err)
        *side.value = kc_map_edit_done(&edit);
    return err;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    const struct mask_field *mask = object;
    struct kc_side side = kc_record_side(record, mask->is_key);
    *keep = true;
    return *side.schema ? apply_struct(mask, batch, side) : apply_map(mask, batch, side);
}

TRANSFORM_SIDES(mask_field, "MaskField", keys, KEY_COUNT);
