/* SPDX-License-Identifier: Apache-2.0 */
/* What is found wrong with a plugin of a shared object, and what an older one is taken for. */
#include "data/plugin_check_priv.h"
#include "data/plugins.h"

#include <check.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static void *create(struct kc_connector_context *context)
{
    return NULL;
}

static void *create_task(struct kc_source_context *context)
{
    return NULL;
}

static struct kc_error *start(void *object, const struct kc_map *config)
{
    return NULL;
}

static void stop(void *object)
{
}

static struct kc_error *task_configs(void *object, int max_tasks, struct kc_maps *configs)
{
    return NULL;
}

static struct kc_error *poll_nothing(void *task, struct kc_batch **batch)
{
    *batch = NULL;
    return NULL;
}

static struct kc_error *alter_offsets(const struct kc_map *config, const json_t *offsets,
                                      bool *handled)
{
    return NULL;
}

static struct kc_error *translate(const struct kc_map *config, const json_t *offsets,
                                  json_t **answer)
{
    return NULL;
}

static const struct kc_connector_ops whole_connector = {
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = stop,
    .task_configs = task_configs,
    .alter_offsets = alter_offsets,
    .translate = translate,
};

static const struct kc_source_task_ops whole_task = {
    .create = create_task,
    .start = start,
    .poll = poll_nothing,
    .stop = stop,
    .destroy = stop,
    .wake = stop,
};

/* What the cases below change. */
static struct kc_connector_ops connector;
static struct kc_source_task_ops task;
static struct kc_plugin plugin;
static struct kc_config_key keys[2];

static void setup(void)
{
    static const struct kc_plugin whole = {
        KC_PLUGIN_HEAD,
        .kind = KC_PLUGIN_SOURCE,
        .class_name = "org.example.Source",
        .task_class = "org.example.Task",
        .config_keys = keys,
        .config_key_count = 2,
        .connector = &connector,
        .source_task = &task,
    };
    plugin = whole;
    connector = whole_connector;
    task = whole_task;
    keys[0] = (struct kc_config_key){.name = "size", .type = KC_CONFIG_INT, .default_value = "1"};
    keys[1] = (struct kc_config_key){
        .name = "topic", .type = KC_CONFIG_STRING, .default_value = kc_config_required};
}

/* plugin, checked as one of a shared object: it lacks what text says; NULL: nothing. */
static void check(const char *text)
{
    char *why = kc_plugin_check_version(&plugin);
    if (!why) {
        struct kc_plugin *copy = kc_plugin_copy(&plugin);
        why = kc_plugin_check(copy);
        free(copy);
    }
    if (text)
        ck_assert_str_eq(why ? why : "nothing", text);
    else
        ck_assert_msg(!why, "%s", why);
    free(why);
    setup();
}

/* The list is the symbol of a library of this process; it must be as text says. */
static void check_symbol(const char *name, const char *text)
{
    const void *symbol = dlsym(RTLD_DEFAULT, name);
    ck_assert_ptr_nonnull(symbol);
    char *why = kc_plugin_check_list(symbol);
    ck_assert_msg(text ? why && strcmp(why, text) == 0 : !why, "%s: %s", name, why);
    free(why);
}

/* Descriptors and functions in place of lists, and lists without an end. */
START_TEST(lists)
{
    const struct kc_plugin *const fine[] = {&plugin, &plugin, NULL};
    const struct kc_plugin *const wrong[] = {&plugin, (const void *)&fine, NULL};
    ck_assert_ptr_null(kc_plugin_check_list(fine));
    char *why = kc_plugin_check_list(wrong); /* on the stack */
    ck_assert_str_eq(why, "has something else than a static descriptor in place 2");
    free(why);
    check_symbol("in6addr_any", NULL); /* 16 bytes, all zero: an empty list */
    check_symbol("json_object", "has something else than a static descriptor in place 1");
    check_symbol("signgam", "doesn't end with NULL"); /* 4 bytes */
}
END_TEST

