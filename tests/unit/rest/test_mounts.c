/* SPDX-License-Identifier: Apache-2.0 */
/* Which resources of plugins are mounted, and where a route comes from. */
#include "connect/plugin.h"
#include "rest/mounts_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void handle(void *connector, struct kc_resource_request *request)
{
}

static const struct kc_resource_route fine[] = {{"GET", "", KC_RESOURCE_ALL, handle},
                                                {"POST", "/a/{}/b/{}", KC_RESOURCE_BODY, handle}};

static const struct kc_connector_ops no_connector;
static const struct kc_source_task_ops no_task;

static struct kc_plugin plugin_of(const char *name, const struct kc_resource *resource)
{
    return (struct kc_plugin){
        KC_PLUGIN_HEAD, .kind = KC_PLUGIN_SOURCE,   .class_name = name,      .task_class = "t.Task",
        .version = "1", .connector = &no_connector, .source_task = &no_task, .resource = resource};
}

static struct kc_resource resource_of(const char *prefix, const struct kc_resource_route *routes,
                                      size_t count)
{
    return (struct kc_resource){.size = sizeof(struct kc_resource),
                                .prefix = prefix,
                                .routes = routes,
                                .route_count = count};
}

/* The route that answers; NULL: none. */
static bool finds(const struct kc_mounts *mounts, const char *method, const char *path,
                  struct kc_mounted *mounted)
{
    struct kc_rest_request *request = kc_calloc(1, sizeof(*request));
    request->method = method;
    request->headers = kc_map_new();
    kc_rest_request_set_uri(request, path);
    const struct kc_route *route = kc_router_find(kc_mounts_tables(mounts), 0, request);
    bool found = route && kc_mounts_find(mounts, route, mounted);
    kc_rest_request_destroy(request);
    return found;
}

/* Whether the resource is mounted beside one that has /taken. */
static bool mounts_it(const struct kc_resource *resource)
{
    struct kc_resource other = resource_of("/taken", fine, 1);
    struct kc_plugin first = plugin_of("a.First", &other), second = plugin_of("b.Second", resource);
    const struct kc_plugin *const list[] = {&first, &second, NULL};
    struct kc_plugins *plugins = kc_plugins_new(list, NULL);
    struct kc_mounts *mounts = kc_mounts_new(plugins, kc_rest_answer_mounted);
    struct kc_mounted mounted;
    ck_assert(finds(mounts, "GET", "/taken/x", &mounted));
    ck_assert_str_eq(mounted.plugin->class_name, "a.First");
    char *path = kc_asprintf("%s/x", resource->prefix);
    bool there = finds(mounts, "GET", path, &mounted) && mounted.plugin &&
                 strcmp(mounted.plugin->class_name, "b.Second") == 0;
    free(path);
    kc_mounts_destroy(mounts);
    kc_plugins_destroy(plugins);
    return there;
}

START_TEST(a_route_leads_to_its_row)
{
    struct kc_resource resource = resource_of("/things", fine, 2);
    struct kc_plugin plugin = plugin_of("a.Thing", &resource);
    const struct kc_plugin *const list[] = {&plugin, NULL};
    struct kc_plugins *plugins = kc_plugins_new(list, NULL);
    struct kc_mounts *mounts = kc_mounts_new(plugins, kc_rest_answer_mounted);
    struct kc_mounted mounted;
    ck_assert(finds(mounts, "GET", "/things", &mounted));
    ck_assert_ptr_eq(mounted.row, &fine[0]);
    ck_assert(finds(mounts, "HEAD", "/things/x", &mounted));
    ck_assert_ptr_eq(mounted.row, &fine[0]);
    ck_assert(finds(mounts, "POST", "/things/x/a/1/b/2", &mounted));
    ck_assert_ptr_eq(mounted.row, &fine[1]);
    ck_assert(!finds(mounts, "DELETE", "/things/x", &mounted));
    ck_assert(finds(mounts, "GET", "/connectors/c/translate", &mounted));
    ck_assert_ptr_null(mounted.plugin);
    ck_assert(!finds(mounts, "GET", "/connectors/c", &mounted)); /* Connect's own */
    kc_mounts_destroy(mounts);
    kc_plugins_destroy(plugins);
}
END_TEST

