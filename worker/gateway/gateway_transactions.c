/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions: in which cluster each lives, and how it changes over.
 *
 * A transaction lives in one cluster, which the producer id tells: ids of the source have its tag.
 * All calls with such an id go to the source's coordinator, all others to the target.
 * InitProducerId decides where the next one lives: at the source while there are topics that aren't
 * promoted, unless the last one of that transactional id was to write to the target. So a new
 * gateway needs no memory of what was before: at worst one transaction begins anew.
 *
 * A write that belongs to the other cluster is refused by an error with which clients abort, and
 * then ask for a new id without ending the transaction (GATEWAY_BEGIN_ANEW). With that request the
 * former cluster aborts what is open there and fences older producers, before the other cluster
 * issues an id. A new producer is made known to both. So a transactional id has one producer that
 * isn't fenced, wherever it writes.
 *
 * What can't be done atomically is refused in the same way until it can be: a transaction with
 * topics of both clusters, or one that writes to the source and commits a group's offsets, which
 * are the target's.
 */
#include "gateway/gateway_txn_priv.h"

#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.transactions");

enum {
    SOURCE_MS = 20000,     /* for an answer of the source's coordinator */
    FIRST_WITH_EPOCHS = 5, /* EndTxn: each transaction has an epoch of its own (KIP-890) */
};

#define WITH_OFFSETS                                                                               \
    "it writes to topics whose writes still go to the source, and commits a group's offsets in "   \
    "the same transaction, which are the target's. Its transactions are aborted until its topics " \
    "are promoted. Promote them before, or together with, the group"

/* ---- calls to the source's coordinator ---- */

/* What a coordinator's client is told of the source's failures: none of them is the client's. */
static int16_t coordinator_code(struct gateway_route *route, const char *id, int16_t code)
{
    switch (code) {
    case KC_KAFKA_NOT_COORDINATOR:
    case KC_KAFKA_COORDINATOR_NOT_AVAILABLE:
        kc_wire_forget_coordinator(gateway_source_client(route->base.source), KC_WIRE_TRANSACTION,
                                   id);
        return KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
    case KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED:
    case KC_KAFKA_TOPIC_AUTHORIZATION_FAILED:
        gateway_txn_tell(route, id,
                         "the source refuses its transactions under the link's credentials. Check "
                         "source.cluster.* and the principal's ACLs at the source");
        return KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
    default:
        return code;
    }
}

int16_t gateway_txn_code(struct gateway_route *route, const char *id,
                         const struct kc_wire_reply *reply, int16_t code)
{
    if (!reply->error)
        return coordinator_code(route, id, code);
    kc_debug("Transactional id %s: %s", id, kc_error_text(reply->error));
    return KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
}

struct gateway_txn_call *gateway_txn_call_new(struct gateway_route *route,
                                              struct gateway_exchange *exchange, const char *id)
{
    struct gateway_txn_call *call = kc_calloc(1, sizeof(*call));

    call->route = route;
    call->exchange = gateway_exchange_ref(exchange);
    call->id = kc_strdup(id);
    pthread_mutex_init(&call->mutex, NULL);
    return call;
}

void gateway_txn_call_destroy(struct gateway_txn_call *call)
{
    pthread_mutex_destroy(&call->mutex);
    gateway_exchange_unref(call->exchange);
    free(call->codes);
    free(call->id);
    free(call);
}

struct kc_wire_request *gateway_txn_request(const struct gateway_txn_call *call, enum kc_api api)
{
    struct kc_wire_request *request = kc_wire_request_new(api);

    request->target.kind = KC_WIRE_TRANSACTION;
    request->target.key = kc_arena_strdup(request->arena, call->id);
    request->timeout_ms = SOURCE_MS;
    request->max_version = call->exchange->header.version;
    return request;
}

void gateway_txn_send(struct gateway_txn_call *call, struct kc_wire_request *request,
                      kc_wire_done done)
{
    kc_wire_send(gateway_source_client(call->route->base.source), request, done, call);
}

/* ---- EndTxn ---- */

/* An abort of nothing, as where the only partitions were refused: the source takes it as an error
 * that clients take as final (librdkafka always ends a transaction before it asks for an id). */
static int16_t end_code(const struct gateway_txn_call *call, int16_t code)
{
    const struct kc_end_txn_request *message = call->exchange->message;

    return code == KC_KAFKA_INVALID_TXN_STATE && !message->committed ? GATEWAY_BEGIN_ANEW : code;
}

static void on_source_ended(void *arg, const struct kc_wire_request *request,
                            struct kc_wire_reply *reply)
{
    struct gateway_txn_call *call = arg;
    struct kc_end_txn_response answer = {.producer_id = -1, .producer_epoch = -1};

    if (!reply->error) {
        answer = *(const struct kc_end_txn_response *)reply->message;
        answer.producer_id = gateway_id_for_client(call->route, answer.producer_id);
    }
    answer.error_code =
        end_code(call, gateway_txn_code(call->route, call->id, reply, answer.error_code));
    if (answer.error_code == KC_KAFKA_NONE)
        gateway_txn_set_open(call->route, call->id, false);
    gateway_exchange_answer(call->exchange, &answer);
    kc_wire_reply_unref(reply);
    gateway_txn_call_destroy(call);
}

