/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources of OAUTHBEARER's tokens: a file, or a token endpoint with client credentials or an
 * assertion (KIP-768, KIP-1139).
 */
#ifndef WORKER_HTTP_OAUTH_TOKEN_PRIV_H
#define WORKER_HTTP_OAUTH_TOKEN_PRIV_H

#include "connect/map.h"

#include <stdatomic.h>

struct wire_oauth_source;

/* Reads and checks sasl.oauthbearer.* and the JAAS options: KC_ERR_CONFIG. */
struct kc_error *wire_oauth_source_new(const struct kc_map *settings, const struct kc_map *options,
                                       struct wire_oauth_source **source) KC_MUST_CHECK;
void wire_oauth_source_destroy(struct wire_oauth_source *source);

/* A token that has a JWT's form. Blocks; ends early once *cancelled. */
struct kc_error *wire_oauth_token(const struct wire_oauth_source *source,
                                  const atomic_bool *cancelled, struct kc_str *token) KC_MUST_CHECK;

#endif
