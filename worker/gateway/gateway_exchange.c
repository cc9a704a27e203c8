/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's requests: each is answered in its turn, whoever answers it, and the gateway's own
 * requests go to the target in between. Part of gateway_life_priv.h and of gateway_session_priv.h.
 *
 * Loop thread, but for what the router calls from its threads: that encodes where it is called, and
 * posts the rest.
 */
#include "gateway/gateway_metrics_priv.h"
#include "gateway/gateway_own_login_priv.h"

#include "base/byte_reader.h"
#include "connect/log.h"
#include "wire/messages_data.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.session");

#define OVERHEAD 512 /* of a request under way, beside its frame */

/* ---- Life ---- */

static struct gateway_request *request_of(struct gateway_exchange *exchange)
{
    return (struct gateway_request *)(void *)exchange;
}

struct gateway_exchange *gateway_exchange_ref(struct gateway_exchange *exchange)
{
    atomic_fetch_add_explicit(&request_of(exchange)->refs, 1, memory_order_relaxed);
    return exchange;
}

void gateway_exchange_unref(struct gateway_exchange *exchange)
{
    struct gateway_request *request = request_of(exchange);

    if (!exchange || atomic_fetch_sub_explicit(&request->refs, 1, memory_order_acq_rel) != 1)
        return;
    gateway_outgoing_destroy(request->answer);
    wire_frame_free(request->frame, request->cap);
    kc_arena_destroy(exchange->arena);
    free((char *)exchange->header.client_id.data);
    free(request);
}

/* Whether a Produce request wants no answer: its acks, which stand behind the transactional id. */
static bool wants_no_answer(const struct gateway_request *request)
{
    const struct gateway_exchange *exchange = &request->pub;
    struct reader in = {.at = exchange->body, .end = exchange->body + exchange->body_len};

    if (exchange->header.api != KC_API_PRODUCE)
        return false;
    const int64_t len = kc_api_is_flexible(KC_API_PRODUCE, exchange->header.version)
                            ? (int64_t)read_uvarint(&in) - 1
                            : read_int(&in, 2);
    if (len > 0)
        read_bytes(&in, len);
    const int64_t acks = read_int(&in, 2);
    return !in.bad && acks == 0;
}

/* The header's client id stays readable when the frame has gone. */
static void keep_client_id(struct gateway_request *request)
{
    struct kc_wire_str *id = &request->pub.header.client_id;

    if (id->len < 0)
        return;
    char *copy = kc_calloc(1, (size_t)id->len + 1);
    memcpy(copy, id->data, (size_t)id->len);
    id->data = copy;
}

struct kc_error *gateway_request_new(struct gateway_session *session, uint8_t *frame, size_t cap,
                                     size_t len, struct gateway_request **out)
{
    struct kc_wire_request_header header = {0};
    size_t used = 0;
    struct kc_error *err = kc_wire_read_request_header(frame, len, &header, &used);

    *out = NULL;
    if (err && kc_error_code(err) != KC_ERR_UNSUPPORTED) {
        wire_frame_free(frame, cap);
        return err;
    }
    struct gateway_request *request = kc_calloc(1, sizeof(*request));
    const bool known = !err;
    kc_error_destroy(err);
    atomic_init(&request->refs, 1);
    request->loop = session->loop;
    request->frame = frame;
    request->cap = cap;
    request->len = len;
    request->charge = cap + OVERHEAD;
    request->pub.session = session;
    request->pub.header = header;
    request->pub.body = known ? frame + used : frame + len;
    request->pub.body_len = known ? len - used : 0;
    request->pub.since_ms = kc_mono_ms();
    request->pub.silent = wants_no_answer(request);
    keep_client_id(request);
    DL_APPEND(session->exchanges, request);
    session->bytes += request->charge;
    *out = request;
    return NULL;
}

struct kc_error *gateway_request_decode(struct gateway_request *request)
{
    struct gateway_exchange *exchange = &request->pub;

    if (exchange->message)
        return NULL;
    exchange->arena = kc_arena_new(1024);
    return kc_wire_decode(exchange->header.api, KC_WIRE_REQUEST, exchange->header.version,
                          exchange->body, exchange->body_len, exchange->arena, &exchange->message);
}

