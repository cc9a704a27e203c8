/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups with their members, of both protocols: see connect/admin.h.
 *
 * As in Java's DescribeConsumerGroupsHandler, each group is first asked for as a consumer group
 * (KIP-848). If its coordinator doesn't know it as such, it is asked for as a classic one. The
 * metadata of a classic group's members is read in the layout of ConsumerProtocol, and left out if
 * they aren't consumers. Any thread, several at once.
 */
#include "base/byte_reader.h"
#include "connect/admin.h"
#include "kafka/admin_ask_priv.h"
#include "wire/messages_group.h"

#include <stdlib.h>
#include <string.h>

struct group_call {
    struct kc_admin *admin;
    struct kc_group_description *group;
    bool classic; /* it is no consumer group, or its coordinator knows none */
};

static char *text_or_empty(struct kc_wire_str text)
{
    char *copy = kc_admin_text(text);
    return copy ? copy : kc_strdup("");
}

static struct kc_wire_request *to_coordinator(enum kc_api api, const struct group_call *call)
{
    return kc_admin_to_coordinator(api, KC_WIRE_GROUP, call->group->id);
}

/* False: it may pass. */
static bool take_code(struct group_call *call, int16_t code, struct kc_wire_str message)
{
    return kc_admin_coordinator_answered(call->admin, KC_WIRE_GROUP, call->group->id,
                                         &call->group->error, code, message, "describing group");
}

/* ---- consumer groups ---- */

static struct kc_wire_request *build_consumer(void *arg)
{
    struct kc_wire_request *request = to_coordinator(KC_API_CONSUMER_GROUP_DESCRIBE, arg);
    struct kc_consumer_group_describe_request *message = request->message;
    KC_WIRE_LIST_NEW_OF(request->arena, &message->group_ids, 1);
    message->group_ids.items[0] = kc_wire_str(request->target.key);
    return request;
}

static rd_kafka_topic_partition_list_t *
partitions_of(const struct kc_consumer_group_describe_response_assignment *from)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
    for (int32_t i = 0; i < from->topic_partitions.count; i++) {
        const struct kc_consumer_group_describe_response_topic_partition *topic =
            &from->topic_partitions.items[i];
        for (int32_t j = 0; topic->topic_name.len >= 0 && j < topic->partitions.count; j++)
            rd_kafka_topic_partition_list_add(list, topic->topic_name.data,
                                              topic->partitions.items[j]);
    }
    return list;
}

static void take_consumer_member(struct kc_member_description *to,
                                 const struct kc_consumer_group_describe_response_member *from)
{
    *to = (struct kc_member_description){
        .member_id = text_or_empty(from->member_id),
        .instance_id = kc_admin_text(from->instance_id),
        .client_id = text_or_empty(from->client_id),
        .host = text_or_empty(from->client_host),
        .epoch = from->member_epoch,
        .topic_regex = from->subscribed_topic_regex.len > 0
                           ? kc_admin_text(from->subscribed_topic_regex)
                           : NULL,
        .assignment = partitions_of(&from->assignment),
        .target = partitions_of(&from->target_assignment),
    };
    for (int32_t i = 0; i < from->subscribed_topic_names.count; i++)
        kc_strings_add(&to->topics, from->subscribed_topic_names.items[i].data);
}

static void take_consumer_group(struct kc_group_description *to,
                                const struct kc_consumer_group_describe_response_group *from)
{
    size_t count = from->members.count > 0 ? (size_t)from->members.count : 0;
    to->consumer = true;
    to->state = text_or_empty(from->group_state);
    to->protocol_type = kc_strdup("consumer");
    to->assignor = text_or_empty(from->assignor_name);
    to->epoch = from->group_epoch;
    to->assignment_epoch = from->assignment_epoch;
    to->members = kc_calloc(count + 1, sizeof(*to->members));
    to->member_count = count;
    for (size_t i = 0; i < count; i++)
        take_consumer_member(&to->members[i], &from->members.items[i]);
}

