/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field tables of messages_group.h. The notation is explained in table_priv.h; the codec walks it.
 * Constant data.
 */
#include "wire/messages_group.h"
#include "wire/table_priv.h"

/* A field a line. */
/* clang-format off */

/* ---- FindCoordinator ---- */

#define T struct kc_find_coordinator_request
static const struct kc_wire_field kc_find_coordinator_request_fields[] = {
    FIELD(key, 0, 3),
    FIELD(key_type, 1, LAST),
    LIST_OF(coordinator_keys, KC_WIRE_STR, 4, LAST),
};
#undef T
TYPE(kc_find_coordinator_request);

#define T struct kc_find_coordinator_response_coordinator
static const struct kc_wire_field kc_find_coordinator_response_coordinator_fields[] = {
    FIELD(key, 4, LAST),
    FIELD(node_id, 4, LAST),
    FIELD(host, 4, LAST),
    FIELD(port, 4, LAST),
    FIELD(error_code, 4, LAST),
    FIELD(error_message, 4, LAST, .nullable = SINCE(4), .ignorable = true),
};
#undef T
TYPE(kc_find_coordinator_response_coordinator);

#define T struct kc_find_coordinator_response
static const struct kc_wire_field kc_find_coordinator_response_fields[] = {
    FIELD(throttle_time_ms, 1, LAST, .ignorable = true),
    FIELD(error_code, 0, 3),
    FIELD(error_message, 1, 3, .nullable = SINCE(1), .ignorable = true),
    FIELD(node_id, 0, 3),
    FIELD(host, 0, 3),
    FIELD(port, 0, 3),
    LIST(coordinators, kc_find_coordinator_response_coordinator, 4, LAST),
};
#undef T
TYPE(kc_find_coordinator_response);

/* ---- JoinGroup ---- */

#define T struct kc_join_group_request_protocol
static const struct kc_wire_field kc_join_group_request_protocol_fields[] = {
    FIELD(name, 0, LAST),
    FIELD(metadata, 0, LAST),
};
#undef T
TYPE(kc_join_group_request_protocol);

#define T struct kc_join_group_request
static const struct kc_wire_field kc_join_group_request_fields[] = {
    FIELD(group_id, 0, LAST),
    FIELD(session_timeout_ms, 0, LAST),
    FIELD(rebalance_timeout_ms, 1, LAST, .def = -1, .ignorable = true),
    FIELD(member_id, 0, LAST),
    FIELD(group_instance_id, 5, LAST, .nullable = SINCE(5), .def = -1),
    FIELD(protocol_type, 0, LAST),
    LIST(protocols, kc_join_group_request_protocol, 0, LAST),
    FIELD(reason, 8, LAST, .nullable = SINCE(8), .def = -1, .ignorable = true),
};
#undef T
TYPE(kc_join_group_request);

#define T struct kc_join_group_response_member
static const struct kc_wire_field kc_join_group_response_member_fields[] = {
    FIELD(member_id, 0, LAST),
    FIELD(group_instance_id, 5, LAST, .nullable = SINCE(5), .def = -1, .ignorable = true),
    FIELD(metadata, 0, LAST),
};
#undef T
TYPE(kc_join_group_response_member);

#define T struct kc_join_group_response
static const struct kc_wire_field kc_join_group_response_fields[] = {
    FIELD(throttle_time_ms, 2, LAST, .ignorable = true),
    FIELD(error_code, 0, LAST),
    FIELD(generation_id, 0, LAST, .def = -1),
    FIELD(protocol_type, 7, LAST, .nullable = SINCE(7), .def = -1, .ignorable = true),
    FIELD(protocol_name, 0, LAST, .nullable = SINCE(7)),
    FIELD(leader, 0, LAST),
    FIELD(skip_assignment, 9, LAST),
    FIELD(member_id, 0, LAST),
    LIST(members, kc_join_group_response_member, 0, LAST),
};
#undef T
TYPE(kc_join_group_response);

/* ---- SyncGroup ---- */

#define T struct kc_sync_group_request_assignment
static const struct kc_wire_field kc_sync_group_request_assignment_fields[] = {
    FIELD(member_id, 0, LAST),
    FIELD(assignment, 0, LAST),
};
#undef T
TYPE(kc_sync_group_request_assignment);

