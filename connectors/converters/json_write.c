/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data and schemas as JSON text: JsonConverter's convertToJson and asJsonSchema, without a tree
 * between.
 *
 * Called by JsonConverter, on the task's thread. After an error out holds an incomplete text, which
 * the caller drops.
 */
#include "converters/json_format_priv.h"

#include "connect/java_json.h"
#include "connect/map.h"
#include "connect/text.h"
#include "values/decimal.h"

#include <inttypes.h>
#include <string.h>

static void write_text(struct kc_str *out, const char *text)
{
    kc_json_write_string(out, text, strlen(text));
}

/* ---- values ---- */

static struct kc_error *invalid_class(const char *what, const struct kc_value *value)
{
    return kc_error_new(KC_ERR_DATA, "Invalid type for %s: %s", what,
                        kc_value_java_class(value, NULL));
}

static void write_bytes(struct kc_str *out, const struct kc_value *value)
{
    kc_str_append_char(out, '"');
    kc_base64_write(out, value->u.bytes.data, value->u.bytes.len);
    kc_str_append_char(out, '"');
}

static struct kc_error *write_decimal(struct kc_str *out, const struct kc_json_settings *settings,
                                      const struct kc_schema *schema, const struct kc_value *value)
{
    struct kc_decimal decimal;
    if (!settings->numeric_decimals) {
        struct kc_error *mismatch = kc_decimal_check_scale(schema, value);
        if (!mismatch)
            write_bytes(out, value);
        return mismatch;
    }
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_error *err = kc_decimal_of_value(arena, schema, value, &decimal);
    if (!err)
        kc_decimal_print(out, &decimal);
    kc_arena_destroy(arena);
    return err;
}

/* Logical types: *done when schema is one. */
static struct kc_error *write_logical(struct kc_str *out, const struct kc_json_settings *settings,
                                      const struct kc_schema *schema, const struct kc_value *value,
                                      bool *done)
{
    static const struct {
        const char *schema, *name, *java;
        enum kc_type type;
    } logical[] = {
        {KC_LOGICAL_DECIMAL, "Decimal", "BigDecimal", KC_TYPE_BYTES},
        {KC_LOGICAL_DATE, "Date", "Date", KC_TYPE_INT32},
        {KC_LOGICAL_TIME, "Time", "Date", KC_TYPE_INT32},
        {KC_LOGICAL_TIMESTAMP, "Timestamp", "Date", KC_TYPE_INT64},
    };
    for (size_t i = 0; i < sizeof(logical) / sizeof(logical[0]); i++) {
        if (!kc_schema_is(schema, logical[i].schema))
            continue;
        *done = true;
        if (value->type != logical[i].type)
            return kc_error_new(KC_ERR_DATA, "Invalid type for %s, expected %s but was %s",
                                logical[i].name, logical[i].java, kc_value_java_class(value, NULL));
        if (value->type == KC_TYPE_BYTES)
            return write_decimal(out, settings, schema, value);
        kc_str_appendf(out, "%" PRId64, value->u.i);
    }
    return NULL;
}

static struct kc_error *write_array(struct kc_str *out, const struct kc_json_settings *settings,
                                    const struct kc_schema *schema, const struct kc_value *value)
{
    const struct kc_schema *items = schema ? kc_schema_items(schema) : NULL;
    struct kc_error *err = NULL;
    kc_str_append_char(out, '[');
    for (uint32_t i = 0; i < value->count && !err; i++) {
        if (i)
            kc_str_append_char(out, ',');
        err = kc_json_format_value(out, settings, items, &value->u.items[i]);
    }
    kc_str_append_char(out, ']');
    return err;
}

static bool has_string_keys(const struct kc_schema *schema, const struct kc_value *value)
{
    if (schema)
        return kc_schema_keys(schema) && kc_schema_type(kc_schema_keys(schema)) == KC_TYPE_STRING;
    for (uint32_t i = 0; i < value->count; i++)
        if (value->u.pairs[i].key.type != KC_TYPE_STRING)
            return false;
    return true;
}

