/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates made here, as the settings that name them: for tests of TLS. */
#ifndef TESTS_UNIT_SECURITY_MADE_CERTIFICATE_H
#define TESTS_UNIT_SECURITY_MADE_CERTIFICATE_H

#include "security/tls_store.h"

#include <check.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>

/* A certificate that is its own authority, for "localhost" and 127.0.0.1, and its key. */
struct made_certificate {
    struct kc_str certificate; /* PEM */
    struct kc_str key;
};

static void made_certificate_new(const char *name, struct made_certificate *out)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *made = X509_new();
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, (char *)"DNS:localhost,IP:127.0.0.1");
    X509_NAME *subject = X509_get_subject_name(made);

    ck_assert(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name,
                                         -1, -1, 0));
    X509_set_issuer_name(made, subject);
    X509_set_version(made, 2);
    X509_gmtime_adj(X509_getm_notBefore(made), -60);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_set_pubkey(made, key);
    ck_assert(X509_add_ext(made, names, -1));
    ck_assert(X509_sign(made, key, EVP_sha256()));
    *out = (struct made_certificate){{0}, {0}};
    wire_tls_pem_certificate(made, &out->certificate);
    wire_tls_pem_key(key, &out->key);
    X509_EXTENSION_free(names);
    X509_free(made);
    EVP_PKEY_free(key);
}

static void made_certificate_destroy(struct made_certificate *made)
{
    kc_str_destroy(&made->certificate);
    kc_str_destroy(&made->key);
}

/* Who shows `own` (NULL: nothing) and trusts `trusted` (NULL: the system's). */
static struct kc_map *made_certificate_settings(const struct made_certificate *own,
                                                const struct made_certificate *trusted)
{
    struct kc_map *settings = kc_map_new();

    if (own) {
        kc_map_set(settings, "ssl.keystore.certificate.chain", own->certificate.data);
        kc_map_set(settings, "ssl.keystore.key", own->key.data);
    }
    if (trusted)
        kc_map_set(settings, "ssl.truststore.certificates", trusted->certificate.data);
    return settings;
}

#endif
