/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions through the raw lane, against a broker that checks epochs and sequences: what the
 * plugin is told and when, what a refused batch turns into, what is released, how it fails.
 */
#include "data/batch_read.h"
#include "host/idle_host.h"
#include "source/eos_channel_priv.h"
#include "source/one_raw_lane.h"
#include "source/raw_builder.h"
#include "wire/fake_coordinator.h"

enum { TOLD = 32 };

static struct kc_source_task task;
static struct kc_raw_lane *lane;
static struct kc_txn_records *kept;
static void *channel;
static struct kc_source_partition *from[FAKE_PARTITIONS];
static atomic_int released; /* batches whose bytes have gone */

static struct told {
    int partition;
    int64_t source, target;
    int count; /* 0: a record */
} told[TOLD];
static int told_count;

/* ---- the plugin ---- */

static void raw_committed(void *object, const struct kc_raw *raw, const struct kc_raw_run *run)
{
    ck_assert_int_lt(told_count, TOLD);
    ck_assert_str_eq(raw->topic, "out");
    ck_assert_ptr_eq(raw->task_data, &task);
    ck_assert_ptr_eq(raw->source_partition, from[raw->partition]);
    told[told_count++] =
        (struct told){raw->partition, run->source_offset, run->target_offset, run->count};
}

static void record_committed(void *object, const struct kc_record *record,
                             const struct kc_record_metadata *metadata)
{
    ck_assert_int_lt(told_count, TOLD);
    told[told_count++] =
        (struct told){metadata ? metadata->partition : -1, record->source_offset.number,
                      metadata ? metadata->offset : -1, 0};
}

static void acked(void *delivery, void *slot, const struct kc_lane_ack *ack)
{
    kc_txn_records_acked(kept, slot, ack);
}

static void gone(void *delivery, void *slot)
{
    if (slot)
        kc_txn_span_gone(kept, slot);
}

static const struct kc_source_task_ops ops = {.raw_committed = raw_committed,
                                              .record_committed = record_committed};
static const struct kc_plugin plugin = {KC_PLUGIN_HEAD, .kind = KC_PLUGIN_SOURCE,
                                        .class_name = "test.Raw", .source_task = &ops};
static const struct kc_lane_events events = {.acked = acked, .released = gone, .retracted = gone};

/* ---- fixture ---- */

static void start(int transaction_version)
{
    static const struct kc_worker_listener listener;
    const struct kc_task_settings settings = {.connector = "src", .listener = &listener};
    struct kc_map *producer = kc_map_new();

    told_count = released = 0;
    kc_map_set(producer, "bootstrap.servers", fake_start(transaction_version));
    kc_map_set(producer, "transactional.id", "id");
    task = (struct kc_source_task){.core.plugin = &plugin};
    task.core.host = kc_task_host_new(&settings, &idle_kind, &task);
    lane = one_raw_lane(&task, producer, &events, NULL);
    kc_map_destroy(producer);
    for (int i = 0; i < FAKE_PARTITIONS; i++) {
        json_t *map = json_pack("{s:i}", "partition", i);
        from[i] = kc_source_partition_new(map);
        json_decref(map);
    }
    kept = kc_txn_records_new(&task);
    channel = kc_eos_raw.create(&task, kept);
    must(kc_eos_raw.init(channel));
}

static void setup_v1(void)
{
    start(1);
}

static void setup_v2(void)
{
    start(2);
}

static void teardown(void)
{
    kc_lanes_close(&task.lanes, 0);
    kc_lanes_destroy(&task.lanes);
    kc_txn_records_destroy(kept);
    kc_eos_raw.destroy(channel);
    kc_task_host_destroy(task.core.host);
    for (int i = 0; i < FAKE_PARTITIONS; i++)
        kc_source_partition_unref(from[i]);
    fake_stop();
}

/* ---- batches ---- */

static void on_release(void *arg)
{
    released++;
}

/* A batch of the source with `count` records from offset on, as one poll hands it over. */
static struct kc_batch *polled(int partition, int64_t offset, int count)
{
    struct kc_raw_builder *builder = kc_raw_builder_new(1 << 20);
    struct kc_built *built;
    for (int i = 0; i < count; i++)
        ck_assert_ptr_null(kc_raw_builder_add(
            builder,
            &(struct kc_build_record){.timestamp = 1000 + i, .value = "value", .value_len = 5}, "x",
            0, NULL));
    ck_assert_ptr_null(kc_raw_builder_take(builder, &built));
    struct kc_batch *batch = kc_batch_new(0);
    uint8_t *data = kc_batch_dup(batch, built->span->data, built->span->len);
    kc_batch_set_base_offset(data, offset);
    kc_batch_own(batch, batch, on_release);
    *kc_batch_add_raw(batch) = (struct kc_raw){.topic = "out",
                                               .partition = partition,
                                               .data = data,
                                               .len = built->span->len,
                                               .first_offset = offset,
                                               .source_partition = from[partition],
                                               .offset_field = "offset",
                                               .task_data = &task};
    kc_built_destroy(built);
    kc_raw_builder_destroy(builder);
    struct kc_raw_counts counts = {0};
    struct kc_batch *spans;
    struct kc_raw_cursor cursor = {0};
    must(kc_raw_expand(batch, NULL, NULL, &cursor, &counts, &spans));
    ck_assert_uint_eq(cursor.part, kc_batch_raw_count(batch));
    kc_raw_cursor_clear(&cursor);
    kc_batch_unref(batch);
    return spans;
}

