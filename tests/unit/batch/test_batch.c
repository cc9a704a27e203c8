/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record batches as kafka-clients writes them (tests/support/wire/GoldenBatches.java): read,
 * rewritten, built, split; damaged ones refused; decompression limits.
 */
#include "base/memory_limit.h"
#include "batch/batch_builder.h"
#include "batch/crc32c_priv.h"
#include "batch/golden_batch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE  1700000000000LL
#define LIMIT (1 << 20)

static void check_bytes(const struct kc_wire_bytes *bytes, const char *expected)
{
    if (!expected) {
        ck_assert_int_eq(bytes->len, -1);
        return;
    }
    ck_assert_int_eq(bytes->len, (int)strlen(expected));
    ck_assert_mem_eq(bytes->data, expected, strlen(expected));
}

/* Record i as the Java side made it. */
static void check_record(const struct kc_wire_record *record, int i, bool headers, bool timestamps)
{
    char key[16], value[512];

    snprintf(key, sizeof(key), "key-%d", i);
    snprintf(value, sizeof(value), "value-%d-", i);
    memset(value + 8, 'x', (size_t)i * 40);
    value[8 + i * 40] = 0;
    ck_assert_int_eq(record->offset, 100 + i);
    if (timestamps)
        ck_assert_int_eq(record->timestamp, BASE + i * 7 - (i == 5 ? 100 : 0));
    check_bytes(&record->key, i % 3 == 1 ? NULL : key);
    check_bytes(&record->value, i % 4 == 2 ? NULL : value);
    ck_assert_int_eq(record->header_count, headers && i % 2 == 0 ? 2 : 0);
    if (record->header_count) {
        snprintf(key, sizeof(key), "h%d", i);
        snprintf(value, sizeof(value), "header-%d", i);
        check_bytes(&record->headers[0].key, key);
        check_bytes(&record->headers[0].value, value);
        check_bytes(&record->headers[1].key, "n");
        check_bytes(&record->headers[1].value, NULL);
    }
}

/* Reads all batches in data; returns how many records they hold. */
static int check_all(const uint8_t *data, size_t len, bool headers, bool timestamps)
{
    int count = 0;

    while (len > 0) {
        struct kc_record_batch batch;
        struct kc_record_reader reader;
        struct kc_wire_record record;
        const char *why = NULL;

        ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_OK);
        ck_assert(kc_record_batch_intact(&batch));
        why = kc_record_reader_open(&reader, &batch, LIMIT);
        ck_assert_msg(!why, "%s", why);
        while (kc_record_reader_next(&reader, &record, &why))
            check_record(&record, count++, headers, timestamps);
        ck_assert_msg(!why, "%s", why);
        kc_record_reader_close(&reader);
        data += batch.size;
        len -= batch.size;
    }
    return count;
}

static const char *const names[] = {
    "magic0-none",   "magic0-gzip",   "magic0-snappy", "magic0-lz4",  "magic1-none",
    "magic1-gzip",   "magic1-snappy", "magic1-lz4",    "magic2-none", "magic2-gzip",
    "magic2-snappy", "magic2-lz4",    "magic2-zstd",
};

START_TEST(every_magic_and_codec_is_read)
{
    size_t len;
    uint8_t *data = golden(names[_i], &len);

    ck_assert_int_eq(check_all(data, len, names[_i][5] == '2', names[_i][5] != '0'), 10);
    free(data);
}
END_TEST

START_TEST(header_fields_are_read)
{
    size_t len;
    uint8_t *data = golden("transactional", &len);
    struct kc_record_batch batch;
    const char *why;

    ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_OK);
    ck_assert_int_eq(batch.base_offset, 100);
    ck_assert_int_eq(kc_record_batch_last_offset(&batch), 109);
    ck_assert_int_eq(batch.producer_id, 4711);
    ck_assert_int_eq(batch.producer_epoch, 3);
    ck_assert_int_eq(batch.base_sequence, 77);
    ck_assert_int_eq(batch.leader_epoch, 5);
    ck_assert_int_eq(batch.base_timestamp, BASE);
    ck_assert_int_eq(batch.max_timestamp, BASE + 63);
    ck_assert_int_eq(batch.count, 10);
    ck_assert(kc_record_batch_transactional(&batch));
    ck_assert(!kc_record_batch_control(&batch));
    ck_assert(!kc_record_batch_has_gaps(&batch));
    free(data);
    data = golden("marker", &len);
    ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_OK);
    ck_assert(kc_record_batch_control(&batch));
    ck_assert(kc_record_batch_intact(&batch));
    free(data);
}
END_TEST

