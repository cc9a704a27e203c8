/* SPDX-License-Identifier: Apache-2.0 */
/* Links and mirror topics under Confluent's names: see link_alias_priv.h. */
#include "link/link_alias_priv.h"
#include "link/link_back_priv.h"

#include "link/link_connector_priv.h"
#include "link/link_view_priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const statuses[KC_LINK_TOPIC_STATES] = {
    [KC_LINK_PENDING] = "PENDING_MIRROR",
    [KC_LINK_ALIGNING] = "PENDING_SYNCHRONIZE",
    [KC_LINK_LINKING] = "ACTIVE",
    [KC_LINK_PAUSED] = "PAUSED",
    [KC_LINK_PROMOTING] = "PENDING_STOPPED",
    [KC_LINK_PROMOTED] = "STOPPED",
    [KC_LINK_FAILED_OVER] = "STOPPED",
    [KC_LINK_SOURCE_UNAVAILABLE] = "SOURCE_UNAVAILABLE",
    [KC_LINK_DIVERGED] = "FAILED",
    [KC_LINK_FAILED] = "FAILED",
};

const char *link_alias_status(enum kc_link_topic_state state)
{
    return statuses[state];
}

struct link_control *link_alias_control(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_resource_control(connector, request);
    const char *cluster = kc_resource_param(request, 0);
    if (!control || strcmp(cluster, control->target_cluster_id) == 0)
        return control;
    kc_resource_answer_status(request, 404,
                              "Link %s isn't on cluster %s, it is on its target cluster %s",
                              control->config->name, cluster, control->target_cluster_id);
    return NULL;
}

/* ---- envelopes ---- */

json_t *link_alias_object(const char *kind, const char *url, const char *name)
{
    char *self = name ? kc_asprintf("%s/%s", url, name) : kc_strdup(url);
    json_t *object =
        json_pack("{s:s, s:{s:s, s:n}}", "kind", kind, "metadata", "self", self, "resource_name");
    free(self);
    return object;
}

json_t *link_alias_list(const char *kind, const char *url, json_t *data)
{
    return json_pack("{s:s, s:{s:s, s:n}, s:o}", "kind", kind, "metadata", "self", url, "next",
                     "data", data);
}

json_t *link_alias_lags(const struct link_lags *lags)
{
    json_t *list = json_array();
    for (size_t i = 0; lags && i < lags->count; i++) {
        const struct link_lag *lag = &lags->items[i];
        json_array_append_new(
            list, json_pack("{s:i, s:I, s:I}", "partition", (int)lag->partition, "lag",
                            (json_int_t)lag->lag, "last_source_fetch_offset",
                            (json_int_t)(lag->source_at > 0 ? lag->source_at - 1 : -1)));
    }
    return list;
}

/* ---- links ---- */

static json_t *topic_names(const struct link_mirrors *mirrors)
{
    json_t *names = json_array();
    for (size_t i = 0; i < mirrors->count; i++)
        json_array_append_new(names, json_string(mirrors->items[i].name));
    return names;
}

/* The last part of a link's identity, which is never the same twice. */
static json_t *id_of(struct link_control *control)
{
    struct link_self self = {0};
    const char *at = link_self_load(control->store, &self) ? strrchr(self.identity, '/') : NULL;
    json_t *id = json_string(at ? at + 1 : "");
    link_self_clear(&self);
    return id;
}

/* "https://host/kafka/v3/clusters/x/links/a" of a URL that has more behind it, or "-" as its link.
 * The caller's. */
static char *link_url(const struct kc_resource_request *request, const char *link)
{
    const char *url = kc_resource_url(request);
    const char *at = strstr(url, "/links");
    size_t len = at ? (size_t)(at - url) + strlen("/links") : strlen(url);
    return kc_asprintf("%.*s/%s", (int)len, url, link);
}

