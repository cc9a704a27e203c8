/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding to other workers: see rest_forward_priv.h. */
#include "rest/rest_forward_priv.h"

#include "connect/log.h"
#include "http/http_client.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.rest.RestClient");

#define MAX_REPLY_BYTES (64U << 20)

/* The other worker's error under its own status and message. */
static void relay_error(struct kc_rest_request *request, const struct kc_http_reply *reply)
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

static void relay(struct kc_rest_request *request, struct kc_http_reply *reply)
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
    struct kc_http_reply reply = {0};
    struct kc_strings headers = {0};
    bool recursive = kc_rest_query(request, "forward") == NULL;
    const char *authorization = kc_map_get(request->headers, "authorization");
    size_t len = strlen(target);
    char *url = kc_asprintf("%.*s%s?forward=%s%s%s",
                            (int)(len && target[len - 1] == '/' ? len - 1 : len), target, path,
                            recursive ? "true" : "false", query ? "&" : "", query ? query : "");
    struct kc_http_request http = {.method = request->method,
                                   .url = url,
                                   .headers = &headers,
                                   .body = body,
                                   .max_reply = MAX_REPLY_BYTES};
    if (authorization)
        kc_strings_take(&headers, kc_asprintf("Authorization: %s", authorization));
    kc_debug("Forwarding request %s %s", request->method, url);
    struct kc_error *err = kc_http_send(request->config, &http, &reply);
    if (err)
        kc_rest_answer_error(request, err);
    else
        relay(request, &reply);
    kc_http_reply_clear(&reply);
    kc_strings_destroy(&headers);
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
