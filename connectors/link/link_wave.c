/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of waves: see link_wave_priv.h. Steps run on the watch's thread, moves on the
 * connector's; a record is written under the lock of orders, so that neither overtakes the other.
 */
#include "link/link_wave_priv.h"

#include "connect/log.h"
#include "link/link_mirror_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Waves");

enum { WRITE_MS = 15000 };

/* ---- records ---- */

struct kc_error *link_wave_load(struct link_control *control, const char *name,
                                struct kc_link_wave *wave)
{
    json_t *json = link_store_get(control->store, KC_LINK_WAVE, name);
    struct kc_error *err = json ? kc_link_wave_parse(json, wave)
                                : kc_error_new(KC_ERR_NOT_FOUND, "Link %s has no wave %s",
                                               control->config->name, name);
    json_decref(json);
    return err;
}

struct kc_error *link_wave_save(struct link_control *control, const char *name,
                                const struct kc_link_wave *wave)
{
    struct link_change change = {KC_LINK_WAVE, name, kc_link_wave_json(wave)};
    struct kc_error *err = link_store_put(control->store, &change, 1, WRITE_MS);
    return err ? kc_error_prefix(err, "Wave %s can't be stored", name) : NULL;
}

/* The one place where a wave's state or reason changes. Holds the lock of orders. */
static struct kc_error *change(struct link_control *control, const char *name,
                               struct kc_link_wave *wave, enum kc_link_wave_state state,
                               const char *reason)
{
    bool moves = wave->state != state;
    if (!moves && strcmp(wave->reason ? wave->reason : "", reason) == 0)
        return NULL;
    if (moves) {
        wave->state = state;
        wave->since_ms = kc_now_ms();
        wave->epoch++;
    }
    free(wave->reason);
    wave->reason = kc_strdup(reason);
    struct kc_error *err = link_wave_save(control, name, wave);
    if (!err && moves)
        kc_info("Link %s: wave %s is %s (%d of %zu batches are over)%s%s", control->config->name,
                name, kc_link_wave_state_name(state), (int)wave->done, wave->batch_count,
                *reason ? ": " : "", reason);
    return err;
}

struct kc_error *link_wave_move(struct link_control *control, const char *name,
                                enum kc_link_wave_state state, const struct link_request *request)
{
    struct kc_link_wave wave = {0};
    pthread_mutex_lock(&control->ordering);
    struct kc_error *err = link_wave_load(control, name, &wave);
    if (!err && (wave.state == state || !kc_link_wave_may_move(wave.state, state)))
        err = kc_error_new(KC_ERR_CONFLICT, "Wave %s is %s, it can't be %s", name,
                           kc_link_wave_state_name(wave.state),
                           state == KC_LINK_WAVE_RUNNING ? "started" : "stopped");
    if (!err && !request->dry_run) {
        free(wave.by);
        wave.by = kc_strdup(request->by);
        wave.force = state == KC_LINK_WAVE_RUNNING ? wave.force || request->force : wave.force;
        err =
            change(control, name, &wave, state,
                   state == KC_LINK_WAVE_STOPPED ? "Stopped by people; start goes on with it" : "");
    }
    pthread_mutex_unlock(&control->ordering);
    kc_link_wave_clear(&wave);
    return err;
}

/* ---- a step ---- */

/* What a batch needs next. */
struct wave_step {
    struct link_control *control;
    const struct kc_link_wave *wave;
    struct link_request request;
    struct kc_strings groups; /* to promote */
    struct kc_strings topics;
    size_t open_groups; /* that aren't promoted yet */
    size_t open_topics;
    char *waits; /* the first thing that is waited for; NULL: none */
    char *stops; /* what doesn't pass by itself */
};

/* Keeps the first text. Takes it. */
static void say(char **place, char *text)
{
    if (*place)
        free(text);
    else
        *place = text;
}

