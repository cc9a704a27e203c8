/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread for a connector's background jobs: once, or at a fixed rate (MM2's Scheduler).
 *
 * Jobs of one scheduler run one after the other. A job's error is logged and never fatal; a job
 * that takes longer than the time-out is named in the log. Any thread may add jobs; only the owner
 * destroys, after which no job runs.
 */
#ifndef CONNECTORS_MIRROR_SCHEDULER_H
#define CONNECTORS_MIRROR_SCHEDULER_H

#include "connect/error.h"

#include <stdint.h>

struct kc_scheduler;
typedef struct kc_error *(*kc_scheduler_job)(void *arg);

/* label stands in the log ("A->B|connector"), timeout_ms limits kc_scheduler_execute(). */
struct kc_error *kc_scheduler_new(const char *label, int64_t timeout_ms,
                                  struct kc_scheduler **scheduler) KC_MUST_CHECK;

/* Runs job once and waits for it, at most for the time-out. what is copied: "loading topics". */
void kc_scheduler_execute(struct kc_scheduler *scheduler, kc_scheduler_job job, void *arg,
                          const char *what);
/* Runs job every interval_ms (none when negative), first after delay_ms. */
void kc_scheduler_repeat(struct kc_scheduler *scheduler, kc_scheduler_job job, void *arg,
                         int64_t delay_ms, int64_t interval_ms, const char *what);

/* Whether it is being destroyed; for a job that runs. */
bool kc_scheduler_closing(const struct kc_scheduler *scheduler);

/* Drops the jobs that wait, and waits for one that runs. */
void kc_scheduler_destroy(struct kc_scheduler *scheduler);

#endif