static void get_link(void *connector, struct kc_resource_request *request)
{
    struct link_mirrors mirrors = {0};
    struct link_control *control = link_alias_control(connector, request);
    if (!control)
        return;
    char *url = link_url(request, control->config->name);
    link_mirrors_load(control, NULL, &mirrors);
    link_mirrors_look(control, &mirrors, false);
    const struct link_look *look = &mirrors.look;
    const char *error = link_view_link_error(look);
    json_t *view = link_alias_object("KafkaLinkData", url, NULL);
    json_t *id = id_of(control);
    json_object_update_new(
        view, json_pack("{s:s, s:n, s:n, s:s, s:O, s:o, s:o, s:s, s:s?, s:s}", "source_cluster_id",
                        control->source_cluster_id, "destination_cluster_id", "remote_cluster_id",
                        "link_name", control->config->name, "link_id", id, "cluster_link_id", id,
                        "topic_names", topic_names(&mirrors), "link_error",
                        error ? "UNKNOWN" : "NO_ERROR", "link_error_message", error, "link_state",
                        error ? "UNAVAILABLE" : link_view_link_state(look)));
    if (kc_resource_query_bool(request, "include_tasks", false))
        json_object_set_new(view, "tasks", link_view_tasks(control, &mirrors));
    kc_resource_answer_json(request, 200, view);
    link_mirrors_clear(&mirrors);
    free(url);
}

/* ---- mirror topics ---- */

static json_t *view_mirror(const struct link_control *control, const struct link_mirror *mirror,
                           const struct link_lags *lags, const char *url)
{
    int32_t partitions =
        mirror->state.partitions > 0 ? mirror->state.partitions : mirror->order.partitions;
    char *place = kc_asprintf("%s/mirrors", url);
    json_t *view = link_alias_object("KafkaMirrorData", place, mirror->name);
    json_object_update_new(
        view,
        json_pack("{s:s, s:s, s:s, s:i, s:o, s:s, s:s, s:I}", "link_name", control->config->name,
                  "mirror_topic_name", mirror->name, "source_topic_name",
                  mirror->order.source_topic, "num_partitions", (int)partitions, "mirror_lags",
                  link_alias_lags(lags), "mirror_status", link_alias_status(mirror->state.state),
                  "mirror_topic_error", link_view_mirror_error(mirror, lags), "state_time_ms",
                  (json_int_t)mirror->state.since_ms));
    free(place);
    return view;
}

static bool is_status(const char *text)
{
    static const char *const others[] = {"LINK_FAILED", "LINK_PAUSED", "PENDING_SETUP_FOR_RESTORE",
                                         "PENDING_RESTORE"};
    for (size_t i = 0; i < KC_LINK_TOPIC_STATES; i++)
        if (strcmp(statuses[i], text) == 0)
            return true;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(others[i], text) == 0)
            return true;
    return false;
}

static void get_mirrors(void *connector, struct kc_resource_request *request)
{
    struct link_mirrors mirrors = {0};
    const char *wanted = kc_resource_query(request, "mirror_status", 0);
    struct link_control *control = link_alias_control(connector, request);
    if (!control)
        return;
    if (wanted && !is_status(wanted)) {
        kc_resource_answer_status(request, 400, "mirror_status: there is no status %s", wanted);
        return;
    }
    json_t *data = json_array();
    char *url = link_url(request, control->config->name);
    link_mirrors_load(control, NULL, &mirrors);
    link_mirrors_look(control, &mirrors, false);
    for (size_t i = 0; i < mirrors.count; i++)
        if (!wanted || strcmp(wanted, link_alias_status(mirrors.items[i].state.state)) == 0)
            json_array_append_new(
                data, view_mirror(control, &mirrors.items[i], &mirrors.look.topics[i], url));
    kc_resource_answer_json(request, 200,
                            link_alias_list("KafkaMirrorDataList", kc_resource_url(request), data));
    link_mirrors_clear(&mirrors);
    free(url);
}

/* What led to the state, where it is a bad one. */
static json_t *transition_errors(const struct link_mirror *mirror)
{
    json_t *list = json_array();
    const char *reason = mirror->state.reason;
    if (reason && *reason)
        json_array_append_new(list, json_pack("{s:s, s:s}", "error_code",
                                              kc_link_topic_state_name(mirror->state.state),
                                              "error_message", reason));
    return list;
}