static void send_spans(struct kc_batch *batch)
{
    size_t count = kc_batch_count(batch);
    kc_txn_records_begin(kept, batch);
    for (size_t i = 0; i < count; i++) {
        const struct kc_record *record = kc_batch_at(batch, i);
        struct kc_txn_entry *entry = kc_txn_records_add(kept, record, false);
        must(kc_raw_lane_send(lane, record->span, entry));
    }
}

/* What comes next doesn't meet it in one request. */
static void send_acked(struct kc_batch *batch)
{
    send_spans(batch);
    kc_raw_lane_await(lane, kc_mono_ms() + 20000);
    must(kc_eos_raw.progress(channel));
}

static void send_records(int first, int count)
{
    struct kc_batch *batch = kc_batch_new((size_t)count);
    for (int i = first; i < first + count; i++)
        kc_batch_add(batch)->source_offset = (struct kc_source_offset){"number", i, NULL};
    kc_txn_records_begin(kept, batch);
    for (int i = 0; i < count; i++) {
        struct kc_txn_entry *entry = kc_txn_records_add(kept, kc_batch_at(batch, (size_t)i), false);
        const struct kc_producer_header header = {"name", "v", 1};
        const struct kc_producer_record wire = {.topic = "out",
                                                .partition = 1,
                                                .timestamp = 5,
                                                .value = "x",
                                                .value_len = 1,
                                                .headers = &header,
                                                .header_count = 1};
        must(kc_lanes_send_record(&task.lanes, NULL, &wire, entry));
    }
}

static void commit(void)
{
    must(kc_eos_raw.commit(channel));
    kc_txn_records_end(kept, false);
}

static void assert_told(int index, int partition, int64_t source, int64_t target, int count)
{
    const struct told *it = &told[index];
    ck_assert_int_lt(index, told_count);
    ck_assert_msg(it->partition == partition && it->source == source && it->target == target &&
                      it->count == count,
                  "%d: partition %d, %lld -> %lld, %d records", index, it->partition,
                  (long long)it->source, (long long)it->target, it->count);
}

/* ---- tests ---- */

START_TEST(batches_are_told_once_they_are_committed)
{
    send_spans(polled(0, 100, 10));
    send_spans(polled(1, 500, 3));
    send_spans(polled(0, 110, 5));
    int64_t deadline = kc_mono_ms() + 20000;
    while (released < 3 && kc_mono_ms() < deadline) {
        kc_raw_lane_await(lane, deadline);
        must(kc_eos_raw.progress(channel));
    }
    ck_assert_int_eq(released, 3); /* acknowledged: their bytes aren't needed */
    ck_assert_int_eq(told_count, 0);
    commit();
    ck_assert_int_eq(told_count, 3);
    assert_told(0, 0, 100, 0, 10);
    assert_told(1, 1, 500, 0, 3);
    assert_told(2, 0, 110, 10, 5);

    /* The marker of the first transaction takes an offset. */
    send_spans(polled(0, 115, 2));
    commit();
    assert_told(3, 0, 115, 16, 2);
    ck_assert_int_eq(fake.commits, 2);
}
END_TEST

START_TEST(a_batch_too_large_is_cut_within_the_transaction)
{
    send_acked(polled(1, 0, 4));
    fake_fail(KC_API_PRODUCE, KC_KAFKA_MESSAGE_TOO_LARGE);
    send_spans(polled(0, 0, 10));
    commit();
    ck_assert_int_eq(fake.commits, 1);
    ck_assert_int_eq(fake.aborts, 0);
    int64_t next = 0;
    int pieces = 0;
    for (int i = 0; i < told_count; i++) {
        if (told[i].partition != 0)
            continue;
        assert_told(i, 0, next, next, told[i].count);
        next += told[i].count;
        pieces++;
    }
    ck_assert_int_eq(next, 10);
    ck_assert_int_ge(pieces, 2);
    ck_assert_int_eq(fake.partitions[0].end_offset, 11);
    ck_assert_int_eq(fake.partitions[1].end_offset, 5);
    ck_assert_int_eq(released, 2);
}
END_TEST

