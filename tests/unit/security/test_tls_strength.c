/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that JDK 17 accepts or refuses by default. */
#include "security/tls_strength.h"

#include <check.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

static X509 *make(EVP_PKEY *key, const EVP_MD *digest, const char *subject, const char *issuer)
{
    X509 *made = X509_new();
    X509_NAME *name = X509_get_subject_name(made), *by = X509_get_issuer_name(made);
    ck_assert(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject,
                                         -1, -1, 0));
    ck_assert(X509_NAME_add_entry_by_txt(by, "CN", MBSTRING_ASC, (const unsigned char *)issuer, -1,
                                         -1, 0));
    X509_gmtime_adj(X509_getm_notBefore(made), 0);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_set_pubkey(made, key);
    ck_assert(X509_sign(made, key, digest));
    return made;
}

static const struct {
    unsigned bits; /* of RSA; 0: the curve */
    const char *curve;
    const char *digest;
    bool self_signed, own_trust, accepted;
} cases[] = {
    {2048, NULL, "SHA256", false, true, true},  {2048, NULL, "SHA256", false, false, true},
    {1024, NULL, "SHA1", false, true, true},    {1024, NULL, "SHA256", false, false, true},
    {1024, NULL, "SHA1", false, false, false},  {2048, NULL, "SHA1", true, false, true},
    {2048, NULL, "MD5", false, true, false},    {2048, NULL, "MD5", true, true, true},
    {1016, NULL, "SHA256", false, true, false}, {1016, NULL, "SHA256", true, true, false},
    {512, NULL, "SHA1", false, true, false},    {0, "P-256", "SHA256", false, true, true},
    {0, "P-224", "SHA1", false, true, true},    {0, "P-192", "SHA256", false, true, false},
};

START_TEST(as_java)
{
    EVP_PKEY *key = cases[_i].bits ? EVP_RSA_gen(cases[_i].bits) : EVP_EC_gen(cases[_i].curve);
    ck_assert_ptr_nonnull(key);
    X509 *made = make(key, EVP_get_digestbyname(cases[_i].digest), "broker-7",
                      cases[_i].self_signed ? "broker-7" : "authority");
    struct kc_error *err = wire_tls_strength(made, cases[_i].own_trust);
    ck_assert_msg((err == NULL) == cases[_i].accepted, "%d: %s", _i,
                  err ? kc_error_text(err) : "accepted");
    if (err)
        ck_assert_ptr_nonnull(strstr(kc_error_text(err), "broker-7"));
    kc_error_destroy(err);
    X509_free(made);
    EVP_PKEY_free(key);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_strength");
    TCase *tcase = tcase_create("certificates");
    tcase_add_loop_test(tcase, as_java, 0, sizeof(cases) / sizeof(*cases));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
