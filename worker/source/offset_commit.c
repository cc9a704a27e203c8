/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's offset committer: see offset_commit.h. Commits run without the lock held. */
#include "source/offset_commit.h"

#include "base/thread.h"
#include "connect/mem.h"

#include <stdlib.h>
#include <utlist.h>

struct commit_job {
    void (*commit)(void *opaque);
    void *opaque;
    int64_t due_ms;
    struct commit_job *next;
};

struct kc_offset_committer {
    int64_t interval_ms;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct commit_job *jobs; /* the next due first */
    void *running;           /* opaque of the job under way */
    bool removed;            /* while it ran */
    bool closing;
};

static int by_due(const struct commit_job *a, const struct commit_job *b)
{
    return a->due_ms < b->due_ms ? -1 : a->due_ms > b->due_ms;
}

/* With the mutex, which is released meanwhile. */
static void run_job(struct kc_offset_committer *committer, struct commit_job *job)
{
    LL_DELETE(committer->jobs, job);
    committer->running = job->opaque;
    committer->removed = false;
    pthread_mutex_unlock(&committer->mutex);
    job->commit(job->opaque);
    pthread_mutex_lock(&committer->mutex);
    committer->running = NULL;
    if (committer->removed) {
        free(job);
    } else {
        job->due_ms = kc_deadline_ms(committer->interval_ms);
        LL_INSERT_INORDER(committer->jobs, job, by_due);
    }
    pthread_cond_broadcast(&committer->changed);
}

static void *thread_main(void *arg)
{
    struct kc_offset_committer *committer = arg;
    pthread_mutex_lock(&committer->mutex);
    while (!committer->closing) {
        struct commit_job *first = committer->jobs;
        if (first && first->due_ms <= kc_mono_ms())
            run_job(committer, first);
        else
            kc_cond_wait_until(&committer->changed, &committer->mutex,
                               first ? first->due_ms : INT64_MAX);
    }
    pthread_mutex_unlock(&committer->mutex);
    return NULL;
}

struct kc_error *kc_offset_committer_new(int64_t interval_ms,
                                         struct kc_offset_committer **committer)
{
    struct kc_offset_committer *made = kc_calloc(1, sizeof(*made));
    made->interval_ms = interval_ms > 0 ? interval_ms : 1;
    pthread_mutex_init(&made->mutex, NULL);
    kc_cond_init(&made->changed);
    struct kc_error *err = kc_thread_start(&made->thread, "offset-commit", thread_main, made);
    if (err) {
        pthread_cond_destroy(&made->changed);
        pthread_mutex_destroy(&made->mutex);
        free(made);
        return err;
    }
    *committer = made;
    return NULL;
}

void kc_offset_committer_add(struct kc_offset_committer *committer, void (*commit)(void *opaque),
                             void *opaque)
{
    struct commit_job *job = kc_calloc(1, sizeof(*job));
    job->commit = commit;
    job->opaque = opaque;
    job->due_ms = kc_deadline_ms(committer->interval_ms);
    pthread_mutex_lock(&committer->mutex);
    LL_INSERT_INORDER(committer->jobs, job, by_due);
    pthread_cond_broadcast(&committer->changed);
    pthread_mutex_unlock(&committer->mutex);
}

void kc_offset_committer_remove(struct kc_offset_committer *committer, void *opaque)
{
    pthread_mutex_lock(&committer->mutex);
    struct commit_job *job, *next;
    LL_FOREACH_SAFE (committer->jobs, job, next) {
        if (job->opaque == opaque) {
            LL_DELETE(committer->jobs, job);
            free(job);
        }
    }
    while (committer->running == opaque) {
        committer->removed = true;
        pthread_cond_wait(&committer->changed, &committer->mutex);
    }
    pthread_mutex_unlock(&committer->mutex);
}

void kc_offset_committer_destroy(struct kc_offset_committer *committer)
{
    if (!committer)
        return;
    pthread_mutex_lock(&committer->mutex);
    committer->closing = true;
    pthread_cond_broadcast(&committer->changed);
    pthread_mutex_unlock(&committer->mutex);
    pthread_join(committer->thread, NULL);
    struct commit_job *job, *next;
    LL_FOREACH_SAFE (committer->jobs, job, next)
        free(job);
    pthread_cond_destroy(&committer->changed);
    pthread_mutex_destroy(&committer->mutex);
    free(committer);
}
