/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compacted topic as a replayed log: KafkaBasedLog.
 *
 * The log's thread polls and hands records over; nothing else polls after start. Positions are the
 * stream's, for which transaction markers and gaps left by compaction count as read.
 */
#include "connect/log.h"
#include "connect/thread.h"
#include "kafka/kafka_log_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.util.KafkaBasedLog");

#define POLL_MS          1000
#define START_POLL_MS    100
#define END_OFFSETS_MS   10000
#define START_RETRY_MS   (15 * 60 * 1000)
#define START_BACKOFF_MS 250
#define RETRY_BACKOFF_MS 100

/* ---- making ---- */

static struct kc_map *copy_or_new(const struct kc_map *map)
{
    return map ? kc_map_copy(map) : kc_map_new();
}

struct kc_error *kc_kafka_log_new(const struct kc_kafka_log_settings *settings,
                                  struct kc_kafka_log **result)
{
    struct kc_kafka_log *this = kc_calloc(1, sizeof(*this));
    this->settings = *settings;
    this->settings.topic = kc_strdup(settings->topic);
    this->settings.producer = copy_or_new(settings->producer);
    this->settings.consumer = copy_or_new(settings->consumer);
    this->settings.admin = copy_or_new(settings->admin);
    this->settings.topic_config = copy_or_new(settings->topic_config);
    this->settings.config_key = kc_strdup(settings->config_key ? settings->config_key : "");
    this->settings.purpose = kc_strdup(settings->purpose ? settings->purpose : "records");
    pthread_mutex_init(&this->lock, NULL);
    kc_cond_init(&this->moved);
    struct kc_error *err = kc_admin_new(this->settings.admin, &this->admin);
    if (err) {
        kc_kafka_log_destroy(this);
        return err;
    }
    *result = this;
    return NULL;
}

/* ---- reading ---- */

static void set_positions(struct kc_kafka_log *this)
{
    bool moved = false;
    pthread_mutex_lock(&this->lock);
    for (int32_t i = 0; i < this->partitions; i++) {
        int64_t position = kc_topic_stream_position(this->reader, i);
        moved = moved || position != this->positions[i];
        this->positions[i] = position;
    }
    if (moved)
        pthread_cond_broadcast(&this->moved);
    pthread_mutex_unlock(&this->lock);
}

static void poll_once(struct kc_kafka_log *this, int timeout_ms)
{
    bool progress = false;
    struct kc_error *err =
        kc_topic_stream_poll(this->reader, kc_mono_ms() + timeout_ms, this->settings.listener,
                             this->settings.opaque, &progress);
    if (progress)
        set_positions(this);
    if (err)
        kc_log_error("Error polling: %s", kc_error_text(err));
    kc_error_destroy(err);
}

static struct kc_error *open_reader(struct kc_kafka_log *this)
{
    struct kc_map *properties = kc_map_copy(this->settings.consumer);
    kc_map_set_default(properties, "fetch.max.bytes", "4194304");
    if (this->settings.read_committed)
        kc_map_set(properties, "isolation.level", "read_committed");
    struct kc_error *err =
        kc_topic_stream_open(properties, this->settings.topic, this->partitions, &this->reader);
    kc_map_destroy(properties);
    this->positions = kc_calloc((size_t)this->partitions, sizeof(*this->positions));
    return err;
}

/* ---- reading to the end ---- */

static struct kc_error *end_offsets(struct kc_kafka_log *this, int timeout_ms, int64_t **ends)
{
    int64_t *found = kc_calloc((size_t)this->partitions, sizeof(*found));
    struct kc_error *err = kc_topic_stream_ends(this->reader, found, timeout_ms);
    if (err)
        free(found);
    else
        *ends = found;
    return err;
}

/* Under the lock. */
static bool reached(const struct kc_kafka_log *this, const int64_t *ends)
{
    for (int32_t i = 0; i < this->partitions; i++) {
        if (this->positions[i] < ends[i])
            return false;
    }
    return true;
}

static bool reached_now(struct kc_kafka_log *this, const int64_t *ends)
{
    pthread_mutex_lock(&this->lock);
    bool yes = reached(this, ends);
    pthread_mutex_unlock(&this->lock);
    return yes;
}

static struct kc_error *first_end_offsets(struct kc_kafka_log *this, const atomic_bool *cancel,
                                          int64_t **ends)
{
    int64_t deadline = kc_mono_ms() + START_RETRY_MS;
    for (;;) {
        struct kc_error *err = end_offsets(this, END_OFFSETS_MS, ends);
        if (!err || !kc_error_retriable(err) || kc_mono_ms() > deadline)
            return err;
        kc_info("%s; trying again", kc_error_text(err));
        kc_error_clear(&err);
        err = kc_kafka_log_pause(cancel, START_BACKOFF_MS);
        if (err)
            return err;
    }
}

/* Runs on the starting thread, before the log's own thread runs. */
static struct kc_error *read_first_time(struct kc_kafka_log *this, const atomic_bool *cancel)
{
    int64_t *ends = NULL;
    struct kc_error *err = first_end_offsets(this, cancel, &ends);
    while (!err && !reached_now(this, ends)) {
        poll_once(this, START_POLL_MS);
        if (cancel && atomic_load(cancel))
            err =
                kc_error_new(KC_ERR_WAKEUP, "Stopped while reading topic %s", this->settings.topic);
    }
    free(ends);
    return err;
}

