/* SPDX-License-Identifier: Apache-2.0 */
/* How many tasks a connector may make: nothing is allocated by a number that somebody has written.
 */
#include "host/task_configs.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static int asked; /* how many the connector was asked for */

/* One for each that it may have, as FileStreamSink. */
static struct kc_error *task_configs(void *object, int max_tasks, struct kc_maps *configs)
{
    (void)object;
    asked = max_tasks;
    for (int i = 0; i < max_tasks; i++)
        kc_maps_take(configs, kc_map_new());
    return NULL;
}

static const struct kc_connector_ops ops = {.task_configs = task_configs};
static const struct kc_plugin plugin = {
    .kind = KC_PLUGIN_SINK,
    .class_name = "org.a.Sink",
    .task_class = "org.a.Task",
    .connector = &ops,
};

/* What generate() says for tasks.max and a setting of so many bytes; NULL: nothing. */
static struct kc_error *generate(const char *tasks_max, size_t bytes, size_t *count)
{
    struct kc_map *config = kc_map_new();
    struct kc_maps configs = {0};
    char *text = kc_calloc(1, bytes + 1);
    memset(text, 'x', bytes);
    kc_map_set(config, "name", "sink");
    kc_map_set(config, "connector.class", "org.a.Sink");
    kc_map_set(config, "topics", "t");
    kc_map_set(config, "tasks.max", tasks_max);
    kc_map_set(config, "text", text);
    struct kc_error *err = kc_task_configs_generate(&plugin, NULL, "sink", config, &configs);
    *count = configs.count;
    kc_maps_destroy(&configs);
    kc_map_destroy(config);
    free(text);
    return err;
}

START_TEST(as_many_as_tasks_max)
{
    size_t count;
    ck_assert_ptr_null(generate("300", 10, &count));
    ck_assert_uint_eq(count, 300);
}
END_TEST

START_TEST(a_huge_number_fails)
{
    size_t count;
    struct kc_error *err = generate("2000000000", 10, &count);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(
        strstr(kc_error_text(err), "The connector sink makes more than 10000 tasks"));
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "lower tasks.max (2000000000)"));
    ck_assert_int_eq(asked, 10001);
    kc_error_destroy(err);
}
END_TEST

static struct kc_error *no_config(void *object, int max_tasks, struct kc_maps *configs)
{
    kc_maps_take(configs, NULL);
    return NULL;
}

START_TEST(a_task_without_configuration_fails)
{
    static const struct kc_connector_ops wrong = {.task_configs = no_config};
    static const struct kc_plugin careless = {
        .kind = KC_PLUGIN_SOURCE, .task_class = "org.a.Task", .connector = &wrong};
    struct kc_map *config = kc_map_new();
    struct kc_maps configs = {0};
    kc_map_set(config, "name", "c");
    kc_map_set(config, "connector.class", "org.a.Source");
    struct kc_error *err = kc_task_configs_generate(&careless, NULL, "c", config, &configs);
    ck_assert_ptr_nonnull(err);
    ck_assert_str_eq(kc_error_text(err), "The connector c has generated task 0 without a "
                                         "configuration");
    kc_error_destroy(err);
    kc_maps_destroy(&configs);
    kc_map_destroy(config);
}
END_TEST

START_TEST(large_configurations_may_have_fewer)
{
    size_t count;
    struct kc_error *err = generate("2000000000", 1 << 20, &count);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_le(asked, 258);
    kc_error_destroy(err);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("task_configs");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, as_many_as_tasks_max);
    tcase_add_test(tests, a_huge_number_fails);
    tcase_add_test(tests, a_task_without_configuration_fails);
    tcase_add_test(tests, large_configurations_may_have_fewer);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
