/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas and values from JSON nodes: JsonConverter's asConnectSchema and convertToConnect.
 *
 * Called by JsonConverter, on the task's thread. A node of another kind than the schema asks for is
 * taken as Jackson's accessors take it: intValue() of a string is 0, textValue() of a number null.
 */
#include "converters/json_format_priv.h"

#include "connect/text.h"
#include "values/decimal.h"
#include "values/hash_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const struct kc_json_node *node)
{
    return node->kind == KC_JSON_INTEGER || node->kind == KC_JSON_DECIMAL;
}

static bool is_null(const struct kc_json_node *node)
{
    return !node || node->kind == KC_JSON_NULL || node->kind == KC_JSON_MISSING;
}

/* ---- numbers ---- */

/* JsonNode.longValue; intValue and less are its low bits. */
static int64_t long_of(struct kc_arena *arena, const struct kc_json_node *node)
{
    struct kc_decimal decimal;
    if (!is_number(node))
        return 0;
    if (node->kind == KC_JSON_INTEGER && node->len < 19) {
        bool negative = node->text[0] == '-';
        int64_t number = 0;
        for (size_t i = negative; i < node->len; i++)
            number = number * 10 + (node->text[i] - '0');
        return negative ? -number : number;
    }
    if (!kc_decimal_parse(arena, node->text, node->len, &decimal))
        return 0;
    return kc_decimal_long(&decimal);
}

static bool fits_int(struct kc_arena *arena, const struct kc_json_node *node)
{
    struct kc_decimal decimal;
    if (node->kind != KC_JSON_INTEGER ||
        !kc_decimal_parse(arena, node->text, node->len, &decimal) || strlen(decimal.digits) > 18)
        return false;
    int64_t number = kc_decimal_long(&decimal);
    return number >= INT32_MIN && number <= INT32_MAX;
}

static double double_of(const struct kc_json_node *node, bool single)
{
    char text[1024];
    if (!is_number(node) || node->len >= sizeof(text))
        return 0;
    memcpy(text, node->text, node->len);
    text[node->len] = '\0';
    double number = single ? (double)strtof(text, NULL) : strtod(text, NULL);
    return number == 0 ? 0 : number; /* BigDecimal has no negative zero */
}

/* ---- logical types ---- */

static struct kc_error *parse_decimal(struct kc_arena *arena, const struct kc_schema *schema,
                                      const struct kc_json_node *node, struct kc_value *value)
{
    int32_t scale;
    size_t len;
    struct kc_decimal decimal;
    struct kc_error *err = kc_decimal_schema_scale(schema, &scale);
    if (!err && is_number(node)) {
        if (!kc_decimal_parse(arena, node->text, node->len, &decimal))
            return kc_error_new(KC_ERR_DATA, "Decimal value %.*s is too long", (int)node->len,
                                node->text);
        return kc_decimal_to_value(arena, schema, &decimal, value);
    }
    if (node->kind != KC_JSON_STRING) {
        kc_error_destroy(err);
        return kc_error_new(KC_ERR_DATA,
                            "Invalid type for Decimal, underlying representation should be "
                            "numeric or bytes but was %s",
                            kc_json_kind_name(node));
    }
    const char *data = err ? NULL : kc_base64_read(arena, node->text, node->len, &len);
    if (!data || len == 0)
        return kc_error_caused(kc_error_new(KC_ERR_DATA, "Invalid bytes for Decimal field"),
                               err ? err : kc_error_new(KC_ERR_DATA, "not base64"));
    *value = kc_value_bytes(data, len);
    return NULL;
}

static struct kc_error *parse_day_or_time(struct kc_arena *arena, bool is_time,
                                          const struct kc_json_node *node, struct kc_value *value)
{
    if (!fits_int(arena, node))
        return kc_error_new(KC_ERR_DATA,
                            "Invalid type for %s, underlying representation should be integer "
                            "but was %s",
                            is_time ? "Time" : "Date", kc_json_kind_name(node));
    int64_t number = long_of(arena, node);
    if (is_time && (number < 0 || number > 86400000))
        return kc_error_new(KC_ERR_DATA, "Time values must use number of milliseconds greater "
                                         "than 0 and less than 86400000");
    *value = kc_value_int(KC_TYPE_INT32, number);
    return NULL;
}

