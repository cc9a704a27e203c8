/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's logins in its clients' names: see gateway_login_priv.h. */
#include "gateway/gateway_login_priv.h"

#include "base/kafka_errors.h"
#include "connect/thread.h"
#include "wire/api.h"
#include "wire/messages_cluster.h"
#include "wire/sasl.h"

#include <stdlib.h>

enum { HANDSHAKE_VERSION = 1, AUTHENTICATE_VERSION = 2 };

struct gateway_login {
    int users; /* the owner, and a step that is under way */
    uv_loop_t *loop;
    const struct kc_map *settings;
    char *host;
    char *label;
    const struct gateway_login_events *events; /* NULL: destroyed */
    void *arg;
    struct wire_sasl *sasl; /* NULL: none has begun */
    bool sasl_done;         /* the mechanism needs nothing more */
    int64_t lifetime_ms;
};

/* A step of the mechanism, on a thread of its own. */
struct login_step {
    uv_async_t finished; /* keeps the loop until the thread is gone */
    pthread_t thread;
    struct gateway_login *login;
    uint8_t *token;
    size_t token_len;
    struct kc_str answer;
    bool done;
    struct kc_error *err;
};

/* ---- life ---- */

static void release(struct gateway_login *login)
{
    if (--login->users > 0)
        return;
    wire_sasl_destroy(login->sasl);
    free(login->host);
    free(login->label);
    free(login);
}

struct gateway_login *gateway_login_new(uv_loop_t *loop, const struct kc_map *settings,
                                        const char *host, const char *label,
                                        const struct gateway_login_events *events, void *arg)
{
    struct gateway_login *login = kc_calloc(1, sizeof(*login));
    login->users = 1;
    login->loop = loop;
    login->settings = settings;
    login->host = kc_strdup(host);
    login->label = kc_strdup(label);
    login->events = events;
    login->arg = arg;
    return login;
}

void gateway_login_destroy(struct gateway_login *login)
{
    if (!login)
        return;
    login->events = NULL;
    if (login->sasl)
        wire_sasl_cancel(login->sasl);
    release(login);
}

/* ---- the end of it ---- */

static const char *mechanism_of(const struct gateway_login *login)
{
    return kc_map_get_or(login->settings, "sasl.mechanism", "GSSAPI");
}

/* Between 85 and 95 % of the login's life, as Java's SaslClientAuthenticator. */
static int64_t again_ms(const struct gateway_login *login)
{
    return login->lifetime_ms > 0 ? login->lifetime_ms / 100 * (85 + kc_mono_ms() % 11) : 0;
}

/* Takes err. The owner may destroy the login in the callback. */
static void finish(struct gateway_login *login, struct kc_error *err)
{
    wire_sasl_destroy(login->sasl);
    login->sasl = NULL;
    if (err)
        err = kc_error_prefix(err, "logging in to %s for a client, as %s", login->label,
                              mechanism_of(login));
    login->events->done(login->arg, err, err ? 0 : again_ms(login));
}

/* ---- steps ---- */

static void *run_step(void *arg)
{
    struct login_step *step = arg;
    step->err =
        wire_sasl_step(step->login->sasl, step->token, step->token_len, &step->answer, &step->done);
    uv_async_send(&step->finished);
    return NULL;
}

static void send_token(struct gateway_login *login, const struct kc_str *token)
{
    struct kc_arena *arena = kc_arena_new(256);
    struct kc_sasl_authenticate_request *message =
        kc_wire_new(arena, &kc_sasl_authenticate_request_type);
    message->auth_bytes = kc_wire_bytes(token->data ? token->data : "", token->len);
    login->events->send(login->arg, KC_API_SASL_AUTHENTICATE, AUTHENTICATE_VERSION, message);
    kc_arena_destroy(arena);
}

static void take_step(struct login_step *step)
{
    struct gateway_login *login = step->login;
    struct kc_error *err = step->err;
    step->err = NULL;
    if (!login->events) {
        kc_error_destroy(err);
        return;
    }
    login->sasl_done = step->done;
    if (err || (step->done && !step->answer.len))
        finish(login, err);
    else
        send_token(login, &step->answer);
}

static void free_step(uv_handle_t *finished)
{
    struct login_step *step = finished->data;
    release(step->login);
    kc_str_destroy(&step->answer);
    free(step->token);
    free(step);
}

static void after_step(uv_async_t *finished)
{
    struct login_step *step = finished->data;
    pthread_join(step->thread, NULL);
    uv_close((uv_handle_t *)finished, free_step);
    take_step(step);
}

static void begin_step(struct gateway_login *login, const uint8_t *token, size_t len)
{
    struct login_step *step = kc_calloc(1, sizeof(*step));
    step->login = login;
    step->token = kc_memdup(len ? (const void *)token : "", len ? len : 1);
    step->token_len = len;
    step->finished.data = step;
    login->users++;
    uv_async_init(login->loop, &step->finished, after_step);
    /* From here on step->err belongs to the thread, if there is one. */
    struct kc_error *err = kc_thread_start(&step->thread, "gateway-login", run_step, step);
    if (!err)
        return;
    step->err = err;
    uv_close((uv_handle_t *)&step->finished, free_step);
    take_step(step);
}

/* ---- the exchange ---- */

void gateway_login_begin(struct gateway_login *login)
{
    struct kc_arena *arena = kc_arena_new(256);
    struct kc_sasl_handshake_request *message = kc_wire_new(arena, &kc_sasl_handshake_request_type);
    message->mechanism = kc_wire_str(mechanism_of(login));
    login->sasl_done = false;
    login->lifetime_ms = 0;
    login->events->send(login->arg, KC_API_SASL_HANDSHAKE, HANDSHAKE_VERSION, message);
    kc_arena_destroy(arena);
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

static void on_handshake(struct gateway_login *login,
                         const struct kc_sasl_handshake_response *response)
{
    struct kc_error *err = NULL;
    if (response->error_code) {
        char *mechanisms = join_mechanisms(response);
        err = kc_error_kafka_new(response->error_code, false,
                                 "the broker doesn't take this mechanism: it has %s enabled. Set "
                                 "sasl.mechanism of the credentials to one of these",
                                 *mechanisms ? mechanisms : "none");
        free(mechanisms);
    } else {
        err = wire_sasl_new(login->settings, login->host, &login->sasl);
    }
    if (err)
        finish(login, err);
    else
        begin_step(login, NULL, 0);
}

static void on_authenticate(struct gateway_login *login,
                            const struct kc_sasl_authenticate_response *response)
{
    if (response->error_code) {
        bool has_text = response->error_message.len > 0;
        finish(login,
               kc_error_kafka_new(response->error_code, false, "%s%s%s",
                                  kc_kafka_error_name(response->error_code), has_text ? ": " : "",
                                  has_text ? response->error_message.data : ""));
        return;
    }
    if (response->session_lifetime_ms > 0)
        login->lifetime_ms = response->session_lifetime_ms;
    if (login->sasl_done)
        finish(login, NULL);
    else
        begin_step(login, response->auth_bytes.data,
                   response->auth_bytes.len > 0 ? (size_t)response->auth_bytes.len : 0);
}

void gateway_login_answer(struct gateway_login *login, int api, const void *response)
{
    if (api == KC_API_SASL_HANDSHAKE && !login->sasl)
        on_handshake(login, response);
    else if (api == KC_API_SASL_AUTHENTICATE && login->sasl)
        on_authenticate(login, response);
}
