/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /connectors: ConnectorsResource.
 *
 * Each function answers one request; those of quick routes run on the event thread and only read
 * snapshots.
 */
#include "connect/java_json.h"
#include "connect/log.h"
#include "http/http_client.h"
#include "rest/jackson_text_priv.h"
#include "rest/rest_forward_priv.h"
#include "rest/router_priv.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.rest.resources.ConnectorsResource");

/* "/connectors/<name><tail>", escaped. Owned by the caller. */
static char *connector_path(const struct kc_rest_request *request, const char *tail)
{
    char *escaped = kc_http_escape(request->params[0]);
    char *path = kc_asprintf("/connectors/%s%s", escaped, tail);
    free(escaped);
    return path;
}

/* Answers err, forwarding to /connectors/<name><tail> when another worker must do it. Takes err. */
static void answer_or_forward(struct kc_rest_request *request, struct kc_error *err,
                              const char *tail, const char *query, const json_t *body)
{
    char *path = connector_path(request, tail);
    kc_rest_answer_or_forward(request, err, path, query,
                              body ? kc_json_print(body, KC_JSON_AS_IS) : NULL);
    free(path);
}

static json_t *map_json(const struct kc_map *map)
{
    json_t *json = json_object();
    kc_map_foreach (map, entry)
        json_object_set_new(json, entry->key,
                            entry->value ? json_string(entry->value) : json_null());
    return json;
}

/* ---- lists ---- */

static bool expand_one(struct kc_rest_request *request, const char *connector, json_t *expanded)
{
    for (size_t i = 0; i < request->query_names.count; i++) {
        const char *kind = request->query_values.items[i];
        json_t *entity = NULL;
        struct kc_error *err = NULL;
        if (strcmp(request->query_names.items[i], "expand") != 0)
            continue;
        if (strcmp(kind, "status") == 0) {
            err = kc_herder_status(request->herder, connector, &entity);
        } else if (strcmp(kind, "info") == 0) {
            err = kc_herder_info_snapshot(request->herder, connector, &entity);
        } else {
            kc_info("Ignoring unknown expansion type %s", kind);
            continue;
        }
        if (err) { /* gone, or without a status yet */
            kc_error_destroy(err);
            return false;
        }
        json_object_set_new(expanded, kind, entity);
    }
    return true;
}

static void list_connectors(struct kc_rest_request *request)
{
    struct kc_strings names = {0};
    bool expand = kc_rest_query(request, "expand") != NULL;
    kc_herder_connectors(request->herder, &names);
    json_t *answer = expand ? json_object() : json_array();
    for (size_t i = 0; i < names.count; i++) {
        if (!expand) {
            json_array_append_new(answer, json_string(names.items[i]));
            continue;
        }
        json_t *expanded = json_object();
        if (expand_one(request, names.items[i], expanded))
            json_object_set(answer, names.items[i], expanded);
        json_decref(expanded);
    }
    kc_strings_destroy(&names);
    kc_rest_answer_json(request, 200, answer);
}

/* ---- create, put, patch ---- */

static struct kc_error *parse_state(const json_t *json, enum kc_target_state *state)
{
    static const struct {
        const char *name;
        enum kc_target_state state;
    } states[] = {{"RUNNING", KC_TARGET_STARTED},
                  {"PAUSED", KC_TARGET_PAUSED},
                  {"STOPPED", KC_TARGET_STOPPED}};
    *state = KC_TARGET_NONE;
    if (!json || json_is_null(json))
        return NULL;
    const char *text = json_string_value(json);
    for (size_t i = 0; text && i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcasecmp(text, states[i].name) == 0) {
            *state = states[i].state;
            return NULL;
        }
    }
    return kc_error_new(KC_ERR_CONNECT,
                        "Cannot read initial_state: %s is none of RUNNING, PAUSED, STOPPED",
                        text ? text : "the value");
}

struct create {
    char *name;
    struct kc_map *config;
    enum kc_target_state state;
};

