/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source task's raw batches: whether they pass as bytes, and in which order they are sent.
 *
 * What came back from the target goes first, then what was polled; only when there is neither is
 * the plugin polled again. Called by source_task.c on the task's thread, but for
 * kc_source_task_raw_committed(), _span_used() and _wake_raw() (the acknowledgement thread, where
 * there is one).
 */
#include "connect/log.h"
#include "source/eos_channel_priv.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.AbstractWorkerSourceTask");

enum { TELL_INTERVAL_MS = 30000, DRAIN_MS = 1000 };

bool kc_source_context_takes_raw(struct kc_source_context *context, const char **reason)
{
    *reason = context->task->raw_refusal;
    return *reason == NULL;
}

/* ---- the choice ---- */

static void on_wake(void *opaque)
{
    struct kc_source_task *task = opaque;
    task->how->raw_moved(task->delivery);
}

static void on_missing(void *opaque, const struct kc_strings *topics)
{
    struct kc_source_task *task = opaque;
    json_t *list = topics->count ? json_array() : NULL;
    for (size_t i = 0; i < topics->count; i++)
        json_array_append_new(list, json_string(topics->items[i]));
    kc_task_host_show(task->host, "missing_topics", list);
}

static bool knows_raw(const struct kc_plugin *plugin)
{
    return plugin->api_minor >= 1 && plugin->source_task->raw_committed;
}

/* Record batches of one connector's tasks go to different partitions, and the tasks may share an
 * appender; where transforms say where they go, they needn't, nor need records. */
static char *lane_name(const struct kc_source_task *task)
{
    const char *connector = kc_task_host_connector(task->host);
    const char *kind = task->raw_refusal ? "records" : "raw";
    return task->raw_refusal || task->rules.route
               ? kc_asprintf("%s-%s-%d", kind, connector, kc_task_host_task(task->host))
               : kc_asprintf("raw-%s", connector);
}

static void open_lane(struct kc_source_task *task, const struct kc_map *producer)
{
    char *name = lane_name(task);
    struct kc_raw_lane *lane = NULL;
    struct kc_error *err = kc_raw_lane_new(producer, task->config, name, on_wake, task, &lane);
    free(name);
    if (err) {
        kc_strings_add(&task->raw_failures, kc_error_text(err));
        task->raw_refusal = task->raw_failures.items[task->raw_failures.count - 1];
        kc_error_destroy(err);
        return;
    }
    kc_raw_lane_on_missing(lane, on_missing);
    pthread_mutex_lock(&task->mutex);
    task->raw = lane;
    pthread_mutex_unlock(&task->mutex);
}

void kc_source_task_open_raw(struct kc_source_task *task, const struct kc_map *producer)
{
    const struct kc_raw_choice choice = {
        .conversion = task->conversion,
        .connector_config = task->connector_config,
        .producer = producer,
    };
    bool leaves_out = task->how == &kc_at_least_once && kc_error_policy_tolerates_all(task->policy);
    bool knows = knows_raw(task->plugin);
    kc_raw_rules_clear(&task->rules);
    task->raw_refusal =
        knows ? kc_raw_lane_refusal(&choice, &task->rules) : "the connector hands over records";
    if (!task->raw_refusal || leaves_out)
        open_lane(task, producer);
    task->builds_batches = leaves_out && task->raw;
    if (leaves_out && !task->raw)
        kc_warn("A record that the target refuses will take others of its batch with it, for there "
                "is no raw lane: %s",
                task->raw_refusal);
    if (!knows)
        return;
    if (task->raw_refusal)
        kc_info("Record batches are opened and their records sent one by one: %s",
                task->raw_refusal);
    else
        kc_info("Record batches pass to the target as they are");
}

/* ---- telling ---- */

static void set_lane(struct kc_source_task *task, const char *reason)
{
    bool passes = kc_source_task_passes_raw(task);
    if (!passes && knows_raw(task->plugin))
        reason = task->raw_refusal;
    kc_task_host_set_lane(task->host, passes ? "bytes" : "records", reason);
}

bool kc_source_task_passes_raw(const struct kc_source_task *task)
{
    return task->raw && !task->raw_refusal;
}

void kc_source_task_tell_lane(struct kc_source_task *task, const char *lane)
{
    set_lane(task, lane);
    if (task->raw)
        kc_source_task_watch_appender(task);
    int64_t now = kc_mono_ms();
    if (lane == task->told_lane)
        return;
    if (task->told_lane && now - task->told_lane_ms < TELL_INTERVAL_MS)
        return;
    if (task->told_lane)
        kc_info("Lane: %s (before: %s)", lane, task->told_lane);
    task->told_lane = lane;
    task->told_lane_ms = now;
}

