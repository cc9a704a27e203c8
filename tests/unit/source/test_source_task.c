/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source tasks from poll to committed offset, against librdkafka's mock cluster (WorkerSourceTask's
 * scenarios).
 */
#include "runtime/fake_worker.h"

/* ---- a source that hands over numbered records ---- */

enum { PARTITIONS = 2, BATCH = 50, LOG = 20000 };

static struct {
    atomic_int limit;     /* records to hand over */
    atomic_int next;      /* the next one's number */
    atomic_int committed; /* record_committed() calls */
    atomic_int unsent;    /* of which without metadata */
    atomic_int commits;   /* commit() calls */
    atomic_int destroyed;
    atomic_int started;
    atomic_bool disorder; /* record_committed() out of order */
    atomic_bool block;    /* poll() doesn't come back until told to stop */
    atomic_bool fail_start;
    atomic_bool fail_for_now; /* the same, retriably */
    atomic_bool fail_poll;
    atomic_bool large;   /* every tenth record is too large */
    atomic_bool rewinds; /* goes on from the stored offsets */
    long last[PARTITIONS];
    json_t *found[PARTITIONS]; /* offsets at start */
    const char *topic;         /* in place of the configured one */
} source;

struct fake_task {
    struct kc_source_context *context;
    struct kc_source_partition *partitions[PARTITIONS];
    const char *topic;
    atomic_bool stopped;
};

static void *task_create(struct kc_source_context *context)
{
    struct fake_task *task = calloc(1, sizeof(*task));
    task->context = context;
    return task;
}

/* Behind the lower of the stored offsets: some records come twice. */
static void rewind_source(void)
{
    int next = source.limit;
    for (int i = 0; i < PARTITIONS; i++) {
        json_t *number = json_object_get(source.found[i], "number");
        int after = number ? (int)json_integer_value(number) + 1 : 0;
        next = after < next ? after : next;
    }
    source.next = next;
}

static struct kc_error *task_start(void *object, const struct kc_map *config)
{
    struct fake_task *task = object;
    task->topic = kc_map_get(config, "topic");
    json_t *maps[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++) {
        maps[i] = json_pack("{s:i}", "partition", i);
        task->partitions[i] = kc_source_partition_new(maps[i]);
        source.last[i] = -1;
        json_decref(source.found[i]);
    }
    struct kc_error *err = kc_source_context_offsets(task->context, maps, PARTITIONS, source.found);
    for (int i = 0; i < PARTITIONS; i++)
        json_decref(maps[i]);
    if (!err && source.fail_start)
        err = kc_error_new(KC_ERR_CONNECT, "no start today");
    if (!err && source.fail_for_now)
        err = kc_error_retriable_new(KC_ERR_KAFKA, "not yet");
    if (!err && source.rewinds)
        rewind_source();
    source.started++;
    return err;
}

static struct kc_error *task_poll(void *object, struct kc_batch **batch)
{
    struct fake_task *task = object;
    if (source.fail_poll)
        return kc_error_new(KC_ERR_CONNECT, "no poll today");
    while (source.block && !task->stopped)
        usleep(1000);
    int left = source.limit - source.next;
    if (left <= 0) {
        usleep(2000);
        return NULL;
    }
    *batch = kc_batch_new(BATCH);
    for (int i = 0; i < BATCH && i < left; i++) {
        struct kc_record *record = kc_batch_add(*batch);
        int number = source.next++;
        char *text = kc_batch_alloc(*batch, 16);
        snprintf(text, 16, "%d", number);
        record->topic = source.topic ? source.topic : task->topic;
        record->partition = number % PARTITIONS;
        record->value = kc_value_bytes(text, strlen(text));
        if (source.large && number % 10 == 9)
            record->value = kc_value_bytes(kc_batch_alloc(*batch, 1200000), 1200000);
        record->source_partition = task->partitions[number % PARTITIONS];
        record->source_offset = (struct kc_source_offset){"number", number, NULL};
    }
    return NULL;
}

static void task_record_committed(void *object, const struct kc_record *record,
                                  const struct kc_record_metadata *metadata)
{
    long number = record->source_offset.number;
    if (number <= source.last[number % PARTITIONS])
        source.disorder = true;
    source.last[number % PARTITIONS] = number;
    source.unsent += !metadata;
    source.committed++;
}

static struct kc_error *task_commit(void *object)
{
    source.commits++;
    return NULL;
}

static void task_stop(void *object)
{
    ((struct fake_task *)object)->stopped = true;
}

static void task_destroy(void *object)
{
    struct fake_task *task = object;
    for (int i = 0; i < PARTITIONS; i++)
        kc_source_partition_unref(task->partitions[i]);
    free(task);
    source.destroyed++;
}

