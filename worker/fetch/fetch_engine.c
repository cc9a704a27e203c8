/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's partitions, polling and life cycle. See fetch_engine_priv.h.
 *
 * fetch_engine_poll() is the one place that decides what to fetch next. It runs on the loop thread
 * after everything that may change the answer: an answer, a release, a seek, new metadata, a
 * back-off's end.
 */
#include "fetch/fetch_engine_priv.h"

#include "connect/thread.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_DEFAULT (64u << 20)

/* After so long without a fetch for lack of budget, the pipeline isn't just full: a consumer is
 * stuck. */
#define STUCK_MS 100

struct fetch_engine *fetch_engine_ref(struct fetch_engine *engine)
{
    atomic_fetch_add(&engine->refs, 1);
    return engine;
}

static void part_destroy(struct fetch_engine *engine, struct fetch_part *part)
{
    fetch_plan_remove(engine, part);
    if (!kc_uuid_is_zero(&part->topic_id))
        HASH_DELETE(hh_id, engine->by_id, part);
    HASH_DEL(engine->parts, part);
    free(part->key);
    free(part->topic);
    free(part);
}

void fetch_engine_unref(struct fetch_engine *engine)
{
    if (atomic_fetch_sub(&engine->refs, 1) != 1)
        return;
    pthread_cond_destroy(&engine->stopped_cond);
    pthread_mutex_destroy(&engine->mutex);
    free(engine);
}

/* ---- Budgets ---- */

/* The fetchers that have a share in KC_FETCHERS_BUDGET. */
static atomic_int sharers;

size_t fetch_engine_share_bytes(const struct fetch_engine *engine)
{
    size_t budget = engine->options.budget_bytes, share, least;
    int count = engine->shares ? atomic_load(&sharers) : 0;

    if (count <= 0)
        return budget;
    share = KC_FETCHERS_BUDGET / (size_t)count;
    least = 2 * (size_t)engine->options.partition_max_bytes;
    share = share > least ? share : least;
    return share < budget ? share : budget;
}

/* A fetch for less than this isn't worth a request. */
static size_t least_fetch(const struct fetch_engine *engine)
{
    size_t least = (size_t)engine->options.partition_max_bytes / 4,
           share = fetch_engine_share_bytes(engine);

    return least < share / 4 ? least : share / 4;
}

/* ---- Polling ---- */

static void run_poll(void *arg)
{
    struct fetch_engine *engine = arg;

    pthread_mutex_lock(&engine->mutex);
    engine->poll_posted = false;
    pthread_mutex_unlock(&engine->mutex);
    fetch_engine_poll(engine);
    fetch_engine_unref(engine);
}

void fetch_engine_post_poll(struct fetch_engine *engine)
{
    if (engine->poll_posted || engine->closed)
        return;
    engine->poll_posted = kc_wire_post(engine->client, run_poll, fetch_engine_ref(engine));
    if (!engine->poll_posted)
        atomic_fetch_sub(&engine->refs, 1);
}

void fetch_engine_retry_later(struct fetch_engine *engine, struct fetch_part *part)
{
    part->retry_at_ms = kc_mono_ms() + kc_wire_backoff_ms(engine->client, part->attempts++);
    fetch_plan_touch(engine, part);
}

static bool is_due(const struct fetch_session *session, int64_t now_us)
{
    return !session->in_flight && now_us / 1000 >= session->retry_at_ms &&
           now_us >= session->pace_at_us;
}

/* Sets the timers for steps that no event triggers. */
static void set_clocks(struct fetch_engine *engine, int64_t now_us)
{
    struct fetch_session *session;
    int64_t now = now_us / 1000, at, pace = INT64_MAX;

    pthread_mutex_lock(&engine->mutex);
    at = fetch_plan_next(engine);
    pthread_mutex_unlock(&engine->mutex);
    LL_FOREACH (engine->sessions, session) {
        if (session->retry_at_ms > now && session->retry_at_ms < at)
            at = session->retry_at_ms;
        if (!session->in_flight && session->pace_at_us > now_us && session->pace_at_us < pace)
            pace = session->pace_at_us;
    }
    if (engine->starved && engine->starved_at_ms + STUCK_MS > now &&
        engine->starved_at_ms + STUCK_MS < at)
        at = engine->starved_at_ms + STUCK_MS;
    if (at < INT64_MAX)
        kc_wire_timer_start(engine->timer, at - now);
    if (pace < INT64_MAX)
        kc_wire_alarm_set(engine->pace, pace);
}

