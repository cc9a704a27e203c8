/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's set-up before it is READY: its stream, ApiVersions, then the SASL exchange if
 * there is one. The exchange is repeated before the session's lifetime ends (KIP-368). See conn.h.
 *
 * SASL steps run on threads of their own, one at a time per connection: a step may wait for a token
 * endpoint or a KDC, and compute for long. It doesn't use libuv's few threads, because these
 * resolve the names of all clusters. Loop thread otherwise.
 */
#include "wire/conn_priv.h"

#include "connect/thread.h"
#include "wire/messages_cluster.h"

#include <stdlib.h>
#include <string.h>

/* Sends a request of the set-up, with the set-up's time limit. */
static void send_own(struct wire_conn *conn, struct kc_wire_request *request, int16_t version,
                     kc_wire_done done)
{
    wire_conn_transmit(conn, wire_pending_new(request, done, conn), version);
}

/* ---- ApiVersions ---- */

static void begin_login(struct wire_conn *conn);

static void on_versions(void *arg, const struct kc_wire_request *request,
                        struct kc_wire_reply *reply);

static void ask_versions(struct wire_conn *conn, int16_t version)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_API_VERSIONS);
    struct kc_api_versions_request *message = request->message;

    message->client_software_name = kc_wire_str("isthmus");
    message->client_software_version = kc_wire_str(KC_VERSION);
    send_own(conn, request, version, on_versions);
}

static void forget_versions(struct wire_conn *conn)
{
    for (size_t i = 0; i < KC_API_KEYS; i++)
        conn->versions[i] = (struct wire_version_range){0, -1};
}

static void take_versions(struct wire_conn *conn, const struct kc_api_versions_response *response)
{
    forget_versions(conn);
    for (int32_t i = 0; i < response->api_keys.count; i++) {
        const struct kc_api_versions_response_api_key *key = &response->api_keys.items[i];

        if (key->api_key >= 0 && key->api_key < KC_API_KEYS)
            conn->versions[key->api_key] =
                (struct wire_version_range){key->min_version, key->max_version};
    }
    for (int32_t i = 0; i < response->finalized_features.count; i++) {
        const struct kc_api_versions_response_finalized_feature *feature =
            &response->finalized_features.items[i];

        if (kc_wire_str_is(feature->name, "transaction.version"))
            conn->transaction_version = feature->max_version_level;
    }
}

static void on_versions(void *arg, const struct kc_wire_request *request,
                        struct kc_wire_reply *reply)
{
    struct wire_conn *conn = arg;
    const struct kc_api_versions_response *response = reply->message;
    int16_t code = reply->error ? KC_KAFKA_NONE : response->error_code;

    if (reply->error) {
        kc_wire_reply_unref(reply);
        return;
    }
    take_versions(conn, response);
    int16_t best = conn->versions[KC_API_API_VERSIONS].max;
    best = best > 0 && best < reply->version ? best : 0;
    if (code == KC_KAFKA_UNSUPPORTED_VERSION && reply->version > 0)
        ask_versions(conn, best);
    else if (code != KC_KAFKA_NONE)
        wire_conn_close(
            conn, kc_kafka_error_new(code, NULL, "asking %s for its API versions", conn->label));
    else if (conn->shared->settings->use_sasl)
        begin_login(conn);
    else
        wire_conn_move(conn, CONN_READY);
    kc_wire_reply_unref(reply);
}

/* ---- SASL ---- */

struct sasl_step {
    uv_async_t finished; /* keeps the loop until the thread is gone */
    pthread_t thread;
    struct wire_conn *conn;
    struct wire_sasl *sasl;
    uint8_t *token;
    size_t token_len;
    struct kc_str answer;
    bool done;
    struct kc_error *err;
};

static void *run_step(void *arg)
{
    struct sasl_step *step = arg;

    step->err =
        wire_sasl_step(step->sasl, step->token, step->token_len, &step->answer, &step->done);
    uv_async_send(&step->finished);
    return NULL;
}

static void begin_step(struct wire_conn *conn, const uint8_t *token, size_t len);

static void authenticated(struct wire_conn *conn, int64_t lifetime_ms)
{
    int64_t now = kc_mono_ms();

    conn->reauthenticate_at_ms = 0;
    if (lifetime_ms > 0) /* between 85 % and 95 % of it, as Java's SaslClientAuthenticator */
        conn->reauthenticate_at_ms = now + lifetime_ms / 100 * (85 + now % 11);
    wire_sasl_destroy(conn->sasl);
    conn->sasl = NULL;
    wire_conn_move(conn, CONN_READY);
}

