/* SPDX-License-Identifier: Apache-2.0 */
/* What people hand in: manifests as YAML, configurations as properties and JSON. */
#include "cli/cli_input_priv.h"
#include "cli/cli_print_priv.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

static void assert_yaml(const char *text, const char *wanted)
{
    json_t *got = NULL, *want = json_loads(wanted, JSON_DECODE_ANY, NULL);
    struct kc_error *err = cli_yaml_parse(text, "wave.yaml", &got);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    char *shown = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
    ck_assert_msg(json_equal(got, want), "%s", shown);
    free(shown);
    json_decref(got);
    json_decref(want);
}

static void assert_refused(const char *text, const char *why)
{
    json_t *got = NULL;
    struct kc_error *err = cli_yaml_parse(text, "wave.yaml", &got);
    ck_assert_msg(err != NULL, "no error for %s", text);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_BAD_REQUEST);
    ck_assert_msg(strstr(kc_error_text(err), why) != NULL, "%s", kc_error_text(err));
    kc_error_destroy(err);
    ck_assert_ptr_null(got);
}

START_TEST(manifests_are_read)
{
    assert_yaml("# the first wave\n"
                "---\n"
                "wave_name: first   # small ones\n"
                "max_pause_ms: 1000\n"
                "force: false\n"
                "batches:\n"
                "  - topics:\n"
                "      - orders\n"
                "      - \"a#b: c\"\n"
                "    groups: [billing, 'it''s', \"x, y\"]\n"
                "\n"
                "  -\n"
                "    topics: []\n"
                "    groups:\n"
                "    - one\n",
                "{\"wave_name\":\"first\",\"max_pause_ms\":1000,\"force\":false,\"batches\":[{"
                "\"topics\":[\"orders\",\"a#b: c\"],\"groups\":[\"billing\",\"it's\",\"x, y\"]},"
                "{\"topics\":[],\"groups\":[\"one\"]}]}");
    assert_yaml("a: 1.5\nb: ~\nc:\nd: 07x\n",
                "{\"a\":\"1.5\",\"b\":null,\"c\":null,\"d\":\"07x\"}");
    assert_yaml("- a\n- - b\n  - c\n", "[\"a\",[\"b\",\"c\"]]");
    assert_yaml("url: http://x:1/y\r\n", "{\"url\":\"http://x:1/y\"}");
    assert_yaml("", "null");
}
END_TEST

START_TEST(what_would_be_misread_is_refused)
{
    assert_refused("a: &x 1\n", "wave.yaml:1: anchors");
    assert_refused("a: |\n  text\n", "wave.yaml:1: anchors");
    assert_refused("a: {b: c}\n", "as JSON");
    assert_refused("a: 1\na: 2\n", "wave.yaml:2: the key stands here twice");
    assert_refused("a: [1,\n", "must end with ]");
    assert_refused("a: [1,,2]\n", "is empty");
    assert_refused("a: \"x\n", "double quotes");
    assert_refused("a: 'x\n", "isn't closed");
    assert_refused("a:\n\t- x\n", "not by tabs");
    assert_refused("a:\n    b: 1\n  c: 2\n", "wave.yaml:3: ");
    assert_refused("  a: 1\nb: 2\n", "wave.yaml:2: it is indented less");
    assert_refused("a: 1\n   b: 2\n", "wave.yaml:2: it is indented deeper");
    assert_refused("only words\n", "'key: value'");
    assert_refused("a: 1\n- b\n", "wave.yaml:2: 'key: value'");
    char deep[400] = "";
    for (int i = 0; i < 100; i++)
        strcat(deep, "- ");
    assert_refused(strcat(deep, "x\n"), "too deep");
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
    const char *text =
        "{\"wave_name\":\"yes\",\"batches\":[{\"topics\":[\"a\",\"1\",\"b: c\",\"- d\"],"
        "\"groups\":[]},{\"topics\":[],\"groups\":[\"gr\\u00fc\\u00df # e\"]}],"
        "\"max_pause_ms\":0}";
    struct kc_str yaml = {0};
    json_t *json = json_loads(text, 0, NULL);
    cli_yaml_write(&yaml, json);
    assert_yaml(yaml.data, text);
    kc_str_destroy(&yaml);
    json_decref(json);
}
END_TEST

/* ---- configurations ---- */

static char *write_file(const char *text)
{
    char *path = kc_strdup("/tmp/test_cli_inputXXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static void assert_config(const char *text, const char *set, const char *wanted)
{
    struct cli cli = {0};
    struct kc_map *config = NULL;
    char *path = write_file(text);
    if (set)
        kc_strings_add(&cli.flags[CLI_SET], set);
    struct kc_error *err = cli_read_config(&cli, path, &config, NULL);
    char *shown = err ? kc_strdup(kc_error_text(err)) : kc_map_print(config);
    ck_assert_msg(strstr(shown, wanted) != NULL, "%s", shown);
    ck_assert(!err || kc_error_code(err) == KC_ERR_BAD_REQUEST);
    kc_error_destroy(err);
    kc_map_destroy(config);
    kc_strings_destroy(&cli.flags[CLI_SET]);
    unlink(path);
    free(shown);
    free(path);
}

START_TEST(configurations_are_properties_or_json)
{
    assert_config("a = 1\nb=two\n", "b=three=3", "{a=1, b=three=3}");
    assert_config("{\"name\":\"n\",\"config\":{\"a\":1,\"b\":true,\"c\":null}}", NULL,
                  "{a=1, b=true, c=null, name=n}");
    assert_config("{\"a\":\"x\"}", "b=", "{a=x, b=}");
    assert_config("{\"a\":[1]}", NULL, "the value of 'a' isn't a text");
    assert_config("[1]", NULL, "a configuration is an object");
    assert_config("{\"a\":", NULL, "line 1");
    assert_config("a=1\n", "=b", "--set needs KEY=VALUE, not '=b'");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_input");
    TCase *tcase = tcase_create("input");
    SRunner *runner = srunner_create(suite);
    tcase_add_test(tcase, manifests_are_read);
    tcase_add_test(tcase, what_would_be_misread_is_refused);
    tcase_add_test(tcase, what_is_written_is_read_again);
    tcase_add_test(tcase, configurations_are_properties_or_json);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
