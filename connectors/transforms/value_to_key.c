/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ValueToKey: makes a new key of fields of the value.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "transforms/transform_priv.h"

#include <stdlib.h>

struct value_to_key {
    bool replace_null;
    struct kc_strings fields;
    struct kc_schema_cache cache;
};

static const char purpose[] = "copying fields from value to key";

static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("fields", LIST, kc_config_required, kc_check_non_empty_list, HIGH,
                  "The fields of the value that make up the key."),
    REPLACE_NULL_KEY,
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static struct kc_error *create(const struct kc_map *config, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, KEY_COUNT, config, &parsed);
    if (err)
        return err;
    struct value_to_key *transform = kc_calloc(1, sizeof(*transform));
    transform->replace_null = kc_config_bool(parsed, "replace.null.with.default");
    kc_strings_copy(&transform->fields, kc_config_list(parsed, "fields"));
    kc_config_destroy(parsed);
    *object = transform;
    return NULL;
}

static void destroy(void *object)
{
    struct value_to_key *transform = object;
    if (!transform)
        return;
    kc_strings_destroy(&transform->fields);
    kc_schema_cache_clear(&transform->cache);
    free(transform);
}

static struct kc_error *make_schema(struct value_to_key *transform, const struct kc_schema *schema,
                                    const struct kc_schema **key_schema)
{
    struct kc_schema *made = kc_schema_new(KC_TYPE_STRUCT);
    struct kc_error *err = NULL;
    for (size_t i = 0; i < transform->fields.count && !err; i++) {
        const char *name = transform->fields.items[i];
        int index = kc_schema_field_index(schema, name);
        err = index < 0 ? kc_error_new(KC_ERR_DATA, "Field does not exist: %s", name)
                        : kc_schema_add_field(made, name, kc_schema_field(schema, (size_t)index));
    }
    if (err) {
        kc_schema_unref(made);
        return err;
    }
    kc_schema_cache_put(&transform->cache, schema, made);
    *key_schema = made;
    return NULL;
}

static struct kc_error *apply_struct(struct value_to_key *transform, struct kc_batch *batch,
                                     struct kc_record *record)
{
    const struct kc_schema *schema = record->value_schema;
    struct kc_error *err = kc_require_struct(schema, &record->value, purpose);
    if (err)
        return err;
    const struct kc_schema *key_schema = kc_schema_cache_get(&transform->cache, schema);
    if (!key_schema)
        err = make_schema(transform, schema, &key_schema);
    if (err)
        return err;
    struct kc_value *items;
    struct kc_value key = kc_struct_new(batch, key_schema, &items);
    for (size_t i = 0; i < key.count && !err; i++) {
        int index = kc_schema_field_index(schema, transform->fields.items[i]);
        err = kc_struct_put(
            key_schema, items, i,
            kc_field_value(schema, &record->value, (size_t)index, transform->replace_null));
    }
    if (!err)
        kc_side_set(kc_record_side(record, true), batch, key_schema, key);
    return err;
}

static struct kc_error *apply_map(const struct value_to_key *transform, struct kc_batch *batch,
                                  struct kc_record *record)
{
    struct kc_error *err = kc_require_map(&record->value, purpose);
    if (err)
        return err;
    struct kc_map_edit edit = kc_map_edit_sized(batch, (uint32_t)transform->fields.count);
    for (size_t i = 0; i < transform->fields.count; i++) {
        const struct kc_value *value = kc_map_value(&record->value, transform->fields.items[i]);
        kc_map_edit_put_name(&edit, transform->fields.items[i], value ? *value : kc_value_null());
    }
    kc_side_set(kc_record_side(record, true), batch, NULL, kc_map_edit_done(&edit));
    return NULL;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    *keep = true;
    return record->value_schema ? apply_struct(object, batch, record)
                                : apply_map(object, batch, record);
}

static const struct kc_transform_ops ops = {create, destroy, apply};
TRANSFORM_PLUGIN(kc_value_to_key, "ValueToKey", keys, KEY_COUNT, &ops);
