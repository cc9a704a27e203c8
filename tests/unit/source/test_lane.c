/* SPDX-License-Identifier: Apache-2.0 */
/* A task's lanes together: which of them hears what, and what a lane needn't have. */
#include "source/lane_priv.h"

#include <check.h>
#include <stdlib.h>

static struct kc_lanes lanes;
static struct kc_lane records, batches;
static int opened, noted, sent, drained;
static bool drains;
static char order[8];
static size_t closed;

static struct kc_error *open_lane(struct kc_lane *lane)
{
    opened++;
    return NULL;
}

static struct kc_error *send_record(struct kc_lane *lane, struct kc_target_topic *topic,
                                    const struct kc_producer_record *record, void *slot)
{
    ck_assert_ptr_eq(lane, lanes.records);
    ck_assert_ptr_eq(slot, &sent);
    sent++;
    return NULL;
}

static void note_record(struct kc_lane *lane, const char *topic, int32_t partition)
{
    ck_assert_ptr_eq(lane, &batches);
    ck_assert_str_eq(topic, "out");
    ck_assert_int_eq(partition, 3);
    ck_assert_int_eq(sent, 0); /* told first */
    noted++;
}

static bool drain(struct kc_lane *lane, int64_t deadline_ms)
{
    drained++;
    return drains;
}

static size_t bytes(struct kc_lane *lane)
{
    return lane == &records ? 10 : 7;
}

static uint64_t extra(struct kc_lane *lane)
{
    return 5;
}

static void close_lane(struct kc_lane *lane, int timeout_ms)
{
    order[closed++] = lane == &records ? 'r' : 'b';
}

static void destroy(struct kc_lane *lane)
{
}

static const struct kc_lane_ops record_ops = {.open = open_lane,
                                              .send_record = send_record,
                                              .drain = drain,
                                              .bytes = bytes,
                                              .close = close_lane,
                                              .destroy = destroy};
static const struct kc_lane_ops batch_ops = {.send_record = send_record,
                                             .note_record = note_record,
                                             .drain = drain,
                                             .bytes = bytes,
                                             .extra = extra,
                                             .close = close_lane,
                                             .destroy = destroy};

static void add(struct kc_lane *lane, const struct kc_lane_ops *ops)
{
    *lane = (struct kc_lane){.ops = ops};
    kc_lanes_add(&lanes, lane);
}

static void start(bool has_two)
{
    lanes = (struct kc_lanes){.records = &records, .batches = has_two ? &batches : &records};
    opened = noted = sent = drained = 0;
    closed = 0;
    add(&records, &record_ops);
    if (has_two)
        add(&batches, &batch_ops);
}

static void send_one(void)
{
    const struct kc_producer_record record = {.topic = "out", .partition = 3};
    ck_assert_ptr_null(kc_lanes_send_record(&lanes, NULL, &record, &sent));
}

START_TEST(a_lane_that_stands_alone_is_opened_at_once)
{
    start(false);
    ck_assert_ptr_null(kc_lanes_open(&lanes));
    ck_assert_int_eq(opened, 1);
    start(true);
    ck_assert_ptr_null(kc_lanes_open(&lanes));
    ck_assert_int_eq(opened, 0);
    ck_assert_ptr_null(kc_lane_open(lanes.records));
    ck_assert_ptr_null(kc_lane_open(lanes.batches)); /* needs no opening */
    ck_assert_int_eq(opened, 1);
}
END_TEST

START_TEST(batches_are_told_of_records_that_go_another_way)
{
    start(false);
    ck_assert(!kc_lanes_differ(&lanes));
    send_one();
    ck_assert_int_eq(sent, 1);
    ck_assert_int_eq(noted, 0);
    start(true);
    ck_assert(kc_lanes_differ(&lanes));
    send_one();
    ck_assert_int_eq(sent, 1);
    ck_assert_int_eq(noted, 1);
}
END_TEST

START_TEST(all_lanes_are_drained_one_after_the_other)
{
    start(true);
    drains = true;
    ck_assert(kc_lanes_drain(&lanes, 0));
    ck_assert_int_eq(drained, 2);
    drains = false;
    ck_assert(!kc_lanes_drain(&lanes, 0));
    ck_assert_int_eq(drained, 3);
}
END_TEST

START_TEST(what_a_lane_has_not_changes_nothing)
{
    struct kc_batch *batch = kc_batch_new(1), *same = batch;
    start(true);
    ck_assert_ptr_null(kc_lane_prepare_topic(&records, "out"));
    ck_assert_ptr_null(kc_lane_broken(&records));
    ck_assert_ptr_null(kc_lane_fit(&records, &batch));
    ck_assert_ptr_eq(batch, same);
    ck_assert_ptr_null(kc_lane_recover(&records, NULL, &batch));
    ck_assert_ptr_null(batch);
    kc_lane_tend(&records);
    ck_assert(!kc_lane_is_plain(&records));
    ck_assert(!kc_lane_has_returned(&records));
    ck_assert_ptr_null(kc_lanes_refusal(&lanes));
    kc_batch_unref(same);
}
END_TEST

START_TEST(numbers_are_those_of_all)
{
    start(true);
    ck_assert_uint_eq(kc_lanes_bytes(&lanes), 17);
    ck_assert_uint_eq(kc_lanes_extra(&lanes), 5);
}
END_TEST

START_TEST(batches_are_given_up_before_records_are_waited_for)
{
    start(true);
    kc_lanes_close(&lanes, 1000);
    ck_assert_uint_eq(closed, 2);
    ck_assert_int_eq(order[0], 'b');
    ck_assert_int_eq(order[1], 'r');
    kc_lanes_destroy(&lanes);
    ck_assert_uint_eq(lanes.count, 0);
    ck_assert_uint_eq(kc_lanes_bytes(&lanes), 0); /* of a task that isn't open */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lane");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, a_lane_that_stands_alone_is_opened_at_once);
    tcase_add_test(tests, batches_are_told_of_records_that_go_another_way);
    tcase_add_test(tests, all_lanes_are_drained_one_after_the_other);
    tcase_add_test(tests, what_a_lane_has_not_changes_nothing);
    tcase_add_test(tests, numbers_are_those_of_all);
    tcase_add_test(tests, batches_are_given_up_before_records_are_waited_for);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
