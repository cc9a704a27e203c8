/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden cases made by Java: one JSON object a line, with schemas and typed values in a notation of
 * their own ({"t":"int8","v":5}; bytes and the bits of floats in hex).
 *
 * For tests only, which run with the project's root as their working directory.
 */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include "data/plugins.h"
#include "values/decimal.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const golden_types[] = {
    [KC_TYPE_NULL] = "null",       [KC_TYPE_INT8] = "int8",       [KC_TYPE_INT16] = "int16",
    [KC_TYPE_INT32] = "int32",     [KC_TYPE_INT64] = "int64",     [KC_TYPE_FLOAT32] = "float32",
    [KC_TYPE_FLOAT64] = "float64", [KC_TYPE_BOOLEAN] = "boolean", [KC_TYPE_STRING] = "string",
    [KC_TYPE_BYTES] = "bytes",     [KC_TYPE_ARRAY] = "array",     [KC_TYPE_MAP] = "map",
    [KC_TYPE_STRUCT] = "struct",
};

static inline enum kc_type golden_type(const char *name)
{
    for (int i = 0; i <= KC_TYPE_STRUCT; i++)
        if (strcmp(name, golden_types[i]) == 0)
            return (enum kc_type)i;
    ck_abort_msg("golden type %s", name);
}

/* Long schemas and values stand in the first line's "defs", and "@n" in their place. */
static json_t *golden_defs;

static inline json_t *golden_resolve(const json_t *json)
{
    const char *name = json_string_value(json);
    json_t *found = name && *name == '@' ? json_object_get(golden_defs, name) : NULL;
    return found ? found : (json_t *)json;
}

/* ---- hex ---- */

static inline void *golden_unhex(struct kc_arena *arena, const char *hex, size_t *len)
{
    *len = strlen(hex) / 2;
    unsigned char *data = kc_arena_alloc(arena, *len + 1);
    for (size_t i = 0; i < *len; i++) {
        unsigned byte;
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        data[i] = (unsigned char)byte;
    }
    return data;
}

static inline json_t *golden_hex(const void *data, size_t len)
{
    const unsigned char *bytes = data;
    struct kc_str out = {0};
    if (!data)
        return json_null();
    for (size_t i = 0; i < len; i++)
        kc_str_appendf(&out, "%02x", bytes[i]);
    json_t *hex = json_string(out.data ? out.data : "");
    kc_str_destroy(&out);
    return hex;
}

/* ---- reading ---- */

static inline struct kc_value golden_value(struct kc_arena *arena, const json_t *json)
{
    json = golden_resolve(json);
    if (!json || json_is_null(json))
        return kc_value_null();
    enum kc_type type = golden_type(json_string_value(json_object_get(json, "t")));
    const json_t *v = json_object_get(json, "v");
    size_t len;
    switch (type) {
    case KC_TYPE_BOOLEAN:
        return kc_value_bool(json_is_true(v));
    case KC_TYPE_STRING:
        return kc_value_string(kc_arena_dup(arena, json_string_value(v), json_string_length(v) + 1),
                               json_string_length(v));
    case KC_TYPE_BYTES: {
        void *data = golden_unhex(arena, json_string_value(v), &len);
        return kc_value_bytes(data, len);
    }
    case KC_TYPE_FLOAT32: {
        uint32_t bits = (uint32_t)strtoul(json_string_value(v), NULL, 16);
        float single;
        memcpy(&single, &bits, sizeof(single));
        return kc_value_double(type, (double)single);
    }
    case KC_TYPE_FLOAT64: {
        uint64_t bits = strtoull(json_string_value(v), NULL, 16);
        double number;
        memcpy(&number, &bits, sizeof(number));
        return kc_value_double(type, number);
    }
    case KC_TYPE_ARRAY:
    case KC_TYPE_STRUCT: {
        struct kc_value *items = kc_arena_alloc(arena, json_array_size(v) * sizeof(*items));
        for (size_t i = 0; i < json_array_size(v); i++)
            items[i] = golden_value(arena, json_array_get(v, i));
        return (struct kc_value){
            .type = type, .count = (uint32_t)json_array_size(v), .u.items = items};
    }
    case KC_TYPE_MAP: {
        struct kc_pair *pairs = kc_arena_alloc(arena, json_array_size(v) * sizeof(*pairs));
        for (size_t i = 0; i < json_array_size(v); i++) {
            pairs[i].key = golden_value(arena, json_array_get(json_array_get(v, i), 0));
            pairs[i].value = golden_value(arena, json_array_get(json_array_get(v, i), 1));
        }
        return (struct kc_value){
            .type = type, .count = (uint32_t)json_array_size(v), .u.pairs = pairs};
    }
    default:
        return kc_value_int(type, json_integer_value(v));
    }
}

