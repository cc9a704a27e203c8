/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field tables of messages_data.h. The notation is explained in table_priv.h; the codec walks it.
 * Constant data.
 */
#include "wire/messages_data.h"
#include "wire/table_priv.h"

/* A field a line. */
/* clang-format off */

/* ---- Produce ---- */

#define T struct kc_produce_request_partition
static const struct kc_wire_field kc_produce_request_partition_fields[] = {
    FIELD(index, 0, LAST),
    FIELD(records, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_produce_request_partition);

#define T struct kc_produce_request_topic
static const struct kc_wire_field kc_produce_request_topic_fields[] = {
    FIELD(name, 0, 12, .ignorable = true),
    FIELD(topic_id, 13, LAST, .ignorable = true),
    LIST(partition_data, kc_produce_request_partition, 0, LAST),
};
#undef T
TYPE(kc_produce_request_topic);

#define T struct kc_produce_request
static const struct kc_wire_field kc_produce_request_fields[] = {
    FIELD(transactional_id, 3, LAST, .nullable = SINCE(3), .def = -1),
    FIELD(acks, 0, LAST),
    FIELD(timeout_ms, 0, LAST),
    LIST(topic_data, kc_produce_request_topic, 0, LAST),
};
#undef T
TYPE(kc_produce_request);

#define T struct kc_produce_response_record_error
static const struct kc_wire_field kc_produce_response_record_error_fields[] = {
    FIELD(batch_index, 8, LAST),
    FIELD(batch_index_error_message, 8, LAST, .nullable = SINCE(8), .def = -1),
};
#undef T
TYPE(kc_produce_response_record_error);

#define T struct kc_produce_response_current_leader
static const struct kc_wire_field kc_produce_response_current_leader_fields[] = {
    FIELD(leader_id, 10, LAST, .def = -1),
    FIELD(leader_epoch, 10, LAST, .def = -1),
};
#undef T
TYPE(kc_produce_response_current_leader);

#define T struct kc_produce_response_partition
static const struct kc_wire_field kc_produce_response_partition_fields[] = {
    FIELD(index, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(base_offset, 0, LAST),
    FIELD(log_append_time_ms, 2, LAST, .def = -1, .ignorable = true),
    FIELD(log_start_offset, 5, LAST, .def = -1, .ignorable = true),
    LIST(record_errors, kc_produce_response_record_error, 8, LAST, .ignorable = true),
    FIELD(error_message, 8, LAST, .nullable = SINCE(8), .def = -1, .ignorable = true),
    STRUCT(current_leader, kc_produce_response_current_leader, 10, LAST, .tag = TAG(0)),
};
#undef T
TYPE(kc_produce_response_partition);

#define T struct kc_produce_response_topic
static const struct kc_wire_field kc_produce_response_topic_fields[] = {
    FIELD(name, 0, 12, .ignorable = true),
    FIELD(topic_id, 13, LAST, .ignorable = true),
    LIST(partition_responses, kc_produce_response_partition, 0, LAST),
};
#undef T
TYPE(kc_produce_response_topic);

#define T struct kc_produce_response_node_endpoint
static const struct kc_wire_field kc_produce_response_node_endpoint_fields[] = {
    FIELD(node_id, 10, LAST),
    FIELD(host, 10, LAST),
    FIELD(port, 10, LAST),
    FIELD(rack, 10, LAST, .nullable = SINCE(10), .def = -1),
};
#undef T
TYPE(kc_produce_response_node_endpoint);

#define T struct kc_produce_response
static const struct kc_wire_field kc_produce_response_fields[] = {
    LIST(responses, kc_produce_response_topic, 0, LAST),
    FIELD(throttle_time_ms, 1, LAST, .ignorable = true),
    LIST(node_endpoints, kc_produce_response_node_endpoint, 10, LAST, .tag = TAG(0)),
};
#undef T
TYPE(kc_produce_response);

/* ---- Fetch ---- */

#define T struct kc_fetch_request_replica_state
static const struct kc_wire_field kc_fetch_request_replica_state_fields[] = {
    FIELD(replica_id, 15, LAST, .def = -1),
    FIELD(replica_epoch, 15, LAST, .def = -1),
};
#undef T
TYPE(kc_fetch_request_replica_state);

#define T struct kc_fetch_request_partition
static const struct kc_wire_field kc_fetch_request_partition_fields[] = {
    FIELD(partition, 0, LAST),
    FIELD(current_leader_epoch, 9, LAST, .def = -1, .ignorable = true),
    FIELD(fetch_offset, 0, LAST),
    FIELD(last_fetched_epoch, 12, LAST, .def = -1),
    FIELD(log_start_offset, 5, LAST, .def = -1, .ignorable = true),
    FIELD(partition_max_bytes, 0, LAST),
    FIELD(replica_directory_id, 17, LAST, .tag = TAG(0), .ignorable = true),
    FIELD(high_watermark, 18, LAST, .tag = TAG(1), .def = INT64_MAX, .ignorable = true),
};
#undef T
TYPE(kc_fetch_request_partition);

#define T struct kc_fetch_request_topic
static const struct kc_wire_field kc_fetch_request_topic_fields[] = {
    FIELD(topic, 0, 12, .ignorable = true),
    FIELD(topic_id, 13, LAST, .ignorable = true),
    LIST(partitions, kc_fetch_request_partition, 0, LAST),
};
#undef T
TYPE(kc_fetch_request_topic);

#define T struct kc_fetch_request_forgotten_topics_data
static const struct kc_wire_field kc_fetch_request_forgotten_topics_data_fields[] = {
    FIELD(topic, 7, 12, .ignorable = true),
    FIELD(topic_id, 13, LAST, .ignorable = true),
    LIST_OF(partitions, KC_WIRE_I32, 7, LAST),
};
#undef T
TYPE(kc_fetch_request_forgotten_topics_data);

#define T struct kc_fetch_request
static const struct kc_wire_field kc_fetch_request_fields[] = {
    FIELD(cluster_id, 12, LAST, .nullable = SINCE(12), .tag = TAG(0), .def = -1, .ignorable = true),
    FIELD(replica_id, 0, 14, .def = -1),
    STRUCT(replica_state, kc_fetch_request_replica_state, 15, LAST, .tag = TAG(1)),
    FIELD(max_wait_ms, 0, LAST),
    FIELD(min_bytes, 0, LAST),
    FIELD(max_bytes, 3, LAST, .def = INT32_MAX, .ignorable = true),
    FIELD(isolation_level, 4, LAST, .ignorable = true),
    FIELD(session_id, 7, LAST, .ignorable = true),
    FIELD(session_epoch, 7, LAST, .def = -1, .ignorable = true),
    LIST(topics, kc_fetch_request_topic, 0, LAST),
    LIST(forgotten_topics_data, kc_fetch_request_forgotten_topics_data, 7, LAST),
    FIELD(rack_id, 11, LAST, .ignorable = true),
};
#undef T
TYPE(kc_fetch_request);

#define T struct kc_fetch_response_diverging_epoch
static const struct kc_wire_field kc_fetch_response_diverging_epoch_fields[] = {
    FIELD(epoch, 12, LAST, .def = -1),
    FIELD(end_offset, 12, LAST, .def = -1),
};
#undef T
TYPE(kc_fetch_response_diverging_epoch);

#define T struct kc_fetch_response_current_leader
static const struct kc_wire_field kc_fetch_response_current_leader_fields[] = {
    FIELD(leader_id, 12, LAST, .def = -1),
    FIELD(leader_epoch, 12, LAST, .def = -1),
};
#undef T
TYPE(kc_fetch_response_current_leader);

#define T struct kc_fetch_response_snapshot_id
static const struct kc_wire_field kc_fetch_response_snapshot_id_fields[] = {
    FIELD(end_offset, 0, LAST, .def = -1),
    FIELD(epoch, 0, LAST, .def = -1),
};
#undef T
TYPE(kc_fetch_response_snapshot_id);

#define T struct kc_fetch_response_aborted_transaction
static const struct kc_wire_field kc_fetch_response_aborted_transaction_fields[] = {
    FIELD(producer_id, 4, LAST),
    FIELD(first_offset, 4, LAST),
};
#undef T
TYPE(kc_fetch_response_aborted_transaction);

#define T struct kc_fetch_response_partition
static const struct kc_wire_field kc_fetch_response_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(high_watermark, 0, LAST),
    FIELD(last_stable_offset, 4, LAST, .def = -1, .ignorable = true),
    FIELD(log_start_offset, 5, LAST, .def = -1, .ignorable = true),
    STRUCT(diverging_epoch, kc_fetch_response_diverging_epoch, 12, LAST, .tag = TAG(0)),
    STRUCT(current_leader, kc_fetch_response_current_leader, 12, LAST, .tag = TAG(1)),
    STRUCT(snapshot_id, kc_fetch_response_snapshot_id, 12, LAST, .tag = TAG(2)),
    LIST(aborted_transactions, kc_fetch_response_aborted_transaction, 4, LAST, .nullable = SINCE(4),
         .ignorable = true),
    FIELD(preferred_read_replica, 11, LAST, .def = -1),
    FIELD(records, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_fetch_response_partition);

#define T struct kc_fetch_response_topic
static const struct kc_wire_field kc_fetch_response_topic_fields[] = {
    FIELD(topic, 0, 12, .ignorable = true),
    FIELD(topic_id, 13, LAST, .ignorable = true),
    LIST(partitions, kc_fetch_response_partition, 0, LAST),
};
#undef T
TYPE(kc_fetch_response_topic);

#define T struct kc_fetch_response_node_endpoint
static const struct kc_wire_field kc_fetch_response_node_endpoint_fields[] = {
    FIELD(node_id, 16, LAST),
    FIELD(host, 16, LAST),
    FIELD(port, 16, LAST),
    FIELD(rack, 16, LAST, .nullable = SINCE(16), .def = -1),
};
#undef T
TYPE(kc_fetch_response_node_endpoint);

#define T struct kc_fetch_response
static const struct kc_wire_field kc_fetch_response_fields[] = {
    FIELD(throttle_time_ms, 1, LAST, .ignorable = true),
    FIELD(error_code, 7, LAST, .ignorable = true),
    FIELD(session_id, 7, LAST),
    LIST(responses, kc_fetch_response_topic, 0, LAST),
    LIST(node_endpoints, kc_fetch_response_node_endpoint, 16, LAST, .tag = TAG(0)),
};
#undef T
TYPE(kc_fetch_response);

/* ---- ListOffsets ---- */

#define T struct kc_list_offsets_request_partition
static const struct kc_wire_field kc_list_offsets_request_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(current_leader_epoch, 4, LAST, .def = -1, .ignorable = true),
    FIELD(timestamp, 0, LAST),
};
#undef T
TYPE(kc_list_offsets_request_partition);

#define T struct kc_list_offsets_request_topic
static const struct kc_wire_field kc_list_offsets_request_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST(partitions, kc_list_offsets_request_partition, 0, LAST),
};
#undef T
TYPE(kc_list_offsets_request_topic);

