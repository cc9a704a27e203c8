/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies, answers and escapes. */
#include "http/http_client.h"
#include "rest/rest_request.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct kc_error *map_of(const char *body, struct kc_map **map)
{
    struct kc_rest_request request = {0};
    json_t *json = NULL;
    *map = NULL;
    kc_str_append(&request.body, body);
    struct kc_error *err = kc_rest_body_texts(&request, &json);
    if (!err)
        err = kc_rest_json_map(json, "the config", map);
    json_decref(json);
    kc_str_destroy(&request.body);
    return err;
}

START_TEST(scalars_become_text_as_jackson_coerces_them)
{
    struct kc_map *map;
    ck_assert_ptr_null(map_of("{\"a\":1,\"b\":true,\"c\":null,\"d\":\"x\",\"e\":1.5}", &map));
    char *text = kc_map_print(map);
    ck_assert_str_eq(text, "{a=1, b=true, c=null, d=x, e=1.5}");
    free(text);
    kc_map_destroy(map);
}
END_TEST

START_TEST(numbers_keep_their_text)
{
    struct kc_map *map;
    ck_assert_ptr_null(map_of("{\"a\":1.50,\"b\" : -0 ,\"c\":1E+3,\"d\":12345678901234567890123,"
                              "\"e\\\"1\":\"2\",\"f\":1e999}",
                              &map));
    char *text = kc_map_print(map);
    ck_assert_str_eq(text, "{a=1.50, b=-0, c=1E+3, d=12345678901234567890123, e\"1=2, f=1e999}");
    free(text);
    kc_map_destroy(map);
}
END_TEST

START_TEST(bad_bodies_are_errors)
{
    static const char *const bodies[] = {"",
                                         "null",
                                         "[]",
                                         "{",
                                         "{\"a\":{}}",
                                         "{\"a\":[1]}",
                                         "\"x\"",
                                         "{\"a\":\"\\u0000\"}",
                                         "{\"a\":\"\xff\"}",
                                         "{1:\"a\"}",
                                         "{\"a\":012}",
                                         "{\"a\":1.}",
                                         "{\"a\":.5}",
                                         "{\"a\":-}",
                                         "{\"a\":1e}",
                                         "{\"a\":+1}",
                                         "{\"a\":\"",
                                         "{\"a\":\"\\",
                                         "{\"a\":\"b\"} trailing",
                                         "nonsense"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct kc_map *map;
        struct kc_error *err = map_of(bodies[i], &map);
        ck_assert_msg(err != NULL, "%s", bodies[i]);
        ck_assert_ptr_null(map);
        ck_assert_int_eq(kc_rest_status(err), 500);
        kc_error_destroy(err);
    }
}
END_TEST

START_TEST(deep_nesting_is_an_error)
{
    struct kc_str body = {0};
    struct kc_map *map;
    for (int i = 0; i < 100000; i++)
        kc_str_append_char(&body, '[');
    struct kc_error *err = map_of(body.data, &map);
    ck_assert_ptr_nonnull(err);
    kc_error_destroy(err);
    kc_str_destroy(&body);
}
END_TEST

START_TEST(errors_are_answered_with_code_and_message)
{
    struct kc_rest_request request = {0};
    kc_rest_answer_error(&request, kc_error_new(KC_ERR_NOT_FOUND, "Connector \"x\" not found"));
    ck_assert_int_eq(request.status, 404);
    ck_assert_str_eq(request.answer,
                     "{\"error_code\":404,\"message\":\"Connector \\\"x\\\" not found\"}");
    free(request.answer);
}
END_TEST

