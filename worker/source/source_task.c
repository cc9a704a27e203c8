/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of a source task: see source_task.h; AbstractWorkerSourceTask.
 *
 * Per record the loop does: conversion (nothing on the bytes lane), a slot, a topic by address, a
 * send. It allocates nothing, takes no lock and compares no text. Once a record has been submitted
 * or dropped it may be gone: a batch is touched only while a record of it is still to come.
 */
#include "source/source_task.h"

#include "base/kafka_errors.h"
#include "base/thread.h"
#include "connect/log.h"
#include "source/source_task_priv.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.AbstractWorkerSourceTask");

enum { SEND_FAILED_BACKOFF_MS = 100, CLOSE_TIMEOUT_MS = 30000, OFFSET_READ_MS = 5000 };

/* ---- what a plugin's task may ask for ---- */

struct kc_error *kc_source_context_offsets(struct kc_source_context *context,
                                           json_t *const *partitions, size_t count,
                                           json_t **offsets)
{
    struct kc_source_task *task = context->task;
    for (;;) {
        struct kc_error *err =
            kc_offset_store_get(task->offsets, kc_task_host_connector(task->host), partitions,
                                count, offsets, OFFSET_READ_MS);
        if (!err || kc_error_code(err) != KC_ERR_TIMEOUT || kc_task_host_stopping(task->host))
            return err;
        kc_warn("Still reading offsets: %s", kc_error_text(err));
        kc_error_destroy(err);
    }
}

struct kc_series *kc_source_context_series(struct kc_source_context *context,
                                           const struct kc_series_group *group,
                                           const char *const *values)
{
    return kc_series_list_add(kc_task_host_series(context->task->host), group, values);
}

void kc_source_context_show(struct kc_source_context *context, const char *name, json_t *value)
{
    kc_task_host_show(context->task->host, name, value);
}

const char *kc_source_context_connector(const struct kc_source_context *context)
{
    return kc_task_host_connector(context->task->host);
}

int kc_source_context_task(const struct kc_source_context *context)
{
    return kc_task_host_task(context->task->host);
}

void kc_source_context_commit_transaction(struct kc_source_context *context)
{
    if (context && context->task->how->transaction)
        context->task->how->transaction(context->task->delivery, true);
}

void kc_source_context_abort_transaction(struct kc_source_context *context)
{
    if (context && context->task->how->transaction)
        context->task->how->transaction(context->task->delivery, false);
}

void kc_source_task_commit(struct kc_source_task *task)
{
    const struct kc_source_task_ops *ops = task->plugin->source_task;
    struct kc_error *err = ops->commit ? ops->commit(task->task) : NULL;
    if (!err)
        return;
    kc_log_error("The task's commit() failed: %s", kc_error_text(err));
    kc_error_destroy(err);
}

void kc_source_task_record_committed(struct kc_source_task *task, const struct kc_record *record,
                                     const struct kc_record_metadata *metadata)
{
    if (task->plugin->source_task->record_committed)
        task->plugin->source_task->record_committed(task->task, record, metadata);
}

void kc_source_task_count_commit(struct kc_source_task *task, int64_t started_ms, bool succeeded)
{
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->host);
    atomic_fetch_add(succeeded ? &metrics->commits : &metrics->commit_failures, 1);
    int64_t now = kc_mono_ms();
    kc_window_add_one(&metrics->commit_ms, now, now - started_ms);
}

/* ---- starting ---- */

static void on_outcome(void *opaque, const rd_kafka_message_t *message)
{
    struct kc_source_task *task = opaque;
    task->how->outcome(task->delivery, message);
}

static bool on_served(void *opaque)
{
    struct kc_source_task *task = opaque;
    return task->how->served(task->delivery);
}

static void on_topic_used(void *opaque, const char *topic)
{
    struct kc_source_task *task = opaque;
    if (task->track_topics)
        kc_task_host_topic_used(task->host, topic);
}

static struct kc_error *open_producer(struct kc_source_task *task)
{
    static const struct kc_source_producer_events events = {on_outcome, on_served, on_topic_used};
    return kc_source_task_open_producer(task, &events);
}

static struct kc_error *open_topic_creation(struct kc_source_task *task)
{
    if (!kc_config_bool(task->config->values, "topic.creation.enable") ||
        !kc_topic_creation_used(task->connector_config))
        return NULL;
    struct kc_map *admin =
        kc_source_task_client_properties(task, "admin", "connector-adminclient-");
    struct kc_error *err = kc_topic_creation_new(task->connector_config, admin, &task->topics);
    kc_map_destroy(admin);
    return err;
}

