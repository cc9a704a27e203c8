/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction's records are told by: their order, what was dropped or never acknowledged. */
#include "source/eos_records_priv.h"

#include <check.h>
#include <stdlib.h>

static long long told[16];
static int told_count, unsent, released;

static void record_committed(void *object, const struct kc_record *record,
                             const struct kc_record_metadata *metadata)
{
    told[told_count++] = record->source_offset.number;
    unsent += !metadata;
}

static const struct kc_source_task_ops ops = {.record_committed = record_committed};
static const struct kc_plugin plugin = {KC_PLUGIN_HEAD, .kind = KC_PLUGIN_SOURCE,
                                        .class_name = "test.Source", .source_task = &ops};
static struct kc_source_task task = {.core.plugin = &plugin};
static struct kc_txn_records *records;

static void on_release(void *arg)
{
    released++;
}

static struct kc_batch *batch_of(int first, int count)
{
    struct kc_batch *batch = kc_batch_new((size_t)count);
    for (int i = first; i < first + count; i++)
        kc_batch_add(batch)->source_offset = (struct kc_source_offset){"number", i, NULL};
    kc_batch_own(batch, batch, on_release);
    return batch;
}

static void add(struct kc_batch *batch, size_t index, bool is_dropped, bool is_acked)
{
    struct kc_txn_entry *entry = kc_txn_records_add(records, kc_batch_at(batch, index), is_dropped);
    if (is_acked)
        kc_txn_records_acked(records, entry, &(struct kc_lane_ack){.offset = 1, .records = 1});
}

static void setup(void)
{
    told_count = unsent = released = 0;
    records = kc_txn_records_new(&task);
}

static void teardown(void)
{
    kc_txn_records_destroy(records);
}

START_TEST(batches_are_told_in_the_order_of_dispatch)
{
    for (int i = 0; i < 3; i++) {
        struct kc_batch *batch = batch_of(2 * i, 2);
        kc_txn_records_begin(records, batch);
        add(batch, 0, false, true);
        add(batch, 1, i == 1, i != 1);
    }
    kc_txn_records_end(records, false);
    ck_assert_int_eq(told_count, 6);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(told[i], i);
    ck_assert_int_eq(unsent, 1); /* dropped */
    ck_assert_int_eq(released, 3);
}
END_TEST

START_TEST(what_was_not_acknowledged_is_not_told)
{
    struct kc_batch *batch = batch_of(0, 2);
    kc_txn_records_begin(records, batch);
    add(batch, 0, false, false);
    add(batch, 1, false, true);
    kc_txn_records_end(records, false);
    ck_assert_int_eq(told_count, 1);
    ck_assert_int_eq(told[0], 1);
}
END_TEST

START_TEST(the_rest_of_a_batch_is_told_with_the_next_transaction)
{
    struct kc_batch *batch = batch_of(0, 3);
    kc_txn_records_begin(records, batch);
    add(batch, 0, false, true);
    kc_txn_records_end(records, true);
    ck_assert_int_eq(told_count, 1);
    ck_assert_int_eq(released, 0);
    add(batch, 1, false, true);
    add(batch, 2, false, true);
    kc_txn_records_end(records, false);
    ck_assert_int_eq(told_count, 3);
    ck_assert_int_eq(told[2], 2);
    ck_assert_int_eq(released, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eos_records");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, batches_are_told_in_the_order_of_dispatch);
    tcase_add_test(tests, what_was_not_acknowledged_is_not_told);
    tcase_add_test(tests, the_rest_of_a_batch_is_told_with_the_next_transaction);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
