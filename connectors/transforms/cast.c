/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cast: changes the type of fields, or of the whole key or value.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "transforms/cast_value_priv.h"
#include "transforms/transform_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct cast_field {
    char *name; /* NULL: the whole value */
    enum kc_type type;
};

struct cast {
    bool is_key;
    bool replace_null;
    struct cast_field *fields;
    size_t count;
    struct kc_schema_cache cache;
};

static const char purpose[] = "cast types";

/* ---- the spec ---- */

static char *trimmed(const char *text, size_t len)
{
    while (len && (unsigned char)*text <= ' ')
        text++, len--;
    while (len && (unsigned char)text[len - 1] <= ' ')
        len--;
    return kc_strndup(text, len);
}

static struct kc_error *parse_type(const char *text, enum kc_type *type)
{
    for (int i = KC_TYPE_INT8; i <= KC_TYPE_STRUCT; i++) {
        if (strcasecmp(text, kc_type_name((enum kc_type)i)) != 0)
            continue;
        *type = (enum kc_type)i;
        if (i <= KC_TYPE_STRING)
            return NULL;
        return kc_error_new(KC_ERR_CONFIG,
                            "Cast transformation does not support casting to %s; supported types "
                            "are [INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING]",
                            kc_type_name(*type));
    }
    char *upper = kc_strdup(text);
    for (char *c = upper; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    struct kc_error *err =
        kc_error_new(KC_ERR_CONFIG,
                     "Invalid value java.lang.IllegalArgumentException: No enum constant "
                     "org.apache.kafka.connect.data.Schema.Type.%s for configuration Invalid type "
                     "found in casting spec: %s",
                     upper, text);
    free(upper);
    return err;
}

/* "field:type", or "type" for the whole value. */
static struct kc_error *parse_mapping(const struct kc_strings *list, const char *mapping,
                                      struct cast_field *field)
{
    size_t len = strlen(mapping);
    while (len && mapping[len - 1] == ':')
        len--; /* String.split leaves out empty pieces at the end */
    const char *colon = memchr(mapping, ':', len);
    if (colon && memchr(colon + 1, ':', len - (size_t)(colon + 1 - mapping))) {
        char *all = kc_print_list(list);
        struct kc_error *err = kc_error_new(
            KC_ERR_CONFIG, "Invalid value %s for configuration renames: Invalid rename mapping: %s",
            all, mapping);
        free(all);
        return err;
    }
    const char *type = colon ? colon + 1 : mapping;
    char *text = trimmed(type, len - (size_t)(type - mapping));
    struct kc_error *err = parse_type(text, &field->type);
    free(text);
    if (!err && colon)
        field->name = trimmed(mapping, (size_t)(colon - mapping));
    return err;
}

static void clear_fields(struct cast_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(fields[i].name);
    free(fields);
}

static struct kc_error *parse_spec(const struct kc_strings *list, struct cast_field **fields)
{
    struct cast_field *made = kc_calloc(list->count, sizeof(*made));
    struct kc_error *err = NULL;
    bool whole = false;
    for (size_t i = 0; i < list->count && !err; i++) {
        err = parse_mapping(list, list->items[i], &made[i]);
        whole |= !made[i].name;
    }
    if (!err && whole && list->count > 1)
        err = kc_error_new(KC_ERR_CONFIG, "Cast transformations that specify a type to cast the "
                                          "entire value to may only specify a single cast in "
                                          "their spec");
    if (err)
        clear_fields(made, list->count);
    else
        *fields = made;
    return err;
}

static struct kc_error *check_spec(const char *name, const char *value)
{
    struct kc_strings list = {0};
    struct cast_field *fields = NULL;
    if (value)
        kc_strings_split(&list, value);
    struct kc_error *err =
        list.count ? parse_spec(&list, &fields)
                   : kc_error_new(KC_ERR_CONFIG, "Must specify at least one field to cast.");
    if (fields)
        clear_fields(fields, list.count);
    kc_strings_destroy(&list);
    return err;
}

static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("spec", LIST, kc_config_required, check_spec, HIGH,
                  "What to cast: <code>field:type</code> for each field, or one "
                  "<code>type</code> for the whole key or value. Types are int8, int16, int32, "
                  "int64, float32, float64, boolean and string; bytes can become a string only."),
    REPLACE_NULL_KEY,
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void destroy(void *object)
{
    struct cast *cast = object;
    if (!cast)
        return;
    clear_fields(cast->fields, cast->count);
    kc_schema_cache_clear(&cast->cache);
    free(cast);
}

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, KEY_COUNT, config, &parsed);
    if (err)
        return err;
    struct cast *cast = kc_calloc(1, sizeof(*cast));
    cast->is_key = is_key;
    cast->replace_null = kc_config_bool(parsed, "replace.null.with.default");
    cast->count = kc_config_list(parsed, "spec")->count;
    err = parse_spec(kc_config_list(parsed, "spec"), &cast->fields);
    kc_config_destroy(parsed);
    if (err) {
        cast->count = 0;
        destroy(cast);
    } else {
        *object = cast;
    }
    return err;
}

/* ---- schemas ---- */

static bool is_whole(const struct cast *cast)
{
    return !cast->fields[0].name;
}

/* The last cast of the field called name, NULL when there is none. */
static const struct cast_field *find_cast(const struct cast *cast, const char *name)
{
    for (size_t i = cast->count; i > 0; i--)
        if (cast->fields[i - 1].name && strcmp(cast->fields[i - 1].name, name) == 0)
            return &cast->fields[i - 1];
    return NULL;
}

