/* SPDX-License-Identifier: Apache-2.0 */
/* Retries and tolerance: the scenarios of RetryWithToleranceOperatorTest. */
#include "data/error_policy.h"

#include "config/worker_config.h"
#include "connect/thread.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct kc_config *config;
static struct kc_task_metrics metrics;
static struct kc_error_policy *policy;
static struct kc_processing processing;
static int reports;
static enum kc_stage reported_stage;

static void on_report(void *opaque, const struct kc_processing *failed)
{
    reports++;
    reported_stage = failed->stage;
    ck_assert_ptr_nonnull(failed->error);
}

static void open_policy(const char *timeout, const char *tolerance)
{
    struct kc_map *map = kc_map_new();
    kc_map_set(map, "name", "c");
    kc_map_set(map, "connector.class", "C");
    kc_map_set(map, "errors.retry.timeout", timeout);
    kc_map_set(map, "errors.retry.delay.max.ms", "20");
    kc_map_set(map, "errors.tolerance", tolerance);
    kc_map_set(map, "errors.log.enable", "true");
    ck_assert_ptr_null(kc_config_parse(kc_connector_config_def(true), map, &config));
    kc_map_destroy(map);
    memset(&metrics, 0, sizeof(metrics));
    memset(&processing, 0, sizeof(processing));
    reports = 0;
    policy = kc_error_policy_new("c", 0, config, &metrics);
    kc_error_policy_set_reporter(policy, on_report, NULL);
}

static void close_policy(void)
{
    kc_processing_clear(&processing);
    kc_error_policy_destroy(policy);
    kc_config_destroy(config);
}

/* An operation that fails some times, then succeeds. */
struct plan {
    int failures; /* -1: always */
    bool retriable;
    bool memory; /* there is none */
    int calls;
};

static struct kc_error *operate(void *opaque)
{
    struct plan *plan = opaque;
    plan->calls++;
    if (plan->failures == 0)
        return NULL;
    plan->failures -= plan->failures > 0;
    if (plan->memory)
        return kc_error_memory(1000, "Converting a value");
    return plan->retriable ? kc_error_retriable_new(KC_ERR_CONNECT, "again")
                           : kc_error_new(KC_ERR_CONNECT, "never");
}

static struct kc_error *execute(enum kc_stage stage, struct plan *plan)
{
    return kc_error_policy_execute(policy, &processing, stage, "some.Class", operate, plan);
}

START_TEST(success_is_silent)
{
    struct plan plan = {0};
    open_policy("0", "none");
    ck_assert_ptr_null(execute(KC_STAGE_TRANSFORMATION, &plan));
    ck_assert_int_eq(plan.calls, 1);
    ck_assert_ptr_null(processing.error);
    ck_assert_int_eq(reports, 0);
    close_policy();
}
END_TEST

START_TEST(retriable_errors_are_retried)
{
    struct plan plan = {.failures = 3, .retriable = true};
    open_policy("-1", "none");
    ck_assert_ptr_null(execute(KC_STAGE_KAFKA_PRODUCE, &plan));
    ck_assert_int_eq(plan.calls, 4);
    ck_assert_int_eq((int)metrics.retries, 3);
    ck_assert_int_eq((int)metrics.record_failures, 3);
    ck_assert_ptr_null(processing.error);
    close_policy();
}
END_TEST

/* Or a record would be lost that nothing is wrong with. */
START_TEST(a_lack_of_memory_is_never_tolerated)
{
    struct plan plan = {.failures = -1, .memory = true};
    open_policy("0", "all");
    struct kc_error *err = execute(KC_STAGE_VALUE_CONVERTER, &plan);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq((int)metrics.records_skipped, 0);
    kc_error_destroy(err);
    close_policy();
    plan = (struct plan){.failures = 2, .memory = true};
    open_policy("-1", "all");
    ck_assert_ptr_null(execute(KC_STAGE_VALUE_CONVERTER, &plan));
    ck_assert_ptr_null(processing.error);
    ck_assert_int_eq(plan.calls, 3);
    close_policy();
}
END_TEST

START_TEST(without_a_timeout_nothing_is_retried)
{
    struct plan plan = {.failures = 1, .retriable = true};
    open_policy("0", "all");
    ck_assert_ptr_null(execute(KC_STAGE_KEY_CONVERTER, &plan));
    ck_assert_int_eq(plan.calls, 1);
    ck_assert_ptr_nonnull(processing.error);
    ck_assert_int_eq((int)metrics.records_skipped, 1);
    close_policy();
}
END_TEST

