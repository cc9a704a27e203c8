/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACLs: reading all of a kind of resource, creating and deleting some. Uses our own client, because
 * librdkafka 2.0 loses the error of a whole answer and doesn't know transactional ids.
 *
 * Any thread, several at once.
 */
#include "connect/rights.h"
#include "kafka/admin_priv.h"
#include "wire/messages_admin.h"
#include "wire/messages_rights.h"

#include <stdlib.h>

/* ---- reading ---- */

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
    return kc_admin_acls(admin, KC_RESOURCE_TOPIC, acls);
}

struct kc_error *kc_admin_acls(struct kc_admin *admin, int resource_type, struct kc_acls *acls)
{
    struct kc_wire_reply *reply = NULL;
    *acls = (struct kc_acls){0};
    struct kc_wire_request *request = kc_wire_request_new(KC_API_DESCRIBE_ACLS);
    struct kc_describe_acls_request *filter = request->message;
    filter->resource_type_filter = (int8_t)resource_type;
    filter->resource_name_filter.len = -1;
    filter->pattern_type_filter = PATTERN_ANY;
    filter->principal_filter.len = -1;
    filter->host_filter.len = -1;
    filter->operation = OPERATION_ANY;
    filter->permission_type = PERMISSION_ANY;
    struct kc_error *err = kc_admin_call_wire(admin, request, "Reading ACLs", &reply);
    if (err)
        return err;
    err = take_response(reply->message, acls);
    kc_wire_reply_unref(reply);
    return err;
}

/* ---- creating and deleting ---- */

/* The resource of an ACL, for messages. */
static const char *resource_name(int resource_type)
{
    switch (resource_type) {
    case KC_RESOURCE_TOPIC:
        return "topic";
    case KC_RESOURCE_GROUP:
        return "group";
    default:
        return "transactional id";
    }
}

static struct kc_error *failure(const char *what, const struct kc_acl *acl, int16_t code,
                                struct kc_wire_str message)
{
    if (!code)
        return NULL;
    return kc_client_error((rd_kafka_resp_err_t)code, "%s an ACL of %s on %s %s failed: %s", what,
                           acl->principal, resource_name(acl->resource_type), acl->name,
                           message.len > 0 ? message.data : rd_kafka_err2str(code));
}

static struct kc_wire_request *creation(const struct kc_acls *acls)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_CREATE_ACLS);
    struct kc_create_acls_request *message = request->message;
    KC_WIRE_LIST_NEW(request->arena, &message->creations, kc_create_acls_request_creation,
                     (int32_t)acls->count);
    for (size_t i = 0; i < acls->count; i++) {
        const struct kc_acl *acl = &acls->items[i];
        message->creations.items[i] = (struct kc_create_acls_request_creation){
            .resource_type = (int8_t)acl->resource_type,
            .resource_name = kc_wire_str_copy(request->arena, acl->name),
            .resource_pattern_type = (int8_t)acl->pattern_type,
            .principal = kc_wire_str_copy(request->arena, acl->principal),
            .host = kc_wire_str_copy(request->arena, acl->host),
            .operation = (int8_t)acl->operation,
            .permission_type = (int8_t)acl->permission,
        };
    }
    return request;
}

static struct kc_wire_request *deletion(const struct kc_acls *acls)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_DELETE_ACLS);
    struct kc_delete_acls_request *message = request->message;
    KC_WIRE_LIST_NEW(request->arena, &message->filters, kc_describe_acls_request,
                     (int32_t)acls->count);
    for (size_t i = 0; i < acls->count; i++) {
        const struct kc_acl *acl = &acls->items[i];
        message->filters.items[i] = (struct kc_describe_acls_request){
            .resource_type_filter = (int8_t)acl->resource_type,
            .resource_name_filter = kc_wire_str_copy(request->arena, acl->name),
            .pattern_type_filter = (int8_t)acl->pattern_type,
            .principal_filter = kc_wire_str_copy(request->arena, acl->principal),
            .host_filter = kc_wire_str_copy(request->arena, acl->host),
            .operation = (int8_t)acl->operation,
            .permission_type = (int8_t)acl->permission,
        };
    }
    return request;
}

struct kc_error *kc_admin_create_acls(struct kc_admin *admin, const struct kc_acls *acls)
{
    static const char what[] = "Creating";
    struct kc_wire_reply *reply = NULL;
    if (acls->count == 0)
        return NULL;
    struct kc_error *err = kc_admin_call_wire(admin, creation(acls), "Creating ACLs", &reply);
    if (err)
        return err;
    const struct kc_create_acls_response *response = reply->message;
    for (int32_t i = 0; !err && i < response->results.count && (size_t)i < acls->count; i++)
        err = failure(what, &acls->items[i], response->results.items[i].error_code,
                      response->results.items[i].error_message);
    kc_wire_reply_unref(reply);
    return err;
}

struct kc_error *kc_admin_delete_acls(struct kc_admin *admin, const struct kc_acls *acls)
{
    static const char what[] = "Deleting";
    struct kc_wire_reply *reply = NULL;
    if (acls->count == 0)
        return NULL;
    struct kc_error *err = kc_admin_call_wire(admin, deletion(acls), "Deleting ACLs", &reply);
    if (err)
        return err;
    const struct kc_delete_acls_response *response = reply->message;
    for (int32_t i = 0; !err && i < response->filter_results.count && (size_t)i < acls->count; i++)
        err = failure(what, &acls->items[i], response->filter_results.items[i].error_code,
                      response->filter_results.items[i].error_message);
    kc_wire_reply_unref(reply);
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