static struct kc_error *parse_logical(struct kc_arena *arena, const struct kc_schema *schema,
                                      const struct kc_json_node *node, struct kc_value *value,
                                      bool *done)
{
    *done = true;
    if (kc_schema_is(schema, KC_LOGICAL_DECIMAL))
        return parse_decimal(arena, schema, node, value);
    if (kc_schema_is(schema, KC_LOGICAL_DATE))
        return parse_day_or_time(arena, false, node, value);
    if (kc_schema_is(schema, KC_LOGICAL_TIME))
        return parse_day_or_time(arena, true, node, value);
    if (kc_schema_is(schema, KC_LOGICAL_TIMESTAMP)) {
        if (node->kind != KC_JSON_INTEGER)
            return kc_error_new(KC_ERR_DATA,
                                "Invalid type for Timestamp, underlying representation should be "
                                "integral but was %s",
                                kc_json_kind_name(node));
        *value = kc_value_int(KC_TYPE_INT64, long_of(arena, node));
        return NULL;
    }
    *done = false;
    return NULL;
}

/* ---- containers ---- */

static struct kc_error *parse_array(const struct kc_json_settings *settings, struct kc_arena *arena,
                                    const struct kc_schema *schema, const struct kc_json_node *node,
                                    struct kc_value *value)
{
    const struct kc_schema *items = schema ? kc_schema_items(schema) : NULL;
    struct kc_value *values = kc_arena_alloc(arena, node->count * sizeof(*values));
    struct kc_error *err = NULL;
    for (uint32_t i = 0; i < node->count && !err; i++)
        err = kc_json_parse_value(settings, arena, items, &node->items[i], &values[i]);
    *value = (struct kc_value){.type = KC_TYPE_ARRAY, .count = node->count, .u.items = values};
    return err;
}

static struct kc_error *parse_object_map(const struct kc_json_settings *settings,
                                         struct kc_arena *arena, const struct kc_schema *values,
                                         const struct kc_json_node *node, struct kc_pair *pairs)
{
    struct kc_error *err = NULL;
    if (node->kind != KC_JSON_OBJECT)
        return kc_error_new(KC_ERR_DATA,
                            "Maps with string fields should be encoded as JSON objects, but found "
                            "%s",
                            kc_json_kind_name(node));
    for (uint32_t i = 0; i < node->count && !err; i++) {
        pairs[i].key = kc_value_string(node->items[i].key, node->items[i].key_len);
        err = kc_json_parse_value(settings, arena, values, &node->items[i], &pairs[i].value);
    }
    return err;
}

static struct kc_error *parse_pair_map(const struct kc_json_settings *settings,
                                       struct kc_arena *arena, const struct kc_schema *schema,
                                       const struct kc_json_node *node, struct kc_pair *pairs)
{
    struct kc_error *err = NULL;
    if (node->kind != KC_JSON_ARRAY)
        return kc_error_new(KC_ERR_DATA,
                            "Maps with non-string fields should be encoded as JSON array of "
                            "tuples, but found %s",
                            kc_json_kind_name(node));
    for (uint32_t i = 0; i < node->count && !err; i++) {
        const struct kc_json_node *entry = &node->items[i];
        if (entry->kind != KC_JSON_ARRAY)
            return kc_error_new(KC_ERR_DATA, "Found invalid map entry instead of array tuple: %s",
                                kc_json_kind_name(entry));
        if (entry->count != 2)
            return kc_error_new(KC_ERR_DATA,
                                "Found invalid map entry, expected length 2 but found :%u",
                                entry->count);
        err = kc_json_parse_value(settings, arena, kc_schema_keys(schema), &entry->items[0],
                                  &pairs[i].key);
        if (!err)
            err = kc_json_parse_value(settings, arena, kc_schema_values(schema), &entry->items[1],
                                      &pairs[i].value);
    }
    return err;
}

static struct kc_error *parse_map(const struct kc_json_settings *settings, struct kc_arena *arena,
                                  const struct kc_schema *schema, const struct kc_json_node *node,
                                  struct kc_value *value)
{
    struct kc_pair *pairs = kc_arena_alloc(arena, node->count * sizeof(*pairs));
    bool object = !schema || kc_schema_type(kc_schema_keys(schema)) == KC_TYPE_STRING;
    struct kc_error *err =
        object ? parse_object_map(settings, arena, schema ? kc_schema_values(schema) : NULL, node,
                                  pairs)
               : parse_pair_map(settings, arena, schema, node, pairs);
    if (err)
        return err;
    uint32_t count = kc_hash_map_order(pairs, node->count, KC_HASH_TABLE);
    *value = (struct kc_value){.type = KC_TYPE_MAP, .count = count, .u.pairs = pairs};
    return NULL;
}

