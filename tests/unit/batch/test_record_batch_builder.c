/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches by the contract alone: walked, built, filled, rewritten, compressed anew. What
 * kafka-clients wrote is the measure where there is such a thing.
 */
#include "batch/golden_batch.h"
#include "connect/record_batch.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TIME 1700000000000LL

static struct kc_bytes bytes(const char *text)
{
    return (struct kc_bytes){(const uint8_t *)text, text ? (int32_t)strlen(text) : -1};
}

static void check_bytes(struct kc_bytes got, const char *expected)
{
    ck_assert_int_eq(got.len, expected ? (int)strlen(expected) : -1);
    if (expected)
        ck_assert_mem_eq(got.data, expected, strlen(expected));
}

/* The one batch in data, whose CRC is right. */
static struct kc_record_batch parse(const void *data, size_t len)
{
    struct kc_record_batch batch;
    const char *why = NULL;

    ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_OK);
    ck_assert_uint_eq(batch.size, len);
    ck_assert(kc_record_batch_intact(&batch));
    return batch;
}

static struct kc_record_walk *walk(const struct kc_record_batch *batch)
{
    struct kc_record_walk *walk = NULL;
    const char *why = kc_record_walk_begin(batch, KC_RECORDS_LIMIT, &walk);

    ck_assert_msg(!why, "%s", why);
    return walk;
}

/* ---- fillers ---- */

START_TEST(fillers_are_records_of_one_key_with_nothing_in_them)
{
    const struct kc_filler filler = {.key = bytes("K"),
                                     .empty = _i % 2,
                                     .timestamp = TIME,
                                     .codec = (enum kc_codec)_i,
                                     .level = kc_codec_level((enum kc_codec)_i)};
    struct kc_str out = {0};
    struct kc_plain_record record;
    int64_t expected = 0;

    ck_assert_ptr_null(kc_filler_batch(&filler, 1000, &out));
    struct kc_record_batch batch = parse(out.data, out.len);
    ck_assert_int_eq(kc_record_batch_codec(&batch), _i);
    ck_assert_int_eq(batch.count, 1000);
    ck_assert_int_eq(batch.last_offset_delta, 999);
    ck_assert_int_eq(batch.producer_id, -1);
    ck_assert_int_eq(batch.base_sequence, -1);
    ck_assert_int_eq(batch.max_timestamp, TIME);
    ck_assert(!kc_record_batch_has_gaps(&batch));
    struct kc_record_walk *at = walk(&batch);
    const char *why = NULL;
    while (kc_record_walk_next(at, &record, &why)) {
        ck_assert_int_eq(record.offset, expected++);
        ck_assert_int_eq(record.timestamp, TIME);
        check_bytes(record.key, "K");
        check_bytes(record.value, _i % 2 ? "" : NULL);
        ck_assert_int_eq(record.header_count, 0);
    }
    ck_assert_ptr_null(why);
    ck_assert_int_eq(expected, 1000);
    kc_record_walk_end(at);
    kc_str_destroy(&out);
}
END_TEST

START_TEST(a_hundred_thousand_fillers_take_less_than_a_byte_each)
{
    struct kc_filler filler = {.key = bytes(NULL), .codec = KC_CODEC_ZSTD, .timestamp = TIME};
    struct kc_str out = {0};

    filler.level = kc_codec_level(filler.codec);
    int64_t began = kc_mono_us();
    ck_assert_ptr_null(kc_filler_batch(&filler, 100000, &out));
    int64_t took = kc_mono_us() - began;
    ck_assert_uint_lt(out.len, 100000);
    ck_assert_int_eq(parse(out.data, out.len).count, 100000);
    /* Sanitizers and a loaded machine are slow: the order of magnitude is what is looked at. */
    ck_assert_int_lt(took, 1000000);
    kc_str_destroy(&out);
}
END_TEST

START_TEST(fillers_have_limits)
{
    const struct kc_filler filler = {.key = bytes("K")};
    struct kc_str out = {0};

    ck_assert_ptr_nonnull(kc_filler_batch(&filler, 0, &out));
    ck_assert_ptr_nonnull(kc_filler_batch(&filler, KC_FILLERS_MAX + 1, &out));
    ck_assert_uint_eq(out.len, 0);
}
END_TEST

/* ---- building and walking ---- */

