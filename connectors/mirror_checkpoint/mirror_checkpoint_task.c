/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorCheckpointTask: translates the committed offsets of its groups and emits them as
 * checkpoints.
 *
 * Everything happens on the task's thread, except stop (any thread). The first polls load the
 * stores, which keeps start() short. Then, each interval, the task reads the offset syncs to their
 * end and asks the source for the groups' offsets. Trouble is logged and tried again, never fatal.
 */
#include "connect/log.h"
#include "connect/thread.h"
#include "mirror/mirror_offsets.h"
#include "mirror/name_filter.h"
#include "mirror/offset_translator.h"
#include "mirror_checkpoint/checkpoint_emission_priv.h"
#include "mirror_checkpoint/checkpoint_metrics_priv.h"
#include "mirror_checkpoint/checkpoint_store_priv.h"
#include "mirror_checkpoint/group_sync_priv.h"
#include "mirror_checkpoint/lag_watch_priv.h"
#include "mirror_checkpoint/mirror_checkpoint_priv.h"
#include "mirror_checkpoint/source_topics_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorCheckpointTask");

#define LONGEST_WAIT_MS 1000
#define READ_TIMEOUT_MS 5000
/* The time for which the checkpoints topic may stay unreadable before the task continues without
 * it. */
#define LOAD_PATIENCE_MS     60000
#define WARN_INTERVAL_MS     30000
#define PAST_END_INTERVAL_MS 300000
struct checkpoint_task {
    struct kc_source_context *context;
    struct kc_mirror_config *config;
    struct kc_name_filter *topics_filter;
    struct kc_strings groups;
    struct kc_source_topics *topics;
    char *checkpoints_topic;
    struct kc_admin *source;
    struct kc_admin *target;
    struct kc_offset_translator *translator;
    struct kc_topic_reader *checkpoints_reader; /* while loading */
    struct kc_checkpoint_store *checkpoints;
    struct kc_emission *emission;
    struct kc_lag_watch *lag_watch;
    struct kc_group_sync *group_sync; /* NULL: sync.group.offsets.enabled=false */
    int64_t interval_ms, due_ms;
    int64_t group_sync_interval_ms, group_sync_due_ms;
    int64_t started_ms, warned_ms, past_end_ms;
    bool checkpoints_loaded;
    bool syncs_loaded;
    struct kc_series *rounds;
    size_t last_untranslated; /* as it was logged; SIZE_MAX: not yet */

    struct kc_stop *stop;
};

static void *task_create(struct kc_source_context *context)
{
    struct checkpoint_task *task = kc_calloc(1, sizeof(*task));
    task->context = context;
    task->stop = kc_stop_new();
    task->checkpoints = kc_checkpoint_store_new();
    task->last_untranslated = SIZE_MAX;
    return task;
}

/* ---- starting ---- */

static struct kc_error *open_reader(struct checkpoint_task *task, enum kc_mirror_cluster cluster,
                                    const char *use, const char *topic,
                                    struct kc_topic_reader **reader)
{
    struct kc_map *properties =
        kc_mirror_client_properties(task->config, cluster, KC_CLIENT_CONSUMER, use);
    struct kc_error *err = kc_topic_reader_new(properties, topic, reader);
    kc_map_destroy(properties);
    return err;
}

static struct kc_error *open_clients(struct checkpoint_task *task)
{
    struct kc_error *err = kc_mirror_admin_new(task->config, KC_MIRROR_SOURCE,
                                               "checkpoint-source-admin", &task->source);
    if (!err)
        err = kc_mirror_admin_new(task->config, KC_MIRROR_TARGET, "checkpoint-target-admin",
                                  &task->target);
    if (!err)
        err = kc_offset_translator_new(task->config, &task->translator);
    if (!err)
        err = open_reader(task, KC_MIRROR_TARGET, "checkpoints-target-consumer",
                          task->checkpoints_topic, &task->checkpoints_reader);
    return err;
}

static void set_intervals(struct checkpoint_task *task)
{
    task->started_ms = kc_mono_ms();
    task->interval_ms = kc_mirror_interval_ms(task->config, "emit.checkpoints");
    task->due_ms = kc_deadline_ms(task->interval_ms < 0 ? 0 : task->interval_ms);
    task->group_sync_interval_ms = kc_mirror_interval_ms(task->config, "sync.group.offsets");
    task->group_sync_due_ms = kc_deadline_ms(task->group_sync_interval_ms);
    if (task->group_sync_interval_ms >= 0)
        task->group_sync = kc_group_sync_new(task->target, &task->groups,
                                             kc_lag_watch_series(task->lag_watch), task->config);
}

