/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker itself over REST: / and /health (RootResource), /connector-plugins
 * (ConnectorPluginsResource), /admin/loggers (LoggingResource) and the internal endpoints
 * (InternalClusterResource).
 */
#include "base/logging.h"
#include "connect/java_json.h"
#include "rest/rest_forward_priv.h"
#include "rest/router_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.rest.resources.LoggingResource");

/* ---- / and /health ---- */

static void get_root(struct kc_rest_request *request)
{
    kc_rest_answer_json(request, 200,
                        json_pack("{s:s, s:s, s:s}", "version", KC_VERSION, "commit", KC_COMMIT,
                                  "kafka_cluster_id", kc_herder_cluster_id(request->herder)));
}

static void answer_health(struct kc_rest_request *request, int status, const char *state,
                          const char *message)
{
    kc_rest_answer_json(request, status,
                        json_pack("{s:s, s:s}", "status", state, "message", message));
}

static void answer_unhealthy(struct kc_rest_request *request)
{
    bool ready = kc_herder_ready(request->herder);
    char *stage = kc_herder_stage(request->herder);
    char *message = kc_asprintf("%s%s%s",
                                ready ? "Worker was unable to handle this request and may be "
                                        "unable to handle other requests."
                                      : "Worker is still starting up.",
                                stage ? " " : "", stage ? stage : "");
    answer_health(request, ready ? 500 : 503, ready ? "unhealthy" : "starting", message);
    free(message);
    free(stage);
}

static void get_health(struct kc_rest_request *request)
{
    /* Without a broker the herder's first tick lasts longer than a request waits. */
    bool lost = !*kc_herder_cluster_id(request->herder);
    struct kc_error *err = kc_herder_ping(request->herder, lost ? 0 : KC_REST_HEALTH_MS);
    if (err)
        answer_unhealthy(request);
    else
        answer_health(request, 200, "healthy",
                      "Worker has completed startup and is ready to handle requests.");
    kc_error_destroy(err);
}

const struct kc_route kc_root_routes[] = {
    {"GET", "/", KC_ROUTE_QUICK | KC_ROUTE_ANY_TYPE, get_root},
    {"GET", "/health", KC_ROUTE_ANY_TYPE | KC_ROUTE_SIGHT, get_health},
    {NULL, NULL, 0, NULL},
};

/* ---- /connector-plugins ---- */

static void list_plugins(struct kc_rest_request *request)
{
    bool connectors_only = kc_rest_query_bool(request, "connectorsOnly", true);
    kc_rest_answer_json(request, 200, kc_herder_plugin_list(request->herder, connectors_only));
}

static void get_plugin_config(struct kc_rest_request *request)
{
    json_t *keys = NULL;
    struct kc_error *err = kc_herder_plugin_config(request->herder, request->params[0], &keys);
    if (err)
        kc_rest_answer_error(request, err);
    else
        kc_rest_answer_json(request, 200, keys);
}

/* The length of a class name without one trailing "Connector". */
static size_t normalized(const char *name)
{
    static const char suffix[] = "Connector";
    size_t len = strlen(name);
    size_t tail = sizeof(suffix) - 1;
    return len > tail && strcmp(name + len - tail, suffix) == 0 ? len - tail : len;
}

static struct kc_error *check_type(const struct kc_map *config, const char *plugin)
{
    const char *included = kc_map_get(config, "connector.class");
    if (!included)
        return NULL;
    size_t have = normalized(included);
    size_t want = normalized(plugin);
    if (have >= want && strncmp(included + have - want, plugin, want) == 0)
        return NULL;
    return kc_error_new(KC_ERR_BAD_REQUEST,
                        "Included connector type %s does not match request type %s", included,
                        plugin);
}

/* Exceptions of the validation come back wrapped (ExecutionException), so always as 500. */
static void answer_validation_error(struct kc_rest_request *request, struct kc_error *err)
{
    bool bad_request = kc_error_code(err) == KC_ERR_BAD_REQUEST;
    kc_rest_answer_status(
        request, 500, "%s%s",
        bad_request ? "org.apache.kafka.connect.runtime.rest.errors.BadRequestException: " : "",
        kc_error_text(err));
    kc_error_destroy(err);
}

