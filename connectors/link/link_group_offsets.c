/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of a mirror group: see link_group_offsets_priv.h. */
#include "link/link_group_offsets_priv.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_CHUNK = 4096 };

/* ---- the table ---- */

void link_offset_table_destroy(struct link_offset_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->items[i].metadata);
    free(table->items);
    *table = (struct link_offset_table){0};
}

static int compare(const struct link_offset *offset, const char *topic, int32_t partition)
{
    int order = strcmp(offset->topic, topic);
    return order ? order : (offset->partition > partition) - (offset->partition < partition);
}

/* Where the partition stands, or would stand. */
static size_t place_of(const struct link_offset_table *table, const char *topic, int32_t partition)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(&table->items[middle], topic, partition) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct link_offset *link_offset_at(struct link_offset_table *table, const char *topic,
                                   int32_t partition)
{
    size_t at = place_of(table, topic, partition);
    if (at < table->count && compare(&table->items[at], topic, partition) == 0)
        return &table->items[at];
    if (table->count == table->cap) {
        table->cap = table->cap ? table->cap * 2 : 8;
        table->items = kc_realloc(table->items, table->cap * sizeof(*table->items));
    }
    memmove(&table->items[at + 1], &table->items[at], (table->count - at) * sizeof(*table->items));
    table->items[at] = (struct link_offset){.topic = topic,
                                            .partition = partition,
                                            .source = -1,
                                            .committed = -1,
                                            .former = -1,
                                            .start = -1,
                                            .end = -1,
                                            .upstream = -1,
                                            .translated_from = -1};
    table->count++;
    return &table->items[at];
}

static struct link_offset *find(struct link_offset_table *table, const char *topic,
                                int32_t partition)
{
    size_t at = place_of(table, topic, partition);
    bool there = at < table->count && compare(&table->items[at], topic, partition) == 0;
    return there ? &table->items[at] : NULL;
}

void link_offset_round_begin(struct link_offset_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        table->items[i].seen = false;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void set_metadata(struct link_offset *entry, const char *metadata)
{
    if (same_text(entry->metadata, metadata))
        return;
    free(entry->metadata);
    entry->metadata = kc_strdup(metadata);
}

void link_offset_set_source(struct link_offset_table *table, const char *topic, int32_t partition,
                            int64_t offset, const char *metadata)
{
    struct link_offset *entry = link_offset_at(table, topic, partition);
    entry->seen = true;
    entry->source = offset;
    set_metadata(entry, metadata);
}

void link_offset_set_upstream(struct link_offset_table *table, const char *topic, int32_t partition,
                              int64_t upstream, const char *metadata)
{
    struct link_offset *entry = link_offset_at(table, topic, partition);
    entry->seen = true;
    entry->upstream = upstream;
    entry->ahead = link_offset_needs_translation(entry);
    set_metadata(entry, metadata);
}

void link_offset_round_end(struct link_offset_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct link_offset *entry = &table->items[i];
        if (entry->seen)
            continue;
        entry->source = entry->upstream = entry->translated_from = -1;
        entry->ahead = false;
    }
}

bool link_offset_has_topic(const struct link_offset_table *table, const char *topic)
{
    for (size_t i = place_of(table, topic, 0);
         i < table->count && strcmp(table->items[i].topic, topic) == 0; i++)
        if (table->items[i].source >= 0 || table->items[i].upstream >= 0)
            return true;
    return false;
}

void link_offset_complete(struct link_offset_table *table, const char *topic, int32_t partitions)
{
    if (link_offset_has_topic(table, topic))
        for (int32_t i = 0; i < partitions; i++)
            link_offset_at(table, topic, i);
}

void link_offset_made_anew(struct link_offset_table *table, const char *topic)
{
    for (size_t i = place_of(table, topic, 0);
         i < table->count && strcmp(table->items[i].topic, topic) == 0; i++) {
        struct link_offset *entry = &table->items[i];
        entry->committed = entry->former = entry->start = entry->end = -1;
        entry->translated_from = -1;
        if (entry->upstream >= 0)
            entry->source = -1;
        entry->ahead = link_offset_needs_translation(entry);
    }
}

