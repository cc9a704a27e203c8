/* SPDX-License-Identifier: Apache-2.0 */
/* The producer of offset syncs, see offset_sync_producer.h. */
#include "mirror/offset_sync_producer.h"

#include "connect/log.h"

#include <pthread.h>
#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.OffsetSyncWriter");

#define CLOSE_TIMEOUT_MS 5000
/* A sync for each batch, each in a request of its own, would cost more than the batches:
 * checkpoints look at them once in seconds. */
#define LINGER_MS "100"

/* Partitions at rest have no client, for each has threads that wake every second. */
#define REST_MS 10000

struct kc_offset_sync_producer {
    char *topic;
    rd_kafka_conf_t *conf; /* of each client */
    pthread_mutex_t mutex; /* guards what follows, up to writer */
    rd_kafka_t *client;    /* NULL: at rest; only the task's thread ends it */
    int64_t used_ms;
    bool complained;
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

/* Locked. False: there is none, which is said once. */
static bool have_client(struct kc_offset_sync_producer *producer)
{
    if (producer->client)
        return true;
    struct kc_error *err =
        kc_client_new(KC_CLIENT_PRODUCER, rd_kafka_conf_dup(producer->conf), &producer->client);
    if (err && !producer->complained)
        kc_log_error(
            "Could not make the producer of offset syncs, without which no checkpoints are "
            "made: %s",
            kc_error_text(err));
    producer->complained = err != NULL;
    kc_error_destroy(err);
    return producer->client != NULL;
}

/* Locked. */
static bool send_encoded(struct kc_offset_sync_producer *producer,
                         const struct kc_offset_sync *sync, const struct kc_str *key,
                         const struct kc_str *value)
{
    if (!have_client(producer))
        return false;
    producer->used_ms = kc_mono_ms();
    rd_kafka_resp_err_t code = rd_kafka_producev(
        producer->client, RD_KAFKA_V_TOPIC(producer->topic), RD_KAFKA_V_PARTITION(0),
        RD_KAFKA_V_KEY(key->data, key->len), RD_KAFKA_V_VALUE(value->data, value->len),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (code)
        kc_log_error("Could not queue the offset sync of %s-%d for %s: %s", sync->topic,
                     sync->partition, producer->topic, rd_kafka_err2str(code));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* By the thread that serves acknowledgements, and by the task's. */
static bool send_sync(void *arg, const struct kc_offset_sync *sync)
{
    struct kc_offset_sync_producer *producer = arg;
    struct kc_str key = {0}, value = {0};
    kc_offset_sync_encode(sync, &key, &value);
    pthread_mutex_lock(&producer->mutex);
    bool sent = send_encoded(producer, sync, &key, &value);
    pthread_mutex_unlock(&producer->mutex);
    kc_str_destroy(&key);
    kc_str_destroy(&value);
    return sent;
}

bool kc_offset_sync_producer_write(struct kc_offset_sync_producer *producer, const char *topic,
                                   const struct kc_str *key, const struct kc_str *value,
                                   void *token)
{
    pthread_mutex_lock(&producer->mutex);
    bool sent = have_client(producer);
    if (sent) {
        producer->used_ms = kc_mono_ms();
        sent = rd_kafka_producev(producer->client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                 RD_KAFKA_V_KEY(key->data, key->len),
                                 RD_KAFKA_V_VALUE(value->data, value->len),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(token),
                                 RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    pthread_mutex_unlock(&producer->mutex);
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
    struct kc_error *err = kc_client_conf(KC_CLIENT_PRODUCER, properties, &producer->conf);
    kc_map_destroy(properties);
    if (err)
        return err;
    rd_kafka_conf_set_opaque(producer->conf, producer);
    rd_kafka_conf_set_dr_msg_cb(producer->conf, on_delivery);
    return NULL;
}

struct kc_error *kc_offset_sync_producer_new(const struct kc_mirror_config *config,
                                             struct kc_offset_sync_producer **producer)
{
    struct kc_offset_sync_producer *made = kc_calloc(1, sizeof(*made));
    pthread_mutex_init(&made->mutex, NULL);
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

/* Finishes what is queued. What is only remembered stays behind: the last commit has promoted it,
 * and a late write of a task that was replaced would look like a rewind. */
static void drain(struct kc_offset_sync_producer *producer)
{
    int64_t deadline = kc_mono_ms() + CLOSE_TIMEOUT_MS;
    kc_offset_sync_writer_fire(producer->writer);
    while (kc_offset_sync_writer_waiting(producer->writer) > 0 && kc_mono_ms() < deadline) {
        rd_kafka_poll(producer->client, 50);
        kc_offset_sync_writer_fire(producer->writer);
    }
    size_t left = kc_offset_sync_writer_waiting(producer->writer);
    if (left > 0)
        kc_warn("%zu offset syncs could not be written to %s within %d ms; checkpoints of these "
                "partitions stay where they are until mirroring goes on",
                left, producer->topic, CLOSE_TIMEOUT_MS);
}

void kc_offset_sync_producer_drain(struct kc_offset_sync_producer *producer)
{
    if (producer->client)
        rd_kafka_flush(producer->client, CLOSE_TIMEOUT_MS);
}

void kc_offset_sync_producer_destroy(struct kc_offset_sync_producer *producer)
{
    if (!producer)
        return;
    if (producer->client) {
        drain(producer);
        rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(producer->client, 100);
        rd_kafka_destroy(producer->client);
    }
    if (producer->conf)
        rd_kafka_conf_destroy(producer->conf);
    kc_offset_sync_writer_destroy(producer->writer);
    pthread_mutex_destroy(&producer->mutex);
    free(producer->topic);
    free(producer);
}

struct kc_offset_sync_writer *
kc_offset_sync_producer_writer(struct kc_offset_sync_producer *producer)
{
    return producer->writer;
}

/* The task's thread, which alone ends clients. */
static rd_kafka_t *current_client(struct kc_offset_sync_producer *producer)
{
    pthread_mutex_lock(&producer->mutex);
    rd_kafka_t *client = producer->client;
    pthread_mutex_unlock(&producer->mutex);
    return client;
}

static void rest(struct kc_offset_sync_producer *producer)
{
    rd_kafka_t *client = NULL;
    pthread_mutex_lock(&producer->mutex);
    if (producer->client && kc_mono_ms() - producer->used_ms >= REST_MS &&
        rd_kafka_outq_len(producer->client) == 0) {
        client = producer->client;
        producer->client = NULL;
    }
    pthread_mutex_unlock(&producer->mutex);
    if (client)
        rd_kafka_destroy(client);
}

void kc_offset_sync_producer_serve(struct kc_offset_sync_producer *producer)
{
    rd_kafka_t *client = current_client(producer);
    if (client)
        rd_kafka_poll(client, 0);
    kc_offset_sync_writer_fire(producer->writer);
    if (client)
        rest(producer);
}
