/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Series, see series.h and connect/measure.h.
 *
 * A scrape sorts the series by group and labels. Series with the same shown labels become
 * neighbours and are added up: two connectors that mirror one partition, or a topic's partitions if
 * single ones are too many.
 */
#include "metrics/series.h"

#include "base/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define UNSET INT64_MIN

/* A task may have a hundred thousand series, so each is one piece of memory with what its measures
 * need, and label texts are shared. */
struct value {
    atomic_int_fast64_t number;
    union {
        struct kc_rate *rate; /* COUNTER with a rate: the scrape's */
        struct kc_window *window;
    };
};

struct label {
    atomic_uint refs;
    char text[];
};

struct kc_series {
    atomic_uint refs;
    const struct kc_series_group *group;
    size_t label_count;
    struct label *labels[KC_SERIES_LABELS];
    struct value values[];
};

/* ---- labels ---- */

static struct label *label_new(const char *text)
{
    size_t size = strlen(text) + 1;
    struct label *label = kc_malloc(sizeof(*label) + size);
    atomic_init(&label->refs, 1);
    memcpy(label->text, text, size);
    return label;
}

/* former is that of another series, or NULL. */
static struct label *label_of(const char *text, struct label *former)
{
    if (!former || strcmp(former->text, text) != 0)
        return label_new(text);
    atomic_fetch_add_explicit(&former->refs, 1, memory_order_relaxed);
    return former;
}

static void label_unref(struct label *label)
{
    if (atomic_fetch_sub_explicit(&label->refs, 1, memory_order_acq_rel) == 1)
        free(label);
}

static int label_compare(const struct label *a, const struct label *b)
{
    return a == b ? 0 : strcmp(a->text, b->text);
}

/* ---- one series ---- */

static size_t count_labels(const struct kc_series_group *group)
{
    size_t count = 0;
    while (group->labels[count])
        count++;
    assert(count <= KC_SERIES_LABELS);
    return count;
}

static bool has_rate(const struct kc_measure *measure)
{
    return measure->kind == KC_MEASURE_COUNTER && measure->rate;
}

/* Behind the values. */
static size_t history_size(const struct kc_measure *measure)
{
    if (measure->kind == KC_MEASURE_WINDOW)
        return sizeof(struct kc_window);
    return has_rate(measure) ? sizeof(struct kc_rate) : 0;
}

static void start_values(struct kc_series *series)
{
    const struct kc_series_group *group = series->group;
    char *history = (char *)&series->values[group->count];
    int64_t now = kc_mono_ms();
    for (size_t i = 0; i < group->count; i++) {
        const struct kc_measure *measure = &group->measures[i];
        struct value *value = &series->values[i];
        atomic_init(&value->number, measure->kind == KC_MEASURE_COUNTER ? 0 : UNSET);
        if (measure->kind == KC_MEASURE_WINDOW)
            value->window = (void *)history;
        if (has_rate(measure)) {
            value->rate = (void *)history;
            kc_rate_start(value->rate, now);
        }
        history += history_size(measure);
    }
}

/* former: another series of the group, whose label texts are shared; NULL: none. */
static struct kc_series *series_new(const struct kc_series_group *group, const char *const *values,
                                    const struct kc_series *former)
{
    size_t size = sizeof(struct kc_series) + group->count * sizeof(struct value);
    for (size_t i = 0; i < group->count; i++)
        size += history_size(&group->measures[i]);
    struct kc_series *series = kc_calloc(1, size);
    atomic_init(&series->refs, 1);
    series->group = group;
    series->label_count = count_labels(group);
    for (size_t i = 0; i < series->label_count; i++)
        series->labels[i] = label_of(values[i], former ? former->labels[i] : NULL);
    start_values(series);
    return series;
}

struct kc_series *kc_series_ref(struct kc_series *series)
{
    atomic_fetch_add_explicit(&series->refs, 1, memory_order_relaxed);
    return series;
}

