/* SPDX-License-Identifier: Apache-2.0 */
/* JSON for people: numbers, tables that fit, YAML, and texts that can't move the cursor. */
#include "cli/cli_print_priv.h"

#include <check.h>
#include <string.h>

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(json);
    return json;
}

static void assert_format(const char *json, enum cli_format format, const char *wanted)
{
    struct kc_str out = {0};
    json_t *value = parse(json);
    cli_format(&out, value, format);
    ck_assert_str_eq(out.data, wanted);
    json_decref(value);
    kc_str_destroy(&out);
}

START_TEST(values_are_for_people)
{
    assert_format("1234567", CLI_AS_NUMBER, "1,234,567");
    assert_format("-1234", CLI_AS_NUMBER, "-1,234");
    assert_format("999", CLI_AS_NUMBER, "999");
    assert_format("1023", CLI_AS_BYTES, "1023 B");
    assert_format("1536", CLI_AS_BYTES, "1.5 KiB");
    assert_format("1288490188", CLI_AS_BYTES, "1.2 GiB");
    assert_format("2097152", CLI_AS_RATE, "2.0 MiB/s");
    assert_format("-1", CLI_AS_BYTES, "-");
    assert_format("350", CLI_AS_DURATION, "350 ms");
    assert_format("2500", CLI_AS_DURATION, "2.5 s");
    assert_format("200000", CLI_AS_DURATION, "3m 20s");
    assert_format("7260000", CLI_AS_DURATION, "2h 01m");
    assert_format("180000000", CLI_AS_DURATION, "2d 02h");
    assert_format("-1", CLI_AS_DURATION, "-");
    assert_format("1700000000123", CLI_AS_TIME, "2023-11-14 22:13:20Z");
    assert_format("0.123", CLI_AS_PERCENT, "12.3%");
    assert_format("{\"LINKING\":1200,\"PAUSED\":0,\"FAILED\":1}", CLI_AS_COUNTS,
                  "1,200 LINKING, 1 FAILED");
    assert_format("{}", CLI_AS_COUNTS, "-");
    assert_format("[\"a\",2]", CLI_AS_LIST, "a, 2");
    assert_format("null", CLI_AS_TEXT, "-");
    assert_format("{\"a\":1}", CLI_AS_TEXT, "{\"a\":1}");
    assert_format("\"text\"", CLI_AS_NUMBER, "text");
}
END_TEST

START_TEST(texts_of_others_dont_move_the_cursor)
{
    assert_format("\"a\\u001b[31mred\\u0007\"", CLI_AS_TEXT, "a?[31mred?");
    assert_format("\"line\\nand\\ttab\"", CLI_AS_TEXT, "line and tab");
    assert_format("\"\\u009b2J\"", CLI_AS_TEXT, "?2J");
    assert_format("\"gr\\u00fc\\u00df\"", CLI_AS_TEXT, "gr\303\274\303\237");
}
END_TEST

/* What a command prints into. */
struct printed {
    struct cli cli;
    char *text;
    size_t len;
};

static void begin(struct printed *printed, const char *output)
{
    *printed = (struct printed){0};
    printed->cli.out = open_memstream(&printed->text, &printed->len);
    if (output)
        kc_strings_add(&printed->cli.flags[CLI_OUTPUT], output);
}

static void assert_printed(struct printed *printed, const char *wanted)
{
    fclose(printed->cli.out);
    ck_assert_str_eq(printed->text, wanted);
    kc_strings_destroy(&printed->cli.flags[CLI_OUTPUT]);
    free(printed->text);
}

static const struct cli_column columns[] = {{"NAME", "name", CLI_AS_TEXT},
                                            {"STATE", "inner.state", CLI_AS_STATE},
                                            {"LAG", "lag", CLI_AS_NUMBER}};
static const char *const rows =
    "[{\"name\":\"orders\",\"inner\":{\"state\":\"RUNNING\"},\"lag\":12345},"
    "{\"name\":\"a-topic-with-a-long-name\",\"lag\":null}]";

