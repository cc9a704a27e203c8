/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's states, its queue of requests and the answers to them. See conn.h.
 *
 * Requests wait until READY, go out in order with at most max.in.flight.requests.per.connection
 * unanswered, and are answered in order: the protocol promises that, and a wrong correlation id
 * ends the connection. As in Java, a request that isn't answered in time also ends the connection,
 * because later answers could not be matched. Loop thread.
 */
#include "wire/conn_priv.h"

#include "connect/log.h"
#include "wire/access.h"
#include "wire/out_pieces.h"
#include "wire/table_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.connection");

static const char *const state_names[] = {
    [CONN_OPENING] = "opening",
    [CONN_VERSIONS] = "asking for its API versions",
    [CONN_SASL_HANDSHAKE] = "the SASL handshake",
    [CONN_SASL_AUTHENTICATE] = "SASL authentication",
    [CONN_READY] = "ready",
    [CONN_DRAINING] = "waiting to authenticate again",
    [CONN_CLOSED] = "closed",
};

#define MOVE(state) (1u << (state))
static const unsigned int moves[] = {
    [CONN_OPENING] = MOVE(CONN_VERSIONS),
    [CONN_VERSIONS] = MOVE(CONN_SASL_HANDSHAKE) | MOVE(CONN_READY),
    [CONN_SASL_HANDSHAKE] = MOVE(CONN_SASL_AUTHENTICATE),
    [CONN_SASL_AUTHENTICATE] = MOVE(CONN_READY),
    [CONN_READY] = MOVE(CONN_DRAINING),
    [CONN_DRAINING] = MOVE(CONN_SASL_HANDSHAKE),
    [CONN_CLOSED] = 0,
};

static void pump(struct wire_conn *conn);
static struct kc_error *timed_out(const struct wire_conn *conn, const struct wire_pending *pending);

static const char *doing(const struct wire_conn *conn)
{
    return conn->state == CONN_OPENING && conn->stream ? wire_stream_doing(conn->stream)
                                                       : state_names[conn->state];
}

void wire_conn_move(struct wire_conn *conn, enum wire_conn_state state)
{
    if (!(moves[conn->state] & MOVE(state))) {
        wire_conn_close(conn,
                        kc_error_retriable_new(KC_ERR_IO, "%s went from %s to %s", conn->label,
                                               state_names[conn->state], state_names[state]));
        return;
    }
    kc_trace("[%s] %s: %s", conn->shared->name, conn->label, state_names[state]);
    conn->state = state;
    if (state != CONN_READY)
        return;
    conn->setup_deadline_ms = INT64_MAX;
    conn->last_used_ms = kc_mono_ms();
    conn->failures = 0;
    wire_stream_trust(conn->stream);
    conn->shared->events->ready(conn->arg);
    kc_access_ready(conn->shared->access, conn->label);
    pump(conn);
}

void wire_conn_release(struct wire_conn *conn)
{
    if (--conn->users > 0)
        return;
    wire_sasl_destroy(conn->sasl);
    free(conn);
}

static void fail_list(struct wire_pending **list, const struct kc_error *err)
{
    struct wire_pending *pending;

    while ((pending = *list)) {
        DL_DELETE(*list, pending);
        wire_pending_fail(pending, kc_error_copy(err));
    }
}

/* Reports a failure to the log, and to callers that ask why the client can't use its cluster. */
static void tell_why(const struct wire_conn *conn, const struct kc_error *err, bool was_ready)
{
    const struct wire_conn_shared *shared = conn->shared;

    if (!err || shared->stopping)
        return;
    KC_LOG_AT(&log, conn->failures ? KC_LOG_DEBUG : KC_LOG_WARN, "[%s] connection to %s: %s",
              shared->name, conn->label, kc_error_text(err));
    if (!was_ready)
        kc_access_failed(shared->access, conn->label, !kc_error_retriable(err), kc_error_text(err));
}

