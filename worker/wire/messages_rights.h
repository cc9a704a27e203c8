/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about what users may do: taking ACLs back, quotas, SCRAM credentials.
 *
 * Structs as in messages_admin.h. A float64 is an int64_t with its bits.
 */
#ifndef WORKER_WIRE_MESSAGES_RIGHTS_H
#define WORKER_WIRE_MESSAGES_RIGHTS_H

#include "wire/messages_admin.h"

/* ---- DeleteAcls ---- */

/* A filter is what DescribeAcls asks for. */
struct kc_delete_acls_request {
    KC_WIRE_LIST(struct kc_describe_acls_request) filters;
};
extern const struct kc_wire_type kc_delete_acls_request_type;

struct kc_delete_acls_response_acl {
    int16_t error_code;
    struct kc_wire_str error_message;
    int8_t resource_type;
    struct kc_wire_str resource_name;
    int8_t pattern_type;
    struct kc_wire_str principal;
    struct kc_wire_str host;
    int8_t operation;
    int8_t permission_type;
};
extern const struct kc_wire_type kc_delete_acls_response_acl_type;

struct kc_delete_acls_response_result {
    int16_t error_code;
    struct kc_wire_str error_message;
    KC_WIRE_LIST(struct kc_delete_acls_response_acl) matching_acls;
};
extern const struct kc_wire_type kc_delete_acls_response_result_type;

struct kc_delete_acls_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_delete_acls_response_result) filter_results;
};
extern const struct kc_wire_type kc_delete_acls_response_type;

/* ---- DescribeClientQuotas ---- */

struct kc_describe_client_quotas_request_component {
    struct kc_wire_str entity_type;
    int8_t match_type;
    struct kc_wire_str match;
};
extern const struct kc_wire_type kc_describe_client_quotas_request_component_type;

struct kc_describe_client_quotas_request {
    KC_WIRE_LIST(struct kc_describe_client_quotas_request_component) components;
    bool strict;
};
extern const struct kc_wire_type kc_describe_client_quotas_request_type;

/* In AlterClientQuotas as well. */
struct kc_client_quotas_entity {
    struct kc_wire_str entity_type;
    struct kc_wire_str entity_name;
};
extern const struct kc_wire_type kc_client_quotas_entity_type;

struct kc_describe_client_quotas_response_value {
    struct kc_wire_str key;
    int64_t value;
};
extern const struct kc_wire_type kc_describe_client_quotas_response_value_type;

struct kc_describe_client_quotas_response_entry {
    KC_WIRE_LIST(struct kc_client_quotas_entity) entity;
    KC_WIRE_LIST(struct kc_describe_client_quotas_response_value) values;
};
extern const struct kc_wire_type kc_describe_client_quotas_response_entry_type;

struct kc_describe_client_quotas_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    struct kc_wire_str error_message;
    KC_WIRE_LIST(struct kc_describe_client_quotas_response_entry) entries;
};
extern const struct kc_wire_type kc_describe_client_quotas_response_type;

/* ---- AlterClientQuotas ---- */

struct kc_alter_client_quotas_request_op {
    struct kc_wire_str key;
    int64_t value;
    bool remove;
};
extern const struct kc_wire_type kc_alter_client_quotas_request_op_type;

struct kc_alter_client_quotas_request_entry {
    KC_WIRE_LIST(struct kc_client_quotas_entity) entity;
    KC_WIRE_LIST(struct kc_alter_client_quotas_request_op) ops;
};
extern const struct kc_wire_type kc_alter_client_quotas_request_entry_type;

struct kc_alter_client_quotas_request {
    KC_WIRE_LIST(struct kc_alter_client_quotas_request_entry) entries;
    bool validate_only;
};
extern const struct kc_wire_type kc_alter_client_quotas_request_type;

struct kc_alter_client_quotas_response_entry {
    int16_t error_code;
    struct kc_wire_str error_message;
    KC_WIRE_LIST(struct kc_client_quotas_entity) entity;
};
extern const struct kc_wire_type kc_alter_client_quotas_response_entry_type;

struct kc_alter_client_quotas_response {
    int32_t throttle_time_ms;
    KC_WIRE_LIST(struct kc_alter_client_quotas_response_entry) entries;
};
extern const struct kc_wire_type kc_alter_client_quotas_response_type;

/* ---- DescribeUserScramCredentials ---- */

struct kc_describe_user_scram_credentials_request_user {
    struct kc_wire_str name;
};
extern const struct kc_wire_type kc_describe_user_scram_credentials_request_user_type;

struct kc_describe_user_scram_credentials_request {
    KC_WIRE_LIST(struct kc_describe_user_scram_credentials_request_user) users;
};
extern const struct kc_wire_type kc_describe_user_scram_credentials_request_type;

struct kc_describe_user_scram_credentials_response_info {
    int8_t mechanism;
    int32_t iterations;
};
extern const struct kc_wire_type kc_describe_user_scram_credentials_response_info_type;

struct kc_describe_user_scram_credentials_response_result {
    struct kc_wire_str user;
    int16_t error_code;
    struct kc_wire_str error_message;
    KC_WIRE_LIST(struct kc_describe_user_scram_credentials_response_info) credential_infos;
};
extern const struct kc_wire_type kc_describe_user_scram_credentials_response_result_type;

struct kc_describe_user_scram_credentials_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    struct kc_wire_str error_message;
    KC_WIRE_LIST(struct kc_describe_user_scram_credentials_response_result) results;
};
extern const struct kc_wire_type kc_describe_user_scram_credentials_response_type;

#endif
