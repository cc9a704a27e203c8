/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sink tasks from topic to put() and committed offset, against librdkafka's mock cluster
 * (WorkerSinkTask's scenarios).
 */
#include "runtime/fake_worker.h"

enum { PARTITIONS = 2 };

static struct {
    atomic_int puts;
    atomic_int received;
    atomic_int opened;
    atomic_int closed;
    atomic_int flushed;
    atomic_int destroyed;
    atomic_int retries;      /* put() calls that ask for the same again */
    atomic_int refuse_flush; /* pre_commit() calls that fail */
    atomic_int report_at;    /* report this offset of partition 0 */
    atomic_bool fail;
    atomic_bool disorder;
    atomic_int repeated; /* records that came again after a retry */
    int64_t next[PARTITIONS];
} sink;

static void *task_create(struct kc_sink_context *context)
{
    return context;
}

static struct kc_error *task_start(void *task, const struct kc_map *config)
{
    for (int i = 0; i < PARTITIONS; i++)
        sink.next[i] = 0;
    return NULL;
}

static struct kc_error *task_open(void *task, const struct kc_topic_partition *partitions,
                                  size_t count)
{
    sink.opened += (int)count;
    return NULL;
}

static struct kc_error *take(void *task, const struct kc_record *record)
{
    if (record->kafka_offset != sink.next[record->partition])
        sink.disorder = true;
    sink.next[record->partition] = record->kafka_offset + 1;
    sink.received++;
    if (sink.report_at >= 0 && record->partition == 0 && record->kafka_offset == sink.report_at)
        return kc_sink_context_report(task, record, kc_error_new(KC_ERR_DATA, "don't like it"));
    return NULL;
}

static struct kc_error *task_put(void *task, struct kc_batch *batch)
{
    sink.puts++;
    if (kc_batch_count(batch) && sink.fail)
        return kc_error_new(KC_ERR_CONNECT, "no put today");
    if (kc_batch_count(batch) && sink.retries > 0) {
        sink.retries--;
        sink.repeated += (int)kc_batch_count(batch);
        kc_sink_context_timeout(task, 20);
        return kc_error_retriable_new(KC_ERR_CONNECT, "not now");
    }
    struct kc_error *err = NULL;
    for (size_t i = 0; i < kc_batch_count(batch) && !err; i++)
        err = take(task, kc_batch_at(batch, i));
    return err;
}

static struct kc_error *task_pre_commit(void *task, struct kc_topic_partition *offsets,
                                        size_t count)
{
    if (sink.refuse_flush > 0) {
        sink.refuse_flush--;
        for (size_t i = 0; i < count; i++)
            sink.next[offsets[i].partition] = 0; /* it starts over */
        return kc_error_new(KC_ERR_CONNECT, "no flush today");
    }
    sink.flushed++;
    return NULL;
}

static struct kc_error *task_close(void *task, const struct kc_topic_partition *partitions,
                                   size_t count)
{
    sink.closed += (int)count;
    return NULL;
}

static void task_stop(void *task)
{
}

static void task_destroy(void *task)
{
    sink.destroyed++;
}

static const struct kc_sink_task_ops task_ops = {
    .create = task_create,
    .start = task_start,
    .open = task_open,
    .put = task_put,
    .pre_commit = task_pre_commit,
    .close = task_close,
    .stop = task_stop,
    .destroy = task_destroy,
};

static void *connector_create(struct kc_connector_context *context)
{
    return context;
}
static const struct kc_connector_ops connector_ops = {.create = connector_create};

static const struct kc_plugin fake_sink = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SINK,
    .class_name = "test.FakeSinkConnector",
    .task_class = "test.FakeSinkTask",
    .version = "1",
    .connector = &connector_ops,
    .sink_task = &task_ops,
};
static const struct kc_plugin *const fakes[] = {&fake_sink, NULL};

/* ---- fixture ---- */

static struct fake_worker worker;
static const struct kc_task_id id = {"snk", 0};

static void setup(void)
{
    memset(&sink, 0, sizeof(sink));
    sink.report_at = -1;
    start_cluster();
    rd_kafka_mock_topic_create(mock, "in", PARTITIONS, 1);
    start_worker(&worker, fakes, NULL);
}

static void teardown(void)
{
    stop_worker(&worker);
    stop_cluster();
}

static void produce(int count)
{
    static char value[] = "x";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[256];
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock), NULL, 0);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("in"),
                                           RD_KAFKA_V_PARTITION(i % PARTITIONS),
                                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                           RD_KAFKA_V_VALUE(value, 1), RD_KAFKA_V_END),
                         0);
    ck_assert_int_eq(rd_kafka_flush(producer, PATIENCE_MS), 0);
    rd_kafka_destroy(producer);
}

static void launch(struct kc_map *extra, enum kc_target_state target)
{
    struct kc_map *config =
        CONFIG("name", "snk", "connector.class", "test.FakeSinkConnector", "topics", "in");
    if (extra)
        kc_map_merge(config, extra);
    kc_map_destroy(extra);
    struct kc_map *task = kc_map_copy(config);
    ck_assert_ptr_null(kc_worker_start_task(worker.worker, id, config, task, target, 0));
    kc_map_destroy(config);
    kc_map_destroy(task);
}

static void stop(void)
{
    kc_worker_stop_tasks(worker.worker, &id, 1);
}

/* What the group connect-snk has committed for a partition. */
static int64_t committed(int32_t partition)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[256];
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock), NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "connect-snk", NULL, 0);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "in", partition);
    rd_kafka_committed(consumer, list, PATIENCE_MS);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);
    return offset;
}

