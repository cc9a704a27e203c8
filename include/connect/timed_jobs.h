/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread that runs jobs at their times, one after the other.
 *
 * Any thread may add jobs, a job too. No lock is held while a job runs.
 */
#ifndef CONNECT_TIMED_JOBS_H
#define CONNECT_TIMED_JOBS_H

#include "connect/contract.h"
#include "connect/error.h"

#include <stdint.h>

KC_API_BEGIN

struct kc_timed_jobs;

enum kc_timed_repeat {
    KC_TIMED_ONCE,
    KC_TIMED_FIXED_RATE,  /* from one start to the next; missed runs are made up for */
    KC_TIMED_FIXED_DELAY, /* from the end of one run to the start of the next */
};

/* Never grows. */
struct kc_timed_job {
    void (*run)(void *arg);
    void (*destroy)(void *arg); /* when it is not to run again; may be NULL */
    void *arg;
    int64_t delay_ms; /* until the first run; kc_deadline_ms() */
    enum kc_timed_repeat repeat;
    int64_t interval_ms; /* of a job that repeats; at least 1 */
};

/* Starts a thread called name. context is what its log lines carry, copied; NULL: nothing. */
struct kc_error *kc_timed_jobs_new(const char *name, const char *context,
                                   struct kc_timed_jobs **jobs) KC_MUST_CHECK;

/* job is copied; its number is returned. Jobs that are due at the same time run in the order in
 * which they were added. After kc_timed_jobs_close() it is destroyed at once. */
uint64_t kc_timed_jobs_add(struct kc_timed_jobs *jobs, const struct kc_timed_job *job);

/* Waits until the job with this number is not to run again, or the jobs close. False: deadline_ms
 * (kc_mono_ms() units) has passed. Not on the jobs' thread. */
bool kc_timed_jobs_await(struct kc_timed_jobs *jobs, uint64_t number, int64_t deadline_ms);

/* Removes the jobs with this arg, and waits for one of them that runs. Not on the jobs' thread. */
void kc_timed_jobs_remove(struct kc_timed_jobs *jobs, const void *arg);

/* No job starts any more; doesn't wait for one that runs. */
void kc_timed_jobs_close(struct kc_timed_jobs *jobs);
bool kc_timed_jobs_closing(const struct kc_timed_jobs *jobs);

/* Closes, waits for a job that runs, and destroys those that are left. NULL is fine. */
void kc_timed_jobs_destroy(struct kc_timed_jobs *jobs);

KC_API_END

#endif
