/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces go to the target in order, and results come back. The task's thread, but for results,
 * which the appender's thread puts into a list.
 *
 * A batch is given the count of the link's records before it as its sequence. The offset that the
 * answer tells must be the one that the piece has: else somebody else has written there.
 */
#include "link/copy_priv.h"
#include "link/copy_reasons_priv.h"

#include <string.h>
#include <utlist.h>

enum {
    FILLERS_MOST = 100000,       /* of a batch */
    FILLER_BYTES_MOST = 4 << 20, /* the same, uncompressed */
    FILLER_OVERHEAD = 12,        /* bytes of a record beside its key */
    IN_FLIGHT_MOST = 16,         /* batches of a partition at the appender */
    MARKERS_MOST = 2000,         /* of a partition in a job, so that others get their turn */
};

static void free_send(struct copy_send *send)
{
    free(send->owned);
    kc_error_destroy(send->error);
    free(send);
}

/* ---- the list of those with something to send ---- */

void link_pump_busy(struct copy_partition *partition)
{
    if (partition->busy || !partition->unsent)
        return;
    partition->busy = true;
    DL_APPEND2(partition->topic->copy->busy, partition, prev_busy, next_busy);
}

static void rest(struct copy_partition *partition)
{
    if (!partition->busy)
        return;
    partition->busy = false;
    DL_DELETE2(partition->topic->copy->busy, partition, prev_busy, next_busy);
}

/* ---- pieces ---- */

static void free_piece(struct copy_partition *partition, struct copy_piece *piece)
{
    DL_DELETE(partition->pieces, piece);
    link_chunk_unref(piece->chunk);
    link_piece_free(piece);
}

void link_pump_add(struct copy_partition *partition, struct copy_piece *pieces)
{
    if (!pieces)
        return;
    if (!partition->unsent)
        partition->unsent = pieces;
    DL_CONCAT(partition->pieces, pieces);
    link_pump_busy(partition);
}

void link_pump_drop(struct copy_partition *partition)
{
    while (partition->pieces)
        free_piece(partition, partition->pieces);
    partition->unsent = NULL;
    rest(partition);
}

/* Counts what the log has got, from the first piece on. */
static void advance(struct copy_partition *partition, int64_t count)
{
    struct copy_piece *piece = partition->pieces;
    piece->done += count;
    if (piece->kind == COPY_BATCH) {
        partition->copied_bytes += (int64_t)piece->len;
        partition->copied_records += count;
        partition->checksum =
            kc_record_batch_records_crc(piece->data, piece->len, partition->checksum);
        partition->last_source_time_ms = piece->timestamp;
    } else if (piece->kind == COPY_FILLERS) {
        partition->fillers += count;
    }
    if (piece->done < piece->count)
        return;
    if (partition->unsent == piece)
        partition->unsent = piece->next;
    partition->translation.source_at = piece->source_end;
    free_piece(partition, piece);
}

/* ---- sending ---- */

/* The appender's thread. */
static void on_appended(void *arg, const struct kc_append_result *result)
{
    struct copy_send *send = arg;
    struct link_copy *copy = send->partition->topic->copy;
    send->error = kc_error_copy(result->error);
    send->skipped = result->skipped;
    send->base_offset = result->base_offset;
    if (link_results_add(&copy->results, send))
        kc_fetcher_wake(copy->fetcher);
}

static bool submit(struct copy_partition *partition, uint8_t *data, size_t len, int64_t offset,
                   int64_t count, bool owned)
{
    struct link_copy *copy = partition->topic->copy;
    struct copy_send *send = kc_calloc(1, sizeof(*send));
    *send = (struct copy_send){.partition = partition,
                               .offset = offset,
                               .count = count,
                               .len = len,
                               .owned = owned ? data : NULL};
    link_results_expect(send);
    kc_record_batch_rebase(data, len,
                           &(struct kc_record_batch_identity){
                               .leader_epoch = -1,
                               .producer_id = copy->producer_id,
                               .base_sequence = link_position_sequence(&partition->sent)});
    if (!kc_appender_submit(copy->appender, &(struct kc_append){.topic = partition->topic->name,
                                                                .partition = partition->number,
                                                                .data = data,
                                                                .len = len,
                                                                .deadline_ms = copy->lease_until,
                                                                .done = on_appended,
                                                                .arg = send})) {
        link_results_forget(send);
        free_send(send);
        return false;
    }
    partition->sent.records += count;
    partition->in_flight++;
    link_pace_take(copy, len);
    return true;
}

