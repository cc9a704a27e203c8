/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Membership in groups with an assignment of one's own, and the offsets of such a group (API 1.3).
 *
 * A client (kc_group_client) speaks with the coordinators of one cluster's groups; any number of
 * groups share it. In a classic group the caller is one member (kc_group_member), and as leader it
 * decides what each member gets. In a KIP-848 group the broker decides, and the caller is any
 * number of members (kc_group_crowd) over one connection.
 *
 * Neither leaves its group when it is destroyed: the group waits for the session time-out, so that
 * a successor under the same instance id, or the same member ids and epochs, takes over. To leave,
 * say so. While a group has members, only these can commit for it.
 *
 * Structs that a caller fills begin with their size and may grow at their end; zero-initialise them
 * and set size to sizeof.
 */
#ifndef CONNECT_GROUP_H
#define CONNECT_GROUP_H

#include "connect/contract.h"
#include "connect/map.h"

KC_API_BEGIN

/* Names a struct's size: struct kc_group_member_settings s = {KC_GROUP_SIZE(s), ...}. */
#define KC_GROUP_SIZE(variable) .size = sizeof(variable)

/* ---- the client ---- */

struct kc_group_client;

/* config: a Java client's properties (bootstrap.servers, security.*, ...), copied; name is for the
 * log. Contacts nobody yet. KC_ERR_CONFIG. */
struct kc_error *kc_group_client_new(const struct kc_map *config, const char *name,
                                     struct kc_group_client **client) KC_MUST_CHECK;
/* After its members and crowds. NULL is fine. */
void kc_group_client_destroy(struct kc_group_client *client);

/* ---- offsets ---- */

/* Never grows. */
struct kc_group_offset {
    const char *topic;
    int32_t partition;
    int64_t offset;
    const char *metadata; /* NULL: none */
};

/* One committed offset; borrowed. On the caller's thread. */
typedef void (*kc_group_offset_visit)(void *arg, const struct kc_group_offset *offset);

/* Visits all committed offsets of a group. Blocks, any thread. */
struct kc_error *kc_group_client_offsets(struct kc_group_client *client, const char *group,
                                         int timeout_ms, kc_group_offset_visit visit,
                                         void *arg) KC_MUST_CHECK;

/* ---- a member of a classic group ---- */

struct kc_group_member;
struct kc_group_round;

/* A protocol that the member offers: an assignor's name, and the member's metadata. Never grows. */
struct kc_group_protocol {
    const char *name;
    const void *metadata;
    size_t metadata_len;
};

/* Never grows. */
struct kc_group_member_settings {
    size_t size;
    const char *group;
    const char *instance_id; /* group.instance.id of a static member; NULL: a dynamic one */
    const char *type;        /* of all protocols of the group; NULL: "consumer" */
    const struct kc_group_protocol *protocols; /* the preferred one first */
    size_t protocol_count;
    int session_timeout_ms;    /* 0: 45 s */
    int rebalance_timeout_ms;  /* 0: five minutes */
    int heartbeat_interval_ms; /* 0: 3 s */
};

/* What the member was assigned. Borrowed for the call. May grow. */
struct kc_group_assigned {
    const char *member_id;
    int generation;
    bool leads;
    const void *assignment;
    size_t assignment_len;
};

/* On the thread that polls. May grow. */
struct kc_group_member_ops {
    size_t size;
    /* The member leads: give each member of the round what it gets (kc_group_round_give()); a
     * member that is given nothing gets no bytes. An error ends the poll, and the next one joins
     * again. */
    struct kc_error *(*assign)(void *opaque, struct kc_group_round *round);
    /* The member is in a new generation. May be NULL. */
    void (*assigned)(void *opaque, const struct kc_group_assigned *assigned);
    /* The coordinator couldn't be reached for a heartbeat interval. The broker may give the
     * membership up when the session time-out has passed. May be NULL. */
    void (*unreachable)(void *opaque);
};

/* Members of a round, in the broker's order; returned pointers are valid until assign() returns. */
size_t kc_group_round_count(const struct kc_group_round *round);
const char *kc_group_round_protocol(const struct kc_group_round *round); /* that was chosen */
const char *kc_group_round_member_id(const struct kc_group_round *round, size_t index);
const char *kc_group_round_instance_id(const struct kc_group_round *round,
                                       size_t index); /* NULL: none */
const void *kc_group_round_metadata(const struct kc_group_round *round, size_t index, size_t *len);
bool kc_group_round_is_self(const struct kc_group_round *round, size_t index);
/* Copies the assignment of a member. */
void kc_group_round_give(struct kc_group_round *round, size_t index, const void *assignment,
                         size_t len);

/* Copies settings, metadata and ops; contacts nobody yet. */
struct kc_error *kc_group_member_new(struct kc_group_client *client,
                                     const struct kc_group_member_settings *settings,
                                     const struct kc_group_member_ops *ops, void *opaque,
                                     struct kc_group_member **member) KC_MUST_CHECK;
/* Doesn't leave the group. Not within a callback. NULL is fine. */
void kc_group_member_destroy(struct kc_group_member *member);

/* Joins if necessary, and waits for timeout_ms at most. The next call continues what is under way.
 * Returns early after a new assignment. May take a heartbeat interval longer where the coordinator
 * can't be reached. One thread; call it again and again, more often than the rebalance time-out,
 * since a rebalance waits for it. Heartbeats are sent meanwhile. KC_ERR_WAKEUP: woken. Other errors
 * (no right to the group, another member under the same instance id, a session that is too long for
 * the broker) last until something is done about them; polling again tries again. */
