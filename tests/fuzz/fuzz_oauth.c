/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token endpoint answers, and the tokens in it: the first byte picks the HTTP status.
 *
 * Their readers are private to two files, which are therefore included here and not linked.
 */
#include "kafka/client_oauth.c"
#define oauth sasl_oauth
#include "wire/sasl_oauth.c"
#undef oauth

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void token(const char *jwt)
{
    json_t *payload = jwt_payload(jwt);
    struct kc_strings parts = {0};
    char *message = kc_strdup(jwt);
    expires_ms(payload);
    split_message(message, &parts);
    kc_strings_destroy(&parts);
    free(message);
    json_decref(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 400, 429, 503};
    const struct sasl_oauth oauth = {.endpoint = "https://localhost/token"};
    struct kc_str body = {0}, found = {0};
    if (size < 1)
        return 0;
    kc_str_append_n(&body, data + 1, size - 1);
    struct kc_error *err = read_answer(&oauth, statuses[data[0] % 4], &body, &found);
    if (!err)
        token(found.data);
    token(body.data ? body.data : "");
    kc_error_destroy(err);
    kc_str_destroy(&found);
    kc_str_destroy(&body);
    return 0;
}
