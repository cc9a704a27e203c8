/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot path of source tasks: see record_lane_priv.h.
 *
 * Per record: one probe of a small cache for the topic (its address, within a batch), one
 * rd_kafka_producev() by topic object without copying the payload, one count. The acknowledgement
 * thread sits in rd_kafka_poll(), which hands over all reports that have come in since. Outcomes
 * are counted atomically: within a transaction's end librdkafka serves them on the task's thread,
 * too, and one lost would be in flight for ever.
 *
 * The byte bound counts what a record costs in memory, not only its payload. Producers that have
 * set none share one budget of the process: who sends has its part of it, divided by the number of
 * those who do. A producer joins with a send and leaves when the acknowledgement thread finds
 * nothing in flight; that number is a hint, and no harm comes of its being late by a round.
 */
#include "source/record_lane_priv.h"

#include "base/thread.h"
#include "connect/hash.h"
#include "connect/log.h"
#include "kafka/client_access.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerSourceTask");

enum {
    POLL_MS = 100,
    IDLE_POLL_MS = 500,
    WAIT_MS = 20,             /* between looks when a wake-up was missed */
    TOPIC_CACHE = 32,         /* addresses of topic names within a batch */
    RECORD_OVERHEAD = 512,    /* the client's message, record, slot */
    BUFFER_MEMORY = 16 << 20, /* of one producer */
    SHARED_MEMORY = 8 << 20,  /* of all that send at a time */
    LEAST_MEMORY = 512 << 10, /* of one, however many there are */
    ANNOUNCE_MS = 5000,
    TOPIC_NAME_MAX = 249,
};

static atomic_uint senders; /* producers with something in flight, about */

struct kc_target_topic {
    char *name;
    rd_kafka_topic_t *handle;
    bool ready; /* the task's thread */
    _Atomic int64_t announced_ms;
    UT_hash_handle hh;
};

struct cached_topic {
    const char *name; /* an address, valid within batch number `batch` */
    uint64_t batch;
    struct kc_target_topic *topic;
};

struct kc_source_producer {
    rd_kafka_conf_t *conf;     /* until there is a client */
    rd_kafka_queue_t *reports; /* what rd_kafka_poll() serves; set before client */
    _Atomic(rd_kafka_t *) client;
    struct kc_source_producer_events events;
    void *opaque;
    char *log_context;
    uint64_t max_bytes;  /* set by the user; 0: a share of what all have */
    atomic_bool sending; /* counted in `senders` */
    /* The task's thread. */
    struct kc_target_topic *topics;
    struct cached_topic cache[TOPIC_CACHE];
    uint64_t batch;
    atomic_uint_fast64_t sent;
    atomic_uint_fast64_t sent_bytes;
    /* The acknowledgement thread; beside it the task's, where librdkafka serves outcomes while it
     * commits or aborts a transaction. */
    atomic_uint_fast64_t done;
    atomic_uint_fast64_t done_bytes;
    _Atomic(const rd_kafka_topic_t *) last_topic;
    _Atomic int64_t round_ms;
    /* Waiting for room. */
    pthread_t thread;
    bool started;
    atomic_bool closing;
    atomic_bool cancelled;
    atomic_bool waiting;
    pthread_mutex_t mutex;
    pthread_cond_t room;
    pthread_cond_t roused; /* the acknowledgement thread, while there is no client to poll */
    bool rouse;            /* with mutex */
};

/* ---- the acknowledgement thread ---- */

static void announce(struct kc_source_producer *producer, const rd_kafka_message_t *message)
{
    struct kc_target_topic *topic = rd_kafka_topic_opaque(message->rkt);
    int64_t now = atomic_load_explicit(&producer->round_ms, memory_order_relaxed);
    atomic_store_explicit(&producer->last_topic, message->rkt, memory_order_relaxed);
    if (!topic ||
        now - atomic_load_explicit(&topic->announced_ms, memory_order_relaxed) < ANNOUNCE_MS)
        return;
    atomic_store_explicit(&topic->announced_ms, now, memory_order_relaxed);
    producer->events.topic_used(producer->opaque, topic->name);
}

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    (void)client;
    struct kc_source_producer *producer = opaque;
    if (message->rkt != atomic_load_explicit(&producer->last_topic, memory_order_relaxed) &&
        !message->err)
        announce(producer, message);
    uint64_t bytes = message->len + message->key_len + RECORD_OVERHEAD;
    producer->events.outcome(producer->opaque, message);
    atomic_fetch_add_explicit(&producer->done_bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&producer->done, 1, memory_order_release);
}

