/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of clients that don't get to their clusters. */
#include "wire/access.h"

#include "connect/log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct kc_access *make(const char *client)
{
    struct kc_map *settings = kc_map_new();

    kc_map_set(settings, "bootstrap.servers", "broker:9092");
    kc_map_set(settings, "security.protocol", "SASL_SSL");
    kc_map_set(settings, "sasl.mechanism", "SCRAM-SHA-512");
    kc_map_set(settings, "sasl.jaas.config", "x.Module required username=alice password=s3cret;");
    struct kc_access *access = kc_access_of(client, settings);
    kc_map_destroy(settings);
    return access;
}

static char *explain(const char *connector, int task)
{
    struct kc_strings troubles = {0};

    kc_access_explain(connector, task, &troubles);
    char *text = kc_strings_join(&troubles, "|");
    kc_strings_destroy(&troubles);
    return text;
}

START_TEST(a_trouble_names_cluster_mechanism_user_and_reason)
{
    kc_log_set_context("[mm|task-0] ");
    struct kc_access *access = make("consumer-1");
    kc_access_failed(access, "broker:9092", true, "Authentication failed: invalid credentials");
    char *text = explain("mm", 0);
    ck_assert_msg(strstr(text, "client consumer-1 can't use the cluster at broker:9092 (SASL_SSL, "
                               "SCRAM-SHA-512, user alice): broker:9092: Authentication failed: "
                               "invalid credentials; since "),
                  "%s", text);
    ck_assert_ptr_null(strstr(text, "s3cret"));
    free(text);
    text = explain("mm", 1);
    ck_assert_str_eq(text, "");
    free(text);
    text = explain("mm", -1);
    ck_assert_str_eq(text, "");
    free(text);
    kc_access_destroy(access);
    text = explain("mm", 0);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

START_TEST(a_trouble_ends_when_its_address_works)
{
    kc_log_set_context("[mm|worker] ");
    struct kc_access *access = make("admin-1");
    kc_access_failed(access, "a:1", false, "connection refused");
    kc_access_failed(access, "b:2", false, "connection refused");
    kc_access_ready(access, "a:1");
    char *text = explain("mm", -1);
    ck_assert_ptr_null(strstr(text, "a:1"));
    ck_assert_ptr_nonnull(strstr(text, "b:2: connection refused"));
    free(text);
    kc_access_ready(access, NULL);
    text = explain("mm", -1);
    ck_assert_str_eq(text, "");
    free(text);
    kc_access_destroy(access);
}
END_TEST

START_TEST(a_shared_clients_trouble_is_everybodys)
{
    kc_log_set_context("[first|worker] ");
    struct kc_access *access = make("shared");
    kc_log_set_context("[second|task-3] ");
    kc_access_join(access);
    kc_access_failed(access, "broker:9092 (id: 1)", false, "connection refused");
    char *text = explain("first", -1);
    ck_assert_ptr_nonnull(strstr(text, "refused"));
    free(text);
    text = explain("second", 3);
    ck_assert_ptr_nonnull(strstr(text, "refused"));
    free(text);
    kc_access_destroy(access);
}
END_TEST

START_TEST(only_a_refusal_is_one)
{
    struct kc_access *access = make("admin-2");

    kc_access_failed(access, "broker:9092", false, "connection refused");
    ck_assert_ptr_null(kc_access_refusal(access));
    kc_access_failed(access, "broker:9092", true, "invalid credentials");
    char *text = kc_access_refusal(access);
    ck_assert_ptr_nonnull(strstr(text, "invalid credentials"));
    free(text);
    kc_access_ready(access, "broker:9092");
    ck_assert_ptr_null(kc_access_refusal(access));
    kc_access_destroy(access);
}
END_TEST

/* As librdkafka's threads do, which end after the client has said that it goes. */
START_TEST(who_has_found_a_client_may_speak_of_it_until_it_is_released)
{
    static const struct kc_access_login login = {.servers = "broker:9092"};
    static int handle;
    struct kc_access *access = kc_access_new("late", &handle, &login), *found;

    kc_log_set_context("[mm|task-0] ");
    found = kc_access_find(&handle);
    ck_assert_ptr_eq(found, access);
    kc_access_destroy(access);
    ck_assert_ptr_null(kc_access_find(&handle));
    kc_access_failed(found, "broker:9092", true, "invalid credentials");
    char *text = kc_access_refusal(found);
    ck_assert_ptr_nonnull(strstr(text, "late can't use the cluster at broker:9092"));
    free(text);
    text = explain("mm", 0);
    ck_assert_str_eq(text, "");
    free(text);
    kc_access_release(found);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("access");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tcase, a_trouble_names_cluster_mechanism_user_and_reason);
    tcase_add_test(tcase, a_trouble_ends_when_its_address_works);
    tcase_add_test(tcase, a_shared_clients_trouble_is_everybodys);
    tcase_add_test(tcase, only_a_refusal_is_one);
    tcase_add_test(tcase, who_has_found_a_client_may_speak_of_it_until_it_is_released);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
