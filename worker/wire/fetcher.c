/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetcher's partitions, queue and life. See connect/fetch.h, fetcher.h and fetcher_priv.h.
 *
 * fetcher_poll() is the one place that decides what to fetch next. It runs on the loop thread after
 * everything that may change the answer: an answer, a release, a seek, new metadata, a back-off's
 * end.
 */
#include "wire/fetcher_priv.h"

#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

#define BUDGET_DEFAULT (64u << 20)

static char *part_key(const char *topic, int32_t partition)
{
    return kc_asprintf("%s-%d", topic, partition);
}

struct kc_fetcher *fetcher_ref(struct kc_fetcher *fetcher)
{
    atomic_fetch_add(&fetcher->refs, 1);
    return fetcher;
}

static void part_destroy(struct kc_fetcher *fetcher, struct fetch_part *part)
{
    fetch_plan_remove(fetcher, part);
    if (!kc_uuid_is_zero(&part->topic_id))
        HASH_DELETE(hh_id, fetcher->by_id, part);
    HASH_DEL(fetcher->parts, part);
    free(part->key);
    free(part->topic);
    free(part);
}

void fetcher_unref(struct kc_fetcher *fetcher)
{
    struct fetch_part *part, *next;

    if (atomic_fetch_sub(&fetcher->refs, 1) != 1)
        return;
    HASH_ITER (hh, fetcher->parts, part, next)
        part_destroy(fetcher, part);
    pthread_cond_destroy(&fetcher->cond);
    pthread_mutex_destroy(&fetcher->mutex);
    free(fetcher);
}

/* ---- Chunks ---- */

struct fetch_chunk *fetcher_chunk_new(struct kc_fetcher *fetcher, const struct fetch_part *part,
                                      enum kc_fetched_kind kind)
{
    struct fetch_chunk *chunk = kc_calloc(1, sizeof *chunk);

    chunk->fetcher = fetcher_ref(fetcher);
    chunk->topic = kc_strdup(part->topic);
    chunk->key = kc_strdup(part->key);
    chunk->pub.kind = kind;
    chunk->pub.topic = chunk->topic;
    chunk->pub.partition = part->partition;
    chunk->pub.first_offset = part->position;
    chunk->pub.next_offset = part->position;
    chunk->pub.high_watermark = chunk->pub.last_stable_offset = chunk->pub.log_start_offset = -1;
    chunk->pub.leader_epoch = part->last_epoch;
    return chunk;
}

void fetcher_chunk_destroy(struct fetch_chunk *chunk)
{
    kc_wire_reply_unref(chunk->reply);
    kc_error_destroy(chunk->pub.error);
    fetcher_unref(chunk->fetcher);
    free(chunk->aborted);
    free(chunk->topic);
    free(chunk->key);
    free(chunk);
}

void fetcher_enqueue(struct kc_fetcher *fetcher, struct fetch_chunk *chunk)
{
    struct fetch_part *part = fetcher_part(fetcher, chunk->key);

    chunk->charged = chunk->pub.len;
    fetcher->used += chunk->charged;
    if (part)
        part->queued_bytes += chunk->charged;
    DL_APPEND(fetcher->queue, chunk);
    fetcher->untold = true;
}

void fetcher_event(struct kc_fetcher *fetcher, struct fetch_part *part, enum kc_fetched_kind kind,
                   int64_t log_start, int64_t next_offset, struct kc_error *err)
{
    struct fetch_chunk *chunk = fetcher_chunk_new(fetcher, part, kind);

    part->halted = true;
    fetch_plan_touch(fetcher, part);
    chunk->pub.log_start_offset = log_start;
    chunk->pub.next_offset = next_offset;
    chunk->pub.error = err;
    fetcher_enqueue(fetcher, chunk);
}

