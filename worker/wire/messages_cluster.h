/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about the cluster and the connection: versions, metadata, SASL.
 *
 * One struct per message or nested structure, in the field order of Kafka's message schemas, with
 * all fields of the versions that messages_cluster.c declares; which of them a version has is said
 * there. A decoded message lives in its arena; strings are terminated, bytes point into the frame.
 */
#ifndef WORKER_WIRE_MESSAGES_CLUSTER_H
#define WORKER_WIRE_MESSAGES_CLUSTER_H

#include "wire/codec.h"

/* ---- ApiVersions ---- */

struct kc_api_versions_request {
    struct kc_wire_str client_software_name;
    struct kc_wire_str client_software_version;
};
extern const struct kc_wire_type kc_api_versions_request_type;

struct kc_api_versions_response_api_key {
    int16_t api_key;
    int16_t min_version;
    int16_t max_version;
};
extern const struct kc_wire_type kc_api_versions_response_api_key_type;

struct kc_api_versions_response_supported_feature {
    struct kc_wire_str name;
    int16_t min_version;
    int16_t max_version;
};
extern const struct kc_wire_type kc_api_versions_response_supported_feature_type;

struct kc_api_versions_response_finalized_feature {
    struct kc_wire_str name;
    int16_t max_version_level;
    int16_t min_version_level;
};
extern const struct kc_wire_type kc_api_versions_response_finalized_feature_type;

struct kc_api_versions_response {
    int16_t error_code;
    KC_WIRE_LIST(struct kc_api_versions_response_api_key) api_keys;
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_api_versions_response_supported_feature) supported_features;
    int64_t finalized_features_epoch;
    KC_WIRE_LIST(struct kc_api_versions_response_finalized_feature) finalized_features;
    bool zk_migration_ready;
};
extern const struct kc_wire_type kc_api_versions_response_type;

/* ---- Metadata ---- */

struct kc_metadata_request_topic {
    struct kc_uuid topic_id;
    struct kc_wire_str name;
};
extern const struct kc_wire_type kc_metadata_request_topic_type;

struct kc_metadata_request {
    KC_WIRE_LIST(struct kc_metadata_request_topic) topics;
    bool allow_auto_topic_creation;
    bool include_cluster_authorized_operations;
    bool include_topic_authorized_operations;
};
extern const struct kc_wire_type kc_metadata_request_type;

struct kc_metadata_response_broker {
    int32_t node_id;
    struct kc_wire_str host;
    int32_t port;
    struct kc_wire_str rack;
};
extern const struct kc_wire_type kc_metadata_response_broker_type;

struct kc_metadata_response_partition {
    int16_t error_code;
    int32_t partition_index;
    int32_t leader_id;
    int32_t leader_epoch;
    KC_WIRE_LIST(int32_t) replica_nodes;
    KC_WIRE_LIST(int32_t) isr_nodes;
    KC_WIRE_LIST(int32_t) offline_replicas;
};
extern const struct kc_wire_type kc_metadata_response_partition_type;

struct kc_metadata_response_topic {
    int16_t error_code;
    struct kc_wire_str name;
    struct kc_uuid topic_id;
    bool is_internal;
    KC_WIRE_LIST(struct kc_metadata_response_partition) partitions;
    int32_t topic_authorized_operations;
};
extern const struct kc_wire_type kc_metadata_response_topic_type;

struct kc_metadata_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_metadata_response_broker) brokers;
    struct kc_wire_str cluster_id;
    int32_t controller_id;
    KC_WIRE_LIST(struct kc_metadata_response_topic) topics;
    int32_t cluster_authorized_operations;
    int16_t error_code;
};
extern const struct kc_wire_type kc_metadata_response_type;

/* ---- DescribeCluster ---- */

struct kc_describe_cluster_request {
    bool include_cluster_authorized_operations;
    int8_t endpoint_type;
    bool include_fenced_brokers;
};
extern const struct kc_wire_type kc_describe_cluster_request_type;

