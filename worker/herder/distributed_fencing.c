/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fencing of zombie source tasks (KIP-618, DistributedHerder.ZombieFencing).
 *
 * The leader decides on its tick thread. A real round of fencing asks brokers, so it runs on a
 * thread of its own and comes back to the tick thread to write the record. Requests for the same
 * connector share a round. Task threads call kc_distributed_fence_zombies(), which asks the leader,
 * wherever that is, and then check that they may still run.
 */
#include "base/wrong_target.h"
#include "herder/distributed_priv.h"

#include <stdlib.h>
#include <string.h>

/* One round. The list and `waiting` are under the herder's lock. */
struct kc_fencing {
    struct kc_distributed *herder;
    char *connector;
    struct kc_map *config;
    int tasks_to_fence;
    int tasks_to_record;
    int generation;
    bool cancelled;
    struct kc_request **waiting;
    size_t waiting_count;
    pthread_t thread;
    struct kc_fencing *next;
};

enum kc_fencing_need kc_fencing_need(const struct kc_cluster_state *state, const char *connector)
{
    if (!kc_cluster_state_pending_fencing(state, connector))
        return KC_FENCE_NOTHING;
    int record = kc_cluster_state_task_count_record(state, connector);
    /* Without a record there was no transactional producer. A single new task fences a single old
     * one by its transactional id. */
    if (record < 0 || (record == 1 && kc_cluster_state_task_count(state, connector) == 1))
        return KC_FENCE_RECORD_ONLY;
    return KC_FENCE_PRODUCERS;
}

/* ---- rounds ---- */

static void add_waiting(struct kc_fencing *fencing, struct kc_request *request)
{
    size_t size = (fencing->waiting_count + 1) * sizeof(struct kc_request *);
    fencing->waiting = kc_realloc(fencing->waiting, size);
    fencing->waiting[fencing->waiting_count++] = kc_request_ref(request);
}

/* Takes err; lock held or fencing out of the list. */
static void end_waiting(struct kc_fencing *fencing, struct kc_error *err)
{
    for (size_t i = 0; i < fencing->waiting_count; i++) {
        kc_request_complete(fencing->waiting[i], kc_error_copy(err));
        kc_request_unref(fencing->waiting[i]);
    }
    fencing->waiting_count = 0;
    kc_error_destroy(err);
}

static void fencing_destroy(struct kc_fencing *fencing)
{
    free(fencing->connector);
    kc_map_destroy(fencing->config);
    free(fencing->waiting);
    free(fencing);
}

static struct kc_fencing *find(struct kc_distributed *herder, const char *connector)
{
    struct kc_fencing *fencing = herder->fencings;
    while (fencing && strcmp(fencing->connector, connector) != 0)
        fencing = fencing->next;
    return fencing;
}

static struct kc_fencing *take(struct kc_distributed *herder, const char *connector)
{
    pthread_mutex_lock(&herder->base.lock);
    struct kc_fencing **place = &herder->fencings;
    while (*place && strcmp((*place)->connector, connector) != 0)
        place = &(*place)->next;
    struct kc_fencing *fencing = *place;
    if (fencing)
        *place = fencing->next;
    pthread_mutex_unlock(&herder->base.lock);
    return fencing;
}

void kc_distributed_cancel_fencing(struct kc_distributed *herder, const char *connector)
{
    struct kc_fencing *fencing = find(herder, connector);
    if (!fencing)
        return;
    fencing->cancelled = true;
    end_waiting(fencing, kc_error_new(KC_ERR_CONFLICT,
                                      "Failed to complete zombie fencing because a new set of task "
                                      "configs was generated"));
}

void kc_distributed_end_fencings(struct kc_distributed *herder)
{
    while (herder->fencings) {
        struct kc_fencing *fencing = take(herder, herder->fencings->connector);
        pthread_join(fencing->thread, NULL);
        end_waiting(fencing, kc_error_new(KC_ERR_CONNECT, "Worker is shutting down"));
        fencing_destroy(fencing);
    }
}

static struct kc_error *write_record(struct kc_distributed *herder, const char *connector,
                                     int count)
{
    struct kc_herder *base = &herder->base;
    kc_stage_begin(&base->stage, "writing a task count record for connector %s to the config topic",
                   connector);
    struct kc_error *err = kc_distributed_wrote(
        herder, kc_config_store_put_task_count(base->config_store, connector, count));
    kc_stage_end(&base->stage);
    return err;
}

