/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mirror topics that have what the source hasn't (link_back_priv.h): the target's topic is deleted
 * and made anew, by force, after it was told what that gives up. On the connector's threads.
 *
 * A repair without force only looks again, and goes on where the two logs agree by then. No broker
 * cuts the end of a log, so that nothing else leads out of a foreign write.
 */
#include "link/link_back_priv.h"

#include "link/link_connector_priv.h"

#include "connect/admin.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Orders");

enum {
    UNKNOWN = 3, /* Kafka's code: UNKNOWN_TOPIC_OR_PARTITION */
    GONE_MS = 30000,
    END_MS = 10000,
    LOOK_MS = 100,
    WRITE_MS = 15000,
    READ_MS = 20000,
};

#define UNMADE "UNMADE: "

/* ---- deleting a topic ---- */

/* *there: a topic of this name and id is there; id zero: of any. After an error it isn't set. */
static struct kc_error *look_for(struct kc_admin *admin, const char *topic,
                                 const struct kc_uuid *id, bool *there)
{
    struct kc_strings names = {0};
    struct kc_topic_descriptions topics = {0};
    kc_strings_add(&names, topic);
    struct kc_error *err = kc_admin_describe_topics(admin, &names, &topics);
    const struct kc_topic_description *item = err ? NULL : &topics.items[0];
    if (item && item->error && kc_error_kafka_code(item->error) != UNKNOWN)
        err = kc_error_copy(item->error);
    if (item && !err)
        *there = !item->error && (kc_uuid_is_zero(id) || kc_uuid_equal(&item->id, id));
    kc_topic_descriptions_destroy(&topics);
    kc_strings_destroy(&names);
    return err;
}

struct kc_error *link_delete_topic(struct link_control *control, const char *topic,
                                   const struct kc_uuid *id)
{
    int64_t until = kc_mono_ms() + GONE_MS;
    bool there = false;
    if (kc_uuid_is_zero(id)) /* there was none */
        return NULL;
    struct kc_error *err = look_for(control->target, topic, id, &there);
    if (!err && there) {
        err = kc_admin_delete_topic(control->target, topic);
        if (kc_error_kafka_code(err) == UNKNOWN)
            kc_error_clear(&err);
        if (!err)
            kc_info("Link '%s': topic %s was deleted on the target, to be made anew.",
                    control->config->name, topic);
    }
    struct kc_stop *pause = kc_stop_new();
    while (!err && there && kc_mono_ms() < until) {
        kc_stop_wait_until(pause, kc_mono_ms() + LOOK_MS);
        err = look_for(control->target, topic, id, &there);
    }
    kc_stop_destroy(pause);
    if (!err && there)
        err =
            kc_error_retriable_new(KC_ERR_TIMEOUT, "it is there still, after %d s", GONE_MS / 1000);
    return err ? kc_error_prefix(err,
                                 "Topic %s can't be deleted on the target, where it is to be made "
                                 "anew (the link's user needs DELETE on it, and brokers "
                                 "delete.topic.enable)",
                                 topic)
               : NULL;
}

/* The state as the task has written it last. False: there is none. */
static bool read_state(struct link_control *control, const char *topic, struct kc_link_topic *state)
{
    json_t *json = link_store_get(control->store, KC_LINK_TOPIC, topic);
    struct kc_error *err = json ? kc_link_topic_parse(json, state) : NULL;
    bool found = json && !err;
    kc_error_destroy(err);
    json_decref(json);
    return found;
}

/* Nothing that is on its way to the old topic may arrive in the new one. And what was promoted in
 * the same moment stays: it is the truth. */
