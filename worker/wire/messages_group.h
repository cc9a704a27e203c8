/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of groups: coordinator, classic and consumer protocol, committed offsets.
 *
 * One struct per message or nested structure, in the field order of Kafka's message schemas, with
 * all fields of the versions that messages_group.c declares; which of them a version has is said
 * there. A decoded message lives in its arena; strings are terminated, bytes point into the frame.
 */
#ifndef WORKER_WIRE_MESSAGES_GROUP_H
#define WORKER_WIRE_MESSAGES_GROUP_H

#include "wire/codec.h"

/* ---- FindCoordinator ---- */

struct kc_find_coordinator_request {
    struct kc_wire_str key;
    int8_t key_type;
    KC_WIRE_LIST(struct kc_wire_str) coordinator_keys;
};
extern const struct kc_wire_type kc_find_coordinator_request_type;

struct kc_find_coordinator_response_coordinator {
    struct kc_wire_str key;
    int32_t node_id;
    struct kc_wire_str host;
    int32_t port;
    int16_t error_code;
    struct kc_wire_str error_message;
};
extern const struct kc_wire_type kc_find_coordinator_response_coordinator_type;

struct kc_find_coordinator_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    struct kc_wire_str error_message;
    int32_t node_id;
    struct kc_wire_str host;
    int32_t port;
    KC_WIRE_LIST(struct kc_find_coordinator_response_coordinator) coordinators;
};
extern const struct kc_wire_type kc_find_coordinator_response_type;

/* ---- JoinGroup ---- */

struct kc_join_group_request_protocol {
    struct kc_wire_str name;
    struct kc_wire_bytes metadata;
};
extern const struct kc_wire_type kc_join_group_request_protocol_type;

struct kc_join_group_request {
    struct kc_wire_str group_id;
    int32_t session_timeout_ms;
    int32_t rebalance_timeout_ms;
    struct kc_wire_str member_id;
    struct kc_wire_str group_instance_id;
    struct kc_wire_str protocol_type;
    KC_WIRE_LIST(struct kc_join_group_request_protocol) protocols;
    struct kc_wire_str reason;
};
extern const struct kc_wire_type kc_join_group_request_type;

struct kc_join_group_response_member {
    struct kc_wire_str member_id;
    struct kc_wire_str group_instance_id;
    struct kc_wire_bytes metadata;
};
extern const struct kc_wire_type kc_join_group_response_member_type;

struct kc_join_group_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    int32_t generation_id;
    struct kc_wire_str protocol_type;
    struct kc_wire_str protocol_name;
    struct kc_wire_str leader;
    bool skip_assignment;
    struct kc_wire_str member_id;
    KC_WIRE_LIST(struct kc_join_group_response_member) members;
};
extern const struct kc_wire_type kc_join_group_response_type;

/* ---- SyncGroup ---- */

struct kc_sync_group_request_assignment {
    struct kc_wire_str member_id;
    struct kc_wire_bytes assignment;
};
extern const struct kc_wire_type kc_sync_group_request_assignment_type;

struct kc_sync_group_request {
    struct kc_wire_str group_id;
    int32_t generation_id;
    struct kc_wire_str member_id;
    struct kc_wire_str group_instance_id;
    struct kc_wire_str protocol_type;
    struct kc_wire_str protocol_name;
    KC_WIRE_LIST(struct kc_sync_group_request_assignment) assignments;
};
extern const struct kc_wire_type kc_sync_group_request_type;

struct kc_sync_group_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    struct kc_wire_str protocol_type;
    struct kc_wire_str protocol_name;
    struct kc_wire_bytes assignment;
};
extern const struct kc_wire_type kc_sync_group_response_type;

/* ---- Heartbeat ---- */

struct kc_heartbeat_request {
    struct kc_wire_str group_id;
    int32_t generation_id;
    struct kc_wire_str member_id;
    struct kc_wire_str group_instance_id;
};
extern const struct kc_wire_type kc_heartbeat_request_type;

struct kc_heartbeat_response {
    int32_t throttle_time_ms;
    int16_t error_code;
};
extern const struct kc_wire_type kc_heartbeat_response_type;

/* ---- LeaveGroup ---- */

struct kc_leave_group_request_member {
    struct kc_wire_str member_id;
    struct kc_wire_str group_instance_id;
    struct kc_wire_str reason;
};
extern const struct kc_wire_type kc_leave_group_request_member_type;

struct kc_leave_group_request {
    struct kc_wire_str group_id;
    struct kc_wire_str member_id;
    KC_WIRE_LIST(struct kc_leave_group_request_member) members;
};
extern const struct kc_wire_type kc_leave_group_request_type;

struct kc_leave_group_response_member {
    struct kc_wire_str member_id;
    struct kc_wire_str group_instance_id;
    int16_t error_code;
};
extern const struct kc_wire_type kc_leave_group_response_member_type;

struct kc_leave_group_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    KC_WIRE_LIST(struct kc_leave_group_response_member) members;
};
extern const struct kc_wire_type kc_leave_group_response_type;

/* ---- OffsetCommit ---- */

