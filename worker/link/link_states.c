/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States of mirror topics, mirror groups and waves: their names, and the tables of the moves that
 * are allowed. Whoever changes a state asks here first. Pure functions, any thread.
 */
#include "link/link_fields_priv.h"

#define NAMES(list)                                                                                \
    {                                                                                              \
        (list), sizeof(list) / sizeof((list)[0])                                                   \
    }

static const char *const topic_states[KC_LINK_TOPIC_STATES] = {
    "PENDING",     "ALIGNING",           "LINKING",  "PAUSED", "PROMOTING", "PROMOTED",
    "FAILED_OVER", "SOURCE_UNAVAILABLE", "DIVERGED", "FAILED",
};
static const char *const wishes[KC_LINK_WISHES] = {
    "link", "pause", "promote", "failover", "repair",
};
static const char *const group_states[KC_LINK_GROUP_STATES] = {
    "REGISTERED", "STANDBY", "PROMOTING", "PROMOTED", "HOLD_LOST", "FAILED", "RELEASED",
};
static const char *const group_wishes[] = {"hold", "promote", "release"};
static const char *const wave_states[KC_LINK_WAVE_STATES] = {
    "PLANNED",
    "RUNNING",
    "STOPPED",
    "DONE",
};

const struct kc_link_names kc_link_topic_state_names = NAMES(topic_states);
const struct kc_link_names kc_link_wish_names = NAMES(wishes);
const struct kc_link_names kc_link_group_state_names = NAMES(group_states);
const struct kc_link_names kc_link_group_wish_names = NAMES(group_wishes);
const struct kc_link_names kc_link_wave_state_names = NAMES(wave_states);

#define TO(state) (1u << KC_LINK_##state)

/*
 * A trouble (SOURCE_UNAVAILABLE, DIVERGED, FAILED) may come at any time before the end. Out of
 * DIVERGED and FAILED leads a repair, which begins anew with PENDING. A promotion that is given up
 * goes back to LINKING; it begins at LINKING alone. A topic whose fillers aren't cut yet can't be
 * failed over, because consumers would see them.
 */
static const unsigned topic_moves[KC_LINK_TOPIC_STATES] = {
    [KC_LINK_PENDING] = TO(ALIGNING) | TO(LINKING) | TO(PAUSED) | TO(FAILED_OVER) |
                        TO(SOURCE_UNAVAILABLE) | TO(DIVERGED) | TO(FAILED),
    [KC_LINK_ALIGNING] =
        TO(LINKING) | TO(PAUSED) | TO(SOURCE_UNAVAILABLE) | TO(DIVERGED) | TO(FAILED),
    [KC_LINK_LINKING] = TO(ALIGNING) | TO(PAUSED) | TO(PROMOTING) | TO(FAILED_OVER) |
                        TO(SOURCE_UNAVAILABLE) | TO(DIVERGED) | TO(FAILED),
    [KC_LINK_PAUSED] = TO(PENDING) | TO(ALIGNING) | TO(LINKING) | TO(FAILED_OVER) |
                       TO(SOURCE_UNAVAILABLE) | TO(DIVERGED) | TO(FAILED),
    [KC_LINK_PROMOTING] = TO(LINKING) | TO(PROMOTED) | TO(FAILED_OVER) | TO(SOURCE_UNAVAILABLE) |
                          TO(DIVERGED) | TO(FAILED),
    [KC_LINK_SOURCE_UNAVAILABLE] = TO(PENDING) | TO(ALIGNING) | TO(LINKING) | TO(PAUSED) |
                                   TO(FAILED_OVER) | TO(DIVERGED) | TO(FAILED),
    [KC_LINK_DIVERGED] = TO(PENDING) | TO(FAILED_OVER),
    [KC_LINK_FAILED] = TO(PENDING) | TO(FAILED_OVER),
};

/*
 * A hold that was lost may be taken again, or the promotion goes on without it. A group is held
 * before it is promoted. One that failed or was released begins anew with REGISTERED.
 */