/* The member called name: usually the one that stands where the field does. */
static const struct kc_json_node *find_member(const struct kc_json_node *node, const char *name,
                                              uint32_t likely)
{
    const struct kc_json_node *item = likely < node->count ? &node->items[likely] : NULL;
    if (item && strlen(name) == item->key_len && memcmp(item->key, name, item->key_len) == 0)
        return item;
    return kc_json_member(node, name);
}

static struct kc_error *parse_struct(const struct kc_json_settings *settings,
                                     struct kc_arena *arena, const struct kc_schema *schema,
                                     const struct kc_json_node *node, struct kc_value *value)
{
    if (node->kind != KC_JSON_OBJECT)
        return kc_error_new(KC_ERR_DATA, "Structs should be encoded as JSON objects, but found %s",
                            kc_json_kind_name(node));
    uint32_t count = (uint32_t)kc_schema_field_count(schema);
    struct kc_value *items = kc_arena_alloc(arena, count * sizeof(*items));
    struct kc_error *err = NULL;
    for (uint32_t i = 0; i < count && !err; i++) {
        const char *name = kc_schema_field_name(schema, i);
        const struct kc_schema *field = kc_schema_field(schema, i);
        err = kc_json_parse_value(settings, arena, field, find_member(node, name, i), &items[i]);
        if (!err)
            err = kc_schema_validate_field(name, field, &items[i]);
    }
    *value = (struct kc_value){.type = KC_TYPE_STRUCT, .count = count, .u.items = items};
    return err;
}

/* ---- values ---- */

static enum kc_type natural_type(const struct kc_json_node *node)
{
    static const enum kc_type types[] = {
        [KC_JSON_MISSING] = KC_TYPE_NULL,    [KC_JSON_NULL] = KC_TYPE_NULL,
        [KC_JSON_BOOLEAN] = KC_TYPE_BOOLEAN, [KC_JSON_INTEGER] = KC_TYPE_INT64,
        [KC_JSON_DECIMAL] = KC_TYPE_FLOAT64, [KC_JSON_STRING] = KC_TYPE_STRING,
        [KC_JSON_ARRAY] = KC_TYPE_ARRAY,     [KC_JSON_OBJECT] = KC_TYPE_MAP,
    };
    return types[node->kind];
}

static struct kc_error *parse_bytes(struct kc_arena *arena, const struct kc_json_node *node,
                                    struct kc_value *value)
{
    size_t len;
    if (node->kind != KC_JSON_STRING)
        return NULL;
    const char *data = kc_base64_read(arena, node->text, node->len, &len);
    if (!data)
        return kc_error_caused(kc_error_new(KC_ERR_DATA, "Invalid bytes field"),
                               kc_error_new(KC_ERR_DATA, "not base64"));
    *value = kc_value_bytes(data, len);
    return NULL;
}

static struct kc_error *parse_typed(const struct kc_json_settings *settings, struct kc_arena *arena,
                                    enum kc_type type, const struct kc_schema *schema,
                                    const struct kc_json_node *node, struct kc_value *value)
{
    switch (type) {
    case KC_TYPE_BOOLEAN:
        *value = kc_value_bool(node->kind == KC_JSON_BOOLEAN && node->truth);
        return NULL;
    case KC_TYPE_INT8:
        *value = kc_value_int(type, (int8_t)long_of(arena, node));
        return NULL;
    case KC_TYPE_INT16:
        *value = kc_value_int(type, (int16_t)long_of(arena, node));
        return NULL;
    case KC_TYPE_INT32:
        *value = kc_value_int(type, (int32_t)long_of(arena, node));
        return NULL;
    case KC_TYPE_INT64:
        *value = kc_value_int(type, long_of(arena, node));
        return NULL;
    case KC_TYPE_FLOAT32:
    case KC_TYPE_FLOAT64:
        *value = kc_value_double(type, double_of(node, type == KC_TYPE_FLOAT32));
        return NULL;
    case KC_TYPE_STRING:
        if (node->kind == KC_JSON_STRING)
            *value = kc_value_string(node->text, node->len);
        return NULL;
    case KC_TYPE_BYTES:
        return parse_bytes(arena, node, value);
    case KC_TYPE_ARRAY:
        return parse_array(settings, arena, schema, node, value);
    case KC_TYPE_MAP:
        return parse_map(settings, arena, schema, node, value);
    case KC_TYPE_STRUCT:
        return parse_struct(settings, arena, schema, node, value);
    default:
        return NULL;
    }
}

