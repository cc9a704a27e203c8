/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Committing a sink task's offsets: WorkerSinkTask.commitOffsets.
 *
 * The plugin decides in pre_commit() (or flush()) how far to commit. Offsets beyond what it was
 * given are ignored. The sequence number identifies an answer that comes after its time-out.
 */
#include "connect/log.h"
#include "sink/sink_task_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerSinkTask");

void kc_sink_select_all(struct kc_sink_task *task)
{
    for (size_t i = 0; i < task->positions.count; i++)
        task->positions.items[i].selected = true;
}

struct kc_topic_partition *kc_sink_selected(struct kc_sink_task *task, size_t *count,
                                            bool with_offsets_only)
{
    struct kc_topic_partition *list = kc_calloc(task->positions.count + 1, sizeof(*list));
    *count = 0;
    for (size_t i = 0; i < task->positions.count; i++) {
        const struct kc_sink_position *position = &task->positions.items[i];
        if (position->selected && (!with_offsets_only || position->delivered != KC_NO_OFFSET))
            list[(*count)++] = (struct kc_topic_partition){position->topic, position->partition,
                                                           position->delivered};
    }
    return list;
}

/* ---- the plugin's say ---- */

static struct kc_error *pre_commit(struct kc_sink_task *task, struct kc_topic_partition *offsets,
                                   size_t count)
{
    const struct kc_sink_task_ops *ops = task->core.plugin->sink_task;
    if (ops->pre_commit)
        return ops->pre_commit(task->task, offsets, count);
    return ops->flush ? ops->flush(task->task, offsets, count) : NULL;
}

static struct kc_error *close_selected(struct kc_sink_task *task)
{
    if (!task->core.plugin->sink_task->close)
        return NULL;
    size_t count;
    struct kc_topic_partition *list = kc_sink_selected(task, &count, false);
    struct kc_error *err =
        count ? task->core.plugin->sink_task->close(task->task, list, count) : NULL;
    free(list);
    return err;
}

static void rewind_to_committed(struct kc_sink_task *task)
{
    for (size_t i = 0; i < task->positions.count; i++) {
        struct kc_sink_position *position = &task->positions.items[i];
        if (!position->selected || position->committed == KC_NO_OFFSET)
            continue;
        kc_sink_context_seek(&task->context, position->topic, position->partition,
                             position->committed);
    }
}

/* ---- answers ---- */

static void finish(struct kc_sink_task *task, bool succeeded)
{
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->core.host);
    atomic_fetch_add(succeeded ? &metrics->commits : &metrics->commit_failures, 1);
    int64_t now = kc_mono_ms();
    kc_window_add_one(&metrics->commit_ms, now, now - task->commit_started_ms);
    task->committing = false;
}

static void take_committed(struct kc_sink_task *task,
                           const rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = 0; i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *item = &offsets->elems[i];
        struct kc_sink_position *position =
            kc_sink_positions_find(&task->positions, item->topic, item->partition);
        if (position && !item->err)
            position->committed = item->offset;
    }
}

static void on_answer(struct kc_sink_task *task, uintptr_t seqno, rd_kafka_resp_err_t code,
                      const rd_kafka_topic_partition_list_t *offsets)
{
    if (seqno != task->commit_seqno) {
        atomic_fetch_add(&kc_task_host_metrics(task->core.host)->commit_skips, 1);
        kc_debug("Received out of order commit callback for sequence number %zu, but most recent "
                 "sequence number is %zu",
                 (size_t)seqno, (size_t)task->commit_seqno);
        return;
    }
    if (code)
        kc_log_error("Commit of offsets failed for sequence number %zu: %s", (size_t)seqno,
                     rd_kafka_err2str(code));
    else if (offsets)
        take_committed(task, offsets);
    finish(task, !code);
}

static void on_commit(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    on_answer(rd_kafka_opaque(consumer), (uintptr_t)opaque, code, offsets);
}

/* ---- committing ---- */

static void send_commit(struct kc_sink_task *task, rd_kafka_topic_partition_list_t *offsets,
                        bool closing)
{
    if (kc_task_host_cancelled(task->core.host)) {
        kc_debug("Skipping final offset commit as task has been cancelled");
        task->committing = false;
        return;
    }
    if (closing) {
        rd_kafka_resp_err_t code = rd_kafka_commit(task->consumer, offsets, 0);
        on_answer(task, task->commit_seqno, code, offsets);
        return;
    }
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(task->consumer, offsets, task->queue,
                                                     on_commit, (void *)task->commit_seqno);
    if (code)
        on_answer(task, task->commit_seqno, code, NULL);
}

/* The delivered offsets that the plugin allows and that differ from the committed ones. */
static rd_kafka_topic_partition_list_t *
committable(struct kc_sink_task *task, const struct kc_topic_partition *offsets, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        const struct kc_topic_partition *item = &offsets[i];
        const struct kc_sink_position *position =
            kc_sink_positions_find(&task->positions, item->topic, item->partition);
        if (item->offset < 0 || !position || item->offset == position->committed)
            continue;
        if (item->offset > position->delivered) {
            kc_warn("Ignoring invalid task provided offset %s-%d/%lld -- not yet consumed, "
                    "currentOffset=%lld",
                    item->topic, item->partition, (long long)item->offset,
                    (long long)position->delivered);
            continue;
        }
        rd_kafka_topic_partition_list_add(list, item->topic, item->partition)->offset =
            item->offset;
    }
    return list;
}

struct kc_error *kc_sink_commit(struct kc_sink_task *task, bool closing)
{
    kc_dead_letter_queue_flush(task->dead_letters, kc_timeout_ms(task->core.flush_timeout_ms));
    size_t count;
    struct kc_topic_partition *offsets = kc_sink_selected(task, &count, true);
    struct kc_error *err = NULL, *refused = NULL;
    rd_kafka_topic_partition_list_t *list = NULL;
    if (count) {
        task->committing = true;
        task->commit_seqno++;
        atomic_store(&kc_task_host_metrics(task->core.host)->commit_seqno, task->commit_seqno);
        task->commit_started_ms = kc_mono_ms();
        refused = pre_commit(task, offsets, count);
        list = refused ? NULL : committable(task, offsets, count);
    }
    if (closing)
        err = close_selected(task);
    if (refused && closing)
        kc_warn("Offset commit failed during close: %s", kc_error_text(refused));
    else if (refused)
        kc_log_error("Offset commit failed, rewinding to last committed offsets: %s",
                     kc_error_text(refused));
    if (refused && !closing)
        rewind_to_committed(task);
    if (list && list->cnt > 0)
        send_commit(task, list, closing);
    else if (count)
        finish(task, !refused);
    if (list)
        rd_kafka_topic_partition_list_destroy(list);
    kc_error_destroy(refused);
    free(offsets);
    return err;
}
