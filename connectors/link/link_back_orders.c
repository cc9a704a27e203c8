/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people want of a topic after its promotion: checked, and written for the link back
 * (link_back_priv.h). On the connector's thread.
 *
 * Topics are looked at one by one, because each needs a look at both clusters and a comparison.
 */
#include "link/link_back_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Orders");

enum { WRITE_MS = 15000, READ_MS = 30000 };

#define NOBODY INT64_MIN /* no producer's id */

/* What was wanted before. False: nothing, or it can't be read, which gives way to a new wish. */
static bool read_former(struct link_control *control, const char *topic, struct kc_link_back *back)
{
    json_t *json = link_store_get(control->store, KC_LINK_BACK, topic);
    struct kc_error *err = json ? kc_link_back_parse(json, back) : NULL;
    bool found = json && !err;
    if (err)
        kc_warn("Link %s: what is known of the way back of %s is damaged: %s",
                control->config->name, topic, kc_error_text(err));
    kc_error_destroy(err);
    json_decref(json);
    return found;
}

/* ---- what is given up ---- */

static struct link_given_up_partition *plan_reading(const struct link_back_case *back)
{
    struct link_given_up_partition *plan = kc_calloc(back->count + 1, sizeof(*plan));
    for (size_t i = 0; i < back->count; i++)
        plan[i] = (struct link_given_up_partition){.partition = (int32_t)i,
                                                   .from = link_back_common(back, i),
                                                   .to = back->partitions[i].end,
                                                   .look = -1};
    return plan;
}

/* Reads it, and asks for force. */
static struct kc_error *tell_given_up(struct link_control *control,
                                      const struct link_back_case *back,
                                      const struct link_request *request,
                                      struct link_outcome *outcome)
{
    if (back->gone)
        return NULL;
    struct link_given_up_partition *plan = plan_reading(back);
    struct kc_error *err = link_given_up_read(control->config, LINK_SOURCE, back->topic, NOBODY,
                                              plan, back->count, kc_mono_ms() + READ_MS);
    if (!err) {
        char *text = link_given_up_text(plan, back->count);
        outcome->given_up = link_given_up_json(plan, back->count);
        link_outcome_block(outcome, "GIVES_UP", request->force,
                           "%s at the source is deleted and made anew, because no log can be cut "
                           "at its end. That gives up %s, which the target doesn't have%s",
                           back->topic, text, request->force ? "" : ". It needs force");
        free(text);
    }
    link_given_up_clear(plan, back->count);
    return err;
}

/* ---- writing ---- */

static json_t *make_record(const struct link_back_case *back, enum kc_link_back_wish wish,
                           int64_t epoch, const struct link_request *request,
                           const struct link_outcome *outcome)
{
    struct kc_link_back record = {.epoch = epoch,
                                  .wish = wish,
                                  .topic_id = back->id,
                                  .force = request->force,
                                  .by = (char *)request->by,
                                  .since_ms = kc_now_ms(),
                                  .partition_count = back->count,
                                  .given_up = outcome->given_up};
    record.partitions = kc_calloc(back->count + 1, sizeof(*record.partitions));
    for (size_t i = 0; i < back->count; i++)
        record.partitions[i] = (struct kc_link_back_partition){
            (int32_t)i, back->partitions[i].cut < 0 ? 0 : back->partitions[i].cut};
    json_t *json = kc_link_back_json(&record);
    free(record.partitions);
    return json;
}

static struct kc_error *write_wish(struct link_control *control, const struct link_back_case *back,
                                   enum kc_link_back_wish wish, int64_t former_epoch,
                                   const struct link_request *request, struct link_outcome *outcome)
{
    if (!link_outcome_settle(outcome, request))
        return NULL;
    struct link_change change = {KC_LINK_BACK, back->topic,
                                 make_record(back, wish, former_epoch + 1, request, outcome)};
    pthread_mutex_lock(&control->ordering);
    struct kc_error *err = link_check_open(control);
    if (err)
        json_decref(change.value);
    else
        err = link_store_put(control->store, &change, 1, WRITE_MS);
    pthread_mutex_unlock(&control->ordering);
    if (!err)
        kc_info("Link %s: the way back of topic %s: %s, asked by %s%s. The link whose "
                "link.reverse.of is %s follows.",
                control->config->name, back->topic, kc_link_back_wish_name(wish), request->by,
                request->force ? ", by force" : "", control->config->name);
    return err;
}

