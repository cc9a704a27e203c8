/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the tick thread and its stage: see request_priv.h. */
#include "herder/request_priv.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct kc_request {
    atomic_int refs;
    kc_request_run run;
    void *args;
    void (*destroy)(void *args);
    int64_t at_ms;
    uint64_t seq;
    struct kc_request *next; /* in the queue */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done;
    struct kc_error *err; /* the outcome, until someone takes it */
};

struct kc_requests {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct kc_request *first; /* by (at, seq) */
    uint64_t seq;
    bool woken;
    bool closed;
};

/* ---- one request ---- */

struct kc_request *kc_request_new(kc_request_run run, void *args, void (*destroy)(void *args))
{
    struct kc_request *request = kc_calloc(1, sizeof(*request));
    atomic_init(&request->refs, 1);
    request->run = run;
    request->args = args;
    request->destroy = destroy ? destroy : free;
    pthread_mutex_init(&request->lock, NULL);
    kc_cond_init(&request->ended);
    return request;
}

struct kc_request *kc_request_ref(struct kc_request *request)
{
    atomic_fetch_add(&request->refs, 1);
    return request;
}

void kc_request_unref(struct kc_request *request)
{
    if (!request || atomic_fetch_sub(&request->refs, 1) != 1)
        return;
    request->destroy(request->args);
    kc_error_destroy(request->err);
    pthread_mutex_destroy(&request->lock);
    pthread_cond_destroy(&request->ended);
    free(request);
}

void *kc_request_args(struct kc_request *request)
{
    return request->args;
}

void kc_request_run_now(struct kc_herder *herder, struct kc_request *request)
{
    request->run(herder, request, request->args);
}

void kc_request_complete(struct kc_request *request, struct kc_error *err)
{
    pthread_mutex_lock(&request->lock);
    if (!request->done) {
        request->done = true;
        request->err = err;
        err = NULL;
        pthread_cond_broadcast(&request->ended);
    }
    pthread_mutex_unlock(&request->lock);
    kc_error_destroy(err);
}

struct kc_error *kc_request_wait(struct kc_request *request, int timeout_ms)
{
    int64_t deadline = timeout_ms < 0 ? INT64_MAX : kc_mono_ms() + timeout_ms;
    struct kc_error *err = NULL;
    pthread_mutex_lock(&request->lock);
    while (!request->done)
        if (!kc_cond_wait_until(&request->ended, &request->lock, deadline))
            break;
    if (request->done) {
        err = request->err;
        request->err = NULL;
    } else {
        err = kc_error_new(KC_ERR_TIMEOUT, "Request timed out");
    }
    pthread_mutex_unlock(&request->lock);
    return err;
}

/* ---- the queue ---- */

struct kc_requests *kc_requests_new(void)
{
    struct kc_requests *requests = kc_calloc(1, sizeof(*requests));
    pthread_mutex_init(&requests->lock, NULL);
    kc_cond_init(&requests->changed);
    return requests;
}

static struct kc_error *shutting_down(void)
{
    return kc_error_new(KC_ERR_CONNECT, "Worker is shutting down");
}

void kc_requests_close(struct kc_requests *requests)
{
    pthread_mutex_lock(&requests->lock);
    requests->closed = true;
    struct kc_request *left = requests->first;
    requests->first = NULL;
    pthread_cond_broadcast(&requests->changed);
    pthread_mutex_unlock(&requests->lock);
    while (left) {
        struct kc_request *next = left->next;
        kc_request_complete(left, shutting_down());
        kc_request_unref(left);
        left = next;
    }
}

void kc_requests_destroy(struct kc_requests *requests)
{
    if (!requests)
        return;
    kc_requests_close(requests);
    pthread_mutex_destroy(&requests->lock);
    pthread_cond_destroy(&requests->changed);
    free(requests);
}

static void insert(struct kc_requests *requests, struct kc_request *request)
{
    struct kc_request **place = &requests->first;
    while (*place && (*place)->at_ms <= request->at_ms)
        place = &(*place)->next;
    request->next = *place;
    *place = request;
}

