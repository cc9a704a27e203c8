/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java's sasl.* settings for librdkafka: the content of sasl.jaas.config, by login module.
 *
 * Passwords go from the one into the other and nowhere else.
 */
#include "http/aws_login.h"
#include "kafka/client_priv.h"
#include "security/jaas_login.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define JAAS "sasl.jaas.config"

typedef struct kc_error *(*module_fn)(rd_kafka_conf_t *, const struct kc_jaas *,
                                      const struct kc_map *);

static struct kc_error *missing_option(const char *module, const char *option)
{
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value [hidden] for configuration " JAAS ": %s needs the option %s",
                        module, option);
}

static struct kc_error *set_password(rd_kafka_conf_t *conf, const struct kc_jaas *jaas,
                                     const struct kc_map *properties)
{
    static const char *const options[][2] = {{"username", "sasl.username"},
                                             {"password", "sasl.password"}};
    for (size_t i = 0; i < 2; i++) {
        const char *value = kc_map_get(jaas->options, options[i][0]);
        if (!value)
            return missing_option(jaas->module, options[i][0]);
        struct kc_error *err = kc_conf_set(conf, options[i][1], value, JAAS);
        if (err)
            return err;
    }
    return NULL;
}

static struct kc_error *set_kerberos(rd_kafka_conf_t *conf, const struct kc_jaas *jaas,
                                     const struct kc_map *properties)
{
    const char *service = kc_map_get_or(jaas->options, "serviceName",
                                        kc_map_get(properties, "sasl.kerberos.service.name"));
    if (!service)
        return kc_error_new(KC_ERR_CONFIG,
                            "Missing required configuration \"sasl.kerberos.service.name\": give "
                            "the primary of the brokers' principals, mostly kafka");
    struct kc_error *err =
        kc_conf_set(conf, "sasl.kerberos.service.name", service, "sasl.kerberos.service.name");
    return err ? err : kc_conf_kerberos(conf, jaas->options);
}

/* librdkafka would run kinit in a shell, with texts from the configuration in the command. */
static struct kc_error *forbid_kinit(rd_kafka_conf_t *conf)
{
    struct kc_error *err = kc_conf_set(conf, "sasl.kerberos.min.time.before.relogin", "0",
                                       "sasl.kerberos.min.time.before.relogin");
    return err ? err : kc_conf_set(conf, "sasl.kerberos.kinit.cmd", "", "sasl.kerberos.kinit.cmd");
}

static struct kc_error *set_unsecured_token(rd_kafka_conf_t *conf, const struct kc_jaas *jaas)
{
    const char *principal = kc_map_get(jaas->options, "unsecuredLoginStringClaim_sub");
    const char *claim = kc_map_get_or(jaas->options, "unsecuredLoginPrincipalClaimName", "sub");
    const char *scope = kc_map_get(jaas->options, "unsecuredLoginStringClaim_scope");
    if (!principal)
        return missing_option(jaas->module, "unsecuredLoginStringClaim_sub");
    struct kc_str config = {0};
    kc_str_appendf(&config, "principalClaimName=%s principal=%s lifeSeconds=%s", claim, principal,
                   kc_map_get_or(jaas->options, "unsecuredLoginLifetimeSeconds", "3600"));
    if (scope)
        kc_str_appendf(&config, " scope=%s", scope);
    struct kc_map *extensions = kc_map_subset(jaas->options, "unsecuredLoginExtension_", true);
    kc_map_foreach (extensions, entry)
        kc_str_appendf(&config, " extension_%s=%s", entry->key, entry->value);
    kc_map_destroy(extensions);
    struct kc_error *err = kc_conf_set(conf, "enable.sasl.oauthbearer.unsecure.jwt", "true", JAAS);
    if (!err)
        err = kc_conf_set(conf, "sasl.oauthbearer.config", config.data, JAAS);
    kc_str_destroy(&config);
    return err;
}

static struct kc_error *set_oauth(rd_kafka_conf_t *conf, const struct kc_jaas *jaas,
                                  const struct kc_map *properties)
{
    const char *url = kc_map_get(properties, "sasl.oauthbearer.token.endpoint.url");
    const char *handler = kc_map_get(properties, "sasl.login.callback.handler.class");
    if (url || wire_aws_wanted(properties))
        return kc_conf_oauth(conf, properties);
    if (handler && !strstr(handler, "OAuthBearerUnsecured"))
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration sasl.login.callback.handler.class: "
                            "Java classes can't be run here; set "
                            "sasl.oauthbearer.token.endpoint.url for client credentials",
                            handler);
    return set_unsecured_token(conf, jaas);
}

