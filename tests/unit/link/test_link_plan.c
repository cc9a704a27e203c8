/* SPDX-License-Identifier: Apache-2.0 */
/* How long a mirror takes until it has caught up, as far as that can be told. */
#include "link/link_plan_priv.h"

#include <check.h>
#include <stdlib.h>

START_TEST(a_plan_tells_how_long_it_takes)
{
    static const struct {
        double bytes, leading, speed, grows;
        int64_t ms;
    } cases[] = {
        {0, 0, -1, 0, 1000},                                /* there is nothing to copy */
        {1e6, 0, 1e6, 0, 2000},   {1e6, 0, 1e6, 5e5, 3000}, /* half as fast, because more comes */
        {1e6, 1e7, 1e6, 0, 4000},                           /* offsets before the log's beginning */
        {1e6, 0, 1e6, 1e6, -1},                             /* never */
        {1e6, 0, -1, 0, -1},                                /* the speed isn't known */
        {-1, 0, 1e6, 0, -1},                                /* the size isn't */
        {1e6, -1, 1e6, 0, -1},    {1e300, 0, 1e-300, 0, -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = link_plan_ms(cases[i].bytes, cases[i].leading, cases[i].speed, cases[i].grows);
        ck_assert_msg(ms == cases[i].ms, "case %zu: %lld", i, (long long)ms);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_plan");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, a_plan_tells_how_long_it_takes);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
