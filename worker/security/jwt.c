/* SPDX-License-Identifier: Apache-2.0 */
/* A JWT's form: see jwt.h. */
#include "security/jwt.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* A character of RFC 4648's alphabet for URLs. */
static bool is_base64url(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* The JSON object in a part of a token; NULL when it isn't one. */
static json_t *part_object(const char *part, size_t len)
{
    size_t padded = (len + 3) / 4 * 4;
    char *base64 = kc_calloc(1, padded + 1);
    unsigned char *text = kc_calloc(1, padded + 1);
    json_t *object = NULL;

    for (size_t i = 0; i < padded; i++) {
        char c = i < len ? part[i] : '=';
        base64[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    int size = EVP_DecodeBlock(text, (unsigned char *)base64, (int)padded);
    if (size >= 0)
        object = json_loads((const char *)text, JSON_REJECT_DUPLICATES, NULL);
    free(base64);
    free(text);
    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static bool part_is_object(const char *part, size_t len)
{
    json_t *object = part_object(part, len);

    json_decref(object);
    return object != NULL;
}

static struct kc_error *malformed(const char *why)
{
    return kc_error_new(KC_ERR_DATA,
                        "Malformed JWT provided; expected three sections (header, payload, and "
                        "signature), but %s",
                        why);
}

struct kc_error *wire_jwt_check(const char *token)
{
    size_t len = strlen(token), head, claims, dots = 0;

    if (!len)
        return kc_error_new(KC_ERR_DATA, "Empty JWT provided; expected three sections (header, "
                                         "payload, and signature)");
    if (len > WIRE_JWT_MAX)
        return malformed("it has more than 65536 bytes");
    for (size_t i = 0; i < len; i++) {
        if (token[i] != '.' && !is_base64url(token[i]))
            return malformed("it has characters that aren't base64url");
        dots += token[i] == '.';
    }
    if (dots != 2)
        return malformed("it has another number of sections");
    head = strcspn(token, ".");
    claims = strcspn(token + head + 1, ".");
    if (!part_is_object(token, head) || !part_is_object(token + head + 1, claims))
        return malformed("its header or payload is no JSON object");
    return NULL;
}

json_t *wire_jwt_claims(const char *token)
{
    const char *begin = strchr(token, '.');
    const char *end = begin ? strchr(begin + 1, '.') : NULL;

    return end ? part_object(begin + 1, (size_t)(end - begin - 1)) : NULL;
}

void wire_base64url(struct kc_str *out, const void *data, size_t len)
{
    char *base64 = kc_calloc(1, (len + 2) / 3 * 4 + 1);
    int size = EVP_EncodeBlock((unsigned char *)base64, data, (int)len);

    for (int i = 0; i < size && base64[i] != '='; i++)
        kc_str_append_char(out, base64[i] == '+' ? '-' : base64[i] == '/' ? '_' : base64[i]);
    free(base64);
}
