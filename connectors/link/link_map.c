/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of the source and of the target, see link_map_priv.h. */
#include "link/link_map_priv.h"

#include <stdlib.h>

void link_map_clear(struct link_map *map)
{
    free(map->pieces);
    *map = (struct link_map){0};
}

static void reserve(struct link_map *map, size_t count)
{
    if (count <= map->cap)
        return;
    map->cap = count < 8 ? 8 : count + count / 2;
    map->pieces = kc_realloc(map->pieces, map->cap * sizeof(*map->pieces));
}

static void append(struct link_map *map, int64_t source, int64_t target)
{
    reserve(map, map->count + 1);
    map->pieces[map->count++] = (struct link_map_piece){source, target};
}

void link_map_copy(struct link_map *map, const struct link_map *from)
{
    link_map_clear(map);
    reserve(map, from->count);
    for (size_t i = 0; i < from->count; i++)
        map->pieces[i] = from->pieces[i];
    map->count = from->count;
}

/* How many pieces begin at or before an offset of the target. */
static size_t upto_target(const struct link_map *map, int64_t target)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->pieces[middle].target <= target)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The same of the source. */
static size_t upto_source(const struct link_map *map, int64_t source)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->pieces[middle].source <= source)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- growth ---- */

static bool says(const struct link_map *map, size_t upto, int64_t source, int64_t target)
{
    const struct link_map_piece *piece = upto ? &map->pieces[upto - 1] : NULL;
    return piece && piece->source + (target - piece->target) == source;
}

/* Forgets the pieces from `from` on, and ends the map with a piece for source and target. */
static size_t end_with(struct link_map *map, size_t from, int64_t source, int64_t target)
{
    while (from > 0 && map->pieces[from - 1].source >= source)
        from--; /* it promised records that turned out to be gone */
    if (from > 0 && map->pieces[from - 1].target == target)
        from--;
    map->count = from;
    append(map, source, target);
    return from;
}

size_t link_map_note(struct link_map *map, int64_t source, int64_t target, int64_t count)
{
    size_t upto = upto_target(map, target);
    if (!says(map, upto, source, target))
        return end_with(map, upto, source, target);
    if (upto < map->count && map->pieces[upto].target < target + count) {
        map->count = upto; /* there is no gap where one was expected */
        return upto - 1;
    }
    return map->count;
}

size_t link_map_pass(struct link_map *map, int64_t source, int64_t target)
{
    size_t upto = upto_target(map, target);
    if (says(map, upto, source, target))
        return map->count;
    return end_with(map, upto, source, target);
}

bool link_map_overlay(struct link_map *map, const struct link_map_piece *pieces, size_t count)
{
    size_t keep = 0;
    for (size_t i = 1; i < count; i++) {
        if (pieces[i].source <= pieces[i - 1].source || pieces[i].target <= pieces[i - 1].target)
            return false;
    }
    if (count == 0)
        return true;
    while (keep < map->count && map->pieces[keep].target < pieces[0].target &&
           map->pieces[keep].source < pieces[0].source)
        keep++;
    map->count = keep;
    for (size_t i = 0; i < count; i++)
        append(map, pieces[i].source, pieces[i].target);
    return true;
}

/* ---- asking ---- */

int64_t link_map_target(const struct link_map *map, int64_t source)
{
    size_t upto = upto_source(map, source);
    if (map->count == 0)
        return -1;
    if (upto == 0)
        return map->pieces[0].target;
    const struct link_map_piece *piece = &map->pieces[upto - 1];
    int64_t target = piece->target + (source - piece->source);
    bool behind = upto < map->count && target > map->pieces[upto].target;
    return behind ? map->pieces[upto].target : target;
}

int64_t link_map_source(const struct link_map *map, int64_t target)
{
    size_t upto = upto_target(map, target);
    if (upto == 0)
        return -1;
    return map->pieces[upto - 1].source + (target - map->pieces[upto - 1].target);
}

/* ---- JSON ---- */

json_t *link_map_json(const struct link_map *map, size_t first, size_t count)
{
    json_t *json = json_array();
    struct link_map_piece last = {0, 0};
    for (size_t i = first; i < first + count && i < map->count; i++) {
        const struct link_map_piece *piece = &map->pieces[i];
        json_array_append_new(json, json_integer(piece->source - last.source));
        json_array_append_new(json, json_integer(piece->target - last.target));
        last = *piece;
    }
    return json;
}

/* Adds a number that is read; false: there is none that can be. */
static bool add_number(const json_t *json, int64_t *sum)
{
    return json_is_integer(json) && json_integer_value(json) >= 0 &&
           !__builtin_add_overflow(*sum, (int64_t)json_integer_value(json), sum);
}

bool link_map_parse(const json_t *json, struct link_map *map)
{
    struct link_map_piece piece = {0, 0};
    if (!json_is_array(json) || json_array_size(json) % 2 != 0)
        return false;
    for (size_t i = 0; i < json_array_size(json); i += 2) {
        const struct link_map_piece last = piece;
        if (!add_number(json_array_get(json, i), &piece.source) ||
            !add_number(json_array_get(json, i + 1), &piece.target))
            return false;
        if (i > 0 && (piece.source == last.source || piece.target == last.target))
            return false;
        append(map, piece.source, piece.target);
    }
    return true;
}
