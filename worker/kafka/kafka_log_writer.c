/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writing half of a replayed log.
 *
 * Any thread sends. Acknowledgements come as events on librdkafka's background thread, so that
 * nobody has to poll; each message carries its own callback. A client that nobody uses is ended:
 * each has threads that wake every second, and an internal topic may rest for hours.
 */
#include "base/thread.h"
#include "connect/log.h"
#include "kafka/kafka_log_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.util.KafkaBasedLog");

#define CLOSE_MS 5000
#define REST_MS  10000

struct kc_log_writer {
    const struct kc_kafka_log_settings *settings;
    rd_kafka_conf_t *conf; /* of each client */
    pthread_mutex_t mutex; /* guards what follows */
    rd_kafka_t *client;    /* NULL: at rest */
    rd_kafka_topic_t *topic;
    int users;
    int64_t used_ms;
};

struct log_sending {
    kc_log_sent done;
    void *opaque;
};

static void finish(struct log_sending *sending, struct kc_error *err)
{
    if (sending->done)
        sending->done(sending->opaque, err);
    else
        kc_error_destroy(err);
    free(sending);
}

/* librdkafka's background thread. */
static void on_event(rd_kafka_t *client, rd_kafka_event_t *event, void *opaque)
{
    const rd_kafka_message_t *message = NULL;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
        while ((message = rd_kafka_event_message_next(event))) {
            struct kc_error *err = NULL;
            if (message->err)
                err = kc_client_error(message->err, "Writing to topic %s failed",
                                      rd_kafka_topic_name(message->rkt));
            finish(message->_private, err);
        }
    }
    rd_kafka_event_destroy(event);
}

static struct kc_error *writer_conf(const struct kc_kafka_log_settings *settings,
                                    rd_kafka_conf_t **conf)
{
    struct kc_map *properties = kc_map_copy(settings->producer);
    kc_map_set(properties, "acks", "all");
    kc_map_set(properties, "max.in.flight.requests.per.connection", "1");
    kc_map_set_default(properties, "enable.idempotence", "false");
    kc_map_set_default(properties, "linger.ms", "0");
    kc_map_set_default(properties, "buffer.memory", "16777216");
    struct kc_error *err = kc_client_conf(KC_CLIENT_PRODUCER, properties, conf);
    kc_map_destroy(properties);
    if (err)
        return err;
    rd_kafka_conf_set_events(*conf, RD_KAFKA_EVENT_DR);
    rd_kafka_conf_set_background_event_cb(*conf, on_event);
    return NULL;
}

/* ---- the client ---- */

/* Locked. */
static struct kc_error *make_client(struct kc_log_writer *writer)
{
    struct kc_error *err =
        kc_client_new(KC_CLIENT_PRODUCER, rd_kafka_conf_dup(writer->conf), &writer->client);
    if (err)
        return err;
    rd_kafka_queue_t *from = rd_kafka_queue_get_main(writer->client);
    rd_kafka_queue_t *to = rd_kafka_queue_get_background(writer->client);
    rd_kafka_queue_forward(from, to);
    rd_kafka_queue_destroy(from);
    rd_kafka_queue_destroy(to);
    writer->topic = rd_kafka_topic_new(writer->client, writer->settings->topic, NULL);
    return NULL;
}

static void end_client(rd_kafka_t *client, rd_kafka_topic_t *topic)
{
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
}

/* Between this and let_go() the client stays. */
static struct kc_error *hold(struct kc_log_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    struct kc_error *err = writer->client ? NULL : make_client(writer);
    if (!err)
        writer->users++;
    pthread_mutex_unlock(&writer->mutex);
    return err;
}

static void let_go(struct kc_log_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->users--;
    writer->used_ms = kc_mono_ms();
    pthread_mutex_unlock(&writer->mutex);
}

struct kc_error *kc_log_writer_open(const struct kc_kafka_log_settings *settings,
                                    struct kc_log_writer **result)
{
    rd_kafka_conf_t *conf = NULL;
    struct kc_error *err = writer_conf(settings, &conf);
    if (err)
        return err;
    struct kc_log_writer *writer = kc_calloc(1, sizeof(*writer));
    writer->settings = settings;
    writer->conf = conf;
    pthread_mutex_init(&writer->mutex, NULL);
    err = hold(writer); /* what is wrong with the settings shows now */
    if (err) {
        kc_log_writer_close(writer);
        return err;
    }
    let_go(writer);
    *result = writer;
    return NULL;
}

