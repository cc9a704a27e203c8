/* SPDX-License-Identifier: Apache-2.0 */
/* Series under one or two names, see mirror_series.h. */
#include "mirror/mirror_series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMATS = 2 };

struct kc_mirror_series {
    struct kc_series *of[FORMATS]; /* NULL: not asked for */
};

static bool asked_for(const struct kc_map *properties, const char *format)
{
    struct kc_strings formats = {0};
    kc_strings_split(&formats, kc_map_get_or(properties, KC_METRIC_NAMES_FORMATS, "legacy"));
    bool found = kc_strings_contain(&formats, format);
    kc_strings_destroy(&formats);
    return found;
}

static struct kc_series *open_plugin(struct kc_source_context *context,
                                     const struct kc_series_group *plugin,
                                     const char *const *values)
{
    const char *all[KC_SERIES_LABELS];
    char task[16];
    snprintf(task, sizeof(task), "%d", kc_source_context_task(context));
    all[0] = kc_source_context_connector(context);
    all[1] = task;
    for (size_t i = 2; plugin->labels[i]; i++)
        all[i] = values[i - 2];
    return kc_source_context_series(context, plugin, all);
}

struct kc_mirror_series *kc_mirror_series_new(struct kc_source_context *context,
                                              const struct kc_mirror_config *config,
                                              const struct kc_series_group *legacy,
                                              const struct kc_series_group *plugin,
                                              const char *const *values)
{
    struct kc_mirror_series *made = kc_calloc(1, sizeof(*made));
    if (asked_for(config->properties, "legacy"))
        made->of[0] = kc_source_context_series(context, legacy, values);
    if (asked_for(config->properties, "new"))
        made->of[1] = open_plugin(context, plugin, values);
    return made;
}

void kc_mirror_series_destroy(struct kc_mirror_series *series)
{
    for (size_t i = 0; series && i < FORMATS; i++)
        kc_series_unref(series->of[i]);
    free(series);
}

void kc_mirror_series_add(struct kc_mirror_series *series, size_t measure, uint64_t number)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (series->of[i])
            kc_series_add(series->of[i], measure, number);
}

void kc_mirror_series_set(struct kc_mirror_series *series, size_t measure, int64_t number)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (series->of[i])
            kc_series_set(series->of[i], measure, number);
}

void kc_mirror_series_raise(struct kc_mirror_series *series, size_t measure, int64_t number)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (series->of[i])
            kc_series_raise(series->of[i], measure, number);
}

int64_t kc_mirror_series_read(const struct kc_mirror_series *series, size_t measure)
{
    const struct kc_series *first = series->of[0] ? series->of[0] : series->of[1];
    return first ? kc_series_read(first, measure) : INT64_MIN;
}

void kc_mirror_series_sample(struct kc_mirror_series *series, size_t measure,
                             const struct kc_sample *sample)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (series->of[i])
            kc_series_sample(series->of[i], measure, sample);
}

void kc_metric_names_validate(const struct kc_map *config, struct kc_config_values *values)
{
    static const char *const options[] = {"legacy", "new", NULL};
    struct kc_strings formats = {0};
    const char *value = kc_map_get(config, KC_METRIC_NAMES_FORMATS);
    kc_strings_split(&formats, value ? value : "legacy");
    struct kc_error *err =
        formats.count ? NULL
                      : kc_config_invalid(KC_METRIC_NAMES_FORMATS, value, "List must not be empty");
    for (size_t i = 0; !err && i < formats.count; i++)
        err = kc_config_one_of(KC_METRIC_NAMES_FORMATS, formats.items[i], options, false);
    if (err)
        kc_config_value_add_error(kc_config_values_get(values, KC_METRIC_NAMES_FORMATS), "%s",
                                  kc_error_text(err));
    kc_error_destroy(err);
    kc_strings_destroy(&formats);
}
