/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The appender's producer id and its transactions (KIP-98, KIP-360, KIP-890). Loop thread.
 *
 * Version 1: partitions are added by AddPartitionsToTxn, and after an abort InitProducerId bumps
 * the epoch, because sequences may have been lost. Version 2 (transaction.version 2): the broker
 * adds partitions by itself and every EndTxn brings a new epoch.
 */
#include "append/appender_priv.h"

#include "connect/log.h"
#include "wire/messages_txn.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.transactions");

#define END_TXN_BEFORE_V2 4
#define TIMEOUT_DEFAULT   60000
#define MARKERS_MS        20 /* as Java's producer */

static bool is_fenced(int code)
{
    return code == KC_KAFKA_PRODUCER_FENCED || code == KC_KAFKA_INVALID_PRODUCER_EPOCH;
}

static void forget_if_moved(struct kc_appender *appender, int code)
{
    if (code == KC_KAFKA_NOT_COORDINATOR || code == KC_KAFKA_COORDINATOR_NOT_AVAILABLE)
        kc_wire_forget_coordinator(appender->client, KC_WIRE_TRANSACTION,
                                   appender->transactional_id);
}

static struct kc_error *txn_error(const struct kc_appender *appender, int code, const char *doing)
{
    if (is_fenced(code))
        return kc_error_new(KC_ERR_FENCED,
                            "%s: another producer with the transactional id %s has taken over",
                            doing, appender->transactional_id);
    return kc_kafka_error_new(code, NULL, "%s%s%s", doing,
                              appender->transactional_id ? " for " : "",
                              appender->transactional_id ? appender->transactional_id : "");
}

static struct kc_wire_request *to_coordinator(const struct kc_appender *appender, enum kc_api api)
{
    struct kc_wire_request *request = kc_wire_request_new(api);

    request->target.kind = KC_WIRE_TRANSACTION;
    request->target.key = kc_arena_strdup(request->arena, appender->transactional_id);
    return request;
}

/* ---- Producer id ---- */

bool kc_appender_is_plain(struct kc_appender *appender)
{
    return atomic_load(&appender->plain);
}

void append_restart_all(struct kc_appender *appender)
{
    struct append_batch *batch;

    for (struct append_part *part = appender->parts; part; part = part->hh.next) {
        part->producer_id = appender->producer_id;
        part->epoch = appender->producer_epoch;
        part->next_sequence = 0;
        append_part_move(part, APPEND_CAREFUL);
        DL_FOREACH (part->batches, batch)
            batch->sequenced = false;
    }
}

bool append_may_become_plain(const struct kc_appender *appender, int code)
{
    return code == KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED && appender->options.may_be_plain &&
           !appender->transactional_id && appender->state != PRODUCER_FATAL;
}

void append_become_plain(struct kc_appender *appender)
{
    appender->producer_id = -1;
    appender->producer_epoch = -1;
    atomic_store(&appender->plain, true);
    appender_move(appender, PRODUCER_READY);
}

bool append_bump_epoch(struct kc_appender *appender)
{
    if (atomic_load(&appender->plain))
        return true;
    if (appender->producer_epoch < INT16_MAX) {
        appender->producer_epoch++;
        return true;
    }
    kc_info("Producer id %lld has used up its epochs; another one is asked for",
            (long long)appender->producer_id);
    appender->producer_id = appender->producer_epoch = -1;
    appender_move(appender, PRODUCER_NONE);
    return false;
}

static void finish_init(struct kc_appender *appender)
{
    struct append_end waiter = appender->init_waiter;

    appender_move(appender, appender->end.done ? PRODUCER_ENDING : PRODUCER_READY);
    appender->init_waiter.done = NULL;
    if (waiter.done)
        waiter.done(waiter.arg, NULL);
}

/* An idempotent producer's partitions keep the former id as long as they can. */
static void initialised(struct kc_appender *appender,
                        const struct kc_init_producer_id_response *response)
{
    kc_debug("producer id %lld, epoch %d", (long long)response->producer_id,
             response->producer_epoch);
    appender->producer_id = response->producer_id;
    appender->producer_epoch = response->producer_epoch;
    appender->init_attempts = 0;
    appender->transaction_v2 =
        appender->transactional_id && kc_wire_transaction_version(appender->client) >= 2;
    if (appender->transactional_id)
        append_restart_all(appender);
    finish_init(appender);
}

