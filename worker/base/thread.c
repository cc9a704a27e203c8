/* SPDX-License-Identifier: Apache-2.0 */
/* Named threads and deadlines: see thread.h. */
#include "connect/thread.h"

#include "connect/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

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
