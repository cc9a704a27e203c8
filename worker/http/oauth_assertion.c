/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions: see oauth_assertion_priv.h. Java's DefaultAssertionCreator, FileAssertionCreator and
 * the layers of AssertionUtils. */
#include "http/oauth_assertion_priv.h"

#include "security/jwt.h"
#include "security/jwt_sign.h"
#include "security/oauth_allowed.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEY(name) "sasl.oauthbearer.assertion." name
#define FILE_MAX  65536
#define EXP_MAX_S 86400
#define EXP_S     300
#define NBF_MAX_S 3600
#define NBF_S     60

struct wire_assertion {
    char *ready; /* of the file; NULL: made here */
    EVP_PKEY *key;
    const char *algorithm;
    json_t *header; /* from the template and the settings, without what changes with time */
    json_t *claims;
    long exp_s, nbf_s;
    bool has_id;
};

/* ---- Settings ---- */

static bool is_set(const struct kc_map *settings, const char *key)
{
    return kc_map_get(settings, key) != NULL;
}

static struct kc_error *read_file(const struct kc_map *settings, const char *key,
                                  struct kc_str *text)
{
    char *path = NULL;
    struct kc_error *err = wire_oauth_file(settings, key, &path);

    if (!err)
        err = wire_oauth_read_file(path, FILE_MAX, text);
    free(path);
    return err;
}

static struct kc_error *read_seconds(const struct kc_map *settings, const char *key, long fallback,
                                     long max, long *seconds)
{
    const char *text = kc_map_get(settings, key);
    char *end = NULL;

    *seconds = text ? strtol(text, &end, 10) : fallback;
    if (text && (end == text || *end || *seconds < 0 || *seconds > max))
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration %s: give a number of seconds from "
                            "0 to %ld",
                            text, key, max);
    return NULL;
}

static struct kc_error *read_algorithm(const struct kc_map *settings, const char **algorithm)
{
    static const char *const known[] = {"RS256", "ES256"};
    const char *text = kc_map_get_or(settings, KEY("algorithm"), known[0]);

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        *algorithm = known[i];
        if (strcasecmp(text, known[i]) == 0)
            return NULL;
    }
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration " KEY(
                            "algorithm") ": String must be "
                                         "one of (case insensitive): ES256, RS256",
                        text);
}

static struct kc_error *read_key(const struct kc_map *settings, struct wire_assertion *assertion)
{
    static const char name[] = KEY("private.key.file");
    struct kc_str text = {0};
    struct kc_error *err = read_file(settings, name, &text);

    if (err)
        goto out;
    err = wire_jwt_key(&text, kc_map_get(settings, KEY("private.key.passphrase")), &assertion->key);
    if (!err)
        err = wire_jwt_key_check(assertion->key, assertion->algorithm);
    if (err)
        err = kc_error_prefix(err, "%s, the file %s", name, kc_map_get(settings, name));
out:
    if (text.data)
        OPENSSL_cleanse(text.data, text.len);
    kc_str_destroy(&text);
    return err;
}

/* ---- Header and claims ---- */

static struct kc_error *add_claim(const struct kc_map *settings, const char *name, json_t *claims)
{
    char *key = kc_asprintf(KEY("claim.%s"), name), *value;
    struct kc_error *err = NULL;

    if (is_set(settings, key)) {
        value = kc_trimmed(kc_map_get(settings, key));
        if (*value)
            json_object_set_new(claims, name, json_string(value));
        else
            err = kc_error_new(KC_ERR_CONFIG, "The OAuth configuration option %s value is required",
                               key);
        free(value);
    }
    free(key);
    return err;
}

/* The template's member of that name: an object, or nothing. */
static bool take_layer(const json_t *template, const char *name, json_t *into)
{
    json_t *layer = json_object_get(template, name);

    if (!layer || json_is_null(layer))
        return true;
    return json_is_object(layer) && json_object_update(into, layer) == 0;
}

static bool take_template(const struct kc_str *text, struct wire_assertion *assertion)
{
    json_t *template = json_loadb(text->data ? text->data : "", text->len, 0, NULL);
    bool taken = json_is_object(template) && take_layer(template, "header", assertion->header) &&
                 take_layer(template, "payload", assertion->claims);

    json_decref(template);
    return taken;
}

static struct kc_error *add_template(const struct kc_map *settings,
                                     struct wire_assertion *assertion)
{
    static const char key[] = KEY("template.file");
    struct kc_str text = {0};
    struct kc_error *err = NULL;

