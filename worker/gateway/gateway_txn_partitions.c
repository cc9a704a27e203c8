/* SPDX-License-Identifier: Apache-2.0 */
/* AddPartitionsToTxn: to the source's coordinator, or anew; see gateway_transactions.c. */
#include "gateway/gateway_txn_priv.h"

#include <stdlib.h>

#define LAST_FOR_CLIENTS 3 /* later versions are the brokers' own */

static const struct kc_add_partitions_to_txn_request *
partitions_of(const struct gateway_exchange *exchange)
{
    return exchange->message;
}

/* The same code for all partitions, or by topic where codes aren't NULL. */
static void answer_partitions(struct gateway_exchange *exchange, int16_t code, const int16_t *codes)
{
    const struct kc_add_partitions_to_txn_request *message = partitions_of(exchange);
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_add_partitions_to_txn_response *response =
        kc_wire_new(arena, &kc_add_partitions_to_txn_response_type);

    KC_WIRE_LIST_NEW(arena, &response->results_by_topic_v3_and_below,
                     kc_add_partitions_to_txn_response_topic, message->v3_and_below_topics.count);
    for (int32_t t = 0; t < message->v3_and_below_topics.count; t++) {
        const struct kc_add_partitions_to_txn_request_topic *from =
            &message->v3_and_below_topics.items[t];
        struct kc_add_partitions_to_txn_response_topic *to =
            &response->results_by_topic_v3_and_below.items[t];

        to->name = from->name;
        KC_WIRE_LIST_NEW(arena, &to->results_by_partition,
                         kc_add_partitions_to_txn_response_partition, from->partitions.count);
        for (int32_t p = 0; p < from->partitions.count; p++) {
            to->results_by_partition.items[p].partition_index = from->partitions.items[p];
            to->results_by_partition.items[p].partition_error_code = codes ? codes[t] : code;
        }
    }
    gateway_exchange_answer(exchange, response);
    kc_arena_destroy(arena);
}

/* The codes of the source's answer, back under the target's names: topics are in the order of the
 * request in all brokers' answers, but that isn't promised. */
static int16_t topic_code(const struct kc_add_partitions_to_txn_response *response,
                          const char *source_topic)
{
    for (int32_t t = 0; t < response->results_by_topic_v3_and_below.count; t++) {
        const struct kc_add_partitions_to_txn_response_topic *topic =
            &response->results_by_topic_v3_and_below.items[t];

        if (!kc_wire_str_is(topic->name, source_topic))
            continue;
        for (int32_t p = 0; p < topic->results_by_partition.count; p++) {
            if (topic->results_by_partition.items[p].partition_error_code)
                return topic->results_by_partition.items[p].partition_error_code;
        }
        return KC_KAFKA_NONE;
    }
    return KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
}

static void on_source_added(void *arg, const struct kc_wire_request *request,
                            struct kc_wire_reply *reply)
{
    struct gateway_txn_call *call = arg;
    const struct kc_add_partitions_to_txn_request *sent = request->message;
    bool all = true;

    for (int t = 0; t < call->topics; t++) {
        int16_t code =
            reply->error ? 0
                         : topic_code(reply->message, sent->v3_and_below_topics.items[t].name.data);

        call->codes[t] = gateway_txn_code(call->route, call->id, reply, code);
        all = all && call->codes[t] == KC_KAFKA_NONE;
    }
    if (all)
        gateway_transaction_set_open(call->route, call->id, sent->v3_and_below_producer_epoch);
    answer_partitions(call->exchange, 0, call->codes);
    kc_wire_reply_unref(reply);
    gateway_txn_call_destroy(call);
}

/* The topic's name at the source; NULL: its writes don't go there now. */
static const char *source_name(struct gateway_txn_call *call, struct kc_arena *arena,
                               struct kc_wire_str topic)
{
    struct gateway_way *way = gateway_links_way(call->route->base.links, topic.data, NULL);
    const char *name =
        way && way->place == GATEWAY_SOURCE ? kc_arena_strdup(arena, way->source_topic) : NULL;

    gateway_way_unref(way);
    return name;
}

static void add_at_source(struct gateway_txn_call *call)
{
    const struct kc_add_partitions_to_txn_request *from = partitions_of(call->exchange);
    struct kc_wire_request *request = gateway_txn_request(call, KC_API_ADD_PARTITIONS_TO_TXN);
    struct kc_add_partitions_to_txn_request *to = request->message;
    bool of_source = false, moved = false;

    to->v3_and_below_transactional_id = kc_wire_str_copy(request->arena, call->id);
    to->v3_and_below_producer_id =
        gateway_id_at_source(call->route, from->v3_and_below_producer_id, &of_source);
    to->v3_and_below_producer_epoch = from->v3_and_below_producer_epoch;
    KC_WIRE_LIST_NEW(request->arena, &to->v3_and_below_topics,
                     kc_add_partitions_to_txn_request_topic, call->topics);
    for (int t = 0; t < call->topics; t++) {
        const struct kc_add_partitions_to_txn_request_topic *topic =
            &from->v3_and_below_topics.items[t];
        const char *name = source_name(call, request->arena, topic->name);

        moved = moved || !name;
        to->v3_and_below_topics.items[t].name = kc_wire_str(name);
        to->v3_and_below_topics.items[t].partitions.items = topic->partitions.items;
        to->v3_and_below_topics.items[t].partitions.count = topic->partitions.count;
    }
    if (!moved) {
        gateway_txn_send(call, request, on_source_added);
        return;
    }
    kc_wire_request_destroy(request);
    answer_partitions(call->exchange, KC_KAFKA_CONCURRENT_TRANSACTIONS, NULL);
    gateway_txn_call_destroy(call);
}