void link_offset_drop_topic(struct link_offset_table *table, const char *topic)
{
    size_t begin = place_of(table, topic, 0), end = begin;
    for (; end < table->count && strcmp(table->items[end].topic, topic) == 0; end++)
        free(table->items[end].metadata);
    if (end == begin)
        return;
    memmove(&table->items[begin], &table->items[end], (table->count - end) * sizeof(*table->items));
    table->count -= end - begin;
}

void link_offset_set_former(struct link_offset_table *table, const char *topic, int32_t partition,
                            int64_t offset)
{
    struct link_offset *entry = find(table, topic, partition);
    if (entry)
        entry->former = offset;
}

bool link_offset_has_former(const struct link_offset_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->items[i].former >= 0)
            return true;
    return false;
}

void link_offset_forget_committed(struct link_offset_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        table->items[i].committed = table->items[i].former = -1;
}

void link_offset_found(struct link_offset_table *table, const char *topic, int32_t partition)
{
    struct link_offset *entry = find(table, topic, partition);
    if (entry)
        entry->seen = true;
}

void link_offset_found_end(struct link_offset_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (!table->items[i].seen)
            table->items[i].committed = -1;
}

/* ---- one partition ---- */

bool link_offset_needs_translation(const struct link_offset *offset)
{
    return offset->upstream >= 0 && offset->translated_from != offset->upstream;
}

void link_offset_translate(struct link_offset *offset, int64_t target, int64_t end)
{
    bool known = target >= 0 && target <= end;
    offset->ahead = !known;
    if (known)
        offset->source = target;
    else if (target > end)
        offset->source = end;
    if (known)
        offset->translated_from = offset->upstream;
}

bool link_offset_needs_bounds(const struct link_offset *offset)
{
    return offset->committed < 0 || offset->source > offset->committed;
}

int64_t link_offset_wanted(const struct link_offset *offset)
{
    if (offset->start < 0 || offset->end < 0)
        return -1;
    int64_t wanted = offset->source < 0 ? offset->start : offset->source;
    if (wanted > offset->end)
        wanted = offset->end;
    if (wanted < offset->start)
        wanted = offset->start;
    return wanted > offset->committed ? wanted : -1;
}

bool link_offset_behind(const struct link_offset *offset)
{
    int64_t furthest = offset->source > offset->committed ? offset->source : offset->committed;
    return offset->ahead || (furthest >= 0 && offset->end < furthest);
}

/* ---- what is committed ---- */

void link_commit_collect(const struct link_offset_table *table, struct link_commit *commit)
{
    *commit = (struct link_commit){.arena = kc_arena_new(ARENA_CHUNK)};
    commit->items = kc_arena_alloc(commit->arena, (table->count + 1) * sizeof(*commit->items));
    for (size_t i = 0; i < table->count; i++) {
        const struct link_offset *offset = &table->items[i];
        int64_t wanted = link_offset_wanted(offset);
        if (wanted < 0)
            continue;
        commit->items[commit->count++] = (struct kc_group_offset){
            kc_arena_strdup(commit->arena, offset->topic), offset->partition, wanted,
            offset->metadata ? kc_arena_strdup(commit->arena, offset->metadata) : NULL};
    }
}

void link_commit_note(const struct link_commit *commit, struct kc_error *const *errors,
                      struct link_offset_table *table)
{
    for (size_t i = 0; i < commit->count; i++) {
        const struct kc_group_offset *item = &commit->items[i];
        struct link_offset *entry = find(table, item->topic, item->partition);
        if (!entry || (errors && errors[i]))
            continue;
        entry->committed = item->offset;
        entry->former = -1;
    }
}

void link_commit_destroy(struct link_commit *commit)
{
    kc_arena_destroy(commit->arena);
    *commit = (struct link_commit){0};
}
