/* SPDX-License-Identifier: Apache-2.0 */
/* A member of a Connect group, as its user sees it: see connect_member.h. */
#include "group/member_state_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.WorkerCoordinator");

enum { LEAVE_PATIENCE_MS = 2000 };

/* ---- state; lock held ---- */

void kc_coordinator_need_rejoin(struct kc_coordinator *coordinator, const char *reason)
{
    coordinator->rejoin_needed = true;
    char *copy = kc_strdup(reason);
    free(coordinator->rejoin_reason);
    coordinator->rejoin_reason = copy;
    pthread_cond_broadcast(&coordinator->changed);
}

void kc_coordinator_reset(struct kc_coordinator *coordinator, bool keep_id, const char *reason)
{
    coordinator->state = KC_MEMBER_UNJOINED;
    coordinator->generation = -1;
    if (!keep_id) {
        free(coordinator->member_id);
        coordinator->member_id = kc_strdup("");
    }
    kc_coordinator_need_rejoin(coordinator, reason);
}

void kc_coordinator_mark_unknown(struct kc_coordinator *coordinator, const char *why)
{
    if (!coordinator->coordinator_unknown) {
        char *copy = kc_strdup(why);
        free(coordinator->unknown_reason);
        coordinator->unknown_reason = copy;
    }
    coordinator->coordinator_unknown = true;
    kc_wire_forget_coordinator(coordinator->client, KC_WIRE_GROUP, coordinator->settings.group_id);
    pthread_cond_broadcast(&coordinator->changed);
}

/* ---- requests ---- */

struct kc_wire_request *kc_coordinator_request(const struct kc_coordinator *coordinator,
                                               enum kc_api api, enum kc_wire_channel channel)
{
    struct kc_wire_request *request = kc_wire_request_new(api);
    request->target.kind = KC_WIRE_GROUP;
    request->target.key = kc_arena_strdup(request->arena, coordinator->settings.group_id);
    request->channel = channel;
    return request;
}

static void prepare_leave(struct kc_wire_request *request, int16_t version)
{
    struct kc_leave_group_request *message = request->message;
    const struct kc_leave_group_request_member *from = request->prepare_arg;
    if (version < 3) {
        message->member_id = from->member_id;
        message->members.count = 0;
        return;
    }
    KC_WIRE_LIST_NEW(request->arena, &message->members, kc_leave_group_request_member, 1);
    message->members.items[0].member_id = from->member_id;
    if (version >= 5)
        message->members.items[0].reason = from->reason;
}

static void on_left(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    const struct kc_leave_group_response *message = reply->message;
    kc_info("Left the group: %s",
            message ? kc_kafka_error_name(message->error_code) : kc_error_text(reply->error));
    kc_wire_reply_unref(reply);
}

/* Lock held. */
static struct kc_wire_request *make_leave(const struct kc_coordinator *coordinator,
                                          const char *reason)
{
    struct kc_wire_request *request =
        kc_coordinator_request(coordinator, KC_API_LEAVE_GROUP, KC_WIRE_CHANNEL_MAIN);
    struct kc_leave_group_request *message = request->message;
    struct kc_leave_group_request_member *member =
        kc_wire_new(request->arena, &kc_leave_group_request_member_type);
    message->group_id = kc_wire_str_copy(request->arena, coordinator->settings.group_id);
    member->member_id = kc_wire_str_copy(request->arena, coordinator->member_id);
    member->reason = kc_wire_str_copy(request->arena, reason);
    request->prepare = prepare_leave;
    request->prepare_arg = member;
    return request;
}

void kc_coordinator_send_leave(struct kc_coordinator *coordinator, const char *reason)
{
    if (*coordinator->member_id)
        kc_wire_send(coordinator->client, make_leave(coordinator, reason), on_left, NULL);
    kc_coordinator_reset(coordinator, false, reason);
}

/* ---- life ---- */

static void copy_settings(struct kc_coordinator_settings *to,
                          const struct kc_coordinator_settings *from)
{
    *to = *from;
    to->client = NULL;
    to->group_id = kc_strdup(from->group_id);
    to->rest_url = kc_strdup(from->rest_url);
}

