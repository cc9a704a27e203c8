/* SPDX-License-Identifier: Apache-2.0 */
/* What every task has: made, refused, and the settings of its clients. */
#include "host/task_core.h"

#include "host/idle_host.h"

#include <stdlib.h>

static struct kc_worker_config *config;
static struct kc_plugins *plugins;
static struct kc_map *connector_config, *task_config;
static struct kc_task_core core;
static int destroyed;

static void destroy(void *impl)
{
    destroyed++;
    kc_task_core_clear(impl);
}

static const struct kc_task_kind kind = {
    .start = nothing,
    .execute = nothing,
    .close = ignore,
    .wake = ignore,
    .cancel = ignore,
    .destroy = destroy,
};

static const struct kc_plugin source = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "test.Source",
    .task_class = "test.SourceTask",
    .version = "1",
};

static void setup(void)
{
    struct kc_map *worker = kc_map_new();
    kc_map_set(worker, "bootstrap.servers", "127.0.0.1:1");
    kc_map_set(worker, "offset.storage.file.filename", "/dev/null");
    kc_map_set(worker, "key.converter", "ByteArrayConverter");
    kc_map_set(worker, "value.converter", "ByteArrayConverter");
    kc_map_set(worker, "offset.flush.timeout.ms", "1234");
    kc_map_set(worker, "topic.tracking.enable", "false");
    kc_map_set(worker, "producer.linger.ms", "7");
    must(kc_worker_config_new(KC_WORKER_STANDALONE, worker, "test", NULL, &config));
    kc_map_destroy(worker);
    plugins = kc_plugins_new(kc_builtin_plugins, NULL);
    connector_config = kc_map_new();
    kc_map_set(connector_config, "name", "src");
    kc_map_set(connector_config, "connector.class", "test.Source");
    kc_map_set(connector_config, "producer.override.linger.ms", "8");
    task_config = kc_map_new();
    kc_map_set(task_config, "part", "3 of 5");
    core = (struct kc_task_core){0};
    destroyed = 0;
}

static void teardown(void)
{
    kc_map_destroy(connector_config);
    kc_map_destroy(task_config);
    kc_plugins_destroy(plugins);
    kc_worker_config_destroy(config);
}

static struct kc_error *make(void)
{
    static const struct kc_worker_listener listener;
    const struct kc_task_core_settings settings = {
        .host = {.connector = "src", .task = 3, .version = "1", .listener = &listener},
        .config = config,
        .plugins = plugins,
        .plugin = &source,
        .connector_config = connector_config,
        .task_config = task_config,
    };
    return kc_task_core_make(&core, &settings, &kind, &core);
}

START_TEST(a_core_has_copies_converters_and_the_workers_settings)
{
    must(make());
    kc_map_set(connector_config, "name", "another");
    kc_map_set(task_config, "part", "another");
    ck_assert_str_eq(kc_map_get(core.connector_config, "name"), "src");
    ck_assert_str_eq(kc_map_get(core.task_config, "part"), "3 of 5");
    ck_assert_str_eq(kc_config_string(core.settings, "name"), "src");
    ck_assert_ptr_nonnull(core.conversion);
    ck_assert_ptr_nonnull(core.policy);
    ck_assert_int_eq(core.flush_timeout_ms, 1234);
    ck_assert(!core.track_topics);
    ck_assert_str_eq(kc_task_host_connector(core.host), "src");
    ck_assert_int_eq(kc_task_host_task(core.host), 3);
    kc_task_host_destroy(core.host);
    ck_assert_int_eq(destroyed, 1);
}
END_TEST

START_TEST(a_client_is_named_after_the_task)
{
    must(make());
    struct kc_map *producer = kc_task_core_client_properties(&core, "producer", "some-producer-");
    ck_assert_str_eq(kc_map_get(producer, "client.id"), "some-producer-src-3");
    ck_assert_str_eq(kc_map_get(producer, "linger.ms"), "8");
    kc_map_destroy(producer);
    kc_task_host_destroy(core.host);
}
END_TEST

/* The settings can't be parsed, or the converters not made: both end the task, once. */
static const char *const refused[][2] = {
    {"tasks.max", "many"},
    {"value.converter", "test.NoSuchConverter"},
};

START_TEST(a_refused_task_is_destroyed)
{
    kc_map_set(connector_config, refused[_i][0], refused[_i][1]);
    struct kc_error *err = make();
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(destroyed, 1);
    kc_error_destroy(err);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("task_core");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_core_has_copies_converters_and_the_workers_settings);
    tcase_add_test(tests, a_client_is_named_after_the_task);
    tcase_add_loop_test(tests, a_refused_task_is_destroyed, 0,
                        (int)(sizeof(refused) / sizeof(refused[0])));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
