/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field tables of messages_admin.h. The notation is explained in table_priv.h; the codec walks it.
 * Constant data.
 */
#include "wire/messages_admin.h"
#include "wire/table_priv.h"

/* A field a line. */
/* clang-format off */

/* ---- DescribeConfigs ---- */

#define T struct kc_describe_configs_request_resource
static const struct kc_wire_field kc_describe_configs_request_resource_fields[] = {
    FIELD(resource_type, 0, LAST),
    FIELD(resource_name, 0, LAST),
    LIST_OF(configuration_keys, KC_WIRE_STR, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_describe_configs_request_resource);

#define T struct kc_describe_configs_request
static const struct kc_wire_field kc_describe_configs_request_fields[] = {
    LIST(resources, kc_describe_configs_request_resource, 0, LAST),
    FIELD(include_synonyms, 1, LAST),
    FIELD(include_documentation, 3, LAST),
};
#undef T
TYPE(kc_describe_configs_request);

#define T struct kc_describe_configs_response_synonym
static const struct kc_wire_field kc_describe_configs_response_synonym_fields[] = {
    FIELD(name, 1, LAST),
    FIELD(value, 1, LAST, .nullable = SINCE(0)),
    FIELD(source, 1, LAST),
};
#undef T
TYPE(kc_describe_configs_response_synonym);

#define T struct kc_describe_configs_response_config
static const struct kc_wire_field kc_describe_configs_response_config_fields[] = {
    FIELD(name, 0, LAST),
    FIELD(value, 0, LAST, .nullable = SINCE(0)),
    FIELD(read_only, 0, LAST),
    FIELD(config_source, 1, LAST, .def = -1, .ignorable = true),
    FIELD(is_sensitive, 0, LAST),
    LIST(synonyms, kc_describe_configs_response_synonym, 1, LAST, .ignorable = true),
    FIELD(config_type, 3, LAST, .ignorable = true),
    FIELD(documentation, 3, LAST, .nullable = SINCE(0), .ignorable = true),
};
#undef T
TYPE(kc_describe_configs_response_config);

#define T struct kc_describe_configs_response_result
static const struct kc_wire_field kc_describe_configs_response_result_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    FIELD(resource_type, 0, LAST),
    FIELD(resource_name, 0, LAST),
    LIST(configs, kc_describe_configs_response_config, 0, LAST),
};
#undef T
TYPE(kc_describe_configs_response_result);

#define T struct kc_describe_configs_response
static const struct kc_wire_field kc_describe_configs_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(results, kc_describe_configs_response_result, 0, LAST),
};
#undef T
TYPE(kc_describe_configs_response);

/* ---- IncrementalAlterConfigs ---- */

#define T struct kc_incremental_alter_configs_request_config
static const struct kc_wire_field kc_incremental_alter_configs_request_config_fields[] = {
    FIELD(name, 0, LAST),
    FIELD(config_operation, 0, LAST),
    FIELD(value, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_incremental_alter_configs_request_config);

#define T struct kc_incremental_alter_configs_request_resource
static const struct kc_wire_field kc_incremental_alter_configs_request_resource_fields[] = {
    FIELD(resource_type, 0, LAST),
    FIELD(resource_name, 0, LAST),
    LIST(configs, kc_incremental_alter_configs_request_config, 0, LAST),
};
#undef T
TYPE(kc_incremental_alter_configs_request_resource);

#define T struct kc_incremental_alter_configs_request
static const struct kc_wire_field kc_incremental_alter_configs_request_fields[] = {
    LIST(resources, kc_incremental_alter_configs_request_resource, 0, LAST),
    FIELD(validate_only, 0, LAST),
};
#undef T
TYPE(kc_incremental_alter_configs_request);

#define T struct kc_incremental_alter_configs_response_resource
static const struct kc_wire_field kc_incremental_alter_configs_response_resource_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    FIELD(resource_type, 0, LAST),
    FIELD(resource_name, 0, LAST),
};
#undef T
TYPE(kc_incremental_alter_configs_response_resource);

#define T struct kc_incremental_alter_configs_response
static const struct kc_wire_field kc_incremental_alter_configs_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(responses, kc_incremental_alter_configs_response_resource, 0, LAST),
};
#undef T
TYPE(kc_incremental_alter_configs_response);

/* ---- AlterConfigs ---- */