#define T struct kc_sync_group_request
static const struct kc_wire_field kc_sync_group_request_fields[] = {
    FIELD(group_id, 0, LAST),
    FIELD(generation_id, 0, LAST),
    FIELD(member_id, 0, LAST),
    FIELD(group_instance_id, 3, LAST, .nullable = SINCE(3), .def = -1),
    FIELD(protocol_type, 5, LAST, .nullable = SINCE(5), .def = -1, .ignorable = true),
    FIELD(protocol_name, 5, LAST, .nullable = SINCE(5), .def = -1, .ignorable = true),
    LIST(assignments, kc_sync_group_request_assignment, 0, LAST),
};
#undef T
TYPE(kc_sync_group_request);

#define T struct kc_sync_group_response
static const struct kc_wire_field kc_sync_group_response_fields[] = {
    FIELD(throttle_time_ms, 1, LAST, .ignorable = true),
    FIELD(error_code, 0, LAST),
    FIELD(protocol_type, 5, LAST, .nullable = SINCE(5), .def = -1, .ignorable = true),
    FIELD(protocol_name, 5, LAST, .nullable = SINCE(5), .def = -1, .ignorable = true),
    FIELD(assignment, 0, LAST),
};
#undef T
TYPE(kc_sync_group_response);

/* ---- Heartbeat ---- */

#define T struct kc_heartbeat_request
static const struct kc_wire_field kc_heartbeat_request_fields[] = {
    FIELD(group_id, 0, LAST),
    FIELD(generation_id, 0, LAST),
    FIELD(member_id, 0, LAST),
    FIELD(group_instance_id, 3, LAST, .nullable = SINCE(3), .def = -1),
};
#undef T
TYPE(kc_heartbeat_request);

#define T struct kc_heartbeat_response
static const struct kc_wire_field kc_heartbeat_response_fields[] = {
    FIELD(throttle_time_ms, 1, LAST, .ignorable = true),
    FIELD(error_code, 0, LAST),
};
#undef T
TYPE(kc_heartbeat_response);

/* ---- LeaveGroup ---- */

#define T struct kc_leave_group_request_member
static const struct kc_wire_field kc_leave_group_request_member_fields[] = {
    FIELD(member_id, 3, LAST),
    FIELD(group_instance_id, 3, LAST, .nullable = SINCE(3), .def = -1),
    FIELD(reason, 5, LAST, .nullable = SINCE(5), .def = -1, .ignorable = true),
};
#undef T
TYPE(kc_leave_group_request_member);

#define T struct kc_leave_group_request
static const struct kc_wire_field kc_leave_group_request_fields[] = {
    FIELD(group_id, 0, LAST),
    FIELD(member_id, 0, 2),
    LIST(members, kc_leave_group_request_member, 3, LAST),
};
#undef T
TYPE(kc_leave_group_request);

#define T struct kc_leave_group_response_member
static const struct kc_wire_field kc_leave_group_response_member_fields[] = {
    FIELD(member_id, 3, LAST),
    FIELD(group_instance_id, 3, LAST, .nullable = SINCE(3)),
    FIELD(error_code, 3, LAST),
};
#undef T
TYPE(kc_leave_group_response_member);

#define T struct kc_leave_group_response
static const struct kc_wire_field kc_leave_group_response_fields[] = {
    FIELD(throttle_time_ms, 1, LAST, .ignorable = true),
    FIELD(error_code, 0, LAST),
    LIST(members, kc_leave_group_response_member, 3, LAST),
};
#undef T
TYPE(kc_leave_group_response);

/* ---- OffsetCommit ---- */

#define T struct kc_offset_commit_request_partition
static const struct kc_wire_field kc_offset_commit_request_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(committed_offset, 0, LAST),
    FIELD(committed_leader_epoch, 6, LAST, .def = -1, .ignorable = true),
    FIELD(committed_metadata, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_offset_commit_request_partition);

#define T struct kc_offset_commit_request_topic
static const struct kc_wire_field kc_offset_commit_request_topic_fields[] = {
    FIELD(name, 0, 9, .ignorable = true),
    FIELD(topic_id, 10, LAST, .ignorable = true),
    LIST(partitions, kc_offset_commit_request_partition, 0, LAST),
};
#undef T
TYPE(kc_offset_commit_request_topic);

#define T struct kc_offset_commit_request
static const struct kc_wire_field kc_offset_commit_request_fields[] = {
    FIELD(group_id, 0, LAST),
    FIELD(generation_id_or_member_epoch, 1, LAST, .def = -1, .ignorable = true),
    FIELD(member_id, 1, LAST, .ignorable = true),
    FIELD(group_instance_id, 7, LAST, .nullable = SINCE(7), .def = -1),
    FIELD(retention_time_ms, 2, 4, .def = -1, .ignorable = true),
    LIST(topics, kc_offset_commit_request_topic, 0, LAST),
};
#undef T
TYPE(kc_offset_commit_request);

