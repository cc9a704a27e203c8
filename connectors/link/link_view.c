/* SPDX-License-Identifier: Apache-2.0 */
/* Mirror topics and links as JSON: see link_view_priv.h. */
#include "link/link_view_priv.h"

#include "link/link_gateways_priv.h"
#include "link/link_parts_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Resource");

json_t *link_view_number(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

/* ---- lags ---- */

/* The last offset of the source that was fetched. */
static int64_t last_fetched(const struct link_lag *lag)
{
    return lag->source_at > 0 ? lag->source_at - 1 : -1;
}

/* Estimated by the size of some. */
static int64_t bytes_of(const struct link_lags *lags, const struct link_lag *lag)
{
    if (lag->lag <= 0)
        return lag->lag;
    return lags->record_bytes < 0 ? -1 : (int64_t)((double)lag->lag * lags->record_bytes + 0.5);
}

json_t *link_view_lags(const struct link_lags *lags)
{
    json_t *list = json_array();
    for (size_t i = 0; lags && i < lags->count; i++) {
        const struct link_lag *lag = &lags->items[i];
        int64_t bytes = bytes_of(lags, lag);
        json_array_append_new(
            list,
            json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "partition", (int)lag->partition,
                      "source_log_start_offset", link_view_number(lag->source_start),
                      "source_log_end_offset", link_view_number(lag->source_end),
                      "target_log_end_offset", link_view_number(lag->target_end), "lag",
                      link_view_number(lag->lag), "lag_bytes", link_view_number(bytes), "lag_ms",
                      link_view_number(lag->lag_ms), "last_source_fetch_offset",
                      link_view_number(last_fetched(lag))));
    }
    return list;
}

/* The copied part of what the source has, 0 to 1. */
static json_t *progress_of(const struct link_lags *lags)
{
    double done = 0, all = 0;
    if (!lags || lags->lag < 0)
        return json_null();
    for (size_t i = 0; i < lags->count; i++) {
        const struct link_lag *lag = &lags->items[i];
        double there = (double)(lag->source_end - lag->source_start);
        all += there > 0 ? there : 0;
        done += there > (double)lag->lag ? there - (double)lag->lag : 0;
    }
    return json_real(all > 0 ? (double)(int64_t)(1000 * done / all) / 1000 : 1);
}

const char *link_view_mirror_error(const struct link_mirror *mirror, const struct link_lags *lags)
{
    if (lags && lags->source_gone)
        return "SOURCE_TOPIC_MAY_BE_DELETED";
    switch (mirror->state.state) {
    case KC_LINK_DIVERGED:
        return "ILLEGAL_STATE";
    case KC_LINK_FAILED:
        return "UNKNOWN";
    default:
        return "NO_ERROR";
    }
}

/* ---- a topic ---- */

static void add_groups(json_t *view, const struct link_mirror *mirror,
                       const struct link_commits *commits)
{
    int64_t subscribed = 0, promoted = 0;
    for (size_t i = 0; commits && i < commits->groups.count; i++) {
        if (!link_commits_has(commits, i, mirror->order.source_topic))
            continue;
        subscribed++;
        promoted += commits->promoted[i];
    }
    json_object_set_new(view, "subscribed_groups", link_view_number(commits ? subscribed : -1));
    json_object_set_new(view, "promoted_groups", link_view_number(commits ? promoted : -1));
}

static void add_lags(json_t *view, const struct link_lags *lags)
{
    json_object_set_new(view, "mirror_lags", link_view_lags(lags));
    json_object_set_new(view, "lag", link_view_number(lags ? lags->lag : -1));
    json_object_set_new(view, "max_per_partition_mirror_lag",
                        link_view_number(lags ? lags->max_lag : -1));
    json_object_set_new(view, "progress", progress_of(lags));
    json_object_set_new(view, "eta_ms", link_view_number(lags ? link_lags_eta_ms(lags) : -1));
    json_object_set_new(view, "records_per_second",
                        lags && lags->target_rate >= 0 ? json_real(lags->target_rate)
                                                       : json_null());
}

