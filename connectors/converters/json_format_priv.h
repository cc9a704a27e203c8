/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The halves of JsonConverter: data to JSON text, JSON nodes to schemas and data.
 *
 * Pure functions, any thread.
 */
#ifndef CONNECTORS_CONVERTERS_JSON_FORMAT_PRIV_H
#define CONNECTORS_CONVERTERS_JSON_FORMAT_PRIV_H

#include "connect/data.h"
#include "converters/json_reader_priv.h"

struct kc_json_settings {
    bool numeric_decimals;          /* decimal.format=NUMERIC */
    bool replace_null_with_default; /* replace.null.with.default */
};

/* Appends value as JSON (JsonConverter.convertToJson). */
struct kc_error *kc_json_format_value(struct kc_str *out, const struct kc_json_settings *settings,
                                      const struct kc_schema *schema,
                                      const struct kc_value *value) KC_MUST_CHECK;
/* Appends schema as JSON (JsonConverter.asJsonSchema); NULL gives null. */
struct kc_error *kc_json_format_schema(struct kc_str *out, const struct kc_json_settings *settings,
                                       const struct kc_schema *schema) KC_MUST_CHECK;

/* A schema from its JSON (asConnectSchema): *schema is a new reference, NULL for null. */
struct kc_error *kc_json_parse_schema(const struct kc_json_settings *settings,
                                      const struct kc_json_node *node,
                                      const struct kc_schema **schema) KC_MUST_CHECK;
/* A value from JSON (convertToConnect); it lives in arena or where node's text does. node NULL: the
 * member isn't there. */
struct kc_error *kc_json_parse_value(const struct kc_json_settings *settings,
                                     struct kc_arena *arena, const struct kc_schema *schema,
                                     const struct kc_json_node *node,
                                     struct kc_value *value) KC_MUST_CHECK;

#endif
