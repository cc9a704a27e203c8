/* SPDX-License-Identifier: Apache-2.0 */
/* Batches as bytes to spans: what passes, what is repacked, and how. */
#include "source/raw_expand_priv.h"

#include "batch/batch_builder.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct kc_str bytes; /* as a broker sends them */
static struct kc_batch *to;
static struct kc_raw_counts counts;
static struct kc_source_partition *partition;

static void setup(void)
{
    bytes = (struct kc_str){0};
    counts = (struct kc_raw_counts){0};
    to = NULL;
    partition = kc_source_partition_new(NULL);
}

static void teardown(void)
{
    kc_batch_unref(to);
    kc_str_destroy(&bytes);
    kc_source_partition_unref(partition);
}

/* A message of magic 0 or 1 without a key. */
static void put_message(int64_t offset, int magic, int64_t time, const char *value)
{
    kc_str_append_i64(&bytes, offset);
    kc_str_append_i32(&bytes, (int32_t)(14 + (magic ? 8 : 0) + strlen(value)));
    kc_str_append_i32(&bytes, 0); /* the fetcher has looked at the CRC */
    kc_str_append_n(&bytes, magic ? "\1\0" : "\0\0", 2);
    if (magic)
        kc_str_append_i64(&bytes, time);
    kc_str_append_i32(&bytes, -1);
    kc_str_append_i32(&bytes, (int32_t)strlen(value));
    kc_str_append_n(&bytes, value, strlen(value));
}

static void put_batch(int64_t offset, int64_t time, const char *value)
{
    struct kc_batch_builder builder = {.codec = KC_CODEC_NONE};
    struct kc_wire_record record = {.offset = offset,
                                    .timestamp = time,
                                    .key = {NULL, -1},
                                    .value = {(const uint8_t *)value, (int32_t)strlen(value)}};
    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &bytes));
    kc_batch_builder_destroy(&builder);
}

static void expand(int64_t first_offset)
{
    struct kc_batch *from = kc_batch_new(0);
    *kc_batch_add_raw(from) = (struct kc_raw){.topic = "t",
                                              .data = (uint8_t *)bytes.data,
                                              .len = bytes.len,
                                              .first_offset = first_offset,
                                              .source_partition = partition,
                                              .offset_field = "offset"};
    struct kc_raw_cursor cursor = {0};
    struct kc_error *err = kc_raw_expand(from, NULL, NULL, &cursor, &counts, &to);
    kc_batch_unref(from);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
}

/* Times and values of the span's records, "time:value ...". */
static void assert_span(size_t index, const char *expected)
{
    const struct kc_raw_span *span = kc_batch_at(to, index)->span;
    struct kc_record_batch wire;
    struct kc_record_reader reader;
    struct kc_wire_record record;
    struct kc_str found = {0};
    const char *why = NULL;
    ck_assert_int_eq(kc_record_batch_parse(span->data, span->len, &wire, &why), KC_BATCH_OK);
    ck_assert_int_eq(wire.magic, 2);
    ck_assert(kc_record_batch_intact(&wire));
    ck_assert(!kc_record_batch_has_gaps(&wire));
    ck_assert_ptr_null(kc_record_reader_open(&reader, &wire, 1 << 20));
    while (kc_record_reader_next(&reader, &record, &why))
        kc_str_appendf(&found, "%s%lld:%.*s", found.len ? " " : "", (long long)record.timestamp,
                       (int)record.value.len, (const char *)record.value.data);
    ck_assert_ptr_null(why);
    kc_record_reader_close(&reader);
    ck_assert_str_eq(found.data, expected);
    kc_str_destroy(&found);
}

START_TEST(messages_of_old_formats_share_a_batch)
{
    put_message(10, 0, 0, "a");
    put_message(11, 0, 0, "b");
    put_message(13, 1, 500, "c");
    put_message(14, 1, 400, "d");
    put_batch(15, 600, "e");
    put_message(16, 1, 700, "f");
    expand(11);
    ck_assert_uint_eq(kc_batch_count(to), 3);
    assert_span(0, "-1:b 500:c 400:d");
    assert_span(1, "600:e");
    assert_span(2, "700:f");
    ck_assert_int_eq(kc_batch_at(to, 0)->source_offset.number, 14);
    const struct kc_raw_span *span = kc_batch_at(to, 0)->span;
    ck_assert_int_eq(span->run_count, 2);
    ck_assert_int_eq(span->runs[0].source_offset, 11);
    ck_assert_int_eq(span->runs[1].source_offset, 13);
    ck_assert_int_eq(span->runs[1].count, 2);
    ck_assert_uint_eq(counts.records[KC_RAW_PASSED], 1);
    ck_assert_uint_eq(counts.records[KC_RAW_REPACKED], 4);
}
END_TEST

START_TEST(a_batch_of_old_messages_does_not_grow_without_end)
{
    static char value[100001];
    memset(value, 'x', sizeof(value) - 1);
    for (int64_t offset = 0; offset < 7; offset++)
        put_message(offset, 1, 1, value);
    expand(0);
    ck_assert_uint_eq(kc_batch_count(to), 3);
    ck_assert_int_eq(kc_batch_at(to, 0)->span->count, 3);
    ck_assert_int_eq(kc_batch_at(to, 2)->span->count, 1);
    ck_assert_uint_eq(counts.records[KC_RAW_REPACKED], 7);
}
END_TEST

START_TEST(a_record_without_a_time_stays_without)
{
    put_batch(0, -1, "a");
    put_batch(1, 0, "b");
    expand(0);
    assert_span(0, "-1:a");
    assert_span(1, "0:b");
    ck_assert_uint_eq(counts.records[KC_RAW_PASSED], 2);
}
END_TEST

/* What a target may refuse gets the time of mirroring. */
START_TEST(a_time_before_1970_is_replaced)
{
    put_batch(0, -2, "a");
    expand(0);
    struct kc_record_batch wire;
    const char *why;
    const struct kc_raw_span *span = kc_batch_at(to, 0)->span;
    ck_assert_int_eq(kc_record_batch_parse(span->data, span->len, &wire, &why), KC_BATCH_OK);
    ck_assert_int_gt(wire.base_timestamp, 1000000000000);
    ck_assert_uint_eq(counts.records[KC_RAW_REPACKED], 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raw_span");
    TCase *tcase = tcase_create("expand");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, messages_of_old_formats_share_a_batch);
    tcase_add_test(tcase, a_batch_of_old_messages_does_not_grow_without_end);
    tcase_add_test(tcase, a_record_without_a_time_stays_without);
    tcase_add_test(tcase, a_time_before_1970_is_replaced);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