#define T struct kc_list_offsets_request
static const struct kc_wire_field kc_list_offsets_request_fields[] = {
    FIELD(replica_id, 0, LAST, .def = -1),
    FIELD(isolation_level, 2, LAST),
    LIST(topics, kc_list_offsets_request_topic, 0, LAST),
    FIELD(timeout_ms, 10, LAST, .ignorable = true),
};
#undef T
TYPE(kc_list_offsets_request);

#define T struct kc_list_offsets_response_partition
static const struct kc_wire_field kc_list_offsets_response_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(timestamp, 1, LAST, .def = -1),
    FIELD(offset, 1, LAST, .def = -1),
    FIELD(leader_epoch, 4, LAST, .def = -1),
};
#undef T
TYPE(kc_list_offsets_response_partition);

#define T struct kc_list_offsets_response_topic
static const struct kc_wire_field kc_list_offsets_response_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST(partitions, kc_list_offsets_response_partition, 0, LAST),
};
#undef T
TYPE(kc_list_offsets_response_topic);

#define T struct kc_list_offsets_response
static const struct kc_wire_field kc_list_offsets_response_fields[] = {
    FIELD(throttle_time_ms, 2, LAST, .ignorable = true),
    LIST(topics, kc_list_offsets_response_topic, 0, LAST),
};
#undef T
TYPE(kc_list_offsets_response);