/* Locked: how many sessions may be sent to now. */
static size_t count_idle(struct fetch_engine *engine, int64_t now_us, size_t *reserved)
{
    struct fetch_session *session;
    size_t idle = 0;

    *reserved = 0;
    LL_FOREACH (engine->sessions, session) {
        if (session->in_flight)
            *reserved += session->reserved;
        else if (session->candidates && is_due(session, now_us))
            idle++;
    }
    return idle;
}

/* Locked: the fetchers whose consumers must be woken; at most KC_FETCHERS_TOGETHER. */
static int take_untold(struct fetch_engine *engine, struct kc_fetcher **fetchers)
{
    struct kc_fetcher *fetcher;
    int count = 0;

    LL_FOREACH (engine->fetchers, fetcher) {
        if (fetcher->untold)
            fetchers[count++] = fetcher;
        fetcher->untold = false;
    }
    return count;
}

/* Locked: the bytes that the fetchers hold. A fetcher that is held back counts only with its share.
 * Otherwise it would stop fetchers that hold nothing. */
static size_t held_bytes(const struct fetch_engine *engine, size_t share)
{
    const struct kc_fetcher *fetcher;
    size_t held = 0;

    LL_FOREACH (engine->fetchers, fetcher)
        held += fetcher->full && fetcher->used > share ? share : fetcher->used;
    return held;
}

/* Locked: how many sessions may be sent to now, and the bytes for each. */
static size_t divide(struct fetch_engine *engine, int64_t now_us, size_t *portion)
{
    size_t share = fetch_engine_share_bytes(engine), budget = share * (size_t)engine->fetcher_count,
           reserved, idle, taken;
    bool starved = engine->starved;

    fetch_plan_update(engine, now_us / 1000);
    idle = count_idle(engine, now_us, &reserved);
    taken = held_bytes(engine, share) + reserved;
    *portion = taken < budget && idle ? (budget - taken) / idle : 0;
    engine->starved = idle > 0 && *portion < least_fetch(engine);
    if (engine->starved && !starved)
        engine->starved_at_ms = now_us / 1000;
    return engine->starved ? 0 : idle;
}

/* Locked. Whether anybody was held back. */
static bool hold_stuck(struct fetch_engine *engine, int64_t now_us)
{
    size_t share = fetch_engine_share_bytes(engine);
    struct kc_fetcher *fetcher;
    bool any = false;

    if (!engine->starved || engine->fetcher_count < 2 ||
        now_us / 1000 < engine->starved_at_ms + STUCK_MS)
        return false;
    LL_FOREACH (engine->fetchers, fetcher) {
        if (fetcher->full || fetcher->used + least_fetch(engine) < share)
            continue;
        fetcher_hold(fetcher);
        any = true;
    }
    return any;
}

static void send_fetches(struct fetch_engine *engine, int64_t now_us)
{
    struct kc_fetcher *untold[KC_FETCHERS_TOGETHER];
    struct fetch_session *session;
    size_t portion;

    pthread_mutex_lock(&engine->mutex);
    size_t idle = divide(engine, now_us, &portion);
    if (hold_stuck(engine, now_us))
        idle = divide(engine, now_us, &portion);
    int count = take_untold(engine, untold);
    pthread_mutex_unlock(&engine->mutex);
    /* Wakes them once per answer, without the mutex, because consumers take it at once. They aren't
     * destroyed before the loop has released them. */
    for (int i = 0; i < count; i++)
        pthread_cond_signal(&untold[i]->cond);
    if (portion > (size_t)engine->options.max_bytes)
        portion = (size_t)engine->options.max_bytes;
    LL_FOREACH (engine->sessions, session) {
        if (idle && is_due(session, now_us))
            fetch_session_send(engine, session, portion);
    }
}

void fetch_engine_poll(struct fetch_engine *engine)
{
    int64_t now_us = kc_mono_us();

    if (!engine->timer)
        return;
    send_fetches(engine, now_us);
    set_clocks(engine, now_us);
}

static void poll_again(void *arg)
{
    fetch_engine_poll(arg);
}

static void on_metadata(void *arg)
{
    struct fetch_engine *engine = arg;

    pthread_mutex_lock(&engine->mutex);
    fetch_plan_touch_all(engine);
    pthread_mutex_unlock(&engine->mutex);
    fetch_engine_poll(engine);
}

/* ---- Partitions ---- */

