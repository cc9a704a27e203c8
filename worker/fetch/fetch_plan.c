/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps which partition is fetched from which broker.
 *
 * A change that may affect the broker touches the partition. The next poll looks only at touched
 * partitions and at those that are due. A partition that must be sent to its session's broker is
 * `fresh`. A partition that a broker must forget leaves a note in its session, which may be taken
 * back. Loop thread, with the engine locked, except _touch() and _remove() (any thread, locked).
 */
#include "fetch/fetch_engine_priv.h"

#include <stdlib.h>
#include <string.h>

void fetch_plan_touch(struct fetch_engine *engine, struct fetch_part *part)
{
    if (part->dirty)
        return;
    part->dirty = true;
    DL_APPEND2(engine->dirty, part, dirty_prev, dirty_next);
}

void fetch_plan_touch_all(struct fetch_engine *engine)
{
    for (struct fetch_part *part = engine->parts; part; part = part->hh.next)
        fetch_plan_touch(engine, part);
}

static void untouch(struct fetch_engine *engine, struct fetch_part *part)
{
    if (part->dirty)
        DL_DELETE2(engine->dirty, part, dirty_prev, dirty_next);
    part->dirty = false;
}

/* ---- Sessions' lists ---- */

static void set_fresh(struct fetch_part *part, bool fresh)
{
    if (fresh && !part->fresh)
        DL_APPEND2(part->goal->fresh, part, fresh_prev, fresh_next);
    else if (!fresh && part->fresh)
        DL_DELETE2(part->goal->fresh, part, fresh_prev, fresh_next);
    part->fresh = fresh;
}

void fetch_plan_join(struct fetch_part *part)
{
    set_fresh(part, false);
    if (!part->session)
        DL_APPEND2(part->goal->members, part, member_prev, member_next);
    part->session = part->goal;
    part->sent_offset = part->position;
    part->sent_epoch = part->epoch;
    part->sent_id = part->topic_id;
}

void fetch_plan_unjoin(struct fetch_part *part)
{
    DL_DELETE2(part->session->members, part, member_prev, member_next);
    part->session = NULL;
    part->sent_offset = -1;
    if (part->goal)
        set_fresh(part, true);
}

/* The broker must forget the part. */
static void leave(struct fetch_part *part)
{
    struct fetch_session *session = part->session;
    struct fetch_forgotten *forgotten = kc_calloc(1, sizeof(*forgotten));

    forgotten->topic = kc_strdup(part->topic);
    forgotten->partition = part->partition;
    forgotten->topic_id = part->sent_id;
    LL_PREPEND(session->forgotten, forgotten);
    DL_DELETE2(session->members, part, member_prev, member_next);
    part->session = NULL;
}

void fetch_forgotten_destroy(struct fetch_forgotten *forgotten)
{
    free(forgotten->topic);
    free(forgotten);
}

/* True: the broker was to forget it and hasn't been told yet. */
static bool take_back(struct fetch_session *session, const struct fetch_part *part)
{
    struct fetch_forgotten *forgotten;

    LL_FOREACH (session->forgotten, forgotten) {
        if (forgotten->partition != part->partition ||
            !kc_uuid_equal(&forgotten->topic_id, &part->topic_id) ||
            strcmp(forgotten->topic, part->topic) != 0)
            continue;
        LL_DELETE(session->forgotten, forgotten);
        fetch_forgotten_destroy(forgotten);
        return true;
    }
    return false;
}

static void rejoin(struct fetch_part *part)
{
    if (!take_back(part->goal, part))
        return;
    DL_APPEND2(part->goal->members, part, member_prev, member_next);
    part->session = part->goal;
    part->sent_id = part->topic_id;
    part->sent_offset = -1; /* whatever the broker has: it is told again */
}

static void set_goal(struct fetch_part *part, struct fetch_session *goal)
{
    if (part->goal == goal)
        return;
    set_fresh(part, false);
    if (part->goal) {
        part->goal->candidates--;
        part->goal->nameless -= part->nameless;
    }
    part->nameless = false;
    part->goal = goal;
    if (goal)
        goal->candidates++;
    if (part->session && part->session != goal)
        leave(part);
    if (goal && !part->session)
        rejoin(part);
}

static void set_held(struct fetch_part *part, struct fetch_session *by)
{
    if (part->held_by)
        part->held_by->held--;
    if (by)
        by->held++;
    if (by && !part->held_by)
        DL_APPEND2(part->fetcher->held, part, held_prev, held_next);
    else if (!by && part->held_by)
        DL_DELETE2(part->fetcher->held, part, held_prev, held_next);
    part->held_by = by;
}

/* ---- Deciding ---- */

bool fetch_plan_has_enough(const struct fetch_engine *engine, const struct fetch_part *part)
{
    size_t enough = 2 * (size_t)engine->options.partition_max_bytes,
           share = fetch_engine_share_bytes(engine);

    if (enough > share / 2)
        enough = share / 2;
    return part->fetcher->full || part->queued_bytes >= enough;
}

