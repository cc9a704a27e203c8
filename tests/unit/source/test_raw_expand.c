/* SPDX-License-Identifier: Apache-2.0 */
/* Batches held against a task's rules: headers, codec, topics. */
#include "source/raw_expand_priv.h"

#include "batch/batch_builder.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS "headers, which the test writes anew"

static struct kc_str bytes; /* as a broker sends them */
static struct kc_batch *to;
static struct kc_raw_counts counts;
static struct kc_raw_rules rules;
static struct kc_raw_cursor cursor;
static struct kc_source_partition *partition;
static struct kc_map *producer;

static void setup(void)
{
    bytes = (struct kc_str){0};
    counts = (struct kc_raw_counts){0};
    rules = (struct kc_raw_rules){0};
    cursor = (struct kc_raw_cursor){0};
    to = NULL;
    partition = kc_source_partition_new(NULL);
    producer = kc_map_new();
}

static void teardown(void)
{
    kc_batch_unref(to);
    kc_raw_cursor_clear(&cursor);
    kc_raw_rules_clear(&rules);
    kc_str_destroy(&bytes);
    kc_source_partition_unref(partition);
    kc_map_destroy(producer);
}

/* "value" becomes "<value>", null stays. */
static struct kc_error *header(void *opaque, const char *topic, const struct kc_header *from,
                               struct kc_arena *arena, const void **data, size_t *len)
{
    (void)opaque;
    ck_assert_str_eq(topic, "t");
    *data = NULL;
    *len = 0;
    if (from->value.type == KC_TYPE_NULL)
        return NULL;
    char *text =
        kc_asprintf("<%.*s>", (int)from->value.u.bytes.len, (const char *)from->value.u.bytes.data);
    *len = strlen(text);
    *data = kc_arena_dup(arena, text, *len);
    free(text);
    return NULL;
}

/* "t" goes to "routed-t"; "none" is dropped, "open" opened. */
static const char *route(void *opaque, const char *topic, char **routed)
{
    ++*(int *)opaque;
    *routed = NULL;
    if (strcmp(topic, "open") == 0)
        return "the test opens it";
    if (strcmp(topic, "none") != 0)
        *routed = kc_asprintf("routed-%s", topic);
    return NULL;
}

static void use_rules(bool headers, const char *codec)
{
    if (headers) {
        rules.headers_reason = HEADERS;
        rules.header = header;
    }
    if (codec)
        kc_map_set(producer, "compression.type", codec);
    ck_assert_ptr_null(kc_raw_rules_set_codec(&rules, producer));
    kc_raw_rules_finish(&rules, producer);
}

/* Records "0", "1", ... from an offset on, padded to size; of every third a header, where some are
 * wanted: its number, or null. */
static void put(int64_t offset, int count, enum kc_codec codec, bool headers, size_t size)
{
    struct kc_batch_builder builder = {.codec = codec};
    for (int i = 0; i < count; i++) {
        char *value = kc_asprintf("%*d", (int)size, i), number[16];
        snprintf(number, sizeof(number), "%d", i);
        const struct kc_wire_header one = {
            {(const uint8_t *)"h", 1},
            {i % 2 ? (const uint8_t *)number : NULL, i % 2 ? (int32_t)strlen(number) : -1}};
        struct kc_wire_record record = {.offset = offset + i,
                                        .timestamp = 1000 + i,
                                        .key = {(const uint8_t *)"k", i % 5 ? 1 : -1},
                                        .value = {(const uint8_t *)value, (int32_t)strlen(value)},
                                        .headers = &one,
                                        .header_count = headers && i % 3 == 0};
        ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
        free(value);
    }
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &bytes));
    kc_batch_builder_destroy(&builder);
}

static void add_part(struct kc_batch *from, const char *topic)
{
    *kc_batch_add_raw(from) = (struct kc_raw){.topic = topic,
                                              .data = (uint8_t *)bytes.data,
                                              .len = bytes.len,
                                              .source_partition = partition,
                                              .offset_field = "offset"};
}

static void expand_next(struct kc_batch *from)
{
    kc_batch_unref(to);
    to = NULL;
    struct kc_error *err = kc_raw_expand(from, NULL, &rules, &cursor, &counts, &to);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
}

static void expand(void)
{
    struct kc_batch *from = kc_batch_new(0);
    add_part(from, "t");
    expand_next(from);
    kc_batch_unref(from);
}

