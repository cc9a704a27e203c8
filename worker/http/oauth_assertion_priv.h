/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The assertion that JwtBearerJwtRetriever sends to a token endpoint in place of a secret
 * (KIP-1139): a JWT signed here, or one that somebody else has signed and put into a file. Java's
 * keys are sasl.oauthbearer.assertion.*; every file must be on the list of oauth_allowed.h.
 *
 * One thread reads an assertion's settings, another one makes the assertion.
 */
#ifndef WORKER_HTTP_OAUTH_ASSERTION_PRIV_H
#define WORKER_HTTP_OAUTH_ASSERTION_PRIV_H

#include "connect/map.h"

struct wire_assertion;

/* Reads the files as they are now. KC_ERR_CONFIG when one isn't allowed, or can't be used. */
struct kc_error *wire_assertion_new(const struct kc_map *settings,
                                    struct wire_assertion **assertion) KC_MUST_CHECK;
void wire_assertion_destroy(struct wire_assertion *assertion); /* NULL is fine */

/* Appends the JWT, which is good from now on. */
struct kc_error *wire_assertion_make(const struct wire_assertion *assertion,
                                     struct kc_str *jwt) KC_MUST_CHECK;

#endif
