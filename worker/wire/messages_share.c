/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field tables of messages_share.h. The notation is explained in table_priv.h; the codec walks it.
 * Constant data.
 */
#include "wire/messages_share.h"
#include "wire/table_priv.h"

/* A field a line. */
/* clang-format off */

/* ---- ShareFetch ---- */

#define T struct kc_share_fetch_request_acknowledgement_batch
static const struct kc_wire_field kc_share_fetch_request_acknowledgement_batch_fields[] = {
    FIELD(first_offset, 0, LAST),
    FIELD(last_offset, 0, LAST),
    LIST_OF(acknowledge_types, KC_WIRE_I8, 0, LAST),
};
#undef T
TYPE(kc_share_fetch_request_acknowledgement_batch);

#define T struct kc_share_fetch_request_partition
static const struct kc_wire_field kc_share_fetch_request_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    LIST(acknowledgement_batches, kc_share_fetch_request_acknowledgement_batch, 0, LAST),
};
#undef T
TYPE(kc_share_fetch_request_partition);

#define T struct kc_share_fetch_request_topic
static const struct kc_wire_field kc_share_fetch_request_topic_fields[] = {
    FIELD(topic_id, 0, LAST),
    LIST(partitions, kc_share_fetch_request_partition, 0, LAST),
};
#undef T
TYPE(kc_share_fetch_request_topic);

#define T struct kc_share_fetch_request_forgotten_topic
static const struct kc_wire_field kc_share_fetch_request_forgotten_topic_fields[] = {
    FIELD(topic_id, 0, LAST),
    LIST_OF(partitions, KC_WIRE_I32, 0, LAST),
};
#undef T
TYPE(kc_share_fetch_request_forgotten_topic);

#define T struct kc_share_fetch_request
static const struct kc_wire_field kc_share_fetch_request_fields[] = {
    FIELD(group_id, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(member_id, 0, LAST, .nullable = SINCE(0)),
    FIELD(share_session_epoch, 0, LAST),
    FIELD(max_wait_ms, 0, LAST),
    FIELD(min_bytes, 0, LAST),
    FIELD(max_bytes, 0, LAST, .def = INT32_MAX),
    FIELD(max_records, 0, LAST),
    FIELD(batch_size, 0, LAST),
    LIST(topics, kc_share_fetch_request_topic, 0, LAST),
    LIST(forgotten_topics_data, kc_share_fetch_request_forgotten_topic, 0, LAST),
};
#undef T
TYPE(kc_share_fetch_request);

#define T struct kc_share_fetch_response_current_leader
static const struct kc_wire_field kc_share_fetch_response_current_leader_fields[] = {
    FIELD(leader_id, 0, LAST),
    FIELD(leader_epoch, 0, LAST),
};
#undef T
TYPE(kc_share_fetch_response_current_leader);

#define T struct kc_share_fetch_response_acquired_records
static const struct kc_wire_field kc_share_fetch_response_acquired_records_fields[] = {
    FIELD(first_offset, 0, LAST),
    FIELD(last_offset, 0, LAST),
    FIELD(delivery_count, 0, LAST),
};
#undef T
TYPE(kc_share_fetch_response_acquired_records);

#define T struct kc_share_fetch_response_partition
static const struct kc_wire_field kc_share_fetch_response_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(acknowledge_error_code, 0, LAST),
    FIELD(acknowledge_error_message, 0, LAST, .nullable = SINCE(0), .def = -1),
    STRUCT(current_leader, kc_share_fetch_response_current_leader, 0, LAST),
    FIELD(records, 0, LAST, .nullable = SINCE(0)),
    LIST(acquired_records, kc_share_fetch_response_acquired_records, 0, LAST),
};
#undef T
TYPE(kc_share_fetch_response_partition);

#define T struct kc_share_fetch_response_topic
static const struct kc_wire_field kc_share_fetch_response_topic_fields[] = {
    FIELD(topic_id, 0, LAST),
    LIST(partitions, kc_share_fetch_response_partition, 0, LAST),
};
#undef T
TYPE(kc_share_fetch_response_topic);

