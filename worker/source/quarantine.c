/* SPDX-License-Identifier: Apache-2.0 */
/* The quarantine topic: see quarantine.h. */
#include "source/quarantine.h"

#include "connect/log.h"
#include "data/error_policy.h"
#include "data/error_topic.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.runtime.quarantine");

enum {
    MOST_RECORDS = 1000, /* under way */
    MOST_BYTES = 16 << 20,
    POLL_MS = 100,
    PURGE_MS = 5000,
    WARN_INTERVAL_MS = 30000,
    SHOWN_MAX = 300, /* bytes of a topic's name, which may be anything */
};
/* By default a broker takes no larger request (socket.request.max.bytes). */
#define LARGEST "104857600"
/* Twice that, and what may be under way. */
#define MEMORY "268435456"

struct kc_quarantine {
    char *topic;
    char *source_alias;
    struct kc_task_host *host;
    void (*done)(void *opaque, void *owner, bool written);
    void (*failed)(void *opaque, struct kc_error *err);
    void *opaque;
    rd_kafka_t *producer;
    atomic_size_t records; /* under way */
    atomic_size_t bytes;
    atomic_bool closing;
    /* The task's thread. */
    bool warned;
    int64_t warned_ms;
    size_t unwarned;
};

/* A record under way. */
struct quarantine_entry {
    void *owner;
    size_t bytes;
    bool value_omitted;
};

/* ---- settings ---- */

bool kc_quarantine_wanted(const struct kc_config *config)
{
    char *topic = kc_error_topic_name(config, KC_QUARANTINE_TOPIC_SETTING);
    bool wanted = topic != NULL;
    free(topic);
    return wanted;
}

const char *kc_quarantine_refusal(const char *tolerance, bool exactly_once)
{
    if (exactly_once)
        return "Records can't be put in quarantine by a worker with exactly-once source support, "
               "where a refused record ends the transaction: remove errors.quarantine.topic.name, "
               "or "
               "set exactly.once.source.support=disabled for the worker.";
    if (!tolerance || strcasecmp(tolerance, "all") != 0)
        return "errors.quarantine.topic.name has no effect while errors.tolerance is none, since a "
               "record that the target refuses fails the task: set errors.tolerance=all, or remove "
               "errors.quarantine.topic.name.";
    return NULL;
}

/* ---- outcomes ---- */

static void entry_end(struct kc_quarantine *quarantine, struct quarantine_entry *entry,
                      bool written)
{
    quarantine->done(quarantine->opaque, entry->owner, written);
    atomic_fetch_sub(&quarantine->bytes, entry->bytes);
    atomic_fetch_sub(&quarantine->records, 1);
    free(entry);
}

static void report_failure(struct kc_quarantine *quarantine, rd_kafka_resp_err_t code)
{
    struct kc_error *cause =
        kc_client_error(code, "Writing to the quarantine topic %s", quarantine->topic);
    quarantine->failed(
        quarantine->opaque,
        kc_error_caused(
            kc_error_new(
                KC_ERR_CONNECT,
                "A record that the target has refused can't be put in "
                "quarantine, and its offset isn't committed: make the topic "
                "%s writable, or skip such records by leaving out " KC_QUARANTINE_TOPIC_SETTING,
                quarantine->topic),
            cause));
}

static rd_kafka_resp_err_t produce(struct kc_quarantine *quarantine, const void *key,
                                   size_t key_len, const void *value, size_t value_len,
                                   rd_kafka_headers_t *headers, struct quarantine_entry *entry)
{
    return rd_kafka_producev(
        quarantine->producer, RD_KAFKA_V_TOPIC(quarantine->topic),
        RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value_len), RD_KAFKA_V_KEY(key, key_len),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(entry), RD_KAFKA_V_END);
}

/* A record that is too large even here goes without its value. */
static rd_kafka_resp_err_t produce_without(struct kc_quarantine *quarantine, const void *key,
                                           size_t key_len, size_t value_len,
                                           rd_kafka_headers_t *headers,
                                           struct quarantine_entry *entry)
{
    entry->value_omitted = true;
    kc_error_header_number(headers, "value.omitted", (int64_t)value_len);
    return produce(quarantine, key, key_len, NULL, 0, headers, entry);
}

static bool try_without(struct kc_quarantine *quarantine, const rd_kafka_message_t *message,
                        struct quarantine_entry *entry)
{
    rd_kafka_headers_t *existing = NULL;
    if (message->err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || entry->value_omitted ||
        rd_kafka_message_headers(message, &existing))
        return false;
    rd_kafka_headers_t *headers = rd_kafka_headers_copy(existing);
    if (!produce_without(quarantine, message->key, message->key_len, message->len, headers, entry))
        return true;
    rd_kafka_headers_destroy(headers);
    return false;
}

