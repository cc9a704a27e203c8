/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes something: POST and DELETE of /links. On the connector's thread.
 *
 * A request about several names has an outcome for each: the answer's status is 202 as soon as one
 * order is stored, and each item says by error_code what became of it.
 */
#include "link/link_resource_priv.h"
#include "link/link_view_priv.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- shared ---- */

struct link_control *link_resource_control(void *connector, struct kc_resource_request *request)
{
    struct link_control *const *place = connector;
    if (!*place)
        kc_resource_answer_status(request, 409,
                                  "Link %s isn't started yet. Look at its connector's status",
                                  kc_resource_connector(request));
    return *place;
}

bool link_resource_is_dry(const struct kc_resource_request *request)
{
    return kc_resource_query_bool(request, "validate_only", false) ||
           kc_resource_query_bool(request, "dry_run", false);
}

bool link_resource_ask(struct kc_resource_request *request, enum link_ask_kind kind,
                       struct link_ask *ask)
{
    json_t *body = NULL;
    *ask = (struct link_ask){0};
    struct kc_error *err = kc_resource_json(request, &body);
    if (!err)
        err = link_ask_parse(body, kind, ask);
    json_decref(body);
    if (err) {
        kc_resource_answer_status(request, 400, "%s", kc_error_text(err));
        kc_error_destroy(err);
        return false;
    }
    ask->dry_run = ask->dry_run || link_resource_is_dry(request);
    return true;
}

bool link_resource_names(struct kc_resource_request *request, struct link_control *control,
                         enum kc_link_resource resource, const struct link_ask *ask,
                         struct kc_strings *names)
{
    struct kc_strings known = {0};
    if (!ask->pattern) {
        kc_strings_copy(names, &ask->names);
        return true;
    }
    link_store_names(control->store, resource, &known);
    struct kc_error *err = link_ask_match(ask->pattern, &known, names);
    kc_strings_destroy(&known);
    if (err)
        kc_resource_answer_error(request, err);
    else if (!names->count)
        kc_resource_answer_status(request, 404, "Nothing of link %s matches %s",
                                  control->config->name, ask->pattern);
    return !err && names->count;
}

int link_resource_status(const struct link_outcomes *outcomes, bool dry_run)
{
    int worst = 0;
    for (size_t i = 0; i < outcomes->count; i++) {
        int status = outcomes->items[i].status;
        if (status < 400)
            return dry_run ? 200 : 202;
        worst = !worst || worst == status ? status : 409;
    }
    return dry_run && worst != 404 ? 200 : worst ? worst : 200;
}

void link_resource_answer(struct kc_resource_request *request, const struct link_outcomes *outcomes,
                          bool dry_run, const char *field, json_t *list)
{
    int status = link_resource_status(outcomes, dry_run);
    const char *message = outcomes->count ? outcomes->items[0].message : NULL;
    if (status >= 400)
        list = json_pack("{s:i, s:s, s:o}", "error_code", status, "message", message ? message : "",
                         field, list);
    kc_resource_answer_json(request, status, list);
}

/* ---- mirror topics ---- */

static struct link_request request_of(const struct link_ask *ask)
{
    return (struct link_request){.by = "rest",
                                 .dry_run = ask->dry_run,
                                 .force = ask->force,
                                 .max_pause_ms = ask->max_pause_ms};
}