static void set_topic_id(struct fetch_engine *engine, struct fetch_part *part,
                         const struct kc_uuid *topic_id)
{
    if (!kc_uuid_is_zero(&part->topic_id))
        HASH_DELETE(hh_id, engine->by_id, part);
    part->topic_id = *topic_id;
    memset(&part->id, 0, sizeof(part->id));
    part->id.topic_id = *topic_id;
    part->id.partition = part->partition;
    HASH_ADD(hh_id, engine->by_id, id, sizeof(part->id), part);
}

/* Another topic id means another topic, so our offsets mean nothing in it. */
static bool topic_is_same(struct fetch_engine *engine, struct fetch_part *part,
                          const struct kc_uuid *topic_id)
{
    if (kc_uuid_is_zero(topic_id) || kc_uuid_equal(&part->topic_id, topic_id))
        return true;
    if (kc_uuid_is_zero(&part->topic_id)) {
        set_topic_id(engine, part, topic_id);
        return true;
    }
    set_topic_id(engine, part, topic_id);
    fetch_engine_event(engine, part, KC_FETCHED_RECREATED, -1, -1, NULL);
    return false;
}

/* The broker to fetch the part from; -1: none now. */
static int32_t broker_of(struct fetch_engine *engine, struct fetch_part *part, int64_t now,
                         int32_t *leader_epoch)
{
    struct kc_wire_leader leader;

    if (part->state != FETCH_READING || part->paused || now < part->retry_at_ms)
        return -1;
    if (!kc_wire_leader(engine->client, part->topic, part->partition, &leader) ||
        leader.broker_id < 0) {
        kc_wire_refresh(engine->client);
        return -1;
    }
    if (!topic_is_same(engine, part, &leader.topic_id))
        return -1;
    *leader_epoch = leader.leader_epoch;
    if (part->last_epoch >= 0 && leader.leader_epoch > part->validated_epoch)
        return -1; /* fetch_validate() sees to it */
    if (part->preferred >= 0 && now < part->preferred_until_ms)
        return part->preferred;
    part->preferred = -1;
    return leader.broker_id;
}

static bool is_known(const struct fetch_part *part)
{
    return part->session == part->goal && part->sent_offset == part->position &&
           part->sent_epoch == part->epoch && kc_uuid_equal(&part->sent_id, &part->topic_id);
}

static void set_wake(struct fetch_engine *engine, struct fetch_part *part, int64_t now)
{
    int64_t at = part->retry_at_ms > now                                  ? part->retry_at_ms
                 : part->preferred >= 0 && part->preferred_until_ms > now ? part->preferred_until_ms
                                                                          : 0;

    if (at && !part->wake_at_ms)
        DL_APPEND2(engine->waiting, part, wait_prev, wait_next);
    else if (!at && part->wake_at_ms)
        DL_DELETE2(engine->waiting, part, wait_prev, wait_next);
    part->wake_at_ms = at;
}

static void decide(struct fetch_engine *engine, struct fetch_part *part, int64_t now)
{
    struct fetch_session *session = NULL;

    fetch_validate(engine, part, now);
    int32_t broker = broker_of(engine, part, now, &part->epoch);
    if (broker >= 0)
        session = fetch_session_get(engine, broker, part->fetcher);
    bool enough = session && fetch_plan_has_enough(engine, part);
    set_held(part, enough ? session : NULL);
    set_goal(part, enough ? NULL : session);
    set_wake(engine, part, now);
    if (!part->goal)
        return;
    part->goal->nameless -= part->nameless;
    part->nameless = kc_uuid_is_zero(&part->topic_id);
    part->goal->nameless += part->nameless;
    set_fresh(part, !is_known(part));
}

void fetch_plan_update(struct fetch_engine *engine, int64_t now)
{
    struct fetch_part *part, *next;

    DL_FOREACH_SAFE2 (engine->waiting, part, next, wait_next) {
        if (part->wake_at_ms <= now)
            fetch_plan_touch(engine, part);
    }
    while ((part = engine->dirty)) {
        untouch(engine, part);
        decide(engine, part, now);
    }
}

int64_t fetch_plan_next(struct fetch_engine *engine)
{
    const struct fetch_part *part;
    int64_t at = INT64_MAX;

    DL_FOREACH2 (engine->waiting, part, wait_next) {
        if (part->wake_at_ms < at)
            at = part->wake_at_ms;
    }
    return at;
}

void fetch_plan_remove(struct fetch_engine *engine, struct fetch_part *part)
{
    set_held(part, NULL);
    set_goal(part, NULL);
    if (part->wake_at_ms)
        DL_DELETE2(engine->waiting, part, wait_prev, wait_next);
    part->wake_at_ms = 0;
    untouch(engine, part);
}
