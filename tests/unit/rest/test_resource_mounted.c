/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A resource of a connector class, over real sockets: methods, parts of the path, bodies, answers
 * of every kind, and what is said when there is nobody to ask.
 */
#include "connect/resource.h"

static const struct kc_resource things;
#define SCRIPTED_RESOURCE &things
#include "rest/served.h"

#define JSON "Content-Type: application/json"

/* ---- the resource ---- */

static void get_thing(void *connector, struct kc_resource_request *request)
{
    ck_assert_ptr_nonnull(connector);
    kc_resource_answer_json(request, 200,
                            json_pack("{s:s}", "thing_name", kc_resource_connector(request)));
}

static void list_parts(void *connector, struct kc_resource_request *request)
{
    const char *first = kc_resource_query(request, "color", 0);
    const char *second = kc_resource_query(request, "color", 1);
    kc_resource_answer_json(request, 200,
                            json_pack("[{s:s, s:s, s:s, s:b}]", "of",
                                      kc_resource_connector(request), "first", first ? first : "",
                                      "second", second ? second : "", "deep",
                                      kc_resource_query_bool(request, "deep", false)));
}

static void get_part(void *connector, struct kc_resource_request *request)
{
    ck_assert_ptr_null(kc_resource_param(request, 1));
    if (strcmp(kc_resource_param(request, 0), "none") == 0)
        kc_resource_answer_error(request, kc_error_new(KC_ERR_NOT_FOUND, "There is no part none"));
    else
        kc_resource_answer_json(request, 200,
                                json_pack("{s:s}", "part", kc_resource_param(request, 0)));
}

static void add_part(void *connector, struct kc_resource_request *request)
{
    json_t *body = NULL;
    struct kc_error *err = kc_resource_json(request, &body);
    if (err) {
        kc_resource_answer_error(request, err);
        return;
    }
    kc_resource_answer_json(request, 201, body);
    kc_resource_answer_header(request, "Location", "/things/c/parts/1");
}

static void replace_part(void *connector, struct kc_resource_request *request)
{
    size_t len;
    const char *body = kc_resource_body(request, &len);
    kc_resource_answer_bytes(request, 200, "application/x-part", body, len);
}

static void verb(void *connector, struct kc_resource_request *request)
{
    kc_resource_answer_status(request, 409, "The parts are in use: %s",
                              kc_resource_method(request));
}

static void remove_part(void *connector, struct kc_resource_request *request)
{
    /* no answer is a 204 */
}

static void get_picture(void *connector, struct kc_resource_request *request)
{
    kc_resource_answer_bytes(request, 200, "image/png", "\x89PNG\0\1\2", 7);
    kc_resource_answer_header(request, "ETag", "\"v1\"");
    kc_resource_answer_header(request, "Cache-Control", "max-age=60");
}

static void get_config(void *connector, struct kc_resource_request *request)
{
    ck_assert_ptr_null(connector);
    kc_resource_answer_json(request, 200,
                            json_string(kc_map_get(kc_resource_config(request), "tasks")));
}

static void answer_with(void *connector, struct kc_resource_request *request)
{
    kc_resource_answer_empty(request, atoi(kc_resource_param(request, 0)));
}

static void answer_no_error(void *connector, struct kc_resource_request *request)
{
    kc_resource_answer_error(request, NULL);
}

static const struct kc_resource_route routes[] = {
    {"GET", "/status/{}", 0, answer_with},
    {"GET", "/success", 0, answer_no_error},
    {"GET", "", KC_RESOURCE_ALL, get_thing},
    {"GET", "/parts", KC_RESOURCE_ALL, list_parts},
    {"POST", "/parts", KC_RESOURCE_BODY, add_part},
    {"POST", "/parts:pause", 0, verb},
    {"GET", "/parts/{}", 0, get_part},
    {"PUT", "/parts/{}", KC_RESOURCE_BODY | KC_RESOURCE_ANY_TYPE | KC_RESOURCE_BYTES, replace_part},
    {"PATCH", "/parts/{}", 0, verb},
    {"DELETE", "/parts/{}", 0, remove_part},
    {"GET", "/picture", KC_RESOURCE_BYTES, get_picture},
    {"GET", "/config", KC_RESOURCE_ANYWHERE, get_config},
};

