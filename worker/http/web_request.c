/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of logins on libcurl: see web_request_priv.h. A handle for each: they are rare. */
#include "http/web_request_priv.h"

#include <curl/curl.h>

#define ANSWER_MAX (1024 * 1024)
#define CONNECT_MS 10000L
#define ANSWER_MS  30000L

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct kc_str *body = arg;

    if (body->len + count > ANSWER_MAX)
        return 0;
    kc_str_append_n(body, data, count);
    return count;
}

/* libcurl asks at least once a second. */
static int on_progress(void *arg, curl_off_t to_get, curl_off_t got, curl_off_t to_put,
                       curl_off_t put)
{
    const struct wire_web_request *request = arg;

    return request->cancelled && atomic_load(request->cancelled);
}

static struct curl_slist *make_headers(const struct wire_web_request *request)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");

    for (size_t i = 0; i < sizeof request->headers / sizeof *request->headers; i++) {
        if (request->headers[i])
            list = curl_slist_append(list, request->headers[i]);
    }
    return list;
}

static void set_limits(CURL *curl, const struct wire_web_request *request)
{
    long connect_ms = request->connect_ms ? request->connect_ms : CONNECT_MS;
    long answer_ms = request->answer_ms ? request->answer_ms : ANSWER_MS;

    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, answer_ms);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)request);
    if (request->no_proxy)
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

static void set_request(CURL *curl, const struct wire_web_request *request,
                        const struct curl_slist *headers, struct wire_web_reply *reply)
{
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->body);
    if (request->body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    if (request->method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->user) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
    }
    if (request->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
}

struct kc_error *wire_web_send(const struct wire_web_request *request, struct wire_web_reply *reply)
{
    CURL *curl = curl_easy_init();
    char why[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers;
    CURLcode code;

    if (!curl)
        return kc_error_retriable_new(KC_ERR_IO, "libcurl can't start a request");
    headers = make_headers(request);
    set_limits(curl, request);
    set_request(curl, request, headers, reply);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (code == CURLE_OK)
        return NULL;
    return kc_error_retriable_new(KC_ERR_IO, "asking %s: %s", request->url,
                                  *why ? why : curl_easy_strerror(code));
}

void wire_web_reply_clear(struct wire_web_reply *reply)
{
    kc_str_destroy(&reply->body);
    *reply = (struct wire_web_reply){0};
}
