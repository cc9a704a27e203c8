/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Membership in a Connect group: WorkerCoordinator, on top of a member (AbstractCoordinator).
 *
 * One thread, the user's, calls everything that isn't marked "any thread", and gets the listener's
 * calls there. A heartbeat thread keeps the membership alive between the user's polls and gives it
 * up when the user stops polling.
 */
#ifndef WORKER_GROUP_CONNECT_MEMBER_H
#define WORKER_GROUP_CONNECT_MEMBER_H

#include "connect/map.h"
#include "group/work.h"

struct kc_connect_member;

struct kc_connect_member_listener {
    /* A fresh picture: all configured work, sorted, of that what only Isthmus workers can run (both
     * into zeroed sets), and the config offset. */
    void (*configured)(void *opaque, struct kc_work *work, struct kc_work *native, int64_t *offset);
    /* assignment: the member's whole work; borrowed. */
    void (*assigned)(void *opaque, const struct kc_assignment *assignment, int generation);
    void (*revoked)(void *opaque, const struct kc_work *work);
    void (*poll_timeout)(void *opaque); /* on the heartbeat thread */
};

struct kc_connect_member_settings {
    const struct kc_map *client; /* Java client properties, client.id among them */
    const char *group_id;
    const char *rest_url;
    int protocol; /* the highest that is offered: KC_PROTOCOL_* */
    int session_timeout_ms;
    int rebalance_timeout_ms;
    int heartbeat_interval_ms;
    int request_timeout_ms;
    int retry_backoff_ms;
    int max_delay_ms; /* scheduled.rebalance.max.delay.ms */
};

/* Copies settings; contacts nobody yet. KC_ERR_CONFIG. */
struct kc_error *kc_connect_member_new(const struct kc_connect_member_settings *settings,
                                       const struct kc_connect_member_listener *listener,
                                       void *opaque,
                                       struct kc_connect_member **member) KC_MUST_CHECK;
/* Doesn't leave the group. NULL is fine. */
void kc_connect_member_destroy(struct kc_connect_member *member);

/* Finds the coordinator, joins when that is needed, then waits for timeout_ms (INT64_MAX: for
 * ever). KC_ERR_WAKEUP: woken; a join under way goes on at the next call. Other errors are fatal.
 */
struct kc_error *kc_connect_member_poll(struct kc_connect_member *member,
                                        int64_t timeout_ms) KC_MUST_CHECK;
void kc_connect_member_wakeup(struct kc_connect_member *member); /* any thread */
void kc_connect_member_rejoin(struct kc_connect_member *member, const char *reason);
void kc_connect_member_leave(struct kc_connect_member *member, const char *reason);
/* Calls revoked() and reports the work as owned no longer. */
void kc_connect_member_revoke(struct kc_connect_member *member, const struct kc_work *work);

/* As kc_member_confirmed(): the group is at rest and has accepted a heartbeat sent since then. Any
 * thread. */
bool kc_connect_member_confirmed(struct kc_connect_member *member, int64_t since_ms);

/* "" unless the membership is stable; borrowed until the next call. */
const char *kc_connect_member_id(const struct kc_connect_member *member);
int kc_connect_member_protocol(const struct kc_connect_member *member); /* of the last join */
/* REST URL of the owner; task -1: of the connector. NULL unless this member leads and the group is
 * at rest. Owned by the caller. */
char *kc_connect_member_owner_url(const struct kc_connect_member *member, const char *connector,
                                  int task);

#endif
