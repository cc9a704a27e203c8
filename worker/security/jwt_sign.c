/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of JWTs: see jwt_sign.h. */
#include "security/jwt_sign.h"

#include "security/jwt.h"

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define COORDINATE 32 /* bytes of a number on P-256 */

static bool is_es256(const char *algorithm)
{
    return strcmp(algorithm, "ES256") == 0;
}

/* ---- Keys ---- */

/* Nobody sits at a terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
    return -1;
}

/* Reads a key in any form that OpenSSL knows, in clear or encrypted with the passphrase. */
static EVP_PKEY *decode(const void *data, size_t len, const char *passphrase)
{
    const unsigned char *at = data;
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *decoder =
        OSSL_DECODER_CTX_new_for_pkey(&key, NULL, NULL, NULL, EVP_PKEY_KEYPAIR, NULL, NULL);

    if (decoder) {
        if (passphrase)
            OSSL_DECODER_CTX_set_passphrase(decoder, (const unsigned char *)passphrase,
                                            strlen(passphrase));
        else
            OSSL_DECODER_CTX_set_pem_password_cb(decoder, no_passphrase, NULL);
        OSSL_DECODER_from_data(decoder, &at, &len);
    }
    OSSL_DECODER_CTX_free(decoder);
    ERR_clear_error();
    return key;
}

/* As Java's Base64.getDecoder(), but with line breaks allowed. */
static EVP_PKEY *decode_base64(const struct kc_str *text, const char *passphrase)
{
    BIO *memory = BIO_new_mem_buf(text->data, (int)text->len);
    BIO *base64 = BIO_new(BIO_f_base64());
    unsigned char *data = kc_calloc(1, text->len + 1);
    EVP_PKEY *key = NULL;

    if (!memchr(text->data, '\n', text->len))
        BIO_set_flags(base64, BIO_FLAGS_BASE64_NO_NL);
    BIO_push(base64, memory);
    int len = BIO_read(base64, data, (int)text->len);
    if (len > 0)
        key = decode(data, (size_t)len, passphrase);
    OPENSSL_cleanse(data, text->len + 1);
    free(data);
    BIO_free_all(base64);
    return key;
}

struct kc_error *wire_jwt_key(const struct kc_str *text, const char *passphrase, EVP_PKEY **key)
{
    *key = NULL;
    if (text->len)
        *key = decode(text->data, text->len, passphrase);
    if (text->len && !*key)
        *key = decode_base64(text, passphrase);
    if (*key)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "there is no private key in it that can be read; give PKCS#8 as PEM or as "
                        "base64, and its passphrase when it is encrypted");
}

struct kc_error *wire_jwt_key_check(const EVP_PKEY *key, const char *algorithm)
{
    char group[32] = "";

    if (!is_es256(algorithm) && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
        return NULL;
    if (is_es256(algorithm) && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
        EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
        strcmp(group, "prime256v1") == 0)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG, "the algorithm %s needs %s", algorithm,
                        is_es256(algorithm) ? "an EC key on the curve P-256" : "an RSA key");
}

/* ---- Signatures ---- */

/* JWTs have the two numbers side by side (RFC 7518, 3.4); OpenSSL has a structure of them. */
static bool flatten(const unsigned char *der, size_t len, unsigned char flat[2 * COORDINATE])
{
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool done =
        signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature), flat, COORDINATE) == COORDINATE &&
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), flat + COORDINATE, COORDINATE) == COORDINATE;

    ECDSA_SIG_free(signature);
    return done;
}

struct kc_error *wire_jwt_sign(EVP_PKEY *key, const char *algorithm, struct kc_str *jwt)
{
    size_t len = (size_t)EVP_PKEY_get_size(key);
    unsigned char *signature = kc_calloc(1, len + 1), flat[2 * COORDINATE];
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool done =
        EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(digest, signature, &len, (const unsigned char *)jwt->data, jwt->len) == 1;

    if (done && is_es256(algorithm))
        done = flatten(signature, len, flat);
    if (done) {
        kc_str_append_char(jwt, '.');
        if (is_es256(algorithm))
            wire_base64url(jwt, flat, sizeof(flat));
        else
            wire_base64url(jwt, signature, len);
    }
    EVP_MD_CTX_free(digest);
    ERR_clear_error();
    free(signature);
    if (done)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG, "OpenSSL couldn't sign by %s with this key", algorithm);
}
