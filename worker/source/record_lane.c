/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot path of source tasks: see record_lane_priv.h.
 *
 * Per record: one rd_kafka_producev() by topic object without copying the payload, one count.
 * librdkafka's queue signals that there are reports, and serve() takes all of them. Outcomes are
 * counted atomically: at a transaction's end librdkafka serves them on the task's thread, too, and
 * a lost one would be in flight for ever.
 *
 * The byte bound counts what a record costs in memory, not only its payload. Lanes without a
 * setting share one budget of the process, divided by the number of sending lanes. A lane joins
 * with a send and leaves when serve() finds nothing in flight. That number is a hint; being late by
 * a round does no harm.
 */
#include "source/record_lane_priv.h"

#include "connect/log.h"
#include "connect/thread.h"
#include "kafka/client_access.h"
#include "source/eos_channel_priv.h"
#include "source/header_name_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerSourceTask");

enum {
    WAIT_MS = 20,             /* between looks when a wake-up was missed */
    RECORD_OVERHEAD = 512,    /* the client's message, record, slot */
    BUFFER_MEMORY = 16 << 20, /* of one lane */
    SHARED_MEMORY = 8 << 20,  /* of all that send at a time */
    LEAST_MEMORY = 512 << 10, /* of one, however many there are */
    ANNOUNCE_MS = 5000,
};

static atomic_uint senders; /* lanes with something in flight, about */

struct record_lane {
    struct kc_lane lane;       /* first */
    rd_kafka_conf_t *conf;     /* until there is a client */
    rd_kafka_queue_t *reports; /* whose event says that serve() has something to do */
    _Atomic(rd_kafka_t *) client;
    uint64_t max_bytes;  /* set by the user; 0: a share of what all have */
    atomic_bool sending; /* counted in `senders` */
    /* The task's thread. */
    struct kc_target_topic **topics; /* with a handle */
    size_t topic_count;
    atomic_uint_fast64_t sent;
    atomic_uint_fast64_t sent_bytes;
    /* Runs on the serving thread, and on the task's thread, where librdkafka serves outcomes while
     * it commits or aborts a transaction. */
    atomic_uint_fast64_t done;
    atomic_uint_fast64_t done_bytes;
    _Atomic(const rd_kafka_topic_t *) last_topic;
    _Atomic int64_t round_ms;
    /* Waiting for room. */
    atomic_bool cancelled;
    atomic_bool waiting;
    pthread_mutex_t mutex;
    pthread_cond_t room;
};

static struct record_lane *of(struct kc_lane *lane)
{
    return (struct record_lane *)lane;
}

/* ---- outcomes ---- */

