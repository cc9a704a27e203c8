/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups by real consumers, in librdkafka's mocks of two clusters: whatever the order of what is
 * asked for, windows are those of the logs.
 */
#include "mirror/lookup_client.h"
#include "mirror/lookup_queue.h"
#include "mirror/mark_reader_priv.h"
#include "mirror/mirror_check.h"
#include "mirror_checkpoint/mirror_checkpoint_priv.h"

#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <unistd.h>

enum { RECORDS = 5000, EXTRA = 700, PARTITIONS = 3, DEADLINE_MS = 30000 };

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *clusters[2]; /* by enum kc_lookup_side */
static struct kc_mirror_config *config;
static atomic_bool aborted;

static rd_kafka_t *producer_of(enum kc_lookup_side side)
{
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (clusters[side])
        rd_kafka_conf_set(conf, "bootstrap.servers",
                          rd_kafka_mock_cluster_bootstraps(clusters[side]), NULL, 0);
    rd_kafka_conf_set(conf, "linger.ms", "1", NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "3", NULL, 0);
    rd_kafka_conf_set(conf, "batch.num.messages", "500", NULL, 0);
    rd_kafka_t *made = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
    ck_assert_msg(made != NULL, "%s", reason);
    return made;
}

static void produce(enum kc_lookup_side side, const char *topic, const char *kind, int count)
{
    rd_kafka_t *producer = producer_of(side);
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        for (int i = 0; i < count; i++) {
            char value[64];
            int len = snprintf(value, sizeof(value), "%s-%d-%d", kind, partition, i);
            rd_kafka_resp_err_t code = rd_kafka_producev(
                producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                RD_KAFKA_V_TIMESTAMP(1000 + i), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                RD_KAFKA_V_VALUE(value, (size_t)len), RD_KAFKA_V_END);
            ck_assert_int_eq(code, RD_KAFKA_RESP_ERR_NO_ERROR);
        }
    ck_assert_int_eq(rd_kafka_flush(producer, DEADLINE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(producer);
}

/* The target has some records of its own in the middle. */
static void setup(void)
{
    host = producer_of(KC_LOOKUP_SOURCE);
    for (int side = 0; side < 2; side++) {
        clusters[side] = rd_kafka_mock_cluster_new(host, 1);
        rd_kafka_mock_topic_create(clusters[side], side ? "A.t" : "t", PARTITIONS, 1);
    }
    produce(KC_LOOKUP_SOURCE, "t", "one", RECORDS);
    produce(KC_LOOKUP_SOURCE, "t", "two", RECORDS);
    produce(KC_LOOKUP_TARGET, "A.t", "one", RECORDS);
    produce(KC_LOOKUP_TARGET, "A.t", "extra", EXTRA);
    produce(KC_LOOKUP_TARGET, "A.t", "two", RECORDS);
    struct kc_map *properties =
        MAP("name", "mm", "connector.class", "x", "source.cluster.alias", "A",
            "target.cluster.alias", "B", "source.cluster.bootstrap.servers",
            rd_kafka_mock_cluster_bootstraps(clusters[KC_LOOKUP_SOURCE]),
            "target.cluster.bootstrap.servers",
            rd_kafka_mock_cluster_bootstraps(clusters[KC_LOOKUP_TARGET]));
    assert_ok(kc_mirror_config_new(&kc_mirror_checkpoint_plugin, properties, false, &config));
    kc_map_destroy(properties);
}

static void teardown(void)
{
    kc_mirror_config_destroy(config);
    for (int side = 0; side < 2; side++)
        rd_kafka_mock_cluster_destroy(clusters[side]);
    rd_kafka_destroy(host);
}

/* ---- look-ups ---- */

static int64_t truth(int64_t upstream)
{
    return upstream < RECORDS ? upstream : upstream + EXTRA;
}

static struct kc_lookup lookup_of(int32_t partition, int64_t upstream)
{
    return (struct kc_lookup){"t",      "A.t",  partition,
                              upstream, {0, 0}, {2 * RECORDS, 2 * RECORDS + EXTRA}};
}

static void check(struct kc_lookup_client *client, int32_t partition, int64_t upstream)
{
    struct kc_lookup lookup = lookup_of(partition, upstream);
    enum kc_lookup_result result = KC_LOOKUP_NOT_FOUND;
    int64_t downstream = -1;
    assert_ok(
        kc_lookup_client_find(client, &lookup, kc_mono_ms() + DEADLINE_MS, &result, &downstream));
    ck_assert_int_eq(result, KC_LOOKUP_FOUND);
    ck_assert_int_eq(downstream, truth(upstream));
}

START_TEST(look_ups_in_any_order_are_exact)
{
    struct kc_lookup_client *client = kc_lookup_client_new(config);
    for (int64_t upstream = 3; upstream < 2 * RECORDS; upstream += 97)
        check(client, 0, upstream);
    for (int64_t upstream = 2 * RECORDS - 1; upstream >= 0; upstream -= 401) /* and back */
        for (int32_t partition = 0; partition < PARTITIONS; partition++)
            check(client, partition, upstream);
    kc_lookup_client_rest(client);
    check(client, 1, RECORDS);
    check(client, 1, 2 * RECORDS); /* behind the last */
    kc_lookup_client_destroy(client);
}
END_TEST

/* One round of a checkpoint task: how many of the offsets aren't known yet. */
static size_t ask_all(struct kc_lookup_queue *queue, int64_t step)
{
    size_t unknown = 0;
    for (int64_t upstream = 0; upstream < 2 * RECORDS; upstream += step)
        for (int32_t partition = 0; partition < PARTITIONS; partition++) {
            struct kc_lookup lookup = lookup_of(partition, upstream);
            int64_t downstream = -1;
            if (kc_lookup_queue_ask(queue, &lookup, 0, &downstream))
                ck_assert_int_eq(downstream, truth(upstream));
            else
                unknown++;
        }
    return unknown;
}

/* So many that all of its threads are at work. */
START_TEST(a_queue_finds_all_and_its_successor_knows_it)
{
    struct kc_lookup_queue *queue = kc_lookup_queue_new(config);
    int64_t until = kc_mono_ms() + DEADLINE_MS;
    ck_assert_uint_gt(ask_all(queue, 20), 0);
    while (ask_all(queue, 20) > 0) {
        ck_assert_int_lt(kc_mono_ms(), until);
        usleep(10000);
    }
    ck_assert_uint_eq(kc_lookup_queue_waiting(queue), 0);
    ask_all(queue, 3);
    kc_lookup_queue_destroy(queue);
    /* The task is made anew: it knows what was found, and goes on with the rest. */
    queue = kc_lookup_queue_new(config);
    ck_assert_uint_eq(ask_all(queue, 20), 0);
    while (ask_all(queue, 3) > 0) {
        ck_assert_int_lt(kc_mono_ms(), until);
        usleep(10000);
    }
    kc_lookup_queue_destroy(queue);
}
END_TEST

/* ---- windows ---- */

/* Reads [from, to) of the source's partition, and holds it against the log, which ends at end. */
static bool check_window(struct kc_mark_reader *reader, int32_t partition, int64_t from, int64_t to,
                         size_t max, int64_t end)
{
    struct kc_record_window window = {0};
    int64_t last = to < end ? to : end;
    size_t count = last - from < (int64_t)max ? (size_t)(last - from) : max;
    kc_mark_reader_at(reader, "t", partition, kc_mono_ms() + DEADLINE_MS);
    assert_ok(kc_mark_reader_read(reader, from, to, max, &window));
    ck_assert_uint_eq(window.count, count);
    for (size_t i = 0; i < window.count; i++) {
        char value[64];
        int64_t offset = from + (int64_t)i, number = offset % RECORDS;
        int len = snprintf(value, sizeof(value), "%s-%d-%d", offset < RECORDS ? "one" : "two",
                           partition, (int)number);
        ck_assert_int_eq(window.records[i].offset, offset);
        ck_assert_int_eq(window.records[i].timestamp, 1000 + number);
        ck_assert(window.records[i].content == kc_record_content(NULL, 0, value, (size_t)len));
    }
    bool at_end = window.at_end;
    kc_record_window_clear(&window);
    return at_end;
}

START_TEST(windows_are_those_of_the_log)
{
    enum { END = 2 * RECORDS };
    struct kc_mark_reader *reader = kc_mark_reader_new(config, KC_MIRROR_SOURCE, &aborted);
    unsigned random = 14;
    for (int i = 0; i < 300; i++) {
        random = random * 1103515245 + 12345;
        int64_t from = (int64_t)(random >> 8) % END;
        int32_t partition = i / 10 % PARTITIONS; /* some of one, some of another */
        bool at_end =
            check_window(reader, partition, from, END + 10, 1 + (random >> 4) % 2000, END);
        ck_assert(!at_end || END - from <= 2000);
        if (i % 50 == 49)
            kc_mark_reader_rest(reader);
    }
    ck_assert(check_window(reader, 0, END - 5, END + 10, 10, END));
    ck_assert(check_window(reader, 0, END - 5, END + 10, 10, END));
    kc_mark_reader_destroy(reader);
}
END_TEST

/* What was the end of the log isn't for long. */
START_TEST(a_log_that_grows_is_read_on)
{
    struct kc_mark_reader *reader = kc_mark_reader_new(config, KC_MIRROR_SOURCE, &aborted);
    struct kc_record_window window = {0};
    int64_t until = kc_mono_ms() + DEADLINE_MS;
    ck_assert(check_window(reader, 0, RECORDS, 4 * RECORDS, 3 * RECORDS, 2 * RECORDS));
    produce(KC_LOOKUP_SOURCE, "t", "three", 10);
    do {
        ck_assert_int_lt(kc_mono_ms(), until);
        kc_record_window_clear(&window);
        kc_mark_reader_at(reader, "t", 0, until);
        assert_ok(kc_mark_reader_read(reader, RECORDS, 4 * RECORDS, 3 * RECORDS, &window));
    } while (window.count == RECORDS);
    ck_assert_uint_eq(window.count, RECORDS + 10);
    ck_assert_int_eq(window.records[RECORDS].offset, 2 * RECORDS);
    ck_assert(window.at_end);
    kc_record_window_clear(&window);
    kc_mark_reader_destroy(reader);
}
END_TEST

START_TEST(an_offset_that_is_not_there_is_an_error_and_the_next_read_goes_on)
{
    struct kc_mark_reader *reader = kc_mark_reader_new(config, KC_MIRROR_SOURCE, &aborted);
    struct kc_record_window window = {0};
    kc_mark_reader_at(reader, "t", 0, kc_mono_ms() + DEADLINE_MS);
    struct kc_error *err = kc_mark_reader_read(reader, 90000, 90010, 10, &window);
    ck_assert_ptr_nonnull(err);
    ck_assert_msg(strstr(kc_error_text(err), "Could not read t-0 of A to look up an offset") !=
                      NULL,
                  "%s", kc_error_text(err));
    kc_error_destroy(err);
    kc_record_window_clear(&window);
    check_window(reader, 0, 10, 20, 10, 2 * RECORDS);
    kc_mark_reader_destroy(reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lookup_client");
    TCase *tcase = tcase_create("lookup_client");
    kc_logging_set_level("root", KC_LOG_OFF, NULL);
    kc_plugins_set_builtin(kc_builtin_plugins);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, look_ups_in_any_order_are_exact);
    tcase_add_test(tcase, a_queue_finds_all_and_its_successor_knows_it);
    tcase_add_test(tcase, windows_are_those_of_the_log);
    tcase_add_test(tcase, a_log_that_grows_is_read_on);
    tcase_add_test(tcase, an_offset_that_is_not_there_is_an_error_and_the_next_read_goes_on);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
