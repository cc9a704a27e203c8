/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading for a mirror task, see source_consumer_priv.h.
 *
 * A poll waits for one message, and then takes the messages that are already there, up to a number
 * of records and bytes. The messages stay librdkafka's and are freed when the batch ends. This file
 * resets offsets itself, so that each reset is reported; librdkafka is set to raise an error
 * instead.
 */
#include "mirror_source/history_watch_priv.h"
#include "mirror_source/source_consumer_priv.h"

#include "connect/log.h"
#include "mirror/mirror_offsets.h"
#include "mirror_source/source_metrics_priv.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceTask");

#define MAX_RECORDS      2000
#define MAX_BYTES        (1024 * 1024)
#define MAX_STEP         500 /* messages taken at once */
#define WATERMARK_MS     5000
#define WARN_INTERVAL_MS 30000
#define ENDS_INTERVAL_MS 1000
/* The budget for all consumers. Each consumer has a share of the budget, and each of its partitions
 * a share of that. librdkafka stops fetching a partition when its share is full, so one fetch may
 * exceed it. */
#define QUEUE_BUDGET_KIB (16 * 1024)
#define MIN_QUEUE_KIB    16
#define FETCH_BYTES      "4194304" /* of one answer */

/* A topic with mirrored partitions; the opaque of its handle. */
struct source_topic {
    struct source_topic *next;
    rd_kafka_topic_t *handle;
    const char *name; /* the assignment's */
    struct kc_mirrored_partition **by_number;
    int32_t limit; /* of by_number */
};

struct kc_source_consumer {
    atomic_uint refs;
    char *alias; /* of the source cluster */
    char *reset; /* auto.offset.reset */
    struct kc_history_watch *history;
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    struct source_topic *topics;
    struct kc_mirror_assignment *assignment;
    bool started;
    size_t average_bytes; /* of a record */
    int64_t ends_due_ms;  /* the next look at where the partitions end */

    /* Repeated warnings. */
    rd_kafka_resp_err_t last_warning;
    int64_t last_warning_ms;
    size_t unwarned;

    rd_kafka_message_t *messages[MAX_RECORDS]; /* of the running poll */
};

/* ---- the assignment ---- */

/* The partitions of a topic follow each other, or nearly; names are compared by address. */
static struct source_topic *topic_of(struct kc_source_consumer *consumer, const char *name)
{
    for (struct source_topic *topic = consumer->topics; topic; topic = topic->next)
        if (topic->name == name)
            return topic;
    struct source_topic *topic = kc_calloc(1, sizeof(*topic));
    topic->name = name;
    topic->next = consumer->topics;
    consumer->topics = topic;
    return topic;
}

static void topic_add(struct source_topic *topic, struct kc_mirrored_partition *partition)
{
    if (partition->partition >= topic->limit) {
        int32_t limit = partition->partition + 16;
        topic->by_number = kc_realloc(topic->by_number, sizeof(*topic->by_number) * (size_t)limit);
        memset(topic->by_number + topic->limit, 0,
               sizeof(*topic->by_number) * (size_t)(limit - topic->limit));
        topic->limit = limit;
    }
    topic->by_number[partition->partition] = partition;
}

static void sort_by_topic(struct kc_source_consumer *consumer)
{
    for (size_t i = 0; i < kc_mirror_assignment_count(consumer->assignment); i++) {
        struct kc_mirrored_partition *partition = kc_mirror_assignment_at(consumer->assignment, i);
        topic_add(topic_of(consumer, partition->topic), partition);
    }
}

/* ---- the client ---- */

static struct kc_error *set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
    char text[256];
    if (rd_kafka_conf_set(conf, key, value, text, sizeof(text)) == RD_KAFKA_CONF_OK)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG, "Invalid value %s for client setting %s: %s", value, key,
                        text);
}

static atomic_uint consumers; /* that there are */

static size_t queue_share(size_t partitions)
{
    unsigned count = atomic_load(&consumers);
    size_t share = QUEUE_BUDGET_KIB / count / (partitions ? partitions : 1);
    return share < MIN_QUEUE_KIB ? MIN_QUEUE_KIB : share;
}

