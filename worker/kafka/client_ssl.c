/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java's ssl.* settings for librdkafka: PEM as files or text, PKCS#12 through OpenSSL.
 *
 * Whatever the store's type, librdkafka gets PEM texts: private key, own certificate, trusted
 * certificates. Intermediate certificates of the own chain go among the trusted ones, where OpenSSL
 * finds them when it completes the chain; not being self-signed, they grant no trust.
 */
#include "connect/log.h"
#include "kafka/client_priv.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.common.security.ssl");

#define MAX_STORE (4 << 20)

/* What a client needs of its stores, as PEM texts. */
struct material {
    struct kc_str key;
    struct kc_str certificate;
    struct kc_str trusted;
};

static struct kc_error *openssl_error(const char *what, const char *path, const char *remedy)
{
    char reason[256] = "unknown format";
    unsigned long code = ERR_peek_last_error();
    if (code)
        ERR_error_string_n(code, reason, sizeof(reason));
    ERR_clear_error();
    return kc_error_new(KC_ERR_CONFIG, "%s %s can't be used: %s; %s", what, path, reason, remedy);
}

static struct kc_error *read_file(const char *key, const char *path, struct kc_str *out)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return kc_error_new(KC_ERR_CONFIG, "Invalid value %s for configuration %s: %m", path, key);
    char chunk[8192];
    size_t n = 0;
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0 && out->len <= MAX_STORE)
        kc_str_append_n(out, chunk, n);
    bool bad = ferror(file) || out->len > MAX_STORE;
    fclose(file);
    if (bad)
        return kc_error_new(
            KC_ERR_CONFIG,
            "Invalid value %s for configuration %s: the file can't be read or is larger "
            "than 4 MiB",
            path, key);
    return NULL;
}

static void take_bio(BIO *bio, struct kc_str *out)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    if (len > 0)
        kc_str_append_n(out, data, (size_t)len);
    BIO_free(bio);
}

static void append_certificate(X509 *certificate, struct kc_str *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    take_bio(bio, out);
}

static void append_key(EVP_PKEY *key, struct kc_str *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    take_bio(bio, out);
}

/* Without a password, no terminal is asked for one. */
static int on_password(char *buffer, int size, int writing, void *opaque)
{
    const char *password = opaque;
    int len = password ? (int)strlen(password) : 0;
    if (len > size)
        return -1;
    memcpy(buffer, password ? password : "", (size_t)len);
    return len;
}

static struct kc_error *pem_key(const char *source, const struct kc_str *text, const char *password,
                                struct material *material)
{
    BIO *bio = BIO_new_mem_buf(text->data ? text->data : "", (int)text->len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, on_password, (void *)(uintptr_t)password);
    BIO_free(bio);
    if (!key)
        return openssl_error("The private key in", source,
                             "it must be PEM (PKCS#8), and ssl.key.password its password");
    append_key(key, &material->key);
    EVP_PKEY_free(key);
    return NULL;
}

/* The first certificate goes to first (when not NULL), the others to rest. */
static struct kc_error *pem_certificates(const char *source, const struct kc_str *text,
                                         struct kc_str *first, struct kc_str *rest)
{
    BIO *bio = BIO_new_mem_buf(text->data ? text->data : "", (int)text->len);
    X509 *certificate = NULL;
    size_t count = 0;
    while ((certificate = PEM_read_bio_X509(bio, NULL, on_password, NULL))) {
        append_certificate(certificate, count++ == 0 && first ? first : rest);
        X509_free(certificate);
    }
    BIO_free(bio);
    if (!count)
        return openssl_error("The certificate in", source, "it must hold PEM certificates");
    ERR_clear_error();
    return NULL;
}

static void append_others(STACK_OF(X509) * others, struct kc_str *out)
{
    for (int i = 0; i < sk_X509_num(others); i++)
        append_certificate(sk_X509_value(others, i), out);
}

