/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks: twice a second both sides are asked for their offsets. They show foreign writes to
 * partitions where nothing is copied, a source that is away, and transactions that hang. Of a
 * partition at rest only the target's end is asked for so often: what is new at the source is
 * fetched as soon as it is there. On a lane's thread.
 */
#include "connect/log.h"
#include "link/copy_priv.h"

#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.link.copy");

#define ASK(job, side, timestamp, committed_only, field)                                           \
    link_offsets_ask(copy, (job), (side), (timestamp), (committed_only),                           \
                     offsetof(struct copy_item, field))

/* The producer whose transaction has been open from the lowest offset on. */
static const struct kc_partition_producer *oldest_open(const struct kc_partition_producers *answer)
{
    const struct kc_partition_producer *oldest = NULL;
    for (size_t i = 0; i < answer->count; i++) {
        const struct kc_partition_producer *one = &answer->producers[i];
        if (one->current_txn_start_offset >= 0 &&
            (!oldest || one->current_txn_start_offset < oldest->current_txn_start_offset))
            oldest = one;
    }
    return oldest;
}

/* Adds the transactional id and how long the transaction has been open, where brokers tell. */
static void add_transaction(struct link_copy *copy, int64_t producer_id, struct kc_str *text)
{
    const struct kc_transaction_filter filter = {.producer_ids = &producer_id,
                                                 .producer_id_count = 1};
    struct kc_transactions found = {0}, details = {0};
    struct kc_strings ids = {0};
    struct kc_error *err = kc_admin_list_transactions(copy->source, &filter, &found);
    for (size_t i = 0; !err && i < found.count; i++) {
        if (found.items[i].producer_id == producer_id && found.items[i].transactional_id)
            kc_strings_add(&ids, found.items[i].transactional_id);
    }
    if (!err && ids.count > 0)
        err = kc_admin_describe_transactions(copy->source, &ids, &details);
    for (size_t i = 0; !err && i < ids.count; i++)
        kc_str_appendf(text, ", transactional id %s", ids.items[i]);
    if (!err && details.count > 0 && details.items[0].start_ms > 0)
        kc_str_appendf(text, ", open for %lld s",
                       (long long)((kc_now_ms() - details.items[0].start_ms) / 1000));
    if (!err && ids.count == 0)
        kc_str_append(text, ", unknown to all coordinators: it hangs");
    kc_error_destroy(err);
    kc_transactions_destroy(&found);
    kc_transactions_destroy(&details);
    kc_strings_destroy(&ids);
}

static void name_hanging(struct link_copy *copy, struct copy_item *item)
{
    struct kc_partition_producers asked = {.topic = item->source, .partition = item->partition};
    struct kc_str text = {0};
    struct kc_error *err = kc_admin_describe_producers(copy->source, &asked, 1);
    const struct kc_partition_producer *open = err ? NULL : oldest_open(&asked);
    if (open) {
        kc_str_appendf(&text, "a transaction is open at offset %lld of %s-%d: producer id %lld",
                       (long long)open->current_txn_start_offset, item->source, item->partition,
                       (long long)open->producer_id);
        add_transaction(copy, open->producer_id, &text);
        item->text = kc_str_take(&text);
    } else if (err) {
        kc_debug("%s", kc_error_text(err));
    }
    kc_error_destroy(err);
    kc_partition_producers_clear(&asked, 1);
}

/* Moves the items that everything is asked of to the front, and tells how many they are. */
static size_t put_whole_first(struct copy_job *job)
{
    size_t whole = 0;
    for (size_t i = 0; i < job->count; i++) {
        if (job->items[i].brief)
            continue;
        struct copy_item item = job->items[whole];
        job->items[whole++] = job->items[i];
        job->items[i] = item;
    }
    return whole;
}

void link_check_run(struct link_copy *copy, struct copy_job *job)
{
    struct copy_job whole = {.items = job->items, .count = put_whole_first(job)};
    ASK(job, COPY_AT_TARGET, KC_OFFSET_LATEST, false, target_end);
    ASK(&whole, COPY_AT_TARGET, KC_OFFSET_EARLIEST, false, target_start);
    ASK(&whole, COPY_AT_SOURCE, KC_OFFSET_EARLIEST, false, source_start);
    ASK(&whole, COPY_AT_SOURCE, KC_OFFSET_LATEST, true, source_stable);
    ASK(&whole, COPY_AT_SOURCE, KC_OFFSET_LATEST, false, source_high);
    for (size_t i = 0; i < whole.count; i++) {
        if (job->items[i].hanging && !job->items[i].source_error)
            name_hanging(copy, &job->items[i]);
    }
}
