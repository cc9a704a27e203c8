/* SPDX-License-Identifier: Apache-2.0 */
/* The standalone herder: every request, with Connect's texts. */
#include "fixture.h"

START_TEST(a_connector_lives)
{
    struct fixture f;
    bool created = false;
    json_t *json = NULL;
    standalone(&f);
    must(try_put(&f, "c", "2", NULL, false, &created));
    ck_assert(created);
    await(&f, "c", "RUNNING/RUNNING,RUNNING");
    must_fail(try_put(&f, "c", "2", NULL, false, &created), KC_ERR_CONFLICT,
              "Connector c already exists");
    must(try_put(&f, "c", "3", NULL, true, &created));
    ck_assert(!created);
    await(&f, "c", "RUNNING/RUNNING,RUNNING,RUNNING");

    must(kc_herder_tasks(f.herder, "c", PATIENCE_MS, &json));
    ck_assert_uint_eq(json_array_size(json), 3);
    json_t *config = json_object_get(json_array_get(json, 1), "config");
    ck_assert_str_eq(json_string_value(json_object_get(config, "number")), "1");
    ck_assert_str_eq(json_string_value(json_object_get(config, "task.class")),
                     "org.isthmus.test.ScriptedTask");
    json_decref(json);
    must(kc_herder_task_status(f.herder, "c", 0, &json));
    ck_assert_str_eq(json_string_value(json_object_get(json, "version")), "9.9");
    ck_assert_str_eq(json_string_value(json_object_get(json, "worker_id")), "w:1");
    json_decref(json);

    must(kc_herder_delete_connector(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "none");
    must_fail(kc_herder_delete_connector(f.herder, "c", PATIENCE_MS), KC_ERR_NOT_FOUND,
              "Connector c not found");
    fixture_end(&f);
}
END_TEST

START_TEST(patches_change_and_remove_keys)
{
    struct fixture f;
    json_t *info = NULL;
    struct kc_map *patch = kc_map_new();
    standalone(&f);
    put(&f, "c", "1");
    kc_map_set(patch, "tasks", "2");
    kc_map_set(patch, "tasks.max", NULL);
    must(kc_herder_patch_connector(f.herder, "c", patch, PATIENCE_MS, &info));
    json_t *config = json_object_get(info, "config");
    ck_assert_str_eq(json_string_value(json_object_get(config, "tasks")), "2");
    ck_assert_ptr_null(json_object_get(config, "tasks.max"));
    json_decref(info);
    must_fail(kc_herder_patch_connector(f.herder, "x", patch, PATIENCE_MS, &info), KC_ERR_NOT_FOUND,
              "Connector x not found");
    kc_map_destroy(patch);
    fixture_end(&f);
}
END_TEST

START_TEST(states_change_and_offsets_need_stopped)
{
    struct fixture f;
    char *message = NULL;
    json_t *offsets = NULL;
    standalone(&f);
    put(&f, "c", "1");
    await(&f, "c", "RUNNING/RUNNING");
    must(kc_herder_pause(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "PAUSED/PAUSED");
    must(kc_herder_resume(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "RUNNING/RUNNING");
    must_fail(kc_herder_alter_offsets(f.herder, "c", NULL, PATIENCE_MS, &message),
              KC_ERR_BAD_REQUEST,
              "Connectors must be in the STOPPED state before their offsets can be modified. This "
              "can be done for the specified connector by issuing a 'PUT' request to the "
              "'/connectors/c/stop' endpoint");
    must(kc_herder_stop_connector(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "STOPPED");
    must(kc_herder_alter_offsets(f.herder, "c", NULL, PATIENCE_MS, &message));
    ck_assert_str_eq(message, "The offsets for this connector have been reset successfully");
    free(message);
    must(kc_herder_offsets(f.herder, "c", PATIENCE_MS, &offsets));
    ck_assert_uint_eq(json_array_size(json_object_get(offsets, "offsets")), 0);
    json_decref(offsets);
    must(kc_herder_resume(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "RUNNING/RUNNING");
    must_fail(kc_herder_pause(f.herder, "x", PATIENCE_MS), KC_ERR_NOT_FOUND, "Unknown connector x");
    fixture_end(&f);
}
END_TEST

START_TEST(a_plugin_shows_its_own_keys_first)
{
    struct fixture f;
    json_t *keys = NULL;
    standalone(&f);
    must(kc_herder_plugin_config(f.herder, "ScriptedConnector", &keys));
    static const char *const names[] = {"tasks", "fail", "name", "connector.class",
                                        "connector.plugin.version"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(keys, i), "name")),
                         names[i]);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(keys, 4), "default_value")),
                     "9.9");
    json_decref(keys);
    fixture_end(&f);
}
END_TEST