/* It passes while writes are held, too: the promotion waits for the transaction's end. */
static void end_at_source(void *arg, struct gateway_exchange *exchange, int16_t code)
{
    struct gateway_txn_call *call = arg;
    const struct kc_end_txn_request *from = call->exchange->message;
    struct kc_end_txn_response refusal = {
        .error_code = code, .producer_id = -1, .producer_epoch = -1};
    bool of_source = false;

    if (code) {
        gateway_exchange_answer(call->exchange, &refusal);
        gateway_txn_call_destroy(call);
        return;
    }
    struct kc_wire_request *request = gateway_txn_request(call, KC_API_END_TXN);
    struct kc_end_txn_request *to = request->message;
    to->transactional_id = kc_wire_str_copy(request->arena, call->id);
    to->producer_id = gateway_id_at_source(call->route, from->producer_id, &of_source);
    to->producer_epoch = from->producer_epoch;
    to->committed = from->committed;
    if (call->exchange->header.version >= FIRST_WITH_EPOCHS)
        request->min_version = FIRST_WITH_EPOCHS;
    gateway_txn_send(call, request, on_source_ended);
}

static void on_target_ended(void *arg, struct gateway_exchange *exchange, void *response,
                            struct kc_arena *arena)
{
    struct gateway_txn_call *call = arg;
    struct kc_end_txn_response *answer = response;

    if (answer) {
        answer->error_code = end_code(call, answer->error_code);
        gateway_exchange_answer(call->exchange, answer);
    }
    gateway_txn_call_destroy(call);
}

static bool take_end(struct gateway_route *route, struct gateway_exchange *exchange)
{
    const struct kc_end_txn_request *message = exchange->message;
    bool of_source = false;

    if (message->transactional_id.len < 0)
        return false;
    const char *id = message->transactional_id.data;
    gateway_id_at_source(route, message->producer_id, &of_source);
    if (!of_source && gateway_txn_next(route, id) == GATEWAY_HOME_UNKNOWN)
        return false;
    struct gateway_txn_call *call = gateway_txn_call_new(route, exchange, id);
    if (of_source)
        gateway_rights_transaction(route->base.rights, exchange, id, end_at_source, call);
    else
        gateway_exchange_ask(exchange, KC_API_END_TXN, exchange->header.version, message,
                             on_target_ended, call);
    return true;
}

/* ---- offsets of groups ---- */

/* Nothing was written at the source: the id may begin at the target. */
static void refuse_offsets(struct gateway_route *route, const char *id)
{
    if (gateway_txn_is_open(route, id))
        gateway_txn_tell(route, id, WITH_OFFSETS);
    else
        gateway_transaction_note(route, id, false);
}

static bool take_offsets(struct gateway_route *route, struct gateway_exchange *exchange)
{
    const struct kc_add_offsets_to_txn_request *message = exchange->message;
    bool of_source = false;

    gateway_id_at_source(route, message->producer_id, &of_source);
    if (!of_source || message->transactional_id.len < 0)
        return false;
    refuse_offsets(route, message->transactional_id.data);
    gateway_exchange_answer(
        exchange, &(struct kc_add_offsets_to_txn_response){.error_code = GATEWAY_BEGIN_ANEW});
    return true;
}

static bool take_commit(struct gateway_route *route, struct gateway_exchange *exchange)
{
    const struct kc_txn_offset_commit_request *message = exchange->message;
    bool of_source = false;

    gateway_id_at_source(route, message->producer_id, &of_source);
    if (!of_source || message->transactional_id.len < 0)
        return false;
    refuse_offsets(route, message->transactional_id.data);
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_txn_offset_commit_response *response =
        kc_wire_new(arena, &kc_txn_offset_commit_response_type);
    KC_WIRE_LIST_NEW(arena, &response->topics, kc_txn_offset_commit_response_topic,
                     message->topics.count);
    for (int32_t t = 0; t < message->topics.count; t++) {
        const struct kc_txn_offset_commit_request_topic *from = &message->topics.items[t];
        struct kc_txn_offset_commit_response_topic *to = &response->topics.items[t];

        to->name = from->name;
        KC_WIRE_LIST_NEW(arena, &to->partitions, kc_txn_offset_commit_response_partition,
                         from->partitions.count);
        for (int32_t p = 0; p < from->partitions.count; p++) {
            to->partitions.items[p].partition_index = from->partitions.items[p].partition_index;
            to->partitions.items[p].error_code = GATEWAY_BEGIN_ANEW;
        }
    }
    gateway_exchange_answer(exchange, response);
    kc_arena_destroy(arena);
    return true;
}

/* ---- who takes what ---- */

bool gateway_transaction_take(struct gateway_route *route, struct gateway_exchange *exchange)
{
    switch (exchange->header.api) {
    case KC_API_ADD_PARTITIONS_TO_TXN:
        return gateway_txn_take_add(route, exchange);
    case KC_API_ADD_OFFSETS_TO_TXN:
        return take_offsets(route, exchange);
    case KC_API_TXN_OFFSET_COMMIT:
        return take_commit(route, exchange);
    case KC_API_END_TXN:
        return take_end(route, exchange);
    default:
        return false;
    }
}
