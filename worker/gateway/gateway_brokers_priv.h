/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's own look at the target's brokers, again and again: a broker that is new has its
 * place before a client asks for it. Under the gateway's own login.
 */
#ifndef WORKER_GATEWAY_GATEWAY_BROKERS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_BROKERS_PRIV_H

#include "connect/thread.h"
#include "gateway/gateway_nodes_priv.h"
#include "wire/wire_client.h"

struct gateway_brokers;

/* Asks until an answer is there, with a line about each kind of failure; then goes on on a thread
 * of its own. KC_ERR_WAKEUP when stop is set; an error that no repetition cures (a wrong login)
 * comes back at once. */
struct kc_error *gateway_brokers_start(const struct gateway_config *config,
                                       struct gateway_nodes *nodes, const struct kc_stop *stop,
                                       struct gateway_brokers **brokers) KC_MUST_CHECK;
void gateway_brokers_stop(struct gateway_brokers *brokers); /* NULL is fine */

#endif
