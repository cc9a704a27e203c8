/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens from a file or an endpoint: see oauth_token_priv.h. */
#include "http/oauth_token_priv.h"

#include "base/kafka_errors.h"
#include "http/oauth_assertion_priv.h"
#include "http/web_request_priv.h"
#include "security/jwt.h"
#include "security/oauth_allowed.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENDPOINT  "sasl.oauthbearer.token.endpoint.url"
#define RETRIEVER "sasl.oauthbearer.jwt.retriever.class"

struct wire_oauth_source {
    char *endpoint;
    char *file;                       /* of a file: URL; NULL: an endpoint */
    struct wire_assertion *assertion; /* NULL: client credentials */
    bool escaped;                     /* the credentials, which some endpoints want (RFC 6749) */
    char *client_id;
    char *client_secret;
    char *scope;   /* NULL: none */
    char *ca_file; /* PEM for the endpoint; NULL: the system's */
    long connect_ms;
    long answer_ms;
};

/* ---- Settings ---- */

/* KIP-1139 moved the credentials from the JAAS options to settings; both are read. */
static char *setting(const struct kc_map *settings, const char *key, const struct kc_map *options,
                     const char *option)
{
    return kc_strdup(kc_map_get_or(settings, key, options ? kc_map_get(options, option) : NULL));
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

/* ---- Retrievers (KIP-1139) ---- */

enum token_way { BY_URL, BY_CREDENTIALS, BY_FILE, BY_ASSERTION };

/* Java's classes and their counterparts here. */
static struct kc_error *find_retriever(const struct kc_map *settings, enum token_way *way)
{
    static const char package[] = "org.apache.kafka.common.security.oauthbearer.";
    static const char *const names[] = {
        [BY_URL] = "DefaultJwtRetriever",
        [BY_CREDENTIALS] = "ClientCredentialsJwtRetriever",
        [BY_FILE] = "FileJwtRetriever",
        [BY_ASSERTION] = "JwtBearerJwtRetriever",
    };
    const char *given = kc_map_get(settings, RETRIEVER);
    size_t len = strlen(package);

    *way = BY_URL;
    if (!given || !*given)
        return NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        *way = (enum token_way)i;
        if (strncmp(given, package, len) == 0 && strcmp(given + len, names[i]) == 0)
            return NULL;
    }
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration " RETRIEVER ": this class can't be run "
                        "here; known are DefaultJwtRetriever, ClientCredentialsJwtRetriever, "
                        "FileJwtRetriever and JwtBearerJwtRetriever of %.*s",
                        given, (int)len - 1, package);
}

static struct kc_error *check_way(const struct wire_oauth_source *source, enum token_way way)
{
    bool file = source->file;

    if (way == BY_URL || file == (way == BY_FILE))
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration " ENDPOINT ": this " RETRIEVER " needs "
                        "%s",
                        source->endpoint,
                        way == BY_FILE ? "a file: URL" : "the http(s) URL of a token endpoint");
}

static struct kc_error *check_credentials(const struct wire_oauth_source *source)
{
    if (source->client_id && source->client_secret)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "sasl.jaas.config needs clientId and clientSecret for the token endpoint "
                        "%s, or give sasl.oauthbearer.client.credentials.client.id and "
                        "sasl.oauthbearer.client.credentials.client.secret",
                        source->endpoint);
}

static struct kc_error *read_way(const struct kc_map *settings, enum token_way way,
                                 struct wire_oauth_source *source)
{
    struct kc_error *err = wire_oauth_url(settings, ENDPOINT, &source->endpoint);

    if (!err && wire_oauth_is_file(source->endpoint))
        source->file = path_of(source->endpoint);
    if (!err)
        err = check_way(source, way);
    if (!err && way == BY_ASSERTION)
        err = wire_assertion_new(settings, &source->assertion);
    else if (!err && !source->file)
        err = check_credentials(source);
    return err;
}

struct kc_error *wire_oauth_source_new(const struct kc_map *settings, const struct kc_map *options,
                                       struct wire_oauth_source **out)
{
    struct wire_oauth_source *source = kc_calloc(1, sizeof(*source));
    enum token_way way;
    struct kc_error *err = find_retriever(settings, &way);

    *out = NULL;
    source->client_id =
        setting(settings, "sasl.oauthbearer.client.credentials.client.id", options, "clientId");
    source->client_secret = setting(settings, "sasl.oauthbearer.client.credentials.client.secret",
                                    options, "clientSecret");
    source->scope =
        setting(settings, "sasl.oauthbearer.scope", way == BY_ASSERTION ? NULL : options, "scope");
    source->ca_file = kc_strdup(kc_map_get(options, "ssl.truststore.location"));
    source->connect_ms = number(settings, "sasl.login.connect.timeout.ms");
    source->answer_ms = number(settings, "sasl.login.read.timeout.ms");
    source->escaped =
        strcasecmp(kc_map_get_or(settings, "sasl.oauthbearer.header.urlencode", ""), "true") == 0;
    if (!err)
        err = read_way(settings, way, source);
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
    wire_assertion_destroy(source->assertion);
    free(source->client_id);
    free(source->client_secret);
    free(source->scope);
    free(source->ca_file);
    free(source);
}