/* ---- OffsetForLeaderEpoch ---- */

#define T struct kc_offset_for_leader_epoch_request_partition
static const struct kc_wire_field kc_offset_for_leader_epoch_request_partition_fields[] = {
    FIELD(partition, 0, LAST),
    FIELD(current_leader_epoch, 2, LAST, .def = -1, .ignorable = true),
    FIELD(leader_epoch, 0, LAST),
};
#undef T
TYPE(kc_offset_for_leader_epoch_request_partition);

#define T struct kc_offset_for_leader_epoch_request_topic
static const struct kc_wire_field kc_offset_for_leader_epoch_request_topic_fields[] = {
    FIELD(topic, 0, LAST),
    LIST(partitions, kc_offset_for_leader_epoch_request_partition, 0, LAST),
};
#undef T
TYPE(kc_offset_for_leader_epoch_request_topic);

#define T struct kc_offset_for_leader_epoch_request
static const struct kc_wire_field kc_offset_for_leader_epoch_request_fields[] = {
    FIELD(replica_id, 3, LAST, .def = -2, .ignorable = true),
    LIST(topics, kc_offset_for_leader_epoch_request_topic, 0, LAST),
};
#undef T
TYPE(kc_offset_for_leader_epoch_request);

#define T struct kc_offset_for_leader_epoch_response_partition
static const struct kc_wire_field kc_offset_for_leader_epoch_response_partition_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(partition, 0, LAST),
    FIELD(leader_epoch, 1, LAST, .def = -1, .ignorable = true),
    FIELD(end_offset, 0, LAST, .def = -1),
};
#undef T
TYPE(kc_offset_for_leader_epoch_response_partition);

