/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which certificates of brokers are strong enough: what JDK 17 accepts by default.
 *
 * OpenSSL's level 2, Debian's default, refuses SHA-1 and RSA keys under 2048 bits, which private
 * authorities of old clusters have and Java connects to. Clients are at level 0 therefore, and this
 * is asked about each certificate. Any thread.
 */
#ifndef WORKER_SECURITY_TLS_STRENGTH_H
#define WORKER_SECURITY_TLS_STRENGTH_H

#include "connect/error.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* The level to set, and its end of a list of cipher suites. At level 0 OpenSSL still refuses
 * Diffie-Hellman under 1024 bits, as Java does. */
#define WIRE_TLS_LEVEL      0
#define WIRE_TLS_LEVEL_TEXT "@SECLEVEL=0"

/* NULL when the certificate is strong enough; KC_ERR_CONFIG names it and what is weak. What Java
 * accepts though it is weak is logged, once for each certificate. own_trust: the authority stands
 * in a trust store of ours, and isn't one of the system's, of which SHA-1 isn't accepted. */
struct kc_error *wire_tls_strength(X509 *certificate, bool own_trust) KC_MUST_CHECK;

#endif
