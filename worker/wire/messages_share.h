/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of share groups that carry records: ShareFetch, ShareAcknowledge (KIP-932).
 *
 * One struct per message or nested structure, in the field order of Kafka's message schemas, with
 * all fields of the versions that messages_share.c declares; which of them a version has is said
 * there. A decoded message lives in its arena; strings are terminated, bytes point into the frame.
 */
#ifndef WORKER_WIRE_MESSAGES_SHARE_H
#define WORKER_WIRE_MESSAGES_SHARE_H

#include "wire/codec.h"

/* ---- ShareFetch ---- */

struct kc_share_fetch_request_acknowledgement_batch {
    int64_t first_offset;
    int64_t last_offset;
    KC_WIRE_LIST(int8_t) acknowledge_types;
};
extern const struct kc_wire_type kc_share_fetch_request_acknowledgement_batch_type;

struct kc_share_fetch_request_partition {
    int32_t partition_index;
    KC_WIRE_LIST(struct kc_share_fetch_request_acknowledgement_batch) acknowledgement_batches;
};
extern const struct kc_wire_type kc_share_fetch_request_partition_type;

struct kc_share_fetch_request_topic {
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_share_fetch_request_partition) partitions;
};
extern const struct kc_wire_type kc_share_fetch_request_topic_type;

struct kc_share_fetch_request_forgotten_topic {
    struct kc_uuid topic_id;
    KC_WIRE_LIST(int32_t) partitions;
};
extern const struct kc_wire_type kc_share_fetch_request_forgotten_topic_type;

struct kc_share_fetch_request {
    struct kc_wire_str group_id;
    struct kc_wire_str member_id;
    int32_t share_session_epoch;
    int32_t max_wait_ms;
    int32_t min_bytes;
    int32_t max_bytes;
    int32_t max_records;
    int32_t batch_size;
    KC_WIRE_LIST(struct kc_share_fetch_request_topic) topics;
    KC_WIRE_LIST(struct kc_share_fetch_request_forgotten_topic) forgotten_topics_data;
};
extern const struct kc_wire_type kc_share_fetch_request_type;

struct kc_share_fetch_response_current_leader {
    int32_t leader_id;
    int32_t leader_epoch;
};
extern const struct kc_wire_type kc_share_fetch_response_current_leader_type;

struct kc_share_fetch_response_acquired_records {
    int64_t first_offset;
    int64_t last_offset;
    int16_t delivery_count;
};
extern const struct kc_wire_type kc_share_fetch_response_acquired_records_type;

struct kc_share_fetch_response_partition {
    int32_t partition_index;
    int16_t error_code;
    struct kc_wire_str error_message;
    int16_t acknowledge_error_code;
    struct kc_wire_str acknowledge_error_message;
    struct kc_share_fetch_response_current_leader current_leader;
    struct kc_wire_bytes records;
    KC_WIRE_LIST(struct kc_share_fetch_response_acquired_records) acquired_records;
};
extern const struct kc_wire_type kc_share_fetch_response_partition_type;

struct kc_share_fetch_response_topic {
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_share_fetch_response_partition) partitions;
};
extern const struct kc_wire_type kc_share_fetch_response_topic_type;

struct kc_share_fetch_response_node_endpoint {
    int32_t node_id;
    struct kc_wire_str host;
    int32_t port;
    struct kc_wire_str rack;
};
extern const struct kc_wire_type kc_share_fetch_response_node_endpoint_type;

struct kc_share_fetch_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    struct kc_wire_str error_message;
    int32_t acquisition_lock_timeout_ms;
    KC_WIRE_LIST(struct kc_share_fetch_response_topic) responses;
    KC_WIRE_LIST(struct kc_share_fetch_response_node_endpoint) node_endpoints;
};
extern const struct kc_wire_type kc_share_fetch_response_type;

/* ---- ShareAcknowledge ---- */

struct kc_share_acknowledge_request_batch {
    int64_t first_offset;
    int64_t last_offset;
    KC_WIRE_LIST(int8_t) acknowledge_types;
};
extern const struct kc_wire_type kc_share_acknowledge_request_batch_type;

struct kc_share_acknowledge_request_partition {
    int32_t partition_index;
    KC_WIRE_LIST(struct kc_share_acknowledge_request_batch) acknowledgement_batches;
};
extern const struct kc_wire_type kc_share_acknowledge_request_partition_type;

struct kc_share_acknowledge_request_topic {
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_share_acknowledge_request_partition) partitions;
};
extern const struct kc_wire_type kc_share_acknowledge_request_topic_type;

struct kc_share_acknowledge_request {
    struct kc_wire_str group_id;
    struct kc_wire_str member_id;
    int32_t share_session_epoch;
    KC_WIRE_LIST(struct kc_share_acknowledge_request_topic) topics;
};
extern const struct kc_wire_type kc_share_acknowledge_request_type;

struct kc_share_acknowledge_response_current_leader {
    int32_t leader_id;
    int32_t leader_epoch;
};
extern const struct kc_wire_type kc_share_acknowledge_response_current_leader_type;

struct kc_share_acknowledge_response_partition {
    int32_t partition_index;
    int16_t error_code;
    struct kc_wire_str error_message;
    struct kc_share_acknowledge_response_current_leader current_leader;
};
extern const struct kc_wire_type kc_share_acknowledge_response_partition_type;

struct kc_share_acknowledge_response_topic {
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_share_acknowledge_response_partition) partitions;
};
extern const struct kc_wire_type kc_share_acknowledge_response_topic_type;

struct kc_share_acknowledge_response_node_endpoint {
    int32_t node_id;
    struct kc_wire_str host;
    int32_t port;
    struct kc_wire_str rack;
};
extern const struct kc_wire_type kc_share_acknowledge_response_node_endpoint_type;

struct kc_share_acknowledge_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    struct kc_wire_str error_message;
    KC_WIRE_LIST(struct kc_share_acknowledge_response_topic) responses;
    KC_WIRE_LIST(struct kc_share_acknowledge_response_node_endpoint) node_endpoints;
};
extern const struct kc_wire_type kc_share_acknowledge_response_type;

#endif
