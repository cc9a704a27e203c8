/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is fetched from the source becomes pieces for the target, or ends the copying. The task's
 * thread.
 */
#include "connect/log.h"
#include "link/copy_priv.h"

#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.link.copy");

enum { FAR_BEHIND = 1000 /* offsets: then it is history */ };

/* ---- chunks ---- */

void link_chunk_unref(struct copy_chunk *chunk)
{
    if (!chunk || --chunk->refs > 0)
        return;
    kc_fetched_release(chunk->fetched);
    free(chunk);
}

/* ---- data ---- */

/* Where markers were found in the target's log, the source has nothing to show. */
static bool contradicts_markers(const struct copy_partition *partition,
                                const struct kc_record_batch *batch, bool visible)
{
    return visible && !kc_record_batch_has_gaps(batch) &&
           kc_record_batch_last_offset(batch) >= partition->marks_from &&
           batch->base_offset < partition->read && partition->marks_from < partition->read;
}

static const char *take_batch(struct copy_partition *partition, struct copy_gaps *gaps,
                              const struct kc_record_batch *batch, bool visible)
{
    if (contradicts_markers(partition, batch, visible))
        return "the target has markers where the source has records: both were written at the "
               "same time";
    if (kc_record_batch_last_offset(batch) >= gaps->next)
        link_flips_note(partition->flips, batch, kc_mono_ms());
    return link_gaps_take(gaps, batch, visible);
}

static const char *take_batches(struct copy_partition *partition, struct copy_gaps *gaps,
                                const struct kc_fetched *fetched, struct kc_aborted_filter *filter)
{
    struct kc_record_batch batch;
    const char *why = NULL;
    for (size_t at = 0; !why && at < fetched->len; at += batch.size) {
        if (kc_record_batch_parse(fetched->data + at, fetched->len - at, &batch, &why) !=
            KC_BATCH_OK)
            return why ? why : "a batch is cut off";
        if (partition->forced && batch.base_offset >= partition->force_end)
            break;
        why = take_batch(partition, gaps, &batch,
                         partition->forced ? link_fates_admit(partition->fates, &batch)
                                           : kc_aborted_filter_admits(filter, &batch));
    }
    return why;
}

/* Pieces that point into the chunk hold it. */
static void hand_over(struct copy_partition *partition, struct copy_chunk *chunk,
                      struct copy_piece *pieces)
{
    struct copy_piece *piece;
    DL_FOREACH (pieces, piece) {
        piece->map_version = partition->translation.version;
        if (piece->kind != COPY_BATCH || piece->owned)
            continue;
        piece->chunk = chunk;
        chunk->refs++;
    }
    link_pump_add(partition, pieces);
}

static struct copy_gaps *begin_gaps(struct copy_partition *partition)
{
    struct copy_gaps *gaps = &partition->topic->copy->gaps;
    gaps->rules = partition->topic->rules;
    gaps->next = partition->read;
    gaps->pieces = NULL;
    gaps->run_count = 0;
    gaps->run_bytes = 0;
    gaps->map = partition->topic->translate ? &partition->translation.map : NULL;
    gaps->changed = SIZE_MAX;
    gaps->target = gaps->placed = partition->translation.planned;
    return gaps;
}

static void take_chunk(struct copy_partition *partition, struct copy_chunk *chunk)
{
    const struct kc_fetched *fetched = chunk->fetched;
    struct copy_gaps *gaps = begin_gaps(partition);
    struct kc_aborted_filter *filter = NULL;
    struct kc_error *err = kc_aborted_filter_new(fetched->aborted, fetched->aborted_count, &filter);
    const char *why = err ? NULL : take_batches(partition, gaps, fetched, filter);
    link_gaps_end(gaps);
    kc_aborted_filter_destroy(filter);
    partition->read = gaps->next;
    partition->translation.planned = gaps->target;
    link_translate_changed(partition, gaps->changed);
    partition->fetched = fetched->next_offset;
    if (partition->forced && partition->fetched > partition->force_end)
        partition->fetched = partition->force_end;
    partition->read_at_ms = kc_mono_ms();
    hand_over(partition, chunk, gaps->pieces);
    if (err)
        link_part_drain(partition, COPY_LOOK, kc_strdup(kc_error_text(err)));
    else if (why)
        link_part_drain(partition, COPY_FAILED,
                        kc_asprintf("partition %d of the source can't be copied from offset %lld "
                                    "on: %s",
                                    partition->number, (long long)partition->read, why));
    kc_error_destroy(err);
}

/* A successor that knew of an older leader than its records have would take the end of that one's
 * time for a cut of the log. So nothing of a new leader's is sent before its epoch is saved. Who
 * knows of none compares nothing. */
static void note_leader(struct copy_partition *partition, int32_t epoch)
{
    bool knew_another = partition->saved.leader_epoch >= 0;
    if (epoch < 0 || epoch == partition->saved.leader_epoch)
        return;
    partition->saved.leader_epoch = epoch;
    link_part_want_save(partition, knew_another);
}

