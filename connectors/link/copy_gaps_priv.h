/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces: what has to be appended so that the target's log continues as the source's.
 *
 * A batch of the source goes as it is where it can. Records that aren't to be seen, and offsets
 * that hold none, are made up for: in a compacted topic by fillers of the next record's key and
 * without a value, elsewhere by markers. A batch that begins before the place that is reached, or
 * that compaction has left gaps in, is built anew.
 *
 * Where offsets are translated, records alone become pieces, and a map notes where they come from.
 *
 * Pure functions, any thread.
 */
#ifndef CONNECTORS_LINK_COPY_GAPS_PRIV_H
#define CONNECTORS_LINK_COPY_GAPS_PRIV_H

#include "connect/record_batch.h"
#include "link/link_map_priv.h"

enum copy_piece_kind { COPY_BATCH, COPY_FILLERS, COPY_MARKERS };

struct copy_chunk; /* copy_priv.h: keeps what was fetched */

/* One after the other they cover all offsets. */
struct copy_piece {
    enum copy_piece_kind kind;
    int64_t offset;       /* the first one, on both sides; translated: on the target */
    int64_t count;        /* offsets that it takes */
    int64_t source_end;   /* translated: behind its last record, on the source */
    uint64_t map_version; /* translated: the one that must be in the index before it is sent */
    uint8_t *data;        /* BATCH: of the chunk, or its own; FILLERS: the key, its own */
    size_t len;
    bool null_key;            /* FILLERS */
    bool owned;               /* data is the piece's */
    int64_t timestamp;        /* ms */
    int64_t sent;             /* of count */
    int64_t done;             /* the same, acknowledged */
    struct copy_chunk *chunk; /* a reference; NULL */
    struct copy_piece *prev, *next;
};
void link_piece_free(struct copy_piece *piece); /* the chunk is the caller's affair */

/* How gaps are filled. */
struct copy_gap_rules {
    bool compacted;       /* by fillers of the next key, else: */
    int64_t most_markers; /* runs up to this are markers, longer ones fillers without a key */
};

/* Turns batches into pieces, which are appended to `pieces`. Small batches that follow each other
 * become one; their bytes must stay until link_gaps_end(). */
#define COPY_RUN_MOST 512
struct copy_gaps {
    struct copy_gap_rules rules;
    int64_t next; /* the offset that the pieces so far end before */
    struct copy_piece *pieces;
    struct kc_record_batch run[COPY_RUN_MOST]; /* to be merged */
    size_t run_count;
    size_t run_bytes;

    /* Translated; next is an offset of the source. */
    struct link_map *map; /* borrowed; NULL: offsets are preserved */
    size_t changed;       /* the first piece of map that has changed; SIZE_MAX: none */
    int64_t target;       /* offset of the next record there */
    int64_t placed;       /* the same of the next piece */
};
/* visible: the batch is neither a control batch nor of an aborted transaction. A static text: the
 * batch can't be read; what was appended before it holds. */
const char *link_gaps_take(struct copy_gaps *gaps, const struct kc_record_batch *batch,
                           bool visible) KC_MUST_CHECK;
/* The end of a chunk: merges what waits for it. */
void link_gaps_end(struct copy_gaps *gaps);
/* Fills up to `end`, behind which a record will come that isn't known, or none. By markers. */
void link_gaps_close(struct copy_gaps *gaps, int64_t end);

#endif