/* Keeps fetched messages within a budget, unless the user has set one. */
static struct kc_error *set_budget(rd_kafka_conf_t *conf, const struct kc_map *properties,
                                   size_t partitions)
{
    char wanted[32];
    snprintf(wanted, sizeof(wanted), "%zu", queue_share(partitions));
    struct kc_error *err = set(conf, "queued.max.messages.kbytes", wanted);
    if (!err && !kc_map_get(properties, "fetch.max.bytes"))
        err = set(conf, "fetch.max.bytes", FETCH_BYTES);
    return err;
}

static struct kc_error *open_client(struct kc_source_consumer *consumer,
                                    struct kc_source_context *context,
                                    const struct kc_mirror_config *config)
{
    struct kc_map *properties = kc_mirror_client_properties(
        config, KC_MIRROR_SOURCE, KC_CLIENT_CONSUMER, "replication-consumer");
    rd_kafka_conf_t *conf = NULL;
    consumer->reset = kc_strdup(kc_map_get(properties, "auto.offset.reset"));
    consumer->history = kc_history_watch_new(context, config, consumer->reset);
    struct kc_error *err = kc_client_conf(KC_CLIENT_CONSUMER, properties, &conf);
    if (!err)
        err = set_budget(conf, properties, kc_mirror_assignment_count(consumer->assignment));
    kc_map_destroy(properties);
    if (!err)
        err = set(conf, "group.id", "");
    if (!err)
        err = set(conf, "enable.auto.offset.store", "false");
    if (!err)
        err = set(conf, "auto.offset.reset", "error");
    if (err) {
        if (conf)
            rd_kafka_conf_destroy(conf);
        return err;
    }
    return kc_client_new(KC_CLIENT_CONSUMER, conf, &consumer->client);
}

static struct kc_error *open_topics(struct kc_source_consumer *consumer)
{
    for (struct source_topic *topic = consumer->topics; topic; topic = topic->next) {
        rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(consumer->client);
        rd_kafka_topic_conf_set_opaque(conf, topic);
        topic->handle = rd_kafka_topic_new(consumer->client, topic->name, conf);
        if (!topic->handle)
            return kc_client_error(rd_kafka_last_error(), "Could not read topic %s", topic->name);
    }
    consumer->queue = rd_kafka_queue_new(consumer->client);
    return NULL;
}

struct kc_error *kc_source_consumer_new(struct kc_source_context *context,
                                        const struct kc_mirror_config *config,
                                        struct kc_mirror_assignment *assignment,
                                        struct kc_source_consumer **consumer)
{
    struct kc_source_consumer *made = kc_calloc(1, sizeof(*made));
    atomic_init(&made->refs, 1);
    atomic_fetch_add(&consumers, 1);
    made->alias = kc_strdup(config->source);
    made->average_bytes = 1024;
    made->assignment = kc_mirror_assignment_ref(assignment);
    sort_by_topic(made);
    struct kc_error *err = open_client(made, context, config);
    if (!err)
        err = open_topics(made);
    if (err) {
        kc_source_consumer_unref(made);
        return err;
    }
    *consumer = made;
    return NULL;
}

struct kc_source_consumer *kc_source_consumer_ref(struct kc_source_consumer *consumer)
{
    atomic_fetch_add_explicit(&consumer->refs, 1, memory_order_relaxed);
    return consumer;
}

static void topics_destroy(struct source_topic *topic)
{
    while (topic) {
        struct source_topic *next = topic->next;
        if (topic->handle)
            rd_kafka_topic_destroy(topic->handle);
        free(topic->by_number);
        free(topic);
        topic = next;
    }
}

void kc_source_consumer_unref(struct kc_source_consumer *consumer)
{
    if (!consumer || atomic_fetch_sub_explicit(&consumer->refs, 1, memory_order_acq_rel) != 1)
        return;
    kc_source_consumer_stop(consumer);
    atomic_fetch_sub(&consumers, 1);
    if (consumer->queue)
        rd_kafka_queue_destroy(consumer->queue);
    topics_destroy(consumer->topics);
    if (consumer->client)
        rd_kafka_destroy(consumer->client);
    kc_mirror_assignment_unref(consumer->assignment);
    free(consumer->alias);
    free(consumer->reset);
    kc_history_watch_destroy(consumer->history);
    free(consumer);
}