/* ---- Answers in order ---- */

void gateway_request_sent(struct gateway_session *session, size_t size)
{
    session->sent += size;
    gateway_measure_add(GATEWAY_BYTES_ANSWERED, (int64_t)size);
    session->about.relayed_bytes += size;
}

static void send_to_client(struct gateway_session *session, struct gateway_outgoing *outgoing)
{
    gateway_request_sent(session, gateway_outgoing_size(outgoing));
    if (!gateway_outgoing_send(outgoing, session->client))
        gateway_hold_target(session, HOLD_FULL);
}

void gateway_request_pass(struct gateway_request *request, struct gateway_outgoing *outgoing)
{
    request->state = REQUEST_PASSING;
    send_to_client(request->pub.session, outgoing);
}

/* The first exchange is over. */
static void leave(struct gateway_session *session, struct gateway_request *request)
{
    DL_DELETE(session->exchanges, request);
    session->bytes -= request->charge;
    request->pub.session = NULL;
    gateway_exchange_unref(&request->pub);
}

static void send_answers(struct gateway_session *session)
{
    struct gateway_request *request;

    while (session->state == SESSION_OPEN && (request = session->exchanges) &&
           request->state == REQUEST_ANSWERED) {
        struct gateway_outgoing *answer = request->answer;

        request->answer = NULL;
        if (answer) {
            session->answers -= gateway_outgoing_size(answer);
            session->bytes -= gateway_outgoing_size(answer);
            send_to_client(session, answer);
        }
        leave(session, request);
    }
}

void gateway_request_settle(struct gateway_request *request, struct gateway_outgoing *outgoing)
{
    struct gateway_session *session = request->pub.session;

    if (!session || request->state == REQUEST_ANSWERED) {
        gateway_outgoing_destroy(outgoing);
        return;
    }
    request->state = REQUEST_ANSWERED;
    request->answer = outgoing;
    if (outgoing) {
        session->answers += gateway_outgoing_size(outgoing);
        session->bytes += gateway_outgoing_size(outgoing);
    }
    send_answers(session);
    if (session->client_holds & HOLD_LOGIN)
        gateway_requests_unpark(session);
    gateway_balance(session);
}

/* ---- To the target ---- */

static void send_to_target(struct gateway_session *session, struct gateway_outgoing *outgoing)
{
    const size_t size = gateway_outgoing_size(outgoing);

    session->about.relayed_bytes += size;
    gateway_measure_add(GATEWAY_REQUESTS_RELAYED, 1);
    gateway_measure_add(GATEWAY_BYTES_RELAYED, (int64_t)size);
    if (!gateway_outgoing_send(outgoing, session->target))
        gateway_hold_client(session, HOLD_FULL);
}

static void let_go(void *owner)
{
    gateway_exchange_unref(owner);
}

/* The frame goes out of the request's hands, unless the router may look at it later. */
static struct gateway_outgoing *frame_of(struct gateway_session *session,
                                         struct gateway_request *request)
{
    if (request->pub.message)
        return gateway_outgoing_borrow(request->frame, request->len, let_go,
                                       gateway_exchange_ref(&request->pub));
    struct gateway_outgoing *outgoing =
        gateway_outgoing_relay(request->frame, request->cap, request->len);
    request->frame = NULL;
    request->pub.body = NULL;
    request->pub.body_len = 0;
    session->bytes -= request->charge - OVERHEAD;
    request->charge = OVERHEAD;
    return outgoing;
}

/* Whether it is a step of a login, and the router has a request that came before. A broker answers
 * that first, too. What the router still asks the target for it couldn't go between the steps, and
 * the client would wait for its answer in the middle of its login. */
static bool waits_for_router(const struct gateway_session *session,
                             const struct gateway_request *request)
{
    const struct gateway_request *before = session->exchanges;

    if (!gateway_visitor_logs_in(request->pub.header.api))
        return false;
    while (before != request && before->state != REQUEST_TAKEN)
        before = before->next;
    return before != request;
}

