/* SPDX-License-Identifier: Apache-2.0 */
/* What may be committed, and when: the scenarios of Java's SubmittedRecordsTest. */
#include "source/submitted_records_priv.h"

#include <check.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MANY = 100000 };

static struct kc_submitted *submitted;
static struct kc_source_partition *a, *b;
static int done_count, unsent_count;
static long done_numbers[64];

static void on_done(void *opaque, const struct kc_record *record,
                    const struct kc_record_metadata *metadata)
{
    if (done_count < 64)
        done_numbers[done_count] = (long)record->source_offset.number;
    done_count++;
    unsent_count += !metadata;
}

static struct kc_source_partition *partition(const char *name)
{
    json_t *map = json_pack("{s:s}", "file", name);
    struct kc_source_partition *made = kc_source_partition_new(map);
    json_decref(map);
    return made;
}

static void setup(void)
{
    done_count = unsent_count = 0;
    submitted = kc_submitted_new(on_done, NULL);
    a = partition("a");
    b = partition("b");
}

static void teardown(void)
{
    kc_submitted_destroy(submitted);
    kc_source_partition_unref(a);
    kc_source_partition_unref(b);
}

/* One record as a batch of its own. */
static struct kc_slot *push(struct kc_source_partition *where, long number,
                            enum kc_slot_state state)
{
    struct kc_batch *batch = kc_batch_new(1);
    struct kc_record *record = kc_batch_add(batch);
    record->topic = "t";
    record->source_partition = where;
    record->source_offset = (struct kc_source_offset){"n", number, NULL};
    struct kc_flight *flight = kc_submitted_begin(submitted, batch);
    return kc_submitted_push(submitted, flight, record, state);
}

static void ack(struct kc_slot *slot)
{
    kc_slot_ack(slot, 7, 0, -1);
    kc_submitted_advance(submitted);
}

/* The offset to commit of a partition: -1 for none. Succeeds or fails the flush. */
static long flush(struct kc_source_partition *where, bool succeeds)
{
    const struct kc_offset_write *writes;
    size_t count = kc_submitted_begin_flush(submitted, &writes);
    long number = -1;
    for (size_t i = 0; i < count; i++)
        if (writes[i].partition == kc_source_partition_map(where))
            number = (long)json_integer_value(json_object_get(writes[i].offset, "n"));
    if (count)
        kc_submitted_end_flush(submitted, succeeds);
    return number;
}

START_TEST(nothing_is_nothing)
{
    const struct kc_offset_write *writes;
    ck_assert_uint_eq(kc_submitted_begin_flush(submitted, &writes), 0);
    kc_submitted_advance(submitted);
    ck_assert_uint_eq(kc_submitted_pending(submitted), 0);
}
END_TEST

START_TEST(nothing_acknowledged_commits_nothing)
{
    push(a, 1, KC_SLOT_SENT);
    push(a, 2, KC_SLOT_SENT);
    kc_submitted_advance(submitted);
    ck_assert_int_eq(flush(a, true), -1);
    ck_assert_uint_eq(kc_submitted_pending(submitted), 2);
}
END_TEST

START_TEST(the_leading_run_counts)
{
    struct kc_slot *slots[4];
    for (long i = 0; i < 4; i++)
        slots[i] = push(a, i, KC_SLOT_SENT);
    ack(slots[1]);
    ck_assert_int_eq(flush(a, true), -1);
    ck_assert_int_eq(done_count, 0);
    ack(slots[0]);
    ck_assert_int_eq(flush(a, true), 1);
    ck_assert_int_eq(done_count, 2);
    ack(slots[3]);
    ck_assert_int_eq(flush(a, true), -1);
    ack(slots[2]);
    ck_assert_int_eq(flush(a, true), 3);
    for (long i = 0; i < 4; i++)
        ck_assert_int_eq(done_numbers[i], i);
    ck_assert_uint_eq(kc_submitted_pending(submitted), 0);
}
END_TEST

