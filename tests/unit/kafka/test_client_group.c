/* SPDX-License-Identifier: Apache-2.0 */
/* Consumer settings that librdkafka has not, or not all of. */
#include "kafka/client_group.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* As java.time.Duration.parse reads them; -1: refused. */
static const struct {
    const char *reset;
    int64_t ms;
} durations[] = {
    {"by_duration:PT1H", 3600000},
    {"by_duration:P1D", 86400000},
    {"by_duration:p1dt2h3m4.5s", 93784500},
    {"by_duration:PT0.001S", 1},
    {"by_duration:PT0S", 0},
    {"BY_DURATION:PT1M", 60000},
    {"by_duration:PT", -1},
    {"by_duration:P", -1},
    {"by_duration:P1DT", -1},
    {"by_duration:1H", -1},
    {"by_duration:PT-1H", -1},
    {"by_duration:PT1.5H", -1},
    {"by_duration:PT1M1H", -1},
    {"by_duration:PT0x1S", -1},
    {"by_duration:PT1S ", -1},
    {"by_duration:", -1},
    {"earliest", -1},
    {"", -1},
};

START_TEST(durations_as_java_reads_them)
{
    int64_t ms = -1;
    bool is = kc_reset_by_duration(durations[_i].reset, &ms);
    ck_assert_msg(is == (durations[_i].ms >= 0), "%s", durations[_i].reset);
    if (is)
        ck_assert_int_eq(ms, durations[_i].ms);
}
END_TEST

static const struct {
    const char *key;
    const char *value;
    const char *error; /* NULL: it works */
} settings[] = {
    {"auto.offset.reset", " latest ", NULL},
    {"auto.offset.reset", "by_duration:P7D", NULL},
    {"auto.offset.reset", "by_duration:soon", "by_duration:<PnDTnHnMn.nS>"},
    {"auto.offset.reset", "sometimes", "Invalid value sometimes for configuration"},
    {"partition.assignment.strategy", "org.apache.kafka.clients.consumer.StickyAssignor", NULL},
    {"partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor,com.acme.A",
     "Class com.acme.A could not be found"},
    {"group.protocol", "classic", NULL},
    {"group.protocol", "share", "CLASSIC, CONSUMER"},
    {"max.poll.records", "x", NULL},
    {"auto.offset.reset", NULL, NULL},
};

START_TEST(what_cannot_be_done_is_said_beforehand)
{
    struct kc_error *err = kc_consumer_check_setting(settings[_i].key, settings[_i].value);
    ck_assert_int_eq(err != NULL, settings[_i].error != NULL);
    if (err)
        ck_assert_msg(strstr(kc_error_text(err), settings[_i].error) != NULL, "%s",
                      kc_error_text(err));
    kc_error_destroy(err);
}
END_TEST

/* Worth having where librdkafka does; refused where it doesn't. */
START_TEST(the_consumer_protocol)
{
    struct kc_map *properties = kc_map_new();
    kc_map_set(properties, "bootstrap.servers", "127.0.0.1:1");
    kc_map_set(properties, "group.id", "g");
    kc_map_set(properties, "group.protocol", "consumer");
    kc_map_set(properties, "session.timeout.ms", "30000");
    rd_kafka_conf_t *conf = NULL;
    struct kc_error *refused = kc_consumer_check_setting("group.protocol", "consumer");
    struct kc_error *err = kc_client_conf(KC_CLIENT_CONSUMER, properties, &conf);
    ck_assert_int_eq(refused != NULL, rd_kafka_version() < 0x020a00ff);
    ck_assert_int_eq(err != NULL, refused != NULL);
    if (conf) {
        char protocol[16];
        size_t size = sizeof(protocol);
        rd_kafka_t *client = NULL;
        rd_kafka_conf_get(conf, "group.protocol", protocol, &size);
        ck_assert_str_eq(protocol, "consumer");
        ck_assert_ptr_null(kc_client_new(KC_CLIENT_CONSUMER, conf, &client));
        rd_kafka_destroy(client);
    }
    kc_error_destroy(refused);
    kc_error_destroy(err);
    kc_map_destroy(properties);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_group");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, durations_as_java_reads_them, 0,
                        sizeof(durations) / sizeof(durations[0]));
    tcase_add_loop_test(tests, what_cannot_be_done_is_said_beforehand, 0,
                        sizeof(settings) / sizeof(settings[0]));
    tcase_add_test(tests, the_consumer_protocol);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
