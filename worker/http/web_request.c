/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of logins: see web_request_priv.h. */
#include "http/web_request_priv.h"

#include "http/http_client.h"
#include "http/http_transfer_priv.h"

#define HEADERS (sizeof(((struct wire_web_request *)NULL)->headers) / sizeof(char *))

/* Those that are there, and a NULL. */
static void take_headers(const struct wire_web_request *request, const char *headers[HEADERS + 1])
{
    size_t count = 0;

    for (size_t i = 0; i < HEADERS; i++) {
        if (request->headers[i])
            headers[count++] = request->headers[i];
    }
    headers[count] = NULL;
}

struct kc_error *wire_web_send(const struct wire_web_request *request, struct wire_web_reply *reply)
{
    const char *headers[HEADERS + 1];
    const struct kc_http_request http = {.method = request->method,
                                         .url = request->url,
                                         .body = request->body,
                                         .timeout_ms = (int)request->answer_ms,
                                         .user = request->user,
                                         .password = request->password};
    struct kc_http_reply answer = {0};
    struct http_transfer transfer = {.request = &http,
                                     .headers = headers,
                                     .ca_file = request->ca_file,
                                     .connect_ms = request->connect_ms,
                                     .no_proxy = request->no_proxy,
                                     .cancelled = request->cancelled,
                                     .reply = &answer};

    take_headers(request, headers);
    CURLcode code = http_transfer_run(&transfer);
    reply->status = answer.status;
    kc_str_append_n(&reply->body, answer.body.data ? answer.body.data : "", answer.body.len);
    kc_http_reply_clear(&answer);
    if (code == CURLE_OK)
        return NULL;
    return kc_error_retriable_new(KC_ERR_IO, "asking %s: %s", request->url, transfer.why);
}

void wire_web_reply_clear(struct wire_web_reply *reply)
{
    kc_str_destroy(&reply->body);
    *reply = (struct wire_web_reply){0};
}
