/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of the copying of a topic, see link_copy_priv.h. The task's thread. */
#include "link/copy_priv.h"

enum {
    FLIP_MS = 10 * 60 * 1000, /* producers that have written since are in the flip table */
    MEASURE_MS = 1000,
};

/* ---- states ---- */

/* What comes to the source after its end was reached is copied, too, before the topic is cut from
 * it. Who forces a promotion doesn't wait for that. */
static bool is_finished(const struct copy_partition *partition)
{
    return partition->finished &&
           (partition->topic->force || link_part_source_at(partition) == partition->source_high);
}

static enum link_copy_state state_of(const struct copy_partition *partition)
{
    static const enum link_copy_state states[COPY_PHASES] = {
        [COPY_LOOK] = LINK_COPY_LOOKING,   [COPY_SAVE] = LINK_COPY_LOOKING,
        [COPY_ALIGN] = LINK_COPY_ALIGNING, [COPY_CUT] = LINK_COPY_ALIGNING,
        [COPY_RUN] = LINK_COPY_COPYING,    [COPY_DRAIN] = LINK_COPY_LOOKING,
        [COPY_REST] = LINK_COPY_PAUSED,    [COPY_DIVERGED] = LINK_COPY_DIVERGED,
        [COPY_FAILED] = LINK_COPY_FAILED,
    };
    enum link_copy_state state = states[partition->phase];
    if (state == LINK_COPY_DIVERGED && partition->foreign_offset >= 0 && !partition->named)
        return LINK_COPY_LOOKING; /* who has written is being asked */
    if (state == LINK_COPY_COPYING && is_finished(partition))
        return LINK_COPY_FINISHED;
    if (partition->away && (state == LINK_COPY_COPYING || state == LINK_COPY_LOOKING))
        return LINK_COPY_AWAY;
    return state;
}

/* The worst comes last. A topic is finished, or paused, only when all of it is. */
static int rank(enum link_copy_state state)
{
    static const int ranks[] = {
        [LINK_COPY_FINISHED] = 0, [LINK_COPY_PAUSED] = 1,   [LINK_COPY_COPYING] = 2,
        [LINK_COPY_ALIGNING] = 3, [LINK_COPY_LOOKING] = 4,  [LINK_COPY_AWAY] = 5,
        [LINK_COPY_FAILED] = 6,   [LINK_COPY_DIVERGED] = 7,
    };
    return ranks[state];
}

static const char *reason_of(const struct copy_partition *partition)
{
    if (partition->reason)
        return partition->reason;
    return partition->hanging ? partition->hanging : "";
}

/* ---- figures ---- */

void link_status_measure(struct copy_topic *topic, int64_t now)
{
    int64_t bytes = 0, ms = now - topic->measured_ms;
    if (topic->measured_ms && ms < MEASURE_MS)
        return;
    for (size_t i = 0; i < topic->count; i++)
        bytes += topic->partitions[i]->copied_bytes;
    if (topic->measured_ms)
        topic->bytes_per_second = 0.7 * topic->bytes_per_second +
                                  0.3 * (double)(bytes - topic->measured_bytes) * 1000 / (double)ms;
    topic->measured_ms = now;
    topic->measured_bytes = bytes;
}

static int64_t lag_of(const struct copy_partition *partition)
{
    int64_t lag = partition->source_high - link_part_source_at(partition);
    if (partition->source_high < 0)
        return -1;
    return lag > 0 ? lag : 0;
}

/* Who copies on after another task knows this by the position alone. */
static int64_t written_of(const struct copy_partition *partition)
{
    int64_t written = partition->acked.records - partition->saved.base_sequence;
    return written > 0 ? written : 0;
}

static void fill_partition(struct copy_partition *partition, struct link_copy_partition *to)
{
    partition->save_shown = partition->save_wanted;
    *to = (struct link_copy_partition){.partition = partition->number,
                                       .state = state_of(partition),
                                       .source_start = partition->source_start,
                                       .source_end = partition->source_stable,
                                       .source_high = partition->source_high,
                                       .target_end = link_position_offset(&partition->acked),
                                       .copied_bytes = partition->copied_bytes,
                                       .fillers = partition->fillers,
                                       .checksum = partition->checksum,
                                       .checked = partition->copied_records,
                                       .written = written_of(partition),
                                       .foreign_offset = partition->foreign_offset,
                                       .saved = partition->saved};
}

