/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions of a raw lane: see raw_transaction_priv.h. */
#include "source/raw_transaction_priv.h"

#include "append/appender.h"
#include "base/kafka_errors.h"
#include "connect/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { LOOK_MS = 100 /* between looks whether the task has been cancelled */ };

struct kc_raw_transaction {
    struct kc_raw_lane *lane;
    struct kc_task_host *host;
};

struct kc_raw_transaction *kc_raw_transaction_new(struct kc_raw_lane *lane,
                                                  struct kc_task_host *host)
{
    struct kc_raw_transaction *transaction = kc_calloc(1, sizeof(*transaction));
    transaction->lane = lane;
    transaction->host = host;
    return transaction;
}

void kc_raw_transaction_destroy(struct kc_raw_transaction *transaction)
{
    free(transaction);
}

/* ---- waiting for the appender ---- */

/* The waiting thread and the appender hold a call; the last one frees it. */
struct transaction_call {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    atomic_int holders;
    bool done;
    struct kc_error *err;
};

static struct transaction_call *call_new(void)
{
    struct transaction_call *call = kc_calloc(1, sizeof(*call));
    pthread_mutex_init(&call->mutex, NULL);
    kc_cond_init(&call->cond);
    atomic_store(&call->holders, 2);
    return call;
}

static void call_release(struct transaction_call *call)
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
    struct transaction_call *call = arg;
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
    struct transaction_call *call = call_new();
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
