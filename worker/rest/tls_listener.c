/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS listeners: see tls_listener_priv.h.
 *
 * Credentials are set per connection, so changed stores take effect without a new socket. If a
 * changed store can't be read, the former one stays in use.
 */
#include "rest/tls_listener_priv.h"

#include "connect/log.h"
#include "rest/tls_suites_priv.h"
#include "security/tls_store.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.rest.RestServer");

static const char *const files[] = {"ssl.keystore.location", "ssl.truststore.location"};
#define FILES (sizeof(files) / sizeof(files[0]))

struct listener_stamp {
    struct timespec changed;
    off_t size;
};

struct kc_tls_material {
    int refs; /* the listener's and one per connection: event thread */
    gnutls_certificate_credentials_t credentials;
    X509_STORE *trust; /* NULL: clients aren't asked for a certificate */
    gnutls_certificate_request_t ask;
};

struct kc_tls_listener {
    struct kc_map *settings;
    gnutls_certificate_request_t ask;
    struct kc_str key;
    struct kc_str certificate;
    char *priorities;
    struct kc_tls_material *material;
    struct listener_stamp stamps[FILES];
};

/* ---- stores ---- */

static void stamp_files(const struct kc_map *settings, struct listener_stamp stamps[FILES])
{
    struct stat info;
    memset(stamps, 0, sizeof(*stamps) * FILES);
    for (size_t i = 0; i < FILES; i++) {
        const char *path = kc_map_get(settings, files[i]);
        if (path && stat(path, &info) == 0)
            stamps[i] = (struct listener_stamp){info.st_mtim, info.st_size};
    }
}

/* The key and its chain as PEM texts. */
static struct kc_error *read_key(const struct kc_map *settings, struct kc_str *key,
                                 struct kc_str *certificate)
{
    struct kc_keystore store;
    bool present;
    struct kc_error *err = wire_tls_load_key(settings, &store, &present);
    if (err)
        return err;
    if (!present)
        err = kc_error_new(KC_ERR_CONFIG, "ssl.keystore.location is needed: an https listener "
                                          "can't do without a key and a certificate");
    else if (X509_check_private_key(store.certificate, store.key) != 1)
        err = kc_error_new(KC_ERR_CONFIG,
                           "the private key and the certificate of ssl.keystore.location=%s don't "
                           "belong together",
                           kc_map_get_or(settings, "ssl.keystore.location", "(inline)"));
    if (!err) {
        wire_tls_pem_key(store.key, key);
        wire_tls_pem_certificate(store.certificate, certificate);
        wire_tls_pem_chain(&store, certificate);
    }
    ERR_clear_error();
    kc_keystore_destroy(&store);
    return err;
}

/* Fills material->trust, and the authorities' names for clients. */
static struct kc_error *read_trust(const struct kc_map *settings, struct kc_tls_material *material)
{
    struct kc_keystore store;
    struct kc_str names = {0};
    bool present;
    struct kc_error *err = wire_tls_load_trust(settings, &store, &present);
    if (err)
        return err;
    material->trust = X509_STORE_new();
    if (!present)
        X509_STORE_set_default_paths(material->trust);
    for (int i = 0; i < sk_X509_num(store.chain); i++)
        X509_STORE_add_cert(material->trust, sk_X509_value(store.chain, i));
    /* A trust anchor needn't be self-signed in Java. */
    X509_STORE_set_flags(material->trust, X509_V_FLAG_PARTIAL_CHAIN);
    X509_STORE_set_purpose(material->trust, X509_PURPOSE_SSL_CLIENT);
    wire_tls_pem_chain(&store, &names);
    if (names.len) {
        gnutls_datum_t datum = {(unsigned char *)names.data, (unsigned)names.len};
        gnutls_certificate_set_x509_trust_mem(material->credentials, &datum, GNUTLS_X509_FMT_PEM);
    }
    ERR_clear_error();
    kc_str_destroy(&names);
    kc_keystore_destroy(&store);
    return NULL;
}

static void clear_secret(struct kc_str *text)
{
    if (text->data)
        OPENSSL_cleanse(text->data, text->len);
    kc_str_destroy(text);
}

static struct kc_error *make_material(struct kc_tls_listener *listener, struct kc_str *key,
                                      struct kc_str *certificate, struct kc_tls_material **out)
{
    struct kc_tls_material *made = kc_calloc(1, sizeof(*made));
    made->refs = 1;
    made->ask = listener->ask;
    int rc = gnutls_certificate_allocate_credentials(&made->credentials);
    struct kc_error *err = read_key(listener->settings, key, certificate);
    if (!err && rc == GNUTLS_E_SUCCESS) {
        gnutls_datum_t chain = {(unsigned char *)certificate->data, (unsigned)certificate->len};
        gnutls_datum_t secret = {(unsigned char *)key->data, (unsigned)key->len};
        rc = gnutls_certificate_set_x509_key_mem(made->credentials, &chain, &secret,
                                                 GNUTLS_X509_FMT_PEM);
    }
    if (!err && rc < 0)
        err = kc_error_new(KC_ERR_CONFIG, "the key of ssl.keystore can't be used: %s",
                           gnutls_strerror(rc));
    if (!err && made->ask != GNUTLS_CERT_IGNORE)
        err = read_trust(listener->settings, made);
    if (err) {
        kc_tls_material_unref(made);
        made = NULL;
    }
    *out = made;
    return err;
}

