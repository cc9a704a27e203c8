/* SPDX-License-Identifier: Apache-2.0 */
/* The REST server's memory: shares, what is refused and why. */
#include "base/memory_limit.h"
#include "rest/byte_budget.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define KB 1024

static enum kc_error_code code_of(struct kc_error *err)
{
    enum kc_error_code code = err ? kc_error_code(err) : 0;
    if (err)
        ck_assert_ptr_nonnull(strstr(kc_error_text(err), "rest.memory.max.bytes"));
    kc_error_destroy(err);
    return code;
}

START_TEST(shares_of_a_budget)
{
    struct kc_byte_budget *budget = kc_byte_budget_new(800 * KB);
    struct kc_byte_share large = {.budget = budget};
    struct kc_byte_share other = {.budget = budget};
    struct kc_byte_share small = {.budget = budget};
    struct kc_byte_share last = {.budget = budget};
    ck_assert_ptr_null(kc_byte_share_resize(&large, 500 * KB));
    ck_assert_ptr_null(kc_byte_share_grow(&large, 100 * KB));
    ck_assert_int_eq(code_of(kc_byte_share_resize(&other, 150 * KB)), KC_ERR_UNAVAILABLE);
    ck_assert_uint_eq(other.held, 0);
    ck_assert(other.refused && !large.refused);
    ck_assert_ptr_null(kc_byte_share_resize(&other, 90 * KB));
    ck_assert_int_eq(code_of(kc_byte_share_grow(&other, 20 * KB)), KC_ERR_UNAVAILABLE);
    ck_assert_ptr_null(kc_byte_share_resize(&small, 60 * KB)); /* of the reserved eighth */
    ck_assert_int_eq(code_of(kc_byte_share_resize(&last, 51 * KB)), KC_ERR_UNAVAILABLE);
    ck_assert_ptr_null(kc_byte_share_resize(&last, 50 * KB));
    kc_byte_share_shrink(&last, 0);
    ck_assert_int_eq(code_of(kc_byte_share_resize(&large, 750 * KB)), KC_ERR_BAD_REQUEST);
    kc_byte_share_shrink(&large, 900 * KB);
    ck_assert_uint_eq(large.held, 600 * KB);
    kc_byte_share_shrink(&large, 0);
    kc_byte_share_shrink(&other, 0);
    kc_byte_share_shrink(&small, 0);
    ck_assert_ptr_null(kc_byte_share_resize(&other, 700 * KB)); /* nothing is held any more */
    kc_byte_share_shrink(&other, 0);
    kc_byte_budget_unref(budget);
}
END_TEST

START_TEST(without_a_budget_nothing_is_refused)
{
    struct kc_byte_share share = {0};
    ck_assert_ptr_null(kc_byte_share_resize(&share, SIZE_MAX));
    kc_byte_share_shrink(&share, 0);
}
END_TEST

START_TEST(a_budget_that_the_machine_has_not_refuses_requests)
{
    if (!leave_memory((size_t)64 << 20))
        return;
    struct kc_byte_budget *budget = kc_byte_budget_new((size_t)1 << 30);
    struct kc_byte_share share = {.budget = budget};
    struct kc_error *err = kc_byte_share_resize(&share, (size_t)100 << 20);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_MEMORY);
    ck_assert_uint_eq(share.held, 0);
    kc_error_destroy(err);
    ck_assert_ptr_null(kc_byte_share_resize(&share, (size_t)1 << 20));
    kc_byte_share_shrink(&share, 0);
    kc_byte_budget_unref(budget);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("byte_budget");
    TCase *cases = tcase_create("shares");
    tcase_add_test(cases, shares_of_a_budget);
    tcase_add_test(cases, without_a_budget_nothing_is_refused);
    tcase_add_test(cases, a_budget_that_the_machine_has_not_refuses_requests);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
