/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statuses of connectors and tasks, and their active topics: KafkaStatusBackingStore and
 * MemoryStatusBackingStore.
 *
 * Writes are sent at once. The store's retry thread sends a write again that failed for a passing
 * reason, unless there is a newer status. Reads see what has come back from the topic. If another
 * worker reports what this worker has, the retry thread reports it again. In memory a write is
 * applied at once. lock guards everything; it isn't held during a send. order is held during a
 * send, so that the newest status of a connector or task is sent last.
 */
#include "storage/status_store.h"

#include "base/queue.h"
#include "connect/log.h"
#include "connect/thread.h"
#include "storage/internal_topic.h"
#include "storage/status_cache_priv.h"
#include "storage/status_codec_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.storage.KafkaStatusBackingStore");

#define RETRY_MS 100

struct kc_status_store {
    kc_status_send send; /* NULL: in memory */
    void *to;
    struct kc_kafka_log *log; /* `to` if the store is on Kafka; otherwise NULL */
    struct kc_queue *retries; /* of struct status_sending */
    pthread_t retrier;
    bool retrying;

    pthread_mutex_t order; /* from the decision to send until it is done; before lock */
    pthread_mutex_t lock;
    pthread_cond_t acknowledged;
    struct kc_status_cache *cache;
    int generation; /* of the last status put */
    size_t pending; /* writes that are neither acknowledged nor given up */
};

/* One write on its way, owned by the log, the retry queue or a callback in turn. */
struct status_sending {
    struct kc_status_store *store;
    char *key;
    char *value; /* NULL: tombstone */
    /* Of a status: before a retry it is compared with the cached one. */
    char *connector;
    int task;
    char *topic; /* of an active topic; NULL: a status */
    struct kc_status status;
    bool safe;
    bool again;   /* what was said already, after another has spoken */
    bool unheard; /* the same, unless it has been read back meanwhile */
    int sequence;
    uint64_t number;
};

static void sending_destroy(void *item)
{
    struct status_sending *sending = item;
    free(sending->key);
    free(sending->value);
    free(sending->connector);
    free(sending->topic);
    kc_status_clear(&sending->status);
    free(sending);
}

/* ---- making ---- */

static void on_record(void *opaque, const struct kc_log_record *record)
{
    struct kc_status_store *store = opaque;
    pthread_mutex_lock(&store->lock);
    struct kc_error *err = kc_status_cache_apply(store->cache, record->key, record->key_len,
                                                 record->value, record->value_len);
    pthread_mutex_unlock(&store->lock);
    if (err)
        kc_warn("Discarding status record at %d:%lld with key %.*s: %s", record->partition,
                (long long)record->offset, (int)(record->key_len > 300 ? 300 : record->key_len),
                record->key ? record->key : "", kc_error_text(err));
    kc_error_destroy(err);
}

/* Under the lock. The retry thread sends it a moment later. */
static void say_again(struct kc_status_store *store, const char *connector, int task,
                      const struct kc_status_entry *entry, bool unheard)
{
    struct status_sending *sending = kc_calloc(1, sizeof(*sending));
    sending->store = store;
    sending->connector = kc_strdup(connector);
    sending->task = task;
    sending->again = true;
    sending->unheard = unheard;
    sending->sequence = entry->sequence;
    sending->number = entry->number;
    kc_status_copy(&sending->status, &entry->said);
    sending->key = kc_status_key_write(connector, task);
    sending->value = kc_status_write(&sending->status);
    store->pending++;
    if (kc_queue_push(store->retries, sending))
        return;
    store->pending--;
    sending_destroy(sending);
}

/* Under the lock, on the log's thread. */
static void on_overruled(void *opaque, const char *connector, int task,
                         const struct kc_status_entry *entry)
{
    say_again(opaque, connector, task, entry, false);
}

struct kc_status_store *kc_status_store_new(kc_status_send send, void *to)
{
    struct kc_status_store *store = kc_calloc(1, sizeof(*store));
    store->send = send;
    store->to = to;
    pthread_mutex_init(&store->order, NULL);
    pthread_mutex_init(&store->lock, NULL);
    kc_cond_init(&store->acknowledged);
    store->cache = kc_status_cache_new(on_overruled, store);
    store->retries = kc_queue_new(sending_destroy);
    return store;
}

struct kc_status_store *kc_status_store_memory_new(void)
{
    return kc_status_store_new(NULL, NULL);
}

static void send_to_log(void *to, const char *key, const char *value, kc_status_sent done,
                        void *opaque)
{
    kc_kafka_log_send(to, key, strlen(key), value, value ? strlen(value) : 0, done, opaque);
}

struct kc_error *kc_status_store_kafka_new(const struct kc_worker_config *config,
                                           struct kc_status_store **result)
{
    struct kc_status_store *store = kc_status_store_new(send_to_log, NULL);
    struct kc_error *err =
        kc_internal_topic_log(config, KC_TOPIC_STATUS, on_record, store, &store->log);
    if (err) {
        kc_status_store_destroy(store);
        return err;
    }
    store->to = store->log;
    *result = store;
    return NULL;
}

