/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining a group: JoinGroup, SyncGroup, and what each answer asks for. Their contents belong to
 * the protocol above. Runs on the user's thread. A wake-up leaves the request under way, and the
 * next call takes its answer.
 */
#include "connect/log.h"
#include "group/member_state_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.WorkerCoordinator");

enum { JOIN_LAPSE_MS = 5000 };

/* The reaction to an answer's error code. */
enum join_step {
    STEP_DONE,
    STEP_AGAIN,     /* join anew at once */
    STEP_RETRY,     /* after a pause */
    STEP_UNKNOWN,   /* the coordinator is elsewhere; after a pause */
    STEP_RESET,     /* the membership is void */
    STEP_NEW_EPOCH, /* the generation is void */
    STEP_NAMED,     /* the broker has given a member id */
    STEP_FATAL,
};

static enum join_step step_of(int code)
{
    switch (code) {
    case KC_KAFKA_NONE:
        return STEP_DONE;
    case KC_KAFKA_MEMBER_ID_REQUIRED:
        return STEP_NAMED;
    case KC_KAFKA_REBALANCE_IN_PROGRESS:
        return STEP_AGAIN;
    case KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS:
        return STEP_RETRY;
    case KC_KAFKA_COORDINATOR_NOT_AVAILABLE:
    case KC_KAFKA_NOT_COORDINATOR:
        return STEP_UNKNOWN;
    case KC_KAFKA_UNKNOWN_MEMBER_ID:
        return STEP_RESET;
    case KC_KAFKA_ILLEGAL_GENERATION:
        return STEP_NEW_EPOCH;
    default:
        return STEP_FATAL;
    }
}

static struct kc_error *fatal(struct kc_member *member, const char *what, int code)
{
    pthread_mutex_lock(&member->lock);
    kc_member_move(member, KC_MEMBER_UNJOINED);
    pthread_mutex_unlock(&member->lock);
    return kc_error_kafka_new(code, false, "%s of %s %s failed: %s. %s", what,
                              member->settings.kind, member->settings.group_id,
                              kc_kafka_error_name(code),
                              code == KC_KAFKA_GROUP_AUTHORIZATION_FAILED
                                  ? "Give the worker's principal READ on the group"
                                  : member->settings.advice);
}

/* ---- requests ---- */

static void on_answer(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct kc_member *member = arg;
    pthread_mutex_lock(&member->lock);
    member->answer = reply;
    member->answered = true;
    pthread_cond_broadcast(&member->changed);
    pthread_mutex_unlock(&member->lock);
    kc_member_unref(member);
}

static void send(struct kc_member *member, struct kc_wire_request *request,
                 enum kc_member_state state)
{
    pthread_mutex_lock(&member->lock);
    kc_member_move(member, state);
    member->answered = false;
    int64_t now = kc_mono_ms(); /* of a generation that begins: all is well so far */
    member->last_answer_ms = member->last_heartbeat_ms = member->last_poll_ms = now;
    pthread_mutex_unlock(&member->lock);
    member->call_under_way = true;
    kc_wire_send(member->settings.client, request, on_answer, kc_member_ref(member));
}

static int join_timeout(const struct kc_member_settings *settings)
{
    int64_t timeout = (int64_t)settings->rebalance_timeout_ms + JOIN_LAPSE_MS;
    if (timeout < settings->request_timeout_ms)
        timeout = settings->request_timeout_ms;
    return timeout < INT32_MAX ? (int)timeout : INT32_MAX;
}

static void send_join(struct kc_member *member)
{
    const struct kc_member_settings *settings = &member->settings;
    struct kc_wire_request *request =
        kc_member_request(member, KC_API_JOIN_GROUP, settings->channel);
    struct kc_join_group_request *message = request->message;
    request->timeout_ms = join_timeout(settings);
    message->group_id = kc_wire_str_copy(request->arena, settings->group_id);
    message->session_timeout_ms = settings->session_timeout_ms;
    message->rebalance_timeout_ms = settings->rebalance_timeout_ms;
    message->group_instance_id = kc_wire_str_copy(request->arena, settings->instance_id);
    message->protocol_type = kc_wire_str_copy(request->arena, settings->type);
    member->protocol->offer(member->opaque, request);
    pthread_mutex_lock(&member->lock);
    message->member_id = kc_wire_str_copy(request->arena, member->id);
    message->reason = kc_wire_str_copy(request->arena, member->rejoin_reason);
    pthread_mutex_unlock(&member->lock);
    kc_info("(Re-)joining group");
    send(member, request, KC_MEMBER_PREPARING);
}

