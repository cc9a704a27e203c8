/* SPDX-License-Identifier: Apache-2.0 */
/* Whether batches have headers: each codec, each place, records larger than what is in memory. */
#include "batch/header_scan.h"

#include "batch/batch_builder.h"

#include <check.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static struct kc_recoder *recoder;
static struct kc_str bytes;
static struct kc_record_batch batch;
static const uint8_t *plain;
static size_t plain_len;

static void setup(void)
{
    recoder = kc_recoder_new();
    bytes = (struct kc_str){0};
}

static void teardown(void)
{
    kc_recoder_destroy(recoder);
    kc_str_destroy(&bytes);
}

static void parse(void)
{
    const char *why;
    ck_assert_int_eq(kc_record_batch_parse((uint8_t *)bytes.data, bytes.len, &batch, &why),
                     KC_BATCH_OK);
}

/* A batch of records with values of size bytes, and a header with record `with`; -1: none has. */
static void build(enum kc_codec codec, int32_t count, size_t size, int32_t with)
{
    static const struct kc_wire_header header = {{(const uint8_t *)"name", 4},
                                                 {(const uint8_t *)"v\0", 2}};
    struct kc_batch_builder builder = {.codec = codec};
    uint8_t *value = kc_malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        value[i] = (uint8_t)((i * 2654435761u) >> 13);
    kc_str_clear(&bytes);
    for (int32_t i = 0; i < count; i++) {
        struct kc_wire_record record = {
            .offset = 1000 + i, /* a delta below zero is one of an offset all the same */
            .timestamp = 1000000 + i * 777,
            .key = {i % 3 ? (const uint8_t *)"key" : NULL, i % 3 ? i % 3 : -1},
            .value = {i % 5 == 4 ? NULL : value, i % 5 == 4 ? -1 : (int32_t)(i % 7 ? size : 0)},
            .headers = &header,
            .header_count = i == with};
        ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    }
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &bytes));
    kc_batch_builder_destroy(&builder);
    free(value);
    parse();
}

static enum kc_headers scan(void)
{
    const char *why;
    enum kc_headers found = kc_header_scan(recoder, &batch, &plain, &plain_len, &why);
    ck_assert_msg(!why, "%s", why);
    return found;
}

START_TEST(a_batch_without_headers_is_known_to_have_none)
{
    build((enum kc_codec)_i, 500, 100, -1);
    ck_assert_int_eq(scan(), KC_HEADERS_NONE);
    ck_assert_ptr_nonnull(plain);
    build((enum kc_codec)_i, 1, 0, -1);
    ck_assert_int_eq(scan(), KC_HEADERS_NONE);
}
END_TEST

START_TEST(a_header_is_found_wherever_it_is)
{
    for (int32_t with = 0; with < 40; with++) {
        build((enum kc_codec)_i, 40, 100, with);
        ck_assert_int_eq(scan(), KC_HEADERS_SOME);
    }
}
END_TEST

/* Four windows and more: no record ends in the one where it began, or many are cut by its end. */
START_TEST(batches_larger_than_the_window_are_looked_through)
{
    const size_t sizes[] = {97, 1021, 700001, 3000000};
    for (size_t i = 0; i < 4; i++) {
        int32_t count = (int32_t)(4 * KC_RECODE_WINDOW / sizes[i]) + 7;
        build((enum kc_codec)_i, count, sizes[i], -1);
        ck_assert_int_eq(scan(), KC_HEADERS_NONE);
        ck_assert(_i == KC_CODEC_NONE ? plain != NULL : plain == NULL);
        build((enum kc_codec)_i, count, sizes[i], count - 1);
        ck_assert_int_eq(scan(), KC_HEADERS_SOME);
    }
}
END_TEST

/* librdkafka's producer makes one block of all records, however large they are. */
START_TEST(a_bare_snappy_block_may_be_as_large_as_its_records)
{
    build(KC_CODEC_NONE, 2, (size_t)20 << 20, -1);
    size_t len = bytes.len - KC_BATCH_HEADER, packed = snappy_max_compressed_length(len);
    char *block = kc_malloc(packed);
    ck_assert_int_eq(snappy_compress(bytes.data + KC_BATCH_HEADER, len, block, &packed), SNAPPY_OK);
    bytes.len = KC_BATCH_HEADER;
    kc_str_append_n(&bytes, block, packed);
    free(block);
    batch.attributes = KC_CODEC_SNAPPY;
    kc_batch_put_header((uint8_t *)bytes.data, bytes.len, &batch);
    parse();
    ck_assert_int_eq(scan(), KC_HEADERS_NONE);
}
END_TEST

