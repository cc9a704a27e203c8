/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges and the order of versions; every expectation is what Maven's classes in Kafka 4.1 say. */
#include "config/version_range.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* What is written, how it prints or what is wrong with it, and whether 0.1.0, 1.0, 4.1.0 are in. */
static const struct {
    const char *text;
    const char *printed;
    const char *error;
    const char *contains;
} ranges[] = {
    {" latest ", "[latest,latest]", NULL, "000"},
    {"x", "[x,x]", NULL, "000"},
    {"1.0", "[1.0,1.0]", NULL, "010"},
    {"[1.0]", "[1.0,1.0]", NULL, "010"},
    {"[1.0,2.0)", "[1.0,2.0)", NULL, "010"},
    {"(,1.0]", "(,1.0]", NULL, "110"},
    {"[1.0,)", "[1.0,)", NULL, "011"},
    {"(,1.0],[1.2,)", "(,1.0],[1.2,)", NULL, "111"},
    {"[4.1.0]", "[4.1.0,4.1.0]", NULL, "001"},
    {"[x", NULL, "Unbounded range: [x", ""},
    {"(1.0)", NULL, "Single version must be surrounded by []: (1.0)", ""},
    {"[2.0,1.0]", NULL, "Range defies version ordering: [2.0,1.0]", ""},
    {"[1.0,1.0)", NULL, "Range defies version ordering: [1.0,1.0)", ""},
    {"", "[,]", NULL, "000"},
    {"  ", "[,]", NULL, "000"},
    {"1.0]", NULL, "Only fully-qualified sets allowed in multiple set scenario: [1.0]]", ""},
    {"[1,2],[1.5,3]", NULL, "Ranges overlap: [1,2],[1.5,3]", ""},
    {"(,)", "(,)", NULL, "111"},
    {"[,]", "[,]", NULL, "111"},
    {"1,2", "[1,2]", NULL, "010"},
    {"[1.0,2.0],", "[1.0,2.0]", NULL, "010"},
    {"0.1.0", "[0.1.0,0.1.0]", NULL, "100"},
    {"4.1.0", "[4.1.0,4.1.0]", NULL, "001"},
    {" 4.1.0 ", "[4.1.0,4.1.0]", NULL, "001"},
    {"[1,2] x", NULL, "Only fully-qualified sets allowed in multiple set scenario: [1,2] x", ""},
    {"[ 1.0 , 2.0 )", "[1.0,2.0)", NULL, "010"},
    {"[1,2,3]", "[1,2,3]", NULL, "010"},
    {"[1.0 ]", "[1.0,1.0]", NULL, "010"},
    {"[]", "[,]", NULL, "000"},
    {"()", NULL, "Single version must be surrounded by []: ()", ""},
    {"[1", NULL, "Unbounded range: [1", ""},
    {"(1,2", NULL, "Unbounded range: (1,2", ""},
    {"[a,b]", "[a,b]", NULL, "000"},
};

START_TEST(ranges_as_java_reads_them)
{
    static const char *const versions[] = {"0.1.0", "1.0", "4.1.0"};
    struct kc_version_range *range = NULL;
    struct kc_error *err = kc_version_range_parse(ranges[_i].text, &range);
    if (ranges[_i].error) {
        ck_assert_ptr_null(range);
        ck_assert_str_eq(kc_error_text(err), ranges[_i].error);
        kc_error_destroy(err);
        return;
    }
    ck_assert_ptr_null(err);
    char *printed = kc_version_range_print(range);
    ck_assert_str_eq(printed, ranges[_i].printed);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(kc_version_range_contains(range, versions[i]),
                         ranges[_i].contains[i] == '1');
    free(printed);
    kc_version_range_destroy(range);
}
END_TEST

START_TEST(no_range_takes_every_version)
{
    struct kc_version_range *range = NULL;
    ck_assert_ptr_null(kc_version_range_parse(NULL, &range));
    ck_assert_ptr_null(range);
    ck_assert_ptr_null(kc_version_range_parse("latest", &range));
    ck_assert_ptr_null(range);
}
END_TEST

static const char *const versions[] = {"1",
                                       "1.0",
                                       "1.0.0",
                                       "1.1",
                                       "1.0-alpha",
                                       "1-alpha-1",
                                       "1-a1",
                                       "1-beta",
                                       "1-b2",
                                       "1-milestone",
                                       "1-m3",
                                       "1-rc",
                                       "1-cr",
                                       "1-snapshot",
                                       "1-SNAPSHOT",
                                       "1-final",
                                       "1-ga",
                                       "1-sp",
                                       "1-sp1",
                                       "1-foo",
                                       "1-1",
                                       "1.foo",
                                       "1.0.1",
                                       "2",
                                       "10",
                                       "1.10",
                                       "1.9",
                                       "01.1",
                                       "x",
                                       "abc",
                                       "1a",
                                       "1-2.3",
                                       "1.0-1",
                                       "1..1",
                                       "1.-1",
                                       "0.1.0",
                                       "4.1.0-ccs",
                                       "4.1.0",
                                       "7.9.0-ccs",
                                       "1.0.RC2",
                                       "1.0.Final",
                                       "1.0.0.Final",
                                       "",
                                       "99999999999999999999",
                                       "1-99999999999"};
