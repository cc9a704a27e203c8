/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of transactions behind the last stable offset, and the last batches of producers. */
#include "link/copy_fates_priv.h"
#include "link/copy_flips_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* A control batch with one record: a marker of the producer. */
static struct kc_record_batch marker(int64_t offset, int64_t producer_id, bool commit,
                                     struct kc_str *bytes)
{
    struct kc_record_batch_builder *builder = kc_record_batch_builder_new(KC_CODEC_NONE, 0, false);
    const uint8_t key[] = {0, 0, 0, commit}, value[] = {0, 0, 0, 0, 0, 0};
    struct kc_record_batch batch;
    const char *why;
    ck_assert_ptr_null(kc_record_batch_builder_add(
        builder, &(struct kc_plain_record){.offset = offset,
                                           .timestamp = 1,
                                           .key = {key, sizeof(key)},
                                           .value = {value, sizeof(value)}}));
    ck_assert_ptr_null(kc_record_batch_builder_finish(builder, bytes));
    kc_record_batch_builder_destroy(builder);
    ck_assert_int_eq(kc_record_batch_parse((const uint8_t *)bytes->data, bytes->len, &batch, &why),
                     KC_BATCH_OK);
    batch.attributes |= 32 + 16;
    batch.producer_id = producer_id;
    return batch;
}

static struct kc_record_batch data(int64_t offset, int64_t producer_id, bool transactional)
{
    return (struct kc_record_batch){.magic = 2,
                                    .base_offset = offset,
                                    .count = 1,
                                    .producer_id = producer_id,
                                    .attributes = transactional ? 16 : 0};
}

static void note_marker(struct link_fates *fates, int64_t offset, int64_t producer_id, bool commit)
{
    struct kc_str bytes = {0};
    struct kc_record_batch batch = marker(offset, producer_id, commit, &bytes);
    link_fates_note(fates, &batch);
    kc_str_destroy(&bytes);
}

static bool admits(const struct link_fates *fates, struct kc_record_batch batch)
{
    return link_fates_admit(fates, &batch);
}

START_TEST(what_has_no_end_is_aborted)
{
    struct link_fates *fates = link_fates_new();
    note_marker(fates, 20, 1, true);
    note_marker(fates, 25, 2, true);
    note_marker(fates, 30, 1, false);
    ck_assert(admits(fates, data(10, -1, false)));
    ck_assert(admits(fates, data(10, 3, false)));
    ck_assert(admits(fates, data(10, 1, true)));
    ck_assert(admits(fates, data(19, 1, true)));
    ck_assert(!admits(fates, data(21, 1, true))); /* aborted */
    ck_assert(!admits(fates, data(31, 1, true))); /* open */
    ck_assert(admits(fates, data(24, 2, true)));
    ck_assert(!admits(fates, data(10, 4, true))); /* open from the beginning */
    struct kc_str bytes = {0};
    ck_assert(!admits(fates, marker(20, 1, true, &bytes)));
    kc_str_destroy(&bytes);
    link_fates_free(fates);
}
END_TEST

static void note_batch(struct link_flips *flips, int64_t id, int16_t epoch, int32_t sequence,
                       int64_t offset, int64_t now_ms)
{
    struct kc_record_batch batch = {.magic = 2,
                                    .base_offset = offset,
                                    .count = 10,
                                    .last_offset_delta = 9,
                                    .producer_id = id,
                                    .producer_epoch = epoch,
                                    .base_sequence = sequence};
    link_flips_note(flips, &batch, now_ms);
}

static void assert_table(const struct link_flips *flips, int64_t since_ms, const char *expected)
{
    json_t *json = link_flips_json(flips, 3, NULL, 900, since_ms);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (expected)
        ck_assert_str_eq(text, expected);
    else
        ck_assert_ptr_null(text);
    free(text);
    json_decref(json);
}

START_TEST(the_last_five_batches_are_known)
{
    struct link_flips *flips = link_flips_new();
    for (int i = 0; i < 7; i++)
        note_batch(flips, 8, 0, i * 10, 100 + i * 10, 50);
    note_batch(flips, 7, 1, INT32_MAX - 4, 300, 20);
    note_batch(flips, -1, -1, -1, 400, 60);
    assert_table(flips, 30,
                 "{\"epoch\":0,\"partition\":3,\"end\":900,\"producers\":[[8,0,[[20,29,120],"
                 "[30,39,130],[40,49,140],[50,59,150],[60,69,160]]]]}");
    note_batch(flips, 8, 1, 0, 500, 60); /* a new epoch */
    assert_table(
        flips, 0,
        "{\"epoch\":0,\"partition\":3,\"end\":900,\"producers\":[[7,1,[[2147483643,4,300]]],"
        "[8,1,[[0,9,500]]]]}");
    assert_table(flips, 100, NULL);
    link_flips_free(flips);
}
END_TEST

