/* SPDX-License-Identifier: Apache-2.0 */
/* The ssl.* settings of a client applied to OpenSSL's context. Any thread. */
#ifndef WORKER_SECURITY_TLS_CONFIG_H
#define WORKER_SECURITY_TLS_CONFIG_H

#include "connect/map.h"

#include <openssl/ssl.h>

/* ssl.enabled.protocols, ssl.cipher.suites, key store and trust store (the system's when none is
 * set). KC_ERR_CONFIG names the setting. */
struct kc_error *wire_tls_configure(SSL_CTX *ctx, const struct kc_map *settings) KC_MUST_CHECK;

#endif
