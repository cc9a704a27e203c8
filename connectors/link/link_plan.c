/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of mirror topics as JSON: see link_plan_priv.h. */
#include "link/link_plan_priv.h"

#include "link/link_resource_priv.h"
#include "link/link_view_priv.h"

#include "connect/admin.h"

#include <stdlib.h>
#include <string.h>

/* All that a plan is made of; by outcome. */
struct plan {
    struct link_control *control;
    struct kc_strings sources;
    struct link_outcomes outcomes;
    struct link_topic_plan *topics;
    struct link_look look;
    struct link_plan_measure *measures;
    double speed; /* bytes a second; -1: not known */
};

/* ---- which topics ---- */

/* Topics of the source by a pattern of their names on the target; NULL: those that the link's
 * topics match. */
static struct kc_error *match(struct link_control *control, const char *pattern,
                              struct kc_strings *sources)
{
    struct kc_topic_infos all = {0};
    struct kc_strings none = {0};
    struct kc_error *err = pattern ? link_ask_match(pattern, &none, &none) : NULL;
    if (err)
        return kc_error_prefix(err, "pattern");
    err = kc_admin_topics(control->source, NULL, &all);
    for (size_t i = 0; !err && i < all.count; i++) {
        const char *source = all.items[i].name;
        struct kc_strings names = {0}, found = {0};
        kc_strings_take(&names, link_target_topic(control->config, source));
        if (pattern)
            err = link_ask_match(pattern, &names, &found);
        if (pattern ? found.count > 0 : kc_name_filter_accepts(control->config->topics, source))
            kc_strings_add(sources, source);
        kc_strings_destroy(&names);
        kc_strings_destroy(&found);
    }
    kc_topic_infos_destroy(&all);
    return err;
}

static struct kc_error *choose(const struct kc_resource_request *request,
                               struct link_control *control, struct kc_strings *sources)
{
    const char *name = kc_resource_query(request, "topic", 0);
    struct kc_error *err = NULL;
    if (!name)
        return match(control, kc_resource_query(request, "pattern", 0), sources);
    for (size_t i = 0; !err && name; name = kc_resource_query(request, "topic", ++i)) {
        char *source = link_source_topic(control->config, name);
        if (!source)
            err = kc_error_new(KC_ERR_BAD_REQUEST,
                               "topic: %s doesn't begin with %s, which all names of link %s have "
                               "on the target",
                               name, control->config->topic_prefix, control->config->name);
        else
            kc_strings_take(sources, source);
    }
    return err;
}

/* ---- measuring ---- */

/* A topic that isn't there is in no look. */
static void begin_look(struct plan *plan)
{
    size_t count = plan->outcomes.count;
    plan->look = (struct link_look){.topics = kc_calloc(count + 1, sizeof(struct link_lags)),
                                    .count = count};
    for (size_t i = 0; i < count; i++) {
        struct link_mirror mirror = {0};
        struct kc_error *err = link_mirror_load(plan->control->store, plan->control->config->name,
                                                plan->outcomes.items[i].name, &mirror);
        plan->look.topics[i] = (struct link_lags){
            .topic = plan->outcomes.items[i].name,
            .source_topic = plan->topics[i].partitions > 0 ? plan->sources.items[i] : NULL,
            .partitions = plan->topics[i].partitions,
            .preserve = err || mirror.order.offsets == KC_LINK_PRESERVE,
            .target_id = mirror.order.target_id,
        };
        kc_error_destroy(err);
        link_mirror_clear(&mirror);
    }
}

static void measure(struct plan *plan)
{
    const struct link_config *config = plan->control->config;
    begin_look(plan);
    link_plan_measure(plan->control->live, config, &plan->look, plan->measures);
    plan->speed = link_plan_speed(config, &plan->look);
    if (config->throttle > 0 && (plan->speed < 0 || plan->speed > (double)config->throttle))
        plan->speed = (double)config->throttle;
}

/* ---- the answer ---- */

static json_t *view_settings(const struct kc_map *settings)
{
    json_t *object = json_object();
    if (!settings)
        return json_null();
    kc_map_foreach (settings, entry)
        json_object_set_new(object, entry->key,
                            entry->value ? json_string(entry->value) : json_null());
    return object;
}

static json_t *view_real(double number)
{
    return number < 0 ? json_null() : json_real(number);
}