void wire_conn_close(struct wire_conn *conn, struct kc_error *err)
{
    bool was_ready = conn->state == CONN_READY || conn->state == CONN_DRAINING;

    if (conn->state == CONN_CLOSED) {
        kc_error_destroy(err);
        return;
    }
    tell_why(conn, err, was_ready);
    conn->state = CONN_CLOSED;
    if (conn->sasl)
        wire_sasl_cancel(conn->sasl);
    if (conn->stream)
        wire_stream_close(conn->stream);
    conn->shared->events->closed(conn->arg, err, was_ready);
    if (!err)
        err = kc_error_retriable_new(KC_ERR_IO, "%s was closed because it was idle", conn->label);
    fail_list(&conn->in_flight, err);
    fail_list(&conn->waiting, err);
    kc_error_destroy(err);
}

/* ---- Requests ---- */

void wire_conn_submit(struct wire_conn *conn, struct wire_pending *pending)
{
    DL_APPEND(conn->waiting, pending);
    pump(conn);
}

void wire_conn_send(struct wire_conn *conn, struct kc_wire_request *request, int64_t deadline_ms,
                    kc_wire_done done, void *arg)
{
    struct wire_pending *pending = wire_pending_new(request, done, arg);

    pending->deadline_ms = deadline_ms;
    wire_conn_submit(conn, pending);
}

bool wire_conn_pick_version(const struct wire_conn *conn, const struct kc_wire_request *request,
                            int16_t *version)
{
    const struct kc_api_info *info = kc_api_find(request->api);
    const struct wire_version_range *range = &conn->versions[request->api];
    int16_t limit = request->max_version < INT16_MAX ? request->max_version : info->client_max;
    int16_t least = request->min_version > info->min ? request->min_version : info->min;

    *version = range->max < limit ? range->max : limit;
    return *version >= range->min && *version >= least;
}

static struct kc_error *unsupported(const struct wire_conn *conn,
                                    const struct kc_wire_request *request)
{
    const struct wire_version_range *range = &conn->versions[request->api];

    if (range->max < range->min)
        return kc_error_kafka_new(KC_KAFKA_UNSUPPORTED_VERSION, false,
                                  "%s doesn't know the API %s: a newer Kafka is needed",
                                  conn->label, kc_api_name(request->api));
    return kc_error_kafka_new(KC_KAFKA_UNSUPPORTED_VERSION, false,
                              "%s knows versions %d to %d of %s, none of which will do",
                              conn->label, range->min, range->max, kc_api_name(request->api));
}

/* Size, header, message. */
static struct kc_error *encode(struct wire_conn *conn, const struct wire_pending *pending,
                               struct kc_wire_out *out)
{
    struct kc_wire_request_header header = {
        (int16_t)pending->request->api,
        pending->version,
        pending->correlation,
        kc_wire_str(conn->shared->settings->client_id),
    };
    struct kc_error *err;
    size_t size;

    kc_str_append_i32(&out->bytes, 0);
    kc_wire_write_request_header(out, &header);
    err = kc_wire_encode(pending->request->api, KC_WIRE_REQUEST, pending->version,
                         pending->request->message, out);
    if (err)
        return err;
    size = kc_wire_out_size(out) - 4;
    if (size > INT32_MAX)
        return kc_error_new(KC_ERR_DATA,
                            "a %s request of %zu bytes is more than the protocol takes",
                            kc_api_name(pending->request->api), size);
    for (int i = 0; i < 4; i++)
        out->bytes.data[i] = (char)(size >> (24 - 8 * i));
    return NULL;
}

#define REFERENCE_FROM 1024 /* bytes that are sent from where they are */

static void release_out(void *arg)
{
    kc_wire_out_destroy(arg);
    free(arg);
}

/* Takes out. */
static void write_out(struct wire_conn *conn, struct kc_wire_out *out)
{
    uv_buf_t *bufs = kc_calloc(wire_out_pieces_max(out), sizeof(*bufs));

    wire_stream_send(conn->stream, bufs, wire_out_pieces(out, bufs), release_out, out);
    free(bufs);
}

void wire_conn_transmit(struct wire_conn *conn, struct wire_pending *pending, int16_t version)
{
    struct kc_wire_out *out = kc_calloc(1, sizeof(*out));

    out->refs_min = REFERENCE_FROM;
    pending->version = version;
    pending->reply_max = pending->request->reply_max;
    pending->correlation = conn->shared->next_correlation++ & INT32_MAX;
    if (pending->request->prepare)
        pending->request->prepare(pending->request, version);
    struct kc_error *err = encode(conn, pending, out);
    if (err) {
        release_out(out);
        wire_pending_fail(pending, err);
        return;
    }
    DL_APPEND(conn->in_flight, pending);
    conn->in_flight_count++;
    conn->last_used_ms = kc_mono_ms();
    pending->answer_by_ms = conn->last_used_ms + conn->shared->settings->request_timeout_ms;
    write_out(conn, out);
}

