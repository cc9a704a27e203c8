/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connect's protocol on top of a group's member: a worker's metadata when it joins, the leader's
 * assignment, and how a worker acts on its own assignment. See connect_member.h. On the user's
 * thread.
 */
#include "group/connect_member.h"

#include "connect/log.h"
#include "group/assignor_priv.h"
#include "group/connect_protocol.h"
#include "group/member_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.WorkerCoordinator");

struct kc_connect_member {
    struct kc_wire_client *client;
    struct kc_member *member;
    const struct kc_connect_member_listener *listener;
    void *opaque;
    char *rest_url;
    int offered; /* the highest protocol */
    int heartbeat_interval_ms;

    bool has_assignment;
    struct kc_assignment assignment;
    struct kc_assignment fresh;    /* read from a sync's answer, not yet in force */
    int protocol;                  /* that the group speaks */
    int joined_protocol;           /* of the join that isn't synced yet */
    int last_completed_generation; /* -1: none */
    int64_t offset;                /* of the picture taken for the last join */
    struct kc_work configured;     /* the same picture's work */
    struct kc_work native;         /* of that, what Java's workers can't run */
    struct kc_assignors *assignors;
    struct kc_round leading; /* members and all their work, while this one leads */
    char *stable_id;         /* what kc_connect_member_id() lent */
};

/* ---- joining ---- */

static void take_picture(struct kc_connect_member *self)
{
    kc_work_clear(&self->configured);
    kc_work_clear(&self->native);
    self->listener->configured(self->opaque, &self->configured, &self->native, &self->offset);
}

/* onJoinPrepare: with the eager protocol all work stops first. */
static void prepare(void *opaque)
{
    struct kc_connect_member *self = opaque;
    kc_round_clear(&self->leading);
    if (self->protocol != KC_PROTOCOL_EAGER || !self->has_assignment ||
        self->assignment.error != KC_ASSIGNMENT_OK)
        return;
    self->listener->revoked(self->opaque, &self->assignment.work);
}

static struct kc_wire_bytes dup_bytes(struct kc_wire_request *request, const struct kc_str *bytes)
{
    return kc_wire_bytes(kc_arena_dup(request->arena, bytes->data, bytes->len), bytes->len);
}

static void offer(void *opaque, struct kc_wire_request *join)
{
    struct kc_connect_member *self = opaque;
    struct kc_join_group_request *message = join->message;
    const struct kc_assignment *allocation = self->has_assignment ? &self->assignment : NULL;
    take_picture(self);
    KC_WIRE_LIST_NEW(join->arena, &message->protocols, kc_join_group_request_protocol,
                     self->offered + 1);
    for (int i = 0; i <= self->offered; i++) {
        int version = self->offered - i; /* the preferred one first */
        struct kc_str blob = {0};
        kc_worker_state_encode(&blob, version, self->rest_url, self->offset, allocation);
        if (version != KC_PROTOCOL_EAGER)
            kc_worker_state_mark_native(&blob);
        message->protocols.items[i].name = kc_wire_str_copy(join->arena, kc_protocol_name(version));
        message->protocols.items[i].metadata = dup_bytes(join, &blob);
        kc_str_destroy(&blob);
    }
}

/* ---- the leader ---- */

/* Reads the members' metadata, and returns the highest config offset. A member with unreadable
 * metadata can't run anything, so it isn't in the round and gets no work. */
