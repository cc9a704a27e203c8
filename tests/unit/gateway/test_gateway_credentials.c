/* SPDX-License-Identifier: Apache-2.0 */
/* The map of credentials: who gets which login for the target, and what is refused at start. */
#include "gateway/gateway_credentials_priv.h"

#include "link/link_check.h"

#define SCRAM "org.apache.kafka.common.security.scram.ScramLoginModule required "

static struct kc_map *file_with(const char *map)
{
    struct kc_map *settings = kc_map_new();
    kc_map_set(settings, "sasl.mechanism", "SCRAM-SHA-512");
    kc_map_set(settings, "sasl.jaas.config", SCRAM "username=gateway password=own;");
    kc_map_set(settings, "gateway.credentials.map", map);
    kc_map_set(settings, "gateway.credentials.alice.sasl.jaas.config",
               SCRAM "username=alice password=a1;");
    kc_map_set(settings, "gateway.credentials.bob.principal", "CN=bob,O=Example");
    kc_map_set(settings, "gateway.credentials.bob.sasl.mechanism", "PLAIN");
    kc_map_set(settings, "gateway.credentials.bob.sasl.jaas.config",
               "PlainLoginModule required username=\"bob\" password=\"b1\";");
    return settings;
}

static struct gateway_credentials *read_map(const struct kc_map *settings)
{
    struct gateway_credentials *credentials = NULL;
    struct kc_error *err = gateway_credentials_new(settings, "MTLS", false, &credentials);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    return credentials;
}

/* The login's JAAS line; "" where the client may not in. */
static const char *login_of(const struct gateway_credentials *credentials, const char *dn)
{
    const struct kc_map *login = NULL;
    char *principal = NULL;
    struct kc_error *err = gateway_credentials_find(credentials, dn, &principal, &login);
    ck_assert(!err || kc_error_code(err) == KC_ERR_UNAUTHORIZED);
    ck_assert(!err == (login != NULL));
    kc_error_destroy(err);
    free(principal);
    return login ? kc_map_get(login, "sasl.jaas.config") : "";
}

START_TEST(each_principal_has_its_own_login)
{
    struct kc_map *settings = file_with("alice, bob");
    struct gateway_credentials *credentials = read_map(settings);
    ck_assert_uint_eq(gateway_credentials_count(credentials), 2);
    ck_assert_ptr_nonnull(strstr(login_of(credentials, "alice"), "username=alice"));
    ck_assert_ptr_nonnull(strstr(login_of(credentials, "CN=bob,O=Example"), "\"bob\""));
    gateway_credentials_destroy(credentials);
    kc_map_destroy(settings);
}
END_TEST

START_TEST(nobody_else_comes_in_and_nobody_as_the_gateway)
{
    struct kc_map *settings = file_with("alice, bob");
    struct gateway_credentials *credentials = read_map(settings);
    ck_assert_str_eq(login_of(credentials, NULL), "");
    ck_assert_str_eq(login_of(credentials, ""), "");
    ck_assert_str_eq(login_of(credentials, "CN=alice"), "");
    ck_assert_str_eq(login_of(credentials, "bob"), "");
    ck_assert_str_eq(login_of(credentials, "gateway"), "");
    ck_assert_str_eq(login_of(credentials, "Alice"), "");
    gateway_credentials_destroy(credentials);
    kc_map_destroy(settings);
}
END_TEST

START_TEST(rules_make_principals)
{
    struct kc_map *settings = file_with("alice");
    kc_map_set(settings, "ssl.principal.mapping.rules", "RULE:^CN=([^,]+),OU=Clients$/$1/L");
    struct gateway_credentials *credentials = read_map(settings);
    ck_assert_str_ne(login_of(credentials, "CN=Alice,OU=Clients"), "");
    ck_assert_str_eq(login_of(credentials, "CN=alice,OU=Others"), "");
    gateway_credentials_destroy(credentials);
    kc_map_destroy(settings);
}
END_TEST

START_TEST(a_listener_s_own_map_goes_first)
{
    struct gateway_credentials *credentials = NULL;
    struct kc_map *settings = file_with("alice");
    kc_map_set(settings, "gateway.listener.name.mtls.credentials.map", "bob");
    credentials = read_map(settings);
    ck_assert_uint_eq(gateway_credentials_count(credentials), 1);
    ck_assert_str_ne(login_of(credentials, "CN=bob,O=Example"), "");
    gateway_credentials_destroy(credentials);
    kc_map_remove(settings, "gateway.listener.name.mtls.credentials.map");
    ck_assert_ptr_null(gateway_credentials_new(settings, "SASL", true, &credentials));
    ck_assert_ptr_null(credentials);
    kc_map_destroy(settings);
}
END_TEST

START_TEST(without_a_map_there_are_none)
{
    struct gateway_credentials *credentials = NULL;
    struct kc_map *settings = kc_map_new();
    ck_assert_ptr_null(gateway_credentials_new(settings, "MTLS", false, &credentials));
    ck_assert_ptr_null(credentials);
    kc_map_destroy(settings);
}
END_TEST

static void refused(struct kc_map *settings, const char *part)
{
    struct gateway_credentials *credentials = NULL;
    struct kc_error *err = gateway_credentials_new(settings, "MTLS", false, &credentials);
    ck_assert_ptr_null(credentials);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_msg(strstr(kc_error_text(err), part), "%s", kc_error_text(err));
    ck_assert_ptr_null(strstr(kc_error_text(err), "a1"));
    kc_error_destroy(err);
    kc_map_destroy(settings);
}

START_TEST(what_is_wrong_is_named_without_secrets)
{
    refused(file_with(""), "gateway.credentials.map is empty");
    refused(file_with("alice, carol"), "gateway.credentials.carol: sasl.jaas.config is needed");
    struct kc_map *settings = file_with("alice");
    kc_map_set(settings, "gateway.credentials.alice.sasl.mechanism", "NTLM");
    refused(settings, "NTLM");
    settings = file_with("alice, bob");
    kc_map_set(settings, "gateway.credentials.bob.principal", "alice");
    refused(settings, "alice has credentials already");
    settings = file_with("alice");
    kc_map_set(settings, "gateway.credentials.alice.sasl.jaas.config",
               SCRAM "username=alice password=\"${file:/etc/a1:alice}\";");
    refused(settings, "config.providers");
    settings = file_with("alice");
    kc_map_set(settings, "ssl.principal.mapping.rules", "RULE:x");
    refused(settings, "ssl.principal.mapping.rules");
}
END_TEST

RUN_TESTS("gateway_credentials", 20, each_principal_has_its_own_login,
          nobody_else_comes_in_and_nobody_as_the_gateway, rules_make_principals,
          a_listener_s_own_map_goes_first, without_a_map_there_are_none,
          what_is_wrong_is_named_without_secrets)
