/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a partition of the target's log stands, found from what brokers answer.
 *
 * Everything in the log is the link's: records under its producer id (fillers among them), whose
 * count modulo 2^31 is the sequence of the next one, and markers. So the end of the log is the
 * count of records plus the count of markers. The count of records comes from one answer of
 * DescribeProducers. What was read before or after it may be of another moment, and only tells
 * which multiple of 2^31 is meant and whether somebody else has written.
 *
 * The count of markers is zero as long as none was written. Later the log is read from an offset
 * on for which it is known (copy_walk): each batch of ours tells its sequence and its offset.
 *
 * Pure functions, any thread.
 */
#ifndef CONNECTORS_LINK_COPY_POSITION_PRIV_H
#define CONNECTORS_LINK_COPY_POSITION_PRIV_H

#include "connect/record_batch.h"

/* A place in the log: offset = records + markers. */
struct copy_position {
    int64_t records; /* of ours that lie before it */
    int64_t markers;
};
static inline int64_t link_position_offset(const struct copy_position *position)
{
    return position->records + position->markers;
}
/* The sequence of the record that comes next. */
int32_t link_position_sequence(const struct copy_position *position);
/* How many records were written when `last` is the last one's sequence: the count that is nearest
 * to `near` among those that it may be. */
int64_t link_position_count(int32_t last, int64_t near);

/* What the target's leader has answered. */
struct copy_sight {
    bool known;       /* the leader knows our producer id */
    int32_t sequence; /* of our last record; -1: none */
    int64_t before;   /* the log's end, asked before the sequence */
    int64_t after;    /* and behind it */
    int64_t start;    /* where the log begins */
    bool settled;     /* the end has stood still for so long that nothing lies behind it */
};

enum copy_finding {
    COPY_FOUND,
    COPY_READ_ON,    /* there are markers, or may be: read the log (copy_walk) */
    COPY_UNSETTLED,  /* ask again until the end is settled: the leader has forgotten our id */
    COPY_MORE_THERE, /* the log is longer than what is ours: ask again, or somebody else wrote */
    COPY_LESS_THERE, /* what all replicas had is gone: ask again, or the log has lost its end */
};
/* Our count of records; -1: the leader doesn't know it. */
int64_t link_sight_count(const struct copy_sight *sight);
/* from: a place up to which the log was known; NULL: no marker was ever written. */
enum copy_finding link_position_find(const struct copy_sight *sight,
                                     const struct copy_position *from,
                                     struct copy_position *position);

/*
 * A walk over the target's own log, from a known place on. Batches come in order. Each batch of
 * ours tells by its sequence how many records lie before it, and the rest up to its offset are
 * markers. So it doesn't matter what compaction has taken away.
 */
struct copy_walk {
    int64_t producer_id;
    struct copy_position own; /* behind our last batch, or where the walk began */
    bool seen;                /* a batch of ours */
    bool cut;                 /* the log begins behind the place */
    int64_t end;              /* behind the last batch of any kind */
    int64_t foreign;          /* the first offset that isn't ours; -1: none */
    int64_t foreign_id;       /* the producer id there; -1: none */
};
void link_walk_begin(struct copy_walk *walk, int64_t producer_id, const struct copy_position *from,
                     int64_t log_start);
/* False: the batch isn't ours, or not where it should be. */
bool link_walk_take(struct copy_walk *walk, const struct kc_record_batch *batch);
/* The position at the log's end, which is `end` at least: what lies behind our last batch are
 * markers. records: our count as the leader tells it; -1: it doesn't know. False: the walk hasn't
 * come to the last of these yet, which the leader may have and not show before its replicas have
 * it. */
bool link_walk_position(const struct copy_walk *walk, int64_t records, int64_t end,
                        struct copy_position *position);

#endif