/* ---- the same under another API's names ---- */

static void get_other(void *connector, struct kc_resource_request *request)
{
    ck_assert_ptr_nonnull(connector);
    const char *url = kc_resource_url(request);
    if (strcmp(kc_resource_param(request, 0), "away") == 0) {
        kc_resource_answer_status(request, 404, "There is no such area");
        return;
    }
    kc_resource_answer_json(
        request, 200,
        json_pack("{s:s, s:s, s:s?, s:s}", "thing", kc_resource_connector(request), "area",
                  kc_resource_param(request, 0), "part", kc_resource_param(request, 1), "path",
                  strchr(strstr(url, "//") + 2, '/')));
}

static void answer_others(struct kc_resource_request *request, json_t *list)
{
    ck_assert_str_eq(kc_resource_param(request, 0), "1");
    kc_resource_answer_json(request, 200, json_pack("{s:o}", "data", list));
}

static struct kc_error *create_other(struct kc_resource_request *request, char **name,
                                     struct kc_map **config)
{
    const char *wanted = kc_resource_query(request, "name", 0);
    size_t len = 0;
    ck_assert_str_eq(kc_resource_param(request, 0), "1");
    if (!wanted)
        return kc_error_new(KC_ERR_BAD_REQUEST, "name: is missing");
    if (kc_resource_query_bool(request, "dry", false))
        return NULL;
    *name = kc_strdup(wanted);
    *config = kc_map_new();
    kc_map_set(*config, "name", wanted);
    kc_map_set(*config, "tasks", kc_resource_body(request, &len));
    return NULL;
}

static void remove_other(void *connector, struct kc_resource_request *request)
{
    ck_assert_ptr_nonnull(connector);
    kc_resource_then_delete(request);
    if (kc_resource_query_bool(request, "refuse", false))
        kc_resource_answer_status(request, 409, "It is in use");
}

static void configure_other(void *connector, struct kc_resource_request *request)
{
    struct kc_map *changes = kc_map_new();
    kc_map_set(changes, "tasks", kc_resource_param(request, 1));
    kc_resource_then_delete(request);
    kc_resource_then_configure(request, changes); /* the last one counts */
    kc_resource_answer_empty(request, 204);
}

static const struct kc_resource_route other_routes[] = {
    {"GET", "", KC_RESOURCE_ALL, get_other},
    {"DELETE", "", 0, remove_other},
    {"PUT", "/tasks/{}", 0, configure_other},
    {"GET", "/parts/{}", 0, get_other},
};

static const struct kc_resource others = {
    .size = sizeof(others),
    .prefix = "/other/v1/areas/{}/things",
    .name_field = "thing",
    .routes = other_routes,
    .route_count = sizeof(other_routes) / sizeof(other_routes[0]),
    .answer_all = answer_others,
    .create = create_other,
};

static const struct kc_resource things = {
    .alias = &others,
    .size = sizeof(things),
    .prefix = "/things",
    .name_field = "thing_name",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
};

/* ---- asking ---- */

/* The answer has to have this status, and this body unless NULL. */
static void expect(const struct served *served, const char *line, const char *head,
                   const char *body, int status, const char *answered)
{
    struct answer answer;
    ask(served->port, line, head, body, &answer);
    const char *text = answer.body.data ? answer.body.data : "";
    ck_assert_msg(answer.status == status, "%s: %d %s", line, answer.status, text);
    ck_assert_msg(!answered || strcmp(text, answered) == 0, "%s: %s", line, text);
    kc_str_destroy(&answer.body);
}

static void serve_things(struct served *served)
{
    serve(served, NULL);
    put(&served->herder, "c", "1");
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    while (status_of(served->port, "GET /things/c", NULL, NULL) != 200)
        ck_assert_int_lt(kc_mono_ms(), deadline);
}

