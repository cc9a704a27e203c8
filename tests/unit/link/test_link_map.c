/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps of offsets: random sources, of which some offsets hold no record, noted in random portions,
 * are compared with a plain table; a successor notes some of them once more.
 */
#include "link/link_map_priv.h"

#include <check.h>
#include <stdlib.h>

enum { ROUNDS = 200, OFFSETS = 2000 };

static bool visible[OFFSETS];

static int below(int limit)
{
    return rand() % limit;
}

static void make_source(void)
{
    int gone_of_ten = below(10);
    for (int at = 0; at < OFFSETS; at++)
        visible[at] = below(10) >= gone_of_ten;
}

/* Notes the source's records from `at` on, which come behind `target` others. Returns how many. */
static int64_t note(struct link_map *map, int64_t at, int64_t target, int64_t until)
{
    while (at < until) {
        int64_t count = 0, most = 1 + below(20);
        while (at < until && !visible[at])
            at++;
        while (at + count < until && visible[at + count] && count < most)
            count++;
        if (count == 0)
            break;
        link_map_note(map, at, target, count);
        target += count;
        at += count;
    }
    return target;
}

static void assert_exact(const struct link_map *map, int64_t until)
{
    int64_t target = 0;
    for (int64_t at = 0; at < until; at++) {
        ck_assert_int_eq(link_map_target(map, at), target);
        if (!visible[at])
            continue;
        /* Where the log ends before this record, the source goes on there or earlier, with nothing
         * to be seen between. */
        int64_t from = link_map_source(map, target);
        ck_assert_int_le(from, at);
        for (int64_t between = from; between < at; between++)
            ck_assert(!visible[between]);
        target++;
    }
}

START_TEST(every_offset_is_exact)
{
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        struct link_map map = {0};
        make_source();
        visible[0] = visible[OFFSETS - 1] = true;
        note(&map, 0, 0, OFFSETS);
        assert_exact(&map, OFFSETS);
        link_map_clear(&map);
    }
}
END_TEST

/* What was planned and never sent is planned again, by a successor that sees fewer records. */
START_TEST(a_plan_gives_way)
{
    srand(2);
    for (int round = 0; round < ROUNDS; round++) {
        struct link_map map = {0};
        make_source();
        visible[0] = visible[OFFSETS - 1] = true;
        note(&map, 0, 0, OFFSETS);
        int sent = below(OFFSETS);
        int64_t end = 0;
        for (int at = 0; at < sent; at++)
            end += visible[at];
        int64_t from = link_map_source(&map, end);
        for (int at = sent; at < OFFSETS - 1; at++)
            visible[at] = visible[at] && below(4);
        note(&map, from, end, OFFSETS);
        assert_exact(&map, OFFSETS);
        link_map_clear(&map);
    }
}
END_TEST

START_TEST(a_change_is_told)
{
    struct link_map map = {0};
    ck_assert_uint_eq(link_map_note(&map, 100, 0, 10), 0);
    ck_assert_uint_eq(link_map_note(&map, 110, 10, 10), map.count); /* goes on: no news */
    ck_assert_uint_eq(link_map_note(&map, 125, 20, 1), 1);
    ck_assert_uint_eq(link_map_pass(&map, 126, 21), map.count);
    ck_assert_uint_eq(link_map_pass(&map, 130, 21), 2);
    ck_assert_uint_eq(link_map_note(&map, 140, 21, 5), 2); /* in place of it */
    ck_assert_uint_eq(map.count, 3);
    ck_assert_int_eq(link_map_target(&map, 0), 0);
    ck_assert_int_eq(link_map_target(&map, 122), 20);
    ck_assert_int_eq(link_map_target(&map, 135), 21);
    ck_assert_int_eq(link_map_source(&map, 21), 140);
    ck_assert_uint_eq(link_map_note(&map, 126, 21, 5), 2);
    link_map_clear(&map);
    ck_assert_int_eq(link_map_target(&map, 5), -1);
    ck_assert_int_eq(link_map_source(&map, 5), -1);
}
END_TEST

START_TEST(chunks_make_the_map_again)
{
    struct link_map map = {0}, again = {0};
    srand(3);
    make_source();
    note(&map, 0, 0, OFFSETS);
    for (size_t at = 0; at < map.count; at += 10) {
        struct link_map part = {0};
        json_t *json = link_map_json(&map, at, 10);
        ck_assert(link_map_parse(json, &part));
        ck_assert(link_map_overlay(&again, part.pieces, part.count));
        link_map_clear(&part);
        json_decref(json);
    }
    ck_assert_uint_eq(again.count, map.count);
    for (size_t i = 0; i < map.count; i++) {
        ck_assert_int_eq(again.pieces[i].source, map.pieces[i].source);
        ck_assert_int_eq(again.pieces[i].target, map.pieces[i].target);
    }
    /* A later writer's pieces replace those that begin at or behind its first. */
    const struct link_map_piece later = {map.pieces[5].source + 1, map.pieces[5].target};
    ck_assert(link_map_overlay(&again, &later, 1));
    ck_assert_uint_eq(again.count, 6);
    ck_assert_int_eq(again.pieces[5].source, map.pieces[5].source + 1);
    link_map_clear(&map);
    link_map_clear(&again);
}
END_TEST

START_TEST(bad_pieces_are_refused)
{
    static const char *const bad[] = {"{}",
                                      "[1]",
                                      "[1,2,0,1]",
                                      "[1,2,1,0]",
                                      "[-1,0]",
                                      "[1,\"2\"]",
                                      "[9223372036854775807,1,1,1]"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct link_map map = {0};
        json_t *json = json_loads(bad[i], 0, NULL);
        ck_assert_msg(!link_map_parse(json, &map), "%s", bad[i]);
        link_map_clear(&map);
        json_decref(json);
    }
    struct link_map map = {0};
    const struct link_map_piece pieces[] = {{1, 1}, {1, 2}};
    ck_assert(!link_map_overlay(&map, pieces, 2));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_map");
    TCase *tests = tcase_create("maps");
    tcase_add_test(tests, every_offset_is_exact);
    tcase_add_test(tests, a_plan_gives_way);
    tcase_add_test(tests, a_change_is_told);
    tcase_add_test(tests, chunks_make_the_map_again);
    tcase_add_test(tests, bad_pieces_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
