/* SPDX-License-Identifier: Apache-2.0 */
/* A sink task's assigned partitions: a short list, searched from where the last one was found. */
#include "sink/sink_task_priv.h"

#include <stdlib.h>
#include <string.h>

static bool is(const struct kc_sink_position *position, const char *topic, int32_t partition)
{
    return position->partition == partition && strcmp(position->topic, topic) == 0;
}

struct kc_sink_position *kc_sink_positions_find(struct kc_sink_positions *positions,
                                                const char *topic, int32_t partition)
{
    for (size_t i = 0; i < positions->count; i++) {
        size_t at = (positions->last + i) % positions->count;
        if (is(&positions->items[at], topic, partition)) {
            positions->last = at;
            return &positions->items[at];
        }
    }
    return NULL;
}

struct kc_sink_position *kc_sink_positions_add(struct kc_sink_positions *positions,
                                               const char *topic, int32_t partition)
{
    struct kc_sink_position *position = kc_sink_positions_find(positions, topic, partition);
    if (!position) {
        if (positions->count == positions->cap) {
            positions->cap = positions->cap ? 2 * positions->cap : 16;
            positions->items =
                kc_realloc(positions->items, positions->cap * sizeof(*positions->items));
        }
        position = &positions->items[positions->count++];
        *position = (struct kc_sink_position){.topic = kc_strdup(topic), .partition = partition};
    }
    position->delivered = position->consumed = position->committed = KC_NO_OFFSET;
    position->paused = false;
    return position;
}

void kc_sink_positions_remove(struct kc_sink_positions *positions, const char *topic,
                              int32_t partition)
{
    struct kc_sink_position *position = kc_sink_positions_find(positions, topic, partition);
    if (!position)
        return;
    free(position->topic);
    *position = positions->items[--positions->count];
    positions->last = 0;
}

void kc_sink_positions_destroy(struct kc_sink_positions *positions)
{
    for (size_t i = 0; i < positions->count; i++)
        free(positions->items[i].topic);
    free(positions->items);
    *positions = (struct kc_sink_positions){0};
}
