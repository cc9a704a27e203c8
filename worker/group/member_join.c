/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining a Connect group: JoinGroup, the leader's assignment, SyncGroup, and what the member makes
 * of its assignment. On the user's thread; a wake-up leaves the request under way and the next call
 * takes up its answer.
 */
#include "group/member_state_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.WorkerCoordinator");

enum { JOIN_LAPSE_MS = 5000 };

/* What an answer's error code asks for. */
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

static struct kc_error *fatal(const struct kc_coordinator *coordinator, const char *what, int code)
{
    return kc_error_kafka_new(code, false, "%s of Connect group %s failed: %s. %s", what,
                              coordinator->settings.group_id, kc_kafka_error_name(code),
                              code == KC_KAFKA_GROUP_AUTHORIZATION_FAILED
                                  ? "Give the worker's principal READ on the group"
                                  : "Check group.id, session.timeout.ms and connect.protocol, and "
                                    "that no consumer group has this name");
}

/* ---- requests ---- */

static void on_answer(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct kc_coordinator *coordinator = arg;
    pthread_mutex_lock(&coordinator->lock);
    coordinator->answer = reply;
    coordinator->answered = true;
    pthread_cond_broadcast(&coordinator->changed);
    pthread_mutex_unlock(&coordinator->lock);
}

static void send(struct kc_coordinator *coordinator, struct kc_wire_request *request,
                 enum kc_member_state state)
{
    pthread_mutex_lock(&coordinator->lock);
    coordinator->state = state;
    coordinator->answered = false;
    int64_t now = kc_mono_ms(); /* of a generation that begins: all is well so far */
    coordinator->last_answer_ms = coordinator->last_heartbeat_ms = coordinator->last_poll_ms = now;
    pthread_cond_broadcast(&coordinator->changed);
    pthread_mutex_unlock(&coordinator->lock);
    coordinator->call_under_way = true;
    kc_wire_send(coordinator->client, request, on_answer, coordinator);
}

static struct kc_wire_bytes dup_bytes(struct kc_wire_request *request, const struct kc_str *bytes)
{
    return kc_wire_bytes(kc_arena_dup(request->arena, bytes->data, bytes->len), bytes->len);
}

static void add_protocols(const struct kc_coordinator *coordinator, struct kc_wire_request *request,
                          struct kc_join_group_request *message)
{
    int highest = coordinator->settings.protocol;
    const struct kc_assignment *allocation =
        coordinator->has_assignment ? &coordinator->assignment : NULL;
    KC_WIRE_LIST_NEW(request->arena, &message->protocols, kc_join_group_request_protocol,
                     highest + 1);
    for (int i = 0; i <= highest; i++) {
        int version = highest - i; /* the preferred one first */
        struct kc_str blob = {0};
        kc_worker_state_encode(&blob, version, coordinator->settings.rest_url, coordinator->offset,
                               allocation);
        message->protocols.items[i].name =
            kc_wire_str_copy(request->arena, kc_protocol_name(version));
        message->protocols.items[i].metadata = dup_bytes(request, &blob);
        kc_str_destroy(&blob);
    }
}

static int join_timeout(const struct kc_coordinator_settings *settings)
{
    int64_t timeout = (int64_t)settings->rebalance_timeout_ms + JOIN_LAPSE_MS;
    if (timeout < settings->request_timeout_ms)
        timeout = settings->request_timeout_ms;
    return timeout < INT32_MAX ? (int)timeout : INT32_MAX;
}

