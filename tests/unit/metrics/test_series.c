/* SPDX-License-Identifier: Apache-2.0 */
/* Series of tasks: what is shown of them, and how they are added up where there are too many. */
#include "metrics/series.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT, END, POSITION, LAG, AGE };

static const char *const labels[] = {"source", "topic", "partition", NULL};
static const struct kc_measure measures[] = {
    [COUNT] = {KC_MEASURE_COUNTER, "record_count", "Records", .rate = "record_rate"},
    [END] = {KC_MEASURE_GAUGE, "end", "End"},
    [POSITION] = {KC_MEASURE_GAUGE, "position", "Position"},
    [LAG] = {KC_MEASURE_DIFFERENCE, "lag", "Lag", .minuend = END, .subtrahend = POSITION},
    [AGE] = {KC_MEASURE_WINDOW, "age_ms", "Age"},
};
static const struct kc_series_group group = {"mirror", labels, measures, 5};

static struct kc_series_list list;

static void setup(void)
{
    kc_series_list_init(&list);
}

static void teardown(void)
{
    kc_series_list_clear(&list);
}

static struct kc_series *add(const char *topic, const char *partition)
{
    const char *values[] = {"A", topic, partition};
    struct kc_series *series = kc_series_list_add(&list, &group, values);
    kc_series_unref(series); /* the list keeps it */
    return series;
}

static char *scrape(size_t max)
{
    struct kc_series_collection collection = {0};
    struct kc_exposition *exposition = kc_exposition_new();
    kc_series_collect(&collection, &list);
    kc_series_expose(&collection, max, exposition);
    char *text = kc_exposition_print(exposition, false);
    kc_exposition_destroy(exposition);
    return text;
}

static void assert_has(const char *text, const char *line)
{
    char *whole = kc_asprintf("\n%s\n", line);
    ck_assert_msg(strstr(text, whole), "no line '%s' in:\n%s", line, text);
    free(whole);
}

START_TEST(every_kind_of_measure)
{
    struct kc_series *series = add("t", "0");
    char *text = scrape(10);
    assert_has(text, "mirror_record_count{source=\"A\",topic=\"t\",partition=\"0\"} 0");
    ck_assert_ptr_null(strstr(text, "mirror_end"));
    ck_assert_ptr_null(strstr(text, "mirror_lag"));
    ck_assert_ptr_null(strstr(text, "mirror_age_ms"));
    free(text);
    kc_series_add(series, COUNT, 3);
    kc_series_add(series, COUNT, 4);
    kc_series_set(series, END, 100);
    kc_series_raise(series, POSITION, 60);
    kc_series_raise(series, POSITION, 50);
    struct kc_sample sample = {0};
    kc_sample_take(&sample, 10);
    kc_sample_take(&sample, 4);
    kc_series_sample(series, AGE, &sample);
    text = scrape(10);
    assert_has(text, "mirror_record_count{source=\"A\",topic=\"t\",partition=\"0\"} 7");
    assert_has(text, "mirror_lag{source=\"A\",topic=\"t\",partition=\"0\"} 40");
    assert_has(text, "mirror_age_ms_min{source=\"A\",topic=\"t\",partition=\"0\"} 4");
    assert_has(text, "mirror_age_ms_max{source=\"A\",topic=\"t\",partition=\"0\"} 10");
    assert_has(text, "mirror_age_ms_avg{source=\"A\",topic=\"t\",partition=\"0\"} 7");
    ck_assert_ptr_nonnull(strstr(text, "\nmirror_record_rate{"));
    free(text);
    kc_series_raise(series, POSITION, 200); /* the end was seen earlier */
    text = scrape(10);
    assert_has(text, "mirror_lag{source=\"A\",topic=\"t\",partition=\"0\"} 0");
    free(text);
}
END_TEST

START_TEST(the_same_labels_are_one_series)
{
    kc_series_add(add("t", "0"), COUNT, 3);
    kc_series_add(add("t", "0"), COUNT, 4);
    char *text = scrape(10);
    assert_has(text, "mirror_record_count{source=\"A\",topic=\"t\",partition=\"0\"} 7");
    assert_has(text, "isthmus_metrics_series{group=\"mirror\"} 1");
    free(text);
}
END_TEST

