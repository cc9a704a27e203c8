/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes markers, each of which makes a log longer by one offset without a record. On a lane's
 * thread, and by looks, which fence a predecessor.
 *
 * By the coordinator: empty transactions, one round for all partitions that still need a marker.
 * The end of a transaction is answered before its markers are in the logs, and the next one under
 * the same id can't begin before they are. So several ids take turns. The logs' ends tell when all
 * markers are there. Or directly, by WriteTxnMarkers to the leaders, where the cluster lets us:
 * those are in the log when they are answered.
 */
#include "connect/log.h"
#include "link/copy_priv.h"

#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.link.copy");

enum {
    CLUSTER_AUTHORIZATION_FAILED = 31,
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53,
    OPERATION_NOT_ATTEMPTED = 55, /* another partition is to blame */
    IDS = 100,          /* that direct markers go under; several of a request need their own */
    DIRECT_MOST = 5000, /* markers in a call */
    ROUNDS_MOST = 100,  /* transactions in a job, so that other partitions get their turn */
    TRANSACTION_MS = 60000,
    SEEN_MS = 15000,
};

/* lease: as "0/2", so that tasks of another number have others. The caller's. */
static char *transactional_id(const struct link_copy *copy, const char *lease, int turn)
{
    return kc_asprintf("isthmus-link-%s-%s-%d", copy->config->name, lease, turn);
}

void link_markers_open(struct link_copy *copy)
{
    char *lease = kc_asprintf("%d/%d", copy->config->task, copy->config->tasks);
    pthread_mutex_init(&copy->markers.mutex, NULL);
    for (int i = 0; i < COPY_MARKER_IDS; i++)
        copy->markers.ids[i].name = transactional_id(copy, lease, i);
    free(lease);
}

void link_markers_close(struct link_copy *copy)
{
    pthread_mutex_destroy(&copy->markers.mutex);
    for (int i = 0; i < COPY_MARKER_IDS; i++)
        free(copy->markers.ids[i].name);
}

/* ---- by the coordinator ---- */

/* Locked. Ends what a former writer has under way by any of the ids. */
static struct kc_error *initialise(struct link_copy *copy)
{
    struct copy_marker_writer *writer = &copy->markers;
    struct kc_error *err = NULL;
    if (writer->initialised)
        return NULL;
    for (int i = 0; !err && i < COPY_MARKER_IDS; i++)
        err = kc_admin_init_producer(copy->target, writer->ids[i].name, TRANSACTION_MS,
                                     &writer->ids[i].producer);
    writer->initialised = !err;
    writer->fence += !err;
    return err;
}

uint64_t link_markers_fence_number(struct link_copy *copy)
{
    pthread_mutex_lock(&copy->markers.mutex);
    uint64_t fence = copy->markers.initialised ? copy->markers.fence : 0;
    pthread_mutex_unlock(&copy->markers.mutex);
    return fence;
}

/* A marker goes only where nobody else can have written one since the log's end was asked. */
static void turn_away_unfenced(const struct link_copy *copy, struct copy_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        if (job->items[i].fence != copy->markers.fence && !job->items[i].target_error)
            job->items[i].target_error = kc_error_retriable_new(
                KC_ERR_KAFKA,
                "the end of %s-%d is to be asked again, now that nobody else writes "
                "markers there",
                job->items[i].topic, job->items[i].partition);
    }
}

/* Whatever the task with the lease has under way by any of its ids. */
static struct kc_error *end_transactions(struct link_copy *copy, const char *lease)
{
    struct kc_error *err = NULL;
    for (int i = 0; !err && i < COPY_MARKER_IDS; i++) {
        struct kc_producer_identity ended;
        char *id = transactional_id(copy, lease, i);
        err = kc_admin_init_producer(copy->target, id, TRANSACTION_MS, &ended);
        free(id);
    }
    return err;
}

/* Locked. A topic may have come from a task of another number. What that left open would end by its
 * time-out, with a marker somewhere in the log. */
