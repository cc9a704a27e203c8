/* SPDX-License-Identifier: Apache-2.0 */
/* Brokers and their ports: the same whatever the order in which they are learned. */
#include "gateway/gateway_nodes_priv.h"

#include "gateway_settings.h"

#include <stdlib.h>
#include <string.h>

static struct gateway_config *config;
static struct gateway_nodes *nodes;

static void set_up(void)
{
    config = gateway_made_config(NULL);
    nodes = gateway_nodes_new(config);
}

static void tear_down(void)
{
    gateway_nodes_destroy(nodes);
    gateway_config_destroy(config);
}

static void check_advertised(size_t listener, int32_t id, const char *host, int port)
{
    char *told = NULL;
    int told_port = 0;

    ck_assert(gateway_nodes_advertised(nodes, listener, id, false, &told, &told_port));
    ck_assert_str_eq(told, host);
    ck_assert_int_eq(told_port, port);
    free(told);
}

START_TEST(a_port_follows_from_the_id)
{
    static const int32_t orders[][3] = {{1, 4, 5}, {5, 4, 1}, {4, 1, 5}};

    for (int i = 0; i < 3; i++)
        ck_assert(gateway_nodes_note(nodes, orders[_i][i], "host", 1000 + orders[_i][i]));
    /* 1 % 3 is the second port; 4 % 3 as well, so that 4 has the next, and 5 the one behind. */
    check_advertised(0, 1, "inside.example.com", 9194);
    check_advertised(0, 4, "inside.example.com", 9195);
    check_advertised(0, 5, "inside.example.com", 9193);
    check_advertised(1, 5, "outside.example.com", 9293);
    ck_assert_int_eq(gateway_nodes_of_port(nodes, 0, 0), 5);
    ck_assert_int_eq(gateway_nodes_of_port(nodes, 1, 1), 1);
    ck_assert_int_eq(gateway_nodes_of_port(nodes, 1, 3), -1);
    ck_assert_int_eq(gateway_nodes_of_port(nodes, 1, -1), -1);
}
END_TEST

START_TEST(what_is_known_is_news_once)
{
    char *host = NULL;
    int port = 0;

    ck_assert(gateway_nodes_note(nodes, 7, "a", 1));
    ck_assert(!gateway_nodes_note(nodes, 7, "a", 1));
    ck_assert(gateway_nodes_note(nodes, 7, "b", 1));
    ck_assert(gateway_nodes_broker(nodes, 7, &host, &port));
    ck_assert_str_eq(host, "b");
    free(host);
    ck_assert(!gateway_nodes_note(nodes, -1, "a", 1));
    ck_assert(!gateway_nodes_note(nodes, 8, "", 1));
    ck_assert(!gateway_nodes_note(nodes, 8, NULL, 1));
    ck_assert(!gateway_nodes_note(nodes, 8, "a", 0));
    ck_assert(!gateway_nodes_note(nodes, 8, "a", 65536));
    ck_assert(!gateway_nodes_broker(nodes, 8, &host, &port));
}
END_TEST

START_TEST(bootstrap_servers_take_turns)
{
    static const char *const names[] = {"one", "two", "one"};

    for (int i = 0; i < 3; i++) {
        char *host = NULL;
        int port = 0;

        ck_assert(gateway_nodes_broker(nodes, -1, &host, &port));
        ck_assert_str_eq(host, names[i]);
        ck_assert_int_eq(port, strcmp(host, "one") == 0 ? 9092 : 9093);
        free(host);
    }
}
END_TEST

START_TEST(more_brokers_than_ports)
{
    char *host = NULL;
    int port = 0;

    for (int32_t id = 10; id < 14; id++)
        ck_assert(gateway_nodes_note(nodes, id, "host", 1000 + id));
    int reached = 0;
    for (int32_t id = 10; id < 14; id++) {
        reached += gateway_nodes_advertised(nodes, 0, id, false, &host, &port);
        free(host);
    }
    ck_assert_int_eq(reached, 3);
}
END_TEST

