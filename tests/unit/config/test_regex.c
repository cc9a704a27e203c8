/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns against java.util.regex, and the bounds that Java's don't have. */
#include "config/config_golden.h"
#include "connect/regex.h"

static void check_match(json_t *item)
{
    const char *pattern = golden_text(item, "pattern");
    json_t *want = json_object_get(item, "matches");
    struct kc_regex *regex = NULL;
    struct kc_error *err = kc_regex_new(pattern, &regex);

    /* Java knows unions and intersections of classes; we refuse them rather than misread them. */
    if (json_is_null(want) || strstr(pattern, "&&") || strstr(pattern, "[[") ||
        strstr(pattern, "[a[")) {
        ck_assert_msg(err != NULL, "no error for %s", pattern);
        ck_assert_msg(strstr(kc_error_text(err), pattern) != NULL, "%s", kc_error_text(err));
        kc_error_destroy(err);
        return;
    }
    assert_ok(err, pattern);
    ck_assert_msg(kc_regex_matches(regex, golden_text(item, "text")) == json_boolean_value(want),
                  "%s against %s", pattern, golden_text(item, "text"));
    kc_regex_destroy(regex);
}

START_TEST(matches_as_java)
{
    json_t *cases = golden("regex.json");
    size_t index;
    json_t *item;

    json_array_foreach (cases, index, item)
        check_match(item);
    json_decref(cases);
}
END_TEST

/* Pattern takes four digits: no blank, sign or 0x among them. */
START_TEST(unicode_escapes_are_four_digits)
{
    static const char *const wrong[] = {"\\u 041", "\\u+041", "\\u0x41",
                                        "\\u004",  "\\u004g", "\\u"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct kc_regex *regex = NULL;
        struct kc_error *err = kc_regex_new(wrong[i], &regex);

        ck_assert_msg(err != NULL, "no error for %s", wrong[i]);
        ck_assert_ptr_nonnull(strstr(kc_error_text(err), "Illegal Unicode escape sequence"));
        kc_error_destroy(err);
    }
}
END_TEST

START_TEST(replaces_as_java)
{
    json_t *cases = golden("regex_replace.json");
    size_t index;
    json_t *item;

    json_array_foreach (cases, index, item) {
        const char *want = golden_text(item, "result");
        struct kc_regex *regex = NULL;
        char *got;

        assert_ok(kc_regex_new(golden_text(item, "pattern"), &regex), "pattern");
        assert_ok(kc_regex_replace(regex, golden_text(item, "text"),
                                   golden_text(item, "replacement"), &got),
                  "replacement");
        ck_assert_msg((got && want && strcmp(got, want) == 0) || (!got && !want), "%zu: %s, not %s",
                      index, got ? got : "null", want ? want : "null");
        free(got);
        kc_regex_destroy(regex);
    }
    json_decref(cases);
}
END_TEST

START_TEST(a_pattern_without_end_does_not_match)
{
    struct kc_regex *regex = NULL;

    assert_ok(kc_regex_new("(a|a|aa)*b", &regex), "pattern");
    ck_assert(!kc_regex_matches(regex, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac"));
    kc_regex_destroy(regex);
}
END_TEST

/* What backtracks without end, in steps, in depth and in memory: each is given up, and says so. */
START_TEST(replacing_says_why_it_was_given_up)
{
    struct kc_str groups = {0};
    for (int i = 0; i < 2000; i++)
        kc_str_append(&groups, "(x)?");
    char *deep = kc_asprintf("(?:%sa)*(c|d)", groups.data);
    const struct {
        const char *pattern, *says;
    } cases[] = {{"(a+)+", "match limit exceeded"},
                 {"((a|aa)+)+", "match limit exceeded"},
                 {"(?:(a)(a?))*(c|d)", "limit exceeded"},
                 {deep, "limit exceeded"}};
    char text[3000];
    memset(text, 'a', sizeof(text));
    strcpy(text + sizeof(text) - 2, "!");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_regex *regex = NULL;
        char *got = NULL;
        assert_ok(kc_regex_new(cases[i].pattern, &regex), "pattern");
        struct kc_error *err = kc_regex_replace(regex, text, "x", &got);
        ck_assert_msg(err && strstr(kc_error_text(err), cases[i].says), "%zu: %s", i,
                      err ? kc_error_text(err) : "no error");
        ck_assert_ptr_null(got);
        ck_assert(!kc_regex_matches(regex, text));
        kc_error_destroy(err);
        kc_regex_destroy(regex);
    }
    free(deep);
    kc_str_destroy(&groups);
}
END_TEST

/* A cluster of thousands of topics, each of which takes the pattern to its limit: after the first
 * few it is a short one. At a million steps each, these take minutes. */
START_TEST(hostile_names_by_the_thousand)
{
    struct kc_regex *regex = NULL;
    assert_ok(kc_regex_new("orders|((a+)+)+", &regex), "pattern");
    for (int i = 0; i < 5000; i++) {
        char name[100];
        snprintf(name, sizeof(name), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-%d", i);
        ck_assert(!kc_regex_matches(regex, name));
    }
    ck_assert(kc_regex_matches(regex, "orders"));
    ck_assert(kc_regex_matches(regex, "aaaaaaaaaaaaaaa"));
    kc_regex_destroy(regex);
}
END_TEST

START_TEST(a_huge_replacement_is_refused)
{
    struct kc_regex *regex = NULL;
    struct kc_str all = {0};
    char *got = NULL;
    for (int i = 0; i < 1000000; i++)
        kc_str_append(&all, "$1");
    assert_ok(kc_regex_new("(.*)", &regex), "pattern");
    struct kc_error *err = kc_regex_replace(regex, "a-topic-of-some-length", all.data, &got);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "longer than 32767 bytes"));
    ck_assert_ptr_null(got);
    kc_error_destroy(err);
    kc_regex_destroy(regex);
    kc_str_destroy(&all);
}
END_TEST

