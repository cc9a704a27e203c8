/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames from the client to the target, and answers back. Part of gateway_life_priv.h. Loop thread.
 *
 * Frames are bytes, but for the few APIs that the gateway or its router reads. Nothing that either
 * side sends may do more than end its own session.
 */
#include "gateway/gateway_own_login_priv.h"

#include "base/kafka_errors.h"
#include "wire/messages_cluster.h"

#include <stdlib.h>
#include <utlist.h>

/* ---- Requests ---- */

/* Whether clients may use the version: they have been told the range by ApiVersions. */
static bool in_range(const struct gateway_session *session,
                     const struct kc_wire_request_header *header)
{
    const struct gateway_versions *versions = &session->loop->common->versions;
    const size_t keys = sizeof(versions->max) / sizeof(*versions->max);

    if (header->api < 0 || (size_t)header->api >= keys)
        return true;
    return header->version >= versions->min[header->api] &&
           header->version <= versions->max[header->api];
}

/* As a broker answers a client that is newer than itself (KIP-511): the range, in version 0. */
static void refuse_version(struct gateway_request *request)
{
    const struct gateway_versions *versions = &request->loop->common->versions;
    struct kc_api_versions_response_api_key key = {KC_API_API_VERSIONS, 0,
                                                   versions->max[KC_API_API_VERSIONS]};
    struct kc_api_versions_response response = {.error_code = KC_KAFKA_UNSUPPORTED_VERSION,
                                                .api_keys = {&key, 1}};
    struct gateway_outgoing *outgoing = gateway_outgoing_new();

    kc_wire_write_response_header(&outgoing->out, KC_API_API_VERSIONS, 0,
                                  request->pub.header.correlation);
    struct kc_error *err =
        kc_wire_encode(KC_API_API_VERSIONS, KC_WIRE_RESPONSE, 0, &response, &outgoing->out);
    if (err) {
        gateway_outgoing_destroy(outgoing);
        gateway_session_finish(request->pub.session, err);
        return;
    }
    gateway_request_settle(request, outgoing);
}

static struct kc_error *out_of_range(const struct kc_wire_request_header *header)
{
    if (header->api == KC_API_SASL_HANDSHAKE)
        return kc_error_new(KC_ERR_DATA, "it logs in by SaslHandshake version 0, which can't be "
                                         "relayed: a client of Kafka 1.0 or later is needed");
    return kc_error_new(KC_ERR_DATA, "it sent %s version %d, which it wasn't offered",
                        kc_api_name(header->api), header->version);
}

/* Who hasn't logged in at the target isn't known yet, and the router doesn't serve strangers. */
static bool routes(const struct gateway_session *session, int api)
{
    const struct gateway_common *common = session->loop->common;
    const bool known =
        session->login == LOGIN_DONE || !common->config->listeners[session->listener].sasl;

    return common->router && known && common->router->reads(api);
}

static void take(struct gateway_session *session, struct gateway_request *request)
{
    const struct gateway_router *router = session->loop->common->router;
    struct kc_error *err = NULL;

    if (gateway_aside_takes(session, request))
        return;
    if (routes(session, request->pub.header.api)) {
        err = gateway_request_decode(request);
        if (err) {
            gateway_session_finish(session, err);
            return;
        }
        if (router->take(router->opaque, &request->pub))
            return;
    }
    gateway_request_relay(request);
}

/* What is behind a step of a login waits for its answer: nothing may reach the target, or pass the
 * router by, as a client's of whom the gateway doesn't know yet that the target has let it in. */
static void wait_for_login(struct gateway_session *session, int api)
{
    if (gateway_visitor_logs_in(api) && session->state == SESSION_OPEN && session->exchanges)
        gateway_hold_client(session, HOLD_LOGIN);
}

void gateway_relay_request(struct gateway_session *session, uint8_t *frame, size_t cap, size_t len)
{
    struct gateway_request *request = NULL;
    struct kc_error *err = gateway_request_new(session, frame, cap, len, &request);

    if (err) {
        gateway_session_finish(session, err);
        return;
    }
    const struct kc_wire_request_header *header = &request->pub.header;
    session->last_request_ms = request->pub.since_ms;
    const int16_t api = header->api;
    if (gateway_own_login_is(session) && gateway_visitor_logs_in(api)) {
        gateway_session_finish(session, kc_error_new(KC_ERR_DATA, "it logs in by SASL, but it has "
                                                                  "come by certificate"));
        return;
    }
    if (in_range(session, header)) {
        if (!gateway_visitor_logs_in(api)) /* those when they are sent */
            gateway_visitor_asks(session, header, request->pub.body, request->pub.body_len);
        gateway_exchange_ref(&request->pub);
        take(session, request);
        gateway_exchange_unref(&request->pub);
        wait_for_login(session, api);
    } else if (header->api == KC_API_API_VERSIONS) {
        refuse_version(request);
    } else {
        gateway_session_finish(session, out_of_range(header));
    }
    gateway_balance(session);
}

/* ---- Answers ---- */

void gateway_relay_unexpected(struct gateway_session *session, const char *what)
{
    gateway_session_finish(session, kc_error_new(KC_ERR_SCHEMA, "%s sent %s: is it a Kafka broker?",
                                                 session->target_label, what));
}

/* An answer to a request that the router reads. *outgoing: it has changed it; NULL: it hasn't. */
static struct kc_error *show_router(const struct gateway_router *router, struct gateway_call *call,
                                    const uint8_t *frame, size_t len,
                                    struct gateway_outgoing **outgoing)
{
    struct kc_arena *arena = kc_arena_new(1024);
    int32_t correlation = 0;
    void *response = NULL;
    size_t used = 0;
    struct kc_error *err =
        kc_wire_read_response_header(call->api, call->version, frame, len, &correlation, &used);

