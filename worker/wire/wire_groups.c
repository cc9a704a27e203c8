/* SPDX-License-Identifier: Apache-2.0 */
/* Admin calls on many groups, see wire_groups.h. On the caller's thread. */
#include "wire/wire_groups.h"

#include "wire/group_call_priv.h"
#include "wire/messages_group.h"

#include <stdlib.h>
#include <string.h>

/* Of OffsetFetch. Brokers take requests of 100 MB. */
enum {
    GROUPS_PER_REQUEST = 250,
    PARTITIONS_PER_REQUEST = 100000,
};

/* ---- offsets by topic ---- */

static int32_t count_topics(const struct kc_wire_group_offsets *group)
{
    int32_t topics = 0;

    for (size_t i = 0; i < group->count; i++)
        topics += i == 0 || strcmp(group->offsets[i].topic, group->offsets[i - 1].topic) != 0;
    return topics;
}

static size_t topic_end(const struct kc_wire_group_offsets *group, size_t begin)
{
    size_t end = begin + 1;

    while (end < group->count &&
           strcmp(group->offsets[end].topic, group->offsets[begin].topic) == 0)
        end++;
    return end;
}

/* ---- OffsetFetch ---- */

struct visitor {
    kc_wire_group_visit visit;
    void *arg;
};

static void build_fetch(struct wire_group_call *call, struct kc_wire_request *request,
                        struct wire_group_part **parts, size_t count)
{
    struct kc_offset_fetch_request *message = request->message;

    if (call->old) {
        message->topics.count = -1; /* all */
        message->group_id = kc_wire_str_copy(request->arena, parts[0]->group);
        request->min_version = 2;
        request->max_version = 7;
        return;
    }
    request->min_version = 8;
    KC_WIRE_LIST_NEW(request->arena, &message->groups, kc_offset_fetch_request_group,
                     (int32_t)count);
    for (size_t i = 0; i < count; i++) {
        message->groups.items[i].group_id = kc_wire_str_copy(request->arena, parts[i]->group);
        message->groups.items[i].topics.count = -1;
    }
}

static const char fetching[] = "reading the committed offsets";

static void take_old_fetch(struct wire_group_call *call,
                           const struct kc_offset_fetch_response *response,
                           struct wire_group_part *part)
{
    const struct visitor *visitor = call->arg;

    wire_group_part_result(part, response->error_code, NULL, fetching);
    for (int32_t i = 0; !*part->error && i < response->topics.count; i++) {
        const struct kc_offset_fetch_response_topic *topic = &response->topics.items[i];

        for (int32_t j = 0; j < topic->partitions.count; j++) {
            const struct kc_offset_fetch_response_partition *one = &topic->partitions.items[j];
            struct kc_wire_group_offset offset = {topic->name.data, one->partition_index,
                                                  one->committed_offset, one->metadata.data};

            visitor->visit(visitor->arg, part->index, &offset);
        }
    }
}

static void take_group(struct wire_group_call *call,
                       const struct kc_offset_fetch_response_group *group,
                       struct wire_group_part *part)
{
    const struct visitor *visitor = call->arg;

    wire_group_part_result(part, group->error_code, NULL, fetching);
    for (int32_t i = 0; !*part->error && i < group->topics.count; i++) {
        const struct kc_offset_fetch_response_group_topic *topic = &group->topics.items[i];

        for (int32_t j = 0; j < topic->partitions.count; j++) {
            const struct kc_offset_fetch_response_group_topic_partition *one =
                &topic->partitions.items[j];
            struct kc_wire_group_offset offset = {topic->name.data, one->partition_index,
                                                  one->committed_offset, one->metadata.data};

            visitor->visit(visitor->arg, part->index, &offset);
        }
    }
}

static void take_fetch(struct wire_group_call *call, const struct kc_wire_reply *reply,
                       struct wire_group_part **parts, size_t count)
{
    const struct kc_offset_fetch_response *response = reply->message;

    if (reply->version < 8) {
        take_old_fetch(call, response, parts[0]);
        return;
    }
    for (int32_t i = 0; i < response->groups.count; i++) {
        struct wire_group_part *part =
            wire_group_call_find(call, response->groups.items[i].group_id);

        if (part && !part->done)
            take_group(call, &response->groups.items[i], part);
    }
}