void kc_tls_material_unref(struct kc_tls_material *material)
{
    if (!material || --material->refs > 0)
        return;
    if (material->credentials)
        gnutls_certificate_free_credentials(material->credentials);
    X509_STORE_free(material->trust);
    free(material);
}

/* ---- connections ---- */

static void reload(struct kc_tls_listener *listener)
{
    struct listener_stamp stamps[FILES];
    struct kc_tls_material *fresh = NULL;
    struct kc_str key = {0};
    struct kc_str certificate = {0};
    stamp_files(listener->settings, stamps);
    if (memcmp(stamps, listener->stamps, sizeof(stamps)) == 0)
        return;
    memcpy(listener->stamps, stamps, sizeof(stamps));
    struct kc_error *err = make_material(listener, &key, &certificate, &fresh);
    if (err) {
        kc_warn("The changed key or trust store of an https listener can't be used, the former "
                "stays in use: %s",
                kc_error_text(err));
        kc_error_destroy(err);
    } else {
        kc_info("Key and trust store of an https listener were read again because a file changed");
        kc_tls_material_unref(listener->material);
        listener->material = fresh;
    }
    clear_secret(&key);
    kc_str_destroy(&certificate);
}

struct kc_tls_material *kc_tls_listener_accept(struct kc_tls_listener *listener,
                                               gnutls_session_t session)
{
    reload(listener);
    struct kc_tls_material *material = listener->material;
    material->refs++;
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, material->credentials);
    gnutls_certificate_server_set_request(session, material->ask);
    return material;
}

static STACK_OF(X509) * peer_chain(gnutls_session_t session)
{
    unsigned count = 0;
    const gnutls_datum_t *peers = gnutls_certificate_get_peers(session, &count);
    STACK_OF(X509) *chain = sk_X509_new_null();
    for (unsigned i = 0; peers && i < count; i++) {
        const unsigned char *at = peers[i].data;
        X509 *certificate = d2i_X509(NULL, &at, (long)peers[i].size);
        if (certificate && !sk_X509_push(chain, certificate))
            X509_free(certificate);
    }
    return chain;
}

int kc_tls_material_verify(const struct kc_tls_material *material, gnutls_session_t session)
{
    if (!material->trust)
        return 0;
    STACK_OF(X509) *chain = peer_chain(session);
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool given = sk_X509_num(chain) > 0;
    bool fine = !given && material->ask == GNUTLS_CERT_REQUEST;
    if (given && X509_STORE_CTX_init(check, material->trust, sk_X509_value(chain, 0), chain) == 1) {
        fine = X509_verify_cert(check) == 1;
        if (!fine)
            kc_info("A client's certificate was refused: %s",
                    X509_verify_cert_error_string(X509_STORE_CTX_get_error(check)));
    }
    X509_STORE_CTX_free(check);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return fine ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/* ---- life ---- */

static struct kc_error *client_auth(const struct kc_map *settings,
                                    gnutls_certificate_request_t *ask)
{
    static const struct {
        const char *name;
        gnutls_certificate_request_t ask;
    } known[] = {{"none", GNUTLS_CERT_IGNORE},
                 {"requested", GNUTLS_CERT_REQUEST},
                 {"required", GNUTLS_CERT_REQUIRE}};
    const char *text = kc_map_get_or(settings, "ssl.client.auth", "none");
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        *ask = known[i].ask;
        if (strcmp(known[i].name, text) == 0)
            return NULL;
    }
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration ssl.client.auth: String must be one "
                        "of: required, requested, none",
                        text);
}

struct kc_error *kc_tls_listener_new(const struct kc_worker_config *config, const char *prefix,
                                     struct kc_tls_listener **listener)
{
    struct kc_tls_listener *made = kc_calloc(1, sizeof(*made));
    made->settings = kc_worker_ssl_settings(config, prefix);
    stamp_files(made->settings, made->stamps);
    struct kc_error *err = client_auth(made->settings, &made->ask);
    if (!err)
        err = kc_tls_priorities(made->settings, &made->priorities);
    if (!err)
        err = make_material(made, &made->key, &made->certificate, &made->material);
    if (err) {
        kc_tls_listener_destroy(made);
        return kc_error_prefix(err, "An https listener can't be opened (%sssl.*)", prefix);
    }
    *listener = made;
    return NULL;
}

void kc_tls_listener_destroy(struct kc_tls_listener *listener)
{
    if (!listener)
        return;
    kc_tls_material_unref(listener->material);
    kc_map_destroy(listener->settings);
    clear_secret(&listener->key);
    kc_str_destroy(&listener->certificate);
    free(listener->priorities);
    free(listener);
}

const char *kc_tls_listener_key(const struct kc_tls_listener *listener)
{
    return listener->key.data;
}

const char *kc_tls_listener_certificate(const struct kc_tls_listener *listener)
{
    return listener->certificate.data;
}

const char *kc_tls_listener_priorities(const struct kc_tls_listener *listener)
{
    return listener->priorities;
}
