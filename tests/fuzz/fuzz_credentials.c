/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that logins read: the key and the template of a JWT assertion, and the token that a single
 * sign-on has left.
 *
 * Their readers are private to two files, which are therefore included here and not linked.
 */
#include "http/aws_profile_source.c"
#include "http/oauth_assertion.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void key(const struct kc_str *text)
{
    EVP_PKEY *found = NULL;
    kc_error_destroy(wire_jwt_key(text, NULL, &found));
    if (found) {
        kc_error_destroy(wire_jwt_key_check(found, "RS256"));
        kc_error_destroy(wire_jwt_key_check(found, "ES256"));
    }
    EVP_PKEY_free(found);
}

static void template(const struct kc_str *text)
{
    struct wire_assertion assertion = {.header = json_object(), .claims = json_object()};
    take_template(text, &assertion);
    json_decref(assertion.header);
    json_decref(assertion.claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kc_str text = {0};
    const char *why;
    kc_str_append_n(&text, data, size);
    key(&text);
    template(&text);
    free(token_in(&text, &why));
    kc_str_destroy(&text);
    return 0;
}
