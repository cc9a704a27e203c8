/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as Java's Connect writes it: Jackson's escapes, Java's doubles, HashMap's member order.
 *
 * The bytes matter, because offset keys are compared raw and Java workers read them. jansson
 * parses; this only writes. Pure functions, any thread.
 */
#ifndef CONNECT_JAVA_JSON_H
#define CONNECT_JAVA_JSON_H

#include "connect/mem.h"

#include <jansson.h>

KC_API_BEGIN

enum kc_json_order {
    KC_JSON_AS_IS,    /* members in insertion order (LinkedHashMap, Struct) */
    KC_JSON_HASH_MAP, /* each object's members in the order of a java.util.HashMap grown by put */
};

/* Appends value to out: no white space, Jackson's escapes (short ones, \u00XX upper case, surrogate
 * pairs for non-BMP), integers as digits, doubles as Double.toString. */
void kc_json_write(struct kc_str *out, const json_t *value, enum kc_json_order order);

/* The same as a string, owned by the caller. */
char *kc_json_print(const json_t *value, enum kc_json_order order);

/* Appends text as a JSON string with its quotes. */
void kc_json_write_string(struct kc_str *out, const char *text, size_t len);

/* Double.toString / Float.toString: "1.0", "1.0E20", "1.0E-5", shortest that round-trips. */
void kc_json_write_double(struct kc_str *out, double value);
void kc_json_write_float(struct kc_str *out, float value);

/* Parses len bytes with a depth limit; KC_ERR_DATA names line, column and reason. Any value is
 * accepted at top level. */
struct kc_error *kc_json_parse(const char *data, size_t len, json_t **value) KC_MUST_CHECK;

KC_API_END

#endif
