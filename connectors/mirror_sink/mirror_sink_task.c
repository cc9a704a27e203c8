/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorSinkTask: pushes the worker's consumed records to the target, one by one, and writes offset
 * syncs and the offset index for acknowledged ones.
 *
 * Everything runs on the task's thread: the producer's acknowledgements come out of its poll. The
 * idempotent producer keeps each partition's order and never gives up while trouble may pass. So a
 * target that is down stops the task's consumption and nothing else. Offsets are committed up to
 * the first record of a partition that isn't acknowledged.
 *
 * A partition whose topic isn't on the target yet is paused. It continues from its first record
 * once the connector has created the topic. So no broker creates it with its own settings.
 */
#include "connect/log.h"
#include "mirror/mirror_config.h"
#include "mirror/offset_sync_producer.h"
#include "mirror_sink/mirror_sink_priv.h"
#include "mirror_sink/pushed_index_priv.h"
#include "mirror_sink/pushed_topics_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSinkTask");

enum {
    FULL_WAIT_MS = 2000,   /* for room in the producer's buffer, before the records are refused */
    COMMIT_WAIT_MS = 5000, /* how long a commit waits for records under way */
    CLOSE_WAIT_MS = 5000,
    LOOK_MS = 1000, /* between two looks for topics that are waited for */
    WARN_MS = 30000,
};

struct mirror_sink_task {
    struct kc_sink_context *context;
    struct kc_mirror_config *config;
    struct kc_flow *flow;
    rd_kafka_t *producer;
    struct kc_offset_sync_producer *syncs; /* NULL: emit.offset-syncs.enabled=false */
    struct kc_pushed_topics topics;
    struct kc_pushed_index index; /* config is NULL: there is none */
    size_t waiting;               /* partitions that wait for their topic */
    int64_t look_ms;
    int64_t warned_ms;
    struct kc_error *failure; /* of a record that the target refused */
};

/* A record under way: what its acknowledgement has to know. */
struct pushed {
    struct kc_pushed_partition *partition;
    int64_t offset;
    int64_t timestamp;
    size_t bytes;
};

/* ---- metrics ---- */

enum { RECORDS, BYTES, LATENCY, MEASURES };

static const char *const labels[] = {"source", "target", "topic", "partition", NULL};

static const struct kc_measure measures[MEASURES] = {
    [RECORDS] = {KC_MEASURE_COUNTER, "record_count",
                 "Records pushed and acknowledged by the target", .rate = "record_rate"},
    [BYTES] = {KC_MEASURE_COUNTER, "byte_count", "Bytes of the values of records pushed",
               .rate = "byte_rate"},
    [LATENCY] = {KC_MEASURE_WINDOW, "replication_latency_ms",
                 "From a record's timestamp to its acknowledgement by the target, in milliseconds"},
};

static const struct kc_series_group group = {"kafka_connect_mirror_sink_connector", labels,
                                             measures, MEASURES};

static void open_series(struct mirror_sink_task *task, struct kc_pushed_partition *partition)
{
    char number[16];
    snprintf(number, sizeof(number), "%d", partition->number);
    const char *const values[] = {task->config->source, task->config->target,
                                  partition->topic->remote, number};
    partition->series = kc_sink_context_series(task->context, &group, values);
}

static void count(const struct pushed *pushed)
{
    struct kc_sample latency = {0};
    int64_t now = kc_now_ms();
    if (pushed->timestamp >= 0)
        kc_sample_take(&latency, now > pushed->timestamp ? now - pushed->timestamp : 0);
    kc_series_add(pushed->partition->series, RECORDS, 1);
    kc_series_add(pushed->partition->series, BYTES, pushed->bytes);
    kc_series_sample(pushed->partition->series, LATENCY, &latency);
}

/* ---- acknowledgements ---- */

static void fail(struct mirror_sink_task *task, const struct kc_pushed_partition *partition,
                 int64_t offset, rd_kafka_resp_err_t code)
{
    if (task->failure || code == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return;
    task->failure = kc_error_kafka_new(
        code, false,
        "The record at offset %lld of %s-%d could not be written to %s on %s: %s. Correct the "
        "cause, or leave the record out by the connector's offsets, and restart the task",
        (long long)offset, partition->topic->name, partition->number, partition->topic->remote,
        task->config->target, rd_kafka_err2str(code));
}

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    struct mirror_sink_task *task = opaque;
    struct pushed *pushed = message->_private;
    struct kc_pushed_partition *partition = pushed->partition;
    if (message->err) {
        kc_pushed_refused(partition, pushed->offset);
        fail(task, partition, pushed->offset, message->err);
        free(pushed);
        return;
    }
    kc_pushed_acked(partition, pushed->offset);
    count(pushed);
    kc_pushed_index_add(&task->index, partition, pushed->offset,
                        message->offset >= 0 ? message->offset : -1);
    if (task->syncs && message->offset >= 0)
        kc_offset_sync_writer_update(kc_offset_sync_producer_writer(task->syncs), &partition->sync,
                                     pushed->offset, message->offset);
    free(pushed);
}

