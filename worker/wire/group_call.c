/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on many groups, see group_call_priv.h.
 *
 * A call goes in rounds: find the coordinators of the open groups, send each its requests, read the
 * answers, and repeat for what failed retriably. Answers arrive on the loop thread and are read on
 * the caller's.
 */
#include "wire/group_call_priv.h"

#include "connect/thread.h"
#include "wire/messages_group.h"
#include "wire/wire_client_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEYS_PER_REQUEST = 1000,     /* of FindCoordinator */
    WAVE = 1000,                 /* requests under way */
    COMMITS_PER_CONNECTION = 16, /* before another connection is worth having */
    COMMIT_CONNECTIONS = 48,
};

/* ---- requests under way ---- */

struct wave {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    size_t open; /* guarded by mutex */
};

struct sent {
    struct wave *wave;
    struct wire_group_part **parts;
    size_t count;
    struct kc_wire_client *client;
    struct kc_wire_reply *reply;
};

static void wave_begin(struct wave *wave)
{
    *wave = (struct wave){.mutex = PTHREAD_MUTEX_INITIALIZER};
    kc_cond_init(&wave->cond);
}

static void wave_end(struct wave *wave)
{
    pthread_mutex_lock(&wave->mutex);
    while (wave->open > 0)
        kc_cond_wait_until(&wave->cond, &wave->mutex, INT64_MAX);
    pthread_mutex_unlock(&wave->mutex);
    pthread_cond_destroy(&wave->cond);
    pthread_mutex_destroy(&wave->mutex);
}

static void on_answer(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct sent *sent = arg;
    struct wave *wave = sent->wave;

    pthread_mutex_lock(&wave->mutex);
    sent->reply = reply;
    if (--wave->open == 0)
        pthread_cond_signal(&wave->cond);
    pthread_mutex_unlock(&wave->mutex);
}

static void send_one(struct wire_group_call *call, struct wave *wave, struct sent *sent,
                     struct kc_wire_request *request, kc_wire_done done)
{
    int64_t left = call->deadline_ms - kc_mono_ms();

    request->timeout_ms = (int32_t)(left > 0 ? left : 1);
    sent->wave = wave;
    sent->client = kc_wire_admin_client(call->admin);
    pthread_mutex_lock(&wave->mutex);
    wave->open++;
    pthread_mutex_unlock(&wave->mutex);
    kc_wire_send(sent->client, request, done, sent);
}

/* ---- results ---- */

void wire_group_part_result(struct wire_group_part *part, int16_t code, const char *message,
                            const char *what)
{
    kc_error_clear(part->error);
    part->done = !kc_kafka_error_retriable(code);
    if (code == KC_KAFKA_NOT_COORDINATOR || code == KC_KAFKA_COORDINATOR_NOT_AVAILABLE)
        part->coordinator = -1;
    if (code != KC_KAFKA_NONE)
        *part->error = kc_kafka_error_new(code, message, "%s of group %s", what, part->group);
}

static void parts_failed(struct wire_group_part **parts, size_t count, const struct kc_error *err)
{
    for (size_t i = 0; i < count; i++) {
        kc_error_clear(parts[i]->error);
        *parts[i]->error = kc_error_copy(err);
        parts[i]->done = !kc_error_retriable(err);
        parts[i]->coordinator = -1;
    }
}

struct wire_group_part *wire_group_call_find(struct wire_group_call *call, struct kc_wire_str name)
{
    struct wire_group_part *part = NULL;

    if (name.len >= 0)
        HASH_FIND(hh, call->by_name, name.data, (size_t)name.len, part);
    return part;
}

/* ---- coordinators ---- */

/* Loop thread: tells the client the brokers' addresses before requests are sent to them. */
static void on_found(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct sent *sent = arg;
    const struct kc_find_coordinator_response *response = reply->error ? NULL : reply->message;

    for (int32_t i = 0; response && i < response->coordinators.count; i++) {
        const struct kc_find_coordinator_response_coordinator *one =
            &response->coordinators.items[i];

        if (one->error_code == KC_KAFKA_NONE)
            kc_wire_hint_broker(sent->client, one->node_id, one->host.data, one->port, NULL);
    }
    on_answer(arg, request, reply);
}

