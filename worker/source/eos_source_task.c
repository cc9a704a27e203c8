/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source tasks that lose and repeat nothing: ExactlyOnceWorkerSourceTask (KIP-618).
 *
 * Records and their offsets go out in one transaction. Its id is the task's own, so it fences any
 * earlier instance. The channel (eos_channel_priv.h) has the client. The plugin is told of
 * dispatched records once the transaction has been committed (eos_records_priv.h); its entries are
 * the slots of sent records. Everything runs on the task's thread, except the lane's events and
 * transaction().
 */
#include "connect/hash.h"
#include "connect/log.h"
#include "source/eos_channel_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.ExactlyOnceWorkerSourceTask");

enum boundary { BOUNDARY_POLL, BOUNDARY_INTERVAL, BOUNDARY_CONNECTOR };
enum {
    ABORT_WAIT_MS = 10000,
    FENCING_PATIENCE_MS = 60000,
    FENCING_AGAIN_MS = 1000,
    CONFIRM_PATIENCE_MS = 3000,
    CONFIRM_AGAIN_MS = 50,
};

/* The newest dispatched offset of a source partition. */
struct task_position {
    struct kc_source_partition *partition;
    json_t *offset; /* NULL: null */
    UT_hash_handle hh;
};

struct exactly_once {
    struct kc_source_task *task;
    enum boundary boundary;
    int64_t interval_ms;
    int64_t last_commit_ms;
    const char *offsets_topic;
    bool open;                        /* a transaction */
    const struct kc_eos_channel *how; /* NULL before prepare() */
    void *channel;
    struct kc_txn_records *records;
    struct task_position *positions; /* since the last commit */
    struct task_position *last;      /* most records follow one of the same partition */
    atomic_bool commit_requested;
    atomic_bool abort_requested;
    atomic_bool polling; /* the plugin's poll() may be under way */
};

/* ---- life ---- */

static enum boundary read_boundary(const struct kc_config *settings)
{
    const char *text = kc_config_string(settings, "transaction.boundary");
    if (text && strcasecmp(text, "interval") == 0)
        return BOUNDARY_INTERVAL;
    return text && strcasecmp(text, "connector") == 0 ? BOUNDARY_CONNECTOR : BOUNDARY_POLL;
}

static void *create(struct kc_source_task *task)
{
    struct exactly_once *self = kc_calloc(1, sizeof(*self));
    self->task = task;
    self->boundary = read_boundary(task->core.settings);
    self->interval_ms =
        kc_config_is_null(task->core.settings, "transaction.boundary.interval.ms")
            ? kc_config_long(task->core.config->values, "offset.flush.interval.ms")
            : kc_config_long(task->core.settings, "transaction.boundary.interval.ms");
    self->offsets_topic =
        kc_connector_offsets_topic(task->core.config, task->core.connector_config);
    self->records = kc_txn_records_new(task);
    return self;
}

static void forget_positions(struct exactly_once *self)
{
    struct task_position *position, *next;
    HASH_ITER (hh, self->positions, position, next) {
        HASH_DEL(self->positions, position);
        kc_source_partition_unref(position->partition);
        json_decref(position->offset);
        free(position);
    }
    self->last = NULL;
}

static void destroy(void *delivery)
{
    struct exactly_once *self = delivery;
    kc_txn_records_destroy(self->records);
    if (self->how)
        self->how->destroy(self->channel);
    forget_positions(self);
    free(self);
}

/* ---- errors ---- */

struct kc_error *kc_eos_error(const struct kc_source_task *task, const char *what, bool expired,
                              struct kc_error *cause)
{
    if (!expired)
        return kc_error_caused(kc_error_new(KC_ERR_CONNECT, "%s", what), cause);
    return kc_error_caused(
        kc_error_new(KC_ERR_CONNECT,
                     "The task %s-%d was unable to finish writing records to Kafka before its "
                     "producer transaction expired. It may be necessary to reconfigure this "
                     "connector in order for it to run healthily with exactly-once support. "
                     "Options for this include: tune the connector's producer configuration for "
                     "higher throughput, increase the transaction timeout for the connector's "
                     "producers, decrease the offset commit interval (if using interval-based "
                     "transaction boundaries), or use the 'poll' transaction boundary (if the "
                     "connector is not already configured to use it).",
                     kc_task_host_connector(task->core.host), kc_task_host_task(task->core.host)),
        cause);
}

struct kc_error *kc_eos_flush_error(const struct kc_source_task *task, bool expired,
                                    struct kc_error *cause)
{
    char *what =
        kc_asprintf("Failed to flush offsets and/or records for task %s-%d",
                    kc_task_host_connector(task->core.host), kc_task_host_task(task->core.host));
    struct kc_error *err = kc_eos_error(task, what, expired, cause);
    free(what);
    return err;
}

