/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the transforms: see transform_priv.h. */
#include "transforms/transform_priv.h"

#include "values/hash_order.h"

#include <stdlib.h>
#include <string.h>

/* ---- requirements ---- */

static const char *class_name(const struct kc_value *value, const struct kc_schema *schema)
{
    const char *name = kc_value_java_class(value, schema);
    return strncmp(name, "class ", 6) == 0 ? name + 6 : name;
}

struct kc_error *kc_require_map(const struct kc_value *value, const char *purpose)
{
    if (value->type == KC_TYPE_MAP)
        return NULL;
    return kc_error_new(KC_ERR_DATA,
                        "Only Map objects supported in absence of schema for [%s], found: %s",
                        purpose, class_name(value, NULL));
}

struct kc_error *kc_require_struct(const struct kc_schema *schema, const struct kc_value *value,
                                   const char *purpose)
{
    if (value->type == KC_TYPE_STRUCT)
        return NULL;
    return kc_error_new(KC_ERR_DATA, "Only Struct objects supported for [%s], found: %s", purpose,
                        class_name(value, schema));
}

/* ---- maps ---- */

static bool is_name(const struct kc_value *key, const char *name)
{
    size_t len = strlen(name);
    return key->type == KC_TYPE_STRING && key->u.bytes.len == len &&
           memcmp(key->u.bytes.data, name, len) == 0;
}

const struct kc_value *kc_map_value(const struct kc_value *map, const char *key)
{
    for (uint32_t i = 0; i < map->count; i++)
        if (is_name(&map->u.pairs[i].key, key))
            return &map->u.pairs[i].value;
    return NULL;
}

struct kc_map_edit kc_map_edit_sized(struct kc_batch *batch, uint32_t capacity)
{
    struct kc_map_edit edit = {.batch = batch, .table = 1};
    while (edit.table < capacity)
        edit.table *= 2;
    return edit;
}

struct kc_map_edit kc_map_edit(struct kc_batch *batch, const struct kc_value *map)
{
    struct kc_map_edit edit = {.batch = batch, .table = KC_HASH_TABLE};
    if (!map || !map->count)
        return edit;
    edit.table = kc_hash_table_of_copy(map->count);
    edit.count = map->count;
    edit.cap = map->count + 4;
    edit.pairs = kc_batch_alloc(batch, edit.cap * sizeof(*edit.pairs));
    memcpy(edit.pairs, map->u.pairs, map->count * sizeof(*edit.pairs));
    return edit;
}

void kc_map_edit_put(struct kc_map_edit *edit, struct kc_value key, struct kc_value value)
{
    if (edit->count == edit->cap) {
        struct kc_pair *old = edit->pairs;
        edit->cap = 2 * edit->cap + 8;
        edit->pairs = kc_batch_alloc(edit->batch, edit->cap * sizeof(*edit->pairs));
        if (edit->count)
            memcpy(edit->pairs, old, edit->count * sizeof(*old));
    }
    edit->pairs[edit->count++] = (struct kc_pair){key, value};
}

void kc_map_edit_put_name(struct kc_map_edit *edit, const char *key, struct kc_value value)
{
    size_t len = strlen(key);
    kc_map_edit_put(edit, kc_value_string(kc_batch_dup(edit->batch, key, len + 1), len), value);
}

void kc_map_edit_remove(struct kc_map_edit *edit, const char *key)
{
    for (uint32_t i = 0; i < edit->count; i++) {
        if (!is_name(&edit->pairs[i].key, key))
            continue;
        edit->count--;
        memmove(edit->pairs + i, edit->pairs + i + 1, (edit->count - i) * sizeof(*edit->pairs));
        return;
    }
}

/* Repeated keys become one only here, because looking for each key as it is put would be quadratic.
 */
struct kc_value kc_map_edit_done(struct kc_map_edit *edit)
{
    uint32_t count = edit->linked ? kc_linked_map_order(edit->pairs, edit->count)
                                  : kc_hash_map_order(edit->pairs, edit->count, edit->table);
    return (struct kc_value){.type = KC_TYPE_MAP, .count = count, .u.pairs = edit->pairs};
}

/* ---- structs and schemas ---- */

struct kc_value kc_field_value(const struct kc_schema *schema, const struct kc_value *value,
                               size_t index, bool replace)
{
    return replace ? *kc_struct_get(schema, value, index) : value->u.items[index];
}