static struct kc_error *take_failure(struct mirror_sink_task *task)
{
    struct kc_error *err = task->failure;
    task->failure = NULL;
    return err;
}

/* Serves the producer for at most wait_ms; returns at once when nothing is under way. */
static void serve(struct mirror_sink_task *task, int wait_ms)
{
    int64_t deadline = kc_mono_ms() + wait_ms;
    rd_kafka_poll(task->producer, 0);
    while (!task->failure && rd_kafka_outq_len(task->producer) > 0 && kc_mono_ms() < deadline)
        rd_kafka_poll(task->producer, 50);
    kc_pushed_index_serve(&task->index);
    if (task->syncs)
        kc_offset_sync_producer_serve(task->syncs);
}

/* ---- starting ---- */

static void *task_create(struct kc_sink_context *context)
{
    struct mirror_sink_task *task = kc_calloc(1, sizeof(*task));
    task->context = context;
    task->warned_ms = INT64_MIN / 2;
    return task;
}

static struct kc_error *open_producer(struct mirror_sink_task *task)
{
    rd_kafka_conf_t *conf = NULL;
    struct kc_map *properties = kc_mirror_client_properties(
        task->config, KC_MIRROR_TARGET, KC_CLIENT_PRODUCER, "replication-producer");
    kc_map_set_default(properties, "acks", "all");
    kc_map_set_default(properties, "enable.idempotence", "true");
    kc_map_set_default(properties, "delivery.timeout.ms", "2147483647");
    kc_map_set_default(properties, "buffer.memory", "33554432");
    struct kc_error *err = kc_client_conf(KC_CLIENT_PRODUCER, properties, &conf);
    kc_map_destroy(properties);
    if (err)
        return err;
    rd_kafka_conf_set_opaque(conf, task);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    return kc_client_new(KC_CLIENT_PRODUCER, conf, &task->producer);
}

static struct kc_error *task_start(void *arg, const struct kc_map *properties)
{
    struct mirror_sink_task *task = arg;
    struct kc_error *err =
        kc_mirror_config_new(&kc_mirror_sink_plugin, properties, true, &task->config);
    if (!err)
        err = kc_flow_subscribed_new(task->config, &task->flow);
    task->topics.flow = task->flow;
    if (!err && kc_mirror_bool(task->config, "emit.offset-syncs.enabled"))
        err = kc_offset_sync_producer_new(task->config, &task->syncs);
    if (!err && task->syncs && kc_mirror_has_offset_index(task->config))
        task->index = (struct kc_pushed_index){
            .config = task->config, .producer = task->syncs, .topics = &task->topics};
    return err ? err : open_producer(task);
}

static struct kc_error *task_open(void *arg, const struct kc_topic_partition *partitions,
                                  size_t number)
{
    struct mirror_sink_task *task = arg;
    for (size_t i = 0; i < number; i++) {
        struct kc_pushed_partition *partition =
            kc_pushed_find(&task->topics, partitions[i].topic, partitions[i].partition);
        task->waiting -= partition->waiting >= 0;
        kc_pushed_open(partition);
    }
    if (task->index.config)
        kc_pushed_index_open(&task->index, partitions, number);
    return NULL;
}

static struct kc_error *task_close(void *arg, const struct kc_topic_partition *partitions,
                                   size_t number)
{
    struct mirror_sink_task *task = arg;
    if (task->index.config)
        kc_pushed_index_leave(&task->index, partitions, number);
    return NULL;
}

/* ---- topics that aren't there yet ---- */

static struct kc_error *look_for(struct mirror_sink_task *task, struct kc_pushed_topic *topic)
{
    struct kc_strings names = {0};
    struct kc_topic_infos infos = {0};
    kc_strings_add(&names, topic->remote);
    struct kc_error *err = kc_admin_topics(task->flow->target, &names, &infos);
    if (!err && infos.count == 1 && !infos.items[0].error)
        topic->remote_partitions = infos.items[0].partitions;
    kc_topic_infos_destroy(&infos);
    kc_strings_destroy(&names);
    return err ? kc_error_prefix(err, "Could not look for topic %s on %s", topic->remote,
                                 task->config->target)
               : NULL;
}

