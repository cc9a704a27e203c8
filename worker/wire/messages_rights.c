/* SPDX-License-Identifier: Apache-2.0 */
/* Which version has which field of the messages of messages_rights.h. Constant data. */
#include "wire/messages_rights.h"

#include "wire/table_priv.h"

/* A field a line. */
/* clang-format off */

/* ---- DeleteAcls ---- */

#define T struct kc_delete_acls_request
static const struct kc_wire_field kc_delete_acls_request_fields[] = {
    LIST(filters, kc_describe_acls_request, 0, LAST),
};
#undef T
TYPE(kc_delete_acls_request);

#define T struct kc_delete_acls_response_acl
static const struct kc_wire_field kc_delete_acls_response_acl_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    FIELD(resource_type, 0, LAST),
    FIELD(resource_name, 0, LAST),
    FIELD(pattern_type, 1, LAST, .def = 3),
    FIELD(principal, 0, LAST),
    FIELD(host, 0, LAST),
    FIELD(operation, 0, LAST),
    FIELD(permission_type, 0, LAST),
};
#undef T
TYPE(kc_delete_acls_response_acl);

#define T struct kc_delete_acls_response_result
static const struct kc_wire_field kc_delete_acls_response_result_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    LIST(matching_acls, kc_delete_acls_response_acl, 0, LAST),
};
#undef T
TYPE(kc_delete_acls_response_result);

#define T struct kc_delete_acls_response
static const struct kc_wire_field kc_delete_acls_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(filter_results, kc_delete_acls_response_result, 0, LAST),
};
#undef T
TYPE(kc_delete_acls_response);

/* ---- DescribeClientQuotas ---- */

#define T struct kc_describe_client_quotas_request_component
static const struct kc_wire_field kc_describe_client_quotas_request_component_fields[] = {
    FIELD(entity_type, 0, LAST),
    FIELD(match_type, 0, LAST),
    FIELD(match, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_describe_client_quotas_request_component);

#define T struct kc_describe_client_quotas_request
static const struct kc_wire_field kc_describe_client_quotas_request_fields[] = {
    LIST(components, kc_describe_client_quotas_request_component, 0, LAST),
    FIELD(strict, 0, LAST),
};
#undef T
TYPE(kc_describe_client_quotas_request);

#define T struct kc_client_quotas_entity
static const struct kc_wire_field kc_client_quotas_entity_fields[] = {
    FIELD(entity_type, 0, LAST),
    FIELD(entity_name, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_client_quotas_entity);

#define T struct kc_describe_client_quotas_response_value
static const struct kc_wire_field kc_describe_client_quotas_response_value_fields[] = {
    FIELD(key, 0, LAST),
    FIELD(value, 0, LAST),
};
#undef T
TYPE(kc_describe_client_quotas_response_value);

#define T struct kc_describe_client_quotas_response_entry
static const struct kc_wire_field kc_describe_client_quotas_response_entry_fields[] = {
    LIST(entity, kc_client_quotas_entity, 0, LAST),
    LIST(values, kc_describe_client_quotas_response_value, 0, LAST),
};
#undef T
TYPE(kc_describe_client_quotas_response_entry);

#define T struct kc_describe_client_quotas_response
static const struct kc_wire_field kc_describe_client_quotas_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    LIST(entries, kc_describe_client_quotas_response_entry, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_describe_client_quotas_response);

/* ---- AlterClientQuotas ---- */

#define T struct kc_alter_client_quotas_request_op
static const struct kc_wire_field kc_alter_client_quotas_request_op_fields[] = {
    FIELD(key, 0, LAST),
    FIELD(value, 0, LAST),
    FIELD(remove, 0, LAST),
};
#undef T
TYPE(kc_alter_client_quotas_request_op);

#define T struct kc_alter_client_quotas_request_entry
static const struct kc_wire_field kc_alter_client_quotas_request_entry_fields[] = {
    LIST(entity, kc_client_quotas_entity, 0, LAST),
    LIST(ops, kc_alter_client_quotas_request_op, 0, LAST),
};
#undef T
TYPE(kc_alter_client_quotas_request_entry);

#define T struct kc_alter_client_quotas_request
static const struct kc_wire_field kc_alter_client_quotas_request_fields[] = {
    LIST(entries, kc_alter_client_quotas_request_entry, 0, LAST),
    FIELD(validate_only, 0, LAST),
};
#undef T
TYPE(kc_alter_client_quotas_request);

#define T struct kc_alter_client_quotas_response_entry
static const struct kc_wire_field kc_alter_client_quotas_response_entry_fields[] = {
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    LIST(entity, kc_client_quotas_entity, 0, LAST),
};
#undef T
TYPE(kc_alter_client_quotas_response_entry);

#define T struct kc_alter_client_quotas_response
static const struct kc_wire_field kc_alter_client_quotas_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    LIST(entries, kc_alter_client_quotas_response_entry, 0, LAST),
};
#undef T
TYPE(kc_alter_client_quotas_response);

/* ---- DescribeUserScramCredentials ---- */

#define T struct kc_describe_user_scram_credentials_request_user
static const struct kc_wire_field kc_describe_user_scram_credentials_request_user_fields[] = {
    FIELD(name, 0, LAST),
};
#undef T
TYPE(kc_describe_user_scram_credentials_request_user);

#define T struct kc_describe_user_scram_credentials_request
static const struct kc_wire_field kc_describe_user_scram_credentials_request_fields[] = {
    LIST(users, kc_describe_user_scram_credentials_request_user, 0, LAST, .nullable = SINCE(0)),
};
#undef T
TYPE(kc_describe_user_scram_credentials_request);

#define T struct kc_describe_user_scram_credentials_response_info
static const struct kc_wire_field kc_describe_user_scram_credentials_response_info_fields[] = {
    FIELD(mechanism, 0, LAST),
    FIELD(iterations, 0, LAST),
};
#undef T
TYPE(kc_describe_user_scram_credentials_response_info);

#define T struct kc_describe_user_scram_credentials_response_result
static const struct kc_wire_field kc_describe_user_scram_credentials_response_result_fields[] = {
    FIELD(user, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    LIST(credential_infos, kc_describe_user_scram_credentials_response_info, 0, LAST),
};
#undef T
TYPE(kc_describe_user_scram_credentials_response_result);

#define T struct kc_describe_user_scram_credentials_response
static const struct kc_wire_field kc_describe_user_scram_credentials_response_fields[] = {
    FIELD(throttle_time_ms, 0, LAST),
    FIELD(error_code, 0, LAST),
    FIELD(error_message, 0, LAST, .nullable = SINCE(0)),
    LIST(results, kc_describe_user_scram_credentials_response_result, 0, LAST),
};
#undef T
TYPE(kc_describe_user_scram_credentials_response);

/* clang-format on */