static struct kc_error *task_start(void *arg, const struct kc_map *properties)
{
    struct checkpoint_task *task = arg;
    struct kc_error *err =
        kc_mirror_config_new(&kc_mirror_checkpoint_plugin, properties, true, &task->config);
    if (err)
        return err;
    const struct kc_mirror_config *config = task->config;
    kc_strings_split(&task->groups, kc_map_get_or(properties, KC_TASK_GROUPS, ""));
    task->checkpoints_topic = kc_policy_checkpoints_topic(config->policy, config->source);
    err = kc_name_filter_new(config->properties, KC_FILTER_TOPICS, &task->topics_filter);
    if (!err)
        err = open_clients(task);
    if (err)
        return err;
    task->lag_watch =
        kc_lag_watch_new(task->context, config, &task->groups, task->source, task->target);
    task->topics = kc_source_topics_new(config, task->topics_filter, task->lag_watch);
    task->emission = kc_emission_new(task->context, config, task->checkpoints_topic);
    set_intervals(task);
    task->rounds = kc_round_metrics_open(task->context, config);
    kc_info("Checkpointing %zu consumer groups %s->%s: %s.", task->groups.count, config->source,
            config->target, kc_map_get_or(properties, KC_TASK_GROUPS, ""));
    return NULL;
}

/* ---- waiting ---- */

static bool is_stopping(void *arg)
{
    const struct checkpoint_task *task = arg;
    return kc_stop_is_set(task->stop);
}

static void wait_until(struct checkpoint_task *task, int64_t until)
{
    int64_t latest = kc_mono_ms() + LONGEST_WAIT_MS;
    if (until > latest)
        until = latest;
    kc_stop_wait_until(task->stop, until);
}

/* ---- loading ---- */

static void on_checkpoint(void *arg, const struct kc_log_record *record)
{
    struct checkpoint_task *task = arg;
    struct kc_checkpoint checkpoint;
    struct kc_error *err = kc_checkpoint_decode(record->key, record->key_len, record->value,
                                                record->value_len, &checkpoint);
    if (err) {
        kc_warn("Ignored invalid checkpoint record at offset %lld of %s: %s",
                (long long)record->offset, task->checkpoints_topic, kc_error_text(err));
        kc_error_destroy(err);
        return;
    }
    if (kc_strings_contain(&task->groups, checkpoint.group))
        kc_checkpoint_store_put(task->checkpoints, &checkpoint);
    kc_checkpoint_clear(&checkpoint);
}

static void finish_checkpoints(struct checkpoint_task *task, bool complete)
{
    task->checkpoints_loaded = true;
    if (!complete)
        kc_checkpoint_store_clear(task->checkpoints);
    kc_offset_translator_begin(task->translator, !complete);
    kc_topic_reader_destroy(task->checkpoints_reader);
    task->checkpoints_reader = NULL;
}