static bool resets_to_latest(const struct kc_source_consumer *consumer)
{
    return strcasecmp(consumer->reset, "latest") == 0;
}

static bool resets(const struct kc_source_consumer *consumer)
{
    return strcasecmp(consumer->reset, "none") != 0;
}

static int64_t first_offset(const struct kc_source_consumer *consumer,
                            const struct kc_mirrored_partition *partition)
{
    if (partition->next_offset >= 0)
        return partition->next_offset;
    return resets_to_latest(consumer) ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;
}

struct kc_error *kc_source_consumer_start(struct kc_source_consumer *consumer)
{
    consumer->started = true;
    for (struct source_topic *topic = consumer->topics; topic; topic = topic->next)
        for (int32_t p = 0; p < topic->limit; p++) {
            struct kc_mirrored_partition *partition = topic->by_number[p];
            if (!partition)
                continue;
            if (partition->next_offset < 0 && !resets(consumer))
                return kc_error_new(KC_ERR_CONNECT,
                                    "There is no stored offset for %s-%d, and auto.offset.reset is "
                                    "none: set the connector's offsets, or choose earliest or "
                                    "latest",
                                    topic->name, p);
            if (partition->next_offset >= 0)
                kc_source_metrics_start(partition, partition->next_offset);
            if (rd_kafka_consume_start_queue(topic->handle, p, first_offset(consumer, partition),
                                             consumer->queue) != 0)
                return kc_client_error(rd_kafka_last_error(), "Could not read %s-%d on %s",
                                       topic->name, p, consumer->alias);
        }
    return NULL;
}

void kc_source_consumer_stop(struct kc_source_consumer *consumer)
{
    if (!consumer->started)
        return;
    consumer->started = false;
    for (struct source_topic *topic = consumer->topics; topic; topic = topic->next)
        for (int32_t p = 0; p < topic->limit; p++)
            if (topic->by_number[p])
                rd_kafka_consume_stop(topic->handle, p);
}

void kc_source_consumer_wake(struct kc_source_consumer *consumer)
{
    rd_kafka_queue_yield(consumer->queue);
}

/* ---- trouble ---- */

/* Logs the failure; the same one at most twice a minute. */
static void warn(struct kc_source_consumer *consumer, const rd_kafka_message_t *message)
{
    int64_t now = kc_mono_ms();
    if (message->err == consumer->last_warning &&
        now - consumer->last_warning_ms < WARN_INTERVAL_MS) {
        consumer->unwarned++;
        return;
    }
    kc_warn("Could not read %s%s%.0d from %s: %s. It is tried again; %zu such errors since the "
            "last line.",
            message->rkt ? rd_kafka_topic_name(message->rkt) : "records", message->rkt ? "-" : "",
            message->rkt ? message->partition : 0, consumer->alias,
            rd_kafka_message_errstr(message), consumer->unwarned);
    consumer->last_warning = message->err;
    consumer->last_warning_ms = now;
    consumer->unwarned = 0;
}

/* The requested offset isn't in the log (any more): continues by policy, and says so. */
static struct kc_error *reset_offset(struct kc_source_consumer *consumer,
                                     struct kc_mirrored_partition *partition,
                                     const rd_kafka_message_t *message)
{
    int64_t low = 0, high = 0;
    int64_t asked = partition->next_offset >= 0 ? partition->next_offset : message->offset;
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        consumer->client, partition->topic, partition->partition, &low, &high, WATERMARK_MS);
    int64_t going_on = asked; /* not known now: the broker will answer the same again, if need be */
    struct kc_error *err = code ? NULL
                                : kc_history_watch_lost(consumer->history, partition, false, asked,
                                                        low, high, &going_on);
    if (err)
        return err;
    partition->next_offset = going_on;
    kc_source_metrics_start(partition, going_on);
    /* A seek doesn't wake a partition that has stopped because it had no offset. */
    rd_kafka_consume_stop(message->rkt, partition->partition);
    if (rd_kafka_consume_start_queue(message->rkt, partition->partition, going_on,
                                     consumer->queue) != 0)
        return kc_client_error(rd_kafka_last_error(), "Could not read %s-%d on %s from offset %lld",
                               partition->topic, partition->partition, consumer->alias,
                               (long long)going_on);
    return NULL;
}

