/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field tables of messages_txn.h. The notation is explained in table_priv.h; the codec walks it.
 * Constant data.
 */
#include "wire/messages_txn.h"
#include "wire/table_priv.h"

/* A field a line. */
/* clang-format off */

/* ---- InitProducerId ---- */

#define T struct kc_init_producer_id_request
static const struct kc_wire_field kc_init_producer_id_request_fields[] = {
    FIELD(transactional_id, 0, LAST, .nullable = SINCE(0)),
    FIELD(transaction_timeout_ms, 0, LAST),
    FIELD(producer_id, 3, LAST, .def = -1),
    FIELD(producer_epoch, 3, LAST, .def = -1),
    FIELD(enable_2pc, 6, LAST),
    FIELD(keep_prepared_txn, 6, LAST),
};
#undef T
TYPE(kc_init_producer_id_request);

#define T struct kc_init_producer_id_response
static const struct kc_wire_field kc_init_producer_id_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST, .ignorable = true),
    FIELD(error_code, 0, LAST),
    FIELD(producer_id, 0, LAST, .def = -1),
    FIELD(producer_epoch, 0, LAST),
    FIELD(ongoing_txn_producer_id, 6, LAST, .def = -1),
    FIELD(ongoing_txn_producer_epoch, 6, LAST, .def = -1),
};
#undef T
TYPE(kc_init_producer_id_response);

/* ---- AddPartitionsToTxn ---- */

#define T struct kc_add_partitions_to_txn_request_topic
static const struct kc_wire_field kc_add_partitions_to_txn_request_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST_OF(partitions, KC_WIRE_I32, 0, LAST),
};
#undef T
TYPE(kc_add_partitions_to_txn_request_topic);

#define T struct kc_add_partitions_to_txn_request_transaction
static const struct kc_wire_field kc_add_partitions_to_txn_request_transaction_fields[] = {
    FIELD(transactional_id, 4, LAST),
    FIELD(producer_id, 4, LAST),
    FIELD(producer_epoch, 4, LAST),
    FIELD(verify_only, 4, LAST),
    LIST(topics, kc_add_partitions_to_txn_request_topic, 4, LAST),
};
#undef T
TYPE(kc_add_partitions_to_txn_request_transaction);

#define T struct kc_add_partitions_to_txn_request
static const struct kc_wire_field kc_add_partitions_to_txn_request_fields[] = {
    LIST(transactions, kc_add_partitions_to_txn_request_transaction, 4, LAST),
    FIELD(v3_and_below_transactional_id, 0, 3),
    FIELD(v3_and_below_producer_id, 0, 3),
    FIELD(v3_and_below_producer_epoch, 0, 3),
    LIST(v3_and_below_topics, kc_add_partitions_to_txn_request_topic, 0, 3),
};
#undef T
TYPE(kc_add_partitions_to_txn_request);

#define T struct kc_add_partitions_to_txn_response_partition
static const struct kc_wire_field kc_add_partitions_to_txn_response_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(partition_error_code, 0, LAST),
};
#undef T
TYPE(kc_add_partitions_to_txn_response_partition);

#define T struct kc_add_partitions_to_txn_response_topic
static const struct kc_wire_field kc_add_partitions_to_txn_response_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST(results_by_partition, kc_add_partitions_to_txn_response_partition, 0, LAST),
};
#undef T
TYPE(kc_add_partitions_to_txn_response_topic);

#define T struct kc_add_partitions_to_txn_response_transaction
static const struct kc_wire_field kc_add_partitions_to_txn_response_transaction_fields[] = {
    FIELD(transactional_id, 4, LAST),
    LIST(topic_results, kc_add_partitions_to_txn_response_topic, 4, LAST),
};
#undef T
TYPE(kc_add_partitions_to_txn_response_transaction);

#define T struct kc_add_partitions_to_txn_response
static const struct kc_wire_field kc_add_partitions_to_txn_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 4, LAST, .ignorable = true),
    LIST(results_by_transaction, kc_add_partitions_to_txn_response_transaction, 4, LAST),
    LIST(results_by_topic_v3_and_below, kc_add_partitions_to_txn_response_topic, 0, 3),
};
#undef T
TYPE(kc_add_partitions_to_txn_response);

/* ---- AddOffsetsToTxn ---- */

#define T struct kc_add_offsets_to_txn_request
static const struct kc_wire_field kc_add_offsets_to_txn_request_fields[] = {
    FIELD(transactional_id, 0, LAST),
    FIELD(producer_id, 0, LAST),
    FIELD(producer_epoch, 0, LAST),
    FIELD(group_id, 0, LAST),
};
#undef T
TYPE(kc_add_offsets_to_txn_request);

#define T struct kc_add_offsets_to_txn_response
static const struct kc_wire_field kc_add_offsets_to_txn_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 0, LAST),
};
#undef T
TYPE(kc_add_offsets_to_txn_response);

