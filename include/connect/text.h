/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connect's text format of values (org.apache.kafka.connect.data.Values), which headers travel in.
 *
 * Dates are in UTC. Pure functions, any thread.
 */
#ifndef CONNECT_TEXT_H
#define CONNECT_TEXT_H

#include "connect/data.h"

/* Values.convertToString of a value that isn't null. */
void kc_values_print(struct kc_str *out, const struct kc_schema *schema,
                     const struct kc_value *value);

/* Values.parseString: never fails, for what is nothing else is a string. The value lives in arena
 * or in text; *schema is a new reference, NULL for null. KC_ERR_DATA only for text that would take
 * too deep a recursion. */
struct kc_error *kc_values_parse(struct kc_arena *arena, const char *text, size_t len,
                                 const struct kc_schema **schema,
                                 struct kc_value *value) KC_MUST_CHECK;

#endif
