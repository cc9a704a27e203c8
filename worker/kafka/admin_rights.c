/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client quotas, SCRAM users and settings of groups, see connect/rights.h: by our own client,
 * because librdkafka has no such calls.
 *
 * Any thread, several at once.
 */
#include "connect/rights.h"

#include "connect/admin.h"
#include "kafka/admin_priv.h"
#include "wire/messages_admin.h"
#include "wire/messages_rights.h"

#include <stdlib.h>
#include <string.h>

static char *text_of(struct kc_wire_str text)
{
    return text.len < 0 ? NULL : kc_strndup(text.data, (size_t)text.len);
}

struct kc_error *kc_admin_call_wire(struct kc_admin *admin, struct kc_wire_request *request,
                                    const char *what, struct kc_wire_reply **reply)
{
    struct kc_wire_admin *wire = NULL;
    struct kc_error *err = kc_admin_wire(admin, &wire);
    if (err) {
        kc_wire_request_destroy(request);
        return err;
    }
    err =
        kc_wire_call(kc_wire_admin_client(wire), request, kc_mono_ms() + admin->timeout_ms, reply);
    return err ? kc_error_prefix(err, "%s failed", what) : NULL;
}

static struct kc_error *refusal(int16_t code, struct kc_wire_str message, const char *what)
{
    if (!code)
        return NULL;
    return kc_client_error((rd_kafka_resp_err_t)code, "%s failed%s%s", what,
                           message.len > 0 ? ": " : "", message.len > 0 ? message.data : "");
}

/* ---- quotas ---- */

static struct kc_map *entity_of(const struct kc_describe_client_quotas_response_entry *entry)
{
    struct kc_map *entity = kc_map_new();
    for (int32_t i = 0; i < entry->entity.count; i++) {
        char *type = text_of(entry->entity.items[i].entity_type);
        char *name = text_of(entry->entity.items[i].entity_name);
        kc_map_set(entity, type ? type : "", name);
        free(type);
        free(name);
    }
    return entity;
}

static void take_quotas(const struct kc_describe_client_quotas_response *response,
                        struct kc_quotas *quotas)
{
    size_t count = 0;
    for (int32_t i = 0; i < response->entries.count; i++)
        count += (size_t)response->entries.items[i].values.count;
    quotas->items = kc_calloc(count + 1, sizeof(*quotas->items));
    for (int32_t i = 0; i < response->entries.count; i++) {
        const struct kc_describe_client_quotas_response_entry *entry = &response->entries.items[i];
        for (int32_t j = 0; j < entry->values.count; j++) {
            struct kc_quota *quota = &quotas->items[quotas->count++];
            quota->entity = entity_of(entry);
            quota->key = text_of(entry->values.items[j].key);
            memcpy(&quota->value, &entry->values.items[j].value, sizeof(quota->value));
        }
    }
}

struct kc_error *kc_admin_quotas(struct kc_admin *admin, struct kc_quotas *quotas)
{
    static const char what[] = "Reading client quotas";
    struct kc_wire_reply *reply = NULL;
    *quotas = (struct kc_quotas){0};
    struct kc_error *err =
        kc_admin_call_wire(admin, kc_wire_request_new(KC_API_DESCRIBE_CLIENT_QUOTAS), what, &reply);
    if (err)
        return err;
    const struct kc_describe_client_quotas_response *response = reply->message;
    err = refusal(response->error_code, response->error_message, what);
    if (!err)
        take_quotas(response, quotas);
    kc_wire_reply_unref(reply);
    return err;
}

/* How many quotas, from the first one on, belong to its entity. */
static size_t same_entity(const struct kc_quota *quotas, size_t count)
{
    size_t same = 1;
    while (same < count && kc_map_equal(quotas[0].entity, quotas[same].entity))
        same++;
    return same;
}

static void put_entity(struct kc_arena *arena, const struct kc_quota *quotas, size_t count,
                       struct kc_alter_client_quotas_request_entry *entry)
{
    int32_t at = 0;
    KC_WIRE_LIST_NEW(arena, &entry->entity, kc_client_quotas_entity,
                     (int32_t)kc_map_size(quotas[0].entity));
    kc_map_foreach (quotas[0].entity, part) {
        entry->entity.items[at].entity_type = kc_wire_str_copy(arena, part->key);
        entry->entity.items[at++].entity_name = kc_wire_str_copy(arena, part->value);
    }
    KC_WIRE_LIST_NEW(arena, &entry->ops, kc_alter_client_quotas_request_op, (int32_t)count);
    for (size_t i = 0; i < count; i++) {
        entry->ops.items[i].key = kc_wire_str_copy(arena, quotas[i].key);
        memcpy(&entry->ops.items[i].value, &quotas[i].value, sizeof(quotas[i].value));
    }
}