START_TEST(places_that_are_taken)
{
    static const struct {
        const char *prefix;
        bool mounted;
    } cases[] = {{"/things", true},      {"/my-things_2", true}, {"/taken", false},
                 {"/connectors", false}, {"/metrics", false},    {"/health", false},
                 {"/admin", false},      {"/", false},           {"things", false},
                 {"/two/parts", false},  {"/Things", false},     {"/{}", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_resource resource = resource_of(cases[i].prefix, fine, 2);
        ck_assert_msg(mounts_it(&resource) == cases[i].mounted, "%s", cases[i].prefix);
    }
}
END_TEST

START_TEST(rows_that_are_wrong)
{
    static const struct kc_resource_route wrong[] = {
        {"FETCH", "/a", 0, handle},
        {NULL, "/a", 0, handle},
        {"GET", NULL, 0, handle},
        {"GET", "a", 0, handle},
        {"GET", "/{}/{}/{}/{}", 0, handle},
        {"POST", "/a", KC_RESOURCE_ALL, handle},
        {"GET", "/a", 0, NULL},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const struct kc_resource_route rows[] = {fine[0], wrong[i]};
        struct kc_resource resource = resource_of("/things", rows, 2);
        ck_assert_msg(!mounts_it(&resource), "row %zu", i);
    }
    struct kc_resource small = resource_of("/things", fine, 2);
    small.size = 8;
    ck_assert(!mounts_it(&small));
    struct kc_resource without_rows = resource_of("/things", NULL, 2);
    ck_assert(!mounts_it(&without_rows));
}
END_TEST

/* Whether the alias is mounted beside /things. */
static bool mounts_alias(const char *prefix, const struct kc_resource_route *rows, size_t count,
                         const char *path, size_t size)
{
    struct kc_resource alias = resource_of(prefix, rows, count);
    struct kc_resource resource = resource_of("/things", fine, 1);
    struct kc_plugin plugin = plugin_of("a.Thing", &resource);
    const struct kc_plugin *const list[] = {&plugin, NULL};
    resource.alias = &alias;
    resource.size = size;
    struct kc_plugins *plugins = kc_plugins_new(list, NULL);
    struct kc_mounts *mounts = kc_mounts_new(plugins, kc_rest_answer_mounted);
    struct kc_mounted mounted;
    ck_assert(finds(mounts, "GET", "/things/x", &mounted));
    ck_assert_uint_eq(kc_mounted_place(&mounted), 0);
    bool there = finds(mounts, "GET", path, &mounted) && mounted.resource == &alias &&
                 kc_mounted_place(&mounted) == 1;
    kc_mounts_destroy(mounts);
    kc_plugins_destroy(plugins);
    return there;
}

START_TEST(an_alias_has_a_longer_prefix)
{
    static const struct kc_resource_route deep[] = {{"GET", "/{}/{}", 0, handle}};
    static const struct kc_resource_route deeper[] = {{"GET", "/{}/{}/{}", 0, handle}};
    size_t whole = sizeof(struct kc_resource), older = offsetof(struct kc_resource, alias);
    const char *prefix = "/other/v3/areas/{}/things";
    ck_assert(mounts_alias(prefix, fine, 1, "/other/v3/areas/1/things/x", whole));
    ck_assert(mounts_alias(prefix, fine, 1, "/other/v3/areas/1/things", whole));
    ck_assert(mounts_alias(prefix, deep, 1, "/other/v3/areas/1/things/x/a/b", whole));
    ck_assert(!mounts_alias(prefix, deeper, 1, "/other/v3/areas/1/things/x/a/b/c", whole));
    /* A plugin that was built when there was no alias. */
    ck_assert(!mounts_alias(prefix, fine, 1, "/other/v3/areas/1/things/x", older));
    ck_assert(!mounts_alias("/connectors/{}/things", fine, 1, "/connectors/1/things/x", whole));
    ck_assert(!mounts_alias("/{}/things", fine, 1, "/1/things/x", whole));
    ck_assert(!mounts_alias("/other//{}", fine, 1, "/other/1/x", whole));
    ck_assert(!mounts_alias("/other/{}x", fine, 1, "/other/1/x", whole));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mounts");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, a_route_leads_to_its_row);
    tcase_add_test(tests, places_that_are_taken);
    tcase_add_test(tests, rows_that_are_wrong);
    tcase_add_test(tests, an_alias_has_a_longer_prefix);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