START_TEST(restarts_bring_failed_ones_back)
{
    struct fixture f;
    json_t *plan = NULL;
    bool created = false;
    standalone(&f);
    must(try_put(&f, "c", "1", "task", true, &created));
    await(&f, "c", "RUNNING/FAILED");
    must(kc_herder_restart_plan(f.herder, "c", true, true, PATIENCE_MS, &plan));
    json_t *connector = json_object_get(plan, "connector");
    json_t *task = json_array_get(json_object_get(plan, "tasks"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(connector, "state")), "RUNNING");
    ck_assert_str_eq(json_string_value(json_object_get(task, "state")), "RESTARTING");
    json_decref(plan);
    await(&f, "c", "RUNNING/FAILED");
    put(&f, "c", "1");
    await(&f, "c", "RUNNING/RUNNING");
    must(kc_herder_restart_connector(f.herder, "c", PATIENCE_MS));
    must(kc_herder_restart_task(f.herder, "c", 0, PATIENCE_MS));
    await(&f, "c", "RUNNING/RUNNING");
    must_fail(kc_herder_restart_task(f.herder, "c", 5, PATIENCE_MS), KC_ERR_NOT_FOUND,
              "Task c-5 not found");
    fixture_end(&f);
}
END_TEST

START_TEST(bad_configurations_are_refused_before_anything_is_written)
{
    struct fixture f;
    json_t *info = NULL;
    bool created = false;
    standalone(&f);
    struct kc_map *config = scripted_config("many", NULL);
    must_fail(kc_herder_put_connector(f.herder, "c", config, KC_TARGET_NONE, true, PATIENCE_MS,
                                      &info, &created),
              KC_ERR_BAD_REQUEST,
              "Connector configuration is invalid and contains the following 1 error(s):\n"
              "Invalid value many for configuration tasks: Not a number of type INT\n"
              "You can also find the above list of errors at the endpoint "
              "`/connector-plugins/{connectorType}/config/validate`");
    kc_map_set(config, "name", "other");
    must_fail(kc_herder_put_connector(f.herder, "c", config, KC_TARGET_NONE, true, PATIENCE_MS,
                                      &info, &created),
              KC_ERR_BAD_REQUEST,
              "Connector name configuration (other) doesn't match connector name in the URL (c)");
    kc_map_destroy(config);
    must_fail(kc_herder_info(f.herder, "c", PATIENCE_MS, &info), KC_ERR_NOT_FOUND,
              "Connector c not found");
    struct kc_maps none = {0};
    must_fail(kc_herder_put_tasks(f.herder, "c", &none, NULL, PATIENCE_MS), KC_ERR_CONNECT,
              "Kafka Connect in standalone mode does not support externally setting task "
              "configurations.");
    fixture_end(&f);
}
END_TEST

START_TEST(a_failing_start_is_told_and_shown)
{
    struct fixture f;
    bool created = false;
    standalone(&f);
    struct kc_error *err = try_put(&f, "c", "1", "start", true, &created);
    ck_assert_str_eq(kc_error_text(err), "Failed to start connector: c");
    kc_error_destroy(err);
    await(&f, "c", "FAILED");
    /* A failed connector can be stopped and mended. */
    must(kc_herder_stop_connector(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "STOPPED");
    fixture_end(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("standalone_herder");
    TCase *tests = tcase_create("requests");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_connector_lives);
    tcase_add_test(tests, patches_change_and_remove_keys);
    tcase_add_test(tests, states_change_and_offsets_need_stopped);
    tcase_add_test(tests, a_plugin_shows_its_own_keys_first);
    tcase_add_test(tests, restarts_bring_failed_ones_back);
    tcase_add_test(tests, bad_configurations_are_refused_before_anything_is_written);
    tcase_add_test(tests, a_failing_start_is_told_and_shown);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
