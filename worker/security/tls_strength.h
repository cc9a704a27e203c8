/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which certificates of brokers are strong enough: those that JDK 17 accepts by default.
 *
 * OpenSSL's level 2, Debian's default, refuses SHA-1 and RSA keys under 2048 bits. Private
 * authorities of old clusters have these, and Java accepts them. So clients are at level 0, and
 * this file checks each certificate. Any thread.
 */
#ifndef WORKER_SECURITY_TLS_STRENGTH_H
#define WORKER_SECURITY_TLS_STRENGTH_H

#include "connect/error.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* The security level, and its form at the end of a list of cipher suites. At security level 0
 * OpenSSL still refuses Diffie-Hellman below 1024 bits, as Java does. */
#define WIRE_TLS_LEVEL      0
#define WIRE_TLS_LEVEL_TEXT "@SECLEVEL=0"

/* NULL: the certificate is strong enough. KC_ERR_CONFIG names it and what is weak. A weak
 * certificate that Java accepts is logged, once each. own_trust: the authority is in a configured
 * trust store. For one in the system's store, SHA-1 isn't accepted. */
struct kc_error *wire_tls_strength(X509 *certificate, bool own_trust) KC_MUST_CHECK;

#endif
