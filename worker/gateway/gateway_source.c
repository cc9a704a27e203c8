/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source's client: its identity, its versions, its channels. Writes are in
 * gateway_source_write.c.
 */
#include "gateway/gateway_source_write_priv.h"

#include "connect/link.h"
#include "connect/log.h"
#include "wire/messages_cluster.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.source");

/* A broker takes a connection's requests one after the other; many sessions share one. */
#define IN_FLIGHT_MAX "1000"

struct kc_error *gateway_source_new(const struct gateway_config *config,
                                    struct gateway_source **source)
{
    struct gateway_source *made = kc_calloc(1, sizeof(*made));
    struct kc_map *settings = kc_map_copy(config->source);
    char *name = kc_asprintf("gateway %s, source", config->name);

    kc_map_setf(settings, "client.id", "isthmus-gateway-%s", config->name);
    kc_map_set(settings, "max.in.flight.requests.per.connection", IN_FLIGHT_MAX);
    atomic_init(&made->tag, -1);
    atomic_init(&made->next_channel, 0);
    pthread_mutex_init(&made->mutex, NULL);
    struct kc_error *err = kc_wire_client_new(settings, name, &made->client);
    free(name);
    kc_map_destroy(settings);
    if (err) {
        gateway_source_destroy(made);
        return kc_error_prefix(err, "The source cluster's settings (source.cluster.*)");
    }
    gateway_writes_begin(made);
    *source = made;
    return NULL;
}

void gateway_source_destroy(struct gateway_source *source)
{
    if (!source)
        return;
    if (source->client)
        gateway_writes_end(source);
    kc_wire_client_destroy(source->client);
    pthread_mutex_destroy(&source->mutex);
    free(source->cluster_id);
    free(source);
}

struct kc_wire_client *gateway_source_client(struct gateway_source *source)
{
    return source->client;
}

/* The first ones are for the gateway's own calls. */
int gateway_source_channel(struct gateway_source *source)
{
    unsigned int next = atomic_fetch_add(&source->next_channel, 1);

    return KC_WIRE_CHANNEL_FETCH + (int)(next % (KC_WIRE_CHANNELS - KC_WIRE_CHANNEL_FETCH));
}

/* ---- identity ---- */

struct kc_wire_request *gateway_source_identity_request(void)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_METADATA);
    struct kc_metadata_request *message = request->message;

    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_metadata_request_topic, 0);
    request->min_version = 2; /* the first that has the cluster's id (Kafka 0.10.1) */
    return request;
}

void gateway_source_note_identity(struct gateway_source *source, const struct kc_wire_reply *reply)
{
    const struct kc_metadata_response *response = reply->message;

    if (reply->error || response->cluster_id.len <= 0)
        return;
    pthread_mutex_lock(&source->mutex);
    free(source->cluster_id);
    source->cluster_id = kc_strdup(response->cluster_id.data);
    atomic_store(&source->tag, kc_link_tag(source->cluster_id));
    pthread_mutex_unlock(&source->mutex);
}

static char *known_id(struct gateway_source *source)
{
    pthread_mutex_lock(&source->mutex);
    char *id = kc_strdup(source->cluster_id);
    pthread_mutex_unlock(&source->mutex);
    return id;
}

char *gateway_source_cluster_id(struct gateway_source *source, int timeout_ms)
{
    struct kc_wire_reply *reply = NULL;
    char *id = known_id(source);

    if (id)
        return id;
    struct kc_error *err = kc_wire_call(source->client, gateway_source_identity_request(),
                                        kc_mono_ms() + timeout_ms, &reply);
    if (err) {
        kc_warn("The source cluster isn't reached: %s", kc_error_text(err));
        kc_error_destroy(err);
        return NULL;
    }
    gateway_source_note_identity(source, reply);
    kc_wire_reply_unref(reply);
    return known_id(source);
}

/* ---- versions ---- */

static void take_versions(const struct kc_api_versions_response *response, int16_t *max,
                          size_t count, int16_t *transaction_version)
{
    for (size_t i = 0; i < count; i++)
        max[i] = -1;
    for (int32_t i = 0; i < response->api_keys.count; i++) {
        const struct kc_api_versions_response_api_key *key = &response->api_keys.items[i];

        if (key->api_key >= 0 && (size_t)key->api_key < count)
            max[key->api_key] = key->max_version;
    }
    *transaction_version = 0;
    for (int32_t i = 0; i < response->finalized_features.count; i++) {
        if (kc_wire_str_is(response->finalized_features.items[i].name, "transaction.version"))
            *transaction_version = response->finalized_features.items[i].max_version_level;
    }
}

struct kc_error *gateway_source_versions(struct gateway_source *source, int timeout_ms,
                                         int16_t *max, size_t count, int16_t *transaction_version)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_API_VERSIONS);
    struct kc_api_versions_request *message = request->message;
    struct kc_wire_reply *reply = NULL;

    message->client_software_name = kc_wire_str("isthmus");
    message->client_software_version = kc_wire_str("gateway");
    struct kc_error *err = kc_wire_call(source->client, request, kc_mono_ms() + timeout_ms, &reply);
    if (err)
        return kc_error_prefix(err, "The source's versions can't be asked");
    take_versions(reply->message, max, count, transaction_version);
    kc_wire_reply_unref(reply);
    return NULL;
}
