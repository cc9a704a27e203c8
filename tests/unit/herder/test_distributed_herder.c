/* SPDX-License-Identifier: Apache-2.0 */
/* The distributed herder with a cluster of one: rebalances, requests, leadership, keys. */
#include "base/wrong_target.h"
#include "fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

static struct kc_config_store *store(struct fixture *fixture)
{
    return fixture->herder->config_store;
}

static void must_time_out(struct kc_error *err)
{
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "Request timed out. "));
    kc_error_destroy(err);
}

START_TEST(writes_wait_for_the_stores)
{
    struct fixture f;
    distributed_unstarted(&f);
    must_time_out(kc_herder_pause(f.herder, "x", 5));
    must_time_out(kc_herder_resume(f.herder, "x", 5));
    must_time_out(kc_herder_reset_topics(f.herder, "x", 5));
    must_time_out(kc_herder_set_cluster_log_level(f.herder, "a.b", "INFO", 5));
    must(kc_herder_start(f.herder));
    must(kc_herder_set_cluster_log_level(f.herder, "a.b", "INFO", PATIENCE_MS));
    must_fail(kc_herder_pause(f.herder, "x", PATIENCE_MS), KC_ERR_NOT_FOUND, "Unknown connector x");
    must(kc_herder_reset_topics(f.herder, "x", PATIENCE_MS));
    fixture_end(&f);
}
END_TEST

