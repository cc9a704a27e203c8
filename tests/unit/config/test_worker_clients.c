/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of clients, as Worker.java and ConnectUtils make them. */
#include "config/config_golden.h"
#include "config/properties.h"
#include "config/worker_config.h"

static struct kc_worker_config *worker(const char *more)
{
    static const char base[] = "bootstrap.servers= a:9092 , b:9092\n"
                               "group.id=g\n"
                               "key.converter=x.K\n"
                               "key.converter.schemas.enable=false\n"
                               "value.converter=x.V\n"
                               "config.storage.topic=c\n"
                               "offset.storage.topic=o\n"
                               "offset.storage.min.insync.replicas=2\n"
                               "status.storage.topic=s\n"
                               "session.timeout.ms=20000\n"
                               "security.protocol=SSL\n"
                               "listeners=http://:0\n"
                               "admin.listeners=http://:0\n"
                               "mystery=1\n";
    struct kc_map *map = kc_map_new();
    struct kc_worker_config *config = NULL;

    assert_ok(kc_properties_parse(base, strlen(base), "base", map, NULL), "base");
    assert_ok(kc_properties_parse(more, strlen(more), "more", map, NULL), more);
    assert_ok(kc_worker_config_new(KC_WORKER_DISTRIBUTED, map, NULL, NULL, &config), more);
    kc_map_destroy(map);
    return config;
}

static struct kc_map *parsed(const char *text)
{
    struct kc_map *map = kc_map_new();

    assert_ok(kc_properties_parse(text, strlen(text), "text", map, NULL), text);
    return map;
}

/* Takes got. */
static void is_exactly(struct kc_map *got, const char *text)
{
    struct kc_map *want = parsed(text);

    if (!kc_map_equal(got, want)) {
        char *a = kc_map_print(got);
        char *b = kc_map_print(want);

        ck_abort_msg(" got %s\nwant %s", a, b);
    }
    kc_map_destroy(got);
    kc_map_destroy(want);
}

START_TEST(a_workers_own_client_gets_what_has_no_prefix)
{
    struct kc_worker_config *config =
        worker("client.id=mine\nproducer.acks=1\nrequest.timeout.ms=5\n");

    is_exactly(kc_worker_client_properties(config, "g-mine-configs"),
               "bootstrap.servers=a:9092,b:9092\nclient.id=g-mine-configs\nsecurity.protocol=SSL\n"
               "request.timeout.ms=5\nmystery=1\n");
    kc_worker_config_destroy(config);
}
END_TEST

START_TEST(a_producer_retries_for_ever_in_order)
{
    struct kc_worker_config *config = worker("");

    is_exactly(kc_task_client_properties(config, "producer", NULL, "connector-producer-c-0"),
               "bootstrap.servers=a:9092,b:9092\nclient.id=connector-producer-c-0\n"
               "max.block.ms=9223372036854775807\nacks=all\n"
               "max.in.flight.requests.per.connection=1\ndelivery.timeout.ms=2147483647\n");
    kc_worker_config_destroy(config);
}
END_TEST

START_TEST(worker_then_connector_override_a_producer)
{
    struct kc_worker_config *config =
        worker("producer.acks=1\nproducer.linger.ms=10\nproducer.client.id=w\nconsumer.acks=9\n");
    struct kc_map *connector = parsed("name=c\nproducer.override.linger.ms=20\n"
                                      "producer.override.client.id=k\nconsumer.override.acks=8\n");

    is_exactly(kc_task_client_properties(config, "producer", connector, "default"),
               "bootstrap.servers=a:9092,b:9092\nclient.id=k\nmax.block.ms=9223372036854775807\n"
               "acks=1\nmax.in.flight.requests.per.connection=1\n"
               "delivery.timeout.ms=2147483647\nlinger.ms=20\n");
    kc_map_destroy(connector);
    kc_worker_config_destroy(config);
}
END_TEST