static struct kc_mirrored_partition *partition_of(const rd_kafka_message_t *message)
{
    struct source_topic *topic = message->rkt ? rd_kafka_topic_opaque(message->rkt) : NULL;
    bool known = topic && message->partition >= 0 && message->partition < topic->limit;
    return known ? topic->by_number[message->partition] : NULL;
}

/* Takes an event that came in the place of a message. */
static struct kc_error *handle_event(struct kc_source_consumer *consumer,
                                     rd_kafka_message_t *message)
{
    struct kc_error *err = NULL;
    struct kc_mirrored_partition *partition = partition_of(message);
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && partition)
        err = reset_offset(consumer, partition, message);
    else if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
        warn(consumer, message);
    rd_kafka_message_destroy(message);
    return err;
}

/* ---- messages into records ---- */

/* The messages that a batch owns, and their consumer. */
struct held_messages {
    struct kc_source_consumer *consumer;
    size_t count;
    rd_kafka_message_t *messages[];
};

static void release(void *arg)
{
    struct held_messages *held = arg;
    for (size_t i = 0; i < held->count; i++)
        rd_kafka_message_destroy(held->messages[i]);
    kc_source_consumer_unref(held->consumer);
    free(held);
}

static void copy_headers(struct kc_source_consumer *consumer, struct kc_batch *batch,
                         struct kc_record *record, const rd_kafka_headers_t *source)
{
    size_t count = rd_kafka_header_cnt(source);
    struct kc_header *headers = kc_batch_alloc(batch, count * sizeof(*headers));
    for (size_t i = 0; i < count; i++) {
        const char *key = NULL;
        const void *value = NULL;
        size_t len = 0;
        rd_kafka_header_get_all(source, i, &key, &value, &len);
        headers[i] = (struct kc_header){key, value ? KC_BYTES : KC_OPTIONAL_BYTES,
                                        kc_value_bytes(value, len)};
    }
    record->headers = headers;
    record->header_count = (uint32_t)count;
}

static void fill(struct kc_source_consumer *consumer, struct kc_batch *batch,
                 struct kc_mirrored_partition *partition, rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers = NULL;
    struct kc_record *record = kc_batch_add(batch);
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    record->topic = partition->remote;
    record->partition = partition->partition;
    /* A target may refuse a time before 1970, and with it the record. */
    record->timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? KC_TIMELESS
                        : timestamp >= KC_TIMELESS               ? timestamp
                                                                 : KC_NO_TIMESTAMP;
    record->key_schema = KC_OPTIONAL_BYTES;
    record->key = kc_value_bytes(message->key, message->key_len);
    record->value_schema = KC_BYTES;
    record->value = kc_value_bytes(message->payload, message->len);
    record->source_partition = partition->source;
    record->source_offset = (struct kc_source_offset){.field = "offset", .number = message->offset};
    record->task_data = partition;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        copy_headers(consumer, batch, record, headers);
    partition->next_offset = message->offset + 1;
}

static void take_age(struct kc_sample *ages, int64_t now, int64_t timestamp)
{
    if (timestamp >= 0)
        kc_sample_take(ages, now > timestamp ? now - timestamp : 0);
}

static void end_ages(const struct kc_mirrored_partition *partition, struct kc_sample *ages)
{
    if (partition)
        kc_source_metrics_ages(partition, ages);
    *ages = (struct kc_sample){0};
}

