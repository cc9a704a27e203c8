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
#include "connect/log.h"
#include "data/batch_read.h"
#include "source/source_task_priv.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.AbstractWorkerSourceTask");

enum { SEND_FAILED_BACKOFF_MS = 100, CLOSE_TIMEOUT_MS = 30000 };

/* ---- what a delivery has the plugin told ---- */

void kc_source_task_commit(struct kc_source_task *task)
{
    const struct kc_source_task_ops *ops = task->core.plugin->source_task;
    struct kc_error *err = ops->commit ? ops->commit(task->task) : NULL;
    if (!err)
        return;
    kc_log_error("The task's commit() failed: %s", kc_error_text(err));
    kc_error_destroy(err);
}

void kc_source_task_record_committed(struct kc_source_task *task, const struct kc_record *record,
                                     const struct kc_record_metadata *metadata)
{
    if (task->core.plugin->source_task->record_committed)
        task->core.plugin->source_task->record_committed(task->task, record, metadata);
}

void kc_source_task_count_commit(struct kc_source_task *task, int64_t started_ms, bool succeeded)
{
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->core.host);
    atomic_fetch_add(succeeded ? &metrics->commits : &metrics->commit_failures, 1);
    int64_t now = kc_mono_ms();
    kc_window_add_one(&metrics->commit_ms, now, now - started_ms);
}

/* ---- starting ---- */

static struct kc_error *open_topic_creation(struct kc_source_task *task)
{
    if (!kc_config_bool(task->core.config->values, "topic.creation.enable") ||
        !kc_topic_creation_used(task->core.connector_config))
        return NULL;
    struct kc_map *admin =
        kc_task_core_client_properties(&task->core, "admin", "connector-adminclient-");
    struct kc_error *err = kc_topic_creation_new(task->core.connector_config, admin, &task->topics);
    kc_map_destroy(admin);
    return err;
}

static struct kc_error *open_offsets(struct kc_source_task *task)
{
    char *suffix = kc_asprintf("%s-%d", kc_task_host_connector(task->core.host),
                               kc_task_host_task(task->core.host));
    bool own;
    struct kc_error *err =
        kc_connector_offset_store(task->core.config, task->worker_offsets,
                                  task->core.connector_config, suffix, &task->offsets, &own);
    if (!err && own)
        err = kc_offset_store_start(task->offsets, &task->give_up);
    free(suffix);
    return err;
}

/* Calls the plugin's stop() once; another thread may call this while the task ends. */
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
    task->core.plugin->source_task->stop(object);
    pthread_mutex_lock(&task->mutex);
    task->wakers--;
    pthread_cond_broadcast(&task->wakers_gone);
    pthread_mutex_unlock(&task->mutex);
}

static struct kc_error *start_plugin(struct kc_source_task *task)
{
    void *object = task->core.plugin->source_task->create(&task->context);
    pthread_mutex_lock(&task->mutex);
    task->task = object;
    pthread_mutex_unlock(&task->mutex);
    struct kc_error *err = task->core.plugin->source_task->start(object, task->core.task_config);
    if (!err && kc_task_host_stopping(task->core.host))
        tell_to_stop(task);
    return err;
}

/* After a closed run: a new, empty delivery. */
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
    struct kc_error *err = kc_source_task_make_lanes(task);
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

static struct kc_error *convert(struct kc_source_task *task, enum kc_conversion_need need,
                                const struct kc_record *record, struct kc_producer_record *wire,
                                bool *keep)
{
    *keep = true;
    if ((need == KC_CONVERT_NOTHING || record->converted) &&
        kc_conversion_pass(task->core.conversion, task->batch, record, wire))
        return NULL;
    return kc_conversion_to_wire(task->core.conversion, task->core.policy, task->batch, record,
                                 wire, keep);
}

/* Before the first record to a topic. */
static struct kc_error *prepare_topic(struct kc_source_task *task, struct kc_target_topic *topic)
{
    struct kc_error *err =
        task->how->check_topic ? task->how->check_topic(task->delivery, topic->name) : NULL;
    if (!err && task->topics)
        err = kc_topic_creation_ensure(task->topics, topic->name);
    if (!err)
        err = kc_lane_prepare_topic(task->lanes.batches, topic->name);
    topic->ready = !err;
    return err;
}

static struct kc_error *use_topic(struct kc_source_task *task, const char *name,
                                  struct kc_target_topic **topic)
{
    *topic = kc_target_topics_get(task->targets, name);
    return (*topic)->ready ? NULL : prepare_topic(task, *topic);
}

/* Only a delivery that keeps the record until its turn wants to know. */
static struct kc_error *dispatched(struct kc_source_task *task, const struct kc_record *record)
{
    return task->how->dispatched ? task->how->dispatched(task->delivery, record) : NULL;
}

/* A whole batch, which needs no conversion. */
static struct kc_error *send_span(struct kc_source_task *task, const struct kc_record *record,
                                  bool *taken)
{
    struct kc_lane *lane = task->lanes.batches;
    struct kc_target_topic *topic;
    void *slot = NULL;
    if (record->span->dropped) {
        *taken = true;
        return task->how->dropped(task->delivery, record);
    }
    struct kc_error *err = use_topic(task, record->topic, &topic);
    if (err)
        return err;
    *taken = true;
    err = task->how->submit(task->delivery, record, &slot);
    if (!err)
        err = lane->ops->send_span(lane, record->span, slot);
    return err ? err : dispatched(task, record);
}

