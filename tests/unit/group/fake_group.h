/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker that coordinates groups, for tests of their members: it answers as it is told, and keeps
 * what was sent last. Everything behind one mutex.
 */
#ifndef TESTS_UNIT_GROUP_FAKE_GROUP_H
#define TESTS_UNIT_GROUP_FAKE_GROUP_H

#include "connect/group.h"
#include "wire/fake_broker.h"
#include "wire/messages_group.h"

#include <stdio.h>

enum { PATIENCE_MS = 20000, CODES = 8, BEATS = 20000 };

/* A heartbeat of a KIP-848 member. */
struct heard_beat {
    char id[32];
    char instance_id[32]; /* "" : none */
    int epoch;
    bool full;
    int owned;  /* -1: not said */
    int topics; /* -1: not said */
    char assignor[16];
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int codes[KC_API_KEYS][CODES]; /* of the next answers */
    bool hold_join;                /* joins wait */
    bool skip_assignment;
    const char *others[4]; /* ids of further members */
    int generation;
    /* what came */
    char member_id[64], instance_id[64], protocol[32];
    char given[4][64]; /* assignments of SyncGroup, as text, in the order of the members */
    int given_count;
    int joins, syncs, leaves, commits;
    atomic_int heartbeats;
    int committed_generation, committed_epoch;
    char committed_member[64], committed_metadata[64];
    int64_t committed_offset;
    /* KIP-848 */
    struct heard_beat beats[BEATS];
    int beat_count;
    int member_epoch; /* that is given */
    bool revokes;     /* the next answers have an assignment */
    struct fakes cluster;
} group = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* The next answer of an API has the code. */
static inline void group_fail(int api, int code)
{
    pthread_mutex_lock(&group.mutex);
    int i = 0;
    while (group.codes[api][i])
        i++;
    group.codes[api][i] = code;
    pthread_mutex_unlock(&group.mutex);
}

static int16_t next_code(int api)
{
    int code = group.codes[api][0];
    memmove(group.codes[api], group.codes[api] + 1, sizeof(int) * (CODES - 1));
    return (int16_t)code;
}

static void keep(char *to, size_t size, struct kc_wire_str from)
{
    snprintf(to, size, "%s", from.data ? from.data : "");
}

/* ---- answers; locked ---- */

static void answer_find(const struct kc_find_coordinator_request *request,
                        struct kc_find_coordinator_response *response, struct kc_arena *arena)
{
    KC_WIRE_LIST_NEW(arena, &response->coordinators, kc_find_coordinator_response_coordinator,
                     request->coordinator_keys.count);
    for (int32_t i = 0; i < request->coordinator_keys.count; i++) {
        response->coordinators.items[i].key = request->coordinator_keys.items[i];
        response->coordinators.items[i].node_id = 1;
        response->coordinators.items[i].host = kc_wire_str("127.0.0.1");
        response->coordinators.items[i].port = group.cluster.brokers[0].port;
    }
}

static void answer_join(const struct kc_join_group_request *request,
                        struct kc_join_group_response *response, struct kc_arena *arena)
{
    static const char own[] = "member-1";
    int32_t count = 1;
    group.joins++;
    keep(group.instance_id, sizeof(group.instance_id), request->group_instance_id);
    response->protocol_name = kc_wire_str("");
    response->leader = response->member_id = kc_wire_str(own);
    response->error_code = next_code(KC_API_JOIN_GROUP);
    if (!response->error_code && request->group_instance_id.len < 0 && !request->member_id.len)
        response->error_code = KC_KAFKA_MEMBER_ID_REQUIRED;
    if (response->error_code)
        return;
    response->generation_id = ++group.generation;
    response->protocol_type = kc_wire_str("consumer");
    response->protocol_name = kc_wire_str_copy(arena, request->protocols.items[0].name.data);
    response->skip_assignment = group.skip_assignment;
    while (count <= 4 && group.others[count - 1])
        count++;
    KC_WIRE_LIST_NEW(arena, &response->members, kc_join_group_response_member, count);
    for (int32_t i = 0; i < count; i++) {
        response->members.items[i].member_id = kc_wire_str(i ? group.others[i - 1] : own);
        response->members.items[i].metadata = request->protocols.items[0].metadata;
    }
}

static void answer_sync(const struct kc_sync_group_request *request,
                        struct kc_sync_group_response *response)
{
    group.syncs++;
    keep(group.member_id, sizeof(group.member_id), request->member_id);
    keep(group.protocol, sizeof(group.protocol), request->protocol_name);
    response->error_code = next_code(KC_API_SYNC_GROUP);
    response->assignment = kc_wire_bytes("", 0);
    group.given_count = request->assignments.count;
    for (int32_t i = 0; i < request->assignments.count && i < 4; i++) {
        struct kc_wire_bytes bytes = request->assignments.items[i].assignment;
        snprintf(group.given[i], sizeof(group.given[i]), "%.*s", (int)bytes.len,
                 (const char *)bytes.data);
        if (kc_wire_str_is(request->assignments.items[i].member_id, group.member_id))
            response->assignment = bytes;
    }
}

static void answer_leave(const struct kc_leave_group_request *request,
                         struct kc_leave_group_response *response)
{
    group.leaves++;
    keep(group.instance_id, sizeof(group.instance_id), request->members.items[0].group_instance_id);
    keep(group.member_id, sizeof(group.member_id), request->members.items[0].member_id);
}

