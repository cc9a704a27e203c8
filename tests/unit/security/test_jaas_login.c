/* SPDX-License-Identifier: Apache-2.0 */
/* Logins from JAAS files, and vendors' classes. */
#include "security/jaas_login.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/isthmus-jaas-XXXXXX";

static const char sections[] =
    "// Apache's own example, and more\n"
    "KafkaServer { org.apache.kafka.common.security.plain.PlainLoginModule required\n"
    "  username=\"broker\" password=\"x\"; };\n"
    "/* a client */\n"
    "\"KafkaClient\" {\n"
    "  org.apache.kafka.common.security.scram.ScramLoginModule required\n"
    "  username=\"al\\\"ice\" password='s;3}cret';\n"
    "  org.apache.kafka.common.security.plain.PlainLoginModule optional\n"
    "  username=bob password=\"p w\";\n"
    "};\n";

static void write_file(const char *text, const char *option)
{
    FILE *file = fopen(path, "w");
    char *options = kc_asprintf("-Xmx1g -Djava.security.auth.login.config=%s%s", option, path);

    ck_assert_int_eq(fputs(text, file) >= 0, 1);
    fclose(file);
    setenv("KAFKA_OPTS", options, 1);
    free(options);
}

static struct kc_error *options_for(const char *mechanism, const char *jaas,
                                    struct kc_map **options)
{
    struct kc_map *settings = kc_map_new();

    kc_map_set(settings, "security.protocol", "SASL_SSL");
    kc_map_set(settings, "sasl.mechanism", mechanism);
    if (jaas)
        kc_map_set(settings, "sasl.jaas.config", jaas);
    struct kc_error *err = kc_jaas_options(settings, options);
    kc_map_destroy(settings);
    return err;
}

START_TEST(the_module_that_fits_the_mechanism_is_taken)
{
    static const char *const cases[][4] = {
        {"SCRAM-SHA-512", "al\"ice", "s;3}cret", ""},
        {"PLAIN", "bob", "p w", "file://"},
        {"GSSAPI", "al\"ice", "s;3}cret", "="},
    };
    struct kc_map *options = NULL;
    struct kc_error *err;

    write_file(sections, cases[_i][3]);
    err = options_for(cases[_i][0], NULL, &options);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(kc_map_get(options, "username"), cases[_i][1]);
    ck_assert_str_eq(kc_map_get(options, "password"), cases[_i][2]);
    kc_map_destroy(options);
}
END_TEST

START_TEST(the_setting_wins_over_the_file)
{
    struct kc_map *options = NULL;

    write_file(sections, "");
    ck_assert_ptr_null(
        options_for("PLAIN", "x.Module required username=own password=p;", &options));
    ck_assert_str_eq(kc_map_get(options, "username"), "own");
    kc_map_destroy(options);
}
END_TEST

static void refused(const char *said)
{
    struct kc_map *options = NULL;
    struct kc_error *err = options_for("PLAIN", NULL, &options);

    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_msg(strstr(kc_error_text(err), said), "%s", kc_error_text(err));
    ck_assert_ptr_null(strstr(kc_error_text(err), "s3cret"));
    kc_error_destroy(err);
}

START_TEST(what_is_wrong_with_a_file_is_said)
{
    unsetenv("KAFKA_OPTS");
    refused("Could not find a 'KafkaClient' entry in the JAAS configuration. System property "
            "'java.security.auth.login.config' is not set");
    write_file("KafkaServer { x.Module required; };", "");
    refused("Could not find a 'KafkaClient' entry");
    refused(path);
    write_file("KafkaClient { x.Module required password=s3cret }", "");
    refused(path);
    setenv("KAFKA_OPTS", "-Djava.security.auth.login.config=/nowhere/jaas.conf", 1);
    refused("the JAAS file /nowhere/jaas.conf");
    refused("No such file");
}
END_TEST

START_TEST(vendors_classes_are_named_with_what_would_do)
{
    static const char *const cases[][3] = {
        {"OAuthBearerLoginModule", "com.google.cloud.hosted.kafka.auth.GcpLoginCallbackHandler",
         "Google"},
        {"OAuthBearerLoginModule",
         "io.strimzi.kafka.oauth.client.JaasClientOauthLoginCallbackHandler", "Strimzi"},
        {"OAuthBearerLoginModule", "com.microsoft.azure.x.CustomAuthenticateCallbackHandler",
         "$ConnectionString"},
        {"io.confluent.kafka.x.Module", NULL, "API key"},
    };
    struct kc_map *settings = kc_map_new();
    struct kc_jaas jaas = {.module = (char *)cases[_i][0]};
    struct kc_error *err;

    if (cases[_i][1])
        kc_map_set(settings, "sasl.login.callback.handler.class", cases[_i][1]);
    err = kc_jaas_vendor(settings, &jaas);
    ck_assert_ptr_nonnull(err);
    ck_assert_msg(strstr(kc_error_text(err), cases[_i][2]), "%s", kc_error_text(err));
    kc_error_destroy(err);
    if (cases[_i][1]) {
        kc_map_set(settings, "sasl.oauthbearer.token.endpoint.url", "https://h/t");
        ck_assert_ptr_null(kc_jaas_vendor(settings, &jaas));
    }
    kc_map_destroy(settings);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jaas_login");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    close(mkstemp(path));
    tcase_add_loop_test(tcase, the_module_that_fits_the_mechanism_is_taken, 0, 3);
    tcase_add_test(tcase, the_setting_wins_over_the_file);
    tcase_add_test(tcase, what_is_wrong_with_a_file_is_said);
    tcase_add_loop_test(tcase, vendors_classes_are_named_with_what_would_do, 0, 4);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    unlink(path);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
