/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics of a task (link_work_priv.h): each look takes what was ordered and how the copying
 * stands, asks link_topic_decide(), writes the states that have changed, and does the steps.
 *
 * A state is written before its step is done, so that a successor knows of it. Topics that nothing
 * is expected of are looked at once a second; states are written in one go for many.
 */
#include "link/link_gateways_priv.h"
#include "link/link_metrics_priv.h"
#include "link/link_topic_life_priv.h"
#include "link/link_topics_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkTask");

#define AT_ONCE   200  /* topics that are looked at, and written, together */
#define CALM_MS   1000 /* between two looks at a topic of which nothing is expected */
#define QUIET_MS  2000 /* so long nothing may have come for a source to count as quiet */
#define HELD_MS   100  /* the same where gateways hold writes: others would show */
#define REASON_MS 5000 /* between two writes of a state whose reason alone changes */
#define PUT_MS    30000
#define RETRY_MS  2000
#define SURE_MS   5000 /* for the state topic's end */
#define HURRY_MS  5000 /* for which a promotion is looked at more often: producers wait for it */

/* A look at one topic. */
struct link_topic_look {
    struct link_topic_work *topic;
    struct link_copy_status status;
    struct link_decision decision;
    struct kc_link_topic next; /* the state to be written; reason is borrowed */
    bool write;
};

/* ---- looking ---- */

/* Whether the source has been quiet for so long, and all is copied. */
static bool note_quiet(struct link_topic_work *topic, const struct link_copy_status *status,
                       int64_t quiet_ms)
{
    int64_t ends = 0, now = kc_mono_ms();
    bool open = false; /* a transaction */
    for (size_t i = 0; i < status->count; i++) {
        ends += status->partitions[i].source_high;
        open = open || status->partitions[i].source_high < 0 ||
               status->partitions[i].source_end != status->partitions[i].source_high;
    }
    if (ends != topic->ends || topic->ends_ms == 0)
        topic->ends_ms = now;
    topic->ends = ends;
    return !open && status->lag == 0 && now - topic->ends_ms >= quiet_ms;
}

static json_t *partition_states(const struct link_copy_status *status)
{
    json_t *array = json_array();
    for (size_t i = 0; i < status->count; i++)
        json_array_append_new(array, kc_link_partition_json(&status->partitions[i].saved));
    return array;
}

