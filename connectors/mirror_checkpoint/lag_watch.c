/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds of looking at groups' lags, see lag_watch_priv.h. */
#include "mirror_checkpoint/lag_watch_priv.h"

#include "mirror_checkpoint/checkpoint_metrics_priv.h"

#include <stdlib.h>

struct kc_lag_watch {
    struct kc_source_context *context;
    const struct kc_strings *groups;
    struct kc_log_ends *source, *target;
    struct kc_group_lag *lags; /* one for each group, as the next two */
    bool *asked;               /* once at least, with success */
    struct kc_series **series;
};

struct kc_lag_watch *kc_lag_watch_new(struct kc_source_context *context,
                                      const struct kc_mirror_config *config,
                                      const struct kc_strings *groups, struct kc_admin *source,
                                      struct kc_admin *target)
{
    struct kc_lag_watch *watch = kc_calloc(1, sizeof(*watch));
    watch->context = context;
    watch->groups = groups;
    watch->source = kc_log_ends_new(source, config->source);
    watch->target = kc_log_ends_new(target, config->target);
    watch->lags = kc_calloc(groups->count + 1, sizeof(*watch->lags));
    watch->asked = kc_calloc(groups->count + 1, sizeof(bool));
    watch->series = kc_calloc(groups->count + 1, sizeof(struct kc_series *));
    for (size_t i = 0; i < groups->count; i++)
        watch->series[i] = kc_group_metrics_open(context, config, groups->items[i]);
    return watch;
}

void kc_lag_watch_destroy(struct kc_lag_watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < watch->groups->count; i++)
        kc_series_unref(watch->series[i]);
    kc_log_ends_destroy(watch->source);
    kc_log_ends_destroy(watch->target);
    free(watch->series);
    free(watch->asked);
    free(watch->lags);
    free(watch);
}

struct kc_series *const *kc_lag_watch_series(const struct kc_lag_watch *watch)
{
    return watch->series;
}

struct kc_watched kc_lag_watch_meet(struct kc_lag_watch *watch, const char *topic,
                                    const char *remote, int32_t partition)
{
    return (struct kc_watched){kc_log_ends_meet(watch->source, topic, partition),
                               kc_log_ends_meet(watch->target, remote, partition)};
}

void kc_lag_watch_look(struct kc_lag_watch *watch)
{
    kc_log_ends_look(watch->source);
    kc_log_ends_look(watch->target);
}

void kc_lag_watch_begin(struct kc_lag_watch *watch, size_t group)
{
    watch->lags[group] = (struct kc_group_lag){0};
    watch->asked[group] = true;
}

bool kc_lag_watch_is_past_end(const struct kc_watched *partition, int64_t downstream)
{
    int64_t end = partition->target ? kc_log_end_offset(partition->target) : -1;
    return end >= 0 && downstream > end;
}

void kc_lag_watch_take(struct kc_lag_watch *watch, size_t group, const struct kc_watched *partition,
                       int64_t committed, const struct kc_translation *translation,
                       double record_bytes)
{
    struct kc_lag_place place = {
        .committed = committed,
        .source_end = kc_log_end_offset(partition->source),
        .committed_age_ms = kc_log_end_age_ms(partition->source, committed),
        .translated = translation->upstream,
        .translated_age_ms = kc_log_end_age_ms(partition->source, translation->upstream),
        .downstream = translation->downstream,
        .target_end = kc_log_end_offset(partition->target),
        .record_bytes = record_bytes,
    };
    kc_group_lag_take(&watch->lags[group], &place);
}

void kc_lag_watch_tell(struct kc_lag_watch *watch)
{
    for (size_t i = 0; i < watch->groups->count; i++)
        if (watch->asked[i])
            kc_group_metrics_lag(watch->series[i], &watch->lags[i]);
    kc_source_context_show(watch->context, "groups", kc_group_lag_json(watch->groups, watch->lags));
}