#define T struct kc_offset_commit_response_partition
static const struct kc_wire_field kc_offset_commit_response_partition_fields[] = {
    FIELD(partition_index, 0, LAST),
    FIELD(error_code, 0, LAST),
};
#undef T
TYPE(kc_offset_commit_response_partition);

#define T struct kc_offset_commit_response_topic
static const struct kc_wire_field kc_offset_commit_response_topic_fields[] = {
    FIELD(name, 0, 9, .ignorable = true),
    FIELD(topic_id, 10, LAST, .ignorable = true),
    LIST(partitions, kc_offset_commit_response_partition, 0, LAST),
};
#undef T
TYPE(kc_offset_commit_response_topic);

#define T struct kc_offset_commit_response
static const struct kc_wire_field kc_offset_commit_response_fields[] = {
    FIELD(throttle_time_ms, 3, LAST, .ignorable = true),
    LIST(topics, kc_offset_commit_response_topic, 0, LAST),
};
#undef T
TYPE(kc_offset_commit_response);

/* ---- OffsetFetch ---- */

#define T struct kc_offset_fetch_request_topic
static const struct kc_wire_field kc_offset_fetch_request_topic_fields[] = {
    FIELD(name, 0, 7),
    LIST_OF(partition_indexes, KC_WIRE_I32, 0, 7),
};
#undef T
TYPE(kc_offset_fetch_request_topic);

#define T struct kc_offset_fetch_request_group_topic
static const struct kc_wire_field kc_offset_fetch_request_group_topic_fields[] = {
    FIELD(name, 8, 9, .ignorable = true),
    FIELD(topic_id, 10, LAST, .ignorable = true),
    LIST_OF(partition_indexes, KC_WIRE_I32, 8, LAST),
};
#undef T
TYPE(kc_offset_fetch_request_group_topic);

#define T struct kc_offset_fetch_request_group
static const struct kc_wire_field kc_offset_fetch_request_group_fields[] = {
    FIELD(group_id, 8, LAST),
    FIELD(member_id, 9, LAST, .nullable = SINCE(9), .def = -1, .ignorable = true),
    FIELD(member_epoch, 9, LAST, .def = -1, .ignorable = true),
    LIST(topics, kc_offset_fetch_request_group_topic, 8, LAST, .nullable = SINCE(8)),
};
#undef T
TYPE(kc_offset_fetch_request_group);

#define T struct kc_offset_fetch_request
static const struct kc_wire_field kc_offset_fetch_request_fields[] = {
    FIELD(group_id, 0, 7),
    LIST(topics, kc_offset_fetch_request_topic, 0, 7, .nullable = SINCE(2)),
    LIST(groups, kc_offset_fetch_request_group, 8, LAST),
    FIELD(require_stable, 7, LAST),
};
#undef T
TYPE(kc_offset_fetch_request);

#define T struct kc_offset_fetch_response_partition
static const struct kc_wire_field kc_offset_fetch_response_partition_fields[] = {
    FIELD(partition_index, 0, 7),
    FIELD(committed_offset, 0, 7),
    FIELD(committed_leader_epoch, 5, 7, .def = -1, .ignorable = true),
    FIELD(metadata, 0, 7, .nullable = SINCE(0)),
    FIELD(error_code, 0, 7),
};
#undef T
TYPE(kc_offset_fetch_response_partition);

#define T struct kc_offset_fetch_response_topic
static const struct kc_wire_field kc_offset_fetch_response_topic_fields[] = {
    FIELD(name, 0, 7),
    LIST(partitions, kc_offset_fetch_response_partition, 0, 7),
};
#undef T
TYPE(kc_offset_fetch_response_topic);

#define T struct kc_offset_fetch_response_group_topic_partition
static const struct kc_wire_field kc_offset_fetch_response_group_topic_partition_fields[] = {
    FIELD(partition_index, 8, LAST),
    FIELD(committed_offset, 8, LAST),
    FIELD(committed_leader_epoch, 8, LAST, .def = -1, .ignorable = true),
    FIELD(metadata, 8, LAST, .nullable = SINCE(8)),
    FIELD(error_code, 8, LAST),
};
#undef T
TYPE(kc_offset_fetch_response_group_topic_partition);

#define T struct kc_offset_fetch_response_group_topic
static const struct kc_wire_field kc_offset_fetch_response_group_topic_fields[] = {
    FIELD(name, 8, 9, .ignorable = true),
    FIELD(topic_id, 10, LAST, .ignorable = true),
    LIST(partitions, kc_offset_fetch_response_group_topic_partition, 8, LAST),
};
#undef T
TYPE(kc_offset_fetch_response_group_topic);

