/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session keys and the signatures of internal requests (KIP-507, InternalRequestSignature). Pure
 * functions on OpenSSL, any thread.
 */
#ifndef WORKER_HERDER_SESSION_KEY_PRIV_H
#define WORKER_HERDER_SESSION_KEY_PRIV_H

#include "herder/herder.h"

/* A fresh random key for algorithm ("HmacSHA256", ...), bits long, 0 for the algorithm's own
 * default. key's strings are owned by the caller (kc_session_key_clear()). */
struct kc_error *kc_session_key_generate(const char *algorithm, int bits,
                                         struct kc_session_key *key) KC_MUST_CHECK;
void kc_session_key_copy(struct kc_session_key *to, const struct kc_session_key *from);

/* Bytes of a key as kc_session_key_generate() makes it; -1: unknown algorithm. */
int kc_session_key_length(const char *algorithm, int bits);
/* Bytes of a stored key; -1: no valid base64. */
int kc_session_key_bytes(const struct kc_session_key *key);

/* base64(MAC(body)) with key, owned by the caller. KC_ERR_BAD_REQUEST for an unknown algorithm. */
struct kc_error *kc_session_key_sign(const struct kc_session_key *key, const char *algorithm,
                                     const void *body, size_t len, char **signature) KC_MUST_CHECK;

/* All checks of DistributedHerder.requestNotSignedProperly in order; key NULL: none read yet.
 * enforced: the group's protocol is sessioned. Without a body the MAC isn't checked. */
struct kc_error *kc_signature_check(const struct kc_signature *signature, bool enforced,
                                    const struct kc_strings *algorithms,
                                    const struct kc_session_key *key) KC_MUST_CHECK;

#endif
