/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the resources of plugins: asked of the connector, sent on to the worker that owns it,
 * or asked of all connectors of the class and put together. Request threads.
 */
#include "base/wrong_target.h"
#include "connect/java_json.h"
#include "rest/mounted_request_priv.h"
#include "rest/rest_forward_priv.h"

#include <stdlib.h>
#include <string.h>

static const char everybody[] = "-";

/* ---- one connector ---- */

static int time_left(int64_t deadline_ms)
{
    int64_t left = deadline_ms - kc_mono_ms();
    return left > 0 ? (int)left : 0;
}

/* Any worker does, on this thread. */
static struct kc_error *ask_here(struct kc_rest_request *rest, struct kc_resource_request *request,
                                 int64_t deadline_ms)
{
    const struct kc_plugin *wanted = request->mounted.plugin;
    struct kc_error *err =
        kc_herder_open_config(rest->herder, request->connector, time_left(deadline_ms),
                              &request->plugin, &request->config);
    if (err)
        return err;
    if (wanted && wanted != request->plugin)
        return kc_error_new(KC_ERR_NOT_FOUND, "Connector %s is no %s", request->connector,
                            wanted->class_name);
    kc_mounted_request_run(NULL, request);
    return NULL;
}

/* *request is the caller's, NULL when the connector still has it. */
static struct kc_error *ask(struct kc_rest_request *rest, const struct kc_mounted *mounted,
                            const char *connector, int64_t deadline_ms,
                            struct kc_resource_request **request)
{
    *request = kc_mounted_request_new(rest, mounted, connector);
    if (mounted->row->flags & KC_RESOURCE_ANYWHERE)
        return ask_here(rest, *request, deadline_ms);
    struct kc_connector_question question = {kc_mounted_request_run, *request,
                                             kc_mounted_request_destroy};
    struct kc_error *err =
        kc_herder_ask(rest->herder, connector, mounted->plugin, &question, time_left(deadline_ms));
    *request = question.arg;
    return err;
}

static void send_on(struct kc_rest_request *rest, struct kc_error *err, const char *connector,
                    const struct kc_resource_request *request)
{
    const struct kc_str *body = request ? &request->rest->body : NULL;
    const struct kc_rest_onward onward = {
        .path = rest->path,
        .query = rest->query,
        .body = body && body->len ? body->data : NULL,
        .body_len = body ? body->len : 0,
        .body_type = kc_map_get(rest->headers, "content-type"),
        .whole = true,
        .connector = connector,
    };
    kc_rest_answer_or_send_on(rest, err, &onward);
}

/* Whether the handler wants something done behind its answer. */
static bool has_sequel(const struct kc_resource_request *request)
{
    int status = request->rest->status;
    return (request->deletes || request->changes) && status >= 200 && status < 300;
}

static struct kc_error *alter(struct kc_rest_request *rest,
                              const struct kc_resource_request *request)
{
    json_t *info = NULL;
    if (request->deletes)
        return kc_herder_delete_connector(rest->herder, request->connector, KC_REST_TIMEOUT_MS);
    struct kc_error *err = kc_herder_patch_connector(rest->herder, request->connector,
                                                     request->changes, KC_REST_TIMEOUT_MS, &info);
    json_decref(info);
    return err;
}

static char *print_map(const struct kc_map *map)
{
    json_t *json = json_object();
    kc_map_foreach (map, entry)
        json_object_set_new(json, entry->key,
                            entry->value ? json_string(entry->value) : json_null());
    char *text = kc_json_print(json, KC_JSON_AS_IS);
    json_decref(json);
    return text;
}

/* Deletes the connector, or changes its configuration; the leader does it. */
static void answer_with_sequel(struct kc_rest_request *rest, struct kc_resource_request *request)
{
    struct kc_error *err = alter(rest, request);
    if (err) {
        char *escaped = kc_http_escape(request->connector);
        char *path = kc_asprintf("/connectors/%s%s", escaped, request->deletes ? "" : "/config");
        char *body = request->deletes ? NULL : print_map(request->changes);
        const struct kc_rest_onward onward = {.method = request->deletes ? "DELETE" : "PATCH",
                                              .path = path,
                                              .body = body,
                                              .body_len = body ? strlen(body) : 0};
        kc_rest_answer_or_send_on(rest, err, &onward);
        free(body);
        free(path);
        free(escaped);
        if (rest->status < 200 || rest->status >= 300)
            return;
    }
    kc_mounted_request_answer(request, rest);
}