static struct kc_error *await_end_of_copying(struct link_control *control,
                                             const struct link_mirror *mirror)
{
    int64_t until = kc_mono_ms() + END_MS;
    bool follows = false, final = false;
    while (!follows && kc_mono_ms() < until) {
        uint64_t version = link_store_version(control->store);
        struct kc_link_topic state = {0};
        follows =
            read_state(control, mirror->name, &state) && state.order_epoch >= mirror->order.epoch;
        final = follows && kc_link_topic_is_final(state.state);
        kc_link_topic_clear(&state);
        if (!follows)
            link_store_wait(control->store, version, kc_mono_ms() + LOOK_MS);
    }
    if (!follows)
        return kc_error_retriable_new(KC_ERR_TIMEOUT,
                                      "Topic %s isn't deleted: the link's task hasn't ended the "
                                      "copying after %d s. Does it run?",
                                      mirror->name, END_MS / 1000);
    return final ? kc_error_new(KC_ERR_CONFLICT,
                                "Topic %s isn't deleted: it was promoted or failed over meanwhile",
                                mirror->name)
                 : NULL;
}

/* Holds the lock. Whoever ordered something else meanwhile isn't overruled. */
static struct kc_error *write_refusal(struct link_control *control, struct link_mirror *mirror,
                                      const char *by)
{
    struct kc_link_topic_order *order = &mirror->order;
    json_t *now = link_store_get(control->store, KC_LINK_TOPIC_ORDER, mirror->name);
    bool same = json_integer_value(json_object_get(now, "epoch")) == order->epoch;
    json_decref(now);
    if (!same)
        return kc_error_new(KC_ERR_CONFLICT,
                            "Somebody else has ordered something for topic %s at the same time",
                            mirror->name);
    free(order->refusal);
    order->refusal = kc_asprintf(UNMADE "topic %s is being deleted on the target and made anew, as "
                                        "%s wanted. Repair by force goes on with that",
                                 mirror->name, by);
    order->epoch++;
    struct link_change change = {KC_LINK_TOPIC_ORDER, mirror->name,
                                 kc_link_topic_order_json(order)};
    return link_store_put(control->store, &change, 1, WRITE_MS);
}

/* The order says so until the topic is made, so that whoever is killed in between can go on. */
struct kc_error *link_unmake(struct link_control *control, struct link_mirror *mirror,
                             const char *by)
{
    pthread_mutex_lock(&control->ordering);
    struct kc_error *err = link_check_open(control);
    if (!err)
        err = write_refusal(control, mirror, by);
    pthread_mutex_unlock(&control->ordering);
    if (!err)
        err = await_end_of_copying(control, mirror);
    return err ? err : link_delete_topic(control, mirror->name, &mirror->order.target_id);
}

/* ---- what that gives up ---- */

static int64_t own_id(struct link_control *control)
{
    struct link_self self = {0};
    int64_t id = link_self_load(control->store, &self) ? kc_link_producer_id(self.identity) : 0;
    link_self_clear(&self);
    return id;
}

/* Up to where the log was known to be the link's. */
static int64_t checked_of(const struct link_mirror *mirror, int32_t number)
{
    const json_t *item;
    size_t i;
    int64_t checked = 0;
    json_array_foreach (mirror->state.partition_states, i, item) {
        struct kc_link_partition one;
        struct kc_error *err = kc_link_partition_parse(item, &one);
        if (!err && one.partition == number && one.checked > 0)
            checked = one.checked;
        kc_error_destroy(err);
    }
    return checked;
}

/* One kind of offset of all partitions; those that aren't known are `absent`. */
static struct kc_error *ask_offsets(struct kc_admin *admin, const char *topic, int64_t timestamp,
                                    int64_t *offsets, size_t count, int64_t absent)
{
    struct kc_partition_offset *items = kc_calloc(count + 1, sizeof(*items));
    for (size_t i = 0; i < count; i++)
        items[i] = (struct kc_partition_offset){
            .topic = topic, .partition = (int32_t)i, .timestamp = timestamp};
    struct kc_error *err = count ? kc_admin_list_offsets(admin, items, count, false) : NULL;
    for (size_t i = 0; i < count; i++) {
        offsets[i] = err || items[i].error ? absent : items[i].offset;
        kc_error_destroy(items[i].error);
    }
    free(items);
    return err;
}

static bool is_recreated(const struct link_mirror *mirror)
{
    return mirror->order.refusal && strncmp(mirror->order.refusal, "SOURCE_RECREATED", 16) == 0;
}

