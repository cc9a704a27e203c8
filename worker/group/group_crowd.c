/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any number of members of one KIP-848 group, all through one client: connect/group.h.
 *
 * Heartbeats are sent and answered on the client's loop thread, by one timer. The next heartbeat
 * acknowledges an assignment and says that the member owns nothing. Partitions that nobody owns
 * need no revocation, so the broker never waits for these members. Members stay until the crowd
 * goes, which lives as long as the last of its requests.
 */
#include "connect/log.h"
#include "connect/thread.h"
#include "group/group_client_priv.h"
#include "wire/messages_group.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.group.GroupCrowd");

enum {
    REBALANCE_MS = 300000,
    INTERVAL_MS = 5000, /* until a broker has said its own */
    LEAVE_EPOCH = -1,
    LEAVE_CHANNELS = 16, /* a broker answers one request of a connection after the other */
    EPOCH_COMMITS = 9,   /* the first version of OffsetCommit that knows member epochs */
};

struct crowd_member {
    char *id;
    int epoch;
    enum kc_crowd_state state; /* written by move() alone */
    size_t partitions;
    int64_t seen_ms;
    struct kc_error *error;
    int64_t due_ms; /* of the next heartbeat */
    int attempt;    /* failures in a row */
    bool full;      /* the next heartbeat says everything */
    bool under_way;
    struct crowd_member *next;
};

struct kc_group_crowd {
    atomic_int refs; /* the user's, and one for each post and request under way */
    struct kc_group_client *client;
    char *group;
    char *assignor; /* NULL: the broker's choice */
    int rebalance_timeout_ms;
    bool static_members; /* ids are instance ids as well */
    void (*changed)(void *opaque);
    void *opaque;

    pthread_mutex_t lock;
    pthread_cond_t moved; /* a member has, or the crowd has ended */
    struct kc_strings topics;
    char *pattern; /* NULL: none */
    struct crowd_member *members;
    int interval_ms;
    unsigned leaves; /* that were sent */
    bool closed;
    bool ended; /* the timer has gone */

    struct kc_wire_timer *timer; /* the loop thread's */
};

/* ---- states ---- */

#define TO(state) (1u << KC_CROWD_##state)
static const unsigned moves[] = {
    [KC_CROWD_JOINING] = TO(JOINING) | TO(MEMBER) | TO(FENCED) | TO(LEAVING) | TO(FAILED),
    [KC_CROWD_MEMBER] = TO(MEMBER) | TO(FENCED) | TO(LEAVING) | TO(FAILED),
    [KC_CROWD_FENCED] = TO(MEMBER) | TO(FENCED) | TO(LEAVING) | TO(FAILED),
    [KC_CROWD_LEAVING] = TO(LEFT) | TO(LEAVING) | TO(FAILED),
    [KC_CROWD_LEFT] = TO(JOINING),
    [KC_CROWD_FAILED] = TO(JOINING),
};

/* Takes err, which is why. Lock held. */
static void move(struct kc_group_crowd *crowd, struct crowd_member *member,
                 enum kc_crowd_state state, struct kc_error *err)
{
    assert(moves[member->state] & (1u << state));
    member->state = state;
    kc_error_destroy(member->error);
    member->error = err;
    pthread_cond_broadcast(&crowd->moved);
}

static bool beats(const struct crowd_member *member)
{
    return member->state != KC_CROWD_LEFT && member->state != KC_CROWD_FAILED;
}

/* ---- life ---- */

static struct kc_group_crowd *crowd_ref(struct kc_group_crowd *crowd)
{
    atomic_fetch_add(&crowd->refs, 1);
    return crowd;
}

static void crowd_unref(struct kc_group_crowd *crowd)
{
    if (atomic_fetch_sub(&crowd->refs, 1) != 1)
        return;
    struct crowd_member *member, *next;
    LL_FOREACH_SAFE (crowd->members, member, next) {
        kc_error_destroy(member->error);
        free(member->id);
        free(member);
    }
    kc_strings_destroy(&crowd->topics);
    free(crowd->pattern);
    free(crowd->assignor);
    free(crowd->group);
    pthread_mutex_destroy(&crowd->lock);
    pthread_cond_destroy(&crowd->moved);
    free(crowd);
}

/* ---- heartbeats; loop thread ---- */

