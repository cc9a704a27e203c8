/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine of a mirror group: see link_group_step_priv.h. One function for each state.
 *
 * A state is written before its action is begun, and an action that was interrupted may be begun
 * again: to join where one is a member, to commit what is committed and to leave where one has left
 * all change nothing.
 */
#include "link/link_group_step_priv.h"

#include "connect/mem.h"

#include <assert.h>

/* Members hear of a rebalance by their next heartbeat, which consumers send every 3 s. */
enum { GATHER_MS = 3500 };

static struct link_group_step wait_for(enum kc_link_group_state state, const char *reason)
{
    return (struct link_group_step){state, LINK_GROUP_WAIT, kc_strdup(reason)};
}

static struct link_group_step act(enum kc_link_group_state state, enum link_group_action action,
                                  const char *reason)
{
    return (struct link_group_step){state, action, kc_strdup(reason)};
}

static bool wants(const struct link_group_facts *facts, enum kc_link_group_wish wish)
{
    return facts->order->wish == wish;
}

static bool is_forced(const struct link_group_facts *facts)
{
    return wants(facts, KC_LINK_GROUP_PROMOTE) && facts->order->force;
}

/* ---- what the states have in common ---- */

/* Given up without a promotion: first the link leaves, then the state says so. A predecessor's
 * membership is taken over for that. */
static struct link_group_step release(const struct kc_link_group *group,
                                      const struct link_group_facts *facts)
{
    const char *leaving = "The link leaves the group";
    switch (facts->hold) {
    case LINK_HOLD_LEFT:
        return wait_for(KC_LINK_GROUP_RELEASED, "");
    case LINK_HOLD_NONE:
        if (!facts->target_known)
            return wait_for(group->state, leaving);
        if (facts->ours)
            return act(group->state, LINK_GROUP_JOIN, leaving);
        return wait_for(KC_LINK_GROUP_RELEASED, "");
    default:
        return act(group->state, LINK_GROUP_LEAVE, leaving);
    }
}

/* What keeps the group from being promoted, whoever wants it; NULL: nothing. The caller's. */
static char *common_blocker(const struct link_group_facts *facts)
{
    if (is_forced(facts))
        return NULL;
    if (!facts->source_known)
        return kc_strdup("Waits until the source tells whether the group has members there");
    if (facts->source_active)
        return kc_strdup("Waits until the last member has left the group on the source");
    if (!facts->final_offsets && facts->unsettled)
        return kc_strdup("Waits for the end of transactions in which the group's last offsets were "
                         "committed on the source");
    if (!facts->final_offsets)
        return kc_strdup("Reads the group's last offsets on the source");
    if (facts->behind)
        return kc_asprintf("Waits until the mirror of topic %s has reached the group's offsets",
                           facts->behind);
    return NULL;
}

/* The same for a group that stands by. *soon: it is the last one, and passes in a moment. */
static char *blocker(const struct link_group_facts *facts, bool *soon)
{
    bool ordered = wants(facts, KC_LINK_GROUP_PROMOTE);
    if (!ordered && !facts->order->automatic)
        return kc_strdup("Waits to be promoted by hand, because link.groups.promotion is manual");
    if (!ordered && facts->paused)
        return kc_strdup("Waits until the link's task groups, which is paused, is resumed");
    char *why = common_blocker(facts);
    if (why || ordered)
        return why;
    bool waiting = facts->target_known && facts->strangers;
    if (facts->source_idle_ms < facts->idle_ms) {
        *soon = waiting && facts->idle_ms - facts->source_idle_ms <= GATHER_MS;
        return kc_strdup("Waits until the group has had no member on the source for "
                         "link.group.idle.ms");
    }
    return waiting ? NULL : kc_strdup("Waits for a member on the target");
}

/* ---- one function for each state ---- */

/* A successor that finds STANDBY takes what is committed on the target for the link's own. Who
 * forces a promotion doesn't wait for that, as where a partition has no leader. */