struct kc_offset_commit_request_partition {
    int32_t partition_index;
    int64_t committed_offset;
    int32_t committed_leader_epoch;
    struct kc_wire_str committed_metadata;
};
extern const struct kc_wire_type kc_offset_commit_request_partition_type;

struct kc_offset_commit_request_topic {
    struct kc_wire_str name;
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_offset_commit_request_partition) partitions;
};
extern const struct kc_wire_type kc_offset_commit_request_topic_type;

struct kc_offset_commit_request {
    struct kc_wire_str group_id;
    int32_t generation_id_or_member_epoch;
    struct kc_wire_str member_id;
    struct kc_wire_str group_instance_id;
    int64_t retention_time_ms;
    KC_WIRE_LIST(struct kc_offset_commit_request_topic) topics;
};
extern const struct kc_wire_type kc_offset_commit_request_type;

struct kc_offset_commit_response_partition {
    int32_t partition_index;
    int16_t error_code;
};
extern const struct kc_wire_type kc_offset_commit_response_partition_type;

struct kc_offset_commit_response_topic {
    struct kc_wire_str name;
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_offset_commit_response_partition) partitions;
};
extern const struct kc_wire_type kc_offset_commit_response_topic_type;

struct kc_offset_commit_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_offset_commit_response_topic) topics;
};
extern const struct kc_wire_type kc_offset_commit_response_type;

/* ---- OffsetFetch ---- */

struct kc_offset_fetch_request_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(int32_t) partition_indexes;
};
extern const struct kc_wire_type kc_offset_fetch_request_topic_type;

struct kc_offset_fetch_request_group_topic {
    struct kc_wire_str name;
    struct kc_uuid topic_id;
    KC_WIRE_LIST(int32_t) partition_indexes;
};
extern const struct kc_wire_type kc_offset_fetch_request_group_topic_type;

struct kc_offset_fetch_request_group {
    struct kc_wire_str group_id;
    struct kc_wire_str member_id;
    int32_t member_epoch;
    KC_WIRE_LIST(struct kc_offset_fetch_request_group_topic) topics;
};
extern const struct kc_wire_type kc_offset_fetch_request_group_type;

struct kc_offset_fetch_request {
    struct kc_wire_str group_id;
    KC_WIRE_LIST(struct kc_offset_fetch_request_topic) topics;
    KC_WIRE_LIST(struct kc_offset_fetch_request_group) groups;
    bool require_stable;
};
extern const struct kc_wire_type kc_offset_fetch_request_type;

struct kc_offset_fetch_response_partition {
    int32_t partition_index;
    int64_t committed_offset;
    int32_t committed_leader_epoch;
    struct kc_wire_str metadata;
    int16_t error_code;
};
extern const struct kc_wire_type kc_offset_fetch_response_partition_type;

struct kc_offset_fetch_response_topic {
    struct kc_wire_str name;
    KC_WIRE_LIST(struct kc_offset_fetch_response_partition) partitions;
};
extern const struct kc_wire_type kc_offset_fetch_response_topic_type;

struct kc_offset_fetch_response_group_topic_partition {
    int32_t partition_index;
    int64_t committed_offset;
    int32_t committed_leader_epoch;
    struct kc_wire_str metadata;
    int16_t error_code;
};
extern const struct kc_wire_type kc_offset_fetch_response_group_topic_partition_type;

struct kc_offset_fetch_response_group_topic {
    struct kc_wire_str name;
    struct kc_uuid topic_id;
    KC_WIRE_LIST(struct kc_offset_fetch_response_group_topic_partition) partitions;
};
extern const struct kc_wire_type kc_offset_fetch_response_group_topic_type;

struct kc_offset_fetch_response_group {
    struct kc_wire_str group_id;
    KC_WIRE_LIST(struct kc_offset_fetch_response_group_topic) topics;
    int16_t error_code;
};
extern const struct kc_wire_type kc_offset_fetch_response_group_type;

struct kc_offset_fetch_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_offset_fetch_response_topic) topics;
    int16_t error_code;
    KC_WIRE_LIST(struct kc_offset_fetch_response_group) groups;
};
extern const struct kc_wire_type kc_offset_fetch_response_type;

/* ---- DescribeGroups ---- */

struct kc_describe_groups_request {
    KC_WIRE_LIST(struct kc_wire_str) groups;
    bool include_authorized_operations;
};
extern const struct kc_wire_type kc_describe_groups_request_type;

struct kc_describe_groups_response_member {
    struct kc_wire_str member_id;
    struct kc_wire_str group_instance_id;
    struct kc_wire_str client_id;
    struct kc_wire_str client_host;
    struct kc_wire_bytes member_metadata;
    struct kc_wire_bytes member_assignment;
};
extern const struct kc_wire_type kc_describe_groups_response_member_type;

struct kc_describe_groups_response_group {
    int16_t error_code;
    struct kc_wire_str error_message;
    struct kc_wire_str group_id;
    struct kc_wire_str group_state;
    struct kc_wire_str protocol_type;
    struct kc_wire_str protocol_data;
    KC_WIRE_LIST(struct kc_describe_groups_response_member) members;
    int32_t authorized_operations;
};
extern const struct kc_wire_type kc_describe_groups_response_group_type;

