/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How mirror groups are now, on both sides: members and committed offsets. Any thread.
 */
#ifndef CONNECTORS_LINK_LINK_GROUP_LOOK_PRIV_H
#define CONNECTORS_LINK_LINK_GROUP_LOOK_PRIV_H

#include "link/link_control_priv.h"
#include "link/link_live_priv.h"
#include "link/link_mirror_priv.h"

/* A committed offset; -1: there is none, or it isn't known. */
struct link_group_offset {
    char *topic; /* on the target; the source's name, where the link doesn't mirror it */
    int32_t partition;
    int64_t source_offset;
    int64_t target_offset;
    int64_t target_end; /* of the mirror topic */
    bool mirrored;
    int64_t translated; /* source_offset as an offset of the mirror topic */
    bool ahead;         /* source_offset is beyond what is mirrored */
};

struct link_group_look {
    int64_t source_members;            /* -1: not known */
    int64_t target_members;            /* without the link's own */
    struct link_group_offset *offsets; /* by topic and partition */
    size_t count;
};

/* A look at some groups. */
struct link_group_looks {
    struct link_group_look *items; /* by mirror */
    size_t count;
    char *source_error; /* NULL: the side answered */
    char *target_error;
};

void link_group_looks_make(struct link_control *control, const struct link_mirror_group *mirrors,
                           size_t count, struct link_group_looks *looks);
void link_group_looks_clear(struct link_group_looks *looks);

#endif