static void reauthenticate(struct wire_conn *conn)
{
    conn->setup_deadline_ms = kc_mono_ms() + conn->shared->settings->connect_timeout_max_ms;
    conn->authenticate(conn);
}

/* A loop that was held up may get here before the tick that would have failed the request. */
static void pump(struct wire_conn *conn)
{
    int64_t now = kc_mono_ms();
    struct wire_pending *pending;
    int16_t version;

    if (conn->state == CONN_READY && conn->reauthenticate_at_ms &&
        now >= conn->reauthenticate_at_ms)
        wire_conn_move(conn, CONN_DRAINING);
    if (conn->state == CONN_DRAINING && !conn->in_flight)
        reauthenticate(conn);
    while (conn->state == CONN_READY && (pending = conn->waiting) &&
           now >= conn->throttled_until_ms &&
           conn->in_flight_count < conn->shared->settings->max_in_flight) {
        DL_DELETE(conn->waiting, pending);
        if (now >= pending->deadline_ms)
            wire_pending_fail(pending, timed_out(conn, pending));
        else if (wire_conn_pick_version(conn, pending->request, &version))
            wire_conn_transmit(conn, pending, version);
        else
            wire_pending_fail(pending, unsupported(conn, pending->request));
    }
}

/* ---- Answers ---- */

/* The message's throttle_time_ms, 0 when it has none. */
static int32_t throttle_of(const struct kc_api_info *info, const void *message)
{
    for (size_t i = 0; i < info->response->count; i++) {
        const struct kc_wire_field *field = &info->response->fields[i];

        if (field->kind == KC_WIRE_I32 && strcmp(field->name, "throttle_time_ms") == 0)
            return *(const int32_t *)(const void *)((const char *)message + field->offset);
    }
    return 0;
}

/* Since Kafka 2.0 a throttling broker answers at once and expects the client to wait (KIP-219). */
static void honour_throttle(struct wire_conn *conn, const struct kc_api_info *info,
                            const void *message)
{
    int32_t throttle = throttle_of(info, message);

    if (throttle <= 0)
        return;
    conn->throttled_until_ms = kc_mono_ms() + throttle;
    kc_debug("[%s] %s throttles for %d ms", conn->shared->name, conn->label, throttle);
}

static struct kc_error *decode(struct wire_conn *conn, const struct wire_pending *pending,
                               const uint8_t *frame, size_t len, struct kc_arena *arena,
                               void **message)
{
    int api = pending->api, version = pending->version;
    int32_t correlation;
    size_t used = 0;
    struct kc_error *err =
        kc_wire_read_response_header(api, version, frame, len, &correlation, &used);

    if (!err && correlation != pending->correlation)
        err = kc_error_retriable_new(
            KC_ERR_IO, "%s answered request %d when %d was next: is it a Kafka broker?",
            conn->label, correlation, pending->correlation);
    if (err)
        return err;
    /* A broker that doesn't know our version of ApiVersions answers in version 0. */
    if (api == KC_API_API_VERSIONS && len - used >= 2 && frame[used] == 0 &&
        frame[used + 1] == KC_KAFKA_UNSUPPORTED_VERSION)
        version = 0;
    return kc_wire_decode(api, KC_WIRE_RESPONSE, version, frame + used, len - used, arena, message);
}

/* ---- How much a broker may answer ---- */

#define FRAME_MAX   (128 * 1024 * 1024) /* where the request says nothing of its answer */
#define FRAME_SETUP (1024 * 1024)       /* before the broker has shown that it is one */

/* The largest size of the next answer, given its request. */
static size_t frame_max(const struct wire_conn *conn)
{
    if (conn->state < CONN_READY)
        return FRAME_SETUP;
    return conn->in_flight && conn->in_flight->reply_max ? conn->in_flight->reply_max : FRAME_MAX;
}

struct kc_error *wire_conn_begins(struct wire_conn *conn, size_t size)
{
    const struct wire_pending *pending = conn->in_flight;

