/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions through the task's raw lane: see eos_channel_priv.h.
 *
 * Batches as bytes, records and source offsets all go through the lane's transactional appender,
 * the latter two built into batches here (raw_builder.h), with keys placed as Java's producer
 * places them. A batch that the target refuses for its content comes back, and is sent in another
 * form within the same transaction. Any other failure ends the transaction, and the task fails, as
 * with a producer. The task's thread takes results in; there is no acknowledgement thread.
 *
 * An entry of eos_records_priv.h is the slot of a record or a span. A batch that was built here has
 * none until it comes back in pieces, because `built` keeps it.
 */
#include "source/eos_channel_priv.h"
#include "source/header_name_priv.h"
#include "source/raw_builder.h"
#include "source/raw_placing_priv.h"
#include "source/raw_transaction_priv.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { BATCH_BYTES = 1000000, WAIT_MS = 1000 };

struct raw_channel {
    struct kc_source_task *task;
    struct kc_txn_records *records;
    struct kc_raw_lane *lane;
    struct kc_raw_transaction *transaction;
    struct kc_raw_placing *placing;
    struct kc_raw_builder *builder;
    struct kc_built *built; /* sent in this transaction */
    size_t built_bytes;     /* handed to the builder and not sent */
};

static struct kc_error *send_record(void *channel, const struct kc_producer_record *wire,
                                    void *slot);

static void *create(struct kc_source_task *task, struct kc_txn_records *records)
{
    struct raw_channel *self = kc_calloc(1, sizeof(*self));
    self->task = task;
    self->records = records;
    self->builder = kc_raw_builder_new(BATCH_BYTES);
    self->lane = kc_raw_lane_of(task->lanes.batches);
    self->transaction = kc_raw_transaction_new(self->lane, task->core.host);
    self->placing = kc_raw_placing_new(self->lane, task->core.host);
    kc_raw_lane_take_records(self->lane, send_record, self);
    return self;
}

static void forget_built(struct raw_channel *self)
{
    struct kc_built *built, *next;
    LL_FOREACH_SAFE (self->built, built, next) {
        kc_built_destroy(built);
    }
    self->built = NULL;
}

static void destroy(void *channel)
{
    struct raw_channel *self = channel;
    forget_built(self);
    kc_raw_builder_destroy(self->builder);
    kc_raw_transaction_destroy(self->transaction);
    kc_raw_placing_destroy(self->placing);
    free(self);
}

static struct kc_error *init(void *channel)
{
    struct raw_channel *self = channel;
    struct kc_error *err = kc_raw_transaction_init(self->transaction);
    bool expired = kc_raw_transaction_expired(err);
    return err ? kc_eos_error(self->task,
                              "Failed to initialize transactions of the task's producer", expired,
                              err)
               : NULL;
}

/* The appender's begins with the first append. */
static struct kc_error *begin(void *channel)
{
    (void)channel;
    return NULL;
}

/* ---- sending ---- */

static struct kc_error *send_built(struct raw_channel *self)
{
    struct kc_built *list, *built, *next;
    const char *why = kc_raw_builder_take(self->builder, &list);
    struct kc_error *err =
        why ? kc_error_new(KC_ERR_DATA, "Building a record batch: %s", why) : NULL;
    self->built_bytes = 0;
    LL_FOREACH_SAFE (list, built, next) {
        LL_PREPEND(self->built, built);
        if (!err)
            err = kc_raw_lane_send(self->lane, built->span, NULL);
    }
    return err;
}

static struct kc_error *add(struct raw_channel *self, const struct kc_build_record *record,
                            const char *topic, int32_t partition, void *owner)
{
    struct kc_error *err = NULL;
    if (self->built_bytes >= BATCH_BYTES ||
        !kc_raw_builder_fits(self->builder, record, topic, partition))
        err = send_built(self);
    if (err)
        return err;
    self->built_bytes += record->key_len + record->value_len;
    const char *why = kc_raw_builder_add(self->builder, record, topic, partition, owner);
    return why ? kc_error_new(KC_ERR_DATA, "A record for topic %s can't be sent: %s", topic, why)
               : NULL;
}

static struct kc_error *send_offset(void *channel, const char *topic, const char *key,
                                    const char *value)
{
    struct raw_channel *self = channel;
    const struct kc_build_record record = {
        .timestamp = kc_now_ms(),
        .key = key,
        .key_len = strlen(key),
        .value = value,
        .value_len = value ? strlen(value) : 0,
    };
    int32_t partition;
    struct kc_error *err =
        kc_raw_placing_find(self->placing, topic, record.key, record.key_len, &partition);
    return err ? err : add(self, &record, topic, partition, NULL);
}

