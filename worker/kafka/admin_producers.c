/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin calls about a cluster's producers and their transactions (KIP-664): see connect/admin.h.
 * Any thread, several at once.
 */
#include "connect/admin.h"
#include "kafka/admin_ask_priv.h"
#include "wire/messages_txn.h"
#include "wire/wire_producers.h"

#include <stdlib.h>
#include <string.h>

static const struct kc_wire_str no_message = {NULL, -1};

/* ---- DescribeProducers ---- */

struct kc_error *kc_admin_describe_producers(struct kc_admin *admin,
                                             struct kc_partition_producers *items, size_t count)
{
    struct kc_wire_admin *wire = NULL;
    struct kc_error *err = kc_admin_wire(admin, &wire);
    return err ? err : kc_wire_describe_producers(wire, items, count, admin->timeout_ms);
}

void kc_partition_producers_clear(struct kc_partition_producers *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kc_error_clear(&items[i].error);
        free(items[i].producers);
        items[i].producers = NULL;
        items[i].count = 0;
    }
}

/* ---- DescribeTransactions ---- */

struct describe_call {
    struct kc_admin *admin;
    const char *id;
    struct kc_transaction *transaction;
};

static struct kc_wire_request *build_describe(void *arg)
{
    const struct describe_call *call = arg;
    struct kc_wire_request *request =
        kc_admin_to_coordinator(KC_API_DESCRIBE_TRANSACTIONS, KC_WIRE_TRANSACTION, call->id);
    struct kc_describe_transactions_request *message = request->message;
    KC_WIRE_LIST_NEW_OF(request->arena, &message->transactional_ids, 1);
    message->transactional_ids.items[0] = kc_wire_str(request->target.key);
    return request;
}

static void fill_transaction(struct kc_transaction *to,
                             const struct kc_describe_transactions_response_state *from)
{
    free(to->state);
    to->state = kc_admin_text(from->transaction_state);
    to->producer_id = from->producer_id;
    to->producer_epoch = from->producer_epoch;
    to->timeout_ms = from->transaction_timeout_ms;
    to->start_ms = from->transaction_start_time_ms;
    for (int32_t i = 0; i < from->topics.count; i++)
        for (int32_t j = 0; j < from->topics.items[i].partitions.count; j++)
            rd_kafka_topic_partition_list_add(to->partitions, from->topics.items[i].topic.data,
                                              from->topics.items[i].partitions.items[j]);
}

static bool take_describe(void *arg, const struct kc_wire_reply *reply)
{
    struct describe_call *call = arg;
    const struct kc_describe_transactions_response *response = reply->message;
    const struct kc_describe_transactions_response_state *state =
        response->transaction_states.count ? &response->transaction_states.items[0] : NULL;
    bool final = kc_admin_coordinator_answered(
        call->admin, KC_WIRE_TRANSACTION, call->id, &call->transaction->error,
        state ? state->error_code : KC_KAFKA_TRANSACTIONAL_ID_NOT_FOUND, no_message,
        "describing the transaction of");
    if (!call->transaction->error && state)
        fill_transaction(call->transaction, state);
    return final;
}

static struct kc_transaction blank_transaction(char *id)
{
    return (struct kc_transaction){.transactional_id = id,
                                   .producer_id = -1,
                                   .producer_epoch = -1,
                                   .start_ms = -1,
                                   .partitions = rd_kafka_topic_partition_list_new(0)};
}

struct kc_error *kc_admin_describe_transactions(struct kc_admin *admin,
                                                const struct kc_strings *ids,
                                                struct kc_transactions *transactions)
{
    struct describe_call *calls = kc_calloc(ids->count + 1, sizeof(*calls));
    struct kc_admin_ask *asks = kc_calloc(ids->count + 1, sizeof(*asks));
    transactions->items = kc_calloc(ids->count + 1, sizeof(*transactions->items));
    transactions->count = ids->count;
    for (size_t i = 0; i < ids->count; i++) {
        transactions->items[i] = blank_transaction(kc_strdup(ids->items[i]));
        calls[i] = (struct describe_call){admin, ids->items[i], &transactions->items[i]};
        asks[i] = (struct kc_admin_ask){.arg = &calls[i],
                                        .build = build_describe,
                                        .take = take_describe,
                                        .error = &transactions->items[i].error};
    }
    struct kc_error *err = kc_admin_ask_all(admin, asks, ids->count);
    if (err)
        kc_transactions_destroy(transactions);
    free(asks);
    free(calls);
    return err;
}

/* ---- ListTransactions ---- */

struct list_call {
    int32_t broker_id;
    const struct kc_transaction_filter *filter;
    struct kc_transactions found;
    struct kc_error *error;
};

