/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of connect/group.h, and the offsets of groups. They are read by wire's bulk call and
 * written as a member, because a group with members takes commits only from its members. Any
 * thread.
 */
#include "group/group_client_priv.h"

#include "wire/messages_group.h"
#include "wire/wire_groups.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct kc_group_client {
    struct kc_wire_admin *admin;
    struct kc_heartbeats *heartbeats;
    atomic_uint members; /* so far */
};

struct kc_error *kc_group_client_new(const struct kc_map *config, const char *name,
                                     struct kc_group_client **client)
{
    struct kc_group_client *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = kc_wire_admin_new(config, name, &made->admin);
    if (err) {
        free(made);
        return err;
    }
    made->heartbeats = kc_heartbeats_new();
    *client = made;
    return NULL;
}

void kc_group_client_destroy(struct kc_group_client *client)
{
    if (!client)
        return;
    kc_heartbeats_destroy(client->heartbeats);
    kc_wire_admin_destroy(client->admin);
    free(client);
}

struct kc_wire_client *kc_group_client_wire(struct kc_group_client *client)
{
    return kc_wire_admin_client(client->admin);
}

struct kc_heartbeats *kc_group_client_heartbeats(struct kc_group_client *client)
{
    return client->heartbeats;
}

int kc_group_client_channel(struct kc_group_client *client)
{
    unsigned number = atomic_fetch_add(&client->members, 1);
    return KC_WIRE_CHANNEL_FETCH + (int)(number % (KC_WIRE_CHANNELS - KC_WIRE_CHANNEL_FETCH));
}

/* ---- reading ---- */

struct reading {
    kc_group_offset_visit visit;
    void *arg;
};

static void visit_one(void *arg, size_t group, const struct kc_wire_group_offset *offset)
{
    const struct reading *reading = arg;
    const struct kc_group_offset one = {offset->topic, offset->partition, offset->offset,
                                        offset->metadata};
    reading->visit(reading->arg, &one);
}

struct kc_error *kc_group_client_offsets(struct kc_group_client *client, const char *group,
                                         int timeout_ms, kc_group_offset_visit visit, void *arg)
{
    struct reading reading = {visit, arg};
    struct kc_error *one = NULL;
    struct kc_error *err =
        kc_wire_groups_offsets(client->admin, &group, 1, visit_one, &reading, timeout_ms, &one);
    if (!err)
        return one;
    kc_error_destroy(one);
    return err;
}

/* ---- writing ---- */

static bool same_topic(const struct kc_group_offset *offsets, size_t i)
{
    return i > 0 && strcmp(offsets[i].topic, offsets[i - 1].topic) == 0;
}

static int32_t topics_of(const struct kc_group_offset *offsets, size_t count)
{
    int32_t topics = 0;
    for (size_t i = 0; i < count; i++)
        topics += !same_topic(offsets, i);
    return topics;
}

/* How many offsets, from the first one on, belong to its topic. */
static size_t put_topic(struct kc_wire_request *request,
                        struct kc_offset_commit_request_topic *topic,
                        const struct kc_group_offset *offsets, size_t count)
{
    size_t run = 1;
    while (run < count && same_topic(offsets, run))
        run++;
    topic->name = kc_wire_str_copy(request->arena, offsets[0].topic);
    KC_WIRE_LIST_NEW(request->arena, &topic->partitions, kc_offset_commit_request_partition,
                     (int32_t)run);
    for (size_t i = 0; i < run; i++) {
        struct kc_offset_commit_request_partition *partition = &topic->partitions.items[i];
        partition->partition_index = offsets[i].partition;
        partition->committed_offset = offsets[i].offset;
        partition->committed_leader_epoch = -1;
        partition->committed_metadata =
            kc_wire_str_copy(request->arena, offsets[i].metadata ? offsets[i].metadata : "");
    }
    return run;
}

static struct kc_wire_request *make_commit(const struct kc_group_committer *committer,
                                           const struct kc_group_offset *offsets, size_t count)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_OFFSET_COMMIT);
    struct kc_offset_commit_request *message = request->message;
    request->target.kind = KC_WIRE_GROUP;
    request->target.key = kc_arena_strdup(request->arena, committer->group);
    request->min_version = committer->min_version;
    message->group_id = kc_wire_str_copy(request->arena, committer->group);
    message->member_id = kc_wire_str_copy(request->arena, committer->member_id);
    message->group_instance_id = kc_wire_str_copy(request->arena, committer->instance_id);
    message->generation_id_or_member_epoch = committer->generation;
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_offset_commit_request_topic,
                     topics_of(offsets, count));
    struct kc_offset_commit_request_topic *topic = message->topics.items;
    for (size_t i = 0; i < count; topic++)
        i += put_topic(request, topic, offsets + i, count - i);
    return request;
}