static void validate(struct kc_rest_request *request)
{
    json_t *body = NULL;
    json_t *infos = NULL;
    struct kc_map *config = NULL;
    struct kc_error *err = kc_rest_body_texts(request, &body);
    if (!err)
        err = kc_rest_json_map(body, "the connector configuration", &config);
    if (!err)
        err = check_type(config, request->params[0]);
    if (err) {
        kc_rest_answer_error(request, err);
        goto out;
    }
    err = kc_herder_validate(request->herder, config, KC_REST_TIMEOUT_MS, &infos);
    if (err)
        answer_validation_error(request, err);
    else
        kc_rest_answer_json(request, 200, infos);
out:
    kc_map_destroy(config);
    json_decref(body);
}

const struct kc_route kc_plugins_routes[] = {
    {"GET", "/connector-plugins", KC_ROUTE_QUICK, list_plugins},
    {"GET", "/connector-plugins/{}/config", KC_ROUTE_QUICK, get_plugin_config},
    {"PUT", "/connector-plugins/{}/config/validate", KC_ROUTE_BODY | KC_ROUTE_OUTSIDE, validate},
    {NULL, NULL, 0, NULL},
};

/* ---- /admin/loggers ---- */

static json_t *level_json(enum kc_log_level level, int64_t last_modified_ms)
{
    return json_pack("{s:s, s:o}", "level", kc_log_level_name(level), "last_modified",
                     last_modified_ms < 0 ? json_null() : json_integer(last_modified_ms));
}

static void list_loggers(struct kc_rest_request *request)
{
    struct kc_log_setting *settings;
    size_t count = kc_logging_settings(&settings);
    json_t *answer = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(answer, settings[i].name,
                            level_json(settings[i].level, settings[i].last_modified_ms));
    kc_log_settings_destroy(settings, count);
    kc_rest_answer_json(request, 200, answer);
}

static void get_logger(struct kc_rest_request *request)
{
    enum kc_log_level level;
    int64_t last_modified;
    if (kc_logging_setting(request->params[0], &level, &last_modified))
        kc_rest_answer_json(request, 200, level_json(level, last_modified));
    else
        kc_rest_answer_status(request, 404, "Logger %s not found.", request->params[0]);
}

static void set_worker_level(struct kc_rest_request *request, enum kc_log_level level)
{
    struct kc_strings affected = {0};
    kc_logging_set_level(request->params[0], level, &affected);
    json_t *names = json_array();
    for (size_t i = 0; i < affected.count; i++)
        json_array_append_new(names, json_string(affected.items[i]));
    kc_strings_destroy(&affected);
    kc_rest_answer_json(request, 200, names);
}

static void set_level(struct kc_rest_request *request, const char *text)
{
    enum kc_log_level level;
    const char *scope = kc_rest_query(request, "scope");
    if (!text) {
        kc_rest_answer_status(request, 400,
                              "Desired 'level' parameter was not specified in request.");
        return;
    }
    char *trimmed = kc_rest_trimmed(text);
    bool known = kc_log_level_parse(trimmed, &level);
    free(trimmed);
    if (!known) {
        kc_rest_answer_status(request, 404, "invalid log level '%s'.", text);
        return;
    }
    if (scope && strcasecmp(scope, "cluster") == 0) {
        struct kc_error *err = kc_herder_set_cluster_log_level(request->herder, request->params[0],
                                                               text, KC_REST_TIMEOUT_MS);
        if (err)
            kc_rest_answer_error(request, err);
        else
            kc_rest_answer_empty(request, 204);
        return;
    }
    if (scope && strcasecmp(scope, "worker") != 0)
        kc_warn("Received invalid scope '%s' in request to adjust logging level; will default to "
                "worker",
                scope);
    set_worker_level(request, level);
}

static void put_logger(struct kc_rest_request *request)
{
    json_t *body = NULL;
    struct kc_map *map = NULL;
    struct kc_error *err = kc_rest_body_texts(request, &body);
    if (!err)
        err = kc_rest_json_map(body, "the level", &map);
    if (err)
        kc_rest_answer_error(request, err);
    else
        set_level(request, kc_map_get(map, "level"));
    kc_map_destroy(map);
    json_decref(body);
}

