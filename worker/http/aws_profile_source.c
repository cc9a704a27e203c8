/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of a profile in AWS's shared files: its own, those of a role that another profile or
 * source may assume, or those of a single sign-on with the token that `aws sso login` has stored.
 *
 * A connector may choose the profile (awsProfileName). Only the files of the worker's user say what
 * is in it. credential_process is never run. See aws_priv.h.
 */
#include "http/aws_priv.h"
#include "http/aws_profile_priv.h"
#include "security/oauth_allowed.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_MAX  65536
#define ROLES_MAX 8 /* roles that lead to roles */

/* ---- Files ---- */

static char *in_home(const char *path)
{
    const char *home = wire_aws_env("HOME");

    return kc_asprintf("%s/.aws/%s", home ? home : "", path);
}

static bool read_section(const char *variable, const char *file, const char *name,
                         struct kc_map *values)
{
    const char *given = wire_aws_env(variable);
    char *path = given ? kc_strdup(given) : in_home(file);
    struct kc_str text = {0};
    struct kc_error *err = wire_oauth_read_file(path, FILE_MAX, &text);
    bool found = !err && wire_aws_profile(text.data ? text.data : "", name, values);

    kc_error_destroy(err);
    kc_str_destroy(&text);
    free(path);
    return found;
}

/* The profile from both files, credentials above config; NULL: neither has it. Owned by the caller.
 */
static struct kc_map *read_profile(const char *name)
{
    struct kc_map *values = kc_map_new();
    bool found = read_section("AWS_CONFIG_FILE", "config", name, values);

    found |= read_section("AWS_SHARED_CREDENTIALS_FILE", "credentials", name, values);
    if (found)
        return values;
    kc_map_destroy(values);
    return NULL;
}

/* ---- Single sign-on ---- */

/* The cache file's name is the SHA-1 of the session's name or of the start URL. */
static char *cache_path(const char *key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    struct kc_str name = {0};

    kc_str_append(&name, "sso/cache/");
    EVP_Digest(key, strlen(key), digest, &len, EVP_sha1(), NULL);
    for (unsigned int i = 0; i < len; i++)
        kc_str_appendf(&name, "%02x", digest[i]);
    kc_str_append(&name, ".json");
    char *path = in_home(name.data);
    kc_str_destroy(&name);
    return path;
}

static bool is_over(const char *when)
{
    struct tm parts = {0};

    return !when || !strptime(when, "%Y-%m-%dT%H:%M:%S", &parts) ||
           (int64_t)timegm(&parts) * 1000 <= kc_now_ms();
}

/* It goes into a header. */
static bool is_printable(const char *token)
{
    for (; *token; token++) {
        if (*token <= 0x20 || *token > 0x7e)
            return false;
    }
    return true;
}

/* The token from a cache file, owned by the caller; *why is set if there is no usable one. */
static char *token_in(const struct kc_str *text, const char **why)
{
    json_t *json = json_loadb(text->data ? text->data : "", text->len, 0, NULL);
    const char *found = json_string_value(json_object_get(json, "accessToken"));
    char *token = NULL;

    *why = found ? "is over" : "has no token";
    if (found && is_printable(found) &&
        !is_over(json_string_value(json_object_get(json, "expiresAt"))))
        token = kc_strdup(found);
    json_decref(json);
    return token;
}

/* Owned by the caller. */
static struct kc_error *read_token(const char *key, const char *profile, char **token)
{
    char *path = cache_path(key);
    struct kc_str text = {0};
    const char *why;
    struct kc_error *err = wire_oauth_read_file(path, FILE_MAX, &text);

    kc_error_clear(&err); /* no file is no token */
    *token = token_in(&text, &why);
    if (!*token)
        err = kc_error_new(KC_ERR_CONFIG,
                           "the AWS profile %s: its sign-on %s (%s); as the worker's user, run: "
                           "aws sso login --profile %s",
                           profile, why, path, profile);
    kc_str_destroy(&text);
    free(path);
    return err;
}

