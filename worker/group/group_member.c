/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of a classic group that deals by itself: connect/group.h on top of a member. Its user
 * supplies the bytes of its metadata and, as leader, of the assignments. On the polling thread,
 * unless the header says otherwise.
 */
#include "group/group_client_priv.h"
#include "group/member_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    SESSION_MS = 45000,
    REBALANCE_MS = 300000,
    HEARTBEAT_MS = 3000,
    REQUEST_MS = 30000,
    RETRY_MS = 100,
    STATIC_COMMITS = 7, /* the first version of OffsetCommit that names a static member */
};

/* A protocol's owned bytes. */
struct offer {
    char *name;
    void *metadata;
    size_t len;
};

struct kc_group_member {
    struct kc_group_client *client;
    struct kc_member *member;
    struct kc_group_member_ops ops; /* what the user knew of them */
    void *opaque;
    char *group;
    char *instance_id; /* NULL: none */
    struct offer *offers;
    size_t offer_count;
    void *fresh; /* read from a sync's answer */
    size_t fresh_len;
    bool leads;
    bool joined;
};

struct kc_group_round {
    const struct kc_join_group_response *joined;
    struct kc_wire_request *sync;
};

/* ---- the round that is led ---- */

static const struct kc_join_group_response_member *at(const struct kc_group_round *round,
                                                      size_t index)
{
    return &round->joined->members.items[index];
}

size_t kc_group_round_count(const struct kc_group_round *round)
{
    return round->joined->members.count > 0 ? (size_t)round->joined->members.count : 0;
}

const char *kc_group_round_protocol(const struct kc_group_round *round)
{
    return round->joined->protocol_name.data;
}

const char *kc_group_round_member_id(const struct kc_group_round *round, size_t index)
{
    return at(round, index)->member_id.data;
}

const char *kc_group_round_instance_id(const struct kc_group_round *round, size_t index)
{
    return at(round, index)->group_instance_id.data;
}

const void *kc_group_round_metadata(const struct kc_group_round *round, size_t index, size_t *len)
{
    struct kc_wire_bytes metadata = at(round, index)->metadata;
    *len = metadata.len > 0 ? (size_t)metadata.len : 0;
    return metadata.data;
}

bool kc_group_round_is_self(const struct kc_group_round *round, size_t index)
{
    return strcmp(kc_group_round_member_id(round, index), round->joined->member_id.data) == 0;
}

void kc_group_round_give(struct kc_group_round *round, size_t index, const void *assignment,
                         size_t len)
{
    struct kc_sync_group_request *message = round->sync->message;
    message->assignments.items[index].assignment =
        kc_wire_bytes(kc_arena_dup(round->sync->arena, len ? assignment : "", len), len);
}

/* ---- the protocol ---- */

static void offer(void *opaque, struct kc_wire_request *join)
{
    const struct kc_group_member *self = opaque;
    struct kc_join_group_request *message = join->message;
    KC_WIRE_LIST_NEW(join->arena, &message->protocols, kc_join_group_request_protocol,
                     (int32_t)self->offer_count);
    for (size_t i = 0; i < self->offer_count; i++) {
        const struct offer *from = &self->offers[i];
        message->protocols.items[i].name = kc_wire_str_copy(join->arena, from->name);
        message->protocols.items[i].metadata =
            kc_wire_bytes(kc_arena_dup(join->arena, from->metadata, from->len), from->len);
    }
}

static struct kc_error *assign(struct kc_group_member *self,
                               const struct kc_join_group_response *response,
                               struct kc_wire_request *sync)
{
    struct kc_group_round round = {response, sync};
    struct kc_sync_group_request *message = sync->message;
    size_t count = kc_group_round_count(&round);
    KC_WIRE_LIST_NEW(sync->arena, &message->assignments, kc_sync_group_request_assignment,
                     (int32_t)count);
    for (size_t i = 0; i < count; i++) {
        message->assignments.items[i].member_id =
            kc_wire_str_copy(sync->arena, kc_group_round_member_id(&round, i));
        message->assignments.items[i].assignment = kc_wire_bytes("", 0);
    }
    return self->ops.assign(self->opaque, &round);
}

static struct kc_error *joined(void *opaque, const struct kc_join_group_response *response,
                               bool leads, struct kc_wire_request *sync)
{
    struct kc_group_member *self = opaque;
    self->leads = leads;
    return leads && !response->skip_assignment ? assign(self, response, sync) : NULL;
}

static struct kc_error *synced(void *opaque, struct kc_wire_bytes assignment)
{
    struct kc_group_member *self = opaque;
    size_t len = assignment.len > 0 ? (size_t)assignment.len : 0;
    free(self->fresh);
    self->fresh = kc_memdup(len ? (const void *)assignment.data : "", len ? len : 1);
    self->fresh_len = len;
    return NULL;
}

static void assigned(void *opaque, int generation)
{
    struct kc_group_member *self = opaque;
    struct kc_member_identity identity = kc_member_identity(self->member);
    const struct kc_group_assigned told = {identity.id, generation, self->leads, self->fresh,
                                           self->fresh_len};
    self->joined = true;
    if (self->ops.assigned)
        self->ops.assigned(self->opaque, &told);
    free(identity.id);
}

static bool settled(const void *opaque)
{
    const struct kc_group_member *self = opaque;
    return self->joined;
}

static void unreachable(void *opaque)
{
    struct kc_group_member *self = opaque;
    if (self->ops.unreachable)
        self->ops.unreachable(self->opaque);
}

