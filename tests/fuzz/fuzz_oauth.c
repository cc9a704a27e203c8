/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token endpoint answers, and the tokens in it: the first byte picks the HTTP status. The
 * same text as a shared file of AWS's profiles.
 *
 * Their readers are private to two files, which are therefore included here and not linked.
 */
#include "http/aws_profile_priv.h"
#include "http/oauth_token.c"
#include "kafka/client_oauth.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void token(const char *jwt)
{
    json_t *claims = wire_jwt_claims(jwt);
    struct kc_strings parts = {0};
    char *message = kc_strdup(jwt);
    kc_error_destroy(wire_jwt_check(jwt));
    expires_ms(claims);
    split_message(message, &parts);
    kc_strings_destroy(&parts);
    free(message);
    json_decref(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 400, 429, 503};
    static char endpoint[] = "https://localhost/token";
    const struct wire_oauth_source source = {.endpoint = endpoint};
    struct wire_web_reply reply = {0};
    struct kc_str found = {0};
    if (size < 1)
        return 0;
    reply.status = statuses[data[0] % 4];
    kc_str_append_n(&reply.body, data + 1, size - 1);
    struct kc_error *err = read_answer(&source, &reply, &found);
    if (!err)
        token(found.data);
    token(reply.body.data ? reply.body.data : "");
    struct kc_map *profile = kc_map_new();
    wire_aws_profile(reply.body.data ? reply.body.data : "", "default", profile);
    kc_map_destroy(profile);
    kc_error_destroy(err);
    kc_str_destroy(&found);
    wire_web_reply_clear(&reply);
    return 0;
}
