/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GSSAPI (Kerberos) through Cyrus SASL.
 *
 * The credentials are those of the process: a credential cache, or the keytab of the JAAS options,
 * which Kerberos takes as a client keytab and gets tickets from by itself. Steps run in libuv's
 * thread pool, since they may ask a KDC.
 */
#include "wire/jaas.h"
#include "wire/sasl_priv.h"

#include <pthread.h>
#include <sasl/sasl.h>
#include <stdlib.h>
#include <string.h>

struct gssapi {
    struct wire_sasl base;
    struct kc_map *options;
    char *service;
    char *host;
    sasl_conn_t *sasl;
    bool started;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int init_code;

static void init_library(void)
{
    init_code = sasl_client_init(NULL);
}

static void gssapi_destroy(struct wire_sasl *sasl)
{
    struct gssapi *gssapi = (struct gssapi *)sasl;

    if (gssapi->sasl)
        sasl_dispose(&gssapi->sasl);
    kc_map_destroy(gssapi->options);
    free(gssapi->service);
    free(gssapi->host);
    free(gssapi);
}

static struct kc_error *failed(const struct gssapi *gssapi, const char *doing, int code)
{
    const char *detail =
        gssapi->sasl ? sasl_errdetail(gssapi->sasl) : sasl_errstring(code, NULL, NULL);

    return kc_error_kafka_new(
        58, false,
        "%s for GSSAPI: %s. Is the package libsasl2-modules-gssapi-mit installed, "
        "and is there a ticket (kinit) or a keytab for the principal?",
        doing, detail ? detail : "unknown reason");
}

static struct kc_error *open_session(struct gssapi *gssapi)
{
    static const sasl_security_properties_t no_layer = {.max_ssf = 0, .maxbufsize = 65536};
    int code;

    pthread_once(&once, init_library);
    if (init_code != SASL_OK)
        return failed(gssapi, "starting Cyrus SASL", init_code);
    code = sasl_client_new(gssapi->service, gssapi->host, NULL, NULL, NULL, 0, &gssapi->sasl);
    if (code != SASL_OK)
        return failed(gssapi, "opening a session", code);
    sasl_setprop(gssapi->sasl, SASL_SEC_PROPS, &no_layer);
    return NULL;
}

static struct kc_error *gssapi_start(const struct kc_map *settings, const char *host,
                                     struct wire_sasl **sasl)
{
    struct gssapi *gssapi = kc_calloc(1, sizeof *gssapi);
    const char *service = kc_map_get(settings, "sasl.kerberos.service.name"), *keytab;
    struct kc_error *err = NULL;

    gssapi->base.ops = &wire_sasl_gssapi;
    gssapi->host = kc_strdup(host);
    if (kc_map_get(settings, "sasl.jaas.config"))
        err = kc_jaas_options(settings, &gssapi->options);
    if (!service && gssapi->options)
        service = kc_map_get(gssapi->options, "serviceName");
    gssapi->service = kc_strdup(service);
    if (!err && !service)
        err = kc_error_new(KC_ERR_CONFIG,
                           "sasl.kerberos.service.name is needed for the mechanism GSSAPI");
    keytab = gssapi->options ? kc_map_get(gssapi->options, "keyTab") : NULL;
    if (!err && keytab && !getenv("KRB5_CLIENT_KTNAME"))
        setenv("KRB5_CLIENT_KTNAME", keytab, 0);
    if (err) {
        gssapi_destroy(&gssapi->base);
        return err;
    }
    *sasl = &gssapi->base;
    return NULL;
}

static struct kc_error *gssapi_step(struct wire_sasl *sasl, const uint8_t *token, size_t len,
                                    struct kc_str *answer, bool *done)
{
    struct gssapi *gssapi = (struct gssapi *)sasl;
    const char *out = NULL, *chosen;
    unsigned int out_len = 0;
    struct kc_error *err;
    int code;

    if (!gssapi->started) {
        err = open_session(gssapi);
        if (err)
            return err;
        gssapi->started = true;
        code = sasl_client_start(gssapi->sasl, "GSSAPI", NULL, &out, &out_len, &chosen);
    } else {
        code = sasl_client_step(gssapi->sasl, (const char *)token, (unsigned int)len, NULL, &out,
                                &out_len);
    }
    if (code != SASL_OK && code != SASL_CONTINUE)
        return failed(gssapi, "authenticating", code);
    *done = code == SASL_OK;
    if (out_len)
        kc_str_append_n(answer, out, out_len);
    return NULL;
}

const struct wire_sasl_ops wire_sasl_gssapi = {"GSSAPI", gssapi_start, gssapi_step, gssapi_destroy};
