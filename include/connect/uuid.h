/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka's UUIDs. A topic gets one when it is created, so a topic that was deleted and created again
 * is recognised as another one (KIP-516). Pure functions, any thread (API 1.3).
 */
#ifndef CONNECT_UUID_H
#define CONNECT_UUID_H

#include "connect/contract.h"

#include <stdbool.h>
#include <stdint.h>

KC_API_BEGIN

/* All zero: none, or not known. Never grows. */
struct kc_uuid {
    uint8_t bytes[16];
};

bool kc_uuid_equal(const struct kc_uuid *a, const struct kc_uuid *b);
bool kc_uuid_is_zero(const struct kc_uuid *uuid);
/* Kafka's text form, base64url without padding, 22 characters, into text; returns text. */
#define KC_UUID_TEXT_SIZE 23
const char *kc_uuid_print(const struct kc_uuid *uuid, char text[KC_UUID_TEXT_SIZE]);
bool kc_uuid_parse(const char *text, struct kc_uuid *uuid);

KC_API_END

#endif