/* Whether nothing of what was copied is at the source any more. */
static bool is_all_gone(struct link_control *control, const struct link_mirror *mirror)
{
    const struct kc_uuid *id = &mirror->order.source_id;
    bool there = true; /* unless the source says that it isn't */
    if (kc_uuid_is_zero(id) && is_recreated(mirror))
        return true;
    kc_error_destroy(look_for(control->source, mirror->order.source_topic, id, &there));
    return !there;
}

/* What the source can't give once more: records of others, and those behind the source's end. A
 * topic that was made anew at the source has none of the old one's. One that is gone isn't asked,
 * because that would wait for it. */
static struct link_given_up_partition *plan_reading(struct link_control *control,
                                                    const struct link_mirror *mirror, size_t count)
{
    int64_t *begins = kc_calloc(count + 1, sizeof(*begins));
    int64_t *ends = kc_calloc(count + 1, sizeof(*ends));
    int64_t *source = kc_calloc(count + 1, sizeof(*source));
    struct link_given_up_partition *plan = kc_calloc(count + 1, sizeof(*plan));
    kc_error_destroy(
        ask_offsets(control->target, mirror->name, KC_OFFSET_EARLIEST, begins, count, 0));
    kc_error_destroy(ask_offsets(control->target, mirror->name, KC_OFFSET_LATEST, ends, count, 0));
    bool all = is_all_gone(control, mirror);
    if (!all)
        kc_error_destroy(ask_offsets(control->source, mirror->order.source_topic, KC_OFFSET_LATEST,
                                     source, count, INT64_MAX));
    for (size_t i = 0; i < count; i++) {
        int64_t checked = checked_of(mirror, (int32_t)i);
        plan[i] =
            (struct link_given_up_partition){.partition = (int32_t)i,
                                             .from = all ? begins[i] : source[i],
                                             .to = ends[i],
                                             .look = checked > begins[i] ? checked : begins[i]};
    }
    free(begins);
    free(ends);
    free(source);
    return plan;
}

/* What is deleted already has nothing to be told, and asking for its offsets would wait for it. */
static struct kc_error *tell_given_up(struct link_control *control,
                                      const struct link_mirror *mirror,
                                      const struct link_request *request,
                                      struct link_outcome *outcome)
{
    static const struct kc_uuid any;
    bool there = false;
    struct kc_error *err = look_for(control->target, mirror->name, &any, &there);
    if (err || !there)
        return err;
    size_t count = (size_t)mirror->order.partitions;
    struct link_given_up_partition *plan = plan_reading(control, mirror, count);
    err = link_given_up_read(control->config, LINK_TARGET, mirror->name, own_id(control), plan,
                             count, kc_mono_ms() + READ_MS);
    if (!err) {
        char *text = link_given_up_text(plan, count);
        outcome->given_up = link_given_up_json(plan, count);
        link_outcome_block(outcome, "GIVES_UP", true,
                           "%s %s on the target is deleted, made anew and copied again. That gives "
                           "up %s, which the source doesn't have",
                           request->force ? "Topic" : "With force, topic", mirror->name, text);
        kc_warn("Link '%s': repairing topic %s%s gives up %s", control->config->name, mirror->name,
                request->force ? "" : " by force", text);
        free(text);
    }
    link_given_up_clear(plan, count);
    return err;
}

/* Whether the target's topic is the link's own to delete: it isn't where it was refused because
 * others had records in it. */
static bool can_be_unmade(const struct link_mirror *mirror)
{
    const char *refusal = mirror->order.refusal;
    if (!refusal)
        return mirror->state.state == KC_LINK_DIVERGED;
    return is_recreated(mirror) || strncmp(refusal, UNMADE, strlen(UNMADE)) == 0;
}

struct kc_error *link_repair_unmake(struct link_control *control, struct link_mirror *mirror,
                                    const struct link_request *request,
                                    struct link_outcome *outcome)
{
    if (!can_be_unmade(mirror) || (!request->force && !request->dry_run))
        return NULL;
    struct kc_error *err = tell_given_up(control, mirror, request, outcome);
    if (!err && request->force && !request->dry_run)
        err = link_unmake(control, mirror, request->by);
    return err;
}
