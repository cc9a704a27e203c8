/* SPDX-License-Identifier: Apache-2.0 */
/* What is read out of OAuth tokens. The readers are private to their file, which is included. */
#define log oauth_log /* <math.h>, which Check brings, has a log() */
#include "kafka/client_oauth.c"
#undef log

#include <check.h>
#include <openssl/evp.h>

/* The payload of a JWT without header and signature, as base64url. */
static json_t *payload_of(const char *text)
{
    char jwt[256] = "h.";
    EVP_EncodeBlock((unsigned char *)jwt + 2, (const unsigned char *)text, (int)strlen(text));
    for (char *at = jwt + 2; *at; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    jwt[2 + strcspn(jwt + 2, "=")] = '\0';
    strcat(jwt, ".s");
    return wire_jwt_claims(jwt);
}

static int64_t lifetime_of(const char *text)
{
    json_t *payload = payload_of(text);
    int64_t ends = expires_ms(payload);
    json_decref(payload);
    return ends;
}

START_TEST(a_token_says_when_it_ends)
{
    ck_assert_int_eq(lifetime_of("{\"sub\":\"me\",\"exp\":4102444800}"), 4102444800000);
    ck_assert_int_eq(lifetime_of("{\"exp\":4102444800.5}"), 4102444800500);
}
END_TEST

/* A number beyond 64 bits has no value as one. */
START_TEST(an_end_that_makes_no_sense_is_five_minutes_from_now)
{
    static const char *const payloads[] = {
        "{\"exp\":1e300}", "{\"exp\":-1e300}", "{\"exp\":-1}", "{\"exp\":\"soon\"}", "{}",
        "no JSON"};
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        int64_t before = kc_now_ms();
        int64_t ends = lifetime_of(payloads[i]);
        ck_assert_int_ge(ends, before + LIFETIME_MS);
        ck_assert_int_le(ends, kc_now_ms() + LIFETIME_MS);
    }
}
END_TEST

START_TEST(the_message_is_taken_apart)
{
    char message[] = "n,,\001auth=Bearer a.b.c\001logical=x=y\001\001";
    struct kc_strings parts = {0};
    split_message(message, &parts);
    ck_assert_uint_eq(parts.count, 3);
    ck_assert_str_eq(parts.items[0], "a.b.c");
    ck_assert_str_eq(parts.items[1], "logical");
    ck_assert_str_eq(parts.items[2], "x=y");
    kc_strings_destroy(&parts);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_oauth");
    TCase *tcase = tcase_create("tokens");
    tcase_add_test(tcase, a_token_says_when_it_ends);
    tcase_add_test(tcase, an_end_that_makes_no_sense_is_five_minutes_from_now);
    tcase_add_test(tcase, the_message_is_taken_apart);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
