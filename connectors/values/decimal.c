/* SPDX-License-Identifier: Apache-2.0 */
/* BigDecimal's ways on OpenSSL's big numbers: see decimal.h. */
#include "values/decimal.h"

#include "connect/map.h"

#include <errno.h>
#include <openssl/bn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *digits_of(struct kc_arena *arena, const BIGNUM *magnitude)
{
    char *text = BN_bn2dec(magnitude);
    const char *start = text;
    while (*start == '0' && start[1])
        start++;
    const char *copy = kc_arena_strdup(arena, start);
    OPENSSL_free(text);
    return copy;
}

bool kc_decimal_from_bytes(struct kc_arena *arena, const void *data, size_t len, int32_t scale,
                           struct kc_decimal *decimal)
{
    if (len == 0 || len > KC_DECIMAL_MAX_BYTES)
        return false;
    unsigned char bytes[KC_DECIMAL_MAX_BYTES];
    memcpy(bytes, data, len);
    bool negative = bytes[0] & 0x80;
    for (size_t i = 0; negative && i < len; i++)
        bytes[i] = (unsigned char)~bytes[i];
    BIGNUM *number = BN_bin2bn(bytes, (int)len, NULL);
    if (negative)
        BN_add_word(number, 1);
    *decimal = (struct kc_decimal){negative, digits_of(arena, number), scale};
    BN_free(number);
    return true;
}

struct kc_value kc_decimal_bytes(struct kc_arena *arena, const struct kc_decimal *decimal)
{
    BIGNUM *number = NULL;
    BN_dec2bn(&number, decimal->digits);
    bool negative = decimal->negative && !BN_is_zero(number);
    if (negative)
        BN_sub_word(number, 1);
    /* One bit more than the magnitude: the sign. */
    size_t len = (size_t)BN_num_bits(number) / 8 + 1;
    unsigned char *bytes = kc_arena_alloc(arena, len);
    BN_bn2binpad(number, bytes, (int)len);
    for (size_t i = 0; negative && i < len; i++)
        bytes[i] = (unsigned char)~bytes[i];
    BN_free(number);
    return kc_value_bytes(bytes, len);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* [eE][+-]?digits at text, up to end; at most ten digits count, as in Java. */
static bool parse_exponent(const char *text, const char *end, int64_t *exponent)
{
    const char *c = text + 1;
    bool negative = c < end && *c == '-';
    if (c < end && (*c == '-' || *c == '+'))
        c++;
    while (end - c > 10 && *c == '0')
        c++;
    if (c == end || end - c > 10)
        return false;
    *exponent = 0;
    for (; c < end; c++) {
        if (!is_digit(*c))
            return false;
        *exponent = *exponent * 10 + (*c - '0');
    }
    if (negative)
        *exponent = -*exponent;
    return true;
}

bool kc_decimal_parse(struct kc_arena *arena, const char *text, size_t len,
                      struct kc_decimal *decimal)
{
    const char *c = text;
    const char *end = text + len;
    bool negative = len && *c == '-';
    if (len && (*c == '-' || *c == '+'))
        c++;
    if (len > KC_DECIMAL_MAX_DIGITS)
        return false;
    char *digits = kc_arena_alloc(arena, len + 2);
    size_t count = 0;
    int64_t scale = 0;
    bool point = false;
    bool any = false;
    for (; c < end && (is_digit(*c) || (*c == '.' && !point)); c++) {
        if (*c == '.') {
            point = true;
            continue;
        }
        any = true;
        scale += point;
        if (count || *c != '0')
            digits[count++] = *c;
    }
    int64_t exponent = 0;
    if (!any || (c < end && ((*c != 'e' && *c != 'E') || !parse_exponent(c, end, &exponent))))
        return false;
    scale -= exponent;
    if (scale > INT32_MAX || scale < INT32_MIN)
        return false;
    if (count == 0)
        digits[count++] = '0';
    digits[count] = '\0';
    *decimal = (struct kc_decimal){negative && digits[0] != '0', digits, (int32_t)scale};
    return true;
}

void kc_decimal_print(struct kc_str *out, const struct kc_decimal *decimal)
{
    const char *digits = decimal->digits;
    int64_t len = (int64_t)strlen(digits);
    int64_t scale = decimal->scale;
    int64_t adjusted = len - 1 - scale;
    if (decimal->negative)
        kc_str_append_char(out, '-');
    if (scale == 0) {
        kc_str_append(out, digits);
    } else if (scale > 0 && adjusted >= -6) {
        if (scale >= len)
            kc_str_append(out, "0.");
        else
            kc_str_append_n(out, digits, (size_t)(len - scale));
        if (scale < len)
            kc_str_append_char(out, '.');
        for (int64_t i = len; i < scale; i++)
            kc_str_append_char(out, '0');
        kc_str_append(out, digits + (scale < len ? len - scale : 0));
    } else {
        kc_str_append_char(out, digits[0]);
        if (len > 1)
            kc_str_appendf(out, ".%s", digits + 1);
        if (adjusted)
            kc_str_appendf(out, "E%+lld", (long long)adjusted);
    }
}

bool kc_decimal_set_scale(struct kc_arena *arena, struct kc_decimal *decimal, int32_t scale)
{
    int64_t more = (int64_t)scale - decimal->scale;
    size_t len = strlen(decimal->digits);
    if (decimal->digits[0] == '0') {
        decimal->scale = scale;
        return true;
    }
    if (more + (int64_t)len > KC_DECIMAL_MAX_DIGITS || -more >= (int64_t)len)
        return false;
    for (int64_t i = 0; i < -more; i++)
        if (decimal->digits[len - 1 - (size_t)i] != '0')
            return false;
    size_t size = (size_t)((int64_t)len + more);
    char *digits = kc_arena_alloc(arena, size + 1);
    memset(digits, '0', size);
    memcpy(digits, decimal->digits, size < len ? size : len);
    digits[size] = '\0';
    decimal->digits = digits;
    decimal->scale = scale;
    return true;
}

int64_t kc_decimal_long(const struct kc_decimal *decimal)
{
    int64_t len = (int64_t)strlen(decimal->digits);
    int64_t whole = len - decimal->scale; /* digits before the point */
    if (whole <= 0)
        return 0;
    uint64_t number = 0;
    /* 10^64 is a multiple of 2^64, so digits further left don't change the low 64 bits. */
    if (whole > len + 64)
        return 0;
    for (int64_t i = 0; i < whole; i++)
        number = number * 10 + (i < len ? (uint64_t)(decimal->digits[i] - '0') : 0);
    return (int64_t)(decimal->negative ? 0 - number : number);
}

double kc_decimal_double(const struct kc_decimal *decimal)
{
    struct kc_str text = {0};
    kc_str_appendf(&text, "%s%sE%lld", decimal->negative ? "-" : "", decimal->digits,
                   -(long long)decimal->scale);
    double number = strtod(text.data, NULL);
    kc_str_destroy(&text);
    return number;
}

float kc_decimal_float(const struct kc_decimal *decimal)
{
    struct kc_str text = {0};
    kc_str_appendf(&text, "%s%sE%lld", decimal->negative ? "-" : "", decimal->digits,
                   -(long long)decimal->scale);
    float number = strtof(text.data, NULL);
    kc_str_destroy(&text);
    return number;
}

struct kc_error *kc_decimal_schema_scale(const struct kc_schema *schema, int32_t *scale)
{
    const struct kc_map *parameters = kc_schema_parameters_map(schema);
    const char *text = parameters ? kc_map_get(parameters, "scale") : NULL;
    if (!text)
        return kc_error_new(KC_ERR_DATA, "Invalid Decimal schema: scale parameter not found.");
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || !*text || *end || *text == ' ' || number > INT32_MAX || number < INT32_MIN)
        return kc_error_new(KC_ERR_DATA, "Invalid scale parameter found in Decimal schema: ");
    *scale = (int32_t)number;
    return NULL;
}