void kc_series_unref(struct kc_series *series)
{
    if (!series || atomic_fetch_sub_explicit(&series->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < series->label_count; i++)
        label_unref(series->labels[i]);
    free(series);
}

static int64_t number_of(const struct kc_series *series, size_t measure)
{
    return atomic_load_explicit(&series->values[measure].number, memory_order_relaxed);
}

void kc_series_set(struct kc_series *series, size_t measure, int64_t number)
{
    atomic_store_explicit(&series->values[measure].number, number, memory_order_relaxed);
}

void kc_series_add(struct kc_series *series, size_t measure, uint64_t number)
{
    kc_series_set(series, measure, number_of(series, measure) + (int64_t)number);
}

void kc_series_raise(struct kc_series *series, size_t measure, int64_t number)
{
    int64_t before = number_of(series, measure);
    while (before < number &&
           !atomic_compare_exchange_weak_explicit(&series->values[measure].number, &before, number,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

int64_t kc_series_read(const struct kc_series *series, size_t measure)
{
    return number_of(series, measure);
}

void kc_series_sample(struct kc_series *series, size_t measure, const struct kc_sample *sample)
{
    assert(series->group->measures[measure].kind == KC_MEASURE_WINDOW);
    if (sample->count > 0)
        kc_window_add(series->values[measure].window, kc_mono_ms(), sample->count, sample->sum,
                      sample->min, sample->max);
}

/* ---- lists ---- */

static void append(struct kc_series ***items, size_t *count, size_t *cap, struct kc_series *series)
{
    if (*count == *cap) {
        *cap = *cap ? *cap * 2 : 16;
        *items = kc_realloc(*items, *cap * sizeof(**items));
    }
    (*items)[(*count)++] = series;
}

void kc_series_list_init(struct kc_series_list *list)
{
    *list = (struct kc_series_list){0};
    pthread_mutex_init(&list->mutex, NULL);
}

void kc_series_list_reset(struct kc_series_list *list)
{
    pthread_mutex_lock(&list->mutex);
    for (size_t i = 0; i < list->count; i++)
        kc_series_unref(list->items[i]);
    list->count = 0;
    pthread_mutex_unlock(&list->mutex);
}

void kc_series_list_clear(struct kc_series_list *list)
{
    kc_series_list_reset(list);
    free(list->items);
    pthread_mutex_destroy(&list->mutex);
}

struct kc_series *kc_series_list_add(struct kc_series_list *list,
                                     const struct kc_series_group *group, const char *const *values)
{
    pthread_mutex_lock(&list->mutex);
    const struct kc_series *last = list->count ? list->items[list->count - 1] : NULL;
    struct kc_series *series =
        series_new(group, values, last && last->group == group ? last : NULL);
    append(&list->items, &list->count, &list->cap, kc_series_ref(series));
    pthread_mutex_unlock(&list->mutex);
    return series;
}

void kc_series_collect(struct kc_series_collection *collection, struct kc_series_list *list)
{
    pthread_mutex_lock(&list->mutex);
    for (size_t i = 0; i < list->count; i++)
        append(&collection->items, &collection->count, &collection->cap,
               kc_series_ref(list->items[i]));
    pthread_mutex_unlock(&list->mutex);
}

/* ---- a scrape ---- */

static bool labels_equal(const struct kc_series *a, const struct kc_series *b, size_t labels)
{
    for (size_t i = 0; i < labels; i++)
        if (label_compare(a->labels[i], b->labels[i]) != 0)
            return false;
    return true;
}

static int by_labels(const void *left, const void *right)
{
    const struct kc_series *a = *(struct kc_series *const *)left;
    const struct kc_series *b = *(struct kc_series *const *)right;
    int order = a->group == b->group ? 0 : strcmp(a->group->name, b->group->name);
    if (!order && a->group != b->group) /* two tables of one prefix, with other labels */
        return a->group < b->group ? -1 : 1;
    for (size_t i = 0; !order && i < a->label_count; i++)
        order = label_compare(a->labels[i], b->labels[i]);
    return order;
}

/* The number of different series if only the first `labels` labels are shown. */
static size_t distinct(struct kc_series *const *series, size_t count, size_t labels)
{
    size_t found = count > 0;
    for (size_t i = 1; i < count; i++)
        found += !labels_equal(series[i - 1], series[i], labels);
    return found;
}

/* Series that are shown as one. */
struct sum {
    struct kc_series *const *series;
    size_t count;
    size_t labels; /* that are shown */
    int64_t now_ms;
    struct kc_exposition *exposition;
};

static void add(const struct sum *sum, const struct kc_measure *measure, const char *name,
                const char *suffix, enum kc_metric_type type, double value)
{
    const struct kc_series *series = sum->series[0];
    struct kc_label labels[KC_SERIES_LABELS];
    for (size_t i = 0; i < sum->labels; i++)
        labels[i] = (struct kc_label){series->group->labels[i], series->labels[i]->text};
    char *full = kc_asprintf("%s_%s%s", series->group->name, name, suffix);
    kc_exposition_add(sum->exposition, full, type, measure->help, labels, sum->labels, value);
    free(full);
}

static void add_counter(const struct sum *sum, const struct kc_measure *measure, size_t index)
{
    double total = 0, rate = 0;
    for (size_t i = 0; i < sum->count; i++) {
        uint64_t number = (uint64_t)number_of(sum->series[i], index);
        total += (double)number;
        if (measure->rate)
            rate += kc_rate_read(sum->series[i]->values[index].rate, sum->now_ms, number);
    }
    add(sum, measure, measure->name, "", KC_METRIC_COUNTER, total);
    if (measure->rate)
        add(sum, measure, measure->rate, "", KC_METRIC_GAUGE, rate);
}

/* ---- what a scrape computes; false: the series doesn't know ---- */

static bool difference_of(const struct kc_series *series, const struct kc_measure *measure,
                          double *number)
{
    int64_t minuend = number_of(series, measure->minuend);
    int64_t subtrahend = number_of(series, measure->subtrahend);
    bool known = minuend != UNSET && subtrahend != UNSET;
    *number = known && minuend > subtrahend ? (double)(minuend - subtrahend) : 0;
    return known;
}

static bool estimate_of(const struct kc_series *series, const struct kc_measure *measure,
                        double *number)
{
    double pieces = (double)number_of(series, measure->subtrahend - 1);
    double units = (double)number_of(series, measure->subtrahend);
    if (!difference_of(series, &series->group->measures[measure->minuend], number))
        return false;
    *number *= pieces > 0 ? units / pieces : 0;
    return pieces > 0 || *number == 0;
}

static bool delay_of(const struct kc_series *series, const struct kc_measure *measure, size_t index,
                     double *number)
{
    int64_t since = number_of(series, index), now = kc_now_ms();
    if (!difference_of(series, &series->group->measures[measure->minuend], number))
        return false;
    if (*number == 0)
        return true;
    if (since == UNSET)
        return false;
    *number = now > since ? (double)(now - since) / 1000 : 0;
    return true;
}

static bool gauge_of(const struct kc_series *series, size_t index, double *number)
{
    const struct kc_measure *measure = &series->group->measures[index];
    switch (measure->kind) {
    case KC_MEASURE_DIFFERENCE:
        return difference_of(series, measure, number);
    case KC_MEASURE_ESTIMATE:
        return estimate_of(series, measure, number);
    case KC_MEASURE_DELAY:
        return delay_of(series, measure, index, number);
    case KC_MEASURE_SPAN:
        *number = (double)number_of(series, index) / 1000;
        return number_of(series, index) != UNSET;
    default:
        *number = (double)number_of(series, index);
        return number_of(series, index) != UNSET;
    }
}

/* Adds the measure of one more series to total. Of delays the longest counts. */
static void take_gauge(enum kc_measure_kind kind, double number, double *total)
{
    if (kind != KC_MEASURE_DELAY && kind != KC_MEASURE_SPAN)
        *total += number;
    else if (number > *total)
        *total = number;
}

static void add_gauge(const struct sum *sum, const struct kc_measure *measure, size_t index)
{
    double total = 0, number;
    bool known = false;
    for (size_t i = 0; i < sum->count; i++) {
        if (!gauge_of(sum->series[i], index, &number))
            continue;
        take_gauge(measure->kind, number, &total);
        known = true;
    }
    if (known)
        add(sum, measure, measure->name, "", KC_METRIC_GAUGE, total);
}

static void add_window(const struct sum *sum, const struct kc_measure *measure, size_t index)
{
    struct kc_window_view view = {0};
    for (size_t i = 0; i < sum->count; i++)
        kc_window_read(sum->series[i]->values[index].window, sum->now_ms, &view);
    if (view.count == 0)
        return;
    add(sum, measure, measure->name, "", KC_METRIC_GAUGE, (double)view.last);
    add(sum, measure, measure->name, "_min", KC_METRIC_GAUGE, (double)view.min);
    add(sum, measure, measure->name, "_max", KC_METRIC_GAUGE, (double)view.max);
    add(sum, measure, measure->name, "_avg", KC_METRIC_GAUGE,
        (double)view.sum / (double)view.count);
}

static void add_sum(const struct sum *sum)
{
    static void (*const adders[])(const struct sum *, const struct kc_measure *, size_t) = {
        [KC_MEASURE_COUNTER] = add_counter,  [KC_MEASURE_GAUGE] = add_gauge,
        [KC_MEASURE_DIFFERENCE] = add_gauge, [KC_MEASURE_WINDOW] = add_window,
        [KC_MEASURE_ESTIMATE] = add_gauge,   [KC_MEASURE_DELAY] = add_gauge,
        [KC_MEASURE_SPAN] = add_gauge,
    };
    const struct kc_series_group *group = sum->series[0]->group;
    for (size_t i = 0; i < group->count; i++)
        adders[group->measures[i].kind](sum, &group->measures[i], i);
}

static void tell_bound(struct kc_exposition *exposition, const struct kc_series_group *group,
                       size_t known, size_t shown, size_t dropped)
{
    const struct kc_label label = {"group", group->name};
    kc_exposition_add(exposition, "isthmus_metrics_series", KC_METRIC_GAUGE,
                      "Label sets that a group of metrics has here", &label, 1, (double)known);
    kc_exposition_add(exposition, "isthmus_metrics_series_shown", KC_METRIC_GAUGE,
                      "Label sets of a group that are shown, at most metrics.series.max", &label, 1,
                      (double)shown);
    kc_exposition_add(exposition, "isthmus_metrics_labels_dropped", KC_METRIC_GAUGE,
                      "How many of a group's last labels are summed over because of "
                      "metrics.series.max",
                      &label, 1, (double)dropped);
}

/* All series of one group. */
static void expose_group(struct kc_series *const *series, size_t count, size_t max,
                         struct kc_exposition *exposition)
{
    size_t all = series[0]->label_count, labels = all;
    size_t known = distinct(series, count, all), shown = known;
    while (shown > max && labels > 0)
        shown = distinct(series, count, --labels);
    struct sum sum = {.labels = labels, .now_ms = kc_mono_ms(), .exposition = exposition};
    for (size_t i = 0; i < count; i += sum.count) {
        sum.series = &series[i];
        sum.count = 1;
        while (i + sum.count < count && labels_equal(series[i], series[i + sum.count], labels))
            sum.count++;
        add_sum(&sum);
    }
    tell_bound(exposition, series[0]->group, known, shown, all - labels);
}

void kc_series_expose(struct kc_series_collection *collection, size_t max,
                      struct kc_exposition *exposition)
{
    struct kc_series **items = collection->items;
    if (collection->count > 1)
        qsort(items, collection->count, sizeof(struct kc_series *), by_labels);
    for (size_t i = 0, n; i < collection->count; i += n) {
        for (n = 1; i + n < collection->count && items[i + n]->group == items[i]->group; n++)
            ;
        expose_group(&items[i], n, max, exposition);
    }
    for (size_t i = 0; i < collection->count; i++)
        kc_series_unref(items[i]);
    free(items);
    *collection = (struct kc_series_collection){0};
}

/* ---- lag ---- */

static void take_lag(const struct kc_series *series, struct kc_series_lag *lag)
{
    double *const totals[] = {
        [KC_MEASURE_DIFFERENCE] = &lag->records,
        [KC_MEASURE_ESTIMATE] = &lag->bytes,
        [KC_MEASURE_DELAY] = &lag->seconds,
    };
    for (size_t i = 0; i < series->group->count; i++) {
        enum kc_measure_kind kind = series->group->measures[i].kind;
        bool of_lag = kind < sizeof(totals) / sizeof(totals[0]) && totals[kind];
        double number;
        if (!of_lag || !gauge_of(series, i, &number))
            continue;
        take_gauge(kind, number, totals[kind]);
        lag->known = true;
    }
}

struct kc_series_lag kc_series_list_lag(struct kc_series_list *list)
{
    struct kc_series_lag lag = {0};
    pthread_mutex_lock(&list->mutex);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i]->group == list->items[0]->group) /* not those of another format */
            take_lag(list->items[i], &lag);
    pthread_mutex_unlock(&list->mutex);
    return lag;
}
