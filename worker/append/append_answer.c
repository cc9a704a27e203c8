/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles answers: a batch is appended, tried again, or refused. See appender_priv.h.
 *
 * With idempotence the broker refuses a batch as out of order if the one before it has failed. So a
 * partition waits until everything in flight has come back, and continues from the first batch that
 * isn't appended, under the same sequence. The broker takes none twice. If the broker has lost our
 * state, or a batch has failed for good, the partition begins anew with a higher epoch. Loop
 * thread.
 */
#include "append/appender_priv.h"
#include "append/produce_request.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.appender");

/* ---- Results ---- */

static void give_one(struct kc_appender *appender, const struct append_batch *batch,
                     const struct kc_append_result *result)
{
    appender_give_back(appender, batch->len);
    batch->done(batch->arg, result);
}

/* Each piece of a merged batch gets its own offset. If the batch's outcome was unknown for a while,
 * it is unknown which piece the broker refuses. */
static void give_pieces(struct kc_appender *appender, struct append_batch *merged,
                        struct kc_append_result *result)
{
    struct append_batch *piece, *next;

    result->merged = result->error && result->unknown;
    DL_FOREACH_SAFE (merged->pieces, piece, next) {
        DL_DELETE(merged->pieces, piece);
        give_one(appender, piece, result);
        if (result->base_offset >= 0)
            result->base_offset += piece->count;
        if (result->error && !result->unknown)
            result->skipped = true;
        free(piece);
    }
    free(merged->data);
}

static void give_result(struct kc_appender *appender, struct append_part *part,
                        struct append_batch *batch, bool skipped)
{
    struct kc_append_result result = {
        .topic = part->topic,
        .partition = part->partition,
        .error = batch->appended ? NULL : batch->error,
        .skipped = skipped,
        .unknown = batch->failed && batch->unknown,
        .record_errors = batch->record_errors,
        .base_offset = batch->base_offset,
        .log_append_time_ms = batch->log_append_time_ms,
        .log_start_offset = batch->log_start_offset,
    };

    appender_unqueue(appender, part, batch);
    if (batch->pieces)
        give_pieces(appender, batch, &result);
    else
        give_one(appender, batch, &result);
    kc_error_destroy(batch->error);
    kc_record_errors_unref(batch->record_errors);
    free(batch);
}

void append_fail_batch(struct append_batch *batch, struct kc_error *err)
{
    kc_error_destroy(batch->error);
    batch->error = err;
    batch->failed = true;
}

/* Everything behind a failed batch is given back, too, as skipped. */
static void skip_rest(struct append_part *part, const struct kc_error *why)
{
    struct append_batch *batch;

    DL_FOREACH (part->batches, batch) {
        if (batch->appended || batch->failed)
            continue;
        append_fail_batch(
            batch, kc_error_retriable_new(KC_ERR_KAFKA,
                                          "not appended, since one before it in %s failed: %s",
                                          part->key, kc_error_text(why)));
    }
}

static void settle_failed(struct kc_appender *appender, struct append_part *part,
                          struct append_batch *batch)
{
    struct kc_error *why = kc_error_copy(batch->error);
    bool first = true, is_void = part->state == APPEND_VOID;

    if (append_txn_survives(appender, batch)) {
        if (batch->sequenced)
            part->next_sequence = batch->sequence;
    } else {
        is_void = is_void || (batch->sequenced && !appender->transactional_id &&
                              !appender->options.given_identity);
        append_txn_failed(appender, why);
    }
    skip_rest(part, why);
    append_part_move(part, is_void ? APPEND_VOID : APPEND_CAREFUL);
    part->blocked = appender->options.block_failed;
    while (part->batches && (part->batches->failed || part->batches->appended)) {
        give_result(appender, part, part->batches, !first && part->batches->failed);
        first = false;
    }
    kc_error_destroy(why);
}

void append_settle(struct kc_appender *appender, struct append_part *part)
{
    struct append_batch *head;

    while ((head = part->batches)) {
        if (head->appended)
            give_result(appender, part, head, false);
        else if (head->failed && part->in_flight == 0)
            settle_failed(appender, part, head);
        else
            break;
    }
    if (part->in_flight == 0 && part->state == APPEND_DRAINING)
        append_part_move(part, APPEND_CAREFUL);
}

void append_fail_all(struct kc_appender *appender, const struct kc_error *err)
{
    struct append_part *part, *next;

    DL_FOREACH_SAFE (appender->busy, part, next) {
        struct append_batch *batch;

        DL_FOREACH (part->batches, batch) {
            if (!batch->in_flight && !batch->appended && !batch->failed)
                append_fail_batch(batch, kc_error_copy(err));
        }
        append_settle(appender, part);
    }
}

/* ---- One batch's answer ---- */

static void appended(struct append_part *part, struct append_batch *batch, int64_t base_offset,
                     int64_t append_time, int64_t log_start)
{
    batch->appended = true;
    batch->base_offset = base_offset;
    batch->log_append_time_ms = append_time;
    batch->log_start_offset = log_start;
    part->attempts = 0;
    if (part->state == APPEND_CAREFUL)
        append_part_move(part, APPEND_FLOWING);
}

