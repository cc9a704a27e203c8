/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions without records, markers, and what clusters tell of producers: the calls of
 * connect/append.h and connect/admin.h against a broker made here.
 */
#include "connect/append.h"
#include "kafka/fake_admin.h"

static int16_t init_codes[4], end_codes[4], add_codes[4]; /* of the whole, by attempt */
static int32_t marker_entries;                            /* of the last request */

/* ---- the broker ---- */

static void init_producer(int asked, struct kc_init_producer_id_response *response)
{
    response->error_code = init_codes[asked];
    response->producer_id = 5;
    response->producer_epoch = (int16_t)asked;
}

/* Partition 1 isn't allowed. */
static void add_partitions(int asked, const struct kc_add_partitions_to_txn_request *request,
                           struct kc_add_partitions_to_txn_response *response,
                           struct kc_arena *arena)
{
    int32_t topics = request->v3_and_below_topics.count;

    ck_assert_int_eq(request->v3_and_below_producer_id, 5);
    ck_assert_int_eq(request->v3_and_below_producer_epoch, 7);
    KC_WIRE_LIST_NEW(arena, &response->results_by_topic_v3_and_below,
                     kc_add_partitions_to_txn_response_topic, topics);
    for (int32_t i = 0; i < topics; i++) {
        const struct kc_add_partitions_to_txn_request_topic *from =
            &request->v3_and_below_topics.items[i];
        struct kc_add_partitions_to_txn_response_topic *to =
            &response->results_by_topic_v3_and_below.items[i];

        to->name = from->name;
        KC_WIRE_LIST_NEW(arena, &to->results_by_partition,
                         kc_add_partitions_to_txn_response_partition, from->partitions.count);
        for (int32_t j = 0; j < from->partitions.count; j++) {
            int32_t partition = from->partitions.items[j];

            to->results_by_partition.items[j].partition_index = partition;
            to->results_by_partition.items[j].partition_error_code =
                add_codes[asked] ? add_codes[asked]
                : partition == 1 ? KC_KAFKA_TOPIC_AUTHORIZATION_FAILED
                                 : KC_KAFKA_OPERATION_NOT_ATTEMPTED;
        }
    }
}

/* Id 3 isn't allowed, nor partition 2; id 4 is left out, id 5 meets a new leader. */
static void write_markers(const struct kc_write_txn_markers_request *request,
                          struct kc_write_txn_markers_response *response, struct kc_arena *arena)
{
    int32_t count = 0;

    marker_entries = request->markers.count;
    KC_WIRE_LIST_NEW(arena, &response->markers, kc_write_txn_markers_response_marker,
                     request->markers.count);
    for (int32_t i = 0; i < request->markers.count; i++) {
        const struct kc_write_txn_markers_request_marker *from = &request->markers.items[i];
        struct kc_write_txn_markers_response_marker *to = &response->markers.items[count];

        ck_assert_int_eq(from->producer_epoch, 2);
        ck_assert_int_eq(from->transaction_result, from->producer_id % 2 == 0);
        if (from->producer_id == 4)
            continue;
        count++;
        to->producer_id = from->producer_id;
        KC_WIRE_LIST_NEW(arena, &to->topics, kc_write_txn_markers_response_topic, 1);
        ck_assert_int_eq(from->topics.count, 1);
        to->topics.items[0].name = from->topics.items[0].name;
        KC_WIRE_LIST_NEW(arena, &to->topics.items[0].partitions,
                         kc_write_txn_markers_response_partition,
                         from->topics.items[0].partition_indexes.count);
        for (int32_t j = 0; j < from->topics.items[0].partition_indexes.count; j++) {
            int32_t partition = from->topics.items[0].partition_indexes.items[j];

            to->topics.items[0].partitions.items[j].partition_index = partition;
            to->topics.items[0].partitions.items[j].error_code =
                from->producer_id == 3 || partition == 2 ? KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED
                : from->producer_id == 5                 ? KC_KAFKA_NOT_LEADER_OR_FOLLOWER
                                                         : KC_KAFKA_NONE;
        }
    }
    response->markers.count = count;
}

static void describe_producers(struct kc_describe_producers_response *response,
                               struct kc_arena *arena)
{
    KC_WIRE_LIST_NEW(arena, &response->topics, kc_describe_producers_response_topic, 1);
    response->topics.items[0].name = kc_wire_str(FAKE_TOPIC);
    KC_WIRE_LIST_NEW(arena, &response->topics.items[0].partitions,
                     kc_describe_producers_response_partition, 1);
    struct kc_describe_producers_response_partition *partition =
        &response->topics.items[0].partitions.items[0];
    KC_WIRE_LIST_NEW(arena, &partition->active_producers,
                     kc_describe_producers_response_active_producer, 2);
    partition->active_producers.items[0].producer_id = 11;
    partition->active_producers.items[0].last_sequence = 41;
    partition->active_producers.items[1].producer_id = 12;
    partition->active_producers.items[1].current_txn_start_offset = 9;
}