/* ---- EndTxn ---- */

#define T struct kc_end_txn_request
static const struct kc_wire_field kc_end_txn_request_fields[] = {
    FIELD(transactional_id, 0, LAST),
    FIELD(producer_id, 0, LAST),
    FIELD(producer_epoch, 0, LAST),
    FIELD(committed, 0, LAST),
};
#undef T
TYPE(kc_end_txn_request);

#define T struct kc_end_txn_response
static const struct kc_wire_field kc_end_txn_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(producer_id, 5, LAST, .def = -1, .ignorable = true),
    FIELD(producer_epoch, 5, LAST, .def = -1, .ignorable = true),
};
#undef T
TYPE(kc_end_txn_response);

/* ---- TxnOffsetCommit ---- */

#define T struct kc_txn_offset_commit_request_partition
static const struct kc_wire_field kc_txn_offset_commit_request_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(committed_offset, 0, LAST),
    FIELD(committed_leader_epoch, 2, LAST, .def = -1, .ignorable = true),
    FIELD(committed_metadata, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_txn_offset_commit_request_partition);

#define T struct kc_txn_offset_commit_request_topic
static const struct kc_wire_field kc_txn_offset_commit_request_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST(partitions, kc_txn_offset_commit_request_partition, 0, LAST),
};
#undef T
TYPE(kc_txn_offset_commit_request_topic);

#define T struct kc_txn_offset_commit_request
static const struct kc_wire_field kc_txn_offset_commit_request_fields[] = {
    FIELD(transactional_id, 0, LAST),
    FIELD(group_id, 0, LAST),
    FIELD(producer_id, 0, LAST),
    FIELD(producer_epoch, 0, LAST),
    FIELD(generation_id, 3, LAST, .def = -1),
    FIELD(member_id, 3, LAST),
    FIELD(group_instance_id, 3, LAST, .nullable = SINCE(3), .def = -1),
    LIST(topics, kc_txn_offset_commit_request_topic, 0, LAST),
};
#undef T
TYPE(kc_txn_offset_commit_request);

#define T struct kc_txn_offset_commit_response_partition
static const struct kc_wire_field kc_txn_offset_commit_response_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(error_code, 0, LAST),
};
#undef T
TYPE(kc_txn_offset_commit_response_partition);

#define T struct kc_txn_offset_commit_response_topic
static const struct kc_wire_field kc_txn_offset_commit_response_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST(partitions, kc_txn_offset_commit_response_partition, 0, LAST),
};
#undef T
TYPE(kc_txn_offset_commit_response_topic);

#define T struct kc_txn_offset_commit_response
static const struct kc_wire_field kc_txn_offset_commit_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(topics, kc_txn_offset_commit_response_topic, 0, LAST),
};
#undef T
TYPE(kc_txn_offset_commit_response);

/* ---- DescribeProducers ---- */

#define T struct kc_describe_producers_request_topic
static const struct kc_wire_field kc_describe_producers_request_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST_OF(partition_indexes, KC_WIRE_I32, 0, LAST),
};
#undef T
TYPE(kc_describe_producers_request_topic);

#define T struct kc_describe_producers_request
static const struct kc_wire_field kc_describe_producers_request_fields[] = {
    LIST(topics, kc_describe_producers_request_topic, 0, LAST),
};
#undef T
TYPE(kc_describe_producers_request);

#define T struct kc_describe_producers_response_active_producer
static const struct kc_wire_field kc_describe_producers_response_active_producer_fields[] = {
    FIELD(producer_id, 0, LAST),
    FIELD(producer_epoch, 0, LAST),
    FIELD(last_sequence, 0, LAST, .def = -1),
    FIELD(last_timestamp, 0, LAST, .def = -1),
    FIELD(coordinator_epoch, 0, LAST),
    FIELD(current_txn_start_offset, 0, LAST, .def = -1),
};
#undef T
TYPE(kc_describe_producers_response_active_producer);

#define T struct kc_describe_producers_response_partition
static const struct kc_wire_field kc_describe_producers_response_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0), .def = -1),
    LIST(active_producers, kc_describe_producers_response_active_producer, 0, LAST),
};
#undef T
TYPE(kc_describe_producers_response_partition);

#define T struct kc_describe_producers_response_topic
static const struct kc_wire_field kc_describe_producers_response_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST(partitions, kc_describe_producers_response_partition, 0, LAST),
};
#undef T
TYPE(kc_describe_producers_response_topic);

#define T struct kc_describe_producers_response
static const struct kc_wire_field kc_describe_producers_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(topics, kc_describe_producers_response_topic, 0, LAST),
};
#undef T
TYPE(kc_describe_producers_response);

/* ---- WriteTxnMarkers ---- */