static struct kc_error *open_offsets(struct kc_source_task *task)
{
    char *suffix =
        kc_asprintf("%s-%d", kc_task_host_connector(task->host), kc_task_host_task(task->host));
    bool own;
    struct kc_error *err = kc_connector_offset_store(
        task->config, task->worker_offsets, task->connector_config, suffix, &task->offsets, &own);
    if (!err && own)
        err = kc_offset_store_start(task->offsets, &task->give_up);
    free(suffix);
    return err;
}

/* Calls the plugin's stop() once; it may be told from another thread while the task ends. */
static void tell_to_stop(struct kc_source_task *task)
{
    pthread_mutex_lock(&task->mutex);
    void *object = task->told_to_stop ? NULL : task->task;
    if (object) {
        task->told_to_stop = true;
        task->wakers++;
    }
    pthread_mutex_unlock(&task->mutex);
    if (!object)
        return;
    task->plugin->source_task->stop(object);
    pthread_mutex_lock(&task->mutex);
    task->wakers--;
    pthread_cond_broadcast(&task->wakers_gone);
    pthread_mutex_unlock(&task->mutex);
}

static struct kc_error *start_plugin(struct kc_source_task *task)
{
    void *object = task->plugin->source_task->create(&task->context);
    pthread_mutex_lock(&task->mutex);
    task->task = object;
    pthread_mutex_unlock(&task->mutex);
    struct kc_error *err = task->plugin->source_task->start(object, task->task_config);
    if (!err && kc_task_host_stopping(task->host))
        tell_to_stop(task);
    return err;
}

/* After a life that was closed: a delivery that knows of nothing. */
static void begin_anew(struct kc_source_task *task)
{
    if (!task->delivery)
        task->delivery = task->how->create(task);
    task->batch = NULL;
    pthread_mutex_lock(&task->mutex);
    task->told_to_stop = false;
    pthread_mutex_unlock(&task->mutex);
}

static struct kc_error *start(void *impl)
{
    struct kc_source_task *task = impl;
    begin_anew(task);
    struct kc_error *err = open_producer(task);
    if (!err)
        err = open_topic_creation(task);
    if (!err)
        err = task->how->prepare(task->delivery);
    if (!err)
        err = open_offsets(task);
    if (!err)
        err = start_plugin(task);
    if (!err)
        kc_info("Source task finished initialization and start");
    return err;
}

/* ---- the loop ---- */

static struct kc_error *convert(struct kc_source_task *task, enum kc_lane lane,
                                const struct kc_record *record, struct kc_producer_record *wire,
                                bool *keep)
{
    *keep = true;
    if ((lane == KC_LANE_BYTES || record->converted) &&
        kc_conversion_pass(task->conversion, task->batch, record, wire))
        return NULL;
    return kc_conversion_to_wire(task->conversion, task->policy, task->batch, record, wire, keep);
}

/* Before the first record to a topic. */
static struct kc_error *prepare_topic(struct kc_source_task *task, const char *topic)
{
    struct kc_error *err =
        task->how->check_topic ? task->how->check_topic(task->delivery, topic) : NULL;
    if (!err && task->topics)
        err = kc_topic_creation_ensure(task->topics, topic);
    return err;
}

/* The producer's topic, ready for use; NULL where there is no producer. */
static struct kc_error *use_topic(struct kc_source_task *task, const char *topic,
                                  struct kc_target_topic **target)
{
    bool first;
    *target = NULL;
    if (task->producer)
        *target = kc_source_producer_topic(task->producer, topic, &first);
    else
        first = kc_raw_lane_first_use(task->raw, topic);
    struct kc_error *err = first ? prepare_topic(task, topic) : NULL;
    if (err || !first)
        return err;
    if (task->raw && (task->rules.route || task->raw_refusal) && kc_is_topic_name(topic))
        err = kc_raw_lane_ask_for(task->raw, topic);
    if (err)
        return err;
    if (*target)
        kc_target_topic_ready(*target);
    else
        kc_raw_lane_prepared(task->raw, topic);
    return NULL;
}