struct kc_error *kc_wire_groups_offsets(struct kc_wire_admin *admin, const char *const *groups,
                                        size_t count, kc_wire_group_visit visit, void *arg,
                                        int32_t timeout_ms, struct kc_error **errors)
{
    struct visitor visitor = {visit, arg};
    struct wire_group_call call = {
        .admin = admin,
        .parts = kc_calloc(count + 1, sizeof(*call.parts)),
        .deadline_ms = kc_mono_ms() + timeout_ms,
        .per_request = GROUPS_PER_REQUEST,
        .build = build_fetch,
        .take = take_fetch,
        .api = KC_API_OFFSET_FETCH,
        .arg = &visitor,
    };

    for (size_t i = 0; i < count; i++)
        wire_group_call_add(&call, groups[i], &errors[i]);
    wire_group_call_run(&call);
    free(call.parts);
    return NULL;
}

/* ---- OffsetFetch, for offsets that aren't stable ---- */

struct open_call {
    const struct kc_wire_group_offsets *groups;
    bool *open;
};

static void name_partitions(struct kc_arena *arena, const struct kc_wire_group_offsets *offsets,
                            struct kc_offset_fetch_request_group *group)
{
    KC_WIRE_LIST_NEW(arena, &group->topics, kc_offset_fetch_request_group_topic,
                     count_topics(offsets));
    struct kc_offset_fetch_request_group_topic *topic = group->topics.items;
    for (size_t i = 0; i < offsets->count; topic++) {
        size_t end = topic_end(offsets, i);

        topic->name = kc_wire_str_copy(arena, offsets->offsets[i].topic);
        KC_WIRE_LIST_NEW_OF(arena, &topic->partition_indexes, (int32_t)(end - i));
        for (int32_t j = 0; i < end; i++, j++)
            topic->partition_indexes.items[j] = offsets->offsets[i].partition;
    }
}

static void build_open(struct wire_group_call *call, struct kc_wire_request *request,
                       struct wire_group_part **parts, size_t count)
{
    const struct open_call *asked = call->arg;
    struct kc_offset_fetch_request *message = request->message;

    build_fetch(call, request, parts, count);
    message->require_stable = !call->old;
    for (size_t i = 0; !call->old && i < count; i++)
        name_partitions(request->arena, &asked->groups[parts[i]->index], &message->groups.items[i]);
}

static bool is_open(const struct kc_offset_fetch_response_group *group)
{
    for (int32_t i = 0; i < group->topics.count; i++) {
        const struct kc_offset_fetch_response_group_topic *topic = &group->topics.items[i];

        for (int32_t j = 0; j < topic->partitions.count; j++) {
            if (topic->partitions.items[j].error_code == KC_KAFKA_UNSTABLE_OFFSET_COMMIT)
                return true;
        }
    }
    return false;
}

static void take_open(struct wire_group_call *call, const struct kc_wire_reply *reply,
                      struct wire_group_part **parts, size_t count)
{
    const struct kc_offset_fetch_response *response = reply->message;
    const struct open_call *asked = call->arg;

    if (reply->version < 8)
        wire_group_part_result(parts[0], response->error_code, NULL, fetching);
    for (int32_t i = 0; reply->version >= 8 && i < response->groups.count; i++) {
        const struct kc_offset_fetch_response_group *group = &response->groups.items[i];
        struct wire_group_part *part = wire_group_call_find(call, group->group_id);

        if (!part || part->done)
            continue;
        wire_group_part_result(part, group->error_code, NULL, fetching);
        asked->open[part->index] = is_open(group);
    }
}

/* How many groups go into a request, by the one with the most partitions. */
static size_t groups_per_request(const struct kc_wire_group_offsets *groups, size_t count)
{
    size_t most = 1;

    for (size_t i = 0; i < count; i++)
        most = groups[i].count > most ? groups[i].count : most;
    if (most > PARTITIONS_PER_REQUEST)
        return 1;
    size_t fit = PARTITIONS_PER_REQUEST / most;
    return fit < GROUPS_PER_REQUEST ? fit : GROUPS_PER_REQUEST;
}

struct kc_error *kc_wire_groups_open_offsets(struct kc_wire_admin *admin,
                                             const struct kc_wire_group_offsets *groups,
                                             size_t count, bool *open, int32_t timeout_ms,
                                             struct kc_error **errors)
{
    struct open_call asked = {groups, open};
    struct wire_group_call call = {
        .admin = admin,
        .parts = kc_calloc(count + 1, sizeof(*call.parts)),
        .deadline_ms = kc_mono_ms() + timeout_ms,
        .per_request = groups_per_request(groups, count),
        .build = build_open,
        .take = take_open,
        .api = KC_API_OFFSET_FETCH,
        .arg = &asked,
    };

    memset(open, 0, count * sizeof(*open));
    for (size_t i = 0; i < count; i++)
        wire_group_call_add(&call, groups[i].group, &errors[i]);
    wire_group_call_run(&call);
    free(call.parts);
    return NULL;
}