#define T struct kc_write_txn_markers_request_topic
static const struct kc_wire_field kc_write_txn_markers_request_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST_OF(partition_indexes, KC_WIRE_I32, 0, LAST),
};
#undef T
TYPE(kc_write_txn_markers_request_topic);

#define T struct kc_write_txn_markers_request_marker
static const struct kc_wire_field kc_write_txn_markers_request_marker_fields[] = {
    FIELD(producer_id, 0, LAST),        FIELD(producer_epoch, 0, LAST),
    FIELD(transaction_result, 0, LAST), LIST(topics, kc_write_txn_markers_request_topic, 0, LAST),
    FIELD(coordinator_epoch, 0, LAST),
};
#undef T
TYPE(kc_write_txn_markers_request_marker);

#define T struct kc_write_txn_markers_request
static const struct kc_wire_field kc_write_txn_markers_request_fields[] = {
    LIST(markers, kc_write_txn_markers_request_marker, 0, LAST),
};
#undef T
TYPE(kc_write_txn_markers_request);

#define T struct kc_write_txn_markers_response_partition
static const struct kc_wire_field kc_write_txn_markers_response_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(error_code, 0, LAST),
};
#undef T
TYPE(kc_write_txn_markers_response_partition);

#define T struct kc_write_txn_markers_response_topic
static const struct kc_wire_field kc_write_txn_markers_response_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST(partitions, kc_write_txn_markers_response_partition, 0, LAST),
};
#undef T
TYPE(kc_write_txn_markers_response_topic);

#define T struct kc_write_txn_markers_response_marker
static const struct kc_wire_field kc_write_txn_markers_response_marker_fields[] = {
    FIELD(producer_id, 0, LAST),
    LIST(topics, kc_write_txn_markers_response_topic, 0, LAST),
};
#undef T
TYPE(kc_write_txn_markers_response_marker);

#define T struct kc_write_txn_markers_response
static const struct kc_wire_field kc_write_txn_markers_response_fields[] = {
    LIST(markers, kc_write_txn_markers_response_marker, 0, LAST),
};
#undef T
TYPE(kc_write_txn_markers_response);

/* ---- DescribeTransactions ---- */

#define T struct kc_describe_transactions_request
static const struct kc_wire_field kc_describe_transactions_request_fields[] = {
    LIST_OF(transactional_ids, KC_WIRE_STR, 0, LAST),
};
#undef T
TYPE(kc_describe_transactions_request);

#define T struct kc_describe_transactions_response_topic
static const struct kc_wire_field kc_describe_transactions_response_topic_fields[] = {
    FIELD(topic, 0, LAST),
    LIST_OF(partitions, KC_WIRE_I32, 0, LAST),
};
#undef T
TYPE(kc_describe_transactions_response_topic);

#define T struct kc_describe_transactions_response_state
static const struct kc_wire_field kc_describe_transactions_response_state_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(transactional_id, 0, LAST),
    FIELD(transaction_state, 0, LAST),
    FIELD(transaction_timeout_ms, 0, LAST),
    FIELD(transaction_start_time_ms, 0, LAST),
    FIELD(producer_id, 0, LAST),
    FIELD(producer_epoch, 0, LAST),
    LIST(topics, kc_describe_transactions_response_topic, 0, LAST),
};
#undef T
TYPE(kc_describe_transactions_response_state);

#define T struct kc_describe_transactions_response
static const struct kc_wire_field kc_describe_transactions_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(transaction_states, kc_describe_transactions_response_state, 0, LAST),
};
#undef T
TYPE(kc_describe_transactions_response);

/* ---- ListTransactions ---- */

#define T struct kc_list_transactions_request
static const struct kc_wire_field kc_list_transactions_request_fields[] = {
    LIST_OF(state_filters, KC_WIRE_STR, 0, LAST),
    LIST_OF(producer_id_filters, KC_WIRE_I64, 0, LAST),
    FIELD(duration_filter, 1, LAST, .def = -1),
    FIELD(transactional_id_pattern, 2, LAST, .nullable = SINCE(2), .def = -1),
};
#undef T
TYPE(kc_list_transactions_request);

#define T struct kc_list_transactions_response_state
static const struct kc_wire_field kc_list_transactions_response_state_fields[] = {
    FIELD(transactional_id, 0, LAST),
    FIELD(producer_id, 0, LAST),
    FIELD(transaction_state, 0, LAST),
};
#undef T
TYPE(kc_list_transactions_response_state);

#define T struct kc_list_transactions_response
static const struct kc_wire_field kc_list_transactions_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 0, LAST),
    LIST_OF(unknown_state_filters, KC_WIRE_STR, 0, LAST),
    LIST(transaction_states, kc_list_transactions_response_state, 0, LAST),
};
#undef T
TYPE(kc_list_transactions_response);