/* Locked. */
static void drop_queued(struct kc_fetcher *fetcher, struct fetch_part *part)
{
    struct fetch_chunk *chunk, *next, *dropped = NULL;

    DL_FOREACH_SAFE(fetcher->queue, chunk, next)
    {
        if (strcmp(chunk->key, part->key) != 0)
            continue;
        DL_DELETE(fetcher->queue, chunk);
        fetcher->used -= chunk->charged;
        DL_APPEND(dropped, chunk);
    }
    part->queued_bytes = 0;
    DL_FOREACH_SAFE(dropped, chunk, next)
    fetcher_chunk_destroy(chunk);
}

/* ---- Polling ---- */

static void run_poll(void *arg)
{
    struct kc_fetcher *fetcher = arg;

    pthread_mutex_lock(&fetcher->mutex);
    fetcher->poll_posted = false;
    pthread_mutex_unlock(&fetcher->mutex);
    fetcher_poll(fetcher);
    fetcher_unref(fetcher);
}

/* Locked. */
static void post_poll(struct kc_fetcher *fetcher)
{
    if (fetcher->poll_posted || fetcher->closed)
        return;
    fetcher->poll_posted = kc_wire_post(fetcher->client, run_poll, fetcher_ref(fetcher));
    if (!fetcher->poll_posted)
        atomic_fetch_sub(&fetcher->refs, 1);
}

struct fetch_part *fetcher_part(struct kc_fetcher *fetcher, const char *key)
{
    struct fetch_part *part;

    HASH_FIND(hh, fetcher->parts, key, strlen(key), part);
    return part;
}

struct fetch_part *fetcher_part_by_id(struct kc_fetcher *fetcher, const struct kc_uuid *topic_id,
                                      int32_t partition)
{
    struct fetch_id id;
    struct fetch_part *part;

    memset(&id, 0, sizeof id);
    id.topic_id = *topic_id;
    id.partition = partition;
    HASH_FIND(hh_id, fetcher->by_id, &id, sizeof id, part);
    return part;
}

void fetcher_retry_later(struct kc_fetcher *fetcher, struct fetch_part *part)
{
    part->retry_at_ms = kc_mono_ms() + kc_wire_backoff_ms(fetcher->client, part->attempts++);
    fetch_plan_touch(fetcher, part);
}

/* When there is something to do without being told; INT64_MAX: never. */
static int64_t next_retry(struct kc_fetcher *fetcher, int64_t now)
{
    int64_t at;
    struct fetch_session *session;

    pthread_mutex_lock(&fetcher->mutex);
    at = fetch_plan_next(fetcher);
    pthread_mutex_unlock(&fetcher->mutex);
    LL_FOREACH(fetcher->sessions, session)
    {
        if (session->retry_at_ms > now && session->retry_at_ms < at)
            at = session->retry_at_ms;
    }
    return at;
}

/* Locked: how many brokers may be sent to now. */
static size_t count_idle(struct kc_fetcher *fetcher, int64_t now, size_t *reserved)
{
    struct fetch_session *session;
    size_t idle = 0;

    *reserved = 0;
    LL_FOREACH(fetcher->sessions, session)
    {
        if (session->in_flight)
            *reserved += session->reserved;
        else if (session->candidates && now >= session->retry_at_ms)
            idle++;
    }
    return idle;
}

/* The fetchers that have a share in KC_FETCHERS_BUDGET. */
static atomic_int sharers;

size_t fetcher_budget(const struct kc_fetcher *fetcher)
{
    size_t budget = fetcher->options.budget_bytes, share, least;
    int count = fetcher->shares ? atomic_load(&sharers) : 0;

    if (count <= 0)
        return budget;
    share = KC_FETCHERS_BUDGET / (size_t)count;
    least = 2 * (size_t)fetcher->options.partition_max_bytes;
    share = share > least ? share : least;
    return share < budget ? share : budget;
}

void fetcher_share(struct kc_fetcher *fetcher)
{
    fetcher->shares = true;
    atomic_fetch_add(&sharers, 1);
}

/* A fetch for less than this isn't worth a request. */
static size_t least_fetch(const struct kc_fetcher *fetcher)
{
    size_t least = (size_t)fetcher->options.partition_max_bytes / 4,
           budget = fetcher_budget(fetcher);

    return least < budget / 4 ? least : budget / 4;
}