static struct kc_error *send_wire(struct kc_source_task *task, const struct kc_record *record,
                                  const struct kc_producer_record *wire, bool *taken)
{
    struct kc_target_topic *topic;
    void *slot = NULL;
    struct kc_error *err = kc_producer_record_check(wire);
    if (!err)
        err = use_topic(task, wire->topic, &topic);
    if (!err)
        err = kc_lane_open(task->lanes.records);
    if (err)
        return err;
    *taken = true;
    err = task->how->submit(task->delivery, record, &slot);
    if (!err)
        err = kc_lanes_send_record(&task->lanes, topic, wire, slot);
    return err ? err : dispatched(task, record);
}

/* *taken: the record has been dealt with, and may be gone. */
static struct kc_error *send_record(struct kc_source_task *task, enum kc_conversion_need need,
                                    bool *taken)
{
    const struct kc_record *record = kc_batch_at(task->batch, task->next);
    struct kc_producer_record wire;
    bool keep;
    if (record->span)
        return send_span(task, record, taken);
    struct kc_error *err = convert(task, need, record, &wire, &keep);
    if (err)
        return err;
    if (keep)
        return send_wire(task, record, &wire, taken);
    *taken = true;
    return task->how->dropped(task->delivery, record);
}

/* Sends the rest of the batch. task->batch stays if it must be tried again. */
static struct kc_error *send_batch(struct kc_source_task *task)
{
    const char *reason;
    enum kc_conversion_need need =
        kc_conversion_needed(task->core.conversion, task->batch, &reason);
    if (!kc_source_task_passes_raw(task))
        kc_source_task_tell_lane(task, reason);
    kc_target_topics_begin_batch(task->targets);
    while (task->next < task->count) {
        bool taken = false;
        struct kc_error *err = send_record(task, need, &taken);
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
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->core.host);
    int64_t now = kc_mono_ms();
    kc_window_add_one(&metrics->batch_ms, now, now - started_ms);
    atomic_fetch_add_explicit(&metrics->batches, 1, memory_order_relaxed);
    if (records > 0)
        kc_source_task_count_records(task, records);
}

void kc_source_task_count_records(struct kc_source_task *task, uint64_t records)
{
    struct kc_task_metrics *metrics = kc_task_host_metrics(task->core.host);
    atomic_fetch_add_explicit(&metrics->records_in, records, memory_order_relaxed);
    kc_window_add_one(&metrics->batch_records, kc_mono_ms(), (int64_t)records);
}

static struct kc_error *poll_plugin(struct kc_source_task *task)
{
    struct kc_batch *batch = NULL;
    int64_t started = kc_mono_ms();
    struct kc_error *err = task->core.plugin->source_task->poll(task->task, &batch);
    if (err && kc_error_retriable(err)) {
        kc_warn("Failed to poll records from the source, will retry: %s", kc_error_text(err));
        kc_error_clear(&err);
        kc_task_host_sleep(task->core.host, SEND_FAILED_BACKOFF_MS);
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
    if (kc_task_host_should_pause(task->core.host)) {
        kc_task_host_paused(task->core.host);
        struct kc_error *err = task->how->paused ? task->how->paused(task->delivery) : NULL;
        if (!err && kc_task_host_await_unpause(task->core.host)) {
            kc_task_host_resumed(task->core.host);
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
        kc_task_host_sleep(task->core.host, SEND_FAILED_BACKOFF_MS);
    return err;
}

static struct kc_error *execute(void *impl)
{
    struct kc_source_task *task = impl;
    task->how->enter_loop(task->delivery);
    struct kc_error *err = NULL;
    while (!err && !kc_task_host_stopping(task->core.host))
        err = iterate(task);
    if (kc_task_host_cancelled(task->core.host))
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
    task->core.plugin->source_task->destroy(object);
}

/* The lanes first: their thread calls the plugin's record_committed(). */
static void close_task(void *impl)
{
    struct kc_source_task *task = impl;
    kc_offset_committer_remove(task->committer, task->delivery);
    if (task->task)
        tell_to_stop(task);
    bool orderly =
        !kc_task_host_cancelled(task->core.host) && !kc_task_host_failed(task->core.host);
    kc_source_task_end_lanes(task, orderly ? CLOSE_TIMEOUT_MS : 0);
    task->how->destroy(task->delivery);
    task->delivery = NULL;
    kc_source_task_drop_polled(task);
    close_plugin(task);
    kc_topic_creation_destroy(task->topics);
    task->topics = NULL;
    kc_offset_store_unref(task->offsets);
    task->offsets = NULL;
}

static void wake(void *impl)
{
    struct kc_source_task *task = impl;
    if (kc_task_host_stopping(task->core.host))
        tell_to_stop(task);
}

static void cancel(void *impl)
{
    struct kc_source_task *task = impl;
    task->give_up = true;
    kc_error_policy_stop(task->core.policy);
    pthread_mutex_lock(&task->mutex);
    kc_lanes_cancel(&task->lanes);
    pthread_mutex_unlock(&task->mutex);
}

/* The producer had ended or was fenced; the task continues with a new one. */
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
    size_t bytes = kc_lanes_bytes(&task->lanes);
    pthread_mutex_unlock(&task->mutex);
    return bytes;
}

static void destroy(void *impl)
{
    struct kc_source_task *task = impl;
    if (task->delivery)
        task->how->destroy(task->delivery);
    kc_offset_store_unref(task->worker_offsets);
    kc_task_core_clear(&task->core);
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
    task->committer = settings->committer;
    task->worker_offsets = kc_offset_store_ref(settings->offsets);
    task->context.task = task;
    task->how =
        kc_exactly_once_enabled(settings->core.config) ? &kc_exactly_once : &kc_at_least_once;
    struct kc_error *err = kc_task_core_make(&task->core, &settings->core, &kind, task);
    if (err)
        return err;
    task->delivery = task->how->create(task);
    *host = task->core.host;
    return NULL;
}
