/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of idempotent and transactional producers, and of those who look after them.
 *
 * One struct per message or nested structure, in the field order of Kafka's message schemas, with
 * all fields of the versions that messages_txn.c declares; which of them a version has is said
 * there. A decoded message lives in its arena; strings are terminated, bytes point into the frame.
 */
#ifndef WORKER_WIRE_MESSAGES_TXN_H
#define WORKER_WIRE_MESSAGES_TXN_H

#include "wire/codec.h"

/* ---- InitProducerId ---- */

struct kc_init_producer_id_request {
    struct kc_wire_str transactional_id;
    int32_t transaction_timeout_ms;
    int64_t producer_id;
    int16_t producer_epoch;
    bool enable_2pc;
    bool keep_prepared_txn;
};
extern const struct kc_wire_type kc_init_producer_id_request_type;

struct kc_init_producer_id_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    int64_t producer_id;
    int16_t producer_epoch;
    int64_t ongoing_txn_producer_id;
    int16_t ongoing_txn_producer_epoch;
};
extern const struct kc_wire_type kc_init_producer_id_response_type;

/* ---- AddPartitionsToTxn ---- */

struct kc_add_partitions_to_txn_request_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(int32_t) partitions;
};
extern const struct kc_wire_type kc_add_partitions_to_txn_request_topic_type;

struct kc_add_partitions_to_txn_request_transaction {
    struct kc_wire_str transactional_id;
    int64_t producer_id;
    int16_t producer_epoch;
    bool verify_only;
    KC_WIRE_LIST(struct kc_add_partitions_to_txn_request_topic) topics;
};
extern const struct kc_wire_type kc_add_partitions_to_txn_request_transaction_type;

struct kc_add_partitions_to_txn_request {
    KC_WIRE_LIST(struct kc_add_partitions_to_txn_request_transaction) transactions;
    struct kc_wire_str v3_and_below_transactional_id;
    int64_t v3_and_below_producer_id;
    int16_t v3_and_below_producer_epoch;
    KC_WIRE_LIST(struct kc_add_partitions_to_txn_request_topic) v3_and_below_topics;
};
extern const struct kc_wire_type kc_add_partitions_to_txn_request_type;

struct kc_add_partitions_to_txn_response_partition {
    int32_t partition_index;
    int16_t partition_error_code;
};
extern const struct kc_wire_type kc_add_partitions_to_txn_response_partition_type;

struct kc_add_partitions_to_txn_response_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(struct kc_add_partitions_to_txn_response_partition) results_by_partition;
};
extern const struct kc_wire_type kc_add_partitions_to_txn_response_topic_type;

struct kc_add_partitions_to_txn_response_transaction {
    struct kc_wire_str transactional_id;
    KC_WIRE_LIST(struct kc_add_partitions_to_txn_response_topic) topic_results;
};
extern const struct kc_wire_type kc_add_partitions_to_txn_response_transaction_type;

struct kc_add_partitions_to_txn_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    KC_WIRE_LIST(struct kc_add_partitions_to_txn_response_transaction) results_by_transaction;
    KC_WIRE_LIST(struct kc_add_partitions_to_txn_response_topic) results_by_topic_v3_and_below;
};
extern const struct kc_wire_type kc_add_partitions_to_txn_response_type;

/* ---- AddOffsetsToTxn ---- */

struct kc_add_offsets_to_txn_request {
    struct kc_wire_str transactional_id;
    int64_t producer_id;
    int16_t producer_epoch;
    struct kc_wire_str group_id;
};
extern const struct kc_wire_type kc_add_offsets_to_txn_request_type;

struct kc_add_offsets_to_txn_response {
    int32_t throttle_time_ms;
    int16_t error_code;
};
extern const struct kc_wire_type kc_add_offsets_to_txn_response_type;

/* ---- EndTxn ---- */

struct kc_end_txn_request {
    struct kc_wire_str transactional_id;
    int64_t producer_id;
    int16_t producer_epoch;
    bool committed;
};
extern const struct kc_wire_type kc_end_txn_request_type;

struct kc_end_txn_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    int64_t producer_id;
    int16_t producer_epoch;
};
extern const struct kc_wire_type kc_end_txn_response_type;

/* ---- TxnOffsetCommit ---- */

struct kc_txn_offset_commit_request_partition {
    int32_t partition_index;
    int64_t committed_offset;
    int32_t committed_leader_epoch;
    struct kc_wire_str committed_metadata;
};
extern const struct kc_wire_type kc_txn_offset_commit_request_partition_type;

struct kc_txn_offset_commit_request_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(struct kc_txn_offset_commit_request_partition) partitions;
};
extern const struct kc_wire_type kc_txn_offset_commit_request_topic_type;

struct kc_txn_offset_commit_request {
    struct kc_wire_str transactional_id;
    struct kc_wire_str group_id;
    int64_t producer_id;
    int16_t producer_epoch;
    int32_t generation_id;
    struct kc_wire_str member_id;
    struct kc_wire_str group_instance_id;
    KC_WIRE_LIST(struct kc_txn_offset_commit_request_topic) topics;
};
extern const struct kc_wire_type kc_txn_offset_commit_request_type;

struct kc_txn_offset_commit_response_partition {
    int32_t partition_index;
    int16_t error_code;
};
extern const struct kc_wire_type kc_txn_offset_commit_response_partition_type;

