/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exactly-once delivery on the raw lane: boundaries, the offsets that travel with the batches,
 * and what an abort leaves. Against a broker that checks epochs and sequences.
 */
#include "data/batch_read.h"
#include "host/idle_host.h"
#include "kafka/partitioner.h"
#include "source/one_raw_lane.h"
#include "source/raw_builder.h"
#include "wire/fake_coordinator.h"

static struct kc_source_task task;
static struct kc_raw_lane *lane;
static struct kc_worker_config *config;
static struct kc_source_partition *from;
static int told, commits, fenced;
static int64_t last_target;

static void raw_committed(void *object, const struct kc_raw *raw, const struct kc_raw_run *run)
{
    told += run->count;
    last_target = run->target_offset + run->count - 1;
}

static struct kc_error *plugin_commit(void *object)
{
    commits++;
    return NULL;
}

static const struct kc_source_task_ops ops = {.raw_committed = raw_committed,
                                              .commit = plugin_commit};
static const struct kc_plugin plugin = {KC_PLUGIN_HEAD, .kind = KC_PLUGIN_SOURCE,
                                        .class_name = "test.Raw", .source_task = &ops};

static int refused; /* rounds of fencing that don't come about */

static struct kc_error *hear_fence(void *opaque, const char *connector)
{
    fenced++;
    return fenced <= refused ? kc_error_new(KC_ERR_CONNECT, "The leader is away") : NULL;
}

static struct kc_map *map_of(const char *const *pairs)
{
    struct kc_map *map = kc_map_new();
    for (; pairs[0]; pairs += 2)
        kc_map_set(map, pairs[0], pairs[1]);
    return map;
}
#define MAP(...) map_of((const char *const[]){__VA_ARGS__, NULL})

/* The worker's offsets topic is the fake's only one, so that offsets can be looked at there. */
static void start(const char *boundary)
{
    static const struct kc_worker_listener listener = {.fence_zombies = hear_fence};
    const struct kc_task_settings settings = {.connector = "src", .listener = &listener};
    const char *address = fake_start(2);
    struct kc_map *worker =
        MAP("bootstrap.servers", address, "group.id", "group", "offset.storage.topic", "out",
            "config.storage.topic", "configs", "status.storage.topic", "statuses", "key.converter",
            "ByteArrayConverter", "value.converter", "ByteArrayConverter",
            "exactly.once.source.support", "enabled");
    struct kc_map *producer = MAP("bootstrap.servers", address, "transactional.id", "group-src-0");
    told = commits = fenced = 0;
    task = (struct kc_source_task){.core.plugin = &plugin, .how = &kc_exactly_once};
    must(kc_worker_config_new(KC_WORKER_DISTRIBUTED, worker, "test", NULL, &config));
    task.core.config = config;
    task.core.connector_config =
        MAP("name", "src", "connector.class", "test.Raw", "transaction.boundary", boundary,
            "transaction.boundary.interval.ms", "3600000");
    must(kc_config_parse(kc_connector_config_def(true), task.core.connector_config,
                         &task.core.settings));
    task.core.host = kc_task_host_new(&settings, &idle_kind, &task);
    json_t *partition = json_pack("{s:i}", "partition", 0);
    from = kc_source_partition_new(partition);
    json_decref(partition);
    task.delivery = task.how->create(&task);
    lane = one_raw_lane(&task, producer, &task.how->events, task.delivery);
    must(task.how->prepare(task.delivery));
    task.how->enter_loop(task.delivery);
    kc_map_destroy(worker);
    kc_map_destroy(producer);
}

static void end(void)
{
    kc_lanes_close(&task.lanes, 0);
    kc_lanes_destroy(&task.lanes);
    task.how->destroy(task.delivery);
    kc_task_host_destroy(task.core.host);
    kc_config_destroy(task.core.settings);
    kc_map_destroy(task.core.connector_config);
    kc_worker_config_destroy(config);
    kc_source_partition_unref(from);
    fake_stop();
}