static void send_join(struct kc_coordinator *coordinator)
{
    const struct kc_coordinator_settings *settings = &coordinator->settings;
    struct kc_wire_request *request =
        kc_coordinator_request(coordinator, KC_API_JOIN_GROUP, KC_WIRE_CHANNEL_GROUP);
    struct kc_join_group_request *message = request->message;
    kc_work_clear(&coordinator->configured);
    coordinator->listener->configured(coordinator->opaque, &coordinator->configured,
                                      &coordinator->offset);
    request->timeout_ms = join_timeout(settings);
    message->group_id = kc_wire_str_copy(request->arena, settings->group_id);
    message->session_timeout_ms = settings->session_timeout_ms;
    message->rebalance_timeout_ms = settings->rebalance_timeout_ms;
    message->protocol_type = kc_wire_str("connect");
    add_protocols(coordinator, request, message);
    pthread_mutex_lock(&coordinator->lock);
    message->member_id = kc_wire_str_copy(request->arena, coordinator->member_id);
    message->reason = kc_wire_str_copy(request->arena, coordinator->rejoin_reason);
    pthread_mutex_unlock(&coordinator->lock);
    kc_info("(Re-)joining group");
    send(coordinator, request, KC_MEMBER_PREPARING);
}

static struct kc_wire_request *make_sync(struct kc_coordinator *coordinator,
                                         const struct kc_join_group_response *joined)
{
    struct kc_wire_request *request =
        kc_coordinator_request(coordinator, KC_API_SYNC_GROUP, KC_WIRE_CHANNEL_GROUP);
    struct kc_sync_group_request *message = request->message;
    request->timeout_ms = join_timeout(&coordinator->settings);
    message->group_id = kc_wire_str_copy(request->arena, coordinator->settings.group_id);
    message->generation_id = joined->generation_id;
    message->member_id = kc_wire_str_copy(request->arena, joined->member_id.data);
    message->protocol_type = kc_wire_str("connect");
    message->protocol_name = kc_wire_str_copy(request->arena, joined->protocol_name.data);
    return request;
}

/* ---- the leader ---- */

/* Reads what the members say of themselves, and returns the highest config offset. Who can't be
 * read is no worker that could run anything: it isn't in the round, and gets nothing to do. */
static int64_t read_members(struct kc_round *round, const struct kc_join_group_response *joined)
{
    int64_t highest = -1;
    size_t count = joined->members.count > 0 ? (size_t)joined->members.count : 0;
    round->members = kc_calloc(count, sizeof(*round->members));
    for (size_t i = 0; i < count; i++) {
        const struct kc_join_group_response_member *from = &joined->members.items[i];
        struct kc_worker_state state;
        struct kc_error *err = kc_worker_state_decode(
            from->metadata.data, from->metadata.len > 0 ? (size_t)from->metadata.len : 0, &state);
        if (err) {
            kc_warn("Member %s of the group is given no work: %s. See whether it is a Connect "
                    "worker, and of which version",
                    from->member_id.data, kc_error_text(err));
            kc_error_destroy(err);
            continue;
        }
        struct kc_round_member *member = &round->members[round->count++];
        member->id = kc_strdup(from->member_id.data);
        if (state.offset > highest)
            highest = state.offset;
        member->url = kc_strdup(state.url);
        kc_work_copy(&member->owned, &state.allocation.work);
        kc_worker_state_clear(&state);
    }
    return highest;
}

/* The picture of the join, or a newer one, must be as new as the newest member's. */
static bool catch_up(struct kc_coordinator *coordinator, int64_t highest)
{
    if (coordinator->offset >= highest)
        return true;
    kc_work_clear(&coordinator->configured);
    coordinator->listener->configured(coordinator->opaque, &coordinator->configured,
                                      &coordinator->offset);
    return coordinator->offset >= highest;
}

static const struct kc_round_member *find_member(const struct kc_round *round, const char *id)
{
    for (size_t i = 0; i < round->count; i++)
        if (strcmp(round->members[i].id, id) == 0)
            return &round->members[i];
    return NULL;
}

/* One answer for each that has joined: who isn't in the round gets an empty one. */
static void add_assignments(const struct kc_round *round, const struct kc_assignment *common,
                            int version, const struct kc_join_group_response *joined,
                            struct kc_wire_request *sync)
{
    struct kc_sync_group_request *message = sync->message;
    KC_WIRE_LIST_NEW(sync->arena, &message->assignments, kc_sync_group_request_assignment,
                     joined->members.count);
    for (int32_t i = 0; i < joined->members.count; i++) {
        const char *id = joined->members.items[i].member_id.data;
        const struct kc_round_member *member = find_member(round, id);
        struct kc_assignment assignment = *common;
        struct kc_str blob = {0};
        if (member) {
            assignment.work = member->assigned;
            assignment.revoked = member->revoked;
        }
        kc_assignment_encode(&blob, version, &assignment);
        message->assignments.items[i].member_id = kc_wire_str_copy(sync->arena, id);
        message->assignments.items[i].assignment = dup_bytes(sync, &blob);
        kc_str_destroy(&blob);
    }
}