static struct kc_wire_request *coordinators_request(struct wire_group_part **parts, size_t count)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_FIND_COORDINATOR);
    struct kc_find_coordinator_request *message = request->message;

    request->min_version = 4;
    KC_WIRE_LIST_NEW_OF(request->arena, &message->coordinator_keys, (int32_t)count);
    for (size_t i = 0; i < count; i++)
        message->coordinator_keys.items[i] = kc_wire_str_copy(request->arena, parts[i]->group);
    return request;
}

static void take_coordinators(struct wire_group_call *call, struct sent *sent)
{
    const struct kc_error *failed = sent->reply->error;
    const struct kc_find_coordinator_response *response = sent->reply->message;

    if (failed && kc_error_kafka_code(failed) == KC_KAFKA_UNSUPPORTED_VERSION)
        call->old = true;
    else if (failed)
        parts_failed(sent->parts, sent->count, failed);
    for (int32_t i = 0; !failed && i < response->coordinators.count; i++) {
        const struct kc_find_coordinator_response_coordinator *one =
            &response->coordinators.items[i];
        struct wire_group_part *part = wire_group_call_find(call, one->key);

        if (part && one->error_code == KC_KAFKA_NONE)
            part->coordinator = one->node_id;
        else if (part)
            wire_group_part_result(part, one->error_code, one->error_message.data,
                                   "finding the coordinator");
    }
    kc_wire_reply_unref(sent->reply);
}

static void find_coordinators(struct wire_group_call *call, struct wire_group_part **open,
                              size_t count)
{
    struct wire_group_part **unknown = kc_calloc(count + 1, sizeof(struct wire_group_part *));
    struct sent *sent = kc_calloc(count / KEYS_PER_REQUEST + 2, sizeof(*sent));
    struct wave wave;
    size_t unknowns = 0, requests = 0;

    for (size_t i = 0; i < count; i++) {
        if (open[i]->coordinator < 0)
            unknown[unknowns++] = open[i];
    }
    wave_begin(&wave);
    for (size_t i = 0; i < unknowns && !call->old; i += KEYS_PER_REQUEST, requests++) {
        sent[requests].parts = unknown + i;
        sent[requests].count = unknowns - i < KEYS_PER_REQUEST ? unknowns - i : KEYS_PER_REQUEST;
        send_one(call, &wave, &sent[requests],
                 coordinators_request(sent[requests].parts, sent[requests].count), on_found);
    }
    wave_end(&wave);
    for (size_t i = 0; i < requests; i++)
        take_coordinators(call, &sent[i]);
    free(sent);
    free(unknown);
}

/* ---- rounds ---- */