static int64_t fillers_of(const struct link_copy_status *status)
{
    int64_t fillers = 0;
    for (size_t i = 0; i < status->count; i++)
        fillers += status->partitions[i].fillers;
    return fillers;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool is_predecessors(const struct link_topic_look *look)
{
    return look->topic->has_state && look->topic->state.lease_epoch != look->next.lease_epoch;
}

/* The state is a former holder's: it is written once more before anything else is done, so that
 * nothing of the former holder takes effect after that. */
static bool claims(const struct link_topic_look *look)
{
    return is_predecessors(look) && !kc_link_topic_is_final(look->topic->state.state);
}

static bool differs(const struct link_topic_look *look)
{
    const struct link_topic_work *topic = look->topic;
    const struct kc_link_topic *now = &topic->state, *next = &look->next;
    if (!topic->has_state || now->state != next->state || now->order_epoch != next->order_epoch ||
        now->offsets != next->offsets || now->partitions != next->partitions || claims(look) ||
        look->status.must_save)
        return true;
    return !same_text(now->reason, next->reason) && kc_mono_ms() - topic->written_ms >= REASON_MS;
}

/* A topic that has given up preserving has done so for good. */
static enum kc_link_offsets offsets_of(const struct link_topic_look *look)
{
    const struct link_topic_work *topic = look->topic;
    if (topic->has_state && (!topic->copying || topic->state.offsets == KC_LINK_TRANSLATE))
        return topic->state.offsets;
    return topic->copying ? look->status.offsets : kc_link_offsets_at_first(&topic->order);
}

/* Whether the offset index may have something of it. */
static bool is_indexed(const struct link_topics *topics, const struct link_topic_work *topic)
{
    return topic->state.offsets == KC_LINK_TRANSLATE || topic->order.offsets == KC_LINK_TRANSLATE ||
           topics->work.config->offsets == KC_LINK_TRANSLATE;
}

/* The state as it would be written. */
static void make_next(const struct link_topics *topics, struct link_topic_look *look)
{
    const struct link_topic_work *topic = look->topic;
    const struct kc_link_topic *now = &topic->state;
    bool moves = !topic->has_state || now->state != look->decision.state;
    look->next = (struct kc_link_topic){
        .state = look->decision.state,
        .epoch = now->epoch,
        .order_epoch = look->decision.order_epoch,
        .lease_epoch = link_lease_epoch(topics->work.lease),
        .since_ms = moves ? kc_now_ms() : now->since_ms,
        .reason = (char *)look->decision.reason,
        .offsets = offsets_of(look),
        .partitions = topic->order.partitions,
        .fillers = topic->copying ? fillers_of(&look->status) : now->fillers,
        .lane = now->lane ? now->lane : (char *)"raw",
    };
    look->write = differs(look);
    if (look->write)
        look->next.partition_states = topic->copying && look->status.count > 0
                                          ? partition_states(&look->status)
                                          : link_topics_saved(topics, topic->name);
    look->next.epoch += moves || (look->write && is_predecessors(look));
}

/* Gateways hold the writes as soon as the state says PROMOTING. */
static int64_t note_pause(struct link_topic_work *topic, bool live, int64_t now_ms)
{
    if (topic->state.state != KC_LINK_PROMOTING)
        topic->pause_at_ms = 0;
    else if (topic->pause_at_ms == 0 && live)
        topic->pause_at_ms = now_ms;
    return topic->pause_at_ms ? now_ms - topic->pause_at_ms : 0;
}

static void look_at(struct link_topics *topics, struct link_topic_work *topic,
                    struct link_topic_look *look)
{
    int64_t now = kc_mono_ms();
    *look = (struct link_topic_look){.topic = topic};
    if (topic->copying)
        link_copy_status(topics->work.copy, topic->name, &look->status);
    const char *waited =
        link_gateways_waited(topics->gateways, topic->name, topic->state.epoch, now);
    bool live = link_gateways_live(topics->gateways, now);
    const struct link_topic_view view = {
        .order = topic->ordered ? &topic->order : NULL,
        .state = topic->has_state ? &topic->state : NULL,
        .status = topic->copying ? &look->status : NULL,
        .paused = topic->paused,
        .finishing = topic->finishing,
        .quiet = topic->copying &&
                 note_quiet(topic, &look->status, live && !waited ? HELD_MS : QUIET_MS),
        .waited = waited,
        .pause_ms = note_pause(topic, live, now),
        .hindrance = topic->hindrance,
    };
    look->decision = link_topic_decide(&view);
    if (look->decision.step != LINK_STEP_FORGET)
        make_next(topics, look);
    link_metrics_note(topic->metrics, topic->state.state, view.status);
}

/* ---- writing ---- */

static void log_move(const struct link_topics *topics, const struct link_topic_look *look)
{
    const struct link_topic_work *topic = look->topic;
    bool moves = !topic->has_state || topic->state.state != look->next.state;
    bool bad = look->next.state == KC_LINK_DIVERGED || look->next.state == KC_LINK_FAILED;
    if (!moves && same_text(topic->state.reason, look->next.reason))
        return;
    KC_LOG_AT(&log, bad ? KC_LOG_ERROR : KC_LOG_INFO, "Link '%s': topic %s is %s%s%s",
              topics->work.config->name, topic->name, kc_link_topic_state_name(look->next.state),
              *look->next.reason ? ": " : ".", look->next.reason);
}

/* Whether the state that was written took effect. It doesn't after one that a former holder of the
 * lease wrote at the same time: that is the topic's then, and what was decided is void. */
static bool took_effect(struct link_topics *topics, struct link_topic_look *look)
{
    struct kc_link_topic now = {0};
    json_t *json = link_store_get(topics->work.store, KC_LINK_TOPIC, look->topic->name);
    struct kc_error *err = json ? kc_link_topic_parse(json, &now) : NULL;
    bool ours =
        json && !err && now.epoch == look->next.epoch && now.lease_epoch == look->next.lease_epoch;
    kc_error_destroy(err);
    json_decref(json);
    kc_link_topic_clear(&now);
    if (!ours) {
        kc_info("Link '%s': the state of topic %s was changed by another worker, and is read "
                "again.",
                topics->work.config->name, look->topic->name);
        kc_link_topic_clear(&look->topic->state);
        link_topics_load_state(topics, look->topic);
        look->decision.step = LINK_STEP_NONE;
    }
    return ours;
}

/* The state was written: it is the topic's now. */
static void take_state(struct link_topic_look *look)
{
    struct link_topic_work *topic = look->topic;
    struct kc_link_topic now = look->next;
    now.reason = kc_strdup(look->next.reason);
    now.lane = kc_strdup(look->next.lane);
    now.partition_states = NULL;
    kc_link_topic_clear(&topic->state);
    topic->state = now;
    topic->has_state = true;
    topic->written_ms = kc_mono_ms();
}

static bool is_promotion(const struct link_topic_look *look)
{
    return look->topic->state.state != look->next.state && look->next.state == KC_LINK_PROMOTING;
}

/* Its next step is due. */
static void look_again_at_once(struct link_topics *topics, struct link_topic_work *topic)
{
    topic->due_ms = 0;
    link_copy_wake(topics->work.copy);
}

static bool write_states(struct link_topics *topics, struct link_topic_look *looks, size_t count)
{
    struct link_change changes[AT_ONCE];
    size_t n = 0;
    if (!link_lease_holds(topics->work.lease))
        return false; /* a successor may be writing */
    for (size_t i = 0; i < count; i++)
        if (looks[i].write && looks[i].decision.step != LINK_STEP_CUT_OVER)
            changes[n++] = (struct link_change){KC_LINK_TOPIC, looks[i].topic->name,
                                                kc_link_topic_json(&looks[i].next)};
    struct kc_error *err = n ? link_store_put(topics->work.store, changes, n, PUT_MS) : NULL;
    for (size_t i = 0; i < count; i++)
        looks[i].topic->unsure = err && looks[i].write;
    if (err) {
        kc_warn("%s. It is tried again.", kc_error_text(err));
        kc_error_destroy(err);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!looks[i].write || looks[i].decision.step == LINK_STEP_CUT_OVER)
            continue;
        if (!took_effect(topics, &looks[i]))
            continue;
        log_move(topics, &looks[i]);
        bool promotes = is_promotion(&looks[i]);
        take_state(&looks[i]);
        if (promotes)
            look_again_at_once(topics, looks[i].topic);
        if (looks[i].status.must_save)
            link_copy_saved(topics->work.copy, looks[i].topic->name);
    }
    return true;
}

