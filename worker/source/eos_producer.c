/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions through the task's librdkafka producer: see eos_channel_priv.h.
 *
 * librdkafka returns from a commit or abort only after all outcomes have been served. Everything
 * but outcome() is on the task's thread.
 */
#include "connect/log.h"
#include "source/eos_channel_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.ExactlyOnceWorkerSourceTask");

enum { TRANSACTION_WAIT_MS = 5000, OFFSET_ARENA = 4096 };

struct record_channel {
    struct kc_source_task *task;
    struct kc_arena *offset_bytes; /* keys and values of offsets on their way */
    atomic_uint_fast64_t acked;
    atomic_uint_fast64_t acked_bytes;
};

static void *create(struct kc_source_task *task, struct kc_txn_records *records)
{
    (void)records;
    struct record_channel *self = kc_calloc(1, sizeof(*self));
    self->task = task;
    return self;
}

static void destroy(void *channel)
{
    struct record_channel *self = channel;
    kc_arena_destroy(self->offset_bytes);
    free(self);
}

static rd_kafka_t *client_of(struct record_channel *self)
{
    return kc_source_producer_client(self->task->producer);
}

/* Takes error; its text as an error of ours, and whether the transaction has expired. */
static struct kc_error *cause_of(rd_kafka_error_t *error, bool *expired)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    struct kc_error *cause = kc_client_error(code, "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    *expired = code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
               code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED || code == RD_KAFKA_RESP_ERR__FENCED;
    return cause;
}

/* Java's producer fails when its login is refused; librdkafka goes on trying. While anything is
 * acknowledged, whatever one broker says may pass. */
static struct kc_error *refusal(struct record_channel *self, uint64_t acked_before)
{
    return atomic_load(&self->acked) == acked_before
               ? kc_source_producer_refusal(self->task->producer)
               : NULL;
}

/* Repeats call while its error says so, the login isn't refused and the task isn't cancelled. */
static struct kc_error *persist(struct record_channel *self,
                                rd_kafka_error_t *(*call)(rd_kafka_t *, int), bool *expired)
{
    *expired = false;
    for (;;) {
        uint64_t acked = atomic_load(&self->acked);
        rd_kafka_error_t *error = call(client_of(self), TRANSACTION_WAIT_MS);
        if (!error)
            return NULL;
        if (!rd_kafka_error_is_retriable(error) || kc_task_host_cancelled(self->task->host))
            return cause_of(error, expired);
        struct kc_error *refused = refusal(self, acked);
        if (!refused)
            kc_warn("Trying again: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        if (refused)
            return refused;
    }
}

static struct kc_error *init(void *channel)
{
    struct record_channel *self = channel;
    bool expired;
    struct kc_error *cause = persist(self, rd_kafka_init_transactions, &expired);
    return cause ? kc_eos_error(self->task,
                                "Failed to initialize transactions of the task's producer", expired,
                                cause)
                 : NULL;
}

static struct kc_error *begin(void *channel)
{
    struct record_channel *self = channel;
    bool expired;
    rd_kafka_error_t *error = rd_kafka_begin_transaction(client_of(self));
    struct kc_error *cause = error ? cause_of(error, &expired) : NULL;
    return cause
               ? kc_eos_error(self->task, "Failed to begin a producer transaction", expired, cause)
               : NULL;
}

static struct kc_error *commit(void *channel)
{
    struct record_channel *self = channel;
    bool expired;
    struct kc_error *cause = persist(self, rd_kafka_commit_transaction, &expired);
    if (cause)
        return kc_eos_flush_error(self->task, expired, cause);
    kc_arena_destroy(self->offset_bytes);
    self->offset_bytes = NULL;
    return NULL;
}

static struct kc_error *abort_transaction(void *channel, int timeout_ms)
{
    struct record_channel *self = channel;
    bool expired;
    struct kc_error *cause = NULL;
    if (timeout_ms < 0) {
        cause = persist(self, rd_kafka_abort_transaction, &expired);
    } else {
        rd_kafka_error_t *error = rd_kafka_abort_transaction(client_of(self), timeout_ms);
        cause = error ? cause_of(error, &expired) : NULL;
    }
    return cause
               ? kc_eos_error(self->task, "Failed to abort a producer transaction", expired, cause)
               : NULL;
}

/* The text in memory that lasts until the client has let go of it. */
static const char *keep(struct record_channel *self, const char *text)
{
    if (!text)
        return NULL;
    if (!self->offset_bytes)
        self->offset_bytes = kc_arena_new(OFFSET_ARENA);
    return kc_arena_strdup(self->offset_bytes, text);
}

static struct kc_error *send_offset(void *channel, const char *topic, const char *key,
                                    const char *value)
{
    struct record_channel *self = channel;
    bool first;
    kc_source_producer_begin_batch(self->task->producer);
    struct kc_target_topic *target = kc_source_producer_topic(self->task->producer, topic, &first);
    struct kc_producer_record wire = {
        .topic = topic,
        .partition = KC_NO_PARTITION,
        .timestamp = KC_NO_TIMESTAMP,
        .key = keep(self, key),
        .key_len = strlen(key),
        .value = keep(self, value),
        .value_len = value ? strlen(value) : 0,
    };
    rd_kafka_resp_err_t code = kc_source_producer_send(self->task->producer, target, &wire, NULL);
    return code ? kc_client_error(code, "Sending source offsets to topic %s", topic) : NULL;
}

static void outcome(void *channel, const rd_kafka_message_t *message)
{
    struct record_channel *self = channel;
    if (message->err) {
        /* The transaction can't be committed any more: the commit tells. */
        kc_debug("Failed to send record to %s: %s", rd_kafka_topic_name(message->rkt),
                 rd_kafka_message_errstr(message));
        return;
    }
    if (!message->_private)
        return;
    kc_txn_entry_acked(message->_private,
                       &(struct kc_record_metadata){message->offset, message->partition,
                                                    rd_kafka_message_timestamp(message, NULL)});
    atomic_fetch_add_explicit(&self->acked, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&self->acked_bytes, message->len + message->key_len,
                              memory_order_relaxed);
}

static void count(void *channel, uint64_t *acked, uint64_t *acked_bytes)
{
    struct record_channel *self = channel;
    *acked = atomic_exchange(&self->acked, 0);
    *acked_bytes = atomic_exchange(&self->acked_bytes, 0);
}

const struct kc_eos_channel kc_eos_producer = {
    .create = create,
    .destroy = destroy,
    .init = init,
    .begin = begin,
    .commit = commit,
    .abort = abort_transaction,
    .send_offset = send_offset,
    .outcome = outcome,
    .count = count,
};