static void on_authenticate(void *arg, const struct kc_wire_request *request,
                            struct kc_wire_reply *reply)
{
    struct wire_conn *conn = arg;
    const struct kc_sasl_authenticate_response *response = reply->message;

    if (reply->error) {
        kc_wire_reply_unref(reply);
        return;
    }
    if (response->error_code != KC_KAFKA_NONE) {
        wire_conn_close(conn, kc_kafka_error_new(response->error_code, response->error_message.data,
                                                 "authenticating with %s as %s", conn->label,
                                                 conn->shared->settings->sasl_mechanism));
    } else {
        if (response->session_lifetime_ms > 0)
            conn->session_lifetime_ms = response->session_lifetime_ms;
        if (conn->sasl_done)
            authenticated(conn, conn->session_lifetime_ms);
        else
            begin_step(conn, response->auth_bytes.data,
                       response->auth_bytes.len > 0 ? (size_t)response->auth_bytes.len : 0);
    }
    kc_wire_reply_unref(reply);
}

static void send_token(struct wire_conn *conn, const struct kc_str *answer)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_SASL_AUTHENTICATE);
    struct kc_sasl_authenticate_request *message = request->message;
    int16_t version = 0;

    message->auth_bytes =
        kc_wire_bytes(kc_arena_dup(request->arena, answer->data, answer->len), answer->len);
    if (!wire_conn_pick_version(conn, request, &version))
        version = 0;
    send_own(conn, request, version, on_authenticate);
}

static void take_step(struct wire_conn *conn, struct sasl_step *step)
{
    struct kc_error *err = step->err;

    step->err = NULL;
    if (conn->state == CONN_CLOSED) {
        kc_error_destroy(err);
    } else if (err) {
        wire_conn_close(conn, kc_error_prefix(err, "authenticating with %s", conn->label));
    } else {
        conn->sasl_done = step->done;
        if (step->done && !step->answer.len)
            authenticated(conn, conn->session_lifetime_ms);
        else
            send_token(conn, &step->answer);
    }
}

static void free_step(uv_handle_t *finished)
{
    struct sasl_step *step = finished->data;

    wire_conn_release(step->conn);
    kc_str_destroy(&step->answer);
    free(step->token);
    free(step);
}

static void after_step(uv_async_t *finished)
{
    struct sasl_step *step = finished->data;

    pthread_join(step->thread, NULL);
    uv_close((uv_handle_t *)finished, free_step);
    take_step(step->conn, step);
}

static void begin_step(struct wire_conn *conn, const uint8_t *token, size_t len)
{
    struct sasl_step *step = kc_calloc(1, sizeof(*step));

    step->conn = conn;
    step->sasl = conn->sasl;
    step->token = kc_memdup(len ? (const void *)token : "", len ? len : 1);
    step->token_len = len;
    step->finished.data = step;
    conn->users++;
    uv_async_init(conn->shared->loop, &step->finished, after_step);
    /* From here on step->err belongs to the thread, if there is one. */
    struct kc_error *err = kc_thread_start(&step->thread, "sasl", run_step, step);
    if (!err)
        return;
    step->err = err;
    uv_close((uv_handle_t *)&step->finished, free_step);
    take_step(conn, step);
}

static char *join_mechanisms(const struct kc_sasl_handshake_response *response)
{
    struct kc_strings list = {0};

    for (int32_t i = 0; i < response->mechanisms.count; i++)
        kc_strings_add(&list, response->mechanisms.items[i].data);
    char *text = kc_strings_join(&list, ", ");
    kc_strings_destroy(&list);
    return text;
}

static void on_handshake(void *arg, const struct kc_wire_request *request,
                         struct kc_wire_reply *reply)
{
    struct wire_conn *conn = arg;
    const struct kc_sasl_handshake_response *response = reply->message;
    struct kc_error *err = NULL;
    char *mechanisms;