bool kc_requests_add(struct kc_requests *requests, struct kc_request *request, int64_t delay_ms)
{
    pthread_mutex_lock(&requests->lock);
    bool closed = requests->closed;
    bool is_first = false;
    if (!closed) {
        request->at_ms = kc_mono_ms() + delay_ms;
        request->seq = ++requests->seq;
        insert(requests, kc_request_ref(request));
        is_first = requests->first == request;
        pthread_cond_broadcast(&requests->changed);
    }
    pthread_mutex_unlock(&requests->lock);
    if (closed)
        kc_request_complete(request, shutting_down());
    return is_first;
}

struct kc_request *kc_requests_next(struct kc_requests *requests, int64_t *next_ms)
{
    pthread_mutex_lock(&requests->lock);
    struct kc_request *request = requests->first;
    *next_ms = request ? request->at_ms : INT64_MAX;
    if (request && request->at_ms <= kc_mono_ms()) {
        requests->first = request->next;
        request->next = NULL;
    } else {
        request = NULL;
    }
    pthread_mutex_unlock(&requests->lock);
    return request;
}

void kc_requests_wait(struct kc_requests *requests, int64_t deadline_ms)
{
    pthread_mutex_lock(&requests->lock);
    while (!requests->woken && !requests->closed) {
        int64_t until = deadline_ms;
        if (requests->first && requests->first->at_ms < until)
            until = requests->first->at_ms;
        if (until <= kc_mono_ms())
            break;
        kc_cond_wait_until(&requests->changed, &requests->lock, until);
    }
    requests->woken = false;
    pthread_mutex_unlock(&requests->lock);
}

void kc_requests_wakeup(struct kc_requests *requests)
{
    pthread_mutex_lock(&requests->lock);
    requests->woken = true;
    pthread_cond_broadcast(&requests->changed);
    pthread_mutex_unlock(&requests->lock);
}

/* ---- the stage ---- */

void kc_stage_init(struct kc_tick_stage *stage)
{
    pthread_mutex_init(&stage->lock, NULL);
    stage->description = kc_strdup("awaiting startup");
    stage->started_ms = kc_now_ms();
    stage->completed_ms = -1;
}

void kc_stage_destroy(struct kc_tick_stage *stage)
{
    pthread_mutex_destroy(&stage->lock);
    free(stage->description);
}

void kc_stage_begin(struct kc_tick_stage *stage, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *description = kc_vasprintf(fmt, args);
    va_end(args);
    pthread_mutex_lock(&stage->lock);
    free(stage->description);
    stage->description = description;
    stage->started_ms = kc_now_ms();
    stage->completed_ms = -1;
    pthread_mutex_unlock(&stage->lock);
}

void kc_stage_end(struct kc_tick_stage *stage)
{
    pthread_mutex_lock(&stage->lock);
    if (stage->completed_ms < 0)
        stage->completed_ms = kc_now_ms();
    pthread_mutex_unlock(&stage->lock);
}

char *kc_stage_summary(struct kc_tick_stage *stage)
{
    char began[40];
    char ended[40];
    pthread_mutex_lock(&stage->lock);
    kc_instant_print(stage->started_ms, began, sizeof(began));
    char *text;
    if (stage->completed_ms < 0) {
        text = kc_asprintf("The worker is currently %s, which began at %s.", stage->description,
                           began);
    } else {
        kc_instant_print(stage->completed_ms, ended, sizeof(ended));
        text = kc_asprintf("The last operation the worker completed was %s, which began at %s and "
                           "completed at %s.",
                           stage->description, began, ended);
    }
    pthread_mutex_unlock(&stage->lock);
    return text;
}

void kc_instant_print(int64_t epoch_ms, char *text, size_t size)
{
    time_t seconds = (time_t)(epoch_ms / 1000);
    int millis = (int)(epoch_ms % 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char date[32];
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    if (millis)
        snprintf(text, size, "%s.%03dZ", date, millis);
    else
        snprintf(text, size, "%sZ", date);
}