START_TEST(every_method_has_its_handler)
{
    struct served served;
    serve_things(&served);
    expect(&served, "GET /things/c", NULL, NULL, 200, "{\"thing_name\":\"c\"}");
    expect(&served, "GET /things/c/parts?color=red&deep=TRUE&color=a%20b", NULL, NULL, 200,
           "[{\"of\":\"c\",\"first\":\"red\",\"second\":\"a b\",\"deep\":true}]");
    expect(&served, "GET /things/c/parts/a%20b", NULL, NULL, 200, "{\"part\":\"a b\"}");
    expect(&served, "POST /things/c/parts", JSON, "{\"a\":[1,2]}", 201, "{\"a\":[1,2]}");
    expect(&served, "PUT /things/c/parts/1", "Content-Type: text/x", "abc", 200, "abc");
    expect(&served, "PATCH /things/c/parts/1", NULL, NULL, 409,
           "{\"error_code\":409,\"message\":\"The parts are in use: PATCH\"}");
    expect(&served, "POST /things/c/parts:pause", NULL, NULL, 409, NULL);
    expect(&served, "DELETE /things/c/parts/1", NULL, NULL, 204, "");
    expect(&served, "GET /things/c/config", NULL, NULL, 200, "\"1\"");
    served_end(&served);
}
END_TEST

START_TEST(what_is_not_there)
{
    struct served served;
    struct answer answer;
    serve_things(&served);
    expect(&served, "GET /things/c/parts/none", NULL, NULL, 404,
           "{\"error_code\":404,\"message\":\"There is no part none\"}");
    expect(&served, "GET /things/nobody", NULL, NULL, 404,
           "{\"error_code\":404,\"message\":\"Connector nobody not found\"}");
    expect(&served, "GET /things/nobody/config", NULL, NULL, 404, NULL);
    expect(&served, "GET /things/c/wheels", NULL, NULL, 404, NULL);
    expect(&served, "POST /things/c/parts", JSON, "{", 500, NULL);
    expect(&served, "POST /things/c/parts", "Content-Type: text/x", "{}", 415, NULL);
    expect(&served, "GET /things/c/parts", "Accept: image/png", NULL, 406, NULL);
    ask(served.port, "DELETE /things/c/parts", NULL, NULL, &answer);
    ck_assert_int_eq(answer.status, 405);
    ck_assert_str_eq(header(&answer, "Allow"), "GET,HEAD,POST,OPTIONS");
    kc_str_destroy(&answer.body);
    expect(&served, "OPTIONS /things/c", NULL, NULL, 200, "");
    served_end(&served);
}
END_TEST

START_TEST(answers_that_are_none)
{
    static const char *const wrong[] = {"-5", "7", "100", "9999"};
    struct served served;
    serve_things(&served);
    expect(&served, "GET /things/c/success", NULL, NULL, 204, "");
    expect(&served, "GET /things/c/status/0", NULL, NULL, 204, "");
    expect(&served, "GET /things/c/status/599", NULL, NULL, 599, "");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char *line = kc_asprintf("GET /things/c/status/%s", wrong[i]);
        char *text = kc_asprintf("{\"error_code\":500,\"message\":\"/things answered with status "
                                 "%s, which is none of an answer\"}",
                                 wrong[i]);
        expect(&served, line, NULL, NULL, 500, text);
        free(text);
        free(line);
    }
    served_end(&served);
}
END_TEST

