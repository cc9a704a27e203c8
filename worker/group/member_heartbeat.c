/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heartbeats of a group member (AbstractCoordinator.HeartbeatThread): a thread that sends one every
 * heartbeat.interval.ms while the member is in a generation, and looks after two time-outs: no
 * answer within the session, no poll by the user within the rebalance time-out.
 */
#include "group/member_state_priv.h"

#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.WorkerCoordinator");

/* Which generation a heartbeat was for, and when it was sent. */
struct beat {
    struct kc_coordinator *coordinator;
    int generation;
    int64_t sent_ms;
};

/* ---- answers; lock held ---- */

static void fail_for_ever(struct kc_coordinator *coordinator, int code)
{
    kc_error_destroy(coordinator->fatal);
    coordinator->fatal = kc_error_kafka_new(
        code, false, "Heartbeat of group %s failed: %s. Give the worker's principal READ on it",
        coordinator->settings.group_id, kc_kafka_error_name(code));
    pthread_cond_broadcast(&coordinator->changed);
}

/* False: the coordinator isn't one. Lock held. */
static bool handle_code(struct kc_coordinator *coordinator, int generation, int code)
{
    bool current = generation == coordinator->generation;
    switch (code) {
    case KC_KAFKA_NONE:
        break;
    case KC_KAFKA_REBALANCE_IN_PROGRESS:
        if (current && coordinator->state == KC_MEMBER_STABLE)
            kc_coordinator_need_rejoin(coordinator, "group is already rebalancing");
        break;
    case KC_KAFKA_ILLEGAL_GENERATION:
    case KC_KAFKA_UNKNOWN_MEMBER_ID:
        if (current && coordinator->state == KC_MEMBER_STABLE)
            kc_coordinator_reset(coordinator, code == KC_KAFKA_ILLEGAL_GENERATION,
                                 "the coordinator doesn't know this member or its generation");
        break;
    case KC_KAFKA_COORDINATOR_NOT_AVAILABLE:
    case KC_KAFKA_NOT_COORDINATOR:
        kc_coordinator_mark_unknown(coordinator, kc_kafka_error_name(code));
        return false;
    case KC_KAFKA_GROUP_AUTHORIZATION_FAILED:
        fail_for_ever(coordinator, code);
        return true;
    default:
        return true; /* told by the caller; the session runs on */
    }
    coordinator->last_answer_ms = kc_mono_ms();
    return true;
}

static void on_beat(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct beat *beat = arg;
    struct kc_coordinator *coordinator = beat->coordinator;
    const struct kc_heartbeat_response *message = reply->message;
    pthread_mutex_lock(&coordinator->lock);
    coordinator->heartbeat_sent = false;
    if (message && message->error_code == KC_KAFKA_NONE &&
        beat->generation == coordinator->generation)
        coordinator->confirmed_ms = beat->sent_ms;
    if (message)
        handle_code(coordinator, beat->generation, message->error_code);
    else if (!coordinator->closed)
        kc_coordinator_mark_unknown(coordinator, kc_error_text(reply->error));
    pthread_cond_broadcast(&coordinator->changed);
    pthread_mutex_unlock(&coordinator->lock);
    if (message && message->error_code != KC_KAFKA_NONE)
        kc_info("Heartbeat of group %s: %s", coordinator->settings.group_id,
                kc_kafka_error_name(message->error_code));
    kc_wire_reply_unref(reply);
    free(beat);
}

/* ---- sending ---- */

static struct kc_wire_request *make_beat(const struct kc_coordinator *coordinator)
{
    struct kc_wire_request *request =
        kc_coordinator_request(coordinator, KC_API_HEARTBEAT, KC_WIRE_CHANNEL_MAIN);
    struct kc_heartbeat_request *message = request->message;
    message->group_id = kc_wire_str_copy(request->arena, coordinator->settings.group_id);
    message->member_id = kc_wire_str_copy(request->arena, coordinator->member_id);
    message->generation_id = coordinator->generation;
    return request;
}

static void send_beat(struct kc_coordinator *coordinator, int64_t now)
{
    struct beat *beat = kc_malloc(sizeof(*beat));
    *beat = (struct beat){coordinator, coordinator->generation, now};
    coordinator->heartbeat_sent = true;
    coordinator->heartbeat_asked = false;
    coordinator->last_heartbeat_ms = now;
    kc_wire_send(coordinator->client, make_beat(coordinator), on_beat, beat);
}

