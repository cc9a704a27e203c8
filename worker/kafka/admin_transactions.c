/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions without records, and markers: see connect/append.h.
 *
 * Requests have versions from before transaction version 2 (KIP-890), which brokers still take: a
 * producer keeps its epoch from one transaction to the next, and adds partitions before the end.
 * Any thread, several at once.
 */
#include "connect/append.h"
#include "kafka/admin_ask_priv.h"
#include "wire/messages_txn.h"
#include "wire/wire_producers.h"

#include <stdlib.h>
#include <string.h>

#define END_TXN_BEFORE_V2 4
#define ADD_OF_CLIENTS    3  /* later versions of AddPartitionsToTxn are the brokers' */
#define PAUSE_MAX_MS      20 /* while markers are written; as Java's producer */

static const struct kc_wire_str no_message = {NULL, -1};

/* ---- one transactional id ---- */

struct txn_call {
    struct kc_admin *admin;
    const char *id;
    struct kc_producer_identity *producer;
    int32_t timeout_ms;
    bool commit;
    struct kc_txn_partition *partitions;
    size_t count;
    struct kc_error *error;
};

static struct kc_wire_request *to_coordinator(enum kc_api api, const char *id)
{
    return kc_admin_to_coordinator(api, KC_WIRE_TRANSACTION, id);
}

static bool is_fenced(int16_t code)
{
    return code == KC_KAFKA_PRODUCER_FENCED || code == KC_KAFKA_INVALID_PRODUCER_EPOCH;
}

/* The outcome of a call as a whole. False: it may pass. */
static bool take_code(struct txn_call *call, int16_t code, const char *what)
{
    if (!is_fenced(code))
        return kc_admin_coordinator_answered(call->admin, KC_WIRE_TRANSACTION, call->id,
                                             &call->error, code, no_message, what);
    kc_error_clear(&call->error);
    call->error = kc_error_new(KC_ERR_FENCED,
                               "%s %s: another producer with this transactional id has taken over",
                               what, call->id);
    return true;
}

static struct kc_error *run(struct txn_call *call, struct kc_wire_request *(*build)(void *arg),
                            bool (*take)(void *arg, const struct kc_wire_reply *reply))
{
    struct kc_admin_ask ask = {.arg = call,
                               .build = build,
                               .take = take,
                               .error = &call->error,
                               .pause_max_ms = PAUSE_MAX_MS};
    struct kc_error *err = kc_admin_ask_all(call->admin, &ask, 1);
    return err ? err : call->error;
}

/* ---- InitProducerId ---- */

static struct kc_wire_request *build_init(void *arg)
{
    const struct txn_call *call = arg;
    struct kc_wire_request *request = to_coordinator(KC_API_INIT_PRODUCER_ID, call->id);
    struct kc_init_producer_id_request *message = request->message;
    message->transactional_id = kc_wire_str(request->target.key);
    message->transaction_timeout_ms = call->timeout_ms;
    return request;
}

static bool take_init(void *arg, const struct kc_wire_reply *reply)
{
    struct txn_call *call = arg;
    const struct kc_init_producer_id_response *response = reply->message;
    *call->producer =
        (struct kc_producer_identity){response->producer_id, response->producer_epoch};
    return take_code(call, response->error_code, "getting a producer id for");
}

struct kc_error *kc_admin_init_producer(struct kc_admin *admin, const char *transactional_id,
                                        int32_t transaction_timeout_ms,
                                        struct kc_producer_identity *producer)
{
    struct txn_call call = {.admin = admin,
                            .id = transactional_id,
                            .producer = producer,
                            .timeout_ms = transaction_timeout_ms};
    return run(&call, build_init, take_init);
}

/* ---- AddPartitionsToTxn ---- */

static int by_topic(const void *a, const void *b)
{
    const struct kc_txn_partition *x = *(struct kc_txn_partition *const *)a,
                                  *y = *(struct kc_txn_partition *const *)b;
    int order = strcmp(x->topic, y->topic);
    return order ? order : (x->partition > y->partition) - (x->partition < y->partition);
}

/* Owned by the caller. */
static struct kc_txn_partition **sorted(const struct txn_call *call)
{
    struct kc_txn_partition **list = kc_calloc(call->count + 1, sizeof(struct kc_txn_partition *));
    for (size_t i = 0; i < call->count; i++)
        list[i] = &call->partitions[i];
    qsort(list, call->count, sizeof(*list), by_topic);
    return list;
}

static size_t topic_run(struct kc_txn_partition *const *list, size_t count)
{
    size_t run = 1;
    while (run < count && strcmp(list[run]->topic, list[0]->topic) == 0)
        run++;
    return run;
}

static void fill_topics(struct kc_wire_request *request, const struct txn_call *call)
{
    struct kc_add_partitions_to_txn_request *message = request->message;
    struct kc_txn_partition **list = sorted(call);
    KC_WIRE_LIST_NEW(request->arena, &message->v3_and_below_topics,
                     kc_add_partitions_to_txn_request_topic, (int32_t)call->count);
    message->v3_and_below_topics.count = 0;
    for (size_t i = 0, run; i < call->count; i += run) {
        struct kc_add_partitions_to_txn_request_topic *topic =
            &message->v3_and_below_topics.items[message->v3_and_below_topics.count++];
        run = topic_run(list + i, call->count - i);
        topic->name = kc_wire_str_copy(request->arena, list[i]->topic);
        KC_WIRE_LIST_NEW_OF(request->arena, &topic->partitions, (int32_t)run);
        for (size_t j = 0; j < run; j++)
            topic->partitions.items[j] = list[i + j]->partition;
    }
    free(list);
}

