/* SPDX-License-Identifier: Apache-2.0 */
/* Named threads, requests to stop, deadlines: see connect/thread.h. */
#include "connect/thread.h"

#include "base/logging.h"
#include "base/stop_flag.h"
#include "connect/log.h"
#include "connect/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- conditions ---- */

void kc_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

bool kc_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ms)
{
    if (deadline_ms == INT64_MAX)
        return pthread_cond_wait(cond, mutex) == 0;
    if (deadline_ms < 0)
        return false; /* no time that the system would take */
    struct timespec at = {.tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
    return pthread_cond_timedwait(cond, mutex, &at) != ETIMEDOUT;
}

/* ---- requests to stop ---- */

struct kc_stop {
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool woken;
    atomic_bool set; /* as kc_stop_flag() shows it; written with the mutex */
};

struct kc_stop *kc_stop_new(void)
{
    struct kc_stop *stop = kc_calloc(1, sizeof(*stop));
    pthread_mutex_init(&stop->mutex, NULL);
    kc_cond_init(&stop->changed);
    return stop;
}

void kc_stop_destroy(struct kc_stop *stop)
{
    if (!stop)
        return;
    pthread_cond_destroy(&stop->changed);
    pthread_mutex_destroy(&stop->mutex);
    free(stop);
}

void kc_stop_set(struct kc_stop *stop)
{
    pthread_mutex_lock(&stop->mutex);
    atomic_store(&stop->set, true);
    pthread_cond_broadcast(&stop->changed);
    pthread_mutex_unlock(&stop->mutex);
}

bool kc_stop_is_set(const struct kc_stop *stop)
{
    return atomic_load(&stop->set);
}

const atomic_bool *kc_stop_flag(const struct kc_stop *stop)
{
    return stop ? &stop->set : NULL;
}

bool kc_stop_wait_until(struct kc_stop *stop, int64_t deadline_ms)
{
    pthread_mutex_lock(&stop->mutex);
    while (!atomic_load(&stop->set) && !stop->woken &&
           kc_cond_wait_until(&stop->changed, &stop->mutex, deadline_ms))
        continue;
    stop->woken = false;
    bool set = atomic_load(&stop->set);
    pthread_mutex_unlock(&stop->mutex);
    return set;
}

void kc_stop_wake(struct kc_stop *stop)
{
    pthread_mutex_lock(&stop->mutex);
    stop->woken = true;
    pthread_cond_broadcast(&stop->changed);
    pthread_mutex_unlock(&stop->mutex);
}

/* ---- threads ---- */

struct kc_error *kc_thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
                                 void *arg)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return kc_error_retriable_new(KC_ERR_IO,
                                      "Can't start the thread %s: %s. Raise the limit on "
                                      "processes (ulimit -u) or free memory",
                                      name, strerror(rc));
    char *cut = kc_strndup(name, 15);
    pthread_setname_np(*thread, cut);
    free(cut);
    return NULL;
}

struct kc_thread {
    pthread_t thread;
    struct kc_stop *stop;
    char *context; /* of the log */
    void (*run)(void *arg, struct kc_stop *stop);
    void *arg;
};

static void *run_thread(void *opaque)
{
    struct kc_thread *thread = opaque;
    kc_log_set_context(thread->context);
    thread->run(thread->arg, thread->stop);
    return NULL;
}

static void thread_free(struct kc_thread *thread)
{
    kc_stop_destroy(thread->stop);
    free(thread->context);
    free(thread);
}

struct kc_error *kc_thread_new(const char *name, void (*run)(void *arg, struct kc_stop *stop),
                               void *arg, struct kc_thread **thread)
{
    struct kc_thread *made = kc_calloc(1, sizeof(*made));
    made->stop = kc_stop_new();
    made->context = kc_strdup(kc_log_context());
    made->run = run;
    made->arg = arg;
    struct kc_error *err = kc_thread_start(&made->thread, name, run_thread, made);
    if (err)
        thread_free(made);
    else
        *thread = made;
    return err;
}

struct kc_stop *kc_thread_stop(const struct kc_thread *thread)
{
    return thread->stop;
}

void kc_thread_destroy(struct kc_thread *thread)
{
    if (!thread)
        return;
    kc_stop_set(thread->stop);
    pthread_join(thread->thread, NULL);
    thread_free(thread);
}
