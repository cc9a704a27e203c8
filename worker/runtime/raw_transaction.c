/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions of a raw lane: see raw_transaction.h. */
#include "runtime/raw_transaction.h"

#include "base/thread.h"
#include "connect/hash.h"
#include "kafka/partitioner.h"
#include "wire/appender.h"
#include "wire/errors.h"
#include "wire/messages_cluster.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LOOK_MS = 100,          /* between looks whether the task has been cancelled */
    METADATA_MS = 5000,     /* for one question */
    METADATA_AGE_MS = 60000 /* a topic may get more partitions */
};

/* What is known of a topic that keys are placed in. */
struct topic {
    char *name;
    int32_t partitions;
    int32_t keyless; /* where records without a key go */
    int64_t asked_ms;
    UT_hash_handle hh;
};

struct kc_raw_transaction {
    struct kc_raw_lane *lane;
    struct kc_task_host *host;
    struct topic *topics;
    unsigned turn;
};

struct kc_raw_transaction *kc_raw_transaction_new(struct kc_raw_lane *lane,
                                                  struct kc_task_host *host)
{
    struct kc_raw_transaction *transaction = kc_calloc(1, sizeof(*transaction));
    transaction->lane = lane;
    transaction->host = host;
    transaction->turn = (unsigned)kc_now_ms();
    return transaction;
}

void kc_raw_transaction_destroy(struct kc_raw_transaction *transaction)
{
    struct topic *topic, *next;
    if (!transaction)
        return;
    HASH_ITER (hh, transaction->topics, topic, next) {
        HASH_DEL(transaction->topics, topic);
        free(topic->name);
        free(topic);
    }
    free(transaction);
}

/* ---- waiting for the appender ---- */

/* Two hold a call: who waits and the appender. Whoever lets go last frees it. */
struct call {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    atomic_int holders;
    bool done;
    struct kc_error *err;
};

static struct call *call_new(void)
{
    struct call *call = kc_calloc(1, sizeof(*call));
    pthread_mutex_init(&call->mutex, NULL);
    kc_cond_init(&call->cond);
    atomic_store(&call->holders, 2);
    return call;
}

static void call_release(struct call *call)
{
    if (atomic_fetch_sub(&call->holders, 1) > 1)
        return;
    pthread_cond_destroy(&call->cond);
    pthread_mutex_destroy(&call->mutex);
    kc_error_destroy(call->err);
    free(call);
}

/* The client's thread. */
static void on_done(void *arg, const struct kc_error *err)
{
    struct call *call = arg;
    pthread_mutex_lock(&call->mutex);
    call->done = true;
    call->err = kc_error_copy(err);
    pthread_cond_signal(&call->cond);
    pthread_mutex_unlock(&call->mutex);
    call_release(call);
}

static struct kc_error *run(struct kc_raw_transaction *transaction,
                            void (*start)(struct kc_appender *, kc_appender_done, void *),
                            int timeout_ms)
{
    int64_t deadline = timeout_ms < 0 ? INT64_MAX : kc_mono_ms() + timeout_ms;
    struct call *call = call_new();
    struct kc_error *err = NULL;
    start(kc_raw_lane_appender(transaction->lane), on_done, call);
    pthread_mutex_lock(&call->mutex);
    while (!call->done && !kc_task_host_cancelled(transaction->host) && kc_mono_ms() < deadline)
        kc_cond_wait_until(&call->cond, &call->mutex, kc_mono_ms() + LOOK_MS);
    if (call->done) {
        err = call->err;
        call->err = NULL;
    } else if (kc_task_host_cancelled(transaction->host)) {
        err = kc_error_new(KC_ERR_WAKEUP, "The task has been cancelled in a transaction");
    } else {
        err = kc_error_new(KC_ERR_TIMEOUT, "There was no answer within %d ms", timeout_ms);
    }
    pthread_mutex_unlock(&call->mutex);
    call_release(call);
    return err;
}

struct kc_error *kc_raw_transaction_init(struct kc_raw_transaction *transaction)
{
    return run(transaction, kc_appender_init, -1);
}

struct kc_error *kc_raw_transaction_commit(struct kc_raw_transaction *transaction)
{
    return run(transaction, kc_appender_commit, -1);
}

