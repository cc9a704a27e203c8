/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of a sink task: see sink_task.h; WorkerSinkTask.
 *
 * Everything runs on the task's thread, the consumer's callbacks included; wake() only interrupts
 * the poll. A batch stays with the task until put() has taken it. While the plugin asks for
 * retries, all partitions are paused and the same batch is delivered again.
 */
#include "sink/sink_task.h"

#include "connect/log.h"
#include "data/batch_read.h"
#include "kafka/client_group.h"
#include "sink/sink_task_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerSinkTask");

enum { POLL_SLICE_MS = 500, MAX_RECORDS = 500, REDELIVERY_WAIT_MS = 100 };

/* ---- starting ---- */

static struct kc_error *open_consumer(struct kc_sink_task *task)
{
    struct kc_map *properties =
        kc_task_core_client_properties(&task->core, "consumer", "connector-consumer-");
    char *group = kc_asprintf("connect-%s", kc_task_host_connector(task->core.host));
    kc_map_set_default(properties, "group.id", group);
    free(group);
    task->reset_back_ms = -1;
    kc_reset_by_duration(kc_map_get_or(properties, "auto.offset.reset", ""), &task->reset_back_ms);
    rd_kafka_conf_t *conf = NULL;
    struct kc_error *err = kc_client_conf(KC_CLIENT_CONSUMER, properties, &conf);
    kc_map_destroy(properties);
    if (err)
        return err;
    rd_kafka_conf_set_rebalance_cb(conf, kc_sink_on_rebalance);
    rd_kafka_conf_set_opaque(conf, task);
    rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
    err = kc_client_new(KC_CLIENT_CONSUMER, conf, &task->consumer);
    if (err)
        return err;
    rd_kafka_poll_set_consumer(task->consumer);
    pthread_mutex_lock(&task->mutex);
    task->queue = rd_kafka_queue_get_consumer(task->consumer);
    pthread_mutex_unlock(&task->mutex);
    return NULL;
}

static struct kc_error *open_dead_letters(struct kc_sink_task *task)
{
    struct kc_map *admin =
        kc_task_core_client_properties(&task->core, "admin", "connector-dlq-adminclient-");
    struct kc_map *producer =
        kc_task_core_client_properties(&task->core, "producer", "connector-dlq-producer-");
    struct kc_dead_letter_settings settings = {
        kc_task_host_connector(task->core.host),
        kc_task_host_task(task->core.host),
        task->core.settings,
        admin,
        producer,
        kc_task_host_metrics(task->core.host),
    };
    struct kc_error *err = kc_dead_letter_queue_new(&settings, &task->dead_letters);
    if (!err && task->dead_letters)
        kc_error_policy_set_reporter(task->core.policy, kc_dead_letter_queue_report,
                                     task->dead_letters);
    kc_map_destroy(admin);
    kc_map_destroy(producer);
    return err;
}

static struct kc_error *start(void *impl)
{
    struct kc_sink_task *task = impl;
    struct kc_error *err = open_dead_letters(task);
    if (!err)
        err = open_consumer(task);
    if (!err)
        err = kc_sink_subscribe(task);
    if (err)
        return err;
    task->task = task->core.plugin->sink_task->create(&task->context);
    task->task_started = true;
    err = task->core.plugin->sink_task->start(task->task, task->core.task_config);
    if (!err)
        kc_info("Sink task finished initialization and start");
    return err;
}

/* ---- reading ---- */

static void destroy_message(void *message)
{
    rd_kafka_message_destroy(message);
}

static struct kc_error *take_message(struct kc_sink_task *task, rd_kafka_message_t *message)
{
    const char *topic = rd_kafka_topic_name(message->rkt);
    struct kc_sink_position *position =
        kc_sink_positions_find(&task->positions, topic, message->partition);
    kc_batch_own(task->batch, message, destroy_message);
    if (!position)
        return NULL; /* fetched before it was revoked */
    if (position->consumed == KC_NO_OFFSET && task->core.track_topics)
        kc_task_host_topic_used(task->core.host, topic);
    if (position->committed == KC_NO_OFFSET)
        position->committed = message->offset;
    position->consumed = message->offset + 1;
    task->messages[task->message_count++] = message;
    bool keep;
    return kc_conversion_from_message(task->core.conversion, task->core.policy, task->batch,
                                      message, &keep);
}

static struct kc_error *consumer_error(const rd_kafka_message_t *message)
{
    rd_kafka_resp_err_t code = message->err;
    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return NULL;
    struct kc_error *err = kc_client_error(code, "Consuming: %s", rd_kafka_message_errstr(message));
    bool fatal = code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                 code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                 code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    if (fatal)
        return err;
    kc_warn("%s", kc_error_text(err));
    kc_error_destroy(err);
    return NULL;
}

