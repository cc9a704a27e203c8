/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads key stores: PEM in files or in the settings themselves (KIP-651), PKCS#12, JKS. As in Java
 * a "JKS" file may well be PKCS#12 and the other way round: the first bytes decide. See
 * tls_store.h.
 */
#include "security/tls_store.h"

#include "base/file_read.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STORE_MAX (16 * 1024 * 1024)

const char *wire_tls_reason(void)
{
    static _Thread_local char text[256];
    unsigned long code = ERR_get_error();

    if (!code)
        return "no reason given";
    ERR_error_string_n(code, text, sizeof(text));
    ERR_clear_error();
    return text;
}

static struct kc_error *read_file(const char *path, struct kc_str *out)
{
    int code = kc_file_append(out, path, STORE_MAX);

    if (code == EFBIG)
        return kc_error_new(KC_ERR_CONFIG, "it is larger than a key store can be");
    return code ? kc_error_new(KC_ERR_CONFIG, "it can't be opened: %s", strerror(code)) : NULL;
}

/* ---- PEM ---- */

static int give_password(char *buffer, int size, int writing, void *arg)
{
    const char *password = arg;
    size_t len = password ? strlen(password) : 0;

    if (len > (size_t)size)
        return -1;
    memcpy(buffer, password ? password : "", len);
    return (int)len;
}

static struct kc_error *read_pem_certificates(const char *text, size_t len,
                                              struct kc_keystore *store, bool own)
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    int count = 0;
    X509 *certificate;

    while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        if (own && count == 0)
            store->certificate = certificate;
        else if (!sk_X509_push(store->chain, certificate))
            X509_free(certificate);
        count++;
    }
    ERR_clear_error();
    BIO_free(bio);
    return count ? NULL : kc_error_new(KC_ERR_CONFIG, "it holds no certificate in PEM form");
}

static struct kc_error *read_pem_key(const char *text, size_t len, const char *password,
                                     struct kc_keystore *store)
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);

    store->key = PEM_read_bio_PrivateKey(bio, NULL, give_password, (void *)password);
    BIO_free(bio);
    if (store->key)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "its private key can't be read (%s): PKCS#8 in PEM form is needed, and "
                        "ssl.key.password when it is encrypted",
                        wire_tls_reason());
}

/* ---- PKCS#12 ---- */

/* Stores made by Java 8 hide certificates with RC2, which OpenSSL 3 keeps in a provider of its own.
 * Loaded once, when the first such store turns up, and kept. */
static OSSL_PROVIDER *legacy;
static pthread_once_t legacy_once = PTHREAD_ONCE_INIT;

static void load_legacy(void)
{
    legacy = OSSL_PROVIDER_try_load(NULL, "legacy", 1);
}

static bool parse_pkcs12(PKCS12 *p12, const char *password, struct kc_keystore *store)
{
    STACK_OF(X509) *chain = NULL;
    bool parsed = PKCS12_parse(p12, password, &store->key, &store->certificate, &chain) == 1;

    if (!parsed && PKCS12_verify_mac(p12, password, -1) == 1) {
        pthread_once(&legacy_once, load_legacy);
        ERR_clear_error();
        parsed =
            legacy && PKCS12_parse(p12, password, &store->key, &store->certificate, &chain) == 1;
    }
    if (parsed && chain) {
        sk_X509_pop_free(store->chain, X509_free);
        store->chain = chain;
    }
    return parsed;
}

static struct kc_error *read_pkcs12(const uint8_t *data, size_t len, const char *password,
                                    struct kc_keystore *store)
{
    const unsigned char *at = data;
    PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)len);
    struct kc_error *err = NULL;

    if (!p12)
        return kc_error_new(KC_ERR_CONFIG, "it is neither a JKS nor a PKCS#12 key store");
    if (!parse_pkcs12(p12, password, store))
        err = kc_error_new(KC_ERR_CONFIG,
                           "keystore password was incorrect, or the file is damaged (%s)",
                           wire_tls_reason());
    PKCS12_free(p12);
    return err;
}

/* ---- Settings ---- */

static struct kc_error *read_store(const struct kc_map *settings, const char *kind, bool own,
                                   struct kc_keystore *store)
{
    char key[64];
    const char *type, *path, *password, *key_password = kc_map_get(settings, "ssl.key.password");
    struct kc_str data = {0};

