/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffers for frames, see frames.h.
 *
 * One list for the whole process, the last one given back first. It is short, because its bytes are
 * limited. Its end wasn't needed for longest. The limit is high, because everything here was in use
 * at most two seconds ago, so it doesn't add to the peak of memory.
 */
#include "wire/frames.h"

#include "connect/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define POOLED_FROM  ((size_t)128 << 10) /* what is smaller is malloc's business */
#define POOLED_TO    ((size_t)16 << 20)
#define STEP         ((size_t)128 << 10) /* sizes are rounded up to it */
#define WASTE_MAX    4                   /* times the size that is wanted */
#define KEPT_MAX     ((size_t)64 << 20)  /* more than a queue's ups and downs */
#define KEPT_MS      2000
#define TRIM_EACH_MS 500

struct spare {
    size_t cap;
    int64_t since_ms;
    struct spare *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct spare *spares;
static size_t kept; /* their bytes */
static atomic_int_least64_t trim_at_ms;

static bool is_pooled(size_t size)
{
    return size >= POOLED_FROM && size <= POOLED_TO;
}

/* Locked. The smallest buffer that fits, of equal ones the last one given back; NULL: none. */
static struct spare *take(size_t size)
{
    struct spare **best = NULL, *spare;

    for (struct spare **at = &spares; *at; at = &(*at)->next) {
        if ((*at)->cap >= size && (*at)->cap / WASTE_MAX <= size &&
            (!best || (*at)->cap < (*best)->cap))
            best = at;
    }
    if (!best)
        return NULL;
    spare = *best;
    *best = spare->next;
    kept -= spare->cap;
    return spare;
}

uint8_t *wire_frame_new(size_t size, size_t *cap)
{
    struct spare *spare = NULL;

    *cap = size;
    if (!is_pooled(size))
        return kc_try_malloc(size);
    pthread_mutex_lock(&mutex);
    spare = take(size);
    pthread_mutex_unlock(&mutex);
    *cap = spare ? spare->cap : (size + STEP - 1) / STEP * STEP;
    return spare ? (uint8_t *)spare : kc_try_malloc(*cap);
}

void wire_frame_free(uint8_t *frame, size_t cap)
{
    struct spare *spare = (struct spare *)(void *)frame;
    bool keep = false;

    if (frame && is_pooled(cap)) {
        pthread_mutex_lock(&mutex);
        keep = kept + cap <= KEPT_MAX;
        if (keep) {
            *spare = (struct spare){cap, kc_mono_ms(), spares};
            spares = spare;
            kept += cap;
        }
        pthread_mutex_unlock(&mutex);
    }
    if (!keep)
        free(frame);
}

/* Locked: takes the end of the list, from the first buffer that has been there too long. */
static struct spare *take_idle(int64_t now_ms)
{
    struct spare **at = &spares, *idle;

    while (*at && now_ms - (*at)->since_ms < KEPT_MS)
        at = &(*at)->next;
    idle = *at;
    *at = NULL;
    for (const struct spare *spare = idle; spare; spare = spare->next)
        kept -= spare->cap;
    return idle;
}

void wire_frames_trim(int64_t now_ms)
{
    int_least64_t due = atomic_load(&trim_at_ms);
    struct spare *next;

    if (now_ms < due || !atomic_compare_exchange_strong(&trim_at_ms, &due, now_ms + TRIM_EACH_MS))
        return;
    pthread_mutex_lock(&mutex);
    struct spare *idle = take_idle(now_ms);
    pthread_mutex_unlock(&mutex);
    for (; idle; idle = next) {
        next = idle->next;
        free(idle);
    }
}

size_t wire_frames_kept(void)
{
    pthread_mutex_lock(&mutex);
    size_t bytes = kept;
    pthread_mutex_unlock(&mutex);
    return bytes;
}
