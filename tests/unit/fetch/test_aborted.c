/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of committed records sees all of them and no other, however transactions overlap.
 *
 * The broker here keeps a log in which several producers' transactions overlap at random, and
 * answers as Kafka does: aborted transactions come in the order of their markers (the transaction
 * index of a segment), which isn't that of their beginnings, and only those that the fetched range
 * touches. Fetches are cut anywhere.
 */
#include "fetch/aborted.h"

#include "batch/batch_builder.h"
#include "connect/fetch.h"
#include "wire/fake_broker.h"

enum {
    PATIENCE_MS = 20000,
    PRODUCERS = 4,
    STEPS = 200,
    OFFSETS = 4 * STEPS,
    TRANSACTIONAL = 16,
    CONTROL = 32,
};

struct entry { /* of the log: a batch */
    int64_t producer_id, first, next;
    size_t at, len;
};

struct transaction {
    int64_t producer_id, first, last;
};

static struct {
    struct kc_str bytes;
    struct entry batches[STEPS + PRODUCERS];
    size_t batch_count;
    struct transaction aborted[STEPS + PRODUCERS]; /* by their markers */
    size_t aborted_count;
    int64_t end;
    int64_t began[PRODUCERS]; /* where the open transaction begins; -1: none is */
    bool committed[OFFSETS];  /* what a reader is to see, by offset */
    bool seen[OFFSETS];
} model;

/* ---- the log ---- */

static void append(struct kc_batch_builder *builder, int64_t producer_id, int16_t attributes)
{
    struct entry *entry = &model.batches[model.batch_count++];
    struct kc_record_batch batch;
    const char *why;

    *entry = (struct entry){producer_id, model.end, builder->last_offset + 1, model.bytes.len, 0};
    ck_assert_ptr_null(kc_batch_builder_finish(builder, &model.bytes));
    entry->len = model.bytes.len - entry->at;
    kc_batch_builder_destroy(builder);
    uint8_t *data = (uint8_t *)model.bytes.data + entry->at;
    ck_assert_int_eq(kc_record_batch_parse(data, entry->len, &batch, &why), KC_BATCH_OK);
    batch.attributes = (int16_t)(batch.attributes | attributes);
    kc_batch_put_header(data, batch.size, &batch);
    kc_record_batch_rebase(
        data, batch.size,
        &(struct kc_record_batch_identity){.base_offset = entry->first,
                                           .leader_epoch = 1,
                                           .producer_id = producer_id,
                                           .producer_epoch = producer_id < 0 ? -1 : 0,
                                           .base_sequence = -1,
                                           .transactional = attributes & TRANSACTIONAL});
    model.end = entry->next;
}

static void add(struct kc_batch_builder *builder, int64_t offset, const void *key, size_t len)
{
    const struct kc_wire_record record = {.offset = offset, .key = kc_wire_bytes(key, len)};

    ck_assert_ptr_null(kc_batch_builder_add(builder, &record));
}

static void append_records(int producer, int count)
{
    struct kc_batch_builder builder = {0};

    for (int i = 0; i < count; i++)
        add(&builder, model.end + i, "k", 1);
    if (producer < PRODUCERS && model.began[producer] < 0)
        model.began[producer] = model.end;
    for (int i = 0; i < count && producer == PRODUCERS; i++)
        model.committed[model.end + i] = true;
    append(&builder, producer < PRODUCERS ? producer : -1,
           producer < PRODUCERS ? TRANSACTIONAL : 0);
}

/* The records of the producer's open transaction are wanted now. */
static void commit(int producer)
{
    for (size_t i = 0; i < model.batch_count; i++) {
        const struct entry *entry = &model.batches[i];

        if (entry->producer_id != producer || entry->first < model.began[producer])
            continue;
        for (int64_t at = entry->first; at < entry->next; at++)
            model.committed[at] = true;
    }
}

static void end_transaction(int producer, bool commits)
{
    const char marker[] = {0, 0, 0, commits};
    struct kc_batch_builder builder = {0};

    if (commits)
        commit(producer);
    else
        model.aborted[model.aborted_count++] =
            (struct transaction){producer, model.began[producer], model.end};
    add(&builder, model.end, marker, sizeof(marker));
    append(&builder, producer, TRANSACTIONAL | CONTROL);
    model.began[producer] = -1;
}

static void make_log(void)
{
    for (int i = 0; i < PRODUCERS; i++)
        model.began[i] = -1;
    for (int i = 0; i < STEPS; i++) {
        int producer = rand() % (PRODUCERS + 1);

        if (producer < PRODUCERS && model.began[producer] >= 0 && rand() % 2)
            end_transaction(producer, rand() % 3 == 0);
        else
            append_records(producer, 1 + rand() % 3);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        if (model.began[i] >= 0)
            end_transaction(i, rand() % 2);
    }
}

/* ---- the broker ---- */

static void put_aborted(struct kc_fetch_response_partition *partition, int64_t from, int64_t to,
                        struct kc_arena *arena)
{
    int32_t count = 0;

