/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetch requests to one broker, incremental where the broker keeps a session (KIP-227): only what
 * changed since the last request is sent, and what isn't wanted any more is taken out.
 *
 * The broker rotates the partitions of a session by itself; without one, the request begins with
 * another partition each time. Loop thread.
 */
#include "wire/fetcher_priv.h"

#include <stdlib.h>
#include <string.h>

/* Topic ids are what versions from 13 on are about (KIP-516). */
#define LAST_VERSION_WITH_NAMES 12

/* While a partition is left out because enough of it is queued, the broker mustn't wait long for
 * the others: the consumer may take what is queued meanwhile. */
#define HELD_BACK_WAIT_MS 20

struct fetch_session *fetch_session_get(struct kc_fetcher *fetcher, int32_t broker_id)
{
    struct fetch_session *session;

    LL_FOREACH(fetcher->sessions, session)
    {
        if (session->broker_id == broker_id)
            return session;
    }
    session = kc_calloc(1, sizeof *session);
    session->broker_id = broker_id;
    LL_APPEND(fetcher->sessions, session);
    return session;
}

static void member_destroy(struct fetch_session *session, struct fetch_member *member)
{
    HASH_DEL(session->members, member);
    free(member->key);
    free(member->topic);
    free(member);
}

void fetch_session_reset(struct fetch_session *session, bool keep_id)
{
    struct fetch_member *member, *next;

    HASH_ITER (hh, session->members, member, next)
        member_destroy(session, member);
    /* An id with epoch 0 makes the broker drop that session and begin another. */
    session->id = keep_id ? session->id : 0;
    session->epoch = 0;
}

void fetch_sessions_destroy(struct kc_fetcher *fetcher)
{
    struct fetch_session *session, *next;

    LL_FOREACH_SAFE(fetcher->sessions, session, next)
    {
        fetch_session_reset(session, false);
        free(session);
    }
    fetcher->sessions = NULL;
}

/* ---- What is wanted ---- */

static struct fetch_member *member_get(struct fetch_session *session, const struct fetch_part *part)
{
    struct fetch_member *member;

    HASH_FIND(hh, session->members, part->key, strlen(part->key), member);
    if (member)
        return member;
    member = kc_calloc(1, sizeof *member);
    member->key = kc_strdup(part->key);
    member->topic = kc_strdup(part->topic);
    member->partition = part->partition;
    member->offset = -1;
    HASH_ADD_KEYPTR(hh, session->members, member->key, strlen(member->key), member);
    return member;
}

/* One partition may not fill the queue alone. */
static bool has_enough(const struct kc_fetcher *fetcher, const struct fetch_part *part)
{
    size_t enough = 2 * (size_t)fetcher->options.partition_max_bytes,
           budget = fetcher_budget(fetcher);

    if (enough > budget / 2)
        enough = budget / 2;
    return part->queued_bytes >= enough;
}

/* Locked. Marks what is wanted of this broker, and what of it the broker doesn't know yet. */
static size_t mark_wanted(struct kc_fetcher *fetcher, struct fetch_session *session, int64_t now)
{
    size_t wanted = 0;
    struct fetch_part *part;

    session->held_back = false;
    for (part = fetcher->parts; part; part = part->hh.next) {
        int32_t epoch = -1;
        struct fetch_member *member;

        if (fetcher_broker_of(fetcher, part, now, &epoch) != session->broker_id)
            continue;
        if (has_enough(fetcher, part)) {
            session->held_back = true;
            continue;
        }
        member = member_get(session, part);
        member->sent = session->epoch == 0 || member->offset != part->position ||
                       member->epoch != epoch || !kc_uuid_equal(&member->topic_id, &part->topic_id);
        member->wanted = true;
        member->offset = part->position;
        member->epoch = epoch;
        member->topic_id = part->topic_id;
        wanted++;
    }
    return wanted;
}

/* ---- The request ---- */

static int by_topic(struct fetch_member *a, struct fetch_member *b)
{
    int order = strcmp(a->topic, b->topic);

    return order ? order : (a->partition > b->partition) - (a->partition < b->partition);
}

static void fill_partition(const struct kc_fetcher *fetcher, const struct fetch_member *member,
                           struct kc_fetch_request_partition *partition)
{
    partition->partition = member->partition;
    partition->current_leader_epoch = member->epoch;
    partition->fetch_offset = member->offset;
    partition->partition_max_bytes = fetcher->options.partition_max_bytes;
}

/* How many members behind first, it included, are of its topic and chosen alike. */
static int32_t count_run(const struct fetch_member *first, bool wanted)
{
    int32_t count = 0;
    const struct fetch_member *member;

    for (member = first; member && strcmp(member->topic, first->topic) == 0;
         member = member->hh.next)
        count += wanted ? member->wanted && member->sent : !member->wanted;
    return count;
}

static const struct fetch_member *next_topic(const struct fetch_member *first)
{
    const struct fetch_member *member = first;

    while (member && strcmp(member->topic, first->topic) == 0)
        member = member->hh.next;
    return member;
}

static void put_topics(const struct kc_fetcher *fetcher, const struct fetch_session *session,
                       struct kc_wire_request *request, struct kc_fetch_request *message)
{
    const struct fetch_member *topic, *member;
    int32_t topics = 0, t = 0;