struct kc_describe_cluster_response_broker {
    int32_t broker_id;
    struct kc_wire_str host;
    int32_t port;
    struct kc_wire_str rack;
    bool is_fenced;
};
extern const struct kc_wire_type kc_describe_cluster_response_broker_type;

struct kc_describe_cluster_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    struct kc_wire_str error_message;
    int8_t endpoint_type;
    struct kc_wire_str cluster_id;
    int32_t controller_id;
    KC_WIRE_LIST(struct kc_describe_cluster_response_broker) brokers;
    int32_t cluster_authorized_operations;
};
extern const struct kc_wire_type kc_describe_cluster_response_type;

/* ---- DescribeTopicPartitions ---- */

struct kc_describe_topic_partitions_request_topic {
    struct kc_wire_str name;
};
extern const struct kc_wire_type kc_describe_topic_partitions_request_topic_type;

struct kc_describe_topic_partitions_request_cursor {
    struct kc_wire_str topic_name;
    int32_t partition_index;
};
extern const struct kc_wire_type kc_describe_topic_partitions_request_cursor_type;

struct kc_describe_topic_partitions_request {
    KC_WIRE_LIST(struct kc_describe_topic_partitions_request_topic) topics;
    int32_t response_partition_limit;
    struct kc_describe_topic_partitions_request_cursor *cursor;
};
extern const struct kc_wire_type kc_describe_topic_partitions_request_type;

struct kc_describe_topic_partitions_response_partition {
    int16_t error_code;
    int32_t partition_index;
    int32_t leader_id;
    int32_t leader_epoch;
    KC_WIRE_LIST(int32_t) replica_nodes;
    KC_WIRE_LIST(int32_t) isr_nodes;
    KC_WIRE_LIST(int32_t) eligible_leader_replicas;
    KC_WIRE_LIST(int32_t) last_known_elr;
    KC_WIRE_LIST(int32_t) offline_replicas;
};
extern const struct kc_wire_type kc_describe_topic_partitions_response_partition_type;

struct kc_describe_topic_partitions_response_topic {
    int16_t error_code;
    struct kc_wire_str name;
    struct kc_uuid topic_id;
    bool is_internal;
    KC_WIRE_LIST(struct kc_describe_topic_partitions_response_partition) partitions;
    int32_t topic_authorized_operations;
};
extern const struct kc_wire_type kc_describe_topic_partitions_response_topic_type;

struct kc_describe_topic_partitions_response_next_cursor {
    struct kc_wire_str topic_name;
    int32_t partition_index;
};
extern const struct kc_wire_type kc_describe_topic_partitions_response_next_cursor_type;

struct kc_describe_topic_partitions_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_describe_topic_partitions_response_topic) topics;
    struct kc_describe_topic_partitions_response_next_cursor *next_cursor;
};
extern const struct kc_wire_type kc_describe_topic_partitions_response_type;

/* ---- SaslHandshake ---- */

struct kc_sasl_handshake_request {
    struct kc_wire_str mechanism;
};
extern const struct kc_wire_type kc_sasl_handshake_request_type;

struct kc_sasl_handshake_response {
    int16_t error_code;
    KC_WIRE_LIST(struct kc_wire_str) mechanisms;
};
extern const struct kc_wire_type kc_sasl_handshake_response_type;

/* ---- SaslAuthenticate ---- */

struct kc_sasl_authenticate_request {
    struct kc_wire_bytes auth_bytes;
};
extern const struct kc_wire_type kc_sasl_authenticate_request_type;

struct kc_sasl_authenticate_response {
    int16_t error_code;
    struct kc_wire_str error_message;
    struct kc_wire_bytes auth_bytes;
    int64_t session_lifetime_ms;
};
extern const struct kc_wire_type kc_sasl_authenticate_response_type;

#endif