static struct kc_error *send_to(struct raw_channel *self, const struct kc_producer_record *wire,
                                int32_t partition, void *owner)
{
    struct kc_build_header *headers = kc_calloc(wire->header_count + 1, sizeof(*headers));
    struct kc_header_name *names = kc_calloc(wire->header_count + 1, sizeof(*names));
    for (size_t i = 0; i < wire->header_count; i++) {
        kc_header_name_open(&names[i], wire->headers[i].key);
        headers[i] = (struct kc_build_header){names[i].data, names[i].len, wire->headers[i].data,
                                              wire->headers[i].len};
    }
    const struct kc_build_record record = {
        .timestamp = wire->timestamp == KC_NO_TIMESTAMP ? kc_now_ms() : wire->timestamp,
        .key = wire->key,
        .key_len = wire->key_len,
        .value = wire->value,
        .value_len = wire->value_len,
        .headers = headers,
        .header_count = wire->header_count,
    };
    struct kc_error *err = add(self, &record, wire->topic, partition, owner);
    for (size_t i = 0; i < wire->header_count; i++)
        kc_header_name_close(&names[i]);
    free(names);
    free(headers);
    return err;
}

/* A kc_raw_take_record. */
static struct kc_error *send_record(void *channel, const struct kc_producer_record *wire,
                                    void *slot)
{
    struct raw_channel *self = channel;
    int32_t partition = wire->partition;
    struct kc_error *err = NULL;
    if (partition == KC_NO_PARTITION)
        err = kc_raw_placing_find(self->placing, wire->topic, wire->key, wire->key_len, &partition);
    return err ? err : send_to(self, wire, partition, slot);
}

/* ---- what came back ---- */

static struct kc_error *resend(struct raw_channel *self)
{
    struct kc_batch *batch;
    struct kc_error *err = kc_source_task_recover_raw(self->task, &batch);
    if (err || !batch)
        return err;
    size_t count = kc_batch_count(batch);
    struct kc_txn_batch *current = kc_txn_records_begin(self->records, batch);
    for (size_t i = 0; i < count && !err; i++) {
        const struct kc_record *record = kc_batch_at(batch, i);
        struct kc_txn_entry *entry = kc_txn_records_add(self->records, record, false);
        err = kc_raw_lane_send(self->lane, record->span, entry);
    }
    kc_txn_records_resume(self->records, current);
    return err;
}

static void serve(struct raw_channel *self)
{
    struct kc_lane *lane = kc_raw_lane_base(self->lane);
    lane->ops->serve(lane);
}

static struct kc_error *progress(void *channel)
{
    struct raw_channel *self = channel;
    struct kc_error *err = send_built(self);
    serve(self);
    return err;
}

/* Until everything sent is acknowledged. */
static struct kc_error *settle(struct raw_channel *self)
{
    struct kc_error *err = send_built(self);
    while (!err) {
        kc_raw_lane_await(self->lane, kc_mono_ms() + WAIT_MS);
        serve(self);
        if (kc_raw_lane_idle(self->lane))
            return NULL;
        if (kc_task_host_cancelled(self->task->core.host))
            return kc_error_new(KC_ERR_WAKEUP, "The task has been cancelled while committing");
        err = resend(self);
    }
    return err;
}

/* ---- the end of a transaction ---- */

static struct kc_error *commit(void *channel)
{
    struct raw_channel *self = channel;
    struct kc_error *err = settle(self);
    if (err)
        return err;
    err = kc_raw_transaction_commit(self->transaction);
    if (err)
        return kc_eos_raw_error(self->task, err);
    forget_built(self);
    return NULL;
}

static struct kc_error *abort_transaction(void *channel, int timeout_ms)
{
    struct raw_channel *self = channel;
    kc_raw_builder_drop(self->builder);
    self->built_bytes = 0;
    struct kc_error *err = kc_raw_transaction_abort(self->transaction, timeout_ms);
    serve(self);
    kc_raw_lane_discard(self->lane);
    if (!err) {
        forget_built(self);
        return NULL;
    }
    bool expired = kc_raw_transaction_expired(err);
    return kc_eos_error(self->task, "Failed to abort a producer transaction", expired, err);
}

struct kc_error *kc_eos_raw_error(const struct kc_source_task *task, struct kc_error *cause)
{
    if (kc_error_code(cause) == KC_ERR_WAKEUP)
        return cause;
    bool expired = kc_raw_transaction_expired(cause);
    return kc_eos_flush_error(task, expired, cause);
}

const struct kc_eos_channel kc_eos_raw = {
    .create = create,
    .destroy = destroy,
    .init = init,
    .begin = begin,
    .commit = commit,
    .abort = abort_transaction,
    .send_offset = send_offset,
    .progress = progress,
};
