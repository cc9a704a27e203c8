/* SPDX-License-Identifier: Apache-2.0 */
/* Consumers for look-ups, see lookup_client.h. */
#include "mirror/lookup_client.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    CALL_MS = 5000,
    REST_MS = 30000,
    WINDOW_BYTES = 16 << 20, /* of a window; then it ends early */
    AHEAD = 4096,            /* records that are read at once, for the look-ups that follow */
    AHEAD_BYTES = 2 << 20,
    FRESH_MS = 2000, /* how long what was read is used again */
};

/* What was read last on one side: look-ups of a partition come in the order of its offsets. */
struct last_read {
    char *topic;
    int32_t partition;
    int64_t low, high; /* of the log */
    int64_t bounds_ms; /* when they were asked for; 0: not yet */
    int64_t from;
    int64_t read_ms; /* 0: nothing */
    struct kc_record_window window;
};

struct kc_lookup_client {
    const struct kc_mirror_config *config;
    rd_kafka_t *consumers[2]; /* by enum kc_lookup_side */
    int64_t used_ms;
    struct last_read last[2];       /* the same */
    const struct kc_lookup *lookup; /* under way */
    int64_t deadline_ms;
    atomic_bool aborted;
};

struct kc_lookup_client *kc_lookup_client_new(const struct kc_mirror_config *config)
{
    struct kc_lookup_client *client = kc_calloc(1, sizeof(*client));
    client->config = config;
    return client;
}

static void close_consumers(struct kc_lookup_client *client)
{
    for (int side = 0; side < 2; side++) {
        if (client->consumers[side])
            rd_kafka_destroy(client->consumers[side]);
        client->consumers[side] = NULL;
    }
}

void kc_lookup_client_destroy(struct kc_lookup_client *client)
{
    if (!client)
        return;
    close_consumers(client);
    for (int side = 0; side < 2; side++) {
        kc_record_window_clear(&client->last[side].window);
        free(client->last[side].topic);
    }
    free(client);
}

void kc_lookup_client_abort(struct kc_lookup_client *client)
{
    atomic_store(&client->aborted, true);
}

void kc_lookup_client_rest(struct kc_lookup_client *client)
{
    if (kc_mono_ms() - client->used_ms >= REST_MS)
        close_consumers(client);
}

/* ---- consumers ---- */

/* Small fetches at once: windows are small, and few follow each other. */
static const char *const settings[][2] = {
    {"enable.partition.eof", "true"},       {"fetch.wait.max.ms", "10"},
    {"fetch.error.backoff.ms", "50"},       {"queued.min.messages", "1000"},
    {"queued.max.messages.kbytes", "8192"}, {"fetch.message.max.bytes", "1048576"},
    {"auto.offset.reset", "error"},         {"enable.auto.commit", "false"},
    {"fetch.queue.backoff.ms", "5"}, /* or a full queue delays the next window by a second */
};

static struct kc_error *open_consumer(struct kc_lookup_client *client, enum kc_lookup_side side)
{
    enum kc_mirror_cluster cluster = side == KC_LOOKUP_SOURCE ? KC_MIRROR_SOURCE : KC_MIRROR_TARGET;
    struct kc_map *properties =
        kc_mirror_client_properties(client->config, cluster, KC_CLIENT_CONSUMER, "lookup-consumer");
    rd_kafka_conf_t *conf = NULL;
    if (side == KC_LOOKUP_TARGET)
        kc_map_set(properties, "isolation.level", "read_committed");
    struct kc_error *err = kc_client_conf(KC_CLIENT_CONSUMER, properties, &conf);
    kc_map_destroy(properties);
    if (err)
        return err;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        rd_kafka_conf_set(conf, settings[i][0], settings[i][1], NULL, 0);
    err = kc_client_new(KC_CLIENT_CONSUMER, conf, &client->consumers[side]);
    if (!err)
        rd_kafka_poll_set_consumer(client->consumers[side]);
    return err;
}

static struct kc_error *consumer_of(struct kc_lookup_client *client, enum kc_lookup_side side,
                                    rd_kafka_t **consumer)
{
    struct kc_error *err = client->consumers[side] ? NULL : open_consumer(client, side);
    *consumer = client->consumers[side];
    client->used_ms = kc_mono_ms();
    return err;
}

static const char *topic_of(const struct kc_lookup_client *client, enum kc_lookup_side side)
{
    return side == KC_LOOKUP_SOURCE ? client->lookup->topic : client->lookup->remote;
}

static int time_left(const struct kc_lookup_client *client)
{
    int64_t left = atomic_load(&client->aborted) ? 0 : client->deadline_ms - kc_mono_ms();
    return left < 1 ? 1 : left > CALL_MS ? CALL_MS : (int)left;
}

static struct kc_error *failure(const struct kc_lookup_client *client, enum kc_lookup_side side,
                                rd_kafka_resp_err_t code)
{
    return kc_client_error(code, "Could not read %s-%d of %s to look up an offset: %s",
                           topic_of(client, side), client->lookup->partition,
                           side == KC_LOOKUP_SOURCE ? client->config->source
                                                    : client->config->target,
                           rd_kafka_err2str(code));
}

/* ---- calls ---- */

