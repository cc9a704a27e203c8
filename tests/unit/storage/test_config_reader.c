/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of the config topic, record by record. */
#include "storage/config_reader_priv.h"
#include "storage/tsv.h"

static struct kc_str heard;

static void on_updated(void *opaque, const char *connector)
{
    kc_str_appendf(&heard, "updated %s;", connector);
}

static void on_removed(void *opaque, const char *connector)
{
    kc_str_appendf(&heard, "removed %s;", connector);
}

static void on_tasks(void *opaque, const char *connector)
{
    kc_str_appendf(&heard, "tasks %s;", connector);
}

static void on_target(void *opaque, const char *connector)
{
    kc_str_appendf(&heard, "target %s;", connector);
}

static void on_key(void *opaque)
{
    kc_str_append(&heard, "key;");
}

static void on_restart(void *opaque, const char *connector, bool tasks, bool failed)
{
    kc_str_appendf(&heard, "restart %s %d %d;", connector, tasks, failed);
}

static void on_logger(void *opaque, const char *name, const char *level)
{
    kc_str_appendf(&heard, "logger %s %s;", name, level);
}

static const struct kc_config_listener listener = {on_updated, on_removed, on_tasks, on_target,
                                                   on_key,     on_restart, on_logger};

static struct kc_config_reader *reader;
static int64_t next_offset;

static void set_up(void)
{
    next_offset = 0;
    reader = kc_config_reader_new(&listener, NULL);
    kc_config_reader_set_started(reader);
}

static void tear_down(void)
{
    kc_config_reader_destroy(reader);
    kc_str_destroy(&heard);
}

static void apply(const char *key, const char *value)
{
    kc_config_reader_apply(reader, next_offset++, key, strlen(key), value,
                           value ? strlen(value) : 0);
}

static void hears(const char *expected)
{
    ck_assert_str_eq(heard.data ? heard.data : "", expected);
    kc_str_clear(&heard);
}

#define STATE(check)                                                                               \
    do {                                                                                           \
        struct kc_cluster_state *state = kc_config_reader_snapshot(reader);                        \
        ck_assert(check);                                                                          \
        kc_cluster_state_unref(state);                                                             \
    } while (0)

START_TEST(test_nothing)
{
    STATE(kc_cluster_state_offset(state) == -1);
    STATE(kc_cluster_state_connectors(state)->count == 0);
    STATE(kc_cluster_state_target(state, "c") == KC_TARGET_NONE);
    STATE(kc_cluster_state_generation(state, "c") == -1);
}
END_TEST

START_TEST(test_tasks_wait_for_their_commit)
{
    apply("connector-c", "{\"properties\":{\"a\":\"1\"}}");
    hears("updated c;");
    apply("task-c-1", "{\"properties\":{\"t\":\"1\"}}");
    apply("task-c-0", "{\"properties\":{\"t\":\"0\"}}");
    hears("");
    STATE(kc_cluster_state_task_config(state, "c", 0) == NULL);
    STATE(kc_cluster_state_task_count(state, "c") == 0);
    apply("commit-c", "{\"tasks\":2}");
    hears("tasks c;");
    STATE(kc_cluster_state_task_count(state, "c") == 2);
    STATE(strcmp(kc_map_get(kc_cluster_state_task_config(state, "c", 1), "t"), "1") == 0);
    STATE(kc_cluster_state_generation(state, "c") == 0);
    STATE(kc_cluster_state_pending_fencing(state, "c"));
    STATE(kc_cluster_state_offset(state) == 4);
    STATE(kc_map_equal(kc_cluster_state_applied_config(state, "c"),
                       kc_cluster_state_config(state, "c")));
}
END_TEST

START_TEST(test_compacted_tasks_are_inconsistent)
{
    apply("connector-c", "{\"properties\":{}}");
    apply("task-c-1", "{\"properties\":{}}");
    apply("commit-c", "{\"tasks\":2}");
    STATE(kc_cluster_state_task_count(state, "c") == 0);
    STATE(kc_cluster_state_applied_config(state, "c") == NULL);
    STATE(kc_cluster_state_generation(state, "c") == -1);
    apply("task-c-0", "{\"properties\":{}}");
    apply("task-c-1", "{\"properties\":{}}");
    apply("task-c-7", "{\"properties\":{}}");
    apply("commit-c", "{\"tasks\":2}");
    STATE(kc_cluster_state_task_count(state, "c") == 2);
}
END_TEST

