/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that doesn't fail, or says so, the arena, and the clocks: see connect/mem.h. */
#include "connect/mem.h"

#include "base/log_sink.h"
#include "base/mem_reserve_priv.h"

#include <poll.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LAST_LINES_MS 1000
#define ROOM_FROM     ((size_t)256 << 10) /* the reserve is for smaller pieces */

/* Logs that memory has run out, after the lines before, unless stderr is a pipe that nobody reads.
 */
static _Noreturn void out_of_memory(size_t size)
{
    char line[80];
    int len = snprintf(line, sizeof(line), "isthmus: out of memory (%zu bytes wanted)\n", size);
    struct pollfd wait = {.fd = STDERR_FILENO, .events = POLLOUT};
    kc_log_sink_flush(LAST_LINES_MS);
    if (poll(&wait, 1, LAST_LINES_MS) == 1) {
        ssize_t ignored = write(STDERR_FILENO, line, (size_t)len);
        (void)ignored;
    }
    abort();
}

static void *checked(void *ptr, size_t size)
{
    if (ptr || size == 0)
        return ptr;
    out_of_memory(size);
}

void *kc_malloc(size_t size)
{
    return kc_realloc(NULL, size);
}

void *kc_calloc(size_t count, size_t size)
{
    size_t all = 0;
    if (__builtin_mul_overflow(count, size, &all))
        out_of_memory(SIZE_MAX);
    if (all == 0)
        all = 1;
    void *ptr = calloc(all, 1);
    if (!ptr) {
        kc_mem_reserve_release();
        ptr = calloc(all, 1);
    }
    return checked(ptr, all);
}

void *kc_realloc(void *ptr, size_t size)
{
    void *moved = realloc(ptr, size ? size : 1);
    if (!moved) {
        kc_mem_reserve_release();
        moved = realloc(ptr, size ? size : 1);
    }
    return checked(moved, size);
}

/* ---- what may fail ---- */

void *kc_try_realloc(void *ptr, size_t size)
{
    return size <= KC_TRY_MAX && kc_mem_reserve_hold() ? realloc(ptr, size ? size : 1) : NULL;
}

void *kc_try_malloc(size_t size)
{
    return kc_try_realloc(NULL, size);
}

void *kc_try_calloc(size_t count, size_t size)
{
    if (size && count > KC_TRY_MAX / size)
        return NULL;
    return kc_mem_reserve_hold() ? calloc(count ? count : 1, size ? size : 1) : NULL;
}

bool kc_mem_has_room(size_t bytes)
{
    void *probe = bytes < ROOM_FROM ? NULL : kc_try_malloc(bytes);
    free(probe);
    return bytes < ROOM_FROM || probe;
}

void *kc_try_memdup(const void *data, size_t size)
{
    void *copy = kc_try_malloc(size);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

void *kc_memdup(const void *data, size_t size)
{
    void *copy = kc_malloc(size);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

char *kc_strdup(const char *text)
{
    return text ? kc_memdup(text, strlen(text) + 1) : NULL;
}

char *kc_strndup(const char *text, size_t max)
{
    size_t len = strnlen(text, max);
    char *copy = kc_malloc(len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *kc_trimmed(const char *text)
{
    if (!text)
        return NULL;
    const char *end = text + strlen(text);
    while (*text && (unsigned char)*text <= ' ')
        text++;
    while (end > text && (unsigned char)end[-1] <= ' ')
        end--;
    return kc_strndup(text, (size_t)(end - text));
}

char *kc_vasprintf(const char *fmt, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0)
        checked(NULL, 1);
    return text;
}

char *kc_asprintf(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = kc_vasprintf(fmt, args);
    va_end(args);
    return text;
}

/* ---- arena ---- */

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t size;
    alignas(max_align_t) char data[];
};

struct kc_arena {
    struct arena_chunk *chunks; /* the newest first; it is the one that is filled */
    size_t chunk_size;
};

static void add_chunk(struct kc_arena *arena, struct arena_chunk *chunk, size_t size)
{
    chunk->next = arena->chunks;
    chunk->used = 0;
    chunk->size = size;
    arena->chunks = chunk;
}

struct kc_arena *kc_arena_new(size_t chunk_size)
{
    struct kc_arena *arena = kc_calloc(1, sizeof(*arena));
    arena->chunk_size = chunk_size;
    return arena;
}

static size_t aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static bool has_room(const struct kc_arena *arena, size_t size)
{
    return arena->chunks && arena->chunks->size - arena->chunks->used >= size;
}

static void *take(struct arena_chunk *chunk, size_t size)
{
    void *ptr = chunk->data + chunk->used;
    chunk->used += size;
    return ptr;
}

void *kc_arena_alloc(struct kc_arena *arena, size_t size)
{
    size = aligned(size);
    if (!has_room(arena, size)) {
        size_t cap = size > arena->chunk_size ? size : arena->chunk_size;
        add_chunk(arena, kc_malloc(sizeof(struct arena_chunk) + cap), cap);
    }
    return take(arena->chunks, size);
}

void *kc_arena_try_alloc(struct kc_arena *arena, size_t size)
{
    if (size > KC_TRY_MAX)
        return NULL;
    size = aligned(size);
    if (!has_room(arena, size)) {
        size_t cap = size > arena->chunk_size ? size : arena->chunk_size;
        struct arena_chunk *chunk = kc_try_malloc(sizeof(*chunk) + cap);
        if (!chunk)
            return NULL;
        add_chunk(arena, chunk, cap);
    }
    return take(arena->chunks, size);
}

void *kc_arena_dup(struct kc_arena *arena, const void *data, size_t size)
{
    void *copy = kc_arena_alloc(arena, size);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

char *kc_arena_strdup(struct kc_arena *arena, const char *text)
{
    return kc_arena_dup(arena, text, strlen(text) + 1);
}

void kc_arena_destroy(struct kc_arena *arena)
{
    if (!arena)
        return;
    while (arena->chunks) {
        struct arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
    free(arena);
}

/* ---- clocks ---- */

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t kc_now_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t kc_mono_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

int64_t kc_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t kc_deadline_ms(int64_t ms)
{
    int64_t now = kc_mono_ms();
    return ms < 0 ? now : ms > INT64_MAX - now ? INT64_MAX : now + ms;
}

int kc_timeout_ms(int64_t ms)
{
    return ms > INT32_MAX ? INT32_MAX : ms < 0 ? 0 : (int)ms;
}
