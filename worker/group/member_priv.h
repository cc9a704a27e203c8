/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of a classic group, whatever its protocol: AbstractCoordinator. It finds the group's
 * coordinator, joins, syncs, sends heartbeats and leaves. Its metadata and its assignment are the
 * business of the protocol above it (connect_member.c, hold.c).
 *
 * One thread, the user's, calls everything that isn't marked "any thread", and gets the protocol's
 * calls there. A heartbeat thread, its own or that of many members, keeps the membership alive
 * between the user's polls.
 */
#ifndef WORKER_GROUP_MEMBER_PRIV_H
#define WORKER_GROUP_MEMBER_PRIV_H

#include "group/heartbeats_priv.h"
#include "wire/messages_group.h"
#include "wire/wire_client.h"

struct kc_member_settings {
    struct kc_wire_client *client; /* borrowed */
    const char *group_id;
    const char *instance_id; /* of a static member (KIP-345); NULL: a dynamic one */
    const char *type;        /* of the group's protocol: "connect", "consumer" */
    const char *kind;        /* for messages: "Connect group" */
    const char *advice;      /* what to check when the broker refuses the member */
    int session_timeout_ms;
    int rebalance_timeout_ms;
    int heartbeat_interval_ms;
    int request_timeout_ms;
    int retry_backoff_ms;
    int channel;  /* of joins and syncs, which wait at the broker */
    bool bounded; /* a poll waits for a join under way until its deadline, not for its end */
    struct kc_heartbeats *heartbeats; /* borrowed; NULL: a thread of its own */
};

/* Strings and messages are borrowed for the call. */
struct kc_member_protocol {
    /* A rebalance begins for this member, before its first join. May be NULL. */
    void (*prepare)(void *opaque);
    /* Fills the protocols of a JoinGroup request, the preferred one first. */
    void (*offer)(void *opaque, struct kc_wire_request *join);
    /* The group has chosen a protocol. The leader puts assignments into sync, for all members,
     * unless joined->skip_assignment says that the former ones hold (KIP-814). An error is fatal.
     */
    struct kc_error *(*joined)(void *opaque, const struct kc_join_group_response *joined,
                               bool leads, struct kc_wire_request *sync);
    /* Reads the member's own assignment and keeps it. An error: it can't be read, join again. */
    struct kc_error *(*synced)(void *opaque, struct kc_wire_bytes assignment);
    /* From now on the kept work is the assignment, and the member is stable. */
    void (*assigned)(void *opaque, int generation);
    /* Whether the assignment will do; if not, the next poll joins again. */
    bool (*settled)(const void *opaque);
    /* The coordinator couldn't be reached for a heartbeat interval. May be NULL. */
    void (*unreachable)(void *opaque);
    /* The user hasn't polled within the rebalance time-out, and the member leaves. On the heartbeat
     * thread. NULL: it stays, whatever the user does. */
    void (*poll_timeout)(void *opaque);
};

/* Copies settings; contacts nobody yet. */
struct kc_error *kc_member_new(const struct kc_member_settings *settings,
                               const struct kc_member_protocol *protocol, void *opaque,
                               struct kc_member **member) KC_MUST_CHECK;
/* Ends the heartbeats; doesn't leave the group. No callback comes after it. The client may be
 * destroyed later; requests under way keep the objects that they need. NULL is fine. */
void kc_member_destroy(struct kc_member *member);

/* Finds the coordinator, joins when that is needed, then waits for timeout_ms (INT64_MAX: for
 * ever). KC_ERR_WAKEUP: woken; a join under way goes on at the next call. Other errors are fatal.
 */
struct kc_error *kc_member_poll(struct kc_member *member, int64_t timeout_ms) KC_MUST_CHECK;
void kc_member_wakeup(struct kc_member *member); /* any thread */
void kc_member_rejoin(struct kc_member *member, const char *reason);
/* Waits for two seconds at most. The next poll joins anew. */
void kc_member_leave(struct kc_member *member, const char *reason);

/* Whether the group is at rest and has accepted a heartbeat of this member that was sent at
 * since_ms (kc_mono_ms()) or later. If not, one is sent at once: ask again. Doesn't wait; any
 * thread. */
bool kc_member_confirmed(struct kc_member *member, int64_t since_ms);
/* Whether a join is due or under way, or the assignment won't do. */
bool kc_member_unsettled(struct kc_member *member);

/* The member's identity at the coordinator. generation -1: it is in none. Any thread. */
struct kc_member_identity {
    char *id; /* "" none; owned by the caller */
    int generation;
    bool stable;
};
struct kc_member_identity kc_member_identity(struct kc_member *member);

#endif
