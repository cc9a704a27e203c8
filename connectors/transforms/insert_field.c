/* SPDX-License-Identifier: Apache-2.0 */
/*
 * InsertField: adds where a record came from, or a fixed text, to its key or value.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "transforms/transform_priv.h"

#include <stdlib.h>
#include <string.h>

enum insertion { TOPIC, PARTITION, OFFSET, TIMESTAMP, STATIC, INSERTIONS };

struct spec {
    char *name; /* NULL: not wanted */
    bool optional;
};

struct insert_field {
    bool is_key;
    bool replace_null;
    struct spec specs[INSERTIONS];
    char *static_value;
    struct kc_schema_cache cache;
};

static const char purpose[] = "field insertion";

#define SUFFIX                                                                                     \
    " A <code>!</code> behind it makes the field required, a <code>?</code> (or nothing) "         \
    "optional."
static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("topic.field", STRING, NULL, NULL, MEDIUM, "Field that gets the topic." SUFFIX),
    TRANSFORM_KEY("partition.field", STRING, NULL, NULL, MEDIUM,
                  "Field that gets the partition." SUFFIX),
    TRANSFORM_KEY("offset.field", STRING, NULL, NULL, MEDIUM,
                  "Field that gets the offset; of sink connectors only." SUFFIX),
    TRANSFORM_KEY("timestamp.field", STRING, NULL, NULL, MEDIUM,
                  "Field that gets the record's timestamp." SUFFIX),
    TRANSFORM_KEY("static.field", STRING, NULL, NULL, MEDIUM,
                  "Field that gets static.value." SUFFIX),
    TRANSFORM_KEY("static.value", STRING, NULL, NULL, MEDIUM, "The text for static.field."),
    REPLACE_NULL_KEY,
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void destroy(void *object)
{
    struct insert_field *insert = object;
    if (!insert)
        return;
    for (int i = 0; i < INSERTIONS; i++)
        free(insert->specs[i].name);
    free(insert->static_value);
    kc_schema_cache_clear(&insert->cache);
    free(insert);
}

static struct spec parse_spec(const char *text)
{
    size_t len = text ? strlen(text) : 0;
    bool marked = len && (text[len - 1] == '?' || text[len - 1] == '!');
    if (!text)
        return (struct spec){NULL, false};
    return (struct spec){kc_strndup(text, len - marked), !(marked && text[len - 1] == '!')};
}

static struct kc_error *check(const struct insert_field *insert)
{
    bool any = false;
    for (int i = 0; i < INSERTIONS; i++)
        any |= insert->specs[i].name != NULL;
    if (!any)
        return kc_error_new(KC_ERR_CONFIG, "No field insertion configured");
    if (insert->specs[STATIC].name && !insert->static_value)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value null for configuration static.value: No value specified "
                            "for static field: %s",
                            insert->specs[STATIC].name);
    return NULL;
}

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, KEY_COUNT, config, &parsed);
    if (err)
        return err;
    struct insert_field *insert = kc_calloc(1, sizeof(*insert));
    insert->is_key = is_key;
    for (int i = 0; i < INSERTIONS; i++)
        insert->specs[i] = parse_spec(kc_config_string(parsed, keys[i].name));
    insert->static_value = kc_strdup(kc_config_string(parsed, "static.value"));
    insert->replace_null = kc_config_bool(parsed, "replace.null.with.default");
    kc_config_destroy(parsed);
    err = check(insert);
    if (err)
        destroy(insert);
    else
        *object = insert;
    return err;
}

/* The value to insert; null: nothing. */
static struct kc_value inserted(const struct insert_field *insert, enum insertion which,
                                const struct kc_record *record)
{
    switch (which) {
    case TOPIC:
        return kc_value_string(record->topic, strlen(record->topic));
    case PARTITION:
        return record->partition == KC_NO_PARTITION
                   ? kc_value_null()
                   : kc_value_int(KC_TYPE_INT32, record->partition);
    case OFFSET:
        return kc_value_int(KC_TYPE_INT64, record->kafka_offset);
    case TIMESTAMP:
        return record->timestamp == KC_NO_TIMESTAMP
                   ? kc_value_null()
                   : kc_value_int(KC_TYPE_INT64, record->timestamp);
    default:
        return kc_value_string(insert->static_value, strlen(insert->static_value));
    }
}

