/* SPDX-License-Identifier: Apache-2.0 */
/* Presigning by AWS's Signature Version 4, on OpenSSL: see aws_sign.h. */
#include "security/aws_sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define NOTHING   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

void wire_aws_keys_clear(struct wire_aws_keys *keys)
{
    if (keys->secret)
        OPENSSL_cleanse(keys->secret, strlen(keys->secret));
    free(keys->id);
    free(keys->secret);
    free(keys->token);
    *keys = (struct wire_aws_keys){0};
}

/* Everything but RFC 3986's unreserved characters. */
static void append_encoded(struct kc_str *out, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

    for (; *text; text++) {
        if (strchr(plain, *text))
            kc_str_append_char(out, *text);
        else
            kc_str_appendf(out, "%%%02X", (unsigned char)*text);
    }
}

char *wire_aws_query(const struct kc_map *query)
{
    struct kc_strings pairs = {0};

    kc_map_foreach (query, entry) {
        struct kc_str pair = {0};

        append_encoded(&pair, entry->key);
        kc_str_append_char(&pair, '=');
        append_encoded(&pair, entry->value ? entry->value : "");
        kc_strings_take(&pairs, kc_str_take(&pair));
    }
    kc_strings_sort(&pairs);
    char *text = kc_strings_join(&pairs, "&");
    kc_strings_destroy(&pairs);
    return text;
}

static void to_hex(const unsigned char *data, char hex[65])
{
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", data[i]);
}

static void hash(const char *text, char hex[65])
{
    unsigned char digest[32];

    EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL);
    to_hex(digest, hex);
}

/* key becomes HMAC(key, text). */
static void derive(unsigned char key[EVP_MAX_MD_SIZE], unsigned int *len, const char *text)
{
    unsigned char next[EVP_MAX_MD_SIZE];

    HMAC(EVP_sha256(), key, (int)*len, (const unsigned char *)text, strlen(text), next, len);
    memcpy(key, next, *len);
}

static void sign(const char *secret, const struct wire_aws_request *request, const char *date,
                 const char *text, char hex[65])
{
    char *first = kc_asprintf("AWS4%s", secret);
    unsigned int len = (unsigned int)strlen(first);
    unsigned char key[EVP_MAX_MD_SIZE];

    HMAC(EVP_sha256(), first, (int)len, (const unsigned char *)date, strlen(date), key, &len);
    derive(key, &len, request->region);
    derive(key, &len, request->service);
    derive(key, &len, "aws4_request");
    derive(key, &len, text);
    to_hex(key, hex);
    OPENSSL_cleanse(first, strlen(first));
    free(first);
}

void wire_aws_sign(const struct wire_aws_keys *keys, const struct wire_aws_request *request,
                   struct kc_map **signed_query)
{
    struct kc_map *query = kc_map_copy(request->query);
    time_t now = (time_t)(request->now_ms / 1000);
    char stamp[32], date[16], hex[65], *scope, *text, *canonical;
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &parts);
    strftime(date, sizeof(date), "%Y%m%d", &parts);
    scope = kc_asprintf("%s/%s/%s/aws4_request", date, request->region, request->service);
    kc_map_set(query, "X-Amz-Algorithm", ALGORITHM);
    kc_map_setf(query, "X-Amz-Credential", "%s/%s", keys->id, scope);
    kc_map_set(query, "X-Amz-Date", stamp);
    kc_map_setf(query, "X-Amz-Expires", "%d", request->expires_s);
    if (keys->token)
        kc_map_set(query, "X-Amz-Security-Token", keys->token);
    kc_map_set(query, "X-Amz-SignedHeaders", "host");
    text = wire_aws_query(query);
    canonical = kc_asprintf("GET\n%s\n%s\nhost:%s\n\nhost\n%s", request->path, text, request->host,
                            request->payload_hash ? request->payload_hash : NOTHING);
    free(text);
    hash(canonical, hex);
    text = kc_asprintf(ALGORITHM "\n%s\n%s\n%s", stamp, scope, hex);
    sign(keys->secret, request, date, text, hex);
    kc_map_set(query, "X-Amz-Signature", hex);
    free(canonical);
    free(text);
    free(scope);
    *signed_query = query;
}
