/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding to other workers: see rest_forward_priv.h. */
#include "rest/rest_forward_priv.h"

#include "base/wrong_target.h"
#include "connect/log.h"

#include <ctype.h>
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

static void relay_json(struct kc_rest_request *request, struct kc_http_reply *reply)
{
    if (reply->status == 204) {
        kc_rest_answer_empty(request, 204);
    } else if (reply->status >= 400) {
        relay_error(request, reply);
    } else if (reply->status >= 200 && reply->status < 300) {
        kc_rest_answer_text(request, (int)reply->status, "application/json",
                            kc_str_take(&reply->body));
        free(request->location);
        request->location = reply->location;
        reply->location = NULL;
    } else {
        kc_rest_answer_status(request, 500,
                              "Unexpected status code when handling forwarded request: %ld",
                              reply->status);
    }
}

static bool is_listed(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

/* A header's name as this worker spells it, so that it is there once: "Cache-Control", "ETag". */
static char *spelled(const char *lower)
{
    char *name = kc_strdup(strcmp(lower, "etag") == 0 ? "ETag" : lower);
    for (char *c = name; *c; c++)
        if (c == name || c[-1] == '-')
            *c = (char)toupper((unsigned char)*c);
    return name;
}

/* The other worker's answer, without the headers that belong to its connection. */
static void relay_whole(struct kc_rest_request *request, struct kc_http_reply *reply)
{
    static const char *const own[] = {
        "connection", "content-length", "content-type",      "date", "keep-alive", "server",
        "vary",       "allow",          "transfer-encoding", NULL};
    const char *type = reply->headers ? kc_map_get(reply->headers, "content-type") : NULL;
    size_t len = reply->body.len;
    if (len)
        kc_rest_answer_bytes(request, (int)reply->status, type ? type : "application/octet-stream",
                             kc_str_take(&reply->body), len);
    else
        kc_rest_answer_empty(request, (int)reply->status);
    if (!reply->headers)
        return;
    kc_map_foreach (reply->headers, entry) {
        if (is_listed(own, entry->key) || strncmp(entry->key, "access-control-", 15) == 0)
            continue;
        char *name = spelled(entry->key);
        kc_rest_answer_header(request, name, entry->value);
        free(name);
    }
}

/* A query without its forwarding parameter. Owned by the caller. */
static char *query_on(const char *query)
{
    static const char name[] = "forward";
    struct kc_str kept = {0};
    while (query && *query) {
        size_t len = strcspn(query, "&");
        size_t key = strcspn(query, "=&");
        if (len && (key != sizeof(name) - 1 || strncmp(query, name, key) != 0)) {
            kc_str_append_char(&kept, '&');
            kc_str_append_n(&kept, query, len);
        }
        query += len + (query[len] == '&');
    }
    return kc_str_take(&kept);
}

/* The client's headers about itself and its wishes; none about its connection. */
static void pass_headers(const struct kc_rest_request *request, bool whole,
                         struct kc_strings *headers)
{
    static const char *const own[] = {
        "accept", "connection", "content-length",    "expect", "content-type",    "if-none-match",
        "host",   "user-agent", "transfer-encoding", "te",     "accept-encoding", "keep-alive",
        NULL};
    kc_map_foreach (request->headers, entry)
        if (strcmp(entry->key, "authorization") == 0 || (whole && !is_listed(own, entry->key)))
            kc_strings_take(headers, kc_asprintf("%s: %s", entry->key, entry->value));
}

struct kc_error *kc_rest_send_on(struct kc_rest_request *request, const char *target,
                                 const struct kc_rest_onward *onward, struct kc_http_reply *reply)
{
    struct kc_strings headers = {0};
    bool recursive = kc_rest_query(request, "forward") == NULL;
    size_t len = strlen(target);
    char *query = query_on(onward->query);
    char *url =
        kc_asprintf("%.*s%s?forward=%s%s", (int)(len && target[len - 1] == '/' ? len - 1 : len),
                    target, onward->path, recursive ? "true" : "false", query);
    bool head = strcmp(request->method, "HEAD") == 0; /* its answer is a GET's without the body */
    const char *method = onward->method ? onward->method : head ? "GET" : request->method;
    const struct kc_http_request http = {.method = method,
                                         .url = url,
                                         .headers = &headers,
                                         .body = onward->body,
                                         .body_len = onward->body_len,
                                         .body_type = onward->body_type,
                                         .max_reply = MAX_REPLY_BYTES};
    pass_headers(request, onward->whole, &headers);
    kc_debug("Forwarding request %s %s", method, url);
    struct kc_error *err = kc_http_send(request->config, &http, reply);
    kc_strings_destroy(&headers);
    free(query);
    free(url);
    return err;
}

static void forward(struct kc_rest_request *request, const char *target,
                    const struct kc_rest_onward *onward)
{
    struct kc_http_reply reply = {0};
    struct kc_error *err = kc_rest_send_to_owner(request, target, onward, &reply);
    if (err)
        kc_rest_answer_error(request, err);
    else if (onward->whole)
        relay_whole(request, &reply);
    else
        relay_json(request, &reply);
    kc_http_reply_clear(&reply);
}

void kc_rest_answer_or_send_on(struct kc_rest_request *request, struct kc_error *err,
                               const struct kc_rest_onward *onward)
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
            forward(request, kc_error_url(err), onward);
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
}

void kc_rest_answer_or_forward(struct kc_rest_request *request, struct kc_error *err,
                               const char *path, const char *query, char *body)
{
    const struct kc_rest_onward onward = {.path = path, .query = query, .body = body};
    kc_rest_answer_or_send_on(request, err, &onward);
    free(body);
}
