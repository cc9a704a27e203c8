/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unsecured tokens: unsigned JWTs made from the JAAS options unsecuredLogin..., as Java's
 * OAuthBearerUnsecuredLoginCallbackHandler makes them (KIP-255). For development, if brokers accept
 * them. Pure except for the clock.
 */
#include "security/jwt.h"
#include "security/sasl_mechanism.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define HEADER       "{\"alg\":\"none\"}"
#define LIFETIME_SEC 3600

static const char string_claim[] = "unsecuredLoginStringClaim_";
static const char number_claim[] = "unsecuredLoginNumberClaim_";
static const char list_claim[] = "unsecuredLoginListClaim_";

static const char *behind(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 && text[len] ? text + len : NULL;
}

/* The first character separates the rest: "|a|b". */
static json_t *split_list(const char *text)
{
    json_t *list = json_array();
    char separator[2] = {text[0], 0};
    char *copy = kc_strdup(text), *rest = NULL;

    for (char *item = strtok_r(copy, separator, &rest); item;
         item = strtok_r(NULL, separator, &rest))
        json_array_append_new(list, json_string(item));
    free(copy);
    return list;
}

static struct kc_error *add_claims(const struct kc_map *options, json_t *claims)
{
    kc_map_foreach (options, entry) {
        const char *text = entry->value ? entry->value : "";
        const char *name = behind(entry->key, string_claim);
        char *end = NULL;

        if (name)
            json_object_set_new(claims, name, json_string(text));
        if ((name = behind(entry->key, number_claim)))
            json_object_set_new(claims, name, json_real(strtod(text, &end)));
        if (end && (*end || end == text))
            return kc_error_new(KC_ERR_CONFIG,
                                "sasl.jaas.config: %s=%s is not a number, as its name says",
                                entry->key, text);
        if ((name = behind(entry->key, list_claim)))
            json_object_set_new(claims, name, split_list(text));
    }
    return NULL;
}

bool wire_unsecured_wanted(const struct kc_map *options)
{
    kc_map_foreach (options, entry) {
        if (behind(entry->key, "unsecuredLogin"))
            return true;
    }
    return false;
}

struct kc_error *wire_unsecured_token(const struct kc_map *options, struct kc_str *token)
{
    const char *lifetime = kc_map_get(options, "unsecuredLoginLifetimeSeconds");
    const char *principal = kc_map_get_or(options, "unsecuredLoginPrincipalClaimName", "sub");
    double now = (double)kc_now_ms() / 1000;
    json_t *claims = json_object();
    struct kc_error *err = add_claims(options, claims);
    char *text = NULL;

    if (!err && !json_is_string(json_object_get(claims, principal)))
        err = kc_error_new(KC_ERR_CONFIG,
                           "sasl.jaas.config needs %s%s for OAUTHBEARER without a token endpoint",
                           string_claim, principal);
    if (!err) {
        double seconds = lifetime ? strtod(lifetime, NULL) : LIFETIME_SEC;

        json_object_set_new(claims, "iat", json_real(now));
        json_object_set_new(claims, "exp", json_real(now + seconds));
        text = json_dumps(claims, JSON_COMPACT);
        wire_base64url(token, HEADER, strlen(HEADER));
        kc_str_append_char(token, '.');
        wire_base64url(token, text, strlen(text));
        kc_str_append_char(token, '.');
    }
    free(text);
    json_decref(claims);
    return err;
}