/* A row for each version: how it compares to each. */
static const char *const order[] = {
    "===<>>>>>>>>>>>==<<<<<<<<<<<>><<<<<><<<>==><<",
    "===<>>>>>>>>>>>==<<<<<<<<<<<>><<<<<><<<>==><<",
    "===<>>>>>>>>>>>==<<<<<<<<<<<>><<<<<><<<>==><<",
    ">>>=>>>>>>>>>>>>>>>>>>><<<<=>>>>>>>><<<>>>><>",
    "<<<<=<<<<<<<<<<<<<<<<<<<<<<<>><<<<<><<<<<<><<",
    "<<<<>==<<<<<<<<<<<<<<<<<<<<<>><<<<<><<<<<<><<",
    "<<<<>==<<<<<<<<<<<<<<<<<<<<<>><<<<<><<<<<<><<",
    "<<<<>>>=<<<<<<<<<<<<<<<<<<<<>><<<<<><<<<<<><<",
    "<<<<>>>>=<<<<<<<<<<<<<<<<<<<>><<<<<><<<<<<><<",
    "<<<<>>>>>=<<<<<<<<<<<<<<<<<<>><<<<<><<<<<<><<",
    "<<<<>>>>>>=<<<<<<<<<<<<<<<<<>><<<<<><<<<<<><<",
    "<<<<>>>>>>>==<<<<<<<<<<<<<<<>><<<<<><<<<<<><<",
    "<<<<>>>>>>>==<<<<<<<<<<<<<<<>><<<<<><<<<<<><<",
    "<<<<>>>>>>>>>==<<<<<<<<<<<<<>><<<<<><<<><<><<",
    "<<<<>>>>>>>>>==<<<<<<<<<<<<<>><<<<<><<<><<><<",
    "===<>>>>>>>>>>>==<<<<<<<<<<<>><<<<<><<<>==><<",
    "===<>>>>>>>>>>>==<<<<<<<<<<<>><<<<<><<<>==><<",
    ">>><>>>>>>>>>>>>>=<<<<<<<<<<>><<<<<><<<>>>><<",
    ">>><>>>>>>>>>>>>>>=<<<<<<<<<>><<<<<><<<>>>><<",
    ">>><>>>>>>>>>>>>>>>=<=<<<<<<>>><<<<><<<>>>><<",
    ">>><>>>>>>>>>>>>>>>>=><<<<<<>>><=<=><<<>>>><<",
    ">>><>>>>>>>>>>>>>>>=<=<<<<<<>>><<<<><<<>>>><<",
    ">>><>>>>>>>>>>>>>>>>>>=<<<<<>>>>>=>><<<>>>><>",
    ">>>>>>>>>>>>>>>>>>>>>>>=<>>>>>>>>>>><<<>>>><>",
    ">>>>>>>>>>>>>>>>>>>>>>>>=>>>>>>>>>>>>>>>>>><>",
    ">>>>>>>>>>>>>>>>>>>>>>><<=>>>>>>>>>><<<>>>><>",
    ">>>>>>>>>>>>>>>>>>>>>>><<<=>>>>>>>>><<<>>>><>",
    ">>>=>>>>>>>>>>>>>>>>>>><<<<=>>>>>>>><<<>>>><>",
    "<<<<<<<<<<<<<<<<<<<<<<<<<<<<=><<<<<<<<<<<<><<",
    "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<=<<<<<<<<<<<<><<",
    ">>><>>>>>>>>>>>>>>><<<<<<<<<>>=<<<<><<<>>>><<",
    ">>><>>>>>>>>>>>>>>>>>><<<<<<>>>=><>><<<>>>><<",
    ">>><>>>>>>>>>>>>>>>>=><<<<<<>>><=<=><<<>>>><<",
    ">>><>>>>>>>>>>>>>>>>>>=<<<<<>>>>>=>><<<>>>><>",
    ">>><>>>>>>>>>>>>>>>>=><<<<<<>>><=<=><<<>>>><<",
    "<<<<<<<<<<<<<<<<<<<<<<<<<<<<>><<<<<=<<<<<<><<",
    ">>>>>>>>>>>>>>>>>>>>>>>><>>>>>>>>>>>=><>>>><>",
    ">>>>>>>>>>>>>>>>>>>>>>>><>>>>>>>>>>><=<>>>><>",
    ">>>>>>>>>>>>>>>>>>>>>>>><>>>>>>>>>>>>>=>>>><>",
    "<<<<>>>>>>>>><<<<<<<<<<<<<<<>><<<<<><<<=<<><<",
    "===<>>>>>>>>>>>==<<<<<<<<<<<>><<<<<><<<>==><<",
    "===<>>>>>>>>>>>==<<<<<<<<<<<>><<<<<><<<>==><<",
    "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<=<<",
    ">>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>=>",
    ">>><>>>>>>>>>>>>>>>>>><<<<<<>>>>><>><<<>>>><=",
};

START_TEST(versions_in_mavens_order)
{
    for (size_t j = 0; j < sizeof(versions) / sizeof(versions[0]); j++) {
        int found = kc_version_compare(versions[_i], versions[j]);
        char sign = found < 0 ? '<' : found > 0 ? '>' : '=';
        ck_assert_msg(sign == order[_i][j], "'%s' %c '%s', not %c", versions[_i], order[_i][j],
                      versions[j], sign);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("version_range");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, ranges_as_java_reads_them, 0, sizeof(ranges) / sizeof(ranges[0]));
    tcase_add_test(tests, no_range_takes_every_version);
    tcase_add_loop_test(tests, versions_in_mavens_order, 0, sizeof(versions) / sizeof(versions[0]));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