#define T struct kc_alter_configs_request_config
static const struct kc_wire_field kc_alter_configs_request_config_fields[] = {
    FIELD(name, 0, LAST),
    FIELD(value, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_alter_configs_request_config);

#define T struct kc_alter_configs_request_resource
static const struct kc_wire_field kc_alter_configs_request_resource_fields[] = {
    FIELD(resource_type, 0, LAST),
    FIELD(resource_name, 0, LAST),
    LIST(configs, kc_alter_configs_request_config, 0, LAST),
};
#undef T
TYPE(kc_alter_configs_request_resource);

#define T struct kc_alter_configs_request
static const struct kc_wire_field kc_alter_configs_request_fields[] = {
    LIST(resources, kc_alter_configs_request_resource, 0, LAST),
    FIELD(validate_only, 0, LAST),
};
#undef T
TYPE(kc_alter_configs_request);

#define T struct kc_alter_configs_response_resource
static const struct kc_wire_field kc_alter_configs_response_resource_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    FIELD(resource_type, 0, LAST),
    FIELD(resource_name, 0, LAST),
};
#undef T
TYPE(kc_alter_configs_response_resource);

#define T struct kc_alter_configs_response
static const struct kc_wire_field kc_alter_configs_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(responses, kc_alter_configs_response_resource, 0, LAST),
};
#undef T
TYPE(kc_alter_configs_response);

/* ---- CreateTopics ---- */

#define T struct kc_create_topics_request_assignment
static const struct kc_wire_field kc_create_topics_request_assignment_fields[] = {
    FIELD(partition_index, 0, LAST),
    LIST_OF(broker_ids, KC_WIRE_I32, 0, LAST),
};
#undef T
TYPE(kc_create_topics_request_assignment);

#define T struct kc_create_topics_request_config
static const struct kc_wire_field kc_create_topics_request_config_fields[] = {
    FIELD(name, 0, LAST),
    FIELD(value, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_create_topics_request_config);

#define T struct kc_create_topics_request_topic
static const struct kc_wire_field kc_create_topics_request_topic_fields[] = {
    FIELD(name, 0, LAST),
    FIELD(num_partitions, 0, LAST),
    FIELD(replication_factor, 0, LAST),
    LIST(assignments, kc_create_topics_request_assignment, 0, LAST),
    LIST(configs, kc_create_topics_request_config, 0, LAST),
};
#undef T
TYPE(kc_create_topics_request_topic);

#define T struct kc_create_topics_request
static const struct kc_wire_field kc_create_topics_request_fields[] = {
    LIST(topics, kc_create_topics_request_topic, 0, LAST),
    FIELD(timeout_ms, 0, LAST, .def = 60000),
    FIELD(validate_only, 1, LAST),
};
#undef T
TYPE(kc_create_topics_request);

#define T struct kc_create_topics_response_config
static const struct kc_wire_field kc_create_topics_response_config_fields[] = {
    FIELD(name, 5, LAST),
    FIELD(value, 5, LAST, .nullable = SINCE(5)),
    FIELD(read_only, 5, LAST),
    FIELD(config_source, 5, LAST, .def = -1, .ignorable = true),
    FIELD(is_sensitive, 5, LAST),
};
#undef T
TYPE(kc_create_topics_response_config);

#define T struct kc_create_topics_response_topic
static const struct kc_wire_field kc_create_topics_response_topic_fields[] = {
    FIELD(name, 0, LAST),
    FIELD(topic_id, 7, LAST, .ignorable = true),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 1, LAST, .nullable = SINCE(0), .ignorable = true),
    FIELD(topic_config_error_code, 5, LAST, .tag = TAG(0), .ignorable = true),
    FIELD(num_partitions, 5, LAST, .def = -1, .ignorable = true),
    FIELD(replication_factor, 5, LAST, .def = -1, .ignorable = true),
    LIST(configs, kc_create_topics_response_config, 5, LAST, .nullable = SINCE(5),
         .ignorable = true),
};
#undef T
TYPE(kc_create_topics_response_topic);

#define T struct kc_create_topics_response
static const struct kc_wire_field kc_create_topics_response_fields[] = {
    FIELD(throttle_time_ms, 2, LAST, .ignorable = true),
    LIST(topics, kc_create_topics_response_topic, 0, LAST),
};
#undef T
TYPE(kc_create_topics_response);

/* ---- CreatePartitions ---- */

#define T struct kc_create_partitions_request_assignment
static const struct kc_wire_field kc_create_partitions_request_assignment_fields[] = {
    LIST_OF(broker_ids, KC_WIRE_I32, 0, LAST),
};
#undef T
TYPE(kc_create_partitions_request_assignment);

#define T struct kc_create_partitions_request_topic
static const struct kc_wire_field kc_create_partitions_request_topic_fields[] = {
    FIELD(name, 0, LAST),
    FIELD(count, 0, LAST),
    LIST(assignments, kc_create_partitions_request_assignment, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_create_partitions_request_topic);

#define T struct kc_create_partitions_request
static const struct kc_wire_field kc_create_partitions_request_fields[] = {
    LIST(topics, kc_create_partitions_request_topic, 0, LAST),
    FIELD(timeout_ms, 0, LAST),
    FIELD(validate_only, 0, LAST),
};
#undef T
TYPE(kc_create_partitions_request);

#define T struct kc_create_partitions_response_result
static const struct kc_wire_field kc_create_partitions_response_result_fields[] = {
    FIELD(name, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0), .def = -1),
};
#undef T
TYPE(kc_create_partitions_response_result);