/* A member name: any JSON value that isn't a string as its text in quotes. */
static struct kc_error *write_key(struct kc_str *out, const struct kc_json_settings *settings,
                                  const struct kc_schema *schema, const struct kc_value *key)
{
    size_t start = out->len;
    struct kc_error *err = kc_json_format_value(out, settings, schema, key);
    if (err || out->data[start] == '"')
        return err;
    char *text = kc_strndup(out->data + start, out->len - start);
    out->len = start;
    write_text(out, text);
    free(text);
    return NULL;
}

static struct kc_error *write_map(struct kc_str *out, const struct kc_json_settings *settings,
                                  const struct kc_schema *schema, const struct kc_value *value)
{
    bool object = has_string_keys(schema, value);
    const struct kc_schema *keys = schema ? kc_schema_keys(schema) : NULL;
    const struct kc_schema *values = schema ? kc_schema_values(schema) : NULL;
    struct kc_error *err = NULL;
    kc_str_append_char(out, object ? '{' : '[');
    for (uint32_t i = 0; i < value->count && !err; i++) {
        if (i)
            kc_str_append_char(out, ',');
        if (!object)
            kc_str_append_char(out, '[');
        err = object ? write_key(out, settings, keys, &value->u.pairs[i].key)
                     : kc_json_format_value(out, settings, keys, &value->u.pairs[i].key);
        kc_str_append_char(out, object ? ':' : ',');
        if (!err)
            err = kc_json_format_value(out, settings, values, &value->u.pairs[i].value);
        if (!object)
            kc_str_append_char(out, ']');
    }
    kc_str_append_char(out, object ? '}' : ']');
    return err;
}

static struct kc_error *write_struct(struct kc_str *out, const struct kc_json_settings *settings,
                                     const struct kc_schema *schema, const struct kc_value *value)
{
    if (!schema || value->count != kc_schema_field_count(schema))
        return kc_error_new(KC_ERR_DATA, "Mismatching schema.");
    struct kc_error *err = NULL;
    kc_str_append_char(out, '{');
    for (uint32_t i = 0; i < value->count && !err; i++) {
        if (i)
            kc_str_append_char(out, ',');
        write_text(out, kc_schema_field_name(schema, i));
        kc_str_append_char(out, ':');
        err = kc_json_format_value(out, settings, kc_schema_field(schema, i), &value->u.items[i]);
    }
    kc_str_append_char(out, '}');
    return err;
}

static struct kc_error *write_plain(struct kc_str *out, const struct kc_json_settings *settings,
                                    const struct kc_schema *schema, const struct kc_value *value)
{
    switch (value->type) {
    case KC_TYPE_FLOAT32:
        kc_json_write_float(out, (float)value->u.d);
        break;
    case KC_TYPE_FLOAT64:
        kc_json_write_double(out, value->u.d);
        break;
    case KC_TYPE_BOOLEAN:
        kc_str_append(out, value->u.b ? "true" : "false");
        break;
    case KC_TYPE_STRING:
        kc_json_write_string(out, value->u.bytes.data, value->u.bytes.len);
        break;
    case KC_TYPE_BYTES:
        write_bytes(out, value);
        break;
    case KC_TYPE_ARRAY:
        return write_array(out, settings, schema, value);
    case KC_TYPE_MAP:
        return write_map(out, settings, schema, value);
    case KC_TYPE_STRUCT:
        return write_struct(out, settings, schema, value);
    default:
        kc_str_appendf(out, "%" PRId64, value->u.i);
    }
    return NULL;
}

struct kc_error *kc_json_format_value(struct kc_str *out, const struct kc_json_settings *settings,
                                      const struct kc_schema *schema, const struct kc_value *value)
{
    if (value->type == KC_TYPE_NULL) {
        const struct kc_value *fallback = schema ? kc_schema_default(schema) : NULL;
        if (fallback && settings->replace_null_with_default)
            return kc_json_format_value(out, settings, schema, fallback);
        if (schema && !kc_schema_optional(schema))
            return kc_error_new(KC_ERR_DATA, "Conversion error: null value for field that is "
                                             "required and has no default value");
        kc_str_append(out, "null");
        return NULL;
    }
    bool done = false;
    struct kc_error *err = NULL;
    if (schema && kc_schema_name(schema))
        err = write_logical(out, settings, schema, value, &done);
    if (err || done)
        return err;
    if (schema && value->type != kc_schema_type(schema))
        return invalid_class(kc_schema_type(schema) == KC_TYPE_BYTES
                                 ? "bytes type"
                                 : kc_type_name(kc_schema_type(schema)),
                             value);
    return write_plain(out, settings, schema, value);
}

