/* SPDX-License-Identifier: Apache-2.0 */
/* Two streams of records side by side: what is equal, and each kind of difference. */
#include "link/link_verify_priv.h"

#include <check.h>
#include <string.h>

/* A record: "offset key value", a dash for null; the timestamp is 1000 unless @ says otherwise, and
 * #x is a header called x. */
struct script {
    const char *const *lines; /* ends with NULL, or "stop" */
    struct kc_plain_header header;
    char text[256];
};

static struct kc_bytes bytes(const char *text)
{
    bool null = strcmp(text, "-") == 0;
    return (struct kc_bytes){(const uint8_t *)text, null ? -1 : (int32_t)strlen(text)};
}

static enum link_verify_got next(void *stream, struct kc_plain_record *record)
{
    struct script *script = stream;
    char *rest = NULL;
    if (!*script->lines)
        return LINK_VERIFY_END;
    if (strcmp(*script->lines, "stop") == 0)
        return LINK_VERIFY_STOP;
    snprintf(script->text, sizeof(script->text), "%s", *script->lines++);
    *record = (struct kc_plain_record){.timestamp = 1000};
    record->offset = strtoll(strtok_r(script->text, " ", &rest), NULL, 10);
    record->key = bytes(strtok_r(NULL, " ", &rest));
    record->value = bytes(strtok_r(NULL, " ", &rest));
    for (char *more = strtok_r(NULL, " ", &rest); more; more = strtok_r(NULL, " ", &rest)) {
        if (*more == '@')
            record->timestamp = strtoll(more + 1, NULL, 10);
        script->header = (struct kc_plain_header){bytes(more + 1), bytes("v")};
        record->headers = &script->header;
        record->header_count = *more == '#';
    }
    return LINK_VERIFY_RECORD;
}

static struct link_verify_pair compare(const char *const *source, const char *const *target,
                                       bool compacted)
{
    struct script a = {.lines = source}, b = {.lines = target};
    struct link_verify_pair pair = {.next = next,
                                    .source = &a,
                                    .target = &b,
                                    .to = 100,
                                    .compacted = compacted,
                                    .source_ends = true,
                                    .target_ends = true};
    link_verify_compare(&pair);
    return pair;
}

#define LINES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void assert_difference(const struct link_verify_pair *pair, enum link_verify_kind kind,
                              int64_t source, int64_t target)
{
    ck_assert_str_eq(link_verify_kind_name(pair->kind), link_verify_kind_name(kind));
    ck_assert_int_eq(pair->source_offset, source);
    ck_assert_int_eq(pair->target_offset, target);
}

START_TEST(equal_records_are_counted)
{
    const char *const *lines = LINES("3 a 1", "4 - 2 #h", "9 b - @7");
    struct link_verify_pair pair = compare(lines, lines, false);
    assert_difference(&pair, LINK_VERIFY_SAME, -1, -1);
    ck_assert_int_eq(pair.records, 3);
    ck_assert(pair.complete);
    pair = compare(LINES("1 a 1"), LINES("1 a 1", "stop"), false);
    ck_assert(!pair.complete);
}
END_TEST

START_TEST(one_flipped_byte_is_found)
{
    const char *const *source = LINES("0 a 1", "1 b 2 #h", "2 c 3");
    struct link_verify_pair pair = compare(source, LINES("0 a 1", "1 b 3 #h", "2 c 3"), false);
    assert_difference(&pair, LINK_VERIFY_VALUE, 1, 1);
    char *text = link_verify_text(&pair);
    ck_assert_str_eq(text, "the records at offset 1 differ in their value");
    free(text);
    ck_assert_int_eq(pair.records, 1);
    pair = compare(source, LINES("0 a 1", "1 B 2 #h", "2 c 3"), false);
    assert_difference(&pair, LINK_VERIFY_KEY, 1, 1);
    pair = compare(source, LINES("0 a 1", "1 b 2 #i", "2 c 3"), false);
    assert_difference(&pair, LINK_VERIFY_HEADERS, 1, 1);
    pair = compare(source, LINES("0 a 1", "1 b 2 #h", "2 c 3 @1"), false);
    assert_difference(&pair, LINK_VERIFY_TIMESTAMP, 2, 2);
    /* Null isn't empty, and the length counts. */
    pair = compare(LINES("0 a -"), LINES("0 a x"), false);
    assert_difference(&pair, LINK_VERIFY_VALUE, 0, 0);
}
END_TEST

START_TEST(a_missing_record_is_found)
{
    const char *const *source = LINES("0 a 1", "1 b 2", "2 c 3");
    struct link_verify_pair pair = compare(source, LINES("0 a 1", "2 c 3"), false);
    assert_difference(&pair, LINK_VERIFY_MISSING, 1, -1);
    pair = compare(source, LINES("0 a 1", "1 b 2"), false); /* the last one */
    assert_difference(&pair, LINK_VERIFY_MISSING, 2, -1);
    /* Those behind it have moved up. */
    pair = compare(source, LINES("0 a 1", "1 c 3"), false);
    assert_difference(&pair, LINK_VERIFY_MISSING, 1, -1);
    pair = compare(LINES("0 a 1"), LINES("0 a 1", "7 x 9"), false);
    assert_difference(&pair, LINK_VERIFY_EXTRA, -1, 7);
}
END_TEST

