/* SPDX-License-Identifier: Apache-2.0 */
/* The request threads: see request_pool_priv.h. */
#include "rest/request_pool_priv.h"

#include "base/queue.h"
#include "connect/log.h"
#include "connect/mem.h"
#include "connect/thread.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.rest.request_pool");

struct kc_request_pool {
    pthread_mutex_t mutex; /* threads, count, idle */
    pthread_t *threads;
    size_t count;
    size_t max;
    size_t max_waiting;
    size_t idle;
    struct kc_queue *jobs;
    void (*run)(void *job);
};

static void *serve(void *arg)
{
    struct kc_request_pool *pool = arg;
    void *job;
    while ((job = kc_queue_pop(pool->jobs, INT64_MAX))) {
        pool->run(job);
        pthread_mutex_lock(&pool->mutex);
        pool->idle++;
        pthread_mutex_unlock(&pool->mutex);
    }
    return NULL;
}

struct kc_request_pool *kc_request_pool_new(size_t max_threads, size_t max_waiting,
                                            void (*run)(void *job))
{
    struct kc_request_pool *pool = kc_calloc(1, sizeof(*pool));
    pthread_mutex_init(&pool->mutex, NULL);
    pool->threads = kc_calloc(max_threads, sizeof(*pool->threads));
    pool->max = max_threads;
    pool->max_waiting = max_waiting;
    pool->jobs = kc_queue_new(NULL);
    pool->run = run;
    return pool;
}

/* Makes a thread unless one is idle or there are enough; false when there is none at all. */
static bool have_thread(struct kc_request_pool *pool)
{
    bool have = true;
    pthread_mutex_lock(&pool->mutex);
    if (pool->idle > 0) {
        pool->idle--;
    } else if (pool->count < pool->max) {
        struct kc_error *err =
            kc_thread_start(&pool->threads[pool->count], "rest-request", serve, pool);
        if (err) {
            have = pool->count > 0;
            kc_warn("%s", kc_error_text(err));
            kc_error_destroy(err);
        } else {
            pool->count++;
        }
    }
    pthread_mutex_unlock(&pool->mutex);
    return have;
}

bool kc_request_pool_submit(struct kc_request_pool *pool, void *job)
{
    return kc_queue_size(pool->jobs) < pool->max_waiting && have_thread(pool) &&
           kc_queue_push(pool->jobs, job);
}

void kc_request_pool_destroy(struct kc_request_pool *pool)
{
    if (!pool)
        return;
    kc_queue_close(pool->jobs);
    for (size_t i = 0; i < pool->count; i++)
        pthread_join(pool->threads[i], NULL);
    kc_queue_destroy(pool->jobs);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->threads);
    free(pool);
}
