/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How clients leave a gateway that gets out of their way. Part of gateway_life_priv.h. Loop thread,
 * but for gateway_step_aside().
 *
 * Members of groups leave first, because librdkafka keeps its coordinator's address for as long as
 * FindCoordinator says the same node id: a lost connection, or NOT_COORDINATOR, only makes it ask
 * again. It forgets the address when FindCoordinator fails, and it asks any broker that it is
 * connected to. So, while Metadata still leads clients here: a member's next heartbeat ends its
 * connection, unanswered and not sent on; the FindCoordinator that follows says once that there is
 * no coordinator; the next one has the coordinator's own address. The group sees nothing of it, and
 * the member misses one heartbeat. For Java and franz-go it is a broken connection as any other.
 *
 * Then Metadata has the brokers' own addresses, and a while later all connections end. librdkafka
 * keeps a transaction's coordinator in the same way, and comes back to it. There its next EndTxn is
 * answered with NOT_COORDINATOR: with that it forgets the address, and ends the transaction at the
 * broker.
 */
#include "gateway/gateway_life_priv.h"

#include "base/byte_reader.h"
#include "base/kafka_errors.h"
#include "connect/log.h"
#include "wire/messages_group.h"
#include "wire/messages_txn.h"

#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.session");

#define LEAVE_MS 5000 /* that clients have to learn the brokers' own addresses */

void gateway_step_aside(struct gateway_common *common, enum gateway_aside aside)
{
    const int before = atomic_load(&common->aside);
    const int64_t now = kc_mono_ms();

    if (before == (int)aside)
        return;
    gateway_nodes_step_aside(common->nodes, aside);
    if (before == GATEWAY_ASIDE_NOT)
        atomic_store(&common->aside_ms, now);
    if (aside == GATEWAY_ASIDE_ALL)
        atomic_store(&common->all_ms, now);
    atomic_store(&common->aside, (int)aside);
    if (before == GATEWAY_ASIDE_NOT)
        kc_info(
            "Gateway %s gets out of the way: its %d clients are told the brokers' own addresses",
            common->config->name, atomic_load(&common->sessions));
    else if (aside == GATEWAY_ASIDE_NOT)
        kc_info("Gateway %s is needed again: clients are told its addresses", common->config->name);
}

static bool is_aside(const struct gateway_session *session)
{
    const struct gateway_common *common = session->loop->common;

    return atomic_load(&common->aside) != GATEWAY_ASIDE_NOT &&
           common->config->listeners[session->listener].steps_aside;
}

/* Whether the client came when the gateway wasn't aside: it knows the gateway's addresses. */
static bool is_old(const struct gateway_session *session)
{
    return session->since_ms <= atomic_load(&session->loop->common->aside_ms);
}

/* ---- Members ---- */

/* Whether it is a member's heartbeat. One that says good-bye (its epoch is negative, KIP-848) is
 * none: it must reach the group. */
static bool is_heartbeat(const struct gateway_exchange *exchange)
{
    struct reader in = {.at = exchange->body, .end = exchange->body + exchange->body_len};

    if (exchange->header.api != KC_API_CONSUMER_GROUP_HEARTBEAT)
        return exchange->header.api == KC_API_HEARTBEAT;
    for (int i = 0; i < 2; i++) { /* group and member */
        const int64_t len = (int64_t)read_uvarint(&in) - 1;

        if (len > 0)
            read_bytes(&in, len);
    }
    const int64_t epoch = read_int(&in, 4);
    return !in.bad && epoch >= 0;
}

static void count_member(struct gateway_session *session)
{
    if (session->member)
        return;
    session->member = true;
    atomic_fetch_add(&session->loop->common->members, 1);
}

static void send_away(struct gateway_session *session, struct gateway_request *request)
{
    request->dropped = true;
    session->leaving = true;
    gateway_hold_client(session, HOLD_DRAIN);
    if (gateway_aside_misses_nothing(session))
        gateway_session_finish(session, NULL);
}

