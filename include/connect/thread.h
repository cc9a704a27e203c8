/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads, and waiting with a deadline, for worker and connectors (API 1.3).
 *
 * Deadlines are in kc_mono_ms() units, on the monotonic clock: a clock that is set moves none of
 * them. INT64_MAX is for ever. A plugin that starts threads by itself has to block signals in them;
 * those started here have all signals blocked, because main handles them.
 */
#ifndef CONNECT_THREAD_H
#define CONNECT_THREAD_H

#include "connect/error.h"

#include <pthread.h>
#include <stdint.h>

KC_API_BEGIN

/* ---- a request to stop ---- */

/*
 * Tells threads to stop, and lets them wait meanwhile. A task's stop() sets it, and its poll()
 * waits for it. Once set it stays set. Any thread, except for new and destroy.
 */
struct kc_stop;

struct kc_stop *kc_stop_new(void);
/* After the last wait has returned. NULL is fine. */
void kc_stop_destroy(struct kc_stop *stop);
/* Ends all waits, those that come later too. */
void kc_stop_set(struct kc_stop *stop);
bool kc_stop_is_set(const struct kc_stop *stop);
/* Waits until stop is set, somebody wakes, or the deadline. True: it is set. */
bool kc_stop_wait_until(struct kc_stop *stop, int64_t deadline_ms);
/* Ends one wait, the one under way or the next. */
void kc_stop_wake(struct kc_stop *stop);

/* ---- threads ---- */

/* A thread with a request to stop of its own. */
struct kc_thread;

/* Starts a thread called name (cut to 15 bytes for the kernel), whose log lines carry the context
 * of the calling thread's. It calls run(arg, stop) once; run returns soon after stop is set. A
 * refusal of the system is a retriable KC_ERR_IO. */
struct kc_error *kc_thread_new(const char *name, void (*run)(void *arg, struct kc_stop *stop),
                               void *arg, struct kc_thread **thread) KC_MUST_CHECK;
/* The thread's request to stop, borrowed: to set it early, or to wake it. */
struct kc_stop *kc_thread_stop(const struct kc_thread *thread);
/* Sets the request to stop, waits for the end of run, and frees thread. Not on the thread itself.
 * NULL is fine. */
void kc_thread_destroy(struct kc_thread *thread);

/* Starts a thread that the caller stops in its own way and joins with pthread_join(). Otherwise as
 * kc_thread_new(), without a log context. */
struct kc_error *kc_thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
                                 void *arg) KC_MUST_CHECK;

/* ---- conditions ---- */

/* Initialises a condition variable with deadlines on CLOCK_MONOTONIC; end it with
 * pthread_cond_destroy(). */
void kc_cond_init(pthread_cond_t *cond);

/* Waits until signalled or the deadline; mutex is held, as for pthread_cond_wait(). False: the
 * deadline has passed. A wait may end for no reason: look at what is waited for. */
bool kc_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ms);

KC_API_END

#endif
