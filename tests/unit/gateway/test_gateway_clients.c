/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a gateway's clients: bounded, those that write most first. */
#include "gateway/gateway_clients_priv.h"

#include "link/link_check.h"

static void add(struct gateway_clients *clients, const char *address, const char *id,
                const char *principal, uint64_t routed, const char *topic)
{
    struct gateway_client client = {.address = (char *)address,
                                    .client_id = (char *)id,
                                    .principal = (char *)principal,
                                    .software = (char *)"java 4.1.0",
                                    .routed = routed};
    if (topic)
        kc_strings_add(&client.writes, topic);
    gateway_clients_add(clients, &client);
    kc_strings_destroy(&client.writes);
}

START_TEST(connections_of_one_client_are_one)
{
    struct gateway_clients *clients = gateway_clients_new();
    add(clients, "10.0.0.1:1", "billing", "bob", 5, "bills");
    add(clients, "10.0.0.1:2", "billing", "bob", 0, NULL);
    add(clients, "10.0.0.2:1", "billing", "bob", 2, "accounts");
    add(clients, "10.0.0.3:1", NULL, NULL, 100, "orders");
    gateway_clients_set_state(clients, "ASIDE");
    assert_json(gateway_clients_json(clients, 7, 9),
                "{\"epoch\":7,\"since_ms\":9,\"gateway_state\":\"ASIDE\","
                "\"connections\":4,\"clients\":["
                "{\"client_id\":null,\"principal\":null,\"software\":\"java 4.1.0\","
                "\"addresses\":[\"10.0.0.3\"],\"connections\":1,\"records_routed\":100,"
                "\"writes\":[\"orders\"]},"
                "{\"client_id\":\"billing\",\"principal\":\"bob\",\"software\":\"java 4.1.0\","
                "\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"],\"connections\":3,\"records_routed\":7,"
                "\"writes\":[\"accounts\",\"bills\"]}],\"omitted\":0}");
    gateway_clients_destroy(clients);
}
END_TEST

START_TEST(however_many_there_are_it_stays_small)
{
    char id[2001], topic[64];
    struct gateway_clients *clients = gateway_clients_new();
    for (int i = 0; i < 5000; i++) {
        memset(id, 'x', sizeof(id) - 1);
        id[2000] = 0;
        snprintf(id, 16, "%d\n", i);
        id[strlen(id)] = 'y';
        for (int k = 0; k < 30; k++) {
            snprintf(topic, sizeof(topic), "topic-%d", k);
            add(clients, "10.0.0.1:1", id, "p", (uint64_t)i, topic);
        }
    }
    json_t *json = gateway_clients_json(clients, 1, 1);
    char *text = json_dumps(json, JSON_COMPACT);
    ck_assert_uint_lt(strlen(text), 200000);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "clients")), 200);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "omitted")), 4800);
    ck_assert_ptr_null(strstr(text, "\\n"));
    free(text);
    json_decref(json);
    gateway_clients_destroy(clients);
}
END_TEST

RUN_TESTS("gateway_clients", 30, connections_of_one_client_are_one,
          however_many_there_are_it_stays_small)
