/* SPDX-License-Identifier: Apache-2.0 */
/* JAAS lines as Java's JaasConfig reads them. */
#include "security/jaas_login.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(lines_are_read_as_java_does)
{
    static const char line[] = "a.b.Module required // a comment\n user=\"x\\\"y\\101\" /* and "
                               "another */ pass = 'p;=' n=5 ;";
    struct kc_jaas jaas;
    ck_assert_ptr_null(kc_jaas_parse(line, &jaas));
    ck_assert_str_eq(jaas.module, "a.b.Module");
    ck_assert(kc_jaas_is(&jaas, "Module"));
    ck_assert(!kc_jaas_is(&jaas, "b.Module"));
    ck_assert_str_eq(kc_map_get(jaas.options, "user"), "x\"yA");
    ck_assert_str_eq(kc_map_get(jaas.options, "pass"), "p;=");
    ck_assert_str_eq(kc_map_get(jaas.options, "n"), "5");
    kc_jaas_clear(&jaas);
}
END_TEST

static const char *const wrong[] = {
    "",
    "a.b.Module",
    "a.b.Module maybe secret=1;",
    "a.b.Module required secret=1",
    "a.b.Module required secret;",
    "a.b.Module required secret=;",
    "a.b.Module required secret=\"1;",
    "a.b.Module required secret=\"1\n2\";",
    "a.b.Module required secret=1; c.d.Module required secret=2;",
};

START_TEST(wrong_lines_are_refused_without_a_secret)
{
    struct kc_jaas jaas;
    struct kc_error *err = kc_jaas_parse(wrong[_i], &jaas);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "sasl.jaas.config"));
    ck_assert_ptr_null(strstr(kc_error_text(err), "secret"));
    ck_assert_ptr_null(jaas.options);
    kc_error_destroy(err);
}
END_TEST

START_TEST(options_of_a_client)
{
    struct kc_map *settings = kc_map_new();
    struct kc_map *options;
    struct kc_error *err = kc_jaas_options(settings, &options);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_null(options);
    kc_error_destroy(err);
    kc_map_set(settings, "sasl.jaas.config", "m.M required a=b;");
    ck_assert_ptr_null(kc_jaas_options(settings, &options));
    ck_assert_str_eq(kc_map_get(options, "a"), "b");
    kc_map_destroy(options);
    kc_map_destroy(settings);
}
END_TEST

START_TEST(entries_of_a_file)
{
    static const char file[] = "// Kafka { x };\n"
                               "Other{ a.A required x=\"}\"; b.B optional; };\n"
                               "KafkaConnect {\n c.C required file=\"/f{1}\";\n};\n";
    struct kc_jaas jaas;
    ck_assert_ptr_null(kc_jaas_entry(file, "KafkaConnect", &jaas));
    ck_assert_str_eq(jaas.module, "c.C");
    ck_assert_str_eq(kc_map_get(jaas.options, "file"), "/f{1}");
    kc_jaas_clear(&jaas);
    ck_assert_ptr_null(kc_jaas_entry(file, "Other", &jaas));
    ck_assert_str_eq(jaas.module, "a.A");
    kc_jaas_clear(&jaas);
}
END_TEST

static const char *const broken_files[] = {
    "",
    "KafkaConnect",
    "KafkaConnect {",
    "KafkaConnect { a.A required x=1; }",
    "KafkaConnect { a.A required x=1 };",
    "KafkaConnect { };",
    "KafkaConnectX { a.A required x=1; };",
    "} KafkaConnect { a.A required x=1; };",
};

START_TEST(broken_files_are_refused)
{
    struct kc_jaas jaas;
    struct kc_error *err = kc_jaas_entry(broken_files[_i], "KafkaConnect", &jaas);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_null(jaas.module);
    kc_error_destroy(err);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jaas");
    TCase *cases = tcase_create("jaas");
    tcase_add_test(cases, lines_are_read_as_java_does);
    tcase_add_loop_test(cases, wrong_lines_are_refused_without_a_secret, 0,
                        sizeof(wrong) / sizeof(*wrong));
    tcase_add_test(cases, options_of_a_client);
    tcase_add_test(cases, entries_of_a_file);
    tcase_add_loop_test(cases, broken_files_are_refused, 0,
                        sizeof(broken_files) / sizeof(*broken_files));
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
