/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auto.offset.reset=by_duration:... (KIP-1106), which librdkafka lacks: in a partition without a
 * committed offset, a sink begins at the first record of that time.
 *
 * Called on the task's thread, within its rebalance callback.
 */
#include "sink/sink_task_priv.h"

enum { ANSWER_MS = 30000 };

/* The partitions without a committed offset; their offset is the time to begin at. */
static rd_kafka_topic_partition_list_t *
uncommitted(rd_kafka_t *consumer, const rd_kafka_topic_partition_list_t *partitions, int64_t from,
            rd_kafka_resp_err_t *code)
{
    rd_kafka_topic_partition_list_t *committed = rd_kafka_topic_partition_list_copy(partitions);
    rd_kafka_topic_partition_list_t *fresh = rd_kafka_topic_partition_list_new(partitions->cnt);
    *code = rd_kafka_committed(consumer, committed, ANSWER_MS);
    for (int i = 0; i < committed->cnt && !*code; i++) {
        const rd_kafka_topic_partition_t *item = &committed->elems[i];
        *code = item->err;
        if (item->offset < 0)
            rd_kafka_topic_partition_list_add(fresh, item->topic, item->partition)->offset = from;
    }
    rd_kafka_topic_partition_list_destroy(committed);
    return fresh;
}

/* A partition without a record from that time on begins at its end. */
static void place(rd_kafka_topic_partition_list_t *partitions,
                  const rd_kafka_topic_partition_list_t *found)
{
    for (int i = 0; i < found->cnt; i++) {
        const rd_kafka_topic_partition_t *item = &found->elems[i];
        rd_kafka_topic_partition_t *target =
            rd_kafka_topic_partition_list_find(partitions, item->topic, item->partition);
        if (target && !item->err)
            target->offset = item->offset >= 0 ? item->offset : RD_KAFKA_OFFSET_END;
    }
}

struct kc_error *kc_sink_begin_by_duration(struct kc_sink_task *task,
                                           rd_kafka_topic_partition_list_t *partitions)
{
    if (task->reset_back_ms < 0 || partitions->cnt == 0)
        return NULL;
    rd_kafka_resp_err_t code;
    rd_kafka_topic_partition_list_t *fresh =
        uncommitted(task->consumer, partitions, kc_now_ms() - task->reset_back_ms, &code);
    if (!code && fresh->cnt)
        code = rd_kafka_offsets_for_times(task->consumer, fresh, ANSWER_MS);
    if (!code)
        place(partitions, fresh);
    rd_kafka_topic_partition_list_destroy(fresh);
    return code ? kc_client_error(code, "Could not find where to begin by auto.offset.reset")
                : NULL;
}