/* ---- the budget ---- */

static uint64_t in_flight(const struct kc_source_producer *producer)
{
    uint64_t done = atomic_load(&producer->done);
    return atomic_load(&producer->sent) - done;
}

static uint64_t in_flight_bytes(const struct kc_source_producer *producer)
{
    return atomic_load_explicit(&producer->sent_bytes, memory_order_relaxed) -
           atomic_load_explicit(&producer->done_bytes, memory_order_relaxed);
}

/* The task's thread. */
static void join_senders(struct kc_source_producer *producer)
{
    if (!atomic_load_explicit(&producer->sending, memory_order_relaxed) &&
        !atomic_exchange(&producer->sending, true))
        atomic_fetch_add(&senders, 1);
}

/* The acknowledgement thread, and whoever ends the producer. */
static void leave_senders(struct kc_source_producer *producer)
{
    if (atomic_load_explicit(&producer->sending, memory_order_relaxed) &&
        atomic_exchange(&producer->sending, false))
        atomic_fetch_sub(&senders, 1);
}

static uint64_t most_bytes(const struct kc_source_producer *producer)
{
    if (producer->max_bytes)
        return producer->max_bytes;
    unsigned count = atomic_load_explicit(&senders, memory_order_relaxed);
    uint64_t share = SHARED_MEMORY / (count ? count : 1);
    return share < LEAST_MEMORY ? LEAST_MEMORY : share > BUFFER_MEMORY ? BUFFER_MEMORY : share;
}

/* ---- the acknowledgement thread's loop ---- */

static void rouse(struct kc_source_producer *producer)
{
    pthread_mutex_lock(&producer->mutex);
    producer->rouse = true;
    pthread_cond_signal(&producer->roused);
    pthread_mutex_unlock(&producer->mutex);
}

static void doze(struct kc_source_producer *producer, int ms)
{
    int64_t until = kc_mono_ms() + ms;
    pthread_mutex_lock(&producer->mutex);
    while (!producer->rouse && kc_mono_ms() < until)
        kc_cond_wait_until(&producer->roused, &producer->mutex, until);
    producer->rouse = false;
    pthread_mutex_unlock(&producer->mutex);
}

static void *serve(void *arg)
{
    struct kc_source_producer *producer = arg;
    bool busy = false;
    kc_log_set_context(producer->log_context);
    while (!atomic_load(&producer->closing)) {
        rd_kafka_t *client = producer->client;
        int ms = busy || in_flight(producer) > 0 ? POLL_MS : IDLE_POLL_MS;
        if (client)
            rd_kafka_poll(client, ms);
        else
            doze(producer, ms);
        int64_t now = kc_mono_ms();
        if (now - producer->round_ms >= ANNOUNCE_MS)
            producer->last_topic = NULL;
        producer->round_ms = now;
        busy = producer->events.served(producer->opaque);
        if (in_flight(producer) == 0)
            leave_senders(producer);
        if (!atomic_load(&producer->waiting))
            continue;
        pthread_mutex_lock(&producer->mutex);
        pthread_cond_broadcast(&producer->room);
        pthread_mutex_unlock(&producer->mutex);
    }
    return NULL;
}

/* ---- making ---- */

/* What differs from Java's producer: how much may be buffered (a worker runs many tasks, and the
 * payloads aren't copied), and that full batches form by themselves under load. */