static void fill_filter(struct kc_wire_request *request, const struct kc_transaction_filter *filter)
{
    struct kc_list_transactions_request *message = request->message;
    size_t states = filter->states ? filter->states->count : 0;
    KC_WIRE_LIST_NEW_OF(request->arena, &message->state_filters, (int32_t)states);
    for (size_t i = 0; i < states; i++)
        message->state_filters.items[i] =
            kc_wire_str_copy(request->arena, filter->states->items[i]);
    KC_WIRE_LIST_NEW_OF(request->arena, &message->producer_id_filters,
                        (int32_t)filter->producer_id_count);
    for (size_t i = 0; i < filter->producer_id_count; i++)
        message->producer_id_filters.items[i] = filter->producer_ids[i];
}

/* A broker that can't look at the duration is asked for all. */
static void set_duration(struct kc_wire_request *request, int16_t version)
{
    const struct kc_transaction_filter *filter = request->prepare_arg;
    struct kc_list_transactions_request *message = request->message;
    message->duration_filter = version >= 1 && filter->open_for_ms > 0 ? filter->open_for_ms : -1;
}

static struct kc_wire_request *build_list(void *arg)
{
    const struct list_call *call = arg;
    struct kc_wire_request *request = kc_wire_request_new(KC_API_LIST_TRANSACTIONS);
    request->target.kind = KC_WIRE_BROKER;
    request->target.broker_id = call->broker_id;
    if (call->filter) {
        fill_filter(request, call->filter);
        request->prepare = set_duration;
        request->prepare_arg = (void *)call->filter;
    }
    return request;
}

static bool take_list(void *arg, const struct kc_wire_reply *reply)
{
    struct list_call *call = arg;
    const struct kc_list_transactions_response *response = reply->message;
    int32_t count = response->transaction_states.count;
    if (response->error_code != KC_KAFKA_NONE)
        return kc_admin_answered(&call->error, response->error_code, no_message,
                                 "listing the transactions of broker %d", call->broker_id);
    kc_transactions_destroy(&call->found);
    call->found.items = kc_calloc((size_t)count + 1, sizeof(*call->found.items));
    for (int32_t i = 0; i < count; i++) {
        const struct kc_list_transactions_response_state *from =
            &response->transaction_states.items[i];
        struct kc_transaction *to = &call->found.items[call->found.count++];
        *to = blank_transaction(kc_admin_text(from->transactional_id));
        to->state = kc_admin_text(from->transaction_state);
        to->producer_id = from->producer_id;
    }
    return true;
}

/* Moves what each broker told into one list; the first error. */
static struct kc_error *gather(struct list_call *calls, size_t count,
                               struct kc_transactions *transactions)
{
    struct kc_error *err = NULL;
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += calls[i].found.count;
    transactions->items = kc_calloc(total + 1, sizeof(*transactions->items));
    for (size_t i = 0; i < count; i++) {
        if (calls[i].found.count)
            memcpy(transactions->items + transactions->count, calls[i].found.items,
                   calls[i].found.count * sizeof(*transactions->items));
        transactions->count += calls[i].found.count;
        free(calls[i].found.items);
        if (err)
            kc_error_destroy(calls[i].error);
        else
            err = calls[i].error;
    }
    return err;
}

static struct kc_error *list_all(struct kc_admin *admin, const struct kc_wire_cluster_info *info,
                                 const struct kc_transaction_filter *filter,
                                 struct kc_transactions *transactions)
{
    struct list_call *calls = kc_calloc(info->broker_count + 1, sizeof(*calls));
    struct kc_admin_ask *asks = kc_calloc(info->broker_count + 1, sizeof(*asks));
    for (size_t i = 0; i < info->broker_count; i++) {
        calls[i] = (struct list_call){.broker_id = info->brokers[i].id, .filter = filter};
        asks[i] = (struct kc_admin_ask){
            .arg = &calls[i], .build = build_list, .take = take_list, .error = &calls[i].error};
    }
    struct kc_error *err = kc_admin_ask_all(admin, asks, info->broker_count);
    struct kc_error *of_brokers = gather(calls, info->broker_count, transactions);
    if (err)
        kc_error_destroy(of_brokers);
    else
        err = of_brokers;
    free(asks);
    free(calls);
    return err;
}

struct kc_error *kc_admin_list_transactions(struct kc_admin *admin,
                                            const struct kc_transaction_filter *filter,
                                            struct kc_transactions *transactions)
{
    struct kc_wire_admin *wire = NULL;
    struct kc_wire_cluster_info info;
    *transactions = (struct kc_transactions){0};
    struct kc_error *err = kc_admin_wire(admin, &wire);
    if (!err)
        err = kc_wire_describe_cluster(wire, admin->timeout_ms, &info);
    if (err)
        return err;
    err = list_all(admin, &info, filter, transactions);
    kc_wire_cluster_info_destroy(&info);
    if (err)
        kc_transactions_destroy(transactions);
    return err;
}

void kc_transactions_destroy(struct kc_transactions *transactions)
{
    for (size_t i = 0; i < transactions->count; i++) {
        struct kc_transaction *one = &transactions->items[i];
        free(one->transactional_id);
        free(one->state);
        kc_error_destroy(one->error);
        rd_kafka_topic_partition_list_destroy(one->partitions);
    }
    free(transactions->items);
    *transactions = (struct kc_transactions){0};
}
