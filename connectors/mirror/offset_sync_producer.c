/* SPDX-License-Identifier: Apache-2.0 */
/* The producer of offset syncs, see offset_sync_producer.h. */
#include "mirror/offset_sync_producer.h"

#include "connect/log.h"
#include "connect/resting_client.h"

#include <stdatomic.h>
#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.OffsetSyncWriter");

#define CLOSE_TIMEOUT_MS 5000
/* A request for each sync would cost more than the batches. Syncs may wait, because checkpoints
 * read them only every few seconds. */
#define LINGER_MS "100"

struct kc_offset_sync_producer {
    char *topic;
    struct kc_resting_client *client;
    atomic_bool complained; /* that no client could be made */
    struct kc_offset_sync_writer *writer;
    const struct kc_offset_sync_outcomes *outcomes; /* of the other topic's records */
    void *outcomes_arg;
};

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct kc_offset_sync_producer *producer = opaque;
    if (message->_private && producer->outcomes && message->err)
        producer->outcomes->lost(producer->outcomes_arg, message->_private, message->err);
    else if (message->_private && producer->outcomes)
        producer->outcomes->written(producer->outcomes_arg, message->offset);
    if (message->_private)
        return;
    if (message->err)
        kc_log_error("Could not write an offset sync to %s: %s", producer->topic,
                     rd_kafka_err2str(message->err));
    kc_offset_sync_writer_sent(producer->writer);
}

/* NULL: none could be made, which is said once. */
static rd_kafka_t *hold(struct kc_offset_sync_producer *producer)
{
    rd_kafka_t *client = NULL;
    struct kc_error *err = kc_resting_client_hold(producer->client, &client);
    if (!atomic_exchange(&producer->complained, err != NULL) && err)
        kc_log_error(
            "Could not make the producer of offset syncs, without which no checkpoints are "
            "made: %s",
            kc_error_text(err));
    kc_error_destroy(err);
    return client;
}

/* token: of another topic's record, else NULL. */
static rd_kafka_resp_err_t produce(rd_kafka_t *client, const char *topic, const struct kc_str *key,
                                   const struct kc_str *value, void *token)
{
    return rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
        RD_KAFKA_V_KEY(key->data, key->len), RD_KAFKA_V_VALUE(value->data, value->len),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(token), RD_KAFKA_V_END);
}

