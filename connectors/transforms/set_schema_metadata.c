/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SetSchemaMetadata: gives the key's or value's schema another name or version.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "transforms/transform_priv.h"

#include <stdlib.h>

struct set_schema_metadata {
    bool is_key;
    bool replace_null;
    bool has_version;
    int32_t version;
    char *name; /* NULL: as it is */
    struct kc_schema_cache cache;
};

static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("schema.name", STRING, NULL, NULL, HIGH, "The schema's new name."),
    TRANSFORM_KEY("schema.version", INT, NULL, NULL, HIGH, "The schema's new version."),
    REPLACE_NULL_KEY,
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void destroy(void *object)
{
    struct set_schema_metadata *set = object;
    if (!set)
        return;
    kc_schema_cache_clear(&set->cache);
    free(set->name);
    free(set);
}

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, KEY_COUNT, config, &parsed);
    if (err)
        return err;
    struct set_schema_metadata *set = kc_calloc(1, sizeof(*set));
    set->is_key = is_key;
    set->replace_null = kc_config_bool(parsed, "replace.null.with.default");
    set->name = kc_strdup(kc_config_string(parsed, "schema.name"));
    set->has_version = !kc_config_is_null(parsed, "schema.version");
    if (set->has_version)
        set->version = (int32_t)kc_config_long(parsed, "schema.version");
    kc_config_destroy(parsed);
    if (set->name || set->has_version) {
        *object = set;
        return NULL;
    }
    destroy(set);
    return kc_error_new(KC_ERR_CONFIG, "Neither schema name nor version configured");
}

static struct kc_error *copy_contents(const struct kc_schema *schema, struct kc_schema *made)
{
    struct kc_error *err = NULL;
    for (size_t i = 0; i < kc_schema_field_count(schema) && !err; i++)
        err =
            kc_schema_add_field(made, kc_schema_field_name(schema, i), kc_schema_field(schema, i));
    kc_schema_set_optional(made, kc_schema_optional(schema));
    if (!err && kc_schema_default(schema))
        err = kc_schema_set_default(made, kc_schema_default(schema));
    return err;
}

static struct kc_error *make_schema(struct set_schema_metadata *set, const struct kc_schema *schema,
                                    const struct kc_schema **updated)
{
    if (kc_schema_type(schema) !=
        KC_TYPE_STRUCT) /* as Java's, which asks any schema for its fields */
        return kc_error_new(KC_ERR_DATA, "Cannot list fields on non-struct type");
    struct kc_schema *made = kc_schema_basics(schema, KC_TYPE_STRUCT);
    if (set->name)
        kc_schema_set_name(made, set->name);
    if (set->has_version)
        kc_schema_set_version(made, set->version);
    struct kc_error *err = copy_contents(schema, made);
    if (err) {
        kc_schema_unref(made);
        return err;
    }
    kc_schema_cache_put(&set->cache, schema, made);
    *updated = made;
    return NULL;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    struct set_schema_metadata *set = object;
    struct kc_side side = kc_record_side(record, set->is_key);
    struct kc_value value = *side.value;
    struct kc_error *err = NULL;
    struct kc_value *items;
    *keep = true;
    if (!*side.schema && value.type == KC_TYPE_NULL)
        return NULL;
    if (!*side.schema)
        return kc_error_new(KC_ERR_DATA, "Schema required for [updating schema metadata]");
    const struct kc_schema *schema = *side.schema;
    const struct kc_schema *updated = kc_schema_cache_get(&set->cache, schema);
    if (!updated)
        err = make_schema(set, schema, &updated);
    if (err)
        return err;
    if (value.type == KC_TYPE_STRUCT) {
        value = kc_struct_new(batch, updated, &items);
        for (size_t i = 0; i < value.count && !err; i++)
            err = kc_struct_put(updated, items, i,
                                kc_field_value(schema, side.value, i, set->replace_null));
    }
    if (!err)
        kc_side_set(side, batch, updated, value);
    return err;
}

TRANSFORM_SIDES(set_schema_metadata, "SetSchemaMetadata", keys, KEY_COUNT);