/* ---- steps ---- */

static void end_copying(struct link_topics *topics, struct link_topic_work *topic)
{
    if (topic->copying)
        link_copy_remove(topics->work.copy, topic->name);
    topic->copying = topic->paused = topic->finishing = false;
    topic->ends_ms = 0;
}

static void begin_copying(struct link_topics *topics, struct link_topic_work *topic)
{
    struct kc_link_topic state = topic->state;
    state.partition_states = link_topics_saved(topics, topic->name);
    link_copy_add(topics->work.copy, topic->name, &topic->order, &state);
    json_decref(state.partition_states);
    topic->copying = true;
}

static void pause_copying(struct link_topics *topics, struct link_topic_work *topic, bool paused)
{
    link_copy_pause(topics->work.copy, topic->name, paused);
    topic->paused = paused;
}

static void finish_copying(struct link_topics *topics, struct link_topic_work *topic)
{
    link_copy_finish(topics->work.copy, topic->name, topic->order.force);
    topic->finishing = true;
    if (topic->pause_at_ms == 0)
        topic->pause_at_ms = kc_mono_ms();
}

static void take_step(struct link_topics *topics, const struct link_topic_look *look)
{
    struct link_topic_work *topic = look->topic;
    switch (look->decision.step) {
    case LINK_STEP_ADD:
        begin_copying(topics, topic);
        break;
    case LINK_STEP_RESTART:
        end_copying(topics, topic);
        begin_copying(topics, topic);
        break;
    case LINK_STEP_PAUSE:
    case LINK_STEP_RESUME:
        pause_copying(topics, topic, look->decision.step == LINK_STEP_PAUSE);
        break;
    case LINK_STEP_FINISH:
        finish_copying(topics, topic);
        break;
    case LINK_STEP_END:
        end_copying(topics, topic);
        break;
    case LINK_STEP_FORGET:
        end_copying(topics, topic);
        if (is_indexed(topics, topic))
            link_copy_forget(topics->work.copy, topic->name);
        kc_info("Link '%s' mirrors topic %s no longer.", topics->work.config->name, topic->name);
        break;
    case LINK_STEP_CUT_OVER:
    case LINK_STEP_NONE:
        break;
    }
}

