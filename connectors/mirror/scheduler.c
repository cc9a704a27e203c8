/* SPDX-License-Identifier: Apache-2.0 */
/* A single-threaded job queue, see scheduler.h. No lock is held while a job runs or a line is
 * logged. */
#include "mirror/scheduler.h"

#include "connect/log.h"
#include "connect/mem.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.Scheduler");

struct scheduled_job {
    struct scheduled_job *next;
    kc_scheduler_job run;
    void *arg;
    char *what;
    int64_t due_ms;
    int64_t interval_ms; /* negative: once */
    uint64_t id;
};

struct kc_scheduler {
    char *label;
    int64_t timeout_ms;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct scheduled_job *jobs; /* by due_ms, then in the order of adding */
    uint64_t last_id;
    uint64_t done_id; /* the newest finished job; single jobs finish in order */
    bool closing;
};

static bool wait_until(struct kc_scheduler *scheduler, int64_t deadline_ms)
{
    if (deadline_ms == INT64_MAX)
        return pthread_cond_wait(&scheduler->changed, &scheduler->mutex) == 0;
    struct timespec at = {deadline_ms / 1000, deadline_ms % 1000 * 1000000};
    return pthread_cond_timedwait(&scheduler->changed, &scheduler->mutex, &at) != ETIMEDOUT;
}

static void insert(struct kc_scheduler *scheduler, struct scheduled_job *job)
{
    struct scheduled_job **place = &scheduler->jobs;
    while (*place && (*place)->due_ms <= job->due_ms)
        place = &(*place)->next;
    job->next = *place;
    *place = job;
    pthread_cond_broadcast(&scheduler->changed);
}

static void job_destroy(struct scheduled_job *job)
{
    free(job->what);
    free(job);
}

static void run_job(struct kc_scheduler *scheduler, struct scheduled_job *job)
{
    int64_t start = kc_mono_ms();
    struct kc_error *err = job->run(job->arg);
    int64_t elapsed = kc_mono_ms() - start;
    if (err && !kc_scheduler_closing(scheduler))
        kc_log_error("%s failed: %s", job->what, kc_error_text(err));
    else if (elapsed > scheduler->timeout_ms)
        kc_warn("%s took too long (%lld ms)", job->what, (long long)elapsed);
    else
        kc_debug("%s took %lld ms", job->what, (long long)elapsed);
    kc_error_destroy(err);
}

/* Takes the job that is due, or waits; NULL when closing. Called with the mutex held. */
static struct scheduled_job *next_job(struct kc_scheduler *scheduler)
{
    while (!scheduler->closing) {
        struct scheduled_job *first = scheduler->jobs;
        if (first && first->due_ms <= kc_mono_ms()) {
            scheduler->jobs = first->next;
            return first;
        }
        wait_until(scheduler, first ? first->due_ms : INT64_MAX);
    }
    return NULL;
}

static void *scheduler_main(void *arg)
{
    struct kc_scheduler *scheduler = arg;
    struct scheduled_job *job;
    kc_log_set_context(scheduler->label);
    pthread_mutex_lock(&scheduler->mutex);
    while ((job = next_job(scheduler))) {
        pthread_mutex_unlock(&scheduler->mutex);
        run_job(scheduler, job);
        pthread_mutex_lock(&scheduler->mutex);
        if (job->interval_ms >= 0 && !scheduler->closing) {
            job->due_ms = job->interval_ms > INT64_MAX - job->due_ms
                              ? INT64_MAX
                              : job->due_ms + job->interval_ms;
            insert(scheduler, job);
        } else {
            scheduler->done_id = job->id;
            job_destroy(job);
        }
        pthread_cond_broadcast(&scheduler->changed);
    }
    pthread_mutex_unlock(&scheduler->mutex);
    return NULL;
}