START_TEST(what_is_built_is_walked)
{
    const struct kc_plain_header headers[] = {{bytes("h"), bytes("1")}, {bytes("n"), bytes(NULL)}};
    const struct kc_plain_record records[] = {
        {100, TIME, bytes("K"), bytes(NULL), NULL, 0},
        {101, TIME + 5, bytes("K"), bytes("V"), headers, 2},
        {105, TIME - 5, bytes(NULL), bytes(""), headers, 1},
    };
    const size_t count = sizeof(records) / sizeof(*records);
    struct kc_record_batch_builder *builder =
        kc_record_batch_builder_new(KC_CODEC_LZ4, kc_codec_level(KC_CODEC_LZ4), _i == 1);
    struct kc_plain_record got;
    struct kc_str out = {0};
    const char *why = NULL;

    for (size_t i = 0; i < count; i++) {
        size_t size = kc_record_batch_builder_size_with(builder, &records[i]);
        ck_assert_uint_gt(size, KC_BATCH_HEADER);
        ck_assert_ptr_null(kc_record_batch_builder_add(builder, &records[i]));
    }
    ck_assert_int_eq(kc_record_batch_builder_count(builder), (int)count);
    if (_i == 0) /* it goes back */
        ck_assert_ptr_nonnull(kc_record_batch_builder_add(builder, &records[0]));
    ck_assert_ptr_null(kc_record_batch_builder_finish(builder, &out));
    ck_assert_int_eq(kc_record_batch_builder_count(builder), 0);
    struct kc_record_batch batch = parse(out.data, out.len);
    ck_assert_int_eq(kc_record_batch_has_gaps(&batch), _i == 0);
    ck_assert_int_eq(kc_record_batch_last_offset(&batch), _i == 0 ? 105 : 102);
    struct kc_record_walk *at = walk(&batch);
    for (size_t i = 0; i < count; i++) {
        ck_assert(kc_record_walk_next(at, &got, &why));
        ck_assert_int_eq(got.offset, _i == 0 ? records[i].offset : 100 + (int64_t)i);
        ck_assert_int_eq(got.timestamp, records[i].timestamp);
        ck_assert_int_eq(got.value.len, records[i].value.len);
        ck_assert_int_eq(got.header_count, records[i].header_count);
    }
    check_bytes(got.headers[0].key, "h");
    check_bytes(got.headers[0].value, "1");
    ck_assert(!kc_record_walk_next(at, &got, &why));
    ck_assert_ptr_null(why);
    kc_record_walk_end(at);
    kc_record_batch_builder_destroy(builder);
    kc_record_batch_builder_destroy(NULL);
    kc_str_destroy(&out);
}
END_TEST

START_TEST(damage_ends_a_walk)
{
    size_t len;
    uint8_t *data = golden("magic2-none", &len);
    struct kc_record_batch batch = parse(data, len);
    struct kc_plain_record record;
    const char *why = NULL;

    memset(data + KC_BATCH_HEADER, 0xff, len - KC_BATCH_HEADER);
    struct kc_record_walk *at = walk(&batch);
    ck_assert(!kc_record_walk_next(at, &record, &why));
    ck_assert_ptr_nonnull(why);
    kc_record_walk_end(at);
    kc_record_walk_end(NULL);
    free(data);
}
END_TEST

/* ---- control batches ---- */

START_TEST(a_transactions_marker_is_read)
{
    struct kc_control_record control;
    size_t len;
    uint8_t *data = golden("marker", &len);
    struct kc_record_batch batch = parse(data, len);

    ck_assert(kc_record_batch_control(&batch));
    ck_assert_ptr_null(kc_control_read(&batch, &control));
    ck_assert(control.type == KC_CONTROL_COMMIT || control.type == KC_CONTROL_ABORT);
    ck_assert_int_eq(control.offset, batch.base_offset);
    ck_assert_int_ge(control.coordinator_epoch, 0);
    free(data);
    data = golden("magic2-none", &len);
    batch = parse(data, len);
    ck_assert_ptr_nonnull(kc_control_read(&batch, &control));
    free(data);
}
END_TEST

/* ---- rewriting ---- */

