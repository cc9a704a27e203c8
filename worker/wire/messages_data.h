/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that carry or locate records: produce, fetch, offsets by time and epoch.
 *
 * One struct per message or nested structure, in the field order of Kafka's message schemas, with
 * all fields of the versions that messages_data.c declares; which of them a version has is said
 * there. A decoded message lives in its arena; strings are terminated, bytes point into the frame.
 */
#ifndef WORKER_WIRE_MESSAGES_DATA_H
#define WORKER_WIRE_MESSAGES_DATA_H

#include "wire/codec.h"

/* ---- Produce ---- */

struct kc_produce_request_partition {
    int32_t index;
    struct kc_wire_bytes records;
};
extern const struct kc_wire_type kc_produce_request_partition_type;

struct kc_produce_request_topic {
    struct kc_wire_str name;
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_produce_request_partition) partition_data;
};
extern const struct kc_wire_type kc_produce_request_topic_type;

struct kc_produce_request {
    struct kc_wire_str transactional_id;
    int16_t acks;
    int32_t timeout_ms;
    KC_WIRE_LIST(struct kc_produce_request_topic) topic_data;
};
extern const struct kc_wire_type kc_produce_request_type;

struct kc_produce_response_record_error {
    int32_t batch_index;
    struct kc_wire_str batch_index_error_message;
};
extern const struct kc_wire_type kc_produce_response_record_error_type;

struct kc_produce_response_current_leader {
    int32_t leader_id;
    int32_t leader_epoch;
};
extern const struct kc_wire_type kc_produce_response_current_leader_type;

struct kc_produce_response_partition {
    int32_t index;
    int16_t error_code;
    int64_t base_offset;
    int64_t log_append_time_ms;
    int64_t log_start_offset;
    KC_WIRE_LIST(struct kc_produce_response_record_error) record_errors;
    struct kc_wire_str error_message;
    struct kc_produce_response_current_leader current_leader;
};
extern const struct kc_wire_type kc_produce_response_partition_type;

struct kc_produce_response_topic {
    struct kc_wire_str name;
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_produce_response_partition) partition_responses;
};
extern const struct kc_wire_type kc_produce_response_topic_type;

struct kc_produce_response_node_endpoint {
    int32_t node_id;
    struct kc_wire_str host;
    int32_t port;
    struct kc_wire_str rack;
};
extern const struct kc_wire_type kc_produce_response_node_endpoint_type;

struct kc_produce_response {
    KC_WIRE_LIST(struct kc_produce_response_topic) responses;
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_produce_response_node_endpoint) node_endpoints;
};
extern const struct kc_wire_type kc_produce_response_type;

/* ---- Fetch ---- */

struct kc_fetch_request_replica_state {
    int32_t replica_id;
    int64_t replica_epoch;
};
extern const struct kc_wire_type kc_fetch_request_replica_state_type;

struct kc_fetch_request_partition {
    int32_t partition;
    int32_t current_leader_epoch;
    int64_t fetch_offset;
    int32_t last_fetched_epoch;
    int64_t log_start_offset;
    int32_t partition_max_bytes;
    struct kc_uuid replica_directory_id;
    int64_t high_watermark;
};
extern const struct kc_wire_type kc_fetch_request_partition_type;

struct kc_fetch_request_topic {
    struct kc_wire_str topic;
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_fetch_request_partition) partitions;
};
extern const struct kc_wire_type kc_fetch_request_topic_type;

struct kc_fetch_request_forgotten_topics_data {
    struct kc_wire_str topic;
    struct kc_uuid topic_id;
    KC_WIRE_LIST(int32_t) partitions;
};
extern const struct kc_wire_type kc_fetch_request_forgotten_topics_data_type;

struct kc_fetch_request {
    struct kc_wire_str cluster_id;
    int32_t replica_id;
    struct kc_fetch_request_replica_state replica_state;
    int32_t max_wait_ms;
    int32_t min_bytes;
    int32_t max_bytes;
    int8_t isolation_level;
    int32_t session_id;
    int32_t session_epoch;
    KC_WIRE_LIST(struct kc_fetch_request_topic) topics;
    KC_WIRE_LIST(struct kc_fetch_request_forgotten_topics_data) forgotten_topics_data;
    struct kc_wire_str rack_id;
};
extern const struct kc_wire_type kc_fetch_request_type;

struct kc_fetch_response_diverging_epoch {
    int32_t epoch;
    int64_t end_offset;
};
extern const struct kc_wire_type kc_fetch_response_diverging_epoch_type;

struct kc_fetch_response_current_leader {
    int32_t leader_id;
    int32_t leader_epoch;
};
extern const struct kc_wire_type kc_fetch_response_current_leader_type;

struct kc_fetch_response_snapshot_id {
    int64_t end_offset;
    int32_t epoch;
};
extern const struct kc_wire_type kc_fetch_response_snapshot_id_type;

struct kc_fetch_response_aborted_transaction {
    int64_t producer_id;
    int64_t first_offset;
};
extern const struct kc_wire_type kc_fetch_response_aborted_transaction_type;

