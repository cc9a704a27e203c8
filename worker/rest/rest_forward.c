/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding over libcurl: see rest_forward.h. */
#include "rest/rest_forward.h"

#include "connect/log.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.rest.RestClient");

#define MAX_REPLY_BYTES (64U << 20)

struct reply {
    struct kc_str body;
    char *location;
    long status;
};

void kc_rest_forward_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t on_body(char *data, size_t size, size_t count, void *opaque)
{
    struct reply *reply = opaque;
    if (reply->body.len + size * count > MAX_REPLY_BYTES)
        return 0;
    kc_str_append_n(&reply->body, data, size * count);
    return size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *opaque)
{
    static const char name[] = "location:";
    struct reply *reply = opaque;
    size_t len = size * count;
    if (len > sizeof(name) && strncasecmp(data, name, sizeof(name) - 1) == 0) {
        const char *from = data + sizeof(name) - 1;
        const char *to = data + len;
        while (from < to && *from == ' ')
            from++;
        while (to > from && (to[-1] == '\r' || to[-1] == '\n'))
            to--;
        free(reply->location);
        reply->location = kc_strndup(from, (size_t)(to - from));
    }
    return len;
}

static const char *setting(const struct kc_worker_config *config, const char *key)
{
    char *prefixed = kc_asprintf("listeners.https.%s", key);
    const char *value = kc_map_get(config->originals, prefixed);
    free(prefixed);
    return value ? value : kc_map_get(config->originals, key);
}

/* The client side of the listeners' TLS settings: PEM and PKCS#12 files, as libcurl takes them. */
static void set_tls(CURL *curl, const struct kc_worker_config *config)
{
    const char *trust = setting(config, "ssl.truststore.location");
    const char *key = setting(config, "ssl.keystore.location");
    const char *type = setting(config, "ssl.keystore.type");
    const char *password = setting(config, "ssl.keystore.password");
    const char *identification = setting(config, "ssl.endpoint.identification.algorithm");
    if (trust)
        curl_easy_setopt(curl, CURLOPT_CAINFO, trust);
    if (key) {
        const char *kind = type && strcasecmp(type, "PEM") == 0 ? "PEM" : "P12";
        curl_easy_setopt(curl, CURLOPT_SSLCERT, key);
        curl_easy_setopt(curl, CURLOPT_SSLCERTTYPE, kind);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, key);
        if (password)
            curl_easy_setopt(curl, CURLOPT_KEYPASSWD, password);
    }
    if (!identification || !*identification)
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
}

static struct curl_slist *make_headers(const struct kc_rest_request *request, bool has_body)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    if (has_body)
        headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "User-Agent: kafka-connect");
    headers = curl_slist_append(headers, "Expect:");
    const char *authorization = kc_map_get(request->headers, "authorization");
    if (authorization) {
        char *line = kc_asprintf("Authorization: %s", authorization);
        headers = curl_slist_append(headers, line);
        free(line);
    }
    return headers;
}

static struct kc_error *perform(const struct kc_rest_request *request, const char *url,
                                const char *body, struct reply *reply)
{
    struct kc_error *err = NULL;
    CURL *curl = curl_easy_init();
    if (!curl)
        return kc_error_new(KC_ERR_CONNECT,
                            "Error trying to forward REST request: no HTTP client could be made");
    struct curl_slist *headers = make_headers(request, body != NULL);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 15000L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)KC_REST_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    set_tls(curl, request->config);
    CURLcode rc = curl_easy_perform(curl);
    if (rc != CURLE_OK)
        err = kc_error_new(KC_ERR_CONNECT, "IO Error trying to forward REST request: %s (%s)",
                           curl_easy_strerror(rc), url);
    else
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return err;
}

/* The other worker's error under its own status and message. */
static void relay_error(struct kc_rest_request *request, const struct reply *reply)
{
    json_error_t why;
    json_t *error = json_loadb(reply->body.data ? reply->body.data : "", reply->body.len, 0, &why);
    const char *message = json_string_value(json_object_get(error, "message"));
    if (message)
        kc_rest_answer_status(request, (int)reply->status, "%s", message);
    else
        kc_rest_answer_status(request, 500,
                              "Error trying to forward REST request: the worker answered %ld",
                              reply->status);
    json_decref(error);
}

static void relay(struct kc_rest_request *request, struct reply *reply)
{
    if (reply->status == 204) {
        kc_rest_answer_empty(request, 204);
    } else if (reply->status >= 400) {
        relay_error(request, reply);
    } else if (reply->status >= 200 && reply->status < 300) {
        request->status = (int)reply->status;
        free(request->answer);
        request->answer = kc_str_take(&reply->body);
        request->content_type = "application/json";
        free(request->location);
        request->location = reply->location;
        reply->location = NULL;
    } else {
        kc_rest_answer_status(request, 500,
                              "Unexpected status code when handling forwarded request: %ld",
                              reply->status);
    }
}

static void forward(struct kc_rest_request *request, const char *target, const char *path,
                    const char *query, const char *body)
{
    struct reply reply = {0};
    bool recursive = kc_rest_query(request, "forward") == NULL;
    size_t len = strlen(target);
    char *url = kc_asprintf("%.*s%s?forward=%s%s%s",
                            (int)(len && target[len - 1] == '/' ? len - 1 : len), target, path,
                            recursive ? "true" : "false", query ? "&" : "", query ? query : "");
    kc_debug("Forwarding request %s %s", request->method, url);
    struct kc_error *err = perform(request, url, body, &reply);
    if (err)
        kc_rest_answer_error(request, err);
    else
        relay(request, &reply);
    kc_str_destroy(&reply.body);
    free(reply.location);
    free(url);
}

void kc_rest_answer_or_forward(struct kc_rest_request *request, struct kc_error *err,
                               const char *path, const char *query, char *body)
{
    switch (kc_error_code(err)) {
    case KC_ERR_WRONG_TARGET:
        if (!kc_rest_query_bool(request, "forward", true))
            kc_rest_answer_status(request, 409,
                                  "Cannot complete request because of a conflicting operation "
                                  "(e.g. worker rebalance)");
        else if (!kc_error_url(err) || !*kc_error_url(err))
            kc_rest_answer_status(request, 409,
                                  "Cannot complete request momentarily due to no known leader "
                                  "URL, likely because a rebalance was underway.");
        else
            forward(request, kc_error_url(err), path, query, body);
        kc_error_destroy(err);
        break;
    case KC_ERR_REBALANCE_NEEDED:
    case KC_ERR_STALE_CONFIG:
        kc_error_destroy(err);
        kc_rest_answer_status(request, 409,
                              "Cannot complete request momentarily due to stale configuration "
                              "(typically caused by a concurrent config change)");
        break;
    default:
        kc_rest_answer_error(request, err);
    }
    free(body);
}
