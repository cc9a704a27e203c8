/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a client of librdkafka from its cluster is known, and gone with the client. */
#include "kafka/client_access.h"
#include "kafka/client_priv.h"
#include "wire/access.h"

#include "connect/log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Waits for the trouble of a connector's; "" when there is none in time. */
static char *wait_for_trouble(const char *connector)
{
    for (int64_t end = kc_mono_ms() + 15000; kc_mono_ms() < end; usleep(20000)) {
        struct kc_strings troubles = {0};
        char *text = NULL;
        kc_access_explain(connector, -1, &troubles);
        if (troubles.count)
            text = kc_strings_join(&troubles, "|");
        kc_strings_destroy(&troubles);
        if (text)
            return text;
    }
    return kc_strdup("");
}

START_TEST(an_unreachable_cluster_is_a_trouble)
{
    struct kc_map *properties = kc_map_new();
    rd_kafka_t *client = NULL;
    struct kc_strings troubles = {0};
    kc_map_set(properties, "bootstrap.servers", "localhost:1");
    kc_map_set(properties, "client.id", "mine");
    kc_log_set_context("[mm|worker] ");
    struct kc_error *err = kc_client_open(KC_CLIENT_ADMIN, properties, &client);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    char *text = wait_for_trouble("mm");
    ck_assert_msg(strstr(text, "client mine can't use the cluster at localhost:1 (PLAINTEXT): "),
                  "%s", text);
    ck_assert_msg(strstr(text, "Connection refused"), "%s", text);
    ck_assert_ptr_null(kc_client_access_refusal(client, "x"));
    free(text);
    rd_kafka_destroy(client);
    kc_access_explain("mm", -1, &troubles);
    ck_assert_uint_eq(troubles.count, 0);
    kc_map_destroy(properties);
}
END_TEST

START_TEST(a_refusal_is_told_from_a_failure)
{
    struct kc_map *properties = kc_map_new();
    rd_kafka_t *client = NULL;
    kc_map_set(properties, "bootstrap.servers", "localhost:1");
    kc_log_set_context("[other|worker] ");
    struct kc_error *err = kc_client_open(KC_CLIENT_ADMIN, properties, &client);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_client_access_log(client,
                         "[thrd:sasl_ssl://b:9093/bootstrap]: sasl_ssl://b:9093/bootstrap: SASL "
                         "authentication error: Authentication failed: Invalid username or "
                         "password (after 5ms in state AUTH_REQ)");
    err = kc_client_access_refusal(client, "Listing topics failed");
    ck_assert_ptr_nonnull(err);
    ck_assert_msg(strstr(kc_error_text(err), "Listing topics failed: client"), "%s",
                  kc_error_text(err));
    ck_assert_msg(strstr(kc_error_text(err), "b:9093: SASL authentication error: Authentication "
                                             "failed: Invalid username or password"),
                  "%s", kc_error_text(err));
    ck_assert(!kc_error_retriable(err));
    kc_error_destroy(err);
    kc_client_access_ready(client);
    ck_assert_ptr_null(kc_client_access_refusal(client, "x"));
    rd_kafka_destroy(client);
    kc_map_destroy(properties);
}
END_TEST

START_TEST(a_certificate_that_is_not_trusted_is_told_with_javas_setting)
{
    struct kc_map *properties = kc_map_new();
    rd_kafka_t *client = NULL;
    kc_map_set(properties, "bootstrap.servers", "localhost:1");
    struct kc_error *err = kc_client_open(KC_CLIENT_ADMIN, properties, &client);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_client_access_log(
        client, "[thrd:ssl://b:9093/bootstrap]: ssl://b:9093/bootstrap: SSL handshake failed: "
                "certificate verify failed: broker certificate could not be verified, verify that "
                "ssl.ca.location is correctly configured or root CA certificates are installed "
                "(install ca-certificates package) (after 5ms in state SSL_HANDSHAKE)");
    err = kc_client_access_refusal(client, "Listing topics failed");
    ck_assert_ptr_nonnull(err);
    ck_assert_msg(strstr(kc_error_text(err), "must be in ssl.truststore.location") != NULL, "%s",
                  kc_error_text(err));
    ck_assert_msg(strstr(kc_error_text(err), "ssl.ca.location") == NULL, "%s", kc_error_text(err));
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), " (after 5ms in state SSL_HANDSHAKE)"));
    kc_error_destroy(err);
    rd_kafka_destroy(client);
    kc_map_destroy(properties);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_access");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, an_unreachable_cluster_is_a_trouble);
    tcase_add_test(tcase, a_refusal_is_told_from_a_failure);
    tcase_add_test(tcase, a_certificate_that_is_not_trusted_is_told_with_javas_setting);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