/* ---- the transaction ---- */

static struct kc_error *begin(struct exactly_once *self)
{
    if (self->open)
        return NULL;
    struct kc_error *err = self->how->begin(self->channel);
    self->open = !err;
    return err;
}

static bool may_pass(const struct kc_error *err)
{
    enum kc_error_code code = kc_error_code(err);
    bool refused = code == KC_ERR_BAD_REQUEST || code == KC_ERR_NOT_FOUND ||
                   code == KC_ERR_UNAUTHORIZED || code == KC_ERR_FORBIDDEN;
    return !refused && (kc_error_kafka_code(err) == 0 || kc_error_retriable(err));
}

/* A round of fencing may fail for a passing reason: a broker or the leader is away. (Java's task
 * fails at once, and waits for people.) */
static struct kc_error *fence_zombies(struct kc_task_host *host)
{
    int64_t until = kc_mono_ms() + FENCING_PATIENCE_MS;
    struct kc_error *err;
    while ((err = kc_task_host_fence_zombies(host)) && may_pass(err) && kc_mono_ms() < until) {
        kc_warn("%s. Trying again", kc_error_text(err));
        kc_error_destroy(err);
        if (kc_task_host_sleep(host, FENCING_AGAIN_MS))
            return NULL;
    }
    return err;
}

/* Asks whether the task is still this worker's, before it fences the present holder of its id. */
static struct kc_error *confirm(struct kc_task_host *host)
{
    int64_t since = kc_mono_ms();
    struct kc_error *err;
    while ((err = kc_task_host_confirm(host, since)) && kc_error_retriable(err) &&
           kc_mono_ms() < since + CONFIRM_PATIENCE_MS) {
        kc_error_destroy(err);
        if (kc_task_host_sleep(host, CONFIRM_AGAIN_MS))
            return NULL;
    }
    return err;
}

/* Runs on a thread of the lane's client, if the task's thread serves the lane. Acknowledged batches
 * hold memory that the plugin's poll() may wait for, and what came back must be sent before
 * anything else. */
static void on_moved(void *delivery)
{
    struct exactly_once *self = delivery;
    const struct kc_source_task_ops *ops = self->task->core.plugin->source_task;
    if (atomic_load(&self->polling) && ops->wake)
        ops->wake(self->task->task);
}

static struct kc_error *open_channel(struct exactly_once *self)
{
    struct kc_lanes *lanes = &self->task->lanes;
    struct kc_error *err = NULL;
    self->how = lanes->records->ops->transactions;
    self->channel = self->how->create(self->task, self->records);
    kc_lanes_on_moved(lanes, on_moved, self);
    if (self->how->has_acks)
        err = kc_source_task_start_acks(self->task);
    return err ? err : kc_lanes_open(lanes);
}

static struct kc_error *prepare(void *delivery)
{
    struct exactly_once *self = delivery;
    struct kc_task_host *host = self->task->core.host;
    struct kc_error *err = open_channel(self);
    if (!err && kc_task_host_renewed(host))
        err = confirm(host);
    if (!err && !kc_task_host_stopping(host))
        err = fence_zombies(host);
    if (err || kc_task_host_stopping(host))
        return err;
    err = self->how->init(self->channel);
    return err ? err : kc_task_host_verify(host);
}

static struct kc_error *progress(struct exactly_once *self)
{
    return self->how->progress ? self->how->progress(self->channel) : NULL;
}

/* ---- offsets ---- */

static json_t *offset_json(const struct kc_source_offset *offset)
{
    if (!offset->field)
        return json_incref(offset->map);
    return json_pack("{s:I}", offset->field, (json_int_t)offset->number);
}

static struct task_position *find_position(struct exactly_once *self,
                                           struct kc_source_partition *partition)
{
    if (self->last && self->last->partition == partition)
        return self->last;
    struct task_position *position = NULL;
    HASH_FIND_PTR(self->positions, &partition, position);
    if (!position) {
        position = kc_calloc(1, sizeof(*position));
        position->partition = kc_source_partition_ref(partition);
        HASH_ADD_PTR(self->positions, partition, position);
    }
    return self->last = position;
}

static void take_position(struct exactly_once *self, const struct kc_record *record)
{
    if (record->span && record->span->again) /* its offset is known, and maybe a newer one */
        return;
    struct task_position *position = find_position(self, record->source_partition);
    const struct kc_source_offset *offset = &record->source_offset;
    json_t *number =
        offset->field && position->offset ? json_object_get(position->offset, offset->field) : NULL;
    if (number && json_is_integer(number) && json_object_size(position->offset) == 1) {
        json_integer_set(number, offset->number);
        return;
    }
    json_decref(position->offset);
    position->offset = offset_json(offset);
}

