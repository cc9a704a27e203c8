/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a checkpoint task's measures, see checkpoint_metrics_priv.h. */
#include "mirror_checkpoint/checkpoint_metrics_priv.h"

enum { LATENCY, CHECKPOINTS };

static const char *const labels[] = {"source", "target", "group", "topic", "partition", NULL};

static const struct kc_measure measures[] = {
    [LATENCY] = {KC_MEASURE_WINDOW, "checkpoint_latency_ms",
                 "From looking at a group's offset to the acknowledgement of its checkpoint, in "
                 "milliseconds"},
    [CHECKPOINTS] = {KC_MEASURE_COUNTER, "checkpoint_count",
                     "Checkpoints written and acknowledged by the target"},
};

static const struct kc_series_group checkpoints = {"kafka_connect_mirror_checkpoint_connector",
                                                   labels, measures,
                                                   sizeof(measures) / sizeof(measures[0])};

/* KIP-1280 */
static const char *const plugin_labels[] = {"connector", "task",  "source",    "target",
                                            "group",     "topic", "partition", NULL};

static const struct kc_series_group plugin_checkpoints = {
    "kafka_connect_plugins", plugin_labels, measures, sizeof(measures) / sizeof(measures[0])};

struct kc_mirror_series *kc_checkpoint_metrics_open(struct kc_source_context *context,
                                                    const struct kc_mirror_config *config,
                                                    const struct kc_checkpoint *checkpoint)
{
    char number[16];
    snprintf(number, sizeof(number), "%d", checkpoint->partition);
    const char *const values[] = {config->source, config->target, checkpoint->group,
                                  checkpoint->topic, number};
    return kc_mirror_series_new(context, config, &checkpoints, &plugin_checkpoints, values);
}

void kc_checkpoint_metrics_committed(struct kc_mirror_series *series, int64_t timestamp)
{
    struct kc_sample latency = {0};
    int64_t now = kc_now_ms();
    kc_sample_take(&latency, now > timestamp ? now - timestamp : 0);
    kc_mirror_series_sample(series, LATENCY, &latency);
    kc_mirror_series_add(series, CHECKPOINTS, 1);
}

enum {
    MEMBERS,
    SYNCED,
    SOURCE_RECORDS,
    SOURCE_BYTES,
    SOURCE_SECONDS,
    TRANSLATION_RECORDS,
    TRANSLATION_BYTES,
    TRANSLATION_SECONDS,
    TARGET_RECORDS,
    UNTRANSLATED,
};

static const char *const group_labels[] = {"source", "target", "group", NULL};

static const struct kc_measure group_measures[] = {
    [MEMBERS] = {KC_MEASURE_GAUGE, "target_members",
                 "Members that the group has on the target; while there are any, its offsets "
                 "there are left alone"},
    [SYNCED] = {KC_MEASURE_COUNTER, "synced_offsets_total",
                "Offsets that were committed for the group on the target"},
    [SOURCE_RECORDS] = {KC_MEASURE_GAUGE, "source_lag_records",
                        "Records from the group's committed offsets to the ends of the source's "
                        "logs, at the last round"},
    [SOURCE_BYTES] = {KC_MEASURE_GAUGE, "source_lag_bytes",
                      "The same in bytes, as an estimate: times the average size of the topic's "
                      "records that tasks of this worker have mirrored"},
    [SOURCE_SECONDS] = {KC_MEASURE_SPAN, "source_lag_seconds",
                        "Time since the source's log ended where the group has come to, of the "
                        "partition where it is longest; 0 where nothing is missing"},
    [TRANSLATION_RECORDS] = {KC_MEASURE_GAUGE, "translation_lag_records",
                             "Records that the group would read again on the target: from what its "
                             "translated offsets stand for to its committed ones, at most"},
    [TRANSLATION_BYTES] = {KC_MEASURE_GAUGE, "translation_lag_bytes",
                           "The same in bytes, as an estimate"},
    [TRANSLATION_SECONDS] = {KC_MEASURE_SPAN, "translation_lag_seconds",
                             "How much of the source's time lies between the two, of the partition "
                             "where it is longest"},
    [TARGET_RECORDS] = {KC_MEASURE_GAUGE, "target_lag_records",
                        "Records from the group's translated offsets to the ends of the target's "
                        "logs"},
    [UNTRANSLATED] = {KC_MEASURE_GAUGE, "untranslated_partitions",
                      "Partitions of the group whose offset has no translation"},
};

