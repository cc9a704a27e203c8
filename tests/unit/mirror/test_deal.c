/* SPDX-License-Identifier: Apache-2.0 */
/* Sharing work out to tasks: from scratch, and again without anything changing hands. */
#include "mirror/deal.h"

#include <check.h>
#include <stdlib.h>

static struct kc_strings items;
static struct kc_deal first, second;

static void setup(void)
{
    items = (struct kc_strings){0};
    first = second = (struct kc_deal){0};
}

static void teardown(void)
{
    kc_strings_destroy(&items);
    kc_deal_clear(&first);
    kc_deal_clear(&second);
}

static void set_items(const char *csv)
{
    kc_strings_destroy(&items);
    kc_strings_split(&items, csv);
}

static void assert_deal(const struct kc_deal *deal, const char *expected)
{
    struct kc_strings lists = {0};
    for (size_t i = 0; i < deal->count; i++)
        kc_strings_take(&lists, kc_strings_join(&deal->tasks[i], ","));
    char *text = kc_strings_join(&lists, " | ");
    ck_assert_str_eq(text, expected);
    free(text);
    kc_strings_destroy(&lists);
}

START_TEST(from_scratch)
{
    set_items("a,b,c,d,e");
    kc_deal_round(&items, 2, &first);
    assert_deal(&first, "a,c,e | b,d");
    kc_deal_parts(&items, 3, &second);
    assert_deal(&second, "a,b | c,d | e");
}
END_TEST

START_TEST(what_is_new_goes_to_whoever_has_least)
{
    set_items("b,d,f");
    kc_deal_round(&items, 2, &first);
    assert_deal(&first, "b,f | d");
    set_items("a,b,c,d,e,f");
    ck_assert(kc_deal_again(&first, &items, 2, &second));
    assert_deal(&second, "b,f,c | d,a,e");
}
END_TEST

START_TEST(what_is_gone_leaves_room)
{
    set_items("a,b,c,d");
    kc_deal_round(&items, 2, &first);
    set_items("b,d,e,f");
    ck_assert(kc_deal_again(&first, &items, 2, &second));
    assert_deal(&second, "e,f | b,d");
}
END_TEST

START_TEST(another_number_of_tasks_begins_anew)
{
    set_items("a,b");
    ck_assert(!kc_deal_again(&first, &items, 1, &second));
    kc_deal_round(&items, 2, &first);
    ck_assert(!kc_deal_again(&first, &items, 3, &second));
    ck_assert_uint_eq(second.count, 0);
}
END_TEST

START_TEST(an_uneven_load_moves_little)
{
    static const double even[] = {1, 1, 1, 1, 1, 1};
    /* a, c, e | b, d, f: the first task has 190 of 200. */
    static const double uneven[] = {100, 50, 40, 5, 4, 1};
    static const double one[] = {100, 1, 1, 1, 1, 1}; /* one partition can't be divided */
    static const double idle[] = {0, 0, 0, 0, 0, 0};
    static const double burst[] = {12, 12, 12, 10, 9, 9}; /* within one and a half times */
    set_items("a,b,c,d,e,f");
    kc_deal_round(&items, 2, &first);
    ck_assert(!kc_deal_is_uneven(&first, even));
    ck_assert(!kc_deal_is_uneven(&first, idle));
    ck_assert(!kc_deal_is_uneven(&first, burst));
    ck_assert(kc_deal_is_uneven(&first, uneven));
    ck_assert_uint_eq(kc_deal_balance(&first, uneven, &second), 1);
    assert_deal(&second, "c,e | a,b,d,f");
    kc_deal_clear(&second);
    ck_assert(!kc_deal_equal(&first, &second));
    ck_assert(kc_deal_is_uneven(&first, one)); /* what is beside it may go */
    ck_assert_uint_eq(kc_deal_balance(&first, one, &second), 2);
    assert_deal(&second, "a | c,e,b,d,f");
    kc_deal_clear(&second);
    /* What was balanced stays. */
    static const double then[] = {100, 1, 1, 1, 1, 1};
    kc_deal_balance(&first, one, &second);
    ck_assert(!kc_deal_is_uneven(&second, then));
    kc_deal_clear(&second);
    ck_assert_uint_eq(kc_deal_balance(&first, even, &second), 0);
    ck_assert(kc_deal_equal(&first, &second));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("deal");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, from_scratch);
    tcase_add_test(tests, what_is_new_goes_to_whoever_has_least);
    tcase_add_test(tests, what_is_gone_leaves_room);
    tcase_add_test(tests, another_number_of_tasks_begins_anew);
    tcase_add_test(tests, an_uneven_load_moves_little);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
