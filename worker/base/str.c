/* SPDX-License-Identifier: Apache-2.0 */
/* Growable strings and lists of strings: see connect/mem.h. */
#include "connect/map.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Twice as much as there is, until it is enough. */
static size_t enough(size_t cap, size_t need)
{
    cap = cap ? cap : 64;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    return cap;
}

static void reserve(struct kc_str *str, size_t more)
{
    size_t need = str->len + more + 1;
    if (need <= str->cap)
        return;
    size_t cap = enough(str->cap, need);
    str->data = kc_realloc(str->data, cap);
    str->cap = cap;
}

bool kc_str_try_reserve(struct kc_str *str, size_t more)
{
    size_t need = str->len + more + 1;
    if (more > KC_TRY_MAX || need <= str->cap)
        return more <= KC_TRY_MAX;
    size_t cap = enough(str->cap, need);
    char *data = kc_try_realloc(str->data, cap);
    if (!data) /* to the byte, where not twice as much */
        data = kc_try_realloc(str->data, cap = need);
    if (!data)
        return false;
    str->data = data;
    str->cap = cap;
    return true;
}

void kc_str_append_n(struct kc_str *str, const void *data, size_t len)
{
    reserve(str, len);
    if (len)
        memcpy(str->data + str->len, data, len);
    str->len += len;
    str->data[str->len] = '\0';
}

void kc_str_append(struct kc_str *str, const char *text)
{
    kc_str_append_n(str, text, strlen(text));
}

void kc_str_append_char(struct kc_str *str, char c)
{
    kc_str_append_n(str, &c, 1);
}

void kc_str_appendf(struct kc_str *str, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = kc_vasprintf(fmt, args);
    va_end(args);
    kc_str_append(str, text);
    free(text);
}

static void append_big_endian(struct kc_str *str, uint64_t value, int bytes)
{
    char out[8];
    for (int i = 0; i < bytes; i++)
        out[i] = (char)(value >> (8 * (bytes - 1 - i)));
    kc_str_append_n(str, out, (size_t)bytes);
}

void kc_str_append_i16(struct kc_str *str, int16_t value)
{
    append_big_endian(str, (uint64_t)value, 2);
}

void kc_str_append_i32(struct kc_str *str, int32_t value)
{
    append_big_endian(str, (uint64_t)value, 4);
}

void kc_str_append_i64(struct kc_str *str, int64_t value)
{
    append_big_endian(str, (uint64_t)value, 8);
}

char *kc_str_take(struct kc_str *str)
{
    char *data = str->data ? str->data : kc_strdup("");
    *str = (struct kc_str){0};
    return data;
}

void kc_str_clear(struct kc_str *str)
{
    str->len = 0;
    if (str->data)
        str->data[0] = '\0';
}

void kc_str_destroy(struct kc_str *str)
{
    free(str->data);
    *str = (struct kc_str){0};
}

/* ---- lists ---- */

void kc_strings_take(struct kc_strings *list, char *text)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 8;
        list->items = kc_realloc(list->items, list->cap * sizeof(*list->items));
    }
    list->items[list->count++] = text;
}

void kc_strings_add(struct kc_strings *list, const char *text)
{
    kc_strings_take(list, kc_strdup(text));
}

bool kc_strings_contain(const struct kc_strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] && strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void kc_strings_sort(struct kc_strings *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), compare);
}

void kc_strings_copy(struct kc_strings *to, const struct kc_strings *from)
{
    for (size_t i = 0; i < from->count; i++)
        kc_strings_add(to, from->items[i]);
}

void kc_strings_copy_distinct(struct kc_strings *to, const struct kc_strings *from)
{
    struct kc_map *seen = kc_map_new();
    for (size_t i = 0; i < from->count; i++)
        if (from->items[i] && *from->items[i])
            kc_map_set(seen, from->items[i], NULL);
    kc_map_foreach (seen, entry)
        kc_strings_add(to, entry->key);
    kc_map_destroy(seen);
}

void kc_strings_split(struct kc_strings *list, const char *csv)
{
    if (csv[strspn(csv, " \t\r\n\f\v")] == '\0')
        return;
    for (const char *start = csv;; start++) {
        const char *end = strchrnul(start, ',');
        const char *from = start;
        const char *to = end;
        while (from < to && isspace((unsigned char)*from))
            from++;
        while (to > from && isspace((unsigned char)to[-1]))
            to--;
        kc_strings_take(list, kc_strndup(from, (size_t)(to - from)));
        if (!*end)
            return;
        start = end;
    }
}

char *kc_strings_join(const struct kc_strings *list, const char *separator)
{
    struct kc_str out = {0};
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            kc_str_append(&out, separator);
        kc_str_append(&out, list->items[i] ? list->items[i] : "null");
    }
    return kc_str_take(&out);
}

void kc_strings_destroy(struct kc_strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct kc_strings){0};
}
