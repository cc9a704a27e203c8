/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What strangers may take of a gateway: connections in all and of one address, and what a client
 * may send, and for how long, before the target has let it in. Any thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_LIMITS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_LIMITS_PRIV_H

#include "gateway/gateway_config.h"

struct gateway_limits;

struct gateway_limits *gateway_limits_new(const struct gateway_config *config);
void gateway_limits_destroy(struct gateway_limits *limits); /* NULL is fine */

/* A connection from "host:port" begins. NULL: it counts from now on, until gateway_limits_leave().
 * Else why it may not; thread-local storage. */
const char *gateway_limits_enter(struct gateway_limits *limits, const char *address);
/* limits may be NULL. */
void gateway_limits_leave(struct gateway_limits *limits, const char *address);
/* Connections that count now. */
int gateway_limits_count(struct gateway_limits *limits);

/* Bytes of a request. strange: who sends it hasn't logged in, and has to. */
size_t gateway_limits_frame(const struct gateway_config *config, bool strange);
#endif