void gateway_request_relay(struct gateway_request *request)
{
    struct gateway_session *session = request->pub.session;
    const struct kc_wire_request_header *header = &request->pub.header;

    if (!session || session->state != SESSION_OPEN || request->state != REQUEST_TAKEN)
        return;
    request->parked = gateway_own_login_parks(session) || waits_for_router(session, request);
    if (request->parked)
        return;
    if (gateway_visitor_logs_in(header->api))
        gateway_visitor_asks(session, header, request->pub.body, request->pub.body_len);
    request->state = REQUEST_SENT;
    if (!request->pub.silent) {
        request->call = (struct gateway_call){.request = request,
                                              .api = header->api,
                                              .version = header->version,
                                              .correlation = header->correlation};
        DL_APPEND(session->calls, &request->call);
    }
    send_to_target(session, frame_of(session, request));
    if (request->pub.silent)
        gateway_request_settle(request, NULL);
}

static struct gateway_request *first_parked(struct gateway_session *session)
{
    struct gateway_request *request;

    DL_FOREACH (session->exchanges, request) {
        if (request->parked)
            return request;
    }
    return NULL;
}

/* One after the other from the first one on, because each may end others. */
void gateway_requests_unpark(struct gateway_session *session)
{
    struct gateway_request *request;
    bool sent = true;

    while (sent && session->state == SESSION_OPEN && !gateway_own_login_parks(session) &&
           (request = first_parked(session))) {
        gateway_exchange_ref(&request->pub);
        gateway_request_relay(request);
        sent = !request->parked;
        gateway_exchange_unref(&request->pub);
    }
}

/* ---- Own requests ---- */

static void send_ask(struct gateway_session *session, struct gateway_call *call)
{
    struct gateway_outgoing *outgoing = call->held;
    uint8_t *correlation = (uint8_t *)outgoing->out.bytes.data + 4;

    call->held = NULL;
    call->correlation = session->next_correlation++ & INT32_MAX;
    for (int i = 0; i < 4; i++)
        correlation[i] = (uint8_t)((uint32_t)call->correlation >> (24 - 8 * i));
    DL_APPEND(session->calls, call);
    send_to_target(session, outgoing);
}

/* Between the steps of a login the target takes nothing else. */
static void ask(struct gateway_session *session, struct gateway_call *call)
{
    session->asks++;
    if (session->login == LOGIN_GOES_ON)
        DL_APPEND(session->held, call);
    else
        send_ask(session, call);
    gateway_balance(session);
}

void gateway_session_ask_held(struct gateway_session *session)
{
    struct gateway_call *call;

    while (session->state == SESSION_OPEN && (call = session->held)) {
        DL_DELETE(session->held, call);
        send_ask(session, call);
    }
}

/* Takes call, an own one, which gets no answer. */
static void fail_ask(struct gateway_call *call)
{
    call->done(call->arg, &call->request->pub, NULL, NULL);
    gateway_exchange_unref(&call->request->pub);
    gateway_outgoing_destroy(call->held);
    free(call);
}

static void fail_asks(struct gateway_call **list)
{
    struct gateway_call *call, *next;

    DL_FOREACH_SAFE (*list, call, next) {
        DL_DELETE(*list, call);
        if (call->done)
            fail_ask(call);
    }
}

void gateway_requests_end(struct gateway_session *session)
{
    const struct gateway_router *router = session->loop->common->router;
    struct gateway_call *calls = session->calls, *held = session->held;
    struct gateway_request *request, *next;

    session->calls = session->held = NULL;
    DL_FOREACH (session->exchanges, request)
        request->pub.session = NULL;
    if (router && router->ended)
        router->ended(router->opaque, session);
    fail_asks(&calls);
    fail_asks(&held);
    DL_FOREACH_SAFE (session->exchanges, request, next) {
        DL_DELETE(session->exchanges, request);
        gateway_exchange_unref(&request->pub);
    }
    session->bytes = session->answers = 0;
    session->asks = 0;
}

/* ---- The router's calls; any thread ---- */

/* Something that a router wants done on the loop. */
struct gateway_errand {
    struct gateway_request *request;
    void (*run)(struct gateway_errand *errand);
    struct gateway_outgoing *outgoing;
    struct gateway_call *call;
    void (*fn)(struct gateway_exchange *exchange, void *arg);
    void *arg;
};

static void run_errand(void *arg)
{
    struct gateway_errand *errand = arg;

    errand->run(errand);
    gateway_exchange_unref(&errand->request->pub);
    free(errand);
}

