/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source tasks that lose and repeat nothing: ExactlyOnceWorkerSourceTask (KIP-618).
 *
 * Records and the offsets of what has been dispatched go out in one transaction of the task's own
 * producer, whose id fences any earlier instance. Everything but outcome() and transaction() runs
 * on the task's thread. A record's outcome lies beside it in its batch, and is told to the plugin
 * once the transaction has been committed: librdkafka returns from a commit or abort only after all
 * outcomes have been served.
 */
#include "connect/log.h"
#include "runtime/source_task_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#define uthash_fatal(msg) abort()
#include <uthash.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.ExactlyOnceWorkerSourceTask");

enum boundary { BOUNDARY_POLL, BOUNDARY_INTERVAL, BOUNDARY_CONNECTOR };
enum { TRANSACTION_WAIT_MS = 5000, ABORT_WAIT_MS = 10000, OFFSET_ARENA = 4096 };

/* One record of a transaction. */
struct entry {
    const struct kc_record *record;
    struct kc_record_metadata metadata;
    atomic_bool acked;
    bool dropped;
};

struct txn_batch {
    struct kc_batch *batch;
    struct txn_batch *next;
    size_t used;
    struct entry entries[];
};

/* The newest dispatched offset of a source partition. */
struct position {
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
    bool open; /* a transaction */
    struct txn_batch *batches;
    struct txn_batch *current;
    struct position *positions;    /* since the last commit */
    struct kc_arena *offset_bytes; /* keys and values of offsets on their way */
    struct position *last;         /* most records follow one of the same partition */
    atomic_bool commit_requested;
    atomic_bool abort_requested;
    atomic_uint_fast64_t acked;
    atomic_uint_fast64_t acked_bytes;
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
    self->boundary = read_boundary(task->settings);
    self->interval_ms = kc_config_is_null(task->settings, "transaction.boundary.interval.ms")
                            ? kc_config_long(task->config->values, "offset.flush.interval.ms")
                            : kc_config_long(task->settings, "transaction.boundary.interval.ms");
    self->offsets_topic = kc_connector_offsets_topic(task->config, task->connector_config);
    return self;
}

static void forget_batches(struct exactly_once *self)
{
    struct txn_batch *batch, *next;
    LL_FOREACH_SAFE(self->batches, batch, next)
    {
        kc_batch_unref(batch->batch);
        free(batch);
    }
    self->batches = self->current = NULL;
}

static void forget_positions(struct exactly_once *self)
{
    struct position *position, *next;
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
    forget_batches(self);
    forget_positions(self);
    kc_arena_destroy(self->offset_bytes);
    free(self);
}

/* ---- librdkafka's transaction calls ---- */

/* Repeats call while its error says so and the task isn't cancelled. */
static rd_kafka_error_t *persist(struct exactly_once *self,
                                 rd_kafka_error_t *(*call)(rd_kafka_t *, int))
{
    rd_kafka_t *client = kc_source_producer_client(self->task->producer);
    for (;;) {
        rd_kafka_error_t *error = call(client, TRANSACTION_WAIT_MS);
        if (!error || !rd_kafka_error_is_retriable(error) ||
            kc_task_host_cancelled(self->task->host))
            return error;
        kc_warn("Trying again: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
}

static bool expired(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
           code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED || code == RD_KAFKA_RESP_ERR__FENCED;
}

/* Takes error. */
static struct kc_error *wrap(struct exactly_once *self, const char *what, rd_kafka_error_t *error)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    struct kc_error *cause = kc_client_error(code, "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    if (!expired(code))
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
                     kc_task_host_connector(self->task->host), kc_task_host_task(self->task->host)),
        cause);
}

static struct kc_error *begin(struct exactly_once *self)
{
    if (self->open)
        return NULL;
    rd_kafka_error_t *error =
        rd_kafka_begin_transaction(kc_source_producer_client(self->task->producer));
    if (error)
        return wrap(self, "Failed to begin a producer transaction", error);
    self->open = true;
    return NULL;
}

static struct kc_error *prepare(void *delivery)
{
    struct exactly_once *self = delivery;
    struct kc_task_host *host = self->task->host;
    struct kc_error *err = kc_task_host_fence_zombies(host);
    if (err || kc_task_host_stopping(host))
        return err;
    rd_kafka_error_t *error = persist(self, rd_kafka_init_transactions);
    if (error)
        return wrap(self, "Failed to initialize transactions of the task's producer", error);
    return kc_task_host_verify(host);
}

/* ---- offsets ---- */

static json_t *offset_json(const struct kc_source_offset *offset)
{
    if (!offset->field)
        return json_incref(offset->map);
    return json_pack("{s:I}", offset->field, (json_int_t)offset->number);
}