static bool take_consumer(void *arg, const struct kc_wire_reply *reply)
{
    struct group_call *call = arg;
    const struct kc_consumer_group_describe_response *response = reply->message;
    if (response->groups.count != 1)
        return take_code(call, KC_KAFKA_UNKNOWN_SERVER_ERROR,
                         kc_wire_str("the answer has no such group"));
    const struct kc_consumer_group_describe_response_group *group = &response->groups.items[0];
    call->classic = group->error_code == KC_KAFKA_GROUP_ID_NOT_FOUND;
    bool final = take_code(call, group->error_code, group->error_message);
    if (!call->group->error)
        take_consumer_group(call->group, group);
    return final;
}

/* ---- classic groups ---- */

static struct kc_wire_request *build_classic(void *arg)
{
    struct kc_wire_request *request = to_coordinator(KC_API_DESCRIBE_GROUPS, arg);
    struct kc_describe_groups_request *message = request->message;
    KC_WIRE_LIST_NEW_OF(request->arena, &message->groups, 1);
    message->groups.items[0] = kc_wire_str(request->target.key);
    return request;
}

static struct reader reader_of(struct kc_wire_bytes bytes)
{
    return (struct reader){bytes.data, bytes.data + (bytes.len > 0 ? bytes.len : 0), NULL};
}

/* A string of the member's, owned by the caller; NULL: it is cut off. */
static char *read_text(struct reader *in)
{
    int64_t len = read_int(in, 2);
    const uint8_t *data = read_bytes(in, len);
    return data ? kc_strndup((const char *)data, (size_t)len) : NULL;
}

/* ConsumerProtocolSubscription: version, topics; what follows isn't needed. */
static void read_topics(struct kc_wire_bytes metadata, struct kc_strings *topics)
{
    struct reader in = reader_of(metadata);
    read_int(&in, 2);
    for (int64_t count = read_int(&in, 4); count > 0 && !in.bad; count--) {
        char *topic = read_text(&in);
        if (topic)
            kc_strings_take(topics, topic);
    }
}

/* ConsumerProtocolAssignment: version, topics with their partitions. */
static rd_kafka_topic_partition_list_t *read_assignment(struct kc_wire_bytes assignment)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
    struct reader in = reader_of(assignment);
    if (assignment.len <= 0)
        return list;
    read_int(&in, 2);
    for (int64_t topics = read_int(&in, 4); topics > 0 && !in.bad; topics--) {
        char *topic = read_text(&in);
        int64_t count = read_int(&in, 4);
        for (; topic && count > 0; count--) {
            int32_t partition = (int32_t)read_int(&in, 4);
            if (in.bad)
                break;
            rd_kafka_topic_partition_list_add(list, topic, partition);
        }
        free(topic);
    }
    return list;
}

static void take_classic_member(struct kc_member_description *to,
                                const struct kc_describe_groups_response_member *from,
                                bool is_consumer)
{
    static const struct kc_wire_bytes none = {NULL, -1};
    *to = (struct kc_member_description){
        .member_id = text_or_empty(from->member_id),
        .instance_id = kc_admin_text(from->group_instance_id),
        .client_id = text_or_empty(from->client_id),
        .host = text_or_empty(from->client_host),
        .epoch = -1,
        .assignment = read_assignment(is_consumer ? from->member_assignment : none),
    };
    if (is_consumer && from->member_metadata.len > 0)
        read_topics(from->member_metadata, &to->topics);
}

static void take_classic_group(struct kc_group_description *to,
                               const struct kc_describe_groups_response_group *from)
{
    size_t count = from->members.count > 0 ? (size_t)from->members.count : 0;
    to->state = text_or_empty(from->group_state);
    to->protocol_type = text_or_empty(from->protocol_type);
    to->assignor = text_or_empty(from->protocol_data);
    to->members = kc_calloc(count + 1, sizeof(*to->members));
    to->member_count = count;
    for (size_t i = 0; i < count; i++)
        take_classic_member(&to->members[i], &from->members.items[i],
                            strcmp(to->protocol_type, "consumer") == 0);
}