/* Used by the acknowledgement thread and by the task's. */
static bool send_sync(void *arg, const struct kc_offset_sync *sync)
{
    struct kc_offset_sync_producer *producer = arg;
    rd_kafka_t *client = hold(producer);
    if (!client)
        return false;
    struct kc_str key = {0}, value = {0};
    kc_offset_sync_encode(sync, &key, &value);
    rd_kafka_resp_err_t code = produce(client, producer->topic, &key, &value, NULL);
    kc_resting_client_let_go(producer->client);
    if (code)
        kc_log_error("Could not queue the offset sync of %s-%d for %s: %s", sync->topic,
                     sync->partition, producer->topic, rd_kafka_err2str(code));
    kc_str_destroy(&key);
    kc_str_destroy(&value);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool kc_offset_sync_producer_write(struct kc_offset_sync_producer *producer, const char *topic,
                                   const struct kc_str *key, const struct kc_str *value,
                                   void *token)
{
    rd_kafka_t *client = hold(producer);
    if (!client)
        return false;
    bool sent = produce(client, topic, key, value, token) == RD_KAFKA_RESP_ERR_NO_ERROR;
    kc_resting_client_let_go(producer->client);
    return sent;
}

void kc_offset_sync_producer_on_outcome(struct kc_offset_sync_producer *producer,
                                        const struct kc_offset_sync_outcomes *outcomes, void *arg)
{
    producer->outcomes = outcomes;
    producer->outcomes_arg = arg;
}

static struct kc_error *configure(const struct kc_mirror_config *config,
                                  struct kc_offset_sync_producer *producer)
{
    enum kc_mirror_cluster cluster = kc_mirror_offset_syncs_cluster(config);
    const char *use = cluster == KC_MIRROR_SOURCE ? "offset-syncs-source-producer"
                                                  : "offset-syncs-target-producer";
    struct kc_map *properties =
        kc_mirror_client_properties(config, cluster, KC_CLIENT_PRODUCER, use);
    if (!kc_map_get(properties, "linger.ms"))
        kc_map_set(properties, "linger.ms", LINGER_MS);
    rd_kafka_conf_t *conf = NULL;
    struct kc_error *err = kc_client_conf(KC_CLIENT_PRODUCER, properties, &conf);
    kc_map_destroy(properties);
    if (err)
        return err;
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    producer->client = kc_resting_client_new(KC_CLIENT_PRODUCER, conf, NULL);
    return NULL;
}

struct kc_error *kc_offset_sync_producer_new(const struct kc_mirror_config *config,
                                             struct kc_offset_sync_producer **producer)
{
    struct kc_offset_sync_producer *made = kc_calloc(1, sizeof(*made));
    made->topic = kc_mirror_offset_syncs_topic(config);
    made->writer =
        kc_offset_sync_writer_new(kc_mirror_long(config, "offset.lag.max"), send_sync, made);
    struct kc_error *err = configure(config, made);
    if (err) {
        kc_offset_sync_producer_destroy(made);
        return kc_error_prefix(err, "Could not make the producer of offset syncs");
    }
    *producer = made;
    return NULL;
}

/* Finishes what is queued. Syncs that are only remembered are dropped: the last commit has queued
 * them already, and a late write of a replaced task would look like a rewind. */
static void drain(struct kc_offset_sync_producer *producer, rd_kafka_t *client)
{
    int64_t deadline = kc_mono_ms() + CLOSE_TIMEOUT_MS;
    kc_offset_sync_writer_fire(producer->writer);
    while (kc_offset_sync_writer_waiting(producer->writer) > 0 && kc_mono_ms() < deadline) {
        rd_kafka_poll(client, 50);
        kc_offset_sync_writer_fire(producer->writer);
    }
    size_t left = kc_offset_sync_writer_waiting(producer->writer);
    if (left > 0)
        kc_warn("%zu offset syncs could not be written to %s within %d ms; checkpoints of these "
                "partitions don't advance until mirroring continues",
                left, producer->topic, CLOSE_TIMEOUT_MS);
}

void kc_offset_sync_producer_drain(struct kc_offset_sync_producer *producer)
{
    rd_kafka_t *client = kc_resting_client_hold_awake(producer->client);
    if (!client)
        return;
    rd_kafka_flush(client, CLOSE_TIMEOUT_MS);
    kc_resting_client_let_go(producer->client);
}

static void end_client(struct kc_offset_sync_producer *producer)
{
    rd_kafka_t *client = kc_resting_client_hold_awake(producer->client);
    if (client) {
        drain(producer, client);
        rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(client, 100);
        kc_resting_client_let_go(producer->client);
    }
    kc_resting_client_destroy(producer->client);
}

void kc_offset_sync_producer_destroy(struct kc_offset_sync_producer *producer)
{
    if (!producer)
        return;
    if (producer->client)
        end_client(producer);
    kc_offset_sync_writer_destroy(producer->writer);
    free(producer->topic);
    free(producer);
}

struct kc_offset_sync_writer *
kc_offset_sync_producer_writer(struct kc_offset_sync_producer *producer)
{
    return producer->writer;
}

void kc_offset_sync_producer_serve(struct kc_offset_sync_producer *producer)
{
    rd_kafka_t *client = kc_resting_client_hold_awake(producer->client);
    if (client)
        rd_kafka_poll(client, 0);
    kc_offset_sync_writer_fire(producer->writer);
    if (client) {
        kc_resting_client_let_go(producer->client);
        kc_resting_client_rest(producer->client, KC_CLIENT_REST_MS);
    }
}
