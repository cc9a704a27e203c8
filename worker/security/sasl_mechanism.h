/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One implementation per SASL mechanism behind a small vtable. wire/sasl.h has them by name. Those
 * that ask an HTTP server are in http/. Each step of wire's sessions runs on a thread of its own
 * (conn_setup.c).
 */
#ifndef WORKER_SECURITY_SASL_MECHANISM_H
#define WORKER_SECURITY_SASL_MECHANISM_H

#include "connect/map.h"

#include <stdatomic.h>

struct wire_sasl;

struct wire_sasl_ops {
    const char *mechanism;
    /* Reads its settings; *sasl is freed by destroy. */
    struct kc_error *(*start)(const struct kc_map *settings, const char *host,
                              struct wire_sasl **sasl);
    /* Answers the server's token (empty at the start) with ours; *done: we need nothing more. */
    struct kc_error *(*step)(struct wire_sasl *sasl, const uint8_t *token, size_t len,
                             struct kc_str *answer, bool *done);
    void (*destroy)(struct wire_sasl *sasl);
};

/* The head of every mechanism's session. */
struct wire_sasl {
    const struct wire_sasl_ops *ops;
    atomic_bool cancelled; /* nobody waits for the step any more */
};

extern const struct wire_sasl_ops wire_sasl_plain;
extern const struct wire_sasl_ops wire_sasl_scram_sha_256;
extern const struct wire_sasl_ops wire_sasl_scram_sha_512;
extern const struct wire_sasl_ops wire_sasl_oauthbearer;
extern const struct wire_sasl_ops wire_sasl_gssapi;
extern const struct wire_sasl_ops wire_sasl_aws_msk_iam;

/* Whether the JAAS options speak of unsecured tokens. */
bool wire_unsecured_wanted(const struct kc_map *options);
/* Appends such a token, KIP-255; KC_ERR_CONFIG when the options don't name the principal. */
struct kc_error *wire_unsecured_token(const struct kc_map *options,
                                      struct kc_str *token) KC_MUST_CHECK;

#endif