#define T struct kc_share_fetch_response_node_endpoint
static const struct kc_wire_field kc_share_fetch_response_node_endpoint_fields[] = {
    FIELD(node_id, 0, LAST),
    FIELD(host, 0, LAST),
    FIELD(port, 0, LAST),
    FIELD(rack, 0, LAST, .nullable = SINCE(0), .def = -1),
};
#undef T
TYPE(kc_share_fetch_response_node_endpoint);

#define T struct kc_share_fetch_response
static const struct kc_wire_field kc_share_fetch_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(acquisition_lock_timeout_ms, 0, LAST),
    LIST(responses, kc_share_fetch_response_topic, 0, LAST),
    LIST(node_endpoints, kc_share_fetch_response_node_endpoint, 0, LAST),
};
#undef T
TYPE(kc_share_fetch_response);

/* ---- ShareAcknowledge ---- */

#define T struct kc_share_acknowledge_request_batch
static const struct kc_wire_field kc_share_acknowledge_request_batch_fields[] = {
    FIELD(first_offset, 0, LAST),
    FIELD(last_offset, 0, LAST),
    LIST_OF(acknowledge_types, KC_WIRE_I8, 0, LAST),
};
#undef T
TYPE(kc_share_acknowledge_request_batch);

#define T struct kc_share_acknowledge_request_partition
static const struct kc_wire_field kc_share_acknowledge_request_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    LIST(acknowledgement_batches, kc_share_acknowledge_request_batch, 0, LAST),
};
#undef T
TYPE(kc_share_acknowledge_request_partition);

#define T struct kc_share_acknowledge_request_topic
static const struct kc_wire_field kc_share_acknowledge_request_topic_fields[] = {
    FIELD(topic_id, 0, LAST),
    LIST(partitions, kc_share_acknowledge_request_partition, 0, LAST),
};
#undef T
TYPE(kc_share_acknowledge_request_topic);

#define T struct kc_share_acknowledge_request
static const struct kc_wire_field kc_share_acknowledge_request_fields[] = {
    FIELD(group_id, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(member_id, 0, LAST, .nullable = SINCE(0)),
    FIELD(share_session_epoch, 0, LAST),
    LIST(topics, kc_share_acknowledge_request_topic, 0, LAST),
};
#undef T
TYPE(kc_share_acknowledge_request);

#define T struct kc_share_acknowledge_response_current_leader
static const struct kc_wire_field kc_share_acknowledge_response_current_leader_fields[] = {
    FIELD(leader_id, 0, LAST),
    FIELD(leader_epoch, 0, LAST),
};
#undef T
TYPE(kc_share_acknowledge_response_current_leader);

#define T struct kc_share_acknowledge_response_partition
static const struct kc_wire_field kc_share_acknowledge_response_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0), .def = -1),
    STRUCT(current_leader, kc_share_acknowledge_response_current_leader, 0, LAST),
};
#undef T
TYPE(kc_share_acknowledge_response_partition);

#define T struct kc_share_acknowledge_response_topic
static const struct kc_wire_field kc_share_acknowledge_response_topic_fields[] = {
    FIELD(topic_id, 0, LAST),
    LIST(partitions, kc_share_acknowledge_response_partition, 0, LAST),
};
#undef T
TYPE(kc_share_acknowledge_response_topic);

#define T struct kc_share_acknowledge_response_node_endpoint
static const struct kc_wire_field kc_share_acknowledge_response_node_endpoint_fields[] = {
    FIELD(node_id, 0, LAST),
    FIELD(host, 0, LAST),
    FIELD(port, 0, LAST),
    FIELD(rack, 0, LAST, .nullable = SINCE(0), .def = -1),
};
#undef T
TYPE(kc_share_acknowledge_response_node_endpoint);

#define T struct kc_share_acknowledge_response
static const struct kc_wire_field kc_share_acknowledge_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0), .def = -1),
    LIST(responses, kc_share_acknowledge_response_topic, 0, LAST),
    LIST(node_endpoints, kc_share_acknowledge_response_node_endpoint, 0, LAST),
};
#undef T
TYPE(kc_share_acknowledge_response);

/* clang-format on */
