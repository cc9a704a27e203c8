/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids for producers with a transactional id: up to two clusters are asked, one after the other. Why
 * is told in gateway_transactions.c.
 */
#include "gateway/gateway_txn_priv.h"

#define PARTING_MS 3000 /* for the source, where no link is active any more */

static void take_step(struct gateway_txn_call *call);

/* A former cluster that has forgotten the id has nothing to fence; one that is gone after the last
 * promotion can't. */
static bool may_go_on(const struct gateway_txn_call *call, int16_t code)
{
    bool last = call->step + 1 == call->step_count;
    bool forgotten = code == KC_KAFKA_INVALID_PRODUCER_ID_MAPPING;
    bool gone = !call->active && code == KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS &&
                call->steps[call->step] == GATEWAY_HOME_SOURCE;

    return !last && (code == KC_KAFKA_NONE || forgotten || gone);
}

static void step_done(struct gateway_txn_call *call)
{
    if (may_go_on(call, call->answer.error_code)) {
        call->step++;
        take_step(call);
        return;
    }
    if (call->answer.error_code == KC_KAFKA_NONE)
        gateway_transaction_set_open(call->route, call->id, -1);
    call->done(call);
}

static void on_source_init(void *arg, const struct kc_wire_request *request,
                           struct kc_wire_reply *reply)
{
    struct gateway_txn_call *call = arg;
    const struct kc_init_producer_id_response *from = reply->message;

    if (!reply->error) {
        call->answer = *from;
        call->answer.producer_id = gateway_id_for_client(call->route, from->producer_id);
        call->answer.ongoing_txn_producer_id =
            gateway_id_for_client(call->route, from->ongoing_txn_producer_id);
    } else {
        call->answer = (struct kc_init_producer_id_response){
            .producer_id = -1,
            .producer_epoch = -1,
            .ongoing_txn_producer_id = -1,
            .ongoing_txn_producer_epoch = -1,
        };
    }
    call->answer.error_code =
        gateway_txn_code(call->route, call->id, reply, call->answer.error_code);
    kc_wire_reply_unref(reply);
    step_done(call);
}

static void on_target_init(void *arg, struct gateway_exchange *exchange, void *response,
                           struct kc_arena *arena)
{
    struct gateway_txn_call *call = arg;

    if (!response) {
        gateway_txn_call_destroy(call);
        return;
    }
    call->answer = *(const struct kc_init_producer_id_response *)response;
    step_done(call);
}

/* The message for one of the clusters. */
static struct kc_init_producer_id_request init_message(const struct gateway_txn_call *call)
{
    struct kc_init_producer_id_request message = call->init;
    bool of_source = false;

    if (call->given[call->step]) {
        message.producer_id = gateway_id_at_source(call->route, message.producer_id, &of_source);
    } else {
        message.producer_id = -1;
        message.producer_epoch = -1;
    }
    return message;
}

static void take_step(struct gateway_txn_call *call)
{
    struct kc_init_producer_id_request message = init_message(call);

    if (call->steps[call->step] == GATEWAY_HOME_TARGET) {
        gateway_exchange_ask(call->exchange, KC_API_INIT_PRODUCER_ID, call->init_version, &message,
                             on_target_init, call);
        return;
    }
    struct kc_wire_request *request = gateway_txn_request(call, KC_API_INIT_PRODUCER_ID);
    struct kc_init_producer_id_request *to = request->message;
    *to = message;
    to->transactional_id = kc_wire_str_copy(request->arena, call->id);
    if (!call->active)
        request->timeout_ms = PARTING_MS;
    gateway_txn_send(call, request, on_source_init);
}

void gateway_txn_ask_id(struct gateway_txn_call *call, void (*done)(struct gateway_txn_call *call))
{
    call->done = done;
    take_step(call);
}

/* ---- the client's request ---- */

static void finish_init(struct gateway_txn_call *call)
{
    gateway_exchange_answer(call->exchange, &call->answer);
    gateway_txn_call_destroy(call);
}

static void on_init_allowed(void *arg, struct gateway_exchange *exchange, int16_t code)
{
    struct gateway_txn_call *call = arg;

    if (code == KC_KAFKA_NONE) {
        gateway_txn_ask_id(call, finish_init);
        return;
    }
    call->answer = (struct kc_init_producer_id_response){
        .error_code = code,
        .producer_id = -1,
        .producer_epoch = -1,
        .ongoing_txn_producer_id = -1,
        .ongoing_txn_producer_epoch = -1,
    };
    finish_init(call);
}

static void add_step(struct gateway_txn_call *call, enum gateway_home home, bool given)
{
    call->steps[call->step_count] = home;
    call->given[call->step_count++] = given;
}

/* The cluster that issued the client's id says whether it still counts; without one, the cluster
 * where it won't live fences older producers first. */
static void plan_init(struct gateway_txn_call *call, bool given, bool of_source)
{
    enum gateway_home home = of_source ? GATEWAY_HOME_SOURCE : GATEWAY_HOME_TARGET;
    enum gateway_home next = gateway_txn_next(call->route, call->id);

    if (!call->active)
        next = GATEWAY_HOME_TARGET;
    else if (next == GATEWAY_HOME_UNKNOWN)
        next = given ? home : GATEWAY_HOME_SOURCE;
    if (given)
        add_step(call, home, true);
    else if (call->active)
        add_step(call, next == GATEWAY_HOME_SOURCE ? GATEWAY_HOME_TARGET : GATEWAY_HOME_SOURCE,
                 false);
    if (!given || next != home)
        add_step(call, next, false);
}

bool gateway_transaction_init(struct gateway_route *route, struct gateway_exchange *exchange)
{
    const struct kc_init_producer_id_request *message = exchange->message;
    bool active = gateway_links_active(route->base.links), of_source = false;

    gateway_id_at_source(route, message->producer_id, &of_source);
    if (!active && !of_source)
        return false;
    struct gateway_txn_call *call =
        gateway_txn_call_new(route, exchange, message->transactional_id.data);
    call->active = active;
    call->init = *message;
    call->init_version = exchange->header.version;
    plan_init(call, message->producer_id >= 0, of_source);
    if (call->steps[0] == GATEWAY_HOME_TARGET)
        gateway_txn_ask_id(call, finish_init);
    else
        gateway_rights_transaction(route->base.rights, exchange, call->id, on_init_allowed, call);
    return true;
}