START_TEST(a_connector_lives)
{
    struct fixture f;
    bool created = false;
    distributed(&f);
    must(try_put(&f, "c", "2", NULL, false, &created));
    ck_assert(created);
    await(&f, "c", "RUNNING/RUNNING,RUNNING");
    must_fail(try_put(&f, "c", "2", NULL, false, &created), KC_ERR_CONFLICT,
              "Connector c already exists");
    put(&f, "c", "1");
    await(&f, "c", "RUNNING/RUNNING"); /* the leader has cleaned up task 1 */
    must(kc_herder_pause(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "PAUSED/PAUSED");
    must(kc_herder_resume(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "RUNNING/RUNNING");
    must(kc_herder_stop_connector(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "STOPPED");
    await_tasks(&f, "c", 0);
    must(kc_herder_resume(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "RUNNING/RUNNING");
    must(kc_herder_delete_connector(f.herder, "c", PATIENCE_MS));
    await(&f, "c", "none");
    fixture_end(&f);
}
END_TEST

START_TEST(a_new_configuration_writes_tasks_again)
{
    struct fixture f;
    distributed(&f);
    put(&f, "c", "1");
    await_tasks(&f, "c", 1);
    struct kc_cluster_state *before = kc_config_store_snapshot(store(&f));
    struct kc_map *patch = kc_map_new();
    json_t *info = NULL;
    kc_map_set(patch, "note", "tasks don't see this");
    must(kc_herder_patch_connector(f.herder, "c", patch, PATIENCE_MS, &info));
    json_decref(info);
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    for (bool applied = false; !applied;) {
        struct kc_cluster_state *now = kc_config_store_snapshot(store(&f));
        const struct kc_map *config = kc_cluster_state_applied_config(now, "c");
        applied = config && kc_map_get(config, "note") &&
                  kc_cluster_state_generation(now, "c") > kc_cluster_state_generation(before, "c");
        kc_cluster_state_unref(now);
        ck_assert(kc_mono_ms() < deadline);
        usleep(2000);
    }
    await(&f, "c", "RUNNING/RUNNING");
    kc_map_destroy(patch);
    kc_cluster_state_unref(before);
    fixture_end(&f);
}
END_TEST

/* On the tick thread: the topic says that the connector is gone, the herder hasn't looked. */
static void run_put_behind_deletion(struct kc_herder *base, struct kc_request *request, void *data)
{
    must(kc_config_store_remove_connector(base->config_store, "c"));
    base->ops->requests[KC_REQUEST_PUT](base, request, data);
}

START_TEST(a_connector_that_is_being_deleted_does_not_exist_already)
{
    struct fixture f;
    struct kc_request *request = NULL;
    distributed(&f);
    put(&f, "c", "1");
    await(&f, "c", "RUNNING/RUNNING");
    struct kc_herder_args *args = kc_herder_args_new("c");
    args->config = scripted_config("1", NULL);
    must_fail(kc_herder_call(f.herder, run_put_behind_deletion, args, PATIENCE_MS, &request),
              KC_ERR_STALE_CONFIG, "Connector c is being deleted");
    kc_request_unref(request);
    await(&f, "c", "none");
    fixture_end(&f);
}
END_TEST

START_TEST(another_leader_gets_the_writes)
{
    struct fixture f;
    bool created = false;
    char *message = NULL;
    single_leader = "other";
    single_leader_url = "http://other:8083/";
    distributed(&f);
    struct kc_error *err = try_put(&f, "c", "1", NULL, true, &created);
    ck_assert_str_eq(kc_error_url(err), "http://other:8083/");
    must_fail(err, KC_ERR_WRONG_TARGET, "Only the leader can set connector configs.");
    /* An invalid configuration is refused here, not forwarded. */
    err = try_put(&f, "c", "many", NULL, true, &created);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_BAD_REQUEST);
    kc_error_destroy(err);
    must_fail(kc_herder_delete_connector(f.herder, "c", PATIENCE_MS), KC_ERR_WRONG_TARGET,
              "Only the leader can delete connector configs.");
    must_fail(kc_herder_alter_offsets(f.herder, "c", NULL, PATIENCE_MS, &message),
              KC_ERR_WRONG_TARGET,
              "Only the leader can process external offsets modification requests");
    must_fail(kc_herder_stop_connector(f.herder, "c", PATIENCE_MS), KC_ERR_NOT_FOUND,
              "Unknown connector c");
    fixture_end(&f);
}
END_TEST

static atomic_bool asked;

/* A leader that waits for this worker in a rebalance, and answers once it has left. */
static void *busy_leader(void *arg)
{
    int fd = accept(*(int *)arg, NULL, NULL);
    atomic_store(&asked, true);
    while (!atomic_load(&single_left))
        usleep(1000);
    static const char answer[] = "HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n";
    send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

START_TEST(what_was_sent_to_the_leader_does_not_hold_up_leaving)
{
    struct fixture f;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    pthread_t leader;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    ck_assert_int_eq(pthread_create(&leader, NULL, busy_leader, &fd), 0);
    char *url = kc_asprintf("http://127.0.0.1:%d/", ntohs(address.sin_port));
    single_leader = "other";
    single_leader_url = url;
    distributed(&f);
    struct kc_map *config = scripted_config("1", NULL);
    kc_map_set(config, "name", "c");
    must(kc_config_store_put_connector(store(&f), "c", config, KC_TARGET_STARTED));
    while (!atomic_load(&asked))
        usleep(1000);
    fixture_end(&f);
    pthread_join(leader, NULL);
    close(fd);
    kc_map_destroy(config);
    free(url);
}
END_TEST

START_TEST(the_leader_distributes_a_session_key)
{
    struct fixture f;
    distributed(&f);
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    struct kc_session_key key = {0};
    while (!key.key && kc_mono_ms() < deadline) {
        kc_distributed_session_key(kc_distributed_of(f.herder), &key);
        usleep(2000);
    }
    ck_assert_ptr_nonnull(key.key);
    ck_assert_int_eq(kc_session_key_bytes(&key), 32);

    put(&f, "c", "1");
    await(&f, "c", "RUNNING/RUNNING");
    struct kc_maps configs = {0};
    struct kc_signature signature = {NULL, NULL, "[]", 2};
    must_fail(kc_herder_put_tasks(f.herder, "c", &configs, &signature, PATIENCE_MS),
              KC_ERR_BAD_REQUEST, "Internal request missing required signature");
    char *text = NULL;
    must(kc_session_key_sign(&key, "HmacSHA256", "[]", 2, &text));
    signature.authorization = text;
    signature.algorithm = "HmacSHA256";
    must_fail(kc_herder_put_tasks(f.herder, "x", &configs, &signature, PATIENCE_MS),
              KC_ERR_NOT_FOUND, "Connector x not found");
    must(kc_herder_fence(f.herder, "c", &signature, PATIENCE_MS));

    must(kc_herder_stop_connector(f.herder, "c", PATIENCE_MS));
    kc_maps_take(&configs, kc_map_new());
    must_fail(kc_herder_put_tasks(f.herder, "c", &configs, &signature, PATIENCE_MS),
              KC_ERR_BAD_REQUEST,
              "Cannot submit non-empty set of task configs for stopped connector c");
    kc_maps_destroy(&configs);
    kc_session_key_clear(&key);
    free(text);
    fixture_end(&f);
}
END_TEST

/* Until the tick that takes the staged restarts is over. */
static void await_restarts(struct fixture *fixture)
{
    struct kc_distributed *herder = kc_distributed_of(fixture->herder);
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    for (size_t left = 1; left;) {
        pthread_mutex_lock(&herder->base.lock);
        left = herder->staged.restart_count;
        pthread_mutex_unlock(&herder->base.lock);
        ck_assert(kc_mono_ms() < deadline);
        usleep(1000);
    }
    must(kc_herder_ping(fixture->herder, PATIENCE_MS));
}

START_TEST(restarts_have_javas_answers)
{
    struct fixture f;
    json_t *plan = NULL;
    bool created = false;
    distributed(&f);
    must_fail(kc_herder_restart_connector(f.herder, "c", PATIENCE_MS), KC_ERR_NOT_FOUND,
              "Unknown connector: c");
    must(try_put(&f, "c", "1", "task", true, &created));
    await(&f, "c", "RUNNING/FAILED");
    must_fail(kc_herder_restart_task(f.herder, "c", 3, PATIENCE_MS), KC_ERR_NOT_FOUND,
              "Unknown task: c-3");
    must(kc_herder_restart_plan(f.herder, "c", true, false, PATIENCE_MS, &plan));
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(plan, "connector"), "state")),
        "RESTARTING");
    json_decref(plan);
    /* The record comes back from the config topic. */
    kc_distributed_config_listener.restart_requested(f.herder, "c", true, false);
    await_restarts(&f);
    await(&f, "c", "RUNNING/FAILED");
    must(kc_herder_restart_connector(f.herder, "c", PATIENCE_MS));
    fixture_end(&f);
}
END_TEST

/* What a task asks before it is started anew and fences its successor, if there is one. */
START_TEST(a_task_is_ours_while_the_group_says_so)
{
    struct fixture f;
    distributed(&f);
    put(&f, "c", "1");
    await(&f, "c", "RUNNING/RUNNING");
    must(kc_distributed_confirm_task(f.herder, "c", 0, 0));
    struct kc_error *err = kc_distributed_confirm_task(f.herder, "c", 1, 0);
    ck_assert(kc_error_retriable(err));
    kc_error_destroy(err);
    single_confirms = false;
    err = kc_distributed_confirm_task(f.herder, "c", 0, 0);
    ck_assert(kc_error_retriable(err));
    ck_assert_str_eq(kc_error_text(err),
                     "The group doesn't confirm that source task c-0 is still this worker's");
    kc_error_destroy(err);
    single_confirms = true;
    fixture_end(&f);
}
END_TEST

START_TEST(a_config_mismatch_is_read_up_and_joined_again)
{
    struct fixture f;
    single_next_error = KC_ASSIGNMENT_CONFIG_MISMATCH;
    distributed(&f);
    put(&f, "c", "1");
    await(&f, "c", "RUNNING/RUNNING");
    ck_assert_int_gt(atomic_load(&f.herder->generation), 1);
    fixture_end(&f);
}
END_TEST

START_TEST(a_connector_of_unknown_class_fails_with_a_trace)
{
    struct fixture f;
    json_t *status = NULL;
    struct kc_map *config = kc_map_new();
    distributed(&f);
    kc_map_set(config, "connector.class", "com.example.NotHere");
    kc_map_set(config, "name", "c");
    must(kc_config_store_put_connector(store(&f), "c", config, KC_TARGET_NONE)); /* by Java */
    await(&f, "c", "FAILED");
    must(kc_herder_status(f.herder, "c", &status));
    const char *trace =
        json_string_value(json_object_get(json_object_get(status, "connector"), "trace"));
    ck_assert_ptr_nonnull(strstr(trace, "com.example.NotHere"));
    ck_assert_str_eq(json_string_value(json_object_get(status, "type")), "unknown");
    json_decref(status);
    kc_map_destroy(config);
    fixture_end(&f);
}
END_TEST

START_TEST(a_leaders_own_connectors_are_written)
{
    struct fixture f;
    struct kc_map *config = scripted_config("1", NULL);
    struct kc_herder_connector own = {"mine", config};
    fixture_make(&f, KC_WORKER_DISTRIBUTED);
    struct kc_herder_settings settings = settings_of(&f);
    settings.connectors = &own;
    settings.connector_count = 1;
    f.herder = kc_distributed_prepare(&settings);
    struct kc_herder_parts parts = {
        .config_store = kc_config_store_memory_new(&kc_distributed_config_listener, f.herder),
        .status_store = kc_status_store_memory_new(),
    };
    must(kc_offset_store_file_new(f.file, &parts.offsets));
    must(kc_distributed_equip(
        f.herder, membership_single_new("NOTUSED", &kc_distributed_membership_listener, f.herder),
        &parts));
    wait_ready(&f);
    await(&f, "mine", "RUNNING/RUNNING");
    kc_map_destroy(config);
    fixture_end(&f);
}
END_TEST

START_TEST(a_start_that_fails_ends_the_herder)
{
    struct fixture f;
    fixture_make(&f, KC_WORKER_DISTRIBUTED);
    stop_brokers(&f);
    struct kc_herder_settings settings = settings_of(&f);
    f.herder = kc_distributed_prepare(&settings);
    struct kc_herder_parts parts = {
        .config_store = kc_config_store_memory_new(&kc_distributed_config_listener, f.herder),
        .status_store = kc_status_store_memory_new(),
    };
    must(kc_offset_store_file_new(f.file, &parts.offsets));
    must(kc_distributed_equip(
        f.herder, membership_single_new("u", &kc_distributed_membership_listener, f.herder),
        &parts));
    must(kc_herder_start(f.herder));
    int64_t deadline = kc_mono_ms() + 10000;
    bool told = false; /* on a busy machine its thread takes a while to begin */
    while (!told && kc_mono_ms() < deadline) {
        struct kc_error *err = kc_herder_ping(f.herder, 50);
        ck_assert_int_eq(kc_error_code(err), KC_ERR_TIMEOUT);
        told = strstr(kc_error_text(err),
                      "Request timed out. The worker is currently initializing and "
                      "reading to the end of internal topics, which began at 2");
        kc_error_destroy(err);
    }
    ck_assert(told);
    kc_herder_stop(f.herder); /* is heard while it still tries */
    must(kc_herder_wait(f.herder));
    kc_herder_destroy(f.herder);
    kc_plugins_destroy(f.plugins);
    kc_worker_config_destroy(f.config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("distributed_herder");
    TCase *tests = tcase_create("requests");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, writes_wait_for_the_stores);
    tcase_add_test(tests, a_connector_lives);
    tcase_add_test(tests, a_new_configuration_writes_tasks_again);
    tcase_add_test(tests, a_connector_that_is_being_deleted_does_not_exist_already);
    tcase_add_test(tests, another_leader_gets_the_writes);
    tcase_add_test(tests, the_leader_distributes_a_session_key);
    tcase_add_test(tests, restarts_have_javas_answers);
    tcase_add_test(tests, a_task_is_ours_while_the_group_says_so);
    tcase_add_test(tests, a_config_mismatch_is_read_up_and_joined_again);
    tcase_add_test(tests, a_connector_of_unknown_class_fails_with_a_trace);
    tcase_add_test(tests, a_leaders_own_connectors_are_written);
    tcase_add_test(tests, a_start_that_fails_ends_the_herder);
    suite_add_tcase(suite, tests);
    TCase *stops = tcase_create("stops");
    tcase_set_timeout(stops, 45); /* less than a request to the leader may take */
    tcase_add_test(stops, what_was_sent_to_the_leader_does_not_hold_up_leaving);
    suite_add_tcase(suite, stops);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