json_t *link_view_mirror(const struct link_config *config, const struct link_mirror *mirror,
                         const struct link_lags *lags, const struct link_commits *commits)
{
    const struct kc_link_topic_order *order = &mirror->order;
    const struct kc_link_topic *state = &mirror->state;
    int32_t partitions = state->partitions > 0 ? state->partitions : order->partitions;
    bool preserve = state->offsets == KC_LINK_PRESERVE;
    json_t *view = json_pack(
        "{s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:{s:s, s:s, s:b, s:I, s:b}}",
        "link_name", config->name, "mirror_topic_name", mirror->name, "source_topic_name",
        order->source_topic, "num_partitions", (int)partitions, "mirror_status",
        kc_link_topic_state_name(state->state), "reason", state->reason ? state->reason : "",
        "mirror_topic_error", link_view_mirror_error(mirror, lags), "state_time_ms",
        (json_int_t)state->since_ms, "offsets", preserve ? "preserve" : "translate", "lane",
        state->lane ? state->lane : "", "fillers", (json_int_t)state->fillers, "order", "wish",
        kc_link_wish_name(order->wish), "by", order->by ? order->by : "", "force",
        (int)order->force, "since_ms", (json_int_t)order->since_ms, "followed",
        (int)mirror->followed);
    add_lags(view, lags);
    add_groups(view, mirror, commits);
    return view;
}

/* ---- all topics of a link ---- */

void link_mirrors_load(struct link_control *control, const enum kc_link_topic_state *state,
                       struct link_mirrors *mirrors)
{
    struct kc_strings names = {0};
    link_store_names(control->store, KC_LINK_TOPIC_ORDER, &names);
    mirrors->items = kc_calloc(names.count + 1, sizeof(*mirrors->items));
    for (size_t i = 0; i < names.count; i++) {
        struct link_mirror *mirror = &mirrors->items[mirrors->count];
        struct kc_error *err =
            link_mirror_load(control->store, control->config->name, names.items[i], mirror);
        if (err && kc_error_code(err) != KC_ERR_NOT_FOUND)
            kc_warn("Link %s: %s", control->config->name, kc_error_text(err));
        else if (!err && state && mirror->state.state != *state)
            link_mirror_clear(mirror);
        else if (!err)
            mirrors->count++;
        kc_error_destroy(err);
    }
    kc_strings_destroy(&names);
}

void link_mirrors_look(struct link_control *control, struct link_mirrors *mirrors, bool closely)
{
    link_look_begin(&mirrors->look, mirrors->items, mirrors->count);
    if (mirrors->count)
        link_live_look(control->live, &mirrors->look, closely);
    mirrors->look.state_error = link_store_trouble(control->store);
}

void link_mirrors_clear(struct link_mirrors *mirrors)
{
    link_look_clear(&mirrors->look);
    for (size_t i = 0; i < mirrors->count; i++)
        link_mirror_clear(&mirrors->items[i]);
    free(mirrors->items);
    *mirrors = (struct link_mirrors){0};
}

/* ---- a link ---- */

static json_t *count_topics(const struct link_mirrors *mirrors)
{
    json_int_t counts[KC_LINK_TOPIC_STATES] = {0};
    json_t *object = json_object();
    for (size_t i = 0; i < mirrors->count; i++)
        counts[mirrors->items[i].state.state]++;
    for (int i = 0; i < KC_LINK_TOPIC_STATES; i++)
        if (counts[i])
            json_object_set_new(object, kc_link_topic_state_name((enum kc_link_topic_state)i),
                                json_integer(counts[i]));
    return object;
}

static json_t *count_groups(struct link_control *control)
{
    json_int_t counts[KC_LINK_GROUP_STATES] = {0};
    json_t *object = json_object();
    struct link_mirror_groups groups = {0};
    link_mirror_groups_load(control, &groups);
    for (size_t i = 0; i < groups.count; i++)
        counts[groups.items[i].state.state]++;
    for (int i = 0; i < KC_LINK_GROUP_STATES; i++)
        if (counts[i])
            json_object_set_new(object, kc_link_group_state_name((enum kc_link_group_state)i),
                                json_integer(counts[i]));
    link_mirror_groups_clear(&groups);
    return object;
}

/* Topics that the link still writes to. Negative: not known of one of them. */
static void sum_up(const struct link_mirrors *mirrors, int64_t *lag, double *rate)
{
    *lag = 0;
    *rate = -1;
    for (size_t i = 0; i < mirrors->look.count; i++) {
        const struct link_lags *lags = &mirrors->look.topics[i];
        if (kc_link_topic_is_final(mirrors->items[i].state.state))
            continue;
        *lag = *lag < 0 || lags->lag < 0 ? -1 : *lag + lags->lag;
        if (lags->target_rate >= 0)
            *rate = (*rate < 0 ? 0 : *rate) + lags->target_rate;
    }
}

const char *link_view_link_state(const struct link_look *look)
{
    if (look->state_error)
        return "STATE_LOST";
    return look->source_error || look->target_error ? "UNAVAILABLE" : "ACTIVE";
}

