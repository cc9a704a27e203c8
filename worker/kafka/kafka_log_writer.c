/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writing half of a replayed log.
 *
 * Any thread sends. Acknowledgements come as events on librdkafka's background thread, so that
 * nobody has to poll; each message carries its own callback. The client rests when nobody uses it:
 * an internal topic may be quiet for hours.
 */
#include "connect/log.h"
#include "connect/resting_client.h"
#include "connect/thread.h"
#include "kafka/kafka_log_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.util.KafkaBasedLog");

#define CLOSE_MS 5000

struct kc_log_writer {
    const struct kc_kafka_log_settings *settings;
    struct kc_resting_client *client;
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
    if (settings->made_by_us)
        rd_kafka_conf_set(*conf, "allow.auto.create.topics", "false", NULL, 0);
    rd_kafka_conf_set_events(*conf, RD_KAFKA_EVENT_DR);
    rd_kafka_conf_set_background_event_cb(*conf, on_event);
    return NULL;
}

/* ---- the client ---- */

static void serve_in_background(rd_kafka_t *client)
{
    rd_kafka_queue_t *from = rd_kafka_queue_get_main(client);
    rd_kafka_queue_t *to = rd_kafka_queue_get_background(client);
    rd_kafka_queue_forward(from, to);
    rd_kafka_queue_destroy(from);
    rd_kafka_queue_destroy(to);
}

struct kc_error *kc_log_writer_open(const struct kc_kafka_log_settings *settings,
                                    struct kc_log_writer **result)
{
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *client = NULL;
    struct kc_error *err = writer_conf(settings, &conf);
    if (err)
        return err;
    struct kc_log_writer *writer = kc_calloc(1, sizeof(*writer));
    writer->settings = settings;
    writer->client = kc_resting_client_new(KC_CLIENT_PRODUCER, conf, serve_in_background);
    /* What is wrong with the settings shows now. */
    err = kc_resting_client_hold(writer->client, &client);
    if (err) {
        kc_log_writer_close(writer);
        return err;
    }
    kc_resting_client_let_go(writer->client);
    *result = writer;
    return NULL;
}

void kc_log_writer_rest(struct kc_log_writer *writer)
{
    kc_resting_client_rest(writer->client, KC_CLIENT_REST_MS);
}

void kc_log_writer_flush(struct kc_log_writer *writer, int timeout_ms)
{
    rd_kafka_t *client = kc_resting_client_hold_awake(writer->client);
    if (!client)
        return;
    rd_kafka_flush(client, timeout_ms);
    kc_resting_client_let_go(writer->client);
}

static void give_up(const struct kc_log_writer *writer, rd_kafka_t *client)
{
    kc_warn("Closing the log of topic %s with writes that weren't acknowledged",
            writer->settings->topic);
    rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client, CLOSE_MS);
}

void kc_log_writer_close(struct kc_log_writer *writer)
{
    if (!writer)
        return;
    rd_kafka_t *client = kc_resting_client_hold_awake(writer->client);
    if (client && rd_kafka_flush(client, CLOSE_MS))
        give_up(writer, client);
    kc_resting_client_destroy(writer->client);
    free(writer);
}

/* ---- sending ---- */

static struct kc_error *send_held(const char *topic, rd_kafka_t *client, const void *key,
                                  size_t key_len, const void *value, size_t value_len,
                                  struct log_sending *sending)
{
    /* A value of no bytes isn't a tombstone. */
    static const char empty[1];
    if (value && value_len == 0)
        value = empty;
    rd_kafka_resp_err_t code = rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_len),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value ? value_len : 0),
        RD_KAFKA_V_OPAQUE(sending), RD_KAFKA_V_END);
    return code ? kc_client_error(code, "Writing to topic %s failed", topic) : NULL;
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
    rd_kafka_t *client = NULL;
    struct kc_error *err = kc_resting_client_hold(this->writer->client, &client);
    if (!err) {
        err = send_held(this->settings.topic, client, key, key_len, value, value_len, sending);
        kc_resting_client_let_go(this->writer->client);
    }
    if (err)
        finish(sending, err);
}

/* ---- writing and waiting ---- */

/* Shared by the writer and its messages; the last one frees it. */
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
