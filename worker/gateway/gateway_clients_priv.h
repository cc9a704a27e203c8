/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who uses a gateway, for people: the record that each gateway writes beside its lease
 * (KC_LINK_CLIENTS), so that GET /links/{link} shows the clients of all gateways. It is bounded: a
 * client with many connections is one entry, and those that write most stand first. Pure.
 */
#ifndef WORKER_GATEWAY_GATEWAY_CLIENTS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_CLIENTS_PRIV_H

#include "gateway/gateway_session_priv.h"

#include <jansson.h>

/* How often a gateway writes the record, if it has changed. */
#define GATEWAY_CLIENTS_MS 10000

/* Clients as they are gathered: connections with the same id, principal and software are one. */
struct gateway_clients;
struct gateway_clients *gateway_clients_new(void);
void gateway_clients_destroy(struct gateway_clients *clients); /* NULL is fine */
void gateway_clients_add(struct gateway_clients *clients, const struct gateway_client *client);

/* The same of a client as gateway_describe() shows it. */
void gateway_clients_add_json(struct gateway_clients *clients, const json_t *client);

/* What the gateway does, as gateway_describe() shows it; static storage, or outlives clients. */
void gateway_clients_set_state(struct gateway_clients *clients, const char *state);

/* {"epoch":, "since_ms":, "gateway_state":, "connections":, "clients":[{client_id, principal,
 * software, addresses, connections, records_routed, writes}], "omitted":}. epoch: the gateway's;
 * now_ms since the epoch. A new reference. */
json_t *gateway_clients_json(struct gateway_clients *clients, int64_t epoch, int64_t now_ms);

#endif
