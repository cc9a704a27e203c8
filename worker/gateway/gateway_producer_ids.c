/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Producer ids that clients get: InitProducerId without a transactional id.
 *
 * While a link is active the source issues them, and the client is told them with the source's tag,
 * so that they never meet ids of the target. Towards the source the tag is taken off. Towards the
 * target every id goes as the client has it, so that it stays the same when the client leaves the
 * gateway. If the source is away, the target issues the id, under its own tag. One that the target
 * has issued without a tag, before there was a link, gets it on the way to the source.
 */
#include "gateway/gateway_routing_priv.h"

#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.route");

#define SOURCE_MS 5000 /* then the target's id is taken */
#define TELL_MS   60000

/* ---- ids ---- */

static bool may_tell(struct gateway_route *route)
{
    int64_t now_ms = kc_mono_ms(), last_ms = atomic_load(&route->told_ms);

    if (last_ms && now_ms - last_ms < TELL_MS)
        return false;
    atomic_store(&route->told_ms, now_ms);
    return true;
}

static int64_t tagged(struct gateway_route *route, int64_t id, bool source)
{
    int64_t tag = gateway_links_tag(route->base.links, source);
    int64_t told = tag < 0 ? id : kc_link_virtual_id(tag, id);

    if (told == id && id >= 0 && may_tell(route))
        kc_warn(
            "Producer id %lld of the %s cluster is too large to be told from those of the other "
            "cluster. It is used as it is.",
            (long long)id, source ? "source" : "target");
    return told;
}

int64_t gateway_id_for_client(struct gateway_route *route, int64_t id)
{
    return tagged(route, id, true);
}

int64_t gateway_id_at_source(struct gateway_route *route, int64_t id, bool *of_source)
{
    int64_t tag = gateway_links_tag(route->base.links, true);
    int64_t real = tag < 0 ? id : kc_link_real_id(tag, id);

    *of_source = real != id;
    return real;
}

int64_t gateway_id_in_log(struct gateway_route *route, int64_t id)
{
    int64_t source = gateway_links_tag(route->base.links, true);
    int64_t target = gateway_links_tag(route->base.links, false);

    if (id >= 0 && !(id & KC_LINK_ID_MARK))
        return target < 0 ? id : kc_link_virtual_id(target, id);
    return source < 0 ? id : kc_link_real_id(source, id);
}

/* ---- without a transactional id ---- */

/* A client that waits for its id. */
struct gateway_init {
    struct gateway_route *route;
    struct gateway_exchange *exchange;
    struct kc_init_producer_id_response answer;
};

static void finish(struct gateway_init *init)
{
    gateway_exchange_answer(init->exchange, &init->answer);
    gateway_exchange_unref(init->exchange);
    free(init);
}

static void on_source_id(void *arg, const struct kc_wire_request *request,
                         struct kc_wire_reply *reply)
{
    struct gateway_init *init = arg;
    const struct kc_init_producer_id_response *from = reply->message;
    bool issued = !reply->error && from->error_code == KC_KAFKA_NONE;

    if (issued) {
        init->answer.producer_id = gateway_id_for_client(init->route, from->producer_id);
        init->answer.producer_epoch = from->producer_epoch;
    } else {
        init->answer.producer_id = tagged(init->route, init->answer.producer_id, false);
        kc_debug("The source issues no producer id: %s",
                 reply->error ? kc_error_text(reply->error)
                              : kc_kafka_error_name(from->error_code));
    }
    kc_wire_reply_unref(reply);
    finish(init);
}

/* The target's answer says whether the client may have an id at all. */
static void on_target_id(void *arg, struct gateway_exchange *exchange, void *response,
                         struct kc_arena *arena)
{
    struct gateway_init *init = arg;
    const struct kc_init_producer_id_response *from = response;

    if (!from) {
        gateway_exchange_unref(init->exchange);
        free(init);
        return;
    }
    init->answer = *from;
    if (from->error_code != KC_KAFKA_NONE) {
        finish(init);
        return;
    }
    struct kc_wire_request *request = kc_wire_request_new(KC_API_INIT_PRODUCER_ID);
    struct kc_init_producer_id_request *message = request->message;
    message->transactional_id = (struct kc_wire_str){NULL, -1};
    message->transaction_timeout_ms = INT32_MAX;
    request->timeout_ms = SOURCE_MS;
    kc_wire_send(gateway_source_client(init->route->base.source), request, on_source_id, init);
}

bool gateway_init_take(struct gateway_route *route, struct gateway_exchange *exchange)
{
    const struct kc_init_producer_id_request *message = exchange->message;

    if (message->transactional_id.len >= 0)
        return gateway_transaction_init(route, exchange);
    if (!gateway_links_active(route->base.links))
        return false;
    struct gateway_init *init = kc_calloc(1, sizeof(*init));
    init->route = route;
    init->exchange = gateway_exchange_ref(exchange);
    gateway_exchange_ask(exchange, KC_API_INIT_PRODUCER_ID, exchange->header.version, message,
                         on_target_id, init);
    return true;
}