/* ---- schemas ---- */

static const char *type_name(enum kc_type type)
{
    return type == KC_TYPE_FLOAT32 ? "float" : type == KC_TYPE_FLOAT64 ? "double" : NULL;
}

static struct kc_error *write_schema(struct kc_str *out, const struct kc_json_settings *settings,
                                     const struct kc_schema *schema, const char *field);

static struct kc_error *write_fields(struct kc_str *out, const struct kc_json_settings *settings,
                                     const struct kc_schema *schema)
{
    struct kc_error *err = NULL;
    kc_str_append(out, ",\"fields\":[");
    for (size_t i = 0; i < kc_schema_field_count(schema) && !err; i++) {
        if (i)
            kc_str_append_char(out, ',');
        err = write_schema(out, settings, kc_schema_field(schema, i),
                           kc_schema_field_name(schema, i));
    }
    kc_str_append_char(out, ']');
    return err;
}

static struct kc_error *write_inner(struct kc_str *out, const struct kc_json_settings *settings,
                                    const struct kc_schema *schema)
{
    struct kc_error *err = NULL;
    switch (kc_schema_type(schema)) {
    case KC_TYPE_ARRAY:
        kc_str_append(out, ",\"items\":");
        return kc_json_format_schema(out, settings, kc_schema_items(schema));
    case KC_TYPE_MAP:
        kc_str_append(out, ",\"keys\":");
        err = kc_json_format_schema(out, settings, kc_schema_keys(schema));
        kc_str_append(out, ",\"values\":");
        return err ? err : kc_json_format_schema(out, settings, kc_schema_values(schema));
    case KC_TYPE_STRUCT:
        return write_fields(out, settings, schema);
    default:
        return NULL;
    }
}

static void write_parameters(struct kc_str *out, const struct kc_map *parameters)
{
    const char *comma = "";
    kc_str_append(out, ",\"parameters\":{");
    kc_map_foreach (parameters, entry) {
        kc_str_append(out, comma);
        write_text(out, entry->key);
        kc_str_append_char(out, ':');
        if (entry->value)
            write_text(out, entry->value);
        else
            kc_str_append(out, "null");
        comma = ",";
    }
    kc_str_append_char(out, '}');
}

static void write_attributes(struct kc_str *out, const struct kc_schema *schema)
{
    int32_t version;
    kc_str_append(out, kc_schema_optional(schema) ? ",\"optional\":true" : ",\"optional\":false");
    if (kc_schema_name(schema)) {
        kc_str_append(out, ",\"name\":");
        write_text(out, kc_schema_name(schema));
    }
    if (kc_schema_version(schema, &version))
        kc_str_appendf(out, ",\"version\":%" PRId32, version);
    if (kc_schema_doc(schema)) {
        kc_str_append(out, ",\"doc\":");
        write_text(out, kc_schema_doc(schema));
    }
    if (kc_schema_parameters_map(schema))
        write_parameters(out, kc_schema_parameters_map(schema));
}

static struct kc_error *write_schema(struct kc_str *out, const struct kc_json_settings *settings,
                                     const struct kc_schema *schema, const char *field)
{
    const char *name = type_name(kc_schema_type(schema));
    kc_str_append(out, "{\"type\":");
    write_text(out, name ? name : kc_schema_type_name(schema));
    struct kc_error *err = write_inner(out, settings, schema);
    write_attributes(out, schema);
    if (!err && kc_schema_default(schema)) {
        kc_str_append(out, ",\"default\":");
        err = kc_json_format_value(out, settings, schema, kc_schema_default(schema));
    }
    if (field) {
        kc_str_append(out, ",\"field\":");
        write_text(out, field);
    }
    kc_str_append_char(out, '}');
    return err;
}

struct kc_error *kc_json_format_schema(struct kc_str *out, const struct kc_json_settings *settings,
                                       const struct kc_schema *schema)
{
    if (schema)
        return write_schema(out, settings, schema, NULL);
    kc_str_append(out, "null");
    return NULL;
}
