/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of history, see history_watch_priv.h. */
#include "mirror_source/history_watch_priv.h"

#include "connect/log.h"
#include "connect/measure.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceTask");

static const char *const kinds[] = {
    [KC_HISTORY_GAP] = "retention_gap",
    [KC_HISTORY_TRUNCATED] = "truncated",
    [KC_HISTORY_RECREATED] = "recreated",
};

static const char *const labels[] = {"source", "target", "kind", NULL};

static const struct kc_measure measures[] = {
    {.kind = KC_MEASURE_COUNTER,
     .name = "changes_total",
     .help = "Changes of the source's log that the mirror met: records deleted before they were "
             "mirrored (retention_gap), logs truncated, topics made again (recreated)"},
};

static const struct kc_series_group group = {"isthmus_mirror_history", labels, measures, 1};

struct kc_history_watch {
    struct kc_source_context *context;
    const char *alias; /* of the source cluster */
    enum kc_history_policy policy;
    char *text;                                 /* the setting that decides */
    struct kc_series *series[KC_HISTORY_KINDS]; /* NULL without a context */
};

struct kc_history_watch *kc_history_watch_new(struct kc_source_context *context,
                                              const struct kc_mirror_config *config,
                                              const char *reset)
{
    struct kc_history_watch *watch = kc_calloc(1, sizeof(*watch));
    watch->context = context;
    watch->alias = config->source;
    watch->policy = kc_history_policy_of(config, reset);
    watch->text = kc_history_text(config, reset);
    for (int kind = 0; context && kind < KC_HISTORY_KINDS; kind++) {
        const char *const values[] = {config->source, config->target, kinds[kind]};
        watch->series[kind] = kc_source_context_series(context, &group, values);
    }
    return watch;
}

void kc_history_watch_destroy(struct kc_history_watch *watch)
{
    if (!watch)
        return;
    for (int kind = 0; kind < KC_HISTORY_KINDS; kind++)
        kc_series_unref(watch->series[kind]);
    free(watch->text);
    free(watch);
}

enum kc_history_policy kc_history_watch_policy(const struct kc_history_watch *watch)
{
    return watch->policy;
}

/* ---- counting and showing ---- */

static json_t *counts(const struct kc_history_watch *watch)
{
    json_t *object = json_object();
    for (int kind = 0; kind < KC_HISTORY_KINDS; kind++)
        json_object_set_new(object, kinds[kind],
                            json_integer((json_int_t)kc_series_read(watch->series[kind], 0)));
    return object;
}

/* to -1: nowhere, the task fails. */
static void note(struct kc_history_watch *watch, const struct kc_mirrored_partition *partition,
                 enum kc_history_kind kind, int64_t from, int64_t to)
{
    static const char *const actions[] = {
        [KC_HISTORY_FAIL] = "fail", [KC_HISTORY_REWIND] = "rewind", [KC_HISTORY_SKIP] = "skip"};
    if (!watch->context)
        return;
    kc_series_add(watch->series[kind], 0, 1);
    json_t *last =
        json_pack("{s:s, s:s, s:i, s:I, s:o, s:I, s:s, s:s}", "kind", kinds[kind], "topic",
                  partition->topic, "partition", partition->partition, "from", (json_int_t)from,
                  "to", to < 0 ? json_null() : json_integer((json_int_t)to), "at_ms",
                  (json_int_t)kc_now_ms(), "policy", watch->text, "action", actions[watch->policy]);
    kc_source_context_show(watch->context, "history",
                           json_pack("{s:o, s:o}", "changes", counts(watch), "last", last));
}

/* ---- what happens ---- */

static struct kc_error *failure(const struct kc_history_watch *watch,
                                const struct kc_mirrored_partition *partition, int64_t asked,
                                int64_t low, int64_t high)
{
    return kc_error_new(KC_ERR_CONNECT,
                        "Offset %lld of %s-%d on %s is out of range [%lld, %lld], or of a former "
                        "history, and %s: set the connector's offsets, or choose another policy "
                        "(source.history.policy, or auto.offset.reset of the consumer)",
                        (long long)asked, partition->topic, partition->partition, watch->alias,
                        (long long)low, (long long)high, watch->text);
}

static void warn(const struct kc_history_watch *watch,
                 const struct kc_mirrored_partition *partition, int64_t asked, int64_t low,
                 int64_t high, int64_t going_on)
{
    if (asked < low)
        kc_warn(
            "%s-%d on %s: offsets %lld to %lld were deleted (by retention, or on purpose) before "
            "they could be mirrored: %lld records or fewer are missing on the target. "
            "%s: going on at offset %lld.",
            partition->topic, partition->partition, watch->alias, (long long)asked,
            (long long)low - 1, (long long)(low - asked), watch->text, (long long)going_on);
    else
        kc_warn("%s-%d on %s ends at offset %lld, before offset %lld that is next to be mirrored: "
                "the partition was truncated, or the topic deleted and created again. "
                "%s: going on at offset %lld.",
                partition->topic, partition->partition, watch->alias, (long long)high,
                (long long)asked, watch->text, (long long)going_on);
}

struct kc_error *kc_history_watch_lost(struct kc_history_watch *watch,
                                       const struct kc_mirrored_partition *partition,
                                       bool recreated, int64_t asked, int64_t low, int64_t high,
                                       int64_t *going_on)
{
    enum kc_history_kind kind = recreated     ? KC_HISTORY_RECREATED
                                : asked < low ? KC_HISTORY_GAP
                                              : KC_HISTORY_TRUNCATED;
    bool fails = watch->policy == KC_HISTORY_FAIL;
    *going_on = watch->policy == KC_HISTORY_SKIP ? high : low;
    note(watch, partition, kind, asked, fails ? -1 : *going_on);
    if (fails)
        return failure(watch, partition, asked, low, high);
    warn(watch, partition, asked, low, high, *going_on);
    return NULL;
}

void kc_history_watch_cut(struct kc_history_watch *watch,
                          const struct kc_mirrored_partition *partition, int64_t offset)
{
    kc_warn("%s-%d on %s was truncated: records from offset %lld to %lld, which have been "
            "mirrored, are no longer in it. Going on at offset %lld.",
            partition->topic, partition->partition, watch->alias, (long long)offset,
            (long long)partition->next_offset - 1, (long long)offset);
    note(watch, partition, KC_HISTORY_TRUNCATED, partition->next_offset, offset);
}