static bool is_missing_topic(const struct kc_error *err)
{
    return kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

/* Without the checkpoints of its predecessor a task could contradict them. Then it may use only
 * syncs that are newer than everything in the topic. */
static void load_checkpoints(struct checkpoint_task *task)
{
    struct kc_error *err = kc_topic_reader_read_to_end(task->checkpoints_reader, READ_TIMEOUT_MS,
                                                       on_checkpoint, is_stopping, task);
    bool refused = err && kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    bool late = kc_mono_ms() - task->started_ms > LOAD_PATIENCE_MS;
    if (!err || is_missing_topic(err)) {
        finish_checkpoints(task, true);
    } else if (refused || late) {
        kc_warn(
            "%s %s: %s. Checkpoints are only written for what is mirrored from now on. Allow READ "
            "on the topic and restart the task to change that.",
            refused ? "Not authorized to access checkpoints topic" : "Could not read",
            task->checkpoints_topic, kc_error_text(err));
        finish_checkpoints(task, false);
    }
    kc_error_destroy(err);
}

/* Says, now and then, what keeps the task from emitting checkpoints. Takes err. */
static void complain(struct checkpoint_task *task, struct kc_error *err)
{
    int64_t now = kc_mono_ms();
    bool silent = kc_error_code(err) == KC_ERR_WAKEUP ||
                  (task->warned_ms && now - task->warned_ms < WARN_INTERVAL_MS);
    if (!silent) {
        kc_warn("No checkpoints are written at the moment: %s", kc_error_text(err));
        task->warned_ms = now;
    }
    kc_error_destroy(err);
}

static void load(struct checkpoint_task *task)
{
    if (!task->checkpoints_loaded)
        load_checkpoints(task);
    if (!task->checkpoints_loaded)
        return;
    struct kc_error *err =
        kc_offset_translator_read(task->translator, READ_TIMEOUT_MS, is_stopping, task);
    if (err) {
        complain(task, err);
        return;
    }
    struct kc_offset_translator_size size = kc_offset_translator_size(task->translator);
    task->syncs_loaded = true;
    kc_info("Loaded %zu checkpoints, offset syncs of %zu partitions, and an offset index of %zu "
            "partitions (%zu changes, %zu bytes) in %lld ms.",
            kc_checkpoint_store_count(task->checkpoints), size.synced, size.indexed, size.changes,
            size.bytes, (long long)(kc_mono_ms() - task->started_ms));
}

/* ---- emitting ---- */

/* What one round found. */
struct checkpoint_round {
    int64_t timestamp;
    size_t translated;
    size_t inexact;
    size_t unmirrored;
    size_t past_end; /* of the target: they can't be this flow's */
    char example[600];
    size_t unknown; /* no offset sync: nothing was mirrored of the partition */
    size_t too_old;
};

/* Translates with the known syncs and index, and with an earlier round's look-up of the same
 * offset. */
static struct kc_translation translate(struct checkpoint_task *task,
                                       const struct kc_source_topic *topic,
                                       const rd_kafka_topic_partition_t *committed,
                                       const struct kc_checkpoint_entry *last)
{
    bool found = last && last->looked_for == committed->offset;
    return kc_offset_translator_translate(task->translator, topic->name, topic->remote,
                                          committed->partition, committed->offset,
                                          found ? last->found : -1, 0);
}

static void count(struct checkpoint_round *round, const struct kc_translation *translation)
{
    round->unknown += translation->downstream == KC_NOT_TRANSLATED;
    round->too_old += translation->downstream == KC_TOO_OLD;
    round->translated += translation->downstream >= 0;
    round->unmirrored += translation->unmirrored;
    round->inexact +=
        translation->downstream >= 0 && !translation->exact && !translation->unmirrored;
}

/* A translation behind the target's end belongs to another flow or to a topic that was created
 * again. */
static void refuse_past_end(struct checkpoint_round *round, const struct kc_source_topic *topic,
                            const struct kc_watched *partition, struct kc_translation *translation)
{
    if (!kc_lag_watch_is_past_end(partition, translation->downstream))
        return;
    if (round->past_end++ == 0)
        snprintf(round->example, sizeof(round->example), "%s-%d: offset %lld of %s", topic->remote,
                 (int)(partition - topic->partitions), (long long)translation->downstream,
                 topic->name);
    translation->downstream = KC_NOT_TRANSLATED;
    translation->upstream = -1;
}

static void checkpoint_partition(struct checkpoint_task *task, size_t group,
                                 const rd_kafka_topic_partition_t *committed,
                                 struct checkpoint_round *round)
{
    struct kc_source_topic *topic = NULL;
    const struct kc_watched *partition = kc_source_topics_meet(task->topics, committed, &topic);
    if (!partition)
        return;
    struct kc_checkpoint_entry *entry = kc_checkpoint_store_find(
        task->checkpoints, task->groups.items[group], topic->remote, committed->partition);
    struct kc_translation translation = translate(task, topic, committed, entry);
    refuse_past_end(round, topic, partition, &translation);
    count(round, &translation);
    kc_lag_watch_take(task->lag_watch, group, partition, committed->offset, &translation,
                      topic->record_bytes);
    if (translation.downstream < 0)
        return;
    struct kc_checkpoint checkpoint = {
        .group = task->groups.items[group],
        .topic = topic->remote,
        .partition = committed->partition,
        .upstream = committed->offset,
        .downstream = translation.downstream,
    };
    if (kc_checkpoint_is_newer(entry, &checkpoint)) {
        checkpoint.metadata =
            committed->metadata ? kc_strndup(committed->metadata, committed->metadata_size) : NULL;
        entry = kc_checkpoint_store_put(task->checkpoints, &checkpoint);
        kc_emission_add(task->emission, entry, round->timestamp);
        free(checkpoint.metadata);
    }
    if (translation.by == KC_BY_LOOKUP) {
        entry->looked_for = committed->offset;
        entry->found = translation.downstream;
    }
}

/* Takes offsets. */
static void checkpoint_group(struct checkpoint_task *task, size_t group,
                             rd_kafka_topic_partition_list_t *offsets,
                             struct checkpoint_round *round)
{
    if (offsets)
        kc_lag_watch_begin(task->lag_watch, group);
    for (int i = 0; offsets && i < offsets->cnt; i++)
        checkpoint_partition(task, group, &offsets->elems[i], round);
    if (offsets)
        rd_kafka_topic_partition_list_destroy(offsets);
}

/* Notes all partitions of the groups and asks for their end offsets. This comes after reading
 * offsets and offset syncs, so that no end is older than these. */
static void look_at_ends(struct checkpoint_task *task,
                         rd_kafka_topic_partition_list_t *const *offsets)
{
    struct kc_source_topic *topic = NULL;
    for (size_t g = 0; g < task->groups.count; g++)
        for (int i = 0; offsets[g] && i < offsets[g]->cnt; i++)
            kc_source_topics_meet(task->topics, &offsets[g]->elems[i], &topic);
    kc_source_topics_size(task->topics);
    kc_lag_watch_look(task->lag_watch);
}

static void checkpoint_groups(struct checkpoint_task *task, struct checkpoint_round *round)
{
    size_t count = task->groups.count;
    rd_kafka_topic_partition_list_t **offsets =
        kc_calloc(count + 1, sizeof(rd_kafka_topic_partition_list_t *));
    struct kc_error **errors = kc_calloc(count + 1, sizeof(struct kc_error *));
    struct kc_error *err = kc_admin_groups_offsets(task->source, &task->groups, offsets, errors);
    round->timestamp = kc_now_ms();
    if (err)
        complain(task, kc_error_prefix(err, "Could not read the offsets of consumer groups on %s",
                                       task->config->source));
    for (size_t i = 0; i < count; i++) {
        if (errors[i])
            kc_log_error("Could not read the offsets of consumer group %s on cluster %s: %s",
                         task->groups.items[i], task->config->source, kc_error_text(errors[i]));
        kc_error_destroy(errors[i]);
    }
    look_at_ends(task, offsets);
    for (size_t i = 0; i < count; i++)
        checkpoint_group(task, i, offsets[i], round);
    kc_lag_watch_tell(task->lag_watch);
    free(errors);
    free(offsets);
}

/* Says, now and then, that translations belong to another flow. */
static void warn_past_end(struct checkpoint_task *task, const struct checkpoint_round *round)
{
    int64_t now = kc_mono_ms();
    if (round->past_end == 0 ||
        (task->past_end_ms && now - task->past_end_ms < PAST_END_INTERVAL_MS))
        return;
    task->past_end_ms = now;
    kc_warn("%zu translated offsets are behind the end of their log on %s (%s): no checkpoint is "
            "written for them. Either the topic was made again on %s and isn't mirrored anew, or "
            "another connector of the same target alias, but with another source alias or "
            "replication policy, writes to the same offset-syncs topic: give each flow a target "
            "alias of its own.",
            round->past_end, task->config->target, round->example, task->config->target);
}

/* Tells when the number of offsets that can't be translated changes. */
static void report(struct checkpoint_task *task, const struct checkpoint_round *round)
{
    size_t untranslated = round->unknown + round->too_old;
    kc_debug("%zu offsets translated, %zu checkpoints to write", round->translated,
             kc_emission_waiting(task->emission));
    if (untranslated == task->last_untranslated)
        return;
    if (untranslated > 0)
        kc_info(
            "%zu of %zu committed offsets have no checkpoint: %zu in partitions of which nothing "
            "has been mirrored since the offset syncs begin, %zu older than the oldest usable "
            "offset sync. They get one when the groups advance.",
            untranslated, untranslated + round->translated, round->unknown, round->too_old);
    task->last_untranslated = untranslated;
}

static void report_round(struct checkpoint_task *task, const struct checkpoint_round *round,
                         int64_t began)
{
    struct kc_offset_translator_size size = kc_offset_translator_size(task->translator);
    struct kc_round_figures figures = {
        .checkpoints_ms = kc_mono_ms() - began,
        .sync_ms = -1,
        .offsets = round->translated,
        .inexact = round->inexact + round->unknown + round->too_old,
        .unmirrored = round->unmirrored,
        .lookups_waiting = size.waiting,
        .index_changes = size.changes,
        .index_bytes = size.bytes,
    };
    kc_round_metrics_report(task->rounds, &figures);
}

static void run_round(struct checkpoint_task *task)
{
    int64_t began = kc_mono_ms();
    struct kc_error *err =
        kc_offset_translator_read(task->translator, READ_TIMEOUT_MS, is_stopping, task);
    if (err) /* older syncs translate less far, but never wrongly */
        complain(task, kc_error_prefix(err, "New offset syncs could not be read"));
    struct checkpoint_round round = {0};
    checkpoint_groups(task, &round);
    report(task, &round);
    warn_past_end(task, &round);
    report_round(task, &round, began);
}

static void sync_groups(struct checkpoint_task *task)
{
    int64_t began = kc_mono_ms();
    struct kc_error *err = kc_group_sync_run(task->group_sync, task->checkpoints);
    if (err)
        kc_log_error("%s. Trying again in %lld ms.", kc_error_text(err),
                     (long long)task->group_sync_interval_ms);
    kc_error_destroy(err);
    struct kc_round_figures figures = {.checkpoints_ms = -1, .sync_ms = kc_mono_ms() - began};
    kc_round_metrics_report(task->rounds, &figures);
}

/* Checkpoints, and commits on the target, each when it is due. */
static void run_what_is_due(struct checkpoint_task *task)
{
    int64_t next = task->due_ms;
    if (task->group_sync && task->group_sync_due_ms < next)
        next = task->group_sync_due_ms;
    if (kc_mono_ms() < next)
        wait_until(task, next);
    int64_t now = kc_mono_ms();
    if (is_stopping(task))
        return;
    if (now >= task->due_ms) {
        run_round(task);
        task->due_ms = kc_deadline_ms(task->interval_ms);
    }
    if (task->group_sync && now >= task->group_sync_due_ms) {
        sync_groups(task);
        task->group_sync_due_ms = kc_deadline_ms(task->group_sync_interval_ms);
    }
}

static struct kc_error *task_poll(void *arg, struct kc_batch **batch)
{
    struct checkpoint_task *task = arg;
    *batch = NULL;
    if (is_stopping(task))
        return NULL;
    if (!task->syncs_loaded) {
        load(task);
        if (!task->syncs_loaded)
            wait_until(task, INT64_MAX);
        return NULL;
    }
    if (kc_emission_waiting(task->emission) == 0)
        run_what_is_due(task);
    *batch = kc_emission_next(task->emission);
    return NULL;
}

static void task_record_committed(void *arg, const struct kc_record *record,
                                  const struct kc_record_metadata *metadata)
{
    if (metadata)
        kc_checkpoint_metrics_committed(record->task_data, record->timestamp);
}

/* ---- ending ---- */

static void task_stop(void *arg)
{
    struct checkpoint_task *task = arg;
    kc_stop_set(task->stop);
}

static void task_destroy(void *arg)
{
    struct checkpoint_task *task = arg;
    kc_topic_reader_destroy(task->checkpoints_reader);
    kc_offset_translator_destroy(task->translator);
    kc_group_sync_destroy(task->group_sync);
    kc_lag_watch_destroy(task->lag_watch);
    kc_emission_destroy(task->emission);
    kc_checkpoint_store_destroy(task->checkpoints);
    if (task->source)
        kc_admin_destroy(task->source);
    if (task->target)
        kc_admin_destroy(task->target);
    kc_source_topics_destroy(task->topics);
    kc_series_unref(task->rounds);
    kc_name_filter_destroy(task->topics_filter);
    kc_strings_destroy(&task->groups);
    free(task->checkpoints_topic);
    kc_mirror_config_destroy(task->config);
    kc_stop_destroy(task->stop);
    free(task);
}

const struct kc_source_task_ops kc_mirror_checkpoint_task_ops = {
    .create = task_create,
    .start = task_start,
    .poll = task_poll,
    .record_committed = task_record_committed,
    .stop = task_stop,
    .destroy = task_destroy,
};