static const struct kc_source_task_ops task_ops = {
    .create = task_create,
    .start = task_start,
    .poll = task_poll,
    .record_committed = task_record_committed,
    .commit = task_commit,
    .stop = task_stop,
    .destroy = task_destroy,
};

static void *connector_create(struct kc_connector_context *context)
{
    return context;
}
static const struct kc_connector_ops connector_ops = {.create = connector_create};

static const struct kc_plugin fake_source = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "test.FakeSourceConnector",
    .task_class = "test.FakeSourceTask",
    .version = "1",
    .connector = &connector_ops,
    .source_task = &task_ops,
};

/* A transformation that drops odd numbers and fails for what its config names. */
static struct kc_error *odd_create(const struct kc_map *config, void **transform)
{
    *transform = (void *)(uintptr_t)atoi(kc_map_get_or(config, "fail.at", "-1"));
    return NULL;
}
static void odd_destroy(void *transform)
{
}
static struct kc_error *odd_apply(void *transform, struct kc_batch *batch, struct kc_record *record,
                                  bool *keep)
{
    if (record->source_offset.number == (int)(uintptr_t)transform)
        return kc_error_new(KC_ERR_DATA, "a number that nobody likes");
    *keep = record->source_offset.number % 2 == 0;
    return NULL;
}
static const struct kc_transform_ops odd_ops = {odd_create, odd_destroy, odd_apply};
static const struct kc_plugin odd = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_TRANSFORMATION,
    .class_name = "test.DropOdd",
    .version = "1",
    .transform = &odd_ops,
};

static const struct kc_plugin *const fakes[] = {&fake_source, &odd, NULL};

/* ---- fixture ---- */

static struct fake_worker fake;
static const struct kc_task_id id = {"src", 0};

static void setup(void)
{
    memset(&source, 0, sizeof(source));
    start_cluster();
    rd_kafka_mock_topic_create(mock, "out", PARTITIONS, 1);
    start_worker(&fake, fakes, NULL);
}

static void teardown(void)
{
    stop_worker(&fake);
    stop_cluster();
    for (int i = 0; i < PARTITIONS; i++)
        json_decref(source.found[i]);
}

static void launch(struct kc_map *extra, enum kc_target_state target)
{
    struct kc_map *config = CONFIG("name", "src", "connector.class", "test.FakeSourceConnector");
    struct kc_map *task = CONFIG("topic", "out", "task.class", "test.FakeSourceTask");
    if (extra)
        kc_map_merge(config, extra);
    kc_map_destroy(extra);
    ck_assert_ptr_null(kc_worker_start_task(fake.worker, id, config, task, target, 0));
    kc_map_destroy(config);
    kc_map_destroy(task);
}

static void stop(void)
{
    kc_worker_stop_tasks(fake.worker, &id, 1);
}

static json_int_t stored(int partition)
{
    json_t *map = json_pack("{s:i}", "partition", partition), *offset = NULL;
    ck_assert_ptr_null(kc_offset_store_get(fake.offsets, "src", &map, 1, &offset, 1000));
    json_int_t number = offset ? json_integer_value(json_object_get(offset, "number")) : -1;
    json_decref(offset);
    json_decref(map);
    return number;
}

/* ---- tests ---- */

START_TEST(records_are_sent_and_committed)
{
    source.limit = 1000;
    launch(NULL, KC_TARGET_STARTED);
    await(source.committed == 1000);
    await(stored(0) == 998 && stored(1) == 999);
    ck_assert_ptr_nonnull(heard_state(0, KC_STATE_RUNNING));
    ck_assert(!source.disorder);
    ck_assert_int_eq(source.unsent, 0);
    await(source.commits > 0);
    stop();
    char order[128];
    heard_order(0, order, sizeof(order));
    ck_assert_str_eq(order, "RUNNING UNASSIGNED ");
    ck_assert_int_eq(source.destroyed, 1);
    ck_assert_str_eq(heard.topics[0], "out");
}
END_TEST

START_TEST(a_restart_goes_on_from_the_stored_offset)
{
    source.limit = 10;
    launch(NULL, KC_TARGET_STARTED);
    await(source.committed == 10);
    stop(); /* the final commit */
    launch(NULL, KC_TARGET_STARTED);
    await(source.started == 2);
    ck_assert_int_eq(json_integer_value(json_object_get(source.found[0], "number")), 8);
    ck_assert_int_eq(json_integer_value(json_object_get(source.found[1], "number")), 9);
    stop();
}
END_TEST

