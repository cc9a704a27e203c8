/* SPDX-License-Identifier: Apache-2.0 */
/* Java's protocols and cipher suites in GnuTLS's language, which must understand it. */
#include "rest/tls_suites_priv.h"

#include <check.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *protocols;
    const char *suites;
    const char *has; /* in the priority string */
    const char *lacks;
} cases[] = {
    {NULL, NULL, "+VERS-TLS1.3:+VERS-TLS1.2", "VERS-TLS1.1"},
    {"TLSv1.2", NULL, "+VERS-TLS1.2", "VERS-TLS1.3"},
    {NULL, NULL, "-RSA:-SHA1", "NONE"},
    {NULL, "TLS_RSA_WITH_AES_128_CBC_SHA", "+RSA:+AES-128-CBC:+SHA1", "-SHA1"},
    {"TLSv1.2, TLSv1.3", "", "+VERS-TLS1.3:+VERS-TLS1.2", "NONE"},
    {"TLSv1.1,TLSv1", NULL, "+VERS-TLS1.1:+VERS-TLS1.0", "VERS-TLS1.2"},
    {NULL, "TLS_AES_256_GCM_SHA384", "+AES-256-GCM:+AEAD:+VERS-TLS1.3", "VERS-TLS1.2"},
    {NULL, "TLS_CHACHA20_POLY1305_SHA256", "+CHACHA20-POLY1305:+AEAD", "VERS-TLS1.2"},
    {NULL, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "+ECDHE-RSA:+AES-128-GCM:+AEAD:+VERS-TLS1.2",
     "VERS-TLS1.3"},
    {NULL, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "+ECDHE-ECDSA:+CHACHA20-POLY1305",
     "VERS-TLS1.3"},
    {NULL, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", "+DHE-RSA:+AES-256-CBC:+SHA256", "VERS-TLS1.3"},
    {NULL, "TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
     "+VERS-TLS1.3:+VERS-TLS1.2", "CBC"},
};

START_TEST(gnutls_understands)
{
    struct kc_map *settings = kc_map_new();
    char *text = NULL;
    const char *where = NULL;
    gnutls_priority_t priority;
    kc_map_set(settings, "ssl.enabled.protocols", cases[_i].protocols);
    kc_map_set(settings, "ssl.cipher.suites", cases[_i].suites);
    struct kc_error *err = kc_tls_priorities(settings, &text);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_msg(strstr(text, cases[_i].has), "%s", text);
    ck_assert_msg(!strstr(text, cases[_i].lacks), "%s", text);
    ck_assert_msg(gnutls_priority_init(&priority, text, &where) == GNUTLS_E_SUCCESS, "%s", where);
    gnutls_priority_deinit(priority);
    free(text);
    kc_map_destroy(settings);
}
END_TEST

static const char *const wrong[][3] = {
    {"TLSv1.2", "TLS_AES_256_GCM_SHA384", "ssl.enabled.protocols"},
    {"TLSv1.3", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ssl.enabled.protocols"},
    {"SSLv3", NULL, "SSLv3"},
    {NULL, "TLS_ROT13", "TLS_ROT13"},
    {NULL, "TLS_ECDHE_RSA_WITH_AES_128_GCM", "TLS_ECDHE_RSA_WITH_AES_128_GCM"},
};

START_TEST(what_is_unknown_is_named)
{
    struct kc_map *settings = kc_map_new();
    char *text = NULL;
    kc_map_set(settings, "ssl.enabled.protocols", wrong[_i][0]);
    kc_map_set(settings, "ssl.cipher.suites", wrong[_i][1]);
    struct kc_error *err = kc_tls_priorities(settings, &text);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_null(text);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_msg(strstr(kc_error_text(err), wrong[_i][2]), "%s", kc_error_text(err));
    kc_error_destroy(err);
    kc_map_destroy(settings);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_suites");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, gnutls_understands, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_loop_test(tests, what_is_unknown_is_named, 0, sizeof(wrong) / sizeof(wrong[0]));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