static void answer_one(struct kc_rest_request *rest, const struct kc_mounted *mounted)
{
    const char *connector = rest->params[kc_mounted_place(mounted)];
    struct kc_resource_request *request = NULL;
    struct kc_error *err =
        ask(rest, mounted, connector, kc_mono_ms() + KC_REST_TIMEOUT_MS, &request);
    if (err)
        send_on(rest, err, connector, request);
    else if (has_sequel(request))
        answer_with_sequel(rest, request);
    else
        kc_mounted_request_answer(request, rest);
    kc_mounted_request_destroy(request);
}

/* ---- a new connector ---- */

/* As Connect's own, which the leader makes. */
static void create(struct kc_rest_request *rest, const char *name, const struct kc_map *config)
{
    json_t *info = NULL;
    bool created = false;
    struct kc_error *err = kc_herder_put_connector(rest->herder, name, config, KC_TARGET_NONE,
                                                   false, KC_REST_TIMEOUT_MS, &info, &created);
    json_decref(info);
    if (err) {
        char *text = print_map(config);
        json_t *body = json_pack("{s:s, s:o}", "name", name, "config", json_loads(text, 0, NULL));
        kc_rest_answer_or_forward(rest, err, "/connectors", NULL,
                                  kc_json_print(body, KC_JSON_AS_IS));
        json_decref(body);
        free(text);
        if (rest->status < 200 || rest->status >= 300)
            return;
    }
    kc_rest_answer_empty(rest, 204);
}

static void answer_creation(struct kc_rest_request *rest, const struct kc_mounted *mounted)
{
    char *name = NULL;
    struct kc_map *config = NULL;
    struct kc_resource_request *request = kc_mounted_request_new(rest, mounted, everybody);
    struct kc_error *err = mounted->resource->create(request, &name, &config);
    if (err) {
        kc_rest_answer_error(rest, err);
    } else if (name && config) {
        kc_map_set(config, "connector.class", mounted->plugin->class_name);
        create(rest, name, config);
    } else {
        kc_rest_answer_empty(rest, 204);
    }
    kc_mounted_request_destroy(request);
    kc_map_destroy(config);
    free(name);
}

/* ---- all connectors of a class ---- */

/* Takes answer: its elements, or itself, go into list. */
static void add_answer(json_t *list, json_t *answer)
{
    if (json_is_array(answer))
        json_array_extend(list, answer);
    else if (answer)
        json_array_append(list, answer);
    json_decref(answer);
}

static void add_failure(json_t *list, const struct kc_mounted *mounted, const char *connector,
                        int status, const char *message)
{
    const char *field = mounted->resource->name_field;
    if (status != 404) /* it has been deleted meanwhile */
        json_array_append_new(list, json_pack("{s:s, s:i, s:s}", field ? field : "name", connector,
                                              "error_code", status, "message", message));
}

/* Adds an answer: JSON text and its status. */
static void add_text(json_t *list, const struct kc_mounted *mounted, const char *connector,
                     int status, const char *text, size_t len)
{
    json_error_t why;
    json_t *answer = text ? json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why) : NULL;
    const char *message = json_string_value(json_object_get(answer, "message"));
    if (status >= 200 && status < 300) {
        add_answer(list, answer);
        return;
    }
    add_failure(list, mounted, connector, status, message ? message : "It gave no reason");
    json_decref(answer);
}

/* How many segments the prefix has. */
static int segments_of(const char *prefix)
{
    int count = 0;
    for (const char *at = prefix; (at = strchr(at, '/')); at++)
        count++;
    return count;
}

/* What stands behind so many segments of the path. */
static const char *behind(const char *path, int segments)
{
    for (; segments > 0; segments--) {
        path += *path == '/';
        path += strcspn(path, "/");
    }
    return path;
}