struct kc_error *kc_coordinator_new(const struct kc_coordinator_settings *settings,
                                    const struct kc_coordinator_listener *listener, void *opaque,
                                    struct kc_coordinator **result)
{
    struct kc_coordinator *coordinator = kc_calloc(1, sizeof(*coordinator));
    copy_settings(&coordinator->settings, settings);
    coordinator->listener = listener;
    coordinator->opaque = opaque;
    coordinator->member_id = kc_strdup("");
    coordinator->stable_id = kc_strdup("");
    coordinator->rejoin_reason = kc_strdup("");
    coordinator->generation = coordinator->last_completed_generation = -1;
    coordinator->rejoin_needed = coordinator->needs_prepare = true;
    coordinator->coordinator_unknown = true;
    coordinator->protocol = settings->protocol;
    coordinator->assignor = kc_assignor_new(settings->max_delay_ms);
    pthread_mutex_init(&coordinator->lock, NULL);
    kc_cond_init(&coordinator->changed);
    struct kc_error *err =
        kc_wire_client_new(settings->client, "connect-group", &coordinator->client);
    if (!err)
        err = kc_coordinator_start_heartbeat(coordinator);
    if (err)
        kc_coordinator_destroy(coordinator);
    else
        *result = coordinator;
    return err;
}

void kc_coordinator_destroy(struct kc_coordinator *coordinator)
{
    if (!coordinator)
        return;
    kc_coordinator_end_heartbeat(coordinator);
    if (coordinator->client)
        kc_wire_client_destroy(coordinator->client); /* no callback comes after this */
    kc_wire_reply_unref(coordinator->answer);
    kc_assignor_destroy(coordinator->assignor);
    kc_assignment_clear(&coordinator->assignment);
    kc_work_clear(&coordinator->configured);
    kc_round_clear(&coordinator->leading);
    kc_error_destroy(coordinator->fatal);
    pthread_mutex_destroy(&coordinator->lock);
    pthread_cond_destroy(&coordinator->changed);
    free(coordinator->member_id);
    free(coordinator->stable_id);
    free(coordinator->rejoin_reason);
    free(coordinator->unknown_reason);
    free((char *)coordinator->settings.group_id);
    free((char *)coordinator->settings.rest_url);
    free(coordinator);
}

/* ---- polling ---- */

bool kc_coordinator_rejoin_pending(struct kc_coordinator *coordinator)
{
    pthread_mutex_lock(&coordinator->lock);
    bool pending = coordinator->rejoin_needed;
    pthread_mutex_unlock(&coordinator->lock);
    return pending || coordinator->call_under_way || coordinator->rejoin_requested ||
           !coordinator->has_assignment || coordinator->assignment.error != KC_ASSIGNMENT_OK;
}

static bool coordinator_unknown(struct kc_coordinator *coordinator)
{
    pthread_mutex_lock(&coordinator->lock);
    bool unknown = coordinator->coordinator_unknown;
    char *why = coordinator->unknown_reason; /* told once */
    coordinator->unknown_reason = NULL;
    coordinator->last_poll_ms = kc_mono_ms();
    pthread_mutex_unlock(&coordinator->lock);
    if (why)
        kc_info("Group coordinator is unavailable or invalid due to cause: %s. Rediscovery will be "
                "attempted.",
                why);
    free(why);
    return unknown;
}

/* Who can't reach the coordinator isn't a member for long: others may get the work. */
static void give_up_assignment(struct kc_coordinator *coordinator)
{
    if (!coordinator->has_assignment || coordinator->assignment.error != KC_ASSIGNMENT_OK)
        return;
    kc_info("Broker coordinator was unreachable for %dms. Revoking previous assignment to avoid "
            "running tasks while not being a member the group",
            coordinator->settings.heartbeat_interval_ms);
    struct kc_work work = {0};
    kc_work_copy(&work, &coordinator->assignment.work);
    coordinator->listener->revoked(coordinator->opaque, &work);
    kc_work_clear(&work);
    kc_assignment_clear(&coordinator->assignment);
    coordinator->has_assignment = false;
}

/* Waits until deadline or until something has to be done. */
static struct kc_error *idle(struct kc_coordinator *coordinator, int64_t deadline_ms)
{
    struct kc_error *err = NULL;
    pthread_mutex_lock(&coordinator->lock);
    while (!coordinator->woken && !coordinator->rejoin_needed &&
           !coordinator->coordinator_unknown && !coordinator->fatal) {
        /* A user that waits here is alive: the poll time-out counts from its last return. */
        int64_t now = kc_mono_ms();
        int64_t until = now + coordinator->settings.heartbeat_interval_ms;
        coordinator->last_poll_ms = now;
        if (now >= deadline_ms)
            break;
        kc_cond_wait_until(&coordinator->changed, &coordinator->lock,
                           until < deadline_ms ? until : deadline_ms);
    }
    coordinator->last_poll_ms = kc_mono_ms();
    err = coordinator->fatal;
    coordinator->fatal = NULL;
    if (!err && coordinator->woken)
        err = kc_error_new(KC_ERR_WAKEUP, "Woken up");
    coordinator->woken = false;
    pthread_mutex_unlock(&coordinator->lock);
    return err;
}

