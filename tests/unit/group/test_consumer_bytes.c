/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of ConsumerProtocol: written as Java writes them, and read with care. */
#include "connect/group.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(text) text, sizeof(text) - 1

START_TEST(a_subscription_goes_round)
{
    static const char expected[] = "\0\0\0\0\0\2\0\1a\0\2bc\xff\xff\xff\xff";
    struct kc_strings topics = {0}, read = {0};
    struct kc_str out = {0};
    kc_strings_add(&topics, "a");
    kc_strings_add(&topics, "bc");
    kc_group_subscription_encode(&out, &topics);
    ck_assert_uint_eq(out.len, sizeof(expected) - 1);
    ck_assert_int_eq(memcmp(out.data, expected, out.len), 0);
    ck_assert_ptr_null(kc_group_subscription_decode(out.data, out.len, &read));
    ck_assert_uint_eq(read.count, 2);
    ck_assert_str_eq(read.items[1], "bc");
    for (size_t len = 0; len < out.len - 4; len++) { /* what is cut off is no subscription */
        struct kc_error *err = kc_group_subscription_decode(out.data, len, &read);
        ck_assert_int_eq(kc_error_code(err), KC_ERR_SCHEMA);
        kc_error_destroy(err);
    }
    ck_assert_uint_eq(read.count, 2);
    kc_strings_destroy(&read);
    kc_strings_destroy(&topics);
    kc_str_destroy(&out);
}
END_TEST

START_TEST(counts_are_not_believed)
{
    struct kc_strings read = {0};
    struct kc_error *err = kc_group_subscription_decode(BYTES("\0\0\x7f\xff\xff\xff\0\1a"), &read);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_SCHEMA);
    kc_error_destroy(err);
    err = kc_group_subscription_decode(BYTES("\xff\xff\0\0\0\0"), &read);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_SCHEMA);
    kc_error_destroy(err);
    ck_assert_uint_eq(read.count, 0);
}
END_TEST

START_TEST(an_assignment_groups_by_topic)
{
    static const struct kc_group_offset partitions[] = {{.topic = "a", .partition = 0},
                                                        {.topic = "a", .partition = 2},
                                                        {.topic = "b", .partition = 1}};
    static const char expected[] = "\0\0\0\0\0\2\0\1a\0\0\0\2\0\0\0\0\0\0\0\2\0\1b\0\0\0\1\0\0\0\1"
                                   "\xff\xff\xff\xff";
    struct kc_str out = {0};
    kc_group_assignment_encode(&out, partitions, 3);
    ck_assert_uint_eq(out.len, sizeof(expected) - 1);
    ck_assert_int_eq(memcmp(out.data, expected, out.len), 0);
    kc_str_clear(&out);
    kc_group_assignment_encode(&out, NULL, 0);
    ck_assert_uint_eq(out.len, 10);
    ck_assert_int_eq(memcmp(out.data, "\0\0\0\0\0\0\xff\xff\xff\xff", 10), 0);
    kc_str_destroy(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("consumer bytes");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, a_subscription_goes_round);
    tcase_add_test(tests, counts_are_not_believed);
    tcase_add_test(tests, an_assignment_groups_by_topic);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
