/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetch requests to one broker, incremental where the broker keeps a session (KIP-227): only
 * changes since the last request are sent, and unwanted partitions are removed.
 *
 * The broker rotates the partitions of a session by itself; without one, the request begins with
 * another partition each time.
 *
 * Brokers that answer fast are asked for little at a time: that costs nothing, takes less memory,
 * and copied bytes stay in the processor's cache. Distant brokers are asked for much, because only
 * one request is under way. Loop thread.
 */
#include "fetch/fetch_engine_priv.h"

#include <stdlib.h>
#include <string.h>

/* Versions from 13 on use topic ids (KIP-516). */
#define LAST_VERSION_WITH_NAMES 12

/* While a partition is left out because enough of it is queued, the broker must not wait long for
 * the others, because the consumer may empty the queue meanwhile. */
#define HELD_BACK_WAIT_MS 20

#define NEAR_US      10000 /* the fastest answer of a broker that is near */
#define SOUNDINGS    8 /* so many answers to requests that don't wait tell whether it is distant */
#define LITTLE_BYTES (1 << 20)         /* or the limit of a partition, if that is more */
#define REPLY_SLACK  ((size_t)4 << 20) /* of an answer, without the batches */

static struct fetch_session *get(struct fetch_engine *engine, int32_t broker_id, int channel)
{
    struct fetch_session *session;

    LL_FOREACH (engine->sessions, session) {
        if (session->broker_id == broker_id && session->channel == channel)
            return session;
    }
    session = kc_calloc(1, sizeof(*session));
    session->broker_id = broker_id;
    session->channel = channel;
    LL_APPEND(engine->sessions, session);
    return session;
}

/* ---- Distance ---- */

static bool is_near(const struct fetch_session *shared)
{
    return shared->soundings < SOUNDINGS || shared->fastest_us <= NEAR_US;
}

struct fetch_session *fetch_session_get(struct fetch_engine *engine, int32_t broker_id,
                                        const struct kc_fetcher *fetcher)
{
    struct fetch_session *shared = get(engine, broker_id, FETCH_CHANNEL_SHARED);

    if (engine->fetcher_count < 2 || is_near(shared))
        return shared;
    return get(engine, broker_id, fetcher->channel);
}

/* An answer is never faster than the broker is far away. */
static void sound(struct fetch_engine *engine, const struct fetch_session *session)
{
    struct fetch_session *shared = get(engine, session->broker_id, FETCH_CHANNEL_SHARED);
    int64_t took = kc_mono_us() - session->sent_at_us;
    bool near = is_near(shared);

    if (!shared->soundings || took < shared->fastest_us)
        shared->fastest_us = took;
    if (shared->soundings < SOUNDINGS)
        shared->soundings++;
    if (is_near(shared) == near)
        return;
    pthread_mutex_lock(&engine->mutex);
    fetch_plan_touch_all(engine);
    pthread_mutex_unlock(&engine->mutex);
}

static void drop_forgotten(struct fetch_session *session)
{
    struct fetch_forgotten *forgotten, *next;

    LL_FOREACH_SAFE (session->forgotten, forgotten, next)
        fetch_forgotten_destroy(forgotten);
    session->forgotten = NULL;
}

void fetch_session_reset(struct fetch_session *session, bool keep_id)
{
    while (session->members)
        fetch_plan_unjoin(session->members);
    drop_forgotten(session);
    /* An id with epoch 0 makes the broker replace that session by a new one. */
    session->id = keep_id ? session->id : 0;
    session->epoch = 0;
}

void fetch_sessions_destroy(struct fetch_engine *engine)
{
    struct fetch_session *session, *next;

    for (struct fetch_part *part = engine->parts; part; part = part->hh.next)
        fetch_plan_remove(engine, part);
    LL_FOREACH_SAFE (engine->sessions, session, next) {
        drop_forgotten(session);
        free(session);
    }
    engine->sessions = NULL;
}

/* ---- The request ---- */

static int by_topic(const void *a, const void *b)
{
    const struct fetch_part *left = *(struct fetch_part *const *)a,
                            *right = *(struct fetch_part *const *)b;
    int order = strcmp(left->topic, right->topic);

    return order ? order
                 : (left->partition > right->partition) - (left->partition < right->partition);
}