START_TEST(a_pipe_gets_plain_columns)
{
    struct printed printed;
    json_t *json = parse(rows);
    begin(&printed, NULL);
    ck_assert_ptr_null(cli_print_list(&printed.cli, json, columns, CLI_COUNT(columns)));
    assert_printed(&printed, "NAME                      STATE       LAG\n"
                             "orders                    RUNNING  12,345\n"
                             "a-topic-with-a-long-name  -             -\n");
    json_decref(json);
}
END_TEST

START_TEST(a_terminal_gets_what_fits_in_colour)
{
    struct printed printed;
    json_t *json = parse(rows);
    begin(&printed, NULL);
    printed.cli.terminal = true;
    printed.cli.width = 30;
    ck_assert_ptr_null(cli_print_list(&printed.cli, json, columns, CLI_COUNT(columns)));
    assert_printed(&printed, "NAME           STATE       LAG\n"
                             "orders         \033[32mRUNNING\033[0m  12,345\n"
                             "a-topic-wi...  -             -\n");
    json_decref(json);
}
END_TEST

START_TEST(human_is_lines)
{
    struct printed printed;
    json_t *json = parse(rows);
    begin(&printed, NULL);
    ck_assert_ptr_null(cli_print_item(&printed.cli, json_array_get(json, 0), columns, 3));
    assert_printed(&printed, "NAME   orders\nSTATE  RUNNING\nLAG    12,345\n");
    begin(&printed, "human");
    ck_assert_ptr_null(cli_print_list(&printed.cli, json, columns, 1));
    assert_printed(&printed, "NAME  orders\n\nNAME  a-topic-with-a-long-name\n");
    json_decref(json);
}
END_TEST

START_TEST(json_and_yaml_are_everything)
{
    struct printed printed;
    json_t *json = parse("[{\"name\":\"a b\",\"more\":[1,{\"yes\":\"yes\"}],\"empty\":[]}]");
    begin(&printed, "json");
    ck_assert_ptr_null(cli_print_list(&printed.cli, json, columns, CLI_COUNT(columns)));
    json_t *again = NULL;
    fflush(printed.cli.out);
    again = parse(printed.text);
    ck_assert(json_equal(json, again));
    json_decref(again);
    fclose(printed.cli.out);
    free(printed.text);
    kc_strings_destroy(&printed.cli.flags[CLI_OUTPUT]);
    begin(&printed, "yaml");
    ck_assert_ptr_null(cli_print_list(&printed.cli, json, columns, CLI_COUNT(columns)));
    cli_say(&printed.cli, "Nobody reads this.");
    assert_printed(&printed, "- name: \"a b\"\n"
                             "  more:\n"
                             "    - 1\n"
                             "    - \"yes\": \"yes\"\n"
                             "  empty: []\n");
    json_decref(json);
}
END_TEST

START_TEST(another_format_is_refused)
{
    struct printed printed;
    enum cli_output output;
    begin(&printed, "jsn");
    struct kc_error *err = cli_output_take(&printed.cli, CLI_TABLE, &output);
    ck_assert_str_eq(kc_error_text(err), "--output jsn: one of table, json, yaml and human. Do you "
                                         "mean 'json'?");
    kc_error_destroy(err);
    assert_printed(&printed, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_print");
    TCase *tcase = tcase_create("print");
    SRunner *runner = srunner_create(suite);
    tcase_add_test(tcase, values_are_for_people);
    tcase_add_test(tcase, texts_of_others_dont_move_the_cursor);
    tcase_add_test(tcase, a_pipe_gets_plain_columns);
    tcase_add_test(tcase, a_terminal_gets_what_fits_in_colour);
    tcase_add_test(tcase, human_is_lines);
    tcase_add_test(tcase, json_and_yaml_are_everything);
    tcase_add_test(tcase, another_format_is_refused);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