/* Whether the client has come to an end of its own accord, and *code says why. */
static bool is_lost(struct record_lane *self, rd_kafka_resp_err_t *code)
{
    char reason[256];
    rd_kafka_t *client = self->client;
    *code = client && !atomic_load(&self->cancelled)
                ? rd_kafka_fatal_error(client, reason, sizeof(reason))
                : RD_KAFKA_RESP_ERR_NO_ERROR;
    return *code != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool is_purged(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

static struct kc_lane_failure failure_of(struct record_lane *self, const char *topic,
                                         rd_kafka_resp_err_t code)
{
    struct kc_lane_failure failure = {.topic = topic, .code = code, .given_up = is_purged(code)};
    is_lost(self, &failure.fatal);
    return failure;
}

static void tell_topic(struct record_lane *self, const rd_kafka_message_t *message)
{
    struct kc_target_topic *topic = rd_kafka_topic_opaque(message->rkt);
    int64_t now = atomic_load_explicit(&self->round_ms, memory_order_relaxed);
    atomic_store_explicit(&self->last_topic, message->rkt, memory_order_relaxed);
    if (!topic || now - atomic_load_explicit(&topic->used_ms, memory_order_relaxed) < ANNOUNCE_MS)
        return;
    atomic_store_explicit(&topic->used_ms, now, memory_order_relaxed);
    self->lane.owner.topic_used(self->lane.owner.opaque, topic->name);
}

static void tell_outcome(struct record_lane *self, const rd_kafka_message_t *message)
{
    const struct kc_lane_owner *owner = &self->lane.owner;
    if (message->err) {
        const struct kc_lane_failure failure =
            failure_of(self, rd_kafka_topic_name(message->rkt), message->err);
        owner->events->failed(owner->delivery, message->_private, &failure);
    } else if (message->_private) { /* source offsets in a transaction have no slot */
        const struct kc_lane_ack ack = {.offset = message->offset,
                                        .partition = message->partition,
                                        .timestamp = rd_kafka_message_timestamp(message, NULL),
                                        .records = 1,
                                        .bytes = message->len + message->key_len};
        owner->events->acked(owner->delivery, message->_private, &ack);
    }
}

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    (void)client;
    struct record_lane *self = opaque;
    if (message->rkt != atomic_load_explicit(&self->last_topic, memory_order_relaxed) &&
        !message->err)
        tell_topic(self, message);
    uint64_t bytes = message->len + message->key_len + RECORD_OVERHEAD;
    tell_outcome(self, message);
    atomic_fetch_add_explicit(&self->done_bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&self->done, 1, memory_order_release);
}

/* A thread of the client's. */
static void on_event(rd_kafka_t *client, void *opaque)
{
    struct record_lane *self = opaque;
    (void)client;
    kc_lane_moved(&self->lane);
}

/* ---- the budget ---- */

static uint64_t in_flight(const struct record_lane *self)
{
    uint64_t done = atomic_load(&self->done);
    return atomic_load(&self->sent) - done;
}

static uint64_t in_flight_bytes(const struct record_lane *self)
{
    return atomic_load_explicit(&self->sent_bytes, memory_order_relaxed) -
           atomic_load_explicit(&self->done_bytes, memory_order_relaxed);
}

/* The task's thread. */
static void join_senders(struct record_lane *self)
{
    if (!atomic_load_explicit(&self->sending, memory_order_relaxed) &&
        !atomic_exchange(&self->sending, true))
        atomic_fetch_add(&senders, 1);
}

/* The thread that serves or ends the lane. */
static void leave_senders(struct record_lane *self)
{
    if (atomic_load_explicit(&self->sending, memory_order_relaxed) &&
        atomic_exchange(&self->sending, false))
        atomic_fetch_sub(&senders, 1);
}

static uint64_t most_bytes(const struct record_lane *self)
{
    if (self->max_bytes)
        return self->max_bytes;
    unsigned count = atomic_load_explicit(&senders, memory_order_relaxed);
    uint64_t share = SHARED_MEMORY / (count ? count : 1);
    return share < LEAST_MEMORY ? LEAST_MEMORY : share > BUFFER_MEMORY ? BUFFER_MEMORY : share;
}

/* ---- serving ---- */

static bool serve(struct kc_lane *lane)
{
    struct record_lane *self = of(lane);
    rd_kafka_t *client = self->client;
    if (client)
        rd_kafka_poll(client, 0);
    int64_t now = kc_mono_ms();
    if (now - self->round_ms >= ANNOUNCE_MS)
        self->last_topic = NULL;
    self->round_ms = now;
    bool busy = in_flight(self) > 0;
    if (!busy)
        leave_senders(self);
    if (atomic_load(&self->waiting)) {
        pthread_mutex_lock(&self->mutex);
        pthread_cond_broadcast(&self->room);
        pthread_mutex_unlock(&self->mutex);
    }
    return busy;
}

static struct kc_error *refusal(struct kc_lane *lane)
{
    rd_kafka_t *client = of(lane)->client;
    struct kc_error *err = client ? kc_client_access_refusal(client, "Sending records") : NULL;
    if (err)
        rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                   RD_KAFKA_PURGE_F_NON_BLOCKING);
    return err;
}

/* ---- making ---- */

/* Two things differ from Java's producer: the size of the buffer, because a worker runs many tasks
 * and payloads aren't copied; and full batches form by themselves under load. */
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

static struct kc_error *make_conf(const struct kc_map *properties, uint64_t *max_bytes,
                                  rd_kafka_conf_t **conf)
{
    struct kc_map *map = with_defaults(properties, max_bytes);
    struct kc_error *err = kc_client_conf(KC_CLIENT_PRODUCER, map, conf);
    kc_map_destroy(map);
    return err;
}

struct kc_error *kc_record_lane_check(const struct kc_map *properties)
{
    uint64_t max_bytes;
    rd_kafka_conf_t *conf = NULL;
    struct kc_error *err = make_conf(properties, &max_bytes, &conf);
    if (conf)
        rd_kafka_conf_destroy(conf);
    return err;
}

static struct kc_error *open_client(struct kc_lane *lane)
{
    struct record_lane *self = of(lane);
    if (atomic_load_explicit(&self->client, memory_order_relaxed))
        return NULL;
    if (!self->conf)
        return kc_error_new(KC_ERR_CONNECT, "The task's producer could not be made before");
    rd_kafka_conf_t *conf = self->conf;
    rd_kafka_t *client = NULL;
    self->conf = NULL; /* taken, whatever comes of it */
    struct kc_error *err = kc_client_new(KC_CLIENT_PRODUCER, conf, &client);
    if (err)
        return err;
    self->reports = rd_kafka_queue_get_main(client);
    self->client = client;
    rd_kafka_queue_cb_event_enable(self->reports, on_event, self);
    kc_lane_moved(lane); /* what has come before the event was enabled */
    return NULL;
}

