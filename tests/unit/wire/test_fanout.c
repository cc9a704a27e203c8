/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a bulk operation are found by their place. */
#include "wire/fanout_priv.h"

#include <check.h>
#include <stdlib.h>

enum { PARTS = 6 };

static struct wire_part parts[PARTS] = {
    {.topic = "a", .partition = 1},  {.topic = "ab", .partition = 0},
    {.topic = "ab", .partition = 2}, {.topic = "ab", .partition = 2},
    {.topic = "b", .partition = 0},  {.topic = "b", .partition = 7},
};
static struct wire_part *sorted[PARTS];

static void setup(void)
{
    for (int i = 0; i < PARTS; i++)
        sorted[i] = &parts[i];
}

START_TEST(each_part_is_found)
{
    for (int i = 0; i < PARTS; i++) {
        const struct wire_part *found =
            wire_fanout_find(sorted, PARTS, kc_wire_str(parts[i].topic), parts[i].partition);

        ck_assert_ptr_eq(found, &parts[i == 3 ? 2 : i]); /* the first of equal ones */
    }
}
END_TEST

START_TEST(what_was_not_asked_for_is_not_found)
{
    static const struct {
        const char *topic;
        int32_t partition;
    } others[] = {{"", 0},   {"a", 0},   {"a", 2}, {"aa", 1},
                  {"ab", 1}, {"abc", 0}, {"b", 8}, {"c", 0}};

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        ck_assert_ptr_null(
            wire_fanout_find(sorted, PARTS, kc_wire_str(others[i].topic), others[i].partition));
    ck_assert_ptr_null(wire_fanout_find(sorted, 0, kc_wire_str("a"), 1));
}
END_TEST

START_TEST(a_topics_parts_begin_at_the_first)
{
    ck_assert_uint_eq(wire_fanout_first(sorted, PARTS, kc_wire_str("ab"), INT32_MIN), 1);
    ck_assert_uint_eq(wire_fanout_first(sorted, PARTS, kc_wire_str("zz"), INT32_MIN), PARTS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fanout");
    TCase *tcase = tcase_create("fanout");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, each_part_is_found);
    tcase_add_test(tcase, what_was_not_asked_for_is_not_found);
    tcase_add_test(tcase, a_topics_parts_begin_at_the_first);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