void kc_log_writer_rest(struct kc_log_writer *writer)
{
    rd_kafka_t *client = NULL;
    pthread_mutex_lock(&writer->mutex);
    if (writer->client && writer->users == 0 && kc_mono_ms() - writer->used_ms >= REST_MS &&
        rd_kafka_outq_len(writer->client) == 0) {
        client = writer->client;
        writer->client = NULL;
    }
    rd_kafka_topic_t *topic = writer->topic;
    pthread_mutex_unlock(&writer->mutex);
    if (client)
        end_client(client, topic);
}

void kc_log_writer_flush(struct kc_log_writer *writer, int timeout_ms)
{
    pthread_mutex_lock(&writer->mutex);
    rd_kafka_t *client = writer->client;
    writer->users += client != NULL;
    pthread_mutex_unlock(&writer->mutex);
    if (!client)
        return;
    rd_kafka_flush(client, timeout_ms);
    let_go(writer);
}

void kc_log_writer_close(struct kc_log_writer *writer)
{
    if (!writer)
        return;
    if (writer->client && rd_kafka_flush(writer->client, CLOSE_MS)) {
        kc_warn("Closing the log of topic %s with writes that weren't acknowledged",
                writer->settings->topic);
        rd_kafka_purge(writer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(writer->client, CLOSE_MS);
    }
    if (writer->client)
        end_client(writer->client, writer->topic);
    rd_kafka_conf_destroy(writer->conf);
    pthread_mutex_destroy(&writer->mutex);
    free(writer);
}

/* ---- sending ---- */

static struct kc_error *send_held(struct kc_log_writer *writer, const void *key, size_t key_len,
                                  const void *value, size_t value_len, struct log_sending *sending)
{
    /* A value of no bytes isn't a tombstone. */
    static const char empty[1];
    if (value && value_len == 0)
        value = empty;
    if (rd_kafka_produce(writer->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                         (void *)(uintptr_t)value, value ? value_len : 0, key, key_len,
                         sending) == 0)
        return NULL;
    return kc_client_error(rd_kafka_last_error(), "Writing to topic %s failed",
                           writer->settings->topic);
}

void kc_kafka_log_send(struct kc_kafka_log *this, const void *key, size_t key_len,
                       const void *value, size_t value_len, kc_log_sent done, void *opaque)
{
    struct log_sending *sending = kc_calloc(1, sizeof(*sending));
    *sending = (struct log_sending){done, opaque};
    if (!this->writer) {
        finish(sending,
               kc_error_new(KC_ERR_CONNECT, "The log of topic %s is read-only or not started",
                            this->settings.topic));
        return;
    }
    struct kc_error *err = hold(this->writer);
    if (!err) {
        err = send_held(this->writer, key, key_len, value, value_len, sending);
        let_go(this->writer);
    }
    if (err)
        finish(sending, err);
}

/* ---- writing and waiting ---- */

/* Shared by the writer and its messages: who comes last frees it. */
struct pending {
    pthread_mutex_t lock;
    pthread_cond_t done;
    size_t waiting;    /* messages without an answer */
    size_t references; /* waiting, and the writer */
    struct kc_error *err;
};

static void pending_unref(struct pending *pending)
{
    bool last = --pending->references == 0;
    pthread_mutex_unlock(&pending->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&pending->lock);
    pthread_cond_destroy(&pending->done);
    kc_error_destroy(pending->err);
    free(pending);
}

static void on_sent(void *opaque, struct kc_error *err)
{
    struct pending *pending = opaque;
    pthread_mutex_lock(&pending->lock);
    if (err && !pending->err)
        pending->err = err;
    else
        kc_error_destroy(err);
    if (--pending->waiting == 0)
        pthread_cond_signal(&pending->done);
    pending_unref(pending);
}

struct kc_error *kc_kafka_log_write(struct kc_kafka_log *this, const struct kc_log_record *records,
                                    size_t count, int timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct pending *pending = kc_calloc(1, sizeof(*pending));
    pthread_mutex_init(&pending->lock, NULL);
    kc_cond_init(&pending->done);
    pending->waiting = count;
    pending->references = count + 1;
    for (size_t i = 0; i < count; i++)
        kc_kafka_log_send(this, records[i].key, records[i].key_len, records[i].value,
                          records[i].value_len, on_sent, pending);
    pthread_mutex_lock(&pending->lock);
    while (pending->waiting && kc_cond_wait_until(&pending->done, &pending->lock, deadline))
        ;
    struct kc_error *err = pending->err;
    pending->err = NULL;
    if (!err && pending->waiting)
        err = kc_error_retriable_new(KC_ERR_TIMEOUT,
                                     "Writing to topic %s wasn't acknowledged within %d ms",
                                     this->settings.topic, timeout_ms);
    pending_unref(pending);
    return err;
}
