/* SPDX-License-Identifier: Apache-2.0 */
/* Java's conversions between numbers, booleans and strings: see cast_value_priv.h. */
#include "transforms/cast_value_priv.h"

#include "connect/text.h"
#include "values/decimal.h"
#include "values/java_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- numbers of Java ---- */

/* (long) and (int) of a double saturate, and NaN is 0. */
static int64_t saturate(double number, double low, double high, int64_t min, int64_t max)
{
    if (isnan(number))
        return 0;
    return number <= low ? min : number >= high ? max : (int64_t)number;
}

static int64_t narrow(enum kc_type type, int64_t number)
{
    return type == KC_TYPE_INT8    ? (int8_t)number
           : type == KC_TYPE_INT16 ? (int16_t)number
           : type == KC_TYPE_INT32 ? (int32_t)number
                                   : number;
}

static int64_t double_to_int(enum kc_type type, double number)
{
    if (type == KC_TYPE_INT64)
        return saturate(number, -0x1p63, 0x1p63, INT64_MIN, INT64_MAX);
    return narrow(type, saturate(number, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX));
}

static struct kc_value to_float(enum kc_type type, double number)
{
    return kc_value_double(type, type == KC_TYPE_FLOAT32 ? (double)(float)number : number);
}

static struct kc_value from_int(enum kc_type type, int64_t number)
{
    if (type == KC_TYPE_BOOLEAN)
        return kc_value_bool(number != 0);
    if (type == KC_TYPE_FLOAT32)
        return kc_value_double(type, (double)(float)number);
    if (type == KC_TYPE_FLOAT64)
        return kc_value_double(type, (double)number);
    return kc_value_int(type, narrow(type, number));
}

static struct kc_value from_double(enum kc_type type, double number)
{
    if (type == KC_TYPE_BOOLEAN)
        return kc_value_bool(double_to_int(KC_TYPE_INT64, number) != 0);
    if (type == KC_TYPE_FLOAT32 || type == KC_TYPE_FLOAT64)
        return to_float(type, number);
    return kc_value_int(type, double_to_int(type, number));
}

static struct kc_value from_decimal(enum kc_type type, const struct kc_decimal *decimal)
{
    if (type == KC_TYPE_FLOAT32)
        return kc_value_double(type, (double)kc_decimal_float(decimal));
    if (type == KC_TYPE_FLOAT64)
        return kc_value_double(type, kc_decimal_double(decimal));
    return from_int(type, kc_decimal_long(decimal));
}

/* ---- from strings ---- */

/* Long.parseLong and its smaller kin. */
static bool parse_int(const char *text, enum kc_type type, struct kc_value *value)
{
    static const int64_t limits[] = {[KC_TYPE_INT8] = INT8_MAX,
                                     [KC_TYPE_INT16] = INT16_MAX,
                                     [KC_TYPE_INT32] = INT32_MAX,
                                     [KC_TYPE_INT64] = INT64_MAX};
    const char *digits = text + (*text == '-' || *text == '+');
    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    if (errno || number > limits[type] || number < -limits[type] - 1)
        return false;
    *value = kc_value_int(type, number);
    return true;
}

/* Double.parseDouble: white space around, a d or f behind, NaN and Infinity by name. */
static bool parse_float(const char *text, enum kc_type type, struct kc_value *value)
{
    while (*text && (unsigned char)*text <= ' ')
        text++;
    size_t len = strlen(text);
    while (len && (unsigned char)text[len - 1] <= ' ')
        len--;
    char *plain = kc_strndup(text, len);
    char *start = plain + (*plain == '-' || *plain == '+');
    bool named = strcmp(start, "NaN") == 0 || strcmp(start, "Infinity") == 0;
    bool hex = start[0] == '0' && (start[1] | 0x20) == 'x';
    bool good = named || (len && (hex ? strpbrk(start, "pP") != NULL
                                      : strspn(start, "0123456789.eE+-dDfF") == strlen(start)));
    if (good && !named && strchr("dDfF", plain[len - 1]))
        plain[len - 1] = '\0';
    char *end;
    double number = type == KC_TYPE_FLOAT32 ? (double)strtof(plain, &end) : strtod(plain, &end);
    good = good && end != plain && !*end;
    free(plain);
    if (good)
        *value = kc_value_double(type, number);
    return good;
}

static struct kc_error *from_string(enum kc_type type, struct kc_value *value)
{
    char *text = kc_strndup(value->u.bytes.data, value->u.bytes.len);
    bool good = true;
    if (type == KC_TYPE_BOOLEAN)
        *value = kc_value_bool(strcasecmp(text, "true") == 0);
    else if (type == KC_TYPE_FLOAT32 || type == KC_TYPE_FLOAT64)
        good = parse_float(text, type, value);
    else
        good = parse_int(text, type, value);
    struct kc_error *err =
        good ? NULL
             : kc_error_new(KC_ERR_DATA, "Value (%s) was out of range for requested data type",
                            text);
    free(text);
    return err;
}

/* ---- to strings ---- */

static void to_string(struct kc_arena *arena, const struct kc_schema *schema,
                      struct kc_value *value)
{
    struct kc_str text = {0};
    int64_t ms;
    if (value->type == KC_TYPE_STRING)
        return;
    if (kc_java_date(schema, value, &ms))
        kc_iso_date(&text, ms);
    else if (value->type == KC_TYPE_BYTES && !kc_schema_is(schema, KC_LOGICAL_DECIMAL))
        kc_base64_write(&text, value->u.bytes.data, value->u.bytes.len);
    else
        kc_java_text(&text, schema, value);
    *value =
        kc_value_string(kc_arena_dup(arena, text.data ? text.data : "", text.len + 1), text.len);
    kc_str_destroy(&text);
}

/* ---- all ---- */

static struct kc_error *from_bytes(struct kc_arena *arena, const struct kc_schema *schema,
                                   enum kc_type type, struct kc_value *value)
{
    struct kc_decimal decimal;
    if (!kc_schema_is(schema, KC_LOGICAL_DECIMAL))
        return kc_error_new(KC_ERR_DATA, "Unexpected type in Cast transformation: %s",
                            kc_value_java_class(value, schema));
    struct kc_error *err = kc_decimal_of_value(arena, schema, value, &decimal);
    if (err)
        return err;
    *value = from_decimal(type, &decimal);
    return NULL;
}

struct kc_error *kc_value_cast(struct kc_arena *arena, const struct kc_schema *schema,
                               enum kc_type type, struct kc_value *value)
{
    if (value->type == KC_TYPE_NULL)
        return NULL;
    enum kc_type from = schema ? kc_schema_type(schema) : value->type;
    if (from >= KC_TYPE_ARRAY)
        return kc_error_new(KC_ERR_DATA,
                            "Cast transformation does not support casting from %s; supported types "
                            "are [INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING, "
                            "BYTES]",
                            kc_type_name(from));
    if (type == KC_TYPE_STRING) {
        to_string(arena, schema, value);
        return NULL;
    }
    switch (value->type) {
    case KC_TYPE_STRING:
        return from_string(type, value);
    case KC_TYPE_BYTES:
        return from_bytes(arena, schema, type, value);
    case KC_TYPE_BOOLEAN:
        *value = from_int(type, value->u.b);
        return NULL;
    case KC_TYPE_FLOAT32:
    case KC_TYPE_FLOAT64:
        *value = from_double(type, value->u.d);
        return NULL;
    default:
        *value = from_int(type, value->u.i);
        return NULL;
    }
}
