/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a connector or task on a thread of its own: asked to stop, waited for, cancelled.
 *
 * After a cancellation nothing is reported any more: cancelling waits for a report under way. The
 * mutex guards the host's own state, too.
 */
#ifndef WORKER_HOST_LIFETIME_PRIV_H
#define WORKER_HOST_LIFETIME_PRIV_H

#include "connect/thread.h"

struct kc_lifetime {
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool running; /* its thread has been started */
    bool stopping;
    bool cancelled;
    bool ended;
    bool reporting;
};

void kc_lifetime_init(struct kc_lifetime *life);
void kc_lifetime_destroy(struct kc_lifetime *life);

/* The last thing that the thread does: the host may go from here on. */
void kc_lifetime_end(struct kc_lifetime *life);
/* True: it has ended, or never began; false: deadline_ms has passed. */
bool kc_lifetime_await(struct kc_lifetime *life, int64_t deadline_ms);

/* Locked. True: the caller reports, and calls kc_lifetime_reported() afterwards, unlocked. */
bool kc_lifetime_may_report(struct kc_lifetime *life);
void kc_lifetime_reported(struct kc_lifetime *life);
/* Locked. Asks it to stop, and returns when nothing is reported any more. */
void kc_lifetime_cancel(struct kc_lifetime *life);

/* One of the flags, read with the mutex. */
bool kc_lifetime_flag(struct kc_lifetime *life, const bool *which);

#endif