static void send_fetches(struct kc_fetcher *fetcher, int64_t now)
{
    struct fetch_session *session;
    size_t reserved, idle, taken, share, budget = fetcher_budget(fetcher);
    bool tell;

    pthread_mutex_lock(&fetcher->mutex);
    fetch_plan_update(fetcher, now);
    tell = fetcher->untold;
    fetcher->untold = false;
    idle = count_idle(fetcher, now, &reserved);
    taken = fetcher->used + reserved;
    share = taken < budget && idle ? (budget - taken) / idle : 0;
    fetcher->starved = idle > 0 && share < least_fetch(fetcher);
    if (fetcher->starved)
        idle = 0;
    pthread_mutex_unlock(&fetcher->mutex);
    /* Once for all of an answer, and without the mutex, which the consumer takes first thing. */
    if (tell)
        pthread_cond_signal(&fetcher->cond);
    if (share > (size_t)fetcher->options.max_bytes)
        share = (size_t)fetcher->options.max_bytes;
    LL_FOREACH(fetcher->sessions, session)
    {
        if (idle && !session->in_flight && now >= session->retry_at_ms)
            fetch_session_send(fetcher, session, share);
    }
}

void fetcher_poll(struct kc_fetcher *fetcher)
{
    int64_t now = kc_mono_ms(), at;

    if (!fetcher->timer)
        return;
    send_fetches(fetcher, now);
    at = next_retry(fetcher, now);
    if (at < INT64_MAX)
        kc_wire_timer_start(fetcher->timer, at - now);
}

static void on_timer(void *arg)
{
    fetcher_poll(arg);
}

static void on_metadata(void *arg)
{
    struct kc_fetcher *fetcher = arg;

    pthread_mutex_lock(&fetcher->mutex);
    fetch_plan_touch_all(fetcher);
    pthread_mutex_unlock(&fetcher->mutex);
    fetcher_poll(fetcher);
}

/* ---- Partitions ---- */

struct track {
    struct kc_fetcher *fetcher;
    char *topic;
    bool on;
};

static void run_track(void *arg)
{
    struct track *track = arg;

    if (track->on)
        kc_wire_track(track->fetcher->client, track->topic);
    else
        kc_wire_untrack(track->fetcher->client, track->topic);
    fetcher_unref(track->fetcher);
    free(track->topic);
    free(track);
}

static void post_track(struct kc_fetcher *fetcher, const char *topic, bool on)
{
    struct track *track = kc_malloc(sizeof *track);

    *track = (struct track){fetcher_ref(fetcher), kc_strdup(topic), on};
    if (kc_wire_post(fetcher->client, run_track, track))
        return;
    fetcher_unref(fetcher);
    free(track->topic);
    free(track);
}

/* Locked. */
static struct fetch_part *part_add(struct kc_fetcher *fetcher, const char *topic, int32_t partition)
{
    char *key = part_key(topic, partition);
    struct fetch_part *part = fetcher_part(fetcher, key);

    if (part) {
        free(key);
        return part;
    }
    part = kc_calloc(1, sizeof *part);
    part->key = key;
    part->topic = kc_strdup(topic);
    part->partition = partition;
    part->preferred = -1;
    HASH_ADD_KEYPTR(hh, fetcher->parts, part->key, strlen(part->key), part);
    post_track(fetcher, topic, true);
    return part;
}

/* Locked. */
static void part_seek(struct kc_fetcher *fetcher, struct fetch_part *part, int64_t offset,
                      int32_t leader_epoch)
{
    drop_queued(fetcher, part);
    part->generation = fetcher->next_generation++;
    part->position = offset;
    part->last_epoch = leader_epoch;
    part->validated_epoch = -1;
    part->validating = part->halted = false;
    part->attempts = part->corrupt = 0;
    part->retry_at_ms = 0;
    part->preferred = -1;
    fetch_plan_touch(fetcher, part);
    post_poll(fetcher);
}

void kc_fetcher_add(struct kc_fetcher *fetcher, const char *topic, int32_t partition,
                    int64_t offset, int32_t leader_epoch)
{
    pthread_mutex_lock(&fetcher->mutex);
    part_seek(fetcher, part_add(fetcher, topic, partition), offset, leader_epoch);
    pthread_mutex_unlock(&fetcher->mutex);
}

