/* SPDX-License-Identifier: Apache-2.0 */
/* The quarantine topic against librdkafka's mock cluster: what is written, and what can't be. */
#include "connect/kafka.h"
#include "host/idle_host.h"
#include "runtime/fake_worker.h"
#include "source/quarantine.h"

static struct kc_quarantine *quarantine;
static struct kc_task_host *host;
static struct kc_config *config;
static struct kc_source_partition *from;
static atomic_int written, unwritten;
static struct kc_error *failure;

static void on_done(void *opaque, void *owner, bool ok)
{
    ck_assert_ptr_eq(owner, &written);
    atomic_fetch_add(ok ? &written : &unwritten, 1);
}

static void on_failed(void *opaque, struct kc_error *err)
{
    kc_error_destroy(failure);
    failure = err;
}

static void setup(void)
{
    const struct kc_task_settings settings = {.connector = "mirror", .task = 4};
    start_cluster();
    rd_kafka_mock_topic_create(mock, "hospital", 1, 1);
    written = unwritten = 0;
    struct kc_map *map = CONFIG("name", "mirror", "connector.class", "x", "errors.tolerance", "all",
                                "errors.quarantine.topic.name", " hospital ",
                                "errors.quarantine.topic.replication.factor", "1");
    must(kc_config_parse(kc_connector_config_def(true), map, &config));
    kc_map_destroy(map);
    struct kc_map *client = CONFIG("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock));
    host = kc_task_host_new(&settings, &idle_kind, NULL);
    const struct kc_quarantine_settings wanted = {
        .host = host,
        .config = config,
        .source_alias = "A",
        .admin = client,
        .producer = client,
        .done = on_done,
        .failed = on_failed,
    };
    must(kc_quarantine_new(&wanted, &quarantine));
    kc_map_destroy(client);
    json_t *partition =
        json_pack("{s:s,s:s,s:i}", "cluster", "A", "topic", "orders", "partition", 3);
    from = kc_source_partition_new(partition);
    json_decref(partition);
}

static void teardown(void)
{
    kc_quarantine_destroy(quarantine);
    kc_task_host_destroy(host);
    kc_config_destroy(config);
    kc_source_partition_unref(from);
    kc_error_clear(&failure);
    stop_cluster();
}

static void add(const void *value, size_t len)
{
    static const struct kc_build_header headers[] = {
        {"mine", 4, "own", 3}, {"none", 4, NULL, 0}, {"a\0b", 3, "zero", 4}};
    const struct kc_refused_record record = {
        .sent = {.timestamp = 1234,
                 .key = "k",
                 .key_len = 1,
                 .value = value,
                 .value_len = len,
                 .headers = headers,
                 .header_count = 3},
        .topic = "A.orders",
        .partition = 3,
        .source_partition = from,
        .source_offset = {"offset", 77, NULL},
    };
    struct kc_error *why = kc_error_kafka_new(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, false,
                                              "appending to A.orders-3: INVALID_TIMESTAMP");
    must(kc_quarantine_add(quarantine, &record, why, &written));
    kc_error_destroy(why);
}

/* ---- looking ---- */

static void check_header(rd_kafka_headers_t *headers, const char *name, const char *want)
{
    const void *data = NULL;
    size_t len = 0;
    ck_assert_msg(!rd_kafka_header_get_last(headers, name, &data, &len), "no header %s", name);
    char *got = data ? kc_strndup(data, len) : kc_strdup("(null)");
    ck_assert_str_eq(got, want ? want : "(null)");
    free(got);
}

/* The client gives a name as a C string, but keeps all of its bytes. */
static void check_name_with_zero(rd_kafka_headers_t *headers)
{
    const char *name;
    const void *data;
    size_t len, found = 0;
    for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &data, &len); i++) {
        if (strcmp(name, "a") != 0)
            continue;
        ck_assert_mem_eq(name, "a\0b", 4);
        ck_assert_uint_eq(len, 4);
        found++;
    }
    ck_assert_uint_eq(found, 1);
}

static void check_headers(const rd_kafka_message_t *message, const char *const *pairs)
{
    rd_kafka_headers_t *headers;
    ck_assert_int_eq(rd_kafka_message_headers(message, &headers), 0);
    check_name_with_zero(headers);
    for (; pairs[0]; pairs += 2)
        check_header(headers, pairs[0], pairs[1]);
}

/* What stands at an offset of the topic. value NULL: null. */
static void check_at(int64_t offset, const char *value, const char *const *pairs)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock), text,
                      sizeof(text));
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
    rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer, "hospital", NULL);
    ck_assert_int_eq(rd_kafka_consume_start(topic, 0, offset), 0);
    rd_kafka_message_t *message;
    await((message = rd_kafka_consume(topic, 0, 1000)) && !message->err);
    ck_assert_int_eq(message->offset, offset);
    ck_assert_uint_eq(message->key_len, 1);
    ck_assert_uint_eq(message->len, value ? strlen(value) : 0);
    if (value)
        ck_assert_mem_eq(message->payload, value, message->len);
    else
        ck_assert_ptr_null(message->payload);
    check_headers(message, pairs);
    rd_kafka_message_destroy(message);
    rd_kafka_consume_stop(topic, 0);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(consumer);
}
#define CHECK_AT(offset, value, ...)                                                               \
    check_at(offset, value, (const char *const[]){__VA_ARGS__, NULL})

static bool served(void)
{
    return !kc_quarantine_serve(quarantine, 10);
}

