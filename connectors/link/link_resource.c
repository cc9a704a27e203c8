/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The REST resource /links: its table of routes, and what only reads. On the connector's thread.
 *
 * What is read comes from the state topic, so that it is the same whichever worker runs a task;
 * lags are asked of both clusters at the request.
 */
#include "link/link_alias_priv.h"
#include "link/link_back_priv.h"
#include "link/link_parts_priv.h"
#include "link/link_plan_priv.h"
#include "link/link_propose_priv.h"
#include "link/link_resource_priv.h"
#include "link/link_verify_priv.h"
#include "link/link_view_priv.h"
#include "link/link_wave_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- links ---- */

static void get_link(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_resource_control(connector, request);
    if (control)
        kc_resource_answer_json(request, 200, link_view_link(control, true));
}

static void get_tasks(void *connector, struct kc_resource_request *request)
{
    struct link_mirrors mirrors = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    link_mirrors_load(control, NULL, &mirrors);
    kc_resource_answer_json(request, 200, link_view_tasks(control, &mirrors));
    link_mirrors_clear(&mirrors);
}

/* ---- mirror topics ---- */

/* The state that ?mirror_status asks for; *given: it is there. False: there is no such state, and
 * that has been answered. */
static bool wanted_state(struct kc_resource_request *request, enum kc_link_topic_state *state,
                         bool *given)
{
    const char *text = kc_resource_query(request, "mirror_status", 0);
    *given = text != NULL;
    if (!text || kc_link_topic_state_parse(text, state))
        return true;
    kc_resource_answer_status(request, 400,
                              "mirror_status: there is no state %s. States are PENDING, ALIGNING, "
                              "LINKING, PAUSED, PROMOTING, PROMOTED, FAILED_OVER, "
                              "SOURCE_UNAVAILABLE, DIVERGED and FAILED",
                              text);
    return false;
}

static void get_mirrors(void *connector, struct kc_resource_request *request)
{
    enum kc_link_topic_state state = KC_LINK_PENDING;
    bool given = false;
    struct link_mirrors mirrors = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (!control || !wanted_state(request, &state, &given))
        return;
    bool live = kc_resource_query_bool(request, "lags", true);
    json_t *list = json_array();
    link_mirrors_load(control, given ? &state : NULL, &mirrors);
    if (live)
        link_mirrors_look(control, &mirrors, kc_resource_query_bool(request, "times", false));
    for (size_t i = 0; i < mirrors.count; i++)
        json_array_append_new(list, link_view_mirror(control->config, &mirrors.items[i],
                                                     live ? &mirrors.look.topics[i] : NULL, NULL));
    kc_resource_answer_json(request, 200, list);
    link_mirrors_clear(&mirrors);
}

static void get_mirror(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    struct link_mirrors mirrors = {.items = kc_calloc(1, sizeof(*mirrors.items))};
    struct kc_error *err = link_mirror_load(control->store, control->config->name,
                                            kc_resource_param(request, 0), &mirrors.items[0]);
    if (err) {
        kc_resource_answer_error(request, err);
    } else {
        struct link_commits commits = {0};
        mirrors.count = 1;
        link_mirrors_look(control, &mirrors, true);
        char *why = link_commits_load(control, &commits);
        json_t *view = link_view_mirror(control->config, &mirrors.items[0], &mirrors.look.topics[0],
                                        why ? NULL : &commits);
        json_object_set_new(view, "way_back", link_back_view(control, mirrors.items[0].name));
        kc_resource_answer_json(request, 200, view);
        link_commits_clear(&commits);
        free(why);
    }
    link_mirrors_clear(&mirrors);
}

/* ---- mirror groups ---- */