/* ---- OffsetCommit ---- */

static void build_commit(struct wire_group_call *call, struct kc_wire_request *request,
                         struct wire_group_part **parts, size_t count)
{
    const struct kc_wire_group_offsets *commits = call->arg;
    const struct kc_wire_group_offsets *commit = &commits[parts[0]->index];
    struct kc_offset_commit_request *message = request->message;

    message->group_id = kc_wire_str_copy(request->arena, commit->group);
    message->generation_id_or_member_epoch = -1;
    message->member_id = kc_wire_str("");
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_offset_commit_request_topic,
                     count_topics(commit));
    struct kc_offset_commit_request_topic *topic = message->topics.items;
    for (size_t i = 0; i < commit->count; topic++) {
        size_t end = topic_end(commit, i);

        topic->name = kc_wire_str_copy(request->arena, commit->offsets[i].topic);
        KC_WIRE_LIST_NEW(request->arena, &topic->partitions, kc_offset_commit_request_partition,
                         (int32_t)(end - i));
        for (int32_t j = 0; i < end; i++, j++) {
            const struct kc_wire_group_offset *offset = &commit->offsets[i];

            topic->partitions.items[j].partition_index = offset->partition;
            topic->partitions.items[j].committed_offset = offset->offset;
            topic->partitions.items[j].committed_leader_epoch = -1;
            topic->partitions.items[j].committed_metadata =
                kc_wire_str_copy(request->arena, offset->metadata ? offset->metadata : "");
        }
    }
}

static void take_commit(struct wire_group_call *call, const struct kc_wire_reply *reply,
                        struct wire_group_part **parts, size_t count)
{
    const struct kc_offset_commit_response *response = reply->message;
    int16_t code = KC_KAFKA_NONE;

    for (int32_t i = 0; i < response->topics.count; i++) {
        const struct kc_offset_commit_response_topic *topic = &response->topics.items[i];

        for (int32_t j = 0; j < topic->partitions.count; j++) {
            if (code == KC_KAFKA_NONE)
                code = topic->partitions.items[j].error_code;
        }
    }
    wire_group_part_result(parts[0], code, NULL, "committing offsets");
}

struct kc_error *kc_wire_groups_commit(struct kc_wire_admin *admin,
                                       const struct kc_wire_group_offsets *commits, size_t count,
                                       int32_t timeout_ms, struct kc_error **errors)
{
    struct wire_group_call call = {
        .admin = admin,
        .parts = kc_calloc(count + 1, sizeof(*call.parts)),
        .deadline_ms = kc_mono_ms() + timeout_ms,
        .per_request = 1,
        .build = build_commit,
        .take = take_commit,
        .api = KC_API_OFFSET_COMMIT,
        .arg = (void *)commits,
    };

    for (size_t i = 0; i < count; i++)
        wire_group_call_add(&call, commits[i].group, &errors[i]);
    wire_group_call_run(&call);
    free(call.parts);
    return NULL;
}

/* ---- ListGroups ---- */

static struct kc_error *list_broker(struct kc_wire_admin *admin, int32_t broker_id,
                                    int64_t deadline_ms, kc_wire_group_seen seen, void *arg)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_LIST_GROUPS);
    struct kc_wire_reply *reply = NULL;

    request->target.kind = KC_WIRE_BROKER;
    request->target.broker_id = broker_id;
    struct kc_error *err = kc_wire_call(kc_wire_admin_client(admin), request, deadline_ms, &reply);
    if (err)
        return err;
    const struct kc_list_groups_response *response = reply->message;
    if (response->error_code != KC_KAFKA_NONE)
        err = kc_kafka_error_new(response->error_code, NULL, "listing the groups of broker %d",
                                 broker_id);
    for (int32_t i = 0; !err && i < response->groups.count; i++) {
        const struct kc_list_groups_response_group *group = &response->groups.items[i];

        seen(arg, group->group_id.data, group->protocol_type.data ? group->protocol_type.data : "",
             group->group_state.data ? group->group_state.data : "");
    }
    kc_wire_reply_unref(reply);
    return err;
}

struct kc_error *kc_wire_list_groups(struct kc_wire_admin *admin, kc_wire_group_seen seen,
                                     void *arg, int32_t timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct kc_wire_cluster_info info;
    struct kc_error *err = kc_wire_describe_cluster(admin, timeout_ms, &info);

    if (err)
        return err;
    for (size_t i = 0; !err && i < info.broker_count; i++)
        err = list_broker(admin, info.brokers[i].id, deadline, seen, arg);
    kc_wire_cluster_info_destroy(&info);
    return err;
}