rd_kafka_t *kc_record_lane_client(struct kc_lane *lane)
{
    return of(lane)->client;
}

/* ---- sending ---- */

static void make_handle(struct record_lane *self, struct kc_target_topic *topic)
{
    /* A topic configuration of its own loses the client's topic-level settings, so start from
     * those. */
    rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(self->client);
    rd_kafka_topic_conf_set_opaque(conf, topic);
    topic->handle = rd_kafka_topic_new(self->client, topic->name, conf); /* takes conf anyway */
    if (!topic->handle)
        return;
    self->topics =
        kc_realloc(self->topics, (self->topic_count + 1) * sizeof(struct kc_target_topic *));
    self->topics[self->topic_count++] = topic;
}

/* Waits for one round of outcomes, or a moment. */
static void wait_round(struct record_lane *self)
{
    pthread_mutex_lock(&self->mutex);
    atomic_store(&self->waiting, true);
    kc_cond_wait_until(&self->room, &self->mutex, kc_mono_ms() + WAIT_MS);
    atomic_store(&self->waiting, false);
    pthread_mutex_unlock(&self->mutex);
}

/* False once cancelled. One record may always go, whatever its size. */
static bool wait_for_room(struct record_lane *self, uint64_t bytes)
{
    while (!atomic_load_explicit(&self->cancelled, memory_order_relaxed)) {
        uint64_t busy = in_flight_bytes(self);
        if (busy == 0 || busy + bytes <= most_bytes(self))
            return true;
        wait_round(self);
    }
    return false;
}

static rd_kafka_headers_t *make_headers(const struct kc_producer_record *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (size_t i = 0; i < record->header_count; i++) {
        struct kc_header_name name;
        kc_header_name_open(&name, record->headers[i].key);
        rd_kafka_header_add(headers, name.data, (ssize_t)name.len, record->headers[i].data,
                            record->headers[i].data ? (ssize_t)record->headers[i].len : 0);
        kc_header_name_close(&name);
    }
    return headers;
}

static rd_kafka_resp_err_t produce(struct record_lane *self, struct kc_target_topic *topic,
                                   const struct kc_producer_record *record, int64_t timestamp,
                                   void *opaque)
{
    if (record->header_count == 0)
        return rd_kafka_producev(
            self->client, RD_KAFKA_V_RKT(topic->handle), RD_KAFKA_V_PARTITION(record->partition),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_len),
            RD_KAFKA_V_KEY(record->key, record->key_len), RD_KAFKA_V_TIMESTAMP(timestamp),
            RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    rd_kafka_headers_t *headers = make_headers(record);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        self->client, RD_KAFKA_V_RKT(topic->handle), RD_KAFKA_V_PARTITION(record->partition),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_len),
        RD_KAFKA_V_KEY(record->key, record->key_len), RD_KAFKA_V_TIMESTAMP(timestamp),
        RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code)
        rd_kafka_headers_destroy(headers);
    return code;
}

