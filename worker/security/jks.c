/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JKS: a header, entries (private keys with their chains, trusted certificates), a keyed SHA-1 over
 * it all. Keys are hidden by Sun's own XOR stream (KeyProtector). See jks.h.
 */
#include "security/jks.h"

#include "base/byte_reader.h"
#include "base/utf8.h"

#include <openssl/crypto.h>
#include <openssl/pkcs12.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC       0xfeedfeedu
#define TAG_KEY     1
#define TAG_TRUSTED 2

/* The constant that Java mixes into the store's digest. */
static const char whitener[] = "Mighty Aphrodite";

void kc_keystore_destroy(struct kc_keystore *store)
{
    EVP_PKEY_free(store->key);
    X509_free(store->certificate);
    sk_X509_pop_free(store->chain, X509_free);
    *store = (struct kc_keystore){0};
}

bool kc_jks_is(const uint8_t *data, size_t len)
{
    struct reader in = {.at = data, .end = data + len};

    return (uint32_t)read_int(&in, 4) == MAGIC && !in.bad;
}

/* A password as Java hashes it: UTF-16, big-endian. */
static void append_utf16(struct kc_str *out, const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0, size; i < len; i += size) {
        uint32_t code = kc_utf8_decode(text + i, len - i, &size);

        if (code >= 0x10000) {
            kc_str_append_i16(out, (int16_t)(0xd800 + ((code - 0x10000) >> 10)));
            code = 0xdc00 + (code & 0x3ff);
        }
        kc_str_append_i16(out, (int16_t)code);
    }
}

static void keyed_sha1(const char *password, const void *a, size_t a_len, const void *b,
                       size_t b_len, uint8_t digest[SHA_DIGEST_LENGTH])
{
    struct kc_str text = {0};

    append_utf16(&text, password);
    kc_str_append_n(&text, a, a_len);
    if (b_len)
        kc_str_append_n(&text, b, b_len);
    if (EVP_Digest(text.data, text.len, digest, NULL, EVP_sha1(), NULL) != 1)
        memset(digest, 0, SHA_DIGEST_LENGTH);
    OPENSSL_cleanse(text.data, text.len);
    kc_str_destroy(&text);
}

/* salt, hidden bytes, digest of password and plain bytes: the plain bytes, in place; NULL: the
 * password is wrong. */
static uint8_t *reveal(const char *password, uint8_t *data, size_t len, size_t *plain_len)
{
    uint8_t stream[SHA_DIGEST_LENGTH], digest[SHA_DIGEST_LENGTH];
    uint8_t *plain = data + SHA_DIGEST_LENGTH;

    if (len < 2 * SHA_DIGEST_LENGTH)
        return NULL;
    *plain_len = len - 2 * SHA_DIGEST_LENGTH;
    memcpy(stream, data, sizeof(stream));
    for (size_t i = 0; i < *plain_len; i++) {
        if (i % SHA_DIGEST_LENGTH == 0)
            keyed_sha1(password, stream, sizeof(stream), NULL, 0, stream);
        plain[i] ^= stream[i % SHA_DIGEST_LENGTH];
    }
    keyed_sha1(password, plain, *plain_len, NULL, 0, digest);
    return CRYPTO_memcmp(digest, plain + *plain_len, sizeof(digest)) == 0 ? plain : NULL;
}

static EVP_PKEY *decode_key(const char *password, const uint8_t *data, size_t len)
{
    const unsigned char *at = data;
    X509_SIG *envelope = d2i_X509_SIG(NULL, &at, (long)len);
    const ASN1_OCTET_STRING *hidden = NULL;
    const X509_ALGOR *algorithm = NULL;
    EVP_PKEY *key = NULL;
    size_t size, plain_len = 0;

    if (!envelope)
        return NULL;
    X509_SIG_get0(envelope, &algorithm, &hidden);
    size = (size_t)ASN1_STRING_length(hidden);
    uint8_t *copy = kc_memdup(ASN1_STRING_get0_data(hidden), size);
    uint8_t *plain = reveal(password, copy, size, &plain_len);
    if (plain) {
        const unsigned char *der = plain;

        key = d2i_AutoPrivateKey(NULL, &der, (long)plain_len);
    }
    OPENSSL_cleanse(copy, size);
    free(copy);
    X509_SIG_free(envelope);
    return key;
}

