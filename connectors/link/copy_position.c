/* SPDX-License-Identifier: Apache-2.0 */
/* Positions from what brokers answer, see copy_position_priv.h. */
#include "link/copy_position_priv.h"

#define SEQUENCES ((int64_t)1 << 31) /* as many as there are: 0 to 2^31 - 1 */

int32_t link_position_sequence(const struct copy_position *position)
{
    return (int32_t)(position->records % SEQUENCES);
}

int64_t link_position_count(int32_t last, int64_t near)
{
    int64_t count = ((int64_t)last + 1) % SEQUENCES;
    int64_t rounds = (near - count + SEQUENCES / 2) / SEQUENCES;
    if (near - count + SEQUENCES / 2 < 0 || rounds < 0)
        rounds = 0;
    return count + rounds * SEQUENCES;
}

int64_t link_sight_count(const struct copy_sight *sight)
{
    return sight->known ? link_position_count(sight->sequence, sight->before) : -1;
}

/* What is known is what all replicas had, and the log's beginning alone is ever removed. Where that
 * lies behind the place, nothing is left that could be missing. */
static bool has_lost_its_end(const struct copy_sight *sight, const struct copy_position *from)
{
    int64_t count = link_sight_count(sight), place = link_position_offset(from);
    bool fewer = count >= 0 && count < from->records && sight->start <= place;
    return fewer || sight->after < place;
}

enum copy_finding link_position_find(const struct copy_sight *sight,
                                     const struct copy_position *from,
                                     struct copy_position *position)
{
    if (!sight->known && sight->after > 0 && !sight->settled)
        return COPY_UNSETTLED;
    if (from)
        return has_lost_its_end(sight, from) ? COPY_LESS_THERE : COPY_READ_ON;
    position->markers = 0;
    position->records = sight->known ? link_sight_count(sight) : sight->after;
    return sight->after > position->records ? COPY_MORE_THERE : COPY_FOUND;
}

/* ---- a walk ---- */

void link_walk_begin(struct copy_walk *walk, int64_t producer_id, const struct copy_position *from,
                     int64_t log_start)
{
    int64_t begin = link_position_offset(from);
    *walk = (struct copy_walk){.producer_id = producer_id,
                               .own = *from,
                               .end = log_start > begin ? log_start : begin,
                               .cut = log_start > begin,
                               .foreign = -1,
                               .foreign_id = -1};
}

/* Whether a batch of ours may lie at its place: neither records nor markers become fewer. */
static bool take_own(struct copy_walk *walk, const struct kc_record_batch *batch)
{
    int64_t records = link_position_count(batch->base_sequence - 1, batch->base_offset);
    struct copy_position before = {records, batch->base_offset - records};
    if (before.records < walk->own.records || before.markers < walk->own.markers)
        return false;
    before.records += batch->last_offset_delta + (int64_t)1;
    walk->own = before;
    walk->seen = true;
    return true;
}

bool link_walk_take(struct copy_walk *walk, const struct kc_record_batch *batch)
{
    int64_t next = kc_record_batch_last_offset(batch) + 1;
    if (walk->foreign >= 0)
        return false;
    if (next <= walk->end)
        return true;
    bool ours = kc_record_batch_control(batch) ||
                (batch->producer_id == walk->producer_id && take_own(walk, batch));
    if (!ours) {
        walk->foreign = batch->base_offset;
        walk->foreign_id = batch->producer_id;
        return false;
    }
    walk->end = next;
    return true;
}

bool link_walk_position(const struct copy_walk *walk, int64_t records, int64_t end,
                        struct copy_position *position)
{
    int64_t most = walk->end > end ? walk->end : end;
    bool all_gone = walk->cut && !walk->seen && walk->end >= end;
    if (records >= 0 && records != walk->own.records && !all_gone)
        return false;
    position->records = records >= 0 ? records : walk->own.records;
    position->markers = most - position->records;
    return walk->end >= end && position->markers >= walk->own.markers;
}