/* Whoever opens it will tell what is wrong with it. */
START_TEST(a_batch_that_lies_is_not_taken_for_plain)
{
    build((enum kc_codec)_i, 20, 50, -1);
    batch.count = 19;
    ck_assert_int_eq(scan(), KC_HEADERS_SOME);
    batch.count = 21;
    ck_assert_int_eq(scan(), KC_HEADERS_SOME);
    batch.count = 0;
    ck_assert_int_eq(scan(), KC_HEADERS_SOME);
}
END_TEST

/* Each byte of the records in turn is another one: what is taken for plain is what the reader of
 * records finds without headers. */
START_TEST(what_is_plain_agrees_with_the_reader)
{
    build(KC_CODEC_NONE, 6, 9, -1);
    for (size_t at = KC_BATCH_HEADER; at < bytes.len; at++) {
        for (int value = 0; value < 256; value++) {
            char before = bytes.data[at];
            bytes.data[at] = (char)value;
            if (scan() == KC_HEADERS_NONE) {
                struct kc_record_reader reader;
                struct kc_wire_record record;
                const char *why = kc_record_reader_open(&reader, &batch, 1 << 20);
                int32_t count = 0;
                for (; kc_record_reader_next(&reader, &record, &why); count++)
                    ck_assert_int_eq(record.header_count, 0);
                ck_assert_ptr_null(why);
                ck_assert_int_eq(count, 6);
                kc_record_reader_close(&reader);
            }
            bytes.data[at] = before;
        }
    }
}
END_TEST

START_TEST(damaged_compression_says_so)
{
    const char *why;
    build((enum kc_codec)_i, 50, 100, -1);
    batch.size -= 20;
    ck_assert_int_eq(kc_header_scan(recoder, &batch, &plain, &plain_len, &why), KC_HEADERS_SOME);
    ck_assert_ptr_nonnull(why);
}
END_TEST

/* One record of two gigabytes of zeros, in a batch of some 100 KB. */
START_TEST(a_bomb_ends_in_a_message)
{
    static uint8_t zeros[1 << 20];
    const uint8_t head[] = {0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 1, 0xe0, 0xff, 0xff, 0xff, 0x0f};
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    size_t cap = 1 << 20, len = KC_BATCH_HEADER;
    uint8_t *data = kc_calloc(1, cap);
    ZSTD_outBuffer out = {data + len, cap - len, 0};
    for (int i = 0; i <= 1200; i++) {
        ZSTD_inBuffer in = {i ? zeros : head, i ? sizeof(zeros) : sizeof(head), 0};
        ck_assert(!ZSTD_isError(
            ZSTD_compressStream2(zstd, &out, &in, i == 1200 ? ZSTD_e_end : ZSTD_e_continue)));
        ck_assert_uint_eq(in.pos, in.size);
    }
    ZSTD_freeCCtx(zstd);
    len += out.pos;
    kc_batch_put_header(data, len,
                        &(struct kc_record_batch){.attributes = KC_CODEC_ZSTD, .count = 1});
    kc_str_append_n(&bytes, data, len);
    free(data);
    parse();
    const char *why;
    kc_header_scan(recoder, &batch, &plain, &plain_len, &why);
    ck_assert_str_eq(why, "the records are larger than 1 GiB when decompressed");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("header_scan");
    TCase *tcase = tcase_create("scan");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_batch_without_headers_is_known_to_have_none, 0, KC_CODECS);
    tcase_add_loop_test(tcase, a_header_is_found_wherever_it_is, 0, KC_CODECS);
    tcase_add_loop_test(tcase, batches_larger_than_the_window_are_looked_through, 0, KC_CODECS);
    tcase_add_test(tcase, a_bare_snappy_block_may_be_as_large_as_its_records);
    tcase_add_loop_test(tcase, a_batch_that_lies_is_not_taken_for_plain, 0, KC_CODECS);
    tcase_add_test(tcase, what_is_plain_agrees_with_the_reader);
    tcase_add_loop_test(tcase, damaged_compression_says_so, 1, KC_CODECS);
    tcase_add_test(tcase, a_bomb_ends_in_a_message);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
