/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics over the last minute, cheap to write: the counterpart of Kafka's SampledStat.
 *
 * A window is two halves that take turns. One thread writes it, any number read, nobody waits. The
 * reader of a counter keeps its rate, so counting costs nothing more. Zero-initialise windows;
 * start rates by kc_rate_start().
 */
#ifndef WORKER_BASE_WINDOW_H
#define WORKER_BASE_WINDOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The length of the halves of all windows, 30 s unless set; at least 1 ms, at most a year. Any
 * thread. */
void kc_window_set_half_ms(int64_t ms);

struct kc_window_half {
    atomic_int_fast64_t start_ms;
    atomic_int_fast64_t count;
    atomic_int_fast64_t sum;
    atomic_int_fast64_t min;
    atomic_int_fast64_t max;
};

struct kc_window {
    atomic_uint_fast64_t turn; /* odd: being written */
    atomic_uint current;       /* the half that is written to */
    atomic_int_fast64_t last;
    struct kc_window_half halves[2];
};

/* count measurements at once, whose mean counts as the last one; count 0 changes nothing. One
 * thread at a time. now_ms: kc_mono_ms(). */
void kc_window_add(struct kc_window *window, int64_t now_ms, int64_t count, int64_t sum,
                   int64_t min, int64_t max);
void kc_window_add_one(struct kc_window *window, int64_t now_ms, int64_t number);

struct kc_window_view {
    int64_t count; /* 0: the rest means nothing */
    int64_t sum;
    int64_t min;
    int64_t max;
    int64_t last; /* of several windows: the largest */
};
/* Adds what the window holds to view, zeroed at first. Any thread. */
void kc_window_read(struct kc_window *window, int64_t now_ms, struct kc_window_view *view);

/* A counter's values at two looks, the older one at least half a window ago, except at the
 * beginning. */
struct kc_rate {
    int64_t at_ms[2];
    uint64_t value[2];
};
void kc_rate_start(struct kc_rate *rate, int64_t now_ms);
/* Per second, since the older look, and as if over half a window when that is longer. One thread at
 * a time. */
double kc_rate_read(struct kc_rate *rate, int64_t now_ms, uint64_t value);

#endif
