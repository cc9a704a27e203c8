/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merged batches: what kafka-clients would have written at once, or what the reader, which knows
 * nothing of merging, finds in them; what can't be merged is refused and changes nothing.
 */
#include "batch/batch_builder.h"
#include "batch/golden_batch.h"
#include "connect/record_batch.h"

#define BASE 1700000000000LL

/* The batches that lie in data; their number. */
static size_t parse_all(const uint8_t *data, size_t len, struct kc_record_batch *batches)
{
    size_t count = 0;

    for (; len > 0; data += batches[count].size, len -= batches[count++].size) {
        const char *why;

        ck_assert_int_eq(kc_record_batch_parse(data, len, &batches[count], &why), KC_BATCH_OK);
    }
    return count;
}

START_TEST(pieces_of_javas_batch_give_it_again)
{
    size_t len;
    uint8_t *java = golden("magic2-none", &len);
    struct kc_record_batch whole, pieces[16];
    struct kc_str split = {0}, merged = {0};

    ck_assert_uint_eq(parse_all(java, len, &whole), 1);
    ck_assert_ptr_null(kc_record_batch_split(&whole, 1, 1 << 20, &split));
    size_t count = parse_all((uint8_t *)split.data, split.len, pieces);
    ck_assert_uint_eq(count, 10);
    ck_assert_ptr_null(kc_record_batch_merge(pieces, count, &merged));
    kc_batch_set_base_offset((uint8_t *)merged.data, 100);
    ck_assert_uint_eq(merged.len, len);
    ck_assert_mem_eq(merged.data, java, len);
    kc_str_destroy(&merged);
    kc_str_destroy(&split);
    free(java);
}
END_TEST

/* A batch of count records numbered from first, whose times jump back and forth. */
static void add_batch(struct kc_str *out, int first, int count, int64_t base_time)
{
    struct kc_batch_builder builder = {0};

    for (int i = first; i < first + count; i++) {
        char value[32], key[32];
        struct kc_wire_header headers[] = {{kc_wire_bytes("h", 1), kc_wire_bytes("v", 1)},
                                           {kc_wire_bytes("n", 1), {NULL, -1}}};
        struct kc_wire_record record = {
            .offset = 1000 + i,
            .timestamp = base_time + (i % 3 == 0 ? 5000 : -i),
            .headers = headers,
            .header_count = i % 2 ? 2 : 0,
        };

        snprintf(key, sizeof(key), "key-%d", i);
        snprintf(value, sizeof(value), "value-%d", i);
        record.key = i % 5 ? kc_wire_bytes(key, strlen(key)) : (struct kc_wire_bytes){NULL, -1};
        record.value =
            i % 7 ? kc_wire_bytes(value, strlen(value)) : (struct kc_wire_bytes){NULL, -1};
        ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    }
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, out));
    kc_batch_builder_destroy(&builder);
}

static void check_same(const struct kc_wire_bytes *left, const struct kc_wire_bytes *right)
{
    ck_assert_int_eq(left->len, right->len);
    if (left->len > 0)
        ck_assert_mem_eq(left->data, right->data, (size_t)left->len);
}

static void check_same_record(const struct kc_wire_record *found,
                              const struct kc_wire_record *expected)
{
    ck_assert_int_eq(found->timestamp, expected->timestamp);
    check_same(&found->key, &expected->key);
    check_same(&found->value, &expected->value);
    ck_assert_int_eq(found->header_count, expected->header_count);
    for (int32_t i = 0; i < found->header_count; i++) {
        check_same(&found->headers[i].key, &expected->headers[i].key);
        check_same(&found->headers[i].value, &expected->headers[i].value);
    }
}

START_TEST(every_record_is_kept)
{
    struct kc_str in = {0}, out = {0};
    struct kc_record_batch batches[3], merged;
    struct kc_record_reader reader, piece_reader;
    struct kc_wire_record found, expected;
    const char *why = NULL;
    int offset = 0;

    add_batch(&in, 0, 1, BASE + 100);
    add_batch(&in, 1, 300, BASE + 9000000);
    add_batch(&in, 301, 3, BASE);
    ck_assert_uint_eq(parse_all((uint8_t *)in.data, in.len, batches), 3);
    ck_assert_ptr_null(kc_record_batch_merge(batches, 3, &out));
    ck_assert_uint_eq(parse_all((uint8_t *)out.data, out.len, &merged), 1);
    ck_assert(kc_record_batch_intact(&merged));
    ck_assert(kc_record_batch_mergeable(&merged));
    ck_assert_int_eq(merged.count, 304);
    ck_assert_int_eq(merged.last_offset_delta, 303);
    ck_assert_int_eq(merged.max_timestamp, batches[1].max_timestamp);
    ck_assert_int_eq(merged.producer_id, -1);
    ck_assert_ptr_null(kc_record_reader_open(&reader, &merged, 1 << 20));
    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_null(kc_record_reader_open(&piece_reader, &batches[i], 1 << 20));
        while (kc_record_reader_next(&piece_reader, &expected, &why)) {
            ck_assert(kc_record_reader_next(&reader, &found, &why));
            ck_assert_int_eq(found.offset, offset++);
            check_same_record(&found, &expected);
        }
        kc_record_reader_close(&piece_reader);
    }
    ck_assert(!kc_record_reader_next(&reader, &found, &why));
    ck_assert_ptr_null(why);
    kc_record_reader_close(&reader);
    kc_str_destroy(&in);
    kc_str_destroy(&out);
}
END_TEST

START_TEST(what_cant_be_merged_is_refused)
{
    static const char *const names[] = {"magic2-gzip", "magic2-zstd", "append-time", "marker",
                                        "magic1-none"};
    struct kc_record_batch batch;
    struct kc_str out = {0};

    kc_str_append(&out, "before");
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        size_t len;
        uint8_t *data = golden(names[i], &len);

        const char *why;

        ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_OK);
        ck_assert(!kc_record_batch_mergeable(&batch));
        ck_assert_ptr_nonnull(kc_record_batch_merge(&batch, 1, &out));
        ck_assert_str_eq(out.data, "before");
        free(data);
    }
    kc_str_destroy(&out);
}
END_TEST

/* Whatever byte is wrong, nothing is read behind the end and nothing crashes. */
START_TEST(damaged_records_are_refused_or_copied)
{
    size_t len;
    uint8_t *data = golden("magic2-none", &len);

    for (size_t at = KC_BATCH_HEADER; at < len; at++) {
        uint8_t *copy = kc_memdup(data, len);
        struct kc_record_batch batch;
        struct kc_str out = {0};
        const char *why;

        copy[at] ^= 0xff;
        ck_assert_int_eq(kc_record_batch_parse(copy, len, &batch, &why), KC_BATCH_OK);
        why = kc_record_batch_merge(&batch, 1, &out);
        if (!why)
            ck_assert_uint_eq(out.len, len);
        kc_str_destroy(&out);
        free(copy);
    }
    free(data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batch_merge");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tests, pieces_of_javas_batch_give_it_again);
    tcase_add_test(tests, every_record_is_kept);
    tcase_add_test(tests, what_cant_be_merged_is_refused);
    tcase_add_test(tests, damaged_records_are_refused_or_copied);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
