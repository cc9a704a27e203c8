/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session whose client came by certificate: the gateway logs in to the target for it, with the
 * credentials of its listener's map, before anything of the client goes there, and again before the
 * target ends the login.
 *
 * A renewal waits until nothing is under way at the target; meanwhile the client is read no
 * further, and what a router relays is parked. Loop thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_OWN_LOGIN_PRIV_H
#define WORKER_GATEWAY_GATEWAY_OWN_LOGIN_PRIV_H

#include "gateway/gateway_life_priv.h"

/* The client's stream has opened. True: the session goes on, with or without a login of this kind.
 * False: the client's certificate stands for nobody, and the session ends. */
bool gateway_own_login_find(struct gateway_session *session);
/* The target's stream has opened. True: the login has begun, and the session is SESSION_LOGGING_IN.
 * False: there is none to make. */
bool gateway_own_login_begin(struct gateway_session *session);
/* Whether an answer of the target is the login's. Then it is taken. */
bool gateway_own_login_takes(struct gateway_session *session, uint8_t *frame, size_t cap,
                             size_t len);
/* Renews the login when it is time, and nothing is under way. */
void gateway_own_login_look(struct gateway_session *session, int64_t now);
/* Whether nothing may be sent to the target now. */
bool gateway_own_login_parks(const struct gateway_session *session);
/* Whether the client mustn't log in by itself: it has come by certificate. */
bool gateway_own_login_is(const struct gateway_session *session);
void gateway_own_login_end(struct gateway_session *session);

#endif
