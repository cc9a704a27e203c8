/* SPDX-License-Identifier: Apache-2.0 */
/* How topics to be created are spread over requests. */
#include "kafka/admin_priv.h"

#include <check.h>
#include <stdlib.h>

START_TEST(few_topics_go_in_one_request)
{
    const struct kc_new_topic topics[] = {{"a", 100, 3, NULL}, {"b", -1, -1, NULL}};

    ck_assert_uint_eq(kc_admin_create_slice(topics, 2), 2);
}
END_TEST

START_TEST(a_request_stays_below_what_a_controller_takes_at_once)
{
    struct kc_map *config = kc_map_new();
    struct kc_new_topic topics[101];
    size_t slices = 0, taken;

    kc_map_set(config, "cleanup.policy", "compact");
    for (size_t i = 0; i < 101; i++)
        topics[i] = (struct kc_new_topic){"t", 100, 1, config};
    for (size_t i = 0; i < 101; i += taken, slices++) {
        taken = kc_admin_create_slice(topics + i, 101 - i);
        ck_assert_uint_ge(taken, 1);
        ck_assert_uint_le(taken * 102, 5000);
    }
    ck_assert_uint_eq(slices, 3);
    kc_map_destroy(config);
}
END_TEST

START_TEST(a_topic_that_is_too_large_goes_alone)
{
    const struct kc_new_topic topics[] = {{"a", 20000, 1, NULL}, {"b", 1, 1, NULL}};

    ck_assert_uint_eq(kc_admin_create_slice(topics, 2), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admin_topics");
    TCase *tcase = tcase_create("creation");

    tcase_add_test(tcase, few_topics_go_in_one_request);
    tcase_add_test(tcase, a_request_stays_below_what_a_controller_takes_at_once);
    tcase_add_test(tcase, a_topic_that_is_too_large_goes_alone);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