START_TEST(a_paused_task_waits_before_it_starts)
{
    source.limit = 10;
    launch(NULL, KC_TARGET_PAUSED);
    await(heard_state(0, KC_STATE_PAUSED));
    ck_assert_int_eq(source.next, 0);
    kc_worker_set_target_state(fake.worker, "src", KC_TARGET_STARTED, NULL, NULL);
    await(source.committed == 10);
    kc_worker_set_target_state(fake.worker, "src", KC_TARGET_PAUSED, NULL, NULL);
    char order[128];
    await((heard_order(0, order, sizeof(order)), strcmp(order, "PAUSED RUNNING PAUSED ") == 0));
    source.limit = 20;
    usleep(50000);
    ck_assert_int_eq(source.next, 10);
    kc_worker_set_target_state(fake.worker, "src", KC_TARGET_STARTED, NULL, NULL);
    await(source.committed == 20);
    stop();
}
END_TEST

START_TEST(dropped_records_are_told_and_move_no_offset)
{
    source.limit = 100;
    launch(CONFIG("transforms", "t", "transforms.t.type", "test.DropOdd"), KC_TARGET_STARTED);
    await(source.committed == 100);
    ck_assert_int_eq(source.unsent, 50);
    await(stored(0) == 98);
    stop();
    ck_assert_int_eq(stored(1), -1);
    ck_assert(!source.disorder);
}
END_TEST

START_TEST(a_bad_record_fails_the_task)
{
    source.limit = 100;
    launch(CONFIG("transforms", "t", "transforms.t.type", "test.DropOdd", "transforms.t.fail.at",
                  "60"),
           KC_TARGET_STARTED);
    await(heard_state(0, KC_STATE_FAILED));
    ck_assert_ptr_nonnull(
        strstr(heard_state(0, KC_STATE_FAILED), "Tolerance exceeded in error handler"));
    ck_assert_ptr_nonnull(strstr(heard_state(0, KC_STATE_FAILED),
                                 "Caused by: org.apache.kafka.connect.errors."
                                 "DataException: a number that nobody likes"));
    /* What had been acknowledged is committed all the same. */
    await(stored(0) == 58);
    stop();
    ck_assert_int_eq(source.destroyed, 1);
}
END_TEST

/* As every record's topic comes from outside: from a configuration, a field or a replacement. */
START_TEST(a_topic_that_cant_be_fails_the_task)
{
    char name[2000];
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    const char *const names[] = {
        name, name + sizeof(name) - 601, name + sizeof(name) - 251, "two\nlines", "..", ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        source.limit = 10 * (int)(i + 1);
        source.topic = names[i];
        forget_all();
        launch(NULL, KC_TARGET_STARTED);
        await(heard_state(0, KC_STATE_FAILED));
        ck_assert_ptr_nonnull(strstr(heard_state(0, KC_STATE_FAILED), "Invalid topic"));
        stop();
    }
}
END_TEST

START_TEST(a_record_that_is_too_large_fails_the_task)
{
    source.limit = 20;
    source.large = true;
    launch(NULL, KC_TARGET_STARTED);
    await(heard_state(0, KC_STATE_FAILED));
    ck_assert_ptr_nonnull(strstr(heard_state(0, KC_STATE_FAILED),
                                 "Unrecoverable exception from producer send callback"));
    stop();
}
END_TEST

START_TEST(failures_of_the_plugin_fail_the_task)
{
    source.fail_start = true;
    launch(NULL, KC_TARGET_STARTED);
    await(heard_state(0, KC_STATE_FAILED));
    ck_assert_str_eq(heard_state(0, KC_STATE_FAILED),
                     "org.apache.kafka.connect.errors.ConnectException: no start today\n");
    stop();
    ck_assert_int_eq(source.destroyed, 1);
    forget_all();
    source.fail_start = false;
    source.fail_poll = true;
    launch(NULL, KC_TARGET_STARTED);
    await(heard_state(0, KC_STATE_FAILED));
    ck_assert_str_eq(heard_state(0, KC_STATE_FAILED),
                     "org.apache.kafka.connect.errors.ConnectException: no poll today\n");
    stop();
}
END_TEST

