/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a connector: the scenarios of WorkerConnectorTest, by way of the worker. */
#include "connect/measure.h"
#include "metrics/series.h"
#include "runtime/fake_worker.h"

#include <dirent.h>

static struct {
    atomic_int starts;
    atomic_int stops;
    atomic_int destroyed;
    atomic_int tasks; /* configurations to generate */
    atomic_bool fail_start;
    atomic_bool hang_stop;
    struct kc_connector_context *_Atomic context;
} fake_connector;

static void *create(struct kc_connector_context *context)
{
    fake_connector.context = context;
    return context;
}

static struct kc_error *start(void *connector, const struct kc_map *config)
{
    fake_connector.starts++;
    return fake_connector.fail_start ? kc_error_new(KC_ERR_CONNECT, "no start today") : NULL;
}

static void stop(void *connector)
{
    fake_connector.stops++;
    while (fake_connector.hang_stop)
        usleep(1000);
}

static void destroy(void *connector)
{
    fake_connector.destroyed++;
}

static struct kc_error *task_configs(void *connector, int max_tasks, struct kc_maps *configs)
{
    for (int i = 0; i < fake_connector.tasks; i++) {
        struct kc_map *map = kc_map_new();
        kc_map_setf(map, "number", "%d of %d", i, max_tasks);
        kc_maps_take(configs, map);
    }
    return NULL;
}

static const struct kc_connector_ops ops = {
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .task_configs = task_configs,
};

static const struct kc_sink_task_ops no_task;
static const struct kc_plugin plugin = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SINK,
    .class_name = "test.FakeConnector",
    .task_class = "test.FakeTask",
    .version = "7",
    .connector = &ops,
    .sink_task = &no_task,
};
static const struct kc_plugin *const fakes[] = {&plugin, NULL};

/* ---- fixture ---- */

static struct fake_worker fake;

static struct {
    atomic_int count;
    atomic_bool failed;
    char text[512];
} answer;

static void on_done(void *opaque, struct kc_error *err)
{
    answer.failed = err != NULL;
    snprintf(answer.text, sizeof(answer.text), "%s", err ? kc_error_text(err) : "");
    kc_error_destroy(err);
    answer.count++;
}

static void setup(void)
{
    memset(&fake_connector, 0, sizeof(fake_connector));
    memset(&answer, 0, sizeof(answer));
    start_worker(&fake, fakes, NULL);
}

static void teardown(void)
{
    stop_worker(&fake);
}

static void launch(enum kc_target_state target, const char *max_tasks)
{
    struct kc_map *config = CONFIG("name", "c", "connector.class", "Fake", "topics", "t",
                                   "tasks.max", max_tasks ? max_tasks : "1");
    kc_worker_start_connector(fake.worker, "c", config, target, on_done, NULL);
    kc_map_destroy(config);
    await(answer.count == 1);
}

static void shut(void)
{
    struct kc_strings names = {0};
    kc_strings_add(&names, "c");
    kc_worker_stop_connectors(fake.worker, &names);
    kc_strings_destroy(&names);
}

static void expect_order(const char *expected)
{
    char order[256];
    await((heard_order(KC_CONNECTOR_STATUS, order, sizeof(order)), strcmp(order, expected) == 0));
}

static void move_to(enum kc_target_state target)
{
    int before = answer.count;
    kc_worker_set_target_state(fake.worker, "c", target, on_done, NULL);
    await(answer.count == before + 1);
}

/* Threads of this process that are called name. */
static int threads_called(const char *name)
{
    int count = 0;
    struct dirent *entry;
    DIR *tasks = opendir("/proc/self/task");
    while ((entry = readdir(tasks))) {
        char path[300], text[32] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
        FILE *comm = fopen(path, "r");
        if (!comm)
            continue;
        if (fgets(text, sizeof(text), comm))
            text[strcspn(text, "\n")] = '\0';
        count += strcmp(text, name) == 0;
        fclose(comm);
    }
    closedir(tasks);
    return count;
}

/* ---- tests ---- */

START_TEST(at_rest_it_has_no_thread)
{
    launch(KC_TARGET_STARTED, NULL);
    await(threads_called("c") == 0);
    move_to(KC_TARGET_PAUSED);
    ck_assert(!answer.failed);
    await(threads_called("c") == 0);
    move_to(KC_TARGET_STARTED);
    await(threads_called("c") == 0);
    kc_connector_raise_error(fake_connector.context, kc_error_new(KC_ERR_CONNECT, "it broke"));
    expect_order("RUNNING PAUSED RUNNING FAILED ");
    await(threads_called("c") == 0);
    shut();
    expect_order("RUNNING PAUSED RUNNING FAILED UNASSIGNED ");
    ck_assert_int_eq(fake_connector.destroyed, 1);
}
END_TEST

