/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merges small batches that wait together. A source whose producers don't linger gives batches of a
 * record or two, and a request for each would limit the throughput.
 *
 * Only batches that were never sent are merged. A merged batch that was sent stays as it is,
 * because the broker knows it by its first and last sequence. If the target refuses it for good,
 * the pieces replace it, with the sequences that they had within it, and each gets its own answer.
 * Loop thread.
 */
#include "append/appender_priv.h"

#include <stdlib.h>

#define PIECE_MAX  16384 /* bytes: copying more costs more than a request */
#define PIECES_MAX 1024

static bool fits(const struct append_batch *batch, size_t total, size_t room)
{
    return batch && batch->mergeable && !batch->tried && !batch->sequenced && !batch->failed &&
           batch->len <= PIECE_MAX && total + batch->len <= room;
}

/* How many from batch on may go together. */
static size_t count_fitting(const struct append_batch *batch, size_t room)
{
    size_t count = 0, total = 0;

    for (; count < PIECES_MAX && fits(batch, total, room); batch = batch->next, count++)
        total += batch->len;
    return count;
}

static const char *merge_bytes(const struct append_batch *batch, size_t count, struct kc_str *out)
{
    struct kc_record_batch *headers = kc_calloc(count, sizeof(*headers));

    for (size_t i = 0; i < count; i++, batch = batch->next)
        headers[i] = batch->header;
    const char *why = kc_record_batch_merge(headers, count, out);
    free(headers);
    return why;
}

/* Numbers that are written anew may take more bytes than before. If the result is too large, fewer
 * batches are merged. */
static size_t merge_fitting(struct append_batch *batch, size_t room, struct kc_str *out)
{
    size_t count = count_fitting(batch, room);

    for (; count >= 2; count /= 2) {
        if (merge_bytes(batch, count, out) != NULL) {
            batch->mergeable = false;
            break;
        }
        if (out->len <= room)
            return count;
        kc_str_clear(out);
    }
    kc_str_destroy(out);
    return 0;
}

struct append_batch *append_merge(struct append_part *part, struct append_batch *batch, size_t room)
{
    struct append_batch *merged, *behind;
    struct kc_str data = {0};
    size_t count = merge_fitting(batch, room < part->merge_max ? room : part->merge_max, &data);

    if (count == 0)
        return batch;
    merged = kc_calloc(1, sizeof(*merged));
    *merged = (struct append_batch){.data = (uint8_t *)data.data,
                                    .len = data.len,
                                    .queued_ms = batch->queued_ms,
                                    .deadline_ms = batch->deadline_ms,
                                    .base_offset = -1,
                                    .log_append_time_ms = -1,
                                    .log_start_offset = -1};
    DL_PREPEND_ELEM(part->batches, batch, merged);
    for (struct append_batch *piece = batch; count > 0; piece = behind, count--) {
        behind = piece->next;
        merged->count += piece->count;
        DL_DELETE(part->batches, piece);
        DL_APPEND(merged->pieces, piece);
    }
    return merged;
}

void append_unmerge(struct append_part *part, struct append_batch *merged)
{
    struct append_batch *piece, *next;
    int32_t sequence = merged->sequence;

    DL_FOREACH_SAFE (merged->pieces, piece, next) {
        DL_DELETE(merged->pieces, piece);
        piece->tried = merged->tried;
        piece->sequenced = merged->sequenced;
        piece->sequence = sequence;
        sequence = kc_sequence_after(sequence, piece->count);
        DL_PREPEND_ELEM(part->batches, merged, piece);
    }
    DL_DELETE(part->batches, merged);
    kc_error_destroy(merged->error);
    free(merged->data);
    free(merged);
}

/* Not if it may be in the log already, because the broker wouldn't recognise the pieces as
 * duplicates. */
bool append_may_unmerge(struct append_part *part, const struct append_batch *batch, int code)
{
    if (!batch->pieces || batch->unknown)
        return false;
    if (code == KC_KAFKA_MESSAGE_TOO_LARGE || code == KC_KAFKA_RECORD_LIST_TOO_LARGE)
        part->merge_max = batch->len / 2;
    return true;
}