static void note_bounds(struct copy_partition *partition, const struct kc_fetched *fetched)
{
    partition->source_start = fetched->log_start_offset;
    if (!partition->forced)
        partition->source_stable = fetched->last_stable_offset;
    partition->source_high = fetched->high_watermark;
    note_leader(partition, fetched->leader_epoch);
    partition->away = false;
    partition->away_since_ms = 0;
}

/* History waits for its share of the bytes, and is fetched again then. */
static bool must_wait(struct copy_partition *partition, const struct kc_fetched *fetched)
{
    struct copy_topic *topic = partition->topic;
    bool history = fetched->high_watermark - fetched->next_offset > FAR_BEHIND;
    if (!history || link_pace_admits_history(topic->copy))
        return false;
    partition->throttled = true;
    kc_fetcher_pause(topic->copy->fetcher, topic->source, partition->number, true);
    kc_fetcher_seek(topic->copy->fetcher, topic->source, partition->number, partition->fetched,
                    partition->saved.leader_epoch);
    return true;
}

static bool is_another_topic(const struct copy_topic *topic, const struct kc_uuid *id)
{
    return !kc_uuid_is_zero(&topic->source_id) && !kc_uuid_is_zero(id) &&
           !kc_uuid_equal(&topic->source_id, id);
}

static void be_another_topic(struct copy_partition *partition)
{
    link_part_drain(partition, COPY_DIVERGED,
                    kc_asprintf("topic %s was deleted and created again at the source: what is "
                                "mirrored isn't its history. Delete the mirror topic and create it "
                                "anew",
                                partition->topic->source));
}

static void take_data(struct copy_partition *partition, struct copy_chunk *chunk)
{
    const struct kc_fetched *fetched = chunk->fetched;
    if (is_another_topic(partition->topic, &fetched->topic_id)) {
        be_another_topic(partition);
        return;
    }
    if (fetched->first_offset != partition->fetched ||
        (partition->forced && partition->fetched >= partition->force_end))
        return; /* of an earlier position, or behind what is known */
    note_bounds(partition, fetched);
    if (!must_wait(partition, fetched))
        take_chunk(partition, chunk);
}

/* ---- events ---- */

static void be_truncated(struct copy_partition *partition, const struct kc_fetched *fetched)
{
    int64_t sent = link_part_source_sent(partition);
    if (fetched->next_offset >= sent) {
        link_part_drain(partition, COPY_LOOK, NULL); /* nothing of it has been copied */
        return;
    }
    link_part_drain(partition, COPY_DIVERGED,
                    kc_asprintf("the source's log of partition %d was cut off at offset %lld "
                                "(unclean election, acks=1), although the link has copied up to "
                                "%lld",
                                partition->number, (long long)fetched->next_offset,
                                (long long)sent));
}

static void take_event(struct copy_partition *partition, const struct kc_fetched *fetched)
{
    switch (fetched->kind) {
    case KC_FETCHED_TRUNCATED:
        be_truncated(partition, fetched);
        break;
    case KC_FETCHED_RECREATED:
        be_another_topic(partition);
        break;
    case KC_FETCHED_FAILED:
        link_part_drain(partition, COPY_LOOK,
                        kc_asprintf("the source refuses partition %d: %s", partition->number,
                                    fetched->error ? kc_error_text(fetched->error) : "unknown"));
        break;
    default: /* out of range: a look tells whether records were lost */
        link_part_drain(partition, COPY_LOOK, NULL);
        break;
    }
}

static struct copy_partition *find(struct link_copy *copy, const struct kc_fetched *fetched)
{
    struct copy_topic *topic;
    HASH_FIND(hh_source, copy->by_source, fetched->topic, strlen(fetched->topic), topic);
    if (!topic || fetched->partition < 0 || (size_t)fetched->partition >= topic->count)
        return NULL;
    struct copy_partition *partition = topic->partitions[fetched->partition];
    return partition->phase == COPY_RUN ? partition : NULL;
}

void link_intake_take(struct link_copy *copy, struct kc_fetched *fetched)
{
    struct copy_partition *partition = find(copy, fetched);
    struct copy_chunk *chunk = kc_calloc(1, sizeof(*chunk));
    *chunk = (struct copy_chunk){fetched, 1};
    if (partition && fetched->kind == KC_FETCHED_DATA)
        take_data(partition, chunk);
    else if (partition)
        take_event(partition, fetched);
    link_chunk_unref(chunk);
}

void link_intake_close(struct copy_partition *partition, int64_t end)
{
    struct copy_gaps *gaps = begin_gaps(partition);
    kc_debug("%s-%d: offsets %lld to %lld hold no record", partition->topic->name,
             partition->number, (long long)partition->read, (long long)end - 1);
    link_gaps_close(gaps, end);
    partition->read = gaps->next;
    link_pump_add(partition, gaps->pieces);
}
