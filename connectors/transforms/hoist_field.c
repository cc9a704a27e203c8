/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HoistField: wraps the whole key or value as the one field of a struct or map.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "transforms/transform_priv.h"

#include <stdlib.h>

struct hoist_field {
    bool is_key;
    char *field;
    struct kc_schema_cache cache;
};

static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("field", STRING, kc_config_required, NULL, MEDIUM,
                  "The name of the field that is made."),
};

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, 1, config, &parsed);
    if (err)
        return err;
    struct hoist_field *hoist = kc_calloc(1, sizeof(*hoist));
    hoist->is_key = is_key;
    hoist->field = kc_strdup(kc_config_string(parsed, "field"));
    kc_config_destroy(parsed);
    *object = hoist;
    return NULL;
}

static void destroy(void *object)
{
    struct hoist_field *hoist = object;
    if (!hoist)
        return;
    kc_schema_cache_clear(&hoist->cache);
    free(hoist->field);
    free(hoist);
}

static struct kc_error *make_schema(struct hoist_field *hoist, const struct kc_schema *schema,
                                    const struct kc_schema **updated)
{
    struct kc_schema *made = kc_schema_new(KC_TYPE_STRUCT);
    struct kc_error *err = kc_schema_add_field(made, hoist->field, schema);
    if (err) {
        kc_schema_unref(made);
        return err;
    }
    kc_schema_cache_put(&hoist->cache, schema, made);
    *updated = made;
    return NULL;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    struct hoist_field *hoist = object;
    struct kc_side side = kc_record_side(record, hoist->is_key);
    *keep = true;
    if (!*side.schema) {
        struct kc_map_edit edit = kc_map_edit(batch, NULL);
        kc_map_edit_put_name(&edit, hoist->field, *side.value);
        *side.value = kc_map_edit_done(&edit);
        return NULL;
    }
    struct kc_error *err = NULL;
    struct kc_value *items;
    const struct kc_schema *updated = kc_schema_cache_get(&hoist->cache, *side.schema);
    if (!updated)
        err = make_schema(hoist, *side.schema, &updated);
    if (err)
        return err;
    struct kc_value value = kc_struct_new(batch, updated, &items);
    err = kc_struct_put(updated, items, 0, *side.value);
    if (!err)
        kc_side_set(side, batch, updated, value);
    return err;
}

TRANSFORM_SIDES(hoist_field, "HoistField", keys, 1);
