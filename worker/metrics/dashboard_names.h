/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metric names of published dashboards, as the JMX exporter makes them with the rules of
 * Strimzi and of Confluent (metrics.names; docs/METRICS.md has the table).
 *
 * Pure; any thread.
 */
#ifndef WORKER_METRICS_DASHBOARD_NAMES_H
#define WORKER_METRICS_DASHBOARD_NAMES_H

#include "metrics/exposition.h"

enum kc_dashboard_names { KC_NAMES_STRIMZI = 1, KC_NAMES_CONFLUENT = 2 };

/* "strimzi", "confluent" as a bit; 0: another word. */
unsigned kc_dashboard_names_parse(const char *word);

/* Adds a sample again under each name of the chosen sets. */
void kc_dashboard_names_add(struct kc_exposition *exposition, unsigned sets, const char *name,
                            enum kc_metric_type type, const struct kc_label *labels, size_t count,
                            double value);

#endif