static void forget_one(struct link_topics *topics, struct link_topic_work *topic)
{
    char *successor = topic->replaced ? kc_strdup(topic->name) : NULL;
    link_topics_forget(topics, topic);
    if (successor)
        link_topics_follow_one(topics, successor);
    free(successor);
}

/* A state without an order is of no use to anybody. */
static void forget_gone(struct link_topics *topics, struct link_topic_look *looks, size_t count)
{
    struct link_change changes[AT_ONCE];
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (looks[i].decision.step == LINK_STEP_FORGET)
            changes[n++] = (struct link_change){KC_LINK_TOPIC, looks[i].topic->name, NULL};
    struct kc_error *err = n ? link_store_put(topics->work.store, changes, n, PUT_MS) : NULL;
    for (size_t i = 0; !err && i < count; i++)
        if (looks[i].decision.step == LINK_STEP_FORGET)
            forget_one(topics, looks[i].topic);
    if (err)
        kc_warn("%s. It is tried again.", kc_error_text(err));
    kc_error_destroy(err);
}

/* ---- cutting over ---- */

static void note_cut(struct link_topics *topics, struct link_topic_look *look, struct link_cut *cut)
{
    struct link_topic_work *topic = look->topic;
    free(topic->hindrance);
    topic->hindrance = cut->error ? kc_strdup(kc_error_text(cut->error)) : NULL;
    if (cut->ended)
        topic->copying = topic->paused = topic->finishing = false;
    if (cut->not_quiet) { /* begins anew, and waits until it is quiet */
        kc_info("Link '%s': topic %s has got new records at the source; its promotion waits until "
                "producers stop.",
                topics->work.config->name, topic->name);
        end_copying(topics, topic);
        if (!link_gateways_live(topics->gateways, kc_mono_ms()))
            topic->pause_at_ms = 0; /* who writes doesn't wait */
    } else if (cut->error) {
        kc_warn("Link '%s': topic %s isn't %s yet: %s", topics->work.config->name, topic->name,
                kc_link_topic_state_name(look->next.state), kc_error_text(cut->error));
        topic->due_ms = kc_mono_ms() + RETRY_MS;
        topic->unsure = cut->ended;
    } else if (took_effect(topics, look))
        take_state(look);
    kc_error_destroy(cut->error);
}

static void cut_over(struct link_topics *topics, struct link_topic_look *looks, size_t count)
{
    struct link_cut cuts[AT_ONCE];
    struct link_topic_look *owners[AT_ONCE];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (looks[i].decision.step != LINK_STEP_CUT_OVER)
            continue;
        const struct link_topic_work *topic = looks[i].topic;
        owners[n] = &looks[i];
        cuts[n++] = (struct link_cut){
            .topic = topic->name,
            .order = &topic->order,
            .status = topic->copying ? &looks[i].status : NULL,
            .state = &looks[i].next,
            .pause_ms = topic->pause_at_ms ? kc_mono_ms() - topic->pause_at_ms : 0,
        };
    }
    if (n == 0)
        return;
    link_cut_over(&topics->work, cuts, n);
    for (size_t i = 0; i < n; i++)
        note_cut(topics, owners[i], &cuts[i]);
}