/* ---- FindCoordinator ---- */

static void say_no_coordinator(struct gateway_exchange *exchange)
{
    const struct kc_find_coordinator_request *request = exchange->message;
    const int32_t count = request->coordinator_keys.count > 0 ? request->coordinator_keys.count : 0;
    struct kc_find_coordinator_response response = {0};

    if (exchange->header.version < 4) {
        response.error_code = KC_KAFKA_COORDINATOR_NOT_AVAILABLE;
        response.node_id = response.port = -1;
    }
    response.coordinators.items =
        kc_arena_alloc(exchange->arena, (size_t)(count + 1) * sizeof(*response.coordinators.items));
    response.coordinators.count = count;
    for (int32_t i = 0; i < count; i++)
        response.coordinators.items[i] = (struct kc_find_coordinator_response_coordinator){
            .key = request->coordinator_keys.items[i],
            .node_id = -1,
            .port = -1,
            .error_code = KC_KAFKA_COORDINATOR_NOT_AVAILABLE,
        };
    gateway_exchange_answer(exchange, &response);
}

/* A client that asks for its group's coordinator is told once that there is none. */
static bool puts_off(struct gateway_session *session, struct gateway_request *request)
{
    const struct kc_find_coordinator_request *message;

    if (session->put_off)
        return false;
    struct kc_error *err = gateway_request_decode(request);
    if (err) { /* the target says so */
        kc_error_destroy(err);
        return false;
    }
    message = request->pub.message;
    if (message->key_type != 0) /* of a group */
        return false;
    session->put_off = true;
    say_no_coordinator(&request->pub);
    return true;
}

/* ---- EndTxn ---- */

/* Whether the client came though it could know the brokers' own addresses. */
static bool is_back(const struct gateway_session *session)
{
    const struct gateway_common *common = session->loop->common;

    return atomic_load(&common->aside) == GATEWAY_ASIDE_ALL &&
           session->since_ms > atomic_load(&common->all_ms);
}

static bool sends_elsewhere(struct gateway_session *session, struct gateway_exchange *exchange)
{
    const struct kc_end_txn_response response = {
        .error_code = KC_KAFKA_NOT_COORDINATOR, .producer_id = -1, .producer_epoch = -1};

    if (session->put_off || exchange->header.api != KC_API_END_TXN)
        return false;
    session->put_off = true;
    gateway_exchange_answer(exchange, &response);
    return true;
}

bool gateway_aside_takes(struct gateway_session *session, struct gateway_request *request)
{
    const bool beats = is_heartbeat(&request->pub);

    if (!is_aside(session)) {
        if (beats)
            count_member(session);
        return false;
    }
    if (!session->let_in)
        return false;
    if (!is_old(session))
        return is_back(session) && sends_elsewhere(session, &request->pub);
    if (beats)
        send_away(session, request);
    return beats ||
           (request->pub.header.api == KC_API_FIND_COORDINATOR && puts_off(session, request));
}

/* ---- All ---- */

bool gateway_aside_misses_nothing(const struct gateway_session *session)
{
    const struct gateway_request *request;

    DL_FOREACH (session->exchanges, request) {
        const bool waits =
            request->pub.header.api == KC_API_FETCH && request->state == REQUEST_SENT;

        if (!waits && !request->dropped)
            return false;
    }
    return true;
}

/* A client that always has something under way would never leave: so it is read no further. */
void gateway_aside_tick(struct gateway_session *session, int64_t now)
{
    const struct gateway_common *common = session->loop->common;

    if (session->leaving || !is_aside(session) ||
        atomic_load(&common->aside) != GATEWAY_ASIDE_ALL ||
        now - atomic_load(&common->all_ms) <= LEAVE_MS || now - session->since_ms <= LEAVE_MS)
        return;
    session->leaving = true;
    gateway_hold_client(session, HOLD_DRAIN);
}
