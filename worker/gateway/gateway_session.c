/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a session begins: the client's stream opens, its broker is found, and the target's stream
 * opens; and what is due by time. See gateway_session_priv.h. Loop thread.
 */
#include "gateway/gateway_session_priv.h"

#include "connect/log.h"
#include "gateway/gateway_limits_priv.h"
#include "gateway/gateway_metrics_priv.h"
#include "gateway/gateway_own_login_priv.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.session");

#define HIGH_WATER    ((size_t)1 << 20) /* bytes that a stream may have queued */
#define LOW_WATER     ((size_t)256 << 10)
#define ANSWER_MAX    ((size_t)1 << 30) /* bytes of the target's answer */
#define GREETING_MS   30000             /* for the client's TLS handshake */
#define CONNECT_MS    10000             /* to the target */
#define ATTEMPTS      3                 /* bootstrap servers that are tried */
#define SOFTWARE_NONE "unknown"
#define WRITES_MAX    100

static void connect_target(struct gateway_session *session);

/* ---- Its end by itself ---- */

/* Whether it takes no new requests, and those under way are answered. */
static bool is_drained(const struct gateway_session *session)
{
    return session->loop->draining ? !session->exchanges
                                   : session->leaving && gateway_aside_misses_nothing(session);
}

/* ---- The target's stream ---- */

void gateway_session_opened(struct gateway_session *session)
{
    session->state = SESSION_OPEN;
    session->deadline_ms = INT64_MAX;
    session->let_in =
        session->own || !session->loop->common->config->listeners[session->listener].sasl;
    if (session->loop->draining)
        gateway_session_drain(session);
    gateway_release_client(session, HOLD_OPENING);
}

static void on_target_opened(void *arg)
{
    struct gateway_session *session = arg;

    if (session->state != SESSION_CONNECTING)
        return;
    wire_stream_trust(session->target);
    if (!gateway_own_login_begin(session))
        gateway_session_opened(session);
}

static void on_target_frame(void *arg, uint8_t *frame, size_t cap, size_t len)
{
    struct gateway_session *session = arg;

    const bool alive = session->state == SESSION_OPEN || session->state == SESSION_LOGGING_IN;

    if (alive && gateway_own_login_takes(session, frame, cap, len))
        return;
    if (session->state == SESSION_OPEN)
        gateway_relay_answer(session, frame, cap, len);
    else
        wire_frame_free(frame, cap);
    gateway_own_login_look(session, kc_mono_ms());
    if (session->state == SESSION_OPEN && is_drained(session))
        gateway_session_finish(session, NULL);
}

static bool on_target_in_parts(void *arg, size_t size)
{
    return gateway_parts_begin(arg, size);
}

static void on_target_part(void *arg, uint8_t *part, size_t cap, size_t len, size_t left)
{
    struct gateway_session *session = arg;

    if (session->state == SESSION_OPEN)
        gateway_parts_pass(session, part, cap, len, left);
    else
        wire_frame_free(part, cap);
    if (!left)
        gateway_own_login_look(session, kc_mono_ms());
    if (session->state == SESSION_OPEN && is_drained(session))
        gateway_session_finish(session, NULL);
}

static void on_target_passed(void *arg, size_t len, bool full)
{
    struct gateway_session *session = arg;

    if (session->state == SESSION_OPEN)
        gateway_parts_passed(session, len, full);
}

static void on_target_drained(void *arg)
{
    gateway_release_client(arg, HOLD_FULL);
}

/* A client whose broker can't be reached, or goes before it has answered anything, is reset, as by
 * a broker's machine: some clients take an end in order there as a mistake in their own settings,
 * and give up. */
static void on_target_closed(void *arg, struct kc_error *err)
{
    struct gateway_session *session = arg;

    session->target = NULL;
    if (err)
        gateway_measure_add(GATEWAY_TARGET_FAILED, 1);
    if (session->state == SESSION_CONNECTING && session->broker < 0 &&
        session->attempts < ATTEMPTS) {
        kc_debug("%s", kc_error_text(err));
        kc_error_destroy(err);
        connect_target(session);
        return;
    }
    if (session->state != SESSION_ENDING && session->client && !session->sent)
        wire_stream_reset(session->client);
    gateway_session_finish(session, err);
    gateway_session_let_go(session);
}

static const struct wire_stream_events target_events = {
    .opened = on_target_opened,
    .in_parts = on_target_in_parts,
    .part = on_target_part,
    .passed = on_target_passed,
    .frame = on_target_frame,
    .drained = on_target_drained,
    .closed = on_target_closed,
};