/* ---- tests ---- */

START_TEST(a_record_is_written_with_all_that_is_known)
{
    add("value", 5);
    await(served());
    ck_assert_int_eq(written, 1);
    ck_assert_uint_eq(atomic_load(&kc_task_host_metrics(host)->quarantined), 1);
    CHECK_AT(0, "value", "mine", "own", "none", NULL, "__connect.errors.topic", "orders",
             "__connect.errors.partition", "3", "__connect.errors.offset", "77",
             "__connect.errors.timestamp", "1234", "__connect.errors.source.cluster.alias", "A",
             "__connect.errors.target.topic", "A.orders", "__connect.errors.target.partition", "3",
             "__connect.errors.connector.name", "mirror", "__connect.errors.task.id", "4",
             "__connect.errors.stage", "KAFKA_PRODUCE", "__connect.errors.class.name",
             "org.apache.kafka.connect.runtime.WorkerSourceTask", "__connect.errors.error.code",
             "32", "__connect.errors.exception.message",
             "appending to A.orders-3: INVALID_TIMESTAMP");
}
END_TEST

START_TEST(a_headers_name_may_have_any_bytes)
{
    add("value", 5);
    await(served());
    CHECK_AT(0, "value", "mine", "own");
}
END_TEST

START_TEST(a_topic_that_is_deleted_is_noticed)
{
    rd_kafka_resp_err_t errors[1000];
    add("value", 5);
    await(served());
    for (int i = 0; i < 1000; i++)
        errors[i] = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    rd_kafka_mock_topic_set_error(mock, "hospital", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    rd_kafka_mock_push_request_errors_array(mock, 0 /* Produce */, 1000, errors);
    add("another", 7);
    await(served());
    ck_assert_int_eq(written, 1);
    ck_assert_int_eq(unwritten, 1);
    ck_assert_ptr_nonnull(failure);
    ck_assert_ptr_nonnull(strstr(kc_error_text(failure), "hospital"));
}
END_TEST

/* The broker refuses the copy for its size: what is left goes alone, none beside it does. */
START_TEST(a_value_that_is_too_large_is_left_out)
{
    rd_kafka_mock_push_request_errors(mock, 0 /* Produce */, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    add("large value", 11);
    await(served());
    add("another", 7);
    await(served());
    ck_assert_int_eq(written, 2);
    ck_assert_ptr_null(failure);
    CHECK_AT(0, NULL, "__connect.errors.value.omitted", "11", "__connect.errors.offset", "77");
    CHECK_AT(1, "another", "__connect.errors.offset", "77");
}
END_TEST

START_TEST(a_value_beyond_any_request_is_left_out)
{
    size_t len = (100 << 20) + 1;
    void *large = calloc(1, len);
    add(large, len);
    free(large);
    await(served());
    ck_assert_int_eq(written, 1);
    CHECK_AT(0, NULL, "__connect.errors.value.omitted", "104857601");
}
END_TEST

START_TEST(what_cant_be_written_is_not_done)
{
    rd_kafka_mock_push_request_errors(mock, 0, 2, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    add("value", 5);
    await(served());
    ck_assert_int_eq(written, 0);
    ck_assert_int_eq(unwritten, 1);
    ck_assert_ptr_nonnull(failure);
    ck_assert_ptr_nonnull(strstr(kc_error_text(failure), "hospital"));
    ck_assert_int_eq(kc_error_kafka_code(kc_error_cause(failure)),
                     RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
}
END_TEST

/* Nothing is told twice, and nothing is forgotten, when the task ends in between. */
START_TEST(the_end_gives_up_what_is_under_way)
{
    rd_kafka_mock_broker_set_rtt(mock, 1, 20000);
    for (int i = 0; i < 10; i++)
        add("value", 5);
    kc_quarantine_destroy(quarantine);
    quarantine = NULL;
    ck_assert_int_eq(written, 0);
    ck_assert_int_eq(unwritten, 10);
    ck_assert_ptr_null(failure);
}
END_TEST

START_TEST(more_than_may_be_under_way_waits)
{
    for (int i = 0; i < 3000; i++)
        add("value", 5);
    await(served());
    ck_assert_int_eq(written, 3000);
}
END_TEST

START_TEST(what_it_goes_with)
{
    ck_assert(kc_quarantine_wanted(config));
    ck_assert_ptr_null(kc_quarantine_refusal("ALL", false));
    ck_assert_ptr_nonnull(strstr(kc_quarantine_refusal("none", false), "errors.tolerance=all"));
    ck_assert_ptr_nonnull(strstr(kc_quarantine_refusal(NULL, false), "errors.tolerance=all"));
    ck_assert_ptr_nonnull(
        strstr(kc_quarantine_refusal("all", true), "exactly.once.source.support"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quarantine");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_record_is_written_with_all_that_is_known);
    tcase_add_test(tests, a_headers_name_may_have_any_bytes);
    tcase_add_test(tests, a_topic_that_is_deleted_is_noticed);
    tcase_add_test(tests, a_value_that_is_too_large_is_left_out);
    tcase_add_test(tests, a_value_beyond_any_request_is_left_out);
    tcase_add_test(tests, what_cant_be_written_is_not_done);
    tcase_add_test(tests, the_end_gives_up_what_is_under_way);
    tcase_add_test(tests, more_than_may_be_under_way_waits);
    tcase_add_test(tests, what_it_goes_with);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