START_TEST(long_and_broken_texts_are_no_match)
{
    struct kc_regex *regex = NULL;
    char *text = kc_malloc(100001);

    memset(text, 'a', 100000);
    text[100000] = '\0';
    assert_ok(kc_regex_new("a*", &regex), "pattern");
    ck_assert(kc_regex_matches(regex, text));
    ck_assert(!kc_regex_matches(regex, "\xFF"));
    kc_regex_destroy(regex);
    assert_ok(kc_regex_new(text + 90000, &regex), "10,000 letters");
    ck_assert(kc_regex_matches(regex, text + 90000));
    kc_regex_destroy(regex);
    free(text);
}
END_TEST

static bool list_matches(const char *csv, const char *text)
{
    struct kc_strings list = {0};
    struct kc_regex *regex = NULL;

    kc_strings_split(&list, csv);
    assert_ok(kc_regex_list_new(&list, &regex), csv);
    bool matches = kc_regex_matches(regex, text);
    kc_regex_destroy(regex);
    kc_strings_destroy(&list);
    return matches;
}

START_TEST(a_list_is_one_alternation)
{
    ck_assert(list_matches("a, b.* ,c", "bx"));
    ck_assert(list_matches("a, b.* ,c", "c"));
    ck_assert(!list_matches("a, b.* ,c", "ac"));
    ck_assert(list_matches(".*", ""));
    ck_assert(!list_matches("", ""));
    ck_assert(!list_matches("", "a"));
    ck_assert(list_matches("ab,a", "ab"));
}
END_TEST

/* More than one expression of PCRE2 can hold; Java's has no limit. */
START_TEST(a_list_of_100000_matches_as_a_short_one)
{
    static const struct {
        const char *text;
        bool matches;
    } cases[] = {{"t0", true},       {"t99999", true},    {"t100000", false},
                 {"x7.abc-y", true}, {"x7.abc-Y", false}, {"x19999.z-y", true},
                 {"t", false},       {"", false},         {"last one", true}};
    struct kc_strings list = {0};
    struct kc_regex *regex = NULL;
    for (int i = 0; i < 100000; i++)
        kc_strings_take(&list, kc_asprintf("t%d ", i));
    for (int i = 0; i < 20000; i++)
        kc_strings_take(&list, kc_asprintf(" x%d[.][a-z]*-y", i));
    kc_strings_add(&list, "last (one|two)");
    assert_ok(kc_regex_list_new(&list, &regex), "a long list");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(kc_regex_matches(regex, cases[i].text) == cases[i].matches, "%s",
                      cases[i].text);
    kc_regex_destroy(regex);
    kc_strings_add(&list, "(bad");
    struct kc_error *err = kc_regex_list_new(&list, &regex);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "missing closing parenthesis"));
    ck_assert_uint_lt(strlen(kc_error_text(err)), 500);
    kc_error_destroy(err);
    kc_strings_destroy(&list);
}
END_TEST

START_TEST(a_bad_list_names_its_pattern)
{
    struct kc_strings list = {0};
    struct kc_regex *regex = NULL;

    kc_strings_split(&list, "good,(bad");
    struct kc_error *err = kc_regex_list_new(&list, &regex);
    ck_assert_ptr_null(regex);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "good|(bad"));
    kc_error_destroy(err);
    kc_strings_destroy(&list);
}
END_TEST

RUN_TESTS("regex", matches_as_java, unicode_escapes_are_four_digits, replaces_as_java,
          a_pattern_without_end_does_not_match, long_and_broken_texts_are_no_match,
          replacing_says_why_it_was_given_up, hostile_names_by_the_thousand,
          a_huge_replacement_is_refused, a_list_is_one_alternation,
          a_list_of_100000_matches_as_a_short_one, a_bad_list_names_its_pattern)