/* What speaks against promoting it now. */
static json_t *view_group(struct link_control *control, const struct link_mirror_group *mirror,
                          const struct link_group_look *look)
{
    const struct link_request request = {.by = "rest", .dry_run = true};
    struct link_outcomes outcomes = {0};
    struct link_outcome *outcome = link_outcomes_add(&outcomes, mirror->name);
    if (mirror->state.state != KC_LINK_GROUP_PROMOTED)
        link_block_group_promotions(control, mirror, outcome, 1, &request);
    json_t *view = link_view_group(mirror, look, outcome);
    link_outcomes_clear(&outcomes);
    return view;
}

static void get_groups(void *connector, struct kc_resource_request *request)
{
    struct link_mirror_groups groups = {0};
    struct link_group_looks looks = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    json_t *list = json_array();
    link_mirror_groups_load(control, &groups);
    link_group_looks_make(control, groups.items, groups.count, &looks);
    for (size_t i = 0; i < groups.count; i++)
        json_array_append_new(list, link_view_group(&groups.items[i], &looks.items[i], NULL));
    kc_resource_answer_json(request, 200, list);
    link_group_looks_clear(&looks);
    link_mirror_groups_clear(&groups);
}

static void get_group(void *connector, struct kc_resource_request *request)
{
    struct link_mirror_group mirror = {0};
    struct link_group_looks looks = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    struct kc_error *err = link_mirror_group_load(control->store, control->config->name,
                                                  kc_resource_param(request, 0), &mirror);
    if (err) {
        kc_resource_answer_error(request, err);
        return;
    }
    link_group_looks_make(control, &mirror, 1, &looks);
    kc_resource_answer_json(request, 200, view_group(control, &mirror, &looks.items[0]));
    link_group_looks_clear(&looks);
    link_mirror_group_clear(&mirror);
}

/* ---- offsets ---- */

/* The mirror topic that ?topic names: by its name on the target, or on the source. */
static struct kc_error *find_mirror(struct link_control *control, const char *topic,
                                    struct link_mirror *mirror)
{
    if (!topic)
        return kc_error_new(KC_ERR_BAD_REQUEST, "topic: is missing in the query");
    char *target = link_target_topic(control->config, topic);
    struct kc_error *err =
        link_mirror_load(control->store, control->config->name, target ? target : topic, mirror);
    if (err && kc_error_code(err) == KC_ERR_NOT_FOUND && target) {
        kc_error_destroy(err);
        err = link_mirror_load(control->store, control->config->name, topic, mirror);
    }
    free(target);
    return err;
}

static struct kc_error *check_partition(const struct link_mirror *mirror, int64_t partition)
{
    int32_t count = mirror->state.partitions > mirror->order.partitions ? mirror->state.partitions
                                                                        : mirror->order.partitions;
    if (partition < count)
        return NULL;
    return kc_error_new(KC_ERR_NOT_FOUND, "partition: %s has partitions 0 to %d", mirror->name,
                        (int)count - 1);
}

/* The target's offset; -1: it isn't known yet. Where offsets are preserved they are the same on
 * both sides, whatever lies between. A translated one is that of the first record at or behind it;
 * what lies beyond the copied part isn't decided. */
static int64_t translate(struct link_control *control, const struct link_mirror *mirror,
                         int32_t partition, int64_t offset, int64_t end)
{
    const struct link_index_place place = {mirror->name, mirror->order.target_id, partition};
    if (mirror->order.offsets == KC_LINK_PRESERVE)
        return offset;
    int64_t target = link_index_target(link_live_index(control->live), &place, offset);
    return target <= end ? target : -1;
}

static void answer_offset(struct kc_resource_request *request, struct link_control *control,
                          const struct link_mirror *mirror, int32_t partition, int64_t offset)
{
    struct link_look look;
    link_look_begin(&look, mirror, 1);
    link_live_look(control->live, &look, false);
    const struct link_lag *lag =
        (size_t)partition < look.topics[0].count ? &look.topics[0].items[partition] : NULL;
    int64_t end = lag ? lag->target_end : -1;
    int64_t target = translate(control, mirror, partition, offset, end);
    kc_resource_answer_json(
        request, 200,
        json_pack("{s:s, s:s, s:s, s:i, s:I, s:o, s:o, s:o}", "link_name", control->config->name,
                  "mirror_topic_name", mirror->name, "source_topic_name",
                  mirror->order.source_topic, "partition", (int)partition, "source_offset",
                  (json_int_t)offset, "target_offset", link_view_number(target), "mirrored",
                  end < 0 ? json_null() : json_boolean(target >= 0 && target < end),
                  "target_log_end_offset", link_view_number(end)));
    link_look_clear(&look);
}