/* Gives made schema's optionality and its default, cast to type. */
static struct kc_error *copy_default(const struct kc_schema *schema, enum kc_type type,
                                     struct kc_schema *made)
{
    const struct kc_value *fallback = kc_schema_default(schema);
    kc_schema_set_optional(made, kc_schema_optional(schema));
    if (!fallback)
        return NULL;
    struct kc_arena *arena = kc_arena_new(256);
    struct kc_value value = *fallback;
    struct kc_error *err = kc_value_cast(arena, schema, type, &value);
    if (!err)
        err = kc_schema_set_default(made, &value);
    kc_arena_destroy(arena);
    return err;
}

static struct kc_error *add_field(const struct cast *cast, const struct kc_schema *schema,
                                  size_t index, struct kc_schema *made)
{
    const char *name = kc_schema_field_name(schema, index);
    const struct kc_schema *field = kc_schema_field(schema, index);
    const struct cast_field *to = find_cast(cast, name);
    if (!to)
        return kc_schema_add_field(made, name, field);
    struct kc_schema *changed = kc_schema_new(to->type);
    struct kc_error *err = copy_default(field, to->type, changed);
    if (!err)
        err = kc_schema_add_field(made, name, changed);
    kc_schema_unref(changed);
    return err;
}

static struct kc_error *make_schema(struct cast *cast, const struct kc_schema *schema,
                                    const struct kc_schema **updated)
{
    enum kc_type type = is_whole(cast) ? cast->fields[0].type : KC_TYPE_STRUCT;
    struct kc_schema *made = kc_schema_basics(schema, type);
    struct kc_error *err = NULL;
    if (is_whole(cast))
        err = copy_default(schema, type, made);
    else if (kc_schema_type(schema) != KC_TYPE_STRUCT)
        err = kc_error_new(KC_ERR_DATA, "Cannot list fields on non-struct type");
    else
        kc_schema_set_optional(made, kc_schema_optional(schema));
    for (size_t i = 0; i < kc_schema_field_count(schema) && !err && !is_whole(cast); i++)
        err = add_field(cast, schema, i, made);
    if (!err && !is_whole(cast) && kc_schema_default(schema))
        err = copy_default(schema, type, made);
    if (err) {
        kc_schema_unref(made);
        return err;
    }
    kc_schema_cache_put(&cast->cache, schema, made);
    *updated = made;
    return NULL;
}

/* ---- records ---- */

static struct kc_error *apply_fields(const struct cast *cast, struct kc_batch *batch,
                                     const struct kc_schema *updated, struct kc_side side)
{
    const struct kc_schema *schema = *side.schema;
    struct kc_value *items;
    struct kc_error *err = kc_require_struct(schema, side.value, purpose);
    if (err)
        return err;
    struct kc_value result = kc_struct_new(batch, updated, &items);
    for (size_t i = 0; i < result.count && !err; i++) {
        const struct cast_field *to = find_cast(cast, kc_schema_field_name(schema, i));
        struct kc_value value = kc_field_value(schema, side.value, i, cast->replace_null);
        if (to)
            err =
                kc_value_cast(kc_batch_arena(batch), kc_schema_field(schema, i), to->type, &value);
        if (!err)
            err = kc_struct_put(updated, items, i, value);
    }
    if (!err)
        kc_side_set(side, batch, updated, result);
    return err;
}

static struct kc_error *apply_schema(struct cast *cast, struct kc_batch *batch, struct kc_side side)
{
    const struct kc_schema *updated = kc_schema_cache_get(&cast->cache, *side.schema);
    struct kc_error *err = updated ? NULL : make_schema(cast, *side.schema, &updated);
    if (err)
        return err;
    if (!is_whole(cast))
        return apply_fields(cast, batch, updated, side);
    struct kc_value value = *side.value;
    err = kc_value_cast(kc_batch_arena(batch), *side.schema, cast->fields[0].type, &value);
    if (!err)
        kc_side_set(side, batch, updated, value);
    return err;
}

static struct kc_error *apply_schemaless(const struct cast *cast, struct kc_batch *batch,
                                         struct kc_side side)
{
    struct kc_arena *arena = kc_batch_arena(batch);
    if (is_whole(cast))
        return kc_value_cast(arena, NULL, cast->fields[0].type, side.value);
    struct kc_error *err = kc_require_map(side.value, purpose);
    if (err)
        return err;
    struct kc_map_edit edit = kc_map_edit(batch, side.value);
    for (size_t i = 0; i < cast->count && !err; i++) {
        const struct kc_value *found = kc_map_value(side.value, cast->fields[i].name);
        struct kc_value value = found ? *found : kc_value_null();
        err = kc_value_cast(arena, NULL, cast->fields[i].type, &value);
        kc_map_edit_put_name(&edit, cast->fields[i].name, value);
    }
    if (!err)
        *side.value = kc_map_edit_done(&edit);
    return err;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    struct cast *cast = object;
    struct kc_side side = kc_record_side(record, cast->is_key);
    *keep = true;
    if (side.value->type == KC_TYPE_NULL)
        return NULL;
    return *side.schema ? apply_schema(cast, batch, side) : apply_schemaless(cast, batch, side);
}

TRANSFORM_SIDES(cast, "Cast", keys, KEY_COUNT);
