/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and values of the config topic: what Java wrote, read and written again, is the same bytes.
 */
#include "storage/config_codec_priv.h"
#include "storage/tsv.h"

static void fine(struct kc_error *err)
{
    ck_assert_msg(err == NULL, "%s", err ? kc_error_text(err) : "");
}

static char *rewrite(enum kc_config_record kind, const char *value)
{
    size_t len = strlen(value);
    struct kc_map *properties = NULL;
    struct kc_session_key key = {0};
    enum kc_target_state state = KC_TARGET_NONE;
    bool tasks = false, failed = false;
    char *level = NULL, *out = NULL;
    int count = 0;
    switch (kind) {
    case KC_RECORD_CONNECTOR:
    case KC_RECORD_TASK:
        fine(kc_config_read_properties(value, len, &properties));
        out = kc_config_write_properties(properties);
        kc_map_destroy(properties);
        return out;
    case KC_RECORD_COMMIT:
        fine(kc_config_read_commit(value, len, &count));
        return kc_config_write_commit(count);
    case KC_RECORD_TARGET_STATE:
        fine(kc_config_read_target_state(value, len, &state));
        return kc_config_write_target_state(state);
    case KC_RECORD_SESSION_KEY:
        fine(kc_config_read_session_key(value, len, &key));
        out = kc_config_write_session_key(&key);
        kc_session_key_clear(&key);
        return out;
    case KC_RECORD_RESTART:
        fine(kc_config_read_restart(value, len, &tasks, &failed));
        return kc_config_write_restart(tasks, failed);
    case KC_RECORD_LOGGER:
        fine(kc_config_read_logger(value, len, &level));
        out = kc_config_write_logger(level);
        free(level);
        return out;
    default:
        fine(kc_config_read_task_count(value, len, &count));
        return kc_config_write_task_count(count);
    }
}

START_TEST(test_java_bytes)
{
    struct tsv_record records[32];
    size_t count = tsv_load("tests/unit/data/storage/configs.tsv", records, 32);
    for (size_t i = 0; i < count; i++) {
        char *name = NULL;
        int task = 0;
        enum kc_config_record kind =
            kc_config_record_parse_key(records[i].key, strlen(records[i].key), &name, &task);
        ck_assert_int_ne(kind, KC_RECORD_UNKNOWN);
        char *key = kc_config_record_key(kind, name, task);
        ck_assert_str_eq(key, records[i].key);
        if (records[i].value) {
            char *value = rewrite(kind, records[i].value);
            ck_assert_str_eq(value, records[i].value);
            free(value);
        }
        free(key);
        free(name);
    }
    tsv_free(records, count);
}
END_TEST

static const struct {
    const char *key;
    enum kc_config_record kind;
    const char *name;
    int task;
} keys[] = {
    {"connector-a-b", KC_RECORD_CONNECTOR, "a-b", 0},
    {"task-a-b-12", KC_RECORD_TASK, "a-b", 12},
    {"task-a--1", KC_RECORD_TASK, "a-", 1},
    {"task-a", KC_RECORD_UNKNOWN, NULL, 0},
    {"task-a-x", KC_RECORD_UNKNOWN, NULL, 0},
    {"task-a-99999999999", KC_RECORD_UNKNOWN, NULL, 0},
    {"tasks-fencing-ms", KC_RECORD_TASK_COUNT, "ms", 0},
    {"session-key", KC_RECORD_SESSION_KEY, NULL, 0},
    {"session-key2", KC_RECORD_UNKNOWN, NULL, 0},
    {"restart-connector-x", KC_RECORD_RESTART, "x", 0},
    {"logger-cluster-a.b", KC_RECORD_LOGGER, "a.b", 0},
    {"", KC_RECORD_UNKNOWN, NULL, 0},
};

START_TEST(test_keys)
{
    char *name = NULL;
    int task = 0;
    enum kc_config_record kind =
        kc_config_record_parse_key(keys[_i].key, strlen(keys[_i].key), &name, &task);
    ck_assert_int_eq(kind, keys[_i].kind);
    ck_assert_pstr_eq(name, keys[_i].name);
    ck_assert_int_eq(task, keys[_i].task);
    free(name);
}
END_TEST

START_TEST(test_stopped_is_paused_for_old_workers)
{
    char *value = kc_config_write_target_state(KC_TARGET_STOPPED);
    ck_assert_str_eq(value, "{\"state\":\"PAUSED\",\"state.v2\":\"STOPPED\"}");
    free(value);
}
END_TEST

static const struct {
    const char *value;
    enum kc_target_state state; /* NONE: refused */
} states[] = {
    {"{\"state\":\"PAUSED\"}", KC_TARGET_PAUSED},
    {"{\"state\":\"PAUSED\",\"state.v2\":\"STOPPED\"}", KC_TARGET_STOPPED},
    {"{\"state\":\"STARTED\",\"state.v2\":5}", KC_TARGET_STARTED},
    {"{\"state\":\"SLEEPING\"}", KC_TARGET_NONE},
    {"{\"state\":\"NONE\"}", KC_TARGET_NONE},
    {"{}", KC_TARGET_NONE},
    {"[]", KC_TARGET_NONE},
    {"{", KC_TARGET_NONE},
};

START_TEST(test_target_states)
{
    enum kc_target_state state = KC_TARGET_NONE;
    struct kc_error *err =
        kc_config_read_target_state(states[_i].value, strlen(states[_i].value), &state);
    ck_assert_int_eq(state, states[_i].state);
    ck_assert_int_eq(err == NULL, states[_i].state != KC_TARGET_NONE);
    kc_error_destroy(err);
}
END_TEST

START_TEST(test_null_property)
{
    struct kc_map *properties = NULL;
    const char *value = "{\"properties\":{\"a\":null,\"b\":\"\"}}";
    fine(kc_config_read_properties(value, strlen(value), &properties));
    ck_assert(kc_map_has(properties, "a"));
    ck_assert_ptr_null(kc_map_get(properties, "a"));
    char *again = kc_config_write_properties(properties);
    ck_assert_str_eq(again, value);
    free(again);
    kc_map_destroy(properties);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_codec");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, test_java_bytes);
    tcase_add_loop_test(tcase, test_keys, 0, sizeof(keys) / sizeof(*keys));
    tcase_add_test(tcase, test_stopped_is_paused_for_old_workers);
    tcase_add_loop_test(tcase, test_target_states, 0, sizeof(states) / sizeof(*states));
    tcase_add_test(tcase, test_null_property);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