rd_kafka_resp_err_t kc_record_lane_produce(struct kc_lane *lane, struct kc_target_topic *topic,
                                           const struct kc_producer_record *record, void *slot)
{
    struct record_lane *self = of(lane);
    if (!topic->handle && kc_is_topic_name(topic->name))
        make_handle(self, topic);
    if (!topic->handle)
        return RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
    uint64_t bytes = record->value_len + record->key_len + RECORD_OVERHEAD;
    join_senders(self);
    if (!wait_for_room(self, bytes))
        return RD_KAFKA_RESP_ERR__PURGE_QUEUE;
    /* librdkafka replaces 0 by the present time, so a record of 1970 gets 1. */
    int64_t timestamp = record->timestamp == KC_NO_TIMESTAMP ? 0
                        : record->timestamp == 0             ? 1
                                                             : record->timestamp;
    uint64_t sent_bytes = atomic_load_explicit(&self->sent_bytes, memory_order_relaxed);
    uint64_t sent = atomic_load_explicit(&self->sent, memory_order_relaxed);
    /* Counted first: the outcome may come before producev() returns. */
    atomic_store_explicit(&self->sent_bytes, sent_bytes + bytes, memory_order_relaxed);
    atomic_store_explicit(&self->sent, sent + 1, memory_order_relaxed);
    rd_kafka_resp_err_t code;
    while ((code = produce(self, topic, record, timestamp, slot)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        if (atomic_load(&self->cancelled)) {
            code = RD_KAFKA_RESP_ERR__PURGE_QUEUE;
            break;
        }
        wait_round(self);
    }
    if (code) {
        atomic_store_explicit(&self->sent_bytes, sent_bytes, memory_order_relaxed);
        atomic_store_explicit(&self->sent, sent, memory_order_relaxed);
    }
    return code;
}

static struct kc_error *send_record(struct kc_lane *lane, struct kc_target_topic *topic,
                                    const struct kc_producer_record *record, void *slot)
{
    rd_kafka_resp_err_t code = kc_record_lane_produce(lane, topic, record, slot);
    if (!code)
        return NULL;
    if (code == RD_KAFKA_RESP_ERR__PURGE_QUEUE)
        return kc_error_new(KC_ERR_WAKEUP, "The task has been cancelled while sending");
    const struct kc_lane_failure failure = failure_of(of(lane), topic->name, code);
    return lane->owner.events->rejected(lane->owner.delivery, slot, &failure);
}

/* Batches are opened, for this is not their lane. */
static struct kc_error *send_span(struct kc_lane *lane, struct kc_raw_span *span, void *slot)
{
    (void)lane, (void)slot;
    return kc_error_new(KC_ERR_CONNECT, "A record batch for topic %s can't be sent as bytes",
                        span->raw->topic);
}

static bool drain(struct kc_lane *lane, int64_t deadline_ms)
{
    struct record_lane *self = of(lane);
    while (in_flight(self) > 0) {
        if (kc_mono_ms() >= deadline_ms || atomic_load(&self->cancelled))
            return false;
        wait_round(self);
    }
    return true;
}

static size_t bytes_in_flight(struct kc_lane *lane)
{
    struct record_lane *self = of(lane);
    uint64_t done = atomic_load_explicit(&self->done_bytes, memory_order_acquire);
    uint64_t sent = atomic_load_explicit(&self->sent_bytes, memory_order_relaxed);
    return sent > done ? sent - done : 0;
}

/* ---- the end ---- */

static void cancel(struct kc_lane *lane)
{
    struct record_lane *self = of(lane);
    atomic_store(&self->cancelled, true);
    rd_kafka_t *client = self->client;
    if (client)
        rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    pthread_mutex_lock(&self->mutex);
    pthread_cond_broadcast(&self->room);
    pthread_mutex_unlock(&self->mutex);
}

/* Abandoned messages still refer to our payloads, so their outcomes are awaited (a purge answers at
 * once). */
static void give_up(struct record_lane *self)
{
    enum { PURGE_MS = 5000 };
    if (in_flight(self) == 0)
        return;
    kc_warn("Giving up %llu records that the target cluster hasn't acknowledged",
            (unsigned long long)in_flight(self));
    rd_kafka_purge(self->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    int64_t deadline = kc_mono_ms() + PURGE_MS;
    while (in_flight(self) > 0 && kc_mono_ms() < deadline)
        wait_round(self);
}

static void close_lane(struct kc_lane *lane, int timeout_ms)
{
    struct record_lane *self = of(lane);
    drain(lane, kc_mono_ms() + timeout_ms);
    give_up(self);
    if (self->reports)
        rd_kafka_queue_cb_event_enable(self->reports, NULL, NULL);
}

static void destroy(struct kc_lane *lane)
{
    struct record_lane *self = of(lane);
    leave_senders(self);
    for (size_t i = 0; i < self->topic_count; i++) {
        rd_kafka_topic_destroy(self->topics[i]->handle);
        self->topics[i]->handle = NULL;
    }
    free(self->topics);
    if (self->reports)
        rd_kafka_queue_destroy(self->reports);
    if (self->client)
        rd_kafka_destroy(self->client);
    if (self->conf)
        rd_kafka_conf_destroy(self->conf);
    pthread_cond_destroy(&self->room);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

/* ---- the table ---- */

static const struct kc_lane_ops ops = {
    .transactions = &kc_eos_producer,
    .open = open_client,
    .send_record = send_record,
    .send_span = send_span,
    .drain = drain,
    .serve = serve,
    .refusal = refusal,
    .bytes = bytes_in_flight,
    .cancel = cancel,
    .close = close_lane,
    .destroy = destroy,
};

struct kc_error *kc_record_lane_new(const struct kc_map *properties,
                                    const struct kc_lane_owner *owner, struct kc_lane **lane)
{
    struct record_lane *made = kc_calloc(1, sizeof(*made));
    made->lane.ops = &ops;
    made->lane.owner = *owner;
    made->round_ms = kc_mono_ms();
    pthread_mutex_init(&made->mutex, NULL);
    kc_cond_init(&made->room);
    struct kc_error *err = make_conf(properties, &made->max_bytes, &made->conf);
    if (err) {
        destroy(&made->lane);
        return err;
    }
    rd_kafka_conf_set_dr_msg_cb(made->conf, on_report);
    rd_kafka_conf_set_opaque(made->conf, made);
    *lane = &made->lane;
    return NULL;
}
