/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of topics, brokers and groups, many at once: see connect/admin.h.
 *
 * As in Java's admin, a broker's own settings are read from and written to that broker, one request
 * for each. All other resources go together: any broker tells them, the controller changes them.
 * Any thread, several at once.
 */
#include "connect/admin.h"
#include "connect/rights.h"
#include "kafka/admin_ask_priv.h"
#include "wire/messages_admin.h"

#include <stdlib.h>
#include <string.h>

/* The items of one request. */
struct config_call {
    void **items;
    size_t count;
    int32_t broker_id; /* -1: any, or the controller */
    bool validate_only;
    struct kc_error *error;
};

static const char *type_name(enum kc_config_resource type)
{
    return type == KC_CONFIG_OF_BROKER ? "broker" : type == KC_CONFIG_OF_GROUP ? "group" : "topic";
}

/* The broker that alone can tell or change a resource; -1: any. */
static int32_t broker_of(enum kc_config_resource type, const char *name)
{
    return type == KC_CONFIG_OF_BROKER && *name ? (int32_t)strtol(name, NULL, 10) : -1;
}

static struct kc_wire_request *request_of(enum kc_api api, const struct config_call *call)
{
    struct kc_wire_request *request = kc_wire_request_new(api);
    if (call->broker_id >= 0) {
        request->target.kind = KC_WIRE_BROKER;
        request->target.broker_id = call->broker_id;
    } else if (api != KC_API_DESCRIBE_CONFIGS) {
        request->target.kind = KC_WIRE_CONTROLLER;
    }
    return request;
}

/* The request, and how its items are read. */
struct config_kind {
    enum kc_config_resource (*type)(const void *item);
    const char *(*name)(const void *item);
    struct kc_error **(*error)(void *item);
    struct kc_wire_request *(*build)(void *arg);
    bool (*take)(void *arg, const struct kc_wire_reply *reply);
};

/* Cuts the items into calls: one with those for any broker, one for each that a broker has. */
static size_t cut(const struct config_kind *kind, void **items, size_t count, bool validate_only,
                  struct config_call *calls)
{
    size_t cuts = 0, shared = 0;
    void **together = kc_calloc(count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        int32_t broker = broker_of(kind->type(items[i]), kind->name(items[i]));
        if (broker < 0)
            together[shared++] = items[i];
        else
            calls[cuts++] = (struct config_call){&items[i], 1, broker, validate_only, NULL};
    }
    calls[cuts] = (struct config_call){together, shared, -1, validate_only, NULL};
    return cuts + 1;
}

/* A call that failed is a failure of each of its items. */
static void share_error(const struct config_kind *kind, struct config_call *call)
{
    for (size_t i = 0; call->error && i < call->count; i++) {
        kc_error_clear(kind->error(call->items[i]));
        *kind->error(call->items[i]) = kc_error_copy(call->error);
    }
    kc_error_destroy(call->error);
}

static struct kc_error *run(struct kc_admin *admin, const struct config_kind *kind, void **items,
                            size_t count, bool validate_only)
{
    struct config_call *calls = kc_calloc(count + 1, sizeof(*calls));
    struct kc_admin_ask *asks = kc_calloc(count + 1, sizeof(*asks));
    size_t cuts = cut(kind, items, count, validate_only, calls), asked = 0;
    for (size_t i = 0; i < cuts; i++) {
        if (calls[i].count)
            asks[asked++] = (struct kc_admin_ask){.arg = &calls[i],
                                                  .build = kind->build,
                                                  .take = kind->take,
                                                  .error = &calls[i].error};
    }
    struct kc_error *err = kc_admin_ask_all(admin, asks, asked);
    for (size_t i = 0; i < cuts; i++)
        share_error(kind, &calls[i]);
    free(calls[cuts - 1].items);
    free(asks);
    free(calls);
    return err;
}

/* ---- altering ---- */

static enum kc_config_resource alteration_type(const void *item)
{
    return ((const struct kc_config_alteration *)item)->type;
}

static const char *alteration_name(const void *item)
{
    return ((const struct kc_config_alteration *)item)->name;
}

static struct kc_error **alteration_error(void *item)
{
    return &((struct kc_config_alteration *)item)->error;
}

static void fill_ops(struct kc_wire_request *request,
                     struct kc_incremental_alter_configs_request_resource *to,
                     const struct kc_config_alteration *from)
{
    to->resource_type = (int8_t)from->type;
    to->resource_name = kc_wire_str_copy(request->arena, from->name);
    KC_WIRE_LIST_NEW(request->arena, &to->configs, kc_incremental_alter_configs_request_config,
                     (int32_t)from->op_count);
    for (size_t i = 0; i < from->op_count; i++) {
        to->configs.items[i].name = kc_wire_str_copy(request->arena, from->ops[i].name);
        to->configs.items[i].value = kc_wire_str_copy(request->arena, from->ops[i].value);
        to->configs.items[i].config_operation =
            from->ops[i].value ? KC_WIRE_CONFIG_SET : KC_WIRE_CONFIG_DELETE;
    }
}