START_TEST(a_batch_that_the_target_does_not_like_is_built_anew_once)
{
    fake_fail(KC_API_PRODUCE, KC_KAFKA_UNSUPPORTED_COMPRESSION_TYPE);
    send_spans(polled(0, 0, 10));
    commit();
    ck_assert_int_eq(told_count, 1);
    assert_told(0, 0, 0, 0, 10);

    fake_fail(KC_API_PRODUCE, KC_KAFKA_INVALID_RECORD);
    fake_fail(KC_API_PRODUCE, KC_KAFKA_INVALID_RECORD);
    send_spans(polled(0, 10, 10));
    struct kc_error *err = kc_eos_raw.commit(channel);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_kafka_code(err), KC_KAFKA_INVALID_RECORD);
    kc_error_destroy(err);
    must(kc_eos_raw.abort(channel, 10000));
    ck_assert_int_eq(fake.commits, 1);
    ck_assert_int_eq(told_count, 1);
}
END_TEST

START_TEST(records_and_offsets_go_the_same_way)
{
    send_records(0, 3);
    must(kc_eos_raw.send_offset(channel, "out", "[\"src\",{}]", "{\"number\":2}"));
    must(kc_eos_raw.send_offset(channel, "out", "[\"src\",{}]", NULL));
    commit();
    ck_assert_int_eq(told_count, 3);
    for (int i = 0; i < 3; i++)
        assert_told(i, 1, i, i, 0);
    uint64_t records, bytes;
    kc_txn_records_take_count(kept, &records, &bytes);
    ck_assert_uint_eq(records, 3); /* offsets aren't records */
    int64_t offsets = 0;
    for (int i = 0; i < FAKE_PARTITIONS; i++)
        offsets += fake.partitions[i].end_offset;
    ck_assert_int_ge(offsets, 5 + 1);
}
END_TEST

START_TEST(records_too_large_together_are_told_by_their_pieces)
{
    fake_fail(KC_API_PRODUCE, KC_KAFKA_MESSAGE_TOO_LARGE);
    send_records(0, 9);
    commit();
    ck_assert_int_eq(told_count, 9);
    for (int i = 0; i < 9; i++)
        assert_told(i, 1, i, i, 0);
}
END_TEST

START_TEST(any_other_failure_leaves_nothing)
{
    send_acked(polled(1, 0, 4));
    fake_fail(KC_API_PRODUCE, KC_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    send_spans(polled(0, 0, 10));
    struct kc_error *err = kc_eos_raw.commit(channel);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_kafka_code(err), KC_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    kc_error_destroy(err);
    must(kc_eos_raw.abort(channel, 10000));
    ck_assert_int_eq(fake.commits, 0);
    ck_assert_int_eq(told_count, 0);
    ck_assert_int_eq(released, 2);
}
END_TEST

START_TEST(a_fenced_task_commits_nothing_more)
{
    send_spans(polled(0, 0, 4));
    commit();
    fake.epoch++; /* a successor has taken the id */
    send_spans(polled(0, 4, 4));
    struct kc_error *err = kc_eos_raw.commit(channel);
    ck_assert_ptr_nonnull(err);
    err = kc_eos_raw_error(&task, err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "before its producer transaction expired"));
    kc_error_destroy(err);
    err = kc_eos_raw.abort(channel, 10000);
    ck_assert_ptr_nonnull(err);
    kc_error_destroy(err);
    ck_assert_int_eq(fake.commits, 1);
    ck_assert_int_eq(fake.partitions[0].end_offset, 5);
}
END_TEST

START_TEST(an_abort_drops_what_came_back)
{
    fake_fail(KC_API_PRODUCE, KC_KAFKA_MESSAGE_TOO_LARGE);
    send_spans(polled(0, 0, 10));
    send_spans(polled(0, 10, 10));
    send_records(0, 2);
    kc_raw_lane_await(lane, kc_mono_ms() + 20000);
    must(kc_eos_raw.abort(channel, 10000));
    ck_assert(kc_raw_lane_idle(lane));
    kc_txn_records_end(kept, false);
    ck_assert_int_eq(released, 2);
    told_count = 0;
    int64_t end = fake.partitions[0].end_offset;
    send_spans(polled(0, 20, 10));
    commit();
    ck_assert_int_eq(told_count, 1);
    assert_told(0, 0, 20, end, 10);
}
END_TEST

int main(void)
{
    void (*const setups[])(void) = {setup_v1, setup_v2};
    Suite *suite = suite_create("eos_raw");
    for (int i = 0; i < 2; i++) {
        TCase *tests = tcase_create(i ? "transaction.version 2" : "transaction.version 1");
        tcase_add_checked_fixture(tests, setups[i], teardown);
        tcase_set_timeout(tests, 120);
        tcase_add_test(tests, batches_are_told_once_they_are_committed);
        tcase_add_test(tests, a_batch_too_large_is_cut_within_the_transaction);
        tcase_add_test(tests, a_batch_that_the_target_does_not_like_is_built_anew_once);
        tcase_add_test(tests, records_and_offsets_go_the_same_way);
        tcase_add_test(tests, records_too_large_together_are_told_by_their_pieces);
        tcase_add_test(tests, any_other_failure_leaves_nothing);
        tcase_add_test(tests, a_fenced_task_commits_nothing_more);
        tcase_add_test(tests, an_abort_drops_what_came_back);
        suite_add_tcase(suite, tests);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