START_TEST(test_commit_of_a_deleted_connector)
{
    apply("task-c-0", "{\"properties\":{}}");
    apply("commit-c", "{\"tasks\":1}");
    hears("");
    STATE(kc_cluster_state_task_config(state, "c", 0) == NULL);
    STATE(!kc_cluster_state_pending_fencing(state, "c"));
    apply("connector-c", "{\"properties\":{}}");
    apply("commit-c", "{\"tasks\":1}");
    STATE(kc_cluster_state_task_count(state, "c") == 0);
}
END_TEST

/* The same configuration PUT twice, then compaction: the connector's record comes last. */
START_TEST(test_a_connector_behind_its_tasks)
{
    struct kc_config_reader *live = reader;
    reader = kc_config_reader_new(&listener, NULL);
    apply("task-c-0", "{\"properties\":{\"t\":\"0\"}}");
    apply("commit-c", "{\"tasks\":1}");
    STATE(!kc_cluster_state_has(state, "c"));
    STATE(kc_cluster_state_task_config(state, "c", 0) == NULL);
    apply("tasks-fencing-c", "{\"task-count\":1}");
    apply("connector-c", "{\"properties\":{\"a\":\"1\"}}");
    kc_config_reader_set_started(reader);
    STATE(kc_cluster_state_task_count(state, "c") == 1);
    STATE(strcmp(kc_map_get(kc_cluster_state_task_config(state, "c", 0), "t"), "0") == 0);
    STATE(kc_cluster_state_applied_config(state, "c") == NULL); /* they are written anew */
    STATE(!kc_cluster_state_pending_fencing(state, "c"));
    kc_config_reader_destroy(reader);
    reader = live;
}
END_TEST

START_TEST(test_tasks_of_a_connector_that_was_deleted_are_not_adopted)
{
    struct kc_config_reader *live = reader;
    reader = kc_config_reader_new(&listener, NULL);
    apply("task-c-0", "{\"properties\":{}}");
    apply("commit-c", "{\"tasks\":1}");
    apply("connector-c", NULL);
    apply("connector-c", "{\"properties\":{}}");
    STATE(kc_cluster_state_task_count(state, "c") == 0);
    kc_config_reader_destroy(reader);
    reader = live;
}
END_TEST

/* A topic whose compaction has taken the tombstone of a connector that was deleted and made again.
 */
static const struct {
    const char *what;
    const char *records[4][2]; /* between the commit of the old tasks and the end */
    int tasks;
} made_again[] = {
    {"nothing tells them apart",
     {{"connector-c", "{\"properties\":{\"connector.class\":\"Mirror\"}}"}},
     2},
    {"the target state's tombstone is still there",
     {{"target-state-c", NULL},
      {"connector-c", "{\"properties\":{\"connector.class\":\"Mirror\"}}"}},
     0},
    {"it was made again, stopped",
     {{"target-state-c", "{\"state\":\"PAUSED\",\"state.v2\":\"STOPPED\"}"},
      {"connector-c", "{\"properties\":{\"connector.class\":\"Mirror\"}}"}},
     0},
    {"it is of another class",
     {{"connector-c", "{\"properties\":{\"connector.class\":\"File\"}}"}},
     0},
    {"its own tasks come behind it",
     {{"connector-c", "{\"properties\":{\"connector.class\":\"Mirror\"}}"},
      {"task-c-0", "{\"properties\":{\"t\":\"new\"}}"},
      {"commit-c", "{\"tasks\":1}"}},
     1},
};

