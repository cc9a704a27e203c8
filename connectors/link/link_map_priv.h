/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which offset of the source is which offset of the target, where offsets aren't preserved.
 *
 * The target's log holds the visible records of the source one after the other. So the map is
 * piecewise "plus a constant": a piece begins where the difference changes, behind a marker, an
 * aborted transaction or what compaction removed. The last piece goes on without an end. Pieces
 * ascend on both sides.
 *
 * A map is ahead of the log: a piece is kept in the index (link_index_priv.h) before the first
 * record of it is sent. So the log's end alone tells where the source goes on.
 *
 * Pure functions, one thread at a time.
 */
#ifndef CONNECTORS_LINK_LINK_MAP_PRIV_H
#define CONNECTORS_LINK_LINK_MAP_PRIV_H

#include "connect/mem.h"

#include <jansson.h>

/* The record at `source` is at `target`, and those behind it follow without a gap up to the next
 * piece. */
struct link_map_piece {
    int64_t source, target;
};

/* Zero-initialise it. */
struct link_map {
    struct link_map_piece *pieces;
    size_t count, cap;
};
void link_map_clear(struct link_map *map);
void link_map_copy(struct link_map *map, const struct link_map *from); /* what map had is freed */

/* count records from `source` on are at `target`. Former entries that say otherwise go away, with
 * all behind them. Returns the index of the first piece that has changed; map->count: none has. */
size_t link_map_note(struct link_map *map, int64_t source, int64_t target, int64_t count);
/* Everything before `source` is in the log, whose end is `target`: nothing else is to be seen
 * there. Returns as link_map_note(). */
size_t link_map_pass(struct link_map *map, int64_t source, int64_t target);
/* Takes over what a later writer has noted: pieces that begin at or behind its first are replaced.
 * False: they don't ascend, and map is as before. */
bool link_map_overlay(struct link_map *map, const struct link_map_piece *pieces, size_t count);

/* The place of the first record at or behind an offset of the source; -1: the map is empty. What
 * lies behind the log's end isn't decided yet. */
int64_t link_map_target(const struct link_map *map, int64_t source);
/* Where the source goes on when the log ends at `target`: what lies before is in it. -1: the map is
 * empty, or begins behind it. */
int64_t link_map_source(const struct link_map *map, int64_t target);

/* Some pieces as JSON: an array of numbers, two for each piece, each the difference to the one
 * before. New reference. */
json_t *link_map_json(const struct link_map *map, size_t first, size_t count);
/* Appends the pieces to map, which may be a part of a map. False: they aren't as they should be. */
bool link_map_parse(const json_t *json, struct link_map *map);

#endif