/* As the task's loop does with what one poll hands over. */
static void send_batch(int64_t offset, int count)
{
    struct kc_raw_builder *builder = kc_raw_builder_new(1 << 20);
    struct kc_built *built;
    for (int i = 0; i < count; i++)
        ck_assert_ptr_null(kc_raw_builder_add(
            builder, &(struct kc_build_record){.timestamp = 1, .value = "v", .value_len = 1}, "x",
            0, NULL));
    ck_assert_ptr_null(kc_raw_builder_take(builder, &built));
    struct kc_batch *batch = kc_batch_new(0), *spans;
    uint8_t *data = kc_batch_dup(batch, built->span->data, built->span->len);
    kc_batch_set_base_offset(data, offset);
    *kc_batch_add_raw(batch) = (struct kc_raw){.topic = "out",
                                               .data = data,
                                               .len = built->span->len,
                                               .first_offset = offset,
                                               .source_partition = from,
                                               .offset_field = "offset"};
    kc_built_destroy(built);
    kc_raw_builder_destroy(builder);
    struct kc_raw_counts counts = {0};
    struct kc_raw_cursor cursor = {0};
    must(kc_raw_expand(batch, NULL, NULL, &cursor, &counts, &spans));
    ck_assert_uint_eq(cursor.part, kc_batch_raw_count(batch));
    kc_raw_cursor_clear(&cursor);
    kc_batch_unref(batch);
    task.how->begin_batch(task.delivery, spans);
    const struct kc_record *record = kc_batch_at(spans, 0);
    void *slot;
    must(task.how->submit(task.delivery, record, &slot));
    must(kc_raw_lane_send(lane, record->span, slot));
    must(task.how->dispatched(task.delivery, record));
}

/* Otherwise an abort drops the batch before it was sent, and there is nothing to abort. */
static void await_appended(void)
{
    kc_raw_lane_await(lane, kc_mono_ms() + 20000);
}

/* The last batch of the partition that Java would look for the offset in. */
static void assert_offset(const char *value)
{
    static const char key[] = "[\"src\",{\"partition\":0}]";
    int32_t where = kc_partition_for_key(key, sizeof(key) - 1, FAKE_PARTITIONS);
    const struct fake_partition *partition = &fake.partitions[where];
    ck_assert_ptr_nonnull(memmem(partition->last, partition->last_len, key, sizeof(key) - 1));
    ck_assert_msg(memmem(partition->last, partition->last_len, value, strlen(value)) != NULL,
                  "no %s", value);
}

/* ---- tests ---- */

START_TEST(each_poll_is_a_transaction)
{
    start("poll");
    ck_assert_int_eq(fenced, 1);
    send_batch(100, 10);
    must(task.how->batch_done(task.delivery));
    ck_assert_int_eq(fake.commits, 1);
    ck_assert_int_eq(told, 10);
    ck_assert_int_eq(commits, 1);
    assert_offset("{\"offset\":109}");
    send_batch(110, 10);
    must(task.how->batch_done(task.delivery));
    ck_assert_int_eq(fake.commits, 2);
    assert_offset("{\"offset\":119}");
    /* Nothing new: no transaction. */
    must(task.how->batch_done(task.delivery));
    ck_assert_int_eq(fake.commits, 2);
    end();
}
END_TEST

START_TEST(fencing_is_tried_again)
{
    refused = 2;
    start("poll");
    ck_assert_int_eq(fenced, 3);
    end();
}
END_TEST

START_TEST(an_interval_is_one_transaction)
{
    start("interval");
    for (int i = 0; i < 5; i++) {
        must(task.how->before_poll(task.delivery));
        send_batch(10 * i, 10);
        must(task.how->batch_done(task.delivery));
    }
    ck_assert_int_eq(fake.commits, 0);
    ck_assert_int_eq(told, 0);
    must(task.how->final_commit(task.delivery, false));
    ck_assert_int_eq(fake.commits, 1);
    ck_assert_int_eq(told, 50);
    assert_offset("{\"offset\":49}");
    end();
}
END_TEST

START_TEST(a_failed_task_aborts)
{
    start("interval");
    send_batch(0, 10);
    await_appended();
    must(task.how->batch_done(task.delivery));
    must(task.how->final_commit(task.delivery, true));
    ck_assert_int_eq(fake.commits, 0);
    ck_assert_int_eq(fake.aborts, 1);
    ck_assert_int_eq(told, 0);
    end();
}
END_TEST

