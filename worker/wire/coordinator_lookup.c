/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which broker coordinates a group or a transactional id, looked up when first needed, and again
 * when that broker is lost or isn't the coordinator any more. Loop thread.
 */
#include "wire/messages_group.h"
#include "wire/wire_client_priv.h"

#include <stdlib.h>
#include <string.h>

struct coordinator {
    char *key; /* "g:" or "t:", then the group or transactional id */
    enum kc_wire_target_kind kind;
    struct wire_coordinators *owner;
    int32_t broker_id; /* -1: not known */
    bool in_flight;
    bool wanted;
    int attempt;
    int64_t retry_at_ms;
    UT_hash_handle hh;
};

struct wire_coordinators {
    struct kc_wire_client *client;
    struct coordinator *table;
};

struct wire_coordinators *wire_coordinators_new(struct kc_wire_client *client)
{
    struct wire_coordinators *coordinators = kc_calloc(1, sizeof(*coordinators));

    coordinators->client = client;
    return coordinators;
}

void wire_coordinators_destroy(struct wire_coordinators *coordinators)
{
    struct coordinator *entry, *next;

    if (!coordinators)
        return;
    HASH_ITER (hh, coordinators->table, entry, next) {
        HASH_DEL(coordinators->table, entry);
        free(entry->key);
        free(entry);
    }
    free(coordinators);
}

static struct coordinator *entry_get(struct wire_coordinators *coordinators,
                                     enum kc_wire_target_kind kind, const char *key, bool create)
{
    char *full = kc_asprintf("%c:%s", kind == KC_WIRE_GROUP ? 'g' : 't', key);
    struct coordinator *entry;

    HASH_FIND(hh, coordinators->table, full, strlen(full), entry);
    if (entry || !create) {
        free(full);
        return entry;
    }
    entry = kc_calloc(1, sizeof(*entry));
    entry->key = full;
    entry->kind = kind;
    entry->owner = coordinators;
    entry->broker_id = -1;
    HASH_ADD_KEYPTR(hh, coordinators->table, entry->key, strlen(entry->key), entry);
    return entry;
}

struct answer {
    int16_t code;
    struct kc_wire_str message;
    int32_t node_id;
    struct kc_wire_str host;
    int32_t port;
};

/* Versions 4 and up answer in a list (KIP-699). */
static struct answer read_answer(const struct kc_wire_reply *reply)
{
    const struct kc_find_coordinator_response *response = reply->message;

    if (reply->version < 4)
        return (struct answer){response->error_code, response->error_message, response->node_id,
                               response->host, response->port};
    if (response->coordinators.count < 1)
        return (struct answer){KC_KAFKA_COORDINATOR_NOT_AVAILABLE, {NULL, -1}, -1, {NULL, -1}, -1};
    const struct kc_find_coordinator_response_coordinator *first = &response->coordinators.items[0];
    return (struct answer){first->error_code, first->error_message, first->node_id, first->host,
                           first->port};
}

static void entry_failed(struct coordinator *entry, struct kc_error *err)
{
    struct kc_wire_client *client = entry->owner->client;

    if (kc_error_retriable(err)) {
        entry->retry_at_ms = kc_mono_ms() + kc_wire_backoff_ms(client, entry->attempt++);
        entry->wanted = true;
    } else {
        client->calls->coordinator_failed(client, entry->kind, entry->key + 2, err);
    }
    kc_error_destroy(err);
}

static void on_found(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct coordinator *entry = arg;
    struct kc_wire_client *client = entry->owner->client;

    entry->in_flight = false;
    entry->wanted = false;
    if (reply->error) {
        if (!client->stopping)
            entry_failed(entry, kc_error_copy(reply->error));
        kc_wire_reply_unref(reply);
        return;
    }
    struct answer answer = read_answer(reply);
    if (answer.code != KC_KAFKA_NONE) {
        entry_failed(entry, kc_kafka_error_new(answer.code, answer.message.data,
                                               "looking up the coordinator of %s", entry->key + 2));
    } else {
        entry->broker_id = answer.node_id;
        entry->attempt = 0;
        kc_wire_hint_broker(client, answer.node_id, answer.host.data, answer.port, NULL);
        client->calls->metadata_changed(client);
    }
    kc_wire_reply_unref(reply);
}

static void prepare(struct kc_wire_request *request, int16_t version)
{
    struct kc_find_coordinator_request *message = request->message;

    if (version < 4)
        return;
    KC_WIRE_LIST_NEW_OF(request->arena, &message->coordinator_keys, 1);
    message->coordinator_keys.items[0] = message->key;
    message->key = kc_wire_str("");
}

static void look_up(struct coordinator *entry)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_FIND_COORDINATOR);
    struct kc_find_coordinator_request *message = request->message;

    message->key = kc_wire_str_copy(request->arena, entry->key + 2);
    message->key_type = entry->kind == KC_WIRE_GROUP ? 0 : 1;
    request->prepare = prepare;
    entry->in_flight = true;
    kc_wire_send(entry->owner->client, request, on_found, entry);
}

int32_t wire_coordinator_find(struct wire_coordinators *coordinators, enum kc_wire_target_kind kind,
                              const char *key)
{
    struct coordinator *entry = entry_get(coordinators, kind, key, true);

    if (entry->broker_id >= 0)
        return entry->broker_id;
    entry->wanted = true;
    if (!entry->in_flight && kc_mono_ms() >= entry->retry_at_ms)
        look_up(entry);
    return -1;
}

void wire_coordinators_tick(struct wire_coordinators *coordinators, int64_t now)
{
    if (!coordinators->client->parked)
        return;
    for (struct coordinator *entry = coordinators->table; entry; entry = entry->hh.next) {
        if (entry->wanted && !entry->in_flight && entry->broker_id < 0 && now >= entry->retry_at_ms)
            look_up(entry);
    }
}

void wire_coordinators_lost(struct wire_coordinators *coordinators, int32_t broker_id)
{
    for (struct coordinator *entry = coordinators->table; entry; entry = entry->hh.next) {
        if (entry->broker_id == broker_id)
            entry->broker_id = -1;
    }
}

struct forget {
    struct kc_wire_client *client;
    enum kc_wire_target_kind kind;
    char *key;
};

static void run_forget(void *arg)
{
    struct forget *forget = arg;
    struct wire_coordinators *coordinators = forget->client->coordinators;
    struct coordinator *entry = entry_get(coordinators, forget->kind, forget->key, false);

    if (entry && entry->broker_id >= 0) {
        entry->broker_id = -1;
        entry->retry_at_ms = kc_mono_ms() + kc_wire_backoff_ms(forget->client, 0);
    }
    free(forget->key);
    free(forget);
}

void kc_wire_forget_coordinator(struct kc_wire_client *client, enum kc_wire_target_kind kind,
                                const char *key)
{
    struct forget *forget = kc_malloc(sizeof(*forget));

    *forget = (struct forget){client, kind, kc_strdup(key)};
    if (kc_wire_post(client, run_forget, forget))
        return;
    free(forget->key);
    free(forget);
}
