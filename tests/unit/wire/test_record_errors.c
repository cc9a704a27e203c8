/* SPDX-License-Identifier: Apache-2.0 */
/* What is believed of the records that a broker names. */
#include "wire/record_errors.h"

#include <check.h>
#include <stdlib.h>

static struct kc_record_errors *errors_of(const int32_t *indexes, int32_t count, int32_t records)
{
    struct kc_produce_response_partition from = {0};
    struct kc_produce_response_record_error items[8] = {0};

    ck_assert_int_le(count, 8);
    from.record_errors.items = items;
    from.record_errors.count = count;
    for (int32_t i = 0; i < count; i++) {
        items[i].batch_index = indexes[i];
        items[i].batch_index_error_message =
            indexes[i] % 2 ? kc_wire_str("odd") : (struct kc_wire_str){.len = -1};
    }
    return kc_record_errors_new(&from, records);
}

START_TEST(they_are_found_by_their_index)
{
    static const int32_t indexes[] = {7, 2, 3};
    struct kc_record_errors *errors = errors_of(indexes, 3, 8), *shared;

    ck_assert_uint_eq(errors->count, 3);
    shared = kc_record_errors_ref(errors);
    kc_record_errors_unref(errors);
    ck_assert_int_eq(shared->items[0].index, 2);
    ck_assert_ptr_null(kc_record_errors_find(shared, 2)->why);
    ck_assert_str_eq(kc_record_errors_find(shared, 7)->why, "odd");
    ck_assert_ptr_null(kc_record_errors_find(shared, 0));
    ck_assert_ptr_null(kc_record_errors_find(shared, -1));
    kc_record_errors_unref(shared);
    ck_assert_ptr_null(kc_record_errors_find(NULL, 2));
    ck_assert_ptr_null(kc_record_errors_ref(NULL));
    kc_record_errors_unref(NULL);
}
END_TEST

START_TEST(what_isnt_in_the_batch_is_left_out)
{
    static const int32_t indexes[] = {3, 3, -1, INT32_MAX, 4, INT32_MIN, 0, 3};
    struct kc_record_errors *errors = errors_of(indexes, 8, 4);

    ck_assert_uint_eq(errors->count, 2);
    ck_assert_int_eq(errors->items[0].index, 0);
    ck_assert_int_eq(errors->items[1].index, 3);
    kc_record_errors_unref(errors);
    ck_assert_ptr_null(errors_of(indexes + 2, 4, 4));
    ck_assert_ptr_null(errors_of(indexes, 0, 4));
    ck_assert_ptr_null(errors_of(indexes, -1, 4));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_errors");
    TCase *tests = tcase_create("all");

    tcase_add_test(tests, they_are_found_by_their_index);
    tcase_add_test(tests, what_isnt_in_the_batch_is_left_out);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
