/* SPDX-License-Identifier: Apache-2.0 */
/* Producers and markers, asked of partition leaders: see wire_producers.h. On the caller's thread.
 */
#include "wire/wire_producers.h"

#include "wire/fanout_priv.h"
#include "wire/messages_txn.h"

#include <stdlib.h>
#include <string.h>

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

static int by_producer(const void *a, const void *b)
{
    const struct wire_part *x = *(struct wire_part *const *)a, *y = *(struct wire_part *const *)b;
    const struct kc_txn_marker *of_x = x->item, *of_y = y->item;
    int order = (of_x->producer_id > of_y->producer_id) - (of_x->producer_id < of_y->producer_id);

    if (!order)
        order = of_x->producer_epoch - of_y->producer_epoch;
    if (!order)
        order = (of_x->coordinator_epoch > of_y->coordinator_epoch) -
                (of_x->coordinator_epoch < of_y->coordinator_epoch);
    if (!order)
        order = of_x->commit - of_y->commit;
    if (!order)
        order = strcmp(x->topic, y->topic);
    return order ? order : (x->partition > y->partition) - (x->partition < y->partition);
}

static bool same_producer(const struct wire_part *one, const struct wire_part *other)
{
    const struct kc_txn_marker *of_one = one->item, *of_other = other->item;

    return of_one->producer_id == of_other->producer_id &&
           of_one->producer_epoch == of_other->producer_epoch &&
           of_one->coordinator_epoch == of_other->coordinator_epoch &&
           of_one->commit == of_other->commit;
}

static void fill_marker(struct kc_arena *arena, struct kc_write_txn_markers_request_marker *to,
                        struct wire_part **parts, size_t count)
{
    const struct kc_txn_marker *from = parts[0]->item;

    to->producer_id = from->producer_id;
    to->producer_epoch = from->producer_epoch;
    to->coordinator_epoch = from->coordinator_epoch;
    to->transaction_result = from->commit;
    KC_WIRE_LIST_NEW(arena, &to->topics, kc_write_txn_markers_request_topic,
                     wire_fanout_topics(parts, count));
    struct kc_write_txn_markers_request_topic *topic = to->topics.items;
    for (size_t i = 0; i < count; topic++) {
        int32_t run = wire_fanout_run_length(parts, count, i);

        topic->name = kc_wire_str_copy(arena, parts[i]->topic);
        KC_WIRE_LIST_NEW_OF(arena, &topic->partition_indexes, run);
        for (int32_t j = 0; j < run; j++, i++)
            topic->partition_indexes.items[j] = parts[i]->partition;
    }
}

/* Markers of one producer go as one, which a broker writes in one go. */
static void build_markers(const struct wire_fanout *fanout, struct kc_wire_request *request,
                          struct wire_part **parts, size_t count)
{
    struct kc_write_txn_markers_request *message = request->message;
    struct wire_part **sorted = kc_memdup(parts, count * sizeof(*parts));
    size_t run;

    KC_WIRE_LIST_NEW(request->arena, &message->markers, kc_write_txn_markers_request_marker,
                     (int32_t)count);
    message->markers.count = 0;
    qsort(sorted, count, sizeof(*sorted), by_producer);
    for (size_t i = 0; i < count; i += run) {
        for (run = 1; i + run < count && same_producer(sorted[i], sorted[i + run]); run++)
            continue;
        fill_marker(request->arena, &message->markers.items[message->markers.count++], &sorted[i],
                    run);
    }
    for (size_t i = 0; i < count; i++)
        ((struct kc_txn_marker *)parts[i]->item)->unknown = true; /* until there is an answer */
    free(sorted);
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
    for (size_t i = wire_fanout_first(parts, count, topic, from->partition_index);
         wire_fanout_is_at(parts, count, i, topic, from->partition_index); i++) {
        struct kc_txn_marker *marker = parts[i]->item;

        if (marker->producer_id != producer_id)
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
