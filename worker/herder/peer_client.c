/* SPDX-License-Identifier: Apache-2.0 */
/* Signed internal requests: see peer_client_priv.h. */
#include "herder/peer_client_priv.h"

#include "herder/session_key_priv.h"
#include "http/http_client.h"

#include <stdlib.h>
#include <string.h>

#define MAX_REPLY_BYTES (1U << 20)

static struct kc_error *sign(const struct kc_peer_request *request, struct kc_strings *headers)
{
    const char *algorithm =
        kc_config_string(request->config->values, "inter.worker.signature.algorithm");
    const char *body = request->body ? request->body : "";
    char *signature = NULL;
    if (!request->key)
        return NULL;
    struct kc_error *err =
        kc_session_key_sign(request->key, algorithm, body, strlen(body), &signature);
    if (err)
        return err;
    kc_strings_take(headers, kc_asprintf("X-Connect-Authorization: %s", signature));
    kc_strings_take(headers, kc_asprintf("X-Connect-Request-Signature-Algorithm: %s", algorithm));
    free(signature);
    return NULL;
}

static char *make_url(const struct kc_peer_request *request)
{
    size_t len = strlen(request->base_url);
    const char *slash = len && request->base_url[len - 1] == '/' ? "" : "/";
    char *name = kc_http_escape(request->connector);
    char *url = kc_asprintf("%s%s%sconnectors/%s/%s", request->base_url, slash, request->path, name,
                            request->resource);
    free(name);
    return url;
}

/* The peer's {"error_code","message"} as an error of our own. */
static struct kc_error *refusal(const struct kc_http_reply *reply, const char *url)
{
    enum kc_error_code code = reply->status == 403   ? KC_ERR_FORBIDDEN
                              : reply->status == 404 ? KC_ERR_NOT_FOUND
                              : reply->status == 409 ? KC_ERR_CONFLICT
                                                     : KC_ERR_CONNECT;
    json_error_t why;
    json_t *answer = json_loadb(reply->body.data ? reply->body.data : "", reply->body.len, 0, &why);
    const char *message = json_string_value(json_object_get(answer, "message"));
    struct kc_error *err = message ? kc_error_new(code, "%s", message)
                                   : kc_error_new(code, "The worker at %s answered with status %ld",
                                                  url, reply->status);
    json_decref(answer);
    return err;
}

struct kc_error *kc_peer_send(const struct kc_peer_request *request)
{
    struct kc_strings headers = {0};
    struct kc_http_reply reply = {0};
    char *url = make_url(request);
    struct kc_http_request http = {.method = request->method,
                                   .url = url,
                                   .headers = &headers,
                                   .body = request->body,
                                   .max_reply = MAX_REPLY_BYTES};
    struct kc_error *err = sign(request, &headers);
    if (!err)
        err = kc_http_send(request->config, &http, &reply);
    if (!err && reply.status >= 400)
        err = refusal(&reply, url);
    else if (!err && (reply.status < 200 || reply.status >= 300))
        err = kc_error_new(KC_ERR_CONNECT,
                           "Unexpected status code when handling forwarded request: %ld",
                           reply.status);
    kc_http_reply_clear(&reply);
    kc_strings_destroy(&headers);
    free(url);
    return err;
}
