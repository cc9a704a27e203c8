/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of Connect's data model: comparing, copying, naming.
 *
 * Called by converters, transforms and the task loops, on any thread. Values are immutable; nothing
 * here keeps a pointer.
 */
#include "connect/data.h"

#include <string.h>

/* By enum kc_type: Schema.Type's constant, and the Java class that carries such a value. */
static const struct {
    const char *name;
    const char *java_class;
} types[] = {
    [KC_TYPE_NULL] = {"NULL", "null"},
    [KC_TYPE_INT8] = {"INT8", "class java.lang.Byte"},
    [KC_TYPE_INT16] = {"INT16", "class java.lang.Short"},
    [KC_TYPE_INT32] = {"INT32", "class java.lang.Integer"},
    [KC_TYPE_INT64] = {"INT64", "class java.lang.Long"},
    [KC_TYPE_FLOAT32] = {"FLOAT32", "class java.lang.Float"},
    [KC_TYPE_FLOAT64] = {"FLOAT64", "class java.lang.Double"},
    [KC_TYPE_BOOLEAN] = {"BOOLEAN", "class java.lang.Boolean"},
    [KC_TYPE_STRING] = {"STRING", "class java.lang.String"},
    [KC_TYPE_BYTES] = {"BYTES", "class [B"},
    [KC_TYPE_ARRAY] = {"ARRAY", "class java.util.ArrayList"},
    [KC_TYPE_MAP] = {"MAP", "class java.util.HashMap"},
    [KC_TYPE_STRUCT] = {"STRUCT", "class org.apache.kafka.connect.data.Struct"},
};

const char *kc_type_name(enum kc_type type)
{
    return types[type].name;
}

const char *kc_value_java_class(const struct kc_value *value, const struct kc_schema *schema)
{
    if (kc_schema_is(schema, KC_LOGICAL_DECIMAL) && value->type == KC_TYPE_BYTES)
        return "class java.math.BigDecimal";
    if (((kc_schema_is(schema, KC_LOGICAL_DATE) || kc_schema_is(schema, KC_LOGICAL_TIME)) &&
         value->type == KC_TYPE_INT32) ||
        (kc_schema_is(schema, KC_LOGICAL_TIMESTAMP) && value->type == KC_TYPE_INT64))
        return "class java.util.Date";
    return types[value->type].java_class;
}

static bool items_equal(const struct kc_value *a, const struct kc_value *b)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (!kc_value_equal(&a->u.items[i], &b->u.items[i]))
            return false;
    return true;
}

static const struct kc_value *find_key(const struct kc_value *map, const struct kc_value *key,
                                       uint32_t hint)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct kc_pair *pair = &map->u.pairs[(hint + i) % map->count];
        if (kc_value_equal(&pair->key, key))
            return &pair->value;
    }
    return NULL;
}

/* Keys of a map are unique, so equal sizes and one direction suffice. */
static bool pairs_equal(const struct kc_value *a, const struct kc_value *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const struct kc_value *other = find_key(b, &a->u.pairs[i].key, i);
        if (!other || !kc_value_equal(&a->u.pairs[i].value, other))
            return false;
    }
    return true;
}

bool kc_value_equal(const struct kc_value *a, const struct kc_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case KC_TYPE_NULL:
        return true;
    case KC_TYPE_INT8:
    case KC_TYPE_INT16:
    case KC_TYPE_INT32:
    case KC_TYPE_INT64:
        return a->u.i == b->u.i;
    case KC_TYPE_FLOAT32:
    case KC_TYPE_FLOAT64:
        /* Compares bits, as Double.equals: NaN equals itself, 0.0 differs from -0.0. */
        return memcmp(&a->u.d, &b->u.d, sizeof(a->u.d)) == 0 ||
               (a->u.d != a->u.d && b->u.d != b->u.d);
    case KC_TYPE_BOOLEAN:
        return a->u.b == b->u.b;
    case KC_TYPE_STRING:
    case KC_TYPE_BYTES:
        return a->u.bytes.len == b->u.bytes.len &&
               (a->u.bytes.len == 0 ||
                memcmp(a->u.bytes.data, b->u.bytes.data, a->u.bytes.len) == 0);
    case KC_TYPE_ARRAY:
    case KC_TYPE_STRUCT:
        return a->count == b->count && items_equal(a, b);
    case KC_TYPE_MAP:
        return a->count == b->count && pairs_equal(a, b);
    }
    return false;
}

static struct kc_value *copy_items(struct kc_arena *arena, const struct kc_value *value)
{
    struct kc_value *items = kc_arena_alloc(arena, value->count * sizeof(*items));
    for (uint32_t i = 0; i < value->count; i++)
        items[i] = kc_value_copy(arena, &value->u.items[i]);
    return items;
}

static struct kc_pair *copy_pairs(struct kc_arena *arena, const struct kc_value *value)
{
    struct kc_pair *pairs = kc_arena_alloc(arena, value->count * sizeof(*pairs));
    for (uint32_t i = 0; i < value->count; i++) {
        pairs[i].key = kc_value_copy(arena, &value->u.pairs[i].key);
        pairs[i].value = kc_value_copy(arena, &value->u.pairs[i].value);
    }
    return pairs;
}

struct kc_value kc_value_copy(struct kc_arena *arena, const struct kc_value *value)
{
    struct kc_value copy = *value;
    switch (value->type) {
    case KC_TYPE_STRING:
    case KC_TYPE_BYTES:
        copy.u.bytes.data =
            value->u.bytes.len ? kc_arena_dup(arena, value->u.bytes.data, value->u.bytes.len) : "";
        break;
    case KC_TYPE_ARRAY:
    case KC_TYPE_STRUCT:
        copy.u.items = value->count ? copy_items(arena, value) : NULL;
        break;
    case KC_TYPE_MAP:
        copy.u.pairs = value->count ? copy_pairs(arena, value) : NULL;
        break;
    default:
        break;
    }
    return copy;
}