/* A broker that was deposed and doesn't know it makes librdkafka's idempotent producer give up. */
START_TEST(a_task_whose_producer_is_lost_is_started_anew)
{
    source.rewinds = true;
    source.limit = 100;
    launch(NULL, KC_TARGET_STARTED);
    await(source.committed == 100);
    rd_kafka_mock_push_request_errors(mock, 0 /* Produce */, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    source.limit = 200;
    await(source.started == 2);
    await(stored(0) == 198 && stored(1) == 199);
    ck_assert(!source.disorder);
    const char *trace = heard_state(0, KC_STATE_RESTARTING);
    ck_assert_ptr_nonnull(trace);
    ck_assert_ptr_nonnull(strstr(trace, "OUT_OF_ORDER_SEQUENCE_NUMBER"));
    stop();
    char order[128];
    heard_order(0, order, sizeof(order));
    ck_assert_str_eq(order, "RUNNING RESTARTING RUNNING UNASSIGNED ");
    ck_assert_int_eq(source.destroyed, 2);
}
END_TEST

START_TEST(stop_ends_the_pause_before_a_new_start)
{
    source.fail_for_now = true;
    launch(NULL, KC_TARGET_STARTED);
    await(heard_count() >= 3);
    int64_t began = kc_mono_ms();
    stop();
    ck_assert_int_lt(kc_mono_ms() - began, 2500);
    char order[128];
    heard_order(0, order, sizeof(order));
    ck_assert_str_eq(order, "RESTARTING RESTARTING RESTARTING UNASSIGNED ");
    ck_assert_int_eq(source.destroyed, source.started);
}
END_TEST

START_TEST(stop_wakes_a_poll)
{
    source.block = true;
    launch(NULL, KC_TARGET_STARTED);
    await(heard_state(0, KC_STATE_RUNNING));
    int64_t began = kc_mono_ms();
    stop();
    ck_assert_int_lt(kc_mono_ms() - began, 2500);
    ck_assert_ptr_nonnull(heard_state(0, KC_STATE_UNASSIGNED));
}
END_TEST

static uint64_t task_count(void)
{
    struct kc_worker_counts counts;
    kc_worker_count(fake.worker, &counts);
    return counts.tasks;
}

START_TEST(a_target_that_does_not_answer_is_left_behind)
{
    rd_kafka_mock_broker_set_rtt(mock, 1, 15000);
    source.limit = 10;
    launch(NULL, KC_TARGET_STARTED);
    await(source.next == 10);
    forget_all();
    int64_t began = kc_mono_ms();
    stop();
    ck_assert_int_lt(kc_mono_ms() - began, 4500);
    ck_assert_uint_eq(heard_count(), 0); /* a cancelled task reports nothing */
    ck_assert_uint_eq(task_count(), 0);
    rd_kafka_mock_broker_set_rtt(mock, 1, 0);
    await(source.destroyed == 1);
    ck_assert_uint_eq(heard_count(), 0);
}
END_TEST

START_TEST(a_missing_converter_is_reported)
{
    struct kc_map *config =
        CONFIG("name", "src", "connector.class", "FakeSource", "value.converter", "no.Such");
    struct kc_map *task = CONFIG("topic", "out");
    struct kc_error *err =
        kc_worker_start_task(fake.worker, id, config, task, KC_TARGET_STARTED, 0);
    ck_assert_ptr_nonnull(err);
    ck_assert_str_eq(kc_error_text(err),
                     "Invalid value no.Such for configuration value.converter: Class no.Such could "
                     "not be found.");
    kc_error_destroy(err);
    ck_assert_ptr_nonnull(heard_state(0, KC_STATE_FAILED));
    ck_assert_uint_eq(task_count(), 0);
    kc_map_destroy(config);
    kc_map_destroy(task);
}
END_TEST

static void count_lane(void *opaque, const struct kc_task_info *info)
{
    snprintf(opaque, 128, "%s: %s", info->lane, info->lane_reason);
}

START_TEST(many_records_pass_by_the_bytes_lane)
{
    char lane[128];
    source.limit = LOG;
    launch(NULL, KC_TARGET_STARTED);
    await(source.committed == LOG);
    ck_assert(!source.disorder);
    kc_worker_each_task(fake.worker, count_lane, lane);
    ck_assert_str_eq(lane, "records: byte converters, no transforms");
    stop();
    ck_assert_int_eq(stored(1), LOG - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source_task");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, records_are_sent_and_committed);
    tcase_add_test(tests, a_restart_goes_on_from_the_stored_offset);
    tcase_add_test(tests, a_paused_task_waits_before_it_starts);
    tcase_add_test(tests, dropped_records_are_told_and_move_no_offset);
    tcase_add_test(tests, a_bad_record_fails_the_task);
    tcase_add_test(tests, a_topic_that_cant_be_fails_the_task);
    tcase_add_test(tests, a_record_that_is_too_large_fails_the_task);
    tcase_add_test(tests, failures_of_the_plugin_fail_the_task);
    tcase_add_test(tests, a_task_whose_producer_is_lost_is_started_anew);
    tcase_add_test(tests, stop_ends_the_pause_before_a_new_start);
    tcase_add_test(tests, stop_wakes_a_poll);
    tcase_add_test(tests, a_target_that_does_not_answer_is_left_behind);
    tcase_add_test(tests, a_missing_converter_is_reported);
    tcase_add_test(tests, many_records_pass_by_the_bytes_lane);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
