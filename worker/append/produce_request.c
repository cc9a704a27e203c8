/* SPDX-License-Identifier: Apache-2.0 */
/* Produce requests and answers, see produce_request.h. */
#include "append/produce_request.h"

#include <string.h>

/* From this version on, requests name topics only by id (KIP-516). */
#define FIRST_VERSION_WITH_IDS 13

/* How many parts from the first on are of its topic. */
static int32_t topic_run(const struct produce_part *parts, size_t count)
{
    size_t run = 1;

    while (run < count && strcmp(parts[run].topic, parts[0].topic) == 0)
        run++;
    return (int32_t)run;
}

static int32_t count_topics(const struct produce_part *parts, size_t count)
{
    int32_t topics = 0;

    for (size_t i = 0; i < count; topics++)
        i += (size_t)topic_run(parts + i, count - i);
    return topics;
}

static void fill_topic(struct kc_wire_request *request, struct kc_produce_request_topic *topic,
                       const struct produce_part *parts, int32_t run)
{
    topic->name = kc_wire_str_copy(request->arena, parts[0].topic);
    topic->topic_id = parts[0].topic_id;
    KC_WIRE_LIST_NEW(request->arena, &topic->partition_data, kc_produce_request_partition, run);
    for (int32_t i = 0; i < run; i++) {
        topic->partition_data.items[i].index = parts[i].partition;
        topic->partition_data.items[i].records = kc_wire_bytes(parts[i].records, parts[i].len);
    }
    if (kc_uuid_is_zero(&topic->topic_id))
        request->max_version = FIRST_VERSION_WITH_IDS - 1;
}

struct kc_wire_request *produce_request_new(const struct produce_part *parts, size_t count,
                                            const char *transactional_id, int16_t acks,
                                            int32_t timeout_ms)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_PRODUCE);
    struct kc_produce_request *message = request->message;

    message->transactional_id = kc_wire_str_copy(request->arena, transactional_id);
    message->acks = acks;
    message->timeout_ms = timeout_ms;
    KC_WIRE_LIST_NEW(request->arena, &message->topic_data, kc_produce_request_topic,
                     count_topics(parts, count));
    struct kc_produce_request_topic *topic = message->topic_data.items;
    for (size_t i = 0; i < count; topic++) {
        int32_t run = topic_run(parts + i, count - i);

        fill_topic(request, topic, parts + i, run);
        i += (size_t)run;
    }
    return request;
}

const struct kc_produce_response_partition *produce_answer_find(const struct kc_wire_reply *reply,
                                                                const char *topic,
                                                                const struct kc_uuid *topic_id,
                                                                int32_t partition)
{
    const struct kc_produce_response *response = reply->message;

    for (int32_t t = 0; t < response->responses.count; t++) {
        const struct kc_produce_response_topic *from = &response->responses.items[t];
        bool same = reply->version >= FIRST_VERSION_WITH_IDS
                        ? kc_uuid_equal(&from->topic_id, topic_id)
                        : kc_wire_str_is(from->name, topic);

        for (int32_t p = 0; same && p < from->partition_responses.count; p++) {
            if (from->partition_responses.items[p].index == partition)
                return &from->partition_responses.items[p];
        }
    }
    return NULL;
}
