/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field tables of messages_cluster.h. The notation is explained in table_priv.h; the codec walks
 * it. Constant data.
 */
#include "wire/messages_cluster.h"
#include "wire/table_priv.h"

/* A field a line. */
/* clang-format off */

/* ---- ApiVersions ---- */

#define T struct kc_api_versions_request
static const struct kc_wire_field kc_api_versions_request_fields[] = {
    FIELD(client_software_name, 3, LAST, .ignorable = true),
    FIELD(client_software_version, 3, LAST, .ignorable = true),
};
#undef T
TYPE(kc_api_versions_request);

#define T struct kc_api_versions_response_api_key
static const struct kc_wire_field kc_api_versions_response_api_key_fields[] = {
    FIELD(api_key, 0, LAST),
    FIELD(min_version, 0, LAST),
    FIELD(max_version, 0, LAST),
};
#undef T
TYPE(kc_api_versions_response_api_key);

#define T struct kc_api_versions_response_supported_feature
static const struct kc_wire_field kc_api_versions_response_supported_feature_fields[] = {
    FIELD(name, 3, LAST),
    FIELD(min_version, 3, LAST),
    FIELD(max_version, 3, LAST),
};
#undef T
TYPE(kc_api_versions_response_supported_feature);

#define T struct kc_api_versions_response_finalized_feature
static const struct kc_wire_field kc_api_versions_response_finalized_feature_fields[] = {
    FIELD(name, 3, LAST),
    FIELD(max_version_level, 3, LAST),
    FIELD(min_version_level, 3, LAST),
};
#undef T
TYPE(kc_api_versions_response_finalized_feature);

#define T struct kc_api_versions_response
static const struct kc_wire_field kc_api_versions_response_fields[] = {
    FIELD(error_code, 0, LAST),
    LIST(api_keys, kc_api_versions_response_api_key, 0, LAST),
    FIELD(throttle_time_ms, 1, LAST, .ignorable = true),
    LIST(supported_features, kc_api_versions_response_supported_feature, 3, LAST, .tag = TAG(0),
         .ignorable = true),
    FIELD(finalized_features_epoch, 3, LAST, .tag = TAG(1), .def = -1, .ignorable = true),
    LIST(finalized_features, kc_api_versions_response_finalized_feature, 3, LAST, .tag = TAG(2),
         .ignorable = true),
    FIELD(zk_migration_ready, 3, LAST, .tag = TAG(3), .ignorable = true),
};
#undef T
TYPE(kc_api_versions_response);

/* ---- Metadata ---- */

#define T struct kc_metadata_request_topic
static const struct kc_wire_field kc_metadata_request_topic_fields[] = {
    FIELD(topic_id, 10, LAST, .ignorable = true),
    FIELD(name, 0, LAST, .nullable = SINCE(10)),
};
#undef T
TYPE(kc_metadata_request_topic);

#define T struct kc_metadata_request
static const struct kc_wire_field kc_metadata_request_fields[] = {
    LIST(topics, kc_metadata_request_topic, 0, LAST, .nullable = SINCE(1)),
    FIELD(allow_auto_topic_creation, 4, LAST, .def = 1),
    FIELD(include_cluster_authorized_operations, 8, 10),
    FIELD(include_topic_authorized_operations, 8, LAST),
};
#undef T
TYPE(kc_metadata_request);

#define T struct kc_metadata_response_broker
static const struct kc_wire_field kc_metadata_response_broker_fields[] = {
    FIELD(node_id, 0, LAST),
    FIELD(host, 0, LAST),
    FIELD(port, 0, LAST),
    FIELD(rack, 1, LAST, .nullable = SINCE(1), .def = -1, .ignorable = true),
};
#undef T
TYPE(kc_metadata_response_broker);