/* ---- The endpoint ---- */

/* Java's JwtResponseParser takes either; an OpenID provider may give only the second. */
static char *token_in(const json_t *answer)
{
    static const char *const names[] = {"access_token", "id_token"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *text = json_string_value(json_object_get(answer, names[i]));
        char *token = text ? kc_trimmed(text) : NULL;

        if (token && *token)
            return token;
        free(token);
    }
    return NULL;
}

static struct kc_error *refused(const struct wire_oauth_source *source, long status,
                                const json_t *answer)
{
    const char *error = json_string_value(json_object_get(answer, "error"));
    const char *why = json_string_value(json_object_get(answer, "error_description"));

    return kc_error_kafka_new(
        KC_KAFKA_SASL_AUTHENTICATION_FAILED, false,
        "the token endpoint %s answered with status %ld%s%.200s%s%.200s; check %s",
        source->endpoint, status, error ? ": " : " and no access_token", error ? error : "",
        error && why ? ", " : "", error && why ? why : "",
        source->assertion ? "sasl.oauthbearer.assertion.* and sasl.oauthbearer.scope"
                          : "clientId, clientSecret and scope in sasl.jaas.config");
}

static struct kc_error *read_answer(const struct wire_oauth_source *source,
                                    const struct wire_web_reply *reply, struct kc_str *token)
{
    const struct kc_str *body = &reply->body;
    json_t *json = json_loadb(body->data ? body->data : "", body->len, 0, NULL);
    char *found = token_in(json);
    struct kc_error *err = NULL;

    if ((reply->status == 200 || reply->status == 201) && found)
        kc_str_append(token, found);
    else if (reply->status >= 500 || reply->status == 429)
        err = kc_error_retriable_new(KC_ERR_IO, "the token endpoint %s answered with status %ld",
                                     source->endpoint, reply->status);
    else if (reply->status >= 300 && reply->status < 400)
        err = kc_error_kafka_new(KC_KAFKA_SASL_AUTHENTICATION_FAILED, false,
                                 "the token endpoint %s answered with status %ld; redirects aren't "
                                 "followed: give the URL that answers as " ENDPOINT,
                                 source->endpoint, reply->status);
    else
        err = refused(source, reply->status, json);
    free(found);
    json_decref(json);
    return err;
}

static void append_escaped(struct kc_str *form, const char *name, const char *value)
{
    char *escaped = curl_easy_escape(NULL, value, 0);

    kc_str_appendf(form, "%s%s=%s", form->len ? "&" : "", name, escaped ? escaped : "");
    curl_free(escaped);
}

static struct kc_error *make_form(const struct wire_oauth_source *source, struct kc_str *form)
{
    struct kc_str assertion = {0};
    struct kc_error *err = NULL;

    append_escaped(form, "grant_type",
                   source->assertion ? "urn:ietf:params:oauth:grant-type:jwt-bearer"
                                     : "client_credentials");
    if (source->assertion)
        err = wire_assertion_make(source->assertion, &assertion);
    if (!err && source->assertion)
        append_escaped(form, "assertion", assertion.data);
    if (!err && source->scope)
        append_escaped(form, "scope", source->scope);
    kc_str_destroy(&assertion);
    return err;
}

/* The credential as it goes into the Authorization header, owned by the caller. */
static char *credential(const struct wire_oauth_source *source, const char *text)
{
    if (source->assertion)
        return NULL;
    if (!source->escaped)
        return kc_strdup(text);
    char *escaped = curl_easy_escape(NULL, text, 0);
    char *copy = kc_strdup(escaped);
    curl_free(escaped);
    return copy;
}

static struct kc_error *post(const struct wire_oauth_source *source, const atomic_bool *cancelled,
                             const char *form, struct wire_web_reply *reply)
{
    char *user = credential(source, source->client_id);
    char *password = credential(source, source->client_secret);
    const struct wire_web_request request = {
        .url = source->endpoint,
        .headers = {"Accept: application/json", "Cache-Control: no-cache"},
        .body = form,
        .user = user,
        .password = password,
        .ca_file = source->ca_file,
        .connect_ms = source->connect_ms,
        .answer_ms = source->answer_ms,
        .cancelled = cancelled,
    };
    struct kc_error *err = wire_web_send(&request, reply);

    free(user);
    free(password);
    return err ? kc_error_prefix(err, "the token endpoint") : NULL;
}

static struct kc_error *ask_endpoint(const struct wire_oauth_source *source,
                                     const atomic_bool *cancelled, struct kc_str *token)
{
    struct wire_web_reply reply = {0};
    struct kc_str form = {0};
    struct kc_error *err = make_form(source, &form);

    if (!err)
        err = post(source, cancelled, form.data, &reply);
    if (!err)
        err = read_answer(source, &reply, token);
    wire_web_reply_clear(&reply);
    kc_str_destroy(&form);
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