START_TEST(log_append_time_is_every_records_time)
{
    size_t len;
    uint8_t *data = golden("append-time", &len);
    struct kc_record_batch batch;
    struct kc_record_reader reader;
    struct kc_wire_record record;
    const char *why;

    ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_OK);
    ck_assert_ptr_null(kc_record_reader_open(&reader, &batch, LIMIT));
    while (kc_record_reader_next(&reader, &record, &why))
        ck_assert_int_eq(record.timestamp, batch.max_timestamp);
    kc_record_reader_close(&reader);
    free(data);
}
END_TEST

/* Rebasing a plain batch gives what Java writes for an idempotent or transactional producer. */
START_TEST(rebase_gives_javas_bytes)
{
    static const struct {
        const char *name;
        struct kc_record_batch_identity identity;
    } cases[] = {
        {"idempotent", {100, 5, 4711, 3, 77, false}},
        {"transactional", {100, 5, 4711, 3, 77, true}},
    };
    size_t len, expected_len;
    uint8_t *data = golden("magic2-none", &len), *expected = golden(cases[_i].name, &expected_len);

    ck_assert_uint_eq(len, expected_len);
    kc_record_batch_rebase(data, len, &cases[_i].identity);
    ck_assert_mem_eq(data, expected, len);
    kc_record_batch_rebase(data, len,
                           &(struct kc_record_batch_identity){100, -1, -1, -1, -1, false});
    free(expected);
    expected = golden("magic2-none", &expected_len);
    ck_assert_mem_eq(data, expected, len);
    free(data);
    free(expected);
}
END_TEST

/* A batch that was damaged after it was checked doesn't get a good checksum. */
START_TEST(rebase_keeps_damage_visible)
{
    size_t len;
    uint8_t *data = golden("magic2-none", &len);
    struct kc_record_batch batch;
    const char *why;

    data[len - 1] ^= 1;
    kc_record_batch_rebase(data, len,
                           &(struct kc_record_batch_identity){100, 5, 4711, 3, 77, true});
    ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_OK);
    ck_assert(!kc_record_batch_intact(&batch));
    data[len - 1] ^= 1;
    ck_assert(kc_record_batch_intact(&batch));
    free(data);
}
END_TEST

/* Built from the records of Java's batch, with the same codec. */
static struct kc_str rebuild(const uint8_t *data, size_t len, enum kc_codec codec)
{
    struct kc_batch_builder builder = {.codec = codec};
    struct kc_record_reader reader;
    struct kc_wire_record record;
    struct kc_record_batch batch;
    struct kc_str out = {0};
    const char *why;

    ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_OK);
    ck_assert_ptr_null(kc_record_reader_open(&reader, &batch, LIMIT));
    while (kc_record_reader_next(&reader, &record, &why))
        ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &out));
    kc_record_reader_close(&reader);
    kc_batch_builder_destroy(&builder);
    return out;
}

START_TEST(building_gives_javas_bytes)
{
    size_t len;
    uint8_t *data = golden("magic2-none", &len);
    struct kc_str out = rebuild(data, len, KC_CODEC_NONE);

    ck_assert_uint_eq(out.len, len);
    ck_assert_mem_eq(out.data, data, len);
    kc_str_destroy(&out);
    free(data);
}
END_TEST

START_TEST(every_codec_is_written)
{
    size_t len;
    uint8_t *data = golden("magic2-none", &len);
    struct kc_str out = rebuild(data, len, (enum kc_codec)_i);

    ck_assert_int_eq(out.data[22] & 7, _i);
    ck_assert_int_eq(check_all((uint8_t *)out.data, out.len, true, true), 10);
    kc_str_destroy(&out);
    free(data);
}
END_TEST

START_TEST(splitting_keeps_records_and_sizes)
{
    size_t len, at = 0, pieces = 0;
    uint8_t *data = golden("magic2-gzip", &len);
    struct kc_record_batch batch;
    struct kc_str out = {0};
    const char *why;

    ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_OK);
    ck_assert_ptr_null(kc_record_batch_split(&batch, 600, LIMIT, &out));
    ck_assert_int_eq(check_all((uint8_t *)out.data, out.len, true, true), 10);
    while (at < out.len) {
        ck_assert_int_eq(
            kc_record_batch_parse((uint8_t *)out.data + at, out.len - at, &batch, &why),
            KC_BATCH_OK);
        ck_assert_int_eq(kc_record_batch_codec(&batch), KC_CODEC_GZIP);
        at += batch.size;
        pieces++;
    }
    ck_assert_uint_ge(pieces, 3);
    kc_str_destroy(&out);
    free(data);
}
END_TEST

