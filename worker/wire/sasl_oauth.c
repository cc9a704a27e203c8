/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OAUTHBEARER (RFC 7628): a token from a file, from a token endpoint by the client credentials
 * grant (KIP-768), or unsecured (sasl_unsecured.c), sent to the broker.
 *
 * Runs in libuv's thread pool: the endpoint is asked with a blocking libcurl call. Tokens are
 * fetched per connection and re-authentication; they aren't cached, so that none is older than its
 * connection.
 */
#include "wire/jaas.h"
#include "wire/sasl_priv.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX  (1024 * 1024) /* bytes of a token file or an endpoint's answer */
#define TIMEOUT_MS 30000L
#define CONNECT_MS 10000L

struct oauth {
    struct wire_sasl base;
    struct kc_map *options;
    char *endpoint; /* NULL: unsecured tokens */
    char *ca_file;  /* PEM for the endpoint; NULL: the system's */
    int state;
};

static void oauth_destroy(struct wire_sasl *sasl)
{
    struct oauth *oauth = (struct oauth *)sasl;

    kc_map_destroy(oauth->options);
    free(oauth->endpoint);
    free(oauth->ca_file);
    free(oauth);
}

/* KIP-1139 moved the credentials from the JAAS options to settings; either will do. */
static void take_setting(struct oauth *oauth, const struct kc_map *settings, const char *key,
                         const char *option)
{
    const char *value = kc_map_get(settings, key);

    if (value)
        kc_map_set(oauth->options, option, value);
}

static bool is_file(const char *url)
{
    return strncmp(url, "file:", 5) == 0;
}

static struct kc_error *check(const struct oauth *oauth)
{
    if (!oauth->endpoint && wire_unsecured_wanted(oauth->options)) {
        struct kc_str token = {0};
        struct kc_error *err = wire_unsecured_token(oauth->options, &token);

        kc_str_destroy(&token);
        return err;
    }
    if (!oauth->endpoint)
        return kc_error_new(
            KC_ERR_CONFIG,
            "sasl.oauthbearer.token.endpoint.url is needed for the mechanism "
            "OAUTHBEARER: an http(s) URL of a token endpoint, or file:///path of a token");
    if (!is_file(oauth->endpoint) &&
        (!kc_map_get(oauth->options, "clientId") || !kc_map_get(oauth->options, "clientSecret")))
        return kc_error_new(
            KC_ERR_CONFIG,
            "sasl.jaas.config needs clientId and clientSecret for the token endpoint %s",
            oauth->endpoint);
    return NULL;
}

static struct kc_error *oauth_start(const struct kc_map *settings, const char *host,
                                    struct wire_sasl **sasl)
{
    struct oauth *oauth = kc_calloc(1, sizeof *oauth);
    struct kc_error *err = NULL;

    oauth->base.ops = &wire_sasl_oauthbearer;
    if (kc_map_get(settings, "sasl.jaas.config"))
        err = kc_jaas_options(settings, &oauth->options);
    if (!oauth->options)
        oauth->options = kc_map_new();
    take_setting(oauth, settings, "sasl.oauthbearer.client.credentials.client.id", "clientId");
    take_setting(oauth, settings, "sasl.oauthbearer.client.credentials.client.secret",
                 "clientSecret");
    take_setting(oauth, settings, "sasl.oauthbearer.scope", "scope");
    oauth->endpoint = kc_strdup(kc_map_get(settings, "sasl.oauthbearer.token.endpoint.url"));
    oauth->ca_file = kc_strdup(kc_map_get(oauth->options, "ssl.truststore.location"));
    if (!err)
        err = check(oauth);
    if (err) {
        oauth_destroy(&oauth->base);
        return err;
    }
    *sasl = &oauth->base;
    return NULL;
}

/* ---- The token ---- */

static struct kc_error *read_token_file(const struct oauth *oauth, struct kc_str *token)
{
    const char *path = oauth->endpoint + strlen("file:");
    char buffer[4096];
    size_t len;
    FILE *file;