static void add_many(size_t topics, size_t partitions)
{
    char topic[32], partition[32];
    for (size_t t = 0; t < topics; t++)
        for (size_t p = 0; p < partitions; p++) {
            snprintf(topic, sizeof(topic), "t%zu", t);
            snprintf(partition, sizeof(partition), "%zu", p);
            struct kc_series *series = add(topic, partition);
            struct kc_sample sample = {0};
            kc_sample_take(&sample, (int64_t)(10 * t + p));
            kc_series_sample(series, AGE, &sample);
            kc_series_add(series, COUNT, 10);
            kc_series_set(series, END, 7);
            kc_series_set(series, POSITION, p % 2 ? 5 : 9); /* behind by 2, or ahead */
        }
}

START_TEST(too_many_are_summed_by_topic)
{
    add_many(3, 4);
    char *text = scrape(12);
    assert_has(text, "mirror_record_count{source=\"A\",topic=\"t2\",partition=\"3\"} 10");
    assert_has(text, "isthmus_metrics_labels_dropped{group=\"mirror\"} 0");
    free(text);
    text = scrape(11);
    assert_has(text, "mirror_record_count{source=\"A\",topic=\"t2\"} 40");
    assert_has(text, "mirror_lag{source=\"A\",topic=\"t0\"} 4");
    assert_has(text, "mirror_age_ms_min{source=\"A\",topic=\"t1\"} 10");
    assert_has(text, "mirror_age_ms_max{source=\"A\",topic=\"t1\"} 13");
    assert_has(text, "mirror_age_ms_avg{source=\"A\",topic=\"t1\"} 11.5");
    assert_has(text, "isthmus_metrics_series{group=\"mirror\"} 12");
    assert_has(text, "isthmus_metrics_series_shown{group=\"mirror\"} 3");
    assert_has(text, "isthmus_metrics_labels_dropped{group=\"mirror\"} 1");
    ck_assert_ptr_null(strstr(text, "partition="));
    free(text);
}
END_TEST

START_TEST(the_bound_holds_whatever_there_is)
{
    add_many(5, 2);
    char *text = scrape(2);
    assert_has(text, "mirror_record_count{source=\"A\"} 100");
    assert_has(text, "isthmus_metrics_series_shown{group=\"mirror\"} 1");
    assert_has(text, "isthmus_metrics_labels_dropped{group=\"mirror\"} 2");
    free(text);
}
END_TEST

