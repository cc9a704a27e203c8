/* SPDX-License-Identifier: Apache-2.0 */
/* Lives of connectors and tasks: see lifetime_priv.h. */
#include "host/lifetime_priv.h"

void kc_lifetime_init(struct kc_lifetime *life)
{
    pthread_mutex_init(&life->mutex, NULL);
    kc_cond_init(&life->changed);
}

void kc_lifetime_destroy(struct kc_lifetime *life)
{
    pthread_cond_destroy(&life->changed);
    pthread_mutex_destroy(&life->mutex);
}

void kc_lifetime_end(struct kc_lifetime *life)
{
    pthread_mutex_lock(&life->mutex);
    life->stopping = true;
    life->ended = true;
    pthread_cond_broadcast(&life->changed);
    pthread_mutex_unlock(&life->mutex);
}

bool kc_lifetime_await(struct kc_lifetime *life, int64_t deadline_ms)
{
    pthread_mutex_lock(&life->mutex);
    while (life->running && !life->ended &&
           kc_cond_wait_until(&life->changed, &life->mutex, deadline_ms))
        ;
    bool ended = !life->running || life->ended;
    pthread_mutex_unlock(&life->mutex);
    return ended;
}

bool kc_lifetime_may_report(struct kc_lifetime *life)
{
    return life->reporting = !life->cancelled;
}

void kc_lifetime_reported(struct kc_lifetime *life)
{
    pthread_mutex_lock(&life->mutex);
    life->reporting = false;
    pthread_cond_broadcast(&life->changed);
    pthread_mutex_unlock(&life->mutex);
}

void kc_lifetime_cancel(struct kc_lifetime *life)
{
    life->stopping = true;
    life->cancelled = true;
    pthread_cond_broadcast(&life->changed);
    while (life->reporting)
        pthread_cond_wait(&life->changed, &life->mutex);
}

bool kc_lifetime_flag(struct kc_lifetime *life, const bool *which)
{
    pthread_mutex_lock(&life->mutex);
    bool value = *which;
    pthread_mutex_unlock(&life->mutex);
    return value;
}
