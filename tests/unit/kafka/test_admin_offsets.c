/* SPDX-License-Identifier: Apache-2.0 */
/* Committed offsets of groups, from librdkafka's mock of a broker. */
#include "connect/kafka.h"

#include <check.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#define OFFSET_FETCH 9

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *cluster;
static struct kc_admin *admin;

static rd_kafka_t *client(rd_kafka_type_t type, const char *group)
{
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (cluster)
        rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster),
                          reason, sizeof(reason));
    if (group)
        rd_kafka_conf_set(conf, "group.id", group, reason, sizeof(reason));
    rd_kafka_t *made = rd_kafka_new(type, conf, reason, sizeof(reason));
    ck_assert_msg(made != NULL, "%s", reason);
    return made;
}

static void setup(void)
{
    host = client(RD_KAFKA_PRODUCER, NULL);
    cluster = rd_kafka_mock_cluster_new(host, 1);
    rd_kafka_mock_topic_create(cluster, "orders", 3, 1);
    rd_kafka_mock_topic_create(cluster, "other", 2, 1);
    /* Kafka 2.1's highest version. */
    rd_kafka_mock_set_apiversion(cluster, OFFSET_FETCH, 0, 5);
    struct kc_map *properties = kc_map_new();
    kc_map_set(properties, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster));
    struct kc_error *err = kc_admin_new(properties, &admin);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_map_destroy(properties);
}

static void teardown(void)
{
    kc_admin_destroy(admin);
    rd_kafka_mock_cluster_destroy(cluster);
    cluster = NULL;
    rd_kafka_destroy(host);
}

static void commit(const char *group, int32_t partition, int64_t offset)
{
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "orders", partition)->offset = offset;
    ck_assert_int_eq(rd_kafka_commit(consumer, list, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);
}

START_TEST(an_old_broker_tells_a_groups_offsets)
{
    rd_kafka_topic_partition_list_t *offsets = NULL;
    commit("readers", 1, 42);
    struct kc_error *err = kc_admin_group_offsets(admin, "readers", &offsets);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_int_eq(offsets->cnt, 1);
    ck_assert_str_eq(offsets->elems[0].topic, "orders");
    ck_assert_int_eq(offsets->elems[0].partition, 1);
    ck_assert_int_eq(offsets->elems[0].offset, 42);
    rd_kafka_topic_partition_list_destroy(offsets);
}
END_TEST

START_TEST(a_group_without_offsets_has_none)
{
    rd_kafka_topic_partition_list_t *offsets = NULL;
    ck_assert_ptr_null(kc_admin_group_offsets(admin, "nobody", &offsets));
    ck_assert_int_eq(offsets->cnt, 0);
    rd_kafka_topic_partition_list_destroy(offsets);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admin_offsets");
    TCase *tcase = tcase_create("group offsets");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_old_broker_tells_a_groups_offsets);
    tcase_add_test(tcase, a_group_without_offsets_has_none);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