/* The owner, or the leader on the way to it, at url. */
static struct kc_error *fetch(struct kc_rest_request *rest, const struct kc_mounted *mounted,
                              const char *connector, const char *url, struct kc_http_reply *reply)
{
    int segments = segments_of(mounted->resource->prefix);
    int head = (int)(behind(rest->path, segments) - rest->path);
    char *escaped = kc_http_escape(connector);
    char *path =
        kc_asprintf("%.*s/%s%s", head, rest->path, escaped, behind(rest->path, segments + 1));
    const struct kc_rest_onward onward = {
        .path = path, .query = rest->query, .connector = connector};
    struct kc_error *err = kc_rest_send_to_owner(rest, url, &onward, reply);
    free(path);
    free(escaped);
    return err;
}

static int status_of(const struct kc_error *err)
{
    switch (kc_error_code(err)) {
    case KC_ERR_WRONG_TARGET:
    case KC_ERR_REBALANCE_NEEDED:
    case KC_ERR_STALE_CONFIG:
        return 409;
    default:
        return kc_rest_status(err);
    }
}

static void add_one(struct kc_rest_request *rest, const struct kc_mounted *mounted,
                    const char *connector, int64_t deadline_ms, json_t *list)
{
    struct kc_resource_request *request = NULL;
    struct kc_http_reply reply = {0};
    struct kc_error *err = ask(rest, mounted, connector, deadline_ms, &request);
    bool elsewhere = err && kc_error_code(err) == KC_ERR_WRONG_TARGET;
    const char *url = elsewhere ? kc_error_url(err) : NULL;
    if (url && *url) {
        struct kc_error *failed = fetch(rest, mounted, connector, url, &reply);
        kc_error_destroy(err);
        err = failed;
    }
    if (err)
        add_failure(list, mounted, connector, status_of(err), kc_error_text(err));
    else if (reply.status)
        add_text(list, mounted, connector, (int)reply.status, reply.body.data, reply.body.len);
    else
        add_text(list, mounted, connector, request->rest->status, request->rest->answer,
                 request->rest->answer_len);
    kc_error_destroy(err);
    kc_http_reply_clear(&reply);
    kc_mounted_request_destroy(request);
}

/* In the resource's own form. Takes list. */
static void answer_list(struct kc_rest_request *rest, const struct kc_mounted *mounted,
                        json_t *list)
{
    const struct kc_resource *resource = mounted->resource;
    size_t known = offsetof(struct kc_resource, answer_all) + sizeof(resource->answer_all);
    if (resource->size < known || !resource->answer_all) {
        kc_rest_answer_json(rest, 200, list);
        return;
    }
    struct kc_resource_request *request = kc_mounted_request_new(rest, mounted, everybody);
    resource->answer_all(request, list);
    kc_mounted_request_answer(request, rest);
    kc_mounted_request_destroy(request);
}

static void answer_all(struct kc_rest_request *rest, const struct kc_mounted *mounted)
{
    int64_t deadline = kc_mono_ms() + KC_REST_TIMEOUT_MS;
    struct kc_strings names = {0};
    json_t *list = json_array();
    kc_herder_connectors_of(rest->herder, mounted->plugin, &names);
    for (size_t i = 0; i < names.count; i++)
        add_one(rest, mounted, names.items[i], deadline, list);
    kc_strings_destroy(&names);
    answer_list(rest, mounted, list);
}

void kc_rest_answer_mounted(struct kc_rest_request *rest)
{
    struct kc_mounted mounted;
    if (!kc_mounts_find(rest->mounts, rest->route, &mounted)) {
        kc_rest_answer_status(rest, 404, "HTTP 404 Not Found");
        return;
    }
    if (kc_mounted_creates(&mounted)) {
        answer_creation(rest, &mounted);
        return;
    }
    size_t place = kc_mounted_place(&mounted);
    bool all = rest->param_count <= place || strcmp(rest->params[place], everybody) == 0;
    if (all && (mounted.row->flags & KC_RESOURCE_ALL))
        answer_all(rest, &mounted);
    else
        answer_one(rest, &mounted);
}
