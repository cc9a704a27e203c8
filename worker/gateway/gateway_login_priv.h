/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway logs in to the target for a client whose listener has a map of credentials: a
 * SaslHandshake and SaslAuthenticates on that session's own connection to the target, before a
 * request of the client's goes out there, and again before the target ends the login (KIP-368).
 *
 * It knows no connection: it says what to send, and is told what was answered. Between
 * gateway_login_begin() and `done` nothing else may be sent to the target. Loop thread; steps of a
 * mechanism run on threads of their own, because they may ask a token endpoint, and compute for
 * long.
 */
#ifndef WORKER_GATEWAY_GATEWAY_LOGIN_PRIV_H
#define WORKER_GATEWAY_GATEWAY_LOGIN_PRIV_H

#include "connect/map.h"
#include "wire/codec.h"

#include <uv.h>

struct gateway_login;

struct gateway_login_events {
    /* Sends a request to the target, in a version of at most version_max that it has; the message
     * is encoded before this returns. Its answer, a struct of the response's type, comes back by
     * gateway_login_answer(). */
    void (*send)(void *arg, int api, int version_max, const void *message);
    /* The client is logged in (err NULL), or can't be: err is the callback's. The login may be
     * destroyed here. again_ms: begin anew after so many ms, before the target ends it; 0: it
     * doesn't. */
    void (*done)(void *arg, struct kc_error *err, int64_t again_ms);
};

/* settings: of gateway_credentials_find(); they and events outlive it. host: the target's broker,
 * as connected to; copied. label: of the same, for texts; copied. */
struct gateway_login *gateway_login_new(uv_loop_t *loop, const struct kc_map *settings,
                                        const char *host, const char *label,
                                        const struct gateway_login_events *events, void *arg);
/* Never calls back afterwards. A step that is under way ends by itself. NULL is fine. */
void gateway_login_destroy(struct gateway_login *login);

/* Begins; also again, after `done`. */
void gateway_login_begin(struct gateway_login *login);
/* An answer to what was sent last; borrowed. */
void gateway_login_answer(struct gateway_login *login, int api, const void *response);

#endif