/* GetRoleCredentials of the portal. */
static struct kc_error *ask_portal(const struct wire_aws_search *search, const char *region,
                                   const struct kc_map *query, const char *token, json_t **json)
{
    const char *endpoint = wire_aws_endpoint("SSO");
    char *base = endpoint ? kc_strdup(endpoint)
                          : kc_asprintf("https://portal.sso.%s.amazonaws.com%s", region,
                                        strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
    char *text = wire_aws_query(query);
    char *url = kc_asprintf("%s/federation/credentials?%s", base, text);
    char *header = kc_asprintf("x-amz-sso_bearer_token: %s", token);
    struct wire_web_request request = {.url = url, .headers = {"Accept: application/json", header}};
    struct kc_error *err = wire_aws_get_json(search, &request, json);

    free(base);
    free(text);
    free(url);
    free(header);
    return err;
}

static struct kc_error *take_role(const json_t *answer, struct wire_aws_keys *keys)
{
    const json_t *found = json_object_get(answer, "roleCredentials");

    return wire_aws_take(keys, json_string_value(json_object_get(found, "accessKeyId")),
                         json_string_value(json_object_get(found, "secretAccessKey")),
                         json_string_value(json_object_get(found, "sessionToken")),
                         "the answer of AWS SSO");
}

/* A section [sso-session NAME] has what several profiles share. */
static void add_session(struct kc_map *profile)
{
    const char *session = kc_map_get(profile, "sso_session");
    char *name = session ? kc_asprintf("sso-session %s", session) : NULL;
    struct kc_map *values = name ? read_profile(name) : NULL;

    if (values)
        kc_map_merge(profile, values);
    kc_map_destroy(values);
    free(name);
}

static struct kc_error *from_sign_on(const struct wire_aws_search *search, const char *name,
                                     struct kc_map *profile, struct wire_aws_keys *keys)
{
    char *token = NULL;
    json_t *json = NULL;

    add_session(profile);
    const char *account = kc_map_get(profile, "sso_account_id");
    const char *role = kc_map_get(profile, "sso_role_name");
    const char *region = kc_map_get(profile, "sso_region");
    const char *url = kc_map_get(profile, "sso_start_url");
    if (!account || !role || !region || !url)
        return kc_error_new(KC_ERR_CONFIG,
                            "the AWS profile %s: a sign-on needs sso_start_url, sso_region, "
                            "sso_account_id and sso_role_name",
                            name);
    struct kc_map *query = kc_map_new();
    kc_map_set(query, "account_id", account);
    kc_map_set(query, "role_name", role);
    struct kc_error *err = read_token(kc_map_get_or(profile, "sso_session", url), name, &token);
    if (!err)
        err = ask_portal(search, region, query, token, &json);
    if (!err)
        err = take_role(json, keys);
    json_decref(json);
    kc_map_destroy(query);
    free(token);
    return err;
}

/* ---- Roles ---- */

static struct wire_aws_role role_of(const struct kc_map *profile)
{
    return (struct wire_aws_role){
        .arn = kc_map_get(profile, "role_arn"),
        .session = kc_map_get(profile, "role_session_name"),
        .external_id = kc_map_get(profile, "external_id"),
        .seconds = kc_map_get(profile, "duration_seconds"),
        .region = kc_map_get(profile, "region"),
    };
}

static struct kc_error *check_role(const char *name, const struct kc_map *profile)
{
    bool source = kc_map_get(profile, "source_profile");
    bool place = kc_map_get(profile, "credential_source");
    const char *why = NULL;

    if (source && place)
        why = "it has both source_profile and credential_source";
    else if (!source && !place)
        why = "its role_arn needs source_profile, credential_source or web_identity_token_file";
    else if (kc_map_get(profile, "mfa_serial"))
        why = "its role needs a code of mfa_serial, which can't be typed here";
    return why ? kc_error_new(KC_ERR_CONFIG, "the AWS profile %s: %s", name, why) : NULL;
}

static struct kc_error *from_place(const struct wire_aws_search *search, const char *name,
                                   const char *place, struct wire_aws_keys *keys)
{
    static const struct {
        const char *name;
        wire_aws_source source;
    } places[] = {
        {"Environment", wire_aws_from_environment},
        {"EcsContainer", wire_aws_from_container},
        {"Ec2InstanceMetadata", wire_aws_from_instance},
    };
    struct kc_error *err = NULL;

    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        if (strcmp(place, places[i].name) == 0)
            err = places[i].source(search, keys);
    }
    if (err || keys->id)
        return err;
    return kc_error_new(KC_ERR_CONFIG,
                        "the AWS profile %s: there are no credentials in its credential_source "
                        "%s (Environment, EcsContainer or Ec2InstanceMetadata)",
                        name, place);
}

/* ---- Profiles ---- */

static struct kc_error *own_keys(const char *name, const struct kc_map *profile,
                                 struct wire_aws_keys *keys)
{
    if (kc_map_get(profile, "aws_access_key_id"))
        return wire_aws_take(keys, kc_map_get(profile, "aws_access_key_id"),
                             kc_map_get(profile, "aws_secret_access_key"),
                             kc_map_get(profile, "aws_session_token"), name);
    if (kc_map_get(profile, "credential_process"))
        return kc_error_new(KC_ERR_CONFIG,
                            "the AWS profile %s: its credential_process isn't run; give keys, a "
                            "role or a sign-on",
                            name);
    return NULL;
}

