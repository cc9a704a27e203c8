/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key and trust material from the ssl.* settings, in any store format: for wire's connections, for
 * librdkafka, for the REST server and its client. Pure except for reading files; any thread.
 */
#ifndef WORKER_SECURITY_TLS_STORE_H
#define WORKER_SECURITY_TLS_STORE_H

#include "connect/map.h"
#include "security/jks.h"

/* ssl.keystore.*: KC_ERR_CONFIG; *present false when none is set. */
struct kc_error *wire_tls_load_key(const struct kc_map *settings, struct kc_keystore *store,
                                   bool *present) KC_MUST_CHECK;
/* Whether a trust store is set in place of the system's. */
bool wire_tls_has_trust(const struct kc_map *settings);
/* ssl.truststore.*: certificates in store->chain. */
struct kc_error *wire_tls_load_trust(const struct kc_map *settings, struct kc_keystore *store,
                                     bool *present) KC_MUST_CHECK;

/* Append in PEM form. The key is written in clear: cleanse what holds it. */
void wire_tls_pem_key(const EVP_PKEY *key, struct kc_str *out);
void wire_tls_pem_certificate(const X509 *certificate, struct kc_str *out);
void wire_tls_pem_chain(const struct kc_keystore *store, struct kc_str *out);

/* The oldest OpenSSL error as text; empties the queue. Static or thread-local storage. */
const char *wire_tls_reason(void);

#endif