static const struct kc_raw_span *span_at(size_t index)
{
    ck_assert_uint_lt(index, kc_batch_count(to));
    const struct kc_raw_span *span = kc_batch_at(to, index)->span;
    ck_assert_ptr_nonnull(span);
    return span;
}

/* What the span carries along is what its bytes say. */
static void assert_header(const struct kc_record_batch *carried,
                          const struct kc_record_batch *parsed)
{
    ck_assert_ptr_eq(carried->data, parsed->data);
    ck_assert_uint_eq(carried->size, parsed->size);
    ck_assert_int_eq(carried->magic, parsed->magic);
    ck_assert_int_eq(carried->attributes, parsed->attributes);
    ck_assert_int_eq(carried->count, parsed->count);
    ck_assert_int_eq(carried->last_offset_delta, parsed->last_offset_delta);
    ck_assert_int_eq(carried->base_timestamp, parsed->base_timestamp);
    ck_assert_int_eq(carried->max_timestamp, parsed->max_timestamp);
}

/* The span is a batch of the codec that holds records first, first + 1, ... of put(); with headers
 * as header() makes them, where there are some. Returns how many. */
static int assert_span(size_t index, enum kc_codec codec, int first, bool headers)
{
    const struct kc_raw_span *span = span_at(index);
    struct kc_record_batch wire;
    struct kc_record_reader reader;
    struct kc_wire_record record;
    const char *why = NULL;
    ck_assert_int_eq(kc_record_batch_parse(span->data, span->len, &wire, &why), KC_BATCH_OK);
    ck_assert_int_eq(kc_record_batch_codec(&wire), codec);
    ck_assert(kc_record_batch_intact(&wire) && !kc_record_batch_has_gaps(&wire) &&
              wire.size == span->len);
    ck_assert_int_eq(wire.producer_id, -1);
    assert_header(&span->header, &wire);
    ck_assert_ptr_null(kc_record_reader_open(&reader, &wire, 64 << 20));
    int i = first;
    for (; kc_record_reader_next(&reader, &record, &why); i++) {
        char text[32] = "";
        ck_assert_int_eq(record.timestamp, 1000 + i);
        ck_assert_int_eq(record.key.len, i % 5 ? 1 : -1);
        ck_assert_int_eq(
            strtol(memcpy(text, record.value.data + record.value.len - 1, 1), NULL, 10), i % 10);
        ck_assert_int_eq(record.header_count, headers && i % 3 == 0);
        if (record.header_count == 0)
            continue;
        const struct kc_wire_bytes *value = &record.headers[0].value;
        snprintf(text, sizeof(text), "<%d>", i);
        ck_assert_int_eq(value->len, i % 2 ? (int)strlen(text) : -1);
        ck_assert(value->len < 0 || memcmp(value->data, text, (size_t)value->len) == 0);
    }
    ck_assert_ptr_null(why);
    ck_assert_int_eq(i - first, span->count);
    kc_record_reader_close(&reader);
    return i - first;
}

/* ---- headers ---- */

START_TEST(a_batch_without_headers_passes_where_they_are_converted)
{
    put(5, 300, (enum kc_codec)_i, false, 60);
    use_rules(true, NULL);
    expand();
    ck_assert_uint_eq(counts.records[KC_RAW_PASSED], 300);
    ck_assert_ptr_eq(span_at(0)->data, bytes.data);
    ck_assert_ptr_null(counts.last_reason);
}
END_TEST

START_TEST(a_batch_with_headers_is_written_anew_in_its_place)
{
    put(0, 10, (enum kc_codec)_i, false, 2000);
    put(10, 300, (enum kc_codec)_i, true, 60);
    put(310, 10, (enum kc_codec)_i, false, 2000);
    use_rules(true, NULL);
    expand();
    ck_assert_uint_eq(kc_batch_count(to), 3);
    ck_assert_uint_eq(counts.records[KC_RAW_PASSED], 20);
    ck_assert_uint_eq(counts.records[KC_RAW_REPACKED], 300);
    ck_assert_str_eq(counts.last_reason, HEADERS);
    ck_assert_int_eq(assert_span(1, (enum kc_codec)_i, 0, true), 300);
    ck_assert_int_eq(span_at(1)->runs[0].source_offset, 10);
    ck_assert_int_eq(kc_batch_at(to, 1)->source_offset.number, 309);
}
END_TEST

