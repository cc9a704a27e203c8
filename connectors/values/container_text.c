/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays and maps as text: see container_text_priv.h. */
#include "values/container_text_priv.h"

void values_print_list(struct kc_str *out, const struct kc_schema *schema,
                       const struct kc_value *value, const struct values_item_form *form)
{
    const struct kc_schema *items = schema ? kc_schema_items(schema) : NULL;
    kc_str_append_char(out, '[');
    for (uint32_t i = 0; i < value->count; i++) {
        kc_str_append(out, i ? form->comma : "");
        form->print(out, items, &value->u.items[i]);
    }
    kc_str_append_char(out, ']');
}

void values_print_map(struct kc_str *out, const struct kc_schema *schema,
                      const struct kc_value *value, const struct values_item_form *form)
{
    const struct kc_schema *keys = schema ? kc_schema_keys(schema) : NULL;
    const struct kc_schema *values = schema ? kc_schema_values(schema) : NULL;
    kc_str_append_char(out, '{');
    for (uint32_t i = 0; i < value->count; i++) {
        kc_str_append(out, i ? form->comma : "");
        form->print(out, keys, &value->u.pairs[i].key);
        kc_str_append_char(out, form->between);
        form->print(out, values, &value->u.pairs[i].value);
    }
    kc_str_append_char(out, '}');
}
