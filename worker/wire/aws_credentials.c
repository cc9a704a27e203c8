/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of places where AWS credentials are: see aws_credentials.h. */
#include "wire/aws_credentials.h"

#include "wire/oauth_allowed.h"
#include "wire/web_request.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536

struct search {
    const struct kc_map *options;
    const char *region;
    const atomic_bool *cancelled;
};

static const char *env(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static struct kc_error *take(struct wire_aws_keys *keys, const char *id, const char *secret,
                             const char *token, const char *where)
{
    if (!id || !secret || !*id || !*secret)
        return kc_error_new(KC_ERR_DATA, "%s has no access key id and secret access key", where);
    keys->id = kc_strdup(id);
    keys->secret = kc_strdup(secret);
    keys->token = kc_strdup(token);
    return NULL;
}

/* ---- Over HTTP ---- */

static struct kc_error *ask(const struct search *search, struct wire_web_request *request,
                            struct wire_web_reply *reply)
{
    struct kc_error *err;

    request->cancelled = search->cancelled;
    err = wire_web_send(request, reply);
    if (!err && reply->status != 200)
        err = kc_error_retriable_new(KC_ERR_IO, "%.*s answered with status %ld",
                                     (int)strcspn(request->url, "?"), request->url, reply->status);
    return err;
}

/* Credentials in JSON, by three names. */
static struct kc_error *read_keys(const json_t *json, const char *token_name, const char *where,
                                  struct wire_aws_keys *keys)
{
    return take(keys, json_string_value(json_object_get(json, "AccessKeyId")),
                json_string_value(json_object_get(json, "SecretAccessKey")),
                json_string_value(json_object_get(json, token_name)), where);
}

static struct kc_error *get_json(const struct search *search, struct wire_web_request *request,
                                 json_t **json)
{
    struct wire_web_reply reply = {0};
    struct kc_error *err = ask(search, request, &reply);

    if (!err) {
        *json = json_loadb(reply.body.data ? reply.body.data : "", reply.body.len, 0, NULL);
        if (!*json)
            err = kc_error_retriable_new(KC_ERR_IO, "%.*s answered with something else than JSON",
                                         (int)strcspn(request->url, "?"), request->url);
    }
    wire_web_reply_clear(&reply);
    return err;
}

/* ---- STS ---- */

static char *sts_url(const struct search *search, const char **host)
{
    static const char global[] = "sts.amazonaws.com";
    const char *endpoint = env("AWS_ENDPOINT_URL_STS");
    const char *region = kc_map_get_or(search->options, "awsStsRegion", search->region);
    char *url;

    if (endpoint)
        url = kc_strdup(endpoint);
    else if (region)
        url = kc_asprintf("https://sts.%s.amazonaws.com%s", region,
                          strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
    else
        url = kc_asprintf("https://%s", global);
    *host = strstr(url, "://") ? strstr(url, "://") + 3 : url;
    return url;
}

static struct kc_error *ask_sts(const struct search *search, const char *base,
                                const struct kc_map *query, const char *action,
                                struct wire_aws_keys *keys)
{
    char *text = wire_aws_query(query), *url = kc_asprintf("%s/?%s", base, text);
    char *answer = kc_asprintf("%sResponse", action), *result = kc_asprintf("%sResult", action);
    struct wire_web_request request = {.url = url, .headers = {"Accept: application/json"}};
    json_t *json = NULL, *found;
    struct kc_error *err = get_json(search, &request, &json);

    found = json_object_get(json_object_get(json, answer), result);
    if (!err)
        err = read_keys(json_object_get(found, "Credentials"), "SessionToken", "the STS's answer",
                        keys);
    json_decref(json);
    free(text);
    free(url);
    free(answer);
    free(result);
    return err ? kc_error_prefix(err, "%s of AWS STS", action) : NULL;
}

static struct kc_map *sts_query(const char *action, const char *role, const char *session)
{
    struct kc_map *query = kc_map_new();

    kc_map_set(query, "Action", action);
    kc_map_set(query, "Version", "2011-06-15");
    kc_map_set(query, "RoleArn", role);
    kc_map_set(query, "RoleSessionName", session ? session : "isthmus");
    return query;
}

static struct kc_error *assume_role(const struct search *search, const char *role,
                                    struct wire_aws_keys *keys)
{
    struct kc_map *query =
        sts_query("AssumeRole", role, kc_map_get(search->options, "awsRoleSessionName"));
    const char *external = kc_map_get(search->options, "awsRoleExternalId"), *host;
    char *base = sts_url(search, &host);
    struct wire_aws_request request = {
        .service = "sts",
        .region = kc_map_get_or(search->options, "awsStsRegion",
                                search->region ? search->region : "us-east-1"),
        .host = host,
        .path = "/",
        .query = query,
        .now_ms = kc_now_ms(),
        .expires_s = 60,
    };
    struct wire_aws_keys assumed = {0};
    struct kc_map *signed_query = NULL;
    struct kc_error *err;

    if (external)
        kc_map_set(query, "ExternalId", external);
    wire_aws_sign(keys, &request, &signed_query);
    err = ask_sts(search, base, signed_query, "AssumeRole", &assumed);
    wire_aws_keys_clear(keys);
    *keys = assumed;
    kc_map_destroy(signed_query);
    kc_map_destroy(query);
    free(base);
    return err;
}

/* ---- The chain ---- */

typedef struct kc_error *(*source_fn)(const struct search *search, struct wire_aws_keys *keys);

static struct kc_error *from_environment(const struct search *search, struct wire_aws_keys *keys)
{
    if (!env("AWS_ACCESS_KEY_ID") || !env("AWS_SECRET_ACCESS_KEY"))
        return NULL;
    return take(keys, env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"),
                env("AWS_SESSION_TOKEN"), "the environment");
}

/* A pod's role (IRSA). */
static struct kc_error *from_web_identity(const struct search *search, struct wire_aws_keys *keys)
{
    const char *file = env("AWS_WEB_IDENTITY_TOKEN_FILE"), *role = env("AWS_ROLE_ARN"), *host;
    struct kc_str token = {0};
    struct kc_error *err;

    if (!file || !role)
        return NULL;
    err = wire_oauth_read_file(file, FILE_MAX, &token);
    if (!err) {
        struct kc_map *query =
            sts_query("AssumeRoleWithWebIdentity", role, env("AWS_ROLE_SESSION_NAME"));
        char *base = sts_url(search, &host);

        kc_map_set(query, "WebIdentityToken", token.data ? token.data : "");
        err = ask_sts(search, base, query, "AssumeRoleWithWebIdentity", keys);
        kc_map_destroy(query);
        free(base);
    }
    kc_str_destroy(&token);
    return err;
}

/* Owned by the caller: what the variable names, or a file in ~/.aws. */
static char *shared_file(const char *variable, const char *name)
{
    const char *home = env("HOME");

    return env(variable) ? kc_strdup(env(variable))
                         : kc_asprintf("%s/.aws/%s", home ? home : "", name);
}

static bool read_profile(const char *variable, const char *file, const char *name,
                         struct kc_map *values)
{
    char *path = shared_file(variable, file);
    struct kc_str text = {0};
    struct kc_error *err = wire_oauth_read_file(path, FILE_MAX, &text);
    bool found = !err && wire_aws_profile(text.data ? text.data : "", name, values);

    kc_error_destroy(err);
    kc_str_destroy(&text);
    free(path);
    return found;
}

static struct kc_error *from_profile(const struct search *search, struct wire_aws_keys *keys)
{
    const char *given = kc_map_get(search->options, "awsProfileName");
    const char *name = given ? given : env("AWS_PROFILE") ? env("AWS_PROFILE") : "default";
    struct kc_map *values = kc_map_new();
    bool found = read_profile("AWS_CONFIG_FILE", "config", name, values);
    struct kc_error *err = NULL;

    found |= read_profile("AWS_SHARED_CREDENTIALS_FILE", "credentials", name, values);
    if (found && kc_map_get(values, "aws_access_key_id"))
        err = take(keys, kc_map_get(values, "aws_access_key_id"),
                   kc_map_get(values, "aws_secret_access_key"),
                   kc_map_get(values, "aws_session_token"), name);
    else if (given)
        err = kc_error_new(KC_ERR_CONFIG,
                           "the AWS profile %s has no aws_access_key_id in AWS's shared files of "
                           "the worker's user",
                           given);
    kc_map_destroy(values);
    return err;
}

/* ECS, and EKS Pod Identity. */
static struct kc_error *from_container(const struct search *search, struct wire_aws_keys *keys)
{
    const char *relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct kc_str text = {0};
    char *url, *header = NULL;
    json_t *json = NULL;
    struct kc_error *err = NULL;

    if (!relative && !full)
        return NULL;
    url = relative ? kc_asprintf("http://169.254.170.2%s", relative) : kc_strdup(full);
    if (file)
        err = wire_oauth_read_file(file, FILE_MAX, &text);
    if (text.data || token)
        header = kc_asprintf("Authorization: %s", text.data ? text.data : token);
    if (!err) {
        struct wire_web_request request = {.url = url, .headers = {header}, .no_proxy = true};

        err = get_json(search, &request, &json);
    }
    if (!err)
        err = read_keys(json, "Token", "the container's endpoint", keys);
    json_decref(json);
    kc_str_destroy(&text);
    free(header);
    free(url);
    return err;
}

/* One GET of the instance's metadata, or the PUT for a session. */
static struct kc_error *ask_instance(const struct search *search, const char *method,
                                     const char *path, const char *header,
                                     struct wire_web_reply *reply)
{
    const char *endpoint = env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    char *url = kc_asprintf("%s/latest/%s", endpoint ? endpoint : "http://169.254.169.254", path);
    struct wire_web_request request = {
        .method = method,
        .url = url,
        .headers = {header},
        .connect_ms = 1000,
        .answer_ms = 3000,
        .no_proxy = true,
    };
    struct kc_error *err = ask(search, &request, reply);

    free(url);
    return err;
}

#define ROLES "meta-data/iam/security-credentials/"

static struct kc_error *from_instance(const struct search *search, struct wire_aws_keys *keys)
{
    struct wire_web_reply session = {0}, role = {0}, found = {0};
    char *header = NULL, *path = NULL;
    json_t *json = NULL;
    struct kc_error *err;

    if (env("AWS_EC2_METADATA_DISABLED") && strcmp(env("AWS_EC2_METADATA_DISABLED"), "true") == 0)
        return NULL;
    err = ask_instance(search, "PUT", "api/token", "X-aws-ec2-metadata-token-ttl-seconds: 60",
                       &session);
    if (!err) {
        header =
            kc_asprintf("X-aws-ec2-metadata-token: %s", session.body.data ? session.body.data : "");
        err = ask_instance(search, NULL, ROLES, header, &role);
    }
    if (!err) {
        const char *name = role.body.data ? role.body.data : "";

        path = kc_asprintf(ROLES "%.*s", (int)strcspn(name, "\r\n"), name);
        err = ask_instance(search, NULL, path, header, &found);
    }
    if (!err) {
        json = json_loadb(found.body.data ? found.body.data : "", found.body.len, 0, NULL);
        err = read_keys(json, "Token", "the instance's metadata", keys);
    }
    json_decref(json);
    wire_web_reply_clear(&session);
    wire_web_reply_clear(&role);
    wire_web_reply_clear(&found);
    free(header);
    free(path);
    return err;
}

static struct kc_error *find(const struct search *search, struct wire_aws_keys *keys)
{
    static const source_fn chain[] = {from_environment, from_web_identity, from_profile,
                                      from_container, from_instance};
    struct kc_error *err = NULL;

    if (kc_map_get(search->options, "awsProfileName"))
        return from_profile(search, keys);
    for (size_t i = 0; !err && !keys->id && i < sizeof chain / sizeof *chain; i++)
        err = chain[i](search, keys);
    if (!err && !keys->id)
        err = kc_error_new(KC_ERR_CONFIG,
                           "no AWS credentials: neither in the environment, nor in AWS's shared "
                           "files, nor from a container's endpoint or an instance's metadata");
    return err;
}

struct kc_error *wire_aws_credentials(const struct kc_map *options, const char *region,
                                      const atomic_bool *cancelled, struct wire_aws_keys *keys)
{
    const struct search search = {options, region, cancelled};
    const char *role = kc_map_get(options, "awsRoleArn");
    struct kc_error *err = find(&search, keys);

    if (!err && role)
        err = assume_role(&search, role, keys);
    if (err)
        wire_aws_keys_clear(keys);
    return err ? kc_error_prefix(err, "AWS credentials") : NULL;
}

/* ---- Shared files ---- */

/* "[name]", or "[profile name]" as in ~/.aws/config. */
static bool is_section(const char *line, size_t len, const char *name)
{
    static const char prefix[] = "profile ";

    if (len < 2 || line[0] != '[' || line[len - 1] != ']')
        return false;
    line++;
    len -= 2;
    if (len > strlen(prefix) && strncmp(line, prefix, strlen(prefix)) == 0) {
        line += strlen(prefix);
        len -= strlen(prefix);
    }
    return len == strlen(name) && strncmp(line, name, len) == 0;
}

static size_t trim(const char **text, size_t len)
{
    while (len && strchr(" \t\r", **text)) {
        (*text)++;
        len--;
    }
    while (len && strchr(" \t\r", (*text)[len - 1]))
        len--;
    return len;
}

static void take_pair(const char *line, size_t len, struct kc_map *values)
{
    const char *equals = memchr(line, '=', len), *value;
    size_t key_len, value_len;
    char *key, *text;

    if (!equals || *line == '#' || *line == ';')
        return;
    value = equals + 1;
    value_len = trim(&value, len - (size_t)(value - line));
    key_len = trim(&line, (size_t)(equals - line));
    key = kc_strndup(line, key_len);
    text = kc_strndup(value, value_len);
    kc_map_set(values, key, text);
    free(key);
    free(text);
}

bool wire_aws_profile(const char *text, const char *name, struct kc_map *values)
{
    bool found = false, inside = false;

    while (*text) {
        size_t line = strcspn(text, "\n"), len;
        const char *at = text;

        len = trim(&at, line);
        if (len && *at == '[') {
            inside = is_section(at, len, name);
            found = found || inside;
        } else if (len && inside) {
            take_pair(at, len, values);
        }
        text += line + (text[line] == '\n');
    }
    return found;
}