#define T struct kc_create_partitions_response
static const struct kc_wire_field kc_create_partitions_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(results, kc_create_partitions_response_result, 0, LAST),
};
#undef T
TYPE(kc_create_partitions_response);

/* ---- DeleteTopics ---- */

#define T struct kc_delete_topics_request_topic
static const struct kc_wire_field kc_delete_topics_request_topic_fields[] = {
    FIELD(name, 6, LAST, .nullable = SINCE(6), .def = -1),
    FIELD(topic_id, 6, LAST),
};
#undef T
TYPE(kc_delete_topics_request_topic);

#define T struct kc_delete_topics_request
static const struct kc_wire_field kc_delete_topics_request_fields[] = {
    LIST(topics, kc_delete_topics_request_topic, 6, LAST),
    LIST_OF(topic_names, KC_WIRE_STR, 0, 5, .ignorable = true),
    FIELD(timeout_ms, 0, LAST),
};
#undef T
TYPE(kc_delete_topics_request);

#define T struct kc_delete_topics_response_topic
static const struct kc_wire_field kc_delete_topics_response_topic_fields[] = {
    FIELD(name, 0, LAST, .nullable = SINCE(6)),
    FIELD(topic_id, 6, LAST, .ignorable = true),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 5, LAST, .nullable = SINCE(5), .def = -1, .ignorable = true),
};
#undef T
TYPE(kc_delete_topics_response_topic);

#define T struct kc_delete_topics_response
static const struct kc_wire_field kc_delete_topics_response_fields[] = {
    FIELD(throttle_time_ms, 1, LAST, .ignorable = true),
    LIST(responses, kc_delete_topics_response_topic, 0, LAST),
};
#undef T
TYPE(kc_delete_topics_response);

/* ---- DescribeAcls ---- */

#define T struct kc_describe_acls_request
static const struct kc_wire_field kc_describe_acls_request_fields[] = {
    FIELD(resource_type_filter, 0, LAST),
    FIELD(resource_name_filter, 0, LAST, .nullable = SINCE(0)),
    FIELD(pattern_type_filter, 1, LAST, .def = 3),
    FIELD(principal_filter, 0, LAST, .nullable = SINCE(0)),
    FIELD(host_filter, 0, LAST, .nullable = SINCE(0)),
    FIELD(operation, 0, LAST),
    FIELD(permission_type, 0, LAST),
};
#undef T
TYPE(kc_describe_acls_request);

#define T struct kc_describe_acls_response_acl
static const struct kc_wire_field kc_describe_acls_response_acl_fields[] = {
    FIELD(principal, 0, LAST),
    FIELD(host, 0, LAST),
    FIELD(operation, 0, LAST),
    FIELD(permission_type, 0, LAST),
};
#undef T
TYPE(kc_describe_acls_response_acl);

#define T struct kc_describe_acls_response_resource
static const struct kc_wire_field kc_describe_acls_response_resource_fields[] = {
    FIELD(resource_type, 0, LAST),
    FIELD(resource_name, 0, LAST),
    FIELD(pattern_type, 1, LAST, .def = 3),
    LIST(acls, kc_describe_acls_response_acl, 0, LAST),
};
#undef T
TYPE(kc_describe_acls_response_resource);

#define T struct kc_describe_acls_response
static const struct kc_wire_field kc_describe_acls_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    LIST(resources, kc_describe_acls_response_resource, 0, LAST),
};
#undef T
TYPE(kc_describe_acls_response);

/* ---- CreateAcls ---- */

#define T struct kc_create_acls_request_creation
static const struct kc_wire_field kc_create_acls_request_creation_fields[] = {
    FIELD(resource_type, 0, LAST),
    FIELD(resource_name, 0, LAST),
    FIELD(resource_pattern_type, 1, LAST, .def = 3),
    FIELD(principal, 0, LAST),
    FIELD(host, 0, LAST),
    FIELD(operation, 0, LAST),
    FIELD(permission_type, 0, LAST),
};
#undef T
TYPE(kc_create_acls_request_creation);

#define T struct kc_create_acls_request
static const struct kc_wire_field kc_create_acls_request_fields[] = {
    LIST(creations, kc_create_acls_request_creation, 0, LAST),
};
#undef T
TYPE(kc_create_acls_request);

#define T struct kc_create_acls_response_result
static const struct kc_wire_field kc_create_acls_response_result_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_create_acls_response_result);

#define T struct kc_create_acls_response
static const struct kc_wire_field kc_create_acls_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(results, kc_create_acls_response_result, 0, LAST),
};
#undef T
TYPE(kc_create_acls_response);

/* clang-format on */
