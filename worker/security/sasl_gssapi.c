/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GSSAPI (Kerberos) through Cyrus SASL.
 *
 * Credentials are those of kerberos.c when the JAAS options name a keytab or a ticket cache, else
 * the process's. Steps may ask a KDC: see sasl_mechanism.h for their thread.
 */
#include "base/kafka_errors.h"
#include "security/jaas_login.h"
#include "security/kerberos.h"
#include "security/sasl_mechanism.h"

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
    gss_cred_id_t credentials; /* none: the process's */
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

    OM_uint32 minor;

    if (gssapi->sasl)
        sasl_dispose(&gssapi->sasl);
    if (gssapi->credentials)
        gss_release_cred(&minor, &gssapi->credentials);
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
        KC_KAFKA_SASL_AUTHENTICATION_FAILED, false,
        "%s for GSSAPI: %s. Is the package libsasl2-modules-gssapi-mit installed, "
        "and is there a ticket (kinit) or a keytab for the principal?",
        doing, detail ? detail : "unknown reason");
}

/* ---- The exchange ---- */

static struct kc_error *open_session(struct gssapi *gssapi)
{
    struct kc_kerberos *login = kc_kerberos_find(gssapi->options);
    struct kc_error *err = login ? kc_kerberos_acquire(login, &gssapi->credentials) : NULL;
    static const sasl_security_properties_t no_layer = {.max_ssf = 0, .maxbufsize = 65536};

    if (err)
        return err;
    pthread_once(&once, init_library);
    if (init_code != SASL_OK)
        return failed(gssapi, "starting Cyrus SASL", init_code);
    int code = sasl_client_new(gssapi->service, gssapi->host, NULL, NULL, NULL, 0, &gssapi->sasl);
    if (code != SASL_OK)
        return failed(gssapi, "opening a session", code);
    sasl_setprop(gssapi->sasl, SASL_SEC_PROPS, &no_layer);
    if (gssapi->credentials)
        sasl_setprop(gssapi->sasl, SASL_GSS_CREDS, gssapi->credentials);
    return NULL;
}

static struct kc_error *gssapi_start(const struct kc_map *settings, const char *host,
                                     struct wire_sasl **sasl)
{
    struct gssapi *gssapi = kc_calloc(1, sizeof(*gssapi));
    const char *service = kc_map_get(settings, "sasl.kerberos.service.name");
    struct kc_error *err = NULL;

    gssapi->base.ops = &wire_sasl_gssapi;
    gssapi->host = kc_strdup(host);
    err = kc_jaas_options_if_any(settings, &gssapi->options);
    if (!service && gssapi->options)
        service = kc_map_get(gssapi->options, "serviceName");
    gssapi->service = kc_strdup(service);
    if (!err && !service)
        err = kc_error_new(KC_ERR_CONFIG,
                           "sasl.kerberos.service.name is needed for the mechanism GSSAPI");
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
