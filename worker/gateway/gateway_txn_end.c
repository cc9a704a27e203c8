/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EndTxn: to the cluster in which the transaction lives; see gateway_transactions.c.
 *
 * With transaction.version 2 its answer names the id and epoch of the next transaction (KIP-890),
 * and clients ask for none themselves. So this is where their ids change over. Before an abort the
 * cluster is asked whether the transaction has anything there. If it has nothing, its writes were
 * refused, maybe by another gateway. Then the other cluster issues an id, which the answer names.
 */
#include "gateway/gateway_txn_priv.h"

enum {
    FIRST_WITH_IDS = 5, /* EndTxn: the answer names the next id */
    INIT_VERSION = 4,   /* of InitProducerId, which each broker has that has that EndTxn */
};

static void finish(struct gateway_txn_call *call)
{
    gateway_exchange_answer(call->exchange, &call->ended);
    gateway_txn_call_destroy(call);
}

static void refuse(struct gateway_txn_call *call, int16_t code)
{
    call->ended =
        (struct kc_end_txn_response){.error_code = code, .producer_id = -1, .producer_epoch = -1};
    finish(call);
}

/* ---- changing over ---- */

/* A client that is told to try again ends the same transaction again, which the former cluster
 * takes as a repetition. */
static void on_issued(struct gateway_txn_call *call)
{
    call->ended.error_code = call->answer.error_code;
    call->ended.producer_id = call->answer.producer_id;
    call->ended.producer_epoch = call->answer.producer_epoch;
    finish(call);
}

static bool may_change_over(const struct gateway_exchange *exchange)
{
    const struct kc_end_txn_request *message = exchange->message;

    return exchange->header.version >= FIRST_WITH_IDS && !message->committed;
}

/* Where it begins next; UNKNOWN: where it is. */
static enum gateway_home next_home(const struct gateway_txn_call *call)
{
    enum gateway_home next = gateway_txn_next(call->route, call->id);

    if (!call->described)
        return GATEWAY_HOME_UNKNOWN;
    if (call->idle && (next == GATEWAY_HOME_UNKNOWN || next == call->home))
        next = call->home == GATEWAY_HOME_SOURCE ? GATEWAY_HOME_TARGET : GATEWAY_HOME_SOURCE;
    if (next == call->home || (next == GATEWAY_HOME_SOURCE && !call->active))
        return GATEWAY_HOME_UNKNOWN;
    return next;
}

static void change_over(struct gateway_txn_call *call, enum gateway_home next)
{
    call->steps[0] = next;
    call->step_count = 1;
    call->init_version = INIT_VERSION;
    gateway_txn_ask_id(call, on_issued);
}

/* ---- the end ---- */

/* An abort of nothing, as where the only partitions were refused, is done. Before KIP-890 brokers
 * call it an error, which clients take as final. */
static void ended(struct gateway_txn_call *call)
{
    const struct kc_end_txn_request *message = call->exchange->message;

    if (call->ended.error_code == KC_KAFKA_INVALID_TXN_STATE && !message->committed)
        call->ended.error_code = KC_KAFKA_NONE;
    if (call->ended.error_code != KC_KAFKA_NONE) {
        finish(call);
        return;
    }
    enum gateway_home next = next_home(call);
    if (call->home == GATEWAY_HOME_SOURCE)
        gateway_transaction_set_open(call->route, call->id, -1);
    if (next == GATEWAY_HOME_UNKNOWN)
        finish(call);
    else
        change_over(call, next);
}

static void on_source_ended(void *arg, const struct kc_wire_request *request,
                            struct kc_wire_reply *reply)
{
    struct gateway_txn_call *call = arg;

    call->ended = (struct kc_end_txn_response){.producer_id = -1, .producer_epoch = -1};
    if (!reply->error) {
        call->ended = *(const struct kc_end_txn_response *)reply->message;
        call->ended.producer_id = gateway_id_for_client(call->route, call->ended.producer_id);
    }
    call->ended.error_code = gateway_txn_code(call->route, call->id, reply, call->ended.error_code);
    kc_wire_reply_unref(reply);
    ended(call);
}

static void on_target_ended(void *arg, struct gateway_exchange *exchange, void *response,
                            struct kc_arena *arena)
{
    struct gateway_txn_call *call = arg;

    if (!response) {
        gateway_txn_call_destroy(call);
        return;
    }
    call->ended = *(const struct kc_end_txn_response *)response;
    ended(call);
}