START_TEST(other_errors_are_not_retried)
{
    struct plan plan = {.failures = 1};
    open_policy("-1", "all");
    ck_assert_ptr_null(execute(KC_STAGE_VALUE_CONVERTER, &plan));
    ck_assert_int_eq(plan.calls, 1);
    ck_assert_str_eq(kc_error_text(processing.error), "never");
    ck_assert_int_eq(reports, 1);
    ck_assert_int_eq(reported_stage, KC_STAGE_VALUE_CONVERTER);
    ck_assert_int_eq((int)metrics.errors_logged, 1);
    ck_assert_int_gt(metrics.last_error_ms, 0);
    close_policy();
}
END_TEST

START_TEST(a_failed_record_is_not_tried_further)
{
    struct plan first = {.failures = -1}, second = {0};
    open_policy("0", "all");
    ck_assert_ptr_null(execute(KC_STAGE_TRANSFORMATION, &first));
    ck_assert_ptr_null(execute(KC_STAGE_KEY_CONVERTER, &second));
    ck_assert_int_eq(second.calls, 0);
    ck_assert_int_eq(reports, 1);
    close_policy();
}
END_TEST

START_TEST(none_is_not_tolerated_but_reported)
{
    struct plan plan = {.failures = -1};
    open_policy("0", "none");
    struct kc_error *err = execute(KC_STAGE_HEADER_CONVERTER, &plan);
    ck_assert_str_eq(kc_error_text(err), "Tolerance exceeded in error handler");
    ck_assert_str_eq(kc_error_text(kc_error_cause(err)), "never");
    ck_assert_int_eq(reports, 1);
    kc_error_destroy(err);
    close_policy();
}
END_TEST

START_TEST(other_stages_tolerate_retriable_errors_only)
{
    struct plan plan = {.failures = -1};
    open_policy("0", "all");
    struct kc_error *err = execute(KC_STAGE_TASK_PUT, &plan);
    ck_assert_str_eq(kc_error_text(err), "Unhandled exception in error handler");
    kc_error_destroy(err);
    kc_processing_clear(&processing);
    struct plan retriable = {.failures = -1, .retriable = true};
    ck_assert_ptr_null(execute(KC_STAGE_TASK_PUT, &retriable));
    close_policy();
}
END_TEST

START_TEST(a_timeout_ends_retries)
{
    struct plan plan = {.failures = -1, .retriable = true};
    open_policy("100", "all");
    int64_t began = kc_mono_ms();
    ck_assert_ptr_null(execute(KC_STAGE_TRANSFORMATION, &plan));
    ck_assert_int_ge(kc_mono_ms() - began, 95);
    ck_assert_int_gt(plan.calls, 1);
    ck_assert_ptr_nonnull(processing.error);
    close_policy();
}
END_TEST

static void *stop_soon(void *arg)
{
    kc_error_policy_stop(policy);
    return NULL;
}

START_TEST(a_stop_ends_retries)
{
    struct plan plan = {.failures = -1, .retriable = true};
    pthread_t thread;
    open_policy("-1", "all");
    pthread_create(&thread, NULL, stop_soon, NULL);
    ck_assert_ptr_null(execute(KC_STAGE_TRANSFORMATION, &plan));
    pthread_join(thread, NULL);
    ck_assert_ptr_nonnull(processing.error);
    close_policy();
}
END_TEST

START_TEST(reports_from_outside_follow_the_tolerance)
{
    open_policy("0", "all");
    ck_assert_ptr_null(kc_error_policy_report(policy, &processing, KC_STAGE_TASK_PUT, "X",
                                              kc_error_new(KC_ERR_DATA, "bad")));
    ck_assert_int_eq(reports, 1);
    close_policy();
    open_policy("0", "none");
    struct kc_error *err = kc_error_policy_report(policy, &processing, KC_STAGE_TASK_PUT, "X",
                                                  kc_error_new(KC_ERR_DATA, "bad"));
    ck_assert_str_eq(kc_error_text(err), "Tolerance exceeded in error handler");
    kc_error_destroy(err);
    close_policy();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error_policy");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, success_is_silent);
    tcase_add_test(tests, retriable_errors_are_retried);
    tcase_add_test(tests, a_lack_of_memory_is_never_tolerated);
    tcase_add_test(tests, without_a_timeout_nothing_is_retried);
    tcase_add_test(tests, other_errors_are_not_retried);
    tcase_add_test(tests, a_failed_record_is_not_tried_further);
    tcase_add_test(tests, none_is_not_tolerated_but_reported);
    tcase_add_test(tests, other_stages_tolerate_retriable_errors_only);
    tcase_add_test(tests, a_timeout_ends_retries);
    tcase_add_test(tests, a_stop_ends_retries);
    tcase_add_test(tests, reports_from_outside_follow_the_tolerance);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
