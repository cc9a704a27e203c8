/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flatten: brings the fields of structs within structs (or maps within maps) to the top, their
 * names joined by a delimiter.
 *
 * A name holds all those above it: a record of one megabyte can hold half of it in one path, under
 * which a hundred thousand leaves lie. So all new names together have a limit.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "transforms/transform_priv.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX ((size_t)64 << 20) /* bytes of one record's new names */

struct flatten {
    bool is_key;
    size_t named; /* bytes of names that the present record has been given */
    char *delimiter;
    struct kc_schema_cache cache;
};

static const char purpose[] = "flattening";

static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("delimiter", STRING, ".", NULL, MEDIUM,
                  "What stands between the names that a new name is made of."),
};

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, 1, config, &parsed);
    if (err)
        return err;
    struct flatten *flatten = kc_calloc(1, sizeof(*flatten));
    flatten->is_key = is_key;
    flatten->delimiter = kc_strdup(kc_config_string(parsed, "delimiter"));
    kc_config_destroy(parsed);
    *object = flatten;
    return NULL;
}

static void destroy(void *object)
{
    struct flatten *flatten = object;
    if (!flatten)
        return;
    kc_schema_cache_clear(&flatten->cache);
    free(flatten->delimiter);
    free(flatten);
}

/* A new name, owned by the caller; NULL with an error. */
static struct kc_error *join(struct flatten *flatten, const char *prefix, const char *name,
                             size_t len, char **joined)
{
    flatten->named += strlen(prefix) + strlen(flatten->delimiter) + len;
    if (flatten->named > NAMES_MAX)
        return kc_error_new(KC_ERR_DATA,
                            "Flatten transformation would make more than %zu bytes of field names "
                            "for one record",
                            NAMES_MAX);
    *joined = *prefix ? kc_asprintf("%s%s%.*s", prefix, flatten->delimiter, (int)len, name)
                      : kc_strndup(name, len);
    return NULL;
}

/* ---- with schema ---- */

static struct kc_error *unsupported(enum kc_type type, const char *name)
{
    return kc_error_new(KC_ERR_DATA,
                        "Flatten transformation does not support %s for record with schemas (for "
                        "field %s).",
                        kc_type_name(type), name);
}

static struct kc_error *add_leaf(struct kc_schema *made, const char *name,
                                 const struct kc_schema *field, bool optional,
                                 const struct kc_value *fallback)
{
    struct kc_schema *leaf = kc_schema_basics(field, kc_schema_type(field));
    struct kc_error *err = NULL;
    if (kc_schema_type(field) == KC_TYPE_ARRAY)
        kc_schema_set_items(leaf, kc_schema_items(field));
    kc_schema_set_optional(leaf, optional);
    if (fallback)
        err = kc_schema_set_default(leaf, fallback);
    if (!err)
        err = kc_schema_add_field(made, name, leaf);
    kc_schema_unref(leaf);
    return err;
}

/* outer: the default of schema's struct, NULL when there is none. */
static struct kc_error *build_schema(struct flatten *flatten, const struct kc_schema *schema,
                                     const char *prefix, bool optional,
                                     const struct kc_value *outer, struct kc_schema *made)
{
    struct kc_error *err = NULL;
    for (size_t i = 0; i < kc_schema_field_count(schema) && !err; i++) {
        const struct kc_schema *field = kc_schema_field(schema, i);
        const char *own = kc_schema_field_name(schema, i);
        char *name = NULL;
        err = join(flatten, prefix, own, strlen(own), &name);
        bool field_optional = optional || kc_schema_optional(field);
        const struct kc_value *fallback = kc_schema_default(field);
        if (!fallback && outer)
            fallback = kc_struct_get(schema, outer, i);
        if (fallback && fallback->type == KC_TYPE_NULL)
            fallback = NULL;
        if (!name)
            break;
        if (kc_schema_type(field) == KC_TYPE_STRUCT)
            err = build_schema(flatten, field, name, field_optional, fallback, made);
        else if (kc_schema_type(field) == KC_TYPE_MAP)
            err = unsupported(KC_TYPE_MAP, name);
        else
            err = add_leaf(made, name, field, field_optional, fallback);
        free(name);
    }
    return err;
}

