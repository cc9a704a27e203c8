/* SPDX-License-Identifier: Apache-2.0 */
/* The partitions of a raw lane, whatever a plugin calls their topics. No broker is needed. */
#include "source/one_raw_lane.h"

#include <stdlib.h>

static struct kc_source_task task;
static struct kc_raw_lane *lane;

static void setup(void)
{
    struct kc_map *producer = kc_map_new();
    kc_map_set(producer, "bootstrap.servers", "127.0.0.1:1");
    task = (struct kc_source_task){0};
    lane = one_raw_lane(&task, producer, NULL, NULL);
    kc_map_destroy(producer);
}

static void teardown(void)
{
    kc_lanes_close(&task.lanes, 0);
    kc_lanes_destroy(&task.lanes);
}

/* Names of the length that differ in their last character, in memory that ends with them. */
static void check_names(size_t len)
{
    char *name = malloc(len + 1);
    memset(name, 'x', len);
    name[len] = '\0';
    struct kc_source_partition *first = kc_raw_lane_queue(lane, name, 12);
    name[len - 1] = 'y';
    struct kc_source_partition *second = kc_raw_lane_queue(lane, name, 12);
    ck_assert_ptr_ne(second, first);
    ck_assert_ptr_ne(kc_raw_lane_queue(lane, name, 1), second);
    name[len - 1] = 'x';
    ck_assert_ptr_eq(kc_raw_lane_queue(lane, name, 12), first);
    free(name);
}

START_TEST(a_topics_name_may_have_any_length)
{
    for (size_t len = 290; len < 310; len++) /* about the room that most names fit in */
        check_names(len);
    check_names(1);
    check_names(100000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raw_lane");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_topics_name_may_have_any_length);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