static struct kc_wire_request *make_sync(struct kc_member *member,
                                         const struct kc_join_group_response *joined)
{
    const struct kc_member_settings *settings = &member->settings;
    struct kc_wire_request *request =
        kc_member_request(member, KC_API_SYNC_GROUP, settings->channel);
    struct kc_sync_group_request *message = request->message;
    request->timeout_ms = join_timeout(settings);
    message->group_id = kc_wire_str_copy(request->arena, settings->group_id);
    message->generation_id = joined->generation_id;
    message->member_id = kc_wire_str_copy(request->arena, joined->member_id.data);
    message->group_instance_id = kc_wire_str_copy(request->arena, settings->instance_id);
    message->protocol_type = kc_wire_str_copy(request->arena, settings->type);
    message->protocol_name = kc_wire_str_copy(request->arena, joined->protocol_name.data);
    return request;
}

/* ---- answers ---- */

/* No answer and no error: the deadline has passed. */
static struct kc_error *wait_answer(struct kc_member *member, int64_t deadline_ms,
                                    struct kc_wire_reply **reply)
{
    struct kc_error *err = NULL;
    int64_t until = member->settings.bounded ? deadline_ms : INT64_MAX;
    pthread_mutex_lock(&member->lock);
    while (!member->answered && !member->woken)
        if (!kc_cond_wait_until(&member->changed, &member->lock, until))
            break;
    if (member->answered) {
        *reply = member->answer;
        member->answer = NULL;
        member->answered = false;
        member->call_under_way = false;
    } else if (member->woken) {
        member->woken = false;
        err = kc_error_new(KC_ERR_WAKEUP, "Woken up");
    }
    member->last_poll_ms = kc_mono_ms();
    pthread_mutex_unlock(&member->lock);
    return err;
}

/* Acts on a step that isn't STEP_DONE: what follows is another join, now or after a pause. */
static struct kc_error *step_back(struct kc_member *member, enum join_step step, const char *what,
                                  int code, bool *retry)
{
    if (step == STEP_FATAL)
        return fatal(member, what, code);
    kc_info("%s failed: %s", what, kc_kafka_error_name(code));
    pthread_mutex_lock(&member->lock);
    kc_member_move(member, KC_MEMBER_UNJOINED);
    if (step == STEP_UNKNOWN)
        kc_member_mark_unknown(member, kc_kafka_error_name(code));
    if (step == STEP_RESET || step == STEP_NEW_EPOCH)
        kc_member_reset(member, step == STEP_NEW_EPOCH, kc_kafka_error_name(code));
    member->rejoin_needed = true;
    pthread_mutex_unlock(&member->lock);
    *retry = step == STEP_RETRY || step == STEP_UNKNOWN;
    return NULL;
}

static void take_name(struct kc_member *member, const char *id)
{
    char *copy = kc_strdup(id);
    pthread_mutex_lock(&member->lock);
    free(member->id);
    member->id = copy;
    pthread_mutex_unlock(&member->lock);
}

static void enter_generation(struct kc_member *member, const struct kc_join_group_response *joined)
{
    take_name(member, joined->member_id.data);
    pthread_mutex_lock(&member->lock);
    member->generation = joined->generation_id;
    pthread_mutex_unlock(&member->lock);
}

/* The member can't continue with the protocol that the group has chosen. Takes err. */
static struct kc_error *give_up(struct kc_member *member, struct kc_wire_request *sync,
                                struct kc_error *err)
{
    kc_wire_request_destroy(sync);
    pthread_mutex_lock(&member->lock);
    kc_member_move(member, KC_MEMBER_UNJOINED);
    pthread_mutex_unlock(&member->lock);
    return err;
}

static struct kc_error *on_joined(struct kc_member *member,
                                  const struct kc_join_group_response *joined, bool *retry)
{
    enum join_step step = step_of(joined->error_code);
    if (step == STEP_NAMED && joined->member_id.data)
        take_name(member, joined->member_id.data);
    if (step != STEP_DONE)
        return step_back(member, step, "JoinGroup", joined->error_code, retry);
    if (!joined->member_id.data || !joined->leader.data || !joined->protocol_name.data)
        return fatal(member, "JoinGroup", KC_KAFKA_INCONSISTENT_GROUP_PROTOCOL);
    enter_generation(member, joined);
    bool leads = strcmp(joined->member_id.data, joined->leader.data) == 0;
    kc_info("Successfully joined group with generation %d, member id %s%s", joined->generation_id,
            joined->member_id.data, leads ? ", as leader" : "");
    struct kc_wire_request *sync = make_sync(member, joined);
    struct kc_error *err = member->protocol->joined(member->opaque, joined, leads, sync);
    if (err)
        return give_up(member, sync, err);
    send(member, sync, KC_MEMBER_COMPLETING);
    return NULL;
}

