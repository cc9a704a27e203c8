/* SPDX-License-Identifier: Apache-2.0 */
/* Who shares a thing, and when it is made and ended. */
#include "base/shared_users.h"

#include "connect/mem.h"
#include "connect/thread.h"

#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USERS = 8, MOST = 3 };

static atomic_int made, ended, in_make;
static atomic_bool make_waits;

/* arg: "bad" is refused, "slow" waits as long as make_waits is set. */
static struct kc_error *make(void *arg, void **thing)
{
    const char *how = arg;
    if (strcmp(how, "bad") == 0)
        return kc_error_new(KC_ERR_CONFIG, "Refused");
    if (strcmp(how, "slow") == 0) {
        atomic_fetch_add(&in_make, 1);
        while (atomic_load(&make_waits))
            usleep(1000);
    }
    atomic_fetch_add(&made, 1);
    *thing = kc_malloc(1);
    return NULL;
}

static void end(void *thing)
{
    atomic_fetch_add(&ended, 1);
    free(thing);
}

static struct kc_shared_users any = KC_SHARED_USERS(make, end, 0);
static struct kc_shared_users few = KC_SHARED_USERS(make, end, MOST);

static void *join(struct kc_shared_users *registry, const char *settings, const char *how)
{
    void *thing = NULL;
    ck_assert_ptr_null(kc_shared_users_join(registry, settings, (void *)(uintptr_t)how, &thing));
    ck_assert_ptr_nonnull(thing);
    return thing;
}

START_TEST(equal_settings_share_until_the_last_user_leaves)
{
    void *a = join(&any, "a", "good"), *b = join(&any, "b", "good");
    ck_assert_ptr_ne(a, b);
    ck_assert_ptr_eq(join(&any, "a", "good"), a);
    ck_assert_int_eq(made, 2);
    kc_shared_users_leave(&any, a);
    kc_shared_users_leave(&any, b);
    ck_assert_int_eq(ended, 1);
    ck_assert_ptr_eq(join(&any, "a", "good"), a);
    kc_shared_users_leave(&any, a);
    kc_shared_users_leave(&any, a);
    ck_assert_int_eq(ended, 2);
    ck_assert_ptr_null(any.things);
}
END_TEST

START_TEST(one_thing_has_no_more_users_than_it_may_have)
{
    void *first = join(&few, "a", "good");
    for (int i = 1; i < MOST; i++)
        ck_assert_ptr_eq(join(&few, "a", "good"), first);
    void *second = join(&few, "a", "good");
    ck_assert_ptr_ne(second, first);
    kc_shared_users_leave(&few, first);
    ck_assert_ptr_eq(join(&few, "a", "good"), first);
    kc_shared_users_leave(&few, second);
    for (int i = 0; i < MOST; i++)
        kc_shared_users_leave(&few, first);
    ck_assert_int_eq(ended, 2);
}
END_TEST

START_TEST(spoilt_thing_keeps_its_users_and_gets_no_others)
{
    void *spoilt = join(&any, "a", "good");
    kc_shared_users_spoil(&any, spoilt);
    void *fresh = join(&any, "a", "good");
    ck_assert_ptr_ne(fresh, spoilt);
    ck_assert_int_eq(ended, 0);
    kc_shared_users_leave(&any, spoilt);
    ck_assert_int_eq(ended, 1);
    kc_shared_users_leave(&any, fresh);
}
END_TEST

START_TEST(refused_thing_leaves_nothing_behind)
{
    void *thing = NULL;
    struct kc_error *err = kc_shared_users_join(&any, "a", (void *)(uintptr_t) "bad", &thing);
    ck_assert_str_eq(kc_error_text(err), "Refused");
    kc_error_destroy(err);
    ck_assert_ptr_null(any.things);
    kc_shared_users_leave(&any, join(&any, "a", "good"));
    ck_assert_int_eq(ended, 1);
}
END_TEST

static void *join_slow(void *arg)
{
    return join(&any, "slow", "slow");
}

static void wait_for_make(void)
{
    int64_t deadline = kc_mono_ms() + 10000;
    while (!atomic_load(&in_make) && kc_mono_ms() < deadline)
        usleep(1000);
    ck_assert_int_eq(in_make, 1);
}

START_TEST(only_those_wait_who_want_what_is_being_made)
{
    pthread_t threads[USERS];
    make_waits = true;
    for (int i = 0; i < USERS; i++)
        ck_assert_ptr_null(kc_thread_start(&threads[i], "user", join_slow, NULL));
    wait_for_make();
    void *other = join(&any, "other", "good"); /* hangs if things are made with the lock */
    kc_shared_users_leave(&any, other);
    make_waits = false;
    void *things[USERS];
    for (int i = 0; i < USERS; i++)
        pthread_join(threads[i], &things[i]);
    ck_assert_int_eq(made, 2);
    for (int i = 0; i < USERS; i++) {
        ck_assert_ptr_eq(things[i], things[0]);
        kc_shared_users_leave(&any, things[i]);
    }
    ck_assert_int_eq(ended, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shared_users");
    TCase *tests = tcase_create("sharing");
    tcase_add_test(tests, equal_settings_share_until_the_last_user_leaves);
    tcase_add_test(tests, one_thing_has_no_more_users_than_it_may_have);
    tcase_add_test(tests, spoilt_thing_keeps_its_users_and_gets_no_others);
    tcase_add_test(tests, refused_thing_leaves_nothing_behind);
    tcase_add_test(tests, only_those_wait_who_want_what_is_being_made);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