/* ---- one topic ---- */

/* Whether the same was wanted before. */
static bool is_under_way(const struct kc_link_back *former, bool found, enum kc_link_back_wish wish,
                         const struct link_request *request, struct link_outcome *outcome)
{
    if (!found || former->wish != wish || (wish == KC_LINK_BACK_RESTORE && request->force))
        return false;
    link_outcome_refuse(outcome, request->dry_run ? 200 : 202,
                        "%s was asked for %lld s ago by %s. Nothing new was ordered; the link back "
                        "tells how it stands",
                        kc_link_back_wish_name(wish),
                        (long long)(kc_now_ms() - former->since_ms) / 1000, former->by);
    return true;
}

/* The end of a way back needs no look at the clusters. */
static struct kc_error *finalize(struct link_control *control, const char *topic,
                                 const struct kc_link_back *former, bool found,
                                 const struct link_request *request, struct link_outcome *outcome)
{
    const struct link_back_case back = {.topic = topic, .id = former->topic_id};
    if (!found) {
        link_outcome_refuse(outcome, 404, "%s has no way back that could end: none was asked for",
                            topic);
        return NULL;
    }
    return write_wish(control, &back, KC_LINK_BACK_END, former->epoch, request, outcome);
}

/* What nobody would follow isn't stored. *missing: whether there is no link back; -1: nobody has
 * looked yet. */
static void block_missing(struct link_control *control, const struct link_request *request,
                          int *missing, struct link_outcome *outcome)
{
    const char *name = control->config->name;
    if (request->link_back_follows || outcome->status || link_outcome_blocked(outcome))
        return;
    if (*missing < 0)
        *missing = link_back_is_missing(control);
    if (*missing)
        link_outcome_block(
            outcome, "NO_LINK_BACK", false,
            "No link leads back: none has link.reverse.of=%s. Create it first "
            "(isthmus link create %s-back --reverse-of %s, or POST /connectors with "
            "source and target swapped), or send \"link_back_follows\": true if that "
            "is done afterwards",
            name, name, name);
}

static struct kc_error *order_one(struct link_control *control, const char *topic,
                                  enum kc_link_back_wish wish, const struct link_request *request,
                                  int *missing, struct link_outcome *outcome)
{
    struct kc_link_back former = {0};
    struct link_back_case back = {0};
    struct kc_error *err = NULL;
    bool found = read_former(control, topic, &former);
    if (is_under_way(&former, found, wish, request, outcome))
        goto out;
    if (wish == KC_LINK_BACK_END) {
        err = finalize(control, topic, &former, found, request, outcome);
        goto out;
    }
    if (link_back_look(control, topic, &back, outcome)) {
        if (wish == KC_LINK_BACK_MIRROR)
            link_back_check(&back, outcome);
        else
            err = tell_given_up(control, &back, request, outcome);
    }
    if (!err)
        block_missing(control, request, missing, outcome);
    if (!err)
        err = write_wish(control, &back, wish, found ? former.epoch : 0, request, outcome);
out:
    link_back_clear(&back);
    kc_link_back_clear(&former);
    return err;
}

struct kc_error *link_order_back(struct link_control *control, const struct kc_strings *topics,
                                 enum kc_link_back_wish wish, const struct link_request *request,
                                 struct link_outcomes *outcomes)
{
    struct kc_error *err = NULL;
    int missing = -1;
    for (size_t i = 0; i < topics->count && !err; i++)
        err = order_one(control, topics->items[i], wish, request, &missing,
                        link_outcomes_add(outcomes, topics->items[i]));
    return err;
}

/* ---- telling ---- */

json_t *link_back_view(struct link_control *control, const char *topic)
{
    struct kc_link_back back = {0};
    if (!read_former(control, topic, &back))
        return json_null();
    json_t *view =
        json_pack("{s:s, s:s, s:I, s:b, s:O?}", "wish", kc_link_back_wish_name(back.wish), "by",
                  back.by ? back.by : "", "since_ms", (json_int_t)back.since_ms, "force",
                  (int)back.force, "given_up", back.given_up);
    kc_link_back_clear(&back);
    return view;
}
