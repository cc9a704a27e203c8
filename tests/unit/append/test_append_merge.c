/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the batches that wait for a partition are sent as one, and what becomes of the pieces
 * when the target refuses it.
 */
#include "append/appender_priv.h"
#include "batch/batch_builder.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct append_batch *add(struct append_part *part, int records, size_t value_len)
{
    struct append_batch *batch = kc_calloc(1, sizeof(*batch));
    const char *why = NULL;
    struct kc_batch_builder builder = {0};
    struct kc_str out = {0};
    char *value = kc_calloc(1, value_len);

    for (int i = 0; i < records; i++)
        kc_batch_builder_add(&builder,
                             &(struct kc_wire_record){.offset = i,
                                                      .timestamp = 1700000000000LL + i,
                                                      .key = {NULL, -1},
                                                      .value = kc_wire_bytes(value, value_len)});
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &out));
    kc_batch_builder_destroy(&builder);
    free(value);
    *batch = (struct append_batch){.data = (uint8_t *)out.data,
                                   .len = out.len,
                                   .count = records,
                                   .deadline_ms = 1000 + records,
                                   .mergeable = true};
    ck_assert_int_eq(kc_record_batch_parse(batch->data, batch->len, &batch->header, &why),
                     KC_BATCH_OK);
    DL_APPEND(part->batches, batch);
    return batch;
}

static size_t count(const struct append_batch *list)
{
    const struct append_batch *batch;
    size_t number = 0;

    DL_FOREACH (list, batch)
        number++;
    return number;
}

static void clear(struct append_batch **list)
{
    struct append_batch *batch, *next;

    DL_FOREACH_SAFE (*list, batch, next) {
        DL_DELETE(*list, batch);
        clear(&batch->pieces);
        free(batch->data);
        free(batch);
    }
}

START_TEST(what_waits_goes_together)
{
    struct append_part part = {.merge_max = 100000};
    struct append_batch *sent = add(&part, 1, 10), *first = add(&part, 2, 10), *merged;
    struct kc_record_batch header;
    const char *why;

    sent->tried = sent->in_flight = true;
    add(&part, 3, 10);
    add(&part, 1, 10);
    merged = append_merge(&part, first, 100000);
    ck_assert_ptr_ne(merged, first);
    ck_assert_int_eq(merged->count, 6);
    ck_assert_int_eq(merged->deadline_ms, first->deadline_ms);
    ck_assert_uint_eq(count(merged->pieces), 3);
    ck_assert_ptr_eq(merged->pieces, first);
    ck_assert_uint_eq(count(part.batches), 2);
    ck_assert_ptr_eq(part.batches->next, merged);
    ck_assert_int_eq(kc_record_batch_parse(merged->data, merged->len, &header, &why), KC_BATCH_OK);
    ck_assert_int_eq(header.count, 6);
    clear(&part.batches);
}
END_TEST

START_TEST(large_sent_and_unfit_ones_stay_alone)
{
    struct append_part part = {.merge_max = 100000};
    struct append_batch *first = add(&part, 1, 10), *large = add(&part, 1, 20000), *unfit;

    ck_assert_ptr_eq(append_merge(&part, first, 100000), first);
    ck_assert_ptr_eq(append_merge(&part, large, 100000), large);
    clear(&part.batches);
    first = add(&part, 1, 10);
    unfit = add(&part, 1, 10);
    unfit->mergeable = false;
    ck_assert_ptr_eq(append_merge(&part, first, 100000), first);
    unfit->mergeable = true;
    first->sequenced = first->tried = true;
    ck_assert_ptr_eq(append_merge(&part, first, 100000), first);
    ck_assert_uint_eq(count(part.batches), 2);
    clear(&part.batches);
}
END_TEST

START_TEST(sizes_hold)
{
    struct append_part part = {.merge_max = 1000};
    struct append_batch *first = add(&part, 1, 300), *merged;

    for (int i = 0; i < 9; i++)
        add(&part, 1, 300);
    merged = append_merge(&part, first, 100000);
    ck_assert_uint_eq(count(merged->pieces), 2);
    ck_assert_uint_le(merged->len, 1000);
    first = merged->next;
    ck_assert_ptr_eq(append_merge(&part, first, 500), first);
    clear(&part.batches);
}
END_TEST

START_TEST(refused_pieces_keep_their_sequences)
{
    struct append_part part = {.merge_max = 100000};
    struct append_batch *first = add(&part, 2, 10), *second = add(&part, 3, 10), *merged, *behind;

    merged = append_merge(&part, first, 100000);
    behind = add(&part, 1, 10);
    merged->sequenced = merged->tried = true;
    merged->sequence = INT32_MAX - 1; /* and around */
    ck_assert(append_may_unmerge(&part, merged, KC_KAFKA_INVALID_RECORD));
    ck_assert_uint_eq(part.merge_max, 100000);
    ck_assert(append_may_unmerge(&part, merged, KC_KAFKA_MESSAGE_TOO_LARGE));
    ck_assert_uint_eq(part.merge_max, merged->len / 2);
    append_unmerge(&part, merged);
    ck_assert_ptr_eq(part.batches, first);
    ck_assert_ptr_eq(first->next, second);
    ck_assert_ptr_eq(second->next, behind);
    ck_assert(first->sequenced && second->sequenced && !behind->sequenced);
    ck_assert_int_eq(first->sequence, INT32_MAX - 1);
    ck_assert_int_eq(second->sequence, 0);
    ck_assert_ptr_eq(append_merge(&part, first, 100000), first);
    clear(&part.batches);
}
END_TEST

START_TEST(what_may_be_in_the_log_stays_merged)
{
    struct append_part part = {.merge_max = 100000};
    struct append_batch *first = add(&part, 2, 10), *merged;

    add(&part, 3, 10);
    merged = append_merge(&part, first, 100000);
    merged->unknown = true;
    ck_assert(!append_may_unmerge(&part, merged, KC_KAFKA_INVALID_RECORD));
    ck_assert(!append_may_unmerge(&part, first, KC_KAFKA_INVALID_RECORD));
    clear(&part.batches);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("append_merge");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tests, what_waits_goes_together);
    tcase_add_test(tests, large_sent_and_unfit_ones_stay_alone);
    tcase_add_test(tests, sizes_hold);
    tcase_add_test(tests, refused_pieces_keep_their_sequences);
    tcase_add_test(tests, what_may_be_in_the_log_stays_merged);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
