/* SPDX-License-Identifier: Apache-2.0 */
/* Key and trust material from the ssl.* settings, whatever it is kept in. Used by tls_context.c. */
#ifndef WORKER_WIRE_TLS_STORE_PRIV_H
#define WORKER_WIRE_TLS_STORE_PRIV_H

#include "connect/map.h"
#include "wire/jks.h"

/* ssl.keystore.*: KC_ERR_CONFIG; *present false when none is set. */
struct kc_error *wire_tls_load_key(const struct kc_map *settings, struct kc_keystore *store,
                                   bool *present) KC_MUST_CHECK;
/* ssl.truststore.*: certificates in store->chain. */
struct kc_error *wire_tls_load_trust(const struct kc_map *settings, struct kc_keystore *store,
                                     bool *present) KC_MUST_CHECK;
/* The oldest OpenSSL error as text, and the queue emptied. Static or thread-local storage. */
const char *wire_tls_reason(void);

#endif
