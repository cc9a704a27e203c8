/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A series of a mirror task under the names that `metric.names.formats` asks for (KIP-1280).
 *
 * The legacy names are those of Java up to 4.2, the new ones those of a Connect plugin, which also
 * name connector and task. Measures are written as connect/measure.h has it.
 */
#ifndef CONNECTORS_MIRROR_MIRROR_SERIES_H
#define CONNECTORS_MIRROR_MIRROR_SERIES_H

#include "connect/measure.h"
#include "mirror/mirror_config.h"

#define KC_METRIC_NAMES_FORMATS "metric.names.formats" /* legacy (default), new, or both */

struct kc_mirror_series;

/* legacy and plugin measure the same. plugin's labels are connector, task, then legacy's, whose
 * values are given. The caller's; on the task's thread. */
struct kc_mirror_series *kc_mirror_series_new(struct kc_source_context *context,
                                              const struct kc_mirror_config *config,
                                              const struct kc_series_group *legacy,
                                              const struct kc_series_group *plugin,
                                              const char *const *values);
void kc_mirror_series_destroy(struct kc_mirror_series *series); /* NULL is fine */

void kc_mirror_series_add(struct kc_mirror_series *series, size_t measure, uint64_t number);
void kc_mirror_series_set(struct kc_mirror_series *series, size_t measure, int64_t number);
void kc_mirror_series_raise(struct kc_mirror_series *series, size_t measure, int64_t number);
int64_t kc_mirror_series_read(const struct kc_mirror_series *series, size_t measure);
void kc_mirror_series_sample(struct kc_mirror_series *series, size_t measure,
                             const struct kc_sample *sample);

/* Adds an error to values when the setting has another format. */
void kc_metric_names_validate(const struct kc_map *config, struct kc_config_values *values);

#endif
