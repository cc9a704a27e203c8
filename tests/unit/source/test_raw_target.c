/* SPDX-License-Identifier: Apache-2.0 */
/* Which raw lanes share a client and an appender. No broker is needed to find out. */
#include "source/raw_target_priv.h"

#include <check.h>
#include <stdlib.h>

static const int workers[2];
static const int *worker = workers;

static struct kc_raw_target *join(const char *name, const char *client_id, const char *key,
                                  const char *value)
{
    struct kc_map *producer = kc_map_new();
    struct kc_raw_target *target = NULL;
    kc_map_set(producer, "bootstrap.servers", "127.0.0.1:1");
    kc_map_set(producer, "client.id", client_id);
    if (key)
        kc_map_set(producer, key, value);
    ck_assert_ptr_null(kc_raw_target_join(producer, worker, name, &target));
    kc_map_destroy(producer);
    return target;
}

START_TEST(tasks_of_a_connector_share)
{
    struct kc_raw_target *targets[KC_RAW_TARGET_TASKS + 1];
    for (int i = 0; i <= KC_RAW_TARGET_TASKS; i++) {
        char *id = kc_asprintf("task-%d", i);
        targets[i] = join("mirror", id, NULL, NULL);
        free(id);
    }
    for (int i = 1; i < KC_RAW_TARGET_TASKS; i++)
        ck_assert_ptr_eq(targets[i], targets[0]);
    ck_assert_ptr_ne(targets[KC_RAW_TARGET_TASKS], targets[0]);
    ck_assert(targets[0]->shared);
    kc_raw_target_leave(targets[1]);
    ck_assert_ptr_eq(join("mirror", "task-1", NULL, NULL), targets[0]);
    for (int i = 0; i <= KC_RAW_TARGET_TASKS; i++)
        kc_raw_target_leave(targets[i]);
}
END_TEST

START_TEST(others_have_their_own)
{
    struct kc_raw_target *first = join("mirror", "a", NULL, NULL);
    struct kc_raw_target *connector = join("other", "a", NULL, NULL);
    struct kc_raw_target *setting = join("mirror", "a", "max.request.size", "2000000");
    ck_assert_ptr_ne(connector, first);
    ck_assert_ptr_ne(setting, first);
    worker = workers + 1;
    struct kc_raw_target *process = join("mirror", "a", NULL, NULL);
    ck_assert_ptr_ne(process, first);
    kc_raw_target_leave(process);
    kc_raw_target_leave(connector);
    kc_raw_target_leave(setting);
    kc_raw_target_leave(first);
}
END_TEST

START_TEST(transactions_are_never_shared)
{
    struct kc_raw_target *first = join("mirror", "a", "transactional.id", "t");
    struct kc_raw_target *second = join("mirror", "a", "transactional.id", "t");
    ck_assert_ptr_ne(first, second);
    ck_assert(!first->shared);
    kc_raw_target_leave(first);
    kc_raw_target_leave(second);
}
END_TEST

START_TEST(nobody_joins_what_is_of_no_use)
{
    struct kc_raw_target *first = join("mirror", "a", NULL, NULL);
    kc_raw_target_spoil(first);
    struct kc_raw_target *second = join("mirror", "a", NULL, NULL);
    ck_assert_ptr_ne(first, second);
    kc_raw_target_leave(first);
    ck_assert_ptr_eq(join("mirror", "a", NULL, NULL), second);
    kc_raw_target_leave(second);
    kc_raw_target_leave(second);
}
END_TEST

START_TEST(bad_settings_are_told)
{
    struct kc_map *producer = kc_map_new();
    struct kc_raw_target *target = NULL;
    kc_map_set(producer, "bootstrap.servers", "127.0.0.1:1");
    kc_map_set(producer, "security.protocol", "TELEPATHY");
    struct kc_error *err = kc_raw_target_join(producer, worker, "mirror", &target);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_null(target);
    kc_error_destroy(err);
    kc_map_destroy(producer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raw_target");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, tasks_of_a_connector_share);
    tcase_add_test(tests, others_have_their_own);
    tcase_add_test(tests, transactions_are_never_shared);
    tcase_add_test(tests, nobody_joins_what_is_of_no_use);
    tcase_add_test(tests, bad_settings_are_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
