/* SPDX-License-Identifier: Apache-2.0 */
/* The queue between threads. */
#include "base/queue.h"

#include "connect/mem.h"
#include "connect/thread.h"

#include <check.h>
#include <stdlib.h>

#define ITEMS 20000

static void *produce(void *arg)
{
    struct kc_queue *queue = arg;
    for (intptr_t i = 1; i <= ITEMS; i++)
        kc_queue_push(queue, (void *)i);
    return NULL;
}

START_TEST(items_of_several_threads_all_arrive)
{
    pthread_t threads[3];
    struct kc_queue *queue = kc_queue_new(NULL);
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_null(kc_thread_start(&threads[i], "producer", produce, queue));
    int64_t sum = 0;
    for (int i = 0; i < 3 * ITEMS; i++)
        sum += (intptr_t)kc_queue_pop(queue, INT64_MAX);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(sum, 3 * ((int64_t)ITEMS * (ITEMS + 1) / 2));
    kc_queue_destroy(queue);
}
END_TEST

START_TEST(closed_queue_gives_what_is_left_and_refuses_more)
{
    int one;
    struct kc_queue *queue = kc_queue_new(NULL);
    ck_assert(kc_queue_push(queue, &one));
    kc_queue_close(queue);
    ck_assert(!kc_queue_push(queue, &one));
    ck_assert_ptr_eq(kc_queue_pop(queue, INT64_MAX), &one);
    ck_assert_ptr_null(kc_queue_pop(queue, INT64_MAX));
    kc_queue_destroy(queue);
}
END_TEST

START_TEST(empty_queue_waits_no_longer_than_the_deadline)
{
    struct kc_queue *queue = kc_queue_new(free);
    ck_assert_ptr_null(kc_queue_pop(queue, 0));
    ck_assert_ptr_null(kc_queue_pop(queue, kc_mono_ms() + 5));
    kc_queue_push(queue, kc_malloc(1)); /* freed with the queue */
    kc_queue_destroy(queue);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("queue");
    TCase *tcase = tcase_create("queue");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, items_of_several_threads_all_arrive);
    tcase_add_test(tcase, closed_queue_gives_what_is_left_and_refuses_more);
    tcase_add_test(tcase, empty_queue_waits_no_longer_than_the_deadline);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
