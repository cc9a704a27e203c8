/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin calls on many groups at once: their committed offsets, read and written, and their states.
 *
 * Coordinators are looked up in bulk (KIP-699), and one request reads the offsets of many groups
 * (KIP-709). Requests for single groups are pipelined, and so is everything with older brokers.
 * Blocking, any thread but the client's own. As in wire_admin.h the returned error is for the call
 * as a whole, an item's for one group.
 */
#ifndef WORKER_WIRE_WIRE_GROUPS_H
#define WORKER_WIRE_WIRE_GROUPS_H

#include "wire/wire_admin.h"

struct kc_wire_group_offset {
    const char *topic;
    int32_t partition;
    int64_t offset;
    const char *metadata; /* NULL: none */
};

/* One committed offset of groups[group]; borrowed. On the caller's thread. */
typedef void (*kc_wire_group_visit)(void *arg, size_t group,
                                    const struct kc_wire_group_offset *offset);

/* Visits all committed offsets of each group. errors[i] (NULL: done) is the caller's. */
struct kc_error *kc_wire_groups_offsets(struct kc_wire_admin *admin, const char *const *groups,
                                        size_t count, kc_wire_group_visit visit, void *arg,
                                        int32_t timeout_ms, struct kc_error **errors) KC_MUST_CHECK;

/* Offsets of one group, sorted by topic. */
struct kc_wire_group_offsets {
    const char *group;
    const struct kc_wire_group_offset *offsets;
    size_t count;
};
/* Whether a group has offsets in transactions that aren't over, in open[i] (KIP-447). Only the
 * partitions of `offsets` are asked for: a broker that isn't given their names goes through those
 * with a committed offset, and is silent about a first commit. Brokers before Kafka 3.0 don't tell:
 * none then. errors as above. */
struct kc_error *kc_wire_groups_open_offsets(struct kc_wire_admin *admin,
                                             const struct kc_wire_group_offsets *groups,
                                             size_t count, bool *open, int32_t timeout_ms,
                                             struct kc_error **errors) KC_MUST_CHECK;

/* Commits for groups without members. errors[i]: of the group, or of its first offset that was
 * refused. */
struct kc_error *kc_wire_groups_commit(struct kc_wire_admin *admin,
                                       const struct kc_wire_group_offsets *commits, size_t count,
                                       int32_t timeout_ms, struct kc_error **errors) KC_MUST_CHECK;

/* One group that a broker has; borrowed. state "" before Kafka 2.6. */
typedef void (*kc_wire_group_seen)(void *arg, const char *group, const char *protocol_type,
                                   const char *state);
/* Visits the groups of all brokers. */
struct kc_error *kc_wire_list_groups(struct kc_wire_admin *admin, kc_wire_group_seen seen,
                                     void *arg, int32_t timeout_ms) KC_MUST_CHECK;

#endif