static void answer_commit(const struct kc_offset_commit_request *request,
                          struct kc_offset_commit_response *response, struct kc_arena *arena)
{
    int16_t code = next_code(KC_API_OFFSET_COMMIT);
    group.commits++;
    keep(group.committed_member, sizeof(group.committed_member), request->member_id);
    keep(group.instance_id, sizeof(group.instance_id), request->group_instance_id);
    group.committed_generation = request->generation_id_or_member_epoch;
    KC_WIRE_LIST_NEW(arena, &response->topics, kc_offset_commit_response_topic,
                     request->topics.count);
    for (int32_t i = 0; i < request->topics.count; i++) {
        const struct kc_offset_commit_request_topic *from = &request->topics.items[i];
        struct kc_offset_commit_response_topic *to = &response->topics.items[i];
        to->name = from->name;
        KC_WIRE_LIST_NEW(arena, &to->partitions, kc_offset_commit_response_partition,
                         from->partitions.count);
        for (int32_t j = 0; j < from->partitions.count; j++) {
            to->partitions.items[j].partition_index = from->partitions.items[j].partition_index;
            to->partitions.items[j].error_code = code;
            group.committed_epoch = from->partitions.items[j].committed_leader_epoch;
            group.committed_offset = from->partitions.items[j].committed_offset;
            keep(group.committed_metadata, sizeof(group.committed_metadata),
                 from->partitions.items[j].committed_metadata);
        }
    }
}

static void hear_beat(const struct kc_consumer_group_heartbeat_request *request)
{
    ck_assert_int_lt(group.beat_count, BEATS);
    struct heard_beat *heard = &group.beats[group.beat_count++];
    keep(heard->id, sizeof(heard->id), request->member_id);
    keep(heard->instance_id, sizeof(heard->instance_id), request->instance_id);
    keep(heard->assignor, sizeof(heard->assignor), request->server_assignor);
    heard->epoch = request->member_epoch;
    heard->full = request->rebalance_timeout_ms > 0;
    heard->owned = request->topic_partitions.count;
    heard->topics = request->subscribed_topic_names.count;
}

static void answer_beat(const struct kc_consumer_group_heartbeat_request *request,
                        struct kc_consumer_group_heartbeat_response *response,
                        struct kc_arena *arena)
{
    hear_beat(request);
    response->error_code = next_code(KC_API_CONSUMER_GROUP_HEARTBEAT);
    response->member_id = request->member_id;
    response->member_epoch = request->member_epoch < 0 ? -1 : group.member_epoch;
    response->heartbeat_interval_ms = 50;
    if (!group.revokes && request->rebalance_timeout_ms <= 0)
        return;
    group.revokes = false;
    response->assignment = kc_arena_alloc(arena, sizeof(*response->assignment));
    KC_WIRE_LIST_NEW(arena, &response->assignment->topic_partitions,
                     kc_consumer_group_heartbeat_response_topic_partition, 1);
    KC_WIRE_LIST_NEW_OF(arena, &response->assignment->topic_partitions.items[0].partitions, 2);
}

static void answer_heartbeat(struct kc_heartbeat_response *response)
{
    group.heartbeats++;
    response->error_code = (int16_t)next_code(KC_API_HEARTBEAT);
}

static bool group_answer(struct fake *fake, int asked, int api, const void *request, void *response,
                         struct kc_arena *arena)
{
    pthread_mutex_lock(&group.mutex);
    while (api == KC_API_JOIN_GROUP && group.hold_join)
        pthread_cond_wait(&group.changed, &group.mutex);
    if (api == KC_API_FIND_COORDINATOR)
        answer_find(request, response, arena);
    else if (api == KC_API_JOIN_GROUP)
        answer_join(request, response, arena);
    else if (api == KC_API_SYNC_GROUP)
        answer_sync(request, response);
    else if (api == KC_API_HEARTBEAT)
        answer_heartbeat(response);
    else if (api == KC_API_LEAVE_GROUP)
        answer_leave(request, response);
    else if (api == KC_API_OFFSET_COMMIT)
        answer_commit(request, response, arena);
    else if (api == KC_API_CONSUMER_GROUP_HEARTBEAT)
        answer_beat(request, response, arena);
    else
        ck_abort_msg("asked for %s", kc_api_name(api));
    pthread_cond_broadcast(&group.changed);
    pthread_mutex_unlock(&group.mutex);
    return true;
}

/* ---- life ---- */

static struct kc_group_client *group_start(void)
{
    struct kc_group_client *client = NULL;
    group.cluster.answer = group_answer;
    group.member_epoch = 1;
    pthread_cond_init(&group.changed, NULL);
    fake_start(&group.cluster, 1, true);
    atomic_store(&group.cluster.leader, 1);
    struct kc_map *settings = fakes_settings(&group.cluster, "20");
    ck_assert_ptr_null(kc_group_client_new(settings, "group-test", &client));
    kc_map_destroy(settings);
    return client;
}

static void group_stop(struct kc_group_client *client)
{
    kc_group_client_destroy(client);
    fakes_stop(&group.cluster);
}

/* Waits for a condition of what has come. */
#define group_await(condition)                                                                     \
    do {                                                                                           \
        int64_t await_deadline = kc_mono_ms() + PATIENCE_MS;                                       \
        for (bool met = false; !met;) {                                                            \
            pthread_mutex_lock(&group.mutex);                                                      \
            met = (condition);                                                                     \
            pthread_mutex_unlock(&group.mutex);                                                    \
            ck_assert_msg(met || kc_mono_ms() < await_deadline, "waited in vain for: %s",          \
                          #condition);                                                             \
            usleep(met ? 0 : 2000);                                                                \
        }                                                                                          \
    } while (0)

#endif
