/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things that several users share: one for all whose settings are equal, ended with the last user.
 *
 * It is for objects that are expensive to make and to keep, such as a client with its threads and
 * connections. A registry is a static variable. Things are made and ended without its lock, so that
 * a slow one delays only those who want the same; these wait for it. Any thread.
 */
#ifndef WORKER_BASE_SHARED_USERS_H
#define WORKER_BASE_SHARED_USERS_H

#include "connect/error.h"

#include <pthread.h>

struct kc_shared_users {
    struct kc_error *(*make)(void *arg, void **thing);
    void (*end)(void *thing);
    unsigned most; /* users of one thing; 0: as many as come */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct kc_shared_thing *things;
};

#define KC_SHARED_USERS(make, end, most)                                                           \
    {                                                                                              \
        make, end, most, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL                 \
    }

/* The thing that has these settings, made with arg if there is none that takes another user. An
 * error is that of make. */
struct kc_error *kc_shared_users_join(struct kc_shared_users *registry, const char *settings,
                                      void *arg, void **thing) KC_MUST_CHECK;

/* Nobody joins the thing any more; its users keep it. What was not joined is ignored. */
void kc_shared_users_spoil(struct kc_shared_users *registry, const void *thing);

/* Ends the thing if the caller was its last user. Once for each join. */
void kc_shared_users_leave(struct kc_shared_users *registry, const void *thing);

#endif