struct parse {
    struct reader in;
    int32_t version;
    const char *key_password;
    bool want_key;
    struct kc_keystore *store;
};

static void skip_text(struct parse *parse)
{
    read_bytes(&parse->in, (uint16_t)read_int(&parse->in, 2));
}

static X509 *read_certificate(struct parse *parse)
{
    if (parse->version > 1)
        skip_text(parse);
    int64_t len = read_int(&parse->in, 4);
    const unsigned char *data = read_bytes(&parse->in, len);
    if (!data)
        return NULL;
    X509 *certificate = d2i_X509(NULL, &data, (long)len);
    if (!certificate)
        parse->in.bad = "a certificate can't be decoded";
    return certificate;
}

static void keep_certificate(struct parse *parse, X509 *certificate, bool own)
{
    if (own && !parse->store->certificate)
        parse->store->certificate = certificate;
    else if (!sk_X509_push(parse->store->chain, certificate))
        X509_free(certificate);
}

static void read_key(struct parse *parse)
{
    int64_t len = read_int(&parse->in, 4);
    const uint8_t *data = read_bytes(&parse->in, len);
    int64_t count = read_int(&parse->in, 4);
    bool first = data && parse->want_key && !parse->store->key;

    if (first) {
        parse->store->key = decode_key(parse->key_password, data, (size_t)len);
        if (!parse->store->key)
            parse->in.bad = "the private key can't be decrypted: check ssl.key.password and "
                            "ssl.keystore.password";
    }
    for (int64_t i = 0; i < count && !parse->in.bad; i++) {
        X509 *certificate = read_certificate(parse);

        if (certificate && first)
            keep_certificate(parse, certificate, i == 0);
        else
            X509_free(certificate);
    }
}

static void read_entry(struct parse *parse)
{
    int64_t tag = read_int(&parse->in, 4);
    X509 *certificate;

    skip_text(parse);
    read_int(&parse->in, 8);
    if (tag == TAG_KEY) {
        read_key(parse);
    } else if (tag == TAG_TRUSTED) {
        certificate = read_certificate(parse);
        if (certificate)
            keep_certificate(parse, certificate, false);
    } else if (!parse->in.bad) {
        parse->in.bad = "it has an entry of a kind that isn't known";
    }
}

static bool digest_fits(const uint8_t *data, size_t len, const char *password)
{
    size_t body = len - SHA_DIGEST_LENGTH;
    uint8_t digest[SHA_DIGEST_LENGTH];

    keyed_sha1(password, whitener, sizeof(whitener) - 1, data, body, digest);
    return CRYPTO_memcmp(digest, data + body, sizeof(digest)) == 0;
}

struct kc_error *kc_jks_read(const uint8_t *data, size_t len, const char *store_password,
                             const char *key_password, bool want_key, struct kc_keystore *store)
{
    struct parse parse = {.want_key = want_key, .store = store};

    *store = (struct kc_keystore){.chain = sk_X509_new_null()};
    parse.key_password = key_password ? key_password : store_password ? store_password : "";
    if (len < 12 + SHA_DIGEST_LENGTH || !kc_jks_is(data, len))
        return kc_error_new(KC_ERR_CONFIG, "it isn't a JKS key store");
    if (store_password && !digest_fits(data, len, store_password))
        return kc_error_new(KC_ERR_CONFIG,
                            "keystore password was incorrect, or the file is damaged");
    parse.in = (struct reader){.at = data + 4, .end = data + len - SHA_DIGEST_LENGTH};
    parse.version = (int32_t)read_int(&parse.in, 4);
    int64_t count = read_int(&parse.in, 4);
    if (parse.version != 1 && parse.version != 2)
        parse.in.bad = "its version isn't known";
    for (int64_t i = 0; i < count && !parse.in.bad; i++)
        read_entry(&parse);
    if (!parse.in.bad)
        return NULL;
    kc_keystore_destroy(store);
    return kc_error_new(KC_ERR_CONFIG, "it can't be read: %s", parse.in.bad);
}