START_TEST(bytes_keep_their_type_and_length)
{
    struct served served;
    struct answer answer;
    serve_things(&served);
    ask(served.port, "GET /things/c/picture", "Accept: image/*", NULL, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(header(&answer, "Content-Type"), "image/png");
    ck_assert_str_eq(header(&answer, "Cache-Control"), "max-age=60");
    ck_assert_uint_eq(answer.body.len, 7);
    ck_assert_int_eq(memcmp(answer.body.data, "\x89PNG\0\1\2", 7), 0);
    kc_str_destroy(&answer.body);
    ask(served.port, "HEAD /things/c/picture", NULL, NULL, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(header(&answer, "Content-Length"), "7");
    ck_assert_str_eq(header(&answer, "ETag"), "\"v1\"");
    ck_assert_uint_eq(answer.body.len, 0);
    served_end(&served);
}
END_TEST

START_TEST(what_the_client_has_is_not_sent_again)
{
    static const struct {
        const char *head;
        int status;
    } cases[] = {
        {"If-None-Match: \"v1\"", 304},
        {"If-None-Match: W/\"v1\"", 304},
        {"If-None-Match: \"a,b\", \"v1\"", 304},
        {"If-None-Match: *", 304},
        {"If-None-Match: \"v2\"", 200},
        {"If-None-Match: \"v1", 200},
        {"If-None-Match: v1", 200},
    };
    struct served served;
    struct answer answer;
    serve_things(&served);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(served.port, "GET /things/c/picture", cases[i].head, NULL, &answer);
        ck_assert_msg(answer.status == cases[i].status, "%s: %d", cases[i].head, answer.status);
        ck_assert_str_eq(header(&answer, "ETag"), "\"v1\"");
        ck_assert_uint_eq(answer.body.len, cases[i].status == 304 ? 0 : 7);
        kc_str_destroy(&answer.body);
    }
    served_end(&served);
}
END_TEST

static void await_list(const struct served *served, const char *expected)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    for (bool equal = false; !equal;) {
        struct answer answer;
        ask(served->port, "GET /things", NULL, NULL, &answer);
        equal = answer.body.data && strcmp(answer.body.data, expected) == 0;
        ck_assert_msg(equal || kc_mono_ms() < deadline, "%d %s", answer.status, answer.body.data);
        kc_str_destroy(&answer.body);
    }
}

START_TEST(a_list_has_all_connectors_of_the_class)
{
    struct served served;
    serve_things(&served);
    put(&served.herder, "d", "1");
    await_list(&served, "[{\"thing_name\":\"c\"},{\"thing_name\":\"d\"}]");
    expect(&served, "GET /things/-", NULL, NULL, 200,
           "[{\"thing_name\":\"c\"},{\"thing_name\":\"d\"}]");
    expect(&served, "GET /things/-/parts?color=red", NULL, NULL, 200,
           "[{\"of\":\"c\",\"first\":\"red\",\"second\":\"\",\"deep\":false},"
           "{\"of\":\"d\",\"first\":\"red\",\"second\":\"\",\"deep\":false}]");
    expect(&served, "GET /things/-/picture", NULL, NULL, 404, NULL); /* isn't for all */
    served_end(&served);
}
END_TEST

START_TEST(who_does_not_run_answers_nothing)
{
    struct served served;
    serve_things(&served);
    must(kc_herder_stop_connector(served.herder.herder, "c", PATIENCE_MS));
    await_list(&served, "[{\"thing_name\":\"c\",\"error_code\":409,\"message\":\"Connector c is "
                        "STOPPED: it answers when it is RUNNING\"}]");
    expect(&served, "POST /things/c/parts:pause", NULL, NULL, 409,
           "{\"error_code\":409,\"message\":\"Connector c is STOPPED: it answers when it is "
           "RUNNING\"}");
    expect(&served, "GET /things/c/config", NULL, NULL, 200, "\"1\""); /* needs nobody */
    must(kc_herder_resume(served.herder.herder, "c", PATIENCE_MS));
    await_list(&served, "[{\"thing_name\":\"c\"}]");
    must(kc_herder_delete_connector(served.herder.herder, "c", PATIENCE_MS));
    await_list(&served, "[]");
    expect(&served, "GET /things/c", NULL, NULL, 404, NULL);
    served_end(&served);
}
END_TEST

