/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets that clients connect to: one for bootstrap per listener, and one for each of its
 * brokers' ports. One loop waits for all of them, and hands accepted sockets round.
 */
#ifndef WORKER_GATEWAY_GATEWAY_DOORS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_DOORS_PRIV_H

#include "gateway/gateway_loop_priv.h"

struct gateway_doors;

/* Binds all ports; connections wait until gateway_doors_open(). A port 0 in config becomes the one
 * that was free. */
struct kc_error *gateway_doors_bind(struct gateway_config *config,
                                    struct gateway_doors **doors) KC_MUST_CHECK;
/* Takes connections from now on, on the first loop's thread, for all loops. */
void gateway_doors_open(struct gateway_doors *doors, struct gateway_loop **loops, int count);
/* Takes no more connections; the ports are free when this returns. Any thread but a loop's. */
void gateway_doors_close(struct gateway_doors *doors);
/* After gateway_doors_close(), or without gateway_doors_open(). NULL is fine. */
void gateway_doors_destroy(struct gateway_doors *doors);

#endif