static void add_figures(const struct copy_partition *partition, struct link_copy_status *status)
{
    int64_t lag = lag_of(partition);
    status->lag = lag < 0 || status->lag < 0 ? -1 : status->lag + lag;
    if (partition->last_source_time_ms > status->last_source_time_ms)
        status->last_source_time_ms = partition->last_source_time_ms;
    status->must_save = status->must_save || partition->save_wanted > partition->save_done;
}

void link_copy_status_clear(struct link_copy_status *status)
{
    free(status->reason);
    free(status->partitions);
    *status = (struct link_copy_status){0};
}

/* The state and reason are of the worst partition; a reason of another one is better than none. */
void link_copy_status(struct link_copy *copy, const char *name, struct link_copy_status *status)
{
    struct copy_topic *topic = link_copy_topic(copy, name);
    const char *reason = "", *any = "";
    link_copy_status_clear(status);
    status->offsets =
        topic && topic->translate && !topic->gives_up ? KC_LINK_TRANSLATE : KC_LINK_PRESERVE;
    status->state = topic && topic->count ? LINK_COPY_FINISHED : LINK_COPY_LOOKING;
    status->partitions = kc_calloc((topic ? topic->count : 0) + 1, sizeof(*status->partitions));
    for (size_t i = 0; topic && i < topic->count; i++) {
        struct copy_partition *partition = topic->partitions[i];
        enum link_copy_state state = state_of(partition);
        fill_partition(partition, &status->partitions[status->count++]);
        if (partition->translation.differs)
            status->offsets = KC_LINK_TRANSLATE;
        add_figures(partition, status);
        if (*reason_of(partition))
            any = reason_of(partition);
        if (rank(state) > rank(status->state) || i == 0 || (state == status->state && !*reason)) {
            status->state = state;
            reason = reason_of(partition);
        }
    }
    status->bytes_per_second = topic ? (int64_t)topic->bytes_per_second : 0;
    status->reason = kc_strdup(*reason ? reason : any);
}

void link_copy_saved(struct link_copy *copy, const char *name)
{
    struct copy_topic *topic = link_copy_topic(copy, name);
    for (size_t i = 0; topic && i < topic->count; i++)
        topic->partitions[i]->save_done = topic->partitions[i]->save_shown;
    copy->next_tick_ms = 0;
}

/* ---- the flip table ---- */

bool link_copy_flips_are_young(struct link_copy *copy, const char *name)
{
    const struct copy_topic *topic = link_copy_topic(copy, name);
    for (size_t i = 0; topic && i < topic->count; i++)
        if (kc_mono_ms() - topic->partitions[i]->flips_ms < FLIP_MS)
            return true;
    return false;
}

void link_copy_learn_flips(struct link_copy *copy, const char *name,
                           const struct kc_partition_producers *items, size_t count)
{
    struct copy_topic *topic = link_copy_topic(copy, name);
    for (size_t i = 0; topic && i < count; i++) {
        if (items[i].error || (size_t)items[i].partition >= topic->count)
            continue;
        const struct copy_partition *partition = topic->partitions[items[i].partition];
        link_flips_learn(partition->flips, items[i].producers, items[i].count,
                         link_part_source_at(partition), kc_mono_ms());
    }
}

json_t *link_copy_flip_table(struct link_copy *copy, const char *name)
{
    struct copy_topic *topic = link_copy_topic(copy, name);
    json_t *tables = json_array();
    for (size_t i = 0; topic && i < topic->count; i++) {
        const struct copy_partition *partition = topic->partitions[i];
        json_t *table =
            link_flips_json(partition->flips, partition->number,
                            topic->translate ? &partition->translation.map : NULL,
                            link_position_offset(&partition->acked), kc_mono_ms() - FLIP_MS);
        if (table)
            json_array_append_new(tables, table);
    }
    return tables;
}
