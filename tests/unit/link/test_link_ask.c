/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of requests to /links: what is taken, and how each wrong one is named. */
#include "link/link_ask_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct kc_error *parse(const char *text, enum link_ask_kind kind, struct link_ask *ask)
{
    json_t *body = text ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    ck_assert(!text || body);
    struct kc_error *err = link_ask_parse(body, kind, ask);
    json_decref(body);
    return err;
}

static void refuses(enum link_ask_kind kind, const char *text, const char *part)
{
    struct link_ask ask;
    struct kc_error *err = parse(text, kind, &ask);
    ck_assert_msg(err, "%s was taken", text);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_BAD_REQUEST);
    ck_assert_msg(strstr(kc_error_text(err), part), "'%s' isn't in '%s'", part, kc_error_text(err));
    ck_assert_uint_eq(ask.names.count, 0);
    ck_assert_ptr_null(ask.pattern);
    kc_error_destroy(err);
}

START_TEST(names_are_taken_once_in_their_order)
{
    struct link_ask ask;
    ck_assert_ptr_null(parse("{\"mirror_topic_names\":[\"b\",\"a\",\"b\"],\"force\":true,"
                             "\"dry_run\":true,\"max_pause_ms\":500}",
                             LINK_ASK_TOPICS, &ask));
    ck_assert_uint_eq(ask.names.count, 2);
    ck_assert_str_eq(ask.names.items[0], "b");
    ck_assert_str_eq(ask.names.items[1], "a");
    ck_assert(ask.force && ask.dry_run);
    ck_assert_int_eq(ask.max_pause_ms, 500);
    link_ask_clear(&ask);
    ck_assert_ptr_null(
        parse("{\"mirror_topic_names\":[\"a\"],\"link_back_follows\":true}", LINK_ASK_BACK, &ask));
    ck_assert(ask.link_back_follows && !ask.force);
    link_ask_clear(&ask);
}
END_TEST

START_TEST(groups_may_be_called_anything)
{
    struct link_ask ask;
    ck_assert_ptr_null(
        parse("{\"group_ids\":[\"a/b c\",\"\\u00fcber\"]}", LINK_ASK_NEW_GROUPS, &ask));
    ck_assert_str_eq(ask.names.items[0], "a/b c");
    ck_assert_str_eq(ask.names.items[1], "\xc3\xbc"
                                         "ber");
    link_ask_clear(&ask);
}
END_TEST

START_TEST(patterns_match_whole_names)
{
    struct link_ask ask;
    struct kc_strings known = {0}, found = {0};
    kc_strings_add(&known, "orders");
    kc_strings_add(&known, "orders.eu");
    ck_assert_ptr_null(parse("{\"mirror_topic_name_pattern\":\"orders\"}", LINK_ASK_TOPICS, &ask));
    ck_assert_ptr_null(link_ask_match(ask.pattern, &known, &found));
    ck_assert_uint_eq(found.count, 1);
    kc_strings_destroy(&known);
    kc_strings_destroy(&found);
    link_ask_clear(&ask);
}
END_TEST

START_TEST(a_wrong_pattern_is_the_askers_fault)
{
    struct kc_strings known = {0}, found = {0};
    kc_strings_add(&known, "orders");
    struct kc_error *err = link_ask_match("orders(", &known, &found);
    ck_assert(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_BAD_REQUEST);
    ck_assert_msg(strstr(kc_error_text(err), "orders("), "%s", kc_error_text(err));
    ck_assert_uint_eq(found.count, 0);
    kc_error_destroy(err);
    kc_strings_destroy(&known);
}
END_TEST

