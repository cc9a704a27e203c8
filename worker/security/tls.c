/* SPDX-License-Identifier: Apache-2.0 */
/* A TLS session over memory BIOs. See tls.h. Loop thread. */
#include "security/tls_session_priv.h"
#include "security/tls_store.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct wire_tls {
    SSL *ssl;
    BIO *in;    /* ciphertext from the network; the SSL's, as out */
    BIO *out;   /* ciphertext for the network */
    char *host; /* NULL: we are the server */
    bool heard; /* the peer has sent data since the handshake */
};

#define REST_BYTES 4096 /* that a buffer may keep when there is nothing in it */

/* A buffer grows with what passes and would stay as large, in each of many sessions at rest. */
static void let_go(BIO *bio)
{
    BUF_MEM *buffer = NULL;

    BIO_get_mem_ptr(bio, &buffer);
    if (!buffer || buffer->max <= REST_BYTES || BIO_pending(bio) > 0)
        return;
    BUF_MEM *empty = BUF_MEM_new();
    if (empty)
        (void)BIO_set_mem_buf(bio, empty, BIO_CLOSE);
}

static bool is_address(const char *host)
{
    uint8_t address[16];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static void name_host(struct wire_tls *tls, bool check)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);

    if (!is_address(tls->host))
        SSL_set_tlsext_host_name(tls->ssl, tls->host);
    if (!check)
        return;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_address(tls->host))
        X509_VERIFY_PARAM_set1_ip_asc(param, tls->host);
    else
        X509_VERIFY_PARAM_set1_host(param, tls->host, 0);
}

static void take_side(struct wire_tls *tls, const struct wire_tls_context *context,
                      const char *host)
{
    if (wire_tls_context_serves(context)) {
        SSL_set_accept_state(tls->ssl);
        return;
    }
    tls->host = kc_strdup(host);
    SSL_set_connect_state(tls->ssl);
    name_host(tls, wire_tls_context_checks_hostname(context));
}

struct kc_error *wire_tls_new(struct wire_tls_context *context, const char *host,
                              struct wire_tls **out)
{
    struct wire_tls *tls = kc_calloc(1, sizeof(*tls));

    *out = NULL;
    tls->ssl = SSL_new(wire_tls_context_current(context));
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (!tls->ssl || !tls->in || !tls->out) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        wire_tls_destroy(tls);
        return kc_error_retriable_new(KC_ERR_IO, "OpenSSL can't make a session: %s",
                                      wire_tls_reason());
    }
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    take_side(tls, context, host);
    *out = tls;
    return NULL;
}

void wire_tls_destroy(struct wire_tls *tls)
{
    if (!tls)
        return;
    SSL_free(tls->ssl);
    free(tls->host);
    free(tls);
}

void wire_tls_receive(struct wire_tls *tls, const void *data, size_t len)
{
    BIO_write(tls->in, data, (int)len);
}

const char *wire_tls_server_name(const struct wire_tls *tls)
{
    return SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
}

/* Letters beyond ASCII stay as they are, as in Java's X500Principal. */
#define NAME_FLAGS (XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB)

char *wire_tls_peer_name(const struct wire_tls *tls)
{
    char *text = NULL;
    X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    BIO *out = certificate ? BIO_new(BIO_s_mem()) : NULL;

    if (out && X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, NAME_FLAGS) >= 0) {
        char *data;
        long len = BIO_get_mem_data(out, &data);
        text = kc_strndup(data ? data : "", len > 0 ? (size_t)len : 0);
    }
    BIO_free(out);
    return text;
}

/* As Java's SslAuthenticationException: trying again doesn't help. */
static struct kc_error *client_handshake_error(const struct wire_tls *tls)
{
    long verified = SSL_get_verify_result(tls->ssl);

    if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH)
        return kc_error_new(KC_ERR_IO,
                            "the broker's certificate isn't for %s: put that name into the "
                            "certificate, or set ssl.endpoint.identification.algorithm to nothing",
                            tls->host);
    if (verified != X509_V_OK)
        return kc_error_new(
            KC_ERR_IO, "the broker's certificate isn't trusted: %s. Check ssl.truststore.location",
            X509_verify_cert_error_string(verified));
    return kc_error_new(
        KC_ERR_IO,
        "the handshake failed: %s. Does security.protocol fit the listener, and does "
        "the broker ask for a client certificate (ssl.keystore.location)?",
        wire_tls_reason());
}

static struct kc_error *server_handshake_error(const struct wire_tls *tls)
{
    long verified = SSL_get_verify_result(tls->ssl);

    if (verified != X509_V_OK)
        return kc_error_new(
            KC_ERR_IO, "the client's certificate isn't trusted: %s. Check ssl.truststore.location",
            X509_verify_cert_error_string(verified));
    return kc_error_new(KC_ERR_IO,
                        "the handshake failed: %s. Does the client's security.protocol fit this "
                        "listener, does it trust our certificate, and does it show one where "
                        "ssl.client.auth=required?",
                        wire_tls_reason());
}

struct kc_error *wire_tls_handshake(struct wire_tls *tls, bool *done)
{
    ERR_clear_error();
    int code = SSL_do_handshake(tls->ssl);
    *done = code == 1;
    if (*done)
        return NULL;
    int why = SSL_get_error(tls->ssl, code);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return NULL;
    return tls->host ? client_handshake_error(tls) : server_handshake_error(tls);
}

long wire_tls_read(struct wire_tls *tls, void *buffer, size_t size, struct kc_error **err)
{
    ERR_clear_error();
    int len = SSL_read(tls->ssl, buffer, (int)size);
    if (len > 0) {
        tls->heard = true;
        return len;
    }
    int why = SSL_get_error(tls->ssl, len);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        let_go(tls->in);
        return 0;
    }
    if (why == SSL_ERROR_ZERO_RETURN)
        *err = kc_error_retriable_new(KC_ERR_IO, "the %s ended the TLS session",
                                      tls->host ? "broker" : "client");
    else if (why == SSL_ERROR_SSL && !tls->heard && tls->host)
        /* With TLS 1.3 the broker refuses our certificate only after the handshake. */
        *err = kc_error_new(KC_ERR_IO,
                            "the broker ended the TLS session: %s. Does it ask for a client "
                            "certificate (ssl.keystore.location)?",
                            wire_tls_reason());
    else
        *err = kc_error_retriable_new(KC_ERR_IO, "the TLS session broke: %s", wire_tls_reason());
    return -1;
}

struct kc_error *wire_tls_write(struct wire_tls *tls, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        int part = len > INT_MAX / 2 ? INT_MAX / 2 : (int)len;

        ERR_clear_error();
        part = SSL_write(tls->ssl, at, part);
        if (part <= 0)
            return kc_error_retriable_new(KC_ERR_IO, "the TLS session broke: %s",
                                          wire_tls_reason());
        at += part;
        len -= (size_t)part;
    }
    return NULL;
}

void wire_tls_finish(struct wire_tls *tls)
{
    ERR_clear_error();
    (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

void wire_tls_drain(struct wire_tls *tls, struct kc_str *out)
{
    char *data = NULL;
    long len = BIO_get_mem_data(tls->out, &data);

    if (len <= 0)
        return;
    kc_str_append_n(out, data, (size_t)len);
    (void)BIO_reset(tls->out);
    let_go(tls->out);
}

size_t wire_tls_pending(const struct wire_tls *tls)
{
    return BIO_pending(tls->out);
}
