/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of a SASL exchange, as wire's connections and librdkafka's OAuth callback use
 * it.
 *
 * A session is used by one thread at a time and may block: a mechanism may ask a token endpoint or
 * a KDC.
 */
#ifndef WORKER_WIRE_SASL_H
#define WORKER_WIRE_SASL_H

#include "connect/map.h"

struct wire_sasl;

/* Checks sasl.mechanism and what it needs: KC_ERR_CONFIG. */
struct kc_error *wire_sasl_check(const struct kc_map *settings) KC_MUST_CHECK;
/* A session with the broker at host. */
struct kc_error *wire_sasl_new(const struct kc_map *settings, const char *host,
                               struct wire_sasl **sasl) KC_MUST_CHECK;
/* Answers the server's token (empty at the start) into answer; *done: we need nothing more. */
struct kc_error *wire_sasl_step(struct wire_sasl *sasl, const uint8_t *token, size_t len,
                                struct kc_str *answer, bool *done) KC_MUST_CHECK;
/* Ends a step that runs on another thread, as soon as possible. Any thread. */
void wire_sasl_cancel(struct wire_sasl *sasl);
void wire_sasl_destroy(struct wire_sasl *sasl); /* NULL is fine */

#endif
