/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange on libcurl, see http_transfer_priv.h. */
#include "http/http_transfer_priv.h"

#include "security/tls_config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX ((size_t)1 << 20)
#define CONNECT_MS 10000L
#define ANSWER_MS  30000L

/* ---- callbacks ---- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    const struct http_transfer *transfer = arg;
    struct kc_str *body = &transfer->reply->body;
    size_t len = size * count,
           most = transfer->request->max_reply ? transfer->request->max_reply : ANSWER_MAX;
    if (body->len + len > most || !kc_str_try_reserve(body, len))
        return 0;
    kc_str_append_n(body, data, len);
    return len;
}

/* A line "name: value", with what ends it. */
static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct kc_http_reply *reply = ((struct http_transfer *)arg)->reply;
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

/* libcurl asks at least once a second. */
static int on_progress(void *arg, curl_off_t to_get, curl_off_t got, curl_off_t to_put,
                       curl_off_t put)
{
    const struct http_transfer *transfer = arg;
    return transfer->cancelled && atomic_load(transfer->cancelled);
}

static CURLcode on_tls_context(CURL *curl, void *context, void *arg)
{
    struct http_transfer *transfer = arg;
    transfer->tls_error = wire_tls_configure(context, transfer->ssl);
    return transfer->tls_error ? CURLE_SSL_CERTPROBLEM : CURLE_OK;
}

/* ---- settings ---- */

static struct curl_slist *make_headers(const struct http_transfer *transfer)
{
    const struct kc_strings *own = transfer->request->headers;
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; transfer->headers && transfer->headers[i]; i++)
        list = curl_slist_append(list, transfer->headers[i]);
    if (transfer->request->body && transfer->request->body_type) {
        char *type = kc_asprintf("Content-Type: %s", transfer->request->body_type);
        list = curl_slist_append(list, type);
        free(type);
    }
    for (size_t i = 0; own && i < own->count; i++)
        list = curl_slist_append(list, own->items[i]);
    return list;
}

/* Only the host name's check can be switched off, as with Java: the chain is always verified. */
static void set_tls(CURL *curl, struct http_transfer *transfer)
{
    if (!transfer->ssl) {
        if (transfer->ca_file)
            curl_easy_setopt(curl, CURLOPT_CAINFO, transfer->ca_file);
        return;
    }
    const char *algorithm =
        kc_map_get_or(transfer->ssl, "ssl.endpoint.identification.algorithm", "https");
    curl_easy_setopt(curl, CURLOPT_CAINFO, NULL); /* on_tls_context() says whom to trust */
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, transfer);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, algorithm[strspn(algorithm, " \t")] ? 2L : 0L);
}

static void set_limits(CURL *curl, struct http_transfer *transfer)
{
    long answer_ms = transfer->request->timeout_ms;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     transfer->connect_ms ? transfer->connect_ms : CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, answer_ms ? answer_ms : ANSWER_MS);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    if (transfer->no_proxy)
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

static void set_request(CURL *curl, struct http_transfer *transfer, struct curl_slist *headers)
{
    const struct kc_http_request *request = transfer->request;
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
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
    if (request->method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->user) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
    }
}

CURLcode http_transfer_run(struct http_transfer *transfer)
{
    CURL *curl = curl_easy_init();
    *transfer->why = 0;
    if (!curl) {
        strcpy(transfer->why, "no HTTP client could be made");
        return CURLE_FAILED_INIT;
    }
    struct curl_slist *headers = make_headers(transfer);
    set_limits(curl, transfer);
    set_request(curl, transfer, headers);
    set_tls(curl, transfer);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer->reply->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK && !*transfer->why)
        strncpy(transfer->why, curl_easy_strerror(code), sizeof(transfer->why) - 1);
    return code;
}
