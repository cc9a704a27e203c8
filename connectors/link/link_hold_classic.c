/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hold of a classic group: a static member with the longest session that the broker takes. As
 * leader it gives all partitions to itself and none to the others, who idle as healthy members.
 *
 * A successor under the same instance id takes the membership over and leads on (KIP-345, KIP-814).
 * Brokers before Kafka 3.2 don't tell it so; joining once more does. On the pool's threads.
 */
#include "link/link_hold_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkGroups");

enum {
    REST_MS = 250,
    BUSY_MS = 20,
    REFUSED_MS = 1000,
    SETTLE_MS = 5000,
    INVALID_SESSION_TIMEOUT = 26, /* Kafka's code */
};

/* Brokers take none longer than group.max.session.timeout.ms, half an hour by default. */
static const int sessions[] = {1800000, 900000, 300000, 60000, 30000, 10000, 5000};
#define SESSIONS (sizeof(sessions) / sizeof(*sessions))

static const char *const standard_assignors[] = {"range", "roundrobin", "cooperative-sticky",
                                                 "sticky"};
#define STANDARD_ASSIGNORS (sizeof(standard_assignors) / sizeof(*standard_assignors))

struct link_classic {
    struct link_hold *hold;
    struct kc_group_member *member; /* NULL: before the first poll */
    struct link_held_topics topics;
    struct kc_str all; /* the assignment of all partitions */
    size_t session;    /* of sessions */
    bool gathering;    /* a rebalance is begun, and not finished */
    bool asked_again;  /* joined once more, because it didn't seem to lead */
    bool lost;
    bool left; /* as far as the link knows: it doesn't join again meanwhile */
};

/* ---- what is offered and given ---- */

static void encode_all(struct link_classic *classic)
{
    const struct link_held_topics *topics = &classic->topics;
    size_t count = 0, total = 0;
    for (size_t i = 0; i < topics->names.count; i++)
        total += (size_t)topics->partitions[i];
    struct kc_group_offset *partitions = kc_calloc(total + 1, sizeof(*partitions));
    for (size_t i = 0; i < topics->names.count; i++)
        for (int32_t j = 0; j < topics->partitions[i]; j++)
            partitions[count++] = (struct kc_group_offset){topics->names.items[i], j, 0, NULL};
    kc_str_clear(&classic->all);
    kc_group_assignment_encode(&classic->all, partitions, total);
    free(partitions);
}

/* The source group's assignor first, then the standard ones. Returns how many. */
static size_t list_protocols(const struct link_classic *classic, const struct kc_str *subscription,
                             struct kc_group_protocol *protocols)
{
    const char *own = classic->hold->assignor;
    size_t count = 0;
    if (own && *own)
        protocols[count++] = (struct kc_group_protocol){own, subscription->data, subscription->len};
    for (size_t i = 0; i < STANDARD_ASSIGNORS; i++)
        if (!own || strcmp(own, standard_assignors[i]) != 0)
            protocols[count++] = (struct kc_group_protocol){standard_assignors[i],
                                                            subscription->data, subscription->len};
    return count;
}

static struct kc_error *assign(void *opaque, struct kc_group_round *round)
{
    struct link_classic *classic = opaque;
    struct kc_str nothing = {0};
    kc_group_assignment_encode(&nothing, NULL, 0);
    for (size_t i = 0; i < kc_group_round_count(round); i++) {
        const struct kc_str *given = kc_group_round_is_self(round, i) ? &classic->all : &nothing;
        kc_group_round_give(round, i, given->data, given->len);
    }
    kc_str_destroy(&nothing);
    return NULL;
}

static bool has_all(const struct link_classic *classic, const struct kc_group_assigned *assigned)
{
    return classic->topics.names.count && assigned->assignment_len == classic->all.len &&
           memcmp(assigned->assignment, classic->all.data, classic->all.len) == 0;
}

static void on_assigned(void *opaque, const struct kc_group_assigned *assigned)
{
    struct link_classic *classic = opaque;
    if (assigned->leads || has_all(classic, assigned)) {
        if (link_hold_state(classic->hold) != LINK_HOLD_HELD)
            kc_info("Group %s is held, in generation %d", classic->hold->group,
                    assigned->generation);
        classic->asked_again = false;
        link_hold_set_round(classic->hold, assigned->generation);
        link_hold_set(classic->hold, LINK_HOLD_HELD, NULL);
    } else if (!classic->asked_again) {
        classic->asked_again = true;
        kc_group_member_rejoin(classic->member, NULL, 0, "the link may lead the group");
    } else {
        classic->lost = true;
    }
}

/* ---- the member ---- */

static struct kc_error *make_member(struct link_classic *classic)
{
    struct kc_group_protocol protocols[STANDARD_ASSIGNORS + 1];
    struct kc_str subscription = {0};
    kc_group_subscription_encode(&subscription, &classic->topics.names);
    const struct kc_group_member_settings settings = {
        KC_GROUP_SIZE(settings),
        .group = classic->hold->group,
        .instance_id = classic->hold->instance_id,
        .protocols = protocols,
        .protocol_count = list_protocols(classic, &subscription, protocols),
        .session_timeout_ms = sessions[classic->session],
    };
    const struct kc_group_member_ops ops = {
        .size = sizeof(ops), .assign = assign, .assigned = on_assigned};
    struct kc_error *err = kc_group_member_new(link_hold_client(classic->hold), &settings, &ops,
                                               classic, &classic->member);
    kc_str_destroy(&subscription);
    return err;
}

