/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SSL_CTX of a client or a listener: made from the ssl.* settings, and made again when a
 * store's file changes, so that a renewed certificate needs no restart. See tls.h. Loop thread
 * after the first making.
 */
#include "connect/log.h"
#include "security/tls_config.h"
#include "security/tls_session_priv.h"
#include "security/tls_store.h"
#include "security/tls_strength.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.tls");

struct store_stamp {
    struct timespec changed;
    off_t size;
};

static const char *const files[] = {"ssl.keystore.location", "ssl.truststore.location"};
#define FILES (sizeof(files) / sizeof(*files))

struct wire_tls_context {
    const struct kc_map *settings; /* borrowed, outlives the context */
    bool check_hostname;
    bool serves;
    int verify_mode; /* SSL_VERIFY_* */
    SSL_CTX *ctx;
    struct store_stamp stamps[FILES];
};

static void stamp_files(const struct wire_tls_context *context, struct store_stamp stamps[FILES])
{
    struct stat info;

    memset(stamps, 0, sizeof(*stamps) * FILES);
    for (size_t i = 0; i < FILES; i++) {
        const char *path = kc_map_get(context->settings, files[i]);

        if (path && stat(path, &info) == 0)
            stamps[i] = (struct store_stamp){info.st_mtim, info.st_size};
    }
}

static int verify(int verified, X509_STORE_CTX *chain, bool own_trust)
{
    struct kc_error *err =
        verified ? wire_tls_strength(X509_STORE_CTX_get_current_cert(chain), own_trust) : NULL;

    if (!err)
        return verified;
    kc_warn("%s", kc_error_text(err));
    kc_error_destroy(err);
    X509_STORE_CTX_set_error(chain, X509_V_ERR_EE_KEY_TOO_SMALL);
    return 0;
}

static int verify_by_own_trust(int verified, X509_STORE_CTX *chain)
{
    return verify(verified, chain, true);
}

static int verify_by_system_trust(int verified, X509_STORE_CTX *chain)
{
    return verify(verified, chain, false);
}

/* A server names its sessions, or OpenSSL wouldn't take one up again with a client's certificate.
 */
static const unsigned char session_name[] = "isthmus";

static void set_up_server(SSL_CTX *ctx)
{
    SSL_CTX_set_session_id_context(ctx, session_name, sizeof(session_name) - 1);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
}

static struct kc_error *make(const struct wire_tls_context *context, SSL_CTX **out)
{
    const bool own_trust = wire_tls_has_trust(context->settings);
    SSL_CTX *ctx = SSL_CTX_new(context->serves ? TLS_server_method() : TLS_client_method());

    *out = NULL;
    if (!ctx)
        return kc_error_new(KC_ERR_IO, "OpenSSL can't make a context: %s", wire_tls_reason());
    SSL_CTX_set_security_level(ctx, WIRE_TLS_LEVEL);
    SSL_CTX_set_verify(ctx, context->verify_mode,
                       own_trust ? verify_by_own_trust : verify_by_system_trust);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (context->serves)
        set_up_server(ctx);
    struct kc_error *err = wire_tls_configure(ctx, context->settings);
    if (!err && context->serves && !SSL_CTX_get0_certificate(ctx))
        err = kc_error_new(KC_ERR_CONFIG, "ssl.keystore.location is needed: a TLS listener can't "
                                          "do without a key and a certificate");
    if (err) {
        SSL_CTX_free(ctx);
        return err;
    }
    *out = ctx;
    return NULL;
}

/* Takes context, which is all but made. */
static struct kc_error *finish(struct wire_tls_context *context, struct wire_tls_context **out)
{
    *out = NULL;
    stamp_files(context, context->stamps);
    struct kc_error *err = make(context, &context->ctx);
    if (err) {
        wire_tls_context_destroy(context);
        return err;
    }
    *out = context;
    return NULL;
}

struct kc_error *wire_tls_context_new(const struct kc_map *settings, bool check_hostname,
                                      struct wire_tls_context **out)
{
    struct wire_tls_context *context = kc_calloc(1, sizeof(*context));

    context->settings = settings;
    context->check_hostname = check_hostname;
    context->verify_mode = SSL_VERIFY_PEER;
    return finish(context, out);
}

/* ssl.client.auth, as org.apache.kafka.common.config.SslClientAuth. */
static struct kc_error *read_client_auth(const struct kc_map *settings, int *mode)
{
    static const struct {
        const char *name;
        int mode;
    } known[] = {
        {"none", SSL_VERIFY_NONE},
        {"requested", SSL_VERIFY_PEER},
        {"required", SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT},
    };
    const char *text = kc_map_get_or(settings, "ssl.client.auth", "none");

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(text, known[i].name) == 0) {
            *mode = known[i].mode;
            return NULL;
        }
    }
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration ssl.client.auth: String must be one "
                        "of: required, requested, none",
                        text);
}

struct kc_error *wire_tls_context_new_server(const struct kc_map *settings,
                                             struct wire_tls_context **out)
{
    int mode = SSL_VERIFY_NONE;
    struct kc_error *err = read_client_auth(settings, &mode);

    *out = NULL;
    if (err)
        return err;
    struct wire_tls_context *context = kc_calloc(1, sizeof(*context));
    context->settings = settings;
    context->serves = true;
    context->verify_mode = mode;
    return finish(context, out);
}

void wire_tls_context_destroy(struct wire_tls_context *context)
{
    if (!context)
        return;
    SSL_CTX_free(context->ctx);
    free(context);
}

SSL_CTX *wire_tls_context_current(struct wire_tls_context *context)
{
    struct store_stamp stamps[FILES];
    SSL_CTX *ctx;

    stamp_files(context, stamps);
    if (memcmp(stamps, context->stamps, sizeof(stamps)) == 0)
        return context->ctx;
    memcpy(context->stamps, stamps, sizeof(stamps));
    struct kc_error *err = make(context, &ctx);
    if (err) {
        kc_warn("The changed key or trust store can't be used, the former stays in use: %s",
                kc_error_text(err));
        kc_error_destroy(err);
        return context->ctx;
    }
    kc_info("The key and trust stores were read again because a file changed");
    SSL_CTX_free(context->ctx);
    context->ctx = ctx;
    return ctx;
}

bool wire_tls_context_checks_hostname(const struct wire_tls_context *context)
{
    return context->check_hostname;
}

bool wire_tls_context_serves(const struct wire_tls_context *context)
{
    return context->serves;
}
