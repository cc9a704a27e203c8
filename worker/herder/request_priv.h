/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the herder's tick thread, and the stage that the tick thread is in.
 *
 * Any thread posts; the tick thread takes requests in the order of (due time, sequence). The run
 * function completes the request, at once or later, on any thread. Arguments live as long as the
 * last reference, so a caller may give up waiting.
 */
#ifndef WORKER_HERDER_REQUEST_PRIV_H
#define WORKER_HERDER_REQUEST_PRIV_H

#include "connect/mem.h"
#include "connect/thread.h"

struct kc_herder;
struct kc_request;
struct kc_requests;

/* Runs on the tick thread; must complete the request exactly once. */
typedef void (*kc_request_run)(struct kc_herder *herder, struct kc_request *request, void *args);

/* args: taken, freed with destroy (NULL: free) when the last reference goes. */
struct kc_request *kc_request_new(kc_request_run run, void *args, void (*destroy)(void *args));
struct kc_request *kc_request_ref(struct kc_request *request);
void kc_request_unref(struct kc_request *request);
void *kc_request_args(struct kc_request *request);
/* Runs it, on the tick thread. */
void kc_request_run_now(struct kc_herder *herder, struct kc_request *request);

/* Ends the request with err (taken; NULL: success). Only the first call counts. Any thread. */
void kc_request_complete(struct kc_request *request, struct kc_error *err);

/* Waits for the end; KC_ERR_TIMEOUT after timeout_ms (negative: never) with the text "Request timed
 * out" only. Otherwise the request's own outcome, owned by the caller. */
struct kc_error *kc_request_wait(struct kc_request *request, int timeout_ms) KC_MUST_CHECK;

struct kc_requests *kc_requests_new(void);
/* Requests left are completed with "Worker is shutting down". */
void kc_requests_close(struct kc_requests *requests);
void kc_requests_destroy(struct kc_requests *requests);
/* Adds a reference of request, due in delay_ms. True when it became the first. A closed queue
 * completes it at once. Any thread. */
bool kc_requests_add(struct kc_requests *requests, struct kc_request *request, int64_t delay_ms);
/* The first due request (reference handed over), or NULL. Then *next_ms is when the first one will
 * be due (kc_mono_ms() units; INT64_MAX: none). */
struct kc_request *kc_requests_next(struct kc_requests *requests, int64_t *next_ms);
/* Waits until deadline_ms, a request that is due, a wake-up or the close. */
void kc_requests_wait(struct kc_requests *requests, int64_t deadline_ms);
void kc_requests_wakeup(struct kc_requests *requests);

/* What the tick thread is doing (Connect's TickThreadStage). Any thread reads. */
struct kc_tick_stage {
    pthread_mutex_t lock;
    char *description;
    int64_t started_ms;   /* kc_now_ms() units */
    int64_t completed_ms; /* -1: under way */
};
void kc_stage_init(struct kc_tick_stage *stage);
void kc_stage_destroy(struct kc_tick_stage *stage);
void kc_stage_begin(struct kc_tick_stage *stage, const char *fmt, ...) KC_PRINTF(2, 3);
void kc_stage_end(struct kc_tick_stage *stage); /* of nested stages the first end counts */
/* "The worker is currently <what>, which began at <t>." or "The last operation the worker completed
 * was ..."; owned by the caller. */
char *kc_stage_summary(struct kc_tick_stage *stage);

/* An instant as Java prints it: 2024-10-25T12:00:00.123Z, without fraction when that is 0. */
void kc_instant_print(int64_t epoch_ms, char *text, size_t size);

#endif
