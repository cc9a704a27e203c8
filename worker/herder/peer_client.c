/* SPDX-License-Identifier: Apache-2.0 */
/* Internal requests on libcurl: see peer_client.h. */
#include "herder/peer_client.h"

#include "herder/session_key.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TIMEOUT_MS = 90000, CONNECT_TIMEOUT_MS = 15000, MAX_REPLY_BYTES = 1 << 20 };

/* A client setting of the listeners: listeners.https.<key>, else <key>. */
static const char *tls_setting(const struct kc_worker_config *config, const char *key)
{
    char *prefixed = kc_asprintf("listeners.https.%s", key);
    const char *value = kc_map_get(config->originals, prefixed);
    free(prefixed);
    return value ? value : kc_map_get(config->originals, key);
}

static void set_tls(CURL *curl, const struct kc_worker_config *config)
{
    const char *trust = tls_setting(config, "ssl.truststore.location");
    const char *key = tls_setting(config, "ssl.keystore.location");
    const char *type = tls_setting(config, "ssl.keystore.type");
    const char *password = tls_setting(config, "ssl.keystore.password");
    const char *identification = tls_setting(config, "ssl.endpoint.identification.algorithm");
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

static size_t on_body(char *data, size_t size, size_t count, void *opaque)
{
    struct kc_str *body = opaque;
    if (body->len + size * count > MAX_REPLY_BYTES)
        return 0;
    kc_str_append_n(body, data, size * count);
    return size * count;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char *line = kc_asprintf("%s: %s", name, value);
    list = curl_slist_append(list, line);
    free(line);
    return list;
}

static struct kc_error *make_headers(const struct kc_peer_request *request,
                                     struct curl_slist **headers)
{
    const char *algorithm =
        kc_config_string(request->config->values, "inter.worker.signature.algorithm");
    const char *body = request->body ? request->body : "";
    char *signature = NULL;
    if (request->key) {
        struct kc_error *err =
            kc_session_key_sign(request->key, algorithm, body, strlen(body), &signature);
        if (err)
            return err;
    }
    *headers = add_header(*headers, "Accept", "application/json");
    *headers = add_header(*headers, "User-Agent", "kafka-connect");
    *headers = curl_slist_append(*headers, "Expect:");
    if (request->body)
        *headers = add_header(*headers, "Content-Type", "application/json");
    if (signature) {
        *headers = add_header(*headers, "X-Connect-Authorization", signature);
        *headers = add_header(*headers, "X-Connect-Request-Signature-Algorithm", algorithm);
    }
    free(signature);
    return NULL;
}

static char *make_url(CURL *curl, const struct kc_peer_request *request)
{
    size_t len = strlen(request->base_url);
    const char *slash = len && request->base_url[len - 1] == '/' ? "" : "/";
    char *name = curl_easy_escape(curl, request->connector, 0);
    char *url = kc_asprintf("%s%s%sconnectors/%s/%s", request->base_url, slash, request->path,
                            name ? name : "", request->resource);
    curl_free(name);
    return url;
}

/* The peer's {"error_code","message"} as an error of our own. */
static struct kc_error *refusal(long status, const struct kc_str *body, const char *url)
{
    enum kc_error_code code = status == 403   ? KC_ERR_FORBIDDEN
                              : status == 404 ? KC_ERR_NOT_FOUND
                              : status == 409 ? KC_ERR_CONFLICT
                                              : KC_ERR_CONNECT;
    json_error_t why;
    json_t *answer = json_loadb(body->data ? body->data : "", body->len, 0, &why);
    const char *message = json_string_value(json_object_get(answer, "message"));
    struct kc_error *err =
        message ? kc_error_new(code, "%s", message)
                : kc_error_new(code, "The worker at %s answered with status %ld", url, status);
    json_decref(answer);
    return err;
}

static struct kc_error *perform(CURL *curl, const struct kc_peer_request *request, const char *url,
                                struct curl_slist *headers)
{
    struct kc_str reply = {0};
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    if (request->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    set_tls(curl, request->config);
    struct kc_error *err = NULL;
    CURLcode rc = curl_easy_perform(curl);
    if (rc == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (rc != CURLE_OK)
        err = kc_error_new(KC_ERR_CONNECT, "IO Error trying to forward REST request: %s (%s)",
                           curl_easy_strerror(rc), url);
    else if (status >= 400)
        err = refusal(status, &reply, url);
    else if (status < 200 || status >= 300)
        err = kc_error_new(KC_ERR_CONNECT,
                           "Unexpected status code when handling forwarded request: %ld", status);
    kc_str_destroy(&reply);
    return err;
}

struct kc_error *kc_peer_send(const struct kc_peer_request *request)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return kc_error_new(KC_ERR_CONNECT,
                            "Error trying to forward REST request: no HTTP client could be made");
    struct curl_slist *headers = NULL;
    char *url = make_url(curl, request);
    struct kc_error *err = make_headers(request, &headers);
    if (!err)
        err = perform(curl, request, url, headers);
    curl_slist_free_all(headers);
    free(url);
    curl_easy_cleanup(curl);
    return err;
}
