/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of a SASL exchange; one implementation per mechanism behind a small vtable.
 *
 * A session is used by one thread at a time: its steps run in libuv's thread pool, since a
 * mechanism may ask a token endpoint or a KDC.
 */
#ifndef WORKER_WIRE_SASL_PRIV_H
#define WORKER_WIRE_SASL_PRIV_H

#include "connect/map.h"

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

/* What every mechanism's session begins with. */
struct wire_sasl {
    const struct wire_sasl_ops *ops;
};

extern const struct wire_sasl_ops wire_sasl_plain;
extern const struct wire_sasl_ops wire_sasl_scram_sha_256;
extern const struct wire_sasl_ops wire_sasl_scram_sha_512;
extern const struct wire_sasl_ops wire_sasl_oauthbearer;
extern const struct wire_sasl_ops wire_sasl_gssapi;

/* Checks sasl.mechanism and what it needs: KC_ERR_CONFIG. */
struct kc_error *wire_sasl_check(const struct kc_map *settings) KC_MUST_CHECK;
/* A session with the broker at host. */
struct kc_error *wire_sasl_new(const struct kc_map *settings, const char *host,
                               struct wire_sasl **sasl) KC_MUST_CHECK;
struct kc_error *wire_sasl_step(struct wire_sasl *sasl, const uint8_t *token, size_t len,
                                struct kc_str *answer, bool *done) KC_MUST_CHECK;
void wire_sasl_destroy(struct wire_sasl *sasl);

/* One entry of sasl.jaas.config: `login.module flag key="value" ...;`. Options into a new map, with
 * the module under "" . */
struct kc_error *wire_jaas_parse(const char *text, struct kc_map **options) KC_MUST_CHECK;
/* The options of the settings' sasl.jaas.config; KC_ERR_CONFIG when it is missing. */
struct kc_error *wire_jaas_options(const struct kc_map *settings,
                                   struct kc_map **options) KC_MUST_CHECK;

#endif