struct kc_value kc_struct_new(struct kc_batch *batch, const struct kc_schema *schema,
                              struct kc_value **items)
{
    uint32_t count = (uint32_t)kc_schema_field_count(schema);
    *items = kc_batch_alloc(batch, count * sizeof(**items));
    for (uint32_t i = 0; i < count; i++)
        (*items)[i] = kc_value_null();
    return (struct kc_value){.type = KC_TYPE_STRUCT, .count = count, .u.items = *items};
}

struct kc_error *kc_struct_put(const struct kc_schema *schema, struct kc_value *items, size_t index,
                               struct kc_value value)
{
    items[index] = value;
    return kc_schema_validate_field(kc_schema_field_name(schema, index),
                                    kc_schema_field(schema, index), &value);
}

struct kc_schema *kc_schema_basics(const struct kc_schema *schema, enum kc_type type)
{
    struct kc_schema *copy = kc_schema_new(type);
    int32_t version;
    const struct kc_map *parameters = kc_schema_parameters_map(schema);
    if (kc_schema_name(schema))
        kc_schema_set_name(copy, kc_schema_name(schema));
    if (kc_schema_version(schema, &version))
        kc_schema_set_version(copy, version);
    if (kc_schema_doc(schema))
        kc_schema_set_doc(copy, kc_schema_doc(schema));
    if (!parameters)
        return copy;
    kc_map_foreach (parameters, entry)
        kc_schema_set_parameter(copy, entry->key, entry->value);
    return copy;
}

const struct kc_schema *kc_logical_schema(enum kc_type type, const char *name, bool optional)
{
    struct kc_schema *schema = kc_schema_new(type);
    kc_schema_set_name(schema, name);
    kc_schema_set_version(schema, 1);
    kc_schema_set_optional(schema, optional);
    return schema;
}

enum { CACHE_SIZE = 16 };

const struct kc_schema *kc_schema_cache_get(const struct kc_schema_cache *cache,
                                            const struct kc_schema *from)
{
    for (int i = 0; i < CACHE_SIZE; i++)
        if (cache->entries[i].from == from)
            return cache->entries[i].to;
    for (int i = 0; i < CACHE_SIZE && cache->entries[i].from; i++)
        if (kc_schema_equal(cache->entries[i].from, from))
            return cache->entries[i].to;
    return NULL;
}

void kc_schema_cache_put(struct kc_schema_cache *cache, const struct kc_schema *from,
                         const struct kc_schema *to)
{
    unsigned slot = cache->next++ % CACHE_SIZE;
    kc_schema_unref(cache->entries[slot].from);
    kc_schema_unref(cache->entries[slot].to);
    cache->entries[slot].from = kc_schema_ref(from);
    cache->entries[slot].to = to;
}

void kc_schema_cache_clear(struct kc_schema_cache *cache)
{
    for (int i = 0; i < CACHE_SIZE; i++) {
        kc_schema_unref(cache->entries[i].from);
        kc_schema_unref(cache->entries[i].to);
    }
    memset(cache, 0, sizeof(*cache));
}

void kc_side_set(struct kc_side side, struct kc_batch *batch, const struct kc_schema *schema,
                 struct kc_value value)
{
    kc_batch_own_schema(batch, schema);
    *side.schema = schema;
    *side.value = value;
}

/* ---- configuration ---- */

struct kc_error *kc_transform_config(const struct kc_config_key *keys, size_t count,
                                     const struct kc_map *config, struct kc_config **parsed)
{
    struct kc_config_def *def = kc_config_def_new(keys, count);
    struct kc_error *err = kc_config_parse(def, config, parsed);
    kc_config_def_destroy(def);
    return err;
}

struct kc_error *kc_check_non_empty_list(const char *name, const char *value)
{
    struct kc_strings list = {0};
    if (value)
        kc_strings_split(&list, value);
    size_t count = list.count;
    kc_strings_destroy(&list);
    return count ? NULL : kc_config_invalid(name, value ? "[]" : NULL, "Empty list");
}

char *kc_print_list(const struct kc_strings *list)
{
    char *joined = kc_strings_join(list, ", ");
    char *text = kc_asprintf("[%s]", joined);
    free(joined);
    return text;
}
