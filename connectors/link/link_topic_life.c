/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be done about a mirror topic, see link_topic_life_priv.h. Pure. */
#include "link/link_topic_life_priv.h"

#include <string.h>

#define GIVEN_UP                                                                                   \
    "PROMOTION_GIVEN_UP: it would have taken longer than the longest pause that was asked for. "   \
    "Promote again, with a longer one or none"
#define NOT_CUT                                                                                    \
    "NOT_ALIGNED: the topic can't be failed over before it is aligned, because its beginning has " \
    "records that nobody wrote. Wait, or delete the topic on the target"

static enum kc_link_topic_state state_of(const struct link_topic_view *view)
{
    return view->state ? view->state->state : KC_LINK_PENDING;
}

/* An order that the state doesn't follow yet. */
static bool is_new(const struct link_topic_view *view)
{
    return !view->state || view->state->order_epoch < view->order->epoch;
}

static struct link_decision stay(const struct link_topic_view *view, enum link_step step)
{
    return (struct link_decision){
        .step = step,
        .state = state_of(view),
        .reason = view->state && view->state->reason ? view->state->reason : "",
        .order_epoch = view->order->epoch,
    };
}

/* Goes to the state if that is allowed, and stays with the reason otherwise. */
static struct link_decision go(const struct link_topic_view *view, enum kc_link_topic_state to,
                               const char *reason, enum link_step step)
{
    struct link_decision decision = stay(view, step);
    decision.reason = reason ? reason : "";
    if (to != decision.state && kc_link_topic_may_move(decision.state, to))
        decision.state = to;
    return decision;
}

/* ---- what the copying says ---- */

static struct link_decision follow_copy(const struct link_topic_view *view)
{
    const struct link_copy_status *status = view->status;
    switch (status->state) {
    case LINK_COPY_ALIGNING:
        return go(view, KC_LINK_ALIGNING, status->reason, LINK_STEP_NONE);
    case LINK_COPY_COPYING:
    case LINK_COPY_FINISHED:
        return go(view, KC_LINK_LINKING, status->reason, LINK_STEP_NONE);
    case LINK_COPY_AWAY:
        return go(view, KC_LINK_SOURCE_UNAVAILABLE, status->reason, LINK_STEP_NONE);
    case LINK_COPY_DIVERGED:
        return go(view, KC_LINK_DIVERGED, status->reason, LINK_STEP_END);
    case LINK_COPY_FAILED:
        return go(view, KC_LINK_FAILED, status->reason, LINK_STEP_END);
    case LINK_COPY_LOOKING: /* why it has to look again, as when the target refuses records */
        return status->reason && *status->reason
                   ? go(view, state_of(view), status->reason, LINK_STEP_NONE)
                   : stay(view, LINK_STEP_NONE);
    case LINK_COPY_PAUSED:
        break;
    }
    return stay(view, LINK_STEP_NONE);
}

/* ---- wishes ---- */

static struct link_decision wish_link(const struct link_topic_view *view)
{
    enum kc_link_topic_state state = state_of(view);
    if (state == KC_LINK_DIVERGED || state == KC_LINK_FAILED)
        return stay(view, view->status ? LINK_STEP_END : LINK_STEP_NONE);
    if (state == KC_LINK_PAUSED)
        return go(view, KC_LINK_PENDING, "", view->status ? LINK_STEP_RESUME : LINK_STEP_ADD);
    if (state == KC_LINK_PROMOTING)
        return go(view, KC_LINK_LINKING, "", view->finishing ? LINK_STEP_RESTART : LINK_STEP_NONE);
    if (!view->status)
        return stay(view, LINK_STEP_ADD);
    if (view->paused)
        return stay(view, LINK_STEP_RESUME);
    return follow_copy(view);
}

static struct link_decision wish_pause(const struct link_topic_view *view)
{
    enum kc_link_topic_state state = state_of(view);
    enum link_step pause = view->status && !view->paused ? LINK_STEP_PAUSE : LINK_STEP_NONE;
    if (state == KC_LINK_PAUSED)
        return stay(view, pause);
    if (state == KC_LINK_PROMOTING || state == KC_LINK_DIVERGED || state == KC_LINK_FAILED)
        return wish_link(view); /* a promotion is given up first */
    return go(view, KC_LINK_PAUSED, "", pause);
}