#define T struct kc_offset_for_leader_epoch_response_topic
static const struct kc_wire_field kc_offset_for_leader_epoch_response_topic_fields[] = {
    FIELD(topic, 0, LAST),
    LIST(partitions, kc_offset_for_leader_epoch_response_partition, 0, LAST),
};
#undef T
TYPE(kc_offset_for_leader_epoch_response_topic);

#define T struct kc_offset_for_leader_epoch_response
static const struct kc_wire_field kc_offset_for_leader_epoch_response_fields[] = {
    FIELD(throttle_time_ms, 2, LAST, .ignorable = true),
    LIST(topics, kc_offset_for_leader_epoch_response_topic, 0, LAST),
};
#undef T
TYPE(kc_offset_for_leader_epoch_response);

/* ---- DeleteRecords ---- */

#define T struct kc_delete_records_request_partition
static const struct kc_wire_field kc_delete_records_request_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(offset, 0, LAST),
};
#undef T
TYPE(kc_delete_records_request_partition);

#define T struct kc_delete_records_request_topic
static const struct kc_wire_field kc_delete_records_request_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST(partitions, kc_delete_records_request_partition, 0, LAST),
};
#undef T
TYPE(kc_delete_records_request_topic);

#define T struct kc_delete_records_request
static const struct kc_wire_field kc_delete_records_request_fields[] = {
    LIST(topics, kc_delete_records_request_topic, 0, LAST),
    FIELD(timeout_ms, 0, LAST),
};
#undef T
TYPE(kc_delete_records_request);

#define T struct kc_delete_records_response_partition
static const struct kc_wire_field kc_delete_records_response_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(low_watermark, 0, LAST),
    FIELD(error_code, 0, LAST),
};
#undef T
TYPE(kc_delete_records_response_partition);

#define T struct kc_delete_records_response_topic
static const struct kc_wire_field kc_delete_records_response_topic_fields[] = {
    FIELD(name, 0, LAST),
    LIST(partitions, kc_delete_records_response_partition, 0, LAST),
};
#undef T
TYPE(kc_delete_records_response_topic);

#define T struct kc_delete_records_response
static const struct kc_wire_field kc_delete_records_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(topics, kc_delete_records_response_topic, 0, LAST),
};
#undef T
TYPE(kc_delete_records_response);

/* clang-format on */