START_TEST(a_producer_is_set_and_the_crc_follows)
{
    size_t len;
    uint8_t *data = golden(_i ? "transactional" : "magic2-zstd", &len);
    const int64_t id = (1LL << 62) + 5;

    kc_record_batch_set_producer(data, len, id, 0, INT32_MAX);
    struct kc_record_batch batch = parse(data, len);
    ck_assert_int_eq(batch.producer_id, id);
    ck_assert_int_eq(batch.producer_epoch, 0);
    ck_assert_int_eq(batch.base_sequence, INT32_MAX);
    ck_assert_int_eq(kc_record_batch_transactional(&batch), _i);
    uint32_t crc = batch.crc;
    kc_record_batch_set_place(data, 77, 12);
    batch = parse(data, len);
    ck_assert_int_eq(batch.base_offset, 77);
    ck_assert_int_eq(batch.leader_epoch, 12);
    ck_assert_uint_eq(batch.crc, crc);
    free(data);
}
END_TEST

START_TEST(sequences_begin_anew_behind_the_largest)
{
    ck_assert_int_eq(kc_sequence_after(0, 5), 5);
    ck_assert_int_eq(kc_sequence_after(INT32_MAX - 1, 1), INT32_MAX);
    ck_assert_int_eq(kc_sequence_after(INT32_MAX, 1), 0);
    ck_assert_int_eq(kc_sequence_after(INT32_MAX - 2, 5), 2);
    ck_assert_int_eq(kc_sequence_after(3, 10LL << 31), 3);
}
END_TEST

/* ---- compressed anew ---- */

static void check_same_records(const struct kc_record_batch *a, const struct kc_record_batch *b)
{
    struct kc_record_walk *x = walk(a), *y = walk(b);
    struct kc_plain_record one, other;
    const char *why = NULL;

    ck_assert_int_eq(a->count, b->count);
    while (kc_record_walk_next(x, &one, &why)) {
        ck_assert(kc_record_walk_next(y, &other, &why));
        ck_assert_int_eq(one.offset - a->base_offset, other.offset - b->base_offset);
        ck_assert_int_eq(one.timestamp, other.timestamp);
        ck_assert_int_eq(one.value.len, other.value.len);
        if (one.value.len > 0)
            ck_assert_mem_eq(one.value.data, other.value.data, (size_t)one.value.len);
    }
    ck_assert_ptr_null(why);
    kc_record_walk_end(x);
    kc_record_walk_end(y);
}

START_TEST(every_codec_becomes_every_other)
{
    static const char *const names[KC_CODECS] = {"magic2-none", "magic2-gzip", "magic2-snappy",
                                                 "magic2-lz4", "magic2-zstd"};
    size_t len;
    uint8_t *data = golden(names[_i], &len);
    struct kc_record_batch batch = parse(data, len);

    for (int codec = 0; codec < KC_CODECS; codec++) {
        struct kc_str out = {0};
        ck_assert_ptr_null(kc_record_batch_recompress(&batch, (enum kc_codec)codec,
                                                      kc_codec_level((enum kc_codec)codec),
                                                      KC_RECORDS_LIMIT, &out));
        struct kc_record_batch anew = parse(out.data, out.len);
        ck_assert_int_eq(kc_record_batch_codec(&anew), codec);
        ck_assert_int_eq(anew.base_offset, 0);
        check_same_records(&batch, &anew);
        kc_str_destroy(&out);
    }
    free(data);
}
END_TEST

START_TEST(what_grows_too_large_is_refused)
{
    size_t len;
    uint8_t *data = golden("magic2-gzip", &len);
    struct kc_record_batch batch = parse(data, len);
    struct kc_str out = {0};

    ck_assert_ptr_nonnull(kc_record_batch_recompress(&batch, KC_CODEC_NONE, 0, 10, &out));
    ck_assert_uint_eq(out.len, 0);
    free(data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record batches");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, fillers_are_records_of_one_key_with_nothing_in_them, 0, KC_CODECS);
    tcase_add_test(tests, a_hundred_thousand_fillers_take_less_than_a_byte_each);
    tcase_add_test(tests, fillers_have_limits);
    tcase_add_loop_test(tests, what_is_built_is_walked, 0, 2);
    tcase_add_test(tests, damage_ends_a_walk);
    tcase_add_test(tests, a_transactions_marker_is_read);
    tcase_add_loop_test(tests, a_producer_is_set_and_the_crc_follows, 0, 2);
    tcase_add_test(tests, sequences_begin_anew_behind_the_largest);
    tcase_add_loop_test(tests, every_codec_becomes_every_other, 0, KC_CODECS);
    tcase_add_test(tests, what_grows_too_large_is_refused);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