    snprintf(key, sizeof(key), "ssl.%s.type", kind);
    type = kc_map_get_or(settings, key, "JKS");
    snprintf(key, sizeof(key), "ssl.%s.password", kind);
    password = kc_map_get(settings, key);
    snprintf(key, sizeof(key), "ssl.%s.location", kind);
    path = kc_map_get(settings, key);
    struct kc_error *err = read_file(path, &data);
    if (!err && strcasecmp(type, "PEM") == 0) {
        err = read_pem_certificates(data.data ? data.data : "", data.len, store, own);
        if (!err && own)
            err = read_pem_key(data.data, data.len, key_password, store);
    } else if (!err && kc_jks_is((uint8_t *)data.data, data.len)) {
        sk_X509_pop_free(store->chain, X509_free);
        err = kc_jks_read((uint8_t *)data.data, data.len, password, key_password, own, store);
    } else if (!err) {
        err = read_pkcs12((uint8_t *)data.data, data.len, password, store);
    }
    kc_str_destroy(&data);
    return err ? kc_error_prefix(err, "%s=%s", key, path) : NULL;
}

static struct kc_error *load_inline_key(const struct kc_map *settings, struct kc_keystore *store)
{
    const char *chain = kc_map_get(settings, "ssl.keystore.certificate.chain");
    const char *key = kc_map_get(settings, "ssl.keystore.key");

    if (!chain || !key)
        return kc_error_new(
            KC_ERR_CONFIG,
            "ssl.keystore.key and ssl.keystore.certificate.chain are needed together");
    struct kc_error *err = read_pem_certificates(chain, strlen(chain), store, true);
    if (err)
        return kc_error_prefix(err, "ssl.keystore.certificate.chain");
    err = read_pem_key(key, strlen(key), kc_map_get(settings, "ssl.key.password"), store);
    return err ? kc_error_prefix(err, "ssl.keystore.key") : NULL;
}

static bool is_set(const struct kc_map *settings, const char *key)
{
    const char *value = kc_map_get(settings, key);

    return value && *value;
}

static struct kc_error *finish(struct kc_error *err, struct kc_keystore *store)
{
    if (err)
        kc_keystore_destroy(store);
    return err;
}

struct kc_error *wire_tls_load_key(const struct kc_map *settings, struct kc_keystore *store,
                                   bool *present)
{
    struct kc_error *err = NULL;
    bool is_inline =
        is_set(settings, "ssl.keystore.key") || is_set(settings, "ssl.keystore.certificate.chain");

    *store = (struct kc_keystore){.chain = sk_X509_new_null()};
    *present = is_inline || is_set(settings, "ssl.keystore.location");
    if (is_inline)
        err = load_inline_key(settings, store);
    else if (*present)
        err = read_store(settings, "keystore", true, store);
    if (!err && *present && (!store->key || !store->certificate))
        err = kc_error_new(KC_ERR_CONFIG, "ssl.keystore.location holds no private key");
    return finish(err, store);
}

bool wire_tls_has_trust(const struct kc_map *settings)
{
    return is_set(settings, "ssl.truststore.certificates") ||
           is_set(settings, "ssl.truststore.location");
}

struct kc_error *wire_tls_load_trust(const struct kc_map *settings, struct kc_keystore *store,
                                     bool *present)
{
    const char *text = kc_map_get(settings, "ssl.truststore.certificates");
    bool is_inline = is_set(settings, "ssl.truststore.certificates");
    struct kc_error *err = NULL;

    *store = (struct kc_keystore){.chain = sk_X509_new_null()};
    *present = wire_tls_has_trust(settings);
    if (is_inline) {
        err = read_pem_certificates(text, strlen(text), store, false);
        err = err ? kc_error_prefix(err, "ssl.truststore.certificates") : NULL;
    } else if (*present) {
        err = read_store(settings, "truststore", false, store);
    }
    if (!err && *present && store->certificate && sk_X509_push(store->chain, store->certificate))
        store->certificate = NULL;
    return finish(err, store);
}

/* ---- Writing ---- */

static void take_bio(BIO *bio, struct kc_str *out)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);

    if (len > 0)
        kc_str_append_n(out, data, (size_t)len);
    BIO_free(bio);
}

void wire_tls_pem_key(const EVP_PKEY *key, struct kc_str *out)
{
    BIO *bio = BIO_new(BIO_s_secmem());

    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    take_bio(bio, out);
}

void wire_tls_pem_certificate(const X509 *certificate, struct kc_str *out)
{
    BIO *bio = BIO_new(BIO_s_mem());

    PEM_write_bio_X509(bio, certificate);
    take_bio(bio, out);
}

void wire_tls_pem_chain(const struct kc_keystore *store, struct kc_str *out)
{
    for (int i = 0; i < sk_X509_num(store->chain); i++)
        wire_tls_pem_certificate(sk_X509_value(store->chain, i), out);
}
