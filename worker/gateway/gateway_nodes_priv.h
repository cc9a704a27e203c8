/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target's brokers, and where clients reach each of them through this gateway.
 *
 * A broker's port doesn't depend on which other brokers are there, as far as ports suffice, so that
 * all gateways with the same settings tell clients the same: its id modulo the number of ports, or
 * the next one that is free, in the order of ids. Brokers are learned from what the gateway asks by
 * itself, and from what passes. Any thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_NODES_PRIV_H
#define WORKER_GATEWAY_GATEWAY_NODES_PRIV_H

#include "gateway/gateway_config.h"

struct gateway_nodes;

/* How far the gateway is out of its clients' way. */
enum gateway_aside {
    GATEWAY_ASIDE_NOT,     /* they are told its addresses */
    GATEWAY_ASIDE_MEMBERS, /* they are told coordinators' own addresses, so that members leave */
    GATEWAY_ASIDE_ALL,     /* they are told all brokers' own addresses */
};

struct gateway_nodes *gateway_nodes_new(const struct gateway_config *config);
void gateway_nodes_destroy(struct gateway_nodes *nodes);

/* A broker of the target is at that address. Returns whether something has changed. */
bool gateway_nodes_note(struct gateway_nodes *nodes, int32_t id, const char *host, int port);
/* All brokers that the target names have been noted, as at regular times. One that has been missing
 * for several rounds gives its port away if there are too few. */
void gateway_nodes_end_round(struct gateway_nodes *nodes);
/* The broker's own address; *host is the caller's. False: the id isn't known. id -1: a bootstrap
 * server, another one with each call. */
bool gateway_nodes_broker(struct gateway_nodes *nodes, int32_t id, char **host, int *port);

/* Where clients of that listener reach the broker (coordinator: in its role as one): the gateway,
 * or after the last promotion the broker itself; *host is the caller's. False: there are more
 * brokers than ports, or it isn't known. */
bool gateway_nodes_advertised(struct gateway_nodes *nodes, size_t listener, int32_t id,
                              bool coordinator, char **host, int *port);
/* The broker behind a port of the listener (0 is its first), or behind a host name that a client
 * has asked for; -1: none. */
int32_t gateway_nodes_of_port(struct gateway_nodes *nodes, size_t listener, int index);
int32_t gateway_nodes_of_host(struct gateway_nodes *nodes, size_t listener, const char *host);

void gateway_nodes_step_aside(struct gateway_nodes *nodes, enum gateway_aside aside);

#endif
