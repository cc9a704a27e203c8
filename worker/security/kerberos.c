/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kerberos tickets by keytab or ticket cache: see kerberos.h.
 *
 * A renewed ticket goes into a cache of a new name, because a login on another thread may be
 * reading the former one; that one is destroyed at the renewal after next.
 */
#include "security/kerberos.h"

#include "base/kafka_errors.h"
#include "connect/log.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.common.security.kerberos");

/* The time before a failed renewal is tried again while the ticket lasts. */
#define RETRY_MS 10000

struct kc_kerberos {
    struct kc_kerberos *next;
    char *keytab;      /* "FILE:..."; NULL: others fill the ticket cache */
    char *principal;   /* NULL: the keytab's first */
    char *ticket_file; /* "FILE:..." when there is no keytab */
    pthread_mutex_t lock;
    /* By lock: */
    unsigned number;     /* tells the logins' caches apart */
    unsigned generation; /* of the cache; 0: none yet */
    int64_t renew_ms;    /* kc_now_ms() */
    int64_t end_ms;
};

static pthread_mutex_t logins_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kc_kerberos *logins;

/* ---- Which login ---- */

static bool option_true(const struct kc_map *options, const char *option)
{
    return strcasecmp(kc_map_get_or(options, option, "false"), "true") == 0;
}

/* Java takes paths. A configuration may not choose keytabs and caches other than files. */
static char *file_name(const char *path)
{
    if (!path)
        return NULL;
    return strncmp(path, "FILE:", 5) == 0 ? kc_strdup(path) : kc_asprintf("FILE:%s", path);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same(const struct kc_kerberos *a, const struct kc_kerberos *b)
{
    return same_text(a->keytab, b->keytab) && same_text(a->principal, b->principal) &&
           same_text(a->ticket_file, b->ticket_file);
}

static struct kc_kerberos *add(const struct kc_kerberos *wanted)
{
    struct kc_kerberos *login = kc_calloc(1, sizeof(*login));
    *login = (struct kc_kerberos){
        .next = logins,
        .keytab = kc_strdup(wanted->keytab),
        .principal = kc_strdup(wanted->principal),
        .ticket_file = kc_strdup(wanted->ticket_file),
        .number = logins ? logins->number + 1 : 1,
    };
    pthread_mutex_init(&login->lock, NULL);
    logins = login;
    return login;
}

struct kc_kerberos *kc_kerberos_find(const struct kc_map *options)
{
    const char *keytab = options ? kc_map_get(options, "keyTab") : NULL;
    struct kc_kerberos wanted = {0};
    if (keytab && (option_true(options, "useKeyTab") || !option_true(options, "useTicketCache"))) {
        wanted.keytab = file_name(keytab);
        wanted.principal = kc_strdup(kc_map_get(options, "principal"));
    } else if (options) {
        wanted.ticket_file = file_name(kc_map_get(options, "ticketCache"));
    }
    struct kc_kerberos *login = NULL;
    if (wanted.keytab || wanted.ticket_file) {
        pthread_mutex_lock(&logins_lock);
        for (login = logins; login && !same(login, &wanted);)
            login = login->next;
        if (!login)
            login = add(&wanted);
        pthread_mutex_unlock(&logins_lock);
    }
    free(wanted.keytab);
    free(wanted.principal);
    free(wanted.ticket_file);
    return login;
}

static const char *named(const struct kc_kerberos *login)
{
    return login->principal ? login->principal : "(the keytab's first)";
}

/* ---- The keytab ---- */

static krb5_error_code look_up_key(krb5_context context, const struct kc_kerberos *login)
{
    krb5_keytab keytab = NULL;
    krb5_keytab_entry entry = {0};
    krb5_principal principal = NULL;
    krb5_kt_cursor cursor;
    krb5_error_code code = krb5_kt_resolve(context, login->keytab, &keytab);
    if (!code && login->principal) {
        code = krb5_parse_name(context, login->principal, &principal);
        if (!code)
            code = krb5_kt_get_entry(context, keytab, principal, 0, 0, &entry);
        if (!code)
            krb5_free_keytab_entry_contents(context, &entry);
    } else if (!code) {
        code = krb5_kt_start_seq_get(context, keytab, &cursor);
        if (!code)
            krb5_kt_end_seq_get(context, keytab, &cursor);
    }
    krb5_free_principal(context, principal);
    if (keytab)
        krb5_kt_close(context, keytab);
    return code;
}

struct kc_error *kc_kerberos_check(struct kc_kerberos *login)
{
    krb5_context context = NULL;
    struct kc_error *err = NULL;
    if (!login->keytab)
        return NULL;
    krb5_error_code code = krb5_init_context(&context);
    if (!code)
        code = look_up_key(context, login);
    if (code) {
        const char *why = krb5_get_error_message(context, code);
        err = kc_error_new(KC_ERR_CONFIG,
                           "Kerberos can't log in as the principal %s with the keytab %s: %s; the "
                           "options keyTab and principal of sasl.jaas.config must name a file that "
                           "the worker can read and a principal that is in it",
                           named(login), login->keytab + strlen("FILE:"), why);
        krb5_free_error_message(context, why);
    }
    if (context)
        krb5_free_context(context);
    return err;
}

/* ---- Tickets ---- */

static char *cache_name(const struct kc_kerberos *login, unsigned generation)
{
    return login->keytab ? kc_asprintf("MEMORY:isthmus-%u-%u", login->number, generation)
                         : kc_strdup(login->ticket_file);
}

static struct kc_error *gss_failed(const struct kc_kerberos *login, OM_uint32 major,
                                   OM_uint32 minor)
{
    OM_uint32 ignored, more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (minor)
        gss_display_status(&ignored, minor, GSS_C_MECH_CODE, GSS_C_NO_OID, &more, &text);
    else
        gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &text);
    const char *why = text.value ? text.value : "";
    const int len = (int)text.length;
    struct kc_error *err =
        login->keytab
            ? kc_error_kafka_new(KC_KAFKA_SASL_AUTHENTICATION_FAILED, false,
                                 "getting a ticket with the keytab %s for the principal %s: %.*s",
                                 login->keytab + strlen("FILE:"), named(login), len, why)
            : kc_error_kafka_new(KC_KAFKA_SASL_AUTHENTICATION_FAILED, false,
                                 "using the ticket cache %s: %.*s",
                                 login->ticket_file + strlen("FILE:"), len, why);
    gss_release_buffer(&ignored, &text);
    return err;
}

