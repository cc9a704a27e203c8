/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a group's member; for member*.c only. */
#ifndef WORKER_GROUP_MEMBER_STATE_PRIV_H
#define WORKER_GROUP_MEMBER_STATE_PRIV_H

#include "connect/thread.h"
#include "group/member_priv.h"

#include <stdatomic.h>

enum kc_member_state {
    KC_MEMBER_UNJOINED,
    KC_MEMBER_PREPARING,  /* JoinGroup is under way */
    KC_MEMBER_COMPLETING, /* SyncGroup is under way */
    KC_MEMBER_STABLE,
};

struct kc_member {
    atomic_int refs;                    /* the user's, and one for each request under way */
    struct kc_member_settings settings; /* strings are owned */
    const struct kc_member_protocol *protocol;
    void *opaque;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under lock: shared with the heartbeat thread and the wire's callbacks. */
    enum kc_member_state state; /* written by kc_member_move() alone */
    char *id;                   /* "" none */
    int generation;             /* -1 none */
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

    pthread_t heartbeat_thread; /* without settings.heartbeats */
    bool heartbeat_started;     /* either way */
    struct kc_member *prev_beating, *next_beating;
};

/* ---- member_state.c ---- */

struct kc_member *kc_member_ref(struct kc_member *member);
void kc_member_unref(struct kc_member *member); /* any thread, without the lock */

/* Goes to another state, which must be one that may follow. Lock held. */
void kc_member_move(struct kc_member *member, enum kc_member_state state);
/* A request to the group's coordinator; channel GROUP or another for what waits at the broker. */
struct kc_wire_request *kc_member_request(const struct kc_member *member, enum kc_api api,
                                          int channel);
/* Back to no membership; keep_id: only the generation is void. Lock held. */
void kc_member_reset(struct kc_member *member, bool keep_id, const char *reason);
/* Lock held. */
void kc_member_mark_unknown(struct kc_member *member, const char *why);
void kc_member_need_rejoin(struct kc_member *member, const char *reason);
/* Lock held. */
struct kc_wire_request *kc_member_make_leave(const struct kc_member *member, const char *reason);
/* Sends LeaveGroup without waiting and forgets the membership. Lock held. */
void kc_member_send_leave(struct kc_member *member, const char *reason);

/* ---- member_join.c ---- */

/* One step towards an assignment: sends the due request and waits for its answer; until
 * deadline_ms, if the member's waits are bounded. KC_ERR_WAKEUP leaves it under way. *retry: back
 * off, look for the coordinator, call again. */
struct kc_error *kc_member_join(struct kc_member *member, int64_t deadline_ms,
                                bool *retry) KC_MUST_CHECK;

/* ---- member_heartbeat.c ---- */

struct kc_error *kc_member_start_heartbeat(struct kc_member *member) KC_MUST_CHECK;
void kc_member_end_heartbeat(struct kc_member *member);
/* Sends a heartbeat if one is due. When to look again (kc_mono_ms() units). Not with the lock. */
int64_t kc_member_look(struct kc_member *member);
/* Asks the coordinator for a sign of life; false: there was none within the heartbeat interval. */
bool kc_member_probe(struct kc_member *member);

#endif