START_TEST(a_stuck_record_holds_back_its_own_partition)
{
    push(a, 1, KC_SLOT_SENT);
    struct kc_slot *second = push(a, 2, KC_SLOT_SENT);
    struct kc_slot *other = push(b, 5, KC_SLOT_SENT);
    kc_slot_ack(second, 0, 0, 0);
    ack(other);
    const struct kc_offset_write *writes;
    ck_assert_uint_eq(kc_submitted_begin_flush(submitted, &writes), 1);
    ck_assert_ptr_eq(writes[0].partition, kc_source_partition_map(b));
    kc_submitted_end_flush(submitted, true);
    ck_assert_int_eq(flush(a, true), -1);
}
END_TEST

START_TEST(dropped_records_pass_without_an_offset)
{
    push(a, 1, KC_SLOT_DROPPED);
    kc_submitted_advance(submitted);
    ck_assert_int_eq(unsent_count, 1);
    ck_assert_int_eq(flush(a, true), -1);
    struct kc_slot *sent = push(a, 2, KC_SLOT_SENT);
    push(a, 3, KC_SLOT_DROPPED);
    kc_submitted_advance(submitted);
    ck_assert_int_eq(done_count, 1); /* in order: behind the one that was sent */
    ack(sent);
    ck_assert_int_eq(done_count, 3);
    ck_assert_int_eq(flush(a, true), 2);
}
END_TEST

START_TEST(skipped_records_count)
{
    struct kc_slot *slot = push(a, 4, KC_SLOT_SENT);
    kc_slot_skip(submitted, slot);
    kc_submitted_advance(submitted);
    ck_assert_int_eq(unsent_count, 1);
    ck_assert_int_eq(flush(a, true), 4);
}
END_TEST

START_TEST(a_failed_flush_is_merged_back)
{
    ack(push(a, 1, KC_SLOT_SENT));
    ack(push(b, 1, KC_SLOT_SENT));
    ck_assert_int_eq(flush(a, false), 1);
    ck_assert_int_eq(flush(a, false), 1);
    /* A newer offset that comes during a flush that fails wins. */
    const struct kc_offset_write *writes;
    ck_assert_uint_eq(kc_submitted_begin_flush(submitted, &writes), 2);
    ack(push(a, 2, KC_SLOT_SENT));
    kc_submitted_end_flush(submitted, false);
    ck_assert_uint_eq(kc_submitted_begin_flush(submitted, &writes), 2);
    kc_submitted_end_flush(submitted, false);
    ck_assert_int_eq(flush(a, true), 2);
    ck_assert_int_eq(flush(b, true), -1);
}
END_TEST

START_TEST(an_offset_map_outlives_its_batch)
{
    struct kc_batch *batch = kc_batch_new(1);
    struct kc_record *record = kc_batch_add(batch);
    json_t *map = json_pack("{s:s, s:b}", "file", "x", "done", 1);
    kc_batch_own_json(batch, map);
    json_decref(map);
    record->source_partition = a;
    record->source_offset = (struct kc_source_offset){NULL, 0, map};
    struct kc_flight *flight = kc_submitted_begin(submitted, batch);
    ack(kc_submitted_push(submitted, flight, record, KC_SLOT_SENT));
    const struct kc_offset_write *writes;
    ck_assert_uint_eq(kc_submitted_begin_flush(submitted, &writes), 1);
    ck_assert_str_eq(json_string_value(json_object_get(writes[0].offset, "file")), "x");
    kc_submitted_end_flush(submitted, true);
}
END_TEST

START_TEST(an_unfinished_batch_is_given_up)
{
    struct kc_batch *batch = kc_batch_new(3);
    for (int i = 0; i < 3; i++)
        kc_batch_add(batch)->source_partition = a;
    struct kc_flight *flight = kc_submitted_begin(submitted, batch);
    kc_submitted_push(submitted, flight, kc_batch_at(batch, 0), KC_SLOT_SENT);
    kc_submitted_abandon(submitted, flight); /* leaks or crashes when this is wrong */
}
END_TEST

/* Each partition's offset is written once, a part of them at a time; after a failure all that were
 * not written are. */
