/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OAUTHBEARER tokens by client credentials (RFC 6749 4.4, KIP-768), fetched with libcurl.
 *
 * Debian's librdkafka is built without its own OIDC client. The refresh callback runs on
 * librdkafka's background thread (kc_client_new() asks for that). Settings live as long as the
 * process: a client doesn't tell when its configuration dies, and there are few different ones, so
 * equal ones are shared.
 */
#include "connect/log.h"
#include "kafka/client_priv.h"

#include <curl/curl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.common.security.oauthbearer");

#define MAX_ANSWER 1000000

struct oauth {
    struct oauth *next;
    char *url, *client_id, *client_secret, *scope, *extensions, *ca_file;
    int connect_timeout_ms, read_timeout_ms;
};

static pthread_mutex_t oauths_lock = PTHREAD_MUTEX_INITIALIZER;
static struct oauth *oauths;

struct token {
    char *text;
    char *subject;
    int64_t expires_ms;
};

static void token_clear(struct token *token)
{
    free(token->text);
    free(token->subject);
}

/* The payload of a JWT, the part between its dots; NULL when it isn't one. */
static json_t *jwt_payload(const char *jwt)
{
    const char *begin = strchr(jwt, '.');
    const char *end = begin ? strchr(begin + 1, '.') : NULL;
    if (!end)
        return NULL;
    size_t len = (size_t)(end - begin - 1);
    size_t padded = (len + 3) / 4 * 4;
    char *base64 = kc_calloc(1, padded + 1);
    unsigned char *text = kc_calloc(1, padded + 1);
    for (size_t i = 0; i < padded; i++) {
        char c = i < len ? begin[1 + i] : '=';
        base64[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    int size = EVP_DecodeBlock(text, (unsigned char *)base64, (int)padded);
    json_t *payload = size < 0 ? NULL : json_loads((char *)text, JSON_DISABLE_EOF_CHECK, NULL);
    free(base64);
    free(text);
    return payload;
}

/* Expiry and subject from the token itself, as Java reads them; the answer's expires_in serves
 * opaque tokens. */
static void read_claims(struct token *token, const json_t *answer)
{
    json_t *payload = jwt_payload(token->text);
    const json_t *expiry = json_object_get(payload, "exp");
    const json_t *lifetime = json_object_get(answer, "expires_in");
    const char *subject = json_string_value(json_object_get(payload, "sub"));
    if (json_is_number(expiry))
        token->expires_ms = (int64_t)(json_number_value(expiry) * 1000);
    else
        token->expires_ms =
            kc_now_ms() +
            (json_is_number(lifetime) ? (int64_t)(json_number_value(lifetime) * 1000) : 300000);
    token->subject = kc_strdup(subject ? subject : "");
    json_decref(payload);
}

static struct kc_error *read_answer(const struct oauth *oauth, long status,
                                    const struct kc_str *body, struct token *token)
{
    json_t *answer = json_loadb(body->data ? body->data : "", body->len, 0, NULL);
    const char *text = json_string_value(json_object_get(answer, "access_token"));
    const char *reason = json_string_value(json_object_get(answer, "error_description"));
    struct kc_error *err = NULL;
    if (status == 200 && text) {
        token->text = kc_strdup(text);
        read_claims(token, answer);
    } else {
        err = kc_error_retriable_new(KC_ERR_IO,
                                     "%s answered with HTTP status %ld and no access_token%s%s",
                                     oauth->url, status, reason ? ": " : "", reason ? reason : "");
    }
    json_decref(answer);
    return err;
}

static size_t on_body(char *data, size_t size, size_t count, void *opaque)
{
    struct kc_str *body = opaque;
    if (body->len + size * count > MAX_ANSWER)
        return 0;
    kc_str_append_n(body, data, size * count);
    return size * count;
}

static void set_request(CURL *curl, const struct oauth *oauth, const char *form,
                        struct kc_str *body)
{
    curl_easy_setopt(curl, CURLOPT_URL, oauth->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, oauth->client_id);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, oauth->client_secret);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)oauth->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                     (long)(oauth->connect_timeout_ms + oauth->read_timeout_ms));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (oauth->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, oauth->ca_file);
}

static char *make_form(CURL *curl, const struct oauth *oauth)
{
    struct kc_str form = {0};
    kc_str_append(&form, "grant_type=client_credentials");
    if (oauth->scope) {
        char *scope = curl_easy_escape(curl, oauth->scope, 0);
        kc_str_appendf(&form, "&scope=%s", scope ? scope : "");
        curl_free(scope);
    }
    return kc_str_take(&form);
}

