/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines of connections: see connection_guard.h. */
#include "rest/connection_guard.h"

#include "base/thread.h"
#include "connect/log.h"
#include "connect/mem.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.rest.RestServer");

#define SWEEP_MS 500 /* how late a connection may be cut off */

struct kc_guarded {
    struct kc_connection_guard *guard;
    struct kc_guarded *prev;
    struct kc_guarded *next;
    int fd;
    int64_t deadline_ms;
};

struct kc_connection_guard {
    pthread_mutex_t lock; /* everything, the entries' deadlines too */
    pthread_cond_t wake;
    struct kc_guarded *entries;
    bool closing;
    pthread_t thread;
};

/* Shutting down is all: the connection's own thread sees the end and closes the socket. */
static size_t cut_off(struct kc_connection_guard *guard, int64_t now_ms)
{
    struct kc_guarded *entry;
    size_t count = 0;
    DL_FOREACH(guard->entries, entry)
    {
        if (entry->deadline_ms > now_ms)
            continue;
        shutdown(entry->fd, SHUT_RDWR);
        entry->deadline_ms = INT64_MAX;
        count++;
    }
    return count;
}

static void *sweep(void *arg)
{
    struct kc_connection_guard *guard = arg;
    pthread_mutex_lock(&guard->lock);
    while (!guard->closing) {
        size_t count = cut_off(guard, kc_mono_ms());
        pthread_mutex_unlock(&guard->lock);
        if (count)
            kc_info("%zu connection(s) took too long over a request and were closed", count);
        pthread_mutex_lock(&guard->lock);
        if (!guard->closing)
            kc_cond_wait_until(&guard->wake, &guard->lock, kc_mono_ms() + SWEEP_MS);
    }
    pthread_mutex_unlock(&guard->lock);
    return NULL;
}

struct kc_error *kc_connection_guard_new(struct kc_connection_guard **guard)
{
    struct kc_connection_guard *made = kc_calloc(1, sizeof(*made));
    pthread_mutex_init(&made->lock, NULL);
    kc_cond_init(&made->wake);
    struct kc_error *err = kc_thread_start(&made->thread, "rest-guard", sweep, made);
    if (err) {
        pthread_cond_destroy(&made->wake);
        pthread_mutex_destroy(&made->lock);
        free(made);
        made = NULL;
    }
    *guard = made;
    return err;
}

void kc_connection_guard_destroy(struct kc_connection_guard *guard)
{
    if (!guard)
        return;
    pthread_mutex_lock(&guard->lock);
    guard->closing = true;
    pthread_cond_signal(&guard->wake);
    pthread_mutex_unlock(&guard->lock);
    pthread_join(guard->thread, NULL);
    pthread_cond_destroy(&guard->wake);
    pthread_mutex_destroy(&guard->lock);
    free(guard);
}

struct kc_guarded *kc_guarded_new(struct kc_connection_guard *guard, int fd, int64_t deadline_ms)
{
    struct kc_guarded *guarded = kc_calloc(1, sizeof(*guarded));
    guarded->guard = guard;
    guarded->fd = fd;
    guarded->deadline_ms = deadline_ms;
    pthread_mutex_lock(&guard->lock);
    DL_APPEND(guard->entries, guarded);
    pthread_mutex_unlock(&guard->lock);
    return guarded;
}

void kc_guarded_destroy(struct kc_guarded *guarded)
{
    if (!guarded)
        return;
    pthread_mutex_lock(&guarded->guard->lock);
    DL_DELETE(guarded->guard->entries, guarded);
    pthread_mutex_unlock(&guarded->guard->lock);
    free(guarded);
}

void kc_guarded_set_deadline(struct kc_guarded *guarded, int64_t deadline_ms)
{
    pthread_mutex_lock(&guarded->guard->lock);
    guarded->deadline_ms = deadline_ms;
    pthread_mutex_unlock(&guarded->guard->lock);
}
