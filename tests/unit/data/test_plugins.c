/* SPDX-License-Identifier: Apache-2.0 */
/* Finding plugins: by class, simple name and alias (PluginUtils), and in REST's order. */
#include "data/plugins.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLUGIN(symbol, plugin_kind, name)                                                          \
    static const struct kc_plugin symbol = {KC_PLUGIN_HEAD, .kind = (plugin_kind),                 \
                                            .class_name = (name)}

PLUGIN(source_b, KC_PLUGIN_SOURCE, "org.b.MirrorSourceConnector");
PLUGIN(source_a, KC_PLUGIN_SOURCE, "org.a.FileStreamSourceConnector");
PLUGIN(sink, KC_PLUGIN_SINK, "org.a.FileStreamSinkConnector");
PLUGIN(json, KC_PLUGIN_CONVERTER, "org.a.JsonConverter");
PLUGIN(json_header, KC_PLUGIN_HEADER_CONVERTER, "org.a.JsonConverter");
PLUGIN(simple, KC_PLUGIN_HEADER_CONVERTER, "org.a.SimpleHeaderConverter");
PLUGIN(insert_key, KC_PLUGIN_TRANSFORMATION, "org.a.InsertField$Key");
PLUGIN(insert_value, KC_PLUGIN_TRANSFORMATION, "org.a.InsertField$Value");
PLUGIN(twin_one, KC_PLUGIN_SOURCE, "org.one.TwinConnector");
PLUGIN(twin_two, KC_PLUGIN_SOURCE, "org.two.TwinConnector");

static const struct kc_plugin *const list[] = {
    &source_b,   &insert_value, &json_header, &simple,   &source_a, &sink,
    &insert_key, &json,         &twin_one,    &twin_two, NULL,
};

static struct kc_plugins *plugins;

static void setup(void)
{
    plugins = kc_plugins_new(list, NULL);
}

static void teardown(void)
{
    kc_plugins_destroy(plugins);
}

static const struct kc_plugin *find(const char *name, unsigned kinds)
{
    return kc_plugins_find(plugins, name, kinds);
}

START_TEST(names)
{
    static const struct {
        const char *name;
        const struct kc_plugin *plugin;
    } cases[] = {
        {"org.a.FileStreamSourceConnector", &source_a},
        {"FileStreamSourceConnector", &source_a},
        {"FileStreamSource", &source_a},
        {"MirrorSource", &source_b},
        {"FileStreamSink", &sink},
        {"FileStream", NULL},
        {"Twin", NULL}, /* ambiguous */
        {"org.two.TwinConnector", &twin_two},
        {"org.a.JsonConverter", NULL}, /* no connector */
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(find(cases[i].name, KC_CONNECTOR_KINDS) == cases[i].plugin, "%s",
                      cases[i].name);
}
END_TEST

START_TEST(kinds)
{
    ck_assert_ptr_eq(find("org.a.JsonConverter", 1u << KC_PLUGIN_CONVERTER), &json);
    ck_assert_ptr_eq(find("Json", 1u << KC_PLUGIN_CONVERTER), &json);
    ck_assert_ptr_eq(find("org.a.JsonConverter", 1u << KC_PLUGIN_HEADER_CONVERTER), &json_header);
    ck_assert_ptr_eq(find("Simple", 1u << KC_PLUGIN_HEADER_CONVERTER), &simple);
    /* One class of two kinds is not ambiguous; a nested class goes by its outer name too. */
    ck_assert_ptr_nonnull(find("JsonConverter", ~0u));
    ck_assert_ptr_eq(find("InsertField$Key", ~0u), &insert_key);
    ck_assert_ptr_null(find("InsertField", ~0u));
}
END_TEST

START_TEST(order)
{
    static const struct kc_plugin *const expected[] = {
        &sink,       &source_a,     &source_b, &twin_one,    &twin_two,
        &insert_key, &insert_value, &json,     &json_header, &simple,
    };
    ck_assert_uint_eq(kc_plugins_count(plugins), sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < kc_plugins_count(plugins); i++)
        ck_assert_ptr_eq(kc_plugins_at(plugins, i), expected[i]);
    ck_assert_str_eq(kc_plugin_kind_name(KC_PLUGIN_HEADER_CONVERTER), "header_converter");
}
END_TEST

START_TEST(bad_locations_are_left_out)
{
    struct kc_plugins *some =
        kc_plugins_new(list, "/no/such/place, /etc/hostname,/dev/null,, /etc/alternatives");
    ck_assert_uint_eq(kc_plugins_count(some), kc_plugins_count(plugins));
    kc_plugins_destroy(some);
}
END_TEST

/* The file connector that a worker with this setting has. */
static const struct kc_plugin *of_worker(const char *key, const char *value, bool *hidden)
{
    static const struct kc_plugin file = {
        .kind = KC_PLUGIN_SINK,
        .class_name = "org.apache.kafka.connect.file.FileStreamSinkConnector",
    };
    static const struct kc_plugin *const builtin[] = {&file, &sink, NULL};
    struct kc_map *settings = kc_map_new();
    kc_map_set(settings, key, value);
    kc_plugins_set_builtin(builtin);
    struct kc_plugins *some = kc_plugins_of_worker(settings);
    const struct kc_plugin *found = kc_plugins_find(some, file.class_name, KC_CONNECTOR_KINDS);
    *hidden = kc_plugins_hides(some, file.class_name);
    ck_assert_uint_eq(kc_plugins_count(some), found ? 2 : 1);
    kc_plugins_destroy(some);
    kc_map_destroy(settings);
    return found;
}

START_TEST(file_connectors_are_opt_in)
{
    char folder[] = "/tmp/isthmus-plugins-XXXXXX", jar[64];
    bool hidden;
    ck_assert_ptr_null(of_worker("plugin.path", "/etc/alternatives", &hidden));
    ck_assert(hidden);
    ck_assert_ptr_nonnull(of_worker(KC_FILE_PLUGINS, "true", &hidden));
    ck_assert(!hidden);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(jar, sizeof(jar), "%s/connect-file-4.1.0.jar", folder);
    fclose(fopen(jar, "w"));
    ck_assert_ptr_nonnull(of_worker("plugin.path", jar, &hidden));
    ck_assert_ptr_nonnull(of_worker("plugin.path", folder, &hidden));
    unlink(jar);
    ck_assert_ptr_null(of_worker("plugin.path", folder, &hidden));
    rmdir(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plugins");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, names);
    tcase_add_test(tests, kinds);
    tcase_add_test(tests, order);
    tcase_add_test(tests, bad_locations_are_left_out);
    tcase_add_test(tests, file_connectors_are_opt_in);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
