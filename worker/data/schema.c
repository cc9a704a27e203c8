/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas (ConnectSchema and SchemaBuilder): what a value's type is, and what it may be.
 *
 * Called by converters, transforms and connectors. Only its maker changes a schema, before anyone
 * else sees it. After that any thread may read, ref and unref it. The simple schemas are static and
 * never counted.
 */
#include "connect/data.h"
#include "connect/hash.h"

#include "connect/map.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct field {
    char *name;
    const struct kc_schema *schema;
    size_t index;
    UT_hash_handle hh;
};

struct kc_schema {
    atomic_uint refs; /* 0: static, never freed */
    enum kc_type type;
    bool optional;
    bool has_version;
    bool has_default;
    int32_t version;
    char *name;
    char *doc;
    struct kc_map *parameters;
    struct kc_arena *default_arena;
    struct kc_value default_value;
    const struct kc_schema *keys;
    const struct kc_schema *values; /* items of an ARRAY as well */
    struct field **fields;
    size_t field_count;
    size_t field_cap;
    struct field *field_table; /* by name */
};

#define SIMPLE(t)                                                                                  \
    [t] = {                                                                                        \
        {.type = (t), .optional = false},                                                          \
        {.type = (t), .optional = true},                                                           \
    }

static const struct kc_schema simple[][2] = {
    SIMPLE(KC_TYPE_INT8),    SIMPLE(KC_TYPE_INT16),   SIMPLE(KC_TYPE_INT32),
    SIMPLE(KC_TYPE_INT64),   SIMPLE(KC_TYPE_FLOAT32), SIMPLE(KC_TYPE_FLOAT64),
    SIMPLE(KC_TYPE_BOOLEAN), SIMPLE(KC_TYPE_STRING),  SIMPLE(KC_TYPE_BYTES),
};

static const char *const type_names[] = {
    [KC_TYPE_NULL] = "null",       [KC_TYPE_INT8] = "int8",       [KC_TYPE_INT16] = "int16",
    [KC_TYPE_INT32] = "int32",     [KC_TYPE_INT64] = "int64",     [KC_TYPE_FLOAT32] = "float32",
    [KC_TYPE_FLOAT64] = "float64", [KC_TYPE_BOOLEAN] = "boolean", [KC_TYPE_STRING] = "string",
    [KC_TYPE_BYTES] = "bytes",     [KC_TYPE_ARRAY] = "array",     [KC_TYPE_MAP] = "map",
    [KC_TYPE_STRUCT] = "struct",
};

const struct kc_schema *kc_schema_simple(enum kc_type type, bool optional)
{
    assert(type >= KC_TYPE_INT8 && type <= KC_TYPE_BYTES);
    return &simple[type][optional];
}

/* ---- building ---- */

struct kc_schema *kc_schema_new(enum kc_type type)
{
    struct kc_schema *schema = kc_calloc(1, sizeof(*schema));
    atomic_init(&schema->refs, 1);
    schema->type = type;
    return schema;
}

void kc_schema_set_optional(struct kc_schema *schema, bool optional)
{
    schema->optional = optional;
}

void kc_schema_set_name(struct kc_schema *schema, const char *name)
{
    char *copy = kc_strdup(name);
    free(schema->name);
    schema->name = copy;
}

void kc_schema_set_version(struct kc_schema *schema, int32_t version)
{
    schema->has_version = true;
    schema->version = version;
}

void kc_schema_set_doc(struct kc_schema *schema, const char *doc)
{
    char *copy = kc_strdup(doc);
    free(schema->doc);
    schema->doc = copy;
}

void kc_schema_set_parameter(struct kc_schema *schema, const char *name, const char *value)
{
    if (!schema->parameters)
        schema->parameters = kc_map_new();
    kc_map_set(schema->parameters, name, value);
}