    if (!is_set(settings, key))
        return NULL;
    err = read_file(settings, key, &text);
    if (!err && !take_template(&text, assertion))
        err = kc_error_new(KC_ERR_CONFIG,
                           "%s, the file %s: it has to be a JSON object whose \"header\" and "
                           "\"payload\", where they are there, are objects",
                           key, kc_map_get(settings, key));
    kc_str_destroy(&text);
    return err;
}

static struct kc_error *read_claims(const struct kc_map *settings, struct wire_assertion *assertion)
{
    static const char *const names[] = {"aud", "iss", "sub"};
    struct kc_error *err = NULL;

    assertion->header = json_object();
    assertion->claims = json_object();
    for (size_t i = 0; !err && i < sizeof(names) / sizeof(*names); i++)
        err = add_claim(settings, names[i], assertion->claims);
    if (!err)
        err = add_template(settings, assertion);
    if (!err)
        err = read_seconds(settings, KEY("claim.exp.seconds"), EXP_S, EXP_MAX_S, &assertion->exp_s);
    if (!err)
        err = read_seconds(settings, KEY("claim.nbf.seconds"), NBF_S, NBF_MAX_S, &assertion->nbf_s);
    assertion->has_id =
        strcasecmp(kc_map_get_or(settings, KEY("claim.jti.include"), "false"), "true") == 0;
    return err;
}

/* ---- Reading and making ---- */

static struct kc_error *read_ready(const struct kc_map *settings, struct wire_assertion *assertion)
{
    struct kc_str text = {0};
    struct kc_error *err = read_file(settings, KEY("file"), &text);

    if (!err) {
        err = wire_jwt_check(text.data ? text.data : "");
        if (err)
            err = kc_error_prefix(err, KEY("file") ", the file %s",
                                  kc_map_get(settings, KEY("file")));
    }
    if (!err)
        assertion->ready = kc_str_take(&text);
    kc_str_destroy(&text);
    return err;
}

struct kc_error *wire_assertion_new(const struct kc_map *settings, struct wire_assertion **out)
{
    struct wire_assertion *assertion = kc_calloc(1, sizeof(*assertion));
    struct kc_error *err;

    *out = NULL;
    if (is_set(settings, KEY("file"))) {
        err = read_ready(settings, assertion);
    } else {
        err = read_algorithm(settings, &assertion->algorithm);
        if (!err)
            err = read_key(settings, assertion);
        if (!err)
            err = read_claims(settings, assertion);
    }
    if (err) {
        wire_assertion_destroy(assertion);
        return err;
    }
    *out = assertion;
    return NULL;
}

void wire_assertion_destroy(struct wire_assertion *assertion)
{
    if (!assertion)
        return;
    free(assertion->ready);
    EVP_PKEY_free(assertion->key);
    json_decref(assertion->header);
    json_decref(assertion->claims);
    free(assertion);
}

/* A random UUID, as Java's UUID.randomUUID() prints it. */
static json_t *make_id(void)
{
    unsigned char id[16] = {0};

    RAND_bytes(id, sizeof(id));
    id[6] = (unsigned char)((id[6] & 0x0f) | 0x40);
    id[8] = (unsigned char)((id[8] & 0x3f) | 0x80);
    return json_sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                        id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9],
                        id[10], id[11], id[12], id[13], id[14], id[15]);
}

static void append_part(struct kc_str *jwt, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    wire_base64url(jwt, text ? text : "", text ? strlen(text) : 0);
    free(text);
    json_decref(object);
}

/* Three layers: the settings' claims, above them the template's, on top those of this moment. */
struct kc_error *wire_assertion_make(const struct wire_assertion *assertion, struct kc_str *jwt)
{
    json_int_t now = kc_now_ms() / 1000;

    if (assertion->ready) {
        kc_str_append(jwt, assertion->ready);
        return NULL;
    }
    json_t *header = json_copy(assertion->header);
    json_object_set_new(header, "alg", json_string(assertion->algorithm));
    json_object_set_new(header, "typ", json_string("JWT"));
    json_t *claims = json_copy(assertion->claims);
    json_object_set_new(claims, "iat", json_integer(now));
    json_object_set_new(claims, "exp", json_integer(now + assertion->exp_s));
    json_object_set_new(claims, "nbf", json_integer(now - assertion->nbf_s));
    if (assertion->has_id)
        json_object_set_new(claims, "jti", make_id());
    append_part(jwt, header);
    kc_str_append_char(jwt, '.');
    append_part(jwt, claims);
    return wire_jwt_sign(assertion->key, assertion->algorithm, jwt);
}