static struct kc_wire_request *build_alter(void *arg)
{
    const struct config_call *call = arg;
    struct kc_wire_request *request = request_of(KC_API_INCREMENTAL_ALTER_CONFIGS, call);
    struct kc_incremental_alter_configs_request *message = request->message;
    message->validate_only = call->validate_only;
    KC_WIRE_LIST_NEW(request->arena, &message->resources,
                     kc_incremental_alter_configs_request_resource, (int32_t)call->count);
    for (size_t i = 0; i < call->count; i++)
        fill_ops(request, &message->resources.items[i], call->items[i]);
    return request;
}

/* Once more when only another broker, the controller, can do it. */
static bool take_alter(void *arg, const struct kc_wire_reply *reply)
{
    const struct config_call *call = arg;
    const struct kc_incremental_alter_configs_response *response = reply->message;
    bool final = true;
    for (int32_t i = 0; i < response->responses.count; i++) {
        const struct kc_incremental_alter_configs_response_resource *from =
            &response->responses.items[i];
        for (size_t j = 0; j < call->count; j++) {
            struct kc_config_alteration *item = call->items[j];
            if (from->resource_type != (int8_t)item->type ||
                !kc_wire_str_is(from->resource_name, item->name))
                continue;
            kc_admin_answered(&item->error, from->error_code, from->error_message,
                              "altering the settings of %s %s", type_name(item->type), item->name);
            final = final && from->error_code != KC_KAFKA_NOT_CONTROLLER;
        }
    }
    return final;
}

struct kc_error *kc_admin_alter_configs(struct kc_admin *admin, struct kc_config_alteration *items,
                                        size_t count, bool validate_only)
{
    static const struct config_kind kind = {alteration_type, alteration_name, alteration_error,
                                            build_alter, take_alter};
    void **list = kc_calloc(count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        items[i].error = NULL;
        list[i] = &items[i];
    }
    struct kc_error *err = run(admin, &kind, list, count, validate_only);
    free(list);
    return err;
}

/* ---- describing ---- */

static enum kc_config_resource description_type(const void *item)
{
    return ((const struct kc_config_description *)item)->type;
}

static const char *description_name(const void *item)
{
    return ((const struct kc_config_description *)item)->name;
}

static struct kc_error **description_error(void *item)
{
    return &((struct kc_config_description *)item)->error;
}

static struct kc_wire_request *build_describe(void *arg)
{
    const struct config_call *call = arg;
    struct kc_wire_request *request = request_of(KC_API_DESCRIBE_CONFIGS, call);
    struct kc_describe_configs_request *message = request->message;
    KC_WIRE_LIST_NEW(request->arena, &message->resources, kc_describe_configs_request_resource,
                     (int32_t)call->count);
    for (size_t i = 0; i < call->count; i++) {
        const struct kc_config_description *item = call->items[i];
        message->resources.items[i].resource_type = (int8_t)item->type;
        message->resources.items[i].resource_name = kc_wire_str_copy(request->arena, item->name);
        message->resources.items[i].configuration_keys.count = -1; /* all */
    }
    return request;
}

/* In librdkafka's terms. A group's default is its broker's setting. */
static bool is_default(enum kc_config_resource type, int8_t source)
{
    return type == KC_CONFIG_OF_GROUP ? source != KC_CONFIG_SOURCE_GROUP
                                      : source == RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG;
}

static void take_entries(struct kc_config_description *item,
                         const struct kc_describe_configs_response_result *from)
{
    kc_config_entries_destroy(&item->entries);
    item->entries.items = kc_calloc((size_t)from->configs.count + 1, sizeof(*item->entries.items));
    for (int32_t i = 0; i < from->configs.count; i++) {
        const struct kc_describe_configs_response_config *one = &from->configs.items[i];
        item->entries.items[item->entries.count++] = (struct kc_config_entry){
            .name = kc_admin_text(one->name),
            .value = one->is_sensitive ? NULL : kc_admin_text(one->value),
            .is_default = is_default(item->type, one->config_source),
            .is_read_only = one->read_only,
            .is_sensitive = one->is_sensitive,
            .source = one->config_source,
        };
    }
}

static bool take_describe(void *arg, const struct kc_wire_reply *reply)
{
    const struct config_call *call = arg;
    const struct kc_describe_configs_response *response = reply->message;
    for (int32_t i = 0; i < response->results.count; i++) {
        const struct kc_describe_configs_response_result *from = &response->results.items[i];
        for (size_t j = 0; j < call->count; j++) {
            struct kc_config_description *item = call->items[j];
            if (from->resource_type != (int8_t)item->type ||
                !kc_wire_str_is(from->resource_name, item->name))
                continue;
            kc_admin_answered(&item->error, from->error_code, from->error_message,
                              "reading the settings of %s %s", type_name(item->type), item->name);
            if (!item->error)
                take_entries(item, from);
        }
    }
    return true;
}

struct kc_error *kc_admin_describe_configs(struct kc_admin *admin,
                                           struct kc_config_description *items, size_t count)
{
    static const struct config_kind kind = {description_type, description_name, description_error,
                                            build_describe, take_describe};
    void **list = kc_calloc(count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        items[i].error = NULL;
        items[i].entries = (struct kc_config_entries){0};
        list[i] = &items[i];
    }
    struct kc_error *err = run(admin, &kind, list, count, false);
    for (size_t i = 0; err && i < count; i++)
        kc_config_entries_destroy(&items[i].entries);
    free(list);
    return err;
}
