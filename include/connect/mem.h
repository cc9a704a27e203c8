/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation and growable strings, for worker and connectors.
 *
 * Memory comes from malloc and goes back with free(). Running out of memory ends the process with
 * one line. So a size from outside (a frame, a record, a body, a setting) is first checked against
 * a limit, and then allocated by one of the kc_try functions. After a failure the caller returns
 * kc_error_memory() for that request, record or connector.
 */
#ifndef CONNECT_MEM_H
#define CONNECT_MEM_H

#include "connect/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

KC_API_BEGIN

void *kc_malloc(size_t size);
void *kc_calloc(size_t count, size_t size);
void *kc_realloc(void *ptr, size_t size);
void *kc_memdup(const void *data, size_t size);

/* The same; NULL: there isn't so much memory. More than KC_TRY_MAX is never given. */
#define KC_TRY_MAX ((size_t)2 << 30)
void *kc_try_malloc(size_t size) KC_MUST_CHECK;
void *kc_try_calloc(size_t count, size_t size) KC_MUST_CHECK;
void *kc_try_realloc(void *ptr, size_t size) KC_MUST_CHECK; /* NULL leaves ptr as it is */
void *kc_try_memdup(const void *data, size_t size) KC_MUST_CHECK;
/* Whether there is so much memory now. Ask before work that takes a multiple of its input in many
 * small pieces. */
bool kc_mem_has_room(size_t bytes);

char *kc_strdup(const char *text);              /* NULL for NULL */
char *kc_strndup(const char *text, size_t max); /* always terminated */
/* A copy as String.trim() makes it: without characters up to the blank at both ends. NULL for
 * NULL. */
char *kc_trimmed(const char *text);
char *kc_asprintf(const char *fmt, ...) KC_PRINTF(1, 2);
char *kc_vasprintf(const char *fmt, va_list args) KC_PRINTF(1, 0);

/* A growable byte string; data is always terminated by a zero that len doesn't count (NULL while
 * empty and never appended to). Zero-initialise it. Never grows. */
struct kc_str {
    char *data;
    size_t len;
    size_t cap;
};

/* Makes room for more bytes, so that appending them can't fail. False: there isn't so much memory,
 * and str is unchanged. */
bool kc_str_try_reserve(struct kc_str *str, size_t more) KC_MUST_CHECK;
void kc_str_append(struct kc_str *str, const char *text);
void kc_str_append_n(struct kc_str *str, const void *data, size_t len);
void kc_str_append_char(struct kc_str *str, char c);
void kc_str_appendf(struct kc_str *str, const char *fmt, ...) KC_PRINTF(2, 3);
void kc_str_append_i16(struct kc_str *str,
                       int16_t value); /* big-endian, as Kafka's protocol types */
void kc_str_append_i32(struct kc_str *str, int32_t value);
void kc_str_append_i64(struct kc_str *str, int64_t value);
char *
kc_str_take(struct kc_str *str); /* the text ("" when empty), owned by the caller; str is reset */
void kc_str_clear(struct kc_str *str); /* length 0, memory kept */
void kc_str_destroy(struct kc_str *str);

/* A list of owned strings. Zero-initialise it. Never grows. */
struct kc_strings {
    char **items;
    size_t count;
    size_t cap;
};

void kc_strings_add(struct kc_strings *list, const char *text); /* copies; NULL allowed */
void kc_strings_take(struct kc_strings *list, char *text);      /* takes */
bool kc_strings_contain(const struct kc_strings *list, const char *text);
void kc_strings_sort(struct kc_strings *list);
void kc_strings_copy(struct kc_strings *to, const struct kc_strings *from); /* appends */
/* Appends each text of from once, in order, without empty and NULL ones. */
void kc_strings_copy_distinct(struct kc_strings *to, const struct kc_strings *from);
/* Splits at commas and trims white space, as Java's ConfigDef LIST; "" gives none. Appends. */
void kc_strings_split(struct kc_strings *list, const char *csv);
char *kc_strings_join(const struct kc_strings *list, const char *separator);
void kc_strings_destroy(struct kc_strings *list); /* empties */

/* An arena: many small allocations, freed at once. */
struct kc_arena;
struct kc_arena *kc_arena_new(size_t chunk_size);
void *kc_arena_alloc(struct kc_arena *arena, size_t size); /* aligned for any type */
void *kc_arena_try_alloc(struct kc_arena *arena,
                         size_t size) KC_MUST_CHECK; /* see kc_try_malloc() */
void *kc_arena_dup(struct kc_arena *arena, const void *data, size_t size);
char *kc_arena_strdup(struct kc_arena *arena, const char *text);
void kc_arena_destroy(struct kc_arena *arena);

/* CLOCK_REALTIME and CLOCK_MONOTONIC in milliseconds, and the latter in microseconds. */
int64_t kc_now_ms(void);
int64_t kc_mono_ms(void);
int64_t kc_mono_us(void);
/* kc_mono_ms() so many milliseconds from now, for settings that may be any number. INT64_MAX means
 * never, for values beyond any clock; a negative value means now. */
int64_t kc_deadline_ms(int64_t ms);
/* Such a setting as an int for a client's call: at most INT32_MAX, and not negative, because that
 * often means for ever. */
int kc_timeout_ms(int64_t ms);

KC_API_END

#endif
