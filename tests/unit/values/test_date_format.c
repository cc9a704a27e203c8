/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as java.text.SimpleDateFormat of JDK 17 reads and prints them, in UTC and English. */
#include "values/date_format.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED INT64_MIN

static const struct {
    const char *pattern;
    const char *text;
    int64_t ms;
} texts[] = {
    {"yyyy-MM-dd", "1582-10-04", -12219379200000LL},
    {"yyyy-MM-dd", "1582-10-05", -12219292800000LL},
    {"yyyy-MM-dd", "1582-10-14", -12218515200000LL},
    {"yyyy-MM-dd", "1582-10-15", -12219292800000LL},
    {"yyyy-MM-dd", "1582-02-29", -12238128000000LL},
    {"yyyy-MM-dd", "1500-02-29", -14825894400000LL},
    {"yyyy-MM-dd", "1000-01-01", -30609792000000LL},
    {"yyyy-MM-dd", "0001-01-01", -62135769600000LL},
    {"G yyyy-MM-dd", "BC 0044-03-15", -63517996800000LL},
    {"yyyy-DDD", "1582-300", -12217392000000LL},
    {"yyyy-DDD", "1581-001", -12274761600000LL},
    {"yyyy-MM-dd", "1582-11-31", -12215232000000LL},
    {"YYYY-ww", "2024-10", 1709424000000LL},
    {"YYYY-ww", "2021-53", 1640476800000LL},
    {"yyyy-ww", "2024-10", 1709424000000LL},
    {"yyyy-ww", "2024-01", 1703980800000LL},
    {"YYYY-ww-u", "2024-10-3", 1709683200000LL},
    {"YYYY-'W'ww-u", "2020-W53-7", 1609027200000LL},
    {"YYYY-ww-u", "2024-10-7", 1709424000000LL},
    {"yyyy-ww-u", "2024-10-1", 1709510400000LL},
    {"yyyy-ww EEE", "2024-10 Fri", 1709856000000LL},
    {"YYYY-MM-dd", "2024-05-06", 1703980800000LL},
    {"YYYY", "2024", 1703980800000LL},
    {"yyyy YYYY ww", "2024 2020 05", 1579996800000LL},
    {"YYYY yyyy ww", "2020 2024 05", 1706400000000LL},
    {"yyyy-MM W", "2024-05 2", 1714867200000LL},
    {"yyyy-MM W u", "2024-05 2 4", 1715212800000LL},
    {"yyyy-MM F EEE", "2024-05 2 Tue", 1715644800000LL},
    {"yyyy-MM EEE", "2024-05 Tue", 1715040000000LL},
    {"yyyy-MM F", "2024-05 3", 1716076800000LL},
    {"yyyy-MM-dd W", "2024-05-20 1", 1716163200000LL},
    {"W yyyy-MM-dd", "1 2024-05-20", 1716163200000LL},
    {"yyyy-MM-dd EEE", "2024-05-20 Fri", 1716163200000LL},
    {"EEE, dd MMM yyyy", "Fri, 20 May 2024", 1716163200000LL},
    {"yyyy-MM-dd ww", "2024-05-20 03", 1716163200000LL},
    {"yyyy-MM-dd ww EEE", "2024-05-20 03 Fri", 1705622400000LL},
    {"yyyy DDD ww", "2024 100 05", 1712620800000LL},
    {"yyyy ww DDD", "2024 05 100", 1712620800000LL},
    {"ww", "10", 5097600000LL},
    {"u", "3", 518400000LL},
    {"EEE", "Wed", 518400000LL},
    {"yyyy u", "2024 3", 1704240000000LL},
    {"yyyy F EEE", "2024 -1 Wed", 1706659200000LL},
    {"yyyy-MM F EEE", "2024-05 -1 Wed", 1716940800000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 EST", 1719853200000LL},
    {"yyyy-MM-dd HH:mm z", "2024-01-01 12:00 EST", 1704128400000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 EDT", 1719849600000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 CET", 1719831600000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 CEST", 1719828000000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 PST", 1719864000000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 PDT", 1719860400000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 CST", 1719856800000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 CDT", 1719853200000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 MST", 1719860400000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 MDT", 1719856800000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 WET", 1719835200000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 WEST", 1719831600000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 EET", 1719828000000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 EEST", 1719824400000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 MSK", 1719824400000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 JST", 1719802800000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 HST", 1719871200000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 AKST", 1719867600000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 AKDT", 1719864000000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 BST", 1719831600000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 IST", 1719828000000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 SGT", 1719806400000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 UTC", 1719835200000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 GMT", 1719835200000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 gmt+2:00", 1719828000000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 GMT+02:00", 1719828000000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 GMT+0200", REFUSED},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 +0200", 1719828000000LL},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 +02:00", REFUSED},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 +02", REFUSED},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 Z", REFUSED},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 Europe/Berlin", REFUSED},
    {"yyyy-MM-dd HH:mm z", "2024-07-01 12:00 XYZ", REFUSED},
    {"yyyy-MM-dd HH:mm Z", "2024-07-01 12:00 -0330", 1719847800000LL},
    {"yyyy-MM-dd HH:mm Z", "2024-07-01 12:00 EST", 1719853200000LL},
    {"yyyy-MM-dd HH:mm Z", "2024-07-01 12:00 +02:00", REFUSED},
    {"yyyy-MM-dd HH:mmX", "2024-07-01 12:00Z", 1719835200000LL},
    {"yyyy-MM-dd HH:mmX", "2024-07-01 12:00+02", 1719828000000LL},
    {"yyyy-MM-dd HH:mmX", "2024-07-01 12:00+0200", 1719828000000LL},
    {"yyyy-MM-dd HH:mmXX", "2024-07-01 12:00+0200", 1719828000000LL},
    {"yyyy-MM-dd HH:mmXX", "2024-07-01 12:00+02:00", REFUSED},
    {"yyyy-MM-dd HH:mmXX", "2024-07-01 12:00+02", REFUSED},
    {"yyyy-MM-dd HH:mmXXX", "2024-07-01 12:00+02:00", 1719828000000LL},
    {"yyyy-MM-dd HH:mmXXX", "2024-07-01 12:00+0200", REFUSED},
    {"yyyy-MM-dd HH:mmXXX", "2024-07-01 12:00-05:30", 1719855000000LL},
    {"yyyy-MM-dd HH:mmXXX", "2024-07-01 12:00Z", 1719835200000LL},
    {"yyyy-MM-dd HH:mmXXX", "2024-07-01 12:00+2:00", REFUSED},
    {"yyyy-MM-dd HH:mmXXX", "2024-07-01 12:00UTC", REFUSED},
    {"hh:mm a", "11:30 PM", 84600000LL},
    {"hh:mm", "11:30", 41400000LL},
    {"HH hh a", "05 11 PM", 82800000LL},
    {"hh a HH", "11 PM 05", 18000000LL},
    {"a", "PM", 43200000LL},
    {"KK:mm a", "00:30 PM", 45000000LL},
    {"kk:mm", "24:10", 600000LL},
    {"yyyy-MM-dd", "2024-13-45", 1739491200000LL},
    {"yyyy-MM-dd", "0000-01-01", -62167392000000LL},
    {"yy-MM-dd", "69-01-02", -31449600000LL},
    {"yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2024-02-29T23:59:59.999-08:00", 1709279999999LL},
};

