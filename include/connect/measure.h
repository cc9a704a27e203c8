/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task's own metrics with labels, for /metrics (API 1.2).
 *
 * A group of measures is one static table; a series is the group with its labels' values, say one
 * mirrored partition. Writing is a few stores without a lock: each measure of a series is written
 * by one thread at a time. If there are more series than the worker shows (metrics.series.max),
 * they are added up over the last labels of their group. So the label that varies most stands last.
 */
#ifndef CONNECT_MEASURE_H
#define CONNECT_MEASURE_H

#include "connect/connector.h"

KC_API_BEGIN

enum kc_measure_kind {
    KC_MEASURE_COUNTER,    /* grows; summed */
    KC_MEASURE_GAUGE,      /* a state; not shown until it has been set; summed */
    KC_MEASURE_DIFFERENCE, /* the difference of two gauges before it, at least 0; not written
                              itself; summed */
    KC_MEASURE_WINDOW,     /* samples: the last one, and _min, _max, _avg of the last minute */
    KC_MEASURE_ESTIMATE, /* a difference in other units, by what has been counted so far: minuend is
                            a DIFFERENCE, subtrahend the counter of those units; the counter before
                            that one counts in the difference's own units; summed (API 1.3) */
    KC_MEASURE_DELAY,    /* seconds since the time that it was set to (ms since the epoch), 0 while
                            the DIFFERENCE minuend is; the longest counts (API 1.3) */
    KC_MEASURE_SPAN, /* a gauge in milliseconds, shown in seconds; the longest counts (API 1.3) */
};

/* Never grows. */
struct kc_measure {
    enum kc_measure_kind kind;
    const char *name; /* behind the group's: "record_count" */
    const char *help; /* one sentence, without a full stop */
    const char *rate; /* COUNTER: the name of its rate per second; NULL: none */
    size_t minuend;   /* DIFFERENCE: index of a measure */
    size_t subtrahend;
};

/* Never grows. */
struct kc_series_group {
    const char *name;          /* the prefix: "kafka_connect_mirror_source_connector" */
    const char *const *labels; /* names, NULL-terminated; at most KC_SERIES_LABELS */
    const struct kc_measure *measures;
    size_t count;
};
#define KC_SERIES_LABELS 8

struct kc_series;

/* A series of the task, shown as long as the task lives; values as many as the group has labels,
 * copied. group is static. The caller owns a reference. On the task's thread. */
struct kc_series *kc_source_context_series(struct kc_source_context *context,
                                           const struct kc_series_group *group,
                                           const char *const *values);
/* The same for a sink task (API 1.3). */
struct kc_series *kc_sink_context_series(struct kc_sink_context *context,
                                         const struct kc_series_group *group,
                                         const char *const *values);
/* The same for a connector, shown until it is stopped; made again by the next start(). Any thread
 * (API 1.3). */
struct kc_series *kc_connector_series(struct kc_connector_context *context,
                                      const struct kc_series_group *group,
                                      const char *const *values);
struct kc_series *kc_series_ref(struct kc_series *series);
void kc_series_unref(struct kc_series *series); /* NULL is fine; any thread */

void kc_series_add(struct kc_series *series, size_t measure, uint64_t number);
void kc_series_set(struct kc_series *series, size_t measure, int64_t number);
/* Sets a gauge that never goes back; any number of threads. */
void kc_series_raise(struct kc_series *series, size_t measure, int64_t number);

/* The value of a counter or gauge; INT64_MIN: a gauge that wasn't set (API 1.3). */
int64_t kc_series_read(const struct kc_series *series, size_t measure);

/* Measurements taken together. Never grows. */
struct kc_sample {
    int64_t count;
    int64_t min;
    int64_t max;
    int64_t sum;
};
/* Extends sample, zeroed at first, by one measurement. */
static inline void kc_sample_take(struct kc_sample *sample, int64_t number)
{
    if (!sample->count || number < sample->min)
        sample->min = number;
    if (!sample->count || number > sample->max)
        sample->max = number;
    sample->sum += number;
    sample->count++;
}
/* A sample without measurements changes nothing. */
void kc_series_sample(struct kc_series *series, size_t measure, const struct kc_sample *sample);

KC_API_END

#endif
