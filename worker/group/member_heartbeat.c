/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heartbeats of a group member (AbstractCoordinator.HeartbeatThread): a thread, its own or that of
 * many members (heartbeats.c), sends one every heartbeat.interval.ms while the member is in a
 * generation, and looks after two time-outs: no answer within the session, no poll by the user
 * within the rebalance time-out.
 */
#include "group/member_state_priv.h"

#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.WorkerCoordinator");

/* A heartbeat's generation, and the time at which it was sent. */
struct beat {
    struct kc_member *member;
    int generation;
    int64_t sent_ms;
};

/* ---- answers; lock held ---- */

static void fail_for_ever(struct kc_member *member, int code)
{
    kc_error_destroy(member->fatal);
    member->fatal =
        kc_error_kafka_new(code, false, "Heartbeat of group %s failed: %s. %s",
                           member->settings.group_id, kc_kafka_error_name(code),
                           code == KC_KAFKA_GROUP_AUTHORIZATION_FAILED
                               ? "Give the worker's principal READ on it"
                               : "Another member has joined under the same group.instance.id");
    pthread_cond_broadcast(&member->changed);
}

/* False: the coordinator isn't one. Lock held. */
static bool handle_code(struct kc_member *member, int generation, int code)
{
    bool current = generation == member->generation;
    switch (code) {
    case KC_KAFKA_NONE:
        break;
    case KC_KAFKA_REBALANCE_IN_PROGRESS:
        if (current && member->state == KC_MEMBER_STABLE)
            kc_member_need_rejoin(member, "group is already rebalancing");
        break;
    case KC_KAFKA_ILLEGAL_GENERATION:
    case KC_KAFKA_UNKNOWN_MEMBER_ID:
        if (current && member->state == KC_MEMBER_STABLE)
            kc_member_reset(member, code == KC_KAFKA_ILLEGAL_GENERATION,
                            "the coordinator doesn't know this member or its generation");
        break;
    case KC_KAFKA_COORDINATOR_NOT_AVAILABLE:
    case KC_KAFKA_NOT_COORDINATOR:
        kc_member_mark_unknown(member, kc_kafka_error_name(code));
        return false;
    case KC_KAFKA_GROUP_AUTHORIZATION_FAILED:
    case KC_KAFKA_FENCED_INSTANCE_ID:
        fail_for_ever(member, code);
        return true;
    default:
        return true; /* told by the caller; the session runs on */
    }
    member->last_answer_ms = kc_mono_ms();
    return true;
}

static void on_beat(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct beat *beat = arg;
    struct kc_member *member = beat->member;
    const struct kc_heartbeat_response *message = reply->message;
    pthread_mutex_lock(&member->lock);
    member->heartbeat_sent = false;
    if (message && message->error_code == KC_KAFKA_NONE && beat->generation == member->generation)
        member->confirmed_ms = beat->sent_ms;
    if (message)
        handle_code(member, beat->generation, message->error_code);
    else if (!member->closed)
        kc_member_mark_unknown(member, kc_error_text(reply->error));
    pthread_cond_broadcast(&member->changed);
    pthread_mutex_unlock(&member->lock);
    if (message && message->error_code != KC_KAFKA_NONE)
        kc_info("Heartbeat of group %s: %s", member->settings.group_id,
                kc_kafka_error_name(message->error_code));
    kc_wire_reply_unref(reply);
    kc_member_unref(member);
    free(beat);
}

/* ---- sending ---- */

static struct kc_wire_request *make_beat(const struct kc_member *member)
{
    struct kc_wire_request *request =
        kc_member_request(member, KC_API_HEARTBEAT, KC_WIRE_CHANNEL_MAIN);
    struct kc_heartbeat_request *message = request->message;
    message->group_id = kc_wire_str_copy(request->arena, member->settings.group_id);
    message->member_id = kc_wire_str_copy(request->arena, member->id);
    /* Before it has joined, the coordinator may know the instance by its predecessor's id. */
    if (*member->id)
        message->group_instance_id = kc_wire_str_copy(request->arena, member->settings.instance_id);
    message->generation_id = member->generation;
    return request;
}

static void send_beat(struct kc_member *member, int64_t now)
{
    struct beat *beat = kc_malloc(sizeof(*beat));
    *beat = (struct beat){kc_member_ref(member), member->generation, now};
    member->heartbeat_sent = true;
    member->heartbeat_asked = false;
    member->last_heartbeat_ms = now;
    kc_wire_send(member->settings.client, make_beat(member), on_beat, beat);
}

