/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: what a new record looks like, what is kept, in which order it is freed, what it costs.
 */
#include "connect/record.h"
#include "data/batch_read.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

START_TEST(new_record_is_blank)
{
    struct kc_batch *batch = kc_batch_new(0);
    struct kc_record *record = kc_batch_add(batch);
    ck_assert_ptr_null(record->topic);
    ck_assert_int_eq(record->partition, KC_NO_PARTITION);
    ck_assert(record->timestamp == KC_NO_TIMESTAMP);
    ck_assert_int_eq(record->key.type, KC_TYPE_NULL);
    ck_assert_int_eq(record->value.type, KC_TYPE_NULL);
    ck_assert_int_eq(record->timestamp_type, -1);
    kc_batch_unref(batch);
    kc_batch_unref(NULL);
}
END_TEST

START_TEST(grows_beyond_expectation)
{
    struct kc_batch *batch = kc_batch_new(3);
    for (int i = 0; i < 1000; i++) {
        struct kc_record *record = kc_batch_add(batch);
        record->kafka_offset = i;
        record->key = kc_value_bytes("12", 2);
        record->value = kc_value_bytes(kc_batch_dup(batch, "abc", 3), 3);
    }
    ck_assert_uint_eq(kc_batch_count(batch), 1000);
    for (size_t i = 0; i < 1000; i++)
        ck_assert_int_eq(kc_batch_at(batch, i)->kafka_offset, (int)i);
    ck_assert_uint_eq(kc_batch_bytes(batch), 5000);
    kc_batch_unref(batch);
}
END_TEST

static char order[8];

static void note(void *resource)
{
    strcat(order, resource);
}

START_TEST(last_reference_frees_newest_first)
{
    char a[] = "a", b[] = "b", c[] = "c";
    order[0] = '\0';
    struct kc_batch *batch = kc_batch_new(1);
    kc_batch_own(batch, a, note);
    kc_batch_own(batch, b, note);
    kc_batch_own(batch, c, note);
    struct kc_batch *other = kc_batch_ref(batch);
    kc_batch_unref(batch);
    ck_assert_str_eq(order, "");
    kc_batch_unref(other);
    ck_assert_str_eq(order, "cba");
}
END_TEST

START_TEST(keeps_json_and_schemas)
{
    struct kc_batch *batch = kc_batch_new(1);
    json_t *map = json_pack("{s:i}", "offset", 7);
    kc_batch_own_json(batch, map);
    struct kc_schema *schema = kc_schema_new(KC_TYPE_STRUCT);
    kc_schema_set_name(schema, "kept");
    kc_batch_own_schema(batch, schema);
    kc_batch_own_schema(batch, schema);
    kc_batch_own_schema(batch, KC_OPTIONAL_BYTES);
    kc_batch_own_schema(batch, NULL);
    json_decref(map);
    kc_schema_unref(schema);
    ck_assert_int_eq(json_integer_value(json_object_get(map, "offset")), 7);
    ck_assert_str_eq(kc_schema_name(schema), "kept");
    kc_batch_unref(batch);
}
END_TEST

START_TEST(source_partition_is_shared)
{
    json_t *map = json_pack("{s:s}", "topic", "t");
    struct kc_source_partition *partition = kc_source_partition_new(map);
    json_decref(map);
    struct kc_source_partition *again = kc_source_partition_ref(partition);
    ck_assert_ptr_eq(partition, again);
    kc_source_partition_unref(partition);
    ck_assert_str_eq(json_string_value(json_object_get(kc_source_partition_map(again), "topic")),
                     "t");
    kc_source_partition_unref(again);
    kc_source_partition_unref(NULL);
    struct kc_source_partition *null = kc_source_partition_new(NULL);
    ck_assert_ptr_null(kc_source_partition_map(null));
    kc_source_partition_unref(null);
    ck_assert_ptr_null(kc_source_partition_map(NULL));
}
END_TEST

/* What MirrorSourceTask does per poll; the time is printed, for a person to judge. */
START_TEST(cost_of_a_record)
{
    enum { ROUNDS = 200, RECORDS = 2000 };
    struct timespec from, to;
    size_t bytes = 0;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int round = 0; round < ROUNDS; round++) {
        struct kc_batch *batch = kc_batch_new(RECORDS);
        for (int i = 0; i < RECORDS; i++) {
            struct kc_record *record = kc_batch_add(batch);
            record->topic = "topic";
            record->value_schema = KC_OPTIONAL_BYTES;
            record->value = kc_value_bytes("payload", 7);
            record->source_offset = (struct kc_source_offset){"offset", i, NULL};
        }
        bytes += kc_batch_bytes(batch);
        kc_batch_unref(batch);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double ns = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
    printf("batch: %.1f ns a record\n", ns / (ROUNDS * RECORDS));
    ck_assert_uint_eq(bytes, 7 * ROUNDS * RECORDS);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("record");
    tcase_add_test(tcase, new_record_is_blank);
    tcase_add_test(tcase, grows_beyond_expectation);
    tcase_add_test(tcase, last_reference_frees_newest_first);
    tcase_add_test(tcase, keeps_json_and_schemas);
    tcase_add_test(tcase, source_partition_is_shared);
    tcase_add_test(tcase, cost_of_a_record);
    Suite *suite = suite_create("record");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