static struct kc_error *send_wire(struct kc_source_task *task, const struct kc_record *record,
                                  const struct kc_producer_record *wire,
                                  struct kc_target_topic *target)
{
    void *opaque = NULL;
    struct kc_error *err = task->how->submit(task->delivery, record, &opaque);
    if (err)
        return err;
    if (!target) {
        err = task->how->send(task->delivery, wire, opaque);
        return err || !task->how->dispatched ? err : task->how->dispatched(task->delivery, record);
    }
    rd_kafka_resp_err_t code = kc_source_producer_send(task->producer, target, wire, opaque);
    if (code == RD_KAFKA_RESP_ERR__PURGE_QUEUE)
        return kc_error_new(KC_ERR_WAKEUP, "The task has been cancelled while sending");
    if (code)
        return task->how->rejected(task->delivery, record, opaque, code);
    return task->how->dispatched ? task->how->dispatched(task->delivery, record) : NULL;
}

/* A whole batch, which needs no conversion. What the producer has of its partition comes first. */
static struct kc_error *send_span(struct kc_source_task *task, const struct kc_record *record,
                                  bool *taken)
{
    struct kc_target_topic *target;
    if (record->span->dropped) {
        *taken = true;
        return task->how->dropped(task->delivery, record);
    }
    struct kc_error *err = use_topic(task, record->topic, &target);
    if (err)
        return err;
    if (target && kc_raw_lane_follows_record(task->raw, record->topic, record->partition) &&
        !kc_source_producer_drain(task->producer, INT64_MAX))
        return kc_error_new(KC_ERR_WAKEUP, "The task has been cancelled while sending");
    *taken = true;
    void *opaque = NULL;
    err = task->how->submit(task->delivery, record, &opaque);
    if (!err)
        err = kc_raw_lane_send(task->raw, record->span, opaque);
    /* Only a delivery that keeps the record until its turn wants to know. */
    return err || !task->how->dispatched ? err : task->how->dispatched(task->delivery, record);
}

/* *taken: the record has been dealt with, and may be gone. */
static struct kc_error *send_record(struct kc_source_task *task, enum kc_lane lane, bool *taken)
{
    const struct kc_record *record = kc_batch_at(task->batch, task->next);
    struct kc_producer_record wire;
    bool keep;
    if (record->span)
        return send_span(task, record, taken);
    struct kc_error *err = convert(task, lane, record, &wire, &keep);
    if (err)
        return err;
    if (keep) {
        struct kc_target_topic *target;
        err = use_topic(task, wire.topic, &target);
        if (task->builds_batches)
            target = NULL;
        if (!err && target)
            err = kc_source_producer_open(task->producer);
        if (err)
            return err;
        *taken = true;
        if (task->raw && target)
            kc_raw_lane_note_record(task->raw, wire.topic, wire.partition);
        return send_wire(task, record, &wire, target);
    }
    *taken = true;
    return task->how->dropped(task->delivery, record);
}

/* Sends what is left of the batch; task->batch stays when it must be tried again. */
static struct kc_error *send_batch(struct kc_source_task *task)
{
    const char *reason;
    enum kc_lane lane = kc_conversion_lane(task->conversion, task->batch, &reason);
    if (!kc_source_task_passes_raw(task))
        kc_source_task_tell_lane(task, reason);
    if (task->producer)
        kc_source_producer_begin_batch(task->producer);
    while (task->next < task->count) {
        bool taken = false;
        struct kc_error *err = send_record(task, lane, &taken);
        task->next += taken;
        if (err && !taken && kc_error_retriable(err)) {
            kc_warn("Failed to send a record, backing off before retrying: %s", kc_error_text(err));
            kc_error_destroy(err);
            return NULL;
        }
        if (err)
            return err;
    }
    task->batch = NULL;
    return task->how->batch_done(task->delivery);
}

static void begin_batch(struct kc_source_task *task, struct kc_batch *batch)
{
    task->batch = batch;
    task->count = kc_batch_count(batch);
    task->next = 0;
    task->how->begin_batch(task->delivery, batch);
}

/* A poll that had records. */
static void count_poll(struct kc_source_task *task, int64_t started_ms, uint64_t records)
{
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->host);
    int64_t now = kc_mono_ms();
    kc_window_add_one(&metrics->batch_ms, now, now - started_ms);
    atomic_fetch_add_explicit(&metrics->batches, 1, memory_order_relaxed);
    if (records > 0)
        kc_source_task_count_records(task, records);
}

void kc_source_task_count_records(struct kc_source_task *task, uint64_t records)
{
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->host);
    atomic_fetch_add_explicit(&metrics->records_in, records, memory_order_relaxed);
    kc_window_add_one(&metrics->batch_records, kc_mono_ms(), (int64_t)records);
}