struct kc_error *kc_decimal_of_value(struct kc_arena *arena, const struct kc_schema *schema,
                                     const struct kc_value *value, struct kc_decimal *decimal)
{
    int32_t scale = 0;
    struct kc_error *err = kc_decimal_schema_scale(schema, &scale);
    if (err)
        return err;
    /* Both may be anything: as Java's int, it wraps. */
    scale = (int32_t)((uint32_t)scale + value->count);
    if (kc_decimal_from_bytes(arena, value->u.bytes.data, value->u.bytes.len, scale, decimal))
        return NULL;
    return kc_error_new(KC_ERR_DATA, "A decimal of %zu bytes is too long", value->u.bytes.len);
}

struct kc_error *kc_decimal_to_value(struct kc_arena *arena, const struct kc_schema *schema,
                                     const struct kc_decimal *decimal, struct kc_value *value)
{
    int32_t scale = 0;
    struct kc_error *err = kc_decimal_schema_scale(schema, &scale);
    if (err)
        return err;
    *value = kc_decimal_bytes(arena, decimal);
    value->count = (uint32_t)decimal->scale - (uint32_t)scale;
    return NULL;
}

struct kc_error *kc_decimal_check_scale(const struct kc_schema *schema,
                                        const struct kc_value *value)
{
    int32_t scale = 0;
    struct kc_error *err = kc_decimal_schema_scale(schema, &scale);
    if (err || !value->count)
        return err;
    return kc_error_new(KC_ERR_DATA,
                        "Decimal value has mismatching scale for given Decimal schema. Schema has "
                        "scale %d, value has scale %d.",
                        (int)scale, (int)((uint32_t)scale + value->count));
}

const struct kc_schema *kc_decimal_schema(int32_t scale, bool optional)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", scale);
    struct kc_schema *schema = kc_schema_new(KC_TYPE_BYTES);
    kc_schema_set_name(schema, KC_LOGICAL_DECIMAL);
    kc_schema_set_version(schema, 1);
    kc_schema_set_parameter(schema, "scale", text);
    kc_schema_set_optional(schema, optional);
    return schema;
}
