/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of java.math.BigDecimal that data needs: conversion between text, Connect's bytes and
 * numbers.
 *
 * A decimal is digits * 10^-scale with its sign; digits live in an arena. Pure functions, any
 * thread.
 */
#ifndef CONNECTORS_VALUES_DECIMAL_H
#define CONNECTORS_VALUES_DECIMAL_H

#include "connect/data.h"

struct kc_decimal {
    bool negative;
    const char *digits; /* terminated, no leading zeros, "0" for zero */
    int32_t scale;
};

/* From two's complement, big-endian; at most KC_DECIMAL_MAX_BYTES, else false. */
enum { KC_DECIMAL_MAX_BYTES = 4096, KC_DECIMAL_MAX_DIGITS = 10000 };
bool kc_decimal_from_bytes(struct kc_arena *arena, const void *data, size_t len, int32_t scale,
                           struct kc_decimal *decimal);
/* BigInteger.toByteArray of the unscaled value: a BYTES value in arena. */
struct kc_value kc_decimal_bytes(struct kc_arena *arena, const struct kc_decimal *decimal);

/* new BigDecimal(String): false where Java throws NumberFormatException, or beyond the digits
 * above. */
bool kc_decimal_parse(struct kc_arena *arena, const char *text, size_t len,
                      struct kc_decimal *decimal);
/* BigDecimal.toString. */
void kc_decimal_print(struct kc_str *out, const struct kc_decimal *decimal);

/* BigDecimal.setScale without rounding: false when digits would be lost. */
bool kc_decimal_set_scale(struct kc_arena *arena, struct kc_decimal *decimal, int32_t scale);
/* Number's conversions: truncating and wrapping, as Java's. */
int64_t kc_decimal_long(const struct kc_decimal *decimal);
double kc_decimal_double(const struct kc_decimal *decimal);
float kc_decimal_float(const struct kc_decimal *decimal);

/* Decimal.scale: the scale that a Decimal schema states. */
struct kc_error *kc_decimal_schema_scale(const struct kc_schema *schema,
                                         int32_t *scale) KC_MUST_CHECK;
/* The Decimal value in the scale that it has, which may be another than its schema's. */
struct kc_error *kc_decimal_of_value(struct kc_arena *arena, const struct kc_schema *schema,
                                     const struct kc_value *value,
                                     struct kc_decimal *decimal) KC_MUST_CHECK;
/* decimal as a value of schema, in its own scale. */
struct kc_error *kc_decimal_to_value(struct kc_arena *arena, const struct kc_schema *schema,
                                     const struct kc_decimal *decimal,
                                     struct kc_value *value) KC_MUST_CHECK;
/* Decimal.fromLogical: a Decimal's bytes mean a number only in the scale of its schema. */
struct kc_error *kc_decimal_check_scale(const struct kc_schema *schema,
                                        const struct kc_value *value) KC_MUST_CHECK;
/* Decimal.schema(scale); a new reference. */
const struct kc_schema *kc_decimal_schema(int32_t scale, bool optional);

#endif
