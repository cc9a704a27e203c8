/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of administration: configs, topics, ACLs.
 *
 * One struct per message or nested structure, in the field order of Kafka's message schemas, with
 * all fields of the versions that messages_admin.c declares; which of them a version has is said
 * there. A decoded message lives in its arena; strings are terminated, bytes point into the frame.
 */
#ifndef WORKER_WIRE_MESSAGES_ADMIN_H
#define WORKER_WIRE_MESSAGES_ADMIN_H

#include "wire/codec.h"

/* ---- DescribeConfigs ---- */

struct kc_describe_configs_request_resource {
    int8_t resource_type;
    struct kc_wire_str resource_name;
    KC_WIRE_LIST(struct kc_wire_str) configuration_keys;
};
extern const struct kc_wire_type kc_describe_configs_request_resource_type;

struct kc_describe_configs_request {
    KC_WIRE_LIST(struct kc_describe_configs_request_resource) resources;
    bool include_synonyms;
    bool include_documentation;
};
extern const struct kc_wire_type kc_describe_configs_request_type;

struct kc_describe_configs_response_synonym {
    struct kc_wire_str name;
    struct kc_wire_str value;
    int8_t source;
};
extern const struct kc_wire_type kc_describe_configs_response_synonym_type;

struct kc_describe_configs_response_config {
    struct kc_wire_str name;
    struct kc_wire_str value;
    bool read_only;
    int8_t config_source;
    bool is_sensitive;
    KC_WIRE_LIST(struct kc_describe_configs_response_synonym) synonyms;
    int8_t config_type;
    struct kc_wire_str documentation;
};
extern const struct kc_wire_type kc_describe_configs_response_config_type;

struct kc_describe_configs_response_result {
    int16_t error_code;
    struct kc_wire_str error_message;
    int8_t resource_type;
    struct kc_wire_str resource_name;
    KC_WIRE_LIST(struct kc_describe_configs_response_config) configs;
};
extern const struct kc_wire_type kc_describe_configs_response_result_type;

struct kc_describe_configs_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_describe_configs_response_result) results;
};
extern const struct kc_wire_type kc_describe_configs_response_type;

/* ---- IncrementalAlterConfigs ---- */

struct kc_incremental_alter_configs_request_config {
    struct kc_wire_str name;
    int8_t config_operation;
    struct kc_wire_str value;
};
extern const struct kc_wire_type kc_incremental_alter_configs_request_config_type;

struct kc_incremental_alter_configs_request_resource {
    int8_t resource_type;
    struct kc_wire_str resource_name;
    KC_WIRE_LIST(struct kc_incremental_alter_configs_request_config) configs;
};
extern const struct kc_wire_type kc_incremental_alter_configs_request_resource_type;

struct kc_incremental_alter_configs_request {
    KC_WIRE_LIST(struct kc_incremental_alter_configs_request_resource) resources;
    bool validate_only;
};
extern const struct kc_wire_type kc_incremental_alter_configs_request_type;

struct kc_incremental_alter_configs_response_resource {
    int16_t error_code;
    struct kc_wire_str error_message;
    int8_t resource_type;
    struct kc_wire_str resource_name;
};
extern const struct kc_wire_type kc_incremental_alter_configs_response_resource_type;

struct kc_incremental_alter_configs_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_incremental_alter_configs_response_resource) responses;
};
extern const struct kc_wire_type kc_incremental_alter_configs_response_type;

/* ---- AlterConfigs ---- */

struct kc_alter_configs_request_config {
    struct kc_wire_str name;
    struct kc_wire_str value;
};
extern const struct kc_wire_type kc_alter_configs_request_config_type;

struct kc_alter_configs_request_resource {
    int8_t resource_type;
    struct kc_wire_str resource_name;
    KC_WIRE_LIST(struct kc_alter_configs_request_config) configs;
};
extern const struct kc_wire_type kc_alter_configs_request_resource_type;

struct kc_alter_configs_request {
    KC_WIRE_LIST(struct kc_alter_configs_request_resource) resources;
    bool validate_only;
};
extern const struct kc_wire_type kc_alter_configs_request_type;

struct kc_alter_configs_response_resource {
    int16_t error_code;
    struct kc_wire_str error_message;
    int8_t resource_type;
    struct kc_wire_str resource_name;
};
extern const struct kc_wire_type kc_alter_configs_response_resource_type;

struct kc_alter_configs_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_alter_configs_response_resource) responses;
};
extern const struct kc_wire_type kc_alter_configs_response_type;

/* ---- CreateTopics ---- */

struct kc_create_topics_request_assignment {
    int32_t partition_index;
    KC_WIRE_LIST(int32_t) broker_ids;
};
extern const struct kc_wire_type kc_create_topics_request_assignment_type;

struct kc_create_topics_request_config {
    struct kc_wire_str name;
    struct kc_wire_str value;
};
extern const struct kc_wire_type kc_create_topics_request_config_type;

struct kc_create_topics_request_topic {
    struct kc_wire_str name;
    int32_t num_partitions;
    int16_t replication_factor;
    KC_WIRE_LIST(struct kc_create_topics_request_assignment) assignments;
    KC_WIRE_LIST(struct kc_create_topics_request_config) configs;
};
extern const struct kc_wire_type kc_create_topics_request_topic_type;

