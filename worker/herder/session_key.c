/* SPDX-License-Identifier: Apache-2.0 */
/* Session keys and signatures: see session_key_priv.h. */
#include "herder/session_key_priv.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_KEY_BYTES = 8192 };

/* The JDK's MACs and key generators; bytes is its generator's default size. */
static const struct mac {
    const char *name;
    const char *digest;
    int bytes;
} macs[] = {
    {"HmacSHA256", "SHA256", 32},
    {"HmacSHA384", "SHA384", 48},
    {"HmacSHA512", "SHA512", 64},
    {"HmacSHA224", "SHA224", 28},
    {"HmacSHA1", "SHA1", 64},
    {"HmacMD5", "MD5", 64},
    {"HmacSHA512/224", "SHA512-224", 28},
    {"HmacSHA512/256", "SHA512-256", 32},
};

static const struct mac *find_mac(const char *algorithm)
{
    for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++)
        if (strcasecmp(macs[i].name, algorithm) == 0)
            return &macs[i];
    return NULL;
}

static struct kc_error *unknown_algorithm(const char *algorithm)
{
    return kc_error_new(KC_ERR_BAD_REQUEST,
                        "java.security.NoSuchAlgorithmException: Algorithm %s not available",
                        algorithm);
}

/* ---- base64 ---- */

static char *encode(const unsigned char *data, int len)
{
    char *text = kc_malloc((size_t)(len + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)text, data, len);
    return text;
}

/* Strict base64 with padding; -1 when text isn't. data needs strlen(text) bytes. */
static int decode(const char *text, unsigned char *data)
{
    size_t len = strlen(text);
    if (len % 4 != 0 || len > MAX_KEY_BYTES * 2)
        return -1;
    int size = EVP_DecodeBlock(data, (const unsigned char *)text, (int)len);
    for (size_t i = len; size > 0 && i > 0 && i + 2 > len && text[i - 1] == '='; i--)
        size--;
    return size;
}

/* ---- keys ---- */

int kc_session_key_length(const char *algorithm, int bits)
{
    const struct mac *mac = find_mac(algorithm);
    if (!mac)
        return -1;
    return bits > 0 ? (bits + 7) / 8 : mac->bytes;
}

int kc_session_key_bytes(const struct kc_session_key *key)
{
    unsigned char *data = kc_malloc(strlen(key->key) + 1);
    int len = decode(key->key, data);
    free(data);
    return len;
}

struct kc_error *kc_session_key_generate(const char *algorithm, int bits,
                                         struct kc_session_key *key)
{
    int len = kc_session_key_length(algorithm, bits);
    if (len <= 0 || len > MAX_KEY_BYTES)
        return kc_error_new(KC_ERR_CONFIG,
                            "Can't make session keys: inter.worker.key.generation.algorithm %s "
                            "with inter.worker.key.size %d isn't supported. Use HmacSHA256 or "
                            "another of Java's HMACs",
                            algorithm, bits);
    unsigned char *data = kc_malloc((size_t)len);
    struct kc_error *err = NULL;
    if (RAND_bytes(data, len) != 1)
        err = kc_error_new(KC_ERR_CONNECT, "Can't make a session key: no random numbers");
    else
        *key = (struct kc_session_key){encode(data, len), kc_strdup(algorithm), kc_now_ms()};
    OPENSSL_cleanse(data, (size_t)len);
    free(data);
    return err;
}

void kc_session_key_copy(struct kc_session_key *to, const struct kc_session_key *from)
{
    struct kc_session_key copy = {kc_strdup(from->key), kc_strdup(from->algorithm),
                                  from->created_ms};
    kc_session_key_clear(to);
    *to = copy;
}

/* ---- signatures ---- */

struct kc_error *kc_session_key_sign(const struct kc_session_key *key, const char *algorithm,
                                     const void *body, size_t len, char **signature)
{
    const struct mac *mac = find_mac(algorithm);
    if (!mac)
        return unknown_algorithm(algorithm);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    struct kc_error *err = NULL;
    unsigned char *secret = kc_malloc(strlen(key->key) + 1);
    int secret_len = decode(key->key, secret);
    if (secret_len < 0 || !HMAC(EVP_get_digestbyname(mac->digest), secret, secret_len, body, len,
                                digest, &digest_len))
        err = kc_error_new(KC_ERR_CONNECT,
                           "Can't sign an internal request: the session key isn't valid");
    else
        *signature = encode(digest, (int)digest_len);
    OPENSSL_cleanse(secret, strlen(key->key));
    free(secret);
    return err;
}

static struct kc_error *unsupported(const char *algorithm, const struct kc_strings *algorithms)
{
    char *list = kc_strings_join(algorithms, ", ");
    struct kc_error *err = kc_error_new(
        KC_ERR_BAD_REQUEST,
        "This worker does not support the '%s' key signing algorithm used by other workers. This "
        "worker is currently configured to use: [%s]. Check that all workers' configuration files "
        "permit the same set of signature algorithms, and correct any misconfigured worker and "
        "restart it.",
        algorithm, list);
    free(list);
    return err;
}

static struct kc_error *check_mac(const struct kc_signature *signature,
                                  const struct kc_session_key *key)
{
    char *expected = NULL;
    struct kc_error *err = kc_session_key_sign(key, signature->algorithm, signature->body,
                                               signature->body_len, &expected);
    if (err || !expected)
        return err;
    size_t len = strlen(expected);
    bool valid = strlen(signature->authorization) == len &&
                 CRYPTO_memcmp(expected, signature->authorization, len) == 0;
    free(expected);
    if (valid)
        return NULL;
    return kc_error_new(KC_ERR_FORBIDDEN, "Internal request contained invalid signature.");
}

/* InternalRequestSignature.fromHeaders: unreadable headers are refused even if unsigned requests
 * aren't. */
static struct kc_error *check_headers(const struct kc_signature *signature)
{
    if (!find_mac(signature->algorithm))
        return unknown_algorithm(signature->algorithm);
    unsigned char *data = kc_malloc(strlen(signature->authorization) + 1);
    int len = decode(signature->authorization, data);
    free(data);
    if (len < 0)
        return kc_error_new(KC_ERR_BAD_REQUEST, "Internal request's signature isn't base64");
    return NULL;
}

struct kc_error *kc_signature_check(const struct kc_signature *signature, bool enforced,
                                    const struct kc_strings *algorithms,
                                    const struct kc_session_key *key)
{
    bool present = signature && signature->authorization && signature->algorithm;
    if (!present)
        return enforced
                   ? kc_error_new(KC_ERR_BAD_REQUEST, "Internal request missing required signature")
                   : NULL;
    struct kc_error *err = check_headers(signature);
    if (err || !enforced)
        return err;
    if (!kc_strings_contain(algorithms, signature->algorithm))
        return unsupported(signature->algorithm, algorithms);
    if (!key || !key->key)
        return kc_error_new(KC_ERR_UNAVAILABLE,
                            "This worker is still starting up and has not been able to read a "
                            "session key from the config topic yet");
    return signature->body ? check_mac(signature, key) : NULL;
}