/* Takes err, from looking at the target; NULL: the topic isn't there. */
static void warn(struct mirror_sink_task *task, const struct kc_pushed_partition *partition,
                 struct kc_error *err)
{
    int64_t now = kc_mono_ms();
    if (now - task->warned_ms >= WARN_MS) {
        kc_warn("%s-%d waits: %s", partition->topic->name, partition->number,
                err ? kc_error_text(err) : "its topic or partition isn't on the target yet");
        task->warned_ms = now;
    }
    kc_error_destroy(err);
}

/* Holds the partition back from the record at offset on. */
static void hold(struct mirror_sink_task *task, struct kc_pushed_partition *partition,
                 int64_t offset)
{
    const char *topic = partition->topic->name;
    partition->waiting = offset;
    task->waiting++;
    task->look_ms = kc_mono_ms() + LOOK_MS;
    kc_sink_context_pause(task->context, topic, partition->number);
    kc_sink_context_seek(task->context, topic, partition->number, offset);
}

/* Whether the record at offset can be sent now. */
static bool has_place(struct mirror_sink_task *task, struct kc_pushed_partition *partition,
                      int64_t offset)
{
    struct kc_pushed_topic *topic = partition->topic;
    if (partition->waiting >= 0)
        return false;
    if (partition->number < topic->remote_partitions)
        return true;
    struct kc_error *err = look_for(task, topic);
    if (!err && partition->number < topic->remote_partitions)
        return true;
    warn(task, partition, err);
    hold(task, partition, offset);
    return false;
}

static void look_again(struct mirror_sink_task *task, struct kc_pushed_topic *topic)
{
    struct kc_error *err = NULL;
    for (int32_t i = 0; i < topic->limit && !err; i++) {
        struct kc_pushed_partition *partition = topic->partitions[i];
        if (!partition || partition->waiting < 0)
            continue;
        if (partition->number >= topic->remote_partitions)
            err = look_for(task, topic);
        if (err || partition->number >= topic->remote_partitions) {
            warn(task, partition, err);
            return;
        }
        partition->waiting = -1;
        task->waiting--;
        kc_sink_context_resume(task->context, topic->name, partition->number);
    }
}

static void serve_waiting(struct mirror_sink_task *task)
{
    if (task->waiting == 0 || kc_mono_ms() < task->look_ms)
        return;
    for (struct kc_pushed_topic *topic = task->topics.first; topic; topic = topic->next)
        look_again(task, topic);
    task->look_ms = kc_mono_ms() + LOOK_MS;
}

/* ---- sending ---- */

static bool is_bytes(const struct kc_value *value)
{
    return value->type == KC_TYPE_BYTES || value->type == KC_TYPE_NULL;
}

static struct kc_error *check_bytes(const struct kc_record *record)
{
    bool bytes = is_bytes(&record->key) && is_bytes(&record->value);
    for (uint32_t i = 0; bytes && i < record->header_count; i++)
        bytes = is_bytes(&record->headers[i].value);
    if (bytes)
        return NULL;
    return kc_error_new(KC_ERR_DATA,
                        "The record at offset %lld of %s-%d didn't come as bytes: set "
                        "key.converter, value.converter and header.converter of this connector to "
                        "org.apache.kafka.connect.converters.ByteArrayConverter",
                        (long long)record->original_offset, record->original_topic,
                        record->original_partition);
}

static rd_kafka_headers_t *headers_of(const struct kc_record *record)
{
    if (record->header_count == 0)
        return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (uint32_t i = 0; i < record->header_count; i++) {
        const struct kc_header *header = &record->headers[i];
        bool null = header->value.type == KC_TYPE_NULL;
        rd_kafka_header_add(headers, header->key, -1, null ? NULL : header->value.u.bytes.data,
                            null ? 0 : (ssize_t)header->value.u.bytes.len);
    }
    return headers;
}

/* librdkafka reads 0 as the present time, because it has no value for none. */
static int64_t time_of(const struct kc_record *record)
{
    return record->timestamp > 0 ? record->timestamp : record->timestamp == 0 ? 1 : 0;
}

static const void *data_of(const struct kc_value *value, size_t *len)
{
    *len = value->type == KC_TYPE_NULL ? 0 : value->u.bytes.len;
    return value->type == KC_TYPE_NULL ? NULL : value->u.bytes.data;
}

