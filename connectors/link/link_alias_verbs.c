/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes something, under Confluent's names: see link_alias_priv.h.
 *
 * A verb is answered with 200 and an outcome for each topic, whatever came of it: error_code and
 * error_message say that.
 */
#include "link/link_alias_priv.h"

#include "link/link_view_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- verbs ---- */

/* What goes with it: how much of each partition. *records is all of it. New reference. */
static json_t *view_truncation(const struct link_outcome *outcome, json_int_t *records)
{
    json_t *list = json_array(), *part;
    size_t i;
    *records = 0;
    json_array_foreach (outcome->given_up, i, part) {
        *records += json_integer_value(json_object_get(part, "records"));
        json_array_append_new(
            list, json_pack("{s:O, s:O, s:O}", "partition_id", json_object_get(part, "partition"),
                            "messages_truncated", json_object_get(part, "records"),
                            "offset_truncated_to", json_object_get(part, "from")));
    }
    return list;
}

static json_t *view_outcome(const struct link_outcome *outcome, const struct link_lags *lags,
                            const char *url)
{
    bool failed = outcome->status >= 400;
    char *place = kc_strndup(url, strcspn(url, "?"));
    char *verb = strrchr(place, ':');
    if (verb && strchr(verb, '/') == NULL)
        *verb = '\0';
    json_t *view = link_alias_object("AlterMirrorsData", place, outcome->name);
    json_int_t records = 0;
    json_t *truncation = view_truncation(outcome, &records);
    json_object_update_new(
        view, json_pack("{s:s, s:o, s:s?, s:o, s:o, s:o}", "mirror_topic_name", outcome->name,
                        "error_code", failed ? json_integer(outcome->status) : json_null(),
                        "error_message", failed ? outcome->message : NULL, "mirror_lags",
                        link_alias_lags(lags), "messages_truncated",
                        outcome->given_up ? json_integer(records) : json_null(),
                        "partition_level_truncation_data", truncation));
    free(place);
    return view;
}

/* Outcomes with the lags of those that are mirror topics. */
static json_t *view_outcomes(struct link_control *control, const struct link_outcomes *outcomes,
                             const char *url)
{
    json_t *data = json_array();
    struct link_mirrors mirrors = {.items = kc_calloc(outcomes->count + 1, sizeof(*mirrors.items)),
                                   .count = outcomes->count};
    for (size_t i = 0; i < outcomes->count; i++) {
        struct kc_error *err = link_mirror_load(control->store, control->config->name,
                                                outcomes->items[i].name, &mirrors.items[i]);
        if (err) /* it has no lags */
            mirrors.items[i].name = kc_strdup(outcomes->items[i].name);
        kc_error_destroy(err);
    }
    link_mirrors_look(control, &mirrors, false);
    for (size_t i = 0; i < outcomes->count; i++) {
        bool known = mirrors.items[i].order.source_topic != NULL;
        json_array_append_new(
            data, view_outcome(&outcomes->items[i], known ? &mirrors.look.topics[i] : NULL, url));
    }
    link_mirrors_clear(&mirrors);
    return data;
}

void link_alias_answer(struct kc_resource_request *request, struct link_control *control,
                       const struct link_outcomes *outcomes)
{
    const char *url = kc_resource_url(request);
    kc_resource_answer_json(
        request, 200,
        link_alias_list("KafkaPromoteMirror", url, view_outcomes(control, outcomes, url)));
}

static void order_topics(void *connector, struct kc_resource_request *request,
                         enum kc_link_wish wish)
{
    bool dry_run = false;
    struct link_outcomes outcomes = {0};
    struct link_control *control = link_alias_control(connector, request);
    if (control && link_resource_order_topics(request, control, wish, &dry_run, &outcomes))
        link_alias_answer(request, control, &outcomes);
    link_outcomes_clear(&outcomes);
}

void link_alias_promote(void *connector, struct kc_resource_request *request)
{
    order_topics(connector, request, KC_LINK_WISH_PROMOTE);
}

void link_alias_failover(void *connector, struct kc_resource_request *request)
{
    order_topics(connector, request, KC_LINK_WISH_FAILOVER);
}

void link_alias_pause(void *connector, struct kc_resource_request *request)
{
    order_topics(connector, request, KC_LINK_WISH_PAUSE);
}

void link_alias_resume(void *connector, struct kc_resource_request *request)
{
    order_topics(connector, request, KC_LINK_WISH_LINK);
}

/* ---- a new mirror topic ---- */

#define REFUSE(...) return kc_error_new(KC_ERR_BAD_REQUEST, __VA_ARGS__)

/* The source topic's name; borrowed from the body. What the link can't do for one topic alone is
 * refused, rather than left out unseen. */
static struct kc_error *parse_new(const json_t *body, const struct link_config *config,
                                  const char **source)
{
    const char *mirror = NULL;
    const json_t *factor = json_object_get(body, "replication_factor");
    const json_t *named = json_object_get(body, "mirror_topic_name");
    int64_t set = kc_config_long(config->values, "replication.factor");
    if (!json_is_object(body))
        REFUSE("The body must be an object with source_topic_name");
    struct kc_error *err = link_ask_topic_name(json_object_get(body, "source_topic_name"),
                                               "source_topic_name", source);
    if (!err && named && !json_is_null(named))
        err = link_ask_topic_name(named, "mirror_topic_name", &mirror);
    if (err)
        return err;
    char *target = link_target_topic(config, *source);
    bool same = !mirror || strcmp(mirror, target) == 0;
    free(target);
    if (!same)
        REFUSE("mirror_topic_name: the mirror topic of %s can't be called %s: names on the target "
               "are the source's behind link.topic.prefix (\"%s\")",
               *source, mirror, config->topic_prefix);
    if (json_array_size(json_object_get(body, "configs")))
        REFUSE("configs: a mirror topic gets the settings of its source topic");
    if (factor && !json_is_null(factor) &&
        (!json_is_integer(factor) || json_integer_value(factor) != set))
        REFUSE("replication_factor: is %lld for all topics of the link (its replication.factor)",
               (long long)set);
    return NULL;
}

static void create_mirror(struct kc_resource_request *request, struct link_control *control,
                          const char *source)
{
    struct kc_strings sources = {0};
    struct link_outcomes outcomes = {0};
    const struct link_request how = {.by = "rest", .dry_run = link_resource_is_dry(request)};
    kc_strings_add(&sources, source);
    struct kc_error *err = link_create_topics(control, &sources, &how, &outcomes);
    const struct link_outcome *outcome = outcomes.count ? &outcomes.items[0] : NULL;
    if (err)
        kc_resource_answer_error(request, err);
    else if (outcome && outcome->status >= 400)
        kc_resource_answer_status(request, outcome->status, "%s",
                                  outcome->message ? outcome->message : "");
    else
        kc_resource_answer_empty(request, 204);
    link_outcomes_clear(&outcomes);
    kc_strings_destroy(&sources);
}

void link_alias_post_mirror(void *connector, struct kc_resource_request *request)
{
    json_t *body = NULL;
    const char *source = NULL;
    struct link_control *control = link_alias_control(connector, request);
    if (!control)
        return;
    struct kc_error *err = kc_resource_json(request, &body);
    if (!err)
        err = parse_new(body, control->config, &source);
    if (err) {
        kc_resource_answer_status(request, 400, "%s", kc_error_text(err));
        kc_error_destroy(err);
    } else {
        create_mirror(request, control, source);
    }
    json_decref(body);
}