static int64_t fillers_of(const struct copy_piece *piece)
{
    int64_t left = piece->count - piece->sent;
    int64_t most = FILLER_BYTES_MOST / (int64_t)(piece->len + FILLER_OVERHEAD);
    if (most > FILLERS_MOST)
        most = FILLERS_MOST;
    if (most < 1)
        most = 1;
    return left < most ? left : most;
}

/* A batch of leading fillers, which are many and alike, is built once. */
static const char *build_fillers(struct link_copy *copy, const struct copy_piece *piece,
                                 int64_t count, struct kc_str *out)
{
    const struct kc_filler filler = {
        .key = {piece->data, piece->null_key ? -1 : (int32_t)piece->len},
        .timestamp = piece->timestamp,
        .codec = KC_CODEC_ZSTD,
        .level = kc_codec_level(KC_CODEC_ZSTD)};
    bool alike = piece->null_key && count == FILLERS_MOST;
    if (!alike)
        return kc_filler_batch(&filler, (int32_t)count, out);
    if (copy->filler.len == 0 || copy->filler_time != piece->timestamp) {
        kc_str_clear(&copy->filler);
        const char *why = kc_filler_batch(&filler, (int32_t)count, &copy->filler);
        if (why)
            return why;
        copy->filler_time = piece->timestamp;
    }
    kc_str_append_n(out, copy->filler.data, copy->filler.len);
    return NULL;
}

static bool send_fillers(struct copy_partition *partition, struct copy_piece *piece)
{
    struct kc_str batch = {0};
    int64_t count = fillers_of(piece);
    const char *why = build_fillers(partition->topic->copy, piece, count, &batch);
    if (why) {
        kc_str_destroy(&batch);
        link_part_drain(partition, COPY_FAILED,
                        kc_asprintf("fillers for offset %lld can't be built: %s",
                                    (long long)piece->offset, why));
        return false;
    }
    if (!submit(partition, (uint8_t *)batch.data, batch.len, piece->offset + piece->sent, count,
                true)) {
        partition->topic->copy->full = true;
        return false;
    }
    piece->sent += count;
    return true;
}

static bool send_batch(struct copy_partition *partition, struct copy_piece *piece)
{
    if (!submit(partition, piece->data, piece->len, piece->offset, piece->count, false)) {
        partition->topic->copy->full = true;
        return false;
    }
    piece->sent = piece->count;
    return true;
}

static bool may_send(const struct copy_partition *partition)
{
    bool works = partition->phase == COPY_RUN || partition->phase == COPY_ALIGN;
    return works && link_part_is_saved(partition) && !partition->marking && partition->unsent &&
           partition->unsent->kind != COPY_MARKERS && partition->in_flight < IN_FLIGHT_MOST &&
           link_translate_admits(partition, partition->unsent) && link_pace_admits(partition);
}

static void send_from(struct copy_partition *partition)
{
    struct link_copy *copy = partition->topic->copy;
    while (!copy->full && may_send(partition)) {
        struct copy_piece *piece = partition->unsent;
        bool sent = piece->kind == COPY_BATCH ? send_batch(partition, piece)
                                              : send_fillers(partition, piece);
        if (!sent)
            break;
        if (piece->sent >= piece->count)
            partition->unsent = piece->next;
    }
    if (!partition->unsent)
        rest(partition);
}

void link_pump_run(struct link_copy *copy)
{
    struct copy_partition *partition, *next;
    copy->lease_until = link_lease_until(copy->lease);
    if (copy->lease_until <= kc_mono_ms())
        return;
    DL_FOREACH_SAFE2 (copy->busy, partition, next, next_busy) {
        if (copy->full)
            return;
        send_from(partition);
    }
}

