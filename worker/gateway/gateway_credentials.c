/* SPDX-License-Identifier: Apache-2.0 */
/* The map of credentials, read and asked: see gateway_credentials_priv.h. */
#include "gateway/gateway_credentials_priv.h"

#include "config/providers.h"
#include "connect/hash.h"
#include "gateway/gateway_principal_priv.h"
#include "wire/sasl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* In messages; the settings of one listener are read without "gateway.". */
#define PREFIX "gateway.credentials."
#define OWN    "credentials."

struct credential {
    char *principal;
    struct kc_map *login;
    UT_hash_handle hh;
};

struct gateway_credentials {
    struct gateway_principals *principals;
    struct credential *all;
};

void gateway_credentials_destroy(struct gateway_credentials *credentials)
{
    struct credential *one, *next;
    if (!credentials)
        return;
    HASH_ITER (hh, credentials->all, one, next) {
        HASH_DEL(credentials->all, one);
        kc_map_destroy(one->login);
        free(one->principal);
        free(one);
    }
    gateway_principals_destroy(credentials->principals);
    free(credentials);
}

size_t gateway_credentials_count(const struct gateway_credentials *credentials)
{
    return HASH_COUNT(credentials->all);
}

/* ---- reading ---- */

/* "credentials.*" and "ssl.*" as they are for a listener: its own go first. */
static struct kc_map *of_listener(const struct kc_map *settings, const char *listener,
                                  bool own_only)
{
    char *prefix = kc_asprintf("gateway.listener.name.%s.", listener);
    for (char *p = prefix; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    struct kc_map *all = kc_map_subset(settings, "ssl.", false);
    struct kc_map *shared = own_only ? kc_map_new() : kc_map_subset(settings, PREFIX, true);
    struct kc_map *own = kc_map_subset(settings, prefix, true);
    kc_map_foreach (shared, entry) {
        char *key = kc_asprintf(OWN "%s", entry->key);
        kc_map_set(all, key, entry->value);
        free(key);
    }
    kc_map_merge(all, own);
    kc_map_trim(all);
    kc_map_destroy(shared);
    kc_map_destroy(own);
    free(prefix);
    return all;
}

/* What logs in as a name: its own settings alone, so that nobody logs in as the gateway; with the
 * target's mechanism, and the gateway's trust where a token endpoint is asked. */
static struct kc_map *login_of(const struct kc_map *settings, const struct kc_map *own,
                               const char *name)
{
    char *prefix = kc_asprintf(OWN "%s.", name);
    struct kc_map *login = kc_map_subset(settings, "ssl.truststore.", false);
    struct kc_map *named = kc_map_subset(own, prefix, true);
    if (kc_map_get(settings, "sasl.mechanism"))
        kc_map_set(login, "sasl.mechanism", kc_map_get(settings, "sasl.mechanism"));
    kc_map_merge(login, named);
    kc_map_remove(login, "principal");
    kc_map_destroy(named);
    free(prefix);
    return login;
}

/* A variable that no provider knows would go out as a password. */
static struct kc_error *check_variables(const struct kc_map *login)
{
    kc_map_foreach (login, entry) {
        if (kc_providers_has_variable(entry->value))
            return kc_error_new(KC_ERR_CONFIG,
                                "%s has a variable that no provider of config.providers replaces",
                                entry->key);
    }
    return NULL;
}

static struct kc_error *check_login(const struct kc_map *login, const char *name)
{
    struct kc_error *err = NULL;
    if (!kc_map_get(login, "sasl.jaas.config"))
        err = kc_error_new(KC_ERR_CONFIG,
                           "sasl.jaas.config is needed: it says with which credentials the gateway "
                           "logs in to the target for this client");
    if (!err)
        err = check_variables(login);
    if (!err)
        err = wire_sasl_check(login);
    return err ? kc_error_prefix(err, PREFIX "%s", name) : NULL;
}

/* Takes login. */
static struct kc_error *add(struct gateway_credentials *credentials, const char *name,
                            const char *principal, struct kc_map *login)
{
    struct credential *one = NULL;
    struct kc_error *err = check_login(login, name);
    if (!err) {
        HASH_FIND_STR(credentials->all, principal, one);
        if (one)
            err =
                kc_error_new(KC_ERR_CONFIG,
                             PREFIX "%s.principal: %s has credentials already; each principal has "
                                    "one entry of gateway.credentials.map",
                             name, principal);
    }
    if (err) {
        kc_map_destroy(login);
        return err;
    }
    one = kc_calloc(1, sizeof(*one));
    one->principal = kc_strdup(principal);
    one->login = login;
    HASH_ADD_KEYPTR(hh, credentials->all, one->principal, strlen(one->principal), one);
    return NULL;
}

static struct kc_error *add_named(struct gateway_credentials *credentials,
                                  const struct kc_map *settings, const struct kc_map *own,
                                  const char *name)
{
    char *key = kc_asprintf(OWN "%s.principal", name);
    struct kc_error *err =
        add(credentials, name, kc_map_get_or(own, key, name), login_of(settings, own, name));
    free(key);
    return err;
}

static struct kc_error *read_all(struct gateway_credentials *credentials,
                                 const struct kc_map *settings, const struct kc_map *own)
{
    struct kc_strings names = {0};
    struct kc_error *err = gateway_principals_new(kc_map_get(own, "ssl.principal.mapping.rules"),
                                                  &credentials->principals);
    kc_strings_split(&names, kc_map_get(own, OWN "map"));
    for (size_t i = 0; i < names.count && !err; i++)
        err = add_named(credentials, settings, own, names.items[i]);
    if (!err && names.count == 0)
        err = kc_error_new(KC_ERR_CONFIG,
                           PREFIX "map is empty: name the clients that have credentials there, or "
                                  "take the key out");
    kc_strings_destroy(&names);
    return err;
}

struct kc_error *gateway_credentials_new(const struct kc_map *settings, const char *listener,
                                         bool own_only, struct gateway_credentials **out)
{
    struct kc_error *err = NULL;
    struct gateway_credentials *credentials = NULL;
    struct kc_map *own = of_listener(settings, listener, own_only);
    *out = NULL;
    if (kc_map_get(own, OWN "map")) {
        credentials = kc_calloc(1, sizeof(*credentials));
        err = read_all(credentials, settings, own);
    }
    kc_map_destroy(own);
    if (err) {
        gateway_credentials_destroy(credentials);
        return err;
    }
    *out = credentials;
    return NULL;
}

/* ---- asking ---- */

struct kc_error *gateway_credentials_find(const struct gateway_credentials *credentials,
                                          const char *distinguished, char **principal,
                                          const struct kc_map **login)
{
    struct credential *one = NULL;
    *principal = NULL;
    *login = NULL;
    if (!distinguished)
        return kc_error_new(KC_ERR_UNAUTHORIZED, "the client has shown no certificate");
    struct kc_error *err =
        gateway_principals_name(credentials->principals, distinguished, principal);
    if (err)
        return err;
    HASH_FIND_STR(credentials->all, *principal, one);
    if (!one)
        return kc_error_new(KC_ERR_UNAUTHORIZED,
                            "%s has no credentials for the target: gateway.credentials.map has no "
                            "entry for it",
                            *principal);
    *login = one->login;
    return NULL;
}