static void on_report(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    struct kc_quarantine *quarantine = opaque;
    struct quarantine_entry *entry = message->_private;
    bool closing = atomic_load(&quarantine->closing);
    if (message->err && !closing && try_without(quarantine, message, entry))
        return;
    if (!message->err)
        atomic_fetch_add(&kc_task_host_metrics(quarantine->host)->quarantined, 1);
    else if (!closing)
        report_failure(quarantine, message->err);
    entry_end(quarantine, entry, !message->err);
}

bool kc_quarantine_serve(struct kc_quarantine *quarantine, int wait_ms)
{
    if (atomic_load(&quarantine->records) == 0)
        return false;
    rd_kafka_poll(quarantine->producer, wait_ms);
    return atomic_load(&quarantine->records) > 0;
}

/* ---- making ---- */

static struct kc_error *ensure_topic(const struct kc_quarantine_settings *settings,
                                     const char *topic)
{
    struct kc_map *config = kc_map_new();
    kc_map_set(config, "max.message.bytes", LARGEST);
    kc_map_set(config, "cleanup.policy", "delete");
    const struct kc_new_topic wanted = {
        topic, 1,
        (int16_t)kc_config_long(settings->config, "errors.quarantine.topic.replication.factor"),
        config};
    struct kc_error *err = kc_error_topic_ensure(settings->admin, &wanted, "quarantine");
    kc_map_destroy(config);
    return err;
}

static struct kc_error *open_producer(const struct kc_map *properties,
                                      struct kc_quarantine *quarantine)
{
    rd_kafka_conf_t *conf = NULL;
    struct kc_map *map = kc_map_copy(properties);
    kc_map_set(map, "max.request.size", LARGEST);
    kc_map_set(map, "buffer.memory", MEMORY);
    kc_map_set(map, "linger.ms", "0");
    struct kc_error *err = kc_client_conf(KC_CLIENT_PRODUCER, map, &conf);
    kc_map_destroy(map);
    if (err)
        return err;
    static const char *const settings[][2] = {
        {"batch.num.messages", "1"},
        /* A topic missing for less than this time may be a new one. The quarantine topic was
         * created before, so when it is deleted its records must fail. */
        {"topic.metadata.propagation.max.ms", "2000"},
    };
    char text[256];
    for (size_t i = 0; !err && i < sizeof(settings) / sizeof(settings[0]); i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], text, sizeof(text)))
            err = kc_error_new(KC_ERR_CONNECT, "Configuring the quarantine's producer: %s", text);
    if (err) {
        rd_kafka_conf_destroy(conf);
        return err;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_opaque(conf, quarantine);
    return kc_client_new(KC_CLIENT_PRODUCER, conf, &quarantine->producer);
}

struct kc_error *kc_quarantine_new(const struct kc_quarantine_settings *settings,
                                   struct kc_quarantine **quarantine)
{
    struct kc_quarantine *made = kc_calloc(1, sizeof(*made));
    made->topic = kc_error_topic_name(settings->config, KC_QUARANTINE_TOPIC_SETTING);
    made->source_alias = settings->source_alias ? kc_strdup(settings->source_alias) : NULL;
    made->host = settings->host;
    made->done = settings->done;
    made->failed = settings->failed;
    made->opaque = settings->opaque;
    struct kc_error *err = ensure_topic(settings, made->topic);
    if (!err)
        err = open_producer(settings->producer, made);
    if (err) {
        kc_quarantine_destroy(made);
        return err;
    }
    kc_info("Records that the target refuses go to the quarantine topic %s", made->topic);
    *quarantine = made;
    return NULL;
}

