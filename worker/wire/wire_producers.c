/* SPDX-License-Identifier: Apache-2.0 */
/* Producers and markers, asked of partition leaders: see wire_producers.h. On the caller's thread.
 */
#include "wire/wire_producers.h"

#include "wire/fanout_priv.h"
#include "wire/messages_txn.h"

#include <stdlib.h>

/* ---- DescribeProducers ---- */

static void build_describe(const struct wire_fanout *fanout, struct kc_wire_request *request,
                           struct wire_part **parts, size_t count)
{
    struct kc_describe_producers_request *message = request->message;

    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_describe_producers_request_topic,
                     wire_fanout_topics(parts, count));
    struct kc_describe_producers_request_topic *topic = message->topics.items;
    for (size_t i = 0; i < count; topic++) {
        int32_t run = wire_fanout_run_length(parts, count, i);

        topic->name = kc_wire_str_copy(request->arena, parts[i]->topic);
        KC_WIRE_LIST_NEW_OF(request->arena, &topic->partition_indexes, run);
        for (int32_t j = 0; j < run; j++, i++)
            topic->partition_indexes.items[j] = parts[i]->partition;
    }
}

static void take_producers(struct kc_partition_producers *to,
                           const struct kc_describe_producers_response_partition *from)
{
    size_t count = from->active_producers.count > 0 ? (size_t)from->active_producers.count : 0;

    free(to->producers);
    to->producers = kc_calloc(count + 1, sizeof(*to->producers));
    to->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct kc_describe_producers_response_active_producer *one =
            &from->active_producers.items[i];

        to->producers[i] = (struct kc_partition_producer){
            .producer_id = one->producer_id,
            .producer_epoch = one->producer_epoch,
            .last_sequence = one->last_sequence,
            .last_timestamp = one->last_timestamp,
            .coordinator_epoch = one->coordinator_epoch,
            .current_txn_start_offset = one->current_txn_start_offset,
        };
    }
}

static void take_described(const struct wire_fanout *fanout, struct wire_part *part,
                           const struct kc_describe_producers_response_partition *from)
{
    wire_fanout_result(fanout, part, from->error_code, from->error_message.data);
    if (from->error_code == KC_KAFKA_NONE)
        take_producers(part->item, from);
}

static void take_describe(struct wire_fanout *fanout, const struct kc_wire_reply *reply,
                          struct wire_part **parts, size_t count)
{
    const struct kc_describe_producers_response *response = reply->message;

    WIRE_FANOUT_TAKE(fanout, &response->topics, parts, count, take_described);
}

struct kc_error *kc_wire_describe_producers(struct kc_wire_admin *admin,
                                            struct kc_partition_producers *items, size_t count,
                                            int32_t timeout_ms)
{
    struct wire_fanout fanout = {
        .api = KC_API_DESCRIBE_PRODUCERS,
        .parts = kc_calloc(count + 1, sizeof(*fanout.parts)),
        .build = build_describe,
        .take = take_describe,
    };

    for (size_t i = 0; i < count; i++) {
        items[i].producers = NULL;
        items[i].count = 0;
        wire_fanout_add(&fanout, items[i].topic, items[i].partition, &items[i], &items[i].error);
    }
    struct kc_error *err = wire_fanout_run(admin, &fanout, timeout_ms);
    free(fanout.parts);
    return err ? kc_error_prefix(err, "describing producers") : NULL;
}

/* ---- WriteTxnMarkers ---- */

#define MARKERS_PER_REQUEST 1000

static void build_markers(const struct wire_fanout *fanout, struct kc_wire_request *request,
                          struct wire_part **parts, size_t count)
{
    struct kc_write_txn_markers_request *message = request->message;

    KC_WIRE_LIST_NEW(request->arena, &message->markers, kc_write_txn_markers_request_marker,
                     (int32_t)count);
    for (size_t i = 0; i < count; i++) {
        struct kc_txn_marker *from = parts[i]->item;
        struct kc_write_txn_markers_request_marker *to = &message->markers.items[i];

        from->unknown = true; /* until there is an answer */
        to->producer_id = from->producer_id;
        to->producer_epoch = from->producer_epoch;
        to->coordinator_epoch = from->coordinator_epoch;
        to->transaction_result = from->commit;
        KC_WIRE_LIST_NEW(request->arena, &to->topics, kc_write_txn_markers_request_topic, 1);
        to->topics.items[0].name = kc_wire_str_copy(request->arena, from->topic);
        KC_WIRE_LIST_NEW_OF(request->arena, &to->topics.items[0].partition_indexes, 1);
        to->topics.items[0].partition_indexes.items[0] = from->partition;
    }
}