#define T struct kc_offset_fetch_response_group
static const struct kc_wire_field kc_offset_fetch_response_group_fields[] = {
    FIELD(group_id, 8, LAST),
    LIST(topics, kc_offset_fetch_response_group_topic, 8, LAST),
    FIELD(error_code, 8, LAST),
};
#undef T
TYPE(kc_offset_fetch_response_group);

#define T struct kc_offset_fetch_response
static const struct kc_wire_field kc_offset_fetch_response_fields[] = {
    FIELD(throttle_time_ms, 3, LAST, .ignorable = true),
    LIST(topics, kc_offset_fetch_response_topic, 0, 7),
    FIELD(error_code, 2, 7, .ignorable = true),
    LIST(groups, kc_offset_fetch_response_group, 8, LAST),
};
#undef T
TYPE(kc_offset_fetch_response);

/* ---- DescribeGroups ---- */

#define T struct kc_describe_groups_request
static const struct kc_wire_field kc_describe_groups_request_fields[] = {
    LIST_OF(groups, KC_WIRE_STR, 0, LAST),
    FIELD(include_authorized_operations, 3, LAST),
};
#undef T
TYPE(kc_describe_groups_request);

#define T struct kc_describe_groups_response_member
static const struct kc_wire_field kc_describe_groups_response_member_fields[] = {
    FIELD(member_id, 0, LAST),
    FIELD(group_instance_id, 4, LAST, .nullable = SINCE(4), .def = -1, .ignorable = true),
    FIELD(client_id, 0, LAST),
    FIELD(client_host, 0, LAST),
    FIELD(member_metadata, 0, LAST),
    FIELD(member_assignment, 0, LAST),
};
#undef T
TYPE(kc_describe_groups_response_member);

#define T struct kc_describe_groups_response_group
static const struct kc_wire_field kc_describe_groups_response_group_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 6, LAST, .nullable = SINCE(6), .def = -1),
    FIELD(group_id, 0, LAST),
    FIELD(group_state, 0, LAST),
    FIELD(protocol_type, 0, LAST),
    FIELD(protocol_data, 0, LAST),
    LIST(members, kc_describe_groups_response_member, 0, LAST),
    FIELD(authorized_operations, 3, LAST, .def = INT32_MIN),
};
#undef T
TYPE(kc_describe_groups_response_group);

#define T struct kc_describe_groups_response
static const struct kc_wire_field kc_describe_groups_response_fields[] = {
    FIELD(throttle_time_ms, 1, LAST, .ignorable = true),
    LIST(groups, kc_describe_groups_response_group, 0, LAST),
};
#undef T
TYPE(kc_describe_groups_response);

/* ---- ListGroups ---- */

#define T struct kc_list_groups_request
static const struct kc_wire_field kc_list_groups_request_fields[] = {
    LIST_OF(states_filter, KC_WIRE_STR, 4, LAST),
    LIST_OF(types_filter, KC_WIRE_STR, 5, LAST),
};
#undef T
TYPE(kc_list_groups_request);

#define T struct kc_list_groups_response_group
static const struct kc_wire_field kc_list_groups_response_group_fields[] = {
    FIELD(group_id, 0, LAST),
    FIELD(protocol_type, 0, LAST),
    FIELD(group_state, 4, LAST, .ignorable = true),
    FIELD(group_type, 5, LAST, .ignorable = true),
};
#undef T
TYPE(kc_list_groups_response_group);

#define T struct kc_list_groups_response
static const struct kc_wire_field kc_list_groups_response_fields[] = {
    FIELD(throttle_time_ms, 1, LAST, .ignorable = true),
    FIELD(error_code, 0, LAST),
    LIST(groups, kc_list_groups_response_group, 0, LAST),
};
#undef T
TYPE(kc_list_groups_response);

/* ---- ConsumerGroupHeartbeat ---- */

#define T struct kc_consumer_group_heartbeat_request_topic_partition
static const struct kc_wire_field kc_consumer_group_heartbeat_request_topic_partition_fields[] = {
    FIELD(topic_id, 0, LAST),
    LIST_OF(partitions, KC_WIRE_I32, 0, LAST),
};
#undef T
TYPE(kc_consumer_group_heartbeat_request_topic_partition);

