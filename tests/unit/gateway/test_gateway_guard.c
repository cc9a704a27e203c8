/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners whose clients' logins can't be relayed are refused at start, with a reason and what to
 * do; and clients' connections to the target never show who the gateway is. */
#include "gateway/gateway_guard_priv.h"

#include "link/link_check.h"

#define ALICE "ScramLoginModule required username=alice password=a1;"

/* One listener in front of a target. */
struct one {
    struct gateway_listener_config listener;
    struct gateway_config config;
    struct kc_map *settings;
};

static void open_one(struct one *one, const char *target, bool tls, bool sasl, const char *auth)
{
    *one = (struct one){.listener = {.name = (char *)"EXT", .tls = tls, .sasl = sasl}};
    one->settings = kc_map_new();
    one->config.target = kc_map_new();
    one->config.source = kc_map_new();
    one->config.listeners = &one->listener;
    one->config.listener_count = 1;
    one->listener.ssl = kc_map_new();
    kc_map_set(one->config.target, "security.protocol", target);
    kc_map_set(one->config.target, "sasl.mechanism", "SCRAM-SHA-512");
    kc_map_set(one->settings, "sasl.mechanism", "SCRAM-SHA-512");
    if (auth)
        kc_map_set(one->listener.ssl, "ssl.client.auth", auth);
}

static void close_one(struct one *one)
{
    gateway_guard_free(&one->config);
    kc_map_destroy(one->settings);
    kc_map_destroy(one->config.target);
    kc_map_destroy(one->config.source);
    kc_map_destroy(one->listener.ssl);
}

static void add_map(struct one *one)
{
    kc_map_set(one->settings, "gateway.credentials.map", "alice");
    kc_map_set(one->settings, "gateway.credentials.alice.sasl.jaas.config", ALICE);
}

static void allowed(struct one *one)
{
    const char *key = "";
    struct kc_error *err = gateway_guard_read(one->settings, &one->config, &key);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
}

/* Both parts of the text: the reason, and what to do. */
static void refused(struct one *one, const char *why, const char *remedy)
{
    const char *key = "";
    struct kc_error *err = gateway_guard_read(one->settings, &one->config, &key);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_msg(strstr(kc_error_text(err), why), "%s", kc_error_text(err));
    ck_assert_msg(strstr(kc_error_text(err), remedy), "%s", kc_error_text(err));
    ck_assert_ptr_nonnull(key);
    kc_error_destroy(err);
    close_one(one);
}

