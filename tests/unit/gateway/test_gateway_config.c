/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway's settings: what they mean, and how each wrong one is named. */
#include "gateway_settings.h"

#include <stdlib.h>
#include <string.h>

#define MORE(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

START_TEST(listeners_have_their_ports_and_names)
{
    struct gateway_config *config = gateway_made_config(NULL);

    ck_assert_uint_eq(config->listener_count, 2);
    const struct gateway_listener_config *inside = &config->listeners[0];
    const struct gateway_listener_config *outside = &config->listeners[1];
    ck_assert_str_eq(inside->name, "PLAINTEXT");
    ck_assert_str_eq(inside->host, "");
    ck_assert_int_eq(inside->port, 9192);
    ck_assert_str_eq(inside->advertised, "inside.example.com");
    ck_assert_int_eq(inside->broker_port, 9193);
    ck_assert_int_eq(inside->broker_ports, 3);
    ck_assert_str_eq(outside->name, "OUTSIDE");
    ck_assert_str_eq(outside->host, "0.0.0.0");
    ck_assert_str_eq(outside->advertised, "outside.example.com");
    ck_assert_int_eq(outside->advertised_port, 19292);
    ck_assert_int_eq(outside->broker_port, 9293);
    ck_assert(!outside->tls && !outside->sasl);
    ck_assert_str_eq(config->name, "inside.example.com:9192");
    ck_assert_int_eq(config->after, GATEWAY_ADVERTISE);
    ck_assert_uint_eq(config->frame_max, 100 * 1024 * 1024);
    ck_assert_int_ge(config->threads, 1);
    gateway_config_destroy(config);
}
END_TEST

START_TEST(clusters_have_their_own_settings)
{
    struct gateway_config *config = gateway_made_config(
        MORE("source.cluster.bootstrap.servers", "source:1", "source.cluster.client.id", "me",
             "request.timeout.ms", "7000", "gateway.links", "a, b", "gateway.after.promotion",
             "relay", "gateway.name", "g1", "log.level", "DEBUG"));

    ck_assert_str_eq(kc_map_get(config->target, "bootstrap.servers"), "one:9092,two:9093");
    ck_assert_str_eq(kc_map_get(config->target, "request.timeout.ms"), "7000");
    ck_assert(!kc_map_has(config->target, "gateway.links"));
    ck_assert(!kc_map_has(config->target, "log.level"));
    ck_assert(!kc_map_has(config->target, "source.cluster.bootstrap.servers"));
    ck_assert_str_eq(kc_map_get(config->source, "bootstrap.servers"), "source:1");
    ck_assert_str_eq(kc_map_get(config->source, "client.id"), "me");
    ck_assert_uint_eq(config->links.count, 2);
    ck_assert_str_eq(config->links.items[1], "b");
    ck_assert_int_eq(config->after, GATEWAY_RELAY);
    ck_assert_str_eq(config->name, "g1");
    gateway_config_destroy(config);
}
END_TEST

START_TEST(tls_listeners_may_have_host_names_for_brokers)
{
    struct gateway_config *config = gateway_made_config(
        MORE("gateway.listeners", "SSL://[::1]:9192", "gateway.advertised.listeners",
             "SSL://[2001:db8::1]:9192", "gateway.broker.ports", NULL, "gateway.broker.hosts",
             "broker-{id}.example.com", "ssl.keystore.location", "/file",
             "gateway.listener.name.ssl.ssl.keystore.location", "/own"));
    const struct gateway_listener_config *listener = &config->listeners[0];

    ck_assert(listener->tls);
    ck_assert_str_eq(listener->host, "::1");
    ck_assert_str_eq(listener->advertised, "2001:db8::1");
    ck_assert_int_eq(listener->broker_port, 0);
    ck_assert_str_eq(listener->broker_host, "broker-{id}.example.com");
    ck_assert_str_eq(kc_map_get(listener->ssl, "ssl.keystore.location"), "/own");
    ck_assert_str_eq(kc_map_get(config->target, "ssl.keystore.location"), "/file");
    gateway_config_destroy(config);
}
END_TEST

