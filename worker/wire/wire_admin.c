/* SPDX-License-Identifier: Apache-2.0 */
/* Admin calls over a wire client. See wire_admin.h. On the caller's thread. */
#include "wire/wire_admin.h"

#include "wire/fanout_priv.h"
#include "wire/messages_admin.h"
#include "wire/messages_cluster.h"
#include "wire/messages_data.h"
#include "wire/messages_txn.h"
#include "wire/wire_client_priv.h"

#include <stdlib.h>
#include <string.h>

struct kc_wire_admin {
    struct kc_wire_client *client;
};

struct kc_error *kc_wire_admin_new(const struct kc_map *settings, const char *name,
                                   struct kc_wire_admin **out)
{
    struct kc_wire_admin *admin = kc_calloc(1, sizeof(*admin));
    struct kc_error *err = kc_wire_client_new(settings, name, &admin->client);

    *out = err ? NULL : admin;
    if (err)
        free(admin);
    return err;
}

void kc_wire_admin_destroy(struct kc_wire_admin *admin)
{
    if (!admin)
        return;
    kc_wire_client_destroy(admin->client);
    free(admin);
}

struct kc_wire_client *kc_wire_admin_client(struct kc_wire_admin *admin)
{
    return admin->client;
}

/* ---- Configs ---- */

static void put_configs(struct kc_wire_request *request, const struct kc_wire_config_item *items,
                        size_t count, bool validate_only)
{
    struct kc_incremental_alter_configs_request *message = request->message;

    message->validate_only = validate_only;
    KC_WIRE_LIST_NEW(request->arena, &message->resources,
                     kc_incremental_alter_configs_request_resource, (int32_t)count);
    for (size_t i = 0; i < count; i++) {
        struct kc_incremental_alter_configs_request_resource *resource =
            &message->resources.items[i];

        resource->resource_type =
            (int8_t)(items[i].resource ? items[i].resource : KC_WIRE_RESOURCE_TOPIC);
        resource->resource_name = kc_wire_str_copy(request->arena, items[i].topic);
        KC_WIRE_LIST_NEW(request->arena, &resource->configs,
                         kc_incremental_alter_configs_request_config,
                         (int32_t)items[i].change_count);
        for (size_t j = 0; j < items[i].change_count; j++) {
            const struct kc_wire_config_change *change = &items[i].changes[j];

            resource->configs.items[j].name = kc_wire_str_copy(request->arena, change->name);
            resource->configs.items[j].config_operation = (int8_t)change->op;
            resource->configs.items[j].value = kc_wire_str_copy(
                request->arena, change->op == KC_WIRE_CONFIG_DELETE ? NULL : change->value);
        }
    }
}

/* Whether the answer means that only the controller, another broker, can do it. */
static bool take_configs(const struct kc_incremental_alter_configs_response *response,
                         struct kc_wire_config_item *items, size_t count)
{
    bool elsewhere = false;

    for (int32_t i = 0; i < response->responses.count; i++) {
        const struct kc_incremental_alter_configs_response_resource *from =
            &response->responses.items[i];

        for (size_t j = 0; j < count; j++) {
            if (!kc_wire_str_is(from->resource_name, items[j].topic))
                continue;
            kc_error_clear(&items[j].error);
            if (from->error_code != KC_KAFKA_NONE)
                items[j].error = kc_kafka_error_new(
                    from->error_code, from->error_message.data, "altering the configs of %s %s",
                    items[j].resource == KC_WIRE_RESOURCE_GROUP ? "group" : "topic",
                    items[j].topic);
            elsewhere = elsewhere || from->error_code == KC_KAFKA_NOT_CONTROLLER;
        }
    }
    return elsewhere;
}

struct kc_error *kc_wire_alter_topic_configs(struct kc_wire_admin *admin,
                                             struct kc_wire_config_item *items, size_t count,
                                             bool validate_only, int32_t timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    bool elsewhere = true;

    for (size_t i = 0; i < count; i++)
        items[i].error = NULL;
    for (int attempt = 0; elsewhere; attempt++) {
        struct kc_wire_request *request = kc_wire_request_new(KC_API_INCREMENTAL_ALTER_CONFIGS);
        struct kc_wire_reply *reply = NULL;
        struct kc_error *err;

        request->target.kind = KC_WIRE_CONTROLLER;
        put_configs(request, items, count, validate_only);
        err = kc_wire_call(admin->client, request, deadline, &reply);
        if (err)
            return kc_error_prefix(err, "altering configs");
        elsewhere = take_configs(reply->message, items, count) && kc_mono_ms() < deadline;
        kc_wire_reply_unref(reply);
        if (elsewhere)
            wire_back_off(admin->client, attempt, deadline);
    }
    return NULL;
}

/* ---- Cluster ---- */

struct kc_error *kc_wire_metadata(struct kc_wire_admin *admin, const char *const *names,
                                  size_t count, int32_t timeout_ms, struct kc_wire_reply **reply)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_METADATA);
    struct kc_metadata_request *message = request->message;

    message->allow_auto_topic_creation = false;
    message->topics.count = -1;
    if (names)
        KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_metadata_request_topic,
                         (int32_t)count);
    for (size_t i = 0; names && i < count; i++)
        message->topics.items[i].name = kc_wire_str_copy(request->arena, names[i]);
    struct kc_error *err = kc_wire_call(admin->client, request, kc_mono_ms() + timeout_ms, reply);
    return err ? kc_error_prefix(err, "reading metadata") : NULL;
}