static void list_transactions(const struct kc_list_transactions_request *request,
                              struct kc_list_transactions_response *response,
                              struct kc_arena *arena)
{
    ck_assert_int_eq(request->state_filters.count, 1);
    ck_assert(kc_wire_str_is(request->state_filters.items[0], "Ongoing"));
    ck_assert_int_eq(request->producer_id_filters.count, 1);
    ck_assert_int_eq(request->duration_filter, 60000);
    KC_WIRE_LIST_NEW(arena, &response->transaction_states, kc_list_transactions_response_state, 1);
    response->transaction_states.items[0].transactional_id = kc_wire_str("hangs");
    response->transaction_states.items[0].producer_id = request->producer_id_filters.items[0];
    response->transaction_states.items[0].transaction_state = kc_wire_str("Ongoing");
}

static void describe_transaction(const struct kc_describe_transactions_request *request,
                                 struct kc_describe_transactions_response *response,
                                 struct kc_arena *arena)
{
    ck_assert_int_eq(request->transactional_ids.count, 1);
    KC_WIRE_LIST_NEW(arena, &response->transaction_states, kc_describe_transactions_response_state,
                     1);
    struct kc_describe_transactions_response_state *state = &response->transaction_states.items[0];
    state->transactional_id = request->transactional_ids.items[0];
    if (kc_wire_str_is(state->transactional_id, "gone")) {
        state->error_code = KC_KAFKA_TRANSACTIONAL_ID_NOT_FOUND;
        return;
    }
    state->transaction_state = kc_wire_str("PrepareCommit");
    state->producer_id = 77;
    state->producer_epoch = 3;
    state->transaction_start_time_ms = 123456;
    KC_WIRE_LIST_NEW(arena, &state->topics, kc_describe_transactions_response_topic, 1);
    state->topics.items[0].topic = kc_wire_str(FAKE_TOPIC);
    KC_WIRE_LIST_NEW_OF(arena, &state->topics.items[0].partitions, 2);
    state->topics.items[0].partitions.items[1] = 1;
}

static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    switch (api) {
    case KC_API_INIT_PRODUCER_ID:
        init_producer(asked, response);
        return true;
    case KC_API_ADD_PARTITIONS_TO_TXN:
        add_partitions(asked, request, response, arena);
        return true;
    case KC_API_END_TXN:
        ((struct kc_end_txn_response *)response)->error_code = end_codes[asked];
        return true;
    case KC_API_WRITE_TXN_MARKERS:
        write_markers(request, response, arena);
        return true;
    case KC_API_DESCRIBE_PRODUCERS:
        describe_producers(response, arena);
        return true;
    case KC_API_LIST_TRANSACTIONS:
        list_transactions(request, response, arena);
        return true;
    case KC_API_DESCRIBE_TRANSACTIONS:
        describe_transaction(request, response, arena);
        return true;
    default:
        return false;
    }
}

/* ---- transactions ---- */

START_TEST(a_producer_id_is_waited_for)
{
    struct kc_producer_identity producer;

    init_codes[0] = KC_KAFKA_CONCURRENT_TRANSACTIONS;
    init_codes[1] = KC_KAFKA_NOT_COORDINATOR;
    ck_assert_ptr_null(kc_admin_init_producer(admin, "link", 60000, &producer));
    ck_assert_int_eq(producer.id, 5);
    ck_assert_int_eq(producer.epoch, 2);
    ck_assert_int_eq(atomic_load(&cluster.brokers[0].asked[KC_API_FIND_COORDINATOR]), 2);
}
END_TEST

START_TEST(partitions_are_added_once_the_former_markers_are_written)
{
    const struct kc_producer_identity producer = {5, 7};
    struct kc_txn_partition partitions[] = {{.topic = "b", .partition = 1},
                                            {.topic = "a", .partition = 0},
                                            {.topic = "b", .partition = 0}};

    add_codes[0] = add_codes[1] = KC_KAFKA_CONCURRENT_TRANSACTIONS;
    ck_assert_ptr_null(kc_admin_add_partitions_to_txn(admin, "link", &producer, partitions, 3));
    ck_assert_int_eq(atomic_load(&cluster.brokers[0].asked[KC_API_ADD_PARTITIONS_TO_TXN]), 3);
    ck_assert_int_eq(kc_error_kafka_code(partitions[0].error), KC_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    ck_assert_int_eq(kc_error_kafka_code(partitions[1].error), KC_KAFKA_OPERATION_NOT_ATTEMPTED);
    ck_assert_int_eq(kc_error_kafka_code(partitions[2].error), KC_KAFKA_OPERATION_NOT_ATTEMPTED);
    for (int i = 0; i < 3; i++)
        kc_error_destroy(partitions[i].error);
}
END_TEST

START_TEST(who_was_fenced_is_told)
{
    const struct kc_producer_identity producer = {5, 7};
    struct kc_txn_partition partition = {.topic = "a"};

    end_codes[0] = KC_KAFKA_CONCURRENT_TRANSACTIONS;
    end_codes[2] = KC_KAFKA_PRODUCER_FENCED;
    add_codes[0] = KC_KAFKA_INVALID_PRODUCER_EPOCH;
    ck_assert_ptr_null(kc_admin_end_txn(admin, "link", &producer, true));
    struct kc_error *err = kc_admin_end_txn(admin, "link", &producer, true);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_FENCED);
    kc_error_destroy(err);
    err = kc_admin_add_partitions_to_txn(admin, "link", &producer, &partition, 1);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_FENCED);
    ck_assert_ptr_null(partition.error);
    kc_error_destroy(err);
}
END_TEST