struct kc_error *kc_raw_transaction_abort(struct kc_raw_transaction *transaction, int timeout_ms)
{
    return run(transaction, kc_appender_abort, timeout_ms);
}

bool kc_raw_transaction_expired(const struct kc_error *err)
{
    int code = err ? kc_error_kafka_code(err) : 0;
    return err && (kc_error_code(err) == KC_ERR_FENCED || code == KC_KAFKA_PRODUCER_FENCED ||
                   code == KC_KAFKA_INVALID_PRODUCER_EPOCH);
}

/* ---- placing keys ---- */

static struct kc_error *take_count(const char *name, const struct kc_metadata_response *response,
                                   int32_t *count)
{
    if (response->topics.count != 1)
        return kc_error_retriable_new(KC_ERR_KAFKA, "The cluster didn't answer for topic %s", name);
    const struct kc_metadata_response_topic *topic = &response->topics.items[0];
    if (topic->error_code != KC_KAFKA_NONE)
        return kc_kafka_error_new(topic->error_code, NULL, "Asking for the partitions of topic %s",
                                  name);
    *count = topic->partitions.count;
    return *count > 0 ? NULL
                      : kc_error_retriable_new(KC_ERR_KAFKA, "Topic %s has no partitions", name);
}

static struct kc_error *ask(struct kc_raw_transaction *transaction, const char *name,
                            int32_t *count)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_METADATA);
    struct kc_metadata_request *message = request->message;
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_metadata_request_topic, 1);
    message->topics.items[0].name = kc_wire_str_copy(request->arena, name);
    message->allow_auto_topic_creation = true;
    request->target.kind = KC_WIRE_ANY;
    struct kc_wire_reply *reply = NULL;
    struct kc_error *err = kc_wire_call(kc_raw_lane_client(transaction->lane), request,
                                        kc_mono_ms() + METADATA_MS, &reply);
    if (err)
        return err;
    err = take_count(name, reply->message, count);
    kc_wire_reply_unref(reply);
    return err;
}

/* Also while the task is being stopped: its last commit has its time. */
static void back_off(struct kc_raw_transaction *transaction, int attempt)
{
    int64_t ms = kc_wire_backoff_ms(kc_raw_lane_client(transaction->lane), attempt);
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    if (kc_task_host_sleep(transaction->host, ms))
        nanosleep(&pause, NULL);
}

/* As a producer does, waits for as long as it takes, if waiting may help. */
static struct kc_error *ask_until_known(struct kc_raw_transaction *transaction, const char *name,
                                        int32_t *count)
{
    for (int attempt = 0;; attempt++) {
        struct kc_error *err = ask(transaction, name, count);
        if (!err)
            return NULL;
        bool again = kc_error_retriable(err) || kc_error_code(err) == KC_ERR_TIMEOUT;
        if (!again || kc_task_host_cancelled(transaction->host))
            return err;
        kc_error_destroy(err);
        back_off(transaction, attempt);
    }
}

static struct kc_error *topic_get(struct kc_raw_transaction *transaction, const char *name,
                                  struct topic **found)
{
    struct topic *topic = NULL;
    HASH_FIND_STR(transaction->topics, name, topic);
    *found = topic;
    if (topic && kc_mono_ms() - topic->asked_ms < METADATA_AGE_MS)
        return NULL;
    int32_t count = 0;
    struct kc_error *err = ask_until_known(transaction, name, &count);
    if (err)
        return err;
    assert(count > 0); /* take_count() */
    if (!topic) {
        topic = kc_calloc(1, sizeof(*topic));
        topic->name = kc_strdup(name);
        HASH_ADD_KEYPTR(hh, transaction->topics, topic->name, strlen(topic->name), topic);
    }
    topic->partitions = count;
    topic->keyless = (int32_t)(transaction->turn++ % (unsigned)count);
    topic->asked_ms = kc_mono_ms();
    *found = topic;
    return NULL;
}

struct kc_error *kc_raw_transaction_partition(struct kc_raw_transaction *transaction,
                                              const char *topic, const void *key, size_t key_len,
                                              int32_t *partition)
{
    struct topic *known;
    struct kc_error *err = topic_get(transaction, topic, &known);
    if (err)
        return err;
    *partition = key ? kc_partition_for_key(key, key_len, known->partitions) : known->keyless;
    return NULL;
}
