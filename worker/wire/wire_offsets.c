/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to partition leaders: offsets of many partitions, and deleting records up to an offset.
 * See wire_admin.h. On the caller's thread. */
#include "wire/fanout_priv.h"
#include "wire/messages_admin.h"
#include "wire/messages_data.h"
#include "wire/wire_admin.h"

#include <stdlib.h>

/* ---- Offsets ---- */

/* As no broker is called: asked by a replica, a leader tells all of its log. */
enum { SOME_REPLICA = INT32_MAX };

struct list_offsets {
    bool read_committed;
    bool as_replica;
    int32_t timeout_ms;
};

static void fill_list_offsets(struct kc_list_offsets_request_partition *to,
                              const struct wire_part *part)
{
    const struct kc_wire_offset_item *item = part->item;

    to->partition_index = part->partition;
    to->current_leader_epoch = part->leader_epoch;
    to->timestamp = item->timestamp;
}

static void build_list_offsets(const struct wire_fanout *fanout, struct kc_wire_request *request,
                               struct wire_part **parts, size_t count)
{
    const struct list_offsets *options = fanout->arg;
    struct kc_list_offsets_request *message = request->message;

    message->isolation_level = options->read_committed ? 1 : 0;
    if (options->as_replica)
        message->replica_id = SOME_REPLICA;
    message->timeout_ms = options->timeout_ms;
    WIRE_FANOUT_BUILD(request->arena, &message->topics, kc_list_offsets_request_topic,
                      kc_list_offsets_request_partition, parts, count, fill_list_offsets);
    for (size_t i = 0; i < count; i++) {
        const struct kc_wire_offset_item *item = parts[i]->item;

        if (item->timestamp == KC_WIRE_MAX_TIMESTAMP)
            request->min_version = 7;
    }
}

static void take_listed(const struct wire_fanout *fanout, struct wire_part *part,
                        const struct kc_list_offsets_response_partition *from)
{
    struct kc_wire_offset_item *item = part->item;

    wire_fanout_result(fanout, part, from->error_code, NULL);
    item->offset = from->offset;
    item->found_timestamp = from->timestamp;
    item->leader_epoch = from->leader_epoch;
}

static void take_list_offsets(struct wire_fanout *fanout, const struct kc_wire_reply *reply,
                              struct wire_part **parts, size_t count)
{
    const struct kc_list_offsets_response *response = reply->message;

    WIRE_FANOUT_TAKE(fanout, &response->topics, parts, count, take_listed);
}

static struct kc_error *list_all(struct kc_wire_admin *admin, struct kc_wire_offset_item *items,
                                 size_t count, struct list_offsets *options)
{
    struct wire_fanout fanout = {
        .api = KC_API_LIST_OFFSETS,
        .parts = kc_calloc(count + 1, sizeof(*fanout.parts)),
        .arg = options,
        .build = build_list_offsets,
        .take = take_list_offsets,
    };

    for (size_t i = 0; i < count; i++) {
        items[i].offset = items[i].found_timestamp = items[i].leader_epoch = -1;
        wire_fanout_add(&fanout, items[i].topic, items[i].partition, &items[i], &items[i].error);
    }
    struct kc_error *err = wire_fanout_run(admin, &fanout, options->timeout_ms);
    free(fanout.parts);
    return err ? kc_error_prefix(err, "listing offsets") : NULL;
}

struct kc_error *kc_wire_list_offsets(struct kc_wire_admin *admin,
                                      struct kc_wire_offset_item *items, size_t count,
                                      bool read_committed, int32_t timeout_ms)
{
    struct list_offsets options = {.read_committed = read_committed, .timeout_ms = timeout_ms};

    return list_all(admin, items, count, &options);
}

struct kc_error *kc_wire_log_ends(struct kc_wire_admin *admin, struct kc_wire_offset_item *items,
                                  size_t count, int32_t timeout_ms)
{
    struct list_offsets options = {.as_replica = true, .timeout_ms = timeout_ms};

    for (size_t i = 0; i < count; i++)
        items[i].timestamp = KC_WIRE_LATEST;
    return list_all(admin, items, count, &options);
}

/* ---- DeleteRecords ---- */

static void fill_delete(struct kc_delete_records_request_partition *to,
                        const struct wire_part *part)
{
    const struct kc_wire_delete_item *item = part->item;

    to->partition_index = part->partition;
    to->offset = item->before_offset;
}

static void build_delete(const struct wire_fanout *fanout, struct kc_wire_request *request,
                         struct wire_part **parts, size_t count)
{
    const int32_t *timeout_ms = fanout->arg;
    struct kc_delete_records_request *message = request->message;

    message->timeout_ms = *timeout_ms;
    WIRE_FANOUT_BUILD(request->arena, &message->topics, kc_delete_records_request_topic,
                      kc_delete_records_request_partition, parts, count, fill_delete);
}

static void take_deleted(const struct wire_fanout *fanout, struct wire_part *part,
                         const struct kc_delete_records_response_partition *from)
{
    struct kc_wire_delete_item *item = part->item;

    wire_fanout_result(fanout, part, from->error_code, NULL);
    item->low_watermark = from->low_watermark;
}

static void take_delete(struct wire_fanout *fanout, const struct kc_wire_reply *reply,
                        struct wire_part **parts, size_t count)
{
    const struct kc_delete_records_response *response = reply->message;

    WIRE_FANOUT_TAKE(fanout, &response->topics, parts, count, take_deleted);
}

struct kc_error *kc_wire_delete_records(struct kc_wire_admin *admin,
                                        struct kc_wire_delete_item *items, size_t count,
                                        int32_t timeout_ms)
{
    struct wire_fanout fanout = {
        .api = KC_API_DELETE_RECORDS,
        .parts = kc_calloc(count + 1, sizeof(*fanout.parts)),
        .arg = &timeout_ms,
        .build = build_delete,
        .take = take_delete,
    };

    for (size_t i = 0; i < count; i++) {
        items[i].low_watermark = -1;
        wire_fanout_add(&fanout, items[i].topic, items[i].partition, &items[i], &items[i].error);
    }
    struct kc_error *err = wire_fanout_run(admin, &fanout, timeout_ms);
    free(fanout.parts);
    return err ? kc_error_prefix(err, "deleting records") : NULL;
}