static void get_offset(void *connector, struct kc_resource_request *request)
{
    struct link_mirror mirror = {0};
    int64_t partition = 0, offset = 0;
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    struct kc_error *err = link_ask_number(kc_resource_query(request, "partition", 0), "partition",
                                           INT32_MAX, &partition);
    if (!err)
        err = link_ask_number(kc_resource_query(request, "source_offset", 0), "source_offset",
                              INT64_MAX, &offset);
    if (!err)
        err = find_mirror(control, kc_resource_query(request, "topic", 0), &mirror);
    if (!err)
        err = check_partition(&mirror, partition);
    if (err)
        kc_resource_answer_error(request, err);
    else
        answer_offset(request, control, &mirror, (int32_t)partition, offset);
    link_mirror_clear(&mirror);
}

/* ---- receipts ---- */

static json_t *receipt_of(struct link_control *control, const char *topic)
{
    json_t *value = link_store_get(control->store, KC_LINK_RECEIPT, topic);
    json_t *copy = json_is_object(value) ? json_copy(value) : NULL;
    if (copy)
        json_object_set_new(copy, "mirror_topic_name", json_string(topic));
    json_decref(value);
    return copy;
}

static void get_receipts(void *connector, struct kc_resource_request *request)
{
    struct kc_strings names = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    json_t *list = json_array();
    link_store_names(control->store, KC_LINK_RECEIPT, &names);
    for (size_t i = 0; i < names.count; i++) {
        json_t *receipt = receipt_of(control, names.items[i]);
        if (receipt)
            json_array_append_new(list, receipt);
    }
    kc_strings_destroy(&names);
    kc_resource_answer_json(request, 200, list);
}

static void get_receipt(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    const char *topic = kc_resource_param(request, 0);
    json_t *receipt = receipt_of(control, topic);
    if (receipt)
        kc_resource_answer_json(request, 200, receipt);
    else
        kc_resource_answer_status(request, 404,
                                  "Link %s has no receipt of %s: it hasn't been promoted",
                                  control->config->name, topic);
}

/* What was asked for after promotions, with what it gave up. */
static json_t *ways_back(struct link_control *control)
{
    struct kc_strings names = {0};
    json_t *list = json_array();
    link_store_names(control->store, KC_LINK_BACK, &names);
    for (size_t i = 0; i < names.count; i++) {
        json_t *view = link_back_view(control, names.items[i]);
        if (json_is_object(view))
            json_object_set_new(view, "mirror_topic_name", json_string(names.items[i]));
        json_array_append_new(list, view);
    }
    kc_strings_destroy(&names);
    return list;
}

/* What was moved, and what is still to be moved, as one page for the files. */
static void get_report(void *connector, struct kc_resource_request *request)
{
    struct kc_strings names = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    json_t *receipts = json_array(), *open = json_array();
    struct link_mirrors mirrors = {0};
    link_store_names(control->store, KC_LINK_RECEIPT, &names);
    for (size_t i = 0; i < names.count; i++) {
        json_t *receipt = receipt_of(control, names.items[i]);
        if (receipt)
            json_array_append_new(receipts, receipt);
    }
    link_mirrors_load(control, NULL, &mirrors);
    for (size_t i = 0; i < mirrors.count; i++)
        if (!kc_link_topic_is_final(mirrors.items[i].state.state))
            json_array_append_new(
                open,
                json_pack("{s:s, s:s}", "mirror_topic_name", mirrors.items[i].name, "mirror_status",
                          kc_link_topic_state_name(mirrors.items[i].state.state)));
    kc_resource_answer_json(
        request, 200,
        json_pack("{s:s, s:s?, s:s?, s:I, s:o, s:o, s:o}", "link_name", control->config->name,
                  "source_cluster_id", control->source_cluster_id, "target_cluster_id",
                  control->target_cluster_id, "time_ms", (json_int_t)kc_now_ms(), "receipts",
                  receipts, "open_topics", open, "ways_back", ways_back(control)));
    link_mirrors_clear(&mirrors);
    kc_strings_destroy(&names);
}

