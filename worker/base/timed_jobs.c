/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs at their times: see connect/timed_jobs.h. */
#include "connect/timed_jobs.h"

#include "connect/log.h"
#include "connect/mem.h"
#include "connect/thread.h"

#include <stdlib.h>

struct timed_entry {
    struct kc_timed_job job;
    uint64_t number;
    int64_t due_ms;
    struct timed_entry *next;
};

struct kc_timed_jobs {
    char *context;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    struct timed_entry *entries; /* by due_ms, then in the order of adding */
    struct timed_entry *running;
    bool removed; /* the running one, meanwhile */
    uint64_t last_number;
    bool closing;
};

/* Locked. */
static void insert(struct kc_timed_jobs *jobs, struct timed_entry *entry)
{
    struct timed_entry **place = &jobs->entries;
    while (*place && (*place)->due_ms <= entry->due_ms)
        place = &(*place)->next;
    entry->next = *place;
    *place = entry;
    pthread_cond_broadcast(&jobs->changed);
}

static void destroy_entry(struct timed_entry *entry)
{
    if (entry->job.destroy)
        entry->job.destroy(entry->job.arg);
    free(entry);
}

/* Frees a list that nobody else sees any more. */
static void destroy_all(struct timed_entry *entries)
{
    while (entries) {
        struct timed_entry *next = entries->next;
        destroy_entry(entries);
        entries = next;
    }
}

/* ---- the thread ---- */

static int64_t next_due(const struct timed_entry *entry)
{
    int64_t interval = entry->job.interval_ms > 0 ? entry->job.interval_ms : 1;
    if (entry->job.repeat == KC_TIMED_FIXED_DELAY)
        return kc_deadline_ms(interval);
    return interval > INT64_MAX - entry->due_ms ? INT64_MAX : entry->due_ms + interval;
}

/* The first job, once it is due; NULL when closing. Locked. */
static struct timed_entry *await_first(struct kc_timed_jobs *jobs)
{
    while (!jobs->closing) {
        struct timed_entry *first = jobs->entries;
        if (first && first->due_ms <= kc_mono_ms()) {
            jobs->entries = first->next;
            return first;
        }
        kc_cond_wait_until(&jobs->changed, &jobs->mutex, first ? first->due_ms : INT64_MAX);
    }
    return NULL;
}

/* Locked, but not while the job runs and is destroyed. */
static void run_entry(struct kc_timed_jobs *jobs, struct timed_entry *entry)
{
    jobs->running = entry;
    jobs->removed = false;
    pthread_mutex_unlock(&jobs->mutex);
    entry->job.run(entry->job.arg);
    pthread_mutex_lock(&jobs->mutex);
    bool again = entry->job.repeat != KC_TIMED_ONCE && !jobs->removed && !jobs->closing;
    jobs->running = NULL;
    if (again) {
        entry->due_ms = next_due(entry);
        insert(jobs, entry);
    }
    pthread_cond_broadcast(&jobs->changed);
    if (again)
        return;
    pthread_mutex_unlock(&jobs->mutex);
    destroy_entry(entry);
    pthread_mutex_lock(&jobs->mutex);
}

static void *thread_main(void *arg)
{
    struct kc_timed_jobs *jobs = arg;
    struct timed_entry *entry;
    kc_log_set_context(jobs->context);
    pthread_mutex_lock(&jobs->mutex);
    while ((entry = await_first(jobs)))
        run_entry(jobs, entry);
    pthread_mutex_unlock(&jobs->mutex);
    return NULL;
}

/* ---- life ---- */

static void free_jobs(struct kc_timed_jobs *jobs)
{
    destroy_all(jobs->entries);
    pthread_cond_destroy(&jobs->changed);
    pthread_mutex_destroy(&jobs->mutex);
    free(jobs->context);
    free(jobs);
}

struct kc_error *kc_timed_jobs_new(const char *name, const char *context,
                                   struct kc_timed_jobs **jobs)
{
    struct kc_timed_jobs *made = kc_calloc(1, sizeof(*made));
    made->context = kc_strdup(context ? context : "");
    pthread_mutex_init(&made->mutex, NULL);
    kc_cond_init(&made->changed);
    struct kc_error *err = kc_thread_start(&made->thread, name, thread_main, made);
    if (err) {
        free_jobs(made);
        return err;
    }
    *jobs = made;
    return NULL;
}

void kc_timed_jobs_close(struct kc_timed_jobs *jobs)
{
    pthread_mutex_lock(&jobs->mutex);
    jobs->closing = true;
    pthread_cond_broadcast(&jobs->changed);
    pthread_mutex_unlock(&jobs->mutex);
}

bool kc_timed_jobs_closing(const struct kc_timed_jobs *jobs)
{
    struct kc_timed_jobs *self = (struct kc_timed_jobs *)jobs; /* for its mutex */
    pthread_mutex_lock(&self->mutex);
    bool closing = self->closing;
    pthread_mutex_unlock(&self->mutex);
    return closing;
}

void kc_timed_jobs_destroy(struct kc_timed_jobs *jobs)
{
    if (!jobs)
        return;
    kc_timed_jobs_close(jobs);
    pthread_join(jobs->thread, NULL);
    free_jobs(jobs);
}

/* ---- adding and removing ---- */

uint64_t kc_timed_jobs_add(struct kc_timed_jobs *jobs, const struct kc_timed_job *job)
{
    struct timed_entry *entry = kc_calloc(1, sizeof(*entry));
    entry->job = *job;
    entry->due_ms = kc_deadline_ms(job->delay_ms);
    pthread_mutex_lock(&jobs->mutex);
    uint64_t number = entry->number = ++jobs->last_number;
    bool late = jobs->closing;
    if (!late)
        insert(jobs, entry);
    pthread_mutex_unlock(&jobs->mutex);
    if (late)
        destroy_entry(entry);
    return number;
}

/* Locked. */
static bool is_there(const struct kc_timed_jobs *jobs, uint64_t number)
{
    if (jobs->running && jobs->running->number == number)
        return true;
    const struct timed_entry *entry = jobs->entries;
    while (entry && entry->number != number)
        entry = entry->next;
    return entry != NULL;
}

bool kc_timed_jobs_await(struct kc_timed_jobs *jobs, uint64_t number, int64_t deadline_ms)
{
    bool in_time = true;
    pthread_mutex_lock(&jobs->mutex);
    while (in_time && !jobs->closing && is_there(jobs, number))
        in_time = kc_cond_wait_until(&jobs->changed, &jobs->mutex, deadline_ms);
    in_time = in_time || !is_there(jobs, number);
    pthread_mutex_unlock(&jobs->mutex);
    return in_time;
}

/* Takes the entries with arg off the list, in a list of their own. Locked. */
static struct timed_entry *take(struct kc_timed_jobs *jobs, const void *arg)
{
    struct timed_entry *taken = NULL;
    for (struct timed_entry **place = &jobs->entries; *place;) {
        struct timed_entry *entry = *place;
        if (entry->job.arg != arg) {
            place = &entry->next;
            continue;
        }
        *place = entry->next;
        entry->next = taken;
        taken = entry;
    }
    return taken;
}

void kc_timed_jobs_remove(struct kc_timed_jobs *jobs, const void *arg)
{
    pthread_mutex_lock(&jobs->mutex);
    struct timed_entry *taken = take(jobs, arg);
    while (jobs->running && jobs->running->job.arg == arg) {
        jobs->removed = true;
        kc_cond_wait_until(&jobs->changed, &jobs->mutex, INT64_MAX);
    }
    pthread_mutex_unlock(&jobs->mutex);
    destroy_all(taken);
}