struct fetch_part *fetch_engine_part(struct fetch_engine *engine, const char *key)
{
    struct fetch_part *part;

    HASH_FIND(hh, engine->parts, key, strlen(key), part);
    return part;
}

struct fetch_part *fetch_engine_part_by_id(struct fetch_engine *engine,
                                           const struct kc_uuid *topic_id, int32_t partition)
{
    struct fetch_id id;
    struct fetch_part *part;

    memset(&id, 0, sizeof(id));
    id.topic_id = *topic_id;
    id.partition = partition;
    HASH_FIND(hh_id, engine->by_id, &id, sizeof(id), part);
    return part;
}

struct track {
    struct fetch_engine *engine;
    char *topic;
    bool on;
};

static void run_track(void *arg)
{
    struct track *track = arg;

    if (track->on)
        kc_wire_track(track->engine->client, track->topic);
    else
        kc_wire_untrack(track->engine->client, track->topic);
    fetch_engine_unref(track->engine);
    free(track->topic);
    free(track);
}

static void post_track(struct fetch_engine *engine, const char *topic, bool on)
{
    struct track *track = kc_malloc(sizeof(*track));

    *track = (struct track){fetch_engine_ref(engine), kc_strdup(topic), on};
    if (kc_wire_post(engine->client, run_track, track))
        return;
    fetch_engine_unref(engine);
    free(track->topic);
    free(track);
}

void fetch_part_move(struct fetch_part *part, enum fetch_state state)
{
    /* Any partition may be read again after a seek. Only partitions that are read are validated or
     * halted. */
    static const unsigned moves[] = {
        [FETCH_READING] = 1u << FETCH_READING | 1u << FETCH_VALIDATING | 1u << FETCH_HALTED,
        [FETCH_VALIDATING] = 1u << FETCH_READING,
        [FETCH_HALTED] = 1u << FETCH_READING,
    };

    assert(moves[part->state] & (1u << state));
    part->state = state;
}

struct fetch_part *fetch_engine_part_add(struct fetch_engine *engine, struct kc_fetcher *fetcher,
                                         const char *topic, int32_t partition)
{
    char *key = kc_asprintf("%s-%d", topic, partition);
    struct fetch_part *part = fetch_engine_part(engine, key);

    if (part && part->fetcher != fetcher) {
        fetch_engine_part_remove(engine, part);
        part = NULL;
    }
    if (part) {
        free(key);
        return part;
    }
    part = kc_calloc(1, sizeof(*part));
    part->fetcher = fetcher;
    part->key = key;
    part->topic = kc_strdup(topic);
    part->partition = partition;
    part->preferred = -1;
    HASH_ADD_KEYPTR(hh, engine->parts, part->key, strlen(part->key), part);
    post_track(engine, topic, true);
    return part;
}

void fetch_engine_part_remove(struct fetch_engine *engine, struct fetch_part *part)
{
    fetcher_drop_queued(part);
    post_track(engine, part->topic, false);
    part_destroy(engine, part);
    fetch_engine_post_poll(engine);
}

void fetch_engine_part_seek(struct fetch_engine *engine, struct fetch_part *part, int64_t offset,
                            int32_t leader_epoch)
{
    fetcher_drop_queued(part);
    part->generation = engine->next_generation++;
    part->position = offset;
    part->last_epoch = leader_epoch;
    part->validated_epoch = -1;
    fetch_part_move(part, FETCH_READING);
    part->attempts = part->corrupt = 0;
    part->retry_at_ms = 0;
    part->preferred = -1;
    fetch_plan_touch(engine, part);
    fetch_engine_post_poll(engine);
}

void fetch_engine_event(struct fetch_engine *engine, struct fetch_part *part,
                        enum kc_fetched_kind kind, int64_t log_start, int64_t next_offset,
                        struct kc_error *err)
{
    struct fetch_chunk *chunk = fetcher_chunk_new(part, kind);

    fetch_part_move(part, FETCH_HALTED);
    fetch_plan_touch(engine, part);
    chunk->pub.log_start_offset = log_start;
    chunk->pub.next_offset = next_offset;
    chunk->pub.error = err;
    fetcher_enqueue(part, chunk);
}

/* ---- Fetchers ---- */

/* Locked. */
static int free_channel(const struct fetch_engine *engine)
{
    const struct kc_fetcher *fetcher;
    int channel = FETCH_CHANNEL_SHARED;

    do {
        channel++;
        LL_SEARCH_SCALAR(engine->fetchers, fetcher, channel, channel);
    } while (fetcher);
    return channel;
}

