/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to other workers on libcurl: see http_client.h.
 *
 * A handle per request: they are rare, and a kept connection would outlive changed stores. libcurl
 * must be the flavour on OpenSSL, whose context is filled by wire's reader of the ssl.* settings,
 * so that stores of every kind do.
 */
#include "http/http_client.h"

#include "security/tls_config.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS         90000L
#define CONNECT_TIMEOUT_MS 15000L

/* A request under way. */
struct transfer {
    const struct kc_http_request *request;
    struct kc_http_reply *reply;
    struct kc_map *ssl;
    struct kc_error *tls_error;
    char why[CURL_ERROR_SIZE];
};

void kc_http_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

void kc_http_reply_clear(struct kc_http_reply *reply)
{
    kc_str_destroy(&reply->body);
    free(reply->location);
    kc_map_destroy(reply->headers);
    *reply = (struct kc_http_reply){0};
}

char *kc_http_escape(const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, 0); /* the handle hasn't mattered since 7.82 */
    char *copy = kc_strdup(escaped ? escaped : "");
    curl_free(escaped);
    return copy;
}

/* ---- callbacks ---- */

static size_t on_body(char *data, size_t size, size_t count, void *opaque)
{
    struct transfer *transfer = opaque;
    struct kc_str *body = &transfer->reply->body;
    if (body->len + size * count > transfer->request->max_reply ||
        !kc_str_try_reserve(body, size * count))
        return 0;
    kc_str_append_n(body, data, size * count);
    return size * count;
}

/* A line "name: value", with what ends it. */
static size_t on_header(char *data, size_t size, size_t count, void *opaque)
{
    struct kc_http_reply *reply = ((struct transfer *)opaque)->reply;
    size_t len = size * count;
    const char *colon = memchr(data, ':', len);
    if (!colon)
        return len; /* the status line, or the end of the head */
    char *name = kc_strndup(data, (size_t)(colon - data));
    char *rest = kc_strndup(colon + 1, len - (size_t)(colon + 1 - data));
    char *value = kc_trimmed(rest);
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (!reply->headers)
        reply->headers = kc_map_new();
    kc_map_set(reply->headers, name, value);
    if (strcmp(name, "location") == 0) {
        free(reply->location);
        reply->location = kc_strdup(value);
    }
    free(value);
    free(rest);
    free(name);
    return len;
}

static CURLcode on_tls_context(CURL *curl, void *context, void *opaque)
{
    struct transfer *transfer = opaque;
    transfer->tls_error = wire_tls_configure(context, transfer->ssl);
    return transfer->tls_error ? CURLE_SSL_CERTPROBLEM : CURLE_OK;
}

/* ---- one request ---- */

static struct curl_slist *make_headers(const struct kc_http_request *request)
{
    struct curl_slist *list = curl_slist_append(NULL, "Accept: application/json");
    list = curl_slist_append(list, "User-Agent: kafka-connect");
    list = curl_slist_append(list, "Expect:");
    if (request->body) {
        char *type = kc_asprintf("Content-Type: %s",
                                 request->body_type ? request->body_type : "application/json");
        list = curl_slist_append(list, type);
        free(type);
    }
    for (size_t i = 0; request->headers && i < request->headers->count; i++)
        list = curl_slist_append(list, request->headers->items[i]);
    return list;
}

/* Only the host name's check can be switched off, as with Java: the chain is always verified. */
static void set_tls(CURL *curl, struct transfer *transfer)
{
    const char *algorithm =
        kc_map_get_or(transfer->ssl, "ssl.endpoint.identification.algorithm", "https");
    curl_easy_setopt(curl, CURLOPT_CAINFO, NULL); /* on_tls_context() says whom to trust */
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, transfer);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, algorithm[strspn(algorithm, " \t")] ? 2L : 0L);
}

static void set_request(CURL *curl, struct transfer *transfer, struct curl_slist *headers)
{
    const struct kc_http_request *request = transfer->request;
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->why);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    if (request->body) {
        size_t len = request->body_len ? request->body_len : strlen(request->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    }
}

static struct kc_error *outcome(CURL *curl, CURLcode rc, struct transfer *transfer)
{
    if (rc == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer->reply->status);
        return NULL;
    }
    if (transfer->tls_error)
        return kc_error_prefix(transfer->tls_error, "Error trying to forward REST request to %s",
                               transfer->request->url);
    return kc_error_new(KC_ERR_CONNECT, "IO Error trying to forward REST request: %s (%s)",
                        *transfer->why ? transfer->why : curl_easy_strerror(rc),
                        transfer->request->url);
}

struct kc_error *kc_http_send(const struct kc_worker_config *config,
                              const struct kc_http_request *request, struct kc_http_reply *reply)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return kc_error_new(KC_ERR_CONNECT,
                            "Error trying to forward REST request: no HTTP client could be made");
    struct transfer transfer = {.request = request, .reply = reply};
    struct curl_slist *headers = make_headers(request);
    transfer.ssl = kc_worker_ssl_settings(config, "listeners.https.");
    set_request(curl, &transfer, headers);
    set_tls(curl, &transfer);
    struct kc_error *err = outcome(curl, curl_easy_perform(curl), &transfer);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    kc_map_destroy(transfer.ssl);
    return err;
}