static struct kc_error *parse_create(const json_t *json, struct create *create)
{
    const char *key;
    json_t *value;
    if (!json_is_object(json))
        return kc_error_new(KC_ERR_CONNECT,
                            "Cannot construct instance of a create request: the body "
                            "must be an object with name and config");
    json_object_foreach ((json_t *)json, key, value) {
        if (strcmp(key, "name") != 0 && strcmp(key, "config") != 0 &&
            strcmp(key, "initial_state") != 0)
            return kc_error_new(
                KC_ERR_CONNECT,
                "Unrecognized field \"%s\" (known are: name, config, initial_state)", key);
    }
    const json_t *name = json_object_get(json, "name");
    if (name && !json_is_string(name) && !json_is_null(name))
        return kc_error_new(KC_ERR_CONNECT,
                            "Cannot deserialize value of name: it must be a string");
    create->name = kc_rest_trimmed(json_is_string(name) ? json_string_value(name) : "");
    struct kc_error *err = parse_state(json_object_get(json, "initial_state"), &create->state);
    if (!err)
        err = kc_rest_json_map(json_object_get(json, "config"), "config", &create->config);
    return err;
}

static void create_connector(struct kc_rest_request *request)
{
    struct create create = {0};
    json_t *body = NULL;
    json_t *info = NULL;
    bool created;
    struct kc_error *err = kc_rest_body_texts(request, &body);
    if (!err)
        err = parse_create(body, &create);
    if (err) {
        kc_rest_answer_error(request, err);
        goto out;
    }
    err = kc_herder_put_connector(request->herder, create.name, create.config, create.state, false,
                                  KC_REST_TIMEOUT_MS, &info, &created);
    if (err)
        kc_rest_answer_or_forward(request, err, "/connectors", NULL,
                                  kc_json_print(body, KC_JSON_AS_IS));
    else
        kc_rest_answer_created(request, create.name, info);
out:
    free(create.name);
    kc_map_destroy(create.config);
    json_decref(body);
}

static struct kc_error *body_map(struct kc_rest_request *request, const char *what,
                                 struct kc_map **map)
{
    json_t *body = NULL;
    *map = NULL;
    struct kc_error *err = kc_rest_body_texts(request, &body);
    if (!err)
        err = kc_rest_json_map(body, what, map);
    json_decref(body);
    return err;
}

static void put_config(struct kc_rest_request *request)
{
    struct kc_map *config = NULL;
    json_t *info = NULL;
    bool created = false;
    struct kc_error *err = body_map(request, "the connector configuration", &config);
    if (!err)
        err = kc_herder_put_connector(request->herder, request->params[0], config, KC_TARGET_NONE,
                                      true, KC_REST_TIMEOUT_MS, &info, &created);
    if (err) {
        json_t *body = config ? map_json(config) : NULL;
        answer_or_forward(request, err, "/config", NULL, body);
        json_decref(body);
    } else if (created) {
        kc_rest_answer_created(request, request->params[0], info);
    } else {
        kc_rest_answer_json(request, 200, info);
    }
    kc_map_destroy(config);
}

static void patch_config(struct kc_rest_request *request)
{
    struct kc_map *patch = NULL;
    json_t *info = NULL;
    struct kc_error *err = body_map(request, "the connector configuration patch", &patch);
    if (!err)
        err = kc_herder_patch_connector(request->herder, request->params[0], patch,
                                        KC_REST_TIMEOUT_MS, &info);
    if (err) {
        json_t *body = patch ? map_json(patch) : NULL;
        answer_or_forward(request, err, "/config", NULL, body);
        json_decref(body);
    } else {
        kc_rest_answer_json(request, 200, info);
    }
    kc_map_destroy(patch);
}

static void delete_connector(struct kc_rest_request *request)
{
    struct kc_error *err =
        kc_herder_delete_connector(request->herder, request->params[0], KC_REST_TIMEOUT_MS);
    if (err)
        answer_or_forward(request, err, "", NULL, NULL);
    else
        kc_rest_answer_empty(request, 204);
}

