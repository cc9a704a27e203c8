/* SPDX-License-Identifier: Apache-2.0 */
/* Records of plugins that can't be sent, and what is said of them. */
#include "data/conversion.h"

#include <check.h>
#include <stdlib.h>

/* Whether record is refused with text; NULL: it is fine. */
static void check(const struct kc_producer_record *record, const char *text)
{
    struct kc_error *err = kc_producer_record_check(record);
    if (text)
        ck_assert_str_eq(err ? kc_error_text(err) : "nothing", text);
    else
        ck_assert_ptr_null(err);
    ck_assert(!kc_error_retriable(err));
    kc_error_destroy(err);
}

START_TEST(what_a_record_must_have)
{
    const struct kc_producer_header headers[] = {{.key = "a"}, {.key = NULL}};
    struct kc_producer_record record = {
        .topic = "t", .partition = KC_NO_PARTITION, .headers = headers, .header_count = 1};
    check(&record, NULL);
    record.partition = 7;
    check(&record, NULL);
    record.header_count = 2;
    check(&record, "Null header keys are not permitted");
    record.partition = -7;
    check(&record,
          "Invalid partition: -7. Partition number should always be non-negative or null.");
    record.topic = NULL;
    check(&record, "Topic cannot be null.");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("producer_record");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, what_a_record_must_have);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