/* ---- markers ---- */

/* Everything before is acknowledged, and a successor will know that there are markers. */
static bool may_mark(struct copy_partition *partition)
{
    const struct copy_piece *piece = partition->unsent;
    if (partition->phase != COPY_RUN || partition->marking || partition->in_flight > 0 || !piece ||
        piece->kind != COPY_MARKERS)
        return false;
    if (partition->saved.checked < 0) {
        partition->saved.checked = link_position_offset(&partition->acked);
        partition->saved.markers = partition->acked.markers;
        link_part_want_save(partition, true);
    }
    return link_part_is_saved(partition);
}

static void mark(struct copy_job **job, struct copy_partition *partition)
{
    struct copy_item *item = link_job_add(job, COPY_JOB_MARK, partition);
    item->offset = link_position_offset(&partition->acked);
    item->count = partition->unsent->count - partition->unsent->done;
    if (item->count > MARKERS_MOST)
        item->count = MARKERS_MOST;
    item->fence = partition->fence;
    partition->marking = true;
}

void link_pump_mark(struct link_copy *copy)
{
    struct copy_partition *partition;
    struct copy_job *job = NULL;
    if (!link_jobs_idle(copy, COPY_LANE_MARK) || copy->lease_until <= kc_mono_ms())
        return;
    DL_FOREACH2 (copy->busy, partition, next_busy) {
        if (may_mark(partition))
            mark(&job, partition);
    }
    link_jobs_submit(copy, COPY_LANE_MARK, job);
}

void link_pump_marked(struct copy_partition *partition, struct copy_item *item)
{
    partition->marking = false;
    if (partition->phase == COPY_DRAIN) {
        link_part_drained(partition);
        return;
    }
    if (item->target_error) {
        link_part_drain(partition, COPY_LOOK, kc_strdup(kc_error_text(item->target_error)));
        return;
    }
    partition->acked.markers += item->marked;
    partition->sent.markers += item->marked;
    if (item->marked > 0)
        advance(partition, item->marked);
    link_pump_busy(partition);
}

/* ---- results ---- */

static void fail(struct copy_partition *partition, const struct copy_send *send)
{
    char *refused =
        link_reason_refused(partition->topic->name, partition->number, send->offset, send->error);
    link_part_drain(partition, refused ? COPY_FAILED : COPY_LOOK,
                    refused ? refused : kc_strdup(kc_error_text(send->error)));
}

static void diverge(struct copy_partition *partition, const struct copy_send *send)
{
    partition->foreign_offset = send->offset;
    link_part_drain(partition, COPY_DIVERGED,
                    kc_asprintf("somebody else has written to partition %d at offset %lld, while "
                                "the link copied",
                                partition->number, (long long)send->offset));
}

static void take_result(struct copy_partition *partition, const struct copy_send *send)
{
    partition->in_flight--;
    bool in_turn = send->offset == link_position_offset(&partition->acked);
    if (!send->error && send->base_offset == send->offset && in_turn) {
        partition->acked.records += send->count;
        partition->looks = 0;
        advance(partition, send->count);
    } else if (!send->error && (send->base_offset < 0 || !in_turn)) {
        link_part_drain(partition, COPY_LOOK, NULL); /* an old duplicate, whose offset is unknown */
    } else if (!send->error) {
        diverge(partition, send);
    } else if (partition->phase != COPY_DRAIN) {
        fail(partition, send);
    }
    if (partition->phase == COPY_DRAIN)
        link_part_drained(partition);
    else
        link_pump_busy(partition);
}

void link_pump_discard(struct link_copy *copy)
{
    struct copy_send *results = link_results_take(&copy->results), *send, *next;
    DL_FOREACH_SAFE (results, send, next)
        free_send(send);
}

void link_pump_results(struct link_copy *copy)
{
    struct copy_send *results = link_results_take(&copy->results), *send, *next;
    if (results)
        copy->full = false;
    DL_FOREACH_SAFE (results, send, next) {
        take_result(send->partition, send);
        free_send(send);
    }
}