START_TEST(offsets_of_very_many_partitions_are_flushed_in_parts)
{
    enum { VERY_MANY = 25000 };
    static struct kc_source_partition *some[VERY_MANY];
    for (int i = 0; i < VERY_MANY; i++) {
        some[i] = partition("p");
        ack(push(some[i], i / 2, KC_SLOT_SENT));
    }
    const struct kc_offset_write *writes;
    size_t first = kc_submitted_begin_flush(submitted, &writes);
    ck_assert_uint_lt(first, VERY_MANY);
    ck_assert(kc_submitted_flush_goes_on(submitted));
    kc_submitted_end_flush(submitted, true);
    ck_assert_uint_gt(kc_submitted_begin_flush(submitted, &writes), 0);
    kc_submitted_end_flush(submitted, false);
    ck_assert(!kc_submitted_flush_goes_on(submitted));
    size_t count = first;
    do {
        size_t part = kc_submitted_begin_flush(submitted, &writes);
        for (size_t i = 0; i < part; i++, count++) {
            ck_assert_ptr_eq(writes[i].partition, kc_source_partition_map(some[count]));
            ck_assert_int_eq(json_integer_value(json_object_get(writes[i].offset, "n")),
                             (json_int_t)count / 2);
        }
        kc_submitted_end_flush(submitted, true);
    } while (kc_submitted_flush_goes_on(submitted));
    ck_assert_uint_eq(count, VERY_MANY);
    ck_assert_uint_eq(kc_submitted_begin_flush(submitted, &writes), 0);
    for (int i = 0; i < VERY_MANY; i++)
        kc_source_partition_unref(some[i]);
}
END_TEST

/* A checkpoint task has a partition for each group and partition. Many records, one at a time. */
START_TEST(a_partition_with_little_under_way_keeps_little)
{
    enum { FEW = 1000, BYTES_EACH = 1200 };
    static struct kc_source_partition *some[FEW];
    for (int i = 0; i < FEW; i++)
        some[i] = partition("p");
    size_t before = mallinfo2().uordblks;
    for (int round = 0; round < 300; round++)
        for (int i = 0; i < FEW; i++)
            ack(push(some[i], round, KC_SLOT_SENT));
    ck_assert_uint_le(mallinfo2().uordblks - before, FEW * BYTES_EACH);
    for (int i = 0; i < FEW; i++)
        kc_source_partition_unref(some[i]);
}
END_TEST

/* One thread pushes, another acknowledges: what the task and the producer do. */
static struct kc_slot *handed[MANY];
static atomic_int handed_count;

static void *acknowledge(void *arg)
{
    for (int i = 0; i < MANY;) {
        int limit = atomic_load(&handed_count);
        for (; i < limit; i++)
            kc_slot_ack(handed[i], i, 0, 0);
        kc_submitted_advance(submitted);
    }
    kc_submitted_advance(submitted);
    return NULL;
}

START_TEST(two_threads)
{
    pthread_t thread;
    pthread_create(&thread, NULL, acknowledge, NULL);
    for (int i = 0; i < MANY; i++) {
        handed[i] = push(i % 3 ? a : b, i, KC_SLOT_SENT);
        atomic_store(&handed_count, i + 1);
        if (i % 1000 == 0)
            flush(a, i % 2000 == 0);
    }
    pthread_join(thread, NULL);
    ck_assert_int_eq(done_count, MANY);
    ck_assert_uint_eq(kc_submitted_pending(submitted), 0);
    ck_assert_int_eq(flush(a, false), MANY - 2);
    ck_assert_int_eq(flush(b, true), MANY - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("submitted_records");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, nothing_is_nothing);
    tcase_add_test(tests, nothing_acknowledged_commits_nothing);
    tcase_add_test(tests, the_leading_run_counts);
    tcase_add_test(tests, a_stuck_record_holds_back_its_own_partition);
    tcase_add_test(tests, dropped_records_pass_without_an_offset);
    tcase_add_test(tests, skipped_records_count);
    tcase_add_test(tests, a_failed_flush_is_merged_back);
    tcase_add_test(tests, an_offset_map_outlives_its_batch);
    tcase_add_test(tests, an_unfinished_batch_is_given_up);
    tcase_add_test(tests, offsets_of_very_many_partitions_are_flushed_in_parts);
    tcase_add_test(tests, a_partition_with_little_under_way_keeps_little);
    tcase_add_test(tests, two_threads);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