static struct kc_error *send_offset(struct exactly_once *self, const struct task_position *position)
{
    char *key = kc_offset_key(kc_task_host_connector(self->task->core.host),
                              kc_source_partition_map(position->partition));
    char *value = position->offset ? kc_offset_value(position->offset) : NULL;
    struct kc_error *err = self->how->send_offset(self->channel, self->offsets_topic, key, value);
    free(key);
    free(value);
    return err;
}

static struct kc_error *send_offsets(struct exactly_once *self)
{
    struct kc_error *err = NULL;
    for (struct task_position *p = self->positions; p && !err; p = p->hh.next)
        err = send_offset(self, p);
    return err;
}

/* On a thread of the store's client. */
static void on_copied(void *opaque, struct kc_error *err)
{
    (void)opaque;
    if (err)
        kc_warn("The worker's offsets topic has not got a copy of the offsets: %s",
                kc_error_text(err));
    kc_error_destroy(err);
}

/* Deletions reach the worker's topic before the transaction, everything else after it at leisure
 * (ConnectorOffsetBackingStore, KAFKA-15018). */
static struct kc_error *copy_to_worker(struct exactly_once *self, bool tombstones)
{
    struct kc_source_task *task = self->task;
    if (!kc_connector_offsets_separate(task->core.config, task->core.connector_config))
        return NULL;
    size_t count = 0;
    struct kc_offset_write *writes = kc_calloc(HASH_COUNT(self->positions) + 1, sizeof(*writes));
    for (struct task_position *p = self->positions; p; p = p->hh.next)
        if (!p->offset == tombstones)
            writes[count++] =
                (struct kc_offset_write){kc_source_partition_map(p->partition), p->offset};
    struct kc_error *err = NULL;
    const char *connector = kc_task_host_connector(task->core.host);
    if (count && tombstones)
        err = kc_offset_store_write(task->worker_offsets, connector, writes, count,
                                    kc_timeout_ms(task->core.flush_timeout_ms));
    else if (count)
        kc_offset_store_set(task->worker_offsets, connector, writes, count, on_copied, NULL);
    free(writes);
    return err;
}

/* ---- committing ---- */

static struct kc_error *flush_and_commit(struct exactly_once *self)
{
    struct kc_error *err = copy_to_worker(self, true);
    if (!err)
        err = send_offsets(self);
    if (!err)
        err = self->how->commit(self->channel);
    self->open = self->open && err;
    return err;
}

/* The plugin has been told only of the part of the current batch that is in the transaction. */
static void end_records(struct exactly_once *self)
{
    struct kc_task_metrics *metrics = kc_task_host_metrics(self->task->core.host);
    uint64_t acked, acked_bytes;
    kc_txn_records_take_count(self->records, &acked, &acked_bytes);
    if (acked)
        kc_window_add_one(&metrics->transaction_records, kc_mono_ms(), (int64_t)acked);
    atomic_fetch_add(&metrics->records_out, acked);
    atomic_fetch_add(&metrics->bytes_out, acked_bytes);
    kc_txn_records_end(self->records, self->task->batch != NULL);
}

static struct kc_error *commit(struct exactly_once *self)
{
    int64_t started = kc_mono_ms();
    if (!self->open && !self->positions) {
        end_records(self);
        kc_source_task_count_commit(self->task, started, true);
        kc_source_task_commit(self->task);
        return NULL;
    }
    struct kc_error *err = begin(self);
    if (!err)
        err = flush_and_commit(self);
    kc_source_task_count_commit(self->task, started, !err);
    if (err)
        return err;
    kc_error_destroy(copy_to_worker(self, false));
    forget_positions(self);
    end_records(self);
    kc_source_task_commit(self->task);
    return NULL;
}

static struct kc_error *abort_transaction(struct exactly_once *self)
{
    if (!self->open) {
        kc_warn("Ignoring request by task to abort transaction as the current transaction is "
                "empty");
        return NULL;
    }
    struct kc_error *err = self->how->abort(self->channel, -1);
    self->open = err != NULL;
    return err;
}

/* The connector's own boundaries: an abort is followed by a commit of the offsets, so that the
 * aborted records aren't read again. */
static struct kc_error *serve_requests(struct exactly_once *self, bool *due)
{
    bool wants_commit = atomic_exchange(&self->commit_requested, false);
    bool wants_abort = atomic_exchange(&self->abort_requested, false);
    *due = wants_commit || wants_abort;
    if (wants_commit && wants_abort)
        return kc_error_new(KC_ERR_CONNECT,
                            "Connector requested both commit and abort of same transaction");
    if (!wants_abort)
        return NULL;
    kc_info("Aborting transaction for batch as requested by connector");
    return abort_transaction(self);
}

