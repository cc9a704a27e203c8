/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source task's raw batches: whether they pass as bytes, and the order of sending.
 *
 * Batches that came back from the target go first, then polled ones. The plugin is polled again
 * only if there are neither. Called by source_task.c on the task's thread, except
 * kc_source_task_raw_committed() and _wake_returned() (the acknowledgement thread, if there is
 * one).
 */
#include "connect/log.h"
#include "data/batch_read.h"
#include "source/eos_channel_priv.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.AbstractWorkerSourceTask");

enum { TELL_INTERVAL_MS = 30000, DRAIN_MS = 1000 };

bool kc_source_task_knows_raw(const struct kc_source_task *task)
{
    const struct kc_plugin *plugin = task->core.plugin;
    return plugin->api_minor >= 1 && plugin->source_task->raw_committed;
}

/* ---- telling ---- */

bool kc_source_task_passes_raw(const struct kc_source_task *task)
{
    return !task->raw_refusal;
}

static void set_lane(struct kc_source_task *task, const char *reason)
{
    bool passes = kc_source_task_passes_raw(task);
    if (!passes && kc_source_task_knows_raw(task))
        reason = task->raw_refusal;
    kc_task_host_set_lane(task->core.host, passes ? "bytes" : "records", reason);
}

void kc_source_task_tell_lane(struct kc_source_task *task, const char *lane)
{
    set_lane(task, lane);
    kc_source_task_watch_plain(task);
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
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->core.host);
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

struct kc_error *kc_source_task_recover_raw(struct kc_source_task *task, struct kc_batch **batch)
{
    struct kc_raw_counts counts = {0};
    struct kc_error *err = kc_lane_recover(task->lanes.batches, &counts, batch);
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
        err = kc_lane_fit(task->lanes.batches, batch);
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
    struct kc_lane *lane = task->lanes.batches;
    kc_lane_tend(lane);
    struct kc_error *err = kc_source_task_recover_raw(task, batch);
    if (err || *batch || !task->polled)
        return err;
    const char *open_all = task->raw_refusal ? task->raw_refusal : kc_lane_broken(lane);
    /* Records mustn't overtake batches; on the same lane they don't. */
    bool opens = open_all || task->expanded.opens;
    if (opens && kc_lanes_differ(&task->lanes) && !lane->ops->drain(lane, kc_mono_ms() + DRAIN_MS))
        return NULL;
    if (task->expanded.opens) {
        task->expanded.opens = NULL;
        task->expanded.drained = true;
    }
    return expand(task, open_all, batch);
}

void kc_source_task_wake_returned(struct kc_source_task *task)
{
    const struct kc_source_task_ops *ops = task->core.plugin->source_task;
    if (kc_lane_has_returned(task->lanes.batches) && ops->wake)
        ops->wake(task->task);
}

void kc_source_task_raw_committed(struct kc_source_task *task, const struct kc_raw *raw,
                                  const struct kc_raw_run *runs, int32_t run_count,
                                  int64_t target_offset, const struct kc_raw_facts *facts)
{
    int64_t target = target_offset;
    if (!kc_source_task_knows_raw(task))
        return;
    for (int32_t i = 0; i < run_count; i++) {
        struct kc_raw_run run = runs[i];
        run.target_offset = target;
        run.bytes = i == 0 ? facts->bytes : 0;
        run.base_timestamp = facts->base_timestamp;
        run.max_timestamp = facts->max_timestamp;
        task->core.plugin->source_task->raw_committed(task->task, raw, &run);
        if (target >= 0)
            target += run.count;
    }
}