static struct kc_error *pkcs12(const char *key, const char *path, const char *password, bool trust,
                               struct material *material)
{
    struct kc_str data = {0};
    struct kc_error *err = read_file(key, path, &data);
    EVP_PKEY *private_key = NULL;
    X509 *own = NULL;
    STACK_OF(X509) *others = NULL;
    const unsigned char *at = (const unsigned char *)data.data;
    PKCS12 *store = err ? NULL : d2i_PKCS12(NULL, &at, (long)data.len);
    if (!err && (!store || !PKCS12_parse(store, password, &private_key, &own, &others)))
        err = openssl_error("The PKCS12 store", path, "check its type and password");
    if (!err && !trust && (!private_key || !own))
        err = kc_error_new(KC_ERR_CONFIG,
                           "Invalid value %s for configuration %s: the store has no "
                           "private key with a certificate",
                           path, key);
    if (!err && !trust) {
        append_key(private_key, &material->key);
        append_certificate(own, &material->certificate);
    }
    if (!err && trust && own)
        append_certificate(own, &material->trusted);
    if (!err && others)
        append_others(others, &material->trusted);
    PKCS12_free(store);
    EVP_PKEY_free(private_key);
    X509_free(own);
    sk_X509_pop_free(others, X509_free);
    kc_str_destroy(&data);
    return err;
}

static struct kc_error *wrong_type(const char *key, const char *type)
{
    if (strcasecmp(type, "JKS") == 0)
        return kc_error_new(KC_ERR_CONFIG,
                            "%s is JKS, which can't be read here: convert the store with keytool "
                            "-importkeystore -deststoretype PKCS12 and set %s=PKCS12",
                            key, key);
    return kc_error_new(KC_ERR_CONFIG, "Invalid value %s for configuration %s: use PEM or PKCS12",
                        type, key);
}

/* What the file itself says: every store that isn't PEM or a DER sequence is taken at its setting.
 */
static bool is_jks(const struct kc_str *data)
{
    return data->len > 4 && memcmp(data->data, "\xfe\xed\xfe\xed", 4) == 0;
}

static struct kc_error *truststore_file(const char *path, const char *type, const char *password,
                                        struct material *material)
{
    static const char key[] = "ssl.truststore.location";
    struct kc_str data = {0};
    struct kc_error *err = read_file(key, path, &data);
    if (!err && (is_jks(&data) || strcasecmp(type, "PEM") != 0)) {
        /* Java's JKS reader takes PKCS12 files, too. */
        if (is_jks(&data))
            err = wrong_type("ssl.truststore.type", "JKS");
        else
            err = pkcs12(key, path, password, true, material);
    } else if (!err) {
        err = pem_certificates(path, &data, NULL, &material->trusted);
    }
    kc_str_destroy(&data);
    return err;
}

static struct kc_error *load_truststore(const struct kc_map *properties, struct material *material)
{
    const char *text = kc_map_get(properties, "ssl.truststore.certificates");
    const char *path = kc_map_get(properties, "ssl.truststore.location");
    const char *type = kc_map_get_or(properties, "ssl.truststore.type", "JKS");
    if (text) {
        struct kc_str view = {(char *)(uintptr_t)text, strlen(text), 0};
        return pem_certificates("ssl.truststore.certificates", &view, NULL, &material->trusted);
    }
    if (!path || !*path)
        return NULL;
    if (strcasecmp(type, "PEM") != 0 && strcasecmp(type, "PKCS12") != 0 &&
        strcasecmp(type, "JKS") != 0)
        return wrong_type("ssl.truststore.type", type);
    return truststore_file(path, type, kc_map_get(properties, "ssl.truststore.password"), material);
}

static struct kc_error *keystore_file(const struct kc_map *properties, const char *path,
                                      struct material *material)
{
    static const char location[] = "ssl.keystore.location";
    const char *type = kc_map_get_or(properties, "ssl.keystore.type", "JKS");
    struct kc_str data = {0};
    struct kc_error *err = read_file(location, path, &data);
    if (!err && strcasecmp(type, "PEM") == 0) {
        err = pem_key(path, &data, kc_map_get(properties, "ssl.key.password"), material);
        if (!err)
            err = pem_certificates(path, &data, &material->certificate, &material->trusted);
    } else if (!err && is_jks(&data)) {
        err = wrong_type("ssl.keystore.type", "JKS");
    } else if (!err && (strcasecmp(type, "PKCS12") == 0 || strcasecmp(type, "JKS") == 0)) {
        err = pkcs12(location, path, kc_map_get(properties, "ssl.keystore.password"), false,
                     material);
    } else if (!err) {
        err = wrong_type("ssl.keystore.type", type);
    }
    kc_str_destroy(&data);
    return err;
}

