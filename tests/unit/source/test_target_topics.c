/* SPDX-License-Identifier: Apache-2.0 */
/* Topics by the addresses of their names, and which names there can be. */
#include "source/target_topics_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct kc_target_topics *topics;

static void setup(void)
{
    topics = kc_target_topics_new();
}

static void teardown(void)
{
    kc_target_topics_destroy(topics);
}

START_TEST(one_name_is_one_topic)
{
    char first[] = "a", second[] = "a", other[] = "b";
    struct kc_target_topic *topic = kc_target_topics_get(topics, first);
    ck_assert_str_eq(topic->name, "a");
    ck_assert(!topic->ready);
    topic->ready = true;
    ck_assert_ptr_eq(kc_target_topics_get(topics, second), topic);
    ck_assert_ptr_eq(kc_target_topics_get(topics, first), topic);
    ck_assert_ptr_ne(kc_target_topics_get(topics, other), topic);
}
END_TEST

START_TEST(an_address_means_something_within_one_batch)
{
    char name[] = "a";
    struct kc_target_topic *topic = kc_target_topics_get(topics, name);
    name[0] = 'b'; /* the memory of another batch's name */
    kc_target_topics_begin_batch(topics);
    ck_assert_ptr_ne(kc_target_topics_get(topics, name), topic);
    ck_assert_str_eq(kc_target_topics_get(topics, name)->name, "b");
}
END_TEST

START_TEST(more_topics_than_the_cache_has_room_for)
{
    enum { MANY = 1000 };
    static char names[MANY][16];
    struct kc_target_topic *found[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "t%d", i);
        found[i] = kc_target_topics_get(topics, names[i]);
    }
    for (int i = 0; i < MANY; i++) {
        ck_assert_ptr_eq(kc_target_topics_get(topics, names[i]), found[i]);
        ck_assert_str_eq(found[i]->name, names[i]);
    }
}
END_TEST

START_TEST(names_that_brokers_take)
{
    char longest[251];
    memset(longest, 'x', 250);
    longest[250] = '\0';
    ck_assert(!kc_is_topic_name(longest));
    longest[249] = '\0';
    ck_assert(kc_is_topic_name(longest));
    ck_assert(kc_is_topic_name("a.B-c_9"));
    ck_assert(!kc_is_topic_name(""));
    ck_assert(!kc_is_topic_name("."));
    ck_assert(!kc_is_topic_name(".."));
    ck_assert(!kc_is_topic_name("a b"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("target_topics");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, one_name_is_one_topic);
    tcase_add_test(tests, an_address_means_something_within_one_batch);
    tcase_add_test(tests, more_topics_than_the_cache_has_room_for);
    tcase_add_test(tests, names_that_brokers_take);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
