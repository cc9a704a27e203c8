/* SPDX-License-Identifier: Apache-2.0 */
/* See aborted.h. */
#include "fetch/aborted.h"

#include "batch/record_reader.h"

#include <stdlib.h>

const char *kc_aborted_begin(struct kc_aborted_filter *filter, const struct kc_aborted *aborted,
                             int32_t count)
{
    *filter = (struct kc_aborted_filter){.aborted = aborted, .count = count};
    if (count > 0)
        filter->open = kc_try_calloc((size_t)count, sizeof *filter->open);
    return count > 0 && !filter->open ? "there is no memory for its aborted transactions" : NULL;
}

void kc_aborted_end(struct kc_aborted_filter *filter)
{
    free(filter->open);
    *filter = (struct kc_aborted_filter){0};
}

/* Transactions that begin before, or in, what is next. */
static void open_up_to(struct kc_aborted_filter *filter, int64_t last_offset)
{
    while (filter->next < filter->count &&
           filter->aborted[filter->next].first_offset <= last_offset)
        filter->open[filter->open_count++] = filter->aborted[filter->next++].producer_id;
}

static bool is_abort_marker(const struct kc_wire_batch *batch)
{
    enum { ABORT = 0 };
    struct kc_record_reader reader;
    struct kc_wire_record record;
    bool abort = false;
    const char *why = kc_record_reader_open(&reader, batch, KC_BATCH_PLAIN_LIMIT);

    if (!why && kc_record_reader_next(&reader, &record, &why) && record.key.len >= 4)
        abort = (record.key.data[2] << 8 | record.key.data[3]) == ABORT;
    kc_record_reader_close(&reader);
    return abort;
}

static void close_transaction(struct kc_aborted_filter *filter, int64_t producer_id)
{
    int32_t kept = 0;

    for (int32_t i = 0; i < filter->open_count; i++) {
        if (filter->open[i] != producer_id)
            filter->open[kept++] = filter->open[i];
    }
    filter->open_count = kept;
}

bool kc_aborted_admits(struct kc_aborted_filter *filter, const struct kc_wire_batch *batch)
{
    open_up_to(filter, kc_batch_last_offset(batch));
    if (kc_batch_control(batch)) {
        if (filter->open_count > 0 && is_abort_marker(batch))
            close_transaction(filter, batch->producer_id);
        return false;
    }
    for (int32_t i = 0; kc_batch_transactional(batch) && i < filter->open_count; i++) {
        if (filter->open[i] == batch->producer_id)
            return false;
    }
    return true;
}