static struct kc_wire_request *alter_request(const struct kc_quotas *quotas)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_ALTER_CLIENT_QUOTAS);
    struct kc_alter_client_quotas_request *message = request->message;
    request->target.kind = KC_WIRE_CONTROLLER;
    KC_WIRE_LIST_NEW(request->arena, &message->entries, kc_alter_client_quotas_request_entry,
                     (int32_t)quotas->count);
    message->entries.count = 0;
    for (size_t i = 0, same; i < quotas->count; i += same) {
        same = same_entity(&quotas->items[i], quotas->count - i);
        put_entity(request->arena, &quotas->items[i], same,
                   &message->entries.items[message->entries.count++]);
    }
    return request;
}

struct kc_error *kc_admin_set_quotas(struct kc_admin *admin, const struct kc_quotas *quotas)
{
    static const char what[] = "Setting client quotas";
    struct kc_wire_reply *reply = NULL;
    if (quotas->count == 0)
        return NULL;
    struct kc_error *err = kc_admin_call_wire(admin, alter_request(quotas), what, &reply);
    if (err)
        return err;
    const struct kc_alter_client_quotas_response *response = reply->message;
    for (int32_t i = 0; !err && i < response->entries.count; i++)
        err = refusal(response->entries.items[i].error_code,
                      response->entries.items[i].error_message, what);
    kc_wire_reply_unref(reply);
    return err;
}

void kc_quotas_destroy(struct kc_quotas *quotas)
{
    for (size_t i = 0; i < quotas->count; i++) {
        kc_map_destroy(quotas->items[i].entity);
        free(quotas->items[i].key);
    }
    free(quotas->items);
    *quotas = (struct kc_quotas){0};
}

/* ---- SCRAM ---- */

static const char *mechanism_name(int8_t mechanism)
{
    static const char *const names[] = {"unknown", "SCRAM-SHA-256", "SCRAM-SHA-512"};
    return names[mechanism == 1 || mechanism == 2 ? mechanism : 0];
}

static void take_user(const struct kc_describe_user_scram_credentials_response_result *result,
                      struct kc_strings *users)
{
    char *name = text_of(result->user);
    for (int32_t i = 0; !result->error_code && i < result->credential_infos.count; i++)
        kc_strings_take(users,
                        kc_asprintf("%s (%s)", name ? name : "",
                                    mechanism_name(result->credential_infos.items[i].mechanism)));
    free(name);
}

struct kc_error *kc_admin_scram_users(struct kc_admin *admin, struct kc_strings *users)
{
    static const char what[] = "Reading the users with SCRAM credentials";
    struct kc_wire_reply *reply = NULL;
    struct kc_wire_request *request = kc_wire_request_new(KC_API_DESCRIBE_USER_SCRAM_CREDENTIALS);
    struct kc_describe_user_scram_credentials_request *message = request->message;
    message->users.count = -1; /* all */
    struct kc_error *err = kc_admin_call_wire(admin, request, what, &reply);
    if (err)
        return err;
    const struct kc_describe_user_scram_credentials_response *response = reply->message;
    err = refusal(response->error_code, response->error_message, what);
    for (int32_t i = 0; !err && i < response->results.count; i++)
        take_user(&response->results.items[i], users);
    kc_wire_reply_unref(reply);
    return err;
}

/* ---- settings of groups ---- */

struct kc_error *kc_admin_group_configs(struct kc_admin *admin, const struct kc_strings *names,
                                        struct kc_config_entries *entries, struct kc_error **errors)
{
    struct kc_config_description *items = kc_calloc(names->count + 1, sizeof(*items));
    for (size_t i = 0; i < names->count; i++)
        items[i] =
            (struct kc_config_description){.type = KC_CONFIG_OF_GROUP, .name = names->items[i]};
    struct kc_error *err = kc_admin_describe_configs(admin, items, names->count);
    for (size_t i = 0; i < names->count; i++) {
        entries[i] = items[i].entries;
        errors[i] = items[i].error;
    }
    free(items);
    return err;
}

struct kc_error *kc_admin_alter_group_config(struct kc_admin *admin, const char *group,
                                             const struct kc_config_op *ops, size_t count)
{
    struct kc_wire_admin *wire = NULL;
    struct kc_error *err = kc_admin_wire(admin, &wire);
    return err ? err
               : kc_admin_alter_config(wire, KC_WIRE_RESOURCE_GROUP, group, ops, count,
                                       admin->timeout_ms);
}
