/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACLs on topics: reading them all, and creating some.
 *
 * Any thread, several at once.
 */
#include "kafka/admin_priv.h"
#include "wire/messages_admin.h"

#include <stdlib.h>

/* ---- reading: by our own client, for librdkafka 2.0 loses the error of the whole answer ---- */

enum { PATTERN_ANY = 1, OPERATION_ANY = 1, PERMISSION_ANY = 1 }; /* the protocol's numbers */

static char *text_of(struct kc_wire_str text)
{
    return kc_strndup(text.len < 0 ? "" : (const char *)text.data,
                      text.len < 0 ? 0 : (size_t)text.len);
}

static void take_resource(struct kc_acls *acls,
                          const struct kc_describe_acls_response_resource *resource)
{
    for (int32_t i = 0; i < resource->acls.count; i++) {
        const struct kc_describe_acls_response_acl *acl = &resource->acls.items[i];
        acls->items[acls->count++] = (struct kc_acl){
            .resource_type = resource->resource_type,
            .pattern_type = resource->pattern_type,
            .name = text_of(resource->resource_name),
            .principal = text_of(acl->principal),
            .host = text_of(acl->host),
            .operation = acl->operation,
            .permission = acl->permission_type,
        };
    }
}

static struct kc_error *take_response(const struct kc_describe_acls_response *response,
                                      struct kc_acls *acls)
{
    size_t count = 0;
    if (response->error_code)
        return kc_client_error((rd_kafka_resp_err_t)response->error_code, "Reading ACLs failed");
    for (int32_t i = 0; i < response->resources.count; i++)
        count += (size_t)(response->resources.items[i].acls.count > 0
                              ? response->resources.items[i].acls.count
                              : 0);
    acls->items = kc_calloc(count + 1, sizeof(*acls->items));
    for (int32_t i = 0; i < response->resources.count; i++)
        take_resource(acls, &response->resources.items[i]);
    return NULL;
}

struct kc_error *kc_admin_topic_acls(struct kc_admin *admin, struct kc_acls *acls)
{
    struct kc_wire_admin *wire = NULL;
    struct kc_wire_reply *reply = NULL;
    *acls = (struct kc_acls){0};
    struct kc_error *err = kc_admin_wire(admin, &wire);
    if (err)
        return err;
    struct kc_wire_request *request = kc_wire_request_new(KC_API_DESCRIBE_ACLS);
    struct kc_describe_acls_request *filter = request->message;
    filter->resource_type_filter = RD_KAFKA_RESOURCE_TOPIC;
    filter->resource_name_filter.len = -1;
    filter->pattern_type_filter = PATTERN_ANY;
    filter->principal_filter.len = -1;
    filter->host_filter.len = -1;
    filter->operation = OPERATION_ANY;
    filter->permission_type = PERMISSION_ANY;
    err =
        kc_wire_call(kc_wire_admin_client(wire), request, kc_mono_ms() + admin->timeout_ms, &reply);
    if (err)
        return kc_error_prefix(err, "Reading ACLs failed");
    err = take_response(reply->message, acls);
    kc_wire_reply_unref(reply);
    return err;
}

/* ---- creating ---- */

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