START_TEST(versions_and_sizes)
{
    check(NULL);
    plugin.api_major = 2;
    plugin.api_minor = 0;
    check("was built for plugin API 2.0, and this worker has 1.3: build it with this worker's "
          "headers");
    plugin.api_minor = KC_API_MINOR + 1;
    check("was built for the newer plugin API 1.4, and this worker has 1.3: take a newer worker, "
          "or build it with this worker's headers");
    plugin.size = 24;
    check("has a descriptor of 24 bytes, and the shortest that there was has 104: begin it with "
          "KC_PLUGIN_HEAD");
    plugin.size = offsetof(struct kc_plugin, resource) + 4; /* it would end in a pointer */
    check("has a descriptor of 132 bytes, and that of plugin API 1.3 has 136: begin it with "
          "KC_PLUGIN_HEAD");
    plugin.jansson_major = JANSSON_MAJOR_VERSION + 1;
    check("was built with jansson 3, and this worker has jansson 2: both share its objects, so "
          "build it with jansson 2");
    plugin.rdkafka_major = 1;
    check("was built with librdkafka 1, and this worker has librdkafka 2: both share its objects, "
          "so build it with librdkafka 2");
    plugin.jansson_major = 0; /* says nothing of it */
    check(NULL);
}
END_TEST

START_TEST(functions_are_missed_by_name)
{
    plugin.kind = KC_PLUGIN_CONFIG_PROPERTY_FILTER + 1;
    check("has a kind that this worker doesn't know, 10");
    plugin.class_name = "";
    check("has no class_name");
    plugin.task_class = NULL;
    check("has no task_class");
    plugin.connector = NULL;
    check("has no connector");
    plugin.source_task = NULL;
    check("has no source_task");
    connector.task_configs = NULL;
    check("has no connector.task_configs");
    task.poll = NULL;
    check("has no source_task.poll");
    task.stop = NULL;
    check("has no source_task.stop");
    plugin.kind = KC_PLUGIN_SINK;
    check("has no sink_task");
    plugin.kind = KC_PLUGIN_HEADER_CONVERTER;
    check("has no converter");
    plugin.kind = KC_PLUGIN_PREDICATE;
    check("has no predicate");
}
END_TEST

START_TEST(settings)
{
    plugin.config_keys = NULL;
    check("has no config_keys, and a config_key_count of 2");
    keys[1].name = NULL;
    check("has no name for key 2 of its config_keys");
    keys[1].name = "size";
    check("has the key size twice in its config_keys");
    keys[1].type = KC_CONFIG_PASSWORD + 1;
    check("has the key topic of an unknown type, 9");
    keys[1].importance = KC_IMPORTANCE_LOW + 1;
    check("has the key topic of an unknown importance, 3");
    keys[1].width = KC_WIDTH_LONG + 1;
    check("has the key topic of an unknown width, 4");
    keys[0].default_value = "large";
    check("has a default of another type than its key: Invalid value large for configuration "
          "size: Not a number of type INT");
    keys[0].default_value = NULL;
    check(NULL);
}
END_TEST

/* What stands behind the shorter tables of an older version is never looked at. */
START_TEST(an_older_plugin_has_nothing_new)
{
    plugin.api_minor = 0;
    plugin.size = offsetof(struct kc_plugin, policy);
    plugin.topic_only = true;
    plugin.policy = (const void *)&plugin;
    struct kc_plugin *copy = kc_plugin_copy(&plugin);
    ck_assert(!copy->topic_only);
    free(copy);
    plugin.size += 4; /* more than its version had */
    copy = kc_plugin_copy(&plugin);
    ck_assert_ptr_null(copy->policy);
    ck_assert_ptr_eq(copy->connector->alter_offsets, alter_offsets);
    ck_assert_ptr_null(copy->connector->translate);
    ck_assert_ptr_eq(copy->source_task->destroy, stop);
    ck_assert_ptr_null(copy->source_task->wake);
    free(copy);
    plugin.api_minor = 1;
    copy = kc_plugin_copy(&plugin);
    ck_assert_ptr_eq(copy->source_task->wake, stop);
    ck_assert_ptr_null(copy->connector->translate);
    free(copy);
    check(NULL);
}
END_TEST

START_TEST(what_is_linked_in_would_pass)
{
    for (size_t i = 0; kc_builtin_plugins[i]; i++) {
        char *why = kc_plugin_check_version(kc_builtin_plugins[i]);
        if (!why)
            why = kc_plugin_check(kc_builtin_plugins[i]);
        ck_assert_msg(!why, "%s %s", kc_builtin_plugins[i]->class_name, why);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plugin_check");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, lists);
    tcase_add_test(tests, versions_and_sizes);
    tcase_add_test(tests, functions_are_missed_by_name);
    tcase_add_test(tests, settings);
    tcase_add_test(tests, an_older_plugin_has_nothing_new);
    tcase_add_test(tests, what_is_linked_in_would_pass);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
