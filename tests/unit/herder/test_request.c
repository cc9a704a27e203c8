/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of requests to the tick thread, waiting with a deadline, and stage texts. */
#include "herder/request_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static int order[8];
static int ran;

static void run(struct kc_herder *herder, struct kc_request *request, void *args)
{
    order[ran++] = *(int *)args;
    kc_request_complete(request, NULL);
}

static struct kc_request *make(int number)
{
    int *args = kc_malloc(sizeof(*args));
    *args = number;
    return kc_request_new(run, args, NULL);
}

static void drain(struct kc_requests *requests, int64_t *next)
{
    struct kc_request *request;
    while ((request = kc_requests_next(requests, next))) {
        kc_request_run_now(NULL, request);
        kc_request_unref(request);
    }
}

START_TEST(requests_run_by_due_time_then_sequence)
{
    struct kc_requests *requests = kc_requests_new();
    struct kc_request *late = make(3);
    struct kc_request *first = make(1);
    struct kc_request *second = make(2);
    int64_t next = 0;
    ran = 0;
    ck_assert(kc_requests_add(requests, late, 30));
    ck_assert(kc_requests_add(requests, first, 0));
    ck_assert(!kc_requests_add(requests, second, 0));
    drain(requests, &next);
    ck_assert_int_eq(ran, 2);
    ck_assert_int_eq(order[0], 1);
    ck_assert_int_eq(order[1], 2);
    ck_assert(next < INT64_MAX);
    kc_requests_wait(requests, INT64_MAX); /* until the late one is due */
    drain(requests, &next);
    ck_assert_int_eq(ran, 3);
    ck_assert(next == INT64_MAX);
    ck_assert_ptr_null(kc_request_wait(late, 0));
    kc_request_unref(late);
    kc_request_unref(first);
    kc_request_unref(second);
    kc_requests_destroy(requests);
}
END_TEST

START_TEST(waiting_ends_at_the_deadline_and_the_request_lives_on)
{
    struct kc_requests *requests = kc_requests_new();
    struct kc_request *request = make(7);
    int64_t next = 0;
    kc_requests_add(requests, request, 0);
    struct kc_error *err = kc_request_wait(request, 20);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_TIMEOUT);
    ck_assert_str_eq(kc_error_text(err), "Request timed out");
    kc_error_destroy(err);
    kc_request_unref(request);
    ran = 0;
    drain(requests, &next);
    ck_assert_int_eq(ran, 1);
    kc_requests_destroy(requests);
}
END_TEST

START_TEST(only_the_first_outcome_counts)
{
    struct kc_request *request = make(1);
    kc_request_complete(request, kc_error_new(KC_ERR_CONFLICT, "first"));
    kc_request_complete(request, kc_error_new(KC_ERR_CONFLICT, "second"));
    struct kc_error *err = kc_request_wait(request, -1);
    ck_assert_str_eq(kc_error_text(err), "first");
    kc_error_destroy(err);
    kc_request_unref(request);
}
END_TEST

START_TEST(a_closed_queue_refuses)
{
    struct kc_requests *requests = kc_requests_new();
    struct kc_request *left = make(1);
    struct kc_request *late = make(2);
    kc_requests_add(requests, left, 1000);
    kc_requests_close(requests);
    kc_requests_add(requests, late, 0);
    struct kc_error *err = kc_request_wait(left, -1);
    ck_assert_str_eq(kc_error_text(err), "Worker is shutting down");
    kc_error_destroy(err);
    err = kc_request_wait(late, -1);
    ck_assert_str_eq(kc_error_text(err), "Worker is shutting down");
    kc_error_destroy(err);
    kc_request_unref(left);
    kc_request_unref(late);
    kc_requests_destroy(requests);
}
END_TEST

START_TEST(stages_read_as_javas)
{
    struct kc_tick_stage stage;
    kc_stage_init(&stage);
    kc_stage_begin(&stage, "stopping connector %s", "c");
    stage.started_ms = 1729814400123;
    char *text = kc_stage_summary(&stage);
    ck_assert_str_eq(text, "The worker is currently stopping connector c, which began at "
                           "2024-10-25T00:00:00.123Z.");
    free(text);
    kc_stage_end(&stage);
    stage.completed_ms = 1729814401000;
    text = kc_stage_summary(&stage);
    ck_assert_str_eq(text, "The last operation the worker completed was stopping connector c, "
                           "which began at 2024-10-25T00:00:00.123Z and completed at "
                           "2024-10-25T00:00:01Z.");
    free(text);
    kc_stage_destroy(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request");
    TCase *tests = tcase_create("requests");
    tcase_add_test(tests, requests_run_by_due_time_then_sequence);
    tcase_add_test(tests, waiting_ends_at_the_deadline_and_the_request_lives_on);
    tcase_add_test(tests, only_the_first_outcome_counts);
    tcase_add_test(tests, a_closed_queue_refuses);
    tcase_add_test(tests, stages_read_as_javas);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
