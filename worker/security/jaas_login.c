/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a client's login, and refuses vendors' classes: see jaas_login.h. */
#include "security/jaas_login.h"

#include "base/file_read.h"
#include "config/java_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTION  "KafkaClient"
#define PROPERTY "java.security.auth.login.config"
#define FILE_MAX 65536

/* ---- The file ---- */

/* The value is a path or a file: URL; with "==" Java takes no other file beside it. Owned by the
 * caller; NULL: none. */
static char *file_path(void)
{
    char *given = kc_java_property(PROPERTY), *path;
    const char *at = given;

    if (!given || !*given) {
        free(given);
        return NULL;
    }
    at += *at == '=';
    if (strncmp(at, "file:", 5) == 0) {
        at += 5;
        while (at[0] == '/' && at[1] == '/')
            at++;
    }
    path = kc_strdup(at);
    free(given);
    return path;
}

static struct kc_error *read_file(const char *path, struct kc_str *text)
{
    int code = kc_file_append(text, path, FILE_MAX);

    if (code == EFBIG)
        return kc_error_new(KC_ERR_CONFIG, "it has more than 64 KiB");
    return code ? kc_error_new(KC_ERR_CONFIG, "can't read it: %s", strerror(code)) : NULL;
}

/* Which module a mechanism logs in by. */
static const char *module_of(const char *mechanism)
{
    static const char *const modules[][2] = {
        {"PLAIN", "PlainLoginModule"},
        {"SCRAM-SHA-256", "ScramLoginModule"},
        {"SCRAM-SHA-512", "ScramLoginModule"},
        {"GSSAPI", "Krb5LoginModule"},
        {"OAUTHBEARER", "OAuthBearerLoginModule"},
        {"AWS_MSK_IAM", "IAMLoginModule"},
    };

    for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++) {
        if (strcmp(mechanism, modules[i][0]) == 0)
            return modules[i][1];
    }
    return "";
}

static struct kc_error *not_found(const char *path)
{
    return kc_error_new(KC_ERR_NOT_FOUND,
                        "Could not find a '" SECTION "' entry in the JAAS configuration. System "
                        "property '" PROPERTY "' is %s",
                        path ? path : "not set");
}

static struct kc_error *from_file(const char *mechanism, struct kc_jaas *jaas)
{
    char *path = file_path();
    struct kc_str text = {0};
    struct kc_error *err = path ? read_file(path, &text) : not_found(NULL);

    if (!err) {
        err = kc_jaas_entry_for(text.data, SECTION, module_of(mechanism), jaas);
        if (err && kc_error_code(err) == KC_ERR_NOT_FOUND) {
            kc_error_destroy(err);
            err = not_found(path);
        }
    }
    if (err && kc_error_code(err) != KC_ERR_NOT_FOUND)
        err = kc_error_prefix(err, "the JAAS file %s, which " PROPERTY " names", path);
    kc_str_destroy(&text);
    free(path);
    return err;
}

/* ---- The login ---- */

struct kc_error *kc_jaas_login(const struct kc_map *settings, struct kc_jaas *jaas)
{
    const char *text = kc_map_get(settings, "sasl.jaas.config");

    *jaas = (struct kc_jaas){0};
    if (text && *text)
        return kc_jaas_parse(text, jaas);
    return from_file(kc_map_get_or(settings, "sasl.mechanism", "GSSAPI"), jaas);
}

struct kc_error *kc_jaas_options_if_any(const struct kc_map *settings, struct kc_map **options)
{
    struct kc_jaas jaas = {0};
    struct kc_error *err = kc_jaas_login(settings, &jaas);

    if (err && kc_error_code(err) == KC_ERR_NOT_FOUND)
        kc_error_clear(&err);
    *options = NULL;
    if (!err) {
        *options = jaas.options ? jaas.options : kc_map_new();
        jaas.options = NULL;
    }
    kc_jaas_clear(&jaas);
    return err;
}

struct kc_error *kc_jaas_options(const struct kc_map *settings, struct kc_map **options)
{
    struct kc_jaas jaas = {0};
    struct kc_error *err = kc_jaas_login(settings, &jaas);

    *options = NULL;
    if (!err) {
        *options = jaas.options;
        jaas.options = NULL;
    } else if (kc_error_code(err) == KC_ERR_NOT_FOUND) {
        struct kc_error *wanted =
            kc_error_new(KC_ERR_CONFIG,
                         "sasl.jaas.config is needed for security.protocol=%s with "
                         "sasl.mechanism=%s: %s",
                         kc_map_get_or(settings, "security.protocol", "SASL_PLAINTEXT"),
                         kc_map_get_or(settings, "sasl.mechanism", "GSSAPI"), kc_error_text(err));
        kc_error_destroy(err);
        err = wanted;
    }
    kc_jaas_clear(&jaas);
    return err;
}

/* ---- Vendors ---- */

/* Vendors' classes, recognised by the beginning of their names. */
static const struct {
    const char *prefix;
    const char *instead;
} vendors[] = {
    {"com.google.cloud.hosted.kafka.",
     "Google's handler asks the instance's metadata server for a token; have its token written to "
     "a "
     "file, and give that as sasl.oauthbearer.token.endpoint.url=file:///path, or log in by PLAIN "
     "with a service account's key"},
    {"com.microsoft.azure.",
     "Azure's handler is a client credentials grant; give "
     "sasl.oauthbearer.token.endpoint.url=https://login.microsoftonline.com/TENANT/oauth2/v2.0/"
     "token with clientId, clientSecret and scope, or log in to Event Hubs by PLAIN with the user "
     "$ConnectionString"},
    {"io.confluent.",
     "Confluent's handler is a client credentials grant; give sasl.oauthbearer.token.endpoint.url "
     "with clientId, clientSecret, scope and the options extension_logicalCluster and "
     "extension_identityPoolId, or log in by PLAIN with an API key"},
    {"io.strimzi.kafka.oauth.",
     "Strimzi's handler takes oauth.* options; give sasl.oauthbearer.token.endpoint.url, clientId, "
     "clientSecret and scope in their place"},
    {"com.oracle.bmc.", "log in to Oracle's streams by PLAIN with an auth token"},
    {"com.ibm.eventstreams.", "log in to IBM's event streams by PLAIN with the user token"},
    {"com.amazonaws.services.schemaregistry.",
     "that is a class of the Glue Schema Registry, not a login"},
};

struct kc_error *kc_jaas_vendor(const struct kc_map *settings, const struct kc_jaas *jaas)
{
    /* An endpoint given is asked whatever the handler's name is. */
    bool endpoint = kc_map_get(settings, "sasl.oauthbearer.token.endpoint.url");
    const char *names[] = {
        jaas->module,
        endpoint ? NULL : kc_map_get(settings, "sasl.login.callback.handler.class"),
        endpoint ? NULL : kc_map_get(settings, "sasl.client.callback.handler.class"),
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        for (size_t j = 0; names[i] && j < sizeof(vendors) / sizeof(*vendors); j++) {
            if (strncmp(names[i], vendors[j].prefix, strlen(vendors[j].prefix)) == 0)
                return kc_error_new(KC_ERR_CONFIG, "The class %s can't be run here: %s", names[i],
                                    vendors[j].instead);
        }
    }
    return NULL;
}