/* The fresh parts by topic, which become members. Free it. */
static struct fetch_part **take_fresh(struct fetch_session *session, size_t *count)
{
    struct fetch_part *part, **parts;

    DL_COUNT2(session->fresh, part, *count, fresh_next);
    parts = kc_calloc(*count, sizeof(*parts));
    *count = 0;
    DL_FOREACH2 (session->fresh, part, fresh_next)
        parts[(*count)++] = part;
    qsort(parts, *count, sizeof(*parts), by_topic);
    for (size_t i = 0; i < *count; i++)
        fetch_plan_join(parts[i]);
    return parts;
}

/* How many parts from the first on are of its topic. */
static int32_t count_run(struct fetch_part *const *parts, size_t count)
{
    int32_t run = 0;

    while ((size_t)run < count && strcmp(parts[run]->topic, parts[0]->topic) == 0)
        run++;
    return run;
}

static void put_topic(const struct fetch_engine *engine, struct kc_wire_request *request,
                      struct fetch_part *const *parts, int32_t count,
                      struct kc_fetch_request_topic *to)
{
    to->topic = kc_wire_str_copy(request->arena, parts[0]->topic);
    to->topic_id = parts[0]->topic_id;
    KC_WIRE_LIST_NEW(request->arena, &to->partitions, kc_fetch_request_partition, count);
    for (int32_t i = 0; i < count; i++) {
        struct kc_fetch_request_partition *partition = &to->partitions.items[i];

        partition->partition = parts[i]->partition;
        partition->current_leader_epoch = parts[i]->sent_epoch;
        partition->fetch_offset = parts[i]->sent_offset;
        partition->partition_max_bytes = engine->options.partition_max_bytes;
    }
}

static void put_topics(const struct fetch_engine *engine, struct fetch_session *session,
                       struct kc_wire_request *request, struct kc_fetch_request *message)
{
    size_t count;
    struct fetch_part **parts = take_fresh(session, &count);
    int32_t topics = 0, run, t = 0;

    for (size_t i = 0; i < count; i += (size_t)run, topics++)
        run = count_run(parts + i, count - i);
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_fetch_request_topic, topics);
    for (size_t i = 0; i < count; i += (size_t)run) {
        run = count_run(parts + i, count - i);
        put_topic(engine, request, parts + i, run, &message->topics.items[t++]);
    }
    free(parts);
}

/* A topic each: they are few, or the request is rare. */
static void put_forgotten(struct fetch_session *session, struct kc_wire_request *request,
                          struct kc_fetch_request *message)
{
    const struct fetch_forgotten *forgotten;
    int32_t count = 0, i = 0;

    LL_COUNT(session->forgotten, forgotten, count);
    KC_WIRE_LIST_NEW(request->arena, &message->forgotten_topics_data,
                     kc_fetch_request_forgotten_topics_data, count);
    LL_FOREACH (session->forgotten, forgotten) {
        struct kc_fetch_request_forgotten_topics_data *to =
            &message->forgotten_topics_data.items[i++];

        to->topic = kc_wire_str_copy(request->arena, forgotten->topic);
        to->topic_id = forgotten->topic_id;
        KC_WIRE_LIST_NEW_OF(request->arena, &to->partitions, 1);
        to->partitions.items[0] = forgotten->partition;
    }
    drop_forgotten(session);
}

static void rotate_items(void *items, size_t size, int32_t count, unsigned int turn)
{
    size_t all = size * (size_t)count, by = size * (turn % (unsigned int)count);
    char *copy = kc_memdup(items, all), *to = items;

    memcpy(to, copy + by, all - by);
    memcpy(to + all - by, copy, by);
    free(copy);
}

/* A request without a session begins with another topic each time. Once all topics have had their
 * turn, it begins with another partition of each. */
static void rotate(struct fetch_engine *engine, struct kc_fetch_request *message)
{
    struct kc_fetch_request_topic *topics = message->topics.items;
    int32_t count = message->topics.count;
    unsigned int turn = engine->turn++;

    if (!count)
        return;
    for (int32_t i = 0; i < count; i++)
        rotate_items(topics[i].partitions.items, sizeof(*topics[i].partitions.items),
                     topics[i].partitions.count, turn / (unsigned int)count);
    rotate_items(topics, sizeof(*topics), count, turn);
}