static struct kc_error *poll_plugin(struct kc_source_task *task)
{
    struct kc_batch *batch = NULL;
    int64_t started = kc_mono_ms();
    struct kc_error *err = task->plugin->source_task->poll(task->task, &batch);
    if (err && kc_error_retriable(err)) {
        kc_warn("Failed to poll records from the source, will retry: %s", kc_error_text(err));
        kc_error_clear(&err);
        kc_task_host_sleep(task->host, SEND_FAILED_BACKOFF_MS);
    }
    if (err || !batch)
        return err;
    size_t count = kc_batch_count(batch);
    if (kc_batch_raw_count(batch) > 0) {
        count_poll(task, started, 0); /* its records when they have been counted */
        task->polled = batch;
        return NULL;
    }
    if (count == 0) {
        kc_batch_unref(batch);
        return NULL;
    }
    count_poll(task, started, count);
    begin_batch(task, batch);
    return NULL;
}

static struct kc_error *poll_batch(struct kc_source_task *task)
{
    struct kc_batch *batch = NULL;
    struct kc_error *err = kc_source_task_next_raw(task, &batch);
    if (!err && !batch && !task->polled) {
        err = poll_plugin(task);
        if (!err && task->polled)
            err = kc_source_task_next_raw(task, &batch);
    }
    if (!err && batch)
        begin_batch(task, batch);
    return err;
}

static struct kc_error *iterate(struct kc_source_task *task)
{
    if (kc_task_host_should_pause(task->host)) {
        kc_task_host_paused(task->host);
        struct kc_error *err = task->how->paused ? task->how->paused(task->delivery) : NULL;
        if (!err && kc_task_host_await_unpause(task->host)) {
            kc_task_host_resumed(task->host);
            task->how->enter_loop(task->delivery);
        }
        return err;
    }
    if (!task->batch) {
        struct kc_error *err = task->how->before_poll(task->delivery);
        if (!err)
            err = poll_batch(task);
        if (err)
            return err;
    }
    if (!task->batch)
        return task->how->batch_done(task->delivery);
    struct kc_error *err = send_batch(task);
    if (!err && task->batch)
        kc_task_host_sleep(task->host, SEND_FAILED_BACKOFF_MS);
    return err;
}

static struct kc_error *execute(void *impl)
{
    struct kc_source_task *task = impl;
    task->how->enter_loop(task->delivery);
    struct kc_error *err = NULL;
    while (!err && !kc_task_host_stopping(task->host))
        err = iterate(task);
    if (kc_task_host_cancelled(task->host))
        return err;
    struct kc_error *commit_err = task->how->final_commit(task->delivery, err != NULL);
    if (!err)
        return commit_err;
    kc_error_destroy(commit_err);
    return err;
}

/* ---- the end ---- */

static void close_plugin(struct kc_source_task *task)
{
    if (!task->task)
        return;
    tell_to_stop(task);
    pthread_mutex_lock(&task->mutex);
    void *object = task->task;
    task->task = NULL;
    while (task->wakers > 0)
        pthread_cond_wait(&task->wakers_gone, &task->mutex);
    pthread_mutex_unlock(&task->mutex);
    task->plugin->source_task->destroy(object);
}

/* The producer first: its thread calls the plugin's record_committed(). */
static void close_task(void *impl)
{
    struct kc_source_task *task = impl;
    kc_offset_committer_remove(task->committer, task->delivery);
    if (task->task)
        tell_to_stop(task);
    kc_raw_lane_close(task->raw);
    pthread_mutex_lock(&task->mutex);
    struct kc_source_producer *producer = task->producer;
    task->producer = NULL;
    pthread_mutex_unlock(&task->mutex);
    bool orderly = !kc_task_host_cancelled(task->host) && !kc_task_host_failed(task->host);
    kc_source_producer_destroy(producer, orderly ? CLOSE_TIMEOUT_MS : 0);
    task->how->destroy(task->delivery);
    task->delivery = NULL;
    kc_source_task_drop_polled(task);
    pthread_mutex_lock(&task->mutex);
    struct kc_raw_lane *raw = task->raw;
    task->raw = NULL;
    pthread_mutex_unlock(&task->mutex);
    kc_raw_lane_destroy(raw);
    close_plugin(task);
    kc_topic_creation_destroy(task->topics);
    task->topics = NULL;
    kc_offset_store_unref(task->offsets);
    task->offsets = NULL;
}