void fetch_engine_join(struct fetch_engine *engine, struct kc_fetcher *fetcher)
{
    pthread_mutex_lock(&engine->mutex);
    fetcher->channel = free_channel(engine);
    LL_PREPEND(engine->fetchers, fetcher);
    engine->fetcher_count++;
    if (engine->shares)
        atomic_fetch_add(&sharers, 1);
    pthread_mutex_unlock(&engine->mutex);
}

static void run_leave(void *arg)
{
    struct kc_fetcher *fetcher = arg;
    struct fetch_engine *engine = fetcher->engine;
    struct fetch_part *part, *next;

    pthread_mutex_lock(&engine->mutex);
    HASH_ITER (hh, engine->parts, part, next) {
        if (part->fetcher == fetcher)
            fetch_engine_part_remove(engine, part);
    }
    LL_DELETE(engine->fetchers, fetcher);
    engine->fetcher_count--;
    if (engine->shares)
        atomic_fetch_sub(&sharers, 1);
    fetcher->gone = true;
    pthread_cond_broadcast(&fetcher->cond);
    pthread_mutex_unlock(&engine->mutex);
}

void fetch_engine_leave(struct fetch_engine *engine, struct kc_fetcher *fetcher)
{
    if (!kc_wire_post(engine->client, run_leave, fetcher)) {
        run_leave(fetcher);
        return;
    }
    pthread_mutex_lock(&engine->mutex);
    while (!fetcher->gone)
        kc_cond_wait_until(&fetcher->cond, &engine->mutex, INT64_MAX);
    pthread_mutex_unlock(&engine->mutex);
}

/* ---- Life ---- */

static void run_start(void *arg)
{
    struct fetch_engine *engine = arg;

    engine->timer = kc_wire_timer_new(engine->client, poll_again, engine);
    engine->pace = kc_wire_alarm_new(engine->client, poll_again, engine);
    kc_wire_listen(engine->client, on_metadata, engine);
    fetch_engine_unref(engine);
}

struct fetch_engine *fetch_engine_new(struct kc_wire_client *client,
                                      const struct kc_fetcher_options *options)
{
    struct fetch_engine *engine = kc_calloc(1, sizeof(*engine));
    struct kc_fetcher_options *own = &engine->options;

    atomic_init(&engine->refs, 1);
    engine->client = client;
    *own = *options;
    own->budget_bytes = own->budget_bytes ? own->budget_bytes : BUDGET_DEFAULT;
    own->max_wait_ms = own->max_wait_ms ? own->max_wait_ms : 500;
    own->min_bytes = own->min_bytes ? own->min_bytes : 1;
    own->max_bytes = own->max_bytes ? own->max_bytes : 52428800;
    own->partition_max_bytes = own->partition_max_bytes ? own->partition_max_bytes : 1048576;
    pthread_mutex_init(&engine->mutex, NULL);
    kc_cond_init(&engine->stopped_cond);
    if (!kc_wire_post(client, run_start, fetch_engine_ref(engine)))
        fetch_engine_unref(engine);
    return engine;
}

struct stop {
    struct fetch_engine *engine;
    bool done; /* guarded by the engine's mutex */
};

static void run_stop(void *arg)
{
    struct stop *stop = arg;
    struct fetch_engine *engine = stop->engine;

    kc_wire_timer_destroy(engine->timer);
    engine->timer = NULL;
    kc_wire_alarm_destroy(engine->pace);
    kc_wire_unlisten(engine->client, engine);
    pthread_mutex_lock(&engine->mutex);
    fetch_sessions_destroy(engine);
    stop->done = true;
    pthread_cond_broadcast(&engine->stopped_cond);
    pthread_mutex_unlock(&engine->mutex);
}

void fetch_engine_stop(struct fetch_engine *engine)
{
    struct stop stop = {engine, false};

    pthread_mutex_lock(&engine->mutex);
    engine->closed = true;
    pthread_mutex_unlock(&engine->mutex);
    if (kc_wire_post(engine->client, run_stop, &stop)) {
        pthread_mutex_lock(&engine->mutex);
        while (!stop.done)
            kc_cond_wait_until(&engine->stopped_cond, &engine->mutex, INT64_MAX);
        pthread_mutex_unlock(&engine->mutex);
    }
    fetch_engine_unref(engine);
}
