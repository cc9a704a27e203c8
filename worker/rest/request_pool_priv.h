/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads for requests that wait: the herder, a broker, another worker.
 *
 * Threads are made on demand, up to a limit; beyond it jobs queue, up to another limit. Quick
 * requests never come here, so they are answered whatever happens.
 */
#ifndef WORKER_REST_REQUEST_POOL_PRIV_H
#define WORKER_REST_REQUEST_POOL_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct kc_request_pool;

/* At most max_threads jobs run at once, and as many as max_waiting wait. */
struct kc_request_pool *kc_request_pool_new(size_t max_threads, size_t max_waiting,
                                            void (*run)(void *job));
/* Runs job on one of the threads. False: the pool is closed or full, or no thread could be made. */
bool kc_request_pool_submit(struct kc_request_pool *pool, void *job);
/* Waits for the jobs under way and queued, frees. */
void kc_request_pool_destroy(struct kc_request_pool *pool);

#endif
