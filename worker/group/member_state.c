/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a group's member, and what its other files share: the moves, the requests to the
 * coordinator, leaving. Runs under the member's lock, so it logs nothing and calls nobody.
 */
#include "connect/log.h"
#include "group/member_state_priv.h"

#include <assert.h>
#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.WorkerCoordinator");

/* ---- life ---- */

struct kc_member *kc_member_ref(struct kc_member *member)
{
    atomic_fetch_add(&member->refs, 1);
    return member;
}

static void free_settings(struct kc_member_settings *settings)
{
    free((char *)settings->group_id);
    free((char *)settings->instance_id);
    free((char *)settings->type);
    free((char *)settings->kind);
    free((char *)settings->advice);
}

void kc_member_unref(struct kc_member *member)
{
    if (atomic_fetch_sub(&member->refs, 1) != 1)
        return;
    kc_wire_reply_unref(member->answer);
    kc_error_destroy(member->fatal);
    pthread_mutex_destroy(&member->lock);
    pthread_cond_destroy(&member->changed);
    free(member->id);
    free(member->rejoin_reason);
    free(member->unknown_reason);
    free_settings(&member->settings);
    free(member);
}

/* ---- states ---- */

#define TO(state) (1u << KC_MEMBER_##state)
static const unsigned moves[] = {
    [KC_MEMBER_UNJOINED] = TO(UNJOINED) | TO(PREPARING),
    [KC_MEMBER_PREPARING] = TO(UNJOINED) | TO(COMPLETING),
    [KC_MEMBER_COMPLETING] = TO(UNJOINED) | TO(STABLE),
    [KC_MEMBER_STABLE] = TO(UNJOINED) | TO(PREPARING),
};

void kc_member_move(struct kc_member *member, enum kc_member_state state)
{
    assert(moves[member->state] & (1u << state));
    member->state = state;
    pthread_cond_broadcast(&member->changed);
    kc_heartbeats_stir(member->settings.heartbeats);
}

void kc_member_need_rejoin(struct kc_member *member, const char *reason)
{
    member->rejoin_needed = true;
    char *copy = kc_strdup(reason);
    free(member->rejoin_reason);
    member->rejoin_reason = copy;
    pthread_cond_broadcast(&member->changed);
}

void kc_member_reset(struct kc_member *member, bool keep_id, const char *reason)
{
    kc_member_move(member, KC_MEMBER_UNJOINED);
    member->generation = -1;
    if (!keep_id) {
        free(member->id);
        member->id = kc_strdup("");
    }
    kc_member_need_rejoin(member, reason);
}

void kc_member_mark_unknown(struct kc_member *member, const char *why)
{
    if (!member->coordinator_unknown) {
        char *copy = kc_strdup(why);
        free(member->unknown_reason);
        member->unknown_reason = copy;
    }
    member->coordinator_unknown = true;
    kc_wire_forget_coordinator(member->settings.client, KC_WIRE_GROUP, member->settings.group_id);
    pthread_cond_broadcast(&member->changed);
}

/* Takes the lock. */
bool kc_member_unsettled(struct kc_member *member)
{
    pthread_mutex_lock(&member->lock);
    bool pending = member->rejoin_needed;
    pthread_mutex_unlock(&member->lock);
    return pending || member->call_under_way || member->rejoin_requested ||
           !member->protocol->settled(member->opaque);
}

/* ---- requests ---- */

struct kc_wire_request *kc_member_request(const struct kc_member *member, enum kc_api api,
                                          int channel)
{
    struct kc_wire_request *request = kc_wire_request_new(api);
    request->target.kind = KC_WIRE_GROUP;
    request->target.key = kc_arena_strdup(request->arena, member->settings.group_id);
    request->channel = channel;
    return request;
}

/* Before version 3 a request names one member, and no static one. */
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
    message->members.items[0] = *from;
    if (version < 5)
        message->members.items[0].reason = kc_wire_str(NULL);
}

struct kc_wire_request *kc_member_make_leave(const struct kc_member *member, const char *reason)
{
    struct kc_wire_request *request =
        kc_member_request(member, KC_API_LEAVE_GROUP, KC_WIRE_CHANNEL_MAIN);
    struct kc_leave_group_request *message = request->message;
    struct kc_leave_group_request_member *leaving =
        kc_wire_new(request->arena, &kc_leave_group_request_member_type);
    message->group_id = kc_wire_str_copy(request->arena, member->settings.group_id);
    leaving->member_id = kc_wire_str_copy(request->arena, member->id);
    leaving->group_instance_id = kc_wire_str_copy(request->arena, member->settings.instance_id);
    leaving->reason = kc_wire_str_copy(request->arena, reason);
    request->prepare = prepare_leave;
    request->prepare_arg = leaving;
    return request;
}

static void on_left(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    const struct kc_leave_group_response *message = reply->message;
    kc_info("Left the group: %s",
            message ? kc_kafka_error_name(message->error_code) : kc_error_text(reply->error));
    kc_wire_reply_unref(reply);
}

void kc_member_send_leave(struct kc_member *member, const char *reason)
{
    if (*member->id)
        kc_wire_send(member->settings.client, kc_member_make_leave(member, reason), on_left, NULL);
    kc_member_reset(member, false, reason);
}
