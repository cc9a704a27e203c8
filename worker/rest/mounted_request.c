/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of connect/resource.h: see mounted_request_priv.h. On the connector's thread, or on
 * a request thread if the route is KC_RESOURCE_ANYWHERE. */
#include "rest/mounted_request_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

struct kc_resource_request *kc_mounted_request_new(struct kc_rest_request *from,
                                                   const struct kc_mounted *mounted,
                                                   const char *connector)
{
    struct kc_resource_request *request = kc_calloc(1, sizeof(*request));
    struct kc_rest_request *rest = kc_calloc(1, sizeof(*rest));
    request->rest = rest;
    request->mounted = *mounted;
    request->connector = kc_strdup(connector);
    rest->method = strcmp(from->method, "HEAD") == 0 ? "GET" : from->method;
    rest->headers = kc_map_copy(from->headers);
    kc_strings_copy(&rest->query_names, &from->query_names);
    kc_strings_copy(&rest->query_values, &from->query_values);
    for (size_t i = 0; i < from->param_count; i++)
        if (i != kc_mounted_place(mounted))
            rest->params[rest->param_count++] = kc_strdup(from->params[i]);
    request->url = kc_asprintf("%s%s", from->authority ? from->authority : "", from->path);
    rest->body = from->body;
    from->body = (struct kc_str){0};
    rest->share.budget = kc_byte_budget_ref(from->share.budget);
    return request;
}

void kc_mounted_request_destroy(void *opaque)
{
    struct kc_resource_request *request = opaque;
    if (!request)
        return;
    kc_byte_share_shrink(&request->rest->share, 0);
    kc_byte_budget_unref(request->rest->share.budget);
    kc_rest_request_destroy(request->rest);
    kc_map_destroy(request->config);
    kc_map_destroy(request->changes);
    free(request->connector);
    free(request->url);
    free(request);
}

void kc_mounted_request_run(void *connector, void *opaque)
{
    struct kc_resource_request *request = opaque;
    request->mounted.row->handle(connector, request);
    int status = request->rest->status;
    if (!status)
        kc_rest_answer_empty(request->rest, 204);
    else if (status < 200 || status > 599)
        kc_rest_answer_status(request->rest, 500,
                              "%s answered with status %d, which is none of an answer",
                              request->mounted.resource->prefix, status);
}

void kc_mounted_request_answer(struct kc_resource_request *request, struct kc_rest_request *to)
{
    struct kc_rest_request *rest = request->rest;
    const char *type = rest->content_type ? rest->content_type : "";
    if (rest->answer)
        kc_rest_answer_bytes(to, rest->status, type, rest->answer, rest->answer_len);
    else
        kc_rest_answer_empty(to, rest->status);
    kc_map_destroy(to->replies);
    to->replies = rest->replies;
    rest->answer = NULL;
    rest->replies = NULL;
}

/* ---- the question ---- */

const char *kc_resource_method(const struct kc_resource_request *request)
{
    return request->rest->method;
}

const char *kc_resource_connector(const struct kc_resource_request *request)
{
    return request->connector;
}

const char *kc_resource_url(const struct kc_resource_request *request)
{
    return request->url;
}

const char *kc_resource_param(const struct kc_resource_request *request, size_t n)
{
    return n < request->rest->param_count ? request->rest->params[n] : NULL;
}

const char *kc_resource_query(const struct kc_resource_request *request, const char *name, size_t n)
{
    const struct kc_rest_request *rest = request->rest;
    for (size_t i = 0; i < rest->query_names.count; i++)
        if (strcmp(rest->query_names.items[i], name) == 0 && n-- == 0)
            return rest->query_values.items[i];
    return NULL;
}

bool kc_resource_query_bool(const struct kc_resource_request *request, const char *name,
                            bool absent)
{
    return kc_rest_query_bool(request->rest, name, absent);
}

const char *kc_resource_header(const struct kc_resource_request *request, const char *name)
{
    return kc_map_get(request->rest->headers, name);
}

const void *kc_resource_body(const struct kc_resource_request *request, size_t *len)
{
    *len = request->rest->body.len;
    return *len ? request->rest->body.data : "";
}

struct kc_error *kc_resource_json(struct kc_resource_request *request, json_t **json)
{
    return kc_rest_body_json(request->rest, json);
}

const struct kc_map *kc_resource_config(const struct kc_resource_request *request)
{
    return request->config;
}

/* ---- the answer ---- */

void kc_resource_answer_json(struct kc_resource_request *request, int status, json_t *body)
{
    kc_rest_answer_json(request->rest, status, body);
}

void kc_resource_answer_bytes(struct kc_resource_request *request, int status, const char *type,
                              const void *data, size_t len)
{
    void *copy = kc_try_malloc(len ? len : 1);
    if (!copy) {
        kc_rest_answer_error(request->rest, kc_error_memory(len, "The answer can't be kept"));
        return;
    }
    memcpy(copy, len ? data : "", len);
    kc_rest_answer_bytes(request->rest, status, type, copy, len);
}

void kc_resource_answer_empty(struct kc_resource_request *request, int status)
{
    kc_rest_answer_empty(request->rest, status);
}

void kc_resource_answer_error(struct kc_resource_request *request, struct kc_error *err)
{
    if (err)
        kc_rest_answer_error(request->rest, err);
}

void kc_resource_answer_status(struct kc_resource_request *request, int status, const char *fmt,
                               ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = kc_vasprintf(fmt, args);
    va_end(args);
    kc_rest_answer_status(request->rest, status, "%s", message);
    free(message);
}

void kc_resource_answer_header(struct kc_resource_request *request, const char *name,
                               const char *value)
{
    kc_rest_answer_header(request->rest, name, value);
}

/* ---- what follows ---- */

void kc_resource_then_delete(struct kc_resource_request *request)
{
    kc_resource_then_configure(request, NULL);
    request->deletes = true;
}

void kc_resource_then_configure(struct kc_resource_request *request, struct kc_map *changes)
{
    kc_map_destroy(request->changes);
    request->changes = changes;
    request->deletes = false;
}
