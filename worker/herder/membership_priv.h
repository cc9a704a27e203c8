/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Membership in the Connect cluster: WorkerGroupMember as a border.
 *
 * The distributed herder drives a membership from its tick thread and doesn't know how the members
 * agree. membership_group.c speaks Connect's group protocol; unit tests have a cluster of one.
 * Everything is called on the tick thread, and calls the listener there, unless said otherwise.
 */
#ifndef WORKER_HERDER_MEMBERSHIP_PRIV_H
#define WORKER_HERDER_MEMBERSHIP_PRIV_H

#include "config/worker_config.h"
#include "group/work.h"
#include "storage/cluster_state.h"

/* The functions of the herder that a membership calls; all on the tick thread. */
struct kc_membership_listener {
    /* A fresh picture of the config topic; the callee unrefs. */
    struct kc_cluster_state *(*snapshot)(void *opaque);
    /* Whether a connector with this config is of a class that Java has none of. */
    bool (*is_native)(void *opaque, const struct kc_map *config);
    /* A rebalance has ended. assignment (borrowed) is all work of this member; revoked is the work
     * that it has just lost. */
    void (*assigned)(void *opaque, const struct kc_assignment *assignment, int generation);
    /* Work has to be stopped before this returns. */
    void (*revoked)(void *opaque, const struct kc_work *work);
    /* The herder hasn't polled for longer than rebalance.timeout.ms. On another thread. */
    void (*poll_timeout)(void *opaque);
};

struct kc_membership {
    const struct kc_membership_ops *ops;
};

struct kc_membership_ops {
    /* Joins when this worker isn't a member; returns after a finished rebalance or at once.
     * KC_ERR_WAKEUP: woken; another error is fatal for the herder. */
    struct kc_error *(*ensure_active)(struct kc_membership *member);
    /* Keeps the membership alive until timeout_ms (INT64_MAX: for ever), a rebalance or a wake-up
     * (KC_ERR_WAKEUP). */
    struct kc_error *(*poll)(struct kc_membership *member, int64_t timeout_ms);
    void (*wakeup)(struct kc_membership *member); /* any thread */
    void (*request_rejoin)(struct kc_membership *member, const char *reason);
    void (*leave)(struct kc_membership *member, const char *reason);
    /* Gives up work that the herder couldn't start: it is revoked and not reported as owned. */
    void (*revoke)(struct kc_membership *member, const struct kc_work *work);
    int (*protocol_version)(const struct kc_membership *member); /* 0 eager, 1, 2 sessioned */
    const char *(*id)(const struct kc_membership *member);       /* "" before the first join */
    /* REST URL of the worker that has a connector (task KC_CONNECTOR_STATUS) or task; NULL when
     * unknown. Known to the leader only. Owned by the caller. */
    char *(*owner_url)(const struct kc_membership *member, const char *connector, int task);
    /* Whether the group is stable and has confirmed at since_ms (kc_mono_ms()) or later that this
     * worker is in it. If not, the group is asked; call again a little later. */
    bool (*confirmed)(struct kc_membership *member, int64_t since_ms);
    void (*destroy)(struct kc_membership *member); /* leaves */
};

/* A member of the group `group.id`. Contacts nobody yet. */
struct kc_error *kc_membership_group_new(const struct kc_worker_config *config,
                                         const char *worker_id, const char *rest_url,
                                         const struct kc_membership_listener *listener,
                                         void *opaque, struct kc_membership **member) KC_MUST_CHECK;

#endif
