/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks certificates as jdk.certpath.disabledAlgorithms and jdk.tls.disabledAlgorithms of JDK 17
 * do: MD2, MD5, SHA1 jdkCA & usage TLSServer, RSA keySize < 1024, DSA keySize < 1024, EC keySize <
 * 224.
 */
#include "security/tls_strength.h"

#include "connect/log.h"
#include "connect/mem.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.common.security.ssl");

static const struct {
    int type;
    const char *name;
    int accepted; /* bits from which on Java accepts a key */
    int strong;   /* and from which on there is nothing to say */
} keys[] = {
    {EVP_PKEY_RSA, "RSA", 1024, 2048},
    {EVP_PKEY_RSA_PSS, "RSA", 1024, 2048},
    {EVP_PKEY_DSA, "DSA", 1024, 2048},
    {EVP_PKEY_EC, "EC", 224, 224},
};

/* Logged once per certificate. The memory is bounded, in case a broker makes new ones for ever. */
#define MOST_TOLD 1000

static bool first_time(const char *text)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct kc_strings told;
    pthread_mutex_lock(&lock);
    bool first = told.count < MOST_TOLD && !kc_strings_contain(&told, text);
    if (first)
        kc_strings_add(&told, text);
    pthread_mutex_unlock(&lock);
    return first;
}

/* Appends the key's weakness, if any; false if Java refuses the key. */
static bool judge_key(X509 *certificate, struct kc_str *weak)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    const int type = key ? EVP_PKEY_get_base_id(key) : 0;
    const int bits = key ? EVP_PKEY_get_bits(key) : 0;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        if (keys[i].type != type)
            continue;
        if (bits < keys[i].strong)
            kc_str_appendf(weak, "its %s key has %d bits", keys[i].name, bits);
        return bits >= keys[i].accepted;
    }
    return true;
}

/* The same of the signature. A self-signed certificate is trusted for itself, not for its
 * signature. */
static bool judge_signature(X509 *certificate, bool own_trust, struct kc_str *weak)
{
    int digest = NID_undef;
    if (X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0 ||
        !X509_get_signature_info(certificate, &digest, NULL, NULL, NULL))
        return true;
    const bool sha1 = digest == NID_sha1;
    if (!sha1 && digest != NID_md5 && digest != NID_md4 && digest != NID_md2)
        return true;
    kc_str_appendf(weak, "%sit is signed with %s", weak->len ? ", and " : "", OBJ_nid2sn(digest));
    return sha1 && own_trust;
}

struct kc_error *wire_tls_strength(X509 *certificate, bool own_trust)
{
    struct kc_str weak = {0};
    struct kc_error *err = NULL;
    char *name = X509_NAME_oneline(X509_get_subject_name(certificate), NULL, 0);
    const bool key = judge_key(certificate, &weak);
    const bool signature = judge_signature(certificate, own_trust, &weak);
    if (!key || !signature)
        err = kc_error_new(KC_ERR_CONFIG,
                           "the certificate %s is too weak: %s; as Java's clients we accept RSA "
                           "keys from 1024 bits on, and SHA-1 of the authorities in "
                           "ssl.truststore.location only",
                           name ? name : "?", weak.data);
    char *line = weak.len ? kc_asprintf("%s: %s", name ? name : "?", weak.data) : NULL;
    if (line && !err && first_time(line))
        kc_warn("The certificate %s. It is accepted as Java's clients accept it, but can be "
                "forged; replace it by one with SHA-256 and at least 2048 bits.",
                line);
    free(line);
    kc_str_destroy(&weak);
    OPENSSL_free(name);
    return err;
}
