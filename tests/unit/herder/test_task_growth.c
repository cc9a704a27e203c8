/* SPDX-License-Identifier: Apache-2.0 */
/* Which new task configs need no rebalance: those by which nothing changes hands. */
#include "herder/distributed_priv.h"
#include "storage/cluster_state_priv.h"

#include <check.h>
#include <stdlib.h>

/* A picture of connector c: "partitions of task 0|of task 1|...". */
static struct kc_cluster_state *picture(const char *tasks, const char *note, const char *converter)
{
    struct connector_state *state = kc_calloc(1, sizeof(*state));
    struct kc_map *applied = kc_map_new();
    kc_map_set(applied, "value.converter", converter);
    *state = (struct connector_state){.name = kc_strdup("c"),
                                      .config = kc_shared_config_take(kc_map_copy(applied)),
                                      .applied = kc_shared_config_take(applied),
                                      .task_count_record = -1,
                                      .generation = 1};
    while (*tasks) {
        size_t len = strcspn(tasks, "|");
        struct kc_map *config = kc_map_new();
        char *assigned = kc_strndup(tasks, len);
        kc_map_set(config, "task.assigned.partitions", assigned);
        kc_map_set(config, "note", note);
        kc_map_setf(config, "task.index", "%d", state->task_count);
        kc_task_configs_set(&state->tasks, state->task_count++, kc_shared_config_take(config));
        free(assigned);
        tasks += len;
        tasks += *tasks == '|';
    }
    return kc_cluster_state_new(1, NULL, state, 1);
}

struct change {
    const char *before;
    const char *now;
    bool grows;
};

START_TEST(only_what_changes_hands_matters)
{
    static const struct change changes[] = {
        {"a-0,a-1|b-0", "a-0,a-1,c-0|b-0", true},
        {"a-0|b-0", "a-0|b-0", true},
        {"a-0,a-1|b-0", "a-1|b-0", true}, /* gone */
        {"a-0,a-1|b-0", "a-1,b-0|a-0", false},
        {"a-0|b-0", "b-0|a-0", false},
        {"a-0|b-0", "a-0,b-0|c-0", false},
        {"a-0|b-0", "a-0|b-0|c-0", false}, /* one more task */
        {"a-0|b-0", "a-0,b-0", false},
        {"a-0|a-0", "a-0|a-0", false}, /* nobody knows whose it is */
        {"", "", false},
        {"", "a-0", false},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct kc_cluster_state *before = picture(changes[i].before, "x", "bytes");
        struct kc_cluster_state *now = picture(changes[i].now, "x", "bytes");
        ck_assert_msg(kc_task_configs_grow(before, now, "c") == changes[i].grows, "%s to %s",
                      changes[i].before, changes[i].now);
        ck_assert(!kc_task_configs_grow(before, now, "other"));
        kc_cluster_state_unref(before);
        kc_cluster_state_unref(now);
    }
}
END_TEST

START_TEST(other_settings_need_a_rebalance)
{
    struct kc_cluster_state *before = picture("a-0|b-0", "x", "bytes");
    struct kc_cluster_state *noted = picture("a-0,c-0|b-0", "y", "bytes");
    struct kc_cluster_state *null = picture("a-0,c-0|b-0", NULL, "bytes");
    struct kc_cluster_state *converted = picture("a-0,c-0|b-0", "x", "string");
    ck_assert(!kc_task_configs_grow(before, noted, "c"));
    ck_assert(!kc_task_configs_grow(before, null, "c"));
    ck_assert(!kc_task_configs_grow(before, converted, "c"));
    kc_cluster_state_unref(before);
    kc_cluster_state_unref(noted);
    kc_cluster_state_unref(null);
    kc_cluster_state_unref(converted);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("task_growth");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, only_what_changes_hands_matters);
    tcase_add_test(tests, other_settings_need_a_rebalance);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
