/* SPDX-License-Identifier: Apache-2.0 */
/* Values.convertToString: see connect/text.h. */
#include "connect/text.h"
#include "values/container_text_priv.h"
#include "values/decimal.h"
#include "values/java_text.h"

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

static void print_item(struct kc_str *out, const struct kc_schema *schema,
                       const struct kc_value *value)
{
    print(out, schema, value, true);
}

static const struct values_item_form item_form = {",", ':', print_item};

static void print_struct(struct kc_str *out, const struct kc_schema *schema,
                         const struct kc_value *value)
{
    kc_str_append_char(out, '{');
    for (uint32_t i = 0; schema && i < value->count; i++) {
        const char *name = kc_schema_field_name(schema, i);
        kc_str_append(out, i ? "," : "");
        print_string(out, name, strlen(name), true);
        kc_str_append_char(out, ':');
        print_item(out, kc_schema_field(schema, i), kc_struct_get(schema, value, i));
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
        values_print_list(out, schema, value, &item_form);
        break;
    case KC_TYPE_MAP:
        values_print_map(out, schema, value, &item_form);
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