/* Credentials of one cache. Fills the cache with a new ticket, using the keytab. */
static struct kc_error *open_cache(const struct kc_kerberos *login, unsigned generation, bool fill,
                                   gss_cred_id_t *credentials, OM_uint32 *seconds)
{
    char *cache = cache_name(login, generation);
    gss_key_value_element_desc elements[] = {{"ccache", cache}, {"client_keytab", login->keytab}};
    const gss_key_value_set_desc store = {fill ? 2 : 1, elements};
    gss_buffer_desc text = {login->principal ? strlen(login->principal) : 0, login->principal};
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 minor = 0, major = GSS_S_COMPLETE;
    if (login->principal)
        major = gss_import_name(&minor, &text, GSS_C_NT_USER_NAME, &name);
    if (major == GSS_S_COMPLETE)
        major = gss_acquire_cred_from(&minor, name, GSS_C_INDEFINITE, GSS_C_NO_OID_SET,
                                      GSS_C_INITIATE, &store, credentials, NULL, seconds);
    struct kc_error *err = major == GSS_S_COMPLETE ? NULL : gss_failed(login, major, minor);
    if (name != GSS_C_NO_NAME)
        gss_release_name(&minor, &name);
    free(cache);
    return err;
}

static void destroy_cache(const struct kc_kerberos *login, unsigned generation)
{
    char *name = cache_name(login, generation);
    krb5_context context = NULL;
    krb5_ccache cache = NULL;
    if (krb5_init_context(&context) == 0) {
        if (krb5_cc_resolve(context, name, &cache) == 0)
            krb5_cc_destroy(context, cache);
        krb5_free_context(context);
    }
    free(name);
}

/* Locked. */
static struct kc_error *renew(struct kc_kerberos *login)
{
    const int64_t now = kc_now_ms();
    if (login->generation && now < login->renew_ms)
        return NULL;
    gss_cred_id_t credentials = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor, seconds = 0;
    struct kc_error *err = open_cache(login, login->generation + 1, true, &credentials, &seconds);
    if (credentials != GSS_C_NO_CREDENTIAL)
        gss_release_cred(&minor, &credentials);
    if (err && login->generation && now < login->end_ms) {
        kc_warn("Kerberos: %s; the ticket at hand lasts for %lld s more", kc_error_text(err),
                (long long)(login->end_ms - now) / 1000);
        kc_error_destroy(err);
        login->renew_ms = now + RETRY_MS;
        return NULL;
    }
    if (err)
        return err;
    login->generation++;
    login->renew_ms = now + (int64_t)seconds * 500;
    login->end_ms = now + (int64_t)seconds * 1000;
    if (login->generation > 2)
        destroy_cache(login, login->generation - 2);
    return NULL;
}

/* The cache's name. If there is a keytab, the cache has a ticket obtained with it. */
static struct kc_error *ready(struct kc_kerberos *login, unsigned *generation)
{
    pthread_mutex_lock(&login->lock);
    struct kc_error *err = login->keytab ? renew(login) : NULL;
    *generation = login->generation;
    pthread_mutex_unlock(&login->lock);
    return err;
}

struct kc_error *kc_kerberos_acquire(struct kc_kerberos *login, gss_cred_id_t *credentials)
{
    unsigned generation = 0;
    struct kc_error *err = ready(login, &generation);
    return err ? err : open_cache(login, generation, false, credentials, NULL);
}

struct kc_error *kc_kerberos_use(struct kc_kerberos *login)
{
    unsigned generation = 0;
    OM_uint32 minor = 0;
    struct kc_error *err = ready(login, &generation);
    if (err)
        return err;
    char *cache = cache_name(login, generation);
    const OM_uint32 major = gss_krb5_ccache_name(&minor, cache, NULL);
    free(cache);
    return major == GSS_S_COMPLETE ? NULL : gss_failed(login, major, minor);
}