START_TEST(wrong_types_are_named)
{
    refuses(LINK_ASK_TOPICS, NULL, "no body");
    refuses(LINK_ASK_TOPICS, "[]", "an array");
    refuses(LINK_ASK_TOPICS, "\"x\"", "a string");
    refuses(LINK_ASK_TOPICS, "{}", "mirror_topic_names: is missing");
    refuses(LINK_ASK_NEW_GROUPS, "{}", "group_ids: is missing");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":\"a\"}", "mirror_topic_names: must be an");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[]}", "mirror_topic_names: must name");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"a\",7]}", "mirror_topic_names[1]: must");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[null]}", "mirror_topic_names[0]: must");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"a\"],\"dry_run\":\"true\"}", "dry_run:");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"a\"],\"force\":1}", "force:");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"a\"],\"max_pause_ms\":0.5}", "a fraction");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"a\"],\"max_pause_ms\":-1}",
            "max_pause_ms:");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_name_pattern\":\"(\"}", "mirror_topic_name_pattern:");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"a\"],\"mirror_topic_name_pattern\":\"a\"}",
            "one of both");
}
END_TEST

START_TEST(wrong_names_are_named)
{
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"a/b\"]}", "[0]: a/b is no topic's name");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"\"]}", "[0]: must not be empty");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"..\"]}", "can't be called ..");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"\\u00fc\"]}", "is no topic's name");
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"a\\u0000b\"]}", "a zero byte");
    refuses(LINK_ASK_GROUPS, "{\"group_ids\":[\"a\\u0000\"]}", "a zero byte");
}
END_TEST

/* A name that is nearly right mustn't be passed over: dryrun would promote. */
START_TEST(unknown_fields_are_refused)
{
    refuses(LINK_ASK_TOPICS, "{\"mirror_topic_names\":[\"a\"],\"dryrun\":true}", "dryrun:");
    refuses(LINK_ASK_NEW_TOPICS, "{\"mirror_topic_names\":[\"a\"],\"force\":true}", "force:");
    refuses(LINK_ASK_GROUPS, "{\"group_ids\":[\"a\"],\"mirror_topic_names\":[\"a\"]}",
            "mirror_topic_names:");
}
END_TEST

START_TEST(too_much_is_refused)
{
    json_t *names = json_array();
    for (int i = 0; i <= LINK_ASK_MAX_NAMES; i++)
        json_array_append_new(names, json_sprintf("topic-%d", i));
    json_t *body = json_pack("{s:o}", "mirror_topic_names", names);
    char *text = json_dumps(body, 0);
    refuses(LINK_ASK_TOPICS, text, "a request may have 10000");
    free(text);
    char *long_name = kc_malloc(251);
    memset(long_name, 'a', 250);
    long_name[250] = '\0';
    text = kc_asprintf("{\"mirror_topic_names\":[\"%s\"]}", long_name);
    refuses(LINK_ASK_TOPICS, text, "has 250 bytes; at most 249");
    free(text);
    free(long_name);
    json_decref(body);
}
END_TEST

START_TEST(numbers_of_queries)
{
    static const char *const wrong[] = {
        NULL, "", "x", "1x", "-1", " 1", "+1", "1.5", "9223372036854775808", "11"};
    int64_t number = -1;
    ck_assert_ptr_null(link_ask_number("10", "partition", 10, &number));
    ck_assert_int_eq(number, 10);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct kc_error *err = link_ask_number(wrong[i], "partition", 10, &number);
        ck_assert_msg(err && strncmp(kc_error_text(err), "partition:", 10) == 0, "%s", wrong[i]);
        kc_error_destroy(err);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_ask");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, names_are_taken_once_in_their_order);
    tcase_add_test(cases, groups_may_be_called_anything);
    tcase_add_test(cases, patterns_match_whole_names);
    tcase_add_test(cases, a_wrong_pattern_is_the_askers_fault);
    tcase_add_test(cases, wrong_types_are_named);
    tcase_add_test(cases, wrong_names_are_named);
    tcase_add_test(cases, unknown_fields_are_refused);
    tcase_add_test(cases, too_much_is_refused);
    tcase_add_test(cases, numbers_of_queries);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
