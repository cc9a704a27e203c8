/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins to AWS MSK by IAM: see aws_login.h. As in Java's aws-msk-iam-auth, a signed request for
 * the right to connect proves the client's identity to the broker.
 */
#include "http/aws_credentials_priv.h"
#include "http/aws_login.h"
#include "security/jaas_login.h"
#include "security/jwt.h"
#include "security/sasl_mechanism.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE   "kafka-cluster"
#define ACTION    "kafka-cluster:Connect"
#define EXPIRES_S 900

struct aws {
    struct wire_sasl base;
    struct kc_map *options;
    char *host;
    char *region;
    bool sent;
};

/* ---- Settings ---- */

bool wire_aws_wanted(const struct kc_map *settings)
{
    return strcmp(kc_map_get_or(settings, "sasl.login.callback.handler.class", ""),
                  WIRE_AWS_HANDLER) == 0 &&
           !kc_map_get(settings, "sasl.oauthbearer.token.endpoint.url");
}

/* The part before amazonaws in "b-1.name.abc.c2.kafka.us-east-1.amazonaws.com". Owned by the
 * caller; NULL: another kind of name. */
static char *region_in(const char *hosts)
{
    const char *end = strstr(hosts, ".amazonaws.com"), *begin = end;

    while (begin && begin > hosts && begin[-1] != '.' && begin[-1] != ',')
        begin--;
    return begin && begin < end ? kc_strndup(begin, (size_t)(end - begin)) : NULL;
}

struct kc_error *wire_aws_region(const struct kc_map *settings, const char *host, char **region)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const char *variable = getenv("AWS_REGION");

    if (!variable || !*variable)
        variable = getenv("AWS_DEFAULT_REGION");
    *region = region_in(host);
    if (!*region)
        *region = region_in(kc_map_get_or(settings, "bootstrap.servers", ""));
    if (!*region && variable && *variable)
        *region = kc_strdup(variable);
    if (*region && (*region)[strspn(*region, good)] == '\0')
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "the AWS region of the cluster isn't known: it stands neither in the names "
                        "of its brokers (...kafka.REGION.amazonaws.com) nor in AWS_REGION");
}

/* ---- Signing ---- */

static struct kc_error *sign(const struct kc_map *options, const char *region, const char *host,
                             const atomic_bool *cancelled, struct kc_map **query)
{
    struct wire_aws_keys keys = {0};
    struct kc_map *action = kc_map_new();
    const struct wire_aws_request request = {
        .service = SERVICE,
        .region = region,
        .host = host,
        .path = "/",
        .query = action,
        .now_ms = kc_now_ms(),
        .expires_s = EXPIRES_S,
    };
    struct kc_error *err = wire_aws_credentials(options, region, cancelled, &keys);

    kc_map_set(action, "Action", ACTION);
    if (!err)
        wire_aws_sign(&keys, &request, query);
    wire_aws_keys_clear(&keys);
    kc_map_destroy(action);
    return err;
}

struct kc_error *wire_aws_token(const struct kc_map *options, const char *region,
                                const atomic_bool *cancelled, struct kc_str *token)
{
    char *host = kc_asprintf("kafka.%s.amazonaws.com", region), *query, *url;
    struct kc_map *signed_query = NULL;
    struct kc_error *err = sign(options, region, host, cancelled, &signed_query);

    if (!err) {
        query = wire_aws_query(signed_query);
        url = kc_asprintf("https://%s/?%s&User-Agent=isthmus", host, query);
        wire_base64url(token, url, strlen(url));
        free(query);
        free(url);
    }
    kc_map_destroy(signed_query);
    free(host);
    return err;
}

/* ---- The mechanism AWS_MSK_IAM ---- */

static void aws_destroy(struct wire_sasl *sasl)
{
    struct aws *aws = (struct aws *)sasl;

    kc_map_destroy(aws->options);
    free(aws->host);
    free(aws->region);
    free(aws);
}

static struct kc_error *aws_start(const struct kc_map *settings, const char *host,
                                  struct wire_sasl **sasl)
{
    struct aws *aws = kc_calloc(1, sizeof(*aws));
    struct kc_error *err = kc_jaas_options(settings, &aws->options);

    aws->base.ops = &wire_sasl_aws_msk_iam;
    aws->host = kc_strdup(host);
    if (!err)
        err = wire_aws_region(settings, host, &aws->region);
    if (err) {
        aws_destroy(&aws->base);
        return err;
    }
    *sasl = &aws->base;
    return NULL;
}

/* The names of the query's parameters, in small letters. */
static void append_json(const struct aws *aws, const struct kc_map *query, struct kc_str *answer)
{
    json_t *json = json_pack("{s:s, s:s, s:s}", "version", "2020_10_22", "host", aws->host,
                             "user-agent", "isthmus");

    kc_map_foreach (query, entry) {
        char *name = kc_strdup(entry->key);

        for (char *c = name; *c; c++)
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
        json_object_set_new(json, name, json_string(entry->value));
        free(name);
    }
    char *text = json_dumps(json, JSON_COMPACT);
    kc_str_append(answer, text);
    free(text);
    json_decref(json);
}

static struct kc_error *aws_step(struct wire_sasl *sasl, const uint8_t *token, size_t len,
                                 struct kc_str *answer, bool *done)
{
    struct aws *aws = (struct aws *)sasl;
    struct kc_map *query = NULL;

    *done = true;
    if (aws->sent)
        return NULL;
    aws->sent = true;
    struct kc_error *err = sign(aws->options, aws->region, aws->host, &aws->base.cancelled, &query);
    if (!err)
        append_json(aws, query, answer);
    kc_map_destroy(query);
    return err;
}

const struct wire_sasl_ops wire_sasl_aws_msk_iam = {"AWS_MSK_IAM", aws_start, aws_step,
                                                    aws_destroy};