/* MSK's listeners take IAM's proof as a token of OAUTHBEARER, too, which librdkafka can send. */
static struct kc_error *set_aws(rd_kafka_conf_t *conf, const struct kc_jaas *jaas,
                                const struct kc_map *properties)
{
    struct kc_map *settings = kc_map_copy(properties);
    kc_map_set(settings, "sasl.mechanism", "OAUTHBEARER");
    kc_map_set(settings, "sasl.login.callback.handler.class", WIRE_AWS_HANDLER);
    struct kc_error *err = kc_conf_set(conf, "sasl.mechanisms", "OAUTHBEARER", "sasl.mechanism");
    if (!err)
        err = kc_conf_oauth(conf, settings);
    kc_map_destroy(settings);
    return err;
}

static const struct {
    const char *name;
    module_fn set;
} modules[] = {
    {"IAMLoginModule", set_aws},           {"PlainLoginModule", set_password},
    {"ScramLoginModule", set_password},    {"Krb5LoginModule", set_kerberos},
    {"OAuthBearerLoginModule", set_oauth},
};

static struct kc_error *set_module(rd_kafka_conf_t *conf, const struct kc_jaas *jaas,
                                   const struct kc_map *properties)
{
    module_fn set = NULL;
    struct kc_error *err = kc_jaas_vendor(properties, jaas);
    if (err)
        return err;
    for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++) {
        if (kc_jaas_is(jaas, modules[i].name))
            set = modules[i].set;
    }
    if (set)
        err = set(conf, jaas, properties);
    else
        err = kc_error_new(KC_ERR_CONFIG,
                           "Invalid value [hidden] for configuration " JAAS
                           ": login module %s is unknown here; use PlainLoginModule, "
                           "ScramLoginModule, OAuthBearerLoginModule or Krb5LoginModule",
                           jaas->module);
    return err;
}

/* Only Kerberos works without a login, by the ticket cache. Takes err. */
static struct kc_error *without_login(const char *mechanism, struct kc_error *err,
                                      struct kc_jaas *jaas)
{
    struct kc_error *missing = NULL;
    if (strcmp(mechanism, "GSSAPI") == 0)
        missing = kc_jaas_parse("com.sun.security.auth.module.Krb5LoginModule required "
                                "useTicketCache=true;",
                                jaas);
    else
        missing = kc_error_new(KC_ERR_CONFIG,
                               "Missing required configuration \"" JAAS "\" for sasl.mechanism %s: "
                               "%s",
                               mechanism, kc_error_text(err));
    kc_error_destroy(err);
    return missing;
}

static struct kc_error *set_mechanism(rd_kafka_conf_t *conf, const char *mechanism)
{
    static const char *const known[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER",
                                        "GSSAPI"};
    if (strcmp(mechanism, "AWS_MSK_IAM") == 0)
        return NULL; /* set_aws() says what librdkafka does */
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(mechanism, known[i]) == 0)
            return kc_conf_set(conf, "sasl.mechanisms", mechanism, "sasl.mechanism");
    }
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration sasl.mechanism: PLAIN, SCRAM-SHA-256, "
                        "SCRAM-SHA-512, OAUTHBEARER, GSSAPI and AWS_MSK_IAM are supported",
                        mechanism);
}

struct kc_error *kc_conf_sasl(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    const char *protocol = kc_map_get_or(properties, "security.protocol", "PLAINTEXT");
    if (strncasecmp(protocol, "SASL_", 5) != 0)
        return NULL;
    const char *mechanism = kc_map_get_or(properties, "sasl.mechanism", "GSSAPI");
    struct kc_jaas jaas = {0};
    struct kc_error *err = set_mechanism(conf, mechanism);
    if (!err)
        err = forbid_kinit(conf);
    if (!err)
        err = kc_jaas_login(properties, &jaas);
    if (err && kc_error_code(err) == KC_ERR_NOT_FOUND)
        err = without_login(mechanism, err, &jaas);
    if (!err)
        err = set_module(conf, &jaas, properties);
    kc_jaas_clear(&jaas);
    return err;
}
