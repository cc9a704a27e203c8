/* SPDX-License-Identifier: Apache-2.0 */
/* The dead letter queue: see dead_letter_queue.h. Rare traffic: payloads are copied. */
#include "data/dead_letter_queue.h"

#include "connect/log.h"
#include "data/error_topic.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter");

enum { CLOSE_MS = 30000 };

struct kc_dead_letter_queue {
    char *topic;
    char *connector;
    int task;
    bool with_context;
    struct kc_task_metrics *metrics;
    rd_kafka_t *producer;
};

static void on_report(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    struct kc_dead_letter_queue *queue = opaque;
    if (!message->err)
        return;
    kc_log_error("Could not produce message to dead letter queue. topic=%s: %s", queue->topic,
                 rd_kafka_message_errstr(message));
    atomic_fetch_add(&queue->metrics->dlq_failures, 1);
}

/* ---- making ---- */

static struct kc_error *open_producer(const struct kc_map *properties,
                                      struct kc_dead_letter_queue *queue)
{
    rd_kafka_conf_t *conf = NULL;
    struct kc_error *err = kc_client_conf(KC_CLIENT_PRODUCER, properties, &conf);
    if (err)
        return err;
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_opaque(conf, queue);
    return kc_client_new(KC_CLIENT_PRODUCER, conf, &queue->producer);
}

struct kc_error *kc_dead_letter_queue_new(const struct kc_dead_letter_settings *settings,
                                          struct kc_dead_letter_queue **queue)
{
    const struct kc_config *config = settings->config;
    char *topic = kc_error_topic_name(config, "errors.deadletterqueue.topic.name");
    *queue = NULL;
    if (!topic)
        return NULL;
    struct kc_dead_letter_queue *made = kc_calloc(1, sizeof(*made));
    made->topic = topic;
    made->connector = kc_strdup(settings->connector);
    made->task = settings->task;
    made->with_context = kc_config_bool(config, "errors.deadletterqueue.context.headers.enable");
    made->metrics = settings->metrics;
    const struct kc_new_topic wanted = {
        topic, 1,
        (int16_t)kc_config_long(config, "errors.deadletterqueue.topic.replication.factor"), NULL};
    struct kc_error *err = kc_error_topic_ensure(settings->admin, &wanted, "dead letter queue");
    if (!err)
        err = open_producer(settings->producer, made);
    if (err) {
        kc_dead_letter_queue_destroy(made);
        return err;
    }
    *queue = made;
    return NULL;
}

void kc_dead_letter_queue_flush(struct kc_dead_letter_queue *queue, int timeout_ms)
{
    if (queue && rd_kafka_outq_len(queue->producer) > 0)
        rd_kafka_flush(queue->producer, timeout_ms);
}

void kc_dead_letter_queue_destroy(struct kc_dead_letter_queue *queue)
{
    if (!queue)
        return;
    if (queue->producer) {
        kc_dead_letter_queue_flush(queue, CLOSE_MS);
        rd_kafka_destroy(queue->producer);
    }
    free(queue->connector);
    free(queue->topic);
    free(queue);
}

/* ---- reporting ---- */

rd_kafka_headers_t *kc_dead_letter_headers(const struct kc_processing *processing,
                                           const char *connector, int task, bool with_context)
{
    const rd_kafka_message_t *message = processing->message;
    rd_kafka_headers_t *existing = NULL, *headers;
    if (rd_kafka_message_headers(message, &existing) == RD_KAFKA_RESP_ERR_NO_ERROR)
        headers = rd_kafka_headers_copy(existing);
    else
        headers = rd_kafka_headers_new(10);
    if (!with_context)
        return headers;
    kc_error_header_text(headers, "topic", rd_kafka_topic_name(message->rkt));
    kc_error_header_number(headers, "partition", message->partition);
    kc_error_header_number(headers, "offset", message->offset);
    kc_error_header_text(headers, "connector.name", connector);
    kc_error_header_number(headers, "task.id", task);
    kc_error_header_text(headers, "stage", kc_stage_name(processing->stage));
    kc_error_header_text(headers, "class.name", processing->class_name);
    if (processing->error)
        kc_error_header_error(headers, processing->error);
    return headers;
}

static rd_kafka_resp_err_t produce(struct kc_dead_letter_queue *queue,
                                   const rd_kafka_message_t *message, rd_kafka_headers_t *headers)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    return rd_kafka_producev(
        queue->producer, RD_KAFKA_V_TOPIC(queue->topic),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK),
        RD_KAFKA_V_VALUE(message->payload, message->len),
        RD_KAFKA_V_KEY(message->key, message->key_len),
        RD_KAFKA_V_TIMESTAMP(type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : timestamp),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
}

void kc_dead_letter_queue_report(void *opaque, const struct kc_processing *processing)
{
    struct kc_dead_letter_queue *queue = opaque;
    atomic_fetch_add(&queue->metrics->dlq_requests, 1);
    if (!processing->message) {
        atomic_fetch_add(&queue->metrics->dlq_failures, 1);
        return;
    }
    rd_kafka_headers_t *headers =
        kc_dead_letter_headers(processing, queue->connector, queue->task, queue->with_context);
    rd_kafka_poll(queue->producer, 0);
    rd_kafka_resp_err_t code = produce(queue, processing->message, headers);
    if (!code)
        return;
    rd_kafka_headers_destroy(headers);
    kc_log_error("Could not produce message to dead letter queue. topic=%s: %s", queue->topic,
                 rd_kafka_err2str(code));
    atomic_fetch_add(&queue->metrics->dlq_failures, 1);
}