/* A missing group is an error from version 6 on, and "Dead" before (KIP-1043). */
static bool take_classic(void *arg, const struct kc_wire_reply *reply)
{
    struct group_call *call = arg;
    const struct kc_describe_groups_response *response = reply->message;
    if (response->groups.count != 1)
        return take_code(call, KC_KAFKA_UNKNOWN_SERVER_ERROR,
                         kc_wire_str("the answer has no such group"));
    const struct kc_describe_groups_response_group *group = &response->groups.items[0];
    if (group->error_code == KC_KAFKA_GROUP_ID_NOT_FOUND) {
        kc_error_clear(&call->group->error);
        call->group->state = kc_strdup("Dead");
        return true;
    }
    bool final = take_code(call, group->error_code, group->error_message);
    if (!call->group->error)
        take_classic_group(call->group, group);
    return final;
}

/* ---- both ---- */

/* Fills texts that are missing after an error or for a dead group. */
static void complete(struct kc_group_description *group)
{
    char **texts[] = {&group->state, &group->protocol_type, &group->assignor};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (!*texts[i])
            *texts[i] = kc_strdup("");
}

static bool lacks_api(const struct kc_error *err)
{
    return kc_error_kafka_code(err) == KC_KAFKA_UNSUPPORTED_VERSION;
}

/* Asks for those that aren't consumer groups in the classic way. */
static struct kc_error *ask_classic(struct kc_admin *admin, struct group_call *calls, size_t count,
                                    struct kc_admin_ask *asks)
{
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) {
        struct kc_group_description *group = calls[i].group;
        if (!calls[i].classic && !lacks_api(group->error))
            continue;
        kc_error_clear(&group->error);
        asks[asked++] = (struct kc_admin_ask){
            .arg = &calls[i], .build = build_classic, .take = take_classic, .error = &group->error};
    }
    return kc_admin_ask_all(admin, asks, asked);
}

struct kc_error *kc_admin_group_members(struct kc_admin *admin, const struct kc_strings *ids,
                                        struct kc_group_descriptions *groups)
{
    size_t count = ids->count;
    struct group_call *calls = kc_calloc(count + 1, sizeof(*calls));
    struct kc_admin_ask *asks = kc_calloc(count + 1, sizeof(*asks));
    groups->items = kc_calloc(count + 1, sizeof(*groups->items));
    groups->count = count;
    for (size_t i = 0; i < count; i++) {
        groups->items[i] = (struct kc_group_description){
            .id = kc_strdup(ids->items[i]), .epoch = -1, .assignment_epoch = -1};
        calls[i] = (struct group_call){.admin = admin, .group = &groups->items[i]};
        asks[i] = (struct kc_admin_ask){.arg = &calls[i],
                                        .build = build_consumer,
                                        .take = take_consumer,
                                        .error = &groups->items[i].error};
    }
    struct kc_error *err = kc_admin_ask_all(admin, asks, count);
    if (!err)
        err = ask_classic(admin, calls, count, asks);
    for (size_t i = 0; i < count; i++)
        complete(&groups->items[i]);
    if (err)
        kc_group_descriptions_destroy(groups);
    free(asks);
    free(calls);
    return err;
}

static void member_clear(struct kc_member_description *member)
{
    free(member->member_id);
    free(member->instance_id);
    free(member->client_id);
    free(member->host);
    free(member->topic_regex);
    kc_strings_destroy(&member->topics);
    rd_kafka_topic_partition_list_destroy(member->assignment);
    if (member->target)
        rd_kafka_topic_partition_list_destroy(member->target);
}

void kc_group_descriptions_destroy(struct kc_group_descriptions *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        struct kc_group_description *group = &groups->items[i];
        for (size_t j = 0; j < group->member_count; j++)
            member_clear(&group->members[j]);
        free(group->members);
        free(group->id);
        free(group->state);
        free(group->protocol_type);
        free(group->assignor);
        kc_error_destroy(group->error);
    }
    free(groups->items);
    *groups = (struct kc_group_descriptions){0};
}