START_TEST(damage_is_noticed)
{
    size_t len;
    uint8_t *data = golden("magic2-zstd", &len);
    struct kc_record_batch batch;
    const char *why;

    for (size_t at = 21; at < len; at++) {
        data[at] ^= 0x10;
        if (kc_record_batch_parse(data, len, &batch, &why) == KC_BATCH_OK)
            ck_assert(!kc_record_batch_intact(&batch));
        data[at] ^= 0x10;
    }
    for (size_t cut = 0; cut < len; cut++)
        ck_assert_int_eq(kc_record_batch_parse(data, cut, &batch, &why), KC_BATCH_PARTIAL);
    data[16] = 3;
    ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_BAD);
    free(data);
}
END_TEST

START_TEST(decompression_is_limited)
{
    char *zeros = kc_calloc(1, 4 << 20);
    struct kc_str packed = {0}, plain = {0};
    enum kc_codec codec = (enum kc_codec)_i;

    ck_assert_ptr_null(kc_compress(codec, zeros, 4 << 20, &packed));
    ck_assert_ptr_nonnull(kc_decompress(codec, packed.data, packed.len, LIMIT, &plain));
    ck_assert_uint_le(plain.len, LIMIT + 65536);
    kc_str_clear(&plain);
    ck_assert_ptr_null(kc_decompress(codec, packed.data, packed.len, 4 << 20, &plain));
    ck_assert_uint_eq(plain.len, 4 << 20);
    ck_assert_mem_eq(plain.data, zeros, plain.len);
    for (size_t cut = 0; codec != KC_CODEC_NONE && cut < packed.len; cut += 1 + packed.len / 50) {
        const char *why;

        kc_str_clear(&plain);
        why = kc_decompress(codec, packed.data, cut, 4 << 20, &plain);
        ck_assert(why != NULL || plain.len < 4 << 20);
    }
    kc_str_destroy(&packed);
    kc_str_destroy(&plain);
    free(zeros);
}
END_TEST

/* A bomb is an error of its batch. */
START_TEST(without_memory_decompression_says_so)
{
    size_t size = (size_t)100 << 20;
    char *zeros = kc_calloc(1, size);
    struct kc_str packed = {0}, plain = {0};
    enum kc_codec codec = (enum kc_codec)_i;

    ck_assert_ptr_null(kc_compress(codec, zeros, size, &packed));
    free(zeros);
    if (leave_memory((size_t)64 << 20))
        ck_assert_str_eq(kc_decompress(codec, packed.data, packed.len, size, &plain),
                         "there is no memory for the records");
    kc_str_destroy(&packed);
    kc_str_destroy(&plain);
}
END_TEST

/* The same for what is built: a batch is made anew where headers or codec differ. */
START_TEST(without_memory_building_says_so)
{
    size_t size = (size_t)40 << 20;
    uint8_t *zeros = kc_calloc(1, size);
    struct kc_wire_record record = {.key = {.len = -1}, .value = {zeros, (int32_t)size}};
    struct kc_batch_builder builder = {0};

    if (leave_memory((size_t)24 << 20))
        ck_assert_str_eq(kc_batch_builder_add(&builder, &record),
                         "there is no memory for the records");
    ck_assert_int_eq(builder.count, 0);
    kc_batch_builder_destroy(&builder);
    free(zeros);
}
END_TEST

START_TEST(bare_snappy_is_read)
{
    /* Length 5, one literal: what other clients than Java write. */
    static const uint8_t bare[] = {5, 16, 'h', 'e', 'l', 'l', 'o'};
    struct kc_str plain = {0};

    ck_assert_ptr_null(kc_decompress(KC_CODEC_SNAPPY, bare, sizeof(bare), 100, &plain));
    ck_assert_str_eq(plain.data, "hello");
    kc_str_destroy(&plain);
}
END_TEST

START_TEST(crc32c_is_castagnolis)
{
    ck_assert_uint_eq(kc_crc32c("123456789", 9), 0xe3069283);
    ck_assert_uint_eq(kc_crc32c("", 0), 0);
}
END_TEST