struct kc_describe_groups_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_describe_groups_response_group) groups;
};
extern const struct kc_wire_type kc_describe_groups_response_type;

/* ---- ListGroups ---- */

struct kc_list_groups_request {
    KC_WIRE_LIST(struct kc_wire_str) states_filter;
    KC_WIRE_LIST(struct kc_wire_str) types_filter;
};
extern const struct kc_wire_type kc_list_groups_request_type;

struct kc_list_groups_response_group {
    struct kc_wire_str group_id;
    struct kc_wire_str protocol_type;
    struct kc_wire_str group_state;
    struct kc_wire_str group_type;
};
extern const struct kc_wire_type kc_list_groups_response_group_type;

struct kc_list_groups_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    KC_WIRE_LIST(struct kc_list_groups_response_group) groups;
};
extern const struct kc_wire_type kc_list_groups_response_type;

/* ---- ConsumerGroupHeartbeat ---- */

struct kc_consumer_group_heartbeat_request_topic_partition {
    struct kc_uuid topic_id;
    KC_WIRE_LIST(int32_t) partitions;
};
extern const struct kc_wire_type kc_consumer_group_heartbeat_request_topic_partition_type;

struct kc_consumer_group_heartbeat_request {
    struct kc_wire_str group_id;
    struct kc_wire_str member_id;
    int32_t member_epoch;
    struct kc_wire_str instance_id;
    struct kc_wire_str rack_id;
    int32_t rebalance_timeout_ms;
    KC_WIRE_LIST(struct kc_wire_str) subscribed_topic_names;
    struct kc_wire_str subscribed_topic_regex;
    struct kc_wire_str server_assignor;
    KC_WIRE_LIST(struct kc_consumer_group_heartbeat_request_topic_partition) topic_partitions;
};
extern const struct kc_wire_type kc_consumer_group_heartbeat_request_type;

struct kc_consumer_group_heartbeat_response_topic_partition {
    struct kc_uuid topic_id;
    KC_WIRE_LIST(int32_t) partitions;
};
extern const struct kc_wire_type kc_consumer_group_heartbeat_response_topic_partition_type;

struct kc_consumer_group_heartbeat_response_assignment {
    KC_WIRE_LIST(struct kc_consumer_group_heartbeat_response_topic_partition) topic_partitions;
};
extern const struct kc_wire_type kc_consumer_group_heartbeat_response_assignment_type;

struct kc_consumer_group_heartbeat_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    struct kc_wire_str error_message;
    struct kc_wire_str member_id;
    int32_t member_epoch;
    int32_t heartbeat_interval_ms;
    struct kc_consumer_group_heartbeat_response_assignment *assignment;
};
extern const struct kc_wire_type kc_consumer_group_heartbeat_response_type;

/* ---- ConsumerGroupDescribe ---- */

struct kc_consumer_group_describe_request {
    KC_WIRE_LIST(struct kc_wire_str) group_ids;
    bool include_authorized_operations;
};
extern const struct kc_wire_type kc_consumer_group_describe_request_type;

struct kc_consumer_group_describe_response_topic_partition {
    struct kc_uuid topic_id;
    struct kc_wire_str topic_name;
    KC_WIRE_LIST(int32_t) partitions;
};
extern const struct kc_wire_type kc_consumer_group_describe_response_topic_partition_type;

struct kc_consumer_group_describe_response_assignment {
    KC_WIRE_LIST(struct kc_consumer_group_describe_response_topic_partition) topic_partitions;
};
extern const struct kc_wire_type kc_consumer_group_describe_response_assignment_type;

struct kc_consumer_group_describe_response_member {
    struct kc_wire_str member_id;
    struct kc_wire_str instance_id;
    struct kc_wire_str rack_id;
    int32_t member_epoch;
    struct kc_wire_str client_id;
    struct kc_wire_str client_host;
    KC_WIRE_LIST(struct kc_wire_str) subscribed_topic_names;
    struct kc_wire_str subscribed_topic_regex;
    struct kc_consumer_group_describe_response_assignment assignment;
    struct kc_consumer_group_describe_response_assignment target_assignment;
    int8_t member_type;
};
extern const struct kc_wire_type kc_consumer_group_describe_response_member_type;

struct kc_consumer_group_describe_response_group {
    int16_t error_code;
    struct kc_wire_str error_message;
    struct kc_wire_str group_id;
    struct kc_wire_str group_state;
    int32_t group_epoch;
    int32_t assignment_epoch;
    struct kc_wire_str assignor_name;
    KC_WIRE_LIST(struct kc_consumer_group_describe_response_member) members;
    int32_t authorized_operations;
};
extern const struct kc_wire_type kc_consumer_group_describe_response_group_type;

struct kc_consumer_group_describe_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_consumer_group_describe_response_group) groups;
};
extern const struct kc_wire_type kc_consumer_group_describe_response_type;

#endif
