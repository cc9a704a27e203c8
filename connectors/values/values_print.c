/* SPDX-License-Identifier: Apache-2.0 */
/* Values.convertToString: see values.h. */
#include "connect/text.h"
#include "values/decimal.h"
#include "values/java_text.h"
#include "values/text_codec.h"

#include <string.h>

static void print(struct kc_str *out, const struct kc_schema *schema, const struct kc_value *value,
                  bool embedded);

static void print_string(struct kc_str *out, const char *text, size_t len, bool embedded)
{
    if (!embedded) {
        kc_str_append_n(out, text, len);
        return;
    }
    kc_str_append_char(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            kc_str_append_char(out, '\\');
        kc_str_append_char(out, text[i]);
    }
    kc_str_append_char(out, '"');
}

static void print_bytes(struct kc_str *out, const struct kc_schema *schema,
                        const struct kc_value *value, bool embedded)
{
    if (kc_schema_is(schema, KC_LOGICAL_DECIMAL)) {
        kc_java_text(out, schema, value);
        return;
    }
    kc_str_append(out, embedded ? "\"" : "");
    kc_base64_write(out, value->u.bytes.data, value->u.bytes.len);
    kc_str_append(out, embedded ? "\"" : "");
}

static void print_array(struct kc_str *out, const struct kc_schema *schema,
                        const struct kc_value *value)
{
    kc_str_append_char(out, '[');
    for (uint32_t i = 0; i < value->count; i++) {
        kc_str_append(out, i ? "," : "");
        print(out, schema ? kc_schema_items(schema) : NULL, &value->u.items[i], true);
    }
    kc_str_append_char(out, ']');
}

static void print_map(struct kc_str *out, const struct kc_schema *schema,
                      const struct kc_value *value)
{
    kc_str_append_char(out, '{');
    for (uint32_t i = 0; i < value->count; i++) {
        kc_str_append(out, i ? "," : "");
        print(out, schema ? kc_schema_keys(schema) : NULL, &value->u.pairs[i].key, true);
        kc_str_append_char(out, ':');
        print(out, schema ? kc_schema_values(schema) : NULL, &value->u.pairs[i].value, true);
    }
    kc_str_append_char(out, '}');
}

static void print_struct(struct kc_str *out, const struct kc_schema *schema,
                         const struct kc_value *value)
{
    kc_str_append_char(out, '{');
    for (uint32_t i = 0; schema && i < value->count; i++) {
        const char *name = kc_schema_field_name(schema, i);
        kc_str_append(out, i ? "," : "");
        print_string(out, name, strlen(name), true);
        kc_str_append_char(out, ':');
        print(out, kc_schema_field(schema, i), kc_struct_get(schema, value, i), true);
    }
    kc_str_append_char(out, '}');
}

static void print(struct kc_str *out, const struct kc_schema *schema, const struct kc_value *value,
                  bool embedded)
{
    int64_t ms;
    switch (value->type) {
    case KC_TYPE_STRING:
        print_string(out, value->u.bytes.data, value->u.bytes.len, embedded);
        break;
    case KC_TYPE_BYTES:
        print_bytes(out, schema, value, embedded);
        break;
    case KC_TYPE_ARRAY:
        print_array(out, schema, value);
        break;
    case KC_TYPE_MAP:
        print_map(out, schema, value);
        break;
    case KC_TYPE_STRUCT:
        print_struct(out, schema, value);
        break;
    default:
        if (kc_java_date(schema, value, &ms))
            kc_iso_date(out, ms);
        else
            kc_java_text(out, schema, value);
    }
}

void kc_values_print(struct kc_str *out, const struct kc_schema *schema,
                     const struct kc_value *value)
{
    print(out, schema, value, false);
}