/* How much of what may be asked for is. */
static size_t portion(struct fetch_engine *engine, const struct fetch_session *session,
                      size_t max_bytes)
{
    size_t least = (size_t)engine->options.partition_max_bytes,
           little = least > LITTLE_BYTES ? least : LITTLE_BYTES;
    bool near = is_near(get(engine, session->broker_id, FETCH_CHANNEL_SHARED));

    return near && little < max_bytes ? little : max_bytes;
}

struct flight {
    struct fetch_engine *engine;
    struct fetch_session *session;
};

static void on_fetch(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct fetch_engine *engine = ((struct flight *)arg)->engine;
    struct fetch_session *session = ((struct flight *)arg)->session;

    free(arg);
    if (engine->timer) { /* else the session is gone */
        session->in_flight = false;
        session->reserved = 0;
        if (!reply->error)
            sound(engine, session);
        fetch_answer(engine, session, reply);
        fetch_engine_poll(engine);
    }
    kc_wire_reply_unref(reply);
    fetch_engine_unref(engine);
}

/* Locked: how long the broker may wait for new records. The broker waits only until another
 * partition is due, and not at all while its distance is measured. */
static int32_t wait_of(struct fetch_engine *engine, const struct fetch_session *session)
{
    int64_t until = fetch_plan_next(engine), left = until - kc_mono_ms(),
            wait = engine->options.max_wait_ms;

    if (get(engine, session->broker_id, FETCH_CHANNEL_SHARED)->soundings < SOUNDINGS)
        return 0;
    if (session->held && wait > HELD_BACK_WAIT_MS)
        wait = HELD_BACK_WAIT_MS;
    if (until < INT64_MAX && wait > left)
        wait = left > 0 ? left : 0;
    return (int32_t)wait;
}

/* The largest answer: fetch.max.bytes, or one larger batch, because Kafka sends the first batch of
 * the first partition whatever its size; plus what surrounds the batches. */
static size_t reply_max(const struct kc_fetcher_options *options)
{
    size_t max = (size_t)options->max_bytes;

    return (max > KC_FETCH_BATCH_MAX ? max : KC_FETCH_BATCH_MAX) + REPLY_SLACK;
}

/* Locked. */
static struct kc_wire_request *build(struct fetch_engine *engine, struct fetch_session *session,
                                     size_t max_bytes)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_FETCH);
    struct kc_fetch_request *message = request->message;
    const struct kc_fetcher_options *options = &engine->options;

    request->target.kind = KC_WIRE_BROKER;
    request->target.broker_id = session->broker_id;
    request->channel = KC_WIRE_CHANNEL_FETCH + session->channel;
    request->reply_max = reply_max(options);
    if (session->nameless)
        request->max_version = LAST_VERSION_WITH_NAMES;
    message->max_wait_ms = wait_of(engine, session);
    message->min_bytes = options->min_bytes;
    message->max_bytes = (int32_t)max_bytes;
    message->isolation_level = options->read_committed ? 1 : 0;
    message->session_id = session->id;
    message->session_epoch = session->epoch;
    message->rack_id = kc_wire_str_copy(request->arena, kc_wire_rack(engine->client));
    put_topics(engine, session, request, message);
    put_forgotten(session, request, message);
    if (session->epoch == 0)
        rotate(engine, message);
    return request;
}

void fetch_session_send(struct fetch_engine *engine, struct fetch_session *session,
                        size_t max_bytes)
{
    struct flight *flight;

    max_bytes = portion(engine, session, max_bytes);
    pthread_mutex_lock(&engine->mutex);
    if (session->epoch == 0)
        drop_forgotten(session);
    struct kc_wire_request *request =
        session->candidates ? build(engine, session, max_bytes) : NULL;
    pthread_mutex_unlock(&engine->mutex);
    if (!request)
        return;
    flight = kc_malloc(sizeof(*flight));
    *flight = (struct flight){fetch_engine_ref(engine), session};
    session->in_flight = true;
    session->reserved = max_bytes;
    session->sent_at_us = kc_mono_us();
    kc_wire_send(engine->client, request, on_fetch, flight);
}