struct crowd_beat {
    struct kc_group_crowd *crowd;
    struct crowd_member *member;
    bool full;
};

static void put_subscription(const struct kc_group_crowd *crowd, struct kc_wire_request *request)
{
    struct kc_consumer_group_heartbeat_request *message = request->message;
    message->rebalance_timeout_ms = crowd->rebalance_timeout_ms;
    KC_WIRE_LIST_NEW_OF(request->arena, &message->subscribed_topic_names,
                        (int32_t)crowd->topics.count);
    for (size_t i = 0; i < crowd->topics.count; i++)
        message->subscribed_topic_names.items[i] =
            kc_wire_str_copy(request->arena, crowd->topics.items[i]);
    message->server_assignor = kc_wire_str_copy(request->arena, crowd->assignor);
    KC_WIRE_LIST_NEW(request->arena, &message->topic_partitions,
                     kc_consumer_group_heartbeat_request_topic_partition, 0);
    if (!crowd->pattern)
        return;
    message->subscribed_topic_regex = kc_wire_str_copy(request->arena, crowd->pattern);
    request->min_version = request->max_version = 1;
}

/* Many members that leave do so over several connections, so that the group is free soon. */
static int channel_of_leave(struct kc_group_crowd *crowd)
{
    unsigned number = crowd->leaves++;
    return number < LEAVE_CHANNELS ? KC_WIRE_CHANNEL_MAIN
                                   : KC_WIRE_CHANNEL_FETCH + (int)(number % LEAVE_CHANNELS);
}

/* Lock held. */
static struct kc_wire_request *make_beat(struct kc_group_crowd *crowd,
                                         const struct crowd_member *member)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_CONSUMER_GROUP_HEARTBEAT);
    struct kc_consumer_group_heartbeat_request *message = request->message;
    bool leaving = member->state == KC_CROWD_LEAVING;
    request->target.kind = KC_WIRE_GROUP;
    request->target.key = kc_arena_strdup(request->arena, crowd->group);
    message->group_id = kc_wire_str_copy(request->arena, crowd->group);
    message->member_id = kc_wire_str_copy(request->arena, member->id);
    message->member_epoch = leaving ? LEAVE_EPOCH : member->epoch;
    if (leaving)
        request->channel = channel_of_leave(crowd);
    if (crowd->static_members)
        message->instance_id = message->member_id;
    if (member->full && !leaving)
        put_subscription(crowd, request);
    return request;
}

static size_t count_partitions(const struct kc_consumer_group_heartbeat_response *response)
{
    size_t count = 0;
    for (int32_t i = 0; i < response->assignment->topic_partitions.count; i++)
        count += (size_t)response->assignment->topic_partitions.items[i].partitions.count;
    return count;
}

/* Lock held. True: there is news. */
static bool accepted(struct kc_group_crowd *crowd, struct crowd_member *member, bool full,
                     const struct kc_consumer_group_heartbeat_response *response)
{
    bool news = member->state != KC_CROWD_MEMBER || member->epoch != response->member_epoch ||
                response->assignment;
    if (response->heartbeat_interval_ms > 0)
        crowd->interval_ms = response->heartbeat_interval_ms;
    member->seen_ms = kc_mono_ms();
    member->attempt = 0;
    if (member->state == KC_CROWD_LEAVING)
        return false; /* it was sent before */
    member->epoch = response->member_epoch;
    if (response->assignment)
        member->partitions = count_partitions(response);
    /* A change is acknowledged by a full heartbeat. The answer to one always has an assignment. */
    if (response->assignment && !full)
        member->full = true;
    member->due_ms = member->seen_ms + (member->full ? 0 : crowd->interval_ms);
    move(crowd, member, KC_CROWD_MEMBER, NULL);
    return news;
}

static void try_again(struct kc_group_crowd *crowd, struct crowd_member *member)
{
    struct kc_wire_client *client = kc_group_client_wire(crowd->client);
    member->full = true;
    member->due_ms = kc_mono_ms() + kc_wire_backoff_ms(client, member->attempt++);
}