#define T struct kc_metadata_response_partition
static const struct kc_wire_field kc_metadata_response_partition_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(partition_index, 0, LAST),
    FIELD(leader_id, 0, LAST),
    FIELD(leader_epoch, 7, LAST, .def = -1, .ignorable = true),
    LIST_OF(replica_nodes, KC_WIRE_I32, 0, LAST),
    LIST_OF(isr_nodes, KC_WIRE_I32, 0, LAST),
    LIST_OF(offline_replicas, KC_WIRE_I32, 5, LAST, .ignorable = true),
};
#undef T
TYPE(kc_metadata_response_partition);

#define T struct kc_metadata_response_topic
static const struct kc_wire_field kc_metadata_response_topic_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(name, 0, LAST, .nullable = SINCE(12)),
    FIELD(topic_id, 10, LAST, .ignorable = true),
    FIELD(is_internal, 1, LAST, .ignorable = true),
    LIST(partitions, kc_metadata_response_partition, 0, LAST),
    FIELD(topic_authorized_operations, 8, LAST, .def = INT32_MIN),
};
#undef T
TYPE(kc_metadata_response_topic);

#define T struct kc_metadata_response
static const struct kc_wire_field kc_metadata_response_fields[] = {
    FIELD(throttle_time_ms, 3, LAST, .ignorable = true),
    LIST(brokers, kc_metadata_response_broker, 0, LAST),
    FIELD(cluster_id, 2, LAST, .nullable = SINCE(2), .def = -1, .ignorable = true),
    FIELD(controller_id, 1, LAST, .def = -1, .ignorable = true),
    LIST(topics, kc_metadata_response_topic, 0, LAST),
    FIELD(cluster_authorized_operations, 8, 10, .def = INT32_MIN),
    FIELD(error_code, 13, LAST, .ignorable = true),
};
#undef T
TYPE(kc_metadata_response);

/* ---- DescribeCluster ---- */

#define T struct kc_describe_cluster_request
static const struct kc_wire_field kc_describe_cluster_request_fields[] = {
    FIELD(include_cluster_authorized_operations, 0, LAST),
    FIELD(endpoint_type, 1, LAST, .def = 1),
    FIELD(include_fenced_brokers, 2, LAST),
};
#undef T
TYPE(kc_describe_cluster_request);

#define T struct kc_describe_cluster_response_broker
static const struct kc_wire_field kc_describe_cluster_response_broker_fields[] = {
    FIELD(broker_id, 0, LAST),
    FIELD(host, 0, LAST),
    FIELD(port, 0, LAST),
    FIELD(rack, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(is_fenced, 2, LAST),
};
#undef T
TYPE(kc_describe_cluster_response_broker);

#define T struct kc_describe_cluster_response
static const struct kc_wire_field kc_describe_cluster_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0), .def = -1),
    FIELD(endpoint_type, 1, LAST, .def = 1),
    FIELD(cluster_id, 0, LAST),
    FIELD(controller_id, 0, LAST, .def = -1),
    LIST(brokers, kc_describe_cluster_response_broker, 0, LAST),
    FIELD(cluster_authorized_operations, 0, LAST, .def = INT32_MIN),
};
#undef T
TYPE(kc_describe_cluster_response);

/* ---- DescribeTopicPartitions ---- */

#define T struct kc_describe_topic_partitions_request_topic
static const struct kc_wire_field kc_describe_topic_partitions_request_topic_fields[] = {
    FIELD(name, 0, LAST),
};
#undef T
TYPE(kc_describe_topic_partitions_request_topic);

#define T struct kc_describe_topic_partitions_request_cursor
static const struct kc_wire_field kc_describe_topic_partitions_request_cursor_fields[] = {
    FIELD(topic_name, 0, LAST),
    FIELD(partition_index, 0, LAST),
};
#undef T
TYPE(kc_describe_topic_partitions_request_cursor);