static struct position *find_position(struct exactly_once *self,
                                      struct kc_source_partition *partition)
{
    if (self->last && self->last->partition == partition)
        return self->last;
    struct position *position = NULL;
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
    struct position *position = find_position(self, record->source_partition);
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

/* The text in memory that lasts until the client has let go of it. Takes text. */
static const char *keep(struct exactly_once *self, char *text)
{
    if (!text)
        return NULL;
    if (!self->offset_bytes)
        self->offset_bytes = kc_arena_new(OFFSET_ARENA);
    const char *kept = kc_arena_strdup(self->offset_bytes, text);
    free(text);
    return kept;
}

static struct kc_error *send_offset(struct exactly_once *self, struct kc_target_topic *topic,
                                    const struct position *position)
{
    const char *key = keep(self, kc_offset_key(kc_task_host_connector(self->task->host),
                                               kc_source_partition_map(position->partition)));
    const char *value = keep(self, position->offset ? kc_offset_value(position->offset) : NULL);
    struct kc_wire_record wire = {
        .topic = self->offsets_topic,
        .partition = KC_NO_PARTITION,
        .timestamp = KC_NO_TIMESTAMP,
        .key = key,
        .key_len = strlen(key),
        .value = value,
        .value_len = value ? strlen(value) : 0,
    };
    rd_kafka_resp_err_t code = kc_source_producer_send(self->task->producer, topic, &wire, NULL);
    return code ? kc_client_error(code, "Sending source offsets to topic %s", self->offsets_topic)
                : NULL;
}

static struct kc_error *send_offsets(struct exactly_once *self)
{
    bool first;
    kc_source_producer_begin_batch(self->task->producer);
    struct kc_target_topic *topic =
        kc_source_producer_topic(self->task->producer, self->offsets_topic, &first);
    struct kc_error *err = NULL;
    for (struct position *p = self->positions; p && !err; p = p->hh.next)
        err = send_offset(self, topic, p);
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
    if (!kc_connector_offsets_separate(task->config, task->connector_config))
        return NULL;
    size_t count = 0;
    struct kc_offset_write *writes = kc_calloc(HASH_COUNT(self->positions) + 1, sizeof(*writes));
    for (struct position *p = self->positions; p; p = p->hh.next)
        if (!p->offset == tombstones)
            writes[count++] =
                (struct kc_offset_write){kc_source_partition_map(p->partition), p->offset};
    struct kc_error *err = NULL;
    const char *connector = kc_task_host_connector(task->host);
    if (count && tombstones)
        err = kc_offset_store_write(task->worker_offsets, connector, writes, count,
                                    (int)task->flush_timeout_ms);
    else if (count)
        kc_offset_store_set(task->worker_offsets, connector, writes, count, on_copied, NULL);
    free(writes);
    return err;
}

/* ---- committing ---- */

/* Tells the plugin about every record that has been committed or dropped. */
static void tell_records(struct exactly_once *self)
{
    struct txn_batch *batch;
    LL_FOREACH(self->batches, batch)
    {
        for (size_t i = 0; i < batch->used; i++) {
            struct entry *entry = &batch->entries[i];
            if (entry->dropped)
                kc_source_task_record_committed(self->task, entry->record, NULL);
            else if (atomic_load_explicit(&entry->acked, memory_order_acquire))
                kc_source_task_record_committed(self->task, entry->record, &entry->metadata);
        }
    }
}

/* Of the batch being sent only what is in the transaction has been told. */
static void end_batches(struct exactly_once *self)
{
    tell_records(self);
    struct txn_batch *current = self->task->batch ? self->current : NULL;
    if (current) {
        LL_DELETE(self->batches, current);
        current->next = NULL;
    }
    forget_batches(self);
    if (current) {
        /* Entries are addressed by messages that have all had their outcome. */
        current->used = 0;
        self->batches = self->current = current;
    }
}

static struct kc_error *flush_and_commit(struct exactly_once *self)
{
    struct kc_error *err = copy_to_worker(self, true);
    if (!err)
        err = send_offsets(self);
    if (err)
        return err;
    rd_kafka_error_t *error = persist(self, rd_kafka_commit_transaction);
    if (error) {
        char *what = kc_asprintf("Failed to flush offsets and/or records for task %s-%d",
                                 kc_task_host_connector(self->task->host),
                                 kc_task_host_task(self->task->host));
        err = wrap(self, what, error);
        free(what);
        return err;
    }
    self->open = false;
    kc_arena_destroy(self->offset_bytes);
    self->offset_bytes = NULL;
    return NULL;
}

static struct kc_error *commit(struct exactly_once *self)
{
    int64_t started = kc_mono_ms();
    if (!self->open && !self->positions) {
        end_batches(self);
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
    struct kc_task_metrics *metrics = kc_task_host_metrics(self->task->host);
    uint64_t acked = atomic_exchange(&self->acked, 0);
    atomic_fetch_add(&metrics->records_out, acked);
    kc_window_add_one(&metrics->transaction_records, kc_mono_ms(), (int64_t)acked);
    atomic_fetch_add(&metrics->bytes_out, atomic_exchange(&self->acked_bytes, 0));
    end_batches(self);
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
    rd_kafka_error_t *error = persist(self, rd_kafka_abort_transaction);
    if (error)
        return wrap(self, "Failed to abort a producer transaction", error);
    self->open = false;
    return NULL;
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
    struct kc_error *err = NULL;
    if (self->boundary == BOUNDARY_CONNECTOR)
        err = serve_requests(self, &due);
    if (self->boundary == BOUNDARY_INTERVAL)
        due = kc_mono_ms() >= self->last_commit_ms + self->interval_ms;
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
    if (self->open) /* readers of the target needn't wait for the transaction to expire */
        rd_kafka_error_destroy(rd_kafka_abort_transaction(
            kc_source_producer_client(self->task->producer), ABORT_WAIT_MS));
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
    (void)delivery;
    return NULL;
}

static void begin_batch(void *delivery, struct kc_batch *batch)
{
    struct exactly_once *self = delivery;
    struct txn_batch *made =
        kc_calloc(1, sizeof(*made) + kc_batch_count(batch) * sizeof(made->entries[0]));
    made->batch = batch;
    LL_PREPEND(self->batches, made);
    self->current = made;
}

static struct kc_error *check_topic(void *delivery, const char *topic)
{
    struct exactly_once *self = delivery;
    if (strcmp(topic, self->offsets_topic) != 0)
        return NULL;
    return kc_error_new(KC_ERR_CONNECT, "Source tasks may not produce to their own offsets topics "
                                        "when exactly-once support is enabled");
}

static struct entry *add_entry(struct exactly_once *self, const struct kc_record *record,
                               bool is_dropped)
{
    struct entry *entry = &self->current->entries[self->current->used++];
    entry->record = record;
    entry->dropped = is_dropped;
    atomic_store_explicit(&entry->acked, false, memory_order_relaxed);
    return entry;
}

static struct kc_error *dropped(void *delivery, const struct kc_record *record)
{
    add_entry(delivery, record, true);
    return NULL;
}

static struct kc_error *submit(void *delivery, const struct kc_record *record, void **opaque)
{
    struct exactly_once *self = delivery;
    struct kc_error *err = begin(self);
    if (!err)
        *opaque = add_entry(self, record, false);
    return err;
}

static struct kc_error *dispatched(void *delivery, const struct kc_record *record)
{
    take_position(delivery, record);
    return NULL;
}

static struct kc_error *rejected(void *delivery, const struct kc_record *record, void *opaque,
                                 rd_kafka_resp_err_t code)
{
    (void)opaque;
    char *text =
        kc_asprintf("Sending a record to topic %s: %s", record->topic, rd_kafka_err2str(code));
    struct kc_error *err = wrap(delivery, "Unrecoverable exception trying to send",
                                rd_kafka_error_new(code, "%s", text));
    free(text);
    return err;
}

static void outcome(void *delivery, const rd_kafka_message_t *message)
{
    struct exactly_once *self = delivery;
    struct entry *entry = message->_private;
    if (message->err) {
        /* The transaction can't be committed any more: the commit tells. */
        kc_debug("Failed to send record to %s: %s", rd_kafka_topic_name(message->rkt),
                 rd_kafka_message_errstr(message));
        return;
    }
    if (!entry)
        return;
    entry->metadata = (struct kc_record_metadata){message->offset, message->partition,
                                                  rd_kafka_message_timestamp(message, NULL)};
    atomic_store_explicit(&entry->acked, true, memory_order_release);
    atomic_fetch_add_explicit(&self->acked, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&self->acked_bytes, message->len + message->key_len,
                              memory_order_relaxed);
}

static void served(void *delivery)
{
    (void)delivery;
}

static void transaction(void *delivery, bool wants_commit)
{
    struct exactly_once *self = delivery;
    if (self->boundary == BOUNDARY_CONNECTOR)
        atomic_store(wants_commit ? &self->commit_requested : &self->abort_requested, true);
}

const struct kc_delivery kc_exactly_once = {
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
    .rejected = rejected,
    .batch_done = batch_done,
    .outcome = outcome,
    .served = served,
    .paused = paused,
    .final_commit = final_commit,
    .transaction = transaction,
};
