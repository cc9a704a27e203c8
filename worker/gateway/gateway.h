/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway: a Kafka-protocol proxy in front of the target cluster, which routes writes to topics
 * that are still linked back to their source. As a role of its own, or inside a worker.
 */
#ifndef WORKER_GATEWAY_GATEWAY_H
#define WORKER_GATEWAY_GATEWAY_H

#include "gateway/gateway_config.h"

#include <jansson.h>

struct gateway;

/* Binds the listeners, reads the target's metadata and the links' states, takes its lease, and
 * serves from then on. Blocks until it does. Takes config, also after an error. KC_ERR_WAKEUP when
 * stop is set. */
struct kc_stop;
struct kc_error *gateway_start(struct gateway_config *config, const struct kc_stop *stop,
                               struct gateway **gateway) KC_MUST_CHECK;
/* Drains: no new connections and no new requests are taken, what is under way is answered, up to
 * drain_ms. Then everything ends; its record in the state topic says so. */
void gateway_stop(struct gateway *gateway);

/* What runs: its state (SERVING; ASIDE: clients are told the brokers' own addresses; LEFT: the last
 * of them has left), listeners with their ports, leases, holds, clients (id, principal, software
 * and version, what they write and where it goes). A new reference. Any thread. */
json_t *gateway_describe(struct gateway *gateway);

#endif
