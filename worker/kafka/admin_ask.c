/* SPDX-License-Identifier: Apache-2.0 */
/* Many requests of one admin call, see admin_ask_priv.h. */
#include "kafka/admin_ask_priv.h"

#include "connect/thread.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    WAVE = 1000, /* requests under way */
};

struct ask_wave {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    size_t open; /* guarded by mutex */
};

struct ask_sent {
    struct ask_wave *wave;
    struct kc_admin_ask *ask;
};

/* Loop thread. */
static void on_answer(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct ask_sent *sent = arg;
    struct ask_wave *wave = sent->wave;
    pthread_mutex_lock(&wave->mutex);
    sent->ask->reply = reply;
    if (--wave->open == 0)
        pthread_cond_signal(&wave->cond);
    pthread_mutex_unlock(&wave->mutex);
}

static void send_wave(struct kc_wire_client *client, struct ask_sent *sent, size_t count,
                      int64_t deadline_ms)
{
    struct ask_wave wave = {.mutex = PTHREAD_MUTEX_INITIALIZER, .open = count};
    kc_cond_init(&wave.cond);
    for (size_t i = 0; i < count; i++) {
        struct kc_wire_request *request = sent[i].ask->build(sent[i].ask->arg);
        int64_t left = deadline_ms - kc_mono_ms();
        request->timeout_ms = kc_timeout_ms(left > 0 ? left : 1);
        sent[i].wave = &wave;
        kc_wire_send(client, request, on_answer, &sent[i]);
    }
    pthread_mutex_lock(&wave.mutex);
    while (wave.open > 0)
        kc_cond_wait_until(&wave.cond, &wave.mutex, INT64_MAX);
    pthread_mutex_unlock(&wave.mutex);
    pthread_cond_destroy(&wave.cond);
    pthread_mutex_destroy(&wave.mutex);
}

static void take_answer(struct kc_admin_ask *ask)
{
    const struct kc_error *failed = ask->reply->error;
    kc_error_clear(ask->error);
    if (failed)
        *ask->error = kc_error_copy(failed);
    ask->done = failed ? !kc_error_retriable(failed) : ask->take(ask->arg, ask->reply);
    kc_wire_reply_unref(ask->reply);
    ask->reply = NULL;
}

/* Sends the open requests, a limited number at a time. Returns how many still are. */
static size_t run_round(struct kc_wire_client *client, struct kc_admin_ask *asks, size_t count,
                        int64_t deadline_ms)
{
    struct ask_sent *sent = kc_calloc(count < WAVE ? count + 1 : WAVE, sizeof(*sent));
    size_t open = 0, next = 0;
    while (next < count) {
        size_t under_way = 0;
        for (; next < count && under_way < WAVE; next++) {
            if (!asks[next].done)
                sent[under_way++].ask = &asks[next];
        }
        send_wave(client, sent, under_way, deadline_ms);
        for (size_t i = 0; i < under_way; i++) {
            take_answer(sent[i].ask);
            open += !sent[i].ask->done;
        }
    }
    free(sent);
    return open;
}

static int64_t pause_ms(const struct kc_wire_client *client, const struct kc_admin_ask *asks,
                        int attempt)
{
    int64_t most = asks[0].pause_max_ms;
    int64_t ms =
        most ? INT64_C(1) << (attempt < 30 ? attempt : 30) : kc_wire_backoff_ms(client, attempt);
    return most && ms > most ? most : ms;
}

struct kc_error *kc_admin_ask_all(struct kc_admin *admin, struct kc_admin_ask *asks, size_t count)
{
    int64_t deadline = kc_mono_ms() + admin->timeout_ms;
    struct kc_wire_admin *wire = NULL;
    struct kc_error *err = count ? kc_admin_wire(admin, &wire) : NULL;
    if (err || !count)
        return err;
    struct kc_wire_client *client = kc_wire_admin_client(wire);
    for (int attempt = 0; run_round(client, asks, count, deadline) > 0; attempt++) {
        int64_t left = deadline - kc_mono_ms(), ms = pause_ms(client, asks, attempt);
        if (left <= 0)
            break;
        usleep((useconds_t)(ms < left ? ms : left) * 1000);
    }
    return NULL;
}

bool kc_admin_answered(struct kc_error **error, int16_t code, struct kc_wire_str message,
                       const char *fmt, ...)
{
    kc_error_clear(error);
    if (code == KC_KAFKA_NONE)
        return true;
    va_list args;
    va_start(args, fmt);
    char *what = kc_vasprintf(fmt, args);
    va_end(args);
    *error = kc_kafka_error_new(code, message.len > 0 ? message.data : NULL, "%s", what);
    free(what);
    return !kc_kafka_error_retriable(code);
}

struct kc_wire_request *kc_admin_to_coordinator(enum kc_api api, enum kc_wire_target_kind kind,
                                                const char *key)
{
    struct kc_wire_request *request = kc_wire_request_new(api);
    request->target.kind = kind;
    request->target.key = kc_arena_strdup(request->arena, key);
    return request;
}

bool kc_admin_coordinator_answered(struct kc_admin *admin, enum kc_wire_target_kind kind,
                                   const char *key, struct kc_error **error, int16_t code,
                                   struct kc_wire_str message, const char *what)
{
    if (code == KC_KAFKA_NOT_COORDINATOR || code == KC_KAFKA_COORDINATOR_NOT_AVAILABLE)
        kc_wire_forget_coordinator(kc_wire_admin_client(admin->wire), kind, key);
    return kc_admin_answered(error, code, message, "%s %s", what, key);
}

char *kc_admin_text(struct kc_wire_str text)
{
    return text.len < 0 ? NULL : kc_strndup(text.data, (size_t)text.len);
}