const char *link_view_link_error(const struct link_look *look)
{
    if (look->state_error)
        return look->state_error;
    return look->source_error ? look->source_error : look->target_error;
}

/* The records of a kind as they are, each with its name as `field`. */
static json_t *list_records(struct link_control *control, enum kc_link_resource resource,
                            const char *field)
{
    json_t *list = json_array();
    struct kc_strings names = {0};
    link_store_names(control->store, resource, &names);
    for (size_t i = 0; i < names.count; i++) {
        json_t *value = link_store_get(control->store, resource, names.items[i]);
        json_t *copy = json_is_object(value) ? json_copy(value) : json_object();
        json_object_set_new(copy, field, json_string(names.items[i]));
        json_array_append_new(list, copy);
        json_decref(value);
    }
    kc_strings_destroy(&names);
    return list;
}

/* told NULL: it has said nothing yet. */
static const char *gateway_state(struct link_control *control, const char *name, const json_t *told)
{
    const char *state = json_string_value(json_object_get(told, "gateway_state"));
    if (!link_gateway_lives(control->store, name))
        return "LOST";
    return state ? state : "SERVING";
}

/* What a gateway has last said of itself and its clients, unless it has begun anew since then. */
static void add_clients(struct link_control *control, json_t *gateway, const char *name)
{
    json_t *record = link_store_get(control->store, KC_LINK_CLIENTS, name);
    bool current = json_equal(json_object_get(record, "epoch"), json_object_get(gateway, "epoch"));
    json_t *clients = current ? json_object_get(record, "clients") : NULL;
    json_t *omitted = current ? json_object_get(record, "omitted") : NULL;
    json_t *connections = current ? json_object_get(record, "connections") : NULL;
    json_object_set_new(gateway, "gateway_state",
                        json_string(gateway_state(control, name, current ? record : NULL)));
    json_object_set_new(gateway, "clients", clients ? json_incref(clients) : json_array());
    json_object_set_new(gateway, "clients_omitted",
                        omitted ? json_incref(omitted) : json_integer(0));
    json_object_set_new(gateway, "connections",
                        connections ? json_incref(connections) : json_integer(0));
    json_decref(record);
}

static json_t *list_gateways(struct link_control *control)
{
    size_t i;
    json_t *gateway;
    json_t *list = list_records(control, KC_LINK_GATEWAY, "id");
    json_array_foreach (list, i, gateway) {
        json_t *renewals = json_object_get(gateway, "renewals");
        json_t *duration = json_object_get(gateway, "duration_ms");
        json_object_set_new(
            gateway, "lease",
            json_pack("{s:O?, s:O?}", "renewals", renewals, "duration_ms", duration));
        add_clients(control, gateway, json_string_value(json_object_get(gateway, "id")));
    }
    return list;
}

static json_t *link_blockers(const struct link_look *look)
{
    struct link_outcome outcome = {0};
    if (look->state_error)
        link_outcome_block(&outcome, "STATE_LOST", false, "%s", look->state_error);
    if (look->source_error)
        link_outcome_block(&outcome, "SOURCE_UNREACHABLE", false,
                           "The source cluster can't be reached: %s", look->source_error);
    if (look->target_error)
        link_outcome_block(&outcome, "TARGET_UNREACHABLE", false,
                           "The target cluster can't be reached: %s", look->target_error);
    json_t *list = link_view_blockers(&outcome);
    struct link_outcomes freed = {kc_memdup(&outcome, sizeof(outcome)), 1};
    link_outcomes_clear(&freed);
    return list;
}

json_t *link_view_link(struct link_control *control, bool detailed)
{
    struct link_mirrors mirrors = {0};
    int64_t lag = 0;
    double rate = 0;
    link_mirrors_load(control, NULL, &mirrors);
    link_mirrors_look(control, &mirrors, false);
    sum_up(&mirrors, &lag, &rate);
    const char *error = link_view_link_error(&mirrors.look);
    json_t *view =
        json_pack("{s:s, s:s?, s:s?, s:s, s:s?, s:o, s:o, s:o, s:o}", "link_name",
                  control->config->name, "source_cluster_id", control->source_cluster_id,
                  "target_cluster_id", control->target_cluster_id, "link_state",
                  link_view_link_state(&mirrors.look), "link_error_message", error, "topics",
                  count_topics(&mirrors), "groups", count_groups(control), "lag",
                  link_view_number(lag), "throughput", rate < 0 ? json_null() : json_real(rate));
    if (detailed) {
        json_object_set_new(view, "tasks", link_view_tasks(control, &mirrors));
        json_object_set_new(view, "leases", list_records(control, KC_LINK_LEASE, "task"));
        json_object_set_new(view, "gateways", list_gateways(control));
        json_object_set_new(view, "write_guard",
                            list_records(control, KC_LINK_GUARD, "mirror_topic_name"));
        json_object_set_new(view, "blockers", link_blockers(&mirrors.look));
    }
    link_mirrors_clear(&mirrors);
    return view;
}

