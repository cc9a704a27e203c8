/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a value fits a schema: ConnectSchema.validateValue and Struct.validate, with their texts.
 *
 * Called by converters, transforms and schema building, on any thread. The text of a place
 * ("element of array value") is made only after an error; until then a path of stack frames stands
 * for it.
 */
#include "connect/data.h"

struct value_place {
    const struct value_place *within; /* NULL: this is the outermost */
    const char *prefix;               /* "element of array ", ... */
    const char *field;                /* of the outermost: field name, or NULL for "value" */
};

static void print_place(struct kc_str *out, const struct value_place *place)
{
    if (place->within) {
        kc_str_append(out, place->prefix);
        print_place(out, place->within);
    } else if (place->field) {
        kc_str_appendf(out, "field: \"%s\"", place->field);
    } else {
        kc_str_append(out, "value");
    }
}

/* "<head><place><tail>" */
static struct kc_error *misfit(const char *head, const struct value_place *place, const char *tail)
{
    struct kc_str text = {0};
    kc_str_append(&text, head);
    print_place(&text, place);
    kc_str_append(&text, tail);
    struct kc_error *err = kc_error_new(KC_ERR_DATA, "%s", text.data);
    kc_str_destroy(&text);
    return err;
}

static struct kc_error *null_misfit(const struct kc_schema *schema, const struct value_place *place)
{
    struct kc_str tail = {0};
    kc_str_appendf(&tail, ", schema type: %s", kc_type_name(kc_schema_type(schema)));
    struct kc_error *err = misfit("Invalid value: null used for required ", place, tail.data);
    kc_str_destroy(&tail);
    return err;
}

static struct kc_error *type_misfit(const struct kc_schema *schema, const struct kc_value *value,
                                    const struct value_place *place)
{
    struct kc_str head = {0};
    kc_str_append(&head, "Invalid Java object for schema");
    if (kc_schema_name(schema))
        kc_str_appendf(&head, " \"%s\"", kc_schema_name(schema));
    kc_str_appendf(&head, " with type %s: %s for ", kc_type_name(kc_schema_type(schema)),
                   kc_value_java_class(value, NULL));
    struct kc_error *err = misfit(head.data, place, "");
    kc_str_destroy(&head);
    return err;
}

static struct kc_error *validate(const struct kc_schema *schema, const struct kc_value *value,
                                 const struct value_place *place);

static struct kc_error *validate_struct(const struct kc_schema *schema,
                                        const struct kc_value *value)
{
    if (value->count != kc_schema_field_count(schema))
        return kc_error_new(KC_ERR_DATA, "Struct schemas do not match.");
    struct kc_error *err = NULL;
    for (uint32_t i = 0; i < value->count && !err; i++) {
        const struct kc_schema *field = kc_schema_field(schema, i);
        if (value->u.items[i].type == KC_TYPE_NULL && kc_schema_default(field))
            continue;
        struct value_place place = {.field = kc_schema_field_name(schema, i)};
        err = validate(field, &value->u.items[i], &place);
    }
    return err;
}

static struct kc_error *validate_array(const struct kc_schema *schema, const struct kc_value *value,
                                       const struct value_place *place)
{
    struct value_place element = {.within = place, .prefix = "element of array "};
    const struct kc_schema *items = kc_schema_items(schema);
    if (!items)
        return misfit("No schema defined for ", &element, "");
    struct kc_error *err = NULL;
    for (uint32_t i = 0; i < value->count && !err; i++)
        err = validate(items, &value->u.items[i], &element);
    return err;
}

static struct kc_error *validate_map(const struct kc_schema *schema, const struct kc_value *value,
                                     const struct value_place *place)
{
    struct value_place key = {.within = place, .prefix = "key of map "};
    struct value_place entry = {.within = place, .prefix = "value of map "};
    const struct kc_schema *keys = kc_schema_keys(schema);
    const struct kc_schema *values = kc_schema_values(schema);
    if (!keys || !values)
        return misfit("No schema defined for ", keys ? &entry : &key, "");
    struct kc_error *err = NULL;
    for (uint32_t i = 0; i < value->count && !err; i++) {
        err = validate(keys, &value->u.pairs[i].key, &key);
        if (!err)
            err = validate(values, &value->u.pairs[i].value, &entry);
    }
    return err;
}

static struct kc_error *validate(const struct kc_schema *schema, const struct kc_value *value,
                                 const struct value_place *place)
{
    if (value->type == KC_TYPE_NULL)
        return kc_schema_optional(schema) ? NULL : null_misfit(schema, place);
    if (value->type != kc_schema_type(schema))
        return type_misfit(schema, value, place);
    switch (value->type) {
    case KC_TYPE_STRUCT:
        return validate_struct(schema, value);
    case KC_TYPE_ARRAY:
        return validate_array(schema, value, place);
    case KC_TYPE_MAP:
        return validate_map(schema, value, place);
    default:
        return NULL;
    }
}

struct kc_error *kc_schema_validate_field(const char *field, const struct kc_schema *schema,
                                          const struct kc_value *value)
{
    struct value_place place = {.field = field};
    return validate(schema, value, &place);
}

struct kc_error *kc_schema_validate(const struct kc_schema *schema, const struct kc_value *value)
{
    return kc_schema_validate_field(NULL, schema, value);
}

const struct kc_value *kc_struct_get(const struct kc_schema *schema, const struct kc_value *value,
                                     size_t index)
{
    const struct kc_value *item = &value->u.items[index];
    if (item->type != KC_TYPE_NULL)
        return item;
    const struct kc_value *fallback = kc_schema_default(kc_schema_field(schema, index));
    return fallback ? fallback : item;
}