static int by_coordinator(const void *a, const void *b)
{
    const struct wire_group_part *x = *(struct wire_group_part *const *)a,
                                 *y = *(struct wire_group_part *const *)b;

    if (x->coordinator != y->coordinator)
        return x->coordinator < y->coordinator ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static bool sendable(const struct wire_group_call *call, const struct wire_group_part *part)
{
    return !part->done && (call->old || part->coordinator >= 0);
}

/* Parts from the first on that go into one request. */
static size_t cut(const struct wire_group_call *call, struct wire_group_part **parts, size_t count)
{
    size_t end = 1, most = call->old ? 1 : call->per_request;

    while (end < count && end < most && sendable(call, parts[end]) &&
           parts[end]->coordinator == parts[0]->coordinator)
        end++;
    return end;
}

/* Many commits use many connections, because a broker answers a connection's requests one after the
 * other, and since Kafka 4 holds each commit for some milliseconds to write several at once. */
static int channel_of(const struct wire_group_call *call, size_t number)
{
    size_t connections = call->count / COMMITS_PER_CONNECTION + 1;

    if (call->api != KC_API_OFFSET_COMMIT || connections == 1)
        return KC_WIRE_CHANNEL_MAIN;
    return KC_WIRE_CHANNEL_FETCH +
           (int)(number % (connections < COMMIT_CONNECTIONS ? connections : COMMIT_CONNECTIONS));
}

static void send_parts(struct wire_group_call *call, struct wave *wave, struct sent *sent,
                       size_t number)
{
    struct kc_wire_request *request = kc_wire_request_new(call->api);

    if (call->old) {
        request->target.kind = KC_WIRE_GROUP;
        request->target.key = kc_arena_strdup(request->arena, sent->parts[0]->group);
    } else {
        request->target.kind = KC_WIRE_BROKER;
        request->target.broker_id = sent->parts[0]->coordinator;
    }
    request->channel = channel_of(call, number);
    call->build(call, request, sent->parts, sent->count);
    send_one(call, wave, sent, request, on_answer);
}

static void take_answer(struct wire_group_call *call, struct sent *sent)
{
    const struct kc_error *failed = sent->reply->error;

    /* The coordinators may know KIP-699 but not KIP-709, although no release does. */
    if (failed && kc_error_kafka_code(failed) == KC_KAFKA_UNSUPPORTED_VERSION && !call->old)
        call->old = true;
    else if (failed)
        parts_failed(sent->parts, sent->count, failed);
    else
        call->take(call, sent->reply, sent->parts, sent->count);
    for (size_t i = 0; call->old && i < sent->count; i++) {
        if (!sent->parts[i]->done)
            kc_wire_forget_coordinator(sent->client, KC_WIRE_GROUP, sent->parts[i]->group);
    }
    kc_wire_reply_unref(sent->reply);
}

/* Sends to all that are open, so many requests at a time. */
static void run_round(struct wire_group_call *call, struct wire_group_part **open, size_t count)
{
    struct sent *sent = kc_calloc(WAVE, sizeof(*sent));
    size_t next = 0;

    qsort(open, count, sizeof(*open), by_coordinator);
    while (next < count) {
        struct wave wave;
        size_t requests = 0;

        wave_begin(&wave);
        while (next < count && requests < WAVE) {
            if (!sendable(call, open[next])) {
                next++;
                continue;
            }
            sent[requests] =
                (struct sent){.parts = open + next, .count = cut(call, open + next, count - next)};
            next += sent[requests].count;
            send_parts(call, &wave, &sent[requests], requests);
            requests++;
        }
        wave_end(&wave);
        for (size_t i = 0; i < requests; i++)
            take_answer(call, &sent[i]);
    }
    free(sent);
}

static size_t open_parts(struct wire_group_call *call, struct wire_group_part **open)
{
    size_t count = 0;

    for (size_t i = 0; i < call->count; i++) {
        if (!call->parts[i].done)
            open[count++] = &call->parts[i];
    }
    return count;
}

static void give_up(struct wire_group_part **open, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!*open[i]->error)
            *open[i]->error = kc_error_retriable_new(
                KC_ERR_TIMEOUT, "The coordinator of group %s has not answered in time",
                open[i]->group);
    }
}

void wire_group_call_run(struct wire_group_call *call)
{
    struct wire_group_part **open = kc_calloc(call->count + 1, sizeof(struct wire_group_part *));
    size_t count;

    for (int attempt = 0; (count = open_parts(call, open)) > 0; attempt++) {
        if (attempt > 0)
            wire_back_off(kc_wire_admin_client(call->admin), attempt - 1, call->deadline_ms);
        if (attempt > 0 && kc_mono_ms() >= call->deadline_ms)
            break;
        find_coordinators(call, open, count);
        run_round(call, open, count);
    }
    give_up(open, count);
    HASH_CLEAR(hh, call->by_name);
    free(open);
}

void wire_group_call_add(struct wire_group_call *call, const char *group, struct kc_error **error)
{
    struct wire_group_part *part = &call->parts[call->count];

    *error = NULL;
    *part = (struct wire_group_part){
        .group = group, .index = call->count++, .coordinator = -1, .error = error};
    HASH_ADD_KEYPTR(hh, call->by_name, part->group, strlen(part->group), part);
}