#define T struct kc_consumer_group_heartbeat_request
static const struct kc_wire_field kc_consumer_group_heartbeat_request_fields[] = {
    FIELD(group_id, 0, LAST),
    FIELD(member_id, 0, LAST),
    FIELD(member_epoch, 0, LAST),
    FIELD(instance_id, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(rack_id, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(rebalance_timeout_ms, 0, LAST, .def = -1),
    LIST_OF(subscribed_topic_names, KC_WIRE_STR, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(subscribed_topic_regex, 1, LAST, .nullable = SINCE(1), .def = -1),
    FIELD(server_assignor, 0, LAST, .nullable = SINCE(0), .def = -1),
    LIST(topic_partitions, kc_consumer_group_heartbeat_request_topic_partition, 0, LAST,
         .nullable = SINCE(0), .def = -1),
};
#undef T
TYPE(kc_consumer_group_heartbeat_request);

#define T struct kc_consumer_group_heartbeat_response_topic_partition
static const struct kc_wire_field kc_consumer_group_heartbeat_response_topic_partition_fields[] = {
    FIELD(topic_id, 0, LAST),
    LIST_OF(partitions, KC_WIRE_I32, 0, LAST),
};
#undef T
TYPE(kc_consumer_group_heartbeat_response_topic_partition);

#define T struct kc_consumer_group_heartbeat_response_assignment
static const struct kc_wire_field kc_consumer_group_heartbeat_response_assignment_fields[] = {
    LIST(topic_partitions, kc_consumer_group_heartbeat_response_topic_partition, 0, LAST),
};
#undef T
TYPE(kc_consumer_group_heartbeat_response_assignment);

#define T struct kc_consumer_group_heartbeat_response
static const struct kc_wire_field kc_consumer_group_heartbeat_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(member_id, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(member_epoch, 0, LAST),
    FIELD(heartbeat_interval_ms, 0, LAST),
    POINTER(assignment, kc_consumer_group_heartbeat_response_assignment, 0, LAST,
            .nullable = SINCE(0), .def = -1),
};
#undef T
TYPE(kc_consumer_group_heartbeat_response);

/* ---- ConsumerGroupDescribe ---- */

#define T struct kc_consumer_group_describe_request
static const struct kc_wire_field kc_consumer_group_describe_request_fields[] = {
    LIST_OF(group_ids, KC_WIRE_STR, 0, LAST),
    FIELD(include_authorized_operations, 0, LAST),
};
#undef T
TYPE(kc_consumer_group_describe_request);

#define T struct kc_consumer_group_describe_response_topic_partition
static const struct kc_wire_field kc_consumer_group_describe_response_topic_partition_fields[] = {
    FIELD(topic_id, 0, LAST),
    FIELD(topic_name, 0, LAST),
    LIST_OF(partitions, KC_WIRE_I32, 0, LAST),
};
#undef T
TYPE(kc_consumer_group_describe_response_topic_partition);

#define T struct kc_consumer_group_describe_response_assignment
static const struct kc_wire_field kc_consumer_group_describe_response_assignment_fields[] = {
    LIST(topic_partitions, kc_consumer_group_describe_response_topic_partition, 0, LAST),
};
#undef T
TYPE(kc_consumer_group_describe_response_assignment);

#define T struct kc_consumer_group_describe_response_member
static const struct kc_wire_field kc_consumer_group_describe_response_member_fields[] = {
    FIELD(member_id, 0, LAST),
    FIELD(instance_id, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(rack_id, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(member_epoch, 0, LAST),
    FIELD(client_id, 0, LAST),
    FIELD(client_host, 0, LAST),
    LIST_OF(subscribed_topic_names, KC_WIRE_STR, 0, LAST),
    FIELD(subscribed_topic_regex, 0, LAST, .nullable = SINCE(0), .def = -1),
    STRUCT(assignment, kc_consumer_group_describe_response_assignment, 0, LAST),
    STRUCT(target_assignment, kc_consumer_group_describe_response_assignment, 0, LAST),
    FIELD(member_type, 1, LAST, .def = -1, .ignorable = true),
};
#undef T
TYPE(kc_consumer_group_describe_response_member);

#define T struct kc_consumer_group_describe_response_group
static const struct kc_wire_field kc_consumer_group_describe_response_group_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(group_id, 0, LAST),
    FIELD(group_state, 0, LAST),
    FIELD(group_epoch, 0, LAST),
    FIELD(assignment_epoch, 0, LAST),
    FIELD(assignor_name, 0, LAST),
    LIST(members, kc_consumer_group_describe_response_member, 0, LAST),
    FIELD(authorized_operations, 0, LAST, .def = INT32_MIN),
};
#undef T
TYPE(kc_consumer_group_describe_response_group);

#define T struct kc_consumer_group_describe_response
static const struct kc_wire_field kc_consumer_group_describe_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(groups, kc_consumer_group_describe_response_group, 0, LAST),
};
#undef T
TYPE(kc_consumer_group_describe_response);

/* clang-format on */
