/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of Java's JKS key stores (sun.security.provider.JavaKeyStore), for ssl.keystore.location
 * and ssl.truststore.location. Pure functions, any thread; the input is untrusted.
 */
#ifndef WORKER_SECURITY_JKS_H
#define WORKER_SECURITY_JKS_H

#include "connect/mem.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* The contents of a store of any kind, as far as we use them. */
struct kc_keystore {
    EVP_PKEY *key;          /* the first private key; NULL: none */
    X509 *certificate;      /* its certificate */
    STACK_OF(X509) * chain; /* the key's other certificates, then the trusted ones; never NULL */
};

void kc_keystore_destroy(struct kc_keystore *store); /* empties */

bool kc_jks_is(const uint8_t *data, size_t len);

/* Reads data. store_password NULL: integrity isn't checked, as Java does for a trust store.
 * key_password NULL: the store's; only needed when there is a key and want_key. KC_ERR_CONFIG. */
struct kc_error *kc_jks_read(const uint8_t *data, size_t len, const char *store_password,
                             const char *key_password, bool want_key,
                             struct kc_keystore *store) KC_MUST_CHECK;

#endif