/* The brokers have fenced. Checks that it is still this generation of tasks. */
static struct kc_error *follow_up(struct kc_distributed *herder, struct kc_fencing *fencing)
{
    if (!kc_distributed_refresh(herder))
        return kc_error_new(KC_ERR_CONNECT, "Failed to read to end of config topic");
    int generation = kc_cluster_state_generation(herder->base.config_state, fencing->connector);
    if (fencing->generation < generation)
        return kc_error_new(KC_ERR_CONFLICT, "Fencing failed because new task configurations were "
                                             "generated for the connector");
    if (fencing->cancelled)
        return NULL; /* all waiting requests have been completed */
    return write_record(herder, fencing->connector, fencing->tasks_to_record);
}

static void run_fenced(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    struct kc_fencing *fencing = take(herder, args->connector);
    kc_request_complete(request, NULL);
    if (!fencing)
        return;
    pthread_join(fencing->thread, NULL); /* its last act was to post this */
    struct kc_error *err = args->err;
    args->err = NULL;
    if (err)
        err = kc_error_prefix(err, "Failed to perform zombie fencing");
    else
        err = follow_up(herder, fencing);
    end_waiting(fencing, err);
    fencing_destroy(fencing);
}

static void *fence(void *arg)
{
    struct kc_fencing *fencing = arg;
    struct kc_herder *base = &fencing->herder->base;
    struct kc_herder_args *args = kc_herder_args_new(fencing->connector);
    args->err = kc_worker_fence_zombies(base->worker, fencing->connector, fencing->config,
                                        fencing->tasks_to_fence);
    kc_herder_post(base, 0, run_fenced, args);
    return NULL;
}

/* Joins a round that is under way, or starts one. */
static void fence_producers(struct kc_distributed *herder, const char *connector,
                            struct kc_request *request)
{
    const struct kc_cluster_state *state = herder->base.config_state;
    struct kc_error *err = NULL;
    pthread_mutex_lock(&herder->base.lock);
    struct kc_fencing *fencing = find(herder, connector);
    if (fencing && !fencing->cancelled) {
        add_waiting(fencing, request);
    } else if (fencing) {
        err = kc_error_new(KC_ERR_CONFLICT, "Failed to complete zombie fencing because a new set "
                                            "of task configs was generated");
    } else {
        fencing = kc_calloc(1, sizeof(*fencing));
        fencing->herder = herder;
        fencing->connector = kc_strdup(connector);
        fencing->config = kc_map_copy(kc_cluster_state_config(state, connector));
        fencing->tasks_to_fence = kc_cluster_state_task_count_record(state, connector);
        fencing->tasks_to_record = kc_cluster_state_task_count(state, connector);
        fencing->generation = kc_cluster_state_generation(state, connector);
        err = kc_thread_start(&fencing->thread, "ZombieFencing", fence, fencing);
        if (err) {
            fencing_destroy(fencing);
        } else {
            add_waiting(fencing, request);
            fencing->next = herder->fencings;
            herder->fencings = fencing;
        }
    }
    pthread_mutex_unlock(&herder->base.lock);
    if (err)
        kc_request_complete(request, err);
}

void kc_distributed_run_fence(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    const char *connector = args->connector;
    struct kc_error *err = NULL;
    if (!kc_distributed_is_leader(herder))
        err = kc_distributed_not_leader(herder, "Only the leader may perform zombie fencing.");
    else if (!kc_cluster_state_has(base->config_state, connector))
        err = kc_connector_not_found(connector);
    else if (!kc_distributed_is_source(herder, connector))
        err = kc_error_new(KC_ERR_BAD_REQUEST, "Connector %s is not a source connector", connector);
    else if (!kc_distributed_refresh(herder))
        err = kc_error_new(KC_ERR_CONNECT,
                           "Failed to read to end of config topic before performing zombie "
                           "fencing");
    if (err) {
        kc_request_complete(request, err);
        return;
    }
    switch (kc_fencing_need(base->config_state, connector)) {
    case KC_FENCE_PRODUCERS:
        fence_producers(herder, connector, request);
        return;
    case KC_FENCE_RECORD_ONLY:
        err = write_record(herder, connector,
                           kc_cluster_state_task_count(base->config_state, connector));
        break;
    case KC_FENCE_NOTHING:
        break;
    }
    kc_request_complete(request, err);
}

