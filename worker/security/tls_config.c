/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java's ssl.* settings for OpenSSL: see tls_config.h. Called by wire's connections and by the HTTP
 * client between workers, on their threads; holds no state.
 */
#include "security/tls_config.h"

#include "security/tls_store.h"

#include <openssl/err.h>
#include <string.h>

static struct kc_error *use_key(SSL_CTX *ctx, const struct kc_map *settings)
{
    struct kc_keystore store;
    bool present;
    struct kc_error *err = wire_tls_load_key(settings, &store, &present);

    if (err)
        return err;
    if (present && SSL_CTX_use_cert_and_key(ctx, store.certificate, store.key, store.chain, 1) != 1)
        err = kc_error_new(KC_ERR_CONFIG, "the key and certificate of ssl.keystore don't fit: %s",
                           wire_tls_reason());
    kc_keystore_destroy(&store);
    return err;
}

static struct kc_error *use_trust(SSL_CTX *ctx, const struct kc_map *settings)
{
    struct kc_keystore store;
    bool present;
    struct kc_error *err = wire_tls_load_trust(settings, &store, &present);

    if (err)
        return err;
    if (!present)
        SSL_CTX_set_default_verify_paths(ctx);
    for (int i = 0; i < sk_X509_num(store.chain); i++)
        X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), sk_X509_value(store.chain, i));
    /* A trust anchor needn't be self-signed in Java. */
    X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    ERR_clear_error();
    kc_keystore_destroy(&store);
    return err;
}

static struct kc_error *use_protocols(SSL_CTX *ctx, const struct kc_map *settings)
{
    static const struct {
        const char *name;
        int version;
    } known[] = {
        {"TLSv1", TLS1_VERSION},
        {"TLSv1.1", TLS1_1_VERSION},
        {"TLSv1.2", TLS1_2_VERSION},
        {"TLSv1.3", TLS1_3_VERSION},
    };
    const char *text = kc_map_get_or(settings, "ssl.enabled.protocols", "TLSv1.2,TLSv1.3");
    struct kc_strings list = {0};
    int min = 0, max = 0;

    kc_strings_split(&list, text);
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (!kc_strings_contain(&list, known[i].name))
            continue;
        min = min ? min : known[i].version;
        max = known[i].version;
    }
    kc_strings_destroy(&list);
    if (!min)
        return kc_error_new(KC_ERR_CONFIG,
                            "ssl.enabled.protocols=%s names no protocol that is known", text);
    SSL_CTX_set_min_proto_version(ctx, min);
    SSL_CTX_set_max_proto_version(ctx, max);
    return NULL;
}

/* OpenSSL's name of a suite by Java's (and the RFCs') name; NULL: unknown. */
static const char *openssl_cipher(STACK_OF(SSL_CIPHER) * ciphers, const char *standard)
{
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);

        if (strcmp(SSL_CIPHER_standard_name(cipher), standard) == 0)
            return SSL_CIPHER_get_name(cipher);
    }
    return NULL;
}

static struct kc_error *use_ciphers(SSL_CTX *ctx, const struct kc_map *settings)
{
    const char *text = kc_map_get(settings, "ssl.cipher.suites");
    struct kc_strings list = {0};
    struct kc_str old = {0}, modern = {0};
    struct kc_error *err = NULL;

    if (!text || !*text)
        return NULL;
    SSL_CTX_set_cipher_list(ctx, "ALL");
    kc_strings_split(&list, text);
    for (size_t i = 0; i < list.count && !err; i++) {
        const char *name = openssl_cipher(SSL_CTX_get_ciphers(ctx), list.items[i]);
        struct kc_str *to = name && strncmp(name, "TLS_", 4) == 0 ? &modern : &old;

        if (name)
            kc_str_appendf(to, "%s%s", to->len ? ":" : "", name);
        else
            err = kc_error_new(KC_ERR_CONFIG, "ssl.cipher.suites: OpenSSL has no cipher suite %s",
                               list.items[i]);
    }
    if (!err && (SSL_CTX_set_ciphersuites(ctx, modern.data ? modern.data : "") != 1 ||
                 (old.len && SSL_CTX_set_cipher_list(ctx, old.data) != 1)))
        err = kc_error_new(KC_ERR_CONFIG, "ssl.cipher.suites=%s: %s", text, wire_tls_reason());
    kc_strings_destroy(&list);
    kc_str_destroy(&old);
    kc_str_destroy(&modern);
    return err;
}

struct kc_error *wire_tls_configure(SSL_CTX *ctx, const struct kc_map *settings)
{
    struct kc_error *err = use_protocols(ctx, settings);

    if (!err)
        err = use_ciphers(ctx, settings);
    if (!err)
        err = use_key(ctx, settings);
    if (!err)
        err = use_trust(ctx, settings);
    return err;
}
