/* SPDX-License-Identifier: Apache-2.0 */
/* Membership in a Connect group: worker/group's coordinator behind the border of membership_priv.h.
 */
#include "group/connect_member.h"
#include "group/connect_protocol.h"
#include "herder/membership_priv.h"

#include <stdlib.h>
#include <strings.h>

struct membership_group {
    struct kc_membership member;
    const struct kc_membership_listener *listener;
    void *opaque;
    struct kc_connect_member *inner;
};

static const struct membership_group *of_const(const struct kc_membership *member)
{
    return (const struct membership_group *)member;
}

static struct kc_connect_member *of(struct kc_membership *member)
{
    return ((struct membership_group *)member)->inner;
}

/* ---- the member's listener ---- */

static void configured(void *opaque, struct kc_work *work, struct kc_work *native, int64_t *offset)
{
    struct membership_group *group = opaque;
    struct kc_cluster_state *state = group->listener->snapshot(group->opaque);
    const struct kc_strings *connectors = kc_cluster_state_connectors(state);
    *offset = kc_cluster_state_offset(state);
    for (size_t i = 0; i < connectors->count; i++) {
        const char *connector = connectors->items[i];
        struct kc_work one = {0};
        kc_work_add_connector(&one, connector);
        int count = kc_cluster_state_task_count(state, connector);
        for (int task = 0; task < count; task++)
            kc_work_add_task(&one, connector, task);
        kc_work_add_all(work, &one);
        if (group->listener->is_native(group->opaque, kc_cluster_state_config(state, connector)))
            kc_work_add_all(native, &one);
        kc_work_clear(&one);
    }
    kc_work_sort(work);
    kc_work_sort(native);
    kc_cluster_state_unref(state);
}

static void assigned(void *opaque, const struct kc_assignment *assignment, int generation)
{
    struct membership_group *group = opaque;
    group->listener->assigned(group->opaque, assignment, generation);
}

static void revoked(void *opaque, const struct kc_work *work)
{
    struct membership_group *group = opaque;
    group->listener->revoked(group->opaque, work);
}

static void poll_timeout(void *opaque)
{
    struct membership_group *group = opaque;
    group->listener->poll_timeout(group->opaque);
}

static const struct kc_connect_member_listener member_listener = {
    .configured = configured,
    .assigned = assigned,
    .revoked = revoked,
    .poll_timeout = poll_timeout,
};

/* ---- the membership ---- */

static struct kc_error *ensure_active(struct kc_membership *member)
{
    return kc_connect_member_poll(of(member), 0);
}

static struct kc_error *poll(struct kc_membership *member, int64_t timeout_ms)
{
    return kc_connect_member_poll(of(member), timeout_ms);
}

static void wakeup(struct kc_membership *member)
{
    kc_connect_member_wakeup(of(member));
}

static void request_rejoin(struct kc_membership *member, const char *reason)
{
    kc_connect_member_rejoin(of(member), reason);
}

static void leave(struct kc_membership *member, const char *reason)
{
    kc_connect_member_leave(of(member), reason);
}

static void revoke(struct kc_membership *member, const struct kc_work *work)
{
    kc_connect_member_revoke(of(member), work);
}

static int protocol_version(const struct kc_membership *member)
{
    return kc_connect_member_protocol(of_const(member)->inner);
}

static const char *id(const struct kc_membership *member)
{
    return kc_connect_member_id(of_const(member)->inner);
}

static char *owner_url(const struct kc_membership *member, const char *connector, int task)
{
    return kc_connect_member_owner_url(of_const(member)->inner, connector, task);
}

static bool confirmed(struct kc_membership *member, int64_t since_ms)
{
    return kc_connect_member_confirmed(of(member), since_ms);
}

static void destroy(struct kc_membership *member)
{
    kc_connect_member_destroy(of(member));
    free(member);
}

static const struct kc_membership_ops ops = {
    .ensure_active = ensure_active,
    .poll = poll,
    .wakeup = wakeup,
    .request_rejoin = request_rejoin,
    .leave = leave,
    .revoke = revoke,
    .protocol_version = protocol_version,
    .id = id,
    .owner_url = owner_url,
    .confirmed = confirmed,
    .destroy = destroy,
};

static int offered_protocol(const struct kc_config *values)
{
    const char *name = kc_config_string(values, "connect.protocol");
    if (strcasecmp(name, "eager") == 0)
        return KC_PROTOCOL_EAGER;
    return strcasecmp(name, "compatible") == 0 ? KC_PROTOCOL_COMPATIBLE : KC_PROTOCOL_SESSIONED;
}

struct kc_error *kc_membership_group_new(const struct kc_worker_config *config,
                                         const char *worker_id, const char *rest_url,
                                         const struct kc_membership_listener *listener,
                                         void *opaque, struct kc_membership **member)
{
    const struct kc_config *values = config->values;
    const char *own_id = kc_config_string(values, "client.id");
    struct kc_map *client = kc_map_copy(config->originals);
    if (own_id && *own_id)
        kc_map_set(client, "client.id", own_id);
    else
        kc_map_setf(client, "client.id", "connect-%s", worker_id);
    struct kc_connect_member_settings settings = {
        .client = client,
        .group_id = kc_config_string(values, "group.id"),
        .rest_url = rest_url,
        .protocol = offered_protocol(values),
        .session_timeout_ms = (int)kc_config_long(values, "session.timeout.ms"),
        .rebalance_timeout_ms = (int)kc_config_long(values, "rebalance.timeout.ms"),
        .heartbeat_interval_ms = (int)kc_config_long(values, "heartbeat.interval.ms"),
        .request_timeout_ms = (int)kc_config_long(values, "request.timeout.ms"),
        .retry_backoff_ms = (int)kc_config_long(values, "retry.backoff.ms"),
        .max_delay_ms = (int)kc_config_long(values, "scheduled.rebalance.max.delay.ms"),
    };
    struct membership_group *group = kc_calloc(1, sizeof(*group));
    group->member.ops = &ops;
    group->listener = listener;
    group->opaque = opaque;
    struct kc_error *err = kc_connect_member_new(&settings, &member_listener, group, &group->inner);
    kc_map_destroy(client);
    if (err)
        free(group);
    else
        *member = &group->member;
    return err;
}
