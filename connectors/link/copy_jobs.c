/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads for what blocks. The task's thread hands jobs in, and gets them back by its loop.
 */
#include "link/copy_priv.h"

#include <utlist.h>

static void (*const work[])(struct link_copy *copy, struct copy_job *job) = {
    [COPY_JOB_LOOK] = link_look_run,       [COPY_JOB_CHECK] = link_check_run,
    [COPY_JOB_CUT] = link_cut_run,         [COPY_JOB_MARK] = link_markers_run,
    [COPY_JOB_NAME] = link_name_run,       [COPY_JOB_FORCE] = link_force_run,
    [COPY_JOB_INDEX] = link_translate_run, [COPY_JOB_FORGET] = link_translate_forget_run,
};

/* Locked: the next job; NULL: it is time to stop. */
static struct copy_job *next_job(struct copy_worker *worker, const struct kc_stop *stop)
{
    while (!worker->queue && !kc_stop_is_set(stop))
        kc_cond_wait_until(&worker->copy->cond, &worker->copy->mutex, INT64_MAX);
    struct copy_job *job = worker->queue;
    if (!job || kc_stop_is_set(stop))
        return NULL;
    DL_DELETE(worker->queue, job);
    return job;
}

static void run(void *arg, struct kc_stop *stop)
{
    struct copy_worker *worker = arg;
    struct link_copy *copy = worker->copy;
    struct copy_job *job;
    pthread_mutex_lock(&copy->mutex);
    while ((job = next_job(worker, stop))) {
        worker->working = true;
        pthread_mutex_unlock(&copy->mutex);
        work[job->kind](copy, job);
        pthread_mutex_lock(&copy->mutex);
        worker->working = false;
        DL_APPEND(copy->done, job);
        kc_fetcher_wake(copy->fetcher);
    }
    pthread_mutex_unlock(&copy->mutex);
}

struct kc_error *link_jobs_start(struct link_copy *copy)
{
    static const char *const names[] = {"link-look", "link-slow", "link-check", "link-mark",
                                        "link-index"};
    struct kc_error *err = NULL;
    for (size_t i = 0; !err && i < COPY_LANES; i++) {
        copy->workers[i].copy = copy;
        err = kc_thread_new(names[i], run, &copy->workers[i], &copy->workers[i].thread);
    }
    return err;
}

static void free_jobs(struct copy_job **jobs)
{
    struct copy_job *job, *next;
    DL_FOREACH_SAFE (*jobs, job, next) {
        DL_DELETE(*jobs, job);
        link_job_free(job);
    }
}

void link_jobs_stop(struct link_copy *copy)
{
    pthread_mutex_lock(&copy->mutex);
    for (size_t i = 0; i < COPY_LANES; i++) {
        if (copy->workers[i].thread)
            kc_stop_set(kc_thread_stop(copy->workers[i].thread));
    }
    pthread_cond_broadcast(&copy->cond);
    pthread_mutex_unlock(&copy->mutex);
    for (size_t i = 0; i < COPY_LANES; i++) {
        kc_thread_destroy(copy->workers[i].thread);
        copy->workers[i].thread = NULL;
        free_jobs(&copy->workers[i].queue);
    }
    free_jobs(&copy->done);
}

struct copy_item *link_job_add(struct copy_job **into, enum copy_job_kind kind,
                               const struct copy_partition *partition)
{
    const struct copy_topic *topic = partition->topic;
    if (!*into) {
        *into = kc_calloc(1, sizeof(**into));
        (*into)->kind = kind;
    }
    struct copy_job *job = *into;
    if (job->count == job->cap) {
        job->cap = job->cap ? job->cap * 2 : 4;
        job->items = kc_realloc(job->items, job->cap * sizeof(*job->items));
    }
    struct copy_item *item = &job->items[job->count++];
    *item = (struct copy_item){.topic = kc_strdup(topic->name),
                               .source = kc_strdup(topic->source),
                               .partition = partition->number,
                               .generation = partition->generation,
                               .source_id = topic->source_id,
                               .target_id = topic->target_id,
                               .start = topic->start,
                               .source_start = -1,
                               .source_stable = -1,
                               .source_high = -1,
                               .start_offset = -1,
                               .target_start = -1,
                               .target_end = -1,
                               .foreign = -1,
                               .foreign_id = -1,
                               .marks_from = -1,
                               .translate = topic->translate};
    return item;
}

void link_job_free(struct copy_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        free(job->items[i].topic);
        free(job->items[i].source);
        free(job->items[i].diverged);
        free(job->items[i].text);
        link_fates_free(job->items[i].fates);
        link_map_clear(&job->items[i].map);
        link_index_changes_clear(&job->items[i].changes);
        kc_error_destroy(job->items[i].source_error);
        kc_error_destroy(job->items[i].target_error);
    }
    free(job->items);
    free(job);
}

void link_jobs_submit(struct link_copy *copy, enum copy_lane lane, struct copy_job *job)
{
    if (!job)
        return;
    pthread_mutex_lock(&copy->mutex);
    DL_APPEND(copy->workers[lane].queue, job);
    pthread_cond_broadcast(&copy->cond);
    pthread_mutex_unlock(&copy->mutex);
}

bool link_jobs_idle(struct link_copy *copy, enum copy_lane lane)
{
    pthread_mutex_lock(&copy->mutex);
    bool idle = !copy->workers[lane].queue && !copy->workers[lane].working;
    pthread_mutex_unlock(&copy->mutex);
    return idle;
}
