/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that all memberships of connect/group.h share: the client, and commits as a member. */
#ifndef WORKER_GROUP_GROUP_CLIENT_PRIV_H
#define WORKER_GROUP_GROUP_CLIENT_PRIV_H

#include "connect/group.h"
#include "group/heartbeats_priv.h"
#include "wire/wire_client.h"

struct kc_wire_client *kc_group_client_wire(struct kc_group_client *client);
/* The thread that sends the heartbeats of its members in classic groups. */
struct kc_heartbeats *kc_group_client_heartbeats(struct kc_group_client *client);
/* A connection for joins, which wait at the broker: groups share it by turns. */
int kc_group_client_channel(struct kc_group_client *client);

/* As what a commit is sent. */
struct kc_group_committer {
    const char *group;
    const char *member_id;
    const char *instance_id; /* NULL: none */
    int generation;          /* or a member epoch */
    int16_t min_version;     /* of OffsetCommit */
};

/* See kc_group_member_commit(). */
struct kc_error *kc_group_commit(struct kc_group_client *client,
                                 const struct kc_group_committer *committer,
                                 const struct kc_group_offset *offsets, size_t count,
                                 int64_t deadline_ms, struct kc_error **errors) KC_MUST_CHECK;

#endif