static void init_failed(struct kc_appender *appender, struct kc_error *err)
{
    if (!kc_error_retriable(err)) {
        appender_fatal(appender, err);
        return;
    }
    kc_debug("%s", kc_error_text(err));
    appender_move(appender, PRODUCER_NONE);
    appender->init_at_ms =
        kc_mono_ms() + kc_wire_backoff_ms(appender->client, appender->init_attempts++);
    kc_error_destroy(err);
}

static void on_init(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct kc_appender *appender = arg;
    const struct kc_init_producer_id_response *response = reply->message;

    if (appender->state != PRODUCER_INITIALISING) {
        kc_debug("a producer id comes too late");
    } else if (reply->error) {
        init_failed(appender, kc_error_copy(reply->error));
    } else if (append_may_become_plain(appender, response->error_code)) {
        append_become_plain(appender);
        finish_init(appender);
    } else if (response->error_code != KC_KAFKA_NONE) {
        forget_if_moved(appender, response->error_code);
        init_failed(appender, txn_error(appender, response->error_code, "getting a producer id"));
    } else {
        initialised(appender, response);
    }
    kc_wire_reply_unref(reply);
    appender_request_ended(appender);
}

/* Versions before 3 can't continue an id (KIP-360). */
static void prepare_init(struct kc_wire_request *request, int16_t version)
{
    struct kc_init_producer_id_request *message = request->message;

    if (version >= 3)
        return;
    message->producer_id = -1;
    message->producer_epoch = -1;
}

void append_init(struct kc_appender *appender, int64_t now)
{
    struct kc_wire_request *request = appender->transactional_id
                                          ? to_coordinator(appender, KC_API_INIT_PRODUCER_ID)
                                          : kc_wire_request_new(KC_API_INIT_PRODUCER_ID);
    struct kc_init_producer_id_request *message = request->message;
    int32_t timeout = appender->options.transaction_timeout_ms;

    message->transactional_id = kc_wire_str(request->target.key);
    message->transaction_timeout_ms =
        appender->transactional_id ? (timeout ? timeout : TIMEOUT_DEFAULT) : INT32_MAX;
    message->producer_id = appender->producer_id;
    message->producer_epoch = appender->producer_epoch;
    request->prepare = prepare_init;
    appender_move(appender, PRODUCER_INITIALISING);
    appender->requests++;
    kc_wire_send(appender->client, request, on_init, appender);
}

/* ---- Adding partitions ---- */

bool append_txn_ready(struct kc_appender *appender, const struct append_part *part)
{
    return !appender->transactional_id || appender->transaction_v2 || part->in_transaction;
}

void append_txn_failed(struct kc_appender *appender, const struct kc_error *err)
{
    if (!appender->transactional_id || appender->abortable)
        return;
    appender->abortable = kc_error_copy(err);
    appender->bump = true;
}

bool append_txn_survives(const struct kc_appender *appender, const struct append_batch *batch)
{
    if (!appender->transactional_id || !appender->options.block_failed || batch->unknown ||
        !kc_kafka_error_about_batch(kc_error_kafka_code(batch->error)))
        return false;
    for (const struct append_batch *behind = batch->next; behind; behind = behind->next) {
        if (behind->unknown || behind->appended)
            return false;
    }
    return true;
}

static struct append_part *part_of(const struct kc_appender *appender, struct kc_wire_str topic,
                                   int32_t partition)
{
    for (struct append_part *part = appender->parts; part; part = part->hh.next) {
        if (part->partition == partition && kc_wire_str_is(topic, part->topic))
            return part;
    }
    return NULL;
}

