/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OAUTHBEARER (RFC 7628): a token from a file or a token endpoint (oauth_token_priv.h), or
 * unsecured (sasl_unsecured.c), sent to the broker.
 *
 * Steps block: see sasl_mechanism.h for their thread. Tokens are fetched per connection and
 * re-authentication; they aren't cached, so that none is older than its connection.
 */
#include "http/aws_login.h"
#include "http/oauth_token_priv.h"
#include "security/jaas_login.h"
#include "security/sasl_mechanism.h"

#include <stdlib.h>
#include <string.h>

struct sasl_oauth {
    struct wire_sasl base;
    struct kc_map *options;
    struct wire_oauth_source *source; /* NULL: AWS or unsecured tokens */
    char *aws_region;                 /* NULL: not AWS */
    int state;
};

static void oauth_destroy(struct wire_sasl *sasl)
{
    struct sasl_oauth *oauth = (struct sasl_oauth *)sasl;

    kc_map_destroy(oauth->options);
    wire_oauth_source_destroy(oauth->source);
    free(oauth->aws_region);
    free(oauth);
}

static struct kc_error *check_unsecured(const struct sasl_oauth *oauth)
{
    struct kc_str token = {0};

    if (!wire_unsecured_wanted(oauth->options))
        return kc_error_new(
            KC_ERR_CONFIG,
            "sasl.oauthbearer.token.endpoint.url is needed for the mechanism "
            "OAUTHBEARER: an http(s) URL of a token endpoint, or file:///path of a token");
    struct kc_error *err = wire_unsecured_token(oauth->options, &token);
    kc_str_destroy(&token);
    return err;
}

/* JAAS options extension_NAME become NAME=value (KIP-342). */
static const char *extension_prefix(const struct sasl_oauth *oauth)
{
    return oauth->source || oauth->aws_region ? "extension_" : "unsecuredLoginExtension_";
}

/* As OAuthBearerClientInitialResponse: an unchecked text could end the pair and begin another. */
static struct kc_error *check_extension(const char *name, const char *value)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    if (!*name || name[strspn(name, letters)] || strcmp(name, "auth") == 0)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value [hidden] for configuration sasl.jaas.config: the "
                            "extension %.64s needs a name of letters, other than auth",
                            name);
    for (const char *at = value; *at; at++) {
        if ((*at < 0x20 && !strchr("\t\r\n", *at)) || *at > 0x7e)
            return kc_error_new(KC_ERR_CONFIG,
                                "Invalid value [hidden] for configuration sasl.jaas.config: the "
                                "extension %.64s has characters that aren't printable",
                                name);
    }
    return NULL;
}

static struct kc_error *check_extensions(const struct sasl_oauth *oauth)
{
    struct kc_map *extensions = kc_map_subset(oauth->options, extension_prefix(oauth), true);
    struct kc_error *err = NULL;

    kc_map_foreach (extensions, entry) {
        if (!err)
            err = check_extension(entry->key, entry->value ? entry->value : "");
    }
    kc_map_destroy(extensions);
    return err;
}

static struct kc_error *oauth_start(const struct kc_map *settings, const char *host,
                                    struct wire_sasl **sasl)
{
    struct sasl_oauth *oauth = kc_calloc(1, sizeof(*oauth));

    oauth->base.ops = &wire_sasl_oauthbearer;
    struct kc_error *err = kc_jaas_options_if_any(settings, &oauth->options);
    if (err)
        oauth->options = kc_map_new();
    if (!err && kc_map_get(settings, "sasl.oauthbearer.token.endpoint.url"))
        err = wire_oauth_source_new(settings, oauth->options, &oauth->source);
    else if (!err && wire_aws_wanted(settings))
        err = wire_aws_region(settings, host, &oauth->aws_region);
    else if (!err)
        err = check_unsecured(oauth);
    if (!err)
        err = check_extensions(oauth);
    if (err) {
        oauth_destroy(&oauth->base);
        return err;
    }
    *sasl = &oauth->base;
    return NULL;
}

/* ---- The exchange ---- */

static void append_extensions(const struct sasl_oauth *oauth, struct kc_str *answer)
{
    struct kc_map *extensions = kc_map_subset(oauth->options, extension_prefix(oauth), true);

    kc_map_foreach (extensions, entry)
        kc_str_appendf(answer, "\001%s=%s", entry->key, entry->value ? entry->value : "");
    kc_map_destroy(extensions);
}

static struct kc_error *get_token(const struct sasl_oauth *oauth, struct kc_str *token)
{
    if (oauth->source)
        return wire_oauth_token(oauth->source, &oauth->base.cancelled, token);
    if (oauth->aws_region)
        return wire_aws_token(oauth->options, oauth->aws_region, &oauth->base.cancelled, token);
    return wire_unsecured_token(oauth->options, token);
}

static struct kc_error *send_token(const struct sasl_oauth *oauth, struct kc_str *answer)
{
    struct kc_str token = {0};
    struct kc_error *err = get_token(oauth, &token);

    if (!err) {
        kc_str_appendf(answer, "n,,\001auth=Bearer %s", token.data);
        append_extensions(oauth, answer);
        kc_str_append(answer, "\001\001");
    }
    kc_str_destroy(&token);
    return err;
}

static struct kc_error *oauth_step(struct wire_sasl *sasl, const uint8_t *token, size_t len,
                                   struct kc_str *answer, bool *done)
{
    struct sasl_oauth *oauth = (struct sasl_oauth *)sasl;

    *done = false;
    if (oauth->state++ == 0)
        return send_token(oauth, answer);
    if (len == 0) {
        *done = true;
        return NULL;
    }
    /* A refusal in JSON; the server closes the exchange once we have acknowledged it. */
    kc_str_append_char(answer, 1);
    *done = true;
    return NULL;
}

const struct wire_sasl_ops wire_sasl_oauthbearer = {"OAUTHBEARER", oauth_start, oauth_step,
                                                    oauth_destroy};