START_TEST(test_a_name_that_is_used_again)
{
    struct kc_config_reader *live = reader;
    reader = kc_config_reader_new(&listener, NULL);
    for (int task = 0; task < 2; task++)
        apply(task ? "task-c-1" : "task-c-0",
              "{\"properties\":{\"t\":\"old\",\"connector.class\":\"Mirror\"}}");
    apply("commit-c", "{\"tasks\":2}");
    for (int i = 0; i < 4 && made_again[_i].records[i][0]; i++)
        apply(made_again[_i].records[i][0], made_again[_i].records[i][1]);
    kc_config_reader_set_started(reader);
    struct kc_cluster_state *state = kc_config_reader_snapshot(reader);
    ck_assert_msg(kc_cluster_state_task_count(state, "c") == made_again[_i].tasks, "%s",
                  made_again[_i].what);
    if (made_again[_i].tasks == 1)
        ck_assert_str_eq(kc_map_get(kc_cluster_state_task_config(state, "c", 0), "t"), "new");
    kc_cluster_state_unref(state);
    kc_config_reader_destroy(reader);
    reader = live;
}
END_TEST

START_TEST(test_removal_keeps_fencing_and_target)
{
    apply("connector-c", "{\"properties\":{}}");
    apply("task-c-0", "{\"properties\":{}}");
    apply("commit-c", "{\"tasks\":1}");
    apply("tasks-fencing-c", "{\"task-count\":1}");
    STATE(!kc_cluster_state_pending_fencing(state, "c"));
    apply("target-state-c", "{\"state\":\"PAUSED\",\"state.v2\":\"STOPPED\"}");
    kc_str_clear(&heard);
    apply("connector-c", NULL);
    hears("removed c;");
    STATE(!kc_cluster_state_has(state, "c"));
    STATE(kc_cluster_state_task_count_record(state, "c") == 1);
    STATE(kc_cluster_state_target(state, "c") == KC_TARGET_STOPPED);
    STATE(kc_cluster_state_generation(state, "c") == 0);
    apply("target-state-c", NULL);
    hears("");
    STATE(kc_cluster_state_target(state, "c") == KC_TARGET_NONE);
}
END_TEST

START_TEST(test_target_states)
{
    apply("target-state-c", "{\"state\":\"PAUSED\"}");
    hears("");
    apply("connector-c", "{\"properties\":{}}");
    STATE(kc_cluster_state_target(state, "c") == KC_TARGET_PAUSED);
    hears("updated c;");
    apply("target-state-c", "{\"state\":\"PAUSED\",\"state.v2\":\"PAUSED\"}");
    hears("");
    apply("target-state-c", "{\"state\":\"STARTED\",\"state.v2\":\"NAPPING\"}");
    hears("");
    STATE(kc_cluster_state_target(state, "c") == KC_TARGET_PAUSED);
    apply("target-state-c", "null");
    STATE(kc_cluster_state_target(state, "c") == KC_TARGET_STARTED);
}
END_TEST

START_TEST(test_before_start_only_keys_are_told)
{
    kc_config_reader_destroy(reader);
    reader = kc_config_reader_new(&listener, NULL);
    apply("session-key",
          "{\"key\":\"YWJj\",\"algorithm\":\"HmacSHA256\",\"creation-timestamp\":7}");
    apply("connector-c", "{\"properties\":{}}");
    apply("restart-connector-c", "{\"include-tasks\":true,\"only-failed\":false}");
    apply("logger-cluster-a.b", "{\"level\":\"DEBUG\"}");
    hears("key;");
    STATE(kc_cluster_state_session_key(state)->created_ms == 7);
    kc_config_reader_set_started(reader);
    apply("restart-connector-c", "{\"include-tasks\":true,\"only-failed\":1}");
    apply("logger-cluster-a.b", "{\"level\":\"DEBUG\"}");
    hears("restart c 1 0;logger a.b DEBUG;");
}
END_TEST

START_TEST(test_damaged_records_are_skipped)
{
    static const char *const values[] = {"{",
                                         "[]",
                                         "5",
                                         "\"x\"",
                                         "{\"properties\":[]}",
                                         "{\"tasks\":\"1\"}",
                                         "{\"tasks\":-1}",
                                         "{\"task-count\":1.5}",
                                         "nul"};
    static const char *const names[] = {"connector-c", "task-c-0",      "commit-c",
                                        "session-key", "nonsense",      "tasks-fencing-c",
                                        "task-c",      "target-state-c"};
    apply("connector-c", "{\"properties\":{\"a\":\"1\"}}");
    kc_str_clear(&heard);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        for (size_t j = 0; j < sizeof(values) / sizeof(*values); j++)
            apply(names[i], values[j]);
    }
    hears("");
    STATE(strcmp(kc_map_get(kc_cluster_state_config(state, "c"), "a"), "1") == 0);
    STATE(kc_cluster_state_session_key(state) == NULL);
    STATE(kc_cluster_state_task_count(state, "c") == 0);
}
END_TEST