static double bytes_of(const struct link_plan_measure *measure)
{
    if (measure->records == 0)
        return 0;
    return measure->records < 0 || measure->record_bytes < 0
               ? -1
               : (double)measure->records * measure->record_bytes;
}

static double growth_of(const struct link_plan_measure *measure)
{
    return measure->record_bytes > 0 && measure->records_per_second > 0
               ? measure->record_bytes * measure->records_per_second
               : 0;
}

static json_t *view_topic(const struct plan *plan, size_t i)
{
    const struct link_topic_plan *topic = &plan->topics[i];
    const struct link_plan_measure *measure = &plan->measures[i];
    double bytes = bytes_of(measure);
    int64_t ms = link_plan_ms(bytes, (double)measure->leading, plan->speed, growth_of(measure));
    struct link_outcome outcome = plan->outcomes.items[i];
    outcome.predicted_ms = ms;
    json_t *view = json_pack(
        "{s:s, s:s, s:i, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "mirror_topic_name",
        outcome.name, "source_topic_name", plan->sources.items[i], "num_partitions",
        (int)topic->partitions, "exists", (int)topic->exists, "compacted", (int)topic->compacted,
        "settings", view_settings(topic->now), "settings_after_promotion",
        view_settings(topic->later), "records", link_view_number(measure->records), "bytes",
        link_view_number(bytes < 0 ? -1 : (int64_t)bytes), "leading_offsets",
        link_view_number(measure->leading), "records_per_second",
        view_real(measure->records_per_second));
    link_view_outcome(view, &outcome);
    return view;
}

/* All topics as one; what isn't known of one isn't known of all. */
static json_t *view_total(const struct plan *plan)
{
    double bytes = 0, leading = 0, grows = 0;
    int64_t records = 0;
    size_t blocked = 0;
    for (size_t i = 0; i < plan->outcomes.count; i++) {
        const struct link_plan_measure *measure = &plan->measures[i];
        blocked += plan->outcomes.items[i].status >= 400;
        if (plan->outcomes.items[i].status >= 400)
            continue; /* nothing is copied of it */
        double own = bytes_of(measure);
        bytes = own < 0 || bytes < 0 ? -1 : bytes + own;
        records = measure->records < 0 || records < 0 ? -1 : records + measure->records;
        leading += measure->leading > 0 ? (double)measure->leading : 0;
        grows += growth_of(measure);
    }
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "topics", (json_int_t)plan->outcomes.count,
                     "blocked", (json_int_t)blocked, "records", link_view_number(records), "bytes",
                     link_view_number(bytes < 0 ? -1 : (int64_t)bytes), "bytes_per_second",
                     view_real(plan->speed), "predicted_ms",
                     link_view_number(link_plan_ms(bytes, leading, plan->speed, grows)));
}

static json_t *view_plan(const struct plan *plan)
{
    json_t *list = json_array();
    for (size_t i = 0; i < plan->outcomes.count; i++)
        json_array_append_new(list, view_topic(plan, i));
    return json_pack("{s:s, s:s, s:o, s:o}", "link_name", plan->control->config->name, "offsets",
                     plan->control->config->offsets == KC_LINK_PRESERVE ? "preserve" : "translate",
                     "topics", list, "total", view_total(plan));
}

static void clear(struct plan *plan)
{
    for (size_t i = 0; i < plan->sources.count; i++) {
        kc_map_destroy(plan->topics[i].now);
        kc_map_destroy(plan->topics[i].later);
    }
    free(plan->topics);
    free(plan->measures);
    link_look_clear(&plan->look);
    link_outcomes_clear(&plan->outcomes);
    kc_strings_destroy(&plan->sources);
}

void link_get_plan(void *connector, struct kc_resource_request *request)
{
    struct plan plan = {.control = link_resource_control(connector, request), .speed = -1};
    if (!plan.control)
        return;
    struct kc_strings all = {0};
    struct kc_error *err = choose(request, plan.control, &all);
    kc_strings_copy_distinct(&plan.sources, &all);
    plan.topics = kc_calloc(plan.sources.count + 1, sizeof(*plan.topics));
    plan.measures = kc_calloc(plan.sources.count + 1, sizeof(*plan.measures));
    if (!err)
        err = link_plan_topics(plan.control, &plan.sources, &plan.outcomes, plan.topics);
    if (err) {
        kc_resource_answer_error(request, err);
    } else {
        measure(&plan);
        kc_resource_answer_json(request, 200, view_plan(&plan));
    }
    clear(&plan);
    kc_strings_destroy(&all);
}
