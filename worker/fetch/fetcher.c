/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumer's side of a fetcher: the queue, and the budget for chunks taken from it. See
 * connect/fetch.h, fetcher.h and fetch_engine_priv.h.
 *
 * All of an engine's fetchers share one budget, and each has a share. If nothing could be fetched
 * for a while because the budget is used up, fetchers that hold their share or more are held back
 * until they have given back half of it. A fetcher that holds twice its share is held back at once.
 * So stuck consumers don't hold up the others for long, and take little memory.
 */
#include "fetch/fetch_engine_priv.h"

#include "connect/thread.h"

#include <stdlib.h>
#include <string.h>

struct kc_fetcher *fetcher_new(struct fetch_engine *engine)
{
    struct kc_fetcher *fetcher = kc_calloc(1, sizeof(*fetcher));

    atomic_init(&fetcher->refs, 1);
    fetcher->engine = fetch_engine_ref(engine);
    kc_cond_init(&fetcher->cond);
    fetch_engine_join(engine, fetcher);
    return fetcher;
}

void fetcher_ref(struct kc_fetcher *fetcher)
{
    atomic_fetch_add(&fetcher->refs, 1);
}

void fetcher_unref(struct kc_fetcher *fetcher)
{
    if (atomic_fetch_sub(&fetcher->refs, 1) != 1)
        return;
    pthread_cond_destroy(&fetcher->cond);
    fetch_engine_unref(fetcher->engine);
    free(fetcher);
}

/* ---- Chunks ---- */

struct fetch_chunk *fetcher_chunk_new(const struct fetch_part *part, enum kc_fetched_kind kind)
{
    struct fetch_chunk *chunk = kc_calloc(1, sizeof(*chunk));

    chunk->fetcher = part->fetcher;
    fetcher_ref(chunk->fetcher);
    chunk->topic = kc_strdup(part->topic);
    chunk->key = kc_strdup(part->key);
    chunk->pub.kind = kind;
    chunk->pub.topic = chunk->topic;
    chunk->pub.partition = part->partition;
    chunk->pub.first_offset = part->position;
    chunk->pub.next_offset = part->position;
    chunk->pub.high_watermark = chunk->pub.last_stable_offset = chunk->pub.log_start_offset = -1;
    chunk->pub.leader_epoch = part->last_epoch;
    chunk->pub.topic_id = part->topic_id;
    chunk->pub.current_leader_epoch = -1;
    return chunk;
}

static void chunk_destroy(struct fetch_chunk *chunk)
{
    kc_wire_reply_unref(chunk->reply);
    kc_error_destroy(chunk->pub.error);
    fetcher_unref(chunk->fetcher);
    free(chunk->aborted);
    free(chunk->topic);
    free(chunk->key);
    free(chunk);
}

/* ---- The budget; locked ---- */

void fetcher_hold(struct kc_fetcher *fetcher)
{
    struct fetch_engine *engine = fetcher->engine;

    fetcher->full = true;
    for (struct fetch_part *part = engine->parts; part; part = part->hh.next) {
        if (part->fetcher == fetcher)
            fetch_plan_touch(engine, part);
    }
}

static void charge(struct kc_fetcher *fetcher, struct fetch_chunk *chunk)
{
    const struct fetch_engine *engine = fetcher->engine;

    chunk->charged = chunk->pub.len;
    fetcher->used += chunk->charged;
    if (engine->fetcher_count > 1 && !fetcher->full &&
        fetcher->used >= 2 * fetch_engine_share_bytes(engine))
        fetcher_hold(fetcher);
}

static void discharge(struct kc_fetcher *fetcher, const struct fetch_chunk *chunk)
{
    struct fetch_engine *engine = fetcher->engine;
    struct fetch_part *part;

    fetcher->used -= chunk->charged;
    if (fetcher->full && fetcher->used <= fetch_engine_share_bytes(engine) / 2) {
        fetcher->full = false;
        DL_FOREACH2 (fetcher->held, part, held_next)
            fetch_plan_touch(engine, part);
        fetch_engine_post_poll(engine);
    }
    if (engine->starved)
        fetch_engine_post_poll(engine);
}

/* ---- The queue; locked ---- */

void fetcher_enqueue(struct fetch_part *part, struct fetch_chunk *chunk)
{
    struct kc_fetcher *fetcher = part->fetcher;

    charge(fetcher, chunk);
    part->queued_bytes += chunk->charged;
    DL_APPEND(fetcher->queue, chunk);
    fetcher->untold = true;
}

void fetcher_drop_queued(struct fetch_part *part)
{
    struct kc_fetcher *fetcher = part->fetcher;
    struct fetch_chunk *chunk, *next;

    DL_FOREACH_SAFE (fetcher->queue, chunk, next) {
        if (strcmp(chunk->key, part->key) != 0)
            continue;
        DL_DELETE(fetcher->queue, chunk);
        discharge(fetcher, chunk);
        chunk_destroy(chunk);
    }
    part->queued_bytes = 0;
}

/* The part if it is the fetcher's, otherwise NULL. */
static struct fetch_part *own_part(struct kc_fetcher *fetcher, const char *key)
{
    struct fetch_part *part = fetch_engine_part(fetcher->engine, key);

    return part && part->fetcher == fetcher ? part : NULL;
}

/* A part that was held back may continue when little enough is left. */
static void unqueue(struct fetch_engine *engine, struct fetch_part *part, size_t bytes)
{
    part->queued_bytes -= bytes;
    if (!part->held_by || fetch_plan_has_enough(engine, part))
        return;
    fetch_plan_touch(engine, part);
    fetch_engine_post_poll(engine);
}