/* What changes within a text changes its CRC as computing it anew does, wherever it lies. */
START_TEST(crc32c_follows_a_change)
{
    enum { SIZE = 70000 };
    static const size_t behind[] = {0, 1, 3, 4, 7, 63, 4095, 65536, SIZE - 36};
    uint8_t *text = kc_malloc(SIZE), before[36];

    srand(1);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (uint8_t)rand();
    for (size_t i = 0; i < sizeof(behind) / sizeof(*behind); i++) {
        uint8_t *at = text + SIZE - behind[i] - sizeof(before);
        uint32_t crc = kc_crc32c(text, SIZE);

        memcpy(before, at, sizeof(before));
        for (size_t b = 0; b < sizeof(before); b++)
            at[b] = (uint8_t)rand();
        crc = kc_crc32c_changed(crc, before, at, sizeof(before), behind[i]);
        ck_assert_uint_eq(crc, kc_crc32c(text, SIZE));
    }
    free(text);
}
END_TEST

START_TEST(crc32c_of_texts_in_a_row)
{
    static const char text[] = "two texts, of which either may be empty";
    const size_t len = sizeof(text) - 1;

    for (size_t i = 0; i <= len; i++)
        ck_assert_uint_eq(
            kc_crc32c_joined(kc_crc32c(text, i), kc_crc32c(text + i, len - i), len - i),
            kc_crc32c(text, len));
}
END_TEST

/* As if the records of all batches lay in one text. */
START_TEST(records_of_batches_have_a_crc)
{
    static const char *const files[] = {"magic2-none", "magic2-none", "idempotent"};
    struct kc_str text = {0};
    uint32_t crc = 0;

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        size_t len;
        uint8_t *data = golden(files[i], &len);

        kc_str_append_n(&text, (const char *)data + KC_BATCH_HEADER, len - KC_BATCH_HEADER);
        kc_record_batch_rebase(data, len,
                               &(struct kc_record_batch_identity){7, -1, 12, 0, 99, false});
        crc = kc_record_batch_records_crc(data, len, crc);
        ck_assert_uint_eq(crc, kc_crc32c(text.data, text.len));
        free(data);
    }
    kc_str_destroy(&text);
}
END_TEST

START_TEST(gaps_can_be_closed)
{
    struct kc_batch_builder builder = {.close_gaps = true};
    struct kc_wire_record record = {.offset = 5, .key = {NULL, -1}, .value = {NULL, -1}};
    struct kc_str out = {0};
    struct kc_record_batch batch;
    const char *why;

    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    record.offset = 9;
    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &out));
    ck_assert_int_eq(kc_record_batch_parse((uint8_t *)out.data, out.len, &batch, &why),
                     KC_BATCH_OK);
    ck_assert_int_eq(kc_record_batch_last_offset(&batch), 6);
    ck_assert(!kc_record_batch_has_gaps(&batch));
    kc_str_destroy(&out);
    kc_batch_builder_destroy(&builder);
}
END_TEST

/* What is built can be read: behind each offset is another one. */
START_TEST(gaps_are_closed_as_far_as_there_are_offsets)
{
    struct kc_batch_builder builder = {.close_gaps = true};
    struct kc_wire_record record = {.offset = INT64_MAX, .key = {NULL, -1}, .value = {NULL, -1}};
    struct kc_record_batch batch;
    struct kc_str out = {0};
    const char *why;

    ck_assert_ptr_nonnull(kc_batch_builder_add(&builder, &record));
    record.offset = INT64_MAX - 1;
    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    ck_assert_uint_gt(kc_batch_builder_size_with(&builder, &record), 0);
    ck_assert_ptr_nonnull(kc_batch_builder_add(&builder, &record));
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &out));
    ck_assert_int_eq(kc_record_batch_parse((uint8_t *)out.data, out.len, &batch, &why),
                     KC_BATCH_OK);
    kc_str_destroy(&out);
    kc_batch_builder_destroy(&builder);
}
END_TEST

/* Java counts times in the same way: the sum with the first one gives each again. */
START_TEST(times_may_be_as_far_apart_as_numbers_are)
{
    struct kc_batch_builder builder = {0};
    struct kc_wire_record record = {.timestamp = -2, .key = {NULL, -1}, .value = {NULL, -1}};
    struct kc_record_reader reader;
    struct kc_record_batch batch;
    struct kc_str out = {0};
    const char *why;

    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    record.offset = 1;
    record.timestamp = INT64_MAX;
    ck_assert_uint_gt(kc_batch_builder_size_with(&builder, &record), 0);
    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &out));
    ck_assert_int_eq(kc_record_batch_parse((uint8_t *)out.data, out.len, &batch, &why),
                     KC_BATCH_OK);
    ck_assert_ptr_null(kc_record_reader_open(&reader, &batch, LIMIT));
    ck_assert(kc_record_reader_next(&reader, &record, &why));
    ck_assert_int_eq(record.timestamp, -2);
    ck_assert(kc_record_reader_next(&reader, &record, &why));
    ck_assert_int_eq(record.timestamp, INT64_MAX);
    kc_record_reader_close(&reader);
    kc_str_destroy(&out);
    kc_batch_builder_destroy(&builder);
}
END_TEST