/* Takes err. Lock held. */
static void refused(struct kc_group_crowd *crowd, struct crowd_member *member, int code,
                    struct kc_error *err)
{
    enum kc_crowd_state state = member->state;
    switch (code) {
    case KC_KAFKA_FENCED_MEMBER_EPOCH:
    case KC_KAFKA_UNKNOWN_MEMBER_ID:
        /* Until the broker has forgotten the member, no other epoch is let in. */
        member->epoch = 0;
        member->partitions = 0;
        state = KC_CROWD_FENCED;
        break;
    case KC_KAFKA_NOT_COORDINATOR:
    case KC_KAFKA_COORDINATOR_NOT_AVAILABLE:
        kc_wire_forget_coordinator(kc_group_client_wire(crowd->client), KC_WIRE_GROUP,
                                   crowd->group);
        break;
    default:
        if (!kc_error_retriable(err))
            state = KC_CROWD_FAILED;
    }
    try_again(crowd, member);
    move(crowd, member, state, err);
}

/* A member that leaves is gone once the broker has answered, whatever it says. Lock held. */
static void left(struct kc_group_crowd *crowd, struct crowd_member *member,
                 const struct kc_consumer_group_heartbeat_response *response)
{
    bool gone = !kc_kafka_error_retriable(response->error_code);
    if (!gone)
        refused(crowd, member, response->error_code,
                kc_kafka_error_new(response->error_code, NULL, "Leaving group %s", crowd->group));
    else
        move(crowd, member, KC_CROWD_LEFT, NULL);
}

static void unanswered(struct kc_group_crowd *crowd, struct crowd_member *member,
                       const struct kc_error *error)
{
    if (!kc_error_retriable(error)) {
        move(crowd, member, KC_CROWD_FAILED, kc_error_copy(error));
        return;
    }
    kc_wire_forget_coordinator(kc_group_client_wire(crowd->client), KC_WIRE_GROUP, crowd->group);
    try_again(crowd, member);
    move(crowd, member, member->state, kc_error_copy(error));
}

/* Lock held. True: there is news. */
static bool take_answer(const struct crowd_beat *beat, bool leaving,
                        const struct kc_wire_reply *reply)
{
    struct kc_group_crowd *crowd = beat->crowd;
    struct crowd_member *member = beat->member;
    const struct kc_consumer_group_heartbeat_response *response = reply->message;
    if (reply->error)
        unanswered(crowd, member, reply->error);
    else if (leaving)
        left(crowd, member, response);
    else if (response->error_code == KC_KAFKA_NONE)
        return accepted(crowd, member, beat->full, response);
    else if (member->state == KC_CROWD_LEAVING)
        member->due_ms = 0; /* it leaves all the same */
    else
        refused(crowd, member, response->error_code,
                kc_kafka_error_new(response->error_code, response->error_message.data,
                                   "Heartbeat of member %s of group %s", member->id, crowd->group));
    return true;
}

static void tick(void *arg);

static void on_beat(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct crowd_beat *beat = arg;
    struct kc_group_crowd *crowd = beat->crowd;
    const struct kc_consumer_group_heartbeat_request *sent = request->message;
    pthread_mutex_lock(&crowd->lock);
    beat->member->under_way = false;
    bool news = take_answer(beat, sent->member_epoch == LEAVE_EPOCH, reply);
    bool closed = crowd->closed;
    pthread_mutex_unlock(&crowd->lock);
    kc_wire_reply_unref(reply);
    if (news && !closed && crowd->changed)
        crowd->changed(crowd->opaque);
    if (!closed)
        tick(crowd);
    free(beat);
    crowd_unref(crowd);
}

/* Lock held. */
static void send_beat(struct kc_group_crowd *crowd, struct crowd_member *member)
{
    struct crowd_beat *beat = kc_malloc(sizeof(*beat));
    struct kc_wire_request *request = make_beat(crowd, member);
    *beat = (struct crowd_beat){crowd_ref(crowd), member, member->full};
    member->under_way = true;
    member->full = false;
    kc_wire_send(kc_group_client_wire(crowd->client), request, on_beat, beat);
}

/* Sends due requests, and sets the timer for the next ones. */
static void tick(void *arg)
{
    struct kc_group_crowd *crowd = arg;
    int64_t now = kc_mono_ms(), next = INT64_MAX;
    struct crowd_member *member;
    pthread_mutex_lock(&crowd->lock);
    LL_FOREACH (crowd->members, member) {
        if (crowd->closed || member->under_way || !beats(member))
            continue;
        if (member->due_ms <= now)
            send_beat(crowd, member);
        else if (member->due_ms < next)
            next = member->due_ms;
    }
    bool closed = crowd->closed;
    pthread_mutex_unlock(&crowd->lock);
    if (!crowd->timer && !closed)
        crowd->timer = kc_wire_timer_new(kc_group_client_wire(crowd->client), tick, crowd);
    if (next < INT64_MAX)
        kc_wire_timer_start(crowd->timer, next - now);
}