/* ---- all of it ---- */

/* Whether something is expected of the topic soon. */
static bool is_busy(const struct link_topic_work *topic)
{
    switch (topic->state.state) {
    case KC_LINK_PENDING:
    case KC_LINK_ALIGNING:
    case KC_LINK_PROMOTING:
        return true;
    default:
        return !topic->has_state;
    }
}

static void clear_looks(struct link_topic_look *looks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        link_copy_status_clear(&looks[i].status);
        json_decref(looks[i].next.partition_states);
    }
}

/* A hindrance is told, and then the cut is tried again. */
static void drop_hindrances(struct link_topic_look *looks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct link_topic_work *topic = looks[i].topic;
        if (!topic->hindrance || looks[i].decision.reason != topic->hindrance)
            continue;
        looks[i].decision.reason = looks[i].next.reason = NULL;
        free(topic->hindrance);
        topic->hindrance = NULL;
    }
}

static void step_some(struct link_topics *topics, struct link_topic_look *looks, size_t count)
{
    if (write_states(topics, looks, count)) {
        drop_hindrances(looks, count);
        for (size_t i = 0; i < count; i++)
            take_step(topics, &looks[i]);
        cut_over(topics, looks, count);
        forget_gone(topics, looks, count);
    }
    clear_looks(looks, count);
}

struct link_topics *link_topics_new(const struct link_work *work)
{
    struct link_topics *topics = kc_calloc(1, sizeof(*topics));
    topics->work = *work;
    topics->gateways = link_gateways_new();
    return topics;
}

void link_topics_destroy(struct link_topics *topics)
{
    struct link_topic_work *topic, *next;
    if (!topics)
        return;
    HASH_ITER (hh, topics->topics, topic, next)
        link_topics_forget(topics, topic);
    link_gateways_destroy(topics->gateways);
    free(topics);
}

static bool is_urgent(const struct link_topic_look *look)
{
    return look->decision.state == KC_LINK_PROMOTING &&
           kc_now_ms() - look->next.since_ms < HURRY_MS;
}

/* A state that wasn't acknowledged may have been written all the same: a topic that is promoted by
 * it isn't to be copied any more. False: that isn't known yet. */
static bool make_sure(struct link_topics *topics, struct link_topic_work *topic)
{
    struct kc_error *err = link_store_read_to_end(topics->work.store, SURE_MS);
    topic->unsure = err != NULL;
    if (err) {
        kc_warn("%s. It is tried again.", kc_error_text(err));
        kc_error_destroy(err);
        topic->due_ms = kc_mono_ms() + RETRY_MS;
        return false;
    }
    kc_link_topic_clear(&topic->state);
    link_topics_load_state(topics, topic);
    return true;
}

bool link_topics_promotes(const struct link_topics *topics)
{
    return topics->promotes;
}

void link_topics_step(struct link_topics *topics)
{
    struct link_topic_look *looks = kc_calloc(AT_ONCE, sizeof(*looks));
    struct link_topic_work *topic, *next;
    size_t count = 0;
    topics->promotes = false;
    if (!link_store_is_kept(topics->work.store)) {
        free(looks);
        return;
    }
    link_topics_follow(topics);
    link_gateways_read(topics->gateways, topics->work.store, kc_mono_ms());
    HASH_ITER (hh, topics->topics, topic, next) {
        int64_t now = kc_mono_ms();
        if (now < topic->due_ms || (topic->unsure && !make_sure(topics, topic)))
            continue;
        topic->due_ms = is_busy(topic) ? 0 : now + CALM_MS;
        look_at(topics, topic, &looks[count]);
        topics->promotes = topics->promotes || is_urgent(&looks[count]);
        count++;
        if (count == AT_ONCE || !next) {
            step_some(topics, looks, count);
            count = 0;
        }
    }
    if (count > 0)
        step_some(topics, looks, count);
    free(looks);
}
