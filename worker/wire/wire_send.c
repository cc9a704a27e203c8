/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending by a client: at once or waiting, again where the way there failed. See wire_client.h.
 *
 * Sending from the loop thread goes through the loop's queue as well: a callback never runs inside
 * the call that caused it.
 */
#include "wire/wire_client_priv.h"

#include "connect/thread.h"

#include <stdlib.h>

struct send_post {
    struct kc_wire_client *client;
    struct wire_pending *pending;
};

static void run_send(void *arg)
{
    struct send_post *send = arg;
    struct kc_wire_client *client = send->client;
    struct wire_pending *pending = send->pending;

    free(send);
    if (client->stopping) {
        wire_pending_fail(pending, kc_error_new(KC_ERR_WAKEUP, "%s is being closed", client->name));
        return;
    }
    wire_client_hurry(client);
    client->calls->route(client, pending);
}

/* The time-out counts from here, so that a loop that is held up doesn't make it longer. */
void wire_client_send(struct kc_wire_client *client, struct wire_pending *pending)
{
    struct send_post *send = kc_malloc(sizeof(*send));
    int32_t timeout = pending->request->timeout_ms;

    pending->deadline_ms =
        kc_mono_ms() + (timeout > 0 ? timeout : client->settings->request_timeout_ms);
    *send = (struct send_post){client, pending};
    if (kc_wire_post(client, run_send, send))
        return;
    free(send);
    wire_pending_fail(pending, kc_error_new(KC_ERR_WAKEUP, "%s is closed", client->name));
}

void kc_wire_send(struct kc_wire_client *client, struct kc_wire_request *request, kc_wire_done done,
                  void *arg)
{
    wire_client_send(client, wire_pending_new(request, done, arg));
}

struct blocking_call {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct kc_wire_reply *reply;
};

static void call_done(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct blocking_call *call = arg;

    pthread_mutex_lock(&call->mutex);
    call->reply = reply;
    pthread_cond_signal(&call->cond);
    pthread_mutex_unlock(&call->mutex);
}

/* Sends once and waits for the callback, which comes at the request's time-out at the latest. */
static struct kc_wire_reply *call_once(struct kc_wire_client *client, struct blocking_call *call,
                                       struct kc_wire_request *request)
{
    struct wire_pending *pending = wire_pending_new(request, call_done, call);

    pending->keep_request = true;
    wire_client_send(client, pending);
    pthread_mutex_lock(&call->mutex);
    while (!call->reply)
        kc_cond_wait_until(&call->cond, &call->mutex, INT64_MAX);
    struct kc_wire_reply *reply = call->reply;
    call->reply = NULL;
    pthread_mutex_unlock(&call->mutex);
    return reply;
}

int64_t kc_wire_backoff_ms(const struct kc_wire_client *client, int attempt)
{
    return kc_wire_jittered(client->settings->retry_backoff_ms,
                            client->settings->retry_backoff_max_ms, attempt);
}

void wire_back_off(const struct kc_wire_client *client, int attempt, int64_t deadline_ms)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    int64_t until = kc_mono_ms() + kc_wire_backoff_ms(client, attempt);

    if (until > deadline_ms)
        until = deadline_ms;
    kc_cond_init(&cond);
    pthread_mutex_lock(&mutex);
    while (kc_cond_wait_until(&cond, &mutex, until))
        continue;
    pthread_mutex_unlock(&mutex);
    pthread_cond_destroy(&cond);
}

/* If the caller's deadline ended the last try, an earlier try's error tells more. */
static struct kc_error *failure_of(const struct kc_wire_reply *last, struct kc_error *met)
{
    if (met && last->error && kc_error_code(last->error) == KC_ERR_TIMEOUT)
        return met;
    kc_error_destroy(met);
    return last->error ? kc_error_copy(last->error) : NULL;
}

struct kc_error *kc_wire_call(struct kc_wire_client *client, struct kc_wire_request *request,
                              int64_t deadline_ms, struct kc_wire_reply **out)
{
    struct blocking_call call = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    int32_t own_timeout =
        request->timeout_ms > 0 ? request->timeout_ms : client->settings->request_timeout_ms;
    struct kc_wire_reply *reply = NULL;
    struct kc_error *met = NULL;

    kc_cond_init(&call.cond);
    for (int attempt = 0;; attempt++) {
        int64_t left = deadline_ms - kc_mono_ms();

        request->timeout_ms = (int32_t)(left < 1 ? 1 : left < own_timeout ? left : own_timeout);
        reply = call_once(client, &call, request);
        if (!reply->error || !kc_error_retriable(reply->error) || kc_mono_ms() >= deadline_ms)
            break;
        if (kc_error_code(reply->error) != KC_ERR_TIMEOUT) {
            kc_error_destroy(met);
            met = kc_error_copy(reply->error);
        }
        kc_wire_reply_unref(reply);
        wire_back_off(client, attempt, deadline_ms);
    }
    struct kc_error *err = failure_of(reply, met);
    if (err) {
        kc_wire_reply_unref(reply);
        reply = NULL;
    }
    pthread_cond_destroy(&call.cond);
    pthread_mutex_destroy(&call.mutex);
    kc_wire_request_destroy(request);
    *out = reply;
    return err;
}