/* JSON can't hold what is no UTF-8, and an answer that can't be made must not end the worker. */
START_TEST(what_is_no_utf8_is_replaced)
{
    static const char *const cases[][2] = {
        {"a%e4", "a\xef\xbf\xbd"},
        {"%C3%A4", "\xc3\xa4"},
        {"%C3", "\xef\xbf\xbd"},
        {"%F0%9F%98%80", "\xf0\x9f\x98\x80"},
        {"%80x", "\xef\xbf\xbdx"},
        {"%ED%A0%80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"%C0%AF", "\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = kc_rest_unescape(cases[i][0], strlen(cases[i][0]), false);
        ck_assert_str_eq(text, cases[i][1]);
        free(text);
    }
    struct kc_rest_request request = {0};
    kc_rest_answer_status(&request, 404, "Connector \xe4 not found");
    ck_assert_str_eq(request.answer, "{\"error_code\":404,\"message\":\"Connector \xef\xbf\xbd not "
                                     "found\"}");
    free(request.answer);
}
END_TEST

START_TEST(escapes_go_both_ways)
{
    char *escaped = kc_http_escape("a b/\xc3\xa9?");
    ck_assert_str_eq(escaped, "a%20b%2F%C3%A9%3F");
    char *back = kc_rest_unescape(escaped, strlen(escaped), false);
    ck_assert_str_eq(back, "a b/\xc3\xa9?");
    free(back);
    free(escaped);
}
END_TEST

START_TEST(too_many_settings)
{
    struct kc_str body = {0};
    struct kc_map *map;
    kc_str_append(&body, "{\"a\":\"\"");
    for (int i = 1; i < 10000; i++)
        kc_str_appendf(&body, ",\"%d\":\"\"", i);
    char *fine = kc_asprintf("%s}", body.data);
    ck_assert_ptr_null(map_of(fine, &map));
    ck_assert_uint_eq(kc_map_size(map), 10000);
    kc_map_destroy(map);
    kc_str_append(&body, ",\"b\":\"\"}");
    struct kc_error *err = map_of(body.data, &map);
    ck_assert_ptr_null(map);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_BAD_REQUEST);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "10001 settings, at most 10000"));
    kc_error_destroy(err);
    kc_str_destroy(&body);
    free(fine);
}
END_TEST

/* ---- answers ---- */

static int revalidated(const char *method, int status, const char *known)
{
    struct kc_rest_request *request = kc_calloc(1, sizeof(*request));
    request->method = method;
    request->headers = kc_map_new();
    if (known)
        kc_map_set(request->headers, "if-none-match", known);
    kc_rest_answer_bytes(request, status, "text/css", kc_strdup("a{}"), 3);
    kc_rest_answer_cached(request, "\"1\"", "no-cache");
    kc_rest_revalidate(request);
    int answered = request->status;
    ck_assert_uint_eq(request->answer_len, answered == 304 ? 0 : 3);
    ck_assert_str_eq(kc_map_get(request->replies, "Cache-Control"), "no-cache");
    kc_rest_request_destroy(request);
    return answered;
}

START_TEST(what_a_client_has_becomes_a_304)
{
    ck_assert_int_eq(revalidated("GET", 200, "\"1\""), 304);
    ck_assert_int_eq(revalidated("HEAD", 200, "\"0\", W/\"1\""), 304);
    ck_assert_int_eq(revalidated("GET", 200, "\"2\""), 200);
    ck_assert_int_eq(revalidated("GET", 200, NULL), 200);
    ck_assert_int_eq(revalidated("POST", 200, "\"1\""), 200);
    ck_assert_int_eq(revalidated("GET", 201, "\"1\""), 201);
    ck_assert_int_eq(revalidated("GET", 200, "\""), 200);
    ck_assert_int_eq(revalidated("GET", 200, ",,W/,"), 200);
}
END_TEST

START_TEST(an_error_is_not_kept)
{
    struct kc_rest_request *request = kc_calloc(1, sizeof(*request));
    request->headers = kc_map_new();
    kc_rest_answer_bytes(request, 200, "text/css", kc_strdup("a"), 1);
    kc_rest_answer_cached(request, "\"1\"", "max-age=60");
    kc_rest_answer_status(request, 503, "not now");
    ck_assert_ptr_null(request->replies);
    ck_assert_str_eq(request->content_type, "application/json");
    ck_assert_uint_eq(request->answer_len, strlen(request->answer));
    kc_rest_request_destroy(request);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rest_request");
    TCase *tcase = tcase_create("rest_request");
    tcase_add_test(tcase, numbers_keep_their_text);
    tcase_add_test(tcase, scalars_become_text_as_jackson_coerces_them);
    tcase_add_test(tcase, bad_bodies_are_errors);
    tcase_add_test(tcase, deep_nesting_is_an_error);
    tcase_add_test(tcase, too_many_settings);
    tcase_add_test(tcase, errors_are_answered_with_code_and_message);
    tcase_add_test(tcase, what_is_no_utf8_is_replaced);
    tcase_add_test(tcase, escapes_go_both_ways);
    tcase_add_test(tcase, what_a_client_has_becomes_a_304);
    tcase_add_test(tcase, an_error_is_not_kept);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