static void count(struct kc_source_task *task, const struct kc_raw_counts *counts)
{
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->host);
    for (int way = 0; way < KC_RAW_WAYS; way++) {
        atomic_fetch_add_explicit(&metrics->way_records[way], counts->records[way],
                                  memory_order_relaxed);
        atomic_fetch_add_explicit(&metrics->way_batches[way], counts->batches[way],
                                  memory_order_relaxed);
    }
    if (kc_source_task_passes_raw(task)) /* else the task's loop tells how the records travel */
        kc_source_task_tell_lane(task, counts->last_reason ? counts->last_reason
                                                           : "record batches as bytes");
}

/* ---- what is next ---- */

static void on_retract(void *opaque, struct kc_slot *slot)
{
    struct kc_source_task *task = opaque;
    task->how->retract(task->delivery, slot);
}

struct kc_error *kc_source_task_recover_raw(struct kc_source_task *task, struct kc_batch **batch)
{
    struct kc_raw_counts counts = {0};
    struct kc_error *err = kc_raw_lane_recover(task->raw, on_retract, task, &counts, batch);
    if (*batch)
        count(task, &counts);
    return err && task->how == &kc_exactly_once ? kc_eos_raw_error(task, err) : err;
}

void kc_source_task_drop_polled(struct kc_source_task *task)
{
    kc_batch_unref(task->polled);
    task->polled = NULL;
    kc_raw_cursor_clear(&task->expanded);
}

static struct kc_error *expand(struct kc_source_task *task, const char *open_all,
                               struct kc_batch **batch)
{
    struct kc_raw_counts counts = {0};
    struct kc_error *err =
        kc_raw_expand(task->polled, open_all, &task->rules, &task->expanded, &counts, batch);
    if (err || task->expanded.part == kc_batch_raw_count(task->polled))
        kc_source_task_drop_polled(task);
    if (!err && !open_all)
        err = kc_raw_lane_fit(task->raw, batch);
    if (err) {
        kc_batch_unref(*batch);
        *batch = NULL;
        return err;
    }
    uint64_t records = 0;
    for (int way = 0; way < KC_RAW_WAYS; way++)
        records += counts.records[way];
    kc_source_task_count_records(task, records);
    if (kc_batch_count(*batch) > 0) {
        count(task, &counts);
        return NULL;
    }
    kc_batch_unref(*batch);
    *batch = NULL;
    return NULL;
}

struct kc_error *kc_source_task_next_raw(struct kc_source_task *task, struct kc_batch **batch)
{
    *batch = NULL;
    if (task->raw) {
        kc_raw_lane_look_for_missing(task->raw);
        struct kc_error *err = kc_source_task_recover_raw(task, batch);
        if (err || *batch)
            return err;
    }
    if (!task->polled)
        return NULL;
    const char *open_all =
        kc_source_task_passes_raw(task) ? kc_raw_lane_broken(task->raw) : task->raw_refusal;
    /* Records mustn't overtake batches; on the same lane they don't. */
    bool opens = open_all || task->expanded.opens;
    if (opens && task->raw && !task->builds_batches &&
        !kc_raw_lane_drain(task->raw, kc_mono_ms() + DRAIN_MS))
        return NULL;
    if (task->expanded.opens) {
        task->expanded.opens = NULL;
        task->expanded.drained = true;
    }
    return expand(task, open_all, batch);
}

void kc_source_task_wake_raw(struct kc_source_task *task)
{
    const struct kc_source_task_ops *ops = task->plugin->source_task;
    if (kc_raw_lane_has_returned(task->raw) && ops->wake)
        ops->wake(task->task);
}

void kc_source_task_span_used(struct kc_source_task *task, const struct kc_raw_span *span)
{
    const char *topic = task->track_topics ? kc_raw_lane_announce(span) : NULL;
    if (topic)
        kc_task_host_topic_used(task->host, topic);
}

void kc_source_task_raw_committed(struct kc_source_task *task, const struct kc_raw *raw,
                                  const struct kc_raw_run *runs, int32_t run_count,
                                  int64_t target_offset, const struct kc_raw_facts *facts)
{
    int64_t target = target_offset;
    if (!knows_raw(task->plugin))
        return;
    for (int32_t i = 0; i < run_count; i++) {
        struct kc_raw_run run = runs[i];
        run.target_offset = target;
        run.bytes = i == 0 ? facts->bytes : 0;
        run.base_timestamp = facts->base_timestamp;
        run.max_timestamp = facts->max_timestamp;
        task->plugin->source_task->raw_committed(task->task, raw, &run);
        if (target >= 0)
            target += run.count;
    }
}