void kc_status_store_destroy(struct kc_status_store *store)
{
    if (!store)
        return;
    kc_queue_close(store->retries);
    if (store->retrying)
        pthread_join(store->retrier, NULL);
    /* Ends every send. Sends that it gives up find the queue closed. */
    kc_kafka_log_destroy(store->log);
    kc_queue_destroy(store->retries);
    kc_status_cache_destroy(store->cache);
    pthread_cond_destroy(&store->acknowledged);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->order);
    free(store);
}

/* ---- sending ---- */

/* Under the lock. Whether a failed or repeated write is still worth sending: there is no newer
 * status. */
static bool still_wanted(struct kc_status_store *store, const struct status_sending *sending)
{
    if (sending->topic)
        return true;
    const struct kc_status_entry *entry =
        kc_status_cache_entry(store->cache, sending->connector, sending->task, false);
    if (!entry || entry->number != sending->number || entry->sequence != sending->sequence)
        return false;
    if (sending->again)
        return !(sending->unheard && kc_status_entry_heard(entry));
    if (sending->status.generation != store->generation)
        return false;
    return !sending->safe || kc_status_entry_safe(entry, &sending->status);
}

static void give_up(struct status_sending *sending)
{
    struct kc_status_store *store = sending->store;
    pthread_mutex_lock(&store->lock);
    store->pending--;
    pthread_cond_broadcast(&store->acknowledged);
    pthread_mutex_unlock(&store->lock);
    sending_destroy(sending);
}

static void on_failure(struct status_sending *sending, const struct kc_error *err)
{
    struct kc_status_store *store = sending->store;
    pthread_mutex_lock(&store->lock);
    bool again = kc_error_retriable(err) && still_wanted(store, sending);
    if (!again && sending->topic && sending->value)
        kc_status_cache_retract_topic(store->cache, sending->connector, sending->topic);
    pthread_mutex_unlock(&store->lock);
    if (again && kc_queue_push(store->retries, sending))
        return;
    if (!kc_error_retriable(err))
        kc_log_error("Failed to write status update: %s", kc_error_text(err));
    give_up(sending);
}

/* librdkafka's background thread, or the sender's own when the send was refused. */
static void on_sent(void *opaque, struct kc_error *err)
{
    struct status_sending *sending = opaque;
    if (err)
        on_failure(sending, err);
    else
        give_up(sending);
    kc_error_destroy(err);
}

/* Under order. */
static void send_out(struct kc_status_store *store, struct status_sending *sending)
{
    store->send(store->to, sending->key, sending->value, on_sent, sending);
}

static bool is_wanted(struct kc_status_store *store, const struct status_sending *sending)
{
    pthread_mutex_lock(&store->lock);
    bool wanted = still_wanted(store, sending);
    pthread_mutex_unlock(&store->lock);
    return wanted;
}

static void wait_a_moment(struct kc_status_store *store)
{
    int64_t until = kc_mono_ms() + RETRY_MS;
    pthread_mutex_lock(&store->lock);
    while (kc_cond_wait_until(&store->acknowledged, &store->lock, until))
        ;
    pthread_mutex_unlock(&store->lock);
}

/* The retry thread ends when the queue is closed; the rest is freed with the queue. */
static void *retry(void *arg)
{
    struct kc_status_store *store = arg;
    struct status_sending *sending = NULL;
    while ((sending = kc_queue_pop(store->retries, INT64_MAX))) {
        if (is_wanted(store, sending))
            wait_a_moment(store);
        pthread_mutex_lock(&store->order);
        bool wanted = is_wanted(store, sending);
        if (wanted)
            send_out(store, sending);
        pthread_mutex_unlock(&store->order);
        if (!wanted)
            give_up(sending);
    }
    return NULL;
}

struct kc_error *kc_status_store_start(struct kc_status_store *store, const atomic_bool *cancel)
{
    if (!store->send)
        return NULL;
    struct kc_error *err = store->log ? kc_kafka_log_start(store->log, cancel) : NULL;
    if (!err)
        err = kc_thread_start(&store->retrier, "status-retry", retry, store);
    store->retrying = !err;
    return err;
}

/* Under order. Takes sending: to the topic, or right into memory. */
static void dispatch(struct kc_status_store *store, struct status_sending *sending)
{
    if (store->send) {
        send_out(store, sending);
        return;
    }
    pthread_mutex_lock(&store->lock);
    struct kc_error *err =
        kc_status_cache_apply(store->cache, sending->key, strlen(sending->key), sending->value,
                              sending->value ? strlen(sending->value) : 0);
    pthread_mutex_unlock(&store->lock);
    if (err)
        kc_log_error("Status of %s: %s", sending->key, kc_error_text(err));
    kc_error_destroy(err);
    give_up(sending);
}

/* ---- statuses ---- */