void kc_fetcher_seek(struct kc_fetcher *fetcher, const char *topic, int32_t partition,
                     int64_t offset, int32_t leader_epoch)
{
    char *key = part_key(topic, partition);
    struct fetch_part *part;

    pthread_mutex_lock(&fetcher->mutex);
    part = fetcher_part(fetcher, key);
    if (part)
        part_seek(fetcher, part, offset, leader_epoch);
    pthread_mutex_unlock(&fetcher->mutex);
    free(key);
}

void kc_fetcher_remove(struct kc_fetcher *fetcher, const char *topic, int32_t partition)
{
    char *key = part_key(topic, partition);
    struct fetch_part *part;

    pthread_mutex_lock(&fetcher->mutex);
    part = fetcher_part(fetcher, key);
    if (part) {
        drop_queued(fetcher, part);
        post_track(fetcher, part->topic, false);
        part_destroy(fetcher, part);
        post_poll(fetcher);
    }
    pthread_mutex_unlock(&fetcher->mutex);
    free(key);
}

void kc_fetcher_pause(struct kc_fetcher *fetcher, const char *topic, int32_t partition, bool paused)
{
    char *key = part_key(topic, partition);
    struct fetch_part *part;

    pthread_mutex_lock(&fetcher->mutex);
    part = fetcher_part(fetcher, key);
    if (part) {
        part->paused = paused;
        fetch_plan_touch(fetcher, part);
        post_poll(fetcher);
        pthread_cond_signal(&fetcher->cond);
    }
    pthread_mutex_unlock(&fetcher->mutex);
    free(key);
}

int64_t kc_fetcher_position(struct kc_fetcher *fetcher, const char *topic, int32_t partition)
{
    char *key = part_key(topic, partition);
    struct fetch_part *part;
    int64_t position;

    pthread_mutex_lock(&fetcher->mutex);
    part = fetcher_part(fetcher, key);
    position = part ? part->position : -1;
    pthread_mutex_unlock(&fetcher->mutex);
    free(key);
    return position;
}

size_t kc_fetcher_bytes(struct kc_fetcher *fetcher)
{
    size_t used;

    pthread_mutex_lock(&fetcher->mutex);
    used = fetcher->used;
    pthread_mutex_unlock(&fetcher->mutex);
    return used;
}

/* ---- The consumer ---- */

/* Locked: a part that was held back may go on when little enough is left. */
static void unqueue(struct kc_fetcher *fetcher, struct fetch_part *part, size_t bytes)
{
    part->queued_bytes -= bytes;
    if (!part->held_by || fetch_plan_has_enough(fetcher, part))
        return;
    fetch_plan_touch(fetcher, part);
    post_poll(fetcher);
}

/* Locked: the first chunk of a partition that isn't paused. */
static struct fetch_chunk *take_chunk(struct kc_fetcher *fetcher)
{
    struct fetch_chunk *chunk;
    struct fetch_part *part;

    DL_FOREACH(fetcher->queue, chunk)
    {
        part = fetcher_part(fetcher, chunk->key);
        if (part && part->paused)
            continue;
        if (part)
            unqueue(fetcher, part, chunk->charged);
        DL_DELETE(fetcher->queue, chunk);
        return chunk;
    }
    return NULL;
}

struct kc_fetched *kc_fetcher_next(struct kc_fetcher *fetcher, int64_t deadline_ms)
{
    struct fetch_chunk *chunk;

    pthread_mutex_lock(&fetcher->mutex);
    while (!(chunk = take_chunk(fetcher)) && deadline_ms > 0 && !fetcher->woken) {
        if (!kc_cond_wait_until(&fetcher->cond, &fetcher->mutex, deadline_ms))
            deadline_ms = 0;
    }
    if (!chunk)
        fetcher->woken = false;
    pthread_mutex_unlock(&fetcher->mutex);
    return chunk ? &chunk->pub : NULL;
}