/* A new reference, NULL for null. */
static inline const struct kc_schema *golden_schema(const json_t *json)
{
    json = golden_resolve(json);
    if (!json || json_is_null(json))
        return NULL;
    struct kc_schema *schema =
        kc_schema_new(golden_type(json_string_value(json_object_get(json, "type"))));
    const char *key;
    json_t *value;
    size_t index;
    kc_schema_set_optional(schema, json_is_true(json_object_get(json, "optional")));
    if (json_object_get(json, "name"))
        kc_schema_set_name(schema, json_string_value(json_object_get(json, "name")));
    if (json_object_get(json, "doc"))
        kc_schema_set_doc(schema, json_string_value(json_object_get(json, "doc")));
    if (json_object_get(json, "version"))
        kc_schema_set_version(schema,
                              (int32_t)json_integer_value(json_object_get(json, "version")));
    json_object_foreach (json_object_get(json, "parameters"), key, value)
        kc_schema_set_parameter(schema, key, json_string_value(value));
    const struct kc_schema *inner = golden_schema(json_object_get(json, "items"));
    if (inner)
        kc_schema_set_items(schema, inner);
    kc_schema_unref(inner);
    inner = golden_schema(json_object_get(json, "keys"));
    if (inner)
        kc_schema_set_keys(schema, inner);
    kc_schema_unref(inner);
    inner = golden_schema(json_object_get(json, "values"));
    if (inner)
        kc_schema_set_values(schema, inner);
    kc_schema_unref(inner);
    json_array_foreach (json_object_get(json, "fields"), index, value) {
        inner = golden_schema(json_object_get(value, "schema"));
        ck_assert_ptr_null(
            kc_schema_add_field(schema, json_string_value(json_object_get(value, "name")), inner));
        kc_schema_unref(inner);
    }
    if (json_object_get(json, "default")) {
        struct kc_arena *arena = kc_arena_new(256);
        struct kc_value fallback = golden_value(arena, json_object_get(json, "default"));
        ck_assert_ptr_null(kc_schema_set_default(schema, &fallback));
        kc_arena_destroy(arena);
    }
    return schema;
}

static inline struct kc_map *golden_map(const json_t *json)
{
    struct kc_map *map = kc_map_new();
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)json, key, value)
        kc_map_set(map, key, json_string_value(value));
    return map;
}

/* ---- writing ---- */

/* Java's side wrote decimals in the scale of their schema. */
static inline json_t *golden_dump_bytes(const struct kc_value *value)
{
    struct kc_decimal decimal;
    struct kc_arena *arena = kc_arena_new(256);
    struct kc_value plain = *value;
    if (value->count &&
        kc_decimal_from_bytes(arena, value->u.bytes.data, value->u.bytes.len, (int32_t)value->count,
                              &decimal) &&
        kc_decimal_set_scale(arena, &decimal, 0))
        plain = kc_decimal_bytes(arena, &decimal);
    json_t *hex = golden_hex(plain.u.bytes.data, plain.u.bytes.len);
    kc_arena_destroy(arena);
    return hex;
}

static inline json_t *golden_dump_value(const struct kc_value *value)
{
    json_t *v = NULL;
    char bits[32];
    switch (value->type) {
    case KC_TYPE_NULL:
        return json_null();
    case KC_TYPE_BOOLEAN:
        v = json_boolean(value->u.b);
        break;
    case KC_TYPE_STRING:
        v = json_stringn(value->u.bytes.data, value->u.bytes.len);
        break;
    case KC_TYPE_BYTES:
        v = golden_dump_bytes(value);
        break;
    case KC_TYPE_FLOAT32: {
        float single = (float)value->u.d;
        uint32_t number;
        memcpy(&number, &single, sizeof(number));
        snprintf(bits, sizeof(bits), "%08x", number);
        v = json_string(bits);
        break;
    }
    case KC_TYPE_FLOAT64: {
        uint64_t number;
        memcpy(&number, &value->u.d, sizeof(number));
        snprintf(bits, sizeof(bits), "%016llx", (unsigned long long)number);
        v = json_string(bits);
        break;
    }
    case KC_TYPE_ARRAY:
    case KC_TYPE_STRUCT:
        v = json_array();
        for (uint32_t i = 0; i < value->count; i++)
            json_array_append_new(v, golden_dump_value(&value->u.items[i]));
        break;
    case KC_TYPE_MAP:
        v = json_array();
        for (uint32_t i = 0; i < value->count; i++)
            json_array_append_new(v, json_pack("[o,o]", golden_dump_value(&value->u.pairs[i].key),
                                               golden_dump_value(&value->u.pairs[i].value)));
        break;
    default:
        v = json_integer(value->u.i);
    }
    return json_pack("{s:s,s:o}", "t", golden_types[value->type], "v", v);
}

