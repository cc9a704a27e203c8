/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the group coordinator's client; for member*.c only. */
#ifndef WORKER_GROUP_MEMBER_STATE_PRIV_H
#define WORKER_GROUP_MEMBER_STATE_PRIV_H

#include "base/thread.h"
#include "group/assignor_priv.h"
#include "group/connect_member.h"
#include "group/connect_protocol.h"
#include "wire/messages_group.h"
#include "wire/wire_client.h"

enum kc_member_state {
    KC_MEMBER_UNJOINED,
    KC_MEMBER_PREPARING,  /* JoinGroup is under way */
    KC_MEMBER_COMPLETING, /* SyncGroup is under way */
    KC_MEMBER_STABLE,
};

struct kc_coordinator {
    struct kc_coordinator_settings settings; /* strings are owned */
    const struct kc_coordinator_listener *listener;
    void *opaque;
    struct kc_wire_client *client;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under lock: shared with the heartbeat thread and the wire's callbacks. */
    enum kc_member_state state;
    char *member_id; /* "" none */
    int generation;  /* -1 none */
    bool rejoin_needed;
    char *rejoin_reason;
    bool coordinator_unknown;
    char *unknown_reason; /* not yet logged, NULL: none; nothing is logged under the lock */
    bool woken;
    bool closed;
    struct kc_error *fatal;       /* of a heartbeat */
    struct kc_wire_reply *answer; /* to the join or sync that is under way */
    bool answered;
    bool heartbeat_sent;  /* not yet answered */
    bool heartbeat_asked; /* for one before its time */
    int64_t confirmed_ms; /* when the last one that was accepted had been sent */
    int64_t last_heartbeat_ms;
    int64_t last_answer_ms;
    int64_t last_poll_ms;

    /* The user's thread. */
    bool call_under_way; /* join or sync: by state */
    bool needs_prepare;
    bool rejoin_requested;
    bool has_assignment;
    struct kc_assignment assignment;
    int protocol;                  /* that the group speaks */
    int joined_protocol;           /* of the join that isn't synced yet */
    int last_completed_generation; /* -1: none */
    int64_t offset;                /* of the picture taken for the last join */
    struct kc_work configured;     /* the same picture's work */
    struct kc_assignor *assignor;
    struct kc_round leading; /* members and all their work, while this one leads */
    char *stable_id;         /* what kc_coordinator_member_id() lent */

    pthread_t heartbeat_thread;
    bool heartbeat_started;
};

/* A request to the group's coordinator; channel GROUP for what waits at the broker. */
struct kc_wire_request *kc_coordinator_request(const struct kc_coordinator *coordinator,
                                               enum kc_api api, enum kc_wire_channel channel);
/* Back to no membership; keep_id: only the generation is void. Lock held. */
void kc_coordinator_reset(struct kc_coordinator *coordinator, bool keep_id, const char *reason);
/* Lock held. */
void kc_coordinator_mark_unknown(struct kc_coordinator *coordinator, const char *why);
void kc_coordinator_need_rejoin(struct kc_coordinator *coordinator, const char *reason);
bool kc_coordinator_rejoin_pending(struct kc_coordinator *coordinator); /* takes the lock */
/* Sends LeaveGroup without waiting and forgets the membership. Lock held. */
void kc_coordinator_send_leave(struct kc_coordinator *coordinator, const char *reason);

/* ---- member_join.c ---- */

/* One step towards an assignment: sends what is due and waits for it. KC_ERR_WAKEUP leaves it under
 * way. *retry: back off, look for the coordinator, call again. */
struct kc_error *kc_coordinator_join(struct kc_coordinator *coordinator, bool *retry) KC_MUST_CHECK;
/* The leader's part: answers for all members of a finished join, by member id. Pure but for the
 * coordinator's own fields. */
struct kc_error *kc_coordinator_assign(struct kc_coordinator *coordinator,
                                       const struct kc_join_group_response *joined,
                                       struct kc_wire_request *sync) KC_MUST_CHECK;

/* ---- member_heartbeat.c ---- */

struct kc_error *kc_coordinator_start_heartbeat(struct kc_coordinator *coordinator) KC_MUST_CHECK;
void kc_coordinator_end_heartbeat(struct kc_coordinator *coordinator);
/* Asks the coordinator for a sign of life; false: there was none within the heartbeat interval. */
bool kc_coordinator_probe(struct kc_coordinator *coordinator);

#endif