static void run_tick(void *arg)
{
    tick(arg);
    crowd_unref(arg);
}

static void run_end(void *arg)
{
    struct kc_group_crowd *crowd = arg;
    if (crowd->timer)
        kc_wire_timer_destroy(crowd->timer);
    crowd->timer = NULL;
    pthread_mutex_lock(&crowd->lock);
    crowd->ended = true;
    pthread_cond_broadcast(&crowd->moved);
    pthread_mutex_unlock(&crowd->lock);
    crowd_unref(crowd);
}

/* False: the client is stopping. */
static bool post(struct kc_group_crowd *crowd, void (*run)(void *arg))
{
    if (kc_wire_post(kc_group_client_wire(crowd->client), run, crowd_ref(crowd)))
        return true;
    crowd_unref(crowd);
    return false;
}

/* ---- for the user ---- */

struct kc_error *kc_group_crowd_new(struct kc_group_client *client,
                                    const struct kc_group_crowd_settings *settings,
                                    struct kc_group_crowd **crowd)
{
    struct kc_group_crowd *made = kc_calloc(1, sizeof(*made));
    struct kc_group_crowd_settings known = {0};
    memcpy(&known, settings, settings->size < sizeof(known) ? settings->size : sizeof(known));
    atomic_init(&made->refs, 1);
    made->client = client;
    made->group = kc_strdup(known.group);
    made->assignor = kc_strdup(known.assignor);
    made->pattern = kc_strdup(known.pattern);
    made->rebalance_timeout_ms =
        known.rebalance_timeout_ms ? known.rebalance_timeout_ms : REBALANCE_MS;
    made->interval_ms = INTERVAL_MS;
    made->static_members = known.static_members;
    made->changed = known.changed;
    made->opaque = known.opaque;
    if (known.topics)
        kc_strings_copy(&made->topics, known.topics);
    pthread_mutex_init(&made->lock, NULL);
    kc_cond_init(&made->moved);
    *crowd = made;
    return NULL;
}

void kc_group_crowd_destroy(struct kc_group_crowd *crowd)
{
    if (!crowd)
        return;
    pthread_mutex_lock(&crowd->lock);
    crowd->closed = true;
    pthread_mutex_unlock(&crowd->lock);
    bool posted = post(crowd, run_end);
    pthread_mutex_lock(&crowd->lock);
    while (posted && !crowd->ended)
        kc_cond_wait_until(&crowd->moved, &crowd->lock, INT64_MAX);
    pthread_mutex_unlock(&crowd->lock);
    crowd_unref(crowd);
}

static struct crowd_member *find(struct kc_group_crowd *crowd, const char *id)
{
    struct crowd_member *member;
    LL_FOREACH (crowd->members, member)
        if (strcmp(member->id, id) == 0)
            return member;
    return NULL;
}

void kc_group_crowd_add(struct kc_group_crowd *crowd, const char *member_id, int epoch)
{
    pthread_mutex_lock(&crowd->lock);
    struct crowd_member *member = find(crowd, member_id);
    bool fresh = !member || !beats(member);
    if (!member) {
        member = kc_calloc(1, sizeof(*member));
        member->id = kc_strdup(member_id);
        LL_APPEND(crowd->members, member);
    }
    if (fresh) {
        move(crowd, member, KC_CROWD_JOINING, NULL);
        member->epoch = epoch;
        member->full = true;
        member->due_ms = 0;
    }
    pthread_mutex_unlock(&crowd->lock);
    if (fresh)
        post(crowd, run_tick);
}

void kc_group_crowd_subscribe(struct kc_group_crowd *crowd, const struct kc_strings *topics,
                              const char *pattern)
{
    struct crowd_member *member;
    pthread_mutex_lock(&crowd->lock);
    kc_strings_destroy(&crowd->topics);
    if (topics)
        kc_strings_copy(&crowd->topics, topics);
    free(crowd->pattern);
    crowd->pattern = kc_strdup(pattern);
    LL_FOREACH (crowd->members, member) {
        member->full = true;
        member->due_ms = 0;
    }
    pthread_mutex_unlock(&crowd->lock);
    post(crowd, run_tick);
}