static void give_up(struct kc_quarantine *quarantine)
{
    int64_t deadline = kc_mono_ms() + PURGE_MS;
    atomic_store(&quarantine->closing, true);
    rd_kafka_purge(quarantine->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (atomic_load(&quarantine->records) > 0 && kc_mono_ms() < deadline)
        rd_kafka_poll(quarantine->producer, POLL_MS);
}

void kc_quarantine_destroy(struct kc_quarantine *quarantine)
{
    if (!quarantine)
        return;
    if (quarantine->producer) {
        give_up(quarantine);
        rd_kafka_destroy(quarantine->producer);
    }
    free(quarantine->source_alias);
    free(quarantine->topic);
    free(quarantine);
}

/* ---- headers ---- */

static void add_json(rd_kafka_headers_t *headers, const char *name, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    kc_error_header_text(headers, name, text);
    free(text);
}

/* MM2's source partitions name topic and partition; for others the whole map is shown. */
static void add_source(const struct kc_quarantine *quarantine, rd_kafka_headers_t *headers,
                       const struct kc_refused_record *record)
{
    const json_t *map =
        record->source_partition ? kc_source_partition_map(record->source_partition) : NULL;
    const json_t *topic = json_object_get(map, "topic"),
                 *partition = json_object_get(map, "partition");
    const char *cluster = json_string_value(json_object_get(map, "cluster"));
    if (json_is_string(topic) && json_is_integer(partition)) {
        kc_error_header_text(headers, "topic", json_string_value(topic));
        kc_error_header_number(headers, "partition", json_integer_value(partition));
    } else if (map) {
        add_json(headers, "source.partition", map);
    }
    if (record->source_offset.field)
        kc_error_header_number(headers, "offset", record->source_offset.number);
    else if (record->source_offset.map)
        add_json(headers, "source.offset", record->source_offset.map);
    if (quarantine->source_alias || cluster)
        kc_error_header_text(headers, "source.cluster.alias",
                             quarantine->source_alias ? quarantine->source_alias : cluster);
}

static rd_kafka_headers_t *headers_of(const struct kc_quarantine *quarantine,
                                      const struct kc_refused_record *record,
                                      const struct kc_error *why)
{
    const struct kc_build_record *sent = &record->sent;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(sent->header_count + 16);
    for (size_t i = 0; i < sent->header_count; i++)
        rd_kafka_header_add(headers, sent->headers[i].key, (ssize_t)sent->headers[i].key_len,
                            sent->headers[i].data,
                            sent->headers[i].data ? (ssize_t)sent->headers[i].len : 0);
    add_source(quarantine, headers, record);
    kc_error_header_number(headers, "timestamp", sent->timestamp);
    char *target = kc_strndup(record->topic, strnlen(record->topic, SHOWN_MAX));
    kc_error_header_text(headers, "target.topic", target);
    free(target);
    if (record->partition != KC_NO_PARTITION)
        kc_error_header_number(headers, "target.partition", record->partition);
    kc_error_header_text(headers, "connector.name", kc_task_host_connector(quarantine->host));
    kc_error_header_number(headers, "task.id", kc_task_host_task(quarantine->host));
    kc_error_header_text(headers, "stage", kc_stage_name(KC_STAGE_KAFKA_PRODUCE));
    kc_error_header_text(headers, "class.name",
                         "org.apache.kafka.connect.runtime.WorkerSourceTask");
    kc_error_header_number(headers, "error.code", kc_error_kafka_code(why));
    kc_error_header_error(headers, why);
    return headers;
}

/* ---- adding ---- */

static void tell(struct kc_quarantine *quarantine, const struct kc_refused_record *record,
                 const struct kc_error *why)
{
    int64_t now = kc_mono_ms();
    if (quarantine->warned && now - quarantine->warned_ms < WARN_INTERVAL_MS) {
        quarantine->unwarned++;
        return;
    }
    kc_warn("The target refuses a record for %.*s-%d (source offset %lld), which goes to the "
            "quarantine topic %s: %s. %zu more since the last such line.",
            SHOWN_MAX, record->topic, record->partition,
            record->source_offset.field ? (long long)record->source_offset.number : -1,
            quarantine->topic, kc_error_text(why), quarantine->unwarned);
    quarantine->warned = true;
    quarantine->warned_ms = now;
    quarantine->unwarned = 0;
}

/* One may always go. */
static bool has_room(const struct kc_quarantine *quarantine, size_t bytes)
{
    size_t records = atomic_load(&quarantine->records);
    return records == 0 ||
           (records < MOST_RECORDS && atomic_load(&quarantine->bytes) + bytes <= MOST_BYTES);
}

static rd_kafka_resp_err_t send_record(struct kc_quarantine *quarantine,
                                       const struct kc_build_record *sent,
                                       rd_kafka_headers_t *headers, struct quarantine_entry *entry)
{
    rd_kafka_resp_err_t code =
        produce(quarantine, sent->key, sent->key_len, sent->value, sent->value_len, headers, entry);
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        code =
            produce_without(quarantine, sent->key, sent->key_len, sent->value_len, headers, entry);
    return code;
}

struct kc_error *kc_quarantine_add(struct kc_quarantine *quarantine,
                                   const struct kc_refused_record *record,
                                   const struct kc_error *why, void *owner)
{
    size_t bytes = record->sent.key_len + record->sent.value_len;
    while (!has_room(quarantine, bytes)) {
        if (kc_task_host_cancelled(quarantine->host))
            return kc_error_new(KC_ERR_WAKEUP, "The task has been cancelled while sending");
        rd_kafka_poll(quarantine->producer, POLL_MS);
    }
    tell(quarantine, record, why);
    struct quarantine_entry *entry = kc_calloc(1, sizeof(*entry));
    *entry = (struct quarantine_entry){.owner = owner, .bytes = bytes};
    atomic_fetch_add(&quarantine->records, 1);
    atomic_fetch_add(&quarantine->bytes, bytes);
    rd_kafka_headers_t *headers = headers_of(quarantine, record, why);
    rd_kafka_resp_err_t code = send_record(quarantine, &record->sent, headers, entry);
    if (code) {
        rd_kafka_headers_destroy(headers);
        report_failure(quarantine, code);
        entry_end(quarantine, entry, false);
    }
    return NULL;
}