static struct kc_map *with_defaults(const struct kc_map *properties, uint64_t *max_bytes)
{
    struct kc_map *map = kc_map_copy(properties);
    const char *memory = kc_map_get(map, "buffer.memory");
    char *end = NULL;
    long long bytes = memory ? strtoll(memory, &end, 10) : 0;
    *max_bytes = memory && end != memory && bytes > 0 ? (uint64_t)bytes : 0;
    kc_map_set_default(map, "linger.ms", "5");
    kc_map_set_default(map, "batch.size", "1000000");
    return map;
}

struct kc_error *kc_source_producer_new(const struct kc_map *properties,
                                        const struct kc_source_producer_events *events,
                                        void *opaque, const char *log_context,
                                        struct kc_source_producer **producer)
{
    struct kc_source_producer *made = kc_calloc(1, sizeof(*made));
    made->events = *events;
    made->opaque = opaque;
    made->log_context = kc_strdup(log_context);
    made->round_ms = kc_mono_ms();
    made->batch = 1;
    pthread_mutex_init(&made->mutex, NULL);
    kc_cond_init(&made->room);
    kc_cond_init(&made->roused);
    struct kc_map *map = with_defaults(properties, &made->max_bytes);
    struct kc_error *err = kc_client_conf(KC_CLIENT_PRODUCER, map, &made->conf);
    kc_map_destroy(map);
    if (!err) {
        rd_kafka_conf_set_dr_msg_cb(made->conf, on_report);
        rd_kafka_conf_set_opaque(made->conf, made);
        err = kc_thread_start(&made->thread, "source-acks", serve, made);
    }
    if (err) {
        kc_source_producer_destroy(made, 0);
        return err;
    }
    made->started = true;
    *producer = made;
    return NULL;
}

struct kc_error *kc_source_producer_open(struct kc_source_producer *producer)
{
    if (atomic_load_explicit(&producer->client, memory_order_relaxed))
        return NULL;
    if (!producer->conf)
        return kc_error_new(KC_ERR_CONNECT, "The task's producer could not be made before");
    rd_kafka_conf_t *conf = producer->conf;
    rd_kafka_t *client = NULL;
    producer->conf = NULL; /* taken, whatever comes of it */
    struct kc_error *err = kc_client_new(KC_CLIENT_PRODUCER, conf, &client);
    if (err)
        return err;
    producer->reports = rd_kafka_queue_get_main(client);
    producer->client = client;
    rouse(producer);
    return NULL;
}

rd_kafka_t *kc_source_producer_client(struct kc_source_producer *producer)
{
    return producer->client;
}

/* ---- topics ---- */

bool kc_is_topic_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strnlen(name, TOPIC_NAME_MAX + 1);
    return len > 0 && len <= TOPIC_NAME_MAX && strspn(name, allowed) == len &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

void kc_source_producer_begin_batch(struct kc_source_producer *producer)
{
    producer->batch++;
}

static struct kc_target_topic *make_topic(struct kc_source_producer *producer, const char *name)
{
    struct kc_target_topic *topic = kc_calloc(1, sizeof(*topic));
    topic->name = kc_strdup(name);
    topic->announced_ms = INT64_MIN / 2;
    HASH_ADD_KEYPTR(hh, producer->topics, topic->name, strlen(topic->name), topic);
    return topic;
}

struct kc_target_topic *kc_source_producer_topic(struct kc_source_producer *producer,
                                                 const char *name, bool *first)
{
    uintptr_t address = (uintptr_t)name;
    struct cached_topic *cached = &producer->cache[(address >> 4 ^ address >> 9) % TOPIC_CACHE];
    if (cached->name != name || cached->batch != producer->batch) {
        struct kc_target_topic *topic = NULL;
        HASH_FIND_STR(producer->topics, name, topic);
        *cached = (struct cached_topic){name, producer->batch,
                                        topic ? topic : make_topic(producer, name)};
    }
    *first = !cached->topic->ready;
    return cached->topic;
}

void kc_target_topic_ready(struct kc_target_topic *topic)
{
    topic->ready = true;
}

/* ---- sending ---- */