struct kc_error *kc_group_member_poll(struct kc_group_member *member, int timeout_ms) KC_MUST_CHECK;
void kc_group_member_wakeup(struct kc_group_member *member); /* any thread */
/* Joins again at the next poll, with these protocols when any are given: a leader's new picture, a
 * new subscription. The polling thread. */
void kc_group_member_rejoin(struct kc_group_member *member,
                            const struct kc_group_protocol *protocols, size_t protocol_count,
                            const char *reason);
/* Leaves the group, waiting for two seconds at most; polling again would join anew. The polling
 * thread. */
void kc_group_member_leave(struct kc_group_member *member, const char *reason);
/* Whether the group is at rest and has accepted a heartbeat that was sent at since_ms
 * (kc_mono_ms()) or later. If not, one is sent at once: ask again. Any thread. */
bool kc_group_member_confirmed(struct kc_group_member *member, int64_t since_ms);

/* Commits as this member, in its generation, with leader epoch -1 (an epoch of another cluster
 * would make Java's consumers wait for ever). errors[i] (errors NULL: not wanted) belongs to
 * offsets[i]; NULL: done; the caller's. A returned error means that the whole call failed; during a
 * rebalance it is retriable. Any thread. */
struct kc_error *kc_group_member_commit(struct kc_group_member *member,
                                        const struct kc_group_offset *offsets, size_t count,
                                        int timeout_ms, struct kc_error **errors) KC_MUST_CHECK;

/* ---- the bytes of consumers (ConsumerProtocol) ---- */

/* A consumer's subscription, sent when it joins. Appends to out. */
void kc_group_subscription_encode(struct kc_str *out, const struct kc_strings *topics);
/* The topics that a consumer's metadata names, appended. KC_ERR_SCHEMA. */
struct kc_error *kc_group_subscription_decode(const void *metadata, size_t len,
                                              struct kc_strings *topics) KC_MUST_CHECK;
/* A consumer's assignment; the offsets don't count. Partitions of a topic stand together, or it
 * comes several times. count 0: nothing, which a consumer understands, unlike no bytes. Appends. */
void kc_group_assignment_encode(struct kc_str *out, const struct kc_group_offset *partitions,
                                size_t count);

/* ---- members of a group of KIP-848 ---- */

struct kc_group_crowd;

/* May grow. */
struct kc_group_crowd_settings {
    size_t size;
    const char *group;
    const struct kc_strings *topics; /* that all members subscribe to; NULL: by pattern alone */
    const char *pattern;             /* a regular expression beside them; NULL: none (Kafka 4.0) */
    const char *assignor;            /* "range", "uniform"; NULL: the broker's choice */
    int rebalance_timeout_ms;        /* 0: five minutes */
    /* Something has changed that kc_group_crowd_each() tells. On the client's thread: must not
     * block. May be NULL. */
    void (*changed)(void *opaque);
    void *opaque;
    /* Each member's id is its group.instance.id, too. The range assignor serves static members
     * before others. */
    bool static_members;
};

enum kc_crowd_state {
    KC_CROWD_JOINING, /* not confirmed yet */
    KC_CROWD_MEMBER,
    KC_CROWD_FENCED, /* the broker has another epoch: joins anew as soon as it may */
    KC_CROWD_LEAVING,
    KC_CROWD_LEFT,
    KC_CROWD_FAILED, /* refused; see error */
};

/* One member. Borrowed for the call. May grow. */
struct kc_crowd_member {
    const char *id;
    int epoch;
    enum kc_crowd_state state;
    size_t partitions; /* that it is assigned */
    int64_t seen_ms;   /* kc_mono_ms() of the last heartbeat that was accepted; 0: none */
    const struct kc_error *error; /* why it is FENCED or FAILED, or of its last heartbeat */
};

/* Copies settings; has no member yet. */
struct kc_error *kc_group_crowd_new(struct kc_group_client *client,
                                    const struct kc_group_crowd_settings *settings,
                                    struct kc_group_crowd **crowd) KC_MUST_CHECK;
/* Doesn't leave the group. Not on the client's thread. NULL is fine. */
void kc_group_crowd_destroy(struct kc_group_crowd *crowd);

/* All of these: any thread. */

/* A member joins under an id of the caller's choice, or comes back with the epoch that it had (0:
 * it is new). Its assignment is acknowledged at once, and nobody owns the partitions. */
void kc_group_crowd_add(struct kc_group_crowd *crowd, const char *member_id, int epoch);
/* Other topics and another pattern, from the next heartbeats on. */
void kc_group_crowd_subscribe(struct kc_group_crowd *crowd, const struct kc_strings *topics,
                              const char *pattern);
/* Calls each for every member, in the order of adding; it must not call the crowd. */
void kc_group_crowd_each(struct kc_group_crowd *crowd,
                         void (*each)(void *arg, const struct kc_crowd_member *member), void *arg);
/* Commits as one of the members (NULL: the first that is MEMBER) in its epoch; as
 * kc_group_member_commit(). Kafka's STALE_MEMBER_EPOCH is retried with the newer epoch. Blocks. */
struct kc_error *kc_group_crowd_commit(struct kc_group_crowd *crowd, const char *member_id,
                                       const struct kc_group_offset *offsets, size_t count,
                                       int timeout_ms, struct kc_error **errors) KC_MUST_CHECK;
/* All members leave. Blocks until they have, or KC_ERR_TIMEOUT. */
struct kc_error *kc_group_crowd_leave(struct kc_group_crowd *crowd, int timeout_ms) KC_MUST_CHECK;

KC_API_END

#endif
