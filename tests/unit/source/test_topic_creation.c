/* SPDX-License-Identifier: Apache-2.0 */
/* Which group a new topic belongs to, and what groups may say: TopicCreationTest. */
#include "source/topic_creation.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct kc_map *config_of(const char *const *pairs)
{
    struct kc_map *map = kc_map_new();
    for (; pairs[0]; pairs += 2)
        kc_map_set(map, pairs[0], pairs[1]);
    return map;
}
#define CONFIG(...) config_of((const char *const[]){__VA_ARGS__, NULL})
#define DEFAULTS                                                                                   \
    "topic.creation.default.partitions", "1", "topic.creation.default.replication.factor", "-1"

/* Takes config. */
static struct kc_error *make(struct kc_map *config, struct kc_topic_creation **creation)
{
    struct kc_map *admin = CONFIG("bootstrap.servers", "127.0.0.1:1");
    struct kc_error *err = kc_topic_creation_new(config, admin, creation);
    kc_map_destroy(admin);
    kc_map_destroy(config);
    return err;
}

START_TEST(any_setting_turns_it_on)
{
    struct kc_map *config = CONFIG(DEFAULTS);
    ck_assert(kc_topic_creation_used(config));
    kc_map_remove(config, "topic.creation.default.partitions");
    ck_assert(kc_topic_creation_used(config));
    kc_map_remove(config, "topic.creation.default.replication.factor");
    ck_assert(!kc_topic_creation_used(config));
    kc_map_destroy(config);
}
END_TEST

START_TEST(the_first_group_that_matches)
{
    struct kc_topic_creation *creation = NULL;
    ck_assert_ptr_null(
        make(CONFIG(DEFAULTS, "topic.creation.groups", "foo, bar", "topic.creation.foo.include",
                    "foo.*, both", "topic.creation.foo.exclude", "foo-not",
                    "topic.creation.bar.include", "b.*", "topic.creation.bar.partitions", "7"),
             &creation));
    static const char *const cases[][2] = {
        {"foo", "foo"},       {"foobar", "foo"},    {"foo-not", "default"}, {"both", "foo"},
        {"barometer", "bar"}, {"other", "default"}, {"a-foo", "default"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_str_eq(kc_topic_creation_group(creation, cases[i][0]), cases[i][1]);
    kc_topic_creation_destroy(creation);
}
END_TEST

START_TEST(a_group_without_include_matches_nothing)
{
    struct kc_topic_creation *creation = NULL;
    ck_assert_ptr_null(make(CONFIG(DEFAULTS, "topic.creation.groups", "foo"), &creation));
    ck_assert_str_eq(kc_topic_creation_group(creation, "foo"), "default");
    kc_topic_creation_destroy(creation);
}
END_TEST

#define MISSING "Missing required configuration \"topic.creation.default."
/* What Java 4.1 says; an empty value is a setting that is missing. */
static const char *const wrong[][3] = {
    {"topic.creation.default.replication.factor", NULL,
     MISSING "replication.factor\" which has no default value."},
    {"topic.creation.default.partitions", NULL, MISSING "partitions\" which has no default value."},
    {"topic.creation.default.partitions", "0",
     "Invalid value 0 for configuration partitions: Number of partitions must be positive, or -1 "
     "to "
     "use the broker's default"},
    {"topic.creation.default.partitions", "many",
     "Invalid value many for configuration topic.creation.default.partitions: Not a number of type "
     "INT"},
    {"topic.creation.default.replication.factor", "-2",
     "Invalid value -2 for configuration replication.factor: Replication factor must be positive "
     "and not larger than the number of brokers in the Kafka cluster, or -1 to use the broker's "
     "default"},
    {"topic.creation.default.replication.factor", "40000",
     "Invalid value 40000 for configuration topic.creation.default.replication.factor: Not a "
     "number "
     "of type SHORT"},
    {"topic.creation.foo.partitions", "",
     "Invalid value  for configuration topic.creation.foo.partitions: Not a number of type INT"},
    {"topic.creation.foo.include", "(unclosed",
     "Invalid value [(unclosed] for configuration include: Syntax error in regular expression: "},
};

START_TEST(wrong_values_are_named_as_in_java)
{
    struct kc_map *config = CONFIG(DEFAULTS, "topic.creation.groups", "foo");
    if (wrong[_i][1])
        kc_map_set(config, wrong[_i][0], wrong[_i][1]);
    else
        kc_map_remove(config, wrong[_i][0]);
    struct kc_error *err = kc_topic_creation_check(config);
    ck_assert_ptr_nonnull(err);
    ck_assert_msg(strncmp(kc_error_text(err), wrong[_i][2], strlen(wrong[_i][2])) == 0, "%s",
                  kc_error_text(err));
    kc_error_destroy(err);
    kc_map_destroy(config);
}
END_TEST

START_TEST(a_group_has_the_default_groups_numbers)
{
    struct kc_map *config = CONFIG(DEFAULTS, "topic.creation.groups", "foo, default",
                                   "topic.creation.foo.include", "f.*");
    ck_assert_ptr_null(kc_topic_creation_check(config));
    kc_map_destroy(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("topic_creation");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, any_setting_turns_it_on);
    tcase_add_test(tests, the_first_group_that_matches);
    tcase_add_test(tests, a_group_without_include_matches_nothing);
    tcase_add_loop_test(tests, wrong_values_are_named_as_in_java, 0,
                        sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_test(tests, a_group_has_the_default_groups_numbers);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
