/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to partition leaders: offsets of many partitions, and deleting records up to an offset.
 * See wire_admin.h. On the caller's thread. */
#include "wire/fanout_priv.h"
#include "wire/messages_admin.h"
#include "wire/messages_data.h"
#include "wire/wire_admin.h"

#include <stdlib.h>

/* ---- Offsets ---- */

struct list_offsets {
    bool read_committed;
    int32_t timeout_ms;
};

static void build_list_offsets(const struct wire_fanout *fanout, struct kc_wire_request *request,
                               struct wire_part **parts, size_t count)
{
    const struct list_offsets *options = fanout->arg;
    struct kc_list_offsets_request *message = request->message;

    message->isolation_level = options->read_committed ? 1 : 0;
    message->timeout_ms = options->timeout_ms;
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_list_offsets_request_topic,
                     wire_fanout_topics(parts, count));
    struct kc_list_offsets_request_topic *topic = message->topics.items;
    for (size_t i = 0; i < count; topic++) {
        int32_t run = wire_fanout_run_length(parts, count, i);

        topic->name = kc_wire_str_copy(request->arena, parts[i]->topic);
        KC_WIRE_LIST_NEW(request->arena, &topic->partitions, kc_list_offsets_request_partition,
                         run);
        for (int32_t j = 0; j < run; j++, i++) {
            const struct kc_wire_offset_item *item = parts[i]->item;

            topic->partitions.items[j].partition_index = parts[i]->partition;
            topic->partitions.items[j].current_leader_epoch = parts[i]->leader_epoch;
            topic->partitions.items[j].timestamp = item->timestamp;
            if (item->timestamp == KC_WIRE_MAX_TIMESTAMP)
                request->min_version = 7;
        }
    }
}

static void take_list_offsets(struct wire_fanout *fanout, const struct kc_wire_reply *reply,
                              struct wire_part **parts, size_t count)
{
    const struct kc_list_offsets_response *response = reply->message;

    for (int32_t i = 0; i < response->topics.count; i++) {
        const struct kc_list_offsets_response_topic *topic = &response->topics.items[i];

        for (int32_t j = 0; j < topic->partitions.count; j++) {
            const struct kc_list_offsets_response_partition *from = &topic->partitions.items[j];
            struct wire_part *part =
                wire_fanout_find(parts, count, topic->name, from->partition_index);
            struct kc_wire_offset_item *item = part ? part->item : NULL;

            if (!part)
                continue;
            wire_fanout_result(fanout, part, from->error_code, NULL);
            item->offset = from->offset;
            item->found_timestamp = from->timestamp;
            item->leader_epoch = from->leader_epoch;
        }
    }
}

struct kc_error *kc_wire_list_offsets(struct kc_wire_admin *admin,
                                      struct kc_wire_offset_item *items, size_t count,
                                      bool read_committed, int32_t timeout_ms)
{
    struct list_offsets options = {read_committed, timeout_ms};
    struct wire_fanout fanout = {
        .api = KC_API_LIST_OFFSETS,
        .parts = kc_calloc(count + 1, sizeof(*fanout.parts)),
        .count = count,
        .arg = &options,
        .build = build_list_offsets,
        .take = take_list_offsets,
    };
    struct kc_error *err;

    for (size_t i = 0; i < count; i++) {
        items[i].error = NULL;
        items[i].offset = items[i].found_timestamp = items[i].leader_epoch = -1;
        fanout.parts[i] = (struct wire_part){.topic = items[i].topic,
                                             .partition = items[i].partition,
                                             .item = &items[i],
                                             .error = &items[i].error};
    }
    err = wire_fanout_run(admin, &fanout, timeout_ms);
    free(fanout.parts);
    return err ? kc_error_prefix(err, "listing offsets") : NULL;
}

/* ---- DeleteRecords ---- */

static void build_delete(const struct wire_fanout *fanout, struct kc_wire_request *request,
                         struct wire_part **parts, size_t count)
{
    const int32_t *timeout_ms = fanout->arg;
    struct kc_delete_records_request *message = request->message;

    message->timeout_ms = *timeout_ms;
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_delete_records_request_topic,
                     wire_fanout_topics(parts, count));
    struct kc_delete_records_request_topic *topic = message->topics.items;
    for (size_t i = 0; i < count; topic++) {
        int32_t run = wire_fanout_run_length(parts, count, i);

        topic->name = kc_wire_str_copy(request->arena, parts[i]->topic);
        KC_WIRE_LIST_NEW(request->arena, &topic->partitions, kc_delete_records_request_partition,
                         run);
        for (int32_t j = 0; j < run; j++, i++) {
            const struct kc_wire_delete_item *item = parts[i]->item;

            topic->partitions.items[j].partition_index = parts[i]->partition;
            topic->partitions.items[j].offset = item->before_offset;
        }
    }
}

static void take_delete(struct wire_fanout *fanout, const struct kc_wire_reply *reply,
                        struct wire_part **parts, size_t count)
{
    const struct kc_delete_records_response *response = reply->message;

    for (int32_t i = 0; i < response->topics.count; i++) {
        const struct kc_delete_records_response_topic *topic = &response->topics.items[i];

        for (int32_t j = 0; j < topic->partitions.count; j++) {
            const struct kc_delete_records_response_partition *from = &topic->partitions.items[j];
            struct wire_part *part =
                wire_fanout_find(parts, count, topic->name, from->partition_index);

            if (!part)
                continue;
            wire_fanout_result(fanout, part, from->error_code, NULL);
            ((struct kc_wire_delete_item *)part->item)->low_watermark = from->low_watermark;
        }
    }
}

struct kc_error *kc_wire_delete_records(struct kc_wire_admin *admin,
                                        struct kc_wire_delete_item *items, size_t count,
                                        int32_t timeout_ms)
{
    struct wire_fanout fanout = {
        .api = KC_API_DELETE_RECORDS,
        .parts = kc_calloc(count + 1, sizeof(*fanout.parts)),
        .count = count,
        .arg = &timeout_ms,
        .build = build_delete,
        .take = take_delete,
    };
    struct kc_error *err;

    for (size_t i = 0; i < count; i++) {
        items[i].error = NULL;
        items[i].low_watermark = -1;
        fanout.parts[i] = (struct wire_part){.topic = items[i].topic,
                                             .partition = items[i].partition,
                                             .item = &items[i],
                                             .error = &items[i].error};
    }
    err = wire_fanout_run(admin, &fanout, timeout_ms);
    free(fanout.parts);
    return err ? kc_error_prefix(err, "deleting records") : NULL;
}
