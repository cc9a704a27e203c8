/* SPDX-License-Identifier: Apache-2.0 */
/* Mirror groups as JSON: see link_view_priv.h. */
#include "link/link_view_priv.h"

#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Resource");

/* What a member has still to read on the target, from where the group stands. */
static int64_t lag_of(const struct link_group_offset *offset)
{
    int64_t at = offset->target_offset;
    if (at < 0)
        at = offset->translated;
    if (at < 0 || offset->target_end < 0)
        return -1;
    return offset->target_end > at ? offset->target_end - at : 0;
}

static json_t *view_offsets(const struct link_group_look *look)
{
    json_t *list = json_array();
    for (size_t i = 0; look && i < look->count; i++) {
        const struct link_group_offset *offset = &look->offsets[i];
        json_array_append_new(
            list, json_pack("{s:s, s:i, s:o, s:o, s:o, s:b}", "topic", offset->topic, "partition",
                            (int)offset->partition, "source_offset",
                            link_view_number(offset->source_offset), "target_offset",
                            link_view_number(offset->target_offset), "lag",
                            link_view_number(lag_of(offset)), "mirrored", (int)offset->mirrored));
    }
    return list;
}

json_t *link_view_group(const struct link_mirror_group *mirror, const struct link_group_look *look,
                        const struct link_outcome *blockers)
{
    const struct kc_link_group *state = &mirror->state;
    const struct kc_link_group_order *order = &mirror->order;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:s, s:o, s:o, s:o, s:o, s:{s:s, s:s, s:b, s:I, s:b, s:b}}",
        "group_id", mirror->name, "source_group_id", order->source_group, "group_status",
        kc_link_group_state_name(state->state), "reason", state->reason ? state->reason : "",
        "state_time_ms", (json_int_t)state->since_ms, "protocol",
        state->consumer ? "consumer" : "classic", "source_members",
        link_view_number(look ? look->source_members : -1), "target_members",
        link_view_number(look ? look->target_members : -1), "blockers",
        blockers ? link_view_blockers(blockers) : json_array(), "offsets", view_offsets(look),
        "order", "wish", kc_link_group_wish_name(order->wish), "by", order->by ? order->by : "",
        "force", (int)order->force, "since_ms", (json_int_t)order->since_ms, "automatic",
        (int)order->automatic, "followed", (int)mirror->followed);
}

void link_mirror_groups_load(struct link_control *control, struct link_mirror_groups *groups)
{
    struct kc_strings names = {0};
    link_store_names(control->store, KC_LINK_GROUP_ORDER, &names);
    groups->items = kc_calloc(names.count + 1, sizeof(*groups->items));
    for (size_t i = 0; i < names.count; i++) {
        struct kc_error *err = link_mirror_group_load(
            control->store, control->config->name, names.items[i], &groups->items[groups->count]);
        if (err && kc_error_code(err) != KC_ERR_NOT_FOUND)
            kc_warn("Link %s: %s", control->config->name, kc_error_text(err));
        else if (!err)
            groups->count++;
        kc_error_destroy(err);
    }
    kc_strings_destroy(&names);
}

void link_mirror_groups_clear(struct link_mirror_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        link_mirror_group_clear(&groups->items[i]);
    free(groups->items);
    *groups = (struct link_mirror_groups){0};
}