static int become_stable(struct kc_member *member)
{
    pthread_mutex_lock(&member->lock);
    int generation = member->generation;
    kc_member_move(member, KC_MEMBER_STABLE);
    member->rejoin_needed = false;
    member->coordinator_unknown = false;
    free(member->rejoin_reason);
    member->rejoin_reason = kc_strdup("");
    pthread_mutex_unlock(&member->lock);
    return generation;
}

static struct kc_error *on_synced(struct kc_member *member,
                                  const struct kc_sync_group_response *synced, bool *retry)
{
    enum join_step step = step_of(synced->error_code);
    if (step != STEP_DONE)
        return step_back(member, step, "SyncGroup", synced->error_code, retry);
    struct kc_error *err = member->protocol->synced(member->opaque, synced->assignment);
    if (err) {
        kc_log_error("The group's leader sent an assignment that can't be read; joining again: %s",
                     kc_error_text(err));
        kc_error_destroy(err);
        return step_back(member, STEP_RETRY, "SyncGroup", KC_KAFKA_UNKNOWN_SERVER_ERROR, retry);
    }
    int generation = become_stable(member);
    kc_info("Successfully synced group in generation %d", generation);
    member->rejoin_requested = false;
    member->needs_prepare = true;
    member->protocol->assigned(member->opaque, generation);
    return NULL;
}

/* ---- a step ---- */

static void prepare(struct kc_member *member)
{
    pthread_mutex_lock(&member->lock);
    char *reason = kc_strdup(member->rejoin_reason);
    pthread_mutex_unlock(&member->lock);
    kc_info("Rebalance started: %s", *reason ? reason : "this worker has no assignment");
    free(reason);
    member->needs_prepare = false;
    if (member->protocol->prepare)
        member->protocol->prepare(member->opaque);
}

static struct kc_error *unreachable(struct kc_member *member, const struct kc_error *error,
                                    bool *retry)
{
    bool fatal = kc_error_code(error) == KC_ERR_WAKEUP || !kc_error_retriable(error);
    pthread_mutex_lock(&member->lock);
    kc_member_move(member, KC_MEMBER_UNJOINED);
    member->rejoin_needed = true;
    if (!fatal)
        kc_member_mark_unknown(member, kc_error_text(error));
    pthread_mutex_unlock(&member->lock);
    if (fatal)
        return kc_error_prefix(kc_error_copy(error), "Can't join %s %s", member->settings.kind,
                               member->settings.group_id);
    *retry = true;
    return NULL;
}

static enum kc_member_state state_of(struct kc_member *member)
{
    pthread_mutex_lock(&member->lock);
    enum kc_member_state state = member->state;
    pthread_mutex_unlock(&member->lock);
    return state;
}

/* Acts on the answer to the join or sync that was under way. */
static struct kc_error *take_answer(struct kc_member *member, enum kc_member_state state,
                                    const struct kc_wire_reply *reply, bool *retry)
{
    if (state != KC_MEMBER_PREPARING && state != KC_MEMBER_COMPLETING)
        return NULL; /* the member has left the group since, so the answer is void */
    if (reply->error)
        return unreachable(member, reply->error, retry);
    return state == KC_MEMBER_PREPARING ? on_joined(member, reply->message, retry)
                                        : on_synced(member, reply->message, retry);
}

struct kc_error *kc_member_join(struct kc_member *member, int64_t deadline_ms, bool *retry)
{
    struct kc_error *err = NULL;
    while (!err && !*retry && kc_member_unsettled(member)) {
        struct kc_wire_reply *reply = NULL;
        if (member->needs_prepare)
            prepare(member);
        if (!member->call_under_way)
            send_join(member);
        err = wait_answer(member, deadline_ms, &reply);
        if (err || !reply)
            return err;
        enum kc_member_state state = state_of(member);
        err = take_answer(member, state, reply, retry);
        kc_wire_reply_unref(reply);
        /* An assignment that failed is the user's to look at first. */
        if (!err && state == KC_MEMBER_COMPLETING && state_of(member) == KC_MEMBER_STABLE)
            break;
    }
    return err;
}
