/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to other workers: see http_client.h. */
#include "http/http_client.h"

#include "http/http_transfer_priv.h"

#include <stdlib.h>

enum {
    TIMEOUT_MS = 90000,
    CONNECT_TIMEOUT_MS = 15000,
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

/* Fills in what the request leaves open, and makes it. */
static CURLcode exchange(struct http_transfer *transfer, const struct kc_http_request *request)
{
    static const char *const headers[] = {"Accept: application/json", "User-Agent: kafka-connect",
                                          NULL};
    struct kc_http_request timed = *request;
    if (!timed.timeout_ms)
        timed.timeout_ms = TIMEOUT_MS;
    if (!timed.body_type)
        timed.body_type = "application/json";
    transfer->request = &timed;
    transfer->headers = headers;
    transfer->connect_ms = CONNECT_TIMEOUT_MS;
    transfer->no_proxy = true;
    CURLcode code = http_transfer_run(transfer);
    transfer->request = NULL;
    return code;
}

struct kc_error *kc_http_send(const struct kc_worker_config *config,
                              const struct kc_http_request *request, struct kc_http_reply *reply)
{
    struct kc_map *ssl = kc_worker_ssl_settings(config, "listeners.https.");
    struct http_transfer transfer = {.ssl = ssl, .reply = reply};
    CURLcode code = exchange(&transfer, request);
    kc_map_destroy(ssl);
    if (transfer.tls_error)
        return kc_error_prefix(transfer.tls_error, "Error trying to forward REST request to %s",
                               request->url);
    return code == CURLE_OK
               ? NULL
               : kc_error_new(KC_ERR_CONNECT, "IO Error trying to forward REST request: %s (%s)",
                              transfer.why, request->url);
}

struct kc_error *kc_http_ask(const struct kc_map *ssl, const struct kc_http_request *request,
                             struct kc_http_reply *reply)
{
    struct http_transfer transfer = {.ssl = ssl, .reply = reply};
    CURLcode code = exchange(&transfer, request);
    if (transfer.tls_error)
        return transfer.tls_error;
    return code == CURLE_OK ? NULL : kc_error_retriable_new(KC_ERR_IO, "%s", transfer.why);
}