/* ---- reads ---- */

/* Answers what a read gave: its entity, or its error. Takes both. */
static void answer_entity(struct kc_rest_request *request, struct kc_error *err, json_t *entity)
{
    if (err)
        kc_rest_answer_error(request, err);
    else
        kc_rest_answer_json(request, 200, entity);
}

static void get_connector(struct kc_rest_request *request)
{
    json_t *info = NULL;
    struct kc_error *err =
        kc_herder_info(request->herder, request->params[0], KC_REST_TIMEOUT_MS, &info);
    answer_entity(request, err, info);
}

static void get_config(struct kc_rest_request *request)
{
    json_t *config = NULL;
    struct kc_error *err = kc_herder_connector_config(request->herder, request->params[0],
                                                      KC_REST_TIMEOUT_MS, &config);
    answer_entity(request, err, config);
}

static void get_tasks(struct kc_rest_request *request)
{
    json_t *tasks = NULL;
    struct kc_error *err =
        kc_herder_tasks(request->herder, request->params[0], KC_REST_TIMEOUT_MS, &tasks);
    answer_entity(request, err, tasks);
}

static void get_status(struct kc_rest_request *request)
{
    json_t *state = NULL;
    struct kc_error *err = kc_herder_status(request->herder, request->params[0], &state);
    answer_entity(request, err, state);
}

/* The task number of the path; false (and answered: Jersey's 404) when it is none. */
static bool parse_task(struct kc_rest_request *request, int *task)
{
    char *end = NULL;
    errno = 0;
    long number = strtol(request->params[1], &end, 10);
    if (errno || end == request->params[1] || *end || number > INT_MAX || number < INT_MIN) {
        kc_rest_answer_status(request, 404, "HTTP 404 Not Found");
        return false;
    }
    *task = (int)number;
    return true;
}

static void get_task_status(struct kc_rest_request *request)
{
    int task;
    json_t *state = NULL;
    if (!parse_task(request, &task))
        return;
    struct kc_error *err = kc_herder_task_status(request->herder, request->params[0], task, &state);
    answer_entity(request, err, state);
}

/* ---- actions ---- */

static void restart_task(struct kc_rest_request *request)
{
    int task;
    char tail[48];
    if (!parse_task(request, &task))
        return;
    struct kc_error *err =
        kc_herder_restart_task(request->herder, request->params[0], task, KC_REST_TIMEOUT_MS);
    snprintf(tail, sizeof(tail), "/tasks/%d/restart", task);
    if (err)
        answer_or_forward(request, err, tail, NULL, NULL);
    else
        kc_rest_answer_empty(request, 204);
}

static void restart_connector(struct kc_rest_request *request)
{
    bool tasks = kc_rest_query_bool(request, "includeTasks", false);
    bool only_failed = kc_rest_query_bool(request, "onlyFailed", false);
    char query[64];
    json_t *plan = NULL;
    struct kc_error *err;
    if (!tasks && !only_failed) {
        err = kc_herder_restart_connector(request->herder, request->params[0], KC_REST_TIMEOUT_MS);
        if (err)
            answer_or_forward(request, err, "/restart", NULL, NULL);
        else
            kc_rest_answer_empty(request, 204);
        return;
    }
    snprintf(query, sizeof(query), "includeTasks=%s&onlyFailed=%s", tasks ? "true" : "false",
             only_failed ? "true" : "false");
    err = kc_herder_restart_plan(request->herder, request->params[0], tasks, only_failed,
                                 KC_REST_TIMEOUT_MS, &plan);
    if (err)
        answer_or_forward(request, err, "/restart", query, NULL);
    else
        kc_rest_answer_json(request, 202, plan);
}

