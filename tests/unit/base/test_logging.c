/* SPDX-License-Identifier: Apache-2.0 */
/* Levels by dotted name, line formats, and lines that can't be forged. */
#include "base/logging.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kc_logger leaf = KC_LOGGER("org.apache.kafka.connect.runtime.Worker");
static struct kc_logger other = KC_LOGGER("org.isthmus.other");

static char *logged(enum kc_log_format format, void (*write_lines)(void))
{
    FILE *file = tmpfile();
    kc_logging_init(format, fileno(file));
    write_lines();
    char *text = kc_calloc(1, 4096);
    rewind(file);
    size_t len = fread(text, 1, 4095, file);
    text[len] = '\0';
    fclose(file);
    kc_logging_init(KC_LOG_TEXT, STDERR_FILENO);
    return text;
}

START_TEST(the_longest_prefix_decides)
{
    struct kc_strings affected = {0};
    ck_assert(kc_log_enabled(&leaf, KC_LOG_INFO));
    ck_assert(!kc_log_enabled(&leaf, KC_LOG_DEBUG));
    kc_logging_set_level("org.apache.kafka.connect", KC_LOG_DEBUG, &affected);
    ck_assert(kc_log_enabled(&leaf, KC_LOG_DEBUG));
    ck_assert(!kc_log_enabled(&other, KC_LOG_DEBUG));
    ck_assert(kc_strings_contain(&affected, "org.apache.kafka.connect"));
    ck_assert(kc_strings_contain(&affected, "org.apache.kafka.connect.runtime.Worker"));
    ck_assert(!kc_strings_contain(&affected, "org.isthmus.other"));
    kc_logging_set_level("org.apache.kafka.connect.runtime.Worker", KC_LOG_OFF, NULL);
    ck_assert(!kc_log_enabled(&leaf, KC_LOG_FATAL));
    kc_logging_set_level("root", KC_LOG_TRACE, NULL);
    ck_assert(kc_log_enabled(&leaf, KC_LOG_TRACE));
    ck_assert(kc_log_enabled(&other, KC_LOG_TRACE));
    kc_strings_destroy(&affected);
}
END_TEST

START_TEST(names_beneath_are_whole_words)
{
    kc_log_enabled(&other, KC_LOG_INFO);
    kc_logging_set_level("org.isth", KC_LOG_OFF, NULL);
    ck_assert(kc_log_enabled(&other, KC_LOG_INFO));
}
END_TEST

START_TEST(settings_are_what_was_set)
{
    struct kc_log_setting *settings;
    enum kc_log_level level;
    int64_t modified;
    ck_assert(!kc_logging_setting("no.such.logger", &level, &modified));
    kc_logging_set_level("a.b", KC_LOG_WARN, NULL);
    ck_assert(kc_logging_setting("a.b", &level, &modified));
    ck_assert_int_eq(level, KC_LOG_WARN);
    ck_assert_int_gt(modified, 0);
    size_t count = kc_logging_settings(&settings);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(settings[0].name, "a.b");
    ck_assert_str_eq(settings[1].name, "root");
    ck_assert_int_eq(settings[1].last_modified_ms, -1);
    kc_log_settings_destroy(settings, count);
}
END_TEST

START_TEST(levels_of_the_start_are_no_changes)
{
    struct kc_log_setting *settings;
    ck_assert(kc_log_enabled(&leaf, KC_LOG_INFO));
    kc_logging_set_initial("root", KC_LOG_WARN);
    kc_logging_set_initial("org.isthmus", KC_LOG_DEBUG);
    ck_assert(!kc_log_enabled(&leaf, KC_LOG_INFO));
    ck_assert(kc_log_enabled(&other, KC_LOG_DEBUG));
    size_t count = kc_logging_settings(&settings);
    ck_assert_uint_eq(count, 2);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(settings[i].last_modified_ms, -1);
    kc_log_settings_destroy(settings, count);
}
END_TEST

static void write_two(void)
{
    kc_log_set_context("[mm|task-0] ");
    kc_log_write(&other, KC_LOG_WARN, "quote \" and \x01 %d", 7);
    kc_log_set_context(NULL);
}

START_TEST(text_and_json_lines)
{
    char *text = logged(KC_LOG_TEXT, write_two);
    ck_assert_ptr_nonnull(
        strstr(text, "WARN [mm|task-0] quote \" and \\u0001 7 (org.isthmus.other)\n"));
    free(text);
    text = logged(KC_LOG_JSON, write_two);
    json_t *line = json_loads(text, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(line, "message")), "quote \" and \\u0001 7");
    ck_assert_str_eq(json_string_value(json_object_get(line, "context")), "[mm|task-0] ");
    json_decref(line);
    free(text);
}
END_TEST

static void write_forged(void)
{
    kc_log_set_context("[x\n[2026-01-01 00:00:00,000] ERROR forged|task-0] ");
    kc_log_write(&other, KC_LOG_WARN, "a scope 'x\n[2026-01-01 00:00:00,000] ERROR disk\r\n(r)' %s",
                 "\x1b[2J \x7f \xc2\x9b \xe2\x80\xa8 \xc3\xa9 \t tab\n\n");
    kc_log_set_context(NULL);
}

/* What comes from outside is one line, and no command to a terminal. */
START_TEST(lines_cant_be_forged)
{
    char *text = logged(KC_LOG_TEXT, write_forged);
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
    ck_assert_ptr_null(strpbrk(text, "\x1b\x7f\r"));
    ck_assert_ptr_nonnull(strstr(text,
                                 "a scope 'x\\n[2026-01-01 00:00:00,000] ERROR disk\\r\\n(r)' "
                                 "\\u001b[2J \\u007f \\u009b \\u2028 \xc3\xa9 \t tab (org"));
    free(text);
    text = logged(KC_LOG_JSON, write_forged);
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}
END_TEST

static void write_list(void)
{
    struct kc_strings items = {0};
    kc_strings_add(&items, "a = b");
    kc_strings_add(&items, "c = d\ne");
    kc_log_write_list(&other, KC_LOG_INFO, "values:", &items);
    kc_strings_destroy(&items);
}

START_TEST(lists_have_a_line_for_each)
{
    char *text = logged(KC_LOG_TEXT, write_list);
    ck_assert_ptr_nonnull(strstr(text, "INFO values:\n\ta = b\n\tc = d\\ne (org"));
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("logging");
    TCase *tcase = tcase_create("logging");
    tcase_add_test(tcase, the_longest_prefix_decides);
    tcase_add_test(tcase, names_beneath_are_whole_words);
    tcase_add_test(tcase, settings_are_what_was_set);
    tcase_add_test(tcase, levels_of_the_start_are_no_changes);
    tcase_add_test(tcase, text_and_json_lines);
    tcase_add_test(tcase, lines_cant_be_forged);
    tcase_add_test(tcase, lists_have_a_line_for_each);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