/* ---- routes ---- */

static const struct kc_resource_route routes[] = {
    {"GET", "", KC_RESOURCE_ALL, get_link},
    {"DELETE", "", 0, link_delete},
    {"GET", "/tasks", KC_RESOURCE_ALL, get_tasks},
    {"POST", "/tasks:pause", KC_RESOURCE_BODY, link_post_tasks_pause},
    {"POST", "/tasks:resume", KC_RESOURCE_BODY, link_post_tasks_resume},
    {"GET", "/mirrors", KC_RESOURCE_ALL, get_mirrors},
    {"POST", "/mirrors", KC_RESOURCE_BODY, link_post_mirrors},
    {"GET", "/mirrors:plan", 0, link_get_plan},
    {"GET", "/mirrors/{}", 0, get_mirror},
    {"DELETE", "/mirrors/{}", 0, link_delete_mirror},
    {"POST", "/mirrors:promote", KC_RESOURCE_BODY, link_post_promote},
    {"POST", "/mirrors:failover", KC_RESOURCE_BODY, link_post_failover},
    {"POST", "/mirrors:pause", KC_RESOURCE_BODY, link_post_pause},
    {"POST", "/mirrors:resume", KC_RESOURCE_BODY, link_post_resume},
    {"POST", "/mirrors:repair", KC_RESOURCE_BODY, link_post_repair},
    {"POST", "/mirrors:reverse-and-start", KC_RESOURCE_BODY, link_post_reverse},
    {"POST", "/mirrors:truncate-and-restore", KC_RESOURCE_BODY, link_post_restore},
    {"POST", "/mirrors:finalize", KC_RESOURCE_BODY, link_post_finalize},
    {"GET", "/groups", KC_RESOURCE_ALL, get_groups},
    {"POST", "/groups", KC_RESOURCE_BODY, link_post_groups},
    {"GET", "/groups/{}", 0, get_group},
    {"DELETE", "/groups/{}", 0, link_delete_group},
    {"POST", "/groups:promote", KC_RESOURCE_BODY, link_post_groups_promote},
    {"POST", "/groups:release", KC_RESOURCE_BODY, link_post_groups_release},
    {"GET", "/offsets", 0, get_offset},
    {"GET", "/receipts", KC_RESOURCE_ALL, get_receipts},
    {"GET", "/receipts/{}", 0, get_receipt},
    {"GET", "/report", 0, get_report},
    {"GET", "/waves", KC_RESOURCE_ALL, link_get_waves},
    {"POST", "/waves", KC_RESOURCE_BODY, link_post_waves},
    {"GET", "/waves/{}", 0, link_get_wave},
    {"DELETE", "/waves/{}", 0, link_delete_wave},
    {"POST", "/waves:start", KC_RESOURCE_BODY, link_post_waves_start},
    {"POST", "/waves:stop", KC_RESOURCE_BODY, link_post_waves_stop},
    {"GET", "/waves:propose", 0, link_get_proposal},
    {"POST", "/verify", KC_RESOURCE_BODY | KC_RESOURCE_ANYWHERE, link_verify_handle},
};

const struct kc_resource link_resource = {
    .size = sizeof(link_resource),
    .prefix = "/links",
    .name_field = "link_name",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
    .alias = &link_alias_resource,
};