static void connect_target(struct gateway_session *session)
{
    struct gateway_loop *loop = session->loop;
    char *host = NULL;
    int port = 0;

    session->attempts++;
    if (!gateway_nodes_broker(loop->common->nodes, session->broker, &host, &port)) {
        gateway_session_finish(
            session, kc_error_new(KC_ERR_IO, "broker %d isn't known", (int)session->broker));
        gateway_session_let_go(session);
        return;
    }
    session->state = SESSION_CONNECTING;
    session->deadline_ms = kc_mono_ms() + CONNECT_MS;
    snprintf(session->target_label, sizeof(session->target_label), "the target's %.60s:%d", host,
             port);
    const struct wire_stream_options options = {
        .loop = &loop->uv,
        .events = &target_events,
        .arg = session,
        .label = session->target_label,
        .tls = loop->target_tls,
        .staging = &loop->staging,
        .frame_max = ANSWER_MAX,
        .high_water = HIGH_WATER,
        .low_water = LOW_WATER,
    };
    session->target = wire_stream_connect(&options, host, port);
    if (session->target_holds)
        wire_stream_pause(session->target);
    free(host);
}

/* ---- The client's stream ---- */

/* The broker that the client asked for by name, if its port doesn't say. */
static void find_broker(struct gateway_session *session)
{
    struct gateway_nodes *nodes = session->loop->common->nodes;
    const char *name = wire_stream_server_name(session->client);

    if (session->broker < 0 && name)
        session->broker = gateway_nodes_of_host(nodes, session->listener, name);
}

static void on_client_opened(void *arg)
{
    struct gateway_session *session = arg;

    if (session->state != SESSION_GREETING)
        return;
    find_broker(session);
    if (gateway_own_login_find(session))
        connect_target(session);
}

static void on_client_frame(void *arg, uint8_t *frame, size_t cap, size_t len)
{
    struct gateway_session *session = arg;

    if (session->state == SESSION_OPEN)
        gateway_relay_request(session, frame, cap, len);
    else
        wire_frame_free(frame, cap);
}

static void on_client_drained(void *arg)
{
    gateway_release_target(arg, HOLD_FULL);
}

/* A client that goes is nothing to tell of; one that breaks the protocol is. */
static void on_client_closed(void *arg, struct kc_error *err)
{
    struct gateway_session *session = arg;

    session->client = NULL;
    if (err && session->state == SESSION_GREETING) {
        gateway_session_finish(session, err);
    } else {
        if (err)
            kc_debug("%s", kc_error_text(err));
        kc_error_destroy(err);
        gateway_session_finish(session, NULL);
    }
    gateway_session_let_go(session);
}

static bool on_client_begins(void *arg, size_t size)
{
    struct gateway_session *session = arg;
    const size_t max = gateway_limits_frame(session->loop->common->config, !session->let_in);

    if (size <= max)
        return true;
    gateway_measure_add(GATEWAY_CUT_FRAME, 1);
    gateway_say(&session->loop->common->say_refused, &log, KC_LOG_WARN,
                "Closed the connection of %s: it began a request of %zu bytes, of which %zu are "
                "taken%s",
                gateway_visitor_name(session), size, max,
                session->let_in ? " (gateway.request.max.bytes)" : " before its login");
    return false;
}

static const struct wire_stream_events client_events = {
    .opened = on_client_opened,
    .begins = on_client_begins,
    .frame = on_client_frame,
    .drained = on_client_drained,
    .closed = on_client_closed,
};

void gateway_session_begin(struct gateway_loop *loop, size_t listener, int32_t broker, int fd,
                           char *address)
{
    struct gateway_session *session = kc_calloc(1, sizeof(*session));
    char label[128];

    session->loop = loop;
    session->listener = listener;
    session->broker = broker;
    session->about.address = address;
    session->next_correlation = 1 << 30;
    session->since_ms = session->last_request_ms = session->last_taken_ms = kc_mono_ms();
    session->deadline_ms = session->since_ms + GREETING_MS;
    memset(session->versions, -1, sizeof(session->versions));
    DL_APPEND(loop->sessions, session);
    snprintf(label, sizeof(label), "the client %.100s", address);
    const struct wire_stream_options options = {
        .loop = &loop->uv,
        .events = &client_events,
        .arg = session,
        .label = label,
        .tls = loop->listener_tls[listener],
        .staging = &loop->staging,
        .high_water = HIGH_WATER,
        .low_water = LOW_WATER,
    };
    session->client = wire_stream_accept(&options, fd);
    gateway_hold_client(session, HOLD_OPENING);
}

/* ---- What is due ---- */