/* What the target refused is opened as it is: its headers aren't converted twice. */
START_TEST(records_of_a_converted_batch_are_not_converted_again)
{
    put(0, 6, KC_CODEC_NONE, true, 10);
    use_rules(true, NULL);
    expand();
    struct kc_batch *opened = kc_batch_new(6);
    ck_assert_ptr_null(kc_raw_open(span_at(0), opened));
    ck_assert_uint_eq(kc_batch_count(opened), 6);
    ck_assert(kc_batch_at(opened, 3)->converted);
    const struct kc_value *value = &kc_batch_at(opened, 3)->headers[0].value;
    ck_assert_uint_eq(value->u.bytes.len, 3);
    ck_assert_int_eq(memcmp(value->u.bytes.data, "<3>", 3), 0);
    kc_batch_unref(opened);
}
END_TEST

/* ---- codec ---- */

START_TEST(each_codec_becomes_each_other)
{
    enum kc_codec from = (enum kc_codec)(_i / KC_CODECS), wanted = (enum kc_codec)(_i % KC_CODECS);
    put(7, 400, from, false, 100);
    use_rules(true, kc_codec_name((int)wanted));
    expand();
    enum kc_raw_way way = from == wanted ? KC_RAW_PASSED : KC_RAW_TRANSCODED;
    ck_assert_uint_eq(counts.records[way], 400);
    ck_assert_uint_eq(counts.batches[way], 1);
    ck_assert_int_eq(assert_span(0, wanted, 0, false), 400);
    ck_assert_int_eq(span_at(0)->runs[0].source_offset, 7);
    ck_assert_int_eq(span_at(0)->runs[0].count, 400);
}
END_TEST

START_TEST(headers_and_codec_are_changed_together)
{
    put(0, 400, KC_CODEC_LZ4, true, 100);
    use_rules(true, "zstd");
    expand();
    ck_assert_uint_eq(counts.records[KC_RAW_REPACKED], 400);
    ck_assert_int_eq(assert_span(0, KC_CODEC_ZSTD, 0, true), 400);
}
END_TEST

static size_t size_at_level(const char *codec, const char *level)
{
    char *key = kc_asprintf("compression.%s.level", codec);
    kc_raw_rules_clear(&rules);
    cursor = (struct kc_raw_cursor){0};
    if (level)
        kc_map_set(producer, key, level);
    free(key);
    use_rules(false, codec);
    expand();
    return span_at(0)->len;
}

START_TEST(the_level_is_the_producers)
{
    static const char *const names[] = {"gzip", "lz4", "zstd"}, *const high[] = {"9", "12", "19"};
    put(0, 5000, KC_CODEC_SNAPPY, false, 40);
    size_t usual = size_at_level(names[_i], NULL);
    ck_assert_uint_lt(size_at_level(names[_i], high[_i]), usual);
    assert_span(0,
                (enum kc_codec)(_i == 0   ? KC_CODEC_GZIP
                                : _i == 1 ? KC_CODEC_LZ4
                                          : KC_CODEC_ZSTD),
                0, false);
}
END_TEST

START_TEST(what_is_no_codec_or_level_is_refused)
{
    kc_map_set(producer, "compression.type", "brotli");
    ck_assert_ptr_nonnull(kc_raw_rules_set_codec(&rules, producer));
    kc_map_set(producer, "compression.type", "gzip");
    kc_map_set(producer, "compression.gzip.level", "10");
    ck_assert_ptr_nonnull(kc_raw_rules_set_codec(&rules, producer));
    kc_map_set(producer, "compression.gzip.level", "high");
    ck_assert_ptr_nonnull(kc_raw_rules_set_codec(&rules, producer));
    kc_map_set(producer, "compression.gzip.level", "-1");
    ck_assert_ptr_null(kc_raw_rules_set_codec(&rules, producer));
}
END_TEST

/* Eight megabytes without compression, and the target takes one. */
START_TEST(what_grows_too_large_is_divided)
{
    int found = 0;
    put(0, 800, KC_CODEC_ZSTD, false, 10000);
    use_rules(true, "none");
    expand();
    for (size_t i = 0; i < kc_batch_count(to); i++) {
        ck_assert_uint_le(span_at(i)->len, 1048576);
        found += assert_span(i, KC_CODEC_NONE, found, false);
    }
    ck_assert_int_eq(found, 800);
    ck_assert_uint_eq(kc_batch_count(to), 8);
    ck_assert_uint_eq(counts.records[KC_RAW_REPACKED], 800);
}
END_TEST