    for (topic = session->members; topic; topic = next_topic(topic))
        topics += count_run(topic, true) > 0;
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_fetch_request_topic, topics);
    for (topic = session->members; topic; topic = next_topic(topic)) {
        int32_t count = count_run(topic, true), p = 0;
        struct kc_fetch_request_topic *to = &message->topics.items[t];

        if (count == 0)
            continue;
        t++;
        to->topic = kc_wire_str_copy(request->arena, topic->topic);
        to->topic_id = topic->topic_id;
        KC_WIRE_LIST_NEW(request->arena, &to->partitions, kc_fetch_request_partition, count);
        for (member = topic; p < count; member = member->hh.next) {
            if (member->wanted && member->sent)
                fill_partition(fetcher, member, &to->partitions.items[p++]);
        }
    }
}

static void put_forgotten(const struct fetch_session *session, struct kc_wire_request *request,
                          struct kc_fetch_request *message)
{
    const struct fetch_member *topic, *member;
    int32_t topics = 0, t = 0;

    for (topic = session->members; topic; topic = next_topic(topic))
        topics += count_run(topic, false) > 0;
    KC_WIRE_LIST_NEW(request->arena, &message->forgotten_topics_data,
                     kc_fetch_request_forgotten_topics_data, topics);
    for (topic = session->members; topic; topic = next_topic(topic)) {
        int32_t count = count_run(topic, false), p = 0;
        struct kc_fetch_request_forgotten_topics_data *to =
            &message->forgotten_topics_data.items[t];

        if (count == 0)
            continue;
        t++;
        to->topic = kc_wire_str_copy(request->arena, topic->topic);
        to->topic_id = topic->topic_id;
        KC_WIRE_LIST_NEW_OF(request->arena, &to->partitions, count);
        for (member = topic; p < count; member = member->hh.next) {
            if (!member->wanted)
                to->partitions.items[p++] = member->partition;
        }
    }
}

static bool all_have_ids(const struct fetch_session *session)
{
    const struct fetch_member *member;

    for (member = session->members; member; member = member->hh.next) {
        if (kc_uuid_is_zero(&member->topic_id))
            return false;
    }
    return true;
}

/* A request without a session names its topics in another order each time. */
static void rotate(struct kc_fetcher *fetcher, struct kc_fetch_request *message)
{
    int32_t count = message->topics.count,
            by = count ? (int32_t)(fetcher->turn++ % (unsigned)count) : 0;
    struct kc_fetch_request_topic *copy;

    if (by == 0)
        return;
    copy = kc_memdup(message->topics.items, sizeof *copy * (size_t)count);
    for (int32_t i = 0; i < count; i++)
        message->topics.items[i] = copy[(i + by) % count];
    free(copy);
}

struct flight {
    struct kc_fetcher *fetcher;
    struct fetch_session *session;
};

static void on_fetch(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct kc_fetcher *fetcher = ((struct flight *)arg)->fetcher;
    struct fetch_session *session = ((struct flight *)arg)->session;

    free(arg);
    if (fetcher->timer) { /* else the session is gone */
        session->in_flight = false;
        session->reserved = 0;
        fetch_answer(fetcher, session, reply);
        if (fetcher->options.ready)
            fetcher->options.ready(fetcher->options.arg);
        fetcher_poll(fetcher);
    }
    kc_wire_reply_unref(reply);
    fetcher_unref(fetcher);
}

static struct kc_wire_request *build(struct kc_fetcher *fetcher, struct fetch_session *session,
                                     size_t max_bytes)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_FETCH);
    struct kc_fetch_request *message = request->message;
    const struct kc_fetcher_options *options = &fetcher->options;

    request->target.kind = KC_WIRE_BROKER;
    request->target.broker_id = session->broker_id;
    request->lane = KC_WIRE_LANE_FETCH;
    if (!all_have_ids(session))
        request->max_version = LAST_VERSION_WITH_NAMES;
    message->max_wait_ms = session->held_back && options->max_wait_ms > HELD_BACK_WAIT_MS
                               ? HELD_BACK_WAIT_MS
                               : options->max_wait_ms;
    message->min_bytes = options->min_bytes;
    message->max_bytes = (int32_t)max_bytes;
    message->isolation_level = options->read_committed ? 1 : 0;
    message->session_id = session->id;
    message->session_epoch = session->epoch;
    message->rack_id = kc_wire_str_copy(request->arena, kc_wire_rack(fetcher->client));
    HASH_SORT(session->members, by_topic);
    put_topics(fetcher, session, request, message);
    put_forgotten(session, request, message);
    if (session->epoch == 0)
        rotate(fetcher, message);
    return request;
}

static void drop_unwanted(struct fetch_session *session)
{
    struct fetch_member *member, *next;

    HASH_ITER (hh, session->members, member, next) {
        if (!member->wanted)
            member_destroy(session, member);
    }
}

void fetch_session_send(struct kc_fetcher *fetcher, struct fetch_session *session, size_t max_bytes)
{
    struct flight *flight;
    struct fetch_member *member;
    struct kc_wire_request *request;
    size_t wanted;

    for (member = session->members; member; member = member->hh.next)
        member->wanted = member->sent = false;
    pthread_mutex_lock(&fetcher->mutex);
    wanted = mark_wanted(fetcher, session, kc_mono_ms());
    /* Kept back by has_enough(): a release wakes us. */
    if (!wanted && session->held_back)
        fetcher->starved = true;
    pthread_mutex_unlock(&fetcher->mutex);
    if (!wanted)
        return;
    if (session->epoch == 0)
        drop_unwanted(session);
    request = build(fetcher, session, max_bytes);
    drop_unwanted(session);
    flight = kc_malloc(sizeof *flight);
    *flight = (struct flight){fetcher_ref(fetcher), session};
    session->in_flight = true;
    session->reserved = max_bytes;
    kc_wire_send(fetcher->client, request, on_fetch, flight);
}
