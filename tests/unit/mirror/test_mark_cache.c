/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of records that were read: which reads it serves, for how long, and how much. */
#include "mirror/mark_cache_priv.h"
#include "mirror/mirror_check.h"

static struct kc_mark_cache *cache;

static void setup(void)
{
    cache = kc_mark_cache_new();
}

static void teardown(void)
{
    kc_mark_cache_destroy(cache);
}

/* Records with the offsets from, from + step and so on, up to to. */
static void add(struct kc_mark_stretch *stretch, int64_t from, int64_t to, int64_t step)
{
    for (int64_t offset = from; offset < to; offset += step)
        kc_mark_cache_add(cache, stretch, &(struct kc_record_mark){offset, 1, (uint64_t)offset});
}

static struct kc_mark_stretch *begin(int32_t partition, int64_t from, int64_t to, int64_t now)
{
    struct kc_mark_stretch *stretch = kc_mark_cache_begin(cache, "t", partition, from, now);
    add(stretch, from, to, 1);
    return stretch;
}

/* How many records are copied; the first is first. */
static size_t copied(const struct kc_mark_stretch *stretch, int64_t from, int64_t to, size_t max,
                     int64_t first)
{
    struct kc_record_window window = {0};
    kc_mark_stretch_copy(stretch, from, to, max, 0, &window);
    size_t count = window.count;
    if (count)
        ck_assert_int_eq(window.records[0].offset, first);
    kc_record_window_clear(&window);
    return count;
}

START_TEST(near_reads_share_a_stretch_in_any_order)
{
    struct kc_mark_stretch *one = begin(0, 100, 1100, 0), *two = begin(1, 100, 200, 0);
    for (int64_t offset = 1000; offset >= 100; offset -= 100) {
        ck_assert_ptr_eq(kc_mark_cache_find(cache, "t", 0, offset, 1000), one);
        ck_assert_uint_eq(kc_mark_stretch_missing(one, offset, offset + 50, 100, 0), 0);
        ck_assert_uint_eq(copied(one, offset, offset + 50, 100, offset), 50);
    }
    ck_assert_ptr_eq(kc_mark_cache_find(cache, "t", 1, 150, 1000), two);
    ck_assert_ptr_null(kc_mark_cache_find(cache, "t", 0, 99, 1000));
    ck_assert_ptr_null(kc_mark_cache_find(cache, "u", 0, 150, 1000));
    ck_assert_ptr_null(kc_mark_cache_find(cache, "t", 2, 150, 1000));
}
END_TEST

START_TEST(what_is_missing_is_counted)
{
    struct kc_mark_stretch *stretch = begin(0, 0, 100, 0);
    ck_assert_uint_eq(kc_mark_stretch_missing(stretch, 50, 1000, 50, 0), 0);
    ck_assert_uint_eq(kc_mark_stretch_missing(stretch, 50, 1000, 60, 0), 10);
    ck_assert_uint_eq(kc_mark_stretch_missing(stretch, 50, 100, 60, 0), 0);
    ck_assert_uint_eq(kc_mark_stretch_missing(stretch, 150, 200, 60, 0), 60);
    add(stretch, 110, 111, 1); /* nothing is between 99 and 110 */
    ck_assert_uint_eq(kc_mark_stretch_missing(stretch, 50, 111, 60, 0), 0);
    ck_assert_uint_eq(copied(stretch, 98, 111, 60, 98), 3);
}
END_TEST

START_TEST(a_read_a_little_behind_a_stretch_continues_it)
{
    struct kc_mark_stretch *stretch = begin(0, 0, 100, 0);
    ck_assert_ptr_eq(kc_mark_cache_find(cache, "t", 0, 100 + KC_MARKS_GAP, 0), stretch);
    ck_assert_ptr_null(kc_mark_cache_find(cache, "t", 0, 101 + KC_MARKS_GAP, 0));
}
END_TEST

