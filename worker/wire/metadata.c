/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metadata that the client keeps: brokers, controller, leaders of the topics somebody is
 * interested in.
 *
 * A leader is replaced only by one of the same or a later epoch (KIP-320), so that a lagging broker
 * can't restore an old one. Refreshed when somebody asks, and after metadata.max.age.ms while
 * topics are tracked. Loop thread.
 */
#include "wire/messages_cluster.h"
#include "wire/wire_client_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.metadata");

struct broker {
    int32_t id;
    char *host;
    int port;
    UT_hash_handle hh;
};

struct partition {
    int32_t leader;
    int32_t epoch;
};

struct metadata_topic {
    char *name;
    int tracked;             /* by how many */
    int64_t wanted_until_ms; /* asked for once */
    struct kc_uuid id;
    struct partition *partitions;
    int32_t count;
    int refusal; /* of the last answer; KC_KAFKA_NONE: none */
    int64_t refusal_asked_ms;
    UT_hash_handle hh;
};

struct listener {
    void (*changed)(void *arg);
    void *arg;
    struct listener *next;
};

struct wire_metadata {
    struct kc_wire_client *client;
    struct broker *brokers;
    struct metadata_topic *topics;
    struct listener *listeners;
    int32_t controller;
    bool in_flight;
    bool again; /* something was asked for while a request was in flight */
    bool news;  /* the same, for a topic that wasn't requested before: no back-off */
    int attempt;
    int64_t refresh_at_ms; /* 0: nothing asked for */
    int64_t sent_at_ms;
    int64_t updated_at_ms;
    struct kc_error *last_error;
};

struct wire_metadata *wire_metadata_new(struct kc_wire_client *client)
{
    struct wire_metadata *metadata = kc_calloc(1, sizeof(*metadata));

    metadata->client = client;
    metadata->controller = -1;
    metadata->sent_at_ms = INT64_MIN / 2; /* never: a machine may be up for less than a back-off */
    return metadata;
}

static void topic_destroy(struct wire_metadata *metadata, struct metadata_topic *topic)
{
    HASH_DEL(metadata->topics, topic);
    free(topic->partitions);
    free(topic->name);
    free(topic);
}

static void broker_destroy(struct wire_metadata *metadata, struct broker *broker)
{
    HASH_DEL(metadata->brokers, broker);
    free(broker->host);
    free(broker);
}

void wire_metadata_destroy(struct wire_metadata *metadata)
{
    struct metadata_topic *topic, *next_topic;
    struct broker *broker, *next_broker;
    struct listener *listener, *next;

    if (!metadata)
        return;
    HASH_ITER (hh, metadata->topics, topic, next_topic)
        topic_destroy(metadata, topic);
    HASH_ITER (hh, metadata->brokers, broker, next_broker)
        broker_destroy(metadata, broker);
    LL_FOREACH_SAFE (metadata->listeners, listener, next)
        free(listener);
    kc_error_destroy(metadata->last_error);
    free(metadata);
}

/* ---- Brokers ---- */

static struct broker *broker_find(const struct wire_metadata *metadata, int32_t id)
{
    struct broker *broker;

    HASH_FIND(hh, metadata->brokers, &id, sizeof(id), broker);
    return broker;
}

bool wire_metadata_address(const struct wire_metadata *metadata, int32_t id, const char **host,
                           int *port)
{
    const struct broker *broker = broker_find(metadata, id);

    if (!broker)
        return false;
    *host = broker->host;
    *port = broker->port;
    return true;
}

int32_t wire_metadata_controller(const struct wire_metadata *metadata)
{
    return broker_find(metadata, metadata->controller) ? metadata->controller : -1;
}

size_t wire_metadata_brokers(const struct wire_metadata *metadata, int32_t *ids, size_t max)
{
    size_t count = 0;

    for (const struct broker *broker = metadata->brokers; broker && count < max;
         broker = broker->hh.next)
        ids[count++] = broker->id;
    return count;
}

