/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HeaderFrom: copies or moves fields of the key or value into headers.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "transforms/transform_priv.h"

#include <stdlib.h>
#include <string.h>

struct header_from {
    bool is_key;
    bool replace_null;
    bool move;
    struct kc_strings fields, headers; /* of equal length */
    struct kc_schema_cache cache;
};

static struct kc_error *check_operation(const char *name, const char *value)
{
    static const char *const operations[] = {"move", "copy", NULL};
    return kc_config_one_of(name, value, operations, false);
}

static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("fields", LIST, kc_config_required, kc_check_non_empty_list, HIGH,
                  "The fields that become headers."),
    TRANSFORM_KEY("headers", LIST, kc_config_required, kc_check_non_empty_list, HIGH,
                  "The names of the headers, one for each field."),
    TRANSFORM_KEY("operation", STRING, kc_config_required, check_operation, HIGH,
                  "<code>move</code> takes the fields out of the key or value, <code>copy</code> "
                  "leaves them there."),
    REPLACE_NULL_KEY,
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void destroy(void *object)
{
    struct header_from *from = object;
    if (!from)
        return;
    kc_strings_destroy(&from->fields);
    kc_strings_destroy(&from->headers);
    kc_schema_cache_clear(&from->cache);
    free(from);
}

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, KEY_COUNT, config, &parsed);
    if (err)
        return err;
    struct header_from *from = kc_calloc(1, sizeof(*from));
    from->is_key = is_key;
    from->replace_null = kc_config_bool(parsed, "replace.null.with.default");
    from->move = strcmp(kc_config_string(parsed, "operation"), "move") == 0;
    kc_strings_copy(&from->fields, kc_config_list(parsed, "fields"));
    kc_strings_copy(&from->headers, kc_config_list(parsed, "headers"));
    kc_config_destroy(parsed);
    if (from->fields.count == from->headers.count) {
        *object = from;
        return NULL;
    }
    destroy(from);
    return kc_error_new(
        KC_ERR_CONFIG,
        "'fields' config must have the same number of elements as 'headers' config.");
}

/* The record's headers with room for one more per field; *next is where they go. */
static struct kc_header *copy_headers(const struct header_from *from, struct kc_batch *batch,
                                      const struct kc_record *record, struct kc_header **next)
{
    struct kc_header *headers =
        kc_batch_alloc(batch, (record->header_count + from->fields.count) * sizeof(*headers));
    if (record->header_count)
        memcpy(headers, record->headers, record->header_count * sizeof(*headers));
    *next = headers + record->header_count;
    return headers;
}

static const char *header_key(const struct header_from *from, struct kc_batch *batch, size_t index)
{
    const char *key = from->headers.items[index];
    return kc_batch_dup(batch, key, strlen(key) + 1);
}

static void set_headers(struct kc_record *record, struct kc_header *headers,
                        const struct kc_header *end)
{
    record->headers = headers;
    record->header_count = (uint32_t)(end - headers);
}

static const struct kc_schema *moved_schema(struct header_from *from,
                                            const struct kc_schema *schema)
{
    const struct kc_schema *known = kc_schema_cache_get(&from->cache, schema);
    if (known)
        return known;
    struct kc_schema *made = kc_schema_basics(schema, KC_TYPE_STRUCT);
    for (size_t i = 0; i < kc_schema_field_count(schema); i++) {
        const char *name = kc_schema_field_name(schema, i);
        /* The names were good in schema: nothing can be wrong with them here. */
        if (!kc_strings_contain(&from->fields, name))
            kc_error_destroy(kc_schema_add_field(made, name, kc_schema_field(schema, i)));
    }
    kc_schema_cache_put(&from->cache, schema, made);
    return made;
}

/* *side becomes the struct without the fields. */
static struct kc_error *move_fields(struct header_from *from, struct kc_batch *batch,
                                    const struct kc_schema *schema, const struct kc_value *value,
                                    struct kc_side side)
{
    const struct kc_schema *updated = moved_schema(from, schema);
    struct kc_value *items;
    struct kc_value moved = kc_struct_new(batch, updated, &items);
    struct kc_error *err = NULL;
    for (size_t i = 0; i < moved.count && !err; i++) {
        int index = kc_schema_field_index(schema, kc_schema_field_name(updated, i));
        err = kc_struct_put(updated, items, i,
                            kc_field_value(schema, value, (size_t)index, from->replace_null));
    }
    if (!err)
        kc_side_set(side, batch, updated, moved);
    return err;
}

static struct kc_error *apply_struct(struct header_from *from, struct kc_batch *batch,
                                     struct kc_record *record, struct kc_side side)
{
    const struct kc_schema *schema = *side.schema;
    struct kc_value value = *side.value;
    struct kc_header *next;
    struct kc_error *err =
        kc_require_struct(schema, &value, from->move ? "header move" : "header copy");
    if (err)
        return err;
    struct kc_header *headers = copy_headers(from, batch, record, &next);
    for (size_t i = 0; i < from->fields.count; i++) {
        int index = kc_schema_field_index(schema, from->fields.items[i]);
        if (index < 0)
            return kc_error_new(KC_ERR_DATA, "Field does not exist: %s", from->fields.items[i]);
        *next++ = (struct kc_header){
            .key = header_key(from, batch, i),
            .schema = kc_schema_field(schema, (size_t)index),
            .value = kc_field_value(schema, &value, (size_t)index, from->replace_null),
        };
    }
    kc_batch_own_schema(batch, schema);
    if (from->move)
        err = move_fields(from, batch, schema, &value, side);
    if (!err)
        set_headers(record, headers, next);
    return err;
}

static struct kc_error *apply_map(const struct header_from *from, struct kc_batch *batch,
                                  struct kc_record *record, struct kc_side side)
{
    struct kc_header *next;
    struct kc_error *err = kc_require_map(side.value, from->move ? "header move" : "header copy");
    if (err)
        return err;
    struct kc_header *headers = copy_headers(from, batch, record, &next);
    struct kc_map_edit edit = kc_map_edit(batch, side.value);
    for (size_t i = 0; i < from->fields.count; i++) {
        const struct kc_value *value = kc_map_value(side.value, from->fields.items[i]);
        if (from->move)
            kc_map_edit_remove(&edit, from->fields.items[i]);
        *next++ = (struct kc_header){
            .key = header_key(from, batch, i),
            .value = value ? *value : kc_value_null(),
        };
    }
    *side.value = kc_map_edit_done(&edit);
    set_headers(record, headers, next);
    return NULL;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    struct header_from *from = object;
    struct kc_side side = kc_record_side(record, from->is_key);
    *keep = true;
    return *side.schema ? apply_struct(from, batch, record, side)
                        : apply_map(from, batch, record, side);
}

TRANSFORM_SIDES(header_from, "HeaderFrom", keys, KEY_COUNT);