json_t *link_resource_view_topics(struct link_control *control,
                                  const struct link_outcomes *outcomes)
{
    json_t *list = json_array();
    struct link_mirrors mirrors = {.items = kc_calloc(outcomes->count + 1, sizeof(*mirrors.items)),
                                   .count = outcomes->count};
    for (size_t i = 0; i < outcomes->count; i++) {
        struct kc_error *err = link_mirror_load(control->store, control->config->name,
                                                outcomes->items[i].name, &mirrors.items[i]);
        if (err) /* a dry run of a new one, or unknown: it has no lags */
            mirrors.items[i].name = kc_strdup(outcomes->items[i].name);
        kc_error_destroy(err);
    }
    link_mirrors_look(control, &mirrors, false);
    for (size_t i = 0; i < outcomes->count; i++) {
        const struct link_mirror *mirror = &mirrors.items[i];
        bool known = mirror->order.source_topic != NULL;
        json_t *item = json_pack("{s:s, s:s?}", "mirror_topic_name", mirror->name, "mirror_status",
                                 known ? kc_link_topic_state_name(mirror->state.state) : NULL);
        link_view_outcome(item, &outcomes->items[i]);
        json_object_set_new(item, "mirror_lags",
                            link_view_lags(known ? &mirrors.look.topics[i] : NULL));
        json_array_append_new(list, item);
    }
    link_mirrors_clear(&mirrors);
    return list;
}

bool link_resource_order_topics(struct kc_resource_request *request, struct link_control *control,
                                enum kc_link_wish wish, bool *dry_run,
                                struct link_outcomes *outcomes)
{
    struct link_ask ask;
    struct kc_strings names = {0};
    struct kc_error *err = NULL;
    if (!link_resource_ask(request, LINK_ASK_TOPICS, &ask))
        return false;
    const struct link_request how = request_of(&ask);
    bool found = link_resource_names(request, control, KC_LINK_TOPIC_ORDER, &ask, &names);
    if (found)
        err = link_order_topics(control, &names, wish, &how, outcomes);
    *dry_run = ask.dry_run;
    if (err)
        kc_resource_answer_error(request, err);
    kc_strings_destroy(&names);
    link_ask_clear(&ask);
    return found && !err;
}

static void order_topics(void *connector, struct kc_resource_request *request,
                         enum kc_link_wish wish)
{
    bool dry_run = false;
    struct link_outcomes outcomes = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (control && link_resource_order_topics(request, control, wish, &dry_run, &outcomes))
        link_resource_answer(request, &outcomes, dry_run, "mirrors",
                             link_resource_view_topics(control, &outcomes));
    link_outcomes_clear(&outcomes);
}

void link_post_promote(void *connector, struct kc_resource_request *request)
{
    order_topics(connector, request, KC_LINK_WISH_PROMOTE);
}

void link_post_failover(void *connector, struct kc_resource_request *request)
{
    order_topics(connector, request, KC_LINK_WISH_FAILOVER);
}

void link_post_pause(void *connector, struct kc_resource_request *request)
{
    order_topics(connector, request, KC_LINK_WISH_PAUSE);
}

void link_post_resume(void *connector, struct kc_resource_request *request)
{
    order_topics(connector, request, KC_LINK_WISH_LINK);
}

void link_post_repair(void *connector, struct kc_resource_request *request)
{
    order_topics(connector, request, KC_LINK_WISH_REPAIR);
}

/* What topics and groups differ in where new ones are asked for. */
struct new_mirrors {
    enum link_ask_kind ask;
    const char *field;
    size_t prefix; /* of which member of struct link_config */
    char *(*source_name)(const struct link_config *config, const char *target_name);
    struct kc_error *(*create)(struct link_control *control, const struct kc_strings *sources,
                               const struct link_request *request, struct link_outcomes *outcomes);
    json_t *(*view)(struct link_control *control, const struct link_outcomes *outcomes);
};

/* Source names of names on the target; one without the link's prefix is refused. */
static void to_source(const struct new_mirrors *kind, const struct link_config *config,
                      const struct kc_strings *names, struct kc_strings *sources,
                      struct link_outcomes *outcomes)
{
    const char *prefix = *(const char *const *)((const char *)config + kind->prefix);
    for (size_t i = 0; i < names->count; i++) {
        char *source = kind->source_name(config, names->items[i]);
        if (source)
            kc_strings_take(sources, source);
        else
            link_outcome_refuse(link_outcomes_add(outcomes, names->items[i]), 400,
                                "%s doesn't begin with %s, which all names of link %s have on the "
                                "target",
                                names->items[i], prefix, config->name);
    }
}