/* NULL: a safe write that isn't. */
static struct status_sending *prepare(struct kc_status_store *store, const char *connector,
                                      int task, const struct kc_status *status, bool safe)
{
    pthread_mutex_lock(&store->lock);
    struct kc_status_entry *entry = kc_status_cache_entry(store->cache, connector, task, true);
    store->generation = status->generation;
    kc_status_entry_say(entry, status);
    if (safe && !kc_status_entry_safe(entry, status)) {
        pthread_mutex_unlock(&store->lock);
        return NULL;
    }
    struct status_sending *sending = kc_calloc(1, sizeof(*sending));
    sending->sequence = ++entry->sequence;
    sending->number = entry->number;
    store->pending++;
    pthread_mutex_unlock(&store->lock);
    return sending;
}

/* Under order. */
static void put(struct kc_status_store *store, const char *connector, int task,
                const struct kc_status *status, bool safe)
{
    struct status_sending *sending = prepare(store, connector, task, status, safe);
    if (!sending)
        return;
    sending->store = store;
    sending->connector = kc_strdup(connector);
    sending->task = task;
    sending->safe = safe;
    kc_status_copy(&sending->status, status);
    sending->key = kc_status_key_write(connector, task);
    sending->value = status->state == KC_STATE_DESTROYED ? NULL : kc_status_write(status);
    dispatch(store, sending);
}

void kc_status_store_put(struct kc_status_store *store, const char *connector, int task,
                         const struct kc_status *status, bool safe)
{
    pthread_mutex_lock(&store->order);
    put(store, connector, task, status, safe);
    pthread_mutex_unlock(&store->order);
}

void kc_status_store_claim(struct kc_status_store *store, const char *connector, int task,
                           int generation)
{
    pthread_mutex_lock(&store->lock);
    struct kc_status_entry *entry = kc_status_cache_entry(store->cache, connector, task, false);
    if (entry && kc_status_entry_claim(entry, generation))
        say_again(store, connector, task, entry, true);
    pthread_mutex_unlock(&store->lock);
}

bool kc_status_store_get(struct kc_status_store *store, const char *connector, int task,
                         struct kc_status *status)
{
    pthread_mutex_lock(&store->lock);
    const struct kc_status_entry *entry =
        kc_status_cache_entry(store->cache, connector, task, false);
    bool found = entry && entry->known;
    if (found)
        kc_status_copy(status, &entry->status);
    pthread_mutex_unlock(&store->lock);
    return found;
}

size_t kc_status_store_tasks(struct kc_status_store *store, const char *connector, bool said,
                             int **tasks)
{
    pthread_mutex_lock(&store->lock);
    size_t count = kc_status_cache_tasks(store->cache, connector, said, tasks);
    pthread_mutex_unlock(&store->lock);
    return count;
}

void kc_status_store_connectors(struct kc_status_store *store, struct kc_strings *connectors)
{
    pthread_mutex_lock(&store->lock);
    kc_status_cache_connectors(store->cache, connectors);
    pthread_mutex_unlock(&store->lock);
}

void kc_status_store_flush(struct kc_status_store *store, int timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    pthread_mutex_lock(&store->lock);
    while (store->pending && kc_cond_wait_until(&store->acknowledged, &store->lock, deadline))
        ;
    pthread_mutex_unlock(&store->lock);
}

/* ---- active topics ---- */

/* Takes value. */
static void send_topic(struct kc_status_store *store, const char *connector, int task,
                       const char *topic, char *value)
{
    struct status_sending *sending = kc_calloc(1, sizeof(*sending));
    sending->store = store;
    sending->connector = kc_strdup(connector);
    sending->task = task;
    sending->topic = kc_strdup(topic);
    sending->key = kc_status_topic_key_write(connector, topic);
    sending->value = value;
    pthread_mutex_lock(&store->lock);
    store->pending++;
    pthread_mutex_unlock(&store->lock);
    pthread_mutex_lock(&store->order);
    dispatch(store, sending);
    pthread_mutex_unlock(&store->order);
}

void kc_status_store_add_topic(struct kc_status_store *store, const char *connector, int task,
                               const char *topic)
{
    pthread_mutex_lock(&store->lock);
    bool known = kc_status_cache_has_topic(store->cache, connector, topic);
    if (!known)
        kc_status_cache_announce_topic(store->cache, connector, topic);
    pthread_mutex_unlock(&store->lock);
    if (!known)
        send_topic(store, connector, task, topic,
                   kc_status_topic_write(connector, task, topic, kc_now_ms()));
}

bool kc_status_store_has_topic(struct kc_status_store *store, const char *connector,
                               const char *topic)
{
    pthread_mutex_lock(&store->lock);
    bool known = kc_status_cache_has_topic(store->cache, connector, topic);
    pthread_mutex_unlock(&store->lock);
    return known;
}

void kc_status_store_topics(struct kc_status_store *store, const char *connector,
                            struct kc_strings *topics)
{
    pthread_mutex_lock(&store->lock);
    kc_status_cache_topics(store->cache, connector, topics);
    pthread_mutex_unlock(&store->lock);
}

void kc_status_store_reset_topics(struct kc_status_store *store, const char *connector)
{
    struct kc_strings topics = {0};
    kc_status_store_topics(store, connector, &topics);
    for (size_t i = 0; i < topics.count; i++)
        send_topic(store, connector, KC_CONNECTOR_STATUS, topics.items[i], NULL);
    kc_strings_destroy(&topics);
}