/* The first chunk of a partition that isn't paused. */
static struct fetch_chunk *take_chunk(struct kc_fetcher *fetcher)
{
    struct fetch_chunk *chunk;
    struct fetch_part *part;

    DL_FOREACH (fetcher->queue, chunk) {
        part = own_part(fetcher, chunk->key);
        if (part && part->paused)
            continue;
        if (part)
            unqueue(fetcher->engine, part, chunk->charged);
        DL_DELETE(fetcher->queue, chunk);
        return chunk;
    }
    return NULL;
}

/* ---- The consumer ---- */

struct kc_fetched *kc_fetcher_next(struct kc_fetcher *fetcher, int64_t deadline_ms)
{
    pthread_mutex_t *mutex = &fetcher->engine->mutex;
    struct fetch_chunk *chunk;

    pthread_mutex_lock(mutex);
    while (!(chunk = take_chunk(fetcher)) && deadline_ms > 0 && !fetcher->woken) {
        if (!kc_cond_wait_until(&fetcher->cond, mutex, deadline_ms))
            deadline_ms = 0;
    }
    if (!chunk)
        fetcher->woken = false;
    pthread_mutex_unlock(mutex);
    return chunk ? &chunk->pub : NULL;
}

void kc_fetcher_wake(struct kc_fetcher *fetcher)
{
    pthread_mutex_lock(&fetcher->engine->mutex);
    fetcher->woken = true;
    pthread_cond_signal(&fetcher->cond);
    pthread_mutex_unlock(&fetcher->engine->mutex);
}

void kc_fetched_release(struct kc_fetched *fetched)
{
    struct fetch_chunk *chunk = (struct fetch_chunk *)fetched;

    if (!chunk)
        return;
    struct fetch_engine *engine = chunk->fetcher->engine;
    pthread_mutex_lock(&engine->mutex);
    discharge(chunk->fetcher, chunk);
    pthread_mutex_unlock(&engine->mutex);
    chunk_destroy(chunk);
}

void kc_fetcher_add(struct kc_fetcher *fetcher, const char *topic, int32_t partition,
                    int64_t offset, int32_t leader_epoch)
{
    struct fetch_engine *engine = fetcher->engine;

    pthread_mutex_lock(&engine->mutex);
    fetch_engine_part_seek(engine, fetch_engine_part_add(engine, fetcher, topic, partition), offset,
                           leader_epoch);
    pthread_mutex_unlock(&engine->mutex);
}

/* Locks, and finds the partition if it is the fetcher's. unlock() afterwards. */
static struct fetch_part *lock_part(struct kc_fetcher *fetcher, const char *topic,
                                    int32_t partition)
{
    char *key = kc_asprintf("%s-%d", topic, partition);

    pthread_mutex_lock(&fetcher->engine->mutex);
    struct fetch_part *part = own_part(fetcher, key);
    free(key);
    return part;
}

static void unlock(struct kc_fetcher *fetcher)
{
    pthread_mutex_unlock(&fetcher->engine->mutex);
}

void kc_fetcher_seek(struct kc_fetcher *fetcher, const char *topic, int32_t partition,
                     int64_t offset, int32_t leader_epoch)
{
    struct fetch_part *part = lock_part(fetcher, topic, partition);

    if (part)
        fetch_engine_part_seek(fetcher->engine, part, offset, leader_epoch);
    unlock(fetcher);
}

void kc_fetcher_remove(struct kc_fetcher *fetcher, const char *topic, int32_t partition)
{
    struct fetch_part *part = lock_part(fetcher, topic, partition);

    if (part)
        fetch_engine_part_remove(fetcher->engine, part);
    unlock(fetcher);
}

void kc_fetcher_pause(struct kc_fetcher *fetcher, const char *topic, int32_t partition, bool paused)
{
    struct fetch_part *part = lock_part(fetcher, topic, partition);

    if (part) {
        part->paused = paused;
        fetch_plan_touch(fetcher->engine, part);
        fetch_engine_post_poll(fetcher->engine);
        pthread_cond_signal(&fetcher->cond);
    }
    unlock(fetcher);
}

int64_t kc_fetcher_position(struct kc_fetcher *fetcher, const char *topic, int32_t partition)
{
    const struct fetch_part *part = lock_part(fetcher, topic, partition);
    int64_t position = part ? part->position : -1;

    unlock(fetcher);
    return position;
}

size_t kc_fetcher_bytes(struct kc_fetcher *fetcher)
{
    pthread_mutex_lock(&fetcher->engine->mutex);
    size_t used = fetcher->used;
    unlock(fetcher);
    return used;
}

bool kc_fetcher_read_committed(const struct kc_fetcher *fetcher)
{
    return fetcher->engine->options.read_committed;
}

/* ---- Life ---- */

struct kc_fetcher *kc_fetcher_new(struct kc_wire_client *client,
                                  const struct kc_fetcher_options *options)
{
    struct fetch_engine *engine = fetch_engine_new(client, options);

    return fetcher_new(engine);
}

void fetcher_leave(struct kc_fetcher *fetcher)
{
    struct fetch_chunk *chunk, *next;

    fetch_engine_leave(fetcher->engine, fetcher);
    /* The remaining chunks are of removed partitions; nobody adds to them any more. */
    DL_FOREACH_SAFE (fetcher->queue, chunk, next) {
        DL_DELETE(fetcher->queue, chunk);
        kc_fetched_release(&chunk->pub);
    }
    fetcher_unref(fetcher);
}

void kc_fetcher_destroy(struct kc_fetcher *fetcher)
{
    if (!fetcher)
        return;
    struct fetch_engine *engine = fetcher->engine;
    fetcher_leave(fetcher);
    fetch_engine_stop(engine);
}
