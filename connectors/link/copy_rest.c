/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partitions that need little: most of ten thousand mirror topics have nothing new most of the
 * time. The task's thread.
 */
#include "link/copy_priv.h"

bool link_part_is_at_rest(const struct copy_partition *partition)
{
    bool answered = !partition->check_slow && partition->away_since_ms == 0;
    return partition->phase == COPY_RUN && answered && !partition->pieces && !partition->marking &&
           !partition->finishing && !partition->forced && partition->fetched <= partition->read &&
           partition->source_stable == partition->source_high &&
           partition->source_high == link_part_source_at(partition);
}

static bool waits_for_cut(const struct copy_partition *partition)
{
    return partition->cutting || partition->target_start < link_part_cut_goal(partition);
}

bool link_part_is_calm(const struct copy_partition *partition)
{
    switch (partition->phase) {
    case COPY_REST:
    case COPY_FAILED:
        return true;
    case COPY_DIVERGED:
        return partition->foreign_offset < 0 || partition->named;
    case COPY_RUN:
        return link_part_is_at_rest(partition) && !waits_for_cut(partition);
    default:
        return false;
    }
}