/* The error for a code that the coordinator gives to all partitions alike; NULL: the code concerns
 * one partition. */
static struct kc_error *whole_error(const struct kc_group_committer *committer, int code)
{
    switch (code) {
    case KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS:
    case KC_KAFKA_COORDINATOR_NOT_AVAILABLE:
    case KC_KAFKA_NOT_COORDINATOR:
    case KC_KAFKA_REBALANCE_IN_PROGRESS:
    case KC_KAFKA_STALE_MEMBER_EPOCH:
        return kc_error_kafka_new(code, true, "Committing offsets of group %s: %s",
                                  committer->group, kc_kafka_error_name(code));
    case KC_KAFKA_ILLEGAL_GENERATION:
    case KC_KAFKA_UNKNOWN_MEMBER_ID:
    case KC_KAFKA_FENCED_INSTANCE_ID:
    case KC_KAFKA_FENCED_MEMBER_EPOCH:
    case KC_KAFKA_GROUP_AUTHORIZATION_FAILED:
    case KC_KAFKA_INVALID_GROUP_ID:
    case KC_KAFKA_GROUP_ID_NOT_FOUND:
        return kc_kafka_error_new(code, NULL, "Committing offsets of group %s", committer->group);
    default:
        return NULL;
    }
}

/* The index of an answered partition among the sent ones: usually the one after the last found. */
static size_t place_of(const struct kc_group_offset *offsets, size_t count, size_t guess,
                       const char *topic, int32_t partition)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = (guess + i) % count;
        if (offsets[at].partition == partition && strcmp(offsets[at].topic, topic) == 0)
            return at;
    }
    return count;
}

static struct kc_error *take_commit(const struct kc_group_committer *committer,
                                    const struct kc_offset_commit_response *response,
                                    const struct kc_group_offset *offsets, size_t count,
                                    struct kc_error **errors)
{
    size_t next = 0;
    for (int32_t i = 0; i < response->topics.count; i++) {
        const struct kc_offset_commit_response_topic *topic = &response->topics.items[i];
        for (int32_t j = 0; j < topic->partitions.count; j++, next++) {
            int code = topic->partitions.items[j].error_code;
            int32_t partition = topic->partitions.items[j].partition_index;
            if (code == KC_KAFKA_NONE)
                continue;
            struct kc_error *err = whole_error(committer, code);
            if (err)
                return err;
            size_t at = place_of(offsets, count, next, topic->name.data, partition);
            if (errors && at < count && !errors[at])
                errors[at] = kc_kafka_error_new(code, NULL, "Committing the offset of %s-%d",
                                                offsets[at].topic, partition);
        }
    }
    return NULL;
}

static bool is_elsewhere(const struct kc_error *err)
{
    int code = kc_error_kafka_code(err);
    return code == KC_KAFKA_NOT_COORDINATOR || code == KC_KAFKA_COORDINATOR_NOT_AVAILABLE ||
           code == KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
}

static void back_off(struct kc_wire_client *client, int attempt)
{
    int64_t ms = kc_wire_backoff_ms(client, attempt);
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static struct kc_error *commit_once(struct kc_wire_client *client,
                                    const struct kc_group_committer *committer,
                                    const struct kc_group_offset *offsets, size_t count,
                                    int64_t deadline_ms, struct kc_error **errors)
{
    struct kc_wire_reply *reply = NULL;
    struct kc_error *err =
        kc_wire_call(client, make_commit(committer, offsets, count), deadline_ms, &reply);
    if (err)
        return kc_error_prefix(err, "Committing offsets of group %s", committer->group);
    err = take_commit(committer, reply->message, offsets, count, errors);
    kc_wire_reply_unref(reply);
    return err;
}

struct kc_error *kc_group_commit(struct kc_group_client *client,
                                 const struct kc_group_committer *committer,
                                 const struct kc_group_offset *offsets, size_t count,
                                 int64_t deadline_ms, struct kc_error **errors)
{
    struct kc_wire_client *wire = kc_group_client_wire(client);
    for (size_t i = 0; errors && i < count; i++)
        errors[i] = NULL;
    for (int attempt = 0;; attempt++) {
        struct kc_error *err =
            count ? commit_once(wire, committer, offsets, count, deadline_ms, errors) : NULL;
        if (!is_elsewhere(err) || kc_mono_ms() >= deadline_ms)
            return err;
        kc_error_destroy(err);
        kc_wire_forget_coordinator(wire, KC_WIRE_GROUP, committer->group);
        back_off(wire, attempt);
    }
}