START_TEST(an_abort_of_the_connector_commits_the_offsets_alone)
{
    start("connector");
    send_batch(0, 10);
    await_appended();
    must(task.how->batch_done(task.delivery));
    ck_assert_int_eq(fake.commits + fake.aborts, 0);
    task.how->transaction(task.delivery, false);
    must(task.how->batch_done(task.delivery));
    ck_assert_int_eq(fake.aborts, 1);
    ck_assert_int_eq(fake.commits, 1);
    assert_offset("{\"offset\":9}");
    end();
}
END_TEST

START_TEST(offsets_are_the_newest_even_when_batches_come_again)
{
    start("interval");
    fake_fail(KC_API_PRODUCE, KC_KAFKA_MESSAGE_TOO_LARGE);
    send_batch(0, 10);
    send_batch(10, 10);
    must(task.how->paused(task.delivery));
    ck_assert_int_eq(fake.commits, 1);
    ck_assert_int_eq(told, 20);
    assert_offset("{\"offset\":19}");
    end();
}
END_TEST

START_TEST(a_refusal_fails_the_task_as_with_a_producer)
{
    start("poll");
    fake_fail(KC_API_PRODUCE, KC_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    send_batch(0, 10);
    struct kc_error *err = task.how->batch_done(task.delivery);
    ck_assert_ptr_nonnull(err);
    ck_assert_str_eq(kc_error_text(err), "Failed to flush offsets and/or records for task src-0");
    kc_error_destroy(err);
    must(task.how->final_commit(task.delivery, true));
    ck_assert_int_eq(fake.aborts, 1);
    ck_assert_int_eq(fake.commits, 0);
    end();
}
END_TEST

/* ---- a task that loses its producer once ---- */

static int lives, asked;

static struct kc_error *hear_confirm(void *opaque, const char *connector, int number,
                                     int64_t since_ms)
{
    ck_assert_int_eq(fenced, 2); /* by both first lives, and by nobody since */
    return ++asked <= 2 ? kc_error_retriable_new(KC_ERR_REBALANCE_NEEDED, "Not yet") : NULL;
}

static void hear_state(void *opaque, const char *connector, int number, enum kc_state state,
                       const char *trace, const char *version)
{
}

static struct kc_error *live(void *impl)
{
    lives++;
    task.delivery = task.how->create(&task);
    return task.how->prepare(task.delivery);
}

static struct kc_error *lose_producer(void *impl)
{
    return lives == 1 ? kc_error_new(KC_ERR_FENCED, "Fenced") : NULL;
}

static void end_life(void *impl)
{
    task.how->destroy(task.delivery);
}

static bool always(void *impl, const struct kc_error *err)
{
    return true;
}

START_TEST(the_group_is_asked_before_a_task_is_started_anew)
{
    static const struct kc_worker_listener listener = {
        .state_changed = hear_state, .fence_zombies = hear_fence, .confirm_task = hear_confirm};
    static const struct kc_task_kind kind = {
        .start = live,
        .execute = lose_producer,
        .close = end_life,
        .wake = ignore,
        .cancel = ignore,
        .destroy = ignore,
        .may_renew = always,
    };
    const struct kc_task_settings settings = {.connector = "src", .listener = &listener};
    start("poll");
    struct kc_task_host *idle = task.core.host;
    end_life(NULL);
    task.core.host = kc_task_host_new(&settings, &kind, &task);
    must(kc_task_host_run(task.core.host));
    ck_assert(kc_task_host_await(task.core.host, kc_mono_ms() + 20000));
    ck_assert_int_eq(lives, 2);
    ck_assert_int_eq(asked, 3);
    ck_assert_int_eq(fenced, 3);
    kc_task_host_destroy(task.core.host);
    task.core.host = idle;
    task.delivery = task.how->create(&task);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eos_source_task");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, each_poll_is_a_transaction);
    tcase_add_test(tests, fencing_is_tried_again);
    tcase_add_test(tests, an_interval_is_one_transaction);
    tcase_add_test(tests, a_failed_task_aborts);
    tcase_add_test(tests, an_abort_of_the_connector_commits_the_offsets_alone);
    tcase_add_test(tests, offsets_are_the_newest_even_when_batches_come_again);
    tcase_add_test(tests, a_refusal_fails_the_task_as_with_a_producer);
    tcase_add_test(tests, the_group_is_asked_before_a_task_is_started_anew);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