/* No poll_timeout: a hold isn't given up because its user is late. */
static const struct kc_member_protocol protocol = {
    .offer = offer,
    .joined = joined,
    .synced = synced,
    .assigned = assigned,
    .settled = settled,
    .unreachable = unreachable,
};

/* ---- life ---- */

static void free_offers(struct kc_group_member *self)
{
    for (size_t i = 0; i < self->offer_count; i++) {
        free(self->offers[i].name);
        free(self->offers[i].metadata);
    }
    free(self->offers);
    self->offers = NULL;
    self->offer_count = 0;
}

static void take_offers(struct kc_group_member *self, const struct kc_group_protocol *protocols,
                        size_t count)
{
    free_offers(self);
    self->offers = kc_calloc(count, sizeof(*self->offers));
    self->offer_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct kc_group_protocol *from = &protocols[i];
        self->offers[i].name = kc_strdup(from->name);
        self->offers[i].len = from->metadata_len;
        self->offers[i].metadata = kc_memdup(from->metadata_len ? from->metadata : "",
                                             from->metadata_len ? from->metadata_len : 1);
    }
}

static struct kc_error *make_member(struct kc_group_member *self,
                                    const struct kc_group_member_settings *settings)
{
    const struct kc_member_settings common = {
        .client = kc_group_client_wire(self->client),
        .group_id = settings->group,
        .instance_id = settings->instance_id,
        .type = settings->type ? settings->type : "consumer",
        .kind = "group",
        .advice = "Check the session time-out (group.max.session.timeout.ms of the brokers), and "
                  "whether the group's members have a protocol in common with this one",
        .session_timeout_ms =
            settings->session_timeout_ms ? settings->session_timeout_ms : SESSION_MS,
        .rebalance_timeout_ms =
            settings->rebalance_timeout_ms ? settings->rebalance_timeout_ms : REBALANCE_MS,
        .heartbeat_interval_ms =
            settings->heartbeat_interval_ms ? settings->heartbeat_interval_ms : HEARTBEAT_MS,
        .request_timeout_ms = REQUEST_MS,
        .retry_backoff_ms = RETRY_MS,
        .channel = kc_group_client_channel(self->client),
        .bounded = true,
        .heartbeats = kc_group_client_heartbeats(self->client),
    };
    return kc_member_new(&common, &protocol, self, &self->member);
}

struct kc_error *kc_group_member_new(struct kc_group_client *client,
                                     const struct kc_group_member_settings *settings,
                                     const struct kc_group_member_ops *ops, void *opaque,
                                     struct kc_group_member **member)
{
    struct kc_group_member *self = kc_calloc(1, sizeof(*self));
    struct kc_group_member_settings known = {0};
    memcpy(&known, settings, settings->size < sizeof(known) ? settings->size : sizeof(known));
    self->client = client;
    memcpy(&self->ops, ops, ops->size < sizeof(self->ops) ? ops->size : sizeof(self->ops));
    self->opaque = opaque;
    self->group = kc_strdup(known.group);
    self->instance_id = kc_strdup(known.instance_id);
    take_offers(self, known.protocols, known.protocol_count);
    struct kc_error *err = make_member(self, &known);
    if (err)
        kc_group_member_destroy(self);
    else
        *member = self;
    return err;
}

void kc_group_member_destroy(struct kc_group_member *self)
{
    if (!self)
        return;
    kc_member_destroy(self->member);
    free_offers(self);
    free(self->fresh);
    free(self->group);
    free(self->instance_id);
    free(self);
}

/* ---- for the user ---- */

struct kc_error *kc_group_member_poll(struct kc_group_member *self, int timeout_ms)
{
    return kc_member_poll(self->member, timeout_ms);
}

void kc_group_member_wakeup(struct kc_group_member *self)
{
    kc_member_wakeup(self->member);
}

void kc_group_member_rejoin(struct kc_group_member *self, const struct kc_group_protocol *protocols,
                            size_t protocol_count, const char *reason)
{
    if (protocol_count)
        take_offers(self, protocols, protocol_count);
    kc_member_rejoin(self->member, reason);
}

void kc_group_member_leave(struct kc_group_member *self, const char *reason)
{
    kc_member_leave(self->member, reason);
    self->joined = false;
}

bool kc_group_member_confirmed(struct kc_group_member *self, int64_t since_ms)
{
    return kc_member_confirmed(self->member, since_ms);
}

struct kc_error *kc_group_member_commit(struct kc_group_member *self,
                                        const struct kc_group_offset *offsets, size_t count,
                                        int timeout_ms, struct kc_error **errors)
{
    struct kc_member_identity identity = kc_member_identity(self->member);
    const struct kc_group_committer committer = {
        .group = self->group,
        .member_id = identity.id,
        .instance_id = self->instance_id,
        .generation = identity.generation,
        .min_version = self->instance_id ? STATIC_COMMITS : 0,
    };
    struct kc_error *err = NULL;
    if (identity.stable)
        err = kc_group_commit(self->client, &committer, offsets, count, kc_mono_ms() + timeout_ms,
                              errors);
    else
        err = kc_error_kafka_new(KC_KAFKA_REBALANCE_IN_PROGRESS, true,
                                 "Committing offsets of group %s: this member is joining it",
                                 self->group);
    for (size_t i = 0; !identity.stable && errors && i < count; i++)
        errors[i] = NULL;
    free(identity.id);
    return err;
}
