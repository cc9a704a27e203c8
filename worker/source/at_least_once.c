/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source tasks that may repeat records but lose none: WorkerSourceTask.
 *
 * Records are queued by source partition as they are sent; the acknowledgement thread moves them
 * on; the worker's committer writes what has been acknowledged in order. The plugin's commit() is
 * for the task's thread alone: the committer only asks for it.
 *
 * With errors.tolerance=all, records also go through the raw lane (record_batches_priv.h), because
 * it finds out which ones the target refuses; these are left out (refusals_priv.h).
 */
#include "connect/log.h"
#include "source/raw_lane_priv.h"
#include "source/record_batches_priv.h"
#include "source/refusals_priv.h"
#include "source/send_failures_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerSourceTask");

#define SHOWN_MAX 300 /* bytes of a topic's name, which may be anything */

enum { REFUSED_AFTER_MS = 2000 };

struct at_least_once {
    struct kc_source_task *task;
    struct kc_submitted *submitted;
    struct kc_record_batches *batches; /* with task->builds_batches, as refusals; else NULL */
    struct kc_refusals *refusals;
    struct kc_send_failures *failures;
    struct kc_flight *flight; /* of the batch being sent; NULL: none, or all of it pushed */
    size_t left;              /* its records that haven't been pushed */
    atomic_bool commit_due;   /* the committer has committed: call the plugin's commit() */
    atomic_bool committed;    /* scheduled with the committer */
    /* The acknowledgement thread's, until a round has been served. */
    uint64_t acked;
    uint64_t acked_bytes;
    int64_t moved_ms; /* when the last record was acknowledged, or nothing was under way */
    /* The first record that couldn't be sent. */
    atomic_bool send_failed;
    pthread_mutex_t mutex;
    struct kc_error *send_error;
};

static void on_done(void *opaque, const struct kc_record *record,
                    const struct kc_record_metadata *metadata)
{
    struct at_least_once *self = opaque;
    const struct kc_raw_span *span = record->span;
    if (!span || span->dropped) {
        kc_source_task_record_committed(self->task, record, metadata);
    } else if (metadata) {
        const struct kc_raw_facts facts = kc_raw_span_facts(span);
        kc_source_task_raw_committed(self->task, span->raw, span->runs, span->run_count,
                                     span->base_offset, &facts);
    }
}

static void *create(struct kc_source_task *task)
{
    struct at_least_once *self = kc_calloc(1, sizeof(*self));
    self->task = task;
    self->submitted = kc_submitted_new(on_done, self);
    self->failures = kc_send_failures_new();
    pthread_mutex_init(&self->mutex, NULL);
    return self;
}