static void answer_accepted(struct kc_rest_request *request, struct kc_error *err)
{
    if (err)
        kc_rest_answer_error(request, err);
    else
        kc_rest_answer_empty(request, 202);
}

static void pause_connector(struct kc_rest_request *request)
{
    answer_accepted(request,
                    kc_herder_pause(request->herder, request->params[0], KC_REST_TIMEOUT_MS));
}

static void resume_connector(struct kc_rest_request *request)
{
    answer_accepted(request,
                    kc_herder_resume(request->herder, request->params[0], KC_REST_TIMEOUT_MS));
}

static void stop_connector(struct kc_rest_request *request)
{
    struct kc_error *err =
        kc_herder_stop_connector(request->herder, request->params[0], KC_REST_TIMEOUT_MS);
    if (err)
        answer_or_forward(request, err, "/stop", NULL, NULL);
    else
        kc_rest_answer_empty(request, 204);
}

/* ---- topics ---- */

static bool tracking_refused(struct kc_rest_request *request, bool reset)
{
    const struct kc_config *values = request->config->values;
    if (!kc_config_bool(values, "topic.tracking.enable"))
        kc_rest_answer_status(request, 403, "Topic tracking is disabled.");
    else if (reset && !kc_config_bool(values, "topic.tracking.allow.reset"))
        kc_rest_answer_status(request, 403, "Topic tracking reset is disabled.");
    else
        return false;
    return true;
}

static void get_topics(struct kc_rest_request *request)
{
    json_t *topics = NULL;
    if (tracking_refused(request, false))
        return;
    struct kc_error *err = kc_herder_topics(request->herder, request->params[0], &topics);
    answer_entity(request, err, topics);
}

static void reset_topics(struct kc_rest_request *request)
{
    if (!tracking_refused(request, true))
        answer_accepted(request, kc_herder_reset_topics(request->herder, request->params[0],
                                                        KC_REST_TIMEOUT_MS));
}

/* ---- offsets ---- */

static void get_offsets(struct kc_rest_request *request)
{
    json_t *offsets = NULL;
    struct kc_error *err =
        kc_herder_offsets(request->herder, request->params[0], KC_REST_TIMEOUT_MS, &offsets);
    answer_entity(request, err, offsets);
}

#define ENTITIES "org.apache.kafka.connect.runtime.rest.entities."
#define MAP      "java.util.LinkedHashMap"

static struct kc_error *check_offset_item(const json_t *item)
{
    static const char type[] = ENTITIES "ConnectorOffset";
    const char *key;
    json_t *value;
    if (json_is_null(item))
        return kc_error_new(KC_ERR_CONNECT, "Cannot read a connector offset: it is null");
    if (!json_is_object(item))
        return kc_jackson_no_object(type, type, item);
    json_object_foreach ((json_t *)item, key, value) {
        if (strcmp(key, "partition") != 0 && strcmp(key, "offset") != 0)
            return kc_jackson_unknown(key, type, "2 known properties: \"partition\", \"offset\"");
        if (!json_is_object(value) && !json_is_null(value))
            return kc_jackson_no_object(MAP, MAP "<java.lang.String,java.lang.Object>", value);
    }
    return NULL;
}

static struct kc_error *check_offsets(const json_t *body, const json_t **offsets)
{
    static const char type[] = ENTITIES "ConnectorOffsets";
    const char *key;
    json_t *value;
    size_t i;
    if (!body || json_is_null(body))
        return kc_error_new(KC_ERR_CONNECT, "Cannot read the offsets: the body is null");
    if (!json_is_object(body))
        return kc_jackson_no_object(type, type, body);
    json_object_foreach ((json_t *)body, key, value)
        if (strcmp(key, "offsets") != 0)
            return kc_jackson_unknown(key, type, "one known property: \"offsets\"");
    *offsets = json_object_get(body, "offsets");
    if (*offsets && !json_is_array(*offsets) && !json_is_null(*offsets))
        return kc_jackson_no_array(ENTITIES "ConnectorOffset", *offsets);
    json_array_foreach (*offsets, i, value) {
        struct kc_error *err = check_offset_item(value);
        if (err)
            return err;
    }
    if (json_array_size(*offsets) == 0)
        return kc_error_new(KC_ERR_BAD_REQUEST, "Partitions / offsets need to be provided for an "
                                                "alter offsets request");
    return NULL;
}