START_TEST(what_can_be_relayed_is_allowed)
{
    static const struct {
        const char *target;
        bool tls, sasl;
    } cases[] = {{"PLAINTEXT", false, false},    {"SSL", true, false},
                 {"PLAINTEXT", true, false},     {"SASL_SSL", true, true},
                 {"SASL_PLAINTEXT", true, true}, {"SASL_SSL", false, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct one one;
        open_one(&one, cases[i].target, cases[i].tls, cases[i].sasl, NULL);
        allowed(&one);
        ck_assert_ptr_null(one.listener.credentials);
        close_one(&one);
    }
}
END_TEST

START_TEST(certificates_need_a_map)
{
    struct one one;
    open_one(&one, "SSL", true, false, "required");
    refused(&one, "mutual TLS can't be relayed", "gateway.credentials.map");
    open_one(&one, "PLAINTEXT", true, false, "requested");
    refused(&one, "mutual TLS can't be relayed", "ssl.client.auth=none");
    open_one(&one, "SASL_SSL", true, false, "required");
    add_map(&one);
    allowed(&one);
    ck_assert_ptr_nonnull(one.listener.credentials);
    close_one(&one);
}
END_TEST

START_TEST(a_map_needs_certificates_and_a_login_at_the_target)
{
    struct one one;
    open_one(&one, "SASL_SSL", true, false, NULL);
    add_map(&one);
    refused(&one, "anybody could come as anybody", "ssl.client.auth=required");
    open_one(&one, "SASL_SSL", true, false, "requested");
    add_map(&one);
    refused(&one, "anybody could come as anybody", "ssl.client.auth=required");
    open_one(&one, "SSL", true, false, "required");
    add_map(&one);
    refused(&one, "the target has no login", "security.protocol");
    open_one(&one, "SASL_SSL", true, true, "required");
    kc_map_set(one.settings, "gateway.listener.name.ext.credentials.map", "alice");
    kc_map_set(one.settings, "gateway.credentials.alice.sasl.jaas.config", ALICE);
    kc_map_set(one.settings, "gateway.listener.name.ext.credentials.alice.sasl.jaas.config", ALICE);
    refused(&one, "has both SASL and a map", "a listener of its own");
}
END_TEST

START_TEST(the_file_s_map_leaves_sasl_listeners_alone)
{
    struct one one;
    open_one(&one, "SASL_SSL", true, true, "required");
    add_map(&one);
    allowed(&one);
    ck_assert_ptr_null(one.listener.credentials);
    close_one(&one);
}
END_TEST

START_TEST(both_sides_log_in_or_neither)
{
    struct one one;
    open_one(&one, "PLAINTEXT", true, true, NULL);
    refused(&one, "nobody would check who logs in", "take SASL off");
    open_one(&one, "SASL_PLAINTEXT", false, false, NULL);
    refused(&one, "the target asks for a login", "SASL_SSL listener");
}
END_TEST

START_TEST(kerberos_is_refused)
{
    struct one one;
    open_one(&one, "SASL_SSL", true, true, NULL);
    kc_map_set(one.settings, "sasl.enabled.mechanisms", "GSSAPI");
    refused(&one, "Kerberos (GSSAPI) can't be relayed", "sasl.enabled.mechanisms");
    open_one(&one, "SASL_SSL", true, true, NULL);
    kc_map_remove(one.config.target, "sasl.mechanism"); /* Java's default */
    refused(&one, "a ticket is for one host", "SCRAM");
    open_one(&one, "SASL_SSL", true, true, NULL);
    kc_map_set(one.config.target, "sasl.mechanism", "GSSAPI");
    kc_map_set(one.settings, "gateway.listener.name.ext.sasl.enabled.mechanisms",
               "SCRAM-SHA-512,GSSAPI");
    allowed(&one);
    close_one(&one);
}
END_TEST

START_TEST(what_passes_in_clear_is_warned_of)
{
    struct one one;
    struct kc_strings warnings = {0};
    open_one(&one, "SASL_SSL", false, true, NULL);
    gateway_guard_warnings(&one.config, &warnings);
    ck_assert_uint_eq(warnings.count, 1);
    ck_assert_ptr_nonnull(strstr(warnings.items[0], "PLAIN"));
    close_one(&one);
    open_one(&one, "SASL_PLAINTEXT", true, true, NULL);
    gateway_guard_warnings(&one.config, &warnings);
    ck_assert_uint_eq(warnings.count, 2);
    close_one(&one);
    open_one(&one, "SASL_SSL", true, true, NULL);
    gateway_guard_warnings(&one.config, &warnings);
    ck_assert_uint_eq(warnings.count, 2);
    close_one(&one);
    kc_strings_destroy(&warnings);
}
END_TEST

static size_t warnings_of(const struct one *one, const char *part)
{
    struct kc_strings warnings = {0};
    size_t found = 0;
    gateway_guard_warnings(&one->config, &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        found += strstr(warnings.items[i], part) != NULL;
    kc_strings_destroy(&warnings);
    return found;
}

/* Clients of a listener like the target's own can talk to the brokers after the last promotion. */
START_TEST(who_goes_on_relaying_is_warned_of)
{
    static const struct {
        const char *target;
        bool tls, sasl, map, aside;
    } cases[] = {
        {"PLAINTEXT", false, false, false, true}, {"SSL", true, false, false, true},
        {"SASL_SSL", true, true, false, true},    {"PLAINTEXT", true, false, false, false},
        {"SSL", false, false, false, false},      {"SASL_PLAINTEXT", true, true, false, false},
        {"SASL_SSL", true, false, true, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct one one;
        open_one(&one, cases[i].target, cases[i].tls, cases[i].sasl,
                 cases[i].map ? "required" : NULL);
        if (cases[i].map)
            add_map(&one);
        allowed(&one);
        ck_assert_msg(one.listener.steps_aside == cases[i].aside, "case %zu", i);
        ck_assert_uint_eq(warnings_of(&one, "goes on relaying"), 0); /* there is no source */
        kc_map_set(one.config.source, "bootstrap.servers", "source:9092");
        ck_assert_uint_eq(warnings_of(&one, "goes on relaying"), !cases[i].aside);
        one.config.after = GATEWAY_RELAY;
        ck_assert_uint_eq(warnings_of(&one, "goes on relaying"), 0);
        close_one(&one);
    }
}
END_TEST

START_TEST(clients_never_come_as_the_gateway)
{
    struct one one;
    open_one(&one, "SASL_SSL", true, true, NULL);
    const char *const own[] = {"ssl.keystore.location", "ssl.keystore.key", "ssl.key.password",
                               "sasl.jaas.config"};
    for (size_t i = 0; i < 4; i++)
        kc_map_set(one.config.target, own[i], "secret");
    kc_map_set(one.config.target, "ssl.truststore.location", "/trust");
    struct kc_map *settings = gateway_guard_client_settings(&one.config);
    for (size_t i = 0; i < 4; i++)
        ck_assert(!kc_map_has(settings, own[i]));
    ck_assert_str_eq(kc_map_get(settings, "ssl.truststore.location"), "/trust");
    ck_assert_str_eq(kc_map_get(settings, "security.protocol"), "SSL");
    kc_map_destroy(settings);
    close_one(&one);
}
END_TEST

RUN_TESTS("gateway_guard", 20, what_can_be_relayed_is_allowed, certificates_need_a_map,
          a_map_needs_certificates_and_a_login_at_the_target,
          the_file_s_map_leaves_sasl_listeners_alone, both_sides_log_in_or_neither,
          kerberos_is_refused, what_passes_in_clear_is_warned_of, who_goes_on_relaying_is_warned_of,
          clients_never_come_as_the_gateway)
