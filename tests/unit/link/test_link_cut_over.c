/* SPDX-License-Identifier: Apache-2.0 */
/* What a receipt says of a partition, whoever ends the promotion. */
#include "link/link_work_priv.h"

#include <check.h>

START_TEST(a_receipt_counts_what_all_tasks_have_copied)
{
    struct link_copy_partition copied = {.partition = 3,
                                         .source_end = 120,
                                         .target_end = 120,
                                         .checked = 90,
                                         .fillers = 10,
                                         .written = 100,
                                         .checksum = 4711};
    struct kc_link_receipt_partition receipt = link_receipt_of(&copied, 3, 120);
    ck_assert_int_eq(receipt.partition, 3);
    ck_assert_int_eq(receipt.source_end, 120);
    ck_assert_int_eq(receipt.target_end, 120);
    ck_assert_int_eq(receipt.records, 100);
    ck_assert_uint_eq(receipt.checksum, 4711);
    /* The one who had copied it was killed in the middle of the promotion. */
    copied.checked = copied.fillers = 0;
    copied.checksum = 0;
    receipt = link_receipt_of(&copied, 3, 120);
    ck_assert_int_eq(receipt.records, 100);
    ck_assert_uint_eq(receipt.checksum, 0);
    /* Or when some of it was done: the checksum is of a part that nobody can tell. */
    copied.checked = 40;
    copied.checksum = 4712;
    receipt = link_receipt_of(&copied, 3, 120);
    ck_assert_int_eq(receipt.records, 100);
    ck_assert_uint_eq(receipt.checksum, 0);
    receipt = link_receipt_of(NULL, 3, 120);
    ck_assert_int_eq(receipt.records, 0);
    ck_assert_int_eq(receipt.source_end, -1);
    ck_assert_int_eq(receipt.target_end, 120);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_cut_over");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, a_receipt_counts_what_all_tasks_have_copied);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