/* A pause between attempts, which a wake-up ends. */
static struct kc_error *pause_for(struct kc_coordinator *coordinator, int64_t ms)
{
    int64_t deadline = kc_mono_ms() + ms;
    pthread_mutex_lock(&coordinator->lock);
    while (!coordinator->woken)
        if (!kc_cond_wait_until(&coordinator->changed, &coordinator->lock, deadline))
            break;
    bool woken = coordinator->woken;
    coordinator->woken = false;
    pthread_mutex_unlock(&coordinator->lock);
    return woken ? kc_error_new(KC_ERR_WAKEUP, "Woken up") : NULL;
}

struct kc_error *kc_coordinator_poll(struct kc_coordinator *coordinator, int64_t timeout_ms)
{
    int64_t deadline = timeout_ms == INT64_MAX ? INT64_MAX : kc_mono_ms() + timeout_ms;
    for (;;) {
        struct kc_error *err = NULL;
        if (coordinator_unknown(coordinator) && !kc_coordinator_probe(coordinator))
            give_up_assignment(coordinator);
        bool retry = false;
        bool join = kc_coordinator_rejoin_pending(coordinator);
        if (join)
            err = kc_coordinator_join(coordinator, &retry);
        if (err || (join && !retry))
            return err; /* a new assignment is for the user to look at */
        err = retry ? pause_for(coordinator, coordinator->settings.retry_backoff_ms)
                    : idle(coordinator, deadline);
        if (err || (!retry && kc_mono_ms() >= deadline))
            return err;
    }
}

void kc_coordinator_wakeup(struct kc_coordinator *coordinator)
{
    pthread_mutex_lock(&coordinator->lock);
    coordinator->woken = true;
    pthread_cond_broadcast(&coordinator->changed);
    pthread_mutex_unlock(&coordinator->lock);
}

void kc_coordinator_rejoin(struct kc_coordinator *coordinator, const char *reason)
{
    kc_debug("Request joining group due to: %s", reason);
    coordinator->rejoin_requested = true;
    pthread_mutex_lock(&coordinator->lock);
    char *copy = kc_strdup(reason);
    free(coordinator->rejoin_reason);
    coordinator->rejoin_reason = copy;
    pthread_mutex_unlock(&coordinator->lock);
}

void kc_coordinator_leave(struct kc_coordinator *coordinator, const char *reason)
{
    struct kc_wire_request *request = NULL;
    struct kc_wire_reply *reply = NULL;
    pthread_mutex_lock(&coordinator->lock);
    if (*coordinator->member_id && !coordinator->coordinator_unknown)
        request = make_leave(coordinator, reason);
    kc_coordinator_reset(coordinator, false, reason);
    pthread_mutex_unlock(&coordinator->lock);
    if (!request)
        return;
    kc_info("Leaving group %s: %s", coordinator->settings.group_id, reason);
    struct kc_error *err =
        kc_wire_call(coordinator->client, request, kc_mono_ms() + LEAVE_PATIENCE_MS, &reply);
    if (err)
        kc_warn("LeaveGroup failed: %s", kc_error_text(err));
    kc_error_destroy(err);
    kc_wire_reply_unref(reply);
}

void kc_coordinator_revoke(struct kc_coordinator *coordinator, const struct kc_work *work)
{
    coordinator->listener->revoked(coordinator->opaque, work);
    kc_work_remove_all(&coordinator->assignment.work, work);
}

/* ---- what is known ---- */

const char *kc_coordinator_member_id(const struct kc_coordinator *constant)
{
    struct kc_coordinator *coordinator = (struct kc_coordinator *)constant;
    pthread_mutex_lock(&coordinator->lock);
    char *id = kc_strdup(coordinator->state == KC_MEMBER_STABLE ? coordinator->member_id : "");
    pthread_mutex_unlock(&coordinator->lock);
    free(coordinator->stable_id);
    coordinator->stable_id = id;
    return id;
}

int kc_coordinator_protocol(const struct kc_coordinator *coordinator)
{
    return coordinator->protocol;
}

char *kc_coordinator_owner_url(const struct kc_coordinator *constant, const char *connector,
                               int task)
{
    struct kc_coordinator *coordinator = (struct kc_coordinator *)constant;
    if (kc_coordinator_rejoin_pending(coordinator))
        return NULL;
    for (size_t i = 0; i < coordinator->leading.count; i++) {
        const struct kc_round_member *member = &coordinator->leading.members[i];
        if (task < 0 ? kc_work_has_connector(&member->all, connector)
                     : kc_work_has_task(&member->all, connector, task))
            return kc_strdup(member->url);
    }
    return NULL;
}