struct kc_error *kc_schema_set_default(struct kc_schema *schema, const struct kc_value *value)
{
    struct kc_error *err = kc_schema_validate(schema, value);
    if (err)
        return kc_error_caused(kc_error_new(KC_ERR_DATA, "Invalid default value"), err);
    kc_arena_destroy(schema->default_arena);
    schema->default_arena = kc_arena_new(256);
    schema->default_value = kc_value_copy(schema->default_arena, value);
    schema->has_default = value->type != KC_TYPE_NULL;
    return NULL;
}

static void set_schema(const struct kc_schema **slot, const struct kc_schema *schema)
{
    const struct kc_schema *old = *slot;
    *slot = kc_schema_ref(schema);
    kc_schema_unref(old);
}

void kc_schema_set_items(struct kc_schema *schema, const struct kc_schema *items)
{
    assert(schema->type == KC_TYPE_ARRAY);
    set_schema(&schema->values, items);
}

void kc_schema_set_keys(struct kc_schema *schema, const struct kc_schema *keys)
{
    assert(schema->type == KC_TYPE_MAP);
    set_schema(&schema->keys, keys);
}

void kc_schema_set_values(struct kc_schema *schema, const struct kc_schema *values)
{
    assert(schema->type == KC_TYPE_MAP);
    set_schema(&schema->values, values);
}

static struct field *find_field(const struct kc_schema *schema, const char *name)
{
    struct field *field = NULL;
    HASH_FIND_STR(schema->field_table, name, field);
    return field;
}

struct kc_error *kc_schema_add_field(struct kc_schema *schema, const char *name,
                                     const struct kc_schema *field_schema)
{
    if (schema->type != KC_TYPE_STRUCT)
        return kc_error_new(KC_ERR_DATA, "Cannot create fields on type %s",
                            kc_type_name(schema->type));
    if (!name || !*name)
        return kc_error_new(KC_ERR_DATA, "fieldName cannot be null.");
    if (!field_schema)
        return kc_error_new(KC_ERR_DATA, "fieldSchema for field %s cannot be null.", name);
    if (find_field(schema, name))
        return kc_error_new(KC_ERR_DATA, "Cannot create field because of field name duplication %s",
                            name);
    if (schema->field_count == schema->field_cap) {
        schema->field_cap = schema->field_cap ? 2 * schema->field_cap : 8;
        schema->fields = kc_realloc(schema->fields, schema->field_cap * sizeof(*schema->fields));
    }
    struct field *field = kc_calloc(1, sizeof(*field));
    field->name = kc_strdup(name);
    field->schema = kc_schema_ref(field_schema);
    field->index = schema->field_count;
    schema->fields[schema->field_count++] = field;
    HASH_ADD_KEYPTR(hh, schema->field_table, field->name, strlen(field->name), field);
    return NULL;
}

/* ---- life ---- */

const struct kc_schema *kc_schema_ref(const struct kc_schema *schema)
{
    struct kc_schema *counted = (struct kc_schema *)schema;
    if (schema && atomic_load_explicit(&counted->refs, memory_order_relaxed) != 0)
        atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
    return schema;
}

static void destroy(struct kc_schema *schema)
{
    HASH_CLEAR(hh, schema->field_table);
    for (size_t i = 0; i < schema->field_count; i++) {
        kc_schema_unref(schema->fields[i]->schema);
        free(schema->fields[i]->name);
        free(schema->fields[i]);
    }
    free(schema->fields);
    kc_schema_unref(schema->keys);
    kc_schema_unref(schema->values);
    kc_arena_destroy(schema->default_arena);
    kc_map_destroy(schema->parameters);
    free(schema->name);
    free(schema->doc);
    free(schema);
}

void kc_schema_unref(const struct kc_schema *schema)
{
    struct kc_schema *counted = (struct kc_schema *)schema;
    if (!schema || atomic_load_explicit(&counted->refs, memory_order_relaxed) == 0)
        return;
    if (atomic_fetch_sub_explicit(&counted->refs, 1, memory_order_acq_rel) == 1)
        destroy(counted);
}