START_TEST(nothing_at_all)
{
    char *text = scrape(1);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

START_TEST(a_series_outlives_its_list)
{
    const char *values[] = {"A", "t", "0"};
    struct kc_series *series = kc_series_list_add(&list, &group, values);
    teardown();
    kc_series_add(series, COUNT, 1);
    kc_series_unref(series);
    setup();
}
END_TEST

enum { PIECES, SIZES, LAST, NEXT, BEHIND, BEHIND_BYTES, BEHIND_SECONDS };
static const struct kc_measure lag_measures[] = {
    [PIECES] = {KC_MEASURE_COUNTER, "records", "Records"},
    [SIZES] = {KC_MEASURE_COUNTER, "bytes", "Bytes"},
    [LAST] = {KC_MEASURE_GAUGE, "end", "End"},
    [NEXT] = {KC_MEASURE_GAUGE, "position", "Position"},
    [BEHIND] = {KC_MEASURE_DIFFERENCE, "lag", "Lag", .minuend = LAST, .subtrahend = NEXT},
    [BEHIND_BYTES] = {KC_MEASURE_ESTIMATE, "lag_bytes", "Bytes", .minuend = BEHIND,
                      .subtrahend = SIZES},
    [BEHIND_SECONDS] = {KC_MEASURE_DELAY, "lag_seconds", "Seconds", .minuend = BEHIND},
};
static const struct kc_series_group lags = {"lags", labels, lag_measures, 7};

static struct kc_series *add_lag(const char *topic, int64_t end, int64_t position)
{
    const char *values[] = {"A", topic, "0"};
    struct kc_series *series = kc_series_list_add(&list, &lags, values);
    kc_series_unref(series);
    kc_series_set(series, LAST, end);
    kc_series_set(series, NEXT, position);
    return series;
}

START_TEST(lag_has_three_units)
{
    struct kc_series *behind = add_lag("t", 100, 60), *level = add_lag("u", 100, 100);
    kc_series_add(behind, PIECES, 10);
    kc_series_add(behind, SIZES, 250);
    kc_series_set(level, BEHIND_SECONDS, 0); /* long ago, but nothing is missing */
    char *text = scrape(10);
    assert_has(text, "lags_lag_bytes{source=\"A\",topic=\"t\",partition=\"0\"} 1000");
    assert_has(text, "lags_lag_bytes{source=\"A\",topic=\"u\",partition=\"0\"} 0");
    assert_has(text, "lags_lag_seconds{source=\"A\",topic=\"u\",partition=\"0\"} 0");
    /* Nothing is known of since when. */
    ck_assert_ptr_null(strstr(text, "lags_lag_seconds{source=\"A\",topic=\"t\""));
    free(text);
    kc_series_set(behind, BEHIND_SECONDS, kc_now_ms() - 60000);
    kc_series_set(add_lag("v", 2, 1), BEHIND_SECONDS, kc_now_ms() - 3600000);
    struct kc_series_lag lag = kc_series_list_lag(&list);
    ck_assert(lag.known);
    ck_assert(lag.records == 41 && lag.bytes == 1000);
    ck_assert(lag.seconds >= 3600 && lag.seconds < 3700); /* the longest, not the sum */
}
END_TEST

START_TEST(spans_are_shown_in_seconds_and_the_longest_counts)
{
    static const char *const labels_of[] = {"source", "group", NULL};
    static const struct kc_measure spans[] = {
        {.kind = KC_MEASURE_SPAN, .name = "lag_seconds", .help = "Seconds"},
        {.kind = KC_MEASURE_GAUGE, .name = "lag_bytes", .help = "Bytes"},
    };
    static const struct kc_series_group groups = {"groups", labels_of, spans, 2};
    for (int i = 0; i < 2; i++) {
        const char *values[] = {"A", i ? "g" : "h"};
        struct kc_series *series = kc_series_list_add(&list, &groups, values);
        kc_series_set(series, 0, 1500 + i * 1000);
        kc_series_set(series, 1, INT64_MIN); /* not known any more */
        kc_series_unref(series);
    }
    char *text = scrape(10);
    assert_has(text, "groups_lag_seconds{source=\"A\",group=\"g\"} 2.5");
    assert_has(text, "groups_lag_seconds{source=\"A\",group=\"h\"} 1.5");
    ck_assert_ptr_null(strstr(text, "lag_bytes"));
    free(text);
    text = scrape(1);
    assert_has(text, "groups_lag_seconds{source=\"A\"} 2.5");
    free(text);
}
END_TEST

START_TEST(two_tables_may_have_one_prefix)
{
    static const char *const more[] = {"source", "group", "topic", "partition", NULL};
    static const struct kc_series_group twin = {"mirror", more, measures, 1};
    const char *values[] = {"A", "g", "t", "0"};
    add("t", "0");
    kc_series_unref(kc_series_list_add(&list, &twin, values));
    add("t", "1");
    char *text = scrape(10);
    assert_has(text, "mirror_record_count{source=\"A\",topic=\"t\",partition=\"1\"} 0");
    assert_has(text, "mirror_record_count{source=\"A\",group=\"g\",topic=\"t\",partition=\"0\"} 0");
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("series");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, every_kind_of_measure);
    tcase_add_test(tests, the_same_labels_are_one_series);
    tcase_add_test(tests, too_many_are_summed_by_topic);
    tcase_add_test(tests, the_bound_holds_whatever_there_is);
    tcase_add_test(tests, nothing_at_all);
    tcase_add_test(tests, a_series_outlives_its_list);
    tcase_add_test(tests, lag_has_three_units);
    tcase_add_test(tests, spans_are_shown_in_seconds_and_the_longest_counts);
    tcase_add_test(tests, two_tables_may_have_one_prefix);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