struct kc_txn_offset_commit_response_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(struct kc_txn_offset_commit_response_partition) partitions;
};
extern const struct kc_wire_type kc_txn_offset_commit_response_topic_type;

struct kc_txn_offset_commit_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_txn_offset_commit_response_topic) topics;
};
extern const struct kc_wire_type kc_txn_offset_commit_response_type;

/* ---- DescribeProducers ---- */

struct kc_describe_producers_request_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(int32_t) partition_indexes;
};
extern const struct kc_wire_type kc_describe_producers_request_topic_type;

struct kc_describe_producers_request {
    KC_WIRE_LIST(struct kc_describe_producers_request_topic) topics;
};
extern const struct kc_wire_type kc_describe_producers_request_type;

struct kc_describe_producers_response_active_producer {
    int64_t producer_id;
    int32_t producer_epoch;
    int32_t last_sequence;
    int64_t last_timestamp;
    int32_t coordinator_epoch;
    int64_t current_txn_start_offset;
};
extern const struct kc_wire_type kc_describe_producers_response_active_producer_type;

struct kc_describe_producers_response_partition {
    int32_t partition_index;
    int16_t error_code;
    struct kc_wire_str error_message;
    KC_WIRE_LIST(struct kc_describe_producers_response_active_producer) active_producers;
};
extern const struct kc_wire_type kc_describe_producers_response_partition_type;

struct kc_describe_producers_response_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(struct kc_describe_producers_response_partition) partitions;
};
extern const struct kc_wire_type kc_describe_producers_response_topic_type;

struct kc_describe_producers_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_describe_producers_response_topic) topics;
};
extern const struct kc_wire_type kc_describe_producers_response_type;

/* ---- WriteTxnMarkers ---- */

struct kc_write_txn_markers_request_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(int32_t) partition_indexes;
};
extern const struct kc_wire_type kc_write_txn_markers_request_topic_type;

struct kc_write_txn_markers_request_marker {
    int64_t producer_id;
    int16_t producer_epoch;
    bool transaction_result; /* false: abort */
    KC_WIRE_LIST(struct kc_write_txn_markers_request_topic) topics;
    int32_t coordinator_epoch;
};
extern const struct kc_wire_type kc_write_txn_markers_request_marker_type;

struct kc_write_txn_markers_request {
    KC_WIRE_LIST(struct kc_write_txn_markers_request_marker) markers;
};
extern const struct kc_wire_type kc_write_txn_markers_request_type;

struct kc_write_txn_markers_response_partition {
    int32_t partition_index;
    int16_t error_code;
};
extern const struct kc_wire_type kc_write_txn_markers_response_partition_type;

struct kc_write_txn_markers_response_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(struct kc_write_txn_markers_response_partition) partitions;
};
extern const struct kc_wire_type kc_write_txn_markers_response_topic_type;

struct kc_write_txn_markers_response_marker {
    int64_t producer_id;
    KC_WIRE_LIST(struct kc_write_txn_markers_response_topic) topics;
};
extern const struct kc_wire_type kc_write_txn_markers_response_marker_type;

struct kc_write_txn_markers_response {
    KC_WIRE_LIST(struct kc_write_txn_markers_response_marker) markers;
};
extern const struct kc_wire_type kc_write_txn_markers_response_type;

/* ---- DescribeTransactions ---- */

struct kc_describe_transactions_request {
    KC_WIRE_LIST(struct kc_wire_str) transactional_ids;
};
extern const struct kc_wire_type kc_describe_transactions_request_type;

struct kc_describe_transactions_response_topic {
    struct kc_wire_str topic;
    KC_WIRE_LIST(int32_t) partitions;
};
extern const struct kc_wire_type kc_describe_transactions_response_topic_type;

struct kc_describe_transactions_response_state {
    int16_t error_code;
    struct kc_wire_str transactional_id;
    struct kc_wire_str transaction_state;
    int32_t transaction_timeout_ms;
    int64_t transaction_start_time_ms;
    int64_t producer_id;
    int16_t producer_epoch;
    KC_WIRE_LIST(struct kc_describe_transactions_response_topic) topics;
};
extern const struct kc_wire_type kc_describe_transactions_response_state_type;

struct kc_describe_transactions_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_describe_transactions_response_state) transaction_states;
};
extern const struct kc_wire_type kc_describe_transactions_response_type;

/* ---- ListTransactions ---- */

struct kc_list_transactions_request {
    KC_WIRE_LIST(struct kc_wire_str) state_filters;
    KC_WIRE_LIST(int64_t) producer_id_filters;
    int64_t duration_filter;
    struct kc_wire_str transactional_id_pattern;
};
extern const struct kc_wire_type kc_list_transactions_request_type;

struct kc_list_transactions_response_state {
    struct kc_wire_str transactional_id;
    int64_t producer_id;
    struct kc_wire_str transaction_state;
};
extern const struct kc_wire_type kc_list_transactions_response_state_type;

struct kc_list_transactions_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    KC_WIRE_LIST(struct kc_wire_str) unknown_state_filters;
    KC_WIRE_LIST(struct kc_list_transactions_response_state) transaction_states;
};
extern const struct kc_wire_type kc_list_transactions_response_type;

#endif
