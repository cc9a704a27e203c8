/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's functions for a sink task: SinkTaskContext and ErrantRecordReporter. On the task's
 * thread.
 */
#include "connect/log.h"
#include "connect/measure.h"
#include "sink/sink_task_priv.h"

#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerSinkTaskContext");

void kc_sink_context_seek(struct kc_sink_context *context, const char *topic, int32_t partition,
                          int64_t offset)
{
    struct kc_sink_task *task = context->task;
    if (!task->seeks)
        task->seeks = rd_kafka_topic_partition_list_new(4);
    rd_kafka_topic_partition_t *item =
        rd_kafka_topic_partition_list_find(task->seeks, topic, partition);
    if (!item)
        item = rd_kafka_topic_partition_list_add(task->seeks, topic, partition);
    item->offset = offset;
}

void kc_sink_context_timeout(struct kc_sink_context *context, int64_t timeout_ms)
{
    context->task->retry_timeout_ms = timeout_ms;
}

static void set_paused(struct kc_sink_task *task, const char *topic, int32_t partition, bool paused)
{
    struct kc_sink_position *position = kc_sink_positions_find(&task->positions, topic, partition);
    if (!position) {
        kc_warn("Can't %s %s-%d: it isn't assigned to this task", paused ? "pause" : "resume",
                topic, partition);
        return;
    }
    position->paused = paused;
    if (task->paused || task->paused_for_redelivery)
        return; /* all are, and this one pauses and resumes with the others */
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, topic, partition);
    if (paused)
        rd_kafka_pause_partitions(task->consumer, one);
    else
        rd_kafka_resume_partitions(task->consumer, one);
    rd_kafka_topic_partition_list_destroy(one);
}

void kc_sink_context_pause(struct kc_sink_context *context, const char *topic, int32_t partition)
{
    set_paused(context->task, topic, partition, true);
}

void kc_sink_context_resume(struct kc_sink_context *context, const char *topic, int32_t partition)
{
    set_paused(context->task, topic, partition, false);
}

void kc_sink_context_request_commit(struct kc_sink_context *context)
{
    context->task->commit_requested = true;
}

/* The consumed message that record was made of; NULL when it isn't of the current batch. */
static const rd_kafka_message_t *original(const struct kc_sink_task *task,
                                          const struct kc_record *record)
{
    for (size_t i = 0; i < task->message_count; i++) {
        const rd_kafka_message_t *message = task->messages[i];
        if (message->offset == record->original_offset &&
            message->partition == record->original_partition &&
            strcmp(rd_kafka_topic_name(message->rkt), record->original_topic) == 0)
            return message;
    }
    return NULL;
}

struct kc_error *kc_sink_context_report(struct kc_sink_context *context,
                                        const struct kc_record *record, struct kc_error *err)
{
    struct kc_sink_task *task = context->task;
    struct kc_processing processing = {.message = original(task, record)};
    struct kc_error *fatal =
        kc_error_policy_report(task->core.policy, &processing, KC_STAGE_TASK_PUT,
                               "org.apache.kafka.connect.sink.SinkTask", err);
    kc_processing_clear(&processing);
    return fatal;
}

struct kc_series *kc_sink_context_series(struct kc_sink_context *context,
                                         const struct kc_series_group *group,
                                         const char *const *values)
{
    return kc_series_list_add(kc_task_host_series(context->task->core.host), group, values);
}