/* The profiles from the wanted one to the one that has credentials. */
struct profile_way {
    char *names[ROLES_MAX];
    struct kc_map *profiles[ROLES_MAX];
    size_t count;
};

static void way_clear(struct profile_way *way)
{
    for (size_t i = 0; i < way->count; i++) {
        free(way->names[i]);
        kc_map_destroy(way->profiles[i]);
    }
}

static struct kc_error *way_add(struct profile_way *way, const char *name, struct kc_map *profile)
{
    for (size_t i = 0; i < way->count; i++) {
        if (way->count == ROLES_MAX || strcmp(way->names[i], name) == 0) {
            kc_map_destroy(profile);
            return kc_error_new(KC_ERR_CONFIG,
                                "the AWS profile %s: source_profile leads from role to role in a "
                                "circle, or over more than %d profiles",
                                way->names[0], ROLES_MAX);
        }
    }
    way->names[way->count] = kc_strdup(name);
    way->profiles[way->count++] = profile;
    return NULL;
}

/* The profile that may take this profile's role; NULL: this is the last one. */
static const char *next_on_way(const char *name, const struct kc_map *profile)
{
    const char *source = kc_map_get(profile, "source_profile");

    if (!kc_map_get(profile, "role_arn") || kc_map_get(profile, "web_identity_token_file"))
        return NULL;
    return source && strcmp(source, name) != 0 ? source : NULL;
}

static struct kc_error *walk(const char *name, struct profile_way *way)
{
    const char *next = name;
    struct kc_error *err = NULL;

    while (!err && next) {
        struct kc_map *profile = read_profile(next);

        if (!profile && way->count)
            return kc_error_new(KC_ERR_CONFIG,
                                "the AWS profile %s: its source_profile %s isn't in AWS's shared "
                                "files of the worker's user",
                                way->names[way->count - 1], next);
        if (!profile)
            return NULL;
        err = way_add(way, next, profile);
        if (!err)
            next = next_on_way(next, profile);
    }
    return err;
}

/* The keys of the last profile; *taken: they already include its own role. */
static struct kc_error *begin(const struct wire_aws_search *search, const char *name,
                              struct kc_map *profile, struct wire_aws_keys *keys, bool *taken)
{
    const char *file = kc_map_get(profile, "web_identity_token_file");
    const char *place = kc_map_get(profile, "credential_source");
    const struct wire_aws_role role = role_of(profile);

    *taken = true;
    if (role.arn && file)
        return wire_aws_web_identity(search, &role, file, keys);
    if (kc_map_get(profile, "sso_session") || kc_map_get(profile, "sso_start_url"))
        return from_sign_on(search, name, profile, keys);
    *taken = !role.arn;
    if (role.arn && place)
        return from_place(search, name, place, keys);
    return own_keys(name, profile, keys);
}

/* Takes the roles from the last profile back to the wanted one. */
static struct kc_error *follow(const struct wire_aws_search *search, const struct profile_way *way,
                               struct wire_aws_keys *keys)
{
    size_t last = way->count - 1;
    struct kc_error *err = NULL;
    bool taken;

    for (size_t i = 0; !err && i < way->count; i++) {
        if (kc_map_get(way->profiles[i], "role_arn") &&
            !kc_map_get(way->profiles[i], "web_identity_token_file"))
            err = check_role(way->names[i], way->profiles[i]);
    }
    if (!err)
        err = begin(search, way->names[last], way->profiles[last], keys, &taken);
    if (err || !keys->id)
        return err;
    for (size_t i = way->count; !err && i-- > 0;) {
        const struct wire_aws_role role = role_of(way->profiles[i]);

        if (role.arn && !(i == last && taken))
            err = wire_aws_assume(search, &role, keys);
    }
    return err;
}

struct kc_error *wire_aws_from_profile(const struct wire_aws_search *search,
                                       struct wire_aws_keys *keys)
{
    const char *given = kc_map_get(search->options, "awsProfileName");
    const char *set = wire_aws_env("AWS_PROFILE");
    struct profile_way way = {0};
    struct kc_error *err = walk(given ? given : set ? set : "default", &way);

    if (!err && way.count)
        err = follow(search, &way, keys);
    if (!err && !keys->id && given)
        err = kc_error_new(KC_ERR_CONFIG,
                           "the AWS profile %s has no credentials in AWS's shared files of the "
                           "worker's user: neither aws_access_key_id, nor a role, nor a sign-on",
                           given);
    way_clear(&way);
    return err;
}
