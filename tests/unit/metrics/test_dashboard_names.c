/* SPDX-License-Identifier: Apache-2.0 */
/* What the dashboards of Strimzi and Confluent ask for is there under their names. */
#include "metrics/dashboard_names.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define S  KC_NAMES_STRIMZI
#define C  KC_NAMES_CONFLUENT
#define CC "kafka_connect_connect_"

/* A sample of ours and what it is called there. Names that are the same aren't listed. */
static const struct {
    unsigned set;
    const char *name;
    const char *labels[2][2];
    const char *line; /* NULL: nothing is added */
} cases[] = {
    {S,
     "kafka_connect_mirror_source_connector_record_age_ms_max",
     {{"topic", "a.t"}},
     "kafka_connect_mirror_mirrorsourceconnector_record_age_ms_max{topic=\"a.t\"} 7\n"},
    {S,
     "kafka_connect_mirror_source_connector_byte_rate",
     {{"topic", "a.t"}},
     "kafka_connect_mirror_mirrorsourceconnector_byte_rate{topic=\"a.t\"} 7\n"},
    {S,
     "kafka_connect_mirror_source_connector_replication_lag_records",
     {{"topic", "a.t"}},
     "kafka_consumer_fetch_manager_records_lag{topic=\"a.t\"} 7\n"},
    {S,
     "kafka_connect_mirror_checkpoint_connector_checkpoint_latency_ms",
     {{"group", "g"}},
     "kafka_connect_mirror_mirrorcheckpointconnector_checkpoint_latency_ms{group=\"g\"} 7\n"},
    {S,
     "kafka_connect_connector_info",
     {{"connector", "c"}, {"class", "a.B"}},
     "kafka_connect_connector_connector_class{connector=\"c\",connector_class=\"a.B\"} 1\n"},
    {S,
     "kafka_connect_connector_info",
     {{"connector", "c"}, {"version", "1"}},
     "kafka_connect_connector_connector_version{connector=\"c\",connector_version=\"1\"} 1\n"},
    {S,
     "kafka_connect_worker_rebalance_info",
     {{"leader_name", "l"}},
     "kafka_connect_worker_rebalance_leader_name{leader_name=\"l\"} 1\n"},
    {S, "kafka_connect_worker_task_count", {{NULL}}, NULL},
    {S, "kafka_connect_worker_connector_failed_task_count", {{"connector", "c"}}, NULL},
    {C,
     "kafka_connect_worker_task_count",
     {{NULL}},
     CC "worker_metrics_task_count{connector=\"aggregate\"} 7\n"},
    {C,
     "kafka_connect_worker_connector_startup_failure_total",
     {{NULL}},
     CC "worker_metrics_connector_startup_failure_total{connector=\"aggregate\"} 7\n"},
    {C,
     "kafka_connect_worker_connector_running_task_count",
     {{"connector", "c"}},
     CC "worker_metrics_connector_running_task_count{connector=\"c\"} 7\n"},
    {C,
     "kafka_connect_worker_rebalance_rebalance_avg_time_ms",
     {{NULL}},
     CC "worker_rebalance_metrics_rebalance_avg_time_ms 7\n"},
    {C, "kafka_connect_worker_rebalance_info", {{"leader_name", "l"}}, NULL},
    {C,
     "kafka_connect_coordinator_assigned_tasks",
     {{NULL}},
     CC "coordinator_metrics_assigned_tasks 7\n"},
    {C,
     "kafka_connect_connector_task_batch_size_avg",
     {{"connector", "c"}, {"task", "0"}},
     "kafka_connect_connector_task_metrics_batch_size_avg{connector=\"c\",task=\"0\"} 7\n"},
    {C, "kafka_connect_connector_task_status", {{"status", "running"}}, NULL},
    {C,
     "kafka_connect_source_task_source_record_poll_rate",
     {{"task", "0"}},
     "kafka_connect_source_task_metrics_source_record_poll_rate{task=\"0\"} 7\n"},
    {C,
     "kafka_connect_sink_task_put_batch_max_time_ms",
     {{"task", "0"}},
     "kafka_connect_sink_task_metrics_put_batch_max_time_ms{task=\"0\"} 7\n"},
    {C,
     "kafka_connect_task_error_total_retries",
     {{"task", "0"}},
     "kafka_connect_task_error_metrics_total_retries{task=\"0\"} 7\n"},
    {C,
     "kafka_connect_connector_status",
     {{"connector", "c"}, {"status", "running"}},
     "kafka_connect_connector_metrics{connector=\"c\",status=\"running\"} 1\n"},
    {C, "isthmus_build_info", {{"version", "1.2"}}, "kafka_connect_app_info{version=\"1.2\"} 1\n"},
    {S | C, "process_threads", {{NULL}}, NULL},
};

static char *print(unsigned sets, const char *name, const struct kc_label *labels, size_t count)
{
    struct kc_exposition *exposition = kc_exposition_new();
    kc_exposition_set_alias(exposition, kc_dashboard_names_add, sets);
    kc_exposition_add(exposition, name, KC_METRIC_GAUGE, "Help", labels, count, 7);
    char *text = kc_exposition_print(exposition, false);
    kc_exposition_destroy(exposition);
    return text;
}

START_TEST(samples_come_under_others_names_too)
{
    struct kc_label labels[2];
    size_t count = 0;
    for (; count < 2 && cases[_i].labels[count][0]; count++)
        labels[count] = (struct kc_label){cases[_i].labels[count][0], cases[_i].labels[count][1]};
    char *with = print(cases[_i].set, cases[_i].name, labels, count);
    char *without = print(0, cases[_i].name, labels, count);
    ck_assert_ptr_nonnull(strstr(with, without)); /* its own is there in any case */
    if (cases[_i].line)
        ck_assert_msg(strstr(with, cases[_i].line) != NULL, "%s", with);
    else
        ck_assert_str_eq(with, without);
    free(without);
    free(with);
}
END_TEST

START_TEST(sets_by_name)
{
    ck_assert_uint_eq(kc_dashboard_names_parse("strimzi"), S);
    ck_assert_uint_eq(kc_dashboard_names_parse("confluent"), C);
    ck_assert_uint_eq(kc_dashboard_names_parse("others"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dashboard_names");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, samples_come_under_others_names_too, 0,
                        sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tests, sets_by_name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
