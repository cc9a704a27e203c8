/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics as text: Prometheus's format 0.0.4, and OpenMetrics 1.0.
 *
 * Samples may come in any order; each family is printed in one piece, in the order of first
 * mention. One thread at a time.
 */
#ifndef WORKER_METRICS_EXPOSITION_H
#define WORKER_METRICS_EXPOSITION_H

#include "connect/mem.h"

enum kc_metric_type { KC_METRIC_COUNTER, KC_METRIC_GAUGE };

struct kc_label {
    const char *name;
    const char *value; /* any text */
};

struct kc_exposition;
struct kc_exposition *kc_exposition_new(void);
void kc_exposition_destroy(struct kc_exposition *exposition); /* NULL is fine */

/* A label for all further samples, in front of their own; borrowed, NULL: none. */
void kc_exposition_set_label(struct kc_exposition *exposition, const struct kc_label *label);

/* Called for each further sample, to add it under other names, too (dashboard_names.h). Its own
 * series have no alias. */
typedef void (*kc_exposition_alias)(struct kc_exposition *exposition, unsigned sets,
                                    const char *name, enum kc_metric_type type,
                                    const struct kc_label *labels, size_t count, double value);
void kc_exposition_set_alias(struct kc_exposition *exposition, kc_exposition_alias alias,
                             unsigned sets);

/* One sample of the family called name, which has one type and help (borrowed until printed). */
void kc_exposition_add(struct kc_exposition *exposition, const char *name, enum kc_metric_type type,
                       const char *help, const struct kc_label *labels, size_t count, double value);

#define KC_PROMETHEUS_TYPE  "text/plain; version=0.0.4; charset=utf-8"
#define KC_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* The whole; owned by the caller. A counter whose name doesn't end in _total has no type in
 * OpenMetrics. */
char *kc_exposition_print(const struct kc_exposition *exposition, bool openmetrics);

#endif