/* ---- markers ---- */

START_TEST(each_marker_has_its_own_answer_and_is_sent_once)
{
    struct kc_txn_marker markers[6] = {{0}};

    for (int i = 0; i < 6; i++)
        markers[i] = (struct kc_txn_marker){
            .topic = FAKE_TOPIC, .producer_id = i, .producer_epoch = 2, .commit = i % 2 == 0};
    ck_assert_ptr_null(kc_admin_write_markers(admin, markers, 6));
    for (int i = 0; i < 3; i++)
        ck_assert(!markers[i].error && !markers[i].unknown);
    ck_assert_int_eq(kc_error_kafka_code(markers[3].error), KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED);
    ck_assert(!markers[3].unknown);
    ck_assert(markers[4].error && markers[4].unknown);
    ck_assert_int_eq(kc_error_kafka_code(markers[5].error), KC_KAFKA_NOT_LEADER_OR_FOLLOWER);
    ck_assert(markers[5].unknown);
    ck_assert_int_eq(atomic_load(&cluster.brokers[0].asked[KC_API_WRITE_TXN_MARKERS]), 1);
    for (int i = 0; i < 6; i++)
        kc_error_destroy(markers[i].error);
}
END_TEST

START_TEST(markers_of_one_producer_go_together)
{
    struct kc_txn_marker markers[6] = {{0}};

    cluster.partitions = 3;
    for (int i = 0; i < 6; i++)
        markers[i] = (struct kc_txn_marker){.topic = FAKE_TOPIC,
                                            .partition = i / 2,
                                            .producer_id = 6 + i % 2,
                                            .producer_epoch = 2,
                                            .commit = i % 2 == 0};
    ck_assert_ptr_null(kc_admin_write_markers(admin, markers, 6));
    ck_assert_int_eq(marker_entries, 2);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(kc_error_kafka_code(markers[i].error),
                         i / 2 == 2 ? KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED : KC_KAFKA_NONE);
        ck_assert(!markers[i].unknown);
        kc_error_destroy(markers[i].error);
    }
}
END_TEST

/* ---- who writes ---- */

START_TEST(producers_of_a_partition_are_told)
{
    struct kc_partition_producers item = {.topic = FAKE_TOPIC};

    ck_assert_ptr_null(kc_admin_describe_producers(admin, &item, 1));
    ck_assert_ptr_null(item.error);
    ck_assert_uint_eq(item.count, 2);
    ck_assert_int_eq(item.producers[0].producer_id, 11);
    ck_assert_int_eq(item.producers[0].last_sequence, 41);
    ck_assert_int_eq(item.producers[0].current_txn_start_offset, -1);
    ck_assert_int_eq(item.producers[1].current_txn_start_offset, 9);
    kc_partition_producers_clear(&item, 1);
}
END_TEST

START_TEST(transactions_are_listed_and_described)
{
    struct kc_strings states = {0}, ids = {0};
    const int64_t producer = 77;
    struct kc_transactions found;

    kc_strings_add(&states, "Ongoing");
    ck_assert_ptr_null(kc_admin_list_transactions(
        admin,
        &(struct kc_transaction_filter){
            .states = &states, .producer_ids = &producer, .producer_id_count = 1, 60000},
        &found));
    ck_assert_uint_eq(found.count, 1);
    ck_assert_str_eq(found.items[0].transactional_id, "hangs");
    ck_assert_int_eq(found.items[0].producer_id, 77);
    kc_transactions_destroy(&found);
    kc_strings_add(&ids, "gone");
    kc_strings_add(&ids, "hangs");
    ck_assert_ptr_null(kc_admin_describe_transactions(admin, &ids, &found));
    ck_assert_uint_eq(found.count, 2);
    ck_assert_int_eq(kc_error_kafka_code(found.items[0].error),
                     KC_KAFKA_TRANSACTIONAL_ID_NOT_FOUND);
    ck_assert_str_eq(found.items[1].state, "PrepareCommit");
    ck_assert_int_eq(found.items[1].start_ms, 123456);
    ck_assert_int_eq(found.items[1].producer_epoch, 3);
    ck_assert_int_eq(found.items[1].partitions->cnt, 2);
    ck_assert_int_eq(found.items[1].partitions->elems[1].partition, 1);
    kc_transactions_destroy(&found);
    kc_strings_destroy(&states);
    kc_strings_destroy(&ids);
}
END_TEST

RUN_TESTS("admin_transactions", a_producer_id_is_waited_for,
          partitions_are_added_once_the_former_markers_are_written, who_was_fenced_is_told,
          each_marker_has_its_own_answer_and_is_sent_once, markers_of_one_producer_go_together,
          producers_of_a_partition_are_told, transactions_are_listed_and_described)