static void add_broker(struct kc_wire_cluster_info *info, int32_t id, struct kc_wire_str host,
                       int32_t port, struct kc_wire_str rack)
{
    struct kc_wire_cluster_broker *broker = &info->brokers[info->broker_count++];

    *broker = (struct kc_wire_cluster_broker){id, kc_strdup(host.data), port, kc_strdup(rack.data)};
}

static struct kc_error *cluster_from_metadata(struct kc_wire_admin *admin, int64_t deadline,
                                              struct kc_wire_cluster_info *info)
{
    static const char *const none[] = {NULL};
    struct kc_wire_reply *reply;
    struct kc_error *err =
        kc_wire_metadata(admin, none, 0, (int32_t)(deadline - kc_mono_ms()), &reply);

    if (err)
        return err;
    const struct kc_metadata_response *response = reply->message;
    info->cluster_id = kc_strdup(response->cluster_id.data);
    info->controller_id = response->controller_id;
    info->brokers = kc_calloc((size_t)response->brokers.count + 1, sizeof(*info->brokers));
    for (int32_t i = 0; i < response->brokers.count; i++) {
        const struct kc_metadata_response_broker *from = &response->brokers.items[i];

        add_broker(info, from->node_id, from->host, from->port, from->rack);
    }
    kc_wire_reply_unref(reply);
    return NULL;
}

static struct kc_error *take_cluster(const struct kc_describe_cluster_response *response,
                                     struct kc_wire_cluster_info *info)
{
    if (response->error_code != KC_KAFKA_NONE)
        return kc_kafka_error_new(response->error_code, response->error_message.data,
                                  "describing the cluster");
    info->cluster_id = kc_strdup(response->cluster_id.data);
    info->controller_id = response->controller_id;
    info->brokers = kc_calloc((size_t)response->brokers.count + 1, sizeof(*info->brokers));
    for (int32_t i = 0; i < response->brokers.count; i++) {
        const struct kc_describe_cluster_response_broker *from = &response->brokers.items[i];

        add_broker(info, from->broker_id, from->host, from->port, from->rack);
    }
    return NULL;
}

struct kc_error *kc_wire_describe_cluster(struct kc_wire_admin *admin, int32_t timeout_ms,
                                          struct kc_wire_cluster_info *info)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct kc_wire_reply *reply = NULL;
    struct kc_error *err =
        kc_wire_call(admin->client, kc_wire_request_new(KC_API_DESCRIBE_CLUSTER), deadline, &reply);

    *info = (struct kc_wire_cluster_info){.controller_id = -1};
    if (err && kc_error_kafka_code(err) == KC_KAFKA_UNSUPPORTED_VERSION) {
        kc_error_destroy(err);
        return cluster_from_metadata(admin, deadline, info);
    }
    if (err)
        return kc_error_prefix(err, "describing the cluster");
    err = take_cluster(reply->message, info);
    kc_wire_reply_unref(reply);
    return err;
}

void kc_wire_cluster_info_destroy(struct kc_wire_cluster_info *info)
{
    for (size_t i = 0; i < info->broker_count; i++) {
        free(info->brokers[i].host);
        free(info->brokers[i].rack);
    }
    free(info->brokers);
    free(info->cluster_id);
    *info = (struct kc_wire_cluster_info){0};
}

/* ---- Transactions ---- */

static bool coordinator_moved(int16_t code)
{
    return code == KC_KAFKA_NOT_COORDINATOR || code == KC_KAFKA_COORDINATOR_NOT_AVAILABLE;
}

/* One attempt; *again when it is worth another. */
static void fence(struct kc_wire_admin *admin, struct kc_wire_fence_item *item, int64_t deadline,
                  bool *again)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_INIT_PRODUCER_ID);
    struct kc_init_producer_id_request *message = request->message;
    struct kc_wire_reply *reply = NULL;

    *again = false;
    kc_error_clear(&item->error);
    request->target.kind = KC_WIRE_TRANSACTION;
    request->target.key = kc_arena_strdup(request->arena, item->transactional_id);
    message->transactional_id = kc_wire_str(request->target.key);
    /* The producer is never used: its transaction may end at once (Admin.fenceProducers). */
    message->transaction_timeout_ms = 1;
    item->error = kc_wire_call(admin->client, request, deadline, &reply);
    if (item->error)
        return;
    const struct kc_init_producer_id_response *response = reply->message;
    item->producer_id = response->producer_id;
    item->producer_epoch = response->producer_epoch;
    if (response->error_code != KC_KAFKA_NONE)
        item->error =
            kc_kafka_error_new(response->error_code, NULL, "fencing %s", item->transactional_id);
    if (coordinator_moved(response->error_code))
        kc_wire_forget_coordinator(admin->client, KC_WIRE_TRANSACTION, item->transactional_id);
    *again = kc_kafka_error_retriable(response->error_code);
    kc_wire_reply_unref(reply);
}

struct kc_error *kc_wire_fence_producers(struct kc_wire_admin *admin,
                                         struct kc_wire_fence_item *items, size_t count,
                                         int32_t timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;

    for (size_t i = 0; i < count; i++) {
        bool again = true;

        items[i].error = NULL;
        for (int attempt = 0; again; attempt++) {
            fence(admin, &items[i], deadline, &again);
            if (again && kc_mono_ms() >= deadline)
                break;
            if (again)
                wire_back_off(admin->client, attempt, deadline);
        }
    }
    return NULL;
}