void kc_group_crowd_each(struct kc_group_crowd *crowd,
                         void (*each)(void *arg, const struct kc_crowd_member *member), void *arg)
{
    struct crowd_member *member;
    pthread_mutex_lock(&crowd->lock);
    LL_FOREACH (crowd->members, member) {
        const struct kc_crowd_member told = {member->id,         member->epoch,   member->state,
                                             member->partitions, member->seen_ms, member->error};
        each(arg, &told);
    }
    pthread_mutex_unlock(&crowd->lock);
}

/* The id and epoch of a member that may commit; false: there is none. */
static bool committer_of(struct kc_group_crowd *crowd, const char *member_id, char **id, int *epoch)
{
    struct crowd_member *member;
    *id = NULL;
    pthread_mutex_lock(&crowd->lock);
    LL_FOREACH (crowd->members, member) {
        if (*id || member->state != KC_CROWD_MEMBER ||
            (member_id && strcmp(member->id, member_id) != 0))
            continue;
        *id = kc_strdup(member->id);
        *epoch = member->epoch;
    }
    pthread_mutex_unlock(&crowd->lock);
    return *id != NULL;
}

/* Waits until the member may have a newer epoch: its heartbeat is sent at once. */
static void await_epoch(struct kc_group_crowd *crowd, const char *id, int epoch, int64_t until_ms)
{
    pthread_mutex_lock(&crowd->lock);
    struct crowd_member *member = find(crowd, id);
    member->due_ms = 0;
    pthread_mutex_unlock(&crowd->lock);
    post(crowd, run_tick);
    pthread_mutex_lock(&crowd->lock);
    while (member->epoch == epoch && beats(member))
        if (!kc_cond_wait_until(&crowd->moved, &crowd->lock, until_ms))
            break;
    pthread_mutex_unlock(&crowd->lock);
}

struct kc_error *kc_group_crowd_commit(struct kc_group_crowd *crowd, const char *member_id,
                                       const struct kc_group_offset *offsets, size_t count,
                                       int timeout_ms, struct kc_error **errors)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    for (;;) {
        char *id;
        struct kc_group_committer committer = {.group = crowd->group, .min_version = EPOCH_COMMITS};
        for (size_t i = 0; errors && i < count; i++)
            errors[i] = NULL;
        if (!committer_of(crowd, member_id, &id, &committer.generation))
            return kc_error_retriable_new(KC_ERR_CONFLICT,
                                          "Committing offsets of group %s: %s isn't a member of it",
                                          crowd->group, member_id ? member_id : "anybody");
        committer.member_id = id;
        struct kc_error *err =
            kc_group_commit(crowd->client, &committer, offsets, count, deadline, errors);
        bool again =
            kc_error_kafka_code(err) == KC_KAFKA_STALE_MEMBER_EPOCH && kc_mono_ms() < deadline;
        if (again)
            await_epoch(crowd, id, committer.generation, deadline);
        free(id);
        if (!again)
            return err;
        kc_error_destroy(err);
    }
}

static bool anybody_beats(const struct kc_group_crowd *crowd)
{
    const struct crowd_member *member;
    LL_FOREACH (crowd->members, member)
        if (beats(member))
            return true;
    return false;
}

struct kc_error *kc_group_crowd_leave(struct kc_group_crowd *crowd, int timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct crowd_member *member;
    kc_info("The members of group %s leave it", crowd->group);
    pthread_mutex_lock(&crowd->lock);
    LL_FOREACH (crowd->members, member) {
        if (!beats(member))
            continue;
        move(crowd, member, KC_CROWD_LEAVING, NULL);
        member->due_ms = 0;
    }
    pthread_mutex_unlock(&crowd->lock);
    post(crowd, run_tick);
    pthread_mutex_lock(&crowd->lock);
    while (anybody_beats(crowd))
        if (!kc_cond_wait_until(&crowd->moved, &crowd->lock, deadline))
            break;
    bool left_all = !anybody_beats(crowd);
    pthread_mutex_unlock(&crowd->lock);
    return left_all ? NULL
                    : kc_error_retriable_new(KC_ERR_TIMEOUT,
                                             "Not all members of group %s have left it in time",
                                             crowd->group);
}