static const struct kc_schema *inserted_schema(enum insertion which, bool optional)
{
    static const enum kc_type types[] = {[TOPIC] = KC_TYPE_STRING,
                                         [PARTITION] = KC_TYPE_INT32,
                                         [OFFSET] = KC_TYPE_INT64,
                                         [TIMESTAMP] = KC_TYPE_INT64,
                                         [STATIC] = KC_TYPE_STRING};
    return which == TIMESTAMP ? kc_logical_schema(KC_TYPE_INT64, KC_LOGICAL_TIMESTAMP, optional)
                              : kc_schema_simple(types[which], optional);
}

static struct kc_error *make_schema(struct insert_field *insert, const struct kc_schema *schema,
                                    const struct kc_schema **updated)
{
    struct kc_schema *made = kc_schema_basics(schema, KC_TYPE_STRUCT);
    struct kc_error *err = NULL;
    for (size_t i = 0; i < kc_schema_field_count(schema) && !err; i++)
        err =
            kc_schema_add_field(made, kc_schema_field_name(schema, i), kc_schema_field(schema, i));
    for (int i = 0; i < INSERTIONS && !err; i++) {
        if (!insert->specs[i].name)
            continue;
        const struct kc_schema *field =
            inserted_schema((enum insertion)i, insert->specs[i].optional);
        err = kc_schema_add_field(made, insert->specs[i].name, field);
        kc_schema_unref(field);
    }
    if (err) {
        kc_schema_unref(made);
        return err;
    }
    kc_schema_cache_put(&insert->cache, schema, made);
    *updated = made;
    return NULL;
}

/* Struct.put of value under a field that schema has. */
static struct kc_error *put(const struct kc_schema *schema, struct kc_value *items,
                            const char *name, struct kc_value value)
{
    return kc_struct_put(schema, items, (size_t)kc_schema_field_index(schema, name), value);
}

static struct kc_error *apply_struct(struct insert_field *insert, struct kc_batch *batch,
                                     struct kc_record *record, struct kc_side side)
{
    const struct kc_schema *schema = *side.schema;
    struct kc_error *err = kc_require_struct(schema, side.value, purpose);
    if (err)
        return err;
    const struct kc_schema *updated = kc_schema_cache_get(&insert->cache, schema);
    if (!updated)
        err = make_schema(insert, schema, &updated);
    if (err)
        return err;
    struct kc_value *items;
    struct kc_value value = kc_struct_new(batch, updated, &items);
    for (uint32_t i = 0; i < side.value->count && !err; i++)
        err = kc_struct_put(updated, items, i,
                            kc_field_value(schema, side.value, i, insert->replace_null));
    for (int i = 0; i < INSERTIONS && !err; i++) {
        struct kc_value added =
            insert->specs[i].name ? inserted(insert, (enum insertion)i, record) : kc_value_null();
        if (i == STATIC && added.type == KC_TYPE_STRING)
            added.u.bytes.data = kc_batch_dup(batch, added.u.bytes.data, added.u.bytes.len + 1);
        if (added.type != KC_TYPE_NULL)
            err = put(updated, items, insert->specs[i].name, added);
    }
    if (!err)
        kc_side_set(side, batch, updated, value);
    return err;
}

static struct kc_error *apply_map(const struct insert_field *insert, struct kc_batch *batch,
                                  struct kc_record *record, struct kc_side side)
{
    struct kc_error *err = kc_require_map(side.value, purpose);
    if (err)
        return err;
    struct kc_map_edit edit = kc_map_edit(batch, side.value);
    for (int i = 0; i < INSERTIONS; i++) {
        struct kc_value added =
            insert->specs[i].name ? inserted(insert, (enum insertion)i, record) : kc_value_null();
        if (i == STATIC && added.type == KC_TYPE_STRING)
            added.u.bytes.data = kc_batch_dup(batch, added.u.bytes.data, added.u.bytes.len + 1);
        if (added.type != KC_TYPE_NULL)
            kc_map_edit_put_name(&edit, insert->specs[i].name, added);
    }
    *side.value = kc_map_edit_done(&edit);
    return NULL;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    struct insert_field *insert = object;
    struct kc_side side = kc_record_side(record, insert->is_key);
    *keep = true;
    if (side.value->type == KC_TYPE_NULL)
        return NULL;
    if (insert->specs[OFFSET].name && !record->original_topic)
        return kc_error_new(KC_ERR_DATA,
                            "Only SinkRecord supported for [%s], found: "
                            "org.apache.kafka.connect.source.SourceRecord",
                            purpose);
    return *side.schema ? apply_struct(insert, batch, record, side)
                        : apply_map(insert, batch, record, side);
}

TRANSFORM_SIDES(insert_field, "InsertField", keys, KEY_COUNT);