struct kc_fetch_response_partition {
    int32_t partition_index;
    int16_t error_code;
    int64_t high_watermark;
    int64_t last_stable_offset;
    int64_t log_start_offset;
    struct kc_fetch_response_diverging_epoch diverging_epoch;
    struct kc_fetch_response_current_leader current_leader;
    struct kc_fetch_response_snapshot_id snapshot_id;
    KC_WIRE_LIST(struct kc_fetch_response_aborted_transaction) aborted_transactions;
    int32_t preferred_read_replica;
    struct kc_wire_bytes records;
};
extern const struct kc_wire_type kc_fetch_response_partition_type;

struct kc_fetch_response_topic {
    struct kc_wire_str topic;
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_fetch_response_partition) partitions;
};
extern const struct kc_wire_type kc_fetch_response_topic_type;

struct kc_fetch_response_node_endpoint {
    int32_t node_id;
    struct kc_wire_str host;
    int32_t port;
    struct kc_wire_str rack;
};
extern const struct kc_wire_type kc_fetch_response_node_endpoint_type;

struct kc_fetch_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    int32_t session_id;
    KC_WIRE_LIST(struct kc_fetch_response_topic) responses;
    KC_WIRE_LIST(struct kc_fetch_response_node_endpoint) node_endpoints;
};
extern const struct kc_wire_type kc_fetch_response_type;

/* ---- ListOffsets ---- */

struct kc_list_offsets_request_partition {
    int32_t partition_index;
    int32_t current_leader_epoch;
    int64_t timestamp;
};
extern const struct kc_wire_type kc_list_offsets_request_partition_type;

struct kc_list_offsets_request_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(struct kc_list_offsets_request_partition) partitions;
};
extern const struct kc_wire_type kc_list_offsets_request_topic_type;

struct kc_list_offsets_request {
    int32_t replica_id;
    int8_t isolation_level;
    KC_WIRE_LIST(struct kc_list_offsets_request_topic) topics;
    int32_t timeout_ms;
};
extern const struct kc_wire_type kc_list_offsets_request_type;

struct kc_list_offsets_response_partition {
    int32_t partition_index;
    int16_t error_code;
    int64_t timestamp;
    int64_t offset;
    int32_t leader_epoch;
};
extern const struct kc_wire_type kc_list_offsets_response_partition_type;

struct kc_list_offsets_response_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(struct kc_list_offsets_response_partition) partitions;
};
extern const struct kc_wire_type kc_list_offsets_response_topic_type;

struct kc_list_offsets_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_list_offsets_response_topic) topics;
};
extern const struct kc_wire_type kc_list_offsets_response_type;

/* ---- OffsetForLeaderEpoch ---- */

struct kc_offset_for_leader_epoch_request_partition {
    int32_t partition;
    int32_t current_leader_epoch;
    int32_t leader_epoch;
};
extern const struct kc_wire_type kc_offset_for_leader_epoch_request_partition_type;

struct kc_offset_for_leader_epoch_request_topic {
    struct kc_wire_str topic;
    KC_WIRE_LIST(struct kc_offset_for_leader_epoch_request_partition) partitions;
};
extern const struct kc_wire_type kc_offset_for_leader_epoch_request_topic_type;

struct kc_offset_for_leader_epoch_request {
    int32_t replica_id;
    KC_WIRE_LIST(struct kc_offset_for_leader_epoch_request_topic) topics;
};
extern const struct kc_wire_type kc_offset_for_leader_epoch_request_type;

struct kc_offset_for_leader_epoch_response_partition {
    int16_t error_code;
    int32_t partition;
    int32_t leader_epoch;
    int64_t end_offset;
};
extern const struct kc_wire_type kc_offset_for_leader_epoch_response_partition_type;

struct kc_offset_for_leader_epoch_response_topic {
    struct kc_wire_str topic;
    KC_WIRE_LIST(struct kc_offset_for_leader_epoch_response_partition) partitions;
};
extern const struct kc_wire_type kc_offset_for_leader_epoch_response_topic_type;

struct kc_offset_for_leader_epoch_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_offset_for_leader_epoch_response_topic) topics;
};
extern const struct kc_wire_type kc_offset_for_leader_epoch_response_type;

/* ---- DeleteRecords ---- */

struct kc_delete_records_request_partition {
    int32_t partition_index;
    int64_t offset;
};
extern const struct kc_wire_type kc_delete_records_request_partition_type;

struct kc_delete_records_request_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(struct kc_delete_records_request_partition) partitions;
};
extern const struct kc_wire_type kc_delete_records_request_topic_type;

struct kc_delete_records_request {
    KC_WIRE_LIST(struct kc_delete_records_request_topic) topics;
    int32_t timeout_ms;
};
extern const struct kc_wire_type kc_delete_records_request_type;

struct kc_delete_records_response_partition {
    int32_t partition_index;
    int64_t low_watermark;
    int16_t error_code;
};
extern const struct kc_wire_type kc_delete_records_response_partition_type;

struct kc_delete_records_response_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(struct kc_delete_records_response_partition) partitions;
};
extern const struct kc_wire_type kc_delete_records_response_topic_type;

struct kc_delete_records_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_delete_records_response_topic) topics;
};
extern const struct kc_wire_type kc_delete_records_response_type;

#endif
