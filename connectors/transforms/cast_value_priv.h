/* SPDX-License-Identifier: Apache-2.0 */
/* Casting one value to another type, as Java's Cast transform does. */
#ifndef CONNECTORS_TRANSFORMS_CAST_VALUE_PRIV_H
#define CONNECTORS_TRANSFORMS_CAST_VALUE_PRIV_H

#include "connect/data.h"

/* Casts *value, of schema (NULL: schemaless), to type, which is INT8..BOOLEAN or STRING. Null stays
 * null. Text comes from arena. KC_ERR_DATA with Java's message. */
struct kc_error *kc_value_cast(struct kc_arena *arena, const struct kc_schema *schema,
                               enum kc_type type, struct kc_value *value) KC_MUST_CHECK;

#endif