static enum kc_link_flip_verdict look_up(const struct link_flips *flips, int64_t id, int16_t epoch,
                                         int32_t first, int32_t last)
{
    struct kc_link_flip flip = {0};
    int64_t offset = -2;
    json_t *json = link_flips_json(flips, 3, NULL, 900, 0);
    ck_assert_ptr_null(kc_link_flip_parse(json, &flip));
    enum kc_link_flip_verdict verdict =
        kc_link_flip_look_up(&flip, id, epoch, first, last, &offset);
    if (verdict != KC_LINK_FLIP_DUPLICATE)
        ck_assert_int_eq(offset, -1);
    kc_link_flip_clear(&flip);
    json_decref(json);
    return verdict;
}

START_TEST(what_a_predecessor_copied_is_learnt_from_the_source)
{
    const struct kc_partition_producer producers[] = {
        {.producer_id = 7, .producer_epoch = 2, .last_sequence = 49, .last_timestamp = 1},
        {.producer_id = 8, .producer_epoch = 0, .last_sequence = 9, .last_timestamp = 2},
        {.producer_id = 9, .producer_epoch = 0, .last_sequence = -1, .last_timestamp = 3},
        {.producer_id = 10, .producer_epoch = 0, .last_sequence = INT32_MAX, .last_timestamp = -1},
    };
    struct link_flips *flips = link_flips_new();
    note_batch(flips, 8, 0, 0, 100, 50); /* it is known better */
    link_flips_learn(flips, producers, 4, 800, 60);
    ck_assert_int_eq(look_up(flips, 7, 2, 49, 49), KC_LINK_FLIP_OLD);
    ck_assert_int_eq(look_up(flips, 7, 2, 0, 9), KC_LINK_FLIP_OLD);
    ck_assert_int_eq(look_up(flips, 7, 2, 50, 59), KC_LINK_FLIP_NEXT);
    ck_assert_int_eq(look_up(flips, 7, 2, 60, 60), KC_LINK_FLIP_LATER);
    ck_assert_int_eq(look_up(flips, 7, 1, 50, 50), KC_LINK_FLIP_FENCED);
    ck_assert_int_eq(look_up(flips, 8, 0, 0, 9), KC_LINK_FLIP_DUPLICATE);
    ck_assert_int_eq(look_up(flips, 9, 0, 0, 0), KC_LINK_FLIP_UNKNOWN);
    ck_assert_int_eq(look_up(flips, 10, 0, 0, 0), KC_LINK_FLIP_NEXT); /* sequences go round */
    ck_assert_int_eq(look_up(flips, 10, 0, INT32_MAX, INT32_MAX), KC_LINK_FLIP_OLD);
    link_flips_free(flips);
}
END_TEST

START_TEST(those_who_wrote_last_are_learnt_first)
{
    struct kc_partition_producer producers[1500];
    struct link_flips *flips = link_flips_new();
    for (int i = 0; i < 1500; i++)
        producers[i] = (struct kc_partition_producer){
            .producer_id = 1 + i, .last_sequence = 4, .last_timestamp = i};
    note_batch(flips, 5000, 0, 0, 100, 50);
    link_flips_learn(flips, producers, 1500, 800, 60);
    ck_assert_int_eq(look_up(flips, 1500, 0, 4, 4), KC_LINK_FLIP_OLD);
    ck_assert_int_eq(look_up(flips, 600, 0, 4, 4), KC_LINK_FLIP_OLD);
    ck_assert_int_eq(look_up(flips, 100, 0, 4, 4), KC_LINK_FLIP_UNKNOWN);
    ck_assert_int_eq(look_up(flips, 5000, 0, 0, 9), KC_LINK_FLIP_DUPLICATE);
    link_flips_free(flips);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy_fates");
    TCase *tc = tcase_create("producers");
    tcase_add_test(tc, what_has_no_end_is_aborted);
    tcase_add_test(tc, the_last_five_batches_are_known);
    tcase_add_test(tc, what_a_predecessor_copied_is_learnt_from_the_source);
    tcase_add_test(tc, those_who_wrote_last_are_learnt_first);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
