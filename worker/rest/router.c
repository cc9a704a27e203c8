/* SPDX-License-Identifier: Apache-2.0 */
/* Matching paths and methods: see router_priv.h. Event thread. */
#include "rest/router_priv.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SEGMENTS 12

struct path {
    char *segments[MAX_SEGMENTS];
    size_t count;
    bool hides_slash; /* in a segment, as %2F */
};

static void path_destroy(struct path *path)
{
    for (size_t i = 0; i < path->count; i++)
        free(path->segments[i]);
    path->count = 0;
}

/* Splits and decodes; false when an escape is malformed. Segments beyond
 * MAX_SEGMENTS are left out; no route is that long, so the path stays unknown. A slash at the end
 * doesn't count. */
static bool path_split(const char *text, struct path *path)
{
    *path = (struct path){0};
    while (*text == '/')
        text++;
    while (*text && path->count < MAX_SEGMENTS) {
        size_t len = strcspn(text, "/");
        char *segment = kc_rest_unescape(text, len, false);
        if (!segment)
            return false;
        path->hides_slash = path->hides_slash || strchr(segment, '/');
        path->segments[path->count++] = segment;
        text += len;
        text += *text == '/';
    }
    return true;
}

/* Jetty refuses a path that hides a slash, and so do Connect's own routes. */
static bool is_ambiguous(const struct path *path, const struct kc_route *found)
{
    return path->hides_slash && !(found && (found->flags & KC_ROUTE_SLASHES));
}

static void answer_ambiguous(struct kc_rest_request *request)
{
    kc_rest_answer_status(request, 400, "Ambiguous URI path encoding");
}

static bool pattern_matches(const char *pattern, const struct path *path)
{
    size_t i = 0;
    for (const char *at = pattern + 1; *at; i++) {
        size_t len = strcspn(at, "/");
        if (i >= path->count)
            return false;
        bool parameter = len == 2 && at[0] == '{';
        if (!parameter &&
            (strlen(path->segments[i]) != len || strncmp(at, path->segments[i], len) != 0))
            return false;
        at += len;
        at += *at == '/';
    }
    return i == path->count;
}

static void take_params(const char *pattern, struct path *path, struct kc_rest_request *request)
{
    size_t i = 0;
    for (const char *at = pattern + 1; *at && i < path->count; i++) {
        size_t len = strcspn(at, "/");
        if (len == 2 && at[0] == '{' && request->param_count < KC_REST_MAX_PARAMS) {
            request->params[request->param_count++] = path->segments[i];
            path->segments[i] = NULL;
        }
        at += len;
        at += *at == '/';
    }
}

static void allow_method(struct kc_str *allowed, const char *method)
{
    if (allowed->len)
        kc_str_append_char(allowed, ',');
    kc_str_append(allowed, method);
}

/* The path is known but not for this method. */
static void answer_method(struct kc_rest_request *request, struct kc_str *allowed)
{
    allow_method(allowed, "OPTIONS");
    request->allow = kc_str_take(allowed);
    if (strcmp(request->method, "OPTIONS") == 0)
        kc_rest_answer_empty(request, 200);
    else
        kc_rest_answer_status(request, 405, "HTTP 405 Method Not Allowed");
}

const struct kc_route *kc_router_find(const struct kc_route *const *tables, unsigned excluded,
                                      struct kc_rest_request *request)
{
    struct path path;
    struct kc_str allowed = {0};
    const struct kc_route *found = NULL;
    const char *method = strcmp(request->method, "HEAD") == 0 ? "GET" : request->method;
    if (!path_split(request->path, &path)) {
        path_destroy(&path);
        answer_ambiguous(request);
        return NULL;
    }
    for (; *tables && !found; tables++) {
        for (const struct kc_route *route = *tables; route->method; route++) {
            if ((route->flags & excluded) || !pattern_matches(route->pattern, &path))
                continue;
            if (strcmp(route->method, method) == 0) {
                found = route;
                break;
            }
            allow_method(&allowed, route->method);
            if (strcmp(route->method, "GET") == 0)
                allow_method(&allowed, "HEAD");
        }
    }
    if (is_ambiguous(&path, found)) {
        answer_ambiguous(request);
        found = NULL;
    } else if (found) {
        take_params(found->pattern, &path, request);
    } else if (allowed.len) {
        answer_method(request, &allowed);
    } else {
        kc_rest_answer_status(request, 404, "HTTP 404 Not Found");
    }
    kc_str_destroy(&allowed);
    path_destroy(&path);
    return found;
}