static struct kc_error *build_value(struct flatten *flatten, const struct kc_schema *schema,
                                    const char *prefix, const struct kc_value *value,
                                    const struct kc_schema *updated, struct kc_value *items)
{
    struct kc_error *err = NULL;
    if (value->type == KC_TYPE_NULL)
        return NULL;
    for (size_t i = 0; i < kc_schema_field_count(schema) && !err; i++) {
        const struct kc_schema *field = kc_schema_field(schema, i);
        const char *own = kc_schema_field_name(schema, i);
        char *name = NULL;
        err = join(flatten, prefix, own, strlen(own), &name);
        if (!name)
            break;
        if (kc_schema_type(field) == KC_TYPE_STRUCT)
            err = build_value(flatten, field, name, &value->u.items[i], updated, items);
        else
            err = kc_struct_put(updated, items, (size_t)kc_schema_field_index(updated, name),
                                *kc_struct_get(schema, value, i));
        free(name);
    }
    return err;
}

static struct kc_error *make_schema(struct flatten *flatten, const struct kc_schema *schema,
                                    const struct kc_schema **updated)
{
    struct kc_schema *made = kc_schema_basics(schema, KC_TYPE_STRUCT);
    struct kc_error *err = build_schema(flatten, schema, "", kc_schema_optional(schema),
                                        kc_schema_default(schema), made);
    if (err) {
        kc_schema_unref(made);
        return err;
    }
    kc_schema_cache_put(&flatten->cache, schema, made);
    *updated = made;
    return NULL;
}

static struct kc_error *apply_struct(struct flatten *flatten, struct kc_batch *batch,
                                     struct kc_side side)
{
    struct kc_error *err = kc_require_struct(*side.schema, side.value, purpose);
    if (err)
        return err;
    const struct kc_schema *updated = kc_schema_cache_get(&flatten->cache, *side.schema);
    if (!updated)
        err = make_schema(flatten, *side.schema, &updated);
    if (err)
        return err;
    struct kc_value *items;
    struct kc_value value = kc_struct_new(batch, updated, &items);
    err = build_value(flatten, *side.schema, "", side.value, updated, items);
    if (!err)
        kc_side_set(side, batch, updated, value);
    return err;
}

/* ---- schemaless ---- */

/* A LinkedHashMap in Java: pairs stay in order, a name that comes again gets the later value. */
static struct kc_error *flatten_map(struct flatten *flatten, const struct kc_value *map,
                                    const char *prefix, struct kc_map_edit *edit)
{
    struct kc_error *err = NULL;
    for (uint32_t i = 0; i < map->count && !err; i++) {
        const struct kc_pair *pair = &map->u.pairs[i];
        char *name = NULL;
        if (pair->key.type != KC_TYPE_STRING)
            return kc_error_new(KC_ERR_DATA,
                                "Flatten transformation needs maps with string keys, found: %s",
                                kc_value_java_class(&pair->key, NULL));
        err = join(flatten, prefix, pair->key.u.bytes.data, pair->key.u.bytes.len, &name);
        if (!name)
            break;
        if (pair->value.type == KC_TYPE_MAP)
            err = flatten_map(flatten, &pair->value, name, edit);
        else
            kc_map_edit_put_name(edit, name, pair->value);
        free(name);
    }
    return err;
}

static struct kc_error *apply_map(struct flatten *flatten, struct kc_batch *batch,
                                  struct kc_side side)
{
    struct kc_error *err = kc_require_map(side.value, purpose);
    if (err)
        return err;
    struct kc_map_edit edit = kc_map_edit(batch, NULL);
    edit.linked = true;
    err = flatten_map(flatten, side.value, "", &edit);
    if (!err)
        *side.value = kc_map_edit_done(&edit);
    return err;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    struct flatten *flatten = object;
    struct kc_side side = kc_record_side(record, flatten->is_key);
    *keep = true;
    flatten->named = 0;
    if (side.value->type == KC_TYPE_NULL)
        return NULL;
    return *side.schema ? apply_struct(flatten, batch, side) : apply_map(flatten, batch, side);
}

TRANSFORM_SIDES(flatten, "Flatten", keys, 1);