/* ---- on task threads ---- */

/* Posts one of the exactly-once requests and waits without a limit: the queue's close ends it. */
static struct kc_error *ask(struct kc_distributed *herder, kc_request_run run,
                            struct kc_herder_args *args)
{
    struct kc_request *request = NULL;
    struct kc_error *err = kc_herder_call(&herder->base, run, args, -1, &request);
    kc_request_unref(request);
    return err;
}

struct kc_error *kc_distributed_fence_zombies(void *opaque, const char *connector)
{
    struct kc_distributed *herder = opaque;
    struct kc_error *err = ask(herder, kc_distributed_run_fence, kc_herder_args_new(connector));
    if (!err)
        return NULL;
    if (kc_error_code(err) != KC_ERR_WRONG_TARGET)
        return kc_error_prefix(err, "Failed to perform round of zombie fencing");
    struct kc_error *sent = NULL;
    if (!herder->has_rest)
        sent = kc_error_new(KC_ERR_CONNECT,
                            "This worker is not able to communicate with the leader of the "
                            "cluster, which is required for exactly-once source tasks. If running "
                            "MirrorMaker 2 in dedicated mode, consider enabling inter-worker "
                            "communication via the 'dedicated.mode.enable.internal.rest' "
                            "property.");
    else
        sent = kc_distributed_send(herder, kc_error_url(err), "PUT", connector, "fence", NULL);
    kc_error_destroy(err);
    return sent ? kc_error_prefix(sent, "Failed to perform round of zombie fencing") : NULL;
}

static void run_verify(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    struct kc_error *err = NULL;
    kc_herder_update_state(base);
    if (kc_cluster_state_generation(base->config_state, args->connector) != args->generation)
        err = kc_error_new(KC_ERR_CONNECT,
                           "Cannot start source task %s-%d with exactly-once support as the "
                           "connector has already generated a new set of task configs",
                           args->connector, args->task);
    else if (!kc_work_has_task(&herder->assignment.work, args->connector, args->task))
        err = kc_error_new(KC_ERR_CONNECT,
                           "Cannot start source task %s-%d as it has already been revoked from "
                           "this worker",
                           args->connector, args->task);
    kc_request_complete(request, err);
}

struct kc_error *kc_distributed_verify_task(void *opaque, const char *connector, int task,
                                            int generation)
{
    struct kc_distributed *herder = opaque;
    struct kc_error *err = NULL;
    do {
        kc_error_destroy(err);
        if (atomic_load(&herder->base.stopping))
            return kc_error_new(KC_ERR_CONNECT, "Worker is shutting down");
        err = kc_config_store_refresh(herder->base.config_store, herder->sync_timeout_ms);
    } while (err && kc_error_code(err) == KC_ERR_TIMEOUT);
    if (err)
        return kc_error_prefix(err, "Failed to read to end of config topic");
    struct kc_herder_args *args = kc_herder_args_new(connector);
    args->task = task;
    args->generation = generation;
    return ask(herder, run_verify, args);
}

/* A worker that was frozen for long has lost its tasks and doesn't know it yet. It must not fence
 * the workers that have them now. */
static void run_confirm(struct kc_herder *base, struct kc_request *request, void *data)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_herder_args *args = data;
    bool ours = kc_work_has_task(&herder->assignment.work, args->connector, args->task) &&
                herder->member->ops->confirmed(herder->member, args->began_ms);
    kc_request_complete(
        request, ours ? NULL
                      : kc_error_retriable_new(KC_ERR_REBALANCE_NEEDED,
                                               "The group doesn't confirm that source task %s-%d "
                                               "is still this worker's",
                                               args->connector, args->task));
}

struct kc_error *kc_distributed_confirm_task(void *opaque, const char *connector, int task,
                                             int64_t since_ms)
{
    struct kc_herder_args *args = kc_herder_args_new(connector);
    args->task = task;
    args->began_ms = since_ms;
    return ask(opaque, run_confirm, args);
}