/* The first code that isn't NONE. A final code comes before a retriable one. */
static int take_added(struct kc_appender *appender,
                      const struct kc_add_partitions_to_txn_response *response)
{
    int worst = KC_KAFKA_NONE;

    for (int32_t i = 0; i < response->results_by_topic_v3_and_below.count; i++) {
        const struct kc_add_partitions_to_txn_response_topic *topic =
            &response->results_by_topic_v3_and_below.items[i];

        for (int32_t j = 0; j < topic->results_by_partition.count; j++) {
            int code = topic->results_by_partition.items[j].partition_error_code;
            struct append_part *part = part_of(
                appender, topic->name, topic->results_by_partition.items[j].partition_index);

            if (code == KC_KAFKA_NONE && part)
                part->in_transaction = appender->begun = true;
            else if (code != KC_KAFKA_OPERATION_NOT_ATTEMPTED &&
                     (worst == KC_KAFKA_NONE || kc_kafka_error_retriable(worst)))
                worst = code == KC_KAFKA_NONE ? worst : code;
        }
    }
    return worst;
}

int64_t append_backoff_ms(const struct kc_appender *appender, const struct kc_error *err,
                          int attempt)
{
    int64_t ms = kc_wire_backoff_ms(appender->client, attempt);
    bool is_short = kc_error_kafka_code(err) == KC_KAFKA_CONCURRENT_TRANSACTIONS;

    return is_short && ms > MARKERS_MS ? MARKERS_MS : ms;
}

static void retry_txn(struct kc_appender *appender, const struct kc_error *err)
{
    appender->txn_at_ms = kc_mono_ms() + append_backoff_ms(appender, err, appender->txn_attempts++);
}

static void adding_failed(struct kc_appender *appender, int code, struct kc_error *err)
{
    forget_if_moved(appender, code);
    if (kc_error_retriable(err)) {
        retry_txn(appender, err);
        kc_error_destroy(err);
    } else if (is_fenced(code)) {
        appender_fatal(appender, err);
    } else {
        append_txn_failed(appender, err);
        append_fail_all(appender, err);
        kc_error_destroy(err);
    }
}

static void on_added(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct kc_appender *appender = arg;
    int code = reply->error ? KC_KAFKA_NONE : take_added(appender, reply->message);

    appender->adding = false;
    if (appender->state == PRODUCER_FATAL)
        kc_debug("partitions are added too late");
    else if (reply->error)
        adding_failed(appender, KC_KAFKA_NONE, kc_error_copy(reply->error));
    else if (code != KC_KAFKA_NONE)
        adding_failed(appender, code,
                      txn_error(appender, code, "adding partitions to the transaction"));
    else
        appender->txn_attempts = 0;
    kc_wire_reply_unref(reply);
    appender_request_ended(appender);
}

static bool is_missing(const struct append_part *part)
{
    return part->batches && !part->in_transaction;
}

void append_add_partitions(struct kc_appender *appender, int64_t now)
{
    struct append_part *part;
    int32_t missing = 0, i = 0;

    if (!appender->transactional_id || appender->transaction_v2 || appender->adding ||
        now < appender->txn_at_ms)
        return;
    DL_FOREACH (appender->busy, part)
        missing += is_missing(part);
    if (missing == 0)
        return;
    struct kc_wire_request *request = to_coordinator(appender, KC_API_ADD_PARTITIONS_TO_TXN);
    struct kc_add_partitions_to_txn_request *message = request->message;
    message->v3_and_below_transactional_id = kc_wire_str(request->target.key);
    message->v3_and_below_producer_id = appender->producer_id;
    message->v3_and_below_producer_epoch = appender->producer_epoch;
    KC_WIRE_LIST_NEW(request->arena, &message->v3_and_below_topics,
                     kc_add_partitions_to_txn_request_topic, missing);
    DL_FOREACH (appender->busy, part) {
        struct kc_add_partitions_to_txn_request_topic *topic;

        if (!is_missing(part))
            continue;
        topic = &message->v3_and_below_topics.items[i++];
        topic->name = kc_wire_str_copy(request->arena, part->topic);
        KC_WIRE_LIST_NEW_OF(request->arena, &topic->partitions, 1);
        topic->partitions.items[0] = part->partition;
    }
    appender->adding = true;
    appender->requests++;
    kc_wire_send(appender->client, request, on_added, appender);
}

/* ---- Ending ---- */

