/* SPDX-License-Identifier: Apache-2.0 */
/* How far groups are behind, and since when. */
#include "mirror/mirror_check.h"
#include "mirror_checkpoint/group_lag_priv.h"

START_TEST(an_offset_is_as_old_as_the_last_look_that_saw_the_log_end_there)
{
    struct kc_end_marks marks = {0};
    ck_assert_int_eq(kc_end_marks_age(&marks, 5, 1000), 0); /* nothing was seen */
    kc_end_marks_add(&marks, 100, 1000);
    kc_end_marks_add(&marks, 100, 2000);
    kc_end_marks_add(&marks, 150, 3000);
    kc_end_marks_add(&marks, 200, 4000);
    ck_assert_int_eq(kc_end_marks_age(&marks, 200, 5000), 0);
    ck_assert_int_eq(kc_end_marks_age(&marks, 250, 5000), 0);
    ck_assert_int_eq(kc_end_marks_age(&marks, 199, 5000), 2000);
    ck_assert_int_eq(kc_end_marks_age(&marks, 150, 5000), 2000);
    ck_assert_int_eq(kc_end_marks_age(&marks, 149, 5000), 3000);
    ck_assert_int_eq(kc_end_marks_age(&marks, 100, 5000), 3000);
    ck_assert_int_eq(kc_end_marks_age(&marks, 10, 5000), 4000); /* since the first look */
}
END_TEST

START_TEST(marks_reach_back_however_many_looks_there_were)
{
    struct kc_end_marks marks = {0};
    for (int look = 1; look <= 1000; look++)
        kc_end_marks_add(&marks, look * 10, look * 1000);
    ck_assert_int_le(marks.count, KC_END_MARKS);
    ck_assert_int_eq(kc_end_marks_age(&marks, 10, 1000000), 999000);
    int64_t age = kc_end_marks_age(&marks, 5000, 1000000);
    ck_assert_int_ge(age, 500000); /* never less than it is */
    ck_assert_int_le(age, 750000);
    ck_assert_int_le(kc_end_marks_age(&marks, 9990, 1000000), 4000);
}
END_TEST

START_TEST(a_log_that_went_back_begins_anew)
{
    struct kc_end_marks marks = {0};
    kc_end_marks_add(&marks, 100, 1000);
    kc_end_marks_add(&marks, 20, 2000);
    ck_assert_int_eq(marks.count, 1);
    ck_assert_int_eq(kc_end_marks_age(&marks, 10, 5000), 3000);
}
END_TEST

START_TEST(partitions_of_a_group_are_added_up)
{
    struct kc_group_lag lag = {0};
    struct kc_lag_place behind = {.committed = 100,
                                  .source_end = 150,
                                  .committed_age_ms = 2000,
                                  .translated = 90,
                                  .translated_age_ms = 2500,
                                  .downstream = 80,
                                  .target_end = 130,
                                  .record_bytes = 10};
    struct kc_lag_place level = {.committed = 100,
                                 .source_end = 100,
                                 .translated = 100,
                                 .downstream = 100,
                                 .target_end = 100};
    kc_group_lag_take(&lag, &behind);
    kc_group_lag_take(&lag, &level);
    kc_group_lag_take(&lag, &behind);
    ck_assert_uint_eq(lag.partitions, 3);
    ck_assert_uint_eq(lag.untranslated, 0);
    ck_assert_int_eq(lag.source.records, 100);
    ck_assert_int_eq(lag.source.ms, 2000); /* at the same time */
    ck_assert(lag.source.bytes == 1000 && !lag.source.bytes_unknown);
    ck_assert_int_eq(lag.translation.records, 20);
    ck_assert_int_eq(lag.translation.ms, 500);
    ck_assert_int_eq(lag.target_records, 100);
}
END_TEST

START_TEST(what_is_not_known_is_not_made_up)
{
    struct kc_group_lag lag = {0};
    struct kc_lag_place place = {
        .committed = 100, .source_end = -1, .translated = -1, .downstream = -1, .target_end = -1};
    kc_group_lag_take(&lag, &place);
    ck_assert_uint_eq(lag.untranslated, 1);
    ck_assert_int_eq(lag.source.records, 0);
    ck_assert_int_eq(lag.translation.records, 0);
    place = (struct kc_lag_place){
        .committed = 100, .source_end = 101, .translated = 100, .downstream = 50, .target_end = -1};
    kc_group_lag_take(&lag, &place);
    ck_assert_int_eq(lag.source.records, 1);
    ck_assert(lag.source.bytes_unknown); /* nothing of the topic was mirrored here */
    ck_assert_int_eq(lag.target_records, 0);
    /* The group stands behind the log's end: a log that was made again. */
    place.committed = 500;
    place.translated = 500;
    kc_group_lag_take(&lag, &place);
    ck_assert_int_eq(lag.source.records, 1);
}
END_TEST

START_TEST(the_explanation_names_those_that_are_most_behind)
{
    enum { GROUPS = 1000 };
    struct kc_strings groups = {0};
    struct kc_group_lag *lags = kc_calloc(GROUPS, sizeof(*lags));
    for (int i = 0; i < GROUPS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "g%d", i);
        kc_strings_add(&groups, name);
        lags[i].partitions = 2;
        lags[i].source.records = i;
    }
    lags[7].translation.records = 3;
    json_t *answer = kc_group_lag_json(&groups, lags);
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "count")), GROUPS);
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "partitions")), 2 * GROUPS);
    json_t *most = json_object_get(answer, "most_behind");
    ck_assert_uint_eq(json_array_size(most), KC_LAG_SHOWN);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(most, 0), "group")), "g7");
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(most, 1), "group")), "g999");
    json_decref(answer);
    kc_strings_destroy(&groups);
    free(lags);
}
END_TEST

RUN_TESTS("group_lag", an_offset_is_as_old_as_the_last_look_that_saw_the_log_end_there,
          marks_reach_back_however_many_looks_there_were, a_log_that_went_back_begins_anew,
          partitions_of_a_group_are_added_up, what_is_not_known_is_not_made_up,
          the_explanation_names_those_that_are_most_behind)
