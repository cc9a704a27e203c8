/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of JSON Web Tokens that a client reads; the broker checks signatures. Pure functions.
 */
#ifndef WORKER_SECURITY_JWT_H
#define WORKER_SECURITY_JWT_H

#include "connect/mem.h"

#include <jansson.h>

/* The largest token; brokers take 512 KiB of a login in all. */
#define WIRE_JWT_MAX 65536

/* Whether token looks like a JWT: three parts of base64url, the first two JSON objects, no more
 * than WIRE_JWT_MAX bytes. Otherwise KC_ERR_DATA, which shows nothing of the text: it may be the
 * content of a file that isn't a token. */
struct kc_error *wire_jwt_check(const char *token) KC_MUST_CHECK;

/* Its claims, the part between the dots; owned by the caller, NULL when there are none. */
json_t *wire_jwt_claims(const char *token);

/* Appends data as base64url without padding. */
void wire_base64url(struct kc_str *out, const void *data, size_t len);

#endif