static void look_at_group(struct wave_step *step, const char *name)
{
    struct link_mirror_group mirror = {0};
    struct kc_error *err =
        link_mirror_group_load(step->control->store, step->control->config->name, name, &mirror);
    enum kc_link_group_state state = mirror.state.state;
    step->open_groups += err || state != KC_LINK_GROUP_PROMOTED;
    if (err)
        say(&step->stops,
            kc_asprintf("%s. Register it, and start the wave again", kc_error_text(err)));
    else if (state == KC_LINK_GROUP_FAILED || state == KC_LINK_GROUP_RELEASED)
        say(&step->stops, kc_asprintf("Group %s is %s: %s", name, kc_link_group_state_name(state),
                                      mirror.state.reason));
    else if (link_mirror_group_effective(&mirror) == KC_LINK_GROUP_PROMOTING)
        say(&step->waits, kc_asprintf("Group %s is being promoted", name));
    else if (state == KC_LINK_STANDBY)
        kc_strings_add(&step->groups, name);
    else if (state != KC_LINK_GROUP_PROMOTED)
        say(&step->waits, kc_asprintf("Group %s is %s: %s", name, kc_link_group_state_name(state),
                                      mirror.state.reason));
    kc_error_destroy(err);
    link_mirror_group_clear(&mirror);
}

static void look_at_topic(struct wave_step *step, const char *name)
{
    struct link_mirror mirror = {0};
    struct kc_error *err =
        link_mirror_load(step->control->store, step->control->config->name, name, &mirror);
    enum kc_link_topic_state state = mirror.state.state;
    step->open_topics += err || !kc_link_topic_is_final(state);
    if (err)
        say(&step->stops,
            kc_asprintf("%s. Mirror it, and start the wave again", kc_error_text(err)));
    else if (state == KC_LINK_DIVERGED || state == KC_LINK_FAILED || state == KC_LINK_PAUSED)
        say(&step->stops, kc_asprintf("Topic %s is %s: %s", name, kc_link_topic_state_name(state),
                                      mirror.state.reason));
    else if (link_mirror_effective(&mirror) == KC_LINK_PROMOTING)
        say(&step->waits, kc_asprintf("Topic %s is being promoted", name));
    else if (state == KC_LINK_LINKING)
        kc_strings_add(&step->topics, name);
    else if (!kc_link_topic_is_final(state))
        say(&step->waits, kc_asprintf("Topic %s is %s: %s", name, kc_link_topic_state_name(state),
                                      mirror.state.reason));
    kc_error_destroy(err);
    link_mirror_clear(&mirror);
}

/* What people must do about a blocker stops the wave; the others pass. */
static bool passes(const char *code)
{
    static const char *const passing[] = {"SOURCE_NOT_QUIET",   "LAGGING",
                                          "PAUSE_TOO_LONG",     "HANGING_TRANSACTION",
                                          "SOURCE_UNREACHABLE", "TARGET_UNREACHABLE",
                                          "SOURCE_MEMBERS",     "MIRROR_BEHIND"};
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        if (strcmp(code, passing[i]) == 0)
            return true;
    return false;
}

static void take_outcomes(struct wave_step *step, const struct link_outcomes *outcomes)
{
    for (size_t i = 0; i < outcomes->count; i++) {
        const struct link_outcome *outcome = &outcomes->items[i];
        for (size_t k = 0; k < outcome->blocker_count; k++) {
            const struct link_blocker *blocker = &outcome->blockers[k];
            if (!blocker->warning)
                say(passes(blocker->code) ? &step->waits : &step->stops,
                    kc_strdup(blocker->message));
        }
        if (outcome->status == 202)
            say(&step->waits, kc_asprintf("%s is being promoted", outcome->name));
        else if (outcome->message)
            say(&step->waits, kc_strdup(outcome->message));
    }
}

/* All topics of a batch move or none: a dry run of all comes first. */
static struct kc_error *promote_topics(struct wave_step *step)
{
    struct link_outcomes outcomes = {0};
    struct link_request dry = step->request;
    dry.dry_run = true;
    struct kc_error *err =
        link_order_topics(step->control, &step->topics, KC_LINK_WISH_PROMOTE, &dry, &outcomes);
    bool all = !err;
    for (size_t i = 0; i < outcomes.count && all; i++)
        all = outcomes.items[i].status == 200;
    if (all) {
        link_outcomes_clear(&outcomes);
        err = link_order_topics(step->control, &step->topics, KC_LINK_WISH_PROMOTE, &step->request,
                                &outcomes);
    }
    if (!err)
        take_outcomes(step, &outcomes);
    link_outcomes_clear(&outcomes);
    return err;
}

