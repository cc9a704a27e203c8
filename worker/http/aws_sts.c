/* SPDX-License-Identifier: Apache-2.0 */
/* Roles: requests of AWS's Security Token Service. See aws_priv.h. */
#include "http/aws_priv.h"
#include "security/oauth_allowed.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 65536

/* ---- Where it is ---- */

static const char *region_of(const struct wire_aws_search *search, const struct wire_aws_role *role)
{
    if (role->region)
        return role->region;
    return kc_map_get_or(search->options, "awsStsRegion", search->region);
}

static char *sts_url(const char *region, const char **host)
{
    const char *endpoint = wire_aws_endpoint("STS");
    char *url;

    if (endpoint)
        url = kc_strdup(endpoint);
    else if (region)
        url = kc_asprintf("https://sts.%s.amazonaws.com%s", region,
                          strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
    else
        url = kc_strdup("https://sts.amazonaws.com");
    *host = strstr(url, "://") ? strstr(url, "://") + 3 : url;
    return url;
}

/* ---- Asking ---- */

static struct kc_error *ask_sts(const struct wire_aws_search *search, const char *base,
                                const struct kc_map *query, const char *action,
                                struct wire_aws_keys *keys)
{
    char *text = wire_aws_query(query), *url = kc_asprintf("%s/?%s", base, text);
    char *answer = kc_asprintf("%sResponse", action), *result = kc_asprintf("%sResult", action);
    struct wire_web_request request = {.url = url, .headers = {"Accept: application/json"}};
    json_t *json = NULL, *found;
    struct kc_error *err = wire_aws_get_json(search, &request, &json);

    found = json_object_get(json_object_get(json, answer), result);
    if (!err)
        err = wire_aws_read_keys(json_object_get(found, "Credentials"), "SessionToken",
                                 "the STS's answer", keys);
    json_decref(json);
    free(text);
    free(url);
    free(answer);
    free(result);
    return err ? kc_error_prefix(err, "%s of AWS STS", action) : NULL;
}

static struct kc_map *sts_query(const char *action, const struct wire_aws_role *role)
{
    struct kc_map *query = kc_map_new();

    kc_map_set(query, "Action", action);
    kc_map_set(query, "Version", "2011-06-15");
    kc_map_set(query, "RoleArn", role->arn);
    kc_map_set(query, "RoleSessionName", role->session ? role->session : "isthmus");
    if (role->external_id)
        kc_map_set(query, "ExternalId", role->external_id);
    if (role->seconds)
        kc_map_set(query, "DurationSeconds", role->seconds);
    return query;
}

struct kc_error *wire_aws_assume(const struct wire_aws_search *search,
                                 const struct wire_aws_role *role, struct wire_aws_keys *keys)
{
    struct kc_map *query = sts_query("AssumeRole", role), *signed_query = NULL;
    const char *region = region_of(search, role), *host;
    char *base = sts_url(region, &host);
    const struct wire_aws_request request = {
        .service = "sts",
        .region = region ? region : "us-east-1",
        .host = host,
        .path = "/",
        .query = query,
        .now_ms = kc_now_ms(),
        .expires_s = 60,
    };
    struct wire_aws_keys assumed = {0};
    struct kc_error *err;

    wire_aws_sign(keys, &request, &signed_query);
    err = ask_sts(search, base, signed_query, "AssumeRole", &assumed);
    wire_aws_keys_clear(keys);
    *keys = assumed;
    kc_map_destroy(signed_query);
    kc_map_destroy(query);
    free(base);
    return err;
}

struct kc_error *wire_aws_web_identity(const struct wire_aws_search *search,
                                       const struct wire_aws_role *role, const char *file,
                                       struct wire_aws_keys *keys)
{
    struct kc_str token = {0};
    struct kc_error *err = wire_oauth_read_file(file, TOKEN_MAX, &token);
    struct kc_map *query = sts_query("AssumeRoleWithWebIdentity", role);
    const char *host;
    char *base = sts_url(region_of(search, role), &host);

    kc_map_set(query, "WebIdentityToken", token.data ? token.data : "");
    if (!err)
        err = ask_sts(search, base, query, "AssumeRoleWithWebIdentity", keys);
    kc_map_destroy(query);
    kc_str_destroy(&token);
    free(base);
    return err;
}