START_TEST(starts_and_stops)
{
    launch(KC_TARGET_STARTED, NULL);
    ck_assert(!answer.failed);
    ck_assert(kc_worker_has_connector(fake.worker, "c"));
    shut();
    expect_order("RUNNING UNASSIGNED ");
    ck_assert_int_eq(fake_connector.stops, 1);
    ck_assert_int_eq(fake_connector.destroyed, 1);
    ck_assert(!kc_worker_has_connector(fake.worker, "c"));
}
END_TEST

START_TEST(begins_paused_or_stopped_without_a_start)
{
    launch(KC_TARGET_PAUSED, NULL);
    expect_order("PAUSED ");
    ck_assert_int_eq(fake_connector.starts, 0);
    move_to(KC_TARGET_STOPPED);
    move_to(KC_TARGET_STARTED);
    expect_order("PAUSED STOPPED RUNNING ");
    move_to(KC_TARGET_STARTED); /* already there */
    move_to(KC_TARGET_PAUSED);
    expect_order("PAUSED STOPPED RUNNING PAUSED ");
    ck_assert_int_eq(fake_connector.starts, 1);
    ck_assert_int_eq(fake_connector.stops, 1);
    shut();
    ck_assert_int_eq(fake_connector.stops, 1); /* it wasn't running any more */
}
END_TEST

START_TEST(a_failed_connector_can_only_be_stopped)
{
    fake_connector.fail_start = true;
    launch(KC_TARGET_STARTED, NULL);
    ck_assert_str_eq(answer.text, "Failed to transition connector c to state STARTED");
    ck_assert_str_eq(heard_state(KC_CONNECTOR_STATUS, KC_STATE_FAILED),
                     "org.apache.kafka.connect.errors.ConnectException: no start today\n");
    fake_connector.fail_start = false;
    move_to(KC_TARGET_STARTED);
    ck_assert(answer.failed);
    move_to(KC_TARGET_PAUSED);
    ck_assert(answer.failed);
    move_to(KC_TARGET_STOPPED);
    ck_assert(!answer.failed);
    move_to(KC_TARGET_STARTED);
    expect_order("FAILED STOPPED RUNNING ");
    shut();
}
END_TEST

START_TEST(a_raised_error_fails_the_connector)
{
    launch(KC_TARGET_STARTED, NULL);
    kc_connector_raise_error(fake_connector.context, kc_error_new(KC_ERR_CONNECT, "out of luck"));
    expect_order("RUNNING FAILED ");
    kc_connector_raise_error(fake_connector.context, kc_error_new(KC_ERR_CONNECT, "still"));
    shut();
    expect_order("RUNNING FAILED UNASSIGNED ");
}
END_TEST

START_TEST(reconfiguration_reaches_the_herder)
{
    launch(KC_TARGET_STARTED, NULL);
    kc_connector_request_reconfiguration(fake_connector.context);
    ck_assert_int_eq(heard.reconfigurations, 1);
    ck_assert_str_eq(kc_connector_name(fake_connector.context), "c");
    shut();
}
END_TEST

START_TEST(a_stop_that_hangs_is_left_behind)
{
    launch(KC_TARGET_STARTED, NULL);
    fake_connector.hang_stop = true;
    int64_t began = kc_mono_ms();
    shut();
    ck_assert_int_lt(kc_mono_ms() - began, 6500);
    expect_order("RUNNING UNASSIGNED "); /* in its place */
    fake_connector.hang_stop = false;
    await(fake_connector.destroyed == 1);
    expect_order("RUNNING UNASSIGNED ");
}
END_TEST

START_TEST(an_unknown_class_fails_the_connector)
{
    struct kc_map *config = CONFIG("name", "c", "connector.class", "NoSuch");
    kc_worker_start_connector(fake.worker, "c", config, KC_TARGET_STARTED, on_done, NULL);
    kc_map_destroy(config);
    ck_assert_ptr_nonnull(strstr(answer.text, "NoSuch"));
    expect_order("FAILED ");
    ck_assert(!kc_worker_has_connector(fake.worker, "c"));
}
END_TEST

/* ---- task configurations ---- */

static struct {
    atomic_int count;
    int tasks;
    char text[512];
    char first[256];
} generated;

static void on_configs(void *opaque, struct kc_error *err, struct kc_maps *configs)
{
    generated.tasks = configs ? (int)configs->count : -1;
    snprintf(generated.text, sizeof(generated.text), "%s", err ? kc_error_text(err) : "");
    generated.first[0] = '\0';
    if (configs && configs->count) {
        char *text = kc_map_print(configs->items[0]);
        snprintf(generated.first, sizeof(generated.first), "%s", text);
        free(text);
    }
    kc_error_destroy(err);
    generated.count++;
}