static struct kc_error *end_former(struct link_copy *copy)
{
    struct copy_marker_writer *writer = &copy->markers;
    struct kc_strings leases = {0};
    struct kc_error *err = NULL;
    if (writer->former_ended)
        return NULL;
    link_lease_former(copy->lease, &leases);
    for (size_t i = 0; i < leases.count && !err; i++)
        err = end_transactions(copy, leases.items[i]);
    kc_strings_destroy(&leases);
    writer->former_ended = !err;
    return err;
}

/* Where markers are written directly, too: a predecessor's settings may have been others. */
struct kc_error *link_markers_fence(struct link_copy *copy)
{
    pthread_mutex_lock(&copy->markers.mutex);
    struct kc_error *err = end_former(copy);
    if (!err)
        err = initialise(copy);
    pthread_mutex_unlock(&copy->markers.mutex);
    if (kc_error_kafka_code(err) == TRANSACTIONAL_ID_AUTHORIZATION_FAILED &&
        copy->config->markers != LINK_MARKERS_COORDINATOR)
        kc_error_clear(&err); /* then no predecessor has written any this way */
    return err ? kc_error_prefix(err, "fencing a former writer of markers") : NULL;
}

static size_t list_wanting(const struct copy_job *job, struct kc_txn_partition *parts)
{
    size_t count = 0;
    for (size_t i = 0; i < job->count; i++) {
        if (job->items[i].marked < job->items[i].count && !job->items[i].target_error)
            parts[count++] = (struct kc_txn_partition){.topic = job->items[i].topic,
                                                       .partition = job->items[i].partition};
    }
    return count;
}

/* Takes the errors of parts, which are in the order of the items that still want markers. */
static bool take_refused(struct copy_job *job, struct kc_txn_partition *parts)
{
    size_t at = 0;
    bool refused = false;
    for (size_t i = 0; i < job->count; i++) {
        struct copy_item *item = &job->items[i];
        if (item->marked >= item->count || item->target_error)
            continue;
        struct kc_error *err = parts[at++].error;
        refused = refused || err;
        if (kc_error_kafka_code(err) == OPERATION_NOT_ATTEMPTED)
            kc_error_destroy(err);
        else
            item->target_error = err;
    }
    return refused;
}

static void count_round(struct copy_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        if (job->items[i].marked < job->items[i].count && !job->items[i].target_error)
            job->items[i].marked++;
    }
}

/* One empty transaction. *done: nobody wants another one. */
static struct kc_error *round_of(struct link_copy *copy, struct copy_job *job,
                                 struct kc_txn_partition *parts, bool *done)
{
    struct copy_marker_writer *writer = &copy->markers;
    size_t count = list_wanting(job, parts);
    *done = count == 0;
    if (*done)
        return NULL;
    const struct copy_marker_id *id = &writer->ids[writer->turn++ % COPY_MARKER_IDS];
    struct kc_error *err =
        kc_admin_add_partitions_to_txn(copy->target, id->name, &id->producer, parts, count);
    if (!err && take_refused(job, parts))
        return NULL;
    if (!err)
        err = kc_admin_end_txn(copy->target, id->name, &id->producer, true);
    if (!err)
        count_round(job);
    return err;
}

/* Waits until the markers of all transactions are in the logs. */
static struct kc_error *wait_seen(struct link_copy *copy, struct copy_job *job)
{
    int64_t deadline = kc_mono_ms() + SEEN_MS, pause = 1;
    struct kc_stop *stop = kc_thread_stop(copy->workers[COPY_LANE_MARK].thread);
    for (;;) {
        bool all = true;
        link_offsets_ask(copy, job, COPY_AT_TARGET, KC_OFFSET_LATEST, false,
                         offsetof(struct copy_item, target_end));
        for (size_t i = 0; i < job->count; i++)
            all = all && (job->items[i].target_error ||
                          job->items[i].target_end >= job->items[i].offset + job->items[i].marked);
        if (all)
            return NULL;
        if (kc_mono_ms() > deadline || kc_stop_wait_until(stop, kc_mono_ms() + pause))
            return kc_error_retriable_new(KC_ERR_TIMEOUT,
                                          "the markers of an empty transaction aren't in the logs");
        pause = pause < 20 ? pause * 2 : pause;
    }
}