START_TEST(test_pictures_do_not_change)
{
    apply("connector-c", "{\"properties\":{\"a\":\"1\"}}");
    struct kc_cluster_state *before = kc_config_reader_snapshot(reader);
    apply("connector-c", "{\"properties\":{\"a\":\"2\"}}");
    ck_assert_str_eq(kc_map_get(kc_cluster_state_config(before, "c"), "a"), "1");
    STATE(strcmp(kc_map_get(kc_cluster_state_config(state, "c"), "a"), "2") == 0);
    kc_cluster_state_unref(before);
}
END_TEST

/* As a Java worker left it: one connector with a task, one created stopped and deleted. */
START_TEST(test_java_topic)
{
    struct tsv_record records[32];
    size_t count = tsv_load("tests/unit/data/storage/configs.tsv", records, 32);
    for (size_t i = 0; i < count; i++)
        apply(records[i].key, records[i].value);
    STATE(kc_cluster_state_connectors(state)->count == 1);
    STATE(kc_cluster_state_task_count(state, "fs-a-1") == 1);
    STATE(kc_cluster_state_target(state, "fs-a-1") == KC_TARGET_STARTED);
    STATE(kc_cluster_state_offset(state) == 12);
    STATE(!kc_cluster_state_has(state, "gone"));
    tsv_free(records, count);
}
END_TEST

/* The memory store writes the same records; what it says is what a Java standalone worker's says.
 */
START_TEST(test_memory_store)
{
    struct kc_config_store *store = kc_config_store_memory_new(&listener, NULL);
    struct kc_map *config = kc_map_new();
    struct kc_maps tasks = {0};
    kc_map_set(config, "name", "c");
    kc_maps_take(&tasks, kc_map_copy(config));
    ck_assert_ptr_null(kc_config_store_start(store, NULL));
    ck_assert_ptr_null(kc_config_store_put_connector(store, "c", config, KC_TARGET_PAUSED));
    ck_assert_ptr_null(kc_config_store_put_tasks(store, "c", &tasks));
    ck_assert_ptr_null(kc_config_store_put_target_state(store, "c", KC_TARGET_STARTED));
    hears("updated c;tasks c;target c;");
    struct kc_cluster_state *state = kc_config_store_snapshot(store);
    ck_assert_int_eq(kc_cluster_state_offset(state), -1);
    ck_assert_int_eq(kc_cluster_state_task_count(state, "c"), 1);
    kc_cluster_state_unref(state);
    ck_assert_ptr_null(kc_config_store_remove_connector(store, "c"));
    hears("removed c;");
    kc_config_store_destroy(store);
    kc_maps_destroy(&tasks);
    kc_map_destroy(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_reader");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test_nothing);
    tcase_add_test(tcase, test_tasks_wait_for_their_commit);
    tcase_add_test(tcase, test_compacted_tasks_are_inconsistent);
    tcase_add_test(tcase, test_commit_of_a_deleted_connector);
    tcase_add_test(tcase, test_a_connector_behind_its_tasks);
    tcase_add_test(tcase, test_tasks_of_a_connector_that_was_deleted_are_not_adopted);
    tcase_add_loop_test(tcase, test_a_name_that_is_used_again, 0,
                        sizeof(made_again) / sizeof(made_again[0]));
    tcase_add_test(tcase, test_removal_keeps_fencing_and_target);
    tcase_add_test(tcase, test_target_states);
    tcase_add_test(tcase, test_before_start_only_keys_are_told);
    tcase_add_test(tcase, test_damaged_records_are_skipped);
    tcase_add_test(tcase, test_pictures_do_not_change);
    tcase_add_test(tcase, test_java_topic);
    tcase_add_test(tcase, test_memory_store);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
