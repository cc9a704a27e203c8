/* SPDX-License-Identifier: Apache-2.0 */
/* A first-in-first-out queue of pointers between threads. */
#ifndef WORKER_BASE_QUEUE_H
#define WORKER_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kc_queue;

/* destroy_item frees what is left when the queue is destroyed; may be NULL. */
struct kc_queue *kc_queue_new(void (*destroy_item)(void *));
void kc_queue_destroy(struct kc_queue *queue);

/* Takes item. False: the queue is closed, and item stays the caller's. Any thread. */
bool kc_queue_push(struct kc_queue *queue, void *item);

/* The oldest item, waiting until deadline_ms (kc_mono_ms() units; 0: don't wait). NULL: none in
 * time, or closed and empty. Any thread. */
void *kc_queue_pop(struct kc_queue *queue, int64_t deadline_ms);

/* No more pushes; wakes every waiter. */
void kc_queue_close(struct kc_queue *queue);
size_t kc_queue_size(struct kc_queue *queue);

#endif