START_TEST(a_message_has_no_negative_offset)
{
    static const uint8_t message[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* offset -1 */
        0,    0,    0,    14,   1,    2,    3,    4,    /* length, CRC */
        0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    };
    struct kc_record_reader reader;
    struct kc_wire_record record;
    struct kc_record_batch batch;
    const char *why = NULL;

    ck_assert_int_eq(kc_record_batch_parse(message, sizeof(message), &batch, &why), KC_BATCH_OK);
    ck_assert_ptr_null(kc_record_reader_open(&reader, &batch, LIMIT));
    ck_assert(!kc_record_reader_next(&reader, &record, &why));
    ck_assert_ptr_nonnull(why);
    kc_record_reader_close(&reader);
}
END_TEST

/* Behind the last offset is another one, which whoever goes on counts with. */
START_TEST(no_offset_is_the_largest_number)
{
    struct kc_batch_builder builder = {0};
    struct kc_wire_record record = {.offset = 5, .key = {NULL, -1}, .value = {NULL, -1}};
    struct kc_str out = {0};
    struct kc_record_batch batch;
    const char *why;

    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    record.offset = 7;
    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &out));
    kc_record_batch_set_place((uint8_t *)out.data, INT64_MAX - 3, -1);
    ck_assert_int_eq(kc_record_batch_parse((uint8_t *)out.data, out.len, &batch, &why),
                     KC_BATCH_OK);
    for (int i = 0; i < 3; i++) {
        kc_record_batch_set_place((uint8_t *)out.data, INT64_MAX - i, -1);
        ck_assert_int_eq(kc_record_batch_parse((uint8_t *)out.data, out.len, &batch, &why),
                         KC_BATCH_BAD);
    }
    /* A record that lies behind what the header says. */
    struct kc_record_reader reader;
    kc_record_batch_set_place((uint8_t *)out.data, INT64_MAX - 2, -1);
    out.data[26] = 0; /* the last offset's delta */
    ck_assert_int_eq(kc_record_batch_parse((uint8_t *)out.data, out.len, &batch, &why),
                     KC_BATCH_OK);
    ck_assert_ptr_null(kc_record_reader_open(&reader, &batch, LIMIT));
    ck_assert(kc_record_reader_next(&reader, &record, &why));
    ck_assert(!kc_record_reader_next(&reader, &record, &why));
    ck_assert_ptr_nonnull(why);
    kc_record_reader_close(&reader);
    kc_str_destroy(&out);
    kc_batch_builder_destroy(&builder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batch");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(tests, every_magic_and_codec_is_read, 0, sizeof(names) / sizeof(*names));
    tcase_add_test(tests, header_fields_are_read);
    tcase_add_test(tests, log_append_time_is_every_records_time);
    tcase_add_loop_test(tests, rebase_gives_javas_bytes, 0, 2);
    tcase_add_test(tests, rebase_keeps_damage_visible);
    tcase_add_test(tests, building_gives_javas_bytes);
    tcase_add_loop_test(tests, every_codec_is_written, 0, KC_CODECS);
    tcase_add_test(tests, splitting_keeps_records_and_sizes);
    tcase_add_test(tests, damage_is_noticed);
    tcase_add_loop_test(tests, decompression_is_limited, 0, KC_CODECS);
    tcase_add_loop_test(tests, without_memory_decompression_says_so, 0, KC_CODECS);
    tcase_add_test(tests, without_memory_building_says_so);
    tcase_add_test(tests, bare_snappy_is_read);
    tcase_add_test(tests, crc32c_is_castagnolis);
    tcase_add_test(tests, crc32c_follows_a_change);
    tcase_add_test(tests, crc32c_of_texts_in_a_row);
    tcase_add_test(tests, records_of_batches_have_a_crc);
    tcase_add_test(tests, gaps_can_be_closed);
    tcase_add_test(tests, gaps_are_closed_as_far_as_there_are_offsets);
    tcase_add_test(tests, times_may_be_as_far_apart_as_numbers_are);
    tcase_add_test(tests, no_offset_is_the_largest_number);
    tcase_add_test(tests, a_message_has_no_negative_offset);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