void kc_fetcher_wake(struct kc_fetcher *fetcher)
{
    pthread_mutex_lock(&fetcher->mutex);
    fetcher->woken = true;
    pthread_cond_signal(&fetcher->cond);
    pthread_mutex_unlock(&fetcher->mutex);
}

void kc_fetched_release(struct kc_fetched *fetched)
{
    struct fetch_chunk *chunk = (struct fetch_chunk *)fetched;
    struct kc_fetcher *fetcher;

    if (!chunk)
        return;
    fetcher = chunk->fetcher;
    pthread_mutex_lock(&fetcher->mutex);
    fetcher->used -= chunk->charged;
    if (fetcher->starved)
        post_poll(fetcher);
    pthread_mutex_unlock(&fetcher->mutex);
    fetcher_chunk_destroy(chunk);
}

/* ---- Life ---- */

static void run_start(void *arg)
{
    struct kc_fetcher *fetcher = arg;

    fetcher->timer = kc_wire_timer_new(fetcher->client, on_timer, fetcher);
    kc_wire_listen(fetcher->client, on_metadata, fetcher);
    fetcher_unref(fetcher);
}

struct kc_fetcher *kc_fetcher_new(struct kc_wire_client *client,
                                  const struct kc_fetcher_options *options)
{
    struct kc_fetcher *fetcher = kc_calloc(1, sizeof *fetcher);
    struct kc_fetcher_options *own = &fetcher->options;

    atomic_init(&fetcher->refs, 1);
    fetcher->client = client;
    *own = *options;
    own->budget_bytes = own->budget_bytes ? own->budget_bytes : BUDGET_DEFAULT;
    own->max_wait_ms = own->max_wait_ms ? own->max_wait_ms : 500;
    own->min_bytes = own->min_bytes ? own->min_bytes : 1;
    own->max_bytes = own->max_bytes ? own->max_bytes : 52428800;
    own->partition_max_bytes = own->partition_max_bytes ? own->partition_max_bytes : 1048576;
    pthread_mutex_init(&fetcher->mutex, NULL);
    kc_cond_init(&fetcher->cond);
    if (!kc_wire_post(client, run_start, fetcher_ref(fetcher)))
        fetcher_unref(fetcher);
    return fetcher;
}

struct stop {
    struct kc_fetcher *fetcher;
    bool done; /* guarded by the fetcher's mutex */
};

static void run_stop(void *arg)
{
    struct stop *stop = arg;
    struct kc_fetcher *fetcher = stop->fetcher;
    struct fetch_part *part;

    kc_wire_timer_destroy(fetcher->timer);
    fetcher->timer = NULL;
    kc_wire_unlisten(fetcher->client, fetcher);
    for (part = fetcher->parts; part; part = part->hh.next)
        kc_wire_untrack(fetcher->client, part->topic);
    pthread_mutex_lock(&fetcher->mutex);
    fetch_sessions_destroy(fetcher);
    stop->done = true;
    pthread_cond_broadcast(&fetcher->cond);
    pthread_mutex_unlock(&fetcher->mutex);
}

void kc_fetcher_destroy(struct kc_fetcher *fetcher)
{
    struct stop stop = {fetcher, false};
    struct fetch_chunk *chunk, *next;

    if (!fetcher)
        return;
    pthread_mutex_lock(&fetcher->mutex);
    fetcher->closed = true;
    if (fetcher->shares)
        atomic_fetch_sub(&sharers, 1);
    DL_FOREACH_SAFE(fetcher->queue, chunk, next)
    {
        DL_DELETE(fetcher->queue, chunk);
        fetcher_chunk_destroy(chunk);
    }
    pthread_mutex_unlock(&fetcher->mutex);
    if (kc_wire_post(fetcher->client, run_stop, &stop)) {
        pthread_mutex_lock(&fetcher->mutex);
        while (!stop.done)
            kc_cond_wait_until(&fetcher->cond, &fetcher->mutex, INT64_MAX);
        pthread_mutex_unlock(&fetcher->mutex);
    }
    fetcher_unref(fetcher);
}
