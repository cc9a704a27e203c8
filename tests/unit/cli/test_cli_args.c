/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a command line: flags anywhere, arguments by the command's row, slips named. */
#include "cli/cli_priv.h"

#include <check.h>
#include <string.h>

static const struct cli_command commands[] = {
    {"describe", "NAME", 0, NULL, "Shows it.", NULL},
    {"delete", "NAME...", CLI_BIT(CLI_YES), NULL, "Deletes them.", NULL},
    {"create", "NAME [FILE]", CLI_BIT(CLI_SET) | CLI_BIT(CLI_DRY_RUN), NULL, "Creates it.",
     "  isthmus thing create x\n"},
    {"parts list", "", 0, NULL, "Lists its parts.", NULL},
    {0},
};
static const struct cli_noun things = {"thing", "Things.", commands};

/* words: separated by blanks. The error's text; "" : none. */
static char *parse(struct cli *cli, const char *words)
{
    char *text = kc_strdup(words), *argv[32], *rest = NULL;
    int argc = 0;
    *cli = (struct cli){.noun = &things};
    argv[argc++] = (char *)"thing";
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    struct kc_error *err = cli_parse(cli, argc, argv);
    char *why = kc_strdup(err ? kc_error_text(err) : "");
    if (err)
        ck_assert_int_eq(kc_error_code(err), KC_ERR_BAD_REQUEST);
    kc_error_destroy(err);
    free(text);
    return why;
}

static void clear(struct cli *cli)
{
    kc_strings_destroy(&cli->arguments);
    for (int id = 0; id < CLI_FLAGS; id++)
        kc_strings_destroy(&cli->flags[id]);
}

static void assert_refused(const char *words, const char *why)
{
    struct cli cli;
    char *text = parse(&cli, words);
    ck_assert_str_eq(text, why);
    free(text);
    clear(&cli);
}

START_TEST(flags_stand_anywhere)
{
    struct cli cli;
    char *why = parse(&cli, "-o json create --url=http://a:1 x --set a=b f --set=c=d --dry-run");
    ck_assert_str_eq(why, "");
    ck_assert_str_eq(cli.command->verb, "create");
    ck_assert_str_eq(cli_argument(&cli, 0), "x");
    ck_assert_str_eq(cli_argument(&cli, 1), "f");
    ck_assert_ptr_null(cli_argument(&cli, 2));
    ck_assert_str_eq(cli_value(&cli, CLI_OUTPUT), "json");
    ck_assert_str_eq(cli_value(&cli, CLI_URL), "http://a:1");
    ck_assert_uint_eq(cli.flags[CLI_SET].count, 2);
    ck_assert_str_eq(cli.flags[CLI_SET].items[1], "c=d");
    ck_assert(cli_has(&cli, CLI_DRY_RUN) && !cli_has(&cli, CLI_YES));
    free(why);
    clear(&cli);
}
END_TEST

START_TEST(a_value_may_stick_to_a_brief_flag_and_two_dashes_end_flags)
{
    struct cli cli;
    char *why = parse(&cli, "delete -oyaml -y a -- --odd -");
    ck_assert_str_eq(why, "");
    ck_assert_str_eq(cli_value(&cli, CLI_OUTPUT), "yaml");
    ck_assert_uint_eq(cli.arguments.count, 3);
    ck_assert_str_eq(cli_argument(&cli, 1), "--odd");
    ck_assert_str_eq(cli_argument(&cli, 2), "-");
    free(why);
    clear(&cli);
}
END_TEST

START_TEST(a_slip_is_named_with_what_is_nearest)
{
    assert_refused("descirbe x", "there is no command 'thing descirbe'. Do you mean "
                                 "'thing describe'? See isthmus thing --help");
    assert_refused("desc x", "there is no command 'thing desc'. Do you mean 'thing describe'? See "
                             "isthmus thing --help");
    assert_refused("quux", "there is no command 'thing quux'. See isthmus thing --help");
    assert_refused("create x --dry-rum", "there is no flag '--dry-rum'. Do you mean '--dry-run'? "
                                         "See isthmus thing create --help");
    assert_refused("create x --ouptut=json", "there is no flag '--ouptut'. Do you mean "
                                             "'--output'? See isthmus thing create --help");
    /* What flags have in common, the dashes, makes none of them near. */
    assert_refused("create x --pattern y",
                   "there is no flag '--pattern'. See isthmus thing create --help");
    /* Known, but not of this command. */
    assert_refused("describe x --dry-run",
                   "there is no flag '--dry-run'. See isthmus thing describe --help");
}
END_TEST

START_TEST(a_verb_may_have_two_words)
{
    struct cli cli;
    char *why = parse(&cli, "parts -o json list");
    ck_assert_str_eq(why, "");
    ck_assert_str_eq(cli.command->verb, "parts list");
    free(why);
    clear(&cli);
    assert_refused("parts lst", "there is no command 'thing parts lst'. Do you mean 'thing parts "
                                "list'? See isthmus thing --help");
    assert_refused("parts", "what shall be done? See isthmus thing --help");
}
END_TEST

START_TEST(what_is_missing_or_too_much_is_said)
{
    assert_refused("", "what shall be done? See isthmus thing --help");
    assert_refused("describe", "something is missing. Usage: isthmus thing describe NAME (more: "
                               "isthmus thing describe --help)");
    assert_refused("create a b c", "'c' is too much. Usage: isthmus thing create NAME [FILE] "
                                   "(more: isthmus thing create --help)");
    assert_refused("delete", "something is missing. Usage: isthmus thing delete NAME... (more: "
                             "isthmus thing delete --help)");
    assert_refused("create x --set", "--set needs a value: --set KEY=VALUE");
    assert_refused("delete x --yes=no", "--yes takes no value, but 'no' was given");
}
END_TEST

START_TEST(help_needs_nothing_else)
{
    struct cli cli;
    char *why = parse(&cli, "create --help"), *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    ck_assert_str_eq(why, "");
    cli_help(out, cli.noun, cli.command);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "isthmus thing create NAME [FILE] [FLAG...]"));
    ck_assert_ptr_nonnull(strstr(text, "  isthmus thing create x\n"));
    ck_assert_ptr_nonnull(strstr(text, "-s, --set KEY=VALUE"));
    ck_assert_ptr_nonnull(strstr(text, "--url URL"));
    ck_assert_ptr_null(strstr(text, "--watch"));
    free(text);
    free(why);
    clear(&cli);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_args");
    TCase *tcase = tcase_create("args");
    SRunner *runner = srunner_create(suite);
    tcase_add_test(tcase, flags_stand_anywhere);
    tcase_add_test(tcase, a_value_may_stick_to_a_brief_flag_and_two_dashes_end_flags);
    tcase_add_test(tcase, a_slip_is_named_with_what_is_nearest);
    tcase_add_test(tcase, a_verb_may_have_two_words);
    tcase_add_test(tcase, what_is_missing_or_too_much_is_said);
    tcase_add_test(tcase, help_needs_nothing_else);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
