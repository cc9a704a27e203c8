/* SPDX-License-Identifier: Apache-2.0 */
/* What speaks against promoting groups: see link_blockers_priv.h. */
#include "link/link_blockers_priv.h"
#include "link/link_group_look_priv.h"

#include <stdlib.h>

/* What a promotion takes, by the goals that the groups of both protocols are held to. */
enum { CLASSIC_MS = 2000, CONSUMER_MS = 6000 };

static void block_reach(struct link_outcome *outcome, const struct link_mirror_group *mirror,
                        const struct link_group_looks *looks)
{
    if (looks->source_error)
        link_outcome_block(outcome, "SOURCE_UNREACHABLE", false,
                           "The source cluster can't be reached, so that the final offsets of "
                           "group %s aren't known (%s). Wait until it is back, or release the "
                           "group: it then goes on from the offsets that were brought over last",
                           mirror->order.source_group, looks->source_error);
    if (looks->target_error)
        link_outcome_block(outcome, "TARGET_UNREACHABLE", false,
                           "The target cluster can't be reached (%s). Try again when it is back",
                           looks->target_error);
}

static void block_members(struct link_outcome *outcome, const struct link_mirror_group *mirror,
                          const struct link_group_look *look, const struct link_request *request)
{
    if (look->source_members > 0)
        link_outcome_block(outcome, "SOURCE_MEMBERS", request->force,
                           "Group %s has %lld members at the source, which go on reading there: "
                           "each record would be read on both sides. Move them to the target "
                           "first, or use force",
                           mirror->order.source_group, (long long)look->source_members);
    if (look->target_members == 0)
        link_outcome_block(outcome, "NO_TARGET_MEMBERS", true,
                           "Group %s has no member on the target that waits. After the promotion "
                           "nobody reads until one joins",
                           mirror->name);
}

/* The first of a kind is named, the others are counted. */
static void block_offsets(struct link_outcome *outcome, const struct link_mirror_group *mirror,
                          const struct link_group_look *look)
{
    const struct link_group_offset *behind = NULL, *strange = NULL;
    size_t behind_count = 0, strange_count = 0;
    for (size_t i = 0; i < look->count; i++) {
        const struct link_group_offset *offset = &look->offsets[i];
        if (!offset->mirrored) {
            strange = strange_count++ ? strange : offset;
        } else if (offset->ahead) {
            behind = behind_count++ ? behind : offset;
        }
    }
    if (behind)
        link_outcome_block(outcome, "MIRROR_BEHIND", false,
                           "The mirror hasn't come to what group %s has read: %s-%d is at %lld, "
                           "the group at %lld (%zu partitions in all). Wait until it has caught up",
                           mirror->name, behind->topic, behind->partition,
                           (long long)behind->target_end, (long long)behind->source_offset,
                           behind_count);
    if (strange)
        link_outcome_block(outcome, "TOPIC_NOT_MIRRORED", true,
                           "Group %s has read %s, too, which the link doesn't mirror: its offsets "
                           "there stay behind (%zu partitions in all). Mirror the topic, or leave "
                           "it",
                           mirror->order.source_group, strange->topic, strange_count);
}

void link_block_group_promotions(struct link_control *control,
                                 const struct link_mirror_group *mirrors,
                                 struct link_outcome *outcomes, size_t count,
                                 const struct link_request *request)
{
    struct link_group_looks looks;
    link_group_looks_make(control, mirrors, count, &looks);
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i].status)
            continue;
        block_reach(&outcomes[i], &mirrors[i], &looks);
        block_members(&outcomes[i], &mirrors[i], &looks.items[i], request);
        block_offsets(&outcomes[i], &mirrors[i], &looks.items[i]);
        outcomes[i].predicted_ms = mirrors[i].state.consumer ? CONSUMER_MS : CLASSIC_MS;
    }
    link_group_looks_clear(&looks);
}
