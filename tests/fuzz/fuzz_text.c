/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts in records and transforms: date patterns and dates, values in headers, decimals, base64,
 * UTF-8. The first byte picks the reader. What was read can be written; where the writing is
 * canonical it reads the same again.
 */
#include "connect/text.h"
#include "values/date_format.h"
#include "values/decimal.h"
#include "values/java_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A pattern up to the first zero byte, a date behind it. */
static void dates(struct kc_arena *arena, const char *text, size_t len)
{
    char *pattern = kc_strndup(text, len);
    size_t used = strlen(pattern);
    struct kc_date_format *format = NULL;
    struct kc_str out = {0};
    int64_t ms = 0;
    struct kc_error *err = kc_date_format_new(pattern, &format);
    if (!err) {
        kc_date_format_parse(format, text + used, len - used, &ms);
        if (used < len)
            kc_date_format_parse(format, text + used + 1, len - used - 1, &ms);
        kc_date_format_print(format, ms, &out);
        kc_date_format_parse(format, out.data ? out.data : "", out.len, &ms);
        kc_date_format_print(format, len >= 8 ? *(const int64_t *)memcpy(&ms, text, 8) : 0, &out);
        kc_iso_date(&out, ms);
    }
    kc_error_destroy(err);
    kc_date_format_destroy(format);
    kc_str_destroy(&out);
    free(pattern);
    (void)arena;
}

static void values(struct kc_arena *arena, const char *text, size_t len)
{
    const struct kc_schema *schema = NULL;
    struct kc_value value = {0};
    struct kc_str out = {0};
    struct kc_error *err = kc_values_parse(arena, text, len, &schema, &value);
    if (!err) {
        kc_values_print(&out, schema, &value);
        kc_java_text(&out, schema, &value);
    }
    kc_schema_unref(schema);
    kc_error_destroy(err);
    kc_str_destroy(&out);
}

static void decimals(struct kc_arena *arena, const char *text, size_t len)
{
    struct kc_decimal decimal, again;
    struct kc_str out = {0}, second = {0};
    if (kc_decimal_parse(arena, text, len, &decimal)) {
        kc_decimal_print(&out, &decimal);
        if (!kc_decimal_parse(arena, out.data, out.len, &again))
            abort();
        kc_decimal_print(&second, &again);
        if (strcmp(out.data, second.data) != 0)
            abort();
        kc_decimal_long(&decimal);
        kc_decimal_double(&decimal);
    }
    if (len > 4 && kc_decimal_from_bytes(arena, text + 1, len - 1, text[0], &decimal)) {
        struct kc_value bytes = kc_decimal_bytes(arena, &decimal);
        if (!kc_decimal_from_bytes(arena, bytes.u.bytes.data, bytes.u.bytes.len, text[0], &again) ||
            strcmp(decimal.digits, again.digits) != 0 || decimal.negative != again.negative)
            abort();
        kc_decimal_set_scale(arena, &again, text[1]);
    }
    kc_str_destroy(&out);
    kc_str_destroy(&second);
}

static void codecs(struct kc_arena *arena, const char *text, size_t len)
{
    size_t out_len = 0, again_len = 0;
    struct kc_str base64 = {0};
    const char *utf8 = kc_utf8_text(arena, text, len, &out_len);
    const char *again = kc_utf8_text(arena, utf8, out_len, &again_len);
    if (again_len != out_len || memcmp(utf8, again, out_len) != 0)
        abort(); /* mended text needs no mending */
    kc_base64_read(arena, text, len, &out_len);
    kc_base64_write(&base64, text, len);
    again = kc_base64_read(arena, base64.data ? base64.data : "", base64.len, &again_len);
    if (!again || again_len != len || memcmp(again, text, len) != 0)
        abort();
    kc_str_destroy(&base64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct kc_arena *, const char *, size_t) = {dates, values,
                                                                               decimals, codecs};
    if (size < 2)
        return 0;
    struct kc_arena *arena = kc_arena_new(4096);
    char *text = kc_strndup("", 0);
    text = kc_realloc(text, size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    readers[data[0] % 4](arena, text, size - 1);
    free(text);
    kc_arena_destroy(arena);
    return 0;
}
