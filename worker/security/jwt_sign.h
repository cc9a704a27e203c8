/* SPDX-License-Identifier: Apache-2.0 */
/* Signing JSON Web Tokens by OpenSSL, RS256 and ES256 (RFC 7518). Pure functions. */
#ifndef WORKER_SECURITY_JWT_SIGN_H
#define WORKER_SECURITY_JWT_SIGN_H

#include "connect/error.h"
#include "connect/mem.h"

#include <openssl/evp.h>

/* The private key in text: PEM, or what Java reads, the base64 of PKCS#8 without a frame.
 * passphrase: NULL for a key in clear. KC_ERR_CONFIG shows nothing of the text. */
struct kc_error *wire_jwt_key(const struct kc_str *text, const char *passphrase,
                              EVP_PKEY **key) KC_MUST_CHECK;

/* Whether the algorithm, RS256 or ES256, can sign by the key: KC_ERR_CONFIG when not. */
struct kc_error *wire_jwt_key_check(const EVP_PKEY *key, const char *algorithm) KC_MUST_CHECK;

/* Appends ".signature" to jwt, which is "header.claims". */
struct kc_error *wire_jwt_sign(EVP_PKEY *key, const char *algorithm,
                               struct kc_str *jwt) KC_MUST_CHECK;

#endif