static const struct kc_series_group groups = {"isthmus_mirror_group", group_labels, group_measures,
                                              sizeof(group_measures) / sizeof(group_measures[0])};

struct kc_series *kc_group_metrics_open(struct kc_source_context *context,
                                        const struct kc_mirror_config *config, const char *group)
{
    const char *const values[] = {config->source, config->target, group};
    return kc_source_context_series(context, &groups, values);
}

void kc_group_metrics_members(struct kc_series *series, int members)
{
    kc_series_set(series, MEMBERS, members);
}

void kc_group_metrics_synced(struct kc_series *series, int offsets)
{
    kc_series_add(series, SYNCED, (uint64_t)offsets);
}

static void set_lag(struct kc_series *series, size_t records, const struct kc_lag *lag)
{
    enum { BYTES_AFTER = 1, SECONDS_AFTER = 2 };
    kc_series_set(series, records, lag->records);
    kc_series_set(series, records + BYTES_AFTER,
                  lag->bytes_unknown ? INT64_MIN : (int64_t)lag->bytes);
    kc_series_set(series, records + SECONDS_AFTER, lag->ms);
}

void kc_group_metrics_lag(struct kc_series *series, const struct kc_group_lag *lag)
{
    set_lag(series, SOURCE_RECORDS, &lag->source);
    set_lag(series, TRANSLATION_RECORDS, &lag->translation);
    kc_series_set(series, TARGET_RECORDS, lag->target_records);
    kc_series_set(series, UNTRANSLATED, (int64_t)lag->untranslated);
}

enum { ROUND, SYNC, OFFSETS, INEXACT, UNMIRRORED, LOOKUPS, CHANGES, BYTES };

static const char *const round_labels[] = {"source", "target", NULL};

static const struct kc_measure round_measures[] = {
    [ROUND] = {KC_MEASURE_WINDOW, "round_ms",
               "Reading and translating the offsets of all groups of the task, in milliseconds"},
    [SYNC] = {KC_MEASURE_WINDOW, "sync_ms",
              "Syncing the offsets of all groups of the task to the target, in milliseconds"},
    [OFFSETS] = {KC_MEASURE_GAUGE, "translated_offsets",
                 "Committed offsets that were translated in the last round"},
    [INEXACT] =
        {KC_MEASURE_GAUGE, "inexact_offsets",
         "Those of them that may point further back than they must, or have no translation"},
    [UNMIRRORED] = {KC_MEASURE_GAUGE, "unmirrored_offsets",
                    "Those of them that point to records that aren't mirrored yet"},
    [LOOKUPS] = {KC_MEASURE_GAUGE, "waiting_lookups",
                 "Offsets that wait for being looked up in the topics"},
    [CHANGES] = {KC_MEASURE_GAUGE, "index_changes",
                 "Changes that the offset index in memory holds"},
    [BYTES] = {KC_MEASURE_GAUGE, "index_bytes", "Bytes that it takes"},
};

static const struct kc_series_group rounds = {"isthmus_mirror_checkpoint", round_labels,
                                              round_measures,
                                              sizeof(round_measures) / sizeof(round_measures[0])};

struct kc_series *kc_round_metrics_open(struct kc_source_context *context,
                                        const struct kc_mirror_config *config)
{
    const char *const values[] = {config->source, config->target};
    return kc_source_context_series(context, &rounds, values);
}

static void take_time(struct kc_series *series, size_t measure, int64_t ms)
{
    struct kc_sample sample = {0};
    if (ms < 0)
        return;
    kc_sample_take(&sample, ms);
    kc_series_sample(series, measure, &sample);
}

void kc_round_metrics_report(struct kc_series *series, const struct kc_round_figures *figures)
{
    take_time(series, ROUND, figures->checkpoints_ms);
    take_time(series, SYNC, figures->sync_ms);
    if (figures->checkpoints_ms < 0)
        return;
    kc_series_set(series, OFFSETS, (int64_t)figures->offsets);
    kc_series_set(series, INEXACT, (int64_t)figures->inexact);
    kc_series_set(series, UNMIRRORED, (int64_t)figures->unmirrored);
    kc_series_set(series, LOOKUPS, (int64_t)figures->lookups_waiting);
    kc_series_set(series, CHANGES, (int64_t)figures->index_changes);
    kc_series_set(series, BYTES, (int64_t)figures->index_bytes);
}
