/* SPDX-License-Identifier: Apache-2.0 */
/* Logins of sessions whose clients came by certificate: see gateway_own_login_priv.h. */
#include "gateway/gateway_own_login_priv.h"

#include "connect/log.h"
#include "gateway/gateway_credentials_priv.h"
#include "gateway/gateway_limits_priv.h"
#include "gateway/gateway_login_priv.h"
#include "gateway/gateway_metrics_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.login");

enum own_login_state {
    OWN_WAITS, /* for the target's stream; or, with again_ms, for its time */
    OWN_DUE,   /* until nothing is under way */
    OWN_RUNS,
};

struct gateway_own_login {
    enum own_login_state state;
    const struct kc_map *settings;
    struct gateway_login *login; /* NULL: not begun */
    int16_t api;                 /* of what was sent last, as the next two */
    int16_t version;
    int32_t correlation;
    int64_t again_ms; /* kc_mono_ms(); 0: never */
};

/* ---- who it is ---- */

bool gateway_own_login_find(struct gateway_session *session)
{
    const struct gateway_config *config = session->loop->common->config;
    const struct gateway_credentials *credentials =
        config->listeners[session->listener].credentials;
    const struct kc_map *settings = NULL;
    char *principal = NULL;
    if (!credentials)
        return true;
    char *name = wire_stream_peer_name(session->client);
    struct kc_error *err = gateway_credentials_find(credentials, name, &principal, &settings);
    free(name);
    if (err) {
        free(principal);
        gateway_measure_add(GATEWAY_LOGINS_FAILED, 1);
        gateway_session_finish(session, err);
        return false;
    }
    session->about.principal = principal;
    session->own = kc_calloc(1, sizeof(*session->own));
    session->own->settings = settings;
    return true;
}

bool gateway_own_login_is(const struct gateway_session *session)
{
    return session->own != NULL;
}

/* ---- what passes ---- */

static void on_send(void *arg, int api, int version_max, const void *message)
{
    struct gateway_session *session = arg;
    struct gateway_own_login *own = session->own;
    struct gateway_outgoing *outgoing = gateway_outgoing_new();
    own->api = (int16_t)api;
    own->version = (int16_t)version_max;
    own->correlation = session->next_correlation++ & INT32_MAX;
    const struct kc_wire_request_header header = {own->api, own->version, own->correlation,
                                                  kc_wire_str("isthmus-gateway")};
    kc_wire_write_request_header(&outgoing->out, &header);
    struct kc_error *err =
        kc_wire_encode(api, KC_WIRE_REQUEST, version_max, message, &outgoing->out);
    if (err) {
        gateway_outgoing_destroy(outgoing);
        gateway_session_finish(session, err);
        return;
    }
    if (session->target)
        gateway_outgoing_send(outgoing, session->target);
    else
        gateway_outgoing_destroy(outgoing);
}

static struct kc_error *read_answer(const struct gateway_own_login *own, const uint8_t *frame,
                                    size_t len, struct kc_arena *arena, void **response)
{
    int32_t correlation = 0;
    size_t used = 0;
    struct kc_error *err =
        kc_wire_read_response_header(own->api, own->version, frame, len, &correlation, &used);
    if (!err && correlation != own->correlation)
        err = kc_error_new(KC_ERR_SCHEMA, "an answer out of turn in the login");
    if (err)
        return err;
    return kc_wire_decode(own->api, KC_WIRE_RESPONSE, own->version, frame + used, len - used, arena,
                          response);
}

bool gateway_own_login_takes(struct gateway_session *session, uint8_t *frame, size_t cap,
                             size_t len)
{
    struct gateway_own_login *own = session->own;
    void *response = NULL;
    if (!own || own->state != OWN_RUNS)
        return false;
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_error *err = read_answer(own, frame, len, arena, &response);
    if (err)
        gateway_session_finish(session, kc_error_prefix(err, "%s", session->target_label));
    else
        gateway_login_answer(own->login, own->api, response);
    kc_arena_destroy(arena);
    wire_frame_free(frame, cap);
    return true;
}

/* ---- the end of a login ---- */

static void go_on(struct gateway_session *session)
{
    if (session->state == SESSION_LOGGING_IN) {
        gateway_session_opened(session);
        return;
    }
    session->login = LOGIN_NONE;
    gateway_session_ask_held(session);
    gateway_requests_unpark(session);
    gateway_release_client(session, HOLD_LOGIN);
}

static void on_done(void *arg, struct kc_error *err, int64_t again_ms)
{
    struct gateway_session *session = arg;
    struct gateway_own_login *own = session->own;
    if (session->state == SESSION_ENDING) {
        kc_error_destroy(err);
        return;
    }
    if (err) {
        gateway_measure_add(GATEWAY_LOGINS_FAILED, 1);
        gateway_session_finish(session, kc_error_prefix(err, "%s can't be logged in to the target",
                                                        session->about.principal));
        return;
    }
    own->state = OWN_WAITS;
    own->again_ms = again_ms > 0 ? kc_mono_ms() + again_ms : 0;
    kc_debug("%s is logged in to %s", session->about.principal, session->target_label);
    go_on(session);
}

static const struct gateway_login_events events = {on_send, on_done};

/* ---- its beginning ---- */

static void begin(struct gateway_session *session)
{
    struct gateway_own_login *own = session->own;
    if (!own->login)
        own->login =
            gateway_login_new(&session->loop->uv, own->settings, wire_stream_host(session->target),
                              session->target_label, &events, session);
    own->state = OWN_RUNS;
    gateway_login_begin(own->login);
}

bool gateway_own_login_begin(struct gateway_session *session)
{
    if (!session->own)
        return false;
    session->state = SESSION_LOGGING_IN;
    session->deadline_ms = kc_mono_ms() + session->loop->common->config->login_ms;
    begin(session);
    return true;
}

void gateway_own_login_look(struct gateway_session *session, int64_t now)
{
    struct gateway_own_login *own = session->own;
    if (!own || session->state != SESSION_OPEN)
        return;
    if (own->state == OWN_WAITS && own->again_ms && now >= own->again_ms) {
        own->state = OWN_DUE;
        session->login = LOGIN_GOES_ON; /* the gateway's questions wait as well */
        gateway_hold_client(session, HOLD_LOGIN);
    }
    if (own->state == OWN_DUE && !session->calls)
        begin(session);
}

bool gateway_own_login_parks(const struct gateway_session *session)
{
    return session->own && session->own->state != OWN_WAITS;
}

void gateway_own_login_end(struct gateway_session *session)
{
    if (!session->own)
        return;
    gateway_login_destroy(session->own->login);
    free(session->own);
    session->own = NULL;
}
