/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens from a file or an endpoint: see oauth_token.h. */
#include "wire/oauth_token.h"

#include "wire/errors.h"
#include "wire/jwt.h"
#include "wire/oauth_allowed.h"
#include "wire/web_request.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINT "sasl.oauthbearer.token.endpoint.url"

struct wire_oauth_source {
    char *endpoint;
    char *file; /* of a file: URL; NULL: an endpoint */
    char *client_id;
    char *client_secret;
    char *scope;   /* NULL: none */
    char *ca_file; /* PEM for the endpoint; NULL: the system's */
    long connect_ms;
    long answer_ms;
};

/* ---- Settings ---- */

/* KIP-1139 moved the credentials from the JAAS options to settings; either will do. */
static char *setting(const struct kc_map *settings, const char *key, const struct kc_map *options,
                     const char *option)
{
    return kc_strdup(kc_map_get_or(settings, key, kc_map_get(options, option)));
}

static long number(const struct kc_map *settings, const char *key)
{
    long value = strtol(kc_map_get_or(settings, key, "0"), NULL, 10);

    return value > 0 ? value : 0;
}

/* The path in "file:///path" and "file:/path". */
static char *path_of(const char *url)
{
    const char *path = url + strlen("file:");

    while (path[0] == '/' && path[1] == '/')
        path++;
    return kc_strdup(path);
}

/* Of Java's classes those that are known here by what they do. */
static struct kc_error *check_retriever(const struct kc_map *settings)
{
    static const char *const known[] = {"DefaultJwtRetriever", "ClientCredentialsJwtRetriever",
                                        "FileJwtRetriever"};
    const char *given = kc_map_get(settings, "sasl.oauthbearer.jwt.retriever.class");
    const char *dot = given ? strrchr(given, '.') : NULL;

    for (size_t i = 0; given && *given && i < sizeof known / sizeof *known; i++) {
        if (strcmp(dot ? dot + 1 : given, known[i]) == 0)
            return NULL;
    }
    if (!given || !*given)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration sasl.oauthbearer.jwt.retriever.class: "
                        "this class can't be run here; leave it out and give client credentials, "
                        "or a file: URL of a token as " ENDPOINT,
                        given);
}

static struct kc_error *check(const struct wire_oauth_source *source)
{
    if (source->file || (source->client_id && source->client_secret))
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "sasl.jaas.config needs clientId and clientSecret for the token endpoint "
                        "%s, or give sasl.oauthbearer.client.credentials.client.id and "
                        "sasl.oauthbearer.client.credentials.client.secret",
                        source->endpoint);
}

struct kc_error *wire_oauth_source_new(const struct kc_map *settings, const struct kc_map *options,
                                       struct wire_oauth_source **out)
{
    struct wire_oauth_source *source = kc_calloc(1, sizeof *source);
    struct kc_error *err = check_retriever(settings);

    *out = NULL;
    source->client_id =
        setting(settings, "sasl.oauthbearer.client.credentials.client.id", options, "clientId");
    source->client_secret = setting(settings, "sasl.oauthbearer.client.credentials.client.secret",
                                    options, "clientSecret");
    source->scope = setting(settings, "sasl.oauthbearer.scope", options, "scope");
    source->ca_file = kc_strdup(kc_map_get(options, "ssl.truststore.location"));
    source->connect_ms = number(settings, "sasl.login.connect.timeout.ms");
    source->answer_ms = number(settings, "sasl.login.read.timeout.ms");
    if (!err)
        err = wire_oauth_url(settings, ENDPOINT, &source->endpoint);
    if (!err && wire_oauth_is_file(source->endpoint))
        source->file = path_of(source->endpoint);
    if (!err)
        err = check(source);
    if (err) {
        wire_oauth_source_destroy(source);
        return err;
    }
    *out = source;
    return NULL;
}

void wire_oauth_source_destroy(struct wire_oauth_source *source)
{
    if (!source)
        return;
    free(source->endpoint);
    free(source->file);
    free(source->client_id);
    free(source->client_secret);
    free(source->scope);
    free(source->ca_file);
    free(source);
}

/* ---- The endpoint ---- */

static struct kc_error *read_answer(const struct wire_oauth_source *source,
                                    const struct wire_web_reply *reply, struct kc_str *token)
{
    const struct kc_str *body = &reply->body;
    json_t *json = json_loadb(body->data ? body->data : "", body->len, 0, NULL);
    const char *access = json_string_value(json_object_get(json, "access_token"));
    const char *error = json_string_value(json_object_get(json, "error"));
    struct kc_error *err = NULL;

    if (reply->status == 200 && access && *access)
        kc_str_append(token, access);
    else if (reply->status >= 500 || reply->status == 429)
        err = kc_error_retriable_new(KC_ERR_IO, "the token endpoint %s answered with status %ld",
                                     source->endpoint, reply->status);
    else if (reply->status >= 300 && reply->status < 400)
        err = kc_error_kafka_new(KC_KAFKA_SASL_AUTHENTICATION_FAILED, false,
                                 "the token endpoint %s answered with status %ld; redirects aren't "
                                 "followed: give the URL that answers as " ENDPOINT,
                                 source->endpoint, reply->status);
    else
        err = kc_error_kafka_new(
            KC_KAFKA_SASL_AUTHENTICATION_FAILED, false,
            "the token endpoint %s answered with status %ld%s%.200s; check clientId, "
            "clientSecret and scope in sasl.jaas.config",
            source->endpoint, reply->status, error ? ": " : " and no access_token",
            error ? error : "");
    json_decref(json);
    return err;
}

static char *make_form(const struct wire_oauth_source *source)
{
    char *escaped = source->scope ? curl_easy_escape(NULL, source->scope, 0) : NULL;
    char *form = kc_asprintf("grant_type=client_credentials%s%s", escaped ? "&scope=" : "",
                             escaped ? escaped : "");

    curl_free(escaped);
    return form;
}

static struct kc_error *ask_endpoint(const struct wire_oauth_source *source,
                                     const atomic_bool *cancelled, struct kc_str *token)
{
    char *form = make_form(source);
    const struct wire_web_request request = {
        .url = source->endpoint,
        .headers = {"Accept: application/json", "Cache-Control: no-cache"},
        .body = form,
        .user = source->client_id,
        .password = source->client_secret,
        .ca_file = source->ca_file,
        .connect_ms = source->connect_ms,
        .answer_ms = source->answer_ms,
        .cancelled = cancelled,
    };
    struct wire_web_reply reply = {0};
    struct kc_error *err = wire_web_send(&request, &reply);

    if (err)
        err = kc_error_prefix(err, "the token endpoint");
    else
        err = read_answer(source, &reply, token);
    wire_web_reply_clear(&reply);
    free(form);
    return err;
}

struct kc_error *wire_oauth_token(const struct wire_oauth_source *source,
                                  const atomic_bool *cancelled, struct kc_str *token)
{
    struct kc_error *err;

    if (source->file)
        err = wire_oauth_read_file(source->file, WIRE_JWT_MAX, token);
    else
        err = ask_endpoint(source, cancelled, token);
    if (err)
        return err;
    err = wire_jwt_check(token->data ? token->data : "");
    return err ? kc_error_prefix(err, "what %s gave as a token is none", source->endpoint) : NULL;
}