static struct kc_error *by_coordinator(struct link_copy *copy, struct copy_job *job)
{
    struct kc_txn_partition *parts = kc_calloc(job->count + 1, sizeof(*parts));
    bool done = false;
    pthread_mutex_lock(&copy->markers.mutex);
    struct kc_error *err = initialise(copy);
    if (!err)
        turn_away_unfenced(copy, job);
    for (int i = 0; !err && !done && i < ROUNDS_MOST && link_lease_holds(copy->lease); i++)
        err = round_of(copy, job, parts, &done);
    if (!err)
        err = wait_seen(copy, job);
    if (err)
        copy->markers.initialised = false; /* what is under way is ended before the next one */
    pthread_mutex_unlock(&copy->markers.mutex);
    free(parts);
    return err;
}

/* ---- directly ---- */

/* The next call's markers; of[] tells the item of each. One id's for all partitions stand together,
 * because a broker writes them together. */
static size_t list_markers(const struct link_copy *copy, const struct copy_job *job,
                           struct kc_txn_marker *markers, size_t *of)
{
    size_t count = 0;
    for (int64_t j = 0; j < IDS; j++) {
        for (size_t i = 0; i < job->count && count < DIRECT_MOST; i++) {
            const struct copy_item *item = &job->items[i];
            if (item->target_error || item->count - item->marked <= j)
                continue;
            of[count] = i;
            markers[count++] = (struct kc_txn_marker){.topic = item->topic,
                                                      .partition = item->partition,
                                                      .producer_id = copy->producer_id + 1 + j,
                                                      .commit = true};
        }
    }
    return count;
}

static void take_written(struct copy_job *job, struct kc_txn_marker *markers, const size_t *of,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct copy_item *item = &job->items[of[i]];
        if (!markers[i].error)
            item->marked++;
        if (item->target_error)
            kc_error_destroy(markers[i].error);
        else
            item->target_error = markers[i].error;
    }
}

static struct kc_error *write_directly(struct link_copy *copy, struct copy_job *job)
{
    struct kc_txn_marker *markers = kc_calloc(DIRECT_MOST, sizeof(*markers));
    size_t *of = kc_calloc(DIRECT_MOST, sizeof(*of)), count;
    struct kc_error *err = NULL;
    while (!err && link_lease_until(copy->lease) > kc_mono_ms() &&
           (count = list_markers(copy, job, markers, of)) > 0) {
        err = kc_admin_write_markers(copy->target, markers, count);
        if (!err)
            take_written(job, markers, of, count);
    }
    free(markers);
    free(of);
    return err;
}

static bool is_refused(const struct copy_job *job, const struct kc_error *err)
{
    bool refused = kc_error_kafka_code(err) == CLUSTER_AUTHORIZATION_FAILED;
    for (size_t i = 0; i < job->count; i++) {
        int code = kc_error_kafka_code(job->items[i].target_error);
        refused = refused || code == CLUSTER_AUTHORIZATION_FAILED;
    }
    return refused;
}

static void forgive(struct copy_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        if (kc_error_kafka_code(job->items[i].target_error) == CLUSTER_AUTHORIZATION_FAILED)
            kc_error_clear(&job->items[i].target_error);
    }
}

/* True: it is done, or has failed; false: the coordinator has to do it. */
static bool tried_directly(struct link_copy *copy, struct copy_job *job, struct kc_error **err)
{
    struct copy_marker_writer *writer = &copy->markers;
    if (copy->config->markers == LINK_MARKERS_COORDINATOR || writer->refused)
        return false;
    *err = write_directly(copy, job);
    if (copy->config->markers == LINK_MARKERS_DIRECT || !is_refused(job, *err))
        return true;
    kc_info("%s: the target doesn't let the link write markers directly (CLUSTER_ACTION); they are "
            "written by empty transactions",
            copy->config->name);
    writer->refused = true;
    kc_error_clear(err);
    forgive(job);
    return false;
}

void link_markers_run(struct link_copy *copy, struct copy_job *job)
{
    struct kc_error *err = NULL;
    if (!tried_directly(copy, job, &err))
        err = by_coordinator(copy, job);
    for (size_t i = 0; err && i < job->count; i++) {
        if (!job->items[i].target_error)
            job->items[i].target_error = kc_error_copy(err);
    }
    kc_error_destroy(err);
}