/* The order counts as followed once the state is PENDING: the next look does what a link wishes. */
static struct link_decision wish_repair(const struct link_topic_view *view)
{
    enum kc_link_topic_state state = state_of(view);
    bool broken = state == KC_LINK_DIVERGED || state == KC_LINK_FAILED;
    if (is_new(view) && broken)
        return go(view, KC_LINK_PENDING, "", view->status ? LINK_STEP_RESTART : LINK_STEP_ADD);
    return wish_link(view);
}

/* What a promotion waits for before anything is done, and still before the cut: producers may have
 * come back to the source meanwhile. NULL: nothing. */
static const char *awaited(const struct link_topic_view *view)
{
    if (view->waited)
        return LINK_WAITS_FOR_GATEWAY;
    return view->order->force || view->quiet ? NULL : LINK_NOT_QUIET;
}

static bool is_too_long(const struct link_topic_view *view)
{
    return view->order->max_pause_ms > 0 && view->pause_ms > view->order->max_pause_ms;
}

static struct link_decision promoting(const struct link_topic_view *view)
{
    const struct link_copy_status *status = view->status;
    const char *wait = awaited(view);
    if (!status)
        return stay(view, LINK_STEP_ADD);
    if (status->state == LINK_COPY_DIVERGED || status->state == LINK_COPY_FAILED)
        return follow_copy(view);
    bool finished = view->finishing && status->state == LINK_COPY_FINISHED;
    if (finished && !view->hindrance && !wait)
        return (struct link_decision){LINK_STEP_CUT_OVER, KC_LINK_PROMOTED, "", view->order->epoch};
    if (is_too_long(view))
        return go(view, KC_LINK_LINKING, GIVEN_UP,
                  view->finishing ? LINK_STEP_RESTART : LINK_STEP_NONE);
    if (finished)
        return go(view, KC_LINK_PROMOTING, view->hindrance ? view->hindrance : wait,
                  LINK_STEP_NONE);
    if (status->state == LINK_COPY_AWAY)
        return go(view, KC_LINK_PROMOTING, status->reason, LINK_STEP_NONE);
    if (view->finishing || status->state != LINK_COPY_COPYING)
        return go(view, KC_LINK_PROMOTING, status->reason, LINK_STEP_NONE);
    if (wait)
        return go(view, KC_LINK_PROMOTING, wait, LINK_STEP_NONE);
    return go(view, KC_LINK_PROMOTING, "", LINK_STEP_FINISH);
}

/* An order that found the topic in LINKING is followed, even if it was given up afterwards. */
static struct link_decision wish_promote(const struct link_topic_view *view)
{
    enum kc_link_topic_state state = state_of(view);
    if (state == KC_LINK_PROMOTING)
        return promoting(view);
    if (state == KC_LINK_LINKING && is_new(view) && view->status)
        return go(view, KC_LINK_PROMOTING, "", LINK_STEP_NONE);
    struct link_decision decision = wish_link(view);
    if (is_new(view) && state != KC_LINK_DIVERGED && state != KC_LINK_FAILED)
        decision.order_epoch = view->state ? view->state->order_epoch : 0;
    return decision;
}

static struct link_decision wish_failover(const struct link_topic_view *view)
{
    if (kc_link_topic_may_move(state_of(view), KC_LINK_FAILED_OVER))
        return (struct link_decision){LINK_STEP_CUT_OVER, KC_LINK_FAILED_OVER, "",
                                      view->order->epoch};
    struct link_decision decision = wish_link(view);
    if (decision.state == KC_LINK_ALIGNING)
        decision.reason = NOT_CUT;
    return decision;
}

static struct link_decision refuse(const struct link_topic_view *view)
{
    return go(view, KC_LINK_FAILED, view->order->refusal,
              view->status ? LINK_STEP_END : LINK_STEP_NONE);
}

struct link_decision link_topic_decide(const struct link_topic_view *view)
{
    static struct link_decision (*const wishes[KC_LINK_WISHES])(const struct link_topic_view *) = {
        [KC_LINK_WISH_LINK] = wish_link,       [KC_LINK_WISH_PAUSE] = wish_pause,
        [KC_LINK_WISH_PROMOTE] = wish_promote, [KC_LINK_WISH_FAILOVER] = wish_failover,
        [KC_LINK_WISH_REPAIR] = wish_repair,
    };
    if (!view->order)
        return (struct link_decision){.step = LINK_STEP_FORGET, .reason = ""};
    if (kc_link_topic_is_final(state_of(view)))
        return stay(view, view->status ? LINK_STEP_END : LINK_STEP_NONE);
    return view->order->refusal ? refuse(view) : wishes[view->order->wish](view);
}