const struct kc_route kc_logging_routes[] = {
    {"GET", "/admin/loggers", KC_ROUTE_QUICK | KC_ROUTE_ADMIN, list_loggers},
    {"GET", "/admin/loggers/{}", KC_ROUTE_QUICK | KC_ROUTE_ADMIN, get_logger},
    {"PUT", "/admin/loggers/{}", KC_ROUTE_ADMIN | KC_ROUTE_BODY, put_logger},
    {NULL, NULL, 0, NULL},
};

/* ---- between workers ---- */

static struct kc_signature signature_of(const struct kc_rest_request *request)
{
    return (struct kc_signature){
        .authorization = kc_map_get(request->headers, "x-connect-authorization"),
        .algorithm = kc_map_get(request->headers, "x-connect-request-signature-algorithm"),
        .body = request->body.data ? request->body.data : "",
        .body_len = request->body.len,
    };
}

/* The connector is the last parameter: a dedicated worker's paths have source and target before it.
 */
static const char *internal_connector(const struct kc_rest_request *request)
{
    return request->params[request->param_count - 1];
}

static void answer_internal(struct kc_rest_request *request, struct kc_error *err)
{
    if (err)
        kc_rest_answer_or_forward(request, err, request->path, NULL, kc_str_take(&request->body));
    else
        kc_rest_answer_empty(request, 204);
}

static struct kc_error *parse_configs(struct kc_rest_request *request, struct kc_maps *configs)
{
    json_t *body = NULL;
    size_t i;
    json_t *item;
    struct kc_error *err = kc_rest_body_texts(request, &body);
    if (!err && !json_is_array(body))
        err = kc_error_new(KC_ERR_CONNECT,
                           "Cannot deserialize task configs: the body must be an array of objects");
    if (err)
        goto out;
    json_array_foreach (body, i, item) {
        struct kc_map *map = NULL;
        err = kc_rest_json_map(item, "a task config", &map);
        if (err)
            goto out;
        kc_maps_take(configs, map);
    }
out:
    json_decref(body);
    return err;
}

bool kc_internal_admit(struct kc_rest_request *request)
{
    struct kc_signature signature = signature_of(request);
    signature.body = NULL;
    struct kc_error *err = kc_herder_check_signature(request->herder, &signature);
    if (err)
        answer_internal(request, err);
    return !err;
}

static void post_tasks(struct kc_rest_request *request)
{
    struct kc_maps configs = {0};
    struct kc_signature signature = signature_of(request);
    /* Unlike Java, which parses whatever a stranger sends. */
    struct kc_error *err = kc_herder_check_signature(request->herder, &signature);
    if (!err)
        err = parse_configs(request, &configs);
    if (!err)
        err = kc_herder_put_tasks(request->herder, internal_connector(request), &configs,
                                  &signature, KC_REST_TIMEOUT_MS);
    answer_internal(request, err);
    kc_maps_destroy(&configs);
}

static void put_fence(struct kc_rest_request *request)
{
    struct kc_signature signature = signature_of(request);
    struct kc_error *err = kc_herder_fence(request->herder, internal_connector(request), &signature,
                                           KC_REST_TIMEOUT_MS);
    answer_internal(request, err);
}

const struct kc_route kc_internal_routes[] = {
    {"POST", "/connectors/{}/tasks", KC_ROUTE_INTERNAL | KC_ROUTE_BODY, post_tasks},
    {"PUT", "/connectors/{}/fence", KC_ROUTE_INTERNAL | KC_ROUTE_BODY | KC_ROUTE_OUTSIDE,
     put_fence},
    {"POST", "/{}/{}/connectors/{}/tasks", KC_ROUTE_INTERNAL | KC_ROUTE_BODY, post_tasks},
    {"PUT", "/{}/{}/connectors/{}/fence", KC_ROUTE_INTERNAL | KC_ROUTE_BODY | KC_ROUTE_OUTSIDE,
     put_fence},
    {NULL, NULL, 0, NULL},
};