static struct kc_batch *make_batch(struct kc_source_consumer *consumer, size_t count)
{
    struct kc_batch *batch = kc_batch_new(count);
    struct held_messages *held = kc_malloc(sizeof(*held) + count * sizeof(held->messages[0]));
    const rd_kafka_topic_t *topic = NULL;
    struct kc_mirrored_partition *partition = NULL;
    struct kc_sample ages = {0};
    int64_t now = kc_now_ms();
    held->consumer = kc_source_consumer_ref(consumer);
    held->count = count;
    memcpy(held->messages, consumer->messages, count * sizeof(held->messages[0]));
    for (size_t i = 0; i < count; i++) {
        rd_kafka_message_t *message = held->messages[i];
        if (!partition || message->rkt != topic || message->partition != partition->partition) {
            end_ages(partition, &ages);
            topic = message->rkt;
            partition = partition_of(message);
        }
        fill(consumer, batch, partition, message);
        take_age(&ages, now, rd_kafka_message_timestamp(message, NULL));
    }
    end_ages(partition, &ages);
    kc_batch_own(batch, held, release);
    return batch;
}

/* ---- polling ---- */

/* How many messages to take next, so that the batch stays near its limits. */
static size_t next_step(const struct kc_source_consumer *consumer, size_t count, size_t bytes)
{
    size_t step = (MAX_BYTES - bytes) / consumer->average_bytes + 1;
    if (step > MAX_STEP)
        step = MAX_STEP;
    return step < MAX_RECORDS - count ? step : MAX_RECORDS - count;
}

/* Keeps the messages of those taken, handles the events; adds to *count and *bytes. */
static struct kc_error *sort_out(struct kc_source_consumer *consumer, size_t taken, size_t *count,
                                 size_t *bytes)
{
    struct kc_error *err = NULL;
    size_t first = *count, kept = first, sum = 0;
    for (size_t i = first; i < first + taken; i++) {
        rd_kafka_message_t *message = consumer->messages[i];
        if (!message->err) {
            sum += message->len + message->key_len;
            consumer->messages[kept++] = message;
            continue;
        }
        struct kc_error *failure = handle_event(consumer, message);
        if (err)
            kc_error_destroy(failure);
        else
            err = failure;
    }
    if (kept > first)
        consumer->average_bytes = (consumer->average_bytes + sum / (kept - first)) / 2 + 1;
    *count = kept;
    *bytes += sum;
    return err;
}

/* Now and then, takes the partitions' end offsets from the client's last fetch. */
static void note_ends(struct kc_source_consumer *consumer)
{
    int64_t now = kc_mono_ms();
    if (now < consumer->ends_due_ms)
        return;
    consumer->ends_due_ms = now + ENDS_INTERVAL_MS;
    for (size_t i = 0; i < kc_mirror_assignment_count(consumer->assignment); i++) {
        const struct kc_mirrored_partition *partition =
            kc_mirror_assignment_at(consumer->assignment, i);
        int64_t low = -1, high = -1;
        if (rd_kafka_get_watermark_offsets(consumer->client, partition->topic, partition->partition,
                                           &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR ||
            high < 0)
            continue;
        kc_source_metrics_end(partition, high);
        if (low == high) /* empty: nothing to be behind of */
            kc_source_metrics_done(partition, high);
    }
}

struct kc_error *kc_source_consumer_poll(struct kc_source_consumer *consumer, int timeout_ms,
                                         struct kc_batch **batch)
{
    size_t count = 0, bytes = 0, wanted = 1;
    struct kc_error *err = NULL;
    *batch = NULL;
    rd_kafka_poll(consumer->client, 0);
    note_ends(consumer);
    while (!err && wanted > 0 && bytes < MAX_BYTES) {
        ssize_t taken = rd_kafka_consume_batch_queue(consumer->queue, timeout_ms,
                                                     consumer->messages + count, wanted);
        if (taken <= 0)
            break;
        err = sort_out(consumer, (size_t)taken, &count, &bytes);
        if ((size_t)taken < wanted)
            break;
        timeout_ms = 0;
        wanted = bytes < MAX_BYTES ? next_step(consumer, count, bytes) : 0;
    }
    if (err) {
        while (count > 0)
            rd_kafka_message_destroy(consumer->messages[--count]);
        return err;
    }
    if (count > 0)
        *batch = make_batch(consumer, count);
    return NULL;
}