/* A broker that has refused a batch also refuses those under way behind it. That means no fault of
 * theirs or of the broker. */
static bool follows_failed(const struct append_part *part, const struct append_batch *batch)
{
    for (const struct append_batch *at = part->batches; at != batch; at = at->next)
        if (at->failed)
            return true;
    return false;
}

static void try_again(struct kc_appender *appender, struct append_part *part,
                      struct append_batch *batch, struct kc_error *err)
{
    kc_debug("%s: %s; it is tried again", part->key, kc_error_text(err));
    if (appender->state == PRODUCER_FATAL) {
        kc_error_destroy(err);
        append_fail_batch(batch, kc_error_copy(appender->fatal));
    } else if (batch->abandoned || (appender->end.done && !appender->end.commit)) {
        append_fail_batch(batch, err); /* nobody waits for it, or it is being aborted anyway */
    } else {
        kc_error_destroy(batch->error);
        batch->error = err;
        if (!follows_failed(part, batch))
            part->retry_at_ms = kc_mono_ms() + append_backoff_ms(appender, err, part->attempts++);
    }
    append_part_drain(part);
}

static void refuse(struct append_part *part, struct append_batch *batch, struct kc_error *err)
{
    kc_debug("%s: %s", part->key, kc_error_text(err));
    append_fail_batch(batch, err);
    append_part_drain(part);
}

/* The pieces of a merged batch are handled as if each had been sent alone. */
static void refuse_or_unmerge(struct append_part *part, struct append_batch *batch, int code,
                              struct kc_error *err)
{
    if (batch->abandoned || !append_may_unmerge(part, batch, code)) {
        refuse(part, batch, err);
        return;
    }
    kc_debug("%s: %s; its pieces are sent one by one", part->key, kc_error_text(err));
    kc_error_destroy(err);
    append_unmerge(part, batch);
    append_part_drain(part);
}

static struct append_batch *first_open(const struct append_part *part)
{
    struct append_batch *batch;

    DL_FOREACH (part->batches, batch) {
        if (!batch->appended)
            return batch;
    }
    return NULL;
}

/* The broker expects another sequence. After a failed batch that is normal. */
static void out_of_order(struct kc_appender *appender, struct append_part *part,
                         struct append_batch *batch, struct kc_error *err)
{
    if (first_open(part) != batch) {
        try_again(appender, part, batch, err);
    } else if (appender->transactional_id) {
        refuse(part, batch, err);
    } else {
        kc_warn("%s: the broker has lost the producer's state; going on with another epoch (%s)",
                part->key, kc_error_text(err));
        append_part_move(part, APPEND_VOID);
        try_again(appender, part, batch, err);
    }
}

static void fenced(struct kc_appender *appender, struct append_part *part,
                   struct append_batch *batch, struct kc_error *err)
{
    refuse(part, batch, err);
    appender_fatal(appender, kc_error_new(KC_ERR_FENCED,
                                          "another producer with the transactional id %s has taken "
                                          "over",
                                          appender->transactional_id));
}

/* Whether code means that this try wrote nothing. Errors while the broker waits for replicas come
 * after the write (NOT_LEADER_OR_FOLLOWER when it is deposed, UNKNOWN_TOPIC_OR_PARTITION,
 * time-outs), so the batch may be in the next leader's log. */
static bool is_definite(int code)
{
    static const int codes[] = {
        KC_KAFKA_INVALID_TOPIC_EXCEPTION,
        KC_KAFKA_TOPIC_AUTHORIZATION_FAILED,
        KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED,
        KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KC_KAFKA_NOT_ENOUGH_REPLICAS,
        KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER,
        KC_KAFKA_UNKNOWN_PRODUCER_ID,
        KC_KAFKA_INVALID_PRODUCER_EPOCH,
        KC_KAFKA_PRODUCER_FENCED,
        KC_KAFKA_INVALID_TXN_STATE,
        KC_KAFKA_INVALID_PRODUCER_ID_MAPPING,
        KC_KAFKA_CONCURRENT_TRANSACTIONS,
        KC_KAFKA_INVALID_REQUIRED_ACKS,
        KC_KAFKA_UNSUPPORTED_VERSION,
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        if (codes[i] == code)
            return true;
    }
    return kc_kafka_error_about_batch(code);
}

/* If the answer names a leader that was unknown, that one is asked at once (KIP-951). */
static void retry_elsewhere(struct kc_appender *appender, struct append_part *part,
                            struct append_batch *batch,
                            const struct kc_produce_response_partition *from, struct kc_error *err)
{
    bool named =
        kc_wire_hint_leader(appender->client, part->topic, part->partition,
                            from->current_leader.leader_id, from->current_leader.leader_epoch);

    try_again(appender, part, batch, err);
    if (named)
        part->retry_at_ms = 0;
    else if (kc_kafka_error_stale_metadata(from->error_code))
        kc_wire_refresh(appender->client);
}