struct kc_create_topics_request {
    KC_WIRE_LIST(struct kc_create_topics_request_topic) topics;
    int32_t timeout_ms;
    bool validate_only;
};
extern const struct kc_wire_type kc_create_topics_request_type;

struct kc_create_topics_response_config {
    struct kc_wire_str name;
    struct kc_wire_str value;
    bool read_only;
    int8_t config_source;
    bool is_sensitive;
};
extern const struct kc_wire_type kc_create_topics_response_config_type;

struct kc_create_topics_response_topic {
    struct kc_wire_str name;
    struct kc_uuid topic_id;
    int16_t error_code;
    struct kc_wire_str error_message;
    int16_t topic_config_error_code;
    int32_t num_partitions;
    int16_t replication_factor;
    KC_WIRE_LIST(struct kc_create_topics_response_config) configs;
};
extern const struct kc_wire_type kc_create_topics_response_topic_type;

struct kc_create_topics_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_create_topics_response_topic) topics;
};
extern const struct kc_wire_type kc_create_topics_response_type;

/* ---- CreatePartitions ---- */

struct kc_create_partitions_request_assignment {
    KC_WIRE_LIST(int32_t) broker_ids;
};
extern const struct kc_wire_type kc_create_partitions_request_assignment_type;

struct kc_create_partitions_request_topic {
    struct kc_wire_str name;
    int32_t count;
    KC_WIRE_LIST(struct kc_create_partitions_request_assignment) assignments;
};
extern const struct kc_wire_type kc_create_partitions_request_topic_type;

struct kc_create_partitions_request {
    KC_WIRE_LIST(struct kc_create_partitions_request_topic) topics;
    int32_t timeout_ms;
    bool validate_only;
};
extern const struct kc_wire_type kc_create_partitions_request_type;

struct kc_create_partitions_response_result {
    struct kc_wire_str name;
    int16_t error_code;
    struct kc_wire_str error_message;
};
extern const struct kc_wire_type kc_create_partitions_response_result_type;

struct kc_create_partitions_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_create_partitions_response_result) results;
};
extern const struct kc_wire_type kc_create_partitions_response_type;

/* ---- DeleteTopics ---- */

struct kc_delete_topics_request_topic {
    struct kc_wire_str name;
    struct kc_uuid topic_id;
};
extern const struct kc_wire_type kc_delete_topics_request_topic_type;

struct kc_delete_topics_request {
    KC_WIRE_LIST(struct kc_delete_topics_request_topic) topics;
    KC_WIRE_LIST(struct kc_wire_str) topic_names;
    int32_t timeout_ms;
};
extern const struct kc_wire_type kc_delete_topics_request_type;

struct kc_delete_topics_response_topic {
    struct kc_wire_str name;
    struct kc_uuid topic_id;
    int16_t error_code;
    struct kc_wire_str error_message;
};
extern const struct kc_wire_type kc_delete_topics_response_topic_type;

struct kc_delete_topics_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_delete_topics_response_topic) responses;
};
extern const struct kc_wire_type kc_delete_topics_response_type;

/* ---- DescribeAcls ---- */

struct kc_describe_acls_request {
    int8_t resource_type_filter;
    struct kc_wire_str resource_name_filter;
    int8_t pattern_type_filter;
    struct kc_wire_str principal_filter;
    struct kc_wire_str host_filter;
    int8_t operation;
    int8_t permission_type;
};
extern const struct kc_wire_type kc_describe_acls_request_type;

struct kc_describe_acls_response_acl {
    struct kc_wire_str principal;
    struct kc_wire_str host;
    int8_t operation;
    int8_t permission_type;
};
extern const struct kc_wire_type kc_describe_acls_response_acl_type;

struct kc_describe_acls_response_resource {
    int8_t resource_type;
    struct kc_wire_str resource_name;
    int8_t pattern_type;
    KC_WIRE_LIST(struct kc_describe_acls_response_acl) acls;
};
extern const struct kc_wire_type kc_describe_acls_response_resource_type;

struct kc_describe_acls_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    struct kc_wire_str error_message;
    KC_WIRE_LIST(struct kc_describe_acls_response_resource) resources;
};
extern const struct kc_wire_type kc_describe_acls_response_type;

/* ---- CreateAcls ---- */

struct kc_create_acls_request_creation {
    int8_t resource_type;
    struct kc_wire_str resource_name;
    int8_t resource_pattern_type;
    struct kc_wire_str principal;
    struct kc_wire_str host;
    int8_t operation;
    int8_t permission_type;
};
extern const struct kc_wire_type kc_create_acls_request_creation_type;

struct kc_create_acls_request {
    KC_WIRE_LIST(struct kc_create_acls_request_creation) creations;
};
extern const struct kc_wire_type kc_create_acls_request_type;

struct kc_create_acls_response_result {
    int16_t error_code;
    struct kc_wire_str error_message;
};
extern const struct kc_wire_type kc_create_acls_response_result_type;

struct kc_create_acls_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_create_acls_response_result) results;
};
extern const struct kc_wire_type kc_create_acls_response_type;

#endif
