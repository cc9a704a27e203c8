/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The series of tasks (connect/measure.h): kept by their task's host, collected for a scrape, and
 * added up if there are too many.
 */
#ifndef WORKER_METRICS_SERIES_H
#define WORKER_METRICS_SERIES_H

#include "connect/measure.h"
#include "metrics/exposition.h"

#include <pthread.h>

/* A task's series; any thread. */
struct kc_series_list {
    pthread_mutex_t mutex;
    struct kc_series **items; /* references */
    size_t count;
    size_t cap;
};
void kc_series_list_init(struct kc_series_list *list);
void kc_series_list_clear(struct kc_series_list *list); /* ends it */
void kc_series_list_reset(struct kc_series_list *list); /* empties it */
/* A new series, with a reference for the list and one for the caller. */
struct kc_series *kc_series_list_add(struct kc_series_list *list,
                                     const struct kc_series_group *group,
                                     const char *const *values);

/* The task's lag, from all series of its first group: their differences, estimates and delays. */
struct kc_series_lag {
    bool known;
    double records;
    double bytes;
    double seconds;
};
struct kc_series_lag kc_series_list_lag(struct kc_series_list *list);

/* A scrape's series; zero-initialise. One thread, and one collection at a time in the process,
 * because rates remember the last look. */
struct kc_series_collection {
    struct kc_series **items; /* references */
    size_t count;
    size_t cap;
};
void kc_series_collect(struct kc_series_collection *collection, struct kc_series_list *list);
/* Adds all to exposition, at most max for each group, and clears the collection. */
void kc_series_expose(struct kc_series_collection *collection, size_t max,
                      struct kc_exposition *exposition);

#endif
