/* SPDX-License-Identifier: Apache-2.0 */
/* Named threads, and a condition with a deadline on the monotonic clock. */
#ifndef CONNECT_THREAD_H
#define CONNECT_THREAD_H

#include "connect/error.h"

#include <pthread.h>
#include <stdint.h>

/* Starts a joinable thread called name (cut to 15 bytes for the kernel). All signals are blocked in
 * it: main handles them. A refusal of the system is a retriable KC_ERR_IO. */
struct kc_error *kc_thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
                                 void *arg) KC_MUST_CHECK;

/* A condition variable that measures deadlines by CLOCK_MONOTONIC. */
void kc_cond_init(pthread_cond_t *cond);

/* Waits until signalled or deadline (kc_mono_ms() units; INT64_MAX: for ever). False: deadline
 * passed. */
bool kc_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ms);

#endif