static void refuse_or_retry(struct kc_appender *appender, struct append_part *part,
                            struct append_batch *batch,
                            const struct kc_produce_response_partition *from, struct kc_error *err)
{
    int code = from->error_code;

    if (kc_kafka_error_retriable(code)) {
        retry_elsewhere(appender, part, batch, from, err);
        return;
    }
    if (!batch->pieces && !batch->record_errors)
        batch->record_errors = kc_record_errors_new(from, batch->count);
    refuse_or_unmerge(part, batch, code, err);
}

/* A given identity must not be changed. So a batch out of turn is refused, unless the batch before
 * it is being tried again. */
static void take_given_error(struct kc_appender *appender, struct append_part *part,
                             struct append_batch *batch,
                             const struct kc_produce_response_partition *from, struct kc_error *err)
{
    bool out_of_turn = from->error_code == KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER ||
                       from->error_code == KC_KAFKA_UNKNOWN_PRODUCER_ID;

    if (out_of_turn && first_open(part) != batch)
        try_again(appender, part, batch, err);
    else if (out_of_turn)
        refuse(part, batch, err);
    else
        refuse_or_retry(appender, part, batch, from, err);
}

static void take_error(struct kc_appender *appender, struct append_part *part,
                       struct append_batch *batch, const struct kc_produce_response_partition *from)
{
    int code = from->error_code;
    struct kc_error *err =
        kc_kafka_error_new(code, from->error_message.data, "appending to %s", part->key);

    batch->unknown = batch->unknown || !is_definite(code);
    if (appender->options.given_identity) {
        take_given_error(appender, part, batch, from, err);
        return;
    }
    switch (code) {
    case KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case KC_KAFKA_UNKNOWN_PRODUCER_ID:
        out_of_order(appender, part, batch, err);
        return;
    case KC_KAFKA_PRODUCER_FENCED:
    case KC_KAFKA_INVALID_PRODUCER_EPOCH:
        if (appender->transactional_id)
            fenced(appender, part, batch, err);
        else
            out_of_order(appender, part, batch, err);
        return;
    case KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED:
        if (part->producer_id >= 0 && append_may_become_plain(appender, code)) {
            append_become_plain(appender);
            append_part_move(part, APPEND_VOID);
            try_again(appender, part, batch, err);
            return;
        }
        refuse(part, batch, err);
        return;
    default:
        refuse_or_retry(appender, part, batch, from, err);
    }
}

static void take_partition(struct kc_appender *appender, struct append_part *part,
                           struct append_batch *batch,
                           const struct kc_produce_response_partition *from)
{
    if (from->error_code == KC_KAFKA_NONE) {
        appended(part, batch, from->base_offset, from->log_append_time_ms, from->log_start_offset);
        return;
    }
    if (from->error_code == KC_KAFKA_DUPLICATE_SEQUENCE_NUMBER) {
        appended(part, batch, -1, -1, from->log_start_offset);
        return;
    }
    take_error(appender, part, batch, from);
}

/* ---- The answer ---- */

static void hint_brokers(struct kc_appender *appender, const struct kc_produce_response *response)
{
    for (int32_t i = 0; i < response->node_endpoints.count; i++) {
        const struct kc_produce_response_node_endpoint *node = &response->node_endpoints.items[i];

        kc_wire_hint_broker(appender->client, node->node_id, node->host.data, node->port,
                            node->rack.data);
    }
}

static void take_failure(struct kc_appender *appender, struct append_part *part,
                         struct append_batch *batch, const struct kc_error *why)
{
    struct kc_error *err = kc_error_prefix(kc_error_copy(why), "appending to %s", part->key);

    batch->unknown = true;
    if (kc_error_retriable(why))
        try_again(appender, part, batch, err);
    else
        refuse(part, batch, err);
}

static void take_one(struct append_flight *flight, size_t i, const struct kc_wire_reply *reply)
{
    struct append_part *part = flight->seats[i].part;
    struct append_batch *batch = flight->seats[i].batch;

    batch->in_flight = false;
    part->in_flight--;
    if (reply->error) {
        take_failure(flight->appender, part, batch, reply->error);
        return;
    }
    const struct kc_produce_response_partition *from =
        produce_answer_find(reply, part->topic, &flight->seats[i].topic_id, part->partition);
    if (from) {
        take_partition(flight->appender, part, batch, from);
        return;
    }
    batch->unknown = true;
    try_again(flight->appender, part, batch,
              kc_error_retriable_new(KC_ERR_KAFKA, "the broker's answer left out %s", part->key));
}

void append_answer(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct append_flight *flight = arg;
    struct kc_appender *appender = flight->appender;

    flight->broker->flights--;
    if (reply->error)
        kc_wire_refresh(appender->client);
    else
        hint_brokers(appender, reply->message);
    /* All batches first, then all results, so that a result's callback sees no half-handled batch.
     */
    for (size_t i = 0; i < flight->count; i++)
        take_one(flight, i, reply);
    for (size_t i = 0; i < flight->count; i++)
        append_settle(appender, flight->seats[i].part);
    append_flight_destroy(flight);
    kc_wire_reply_unref(reply);
    appender_request_ended(appender);
}
