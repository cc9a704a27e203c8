/* SPDX-License-Identifier: Apache-2.0 */
/* A member of a classic group, as its protocol sees it: see member_priv.h. */
#include "connect/log.h"
#include "group/member_state_priv.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.WorkerCoordinator");

enum { LEAVE_PATIENCE_MS = 2000 };

/* ---- life ---- */

static void copy_settings(struct kc_member_settings *to, const struct kc_member_settings *from)
{
    *to = *from;
    to->group_id = kc_strdup(from->group_id);
    to->instance_id = kc_strdup(from->instance_id);
    to->type = kc_strdup(from->type);
    to->kind = kc_strdup(from->kind);
    to->advice = kc_strdup(from->advice);
}

struct kc_error *kc_member_new(const struct kc_member_settings *settings,
                               const struct kc_member_protocol *protocol, void *opaque,
                               struct kc_member **result)
{
    struct kc_member *member = kc_calloc(1, sizeof(*member));
    atomic_init(&member->refs, 1);
    copy_settings(&member->settings, settings);
    member->protocol = protocol;
    member->opaque = opaque;
    member->id = kc_strdup("");
    member->rejoin_reason = kc_strdup("");
    member->generation = -1;
    member->rejoin_needed = member->needs_prepare = true;
    member->coordinator_unknown = true;
    pthread_mutex_init(&member->lock, NULL);
    kc_cond_init(&member->changed);
    struct kc_error *err = kc_member_start_heartbeat(member);
    if (err)
        kc_member_destroy(member);
    else
        *result = member;
    return err;
}

void kc_member_destroy(struct kc_member *member)
{
    if (!member)
        return;
    kc_member_end_heartbeat(member);
    kc_member_unref(member);
}

/* ---- polling ---- */

static bool coordinator_unknown(struct kc_member *member)
{
    pthread_mutex_lock(&member->lock);
    bool unknown = member->coordinator_unknown;
    char *why = member->unknown_reason; /* told once */
    member->unknown_reason = NULL;
    member->last_poll_ms = kc_mono_ms();
    pthread_mutex_unlock(&member->lock);
    if (why)
        kc_info("Group coordinator is unavailable or invalid due to cause: %s. Rediscovery will be "
                "attempted.",
                why);
    free(why);
    return unknown;
}

/* Waits until deadline or until something has to be done. */
static struct kc_error *idle(struct kc_member *member, int64_t deadline_ms)
{
    struct kc_error *err = NULL;
    pthread_mutex_lock(&member->lock);
    while (!member->woken && !member->rejoin_needed && !member->coordinator_unknown &&
           !member->fatal) {
        /* A user that waits here is alive: the poll time-out counts from its last return. */
        int64_t now = kc_mono_ms();
        int64_t until = now + member->settings.heartbeat_interval_ms;
        member->last_poll_ms = now;
        if (now >= deadline_ms)
            break;
        kc_cond_wait_until(&member->changed, &member->lock,
                           until < deadline_ms ? until : deadline_ms);
    }
    member->last_poll_ms = kc_mono_ms();
    err = member->fatal;
    member->fatal = NULL;
    if (!err && member->woken)
        err = kc_error_new(KC_ERR_WAKEUP, "Woken up");
    member->woken = false;
    pthread_mutex_unlock(&member->lock);
    return err;
}

/* A pause between attempts, which a wake-up ends. */
static struct kc_error *pause_for(struct kc_member *member, int64_t ms)
{
    int64_t deadline = kc_mono_ms() + ms;
    pthread_mutex_lock(&member->lock);
    while (!member->woken)
        if (!kc_cond_wait_until(&member->changed, &member->lock, deadline))
            break;
    bool woken = member->woken;
    member->woken = false;
    pthread_mutex_unlock(&member->lock);
    return woken ? kc_error_new(KC_ERR_WAKEUP, "Woken up") : NULL;
}

static bool is_over(const struct kc_member *member, int64_t deadline, bool retry)
{
    return (!retry || member->settings.bounded) && kc_mono_ms() >= deadline;
}

struct kc_error *kc_member_poll(struct kc_member *member, int64_t timeout_ms)
{
    int64_t deadline = timeout_ms == INT64_MAX ? INT64_MAX : kc_mono_ms() + timeout_ms;
    for (;;) {
        struct kc_error *err = NULL;
        if (coordinator_unknown(member) && !kc_member_probe(member) &&
            member->protocol->unreachable)
            member->protocol->unreachable(member->opaque);
        bool retry = false;
        bool join = kc_member_unsettled(member);
        if (join)
            err = kc_member_join(member, deadline, &retry);
        if (err || (join && !retry))
            return err; /* a new assignment is for the user to look at */
        err = retry ? pause_for(member, member->settings.retry_backoff_ms) : idle(member, deadline);
        if (err || is_over(member, deadline, retry))
            return err;
    }
}

void kc_member_wakeup(struct kc_member *member)
{
    pthread_mutex_lock(&member->lock);
    member->woken = true;
    pthread_cond_broadcast(&member->changed);
    pthread_mutex_unlock(&member->lock);
}

void kc_member_rejoin(struct kc_member *member, const char *reason)
{
    kc_debug("Request joining group due to: %s", reason);
    member->rejoin_requested = true;
    pthread_mutex_lock(&member->lock);
    char *copy = kc_strdup(reason);
    free(member->rejoin_reason);
    member->rejoin_reason = copy;
    pthread_mutex_unlock(&member->lock);
}

void kc_member_leave(struct kc_member *member, const char *reason)
{
    struct kc_wire_request *request = NULL;
    struct kc_wire_reply *reply = NULL;
    pthread_mutex_lock(&member->lock);
    if (*member->id && !member->coordinator_unknown)
        request = kc_member_make_leave(member, reason);
    kc_member_reset(member, false, reason);
    pthread_mutex_unlock(&member->lock);
    if (!request)
        return;
    kc_info("Leaving group %s: %s", member->settings.group_id, reason);
    struct kc_error *err =
        kc_wire_call(member->settings.client, request, kc_mono_ms() + LEAVE_PATIENCE_MS, &reply);
    if (err)
        kc_warn("LeaveGroup failed: %s", kc_error_text(err));
    kc_error_destroy(err);
    kc_wire_reply_unref(reply);
}

struct kc_member_identity kc_member_identity(struct kc_member *member)
{
    pthread_mutex_lock(&member->lock);
    struct kc_member_identity identity = {kc_strdup(member->id), member->generation,
                                          member->state == KC_MEMBER_STABLE};
    pthread_mutex_unlock(&member->lock);
    return identity;
}