static struct kc_error *poll_one(struct kc_sink_task *task, int timeout_ms, bool *more)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(task->consumer, timeout_ms);
    *more = message != NULL;
    if (!message)
        return NULL;
    if (!message->err)
        return take_message(task, message);
    struct kc_error *err = consumer_error(message);
    rd_kafka_message_destroy(message);
    return err;
}

static struct kc_error *take_rebalance_error(struct kc_sink_task *task)
{
    struct kc_error *err = task->rebalance_error;
    task->rebalance_error = NULL;
    return err;
}

static void drop_batch(struct kc_sink_task *task)
{
    kc_batch_unref(task->batch);
    task->batch = NULL;
    task->message_count = 0;
}

/* Fills task->batch with at most MAX_RECORDS messages; while one waits for redelivery, only serves
 * the consumer's callbacks. */
static struct kc_error *read_batch(struct kc_sink_task *task, int timeout_ms)
{
    struct kc_error *err = NULL;
    bool more = true;
    if (task->paused_for_redelivery && task->batch) {
        rd_kafka_message_t *stray = rd_kafka_consumer_poll(task->consumer, timeout_ms);
        if (stray && !stray->err) /* it comes again when the partition resumes */
            kc_sink_context_seek(&task->context, rd_kafka_topic_name(stray->rkt), stray->partition,
                                 stray->offset);
        if (stray)
            rd_kafka_message_destroy(stray);
        return take_rebalance_error(task);
    }
    task->batch = kc_batch_new(MAX_RECORDS);
    for (int i = 0; i < MAX_RECORDS && more && !err; i++)
        err = poll_one(task, i == 0 ? timeout_ms : 0, &more);
    struct kc_error *rebalance = take_rebalance_error(task);
    if (err)
        kc_error_destroy(rebalance);
    else
        err = rebalance;
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->core.host);
    int64_t now = kc_mono_ms();
    atomic_fetch_add(&metrics->records_in, task->message_count);
    atomic_store(&metrics->active, task->message_count);
    atomic_store(&metrics->partitions, task->positions.count);
    kc_window_add_one(&metrics->active_records, now, (int64_t)task->message_count);
    if (task->message_count > 0)
        kc_window_add_one(&metrics->batch_records, now, (int64_t)task->message_count);
    return err;
}

/* ---- delivering ---- */

static void delivered(struct kc_sink_task *task)
{
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->core.host);
    size_t count = kc_batch_count(task->batch);
    atomic_fetch_add(&metrics->records_out, count);
    atomic_fetch_add(&metrics->bytes_out, kc_batch_bytes(task->batch));
    atomic_fetch_add(&metrics->batches, count > 0);
    atomic_store(&metrics->active, 0);
    for (size_t i = 0; i < task->positions.count; i++) {
        struct kc_sink_position *position = &task->positions.items[i];
        if (position->consumed != KC_NO_OFFSET)
            position->delivered = position->consumed;
    }
    drop_batch(task);
    if (!task->paused_for_redelivery)
        return;
    task->paused_for_redelivery = false;
    if (!task->paused)
        kc_sink_resume_all(task);
}

static struct kc_error *deliver(struct kc_sink_task *task)
{
    int64_t started = kc_mono_ms();
    struct kc_error *err = task->core.plugin->sink_task->put(task->task, task->batch);
    int64_t now = kc_mono_ms();
    if (kc_batch_count(task->batch) > 0)
        kc_window_add_one(&kc_task_host_metrics(task->core.host)->batch_ms, now, now - started);
    if (!err) {
        delivered(task);
        return NULL;
    }
    if (!kc_error_retriable(err))
        return kc_error_caused(
            kc_error_new(KC_ERR_CONNECT, "Exiting WorkerSinkTask due to unrecoverable exception."),
            err);
    kc_log_error("The sink task asks to be given the same records again: %s", kc_error_text(err));
    kc_error_destroy(err);
    if (!task->paused_for_redelivery)
        kc_sink_pause_all(task);
    task->paused_for_redelivery = true;
    return NULL;
}

/* ---- the loop ---- */

static void follow_target(struct kc_sink_task *task)
{
    bool pause = kc_task_host_should_pause(task->core.host);
    if (pause == task->paused)
        return;
    task->paused = pause;
    if (pause) {
        kc_sink_pause_all(task);
        kc_task_host_paused(task->core.host);
        task->commit_requested = true;
    } else {
        if (!task->paused_for_redelivery)
            kc_sink_resume_all(task);
        kc_task_host_resumed(task->core.host);
    }
}

static struct kc_error *commit_when_due(struct kc_sink_task *task, int64_t now)
{
    if (task->committing && now - task->commit_started_ms >= task->core.flush_timeout_ms) {
        kc_warn("Commit of offsets timed out");
        atomic_fetch_add(&kc_task_host_metrics(task->core.host)->commit_failures, 1);
        task->committing = false;
    }
    if (task->committing || (!task->commit_requested && now < task->next_commit_ms))
        return NULL;
    task->commit_requested = false;
    task->next_commit_ms = kc_deadline_ms(task->flush_interval_ms);
    kc_sink_select_all(task);
    return kc_sink_commit(task, false);
}

