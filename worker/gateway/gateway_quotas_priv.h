/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target's produce quotas, kept for writes that it doesn't see: those that are routed to a
 * source. The gateway asks for the quotas by itself, and measures each client as a broker of the
 * target would (ClientQuotaManager): bytes by user and client id, over ten seconds.
 *
 * Several gateways measure each for itself. Any thread, but new and destroy.
 */
#ifndef WORKER_GATEWAY_GATEWAY_QUOTAS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_QUOTAS_PRIV_H

#include "connect/rights.h"
#include "gateway/gateway_config.h"

struct gateway_quotas;

/* Starts the thread that reads the quotas now and every half minute. */
struct kc_error *gateway_quotas_new(const struct gateway_config *config,
                                    struct gateway_quotas **quotas) KC_MUST_CHECK;
void gateway_quotas_destroy(struct gateway_quotas *quotas); /* NULL is fine */

/* A client has written so many bytes that are routed. How many ms it is over its quota: the answer
 * says so (throttle_time_ms), and nothing more is read of the connection meanwhile. user: NULL:
 * ANONYMOUS. broker: of the target, on whose connection it came, because quotas are by broker. */
int32_t gateway_quotas_charge(struct gateway_quotas *quotas, const char *user,
                              const char *client_id, int32_t broker, size_t bytes);

/* ---- the same with known quotas and a time, for tests ---- */

struct gateway_quotas *gateway_quotas_of(void);
/* From now on these count; takes them. */
void gateway_quotas_set(struct gateway_quotas *quotas, struct kc_quotas *limits);
int32_t gateway_quotas_charge_at(struct gateway_quotas *quotas, const char *user,
                                 const char *client_id, int32_t broker, size_t bytes,
                                 int64_t now_ms);

#endif