static const struct {
    const char *key;
    const char *value;
    const char *about; /* the setting that is named */
    const char *text;
} wrong[] = {
    {"bootstrap.servers", NULL, "bootstrap.servers", "target"},
    {"bootstrap.servers", "nonsense", "bootstrap.servers", "nonsense"},
    {"source.cluster.bootstrap.servers", "nonsense", "source.cluster.bootstrap.servers", "source"},
    {"gateway.listeners", NULL, "gateway.listeners", "Missing"},
    {"gateway.listeners", "localhost:9092", "gateway.listeners", "NAME://"},
    {"gateway.listeners", "PLAINTEXT://a:b", "gateway.listeners", "NAME://"},
    {"gateway.listeners", "PLAINTEXT://::1:9", "gateway.listeners", "NAME://"},
    {"gateway.listeners", "PLAINTEXT://:99999", "gateway.listeners", "99999"},
    {"gateway.listeners", "PLAINTEXT://:1,plaintext://:2", "gateway.listeners", "of its own"},
    {"gateway.listeners", "ELSE://:1", "gateway.advertised.listeners", "no listener"},
    {"gateway.advertised.listeners", "PLAINTEXT://0.0.0.0:9192", "gateway.advertised.listeners",
     "can't connect"},
    {"gateway.advertised.listeners", "PLAINTEXT://a:0", "gateway.advertised.listeners", "needed"},
    {"gateway.listener.security.protocol.map", "OUTSIDE:TLS",
     "gateway.listener.security.protocol.map", "OUTSIDE"},
    {"gateway.broker.ports", NULL, "gateway.broker.ports", "Missing"},
    {"gateway.broker.ports", "9193-9195", "gateway.broker.ports", "several listeners"},
    {"gateway.broker.ports", "PLAINTEXT:9193", "gateway.broker.ports", "range"},
    {"gateway.broker.ports", "PLAINTEXT:9195-9193", "gateway.broker.ports", "range"},
    {"gateway.broker.ports", "PLAINTEXT:9193-9195,OUTSIDE:9195-9197", "gateway.broker.ports",
     "same port"},
    {"gateway.broker.ports", "PLAINTEXT:9190-9195,OUTSIDE:9293-9297", "gateway.broker.ports",
     "same port"},
    {"gateway.broker.ports", "PLAINTEXT:9193-9195,NONE:1-2", "gateway.broker.ports", "no listener"},
    {"gateway.broker.hosts", "PLAINTEXT:broker.example.com", "gateway.broker.hosts", "{id}"},
    {"gateway.threads", "many", "gateway.threads", "number"},
    {"gateway.threads", "-1", "gateway.threads", "at least 0"},
    {"gateway.request.max.bytes", "5", "gateway.request.max.bytes", "at least"},
    {"gateway.after.promotion", "maybe", "gateway.after.promotion", "advertise, relay"},
    {"security.protocol", "SASL_PLAINTEXT", "gateway.listeners", "SASL"},
};

START_TEST(a_wrong_setting_is_named)
{
    struct kc_map *settings = gateway_settings(MORE(wrong[_i].key, wrong[_i].value));
    struct gateway_config *config = NULL;
    const char *key = NULL;

    if (!wrong[_i].value)
        kc_map_remove(settings, wrong[_i].key);
    struct kc_error *err = gateway_config_new_named(settings, &config, &key);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_null(config);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_msg(strstr(kc_error_text(err), wrong[_i].text), "%s", kc_error_text(err));
    ck_assert_str_eq(key, wrong[_i].about);
    kc_error_destroy(err);
    kc_map_destroy(settings);
}
END_TEST

START_TEST(hosts_need_tls)
{
    struct kc_map *settings =
        gateway_settings(MORE("gateway.broker.ports", NULL, "gateway.broker.hosts",
                              "PLAINTEXT:broker-{id}.a,OUTSIDE:broker-{id}.b"));
    struct gateway_config *config = NULL;
    const char *key = NULL;
    struct kc_error *err = gateway_config_new_named(settings, &config, &key);

    ck_assert_ptr_nonnull(err);
    ck_assert_str_eq(key, "gateway.broker.hosts");
    kc_error_destroy(err);
    kc_map_destroy(settings);
}
END_TEST

START_TEST(settings_are_known)
{
    struct kc_map *settings = gateway_settings(NULL);

    ck_assert(gateway_config_wanted(settings));
    kc_map_remove(settings, "gateway.listeners");
    ck_assert(!gateway_config_wanted(settings));
    ck_assert(gateway_config_knows("gateway.lease.ms"));
    ck_assert(gateway_config_knows("gateway.listener.name.ssl.ssl.keystore.location"));
    ck_assert(!gateway_config_knows("gateway.lease"));
    kc_map_destroy(settings);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gateway config");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tests, listeners_have_their_ports_and_names);
    tcase_add_test(tests, clusters_have_their_own_settings);
    tcase_add_test(tests, tls_listeners_may_have_host_names_for_brokers);
    tcase_add_loop_test(tests, a_wrong_setting_is_named, 0, sizeof(wrong) / sizeof(*wrong));
    tcase_add_test(tests, hosts_need_tls);
    tcase_add_test(tests, settings_are_known);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
