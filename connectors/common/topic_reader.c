/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an internal topic, see topic_reader.h. */
#include "common/topic_reader.h"

#include <stdlib.h>

#define STEP_MS 400

struct kc_topic_reader {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    bool started;
    int64_t position; /* the next offset to be seen */
};

/* A few KiB per sync don't need a consumer's usual buffers; the end of the topic is told. */
static const char *const settings[][2] = {
    {"group.id", ""},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    {"queued.max.messages.kbytes", "4096"},
    {"auto.offset.reset", "smallest"},
};

struct kc_error *kc_topic_reader_new(const struct kc_map *properties, const char *topic,
                                     struct kc_topic_reader **reader)
{
    char text[256];
    rd_kafka_conf_t *conf = NULL;
    struct kc_topic_reader *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = kc_client_conf(KC_CLIENT_CONSUMER, properties, &conf);
    if (err)
        goto out;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], text, sizeof(text)) !=
            RD_KAFKA_CONF_OK)
            err = kc_error_new(KC_ERR_CONFIG, "%s", text);
    if (err) {
        rd_kafka_conf_destroy(conf);
        goto out;
    }
    err = kc_client_new(KC_CLIENT_CONSUMER, conf, &made->client);
    if (err)
        goto out;
    made->topic = rd_kafka_topic_new(made->client, topic, NULL);
    if (!made->topic) {
        err = kc_client_error(rd_kafka_last_error(), "Could not read topic %s", topic);
        goto out;
    }
    *reader = made;
    made = NULL;
out:
    kc_topic_reader_destroy(made);
    return err;
}

void kc_topic_reader_destroy(struct kc_topic_reader *reader)
{
    if (!reader)
        return;
    if (reader->started)
        rd_kafka_consume_stop(reader->topic, 0);
    if (reader->topic)
        rd_kafka_topic_destroy(reader->topic);
    if (reader->client)
        rd_kafka_destroy(reader->client);
    free(reader);
}

static const char *topic_name(const struct kc_topic_reader *reader)
{
    return rd_kafka_topic_name(reader->topic);
}

static struct kc_error *start_at(struct kc_topic_reader *reader, int64_t offset)
{
    if (reader->started)
        return NULL;
    if (rd_kafka_consume_start(reader->topic, 0, offset) != 0)
        return kc_client_error(rd_kafka_last_error(), "Could not read topic %s",
                               topic_name(reader));
    reader->started = true;
    reader->position = offset;
    return NULL;
}

/* Takes one message, or an event in the place of one; true when it was progress. */
static bool take(struct kc_topic_reader *reader, rd_kafka_message_t *message,
                 kc_topic_reader_record on_record, void *arg, struct kc_error **err)
{
    switch ((int)message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        on_record(arg, message);
        reader->position = message->offset + 1;
        return true;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (message->offset > reader->position)
            reader->position = message->offset;
        return true;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        return false; /* the client connects again by itself */
    default:
        *err = kc_client_error(message->err, "Could not read topic %s: %s", topic_name(reader),
                               rd_kafka_message_errstr(message));
        return false;
    }
}

struct kc_error *kc_topic_reader_read_to_end(struct kc_topic_reader *reader, int timeout_ms,
                                             kc_topic_reader_record on_record,
                                             kc_topic_reader_stop should_stop, void *arg)
{
    int64_t low = 0, end = 0, progress = kc_mono_ms();
    struct kc_error *err = NULL;
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(reader->client, topic_name(reader),
                                                                0, &low, &end, timeout_ms);
    if (code)
        return kc_client_error(code, "Could not find the end of topic %s", topic_name(reader));
    err = start_at(reader, low);
    while (!err && reader->position < end) {
        rd_kafka_message_t *message = rd_kafka_consume(reader->topic, 0, STEP_MS);
        if (message && take(reader, message, on_record, arg, &err))
            progress = kc_mono_ms();
        if (message)
            rd_kafka_message_destroy(message);
        rd_kafka_poll(reader->client, 0);
        if (!err && should_stop(arg))
            err = kc_error_new(KC_ERR_WAKEUP, "Stopped while reading topic %s", topic_name(reader));
        if (!err && kc_mono_ms() - progress > timeout_ms)
            err = kc_error_retriable_new(KC_ERR_TIMEOUT,
                                         "Topic %s has records up to offset %lld, but none has "
                                         "arrived after %lld for %d ms",
                                         topic_name(reader), (long long)end,
                                         (long long)reader->position, timeout_ms);
    }
    return err;
}