void kc_wire_hint_broker(struct kc_wire_client *client, int32_t broker_id, const char *host,
                         int32_t port, const char *rack)
{
    struct wire_metadata *metadata = client->metadata;
    struct broker *broker = broker_find(metadata, broker_id);

    if (broker_id < 0 || !host || !*host || port <= 0)
        return;
    if (!broker) {
        broker = kc_calloc(1, sizeof(*broker));
        broker->id = broker_id;
        HASH_ADD(hh, metadata->brokers, id, sizeof(broker->id), broker);
    }
    free(broker->host);
    broker->host = kc_strdup(host);
    broker->port = port;
}

static void update_brokers(struct wire_metadata *metadata,
                           const struct kc_metadata_response *response)
{
    struct broker *broker, *next;

    if (response->brokers.count <= 0)
        return;
    HASH_ITER (hh, metadata->brokers, broker, next)
        broker_destroy(metadata, broker);
    for (int32_t i = 0; i < response->brokers.count; i++) {
        const struct kc_metadata_response_broker *from = &response->brokers.items[i];

        kc_wire_hint_broker(metadata->client, from->node_id, from->host.data, from->port, NULL);
    }
    metadata->controller = response->controller_id;
}

/* ---- Topics ---- */

static struct metadata_topic *topic_find(const struct wire_metadata *metadata, const char *name)
{
    struct metadata_topic *topic;

    HASH_FIND(hh, metadata->topics, name, strlen(name), topic);
    return topic;
}

static struct metadata_topic *topic_get(struct wire_metadata *metadata, const char *name)
{
    struct metadata_topic *topic = topic_find(metadata, name);

    if (topic)
        return topic;
    topic = kc_calloc(1, sizeof(*topic));
    topic->name = kc_strdup(name);
    HASH_ADD_KEYPTR(hh, metadata->topics, topic->name, strlen(topic->name), topic);
    return topic;
}

bool kc_wire_leader(struct kc_wire_client *client, const char *name, int32_t partition,
                    struct kc_wire_leader *leader)
{
    const struct metadata_topic *topic = topic_find(client->metadata, name);

    if (!topic || partition < 0 || partition >= topic->count)
        return false;
    leader->broker_id = topic->partitions[partition].leader;
    leader->leader_epoch = topic->partitions[partition].epoch;
    leader->topic_id = topic->id;
    return true;
}

int kc_wire_topic_refusal(struct kc_wire_client *client, const char *name, int64_t since_ms)
{
    const struct metadata_topic *topic = topic_find(client->metadata, name);

    return topic && topic->refusal_asked_ms >= since_ms ? topic->refusal : KC_KAFKA_NONE;
}

static void send_refresh(struct wire_metadata *metadata, int64_t now);

/* An earlier request says nothing about a new topic (Metadata.requestUpdateForNewTopics). */
static void ask_about_news(struct wire_metadata *metadata)
{
    if (metadata->in_flight)
        metadata->news = true;
    else if (!metadata->client->stopping)
        send_refresh(metadata, kc_mono_ms());
}

void kc_wire_track(struct kc_wire_client *client, const char *name)
{
    struct metadata_topic *topic = topic_get(client->metadata, name);

    topic->tracked++;
    if (!topic->count)
        ask_about_news(client->metadata);
}

void kc_wire_untrack(struct kc_wire_client *client, const char *name)
{
    struct metadata_topic *topic = topic_find(client->metadata, name);

    if (topic && topic->tracked > 0)
        topic->tracked--;
}

#define WANTED_MS 60000

void wire_metadata_want(struct wire_metadata *metadata, const char *name)
{
    topic_get(metadata, name)->wanted_until_ms = kc_mono_ms() + WANTED_MS;
    kc_wire_refresh(metadata->client);
}