START_TEST(an_alias_asks_the_same_connectors)
{
    struct served served;
    serve_things(&served);
    put(&served.herder, "d", "1");
    await_list(&served, "[{\"thing_name\":\"c\"},{\"thing_name\":\"d\"}]");
    expect(&served, "GET /other/v1/areas/1/things/c/parts/7?x=1", NULL, NULL, 200,
           "{\"thing\":\"c\",\"area\":\"1\",\"part\":\"7\",\"path\":"
           "\"/other/v1/areas/1/things/c/parts/7\"}");
    expect(&served, "GET /other/v1/areas/1/things", NULL, NULL, 200,
           "{\"data\":[{\"thing\":\"c\",\"area\":\"1\",\"part\":null,"
           "\"path\":\"/other/v1/areas/1/things\"},"
           "{\"thing\":\"d\",\"area\":\"1\",\"part\":null,"
           "\"path\":\"/other/v1/areas/1/things\"}]}");
    expect(&served, "GET /other/v1/areas/1/things/x", NULL, NULL, 404, NULL);
    expect(&served, "GET /other/v1/areas/away/things/c", NULL, NULL, 404, NULL);
    must(kc_herder_stop_connector(served.herder.herder, "d", PATIENCE_MS));
    await_list(&served, "[{\"thing_name\":\"c\"},{\"thing_name\":\"d\",\"error_code\":409,"
                        "\"message\":\"Connector d is STOPPED: it answers when it is "
                        "RUNNING\"}]");
    expect(&served, "GET /other/v1/areas/1/things/-", NULL, NULL, 200,
           "{\"data\":[{\"thing\":\"c\",\"area\":\"1\",\"part\":null,"
           "\"path\":\"/other/v1/areas/1/things/-\"},"
           "{\"thing\":\"d\",\"error_code\":409,\"message\":\"Connector d is STOPPED: it "
           "answers when it is RUNNING\"}]}");
    served_end(&served);
}
END_TEST

/* A connector is made, configured and deleted in the words of another API. */
START_TEST(an_alias_makes_connectors)
{
    struct served served;
    serve_things(&served);
    expect(&served, "POST /other/v1/areas/1/things", JSON, "1", 400,
           "{\"error_code\":400,\"message\":\"name: is missing\"}");
    expect(&served, "POST /other/v1/areas/1/things?name=d&dry=true", JSON, "1", 204, "");
    expect(&served, "GET /connectors/d/config", NULL, NULL, 404, NULL);
    expect(&served, "POST /other/v1/areas/1/things?name=d", JSON, "1", 204, "");
    expect(&served, "POST /other/v1/areas/1/things?name=d", JSON, "1", 409, NULL);
    await_list(&served, "[{\"thing_name\":\"c\"},{\"thing_name\":\"d\"}]");
    expect(&served, "PUT /other/v1/areas/1/things/d/tasks/2", NULL, NULL, 204, "");
    expect(&served, "GET /things/d/config", NULL, NULL, 200, "\"2\"");
    await_list(&served, "[{\"thing_name\":\"c\"},{\"thing_name\":\"d\"}]");
    expect(&served, "DELETE /other/v1/areas/1/things/d?refuse=true", NULL, NULL, 409, NULL);
    await_list(&served, "[{\"thing_name\":\"c\"},{\"thing_name\":\"d\"}]");
    expect(&served, "DELETE /other/v1/areas/1/things/d", NULL, NULL, 204, "");
    await_list(&served, "[{\"thing_name\":\"c\"}]");
    served_end(&served);
}
END_TEST

START_TEST(limits_hold)
{
    static const char *const settings[][2] = {{"rest.request.body.max.bytes", "1000"},
                                              {NULL, NULL}};
    struct served served;
    struct kc_str body = {0};
    serve(&served, settings);
    put(&served.herder, "c", "1");
    while (body.len < 2000)
        kc_str_append(&body, "0123456789");
    expect(&served, "PUT /things/c/parts/1", "Content-Type: text/x", body.data, 413, NULL);
    kc_str_destroy(&body);
    served_end(&served);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resource_mounted");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_method_has_its_handler);
    tcase_add_test(tests, what_is_not_there);
    tcase_add_test(tests, answers_that_are_none);
    tcase_add_test(tests, bytes_keep_their_type_and_length);
    tcase_add_test(tests, what_the_client_has_is_not_sent_again);
    tcase_add_test(tests, a_list_has_all_connectors_of_the_class);
    tcase_add_test(tests, who_does_not_run_answers_nothing);
    tcase_add_test(tests, an_alias_asks_the_same_connectors);
    tcase_add_test(tests, an_alias_makes_connectors);
    tcase_add_test(tests, limits_hold);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
