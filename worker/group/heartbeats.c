/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heartbeats of many members by one thread: see heartbeats_priv.h. A heartbeat is sent without
 * waiting for its answer, so one thread is enough.
 *
 * A member's lock may be held when this one's is taken, never the other way round: the thread lets
 * go of its own before it looks at a member.
 */
#include "group/heartbeats_priv.h"

#include "group/member_state_priv.h"

#include <stdlib.h>
#include <utlist.h>

struct kc_heartbeats {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct kc_member *members;
    struct kc_member *looked_at; /* without the lock; NULL: none */
    bool stirred;                /* since the last round began */
    bool ending;
    struct kc_thread *thread; /* NULL: it had no member yet */
};

/* A round of all members; returns when the next one is due. Lock held, but not while a member is
 * looked at. */
static int64_t look_at_all(struct kc_heartbeats *heartbeats)
{
    struct kc_member *member;
    int64_t next = INT64_MAX;
    DL_FOREACH2 (heartbeats->members, member, next_beating) {
        heartbeats->looked_at = member;
        pthread_mutex_unlock(&heartbeats->lock);
        int64_t due = kc_member_look(member);
        next = due < next ? due : next;
        pthread_mutex_lock(&heartbeats->lock);
        heartbeats->looked_at = NULL;
        pthread_cond_broadcast(&heartbeats->changed);
    }
    return next;
}

static void run(void *arg, struct kc_stop *stop)
{
    struct kc_heartbeats *heartbeats = arg;
    (void)stop;
    pthread_mutex_lock(&heartbeats->lock);
    while (!heartbeats->ending) {
        heartbeats->stirred = false;
        int64_t next = look_at_all(heartbeats);
        while (!heartbeats->stirred && !heartbeats->ending &&
               kc_cond_wait_until(&heartbeats->changed, &heartbeats->lock, next))
            continue;
    }
    pthread_mutex_unlock(&heartbeats->lock);
}

struct kc_heartbeats *kc_heartbeats_new(void)
{
    struct kc_heartbeats *heartbeats = kc_calloc(1, sizeof(*heartbeats));
    pthread_mutex_init(&heartbeats->lock, NULL);
    kc_cond_init(&heartbeats->changed);
    return heartbeats;
}

void kc_heartbeats_destroy(struct kc_heartbeats *heartbeats)
{
    if (!heartbeats)
        return;
    pthread_mutex_lock(&heartbeats->lock);
    heartbeats->ending = true;
    pthread_cond_broadcast(&heartbeats->changed);
    pthread_mutex_unlock(&heartbeats->lock);
    kc_thread_destroy(heartbeats->thread);
    pthread_cond_destroy(&heartbeats->changed);
    pthread_mutex_destroy(&heartbeats->lock);
    free(heartbeats);
}

struct kc_error *kc_heartbeats_add(struct kc_heartbeats *heartbeats, struct kc_member *member)
{
    struct kc_error *err = NULL;
    pthread_mutex_lock(&heartbeats->lock);
    if (!heartbeats->thread)
        err = kc_thread_new("group-heartbeat", run, heartbeats, &heartbeats->thread);
    if (!err)
        DL_APPEND2(heartbeats->members, member, prev_beating, next_beating);
    pthread_mutex_unlock(&heartbeats->lock);
    return err;
}

void kc_heartbeats_remove(struct kc_heartbeats *heartbeats, struct kc_member *member)
{
    pthread_mutex_lock(&heartbeats->lock);
    while (heartbeats->looked_at == member)
        kc_cond_wait_until(&heartbeats->changed, &heartbeats->lock, INT64_MAX);
    DL_DELETE2(heartbeats->members, member, prev_beating, next_beating);
    pthread_mutex_unlock(&heartbeats->lock);
}

void kc_heartbeats_stir(struct kc_heartbeats *heartbeats)
{
    if (!heartbeats)
        return;
    pthread_mutex_lock(&heartbeats->lock);
    heartbeats->stirred = true;
    pthread_cond_broadcast(&heartbeats->changed);
    pthread_mutex_unlock(&heartbeats->lock);
}
