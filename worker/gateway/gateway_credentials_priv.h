/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map of credentials: with which SASL credentials the gateway logs in to the target for a
 * client that has shown a certificate. The gateway has checked the certificate, and the target
 * checks the credentials, so a client has the rights of those, and no others.
 *
 *     gateway.credentials.map=alice, billing
 *     gateway.credentials.alice.principal=CN=alice,O=Example      (default: the name itself)
 *     gateway.credentials.alice.sasl.mechanism=SCRAM-SHA-512
 *     gateway.credentials.alice.sasl.jaas.config=... password="${file:/etc/isthmus/secrets:alice}";
 *
 * Constant after gateway_credentials_new(); any thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_CREDENTIALS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_CREDENTIALS_PRIV_H

#include "connect/map.h"

struct gateway_credentials;

/* Reads the map of a listener out of the gateway's file, which has its variables replaced. The
 * listener's own keys (gateway.listener.name.<name in lower case>.credentials.map, ...) go before
 * those of the file; own_only: those of the file don't count. *credentials is NULL when there is no
 * map. KC_ERR_CONFIG names the key, never a secret. */
struct kc_error *gateway_credentials_new(const struct kc_map *settings, const char *listener,
                                         bool own_only,
                                         struct gateway_credentials **credentials) KC_MUST_CHECK;
void gateway_credentials_destroy(struct gateway_credentials *credentials); /* NULL is fine */

size_t gateway_credentials_count(const struct gateway_credentials *credentials);

/* Who a client is that has shown a certificate with that distinguished name (NULL: it has shown
 * none), and how to log in for it: client settings for wire_sasl_new(), borrowed. *principal is the
 * caller's, and set as far as it is known. KC_ERR_UNAUTHORIZED: it may not in. */
struct kc_error *gateway_credentials_find(const struct gateway_credentials *credentials,
                                          const char *distinguished, char **principal,
                                          const struct kc_map **login) KC_MUST_CHECK;

#endif