bool kc_coordinator_probe(struct kc_coordinator *coordinator)
{
    pthread_mutex_lock(&coordinator->lock);
    struct kc_wire_request *request = make_beat(coordinator);
    int generation = coordinator->generation;
    pthread_mutex_unlock(&coordinator->lock);
    struct kc_wire_reply *reply = NULL;
    struct kc_error *err =
        kc_wire_call(coordinator->client, request,
                     kc_mono_ms() + coordinator->settings.heartbeat_interval_ms, &reply);
    bool alive = false;
    if (err)
        kc_warn("Can not connect to broker coordinator of group %s: %s",
                coordinator->settings.group_id, kc_error_text(err));
    pthread_mutex_lock(&coordinator->lock);
    if (!err) {
        const struct kc_heartbeat_response *message = reply->message;
        alive = handle_code(coordinator, generation, message->error_code);
        if (alive)
            coordinator->coordinator_unknown = false;
    }
    pthread_mutex_unlock(&coordinator->lock);
    kc_error_destroy(err);
    kc_wire_reply_unref(reply);
    return alive;
}

bool kc_coordinator_confirmed(struct kc_coordinator *coordinator, int64_t since_ms)
{
    pthread_mutex_lock(&coordinator->lock);
    bool confirmed = coordinator->state == KC_MEMBER_STABLE && !coordinator->rejoin_needed &&
                     coordinator->confirmed_ms >= since_ms;
    if (!confirmed) {
        coordinator->heartbeat_asked = true;
        pthread_cond_broadcast(&coordinator->changed);
    }
    pthread_mutex_unlock(&coordinator->lock);
    return confirmed;
}

/* ---- the thread ---- */

static bool poll_expired(const struct kc_coordinator *coordinator, int64_t now)
{
    return coordinator->state == KC_MEMBER_STABLE &&
           now - coordinator->last_poll_ms >= coordinator->settings.rebalance_timeout_ms;
}

/* The user has stopped polling: it is told, and the group needn't wait for it. Lock held, but not
 * while the listener runs. */
static void give_up(struct kc_coordinator *coordinator)
{
    pthread_mutex_unlock(&coordinator->lock);
    coordinator->listener->poll_timeout(coordinator->opaque);
    pthread_mutex_lock(&coordinator->lock);
    if (poll_expired(coordinator, kc_mono_ms()))
        kc_coordinator_send_leave(coordinator, "worker poll timeout has expired.");
}

/* One look; returns when to look again. Lock held. */
static int64_t look(struct kc_coordinator *coordinator)
{
    const struct kc_coordinator_settings *settings = &coordinator->settings;
    int64_t now = kc_mono_ms();
    if (coordinator->state != KC_MEMBER_COMPLETING && coordinator->state != KC_MEMBER_STABLE)
        return INT64_MAX;
    if (poll_expired(coordinator, now)) {
        give_up(coordinator);
        return now;
    }
    if (now - coordinator->last_answer_ms >= settings->session_timeout_ms) {
        kc_coordinator_mark_unknown(coordinator,
                                    "session timed out without receiving a heartbeat response");
        return now + settings->retry_backoff_ms;
    }
    if (coordinator->heartbeat_sent || coordinator->coordinator_unknown)
        return now + settings->retry_backoff_ms;
    int64_t due = coordinator->last_heartbeat_ms + settings->heartbeat_interval_ms;
    if (due > now && !coordinator->heartbeat_asked)
        return due;
    send_beat(coordinator, now);
    return now + settings->heartbeat_interval_ms;
}

static void *run(void *arg)
{
    struct kc_coordinator *coordinator = arg;
    pthread_mutex_lock(&coordinator->lock);
    while (!coordinator->closed) {
        int64_t next = look(coordinator);
        if (!coordinator->closed)
            kc_cond_wait_until(&coordinator->changed, &coordinator->lock, next);
    }
    pthread_mutex_unlock(&coordinator->lock);
    return NULL;
}

struct kc_error *kc_coordinator_start_heartbeat(struct kc_coordinator *coordinator)
{
    struct kc_error *err =
        kc_thread_start(&coordinator->heartbeat_thread, "group-heartbeat", run, coordinator);
    coordinator->heartbeat_started = !err;
    return err;
}

void kc_coordinator_end_heartbeat(struct kc_coordinator *coordinator)
{
    pthread_mutex_lock(&coordinator->lock);
    coordinator->closed = true;
    pthread_cond_broadcast(&coordinator->changed);
    pthread_mutex_unlock(&coordinator->lock);
    if (coordinator->heartbeat_started)
        pthread_join(coordinator->heartbeat_thread, NULL);
    coordinator->heartbeat_started = false;
}
