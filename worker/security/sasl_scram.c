/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677) on OpenSSL's primitives.
 *
 * Cyrus SASL's plugin isn't used: Debian's knows SHA-512, but takes the password through callbacks
 * that need a process-wide set-up, and lacks Kafka's tokenauth extension. The server's signature is
 * always checked. See sasl_mechanism.h for threads.
 */
#include "security/jaas_login.h"
#include "security/sasl_mechanism.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kafka's ScramMechanism wants at least 4096, and its brokers store at most 16384. Sixteen times
 * that takes some tenth of a second, so a server can't stall a loop's connections for long. */
#define ITERATIONS_MIN 4096
#define ITERATIONS_MAX 262144
#define MESSAGE_MAX    65536

struct scram {
    struct wire_sasl base;
    struct kc_map *options;
    const EVP_MD *digest;
    int state; /* messages received */
    char nonce[33];
    char *client_first_bare;
    uint8_t server_signature[EVP_MAX_MD_SIZE];
    unsigned int size; /* of the digest */
};

static void scram_destroy(struct wire_sasl *sasl)
{
    struct scram *scram = (struct scram *)sasl;

    kc_map_destroy(scram->options);
    free(scram->client_first_bare);
    OPENSSL_cleanse(scram->server_signature, sizeof(scram->server_signature));
    free(scram);
}

static struct kc_error *scram_start(const struct wire_sasl_ops *ops, const EVP_MD *digest,
                                    const struct kc_map *settings, struct wire_sasl **sasl)
{
    struct scram *scram = kc_calloc(1, sizeof(*scram));
    struct kc_error *err = kc_jaas_options(settings, &scram->options);
    uint8_t random[16];

    scram->base.ops = ops;
    scram->digest = digest;
    scram->size = (unsigned int)EVP_MD_get_size(digest);
    if (!err &&
        (!kc_map_get(scram->options, "username") || !kc_map_get(scram->options, "password")))
        err = kc_error_new(KC_ERR_CONFIG,
                           "sasl.jaas.config needs username and password for the mechanism %s",
                           ops->mechanism);
    if (!err && RAND_bytes(random, sizeof(random)) != 1)
        err = kc_error_retriable_new(KC_ERR_IO, "OpenSSL has no random numbers for a SCRAM nonce");
    if (err) {
        scram_destroy(&scram->base);
        return err;
    }
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(scram->nonce + 2 * i, 3, "%02x", random[i]);
    *sasl = &scram->base;
    return NULL;
}

/* '=' and ',' in a name are written =3D and =2C. */
static void append_name(struct kc_str *str, const char *name)
{
    for (; *name; name++) {
        if (*name == '=')
            kc_str_append(str, "=3D");
        else if (*name == ',')
            kc_str_append(str, "=2C");
        else
            kc_str_append_char(str, *name);
    }
}

static void client_first(struct scram *scram, struct kc_str *answer)
{
    struct kc_str bare = {0};
    const char *token = kc_map_get_or(scram->options, "tokenauth", "false");

    kc_str_append(&bare, "n=");
    append_name(&bare, kc_map_get(scram->options, "username"));
    kc_str_appendf(&bare, ",r=%s", scram->nonce);
    if (strcmp(token, "true") == 0)
        kc_str_append(&bare, ",tokenauth=true");
    scram->client_first_bare = kc_str_take(&bare);
    kc_str_appendf(answer, "n,,%s", scram->client_first_bare);
}

/* The value of attribute name in a message "r=...,s=...,i=..."; owned by the caller, NULL: none. */
static char *attribute(const char *message, char name)
{
    while (message[0]) {
        size_t len = strcspn(message, ",");

        if (message[0] == name && message[1] == '=')
            return kc_strndup(message + 2, len - 2);
        message += len + (message[len] == ',');
    }
    return NULL;
}

static uint8_t *from_base64(const char *text, size_t *len)
{
    size_t text_len = strlen(text), padding = 0;

    if (text_len % 4 || text_len == 0)
        return NULL;
    while (padding < 2 && text[text_len - 1 - padding] == '=')
        padding++;
    uint8_t *data = kc_malloc(text_len / 4 * 3 + 1);
    int decoded = EVP_DecodeBlock(data, (const unsigned char *)text, (int)text_len);
    if (decoded < 0 || (size_t)decoded < padding) {
        free(data);
        return NULL;
    }
    *len = (size_t)decoded - padding;
    return data;
}

static bool hmac(const struct scram *scram, const uint8_t *key, const char *text, uint8_t *out)
{
    return HMAC(scram->digest, key, (int)scram->size, (const unsigned char *)text, strlen(text),
                out, NULL) != NULL;
}