static bool stopping(struct kc_kafka_log *this)
{
    pthread_mutex_lock(&this->lock);
    bool stop = this->stop;
    pthread_mutex_unlock(&this->lock);
    return stop;
}

static struct kc_error *stopped(const struct kc_kafka_log *this)
{
    return kc_error_new(KC_ERR_WAKEUP, "The log of topic %s has been stopped",
                        this->settings.topic);
}

static void *run(void *arg)
{
    struct kc_kafka_log *this = arg;
    while (!stopping(this)) {
        poll_once(this, POLL_MS);
        if (this->writer)
            kc_log_writer_rest(this->writer);
    }
    return NULL;
}

static int left_of(int64_t deadline)
{
    int64_t left = deadline - kc_mono_ms();
    return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* Retries what may pass until the deadline, as Java's work thread does for ever. */
static struct kc_error *end_offsets_until(struct kc_kafka_log *this, int64_t deadline,
                                          int64_t **ends)
{
    for (;;) {
        int left = left_of(deadline);
        struct kc_error *err =
            end_offsets(this, left < END_OFFSETS_MS ? left : END_OFFSETS_MS, ends);
        if (!err || !kc_error_retriable(err) || left_of(deadline) <= RETRY_BACKOFF_MS)
            return err;
        kc_warn("Retriable error while reading log to end for topic '%s'. Retrying automatically. "
                "Reason: %s",
                this->settings.topic, kc_error_text(err));
        kc_error_clear(&err);
        err = kc_kafka_log_pause(NULL, RETRY_BACKOFF_MS);
        if (err || stopping(this))
            return err ? err : stopped(this);
    }
}

struct kc_error *kc_kafka_log_read_to_end(struct kc_kafka_log *this, int timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    int64_t *ends = NULL;
    struct kc_error *err = NULL;
    if (!this->running)
        return kc_error_new(KC_ERR_CONNECT, "The log of topic %s isn't started",
                            this->settings.topic);
    if (this->writer)
        kc_log_writer_flush(this->writer, left_of(deadline));
    err = end_offsets_until(this, deadline, &ends);
    if (err)
        return left_of(deadline) <= RETRY_BACKOFF_MS
                   ? kc_error_caused(
                         kc_error_retriable_new(KC_ERR_TIMEOUT,
                                                "Reading topic %s to its end took longer "
                                                "than %d ms",
                                                this->settings.topic, timeout_ms),
                         err)
                   : err;
    pthread_mutex_lock(&this->lock);
    bool in_time = true;
    while (in_time && !this->stop && !reached(this, ends))
        in_time = kc_cond_wait_until(&this->moved, &this->lock, deadline);
    if (this->stop)
        err = stopped(this);
    else if (!reached(this, ends))
        err = kc_error_retriable_new(KC_ERR_TIMEOUT,
                                     "Reading topic %s to its end took longer than %d ms",
                                     this->settings.topic, timeout_ms);
    pthread_mutex_unlock(&this->lock);
    free(ends);
    return err;
}

/* ---- start and stop ---- */

struct kc_error *kc_kafka_log_start(struct kc_kafka_log *this, const atomic_bool *cancel)
{
    kc_info("Starting KafkaBasedLog with topic %s", this->settings.topic);
    struct kc_error *err = kc_kafka_log_prepare_topic(this, cancel);
    if (!err && !this->settings.read_only)
        err = kc_log_writer_open(&this->settings, &this->writer);
    if (!err)
        err = open_reader(this);
    if (!err)
        err = read_first_time(this, cancel);
    if (!err)
        err = kc_thread_start(&this->thread, "kafka-log", run, this);
    if (err)
        return err;
    this->running = true;
    kc_admin_destroy(this->admin); /* it would only keep threads and connections */
    this->admin = NULL;
    kc_info("Finished reading KafkaBasedLog for topic %s", this->settings.topic);
    return NULL;
}

static void stop_thread(struct kc_kafka_log *this)
{
    pthread_mutex_lock(&this->lock);
    this->stop = true;
    pthread_cond_broadcast(&this->moved);
    pthread_mutex_unlock(&this->lock);
    if (!this->running)
        return;
    kc_topic_stream_wake(this->reader);
    pthread_join(this->thread, NULL);
    this->running = false;
}

void kc_kafka_log_destroy(struct kc_kafka_log *this)
{
    if (!this)
        return;
    stop_thread(this);
    kc_log_writer_close(this->writer);
    kc_topic_stream_close(this->reader);
    kc_admin_destroy(this->admin);
    struct kc_kafka_log_settings *s = &this->settings;
    kc_map_destroy((struct kc_map *)(uintptr_t)s->producer);
    kc_map_destroy((struct kc_map *)(uintptr_t)s->consumer);
    kc_map_destroy((struct kc_map *)(uintptr_t)s->admin);
    kc_map_destroy((struct kc_map *)(uintptr_t)s->topic_config);
    free((char *)(uintptr_t)s->topic);
    free((char *)(uintptr_t)s->config_key);
    free((char *)(uintptr_t)s->purpose);
    free(this->positions);
    pthread_cond_destroy(&this->moved);
    pthread_mutex_destroy(&this->lock);
    free(this);
}

int32_t kc_kafka_log_partitions(const struct kc_kafka_log *this)
{
    return this->partitions;
}