static int poll_timeout(struct kc_sink_task *task, int64_t now)
{
    int64_t timeout = task->next_commit_ms - now;
    if (task->retry_timeout_ms > 0 && timeout > task->retry_timeout_ms)
        timeout = task->retry_timeout_ms;
    else if (task->paused_for_redelivery && task->retry_timeout_ms <= 0)
        timeout = REDELIVERY_WAIT_MS;
    task->retry_timeout_ms = -1;
    if (timeout > POLL_SLICE_MS && !task->paused_for_redelivery)
        timeout = POLL_SLICE_MS;
    return timeout > 0 ? (int)(timeout < INT32_MAX ? timeout : INT32_MAX) : 0;
}

static struct kc_error *iterate(struct kc_sink_task *task)
{
    follow_target(task);
    kc_sink_refresh_topics(task);
    int64_t now = kc_mono_ms();
    struct kc_error *err = commit_when_due(task, now);
    kc_sink_rewind(task);
    if (!err)
        err = read_batch(task, poll_timeout(task, now));
    if (err || kc_task_host_stopping(task->core.host))
        return err;
    return deliver(task);
}

static struct kc_error *execute(void *impl)
{
    struct kc_sink_task *task = impl;
    struct kc_error *err = NULL;
    task->next_commit_ms = kc_deadline_ms(task->flush_interval_ms);
    while (!err && !kc_task_host_stopping(task->core.host))
        err = iterate(task);
    kc_sink_select_all(task);
    struct kc_error *close_err = kc_sink_commit(task, true);
    if (!err)
        return close_err;
    kc_error_destroy(close_err);
    return err;
}

/* ---- the end ---- */

static void close_consumer(struct kc_sink_task *task)
{
    if (!task->consumer)
        return;
    pthread_mutex_lock(&task->mutex);
    rd_kafka_queue_t *queue = task->queue;
    task->queue = NULL;
    pthread_mutex_unlock(&task->mutex);
    if (queue)
        rd_kafka_queue_destroy(queue);
    drop_batch(task); /* its messages belong to the consumer */
    rd_kafka_consumer_close(task->consumer);
    rd_kafka_destroy(task->consumer);
    task->consumer = NULL;
}

static void close_task(void *impl)
{
    struct kc_sink_task *task = impl;
    if (task->task_started)
        task->core.plugin->sink_task->stop(task->task);
    task->task_stopped = true;
    close_consumer(task);
    if (task->task_started)
        task->core.plugin->sink_task->destroy(task->task);
    task->task = NULL;
    task->task_started = false;
    kc_error_policy_set_reporter(task->core.policy, NULL, NULL);
    kc_dead_letter_queue_destroy(task->dead_letters);
    task->dead_letters = NULL;
}

static void wake(void *impl)
{
    struct kc_sink_task *task = impl;
    pthread_mutex_lock(&task->mutex);
    if (task->queue)
        rd_kafka_queue_yield(task->queue);
    pthread_mutex_unlock(&task->mutex);
}

static void cancel(void *impl)
{
    struct kc_sink_task *task = impl;
    kc_error_policy_stop(task->core.policy);
    wake(task);
}

static void destroy(void *impl)
{
    struct kc_sink_task *task = impl;
    kc_sink_positions_destroy(&task->positions);
    kc_strings_destroy(&task->subscribed);
    kc_strings_destroy(&task->unasked);
    kc_regex_destroy(task->topics_regex);
    if (task->seeks)
        rd_kafka_topic_partition_list_destroy(task->seeks);
    kc_error_destroy(task->rebalance_error);
    free(task->messages);
    kc_task_core_clear(&task->core);
    pthread_mutex_destroy(&task->mutex);
    free(task);
}

/* ---- making ---- */

struct kc_error *kc_sink_task_new(const struct kc_task_core_settings *settings,
                                  struct kc_task_host **host)
{
    static const struct kc_task_kind kind = {
        .start = start,
        .execute = execute,
        .close = close_task,
        .wake = wake,
        .cancel = cancel,
        .destroy = destroy,
    };
    struct kc_sink_task *task = kc_calloc(1, sizeof(*task));
    pthread_mutex_init(&task->mutex, NULL);
    task->context.task = task;
    task->messages = kc_calloc(MAX_RECORDS, sizeof(*task->messages));
    task->retry_timeout_ms = -1;
    task->flush_interval_ms = kc_config_long(settings->config->values, "offset.flush.interval.ms");
    struct kc_error *err = kc_task_core_make(&task->core, settings, &kind, task);
    if (!err)
        *host = task->core.host;
    return err;
}