static int64_t read_members(struct kc_round *round, const struct kc_join_group_response *joined)
{
    int64_t highest = -1;
    size_t count = joined->members.count > 0 ? (size_t)joined->members.count : 0;
    round->members = kc_calloc(count, sizeof(*round->members));
    for (size_t i = 0; i < count; i++) {
        const struct kc_join_group_response_member *from = &joined->members.items[i];
        struct kc_worker_state state;
        struct kc_error *err = kc_worker_state_decode(
            from->metadata.data, from->metadata.len > 0 ? (size_t)from->metadata.len : 0, &state);
        if (err) {
            kc_warn("Member %s of the group is given no work: %s. See whether it is a Connect "
                    "worker, and of which version",
                    from->member_id.data, kc_error_text(err));
            kc_error_destroy(err);
            continue;
        }
        struct kc_round_member *member = &round->members[round->count++];
        member->id = kc_strdup(from->member_id.data);
        if (state.offset > highest)
            highest = state.offset;
        member->url = kc_strdup(state.url);
        member->native = state.native;
        kc_work_copy(&member->owned, &state.allocation.work);
        kc_worker_state_clear(&state);
    }
    return highest;
}

/* The picture of the join, or a newer one, must be as new as the newest member's. */
static bool catch_up(struct kc_connect_member *self, int64_t highest)
{
    if (self->offset < highest)
        take_picture(self);
    return self->offset >= highest;
}

static const struct kc_round_member *find_member(const struct kc_round *round, const char *id)
{
    for (size_t i = 0; i < round->count; i++)
        if (strcmp(round->members[i].id, id) == 0)
            return &round->members[i];
    return NULL;
}

/* One answer for each member that has joined; a member that isn't in the round gets an empty one.
 */
static void add_assignments(const struct kc_round *round, const struct kc_assignment *common,
                            int version, const struct kc_join_group_response *joined,
                            struct kc_wire_request *sync)
{
    struct kc_sync_group_request *message = sync->message;
    KC_WIRE_LIST_NEW(sync->arena, &message->assignments, kc_sync_group_request_assignment,
                     joined->members.count);
    for (int32_t i = 0; i < joined->members.count; i++) {
        const char *id = joined->members.items[i].member_id.data;
        const struct kc_round_member *member = find_member(round, id);
        struct kc_assignment assignment = *common;
        struct kc_str blob = {0};
        if (member) {
            assignment.work = member->assigned;
            assignment.revoked = member->revoked;
        }
        kc_assignment_encode(&blob, version, &assignment);
        message->assignments.items[i].member_id = kc_wire_str_copy(sync->arena, id);
        message->assignments.items[i].assignment = dup_bytes(sync, &blob);
        kc_str_destroy(&blob);
    }
}

static void begin_round(struct kc_connect_member *self, int generation)
{
    struct kc_round *round = &self->leading;
    round->configured = &self->configured;
    round->native = &self->native;
    round->last_completed_generation = self->last_completed_generation;
    round->generation = generation;
    round->now_ms = kc_mono_ms();
    round->delay_ms = 0;
}

static void assign(struct kc_connect_member *self, int version,
                   const struct kc_join_group_response *joined, struct kc_wire_request *sync)
{
    struct kc_round *round = &self->leading;
    kc_round_clear(round);
    int64_t highest = read_members(round, joined);
    begin_round(self, joined->generation_id);
    const struct kc_round_member *leader = find_member(round, joined->leader.data);
    struct kc_assignment common = {
        .leader = (char *)joined->leader.data,
        .leader_url = leader ? leader->url : (char *)"",
    };
    if (!catch_up(self, highest)) {
        kc_info("Was selected to perform assignments, but do not have latest config found in sync "
                "request. Returning an empty configuration to trigger re-sync.");
        common.error = KC_ASSIGNMENT_CONFIG_MISMATCH;
        common.offset = highest;
    } else {
        if (version == KC_PROTOCOL_EAGER)
            kc_assign_eagerly(round);
        else
            kc_assignors_assign(self->assignors, round);
        common.offset = self->offset;
        common.delay_ms = round->delay_ms;
    }
    add_assignments(round, &common, version, joined, sync);
}

/* ---- what was assigned ---- */

/* The group has become eager while this member kept its work during the join. Others start the part
 * that it doesn't get again as soon as the leader has synced, so it stops all of it first. (Java's
 * workers continue the work.) */