static struct link_group_step held_first(const struct link_group_facts *facts)
{
    if (facts->begun || is_forced(facts))
        return wait_for(KC_LINK_STANDBY, "");
    return wait_for(KC_LINK_REGISTERED,
                    facts->refused ? facts->refused
                                   : "The source's offsets are committed in place of those that "
                                     "the group had on the target");
}

static struct link_group_step registered(const struct kc_link_group *group,
                                         const struct link_group_facts *facts)
{
    if (wants(facts, KC_LINK_GROUP_RELEASE))
        return release(group, facts);
    switch (facts->hold) {
    case LINK_HOLD_HELD:
        return held_first(facts);
    case LINK_HOLD_LOST:
        return act(KC_LINK_GROUP_FAILED, LINK_GROUP_LEAVE,
                   facts->hold_error ? facts->hold_error
                                     : "Other members were in the group on the target before the "
                                       "link. Stop them, release the group and register it anew");
    case LINK_HOLD_JOINING:
        return wait_for(KC_LINK_REGISTERED, facts->hold_error ? facts->hold_error
                                                              : "The link joins the group on the "
                                                                "target");
    default:
        break;
    }
    if (!facts->target_known)
        return wait_for(KC_LINK_REGISTERED, "The link looks at the group on both sides");
    if (facts->strangers && !facts->ours)
        return wait_for(KC_LINK_GROUP_FAILED,
                        "The group has members on the target, which the link can't hold back. Stop "
                        "them, release the group and register it anew");
    if (facts->obstacle && !facts->ours)
        return wait_for(KC_LINK_GROUP_FAILED, facts->obstacle);
    return act(KC_LINK_REGISTERED, LINK_GROUP_JOIN, "The link joins the group on the target");
}

static struct link_group_step standby(const struct kc_link_group *group,
                                      const struct link_group_facts *facts)
{
    if (wants(facts, KC_LINK_GROUP_RELEASE))
        return release(group, facts);
    switch (facts->hold) {
    case LINK_HOLD_LOST:
        return wait_for(KC_LINK_HOLD_LOST, facts->hold_error);
    case LINK_HOLD_JOINING:
        return wait_for(KC_LINK_STANDBY, facts->hold_error);
    case LINK_HOLD_HELD:
        break;
    default:
        return act(KC_LINK_STANDBY, LINK_GROUP_JOIN, NULL);
    }
    bool soon = false;
    char *why = blocker(facts, &soon);
    if (!why)
        return wait_for(KC_LINK_GROUP_PROMOTING,
                        "The final offsets are committed, then the link leaves the group");
    return (struct link_group_step){KC_LINK_STANDBY, soon ? LINK_GROUP_GATHER : LINK_GROUP_WAIT,
                                    why};
}

/* Nobody holds the group back any more, or a predecessor's members still do. */
static struct link_group_step promoting_without_hold(const struct link_group_facts *facts)
{
    if (!facts->target_known)
        return wait_for(KC_LINK_GROUP_PROMOTING, NULL);
    /* The predecessor left, which it did after the final commit. */
    if (facts->strangers && !facts->ours)
        return wait_for(KC_LINK_GROUP_PROMOTED, "");
    return act(KC_LINK_GROUP_PROMOTING, LINK_GROUP_JOIN, NULL);
}