START_TEST(tiny_batches_are_compressed_together)
{
    for (int i = 0; i < 100; i++)
        put(i, 1, KC_CODEC_NONE, false, 50);
    use_rules(false, "lz4");
    expand();
    ck_assert_uint_eq(kc_batch_count(to), 1);
    ck_assert_int_eq(span_at(0)->count, 100);
    ck_assert_int_eq(span_at(0)->run_count, 1);
}
END_TEST

/* ---- topics ---- */

static int asked;

static void use_routes(void)
{
    asked = 0;
    rules.route = route;
    rules.opaque = &asked;
    put(3, 20, KC_CODEC_LZ4, false, 10);
}

START_TEST(a_batch_goes_to_the_topic_that_transforms_make)
{
    use_routes();
    struct kc_batch *from = kc_batch_new(0);
    add_part(from, "t");
    add_part(from, "t");
    expand_next(from);
    kc_batch_unref(from);
    ck_assert_uint_eq(kc_batch_count(to), 2);
    ck_assert_str_eq(span_at(0)->raw->topic, "routed-t");
    ck_assert_str_eq(kc_batch_at(to, 1)->topic, "routed-t");
    ck_assert_ptr_eq(span_at(0)->data, bytes.data);
    ck_assert_int_eq(asked, 1);
    ck_assert_uint_eq(counts.records[KC_RAW_PASSED], 40);
}
END_TEST

START_TEST(a_dropped_batch_stands_for_its_last_offset)
{
    use_routes();
    struct kc_batch *from = kc_batch_new(0);
    add_part(from, "none");
    expand_next(from);
    kc_batch_unref(from);
    ck_assert(span_at(0)->dropped);
    ck_assert_int_eq(kc_batch_at(to, 0)->source_offset.number, 22);
    ck_assert_uint_eq(counts.records[KC_RAW_DROPPED], 20);
}
END_TEST

/* Records never stand in one batch with spans, and wait until nothing is in flight. */
START_TEST(what_is_opened_waits_for_what_is_in_flight)
{
    use_routes();
    struct kc_batch *from = kc_batch_new(0);
    add_part(from, "t");
    add_part(from, "open");
    add_part(from, "t");
    expand_next(from);
    ck_assert_uint_eq(kc_batch_count(to), 1);
    ck_assert_str_eq(cursor.opens, "the test opens it");
    expand_next(from);
    ck_assert_uint_eq(kc_batch_count(to), 0);
    cursor.opens = NULL;
    cursor.drained = true;
    expand_next(from);
    ck_assert_uint_eq(kc_batch_count(to), 20);
    ck_assert_ptr_null(kc_batch_at(to, 19)->span);
    ck_assert_str_eq(kc_batch_at(to, 19)->topic, "open");
    ck_assert(!kc_batch_at(to, 19)->converted);
    expand_next(from);
    ck_assert_uint_eq(kc_batch_count(to), 1);
    ck_assert_str_eq(span_at(0)->raw->topic, "routed-t");
    ck_assert(!cursor.drained);
    ck_assert_uint_eq(cursor.part, 3);
    kc_batch_unref(from);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raw_expand");
    TCase *tcase = tcase_create("rules");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_batch_without_headers_passes_where_they_are_converted, 0,
                        KC_CODECS);
    tcase_add_loop_test(tcase, a_batch_with_headers_is_written_anew_in_its_place, 0, KC_CODECS);
    tcase_add_test(tcase, records_of_a_converted_batch_are_not_converted_again);
    tcase_add_loop_test(tcase, each_codec_becomes_each_other, 0, KC_CODECS * KC_CODECS);
    tcase_add_test(tcase, headers_and_codec_are_changed_together);
    tcase_add_loop_test(tcase, the_level_is_the_producers, 0, 3);
    tcase_add_test(tcase, what_is_no_codec_or_level_is_refused);
    tcase_add_test(tcase, what_grows_too_large_is_divided);
    tcase_add_test(tcase, tiny_batches_are_compressed_together);
    tcase_add_test(tcase, a_batch_goes_to_the_topic_that_transforms_make);
    tcase_add_test(tcase, a_dropped_batch_stands_for_its_last_offset);
    tcase_add_test(tcase, what_is_opened_waits_for_what_is_in_flight);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
