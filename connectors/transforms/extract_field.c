/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ExtractField: puts one field in place of the whole key or value.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "transforms/field_path_priv.h"
#include "transforms/transform_priv.h"

#include <stdlib.h>
#include <strings.h>

struct extract_field {
    bool is_key;
    bool replace_null;
    char *path;
    struct kc_strings steps;
};

static struct kc_error *check_syntax(const char *name, const char *value)
{
    static const char *const versions[] = {"V1", "V2", NULL};
    return kc_config_one_of(name, value, versions, true);
}

static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("field", STRING, kc_config_required, NULL, MEDIUM, "The field to take."),
    REPLACE_NULL_KEY,
    TRANSFORM_KEY("field.syntax.version", STRING, "V1", check_syntax, HIGH,
                  "How fields are named: <code>V1</code>, by a name at the top; "
                  "<code>V2</code>, by a path of names joined by dots, where a name that has dots "
                  "itself stands in backticks."),
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void destroy(void *object)
{
    struct extract_field *extract = object;
    if (!extract)
        return;
    kc_strings_destroy(&extract->steps);
    free(extract->path);
    free(extract);
}

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, KEY_COUNT, config, &parsed);
    if (err)
        return err;
    struct extract_field *extract = kc_calloc(1, sizeof(*extract));
    extract->is_key = is_key;
    extract->replace_null = kc_config_bool(parsed, "replace.null.with.default");
    extract->path = kc_strdup(kc_config_string(parsed, "field"));
    err = kc_field_path_parse(
        extract->path, strcasecmp(kc_config_string(parsed, "field.syntax.version"), "V2") == 0,
        &extract->steps);
    kc_config_destroy(parsed);
    if (err)
        destroy(extract);
    else
        *object = extract;
    return err;
}

static struct kc_error *find_schema(const struct extract_field *extract,
                                    const struct kc_schema *schema, const struct kc_schema **field)
{
    for (size_t i = 0; i < extract->steps.count; i++) {
        if (kc_schema_type(schema) != KC_TYPE_STRUCT)
            return kc_error_new(KC_ERR_DATA, "Cannot look up fields on non-struct type");
        int index = kc_schema_field_index(schema, extract->steps.items[i]);
        if (index < 0)
            return kc_error_new(KC_ERR_DATA, "Unknown field: %s", extract->path);
        schema = kc_schema_field(schema, (size_t)index);
    }
    *field = schema;
    return NULL;
}

/* The fields are there: find_schema() has been this way. */
static struct kc_error *find_value(const struct extract_field *extract,
                                   const struct kc_schema *schema, struct kc_value value,
                                   struct kc_value *found)
{
    *found = value;
    for (size_t i = 0; i < extract->steps.count && found->type != KC_TYPE_NULL; i++) {
        struct kc_error *err =
            kc_require_struct(schema, found, i ? "nested field access" : "field extraction");
        if (err)
            return err;
        int index = kc_schema_field_index(schema, extract->steps.items[i]);
        bool last = i + 1 == extract->steps.count;
        struct kc_value inner =
            kc_field_value(schema, found, (size_t)index, !last || extract->replace_null);
        schema = kc_schema_field(schema, (size_t)index);
        *found = inner;
    }
    return NULL;
}

static struct kc_error *find_in_map(const struct extract_field *extract, struct kc_value *value)
{
    for (size_t i = 0; i < extract->steps.count && value->type != KC_TYPE_NULL; i++) {
        struct kc_error *err =
            kc_require_map(value, i ? "nested field access" : "field extraction");
        if (err)
            return err;
        const struct kc_value *inner = kc_map_value(value, extract->steps.items[i]);
        *value = inner ? *inner : kc_value_null();
    }
    return NULL;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    const struct extract_field *extract = object;
    struct kc_side side = kc_record_side(record, extract->is_key);
    const struct kc_schema *schema = *side.schema;
    const struct kc_schema *field = NULL;
    struct kc_value value = *side.value;
    struct kc_error *err = NULL;
    *keep = true;
    if (!schema) {
        err = find_in_map(extract, &value);
    } else {
        if (value.type != KC_TYPE_NULL)
            err = kc_require_struct(schema, &value, "field extraction");
        if (!err)
            err = find_schema(extract, schema, &field);
        if (!err)
            err = find_value(extract, schema, value, &value);
    }
    if (!err)
        kc_side_set(side, batch, field, value);
    return err;
}

TRANSFORM_SIDES(extract_field, "ExtractField", keys, KEY_COUNT);