static struct last_read *last_of(struct kc_lookup_client *client, enum kc_lookup_side side)
{
    struct last_read *last = &client->last[side];
    const char *topic = topic_of(client, side);
    if (last->topic && strcmp(last->topic, topic) == 0 &&
        last->partition == client->lookup->partition)
        return last;
    kc_record_window_clear(&last->window);
    free(last->topic);
    *last = (struct last_read){.topic = kc_strdup(topic), .partition = client->lookup->partition};
    return last;
}

static struct kc_error *bounds(void *arg, enum kc_lookup_side side, int64_t *low, int64_t *high)
{
    struct kc_lookup_client *client = arg;
    struct last_read *last = last_of(client, side);
    rd_kafka_t *consumer = NULL;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    struct kc_error *err = consumer_of(client, side, &consumer);
    if (err)
        return err;
    if (!last->bounds_ms || kc_mono_ms() - last->bounds_ms > FRESH_MS) {
        code = rd_kafka_query_watermark_offsets(consumer, last->topic, last->partition, &last->low,
                                                &last->high, time_left(client));
        last->bounds_ms = code ? 0 : kc_mono_ms();
    }
    *low = last->low;
    *high = last->high;
    return code ? failure(client, side, code) : NULL;
}

static struct kc_error *by_time(void *arg, int64_t timestamp, int64_t *offset)
{
    struct kc_lookup_client *client = arg;
    rd_kafka_t *consumer = NULL;
    struct kc_error *err = consumer_of(client, KC_LOOKUP_TARGET, &consumer);
    if (err)
        return err;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, client->lookup->remote, client->lookup->partition)
        ->offset = timestamp;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(consumer, list, time_left(client));
    if (!code)
        code = list->elems[0].err;
    *offset = code || list->elems[0].offset < 0 ? -1 : list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code ? failure(client, KC_LOOKUP_TARGET, code) : NULL;
}

static void add_mark(const rd_kafka_message_t *message, struct kc_record_window *window)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    kc_record_window_add(window, &(struct kc_record_mark){
                                     .offset = message->offset,
                                     .timestamp = timestamp,
                                     .content = kc_record_content(message->key, message->key_len,
                                                                  message->payload, message->len),
                                 });
    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME)
        window->records[window->count - 1].timestamp = -1;
}

/* Takes messages until there are enough, or the log has ended. */
static struct kc_error *fill(struct kc_lookup_client *client, enum kc_lookup_side side,
                             size_t wanted, struct kc_record_window *window)
{
    rd_kafka_t *consumer = client->consumers[side];
    size_t bytes = 0;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    while (!window->at_end && !code && bytes < WINDOW_BYTES &&
           (window->count < wanted || (window->count < AHEAD && bytes < AHEAD_BYTES))) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, time_left(client));
        if (!message) {
            code = RD_KAFKA_RESP_ERR__TIMED_OUT;
        } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            window->at_end = true;
        } else if (message->err) {
            code = message->err;
        } else {
            bytes += message->len + message->key_len;
            add_mark(message, window);
        }
        if (message)
            rd_kafka_message_destroy(message);
    }
    return code ? failure(client, side, code) : NULL;
}

static struct kc_error *read_anew(struct kc_lookup_client *client, enum kc_lookup_side side,
                                  int64_t from, size_t wanted, struct last_read *last)
{
    rd_kafka_t *consumer = NULL;
    struct kc_error *err = consumer_of(client, side, &consumer);
    if (err)
        return err;
    kc_record_window_clear(&last->window);
    last->from = from;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, last->topic, last->partition)->offset = from;
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    err = code ? failure(client, side, code) : fill(client, side, wanted, &last->window);
    rd_kafka_assign(consumer, NULL);
    last->read_ms = err ? 0 : kc_mono_ms();
    return err;
}

/* Copies what lies in [from, to); false: more would be needed. */
static bool copy_part(const struct last_read *last, int64_t from, int64_t to, size_t max,
                      struct kc_record_window *window)
{
    const struct kc_record_window *read = &last->window;
    size_t i = 0;
    while (i < read->count && read->records[i].offset < from)
        i++;
    for (; i < read->count && window->count < max && read->records[i].offset < to; i++)
        kc_record_window_add(window, &read->records[i]);
    window->at_start = from == 0;
    window->at_end = read->at_end && i == read->count;
    return read->at_end || i < read->count || window->count == max;
}

static struct kc_error *read_window(void *arg, enum kc_lookup_side side, int64_t from, int64_t to,
                                    size_t max, struct kc_record_window *window)
{
    struct kc_lookup_client *client = arg;
    struct last_read *last = last_of(client, side);
    bool fresh = last->read_ms && kc_mono_ms() - last->read_ms <= FRESH_MS;
    if (from >= to)
        return NULL;
    if (fresh && from >= last->from && copy_part(last, from, to, max, window))
        return NULL;
    kc_record_window_clear(window);
    struct kc_error *err = read_anew(client, side, from, max, last);
    if (!err)
        copy_part(last, from, to, max, window);
    return err;
}

struct kc_error *kc_lookup_client_find(struct kc_lookup_client *client,
                                       const struct kc_lookup *lookup, int64_t deadline_ms,
                                       enum kc_lookup_result *result, int64_t *downstream)
{
    struct kc_lookup_reader reader = {client, bounds, read_window, by_time};
    client->lookup = lookup;
    client->deadline_ms = deadline_ms;
    return kc_offset_lookup(&reader, lookup->upstream, lookup->low, lookup->high, deadline_ms,
                            result, downstream);
}