static inline json_t *golden_dump_schema(const struct kc_schema *schema)
{
    int32_t version;
    if (!schema)
        return json_null();
    json_t *json = json_pack("{s:s}", "type", golden_types[kc_schema_type(schema)]);
    if (kc_schema_optional(schema))
        json_object_set_new(json, "optional", json_true());
    if (kc_schema_name(schema))
        json_object_set_new(json, "name", json_string(kc_schema_name(schema)));
    if (kc_schema_doc(schema))
        json_object_set_new(json, "doc", json_string(kc_schema_doc(schema)));
    if (kc_schema_version(schema, &version))
        json_object_set_new(json, "version", json_integer(version));
    if (kc_schema_parameters_map(schema)) {
        json_t *parameters = json_object();
        kc_map_foreach (kc_schema_parameters_map(schema), entry)
            json_object_set_new(parameters, entry->key, json_string(entry->value));
        json_object_set_new(json, "parameters", parameters);
    }
    if (kc_schema_type(schema) == KC_TYPE_ARRAY)
        json_object_set_new(json, "items", golden_dump_schema(kc_schema_items(schema)));
    if (kc_schema_type(schema) == KC_TYPE_MAP) {
        json_object_set_new(json, "keys", golden_dump_schema(kc_schema_keys(schema)));
        json_object_set_new(json, "values", golden_dump_schema(kc_schema_values(schema)));
    }
    if (kc_schema_type(schema) == KC_TYPE_STRUCT) {
        json_t *fields = json_array();
        for (size_t i = 0; i < kc_schema_field_count(schema); i++)
            json_array_append_new(
                fields, json_pack("{s:s,s:o}", "name", kc_schema_field_name(schema, i), "schema",
                                  golden_dump_schema(kc_schema_field(schema, i))));
        json_object_set_new(json, "fields", fields);
    }
    if (kc_schema_default(schema))
        json_object_set_new(json, "default", golden_dump_value(kc_schema_default(schema)));
    return json;
}

/* ---- comparing ---- */

/* Whether err is what Java threw: with its text when it was one of Kafka's own exceptions. */
static inline bool golden_error_matches(const json_t *golden, const struct kc_error *err)
{
    const char *text = json_string_value(json_object_get(golden, "error"));
    const char *exception = json_string_value(json_object_get(golden, "exception"));
    if (!text || !err)
        return !text && !err;
    return strncmp(exception, "org.apache.kafka", 16) != 0 || strcmp(text, kc_error_text(err)) == 0;
}

/* Prints what differs and returns false unless got (stolen) equals what golden has under key. */
static inline bool golden_equal(const json_t *golden, const char *key, json_t *got)
{
    json_t *want = golden_resolve(json_object_get(golden, key));
    bool equal = want ? json_equal(want, got) : json_is_null(got);
    if (!equal) {
        char *a = want ? json_dumps(want, JSON_ENCODE_ANY) : NULL;
        char *b = json_dumps(got, JSON_ENCODE_ANY);
        printf("  %s: Java %s\n  %*s: here %s\n", key, a ? a : "-", (int)strlen(key), "", b);
        free(a);
        free(b);
    }
    json_decref(got);
    return equal;
}

static inline const struct kc_plugin *golden_plugin(const char *class_name)
{
    for (size_t i = 0; kc_builtin_plugins[i]; i++)
        if (strcmp(kc_builtin_plugins[i]->class_name, class_name) == 0)
            return kc_builtin_plugins[i];
    ck_abort_msg("no plugin %s", class_name);
}

/* Runs check on each line of file; fails with the number of bad lines, each printed. */
static inline void golden_run(const char *file, bool (*check)(const json_t *golden))
{
    FILE *stream = fopen(file, "r");
    char *line = NULL;
    size_t size = 0;
    int number = 0;
    int bad = 0;
    ck_assert_msg(stream != NULL, "%s can't be read: run the tests in the project's root", file);
    while (getline(&line, &size, stream) > 0) {
        number++;
        json_error_t why;
        json_t *golden = json_loads(line, JSON_ALLOW_NUL, &why);
        ck_assert_msg(golden != NULL, "%s:%d: %s", file, number, why.text);
        if (json_object_get(golden, "defs")) {
            golden_defs = json_incref(json_object_get(golden, "defs"));
        } else if (!check(golden)) {
            printf("%s:%d: %s\n", file, number, line);
            bad++;
        }
        json_decref(golden);
    }
    free(line);
    fclose(stream);
    json_decref(golden_defs);
    golden_defs = NULL;
    fflush(stdout);
    ck_assert_int_gt(number, 0);
    ck_assert_msg(bad == 0, "%s: %d of %d cases differ from Java", file, bad, number);
}

static inline int golden_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
