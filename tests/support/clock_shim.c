/* SPDX-License-Identifier: Apache-2.0 */
/* For LD_PRELOAD: sets a process's wall clock ahead by CLOCK_AHEAD_SECONDS; the monotonic clocks,
 * which everything of ours waits by, stay. librdkafka waits by the wall clock. Built and used by
 * tests/cluster/test_group_bad_input.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>

static time_t ahead(void)
{
    const char *seconds = getenv("CLOCK_AHEAD_SECONDS");
    return seconds ? atol(seconds) : 0;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    int (*next)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int status = next(id, now);
    if (status == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += ahead();
    return status;
}

int gettimeofday(struct timeval *now, void *zone)
{
    int (*next)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
    int status = next(now, zone);
    if (status == 0)
        now->tv_sec += ahead();
    return status;
}

time_t time(time_t *result)
{
    time_t (*next)(time_t *) = dlsym(RTLD_NEXT, "time");
    time_t now = next(NULL) + ahead();
    if (result)
        *result = now;
    return now;
}

/* The kernel's clock isn't ahead. */
int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
    int (*next)(cnd_t *, mtx_t *, const struct timespec *) = dlsym(RTLD_NEXT, "cnd_timedwait");
    struct timespec real = *until;
    real.tv_sec -= ahead();
    return next(condition, mutex, &real);
}