static void get_mirror(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_alias_control(connector, request);
    if (!control)
        return;
    struct link_mirrors mirrors = {.items = kc_calloc(1, sizeof(*mirrors.items))};
    struct kc_error *err = link_mirror_load(control->store, control->config->name,
                                            kc_resource_param(request, 1), &mirrors.items[0]);
    if (err) {
        kc_resource_answer_error(request, err);
    } else {
        char *url = link_url(request, control->config->name);
        mirrors.count = 1;
        link_mirrors_look(control, &mirrors, false);
        json_t *view = view_mirror(control, &mirrors.items[0], &mirrors.look.topics[0], url);
        if (kc_resource_query_bool(request, "include_state_transition_errors", false))
            json_object_set_new(view, "mirror_state_transition_errors",
                                transition_errors(&mirrors.items[0]));
        kc_resource_answer_json(request, 200, view);
        free(url);
    }
    link_mirrors_clear(&mirrors);
}

/* ---- lists over all links ---- */

/* A link that couldn't be asked. */
static json_t *lost_link(const struct kc_resource_request *request, const json_t *failure)
{
    const char *name = json_string_value(json_object_get(failure, "link_name"));
    const char *message = json_string_value(json_object_get(failure, "message"));
    char *url = link_url(request, name ? name : "");
    json_t *view = link_alias_object("KafkaLinkData", url, NULL);
    json_object_update_new(view, json_pack("{s:n, s:n, s:n, s:s, s:s, s:s, s:[], s:s, s:s, s:s}",
                                           "source_cluster_id", "destination_cluster_id",
                                           "remote_cluster_id", "link_name", name ? name : "",
                                           "link_id", "", "cluster_link_id", "", "topic_names",
                                           "link_error", "UNKNOWN", "link_error_message",
                                           message ? message : "", "link_state", "UNAVAILABLE"));
    free(url);
    return view;
}

/* Takes list: links, or envelopes of mirror topics, or links that couldn't be asked. */
static void answer_all(struct kc_resource_request *request, json_t *list)
{
    const char *url = kc_resource_url(request);
    const char *tail = strrchr(url, '/');
    bool mirrors = tail && strcmp(tail, "/mirrors") == 0;
    json_t *data = json_array(), *item = NULL;
    size_t i = 0;
    json_array_foreach (list, i, item) {
        if (json_is_array(json_object_get(item, "data")))
            json_array_extend(data, json_object_get(item, "data"));
        else if (!json_object_get(item, "error_code"))
            json_array_append(data, item);
        else if (!mirrors)
            json_array_append_new(data, lost_link(request, item));
    }
    json_decref(list);
    kc_resource_answer_json(
        request, 200,
        link_alias_list(mirrors ? "KafkaMirrorDataList" : "KafkaLinkDataList", url, data));
}

/* ---- routes ---- */

static const struct kc_resource_route routes[] = {
    {"GET", "", KC_RESOURCE_ALL, get_link},
    {"DELETE", "", 0, link_alias_delete},
    {"GET", "/configs", 0, link_alias_get_configs},
    {"GET", "/configs/{}", 0, link_alias_get_config},
    {"PUT", "/configs/{}", KC_RESOURCE_BODY, link_alias_put_config},
    {"DELETE", "/configs/{}", 0, link_alias_reset_config},
    {"PUT", "/configs:alter", KC_RESOURCE_BODY, link_alias_alter_configs},
    {"GET", "/mirrors", KC_RESOURCE_ALL, get_mirrors},
    {"POST", "/mirrors", KC_RESOURCE_BODY, link_alias_post_mirror},
    {"GET", "/mirrors/{}", 0, get_mirror},
    {"POST", "/mirrors:promote", KC_RESOURCE_BODY, link_alias_promote},
    {"POST", "/mirrors:failover", KC_RESOURCE_BODY, link_alias_failover},
    {"POST", "/mirrors:pause", KC_RESOURCE_BODY, link_alias_pause},
    {"POST", "/mirrors:resume", KC_RESOURCE_BODY, link_alias_resume},
    {"POST", "/mirrors:reverse-and-start-mirror", KC_RESOURCE_BODY, link_alias_reverse},
    {"POST", "/mirrors:truncate-and-restore", KC_RESOURCE_BODY, link_alias_restore},
};

const struct kc_resource link_alias_resource = {
    .size = sizeof(link_alias_resource),
    .prefix = "/kafka/v3/clusters/{}/links",
    .name_field = "link_name",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
    .answer_all = answer_all,
    .create = link_alias_create,
};
