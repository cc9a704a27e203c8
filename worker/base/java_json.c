/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in Java's manner: see java_json.h. */
#include "connect/java_json.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- strings ---- */

static void write_escaped(struct kc_str *out, uint32_t c)
{
    static const char shorts[] = "\b\t\n\f\r\"\\";
    static const char letters[] = "btnfr\"\\";
    const char *found = c < 0x80 && c ? strchr(shorts, (int)c) : NULL;
    if (found)
        kc_str_appendf(out, "\\%c", letters[found - shorts]);
    else
        kc_str_appendf(out, "\\u%04X", c);
}

void kc_json_write_string(struct kc_str *out, const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t plain = 0; /* start of the run that needs no escape */
    kc_str_append_char(out, '"');
    for (size_t i = 0; i < len;) {
        size_t size = 1;
        unsigned char c = bytes[i];
        bool surrogates = c >= 0xf0 && len - i >= 4;
        if (!surrogates && c >= 0x20 && c != '"' && c != '\\') {
            i++;
            continue;
        }
        kc_str_append_n(out, text + plain, i - plain);
        uint32_t point = kc_utf8_decode(text + i, len - i, &size);
        if (point > 0xffff)
            kc_str_appendf(out, "\\u%04X\\u%04X", 0xd800 + ((point - 0x10000) >> 10),
                           0xdc00 + ((point - 0x10000) & 0x3ff));
        else
            write_escaped(out, point);
        i += size;
        plain = i;
    }
    kc_str_append_n(out, text + plain, len - plain);
    kc_str_append_char(out, '"');
}

/* ---- numbers ---- */

/* Digits (two at least are tried, as Double.toString does: 4.9E-324) and exponent of the shortest
 * text that reads back as value: value = 0.d1d2d3... * 10^point. */
static int shortest_digits(double value, bool single, char digits[32], int *point)
{
    char text[40];
    int max = single ? 9 : 17;
    for (int precision = 2; precision <= max; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision - 1, value);
        if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
            break;
    }
    int count = 0;
    char *c = text;
    for (; *c && *c != 'e'; c++)
        if (*c >= '0' && *c <= '9')
            digits[count++] = *c;
    *point = (int)strtol(c + 1, NULL, 10) + 1;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    return count;
}

static void write_plain(struct kc_str *out, const char *digits, int count, int point)
{
    for (int i = point < 1 ? point - 1 : 0; i < point || i < count; i++) {
        if (i == point)
            kc_str_append_char(out, '.');
        if (i == point - 1 && point < 1)
            kc_str_append(out, "0");
        else
            kc_str_append_char(out, i >= 0 && i < count ? digits[i] : '0');
    }
}

static void write_real(struct kc_str *out, double value, bool single)
{
    if (isnan(value) || isinf(value)) {
        kc_str_append(out, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    if (signbit(value))
        kc_str_append_char(out, '-');
    if (value == 0) {
        kc_str_append(out, "0.0");
        return;
    }
    char digits[32] = "0";
    int point;
    value = fabs(value);
    int count = shortest_digits(value, single, digits, &point);
    if (value >= 1e-3 && value < 1e7) {
        write_plain(out, digits, count, point);
        if (count <= point)
            kc_str_append(out, ".0");
        return;
    }
    kc_str_appendf(out, "%c.", digits[0]);
    kc_str_append_n(out, count > 1 ? digits + 1 : "0", count > 1 ? (size_t)count - 1 : 1);
    kc_str_appendf(out, "E%d", point - 1);
}

void kc_json_write_double(struct kc_str *out, double value)
{
    write_real(out, value, false);
}

void kc_json_write_float(struct kc_str *out, float value)
{
    write_real(out, (double)value, true);
}

/* ---- HashMap's order ---- */

/* String.hashCode over the UTF-16 units of a UTF-8 text. */
static int32_t java_hash(const char *text)
{
    uint32_t hash = 0;
    size_t len = strlen(text);
    for (size_t i = 0, size; i < len; i += size) {
        uint32_t point = kc_utf8_decode(text + i, len - i, &size);
        if (point > 0xffff) {
            hash = 31 * hash + 0xd800 + ((point - 0x10000) >> 10);
            point = 0xdc00 + ((point - 0x10000) & 0x3ff);
        }
        hash = 31 * hash + point;
    }
    return (int32_t)hash;
}

struct bucketed {
    const char *key;
    uint32_t bucket;
    size_t index; /* order of insertion: chains keep it */
};

static int by_bucket(const void *a, const void *b)
{
    const struct bucketed *x = a;
    const struct bucketed *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* Sorts keys into the order of a HashMap that grew by put from 16 buckets. */
static void hash_order(const char **keys, size_t count)
{
    uint32_t size = 16;
    while (count > size / 4 * 3)
        size *= 2;
    struct bucketed *sorted = kc_malloc(count * sizeof(*sorted));
    for (size_t i = 0; i < count; i++) {
        uint32_t hash = (uint32_t)java_hash(keys[i]);
        sorted[i] = (struct bucketed){keys[i], (hash ^ (hash >> 16)) & (size - 1), i};
    }
    if (count > 1)
        qsort(sorted, count, sizeof(*sorted), by_bucket);
    for (size_t i = 0; i < count; i++)
        keys[i] = sorted[i].key;
    free(sorted);
}

/* ---- values ---- */

static void write_object(struct kc_str *out, const json_t *object, enum kc_json_order order)
{
    size_t count = json_object_size(object);
    const char **keys = kc_malloc(count * sizeof(*keys));
    size_t n = 0;
    for (void *iter = json_object_iter((json_t *)object); iter;
         iter = json_object_iter_next((json_t *)object, iter))
        keys[n++] = json_object_iter_key(iter);
    if (order == KC_JSON_HASH_MAP)
        hash_order(keys, n);
    kc_str_append_char(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            kc_str_append_char(out, ',');
        kc_json_write_string(out, keys[i], strlen(keys[i]));
        kc_str_append_char(out, ':');
        kc_json_write(out, json_object_get(object, keys[i]), order);
    }
    kc_str_append_char(out, '}');
    free(keys);
}

static void write_array(struct kc_str *out, const json_t *array, enum kc_json_order order)
{
    kc_str_append_char(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i)
            kc_str_append_char(out, ',');
        kc_json_write(out, json_array_get(array, i), order);
    }
    kc_str_append_char(out, ']');
}

void kc_json_write(struct kc_str *out, const json_t *value, enum kc_json_order order)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(out, value, order);
        break;
    case JSON_ARRAY:
        write_array(out, value, order);
        break;
    case JSON_STRING:
        kc_json_write_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        kc_str_appendf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        kc_json_write_double(out, json_real_value(value));
        break;
    case JSON_TRUE:
        kc_str_append(out, "true");
        break;
    case JSON_FALSE:
        kc_str_append(out, "false");
        break;
    case JSON_NULL:
        kc_str_append(out, "null");
        break;
    }
}

char *kc_json_print(const json_t *value, enum kc_json_order order)
{
    struct kc_str out = {0};
    kc_json_write(&out, value, order);
    return kc_str_take(&out);
}

struct kc_error *kc_json_parse(const char *data, size_t len, json_t **value)
{
    json_error_t why;
    *value = json_loadb(data, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (*value)
        return NULL;
    return kc_error_new(KC_ERR_DATA, "Invalid JSON at line %d, column %d: %s", why.line, why.column,
                        why.text);
}