    if (size >= 4 && size <= frame_max(conn))
        return NULL;
    if (conn->state < CONN_READY || size < 4 || size > INT32_MAX || !pending)
        return kc_error_retriable_new(KC_ERR_IO,
                                      "%s sent a frame of %zu bytes: is it a Kafka broker, and "
                                      "does security.protocol fit its listener?",
                                      conn->label, size);
    return kc_error_retriable_new(KC_ERR_IO,
                                  "%s began an answer of %zu bytes to a %s request, for which at "
                                  "most %zu are taken%s",
                                  conn->label, size, kc_api_name(pending->api), frame_max(conn),
                                  pending->api == KC_API_FETCH
                                      ? ". If its topics hold batches as large as that, raise "
                                        "fetch.max.bytes of this consumer"
                                      : "");
}

void wire_conn_frame(struct wire_conn *conn, uint8_t *frame, size_t cap, size_t len)
{
    struct wire_pending *pending = conn->in_flight;
    struct kc_arena *arena = kc_arena_new(len < 4096 ? 1024 : 8192);
    struct kc_wire_reply *reply = wire_reply_new(frame, cap, arena);

    if (!pending) {
        kc_wire_reply_unref(reply);
        wire_conn_close(conn, kc_error_retriable_new(KC_ERR_IO, "%s sent an answer to no request",
                                                     conn->label));
        return;
    }
    struct kc_error *err = decode(conn, pending, frame, len, arena, &reply->message);
    if (err) {
        kc_wire_reply_unref(reply);
        wire_conn_close(conn, err);
        return;
    }
    DL_DELETE(conn->in_flight, pending);
    conn->in_flight_count--;
    conn->last_used_ms = kc_mono_ms();
    reply->version = pending->version;
    reply->broker_id = conn->broker_id < 0 ? -1 : conn->broker_id;
    honour_throttle(conn, kc_api_find(pending->api), reply->message);
    wire_pending_finish(pending, reply);
    if (conn->state != CONN_CLOSED)
        pump(conn);
}

/* ---- Time ---- */

static struct kc_error *timed_out(const struct wire_conn *conn, const struct wire_pending *pending)
{
    return kc_error_retriable_new(KC_ERR_TIMEOUT, "%s to %s wasn't answered in time",
                                  kc_api_name(pending->api), conn->label);
}

/* The caller's time-out may be shorter than request.timeout.ms. Then only the caller gives up, and
 * a late answer is dropped. Not for requests whose bytes stay in the caller's memory. */
static bool may_abandon(const struct wire_pending *pending, int64_t now)
{
    return pending->api != KC_API_PRODUCE && now < pending->answer_by_ms;
}

static bool check_in_flight(struct wire_conn *conn, int64_t now)
{
    struct wire_pending *pending, *next;

    DL_FOREACH_SAFE (conn->in_flight, pending, next) {
        if (!pending->deadline_ms || now < pending->deadline_ms)
            continue;
        if (!may_abandon(pending, now)) {
            wire_conn_close(conn, timed_out(conn, pending));
            return false;
        }
        wire_pending_abandon(pending, timed_out(conn, pending));
    }
    return true;
}

void wire_conn_tick(struct wire_conn *conn, int64_t now)
{
    int32_t idle = conn->shared->settings->connections_max_idle_ms;
    struct wire_pending *pending, *next;

    if (now >= conn->setup_deadline_ms) {
        wire_conn_close(conn, kc_error_retriable_new(KC_ERR_TIMEOUT,
                                                     "connecting to %s took too long at %s",
                                                     conn->label, doing(conn)));
        return;
    }
    DL_FOREACH_SAFE (conn->waiting, pending, next) {
        if (now < pending->deadline_ms)
            continue;
        DL_DELETE(conn->waiting, pending);
        wire_pending_fail(pending, timed_out(conn, pending));
    }
    if (!check_in_flight(conn, now))
        return;
    if (idle >= 0 && conn->state == CONN_READY && !conn->in_flight && !conn->waiting &&
        now - conn->last_used_ms > idle)
        wire_conn_close(conn, NULL);
    else
        pump(conn);
}

int16_t wire_conn_transaction_version(const struct wire_conn *conn)
{
    return conn->transaction_version;
}