static bool is_idle(const struct gateway_session *session, int64_t now)
{
    return !session->exchanges &&
           now - session->last_request_ms > session->loop->common->config->idle_ms;
}

/* Whether bytes wait for the client, and it has taken none for too long. */
static bool is_slow(struct gateway_session *session, int64_t now)
{
    const size_t queued = session->client ? wire_stream_queued(session->client) : 0;
    const uint64_t taken = session->sent - queued;

    if (!queued || taken != session->taken) {
        session->taken = taken;
        session->last_taken_ms = now;
        return false;
    }
    return now - session->last_taken_ms > session->loop->common->config->slow_ms;
}

/* Whether it has had time enough to log in, and hasn't. */
static bool is_strange(const struct gateway_session *session, int64_t now)
{
    return !session->let_in && now - session->since_ms > session->loop->common->config->login_ms;
}

static void tick_open(struct gateway_session *session, int64_t now)
{
    struct gateway_common *common = session->loop->common;

    gateway_aside_tick(session, now);
    if (is_slow(session, now)) {
        gateway_say(&common->say_refused, &log, KC_LOG_WARN,
                    "Closed the connection of %s: it has taken nothing for gateway.slow.ms=%d",
                    gateway_visitor_name(session), common->config->slow_ms);
        gateway_measure_add(GATEWAY_CUT_SLOW, 1);
        gateway_session_cut(session);
    } else if (is_strange(session, now)) {
        gateway_say(&common->say_refused, &log, KC_LOG_WARN,
                    "Closed the connection of %s: it hasn't logged in within "
                    "gateway.login.timeout.ms=%d",
                    gateway_visitor_name(session), common->config->login_ms);
        gateway_measure_add(GATEWAY_CUT_LOGIN, 1);
        gateway_session_cut(session);
    } else if (is_idle(session, now) || is_drained(session)) {
        gateway_session_finish(session, NULL);
    }
}

static struct kc_error *too_late(const struct gateway_session *session)
{
    const struct wire_stream *stream =
        session->state == SESSION_GREETING ? session->client : session->target;

    return kc_error_new(KC_ERR_TIMEOUT, "%s took too long: %s",
                        session->state == SESSION_GREETING ? "it" : session->target_label,
                        stream ? wire_stream_doing(stream) : "closed");
}

void gateway_session_tick(struct gateway_session *session, int64_t now)
{
    gateway_own_login_look(session, now);
    if (now >= session->muted_until_ms)
        gateway_release_client(session, HOLD_QUOTA);
    if (session->state == SESSION_OPEN) {
        tick_open(session, now);
    } else if (now >= session->deadline_ms) {
        if (session->state != SESSION_ENDING)
            gateway_session_finish(session, too_late(session));
        gateway_session_cut(session);
    }
}

void gateway_session_drain(struct gateway_session *session)
{
    if (session->state != SESSION_OPEN) {
        if (session->state != SESSION_ENDING)
            gateway_session_cut(session);
        return;
    }
    gateway_hold_client(session, HOLD_DRAIN);
    if (!session->exchanges)
        gateway_session_finish(session, NULL);
}

/* ---- For others ---- */

int32_t gateway_session_broker(const struct gateway_session *session)
{
    return session->broker;
}

void gateway_session_mute(struct gateway_session *session, int32_t ms)
{
    const int64_t until_ms = kc_mono_ms() + ms;

    if (ms <= 0 || until_ms <= session->muted_until_ms)
        return;
    session->muted_until_ms = until_ms;
    gateway_hold_client(session, HOLD_QUOTA);
}

void gateway_session_routed(struct gateway_session *session, const char *topic, uint64_t records)
{
    struct gateway_client *about = &session->about;

    about->routed += records;
    if (about->writes.count < WRITES_MAX && !kc_strings_contain(&about->writes, topic))
        kc_strings_add(&about->writes, topic);
}

json_t *gateway_session_describe(const struct gateway_session *session)
{
    const struct gateway_client *about = &session->about;
    json_t *writes = json_array();

    for (size_t i = 0; i < about->writes.count; i++)
        json_array_append_new(writes, json_string(about->writes.items[i]));
    return json_pack("{s:s, s:s*, s:s, s:s*, s:s, s:i, s:I, s:I, s:o}", "address", about->address,
                     "client_id", about->client_id, "software",
                     about->software ? about->software : SOFTWARE_NONE, "principal",
                     about->principal, "listener",
                     session->loop->common->config->listeners[session->listener].name, "broker",
                     (int)session->broker, "routed_records", (json_int_t)about->routed,
                     "relayed_bytes", (json_int_t)about->relayed_bytes, "writes", writes);
}
