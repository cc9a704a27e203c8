/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GSSAPI (Kerberos) through Cyrus SASL.
 *
 * With a keytab in the JAAS options the session has credentials of its own: Kerberos gets tickets
 * for the principal by itself and keeps them in a cache in memory, one for each keytab and
 * principal, so that clusters may want different ones. Without a keytab they are the process's
 * credential cache. Steps may ask a KDC: see sasl_priv.h for
 * their thread.
 */
#include "wire/errors.h"
#include "wire/jaas_login.h"
#include "wire/sasl_priv.h"

#include <gssapi/gssapi_ext.h>
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

/* ---- Credentials ---- */

static struct kc_error *gss_failed(const char *doing, const char *what, OM_uint32 major,
                                   OM_uint32 minor)
{
    OM_uint32 ignored, more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    struct kc_error *err;

    if (minor)
        gss_display_status(&ignored, minor, GSS_C_MECH_CODE, GSS_C_NO_OID, &more, &text);
    else
        gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &text);
    err = kc_error_kafka_new(KC_KAFKA_SASL_AUTHENTICATION_FAILED, false, "%s %s: %.*s", doing, what,
                             (int)text.length, text.value ? (const char *)text.value : "");
    gss_release_buffer(&ignored, &text);
    return err;
}

static struct kc_error *import_principal(const char *principal, gss_name_t *name)
{
    gss_buffer_desc text = {strlen(principal), (void *)principal};
    OM_uint32 minor, major = gss_import_name(&minor, &text, GSS_C_NT_USER_NAME, name);

    return major == GSS_S_COMPLETE ? NULL : gss_failed("the principal", principal, major, minor);
}

/* Of the keytab and its principal; the first of the keytab when none is named, as kinit does. */
static struct kc_error *acquire(struct gssapi *gssapi, const char *keytab, const char *principal)
{
    char *cache = kc_asprintf("MEMORY:isthmus-%s-%s", keytab, principal ? principal : "");
    gss_key_value_element_desc elements[] = {{"client_keytab", keytab}, {"ccache", cache}};
    const gss_key_value_set_desc store = {2, elements};
    gss_name_t name = GSS_C_NO_NAME;
    struct kc_error *err = principal ? import_principal(principal, &name) : NULL;
    OM_uint32 minor, major;

    if (!err) {
        major = gss_acquire_cred_from(&minor, name, GSS_C_INDEFINITE, GSS_C_NO_OID_SET,
                                      GSS_C_INITIATE, &store, &gssapi->credentials, NULL, NULL);
        if (major != GSS_S_COMPLETE)
            err = gss_failed("getting a ticket with the keytab", keytab, major, minor);
    }
    if (name != GSS_C_NO_NAME)
        gss_release_name(&minor, &name);
    free(cache);
    return err;
}

/* ---- The exchange ---- */

static struct kc_error *open_session(struct gssapi *gssapi)
{
    const char *keytab = gssapi->options ? kc_map_get(gssapi->options, "keyTab") : NULL;
    struct kc_error *err =
        keytab ? acquire(gssapi, keytab, kc_map_get(gssapi->options, "principal")) : NULL;
    static const sasl_security_properties_t no_layer = {.max_ssf = 0, .maxbufsize = 65536};
    int code;

    if (err)
        return err;
    pthread_once(&once, init_library);
    if (init_code != SASL_OK)
        return failed(gssapi, "starting Cyrus SASL", init_code);
    code = sasl_client_new(gssapi->service, gssapi->host, NULL, NULL, NULL, 0, &gssapi->sasl);
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
    struct gssapi *gssapi = kc_calloc(1, sizeof *gssapi);
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
