/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java's ssl.* settings for librdkafka.
 *
 * Stores of any kind (PEM files and texts, PKCS#12, JKS) are read by wire's reader and go to
 * librdkafka as PEM texts: private key, own certificate, trusted certificates. Intermediate
 * certificates of the own chain go among the trusted ones, where OpenSSL finds them to complete the
 * chain. They aren't self-signed, so they grant no trust.
 */
#include "connect/log.h"
#include "kafka/client_priv.h"
#include "security/tls_store.h"
#include "security/tls_strength.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.common.security.ssl");

/* ---- stores ---- */

static struct kc_error *set_identity(rd_kafka_conf_t *conf, const struct kc_keystore *store)
{
    struct kc_str key = {0};
    struct kc_str certificate = {0};
    wire_tls_pem_key(store->key, &key);
    wire_tls_pem_certificate(store->certificate, &certificate);
    struct kc_error *err = kc_conf_set(conf, "ssl.key.pem", key.data, "ssl.keystore.location");
    if (!err)
        err = kc_conf_set(conf, "ssl.certificate.pem", certificate.data, "ssl.keystore.location");
    OPENSSL_cleanse(key.data, key.len);
    kc_str_destroy(&key);
    kc_str_destroy(&certificate);
    return err;
}

static struct kc_error *set_stores(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    struct kc_keystore identity = {0};
    struct kc_keystore trust = {0};
    struct kc_str trusted = {0};
    bool has_identity = false;
    bool has_trust = false;
    struct kc_error *err = wire_tls_load_trust(properties, &trust, &has_trust);
    if (!err)
        err = wire_tls_load_key(properties, &identity, &has_identity);
    if (!err && has_identity)
        err = set_identity(conf, &identity);
    if (!err && has_trust) {
        wire_tls_pem_chain(&trust, &trusted);
        if (has_identity)
            wire_tls_pem_chain(&identity, &trusted);
        err = kc_conf_set(conf, "ssl.ca.pem", trusted.data, "ssl.truststore.location");
    }
    kc_str_destroy(&trusted);
    kc_keystore_destroy(&identity);
    kc_keystore_destroy(&trust);
    return err;
}

/* ---- the rest ---- */

/* Java names suites as the RFCs do; OpenSSL has names of its own, and no list for TLS 1.3's. */
static const char *suite_native(const char *name)
{
    const char *native = OPENSSL_cipher_name(name);
    if (!native || strcmp(native, "(NONE)") == 0 || strncmp(native, "TLS_", 4) == 0)
        return NULL;
    return native;
}

static struct kc_error *set_suites(rd_kafka_conf_t *conf, const char *list)
{
    struct kc_strings names = {0};
    struct kc_strings natives = {0};
    kc_strings_split(&names, list);
    for (size_t i = 0; i < names.count; i++) {
        const char *native = suite_native(names.items[i]);
        if (native)
            kc_strings_add(&natives, native);
        else
            kc_debug("ssl.cipher.suites: %s isn't set here", names.items[i]);
    }
    char *joined = kc_strings_join(&natives, ":");
    char *levelled = kc_asprintf("%s:" WIRE_TLS_LEVEL_TEXT, *joined ? joined : "DEFAULT");
    struct kc_error *err = kc_conf_set(conf, "ssl.cipher.suites", levelled, "ssl.cipher.suites");
    free(levelled);
    free(joined);
    kc_strings_destroy(&names);
    kc_strings_destroy(&natives);
    return err;
}

static struct kc_error *set_verification(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    static const char key[] = "ssl.endpoint.identification.algorithm";
    const char *algorithm = kc_map_get_or(properties, key, "https");
    algorithm += strspn(algorithm, " \t");
    if (*algorithm && strcasecmp(algorithm, "https") != 0)
        return kc_error_new(
            KC_ERR_CONFIG,
            "Invalid value %s for configuration %s: use https, or leave it empty to "
            "switch host name checks off",
            algorithm, key);
    return kc_conf_set(conf, key, *algorithm ? "https" : "none", key);
}

/* One certificate of a broker's chain; *error is what OpenSSL has found already. */
static int verify(const char *der, size_t size, bool own_trust, int *error, char *reason,
                  size_t reason_size)
{
    const unsigned char *at = (const unsigned char *)der;
    if (*error)
        return 0;
    X509 *certificate = d2i_X509(NULL, &at, (long)size);
    if (!certificate)
        return 0;
    struct kc_error *err = wire_tls_strength(certificate, own_trust);
    X509_free(certificate);
    if (!err)
        return 1;
    snprintf(reason, reason_size, "%s", kc_error_text(err));
    kc_error_destroy(err);
    *error = X509_V_ERR_EE_KEY_TOO_SMALL;
    return 0;
}

/* NOLINTBEGIN(readability-function-size): librdkafka's callback has ten parameters. */
static int verify_by_own_trust(rd_kafka_t *client, const char *broker, int32_t broker_id,
                               int *error, int depth, const char *der, size_t size, char *reason,
                               size_t reason_size, void *opaque)
{
    return verify(der, size, true, error, reason, reason_size);
}

static int verify_by_system_trust(rd_kafka_t *client, const char *broker, int32_t broker_id,
                                  int *error, int depth, const char *der, size_t size, char *reason,
                                  size_t reason_size, void *opaque)
{
    return verify(der, size, false, error, reason, reason_size);
}
/* NOLINTEND(readability-function-size) */

struct kc_error *kc_conf_ssl(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    const char *protocol = kc_map_get_or(properties, "security.protocol", "PLAINTEXT");
    size_t len = strlen(protocol);
    if (len < 3 || strcasecmp(protocol + len - 3, "SSL") != 0)
        return NULL;
    rd_kafka_conf_set_ssl_cert_verify_cb(
        conf, wire_tls_has_trust(properties) ? verify_by_own_trust : verify_by_system_trust);
    struct kc_error *err = set_stores(conf, properties);
    if (!err)
        err = set_verification(conf, properties);
    if (!err)
        err = set_suites(conf, kc_map_get_or(properties, "ssl.cipher.suites", ""));
    return err;
}