static const unsigned group_moves[KC_LINK_GROUP_STATES] = {
    [KC_LINK_REGISTERED] = TO(STANDBY) | TO(GROUP_FAILED) | TO(GROUP_RELEASED),
    [KC_LINK_STANDBY] = TO(GROUP_PROMOTING) | TO(HOLD_LOST) | TO(GROUP_FAILED) | TO(GROUP_RELEASED),
    [KC_LINK_GROUP_PROMOTING] = TO(STANDBY) | TO(GROUP_PROMOTED) | TO(HOLD_LOST) | TO(GROUP_FAILED),
    [KC_LINK_HOLD_LOST] =
        TO(REGISTERED) | TO(STANDBY) | TO(GROUP_PROMOTING) | TO(GROUP_FAILED) | TO(GROUP_RELEASED),
    [KC_LINK_GROUP_FAILED] = TO(REGISTERED) | TO(GROUP_RELEASED),
    [KC_LINK_GROUP_RELEASED] = TO(REGISTERED),
};

static const unsigned wave_moves[KC_LINK_WAVE_STATES] = {
    [KC_LINK_WAVE_PLANNED] = TO(WAVE_RUNNING) | TO(WAVE_STOPPED),
    [KC_LINK_WAVE_RUNNING] = TO(WAVE_STOPPED) | TO(WAVE_DONE),
    [KC_LINK_WAVE_STOPPED] = TO(WAVE_RUNNING),
};

const char *kc_link_topic_state_name(enum kc_link_topic_state state)
{
    return kc_link_names_get(&kc_link_topic_state_names, state);
}

bool kc_link_topic_state_parse(const char *name, enum kc_link_topic_state *state)
{
    return kc_link_names_find(&kc_link_topic_state_names, name, state);
}

bool kc_link_topic_may_move(enum kc_link_topic_state from, enum kc_link_topic_state to)
{
    return from < KC_LINK_TOPIC_STATES && to < KC_LINK_TOPIC_STATES && topic_moves[from] >> to & 1;
}

bool kc_link_state_follows(int64_t epoch, int64_t lease_epoch, int64_t next_epoch,
                           int64_t next_lease_epoch)
{
    return next_epoch > epoch || (next_epoch == epoch && next_lease_epoch == lease_epoch);
}

bool kc_link_topic_is_final(enum kc_link_topic_state state)
{
    return state == KC_LINK_PROMOTED || state == KC_LINK_FAILED_OVER;
}

const char *kc_link_wish_name(enum kc_link_wish wish)
{
    return kc_link_names_get(&kc_link_wish_names, wish);
}

bool kc_link_wish_parse(const char *name, enum kc_link_wish *wish)
{
    return kc_link_names_find(&kc_link_wish_names, name, wish);
}

const char *kc_link_group_state_name(enum kc_link_group_state state)
{
    return kc_link_names_get(&kc_link_group_state_names, state);
}

bool kc_link_group_state_parse(const char *name, enum kc_link_group_state *state)
{
    return kc_link_names_find(&kc_link_group_state_names, name, state);
}

bool kc_link_group_may_move(enum kc_link_group_state from, enum kc_link_group_state to)
{
    return from < KC_LINK_GROUP_STATES && to < KC_LINK_GROUP_STATES && group_moves[from] >> to & 1;
}

const char *kc_link_group_wish_name(enum kc_link_group_wish wish)
{
    return kc_link_names_get(&kc_link_group_wish_names, wish);
}

bool kc_link_group_wish_parse(const char *name, enum kc_link_group_wish *wish)
{
    return kc_link_names_find(&kc_link_group_wish_names, name, wish);
}

const char *kc_link_wave_state_name(enum kc_link_wave_state state)
{
    return kc_link_names_get(&kc_link_wave_state_names, state);
}

bool kc_link_wave_state_parse(const char *name, enum kc_link_wave_state *state)
{
    return kc_link_names_find(&kc_link_wave_state_names, name, state);
}

bool kc_link_wave_may_move(enum kc_link_wave_state from, enum kc_link_wave_state to)
{
    return from < KC_LINK_WAVE_STATES && to < KC_LINK_WAVE_STATES && wave_moves[from] >> to & 1;
}
