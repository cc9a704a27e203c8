/* SPDX-License-Identifier: Apache-2.0 */
/* Things with several users: see shared_users.h. */
#include "base/shared_users.h"

#include "connect/mem.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* The registry's mutex guards everything except settings, which are constant. */
struct kc_shared_thing {
    char *settings;
    void *thing; /* NULL: being made */
    unsigned users;
    bool spoilt;
    struct kc_shared_thing *next;
};

/* With the mutex. */
static struct kc_shared_thing *find(const struct kc_shared_users *registry, const char *settings)
{
    for (struct kc_shared_thing *shared = registry->things; shared; shared = shared->next)
        if (!shared->spoilt && (!registry->most || shared->users < registry->most) &&
            strcmp(shared->settings, settings) == 0)
            return shared;
    return NULL;
}

/* With the mutex. */
static struct kc_shared_thing *find_thing(const struct kc_shared_users *registry, const void *thing)
{
    struct kc_shared_thing *shared = registry->things;
    while (shared && shared->thing != thing)
        shared = shared->next;
    return shared;
}

/* With the mutex. Waits for one that is being made. */
static struct kc_shared_thing *find_made(struct kc_shared_users *registry, const char *settings)
{
    struct kc_shared_thing *shared;
    while ((shared = find(registry, settings)) && !shared->thing)
        pthread_cond_wait(&registry->changed, &registry->mutex);
    return shared;
}

/* With the mutex. */
static struct kc_shared_thing *add(struct kc_shared_users *registry, const char *settings)
{
    struct kc_shared_thing *shared = kc_calloc(1, sizeof(*shared));
    shared->settings = kc_strdup(settings);
    LL_APPEND(registry->things, shared);
    return shared;
}

static void destroy(struct kc_shared_thing *shared)
{
    free(shared->settings);
    free(shared);
}

/* Without the mutex. An error takes shared out of the registry, and who waits for it tries to make
 * another. */
static struct kc_error *make(struct kc_shared_users *registry, struct kc_shared_thing *shared,
                             void *arg, void **thing)
{
    struct kc_error *err = registry->make(arg, thing);
    pthread_mutex_lock(&registry->mutex);
    if (err)
        LL_DELETE(registry->things, shared);
    else
        shared->thing = *thing;
    pthread_cond_broadcast(&registry->changed);
    pthread_mutex_unlock(&registry->mutex);
    if (err)
        destroy(shared);
    return err;
}

struct kc_error *kc_shared_users_join(struct kc_shared_users *registry, const char *settings,
                                      void *arg, void **thing)
{
    struct kc_shared_thing *made = NULL;
    pthread_mutex_lock(&registry->mutex);
    struct kc_shared_thing *shared = find_made(registry, settings);
    if (!shared)
        shared = made = add(registry, settings);
    shared->users++;
    *thing = shared->thing;
    pthread_mutex_unlock(&registry->mutex);
    return made ? make(registry, made, arg, thing) : NULL;
}

void kc_shared_users_spoil(struct kc_shared_users *registry, const void *thing)
{
    pthread_mutex_lock(&registry->mutex);
    struct kc_shared_thing *shared = find_thing(registry, thing);
    if (shared)
        shared->spoilt = true;
    pthread_mutex_unlock(&registry->mutex);
}

void kc_shared_users_leave(struct kc_shared_users *registry, const void *thing)
{
    pthread_mutex_lock(&registry->mutex);
    struct kc_shared_thing *shared = find_thing(registry, thing);
    bool last = shared && --shared->users == 0;
    if (last)
        LL_DELETE(registry->things, shared);
    pthread_mutex_unlock(&registry->mutex);
    if (!last)
        return;
    registry->end(shared->thing);
    destroy(shared);
}