/* ---- comparing ---- */

static bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool parameters_equal(const struct kc_map *a, const struct kc_map *b)
{
    return a == b || (a && b && kc_map_equal(a, b));
}

static bool fields_equal(const struct kc_schema *a, const struct kc_schema *b)
{
    if (a->field_count != b->field_count)
        return false;
    for (size_t i = 0; i < a->field_count; i++)
        if (strcmp(a->fields[i]->name, b->fields[i]->name) != 0 ||
            !kc_schema_equal(a->fields[i]->schema, b->fields[i]->schema))
            return false;
    return true;
}

bool kc_schema_equal(const struct kc_schema *a, const struct kc_schema *b)
{
    if (a == b)
        return true;
    if (!a || !b)
        return false;
    return a->type == b->type && a->optional == b->optional && a->has_version == b->has_version &&
           a->version == b->version && a->has_default == b->has_default &&
           text_equal(a->name, b->name) && text_equal(a->doc, b->doc) &&
           (!a->has_default || kc_value_equal(&a->default_value, &b->default_value)) &&
           fields_equal(a, b) && kc_schema_equal(a->keys, b->keys) &&
           kc_schema_equal(a->values, b->values) && parameters_equal(a->parameters, b->parameters);
}

static uint32_t mix(uint32_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash * 16777619u + 1;
}

uint32_t kc_schema_hash(const struct kc_schema *schema)
{
    if (!schema)
        return 0;
    uint32_t hash = 2166136261u + (uint32_t)schema->type * 2 + schema->optional;
    hash = mix(hash, schema->name) + (uint32_t)schema->version;
    for (size_t i = 0; i < schema->field_count; i++)
        hash = mix(hash, schema->fields[i]->name) * 31 + kc_schema_hash(schema->fields[i]->schema);
    return hash * 31 + kc_schema_hash(schema->keys) * 7 + kc_schema_hash(schema->values);
}

/* ---- reading ---- */

enum kc_type kc_schema_type(const struct kc_schema *schema)
{
    return schema->type;
}

const char *kc_schema_type_name(const struct kc_schema *schema)
{
    return type_names[schema->type];
}

bool kc_schema_optional(const struct kc_schema *schema)
{
    return schema->optional;
}

const char *kc_schema_name(const struct kc_schema *schema)
{
    return schema->name;
}

bool kc_schema_is(const struct kc_schema *schema, const char *name)
{
    return schema && schema->name && strcmp(schema->name, name) == 0;
}

bool kc_schema_version(const struct kc_schema *schema, int32_t *version)
{
    if (schema->has_version)
        *version = schema->version;
    return schema->has_version;
}

const char *kc_schema_doc(const struct kc_schema *schema)
{
    return schema->doc;
}

const struct kc_map *kc_schema_parameters_map(const struct kc_schema *schema)
{
    return schema->parameters;
}

const struct kc_value *kc_schema_default(const struct kc_schema *schema)
{
    return schema->has_default ? &schema->default_value : NULL;
}

const struct kc_schema *kc_schema_items(const struct kc_schema *schema)
{
    return schema->values;
}

const struct kc_schema *kc_schema_keys(const struct kc_schema *schema)
{
    return schema->keys;
}

const struct kc_schema *kc_schema_values(const struct kc_schema *schema)
{
    return schema->values;
}

size_t kc_schema_field_count(const struct kc_schema *schema)
{
    return schema->field_count;
}

const char *kc_schema_field_name(const struct kc_schema *schema, size_t index)
{
    assert(index < schema->field_count);
    return schema->fields[index]->name;
}

const struct kc_schema *kc_schema_field(const struct kc_schema *schema, size_t index)
{
    assert(index < schema->field_count);
    return schema->fields[index]->schema;
}

int kc_schema_field_index(const struct kc_schema *schema, const char *name)
{
    const struct field *field = find_field(schema, name);
    return field ? (int)field->index : -1;
}
