/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finishing in spite of a transaction that stays open: it is taken for aborted.
 *
 * A reader of committed records gets nothing from behind the last stable offset. So that range is
 * read twice without the isolation: first, by a job, for the ends of the transactions in it, then
 * to be copied. Up to `force_end`, the end as it was when the job began; if the source goes on,
 * once more.
 */
#include "connect/log.h"
#include "link/copy_priv.h"

static struct kc_logger log = KC_LOGGER("org.isthmus.link.copy");

enum { READ_MS = 30000 /* without anything new */ };

/* ---- the job ---- */

/* The offset behind what chunk has; -1: it can't be read. */
static int64_t note_chunk(struct link_fates *fates, const struct kc_fetched *chunk)
{
    struct kc_record_batch batch;
    const char *why;
    if (chunk->kind != KC_FETCHED_DATA)
        return -1;
    for (size_t at = 0; at < chunk->len; at += batch.size) {
        if (kc_record_batch_parse(chunk->data + at, chunk->len - at, &batch, &why) != KC_BATCH_OK)
            return -1;
        link_fates_note(fates, &batch);
    }
    return chunk->next_offset;
}

static void read_ends(struct kc_fetcher *fetcher, struct copy_item *item,
                      const struct kc_stop *stop)
{
    int64_t at = item->offset, deadline = kc_mono_ms() + READ_MS;
    item->fates = link_fates_new();
    kc_fetcher_add(fetcher, item->source, item->partition, at, -1);
    while (at >= 0 && at < item->source_high && kc_mono_ms() < deadline && !kc_stop_is_set(stop)) {
        struct kc_fetched *chunk = kc_fetcher_next(fetcher, kc_mono_ms() + 100);
        if (!chunk)
            continue;
        at = note_chunk(item->fates, chunk);
        deadline = kc_mono_ms() + READ_MS;
        kc_fetched_release(chunk);
    }
    kc_fetcher_remove(fetcher, item->source, item->partition);
    if (at < item->source_high)
        item->source_error = kc_error_retriable_new(
            KC_ERR_TIMEOUT, "reading %s-%d for the ends of its transactions got stuck",
            item->source, item->partition);
}

void link_force_run(struct link_copy *copy, struct copy_job *job)
{
    struct kc_fetcher *fetcher = NULL;
    struct kc_error *err = link_reader_open(copy, LINK_SOURCE, "fates", &fetcher);
    for (size_t i = 0; i < job->count; i++) {
        if (err)
            job->items[i].source_error = kc_error_copy(err);
        else
            read_ends(fetcher, &job->items[i],
                      kc_thread_stop(copy->workers[COPY_LANE_SLOW].thread));
    }
    kc_error_destroy(err);
    kc_fetcher_close(fetcher);
}

/* ---- the task's thread ---- */

bool link_force_is_due(const struct copy_partition *partition)
{
    int64_t at = link_part_source_at(partition);
    return partition->phase == COPY_RUN && partition->topic->force && partition->finishing &&
           !partition->finished && !partition->forcing && !partition->pieces &&
           partition->checks >= partition->finish_after &&
           partition->source_stable < partition->source_high && at >= partition->source_stable &&
           at < partition->source_high && (!partition->forced || at >= partition->force_end);
}

void link_force_add(struct copy_job **job, struct copy_partition *partition)
{
    struct copy_item *item = link_job_add(job, COPY_JOB_FORCE, partition);
    item->offset = partition->read;
    item->source_high = partition->source_high;
    partition->forcing = true;
}

/* The reader of the range, made when it is needed for the first time. */
static struct kc_fetcher *reader(struct link_copy *copy)
{
    struct kc_error *err =
        copy->forced_fetcher ? NULL
                             : link_reader_open(copy, LINK_SOURCE, "forced", &copy->forced_fetcher);
    if (err)
        kc_warn("%s: %s", copy->config->name, kc_error_text(err));
    kc_error_destroy(err);
    return copy->forced_fetcher;
}

void link_force_known(struct copy_partition *partition, struct copy_item *item)
{
    struct copy_topic *topic = partition->topic;
    struct kc_fetcher *fetcher = reader(topic->copy);
    partition->forcing = false;
    if (partition->generation != item->generation || item->source_error || !fetcher)
        return;
    kc_warn("%s: %s-%d: transactions that are open at offset %lld are taken for aborted, up to "
            "offset %lld",
            topic->copy->config->name, topic->source, partition->number, (long long)item->offset,
            (long long)item->source_high);
    link_fates_free(partition->fates);
    partition->fates = item->fates;
    item->fates = NULL;
    partition->forced = true;
    partition->force_end = item->source_high;
    kc_fetcher_remove(topic->copy->fetcher, topic->source, partition->number);
    kc_fetcher_add(fetcher, topic->source, partition->number, partition->fetched, -1);
}

void link_force_end(struct copy_partition *partition)
{
    struct copy_topic *topic = partition->topic;
    if (!partition->forced)
        return;
    kc_fetcher_remove(topic->copy->forced_fetcher, topic->source, partition->number);
    partition->forced = false;
    link_fates_free(partition->fates);
    partition->fates = NULL;
}