static void generate(const char *enforce)
{
    int before = generated.count;
    struct kc_map *config = CONFIG("name", "c", "connector.class", "Fake", "topics", "t",
                                   "tasks.max", "2", "tasks.max.enforce", enforce);
    kc_worker_task_configs(fake.worker, "c", config, on_configs, NULL);
    kc_map_destroy(config);
    await(generated.count == before + 1);
}

START_TEST(task_configs_are_complete)
{
    fake_connector.tasks = 2;
    launch(KC_TARGET_STARTED, "2");
    generate("true");
    ck_assert_int_eq(generated.tasks, 2);
    ck_assert_str_eq(generated.first, "{number=0 of 2, task.class=test.FakeTask, topics=t}");
    shut();
    generate("true");
    ck_assert_str_eq(generated.text, "Connector c not found in this worker.");
}
END_TEST

START_TEST(too_many_tasks_fail_the_connector)
{
    fake_connector.tasks = 3;
    launch(KC_TARGET_STARTED, "2");
    generate("false");
    ck_assert_int_eq(generated.tasks, 3);
    generate("true");
    ck_assert_int_eq(generated.tasks, -1);
    ck_assert_str_eq(generated.text,
                     "The connector c has generated 3 tasks, which is greater than 2, the maximum "
                     "number of tasks it is configured to create. This behaviour should be "
                     "considered a bug and is disallowed. If necessary, it can be permitted by "
                     "reconfiguring the connector with 'tasks.max.enforce' set to false; however, "
                     "this option will be removed in a future release of Kafka Connect.");
    expect_order("RUNNING FAILED ");
    shut();
}
END_TEST

/* ---- calls ---- */

static void count_call(void *connector, void *arg)
{
    ck_assert_ptr_eq(connector, fake_connector.context);
    atomic_fetch_add((atomic_int *)arg, 1);
}

/* Calls a connector, and returns what is answered. */
static const char *call(const char *connector, atomic_int *calls)
{
    int before = answer.count;
    kc_worker_call_connector(fake.worker, connector, count_call, calls, on_done, NULL);
    await(answer.count == before + 1);
    return answer.text;
}

START_TEST(a_started_connector_is_called)
{
    atomic_int calls = 0;
    launch(KC_TARGET_STARTED, NULL);
    ck_assert_ptr_nonnull(strstr(call("other", &calls), "doesn't run in this worker"));
    ck_assert_str_eq(call("c", &calls), "");
    ck_assert_int_eq(calls, 1);
    move_to(KC_TARGET_PAUSED);
    ck_assert_str_eq(call("c", &calls), "Connector c is PAUSED: it answers when it is RUNNING");
    move_to(KC_TARGET_STARTED);
    ck_assert_str_eq(call("c", &calls), "");
    ck_assert_int_eq(calls, 2);
    shut();
}
END_TEST

/* ---- series ---- */

static bool shows(const char *text)
{
    struct kc_exposition *exposition = kc_exposition_new();
    struct kc_series_collection series = {0};
    kc_worker_expose(fake.worker, exposition, &series);
    kc_series_expose(&series, 100, exposition);
    char *page = kc_exposition_print(exposition, false);
    bool shown = strstr(page, text) != NULL;
    free(page);
    kc_exposition_destroy(exposition);
    return shown;
}

START_TEST(a_connector_measures_while_it_runs)
{
    static const char *const labels[] = {"part", NULL};
    static const struct kc_measure measures[] = {
        {KC_MEASURE_GAUGE, "held", "Parts held", NULL, 0, 0}};
    static const struct kc_series_group group = {"fake_connector", labels, measures, 1};
    const char *const values[] = {"wheel"};
    launch(KC_TARGET_STARTED, NULL);
    struct kc_series *held = kc_connector_series(fake_connector.context, &group, values);
    kc_series_set(held, 0, 4);
    ck_assert(shows("fake_connector_held{part=\"wheel\"} 4"));
    move_to(KC_TARGET_STOPPED);
    ck_assert(!shows("fake_connector_held"));
    kc_series_unref(held);
    shut();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connector_host");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, at_rest_it_has_no_thread);
    tcase_add_test(tests, starts_and_stops);
    tcase_add_test(tests, begins_paused_or_stopped_without_a_start);
    tcase_add_test(tests, a_failed_connector_can_only_be_stopped);
    tcase_add_test(tests, a_raised_error_fails_the_connector);
    tcase_add_test(tests, reconfiguration_reaches_the_herder);
    tcase_add_test(tests, a_stop_that_hangs_is_left_behind);
    tcase_add_test(tests, an_unknown_class_fails_the_connector);
    tcase_add_test(tests, task_configs_are_complete);
    tcase_add_test(tests, too_many_tasks_fail_the_connector);
    tcase_add_test(tests, a_started_connector_is_called);
    tcase_add_test(tests, a_connector_measures_while_it_runs);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