static void post_new(void *connector, struct kc_resource_request *request,
                     const struct new_mirrors *kind)
{
    struct link_ask ask;
    struct kc_strings sources = {0};
    struct link_outcomes outcomes = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (!control || !link_resource_ask(request, kind->ask, &ask))
        return;
    const struct link_request how = request_of(&ask);
    to_source(kind, control->config, &ask.names, &sources, &outcomes);
    struct kc_error *err = sources.count ? kind->create(control, &sources, &how, &outcomes) : NULL;
    if (err)
        kc_resource_answer_error(request, err);
    else
        link_resource_answer(request, &outcomes, ask.dry_run, kind->field,
                             kind->view(control, &outcomes));
    link_outcomes_clear(&outcomes);
    kc_strings_destroy(&sources);
    link_ask_clear(&ask);
}

void link_post_mirrors(void *connector, struct kc_resource_request *request)
{
    static const struct new_mirrors topics = {
        LINK_ASK_NEW_TOPICS, "mirrors",          offsetof(struct link_config, topic_prefix),
        link_source_topic,   link_create_topics, link_resource_view_topics};
    post_new(connector, request, &topics);
}

/* Answers what is to be deleted in a dry run, or err (taken), or nothing more: 204. */
static void answer_deletion(struct kc_resource_request *request, struct kc_error *err)
{
    if (err)
        kc_resource_answer_error(request, err);
    else
        kc_resource_answer_empty(request, 204);
}

void link_delete_mirror(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_resource_control(connector, request);
    if (control)
        answer_deletion(request, link_forget_topic(control, kc_resource_param(request, 0)));
}

/* ---- mirror groups ---- */

json_t *link_resource_view_groups(struct link_control *control,
                                  const struct link_outcomes *outcomes)
{
    json_t *list = json_array();
    for (size_t i = 0; i < outcomes->count; i++) {
        struct link_mirror_group mirror = {0};
        struct kc_error *err = link_mirror_group_load(control->store, control->config->name,
                                                      outcomes->items[i].name, &mirror);
        json_t *item = json_pack("{s:s, s:s?}", "group_id", outcomes->items[i].name, "group_status",
                                 err ? NULL : kc_link_group_state_name(mirror.state.state));
        link_view_outcome(item, &outcomes->items[i]);
        json_array_append_new(list, item);
        link_mirror_group_clear(&mirror);
        kc_error_destroy(err);
    }
    return list;
}

static void order_groups(void *connector, struct kc_resource_request *request,
                         enum kc_link_group_wish wish)
{
    struct link_ask ask;
    struct kc_strings names = {0};
    struct link_outcomes outcomes = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (!control || !link_resource_ask(request, LINK_ASK_GROUPS, &ask))
        return;
    const struct link_request how = request_of(&ask);
    if (link_resource_names(request, control, KC_LINK_GROUP_ORDER, &ask, &names)) {
        struct kc_error *err = link_order_groups(control, &names, wish, &how, &outcomes);
        if (err)
            kc_resource_answer_error(request, err);
        else
            link_resource_answer(request, &outcomes, ask.dry_run, "groups",
                                 link_resource_view_groups(control, &outcomes));
    }
    link_outcomes_clear(&outcomes);
    kc_strings_destroy(&names);
    link_ask_clear(&ask);
}

void link_post_groups_promote(void *connector, struct kc_resource_request *request)
{
    order_groups(connector, request, KC_LINK_GROUP_PROMOTE);
}

void link_post_groups_release(void *connector, struct kc_resource_request *request)
{
    order_groups(connector, request, KC_LINK_GROUP_RELEASE);
}

void link_post_groups(void *connector, struct kc_resource_request *request)
{
    static const struct new_mirrors groups = {
        LINK_ASK_NEW_GROUPS, "groups",           offsetof(struct link_config, group_prefix),
        link_source_group,   link_create_groups, link_resource_view_groups};
    post_new(connector, request, &groups);
}

void link_delete_group(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_resource_control(connector, request);
    if (control)
        answer_deletion(request, link_forget_group(control, kc_resource_param(request, 0)));
}
