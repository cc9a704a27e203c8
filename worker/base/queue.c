/* SPDX-License-Identifier: Apache-2.0 */
/* The queue between threads: see queue.h. A ring that grows, one lock, one condition. */
#include "base/queue.h"

#include "connect/mem.h"
#include "connect/thread.h"

#include <stdlib.h>

struct kc_queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    void **ring;
    size_t cap;
    size_t head;
    size_t count;
    bool closed;
    void (*destroy_item)(void *);
};

struct kc_queue *kc_queue_new(void (*destroy_item)(void *))
{
    struct kc_queue *queue = kc_calloc(1, sizeof(*queue));
    pthread_mutex_init(&queue->mutex, NULL);
    kc_cond_init(&queue->filled);
    queue->destroy_item = destroy_item;
    return queue;
}

void kc_queue_destroy(struct kc_queue *queue)
{
    if (!queue)
        return;
    for (size_t i = 0; queue->destroy_item && i < queue->count; i++)
        queue->destroy_item(queue->ring[(queue->head + i) % queue->cap]);
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->ring);
    free(queue);
}

static void grow(struct kc_queue *queue)
{
    size_t cap = queue->cap ? queue->cap * 2 : 16;
    void **ring = kc_malloc(cap * sizeof(*ring));
    for (size_t i = 0; i < queue->count; i++)
        ring[i] = queue->ring[(queue->head + i) % queue->cap];
    free(queue->ring);
    queue->ring = ring;
    queue->cap = cap;
    queue->head = 0;
}

bool kc_queue_push(struct kc_queue *queue, void *item)
{
    pthread_mutex_lock(&queue->mutex);
    bool open = !queue->closed;
    if (open) {
        if (queue->count == queue->cap)
            grow(queue);
        queue->ring[(queue->head + queue->count++) % queue->cap] = item;
        pthread_cond_signal(&queue->filled);
    }
    pthread_mutex_unlock(&queue->mutex);
    return open;
}

void *kc_queue_pop(struct kc_queue *queue, int64_t deadline_ms)
{
    void *item = NULL;
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == 0 && !queue->closed && deadline_ms > 0 &&
           kc_cond_wait_until(&queue->filled, &queue->mutex, deadline_ms))
        ;
    if (queue->count > 0) {
        item = queue->ring[queue->head];
        queue->head = (queue->head + 1) % queue->cap;
        queue->count--;
    }
    pthread_mutex_unlock(&queue->mutex);
    return item;
}

void kc_queue_close(struct kc_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->mutex);
}

size_t kc_queue_size(struct kc_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    size_t count = queue->count;
    pthread_mutex_unlock(&queue->mutex);
    return count;
}