    *outgoing = NULL;
    if (!err)
        err = kc_wire_decode(call->api, KC_WIRE_RESPONSE, call->version, frame + used, len - used,
                             arena, &response);
    if (!err && router->passes(router->opaque, &call->request->pub, response, arena)) {
        *outgoing = gateway_outgoing_new();
        kc_wire_write_response_header(&(*outgoing)->out, call->api, call->version, correlation);
        err =
            kc_wire_encode(call->api, KC_WIRE_RESPONSE, call->version, response, &(*outgoing)->out);
    }
    if (err) {
        gateway_outgoing_destroy(*outgoing);
        *outgoing = NULL;
    }
    kc_arena_destroy(arena);
    return err;
}

/* Takes frame: the answer as the client gets it. */
static struct kc_error *rewritten(struct gateway_session *session, const struct gateway_call *call,
                                  uint8_t *frame, size_t cap, size_t len,
                                  struct gateway_outgoing **out)
{
    struct gateway_common *common = session->loop->common;
    struct gateway_outgoing *outgoing = gateway_outgoing_relay(frame, cap, len);
    bool same = true;
    struct kc_error *err =
        gateway_rewrite(call->api, call->version, frame, len, common->nodes, session->listener,
                        &common->versions, &outgoing->out, &same);

    *out = NULL;
    if (err) {
        gateway_outgoing_destroy(outgoing);
        return err;
    }
    outgoing->encoded = !same;
    *out = outgoing;
    return NULL;
}

/* The same for an answer that the router has encoded anew. */
static struct kc_error *rewritten_again(struct gateway_session *session,
                                        const struct gateway_call *call,
                                        struct gateway_outgoing **outgoing)
{
    const size_t len = (*outgoing)->out.bytes.len;
    uint8_t *frame = (uint8_t *)kc_str_take(&(*outgoing)->out.bytes);

    gateway_outgoing_destroy(*outgoing);
    return rewritten(session, call, frame, len, len, outgoing);
}

/* Takes frame. */
static void relay_answer(struct gateway_session *session, struct gateway_call *call, uint8_t *frame,
                         size_t cap, size_t len)
{
    const struct gateway_router *router = session->loop->common->router;
    struct gateway_outgoing *outgoing = NULL;
    struct kc_error *err = NULL;

    if (router && router->passes && call->request->pub.message)
        err = show_router(router, call, frame, len, &outgoing);
    if (!err && !outgoing) {
        err = rewritten(session, call, frame, cap, len, &outgoing);
        frame = NULL;
    } else if (!err) {
        err = rewritten_again(session, call, &outgoing);
    }
    wire_frame_free(frame, cap);
    if (err)
        gateway_session_finish(session, kc_error_prefix(err, "%s", session->target_label));
    else
        gateway_request_settle(call->request, outgoing);
}

/* An answer to one of our own requests. Takes call and frame. */
static void take_own(struct gateway_session *session, struct gateway_call *call, uint8_t *frame,
                     size_t cap, size_t len)
{
    struct kc_arena *arena = kc_arena_new(len < 4096 ? 1024 : 8192);
    int32_t correlation = 0;
    void *response = NULL;
    size_t used = 0;
    struct kc_error *err =
        kc_wire_read_response_header(call->api, call->version, frame, len, &correlation, &used);

    if (!err)
        err = kc_wire_decode(call->api, KC_WIRE_RESPONSE, call->version, frame + used, len - used,
                             arena, &response);
    session->asks--;
    call->done(call->arg, &call->request->pub, err ? NULL : response, arena);
    kc_arena_destroy(arena);
    wire_frame_free(frame, cap);
    gateway_exchange_unref(&call->request->pub);
    free(call);
    if (err)
        gateway_session_finish(session, kc_error_prefix(err, "%s", session->target_label));
}

/* What the answer says of the client's login, and of the target. */
static void learn(struct gateway_session *session, const struct gateway_call *call,
                  const uint8_t *frame, size_t len)
{
    int32_t correlation = 0;
    size_t used = 0;
    struct kc_error *err =
        kc_wire_read_response_header(call->api, call->version, frame, len, &correlation, &used);

    if (!err)
        gateway_visitor_told(session, call->api, call->version, frame + used, len - used);
    kc_error_destroy(err);
}

bool gateway_relay_is_for(const struct gateway_call *call, const uint8_t *frame, size_t len)
{
    return len >= 4 &&
           call->correlation == (int32_t)((uint32_t)frame[0] << 24 | (uint32_t)frame[1] << 16 |
                                          (uint32_t)frame[2] << 8 | frame[3]);
}

void gateway_relay_answer(struct gateway_session *session, uint8_t *frame, size_t cap, size_t len)
{
    struct gateway_call *call = session->calls;

    if (!call || !gateway_relay_is_for(call, frame, len)) {
        wire_frame_free(frame, cap);
        gateway_relay_unexpected(session, call ? "an answer out of turn" : "an answer to nothing");
        return;
    }
    DL_DELETE(session->calls, call);
    learn(session, call, frame, len);
    if (call->done) {
        take_own(session, call, frame, cap, len);
    } else {
        const int16_t api = call->api;
        relay_answer(session, call, frame, cap, len);
        if (gateway_visitor_logs_in(api))
            gateway_release_client(session, HOLD_LOGIN);
    }
    if (session->login != LOGIN_GOES_ON)
        gateway_session_ask_held(session);
    gateway_balance(session);
}
