/* SPDX-License-Identifier: Apache-2.0 */
/* Paths to routes: parameters, escapes, wrong methods, unknown paths, hostile paths. */
#include "rest/router_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct kc_route *const tables[] = {kc_connectors_routes,
                                                kc_root_routes,
                                                kc_plugins_routes,
                                                kc_logging_routes,
                                                kc_internal_routes,
                                                kc_metrics_routes,
                                                NULL};

static struct kc_rest_request *request_of(const char *method, const char *path)
{
    struct kc_rest_request *request = kc_calloc(1, sizeof(*request));
    request->method = method;
    request->path = kc_strdup(path);
    request->headers = kc_map_new();
    return request;
}

START_TEST(paths_find_their_routes)
{
    static const struct {
        const char *method;
        const char *path;
        const char *pattern; /* NULL: refused */
        int status;
        const char *param;
    } cases[] = {
        {"GET", "/", "/", 0, NULL},
        {"GET", "", "/", 0, NULL},
        {"GET", "/connectors/", "/connectors", 0, NULL},
        {"GET", "/connectors/a%20b/status", "/connectors/{}/status", 0, "a b"},
        {"GET", "/connectors/caf%C3%A9", "/connectors/{}", 0, "caf\xc3\xa9"},
        {"GET", "/connectors/a+b", "/connectors/{}", 0, "a+b"},
        {"POST", "/connectors/c/tasks/0/restart", "/connectors/{}/tasks/{}/restart", 0, "c"},
        {"HEAD", "/connectors", "/connectors", 0, NULL},
        {"GET", "/connectors/explain/explain", "/connectors/{}/explain", 0, "explain"},
        {"GET", "/metrics", "/metrics", 0, NULL},
        {"POST", "/metrics", NULL, 405, NULL},
        {"DELETE", "/connectors", NULL, 405, NULL},
        {"OPTIONS", "/connectors", NULL, 200, NULL},
        {"GET", "/nothing", NULL, 404, NULL},
        {"GET", "/connectors/a/b/c/d/e/f/g/h/i/j/k/l/m/n", NULL, 404, NULL},
        {"GET", "/connectors/a%2Fb", NULL, 400, NULL},
        {"GET", "/connectors/%", NULL, 400, NULL},
        {"GET", "/connectors/%zz", NULL, 400, NULL},
        {"GET", "/connectors/%00", NULL, 400, NULL},
        {"GET", "/connectors/%4", NULL, 400, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_rest_request *request = request_of(cases[i].method, cases[i].path);
        const struct kc_route *route = kc_router_find(tables, 0, request);
        ck_assert_msg(!route == !cases[i].pattern, "%s %s", cases[i].method, cases[i].path);
        if (route)
            ck_assert_str_eq(route->pattern, cases[i].pattern);
        else
            ck_assert_int_eq(request->status, cases[i].status);
        if (cases[i].param)
            ck_assert_str_eq(request->params[0], cases[i].param);
        kc_rest_request_destroy(request);
    }
}
END_TEST

static const struct kc_route group_routes[] = {
    {"GET", "/links/{}/groups/{}", KC_ROUTE_SLASHES, NULL},
    {"GET", "/links/{}/plain", 0, NULL},
    {NULL, NULL, 0, NULL},
};
static const struct kc_route *const group_tables[] = {kc_connectors_routes, group_routes, NULL};

static int status_of(const char *path)
{
    struct kc_rest_request *request = request_of("GET", path);
    const struct kc_route *route = kc_router_find(group_tables, 0, request);
    int status = route ? 0 : request->status;
    kc_rest_request_destroy(request);
    return status;
}

START_TEST(some_routes_take_names_with_slashes)
{
    struct kc_rest_request *request = request_of("GET", "/links/l/groups/team%2Fapp");
    ck_assert_ptr_eq(kc_router_find(group_tables, 0, request), &group_routes[0]);
    ck_assert_str_eq(request->params[1], "team/app");
    kc_rest_request_destroy(request);
    ck_assert_int_eq(status_of("/links/l/groups%2Fteam"), 400);
    ck_assert_int_eq(status_of("/links/a%2Fb/plain"), 400);
    ck_assert_int_eq(status_of("/connectors/a%2Fb"), 400);
    ck_assert_int_eq(status_of("/links/l/groups/team/app"), 404);
}
END_TEST

START_TEST(excluded_routes_are_unknown)
{
    struct kc_rest_request *request = request_of("GET", "/admin/loggers");
    ck_assert_ptr_null(kc_router_find(tables, KC_ROUTE_ADMIN, request));
    ck_assert_int_eq(request->status, 404);
    kc_rest_request_destroy(request);
}
END_TEST

START_TEST(a_long_name_is_a_name)
{
    struct kc_str path = {0};
    kc_str_append(&path, "/connectors/");
    for (int i = 0; i < 10000; i++)
        kc_str_append_char(&path, 'x');
    struct kc_rest_request *request = request_of("GET", path.data);
    ck_assert_ptr_nonnull(kc_router_find(tables, 0, request));
    ck_assert_uint_eq(strlen(request->params[0]), 10000);
    kc_rest_request_destroy(request);
    kc_str_destroy(&path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router");
    TCase *tcase = tcase_create("router");
    tcase_add_test(tcase, paths_find_their_routes);
    tcase_add_test(tcase, some_routes_take_names_with_slashes);
    tcase_add_test(tcase, excluded_routes_are_unknown);
    tcase_add_test(tcase, a_long_name_is_a_name);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