static struct kc_error *promote_groups(struct wave_step *step)
{
    struct link_outcomes outcomes = {0};
    struct kc_error *err = link_order_groups(step->control, &step->groups, KC_LINK_GROUP_PROMOTE,
                                             &step->request, &outcomes);
    if (!err)
        take_outcomes(step, &outcomes);
    link_outcomes_clear(&outcomes);
    return err;
}

static struct kc_error *run_batch(struct wave_step *step, const struct kc_link_wave_batch *batch)
{
    for (size_t i = 0; i < batch->groups.count; i++)
        look_at_group(step, batch->groups.items[i]);
    for (size_t i = 0; i < batch->topics.count; i++)
        look_at_topic(step, batch->topics.items[i]);
    if (step->stops)
        return NULL;
    if (step->groups.count)
        return promote_groups(step);
    bool ready = step->open_groups == 0 && step->topics.count == step->open_topics;
    return ready && step->topics.count ? promote_topics(step) : NULL;
}

/* Writes what came of the step, unless people have changed the wave meanwhile. */
static struct kc_error *conclude(struct wave_step *step, const char *name)
{
    struct kc_link_wave now = {0};
    bool over = !step->stops && step->open_groups == 0 && step->open_topics == 0;
    pthread_mutex_lock(&step->control->ordering);
    struct kc_error *err = link_wave_load(step->control, name, &now);
    if (!err && now.epoch == step->wave->epoch && now.state == KC_LINK_WAVE_RUNNING) {
        enum kc_link_wave_state state = step->stops ? KC_LINK_WAVE_STOPPED : KC_LINK_WAVE_RUNNING;
        const char *reason = step->stops ? step->stops : step->waits ? step->waits : "";
        char *done = NULL;
        if (over) {
            now.done++;
            bool last = (size_t)now.done >= now.batch_count;
            state = last ? KC_LINK_WAVE_DONE : KC_LINK_WAVE_RUNNING;
            done = last ? kc_strdup("")
                        : kc_asprintf("%d of %zu batches are over", (int)now.done, now.batch_count);
        }
        err = change(step->control, name, &now, state, done ? done : reason);
        free(done);
    }
    pthread_mutex_unlock(&step->control->ordering);
    kc_link_wave_clear(&now);
    return err;
}

static struct kc_error *step_wave(struct link_control *control, const char *name)
{
    struct kc_link_wave wave = {0};
    struct kc_error *err = link_wave_load(control, name, &wave);
    if (err || wave.state != KC_LINK_WAVE_RUNNING) {
        kc_link_wave_clear(&wave);
        return err;
    }
    char *by = kc_asprintf("wave:%s", name);
    struct wave_step step = {
        .control = control,
        .wave = &wave,
        .request = {.by = by, .force = wave.force, .max_pause_ms = wave.max_pause_ms}};
    if ((size_t)wave.done < wave.batch_count)
        err = run_batch(&step, &wave.batches[wave.done]);
    if (!err)
        err = conclude(&step, name);
    kc_strings_destroy(&step.groups);
    kc_strings_destroy(&step.topics);
    free(step.waits);
    free(step.stops);
    free(by);
    kc_link_wave_clear(&wave);
    return err ? kc_error_prefix(err, "Wave %s", name) : NULL;
}

struct kc_error *link_waves_step(struct link_control *control)
{
    struct kc_strings names = {0};
    struct kc_error *err = NULL;
    link_store_names(control->store, KC_LINK_WAVE, &names);
    for (size_t i = 0; i < names.count; i++) {
        struct kc_error *failed = step_wave(control, names.items[i]);
        if (err)
            kc_error_destroy(failed);
        else
            err = failed;
    }
    kc_strings_destroy(&names);
    return err;
}