/* It passes while writes are held, too: the promotion waits for the transaction's end. */
static void end(struct gateway_txn_call *call)
{
    const struct kc_end_txn_request *from = call->exchange->message;
    bool of_source = false;

    if (call->home == GATEWAY_HOME_TARGET) {
        gateway_exchange_ask(call->exchange, KC_API_END_TXN, call->exchange->header.version, from,
                             on_target_ended, call);
        return;
    }
    struct kc_wire_request *request = gateway_txn_request(call, KC_API_END_TXN);
    struct kc_end_txn_request *to = request->message;
    to->transactional_id = kc_wire_str_copy(request->arena, call->id);
    to->producer_id = gateway_id_at_source(call->route, from->producer_id, &of_source);
    to->producer_epoch = from->producer_epoch;
    to->committed = from->committed;
    if (call->exchange->header.version >= FIRST_WITH_IDS)
        request->min_version = FIRST_WITH_IDS;
    gateway_txn_send(call, request, on_source_ended);
}

/* ---- what is there ---- */

/* The id goes to the other cluster with the timeout that this one knows. */
static void take_description(struct gateway_txn_call *call,
                             const struct kc_describe_transactions_response *response)
{
    const struct kc_describe_transactions_response_state *state =
        response->transaction_states.count == 1 ? &response->transaction_states.items[0] : NULL;

    if (!state || state->error_code)
        return;
    call->described = true;
    call->idle = !kc_wire_str_is(state->transaction_state, "Ongoing");
    call->init = (struct kc_init_producer_id_request){
        .transactional_id = kc_wire_str(call->id),
        .transaction_timeout_ms = state->transaction_timeout_ms,
        .producer_id = -1,
        .producer_epoch = -1,
    };
}

/* Without a description the transaction ends, and the id stays where it is for one more. */
static void on_source_described(void *arg, const struct kc_wire_request *request,
                                struct kc_wire_reply *reply)
{
    struct gateway_txn_call *call = arg;

    if (!reply->error)
        take_description(call, reply->message);
    kc_wire_reply_unref(reply);
    end(call);
}

static void on_target_described(void *arg, struct gateway_exchange *exchange, void *response,
                                struct kc_arena *arena)
{
    struct gateway_txn_call *call = arg;

    if (!response) {
        gateway_txn_call_destroy(call);
        return;
    }
    take_description(call, response);
    end(call);
}

static void name_id(const struct gateway_txn_call *call, struct kc_arena *arena,
                    struct kc_describe_transactions_request *message)
{
    KC_WIRE_LIST_NEW_OF(arena, &message->transactional_ids, 1);
    message->transactional_ids.items[0] = kc_wire_str_copy(arena, call->id);
}

static void describe(struct gateway_txn_call *call)
{
    if (call->home == GATEWAY_HOME_SOURCE) {
        struct kc_wire_request *request = gateway_txn_request(call, KC_API_DESCRIBE_TRANSACTIONS);

        name_id(call, request->arena, request->message);
        gateway_txn_send(call, request, on_source_described);
        return;
    }
    struct kc_arena *arena = kc_arena_new(256);
    struct kc_describe_transactions_request *message =
        kc_wire_new(arena, &kc_describe_transactions_request_type);

    name_id(call, arena, message);
    gateway_exchange_ask(call->exchange, KC_API_DESCRIBE_TRANSACTIONS, 0, message,
                         on_target_described, call);
    kc_arena_destroy(arena);
}

/* ---- taking it ---- */

static void on_allowed(void *arg, struct gateway_exchange *exchange, int16_t code)
{
    struct gateway_txn_call *call = arg;

    if (code)
        refuse(call, code);
    else if (may_change_over(exchange))
        describe(call);
    else
        end(call);
}

bool gateway_txn_take_end(struct gateway_route *route, struct gateway_exchange *exchange)
{
    const struct kc_end_txn_request *message = exchange->message;
    bool active = gateway_links_active(route->base.links), of_source = false;

    if (message->transactional_id.len < 0)
        return false;
    const char *id = message->transactional_id.data;
    gateway_id_at_source(route, message->producer_id, &of_source);
    if (!of_source && gateway_txn_next(route, id) == GATEWAY_HOME_UNKNOWN &&
        !(active && may_change_over(exchange)))
        return false;
    struct gateway_txn_call *call = gateway_txn_call_new(route, exchange, id);
    call->active = active;
    call->home = of_source ? GATEWAY_HOME_SOURCE : GATEWAY_HOME_TARGET;
    if (of_source)
        gateway_rights_transaction(route->base.rights, exchange, id, on_allowed, call);
    else
        on_allowed(call, exchange, KC_KAFKA_NONE); /* the target asks itself */
    return true;
}
