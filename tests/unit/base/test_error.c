/* SPDX-License-Identifier: Apache-2.0 */
/* The error object: text, context, causes, copies. */
#include "base/wrong_target.h"
#include "connect/mem.h"

#include <check.h>
#include <stdlib.h>

START_TEST(text_and_context)
{
    struct kc_error *err = kc_error_new(KC_ERR_CONFIG, "bad %s", "value");
    err = kc_error_prefix(err, "file %d", 7);
    ck_assert_str_eq(kc_error_text(err), "file 7: bad value");
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert(!kc_error_retriable(err));
    kc_error_clear(&err);
    ck_assert_ptr_null(err);
    ck_assert_ptr_null(kc_error_prefix(NULL, "nothing"));
    ck_assert_int_eq(kc_error_kafka_code(NULL), 0);
    ck_assert(!kc_error_retriable(NULL));
}
END_TEST

START_TEST(trace_names_java_classes_and_causes)
{
    struct kc_error *err = kc_error_new(KC_ERR_CONNECT, "Tolerance exceeded in error handler");
    err = kc_error_caused(err, kc_error_new(KC_ERR_DATA, "first"));
    err = kc_error_caused(err, kc_error_kafka_new(-185, true, "second"));
    char *trace = kc_error_trace(err);
    ck_assert_str_eq(trace, "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded "
                            "in error handler\n"
                            "Caused by: org.apache.kafka.connect.errors.DataException: first\n"
                            "Caused by: org.apache.kafka.common.KafkaException: second\n");
    free(trace);
    kc_error_destroy(err);
}
END_TEST

START_TEST(copies_are_deep)
{
    struct kc_error *err = kc_error_wrong_target_new("http://a:1/", "not me");
    err = kc_error_caused(err, kc_error_retriable_new(KC_ERR_TIMEOUT, "late"));
    struct kc_error *copy = kc_error_copy(err);
    kc_error_destroy(err);
    ck_assert_str_eq(kc_error_url(copy), "http://a:1/");
    ck_assert_str_eq(kc_error_text(kc_error_cause(copy)), "late");
    ck_assert(kc_error_retriable(kc_error_cause(copy)));
    kc_error_destroy(copy);
    ck_assert_ptr_null(kc_error_copy(NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *tcase = tcase_create("error");
    tcase_add_test(tcase, text_and_context);
    tcase_add_test(tcase, trace_names_java_classes_and_causes);
    tcase_add_test(tcase, copies_are_deep);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