struct kc_error *kc_json_parse_value(const struct kc_json_settings *settings,
                                     struct kc_arena *arena, const struct kc_schema *schema,
                                     const struct kc_json_node *node, struct kc_value *value)
{
    *value = kc_value_null();
    if (!schema)
        return parse_typed(settings, arena, natural_type(node), NULL, node, value);
    if (!node || node->kind == KC_JSON_NULL) {
        const struct kc_value *fallback = kc_schema_default(schema);
        if (fallback && settings->replace_null_with_default)
            *value = *fallback;
        else if (!kc_schema_optional(schema))
            return kc_error_new(KC_ERR_DATA, "Invalid null value for required %s field",
                                kc_type_name(kc_schema_type(schema)));
        return NULL;
    }
    bool done = false;
    struct kc_error *err = NULL;
    if (kc_schema_name(schema))
        err = parse_logical(arena, schema, node, value, &done);
    if (err || done)
        return err;
    return parse_typed(settings, arena, kc_schema_type(schema), schema, node, value);
}

/* ---- schemas ---- */

static struct kc_error *parse_fields(const struct kc_json_settings *settings,
                                     const struct kc_json_node *node, struct kc_schema *schema)
{
    const struct kc_json_node *fields = kc_json_member(node, "fields");
    if (!fields || fields->kind != KC_JSON_ARRAY)
        return kc_error_new(KC_ERR_DATA, "Struct schema's \"fields\" argument is not an array.");
    struct kc_error *err = NULL;
    for (uint32_t i = 0; i < fields->count && !err; i++) {
        const struct kc_json_node *name = kc_json_member(&fields->items[i], "field");
        const struct kc_schema *field = NULL;
        if (!name || name->kind != KC_JSON_STRING)
            return kc_error_new(KC_ERR_DATA, "Struct schema's field name not specified properly");
        err = kc_json_parse_schema(settings, &fields->items[i], &field);
        if (!err) {
            char *text = kc_strndup(name->text, name->len);
            err = kc_schema_add_field(schema, text, field);
            free(text);
        }
        kc_schema_unref(field);
    }
    return err;
}

/* The schema under key; null_ok: Java's builder complains about null, with its own words. */
static struct kc_error *parse_inner(const struct kc_json_settings *settings,
                                    const struct kc_json_node *node, const char *key,
                                    const char *missing, const char *null,
                                    const struct kc_schema **inner)
{
    const struct kc_json_node *member = kc_json_member(node, key);
    if (!member)
        return kc_error_new(KC_ERR_DATA, "%s", missing);
    struct kc_error *err = kc_json_parse_schema(settings, member, inner);
    return err || *inner ? err : kc_error_new(KC_ERR_DATA, "%s", null);
}

static struct kc_error *parse_map_schemas(const struct kc_json_settings *settings,
                                          const struct kc_json_node *node, struct kc_schema *schema)
{
    const struct kc_schema *keys = NULL;
    const struct kc_schema *values = NULL;
    struct kc_error *err =
        kc_json_member(node, "values") || !kc_json_member(node, "keys")
            ? parse_inner(settings, node, "keys", "Map schema did not specify the key type",
                          "keySchema cannot be null.", &keys)
            : NULL;
    if (!err)
        err = parse_inner(settings, node, "values", "Map schema did not specify the value type",
                          "valueSchema cannot be null.", &values);
    if (!err) {
        kc_schema_set_keys(schema, keys);
        kc_schema_set_values(schema, values);
    }
    kc_schema_unref(keys);
    kc_schema_unref(values);
    return err;
}

static struct kc_error *parse_containers(const struct kc_json_settings *settings,
                                         const struct kc_json_node *node, struct kc_schema *schema)
{
    const struct kc_schema *items = NULL;
    struct kc_error *err = NULL;
    static const char no_items[] = "Array schema did not specify the element type";
    switch (kc_schema_type(schema)) {
    case KC_TYPE_ARRAY:
        err = parse_inner(settings, node, "items", no_items, no_items, &items);
        if (!err)
            kc_schema_set_items(schema, items);
        kc_schema_unref(items);
        return err;
    case KC_TYPE_MAP:
        return parse_map_schemas(settings, node, schema);
    case KC_TYPE_STRUCT:
        return parse_fields(settings, node, schema);
    default:
        return NULL;
    }
}