static struct kc_wire_request *build_add(void *arg)
{
    const struct txn_call *call = arg;
    struct kc_wire_request *request = to_coordinator(KC_API_ADD_PARTITIONS_TO_TXN, call->id);
    struct kc_add_partitions_to_txn_request *message = request->message;
    request->max_version = ADD_OF_CLIENTS;
    message->v3_and_below_transactional_id = kc_wire_str(request->target.key);
    message->v3_and_below_producer_id = call->producer->id;
    message->v3_and_below_producer_epoch = call->producer->epoch;
    fill_topics(request, call);
    return request;
}

/* Whether the code concerns the transaction, and so all its partitions. */
static bool of_the_whole(int16_t code)
{
    static const int16_t codes[] = {
        KC_KAFKA_CONCURRENT_TRANSACTIONS,
        KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS,
        KC_KAFKA_COORDINATOR_NOT_AVAILABLE,
        KC_KAFKA_NOT_COORDINATOR,
        KC_KAFKA_INVALID_PRODUCER_EPOCH,
        KC_KAFKA_PRODUCER_FENCED,
        KC_KAFKA_INVALID_PRODUCER_ID_MAPPING,
        KC_KAFKA_INVALID_TXN_STATE,
        KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (codes[i] == code)
            return true;
    return false;
}

static struct kc_txn_partition *find(const struct txn_call *call, struct kc_wire_str topic,
                                     int32_t partition)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->partitions[i].partition == partition &&
            kc_wire_str_is(topic, call->partitions[i].topic))
            return &call->partitions[i];
    return NULL;
}

static bool take_add(void *arg, const struct kc_wire_reply *reply)
{
    static const char what[] = "adding partitions to the transaction of";
    struct txn_call *call = arg;
    const struct kc_add_partitions_to_txn_response *response = reply->message;
    for (int32_t i = 0; i < response->results_by_topic_v3_and_below.count; i++) {
        const struct kc_add_partitions_to_txn_response_topic *topic =
            &response->results_by_topic_v3_and_below.items[i];
        for (int32_t j = 0; j < topic->results_by_partition.count; j++) {
            int16_t code = topic->results_by_partition.items[j].partition_error_code;
            struct kc_txn_partition *place =
                find(call, topic->name, topic->results_by_partition.items[j].partition_index);
            if (of_the_whole(code))
                return take_code(call, code, what);
            if (place)
                kc_admin_answered(&place->error, code, no_message, "adding %s-%d to a transaction",
                                  place->topic, place->partition);
        }
    }
    return true;
}

struct kc_error *kc_admin_add_partitions_to_txn(struct kc_admin *admin,
                                                const char *transactional_id,
                                                const struct kc_producer_identity *producer,
                                                struct kc_txn_partition *partitions, size_t count)
{
    struct kc_producer_identity copy = *producer;
    struct txn_call call = {.admin = admin,
                            .id = transactional_id,
                            .producer = &copy,
                            .partitions = partitions,
                            .count = count};
    for (size_t i = 0; i < count; i++)
        partitions[i].error = NULL;
    struct kc_error *err = count ? run(&call, build_add, take_add) : NULL;
    for (size_t i = 0; err && i < count; i++)
        kc_error_clear(&partitions[i].error);
    return err;
}

/* ---- EndTxn ---- */

static struct kc_wire_request *build_end(void *arg)
{
    const struct txn_call *call = arg;
    struct kc_wire_request *request = to_coordinator(KC_API_END_TXN, call->id);
    struct kc_end_txn_request *message = request->message;
    request->max_version = END_TXN_BEFORE_V2;
    message->transactional_id = kc_wire_str(request->target.key);
    message->producer_id = call->producer->id;
    message->producer_epoch = call->producer->epoch;
    message->committed = call->commit;
    return request;
}

static bool take_end(void *arg, const struct kc_wire_reply *reply)
{
    const struct kc_end_txn_response *response = reply->message;
    return take_code(arg, response->error_code, "ending the transaction of");
}

struct kc_error *kc_admin_end_txn(struct kc_admin *admin, const char *transactional_id,
                                  const struct kc_producer_identity *producer, bool commit)
{
    struct kc_producer_identity copy = *producer;
    struct txn_call call = {
        .admin = admin, .id = transactional_id, .producer = &copy, .commit = commit};
    return run(&call, build_end, take_end);
}

/* ---- markers ---- */

struct kc_error *kc_admin_write_markers(struct kc_admin *admin, struct kc_txn_marker *markers,
                                        size_t count)
{
    struct kc_wire_admin *wire = NULL;
    struct kc_error *err = kc_admin_wire(admin, &wire);
    return err ? err : kc_wire_write_markers(wire, markers, count, admin->timeout_ms);
}