static rd_kafka_topic_t *make_handle(struct kc_source_producer *producer,
                                     struct kc_target_topic *topic)
{
    /* A configuration of its own loses the client's topic-level settings: start from those. */
    rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(producer->client);
    rd_kafka_topic_conf_set_opaque(conf, topic);
    return rd_kafka_topic_new(producer->client, topic->name, conf); /* takes conf in any case */
}

/* Waits for one round of outcomes, or a moment. */
static void wait_round(struct kc_source_producer *producer)
{
    pthread_mutex_lock(&producer->mutex);
    atomic_store(&producer->waiting, true);
    kc_cond_wait_until(&producer->room, &producer->mutex, kc_mono_ms() + WAIT_MS);
    atomic_store(&producer->waiting, false);
    pthread_mutex_unlock(&producer->mutex);
}

/* False once cancelled. One record may always go, whatever its size. */
static bool wait_for_room(struct kc_source_producer *producer, uint64_t bytes)
{
    while (!atomic_load_explicit(&producer->cancelled, memory_order_relaxed)) {
        uint64_t busy = in_flight_bytes(producer);
        if (busy == 0 || busy + bytes <= most_bytes(producer))
            return true;
        wait_round(producer);
    }
    return false;
}

static rd_kafka_headers_t *make_headers(const struct kc_producer_record *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (size_t i = 0; i < record->header_count; i++)
        rd_kafka_header_add(headers, record->headers[i].key, -1, record->headers[i].data,
                            record->headers[i].data ? (ssize_t)record->headers[i].len : 0);
    return headers;
}

static rd_kafka_resp_err_t produce(struct kc_source_producer *producer,
                                   struct kc_target_topic *topic,
                                   const struct kc_producer_record *record, int64_t timestamp,
                                   void *opaque)
{
    if (record->header_count == 0)
        return rd_kafka_producev(
            producer->client, RD_KAFKA_V_RKT(topic->handle),
            RD_KAFKA_V_PARTITION(record->partition),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_len),
            RD_KAFKA_V_KEY(record->key, record->key_len), RD_KAFKA_V_TIMESTAMP(timestamp),
            RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    rd_kafka_headers_t *headers = make_headers(record);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        producer->client, RD_KAFKA_V_RKT(topic->handle), RD_KAFKA_V_PARTITION(record->partition),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_len),
        RD_KAFKA_V_KEY(record->key, record->key_len), RD_KAFKA_V_TIMESTAMP(timestamp),
        RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code)
        rd_kafka_headers_destroy(headers);
    return code;
}

rd_kafka_resp_err_t kc_source_producer_send(struct kc_source_producer *producer,
                                            struct kc_target_topic *topic,
                                            const struct kc_producer_record *record, void *opaque)
{
    if (!topic->handle && kc_is_topic_name(topic->name))
        topic->handle = make_handle(producer, topic);
    if (!topic->handle)
        return RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
    uint64_t bytes = record->value_len + record->key_len + RECORD_OVERHEAD;
    join_senders(producer);
    if (!wait_for_room(producer, bytes))
        return RD_KAFKA_RESP_ERR__PURGE_QUEUE;
    /* librdkafka fills in the current time for 0; a record of 1970 is nearer to its time with 1. */
    int64_t timestamp = record->timestamp == KC_NO_TIMESTAMP ? 0
                        : record->timestamp == 0             ? 1
                                                             : record->timestamp;
    uint64_t sent_bytes = atomic_load_explicit(&producer->sent_bytes, memory_order_relaxed);
    uint64_t sent = atomic_load_explicit(&producer->sent, memory_order_relaxed);
    /* Counted first: the outcome may come before producev() returns. */
    atomic_store_explicit(&producer->sent_bytes, sent_bytes + bytes, memory_order_relaxed);
    atomic_store_explicit(&producer->sent, sent + 1, memory_order_relaxed);
    rd_kafka_resp_err_t code;
    while ((code = produce(producer, topic, record, timestamp, opaque)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        if (atomic_load(&producer->cancelled)) {
            code = RD_KAFKA_RESP_ERR__PURGE_QUEUE;
            break;
        }
        wait_round(producer);
    }
    if (code) {
        atomic_store_explicit(&producer->sent_bytes, sent_bytes, memory_order_relaxed);
        atomic_store_explicit(&producer->sent, sent, memory_order_relaxed);
    }
    return code;
}

struct kc_error *kc_source_producer_refusal(struct kc_source_producer *producer)
{
    rd_kafka_t *client = producer->client;
    struct kc_error *err = client ? kc_client_access_refusal(client, "Sending records") : NULL;

    if (err)
        rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                   RD_KAFKA_PURGE_F_NON_BLOCKING);
    return err;
}

