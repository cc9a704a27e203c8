/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster of one: the member leads itself and gets everything in each snapshot. Rebalances happen
 * as in a group — work that is gone is revoked first, then the whole assignment is announced — but
 * need nobody else. Tests may make another worker the leader. See membership.h.
 */
#ifndef TESTS_UNIT_HERDER_MEMBERSHIP_SINGLE_H
#define TESTS_UNIT_HERDER_MEMBERSHIP_SINGLE_H

#include "herder/membership_priv.h"

#include "connect/thread.h"

#include <stdlib.h>

/* Who leads from the next rebalance on; "single" is this member. */
static const char *single_leader = "single";
static const char *single_leader_url = "http://w:1/";
static atomic_bool single_left;
/* The next rebalance ends with this error (KC_ASSIGNMENT_CONFIG_MISMATCH), once. */
static int single_next_error;
/* What the group says of this member. */
static bool single_confirms = true;

struct single {
    struct kc_membership member;
    const struct kc_membership_listener *listener;
    void *opaque;
    char *rest_url;
    pthread_mutex_t lock; /* guards woken */
    pthread_cond_t changed;
    bool woken;
    bool needs_join;
    int generation;
    struct kc_work owned;
};

static struct single *of(struct kc_membership *member)
{
    return (struct single *)member;
}

static void add_snapshot(struct kc_work *work, const struct kc_cluster_state *state)
{
    const struct kc_strings *connectors = kc_cluster_state_connectors(state);
    for (size_t i = 0; i < connectors->count; i++) {
        const char *connector = connectors->items[i];
        kc_work_add_connector(work, connector);
        int count = kc_cluster_state_task_count(state, connector);
        for (int task = 0; task < count; task++)
            kc_work_add_task(work, connector, task);
    }
}

static void single_join(struct single *single)
{
    struct kc_cluster_state *state = single->listener->snapshot(single->opaque);
    struct kc_assignment assignment = {
        .version = 2,
        .leader = kc_strdup(single_leader),
        .leader_url = kc_strdup(single_leader_url),
        .offset = kc_cluster_state_offset(state),
        .error = (int16_t)single_next_error,
    };
    single_next_error = 0;
    add_snapshot(&assignment.work, state);
    kc_work_copy(&assignment.revoked, &single->owned);
    kc_work_remove_all(&assignment.revoked, &assignment.work);
    if (!kc_work_empty(&assignment.revoked))
        single->listener->revoked(single->opaque, &assignment.revoked);
    kc_work_copy(&single->owned, &assignment.work);
    single->needs_join = false;
    single->listener->assigned(single->opaque, &assignment, ++single->generation);
    kc_assignment_clear(&assignment);
    kc_cluster_state_unref(state);
}

static struct kc_error *ensure_active(struct kc_membership *member)
{
    if (of(member)->needs_join)
        single_join(of(member));
    return NULL;
}

static struct kc_error *single_poll(struct kc_membership *member, int64_t timeout_ms)
{
    struct single *single = of(member);
    if (single->needs_join) {
        single_join(single);
        return NULL;
    }
    int64_t deadline = timeout_ms == INT64_MAX ? INT64_MAX : kc_mono_ms() + timeout_ms;
    pthread_mutex_lock(&single->lock);
    while (!single->woken)
        if (!kc_cond_wait_until(&single->changed, &single->lock, deadline))
            break;
    bool woken = single->woken;
    single->woken = false;
    pthread_mutex_unlock(&single->lock);
    return woken ? kc_error_new(KC_ERR_WAKEUP, "Woken up") : NULL;
}

static void single_wakeup(struct kc_membership *member)
{
    struct single *single = of(member);
    pthread_mutex_lock(&single->lock);
    single->woken = true;
    pthread_cond_signal(&single->changed);
    pthread_mutex_unlock(&single->lock);
}

static void request_rejoin(struct kc_membership *member, const char *reason)
{
    of(member)->needs_join = true;
}

static void single_leave(struct kc_membership *member, const char *reason)
{
    of(member)->needs_join = true;
    atomic_store(&single_left, true);
}

static void single_revoke(struct kc_membership *member, const struct kc_work *work)
{
    struct single *single = of(member);
    single->listener->revoked(single->opaque, work);
    kc_work_remove_all(&single->owned, work);
    single->needs_join = true;
}

static int protocol_version(const struct kc_membership *member)
{
    return 2;
}

static const char *single_id(const struct kc_membership *member)
{
    return "single";
}

static char *owner_url(const struct kc_membership *member, const char *connector, int task)
{
    return kc_strdup(((const struct single *)member)->rest_url);
}

static bool confirmed(struct kc_membership *member, int64_t since_ms)
{
    return single_confirms;
}

static void single_destroy(struct kc_membership *member)
{
    struct single *single = of(member);
    pthread_mutex_destroy(&single->lock);
    pthread_cond_destroy(&single->changed);
    kc_work_clear(&single->owned);
    free(single->rest_url);
    free(single);
}

static const struct kc_membership_ops single_ops = {
    .ensure_active = ensure_active,
    .poll = single_poll,
    .wakeup = single_wakeup,
    .request_rejoin = request_rejoin,
    .leave = single_leave,
    .revoke = single_revoke,
    .protocol_version = protocol_version,
    .id = single_id,
    .owner_url = owner_url,
    .confirmed = confirmed,
    .destroy = single_destroy,
};

static struct kc_membership *membership_single_new(const char *rest_url,
                                                   const struct kc_membership_listener *listener,
                                                   void *opaque)
{
    struct single *single = kc_calloc(1, sizeof(*single));
    single->member.ops = &single_ops;
    single->listener = listener;
    single->opaque = opaque;
    single->rest_url = kc_strdup(rest_url);
    single->needs_join = true;
    pthread_mutex_init(&single->lock, NULL);
    kc_cond_init(&single->changed);
    return &single->member;
}

#endif