    KC_WIRE_LIST_NEW(arena, &partition->aborted_transactions, kc_fetch_response_aborted_transaction,
                     (int32_t)model.aborted_count);
    for (size_t i = 0; i < model.aborted_count; i++) {
        const struct transaction *aborted = &model.aborted[i];

        if (aborted->last >= from && aborted->first < to)
            partition->aborted_transactions.items[count++] =
                (struct kc_fetch_response_aborted_transaction){aborted->producer_id,
                                                               aborted->first};
    }
    partition->aborted_transactions.count = count;
}

/* Some batches from the one that holds the offset on, and whatever is left of the bytes. */
static void put_batches(struct kc_fetch_response_partition *partition, int64_t offset,
                        struct kc_arena *arena)
{
    size_t i = 0, most, len = 0, cut = 0;

    partition->high_watermark = partition->last_stable_offset = model.end;
    while (i < model.batch_count && model.batches[i].next <= offset)
        i++;
    if (i == model.batch_count)
        return;
    const uint8_t *data = (uint8_t *)model.bytes.data + model.batches[i].at;
    for (most = 1 + (size_t)rand() % 40; most > 0 && i < model.batch_count; most--)
        len += model.batches[i++].len;
    if (i < model.batch_count)
        cut = (size_t)rand() % model.batches[i].len;
    put_aborted(partition, offset, model.batches[i - 1].next, arena);
    partition->records = kc_wire_bytes(data, len + cut);
}

static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    const struct kc_fetch_request *fetch = request;
    struct kc_fetch_response *to = response;

    ck_assert_int_eq(api, KC_API_FETCH);
    if (fetch->topics.count == 0)
        return true;
    ck_assert_int_eq(fetch->isolation_level, 1);
    KC_WIRE_LIST_NEW(arena, &to->responses, kc_fetch_response_topic, 1);
    to->responses.items[0].topic = kc_wire_str(FAKE_TOPIC);
    to->responses.items[0].topic_id = fake->cluster->topic_id;
    KC_WIRE_LIST_NEW(arena, &to->responses.items[0].partitions, kc_fetch_response_partition, 1);
    put_batches(&to->responses.items[0].partitions.items[0],
                fetch->topics.items[0].partitions.items[0].fetch_offset, arena);
    return true;
}

/* ---- the reader ---- */

static void note(const struct kc_fetched *fetched)
{
    struct kc_aborted_filter filter;
    struct kc_record_batch batch;
    const char *why;

    ck_assert_ptr_null(kc_aborted_begin(&filter, fetched->aborted, fetched->aborted_count));
    for (size_t at = 0; at < fetched->len; at += batch.size) {
        ck_assert_int_eq(kc_record_batch_parse(fetched->data + at, fetched->len - at, &batch, &why),
                         KC_BATCH_OK);
        if (!kc_aborted_admits(&filter, &batch))
            continue;
        for (int64_t i = batch.base_offset; i <= kc_record_batch_last_offset(&batch); i++)
            model.seen[i] = model.seen[i] || i >= fetched->first_offset;
    }
    kc_aborted_end(&filter);
}

static void read_from(int64_t offset)
{
    struct fakes cluster = {.answer = answer, .topic_id = {{1}}, .leader = 1, .epoch = 1};
    struct kc_fetcher *fetcher;

    fake_start(&cluster, 1, true);
    struct kc_map *settings = fakes_settings(&cluster, "10");
    kc_map_set(settings, "isolation.level", "read_committed");
    ck_assert_ptr_null(kc_fetcher_open(settings, "test", 1 << 20, &fetcher));
    kc_fetcher_add(fetcher, FAKE_TOPIC, 0, offset, -1);
    for (int64_t next = offset; next < model.end;) {
        struct kc_fetched *fetched = kc_fetcher_next(fetcher, kc_mono_ms() + PATIENCE_MS);

        ck_assert_msg(fetched != NULL, "stuck at %lld of %lld", (long long)next,
                      (long long)model.end);
        ck_assert_int_eq(fetched->kind, KC_FETCHED_DATA);
        note(fetched);
        next = fetched->next_offset;
        kc_fetched_release(fetched);
    }
    kc_fetcher_close(fetcher);
    kc_map_destroy(settings);
    fakes_stop(&cluster);
}

static void expect_committed(int64_t from)
{
    for (int64_t i = from; i < model.end; i++)
        ck_assert_msg(model.seen[i] == model.committed[i], "offset %lld is %s", (long long)i,
                      model.seen[i] ? "seen, though it was aborted" : "not seen");
    kc_str_destroy(&model.bytes);
}

/* The second one to begin is the first one to end, as where a coordinator aborts two that have
 * timed out. */
START_TEST(one_that_began_later_ends_first)
{
    for (int i = 0; i < PRODUCERS; i++)
        model.began[i] = -1;
    append_records(0, 1);
    append_records(1, 1);
    append_records(PRODUCERS, 1);
    end_transaction(1, false);
    end_transaction(0, false);
    append_records(0, 1);
    end_transaction(0, true);
    read_from(0);
    expect_committed(0);
}
END_TEST

START_TEST(whatever_overlaps)
{
    srand((unsigned)_i);
    make_log();
    int64_t from = _i % 2 ? rand() % model.end : 0;
    read_from(from);
    expect_committed(from);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("aborted");
    TCase *tcase = tcase_create("readers");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, one_that_began_later_ends_first);
    tcase_add_loop_test(tcase, whatever_overlaps, 0, 40);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
