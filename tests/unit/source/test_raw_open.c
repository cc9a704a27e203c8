/* SPDX-License-Identifier: Apache-2.0 */
/* How batches as bytes are opened into records: bit by bit, what is left out. */
#include "source/raw_expand_priv.h"

#include "batch/batch_builder.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORDS = 1000, /* of a batch */
    VALUE = 500,
    BATCH_BYTES = RECORDS * (VALUE + 8),
    TRANSACTIONAL = 16,
    CONTROL = 32,
};

static struct kc_str bytes;
static struct kc_batch *from;
static struct kc_raw *raw;
static int64_t next_offset;

static void setup(void)
{
    from = kc_batch_new(0);
    next_offset = 0;
}

static void teardown(void)
{
    kc_batch_unref(from);
    kc_str_destroy(&bytes);
    bytes = (struct kc_str){0};
}

static void set_int(uint8_t *at, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

/* Appends a batch of records that compress well; attributes are added to those of the codec. */
static void add_batch(int count, int attributes, int64_t producer, const char *key)
{
    static const uint8_t value[VALUE];
    struct kc_batch_builder builder = {.codec = KC_CODEC_ZSTD};
    size_t at = bytes.len;
    for (int i = 0; i < count; i++) {
        struct kc_wire_record record = {
            .offset = next_offset++,
            .timestamp = 1000,
            .key = {(const uint8_t *)key, key ? 4 : -1},
            .value = {value, VALUE},
        };
        ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    }
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &bytes));
    kc_batch_builder_destroy(&builder);
    uint8_t *batch = (uint8_t *)bytes.data + at;
    batch[22] |= (uint8_t)attributes;
    set_int(batch + 43, (uint64_t)producer, 8);
}

/* All that was added, as one part. */
static void end_part(const struct kc_aborted *aborted, int count)
{
    raw = kc_batch_add_raw(from);
    *raw = (struct kc_raw){.topic = "t",
                           .data = (uint8_t *)bytes.data,
                           .len = bytes.len,
                           .aborted = aborted,
                           .aborted_count = count,
                           .read_committed = aborted != NULL,
                           .offset_field = "offset"};
}

/* Opens what comes next; its records must follow *offset on. */
static size_t open_next(struct kc_raw_cursor *cursor, int64_t *offset)
{
    struct kc_raw_counts counts = {0};
    struct kc_batch *to = NULL;
    ck_assert_ptr_null(kc_raw_expand(from, "a test", NULL, cursor, &counts, &to));
    size_t count = kc_batch_count(to);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(kc_batch_at(to, i)->source_offset.number, (*offset)++);
    ck_assert_uint_eq(counts.records[KC_RAW_OPENED], count);
    kc_batch_unref(to);
    return count;
}

START_TEST(opens_a_bit_at_a_time)
{
    struct kc_raw_cursor cursor = {0};
    int64_t offset = 0;
    int rounds = 0;
    for (int i = 0; i < 20; i++)
        add_batch(RECORDS, 0, -1, NULL);
    ck_assert_uint_lt(bytes.len, BATCH_BYTES / 10); /* it's the opened bytes that count */
    end_part(NULL, 0);
    for (; cursor.part < 1; rounds++)
        ck_assert_uint_le(open_next(&cursor, &offset) * VALUE, (1 << 18) + BATCH_BYTES);
    ck_assert_int_eq(offset, 20 * RECORDS);
    ck_assert_int_ge(rounds, 20);
}
END_TEST

START_TEST(keeps_in_mind_what_is_aborted)
{
    static const struct kc_aborted aborted[] = {{7, 3 * RECORDS}};
    static const char abort_marker[] = {0, 0, 0, 0};
    struct kc_raw_cursor cursor = {0};
    struct kc_batch *to;
    struct kc_raw_counts counts = {0};
    int64_t seen = 0, last = -1;
    for (int i = 0; i < 3; i++)
        add_batch(RECORDS, TRANSACTIONAL, 7, NULL); /* committed before */
    for (int i = 0; i < 5; i++) {
        add_batch(RECORDS, TRANSACTIONAL, 7, NULL); /* aborted */
        add_batch(RECORDS, TRANSACTIONAL, 8, NULL); /* committed in between */
    }
    add_batch(1, TRANSACTIONAL | CONTROL, 7, abort_marker);
    for (int i = 0; i < 5; i++)
        add_batch(RECORDS, TRANSACTIONAL, 7, NULL); /* committed afterwards */
    end_part(aborted, 1);
    while (cursor.part < 1) {
        ck_assert_ptr_null(kc_raw_expand(from, "a test", NULL, &cursor, &counts, &to));
        for (size_t i = 0; i < kc_batch_count(to); i++) {
            int64_t offset = kc_batch_at(to, i)->source_offset.number;
            int64_t batch = offset / RECORDS;
            ck_assert_int_gt(offset, last);
            ck_assert_msg(batch < 3 || batch >= 13 || batch % 2 == 0, "offset %lld was aborted",
                          (long long)offset);
            last = offset;
            seen++;
        }
        kc_batch_unref(to);
    }
    ck_assert_int_eq(seen, 13 * RECORDS);
}
END_TEST

START_TEST(can_be_left_halfway)
{
    static const struct kc_aborted aborted[] = {{7, 0}};
    struct kc_raw_cursor cursor = {0};
    int64_t offset = RECORDS;
    add_batch(RECORDS, TRANSACTIONAL, 7, NULL);
    for (int i = 0; i < 5; i++)
        add_batch(RECORDS, 0, -1, NULL);
    end_part(aborted, 1);
    open_next(&cursor, &offset);
    ck_assert_uint_eq(cursor.part, 0);
    kc_raw_cursor_clear(&cursor);
    ck_assert_uint_eq(cursor.at, 0);
}
END_TEST

START_TEST(what_is_opened_keeps_the_bytes)
{
    struct kc_raw_cursor cursor = {0};
    struct kc_raw_counts counts = {0};
    struct kc_batch *first, *second;
    for (int i = 0; i < 6; i++)
        add_batch(RECORDS, 0, -1, NULL);
    end_part(NULL, 0);
    kc_batch_own(from, bytes.data, free);
    bytes = (struct kc_str){0};
    ck_assert_ptr_null(kc_raw_expand(from, "a test", NULL, &cursor, &counts, &first));
    ck_assert_ptr_null(kc_raw_expand(from, "a test", NULL, &cursor, &counts, &second));
    kc_batch_unref(from);
    from = kc_batch_new(0);
    kc_batch_unref(first);
    const struct kc_record *record = kc_batch_at(second, 0);
    ck_assert_str_eq(record->topic, "t");
    ck_assert_uint_eq(record->value.u.bytes.len, VALUE);
    ck_assert_int_eq(record->value.u.bytes.data[VALUE - 1], 0);
    kc_batch_unref(second);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raw_open");
    TCase *tests = tcase_create("opening");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, opens_a_bit_at_a_time);
    tcase_add_test(tests, keeps_in_mind_what_is_aborted);
    tcase_add_test(tests, can_be_left_halfway);
    tcase_add_test(tests, what_is_opened_keeps_the_bytes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