struct kc_error *kc_scheduler_new(const char *label, int64_t timeout_ms,
                                  struct kc_scheduler **scheduler)
{
    struct kc_scheduler *made = kc_calloc(1, sizeof(*made));
    pthread_condattr_t attributes;
    sigset_t all, before;
    made->label = kc_asprintf("[%s] ", label);
    made->timeout_ms = timeout_ms;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&made->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all); /* signals are main's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&made->thread, NULL, scheduler_main, made);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code == 0) {
        pthread_setname_np(made->thread, "mm2-scheduler");
        *scheduler = made;
        return NULL;
    }
    pthread_cond_destroy(&made->changed);
    pthread_mutex_destroy(&made->mutex);
    free(made->label);
    free(made);
    return kc_error_retriable_new(KC_ERR_IO, "Could not start the scheduler of %s: %s", label,
                                  strerror(code));
}

static uint64_t add(struct kc_scheduler *scheduler, kc_scheduler_job run, void *arg,
                    int64_t delay_ms, int64_t interval_ms, const char *what)
{
    struct scheduled_job *job = kc_calloc(1, sizeof(*job));
    job->run = run;
    job->arg = arg;
    job->what = kc_strdup(what);
    job->due_ms = kc_deadline_ms(delay_ms);
    job->interval_ms = interval_ms;
    pthread_mutex_lock(&scheduler->mutex);
    uint64_t id = job->id = ++scheduler->last_id;
    if (scheduler->closing)
        job_destroy(job);
    else
        insert(scheduler, job);
    pthread_mutex_unlock(&scheduler->mutex);
    return id;
}

void kc_scheduler_submit(struct kc_scheduler *scheduler, kc_scheduler_job job, void *arg,
                         const char *what)
{
    add(scheduler, job, arg, 0, -1, what);
}

void kc_scheduler_execute(struct kc_scheduler *scheduler, kc_scheduler_job job, void *arg,
                          const char *what)
{
    uint64_t id = add(scheduler, job, arg, 0, -1, what);
    int64_t deadline = kc_deadline_ms(scheduler->timeout_ms);
    bool in_time = true;
    pthread_mutex_lock(&scheduler->mutex);
    while (in_time && !scheduler->closing && scheduler->done_id < id)
        in_time = wait_until(scheduler, deadline);
    in_time = in_time || scheduler->done_id >= id;
    pthread_mutex_unlock(&scheduler->mutex);
    if (!in_time)
        kc_log_error("%s: %s is not done after %lld ms and goes on in the background",
                     scheduler->label, what, (long long)scheduler->timeout_ms);
}

void kc_scheduler_repeat(struct kc_scheduler *scheduler, kc_scheduler_job job, void *arg,
                         int64_t delay_ms, int64_t interval_ms, const char *what)
{
    /* An interval of nothing would keep the thread to itself. */
    if (interval_ms >= 0)
        add(scheduler, job, arg, delay_ms, interval_ms > 0 ? interval_ms : 1, what);
}

void kc_scheduler_close(struct kc_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->mutex);
    scheduler->closing = true;
    pthread_cond_broadcast(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->mutex);
}

bool kc_scheduler_closing(const struct kc_scheduler *scheduler)
{
    struct kc_scheduler *self = (struct kc_scheduler *)scheduler;
    pthread_mutex_lock(&self->mutex);
    bool closing = self->closing;
    pthread_mutex_unlock(&self->mutex);
    return closing;
}

bool kc_scheduler_sleep(struct kc_scheduler *scheduler, int64_t ms)
{
    int64_t deadline = kc_deadline_ms(ms);
    pthread_mutex_lock(&scheduler->mutex);
    while (!scheduler->closing && wait_until(scheduler, deadline))
        continue;
    bool go_on = !scheduler->closing;
    pthread_mutex_unlock(&scheduler->mutex);
    return go_on;
}

void kc_scheduler_destroy(struct kc_scheduler *scheduler)
{
    if (!scheduler)
        return;
    kc_scheduler_close(scheduler);
    pthread_join(scheduler->thread, NULL);
    while (scheduler->jobs) {
        struct scheduled_job *next = scheduler->jobs->next;
        job_destroy(scheduler->jobs);
        scheduler->jobs = next;
    }
    pthread_cond_destroy(&scheduler->changed);
    pthread_mutex_destroy(&scheduler->mutex);
    free(scheduler->label);
    free(scheduler);
}