START_TEST(texts_as_java_reads_them)
{
    struct kc_date_format *format = NULL;
    int64_t ms = REFUSED;
    ck_assert_ptr_null(kc_date_format_new(texts[_i].pattern, &format));
    if (!kc_date_format_parse(format, texts[_i].text, strlen(texts[_i].text), &ms))
        ms = REFUSED;
    ck_assert_msg(ms == texts[_i].ms, "%s by %s: %lld, not %lld", texts[_i].text, texts[_i].pattern,
                  (long long)ms, (long long)texts[_i].ms);
    kc_date_format_destroy(format);
}
END_TEST

static const char *const patterns[] = {"G yyyy-MM-dd HH:mm:ss.SSS", "YYYY-ww-u",
                                       "yyyy DDD w W F EEE", "YYYY w"};
enum { PATTERNS = sizeof(patterns) / sizeof(*patterns) };

static const struct {
    int64_t ms;
    const char *text[PATTERNS];
} printed[] = {
    {0LL, {"AD 1970-01-01 00:00:00.000", "1970-01-4", "1970 001 1 1 1 Thu", "1970 1"}},
    {-12219292800000LL,
     {"AD 1582-10-15 00:00:00.000", "1582-40-5", "1582 278 40 1 1 Fri", "1582 40"}},
    {-12219292800001LL,
     {"AD 1582-10-04 23:59:59.999", "1582-40-4", "1582 277 40 1 1 Thu", "1582 40"}},
    {-12219379200000LL,
     {"AD 1582-10-04 00:00:00.000", "1582-40-4", "1582 277 40 1 1 Thu", "1582 40"}},
    {-14830974000000LL,
     {"AD 1500-01-01 05:00:00.000", "1500-01-3", "1500 001 1 1 1 Wed", "1500 1"}},
    {-30610224000000LL,
     {"AD 0999-12-27 00:00:00.000", "0999-52-3", "0999 361 52 5 4 Wed", "0999 52"}},
    {-62135596800000LL,
     {"AD 0001-01-03 00:00:00.000", "0001-02-1", "0001 003 2 2 1 Mon", "0001 2"}},
    {-62135769600000LL,
     {"AD 0001-01-01 00:00:00.000", "0001-01-6", "0001 001 1 1 1 Sat", "0001 1"}},
    {-63000000000000LL,
     {"BC 0028-08-13 08:00:00.000", "-0027-33-6", "0028 225 33 2 2 Sat", "-0027 33"}},
    {-100000000000000LL,
     {"BC 1200-02-26 14:13:20.000", "-1199-09-4", "1200 057 9 4 4 Thu", "-1199 9"}},
    {1704067200000LL, {"AD 2024-01-01 00:00:00.000", "2024-01-1", "2024 001 1 1 1 Mon", "2024 1"}},
    {1703980800000LL, {"AD 2023-12-31 00:00:00.000", "2024-01-7", "2023 365 1 6 5 Sun", "2024 1"}},
    {1609459200000LL, {"AD 2021-01-01 00:00:00.000", "2021-01-5", "2021 001 1 1 1 Fri", "2021 1"}},
    {1609372800000LL, {"AD 2020-12-31 00:00:00.000", "2021-01-4", "2020 366 1 5 5 Thu", "2021 1"}},
    {1735603200000LL, {"AD 2024-12-31 00:00:00.000", "2025-01-2", "2024 366 1 5 5 Tue", "2025 1"}},
    {-12200000000000LL,
     {"AD 1583-05-26 07:06:40.000", "1583-22-4", "1583 146 22 4 4 Thu", "1583 22"}},
    {-12212553600000LL,
     {"AD 1583-01-01 00:00:00.000", "1583-01-6", "1583 001 1 1 1 Sat", "1583 1"}},
    {-12219500000000LL,
     {"AD 1582-10-02 14:26:40.000", "1582-40-2", "1582 275 40 1 1 Tue", "1582 40"}},
};

START_TEST(moments_as_java_prints_them)
{
    for (int i = 0; i < PATTERNS; i++) {
        struct kc_date_format *format = NULL;
        struct kc_str text = {0};
        ck_assert_ptr_null(kc_date_format_new(patterns[i], &format));
        kc_date_format_print(format, printed[_i].ms, &text);
        ck_assert_str_eq(text.data, printed[_i].text[i]);
        kc_str_destroy(&text);
        kc_date_format_destroy(format);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("date_format");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, texts_as_java_reads_them, 0, sizeof(texts) / sizeof(texts[0]));
    tcase_add_loop_test(tests, moments_as_java_prints_them, 0,
                        sizeof(printed) / sizeof(printed[0]));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
