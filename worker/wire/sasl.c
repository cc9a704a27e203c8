/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mechanisms by name, and PLAIN, which is too small for a file of its own. See sasl.h.
 */
#include "wire/sasl.h"

#include "security/jaas_login.h"
#include "security/sasl_mechanism.h"

#include <stdlib.h>
#include <string.h>

static const struct wire_sasl_ops *const mechanisms[] = {
    &wire_sasl_plain,       &wire_sasl_scram_sha_256, &wire_sasl_scram_sha_512,
    &wire_sasl_oauthbearer, &wire_sasl_gssapi,        &wire_sasl_aws_msk_iam,
};

static struct kc_error *find(const struct kc_map *settings, const struct wire_sasl_ops **ops)
{
    const char *name = kc_map_get_or(settings, "sasl.mechanism", "GSSAPI");

    for (size_t i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++) {
        *ops = mechanisms[i];
        if (strcmp((*ops)->mechanism, name) == 0)
            return NULL;
    }
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration sasl.mechanism: PLAIN, SCRAM-SHA-256, "
                        "SCRAM-SHA-512, OAUTHBEARER, GSSAPI and AWS_MSK_IAM are supported",
                        name);
}

struct kc_error *wire_sasl_new(const struct kc_map *settings, const char *host,
                               struct wire_sasl **sasl)
{
    const struct wire_sasl_ops *ops;
    struct kc_error *err = find(settings, &ops);

    *sasl = NULL;
    return err ? err : ops->start(settings, host, sasl);
}

struct kc_error *wire_sasl_check(const struct kc_map *settings)
{
    struct wire_sasl *sasl = NULL;
    struct kc_jaas jaas = {0};
    struct kc_error *err = kc_jaas_login(settings, &jaas);

    if (!err)
        err = kc_jaas_vendor(settings, &jaas);
    else if (kc_error_code(err) == KC_ERR_NOT_FOUND)
        kc_error_clear(&err);
    kc_jaas_clear(&jaas);
    if (!err)
        err = wire_sasl_new(settings, "localhost", &sasl);
    wire_sasl_destroy(sasl);
    return err;
}

struct kc_error *wire_sasl_step(struct wire_sasl *sasl, const uint8_t *token, size_t len,
                                struct kc_str *answer, bool *done)
{
    return sasl->ops->step(sasl, token, len, answer, done);
}

void wire_sasl_cancel(struct wire_sasl *sasl)
{
    atomic_store(&sasl->cancelled, true);
}

void wire_sasl_destroy(struct wire_sasl *sasl)
{
    if (sasl)
        sasl->ops->destroy(sasl);
}

/* ---- PLAIN (RFC 4616) ---- */

struct plain {
    struct wire_sasl base;
    struct kc_map *options;
};

static void plain_destroy(struct wire_sasl *sasl)
{
    struct plain *plain = (struct plain *)sasl;

    kc_map_destroy(plain->options);
    free(plain);
}

static struct kc_error *plain_start(const struct kc_map *settings, const char *host,
                                    struct wire_sasl **sasl)
{
    struct plain *plain = kc_calloc(1, sizeof(*plain));
    struct kc_error *err = kc_jaas_options(settings, &plain->options);

    plain->base.ops = &wire_sasl_plain;
    if (!err &&
        (!kc_map_get(plain->options, "username") || !kc_map_get(plain->options, "password")))
        err = kc_error_new(KC_ERR_CONFIG,
                           "sasl.jaas.config needs username and password for the mechanism PLAIN");
    if (err) {
        plain_destroy(&plain->base);
        return err;
    }
    *sasl = &plain->base;
    return NULL;
}

static struct kc_error *plain_step(struct wire_sasl *sasl, const uint8_t *token, size_t len,
                                   struct kc_str *answer, bool *done)
{
    struct plain *plain = (struct plain *)sasl;

    *done = true;
    kc_str_append_char(answer, 0);
    kc_str_append(answer, kc_map_get(plain->options, "username"));
    kc_str_append_char(answer, 0);
    kc_str_append(answer, kc_map_get(plain->options, "password"));
    return NULL;
}

const struct wire_sasl_ops wire_sasl_plain = {"PLAIN", plain_start, plain_step, plain_destroy};