START_TEST(the_end_of_a_log_is_believed_for_a_moment)
{
    struct kc_record_window window = {0};
    struct kc_mark_stretch *stretch = begin(0, 0, 100, 0);
    kc_mark_stretch_end(stretch, 102, 1000); /* markers are behind the last record */
    ck_assert_uint_eq(kc_mark_stretch_missing(stretch, 50, 1000, 60, 1500), 0);
    ck_assert_uint_eq(kc_mark_stretch_missing(stretch, 50, 102, 60, 9000), 0);
    ck_assert_uint_eq(kc_mark_stretch_missing(stretch, 50, 103, 60, 9000), 10);
    kc_mark_stretch_copy(stretch, 50, 1000, 60, 1500, &window);
    ck_assert(window.at_end && window.count == 50);
    kc_record_window_clear(&window);
    kc_mark_stretch_copy(stretch, 50, 1000, 60, 9000, &window);
    ck_assert(!window.at_end);
    kc_record_window_clear(&window);
    kc_mark_stretch_copy(stretch, 50, 80, 60, 1500, &window);
    ck_assert(!window.at_end);
    kc_record_window_clear(&window);
    add(stretch, 102, 103, 1);
    ck_assert_uint_eq(kc_mark_stretch_missing(stretch, 50, 1000, 60, 1500), 9);
}
END_TEST

START_TEST(what_is_old_or_was_made_again_is_forgotten)
{
    begin(0, 0, 100, 0);
    ck_assert_ptr_nonnull(kc_mark_cache_find(cache, "t", 0, 50, 10000));
    ck_assert_ptr_null(kc_mark_cache_find(cache, "t", 0, 50, 10001));
    begin(0, 0, 100, 20000);
    struct kc_mark_stretch *other = begin(1, 0, 100, 20000);
    kc_mark_cache_forget(cache, "t", 0);
    ck_assert_ptr_null(kc_mark_cache_find(cache, "t", 0, 50, 20000));
    ck_assert_ptr_eq(kc_mark_cache_find(cache, "t", 1, 50, 20000), other);
    kc_mark_cache_forget(cache, NULL, 0);
    ck_assert_uint_eq(kc_mark_cache_room(cache), 0);
}
END_TEST

START_TEST(a_long_stretch_lets_its_beginning_go)
{
    int64_t end = 10 * (int64_t)KC_MARKS_PER_STRETCH;
    struct kc_mark_stretch *stretch = begin(0, 0, end, 0);
    ck_assert_uint_le(kc_mark_cache_room(cache), KC_MARKS_PER_STRETCH);
    ck_assert_int_eq(stretch->next, end);
    ck_assert_int_gt(stretch->from, 0);
    ck_assert_ptr_null(kc_mark_cache_find(cache, "t", 0, stretch->from - 1, 0));
    ck_assert_uint_eq(copied(stretch, stretch->from, end, KC_MARKS_PER_STRETCH, stretch->from),
                      (size_t)(end - stretch->from));
    ck_assert_int_ge(end - stretch->from, KC_MARKS_PER_STRETCH / 2);
}
END_TEST

START_TEST(many_stretches_stay_within_the_bound)
{
    for (int32_t partition = 0; partition < 1000; partition++) {
        begin(partition, 0, 3000, 0);
        ck_assert_uint_le(kc_mark_cache_room(cache), KC_MARKS_IN_CACHE);
        if (partition > 0)
            ck_assert_ptr_nonnull(kc_mark_cache_find(cache, "t", 0, 50, 0)); /* used all the time */
    }
    ck_assert_ptr_nonnull(kc_mark_cache_find(cache, "t", 999, 50, 0));
    ck_assert_ptr_null(kc_mark_cache_find(cache, "t", 1, 50, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mark_cache");
    TCase *tcase = tcase_create("mark_cache");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, near_reads_share_a_stretch_in_any_order);
    tcase_add_test(tcase, what_is_missing_is_counted);
    tcase_add_test(tcase, a_read_a_little_behind_a_stretch_continues_it);
    tcase_add_test(tcase, the_end_of_a_log_is_believed_for_a_moment);
    tcase_add_test(tcase, what_is_old_or_was_made_again_is_forgotten);
    tcase_add_test(tcase, a_long_stretch_lets_its_beginning_go);
    tcase_add_test(tcase, many_stretches_stay_within_the_bound);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