static void answer_message(struct kc_rest_request *request, char *message)
{
    kc_rest_answer_json(request, 200, json_pack("{s:s}", "message", message));
    free(message);
}

static void patch_offsets(struct kc_rest_request *request)
{
    json_t *body = NULL;
    const json_t *offsets = NULL;
    char *message = NULL;
    struct kc_error *err = kc_rest_body_json(request, &body);
    if (!err)
        err = check_offsets(body, &offsets);
    if (!err)
        err = kc_herder_alter_offsets(request->herder, request->params[0], offsets,
                                      KC_REST_TIMEOUT_MS, &message);
    if (err)
        answer_or_forward(request, err, "/offsets", NULL, body);
    else
        answer_message(request, message);
    json_decref(body);
}

static void delete_offsets(struct kc_rest_request *request)
{
    char *message = NULL;
    struct kc_error *err = kc_herder_alter_offsets(request->herder, request->params[0], NULL,
                                                   KC_REST_TIMEOUT_MS, &message);
    if (err)
        answer_or_forward(request, err, "/offsets", NULL, NULL);
    else
        answer_message(request, message);
}

/* Ours: what the connector and its tasks are doing, and why. */
static void explain(struct kc_rest_request *request)
{
    json_t *states = NULL;
    struct kc_error *err = kc_herder_explain(request->herder, request->params[0], &states);
    if (err)
        kc_rest_answer_error(request, err);
    else
        kc_rest_answer_json(request, 200, states);
}

const struct kc_route kc_connectors_routes[] = {
    {"GET", "/connectors", KC_ROUTE_QUICK, list_connectors},
    {"POST", "/connectors", KC_ROUTE_BODY | KC_ROUTE_OUTSIDE, create_connector},
    {"GET", "/connectors/{}", 0, get_connector},
    {"DELETE", "/connectors/{}", 0, delete_connector},
    {"GET", "/connectors/{}/config", 0, get_config},
    {"PUT", "/connectors/{}/config", KC_ROUTE_BODY | KC_ROUTE_OUTSIDE, put_config},
    {"PATCH", "/connectors/{}/config", KC_ROUTE_BODY | KC_ROUTE_OUTSIDE, patch_config},
    {"GET", "/connectors/{}/status", KC_ROUTE_QUICK, get_status},
    {"GET", "/connectors/{}/explain", KC_ROUTE_QUICK, explain},
    {"GET", "/connectors/{}/tasks", 0, get_tasks},
    {"GET", "/connectors/{}/tasks/{}/status", KC_ROUTE_QUICK, get_task_status},
    {"POST", "/connectors/{}/tasks/{}/restart", 0, restart_task},
    {"POST", "/connectors/{}/restart", 0, restart_connector},
    {"PUT", "/connectors/{}/pause", 0, pause_connector},
    {"PUT", "/connectors/{}/resume", 0, resume_connector},
    {"PUT", "/connectors/{}/stop", 0, stop_connector},
    {"GET", "/connectors/{}/topics", KC_ROUTE_QUICK, get_topics},
    {"PUT", "/connectors/{}/topics/reset", 0, reset_topics},
    {"GET", "/connectors/{}/offsets", KC_ROUTE_OUTSIDE, get_offsets},
    {"PATCH", "/connectors/{}/offsets", KC_ROUTE_BODY | KC_ROUTE_OUTSIDE, patch_offsets},
    {"DELETE", "/connectors/{}/offsets", KC_ROUTE_OUTSIDE, delete_offsets},
    {NULL, NULL, 0, NULL},
};