struct kc_error *kc_coordinator_assign(struct kc_coordinator *coordinator,
                                       const struct kc_join_group_response *joined,
                                       struct kc_wire_request *sync)
{
    struct kc_round *round = &coordinator->leading;
    int version = kc_protocol_version(joined->protocol_name.data);
    if (version < 0)
        return fatal(coordinator, "JoinGroup", KC_KAFKA_INCONSISTENT_GROUP_PROTOCOL);
    kc_round_clear(round);
    int64_t highest = read_members(round, joined);
    round->configured = &coordinator->configured;
    round->last_completed_generation = coordinator->last_completed_generation;
    round->generation = joined->generation_id;
    round->now_ms = kc_mono_ms();
    round->delay_ms = 0;
    const struct kc_round_member *self = find_member(round, joined->leader.data);
    struct kc_assignment common = {
        .leader = (char *)joined->leader.data,
        .leader_url = self ? self->url : (char *)"",
    };
    if (!catch_up(coordinator, highest)) {
        kc_info("Was selected to perform assignments, but do not have latest config found in sync "
                "request. Returning an empty configuration to trigger re-sync.");
        common.error = KC_ASSIGNMENT_CONFIG_MISMATCH;
        common.offset = highest;
    } else {
        if (version == KC_PROTOCOL_EAGER)
            kc_assign_eagerly(round);
        else
            kc_assignor_assign(coordinator->assignor, round);
        common.offset = coordinator->offset;
        common.delay_ms = round->delay_ms;
    }
    add_assignments(round, &common, version, joined, sync);
    return NULL;
}

/* ---- answers ---- */

static struct kc_error *wait_answer(struct kc_coordinator *coordinator,
                                    struct kc_wire_reply **reply)
{
    struct kc_error *err = NULL;
    pthread_mutex_lock(&coordinator->lock);
    while (!coordinator->answered && !coordinator->woken)
        pthread_cond_wait(&coordinator->changed, &coordinator->lock);
    if (coordinator->answered) {
        *reply = coordinator->answer;
        coordinator->answer = NULL;
        coordinator->answered = false;
        coordinator->call_under_way = false;
    } else {
        coordinator->woken = false;
        err = kc_error_new(KC_ERR_WAKEUP, "Woken up");
    }
    coordinator->last_poll_ms = kc_mono_ms();
    pthread_mutex_unlock(&coordinator->lock);
    return err;
}

/* Acts on a step that isn't STEP_DONE: what follows is another join, now or after a pause. */
static struct kc_error *step_back(struct kc_coordinator *coordinator, enum join_step step,
                                  const char *what, int code, bool *retry)
{
    if (step == STEP_FATAL)
        return fatal(coordinator, what, code);
    kc_info("%s failed: %s", what, kc_kafka_error_name(code));
    pthread_mutex_lock(&coordinator->lock);
    coordinator->state = KC_MEMBER_UNJOINED;
    if (step == STEP_UNKNOWN)
        kc_coordinator_mark_unknown(coordinator, kc_kafka_error_name(code));
    if (step == STEP_RESET || step == STEP_NEW_EPOCH)
        kc_coordinator_reset(coordinator, step == STEP_NEW_EPOCH, kc_kafka_error_name(code));
    coordinator->rejoin_needed = true;
    pthread_mutex_unlock(&coordinator->lock);
    *retry = step == STEP_RETRY || step == STEP_UNKNOWN;
    return NULL;
}

static void enter_generation(struct kc_coordinator *coordinator,
                             const struct kc_join_group_response *joined)
{
    pthread_mutex_lock(&coordinator->lock);
    char *id = kc_strdup(joined->member_id.data);
    free(coordinator->member_id);
    coordinator->member_id = id;
    coordinator->generation = joined->generation_id;
    pthread_mutex_unlock(&coordinator->lock);
}

