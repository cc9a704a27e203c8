/* SPDX-License-Identifier: Apache-2.0 */
/* Session keys and the verdicts on signatures, in Java's order and words. */
#include "herder/session_key_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
/* Python's hmac over BODY and over nothing. */
#define SIGNED       "Eroe1tB3QaSe5EJ0n/U/3E2UQZRh4D5G73yb9AU1xkM="
#define SIGNED_EMPTY "tFmyocn8L2aMZQn2kH1B8iCfUHw="
#define BODY         "[{\"a\":\"b\"}]"

static struct kc_session_key key_of(char *text)
{
    return (struct kc_session_key){text, (char *)"HmacSHA256", 1};
}

static struct kc_signature signature_of(const char *authorization, const char *algorithm)
{
    return (struct kc_signature){authorization, algorithm, BODY, strlen(BODY)};
}

static void expect(struct kc_error *err, enum kc_error_code code, const char *text)
{
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), code);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), text));
    kc_error_destroy(err);
}

START_TEST(keys_are_random_and_as_long_as_javas)
{
    struct kc_session_key one = {0};
    struct kc_session_key two = {0};
    ck_assert_ptr_null(kc_session_key_generate("HmacSHA256", 0, &one));
    ck_assert_ptr_null(kc_session_key_generate("HmacSHA256", 0, &two));
    ck_assert_int_eq(kc_session_key_bytes(&one), 32);
    ck_assert_uint_eq(strlen(one.key), 44);
    ck_assert_str_ne(one.key, two.key);
    ck_assert_int_eq(kc_session_key_length("HmacSHA1", 0), 64);
    ck_assert_int_eq(kc_session_key_length("HmacSHA256", 128), 16);
    ck_assert_int_eq(kc_session_key_length("Rot13", 0), -1);
    kc_session_key_clear(&one);
    kc_session_key_clear(&two);
    expect(kc_session_key_generate("Rot13", 0, &one), KC_ERR_CONFIG, "Rot13");
}
END_TEST

START_TEST(signatures_are_hmacs_in_base64)
{
    struct kc_session_key key = key_of((char *)KEY);
    char *signature = NULL;
    ck_assert_ptr_null(kc_session_key_sign(&key, "HmacSHA256", BODY, strlen(BODY), &signature));
    ck_assert_str_eq(signature, SIGNED);
    free(signature);
    ck_assert_ptr_null(kc_session_key_sign(&key, "HmacSHA1", "", 0, &signature));
    ck_assert_str_eq(signature, SIGNED_EMPTY);
    free(signature);
}
END_TEST

START_TEST(checks_come_in_javas_order)
{
    struct kc_session_key key = key_of((char *)KEY);
    struct kc_strings algorithms = {0};
    kc_strings_add(&algorithms, "HmacSHA256");
    struct kc_signature good = signature_of(SIGNED, "HmacSHA256");
    struct kc_signature bad = signature_of("AAAA", "HmacSHA256");
    struct kc_signature missing = signature_of(NULL, "HmacSHA256");
    struct kc_signature unknown = signature_of(SIGNED, "Rot13");
    struct kc_signature other = signature_of(SIGNED, "HmacSHA512");
    struct kc_signature broken = signature_of("?", "HmacSHA256");
    ck_assert_ptr_null(kc_signature_check(&good, true, &algorithms, &key));
    expect(kc_signature_check(&missing, true, &algorithms, &key), KC_ERR_BAD_REQUEST,
           "Internal request missing required signature");
    expect(kc_signature_check(&unknown, true, &algorithms, &key), KC_ERR_BAD_REQUEST, "Rot13");
    expect(kc_signature_check(&broken, true, &algorithms, &key), KC_ERR_BAD_REQUEST, "base64");
    expect(kc_signature_check(&other, true, &algorithms, NULL), KC_ERR_BAD_REQUEST,
           "This worker does not support the 'HmacSHA512' key signing algorithm used by other "
           "workers. This worker is currently configured to use: [HmacSHA256].");
    expect(kc_signature_check(&good, true, &algorithms, NULL), KC_ERR_UNAVAILABLE,
           "This worker is still starting up");
    expect(kc_signature_check(&bad, true, &algorithms, &key), KC_ERR_FORBIDDEN,
           "Internal request contained invalid signature.");
    /* A group that isn't sessioned asks for none. */
    ck_assert_ptr_null(kc_signature_check(&missing, false, &algorithms, NULL));
    ck_assert_ptr_null(kc_signature_check(&bad, false, &algorithms, &key));
    kc_strings_destroy(&algorithms);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session_key");
    TCase *tests = tcase_create("signatures");
    tcase_add_test(tests, keys_are_random_and_as_long_as_javas);
    tcase_add_test(tests, signatures_are_hmacs_in_base64);
    tcase_add_test(tests, checks_come_in_javas_order);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