/* ---- what a link does ---- */

static void add_task(json_t *list, struct link_store *store, enum link_part part, const char *state,
                     json_t *errors)
{
    bool wrong = json_array_size(errors) > 0;
    bool paused = link_part_is_paused(store, part);
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:o}", "task_name", link_part_name(part), "state",
                                    paused  ? "PAUSED"
                                    : wrong ? "IN_ERROR"
                                            : state,
                                    "errors", errors));
}

static void add_error(json_t *errors, const char *code, const char *name, const char *reason)
{
    char *text = kc_asprintf("%s: %s", name, reason ? reason : "");
    json_array_append_new(errors,
                          json_pack("{s:s, s:s}", "error_code", code, "error_message", text));
    free(text);
}

static json_t *topic_errors(const struct link_mirrors *mirrors)
{
    json_t *errors = json_array();
    for (size_t i = 0; i < mirrors->count; i++) {
        const struct link_mirror *mirror = &mirrors->items[i];
        enum kc_link_topic_state state = mirror->state.state;
        if (state == KC_LINK_FAILED || state == KC_LINK_DIVERGED ||
            state == KC_LINK_SOURCE_UNAVAILABLE)
            add_error(errors, kc_link_topic_state_name(state), mirror->name, mirror->state.reason);
    }
    return errors;
}

static json_t *group_errors(struct link_control *control, size_t *count)
{
    json_t *errors = json_array();
    struct link_mirror_groups groups = {0};
    link_mirror_groups_load(control, &groups);
    for (size_t i = 0; i < groups.count; i++) {
        const struct link_mirror_group *group = &groups.items[i];
        enum kc_link_group_state state = group->state.state;
        if (state == KC_LINK_GROUP_FAILED || state == KC_LINK_HOLD_LOST)
            add_error(errors, kc_link_group_state_name(state), group->name, group->state.reason);
    }
    *count = groups.count;
    link_mirror_groups_clear(&groups);
    return errors;
}

static const char *switched(const struct link_config *config, const char *key)
{
    return strcasecmp(kc_map_get_or(config->properties, key, "true"), "false") == 0
               ? "NOT_CONFIGURED"
               : "ACTIVE";
}

json_t *link_view_tasks(struct link_control *control, const struct link_mirrors *mirrors)
{
    size_t groups = 0;
    json_t *list = json_array();
    json_t *wrong_groups = group_errors(control, &groups);
    add_task(list, control->store, LINK_PART_TOPICS, mirrors->count ? "ACTIVE" : "NOT_CONFIGURED",
             topic_errors(mirrors));
    add_task(list, control->store, LINK_PART_CONFIGS,
             switched(control->config, "sync.topic.configs.enabled"), json_array());
    add_task(list, control->store, LINK_PART_ACLS,
             switched(control->config, "sync.topic.acls.enabled"), json_array());
    add_task(list, control->store, LINK_PART_GROUPS, groups ? "ACTIVE" : "NOT_CONFIGURED",
             wrong_groups);
    return list;
}

/* ---- outcomes ---- */

json_t *link_view_blockers(const struct link_outcome *outcome)
{
    json_t *list = json_array();
    for (size_t i = 0; i < outcome->blocker_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "code", outcome->blockers[i].code,
                                              "message", outcome->blockers[i].message, "warning",
                                              (int)outcome->blockers[i].warning));
    return list;
}

void link_view_outcome(json_t *object, const struct link_outcome *outcome)
{
    bool failed = outcome->status >= 400;
    json_object_set_new(object, "error_code", failed ? json_integer(outcome->status) : json_null());
    json_object_set_new(object, "error_message",
                        failed && outcome->message ? json_string(outcome->message) : json_null());
    if (!failed && outcome->message)
        json_object_set_new(object, "message", json_string(outcome->message));
    json_object_set_new(object, "blockers", link_view_blockers(outcome));
    json_object_set_new(object, "predicted_ms", link_view_number(outcome->predicted_ms));
    if (outcome->given_up)
        json_object_set(object, "given_up", outcome->given_up);
}
