/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays and maps as text: the walk over their items, which java_text.c and values_print.c share.
 * Pure functions, any thread. */
#ifndef CONNECTORS_VALUES_CONTAINER_TEXT_PRIV_H
#define CONNECTORS_VALUES_CONTAINER_TEXT_PRIV_H

#include "connect/data.h"

/* How items are written. schema may be NULL. */
struct values_item_form {
    const char *comma; /* between two items */
    char between;      /* a key and its value */
    void (*print)(struct kc_str *out, const struct kc_schema *schema, const struct kc_value *value);
};

void values_print_list(struct kc_str *out, const struct kc_schema *schema,
                       const struct kc_value *value, const struct values_item_form *form);
void values_print_map(struct kc_str *out, const struct kc_schema *schema,
                      const struct kc_value *value, const struct values_item_form *form);

#endif
