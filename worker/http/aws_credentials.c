/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of places where AWS credentials are: see aws_credentials_priv.h. */
#include "http/aws_credentials_priv.h"

#include "http/aws_priv.h"
#include "security/oauth_allowed.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536

const char *wire_aws_env(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

const char *wire_aws_endpoint(const char *service)
{
    char *name = kc_asprintf("AWS_ENDPOINT_URL_%s", service);
    const char *url = wire_aws_env(name);

    free(name);
    return url ? url : wire_aws_env("AWS_ENDPOINT_URL");
}

struct kc_error *wire_aws_take(struct wire_aws_keys *keys, const char *id, const char *secret,
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

struct kc_error *wire_aws_ask(const struct wire_aws_search *search,
                              struct wire_web_request *request, struct wire_web_reply *reply)
{
    request->cancelled = search->cancelled;
    struct kc_error *err = wire_web_send(request, reply);
    if (!err && reply->status != 200)
        err = kc_error_retriable_new(KC_ERR_IO, "%.*s answered with status %ld",
                                     (int)strcspn(request->url, "?"), request->url, reply->status);
    return err;
}

struct kc_error *wire_aws_read_keys(const json_t *json, const char *token_name, const char *where,
                                    struct wire_aws_keys *keys)
{
    return wire_aws_take(keys, json_string_value(json_object_get(json, "AccessKeyId")),
                         json_string_value(json_object_get(json, "SecretAccessKey")),
                         json_string_value(json_object_get(json, token_name)), where);
}

struct kc_error *wire_aws_get_json(const struct wire_aws_search *search,
                                   struct wire_web_request *request, json_t **json)
{
    struct wire_web_reply reply = {0};
    struct kc_error *err = wire_aws_ask(search, request, &reply);

    if (!err) {
        *json = json_loadb(reply.body.data ? reply.body.data : "", reply.body.len, 0, NULL);
        if (!*json)
            err = kc_error_retriable_new(KC_ERR_IO, "%.*s answered with something else than JSON",
                                         (int)strcspn(request->url, "?"), request->url);
    }
    wire_web_reply_clear(&reply);
    return err;
}

/* ---- Places ---- */

struct kc_error *wire_aws_from_environment(const struct wire_aws_search *search,
                                           struct wire_aws_keys *keys)
{
    if (!wire_aws_env("AWS_ACCESS_KEY_ID") || !wire_aws_env("AWS_SECRET_ACCESS_KEY"))
        return NULL;
    return wire_aws_take(keys, wire_aws_env("AWS_ACCESS_KEY_ID"),
                         wire_aws_env("AWS_SECRET_ACCESS_KEY"), wire_aws_env("AWS_SESSION_TOKEN"),
                         "the environment");
}

/* A pod's role (IRSA). */
static struct kc_error *from_web_identity(const struct wire_aws_search *search,
                                          struct wire_aws_keys *keys)
{
    const char *file = wire_aws_env("AWS_WEB_IDENTITY_TOKEN_FILE");
    const struct wire_aws_role role = {.arn = wire_aws_env("AWS_ROLE_ARN"),
                                       .session = wire_aws_env("AWS_ROLE_SESSION_NAME")};

    return file && role.arn ? wire_aws_web_identity(search, &role, file, keys) : NULL;
}

/* ECS, and EKS Pod Identity. */
struct kc_error *wire_aws_from_container(const struct wire_aws_search *search,
                                         struct wire_aws_keys *keys)
{
    const char *relative = wire_aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = wire_aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *file = wire_aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = wire_aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
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

        err = wire_aws_get_json(search, &request, &json);
    }
    if (!err)
        err = wire_aws_read_keys(json, "Token", "the container's endpoint", keys);
    json_decref(json);
    kc_str_destroy(&text);
    free(header);
    free(url);
    return err;
}

/* One GET of the instance's metadata, or the PUT for a session. */
static struct kc_error *ask_instance(const struct wire_aws_search *search, const char *method,
                                     const char *path, const char *header,
                                     struct wire_web_reply *reply)
{
    const char *endpoint = wire_aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    char *url = kc_asprintf("%s/latest/%s", endpoint ? endpoint : "http://169.254.169.254", path);
    struct wire_web_request request = {
        .method = method,
        .url = url,
        .headers = {header},
        .connect_ms = 1000,
        .answer_ms = 3000,
        .no_proxy = true,
    };
    struct kc_error *err = wire_aws_ask(search, &request, reply);

    free(url);
    return err;
}

#define ROLES "meta-data/iam/security-credentials/"

struct kc_error *wire_aws_from_instance(const struct wire_aws_search *search,
                                        struct wire_aws_keys *keys)
{
    struct wire_web_reply session = {0}, role = {0}, found = {0};
    char *header = NULL, *path = NULL;
    json_t *json = NULL;

    if (wire_aws_env("AWS_EC2_METADATA_DISABLED") &&
        strcmp(wire_aws_env("AWS_EC2_METADATA_DISABLED"), "true") == 0)
        return NULL;
    struct kc_error *err = ask_instance(search, "PUT", "api/token",
                                        "X-aws-ec2-metadata-token-ttl-seconds: 60", &session);
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
        err = wire_aws_read_keys(json, "Token", "the instance's metadata", keys);
    }
    json_decref(json);
    wire_web_reply_clear(&session);
    wire_web_reply_clear(&role);
    wire_web_reply_clear(&found);
    free(header);
    free(path);
    return err;
}

/* ---- The chain ---- */

/* As in AWS's libraries, a source that fails doesn't end the search. If nothing is found, the first
 * failure is returned. */
static struct kc_error *find(const struct wire_aws_search *search, struct wire_aws_keys *keys)
{
    static const wire_aws_source chain[] = {wire_aws_from_environment, from_web_identity,
                                            wire_aws_from_profile, wire_aws_from_container,
                                            wire_aws_from_instance};
    struct kc_error *first = NULL;

    if (kc_map_get(search->options, "awsProfileName"))
        return wire_aws_from_profile(search, keys);
    for (size_t i = 0; !keys->id && i < sizeof(chain) / sizeof(*chain); i++) {
        struct kc_error *err = chain[i](search, keys);

        if (first)
            kc_error_destroy(err);
        else
            first = err;
    }
    if (keys->id)
        kc_error_clear(&first);
    else if (!first)
        first = kc_error_new(KC_ERR_CONFIG,
                             "no AWS credentials: neither in the environment, nor in AWS's shared "
                             "files, nor from a container's endpoint or an instance's metadata");
    return first;
}

struct kc_error *wire_aws_credentials(const struct kc_map *options, const char *region,
                                      const atomic_bool *cancelled, struct wire_aws_keys *keys)
{
    const struct wire_aws_search search = {options, region, cancelled};
    const struct wire_aws_role role = {
        .arn = kc_map_get(options, "awsRoleArn"),
        .session = kc_map_get(options, "awsRoleSessionName"),
        .external_id = kc_map_get(options, "awsRoleExternalId"),
    };
    struct kc_error *err = find(&search, keys);

    if (!err && role.arn)
        err = wire_aws_assume(&search, &role, keys);
    if (err)
        wire_aws_keys_clear(keys);
    return err ? kc_error_prefix(err, "AWS credentials") : NULL;
}