bool kc_source_producer_lost(struct kc_source_producer *producer, rd_kafka_resp_err_t *code)
{
    char reason[256];
    rd_kafka_t *client = producer->client;
    *code = client && !atomic_load(&producer->cancelled)
                ? rd_kafka_fatal_error(client, reason, sizeof(reason))
                : RD_KAFKA_RESP_ERR_NO_ERROR;
    return *code != RD_KAFKA_RESP_ERR_NO_ERROR;
}

size_t kc_source_producer_bytes(struct kc_source_producer *producer)
{
    uint64_t done = atomic_load_explicit(&producer->done_bytes, memory_order_acquire);
    uint64_t sent = atomic_load_explicit(&producer->sent_bytes, memory_order_relaxed);
    return sent > done ? sent - done : 0;
}

void kc_source_producer_wake(struct kc_source_producer *producer)
{
    if (producer->client)
        rd_kafka_queue_yield(producer->reports);
    else
        rouse(producer);
}

bool kc_source_producer_drain(struct kc_source_producer *producer, int64_t deadline_ms)
{
    while (in_flight(producer) > 0) {
        if (kc_mono_ms() >= deadline_ms || atomic_load(&producer->cancelled))
            return false;
        wait_round(producer);
    }
    return true;
}

/* ---- the end ---- */

void kc_source_producer_cancel(struct kc_source_producer *producer)
{
    atomic_store(&producer->cancelled, true);
    rd_kafka_t *client = producer->client;
    if (client)
        rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    pthread_mutex_lock(&producer->mutex);
    pthread_cond_broadcast(&producer->room);
    pthread_mutex_unlock(&producer->mutex);
}

/* Messages that nobody waits for any more still refer to payloads of ours: their outcomes are
 * awaited (a purge answers at once). */
static void give_up(struct kc_source_producer *producer)
{
    enum { PURGE_MS = 5000 };
    if (in_flight(producer) == 0)
        return;
    kc_warn("Giving up %llu records that the target cluster hasn't acknowledged",
            (unsigned long long)in_flight(producer));
    rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    int64_t deadline = kc_mono_ms() + PURGE_MS;
    while (in_flight(producer) > 0 && kc_mono_ms() < deadline)
        wait_round(producer);
}

void kc_source_producer_destroy(struct kc_source_producer *producer, int timeout_ms)
{
    if (!producer)
        return;
    if (producer->started) {
        kc_source_producer_drain(producer, kc_mono_ms() + timeout_ms);
        give_up(producer);
        atomic_store(&producer->closing, true);
        kc_source_producer_wake(producer);
        pthread_join(producer->thread, NULL);
    }
    leave_senders(producer);
    struct kc_target_topic *topic, *next;
    HASH_ITER (hh, producer->topics, topic, next) {
        HASH_DEL(producer->topics, topic);
        if (topic->handle)
            rd_kafka_topic_destroy(topic->handle);
        free(topic->name);
        free(topic);
    }
    if (producer->reports)
        rd_kafka_queue_destroy(producer->reports);
    if (producer->client)
        rd_kafka_destroy(producer->client);
    if (producer->conf)
        rd_kafka_conf_destroy(producer->conf);
    pthread_cond_destroy(&producer->roused);
    pthread_cond_destroy(&producer->room);
    pthread_mutex_destroy(&producer->mutex);
    free(producer->log_context);
    free(producer);
}
