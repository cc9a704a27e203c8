/* SPDX-License-Identifier: Apache-2.0 */
/* Topic ids and their text form (org.apache.kafka.common.Uuid). Pure functions, any thread. */
#include "wire/codec.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool kc_uuid_equal(const struct kc_uuid *a, const struct kc_uuid *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

bool kc_uuid_is_zero(const struct kc_uuid *uuid)
{
    static const struct kc_uuid zero;

    return kc_uuid_equal(uuid, &zero);
}

const char *kc_uuid_print(const struct kc_uuid *uuid, char text[KC_UUID_TEXT_SIZE])
{
    uint32_t bits = 0;
    int have = 0, out = 0;

    for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
        bits = bits << 8 | uuid->bytes[i];
        for (have += 8; have >= 6; have -= 6)
            text[out++] = alphabet[bits >> (have - 6) & 63];
    }
    text[out++] = alphabet[bits << (6 - have) & 63];
    text[out] = 0;
    return text;
}

bool kc_uuid_parse(const char *text, struct kc_uuid *uuid)
{
    uint32_t bits = 0;
    int have = 0;
    size_t out = 0;

    if (strlen(text) != KC_UUID_TEXT_SIZE - 1)
        return false;
    for (; *text; text++) {
        const char *found = strchr(alphabet, *text);

        if (!found)
            return false;
        bits = bits << 6 | (uint32_t)(found - alphabet);
        have += 6;
        if (have >= 8 && out < sizeof(uuid->bytes)) {
            have -= 8;
            uuid->bytes[out++] = (uint8_t)(bits >> have);
        }
    }
    return out == sizeof(uuid->bytes);
}