static void take_name(struct kc_coordinator *coordinator, const char *member_id)
{
    pthread_mutex_lock(&coordinator->lock);
    char *id = kc_strdup(member_id);
    free(coordinator->member_id);
    coordinator->member_id = id;
    pthread_mutex_unlock(&coordinator->lock);
}

/* The group has become eager while this member kept its work for the join: what it doesn't get
 * again, others start once the leader has synced. (Java's workers go on with it.) */
static void give_up_for_eager(struct kc_coordinator *coordinator)
{
    if (coordinator->protocol == KC_PROTOCOL_EAGER || !coordinator->has_assignment)
        return;
    struct kc_work kept = coordinator->assignment.work;
    coordinator->assignment.work = (struct kc_work){0};
    if (!kc_work_empty(&kept))
        coordinator->listener->revoked(coordinator->opaque, &kept);
    kc_work_clear(&kept);
}

static struct kc_error *on_joined(struct kc_coordinator *coordinator,
                                  const struct kc_join_group_response *joined, bool *retry)
{
    enum join_step step = step_of(joined->error_code);
    if (step == STEP_NAMED && joined->member_id.data)
        take_name(coordinator, joined->member_id.data);
    if (step != STEP_DONE)
        return step_back(coordinator, step, "JoinGroup", joined->error_code, retry);
    if (!joined->member_id.data || !joined->leader.data || !joined->protocol_name.data)
        return fatal(coordinator, "JoinGroup", KC_KAFKA_INCONSISTENT_GROUP_PROTOCOL);
    enter_generation(coordinator, joined);
    bool leads = strcmp(joined->member_id.data, joined->leader.data) == 0;
    kc_info("Successfully joined group with generation %d, member id %s%s", joined->generation_id,
            joined->member_id.data, leads ? ", as leader" : "");
    int protocol = kc_protocol_version(joined->protocol_name.data);
    if (protocol < 0)
        return fatal(coordinator, "JoinGroup", KC_KAFKA_INCONSISTENT_GROUP_PROTOCOL);
    if (protocol == KC_PROTOCOL_EAGER)
        give_up_for_eager(coordinator);
    struct kc_wire_request *sync = make_sync(coordinator, joined);
    struct kc_error *err = leads ? kc_coordinator_assign(coordinator, joined, sync) : NULL;
    if (err) {
        kc_wire_request_destroy(sync);
        return err;
    }
    coordinator->joined_protocol = protocol;
    send(coordinator, sync, KC_MEMBER_COMPLETING);
    return NULL;
}

/* onJoinComplete: what is revoked stops first; then old and new work together are the assignment.
 */
static void take_assignment(struct kc_coordinator *coordinator, struct kc_assignment *fresh,
                            int generation)
{
    coordinator->protocol = coordinator->joined_protocol;
    coordinator->rejoin_requested = false;
    coordinator->needs_prepare = true;
    if (coordinator->protocol != KC_PROTOCOL_EAGER) {
        if (!kc_work_empty(&fresh->revoked))
            coordinator->listener->revoked(coordinator->opaque, &fresh->revoked);
        if (coordinator->has_assignment) {
            kc_work_remove_all(&coordinator->assignment.work, &fresh->revoked);
            kc_work_add_all(&fresh->work, &coordinator->assignment.work);
        }
    }
    kc_assignment_clear(&coordinator->assignment);
    coordinator->assignment = *fresh;
    *fresh = (struct kc_assignment){0};
    coordinator->has_assignment = true;
    coordinator->last_completed_generation = generation;
    coordinator->listener->assigned(coordinator->opaque, &coordinator->assignment, generation);
}

static int become_stable(struct kc_coordinator *coordinator)
{
    pthread_mutex_lock(&coordinator->lock);
    int generation = coordinator->generation;
    coordinator->state = KC_MEMBER_STABLE;
    coordinator->rejoin_needed = false;
    coordinator->coordinator_unknown = false;
    free(coordinator->rejoin_reason);
    coordinator->rejoin_reason = kc_strdup("");
    pthread_mutex_unlock(&coordinator->lock);
    return generation;
}