static struct kc_error *load_keystore(const struct kc_map *properties, struct material *material)
{
    const char *key = kc_map_get(properties, "ssl.keystore.key");
    const char *chain = kc_map_get(properties, "ssl.keystore.certificate.chain");
    const char *path = kc_map_get(properties, "ssl.keystore.location");
    if (key && chain) {
        struct kc_str key_view = {(char *)(uintptr_t)key, strlen(key), 0};
        struct kc_str chain_view = {(char *)(uintptr_t)chain, strlen(chain), 0};
        struct kc_error *err = pem_key("ssl.keystore.key", &key_view,
                                       kc_map_get(properties, "ssl.key.password"), material);
        if (!err)
            err = pem_certificates("ssl.keystore.certificate.chain", &chain_view,
                                   &material->certificate, &material->trusted);
        return err;
    }
    if (key || chain)
        return kc_error_new(KC_ERR_CONFIG,
                            "ssl.keystore.key and ssl.keystore.certificate.chain must be "
                            "given together");
    return path && *path ? keystore_file(properties, path, material) : NULL;
}

/* Java names suites as the RFCs do; OpenSSL has names of its own, and no list for TLS 1.3's. */
static struct kc_error *set_suites(rd_kafka_conf_t *conf, const char *list)
{
    struct kc_strings names = {0};
    struct kc_strings natives = {0};
    kc_strings_split(&names, list);
    for (size_t i = 0; i < names.count; i++) {
        const char *native = OPENSSL_cipher_name(names.items[i]);
        if (native && strncmp(names.items[i], "TLS_AES_", 8) != 0 &&
            strncmp(names.items[i], "TLS_CHACHA20_", 13) != 0 && strcmp(native, "(NONE)") != 0)
            kc_strings_add(&natives, native);
        else
            kc_debug("ssl.cipher.suites: %s isn't set here", names.items[i]);
    }
    char *joined = kc_strings_join(&natives, ":");
    struct kc_error *err =
        *joined ? kc_conf_set(conf, "ssl.cipher.suites", joined, "ssl.cipher.suites") : NULL;
    free(joined);
    kc_strings_destroy(&names);
    kc_strings_destroy(&natives);
    return err;
}

static struct kc_error *set_material(rd_kafka_conf_t *conf, const struct material *material,
                                     bool own_trust)
{
    struct kc_error *err = NULL;
    if (material->key.len)
        err = kc_conf_set(conf, "ssl.key.pem", material->key.data, "ssl.keystore.location");
    if (!err && material->certificate.len)
        err = kc_conf_set(conf, "ssl.certificate.pem", material->certificate.data,
                          "ssl.keystore.location");
    if (!err && own_trust && material->trusted.len)
        err = kc_conf_set(conf, "ssl.ca.pem", material->trusted.data, "ssl.truststore.location");
    return err;
}

static struct kc_error *set_verification(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    const char *algorithm =
        kc_map_get_or(properties, "ssl.endpoint.identification.algorithm", "https");
    while (*algorithm == ' ')
        algorithm++;
    if (*algorithm && strcasecmp(algorithm, "https") != 0)
        return kc_error_new(
            KC_ERR_CONFIG,
            "Invalid value %s for configuration ssl.endpoint.identification.algorithm: "
            "use https, or leave it empty to switch host name checks off",
            algorithm);
    return kc_conf_set(conf, "ssl.endpoint.identification.algorithm", *algorithm ? "https" : "none",
                       "ssl.endpoint.identification.algorithm");
}

struct kc_error *kc_conf_ssl(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    const char *protocol = kc_map_get_or(properties, "security.protocol", "PLAINTEXT");
    size_t len = strlen(protocol);
    if (len < 3 || strcasecmp(protocol + len - 3, "SSL") != 0)
        return NULL;
    const char *suites = kc_map_get(properties, "ssl.cipher.suites");
    struct material material = {0};
    struct kc_error *err = load_truststore(properties, &material);
    bool own_trust = material.trusted.len > 0;
    if (!err)
        err = load_keystore(properties, &material);
    if (!err)
        err = set_material(conf, &material, own_trust);
    if (!err)
        err = set_verification(conf, properties);
    if (!err && suites)
        err = set_suites(conf, suites);
    if (material.key.len)
        OPENSSL_cleanse(material.key.data, material.key.len);
    kc_str_destroy(&material.key);
    kc_str_destroy(&material.certificate);
    kc_str_destroy(&material.trusted);
    return err;
}
