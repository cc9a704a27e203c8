/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SSL_CTX of a client: made from the ssl.* settings, and made again when a store's file
 * changes, so that a renewed certificate needs no restart. See tls_priv.h. Loop thread after the
 * first making.
 */
#include "connect/log.h"
#include "wire/tls_config.h"
#include "wire/tls_session_priv.h"
#include "wire/tls_store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.tls");

struct stamp {
    struct timespec changed;
    off_t size;
};

static const char *const files[] = {"ssl.keystore.location", "ssl.truststore.location"};
#define FILES (sizeof files / sizeof *files)

struct wire_tls_context {
    const struct kc_wire_settings *settings;
    SSL_CTX *ctx;
    struct stamp stamps[FILES];
};

static void stamp_files(const struct wire_tls_context *context, struct stamp stamps[FILES])
{
    struct stat info;

    memset(stamps, 0, sizeof *stamps * FILES);
    for (size_t i = 0; i < FILES; i++) {
        const char *path = kc_map_get(context->settings->map, files[i]);

        if (path && stat(path, &info) == 0)
            stamps[i] = (struct stamp){info.st_mtim, info.st_size};
    }
}

static struct kc_error *make(const struct kc_wire_settings *settings, SSL_CTX **out)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct kc_error *err;

    *out = NULL;
    if (!ctx)
        return kc_error_new(KC_ERR_IO, "OpenSSL can't make a context: %s", wire_tls_reason());
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    err = wire_tls_configure(ctx, settings->map);
    if (err) {
        SSL_CTX_free(ctx);
        return err;
    }
    *out = ctx;
    return NULL;
}

struct kc_error *wire_tls_context_new(const struct kc_wire_settings *settings,
                                      struct wire_tls_context **out)
{
    struct wire_tls_context *context = kc_calloc(1, sizeof *context);
    struct kc_error *err;

    *out = NULL;
    context->settings = settings;
    stamp_files(context, context->stamps);
    err = make(settings, &context->ctx);
    if (err) {
        wire_tls_context_destroy(context);
        return err;
    }
    *out = context;
    return NULL;
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
    struct stamp stamps[FILES];
    SSL_CTX *ctx;
    struct kc_error *err;

    stamp_files(context, stamps);
    if (memcmp(stamps, context->stamps, sizeof stamps) == 0)
        return context->ctx;
    memcpy(context->stamps, stamps, sizeof stamps);
    err = make(context->settings, &ctx);
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

const struct kc_wire_settings *wire_tls_context_settings(const struct wire_tls_context *context)
{
    return context->settings;
}
