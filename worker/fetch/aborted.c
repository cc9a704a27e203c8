/* SPDX-License-Identifier: Apache-2.0 */
/* See aborted.h. */
#include "fetch/aborted.h"

#include <stdlib.h>

const char *kc_aborted_begin(struct kc_aborted_filter *filter, const struct kc_aborted *aborted,
                             int32_t count)
{
    *filter = (struct kc_aborted_filter){.aborted = aborted, .count = count};
    if (count > 0)
        filter->open = kc_try_calloc((size_t)count, sizeof(*filter->open));
    return count > 0 && !filter->open ? "there is no memory for its aborted transactions" : NULL;
}

void kc_aborted_end(struct kc_aborted_filter *filter)
{
    free(filter->open);
    *filter = (struct kc_aborted_filter){0};
}

/* Takes up the transactions that begin before the end of the next batch. */
static void open_up_to(struct kc_aborted_filter *filter, int64_t last_offset)
{
    while (filter->next < filter->count &&
           filter->aborted[filter->next].first_offset <= last_offset)
        filter->open[filter->open_count++] = filter->aborted[filter->next++].producer_id;
}

static bool is_abort_marker(const struct kc_record_batch *batch)
{
    struct kc_control_record control;

    return !kc_control_read(batch, &control) && control.type == KC_CONTROL_ABORT;
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

bool kc_aborted_admits(struct kc_aborted_filter *filter, const struct kc_record_batch *batch)
{
    open_up_to(filter, kc_record_batch_last_offset(batch));
    if (kc_record_batch_control(batch)) {
        if (filter->open_count > 0 && is_abort_marker(batch))
            close_transaction(filter, batch->producer_id);
        return false;
    }
    for (int32_t i = 0; kc_record_batch_transactional(batch) && i < filter->open_count; i++) {
        if (filter->open[i] == batch->producer_id)
            return false;
    }
    return true;
}

/* ---- for connectors ---- */

struct kc_error *kc_aborted_filter_new(const struct kc_aborted *aborted, int32_t count,
                                       struct kc_aborted_filter **filter)
{
    struct kc_aborted_filter *made = kc_calloc(1, sizeof(*made));
    const char *why = kc_aborted_begin(made, aborted, count);

    if (why) {
        kc_aborted_filter_destroy(made);
        return kc_error_memory((size_t)count * sizeof(*made->open), "Leaving out transactions");
    }
    *filter = made;
    return NULL;
}

bool kc_aborted_filter_admits(struct kc_aborted_filter *filter, const struct kc_record_batch *batch)
{
    return kc_aborted_admits(filter, batch);
}

void kc_aborted_filter_destroy(struct kc_aborted_filter *filter)
{
    if (!filter)
        return;
    kc_aborted_end(filter);
    free(filter);
}