static void give_up_for_eager(struct kc_connect_member *self)
{
    if (self->protocol == KC_PROTOCOL_EAGER || !self->has_assignment)
        return;
    struct kc_work kept = self->assignment.work;
    self->assignment.work = (struct kc_work){0};
    if (!kc_work_empty(&kept))
        self->listener->revoked(self->opaque, &kept);
    kc_work_clear(&kept);
}

static struct kc_error *joined(void *opaque, const struct kc_join_group_response *response,
                               bool leads, struct kc_wire_request *sync)
{
    struct kc_connect_member *self = opaque;
    int version = kc_protocol_version(response->protocol_name.data);
    if (version < 0)
        return kc_error_kafka_new(KC_KAFKA_INCONSISTENT_GROUP_PROTOCOL, false,
                                  "The Connect group has chosen the protocol %s, which no Connect "
                                  "worker speaks. See which other program uses its group.id",
                                  response->protocol_name.data);
    if (version == KC_PROTOCOL_EAGER)
        give_up_for_eager(self);
    if (leads)
        assign(self, version, response, sync);
    self->joined_protocol = version;
    return NULL;
}

static struct kc_error *synced(void *opaque, struct kc_wire_bytes assignment)
{
    struct kc_connect_member *self = opaque;
    kc_assignment_clear(&self->fresh);
    return kc_assignment_decode(assignment.data, assignment.len > 0 ? (size_t)assignment.len : 0,
                                &self->fresh);
}

/* onJoinComplete: revoked work stops first; then old and new work together are the assignment. */
static void assigned(void *opaque, int generation)
{
    struct kc_connect_member *self = opaque;
    struct kc_assignment *fresh = &self->fresh;
    self->protocol = self->joined_protocol;
    if (self->protocol != KC_PROTOCOL_EAGER) {
        if (!kc_work_empty(&fresh->revoked))
            self->listener->revoked(self->opaque, &fresh->revoked);
        if (self->has_assignment) {
            kc_work_remove_all(&self->assignment.work, &fresh->revoked);
            kc_work_add_all(&fresh->work, &self->assignment.work);
        }
    }
    kc_assignment_clear(&self->assignment);
    self->assignment = *fresh;
    *fresh = (struct kc_assignment){0};
    self->has_assignment = true;
    self->last_completed_generation = generation;
    self->listener->assigned(self->opaque, &self->assignment, generation);
}

static bool settled(const void *opaque)
{
    const struct kc_connect_member *self = opaque;
    return self->has_assignment && self->assignment.error == KC_ASSIGNMENT_OK;
}

/* A worker that can't reach the coordinator soon stops being a member, and others may get its work.
 */
static void unreachable(void *opaque)
{
    struct kc_connect_member *self = opaque;
    if (!settled(self))
        return;
    kc_info("Broker coordinator was unreachable for %dms. Revoking previous assignment to avoid "
            "running tasks while not being a member the group",
            self->heartbeat_interval_ms);
    struct kc_work work = {0};
    kc_work_copy(&work, &self->assignment.work);
    self->listener->revoked(self->opaque, &work);
    kc_work_clear(&work);
    kc_assignment_clear(&self->assignment);
    self->has_assignment = false;
}

static void poll_timeout(void *opaque)
{
    struct kc_connect_member *self = opaque;
    self->listener->poll_timeout(self->opaque);
}

static const struct kc_member_protocol protocol = {
    .prepare = prepare,
    .offer = offer,
    .joined = joined,
    .synced = synced,
    .assigned = assigned,
    .settled = settled,
    .unreachable = unreachable,
    .poll_timeout = poll_timeout,
};

/* ---- life ---- */

