/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions through the task's record lane: see eos_channel_priv.h.
 *
 * librdkafka returns from a commit or abort only after all outcomes have been served. The task's
 * thread.
 */
#include "connect/log.h"
#include "source/eos_channel_priv.h"
#include "source/record_lane_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.ExactlyOnceWorkerSourceTask");

enum { TRANSACTION_WAIT_MS = 5000, OFFSET_ARENA = 4096 };

struct record_channel {
    struct kc_source_task *task;
    struct kc_txn_records *records;
    struct kc_lane *lane;
    struct kc_arena *offset_bytes; /* keys and values of offsets on their way */
};

static void *create(struct kc_source_task *task, struct kc_txn_records *records)
{
    struct record_channel *self = kc_calloc(1, sizeof(*self));
    self->task = task;
    self->records = records;
    self->lane = task->lanes.records;
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
    return kc_record_lane_client(self->lane);
}

/* Takes error and returns ours with its text; *expired: the transaction has expired. */
static struct kc_error *cause_of(rd_kafka_error_t *error, bool *expired)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    struct kc_error *cause = kc_client_error(code, "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    *expired = code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
               code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED || code == RD_KAFKA_RESP_ERR__FENCED;
    return cause;
}

/* Java's producer fails when its login is refused; librdkafka keeps trying. While anything is
 * acknowledged, one broker's refusal may pass. */
static struct kc_error *refusal(struct record_channel *self, uint64_t acked_before)
{
    return kc_txn_records_count(self->records) == acked_before
               ? kc_lanes_refusal(&self->task->lanes)
               : NULL;
}

/* Repeats call while its error is retriable, the login isn't refused and the task isn't cancelled.
 */
static struct kc_error *persist(struct record_channel *self,
                                rd_kafka_error_t *(*call)(rd_kafka_t *, int), bool *expired)
{
    *expired = false;
    for (;;) {
        uint64_t acked = kc_txn_records_count(self->records);
        rd_kafka_error_t *error = call(client_of(self), TRANSACTION_WAIT_MS);
        if (!error)
            return NULL;
        if (!rd_kafka_error_is_retriable(error) || kc_task_host_cancelled(self->task->core.host))
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

/* The text in memory that lasts until the client has released it. */
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
    kc_target_topics_begin_batch(self->task->targets);
    struct kc_target_topic *target = kc_target_topics_get(self->task->targets, topic);
    struct kc_producer_record wire = {
        .topic = topic,
        .partition = KC_NO_PARTITION,
        .timestamp = KC_NO_TIMESTAMP,
        .key = keep(self, key),
        .key_len = strlen(key),
        .value = keep(self, value),
        .value_len = value ? strlen(value) : 0,
    };
    rd_kafka_resp_err_t code = kc_record_lane_produce(self->lane, target, &wire, NULL);
    return code ? kc_client_error(code, "Sending source offsets to topic %s", topic) : NULL;
}

const struct kc_eos_channel kc_eos_producer = {
    .has_acks = true,
    .create = create,
    .destroy = destroy,
    .init = init,
    .begin = begin,
    .commit = commit,
    .abort = abort_transaction,
    .send_offset = send_offset,
};