/* As a broker does: where one is refused none is added. */
static void refuse_partitions(struct gateway_txn_call *call)
{
    int16_t whole = call->codes[call->topics];

    for (int t = 0; !whole && t < call->topics; t++) {
        if (call->codes[t] == KC_KAFKA_NONE)
            call->codes[t] = KC_KAFKA_OPERATION_NOT_ATTEMPTED;
    }
    answer_partitions(call->exchange, whole, whole ? NULL : call->codes);
    gateway_txn_call_destroy(call);
}

static void rights_known(struct gateway_txn_call *call)
{
    for (int t = 0; t <= call->topics; t++) {
        if (call->codes[t]) {
            refuse_partitions(call);
            return;
        }
    }
    add_at_source(call);
}

struct gateway_txn_right {
    struct gateway_txn_call *call;
    int index;
};

static void on_right(void *arg, struct gateway_exchange *exchange, int16_t code)
{
    struct gateway_txn_right *right = arg;
    struct gateway_txn_call *call = right->call;

    pthread_mutex_lock(&call->mutex);
    call->codes[right->index] = code;
    bool last = --call->asking == 0;
    pthread_mutex_unlock(&call->mutex);
    free(right);
    if (last)
        rights_known(call);
}

static struct gateway_txn_right *right_new(struct gateway_txn_call *call, int index)
{
    struct gateway_txn_right *right = kc_malloc(sizeof(*right));

    *right = (struct gateway_txn_right){call, index};
    return right;
}

static void ask_rights(struct gateway_txn_call *call)
{
    const struct kc_add_partitions_to_txn_request *message = partitions_of(call->exchange);
    struct gateway_rights *rights = call->route->base.rights;
    int topics = message->v3_and_below_topics.count;

    call->topics = topics;
    call->codes = kc_calloc((size_t)topics + 1, sizeof(*call->codes));
    call->asking = topics + 1;
    for (int t = 0; t < topics; t++)
        gateway_rights_topic(rights, call->exchange,
                             message->v3_and_below_topics.items[t].name.data, on_right,
                             right_new(call, t));
    gateway_rights_transaction(rights, call->exchange, call->id, on_right, right_new(call, topics));
}

/* How many of the topics are where. */
struct gateway_txn_places {
    int source;
    int held;
    int target;
};

static struct gateway_txn_places count_places(struct gateway_route *route,
                                              const struct gateway_exchange *exchange)
{
    const struct kc_add_partitions_to_txn_request *message = partitions_of(exchange);
    struct gateway_txn_places places = {0};

    for (int32_t t = 0; t < message->v3_and_below_topics.count; t++) {
        struct gateway_way *way = gateway_links_way(
            route->base.links, message->v3_and_below_topics.items[t].name.data, NULL);

        places.source += way && way->place == GATEWAY_SOURCE;
        places.held += way && way->place == GATEWAY_HELD;
        gateway_way_unref(way);
    }
    places.target = message->v3_and_below_topics.count - places.source - places.held;
    return places;
}

static bool is_open(struct gateway_route *route, const struct gateway_exchange *exchange)
{
    const struct kc_add_partitions_to_txn_request *message = partitions_of(exchange);

    return gateway_transaction_is_open(route, message->v3_and_below_transactional_id.data,
                                       message->v3_and_below_producer_epoch);
}

/* Topics that are with the other cluster make the id begin there. */
static bool begin_anew(struct gateway_route *route, struct gateway_exchange *exchange,
                       const char *id, const struct gateway_txn_places *places, bool of_source)
{
    bool mixed = places->target > 0 && (places->source > 0 || places->held > 0 ||
                                        (of_source && is_open(route, exchange)));

    if (mixed)
        gateway_transaction_mixed(route, id);
    gateway_transaction_note(route, id, !of_source);
    answer_partitions(exchange, gateway_begin_anew_code(exchange), NULL);
    return true;
}

bool gateway_txn_take_add(struct gateway_route *route, struct gateway_exchange *exchange)
{
    const struct kc_add_partitions_to_txn_request *message = partitions_of(exchange);
    const char *id = message->v3_and_below_transactional_id.data;
    struct gateway_txn_places places = count_places(route, exchange);
    bool of_source = false;

    if (exchange->header.version > LAST_FOR_CLIENTS || !id)
        return false;
    gateway_id_at_source(route, message->v3_and_below_producer_id, &of_source);
    if (!of_source && places.source == 0 && places.held == 0)
        return false;
    if (of_source ? places.target > 0 : places.source > 0)
        return begin_anew(route, exchange, id, &places, of_source);
    if (places.held > 0) {
        bool open = of_source && is_open(route, exchange);
        answer_partitions(
            exchange, open ? gateway_begin_anew_code(exchange) : KC_KAFKA_CONCURRENT_TRANSACTIONS,
            NULL);
        return true;
    }
    ask_rights(gateway_txn_call_new(route, exchange, id));
    return true;
}