static void take_topics(struct link_classic *classic, const struct link_held_topics *topics)
{
    struct kc_group_protocol protocols[STANDARD_ASSIGNORS + 1];
    struct kc_str subscription = {0};
    link_held_topics_copy(&classic->topics, topics);
    encode_all(classic);
    if (!classic->member)
        return;
    kc_group_subscription_encode(&subscription, &topics->names);
    size_t count = list_protocols(classic, &subscription, protocols);
    kc_group_member_rejoin(classic->member, protocols, count, "the link's topics have changed");
    kc_str_destroy(&subscription);
}

/* Others lead the group: whatever they gave the link, nobody would read. */
static void give_up(struct link_classic *classic)
{
    kc_group_member_leave(classic->member, "another member leads the group");
    kc_group_member_destroy(classic->member);
    classic->member = NULL;
    kc_warn("The hold on group %s is lost: another member leads it", classic->hold->group);
    link_hold_set(classic->hold, LINK_HOLD_LOST,
                  kc_strdup("Another member leads the group on the target, so that its members "
                            "read there. Stop them, and the link holds the group again; or promote "
                            "the group, and they go on"));
}

/* Takes err. Returns in how many ms to poll again. */
static int refused(struct link_classic *classic, struct kc_error *err)
{
    if (kc_error_code(err) == KC_ERR_WAKEUP) {
        kc_error_destroy(err);
        return BUSY_MS;
    }
    if (kc_error_kafka_code(err) == INVALID_SESSION_TIMEOUT && classic->session + 1 < SESSIONS) {
        kc_error_destroy(err);
        kc_group_member_destroy(classic->member);
        classic->member = NULL;
        classic->session++;
        return 0;
    }
    link_hold_set(classic->hold, LINK_HOLD_JOINING, kc_strdup(kc_error_text(err)));
    kc_error_destroy(err);
    return REFUSED_MS;
}

/* Begins a rebalance and leaves it there: the members join, and wait for the leader's part. */
static struct kc_error *gather(struct link_classic *classic)
{
    classic->gathering = true;
    kc_group_member_rejoin(classic->member, NULL, 0, "the group is about to be promoted");
    return kc_group_member_poll(classic->member, 0);
}

/* Finishes the rebalance: the group is held as before. */
static struct kc_error *settle(struct link_classic *classic)
{
    struct kc_error *err = NULL;
    int64_t until = kc_mono_ms() + SETTLE_MS;
    classic->gathering = false;
    do
        err = kc_group_member_poll(classic->member, BUSY_MS);
    while (!err && !kc_group_member_confirmed(classic->member, 0) && kc_mono_ms() < until);
    return err;
}

static int classic_serve(struct link_hold *hold, const struct link_held_topics *topics)
{
    if (!hold->own) {
        struct link_classic *made = kc_calloc(1, sizeof(*made));
        made->hold = hold;
        hold->own = made;
    }
    struct link_classic *classic = hold->own;
    if (topics)
        take_topics(classic, topics);
    if (classic->lost || classic->left)
        return REST_MS;
    struct kc_error *err = classic->member ? NULL : make_member(classic);
    bool wanted = link_hold_gathers(hold) && link_hold_state(hold) == LINK_HOLD_HELD;
    if (!err && wanted && classic->gathering)
        return REST_MS;
    classic->gathering = classic->gathering && wanted;
    if (!err)
        err = wanted ? gather(classic) : kc_group_member_poll(classic->member, 0);
    if (err)
        return refused(classic, err);
    if (classic->lost) {
        give_up(classic);
        return REST_MS;
    }
    return kc_group_member_confirmed(classic->member, 0) ? REST_MS : BUSY_MS;
}

static struct kc_error *classic_commit(struct link_hold *hold,
                                       const struct kc_group_offset *offsets, size_t count,
                                       struct kc_error **errors)
{
    struct link_classic *classic = hold->own;
    if (!classic->member || classic->left) {
        classic->left = false;
        return kc_error_retriable_new(KC_ERR_CONFLICT, "Group %s isn't held", hold->group);
    }
    struct kc_error *err = classic->gathering ? settle(classic) : NULL;
    if (err)
        return err;
    return kc_group_member_commit(classic->member, offsets, count, link_hold_commit_ms(hold),
                                  errors);
}

static struct kc_error *classic_leave(struct link_hold *hold)
{
    struct link_classic *classic = hold->own;
    if (classic->member && !classic->left)
        kc_group_member_leave(classic->member, "the link lets the group go");
    struct kc_error *err = link_hold_is_gone(hold);
    /* One that is a member still has to join again before it can leave. */
    classic->left = !err || kc_error_code(err) != KC_ERR_CONFLICT;
    return err;
}

static void classic_destroy(struct link_hold *hold)
{
    struct link_classic *classic = hold->own;
    kc_group_member_destroy(classic->member);
    link_held_topics_clear(&classic->topics);
    kc_str_destroy(&classic->all);
    free(classic);
}

const struct link_hold_ops link_classic_hold = {
    .serve = classic_serve,
    .commit = classic_commit,
    .leave = classic_leave,
    .destroy = classic_destroy,
};