    if (reply->error) {
        kc_wire_reply_unref(reply);
        return;
    }
    if (response->error_code != KC_KAFKA_NONE) {
        mechanisms = join_mechanisms(response);
        err = kc_error_kafka_new(response->error_code, false,
                                 "%s doesn't take the SASL mechanism %s: it has %s enabled",
                                 conn->label, conn->shared->settings->sasl_mechanism, mechanisms);
        free(mechanisms);
    } else {
        err =
            wire_sasl_new(conn->shared->settings->map, wire_stream_host(conn->stream), &conn->sasl);
    }
    kc_wire_reply_unref(reply);
    if (err) {
        wire_conn_close(conn, err);
        return;
    }
    wire_conn_move(conn, CONN_SASL_AUTHENTICATE);
    begin_step(conn, NULL, 0);
}

static void begin_login(struct wire_conn *conn)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_SASL_HANDSHAKE);
    struct kc_sasl_handshake_request *message = request->message;

    message->mechanism = kc_wire_str(conn->shared->settings->sasl_mechanism);
    conn->sasl_done = false;
    conn->session_lifetime_ms = 0;
    wire_conn_move(conn, CONN_SASL_HANDSHAKE);
    send_own(conn, request, 1, on_handshake);
}

/* ---- The stream ---- */

static void on_opened(void *arg)
{
    struct wire_conn *conn = arg;

    forget_versions(conn);
    wire_conn_move(conn, CONN_VERSIONS);
    ask_versions(conn, kc_api_find(KC_API_API_VERSIONS)->max);
}

static bool on_begins(void *arg, size_t size)
{
    struct kc_error *err = wire_conn_begins(arg, size);

    if (err)
        wire_conn_close(arg, err);
    return !err;
}

static void on_frame(void *arg, uint8_t *frame, size_t cap, size_t len)
{
    wire_conn_frame(arg, frame, cap, len);
}

/* Adds what the stream can't know. Takes err. */
static struct kc_error *explain(const struct wire_conn *conn, struct kc_error *err)
{
    if (kc_error_code(err) == KC_ERR_MEMORY && conn->in_flight)
        return kc_error_prefix(err, "the answer to a %s request",
                               kc_api_name(conn->in_flight->api));
    if (conn->state != CONN_VERSIONS || conn->shared->tls || kc_error_code(err) != KC_ERR_IO)
        return err;
    struct kc_error *more = kc_error_retriable_new(
        KC_ERR_IO, "%s: does security.protocol fit its listener?", kc_error_text(err));
    kc_error_destroy(err);
    return more;
}

static void on_closed(void *arg, struct kc_error *err)
{
    struct wire_conn *conn = arg;

    conn->stream = NULL;
    if (conn->state != CONN_CLOSED)
        wire_conn_close(conn, explain(conn, err));
    else
        kc_error_destroy(err);
    wire_conn_release(conn);
}

static const struct wire_stream_events stream_events = {
    .opened = on_opened,
    .begins = on_begins,
    .frame = on_frame,
    .closed = on_closed,
};

static void name_peer(struct wire_conn *conn, const struct wire_conn_peer *peer)
{
    conn->broker_id = peer->broker_id;
    if (peer->broker_id >= 0)
        snprintf(conn->label, sizeof(conn->label), "%.60s:%d (id: %d)", peer->host, peer->port,
                 peer->broker_id);
    else
        snprintf(conn->label, sizeof(conn->label), "%.60s:%d", peer->host, peer->port);
}

struct wire_conn *wire_conn_open(struct wire_conn_shared *shared, const struct wire_conn_peer *peer,
                                 int failures, void *arg)
{
    const struct kc_wire_settings *settings = shared->settings;
    struct wire_conn *conn = kc_calloc(1, sizeof(*conn));

    conn->shared = shared;
    conn->arg = arg;
    conn->users = 1;
    conn->failures = failures;
    conn->transaction_version = -1;
    conn->authenticate = begin_login;
    conn->last_used_ms = kc_mono_ms();
    conn->setup_deadline_ms =
        conn->last_used_ms +
        kc_wire_jittered(settings->connect_timeout_ms, settings->connect_timeout_max_ms, failures);
    name_peer(conn, peer);
    struct wire_stream_options options = {
        .loop = shared->loop,
        .events = &stream_events,
        .arg = conn,
        .label = conn->label,
        .tls = shared->tls,
        .staging = &shared->staging,
        .send_buffer = settings->send_buffer,
        .receive_buffer = settings->receive_buffer,
        .user_timeout_ms = settings->tcp_user_timeout_ms,
        .canonical = settings->resolve_canonical && peer->broker_id < 0,
    };
    conn->stream = wire_stream_connect(&options, peer->host, peer->port);
    return conn;
}