/* Runs it now on the loop, else later. Takes what errand has. */
static void send_errand(const struct gateway_errand *errand)
{
    struct gateway_errand *copy = kc_memdup(errand, sizeof(*errand));

    gateway_exchange_ref(&copy->request->pub);
    if (gateway_loop_is_own(copy->request->loop)) {
        run_errand(copy);
    } else if (!gateway_loop_post(copy->request->loop, run_errand, copy)) {
        if (copy->call)
            fail_ask(copy->call);
        gateway_outgoing_destroy(copy->outgoing);
        gateway_exchange_unref(&copy->request->pub);
        free(copy);
    }
}

static void run_answer(struct gateway_errand *errand)
{
    struct gateway_request *request = errand->request;

    if (errand->outgoing || request->pub.silent) {
        gateway_request_settle(request, errand->outgoing);
    } else if (request->pub.session) {
        gateway_session_finish(request->pub.session,
                               kc_error_new(KC_ERR_DATA,
                                            "an answer to its %s request can't be written",
                                            kc_api_name(request->pub.header.api)));
    }
}

/* The frame of an answer; NULL: the version has no place for what it says. */
static struct gateway_outgoing *encode_answer(const struct gateway_exchange *exchange,
                                              const void *response)
{
    const struct kc_wire_request_header *header = &exchange->header;
    struct gateway_outgoing *outgoing = gateway_outgoing_new();

    kc_wire_write_response_header(&outgoing->out, header->api, header->version,
                                  header->correlation);
    struct kc_error *err =
        kc_wire_encode(header->api, KC_WIRE_RESPONSE, header->version, response, &outgoing->out);
    if (!err)
        return outgoing;
    kc_log_error("%s", kc_error_text(err));
    kc_error_destroy(err);
    gateway_outgoing_destroy(outgoing);
    return NULL;
}

void gateway_exchange_answer(struct gateway_exchange *exchange, const void *response)
{
    struct gateway_errand errand = {.request = request_of(exchange), .run = run_answer};

    if (!exchange->silent)
        errand.outgoing = encode_answer(exchange, response);
    send_errand(&errand);
}

static void run_relay(struct gateway_errand *errand)
{
    gateway_request_relay(errand->request);
}

void gateway_exchange_relay(struct gateway_exchange *exchange)
{
    struct gateway_errand errand = {.request = request_of(exchange), .run = run_relay};

    send_errand(&errand);
}

static void run_ask(struct gateway_errand *errand)
{
    struct gateway_session *session = errand->request->pub.session;

    if (session && session->state == SESSION_OPEN)
        ask(session, errand->call);
    else
        fail_ask(errand->call);
}

void gateway_exchange_ask(struct gateway_exchange *exchange, int api, int version,
                          const void *message, gateway_asked done, void *arg)
{
    struct gateway_call *call = kc_calloc(1, sizeof(*call));
    const struct kc_wire_request_header header = {(int16_t)api, (int16_t)version, 0,
                                                  exchange->header.client_id};
    struct gateway_errand errand = {.request = request_of(exchange), .run = run_ask, .call = call};

    *call = (struct gateway_call){.request = request_of(gateway_exchange_ref(exchange)),
                                  .api = header.api,
                                  .version = header.version,
                                  .done = done,
                                  .arg = arg,
                                  .held = gateway_outgoing_new()};
    kc_wire_write_request_header(&call->held->out, &header);
    struct kc_error *err = kc_wire_encode(api, KC_WIRE_REQUEST, version, message, &call->held->out);
    if (err) {
        kc_log_error("%s", kc_error_text(err));
        kc_error_destroy(err);
        fail_ask(call);
        return;
    }
    send_errand(&errand);
}

static void run_post(struct gateway_errand *errand)
{
    if (errand->request->pub.session)
        errand->fn(&errand->request->pub, errand->arg);
}

void gateway_exchange_post(struct gateway_exchange *exchange,
                           void (*fn)(struct gateway_exchange *exchange, void *arg), void *arg)
{
    struct gateway_errand errand = {
        .request = request_of(exchange), .run = run_post, .fn = fn, .arg = arg};

    send_errand(&errand);
}
