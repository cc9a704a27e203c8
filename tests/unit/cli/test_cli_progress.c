/* SPDX-License-Identifier: Apache-2.0 */
/* Progress of mirror topics as text: bars, figures, what is new. */
#include "cli/cli_progress_priv.h"

#include <check.h>
#include <string.h>

static const char *const aligning =
    "{\"mirror_topic_name\":\"orders\",\"mirror_status\":\"ALIGNING\",\"reason\":\"\","
    "\"progress\":0.5,\"eta_ms\":200000,\"mirror_lags\":["
    "{\"partition\":0,\"lag\":1000,\"lag_bytes\":1024,\"lag_ms\":500},"
    "{\"partition\":1,\"lag\":234,\"lag_bytes\":512,\"lag_ms\":2500},"
    "{\"partition\":2,\"lag\":-1,\"lag_bytes\":null}]}";
static const char *const linking =
    "{\"mirror_topic_name\":\"a\",\"mirror_status\":\"LINKING\",\"progress\":1.0,\"eta_ms\":0,"
    "\"mirror_lags\":[{\"partition\":0,\"lag\":0,\"lag_bytes\":0,\"lag_ms\":0}]}";
static const char *const diverged =
    "{\"mirror_topic_name\":\"bad\",\"mirror_status\":\"DIVERGED\",\"progress\":0.9,"
    "\"reason\":\"offset 17 of partition 0 isn't the link's\\u001b[2J\",\"mirror_lags\":[]}";

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(json);
    return json;
}

static void assert_line(const char *mirror, int width, bool colour, const char *wanted)
{
    struct cli_progress progress;
    struct kc_str out = {0};
    json_t *json = parse(mirror);
    cli_progress_of(json, &progress);
    cli_progress_line(&out, &progress, 6, width, colour);
    ck_assert_str_eq(out.data, wanted);
    kc_str_destroy(&out);
    json_decref(json);
}

START_TEST(partitions_are_added_up)
{
    struct cli_progress progress;
    json_t *json = parse(aligning);
    cli_progress_of(json, &progress);
    ck_assert_int_eq(progress.lag, 1234);
    ck_assert_int_eq(progress.lag_bytes, 1536);
    ck_assert_int_eq(progress.lag_ms, 2500);
    ck_assert_int_eq(progress.eta_ms, 200000);
    json_decref(json);
    json = parse("{\"mirror_topic_name\":\"a\",\"mirror_status\":\"PENDING\"}");
    cli_progress_of(json, &progress);
    ck_assert_int_eq(progress.lag, -1);
    ck_assert(progress.progress < 0);
    json_decref(json);
}
END_TEST

START_TEST(a_line_has_bar_lag_and_eta)
{
    assert_line(aligning, 100, false,
                "orders  ALIGNING     [===========>..........]   50.0%  lag 1,234 records, "
                "1.5 KiB, 2.5 s  ETA 3m 20s");
    /* Too narrow for a bar, then for all figures. */
    assert_line(aligning, 80, false,
                "orders  ALIGNING      50.0%  lag 1,234 records, 1.5 KiB, 2.5 s  ETA 3m 20s");
    assert_line(aligning, 40, false, "orders  ALIGNING      50.0%  lag 1,23...");
    assert_line(
        linking, 70, true,
        "a       \033[32mLINKING    \033[0m  [=============]  100.0%  lag 0 records, 0 B, 0 ms");
}
END_TEST

START_TEST(a_reason_takes_the_bars_place)
{
    assert_line(diverged, 0, false,
                "bad     DIVERGED      90.0%  offset 17 of partition 0 isn't the link's?[2J");
}
END_TEST

START_TEST(a_frame_fits_the_terminal)
{
    struct kc_str out = {0};
    json_t *mirrors = json_array(), *one = parse(aligning);
    for (int i = 0; i < 10; i++)
        json_array_append(mirrors, one);
    ck_assert_int_eq(cli_progress_frame(&out, mirrors, 100, 8, false), 7);
    ck_assert_ptr_nonnull(strstr(out.data, "\nand 5 more\n"));
    ck_assert_ptr_nonnull(strstr(out.data,
                                 "\n10 topics: 10 ALIGNING  lag 12,340 records, 15.0 KiB, "
                                 "2.5 s  ETA 3m 20s\n"));
    kc_str_clear(&out);
    ck_assert_int_eq(cli_progress_frame(&out, mirrors, 100, 12, false), 11);
    ck_assert_ptr_null(strstr(out.data, "more"));
    kc_str_destroy(&out);
    json_decref(one);
    json_decref(mirrors);
}
END_TEST

static void assert_new(const char *before, const char *after, bool wanted)
{
    struct cli_progress progress;
    struct kc_str a = {0}, b = {0};
    json_t *one = parse(before), *other = parse(after);
    cli_progress_of(one, &progress);
    cli_progress_key(&a, &progress);
    cli_progress_of(other, &progress);
    cli_progress_key(&b, &progress);
    ck_assert(wanted == (strcmp(a.data, b.data) != 0));
    kc_str_destroy(&a);
    kc_str_destroy(&b);
    json_decref(one);
    json_decref(other);
}

START_TEST(a_pipe_is_told_what_is_new)
{
    assert_new("{\"mirror_status\":\"LINKING\",\"progress\":0.501}",
               "{\"mirror_status\":\"LINKING\",\"progress\":0.509}", false);
    assert_new("{\"mirror_status\":\"LINKING\",\"progress\":0.501}",
               "{\"mirror_status\":\"LINKING\",\"progress\":0.512}", true);
    assert_new("{\"mirror_status\":\"LINKING\",\"mirror_lags\":[{\"lag\":7}]}",
               "{\"mirror_status\":\"LINKING\",\"mirror_lags\":[{\"lag\":5}]}", false);
    assert_new("{\"mirror_status\":\"LINKING\",\"mirror_lags\":[{\"lag\":7}]}",
               "{\"mirror_status\":\"LINKING\",\"mirror_lags\":[{\"lag\":0}]}", true);
    assert_new("{\"mirror_status\":\"LINKING\"}", "{\"mirror_status\":\"PROMOTED\"}", true);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_progress");
    TCase *tcase = tcase_create("progress");
    SRunner *runner = srunner_create(suite);
    tcase_add_test(tcase, partitions_are_added_up);
    tcase_add_test(tcase, a_line_has_bar_lag_and_eta);
    tcase_add_test(tcase, a_reason_takes_the_bars_place);
    tcase_add_test(tcase, a_frame_fits_the_terminal);
    tcase_add_test(tcase, a_pipe_is_told_what_is_new);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