static struct kc_error *on_synced(struct kc_coordinator *coordinator,
                                  const struct kc_sync_group_response *synced, bool *retry)
{
    enum join_step step = step_of(synced->error_code);
    if (step != STEP_DONE)
        return step_back(coordinator, step, "SyncGroup", synced->error_code, retry);
    struct kc_assignment fresh;
    struct kc_error *err = kc_assignment_decode(
        synced->assignment.data, synced->assignment.len > 0 ? (size_t)synced->assignment.len : 0,
        &fresh);
    if (err) {
        kc_log_error("The group's leader sent an assignment that can't be read; joining again: %s",
                     kc_error_text(err));
        kc_error_destroy(err);
        return step_back(coordinator, STEP_RETRY, "SyncGroup", KC_KAFKA_UNKNOWN_SERVER_ERROR,
                         retry);
    }
    int generation = become_stable(coordinator);
    kc_info("Successfully synced group in generation %d", generation);
    take_assignment(coordinator, &fresh, generation);
    kc_assignment_clear(&fresh);
    return NULL;
}

/* ---- a step ---- */

static void prepare(struct kc_coordinator *coordinator)
{
    pthread_mutex_lock(&coordinator->lock);
    char *reason = kc_strdup(coordinator->rejoin_reason);
    pthread_mutex_unlock(&coordinator->lock);
    kc_info("Rebalance started: %s", *reason ? reason : "this worker has no assignment");
    free(reason);
    coordinator->needs_prepare = false;
    kc_round_clear(&coordinator->leading);
    if (coordinator->protocol != KC_PROTOCOL_EAGER || !coordinator->has_assignment ||
        coordinator->assignment.error != KC_ASSIGNMENT_OK)
        return;
    coordinator->listener->revoked(coordinator->opaque, &coordinator->assignment.work);
}

static struct kc_error *unreachable(struct kc_coordinator *coordinator,
                                    const struct kc_error *error, bool *retry)
{
    if (kc_error_code(error) == KC_ERR_WAKEUP || !kc_error_retriable(error))
        return kc_error_prefix(kc_error_copy(error), "Can't join Connect group %s",
                               coordinator->settings.group_id);
    pthread_mutex_lock(&coordinator->lock);
    coordinator->state = KC_MEMBER_UNJOINED;
    coordinator->rejoin_needed = true;
    kc_coordinator_mark_unknown(coordinator, kc_error_text(error));
    pthread_mutex_unlock(&coordinator->lock);
    *retry = true;
    return NULL;
}

static enum kc_member_state state_of(struct kc_coordinator *coordinator)
{
    pthread_mutex_lock(&coordinator->lock);
    enum kc_member_state state = coordinator->state;
    pthread_mutex_unlock(&coordinator->lock);
    return state;
}

struct kc_error *kc_coordinator_join(struct kc_coordinator *coordinator, bool *retry)
{
    struct kc_error *err = NULL;
    while (!err && !*retry && kc_coordinator_rejoin_pending(coordinator)) {
        struct kc_wire_reply *reply = NULL;
        if (coordinator->needs_prepare)
            prepare(coordinator);
        if (!coordinator->call_under_way)
            send_join(coordinator);
        err = wait_answer(coordinator, &reply);
        if (err || !reply)
            return err;
        enum kc_member_state state = state_of(coordinator);
        if (state != KC_MEMBER_PREPARING && state != KC_MEMBER_COMPLETING)
            ; /* the group was left meanwhile: the answer is void */
        else if (reply->error)
            err = unreachable(coordinator, reply->error, retry);
        else if (state == KC_MEMBER_PREPARING)
            err = on_joined(coordinator, reply->message, retry);
        else
            err = on_synced(coordinator, reply->message, retry);
        kc_wire_reply_unref(reply);
        /* An assignment that failed is the user's to look at first. */
        if (!err && state == KC_MEMBER_COMPLETING && state_of(coordinator) == KC_MEMBER_STABLE)
            break;
    }
    return err;
}