/* Three ports; broker 2 is replaced by broker 3. */
START_TEST(a_broker_that_is_gone_gives_its_port_away)
{
    char *host = NULL;
    int port = 0;

    for (int32_t id = 0; id < 3; id++)
        gateway_nodes_note(nodes, id, "host", 1000 + id);
    for (int round = 0; round < 10; round++) {
        gateway_nodes_note(nodes, 0, "host", 1000);
        gateway_nodes_note(nodes, 1, "host", 1001);
        gateway_nodes_end_round(nodes);
    }
    check_advertised(0, 2, "inside.example.com", 9195); /* it may come back */
    gateway_nodes_note(nodes, 3, "host", 1003);
    ck_assert(!gateway_nodes_advertised(nodes, 0, 3, false, &host, &port));
    gateway_nodes_end_round(nodes);
    check_advertised(0, 3, "inside.example.com", 9195);
    check_advertised(0, 0, "inside.example.com", 9193);
    check_advertised(0, 1, "inside.example.com", 9194);
    ck_assert(!gateway_nodes_advertised(nodes, 0, 2, false, &host, &port));
    gateway_nodes_note(nodes, 4, "host", 1004); /* all of them live: one has no port */
    for (int round = 0; round < 10; round++) {
        gateway_nodes_end_round(nodes);
        for (int32_t id = 0; id < 5; id++)
            if (id != 2)
                gateway_nodes_note(nodes, id, "host", 1000 + id);
    }
    check_advertised(0, 3, "inside.example.com", 9195);
    ck_assert(!gateway_nodes_advertised(nodes, 0, 4, false, &host, &port));
}
END_TEST

START_TEST(aside_brokers_have_their_own_addresses)
{
    gateway_nodes_note(nodes, 3, "three", 9999);
    gateway_nodes_step_aside(nodes, GATEWAY_ASIDE_ALL);
    check_advertised(1, 3, "three", 9999);
    gateway_nodes_step_aside(nodes, GATEWAY_ASIDE_NOT);
    check_advertised(1, 3, "outside.example.com", 9293);
}
END_TEST

START_TEST(aside_coordinators_come_first)
{
    char *host = NULL;
    int port = 0;

    gateway_nodes_note(nodes, 3, "three", 9999);
    gateway_nodes_step_aside(nodes, GATEWAY_ASIDE_MEMBERS);
    ck_assert(gateway_nodes_advertised(nodes, 1, 3, true, &host, &port));
    ck_assert_str_eq(host, "three");
    ck_assert_int_eq(port, 9999);
    check_advertised(1, 3, "outside.example.com", 9293);
    free(host);
}
END_TEST

START_TEST(clients_of_another_protocol_stay)
{
    static const char *const more[] = {"gateway.listener.security.protocol.map", "OUTSIDE:SSL",
                                       NULL};
    tear_down();
    config = gateway_made_config(more);
    nodes = gateway_nodes_new(config);
    gateway_nodes_note(nodes, 3, "three", 9999);
    gateway_nodes_step_aside(nodes, GATEWAY_ASIDE_ALL);
    check_advertised(0, 3, "three", 9999);
    check_advertised(1, 3, "outside.example.com", 9293);
}
END_TEST

START_TEST(brokers_by_host_name)
{
    static const char *const more[] = {
        "gateway.listeners",          "SSL://:9192",          "gateway.advertised.listeners",
        "SSL://all.example.com:9000", "gateway.broker.ports", NULL,
        "gateway.broker.hosts",       "b{id}.example.com",    NULL};
    tear_down();
    config = gateway_made_config(more);
    nodes = gateway_nodes_new(config);
    ck_assert(gateway_nodes_note(nodes, 12, "twelve", 1));
    check_advertised(0, 12, "b12.example.com", 9000);
    ck_assert_int_eq(gateway_nodes_of_host(nodes, 0, "B12.example.COM"), 12);
    ck_assert_int_eq(gateway_nodes_of_host(nodes, 0, "b0012.example.com"), -1);
    ck_assert_int_eq(gateway_nodes_of_host(nodes, 0, "b12.example.org"), -1);
    ck_assert_int_eq(gateway_nodes_of_host(nodes, 0, "b.example.com"), -1);
    ck_assert_int_eq(gateway_nodes_of_host(nodes, 0, "b99999999999.example.com"), -1);
    ck_assert_int_eq(gateway_nodes_of_host(nodes, 0, "all.example.com"), -1);
    ck_assert_int_eq(gateway_nodes_of_host(nodes, 0, ""), -1);
    ck_assert_int_eq(gateway_nodes_of_host(nodes, 0, NULL), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gateway nodes");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_port_follows_from_the_id, 0, 3);
    tcase_add_test(tests, what_is_known_is_news_once);
    tcase_add_test(tests, bootstrap_servers_take_turns);
    tcase_add_test(tests, more_brokers_than_ports);
    tcase_add_test(tests, a_broker_that_is_gone_gives_its_port_away);
    tcase_add_test(tests, aside_brokers_have_their_own_addresses);
    tcase_add_test(tests, aside_coordinators_come_first);
    tcase_add_test(tests, clients_of_another_protocol_stay);
    tcase_add_test(tests, brokers_by_host_name);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