static void wake(void *impl)
{
    struct kc_source_task *task = impl;
    if (kc_task_host_stopping(task->host))
        tell_to_stop(task);
}

static void cancel(void *impl)
{
    struct kc_source_task *task = impl;
    task->give_up = true;
    kc_error_policy_stop(task->policy);
    pthread_mutex_lock(&task->mutex);
    if (task->raw)
        kc_raw_lane_cancel(task->raw);
    if (task->producer)
        kc_source_producer_cancel(task->producer);
    pthread_mutex_unlock(&task->mutex);
}

/* The producer was at an end, or fenced, and another one goes on. */
static bool is_of_producer(int kafka_code)
{
    switch (kafka_code) {
    case KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case KC_KAFKA_INVALID_PRODUCER_EPOCH:
    case KC_KAFKA_INVALID_TXN_STATE:
    case KC_KAFKA_INVALID_PRODUCER_ID_MAPPING:
    case KC_KAFKA_UNKNOWN_PRODUCER_ID:
    case KC_KAFKA_PRODUCER_FENCED:
    case KC_KAFKA_TRANSACTION_ABORTABLE:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR__FATAL:
        return true;
    default:
        return false;
    }
}

static bool may_renew(void *impl, const struct kc_error *err)
{
    (void)impl;
    for (; err; err = kc_error_cause(err))
        if (kc_error_retriable(err) || kc_error_code(err) == KC_ERR_FENCED ||
            is_of_producer(kc_error_kafka_code(err)))
            return true;
    return false;
}

static size_t bytes_in_flight(void *impl)
{
    struct kc_source_task *task = impl;
    pthread_mutex_lock(&task->mutex);
    size_t bytes = (task->raw ? kc_raw_lane_bytes(task->raw) : 0) +
                   (task->producer ? kc_source_producer_bytes(task->producer) : 0);
    pthread_mutex_unlock(&task->mutex);
    return bytes;
}

static void destroy(void *impl)
{
    struct kc_source_task *task = impl;
    if (task->delivery)
        task->how->destroy(task->delivery);
    kc_conversion_destroy(task->conversion);
    kc_error_policy_destroy(task->policy);
    kc_offset_store_unref(task->worker_offsets);
    kc_config_destroy(task->settings);
    kc_map_destroy(task->connector_config);
    kc_map_destroy(task->task_config);
    kc_raw_rules_clear(&task->rules);
    kc_strings_destroy(&task->raw_failures);
    pthread_cond_destroy(&task->wakers_gone);
    pthread_mutex_destroy(&task->mutex);
    free(task);
}

/* ---- making ---- */

struct kc_error *kc_source_task_new(const struct kc_source_task_settings *settings,
                                    struct kc_task_host **host)
{
    static const struct kc_task_kind kind = {
        .start = start,
        .execute = execute,
        .close = close_task,
        .wake = wake,
        .cancel = cancel,
        .destroy = destroy,
        .bytes_in_flight = bytes_in_flight,
        .may_renew = may_renew,
    };
    struct kc_source_task *task = kc_calloc(1, sizeof(*task));
    pthread_mutex_init(&task->mutex, NULL);
    kc_cond_init(&task->wakers_gone);
    task->config = settings->config;
    task->plugin = settings->plugin;
    task->connector_config = kc_map_copy(settings->connector_config);
    task->task_config = kc_map_copy(settings->task_config);
    task->committer = settings->committer;
    task->worker_offsets = kc_offset_store_ref(settings->offsets);
    task->context.task = task;
    task->how = kc_exactly_once_enabled(settings->config) ? &kc_exactly_once : &kc_at_least_once;
    task->flush_timeout_ms = kc_config_long(settings->config->values, "offset.flush.timeout.ms");
    task->track_topics = kc_config_bool(settings->config->values, "topic.tracking.enable");
    task->host = kc_task_host_new(&settings->task, &kind, task);
    struct kc_error *err =
        kc_config_parse(kc_connector_config_def(true), task->connector_config, &task->settings);
    if (!err)
        err = kc_conversion_new(settings->plugins, settings->config, task->connector_config,
                                &task->conversion);
    if (err) {
        kc_task_host_destroy(task->host);
        return err;
    }
    task->policy = kc_error_policy_new(settings->task.connector, settings->task.task,
                                       task->settings, kc_task_host_metrics(task->host));
    task->delivery = task->how->create(task);
    *host = task->host;
    return NULL;
}