START_TEST(a_shifted_offset_is_found)
{
    struct link_verify_pair pair =
        compare(LINES("0 a 1", "5 b 2", "6 c 3"), LINES("0 a 1", "6 b 2", "7 c 3"), false);
    assert_difference(&pair, LINK_VERIFY_SHIFTED, 5, 6);
    pair = compare(LINES("0 a 1", "6 b 2"), LINES("0 a 1", "5 b 2"), false);
    assert_difference(&pair, LINK_VERIFY_SHIFTED, 6, 5);
    /* Somebody wrote a record in between. */
    pair = compare(LINES("0 a 1", "1 b 2"), LINES("0 a 1", "1 x 9", "2 b 2"), false);
    assert_difference(&pair, LINK_VERIFY_SHIFTED, 1, 2);
    char *text = link_verify_text(&pair);
    ck_assert_str_eq(text, "the source's record at offset 1 is at offset 2 on the target");
    free(text);
}
END_TEST

START_TEST(what_lies_behind_the_range_only_helps)
{
    struct script a = {.lines = LINES("0 a 1", "1 b 2", "2 c 3")};
    struct script b = {.lines = LINES("0 a 1", "1 c 3")};
    struct link_verify_pair pair = {.next = next, .source = &a, .target = &b, .to = 2};
    link_verify_compare(&pair);
    assert_difference(&pair, LINK_VERIFY_MISSING, 1, -1);
    a.lines = LINES("0 a 1", "5 b 2");
    b.lines = LINES("0 a 1", "7 x 9");
    pair = (struct link_verify_pair){.next = next, .source = &a, .target = &b, .to = 5};
    link_verify_compare(&pair);
    assert_difference(&pair, LINK_VERIFY_SAME, -1, -1);
    ck_assert(pair.complete);
    ck_assert_int_eq(pair.records, 1);
}
END_TEST

START_TEST(sides_of_a_compacted_topic_are_cleaned_apart)
{
    /* The source was cleaned of a's first value, the target of b's; fillers have no value. */
    struct link_verify_pair pair =
        compare(LINES("1 b 1", "3 a 2", "5 b 2"), LINES("0 a 1", "3 a 2", "4 b -", "5 b 2"), true);
    assert_difference(&pair, LINK_VERIFY_SAME, -1, -1);
    ck_assert_int_eq(pair.records, 2);
    ck_assert_int_eq(pair.only_source, 1);
    ck_assert_int_eq(pair.only_target, 2);
    /* A tombstone that one side has cleaned away, and what it deleted. */
    pair = compare(LINES("0 a 1", "1 a -", "2 b 1"), LINES("2 b 1"), true);
    assert_difference(&pair, LINK_VERIFY_SAME, -1, -1);
}
END_TEST

START_TEST(a_compacted_topic_lacks_no_newest_value)
{
    const char *const *source = LINES("0 a 1", "1 b 1", "2 a 2"), *const *target = LINES("2 a 2");
    struct link_verify_pair pair = compare(source, target, true);
    assert_difference(&pair, LINK_VERIFY_MISSING, 1, -1);
    pair = compare(target, source, true);
    assert_difference(&pair, LINK_VERIFY_EXTRA, -1, 1);
    /* It may come behind the range. */
    struct script a = {.lines = source}, b = {.lines = target};
    pair = (struct link_verify_pair){
        .next = next, .source = &a, .target = &b, .to = 100, .compacted = true};
    link_verify_compare(&pair);
    assert_difference(&pair, LINK_VERIFY_SAME, -1, -1);
    /* Another value under the same offset is one even there. */
    pair = compare(LINES("2 a 2"), LINES("2 a 3"), true);
    assert_difference(&pair, LINK_VERIFY_VALUE, 2, 2);
}
END_TEST

START_TEST(it_goes_on_where_it_stopped)
{
    struct link_verify_pair pair =
        compare(LINES("0 a 1", "1 b 2", "stop"), LINES("0 a 1", "1 b 2", "6 c 3"), false);
    ck_assert(!pair.complete);
    ck_assert_int_eq(pair.next_offset, 2); /* the source may have a record before 6 */
    ck_assert_int_eq(pair.records, 2);
    pair = compare(LINES("stop"), LINES("8 a 1"), false);
    ck_assert_int_eq(pair.next_offset, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_verify_compare");
    TCase *tcase = tcase_create("compare");
    SRunner *runner = srunner_create(suite);
    tcase_add_test(tcase, equal_records_are_counted);
    tcase_add_test(tcase, one_flipped_byte_is_found);
    tcase_add_test(tcase, a_missing_record_is_found);
    tcase_add_test(tcase, a_shifted_offset_is_found);
    tcase_add_test(tcase, what_lies_behind_the_range_only_helps);
    tcase_add_test(tcase, sides_of_a_compacted_topic_are_cleaned_apart);
    tcase_add_test(tcase, a_compacted_topic_lacks_no_newest_value);
    tcase_add_test(tcase, it_goes_on_where_it_stopped);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