/* ---- tests ---- */

START_TEST(records_are_put_and_committed)
{
    produce(100);
    launch(NULL, KC_TARGET_STARTED);
    await(sink.received == 100);
    await(committed(0) == 50 && committed(1) == 50);
    ck_assert_int_eq(sink.opened, PARTITIONS);
    stop();
    ck_assert_int_eq(sink.closed, PARTITIONS);
    ck_assert_int_eq(sink.destroyed, 1);
    ck_assert(!sink.disorder);
    char order[128];
    heard_order(0, order, sizeof(order));
    ck_assert_str_eq(order, "RUNNING UNASSIGNED ");
    ck_assert_str_eq(heard.topics[0], "in");
}
END_TEST

START_TEST(the_last_commit_comes_with_the_close)
{
    produce(10);
    struct kc_map *config = CONFIG("consumer.override.max.poll.interval.ms", "60000");
    launch(config, KC_TARGET_STARTED);
    await(sink.received == 10);
    stop();
    ck_assert_int_eq(committed(0), 5);
    ck_assert_int_eq(committed(1), 5);
}
END_TEST

START_TEST(a_topic_pattern_is_java_s)
{
    produce(10);
    launch(CONFIG("topics", "", "topics.regex", "(?i)I\\p{Lower}"), KC_TARGET_STARTED);
    await(sink.received == 10);
    stop();
}
END_TEST

START_TEST(the_same_batch_comes_again_after_a_retry)
{
    sink.retries = 3;
    produce(10);
    launch(NULL, KC_TARGET_STARTED);
    await(sink.received == 10);
    ck_assert_int_ge(sink.repeated, 3);
    ck_assert(!sink.disorder);
    /* And it goes on. */
    produce(10);
    await(sink.received == 20);
    ck_assert(!sink.disorder);
    stop();
}
END_TEST

START_TEST(a_failing_put_fails_the_task)
{
    sink.fail = true;
    produce(1);
    launch(NULL, KC_TARGET_STARTED);
    await(heard_state(0, KC_STATE_FAILED));
    ck_assert_ptr_nonnull(strstr(heard_state(0, KC_STATE_FAILED),
                                 "Exiting WorkerSinkTask due to unrecoverable exception."));
    ck_assert_ptr_nonnull(strstr(heard_state(0, KC_STATE_FAILED), "no put today"));
    stop();
    ck_assert_int_eq(committed(0), RD_KAFKA_OFFSET_INVALID);
    ck_assert_int_eq(sink.destroyed, 1);
}
END_TEST

START_TEST(a_failing_flush_rewinds)
{
    sink.refuse_flush = 1;
    produce(20);
    launch(NULL, KC_TARGET_STARTED);
    await(committed(0) == 10 && committed(1) == 10);
    ck_assert_int_gt(sink.received, 20); /* what had been delivered came again */
    ck_assert(!sink.disorder);
    stop();
}
END_TEST

START_TEST(a_paused_task_reads_nothing)
{
    produce(10);
    launch(NULL, KC_TARGET_STARTED);
    await(sink.received == 10);
    kc_worker_set_target_state(worker.worker, "snk", KC_TARGET_PAUSED, NULL, NULL);
    await(heard_state(0, KC_STATE_PAUSED));
    produce(10);
    usleep(300000);
    ck_assert_int_eq(sink.received, 10);
    kc_worker_set_target_state(worker.worker, "snk", KC_TARGET_STARTED, NULL, NULL);
    await(sink.received == 20);
    ck_assert(!sink.disorder);
    stop();
    char order[128];
    heard_order(0, order, sizeof(order));
    ck_assert_str_eq(order, "RUNNING PAUSED RUNNING UNASSIGNED ");
}
END_TEST

START_TEST(a_reported_record_fails_the_task)
{
    sink.report_at = 2;
    produce(10);
    launch(NULL, KC_TARGET_STARTED);
    await(heard_state(0, KC_STATE_FAILED));
    ck_assert_ptr_nonnull(
        strstr(heard_state(0, KC_STATE_FAILED), "Tolerance exceeded in error handler"));
    stop();
    ck_assert_int_lt(committed(0), 3);
}
END_TEST

START_TEST(a_reported_record_is_tolerated)
{
    sink.report_at = 2;
    produce(10);
    launch(CONFIG("errors.tolerance", "all"), KC_TARGET_STARTED);
    await(sink.received == 10);
    await(committed(0) == 5 && committed(1) == 5);
    stop();
}
END_TEST

START_TEST(topics_are_needed)
{
    launch(CONFIG("topics", ""), KC_TARGET_STARTED);
    await(heard_state(0, KC_STATE_FAILED));
    ck_assert_ptr_nonnull(
        strstr(heard_state(0, KC_STATE_FAILED), "Must configure one of topics or topics.regex"));
    stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sink_task");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, records_are_put_and_committed);
    tcase_add_test(tests, the_last_commit_comes_with_the_close);
    tcase_add_test(tests, a_topic_pattern_is_java_s);
    tcase_add_test(tests, the_same_batch_comes_again_after_a_retry);
    tcase_add_test(tests, a_failing_put_fails_the_task);
    tcase_add_test(tests, a_failing_flush_rewinds);
    tcase_add_test(tests, a_paused_task_reads_nothing);
    tcase_add_test(tests, a_reported_record_fails_the_task);
    tcase_add_test(tests, a_reported_record_is_tolerated);
    tcase_add_test(tests, topics_are_needed);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