static void grow_partitions(struct metadata_topic *topic, int32_t count)
{
    if (count <= topic->count)
        return;
    topic->partitions = kc_realloc(topic->partitions, sizeof(*topic->partitions) * (size_t)count);
    for (int32_t i = topic->count; i < count; i++)
        topic->partitions[i] = (struct partition){-1, -1};
    topic->count = count;
}

static void set_leader(struct metadata_topic *topic, int32_t index, int32_t leader, int32_t epoch)
{
    struct partition *partition = &topic->partitions[index];

    if (epoch >= 0 && epoch < partition->epoch)
        return;
    partition->leader = leader;
    partition->epoch = epoch;
}

bool kc_wire_hint_leader(struct kc_wire_client *client, const char *name, int32_t index,
                         int32_t broker_id, int32_t leader_epoch)
{
    struct metadata_topic *topic = topic_find(client->metadata, name);

    if (!topic || index < 0 || index >= topic->count || broker_id < 0 ||
        leader_epoch <= topic->partitions[index].epoch)
        return false;
    kc_debug("[%s] %s-%d: an answer names the leader, broker %d in epoch %d", client->name, name,
             index, broker_id, leader_epoch);
    set_leader(topic, index, broker_id, leader_epoch);
    return true;
}

/* More partitions than Kafka can have; bounds what a broken broker makes us allocate. */
#define PARTITIONS_MAX 1000000

/* Errors that waiting won't change; Java's ProducerMetadata fails senders with only these. */
static int refusal_of(int code)
{
    return code == KC_KAFKA_TOPIC_AUTHORIZATION_FAILED || code == KC_KAFKA_INVALID_TOPIC_EXCEPTION
               ? code
               : KC_KAFKA_NONE;
}

/* Whether every partition has a leader. */
static bool update_topic(struct wire_metadata *metadata,
                         const struct kc_metadata_response_topic *from)
{
    struct metadata_topic *topic =
        from->name.len > 0 ? topic_find(metadata, from->name.data) : NULL;
    bool complete = from->error_code == KC_KAFKA_NONE;

    if (!topic)
        return true;
    if (!complete)
        kc_debug("[%s] metadata of %s: %s", metadata->client->name, topic->name,
                 kc_kafka_error_name(from->error_code));
    if (from->error_code == KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION ||
        (complete && !kc_uuid_equal(&topic->id, &from->topic_id)))
        topic->count = 0;
    if (complete)
        topic->id = from->topic_id;
    topic->refusal = refusal_of(from->error_code);
    topic->refusal_asked_ms = metadata->sent_at_ms;
    for (int32_t i = 0; i < from->partitions.count; i++) {
        const struct kc_metadata_response_partition *partition = &from->partitions.items[i];

        if (partition->partition_index < 0 || partition->partition_index >= PARTITIONS_MAX)
            continue;
        grow_partitions(topic, partition->partition_index + 1);
        set_leader(topic, partition->partition_index, partition->leader_id,
                   partition->leader_epoch);
        complete = complete && partition->leader_id >= 0;
    }
    return complete;
}

static void forget_unwanted(struct wire_metadata *metadata, int64_t now)
{
    struct metadata_topic *topic, *next;

    HASH_ITER (hh, metadata->topics, topic, next) {
        if (topic->tracked == 0 && topic->wanted_until_ms < now)
            topic_destroy(metadata, topic);
    }
}

/* ---- Refreshing ---- */

struct kc_error *wire_metadata_last_error(const struct wire_metadata *metadata)
{
    return metadata->last_error ? kc_error_copy(metadata->last_error) : NULL;
}

static void notify(struct wire_metadata *metadata)
{
    struct listener *listener, *next;

    LL_FOREACH_SAFE (metadata->listeners, listener, next)
        listener->changed(listener->arg);
    metadata->client->calls->metadata_changed(metadata->client);
}

