/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of principals from the distinguished names of certificates, by Kafka's rules
 * (ssl.principal.mapping.rules, KIP-371). Constant after gateway_principals_new(); any thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_PRINCIPAL_PRIV_H
#define WORKER_GATEWAY_GATEWAY_PRINCIPAL_PRIV_H

#include "connect/map.h"

struct gateway_principals;

/* rules: "RULE:pattern/replacement/[LU]" and DEFAULT, with commas between; NULL or empty: DEFAULT.
 * KC_ERR_CONFIG says where it can't be read. */
struct kc_error *gateway_principals_new(const char *rules,
                                        struct gateway_principals **principals) KC_MUST_CHECK;
void gateway_principals_destroy(struct gateway_principals *principals); /* NULL is fine */

/* The name by the first rule that matches, the caller's. KC_ERR_UNAUTHORIZED: none does. */
struct kc_error *gateway_principals_name(const struct gateway_principals *principals,
                                         const char *distinguished, char **name) KC_MUST_CHECK;

#endif