static struct kc_error *parse_parameters(const struct kc_json_node *node, struct kc_schema *schema)
{
    const struct kc_json_node *parameters = kc_json_member(node, "parameters");
    for (uint32_t i = 0; parameters && parameters->kind == KC_JSON_OBJECT && i < parameters->count;
         i++) {
        const struct kc_json_node *item = &parameters->items[i];
        if (item->kind != KC_JSON_STRING)
            return kc_error_new(KC_ERR_DATA, "Schema parameters must have string values.");
        char *name = kc_strndup(item->key, item->key_len);
        char *value = kc_strndup(item->text, item->len);
        kc_schema_set_parameter(schema, name, value);
        free(name);
        free(value);
    }
    return NULL;
}

static void parse_text(const struct kc_json_node *node, const char *key, struct kc_schema *schema,
                       void (*set)(struct kc_schema *, const char *))
{
    const struct kc_json_node *member = kc_json_member(node, key);
    if (!member || member->kind != KC_JSON_STRING)
        return;
    char *text = kc_strndup(member->text, member->len);
    set(schema, text);
    free(text);
}

static struct kc_error *parse_attributes(const struct kc_json_settings *settings,
                                         const struct kc_json_node *node, struct kc_schema *schema)
{
    const struct kc_json_node *optional = kc_json_member(node, "optional");
    const struct kc_json_node *version = kc_json_member(node, "version");
    const struct kc_json_node *fallback = kc_json_member(node, "default");
    struct kc_arena *arena = kc_arena_new(256);
    kc_schema_set_optional(schema,
                           optional && optional->kind == KC_JSON_BOOLEAN && optional->truth);
    parse_text(node, "name", schema, kc_schema_set_name);
    if (version && version->kind == KC_JSON_INTEGER)
        kc_schema_set_version(schema, (int32_t)long_of(arena, version));
    parse_text(node, "doc", schema, kc_schema_set_doc);
    struct kc_error *err = parse_parameters(node, schema);
    struct kc_value value;
    if (!err && fallback)
        err = kc_json_parse_value(settings, arena, schema, fallback, &value);
    if (!err && fallback)
        err = kc_schema_set_default(schema, &value);
    kc_arena_destroy(arena);
    return err;
}

static bool find_type(const struct kc_json_node *name, enum kc_type *type)
{
    static const struct {
        const char *name;
        enum kc_type type;
    } types[] = {
        {"boolean", KC_TYPE_BOOLEAN}, {"int8", KC_TYPE_INT8},   {"int16", KC_TYPE_INT16},
        {"int32", KC_TYPE_INT32},     {"int64", KC_TYPE_INT64}, {"float", KC_TYPE_FLOAT32},
        {"double", KC_TYPE_FLOAT64},  {"bytes", KC_TYPE_BYTES}, {"string", KC_TYPE_STRING},
        {"array", KC_TYPE_ARRAY},     {"map", KC_TYPE_MAP},     {"struct", KC_TYPE_STRUCT},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strlen(types[i].name) == name->len &&
            memcmp(types[i].name, name->text, name->len) == 0) {
            *type = types[i].type;
            return true;
        }
    }
    return false;
}

struct kc_error *kc_json_parse_schema(const struct kc_json_settings *settings,
                                      const struct kc_json_node *node,
                                      const struct kc_schema **schema)
{
    *schema = NULL;
    if (is_null(node))
        return NULL;
    const struct kc_json_node *name = kc_json_member(node, "type");
    if (!name || name->kind != KC_JSON_STRING)
        return kc_error_new(KC_ERR_DATA, "Schema must contain 'type' field");
    enum kc_type type;
    if (!find_type(name, &type))
        return kc_error_new(KC_ERR_DATA, "Unknown schema type: %.*s", (int)name->len, name->text);
    struct kc_schema *made = kc_schema_new(type);
    struct kc_error *err = parse_containers(settings, node, made);
    if (!err)
        err = parse_attributes(settings, node, made);
    if (err)
        kc_schema_unref(made);
    else
        *schema = made;
    return err;
}