    while (path[0] == '/' && path[1] == '/')
        path++;
    file = fopen(path, "re");
    if (!file)
        return kc_error_retriable_new(KC_ERR_IO, "can't read the OAuth token file %s: %m", path);
    while ((len = fread(buffer, 1, sizeof buffer, file)) > 0 && token->len < TOKEN_MAX)
        kc_str_append_n(token, buffer, len);
    fclose(file);
    while (token->len && strchr(" \t\r\n", token->data[token->len - 1]))
        token->data[--token->len] = 0;
    if (!token->len)
        return kc_error_retriable_new(KC_ERR_IO, "the OAuth token file %s is empty", path);
    return NULL;
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct kc_str *body = arg;

    if (body->len + count > TOKEN_MAX)
        return 0;
    kc_str_append_n(body, data, count);
    return count;
}

static struct kc_error *read_answer(const struct oauth *oauth, long status,
                                    const struct kc_str *body, struct kc_str *token)
{
    json_t *json = json_loadb(body->data ? body->data : "", body->len, 0, NULL);
    const char *access = json_string_value(json_object_get(json, "access_token"));
    const char *error = json_string_value(json_object_get(json, "error"));
    struct kc_error *err = NULL;

    if (status == 200 && access && *access)
        kc_str_append(token, access);
    else if (status >= 500 || status == 429)
        err = kc_error_retriable_new(KC_ERR_IO, "the token endpoint %s answered with status %ld",
                                     oauth->endpoint, status);
    else
        err = kc_error_kafka_new(
            58, false,
            "the token endpoint %s answered with status %ld%s%s; check clientId, "
            "clientSecret and scope in sasl.jaas.config",
            oauth->endpoint, status, error ? ": " : " and no access_token", error ? error : "");
    json_decref(json);
    return err;
}

static char *make_form(CURL *curl, const struct oauth *oauth)
{
    const char *scope = kc_map_get(oauth->options, "scope");
    char *escaped = scope ? curl_easy_escape(curl, scope, 0) : NULL;
    char *form = kc_asprintf("grant_type=client_credentials%s%s", escaped ? "&scope=" : "",
                             escaped ? escaped : "");

    curl_free(escaped);
    return form;
}

static void set_up_request(CURL *curl, const struct oauth *oauth, const char *form,
                           struct kc_str *body)
{
    curl_easy_setopt(curl, CURLOPT_URL, oauth->endpoint);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, kc_map_get(oauth->options, "clientId"));
    curl_easy_setopt(curl, CURLOPT_PASSWORD, kc_map_get(oauth->options, "clientSecret"));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (oauth->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, oauth->ca_file);
}

static struct kc_error *ask_endpoint(const struct oauth *oauth, struct kc_str *token)
{
    CURL *curl = curl_easy_init();
    struct kc_str body = {0};
    struct kc_error *err;
    char *form;
    CURLcode code;
    long status = 0;

    if (!curl)
        return kc_error_retriable_new(KC_ERR_IO, "libcurl can't start a request");
    form = make_form(curl, oauth);
    set_up_request(curl, oauth, form, &body);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        err = kc_error_retriable_new(KC_ERR_IO, "asking the token endpoint %s: %s", oauth->endpoint,
                                     curl_easy_strerror(code));
    else
        err = read_answer(oauth, status, &body, token);
    kc_str_destroy(&body);
    free(form);
    curl_easy_cleanup(curl);
    return err;
}

/* ---- The exchange ---- */

/* JAAS options extension_NAME become NAME=value (KIP-342). */
static void append_extensions(const struct oauth *oauth, struct kc_str *answer)
{
    const char *prefix = oauth->endpoint ? "extension_" : "unsecuredLoginExtension_";
    size_t len = strlen(prefix);

    kc_map_foreach (oauth->options, entry) {
        if (strncmp(entry->key, prefix, len) == 0)
            kc_str_appendf(answer, "\001%s=%s", entry->key + len, entry->value ? entry->value : "");
    }
}

static struct kc_error *get_token(const struct oauth *oauth, struct kc_str *token)
{
    if (!oauth->endpoint)
        return wire_unsecured_token(oauth->options, token);
    return is_file(oauth->endpoint) ? read_token_file(oauth, token) : ask_endpoint(oauth, token);
}

static struct kc_error *send_token(const struct oauth *oauth, struct kc_str *answer)
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
    struct oauth *oauth = (struct oauth *)sasl;

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