static struct link_group_step promoting(const struct kc_link_group *group,
                                        const struct link_group_facts *facts)
{
    switch (facts->hold) {
    case LINK_HOLD_LEFT:
        return wait_for(KC_LINK_GROUP_PROMOTED, "");
    case LINK_HOLD_NONE:
        return promoting_without_hold(facts);
    case LINK_HOLD_JOINING:
        return wait_for(KC_LINK_GROUP_PROMOTING, facts->hold_error);
    case LINK_HOLD_LOST:
        return is_forced(facts) ? act(KC_LINK_GROUP_PROMOTING, LINK_GROUP_FINISH, NULL)
                                : wait_for(KC_LINK_HOLD_LOST, facts->hold_error);
    default:
        break;
    }
    if (facts->source_known && facts->source_active && !is_forced(facts))
        return wait_for(KC_LINK_STANDBY, "Members came back to the group on the source");
    char *why = common_blocker(facts);
    if (why)
        return (struct link_group_step){KC_LINK_GROUP_PROMOTING, LINK_GROUP_WAIT, why};
    return act(KC_LINK_GROUP_PROMOTING, LINK_GROUP_FINISH, facts->refused);
}

static struct link_group_step hold_lost(const struct kc_link_group *group,
                                        const struct link_group_facts *facts)
{
    if (wants(facts, KC_LINK_GROUP_RELEASE))
        return release(group, facts);
    if (facts->hold == LINK_HOLD_HELD)
        return wait_for(KC_LINK_STANDBY, "");
    if (facts->hold == LINK_HOLD_JOINING)
        return wait_for(KC_LINK_HOLD_LOST, facts->hold_error);
    if (wants(facts, KC_LINK_GROUP_PROMOTE) &&
        (is_forced(facts) || (facts->target_known && facts->strangers)))
        return wait_for(KC_LINK_GROUP_PROMOTING, "The link lets the group go");
    if (facts->hold == LINK_HOLD_LOST)
        return wait_for(KC_LINK_HOLD_LOST, facts->hold_error);
    if (facts->target_known && facts->strangers == 0)
        return act(KC_LINK_HOLD_LOST, LINK_GROUP_JOIN, NULL);
    return wait_for(KC_LINK_HOLD_LOST,
                    "Members read the group's topics on the target, from the offsets that were "
                    "brought over last. Stop them, and the link holds the group again; or promote "
                    "the group, and they go on");
}

static struct link_group_step promoted(const struct kc_link_group *group,
                                       const struct link_group_facts *facts)
{
    return wait_for(KC_LINK_GROUP_PROMOTED, "");
}

/* FAILED and RELEASED: until the next order. */
static struct link_group_step ended(const struct kc_link_group *group,
                                    const struct link_group_facts *facts)
{
    if (facts->hold != LINK_HOLD_NONE && facts->hold != LINK_HOLD_LEFT)
        return act(group->state, LINK_GROUP_LEAVE, NULL);
    if (facts->newer && wants(facts, KC_LINK_GROUP_RELEASE) &&
        group->state != KC_LINK_GROUP_RELEASED)
        return wait_for(KC_LINK_GROUP_RELEASED, "");
    if (facts->newer && !wants(facts, KC_LINK_GROUP_RELEASE))
        return wait_for(KC_LINK_REGISTERED, "The link looks at the group on both sides");
    return wait_for(group->state, NULL);
}

typedef struct link_group_step (*step_of)(const struct kc_link_group *group,
                                          const struct link_group_facts *facts);
static const step_of steps[KC_LINK_GROUP_STATES] = {
    [KC_LINK_REGISTERED] = registered,     [KC_LINK_STANDBY] = standby,
    [KC_LINK_GROUP_PROMOTING] = promoting, [KC_LINK_GROUP_PROMOTED] = promoted,
    [KC_LINK_HOLD_LOST] = hold_lost,       [KC_LINK_GROUP_FAILED] = ended,
    [KC_LINK_GROUP_RELEASED] = ended,
};

struct link_group_step link_group_step(const struct kc_link_group *group,
                                       const struct link_group_facts *facts)
{
    struct link_group_step step = steps[group->state](group, facts);
    assert(step.state == group->state || kc_link_group_may_move(group->state, step.state));
    return step;
}

bool link_group_others_committed(enum kc_link_group_state before, enum kc_link_group_state now)
{
    return now == KC_LINK_REGISTERED || now == KC_LINK_HOLD_LOST || before == KC_LINK_HOLD_LOST;
}