static struct kc_error *make_member(struct kc_connect_member *self,
                                    const struct kc_connect_member_settings *settings)
{
    const struct kc_member_settings common = {
        .client = self->client,
        .group_id = settings->group_id,
        .type = "connect",
        .kind = "Connect group",
        .advice = "Check group.id, session.timeout.ms and connect.protocol, and that no consumer "
                  "group has this name",
        .session_timeout_ms = settings->session_timeout_ms,
        .rebalance_timeout_ms = settings->rebalance_timeout_ms,
        .heartbeat_interval_ms = settings->heartbeat_interval_ms,
        .request_timeout_ms = settings->request_timeout_ms,
        .retry_backoff_ms = settings->retry_backoff_ms,
        .channel = KC_WIRE_CHANNEL_GROUP,
    };
    return kc_member_new(&common, &protocol, self, &self->member);
}

struct kc_error *kc_connect_member_new(const struct kc_connect_member_settings *settings,
                                       const struct kc_connect_member_listener *listener,
                                       void *opaque, struct kc_connect_member **member)
{
    struct kc_connect_member *self = kc_calloc(1, sizeof(*self));
    self->listener = listener;
    self->opaque = opaque;
    self->rest_url = kc_strdup(settings->rest_url);
    self->offered = self->protocol = settings->protocol;
    self->heartbeat_interval_ms = settings->heartbeat_interval_ms;
    self->last_completed_generation = -1;
    self->stable_id = kc_strdup("");
    self->assignors = kc_assignors_new(settings->max_delay_ms);
    struct kc_error *err = kc_wire_client_new(settings->client, "connect-group", &self->client);
    if (!err)
        err = make_member(self, settings);
    if (err)
        kc_connect_member_destroy(self);
    else
        *member = self;
    return err;
}

void kc_connect_member_destroy(struct kc_connect_member *self)
{
    if (!self)
        return;
    kc_member_destroy(self->member);
    if (self->client)
        kc_wire_client_destroy(self->client);
    kc_assignors_destroy(self->assignors);
    kc_assignment_clear(&self->assignment);
    kc_assignment_clear(&self->fresh);
    kc_work_clear(&self->configured);
    kc_work_clear(&self->native);
    kc_round_clear(&self->leading);
    free(self->rest_url);
    free(self->stable_id);
    free(self);
}

/* ---- for the user ---- */

struct kc_error *kc_connect_member_poll(struct kc_connect_member *self, int64_t timeout_ms)
{
    return kc_member_poll(self->member, timeout_ms);
}

void kc_connect_member_wakeup(struct kc_connect_member *self)
{
    kc_member_wakeup(self->member);
}

void kc_connect_member_rejoin(struct kc_connect_member *self, const char *reason)
{
    kc_member_rejoin(self->member, reason);
}

void kc_connect_member_leave(struct kc_connect_member *self, const char *reason)
{
    kc_member_leave(self->member, reason);
}

void kc_connect_member_revoke(struct kc_connect_member *self, const struct kc_work *work)
{
    self->listener->revoked(self->opaque, work);
    kc_work_remove_all(&self->assignment.work, work);
}

bool kc_connect_member_confirmed(struct kc_connect_member *self, int64_t since_ms)
{
    return kc_member_confirmed(self->member, since_ms);
}

const char *kc_connect_member_id(const struct kc_connect_member *constant)
{
    struct kc_connect_member *self = (struct kc_connect_member *)constant;
    struct kc_member_identity identity = kc_member_identity(self->member);
    free(self->stable_id);
    self->stable_id = identity.stable ? identity.id : kc_strdup("");
    if (!identity.stable)
        free(identity.id);
    return self->stable_id;
}

int kc_connect_member_protocol(const struct kc_connect_member *self)
{
    return self->protocol;
}

char *kc_connect_member_owner_url(const struct kc_connect_member *self, const char *connector,
                                  int task)
{
    if (kc_member_unsettled(self->member))
        return NULL;
    for (size_t i = 0; i < self->leading.count; i++) {
        const struct kc_round_member *member = &self->leading.members[i];
        if (task < 0 ? kc_work_has_connector(&member->all, connector)
                     : kc_work_has_task(&member->all, connector, task))
            return kc_strdup(member->url);
    }
    return NULL;
}