static void destroy(void *delivery)
{
    struct at_least_once *self = delivery;
    kc_refusals_destroy(self->refusals);
    kc_record_batches_destroy(self->batches);
    if (self->flight)
        kc_submitted_abandon(self->submitted, self->flight);
    kc_submitted_destroy(self->submitted);
    kc_send_failures_destroy(self->failures);
    kc_error_destroy(self->send_error);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

/* Ends the task with err, which is taken. If that helps, a new run continues from the committed
 * offsets. */
static void fail_sends(struct at_least_once *self, struct kc_error *err)
{
    pthread_mutex_lock(&self->mutex);
    if (!self->send_error) {
        self->send_error = err;
        err = NULL;
    }
    pthread_mutex_unlock(&self->mutex);
    kc_error_destroy(err);
    atomic_store_explicit(&self->send_failed, true, memory_order_release);
}

static void on_failed(void *opaque, struct kc_error *err)
{
    fail_sends(opaque, err);
}

static struct kc_error *no_quarantine(const struct kc_source_task *task)
{
    return kc_error_new(KC_ERR_CONNECT,
                        "Records that the target refuses can't be told from others for their "
                        "quarantine (" KC_QUARANTINE_TOPIC_SETTING "): %s",
                        task->raw_refusal);
}

/* Records are sent in batches of our own, and refused records are left out. */
static struct kc_error *build_batches(struct at_least_once *self)
{
    struct kc_source_task *task = self->task;
    struct kc_map *producer =
        kc_task_core_client_properties(&task->core, "producer", "connector-quarantine-producer-");
    self->refusals = kc_refusals_new(task, self->submitted, on_failed, self);
    self->batches =
        kc_record_batches_new(task, self->submitted, producer, kc_refusals_record, self->refusals);
    kc_raw_lane_leave_out(kc_raw_lane_of(task->lanes.batches), kc_refusals_span, self->refusals);
    struct kc_error *err = kc_refusals_open(self->refusals, producer);
    kc_map_destroy(producer);
    return err;
}

static struct kc_error *prepare(void *delivery)
{
    struct at_least_once *self = delivery;
    struct kc_source_task *task = self->task;
    struct kc_error *err = NULL;
    if (task->builds_batches)
        err = build_batches(self);
    else if (kc_quarantine_wanted(task->core.settings))
        err = no_quarantine(task);
    if (!err)
        err = kc_source_task_start_acks(task);
    return err ? err : kc_lanes_open(&task->lanes);
}

static struct kc_error *flush(struct at_least_once *self)
{
    return self->batches ? kc_record_batches_flush(self->batches) : NULL;
}

/* ---- committing ---- */

static void log_commit(struct at_least_once *self, size_t partitions)
{
    uint64_t pending = kc_submitted_pending(self->submitted);
    if (partitions)
        kc_info("Committing offsets of %zu source partitions; %llu records are pending", partitions,
                (unsigned long long)pending);
    else
        kc_debug("No offsets to commit; %llu records are pending", (unsigned long long)pending);
}

static struct kc_error *write_offsets(struct at_least_once *self)
{
    struct kc_source_task *task = self->task;
    const struct kc_offset_write *writes;
    size_t count = kc_submitted_begin_flush(self->submitted, &writes);
    log_commit(self, count);
    if (!count)
        return NULL;
    struct kc_error *err =
        kc_offset_store_write(task->offsets, kc_task_host_connector(task->core.host), writes, count,
                              kc_timeout_ms(task->core.flush_timeout_ms));
    kc_submitted_end_flush(self->submitted, !err);
    return err;
}

/* commitOffsets without the plugin's part. Committer's thread, or the task's after the committer
 * has let go. */
static bool commit_offsets(struct at_least_once *self)
{
    int64_t started = kc_mono_ms();
    struct kc_error *err;
    do
        err = write_offsets(self);
    while (!err && kc_submitted_flush_goes_on(self->submitted));
    if (err)
        kc_log_error(
            "Failed to flush offsets to storage, will try again with the latest offsets at the "
            "next interval: %s",
            kc_error_text(err));
    kc_source_task_count_commit(self->task, started, !err);
    bool succeeded = !err;
    kc_error_destroy(err);
    return succeeded;
}

static void on_interval(void *opaque)
{
    struct at_least_once *self = opaque;
    struct kc_task_host *host = self->task->core.host;
    if (kc_task_host_failed(host) || atomic_load(&self->send_failed))
        return;
    char *context =
        kc_asprintf("[%s|task-%d|offsets] ", kc_task_host_connector(host), kc_task_host_task(host));
    kc_log_set_context(context);
    free(context);
    if (commit_offsets(self))
        atomic_store(&self->commit_due, true);
    kc_log_set_context(NULL);
}

static void enter_loop(void *delivery)
{
    struct at_least_once *self = delivery;
    if (!atomic_exchange(&self->committed, true))
        kc_offset_committer_add(self->task->committer, on_interval, self);
}

/* The batch that has come back from the target and is sent again. */
static bool resend(struct at_least_once *self)
{
    struct kc_batch *batch = NULL;
    if (!self->batches || !kc_lane_has_returned(self->task->lanes.batches))
        return false;
    struct kc_error *err = kc_source_task_recover_raw(self->task, &batch);
    if (!err && batch)
        err = kc_record_batches_send(self->batches, batch);
    bool sent = !err;
    kc_error_destroy(err);
    return sent;
}

/* Makes one step towards an outcome for everything sent. False: no step is left. */
static bool settle(struct at_least_once *self, int64_t deadline)
{
    if (!kc_lanes_drain(&self->task->lanes, deadline))
        return resend(self);
    if (self->refusals)
        kc_refusals_await(self->refusals);
    return true;
}

static struct kc_error *final_commit(void *delivery, bool failed)
{
    struct at_least_once *self = delivery;
    (void)failed; /* acknowledged records may be committed nevertheless */
    kc_offset_committer_remove(self->task->committer, self);
    int64_t deadline = kc_deadline_ms(self->task->core.flush_timeout_ms);
    kc_error_destroy(flush(self));
    while (kc_submitted_pending(self->submitted) > 0 && kc_mono_ms() < deadline &&
           !atomic_load(&self->send_failed) && settle(self, deadline))
        ;
    if (!kc_task_host_cancelled(self->task->core.host) && commit_offsets(self))
        kc_source_task_commit(self->task);
    return NULL;
}

/* ---- sending ---- */

static struct kc_error *check_sends(struct at_least_once *self)
{
    if (!atomic_load_explicit(&self->send_failed, memory_order_acquire))
        return NULL;
    pthread_mutex_lock(&self->mutex);
    struct kc_error *cause = kc_error_copy(self->send_error);
    pthread_mutex_unlock(&self->mutex);
    return kc_error_caused(
        kc_error_new(KC_ERR_CONNECT, "Unrecoverable exception from producer send callback"), cause);
}

static struct kc_error *before_poll(void *delivery)
{
    struct at_least_once *self = delivery;
    if (atomic_exchange_explicit(&self->commit_due, false, memory_order_relaxed))
        kc_source_task_commit(self->task);
    return check_sends(self);
}

static void begin_batch(void *delivery, struct kc_batch *batch)
{
    struct at_least_once *self = delivery;
    self->left = kc_batch_count(batch);
    self->flight = kc_submitted_begin(self->submitted, batch);
}

static struct kc_slot *push(struct at_least_once *self, const struct kc_record *record,
                            enum kc_slot_state state)
{
    struct kc_flight *flight = self->flight;
    if (--self->left == 0)
        self->flight = NULL;
    return kc_submitted_push(self->submitted, flight, record, state);
}

static struct kc_error *dropped(void *delivery, const struct kc_record *record)
{
    push(delivery, record, KC_SLOT_DROPPED);
    return NULL;
}

static struct kc_error *submit(void *delivery, const struct kc_record *record, void **slot)
{
    struct at_least_once *self = delivery;
    if (atomic_load_explicit(&self->send_failed, memory_order_relaxed)) {
        struct kc_error *err = check_sends(self);
        if (err)
            return err;
    }
    *slot = push(self, record, KC_SLOT_SENT);
    return NULL;
}

/* The error doesn't concern one record, so nothing is left out, whatever is tolerated. After a
 * producer that got no producer id comes one that needs none, unless an id was required. */
static void producer_lost(struct at_least_once *self, rd_kafka_resp_err_t fatal)
{
    if (fatal == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED &&
        !kc_source_task_make_plain(self->task)) {
        fail_sends(self, kc_error_kafka_new((int)fatal, false, "Cluster authorization failed."));
        return;
    }
    fail_sends(self, kc_error_kafka_new(RD_KAFKA_RESP_ERR__FATAL, true,
                                        "The producer has come to an end: %s (%s)",
                                        rd_kafka_err2str(fatal), rd_kafka_err2name(fatal)));
}

/* Errors after which the target will never take the record. */
static bool concerns_one_record(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           code == RD_KAFKA_RESP_ERR_INVALID_RECORD || code == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
}

static struct kc_error *send_error(const char *topic, rd_kafka_resp_err_t code)
{
    if (concerns_one_record(code))
        return kc_client_error(code,
                               "Sending a record to topic %.*s (errors.tolerance=all leaves out "
                               "what the target refuses, " KC_QUARANTINE_TOPIC_SETTING " keeps it)",
                               SHOWN_MAX, topic);
    return kc_client_error(code, "Sending a record to topic %.*s", SHOWN_MAX, topic);
}

/* A record was not sent. It is skipped if that is tolerated; otherwise the task fails at its next
 * turn. */
static void send_failed(struct at_least_once *self, struct kc_slot *slot,
                        const struct kc_lane_failure *failure)
{
    if (failure->fatal) {
        producer_lost(self, failure->fatal);
        return;
    }
    kc_send_failures_add(self->failures, kc_slot_record(slot), failure->topic,
                         rd_kafka_err2str(failure->code));
    struct kc_error *err = send_error(failure->topic, failure->code);
    if (kc_error_policy_tolerates_all(self->task->core.policy)) {
        struct kc_processing processing = {.source = kc_slot_record(slot)};
        struct kc_error *none =
            kc_error_policy_report(self->task->core.policy, &processing, KC_STAGE_KAFKA_PRODUCE,
                                   "org.apache.kafka.connect.runtime.WorkerSourceTask", err);
        kc_error_destroy(none);
        kc_processing_clear(&processing);
        kc_slot_skip(self->submitted, slot);
        return;
    }
    fail_sends(self, err);
}

/* Java's producer reports by callback what librdkafka refuses at once (a record too large, an
 * unknown partition). The consequence is the same. */
static struct kc_error *rejected(void *delivery, void *slot, const struct kc_lane_failure *failure)
{
    send_failed(delivery, slot, failure);
    return NULL;
}

/* Nothing waits here while something else is sent. */
static struct kc_error *batch_done(void *delivery)
{
    return flush(delivery);
}

/* ---- acknowledgements ---- */

static void acked(void *delivery, void *slot, const struct kc_lane_ack *ack)
{
    struct at_least_once *self = delivery;
    self->acked += ack->records;
    self->acked_bytes += ack->bytes;
    kc_slot_ack(slot, ack->offset, ack->partition, ack->timestamp);
}

static void failed(void *delivery, void *slot, const struct kc_lane_failure *failure)
{
    if (!failure->given_up || failure->fatal)
        send_failed(delivery, slot, failure);
}

static void released(void *delivery, void *slot)
{
    (void)delivery;
    kc_slot_drop(slot);
}

static void retracted(void *delivery, void *slot)
{
    struct at_least_once *self = delivery;
    kc_slot_retract(self->submitted, slot);
}

static uint64_t in_flight(struct at_least_once *self)
{
    return kc_submitted_pending(self->submitted) + kc_lanes_extra(&self->task->lanes);
}

/* Java's producer fails sends when its login is refused; librdkafka keeps trying. While anything is
 * acknowledged, one broker's refusal may pass. */
static void check_login(struct at_least_once *self, bool moves)
{
    int64_t now = kc_mono_ms();
    struct kc_error *err;
    if (moves || !self->moved_ms)
        self->moved_ms = now;
    if (now - self->moved_ms < REFUSED_AFTER_MS ||
        atomic_load_explicit(&self->send_failed, memory_order_relaxed))
        return;
    self->moved_ms = now; /* looked at again after as long */
    err = kc_lanes_refusal(&self->task->lanes);
    if (err)
        fail_sends(self, err);
}

static bool served(void *delivery)
{
    struct at_least_once *self = delivery;
    kc_source_task_wake_returned(self->task);
    bool quarantines = self->refusals && kc_refusals_serve(self->refusals);
    kc_submitted_advance(self->submitted);
    struct kc_task_metrics *metrics = kc_task_host_metrics(self->task->core.host);
    bool moves = self->acked > 0;
    if (moves) {
        atomic_fetch_add_explicit(&metrics->records_out, self->acked, memory_order_relaxed);
        atomic_fetch_add_explicit(&metrics->bytes_out, self->acked_bytes, memory_order_relaxed);
        self->acked = self->acked_bytes = 0;
    }
    uint64_t active = in_flight(self);
    atomic_store_explicit(&metrics->active, active, memory_order_relaxed);
    kc_window_add_one(&metrics->active_records, kc_mono_ms(), (int64_t)active);
    check_login(self, moves || active == 0);
    kc_send_failures_tell(self->failures);
    return active > 0 || quarantines;
}

const struct kc_delivery kc_at_least_once = {
    .events = {acked, failed, released, retracted, rejected},
    .create = create,
    .destroy = destroy,
    .prepare = prepare,
    .enter_loop = enter_loop,
    .before_poll = before_poll,
    .begin_batch = begin_batch,
    .dropped = dropped,
    .submit = submit,
    .batch_done = batch_done,
    .served = served,
    .final_commit = final_commit,
};