static struct kc_error *batch_done(void *delivery)
{
    struct exactly_once *self = delivery;
    bool due = self->boundary == BOUNDARY_POLL;
    atomic_store(&self->polling, false);
    struct kc_error *err = progress(self);
    if (!err && self->boundary == BOUNDARY_CONNECTOR)
        err = serve_requests(self, &due);
    if (self->boundary == BOUNDARY_INTERVAL)
        due = kc_mono_ms() - self->last_commit_ms >= self->interval_ms;
    if (err || !due)
        return err;
    self->last_commit_ms = kc_mono_ms();
    return commit(self);
}

static struct kc_error *commit_last(struct exactly_once *self)
{
    if (self->boundary == BOUNDARY_CONNECTOR)
        return batch_done(self);
    return commit(self);
}

static struct kc_error *paused(void *delivery)
{
    return commit_last(delivery);
}

static struct kc_error *final_commit(void *delivery, bool failed)
{
    struct exactly_once *self = delivery;
    if (!failed)
        return commit_last(self);
    kc_debug("Skipping final offset commit as task has failed");
    if (self->open) /* so that readers of the target needn't wait for the transaction's time-out */
        kc_error_destroy(self->how->abort(self->channel, ABORT_WAIT_MS));
    return NULL;
}

/* ---- sending ---- */

static void enter_loop(void *delivery)
{
    struct exactly_once *self = delivery;
    self->last_commit_ms = kc_mono_ms();
}

static struct kc_error *before_poll(void *delivery)
{
    struct exactly_once *self = delivery;
    atomic_store(&self->polling, true); /* from now on an acknowledgement ends the poll */
    return progress(self);
}

static void begin_batch(void *delivery, struct kc_batch *batch)
{
    struct exactly_once *self = delivery;
    atomic_store(&self->polling, false);
    kc_txn_records_begin(self->records, batch);
}

static struct kc_error *check_topic(void *delivery, const char *topic)
{
    struct exactly_once *self = delivery;
    if (strcmp(topic, self->offsets_topic) != 0)
        return NULL;
    return kc_error_new(KC_ERR_CONNECT, "Source tasks may not produce to their own offsets topics "
                                        "when exactly-once support is enabled");
}

static struct kc_error *dropped(void *delivery, const struct kc_record *record)
{
    struct exactly_once *self = delivery;
    kc_txn_records_add(self->records, record, true);
    return NULL;
}

static struct kc_error *submit(void *delivery, const struct kc_record *record, void **slot)
{
    struct exactly_once *self = delivery;
    struct kc_error *err = begin(self);
    if (!err)
        *slot = kc_txn_records_add(self->records, record, false);
    return err;
}

static struct kc_error *dispatched(void *delivery, const struct kc_record *record)
{
    take_position(delivery, record);
    return NULL;
}

/* ---- what the lane tells ---- */

static struct kc_error *rejected(void *delivery, void *slot, const struct kc_lane_failure *failure)
{
    struct exactly_once *self = delivery;
    rd_kafka_resp_err_t code = failure->code;
    bool expired = code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
                   code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
    struct kc_error *cause =
        kc_client_error(code, "Sending a record to topic %.300s", failure->topic);
    (void)slot;
    return kc_eos_error(self->task, "Unrecoverable exception trying to send", expired, cause);
}

static void acked(void *delivery, void *slot, const struct kc_lane_ack *ack)
{
    struct exactly_once *self = delivery;
    kc_txn_records_acked(self->records, slot, ack);
}

/* The transaction can't be committed any more: the commit tells. */
static void failed(void *delivery, void *slot, const struct kc_lane_failure *failure)
{
    (void)delivery, (void)slot;
    kc_debug("Failed to send record to %s: %s", failure->topic, rd_kafka_err2str(failure->code));
}

static void released(void *delivery, void *slot)
{
    struct exactly_once *self = delivery;
    kc_txn_span_gone(self->records, slot);
}

static void retracted(void *delivery, void *slot)
{
    if (slot) /* batches that were built have none the first time */
        released(delivery, slot);
}

static void transaction(void *delivery, bool wants_commit)
{
    struct exactly_once *self = delivery;
    if (self->boundary == BOUNDARY_CONNECTOR)
        atomic_store(wants_commit ? &self->commit_requested : &self->abort_requested, true);
}

const struct kc_delivery kc_exactly_once = {
    .events = {acked, failed, released, retracted, rejected},
    .create = create,
    .destroy = destroy,
    .prepare = prepare,
    .enter_loop = enter_loop,
    .before_poll = before_poll,
    .begin_batch = begin_batch,
    .check_topic = check_topic,
    .dropped = dropped,
    .submit = submit,
    .dispatched = dispatched,
    .batch_done = batch_done,
    .paused = paused,
    .final_commit = final_commit,
    .transaction = transaction,
};