static rd_kafka_resp_err_t produce(struct mirror_sink_task *task,
                                   struct kc_pushed_partition *partition,
                                   const struct kc_record *record)
{
    size_t key_len, value_len;
    const void *key = data_of(&record->key, &key_len);
    const void *value = data_of(&record->value, &value_len);
    rd_kafka_headers_t *headers = headers_of(record);
    struct pushed *pushed = kc_malloc(sizeof(*pushed));
    *pushed = (struct pushed){partition, record->original_offset, record->timestamp, value_len};
    rd_kafka_resp_err_t code = rd_kafka_producev(
        task->producer, RD_KAFKA_V_TOPIC(partition->topic->remote),
        RD_KAFKA_V_PARTITION(partition->number), RD_KAFKA_V_KEY(key, key_len),
        RD_KAFKA_V_VALUE((void *)value, value_len), RD_KAFKA_V_TIMESTAMP(time_of(record)),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(pushed),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (!code)
        return code;
    if (headers)
        rd_kafka_headers_destroy(headers);
    free(pushed);
    return code;
}

/* Makes room while the producer's buffer is full, for a while. */
static rd_kafka_resp_err_t produce_when_room(struct mirror_sink_task *task,
                                             struct kc_pushed_partition *partition,
                                             const struct kc_record *record)
{
    int64_t deadline = kc_mono_ms() + FULL_WAIT_MS;
    rd_kafka_resp_err_t code = produce(task, partition, record);
    while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && !task->failure && kc_mono_ms() < deadline) {
        rd_kafka_poll(task->producer, 50);
        code = produce(task, partition, record);
    }
    return code;
}

static struct kc_error *push(struct mirror_sink_task *task, const struct kc_record *record)
{
    int64_t offset = record->original_offset;
    struct kc_pushed_partition *partition =
        kc_pushed_find(&task->topics, record->original_topic, record->original_partition);
    if (!partition->topic->remote || !kc_pushed_is_due(partition, offset) ||
        !has_place(task, partition, offset))
        return NULL;
    if (!partition->series)
        open_series(task, partition);
    struct kc_error *err = check_bytes(record);
    if (err)
        return err;
    rd_kafka_resp_err_t code = produce_when_room(task, partition, record);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return kc_error_retriable_new(KC_ERR_KAFKA,
                                      "%s doesn't take records as fast as they come, or can't be "
                                      "reached: %d are under way",
                                      task->config->target, rd_kafka_outq_len(task->producer));
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return kc_sink_context_report(
            task->context, record,
            kc_error_kafka_new(code, false,
                               "The record at offset %lld of %s-%d is larger than "
                               "target.producer.max.request.size",
                               (long long)offset, record->original_topic,
                               record->original_partition));
    if (code) {
        fail(task, partition, offset, code);
        return take_failure(task);
    }
    kc_pushed_sent(partition, offset);
    return NULL;
}

static struct kc_error *task_put(void *arg, struct kc_batch *batch)
{
    struct mirror_sink_task *task = arg;
    struct kc_error *err = NULL;
    serve_waiting(task);
    for (size_t i = 0; !err && i < kc_batch_count(batch); i++)
        err = push(task, kc_batch_at(batch, i));
    serve(task, 0);
    if (task->failure) {
        kc_error_destroy(err);
        err = take_failure(task);
    }
    return err;
}

/* ---- committing ---- */

static struct kc_error *task_pre_commit(void *arg, struct kc_topic_partition *offsets,
                                        size_t number)
{
    struct mirror_sink_task *task = arg;
    serve(task, COMMIT_WAIT_MS);
    for (size_t i = 0; i < number; i++) {
        const struct kc_pushed_partition *partition =
            kc_pushed_find(&task->topics, offsets[i].topic, offsets[i].partition);
        offsets[i].offset = kc_pushed_commit(partition, offsets[i].offset);
    }
    if (task->syncs) {
        kc_offset_sync_writer_promote(kc_offset_sync_producer_writer(task->syncs));
        kc_offset_sync_producer_serve(task->syncs);
    }
    return NULL; /* a failure is put()'s to tell, which fails the task */
}

/* ---- the end ---- */

static void task_stop(void *arg)
{
    struct mirror_sink_task *task = arg;
    if (task->producer)
        serve(task, CLOSE_WAIT_MS);
}

static void task_destroy(void *arg)
{
    struct mirror_sink_task *task = arg;
    if (task->producer) {
        rd_kafka_purge(task->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(task->producer, 100);
        rd_kafka_destroy(task->producer);
    }
    kc_pushed_index_close(&task->index);
    kc_offset_sync_producer_destroy(task->syncs);
    kc_pushed_destroy(&task->topics);
    kc_flow_destroy(task->flow);
    kc_mirror_config_destroy(task->config);
    kc_error_destroy(task->failure);
    free(task);
}

const struct kc_sink_task_ops kc_mirror_sink_task_ops = {
    .create = task_create,
    .start = task_start,
    .open = task_open,
    .put = task_put,
    .pre_commit = task_pre_commit,
    .close = task_close,
    .stop = task_stop,
    .destroy = task_destroy,
};