START_TEST(a_consumer_belongs_to_its_connectors_group)
{
    struct kc_worker_config *config = worker("consumer.auto.offset.reset=latest\n");
    struct kc_map *connector = parsed("name=c\nconsumer.override.max.poll.records=7\n");

    is_exactly(kc_task_client_properties(config, "consumer", connector, "connector-consumer-c-1"),
               "bootstrap.servers=a:9092,b:9092\nclient.id=connector-consumer-c-1\n"
               "group.id=connect-c\nenable.auto.commit=false\nauto.offset.reset=latest\n"
               "max.poll.records=7\n");
    kc_map_destroy(connector);
    kc_worker_config_destroy(config);
}
END_TEST

START_TEST(an_admin_client_inherits_the_workers_settings)
{
    struct kc_worker_config *config =
        worker("client.id=mine\nadmin.retries=3\nadmin.listeners.https.ssl.protocol=x\n"
               "producer.acks=1\n");
    struct kc_map *connector = parsed("name=c\nadmin.override.retries=4\n");

    is_exactly(kc_task_client_properties(config, "admin", connector, "connector-adminclient-c-0"),
               "bootstrap.servers=a:9092,b:9092\nclient.id=mine\nsecurity.protocol=SSL\n"
               "retries=4\nmystery=1\n");
    kc_map_destroy(connector);
    kc_worker_config_destroy(config);
}
END_TEST

START_TEST(client_ids_begin_with_the_group)
{
    struct kc_worker_config *config = worker("");
    char *base = kc_worker_client_id_base(config);

    ck_assert_str_eq(base, "g-");
    free(base);
    kc_worker_config_destroy(config);
    config = worker("client.id= mine \n");
    base = kc_worker_client_id_base(config);
    ck_assert_str_eq(base, "g-mine-");
    free(base);
    kc_worker_config_destroy(config);
}
END_TEST

START_TEST(a_policy_says_what_may_be_overridden)
{
    static const struct {
        const char *policy;
        const char *name;
        bool acks;
        bool jaas;
    } cases[] = {
        {"All", "All", true, true},
        {"None", "None", false, false},
        {"Principal", "Principal", false, true},
        {"org.apache.kafka.connect.connector.policy.PrincipalConnectorClientConfigOverridePolicy",
         "Principal", false, true},
        {"org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy",
         "None", false, false},
        {"AllConnectorClientConfigOverridePolicy", "All", true, true},
        {"Allowlist", "Allowlist", false, false},
        {"Allowlist\nconnector.client.config.override.allowlist=linger.ms, acks", "Allowlist", true,
         false},
        {"org.apache.kafka.connect.connector.policy.AllowlistConnectorClientConfigOverridePolicy\n"
         "connector.client.config.override.allowlist="
         "sasl.jaas.config,sasl.mechanism,security.protocol",
         "Allowlist", false, true},
        {"None\nconnector.client.config.override.allowlist=acks", "None", false, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = kc_asprintf("connector.client.config.override.policy=%s\n", cases[i].policy);
        struct kc_worker_config *config = worker(text);

        ck_assert_int_eq(kc_override_allowed(config, "acks"), cases[i].acks);
        ck_assert_int_eq(kc_override_allowed(config, "sasl.jaas.config"), cases[i].jaas);
        ck_assert_int_eq(kc_override_allowed(config, "sasl.mechanism"), cases[i].jaas);
        ck_assert_int_eq(kc_override_allowed(config, "security.protocol"), cases[i].jaas);
        ck_assert_str_eq(kc_override_policy_name(config), cases[i].name);
        kc_worker_config_destroy(config);
        free(text);
    }
}
END_TEST

RUN_TESTS("worker_clients", a_workers_own_client_gets_what_has_no_prefix,
          a_producer_retries_for_ever_in_order, worker_then_connector_override_a_producer,
          a_consumer_belongs_to_its_connectors_group, an_admin_client_inherits_the_workers_settings,
          client_ids_begin_with_the_group, a_policy_says_what_may_be_overridden)