/* RFC 5802, section 3: the client's proof, and the expected server signature. */
static bool prove(struct scram *scram, const uint8_t *salt, size_t salt_len, int iterations,
                  const char *auth_message, uint8_t *proof)
{
    const char *password = kc_map_get(scram->options, "password");
    uint8_t salted[EVP_MAX_MD_SIZE], client_key[EVP_MAX_MD_SIZE], stored[EVP_MAX_MD_SIZE];
    uint8_t server_key[EVP_MAX_MD_SIZE], signature[EVP_MAX_MD_SIZE];
    bool done = PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, (int)salt_len, iterations,
                                  scram->digest, (int)scram->size, salted) == 1 &&
                hmac(scram, salted, "Client Key", client_key) &&
                EVP_Digest(client_key, scram->size, stored, NULL, scram->digest, NULL) == 1 &&
                hmac(scram, stored, auth_message, signature) &&
                hmac(scram, salted, "Server Key", server_key) &&
                hmac(scram, server_key, auth_message, scram->server_signature);

    for (unsigned int i = 0; done && i < scram->size; i++)
        proof[i] = client_key[i] ^ signature[i];
    OPENSSL_cleanse(salted, sizeof(salted));
    OPENSSL_cleanse(client_key, sizeof(client_key));
    OPENSSL_cleanse(server_key, sizeof(server_key));
    return done;
}

static struct kc_error *refuse(const struct scram *scram, const char *why)
{
    return kc_error_kafka_new(58, false, "%s: %s", scram->base.ops->mechanism, why);
}

struct server_first {
    char *nonce;
    uint8_t *salt;
    size_t salt_len;
    int iterations;
};

static const char *read_server_first(const struct scram *scram, const char *message,
                                     struct server_first *first)
{
    char *salt = attribute(message, 's'), *count = attribute(message, 'i');
    const char *bad = NULL;
    char *end = NULL;
    long iterations = count ? strtol(count, &end, 10) : 0;

    first->nonce = attribute(message, 'r');
    first->salt = salt ? from_base64(salt, &first->salt_len) : NULL;
    if (message[0] == 'm')
        bad = "the server asks for an extension that isn't known";
    else if (!first->nonce || !first->salt || !count || *end)
        bad = "the server's first message can't be read";
    else if (strncmp(first->nonce, scram->nonce, strlen(scram->nonce)) != 0 ||
             strlen(first->nonce) == strlen(scram->nonce))
        bad = "the server's nonce doesn't go on from ours";
    else if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX)
        bad = "the server's iteration count is outside 4096 to 262144";
    first->iterations = bad ? 0 : (int)iterations;
    free(salt);
    free(count);
    return bad;
}

static struct kc_error *client_final(struct scram *scram, const char *message,
                                     struct kc_str *answer)
{
    struct server_first first = {0};
    const char *bad = read_server_first(scram, message, &first);
    uint8_t proof[EVP_MAX_MD_SIZE];
    unsigned char text[2 * EVP_MAX_MD_SIZE];
    char *without_proof = NULL, *auth_message = NULL;

    if (!bad) {
        without_proof = kc_asprintf("c=biws,r=%s", first.nonce);
        auth_message = kc_asprintf("%s,%s,%s", scram->client_first_bare, message, without_proof);
        if (!prove(scram, first.salt, first.salt_len, first.iterations, auth_message, proof))
            bad = "OpenSSL can't compute the proof";
    }
    if (!bad) {
        EVP_EncodeBlock(text, proof, (int)scram->size);
        kc_str_appendf(answer, "%s,p=%s", without_proof, (const char *)text);
    }
    free(first.nonce);
    free(first.salt);
    free(without_proof);
    free(auth_message);
    return bad ? refuse(scram, bad) : NULL;
}

static struct kc_error *verify(struct scram *scram, const char *message)
{
    char *error = attribute(message, 'e'), *value = attribute(message, 'v');
    size_t len = 0;
    uint8_t *signature = value ? from_base64(value, &len) : NULL;
    struct kc_error *err = NULL;

    if (error)
        err = kc_error_kafka_new(58, false, "%s: the server says %s", scram->base.ops->mechanism,
                                 error);
    else if (!signature || len != scram->size ||
             CRYPTO_memcmp(signature, scram->server_signature, len) != 0)
        err = refuse(scram, "the server's signature is wrong: it doesn't know the password");
    free(error);
    free(value);
    free(signature);
    return err;
}

static struct kc_error *scram_step(struct wire_sasl *sasl, const uint8_t *token, size_t len,
                                   struct kc_str *answer, bool *done)
{
    struct scram *scram = (struct scram *)sasl;
    char *message;
    struct kc_error *err = NULL;

    *done = false;
    if (len > MESSAGE_MAX || (len && memchr(token, 0, len)))
        return refuse(scram, "the server's message can't be read");
    message = kc_strndup(len ? (const char *)token : "", len);
    switch (scram->state++) {
    case 0:
        client_first(scram, answer);
        break;
    case 1:
        err = client_final(scram, message, answer);
        break;
    default:
        *done = true;
        err = verify(scram, message);
    }
    free(message);
    return err;
}

static struct kc_error *start_256(const struct kc_map *settings, const char *host,
                                  struct wire_sasl **sasl)
{
    return scram_start(&wire_sasl_scram_sha_256, EVP_sha256(), settings, sasl);
}

static struct kc_error *start_512(const struct kc_map *settings, const char *host,
                                  struct wire_sasl **sasl)
{
    return scram_start(&wire_sasl_scram_sha_512, EVP_sha512(), settings, sasl);
}

const struct wire_sasl_ops wire_sasl_scram_sha_256 = {"SCRAM-SHA-256", start_256, scram_step,
                                                      scram_destroy};
const struct wire_sasl_ops wire_sasl_scram_sha_512 = {"SCRAM-SHA-512", start_512, scram_step,
                                                      scram_destroy};
