/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offset index of a mirrored partition: which records of the source are which records of the
 * target, exactly. Its pieces, their bytes, and their growth.
 *
 * A run is a row of records without a gap on both sides. A new run begins where the difference
 * between the offsets changes (transaction markers, compaction, filters, restarts). A chunk of runs
 * is one record of the compacted index topic. Its key is the source partition, a slot and the flow
 * (flows of one target alias share the topic). The slots of a partition are used in turn, so the
 * newest chunk replaces the oldest. A chunk says only what was acknowledged. Records whose
 * mirroring nobody watched leave a hole before a run's `from`. Pure functions, any thread.
 *
 *   key    STRING topic, INT32 partition, INT32 slot, STRING flow
 *   value  INT16 version 0, then varints: sequence, flags, count, and of each run
 *          from - end of the last run, upstream - from, downstream - end downstream, records - 1
 */
#ifndef CONNECTORS_MIRROR_OFFSET_INDEX_H
#define CONNECTORS_MIRROR_OFFSET_INDEX_H

#include "connect/mem.h"

#define KC_INDEX_CHUNK_RUNS 256
#define KC_INDEX_SLOTS      256 /* 65,536 changes of a partition */

struct kc_index_run {
    int64_t from;       /* none of the source's offsets from here up to upstream was mirrored */
    int64_t upstream;   /* of the first record */
    int64_t downstream; /* the same one's, on the target */
    int64_t count;      /* records, at least 1 */
};

/* The runs of a chunk ascend on both sides and don't overlap. Zero-initialise it. */
struct kc_index_chunk {
    int64_t sequence;          /* of the partition: 0, 1, ... */
    bool fresh;                /* the target's log began anew: ignore chunks before this one */
    struct kc_index_run *runs; /* at most KC_INDEX_CHUNK_RUNS */
    size_t count, cap;
};
void kc_index_chunk_clear(struct kc_index_chunk *chunk);

/* The key of a record of the topic: it says whose chunk it is. */
struct kc_index_key {
    char *topic; /* of the source cluster */
    int32_t partition;
    int32_t slot;
    char *flow; /* kc_mirror_flow() */
};

int64_t kc_index_run_end(const struct kc_index_run *run);            /* upstream, behind the last */
int64_t kc_index_run_end_downstream(const struct kc_index_run *run); /* the same, on the target */

/* How a chunk takes a run. */
enum kc_index_growth {
    KC_INDEX_TAKEN,
    KC_INDEX_FULL, /* not taken: the next chunk must begin with it */
};
/*
 * Adds a run that was mirrored after all others. It replaces the chunk's entries for upstream
 * offsets from run->from on, because these records were mirrored once more. If a run begins before
 * the target's end of the last one, the target's topic was made anew, and only this run remains.
 */
enum kc_index_growth kc_index_chunk_add(struct kc_index_chunk *chunk,
                                        const struct kc_index_run *run);
/* How many runs at the chunk's beginning start at or before upstream (by their `from`). */
size_t kc_index_chunk_upto(const struct kc_index_chunk *chunk, int64_t upstream);

void kc_index_key_encode(const struct kc_index_key *key, struct kc_str *out);
void kc_index_chunk_encode(const struct kc_index_chunk *chunk, struct kc_str *out);
/* KC_ERR_SCHEMA: the bytes don't follow the layout or break a rule of chunks. chunk may hold
 * another chunk before the call; after an error it holds the part read so far. */
struct kc_error *kc_index_key_decode(const void *data, size_t len,
                                     struct kc_index_key *key) KC_MUST_CHECK;
struct kc_error *kc_index_chunk_decode(const void *data, size_t len,
                                       struct kc_index_chunk *chunk) KC_MUST_CHECK;
void kc_index_key_clear(struct kc_index_key *key);

#endif