#define T struct kc_describe_topic_partitions_request
static const struct kc_wire_field kc_describe_topic_partitions_request_fields[] = {
    LIST(topics, kc_describe_topic_partitions_request_topic, 0, LAST),
    FIELD(response_partition_limit, 0, LAST, .def = 2000),
    POINTER(cursor, kc_describe_topic_partitions_request_cursor, 0, LAST, .nullable = SINCE(0),
            .def = -1),
};
#undef T
TYPE(kc_describe_topic_partitions_request);

#define T struct kc_describe_topic_partitions_response_partition
static const struct kc_wire_field kc_describe_topic_partitions_response_partition_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(partition_index, 0, LAST),
    FIELD(leader_id, 0, LAST),
    FIELD(leader_epoch, 0, LAST, .def = -1, .ignorable = true),
    LIST_OF(replica_nodes, KC_WIRE_I32, 0, LAST),
    LIST_OF(isr_nodes, KC_WIRE_I32, 0, LAST),
    LIST_OF(eligible_leader_replicas, KC_WIRE_I32, 0, LAST, .nullable = SINCE(0), .def = -1),
    LIST_OF(last_known_elr, KC_WIRE_I32, 0, LAST, .nullable = SINCE(0), .def = -1),
    LIST_OF(offline_replicas, KC_WIRE_I32, 0, LAST, .ignorable = true),
};
#undef T
TYPE(kc_describe_topic_partitions_response_partition);

#define T struct kc_describe_topic_partitions_response_topic
static const struct kc_wire_field kc_describe_topic_partitions_response_topic_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(name, 0, LAST, .nullable = SINCE(0)),
    FIELD(topic_id, 0, LAST, .ignorable = true),
    FIELD(is_internal, 0, LAST, .ignorable = true),
    LIST(partitions, kc_describe_topic_partitions_response_partition, 0, LAST),
    FIELD(topic_authorized_operations, 0, LAST, .def = INT32_MIN),
};
#undef T
TYPE(kc_describe_topic_partitions_response_topic);

#define T struct kc_describe_topic_partitions_response_next_cursor
static const struct kc_wire_field kc_describe_topic_partitions_response_next_cursor_fields[] = {
    FIELD(topic_name, 0, LAST),
    FIELD(partition_index, 0, LAST),
};
#undef T
TYPE(kc_describe_topic_partitions_response_next_cursor);

#define T struct kc_describe_topic_partitions_response
static const struct kc_wire_field kc_describe_topic_partitions_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST, .ignorable = true),
    LIST(topics, kc_describe_topic_partitions_response_topic, 0, LAST),
    POINTER(next_cursor, kc_describe_topic_partitions_response_next_cursor, 0, LAST,
            .nullable = SINCE(0), .def = -1),
};
#undef T
TYPE(kc_describe_topic_partitions_response);

/* ---- SaslHandshake ---- */

#define T struct kc_sasl_handshake_request
static const struct kc_wire_field kc_sasl_handshake_request_fields[] = {
    FIELD(mechanism, 0, LAST),
};
#undef T
TYPE(kc_sasl_handshake_request);

#define T struct kc_sasl_handshake_response
static const struct kc_wire_field kc_sasl_handshake_response_fields[] = {
    FIELD(error_code, 0, LAST),
    LIST_OF(mechanisms, KC_WIRE_STR, 0, LAST),
};
#undef T
TYPE(kc_sasl_handshake_response);

/* ---- SaslAuthenticate ---- */

#define T struct kc_sasl_authenticate_request
static const struct kc_wire_field kc_sasl_authenticate_request_fields[] = {
    FIELD(auth_bytes, 0, LAST),
};
#undef T
TYPE(kc_sasl_authenticate_request);

#define T struct kc_sasl_authenticate_response
static const struct kc_wire_field kc_sasl_authenticate_response_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    FIELD(auth_bytes, 0, LAST),
    FIELD(session_lifetime_ms, 1, LAST, .ignorable = true),
};
#undef T
TYPE(kc_sasl_authenticate_response);

/* clang-format on */