bool kc_member_probe(struct kc_member *member)
{
    pthread_mutex_lock(&member->lock);
    struct kc_wire_request *request = make_beat(member);
    int generation = member->generation;
    pthread_mutex_unlock(&member->lock);
    struct kc_wire_reply *reply = NULL;
    struct kc_error *err =
        kc_wire_call(member->settings.client, request,
                     kc_mono_ms() + member->settings.heartbeat_interval_ms, &reply);
    bool alive = false;
    if (err)
        kc_warn("Can not connect to broker coordinator of group %s: %s", member->settings.group_id,
                kc_error_text(err));
    pthread_mutex_lock(&member->lock);
    if (!err) {
        const struct kc_heartbeat_response *message = reply->message;
        alive = handle_code(member, generation, message->error_code);
        if (alive)
            member->coordinator_unknown = false;
    }
    pthread_mutex_unlock(&member->lock);
    kc_error_destroy(err);
    kc_wire_reply_unref(reply);
    return alive;
}

bool kc_member_confirmed(struct kc_member *member, int64_t since_ms)
{
    pthread_mutex_lock(&member->lock);
    bool confirmed = member->state == KC_MEMBER_STABLE && !member->rejoin_needed &&
                     member->confirmed_ms >= since_ms;
    if (!confirmed) {
        member->heartbeat_asked = true;
        pthread_cond_broadcast(&member->changed);
        kc_heartbeats_stir(member->settings.heartbeats);
    }
    pthread_mutex_unlock(&member->lock);
    return confirmed;
}

/* ---- the thread ---- */

static bool poll_expired(const struct kc_member *member, int64_t now)
{
    return member->protocol->poll_timeout && member->state == KC_MEMBER_STABLE &&
           now - member->last_poll_ms >= member->settings.rebalance_timeout_ms;
}

/* The user has stopped polling: it is told, and the group needn't wait for it. Lock held, but not
 * while the listener runs. */
static void give_up(struct kc_member *member)
{
    pthread_mutex_unlock(&member->lock);
    member->protocol->poll_timeout(member->opaque);
    pthread_mutex_lock(&member->lock);
    if (poll_expired(member, kc_mono_ms()))
        kc_member_send_leave(member, "worker poll timeout has expired.");
}

/* One look; returns when to look again. Lock held. */
static int64_t look(struct kc_member *member)
{
    const struct kc_member_settings *settings = &member->settings;
    int64_t now = kc_mono_ms();
    if (member->state != KC_MEMBER_COMPLETING && member->state != KC_MEMBER_STABLE)
        return INT64_MAX;
    if (poll_expired(member, now)) {
        give_up(member);
        return now;
    }
    if (now - member->last_answer_ms >= settings->session_timeout_ms) {
        kc_member_mark_unknown(member, "session timed out without receiving a heartbeat response");
        return now + settings->retry_backoff_ms;
    }
    if (member->heartbeat_sent || member->coordinator_unknown)
        return now + settings->retry_backoff_ms;
    int64_t due = member->last_heartbeat_ms + settings->heartbeat_interval_ms;
    if (due > now && !member->heartbeat_asked)
        return due;
    send_beat(member, now);
    return now + settings->heartbeat_interval_ms;
}

static void *run(void *arg)
{
    struct kc_member *member = arg;
    pthread_mutex_lock(&member->lock);
    while (!member->closed) {
        int64_t next = look(member);
        if (!member->closed)
            kc_cond_wait_until(&member->changed, &member->lock, next);
    }
    pthread_mutex_unlock(&member->lock);
    return NULL;
}

int64_t kc_member_look(struct kc_member *member)
{
    pthread_mutex_lock(&member->lock);
    int64_t next = member->closed ? INT64_MAX : look(member);
    pthread_mutex_unlock(&member->lock);
    return next;
}

struct kc_error *kc_member_start_heartbeat(struct kc_member *member)
{
    struct kc_heartbeats *heartbeats = member->settings.heartbeats;
    struct kc_error *err =
        heartbeats ? kc_heartbeats_add(heartbeats, member)
                   : kc_thread_start(&member->heartbeat_thread, "group-heartbeat", run, member);
    member->heartbeat_started = !err;
    return err;
}

void kc_member_end_heartbeat(struct kc_member *member)
{
    pthread_mutex_lock(&member->lock);
    member->closed = true;
    pthread_cond_broadcast(&member->changed);
    pthread_mutex_unlock(&member->lock);
    if (member->heartbeat_started && member->settings.heartbeats)
        kc_heartbeats_remove(member->settings.heartbeats, member);
    else if (member->heartbeat_started)
        pthread_join(member->heartbeat_thread, NULL);
    member->heartbeat_started = false;
}