static void release_held(struct kc_appender *appender)
{
    struct append_post *list = appender->held, *held, *next;

    appender->held = NULL;
    DL_FOREACH_SAFE (list, held, next) {
        DL_DELETE(list, held);
        appender_enqueue(appender, held);
        append_post_destroy(held);
    }
}

/* ended: the transaction is over, not only the call. */
static void finish(struct kc_appender *appender, const struct kc_error *err, bool ended)
{
    struct append_end end = appender->end;
    struct append_part *part;
    bool bump = ended && appender->bump && !appender->transaction_v2;

    appender->end = (struct append_end){0};
    appender->txn_attempts = 0;
    appender_move(appender, bump ? PRODUCER_NONE : PRODUCER_READY);
    if (ended) {
        kc_error_clear(&appender->abortable);
        appender->begun = appender->bump = false;
        for (part = appender->parts; part; part = part->hh.next)
            part->in_transaction = part->blocked = false;
    }
    release_held(appender);
    end.done(end.arg, err);
}

static void take_epoch(struct kc_appender *appender, const struct kc_end_txn_response *response)
{
    if (response->producer_id < 0 || (response->producer_id == appender->producer_id &&
                                      response->producer_epoch == appender->producer_epoch))
        return;
    appender->producer_id = response->producer_id;
    appender->producer_epoch = response->producer_epoch;
    append_restart_all(appender);
}

static void end_failed(struct kc_appender *appender, int code, struct kc_error *err)
{
    forget_if_moved(appender, code);
    if (kc_error_retriable(err)) {
        retry_txn(appender, err);
    } else if (is_fenced(code) || code == KC_KAFKA_INVALID_TXN_STATE || !appender->end.commit) {
        appender_fatal(appender, err);
        return;
    } else {
        append_txn_failed(appender, err);
        finish(appender, err, false);
    }
    kc_error_destroy(err);
}

static void on_ended(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct kc_appender *appender = arg;
    const struct kc_end_txn_response *response = reply->message;

    appender->end_sent = false;
    if (appender->state == PRODUCER_FATAL) {
        kc_debug("a transaction's end comes too late");
    } else if (reply->error) {
        end_failed(appender, KC_KAFKA_NONE, kc_error_copy(reply->error));
    } else if (response->error_code != KC_KAFKA_NONE) {
        end_failed(appender, response->error_code,
                   txn_error(appender, response->error_code, "ending the transaction"));
    } else {
        if (reply->version > END_TXN_BEFORE_V2)
            take_epoch(appender, response);
        finish(appender, NULL, true);
    }
    kc_wire_reply_unref(reply);
    appender_request_ended(appender);
}

static void send_end(struct kc_appender *appender)
{
    struct kc_wire_request *request = to_coordinator(appender, KC_API_END_TXN);
    struct kc_end_txn_request *message = request->message;

    if (!appender->transaction_v2)
        request->max_version = END_TXN_BEFORE_V2;
    message->transactional_id = kc_wire_str(request->target.key);
    message->producer_id = appender->producer_id;
    message->producer_epoch = appender->producer_epoch;
    message->committed = appender->end.commit;
    appender->end_sent = true;
    appender->requests++;
    kc_wire_send(appender->client, request, on_ended, appender);
}

/* Why the transaction can't be committed; NULL: it can. */
static struct kc_error *why_not_commit(const struct kc_appender *appender)
{
    if (appender->abortable)
        return kc_error_copy(appender->abortable);
    for (const struct append_part *part = appender->parts; part; part = part->hh.next) {
        if (part->blocked)
            return kc_error_new(KC_ERR_KAFKA,
                                "a batch for %s was refused, and nothing has taken its place",
                                part->key);
    }
    return NULL;
}

void append_end(struct kc_appender *appender, int64_t now)
{
    if (appender->end_sent || appender->adding || now < appender->txn_at_ms ||
        !appender_idle(appender))
        return;
    struct kc_error *err = appender->end.commit ? why_not_commit(appender) : NULL;
    if (err) {
        finish(appender, err, false);
        kc_error_destroy(err);
    } else if (!appender->begun) {
        finish(appender, NULL, true);
    } else {
        send_end(appender);
    }
}
