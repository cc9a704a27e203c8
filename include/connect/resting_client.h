/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Kafka client that rests: it is made when it is needed, and ended when nobody has used it for a
 * while.
 *
 * Each client of librdkafka has threads that wake every second, and connections. A topic that is
 * written to once in hours needs neither in between.
 *
 * Any thread.
 */
#ifndef CONNECT_RESTING_CLIENT_H
#define CONNECT_RESTING_CLIENT_H

#include "connect/contract.h"
#include "connect/kafka.h"

KC_API_BEGIN

/* How long a client stays without use. */
#define KC_CLIENT_REST_MS 10000

struct kc_resting_client;

/* Takes conf, of which each client gets a copy. made is called with each new client before anybody
 * holds it; it may be NULL. No client is made yet. */
struct kc_resting_client *kc_resting_client_new(enum kc_client_role role, rd_kafka_conf_t *conf,
                                                void (*made)(rd_kafka_t *client));
/* Ends the client with whatever is in flight. Nobody holds it any more. NULL is fine. */
void kc_resting_client_destroy(struct kc_resting_client *resting);

/* The client, made if it rests. It stays until kc_resting_client_let_go(); several may hold it. */
struct kc_error *kc_resting_client_hold(struct kc_resting_client *resting,
                                        rd_kafka_t **client) KC_MUST_CHECK;
/* The same unless it rests: then NULL, and nothing to let go. Isn't a use: who only looks after the
 * client doesn't keep it from rest. */
rd_kafka_t *kc_resting_client_hold_awake(struct kc_resting_client *resting);
void kc_resting_client_let_go(struct kc_resting_client *resting);

/* Ends the client if nobody holds it, nothing is in flight, and it was last held for use at least
 * idle_ms ago. Call it from time to time. */
void kc_resting_client_rest(struct kc_resting_client *resting, int64_t idle_ms);

KC_API_END

#endif