static struct kc_error *fetch_token(const struct oauth *oauth, struct token *token)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return kc_error_new(KC_ERR_IO, "libcurl can't be initialised");
    struct kc_str body = {0};
    char *form = make_form(curl, oauth);
    set_request(curl, oauth, form, &body);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    struct kc_error *err = NULL;
    if (code != CURLE_OK)
        err = kc_error_retriable_new(KC_ERR_IO, "%s: %s", oauth->url, curl_easy_strerror(code));
    else
        err = read_answer(oauth, status, &body, token);
    curl_easy_cleanup(curl);
    free(form);
    kc_str_destroy(&body);
    return err;
}

/* "a=1,b=2" as the array of names and values that librdkafka takes. */
static void split_extensions(const char *text, struct kc_strings *pairs)
{
    struct kc_strings items = {0};
    kc_strings_split(&items, text ? text : "");
    for (size_t i = 0; i < items.count; i++) {
        char *value = strchr(items.items[i], '=');
        if (!value)
            continue;
        kc_strings_take(pairs, kc_strndup(items.items[i], (size_t)(value - items.items[i])));
        kc_strings_add(pairs, value + 1);
    }
    kc_strings_destroy(&items);
}

static void on_refresh(rd_kafka_t *client, const char *config, void *opaque)
{
    const struct oauth *oauth = NULL;
    pthread_mutex_lock(&oauths_lock);
    for (oauth = oauths; oauth && config && (uintptr_t)oauth != strtoull(config, NULL, 16);)
        oauth = oauth->next;
    pthread_mutex_unlock(&oauths_lock);
    if (!oauth)
        return;
    struct token token = {0};
    struct kc_strings extensions = {0};
    char reason[256] = "";
    split_extensions(oauth->extensions, &extensions);
    struct kc_error *err = fetch_token(oauth, &token);
    if (!err &&
        rd_kafka_oauthbearer_set_token(client, token.text, token.expires_ms, token.subject,
                                       (const char **)extensions.items, extensions.count, reason,
                                       sizeof(reason)) != RD_KAFKA_RESP_ERR_NO_ERROR)
        err =
            kc_error_new(KC_ERR_DATA, "%s gave a token that can't be used: %s", oauth->url, reason);
    if (err) {
        kc_warn("Getting an OAuth token failed: %s", kc_error_text(err));
        rd_kafka_oauthbearer_set_token_failure(client, kc_error_text(err));
        kc_error_destroy(err);
    }
    kc_strings_destroy(&extensions);
    token_clear(&token);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool matches(const struct oauth *oauth, const struct kc_oauth_settings *settings)
{
    return same(oauth->url, settings->url) && same(oauth->client_id, settings->client_id) &&
           same(oauth->client_secret, settings->client_secret) &&
           same(oauth->scope, settings->scope) && same(oauth->extensions, settings->extensions) &&
           same(oauth->ca_file, settings->ca_file) &&
           oauth->connect_timeout_ms == settings->connect_timeout_ms &&
           oauth->read_timeout_ms == settings->read_timeout_ms;
}

static struct oauth *oauth_new(const struct kc_oauth_settings *settings)
{
    struct oauth *oauth = kc_calloc(1, sizeof(*oauth));
    oauth->url = kc_strdup(settings->url);
    oauth->client_id = kc_strdup(settings->client_id);
    oauth->client_secret = kc_strdup(settings->client_secret);
    oauth->scope = kc_strdup(settings->scope);
    oauth->extensions = kc_strdup(settings->extensions);
    oauth->ca_file = kc_strdup(settings->ca_file);
    oauth->connect_timeout_ms = settings->connect_timeout_ms;
    oauth->read_timeout_ms = settings->read_timeout_ms;
    return oauth;
}

void kc_conf_oauth(rd_kafka_conf_t *conf, const struct kc_oauth_settings *settings)
{
    pthread_mutex_lock(&oauths_lock);
    struct oauth *oauth = oauths;
    while (oauth && !matches(oauth, settings))
        oauth = oauth->next;
    if (!oauth) {
        oauth = oauth_new(settings);
        oauth->next = oauths;
        oauths = oauth;
    }
    pthread_mutex_unlock(&oauths_lock);
    /* The callback gets this text back; the client's opaque is its user's. */
    char handle[24];
    char reason[128];
    snprintf(handle, sizeof(handle), "%llx", (unsigned long long)(uintptr_t)oauth);
    rd_kafka_conf_set(conf, "sasl.oauthbearer.config", handle, reason, sizeof(reason));
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, on_refresh);
    rd_kafka_conf_enable_sasl_queue(conf, 1);
}