/* Whether the code is given before anything is written. */
static bool is_definite(int16_t code)
{
    return code == KC_KAFKA_NONE || code == KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED ||
           code == KC_KAFKA_NOT_ENOUGH_REPLICAS || code == KC_KAFKA_INVALID_PRODUCER_EPOCH ||
           code == KC_KAFKA_TRANSACTION_COORDINATOR_FENCED ||
           code == KC_KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT;
}

/* Several markers of one id and partition share one answer. */
static void take_marker(struct wire_fanout *fanout, struct wire_part **parts, size_t count,
                        int64_t producer_id, struct kc_wire_str topic,
                        const struct kc_write_txn_markers_response_partition *from)
{
    for (size_t i = 0; i < count; i++) {
        struct kc_txn_marker *marker = parts[i]->item;

        if (marker->producer_id != producer_id || marker->partition != from->partition_index ||
            !kc_wire_str_is(topic, marker->topic))
            continue;
        wire_fanout_result(fanout, parts[i], from->error_code, NULL);
        marker->unknown = !is_definite(from->error_code);
    }
}

static void take_markers(struct wire_fanout *fanout, const struct kc_wire_reply *reply,
                         struct wire_part **parts, size_t count)
{
    const struct kc_write_txn_markers_response *response = reply->message;

    for (int32_t i = 0; i < response->markers.count; i++) {
        const struct kc_write_txn_markers_response_marker *marker = &response->markers.items[i];

        for (int32_t j = 0; j < marker->topics.count; j++) {
            const struct kc_write_txn_markers_response_topic *topic = &marker->topics.items[j];

            for (int32_t k = 0; k < topic->partitions.count; k++)
                take_marker(fanout, parts, count, marker->producer_id, topic->name,
                            &topic->partitions.items[k]);
        }
    }
}

/* If some markers were sent, a failure of the whole call becomes the error of the unsent ones.
 * Takes err. */
static struct kc_error *share_failure(const struct wire_fanout *fanout, struct kc_error *err)
{
    bool sent = false;

    for (size_t i = 0; i < fanout->count; i++)
        sent = sent || fanout->parts[i].done;
    if (!err || !sent)
        return err;
    for (size_t i = 0; i < fanout->count; i++) {
        if (fanout->parts[i].done)
            continue;
        kc_error_destroy(*fanout->parts[i].error);
        *fanout->parts[i].error = kc_error_copy(err);
    }
    kc_error_destroy(err);
    return NULL;
}

static struct kc_error *write_some(struct kc_wire_admin *admin, struct kc_txn_marker *markers,
                                   size_t count, int32_t timeout_ms)
{
    struct wire_fanout fanout = {
        .api = KC_API_WRITE_TXN_MARKERS,
        .parts = kc_calloc(count + 1, sizeof(*fanout.parts)),
        .once = true,
        .build = build_markers,
        .take = take_markers,
    };

    for (size_t i = 0; i < count; i++)
        wire_fanout_add(&fanout, markers[i].topic, markers[i].partition, &markers[i],
                        &markers[i].error);
    struct kc_error *err = share_failure(&fanout, wire_fanout_run(admin, &fanout, timeout_ms));
    free(fanout.parts);
    for (size_t i = 0; !err && i < count; i++) {
        if (markers[i].unknown && !markers[i].error)
            markers[i].error =
                kc_error_new(KC_ERR_KAFKA, "the broker's answer left out a marker for %s-%d",
                             markers[i].topic, markers[i].partition);
    }
    return err;
}

struct kc_error *kc_wire_write_markers(struct kc_wire_admin *admin, struct kc_txn_marker *markers,
                                       size_t count, int32_t timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct kc_error *err = NULL;
    size_t some;

    for (size_t i = 0; i < count; i++) {
        markers[i].error = NULL;
        markers[i].unknown = false;
    }
    for (size_t i = 0; i < count; i += some) {
        int64_t left = deadline - kc_mono_ms();

        some = count - i < MARKERS_PER_REQUEST ? count - i : MARKERS_PER_REQUEST;
        err = write_some(admin, markers + i, some, kc_timeout_ms(left > 0 ? left : 1));
        if (!err)
            continue;
        if (i == 0)
            return kc_error_prefix(err, "writing markers");
        for (size_t j = i; j < count; j++) /* those before are written */
            markers[j].error = kc_error_copy(err);
        kc_error_destroy(err);
        return NULL;
    }
    return NULL;
}