static bool update(struct wire_metadata *metadata, const struct kc_metadata_response *response)
{
    bool complete = true;

    update_brokers(metadata, response);
    for (int32_t i = 0; i < response->topics.count; i++)
        complete &= update_topic(metadata, &response->topics.items[i]);
    metadata->updated_at_ms = kc_mono_ms();
    return complete;
}

static void plan_refresh(struct wire_metadata *metadata)
{
    int64_t at = metadata->sent_at_ms + kc_wire_backoff_ms(metadata->client, metadata->attempt);

    if (!metadata->refresh_at_ms || at < metadata->refresh_at_ms)
        metadata->refresh_at_ms = at;
    wire_client_hurry(metadata->client);
}

static void on_metadata(void *arg, const struct kc_wire_request *request,
                        struct kc_wire_reply *reply)
{
    struct wire_metadata *metadata = arg;
    bool complete = false;

    metadata->in_flight = false;
    kc_error_clear(&metadata->last_error);
    if (reply->error) {
        kc_debug("[%s] metadata: %s", metadata->client->name, kc_error_text(reply->error));
        metadata->last_error = kc_error_copy(reply->error);
    } else {
        complete = update(metadata, reply->message);
    }
    kc_wire_reply_unref(reply);
    if (metadata->client->stopping)
        return;
    metadata->attempt = complete ? 0 : metadata->attempt + 1;
    if (!complete || metadata->again || metadata->news)
        plan_refresh(metadata);
    if (metadata->news && !metadata->last_error)
        send_refresh(metadata, kc_mono_ms());
    metadata->again = metadata->news = false;
    if (!metadata->last_error)
        notify(metadata);
}

static void send_refresh(struct wire_metadata *metadata, int64_t now)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_METADATA);
    struct kc_metadata_request *message = request->message;
    int32_t count = 0;

    forget_unwanted(metadata, now);
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_metadata_request_topic,
                     (int32_t)HASH_COUNT(metadata->topics));
    for (struct metadata_topic *topic = metadata->topics; topic; topic = topic->hh.next)
        message->topics.items[count++].name = kc_wire_str_copy(request->arena, topic->name);
    message->allow_auto_topic_creation = false;
    metadata->in_flight = true;
    metadata->refresh_at_ms = 0;
    metadata->sent_at_ms = now;
    kc_wire_send(metadata->client, request, on_metadata, metadata);
}

void kc_wire_refresh(struct kc_wire_client *client)
{
    struct wire_metadata *metadata = client->metadata;
    int64_t now = kc_mono_ms();

    if (client->stopping)
        return;
    if (metadata->in_flight) {
        metadata->again = true;
        return;
    }
    plan_refresh(metadata);
    if (now >= metadata->refresh_at_ms)
        send_refresh(metadata, now);
}

bool wire_metadata_refreshes(const struct wire_metadata *metadata)
{
    return metadata->refresh_at_ms != 0;
}

void wire_metadata_tick(struct wire_metadata *metadata, int64_t now)
{
    bool asked = metadata->refresh_at_ms && now >= metadata->refresh_at_ms;
    bool old = metadata->topics && metadata->updated_at_ms &&
               now - metadata->updated_at_ms >= metadata->client->settings->metadata_max_age_ms;

    if (!metadata->in_flight && !metadata->client->stopping && (asked || old))
        send_refresh(metadata, now);
}

void kc_wire_listen(struct kc_wire_client *client, void (*changed)(void *arg), void *arg)
{
    struct listener *listener = kc_malloc(sizeof(*listener));

    *listener = (struct listener){changed, arg, NULL};
    LL_APPEND(client->metadata->listeners, listener);
}

void kc_wire_unlisten(struct kc_wire_client *client, void *arg)
{
    struct listener *listener, *next;

    LL_FOREACH_SAFE (client->metadata->listeners, listener, next) {
        if (listener->arg != arg)
            continue;
        LL_DELETE(client->metadata->listeners, listener);
        free(listener);
    }
}
