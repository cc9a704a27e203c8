/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACLs on topics: reading them all, and creating some.
 *
 * Any thread, several at once.
 */
#include "kafka/admin_priv.h"

#include <stdlib.h>

static void fill(struct kc_acl *acl, const rd_kafka_AclBinding_t *binding)
{
    acl->resource_type = (int)rd_kafka_AclBinding_restype(binding);
    acl->pattern_type = (int)rd_kafka_AclBinding_resource_pattern_type(binding);
    acl->name = kc_strdup(rd_kafka_AclBinding_name(binding));
    acl->principal = kc_strdup(rd_kafka_AclBinding_principal(binding));
    acl->host = kc_strdup(rd_kafka_AclBinding_host(binding));
    acl->operation = (int)rd_kafka_AclBinding_operation(binding);
    acl->permission = (int)rd_kafka_AclBinding_permission_type(binding);
}

struct kc_error *kc_admin_topic_acls(struct kc_admin *admin, struct kc_acls *acls)
{
    char reason[256];
    struct kc_admin_call call = {0};
    *acls = (struct kc_acls){0};
    rd_kafka_AclBindingFilter_t *filter = rd_kafka_AclBindingFilter_new(
        RD_KAFKA_RESOURCE_TOPIC, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, NULL, NULL,
        RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, reason, sizeof(reason));
    if (!filter)
        return kc_error_new(KC_ERR_CONNECT, "Reading ACLs failed: %s", reason);
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_DESCRIBEACLS);
    rd_kafka_DescribeAcls(admin->client, filter, call.options, call.queue);
    struct kc_error *err = kc_admin_call_wait(&call, "Reading ACLs failed");
    if (!err) {
        size_t count = 0;
        const rd_kafka_AclBinding_t **bindings = rd_kafka_DescribeAcls_result_acls(
            rd_kafka_event_DescribeAcls_result(call.event), &count);
        acls->items = kc_calloc(count + 1, sizeof(*acls->items));
        for (; acls->count < count; acls->count++)
            fill(&acls->items[acls->count], bindings[acls->count]);
    }
    kc_admin_call_end(&call);
    rd_kafka_AclBinding_destroy(filter);
    return err;
}

static struct kc_error *make_binding(const struct kc_acl *acl, rd_kafka_AclBinding_t **binding)
{
    char reason[256];
    *binding = rd_kafka_AclBinding_new(
        (rd_kafka_ResourceType_t)acl->resource_type, acl->name,
        (rd_kafka_ResourcePatternType_t)acl->pattern_type, acl->principal, acl->host,
        (rd_kafka_AclOperation_t)acl->operation, (rd_kafka_AclPermissionType_t)acl->permission,
        reason, sizeof(reason));
    if (*binding)
        return NULL;
    return kc_error_new(KC_ERR_CONNECT, "ACL of %s on topic %s can't be created: %s",
                        acl->principal, acl->name, reason);
}

static struct kc_error *first_failure(const rd_kafka_CreateAcls_result_t *result,
                                      const struct kc_acls *acls)
{
    size_t count = 0;
    const rd_kafka_acl_result_t **results = rd_kafka_CreateAcls_result_acls(result, &count);
    for (size_t i = 0; i < count && i < acls->count; i++) {
        const rd_kafka_error_t *error = rd_kafka_acl_result_error(results[i]);
        if (error)
            return kc_client_error(
                rd_kafka_error_code(error), "Creating an ACL of %s on topic %s failed: %s",
                acls->items[i].principal, acls->items[i].name, rd_kafka_error_string(error));
    }
    return NULL;
}

struct kc_error *kc_admin_create_acls(struct kc_admin *admin, const struct kc_acls *acls)
{
    struct kc_admin_call call = {0};
    struct kc_error *err = NULL;
    size_t made = 0;
    if (acls->count == 0)
        return NULL;
    rd_kafka_AclBinding_t **bindings = kc_calloc(acls->count, sizeof(*bindings));
    while (made < acls->count && !err) {
        err = make_binding(&acls->items[made], &bindings[made]);
        if (!err)
            made++;
    }
    if (!err) {
        kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_CREATEACLS);
        rd_kafka_CreateAcls(admin->client, bindings, made, call.options, call.queue);
        err = kc_admin_call_wait(&call, "Creating ACLs failed");
    }
    if (!err)
        err = first_failure(rd_kafka_event_CreateAcls_result(call.event), acls);
    kc_admin_call_end(&call);
    rd_kafka_AclBinding_destroy_array(bindings, made);
    free(bindings);
    return err;
}

void kc_acls_destroy(struct kc_acls *acls)
{
    for (size_t i = 0; i < acls->count; i++) {
        free(acls->items[i].name);
        free(acls->items[i].principal);
        free(acls->items[i].host);
    }
    free(acls->items);
    *acls = (struct kc_acls){0};
}
