/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows and rates, see window.h.
 *
 * A window's turn guards its fields. The writer makes it odd, writes, and makes it even again. A
 * reader that saw it odd or changed reads again. Every store has release and every load acquire
 * order, so they stay between the two reads of the turn without a fence.
 */
#include "base/window.h"

#include <unistd.h>

enum { PATIENCE = 64, NAP_US = 100 };
#define LONGEST_HALF_MS (INT64_C(366) * 24 * 3600 * 1000)

static atomic_int_fast64_t half_ms = 30000;

void kc_window_set_half_ms(int64_t ms)
{
    if (ms < 1)
        ms = 1;
    atomic_store(&half_ms, ms < LONGEST_HALF_MS ? ms : LONGEST_HALF_MS);
}

static int64_t get(const atomic_int_fast64_t *field)
{
    return atomic_load_explicit(field, memory_order_acquire);
}

static void put(atomic_int_fast64_t *field, int64_t number)
{
    atomic_store_explicit(field, number, memory_order_release);
}

/* The half to write to, emptied when its time is over. */
static struct kc_window_half *half_at(struct kc_window *window, int64_t now_ms)
{
    unsigned current = atomic_load_explicit(&window->current, memory_order_relaxed);
    struct kc_window_half *half = &window->halves[current];
    if (get(&half->count) && now_ms - get(&half->start_ms) < atomic_load(&half_ms))
        return half;
    if (get(&half->count)) {
        half = &window->halves[!current];
        atomic_store_explicit(&window->current, !current, memory_order_release);
    }
    put(&half->start_ms, now_ms);
    put(&half->count, 0);
    put(&half->sum, 0);
    return half;
}

void kc_window_add(struct kc_window *window, int64_t now_ms, int64_t count, int64_t sum,
                   int64_t min, int64_t max)
{
    if (count <= 0)
        return;
    uint64_t turn = atomic_load_explicit(&window->turn, memory_order_relaxed);
    atomic_store_explicit(&window->turn, turn + 1, memory_order_relaxed);
    struct kc_window_half *half = half_at(window, now_ms);
    bool first = get(&half->count) == 0;
    if (first || min < get(&half->min))
        put(&half->min, min);
    if (first || max > get(&half->max))
        put(&half->max, max);
    put(&half->sum, get(&half->sum) + sum);
    put(&half->count, get(&half->count) + count);
    put(&window->last, sum / count);
    atomic_store_explicit(&window->turn, turn + 2, memory_order_release);
}

void kc_window_add_one(struct kc_window *window, int64_t now_ms, int64_t number)
{
    kc_window_add(window, now_ms, 1, number, number, number);
}

static void add_half(const struct kc_window_half *half, int64_t now_ms, struct kc_window_view *view)
{
    int64_t count = get(&half->count);
    if (!count || now_ms - get(&half->start_ms) >= 2 * atomic_load(&half_ms))
        return;
    int64_t min = get(&half->min), max = get(&half->max);
    if (!view->count || min < view->min)
        view->min = min;
    if (!view->count || max > view->max)
        view->max = max;
    view->sum += get(&half->sum);
    view->count += count;
}

void kc_window_read(struct kc_window *window, int64_t now_ms, struct kc_window_view *view)
{
    struct kc_window_view seen = *view;
    for (int i = 1;; i++) {
        uint64_t turn = atomic_load_explicit(&window->turn, memory_order_acquire);
        seen = *view;
        add_half(&window->halves[0], now_ms, &seen);
        add_half(&window->halves[1], now_ms, &seen);
        int64_t last = get(&window->last);
        if (!view->count || last > view->last)
            seen.last = last;
        if (turn % 2 == 0 && atomic_load_explicit(&window->turn, memory_order_acquire) == turn)
            break;
        if (i % PATIENCE == 0)
            usleep(NAP_US); /* the writer was interrupted in the middle, or writes all the time */
    }
    *view = seen;
}

void kc_rate_start(struct kc_rate *rate, int64_t now_ms)
{
    *rate = (struct kc_rate){{now_ms, now_ms}, {0, 0}};
}

double kc_rate_read(struct kc_rate *rate, int64_t now_ms, uint64_t value)
{
    int64_t half = atomic_load(&half_ms);
    if (now_ms - rate->at_ms[1] >= half) {
        rate->at_ms[0] = rate->at_ms[1];
        rate->value[0] = rate->value[1];
        rate->at_ms[1] = now_ms;
        rate->value[1] = value;
    }
    int64_t elapsed = now_ms - rate->at_ms[0];
    return (double)(value - rate->value[0]) * 1000.0 / (double)(elapsed > half ? elapsed : half);
}
